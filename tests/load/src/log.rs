//! What an agent has to send: figures of all indicators, month by month, and files of evidence for the first of them.

use chrono::{DateTime, Utc};
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};
use shared::{
    amount::Amount,
    catalogue::{Catalogue, Kind, kind_asked},
    change::{Change, Deed, Evidence, LogPosition},
    digest::{RecordHash, SetDigest},
    observation::{Observation, ObservationKey, Value},
    period::{Cycle, Period},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// When the figures were entered, in milliseconds of Unix time.
const ENTERED_MS: i64 = 1_792_000_000_000;
/// Who entered them.
const CLERK: &str = "Nguyễn Văn Bình";

/// One agent's log.
#[derive(Debug)]
pub struct Log {
    /// The commune.
    pub slug: String,
    /// Its changes.
    pub changes: Vec<Change>,
    /// The same as they go over the line.
    pub bodies: Vec<Bytes>,
    /// Its files.
    pub files: Vec<Bytes>,
}

impl Log {
    /// The log of the commune with this number: so many changes, of which the last ones attach so many files of this size.
    #[must_use]
    pub fn new(catalogue: &Catalogue, agent: usize, changes: usize, files: usize, file_bytes: usize) -> Self {
        let slug = super::catalogue::slug(agent);
        let figures = changes.saturating_sub(files);
        let files: Vec<Bytes> = (0..files.min(figures)).map(|number| file(agent, number, file_bytes)).collect();
        let ids: Vec<Uuid> = (0..figures + files.len()).map(id).collect();
        let recorded = (0..figures).map(|number| Deed::Recorded(figure(catalogue, &slug, number)));
        let attached = files.iter().enumerate().map(|(number, file)| {
            Deed::Attached(Evidence {
                observation: ids[number],
                sha256: Sha256::digest(file).into(),
                name: format!("bien-ban-{number}.pdf"),
                size_bytes: file.len() as u64,
            })
        });
        let entered_at = DateTime::<Utc>::from_timestamp_millis(ENTERED_MS).unwrap();
        let change = |(id, deed)| Change { id, entered_at, entered_by: CLERK.into(), deed };
        let changes: Vec<Change> = ids.iter().copied().zip(recorded.chain(attached)).map(change).collect();
        let bodies = changes.iter().map(|change| proto::change::encode(change).into()).collect();
        Self { slug, changes, bodies, files }
    }

    /// The chain after each change.
    #[must_use]
    pub fn chains(&self) -> Vec<[u8; 32]> {
        let next = |position: &mut LogPosition, body: &Bytes| {
            *position = position.then(body);
            Some(position.chain.0)
        };
        self.bodies.iter().scan(LogPosition::START, next).collect()
    }

    /// The position after all of it.
    #[must_use]
    pub fn head(&self) -> LogPosition {
        self.bodies.iter().fold(LogPosition::START, |position, body| position.then(body))
    }

    /// The digests of its records, by period.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<Period, SetDigest> {
        let mut digests: BTreeMap<Period, SetDigest> = BTreeMap::new();
        let period_of = |id: Uuid| {
            self.changes.iter().find(|change| change.id == id).and_then(|change| match &change.deed {
                Deed::Recorded(figure) => Some(figure.key.period),
                _ => None,
            })
        };
        for change in &self.changes {
            let (by, at) = (&change.entered_by, change.entered_at);
            let (period, hash) = match &change.deed {
                Deed::Recorded(figure) => (figure.key.period, RecordHash::figure(change.id, figure, by, at)),
                Deed::Attached(evidence) => {
                    (period_of(evidence.observation).unwrap(), RecordHash::evidence(evidence, by, at))
                }
                _ => continue,
            };
            digests.entry(period).or_default().add(hash);
        }
        digests
    }
}

fn id(number: usize) -> Uuid {
    let nanoseconds = u32::try_from(number).unwrap() * 100_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, ENTERED_MS as u64 / 1_000, nanoseconds))
}

fn figure(catalogue: &Catalogue, slug: &str, number: usize) -> Observation {
    let indicator = &catalogue.indicators[number % catalogue.indicators.len()];
    // The communes of the load have the standard targets or none; both ask the same kind of each indicator.
    let kind = indicator.standard.map_or(indicator.kind, |goal| kind_asked(indicator.kind, goal));
    let amount = |number: usize| Amount::from(u32::try_from(number).unwrap());
    let spread = slug.bytes().fold(number, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 5_000;
    let value = match kind {
        Kind::Ratio => Value::Ratio { numerator: amount(5_000 + spread), denominator: amount(10_000) },
        Kind::Count => Value::Count(spread as u64),
        Kind::Decimal => Value::Decimal(amount(spread)),
        Kind::Flag => Value::Flag(spread % 2 == 0),
    };
    // October first, then what was forgotten of the months before.
    let month = u32::try_from(10 - number / catalogue.indicators.len() % 10).unwrap();
    let period = Period::new(catalogue.province.plan_year, Cycle::Monthly, month).unwrap();
    let key = ObservationKey { indicator: indicator.code.clone(), unit: String::new(), period };
    Observation { key, value, note: String::new() }
}

/// A PDF as far as its kind can be told, unlike every other one and hard to compress.
fn file(agent: usize, number: usize, bytes: usize) -> Bytes {
    let mut content = b"%PDF-1.4\n".to_vec();
    let mut block: [u8; 32] = Sha256::digest(format!("{agent} {number}")).into();
    while content.len() + 6 < bytes {
        content.extend(block);
        block = Sha256::digest(block).into();
    }
    content.extend(b"%%EOF\n");
    content.into()
}
