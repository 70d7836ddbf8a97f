//! Reminders (nhắc việc) that a program has composed, delivered by the ways an office has connected.
//!
//! | module | noun |
//! | --- | --- |
//! | [`reminder`] | what is delivered, and its bounds |
//! | [`occasion`] | when there is something to remind of |
//! | [`wording`] | what it says |
//! | [`plan`] | the settings of both programs: when, and by which ways |
//! | [`settings`] | the ways an office has connected: tables `file`, `webhook`, `mail` |
//! | [`notifier`] | all connected ways, checked before anything is sent |
//! | `folder` | a text file for each reminder |
//! | `webhook` | JSON by HTTP POST |
//! | `mail` | e-mail by SMTP; `letter` is what it carries |
//! | `route` | a connection, within bounds, to a host that may be spoken to |
//! | `trust` | which servers are believed |
//! | `secret` | passwords and tokens, from files that only their owner can read |
//! | [`setup_error`], [`delivery_error`] | why not, in words, and what to do |
//!
//! It repeats nothing and has no clock: what was delivered is noted by the caller.

pub mod delivery_error;
pub mod notifier;
pub mod occasion;
pub mod plan;
pub mod reminder;
pub mod settings;
pub mod setup_error;
pub mod wording;

mod folder;
mod letter;
mod mail;
mod route;
mod secret;
mod trust;
mod webhook;

pub use delivery_error::{DeliveryError, Fault};
pub use notifier::{Channel, Notifier};
pub use reminder::Reminder;
pub use settings::{FileSettings, MailSettings, Security, Settings, WebhookSettings};
pub use setup_error::SetupError;
