//! Healing, digests, receipts and evidence: what protocol 2 adds.

use super::*;
use proto::digest::Difference;
use proto::{MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT};
use shared::{digest::SetDigest, period::Period};

fn hello_two(head: u64, acknowledged: u64) -> v1::Hello {
    v1::Hello { protocol_max: 2, ..hello(head, acknowledged) }
}

fn say(machine: &mut Machine, said: agent_frame::Frame) -> Vec<Output> {
    machine.step(frame(said))
}

fn greet(machine: &mut Machine, hello: v1::Hello, opening: Opening) -> v1::Welcome {
    let outputs = say(machine, agent_frame::Frame::Hello(hello));
    assert!(matches!(outputs[..], [Output::Open { protocol: Some(2), .. }]), "{outputs:?}");
    match sent(&machine.step(opened(opening))) {
        aggregator_frame::Frame::Welcome(welcome) => welcome,
        other => panic!("not welcomed: {other:?}"),
    }
}

fn sent(outputs: &[Output]) -> aggregator_frame::Frame {
    match outputs {
        [Output::Send(AggregatorFrame { frame: Some(frame) }), ..] => frame.clone(),
        other => panic!("nothing is sent: {other:?}"),
    }
}

fn is_violation(outputs: &[Output]) -> bool {
    matches!(ending(outputs), Some(Ending::Violation(_)))
}

fn history_wanted(seq: u64) -> agent_frame::Frame {
    agent_frame::Frame::HistoryWanted(v1::HistoryWanted { after: Some(position::to_wire(at(seq))) })
}

fn history(first_seq: u64, count: u64) -> HistoryPage {
    let refusal = |seq| (seq == 2).then(|| "period_closed: 2026-09".to_owned());
    let changes = (first_seq..first_seq + count).map(|seq| HeldChange { body: body(seq), refusal: refusal(seq) });
    HistoryPage { first_seq, changes: changes.collect() }
}

/// A session in which the feed was taken.
fn settled() -> Machine {
    let mut machine = Machine::new(hospitality());
    greet(&mut machine, hello_two(5, 5), held(5, 5, 5));
    machine.step(feed_wanted());
    machine.step(Input::Feed(Page::default()));
    let outputs = machine.step(Input::Concluded);
    assert!(matches!(sent(&outputs), aggregator_frame::Frame::FeedEnd(_)));
    assert_eq!(outputs.len(), 1, "the session stays open");
    machine
}

fn digests(periods: usize) -> agent_frame::Frame {
    let one = |month: usize| v1::PeriodDigest { period: format!("2026-{month:02}"), digest: vec![1; 32], records: 2 };
    agent_frame::Frame::Digests(v1::Digests { periods: (1..=periods).map(one).collect() })
}

fn resend(changes: usize, size: usize, last: bool) -> agent_frame::Frame {
    let changes = (0..changes).map(|seq| v1::ResentChange { seq: seq as u64 + 1, body: vec![0; size] }).collect();
    agent_frame::Frame::Resend(v1::Resend { period: "2026-10".into(), indicator: "CDS-17".into(), changes, last })
}

fn offer(files: usize) -> agent_frame::Frame {
    let file = |n: usize| v1::OfferedFile { sha256: vec![(n % 256) as u8; 32], size_bytes: n as u64 };
    agent_frame::Frame::EvidenceOffer(v1::EvidenceOffer { files: (0..files).map(file).collect() })
}

fn chunk(size: usize) -> agent_frame::Frame {
    agent_frame::Frame::EvidenceChunk(v1::EvidenceChunk { sha256: vec![3; 32], offset: 7, data: vec![1; size] })
}

#[test]
fn a_welcome_brings_what_healing_and_receipts_need() {
    let mut machine = Machine::new(hospitality());
    let welcome = greet(&mut machine, hello_two(9, 4), held(6, 9, 4));
    assert_eq!((welcome.protocol, welcome.verdict()), (2, Verdict::Ok));
    assert_eq!((welcome.epoch, welcome.receipt_certificate), (vec![6; 16], vec![4; 300]));
    assert_eq!(welcome.common, Some(position::to_wire(at(4))));
    assert_eq!(welcome.max_chunk_bytes as usize, MAX_CHUNK_BYTES);
    assert_eq!(machine.protocol(), 2);
    machine.step(changes(7, 1));
    let receipt = Some(v1::Receipt { statement: vec![1], signature: vec![2], key: vec![3] });
    let input = Input::Stored { outcome: committed(at(7)), received_at_unix_ms: 99, receipt: receipt.clone() };
    let aggregator_frame::Frame::Acknowledgement(ack) = sent(&machine.step(input)) else { panic!("no ack") };
    assert_eq!((ack.receipt, ack.received_at_unix_ms), (receipt, 4), "a replay does not make it later");
}

#[test]
fn an_agent_that_is_behind_takes_its_history_back_and_greets_anew() {
    let mut machine = Machine::new(hospitality());
    let welcome = greet(&mut machine, hello_two(2, 2), held(5, 2, 2));
    assert_eq!((welcome.verdict(), welcome.common), (Verdict::AgentBehind, Some(position::to_wire(at(2)))));
    for (after, page) in [(2, history(3, 2)), (4, history(5, 1)), (5, history(6, 0))] {
        assert_eq!(say(&mut machine, history_wanted(after)), [Output::ReadHistory { after: at(after) }]);
        assert!(!machine.takes_frames());
        let outputs = machine.step(Input::History(page.clone()));
        let aggregator_frame::Frame::HistoryPage(sent) = sent(&outputs) else { panic!("no page") };
        assert_eq!((sent.first_seq, sent.changes.len()), (page.first_seq, page.changes.len()));
    }
    // On top of what it took back it has two changes of its own.
    let reborn = v1::Hello { incarnation: vec![2; 16], ..hello_two(7, 5) };
    let welcome = greet(&mut machine, reborn, Opening { lineage: Lineage::New, ..held(5, 7, 5) });
    assert_eq!(welcome.verdict(), Verdict::Ok);
    assert!(matches!(&machine.step(changes(6, 2))[..], [Output::Store { before, .. }] if *before == at(5)));
}

#[test]
fn a_page_says_what_was_refused() {
    let mut machine = Machine::new(hospitality());
    greet(&mut machine, hello_two(0, 0), held(5, 0, 0));
    say(&mut machine, history_wanted(0));
    let aggregator_frame::Frame::HistoryPage(page) = sent(&machine.step(Input::History(history(1, 3)))) else {
        panic!("no page")
    };
    let refusals: Vec<_> = page.changes.iter().map(|change| change.refusal_code.as_str()).collect();
    assert_eq!(refusals, ["", "period_closed", ""]);
    assert_eq!(page.changes[1].refusal_detail, "period_closed: 2026-09");
}

#[test]
fn what_is_of_another_log_is_not_taken() {
    let behind = || {
        let mut machine = Machine::new(hospitality());
        greet(&mut machine, hello_two(2, 2), held(5, 2, 2));
        machine
    };
    assert!(is_violation(&behind().step(changes(3, 1))), "a batch before healing");
    assert!(is_violation(&behind().step(feed_wanted())), "the feed before healing");
    let wrong = agent_frame::Frame::HistoryWanted(v1::HistoryWanted { after: None });
    assert!(is_violation(&say(&mut behind(), wrong)));
    // An agent that finds the fork itself may heal too; one that found nothing may not greet twice, nor after it sent something.
    let fine = || {
        let mut machine = Machine::new(hospitality());
        greet(&mut machine, hello_two(5, 5), held(5, 5, 5));
        machine
    };
    assert!(is_violation(&say(&mut fine(), agent_frame::Frame::Hello(hello_two(5, 5)))));
    let mut machine = fine();
    machine.step(changes(6, 1));
    machine.step(stored(committed(at(6)), 0));
    assert!(is_violation(&say(&mut machine, history_wanted(5))));
    let mut machine = fine();
    say(&mut machine, history_wanted(0));
    machine.step(Input::History(history(1, 5)));
    assert!(matches!(say(&mut machine, agent_frame::Frame::Hello(hello_two(5, 5)))[..], [Output::Open { .. }]));
    // Not for ever.
    let mut machine = behind();
    for _ in 1..MAX_HELLOS {
        greet(&mut machine, hello_two(2, 2), held(5, 2, 2));
    }
    assert!(is_violation(&say(&mut machine, agent_frame::Frame::Hello(hello_two(2, 2)))));
}

#[test]
fn an_agent_of_protocol_one_has_none_of_it() {
    for said in [history_wanted(0), digests(1), resend(1, 1, true), offer(1), chunk(1)] {
        assert!(is_violation(&say(&mut welcomed(5), said.clone())), "{said:?}");
        if !matches!(said, agent_frame::Frame::HistoryWanted(_)) {
            let mut machine = Machine::new(hospitality());
            greet(&mut machine, hello_two(5, 5), held(5, 5, 5));
            assert!(is_violation(&say(&mut machine, said)), "before the feed");
        }
    }
}

#[test]
fn after_the_feed_the_agent_closes_when_it_has_done() {
    assert_eq!(settled().step(Input::Closed), [Output::End(Ending::Done)]);
    let mut machine = settled();
    say(&mut machine, offer(1));
    assert_eq!(machine.step(Input::Closed), [Output::End(Ending::ClosedEarly)], "while an answer is awaited");
    assert!(is_violation(&settled().step(changes(6, 1))));
    assert!(is_violation(&settled().step(feed_wanted())));
    assert!(is_violation(&say(&mut settled(), history_wanted(0))));
}

fn difference(period: &str) -> Difference {
    Difference { period: period.parse().unwrap(), held: SetDigest::EMPTY, indicators: Default::default() }
}

#[test]
fn digests_are_compared_and_what_differs_is_taken_again() {
    let mut machine = settled();
    let outputs = say(&mut machine, digests(2));
    let [Output::Compare(theirs)] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(theirs["2026-02".parse::<Period>().as_ref().unwrap()], SetDigest::from_bytes([1; 32], 2));
    let aggregator_frame::Frame::DigestReport(report) = sent(&machine.step(Input::Compared(Vec::new()))) else {
        panic!("no report")
    };
    assert!(report.differences.is_empty());
    assert!(is_violation(&say(&mut machine.clone(), resend(1, 10, true))), "nothing differs");
    say(&mut machine, digests(2));
    machine.step(Input::Compared(vec![difference("2026-10")]));
    // Two frames of changes, one answer.
    let outputs = say(&mut machine, resend(2, 10, false));
    assert!(matches!(&outputs[..], [Output::Remake { changes, last: false, .. }] if changes.len() == 2));
    assert!(machine.step(Input::Remade(Remade::default())).is_empty());
    assert!(matches!(&say(&mut machine, resend(0, 0, true))[..], [Output::Remake { last: true, .. }]));
    let refused = RefusedChange {
        seq: 2,
        change_id: uuid::Uuid::nil(),
        code: "period_closed".into(),
        detail: "period_closed: 2026-10".into(),
    };
    let remade = Remade { refused: vec![refused], repaired: 3, foreign: 0 };
    let aggregator_frame::Frame::Resent(resent) = sent(&machine.step(Input::Remade(remade))) else { panic!("none") };
    assert_eq!((resent.period.as_str(), resent.indicator.as_str(), resent.repaired), ("2026-10", "CDS-17", 3));
    assert_eq!(resent.refused[0].code, "period_closed");
    assert!(is_violation(&say(&mut machine.clone(), resend(0, 0, true))), "once is enough");
    say(&mut machine, digests(1));
    machine.step(Input::Compared(Vec::new()));
    assert!(is_violation(&say(&mut machine, digests(1))), "two rounds are enough");
}

#[test]
fn everything_has_its_bounds() {
    let takes = |said: agent_frame::Frame| {
        let mut machine = settled();
        say(&mut machine, digests(1));
        machine.step(Input::Compared(vec![difference("2026-10")]));
        !is_violation(&say(&mut machine, said))
    };
    for (files, good) in [(0, false), (1, true), (MAX_OFFERED_FILES, true), (MAX_OFFERED_FILES + 1, false)] {
        assert_eq!(takes(offer(files)), good, "an offer of {files}");
    }
    for (size, good) in
        [(0, false), (1, true), (MAX_CHUNK_BYTES - 1, true), (MAX_CHUNK_BYTES, true), (MAX_CHUNK_BYTES + 1, false)]
    {
        assert_eq!(takes(chunk(size)), good, "a chunk of {size}");
    }
    for (changes, size, good) in [
        (0, 0, true),
        (MAX_PAGE_CHANGES, 1, true),
        (MAX_PAGE_CHANGES + 1, 1, false),
        (8, MAX_BATCH_BYTES / 8, true),
        (10, MAX_BATCH_BYTES / 8, false),
    ] {
        assert_eq!(takes(resend(changes, size, true)), good, "{changes} changes of {size}");
    }
    let short = v1::EvidenceChunk { sha256: vec![3; 31], offset: 0, data: vec![1] };
    assert!(!takes(agent_frame::Frame::EvidenceChunk(short)));
    let nowhere = v1::Resend { period: "2026-13".into(), indicator: "A".into(), changes: Vec::new(), last: true };
    assert!(!takes(agent_frame::Frame::Resend(v1::Resend {
        period: "2026-10".into(),
        indicator: "".into(),
        ..nowhere.clone()
    })));
    assert!(!takes(agent_frame::Frame::Resend(nowhere)));
    let before = say(&mut settled(), resend(1, 1, true));
    assert!(is_violation(&before), "nothing was compared yet");
    assert_eq!(MAX_BATCHES_IN_FLIGHT, 4);
}

#[test]
fn evidence_is_offered_and_kept_piece_by_piece() {
    let mut machine = settled();
    let outputs = say(&mut machine, offer(2));
    assert_eq!(outputs, [Output::Offer(vec![([0; 32], 0), ([1; 32], 1)])]);
    let file =
        v1::HeldFile { sha256: vec![1; 32], state: v1::FileState::Wanted.into(), held_bytes: 7, code: "".into() };
    let aggregator_frame::Frame::EvidenceState(state) = sent(&machine.step(Input::Files(vec![file.clone()]))) else {
        panic!("no state")
    };
    assert_eq!(state.files, [file]);
    let outputs = say(&mut machine, chunk(4));
    assert_eq!(outputs, [Output::Keep { sha256: [3; 32], offset: 7, data: vec![1; 4].into() }]);
    assert!(!machine.takes_frames(), "one piece at a time");
}
