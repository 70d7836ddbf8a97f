//! The pages and the API without a line, for tests: a province in a temporary folder, people who have signed in, and what they are answered.
//! Time stands still unless it is moved.

use super::{Site, gate::SESSION};
use crate::{
    authority::{Authority, SERIAL_BYTES},
    clock::Clock,
    config::Config,
    evidence_shelf::Shelf,
    folder::Folder,
    ingest::{follow::Follower, live::LiveSessions},
    notice::Notices,
    province::Province,
    sample::{self, act, batch, change, evidence, figure, moment},
    standing::Live,
    store::{
        Account, AccountChange, ApiToken, Append, CheckedBatch, EvidenceFile, Role, Store, WebSession,
        sqlite::SqliteStore,
    },
};
use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderMap, Method, Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN},
        request::Builder,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use pages::token;
use proto::pem;
use sha2::{Digest, Sha256};
use shared::{
    amount::Amount,
    change::{Change, Deed, Evidence, LogPosition},
    language::Language,
    observation::{Observation, ObservationKey, Value},
};
use std::{
    fs,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

/// What nobody may get into a page.
pub(crate) const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'";
/// A small PDF.
pub(crate) const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";
/// The host of the pages.
const AT: &str = "localhost:8444";
/// The boundary of forms with files.
const BOUNDARY: &str = "ranh-gioi";
/// Largest answer that a test reads, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A clock that a test moves.
pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A training province with its pages.
pub(crate) struct Stand {
    pub(crate) site: Site,
    pub(crate) store: Arc<dyn Store>,
    hand: Arc<Hand>,
    _folder: TempDir,
    _end: watch::Sender<bool>,
}

impl Stand {
    /// With figures of two communes.
    pub(crate) async fn open() -> Self {
        Self::with(Config::default()).await
    }

    /// The same with settings.
    pub(crate) async fn with(config: Config) -> Self {
        let of = |number: u64| {
            let from = number * 100;
            vec![
                figure(from + 1, "2026-09", 60_000),
                figure(from + 2, "2026-10", 70_000 + u32::try_from(number).unwrap()),
                evidence(from + 3, from + 2, 7),
                figure(from + 4, "2026-10", 90_000),
                evidence(from + 5, from + 4, 8),
            ]
        };
        let batches =
            vec![batch("dinh-quan", 1, LogPosition::START, of(1)), batch("loc-tan", 2, LogPosition::START, of(2))];
        Self::holding(config, batches).await
    }

    /// Without figures.
    pub(crate) async fn empty() -> Self {
        Self::holding(Config::default(), Vec::new()).await
    }

    /// With figures of two communes that carry hostile notes and names.
    pub(crate) async fn hostile() -> Self {
        let file = |number, of, name: &str| {
            let evidence =
                Evidence { observation: sample::change_id(of), sha256: [9; 32], name: name.into(), size_bytes: 10 };
            change(number, Deed::Attached(evidence))
        };
        let first = vec![noted(1, "2026-09", 70_000), noted(2, "2026-10", 90_000), file(3, 2, "<b>bc.pdf")];
        let second = vec![noted(4, "2026-09", 80_000), noted(5, "2026-10", 60_000), noted(6, "2026-10", 61_000)];
        let batches =
            vec![batch("tan-phu", 1, LogPosition::START, first), batch("minh-hung", 2, LogPosition::START, second)];
        Self::holding(Config::default(), batches).await
    }

    async fn holding(config: Config, batches: Vec<CheckedBatch>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = Folder::at(folder.path());
        fs::create_dir(at.authority()).unwrap();
        let (authority, key) = Authority::make("dong-nai", [3; SERIAL_BYTES], moment()).unwrap();
        pem::write_key(&at.authority_key(), &key).unwrap();
        pem::write_certificates(&at.authority_certificate(), std::slice::from_ref(authority.certificate())).unwrap();
        let store = SqliteStore::create(&at.store(), sample::founding(), sample::catalogue().1, act(moment())).await;
        let store: Arc<dyn Store> = Arc::new(store.unwrap());
        for batch in batches {
            store.append(Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
        }
        let hand = Arc::new(Hand(Mutex::new(moment())));
        let province = Arc::new(Province::load(store.clone(), hand.clone()).await.unwrap());
        let now = {
            let clock = province.clock.clone();
            Arc::new(move || clock.now())
        };
        let live = Arc::new(Live::start(store.clone(), now).await.unwrap());
        let follower = Follower::start(live.clone());
        let notices = Arc::new(Notices::new(province.clone(), live.clone(), follower, LiveSessions::new(1)));
        let (end, ending) = watch::channel(false);
        let shelf = Shelf::at(at.evidence());
        let site = Site::new((province, live), (at, config, shelf), Language::Vi, notices, ending);
        Self { site, store, hand, _folder: folder, _end: end }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.hand.now()
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.hand.0.lock().unwrap() += time;
    }

    /// A commune sends its whole log; the figures held follow.
    pub(crate) async fn receive(&self, commune: &str, changes: Vec<Change>) {
        let batch = batch(commune, commune.as_bytes()[0], LogPosition::START, changes);
        self.store.append(Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
        self.site.live.reload().await.unwrap();
    }

    /// A change that attaches a file, and the file on its shelf.
    pub(crate) async fn file(&self, number: u64, of: u64, name: &str, bytes: &[u8], kind: &str) -> Change {
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let path = self.site.shelf.path(sha256);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        let size_bytes = bytes.len() as u64;
        let held = EvidenceFile { sha256, size_bytes, kind: kind.into(), received_at: moment() };
        self.store.keep_evidence(held).await.unwrap();
        let evidence = Evidence { observation: sample::change_id(of), sha256, name: name.into(), size_bytes };
        change(number, Deed::Attached(evidence))
    }

    /// An account that can sign in, of a role or of a commune's leader.
    pub(crate) async fn account(&self, name: &str, role: Role, commune: Option<&str>) {
        self.account_of(name, &format!("Bà {name}"), role, commune).await;
    }

    /// The same for a person of that name.
    pub(crate) async fn account_of(&self, name: &str, person: &str, role: Role, commune: Option<&str>) {
        let account = Account {
            name: name.into(),
            person: person.into(),
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

    /// Somebody of a role signs in: an account of its own.
    pub(crate) async fn person(&self, name: &str, role: Role) -> Person {
        self.account(name, role, None).await;
        self.sign_in(name).await
    }

    /// An account signs in.
    pub(crate) async fn sign_in(&self, account: &str) -> Person {
        let session = token::new_token(&mut rand::rng());
        let opened = WebSession {
            token: token::hash(&session),
            account: account.into(),
            opened_at: self.now() - TimeDelta::minutes(1),
            used_at: self.now(),
            origin: "web 127.0.0.1".into(),
        };
        self.store.open_web_session(opened, act(self.now())).await.unwrap();
        Person { site: self.site.clone(), session }
    }

    /// A token of an account for the API.
    pub(crate) async fn token(&self, account: &str) -> String {
        let secret = crate::api::new_token(&mut rand::rng());
        let token = ApiToken {
            token: token::hash(&secret),
            label: "thử".into(),
            account: account.into(),
            created_at: self.now(),
            expires_at: self.now() + TimeDelta::days(30),
            used_at: None,
        };
        self.store.add_api_token(token, act(moment())).await.unwrap();
        secret
    }

    /// Asks for anything, as nobody.
    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::to(&self.site, request, Body::from(body.to_owned())).await
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
}

/// A figure of CDS-17 with a hostile note, entered by a hostile name.
fn noted(number: u64, period: &str, numerator: u32) -> Change {
    let value = Value::Ratio { numerator: Amount::from(numerator), denominator: Amount::from(100_000) };
    let key = ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: period.parse().unwrap() };
    let deed = Deed::Recorded(Observation { key, value, note: HOSTILE.into() });
    Change { entered_by: format!("Bình {HOSTILE}"), ..change(number, deed) }
}

/// Somebody who has signed in.
pub(crate) struct Person {
    site: Site,
    /// The secret in the cookie.
    pub(crate) session: String,
}

impl Person {
    /// The token that a form of this session carries.
    pub(crate) fn form_token(&self) -> String {
        token::form_token(&self.session, &mut rand::rng())
    }

    async fn ask(&self, request: Builder, body: Body) -> Answer {
        let cookie = format!("__Host-{SESSION}={}", self.session);
        let request = request.header(ORIGIN, format!("https://{AT}")).header(COOKIE, cookie);
        Answer::to(&self.site, request, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path), Body::empty()).await
    }

    /// The status and the text of a page.
    pub(crate) async fn look(&self, path: &str) -> (StatusCode, String) {
        let answer = self.get(path).await;
        (answer.status, answer.text().to_owned())
    }

    pub(crate) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        self.ask(Request::get(path).header(name, value), Body::empty()).await
    }

    /// Sends a form of this session.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token();
        let fields: Vec<(&str, &str)> =
            [("form_token", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post_bare(path, &fields).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post_bare(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, body.into()).await
    }

    /// Sends files, with a token before them where there is one.
    pub(crate) async fn upload(&self, path: &str, token: Option<&str>, files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        let mut part = |head: String, bytes: &[u8]| {
            body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").into_bytes());
            body.extend(bytes);
            body.extend(b"\r\n");
        };
        if let Some(token) = token {
            part("name=\"form_token\"".into(), token.as_bytes());
        }
        for (name, bytes) in files {
            part(format!("name=\"files\"; filename=\"{name}\""), bytes);
        }
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        let request = Request::post(path).header(CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"));
        self.ask(request, body.into()).await
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    async fn to(site: &Site, request: Builder, body: Body) -> Self {
        let request = request.header(HOST, AT).body(body).unwrap();
        let (head, body) = site.clone().router().oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, MAX_BYTES).await.unwrap().to_vec();
        Self { status: head.status, headers: head.headers, body }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where it leads, when it leads on.
    pub(crate) fn goes_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        self.headers[LOCATION].to_str().unwrap()
    }

    /// What it says on the next page.
    pub(crate) fn notice(&self) -> String {
        let kept = self.headers.get_all("set-cookie").iter().filter_map(|one| one.to_str().ok());
        let kept: HeaderMap = kept
            .filter(|one| one.contains("tiendo_notice"))
            .map(|one| (COOKIE, one.split(';').next().unwrap_or_default().parse().unwrap()))
            .collect();
        pages::flash::kept(&kept).map(|notice| notice.text).unwrap_or_default()
    }

    /// The hidden field of a form.
    pub(crate) fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let rest = self.text().split(&marker).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().replace("&amp;", "&")
    }
}
