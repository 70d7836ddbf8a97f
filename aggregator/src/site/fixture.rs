//! A site with somebody signed in, for the tests of pages: the real catalogue, a few figures with hostile notes, a clock that stands still.

use super::{LINK_TIME, Site, gate::SESSION};
use crate::{
    clock::StandingClock,
    config::Config,
    folder::Folder,
    ingest::{StandingsHook, follow::Follower, live::LiveSessions},
    notice::Notices,
    province::Province,
    sample::{self, act, batch, change, moment},
    standing::Live,
    store::{Account, Append, Role, Store, WebSession},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        Request, Response, StatusCode,
        header::{COOKIE, HOST, ORIGIN},
    },
};
use pages::token;
use shared::{
    amount::Amount,
    change::{Change, Deed, Evidence, LogPosition},
    language::Language,
    observation::{Observation, ObservationKey, Value},
};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

/// What nobody may get into a page.
pub const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'";
/// Longest page that a test reads.
const MAX_PAGE: usize = 16 * 1024 * 1024;
/// The token of the session.
const TOKEN: &str = "token-of-a-test";

/// Somebody who visits a site.
pub struct Visit {
    /// The site.
    pub site: Site,
    /// Its store.
    pub store: Arc<dyn Store>,
    router: Router,
    _ending: watch::Sender<bool>,
    _folder: TempDir,
}

impl Visit {
    /// Somebody of the province's staff.
    pub async fn of(role: Role) -> Self {
        Self::with(role, None).await
    }

    /// The leader of a commune.
    pub async fn of_leader(commune: &str) -> Self {
        Self::with(Role::Viewer, Some(commune)).await
    }

    async fn with(role: Role, commune: Option<&str>) -> Self {
        let (folder, store) = sample::store().await;
        let store: Arc<dyn Store> = Arc::new(store);
        report(&*store).await;
        let account = Account {
            name: "lan".into(),
            person: HOSTILE.into(),
            role,
            commune: commune.map(str::to_owned),
            password: None,
            totp: None,
            totp_step: 0,
            link: Some(([7; 32], moment() + LINK_TIME)),
            created_at: moment(),
            signed_in_at: None,
            disabled_at: None,
        };
        assert!(store.add_account(account, act(moment())).await.unwrap());
        let session = WebSession {
            token: token::hash(TOKEN),
            account: "lan".into(),
            opened_at: moment(),
            used_at: moment(),
            origin: "web 127.0.0.1".into(),
        };
        store.open_web_session(session, act(moment())).await.unwrap();
        let province = Arc::new(Province::load(store.clone(), Arc::new(StandingClock(moment()))).await.unwrap());
        let live = Arc::new(Live::start(store.clone(), Arc::new(moment)).await.unwrap());
        let hook: Arc<dyn StandingsHook> = live.clone();
        let notices = Arc::new(Notices::new(province.clone(), hook.clone(), LiveSessions::new(1)));
        let (ending, seen) = watch::channel(false);
        let held = (Folder::at(folder.path()), Config::default());
        let site = Site::new((province, live), held, Language::Vi, (notices, Follower::start(hook)), seen);
        Self { router: site.clone().router(), site, store, _ending: ending, _folder: folder }
    }

    /// The token that a form of this session carries.
    pub fn form_token(&self) -> String {
        token::form_token(TOKEN, &mut self.site.random())
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> (StatusCode, String) {
        let (status, _, text) = self.ask(Request::get(path), String::new()).await;
        (status, text)
    }

    /// Sends a form as a page of this site does, with its token; the address that is gone to next, and the text.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let form_token = self.form_token();
        let fields = fields.iter().copied().chain([("form_token", form_token.as_str())]).collect::<Vec<_>>();
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.ask(request, body).await
    }

    /// Asks for anything in the name of the session.
    pub async fn ask(&self, request: axum::http::request::Builder, body: String) -> (StatusCode, String, String) {
        let request = request
            .header(HOST, "pages.test")
            .header(ORIGIN, "https://pages.test")
            .header(COOKIE, format!("__Host-{SESSION}={TOKEN}"))
            .body(Body::from(body));
        let response: Response<Body> = self.router.clone().oneshot(request.unwrap()).await.unwrap();
        let to = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), MAX_PAGE).await.unwrap();
        (status, to, String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A figure of CDS-17 with a hostile note, entered by a hostile name.
fn figure(number: u64, period: &str, numerator: u32) -> Change {
    let value = Value::Ratio { numerator: Amount::from(numerator), denominator: Amount::from(100_000) };
    let key = ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: period.parse().unwrap() };
    let deed = Deed::Recorded(Observation { key, value, note: HOSTILE.into() });
    Change { entered_by: format!("Bình {HOSTILE}"), ..change(number, deed) }
}

/// What two communes have reported.
async fn report(store: &dyn Store) {
    let file = |number, of, name: &str| {
        let evidence =
            Evidence { observation: sample::change_id(of), sha256: [9; 32], name: name.into(), size_bytes: 10 };
        change(number, Deed::Attached(evidence))
    };
    let first = vec![figure(1, "2026-09", 70_000), figure(2, "2026-10", 90_000), file(3, 2, "<b>bc.pdf")];
    let second = vec![figure(4, "2026-09", 80_000), figure(5, "2026-10", 60_000), figure(6, "2026-10", 61_000)];
    let batches =
        vec![batch("tan-phu", 1, LogPosition::START, first), batch("minh-hung", 2, LogPosition::START, second)];
    store.append(Append { batches, notes: Vec::new() }).await.unwrap();
}

#[tokio::test]
async fn a_form_is_taken_with_the_token_of_its_session_alone() {
    let visit = Visit::of(Role::Viewer).await;
    let bare =
        Request::post("/account/sign-out-everywhere").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(visit.ask(bare, "form_token=x".into()).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(visit.get("/rankings").await.0, StatusCode::OK);
    let (status, to, _) = visit.post("/account/sign-out-everywhere", &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(visit.get("/rankings").await.0, StatusCode::SEE_OTHER);
}
