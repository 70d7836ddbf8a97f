//! The service and what it leaves behind, without a province to talk to.

use super::*;
use crate::{
    fixture::{Home, now},
    status::Status,
    store::runs::Run,
};
use chrono::TimeDelta;
use rand::{SeedableRng, rngs::StdRng};
use shared::change::LogPosition;

fn config() -> Config {
    Config::read(std::path::Path::new("/nowhere/agent.toml")).unwrap()
}

fn run_at(minute: i64, outcome: End, wait: Option<Duration>) -> Run {
    let at = now() + TimeDelta::minutes(minute);
    Run {
        started_at: at,
        ended_at: at,
        outcome: outcome.as_str().into(),
        detail: "x".into(),
        sent: 0,
        acknowledged: 0,
        refused: 0,
        skew_ms: Some(-180_000),
        wait,
    }
}

#[test]
fn the_situation_is_what_the_store_knows() {
    let mut home = Home::ready();
    assert_eq!(situation(home.store.view()).unwrap(), Situation::default());
    home.value("CDS-2", "1").unwrap();
    home.store.write(|writing| writing.add_run(&run_at(1, End::Done, None))).unwrap();
    home.store.write(|writing| writing.add_run(&run_at(2, End::Unreachable, Some(DAILY)))).unwrap();
    let minute = |minute| now() + TimeDelta::minutes(minute);
    let expected = Situation {
        last_success: Some(minute(1)),
        unsent_edit: Some(now()),
        evidence_outstanding: false,
        failure: Some(Failure { at: minute(2), wait: DAILY }),
    };
    assert_eq!(situation(home.store.view()).unwrap(), expected);
    let file = crate::entry::Copied { sha256: [1; 32], name: "a.pdf".into(), size_bytes: 3 };
    let (store, mut author) = home.author();
    crate::entry::attach(store, &mut author, ("CDS-2", "", "2026-10".parse().unwrap()), vec![file]).unwrap();
    let expected = Situation { evidence_outstanding: true, ..expected };
    assert_eq!(situation(home.store.view()).unwrap(), expected);
    // Confirmed: nothing is unsent. Joined again: the old failure says nothing.
    let head: LogPosition = home.store.view().head().unwrap();
    home.store.write(|writing| writing.acknowledge(0, head, &[], None)).unwrap();
    let mut belonging = home.store.view().belonging().unwrap().unwrap();
    belonging.joined_at = minute(3);
    home.store.write(|writing| writing.set_belonging(&belonging)).unwrap();
    let expected = Situation { unsent_edit: None, failure: None, ..expected };
    assert_eq!(situation(home.store.view()).unwrap(), expected);
}

#[test]
fn a_clock_that_was_a_year_ahead_delays_nothing_and_keeps_the_order() {
    let year = 365 * 24 * 60;
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    // While it was ahead: a session that went well, one that failed, and a figure.
    home.store.write(|writing| writing.add_run(&run_at(year, End::Done, None))).unwrap();
    home.store.write(|writing| writing.add_run(&run_at(year + 1, End::Unreachable, Some(DAILY)))).unwrap();
    let form = crate::fixture::form("CDS-2", "2026-10", crate::entry::Typed::Value("2".into()));
    let (store, mut author) = home.author();
    author.now += TimeDelta::minutes(year);
    crate::entry::record(store, &mut author, &form).unwrap();
    let due = plan(home.store.view(), &config()).unwrap().next(now(), &situation(home.store.view()).unwrap());
    assert!(due.at <= now(), "{due:?}");
    home.value("CDS-2", "3").unwrap();
    let entered: Vec<_> = home.store.view().history("CDS-2").unwrap().iter().map(|figure| figure.entered_at).collect();
    let ahead = now() + TimeDelta::minutes(year);
    assert!(entered.len() == 3 && entered.contains(&ahead), "{entered:?}");
    // What counts is the order of the log, not what clocks said.
    let latest = home.store.view().history("CDS-2").unwrap().into_iter().max_by_key(|figure| figure.seq).unwrap();
    assert_eq!(latest.entered_at, now());
}

#[test]
fn the_status_is_honest() {
    let mut home = Home::ready();
    let refused = home.value("CDS-2", "1").unwrap();
    home.value("CDS-2", "2").unwrap();
    home.store.write(|writing| writing.add_run(&run_at(0, End::Unreachable, None))).unwrap();
    let status = Status::of(home.store.view(), &config(), None, now(), Language::Vi).unwrap();
    assert_eq!((status.pending, status.acknowledged, status.refused_total), (2, 0, 0));
    assert_eq!((status.clock_skew_ms, status.clock_wrong), (Some(-180_000), true));
    assert_eq!(status.last_failure.unwrap().code, "unreachable");
    assert_eq!((status.last_success, status.next_run_cause), (None, "first"));
    let refusal = crate::store::figures::StoredRefusal { code: "unknown_unit".into(), detail: String::new() };
    let first = home.store.view().position_at(1).unwrap().unwrap();
    home.store.write(|writing| writing.acknowledge(0, first, &[(1, refused.change_id, refusal)], None)).unwrap();
    let status = Status::of(home.store.view(), &config(), None, now(), Language::Vi).unwrap();
    assert_eq!((status.pending, status.acknowledged, status.refused_total), (1, 0, 1));
    assert!(status.refused.is_empty(), "a newer figure stands in its place");
}

#[test]
fn the_waits_begin_anew_when_bytes_moved() {
    let (mut retry, mut random) = (Retry::default(), StdRng::seed_from_u64(1));
    let (broken, nothing) = (Outcome::of(End::EvidencePending, ""), Tally::default());
    let waits: Vec<_> = (0..30).map(|_| wait(&broken, &nothing, &mut retry, &mut random).unwrap()).collect();
    assert!(waits.iter().any(|wait| *wait > Duration::from_secs(60)), "{waits:?}");
    for moved in [Tally { held_bytes: 1, ..nothing }, Tally { acknowledged: 1, ..nothing }] {
        assert_eq!(wait(&broken, &moved, &mut retry, &mut random), Some(crate::retry::SHORTEST));
    }
    // Sent is not arrived.
    let sent = Tally { sent: 1, evidence_bytes: 1, ..nothing };
    let waits: Vec<_> = (0..30).map(|_| wait(&broken, &sent, &mut retry, &mut random).unwrap()).collect();
    assert!(waits.iter().any(|wait| *wait > Duration::from_secs(60)), "{waits:?}");
}

#[tokio::test]
async fn a_failed_session_is_remembered_with_its_wait() {
    let home = Home::ready();
    let (folder, config, clock) = (home.folder.clone(), config(), Clock::standing_at(now()));
    let mut random = StdRng::seed_from_u64(1);
    let store = Store::open(&folder).unwrap();
    let bell = Bell::default();
    let mut service = Service {
        folder: &folder,
        config: &config,
        clock: &clock,
        store,
        retry: Retry::default(),
        reminding: None,
        bell: &bell,
        is_asked: false,
    };
    // There is no credential: only a person can help, so the pace is slow.
    assert_eq!(service.step(&mut random).await.unwrap(), SHORTEST_NAP);
    let run = home.store.view().last_run().unwrap().unwrap();
    assert_eq!((run.outcome.as_str(), run.wait), ("identity_refused", Some(DAILY)));
    assert_eq!(service.step(&mut random).await.unwrap(), LONGEST_NAP);
    clock.advance(TimeDelta::hours(24));
    service.step(&mut random).await.unwrap();
    assert_eq!(home.store.view().last_run().unwrap().unwrap().ended_at, now() + TimeDelta::hours(24));
    // A command's session is not disturbed.
    clock.advance(TimeDelta::hours(24));
    let alone = Lock::try_take(&folder.sync_lock()).unwrap().unwrap();
    assert_eq!(service.step(&mut random).await.unwrap(), SHORTEST_NAP);
    assert_eq!(home.store.view().last_run().unwrap().unwrap().ended_at, now() + TimeDelta::hours(24));
    drop(alone);
}

#[tokio::test]
async fn one_service_per_folder_and_its_end_is_noted() {
    let home = Home::ready();
    let (config, clock) = (config(), Clock::standing_at(now()));
    let mut random = StdRng::seed_from_u64(1);
    let alone = Lock::try_take(&home.folder.service_lock()).unwrap();
    let second = run(&home.folder, &config, &clock, &mut random, None, &Bell::default(), std::future::ready(())).await;
    assert!(matches!(second, Err(ServiceError::Running)));
    drop(alone);
    run(&home.folder, &config, &clock, &mut random, None, &Bell::default(), std::future::ready(())).await.unwrap();
    assert!(!home.store.view().service_unfinished().unwrap());
    assert_eq!(home.store.view().last_run().unwrap(), None, "told to end before anything was due");
}
