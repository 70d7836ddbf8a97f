//! Evidence that is claimed to be larger than anything that is taken.

use super::*;

const GIB: u64 = 1 << 30;

fn claim(number: u64, of: u64, size_bytes: u64) -> Change {
    let file = Evidence { observation: change_id(of), sha256: [9; 32], name: "phim.pdf".into(), size_bytes };
    change(number, Deed::Attached(file))
}

#[tokio::test]
async fn a_claim_of_two_gibibytes_is_refused_before_any_byte_and_the_queue_goes_on() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let small = b"%PDF-1.4 small";
    // One that the wire has no room for, one that it has and the settings do not, and a small one behind them.
    let changes = [
        figure(1, "2026-10", 1),
        claim(2, 1, 2 * GIB),
        claim(3, 1, GIB),
        figure(4, "2026-10", 2),
        attached(5, 4, small),
    ];
    let log = bodies(&changes);
    let mut agent = house.healing_agent(&credential).await;
    agent.greet(1, after(&log), LogPosition::START).await;
    let ack = agent.push(1, &log).await;
    let refused: Vec<_> = ack.refused.iter().map(|one| (one.seq, one.code.as_str())).collect();
    assert_eq!(refused, [(2, "unreadable")]);
    assert_eq!(house.store.observations().await.unwrap().len(), 2);
    agent.feed().await;
    let accepted: Vec<Change> = [0, 2, 3, 4].map(|at: usize| changes[at].clone()).into();
    assert!(agent.compare(&accepted).await.is_empty());
    // The bytes: neither is asked for, whatever size is offered; the small one is.
    for size_bytes in [2 * GIB, GIB] {
        let file = v1::OfferedFile { sha256: vec![9; 32], size_bytes };
        agent.send(agent_frame::Frame::EvidenceOffer(v1::EvidenceOffer { files: vec![file] })).await;
        let state = agent.state().await;
        let code = if size_bytes == GIB { "file_too_large" } else { "not_evidence" };
        assert_eq!((state.state(), state.held_bytes, state.code.as_str()), (v1::FileState::Refused, 0, code));
    }
    let state = agent.offer(small).await;
    assert_eq!((state.state(), state.held_bytes), (v1::FileState::Wanted, 0));
    agent.close().await;
    house.stop().await;
}
