//! Frames as the protocols have them: this build reads them to the same values and writes them the same, byte for byte.
//!
//! `golden/protocol-1.txt` was written by the first version of both programs. Neither file is ever changed.

use crate::{
    change, feed, position,
    sync::v1::{self, AgentFrame, AggregatorFrame, agent_frame::Frame as Agent, aggregator_frame::Frame as Aggregator},
};
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message;
use prost::bytes::Bytes;
use shared::{
    amount::Amount,
    change::{Change, Conflict, Deed, Evidence, LogPosition},
    observation::{Observation, ObservationKey, Value},
};
use std::fmt::Write;
use uuid::Uuid;

const FIRST: &str = include_str!("../golden/protocol-1.txt");
const SECOND: &str = include_str!("../golden/protocol-2.txt");

/// Who says it, what it is called, and its bytes.
type Line = (&'static str, &'static str, Vec<u8>);

fn id(number: u64) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&(1_760_000_000_000 + number).to_be_bytes()[2..]);
    bytes[6] = 0x70;
    bytes[8] = 0x80;
    bytes[9..16].copy_from_slice(&number.to_be_bytes()[1..]);
    Uuid::from_bytes(bytes)
}

fn body(number: u64, deed: Deed) -> Bytes {
    let moment: DateTime<Utc> = "2026-10-16T02:00:00Z".parse().unwrap();
    let entered_at = moment + TimeDelta::seconds(i64::try_from(number).unwrap());
    change::encode(&Change { id: id(number), entered_at, entered_by: "Bình".into(), deed }).into()
}

fn figure(number: u64, period: &str, numerator: u32) -> Bytes {
    let value = Value::Ratio { numerator: Amount::from(numerator), denominator: Amount::from(100_000) };
    let key = ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: period.parse().unwrap() };
    body(number, Deed::Recorded(Observation { key, value, note: "ghi chú".into() }))
}

fn evidence(number: u64, of: u64) -> Bytes {
    let evidence = Evidence { observation: id(of), sha256: [1; 32], name: "bc.pdf".into(), size_bytes: 10 };
    body(number, Deed::Attached(evidence))
}

fn agent(name: &'static str, frame: Agent) -> Line {
    ("agent", name, AgentFrame { frame: Some(frame) }.encode_to_vec())
}

fn aggregator(name: &'static str, frame: Aggregator) -> Line {
    ("aggregator", name, AggregatorFrame { frame: Some(frame) }.encode_to_vec())
}

fn place(bodies: &[Bytes]) -> Option<v1::LogPosition> {
    Some(position::to_wire(bodies.iter().fold(LogPosition::START, |position, body| position.then(body))))
}

fn batch(first_seq: u64, bodies: &[Bytes]) -> Agent {
    let changes = bodies.iter().map(|body| v1::Change { body: body.clone() }).collect();
    Agent::Batch(v1::Batch { first_seq, changes, ..v1::Batch::default() })
}

fn refused() -> v1::RefusedChange {
    v1::RefusedChange {
        seq: 1,
        change_id: id(1).as_bytes().to_vec(),
        code: "period_closed".into(),
        detail: "period_closed: 2026-09".into(),
    }
}

fn first() -> Vec<Line> {
    let bodies = [figure(1, "2026-09", 10), figure(2, "2026-10", 20), evidence(3, 2)];
    let hello = v1::Hello {
        protocol_min: 1,
        protocol_max: 1,
        build: "0.1.0".into(),
        province: "dong-nai".into(),
        incarnation: vec![7; 16],
        head: place(&bodies),
        acknowledged: place(&[]),
        clock_unix_ms: 1_790_000_000_000,
        ..v1::Hello::default()
    };
    let welcome = v1::Welcome {
        protocol: 1,
        verdict: v1::Verdict::Ok.into(),
        position: place(&[]),
        clock_unix_ms: 1_790_000_000_500,
        max_batch_bytes: 512 * 1024,
        max_batches_in_flight: 4,
        exercise: true,
        ..v1::Welcome::default()
    };
    let acknowledgement = v1::Acknowledgement {
        position: place(&bodies),
        received_at_unix_ms: 1_790_000_001_000,
        refused: vec![refused()],
        receipt: None,
    };
    let item = shared::feed::FeedItem::Closed { period: "2026-08".parse().unwrap(), closed: true };
    let part = feed::to_wire(&item);
    let mut checksum = feed::Checksum::default();
    checksum.add(&part);
    let away = v1::TurnedAway {
        verdict: v1::Verdict::AgentBehind.into(),
        detail: "the logs do not agree".into(),
        retry_after_ms: 0,
        position: place(&bodies),
        clock_unix_ms: 1_790_000_000_500,
    };
    let join = crate::enrolment::v1::JoinRequest {
        token: "TOKEN-1".into(),
        signing_request: vec![1, 2, 3],
        build: "0.1.0".into(),
    };
    vec![
        agent("hello", Agent::Hello(hello)),
        aggregator("welcome", Aggregator::Welcome(welcome)),
        agent("batch", batch(1, &bodies)),
        aggregator("acknowledgement", Aggregator::Acknowledgement(acknowledgement)),
        agent("feed_wanted", Agent::FeedWanted(v1::FeedWanted { position: 3, catalogue_version: 1 })),
        aggregator("feed_part", Aggregator::FeedPart(part)),
        aggregator("feed_end", Aggregator::FeedEnd(checksum.end(8))),
        aggregator("turned_away", Aggregator::TurnedAway(away)),
        ("agent", "join_request", join.encode_to_vec()),
    ]
}

/// What the agent says with protocol 2.
fn second_of_agent(bodies: &[Bytes]) -> Vec<Line> {
    let hello = v1::Hello {
        protocol_min: 1,
        protocol_max: 2,
        build: "0.2.0".into(),
        province: "dong-nai".into(),
        incarnation: vec![8; 16],
        head: place(bodies),
        acknowledged: place(&bodies[..1]),
        clock_unix_ms: 1_790_000_000_000,
        authorities: vec![vec![9; 32]],
    };
    let digest = v1::PeriodDigest { period: "2026-10".into(), digest: vec![3; 32], records: 4 };
    let resend = v1::Resend {
        period: "2026-10".into(),
        indicator: "CDS-17".into(),
        changes: vec![v1::ResentChange { seq: 1, body: bodies[0].to_vec() }],
        last: true,
    };
    let file = v1::OfferedFile { sha256: vec![5; 32], size_bytes: 70_000 };
    let chunk = v1::EvidenceChunk { sha256: vec![5; 32], offset: 65_536, data: vec![1, 2, 3] };
    vec![
        agent("hello", Agent::Hello(hello)),
        agent("history_wanted", Agent::HistoryWanted(v1::HistoryWanted { after: place(&bodies[..1]) })),
        agent("batch", batch(2, &bodies[1..])),
        agent("digests", Agent::Digests(v1::Digests { periods: vec![digest] })),
        agent("resend", Agent::Resend(resend)),
        agent("evidence_offer", Agent::EvidenceOffer(v1::EvidenceOffer { files: vec![file] })),
        agent("evidence_chunk", Agent::EvidenceChunk(chunk)),
    ]
}

/// What the aggregator says with protocol 2.
fn second_of_aggregator(bodies: &[Bytes]) -> Vec<Line> {
    let welcome = v1::Welcome {
        protocol: 2,
        verdict: v1::Verdict::Fork.into(),
        position: place(bodies),
        clock_unix_ms: 1_790_000_000_500,
        max_batch_bytes: 512 * 1024,
        max_batches_in_flight: 4,
        exercise: false,
        authorities: vec![vec![1, 2], vec![3]],
        receipt_certificate: vec![4, 5],
        epoch: vec![6; 16],
        common: place(&bodies[..1]),
        max_chunk_bytes: 256 * 1024,
        bundle_key: vec![10; 32],
        evidence_losses: 3,
    };
    let held = v1::HeldChange {
        body: bodies[0].to_vec(),
        refusal_code: "period_closed".into(),
        refusal_detail: "period_closed: 2026-09".into(),
    };
    let statement = v1::ReceiptStatement {
        province: "dong-nai".into(),
        commune: "tan-phu".into(),
        incarnation: vec![8; 16],
        position: place(bodies),
        received_at_unix_ms: 1_790_000_001_000,
    };
    let receipt = v1::Receipt { statement: statement.encode_to_vec(), signature: vec![7; 64], key: vec![8; 32] };
    let acknowledgement = v1::Acknowledgement {
        position: place(bodies),
        received_at_unix_ms: 1_790_000_001_000,
        refused: vec![refused()],
        receipt: Some(receipt),
    };
    let difference = v1::PeriodDifference {
        held: Some(v1::PeriodDigest { period: "2026-10".into(), digest: vec![3; 32], records: 4 }),
        indicators: vec![v1::IndicatorDigest { indicator: "CDS-17".into(), digest: vec![2; 32], records: 4 }],
    };
    let resent =
        v1::Resent { period: "2026-10".into(), indicator: "CDS-17".into(), refused: vec![refused()], repaired: 2 };
    let file = |state: v1::FileState, held_bytes, code: &str| v1::HeldFile {
        sha256: vec![5; 32],
        state: state.into(),
        held_bytes,
        code: code.into(),
    };
    let files = vec![
        file(v1::FileState::Wanted, 65_536, ""),
        file(v1::FileState::Held, 70_000, ""),
        file(v1::FileState::Refused, 0, "kind_not_allowed"),
    ];
    vec![
        aggregator("welcome", Aggregator::Welcome(welcome)),
        aggregator("history_page", Aggregator::HistoryPage(v1::HistoryPage { first_seq: 1, changes: vec![held] })),
        aggregator("acknowledgement", Aggregator::Acknowledgement(acknowledgement)),
        aggregator("digest_report", Aggregator::DigestReport(v1::DigestReport { differences: vec![difference] })),
        aggregator("resent", Aggregator::Resent(resent)),
        aggregator("evidence_state", Aggregator::EvidenceState(v1::EvidenceState { files })),
    ]
}

fn second() -> Vec<Line> {
    let noted = Deed::ConflictNoted(Conflict { earlier: id(1), later: id(2) });
    let bodies =
        [figure(1, "2026-10", 1), figure(2, "2026-10", 2), body(3, noted), body(4, Deed::ConflictSettled(id(3)))];
    [second_of_agent(&bodies), second_of_aggregator(&bodies)].concat()
}

fn written(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |mut text, (who, name, bytes)| {
        writeln!(text, "{who} {name} {}", hex::encode(bytes)).unwrap();
        text
    })
}

#[test]
fn this_build_writes_the_frames_as_they_always_were() {
    assert_eq!(written(&first()), FIRST);
    assert_eq!(written(&second()), SECOND);
}

#[test]
fn this_build_reads_them_to_the_same_values() {
    for line in [FIRST, SECOND].into_iter().flat_map(str::lines) {
        let words: Vec<&str> = line.split(' ').collect();
        let bytes = hex::decode(words[2]).unwrap();
        // What is read and written again is the same, so nothing of it was lost or read as something else.
        let again = match (words[0], words[1]) {
            (_, "join_request") => crate::enrolment::v1::JoinRequest::decode(&bytes[..]).unwrap().encode_to_vec(),
            ("agent", _) => {
                let frame = AgentFrame::decode(&bytes[..]).unwrap();
                assert!(frame.frame.is_some(), "{line}");
                frame.encode_to_vec()
            }
            _ => {
                let frame = AggregatorFrame::decode(&bytes[..]).unwrap();
                assert!(frame.frame.is_some(), "{line}");
                frame.encode_to_vec()
            }
        };
        assert_eq!(again, bytes, "{line}");
    }
}
