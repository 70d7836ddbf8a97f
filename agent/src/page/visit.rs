//! Who asks for a page: somebody signed in, or on a computer without accounts whoever gave a name.

use super::{desk::Desk, fault::Fault};
use crate::{
    entry::check_name,
    store::{Store, View},
};
use axum::{
    Form,
    extract::{FromRequestParts, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{LOCATION, SET_COOKIE},
        request::Parts,
        uri::PathAndQuery,
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use pages::{
    cookie,
    frame::{Frame, Group, Link, Visitor},
    maud::{Markup, html},
    part::{Notice, Tone},
    preference::{Preferences, Theme},
    token,
};
use serde::Deserialize;
use shared::{language::Language, observation::MAX_NAME_CHARS};
use std::{ops::Deref, sync::Arc};

/// How long a clerk's name is remembered.
const NAME_SECONDS: u64 = 180 * 24 * 60 * 60;
/// How long a browser keeps the token of a visit; the store may end it before.
const TOKEN_SECONDS: u64 = 7 * 24 * 60 * 60;
/// Length of a token.
const TOKEN_CHARS: usize = 43;

/// A visitor.
#[derive(Debug, Clone)]
pub struct Visit {
    /// What all pages share.
    pub desk: Arc<Desk>,
    /// Of the words.
    pub language: Language,
    theme: Theme,
    /// The token of the browser's cookie, new where it had none.
    pub token: String,
    is_new: bool,
    /// Whether accounts decide who may come in.
    pub has_accounts: bool,
    name: Option<String>,
    account: Option<String>,
}

impl Visit {
    /// One of two texts.
    pub fn pick<T>(&self, vi: T, en: T) -> T {
        self.language.pick(vi, en)
    }

    /// A token for the forms of a page.
    pub fn form_token(&self) -> String {
        token::form_token(&self.token, &mut rand::rng())
    }

    /// Whether a form was made for this visitor.
    pub fn check(&self, form_token: &str) -> Result<(), Fault> {
        if token::is_form_token(&self.token, form_token) { Ok(()) } else { Err(Fault::Stale) }
    }

    /// The key of the visitor in memory and in the store.
    pub fn key(&self) -> [u8; 32] {
        token::hash(&self.token)
    }

    /// To another page, which shows the notice.
    pub fn to(&self, href: &str, notice: Option<Notice>) -> Response {
        if let Some(notice) = notice {
            self.desk.say(self.key(), notice);
        }
        self.with_cookies(redirect(href))
    }

    /// A page before somebody is known.
    pub fn front(&self, status: StatusCode, here: &str, title: &str, place: String, body: &Markup) -> Response {
        let frame = Frame { visitor: None, groups: Vec::new(), ..self.frame(here, place, false, Vec::new()) };
        self.with_cookies((status, frame.page(title, body)).into_response())
    }

    fn frame(&self, here: &str, place: String, exercise: bool, groups: Vec<Group>) -> Frame {
        Frame {
            language: self.language,
            theme: self.theme,
            place,
            exercise,
            groups,
            here: here.to_owned(),
            visitor: self.name.clone().map(|name| Visitor {
                role: match self.account {
                    Some(_) => self.pick("Cán bộ của xã", "Commune staff").to_owned(),
                    None => self.pick("Người nhập trên máy này", "Enters on this computer").to_owned(),
                },
                name,
                signed_in: self.account.is_some(),
            }),
            form_token: self.form_token(),
            searches: false,
            notices: self.desk.said(self.key()),
            unreachable: super::fault::unreachable(self.language),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    fn with_cookies(&self, mut response: Response) -> Response {
        if self.is_new {
            append(&mut response, self.token_cookie(&self.token));
        }
        response
    }

    /// The cookie of a token.
    pub fn token_cookie(&self, token: &str) -> Option<HeaderValue> {
        cookie::set(&cookie_name("visit", &self.desk), token, TOKEN_SECONDS, self.desk.door.is_secure)
    }

    /// The cookie of a clerk's name.
    pub fn name_cookie(&self, name: &str) -> Option<HeaderValue> {
        let value = URL_SAFE_NO_PAD.encode(name);
        cookie::set(&cookie_name("name", &self.desk), &value, NAME_SECONDS, self.desk.door.is_secure)
    }
}

/// Adds a cookie to an answer.
pub fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// To another page.
pub fn redirect(href: &str) -> Response {
    let location = HeaderValue::from_str(href).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

fn cookie_name(what: &str, desk: &Desk) -> String {
    format!("tiendo_{what}_{}", desk.door.port)
}

/// Whether an address is a path of these pages.
pub fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 500
        && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

impl FromRequestParts<Arc<Desk>> for Visit {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Fault> {
        let preferences = Preferences::of(&parts.headers);
        // Over TLS only what this host itself set: a neighbour under the same domain could plant a visit of its own.
        let read = if desk.door.is_secure { cookie::own_cookie } else { cookie::cookie };
        let kept = read(&parts.headers, &cookie_name("visit", desk)).filter(|kept| kept.len() == TOKEN_CHARS);
        let key = kept.map(token::hash);
        let now = desk.now();
        let (has_accounts, found) = desk.with_store(move |store| who(store, key, now)).await?;
        let name = match &found {
            Some((_, signature)) => Some(signature.clone()),
            None if has_accounts || !desk.door.is_loopback => None,
            None => name_given(&parts.headers, desk),
        };
        Ok(Self {
            desk: desk.clone(),
            language: preferences.language.unwrap_or(desk.language),
            theme: preferences.theme,
            token: kept.map_or_else(|| token::new_token(&mut rand::rng()), str::to_owned),
            is_new: kept.is_none(),
            has_accounts: has_accounts || !desk.door.is_loopback,
            name,
            account: found.map(|(account, _)| account),
        })
    }
}

/// Whether there are accounts, and the account and signature of who is signed in.
type Known = (bool, Option<(String, String)>);

fn who(store: &mut Store, key: Option<[u8; 32]>, now: DateTime<Utc>) -> Result<Known, Fault> {
    let has_accounts = store.view().account_count()? > 0;
    let Some(key) = key.filter(|_| has_accounts) else { return Ok((has_accounts, None)) };
    let Some((account, is_to_be_noted)) = store.view().visitor(key, now)? else { return Ok((has_accounts, None)) };
    if is_to_be_noted {
        store.write(|writing| writing.see_visit(key, now))?;
    }
    let signature = account.signature().to_owned();
    Ok((has_accounts, Some((account.name, signature))))
}

fn name_given(headers: &HeaderMap, desk: &Desk) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie::cookie(headers, &cookie_name("name", desk))?).ok()?;
    clerk_name(&String::from_utf8(bytes).ok()?)
}

/// A name that can sign figures.
pub fn clerk_name(typed: &str) -> Option<String> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS && check_name(&name).is_ok();
    fits.then_some(name)
}

/// A visitor who may enter and see everything of the commune.
#[derive(Debug, Clone)]
pub struct Clerk {
    visit: Visit,
    /// Who signs what is entered.
    pub name: String,
}

impl Deref for Clerk {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl FromRequestParts<Arc<Desk>> for Clerk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        let visit = Visit::from_request_parts(parts, desk).await.map_err(IntoResponse::into_response)?;
        match visit.name.clone() {
            Some(name) => Ok(Self { visit, name }),
            None => Err(turned_away(&visit, parts)),
        }
    }
}

/// To where somebody says who they are; back to the page afterwards.
fn turned_away(visit: &Visit, parts: &Parts) -> Response {
    let door = if visit.has_accounts { "/sign-in" } else { "/name" };
    let is_in_place = parts.headers.contains_key("hx-request");
    let asked = parts.uri.path_and_query().map(PathAndQuery::as_str);
    let path = if is_in_place { page_of(&parts.headers) } else { asked.filter(|_| parts.method == Method::GET) };
    let back = match path.filter(|path| *path != "/" && is_own_path(path)) {
        Some(path) => format!("{door}?next={}", super::piece::encoded(path)),
        None => door.to_owned(),
    };
    if is_in_place || parts.method != Method::GET {
        let words = match visit.has_accounts {
            true => visit.pick(
                "Phiên làm việc đã hết. Hãy đăng nhập rồi gửi lại; bản nháp đã lưu vẫn còn, ô vừa gõ cần xem lại.",
                "The session has ended. Sign in and send it again; drafts are still there, look again at what was typed last.",
            ),
            false => visit.pick(
                "Trình duyệt không còn giữ tên người nhập. Hãy cho biết tên; bản nháp đã lưu vẫn còn.",
                "The browser has forgotten who enters. Give the name; drafts that were kept are still there.",
            ),
        };
        let mut response = visit.to(&back, Some(Notice::new(Tone::Warning, words)));
        if is_in_place {
            *response.status_mut() = StatusCode::OK;
            if let Some(location) = response.headers_mut().remove(LOCATION) {
                response.headers_mut().insert("hx-redirect", location);
            }
        }
        return response;
    }
    visit.with_cookies(redirect(&back))
}

/// The page on which something is changed in place.
fn page_of(headers: &HeaderMap) -> Option<&str> {
    let (_, rest) = headers.get("hx-current-url")?.to_str().ok()?.split_once("://")?;
    rest.find('/').map(|at| rest[at..].split('#').next().unwrap_or_default())
}

/// A page in the making, with the store at hand.
pub struct Room<'a> {
    /// The store.
    pub store: &'a mut Store,
    /// Who asks.
    pub clerk: &'a Clerk,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Room<'_> {
    /// Reads.
    pub fn view(&self) -> View<'_> {
        self.store.view()
    }

    /// Of the words.
    pub fn language(&self) -> Language {
        self.clerk.language
    }

    /// One of two texts.
    pub fn pick<T>(&self, vi: T, en: T) -> T {
        self.clerk.pick(vi, en)
    }

    fn frame(&self, here: &str) -> Result<Frame, Fault> {
        let view = self.view();
        let place = view.belonging()?.map(|belonging| belonging.commune_name).unwrap_or_default();
        let returned = view.returned_figures()?.len() as u64;
        let troubles = view.refused_figures()?.len() + view.open_conflicts()?.len() + view.stuck_attachments()?.len();
        let link = |href: &str, label: &str, count: u64| Link { count, ..Link::new(href, label) };
        let links = vec![
            link("/", self.pick("Tháng này", "This month"), returned),
            link("/tasks", self.pick("Nhiệm vụ", "Tasks"), 0),
            link("/excel", "Excel", 0),
            link("/standing", self.pick("Xếp hạng của xã", "Standing"), 0),
            link("/history", self.pick("Lịch sử", "History"), 0),
            link("/status", self.pick("Tình trạng", "Status"), troubles as u64),
        ];
        let groups = vec![Group { heading: String::new(), links }];
        Ok(self.clerk.frame(here, place, view.exercise()?.on, groups))
    }
}

/// What a page shows.
pub struct Drawn {
    /// Title of the window.
    pub title: String,
    /// The content.
    pub body: Markup,
    /// 200, or 422 where a form has to be corrected.
    pub status: StatusCode,
}

impl Drawn {
    /// A page.
    pub fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body, status: StatusCode::OK }
    }

    /// A form that has to be corrected.
    pub fn wrong(self) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, ..self }
    }
}

impl Clerk {
    /// Makes a page away from the runtime's thread.
    pub async fn draw(
        self,
        here: &str,
        work: impl FnOnce(&mut Room<'_>) -> Result<Drawn, Fault> + Send + 'static,
    ) -> Result<Response, Fault> {
        let (here, desk) = (here.to_owned(), self.desk.clone());
        let (clerk, drawn) = desk
            .with_store(move |store| {
                let now = self.desk.now();
                let mut room = Room { store, clerk: &self, now };
                let drawn = work(&mut room)?;
                let page = room.frame(&here)?.page(&drawn.title, &drawn.body).into_string();
                Ok((self, (drawn.status, page)))
            })
            .await?;
        let (status, page) = drawn;
        Ok(clerk.with_cookies((status, axum::response::Html(page)).into_response()))
    }

    /// Makes a part of a page.
    pub async fn part(
        self,
        work: impl FnOnce(&mut Room<'_>) -> Result<Markup, Fault> + Send + 'static,
    ) -> Result<Response, Fault> {
        let part = self.act(|room| Ok(work(room)?.into_string())).await?;
        Ok(axum::response::Html(part).into_response())
    }

    /// Does something with the store.
    pub async fn act<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Room<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let desk = self.desk.clone();
        desk.with_store(move |store| {
            let now = self.desk.now();
            work(&mut Room { store, clerk: &self, now })
        })
        .await
    }

    /// The account, where somebody is signed in.
    pub fn account(&self) -> Option<&str> {
        self.visit.account.as_deref()
    }
}

/// What a visitor prefers.
#[derive(Debug, Deserialize)]
pub struct Preferred {
    #[serde(default)]
    back: String,
    language: Option<String>,
    theme: Option<String>,
}

/// Keeps language and theme. It changes nothing but this browser's cookies, so that it needs no token.
pub async fn prefer(State(desk): State<Arc<Desk>>, headers: HeaderMap, Form(form): Form<Preferred>) -> Response {
    let mut preferences = Preferences::of(&headers);
    if let Some(language) = form.language.as_deref().and_then(Language::from_word) {
        preferences.language = Some(language);
    }
    if let Some(theme) = form.theme.as_deref().and_then(Theme::from_word) {
        preferences.theme = theme;
    }
    let back = if is_own_path(&form.back) { form.back.as_str() } else { "/" };
    let mut response = redirect(back);
    for cookie in preferences.cookies(desk.door.is_secure) {
        append(&mut response, Some(cookie));
    }
    response
}

/// A field with its label, its fault beside it.
pub fn field(label: &str, input: &Markup, fault: Option<&str>, hint: &str) -> Markup {
    html! {
        label .field .wrong[fault.is_some()] {
            span { (label) }
            (input)
            @if let Some(fault) = fault { span .fault role="alert" { (fault) } }
            @else if !hint.is_empty() { span .hint { (hint) } }
        }
    }
}
