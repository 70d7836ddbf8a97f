//! The communes' agents: which have joined and are heard of, their certificates; inviting one and shutting one out.

use crate::{
    decision,
    invitation::{Invitation, MOST_HOURS, USUAL_HOURS, invite, revoke, server_address},
    report::{
        certificate::{listed, newest},
        question::Subject,
    },
    site::{
        Failure, Site,
        gate::{Sent, Staff, Visitor, go},
        working::choice::{capital, time},
    },
    store::{CertificateRecord, Role},
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self, Look, Row},
    part::{self, Notice, Tone},
};
use proto::identity::Identity;
use serde::Deserialize;
use shared::{
    catalogue::Commune,
    language::Language,
    listing::{Form, Listing, for_people},
    observation::MAX_NOTE_CHARS,
    ranking::Scheme,
    vietnamese,
};
use std::collections::HashMap;

/// How long an invitation can be made good for, in hours.
const HOURS: [i64; 4] = [24, USUAL_HOURS, 168, MOST_HOURS];

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/enrolment", get(enrolment))
        .route("/enrolment/{commune}", get(one))
        .route("/enrolment/{commune}/invite", post(send_invitation))
        .route("/enrolment/{commune}/revoke", post(shut_out))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
}

/// How a commune is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joined {
    Never,
    Yes,
    Failing,
    Expired,
    Revoked,
}

impl Joined {
    const ALL: [Joined; 5] = [Joined::Never, Joined::Yes, Joined::Failing, Joined::Expired, Joined::Revoked];

    fn of(row: &Row<'_>, certificate: Option<&CertificateRecord>, now: DateTime<Utc>) -> Self {
        match certificate {
            None => Joined::Never,
            Some(certificate) if certificate.revoked_at.is_some() => Joined::Revoked,
            Some(certificate) if certificate.not_after < now => Joined::Expired,
            Some(_) if !row.cell("last_failure").is_empty() => Joined::Failing,
            Some(_) => Joined::Yes,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Joined::Never => "never",
            Joined::Yes => "joined",
            Joined::Failing => "failing",
            Joined::Expired => "expired",
            Joined::Revoked => "revoked",
        }
    }

    fn words(self, language: Language) -> &'static str {
        match self {
            Joined::Never => language.pick("chưa tham gia", "not joined"),
            Joined::Yes => language.pick("đã kết nối", "connected"),
            Joined::Failing => language.pick("đang lỗi", "failing"),
            Joined::Expired => language.pick("chứng thư hết hạn", "certificate expired"),
            Joined::Revoked => language.pick("đã thu hồi", "revoked"),
        }
    }

    fn mark(self, language: Language) -> Markup {
        let class = match self {
            Joined::Never => "",
            Joined::Yes => "met",
            Joined::Failing | Joined::Expired => "awaiting_review",
            Joined::Revoked => "returned",
        };
        html! { span class={ "state " (class) } { (self.words(language)) } }
    }
}

async fn communes(site: &Site, language: Language) -> Result<Listing, Failure> {
    let asked = site.ask(Subject::Communes, (None, Scheme::Own), language).await;
    asked.map_err(|error| Failure::of(error, language))
}

async fn enrolment(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    visitor.must(Role::Administrator)?;
    site.settle().await?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let listing = communes(&site, language).await?;
    let now = site.province.clock.real();
    let mut certificates = HashMap::new();
    for one in newest(site.province.store.certificates(None).await?) {
        if let Some(commune) = one.commune.clone() {
            certificates.insert(commune, one);
        }
    }
    let joined = |row: &Row<'_>| Joined::of(row, certificates.get(row.cell("slug")), now);
    let wanted = vietnamese::folded(asked.q.trim());
    let is_wanted = |row: &Row<'_>| {
        let text = vietnamese::folded(&format!("{} {} {}", row.cell("name"), row.cell("code"), row.cell("slug")));
        let fits = match asked.state.as_str() {
            "" => row.cell("targets") != "0" || certificates.contains_key(row.cell("slug")),
            "all" => true,
            word => joined(row).as_str() == word,
        };
        fits && text.contains(&wanted)
    };
    let count = |state: Joined| Row::all(&listing).filter(|row| joined(row) == state).count();
    let mut states = vec![
        (String::new(), l("Có kế hoạch hoặc đã tham gia", "With a plan, or joined").to_owned()),
        ("all".to_owned(), l("Mọi xã, phường", "All communes").to_owned()),
    ];
    states.extend(
        Joined::ALL.map(|one| (one.as_str().to_owned(), format!("{} ({})", capital(one.words(language)), count(one)))),
    );
    let found = Row::all(&listing).filter(is_wanted).count();
    let filters = html! {
        form .filters action="/enrolment" role="search" {
            label .field { span { (l("Tìm xã, phường", "Find a commune")) } input type="search" name="q" value=(asked.q) maxlength="100"; }
            (part::choice("state", l("Tình trạng", "State"), &states, &asked.state))
            noscript { button { (l("Lọc", "Filter")) } }
        }
    };
    let body = html! {
        (frame::title(l("Kết nối của các xã", "Enrolment"), l("Mỗi máy của xã vào bằng chứng thư riêng, do một mã mời dùng một lần mở ra.", "Each commune's computer comes with a certificate of its own, which a one-time invitation opens."), &filters))
        section .card.flush {
            @if found == 0 { (part::empty(l("Không có xã nào khớp", "No commune fits"), "")) } @else {
                div .scroll tabindex="0" { table {
                    thead { tr {
                        th scope="col" { (l("Xã, phường", "Commune")) } th scope="col" { (l("Tình trạng", "State")) }
                        th .num scope="col" { (l("Mục tiêu", "Targets")) } th scope="col" { (l("Đồng bộ gần nhất", "Last sync")) }
                        th scope="col" { (l("Lỗi gần nhất", "Last failure")) } th scope="col" { (l("Phiên bản", "Version")) }
                        th scope="col" { (l("Đối chiếu", "Digest")) } th scope="col" { (l("Chứng thư đến", "Certificate until")) } th scope="col" {}
                    } }
                    tbody { @for row in Row::all(&listing).filter(is_wanted) {
                        @let state = joined(&row);
                        @let href = format!("/enrolment/{}", row.cell("slug"));
                        tr {
                            td .fit { a href=(href) { (row.cell("name")) } small .muted { " " (row.cell("code")) } }
                            td .fit { (state.mark(language)) }
                            td .num { @if row.cell("targets") != "0" { (row.cell("targets")) } }
                            td .fit { (for_people(Form::Time, row.cell("last_success"), language)) }
                            td { (row.cell("last_failure")) }
                            td .fit { (row.cell("build")) }
                            td { (row.cell("digest_words")) }
                            td .fit { @if let Some(one) = certificates.get(row.cell("slug")) { (time(one.not_after, language)) } }
                            td .fit { a href=(href) { @if matches!(state, Joined::Never | Joined::Revoked | Joined::Expired) { (l("mời", "invite")) } @else { (l("xem", "look")) } } }
                        }
                    } }
                } }
            }
        }
    };
    Ok(visitor.page(&site, l("Kết nối của các xã", "Enrolment"), &body))
}

/// What is wrong with a revocation, and its reason as typed.
#[derive(Default)]
struct Typed {
    fault: Option<String>,
    reason: String,
}

fn named(site: &Site, slug: &str) -> Result<Commune, Failure> {
    let rulebook = site.province.rulebook();
    rulebook.catalogue.commune(slug).cloned().ok_or_else(|| Failure::NotFound(String::new()))
}

async fn one(State(site): State<Site>, Staff(visitor): Staff, Path(slug): Path<String>) -> Result<Response, Failure> {
    visitor.must(Role::Administrator)?;
    site.settle().await?;
    show(&site, &visitor, &named(&site, &slug)?, &Typed::default(), None).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    commune: &Commune,
    typed: &Typed,
    invitation: Option<&Invitation>,
) -> Result<Response, Failure> {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let listing = communes(site, language).await?;
    let now = site.province.clock.real();
    let mut certificates = site.province.store.certificates(None).await?;
    certificates.retain(|one| one.commune.as_deref() == Some(&*commune.slug));
    let row = Row::all(&listing).find(|row| row.cell("slug") == commune.slug);
    let state = row.as_ref().map(|row| Joined::of(row, certificates.last(), now));
    let token = visitor.form_token(site);
    let facts = [
        ("last_success", l("Đồng bộ gần nhất", "Last sync"), Form::Time),
        ("last_attempt", l("Thử gần nhất", "Last try"), Form::Time),
        ("last_failure", l("Lỗi gần nhất", "Last failure"), Form::Text),
        ("build", l("Phiên bản phần mềm", "Version of the program"), Form::Text),
        ("protocol", l("Giao thức", "Protocol"), Form::Number),
        ("changes", l("Thay đổi đã nhận", "Changes held"), Form::Number),
        ("digest_words", l("Đối chiếu số liệu", "Digests"), Form::Text),
        ("clock_skew_s", l("Lệch giờ (giây)", "Clock skew (s)"), Form::Number),
        ("evidence_pending_bytes", l("Minh chứng chờ (byte)", "Evidence awaited (bytes)"), Form::Number),
        ("copy_seen_at", l("Thấy bản sao", "Copy seen"), Form::Time),
    ];
    let body = html! {
        (frame::title(&commune.name, &format!("{} · {}", l("Kết nối", "Enrolment"), commune.code), &html! { a .button href="/enrolment" { (l("Mọi xã, phường", "All communes")) } }))
        @if let Some(invitation) = invitation { (told(invitation, &commune.name, language)) }
        div .columns {
            section .card {
                h2 { (l("Máy của xã", "The commune's computer")) @if let Some(state) = state { small { (state.mark(language)) } } }
                @if let Some(row) = &row {
                    dl .facts {
                        @for (name, words, form) in facts {
                            @if !row.cell(name).is_empty() { dt { (words) } dd { (for_people(form, row.cell(name), language)) } }
                        }
                    }
                }
            }
            section .card {
                h2 { (l("Mời tham gia", "Invite")) }
                p .small.muted { (l("Mã dùng một lần, chỉ hiện một lần. Mời lại khi xã đổi máy, mất máy hoặc đã bị thu hồi.", "The token is for one use and shown once. Invite again when the commune has another computer, lost it, or was shut out.")) }
                form method="post" action={ "/enrolment/" (commune.slug) "/invite" } .filters {
                    (part::form_token(&token))
                    label .choice { span { (l("Có hiệu lực", "Good for")) } select name="hours" {
                        @for hours in HOURS { option value=(hours) selected[hours == USUAL_HOURS] { (language.pick(format!("{} ngày", hours / 24), format!("{} days", hours / 24))) } }
                    } }
                    button .main { (l("Tạo mã mời", "Make an invitation")) }
                }
            }
        }
        @if !certificates.is_empty() {
            section .card.flush {
                h2 { (l("Chứng thư", "Certificates")) small { (certificates.len()) } }
                (listing::table(&listed(&certificates, language), &Look { without: &["identity"], ..Look::default() }, language))
            }
            section .card {
                details open[typed.fault.is_some()] {
                    summary { (l("Thu hồi, không cho máy của xã vào nữa", "Revoke: the commune's computer is not let in any more")) }
                    form method="post" action={ "/enrolment/" (commune.slug) "/revoke" } .fields {
                        (part::form_token(&token))
                        p .small.muted { (l("Có hiệu lực ngay, kể cả mã mời chưa dùng. Số liệu đã nhận vẫn giữ. Muốn cho vào lại thì mời lại.", "In force at once, unused invitations too. What was received stays. To let it in again, invite it again.")) }
                        label .field.wrong[typed.fault.is_some()] {
                            span { (l("Lý do", "Reason")) }
                            textarea name="reason" rows="2" maxlength=(MAX_NOTE_CHARS) required { (typed.reason) }
                            @if let Some(fault) = &typed.fault { span .fault role="alert" { (fault) } }
                        }
                        div { button .danger data-confirm=(l("Thu hồi chứng thư của xã này?", "Revoke this commune's certificates?")) { (l("Thu hồi", "Revoke")) } }
                    }
                }
            }
        }
    };
    let status = if typed.fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, visitor.page(site, &commune.name, &body)).into_response())
}

/// The invitation, shown once.
fn told(invitation: &Invitation, name: &str, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        section .card.told {
            h2 { (language.pick(format!("Mã mời của {name}"), format!("Invitation for {name}"))) }
            (part::notice(&Notice::new(Tone::Warning, l("Chép ngay: mã này không hiện lại. Gửi cho xã bằng đường tin cậy.", "Copy it now: it is not shown again. Send it by a way you trust."))))
            dl .facts {
                dt { (l("Mã", "Token")) } dd .secret { (invitation.token) }
                dt { (l("Dấu vân tay", "Fingerprint")) } dd .secret { (invitation.authority) }
                dt { (l("Máy chủ", "Server")) } dd .secret { (invitation.server) }
                dt { (l("Có hiệu lực đến", "Good until")) } dd { (time(invitation.expires_at, language)) (l(", dùng một lần", ", for one use")) }
            }
            p { (l("Chạy trên máy của xã:", "Run on the commune's computer:")) }
            pre .secret { (invitation.join) }
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    hours: String,
}

async fn send_invitation(
    State(site): State<Site>,
    Path(slug): Path<String>,
    sent: Sent<Wanted>,
) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    visitor.must(Role::Administrator)?;
    let commune = named(&site, &slug)?;
    let hours = form.hours.parse().ok().filter(|hours| (1..=MOST_HOURS).contains(hours)).unwrap_or(USUAL_HOURS);
    let server = server_address(&site.folder, &site.config);
    let (store, wanted) = (&*site.province.store, (&*commune.slug, hours));
    let made = invite(store, &site.folder, wanted, server, visitor.real_act(&site)).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "an invitation could not be made");
        Failure::Internal
    })?;
    let page = show(&site, &visitor, &commune, &Typed::default(), Some(&made)).await?;
    Ok(([(CACHE_CONTROL, "no-store")], page).into_response())
}

#[derive(Deserialize)]
struct Revocation {
    #[serde(default)]
    reason: String,
}

async fn shut_out(
    State(site): State<Site>,
    Path(slug): Path<String>,
    sent: Sent<Revocation>,
) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    visitor.must(Role::Administrator)?;
    let language = visitor.language;
    let commune = named(&site, &slug)?;
    let Some(reason) = decision::reason(&form.reason) else {
        let fault = language.pick(
            format!("Viết lý do, 1 đến {MAX_NOTE_CHARS} ký tự."),
            format!("Write a reason of 1 to {MAX_NOTE_CHARS} characters."),
        );
        return show(&site, &visitor, &commune, &Typed { fault: Some(fault), reason: form.reason }, None).await;
    };
    let identity = Identity::commune(&site.province.id, &commune.slug).map_err(|error| {
        tracing::error!(%error, "a commune cannot be named in a certificate");
        Failure::Internal
    })?;
    let revoked = revoke(&*site.province.store, &identity, &reason, visitor.real_act(&site)).await?;
    let notice = match revoked {
        None => Notice::new(
            Tone::Warning,
            language.pick("Xã này không có chứng thư nào.", "This commune has no certificate."),
        ),
        Some(revoked) => Notice::new(
            Tone::Done,
            language.pick(
                format!("Đã thu hồi {revoked} chứng thư của {} và các mã mời chưa dùng.", commune.name),
                format!("Revoked {revoked} certificates of {}, and its unused invitations.", commune.name),
            ),
        ),
    };
    // It is done, whether it can be shown yet or not.
    let _ = site.settle().await;
    Ok(go(&format!("/enrolment/{}", commune.slug), &notice))
}
