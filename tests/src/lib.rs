//! A harness for tests with real processes: a province's aggregator and communes' agents in folders of their own, on
//! ports of their own. Everything ends with the value that started it.
//!
//! | module | noun |
//! | --- | --- |
//! | [`program`] | the two programs, run and watched |
//! | [`province`] | an aggregator with its folder |
//! | [`probe`] | a question over plain HTTP |
//! | [`commune`] | an agent with its folder |
//! | [`database`] | a PostgreSQL server that can be taken away and given back |
//! | [`proxy`] | a loopback proxy that does something to the line at a byte |
//! | [`commit_line`] | the line to the database, cut at a commit |
//! | [`space`] | a disk small enough to be full |
//! | [`chaos`], [`sweep`] | rounds of faults on all of it; sessions cut at every byte |
//! | [`inquest`] | both ends' stores held against each other |
//! | [`document`] | files that can be evidence |
//! | [`template`] | a commune's workbook, filled in |
//! | [`waiting`] | waiting for a condition, with a bound |

// A harness has nobody to hand an error to: a test that cannot be set up fails where it stands.
#![allow(clippy::expect_used)]

pub mod chaos;
pub mod commit_line;
pub mod commune;
pub mod database;
pub mod document;
pub mod inquest;
pub mod probe;
pub mod program;
pub mod province;
pub mod proxy;
pub mod space;
pub mod sweep;
pub mod template;
pub mod waiting;
