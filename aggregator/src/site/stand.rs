//! The pages and the API without a line, for tests: a province in a temporary folder, asked through the router. Time stands still unless
//! it is moved.

use super::Site;
use crate::{
    clock::Clock,
    config::Config,
    folder::Folder,
    ingest::{follow::Follower, live::LiveSessions},
    notice::Notices,
    province::Province,
    sample::{self, act, batch, evidence, figure, moment},
    standing::Live,
    store::{Account, AccountChange, ApiToken, Append, Role, Store, WebSession, sqlite::SqliteStore},
};
use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::{change::LogPosition, language::Language};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

/// Largest answer that a test reads, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A clock that a test moves.
pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A province with its pages.
pub(crate) struct Stand {
    pub(crate) site: Site,
    pub(crate) store: Arc<dyn Store>,
    hand: Arc<Hand>,
    _folder: TempDir,
    _end: watch::Sender<bool>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Stand {
    /// A training province with figures of two communes.
    pub(crate) async fn open() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = SqliteStore::create(&path, sample::founding(), sample::catalogue().1, act(moment())).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        for (number, commune) in [(1u64, "dinh-quan"), (2, "loc-tan")] {
            let from = number * 100;
            let changes = vec![
                figure(from + 1, "2026-09", 60_000),
                figure(from + 2, "2026-10", 70_000 + u32::try_from(number).unwrap()),
                evidence(from + 3, from + 2, 7),
                figure(from + 4, "2026-10", 90_000),
                evidence(from + 5, from + 4, 8),
            ];
            let batch = batch(commune, u8::try_from(number).unwrap(), LogPosition::START, changes);
            store.append(Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
        }
        let hand = Arc::new(Hand(Mutex::new(moment())));
        let province = Arc::new(Province::load(store.clone(), hand.clone()).await.unwrap());
        let now = {
            let clock = province.clock.clone();
            Arc::new(move || clock.now())
        };
        let live = Arc::new(Live::start(store.clone(), now).await.unwrap());
        let notices = Arc::new(Notices::new(province.clone(), live.clone(), LiveSessions::new(1)));
        let follower = Follower::start(live.clone());
        let (end, ending) = watch::channel(false);
        let held = (Folder::at(folder.path()), config);
        let site = Site::new((province, live), held, Language::Vi, (notices, follower), ending);
        Self { site, store, hand, _folder: folder, _end: end }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.hand.now()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.hand.0.lock().unwrap() += time;
    }

    /// An account of a role, or of a commune's leader.
    pub(crate) async fn account(&self, name: &str, role: Role, commune: Option<&str>) {
        let account = Account {
            name: name.into(),
            person: format!("Bà {name}"),
            role,
            commune: commune.map(str::to_owned),
            password: None,
            totp: None,
            totp_step: 0,
            link: None,
            created_at: moment(),
            signed_in_at: None,
            disabled_at: None,
        };
        assert!(self.store.add_account(account, act(moment())).await.unwrap());
        let password = AccountChange::Password("hash".into());
        assert!(self.store.change_account(name, password, act(moment())).await.unwrap());
    }

    /// A token of an account.
    pub(crate) async fn token(&self, account: &str) -> String {
        let secret = crate::api::new_token(&mut rand::rng());
        let token = ApiToken {
            token: pages::token::hash(&secret),
            label: "thử".into(),
            account: account.into(),
            created_at: self.now(),
            expires_at: self.now() + TimeDelta::days(30),
            used_at: None,
        };
        self.store.add_api_token(token, act(moment())).await.unwrap();
        secret
    }

    /// A session of an account, as the cookie has it.
    pub(crate) async fn session(&self, account: &str) -> String {
        let secret = pages::token::new_token(&mut rand::rng());
        let session = WebSession {
            token: pages::token::hash(&secret),
            account: account.into(),
            opened_at: self.now(),
            used_at: self.now(),
            origin: "web 10.0.0.5".into(),
        };
        self.store.open_web_session(session, act(self.now())).await.unwrap();
        secret
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8444");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.site.clone().router().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), MAX_BYTES).await.unwrap().to_vec();
        Answer { status, headers, body }
    }

    /// Reads from the API with a token.
    pub(crate) async fn read(&self, token: &str, path: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.ask(Method::GET, &format!("/api/v1{path}"), &[("authorization", &bearer)], "").await
    }

    /// Does something by the API with a token.
    pub(crate) async fn send(&self, token: &str, path: &str, body: &serde_json::Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.ask(Method::POST, &format!("/api/v1{path}"), &headers, &body.to_string()).await
    }

    /// Looks at a page in a session.
    pub(crate) async fn look(&self, session: &str, path: &str) -> Answer {
        self.ask(Method::GET, path, &[("cookie", &format!("__Host-tiendo_session={session}"))], "").await
    }

    /// Sends a form from a page of a session.
    pub(crate) async fn form(&self, session: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form_token = pages::token::form_token(session, &mut rand::rng());
        let fields: Vec<_> = fields.iter().copied().chain([("form_token", form_token.as_str())]).collect();
        let cookie = format!("__Host-tiendo_session={session}");
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", "https://localhost:8444"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.ask(Method::POST, path, &headers, &serde_urlencoded::to_string(fields).unwrap()).await
    }
}
