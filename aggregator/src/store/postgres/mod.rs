//! The store on PostgreSQL: a pool of connections, one thread that writes.
//!
//! Several processes may write the same database. Records of one commune are written by one transaction at a time, and so are
//! decisions; each takes rows of the table `turn` first, in order, so that nobody waits in a circle. Behind these rows a transaction
//! sees what a single writer would see, so `READ COMMITTED` is enough; a closing, which reads everything, is `REPEATABLE READ` besides.
//! A transaction that got in another's way is begun anew; so is one whose connection was lost before its commit was sent. Where the
//! commit was sent and not answered, nobody knows: that is an error, and the one who asked reads again what is there.

mod address;
mod bulk;
#[cfg(test)]
pub(crate) mod cluster;
mod connection;
mod copying;
mod schema;
mod session;
#[cfg(test)]
mod tests;
mod value;

pub use address::{Address, AddressError};
pub(crate) use bulk::{
    AlertRow, FigureRow, HeadRow, JournalRow, Page, clear_alerts, heads, lives, newest_versions, raise_alerts,
};
pub use connection::PostgresStore;
pub use copying::Rows;
pub(crate) use session::{Prepared, Session, is_gone};
pub(crate) use value::cell_of;
