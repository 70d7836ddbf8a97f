//! The agent as a service of Windows. On other systems there is nothing in it.
//!
//! **Never run on Windows**: it was only type-checked for it (`cargo check -p winservice --target x86_64-pc-windows-gnu`).
//!
//! | module | noun |
//! | --- | --- |
//! | `installing` | the service in the list of the service manager: put in, taken out, looked at |
//! | `running` | what the service manager starts, told when it is to end |

#[cfg(windows)]
#[forbid(unsafe_code)]
mod installing;
#[cfg(windows)]
mod running;

#[cfg(windows)]
pub use installing::{ACCOUNT, State, install, state, uninstall};
#[cfg(windows)]
pub use running::{Stop, Work, run};
#[cfg(windows)]
pub use windows_service::Error;
