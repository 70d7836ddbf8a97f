//! What is due: of each commune how much is expected in a period, by when, and what is missing; of one commune indicator by indicator.

use super::{
    figures::Figures,
    question::{AskError, Question},
};
use chrono::NaiveDate;
use shared::{
    book::Book,
    due::{Delivery, duties},
    language::Language,
    listing::{Column, Form, Listing},
    period::{Cycle, Period},
};
use std::cmp::Reverse;

/// What is expected of all communes with a plan, those that lack most first; or of one.
///
/// # Errors
/// No such commune, or none with targets; a period outside the plan year.
pub(super) fn due(figures: &Figures, question: &Question, typed: Option<&str>) -> Result<Listing, AskError> {
    let this_month = Period::containing(figures.today, Cycle::Monthly)
        .filter(|month| month.year() == figures.catalogue.province.plan_year);
    let period = figures.period(question.period.or(this_month))?;
    match typed {
        None => Ok(whole(figures, period, question.language)),
        Some(typed) => one(figures, period, typed, question.language),
    }
}

fn whole(figures: &Figures, period: Period, language: Language) -> Listing {
    let (book, l) = (figures.standings.book(), |vi, en| language.pick(vi, en));
    let mut lines: Vec<_> = (0u32..)
        .zip(book.members())
        .filter_map(|(commune, member)| {
            let duties: Vec<_> = duties(book, commune, period).collect();
            let missing: Vec<_> = duties.iter().filter(|duty| duty.delivery == Delivery::Missing).collect();
            let order = (Reverse(missing.len()), member.name_order);
            let codes: Vec<_> = missing.iter().map(|duty| &*book.indicators()[duty.indicator as usize].code).collect();
            let count = |delivery| duties.iter().filter(|duty| duty.delivery == delivery).count();
            let cutoff = book.cutoff(commune, period);
            let cells = vec![
                member.row.slug.clone(),
                member.row.name.clone(),
                cutoff.to_string(),
                exception(book, commune, period, cutoff),
                days_left(figures, cutoff),
                duties.len().to_string(),
                count(Delivery::OnTime).to_string(),
                count(Delivery::Late).to_string(),
                missing.len().to_string(),
                codes.join(" "),
            ];
            (!duties.is_empty()).then_some((order, cells))
        })
        .collect();
    lines.sort_by_key(|(order, _)| *order);
    let lacking = lines.iter().filter(|((Reverse(missing), _), _)| *missing > 0).count();
    Listing {
        title: format!("{} {period}", l("Đến hạn báo cáo kỳ", "Due for")),
        notes: vec![
            match language {
                Language::Vi => format!("{} xã, phường phải báo cáo, {lacking} nơi còn thiếu. Hạn tính đến hết ngày ghi.", lines.len()),
                Language::En => format!("{} communes are to report, {lacking} of them lack something. The day counts to its end.", lines.len()),
            },
            l(
                "Hạn không phải ngày khóa sổ: số liệu trễ vẫn nhận đến khi chốt kỳ. Từng chỉ tiêu: `due XÃ`.",
                "The due day is no lock: late figures are taken until the period is closed. By indicator: `due COMMUNE`.",
            )
            .into(),
        ],
        columns: vec![
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("cutoff", l("Hạn", "Due"), Form::Day),
            Column::new("exception", l("Được gia hạn", "Exception"), Form::Text),
            Column::new("days_left", l("Còn (ngày)", "Days left"), Form::Number),
            Column::new("expected", l("Phải báo cáo", "Expected"), Form::Number),
            Column::new("on_time", l("Đúng hạn", "On time"), Form::Number),
            Column::new("late", l("Trễ", "Late"), Form::Number),
            Column::new("missing", l("Còn thiếu", "Missing"), Form::Number),
            Column::new("missing_codes", l("Thiếu chỉ tiêu", "Missing indicators"), Form::Text),
        ],
        rows: lines.into_iter().map(|(_, cells)| cells).collect(),
    }
}

fn one(figures: &Figures, period: Period, typed: &str, language: Language) -> Result<Listing, AskError> {
    let (book, l) = (figures.standings.book(), |vi, en| language.pick(vi, en));
    let commune = figures.catalogue.find_commune(typed)?;
    let number = book.commune_number(&commune.slug).ok_or_else(|| AskError::NoTargets(commune.name.clone()))?;
    let cutoff = book.cutoff(number, period);
    let mut duties: Vec<_> = duties(book, number, period).collect();
    // What is missing first; within that the plan's own order of codes.
    duties.sort_by_key(|duty| (duty.delivery, duty.indicator));
    let lead_units = |indicator: u32| {
        let own = book.members()[number as usize].targets.iter().filter(|target| target.indicator == indicator);
        let mut units: Vec<_> =
            own.map(|target| target.row.lead_unit.clone()).filter(|unit| !unit.is_empty()).collect();
        units.dedup();
        units.join("; ")
    };
    let missing = duties.iter().filter(|duty| duty.delivery == Delivery::Missing).count();
    let rows = duties.iter().map(|duty| {
        let indicator = &book.indicators()[duty.indicator as usize];
        vec![
            indicator.code.clone(),
            indicator.name.clone(),
            duty.cycle.as_str().to_owned(),
            cycle_name(duty.cycle, language).to_owned(),
            lead_units(duty.indicator),
            cutoff.to_string(),
            duty.delivery.as_str().to_owned(),
            duty.delivery.label(language).to_owned(),
        ]
    });
    let (day, left) = (cutoff.format("%d/%m/%Y"), (cutoff - figures.today).num_days());
    let left = match left {
        0.. => language.pick(format!("còn {left} ngày"), format!("{left} days left")),
        _ => language.pick(format!("quá hạn {} ngày", -left), format!("{} days ago", -left)),
    };
    Ok(Listing {
        title: format!("{}, {} {period}", commune.name, l("đến hạn kỳ", "due for")),
        notes: vec![match language {
            Language::Vi => {
                format!("Hạn hết ngày {day} ({left}): phải báo cáo {} chỉ tiêu, còn thiếu {missing}.", duties.len())
            }
            Language::En => {
                format!("Due by the end of {day} ({left}): {} indicators expected, {missing} missing.", duties.len())
            }
        }],
        columns: vec![
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("name", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("cycle", "", Form::Text),
            Column::new("cycle_name", l("Chu kỳ", "Cycle"), Form::Text),
            Column::new("lead_unit", l("Đơn vị chủ trì", "Lead unit"), Form::Text),
            Column::new("cutoff", l("Hạn", "Due"), Form::Day),
            Column::new("delivery", "", Form::Text),
            Column::new("delivery_words", l("Tình trạng", "State"), Form::Text),
        ],
        rows: rows.collect(),
    })
}

/// `yes` where the cut-off day is not the commune's usual one.
fn exception(book: &Book, commune: u32, period: Period, cutoff: NaiveDate) -> String {
    let usual = period.day_in_last_month(u32::from(book.members()[commune as usize].cutoff_day));
    if cutoff == usual { String::new() } else { "yes".into() }
}

/// Whole days until the cut-off day; negative after it.
fn days_left(figures: &Figures, cutoff: NaiveDate) -> String {
    (cutoff - figures.today).num_days().to_string()
}

fn cycle_name(cycle: Cycle, language: Language) -> &'static str {
    let (vi, en) = match cycle {
        Cycle::Monthly => ("tháng", "monthly"),
        Cycle::Quarterly => ("quý", "quarterly"),
        Cycle::HalfYearly => ("6 tháng", "half-yearly"),
        Cycle::Yearly => ("năm", "yearly"),
    };
    language.pick(vi, en)
}
