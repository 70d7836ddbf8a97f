//! The verdict, cell by cell.

use super::*;
use shared::change::Chain;

const LIFE: Incarnation = Incarnation([1; 16]);

/// A log in which the changes from the `fork`-th on are of another branch.
fn at(seq: u64, fork: u64) -> LogPosition {
    let body = |seq: u64| if seq >= fork { format!("other {seq}") } else { format!("own {seq}") };
    (1..=seq).fold(LogPosition::START, |position, seq| position.then(body(seq).as_bytes()))
}

const NEVER: u64 = u64::MAX;

fn greeting(protocol: u32, head: u64, acknowledged: u64) -> Greeting {
    let position = |seq| Some(position::to_wire(at(seq, NEVER)));
    let hello = v1::Hello {
        protocol_min: 1,
        protocol_max: protocol,
        province: "dong-nai".into(),
        incarnation: LIFE.0.to_vec(),
        head: position(head),
        acknowledged: position(acknowledged),
        ..v1::Hello::default()
    };
    Greeting::read(hello).unwrap()
}

/// What the store says of a log of `held` changes that left the agent's own at the `fork`-th.
fn opening(held: u64, fork: u64, head: u64, acknowledged: u64, lineage: Lineage) -> Opening {
    let chain = |seq: u64| (seq <= held).then(|| at(seq, fork).chain);
    let newest = if lineage == Lineage::Current { LIFE } else { Incarnation([2; 16]) };
    Opening {
        certificate_valid: true,
        head: (held > 0).then(|| (newest, at(held, fork))),
        lineage,
        chain_at_head: chain(head),
        chain_at_acknowledged: chain(acknowledged),
        epoch: [3; 16],
        evidence_losses: 4,
    }
}

fn hospitality() -> Hospitality {
    Hospitality { province: "dong-nai".into(), ..Hospitality::default() }
}

/// The verdict and, where the session goes on, the common position's seq.
fn decide(greeting: &Greeting, opening: &Opening) -> (Verdict, Option<u64>) {
    match hospitality().decide(greeting, opening, Admission::Granted, 7) {
        Ok(welcome) => (welcome.verdict(), welcome.common.map(|common| common.seq)),
        Err(away) => (away.verdict(), None),
    }
}

#[test]
fn every_cell_of_the_restore_matrix() {
    use Lineage::{Current, New, Superseded};
    use Verdict::{AgentBehind, Fork, Ok, ServerBehind};
    // The agent's head and acknowledged, what is held and where it left the agent's log; the agent's life; the verdict, and the
    // last position that both have.
    let cells = [
        // Both current.
        ((9, 9), (9, NEVER), Current, (Ok, 9)),
        ((12, 9), (9, NEVER), Current, (Ok, 9)),
        ((12, 4), (9, NEVER), Current, (Ok, 4)),
        ((0, 0), (0, NEVER), New, (Ok, 0)),
        ((5, 0), (0, NEVER), New, (Ok, 0)),
        // A restored agent whose backup was current: nothing is missing.
        ((9, 9), (9, NEVER), New, (Ok, 9)),
        // A restored agent: its backup is older. Before and after it was written to.
        ((4, 4), (9, NEVER), New, (AgentBehind, 4)),
        ((4, 4), (9, NEVER), Current, (AgentBehind, 4)),
        ((6, 4), (9, 5), New, (Fork, 4)),
        ((9, 4), (9, 5), New, (Fork, 4)),
        ((12, 4), (9, 5), New, (Ok, 4)),
        // A lost computer that joins again.
        ((0, 0), (9, NEVER), New, (AgentBehind, 0)),
        ((2, 0), (9, 1), New, (Fork, 0)),
        // The aggregator was restored: it holds less than it acknowledged.
        ((9, 9), (4, NEVER), Current, (ServerBehind, 0)),
        ((9, 9), (0, NEVER), New, (ServerBehind, 0)),
        ((12, 9), (4, NEVER), New, (ServerBehind, 0)),
        // Both restored.
        ((6, 6), (4, NEVER), New, (ServerBehind, 0)),
        ((4, 4), (6, NEVER), New, (AgentBehind, 4)),
        ((4, 4), (4, NEVER), New, (Ok, 4)),
        // A copy went on in its place: both wrote, only the other did, none did.
        ((12, 9), (14, 10), Superseded, (Fork, 9)),
        ((9, 9), (14, NEVER), Superseded, (AgentBehind, 9)),
        ((9, 9), (9, NEVER), Superseded, (AgentBehind, 9)),
        ((12, 9), (9, NEVER), Superseded, (AgentBehind, 9)),
        ((9, 9), (4, NEVER), Superseded, (AgentBehind, 0)),
        // What was acknowledged is not what is held.
        ((12, 9), (10, 9), Current, (Fork, 0)),
        ((9, 9), (9, 9), Current, (Fork, 0)),
    ];
    for ((head, acknowledged), (held, fork), lineage, (verdict, common)) in cells {
        let found = decide(&greeting(2, head, acknowledged), &opening(held, fork, head, acknowledged, lineage));
        assert_eq!(
            found,
            (verdict, Some(common)),
            "agent {head}/{acknowledged} {lineage:?}, held {held} of another log from {fork} on"
        );
        // An agent that cannot heal goes on only in its own life, and is turned away where it would have to heal.
        let (found, common) =
            decide(&greeting(1, head, acknowledged), &opening(held, fork, head, acknowledged, lineage));
        let alien = held > 0 && lineage != Current;
        let expected = if alien { AgentBehind } else { verdict };
        assert_eq!((found, common), (expected, None), "the same with protocol 1");
    }
}

#[test]
fn only_protocol_two_is_told_of_its_things() {
    let hospitality =
        Hospitality { receipt_certificate: vec![1], authorities: vec![vec![2], vec![3]], ..hospitality() };
    let opening = opening(4, NEVER, 4, 4, Lineage::Current);
    let welcome = |protocol| hospitality.decide(&greeting(protocol, 4, 4), &opening, Admission::Granted, 7).unwrap();
    let old = welcome(1);
    assert_eq!((old.protocol, old.epoch.len(), old.max_chunk_bytes, old.common), (1, 0, 0, None));
    assert!(old.receipt_certificate.is_empty() && old.authorities.is_empty());
    let new = welcome(2);
    assert_eq!((old.evidence_losses, new.evidence_losses), (0, 4));
    assert_eq!((new.protocol, new.epoch, new.receipt_certificate), (2, vec![3; 16], vec![1]));
    assert_eq!(new.authorities, [vec![2], vec![3]]);
    assert_eq!(welcome(9).protocol, PROTOCOL_MAX);
}

#[test]
fn the_end_of_a_session_comes_before_any_look_at_the_log() {
    let (greeting, revoked) = (greeting(2, 4, 4), Opening { certificate_valid: false, ..Opening::default() });
    assert_eq!(decide(&greeting, &revoked).0, Verdict::Revoked);
    let stranger = Greeting { province: "ca-mau".into(), ..greeting.clone() };
    assert_eq!(decide(&stranger, &revoked).0, Verdict::WrongProvince);
    let newer = Greeting { protocols: (PROTOCOL_MAX + 1, PROTOCOL_MAX + 1), ..greeting.clone() };
    assert_eq!(decide(&newer, &revoked).0, Verdict::UpgradeRequired);
    let later = Admission::Later { retry_after_ms: 5 };
    let good = opening(4, NEVER, 4, 4, Lineage::Current);
    let away = hospitality().decide(&greeting, &good, later, 7).unwrap_err();
    assert_eq!((away.verdict(), away.retry_after_ms), (Verdict::RetryLater, 5));
    assert_ne!(at(3, 2).chain, Chain::START);
}
