//! A commune's line explained: a row for each target, with who entered its figure and what a reviewer said of it.

use super::asked::Reader;
use crate::store::FigureVersion;
use maud::{Markup, html};
use pages::{
    listing::{self, Row},
    part,
};
use shared::{
    light::Light,
    listing::{Form, Listing, for_people},
    observation::Decision,
};
use std::collections::HashMap;

/// The table of a commune's targets; `path` is the commune's page.
pub(super) fn table(reader: &Reader<'_>, explained: &Listing, versions: &[FigureVersion], path: &str) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let language = reader.language;
    // Of each figure for the whole commune the newest version, by indicator and period.
    let mut newest: HashMap<(&str, String), &FigureVersion> = HashMap::new();
    for version in versions.iter().filter(|version| version.observation.key.unit.is_empty()) {
        let key = &version.observation.key;
        newest.insert((key.indicator.as_str(), key.period.to_string()), version);
    }
    // An indicator's page is for the province's staff; a figure's history is for the leader too.
    html! {
        div .scroll.tall tabindex="0" { table .tight.explained {
            caption .unseen { (explained.title) }
            thead { tr {
                th scope="col" { (l("Mục", "Item")) } th scope="col" { (l("Chỉ tiêu", "Indicator")) }
                th .num scope="col" { (l("Kết quả", "Value")) } th scope="col" { (l("Mục tiêu", "Target")) }
                th .num scope="col" { (l("Mức đạt", "Achieved")) } th .num scope="col" { (l("Điểm được / tối đa", "Earned / points")) }
                th scope="col" { (l("Trạng thái, đèn và lý do", "State, light and reason")) }
                th scope="col" { (l("Người nhập, thẩm định", "Entered, reviewed")) }
            } }
            tbody { @for row in Row::all(explained) {
                @let figure = newest.get(&(row.cell("indicator"), row.cell("reported_for").to_owned()));
                tr {
                    td .fit { (row.cell("plan_ref")) }
                    td .what { a href={ (path) "/" (row.cell("indicator")) } title=(row.cell("wording")) { (row.cell("indicator")) } " " (row.cell("name")) }
                    td .num {
                        @if row.cell("value").is_empty() { span .muted { "–" } } @else {
                            (for_people(Form::Value, row.cell("value"), language))
                            @if !row.cell("numerator").is_empty() { br; small .muted { (for_people(Form::Number, row.cell("numerator"), language)) "/" (for_people(Form::Number, row.cell("denominator"), language)) } }
                        }
                    }
                    td { (row.cell("printed")) @if row.cell("rule") != "proportional" && !row.cell("rule").is_empty() { br; small .muted { (row.cell("rule")) } } }
                    td .num { @if row.cell("achievement").is_empty() { span .muted { "–" } } @else { (part::share(row.cell("achievement"), language)) } }
                    td .num { @if row.cell("points").is_empty() { span .muted { "–" } } @else { (two(row.cell("earned"), language)) small .muted { " / " (two(row.cell("points"), language)) } } }
                    td .why {
                        (listing::cell(Form::State, row.cell("state"), language)) " " (listing::cell(Form::Light, row.cell("light"), language))
                        @if !row.cell("reason").is_empty() { br; small { (listing::unbroken(row.cell("reason"))) } }
                        @if !row.cell("evidence").is_empty() && row.cell("evidence") != "0" { br; small .muted { (row.cell("evidence")) " " (l("tệp minh chứng", "files of evidence")) } }
                    }
                    td .who { @if let Some(figure) = figure { (entered(reader, figure, row.cell("reported_for"))) } }
                }
            } }
        } }
    }
}

/// Points with at most two decimals, cut.
fn two(machine: &str, language: shared::language::Language) -> String {
    for_people(Form::Value, machine, language)
}

/// Who entered a figure and when; what the reviewer said of it.
fn entered(reader: &Reader<'_>, version: &FigureVersion, period: &str) -> Markup {
    let one = &version.observation;
    let day = |at| shared::calendar::local_day(at).format("%d/%m/%Y").to_string();
    html! {
        small {
            (one.entered_by) ", " (day(one.entered_at)) span .muted { " · " (reader.l("kỳ", "for")) " " (period) @if one.version > 1 { ", " (reader.l("bản", "version")) " " (one.version) } }
            @if let Some(ruling) = &version.ruling {
                br;
                @match ruling.decision {
                    Decision::Accepted => span .rise { (reader.l("chấp nhận", "accepted")) },
                    Decision::Returned => span .fall { (reader.l("trả lại", "returned")) },
                }
                ": " (ruling.reviewer)
                @if let Some(code) = ruling.code { ", " (code.label(reader.language)) }
                @if !ruling.reason.is_empty() { " – " (ruling.reason) }
            }
        }
    }
}

/// How many rows of a list have each light.
pub(super) fn lights(listing: &Listing) -> [(Light, usize); 4] {
    Light::ALL.map(|light| (light, Row::all(listing).filter(|row| row.cell("light") == light.as_str()).count()))
}
