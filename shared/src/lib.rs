//! The domain, pure: no network, no files, no SQL, no clock. Time and randomness are arguments.
//!
//! | module | noun |
//! | --- | --- |
//! | [`amount`], [`fraction`] | exact decimals and rationals |
//! | [`period`], [`calendar`] | reporting periods, cycles, due days |
//! | [`catalogue`] | indicators, targets, tasks, units, communes; reading, checking and comparing catalogue files |
//! | [`observation`] | a figure and the rules it must keep |
//! | [`change`] | the entries of an agent's log and their chain |
//! | [`feed`] | what the province decides and sends down |
//! | [`digest`] | order-free hashes over records |
//! | [`evidence_kind`] | which kind of file a piece of evidence is, by its content |
//! | [`achievement`] | how far a value is towards its target |
//! | [`evaluation`], [`light`] | states and what counts; lights and why |
//! | [`book`], `reported`, [`effective`] | all reported figures in memory, commune by commune, and which of them counts |
//! | [`task`] | the tasks of a plan: progress, disbursement, lights |
//! | [`units`] | ấp, offices and organisations below a commune |
//! | [`due`] | what is expected of a commune in a period, and how it came |
//! | [`review`] | why a reported result is returned |
//! | [`plausibility`] | what a person should look at again in a figure; nothing is refused for it |
//! | [`ranking`] | composite scores, schemes, ranks, movement |
//! | [`standings`] | rankings kept ready and brought up to date change by change |
//! | [`snapshot`] | what closing a period freezes, and its digest |
//! | [`province`] | the province's own figure for an indicator |
//! | [`tables`] | the columns of the exports, written and read back |
//! | [`vietnamese`] | alphabetical order, search without diacritics, numbers for people |
//! | [`text`] | a text that many rows share |
//! | [`manifest`] | the list of what lies in a backup |
//! | [`listing`] | a list as a table for people, as CSV and as JSON |
//! | [`language`], [`system_words`] | Vietnamese first, English by setting; what the system refuses |

pub mod achievement;
pub mod amount;
pub mod book;
pub mod calendar;
pub mod catalogue;
pub mod change;
pub mod digest;
pub mod due;
pub mod effective;
pub mod evaluation;
pub mod evidence_kind;
pub mod feed;
pub mod fraction;
pub mod language;
pub mod light;
pub mod listing;
pub mod manifest;
pub mod observation;
pub mod period;
pub mod plausibility;
pub mod province;
pub mod ranking;
mod reported;
pub mod review;
pub mod snapshot;
pub mod standings;
pub mod system_words;
pub mod tables;
pub mod task;
pub mod text;
pub mod units;
pub mod vietnamese;
