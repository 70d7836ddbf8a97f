//! The versions of a commune's figures with what was decided of them.

use super::{
    super::{FigureVersion, Ruling, StoreError, StoredObservation},
    columns, names, read,
};
use crate::store::engine::{Connection, params};
use shared::review::Reason;

/// Of one indicator or task, or of all; by figure and version.
pub(super) fn of_commune(
    connection: &Connection,
    commune: &str,
    indicator: Option<&str>,
) -> Result<Vec<FigureVersion>, StoreError> {
    let Some(number) = names::find(connection, commune)? else { return Ok(Vec::new()) };
    let indicator = match indicator.map(|code| names::find(connection, code)).transpose()? {
        // A name that was never written.
        Some(None) => return Ok(Vec::new()),
        other => other.flatten(),
    };
    let (first, last) = read::plan_year(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT i.text, coalesce(u.text, ''), o.period, o.version, o.change_id, o.kind, o.amount, o.denominator, o.note,
                o.entered_by, o.entered_at, o.received_at,
                (SELECT count(*) FROM evidence e WHERE e.commune = o.commune AND e.indicator = o.indicator AND e.unit = o.unit
                 AND e.period = o.period AND e.version = o.version),
                v.decision, v.reason_code, v.reason, v.reviewer, v.decided_at
         FROM observation o JOIN name i ON i.id = o.indicator LEFT JOIN name u ON u.id = o.unit
         LEFT JOIN verdict v ON v.commune = o.commune AND v.indicator = o.indicator AND v.unit = o.unit
              AND v.period = o.period AND v.version = o.version
         WHERE o.commune = ?1 AND (o.indicator = ?2 OR ?2 IS NULL) AND o.period BETWEEN ?3 AND ?4",
    )?;
    let mut rows = statement.query(params![number, indicator, first, last])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        let ruling = match columns::to_decision(row.get(13)?)? {
            None => None,
            Some(decision) => Some(Ruling {
                decision,
                code: row.get::<Option<String>>(14)?.and_then(|word| Reason::from_word(&word)),
                reason: row.get(15)?,
                reviewer: row.get(16)?,
                decided_at: columns::to_time(row.get(17)?)?,
            }),
        };
        let observation = StoredObservation {
            evidence_count: row.get(12)?,
            verdict: ruling.as_ref().map(|ruling| ruling.decision),
            ..columns::to_observation(row, 3, commune.to_owned(), columns::to_key(row, 0)?)?
        };
        versions.push(FigureVersion { observation, ruling });
    }
    versions.sort_unstable_by(|a, b| {
        let place = |one: &FigureVersion| (one.observation.key.clone(), one.observation.version);
        place(a).cmp(&place(b))
    });
    Ok(versions)
}

#[cfg(test)]
mod tests {
    use crate::{
        sample::{self, batch, evidence, figure},
        store::{Append, Store},
    };
    use shared::change::LogPosition;

    #[tokio::test]
    async fn every_version_comes_with_its_evidence() {
        let (_folder, store) = sample::store().await;
        let changes = vec![figure(1, "2026-09", 700), evidence(2, 1, 9), figure(3, "2026-09", 800)];
        let append = Append { batches: vec![batch("tan-phu", 1, LogPosition::START, changes)], notes: Vec::new() };
        store.append(append).await.unwrap();
        let versions = store.figure_versions("tan-phu", Some("CDS-17")).await.unwrap();
        let told: Vec<_> = versions.iter().map(|v| (v.observation.version, v.observation.evidence_count)).collect();
        assert_eq!(told, [(1, 1), (2, 0)]);
        let all = store.observations().await.unwrap();
        assert_eq!(versions.into_iter().map(|v| v.observation).collect::<Vec<_>>(), all);
        assert!(store.figure_versions("tan-phu", Some("CDS-99")).await.unwrap().is_empty());
        assert!(store.figure_versions("nowhere", None).await.unwrap().is_empty());
    }
}
