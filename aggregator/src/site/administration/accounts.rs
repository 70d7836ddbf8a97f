//! The accounts of people: all of them, and one with what can be done about it.

use super::account_form::{self, Typed};
use crate::{
    site::{
        Failure, Site,
        gate::{Sent, Staff, Visitor, go},
        hall::role_name,
        working::choice::time,
    },
    store::{Account, AccountChange, Role},
};
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use pages::{
    frame,
    part::{self, Notice, Tone},
    token,
};
use serde::Deserialize;
use shared::language::Language;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/accounts", get(accounts).post(account_form::add))
        .route("/accounts/{name}", get(one))
        .route("/accounts/{name}/link", post(make_link))
        .route("/accounts/{name}/role", post(set_role))
        .route("/accounts/{name}/state", post(set_state))
        .route("/accounts/{name}/codes", post(reset_codes))
        .route("/accounts/{name}/sessions", post(end_sessions))
}

async fn accounts(State(site): State<Site>, Staff(visitor): Staff) -> Result<Response, Failure> {
    visitor.must(Role::Administrator)?;
    listed(&site, &visitor, &Typed::default()).await
}

/// All accounts, beside the form for another one.
pub(super) async fn listed(site: &Site, visitor: &Visitor, typed: &Typed) -> Result<Response, Failure> {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let all = site.province.store.accounts().await?;
    let body = html! {
        (frame::title(l("Tài khoản", "Accounts"), l("Mỗi người một tài khoản. Người đó tự đặt mật khẩu bằng liên kết dùng một lần.", "One for each person, who chooses the password by a one-time link."), &html! {}))
        div .columns.wide-first {
            section .card.flush {
                h2 { (l("Mọi tài khoản", "All accounts")) small { (all.len()) } }
                div .scroll tabindex="0" { table {
                    thead { tr {
                        th scope="col" { (l("Tài khoản", "Account")) } th scope="col" { (l("Họ và tên", "Name")) } th scope="col" { (l("Quyền", "Role")) }
                        th scope="col" { (l("Tình trạng", "State")) } th scope="col" { (l("Mã xác thực", "Codes")) } th scope="col" { (l("Đăng nhập gần nhất", "Last sign-in")) }
                    } }
                    tbody { @for account in &all { tr {
                        td .fit { a href={ "/accounts/" (account.name) } { (account.name) } }
                        td .fit { (account.person) @if account.name == visitor.account.name { small .muted { " " (l("(bạn)", "(you)")) } } }
                        td { (role_words(site, account, language)) }
                        td .fit { (state(account, language)) }
                        td .fit { @if account.totp.is_some() { (l("bật", "on")) } @else { span .muted { (l("tắt", "off")) } } }
                        td .fit { @if let Some(at) = account.signed_in_at { (time(at, language)) } }
                    } } }
                } }
            }
            (account_form::form(site, visitor, typed))
        }
    };
    let status = if typed.is_faulty() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, visitor.page(site, l("Tài khoản", "Accounts"), &body)).into_response())
}

/// A role, or whose leader it is.
fn role_words(site: &Site, account: &Account, language: Language) -> String {
    match &account.commune {
        None => role_name(account.role, language).to_owned(),
        Some(slug) => {
            let rulebook = site.province.rulebook();
            let name = rulebook.catalogue.commune(slug).map_or_else(|| slug.clone(), |commune| commune.name.clone());
            language.pick(format!("Lãnh đạo {name}"), format!("Leader of {name}"))
        }
    }
}

fn state(account: &Account, language: Language) -> Markup {
    html! {
        @match (&account.disabled_at, &account.password) {
            (Some(_), _) => span .state.returned { (language.pick("đã khóa", "disabled")) },
            (None, None) => span .state.awaiting_review { (language.pick("chưa đặt mật khẩu", "no password yet")) },
            (None, Some(_)) => span .state.met { (language.pick("dùng được", "usable")) },
        }
    }
}

async fn found(site: &Site, name: &str) -> Result<Account, Failure> {
    site.province.store.account(name).await?.ok_or_else(|| Failure::NotFound(String::new()))
}

async fn one(State(site): State<Site>, Staff(visitor): Staff, Path(name): Path<String>) -> Result<Response, Failure> {
    visitor.must(Role::Administrator)?;
    let account = found(&site, &name).await?;
    Ok(show(&site, &visitor, &account, None))
}

fn show(site: &Site, visitor: &Visitor, account: &Account, fault: Option<&(Typed, String)>) -> Response {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let is_own = account.name == visitor.account.name;
    let action = |what: &str| format!("/accounts/{}/{what}", account.name);
    let token = visitor.form_token(site);
    let typed = fault.map_or_else(|| Typed::of(site, account), |(typed, _)| typed.clone());
    let body = html! {
        (frame::title(&account.person, &account.name, &html! { a .button href="/accounts" { (l("Mọi tài khoản", "All accounts")) } }))
        div .columns {
            section .card {
                h2 { (l("Tài khoản", "Account")) small { (state(account, language)) } }
                dl .facts {
                    dt { (l("Quyền", "Role")) } dd { (role_words(site, account, language)) }
                    dt { (l("Tạo lúc", "Made")) } dd { (time(account.created_at, language)) }
                    dt { (l("Đăng nhập gần nhất", "Last sign-in")) } dd { @match account.signed_in_at { Some(at) => (time(at, language)), None => span .muted { (l("chưa lần nào", "never")) } } }
                    dt { (l("Mã xác thực", "One-time codes")) } dd { @if account.totp.is_some() { (l("bật", "on")) } @else { (l("tắt", "off")) } }
                    @if let Some((_, until)) = account.link { dt { (l("Liên kết đến", "Link until")) } dd { (time(until, language)) } }
                }
                p .small { a href={ "/audit?q=" (account.name) } { (l("Người này đã làm gì", "What this person did")) } }
            }
            @if is_own {
                section .card { (part::notice(&Notice::new(Tone::Note, l("Đây là tài khoản của bạn: đổi mật khẩu, mã xác thực ở trang Tài khoản. Quyền và việc khóa do quản trị viên khác làm.", "This is your own account: password and codes are on the page Account. Role and disabling are another administrator's to change.")))) p { a .button href="/account" { (l("Tài khoản của tôi", "My account")) } } }
            } @else {
                section .card {
                    h2 { (l("Quyền", "Role")) }
                    form method="post" action=(action("role")) .fields {
                        (part::form_token(&token))
                        (account_form::role_fields(site, &typed, language))
                        @if let Some((_, fault)) = fault { p .fault role="alert" { (fault) } }
                        div { button { (l("Đổi quyền", "Set the role")) } }
                    }
                    p .small.muted { (l("Các phiên đang mở của người này kết thúc.", "The person's open sessions end.")) }
                }
                section .card {
                    h2 { (l("Vào lại, khóa", "Letting in, shutting out")) }
                    div .actions {
                        form method="post" action=(action("link")) { (part::form_token(&token)) button data-confirm=(l("Mật khẩu hiện tại của người này sẽ hết hiệu lực. Tạo liên kết?", "The present password ends. Make the link?")) { (l("Liên kết đặt lại mật khẩu", "Link for a new password")) } }
                        @if account.totp.is_some() { form method="post" action=(action("codes")) { (part::form_token(&token)) button data-confirm=(l("Tắt mã xác thực của người này?", "Turn this person's codes off?")) { (l("Tắt mã xác thực (mất điện thoại)", "Codes off (lost phone)")) } } }
                        form method="post" action=(action("sessions")) { (part::form_token(&token)) button { (l("Kết thúc mọi phiên", "End all sessions")) } }
                        form method="post" action=(action("state")) {
                            (part::form_token(&token))
                            @if account.disabled_at.is_some() { button .main name="state" value="enabled" { (l("Mở lại", "Enable")) } }
                            @else { button .danger name="state" value="disabled" data-confirm=(l("Khóa tài khoản này?", "Disable this account?")) { (l("Khóa", "Disable")) } }
                        }
                    }
                }
            }
        }
    };
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, visitor.page(site, &account.person, &body)).into_response()
}

/// Who acts, on whom: an administrator, on somebody else.
async fn other(site: &Site, visitor: &Visitor, name: &str) -> Result<Account, Failure> {
    visitor.must(Role::Administrator)?;
    let account = found(site, name).await?;
    if account.name == visitor.account.name {
        let words = visitor.pick(
            "Không làm việc này với tài khoản của chính mình; hãy nhờ quản trị viên khác.",
            "Not with your own account: ask another administrator.",
        );
        return Err(Failure::Bad(words.into()));
    }
    Ok(account)
}

/// Changes an account and says so; the only administrator keeps the rights.
async fn change(
    site: &Site,
    visitor: &Visitor,
    account: &Account,
    change: AccountChange,
    words: &str,
) -> Result<Response, Failure> {
    let done = site.province.store.change_account(&account.name, change, visitor.real_act(site)).await?;
    let notice = match done {
        true => Notice::new(Tone::Done, format!("{} ({}): {words}", account.person, account.name)),
        false => Notice::new(
            Tone::Fault,
            visitor.pick(
                "Đây là quản trị viên duy nhất còn đăng nhập được; hãy thêm một quản trị viên khác trước.",
                "This is the only administrator who can sign in: make another one first.",
            ),
        ),
    };
    Ok(go(&format!("/accounts/{}", account.name), &notice))
}

#[derive(Deserialize)]
struct Nothing {}

async fn make_link(
    State(site): State<Site>,
    Path(name): Path<String>,
    sent: Sent<Nothing>,
) -> Result<Response, Failure> {
    let visitor = sent.visitor;
    let account = other(&site, &visitor, &name).await?;
    let secret = token::new_token(&mut site.random());
    let until = site.province.clock.real() + crate::site::LINK_TIME;
    let link = AccountChange::Link(token::hash(&secret), until);
    site.province.store.change_account(&account.name, link, visitor.real_act(&site)).await?;
    Ok(told(&site, &visitor, &account, &secret))
}

/// The link, shown once.
pub(super) fn told(site: &Site, visitor: &Visitor, account: &Account, secret: &str) -> Response {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let base = crate::invitation::pages_address(&site.folder, &site.config);
    let until = site.province.clock.real() + crate::site::LINK_TIME;
    let body = html! {
        (frame::title(&account.person, &account.name, &html! { a .button href="/accounts" { (l("Mọi tài khoản", "All accounts")) } }))
        section .card.told {
            h2 { (l("Liên kết đặt mật khẩu", "Link to choose a password")) }
            (part::notice(&Notice::new(Tone::Warning, l("Chép ngay: liên kết này không hiện lại. Gửi cho đúng người, bằng đường tin cậy.", "Copy it now: it is not shown again. Send it to the right person, by a way you trust."))))
            pre .secret { (base) "/welcome/" (secret) }
            p .muted { (language.pick(format!("Dùng một lần, đến {}.", time(until, language)), format!("For one use, until {}.", time(until, language)))) }
        }
    };
    let page = visitor.page(site, &account.person, &body);
    ([(CACHE_CONTROL, "no-store")], page).into_response()
}

async fn set_role(State(site): State<Site>, Path(name): Path<String>, sent: Sent<Typed>) -> Result<Response, Failure> {
    let Sent { visitor, form: typed } = sent;
    let account = other(&site, &visitor, &name).await?;
    match typed.rights(&site, visitor.language) {
        Err(fault) => Ok(show(&site, &visitor, &account, Some(&(typed, fault)))),
        Ok((role, commune)) => {
            let words = visitor.pick("đã đổi quyền", "the role is set");
            change(&site, &visitor, &account, AccountChange::Role(role, commune), words).await
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    state: String,
}

async fn set_state(
    State(site): State<Site>,
    Path(name): Path<String>,
    sent: Sent<Wanted>,
) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    let account = other(&site, &visitor, &name).await?;
    let (disabled, words) = match form.state.as_str() {
        "disabled" => (true, visitor.pick("đã khóa", "disabled")),
        "enabled" => (false, visitor.pick("đã mở lại", "enabled")),
        _ => return Err(Failure::Bad(String::new())),
    };
    change(&site, &visitor, &account, AccountChange::Disabled(disabled), words).await
}

async fn reset_codes(
    State(site): State<Site>,
    Path(name): Path<String>,
    sent: Sent<Nothing>,
) -> Result<Response, Failure> {
    let visitor = sent.visitor;
    let account = other(&site, &visitor, &name).await?;
    let words = visitor.pick("đã tắt mã xác thực", "codes are off");
    change(&site, &visitor, &account, AccountChange::Totp(None), words).await
}

async fn end_sessions(
    State(site): State<Site>,
    Path(name): Path<String>,
    sent: Sent<Nothing>,
) -> Result<Response, Failure> {
    let visitor = sent.visitor;
    let account = other(&site, &visitor, &name).await?;
    let ended = site.province.store.end_web_sessions(&account.name, None, visitor.real_act(&site)).await?;
    let words = visitor.language.pick(
        format!("{} ({}): đã kết thúc {ended} phiên", account.person, account.name),
        format!("{} ({}): {ended} sessions ended", account.person, account.name),
    );
    Ok(go(&format!("/accounts/{}", account.name), &Notice::new(Tone::Done, words)))
}
