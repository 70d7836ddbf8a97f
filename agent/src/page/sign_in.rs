//! How somebody says who they are: with an account, or where there is none by a name alone.

use super::{
    desk::Desk,
    fault::Fault,
    visit::{Visit, append, clerk_name, field, is_own_path, redirect},
};
use axum::extract::ConnectInfo;
use axum::{
    Form,
    extract::{Extension, Query},
    http::StatusCode,
    response::Response,
};
use pages::{
    frame,
    maud::{Markup, html},
    part, password, token,
};
use serde::Deserialize;
use shared::observation::MAX_NAME_CHARS;
use std::{net::SocketAddr, sync::Arc};

/// Longest password that is looked at, in bytes.
const MAX_PASSWORD_BYTES: usize = 1_024;

/// Where to afterwards.
#[derive(Debug, Deserialize, Default)]
pub struct Next {
    #[serde(default)]
    next: String,
}

impl Next {
    fn path(&self) -> &str {
        if is_own_path(&self.next) { &self.next } else { "/" }
    }
}

async fn place(desk: &Arc<Desk>) -> Result<String, Fault> {
    desk.with_store(|store| Ok(store.view().belonging()?.map(|own| own.commune_name).unwrap_or_default())).await
}

/// `/name`
pub async fn ask_name(visit: Visit, Query(next): Query<Next>) -> Result<Response, Fault> {
    if visit.has_accounts {
        return Ok(redirect("/sign-in"));
    }
    let place = place(&visit.desk).await?;
    let body = name_form(&visit, next.path(), "", None);
    Ok(visit.front(StatusCode::OK, "/name", visit.pick("Người nhập", "Who enters"), place, &body))
}

fn name_form(visit: &Visit, next: &str, typed: &str, fault: Option<&str>) -> Markup {
    html! {
        div .narrow.card {
            (frame::title(visit.pick("Anh, chị tên gì?", "What is your name?"), visit.pick("Tên được ghi cùng mỗi số liệu, như chữ ký của người nhập. Hỏi một lần trên máy này.", "It is kept with each figure, as who entered it. Asked once on this computer."), &html! {}))
            form .fields method="post" action="/name" {
                (part::form_token(&visit.form_token()))
                input type="hidden" name="next" value=(next);
                (field(visit.pick("Họ và tên", "Full name"), &html! { input name="name" value=(typed) autocomplete="name" maxlength=(MAX_NAME_CHARS) required autofocus; }, fault, ""))
                div .actions { button .main { (visit.pick("Bắt đầu", "Begin")) } }
            }
        }
    }
}

/// A name.
#[derive(Debug, Deserialize)]
pub struct Named {
    form_token: String,
    #[serde(default)]
    name: String,
    #[serde(flatten)]
    next: Next,
}

/// Keeps the name in the browser.
pub async fn take_name(visit: Visit, Form(form): Form<Named>) -> Result<Response, Fault> {
    visit.check(&form.form_token)?;
    if visit.has_accounts {
        return Ok(redirect("/sign-in"));
    }
    match clerk_name(&form.name) {
        Some(name) => {
            let mut response = visit.to(form.next.path(), None);
            append(&mut response, visit.name_cookie(&name));
            Ok(response)
        }
        None => {
            let place = place(&visit.desk).await?;
            let fault =
                visit.pick("Cần họ và tên, không quá 200 ký tự.", "A name of at most 200 characters is needed.");
            let body = name_form(&visit, form.next.path(), &form.name, Some(fault));
            let title = visit.pick("Người nhập", "Who enters");
            Ok(visit.front(StatusCode::UNPROCESSABLE_ENTITY, "/name", title, place, &body))
        }
    }
}

/// `/sign-in`
pub async fn page(visit: Visit, Query(next): Query<Next>) -> Result<Response, Fault> {
    if !visit.has_accounts {
        return Ok(redirect("/name"));
    }
    let place = place(&visit.desk).await?;
    let body = sign_in_form(&visit, next.path(), "", None);
    Ok(visit.front(StatusCode::OK, "/sign-in", visit.pick("Đăng nhập", "Sign in"), place, &body))
}

fn sign_in_form(visit: &Visit, next: &str, typed: &str, fault: Option<&str>) -> Markup {
    html! {
        div .narrow.card {
            (frame::title(visit.pick("Đăng nhập", "Sign in"), "", &html! {}))
            @if let Some(fault) = fault { div .notice.fault role="alert" { (fault) } }
            form .fields method="post" action="/sign-in" {
                (part::form_token(&visit.form_token()))
                input type="hidden" name="next" value=(next);
                (field(visit.pick("Tài khoản", "Account"), &html! { input name="account" value=(typed) autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="40" required autofocus; }, None, ""))
                (field(visit.pick("Mật khẩu", "Password"), &html! { input type="password" name="password" autocomplete="current-password" required; }, None, ""))
                div .actions { button .main { (visit.pick("Đăng nhập", "Sign in")) } }
            }
            p .small.muted { (visit.pick("Quên mật khẩu: người quản lý máy chạy `commune-agent account password TÊN`.", "Forgotten: whoever keeps this computer runs `commune-agent account password NAME`.")) }
        }
    }
}

/// Account and password.
#[derive(Deserialize)]
pub struct Credentials {
    form_token: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    password: String,
    #[serde(flatten)]
    next: Next,
}

/// Signs in; each failure makes the next try wait longer.
pub async fn sign_in(
    visit: Visit,
    from: Option<Extension<ConnectInfo<SocketAddr>>>,
    Form(form): Form<Credentials>,
) -> Result<Response, Fault> {
    visit.check(&form.form_token)?;
    let (desk, now) = (visit.desk.clone(), visit.desk.now());
    let name = form.account.trim().to_lowercase().chars().take(40).collect::<String>();
    let address = from.map_or_else(String::new, |Extension(ConnectInfo(address))| format!("from {}", address.ip()));
    let keys = [name.as_str(), address.as_str()];
    if let Some(wait) = desk.throttle.wait(&keys, now) {
        let seconds = wait.num_seconds().max(1);
        let fault = visit.pick(
            format!("Thử quá nhiều lần. Hãy đợi {seconds} giây rồi thử lại."),
            format!("Too many tries. Wait {seconds} seconds and try again."),
        );
        return refused(&visit, &form, StatusCode::TOO_MANY_REQUESTS, &fault).await;
    }
    let asked = name.clone();
    let found = desk.with_store(move |store| Ok(store.view().account(&asked)?)).await?;
    let hashed = found.as_ref().map(|account| account.password.clone());
    let is_short = form.password.len() <= MAX_PASSWORD_BYTES;
    if !(is_short && password::is_right(form.password.clone(), hashed).await) {
        desk.throttle.failed(&keys, now);
        tracing::warn!(account = name, address, "sign-in refused");
        let fault = visit.pick("Tài khoản hoặc mật khẩu không đúng.", "The account or the password is not right.");
        return refused(&visit, &form, StatusCode::UNPROCESSABLE_ENTITY, fault).await;
    }
    desk.throttle.succeeded(&keys);
    tracing::info!(account = name, address, "signed in");
    // Another token than before, so that one that was known to others is worth nothing.
    let fresh = token::new_token(&mut rand::rng());
    let key = token::hash(&fresh);
    desk.with_store(move |store| Ok(store.write(|writing| writing.begin_visit(key, &name, now))?)).await?;
    let mut response = redirect(form.next.path());
    append(&mut response, visit.token_cookie(&fresh));
    Ok(response)
}

async fn refused(visit: &Visit, form: &Credentials, status: StatusCode, fault: &str) -> Result<Response, Fault> {
    let place = place(&visit.desk).await?;
    let body = sign_in_form(visit, form.next.path(), &form.account, Some(fault));
    Ok(visit.front(status, "/sign-in", visit.pick("Đăng nhập", "Sign in"), place, &body))
}

/// Only a form's token.
#[derive(Debug, Deserialize)]
pub struct Plain {
    form_token: String,
}

/// Signs out; the browser gets another token.
pub async fn sign_out(visit: Visit, Form(form): Form<Plain>) -> Result<Response, Fault> {
    visit.check(&form.form_token)?;
    let key = visit.key();
    visit.desk.with_store(move |store| Ok(store.write(|writing| writing.end_visit(key))?)).await?;
    let mut response = redirect("/sign-in");
    append(&mut response, visit.token_cookie(&token::new_token(&mut rand::rng())));
    Ok(response)
}
