//! What the province's pages cost the server, and what they weigh on the line.
//!
//! `cargo bench -p aggregator --bench pages [-- COMMUNES … /PAGE …]`. A store in a temporary folder, as many communes as said (95 and 3,321 by
//! default), each with the provincial standard targets and a made-up figure with evidence for each; then each page is asked by somebody who is
//! signed in, through the whole router: session, rights, guard, page, gzip. "first" is the first request after the figures changed, "then"
//! the median of those that follow. The limit beside them is a page without figures (one's own account), in the same run.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../tests/load/src/catalogue.rs"]
mod catalogue;

use aggregator::{
    clock::{Clock, SystemClock},
    config::Config,
    evidence_shelf::Shelf,
    folder::Folder,
    ingest::{StandingsHook, check, follow::Follower, live::LiveSessions},
    notice::Notices,
    province::Province,
    site::Site,
    standing::Live,
    store::{
        Accepted, Account, Act, Append, CheckedBatch, CheckedChange, Founding, Judged, Role, Store, WebSession,
        sqlite::SqliteStore,
    },
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        Request,
        header::{ACCEPT_ENCODING, COOKIE, HOST},
    },
};
use catalogue::catalogue;
use chrono::{DateTime, Utc};
use prost::bytes::Bytes;
use shared::{
    amount::Amount,
    catalogue::{Catalogue, Indicator},
    change::{Change, Deed, Evidence, Incarnation, LogPosition},
    language::Language,
    observation::{Observation, ObservationKey, Value},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use tower::ServiceExt;
use uuid::Uuid;

const PAGES: [&str; 13] = [
    "/account",
    "/",
    "/rankings",
    "/heat-map",
    "/communes",
    "/indicators/CDS-17",
    "/communes/xa-0",
    "/due",
    "/trends",
    "/alerts",
    "/review",
    "/checks",
    "/quality",
];
const TOKEN: &str = "a-token-of-the-bench";
const ROUNDS: usize = 21;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let pages = words.iter().map(String::as_str).filter(|word| word.starts_with('/'));
    let mut pages: Vec<&str> = ["/account"].into_iter().chain(pages).collect();
    if pages.len() == 1 {
        pages = PAGES.to_vec();
    }
    for communes in if asked.is_empty() { vec![95, 3_321] } else { asked } {
        run(communes, &pages).await;
    }
}

async fn run(communes: usize, pages: &[&str]) {
    let place = tempfile::tempdir().unwrap();
    let now = SystemClock.now();
    let (catalogue, import) = catalogue(communes);
    let founding = Founding { province: "dong-nai".into(), exercise: true, clock_offset_ms: 0 };
    let path = place.path().join("store.db");
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::create(&path, founding, import, Act::of("bench", now)).await.unwrap());
    report(&*store, &catalogue, communes).await;
    sign_in(&*store, now).await;
    let province = Arc::new(Province::load(store.clone(), Arc::new(SystemClock)).await.unwrap());
    let live = Arc::new(Live::start(store.clone(), Arc::new(|| SystemClock.now())).await.unwrap());
    let hook: Arc<dyn StandingsHook> = live.clone();
    let notices = Arc::new(Notices::new(province.clone(), hook.clone(), Follower::start(hook), LiveSessions::new(1)));
    let (_end, ending) = watch::channel(false);
    let folder = Folder::at(place.path());
    let shelf = Shelf::at(folder.evidence());
    let held = (folder, Config::default(), shelf);
    let site = Site::new((province, live.clone()), held, Language::Vi, notices, ending);
    let router = site.router();
    // The first look at the store reads everything anew.
    ask(&router, "/rankings").await;
    println!("{communes} communes × {} targets", standard(&catalogue).count());
    let mut limit = Duration::ZERO;
    for page in pages {
        // Another version of one figure: nothing that was kept is good any more.
        let changed = again(&*store, &catalogue).await;
        live.apply(&changed, &[]).await;
        let first = ask(&router, page).await;
        let mut then = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            then.push(ask(&router, page).await.0);
        }
        then.sort_unstable();
        let median = then[ROUNDS / 2];
        if *page == "/account" {
            limit = median;
        }
        let ratio = median.as_secs_f64() / limit.as_secs_f64();
        let (took, plain, packed) = first;
        println!(
            "{page:20} first {took:>8.1?}, then {median:>8.1?} ({ratio:.1} × a page without figures); {} KB, packed {} KB",
            plain / 1024,
            packed / 1024
        );
    }
}

/// Asks for a page: how long it took, and what it weighs as it is and packed.
async fn ask(router: &Router, page: &str) -> (Duration, usize, usize) {
    let request = |encoding: &str| {
        let request =
            Request::get(page).header(HOST, "localhost").header(COOKIE, format!("__Host-tiendo_session={TOKEN}"));
        request.header(ACCEPT_ENCODING, encoding).body(Body::empty()).unwrap()
    };
    let began = Instant::now();
    let answer = router.clone().oneshot(request("gzip")).await.unwrap();
    assert!(answer.status().is_success(), "{page}: {}", answer.status());
    let packed = to_bytes(answer.into_body(), usize::MAX).await.unwrap().len();
    let took = began.elapsed();
    let answer = router.clone().oneshot(request("identity")).await.unwrap();
    (took, to_bytes(answer.into_body(), usize::MAX).await.unwrap().len(), packed)
}

async fn sign_in(store: &dyn Store, now: DateTime<Utc>) {
    let account = Account {
        name: "lan".into(),
        person: "Lan".into(),
        role: Role::Administrator,
        commune: None,
        password: None,
        totp: None,
        totp_step: 0,
        link: None,
        created_at: now,
        signed_in_at: None,
        disabled_at: None,
    };
    assert!(store.add_account(account, Act::of("bench", now)).await.unwrap());
    let session = WebSession {
        token: pages::token::hash(TOKEN),
        account: "lan".into(),
        opened_at: now,
        used_at: now,
        origin: String::new(),
    };
    store.open_web_session(session, Act::of("bench", now)).await.unwrap();
}

/// The indicators with a standard target that is a number.
fn standard(catalogue: &Catalogue) -> impl Iterator<Item = &Indicator> {
    catalogue.indicators.iter().filter(|one| one.standard.is_some_and(|goal| goal.value().is_some()))
}

fn id(number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::try_from(number).unwrap())
}

fn change(number: usize, deed: Deed) -> Change {
    let entered_at = "2026-10-12T02:00:00Z".parse().unwrap();
    Change { id: id(number), entered_at, entered_by: "Bình".into(), deed }
}

fn figure(number: usize, code: &str, numerator: usize) -> Change {
    let amount = |number: usize| Amount::from(u32::try_from(number).unwrap());
    let value = Value::Ratio { numerator: amount(numerator), denominator: amount(1_000) };
    let key = ObservationKey { indicator: code.into(), unit: String::new(), period: "2026-10".parse().unwrap() };
    change(number, Deed::Recorded(Observation { key, value, note: String::new() }))
}

fn batch(commune: usize, before: LogPosition, changes: Vec<Change>) -> CheckedBatch {
    let mut position = before;
    let changes = changes.into_iter().map(|change| {
        let body = Bytes::from(proto::change::encode(&change));
        position = position.then(&body);
        let judged = Judged::Fit(change);
        CheckedChange { body, chain: position.chain, hash: check::record_hash(&judged), judged }
    });
    CheckedBatch {
        commune: format!("xa-{commune}").into(),
        incarnation: Incarnation([1; 16]),
        before,
        changes: changes.collect(),
        received_at: "2026-10-12T03:00:00Z".parse().unwrap(),
    }
}

/// A figure with evidence for each target of each commune.
async fn report(store: &dyn Store, catalogue: &Catalogue, communes: usize) {
    let codes: Vec<&str> = standard(catalogue).map(|one| one.code.as_str()).collect();
    let numbers: Vec<usize> = (0..communes).collect();
    for some in numbers.chunks(200) {
        let batches = some.iter().map(|commune| {
            let changes = codes.iter().enumerate().flat_map(|(place, code)| {
                let number = (commune * codes.len() + place) * 2;
                let numerator = 400 + (commune * 31 + place * 17) % 601;
                let evidence =
                    Evidence { observation: id(number), sha256: [7; 32], name: "bien-ban.pdf".into(), size_bytes: 10 };
                [figure(number, code, numerator), change(number + 1, Deed::Attached(evidence))]
            });
            batch(*commune, LogPosition::START, changes.collect())
        });
        store.append(Append { batches: batches.collect(), notes: Vec::new() }).await.unwrap();
    }
}

/// The figures as they were just accepted, once more: for the boards another version of one figure.
async fn again(store: &dyn Store, catalogue: &Catalogue) -> Vec<Accepted> {
    let code = &standard(catalogue).next().unwrap().code;
    let held = store.observations_of("xa-0", code).await.unwrap();
    held.iter().map(|one| Accepted::Figure(one.into())).collect()
}
