//! The machine against tables of messages, and against a model of the store with duplicates, gaps and other bodies.

use super::*;
use crate::store::{BatchOutcome, HeldChange, HistoryPage, Lineage, Opening, RefusedChange, Remade};
use chrono::DateTime;
use proptest::prelude::*;
use proto::{MAX_CHUNK_BYTES, MAX_OFFERED_FILES, MAX_PAGE_CHANGES, position, sync::v1::Verdict};
use shared::change::{Chain, Incarnation};
use std::collections::VecDeque;

mod golden;
mod protocol_two;

const LIFE: Incarnation = Incarnation([1; 16]);

fn hospitality() -> Hospitality {
    Hospitality { province: "dong-nai".into(), receipt_certificate: vec![4; 300], ..Hospitality::default() }
}

fn committed(position: LogPosition) -> BatchOutcome {
    let received_at = DateTime::from_timestamp_millis(4).unwrap();
    BatchOutcome::Committed { position, refused: Vec::new(), received_at }
}

fn stored(outcome: BatchOutcome, received_at_unix_ms: i64) -> Input {
    Input::Stored { outcome, received_at_unix_ms, receipt: None }
}

fn body(seq: u64) -> Bytes {
    Bytes::from(format!("change {seq}"))
}

/// The agent's log: the position after `seq` changes.
fn at(seq: u64) -> LogPosition {
    (1..=seq).fold(LogPosition::START, |position, seq| position.then(&body(seq)))
}

fn hello(head: u64, acknowledged: u64) -> v1::Hello {
    v1::Hello {
        protocol_min: 1,
        protocol_max: 1,
        build: "0.1.0".into(),
        province: "dong-nai".into(),
        incarnation: LIFE.0.to_vec(),
        head: Some(position::to_wire(at(head))),
        acknowledged: Some(position::to_wire(at(acknowledged))),
        clock_unix_ms: 0,
        ..v1::Hello::default()
    }
}

fn frame(frame: agent_frame::Frame) -> Input {
    Input::Frame(AgentFrame { frame: Some(frame) })
}

fn batch(first_seq: u64, bodies: Vec<Bytes>) -> Input {
    let changes = bodies.into_iter().map(|body| v1::Change { body }).collect();
    frame(agent_frame::Frame::Batch(v1::Batch { first_seq, changes, ..v1::Batch::default() }))
}

fn changes(first_seq: u64, count: u64) -> Input {
    batch(first_seq, (first_seq..first_seq + count).map(body).collect())
}

fn feed_wanted() -> Input {
    frame(agent_frame::Frame::FeedWanted(v1::FeedWanted { position: 3, catalogue_version: 1 }))
}

/// What the store tells of a log that holds the agent's first `seq` changes.
fn held(seq: u64, head: u64, acknowledged: u64) -> Opening {
    Opening {
        certificate_valid: true,
        head: (seq > 0).then(|| (LIFE, at(seq))),
        chain_at_head: (head <= seq).then(|| at(head).chain),
        chain_at_acknowledged: (acknowledged <= seq).then(|| at(acknowledged).chain),
        lineage: if seq > 0 { Lineage::Current } else { Lineage::New },
        epoch: [6; 16],
        evidence_losses: 0,
    }
}

fn opened(opening: Opening) -> Input {
    Input::Opened { opening, admission: Admission::Granted, clock_unix_ms: 7 }
}

fn verdict(hello: v1::Hello, input: Input) -> (Verdict, Vec<Output>) {
    let mut machine = Machine::new(hospitality());
    let outputs = machine.step(frame(agent_frame::Frame::Hello(hello)));
    assert!(matches!(outputs[..], [Output::Open { .. }]), "{outputs:?}");
    let outputs = machine.step(input);
    let verdict = match &outputs[0] {
        Output::Send(AggregatorFrame { frame: Some(aggregator_frame::Frame::Welcome(welcome)) }) => welcome.verdict(),
        Output::Send(AggregatorFrame { frame: Some(aggregator_frame::Frame::TurnedAway(away)) }) => away.verdict(),
        other => panic!("neither welcome nor turned away: {other:?}"),
    };
    (verdict, outputs)
}

/// A session that was welcomed with `seq` changes held.
fn welcomed(seq: u64) -> Machine {
    let mut machine = Machine::new(hospitality());
    machine.step(frame(agent_frame::Frame::Hello(hello(seq, seq))));
    let outputs = machine.step(opened(held(seq, seq, seq)));
    assert!(matches!(outputs[..], [Output::Send(_)]));
    machine
}

fn ending(outputs: &[Output]) -> Option<Ending> {
    outputs.iter().find_map(|output| match output {
        Output::End(ending) => Some(*ending),
        _ => None,
    })
}

#[test]
fn the_logs_decide_the_verdict() {
    for (head, acknowledged, at_aggregator, expected) in [
        (0, 0, 0, Verdict::Ok),
        (9, 0, 0, Verdict::Ok),
        (9, 4, 4, Verdict::Ok),
        (9, 4, 7, Verdict::Ok),
        (9, 9, 9, Verdict::Ok),
        (9, 0, 9, Verdict::Ok),
        (9, 4, 0, Verdict::ServerBehind),
        (9, 9, 4, Verdict::ServerBehind),
        (4, 4, 9, Verdict::AgentBehind),
        (0, 0, 9, Verdict::AgentBehind),
    ] {
        let (found, outputs) = verdict(hello(head, acknowledged), opened(held(at_aggregator, head, acknowledged)));
        assert_eq!(found, expected, "agent {head}/{acknowledged}, aggregator {at_aggregator}");
        let goes_on = matches!(expected, Verdict::Ok | Verdict::ServerBehind);
        assert_eq!(ending(&outputs).is_none(), goes_on);
        if let Output::Send(AggregatorFrame { frame: Some(aggregator_frame::Frame::Welcome(welcome)) }) = &outputs[0] {
            assert_eq!(welcome.position, Some(position::to_wire(at(at_aggregator))));
            assert_eq!((welcome.clock_unix_ms, welcome.protocol, welcome.exercise), (7, 1, false));
        }
    }
}

#[test]
fn other_chains_and_other_lives_are_told_apart() {
    let other = Chain([9; 32]);
    let beside =
        |opening: Opening, seq: u64| Opening { head: Some((LIFE, LogPosition { seq, chain: other })), ..opening };
    let cases = [
        // The same seq, another chain.
        (hello(5, 5), beside(held(5, 5, 5), 5), Verdict::Fork),
        (hello(9, 5), beside(held(5, 9, 5), 5), Verdict::Fork),
        // Ahead here, but not on the agent's chain.
        (hello(4, 4), Opening { chain_at_head: Some(other), ..held(9, 4, 4) }, Verdict::Fork),
        (hello(4, 4), Opening { chain_at_head: None, ..held(9, 4, 4) }, Verdict::Fork),
        // What was acknowledged is not what is held.
        (hello(9, 3), Opening { chain_at_acknowledged: Some(other), ..held(5, 9, 3) }, Verdict::Fork),
        // Another life of the store.
        (hello(9, 0), Opening { head: Some((Incarnation([2; 16]), at(3))), ..held(0, 9, 0) }, Verdict::AgentBehind),
        (hello(9, 0), Opening { head: Some((Incarnation([2; 16]), at(0))), ..held(0, 9, 0) }, Verdict::Ok),
    ];
    for (hello, opening, expected) in cases {
        let case = format!("{hello:?} {opening:?}");
        assert_eq!(verdict(hello, opened(opening)).0, expected, "{case}");
    }
}

#[test]
fn some_are_turned_away_before_their_log_is_looked_at() {
    let cases = [
        (v1::Hello { province: "binh-phuoc".into(), ..hello(1, 0) }, held(0, 1, 0), Verdict::WrongProvince),
        (v1::Hello { protocol_min: 3, protocol_max: 4, ..hello(1, 0) }, held(0, 1, 0), Verdict::UpgradeRequired),
        (hello(1, 0), Opening { certificate_valid: false, ..held(0, 1, 0) }, Verdict::Revoked),
    ];
    for (hello, opening, expected) in cases {
        let (found, outputs) = verdict(hello, opened(opening));
        assert_eq!((found, ending(&outputs)), (expected, Some(Ending::TurnedAway(expected))));
    }
    let admission = Admission::Later { retry_after_ms: 900 };
    let (found, outputs) = verdict(hello(1, 0), Input::Opened { opening: held(0, 1, 0), admission, clock_unix_ms: 7 });
    assert_eq!(found, Verdict::RetryLater);
    let Output::Send(AggregatorFrame { frame: Some(aggregator_frame::Frame::TurnedAway(away)) }) = &outputs[0] else {
        panic!("not turned away");
    };
    assert_eq!(away.retry_after_ms, 900);
    // A newer agent that still speaks our version is served.
    let newer = v1::Hello { protocol_max: 5, ..hello(1, 0) };
    assert_eq!(verdict(newer, opened(held(0, 1, 0))).0, Verdict::Ok);
}

#[test]
fn a_hello_that_makes_no_sense_ends_the_session() {
    let short = v1::LogPosition { seq: 1, chain: vec![0; 31] };
    for hello in [
        v1::Hello { protocol_min: 0, ..hello(1, 0) },
        v1::Hello { protocol_min: 2, protocol_max: 1, ..hello(1, 0) },
        v1::Hello { head: None, ..hello(1, 0) },
        v1::Hello { head: Some(short), ..hello(1, 0) },
        v1::Hello { acknowledged: Some(position::to_wire(at(2))), ..hello(1, 0) },
        v1::Hello { acknowledged: Some(v1::LogPosition { seq: 1, chain: vec![3; 32] }), ..hello(1, 0) },
        v1::Hello { incarnation: vec![1; 15], ..hello(1, 0) },
        v1::Hello { build: "x".repeat(1_000), ..hello(1, 0) },
        v1::Hello { authorities: vec![vec![1; 31]], ..hello(1, 0) },
        v1::Hello { authorities: vec![vec![1; 32]; proto::MAX_AUTHORITIES + 1], ..hello(1, 0) },
    ] {
        let outputs = Machine::new(hospitality()).step(frame(agent_frame::Frame::Hello(hello)));
        assert!(matches!(outputs[..], [Output::End(Ending::Violation(_))]), "{outputs:?}");
    }
    let outputs = Machine::new(hospitality()).step(changes(1, 1));
    assert!(matches!(ending(&outputs), Some(Ending::Violation(_))));
}

#[test]
fn batches_follow_each_other_and_are_acknowledged_in_order() {
    let mut machine = welcomed(0);
    let outputs = machine.step(changes(1, 3));
    let [Output::Store { before, changes: taken, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((*before, taken.last().unwrap().1), (LogPosition::START, at(3).chain));
    let outputs = machine.step(changes(4, 1));
    assert!(matches!(&outputs[..], [Output::Store { before, .. }] if *before == at(3)));
    assert!(machine.is_waiting_for_writer());
    let outputs = machine.step(stored(committed(at(3)), 5));
    let [Output::Send(AggregatorFrame { frame: Some(aggregator_frame::Frame::Acknowledgement(ack)) })] = &outputs[..]
    else {
        panic!("{outputs:?}");
    };
    assert_eq!((ack.position.clone(), ack.received_at_unix_ms), (Some(position::to_wire(at(3))), 5));
    assert!(matches!(ending(&machine.step(feed_wanted())), Some(Ending::Violation(_))), "one is still in flight");
}

#[test]
fn what_the_protocol_does_not_allow_ends_the_session() {
    let large = vec![Bytes::from(vec![0; 60 * 1024]); 10];
    let many = vec![Bytes::new(); MAX_BATCH_CHANGES + 1];
    let cases: [(&str, Input); 8] = [
        ("a gap", changes(7, 1)),
        ("seq 0", batch(0, vec![body(1)])),
        ("no change", batch(6, Vec::new())),
        ("too large", batch(6, large)),
        ("too many", batch(6, many)),
        ("overflow", batch(u64::MAX, vec![body(1)])),
        ("a second hello", frame(agent_frame::Frame::Hello(hello(1, 1)))),
        ("an empty frame", Input::Frame(AgentFrame { frame: None })),
    ];
    for (case, input) in cases {
        let outputs = welcomed(5).step(input);
        assert!(matches!(outputs[..], [Output::End(Ending::Violation(_))]), "{case}: {outputs:?}");
    }
    let mut machine = welcomed(0);
    for first in 1..=4 {
        assert!(ending(&machine.step(changes(first, 1))).is_none());
    }
    assert!(matches!(ending(&machine.step(changes(5, 1))), Some(Ending::Violation(_))), "five in flight");
    assert!(machine.step(changes(1, 1)).is_empty(), "nothing follows an end");
}

#[test]
fn the_feed_is_sent_page_by_page_with_its_checksum() {
    let mut machine = welcomed(2);
    let outputs = machine.step(feed_wanted());
    assert_eq!(outputs, [Output::ReadFeed { after: 3, catalogue_version: Some(1) }]);
    let part = |item: &'static str| v1::FeedPart { item: Bytes::from(item).into() };
    let page = Page { parts: vec![part("a"), part("b")], position: 8, more: true };
    let outputs = machine.step(Input::Feed(page));
    assert_eq!(outputs.len(), 3);
    assert_eq!(outputs[2], Output::ReadFeed { after: 8, catalogue_version: None });
    let outputs = machine.step(Input::Feed(Page { parts: vec![part("c")], position: 9, more: false }));
    assert_eq!(outputs[1], Output::Conclude);
    let outputs = machine.step(Input::Concluded);
    let [
        Output::Send(AggregatorFrame { frame: Some(aggregator_frame::Frame::FeedEnd(end)) }),
        Output::End(Ending::Done),
    ] = &outputs[..]
    else {
        panic!("{outputs:?}");
    };
    let mut checksum = Checksum::default();
    for reason in ["a", "b", "c"] {
        checksum.add(&part(reason));
    }
    assert_eq!((end.position, checksum.check(end)), (9, Ok(())));
}

#[test]
fn a_long_feed_goes_on_in_the_next_session() {
    let mut machine = welcomed(2);
    machine.step(feed_wanted());
    let parts = vec![v1::FeedPart::default(); MAX_FEED_ITEMS as usize];
    let outputs = machine.step(Input::Feed(Page { parts, position: 77, more: true }));
    assert_eq!(outputs.last(), Some(&Output::Conclude));
}

#[test]
fn every_interruption_ends_the_session_wherever_it_stands() {
    for reason in [Interruption::Idle, Interruption::Replaced, Interruption::Stopping, Interruption::Store] {
        for mut machine in [Machine::new(hospitality()), welcomed(3)] {
            let outputs = machine.step(Input::Interrupted(reason));
            assert_eq!(outputs, [Output::End(Ending::Interrupted(reason))]);
            assert!(machine.step(Input::Closed).is_empty());
        }
    }
    let outcome = BatchOutcome::Fork { head: at(1) };
    let mut machine = welcomed(0);
    machine.step(changes(1, 1));
    let outputs = machine.step(stored(outcome, 0));
    assert_eq!(ending(&outputs), Some(Ending::TurnedAway(Verdict::Fork)));
}

/// What an agent does, well-behaved or not.
#[derive(Debug, Clone)]
enum Move {
    /// The next changes.
    Next(u64),
    /// Changes from `back` before the next on, again.
    Again { back: u64, count: u64 },
    /// The same, with other bodies.
    Forged { back: u64, count: u64 },
    /// The writer commits what waits first.
    Commit,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (1..5u64).prop_map(Move::Next),
        3 => (1..8u64, 1..8u64).prop_map(|(back, count)| Move::Again { back, count }),
        1 => (1..8u64, 1..8u64).prop_map(|(back, count)| Move::Forged { back, count }),
        6 => Just(Move::Commit),
    ]
}

/// The store as it should be: one chain, append-only.
#[derive(Default)]
struct Model {
    chains: Vec<Chain>,
    waiting: VecDeque<(LogPosition, Vec<(Bytes, Chain)>)>,
}

impl Model {
    fn chain(&self, seq: u64) -> Option<Chain> {
        if seq == 0 { Some(Chain::START) } else { self.chains.get(usize::try_from(seq).unwrap() - 1).copied() }
    }

    fn commit(&mut self) -> Option<BatchOutcome> {
        let (before, changes) = self.waiting.pop_front()?;
        let seq = self.chains.len() as u64;
        let head = LogPosition { seq, chain: self.chain(seq).unwrap() };
        if before.seq > seq {
            return Some(BatchOutcome::Gap { head });
        }
        let held = usize::try_from(seq - before.seq).unwrap().min(changes.len());
        let last_held = held.checked_sub(1).map(|last| changes[last].1);
        if self.chain(before.seq) != Some(before.chain)
            || last_held.is_some_and(|c| self.chain(before.seq + held as u64) != Some(c))
        {
            return Some(BatchOutcome::Fork { head });
        }
        let position = LogPosition { seq: before.seq + changes.len() as u64, chain: changes.last().unwrap().1 };
        self.chains.extend(changes[held..].iter().map(|(_, chain)| *chain));
        Some(committed(position))
    }
}

proptest! {
    /// Whatever is sent twice, out of turn or forged: the store holds a prefix of the agent's log, each change once, and
    /// every acknowledgement is of that prefix.
    #[test]
    fn only_the_agents_own_log_is_stored_and_acknowledged(moves in prop::collection::vec(moves(), 1..60)) {
        let mut machine = welcomed(0);
        let mut model = Model::default();
        let mut next = 1u64;
        let mut over = false;
        for step in moves {
            let input = match step {
                Move::Next(count) => { let input = changes(next, count); next += count; input }
                Move::Again { back, count } => changes(next.saturating_sub(back).max(1), count.min(back.min(next - 1)).max(1)),
                Move::Forged { back, count } => batch(next.saturating_sub(back).max(1), (0..count).map(|n| Bytes::from(format!("forged {n}"))).collect()),
                Move::Commit => match model.commit() {
                    Some(outcome) => stored(outcome, 0),
                    None => continue,
                },
            };
            let first_of_forged = matches!(&input, Input::Frame(AgentFrame { frame: Some(agent_frame::Frame::Batch(batch)) })
                if batch.changes[0].body.starts_with(b"forged") && batch.first_seq == next);
            if first_of_forged { continue; }
            let mut inputs = VecDeque::from([input]);
            while let Some(input) = inputs.pop_front() {
                for output in machine.step(input) {
                    prop_assert!(!over, "nothing follows an end");
                    match output {
                        Output::Store { before, changes, .. } => model.waiting.push_back((before, changes)),
                        Output::Recall { seq } => inputs.push_back(Input::Recalled(model.chain(seq))),
                        Output::Send(AggregatorFrame { frame: Some(aggregator_frame::Frame::Acknowledgement(ack)) }) => {
                            let position = position::from_wire(ack.position).unwrap();
                            prop_assert_eq!(position, at(position.seq));
                            prop_assert!(position.seq <= model.chains.len() as u64, "acknowledged before it was stored");
                        }
                        Output::End(_) => over = true,
                        _ => {}
                    }
                }
            }
            for (seq, chain) in (1..).zip(&model.chains) {
                prop_assert_eq!(*chain, at(seq).chain);
            }
            if over { break; }
        }
    }
}
