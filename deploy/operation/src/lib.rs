//! What both programs tell an administrator, told the same way.
//!
//! | module | noun |
//! | --- | --- |
//! | [`log`] | the lines on standard error, as text or JSON |
//! | [`settings`] | where a setting comes from, and every fault of a settings file with its line |
//! | [`finding`] | what `doctor` found, in words and as JSON |
//! | [`examination`] | what is examined the same way at both ends: disk, clock, certificates |
//! | [`reloading`] | settings read anew while a service runs |
//! | [`open_files`] | how many files a process may have open |
//! | [`manager`] | the service manager is told: ready, alive, ending |
//!
//! It opens no store, speaks to no network, and has no clock.

pub mod examination;
pub mod finding;
pub mod log;
pub mod manager;
pub mod open_files;
pub mod reloading;
pub mod settings;

pub use finding::{Finding, Findings, State};
pub use log::Log;
