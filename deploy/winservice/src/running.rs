//! What the service manager starts: it hears that the service runs, says when it is to end, and hears that it has.

use std::{
    ffi::OsString,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};
use windows_service::{
    Result, define_windows_service,
    service::{ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType},
    service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle},
    service_dispatcher,
};

/// How long the service manager waits for the end of a session.
const ENDING: Duration = Duration::from_secs(30);

/// Says when the service is to end.
pub type Stop = mpsc::Receiver<()>;
/// What the service does until then; its exit code.
pub type Work = Box<dyn FnOnce(Stop) -> u32 + Send>;

/// Name and work of the service, handed to the thread that the service manager begins.
static HANDED: Mutex<Option<(String, Work)>> = Mutex::new(None);

define_windows_service!(entered, begun);

/// Does the work as a service; returns when it is done.
///
/// # Errors
/// The system's: also when it was not the service manager that started this program.
pub fn run(name: &str, work: Work) -> Result<()> {
    *HANDED.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.to_owned(), work));
    service_dispatcher::start(name, entered)
}

fn begun(_: Vec<OsString>) {
    let handed = HANDED.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((name, work)) = handed {
        // Nobody is there to be told: the service manager sees that the service did not report itself.
        let _ = serve(&name, work);
    }
}

fn serve(name: &str, work: Work) -> Result<()> {
    let (asked, stop) = mpsc::channel();
    let (telling, told) = mpsc::channel::<ServiceStatusHandle>();
    let told = Mutex::new(told);
    let handler = move |control| match control {
        ServiceControl::Stop | ServiceControl::Shutdown => {
            let handle = told.lock().unwrap_or_else(PoisonError::into_inner).try_recv();
            if let Ok(handle) = handle {
                // It is only waited for less patiently when it is not heard.
                let _ = handle.set_service_status(status(ServiceState::StopPending, 0));
            }
            // Fails only when the work is done already.
            let _ = asked.send(());
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    };
    let handle = service_control_handler::register(name, handler)?;
    // The handler holds the other end.
    let _ = telling.send(handle);
    handle.set_service_status(status(ServiceState::Running, 0))?;
    let code = work(stop);
    handle.set_service_status(status(ServiceState::Stopped, code))
}

fn status(current_state: ServiceState, code: u32) -> ServiceStatus {
    ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state,
        controls_accepted: match current_state {
            ServiceState::Running => ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN,
            _ => ServiceControlAccept::empty(),
        },
        exit_code: if code == 0 { ServiceExitCode::NO_ERROR } else { ServiceExitCode::ServiceSpecific(code) },
        checkpoint: 0,
        wait_hint: if current_state == ServiceState::StopPending { ENDING } else { Duration::ZERO },
        process_id: None,
    }
}
