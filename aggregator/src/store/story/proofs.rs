//! One log under many lives, its history, its digests, records made anew, parked changes: what every adapter must do.

use super::*;
use crate::{
    province::Province,
    store::{CheckedBatch, DigestNote, Lineage, Note, Resending},
};
use shared::{
    change::{Conflict, Deed},
    digest::SetDigest,
};
use std::sync::Arc;

pub async fn every_story<S: Store + 'static, G>(fresh: impl AsyncFn() -> (G, S)) {
    let (_guard, store) = fresh().await;
    one_log_goes_on_under_another_life(&store).await;
    let (_guard, store) = fresh().await;
    history_comes_in_pages(&store).await;
    let (_guard, store) = fresh().await;
    digests_follow_every_write(&store).await;
    let (_guard, store) = fresh().await;
    records_made_anew_are_the_same(&store).await;
    let (_guard, store) = fresh().await;
    another_epoch_begins(&store).await;
    let (_guard, store) = fresh().await;
    what_was_parked_is_applied_where_it_belongs(Arc::new(store)).await;
    let (_guard, store) = fresh().await;
    what_belongs_to_a_parked_change_waits_with_it(Arc::new(store)).await;
    let (_guard, store) = fresh().await;
    a_difference_is_remembered_until_it_is_healed(&store).await;
}

fn opening(incarnation: u8, head_seq: u64) -> OpeningQuestion {
    OpeningQuestion {
        commune: "tan-phu".into(),
        certificate: [9; 32],
        incarnation: Incarnation([incarnation; 16]),
        head_seq,
        acknowledged_seq: 0,
    }
}

async fn one_log_goes_on_under_another_life(store: &impl Store) {
    let figures = |numbers: std::ops::Range<u64>| numbers.map(|n| figure(n, "2026-10", 1)).collect::<Vec<_>>();
    let first = batch("tan-phu", 1, LogPosition::START, figures(1..4));
    let head = first.after();
    one(store, first).await;
    // What is held already may come again from another life; only with something new it takes the place of the one before.
    let again = batch("tan-phu", 2, LogPosition::START, figures(1..4));
    assert_eq!(committed(one(store, again).await).0, head);
    let lineage = async |life| store.opening(opening(life, 0)).await.unwrap().lineage;
    assert_eq!((lineage(1).await, lineage(2).await), (Lineage::Current, Lineage::New));
    let overlapping = batch("tan-phu", 2, LogPosition::START, figures(1..6));
    let second = overlapping.after();
    assert_eq!(committed(one(store, overlapping).await).0, second);
    assert_eq!((lineage(1).await, lineage(2).await), (Lineage::Superseded, Lineage::Current));
    // The former life is not taken any more, even where its chain agrees.
    let late = one(store, batch("tan-phu", 1, second, figures(6..7))).await;
    assert_eq!(late, BatchOutcome::Fork { head: second });
    // Nor is a third one that left the log before its head.
    let beside = one(store, batch("tan-phu", 3, head, figures(8..11))).await;
    assert_eq!(beside, BatchOutcome::Fork { head: second });
    assert_eq!(lineage(3).await, Lineage::New);
    let held = store.opening(opening(3, 3)).await.unwrap();
    assert_eq!((held.head, held.chain_at_head), (Some((Incarnation([2; 16]), second)), Some(head.chain)));
    assert_eq!(store.observations().await.unwrap().len(), 5);
    assert!(store.verify().await.unwrap().is_empty());
    // A replay is no later than what it repeats.
    let mut replay = batch("tan-phu", 2, LogPosition::START, figures(1..6));
    let first_time = replay.received_at;
    replay.received_at += TimeDelta::days(30);
    assert!(
        matches!(one(store, replay).await, BatchOutcome::Committed { received_at, .. } if received_at == first_time)
    );
}

async fn history_comes_in_pages(store: &impl Store) {
    let empty = store.history("tan-phu", LogPosition::START, 1_000, 10).await.unwrap();
    assert_eq!((empty.first_seq, empty.changes.len()), (1, 0));
    let mut whole = batch("tan-phu", 1, LogPosition::START, (1..=6).map(|n| figure(n, "2026-10", 1)).collect());
    let refusal = Refusal::NumeratorOverDenominator;
    whole.changes[1].judged = Judged::Refused { change_id: change_id(2), refusal: refusal.clone() };
    whole.changes[2].judged = Judged::Parked;
    let bodies: Vec<_> = whole.changes.iter().map(|change| change.body.clone()).collect();
    let size = bodies[0].len();
    one(store, whole.clone()).await;
    for (max_changes, max_bytes) in
        [(1, 1), (1, 10_000), (2, 10_000), (6, 10_000), (7, 10_000), (9, size), (9, 2 * size), (9, size - 1)]
    {
        let (mut position, mut seen) = (LogPosition::START, Vec::new());
        loop {
            let page = store.history("tan-phu", position, max_bytes, max_changes).await.unwrap();
            assert_eq!(page.first_seq, position.seq + 1);
            if page.changes.is_empty() {
                break;
            }
            let bytes: usize = page.changes.iter().map(|change| change.body.len()).sum();
            assert!(page.changes.len() <= max_changes && (bytes <= max_bytes || page.changes.len() == 1));
            position = page.changes.iter().fold(position, |position, change| position.then(&change.body));
            seen.extend(page.changes);
        }
        assert_eq!(position, whole.after(), "pages of {max_changes} and {max_bytes} bytes");
        assert_eq!(seen.iter().map(|change| change.body.clone()).collect::<Vec<_>>(), bodies);
        let refusals: Vec<_> = seen.iter().filter_map(|change| change.refusal.clone()).collect();
        assert_eq!(refusals, [refusal.to_string()]);
    }
    // A position that the log does not have: from its beginning.
    let beside = LogPosition { seq: 3, chain: Chain([7; 32]) };
    assert_eq!(store.history("tan-phu", beside, 10_000, 10).await.unwrap().first_seq, 1);
    let beyond = LogPosition { seq: 9, chain: Chain([7; 32]) };
    assert_eq!(store.history("tan-phu", beyond, 10_000, 10).await.unwrap().first_seq, 1);
}

fn sum(batches: &[CheckedBatch], counted: &[u64]) -> SetDigest {
    let mut digest = SetDigest::EMPTY;
    let changes = batches.iter().flat_map(|batch| &batch.changes);
    for hash in changes.filter(|change| counted.iter().any(|n| change_id(*n) == change.id())).filter_map(|c| c.hash) {
        digest.add(hash);
    }
    digest
}

async fn digests_follow_every_write(store: &impl Store) {
    sample::close(store, "2026-08").await;
    let first = batch(
        "tan-phu",
        1,
        LogPosition::START,
        vec![
            figure(1, "2026-10", 10),
            figure(2, "2026-08", 1),
            evidence(3, 1, 1),
            // The same file on the same version is the same record.
            evidence(4, 1, 1),
            figure(5, "2026-09", 1),
        ],
    );
    let second = batch("tan-phu", 1, first.after(), vec![figure(6, "2026-10", 20), evidence(7, 6, 1)]);
    let batches = [first.clone(), second.clone()];
    one(store, first.clone()).await;
    one(store, first).await;
    one(store, second).await;
    let digests = store.record_digests("tan-phu").await.unwrap();
    let of = |period: &str| digests[&period.parse().unwrap()]["CDS-17"];
    assert_eq!((of("2026-10"), of("2026-09")), (sum(&batches, &[1, 3, 6, 7]), sum(&batches, &[5])));
    assert_eq!(of("2026-08"), sum(&batches, &[2]), "a closed period's too: both ends hold it");
    assert_eq!(digests.len(), 3);
    assert!(store.record_digests("loc-tan").await.unwrap().is_empty());
    assert!(store.verify().await.unwrap().is_empty(), "what is kept is what the records say");
}

async fn records_made_anew_are_the_same(store: &impl Store) {
    let mut whole = batch(
        "tan-phu",
        1,
        LogPosition::START,
        vec![figure(1, "2026-10", 10), figure(2, "2026-10", 20), evidence(3, 2, 1), figure(4, "2026-10", 30)],
    );
    whole.changes[1].judged = Judged::Refused { change_id: change_id(2), refusal: Refusal::NumeratorOverDenominator };
    one(store, whole.clone()).await;
    let before = store.observations().await.unwrap();
    assert_eq!(before.iter().map(|o| o.version).collect::<Vec<_>>(), [1, 2]);
    let resending = |changes, last| Resending {
        commune: "tan-phu".into(),
        indicator: "CDS-17".into(),
        period: "2026-10".parse().unwrap(),
        changes,
        last,
        at: moment(),
    };
    let changes: Vec<_> = (1..).zip(whole.changes.iter().map(|change| change.body.clone())).collect();
    let part = store.remake(resending(changes.clone(), false)).await.unwrap();
    assert_eq!((part.refused.len(), part.repaired), (0, 0), "only the last one is answered");
    let remade = store.remake(resending(changes, true)).await.unwrap();
    assert_eq!((remade.repaired, remade.foreign), (0, 0));
    let codes: Vec<_> = remade.refused.iter().map(|one| (one.seq, one.code.as_str())).collect();
    assert_eq!(codes, [(2, "numerator_over_denominator"), (3, "unknown_observation")]);
    assert_eq!(store.observations().await.unwrap(), before);
    // For a commune and an indicator that nothing is known of.
    let nobody = Resending { commune: "minh-hung".into(), ..resending(Vec::new(), true) };
    assert_eq!(store.remake(nobody).await.unwrap(), crate::store::Remade::default());
}

async fn another_epoch_begins(store: &impl Store) {
    let first = store.epoch().await.unwrap();
    assert_eq!(store.restored_at().await.unwrap(), None);
    assert_ne!(first, [0; 16]);
    store.restored([5; 16], "backup", moment(), act(moment())).await.unwrap();
    assert_eq!(store.opening(opening(1, 0)).await.unwrap().epoch, [5; 16]);
    assert_eq!(store.restored_at().await.unwrap(), Some(moment()));
    assert_eq!(store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap()[0].what, "restored");
}

async fn what_was_parked_is_applied_where_it_belongs(store: Arc<impl Store + 'static>) {
    let noted =
        |number| sample::change(number, Deed::ConflictNoted(Conflict { earlier: change_id(1), later: change_id(2) }));
    let mut whole = batch(
        "tan-phu",
        1,
        LogPosition::START,
        vec![
            figure(1, "2026-10", 10),
            figure(2, "2026-10", 20),
            figure(3, "2026-10", 30),
            evidence(4, 1, 1),
            noted(5),
            sample::change(6, Deed::ConflictSettled(change_id(99))),
        ],
    );
    // As a version would have taken it in that knew neither the first figure's kind nor conflicts.
    for parked in [0, 3, 4, 5] {
        whole.changes[parked].judged = Judged::Parked;
        whole.changes[parked].hash = None;
    }
    let after = whole.after();
    one(&*store, whole).await;
    let unreadable = prost::bytes::Bytes::from_static(b"\x0a\x03abc\x10\x63");
    let mut later = batch("tan-phu", 1, after, vec![figure(7, "2026-11", 1)]);
    later.changes[0].body = unreadable.clone();
    later.changes[0].chain = after.chain.then(&unreadable);
    later.changes[0].judged = Judged::Parked;
    later.changes[0].hash = None;
    one(&*store, later).await;
    let request = ReviewRequest {
        commune: "tan-phu".into(),
        key: key("2026-10"),
        version: None,
        decision: Decision::Returned,
        reason: "thiếu".into(),
        code: None,
        first: false,
    };
    assert_eq!(store.review(request, act(moment())).await.unwrap(), Reviewed::Done { version: 2 });
    let province = Province::load(store.clone(), Arc::new(crate::clock::StandingClock(moment()))).await.unwrap();
    assert_eq!(crate::parked::take_up(&province).await.unwrap(), 4, "all but the one of a later schema");
    let kept = store.observations().await.unwrap();
    let lines: Vec<_> = kept.iter().map(|o| (o.change_id, o.version, o.evidence_count, o.verdict)).collect();
    let returned = Some(Decision::Returned);
    assert_eq!(
        lines,
        [(change_id(1), 1, 1, None), (change_id(2), 2, 0, None), (change_id(3), 3, 0, returned)],
        "in the order of the log, and the verdict stays on what it was passed on"
    );
    assert_eq!(store.conflicts().await.unwrap()[0].id, change_id(5));
    let page = store.history("tan-phu", LogPosition::START, 100_000, 100).await.unwrap();
    let refused: Vec<_> = page.changes.iter().filter_map(|change| change.refusal.clone()).collect();
    assert_eq!(refused.len(), 1, "there is no such conflict: {refused:?}");
    assert!(store.verify().await.unwrap().is_empty());
    assert_eq!(crate::parked::take_up(&province).await.unwrap(), 0, "looked at once");
    // The next version knows more.
    store.note_known_kinds((3, 1)).await.unwrap();
    assert_eq!(crate::parked::take_up(&province).await.unwrap(), 0, "still of a later schema");
}

async fn what_belongs_to_a_parked_change_waits_with_it(store: Arc<impl Store + 'static>) {
    let conflict = Conflict { earlier: change_id(1), later: change_id(2) };
    let changes = vec![
        figure(1, "2026-10", 10),
        evidence(2, 1, 1),
        sample::change(3, Deed::ConflictNoted(conflict)),
        sample::change(4, Deed::ConflictSettled(change_id(3))),
        evidence(5, 9, 1),
        evidence(6, 2, 1),
    ];
    let mut whole = batch("tan-phu", 1, LogPosition::START, changes);
    // The program knows neither this figure nor conflicts; evidence it knows, and that a conflict was settled.
    for parked in [0, 2] {
        whole.changes[parked].judged = Judged::Parked;
        whole.changes[parked].hash = None;
    }
    let (_, refused) = committed(one(&*store, whole).await);
    // The fifth names nothing that there is; the sixth names evidence, which waits, and will be refused with it.
    assert_eq!(refused, ["unknown_observation"]);
    assert!(store.observations().await.unwrap().is_empty() && store.conflicts().await.unwrap().is_empty());
    assert!(store.verify().await.unwrap().is_empty());
    let province = Province::load(store.clone(), Arc::new(crate::clock::StandingClock(moment()))).await.unwrap();
    store.note_known_kinds((1, 1)).await.unwrap();
    assert_eq!(crate::parked::take_up(&province).await.unwrap(), 5);
    assert_eq!(store.observations().await.unwrap()[0].evidence_count, 1);
    assert!(store.conflicts().await.unwrap()[0].settled_by.is_some());
    let page = store.history("tan-phu", LogPosition::START, 100_000, 100).await.unwrap();
    let refused: Vec<_> = page.changes.iter().map(|change| change.refusal.is_some()).collect();
    assert_eq!(refused, [false, false, false, false, true, true]);
    assert!(store.verify().await.unwrap().is_empty());
}

async fn a_difference_is_remembered_until_it_is_healed(store: &impl Store) {
    let note = async |minutes, differ| {
        let at = moment() + TimeDelta::minutes(minutes);
        let notes = vec![Note::Digests(DigestNote { commune: "tan-phu".into(), at, differ })];
        store.append(Append { batches: Vec::new(), notes }).await.unwrap();
        store.contacts().await.unwrap().remove(0)
    };
    store.append(Append { batches: Vec::new(), notes: vec![session_note("tan-phu", None)] }).await.unwrap();
    assert_eq!(note(1, false).await.digests_differ_since, None);
    note(2, true).await;
    let still = note(3, true).await;
    assert_eq!(still.digests_differ_since, Some(moment() + TimeDelta::minutes(2)));
    let healed = note(4, false).await;
    assert_eq!((healed.digests_differ_since, healed.digests_at), (None, Some(moment() + TimeDelta::minutes(4))));
}
