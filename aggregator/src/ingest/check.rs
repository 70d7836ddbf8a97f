//! Reads a change and applies the entry rules. No database; what only the store can know is checked by the writer.

use crate::{province::Rulebook, store::Judged};
use shared::{change::Deed, digest::RecordHash};

/// Judges one change of a commune by its bytes.
#[must_use]
pub fn judge(rulebook: &Rulebook, commune: &str, body: &[u8]) -> Judged {
    let change = match proto::change::decode(body) {
        Ok(change) => change,
        Err(error) if error.is_from_later_version() => return Judged::Parked,
        // Named, if that much can be read, so that the agent can name it.
        Err(error) => {
            let change_id = proto::change::id_within(body).unwrap_or_default();
            return Judged::Refused { change_id, refusal: error.refusal() };
        }
    };
    let checked = match &change.deed {
        Deed::Recorded(observation) => rulebook.check(commune, observation),
        Deed::Attached(_) | Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => Ok(()),
    };
    match checked {
        Ok(()) => Judged::Fit(change),
        Err(refusal) => Judged::Refused { change_id: change.id, refusal },
    }
}

/// The hash of the record that a change makes. Made here, outside the writer.
#[must_use]
pub fn record_hash(judged: &Judged) -> Option<RecordHash> {
    let Judged::Fit(change) = judged else { return None };
    match &change.deed {
        Deed::Recorded(figure) => Some(RecordHash::figure(change.id, figure, &change.entered_by, change.entered_at)),
        Deed::Attached(evidence) => Some(RecordHash::evidence(evidence, &change.entered_by, change.entered_at)),
        Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, change_id, evidence, figure};
    use proptest::prelude::*;
    use prost::Message;
    use proto::sync::v1::{ChangeBody, ObservationRecorded};
    use shared::{
        change::Change,
        observation::{Refusal, Value},
    };
    use std::sync::LazyLock;

    static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::new(1, sample::catalogue().0.into()));

    fn found(body: &[u8]) -> Result<(), String> {
        match judge(&RULES, "tan-phu", body) {
            Judged::Fit(_) => Ok(()),
            Judged::Refused { refusal, .. } => Err(refusal.code().into()),
            Judged::Parked => Err("parked".into()),
        }
    }

    fn with(alter: impl FnOnce(&mut shared::observation::Observation)) -> Vec<u8> {
        let mut change: Change = figure(1, "2026-10", 1);
        if let Deed::Recorded(observation) = &mut change.deed {
            alter(observation);
        }
        proto::change::encode(&change)
    }

    #[test]
    fn each_rule_has_its_refusal() {
        let refused = |code: &str| Err(code.to_owned());
        assert_eq!(found(&with(|_| {})), Ok(()));
        assert_eq!(found(&proto::change::encode(&evidence(2, 1, 1))), Ok(()));
        assert_eq!(found(&with(|o| o.key.indicator = "CDS-99".into())), refused("unknown_indicator"));
        assert_eq!(found(&with(|o| o.key.unit = "no-such".into())), refused("unknown_unit"));
        assert_eq!(found(&with(|o| o.key.period = "2025-10".parse().unwrap())), refused("outside_plan_year"));
        assert_eq!(found(&with(|o| o.value = Value::Count(3))), refused("wrong_kind"));
        assert_eq!(found(b"\xff"), refused("unreadable"));
        assert_eq!(found(b""), refused("unreadable"));
    }

    #[test]
    fn what_a_later_version_may_know_is_parked_and_what_is_refused_keeps_its_id() {
        let mut later = ChangeBody::decode(&proto::change::encode(&figure(1, "2026-10", 1))[..]).unwrap();
        later.kind = None;
        assert_eq!(found(&later.encode_to_vec()), Err("parked".into()));
        later.kind = Some(proto::sync::v1::change_body::Kind::Observation(ObservationRecorded::default()));
        let judged = judge(&RULES, "tan-phu", &later.encode_to_vec());
        assert!(
            matches!(judged, Judged::Refused { change_id: id, refusal: Refusal::Unreadable(_) } if id == change_id(1))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much_for_it(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..200usize) {
            let _ = judge(&RULES, "tan-phu", &bytes);
            let mut body = with(|_| {});
            let place = at % body.len();
            body[place] ^= bytes.first().copied().unwrap_or(1);
            let _ = judge(&RULES, "tan-phu", &body);
        }
    }
}
