//! Sequences of messages, and what the machine makes of them.

use super::*;
use crate::fixture::now;
use crate::store::log::Page;
use proto::sync::v1::{Acknowledgement, AgentFrame, AggregatorFrame, FeedEnd, FeedPart, TurnedAway, Welcome};
use shared::{change::Chain, feed::FeedItem};

fn position(seq: u64) -> LogPosition {
    LogPosition { seq, chain: if seq == 0 { Chain::START } else { Chain([seq as u8; 32]) } }
}

fn facts(head: u64, acknowledged: u64) -> Facts {
    Facts {
        build: "test".into(),
        province: "dong-nai".into(),
        commune: "dinh-quan".into(),
        authorities: Vec::new(),
        epoch: None,
        incarnation: Incarnation([1; 16]),
        head: position(head),
        acknowledged: position(acknowledged),
        feed_position: 4,
        catalogue_version: 2,
        clock_unix_ms: 0,
        carried: None,
    }
}

fn frame(frame: Frame) -> Input {
    Input::Frame(Box::new(AggregatorFrame { frame: Some(frame) }))
}

fn welcome_with(verdict: Verdict, seq: u64, in_flight: u32) -> Input {
    frame(Frame::Welcome(Welcome {
        protocol: 1,
        verdict: verdict.into(),
        position: Some(position::to_wire(position(seq))),
        clock_unix_ms: 5,
        max_batch_bytes: 1000,
        max_batches_in_flight: in_flight,
        exercise: false,
        ..Welcome::default()
    }))
}

fn welcome(seq: u64) -> Input {
    welcome_with(Verdict::Ok, seq, 2)
}

fn ack(seq: u64) -> Input {
    ack_refusing(seq, &[])
}

fn ack_refusing(seq: u64, refused: &[u64]) -> Input {
    let refused = refused.iter().map(|seq| v1::RefusedChange {
        seq: *seq,
        change_id: vec![9; 16],
        code: "negative".into(),
        detail: "x".repeat(1000),
    });
    frame(Frame::Acknowledgement(Acknowledgement {
        position: Some(position::to_wire(position(seq))),
        received_at_unix_ms: 0,
        refused: refused.collect(),
        receipt: None,
    }))
}

fn away(verdict: Verdict, retry_after_ms: u64) -> Input {
    let detail = "because".to_owned();
    frame(Frame::TurnedAway(TurnedAway {
        verdict: verdict.into(),
        detail,
        retry_after_ms,
        position: None,
        clock_unix_ms: 0,
    }))
}

fn page(first_seq: u64, count: u64) -> Input {
    let bodies = (0..count).map(|_| vec![1]).collect();
    Input::Page(Some(Page { first_seq, bodies, end: position(first_seq + count - 1), confirmed_before: None }))
}

const AGREES: Input = Input::Position { agrees: true };
const DIFFERS: Input = Input::Position { agrees: false };

/// Steps through all inputs; the outputs of the last one come back.
fn last(inputs: Vec<Input>) -> Vec<Output> {
    let mut machine = Machine::default();
    inputs.into_iter().map(|input| machine.step(input)).last().unwrap()
}

fn end(outputs: &[Output]) -> Option<End> {
    match outputs {
        [Output::Finish(outcome)] => Some(outcome.end),
        _ => None,
    }
}

fn started(head: u64, acknowledged: u64) -> Input {
    Input::Started(facts(head, acknowledged))
}

fn read(after_seq: u64) -> Output {
    Output::ReadPage { after_seq, most_bytes: 1000 }
}

fn wanted() -> Output {
    send(agent_frame::Frame::FeedWanted(v1::FeedWanted { position: 4, catalogue_version: 2 }))
}

fn stored(after_seq: u64, seq: u64) -> Output {
    Output::StoreAcknowledgement { after_seq, position: position(seq), refused: Vec::new(), receipt: None }
}

fn part() -> FeedPart {
    proto::feed::to_wire(&FeedItem::Closed { period: "2026-09".parse().unwrap(), closed: true })
}

#[test]
fn a_whole_session() {
    let mut machine = Machine::default();
    let hello = machine.step(started(3, 0));
    assert!(matches!(&hello[..], [Output::Send(AgentFrame { frame: Some(agent_frame::Frame::Hello(_)) })]));
    let outputs = machine.step(welcome(0));
    assert!(matches!(&outputs[0], Output::NoteWelcome(welcome) if welcome.clock_unix_ms == 5), "{outputs:?}");
    assert_eq!(outputs[1..], [Output::CheckPosition(position(0))]);
    assert_eq!(machine.step(AGREES), [read(0)]);
    let sent = machine.step(page(1, 2));
    assert!(matches!(&sent[..], [Output::Send(_), Output::ReadPage { after_seq: 2, .. }]));
    // Two in flight are all that was allowed: the next page waits.
    assert!(matches!(&machine.step(page(3, 1))[..], [Output::Send(_)]));
    assert_eq!(machine.step(ack(2)), [Output::CheckPosition(position(2))]);
    assert_eq!(machine.step(AGREES), [stored(0, 2)]);
    assert_eq!(machine.step(Input::Stored), [read(3)]);
    assert_eq!(machine.step(Input::Page(None)), []);
    assert_eq!(machine.step(ack(3)), [Output::CheckPosition(position(3))]);
    assert_eq!(machine.step(AGREES), [stored(2, 3)]);
    assert_eq!(machine.step(Input::Stored), [read(3)]);
    assert_eq!(machine.step(Input::Page(None)), [wanted()]);
    let mut checksum = Checksum::default();
    checksum.add(&part());
    assert!(matches!(&machine.step(frame(Frame::FeedPart(part())))[..], [Output::StageFeed(FeedItem::Closed { .. })]));
    assert_eq!(machine.step(frame(Frame::FeedEnd(checksum.end(9)))), [Output::SwitchFeed { position: 9 }]);
    assert_eq!(machine.step(Input::Stored), [Output::Finish(Outcome::done())]);
    assert_eq!(machine.step(ack(3)), []);
}

#[test]
fn where_sending_begins() {
    // An acknowledgement was lost on the way: sent again from what we know to be confirmed.
    assert_eq!(last(vec![started(9, 4), welcome(7), AGREES]), [read(4)]);
    assert_eq!(last(vec![started(9, 7), welcome(7), AGREES]), [read(7)]);
    // The province was restored: it is marked first, then sent again.
    let restored = || vec![started(9, 7), welcome_with(Verdict::ServerBehind, 5, 2), AGREES];
    assert_eq!(last(restored()), [stored(5, 5)]);
    assert_eq!(last(restored().into_iter().chain([Input::Stored]).collect()), [read(5)]);
    // Nothing to send.
    assert_eq!(last(vec![started(7, 7), welcome(7), AGREES, Input::Page(None)]), [wanted()]);
    // A limit of nothing is no limit that can be kept.
    let outputs = last(vec![started(1, 0), welcome_with(Verdict::Ok, 0, 0), AGREES, page(1, 1)]);
    assert!(matches!(&outputs[..], [Output::Send(_)]));
}

#[test]
fn sessions_that_end_early() {
    let sending = || vec![started(9, 2), welcome(2), AGREES, page(3, 2)];
    let feeding = || vec![started(2, 2), welcome(2), AGREES, Input::Page(None)];
    let then = |mut inputs: Vec<Input>, more: Vec<Input>| {
        inputs.extend(more);
        inputs
    };
    let mut old = v1::Welcome { protocol: 3, verdict: Verdict::Ok.into(), ..v1::Welcome::default() };
    let too_new = frame(Frame::Welcome(old.clone()));
    old.protocol = 1;
    let unplaced = frame(Frame::Welcome(old));
    let hello = |input: Input| vec![started(9, 2), input];
    let table = vec![
        ("welcome of another protocol", hello(too_new), End::UpgradeRequired),
        ("welcome without a position", hello(unplaced), End::Protocol),
        ("welcome with a strange verdict", hello(welcome_with(Verdict::Fork, 2, 2)), End::Protocol),
        ("our chain differs", then(hello(welcome(2)), vec![DIFFERS]), End::Fork),
        ("the province holds more", then(hello(welcome(20)), vec![DIFFERS]), End::AgentBehind),
        ("wrong province", hello(away(Verdict::WrongProvince, 0)), End::WrongProvince),
        ("upgrade", hello(away(Verdict::UpgradeRequired, 0)), End::UpgradeRequired),
        ("revoked", hello(away(Verdict::Revoked, 0)), End::IdentityRefused),
        ("agent behind", hello(away(Verdict::AgentBehind, 0)), End::AgentBehind),
        ("fork", hello(away(Verdict::Fork, 0)), End::Fork),
        ("later", hello(away(Verdict::RetryLater, 500)), End::RetryLater),
        ("turned away without reason", hello(away(Verdict::Unspecified, 0)), End::Protocol),
        ("acknowledged before a welcome", hello(ack(3)), End::Protocol),
        ("closed before a welcome", hello(Input::Closed), End::Unreachable),
        ("welcomed twice", then(sending(), vec![welcome(2)]), End::Protocol),
        ("another chain acknowledged", then(sending(), vec![ack(4), DIFFERS]), End::Protocol),
        ("more acknowledged than sent", then(sending(), vec![ack(5)]), End::Protocol),
        ("acknowledged twice", then(sending(), vec![ack(4), AGREES, Input::Stored, ack(4)]), End::Protocol),
        ("acknowledged without progress", then(sending(), vec![ack(2)]), End::Protocol),
        ("a refusal outside", then(sending(), vec![ack_refusing(4, &[2])]), End::Protocol),
        ("a feed too early", then(sending(), vec![frame(Frame::FeedPart(part()))]), End::Protocol),
        (
            "an empty frame",
            then(sending(), vec![Input::Frame(Box::new(AggregatorFrame { frame: None }))]),
            End::Protocol,
        ),
        ("replaced by a copy", then(sending(), vec![away(Verdict::Fork, 0)]), End::Fork),
        ("an answer nobody asked for", then(sending(), vec![AGREES]), End::Protocol),
        ("acknowledged in the feed", then(feeding(), vec![ack(3)]), End::Protocol),
        ("closed in the feed", then(feeding(), vec![Input::Closed]), End::Unreachable),
        ("a wrong count", then(feeding(), vec![frame(Frame::FeedEnd(FeedEnd::default()))]), End::Protocol),
        ("an unknown part", then(feeding(), vec![frame(Frame::FeedPart(FeedPart::default()))]), End::Protocol),
    ];
    for (name, inputs, expected) in table {
        assert_eq!(end(&last(inputs)), Some(expected), "{name}");
    }
    let later = last(vec![started(9, 2), away(Verdict::RetryLater, 500)]);
    assert!(
        matches!(&later[..], [Output::Finish(o)] if o.retry_after == Some(Duration::from_millis(500)) && o.detail == "because")
    );
}

#[test]
fn refusals_reach_the_store_and_are_cut_to_size() {
    let outputs = last(vec![started(9, 2), welcome(2), AGREES, page(3, 2), ack_refusing(4, &[3, 4]), AGREES]);
    let [Output::StoreAcknowledgement { after_seq: 2, refused, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(refused.iter().map(|(seq, ..)| *seq).collect::<Vec<_>>(), [3, 4]);
    assert!(refused.iter().all(|(_, id, refusal)| id.as_bytes() == &[9; 16] && refusal.detail.len() == 200));
}

#[test]
fn a_feed_is_bounded() {
    let mut machine = Machine::default();
    for input in [started(2, 2), welcome(2), AGREES, Input::Page(None)] {
        machine.step(input);
    }
    let reason = "x".repeat(2_000);
    let verdict = FeedItem::Verdict {
        observation: uuid::Builder::from_unix_timestamp_millis(9, &[3; 10]).into_uuid(),
        decision: shared::observation::Decision::Returned,
        reason,
        reviewer: String::new(),
        decided_at: now(),
    };
    let part = proto::feed::to_wire(&verdict);
    let fits = MAX_FEED_BYTES / part.encoded_len();
    for _ in 0..fits {
        assert!(matches!(machine.step(frame(Frame::FeedPart(part.clone())))[..], [Output::StageFeed(_)]));
    }
    assert_eq!(end(&machine.step(frame(Frame::FeedPart(part)))), Some(End::Protocol));
}
