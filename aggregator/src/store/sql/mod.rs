//! What the store does, and the only SQL of the aggregator: written once, over whatever [`Engine`] there is.
//!
//! Texts keep to what SQLite and PostgreSQL both understand; where they differ, [`engine`](super::engine) hides it.

mod account;
mod adopt;
mod alert;
mod append;
mod apply;
mod attachments;
mod audit;
mod carry;
mod catalogue_held;
mod closing;
mod columns;
mod conflict;
mod contact;
mod decide;
mod decided;
mod digests;
mod files;
mod held;
mod identity;
mod journal;
mod level;
mod lineage;
mod names;
mod parked;
mod port;
mod read;
mod records;
mod remake;
mod reminder;
mod reported;
mod transaction;
mod verdict;
mod verify;
mod versions;

pub(crate) use catalogue_held::CatalogueHeld;
pub(crate) use names::Names;
#[cfg(test)]
pub(super) use names::find as find_name;
pub(crate) use transaction::{Engine, Memory, Scope};

pub(super) use audit::chain_all as chain_audit;
pub(super) use carry::enrolments;
pub(super) use decide::found;
pub(super) use digests::rebuild as rebuild_digests;
pub(super) use read::founding;
