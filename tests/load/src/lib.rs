//! Many communes' agents in one process, and the limits that they are measured against.
//!
//! | module | of |
//! | --- | --- |
//! | [`catalogue`] | the real indicators, with as many communes as wanted |
//! | [`province`] | a founded province with as many communes as wanted, and a certificate for each |
//! | [`log`] | what an agent has to send |
//! | [`agent`] | one agent's session, as the real one's: real identity, TLS and protocol |
//! | [`database`] | a PostgreSQL instead of the file, and what it can do at most |
//! | [`night`] | all agents at once, and staff who ask meanwhile |
//! | [`server`] | the aggregator in a process of its own, and what it takes |
//! | [`limit`] | what this machine can do at most: raw rows, raw handshakes |
//! | [`measure`] | percentiles and bytes |
//!
//! Everything here is made up, and nothing is kept.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod agent;
pub mod catalogue;
pub mod database;
pub mod limit;
pub mod log;
pub mod measure;
pub mod night;
pub mod province;
pub mod server;
