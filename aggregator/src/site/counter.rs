//! The pages without a line, for the tests of those who decide and administer: a province in a folder, and people at its counter. Time stands
//! still.

use super::{Site, gate::SESSION};
use crate::{
    authority::Authority,
    clock::StandingClock,
    config::Config,
    evidence_shelf::path_of,
    folder::Folder,
    ingest::{follow::Follower, live::LiveSessions},
    notice::Notices,
    province::Province,
    sample::{self, act, batch, moment},
    standing::Live,
    store::{Account, AccountChange, Append, EvidenceFile, Role, Store, WebSession, sqlite::SqliteStore},
};
use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderMap, Request, StatusCode,
        header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN},
    },
};
use chrono::TimeDelta;
use pages::token;
use proto::pem;
use sha2::{Digest, Sha256};
use shared::{
    change::{Change, Deed, Evidence, LogPosition},
    language::Language,
};
use std::{fs, sync::Arc};
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

/// A small PDF.
pub(super) const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";
/// The boundary of forms with files.
const BOUNDARY: &str = "ranh-gioi";

/// A province with its pages.
pub(super) struct Counter {
    pub(super) site: Site,
    pub(super) store: Arc<dyn Store>,
    folder: TempDir,
    _end: watch::Sender<bool>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where it leads, when it leads on.
    pub(super) fn goes_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        self.headers[LOCATION].to_str().unwrap()
    }

    /// What it says on the next page.
    pub(super) fn notice(&self) -> String {
        let kept = self.headers.get_all("set-cookie").iter().filter_map(|one| one.to_str().ok());
        let kept: HeaderMap = kept
            .filter(|one| one.contains("tiendo_notice"))
            .map(|one| (COOKIE, one.split(';').next().unwrap_or_default().parse().unwrap()))
            .collect();
        pages::flash::kept(&kept).map(|notice| notice.text).unwrap_or_default()
    }

    /// The hidden field of a form.
    pub(super) fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let rest = self.text().split(&marker).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().replace("&amp;", "&")
    }
}

impl Counter {
    /// A training province without figures.
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = Folder::at(folder.path());
        fs::create_dir(at.authority()).unwrap();
        let (authority, key) = Authority::make("dong-nai", [3; crate::authority::SERIAL_BYTES], moment()).unwrap();
        pem::write_key(&at.authority_key(), &key).unwrap();
        pem::write_certificates(&at.authority_certificate(), std::slice::from_ref(authority.certificate())).unwrap();
        let store = SqliteStore::create(&at.store(), sample::founding(), sample::catalogue().1, act(moment())).await;
        let store: Arc<dyn Store> = Arc::new(store.unwrap());
        let clock = Arc::new(StandingClock(moment()));
        let province = Arc::new(Province::load(store.clone(), clock).await.unwrap());
        let now = {
            let clock = province.clock.clone();
            Arc::new(move || clock.now())
        };
        let live = Arc::new(Live::start(store.clone(), now).await.unwrap());
        let notices = Arc::new(Notices::new(province.clone(), live.clone(), LiveSessions::new(1)));
        let follower = Follower::start(live.clone());
        let (end, ending) = watch::channel(false);
        let site = Site::new((province, live), (at, Config::default()), Language::Vi, (notices, follower), ending);
        Self { site, store, folder, _end: end }
    }

    /// A commune sends its whole log; the figures held follow.
    pub(super) async fn send(&self, commune: &str, changes: Vec<Change>) {
        let batch = batch(commune, commune.as_bytes()[0], LogPosition::START, changes);
        self.store.append(Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
        self.site.live.reload().await.unwrap();
    }

    /// A change that attaches a file, and the file on its shelf.
    pub(super) async fn file(&self, number: u64, of: u64, name: &str, bytes: &[u8], kind: &str) -> Change {
        let sha256: [u8; 32] = Sha256::digest(bytes).into();
        let path = path_of(&Folder::at(self.folder.path()), sha256);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        let size_bytes = bytes.len() as u64;
        let held = EvidenceFile { sha256, size_bytes, kind: kind.into(), received_at: moment() };
        self.store.keep_evidence(held).await.unwrap();
        let evidence = Evidence { observation: sample::change_id(of), sha256, name: name.into(), size_bytes };
        sample::change(number, Deed::Attached(evidence))
    }

    /// An account that can sign in.
    pub(super) async fn account(&self, name: &str, role: Role, commune: Option<&str>) {
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

    /// Somebody of a role signs in: an account of its own.
    pub(super) async fn person(&self, name: &str, role: Role) -> Person<'_> {
        self.account(name, role, None).await;
        self.sign_in(name).await
    }

    /// An account signs in.
    pub(super) async fn sign_in(&self, name: &str) -> Person<'_> {
        let session = format!("session-of-{name}");
        let opened = WebSession {
            token: token::hash(&session),
            account: name.into(),
            opened_at: moment() - TimeDelta::minutes(1),
            used_at: moment(),
            origin: "web 127.0.0.1".into(),
        };
        self.store.open_web_session(opened, act(moment())).await.unwrap();
        Person { counter: self, session }
    }
}

/// Somebody who is signed in.
pub(super) struct Person<'a> {
    counter: &'a Counter,
    session: String,
}

impl Person<'_> {
    pub(super) fn form_token(&self) -> String {
        token::form_token(&self.session, &mut rand::rng())
    }

    async fn ask(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let cookie = format!("__Host-{SESSION}={}", self.session);
        let request = request.header(HOST, "a").header(ORIGIN, "https://a").header(COOKIE, cookie).body(body).unwrap();
        let response = self.counter.site.clone().router().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path), Body::empty()).await
    }

    pub(super) async fn get_with(&self, path: &str, name: &str, value: &str) -> Answer {
        self.ask(Request::get(path).header(name, value), Body::empty()).await
    }

    /// Sends a form of this session.
    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token();
        let fields: Vec<(&str, &str)> =
            [("form_token", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post_bare(path, &fields).await
    }

    /// Sends a form as it is.
    pub(super) async fn post_bare(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.ask(request, body.into()).await
    }

    /// Sends files, with a token before them where there is one.
    pub(super) async fn upload(&self, path: &str, token: Option<&str>, files: &[(&str, &[u8])]) -> Answer {
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
