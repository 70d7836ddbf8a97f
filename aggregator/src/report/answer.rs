//! The answers for people: headings, notes and the columns beyond those of the exports.

use super::{
    alert, check, detail, due,
    explanation::{TargetFacts, effective_cells, explanation},
    export,
    figures::Figures,
    history, quality,
    question::{AskError, Question, Subject},
    review, schemes, task, unit, what_if,
};
use crate::store::Contact;
use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    calendar::rfc3339,
    catalogue::CommuneKind,
    language::Language,
    listing::{Column, Form, Listing, for_people},
    period::Period,
    province::{ProvinceFigure, province_figure},
    ranking::{Scheme, Scope, board::Board, explain},
    tables::{Inputs, write},
    vietnamese,
};
use std::collections::{BTreeSet, HashMap};

/// Printed wherever figures of a training province are shown.
pub const SIMULATED: (&str, &str) = ("SỐ LIỆU MÔ PHỎNG", "SIMULATED FIGURES");

/// How long a copy is shown that was seen, as long as the commune syncs.
const COPY_SHOWN_DAYS: i64 = 14;
/// Clocks that differ by more than this are shown.
const SKEW_SHOWN_MS: i64 = 120_000;

/// Answers a question. `inputs` is needed for exports only.
///
/// # Errors
/// What was asked does not exist or lies outside the plan year.
pub fn answer(figures: &Figures, inputs: Option<&Inputs>, question: &Question) -> Result<Listing, AskError> {
    let language = question.language;
    let mut report = match &question.subject {
        Subject::Rankings(scope) => rankings(figures, question, scope)?,
        Subject::Schemes => schemes::schemes(figures, question)?,
        Subject::Explain(commune) => explanation(figures, question, commune)?,
        Subject::Detail(asked) => detail::detail(figures, inputs, question, asked)?,
        Subject::History(asked) => history::history(figures, question, asked)?,
        Subject::Indicator(code) => league(figures, question, code)?,
        Subject::Communes => communes(figures, language),
        Subject::Due(commune) => due::due(figures, question, commune.as_deref())?,
        Subject::UnitsDue(commune) => due::of_units(figures, question, commune)?,
        Subject::WhatIf(asked) => what_if::what_if(figures, question, asked)?,
        Subject::Alerts(asked) => alert::alerts(figures, question, asked)?,
        Subject::Queue(asked) => review::queue(figures, inputs.unwrap_or(&Inputs::default()), question, asked)?,
        Subject::Tasks(asked) => task::tasks(figures, question, asked)?,
        Subject::Units(asked) => unit::units(figures, question, asked)?,
        Subject::Checks(commune) => check::checks(figures, question, commune.as_deref())?,
        Subject::Quality => quality::quality(figures, inputs.unwrap_or(&Inputs::default()), question)?,
        Subject::Reviews => review::reviews(figures, inputs.unwrap_or(&Inputs::default()), question)?,
        Subject::Export(table) => {
            let empty = Inputs::default();
            export::export(figures, inputs.unwrap_or(&empty), *table, question.period, question.scheme)?
        }
    };
    if figures.exercise {
        let banner = language.pick(SIMULATED.0, SIMULATED.1);
        if !report.title.is_empty() {
            report.title = format!("{} · {banner}", report.title);
        }
        report.notes.push(format!("*** {banner} ***"));
    }
    Ok(report)
}

/// Gives the columns of an export their headings for people; those not named stay for files only.
pub(super) fn with_headings(mut report: Listing, headings: &[(&str, &str, Form)]) -> Listing {
    for column in &mut report.columns {
        let known = headings.iter().find(|(name, ..)| *name == column.name);
        column.heading = known.map_or_else(String::new, |(_, heading, _)| (*heading).to_owned());
        column.form = known.map_or(column.form, |(.., form)| *form);
    }
    report
}

/// The name of a scheme for people.
#[must_use]
pub fn scheme_name(scheme: Scheme, language: Language) -> &'static str {
    match scheme {
        Scheme::Own => language.pick("theo mục tiêu của từng kế hoạch", "by each commune's own targets"),
        Scheme::Common => language.pick("theo các chỉ tiêu chung", "by the indicators all plans share"),
        Scheme::Standard => language.pick("theo mục tiêu chuẩn của tỉnh", "by the provincial standard"),
    }
}

fn rankings(figures: &Figures, question: &Question, scope: &Scope) -> Result<Listing, AskError> {
    let (language, scheme) = (question.language, question.scheme);
    let period = figures.period(question.period)?;
    let scope = checked_scope(figures, scope)?;
    let book = figures.standings.book();
    let rows = figures.standings.ranking(scheme, period, &scope);
    let l = |vi, en| language.pick(vi, en);
    let report = with_headings(
        write::rankings(book, scheme, period, &rows),
        &[
            ("rank", l("Hạng", "Rank"), Form::Number),
            ("name", l("Xã, phường", "Commune"), Form::Text),
            ("kind", l("Loại", "Kind"), Form::Kind),
            ("score", l("Điểm", "Score"), Form::Score),
            ("met", l("Đạt", "Met"), Form::Number),
            ("scored", l("Chấm", "Scored"), Form::Number),
            ("on_time", l("Đúng hạn", "On time"), Form::Share),
            ("movement", l("Tăng, giảm", "Movement"), Form::Movement),
            ("provisional", l("Tạm tính", "Provisional"), Form::Number),
        ],
    );
    let title = format!("{} {period}, {}", l("Xếp hạng kỳ", "Ranking"), scheme_name(scheme, language));
    let mut notes = Vec::new();
    let ranked = rows.iter().filter(|row| row.rank.is_some()).count();
    notes.push(match language {
        Language::Vi => format!("{ranked} xã, phường được xếp hạng. “Tạm tính”: số mục tiêu đạt đang chờ thẩm định."),
        Language::En => format!("{ranked} communes ranked. “Provisional”: met targets that await review."),
    });
    let part = [scope.group.as_deref(), scope.indicator.as_deref(), scope.kind.map(CommuneKind::as_str)];
    let part: Vec<_> = part.into_iter().flatten().collect();
    if !part.is_empty() {
        notes.push(format!("{}: {}", l("Trong phạm vi", "Within"), part.join(", ")));
    }
    Ok(Listing { title, notes, ..report })
}

fn checked_scope(figures: &Figures, scope: &Scope) -> Result<Scope, AskError> {
    let groups: BTreeSet<_> = figures.catalogue.indicators.iter().map(|i| i.group.clone()).collect();
    let mut scope = scope.clone();
    if let Some(group) = &mut scope.group {
        *group = group.to_uppercase();
        if !groups.contains(group) {
            let known = groups.into_iter().collect::<Vec<_>>().join(", ");
            return Err(AskError::UnknownGroup(group.chars().take(40).collect(), known));
        }
    }
    if let Some(code) = &mut scope.indicator {
        let number = figures.indicator(code)?;
        *code = figures.standings.book().indicators()[number as usize].code.clone();
    }
    Ok(scope)
}

fn league(figures: &Figures, question: &Question, code: &str) -> Result<Listing, AskError> {
    let (language, scheme) = (question.language, question.scheme);
    let period = figures.period(question.period)?;
    let number = figures.indicator(code)?;
    let book = figures.standings.book();
    let indicator = &book.indicators()[number as usize];
    let scope = Scope { indicator: Some(indicator.code.clone()), ..Scope::default() };
    let board = Board::new(book, scheme, period, &scope);
    let l = |vi, en| language.pick(vi, en);
    let mut report = Listing {
        title: format!("{} · {} · {period}, {}", indicator.code, indicator.name, scheme_name(scheme, language)),
        columns: vec![
            Column::new("indicator", "", Form::Text),
            Column::new("period", "", Form::Text),
            Column::new("rank", l("Hạng", "Rank"), Form::Number),
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("kind", l("Loại", "Kind"), Form::Kind),
            Column::new("plan_ref", "", Form::Text),
            Column::new("value", l("Kết quả", "Value"), Form::Value),
            Column::new("numerator", l("Tử số", "Numerator"), Form::Number),
            Column::new("denominator", l("Mẫu số", "Denominator"), Form::Number),
            Column::new("target", l("Mục tiêu", "Target"), Form::Text),
            Column::new("achievement", l("Mức đạt", "Achieved"), Form::Share),
            Column::new("state", l("Trạng thái", "State"), Form::State),
            Column::new("light", l("Đèn", "Light"), Form::Light),
            Column::new("reported_for", l("Kỳ số liệu", "Figure of"), Form::Text),
            Column::new("reporting", "", Form::Number),
        ],
        ..Listing::default()
    };
    for commune in board.order() {
        let member = &book.members()[*commune as usize].row;
        let rank = board.rank_of(*commune).map_or_else(String::new, |rank| rank.to_string());
        for row in explain::explain(book, &board, *commune, figures.today) {
            let facts = TargetFacts::of(figures, &row, &member.slug);
            let plan_ref = row.own.and_then(|own| figures.target(&member.slug, own));
            let [reported_for, numerator, denominator, ..] = effective_cells(&row);
            report.rows.push(vec![
                indicator.code.clone(),
                period.to_string(),
                rank.clone(),
                member.slug.clone(),
                member.name.clone(),
                member.kind.as_str().to_owned(),
                plan_ref.map_or_else(String::new, |target| target.plan_ref.to_string()),
                row.value_text(),
                numerator,
                denominator,
                facts.printed,
                row.achievement_text(),
                row.state.as_str().to_owned(),
                row.light.as_str().to_owned(),
                reported_for,
                String::new(),
            ]);
        }
    }
    add_province_row(&mut report, figures, number, period, language);
    Ok(report)
}

/// The province's own figure: the last row, and in words.
fn add_province_row(report: &mut Listing, figures: &Figures, indicator: u32, period: Period, language: Language) {
    let book = figures.standings.book();
    let figure: ProvinceFigure = province_figure(book, indicator, period);
    let part = |micros: i128| vietnamese::trimmed(&shared::fraction::decimals(micros, 6)).to_owned();
    let value = figure.value.map_or_else(String::new, |value| value.to_decimals(6));
    let (numerator, denominator) = match (figure.value, figure.parts) {
        (Some(_), Some((n, d))) => (part(n), part(d)),
        _ => Default::default(),
    };
    let mut row = vec![String::new(); report.columns.len()];
    let cells = [
        ("indicator", book.indicators()[indicator as usize].code.clone()),
        ("period", period.to_string()),
        ("name", figures.catalogue.province.name.clone()),
        ("value", value.clone()),
        ("numerator", numerator),
        ("denominator", denominator),
        ("reporting", figure.reporting.to_string()),
    ];
    for (name, cell) in cells {
        if let Some(at) = report.columns.iter().position(|column| column.name == name) {
            row[at] = cell;
        }
    }
    report.rows.push(row);
    let unit = &book.indicators()[indicator as usize].unit;
    let (reporting, left_out) = (figure.reporting, figure.left_out);
    let shown = match figure.value {
        None => "–".to_owned(),
        Some(_) => format!("{} {unit}", for_people(Form::Value, &value, language)),
    };
    report.notes.push(match language {
        Language::Vi => format!("Toàn tỉnh: {shown}, từ {reporting} xã, phường có số liệu; {left_out} nơi chỉ báo tỷ lệ hoặc loại giá trị khác nên không cộng được."),
        Language::En => format!("The province: {shown}, from {reporting} communes reporting; {left_out} gave only a percentage or another kind of value and are left out."),
    });
}

/// How well the two ends agree, for the list of communes.
fn proofs(contact: Option<&Contact>, language: Language) -> Vec<String> {
    let Some(contact) = contact else { return vec![String::new(); 10] };
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, rfc3339);
    let (digest, words) = match (contact.digests_at, contact.digests_differ_since) {
        (None, _) => ("", ""),
        (Some(_), None) => ("equal", language.pick("khớp", "equal")),
        (Some(_), Some(_)) => ("differs", language.pick("KHÁC", "DIFFERS")),
    };
    // A copy that has not come back for so long, while the commune did, was retired.
    let copy = contact
        .copy_seen_at
        .filter(|seen| contact.last_success.is_none_or(|success| *seen + TimeDelta::days(COPY_SHOWN_DAYS) >= success));
    let skew = contact.clock_skew_ms.filter(|ms| ms.abs() > SKEW_SHOWN_MS);
    vec![
        digest.to_owned(),
        words.to_owned(),
        time(contact.digests_differ_since),
        time(contact.digests_at),
        contact.healed.to_string(),
        time(contact.healed_at),
        time(copy),
        skew.map_or_else(String::new, |ms| (ms / 1_000).to_string()),
        contact.evidence_pending_bytes.to_string(),
        contact.protocol.map_or_else(String::new, |protocol| protocol.to_string()),
    ]
}

fn communes(figures: &Figures, language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let book = figures.standings.book();
    let mut report = Listing {
        title: format!("{} · {}", figures.catalogue.province.name, l("các xã, phường", "communes")),
        columns: vec![
            Column::new("slug", l("Mã", "Id"), Form::Text),
            Column::new("code", l("Mã số", "Code"), Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("kind", l("Loại", "Kind"), Form::Kind),
            Column::new("targets", l("Mục tiêu", "Targets"), Form::Number),
            Column::new("enrolled", l("Tham gia", "Joined"), Form::Time),
            Column::new("last_success", l("Đồng bộ gần nhất", "Last sync"), Form::Time),
            Column::new("last_attempt", "", Form::Time),
            Column::new("last_failure", l("Lỗi gần nhất", "Last failure"), Form::Text),
            Column::new("build", l("Phiên bản", "Version"), Form::Text),
            Column::new("changes", l("Thay đổi", "Changes"), Form::Number),
            Column::new("digest", "", Form::Text),
            Column::new("digest_words", l("Đối chiếu", "Digest"), Form::Text),
            Column::new("digest_differs_since", "", Form::Time),
            Column::new("digest_compared_at", "", Form::Time),
            Column::new("healed", l("Đã sửa", "Healed"), Form::Number),
            Column::new("healed_at", "", Form::Time),
            Column::new("copy_seen_at", l("Bản sao", "Copy seen"), Form::Time),
            Column::new("clock_skew_s", l("Lệch giờ (s)", "Clock skew (s)"), Form::Number),
            Column::new("evidence_pending_bytes", l("Minh chứng chờ", "Evidence awaited"), Form::Number),
            Column::new("protocol", "", Form::Number),
        ],
        ..Listing::default()
    };
    let mut communes: Vec<_> = figures.catalogue.communes.iter().collect();
    communes.sort_by_cached_key(|commune| vietnamese::sort_key(&commune.name));
    let contacts: HashMap<&str, &Contact> =
        figures.contacts.iter().map(|contact| (contact.commune.as_str(), contact)).collect();
    let mut enrolled = 0;
    for commune in communes {
        let contact = contacts.get(commune.slug.as_str()).copied();
        let time = |at: Option<chrono::DateTime<chrono::Utc>>| at.map_or_else(String::new, rfc3339);
        let targets = book.commune_number(&commune.slug).map_or(0, |c| book.members()[c as usize].targets.len());
        enrolled += u32::from(contact.is_some_and(|contact| contact.enrolled.is_some()));
        let mut row = vec![
            commune.slug.clone(),
            commune.code.clone(),
            commune.name.clone(),
            commune.kind.as_str().to_owned(),
            targets.to_string(),
            time(contact.and_then(|c| c.enrolled)),
            time(contact.and_then(|c| c.last_success)),
            time(contact.and_then(|c| c.last_attempt)),
            contact.and_then(|c| c.last_failure.clone()).unwrap_or_default(),
            contact.map_or_else(String::new, |c| c.build.clone()),
            contact.map_or(0, |c| c.head_seq).to_string(),
        ];
        row.extend(proofs(contact, language));
        report.rows.push(row);
    }
    let all = report.rows.len();
    report.notes.push(match language {
        Language::Vi => format!("{enrolled}/{all} xã, phường đã tham gia."),
        Language::En => format!("{enrolled} of {all} communes have joined."),
    });
    report
}
