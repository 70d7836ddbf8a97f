//! The nation: many provinces' closed periods, each signed by its province, in one folder; communes ranked across provinces by the rules
//! that rank them within one.
//!
//! | file | noun |
//! | --- | --- |
//! | `place` | the folder: what lies where, and how it is written |
//! | `register` | which provinces take part, and by which authorities they are known |
//! | `acceptance` | one more publication, or why not; and all of them proved again |
//! | `merging` | the figures of all provinces in a period as the inputs of one computation |
//! | `lists` | what people and programs read |
//! | `failure` | what goes wrong, in words |
//!
//! Provinces stay sovereign: nothing is asked of them but what they closed and signed, nothing is decided for them here, and one that is
//! away holds up nobody else. The folder holds the files as they came; everything else is computed from them.

mod acceptance;
mod failure;
mod lists;
mod merging;
mod place;
mod register;
#[cfg(test)]
mod tests;

pub use acceptance::{Flawed, accept, verify};
pub use failure::NationError;
pub use lists::{export, indicator, provinces, publications, rankings};
pub use place::{Nation, NationPlace};
pub use register::{Member, enrol};
