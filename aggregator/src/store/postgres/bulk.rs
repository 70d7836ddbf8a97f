//! Many rows, written by one statement for each table: those of a page of changes, and alerts.

use super::{
    super::engine::{Cell, Error},
    session::Session,
};
use shared::digest::SetDigest;
use std::collections::{BTreeMap, HashMap};

/// Most bytes of bodies that wait to be written.
const MAX_WAITING_BYTES: usize = 8 << 20;

/// Indicator, unit, packed period.
type Key = (i64, i64, i64);

/// Rows that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Page {
    journal: Journal,
    figures: Figures,
    /// By commune, with when they came.
    heads: BTreeMap<i64, (HeadRow, i64)>,
    /// What is to be added to digests, by commune and packed period.
    digests: BTreeMap<(i64, i64), SetDigest>,
    bytes: usize,
}

/// Where a commune is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadRow {
    pub(crate) commune: i64,
    pub(crate) log: i64,
    pub(crate) seq: i64,
    pub(crate) chain: [u8; 32],
}

#[derive(Debug, Default)]
struct Journal {
    log: Vec<i64>,
    seq: Vec<i64>,
    body: Vec<Vec<u8>>,
    chain: Vec<Vec<u8>>,
    received_at: Vec<i64>,
    refusal: Vec<Option<String>>,
}

#[derive(Debug, Default)]
struct Figures {
    /// Commune, indicator, unit, period, version, kind, entered_at, received_at, seq.
    numbers: [Vec<i64>; 9],
    change: Vec<Vec<u8>>,
    amount: Vec<String>,
    denominator: Vec<Option<String>>,
    note: Vec<String>,
    entered_by: Vec<String>,
}

/// A row of the journal.
pub(crate) struct JournalRow<'a> {
    pub(crate) log: i64,
    pub(crate) seq: i64,
    pub(crate) body: &'a [u8],
    pub(crate) chain: [u8; 32],
    pub(crate) received_at: i64,
    pub(crate) refusal: Option<&'a str>,
}

/// A version of a figure.
pub(crate) struct FigureRow<'a> {
    /// Commune, indicator, unit, period, version, kind, entered_at, received_at, seq.
    pub(crate) numbers: [i64; 9],
    pub(crate) change: &'a [u8],
    pub(crate) amount: Cell<'a>,
    pub(crate) denominator: Cell<'a>,
    pub(crate) note: &'a str,
    pub(crate) entered_by: &'a str,
}

impl Page {
    /// Adds a row of the journal.
    pub(crate) fn journal(&mut self, session: &Session<'_>, row: &JournalRow<'_>) -> Result<(), Error> {
        let journal = &mut self.journal;
        journal.log.push(row.log);
        journal.seq.push(row.seq);
        journal.body.push(row.body.to_vec());
        journal.chain.push(row.chain.to_vec());
        journal.received_at.push(row.received_at);
        journal.refusal.push(row.refusal.map(str::to_owned));
        self.bytes += row.body.len();
        if self.bytes > MAX_WAITING_BYTES { self.write(session) } else { Ok(()) }
    }

    /// Adds a version of a figure.
    pub(crate) fn figure(&mut self, row: &FigureRow<'_>) {
        let figures = &mut self.figures;
        for (column, number) in figures.numbers.iter_mut().zip(row.numbers) {
            column.push(number);
        }
        figures.change.push(row.change.to_vec());
        figures.amount.push(digits(row.amount).unwrap_or_default());
        figures.denominator.push(digits(row.denominator));
        figures.note.push(row.note.to_owned());
        figures.entered_by.push(row.entered_by.to_owned());
    }

    /// Whether a batch of a commune waits here, or a part of one: its head comes last, so that it is here with whatever else is.
    pub(crate) fn has_of(&self, commune: i64) -> bool {
        self.heads.contains_key(&commune)
    }

    /// Sets where a commune is.
    pub(crate) fn head(&mut self, row: HeadRow, at: i64) {
        self.heads.insert(row.commune, (row, at));
    }

    /// Adds to the digest of a commune's packed period.
    pub(crate) fn digest(&mut self, place: (i64, i64), added: SetDigest) {
        self.digests.entry(place).or_default().merge(added);
    }

    /// Writes what waits.
    pub(crate) fn write(&mut self, session: &Session<'_>) -> Result<(), Error> {
        let Page { journal, figures, heads, digests, .. } = std::mem::take(self);
        write_heads(session, &heads)?;
        add_digests(session, digests)?;
        if !journal.log.is_empty() {
            let Journal { log, seq, body, chain, received_at, refusal } = &journal;
            let sql = "INSERT INTO journal (log, seq, body, chain, received_at, refusal) SELECT * FROM unnest(
                       CAST($1 AS BIGINT[]), CAST($2 AS BIGINT[]), CAST($3 AS BYTEA[]), CAST($4 AS BYTEA[]), CAST($5 AS BIGINT[]),
                       CAST($6 AS TEXT[]))";
            session.act(sql, &[log, seq, body, chain, received_at, refusal])?;
        }
        if !figures.change.is_empty() {
            let Figures { numbers, change, amount, denominator, note, entered_by } = &figures;
            let [commune, indicator, unit, period, version, kind, entered_at, received_at, seq] = numbers;
            let sql = "INSERT INTO observation (commune, indicator, unit, period, version, kind, entered_at, received_at, seq, change_id,
                       amount, denominator, note, entered_by)
                       SELECT c, i, u, p, v, k, e, r, s, id, CAST(a AS NUMERIC), CAST(d AS NUMERIC), n, b FROM unnest(
                       CAST($1 AS BIGINT[]), CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]), CAST($4 AS BIGINT[]), CAST($5 AS BIGINT[]),
                       CAST($6 AS BIGINT[]), CAST($7 AS BIGINT[]), CAST($8 AS BIGINT[]), CAST($9 AS BIGINT[]), CAST($10 AS BYTEA[]),
                       CAST($11 AS TEXT[]), CAST($12 AS TEXT[]), CAST($13 AS TEXT[]), CAST($14 AS TEXT[]))
                       AS t (c, i, u, p, v, k, e, r, s, id, a, d, n, b)";
            session.act(
                sql,
                &[
                    commune,
                    indicator,
                    unit,
                    period,
                    version,
                    kind,
                    entered_at,
                    received_at,
                    seq,
                    change,
                    amount,
                    denominator,
                    note,
                    entered_by,
                ],
            )?;
        }
        Ok(())
    }
}

fn write_heads(session: &Session<'_>, heads: &BTreeMap<i64, (HeadRow, i64)>) -> Result<(), Error> {
    if heads.is_empty() {
        return Ok(());
    }
    let column = |pick: fn(&(HeadRow, i64)) -> i64| heads.values().map(pick).collect::<Vec<_>>();
    let (communes, logs) = (column(|(row, _)| row.commune), column(|(row, _)| row.log));
    let (seqs, ats) = (column(|(row, _)| row.seq), column(|(_, at)| *at));
    let chains: Vec<&[u8]> = heads.values().map(|(row, _)| &row.chain[..]).collect();
    let sql = "INSERT INTO head (commune, log, seq, chain, updated_at) SELECT * FROM unnest(CAST($1 AS BIGINT[]),
               CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]), CAST($4 AS BYTEA[]), CAST($5 AS BIGINT[]))
               ON CONFLICT (commune) DO UPDATE SET log = EXCLUDED.log, seq = EXCLUDED.seq, chain = EXCLUDED.chain,
               updated_at = EXCLUDED.updated_at";
    session.act(sql, &[&communes, &logs, &seqs, &chains, &ats]).map(drop)
}

fn add_digests(session: &Session<'_>, mut digests: BTreeMap<(i64, i64), SetDigest>) -> Result<(), Error> {
    if digests.is_empty() {
        return Ok(());
    }
    let (communes, periods): (Vec<i64>, Vec<i64>) = digests.keys().copied().unzip();
    let sql = "SELECT d.commune, d.period, d.sum, d.records FROM unnest(CAST($1 AS BIGINT[]), CAST($2 AS BIGINT[])) AS k (c, p)
               JOIN digest d ON d.commune = k.c AND d.period = k.p";
    for row in session.ask(sql, &[&communes, &periods])? {
        let read = || {
            Some(SetDigest::from_bytes(row.get::<_, &[u8]>(2).try_into().ok()?, row.get::<_, i64>(3).try_into().ok()?))
        };
        let held = read().ok_or(Error::Column("digest"))?;
        digests.entry((row.get(0), row.get(1))).or_default().merge(held);
    }
    let sums: Vec<Vec<u8>> = digests.values().map(|digest| digest.to_bytes().to_vec()).collect();
    let records: Vec<i64> =
        digests.values().map(|digest| i64::try_from(digest.records()).unwrap_or(i64::MAX)).collect();
    let sql = "INSERT INTO digest (commune, period, sum, records) SELECT * FROM unnest(CAST($1 AS BIGINT[]),
               CAST($2 AS BIGINT[]), CAST($3 AS BYTEA[]), CAST($4 AS BIGINT[]))
               ON CONFLICT (commune, period) DO UPDATE SET sum = EXCLUDED.sum, records = EXCLUDED.records";
    session.act(sql, &[&communes, &periods, &sums, &records]).map(drop)
}

/// Where communes are, of those that have sent anything.
pub(crate) fn heads(session: &Session<'_>, communes: &[i64]) -> Result<Vec<HeadRow>, Error> {
    let sql = "SELECT commune, log, seq, chain FROM head WHERE commune = ANY(CAST($1 AS BIGINT[]))";
    let read = |row: tokio_postgres::Row| {
        let chain = row.get::<_, &[u8]>(3).try_into().map_err(|_| Error::Column("chain"))?;
        Ok(HeadRow { commune: row.get(0), log: row.get(1), seq: row.get(2), chain })
    };
    session.ask(sql, &[&communes])?.into_iter().map(read).collect()
}

/// The lives of communes that appended last, of those that have any.
pub(crate) fn lives(session: &Session<'_>, communes: &[i64]) -> Result<Vec<(i64, [u8; 16])>, Error> {
    let sql = "SELECT DISTINCT ON (commune) commune, incarnation FROM incarnation
               WHERE commune = ANY(CAST($1 AS BIGINT[])) ORDER BY commune, place DESC";
    let read = |row: tokio_postgres::Row| {
        let life = row.get::<_, &[u8]>(1).try_into().map_err(|_| Error::Column("incarnation"))?;
        Ok((row.get(0), life))
    };
    session.ask(sql, &[&communes])?.into_iter().map(read).collect()
}

/// An alert that is raised.
pub(crate) struct AlertRow<'a> {
    pub(crate) commune: i64,
    pub(crate) plan_ref: &'a str,
    pub(crate) light: &'a str,
    pub(crate) cause: &'a str,
}

/// Raises alerts, numbered from the first one on.
pub(crate) fn raise_alerts(
    session: &Session<'_>,
    first: i64,
    (period, at): (i64, i64),
    raised: &[AlertRow<'_>],
) -> Result<(), Error> {
    let ids: Vec<i64> = (first..).take(raised.len()).collect();
    let communes: Vec<i64> = raised.iter().map(|one| one.commune).collect();
    let column = |pick: fn(&AlertRow<'_>) -> String| raised.iter().map(pick).collect::<Vec<_>>();
    let places = column(|one| one.plan_ref.to_owned());
    let lights = column(|one| one.light.to_owned());
    let causes = column(|one| one.cause.to_owned());
    let sql = "INSERT INTO alert (id, commune, plan_ref, light, cause, period, raised_at)
               SELECT i, c, p, l, w, CAST($6 AS BIGINT), CAST($7 AS BIGINT) FROM unnest(CAST($1 AS BIGINT[]),
               CAST($2 AS BIGINT[]), CAST($3 AS TEXT[]), CAST($4 AS TEXT[]), CAST($5 AS TEXT[])) AS t (i, c, p, l, w)";
    session.act(sql, &[&ids, &communes, &places, &lights, &causes, &period, &at]).map(drop)
}

/// Clears alerts, by commune and number.
pub(crate) fn clear_alerts(session: &Session<'_>, at: i64, cleared: &[(i64, i64)]) -> Result<(), Error> {
    if cleared.is_empty() {
        return Ok(());
    }
    let (communes, ids): (Vec<i64>, Vec<i64>) = cleared.iter().copied().unzip();
    let sql = "UPDATE alert SET cleared_at = greatest(raised_at, CAST($3 AS BIGINT))
               FROM unnest(CAST($1 AS BIGINT[]), CAST($2 AS BIGINT[])) AS t (c, i)
               WHERE alert.commune = t.c AND alert.id = t.i";
    session.act(sql, &[&communes, &ids, &at]).map(drop)
}

/// The newest versions of a commune's figures, of those that have any.
pub(crate) fn newest_versions(session: &Session<'_>, commune: i64, keys: &[Key]) -> Result<HashMap<Key, u32>, Error> {
    let column = |pick: fn(&Key) -> i64| keys.iter().map(pick).collect::<Vec<_>>();
    let (indicators, units, periods) = (column(|key| key.0), column(|key| key.1), column(|key| key.2));
    let sql = "SELECT o.indicator, o.unit, o.period, max(o.version)
               FROM unnest(CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]), CAST($4 AS BIGINT[])) AS k (i, u, p)
               JOIN observation o ON o.commune = $1 AND o.indicator = k.i AND o.unit = k.u AND o.period = k.p
               GROUP BY o.indicator, o.unit, o.period";
    let rows = session.ask(sql, &[&commune, &indicators, &units, &periods])?;
    let read = |row: &tokio_postgres::Row| -> Option<(Key, u32)> {
        Some(((row.get(0), row.get(1), row.get(2)), u32::try_from(row.get::<_, i64>(3)).ok()?))
    };
    rows.iter().map(|row| read(row).ok_or(Error::Column("version"))).collect()
}

fn digits(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Large(number, _) => Some(number.to_string()),
        _ => None,
    }
}
