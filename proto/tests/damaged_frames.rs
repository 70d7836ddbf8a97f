//! Frames of both directions with damaged bytes: whatever is still a frame is read into the domain or refused.
#![allow(clippy::unwrap_used, missing_docs)]

use proptest::prelude::*;
use prost::Message;
use proto::{
    receipt::Statement,
    sync::v1::{self, AgentFrame, AggregatorFrame, agent_frame, aggregator_frame::Frame},
};

fn position() -> Option<v1::LogPosition> {
    Some(v1::LogPosition { seq: 3, chain: vec![7; 32] })
}

fn digest() -> v1::PeriodDigest {
    v1::PeriodDigest { period: "2026-10".into(), digest: vec![1; 32], records: 4 }
}

/// One frame of each kind that carries something to be read.
fn frames() -> Vec<Vec<u8>> {
    let statement = v1::ReceiptStatement {
        province: "dong-nai".into(),
        commune: "tan-phu".into(),
        incarnation: vec![1; 16],
        position: position(),
        received_at_unix_ms: 1,
    };
    let receipt = v1::Receipt { statement: statement.encode_to_vec(), signature: vec![2; 64], key: vec![3; 32] };
    let refused =
        v1::RefusedChange { seq: 3, change_id: vec![4; 16], code: "period_closed".into(), detail: "x".into() };
    let verdict = v1::ReviewVerdict {
        observation_change_id: vec![5; 16],
        decision: "returned".into(),
        reason: "thiếu".into(),
        reviewer: "an".into(),
        decided_at_unix_ms: 1,
    };
    let item = v1::FeedItem { item: Some(v1::feed_item::Item::Verdict(verdict)) };
    let exception =
        v1::CutoffException { period: "2026-10".into(), cutoff: "2026-10-24".into(), reason: "mưa".into() };
    let exception = v1::FeedItem { item: Some(v1::feed_item::Item::Exception(exception)) };
    let indicator = v1::IndicatorDigest { indicator: "CDS-17".into(), digest: vec![1; 32], records: 2 };
    let difference = v1::PeriodDifference { held: Some(digest()), indicators: vec![indicator] };
    let down = [
        Frame::Acknowledgement(v1::Acknowledgement {
            position: position(),
            received_at_unix_ms: 1,
            refused: vec![refused],
            receipt: Some(receipt),
        }),
        Frame::FeedPart(v1::FeedPart { item: item.encode_to_vec() }),
        Frame::FeedPart(v1::FeedPart { item: exception.encode_to_vec() }),
        Frame::DigestReport(v1::DigestReport { differences: vec![difference] }),
    ];
    let up = agent_frame::Frame::Digests(v1::Digests { periods: vec![digest()] });
    let mut all: Vec<_> = down.map(|frame| AggregatorFrame { frame: Some(frame) }.encode_to_vec()).into();
    all.push(AgentFrame { frame: Some(up) }.encode_to_vec());
    all
}

fn read_down(frame: AggregatorFrame) {
    match frame.frame {
        Some(Frame::Acknowledgement(said)) => {
            let _ = proto::position::from_wire(said.position);
            let _ = said.receipt.map(|receipt| Statement::read(&receipt));
        }
        Some(Frame::FeedPart(part)) => drop(proto::feed::from_wire(&part)),
        Some(Frame::DigestReport(report)) => drop(proto::digest::report_from_wire(report)),
        _ => {}
    }
}

fn read_up(frame: AgentFrame) {
    if let Some(agent_frame::Frame::Digests(digests)) = frame.frame {
        let _ = proto::digest::from_wire(digests);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_frames_are_read_or_refused(
        which: prop::sample::Index,
        spots in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut: Option<prop::sample::Index>,
    ) {
        let all = frames();
        let mut bytes = which.get(&all).clone();
        for (spot, byte) in spots {
            let at = spot.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(frame) = AggregatorFrame::decode(&bytes[..]) {
            read_down(frame);
        }
        if let Ok(frame) = AgentFrame::decode(&bytes[..]) {
            read_up(frame);
        }
    }
}
