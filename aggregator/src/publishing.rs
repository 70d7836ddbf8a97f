//! A province's closings as statements that follow one another, and one of them as a signed file for the nation.
//!
//! The chain follows from the store alone: all closings, also those that were opened again, in the order in which they were made. Nothing
//! has to be remembered of what was published, and publishing twice gives the same statement. That order is the history's, whose numbers
//! only grow: clocks are put right, and several servers have several.

use crate::{
    authorities::Authorities,
    clock::Clock,
    folder::Folder,
    receipts,
    report::{closings, question::AskError},
    serve::ServeError,
    store::{AuditQuestion, Closing, Store, StoreError},
};
use proto::publication::{Publication, PublicationError, Statement};
use shared::period::Period;
use std::collections::HashMap;
use thiserror::Error;

/// Most closings of a province that are looked for in its history.
const MAX_CLOSINGS: u32 = 100_000;

/// Why nothing is published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The period has no such closing.
    #[error("{0} is not closed, or has no such revision")]
    NotClosed(Period),
    /// What was kept of the closing does not agree with itself.
    #[error("the closing of {0} does not agree with its digest")]
    Unproved(Period),
    /// Its tables are missing.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority, or the key that signs.
    #[error(transparent)]
    Keys(#[from] ServeError),
    /// The file cannot be made.
    #[error(transparent)]
    Pack(#[from] PublicationError),
}

/// All closings of a province as statements, each with the digest of the one before. Closings of before there were snapshots are none.
///
/// # Errors
/// The store's.
pub async fn statements(store: &dyn Store) -> Result<Vec<Statement>, StoreError> {
    let founding = store.founding().await?;
    let mut closings = store.closings().await?;
    let question = AuditQuestion { what: Some("period_closed".into()), ..AuditQuestion::newest(MAX_CLOSINGS) };
    let lines: HashMap<_, _> =
        store.audit(question).await?.into_iter().map(|line| (line.detail, line.number)).collect();
    // A closing of which the history says nothing was put in by hand, and is what `verify` finds: it comes last.
    let number = |closing: &Closing| lines.get(&closing.words()).copied().unwrap_or(u64::MAX);
    closings.sort_by_cached_key(|closing| (number(closing), closing.closed_at));
    let mut statements: Vec<Statement> = Vec::with_capacity(closings.len());
    for (closing, sequence) in closings.into_iter().filter(|closing| closing.digest.is_some()).zip(1..) {
        let Closing { period, revision, closed_at, digest, .. } = closing;
        statements.push(Statement {
            province: founding.province.clone(),
            exercise: founding.exercise,
            sequence,
            previous: statements.last().map_or([0; 32], Statement::link),
            period,
            revision,
            closed_at,
            snapshot: digest.unwrap_or_default(),
        });
    }
    Ok(statements)
}

/// A closing of a period as a signed publication: the one in force, or one of its closings by number.
///
/// # Errors
/// [`PublishError`]
pub async fn publish(
    folder: &Folder,
    store: &dyn Store,
    (period, revision): (Period, Option<u32>),
    clock: &dyn Clock,
) -> Result<Publication, PublishError> {
    let closing = closings::closing_of(store, period, revision).await?.ok_or(PublishError::NotClosed(period))?;
    if !closings::proved(store, &closing).await?.is_empty() {
        return Err(PublishError::Unproved(period));
    }
    let snapshot = store.snapshot(period, closing.revision).await?.ok_or(AskError::NoSnapshot(period))?;
    let is_it = |one: &Statement| (one.period, one.revision) == (period, closing.revision);
    let statement = statements(store).await?.into_iter().find(is_it).ok_or(PublishError::NotClosed(period))?;
    let authority = Authorities::open(folder).map_err(ServeError::from)?.current;
    let signer = receipts::load_or_make(folder, &statement.province, &authority, clock).map_err(ServeError::from)?;
    Ok(Publication::sign(statement, snapshot, &signer))
}
