//! Folders of backups, written and read the same way by both programs.
//!
//! | module | noun |
//! | --- | --- |
//! | [`place`] | the folder of a backup: taken, filled, finished; and read back whole |
//! | [`rotation`] | several backups beside each other, the oldest taken away |
//! | [`owner`] | whose backup it is |
//! | [`copying`] | files copied durably, and known by their hash |
//! | [`aside`] | a store that is kept under another name |
//! | [`fault`] | why there is no backup, in words |
//!
//! It knows files and hashes. It opens no store, speaks to nobody, and has no clock.

pub mod aside;
pub mod copying;
pub mod fault;
pub mod owner;
pub mod place;
pub mod rotation;

pub use fault::PlaceError;
pub use owner::Owner;
pub use place::{Place, Whole};
pub use rotation::Rotation;
