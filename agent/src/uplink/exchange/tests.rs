//! Whole sessions of protocol 1, as provinces of the version before speak it, between a real store and a province played here, with a cut after any frame.

use super::*;
use crate::{
    fixture::{Home, catalogue, now},
    uplink::outcome::Pace,
};
use proptest::prelude::*;
use proto::{
    feed::Checksum,
    position,
    sync::v1::{self, Verdict, agent_frame, aggregator_frame::Frame},
};
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    change::{Chain, Deed, LogPosition},
    observation::Value,
};

/// The province: keeps every body, refuses the count 13.
#[derive(Default)]
struct Province {
    bodies: Vec<Vec<u8>>,
    lose_acknowledgements: bool,
    wrong_chain: bool,
    exercise: bool,
    clock_unix_ms: i64,
    /// How large the agent's batches may be on this line.
    most: Option<Sizes>,
    batches: usize,
}

impl Province {
    fn position(&self, seq: usize) -> LogPosition {
        self.bodies[..seq].iter().fold(LogPosition::START, |position, body| position.then(body))
    }

    fn answer(&mut self, frame: AgentFrame) -> Vec<Frame> {
        match frame.frame.unwrap() {
            agent_frame::Frame::Hello(hello) => {
                let acknowledged = position::from_wire(hello.acknowledged).unwrap();
                let held = self.position(self.bodies.len());
                let verdict = if acknowledged.seq > held.seq { Verdict::ServerBehind } else { Verdict::Ok };
                vec![Frame::Welcome(v1::Welcome {
                    protocol: 1,
                    verdict: verdict.into(),
                    position: Some(position::to_wire(held)),
                    clock_unix_ms: self.clock_unix_ms,
                    max_batch_bytes: 200,
                    max_batches_in_flight: 3,
                    exercise: self.exercise,
                    ..v1::Welcome::default()
                })]
            }
            agent_frame::Frame::Batch(batch) => self.take(&batch),
            agent_frame::Frame::FeedWanted(wanted) => {
                let mut parts = Vec::new();
                if wanted.catalogue_version != 3 {
                    parts.push(proto::feed::to_wire(&FeedItem::Catalogue(Box::new(catalogue()))));
                }
                let mut checksum = Checksum::default();
                parts.iter().for_each(|part| checksum.add(part));
                let end = Frame::FeedEnd(checksum.end(7));
                parts.into_iter().map(Frame::FeedPart).chain([end]).collect()
            }
            other => panic!("not of protocol 1: {other:?}"),
        }
    }

    fn take(&mut self, batch: &v1::Batch) -> Vec<Frame> {
        let mut refused = Vec::new();
        self.batches += 1;
        assert!(batch.first_seq as usize <= self.bodies.len() + 1, "no gap");
        for (seq, change) in (batch.first_seq..).zip(&batch.changes) {
            match self.bodies.get(seq as usize - 1) {
                Some(held) => assert_eq!(held, &change.body, "the same again"),
                None => self.bodies.push(change.body.to_vec()),
            }
            let change = proto::change::decode(&change.body).unwrap();
            if matches!(&change.deed, Deed::Recorded(o) if o.value == Value::Count(13)) {
                let change_id = change.id.as_bytes().to_vec();
                refused.push(v1::RefusedChange { seq, change_id, code: "negative".into(), detail: String::new() });
            }
        }
        let mut at = self.position(batch.first_seq as usize - 1 + batch.changes.len());
        if self.wrong_chain {
            at.chain = Chain([1; 32]);
        }
        if self.lose_acknowledgements {
            return Vec::new();
        }
        vec![Frame::Acknowledgement(v1::Acknowledgement {
            position: Some(position::to_wire(at)),
            received_at_unix_ms: 0,
            refused,
            receipt: None,
        })]
    }
}

/// One session; the stream is cut after so many of the province's frames.
fn session(home: &mut Home, province: &mut Province, cut_after: usize) -> (Outcome, Tally) {
    let clock = Clock::standing_at(now());
    let mut random = StdRng::seed_from_u64(1);
    let (folder, authorities, most) = (&home.folder, Vec::new(), province.most.unwrap_or(Sizes::LARGEST));
    let around = Surroundings { folder, clock: &clock, authorities, most, random: &mut random };
    let (mut exchange, frames) = Exchange::begin(&mut home.store, around).unwrap();
    let mut to_province = VecDeque::from(frames);
    let mut heard = 0;
    while exchange.outcome().is_none() {
        let Some(frame) = to_province.pop_front() else {
            exchange.closed();
            break;
        };
        for frame in province.answer(frame) {
            if heard == cut_after {
                exchange.closed();
                break;
            }
            heard += 1;
            to_province.extend(exchange.take(AggregatorFrame { frame: Some(frame) }));
        }
    }
    (exchange.outcome().unwrap().clone(), exchange.tally())
}

const UNCUT: usize = usize::MAX;

#[test]
fn all_is_sent_once_and_the_feed_arrives() {
    for count in [0, 1, 2, 3, 4, 7, 8, 9] {
        let (mut home, mut province) = (Home::joined(), Province::default());
        let (outcome, tally) = session(&mut home, &mut province, UNCUT);
        assert_eq!((outcome, tally.received), (Outcome::done(), 1), "the catalogue comes with the first session");
        for value in 1..=count {
            home.value("CDS-2", &value.to_string()).unwrap();
        }
        let (outcome, tally) = session(&mut home, &mut province, UNCUT);
        assert_eq!(outcome, Outcome::done());
        assert_eq!((tally.sent, tally.acknowledged, tally.received), (count, count, 0));
        let view = home.store.view();
        assert_eq!(view.acknowledged().unwrap(), view.head().unwrap());
        assert_eq!(view.feed_position().unwrap(), 7);
        assert_eq!(province.position(province.bodies.len()), view.head().unwrap());
        assert_eq!(session(&mut home, &mut province, UNCUT).1.sent, 0);
    }
}

#[test]
fn batches_are_as_small_as_the_line_asks() {
    for (batch_bytes, batches) in [(100_000, 3), (1, 9)] {
        let (mut home, mut province) = (Home::ready(), Province::default());
        province.most = Some(Sizes { batch_bytes, chunk_bytes: 1 });
        for value in 1..=9 {
            home.value("CDS-2", &value.to_string()).unwrap();
        }
        assert_eq!(session(&mut home, &mut province, UNCUT).0, Outcome::done());
        assert_eq!(province.batches, batches, "the province takes three changes at once");
    }
}

#[test]
fn an_acknowledgement_with_another_chain_is_not_believed() {
    let (mut home, mut province) = (Home::ready(), Province { wrong_chain: true, ..Province::default() });
    home.value("CDS-2", "1").unwrap();
    let (outcome, _) = session(&mut home, &mut province, UNCUT);
    assert_eq!((outcome.end, outcome.pace()), (End::Protocol, Pace::Soon));
    assert_eq!(home.store.view().acknowledged_seq().unwrap(), 0);
}

#[test]
fn a_refusal_is_learnt_even_if_its_acknowledgement_was_lost() {
    let (mut home, mut province) = (Home::ready(), Province { lose_acknowledgements: true, ..Province::default() });
    for value in ["1", "13", "2"] {
        home.value("CDS-2", value).unwrap();
    }
    session(&mut home, &mut province, UNCUT);
    assert_eq!((province.bodies.len(), home.store.view().acknowledged_seq().unwrap()), (3, 0));
    province.lose_acknowledgements = false;
    let (outcome, tally) = session(&mut home, &mut province, UNCUT);
    assert_eq!((outcome, tally.acknowledged, tally.refused, province.bodies.len()), (Outcome::done(), 3, 1, 3));
    assert_eq!(home.store.view().refused_count().unwrap(), 1);
}

#[test]
fn a_restored_province_gets_everything_again() {
    let (mut home, mut province) = (Home::ready(), Province::default());
    for value in 1..=6 {
        home.value("CDS-2", &value.to_string()).unwrap();
    }
    session(&mut home, &mut province, UNCUT);
    province.bodies.truncate(2);
    let (outcome, tally) = session(&mut home, &mut province, UNCUT);
    assert_eq!((outcome, tally.sent, province.bodies.len()), (Outcome::done(), 4, 6));
    // Another history under our name is no restore.
    province.bodies[1] = vec![1, 2, 3];
    assert_eq!(session(&mut home, &mut province, UNCUT).0.end, End::Fork);
    province.bodies.push(vec![4]);
    assert_eq!(session(&mut home, &mut province, UNCUT).0.end, End::AgentBehind);
}

#[test]
fn an_exercise_sets_the_clock_and_a_real_province_does_not() {
    let (mut home, mut province) = (Home::ready(), Province { exercise: true, ..Province::default() });
    province.clock_unix_ms = now().timestamp_millis() + 86_400_000;
    let (_, tally) = session(&mut home, &mut province, UNCUT);
    assert_eq!(
        (home.store.view().exercise().unwrap(), tally.skew_ms),
        (Exercise { on: true, offset_ms: 86_400_000 }, None)
    );
    province.exercise = false;
    let (_, tally) = session(&mut home, &mut province, UNCUT);
    assert_eq!((home.store.view().exercise().unwrap(), tally.skew_ms), (Exercise::default(), Some(86_400_000)));
}

fn surroundings<'a>(folder: &'a Folder, clock: &'a Clock, random: &'a mut StdRng) -> Surroundings<'a> {
    Surroundings { folder, clock, authorities: Vec::new(), most: Sizes::LARGEST, random }
}

#[test]
fn what_is_staged_is_gone_on_with_only_towards_the_provinces_log() {
    let (mut home, mut other) = (Home::ready(), Home::ready());
    for value in 1..=6 {
        other.value("CDS-2", &value.to_string()).unwrap();
    }
    let bodies = other.store.view().page(0, 1 << 20, 10).unwrap().unwrap().bodies;
    let held: Vec<_> =
        bodies.iter().map(|body| crate::store::history::HeldChange { body: body.clone(), refusal: None }).collect();
    let at = |seq: usize| bodies[..seq].iter().fold(LogPosition::START, |position, body| position.then(body));
    let foreign = LogPosition { seq: 4, chain: Chain([9; 32]) };
    // The province was restored in between (shorter), or has another log by now, or still the same one.
    for (goal, expected) in [(at(3), LogPosition::START), (foreign, LogPosition::START), (at(4), at(4)), (at(6), at(4))]
    {
        home.store
            .write(|writing| writing.drop_staged().and_then(|()| writing.stage(LogPosition::START, &held[..4])))
            .unwrap();
        let (clock, mut random) = (Clock::standing_at(now()), StdRng::seed_from_u64(1));
        let folder = home.folder.clone();
        let (mut exchange, _) = Exchange::begin(&mut home.store, surroundings(&folder, &clock, &mut random)).unwrap();
        let order = Output::BeginHealing { common: LogPosition::START, goal };
        let Some(Input::Healing(from)) = exchange.carry_out(order, &mut Vec::new()).unwrap() else {
            panic!("no answer")
        };
        assert_eq!(from, expected, "{goal:?}");
        drop(exchange);
        assert_eq!(home.store.view().staged_end(0).unwrap().is_some(), expected.seq > 0);
    }
}

#[test]
fn only_what_is_confirmed_is_compared() {
    let (mut home, mut province) = (Home::ready(), Province::default());
    for value in ["1", "2"] {
        home.value("CDS-2", value).unwrap();
    }
    session(&mut home, &mut province, UNCUT);
    // Entered while the feed came.
    home.value("CDS-2", "3").unwrap();
    let (clock, mut random) = (Clock::standing_at(now()), StdRng::seed_from_u64(1));
    let folder = home.folder.clone();
    let (mut exchange, _) = Exchange::begin(&mut home.store, surroundings(&folder, &clock, &mut random)).unwrap();
    let answer = exchange.carry_out(Output::ReadDigests, &mut Vec::new()).unwrap();
    let Some(Input::Digests(digests)) = answer else { panic!("{answer:?}") };
    assert_eq!(digests.values().map(|digest| digest.records()).collect::<Vec<_>>(), [2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn cuts_lose_nothing_and_repeat_nothing(values in prop::collection::vec(1u64..16, 0..24), cuts in prop::collection::vec(0usize..6, 0..8)) {
        let (mut home, mut province) = (Home::ready(), Province::default());
        for (number, value) in values.iter().enumerate() {
            home.value("CDS-2", &value.to_string()).unwrap();
            if let Some(cut) = cuts.get(number) {
                session(&mut home, &mut province, *cut);
            }
        }
        let (outcome, _) = session(&mut home, &mut province, UNCUT);
        prop_assert_eq!(outcome, Outcome::done());
        let view = home.store.view();
        prop_assert_eq!(province.bodies.len(), values.len());
        prop_assert_eq!(province.position(values.len()), view.head().unwrap());
        prop_assert_eq!(view.acknowledged().unwrap(), view.head().unwrap());
        let refused = values.iter().filter(|value| **value == 13).count() as u64;
        prop_assert_eq!(view.refused_count().unwrap(), refused);
        let versions: Vec<u32> = view.history("CDS-2").unwrap().iter().filter_map(|figure| figure.version).collect();
        prop_assert_eq!(versions, (1..=(values.len() as u64 - refused) as u32).collect::<Vec<_>>());
    }
}
