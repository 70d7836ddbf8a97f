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
//! | [`draft`] | what is typed and not reported yet |
//! | [`ledger`], [`month`] | the own figures as the scoring rules look at them; the period that is worked on |
//! | [`store`] | the SQLite file; all SQL |
//! | [`outbox`], [`uplink`] | what is to be sent, and the session that sends it |
//! | [`bundle`] | a session as a file, where there is no line |
//! | [`backup`] | a copy of all of it, and the way back |
//! | [`schedule`], [`retry`], [`service`], [`nap`], [`bell`] | when the next session is due; the background service, how it sleeps and is called |
//! | [`page`] | the commune's page in a browser |
//! | [`report`], [`reminding`] | the monthly report as a document; reminders of what is due |
//! | [`status`], [`refusal`], [`receipts`], [`words`] | what is told to people |
//!
//! It never talks to another commune, and never computes a rank: the province's word is shown as it came.

pub mod backup;
pub mod bell;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod config;
pub mod draft;
pub mod entry;
pub mod evidence;
#[cfg(test)]
pub(crate) mod fixture;
pub mod folder;
pub mod import;
pub mod ledger;
pub mod lock;
pub mod month;
pub mod nap;
pub mod outbox;
pub mod page;
pub mod receipts;
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
pub mod words;
