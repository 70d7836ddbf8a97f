//! Tokens by which programs ask the API: one's own, and for an administrator all of them.

use super::{
    Failure, Site,
    gate::{Sent, Visitor, go},
};
use crate::{
    api,
    store::{ApiToken, Role},
};
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header::CACHE_CONTROL},
    response::Response,
    routing::{get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};
use pages::{
    frame,
    part::{self, Notice, Tone},
    token,
};
use serde::Deserialize;
use shared::{
    calendar::rfc3339,
    language::Language,
    listing::{Form, for_people},
};

/// How long a token is good where nothing else is chosen, in days.
const USUAL_DAYS: u32 = 90;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/tokens", get(list).post(make)).route("/tokens/end", post(end))
}

/// What is shown above the list.
#[derive(Default)]
struct Shown {
    label: String,
    days: String,
    fault: Option<(&'static str, String)>,
    secret: Option<String>,
}

async fn list(State(site): State<Site>, visitor: Visitor) -> Result<Response, Failure> {
    page(&site, &visitor, Shown { days: USUAL_DAYS.to_string(), ..Shown::default() }).await
}

/// The tokens that a visitor may see.
async fn visible(site: &Site, visitor: &Visitor) -> Result<Vec<ApiToken>, Failure> {
    let mut tokens = site.province.store.api_tokens().await?;
    if !visitor.may(Role::Administrator) {
        tokens.retain(|token| token.account == visitor.account.name);
    }
    Ok(tokens)
}

async fn page(site: &Site, visitor: &Visitor, shown: Shown) -> Result<Response, Failure> {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let (tokens, now) = (visible(site, visitor).await?, site.province.clock.real());
    let form_token = visitor.form_token(site);
    let about = l(
        "Chương trình khác đọc số liệu bằng khóa, với đúng quyền của tài khoản. Khóa chỉ hiện một lần khi tạo.",
        "Other programs read figures with a token, with the account's own rights. It is shown once, when it is made.",
    );
    let actions = html! { a .button href="/api" { (l("Cách dùng API", "How to use the API")) } };
    let body = html! {
        (frame::title(l("Khóa API", "API tokens"), about, &actions))
        @if let Some(secret) = &shown.secret {
            section .card {
                h2 { (l("Khóa mới", "The new token")) }
                p { (l("Hãy chép lại ngay: khóa không hiện lại lần nữa.", "Copy it now: it is not shown again.")) }
                p .secret { (secret) }
            }
        }
        section .card {
            h2 { (l("Tạo khóa", "Make a token")) }
            (make_form(&shown, &form_token, language))
        }
        section .card.flush {
            h2 { (l("Các khóa", "Tokens")) }
            @if tokens.is_empty() {
                (part::empty(l("Chưa có khóa nào", "There is no token yet"), l("Tạo khóa ở trên khi một chương trình cần đọc số liệu.", "Make one above when a program has to read figures.")))
            } @else {
                (table(&tokens, visitor, &form_token, now))
            }
        }
    };
    let status = if shown.fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = visitor.page(site, l("Khóa API", "API tokens"), &body);
    *response.status_mut() = status;
    if shown.secret.is_some() {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

fn make_form(shown: &Shown, form_token: &str, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let fault = |name: &str| shown.fault.as_ref().filter(|(field, _)| *field == name).map(|(_, words)| words);
    html! {
        form method="post" action="/tokens" .filters {
            (part::form_token(form_token))
            label .field .wrong[fault("label").is_some()] {
                span { (l("Dùng cho", "For")) }
                input name="label" value=(shown.label) maxlength=(api::MAX_LABEL_CHARS) required placeholder=(l("ví dụ: bảng điều hành IOC", "like: IOC dashboard"));
                @if let Some(words) = fault("label") { span .fault role="alert" { (words) } }
            }
            label .field .wrong[fault("days").is_some()] {
                span { (l("Số ngày có hiệu lực", "Good for days")) }
                input .num type="number" name="days" value=(shown.days) min="1" max=(api::MAX_TOKEN_DAYS) required;
                @if let Some(words) = fault("days") { span .fault role="alert" { (words) } }
            }
            button .main { (l("Tạo khóa", "Make it")) }
        }
    }
}

fn table(tokens: &[ApiToken], visitor: &Visitor, form_token: &str, now: DateTime<Utc>) -> Markup {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let time = |at: DateTime<Utc>| for_people(Form::Time, &rfc3339(at), language);
    html! {
        div .scroll tabindex="0" { table {
            thead { tr {
                @if visitor.may(Role::Administrator) { th scope="col" { (l("Tài khoản", "Account")) } }
                th scope="col" { (l("Dùng cho", "For")) } th scope="col" { (l("Tạo lúc", "Made")) }
                th scope="col" { (l("Đến", "Until")) } th scope="col" { (l("Dùng gần nhất", "Last used")) }
                th scope="col" { span .unseen { (l("Việc", "Action")) } }
            } }
            tbody { @for token in tokens { tr {
                @if visitor.may(Role::Administrator) { td { (token.account) } }
                td { (token.label) }
                td .fit { (time(token.created_at)) }
                td .fit { (time(token.expires_at)) @if token.expires_at <= now { " · " (l("đã hết hạn", "expired")) } }
                td .fit { @match token.used_at { Some(at) => (time(at)), None => span .muted { (l("chưa dùng", "never")) } } }
                td .fit { form method="post" action="/tokens/end" {
                    (part::form_token(form_token))
                    input type="hidden" name="token" value=(hex::encode(token.token));
                    button .danger aria-label={ (l("Kết thúc khóa", "End the token")) " " (token.label) } { (l("Kết thúc", "End")) }
                } }
            } } }
        } }
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    label: String,
    #[serde(default)]
    days: String,
}

async fn make(State(site): State<Site>, sent: Sent<Wanted>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    let (label, days) = (api::label(&form.label), form.days.trim().parse::<u32>().ok());
    let days = days.filter(|days| (1..=api::MAX_TOKEN_DAYS).contains(days));
    let held = site.province.store.api_tokens().await?;
    let own = held.iter().filter(|token| token.account == visitor.account.name).count();
    let fault = match (&label, days) {
        (None, _) => Some((
            "label",
            visitor.pick("Ghi ngắn gọn khóa dùng cho việc gì.", "Say shortly what it is for.").to_owned(),
        )),
        (_, None) => Some((
            "days",
            visitor.pick(
                format!("Nhập số ngày từ 1 đến {}.", api::MAX_TOKEN_DAYS),
                format!("Enter 1 to {} days.", api::MAX_TOKEN_DAYS),
            ),
        )),
        _ if own >= api::MAX_TOKENS => Some((
            "label",
            visitor.pick(
                format!("Đã có {own} khóa; hãy kết thúc bớt.",),
                format!("You have {own} tokens; end some of them."),
            ),
        )),
        _ => None,
    };
    let (Some(label), Some(days), None) = (label, days, &fault) else {
        return page(&site, &visitor, Shown { label: form.label, days: form.days, fault, secret: None }).await;
    };
    let (now, secret) = (site.province.clock.real(), api::new_token(&mut site.random()));
    let token = ApiToken {
        token: token::hash(&secret),
        label,
        account: visitor.account.name.clone(),
        created_at: now,
        expires_at: now + TimeDelta::days(days.into()),
        used_at: None,
    };
    site.province.store.add_api_token(token, visitor.real_act(&site)).await?;
    page(&site, &visitor, Shown { days: USUAL_DAYS.to_string(), secret: Some(secret), ..Shown::default() }).await
}

#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    token: String,
}

async fn end(State(site): State<Site>, sent: Sent<Ended>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    let wanted = hex::decode(&form.token).unwrap_or_default();
    // Somebody else's token is not there for those who may not see it.
    let found = visible(&site, &visitor).await?.into_iter().find(|token| token.token == wanted[..]);
    if let Some(found) = found {
        site.province.store.remove_api_token(found.token, visitor.real_act(&site)).await?;
    }
    let words = visitor.pick("Đã kết thúc khóa.", "The token is ended.");
    Ok(go("/tokens", &Notice::new(Tone::Done, words)))
}
