//! Frames of a province that has gone mad: any kinds, in any order, with any bytes altered. The machine ends the session or goes on; it
//! never falls over, and says no more than a few frames to each.
#![allow(clippy::unwrap_used, missing_docs)]

use agent::uplink::machine::{Facts, Input, Machine, Output};
use proptest::prelude::*;
use prost::Message;
use proto::sync::v1::{self, AggregatorFrame, aggregator_frame::Frame};
use shared::change::{Incarnation, LogPosition};
use std::collections::{BTreeMap, VecDeque};

const MOST_OUTPUTS: usize = 2_000;

fn facts() -> Facts {
    Facts {
        build: "test".into(),
        province: "dong-nai".into(),
        commune: "tan-phu".into(),
        authorities: Vec::new(),
        epoch: None,
        incarnation: Incarnation([1; 16]),
        head: LogPosition::START,
        acknowledged: LogPosition::START,
        feed_position: 0,
        catalogue_version: 0,
        clock_unix_ms: 0,
        carried: None,
    }
}

fn frame(kind: u8, number: u64, protocol: u32) -> AggregatorFrame {
    let position = Some(v1::LogPosition { seq: number % 4, chain: vec![u8::from(!number.is_multiple_of(4)); 32] });
    let verdict = i32::try_from(number % 9).unwrap_or_default();
    AggregatorFrame {
        frame: Some(match kind % 9 {
            0 => Frame::Welcome(v1::Welcome {
                protocol,
                verdict,
                position: position.clone(),
                max_batch_bytes: 1024,
                max_batches_in_flight: 2,
                epoch: vec![1; 16],
                common: position,
                max_chunk_bytes: 1024,
                ..v1::Welcome::default()
            }),
            1 => Frame::TurnedAway(v1::TurnedAway { verdict, position, ..v1::TurnedAway::default() }),
            2 => Frame::Acknowledgement(v1::Acknowledgement { position, ..v1::Acknowledgement::default() }),
            3 => Frame::FeedPart(v1::FeedPart { item: vec![10, 0] }),
            4 => Frame::FeedEnd(v1::FeedEnd::default()),
            5 => Frame::HistoryPage(v1::HistoryPage { first_seq: number % 3, changes: Vec::new() }),
            6 => Frame::DigestReport(v1::DigestReport::default()),
            7 => Frame::Resent(v1::Resent { period: "2026-10".into(), ..v1::Resent::default() }),
            _ => Frame::EvidenceState(v1::EvidenceState::default()),
        }),
    }
}

/// The answer of an empty store.
fn answer(output: &Output) -> Option<Input> {
    Some(match output {
        Output::CheckPosition(position) => Input::Position { agrees: *position == LogPosition::START },
        Output::ReadPage { .. } => Input::Page(None),
        Output::StoreAcknowledgement { .. }
        | Output::SwitchFeed { .. }
        | Output::StageHistory { .. }
        | Output::StoreResent { .. } => Input::Stored,
        Output::BeginHealing { common, .. } => Input::Healing(*common),
        Output::Rebase { .. } => Input::Rebased(Box::new(facts())),
        Output::ReadDigests => Input::Digests(BTreeMap::new()),
        Output::FindDifferences(_) => Input::Differing(Vec::new()),
        Output::ReadChangesAbout { .. } => Input::ChangesAbout(Vec::new()),
        Output::ReadOffer { .. } => Input::Offer(Vec::new()),
        Output::ReadChunk { .. } => Input::Chunk(None),
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_frames_make_the_agents_machine_fall_over(
        greeted: bool,
        protocol in 1u32..3,
        said in prop::collection::vec((any::<u8>(), any::<u64>(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)), 1..12),
    ) {
        let mut machine = Machine::default();
        let mut inputs = VecDeque::from([Input::Started(facts())]);
        if greeted {
            inputs.push_back(Input::Frame(Box::new(frame(0, 1, protocol))));
        }
        let mut outputs = 0;
        for (kind, number, spots) in said {
            let mut bytes = frame(kind, number, protocol).encode_to_vec();
            for (spot, byte) in spots {
                let at = spot.index(bytes.len());
                bytes[at] = byte;
            }
            let Ok(frame) = AggregatorFrame::decode(&bytes[..]) else { continue };
            inputs.push_back(Input::Frame(Box::new(frame)));
            // A store that answers at once: its answers come before the next frame.
            while let Some(input) = inputs.pop_front() {
                let said = machine.step(input);
                outputs += said.len();
                prop_assert!(outputs < MOST_OUTPUTS, "it does not come to an end");
                for input in said.iter().filter_map(answer).collect::<Vec<_>>().into_iter().rev() {
                    inputs.push_front(input);
                }
            }
        }
    }
}
