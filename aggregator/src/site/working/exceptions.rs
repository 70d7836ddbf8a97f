//! Other cut-off days for single communes: which were granted, and granting one.

use super::choice;
use crate::{
    decision::{self, DayFault},
    report::closings::closing_of,
    site::{
        Failure, Site,
        gate::{Sent, Staff, Visitor, go},
    },
    store::{Exception, Role},
};
use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::NaiveDate;
use maud::{Markup, html};
use pages::{
    frame,
    part::{self, Notice, Tone},
};
use serde::Deserialize;
use shared::{observation::MAX_NOTE_CHARS, vietnamese};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/exceptions", get(exceptions).post(grant))
}

/// What was typed.
#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    commune: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    cutoff: String,
    #[serde(default)]
    reason: String,
}

/// What is wrong with it, by field.
#[derive(Debug, Default, PartialEq, Eq)]
struct Faults {
    commune: Option<String>,
    period: Option<String>,
    cutoff: Option<String>,
    reason: Option<String>,
}

async fn exceptions(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(typed): Query<Typed>,
) -> Result<Response, Failure> {
    visitor.must(Role::Steward)?;
    show(&site, &visitor, &typed, &Faults::default()).await
}

async fn show(site: &Site, visitor: &Visitor, typed: &Typed, faults: &Faults) -> Result<Response, Failure> {
    site.settle().await?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let rulebook = site.province.rulebook();
    let name = |slug: &str| rulebook.catalogue.commune(slug).map_or_else(|| slug.to_owned(), |one| one.name.clone());
    let mut granted = site.province.store.exceptions().await?;
    granted.sort_by(|a, b| {
        let order = |one: &Exception| vietnamese::sort_key(&name(&one.commune));
        b.period.by_recency(a.period).then_with(|| order(a).cmp(&order(b)))
    });
    let body = html! {
        (frame::title(l("Gia hạn", "Exceptions"), l("Ngày cuối khác được coi là đúng hạn, cho một xã và một kỳ. Xã thấy ngày mới ở lần đồng bộ tới.", "Another last day that counts as on time, for one commune and period. The commune sees it in its next sync."), &html! {}))
        div .columns.wide-first {
            section .card.flush {
                h2 { (l("Đã gia hạn", "Granted")) small { (granted.len()) } }
                @if granted.is_empty() {
                    (part::empty(l("Chưa gia hạn cho xã nào", "None was granted"), ""))
                } @else {
                    div .scroll.tall tabindex="0" { table {
                        thead { tr {
                            th scope="col" { (l("Kỳ", "Period")) } th scope="col" { (l("Xã, phường", "Commune")) }
                            th .num scope="col" { (l("Đến hết ngày", "Until the end of")) } th scope="col" { (l("Lý do", "Reason")) }
                        } }
                        tbody { @for one in &granted { tr {
                            td .fit { (one.period) }
                            td .fit { a href={ "/communes/" (one.commune) } { (name(&one.commune)) } }
                            td .num { (choice::day(one.cutoff, language)) }
                            td .words.lines { (one.reason) }
                        } } }
                    } }
                }
            }
            (form(site, visitor, typed, faults))
        }
    };
    let status = if *faults == Faults::default() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, visitor.page(site, l("Gia hạn", "Exceptions"), &body)).into_response())
}

fn form(site: &Site, visitor: &Visitor, typed: &Typed, faults: &Faults) -> Markup {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let fault = |fault: &Option<String>| html! { @if let Some(fault) = fault { span .fault role="alert" { (fault) } } };
    html! {
        section .card {
            h2 { (l("Gia hạn cho một xã", "Grant one")) }
            form method="post" action="/exceptions" .fields {
                (part::form_token(&visitor.form_token(site)))
                label .field.wrong[faults.commune.is_some()] {
                    span { (l("Xã, phường", "Commune")) }
                    input name="commune" value=(typed.commune) list="communes" required maxlength="100" autocomplete="off";
                    (fault(&faults.commune))
                }
                (choice::communes(site, "communes"))
                label .field.wrong[faults.period.is_some()] {
                    span { (l("Kỳ báo cáo", "Period")) }
                    input name="period" value=(typed.period) required maxlength="20" placeholder="2026-10" list="periods" autocomplete="off";
                    (fault(&faults.period))
                }
                datalist #periods { @for one in choice::begun(site) { option value=(one) {} } }
                label .field.wrong[faults.cutoff.is_some()] {
                    span { (l("Được nộp đến hết ngày", "Until the end of")) }
                    input type="date" name="cutoff" value=(typed.cutoff) required;
                    (fault(&faults.cutoff))
                }
                label .field.wrong[faults.reason.is_some()] {
                    span { (l("Lý do", "Reason")) }
                    textarea name="reason" required maxlength=(MAX_NOTE_CHARS) rows="3" { (typed.reason) }
                    (fault(&faults.reason))
                }
                button .main { (l("Gia hạn", "Grant")) }
            }
        }
    }
}

async fn grant(State(site): State<Site>, sent: Sent<Typed>) -> Result<Response, Failure> {
    let Sent { visitor, form: typed } = sent;
    visitor.must(Role::Steward)?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    site.settle().await?;
    let rulebook = site.province.rulebook();
    let year = rulebook.catalogue.province.plan_year;
    let mut faults = Faults::default();
    let commune = rulebook.catalogue.find_commune(&typed.commune);
    if let Err(error) = &commune {
        faults.commune = Some(choice::unfound(error, language));
    }
    let period = choice::period(&typed.period, language);
    let period = match period {
        Ok(Some(period)) if period.year() == year => Some(period),
        Ok(Some(_)) => {
            faults.period = Some(language.pick(
                format!("Kỳ nằm ngoài năm kế hoạch {year}."),
                format!("The period lies outside the plan year {year}."),
            ));
            None
        }
        Ok(None) | Err(_) => {
            faults.period = Some(l("Ghi kỳ như 2026-10, 2026-Q4.", "Write it like 2026-10 or 2026-Q4.").into());
            None
        }
    };
    let cutoff = typed.cutoff.trim().parse::<NaiveDate>().ok();
    match (&commune, period, cutoff) {
        (_, _, None) => faults.cutoff = Some(l("Chọn ngày.", "Choose a day.").into()),
        (Ok(commune), Some(period), Some(cutoff)) => {
            match decision::check_day(&rulebook.catalogue, commune, period, cutoff) {
                Ok(()) => {}
                Err(fault @ DayFault::NoPlan) => faults.commune = Some(fault.explain(language)),
                Err(fault) => faults.cutoff = Some(fault.explain(language)),
            }
        }
        _ => {}
    }
    let reason = decision::reason(&typed.reason);
    if reason.is_none() {
        faults.reason = Some(language.pick(
            format!("Viết lý do, 1 đến {MAX_NOTE_CHARS} ký tự."),
            format!("Write a reason of 1 to {MAX_NOTE_CHARS} characters."),
        ));
    }
    let (Ok(commune), Some(period), Some(cutoff), Some(reason)) = (commune, period, cutoff, reason) else {
        return show(&site, &visitor, &typed, &faults).await;
    };
    if faults != Faults::default() {
        return show(&site, &visitor, &typed, &faults).await;
    }
    let exception = Exception { commune: commune.slug.clone(), period, cutoff, reason };
    if !site.province.store.set_exception(exception, visitor.act(&site)).await? {
        let closing = closing_of(&*site.province.store, period, None).await?.map_or(1, |closing| closing.revision);
        faults.period = Some(language.pick(
            format!("Kỳ {period} đã chốt (lần {closing}); mở lại kỳ trước."),
            format!("{period} is closed (revision {closing}); open it again first."),
        ));
        return show(&site, &visitor, &typed, &faults).await;
    }
    let (name, day) = (&commune.name, choice::day(cutoff, language));
    let words = language.pick(
        format!("{name}: kỳ {period} được nộp đến hết ngày {day}."),
        format!("{name}: {period} is due by the end of {day}."),
    );
    Ok(go("/exceptions", &Notice::new(Tone::Done, words)))
}
