//! A harness for tests with real processes: a province's aggregator and communes' agents in folders of their own, on
//! ports that the system chooses. Everything ends with the value that started it.
//!
//! | module | noun |
//! | --- | --- |
//! | [`program`] | the two programs, run and watched |
//! | [`province`] | an aggregator with its folder |
//! | [`commune`] | an agent with its folder |
//! | [`document`] | files that can be evidence |
//! | [`proxy`] | a loopback proxy that stops forwarding at a byte |

// A harness has nobody to hand an error to: a test that cannot be set up fails where it stands.
#![allow(clippy::expect_used)]

pub mod commune;
pub mod document;
pub mod program;
pub mod province;
pub mod proxy;
