//! What goes wrong, in words for the one who typed the command. Logs have the English errors.

mod words;

pub(in crate::cli) use words::{folder, store};

use crate::{
    authorities::{KeysError, handing::HandingError},
    authority::AuthorityError,
    backup::BackupError,
    bundle::TakeError,
    config::ConfigError,
    evidence::EvidenceError,
    evidence_shelf::ShelfError,
    exercise::ExerciseError,
    folder::FolderError,
    moving::MoveError,
    nation::NationError,
    objects::ObjectsError,
    publishing::PublishError,
    receipts::ReceiptsError,
    report::{asking::AskingError, cli::ReportError, figures::FiguresError, question::AskError},
    serve::ServeError,
    store::{StoreError, postgres::AddressError},
};
use chrono::NaiveDate;
use notification::{DeliveryError, SetupError};
use proto::{identity::IdentityError, pem::PemError};
use shared::{
    catalogue::{read::Fault, standard::AdoptError},
    period::Period,
};
use std::{io, path::PathBuf};
use thiserror::Error;
use workbook::reading::ReadFault;

/// Why a command was not done.
#[derive(Debug, Error)]
pub enum Failure {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An examination found faults, and told them.
    #[error("{0} faults")]
    Faults(usize),
    /// The settings.
    #[error("aggregator.toml: {0}")]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address of a database.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The keys were not handed over.
    #[error(transparent)]
    Handing(#[from] HandingError),
    /// A new data folder needs to know the database.
    #[error("{0} is no data folder yet: name the province's database with --store")]
    StoreNeeded(PathBuf),
    /// The province was not moved.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// It is in a database already.
    #[error("the settings name a database already")]
    MovedBefore,
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The key that signs receipts.
    #[error(transparent)]
    Receipts(#[from] ReceiptsError),
    /// Key and certificate files.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The authorities.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Agents that would not trust the next authority's server yet.
    #[error("these communes have not reported that they trust the next authority: {}", .0.join(", "))]
    NotReported(Vec<String>),
    /// Nobody has a certificate under this name.
    #[error("{0} has no certificate")]
    NoCertificate(String),
    /// The name cannot stand in a certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The clock of an exercise.
    #[error(transparent)]
    Exercise(#[from] ExerciseError),
    /// A command that asks.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A provincial standard cannot be adopted.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    /// A backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A file of evidence.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// A period is not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The nation.
    #[error(transparent)]
    Nation(#[from] NationError),
    /// The object store of evidence.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// A commune's bundle is not taken.
    #[error(transparent)]
    Bundle(#[from] TakeError),
    /// A bundle was taken in part: what was confirmed stays, and the answer says so.
    #[error("the bundle was taken only in part: {0}")]
    BundleCutShort(String),
    /// No file of evidence was asked for that there is.
    #[error("there is no such evidence")]
    NoEvidence,
    /// A catalogue with faults.
    #[error("the catalogue has {} faults", .0.len())]
    Catalogue(Vec<Fault>),
    /// A catalogue of another province.
    #[error("the catalogue is of the province {found:?}, this folder is of {own:?}")]
    OtherProvince {
        /// Of the catalogue.
        found: String,
        /// Of the folder.
        own: String,
    },
    /// A catalogue of another plan year, while there are figures of this one.
    #[error("the catalogue is for {found}, the figures here are of {own}: found a folder of its own for the new year")]
    OtherYear {
        /// Of the catalogue.
        found: i32,
        /// Of the folder.
        own: i32,
    },
    /// The period is closed.
    #[error("period {0} is closed: reopen it first")]
    PeriodClosed(Period),
    /// The period is not closed.
    #[error("period {0} is not closed")]
    NotClosed(Period),
    /// A workbook for the screen.
    #[error("a workbook goes into a file: … --format xlsx > list.xlsx")]
    Terminal,
    /// A figure is returned without saying why.
    #[error("say why it is returned: --return WORDS or --reason CODE")]
    NoReason,
    /// A workbook cannot be read.
    #[error("{}: {source}", path.display())]
    Workbook {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ReadFault,
    },
    /// The ways of reminders are not set up as they should be.
    #[error("reminders: {0}")]
    Reminders(#[from] SetupError),
    /// A reminder could not be delivered.
    #[error("reminders: {0}")]
    Delivery(#[from] DeliveryError),
    /// No way for reminders is connected.
    #[error(
        "no way for reminders is connected: add [reminders.file], [reminders.webhook] or [reminders.mail] to aggregator.toml"
    )]
    NoWay,
    /// The figures cannot be put together.
    #[error(transparent)]
    Figures(#[from] FiguresError),
    /// Nothing was reported for the period.
    #[error("nothing is reported for {0} yet")]
    NothingReported(Period),
    /// The report does not fit into a document.
    #[error("the report cannot be written: {0}")]
    Document(#[from] document::Error),
    /// The first day is after the last.
    #[error("--from {from} is after --until {until}")]
    DaysReversed {
        /// The first day asked for.
        from: chrono::NaiveDate,
        /// The last day asked for.
        until: chrono::NaiveDate,
    },
    /// The period lies in the future.
    #[error("period {0} has not begun")]
    NotBegun(Period),
    /// Somebody may still report in time.
    #[error("{commune} may report for {period} until the end of {day}: wait, or close with --early")]
    BeforeCutoff {
        /// The period.
        period: Period,
        /// The last cut-off day.
        day: NaiveDate,
        /// A commune that has it.
        commune: String,
    },
    /// Snapshots that do not agree with their digests or with what they compute to.
    #[error("{0} closings do not agree with what was closed: compare with a backup")]
    Snapshots(usize),
    /// A commune without a plan is given another day.
    #[error("{0} has no plan: nothing is expected of it")]
    NoPlan(String),
    /// A cut-off day before the usual one.
    #[error("the usual day is {usual}: an exception gives more time, not less")]
    CutoffEarlier {
        /// The usual one.
        usual: NaiveDate,
    },
    /// An exception is withdrawn that was not given.
    #[error("{commune} has no exception for {period}")]
    NoException {
        /// The commune.
        commune: String,
        /// The period.
        period: Period,
    },
    /// A completion without the evidence that it needs.
    #[error("version {version} claims completion without evidence: return it, or accept it with --without-evidence")]
    EvidenceNeeded {
        /// The version.
        version: u32,
    },
    /// A cut-off day that does not belong to the period.
    #[error("the cut-off day must lie between {0} and {1}")]
    CutoffOutside(NaiveDate, NaiveDate),
    /// No commune, or more than one, fits what was typed.
    #[error(transparent)]
    Commune(#[from] shared::catalogue::find::FindError),
    /// No such indicator.
    #[error("unknown indicator {0:?}")]
    UnknownIndicator(String),
    /// The period is not of the plan year.
    #[error("period {period} lies outside the plan year {year}")]
    OutsidePlanYear {
        /// The period.
        period: Period,
        /// The plan year.
        year: i32,
    },
    /// Evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The store does not agree with itself.
    #[error(
        "{0} findings: restore from a backup, or let the agents send again what differs; for files of evidence: `verify --repair`"
    )]
    Findings(usize),
    /// The audit history does not agree with itself, or with an anchor.
    #[error("{0} places of the audit history do not fit: it was altered; compare with a backup")]
    History(usize),
    /// Receipts that prove nothing, or that the journal does not bear out.
    #[error("{bad} of {of} receipts are not borne out")]
    BadReceipts {
        /// How many.
        bad: usize,
        /// Of how many.
        of: usize,
    },
    /// A file that holds no receipts.
    #[error("{path} is not a file of receipts: {reason}")]
    NotReceipts {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No such account.
    #[error("there is no account {0:?}")]
    NoAccount(String),
    /// Nobody would be left who can sign in as an administrator.
    #[error("this is the only administrator who can sign in: make another one first")]
    LastAdministrator,
    /// There is one of that name, or too many.
    #[error("there is an account {0:?} already, or as many as there can be")]
    AccountExists(String),
    /// No such token, or more than one.
    #[error("no token, or more than one, has an id that begins with {0:?}")]
    NoToken(String),
    /// The account has as many as it can have.
    #[error("{0} has as many tokens as an account can have")]
    TooManyTokens(String),
    /// A password that cannot be taken, and why, in the person's language.
    #[error("the password: {0}")]
    Password(String),
    /// No such figure.
    #[error("no such figure")]
    NoFigure,
    /// A newer version of the figure was reported.
    #[error("version {newest} was reported in the meantime")]
    Outdated {
        /// The newest version.
        newest: u32,
    },
    /// A file or folder.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is too large.
    #[error("{0} is too large")]
    TooLarge(PathBuf),
    /// A file is there already.
    #[error("{0} exists")]
    FileExists(PathBuf),
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The system has no signals to wait for.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
}

impl From<AskingError> for Failure {
    fn from(error: AskingError) -> Self {
        match error {
            AskingError::Ask(error) => error.into(),
            AskingError::Store(error) => error.into(),
            AskingError::Figures(error) => ReportError::from(error).into(),
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        ReportError::from(error).into()
    }
}

impl Failure {
    /// 2 for wrong usage that only shows when all arguments are read, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::NoReason | Failure::Terminal => 2,
            _ => 1,
        }
    }
}
