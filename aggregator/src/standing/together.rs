//! Figures held ready by several servers on one database.

use super::*;
use crate::{
    sample::{self, act, batch, evidence, figure, moment},
    store::{
        Append, Appended, BatchOutcome, ReviewRequest,
        postgres::{PostgresStore, cluster},
    },
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use shared::{
    change::{Change, LogPosition},
    observation::{Decision, ObservationKey},
};

const COMMUNES: [&str; 3] = ["tan-phu", "loc-tan", "dinh-quan"];

struct Server {
    store: Arc<PostgresStore>,
    live: Live,
    /// Committed here and not followed yet.
    waiting: Vec<Appended>,
}

async fn server(store: PostgresStore) -> Server {
    let store = Arc::new(store);
    let live = Live::start(store.clone(), Arc::new(moment)).await.unwrap();
    Server { store, live, waiting: Vec::new() }
}

impl Server {
    async fn enter(&mut self, commune: &str, before: LogPosition, changes: Vec<Change>) -> LogPosition {
        let append = Append { batches: vec![batch(commune, 1, before, changes)], notes: Vec::new() };
        let appended = self.store.append(append).await.unwrap();
        let BatchOutcome::Committed { position, .. } = appended.outcomes[0].clone() else { panic!("{appended:?}") };
        self.waiting.push(appended);
        position
    }

    async fn follow(&mut self) {
        for appended in self.waiting.drain(..) {
            self.live.apply(&appended.accepted, &appended.moved).await;
        }
    }
}

/// Everything that is made of the figures, line by line.
async fn told(live: &Live) -> Vec<String> {
    let mut told = Vec::new();
    for commune in COMMUNES {
        for standing in live.own_standings(commune).await {
            let head = format!("{commune} {} {} {:?}", standing.scheme, standing.period, standing.score);
            told.extend(standing.lines.iter().map(|line| format!("{head} {line:?}")));
        }
    }
    let figures = live.read();
    for period in ["2026-08", "2026-09", "2026-10"] {
        let period = period.parse().unwrap();
        for scheme in Scheme::ALL {
            let rows = figures.standings.ranking(scheme, period, &ranking::Scope::default());
            told.extend(rows.iter().map(|row| format!("{scheme:?} {period} {row:?}")));
        }
    }
    told
}

async fn same(live: &Live, afresh: &Live) {
    let (live, afresh) = (told(live).await, told(afresh).await);
    for (one, other) in live.iter().zip(&afresh) {
        assert_eq!(one, other);
    }
    assert_eq!(live.len(), afresh.len());
}

#[tokio::test]
async fn whatever_another_server_acknowledged_is_taken_in_and_nothing_twice() {
    let (url, one) = cluster::store().await;
    let mut servers = [server(one).await, server(cluster::open(&url).await).await];
    let mut random = StdRng::seed_from_u64(6);
    let mut heads = [LogPosition::START; 3];
    let mut figures: [Vec<u64>; 3] = Default::default();
    for round in 1..=80_u64 {
        let (at, commune) = (random.random_range(0..2), random.random_range(0..3));
        let number = round * 10;
        let period = ["2026-08", "2026-09", "2026-10"][random.random_range(0..3)];
        let mut changes = vec![figure(number, period, random.random_range(1..90))];
        if let Some(of) = figures[commune].last() {
            changes.push(evidence(number + 1, *of, random.random_range(1..200)));
        }
        figures[commune].push(number);
        heads[commune] = servers[at].enter(COMMUNES[commune], heads[commune], changes).await;
        // Followed at once, late, or read from the store before that.
        match random.random_range(0..4) {
            0 => servers[at].follow().await,
            1 => servers[1 - at].live.catch_up().await.unwrap(),
            2 => servers[at].live.catch_up().await.unwrap(),
            _ => {}
        }
    }
    for server in &mut servers {
        server.follow().await;
        server.live.catch_up().await.unwrap();
    }
    let afresh = server(cluster::open(&url).await).await;
    for server in &servers {
        same(&server.live, &afresh.live).await;
        let changes = *server.live.changes().borrow();
        server.live.catch_up().await.unwrap();
        assert_eq!(*server.live.changes().borrow(), changes, "nothing is missing: nothing is read");
    }
}

#[tokio::test]
async fn a_version_that_was_judged_meanwhile_is_taken_in_with_its_verdict() {
    let (url, store) = cluster::store().await;
    let (mut one, other) = (server(store).await, server(cluster::open(&url).await).await);
    one.enter("tan-phu", LogPosition::START, vec![figure(1, "2026-10", 50)]).await;
    let key = ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: "2026-10".parse().unwrap() };
    let request = ReviewRequest {
        commune: "tan-phu".into(),
        key,
        version: Some(1),
        decision: Decision::Returned,
        reason: "thiếu".into(),
        code: None,
        first: false,
    };
    one.store.review(request, act(moment())).await.unwrap();
    other.live.catch_up().await.unwrap();
    same(&other.live, &server(cluster::open(&url).await).await.live).await;
}

#[tokio::test]
async fn what_is_done_by_time_is_done_by_one_server() {
    let (url, one) = cluster::store().await;
    let other = cluster::open(&url).await;
    let (long, no_time) = (Duration::from_secs(3_600), Duration::ZERO);
    let (left, right) = tokio::join!(one.take_duty(Duty::Alerts, long), other.take_duty(Duty::Alerts, long));
    assert!(left.unwrap() ^ right.unwrap(), "one of two");
    assert!(one.take_duty(Duty::Reminders, long).await.unwrap(), "another duty");
    assert!(!other.take_duty(Duty::Reminders, long).await.unwrap());
    one.rest_duty(Duty::Reminders, no_time).await.unwrap();
    assert!(other.take_duty(Duty::Reminders, no_time).await.unwrap(), "it was given back");
    assert!(one.take_duty(Duty::Reminders, long).await.unwrap(), "the time of the one who had it is over");
    let (_folder, file) = sample::store().await;
    assert!(file.take_duty(Duty::Alerts, long).await.unwrap() && file.take_duty(Duty::Alerts, long).await.unwrap());
}
