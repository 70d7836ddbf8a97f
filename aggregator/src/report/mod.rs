//! What province staff ask and what they are answered: rankings, explanations, league tables, communes and the exports.
//!
//! | file | noun |
//! | --- | --- |
//! | `question` | what can be asked, read from the command line or the wire |
//! | `figures` | everything an answer is made from, loaded from the store |
//! | `answer`, `explanation`, `due`, `alert`, `review`, `what_if`, `task`, `unit`, `check`, `quality`, `schemes` | the answers for people |
//! | `heat` | achievement of every commune for every indicator |
//! | `monthly` | the report of a period as an official document |
//! | `asking` | from a question to its answer in a running province |
//! | `held` | the figures loaded once for several questions |
//! | `closed` | answers about a closed period |
//! | `closings` | the closings as a list, and what stands in the way of another one |
//! | `export` | the tables of the scoring rules |
//! | `recompute` | the same from exported files alone |
//! | `service`, `remote` | the gRPC query service and its client |
//! | `command`, `cli` | the commands as typed; asking and printing |
//!
//! Every answer is a [`shared::listing::Listing`], so that a command prints the same whether it reads the local folder or asks a server.

pub mod alert;
pub mod answer;
pub mod asking;
mod check;
pub mod cli;
pub mod closed;
pub mod closings;
mod command;
mod detail;
mod due;
mod explanation;
pub mod export;
pub mod figures;
pub mod heat;
pub mod held;
mod history;
pub mod monthly;
mod quality;
pub mod question;
pub mod recompute;
pub mod remote;
mod review;
mod schemes;
pub mod service;
pub mod task;
mod unit;
mod what_if;
