//! One commune's line explained: each target with its value, what counts, and the oddities of its source.

use super::{
    answer::{scheme_name, with_headings},
    figures::Figures,
    question::{AskError, Question},
};
use shared::{
    achievement::Measure,
    language::Language,
    listing::{Column, Form, Listing, number_for_people},
    period::Period,
    ranking::{RankingRow, explain, explain::ExplainRow},
    tables::write,
    vietnamese,
};

/// One commune's line explained, target by target.
///
/// # Errors
/// No such commune, or none with targets; a period outside the plan year.
pub(super) fn explanation(figures: &Figures, question: &Question, typed: &str) -> Result<Listing, AskError> {
    let (language, scheme) = (question.language, question.scheme);
    let period = figures.period(question.period)?;
    let commune = figures.catalogue.find_commune(typed)?;
    let book = figures.standings.book();
    let number = book.commune_number(&commune.slug).ok_or_else(|| AskError::NoTargets(commune.name.clone()))?;
    let board = figures.standings.board(scheme, period);
    let rows = explain::explain(book, &board, number, figures.today);
    let l = |vi, en| language.pick(vi, en);
    let mut report = with_headings(
        write::explain(book, period, &rows),
        &[
            ("plan_ref", l("Mục", "Item"), Form::Text),
            ("indicator", l("Mã", "Code"), Form::Text),
            ("value", l("Kết quả", "Value"), Form::Value),
            ("achievement", l("Mức đạt", "Achieved"), Form::Share),
            ("state", l("Trạng thái", "State"), Form::State),
            ("points", l("Điểm tối đa", "Points"), Form::Number),
            ("earned", l("Điểm được", "Earned"), Form::Number),
            ("light", l("Đèn", "Light"), Form::Light),
        ],
    );
    report.columns.insert(3, Column::new("name", l("Chỉ tiêu", "Indicator"), Form::Text));
    report.columns.insert(4, Column::new("printed", l("Mục tiêu", "Target"), Form::Text));
    report.columns.extend([
        Column::new("reported_for", l("Kỳ số liệu", "Figure of"), Form::Text),
        Column::new("numerator", "", Form::Number),
        Column::new("denominator", "", Form::Number),
        Column::new("evidence", l("Minh chứng", "Evidence"), Form::Number),
        Column::new("verdict", "", Form::Text),
        Column::new("rule", "", Form::Text),
        Column::new("wording", "", Form::Text),
        Column::new("lead_unit", "", Form::Text),
        Column::new("deadline", "", Form::Text),
        Column::new("note", "", Form::Text),
        Column::new("cause", "", Form::Text),
        Column::new("reason", "", Form::Words),
    ]);
    for (cells, row) in report.rows.iter_mut().zip(&rows) {
        let facts = TargetFacts::of(figures, row, &commune.slug);
        cells.insert(3, book.indicators()[row.indicator as usize].name.clone());
        cells.insert(4, facts.printed.clone());
        cells.extend(effective_cells(row));
        cells.extend([book.indicators()[row.indicator as usize].rule.to_text(), facts.wording, facts.lead_unit]);
        cells.extend([facts.deadline, facts.note]);
        cells.push(row.cause.map_or("", |cause| cause.as_str()).to_owned());
        cells.push(row.cause.map(|cause| cause.explain(language)).unwrap_or_default());
    }
    let row = figures.standings.row(scheme, period, number);
    report.title = format!("{}, {} {period}, {}", commune.name, l("kỳ", "period"), scheme_name(scheme, language));
    report.notes.push(summary(&row, board.ranked(), language));
    report.notes.extend(remarks(figures, &rows, &commune.slug, period, language));
    Ok(report)
}

/// What a plan says of a target beside its numbers.
pub(super) struct TargetFacts {
    pub(super) printed: String,
    pub(super) wording: String,
    pub(super) lead_unit: String,
    pub(super) deadline: String,
    note: String,
}

impl TargetFacts {
    pub(super) fn of(figures: &Figures, row: &ExplainRow, commune: &str) -> Self {
        let target = row.own.and_then(|own| figures.target(commune, own));
        match target {
            Some(target) => Self {
                printed: target.printed.to_string(),
                wording: target.wording.to_string(),
                lead_unit: target.lead_unit.to_string(),
                deadline: target.deadline_text.to_string(),
                note: target.note.to_string(),
            },
            None => {
                let operator = row.goal.operator().as_str();
                let printed =
                    row.goal.value().map_or_else(|| operator.to_owned(), |value| format!("{operator} {value}"));
                let nothing = String::new;
                Self { printed, wording: nothing(), lead_unit: nothing(), deadline: nothing(), note: nothing() }
            }
        }
    }
}

/// Of the effective observation: its period, numerator, denominator, number of evidence files, verdict.
pub(super) fn effective_cells(row: &ExplainRow) -> [String; 5] {
    let Some(effective) = &row.effective else { return Default::default() };
    let part = |micros: i128| vietnamese::trimmed(&shared::fraction::decimals(micros, 6)).to_owned();
    let (numerator, denominator) = effective.parts.map(|(n, d)| (part(n), part(d))).unwrap_or_default();
    let verdict = effective.verdict.map_or("", |verdict| verdict.as_str()).to_owned();
    [effective.period.to_string(), numerator, denominator, effective.evidence.to_string(), verdict]
}

fn summary(row: &RankingRow, ranked: usize, language: Language) -> String {
    let rank = row.rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string());
    let (score, met, scored, provisional) =
        (number_for_people(&row.score_text(), language), row.met, row.scored, row.provisional);
    match language {
        Language::Vi => format!(
            "Hạng {rank}/{ranked}, {score} điểm = 100 · tổng điểm được / tổng điểm tối đa; đạt {met}/{scored} mục tiêu, {provisional} tạm tính."
        ),
        Language::En => format!(
            "Rank {rank} of {ranked}, score {score} = 100 · Σ earned / Σ points; {met} of {scored} targets met, {provisional} provisional."
        ),
    }
}

/// Oddities of the sources and doubts about figures, one line each.
fn remarks(figures: &Figures, rows: &[ExplainRow], commune: &str, period: Period, language: Language) -> Vec<String> {
    let mut notes = Vec::new();
    for row in rows {
        let facts = TargetFacts::of(figures, row, commune);
        let code = &figures.standings.book().indicators()[row.indicator as usize].code;
        if row.stale {
            notes.push(format!(
                "{code}: {}",
                language.pick("số liệu đã cũ so với chu kỳ báo cáo", "older than the reporting cycle allows")
            ));
        }
        let units = figures.standings.book().rolled_up(row.commune, row.indicator, period);
        let differing =
            units.filter(|units| row.effective.as_ref().is_some_and(|e| !e.rolled_up && e.measure != units.measure));
        if let Some(Measure::Number(number)) = differing.map(|units| units.measure) {
            let sum = number_for_people(vietnamese::trimmed(&number.to_decimals(2)), language);
            notes.push(match language {
                Language::Vi => format!("{code}: số liệu toàn xã khác với cộng dồn từ các đơn vị ({sum})"),
                Language::En => {
                    format!("{code}: the value for the whole commune differs from the roll-up over its units ({sum})")
                }
            });
        }
        if row.effective.as_ref().is_some_and(|e| e.rolled_up) {
            notes.push(format!("{code}: {}", language.pick("cộng dồn từ các đơn vị", "rolled up from units")));
        }
        if !facts.note.is_empty() {
            let plan_ref = row.own.and_then(|own| figures.target(commune, own));
            let plan_ref = plan_ref.map_or("", |target| target.plan_ref.as_str());
            notes.push(format!("{plan_ref} {code}: {}", with_tags_in(language, &facts.note)));
        }
    }
    notes
}

/// The tags at the head of a catalogue's remark in the reader's language; the remark itself is the catalogue's own text.
fn with_tags_in(language: Language, note: &str) -> String {
    const TAGS: [(&str, &str); 12] = [
        ("[split]", "[một mục, hai mục tiêu]"),
        ("[scope]", "[phạm vi khác]"),
        ("[near]", "[ghép theo nghĩa]"),
        ("[no-value]", "[không nêu giá trị]"),
        ("[differs]", "[khác các kế hoạch khác]"),
        ("[contradiction]", "[mâu thuẫn]"),
        ("[name-has-target]", "[tên có sẵn mục tiêu]"),
        ("[group-header]", "[giá trị ở dòng tiêu đề]"),
        ("[layout]", "[lệch cột]"),
        ("[repeat]", "[nêu hai lần]"),
        ("[missing]", "[ô trống]"),
        ("[typo]", "[lỗi in]"),
    ];
    match language {
        Language::En => note.to_owned(),
        Language::Vi => TAGS.iter().fold(note.to_owned(), |note, (tag, words)| note.replace(tag, words)),
    }
}
