//! What every adapter must do, written once: each test is a story over the port alone. Run with [`every_story`].

mod accounts;
mod identity;
mod month;
mod proofs;
pub(crate) mod twins;

use super::{
    Accepted, Append, BatchOutcome, Exception, Imported, Judged, Lineage, OpeningQuestion, ReviewRequest, Reviewed,
    Store,
};
use crate::sample::{self, act, batch, change_id, evidence, figure, moment, session_note};
use chrono::TimeDelta;
use shared::{
    change::{Chain, Change, Incarnation, LogPosition},
    feed::FeedItem,
    observation::{Decision, ObservationKey, Refusal},
    ranking::Scheme,
    snapshot::Snapshot,
};

/// Every story on a fresh store each.
pub async fn every_story<S: Store + 'static, G>(fresh: impl AsyncFn() -> (G, S)) {
    let (_guard, store) = fresh().await;
    a_founded_store_knows_its_province(&store).await;
    let (_guard, store) = fresh().await;
    versions_count_from_one_and_all_are_kept(&store).await;
    let (_guard, store) = fresh().await;
    a_replay_has_no_second_effect(&store).await;
    let (_guard, store) = fresh().await;
    another_chain_is_a_fork_and_a_hole_is_a_gap(&store).await;
    let (_guard, store) = fresh().await;
    refusals_are_journalled_and_said_again(&store).await;
    let (_guard, store) = fresh().await;
    evidence_belongs_to_one_version(&store).await;
    let (_guard, store) = fresh().await;
    a_verdict_is_bound_to_the_newest_version(&store).await;
    let (_guard, store) = fresh().await;
    what_comes_after_a_closing_is_kept_for_the_next(&store).await;
    let (_guard, store) = fresh().await;
    the_feed_brings_each_commune_its_own(&store).await;
    identity::every_story(&fresh).await;
    let (_guard, store) = fresh().await;
    month::every(&store).await;
    let (_guard, store) = fresh().await;
    accounts::every(&store).await;
    let (_guard, store) = fresh().await;
    a_catalogue_is_imported_once(&store).await;
    let (_guard, store) = fresh().await;
    an_opening_tells_how_the_log_stands(&store).await;
    let (_guard, store) = fresh().await;
    many_communes_commit_together(&store).await;
    proofs::every_story(fresh).await;
}

async fn one(store: &impl Store, batch: super::CheckedBatch) -> BatchOutcome {
    let append = Append { batches: vec![batch], notes: Vec::new() };
    store.append(append).await.unwrap().outcomes.pop().unwrap()
}

fn committed(outcome: BatchOutcome) -> (LogPosition, Vec<String>) {
    match outcome {
        BatchOutcome::Committed { position, refused, .. } => {
            (position, refused.into_iter().map(|one| one.code).collect())
        }
        other => panic!("not committed: {other:?}"),
    }
}

fn key(period: &str) -> ObservationKey {
    ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: period.parse().unwrap() }
}

async fn a_founded_store_knows_its_province(store: &impl Store) {
    assert_eq!(store.founding().await.unwrap(), sample::founding());
    let (version, catalogue) = store.catalogue().await.unwrap();
    assert_eq!((version, &*catalogue), (1, &sample::catalogue().0));
    assert!(store.observations().await.unwrap().is_empty());
    let decisions = store.decisions().await.unwrap();
    store.set_clock_offset(5_000, act(moment())).await.unwrap();
    assert_eq!(store.decisions().await.unwrap(), decisions + 1);
    assert_eq!(store.founding().await.unwrap().clock_offset_ms, 5_000);
    let audit: Vec<String> =
        store.audit(crate::store::AuditQuestion::newest(10)).await.unwrap().into_iter().map(|line| line.what).collect();
    assert_eq!(audit, ["clock_moved", "catalogue_imported", "founded"]);
}

async fn versions_count_from_one_and_all_are_kept(store: &impl Store) {
    let first = vec![figure(1, "2026-09", 10), figure(2, "2026-10", 20), figure(3, "2026-10", 30)];
    let (position, refused) = committed(one(store, batch("tan-phu", 1, LogPosition::START, first)).await);
    assert_eq!((position.seq, refused.len()), (3, 0));
    one(store, batch("tan-phu", 1, position, vec![figure(4, "2026-10", 40)])).await;
    one(store, batch("loc-tan", 2, LogPosition::START, vec![figure(5, "2026-10", 50)])).await;
    let kept = store.observations().await.unwrap();
    let lines: Vec<String> = kept.iter().map(|o| format!("{} {} v{}", o.commune, o.key.period, o.version)).collect();
    assert_eq!(
        lines,
        ["loc-tan 2026-10 v1", "tan-phu 2026-09 v1", "tan-phu 2026-10 v1", "tan-phu 2026-10 v2", "tan-phu 2026-10 v3"]
    );
    let newest = &kept[4];
    assert_eq!(newest.change_id, change_id(4));
    assert_eq!((newest.note.as_str(), newest.entered_by.as_str()), ("ghi chú", "Bình"));
    assert_eq!(newest.received_at, moment() + TimeDelta::minutes(1));
    assert_eq!(newest.entered_at, moment() + TimeDelta::seconds(4));
}

async fn a_replay_has_no_second_effect(store: &impl Store) {
    let whole = || vec![figure(1, "2026-09", 10), figure(2, "2026-10", 20), figure(3, "2026-10", 30)];
    let first = batch("tan-phu", 1, LogPosition::START, whole()[..2].to_vec());
    let half = first.after();
    let before = committed(one(store, first.clone()).await);
    assert_eq!(committed(one(store, first).await), before, "the same again");
    // Overlapping: two changes known, one new.
    let overlapping = batch("tan-phu", 1, LogPosition::START, whole());
    let end = overlapping.after();
    assert_eq!(committed(one(store, overlapping).await).0, end);
    // An old batch after the head moved on.
    let old = batch("tan-phu", 1, LogPosition::START, whole()[..2].to_vec());
    assert_eq!(committed(one(store, old).await).0, half);
    let append = Append { batches: vec![batch("tan-phu", 1, LogPosition::START, whole())], notes: Vec::new() };
    assert!(store.append(append).await.unwrap().accepted.is_empty());
    assert_eq!(store.observations().await.unwrap().len(), 3);
    assert_eq!(store.chain_at("tan-phu", 2).await.unwrap(), Some(half.chain));
    assert_eq!(store.chain_at("tan-phu", 4).await.unwrap(), None);
    assert_eq!(store.chain_at("tan-phu", 0).await.unwrap(), Some(Chain::START));
}

async fn another_chain_is_a_fork_and_a_hole_is_a_gap(store: &impl Store) {
    let first = batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    let head = first.after();
    one(store, first).await;
    let is_fork = |outcome| matches!(outcome, BatchOutcome::Fork { head: held } if held == head);
    let other = batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-09", 10), figure(9, "2026-10", 20)]);
    let beside = LogPosition { seq: 2, chain: other.after().chain };
    assert!(is_fork(one(store, other).await), "same seqs, other bodies");
    assert!(
        is_fork(one(store, batch("tan-phu", 1, beside, vec![figure(3, "2026-10", 30)])).await),
        "after another chain"
    );
    let life = batch("tan-phu", 7, LogPosition::START, vec![figure(3, "2026-10", 30)]);
    assert!(is_fork(one(store, life).await), "another incarnation");
    let beyond = LogPosition { seq: 5, chain: head.chain };
    let gap = one(store, batch("tan-phu", 1, beyond, vec![figure(3, "2026-10", 30)])).await;
    assert_eq!(gap, BatchOutcome::Gap { head });
    assert_eq!(store.observations().await.unwrap().len(), 2);
}

async fn refusals_are_journalled_and_said_again(store: &impl Store) {
    let changes = vec![
        figure(1, "2026-10", 1),
        figure(2, "2026-10", 2),
        figure(3, "2026-08", 3),
        evidence(4, 99, 1),
        figure(5, "2026-10", 5),
    ];
    let mut mixed = batch("tan-phu", 1, LogPosition::START, changes);
    mixed.changes[0].judged = Judged::Refused { change_id: change_id(1), refusal: Refusal::NumeratorOverDenominator };
    mixed.changes[1].judged = Judged::Parked;
    let expected = ["numerator_over_denominator", "unknown_observation"].map(String::from).to_vec();
    let first = one(store, mixed.clone()).await;
    assert_eq!(committed(first.clone()), (mixed.after(), expected));
    assert_eq!(one(store, mixed).await, first, "a replay tells the same refusals");
    let kept = store.observations().await.unwrap();
    assert_eq!(
        kept.iter().map(|o| (o.change_id, o.version)).collect::<Vec<_>>(),
        [(change_id(3), 1), (change_id(5), 1)]
    );
}

async fn evidence_belongs_to_one_version(store: &impl Store) {
    let first = batch(
        "tan-phu",
        1,
        LogPosition::START,
        vec![figure(1, "2026-10", 10), evidence(2, 1, 1), evidence(3, 1, 2), evidence(4, 1, 2)],
    );
    let after = first.after();
    let accepted = store.append(Append { batches: vec![first], notes: Vec::new() }).await.unwrap().accepted;
    assert!(
        matches!(&accepted[2], Accepted::Evidence { version: 1, evidence_count: 2, key: found, .. } if **found == key("2026-10"))
    );
    assert!(matches!(&accepted[3], Accepted::Evidence { evidence_count: 2, .. }), "the same file is one file");
    let next = batch("tan-phu", 1, after, vec![figure(5, "2026-10", 20), evidence(6, 5, 1)]);
    one(store, next).await;
    let other = batch("loc-tan", 2, LogPosition::START, vec![evidence(7, 1, 1)]);
    assert_eq!(committed(one(store, other).await).1, ["unknown_observation"], "of another commune");
    let counts: Vec<u32> = store.observations().await.unwrap().iter().map(|o| o.evidence_count).collect();
    assert_eq!(counts, [2, 1]);
}

async fn a_verdict_is_bound_to_the_newest_version(store: &impl Store) {
    let request = |version, decision| ReviewRequest {
        commune: "tan-phu".into(),
        key: key("2026-10"),
        version,
        decision,
        reason: "thiếu biểu".into(),
        code: None,
        first: false,
    };
    let review = async |version, decision| store.review(request(version, decision), act(moment())).await.unwrap();
    assert_eq!(review(None, Decision::Accepted).await, Reviewed::Nothing);
    let first = batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-10", 10)]);
    let after = first.after();
    one(store, first).await;
    assert_eq!(review(Some(2), Decision::Accepted).await, Reviewed::Nothing);
    assert_eq!(review(Some(1), Decision::Returned).await, Reviewed::Done { version: 1 });
    one(store, batch("tan-phu", 1, after, vec![figure(2, "2026-10", 20)])).await;
    assert_eq!(review(Some(1), Decision::Accepted).await, Reviewed::Outdated { newest: 2 });
    let verdicts: Vec<_> = store.observations().await.unwrap().iter().map(|o| o.verdict).collect();
    assert_eq!(verdicts, [Some(Decision::Returned), None]);
    assert_eq!(review(None, Decision::Accepted).await, Reviewed::Done { version: 2 });
    // Who wants to be the first on a version is told who was; others take that verdict's place.
    let first = ReviewRequest { first: true, ..request(Some(2), Decision::Returned) };
    let before = Reviewed::Decided { by: "an".into(), decision: Decision::Accepted };
    assert_eq!(store.review(first, act(moment())).await.unwrap(), before);
    let of = store.verdicts_of("tan-phu", "CDS-17").await.unwrap();
    let seen: Vec<_> = of.iter().map(|one| (one.version, one.decision, one.reason.as_str())).collect();
    assert_eq!(seen, [(1, Decision::Returned, "thiếu biểu"), (2, Decision::Accepted, "thiếu biểu")]);
    assert_eq!(of, store.verdicts().await.unwrap());
    assert_eq!(store.observations_of("tan-phu", "CDS-17").await.unwrap(), store.observations().await.unwrap());
    for (commune, indicator) in [("loc-tan", "CDS-17"), ("tan-phu", "CDS-18"), ("nowhere", "nothing")] {
        assert!(store.observations_of(commune, indicator).await.unwrap().is_empty());
        assert!(store.verdicts_of(commune, indicator).await.unwrap().is_empty());
    }
    assert_eq!(store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap()[0].what, "reviewed");
}

async fn what_comes_after_a_closing_is_kept_for_the_next(store: &impl Store) {
    let october = "2026-10".parse().unwrap();
    let first = batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-10", 10)]);
    let after = first.after();
    one(store, first).await;
    assert!(sample::close(store, "2026-10").await);
    assert!(!sample::close(store, "2026-10").await, "it is closed");
    let late = vec![figure(2, "2026-10", 20), evidence(3, 1, 7), figure(4, "2026-11", 5)];
    assert!(committed(one(store, batch("tan-phu", 1, after, late)).await).1.is_empty(), "nothing is refused");
    let request = ReviewRequest {
        commune: "tan-phu".into(),
        key: key("2026-10"),
        version: None,
        decision: Decision::Accepted,
        reason: String::new(),
        code: None,
        first: false,
    };
    assert_eq!(store.review(request, act(moment())).await.unwrap(), Reviewed::Done { version: 2 });
    let exception = Exception {
        commune: "tan-phu".into(),
        period: october,
        cutoff: "2026-10-25".parse().unwrap(),
        reason: "lũ".into(),
    };
    assert!(!store.set_exception(exception.clone(), act(moment())).await.unwrap(), "it would change nothing");
    let before = store.snapshot(october, 1).await.unwrap().unwrap();
    let versions = |snapshot: &Snapshot| snapshot.inputs().unwrap().observations.iter().map(|o| o.version).collect();
    let seen: Vec<u32> = versions(&before);
    assert_eq!(seen, [1], "frozen without what came later");
    assert_eq!(store.frozen_rankings().await.unwrap()[0].ranks(Scheme::Own), before.ranks(Scheme::Own));

    assert!(store.reopen_period(october, "số liệu đến muộn", act(moment())).await.unwrap());
    assert!(!store.reopen_period(october, "số liệu đến muộn", act(moment())).await.unwrap());
    assert!(store.frozen_rankings().await.unwrap().is_empty());
    assert!(store.set_exception(exception, act(moment())).await.unwrap());
    assert!(sample::close(store, "2026-10").await);
    let closings = store.closings().await.unwrap();
    let seen: Vec<_> = closings.iter().map(|one| (one.revision, one.is_in_force())).collect();
    assert_eq!(seen, [(1, false), (2, true)]);
    assert_eq!(closings[0].reopened.as_ref().unwrap().reason, "số liệu đến muộn");
    let again = store.snapshot(october, 2).await.unwrap().unwrap();
    let seen: Vec<u32> = versions(&again);
    assert_eq!(seen, [1, 2]);
    assert_eq!(store.snapshot(october, 1).await.unwrap().unwrap(), before, "the old one stays as it was");
    for (closing, snapshot) in closings.iter().zip([&before, &again]) {
        assert_eq!(closing.digest, Some(snapshot.digest()));
        assert_eq!(snapshot.verify(&snapshot.digest()), []);
    }
    assert_eq!(store.snapshot(october, 3).await.unwrap(), None);
}

async fn the_feed_brings_each_commune_its_own(store: &impl Store) {
    let exception = |commune: &str, month: &str| Exception {
        commune: commune.into(),
        period: month.parse().unwrap(),
        cutoff: "2026-10-25".parse().unwrap(),
        reason: "lũ".into(),
    };
    store.set_exception(exception("tan-phu", "2026-09"), act(moment())).await.unwrap();
    store.set_exception(exception("loc-tan", "2026-09"), act(moment())).await.unwrap();
    sample::close(store, "2026-01").await;
    store.set_exception(exception("tan-phu", "2026-10"), act(moment())).await.unwrap();
    let whole = store.feed("tan-phu", 0, 10).await.unwrap();
    assert_eq!((whole.items.len(), whole.more), (3, false));
    assert!(matches!(&whole.items[1], FeedItem::Closed { closed: true, .. }));
    // The import of the catalogue is a row too, without an item.
    let mut position = 0;
    let mut items = 0;
    for (limit, more) in [(1, true), (1, true), (2, false)] {
        let page = store.feed("tan-phu", position, limit).await.unwrap();
        assert_eq!(page.more, more);
        assert!(page.position > position);
        (position, items) = (page.position, items + page.items.len());
    }
    assert_eq!((position, items), (whole.position, 3));
    let after = store.feed("tan-phu", position, 1).await.unwrap();
    assert_eq!((after.position, after.items.len(), after.more), (position, 0, false));
    // An agent that has seen more than there is: the store was restored, it gets everything.
    let restored = store.feed("tan-phu", position + 100, 10).await.unwrap();
    assert_eq!((restored.position, restored.items.len()), (position, 3));
    assert_eq!(store.feed("unheard-of", 0, 10).await.unwrap().items.len(), 1);
    assert_eq!(store.exceptions().await.unwrap().len(), 3);
}

async fn a_catalogue_is_imported_once(store: &impl Store) {
    let (mut catalogue, import) = sample::catalogue();
    assert_eq!(store.import_catalogue(import.clone(), act(moment())).await.unwrap(), Imported::Unchanged(1));
    one(store, batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-10", 10)])).await;
    catalogue.indicators[0].name.push_str(" (mới)");
    catalogue.targets.retain(|target| target.indicator != "CDS-17");
    let (changed, second) = sample::import_of(shared::catalogue::write::write(&catalogue));
    assert_eq!(store.import_catalogue(second.clone(), act(moment())).await.unwrap(), Imported::New(2));
    let current = store.current_catalogue().await.unwrap();
    assert_eq!((current.version, current.catalogue, current.files), (2, changed, second.files));
    assert_eq!(store.import_catalogue(import, act(moment())).await.unwrap(), Imported::New(3), "back to the first");
    assert_eq!(store.observations().await.unwrap().len(), 1, "figures are never touched");
}

async fn an_opening_tells_how_the_log_stands(store: &impl Store) {
    let ask = |incarnation: u8, head_seq, acknowledged_seq| OpeningQuestion {
        commune: "tan-phu".into(),
        certificate: [9; 32],
        incarnation: Incarnation([incarnation; 16]),
        head_seq,
        acknowledged_seq,
    };
    let epoch = store.epoch().await.unwrap();
    assert_eq!(store.opening(ask(1, 0, 0)).await.unwrap(), super::Opening { epoch, ..super::Opening::default() });
    let first = batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    let (head, chain) = (first.after(), first.changes[0].chain);
    one(store, first).await;
    let opening = store.opening(ask(1, 2, 1)).await.unwrap();
    assert_eq!(opening.head, Some((Incarnation([1; 16]), head)));
    assert_eq!((opening.chain_at_head, opening.chain_at_acknowledged), (Some(head.chain), Some(chain)));
    assert!(!opening.certificate_valid, "an unknown certificate");
    let other = store.opening(ask(2, 2, 1)).await.unwrap();
    assert_eq!(other, super::Opening { lineage: Lineage::New, ..opening }, "the log is one, whoever asks");
    assert_eq!(store.opening(ask(1, 3, 0)).await.unwrap().chain_at_head, None);
}

async fn many_communes_commit_together(store: &impl Store) {
    let communes = ["tan-phu", "loc-tan", "dinh-quan", "tan-loi", "minh-hung"];
    let batches = communes.iter().zip(1u8..).map(|(commune, number)| {
        let changes: Vec<Change> = (1..=50).map(|n| figure(u64::from(number) * 1_000 + n, "2026-10", 7)).collect();
        batch(commune, number, LogPosition::START, changes)
    });
    let notes = vec![session_note("tan-phu", None), session_note("loc-tan", Some("stream_broken"))];
    let mut batches: Vec<_> = batches.collect();
    batches[2].before.chain = Chain([1; 32]);
    let appended = store.append(Append { batches, notes }).await.unwrap();
    assert_eq!(appended.accepted.len(), 200);
    assert!(matches!(appended.outcomes[2], BatchOutcome::Fork { head: LogPosition::START }), "the others go on");
    assert_eq!(appended.outcomes.iter().filter(|one| matches!(one, BatchOutcome::Committed { .. })).count(), 4);
    let contacts = store.contacts().await.unwrap();
    let of = |slug: &str| contacts.iter().find(|contact| contact.commune == slug).unwrap();
    assert_eq!((of("tan-phu").head_seq, of("tan-phu").last_success), (50, Some(moment())));
    assert_eq!((of("loc-tan").last_success, of("loc-tan").last_failure.as_deref()), (None, Some("stream_broken")));
    assert_eq!(of("loc-tan").build, "0.1.0");
    // One of them twice, another between: the second batch finds what the first has left.
    let next = |commune: &str, number: u8, before, first: u64| {
        let changes = (first..first + 3).map(|n| figure(u64::from(number) * 10_000 + n, "2026-09", 7)).collect();
        batch(commune, number, before, changes)
    };
    let Some(BatchOutcome::Committed { position: head, .. }) = appended.outcomes.first() else { panic!("committed") };
    let first = next("tan-phu", 1, *head, 1);
    let second = next("tan-phu", 1, first.after(), 4);
    let end = second.after();
    let between = next("dinh-quan", 3, LogPosition::START, 1);
    let appended = store.append(Append { batches: vec![first, between, second], notes: Vec::new() }).await.unwrap();
    assert_eq!(appended.outcomes.len(), 3);
    assert!(
        appended.outcomes.iter().all(|one| matches!(one, BatchOutcome::Committed { .. })),
        "{:?}",
        appended.outcomes
    );
    let contacts = store.contacts().await.unwrap();
    let seq = |slug: &str| contacts.iter().find(|contact| contact.commune == slug).unwrap().head_seq;
    assert_eq!((seq("tan-phu"), seq("dinh-quan"), end.seq), (56, 3, 56));
    assert_eq!(store.verify().await.unwrap(), [], "head, chain and digests");
    // What is read in the middle of the first batch, for its evidence or for what nobody knows, leaves the rest of it to the second.
    let change = |n: u64| figure(50_000 + n, "2026-08", 7);
    let whole = |before, changes| batch("loc-tan", 2, before, changes);
    let start = LogPosition {
        seq: 50,
        ..whole(LogPosition::START, (1..=50).map(|n| figure(2_000 + n, "2026-10", 7)).collect()).after()
    };
    let first = whole(start, vec![change(1), evidence(90_001, 50_001, 1), evidence(90_002, 77_777, 2), change(2)]);
    let second = whole(first.after(), vec![change(3), evidence(90_003, 50_003, 3)]);
    let third = whole(second.after(), vec![change(4)]);
    let end = third.after();
    let appended = store.append(Append { batches: vec![first, second, third], notes: Vec::new() }).await.unwrap();
    assert!(
        appended.outcomes.iter().all(|one| matches!(one, BatchOutcome::Committed { .. })),
        "{:?}",
        appended.outcomes
    );
    let contacts = store.contacts().await.unwrap();
    let seq = contacts.iter().find(|contact| contact.commune == "loc-tan").unwrap().head_seq;
    assert_eq!((seq, end.seq), (57, 57));
    assert_eq!(store.verify().await.unwrap(), [], "head, chain, versions and digests");
}
