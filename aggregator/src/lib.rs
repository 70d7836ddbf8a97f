//! The province's aggregator: takes in the communes' figures, keeps them, and answers province staff.
//!
//! | module | noun |
//! | --- | --- |
//! | [`cli`], [`config`], [`folder`] | commands, settings, the data folder |
//! | [`clock`], [`exercise`] | real time and the province's time |
//! | [`authority`], [`authorities`], [`keyring`] | issuing certificates; the authorities on the disk; the keys of a running `serve` |
//! | [`token`], [`enrol`], [`challenge`], [`access`] | invitations, joining and renewing, who may call what |
//! | [`invitation`], [`intake`], [`decision`] | what commands and pages share: inviting, taking in a catalogue, the bounds of decisions |
//! | [`adoption`] | certificates that a restored store does not know of |
//! | [`ingest`] | the communes' change logs on their way into the store |
//! | [`store`] | everything that is kept, behind a port |
//! | [`receipts`], [`evidence`] | the key that signs receipts; the communes' files |
//! | [`parked`] | changes kept raw until the program knows their kind |
//! | [`evidence_shelf`], [`objects`] | the communes' files, for those who read them; in an object store |
//! | [`bundle`], [`bundle_key`] | sessions that came as a file, and the key that opens them |
//! | [`backup`] | a copy of all of it, and the way back |
//! | [`moving`] | a province on its way from a file to a database |
//! | [`province`], [`notice`] | what a running `serve` knows, and how it learns of other processes' writes |
//! | [`feed`] | what the province decided on its way to the communes |
//! | [`standing`], [`report`] | the figures held ready, and what staff ask of them |
//! | [`alerts`] | red and yellow lights, and since when |
//! | [`reminding`] | which communes still miss figures, told to the staff |
//! | [`reviewing`] | a reviewer's verdict, and what it needs |
//! | [`closing`] | what closing a period freezes, and the figures of a closed period |
//! | [`site`], [`api`] | the pages for browsers; the API for programs |
//! | [`open_data`] | closed periods as data packages for everybody |
//! | [`publishing`], [`nation`] | a closed period signed for the nation; the nation, where provinces come together |
//! | `staff` | the query service behind the check of who calls |
//! | [`monitoring`] | probes and metrics of a running `serve` |
//! | [`apart`] | the runtime on which the staff is answered |
//! | [`serve`] | all of it behind one TLS port |
//!
//! A number's way: `serve` accepts the connection, `ingest::session` carries its frames, `ingest::machine` decides,
//! `ingest::check` applies the entry rules, `ingest::writer` commits many communes' batches at once through `store`.

pub mod access;
pub mod adoption;
pub mod alerts;
pub mod apart;
pub mod api;
pub mod authorities;
pub mod authority;
pub mod backup;
pub mod bundle;
pub mod bundle_key;
pub mod challenge;
pub mod cli;
pub mod clock;
pub mod closing;
pub mod config;
pub mod decision;
pub mod enrol;
pub mod evidence;
pub mod evidence_shelf;
pub mod exercise;
pub mod feed;
pub mod folder;
pub mod ingest;
pub mod intake;
pub mod invitation;
pub mod keyring;
#[cfg(test)]
mod loopback;
#[cfg(test)]
mod loopback_identity;
pub mod monitoring;
pub mod moving;
pub mod nation;
pub mod notice;
pub mod objects;
pub mod open_data;
pub mod parked;
pub mod province;
pub mod publishing;
pub mod receipts;
pub mod reminding;
pub mod report;
pub mod reviewing;
#[cfg(test)]
pub(crate) mod sample;
pub mod serve;
pub mod site;
mod staff;
pub mod standing;
pub mod store;
pub mod token;
