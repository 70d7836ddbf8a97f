//! commune-agent: one commune's store of figures and its synchronisation with the province.
//!
//! One number's way: [`entry`] (or [`import`]) -> [`store`] (record and change in one transaction) -> [`outbox`] ->
//! [`uplink`] -> the province.
//!
//! | module | noun |
//! | --- | --- |
//! | [`cli`] | the commands |
//! | [`config`], [`folder`], [`lock`], [`clock`] | settings, paths, locks between processes, the time |
//! | [`entry`], [`import`], [`template`], [`evidence`], [`settle`] | what a person enters, checked; the workbook to fill in |
//! | [`ledger`] | the own figures as the scoring rules look at them |
//! | [`store`] | the SQLite file; all SQL |
//! | [`outbox`], [`uplink`] | what is to be sent, and the session that sends it |
//! | [`bundle`] | a session as a file, where there is no line |
//! | [`backup`] | a copy of all of it, and the way back |
//! | [`schedule`], [`retry`], [`service`] | when the next session is due; the background service |
//! | [`report`], [`reminding`] | the monthly report as a document; reminders of what is due |
//! | [`status`], [`refusal`] | what is told to people |
//!
//! It never talks to another commune, and never computes a rank: the province's word is shown as it came.

pub mod backup;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod config;
pub mod entry;
pub mod evidence;
#[cfg(test)]
mod fixture;
pub mod folder;
pub mod import;
pub mod ledger;
pub mod lock;
pub mod outbox;
pub mod refusal;
pub mod reminding;
pub mod report;
pub mod retry;
pub mod schedule;
pub mod service;
pub mod settle;
pub mod status;
pub mod store;
pub mod template;
pub mod uplink;
