//! Many rows, written by one statement for each table: those of a page of changes, and alerts.

use super::{
    super::engine::{Cell, Error},
    session::Session,
};
use std::collections::HashMap;

/// Most bytes of bodies that wait to be written.
const MAX_WAITING_BYTES: usize = 8 << 20;

/// Indicator, unit, packed period.
type Key = (i64, i64, i64);

/// Rows that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Page {
    journal: Journal,
    figures: Figures,
    bytes: usize,
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

    /// Writes what waits.
    pub(crate) fn write(&mut self, session: &Session<'_>) -> Result<(), Error> {
        let Page { journal, figures, .. } = std::mem::take(self);
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
    if raised.is_empty() {
        return Ok(());
    }
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
    let sql = "UPDATE alert SET cleared_at = CAST($3 AS BIGINT)
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
