//! Reminders (nhắc việc) that a program has composed, delivered by the ways an office has connected.
//!
//! | module | noun |
//! | --- | --- |
//! | [`reminder`] | what is delivered, and its bounds |
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
//! It composes nothing, repeats nothing and has no clock: when and how often is the caller's affair.

pub mod delivery_error;
pub mod notifier;
pub mod reminder;
pub mod settings;
pub mod setup_error;

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
