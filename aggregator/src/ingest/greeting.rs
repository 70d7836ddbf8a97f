//! The verdict on an agent's hello: how its log and the one held here stand to each other, and what follows. Pure.

use super::machine::{Admission, PROTOCOL_HEALING};
use crate::store::{Lineage, Opening};
use proto::{
    MAX_AUTHORITIES, MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT, MAX_CHUNK_BYTES, MAX_PAGE_CHANGES, PROTOCOL_MAX,
    PROTOCOL_MIN, position,
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
    pub(super) clock_unix_ms: Option<i64>,
    /// SHA-256 of each authority that the agent trusts.
    pub(super) authorities: Vec<[u8; 32]>,
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
        if hello.authorities.len() > MAX_AUTHORITIES {
            return Err("hello: too many authorities");
        }
        let authorities = hello.authorities.iter().map(|one| <[u8; 32]>::try_from(&one[..]));
        let authorities = authorities.collect::<Result<_, _>>().map_err(|_| "hello: authority")?;
        Ok(Self {
            protocols: (hello.protocol_min, hello.protocol_max),
            build: hello.build.chars().filter(|c| !c.is_control()).collect(),
            province: hello.province,
            incarnation: position::incarnation(&hello.incarnation).map_err(|_| "hello: incarnation")?,
            head,
            acknowledged,
            clock_unix_ms: Some(hello.clock_unix_ms).filter(|ms| *ms > 0),
            authorities,
        })
    }

    /// The newest protocol that both ends speak, if there is one.
    pub(super) fn protocol(&self) -> Option<u32> {
        let (oldest, newest) = self.protocols;
        let protocol = newest.min(PROTOCOL_MAX);
        (protocol >= oldest.max(PROTOCOL_MIN)).then_some(protocol)
    }
}

/// How much goes into one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Most bytes of changes that an agent is asked to put into a batch.
    pub batch_bytes: usize,
    /// Most changes in a page of history.
    pub page_changes: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { batch_bytes: MAX_BATCH_BYTES, page_changes: MAX_PAGE_CHANGES }
    }
}

/// How one province receives its communes' agents.
#[derive(Debug, Clone, Default)]
pub struct Hospitality {
    /// Province id.
    pub province: String,
    /// A training province.
    pub exercise: bool,
    /// Certificate of the key that signs receipts, DER.
    pub receipt_certificate: Vec<u8>,
    /// The authorities that agents are to trust from now on, DER; none: no change.
    pub authorities: Vec<Vec<u8>>,
    /// X25519 public key for which bundles are sealed.
    pub bundle_key: Vec<u8>,
    /// How much goes into one frame.
    pub sizes: Sizes,
}

impl Hospitality {
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
        let Some(protocol) = greeting.protocol() else {
            return Err(turned_away(Verdict::UpgradeRequired, "no common protocol version", 0));
        };
        if greeting.province != self.province {
            return Err(turned_away(Verdict::WrongProvince, "another province", 0));
        }
        if !opening.certificate_valid {
            return Err(turned_away(Verdict::Revoked, "the certificate was revoked", 0));
        }
        if let Admission::Later { retry_after_ms } = admission {
            return Err(turned_away(Verdict::RetryLater, "too many sessions", retry_after_ms));
        }
        let welcome = v1::Welcome {
            protocol,
            position: Some(position::to_wire(held)),
            clock_unix_ms,
            max_batch_bytes: u32::try_from(self.sizes.batch_bytes.min(MAX_BATCH_BYTES)).unwrap_or(u32::MAX),
            max_batches_in_flight: u32::try_from(MAX_BATCHES_IN_FLIGHT).unwrap_or(1),
            exercise: self.exercise,
            ..v1::Welcome::default()
        };
        if protocol < PROTOCOL_HEALING {
            return match compare_lives(greeting, opening) {
                verdict @ (Verdict::Ok | Verdict::ServerBehind) => {
                    Ok(v1::Welcome { verdict: verdict.into(), ..welcome })
                }
                verdict => Err(turned_away(verdict, "the logs do not agree", 0)),
            };
        }
        Ok(v1::Welcome {
            verdict: compare(greeting, opening).into(),
            authorities: self.authorities.clone(),
            receipt_certificate: self.receipt_certificate.clone(),
            bundle_key: self.bundle_key.clone(),
            epoch: opening.epoch.to_vec(),
            evidence_losses: opening.evidence_losses,
            common: Some(position::to_wire(common(greeting, opening))),
            max_chunk_bytes: u32::try_from(MAX_CHUNK_BYTES).unwrap_or(u32::MAX),
            ..welcome
        })
    }
}

/// With protocol 1 an agent cannot heal: another life of its store is turned away, whatever its log says.
fn compare_lives(greeting: &Greeting, opening: &Opening) -> Verdict {
    match opening.head.filter(|(_, held)| held.seq > 0) {
        Some((incarnation, _)) if incarnation != greeting.incarnation => Verdict::AgentBehind,
        _ => compare(greeting, opening),
    }
}

/// How the agent's log and the one held stand to each other. The chains decide; lives only tell copies apart.
fn compare(greeting: &Greeting, opening: &Opening) -> Verdict {
    #[cfg(feature = "planted-faults")]
    if proto::plant::is_planted(proto::plant::Plant::NoChainCheck) {
        return Verdict::Ok;
    }
    let (head, acknowledged) = (greeting.head, greeting.acknowledged);
    let Some((_, held)) = opening.head.filter(|(_, held)| held.seq > 0) else {
        return if acknowledged.seq > 0 { Verdict::ServerBehind } else { Verdict::Ok };
    };
    if held.seq > head.seq {
        return if opening.chain_at_head == Some(head.chain) { Verdict::AgentBehind } else { Verdict::Fork };
    }
    let agrees = if acknowledged.seq > held.seq {
        // Whether what is left here is the agent's own, only the agent can tell.
        true
    } else if acknowledged.seq == held.seq {
        acknowledged.chain == held.chain
    } else {
        opening.chain_at_acknowledged == Some(acknowledged.chain)
    };
    if !agrees || (held.seq == head.seq && held.chain != head.chain) {
        return Verdict::Fork;
    }
    match opening.lineage {
        // Another copy went on in its place; it has to become a life of its own before it may send anything.
        Lineage::Superseded => Verdict::AgentBehind,
        Lineage::Current | Lineage::New if acknowledged.seq > held.seq => Verdict::ServerBehind,
        Lineage::Current | Lineage::New => Verdict::Ok,
    }
}

/// The last of the agent's head, its acknowledged position and the beginning that the log held has too.
fn common(greeting: &Greeting, opening: &Opening) -> LogPosition {
    let held = |position: LogPosition, chain| chain == Some(position.chain);
    if held(greeting.head, opening.chain_at_head) {
        greeting.head
    } else if held(greeting.acknowledged, opening.chain_at_acknowledged) {
        greeting.acknowledged
    } else {
        LogPosition::START
    }
}

#[cfg(test)]
mod tests;
