//! The store on SQLite: one thread that writes, a few that read.
//!
//! WAL and `synchronous = FULL`: when a write returns, it is on the disk. Every write begins with `BEGIN IMMEDIATE`.
//! Commands of other processes may read and write the same file at the same time.

pub mod backup;
mod connection;
mod readers;
mod schema;
pub mod source;
#[cfg(test)]
mod tests;

pub use connection::SqliteStore;
#[cfg(test)]
pub(crate) use schema::earlier_version;
