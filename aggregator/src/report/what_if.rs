//! What would be if: which result would lift a commune most and what a returned proof would cost; or how everyone would stand with
//! supposed results, returned proofs or other points.

use super::{
    answer::scheme_name,
    explanation::TargetFacts,
    figures::Figures,
    question::{AskError, Question, WhatIfAsked},
};
use shared::{
    achievement::Measure,
    amount::{Amount, MICROS},
    book::{Book, Version},
    catalogue::{Goal, Kind, kind_asked},
    fraction::decimals,
    language::Language,
    listing::{Column, Form, Listing, number_for_people},
    observation::{Decision, EntryRules, Observation, ObservationKey, Refusal, Value},
    period::Period,
    ranking::{
        Scope,
        board::{Board, Line},
        explain,
        what_if::{Supposed, Supposition, numerator_for, suppositions},
    },
    vietnamese,
};
use std::cmp::Reverse;

/// Answers the question: single changes of one commune, or everyone under what is supposed.
///
/// # Errors
/// No such commune or indicator, a value that cannot be read, a period outside the plan year.
pub(super) fn what_if(figures: &Figures, question: &Question, asked: &WhatIfAsked) -> Result<Listing, AskError> {
    let period = figures.period(question.period)?;
    let commune = figures.catalogue.find_commune(&asked.commune)?;
    let number = figures.standings.book().commune_number(&commune.slug);
    let number = number.ok_or_else(|| AskError::NoTargets(commune.name.clone()))?;
    if asked.set.is_empty() && asked.returned.is_empty() && asked.points.is_empty() {
        return Ok(single_changes(figures, question, period, number));
    }
    together(figures, question, asked, period, number)
}

fn measure_text(measure: Measure) -> String {
    match measure {
        Measure::Number(number) => number.to_decimals(6),
        Measure::Flag(yes) => if yes { "yes" } else { "no" }.to_owned(),
    }
}

/// A result that is needed: never less than what does it, with six decimals.
fn needed_text(one: &Supposition) -> String {
    // What is there already is shown as it is shown there.
    if one.present == Some(one.measure) {
        return measure_text(one.measure);
    }
    match (one.measure, one.goal) {
        (Measure::Number(most), Goal::AtMost(_)) => decimals(most.down(6), 6),
        (Measure::Number(least), _) => decimals(least.up(6), 6),
        (measure, _) => measure_text(measure),
    }
}

fn score_text(line: &Line) -> String {
    line.score.map_or_else(String::new, |score| decimals(score.into(), 2))
}

fn rank_text(rank: Option<u32>) -> String {
    rank.map_or_else(String::new, |rank| rank.to_string())
}

fn places(before: Option<u32>, after: Option<u32>) -> Option<i64> {
    before.zip(after).map(|(before, after)| i64::from(before) - i64::from(after))
}

/// How much of a present ratio is lacking, in words: `20.605 → 21.219/23.576`.
fn needed_parts(one: &Supposition, language: Language) -> String {
    let is_lift = matches!(one.supposed, Supposed::Reached | Supposed::Overtakes | Supposed::Step);
    let (Goal::AtLeast { .. } | Goal::Range { .. }, Measure::Number(percent), true) = (one.goal, one.measure, is_lift)
    else {
        return String::new();
    };
    let Some((denominator, numerator)) = one.denominator.and_then(|d| Some((d, numerator_for(percent, d)?))) else {
        return String::new();
    };
    let number = |micros: i128| number_for_people(vietnamese::trimmed(&decimals(micros, 6)), language);
    format!("{}/{}", number(numerator), number(denominator))
}

fn single_changes(figures: &Figures, question: &Question, period: Period, number: u32) -> Listing {
    let (language, scheme) = (question.language, question.scheme);
    let book = figures.standings.book();
    let board = figures.standings.board(scheme, period);
    let (line, rank) = (board.line(number), board.rank_of(number));
    let mut all = suppositions(book, &board, number);
    let gain = |one: &Supposition| one.line.score.zip(line.score).map_or(0, |(then, now)| then - now);
    all.sort_by_key(|one| {
        let is_risk = one.supposed == Supposed::Returned;
        let (moved, gained) = (places(rank, one.rank).unwrap_or(0), gain(one));
        // Lifts with the best first, then risks with the dearest first.
        (is_risk, if is_risk { moved } else { -moved }, if is_risk { gained } else { -gained })
    });
    let slug = &book.members()[number as usize].row.slug;
    let targets: Vec<_> = explain::explain(book, &board, number, figures.today);
    let l = |vi, en| language.pick(vi, en);
    let rows = all.iter().map(|one| {
        let indicator = &book.indicators()[one.indicator as usize];
        let of_item = targets.iter().find(|row| row.indicator == one.indicator && row.own == one.own);
        let plan_ref = one.own.and_then(|own| book.members()[number as usize].targets.get(own as usize));
        let words = match one.supposed {
            Supposed::Reached => l("đạt mục tiêu", "reaches the target"),
            Supposed::Accepted => l("được chấp nhận", "is accepted"),
            Supposed::Returned => l("bị trả lại", "is returned"),
            Supposed::Overtakes => l("vượt xã kế trên", "passes the next commune"),
            Supposed::Step => l("lên bậc kế tiếp", "reaches the next step"),
        };
        let word = match one.supposed {
            Supposed::Reached => "reached",
            Supposed::Accepted => "accepted",
            Supposed::Returned => "returned",
            Supposed::Overtakes => "overtakes",
            Supposed::Step => "step",
        };
        vec![
            word.to_owned(),
            words.to_owned(),
            plan_ref.map(|target| target.plan_ref.to_string()).unwrap_or_default(),
            indicator.code.clone(),
            indicator.name.clone(),
            of_item.map(|row| TargetFacts::of(figures, row, slug).printed).unwrap_or_default(),
            one.present.map(measure_text).unwrap_or_default(),
            one.state.as_str().to_owned(),
            needed_text(one),
            needed_parts(one, language),
            decimals(gain(one).into(), 2),
            score_text(&one.line),
            rank_text(one.rank),
            places(rank, one.rank).map_or_else(String::new, |moved| moved.to_string()),
        ]
    });
    let name = &book.members()[number as usize].row.name;
    let score = number_for_people(&score_text(line), language);
    let rank_now = rank.map_or_else(|| "–".to_owned(), |rank| rank.to_string());
    Listing {
        title: format!("{name}, {} {period}: {}, {}", l("kỳ", "period"), l("nếu như", "what if"), scheme_name(scheme, language)),
        notes: vec![
            language.pick(
                format!("Bây giờ: hạng {rank_now}, {score} điểm. Mỗi dòng là một thay đổi riêng, các xã khác giữ nguyên; kết quả đạt được coi là đã có minh chứng và được chấp nhận."),
                format!("Now: rank {rank_now}, score {score}. Each line is one change by itself, the others staying as they are; what is reached is taken as proved and accepted."),
            ),
        ],
        columns: vec![
            Column::new("supposed", "", Form::Text),
            Column::new("supposed_words", l("Nếu", "If it"), Form::Text),
            Column::new("plan_ref", l("Mục", "Item"), Form::Text),
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("name", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("target", l("Mục tiêu", "Target"), Form::Text),
            Column::new("value", l("Hiện có", "Now"), Form::Value),
            Column::new("state", l("Trạng thái", "State"), Form::State),
            Column::new("supposed_value", l("Cần", "Needed"), Form::Value),
            Column::new("needed_parts", l("Tử/mẫu cần", "Parts needed"), Form::Text),
            Column::new("gain", l("Thêm điểm", "Points"), Form::Score),
            Column::new("score", l("Điểm", "Score"), Form::Score),
            Column::new("rank", l("Hạng", "Rank"), Form::Number),
            Column::new("places", l("Tăng, giảm", "Places"), Form::Movement),
        ],
        rows: rows.collect(),
    }
}

/// Reads `CODE=VALUE`.
fn split(text: &str) -> Result<(&str, &str), AskError> {
    let unreadable = || AskError::Supposition(text.chars().take(60).collect());
    let (code, value) = text.split_once('=').ok_or_else(unreadable)?;
    Ok((code.trim(), value.trim()))
}

/// A supposed result as it would be entered: `79/99`, `85,5`, `có`.
fn value(asked: Kind, typed: &str, whole: &str) -> Result<Value, AskError> {
    let unreadable = || AskError::Supposition(whole.chars().take(60).collect());
    let amount = |text: &str| Amount::from_typed(text.trim().trim_end_matches('%')).map_err(|_| unreadable());
    if let Some((numerator, denominator)) = typed.split_once('/') {
        return Ok(Value::Ratio { numerator: amount(numerator)?, denominator: amount(denominator)? });
    }
    match vietnamese::folded(typed).as_str() {
        "yes" | "co" => return Ok(Value::Flag(true)),
        "no" | "khong" => return Ok(Value::Flag(false)),
        _ => {}
    }
    let number = amount(typed)?;
    Ok(match asked {
        Kind::Ratio => Value::Percent(number),
        // A flag is asked: the rules of entry say so of any number.
        Kind::Decimal | Kind::Flag => Value::Decimal(number),
        Kind::Count if number.is_negative() => return Err(AskError::Refused(Refusal::Negative)),
        Kind::Count => match u64::try_from(number.micros() / MICROS) {
            Ok(count) if number.is_whole() => Value::Count(count),
            Ok(_) => return Err(unreadable()),
            Err(_) => return Err(AskError::Refused(Refusal::CountTooLarge)),
        },
    })
}

/// The kind of value that is asked of a commune, as at entry: of two targets the first that is scored decides.
fn asked_of(figures: &Figures, slug: &str, code: &str, kind: Kind) -> Kind {
    let goals =
        || figures.catalogue.targets_of(slug).filter(|target| target.indicator == code).map(|target| target.goal);
    let goal = goals().find(|goal| goal.is_scored()).or_else(|| goals().next());
    goal.map_or(kind, |goal| kind_asked(kind, goal))
}

fn suppose(figures: &Figures, asked: &WhatIfAsked, period: Period, number: u32) -> Result<Book, AskError> {
    let mut book = figures.standings.book().clone();
    for text in &asked.points {
        let (code, points) = split(text)?;
        let indicator = figures.indicator(code)?;
        let points = Amount::from_typed(points).ok().filter(|points| !points.is_negative());
        book.set_points(indicator, points.ok_or_else(|| AskError::Supposition(text.chars().take(60).collect()))?);
    }
    let slug = book.members()[number as usize].row.slug.clone();
    for text in &asked.set {
        let (code, typed) = split(text)?;
        let row = book.indicators()[figures.indicator(code)? as usize].clone();
        let asked = asked_of(figures, &slug, &row.code, row.kind);
        let value = value(asked, typed, text)?;
        let rules =
            EntryRules { plan_year: figures.catalogue.province.plan_year, asked: Some(asked), unit_known: true };
        let key = ObservationKey { indicator: row.code.clone(), unit: String::new(), period };
        rules.check(&Observation { key, value, note: String::new() }).map_err(AskError::Refused)?;
        book.record(Version {
            commune: &slug,
            indicator: &row.code,
            unit: "",
            period,
            // Above every version that there is, and not the first: when it came is not supposed.
            version: u32::MAX,
            value,
            received_at: chrono::DateTime::UNIX_EPOCH,
            evidence: 1,
            verdict: Some(Decision::Accepted),
        });
    }
    for code in &asked.returned {
        let indicator = figures.indicator(code)?;
        if book.effective(number, indicator, period).is_none() {
            return Err(AskError::NothingToReturn(book.indicators()[indicator as usize].code.clone()));
        }
        book.suppose_returned(number, indicator, period);
    }
    Ok(book)
}

fn together(
    figures: &Figures,
    question: &Question,
    asked: &WhatIfAsked,
    period: Period,
    number: u32,
) -> Result<Listing, AskError> {
    let (language, scheme) = (question.language, question.scheme);
    let supposed = suppose(figures, asked, period, number)?;
    let book = figures.standings.book();
    let now = figures.standings.board(scheme, period);
    let then = Board::new(&supposed, scheme, period, &Scope::default());
    let mut lines: Vec<_> = (0u32..)
        .zip(book.members())
        .filter(|(commune, _)| {
            let is_changed =
                now.line(*commune) != then.line(*commune) || now.rank_of(*commune) != then.rank_of(*commune);
            *commune == number || is_changed
        })
        .map(|(commune, member)| {
            let (before, after) = (now.rank_of(commune), then.rank_of(commune));
            let cells = vec![
                member.row.slug.clone(),
                member.row.name.clone(),
                score_text(now.line(commune)),
                score_text(then.line(commune)),
                rank_text(before),
                rank_text(after),
                places(before, after).map_or_else(String::new, |moved| moved.to_string()),
            ];
            ((Reverse(commune == number), after.unwrap_or(u32::MAX), member.name_order), cells)
        })
        .collect();
    lines.sort_by_key(|(order, _)| *order);
    let l = |vi, en| language.pick(vi, en);
    let list = |label: &str, texts: &[String]| (!texts.is_empty()).then(|| format!("{label} {}", texts.join(", ")));
    let suppositions = [
        list(l("kết quả", "results"), &asked.set),
        list(l("bị trả lại", "returned"), &asked.returned),
        list(l("điểm", "points"), &asked.points),
    ];
    let suppositions: Vec<_> = suppositions.into_iter().flatten().collect();
    Ok(Listing {
        title: format!("{} {period}: {}", l("Nếu như, kỳ", "What if, period"), scheme_name(scheme, language)),
        notes: vec![
            format!("{}: {}.", l("Giả định", "Supposed"), suppositions.join("; ")),
            l(
                "Chỉ liệt kê nơi có điểm hoặc hạng thay đổi. Không có gì được ghi lại.",
                "Only those are listed whose score or rank changes. Nothing is recorded.",
            )
            .to_owned(),
        ],
        columns: vec![
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("score", l("Điểm bây giờ", "Score now"), Form::Score),
            Column::new("score_then", l("Điểm khi đó", "Score then"), Form::Score),
            Column::new("rank", l("Hạng bây giờ", "Rank now"), Form::Number),
            Column::new("rank_then", l("Hạng khi đó", "Rank then"), Form::Number),
            Column::new("places", l("Tăng, giảm", "Places"), Form::Movement),
        ],
        rows: lines.into_iter().map(|(_, cells)| cells).collect(),
    })
}
