//! The hot path: many communes' batches journalled and applied in one transaction.
//!
//! The head is checked in the transaction, so that whatever the sessions believed, a change is stored exactly once.

use super::{
    super::{
        Accepted, Append, Appended, BatchOutcome, CheckedBatch, CheckedChange, Judged, Lineage, Moved, RefusedChange,
        StoreError,
    },
    Memory, columns, contact, digests,
    journal::{self, PARKED},
    lineage,
    names::Names,
    parked::ParkedIds,
    versions::KnownVersions,
};
use crate::store::engine::{Connection, OptionalRow, Statement, params};
use crate::store::postgres::{HeadRow, JournalRow, Page, heads, lives, newest_versions};
use chrono::{DateTime, Utc};
use shared::{
    change::{Chain, Change, Deed, Incarnation, LogPosition},
    digest::{RecordHash, SetDigest},
    observation::Refusal,
    text::Texts,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// Takes in batches and the ends of sessions.
pub(super) fn append(connection: &Connection, memory: &mut Memory, append: Append) -> Result<Appended, StoreError> {
    let Memory { names, versions } = memory;
    versions.keep_bounded();
    let mut appended = Appended::default();
    if !append.batches.is_empty() {
        let mut pen = Pen::new(connection, names, versions)?;
        pen.look_up(&append.batches)?;
        for batch in append.batches {
            let outcome = pen.batch(batch, &mut appended)?;
            appended.outcomes.push(outcome);
        }
        pen.flush()?;
    }
    for note in &append.notes {
        contact::note(connection, names, note)?;
    }
    Ok(appended)
}

/// The statements of one transaction, prepared once.
pub(super) struct Pen<'a> {
    pub(super) connection: &'a Connection<'a>,
    pub(super) names: &'a mut Names,
    pub(super) versions: &'a mut KnownVersions,
    parked: ParkedIds,
    /// Of indicators and units, for those who follow.
    pub(super) codes: Texts,
    journal: Statement<'a>,
    pub(super) newest: Statement<'a>,
    pub(super) observation: Statement<'a>,
    head: Statement<'a>,
    pub(super) draft: Draft,
}

/// What is read and written in one go for all batches, where the engine is asked over a connection.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) page: Page,
    /// Log and head of the communes that have one, as they will be.
    heads: HashMap<i64, (i64, LogPosition)>,
    /// The lives that appended last.
    lives: HashMap<i64, Incarnation>,
    /// The newest versions of a batch's figures, by indicator, unit and packed period.
    pub(super) newest: HashMap<(i64, i64, i64), u32>,
}

/// What all changes of a batch have in common.
pub(super) struct Sender {
    pub(super) slug: Arc<str>,
    pub(super) commune: i64,
    pub(super) received_at: DateTime<Utc>,
}

/// What a batch brought that is new.
pub(super) struct Fresh<'a> {
    pub(super) accepted: &'a mut Vec<Accepted>,
    /// By packed period.
    digests: BTreeMap<i64, SetDigest>,
}

impl Fresh<'_> {
    pub(super) fn count(&mut self, period: i64, hash: Option<RecordHash>) {
        if let Some(hash) = hash {
            self.digests.entry(period).or_default().add(hash);
        }
    }
}

impl<'a> Pen<'a> {
    fn new(
        connection: &'a Connection<'a>,
        names: &'a mut Names,
        versions: &'a mut KnownVersions,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            connection,
            names,
            versions,
            parked: ParkedIds::default(),
            codes: Texts::default(),
            journal: connection.prepare_cached(
                "INSERT INTO journal (log, seq, body, chain, received_at, refusal) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            newest: connection.prepare_cached(
                "SELECT max(version) FROM observation WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4",
            )?,
            observation: connection.prepare_cached(
                "INSERT INTO observation (commune, indicator, unit, period, version, change_id, kind, amount, denominator, note,
                 entered_by, entered_at, received_at, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT DO NOTHING",
            )?,
            head: connection.prepare_cached(
                "INSERT INTO head (commune, log, seq, chain, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (commune) DO UPDATE SET log = ?2, seq = ?3, chain = ?4, updated_at = ?5",
            )?,
            draft: Draft::default(),
        })
    }

    /// Looks up where the communes of all batches are.
    fn look_up(&mut self, batches: &[CheckedBatch]) -> Result<(), StoreError> {
        let Some(session) = self.connection.session() else { return Ok(()) };
        let numbers = batches.iter().map(|batch| self.names.number(self.connection, &batch.commune));
        let communes = numbers.collect::<Result<Vec<_>, _>>()?;
        for HeadRow { commune, log, seq, chain } in heads(session, &communes)? {
            let head = LogPosition { seq: columns::to_u64(seq)?, chain: Chain(chain) };
            self.draft.heads.insert(commune, (log, head));
        }
        self.draft.lives = lives(session, &communes)?.into_iter().map(|(one, life)| (one, Incarnation(life))).collect();
        Ok(())
    }

    /// A commune's log and its head.
    fn held(&self, commune: i64) -> Result<Option<(i64, LogPosition)>, StoreError> {
        match self.connection.session() {
            Some(_) => Ok(self.draft.heads.get(&commune).copied()),
            None => journal::head(self.connection, commune),
        }
    }

    /// How a life stands to the others of its commune.
    fn lineage(&self, commune: i64, incarnation: Incarnation) -> Result<Lineage, StoreError> {
        match self.connection.session() {
            Some(_) => {
                let newest = self.draft.lives.get(&commune).copied();
                lineage::beside(self.connection, newest, commune, incarnation)
            }
            None => lineage::of(self.connection, commune, incarnation),
        }
    }

    /// Sets a commune's head, and counts what came into its digests.
    fn move_on(
        &mut self,
        (commune, log): (i64, i64),
        after: LogPosition,
        digests: &BTreeMap<i64, SetDigest>,
        received_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (seq, at) = (columns::count(after.seq), columns::time(received_at));
        if self.connection.session().is_some() {
            self.draft.heads.insert(commune, (log, after));
            self.draft.page.head(HeadRow { commune, log, seq, chain: after.chain.0 }, at);
            digests.iter().for_each(|(period, digest)| self.draft.page.digest((commune, *period), *digest));
            return Ok(());
        }
        digests::add(self.connection, commune, digests)?;
        self.head.execute(params![commune, log, seq, after.chain.0, at])?;
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        if let Some(session) = self.connection.session() {
            self.draft.page.write(session)?;
        }
        Ok(())
    }

    /// Looks up the newest versions of the figures of a batch, all at once.
    fn look_ahead(&mut self, commune: i64, changes: &[CheckedChange]) -> Result<(), StoreError> {
        let Some(session) = self.connection.session() else { return Ok(()) };
        let mut keys = BTreeSet::new();
        for change in changes {
            if let Judged::Fit(Change { deed: Deed::Recorded(figure), .. }) = &change.judged {
                let indicator = self.names.number(self.connection, &figure.key.indicator)?;
                let unit = self.names.number(self.connection, &figure.key.unit)?;
                keys.insert((indicator, unit, columns::period(figure.key.period)));
            }
        }
        self.draft.newest = match keys.is_empty() {
            true => HashMap::new(),
            false => newest_versions(session, commune, &keys.into_iter().collect::<Vec<_>>())?,
        };
        Ok(())
    }

    fn batch(&mut self, batch: CheckedBatch, appended: &mut Appended) -> Result<BatchOutcome, StoreError> {
        let Appended { accepted, moved, .. } = appended;
        let commune = self.names.number(self.connection, &batch.commune)?;
        if self.draft.page.has_of(commune) {
            self.flush()?;
        }
        let (log, head) = match self.held(commune)? {
            Some(held) => held,
            None => (log_number(self.connection, commune, batch.incarnation)?, LogPosition::START),
        };
        let lineage = self.lineage(commune, batch.incarnation)?;
        if lineage == Lineage::Superseded {
            return Ok(BatchOutcome::Fork { head });
        }
        if head.seq < batch.before.seq {
            return Ok(BatchOutcome::Gap { head });
        }
        let held = usize::try_from(head.seq - batch.before.seq).unwrap_or(usize::MAX).min(batch.changes.len());
        #[cfg(feature = "planted-faults")]
        if proto::plant::is_planted(proto::plant::Plant::NoDuplicateCheck) && held > 0 {
            return self.again(log, head, batch, commune, accepted);
        }
        if !self.agrees(log, head, &batch, held)? {
            return Ok(BatchOutcome::Fork { head });
        }
        let after = batch.after();
        let mut refused = if held > 0 { refused_before(self.connection, log, &batch, held)? } else { Vec::new() };
        let mut received_at = batch.received_at;
        if after.seq > head.seq {
            if lineage == Lineage::New {
                lineage::begin(self.connection, commune, batch.incarnation, head.seq + 1, received_at)?;
                self.draft.lives.insert(commune, batch.incarnation);
            }
            moved.push(Moved { commune: batch.commune.clone(), from: head.seq, to: after.seq });
            let sender = Sender { slug: batch.commune, commune, received_at };
            let mut fresh = Fresh { accepted, digests: BTreeMap::new() };
            let first = batch.before.seq + 1;
            self.look_ahead(commune, &batch.changes[held..])?;
            for (seq, change) in (first..).zip(batch.changes).skip(held) {
                refused.extend(self.change(log, seq, change, &sender, &mut fresh)?);
            }
            self.move_on((commune, log), after, &fresh.digests, received_at)?;
        } else if let Some(at) = journal::received_at(self.connection, log, after.seq)? {
            received_at = at;
        }
        Ok(BatchOutcome::Committed { position: after, refused, received_at })
    }

    /// Stores what came before once more, behind everything held.
    #[cfg(feature = "planted-faults")]
    fn again(
        &mut self,
        log: i64,
        head: LogPosition,
        batch: CheckedBatch,
        commune: i64,
        accepted: &mut Vec<Accepted>,
    ) -> Result<BatchOutcome, StoreError> {
        let (position, received_at) = (batch.after(), batch.received_at);
        let sender = Sender { slug: batch.commune, commune, received_at };
        let mut fresh = Fresh { accepted, digests: BTreeMap::new() };
        let mut end = head;
        for change in batch.changes {
            end = end.then(&change.body);
            let change = CheckedChange { chain: end.chain, ..change };
            self.change(log, end.seq, change, &sender, &mut fresh)?;
        }
        self.move_on((commune, log), end, &fresh.digests, received_at)?;
        Ok(BatchOutcome::Committed { position, refused: Vec::new(), received_at })
    }

    /// Whether the chain held agrees with the batch: before its first change, and after the last one held already.
    fn agrees(&self, log: i64, head: LogPosition, batch: &CheckedBatch, held: usize) -> Result<bool, StoreError> {
        #[cfg(feature = "planted-faults")]
        if proto::plant::is_planted(proto::plant::Plant::NoChainCheck) {
            return Ok(true);
        }
        let chain_held =
            |seq: u64| if seq == head.seq { Ok(Some(head.chain)) } else { journal::chain(self.connection, log, seq) };
        if chain_held(batch.before.seq)? != Some(batch.before.chain) {
            return Ok(false);
        }
        match held.checked_sub(1) {
            Some(last) => Ok(chain_held(batch.before.seq + held as u64)? == Some(batch.changes[last].chain)),
            None => Ok(true),
        }
    }

    /// Journals one change and applies it, if it can be.
    fn change(
        &mut self,
        log: i64,
        seq: u64,
        change: CheckedChange,
        sender: &Sender,
        fresh: &mut Fresh<'_>,
    ) -> Result<Option<RefusedChange>, StoreError> {
        let (change_id, refusal) = match change.judged {
            Judged::Parked => {
                self.journal(log, seq, &change.body, change.chain, sender, Some(PARKED))?;
                self.parked.add(log, &change.body);
                return Ok(None);
            }
            Judged::Refused { change_id, refusal } => (change_id, refusal),
            Judged::Fit(fit) => {
                let (id, about) = (fit.id, fit.deed.about());
                match self.apply(seq, fit, change.hash, sender, fresh)? {
                    Some(Refusal::UnknownObservation | Refusal::UnknownConflict) if self.is_parked(log, about)? => {
                        self.journal(log, seq, &change.body, change.chain, sender, Some(PARKED))?;
                        self.parked.add(log, &change.body);
                        return Ok(None);
                    }
                    Some(refusal) => (id, refusal),
                    None => {
                        self.journal(log, seq, &change.body, change.chain, sender, None)?;
                        return Ok(None);
                    }
                }
            }
        };
        let detail = refusal.to_string();
        self.journal(log, seq, &change.body, change.chain, sender, Some(&detail))?;
        Ok(Some(RefusedChange { seq, change_id, code: refusal.code().into(), detail }))
    }

    /// Whether a change that another one names is parked.
    fn is_parked(&mut self, log: i64, about: Option<Uuid>) -> Result<bool, StoreError> {
        self.flush()?;
        self.parked.has(self.connection, log, about)
    }

    fn journal(
        &mut self,
        log: i64,
        seq: u64,
        body: &[u8],
        chain: Chain,
        sender: &Sender,
        refusal: Option<&str>,
    ) -> Result<(), StoreError> {
        let at = columns::time(sender.received_at);
        if let Some(session) = self.connection.session() {
            let row = JournalRow { log, seq: columns::count(seq), body, chain: chain.0, received_at: at, refusal };
            return Ok(self.draft.page.journal(session, &row)?);
        }
        self.journal.execute(params![log, columns::count(seq), body, chain.0, at, refusal])?;
        Ok(())
    }
}

/// The number of a commune's log; that of the first life that sent something.
fn log_number(connection: &Connection, commune: i64, incarnation: Incarnation) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM log WHERE commune = ?1 AND incarnation = ?2")?;
    let number = statement.query_row(params![commune, incarnation.0], |row| row.get(0)).optional()?;
    if let Some(number) = number {
        return Ok(number);
    }
    let sql = "INSERT INTO log (id, commune, incarnation) VALUES (?1, ?2, ?3) RETURNING id";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![connection.log_of(commune), commune, incarnation.0], |row| row.get(0))?)
}

/// What was said of the first `held` changes of a batch when they came for the first time.
fn refused_before(
    connection: &Connection,
    log: i64,
    batch: &CheckedBatch,
    held: usize,
) -> Result<Vec<RefusedChange>, StoreError> {
    let sql = "SELECT seq, refusal FROM journal WHERE log = ?1 AND seq > ?2 AND seq <= ?3 AND refusal IS NOT NULL AND refusal <> ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let (before, last) = (columns::count(batch.before.seq), columns::count(batch.before.seq + held as u64));
    let mut rows = statement.query(params![log, before, last, PARKED])?;
    let mut refused = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, detail): (i64, String) = (row.get(0)?, row.get(1)?);
        let seq = columns::to_u64(seq)?;
        let place = usize::try_from(seq - batch.before.seq - 1).ok();
        let change_id = place.and_then(|place| batch.changes.get(place)).map_or(Uuid::nil(), CheckedChange::id);
        refused.push(RefusedChange { seq, change_id, code: journal::code(&detail).to_owned(), detail });
    }
    Ok(refused)
}
