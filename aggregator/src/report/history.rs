//! How a figure came about: every version with who entered it, when, from which computer, its evidence and its verdict.

use super::{
    figures::Figures,
    question::{AskError, DetailAsked, HistoryAsked, Question, Subject},
};
use crate::store::{HeldVerdict, HeldVersion, VersionsWanted};
use shared::{
    calendar::rfc3339,
    language::Language,
    listing::{Column, Form, Listing},
    tables::write::value_cells,
    task::Reported,
};

/// Digits of a computer's life that are shown.
const LIFE_DIGITS: usize = 8;

/// The versions that a question is about; none where it needs none.
///
/// # Errors
/// No such commune, indicator or task.
pub fn versions_wanted(figures: &Figures, question: &Question) -> Result<Option<VersionsWanted>, AskError> {
    let (commune, code, period) = match &question.subject {
        Subject::History(HistoryAsked { commune, indicator, .. }) => (commune, indicator, question.period),
        // The figure that counts may be of an earlier period.
        Subject::Detail(DetailAsked { commune, indicator, .. }) => (commune, indicator, None),
        _ => return Ok(None),
    };
    let commune = &figures.catalogue.find_commune(commune)?.slug;
    let typed = Reported::of(code.trim()).task().unwrap_or(code.trim());
    let task =
        figures.catalogue.tasks.iter().find(|task| task.commune == *commune && task.code.eq_ignore_ascii_case(typed));
    let codes = match task {
        Some(task) => vec![Reported::Progress(&task.code).code(), Reported::Disbursement(&task.code).code()],
        None => vec![figures.standings.book().indicators()[figures.indicator(code)? as usize].code.clone()],
    };
    Ok(Some(VersionsWanted { commune: commune.clone(), codes, period }))
}

/// A question with the versions that it is about.
#[must_use]
pub fn with_versions(mut question: Question, versions: Vec<HeldVersion>) -> Question {
    match &mut question.subject {
        Subject::History(HistoryAsked { known, .. }) | Subject::Detail(DetailAsked { known, .. }) => {
            *known = Some(versions);
        }
        _ => {}
    }
    question
}

/// The decision, the reason in words, who and when.
pub(super) fn verdict_cells(verdict: Option<&HeldVerdict>, language: Language) -> [String; 4] {
    let Some(HeldVerdict { decision, code, reason, reviewer, decided_at }) = verdict else {
        return Default::default();
    };
    let code = code.map(|code| code.label(language)).filter(|_| !reason.is_empty() || code.is_some());
    let words: Vec<&str> = code.into_iter().chain([reason.as_str()]).filter(|words| !words.is_empty()).collect();
    [decision.as_str().to_owned(), words.join(": "), reviewer.clone(), rfc3339(*decided_at)]
}

/// The computer that a version came from, in short form.
pub(super) fn life(version: &HeldVersion) -> String {
    version.incarnation.map(|life| life.to_string().chars().take(LIFE_DIGITS).collect()).unwrap_or_default()
}

/// Every version of a figure, the oldest first.
///
/// # Errors
/// No such commune or indicator.
pub(super) fn history(figures: &Figures, question: &Question, asked: &HistoryAsked) -> Result<Listing, AskError> {
    let language = question.language;
    let commune = figures.catalogue.find_commune(&asked.commune)?;
    let known = asked.known.as_ref().ok_or_else(|| AskError::UnknownWord("versions", asked.indicator.clone()))?;
    let is_wanted = |version: &&HeldVersion| {
        asked.unit.as_deref().is_none_or(|unit| version.key.unit.eq_ignore_ascii_case(unit.trim()))
    };
    let l = |vi, en| language.pick(vi, en);
    let rows = known.iter().filter(is_wanted).map(|one| {
        let [numerator, denominator, value] = value_cells(one.value);
        let [verdict, reason, reviewer, decided_at] = verdict_cells(one.verdict.as_ref(), language);
        let words = match verdict.as_str() {
            "accepted" => l("chấp nhận", "accepted"),
            "returned" => l("trả lại", "returned"),
            _ => "",
        };
        vec![
            commune.slug.clone(),
            one.key.indicator.clone(),
            one.key.period.to_string(),
            one.key.unit.clone(),
            one.version.to_string(),
            numerator,
            denominator,
            value,
            one.note.clone(),
            one.entered_by.clone(),
            rfc3339(one.entered_at),
            rfc3339(one.received_at),
            life(one),
            one.evidence.join("; "),
            verdict.clone(),
            words.to_owned(),
            reason,
            reviewer,
            decided_at,
        ]
    });
    let rows: Vec<_> = rows.collect();
    let count = rows.len();
    Ok(Listing {
        title: format!("{}, {}: {}", commune.name, asked.indicator.trim(), l("lịch sử số liệu", "history of its figures")),
        notes: vec![language.pick(
            format!("{count} phiên bản. “Máy”: mã của kho dữ liệu trên máy đã nhập; máy khác, hoặc sau khi khôi phục, có mã khác. Giờ nhập theo đồng hồ của máy xã, giờ nhận theo máy chủ."),
            format!("{count} versions. “Computer”: of the store that it was entered in; another computer has another, also after a restore. Entered by the commune's clock, received by the server's."),
        )],
        columns: vec![
            Column::new("commune", "", Form::Text),
            Column::new("indicator", "", Form::Text),
            Column::new("period", l("Kỳ", "Period"), Form::Text),
            Column::new("unit", l("Đơn vị", "Unit"), Form::Text),
            Column::new("version", l("Bản", "Version"), Form::Number),
            Column::new("numerator", l("Tử số", "Numerator"), Form::Number),
            Column::new("denominator", l("Mẫu số", "Denominator"), Form::Number),
            Column::new("value", l("Kết quả", "Value"), Form::Value),
            Column::new("note", l("Ghi chú", "Note"), Form::Text),
            Column::new("entered_by", l("Người nhập", "By"), Form::Text),
            Column::new("entered_at", l("Nhập lúc", "Entered"), Form::Time),
            Column::new("received_at", l("Nhận lúc", "Received"), Form::Time),
            Column::new("computer", l("Máy", "Computer"), Form::Text),
            Column::new("evidence", l("Minh chứng", "Evidence"), Form::Text),
            Column::new("verdict", "", Form::Text),
            Column::new("verdict_words", l("Thẩm định", "Verdict"), Form::Text),
            Column::new("reason", l("Lý do", "Reason"), Form::Text),
            Column::new("reviewer", l("Người thẩm định", "Reviewer"), Form::Text),
            Column::new("decided_at", l("Lúc", "At"), Form::Time),
        ],
        rows,
    })
}
