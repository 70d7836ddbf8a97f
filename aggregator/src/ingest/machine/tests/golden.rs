//! A session that an agent and an aggregator of the first version had, again: this version says the same, byte for byte.

use super::*;
use crate::sample;
use prost::Message;

/// Made by the first version: who said what, in the order of the session.
const SESSION: &str = include_str!("../../golden/session-1.txt");

/// What the store said then.
fn answer(output: &Output, end: LogPosition) -> Option<Input> {
    Some(match output {
        Output::Open { .. } => Input::Opened {
            opening: Opening { certificate_valid: true, epoch: [6; 16], ..Opening::default() },
            admission: Admission::Granted,
            clock_unix_ms: 1_790_000_000_500,
        },
        Output::Store { .. } => {
            let refused = vec![RefusedChange {
                seq: 1,
                change_id: sample::change_id(1),
                code: "period_closed".into(),
                detail: "period_closed: 2026-09".into(),
            }];
            let received_at = DateTime::from_timestamp_millis(77).unwrap();
            stored(BatchOutcome::Committed { position: end, refused, received_at }, 1_790_000_001_000)
        }
        Output::ReadFeed { .. } => {
            let item = shared::feed::FeedItem::Closed { period: "2026-08".parse().unwrap(), closed: true };
            Input::Feed(Page { parts: vec![proto::feed::to_wire(&item)], position: 8, more: false })
        }
        Output::Conclude => Input::Concluded,
        _ => return None,
    })
}

#[test]
fn an_agent_of_the_first_version_is_served_as_it_was() {
    let mut lines = SESSION.lines().map(|line| line.split(' ').collect::<Vec<_>>()).peekable();
    let mut machine = Machine::new(Hospitality { exercise: true, ..hospitality() });
    let mut end = LogPosition::START;
    let mut expected = VecDeque::new();
    let mut said = VecDeque::new();
    while let Some(line) = lines.next_if(|line| line[1] != "turned_away") {
        let bytes = hex::decode(line[2]).unwrap();
        if line[0] == "aggregator" {
            expected.push_back(bytes);
            continue;
        }
        let frame = AgentFrame::decode(&bytes[..]).unwrap();
        assert_eq!(frame.encode_to_vec(), bytes);
        if let Some(agent_frame::Frame::Batch(batch)) = &frame.frame {
            end = batch.changes.iter().fold(LogPosition::START, |position, change| position.then(&change.body));
        }
        let mut inputs = VecDeque::from([Input::Frame(frame)]);
        while let Some(input) = inputs.pop_front() {
            for output in machine.step(input) {
                inputs.extend(answer(&output, end));
                if let Output::Send(frame) = output {
                    said.push_back(frame.encode_to_vec());
                }
            }
        }
    }
    assert_eq!(said, expected);
    assert!(machine.step(Input::Closed).is_empty(), "it ends with the feed");
    // Another life of the store is turned away, in the same words.
    let hello = SESSION.lines().find_map(|line| line.strip_prefix("agent hello ")).unwrap();
    let hello = AgentFrame::decode(&hex::decode(hello).unwrap()[..]).unwrap();
    let mut machine = Machine::new(hospitality());
    machine.step(Input::Frame(hello));
    let opening = Opening { certificate_valid: true, head: Some((Incarnation([8; 16]), end)), ..Opening::default() };
    let clock_unix_ms = 1_790_000_000_500;
    let outputs = machine.step(Input::Opened { opening, admission: Admission::Granted, clock_unix_ms });
    let Output::Send(frame) = &outputs[0] else { panic!("{outputs:?}") };
    assert_eq!(hex::encode(frame.encode_to_vec()), lines.next().unwrap()[2]);
}
