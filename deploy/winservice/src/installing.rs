//! The service in the list of the service manager. Needs a prompt with the administrator's rights.

use std::{ffi::OsString, path::PathBuf, thread::sleep, time::Duration};
use windows_service::{
    Result,
    service::{Service, ServiceAccess, ServiceErrorControl, ServiceInfo, ServiceStartType, ServiceState, ServiceType},
    service_manager::{ServiceManager, ServiceManagerAccess},
};

/// Has no more rights than it needs, and a network.
pub const ACCOUNT: &str = r"NT AUTHORITY\LocalService";
/// Between two looks at a service that is starting.
const PAUSE: Duration = Duration::from_millis(250);
/// Most looks: ten seconds. A service that cannot use its folder has ended by then.
const MOST_LOOKS: u32 = 40;

/// What the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs, or is about to.
    Runs,
    /// It does not.
    Stopped,
}

/// Puts it into the list, started with the computer from now on, starts it and looks whether it stays; what it does then. One that does
/// not is taken out of the list again. `arguments`: what the program is started with.
///
/// # Errors
/// The system's; it is not in the list then, unless it was before.
pub fn install(name: &str, title: &str, program: PathBuf, arguments: Vec<OsString>) -> Result<State> {
    let manager = manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE)?;
    let info = ServiceInfo {
        name: name.into(),
        display_name: title.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program,
        launch_arguments: arguments,
        dependencies: Vec::new(),
        account_name: Some(ACCOUNT.into()),
        account_password: None,
    };
    let access =
        ServiceAccess::START | ServiceAccess::CHANGE_CONFIG | ServiceAccess::QUERY_STATUS | ServiceAccess::DELETE;
    let service = manager.create_service(&info, access)?;
    let started = service.set_description(title).and_then(|()| service.start::<OsString>(&[]));
    let begun = started.and_then(|()| watched(&service));
    if !matches!(begun, Ok(State::Runs)) {
        service.delete()?;
    }
    begun
}

/// Whether it comes up and is still there at the last look.
#[expect(clippy::disallowed_methods, reason = "the service manager has to be asked again and again")]
fn watched(service: &Service) -> Result<State> {
    for _ in 0..MOST_LOOKS {
        sleep(PAUSE);
        if service.query_status()?.current_state == ServiceState::Stopped {
            return Ok(State::Stopped);
        }
    }
    Ok(match service.query_status()?.current_state {
        ServiceState::Running => State::Runs,
        _ => State::Stopped,
    })
}

/// Asks it to end and takes it out of the list.
///
/// # Errors
/// The system's; also that there is none.
pub fn uninstall(name: &str) -> Result<()> {
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::DELETE;
    let service = manager(ServiceManagerAccess::CONNECT)?.open_service(name, access)?;
    if service.query_status()?.current_state != ServiceState::Stopped {
        service.stop()?;
    }
    // It goes when it has ended.
    service.delete()
}

/// What it does.
///
/// # Errors
/// The system's; also that there is none.
pub fn state(name: &str) -> Result<State> {
    let service = manager(ServiceManagerAccess::CONNECT)?.open_service(name, ServiceAccess::QUERY_STATUS)?;
    Ok(match service.query_status()?.current_state {
        ServiceState::Running | ServiceState::StartPending | ServiceState::ContinuePending => State::Runs,
        _ => State::Stopped,
    })
}

fn manager(access: ServiceManagerAccess) -> Result<ServiceManager> {
    ServiceManager::local_computer(None::<&str>, access)
}
