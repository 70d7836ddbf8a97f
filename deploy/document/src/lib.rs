//! Official reports as DOCX, in the form of Decree 30/2020/NĐ-CP (Appendix I), and the charts in them.
//!
//! | module | noun |
//! | --- | --- |
//! | [`report`] | a report as plain data: head, subject, parts, recipients, signature |
//! | [`office`] | which office issues it, as a setting |
//! | [`listing`] | lists as tables |
//! | [`bounds`] | what a report may hold at most |
//! | [`chart`] | bars, lights and trends as SVG and PNG |
//! | [`error`] | why a report or a chart is refused |
//! | [`text`] | text that XML can carry, and numbers as Vietnamese write them |

pub mod bounds;
pub mod chart;
pub mod error;
pub mod listing;
pub mod office;
pub mod report;
pub mod text;
mod writing;

pub use error::Error;
pub use report::{Column, Head, Numbering, Part, Picture, Report, Side, Signature, Table};
