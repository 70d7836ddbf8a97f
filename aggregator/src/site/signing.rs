//! Signing in and out, and choosing a password by a one-time link.
//!
//! An unknown name takes as long and is answered the same as a wrong password. Tries are counted by account and by address.

use super::{
    Failure, Site,
    gate::{self, SESSION, Sent, Visitor, go, origin, who},
    hall,
    preferences::own_path,
};
use crate::store::{Account, AccountChange, Act, WebSession, is_account_name};
use axum::{
    Form, Router,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use chrono::TimeDelta;
use maud::{Markup, html};
use pages::{
    cookie, flash, frame,
    part::{self, Notice, Tone},
    password::{self, MIN_CHARS},
    preference::Preferences,
    token,
};
use serde::Deserialize;
use shared::language::Language;
use std::net::{IpAddr, SocketAddr};
use totp_rs::{Builder, Totp};

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/welcome/{link}", get(welcome).post(choose))
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

async fn form(
    State(site): State<Site>,
    Query(Back { back }): Query<Back>,
    headers: HeaderMap,
    visitor: Option<Visitor>,
) -> Response {
    if visitor.is_some() {
        return Redirect::to(own_path(&back)).into_response();
    }
    let notice = flash::kept(&headers);
    let ended = notice.as_ref().and_then(|_| flash::shown(true)).map(|value| (SET_COOKIE, value));
    let page = sign_in_page(&site, &headers, &SignIn { back, ..SignIn::default() }, notice).await;
    (AppendHeaders(ended), page).into_response()
}

impl axum::extract::OptionalFromRequestParts<Site> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, site: &Site) -> Result<Option<Self>, Failure> {
        match <Visitor as axum::extract::FromRequestParts<Site>>::from_request_parts(parts, site).await {
            Ok(visitor) => Ok(Some(visitor)),
            Err(Failure::SignIn(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize, Default)]
struct SignIn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    back: String,
}

async fn sign_in_page(site: &Site, headers: &HeaderMap, form: &SignIn, notice: Option<Notice>) -> Markup {
    let mut frame = hall::empty(site, Preferences::of(headers), "/sign-in");
    frame.notices.extend(notice);
    let l = |vi: &'static str, en: &'static str| frame.language.pick(vi, en);
    let nobody_yet = site.province.store.accounts().await.is_ok_and(|accounts| accounts.is_empty());
    let body = html! {
        div .narrow { div .card {
            h1 { (l("Đăng nhập", "Sign in")) }
            p .muted { (frame.place) }
            @if nobody_yet {
                (part::notice(&Notice::new(Tone::Note, l(
                    "Chưa có tài khoản nào. Trên máy chủ, tạo quản trị viên đầu tiên bằng lệnh:\nprovince-aggregator account add TÊN --person \"Họ và tên\" --role administrator",
                    "There is no account yet. On the server, make the first administrator with:\nprovince-aggregator account add NAME --person \"Full name\" --role administrator",
                ))))
            }
            form method="post" action="/sign-in" .fields {
                input type="hidden" name="back" value=(form.back);
                label .field {
                    span { (l("Tên tài khoản", "Account")) }
                    input name="name" value=(form.name) autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="40" required autofocus[form.name.is_empty()];
                }
                label .field {
                    span { (l("Mật khẩu", "Password")) }
                    input type="password" name="password" autocomplete="current-password" maxlength="128" required autofocus[!form.name.is_empty()];
                }
                label .field {
                    span { (l("Mã xác thực 6 số (nếu đã bật)", "6-digit code (if you turned it on)")) }
                    input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8";
                }
                button .main { (l("Đăng nhập", "Sign in")) }
            }
            p .small .muted { (l("Quên mật khẩu? Nhờ quản trị viên của tỉnh tạo liên kết đặt lại.", "Forgot your password? Ask the province's administrator for a new link.")) }
        } }
    };
    frame.page(l("Đăng nhập", "Sign in"), &body)
}

async fn sign_in(
    State(site): State<Site>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Result<Response, Failure> {
    let language = Preferences::of(&headers).language.unwrap_or(site.language);
    let name = form.name.trim().to_lowercase();
    let (now, ip) = (site.province.clock.real(), address.ip());
    let (by_name, by_address) = (format!("account {name:.40}"), format!("address {ip}"));
    let keys = [by_name.as_str(), by_address.as_str()];
    let again = async |status: StatusCode, words: String| {
        let page = sign_in_page(&site, &headers, &form, Some(Notice::new(Tone::Fault, words))).await;
        (status, page).into_response()
    };
    if let Some(wait) = site.throttle.wait(&keys, now) {
        return Ok(again(StatusCode::TOO_MANY_REQUESTS, waiting(wait, language)).await);
    }
    let account = if is_account_name(&name) { site.province.store.account(&name).await? } else { None };
    let hash =
        account.as_ref().filter(|account| account.disabled_at.is_none()).and_then(|account| account.password.clone());
    let is_right = password::is_right(form.password.clone(), hash).await;
    let account = match account.filter(|_| is_right) {
        Some(account) if code_is_right(&site, &account, &form.code).await? => account,
        _ => {
            site.throttle.failed(&keys, now);
            tracing::warn!(account = %name, address = %ip, "a sign-in failed");
            let words = language.pick(
                "Tên tài khoản, mật khẩu hoặc mã xác thực không đúng.",
                "The account, the password or the code is not right.",
            );
            return Ok(again(StatusCode::UNPROCESSABLE_ENTITY, words.into()).await);
        }
    };
    site.throttle.succeeded(&keys);
    open(&site, &account, ip, own_path(&form.back)).await
}

/// What to say to somebody who has to wait.
pub(super) fn waiting(wait: TimeDelta, language: Language) -> String {
    let seconds = wait.num_seconds() + 1;
    language.pick(
        format!("Đã thử sai nhiều lần. Hãy chờ {seconds} giây rồi thử lại."),
        format!("Too many wrong tries. Wait {seconds} seconds and try again."),
    )
}

/// One-time codes of an account, where they are turned on.
pub(super) fn codes(account: &Account, secret: Vec<u8>) -> Option<Totp> {
    let builder =
        Builder::new().with_secret(secret).with_account_name(account.name.as_str()).with_issuer(Some("Tien Do"));
    builder.build().ok()
}

/// Whether a one-time code is right and was not used before; also where none is asked for.
async fn code_is_right(site: &Site, account: &Account, code: &str) -> Result<bool, Failure> {
    let Some(secret) = account.totp.clone() else { return Ok(true) };
    let code: String = code.chars().filter(char::is_ascii_digit).collect();
    let now = site.province.clock.real();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let Some(step) = codes(account, secret).and_then(|codes| codes.check(&code, seconds)) else { return Ok(false) };
    let act = Act::of(who(account), now);
    Ok(site.province.store.change_account(&account.name, AccountChange::Step(step), act).await?)
}

/// Opens a session and goes on.
async fn open(site: &Site, account: &Account, address: IpAddr, to: &str) -> Result<Response, Failure> {
    let (now, secret) = (site.province.clock.real(), token::new_token(&mut site.random()));
    let session = WebSession {
        token: token::hash(&secret),
        account: account.name.clone(),
        opened_at: now,
        used_at: now,
        origin: origin(address),
    };
    let act = Act { origin: origin(address), ..Act::of(who(account), now) };
    site.province.store.open_web_session(session, act).await?;
    let cookie = gate::session_cookie(&secret);
    Ok((AppendHeaders(cookie), Redirect::to(to)).into_response())
}

#[derive(Deserialize)]
struct Nothing {}

async fn sign_out(State(site): State<Site>, sent: Sent<Nothing>) -> Result<Response, Failure> {
    let visitor = &sent.visitor;
    let (account, act) = (&visitor.account.name, visitor.real_act(&site));
    site.province.store.end_web_sessions(account, Some(visitor.session_hash()), act).await?;
    let ended = cookie::end(SESSION, true).map(|value| (SET_COOKIE, value));
    let said = go("/sign-in", &Notice::new(Tone::Done, visitor.pick("Đã đăng xuất.", "You are signed out.")));
    Ok((AppendHeaders(ended), said).into_response())
}

/// The account of a link that is still good.
async fn of_link(site: &Site, link: &str) -> Result<Account, Failure> {
    let found = site.province.store.account_by_link(token::hash(link)).await?;
    let now = site.province.clock.real();
    let is_good =
        |account: &Account| account.disabled_at.is_none() && account.link.is_some_and(|(_, until)| now < until);
    found.filter(is_good).ok_or_else(|| {
        let language = site.language;
        Failure::NotFound(
            language
                .pick(
                    "Liên kết này đã dùng, đã hết hạn hoặc không đúng. Hãy nhờ quản trị viên tạo liên kết mới.",
                    "This link was used, has expired or is wrong. Ask the administrator for another one.",
                )
                .into(),
        )
    })
}

async fn welcome(State(site): State<Site>, Path(link): Path<String>, headers: HeaderMap) -> Result<Markup, Failure> {
    let account = of_link(&site, &link).await?;
    Ok(welcome_page(&site, &headers, &account, &link, None))
}

fn welcome_page(site: &Site, headers: &HeaderMap, account: &Account, link: &str, fault: Option<&str>) -> Markup {
    let frame = hall::empty(site, Preferences::of(headers), &format!("/welcome/{link}"));
    let l = |vi: &'static str, en: &'static str| frame.language.pick(vi, en);
    let body = html! {
        div .narrow { div .card {
            (frame::title(l("Đặt mật khẩu", "Choose a password"), &format!("{} · {}", account.person, account.name), &html! {}))
            form method="post" action={ "/welcome/" (link) } .fields {
                input type="hidden" name="username" value=(account.name) autocomplete="username";
                (password_fields(frame.language, fault))
                button .main { (l("Đặt mật khẩu và đăng nhập", "Set the password and sign in")) }
            }
        } }
    };
    frame.page(l("Đặt mật khẩu", "Choose a password"), &body)
}

/// The two fields of a new password.
pub(super) fn password_fields(language: Language, fault: Option<&str>) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        label .field .wrong[fault.is_some()] {
            span { (l("Mật khẩu mới", "New password")) }
            input type="password" name="password" autocomplete="new-password" minlength=(MIN_CHARS) maxlength="128" required;
            @match fault {
                Some(fault) => span .fault role="alert" { (fault) },
                None => span .hint { (language.pick(format!("Ít nhất {MIN_CHARS} ký tự; một câu ngắn dễ nhớ là tốt."), format!("At least {MIN_CHARS} characters; a short sentence is good."))) },
            }
        }
        label .field {
            span { (l("Nhập lại mật khẩu mới", "The new password again")) }
            input type="password" name="again" autocomplete="new-password" maxlength="128" required;
        }
    }
}

#[derive(Deserialize)]
struct Chosen {
    password: String,
    again: String,
}

/// What is wrong with a new password.
pub(super) fn fault_of(password: &str, again: &str, account: &Account, language: Language) -> Option<String> {
    if password != again {
        return Some(language.pick("Hai lần nhập không giống nhau.", "The two entries differ.").to_owned());
    }
    password::check(password, &account.name).err().map(|weakness| weakness.explain(language))
}

async fn choose(
    State(site): State<Site>,
    Path(link): Path<String>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(form): Form<Chosen>,
) -> Result<Response, Failure> {
    let account = of_link(&site, &link).await?;
    let language = Preferences::of(&headers).language.unwrap_or(site.language);
    if let Some(fault) = fault_of(&form.password, &form.again, &account, language) {
        let page = welcome_page(&site, &headers, &account, &link, Some(&fault));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let hash = hashed(form.password).await?;
    let act = Act { origin: origin(address.ip()), ..Act::of(who(&account), site.province.clock.real()) };
    site.province.store.change_account(&account.name, AccountChange::Password(hash), act).await?;
    open(&site, &account, address.ip(), "/").await
}

/// The hash of a password that was checked.
pub(super) async fn hashed(password: String) -> Result<String, Failure> {
    password::hash(password).await.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        Failure::Internal
    })
}
