//! The service in the list of the service manager. Needs a prompt with the administrator's rights.

use std::{ffi::OsString, path::PathBuf};
use windows_service::{
    Result,
    service::{ServiceAccess, ServiceErrorControl, ServiceInfo, ServiceStartType, ServiceState, ServiceType},
    service_manager::{ServiceManager, ServiceManagerAccess},
};

/// Has no more rights than it needs, and a network.
const ACCOUNT: &str = r"NT AUTHORITY\LocalService";

/// What the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs, or is about to.
    Runs,
    /// It does not.
    Stopped,
}

/// Puts it into the list, started with the computer from now on, and starts it. `arguments`: what the program is started with.
///
/// # Errors
/// The system's.
pub fn install(name: &str, title: &str, program: PathBuf, arguments: Vec<OsString>) -> Result<()> {
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
    let service = manager.create_service(&info, ServiceAccess::START | ServiceAccess::CHANGE_CONFIG)?;
    service.set_description(title)?;
    service.start::<OsString>(&[])
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
