//! One's own account: the password, one-time codes, where else one is signed in.

use super::{
    Failure, Site,
    gate::{Sent, Visitor, go},
    hall::role_name,
    signing::{codes, fault_of, hashed, password_fields, waiting},
};
use crate::store::AccountChange;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use maud::{Markup, PreEscaped, html};
use pages::{
    frame,
    part::{self, Notice, Tone},
    password,
};
use qrcode::{QrCode, render::svg};
use rand::RngCore;
use serde::Deserialize;
use shared::language::Language;

/// Bytes of the secret of one-time codes (RFC 4226 recommends 20).
const SECRET_BYTES: usize = 20;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/account", get(account))
        .route("/account/password", post(set_password))
        .route("/account/codes", get(offer_codes).post(set_codes))
        .route("/account/sign-out-everywhere", post(sign_out_everywhere))
}

/// The field that a fault stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// The present password, where another one is set.
    Present,
    /// The new password.
    New,
    /// The present password, where codes are turned on or off.
    PresentForCodes,
    /// The code.
    Code,
}

/// What is wrong, and where.
type Fault = Option<(Field, String)>;

/// What is said beside a field.
fn beside(fault: &Fault, field: Field) -> Option<&str> {
    fault.as_ref().filter(|(at, _)| *at == field).map(|(_, words)| words.as_str())
}

/// The field for the present password.
fn present_field(language: Language, fault: Option<&str>) -> Markup {
    html! {
        label .field .wrong[fault.is_some()] {
            span { (language.pick("Mật khẩu hiện tại", "Present password")) }
            input type="password" name="present" autocomplete="current-password" maxlength="128" required;
            @if let Some(fault) = fault { span .fault role="alert" { (fault) } }
        }
    }
}

async fn account(State(site): State<Site>, visitor: Visitor) -> Response {
    account_page(&site, &visitor, &None)
}

fn account_page(site: &Site, visitor: &Visitor, fault: &Fault) -> Response {
    let (account, language) = (&visitor.account, visitor.language);
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let token = visitor.form_token(site);
    let body = html! {
        (frame::title(l("Tài khoản của tôi", "My account"), "", &html! {}))
        div .columns {
            section .card {
                h2 { (l("Thông tin", "About")) }
                dl .facts {
                    dt { (l("Họ và tên", "Name")) } dd { (account.person) }
                    dt { (l("Tên tài khoản", "Account")) } dd { (account.name) }
                    dt { (l("Quyền", "Role")) } dd { (role_name(account.role, language)) }
                }
                p { a href="/tokens" { (l("Khóa API của tôi", "My API tokens")) } }
                form method="post" action="/account/sign-out-everywhere" {
                    (part::form_token(&token))
                    button { (l("Đăng xuất khỏi mọi thiết bị", "Sign out everywhere")) }
                }
            }
            section .card {
                h2 { (l("Đổi mật khẩu", "Change the password")) }
                form method="post" action="/account/password" .fields {
                    (part::form_token(&token))
                    input type="hidden" name="username" value=(account.name) autocomplete="username";
                    (present_field(language, beside(fault, Field::Present)))
                    (password_fields(language, beside(fault, Field::New)))
                    button .main { (l("Đổi mật khẩu", "Change it")) }
                }
            }
            section .card {
                h2 { (l("Mã xác thực một lần", "One-time codes")) }
                @if account.totp.is_some() {
                    p { (l("Đang bật: mỗi lần đăng nhập cần thêm mã 6 số từ điện thoại.", "On: signing in needs a 6-digit code from your phone as well.")) }
                    form method="post" action="/account/codes" .fields {
                        (part::form_token(&token))
                        (present_field(language, beside(fault, Field::PresentForCodes)))
                        button .danger name="turn" value="off" { (l("Tắt", "Turn off")) }
                    }
                } @else {
                    p { (l("Đang tắt. Bật lên thì người biết mật khẩu cũng không vào được nếu không có điện thoại của bạn.", "Off. With it on, nobody who knows your password gets in without your phone.")) }
                    p { a .button href="/account/codes" { (l("Bật mã xác thực", "Turn on codes")) } }
                }
            }
        }
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, visitor.page(site, l("Tài khoản", "Account"), &body)).into_response()
}

#[derive(Deserialize)]
struct NewPassword {
    present: String,
    password: String,
    again: String,
}

async fn set_password(State(site): State<Site>, sent: Sent<NewPassword>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    if let Some(fault) = wrong_present(&site, &visitor, form.present).await {
        return Ok(account_page(&site, &visitor, &Some((Field::Present, fault))));
    }
    if let Some(fault) = fault_of(&form.password, &form.again, &visitor.account, visitor.language) {
        return Ok(account_page(&site, &visitor, &Some((Field::New, fault))));
    }
    let change = AccountChange::Password(hashed(form.password).await?);
    site.province.store.change_account(&visitor.account.name, change, visitor.real_act(&site)).await?;
    let words = visitor.pick("Đã đổi mật khẩu. Hãy đăng nhập lại.", "The password is changed. Sign in again.");
    Ok(go("/sign-in", &Notice::new(Tone::Done, words)))
}

/// What to say when the present password is not right, or cannot be tried now; tries are counted as at signing in.
async fn wrong_present(site: &Site, visitor: &Visitor, present: String) -> Option<String> {
    let key = format!("account {}", visitor.account.name);
    let now = site.province.clock.real();
    if let Some(wait) = site.throttle.wait(&[&key], now) {
        return Some(waiting(wait, visitor.language));
    }
    if password::is_right(present, visitor.account.password.clone()).await {
        return None;
    }
    site.throttle.failed(&[&key], now);
    Some(visitor.pick("Mật khẩu hiện tại không đúng.", "The present password is not right.").into())
}

async fn offer_codes(State(site): State<Site>, visitor: Visitor) -> Result<Response, Failure> {
    let mut secret = vec![0; SECRET_BYTES];
    site.random().fill_bytes(&mut secret);
    codes_page(&site, &visitor, &secret, &None)
}

fn codes_page(site: &Site, visitor: &Visitor, secret: &[u8], fault: &Fault) -> Result<Response, Failure> {
    let l = |vi: &'static str, en: &'static str| visitor.language.pick(vi, en);
    let url =
        codes(&visitor.account, secret.to_vec()).and_then(|codes| codes.to_url().ok()).ok_or(Failure::Internal)?;
    let square = QrCode::new(url.as_bytes()).map_err(|_| Failure::Internal)?;
    let square = square.render::<svg::Color<'_>>().min_dimensions(220, 220).quiet_zone(true).build();
    let square = square.split_once("?>").map_or(square.as_str(), |(_, svg)| svg).to_owned();
    let body = html! {
        (frame::title(l("Bật mã xác thực một lần", "Turn on one-time codes"), l("Dùng ứng dụng xác thực bất kỳ trên điện thoại (Google Authenticator, Microsoft Authenticator…).", "Use any authenticator on your phone."), &html! {}))
        div .columns {
            section .card {
                h2 { "1. " (l("Quét hình này", "Scan this")) }
                div .square { (PreEscaped(square)) }
                p .small .muted { (l("Hoặc nhập khóa:", "Or enter the key:")) }
                p .secret { (shared_secret(secret)) }
            }
            section .card {
                h2 { "2. " (l("Nhập mã hiện trên điện thoại", "Enter the code on your phone")) }
                form method="post" action="/account/codes" .fields {
                    (part::form_token(&visitor.form_token(site)))
                    input type="hidden" name="secret" value=(hex::encode(secret));
                    @let wrong = beside(fault, Field::Code);
                    label .field .wrong[wrong.is_some()] {
                        span { (l("Mã 6 số", "6-digit code")) }
                        input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required autofocus;
                        @if let Some(wrong) = wrong { span .fault role="alert" { (wrong) } }
                    }
                    (present_field(visitor.language, beside(fault, Field::PresentForCodes)))
                    button .main name="turn" value="on" { (l("Bật", "Turn on")) }
                }
            }
        }
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, visitor.page(site, l("Mã xác thực", "One-time codes"), &body)).into_response())
}

fn shared_secret(secret: &[u8]) -> Markup {
    let text = totp_rs::Secret::from(secret.to_vec()).to_base32();
    let groups: Vec<String> =
        text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    html! { (groups.join(" ")) }
}

#[derive(Deserialize)]
struct Codes {
    turn: String,
    present: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    code: String,
}

async fn set_codes(State(site): State<Site>, sent: Sent<Codes>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    let secret = match form.turn.as_str() {
        "on" => {
            let bytes = hex::decode(&form.secret).ok().filter(|bytes| bytes.len() == SECRET_BYTES);
            Some(bytes.ok_or(Failure::Stale)?)
        }
        _ => None,
    };
    if let Some(fault) = wrong_present(&site, &visitor, form.present).await {
        let fault = Some((Field::PresentForCodes, fault));
        return match &secret {
            Some(secret) => codes_page(&site, &visitor, secret, &fault),
            None => Ok(account_page(&site, &visitor, &fault)),
        };
    }
    if let Some(secret) = &secret {
        let seconds = u64::try_from(site.province.clock.real().timestamp()).unwrap_or_default();
        let code: String = form.code.chars().filter(char::is_ascii_digit).collect();
        if codes(&visitor.account, secret.clone()).and_then(|codes| codes.check(&code, seconds)).is_none() {
            let fault = visitor.pick(
                "Mã không đúng. Kiểm tra giờ của điện thoại rồi nhập mã mới.",
                "The code is not right. Check your phone's time and enter a new one.",
            );
            return codes_page(&site, &visitor, secret, &Some((Field::Code, fault.to_owned())));
        }
    }
    let words = match secret {
        Some(_) => visitor.pick("Đã bật mã xác thực. Hãy đăng nhập lại.", "Codes are on. Sign in again."),
        None => visitor.pick("Đã tắt mã xác thực. Hãy đăng nhập lại.", "Codes are off. Sign in again."),
    };
    site.province
        .store
        .change_account(&visitor.account.name, AccountChange::Totp(secret), visitor.real_act(&site))
        .await?;
    Ok(go("/sign-in", &Notice::new(Tone::Done, words)))
}

#[derive(Deserialize)]
struct Nothing {}

async fn sign_out_everywhere(State(site): State<Site>, sent: Sent<Nothing>) -> Result<Response, Failure> {
    let visitor = sent.visitor;
    site.province.store.end_web_sessions(&visitor.account.name, None, visitor.real_act(&site)).await?;
    let words = visitor.pick("Đã đăng xuất khỏi mọi thiết bị.", "You are signed out everywhere.");
    Ok(go("/sign-in", &Notice::new(Tone::Done, words)))
}
