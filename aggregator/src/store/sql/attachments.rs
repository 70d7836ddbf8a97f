//! The files that communes attached to figures, for those who ask.

use super::{
    super::{EvidenceWanted, StoreError, StoredEvidence},
    columns, names,
};
use crate::store::engine::{Connection, params};
use shared::observation::ObservationKey;

/// Files of evidence by commune, indicator, period, unit and version; at most `limit`.
pub(super) fn evidence(
    connection: &Connection,
    wanted: &EvidenceWanted,
    limit: u32,
) -> Result<Vec<StoredEvidence>, StoreError> {
    let number = |name: &Option<String>| -> Result<Option<Option<i64>>, StoreError> {
        name.as_deref().map(|name| names::find(connection, name)).transpose()
    };
    let (commune, indicator) = (number(&wanted.commune)?, number(&wanted.indicator)?);
    if commune == Some(None) || indicator == Some(None) {
        // A name that was never written.
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT c.text, i.text, coalesce(u.text, ''), e.period, e.version, e.name, e.sha256, e.size_bytes, e.entered_by, e.received_at
         FROM evidence e JOIN name c ON c.id = e.commune JOIN name i ON i.id = e.indicator LEFT JOIN name u ON u.id = e.unit
         WHERE (e.commune = ?1 OR ?1 IS NULL) AND (e.indicator = ?2 OR ?2 IS NULL) AND (e.period = ?3 OR ?3 IS NULL)
           AND (e.sha256 = ?4 OR ?4 IS NULL)
         ORDER BY c.text, i.text, e.period, coalesce(u.text, ''), e.version, e.received_at, e.sha256 LIMIT ?5",
    )?;
    let period = wanted.period.map(columns::period);
    let mut rows = statement.query(params![commune.flatten(), indicator.flatten(), period, wanted.sha256, limit])?;
    let mut files = Vec::new();
    while let Some(row) = rows.next()? {
        files.push(StoredEvidence {
            commune: row.get(0)?,
            key: ObservationKey { indicator: row.get(1)?, unit: row.get(2)?, period: columns::to_period(row.get(3)?)? },
            version: row.get(4)?,
            name: row.get(5)?,
            sha256: row.get(6)?,
            size_bytes: columns::to_u64(row.get(7)?)?,
            entered_by: row.get(8)?,
            received_at: columns::to_time(row.get(9)?)?,
        });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, batch, figure},
        store::{Append, Store},
    };
    use shared::change::LogPosition;

    #[tokio::test]
    async fn files_are_found_by_commune_indicator_period_and_hash() {
        let (_folder, store) = sample::store().await;
        for (commune, number) in [("tan-phu", 1), ("dinh-quan", 5)] {
            let changes = vec![
                figure(number, "2026-10", 1),
                sample::evidence(number + 1, number, 7),
                figure(number + 2, "2026-10", 2),
                sample::evidence(number + 3, number + 2, 8),
            ];
            let append = Append { batches: vec![batch(commune, 1, LogPosition::START, changes)], notes: Vec::new() };
            store.append(append).await.unwrap();
        }
        let all = EvidenceWanted::default;
        let found = async |wanted: EvidenceWanted| {
            let files = store.evidence(wanted, 100).await.unwrap();
            files.into_iter().map(|file| (file.commune, file.version, file.sha256[0])).collect::<Vec<_>>()
        };
        let of = |commune: &str, version, byte| (commune.to_owned(), version, byte);
        let whole = [of("dinh-quan", 1, 7), of("dinh-quan", 2, 8), of("tan-phu", 1, 7), of("tan-phu", 2, 8)];
        assert_eq!(found(all()).await, whole);
        assert_eq!(found(EvidenceWanted { commune: Some("tan-phu".into()), ..all() }).await, whole[2..]);
        assert_eq!(found(EvidenceWanted { sha256: Some([8; 32]), ..all() }).await.len(), 2);
        assert_eq!(found(EvidenceWanted { period: Some("2026-10".parse().unwrap()), ..all() }).await.len(), 4);
        assert_eq!(found(EvidenceWanted { indicator: Some("CDS-17".into()), ..all() }).await.len(), 4);
        for nothing in [
            EvidenceWanted { period: Some("2026-09".parse().unwrap()), ..all() },
            EvidenceWanted { commune: Some("nowhere".into()), ..all() },
            EvidenceWanted { indicator: Some("NL-03".into()), ..all() },
        ] {
            assert!(found(nothing).await.is_empty());
        }
        assert_eq!(store.evidence(all(), 3).await.unwrap().len(), 3, "no more than asked for");
    }
}
