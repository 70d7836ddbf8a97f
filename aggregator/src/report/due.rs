//! What is due: of each commune how much is expected in a period, by when, and what is missing; of one commune indicator by indicator.

use super::{
    figures::Figures,
    question::{AskError, Question},
};
use chrono::NaiveDate;
use shared::{
    book::Book,
    calendar::DueDays,
    due::{Delivery, duties},
    language::Language,
    listing::{Column, Form, Listing},
    period::{Cycle, Period},
    units::{self, due as unit_duties},
};
use std::cmp::Reverse;

/// What is expected of all communes with a plan, those that lack most first; or of one.
///
/// # Errors
/// No such commune, or none with targets; a period outside the plan year.
pub(super) fn due(figures: &Figures, question: &Question, typed: Option<&str>) -> Result<Listing, AskError> {
    let period = period(figures, question)?;
    match typed {
        None => Ok(whole(figures, period, question.language)),
        Some(typed) => one(figures, period, typed, question.language),
    }
}

/// What the units of a commune owe it, also what no target scores.
///
/// # Errors
/// No such commune, or none with targets; a period outside the plan year.
pub(super) fn of_units(figures: &Figures, question: &Question, typed: &str) -> Result<Listing, AskError> {
    let (book, language, period) = (figures.standings.book(), question.language, period(figures, question)?);
    let commune = figures.catalogue.find_commune(typed)?;
    let number = book.commune_number(&commune.slug).ok_or_else(|| AskError::NoTargets(commune.name.clone()))?;
    let days = commune.calendar(&figures.catalogue.province).days;
    let duties = unit_duties::duties(book, &figures.catalogue, number, period);
    let cutoff = units::cutoff(days.units_cutoff, period);
    let mut listing = unit_duties::list(book, &duties, cutoff, figures.today, language);
    let title = language.pick("ấp, đơn vị đến hạn kỳ", "units due for");
    listing.title = format!("{}, {title} {period}", commune.name);
    Ok(listing)
}

/// The period asked for, or the month of today.
fn period(figures: &Figures, question: &Question) -> Result<Period, AskError> {
    let this_month = Period::containing(figures.today, Cycle::Monthly)
        .filter(|month| month.year() == figures.catalogue.province.plan_year);
    figures.period(question.period.or(this_month))
}

/// The days on which others report: units to their commune, the province on.
fn other_days(days: DueDays, period: Period, language: Language) -> String {
    let day = |day: NaiveDate| language.pick(day.format("%d/%m/%Y").to_string(), day.to_string());
    let units = day(units::cutoff(days.units_cutoff, period));
    let report = day(period.day_in_last_month(u32::from(days.report)));
    language.pick(
        format!("đơn vị gửi về xã hết ngày {units}, báo cáo tỉnh ngày {report}"),
        format!("units report to the commune by {units}, the report goes out on {report}"),
    )
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
    let usual = other_days(figures.catalogue.province.days, period, language);
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
            language.pick(
                format!("Theo lịch chung của tỉnh: {usual}. Ấp, đơn vị của một xã: `due XÃ --units`."),
                format!("By the province's calendar {usual}. Units of a commune: `due COMMUNE --units`."),
            ),
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
            own.map(|target| target.lead_unit.to_string()).filter(|unit| !unit.is_empty()).collect();
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
            duty.cycle.label(language).to_owned(),
            lead_units(duty.indicator),
            unit_duties::count(book, &figures.catalogue, number, duty.indicator, period)
                .map(|(came, all)| format!("{came}/{all}"))
                .unwrap_or_default(),
            cutoff.to_string(),
            duty.delivery.as_str().to_owned(),
            duty.delivery.label(language).to_owned(),
        ]
    });
    let (day, left) = (cutoff.format("%d/%m/%Y"), (cutoff - figures.today).num_days());
    let others = other_days(commune.calendar(&figures.catalogue.province).days, period, language);
    let of_units = unit_duties::duties(book, &figures.catalogue, number, period);
    let of_units_missing = of_units.iter().filter(|duty| !duty.is_reported).count();
    let left = match left {
        0.. => language.pick(format!("còn {left} ngày"), format!("{left} days left")),
        _ => language.pick(format!("quá hạn {} ngày", -left), format!("{} days ago", -left)),
    };
    Ok(Listing {
        title: format!("{}, {} {period}", commune.name, l("đến hạn kỳ", "due for")),
        notes: vec![
            match language {
                Language::Vi => {
                    format!("Hạn hết ngày {day} ({left}): phải báo cáo {} chỉ tiêu, còn thiếu {missing}.", duties.len())
                }
                Language::En => {
                    format!(
                        "Due by the end of {cutoff} ({left}): {} indicators expected, {missing} missing.",
                        duties.len()
                    )
                }
            },
            match (of_units.len(), language) {
                (0, Language::Vi) => format!("Cùng kỳ: {others}."),
                (0, Language::En) => format!("In the same period {others}."),
                (all, Language::Vi) => {
                    format!(
                        "Cùng kỳ: {others}. Ấp, đơn vị phải gửi xã {all} số liệu, còn thiếu {of_units_missing}: `due {} --units`.",
                        commune.slug
                    )
                }
                (all, Language::En) => {
                    format!(
                        "In the same period {others}. Units owe the commune {all} figures, {of_units_missing} are missing: `due {} --units`.",
                        commune.slug
                    )
                }
            },
        ],
        columns: vec![
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("name", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("cycle", "", Form::Text),
            Column::new("cycle_name", l("Chu kỳ", "Cycle"), Form::Text),
            Column::new("lead_unit", l("Đơn vị chủ trì", "Lead unit"), Form::Text),
            Column::new("units", l("Đơn vị đã báo cáo", "Units reported"), Form::Text),
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
