//! Who asks: the session of a cookie, what its account may do, and forms that belong to the session.

use super::{Failure, IDLE, LONGEST, Site, hall};
use crate::store::{Account, Act, Role};
use axum::{
    RequestExt,
    body::Bytes,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Request},
    http::{HeaderName, HeaderValue, header::SET_COOKIE, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use chrono::TimeDelta;
use maud::Markup;
use pages::{
    cookie::{self, own_cookie},
    flash,
    frame::Frame,
    part::Notice,
    preference::Preferences,
    token,
};
use serde::{Deserialize, de::DeserializeOwned};
use shared::language::Language;
use std::net::{IpAddr, SocketAddr};

/// The cookie of a session.
pub(super) const SESSION: &str = "tiendo_session";
/// A session's last use is written at most so often.
const USE_NOTED: TimeDelta = TimeDelta::minutes(1);

/// Somebody who is signed in. A page for every account takes this; one for the province's staff alone takes [`Staff`].
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The account.
    pub account: Account,
    /// The language of the pages.
    pub language: Language,
    /// What the visitor prefers.
    pub preferences: Preferences,
    /// The path asked, with its query.
    pub here: String,
    /// From where.
    pub address: IpAddr,
    /// What happened just now.
    pub notice: Option<Notice>,
    session: String,
}

/// A visitor of the province's staff: no commune's leader.
#[derive(Debug, Clone)]
pub struct Staff(pub Visitor);

impl Visitor {
    /// Whether the account may do what a role may.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.account.commune.is_none() && self.account.role >= role
    }

    /// Stops whoever may not.
    ///
    /// # Errors
    /// [`Failure::Forbidden`]
    pub fn must(&self, role: Role) -> Result<(), Failure> {
        if self.may(role) { Ok(()) } else { Err(Failure::Forbidden) }
    }

    /// Stops a leader of another commune.
    ///
    /// # Errors
    /// [`Failure::Forbidden`]
    pub fn must_see(&self, commune: &str) -> Result<(), Failure> {
        match &self.account.commune {
            Some(own) if own != commune => Err(Failure::Forbidden),
            _ => Ok(()),
        }
    }

    /// An act of this person now, by the province's clock.
    #[must_use]
    pub fn act(&self, site: &Site) -> Act {
        Act { origin: origin(self.address), ..Act::of(who(&self.account), site.province.clock.now()) }
    }

    /// An act in real time: accounts, tokens and certificates live in it, also in an exercise.
    #[must_use]
    pub fn real_act(&self, site: &Site) -> Act {
        Act { at: site.province.clock.real(), ..self.act(site) }
    }

    /// The token for the forms of a page.
    #[must_use]
    pub fn form_token(&self, site: &Site) -> String {
        token::form_token(&self.session, &mut site.random())
    }

    /// SHA-256 of the session's token.
    #[must_use]
    pub fn session_hash(&self) -> [u8; 32] {
        token::hash(&self.session)
    }

    /// The frame of a page for this visitor.
    #[must_use]
    pub fn frame(&self, site: &Site) -> Frame {
        hall::frame(site, self)
    }

    /// A whole page; a notice that was kept for it is ended.
    #[must_use]
    pub fn page(&self, site: &Site, title: &str, body: &Markup) -> Response {
        let page = self.frame(site).page(title, body);
        let ended = self.notice.as_ref().and_then(|_| flash::shown(true));
        (AppendHeaders(ended.map(|value| (SET_COOKIE, value))), page).into_response()
    }

    /// One of two texts.
    #[must_use]
    pub fn pick<T>(&self, vi: T, en: T) -> T {
        self.language.pick(vi, en)
    }
}

/// The name by which the audit history knows an account.
#[must_use]
pub fn who(account: &Account) -> String {
    if account.person.is_empty() { account.name.clone() } else { format!("{} ({})", account.person, account.name) }
}

/// From where something is done by a page.
#[must_use]
pub fn origin(address: IpAddr) -> String {
    format!("web {address}")
}

/// Goes on to another page and tells there what happened.
#[must_use]
pub fn go(to: &str, notice: &Notice) -> Response {
    let kept = flash::keep(notice, true);
    (AppendHeaders(kept.map(|value| (SET_COOKIE, value))), Redirect::to(to)).into_response()
}

/// The address at the other end of the connection.
pub(super) fn address(parts: &Parts) -> IpAddr {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip())
}

/// The header that gives a browser its session.
pub(super) fn session_cookie(token: &str) -> Option<(HeaderName, HeaderValue)> {
    let seconds = u64::try_from(LONGEST.num_seconds()).unwrap_or_default();
    cookie::set(SESSION, token, seconds, true).map(|value| (SET_COOKIE, value))
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let back = || {
            // A form that was sent cannot be gone on with; the page it stood on can.
            let came = parts.headers.get("referer").and_then(|from| from.to_str().ok());
            let came = came.and_then(|from| from.splitn(4, '/').nth(3)).map(|path| format!("/{path}"));
            Failure::SignIn(if parts.method.is_safe() { here.clone() } else { came.unwrap_or_else(|| "/".into()) })
        };
        let session = own_cookie(&parts.headers, SESSION).ok_or_else(back)?.to_owned();
        let hash = token::hash(&session);
        let (held, account) = site.province.store.web_session(hash).await?.ok_or_else(back)?;
        let now = site.province.clock.real();
        if now - held.used_at > IDLE || now - held.opened_at > LONGEST || account.disabled_at.is_some() {
            site.province.store.forget_web_sessions(now - IDLE, now - LONGEST).await?;
            return Err(back());
        }
        if now - held.used_at > USE_NOTED {
            site.province.store.use_web_session(hash, now).await?;
        }
        let preferences = Preferences::of(&parts.headers);
        Ok(Self {
            account,
            language: preferences.language.unwrap_or(site.language),
            preferences,
            address: address(parts),
            notice: flash::kept(&parts.headers),
            here,
            session,
        })
    }
}

impl FromRequestParts<Site> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        let visitor = Visitor::from_request_parts(parts, site).await?;
        match &visitor.account.commune {
            // A leader who comes to the first page means the own one.
            Some(commune) if parts.uri.path() == "/" => Err(Failure::Elsewhere(format!("/communes/{commune}"))),
            Some(_) => Err(Failure::Forbidden),
            None => Ok(Self(visitor)),
        }
    }
}

/// A form that was sent by a visitor from a page of the visitor's own session.
#[derive(Debug)]
pub struct Sent<T> {
    /// Who sent it.
    pub visitor: Visitor,
    /// What.
    pub form: T,
}

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    form_token: String,
}

impl<T: DeserializeOwned> FromRequest<Site> for Sent<T> {
    type Rejection = Failure;

    async fn from_request(mut request: Request, site: &Site) -> Result<Self, Failure> {
        let visitor = request.extract_parts_with_state::<Visitor, _>(site).await?;
        let language = visitor.language;
        let body = Bytes::from_request(request, site).await.map_err(|_| {
            Failure::Bad(
                language
                    .pick(
                        "Nội dung gửi lên không đọc được hoặc quá lớn.",
                        "What was sent cannot be read or is too large.",
                    )
                    .into(),
            )
        })?;
        let proof: Proof = serde_urlencoded::from_bytes(&body).map_err(|_| Failure::Stale)?;
        visitor.check_form(&proof.form_token)?;
        let form = serde_urlencoded::from_bytes(&body).map_err(|error| Failure::Bad(error.to_string()))?;
        Ok(Self { visitor, form })
    }
}

impl Visitor {
    /// Whether a form was made for this session; what takes files asks this itself.
    ///
    /// # Errors
    /// [`Failure::Stale`]
    pub fn check_form(&self, form_token: &str) -> Result<(), Failure> {
        if token::is_form_token(&self.session, form_token) { Ok(()) } else { Err(Failure::Stale) }
    }
}
