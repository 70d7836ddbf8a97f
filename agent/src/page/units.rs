//! An indicator by the commune's units: a line for each ấp or office, with the roll-up and its difference to the commune's own value.

use super::{
    fault::{Fault, sentence},
    month, piece, row,
    sheet::Sheet,
    tasks,
    visit::{Clerk, Drawn, Room},
};
use crate::{draft::Draft, store::figures::Figure};
use axum::{extract::Query, http::Uri, response::Response};
use pages::{
    frame, listing,
    maud::{Markup, html},
    part,
};
use serde::Deserialize;
use shared::{
    catalogue::Kind,
    language::Language,
    observation::ObservationKey,
    period::Period,
    units::{ByUnit, by_unit, list},
};

/// Most units in one page.
const MAX_UNITS: usize = 200;

/// Which indicator.
#[derive(Debug, Clone, Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    code: String,
    #[serde(default)]
    period: String,
}

/// A unit with what it reported.
struct Unit {
    key: ObservationKey,
    name: String,
    figure: Option<Figure>,
    before: Option<Figure>,
    draft: Option<Draft>,
}

/// `/units`
pub async fn page(clerk: Clerk, Query(asked): Query<Asked>, uri: Uri) -> Result<Response, Fault> {
    let here = uri.path_and_query().map_or("/units", |path| path.as_str()).to_owned();
    clerk.draw(&here, move |room| draw(room, &asked)).await
}

fn draw(room: &mut Room<'_>, asked: &Asked) -> Result<Drawn, Fault> {
    let language = room.language();
    let period: Option<Period> = asked.period.parse().ok();
    let sheet = Sheet::read(room.view(), room.now, period, language)?;
    let line = sheet.line(&asked.code).ok_or(Fault::NotFound)?;
    let units = units(room, &sheet, &asked.code)?;
    let token = room.clerk.form_token();
    let title = room.pick(
        format!("{} theo đơn vị, {}", asked.code, piece::period(sheet.month.period, language)),
        format!("{} by units, {}", asked.code, piece::period(sheet.month.period, language)),
    );
    let l = |vi, en| language.pick(vi, en);
    let back = format!("/?period={}&show=all#{}", sheet.month.period, piece::anchor(&asked.code, ""));
    let body = html! {
        (frame::title(&title, language.pick(&line.indicator.name, &line.indicator.name_en), &html! {
            a .button href=(back) { (l("Về báo cáo tháng", "Back to the month")) }
            a .button href={ "/excel?period=" (sheet.month.period) } { "Excel" }
        }))
        div hidden {
            form #(row::FORM) autocomplete="off" method="post" action={ "/?period=" (sheet.month.period) } { (part::form_token(&token)) }
            @for unit in &units { (row::files_form_of(&unit.key, &token)) }
        }
        @if units.is_empty() {
            div .card { (part::empty(l("Kế hoạch không nêu ấp hay đơn vị nào", "The plan names no unit"), "")) }
        } @else {
            div .card.flush {
                table .sheet data-enter-next {
                    thead { tr {
                        th scope="col" { (l("Đơn vị", "Unit")) }
                        th scope="col" .num { (l("Kỳ trước", "Before")) }
                        th scope="col" { (l("Số liệu kỳ này", "This month's figure")) }
                        th scope="col" { (l("Kết quả, tình trạng", "Result, state")) }
                        th scope="col" { (l("Ghi chú, minh chứng", "Note, evidence")) }
                    } }
                    @for unit in &units { tbody { (row_of(room, &sheet, unit, line.kind, &token)?) } }
                }
            }
            div #units-total .card { (total(&sheet, &asked.code, language)) }
        }
        (month::send_bar(&sheet, language))
    };
    Ok(Drawn::new(title, body))
}

fn found(sheet: &Sheet, code: &str) -> Option<ByUnit> {
    let ledger = &sheet.month.ledger;
    let number = ledger.book.indicator_number(code)?;
    Some(by_unit(&ledger.book, &ledger.catalogue, ledger.commune?, number, sheet.month.period))
}

/// The units that report or should, else all that the plan names.
fn units(room: &Room<'_>, sheet: &Sheet, code: &str) -> Result<Vec<Unit>, Fault> {
    let catalogue = &sheet.month.catalogue;
    let mut named: Vec<(String, String)> = found(sheet, code)
        .map(|found| found.figures.into_iter().map(|one| (one.code, one.name)).collect())
        .unwrap_or_default();
    let several = catalogue.units.iter().any(|unit| unit.members > 0);
    for unit in catalogue.units.iter().filter(|unit| !several || unit.members > 0) {
        let codes = unit.codes().skip(usize::from(unit.members > 0));
        for own in codes {
            if named.iter().all(|(known, _)| *known != own) {
                named.push((own.clone(), unit.name_of(&own)));
            }
        }
    }
    named.sort();
    named.truncate(MAX_UNITS);
    let figures = room.view().newest_of_all()?;
    let period = sheet.month.period;
    let latest = |unit: &str, fits: &dyn Fn(Period) -> bool| {
        let of_unit = figures.iter().map(|figure| (&figure.observation.key, figure));
        let of_unit = of_unit.filter(|(key, _)| key.indicator == code && key.unit == unit && fits(key.period));
        of_unit.max_by(|(a, _), (b, _)| a.period.by_recency(b.period)).map(|(_, figure)| figure.clone())
    };
    let unit = |(unit, name): (String, String)| {
        let figure = latest(&unit, &|of| of.ends_with(period));
        let before = latest(&unit, &|of| of.year() == period.year() && of.ends_by(period) && !of.ends_with(period));
        let draft = sheet.drafts.iter().find(|draft| draft.key.indicator == code && draft.key.unit == unit).cloned();
        let own = draft.as_ref().map(|draft| draft.key.period);
        let own = own.or(figure.as_ref().map(|figure| figure.observation.key.period)).unwrap_or(period);
        Unit { key: ObservationKey { indicator: code.to_owned(), unit, period: own }, name, figure, before, draft }
    };
    Ok(named.into_iter().map(unit).collect())
}

fn row_of(room: &Room<'_>, sheet: &Sheet, unit: &Unit, kind: Kind, token: &str) -> Result<Markup, Fault> {
    let language = room.language();
    let anchor = piece::anchor(&unit.key.indicator, &unit.key.unit);
    let fields = row::fields(unit.draft.as_ref(), unit.figure.as_ref());
    let before = unit.before.as_ref().map(|figure| row::fields(None, Some(figure)));
    Ok(html! {
        tr #(anchor) data-drop data-keeps hx-post="/draft" hx-trigger="input delay:500ms, change delay:50ms" hx-include="this" hx-vals=(row::values(token))
            hx-target={ "#outcome-" (anchor) } hx-sync="this:queue last" {
            td { span .code { (unit.key.unit) } " " (unit.name) }
            td .num {
                @if let Some(figure) = &unit.before {
                    (crate::words::value(figure.observation.value, language))
                    div .small.muted { (piece::period(figure.observation.key.period, language)) }
                } @else { span .muted { "–" } }
            }
            td .entry {
                (row::drawn(&unit.key, &fields))
                (row::inputs(&unit.key, kind, &fields, before.as_ref(), &unit.name, language))
            }
            td { div .outcome #{ "outcome-" (anchor) } aria-live="polite" { (outcome_of(sheet, unit, language)) } }
            td {
                (row::note(&unit.key, &fields, &unit.name, language))
                div .evidence #{ "evidence-" (anchor) } { (tasks::evidence(room, &unit.key, token)?) }
                (row::attach_button(&unit.key, language))
            }
        }
    })
}

fn outcome_of(sheet: &Sheet, unit: &Unit, language: Language) -> Markup {
    let of_unit = found(sheet, &unit.key.indicator)
        .and_then(|found| found.figures.into_iter().find(|figure| figure.code == unit.key.unit));
    let is_asked = of_unit.is_some();
    let of_unit = of_unit
        .filter(|figure| figure.series.as_ref().is_some_and(|series| series.period.ends_with(sheet.month.period)));
    let measured = sheet.line(&unit.key.indicator).map_or("", |line| line.indicator.unit.as_str());
    let fault = sheet.fault(&unit.key);
    html! {
        @if let Some(fault) = fault { p .told.fault { (sentence(&fault.explain(language))) } }
        @if let Some(found) = &of_unit {
            div .result {
                span .value { (found.measure.map_or_else(|| "–".into(), |measure| row::measure(measure, measured, language))) }
                @if let Some(achieved) = found.achieved { (part::share(&shared::fraction::decimals(achieved.into(), 6), language)) }
            }
        }
        p .small {
            @if unit.draft.is_some() { span .state.draft { (language.pick("bản nháp", "draft")) } " " }
            @match &unit.figure {
                Some(figure) => (row::reported(figure, sheet.confirmed, language)),
                None if unit.draft.is_none() && is_asked => span .state.missing { (language.pick("chưa báo cáo", "not reported")) },
                // The plan names it, but not for this indicator.
                None if unit.draft.is_none() => span .state { (language.pick("không bắt buộc", "not asked")) },
                None => {},
            }
        }
    }
}

fn total(sheet: &Sheet, code: &str, language: Language) -> Markup {
    html! {
        h2 { (language.pick("Cộng các đơn vị và đối chiếu", "The units together, compared")) }
        @if let Some(found) = found(sheet, code) { (listing::notes(&list::by_unit(&found, language))) }
    }
}

/// What a unit's figure comes to, with the total in its place.
pub fn outcome(room: &Room<'_>, sheet: &Sheet, key: &ObservationKey) -> Result<Option<Markup>, Fault> {
    let language = room.language();
    let unit = units(room, sheet, &key.indicator)?.into_iter().find(|unit| unit.key.unit == key.unit);
    Ok(unit.map(|unit| {
        html! {
            (outcome_of(sheet, &unit, language))
            div hx-swap-oob="innerHTML:#units-total" { (total(sheet, &key.indicator, language)) }
        }
    }))
}
