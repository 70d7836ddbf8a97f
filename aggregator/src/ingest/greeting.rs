//! The verdict on an agent's hello: how its log and the one held here stand to each other, and what follows. Pure.

use super::machine::Admission;
use crate::store::Opening;
use proto::{
    MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT, PROTOCOL_MAX, PROTOCOL_MIN, position,
    sync::v1::{self, Verdict},
};
use shared::change::{Incarnation, LogPosition};

/// Longest province id and build version looked at, in bytes.
const MAX_WORD_BYTES: usize = 100;

/// A hello that makes sense by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeting {
    pub(super) protocols: (u32, u32),
    pub(super) build: String,
    pub(super) province: String,
    pub(super) incarnation: Incarnation,
    pub(super) head: LogPosition,
    pub(super) acknowledged: LogPosition,
}

impl Greeting {
    /// Reads a hello.
    ///
    /// # Errors
    /// What does not make sense.
    pub fn read(hello: v1::Hello) -> Result<Self, &'static str> {
        if hello.protocol_min == 0 || hello.protocol_min > hello.protocol_max {
            return Err("hello: protocol range");
        }
        if hello.build.len() > MAX_WORD_BYTES || hello.province.len() > MAX_WORD_BYTES {
            return Err("hello: a text is too long");
        }
        let head = position::from_wire(hello.head).map_err(|_| "hello: head")?;
        let acknowledged = position::from_wire(hello.acknowledged).map_err(|_| "hello: acknowledged")?;
        if acknowledged.seq > head.seq || (acknowledged.seq == head.seq && acknowledged != head) {
            return Err("hello: acknowledged beyond the head, or beside it");
        }
        Ok(Self {
            protocols: (hello.protocol_min, hello.protocol_max),
            build: hello.build.chars().filter(|c| !c.is_control()).collect(),
            province: hello.province,
            incarnation: position::incarnation(&hello.incarnation).map_err(|_| "hello: incarnation")?,
            head,
            acknowledged,
        })
    }
}

/// Decides for one province.
#[derive(Debug, Clone)]
pub(super) struct Verdicts {
    pub(super) province: String,
    pub(super) exercise: bool,
}

impl Verdicts {
    /// The welcome, or why there is none.
    pub(super) fn decide(
        &self,
        greeting: &Greeting,
        opening: &Opening,
        admission: Admission,
        clock_unix_ms: i64,
    ) -> Result<v1::Welcome, v1::TurnedAway> {
        let held = opening.head.map_or(LogPosition::START, |(_, head)| head);
        let turned_away = |verdict: Verdict, detail: &str, retry_after_ms: u64| v1::TurnedAway {
            verdict: verdict.into(),
            detail: detail.to_owned(),
            retry_after_ms,
            position: (verdict == Verdict::AgentBehind || verdict == Verdict::Fork).then(|| position::to_wire(held)),
            clock_unix_ms,
        };
        let protocol = self.protocol(greeting).map_err(|(verdict, detail)| turned_away(verdict, detail, 0))?;
        if !opening.certificate_valid {
            return Err(turned_away(Verdict::Revoked, "the certificate was revoked", 0));
        }
        if let Admission::Later { retry_after_ms } = admission {
            return Err(turned_away(Verdict::RetryLater, "too many sessions", retry_after_ms));
        }
        let verdict = match compare(greeting, opening) {
            verdict @ (Verdict::Ok | Verdict::ServerBehind) => verdict,
            verdict => return Err(turned_away(verdict, "the logs do not agree", 0)),
        };
        Ok(v1::Welcome {
            protocol,
            verdict: verdict.into(),
            position: Some(position::to_wire(held)),
            clock_unix_ms,
            max_batch_bytes: u32::try_from(MAX_BATCH_BYTES).unwrap_or(u32::MAX),
            max_batches_in_flight: u32::try_from(MAX_BATCHES_IN_FLIGHT).unwrap_or(1),
            exercise: self.exercise,
            ..v1::Welcome::default()
        })
    }

    /// The newest protocol that both speak.
    fn protocol(&self, greeting: &Greeting) -> Result<u32, (Verdict, &'static str)> {
        let (oldest, newest) = greeting.protocols;
        let protocol = newest.min(PROTOCOL_MAX);
        if protocol < oldest.max(PROTOCOL_MIN) {
            return Err((Verdict::UpgradeRequired, "no common protocol version"));
        }
        if greeting.province != self.province {
            return Err((Verdict::WrongProvince, "another province"));
        }
        Ok(protocol)
    }
}

/// How the agent's log and the one held stand to each other.
fn compare(greeting: &Greeting, opening: &Opening) -> Verdict {
    let acknowledged = greeting.acknowledged;
    let Some((incarnation, held)) = opening.head.filter(|(_, held)| held.seq > 0) else {
        return if acknowledged.seq > 0 { Verdict::ServerBehind } else { Verdict::Ok };
    };
    if incarnation != greeting.incarnation {
        // Another life of the commune's store: it must take its own history back first.
        return Verdict::AgentBehind;
    }
    if held.seq > greeting.head.seq {
        let agrees = opening.chain_at_head == Some(greeting.head.chain);
        return if agrees { Verdict::AgentBehind } else { Verdict::Fork };
    }
    if held.seq == greeting.head.seq && held.chain != greeting.head.chain {
        return Verdict::Fork;
    }
    if acknowledged.seq > held.seq {
        return Verdict::ServerBehind;
    }
    let agrees = if acknowledged.seq == held.seq {
        acknowledged.chain == held.chain
    } else {
        opening.chain_at_acknowledged == Some(acknowledged.chain)
    };
    if agrees { Verdict::Ok } else { Verdict::Fork }
}
