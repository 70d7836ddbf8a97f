//! Changes of an agent's log <-> encoded `ChangeBody`.
//!
//! The chain is over the bytes, so whoever holds a change keeps its bytes; they are never made again from the domain.
//! Reading checks form and bounds; whether a figure is allowed is decided by `shared::observation::EntryRules`.

use crate::{
    WireError, field,
    sync::v1::{
        ChangeBody, ConflictNoted, ConflictSettled, EvidenceAttached, ObservationRecorded, Ratio, change_body::Kind,
        observation_recorded::Value as Wire,
    },
};
use prost::Message;
use shared::{
    change::{CHANGE_SCHEMA, Change, Conflict, Deed, Evidence},
    observation::{MAX_FILE_NAME_CHARS, MAX_NAME_CHARS, MAX_NOTE_CHARS, Observation, ObservationKey, Value},
};
use uuid::Uuid;

/// Largest evidence file that can be named, in bytes. What an agent takes is less.
pub const MAX_EVIDENCE_BYTES: u64 = 1 << 30;

/// The bytes of a change, the ones that the chain is over.
#[must_use]
pub fn encode(change: &Change) -> Vec<u8> {
    let kind = match &change.deed {
        Deed::Recorded(observation) => Kind::Observation(observation_to_wire(observation)),
        Deed::Attached(evidence) => Kind::Evidence(EvidenceAttached {
            observation_change_id: evidence.observation.as_bytes().to_vec(),
            sha256: evidence.sha256.to_vec(),
            name: evidence.name.clone(),
            size_bytes: evidence.size_bytes,
        }),
        Deed::ConflictNoted(conflict) => Kind::ConflictNoted(ConflictNoted {
            earlier: conflict.earlier.as_bytes().to_vec(),
            later: conflict.later.as_bytes().to_vec(),
        }),
        Deed::ConflictSettled(conflict) => {
            Kind::ConflictSettled(ConflictSettled { conflict: conflict.as_bytes().to_vec() })
        }
    };
    let body = ChangeBody {
        change_id: change.id.as_bytes().to_vec(),
        schema: CHANGE_SCHEMA,
        entered_at_unix_ms: change.entered_at.timestamp_millis(),
        entered_by: change.entered_by.clone(),
        kind: Some(kind),
    };
    body.encode_to_vec()
}

/// Reads a change.
///
/// # Errors
/// The first field that is not what it should be. [`WireError::is_from_later_version`] tells a change that a later
/// version of this program may read.
pub fn decode(bytes: &[u8]) -> Result<Change, WireError> {
    let body = ChangeBody::decode(field::bounded_body("body", bytes)?)
        .map_err(|error| WireError::Unreadable(error.to_string()))?;
    match body.schema {
        0 => return Err(WireError::field("schema", "missing")),
        schema if schema > CHANGE_SCHEMA => return Err(WireError::UnknownSchema(schema)),
        _ => {}
    }
    let deed = match body.kind.ok_or(WireError::UnknownKind)? {
        Kind::Observation(observation) => Deed::Recorded(observation_from_wire(observation)?),
        Kind::Evidence(evidence) => Deed::Attached(evidence_from_wire(evidence)?),
        Kind::ConflictNoted(noted) => Deed::ConflictNoted(Conflict {
            earlier: field::change_id("earlier", &noted.earlier)?,
            later: field::change_id("later", &noted.later)?,
        }),
        Kind::ConflictSettled(settled) => Deed::ConflictSettled(field::change_id("conflict", &settled.conflict)?),
    };
    Ok(Change {
        id: field::change_id("change_id", &body.change_id)?,
        entered_at: field::instant("entered_at", body.entered_at_unix_ms)?,
        entered_by: field::line("entered_by", body.entered_by, MAX_NAME_CHARS)?,
        deed,
    })
}

/// The id of a change that is perhaps not readable as a whole.
#[must_use]
pub fn id_within(bytes: &[u8]) -> Option<Uuid> {
    ChangeBody::decode(bytes).ok().and_then(|body| Uuid::from_slice(&body.change_id).ok())
}

fn observation_to_wire(observation: &Observation) -> ObservationRecorded {
    let value = match observation.value {
        Value::Ratio { numerator, denominator } => {
            Wire::Ratio(Ratio { numerator: numerator.to_string(), denominator: denominator.to_string() })
        }
        Value::Percent(percent) => Wire::Percent(percent.to_string()),
        Value::Count(count) => Wire::Count(count),
        Value::Decimal(decimal) => Wire::Decimal(decimal.to_string()),
        Value::Flag(flag) => Wire::Flag(flag),
    };
    ObservationRecorded {
        indicator: observation.key.indicator.clone(),
        unit: observation.key.unit.clone(),
        period: observation.key.period.to_string(),
        value: Some(value),
        note: observation.note.clone(),
    }
}

fn observation_from_wire(wire: ObservationRecorded) -> Result<Observation, WireError> {
    let value = match wire.value.ok_or_else(|| WireError::field("value", "missing"))? {
        Wire::Ratio(ratio) => Value::Ratio {
            numerator: field::amount("numerator", &ratio.numerator)?,
            denominator: field::amount("denominator", &ratio.denominator)?,
        },
        Wire::Percent(percent) => Value::Percent(field::amount("percent", &percent)?),
        Wire::Count(count) => Value::Count(count),
        Wire::Decimal(decimal) => Value::Decimal(field::amount("decimal", &decimal)?),
        Wire::Flag(flag) => Value::Flag(flag),
    };
    let key = ObservationKey {
        indicator: field::code("indicator", wire.indicator)?,
        unit: field::line("unit", wire.unit, field::MAX_CODE_CHARS)?,
        period: field::period("period", &wire.period)?,
    };
    Ok(Observation { key, value, note: field::lines("note", wire.note, MAX_NOTE_CHARS)? })
}

fn evidence_from_wire(wire: EvidenceAttached) -> Result<Evidence, WireError> {
    if wire.name.is_empty() {
        return Err(WireError::field("name", "missing"));
    }
    if wire.name.contains(['/', '\\']) || wire.name == "." || wire.name == ".." {
        return Err(WireError::field("name", "a path, not a file name"));
    }
    if wire.size_bytes > MAX_EVIDENCE_BYTES {
        return Err(WireError::field("size_bytes", format!("{}, at most {MAX_EVIDENCE_BYTES}", wire.size_bytes)));
    }
    Ok(Evidence {
        observation: field::change_id("observation_change_id", &wire.observation_change_id)?,
        sha256: field::bytes("sha256", &wire.sha256)?,
        name: field::line("name", wire.name, MAX_FILE_NAME_CHARS)?,
        size_bytes: wire.size_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;
    use shared::{
        amount::Amount,
        change::MAX_BODY_BYTES,
        observation::Refusal,
        period::{Cycle, Period},
    };
    use uuid::Uuid;

    fn amounts() -> impl Strategy<Value = Amount> {
        any::<i64>().prop_map(|micros| Amount::from_micros(i128::from(micros)).unwrap())
    }

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            (amounts(), amounts()).prop_map(|(numerator, denominator)| Value::Ratio { numerator, denominator }),
            amounts().prop_map(Value::Percent),
            any::<u64>().prop_map(Value::Count),
            amounts().prop_map(Value::Decimal),
            any::<bool>().prop_map(Value::Flag),
        ]
    }

    fn ids() -> impl Strategy<Value = Uuid> {
        any::<(u32, [u8; 10])>()
            .prop_map(|(ms, random)| uuid::Builder::from_unix_timestamp_millis(u64::from(ms), &random).into_uuid())
    }

    fn periods() -> impl Strategy<Value = Period> {
        (2000i32..2200, 0usize..4, 1u32..13)
            .prop_filter_map("no such period", |(year, cycle, number)| Period::new(year, Cycle::ALL[cycle], number))
    }

    fn deeds() -> impl Strategy<Value = Deed> {
        let recorded = ("[A-Z]{1,4}-[0-9]{1,3}", "[a-z-]{0,12}", periods(), values(), "[^\\p{Cc}]{0,60}\n?").prop_map(
            |(indicator, unit, period, value, note)| {
                Deed::Recorded(Observation { key: ObservationKey { indicator, unit, period }, value, note })
            },
        );
        let attached = (ids(), any::<[u8; 32]>(), "[^\\p{Cc}/\\\\]{3,60}", 0..=MAX_EVIDENCE_BYTES).prop_map(
            |(observation, sha256, name, size_bytes)| {
                Deed::Attached(Evidence { observation, sha256, name, size_bytes })
            },
        );
        let noted = (ids(), ids()).prop_map(|(earlier, later)| Deed::ConflictNoted(Conflict { earlier, later }));
        prop_oneof![recorded, attached, noted, ids().prop_map(Deed::ConflictSettled)]
    }

    fn changes() -> impl Strategy<Value = Change> {
        (ids(), 0i64..4_000_000_000_000, "[^\\p{Cc}]{0,40}", deeds()).prop_map(|(id, ms, entered_by, deed)| Change {
            id,
            entered_at: DateTime::from_timestamp_millis(ms).unwrap(),
            entered_by,
            deed,
        })
    }

    proptest! {
        #[test]
        fn a_change_survives_the_wire(change in changes()) {
            let bytes = encode(&change);
            prop_assert!(bytes.len() <= MAX_BODY_BYTES);
            prop_assert_eq!(decode(&bytes), Ok(change));
        }

        #[test]
        fn damaged_bytes_are_refused_or_read_and_never_panic(
            change in changes(),
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<proptest::sample::Index>(),
        ) {
            let mut bytes = encode(&change);
            for (place, byte) in damage {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Ok(read) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(&read)), Ok(read));
            }
            bytes.truncate(cut.index(bytes.len()));
            let _ = decode(&bytes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes);
        }
    }

    fn body() -> ChangeBody {
        let id = uuid::Builder::from_unix_timestamp_millis(1, &[7; 10]).into_uuid();
        ChangeBody {
            change_id: id.as_bytes().to_vec(),
            schema: 1,
            entered_at_unix_ms: 1_790_000_000_000,
            entered_by: "Nguyễn Văn An".into(),
            kind: Some(Kind::Observation(ObservationRecorded {
                indicator: "CDS-17".into(),
                unit: String::new(),
                period: "2026-10".into(),
                value: Some(Wire::Percent("82.5".into())),
                note: String::new(),
            })),
        }
    }

    fn refused(change: impl FnOnce(&mut ChangeBody)) -> WireError {
        let mut body = body();
        change(&mut body);
        decode(&body.encode_to_vec()).unwrap_err()
    }

    fn refused_observation(change: impl FnOnce(&mut ObservationRecorded)) -> WireError {
        refused(|body| match &mut body.kind {
            Some(Kind::Observation(observation)) => change(observation),
            _ => unreachable!(),
        })
    }

    fn refused_field(error: &WireError) -> &'static str {
        match error {
            WireError::Field { field, .. } | WireError::TooLong { field, .. } => field,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn each_refusal_names_its_field() {
        assert!(decode(&body().encode_to_vec()).is_ok());
        let cases = [
            ("change_id", refused(|b| b.change_id.truncate(15))),
            ("change_id", refused(|b| b.change_id = vec![0; 16])),
            ("schema", refused(|b| b.schema = 0)),
            ("entered_at", refused(|b| b.entered_at_unix_ms = i64::MIN)),
            ("entered_by", refused(|b| b.entered_by = "a".repeat(MAX_NAME_CHARS + 1))),
            ("entered_by", refused(|b| b.entered_by = "\u{1b}[2J".into())),
            ("indicator", refused_observation(|o| o.indicator.clear())),
            ("indicator", refused_observation(|o| o.indicator = "X".repeat(65))),
            ("period", refused_observation(|o| o.period = "2026-13".into())),
            ("value", refused_observation(|o| o.value = None)),
            ("percent", refused_observation(|o| o.value = Some(Wire::Percent("NaN".into())))),
            ("decimal", refused_observation(|o| o.value = Some(Wire::Decimal("1e9".into())))),
            ("numerator", refused_observation(|o| o.value = Some(Wire::Ratio(Ratio::default())))),
            ("note", refused_observation(|o| o.note = "đ".repeat(MAX_NOTE_CHARS + 1))),
            ("body", decode(&vec![0; MAX_BODY_BYTES + 1]).unwrap_err()),
        ];
        for (field, error) in cases {
            assert_eq!(refused_field(&error), field, "{error}");
        }
    }

    #[test]
    fn evidence_has_a_file_name_and_not_a_path() {
        for (name, good) in
            [("biên bản.pdf", true), ("", false), ("../x", false), ("..", false), ("a\\b", false), ("a\nb", false)]
        {
            let evidence = EvidenceAttached {
                observation_change_id: body().change_id,
                sha256: vec![1; 32],
                name: name.into(),
                size_bytes: 10,
            };
            let changed = ChangeBody { kind: Some(Kind::Evidence(evidence)), ..body() };
            assert_eq!(decode(&changed.encode_to_vec()).is_ok(), good, "{name:?}");
        }
    }

    #[test]
    fn what_a_later_version_writes_is_told_apart() {
        assert_eq!(refused(|b| b.kind = None), WireError::UnknownKind);
        assert_eq!(refused(|b| b.schema = 2), WireError::UnknownSchema(2));
        // Field 31, a kind that does not exist yet.
        let mut bytes = ChangeBody { kind: None, ..body() }.encode_to_vec();
        bytes.extend_from_slice(&[0xfa, 0x01, 3, 1, 2, 3]);
        let error = decode(&bytes).unwrap_err();
        assert!(error.is_from_later_version());
        assert_eq!(error.refusal().code(), "unreadable");
    }

    #[test]
    fn a_text_too_long_is_refused_as_such() {
        let error = refused_observation(|o| o.note = "a".repeat(MAX_NOTE_CHARS + 1));
        assert_eq!(error.refusal(), Refusal::TextTooLong("note"));
    }
}
