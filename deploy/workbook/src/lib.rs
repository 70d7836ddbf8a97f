//! Spreadsheets (XLSX) as both programs read and write them.
//!
//! | module | noun |
//! | --- | --- |
//! | [`reading`] | a workbook from outside as cells, within bounds, believing nothing |
//! | [`place`] | cells as people name them: `F12` |
//! | [`tables`] | the tables of a catalogue, out and in |
//! | [`listing`] | a list as a workbook with real numbers, streamed |

pub mod listing;
pub mod place;
pub mod reading;
pub mod tables;

pub use rust_xlsxwriter as writing;
