//! Figures that should be looked at again, with the notes that communes gave.

use super::{
    figures::Figures,
    question::{AskError, Question},
};
use shared::{
    listing::{Column, Form, Listing},
    observation::ObservationKey,
    period::Period,
    plausibility::{self, Doubted, Sight},
    task::Reported,
};

/// What should be looked at again in the figures of a period, of all communes or of one.
///
/// # Errors
/// No such commune; a period outside the plan year.
pub(super) fn checks(figures: &Figures, question: &Question, commune: Option<&str>) -> Result<Listing, AskError> {
    let (language, book) = (question.language, figures.standings.book());
    let period = figures.period(question.period)?;
    let only = commune.map(|typed| figures.catalogue.find_commune(typed)).transpose()?;
    let mut lines = Vec::new();
    let (mut asked, mut explained) = (0, 0);
    for (number, member) in (0u32..).zip(book.members()) {
        if only.is_some_and(|only| only.slug != member.row.slug) {
            continue;
        }
        let sight = Sight::new(book, &figures.catalogue, number, figures.today);
        let found = plausibility::doubts(sight, period).into_iter().chain(plausibility::ahead(sight, period));
        for Doubted { code, unit, period, version, doubt } in found {
            let note = note(figures, &member.row.slug, &code, &unit, period, version);
            asked += usize::from(doubt.asks_for_a_note());
            explained += usize::from(doubt.asks_for_a_note() && !note.is_empty());
            let name = name_of(figures, &member.row.slug, &code);
            let cells = vec![
                member.row.slug.clone(),
                member.row.name.clone(),
                code,
                name,
                unit,
                period.to_string(),
                if version == 0 { String::new() } else { version.to_string() },
                doubt.as_str().to_owned(),
                doubt.explain(language),
                note,
            ];
            lines.push((member.name_order, cells));
        }
    }
    lines.sort_by_key(|(order, _)| *order);
    let (count, l) = (lines.len(), |vi, en| language.pick(vi, en));
    Ok(Listing {
        title: format!("{} {period}", l("Số liệu cần xem lại, kỳ", "Figures to look at again,")),
        notes: vec![language.pick(
            format!("{count} điểm; {asked} điểm cần lời giải thích, {explained} đã có giải thích của xã. Không số liệu nào bị từ chối vì các điểm này."),
            format!("{count} points; {asked} ask for a note, {explained} of them are explained by the commune. Nothing is refused for them."),
        )],
        columns: vec![
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("indicator_name", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("unit", l("Đơn vị", "Unit"), Form::Text),
            Column::new("period", "", Form::Text),
            Column::new("version", l("Bản", "Version"), Form::Number),
            Column::new("check", "", Form::Text),
            Column::new("reason", l("Cần xem lại vì", "Because"), Form::Words),
            Column::new("note", l("Giải thích của xã", "The commune's note"), Form::Text),
        ],
        rows: lines.into_iter().map(|(_, cells)| cells).collect(),
    })
}

/// Name of an indicator, or title of a task of a commune; empty where there is none.
fn name_of(figures: &Figures, commune: &str, code: &str) -> String {
    if let Some(indicator) = figures.catalogue.indicator(code) {
        return indicator.name.clone();
    }
    let task = Reported::of(code).task();
    let mut tasks = figures.catalogue.tasks.iter().filter(|one| one.commune == commune);
    tasks.find(|one| Some(one.code.as_str()) == task).map(|task| task.title.clone()).unwrap_or_default()
}

/// The note of one version of a figure, empty where there is none.
pub(super) fn note(
    figures: &Figures,
    commune: &str,
    indicator: &str,
    unit: &str,
    period: Period,
    version: u32,
) -> String {
    let key = ObservationKey { indicator: indicator.to_owned(), unit: unit.to_owned(), period };
    figures.notes.get(&(commune.to_owned(), key, version)).cloned().unwrap_or_default()
}
