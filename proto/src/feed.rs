//! Feed items <-> `FeedPart`, and the checksum that ends a feed.

use crate::{
    WireError, catalogue, field,
    sync::v1::{self, feed_item::Item},
};
use prost::Message;
use sha2::{Digest, Sha256};
use shared::{
    feed::{FeedItem, Standing, StandingLine},
    observation::{Decision, MAX_NAME_CHARS, MAX_NOTE_CHARS},
};

/// Most parts in one feed.
pub const MAX_PARTS: u32 = 100_000;
/// Most lines in one standing.
pub const MAX_STANDING_LINES: usize = 10_000;
/// Longest figure, word or reference in a standing, in characters.
const MAX_CELL_CHARS: usize = 200;

/// To the wire.
#[must_use]
pub fn to_wire(item: &FeedItem) -> v1::FeedPart {
    let wire = match item {
        FeedItem::Catalogue(view) => Item::Catalogue(catalogue::to_wire(view)),
        FeedItem::Exception { period, cutoff, reason } => Item::Exception(v1::CutoffException {
            period: period.to_string(),
            cutoff: cutoff.map(|day| day.to_string()).unwrap_or_default(),
            reason: reason.clone(),
        }),
        FeedItem::Verdict { observation, decision, reason, reviewer, decided_at } => Item::Verdict(v1::ReviewVerdict {
            observation_change_id: observation.as_bytes().to_vec(),
            decision: decision.as_str().into(),
            reason: reason.clone(),
            reviewer: reviewer.clone(),
            decided_at_unix_ms: decided_at.timestamp_millis(),
        }),
        FeedItem::Closed { period, closed } => {
            Item::ClosedPeriod(v1::ClosedPeriod { period: period.to_string(), closed: *closed })
        }
        FeedItem::Standing(standing) => Item::Standing(standing_to_wire(standing)),
    };
    v1::FeedPart { item: v1::FeedItem { item: Some(wire) }.encode_to_vec() }
}

/// From the wire.
///
/// # Errors
/// The first field that is not what it should be, or [`WireError::UnknownKind`].
pub fn from_wire(wire: &v1::FeedPart) -> Result<FeedItem, WireError> {
    let item = v1::FeedItem::decode(wire.item.as_slice()).map_err(|e| WireError::Unreadable(e.to_string()))?;
    Ok(match item.item.ok_or(WireError::UnknownKind)? {
        Item::Catalogue(catalogue) => FeedItem::Catalogue(Box::new(catalogue::from_wire(catalogue)?)),
        Item::Exception(exception) => FeedItem::Exception {
            period: field::period("exception.period", &exception.period)?,
            cutoff: field::optional_day("exception.cutoff", &exception.cutoff)?,
            reason: field::text("exception.reason", exception.reason, MAX_NOTE_CHARS)?,
        },
        Item::Verdict(verdict) => FeedItem::Verdict {
            observation: field::change_id("verdict.observation_change_id", &verdict.observation_change_id)?,
            decision: field::word("verdict.decision", &verdict.decision, Decision::from_word)?,
            reason: field::text("verdict.reason", verdict.reason, MAX_NOTE_CHARS)?,
            reviewer: field::text("verdict.reviewer", verdict.reviewer, MAX_NAME_CHARS)?,
            decided_at: field::instant("verdict.decided_at", verdict.decided_at_unix_ms)?,
        },
        Item::ClosedPeriod(closed) => {
            FeedItem::Closed { period: field::period("closed_period.period", &closed.period)?, closed: closed.closed }
        }
        Item::Standing(standing) => FeedItem::Standing(standing_from_wire(standing)?),
    })
}

/// A standing alone, as agents keep it.
#[must_use]
pub fn standing_to_wire(standing: &Standing) -> v1::Standing {
    v1::Standing {
        scheme: standing.scheme.clone(),
        period: standing.period.to_string(),
        rank: standing.rank.unwrap_or(0),
        ranked_communes: standing.ranked_communes,
        score: standing.score.clone(),
        met: standing.met,
        scored: standing.scored,
        on_time: standing.on_time.clone(),
        movement: standing.movement.clone(),
        provisional: standing.provisional,
        computed_at_unix_ms: standing.computed_at.timestamp_millis(),
        lines: standing.lines.iter().map(line_to_wire).collect(),
    }
}

/// Reads a standing.
///
/// # Errors
/// The first field that is not what it should be.
pub fn standing_from_wire(wire: v1::Standing) -> Result<Standing, WireError> {
    if wire.lines.len() > MAX_STANDING_LINES {
        return Err(WireError::field("standing.lines", format!("more than {MAX_STANDING_LINES}")));
    }
    Ok(Standing {
        scheme: field::code("standing.scheme", wire.scheme)?,
        period: field::period("standing.period", &wire.period)?,
        rank: (wire.rank > 0).then_some(wire.rank),
        ranked_communes: wire.ranked_communes,
        score: cell("standing.score", wire.score)?,
        met: wire.met,
        scored: wire.scored,
        on_time: cell("standing.on_time", wire.on_time)?,
        movement: cell("standing.movement", wire.movement)?,
        provisional: wire.provisional,
        computed_at: field::instant("standing.computed_at", wire.computed_at_unix_ms)?,
        lines: wire.lines.into_iter().map(line_from_wire).collect::<Result<_, _>>()?,
    })
}

fn cell(field: &'static str, value: String) -> Result<String, WireError> {
    field::text(field, value, MAX_CELL_CHARS)
}

fn line_to_wire(line: &StandingLine) -> v1::StandingLine {
    let line = line.clone();
    v1::StandingLine {
        plan_ref: line.plan_ref,
        indicator: line.indicator,
        value: line.value,
        operator: line.operator,
        target: line.target,
        high: line.high,
        achievement: line.achievement,
        state: line.state,
        counted: line.counted,
        points: line.points,
        earned: line.earned,
        light: line.light,
    }
}

fn line_from_wire(wire: v1::StandingLine) -> Result<StandingLine, WireError> {
    Ok(StandingLine {
        plan_ref: cell("line.plan_ref", wire.plan_ref)?,
        indicator: cell("line.indicator", wire.indicator)?,
        value: cell("line.value", wire.value)?,
        operator: cell("line.operator", wire.operator)?,
        target: cell("line.target", wire.target)?,
        high: cell("line.high", wire.high)?,
        achievement: cell("line.achievement", wire.achievement)?,
        state: cell("line.state", wire.state)?,
        counted: cell("line.counted", wire.counted)?,
        points: cell("line.points", wire.points)?,
        earned: cell("line.earned", wire.earned)?,
        light: cell("line.light", wire.light)?,
    })
}

/// Counts and hashes the parts of a feed, at both ends.
#[derive(Debug, Clone, Default)]
pub struct Checksum {
    parts: u32,
    hash: Sha256,
}

impl Checksum {
    /// Takes in the next part, as sent or as received, in order.
    pub fn add(&mut self, part: &v1::FeedPart) {
        self.parts = self.parts.saturating_add(1);
        self.hash.update((part.item.len() as u64).to_be_bytes());
        self.hash.update(&part.item);
    }

    /// The end that the aggregator sends.
    #[must_use]
    pub fn end(self, position: u64) -> v1::FeedEnd {
        v1::FeedEnd { position, parts: self.parts, sha256: self.hash.finalize().to_vec() }
    }

    /// Checks the end that the agent received.
    ///
    /// # Errors
    /// When there are too many parts, or number or hash differ.
    pub fn check(self, end: &v1::FeedEnd) -> Result<(), WireError> {
        field::number("feed_end.position", end.position)?;
        if self.parts > MAX_PARTS {
            return Err(WireError::field("feed_end.parts", format!("{} parts, at most {MAX_PARTS}", self.parts)));
        }
        if self.parts != end.parts {
            return Err(WireError::field(
                "feed_end.parts",
                format!("{} parts came, {} were sent", self.parts, end.parts),
            ));
        }
        if self.hash.finalize().as_slice() != end.sha256 {
            return Err(WireError::field("feed_end.sha256", "does not fit the parts"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    fn items() -> Vec<FeedItem> {
        let observation: Uuid = uuid::Builder::from_unix_timestamp_millis(9, &[3; 10]).into_uuid();
        let at = DateTime::from_timestamp_millis(1_790_000_000_123).unwrap();
        let period = "2026-Q4".parse().unwrap();
        let line = StandingLine { plan_ref: "II.1".into(), indicator: "CDS-17".into(), ..StandingLine::default() };
        let standing = Standing {
            scheme: "own".into(),
            period,
            rank: Some(3),
            ranked_communes: 5,
            score: "81.250000".into(),
            met: 10,
            scored: 12,
            on_time: "1.000000".into(),
            movement: "-2".into(),
            provisional: 1,
            computed_at: at,
            lines: vec![line; 2],
        };
        vec![
            FeedItem::Exception { period, cutoff: "2026-10-25".parse().ok(), reason: "bão".into() },
            FeedItem::Exception { period, cutoff: None, reason: String::new() },
            FeedItem::Verdict {
                observation,
                decision: Decision::Returned,
                reason: "thiếu minh chứng".into(),
                reviewer: "Trần Thị Bình".into(),
                decided_at: at,
            },
            FeedItem::Closed { period, closed: true },
            FeedItem::Standing(Standing { rank: None, lines: vec![], ..standing.clone() }),
            FeedItem::Standing(standing),
        ]
    }

    #[test]
    fn items_survive_the_wire() {
        for item in items() {
            assert_eq!(from_wire(&to_wire(&item)), Ok(item));
        }
        assert_eq!(from_wire(&v1::FeedPart::default()), Err(WireError::UnknownKind));
    }

    #[test]
    fn a_bad_word_is_refused_with_its_field() {
        let verdict = v1::ReviewVerdict { decision: "maybe".into(), ..v1::ReviewVerdict::default() };
        let id: Uuid = uuid::Builder::from_unix_timestamp_millis(9, &[3; 10]).into_uuid();
        let verdict = v1::ReviewVerdict { observation_change_id: id.as_bytes().to_vec(), ..verdict };
        let error =
            from_wire(&v1::FeedPart { item: v1::FeedItem { item: Some(Item::Verdict(verdict)) }.encode_to_vec() })
                .unwrap_err();
        assert_eq!(error.to_string(), "verdict.decision: unknown word \"maybe\"");
    }

    #[test]
    fn the_checksum_notices_a_lost_a_doubled_and_a_changed_part() {
        let parts: Vec<_> = items().iter().map(to_wire).collect();
        let of = |parts: &[v1::FeedPart]| {
            parts.iter().fold(Checksum::default(), |mut sum, part| {
                sum.add(part);
                sum
            })
        };
        let end = of(&parts).end(7);
        assert_eq!((end.position, end.parts), (7, 6));
        assert_eq!(of(&parts).check(&end), Ok(()));
        assert!(of(&parts[1..]).check(&end).is_err());
        assert!(of(&[parts.clone(), parts[..1].to_vec()].concat()).check(&end).is_err());
        let mut swapped = parts.clone();
        swapped.swap(0, 1);
        assert!(of(&swapped).check(&end).is_err());
        assert_eq!(Checksum::default().check(&Checksum::default().end(0)), Ok(()));
    }
}
