//! Evidence review: what awaits a reviewer, and how many results were reviewed, how and how fast.
//!
//! Source: plan of xã Tân Lợi, V.2.2; scoring rules 2026.1, "What counts".

use super::{
    check,
    explanation::TargetFacts,
    figures::Figures,
    question::{AskError, Question, QueueAsked},
};
use chrono::{DateTime, TimeDelta, Utc};
use shared::{
    calendar::rfc3339,
    evaluation::State,
    fraction::Fraction,
    language::Language,
    listing::{Column, Form, Listing},
    observation::{Decision, Value},
    period::Period,
    plausibility::{self, Sight},
    ranking::{Scheme, explain},
    review::Reason,
    tables::{Inputs, ObservationRow, write::value_cells},
    task::Reported,
    vietnamese,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A version by commune, indicator, unit, period and number.
type Place<'a> = (&'a str, &'a str, &'a str, Period, u32);

fn place(row: &ObservationRow) -> Place<'_> {
    (&row.commune, &row.indicator, &row.unit, row.period, row.version)
}

/// The newest version of each figure: of commune, indicator, unit and period.
fn newest(inputs: &Inputs) -> HashMap<(&str, &str, &str, Period), &ObservationRow> {
    let mut newest: HashMap<_, &ObservationRow> = HashMap::new();
    for row in &inputs.observations {
        let held = newest.entry((&*row.commune, &*row.indicator, &*row.unit, row.period)).or_insert(row);
        if held.version < row.version {
            *held = row;
        }
    }
    newest
}

/// Results with evidence and without a verdict, those that wait longest first: claims of completion, or all.
///
/// # Errors
/// No such commune or indicator; a period outside the plan year.
pub(super) fn queue(
    figures: &Figures,
    inputs: &Inputs,
    question: &Question,
    asked: &QueueAsked,
) -> Result<Listing, AskError> {
    let (language, book) = (question.language, figures.standings.book());
    let period = figures.period(question.period)?;
    let only = asked.commune.as_deref().map(|typed| figures.catalogue.find_commune(typed)).transpose()?;
    let indicator = asked.indicator.as_deref().map(|typed| figures.indicator(typed)).transpose()?;
    let board = figures.standings.board(Scheme::Own, period);
    let newest = newest(inputs);
    // By commune and indicator, what has evidence and no verdict.
    let mut undecided: HashMap<(&str, &str), Vec<&ObservationRow>> = HashMap::new();
    for figure in newest.values().filter(|figure| figure.evidence_count > 0 && figure.verdict.is_none()) {
        undecided.entry((&figure.commune, &figure.indicator)).or_default().push(figure);
    }
    let mut lines = Vec::new();
    let mut listed = HashSet::new();
    for (number, member) in (0u32..).zip(book.members()) {
        if only.is_some_and(|only| only.slug != member.row.slug) {
            continue;
        }
        let sight = Sight::new(book, &figures.catalogue, number, figures.today);
        for row in explain::explain(book, &board, number, figures.today) {
            let is_claim = row.state == State::AwaitingReview;
            let Some(effective) = row.effective.as_ref().filter(|_| is_claim || asked.all) else { continue };
            if indicator.is_some_and(|wanted| wanted != row.indicator) {
                continue;
            }
            let code = &book.indicators()[row.indicator as usize].code;
            // What counts may be the roll-up: then the units' figures are what is reviewed.
            let figures_of = undecided.get(&(member.row.slug.as_str(), code.as_str())).into_iter().flatten();
            let is_what_counts = |figure: &&&ObservationRow| {
                figure.period == effective.period && figure.unit.is_empty() != effective.rolled_up
            };
            for figure in figures_of.filter(is_what_counts) {
                if !listed.insert(place(figure)) {
                    continue;
                }
                let [numerator, denominator, value] = value_cells(figure.value);
                let waiting = (figures.today - shared::calendar::local_day(figure.received_at)).num_days();
                let cells = vec![
                    waiting.to_string(),
                    member.row.slug.clone(),
                    member.row.name.clone(),
                    code.clone(),
                    book.indicators()[row.indicator as usize].name.clone(),
                    figure.unit.clone(),
                    figure.period.to_string(),
                    figure.version.to_string(),
                    row.value_text(),
                    numerator,
                    denominator,
                    value,
                    TargetFacts::of(figures, &row, &member.row.slug).printed,
                    row.state.as_str().to_owned(),
                    figure.evidence_count.to_string(),
                    rfc3339(figure.received_at),
                    figure.entered_by.clone(),
                    doubts_of(sight, figure, language).join("; "),
                    note_of(figures, figure),
                ];
                lines.push(((figure.received_at, member.name_order, code.clone(), figure.unit.clone()), cells));
            }
        }
    }
    if indicator.is_none() {
        let tasks = undecided.values().flatten().filter(|figure| {
            matches!(Reported::of(&figure.indicator), Reported::Progress(_))
                && figure.period.ends_by(period)
                && only.is_none_or(|only| only.slug == figure.commune)
                && (asked.all || percent(figure.value) >= Fraction::new(100, 1))
        });
        lines.extend(tasks.filter_map(|figure| task_line(figures, figure, language)));
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let (count, l) = (lines.len(), |vi, en| language.pick(vi, en));
    Ok(Listing {
        title: format!("{} {period}", l("Chờ thẩm định, kỳ", "Awaiting review in")),
        notes: vec![language.pick(
            format!("{count} số liệu. Xem minh chứng: `evidence get XÃ MÃ --period KỲ --out THƯ_MỤC`; quyết định: `review XÃ MÃ --period KỲ --version BẢN --accept`, hoặc --return."),
            format!("{count} figures. Their evidence: `evidence get COMMUNE CODE --period P --out DIR`; decide: `review COMMUNE CODE --period P --version N --accept`, or --return."),
        )],
        columns: vec![
            Column::new("waiting_days", l("Chờ (ngày)", "Waiting (days)"), Form::Number),
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("indicator_name", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("unit", l("Đơn vị", "Unit"), Form::Text),
            Column::new("period", l("Kỳ số liệu", "Figure of"), Form::Text),
            Column::new("version", l("Bản", "Version"), Form::Number),
            Column::new("result", l("Kết quả", "Result"), Form::Value),
            Column::new("numerator", "", Form::Number),
            Column::new("denominator", "", Form::Number),
            Column::new("value", "", Form::Value),
            Column::new("target", l("Mục tiêu", "Target"), Form::Text),
            Column::new("state", l("Trạng thái", "State"), Form::State),
            Column::new("evidence", l("Minh chứng", "Evidence"), Form::Number),
            Column::new("received_at", l("Nhận lúc", "Received"), Form::Time),
            Column::new("entered_by", l("Người nhập", "By"), Form::Text),
            Column::new("checks", l("Cần xem lại", "To look at"), Form::Text),
            Column::new("note", l("Ghi chú", "Note"), Form::Text),
        ],
        rows: lines.into_iter().map(|(_, cells)| cells).collect(),
    })
}

/// Why a reviewer should look twice.
pub(super) fn doubts_of(sight: Sight<'_>, figure: &ObservationRow, language: Language) -> Vec<String> {
    let doubts = plausibility::of_key(sight, &figure.indicator, &figure.unit, figure.period);
    doubts.iter().map(|doubt| doubt.explain(language)).collect()
}

fn note_of(figures: &Figures, figure: &ObservationRow) -> String {
    check::note(figures, &figure.commune, &figure.indicator, &figure.unit, figure.period, figure.version)
}

fn percent(value: Value) -> Option<Fraction> {
    match value {
        Value::Ratio { numerator, denominator } => Fraction::new(100 * numerator.micros(), denominator.micros()),
        Value::Percent(percent) => Some(percent.into()),
        _ => None,
    }
}

/// What lines of the queue are ordered by: those that wait longest first.
type Order = (DateTime<Utc>, u32, String, String);

/// A report of a task that awaits a reviewer.
fn task_line(figures: &Figures, figure: &ObservationRow, language: Language) -> Option<(Order, Vec<String>)> {
    let book = figures.standings.book();
    let number = book.commune_number(&figure.commune)?;
    let member = &book.members()[number as usize];
    let code = Reported::of(&figure.indicator).task()?;
    let task = figures.catalogue.tasks.iter().find(|task| task.commune == figure.commune && task.code == code)?;
    let [numerator, denominator, value] = value_cells(figure.value);
    let reaches = percent(figure.value) >= Fraction::new(100, 1);
    let state = if reaches { State::AwaitingReview } else { State::InProgress };
    let cells = vec![
        (figures.today - shared::calendar::local_day(figure.received_at)).num_days().to_string(),
        figure.commune.clone(),
        member.row.name.clone(),
        code.to_owned(),
        task.title.clone(),
        figure.unit.clone(),
        figure.period.to_string(),
        figure.version.to_string(),
        percent(figure.value).map(|percent| percent.to_decimals(6)).unwrap_or_default(),
        numerator,
        denominator,
        value,
        task.output.clone(),
        state.as_str().to_owned(),
        figure.evidence_count.to_string(),
        rfc3339(figure.received_at),
        figure.entered_by.clone(),
        doubts_of(Sight::new(book, &figures.catalogue, number, figures.today), figure, language).join("; "),
        note_of(figures, figure),
    ];
    Some(((figure.received_at, member.name_order, code.to_owned(), figure.unit.clone()), cells))
}

/// What was decided of one commune's results, or of all.
#[derive(Debug, Default)]
struct Tally {
    accepted: u32,
    returned: u32,
    resubmitted: u32,
    waiting: u32,
    turnaround: Vec<TimeDelta>,
}

impl Tally {
    fn cells(&mut self) -> [String; 6] {
        self.turnaround.sort_unstable();
        // Hours with one decimal, cut.
        let hours = |delay: Option<&TimeDelta>| {
            delay.map_or_else(String::new, |delay| {
                let tenths = delay.num_minutes().max(0) / 6;
                format!("{}.{}", tenths / 10, tenths % 10)
            })
        };
        let median = hours(self.turnaround.get(self.turnaround.len().saturating_sub(1) / 2));
        let [accepted, returned, resubmitted, waiting] =
            [self.accepted, self.returned, self.resubmitted, self.waiting].map(|count| count.to_string());
        [accepted, returned, resubmitted, waiting, median, hours(self.turnaround.last())]
    }
}

/// By commune: results accepted and returned in a period, how many of those returned were reported anew, how many wait, and how long
/// verdicts took from the day on which the version came.
///
/// # Errors
/// A period outside the plan year.
pub(super) fn reviews(figures: &Figures, inputs: &Inputs, question: &Question) -> Result<Listing, AskError> {
    let (language, book) = (question.language, figures.standings.book());
    let period = figures.period(question.period)?;
    let received: HashMap<Place<'_>, DateTime<Utc>> =
        inputs.observations.iter().map(|row| (place(row), row.received_at)).collect();
    let newest = newest(inputs);
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut whole = Tally::default();
    let mut reasons: BTreeMap<Reason, u32> = BTreeMap::new();
    let mut reviewers: BTreeMap<&str, u32> = BTreeMap::new();
    for verdict in figures.verdicts.iter().filter(|verdict| verdict.key.period.ends_with(period)) {
        let key = &verdict.key;
        let at = received.get(&(&*verdict.commune, &*key.indicator, &*key.unit, key.period, verdict.version));
        let held = newest.get(&(&*verdict.commune, &*key.indicator, &*key.unit, key.period));
        *reviewers.entry(&verdict.reviewer).or_default() += 1;
        for tally in [tallies.entry(&verdict.commune).or_default(), &mut whole] {
            match verdict.decision {
                Decision::Accepted => tally.accepted += 1,
                Decision::Returned => {
                    tally.returned += 1;
                    tally.resubmitted += u32::from(held.is_some_and(|held| held.version > verdict.version));
                }
            }
            tally.turnaround.extend(at.map(|at| verdict.decided_at - *at));
        }
        if verdict.decision == Decision::Returned {
            *reasons.entry(verdict.code.unwrap_or(Reason::Other)).or_default() += 1;
        }
    }
    for figure in newest.values().filter(|figure| figure.period.ends_with(period)) {
        if figure.evidence_count > 0 && figure.verdict.is_none() {
            tallies.entry(&figure.commune).or_default().waiting += 1;
            whole.waiting += 1;
        }
    }
    let name = |slug: &str| {
        let number = book.commune_number(slug);
        number.map_or_else(|| slug.to_owned(), |number| book.members()[number as usize].row.name.clone())
    };
    let mut lines: Vec<(String, Vec<String>)> = tallies
        .into_iter()
        .map(|(slug, mut tally)| {
            let name = name(slug);
            let cells = [slug.to_owned(), name.clone()].into_iter().chain(tally.cells()).collect();
            (name, cells)
        })
        .collect();
    lines.sort_by_cached_key(|(name, _)| vietnamese::sort_key(name));
    let l = |vi, en| language.pick(vi, en);
    let all = [String::new(), l("Cả tỉnh", "The province").to_owned()];
    lines.push((String::new(), all.into_iter().chain(whole.cells()).collect()));
    let mut notes = Vec::new();
    let counted = |label: &str, count: &u32| format!("{label} ({count})");
    if !reasons.is_empty() {
        let reasons: Vec<_> = reasons.iter().map(|(reason, count)| counted(reason.label(language), count)).collect();
        notes.push(format!("{}: {}", l("Lý do trả lại", "Returned because"), reasons.join("; ")));
    }
    if !reviewers.is_empty() {
        let reviewers: Vec<_> = reviewers.iter().map(|(reviewer, count)| counted(reviewer, count)).collect();
        notes.push(format!("{}: {}", l("Người thẩm định", "Reviewers"), reviewers.join("; ")));
    }
    Ok(Listing {
        title: format!("{} {period}", l("Thẩm định kỳ", "Reviews of")),
        notes,
        columns: columns(language),
        rows: lines.into_iter().map(|(_, cells)| cells).collect(),
    })
}

fn columns(language: Language) -> Vec<Column> {
    let l = |vi, en| language.pick(vi, en);
    vec![
        Column::new("commune", "", Form::Text),
        Column::new("name", l("Xã, phường", "Commune"), Form::Text),
        Column::new("accepted", l("Chấp nhận", "Accepted"), Form::Number),
        Column::new("returned", l("Trả lại", "Returned"), Form::Number),
        Column::new("resubmitted", l("Đã nộp lại", "Resubmitted"), Form::Number),
        Column::new("waiting", l("Đang chờ", "Waiting"), Form::Number),
        Column::new("median_hours", l("Trung vị (giờ)", "Median (hours)"), Form::Number),
        Column::new("longest_hours", l("Lâu nhất (giờ)", "Longest (hours)"), Form::Number),
    ]
}
