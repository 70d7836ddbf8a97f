//! What the units of a commune owe it in a period: unit by unit and indicator by indicator, also what no target scores.
//!
//! It is the commune's own affair: "on time" of the ranking looks at the commune alone, and this changes nothing of it.
//!
//! Source: plan of xã Lộc Tấn, appendix I, rows 27–31 (21 hamlets, monthly); plan of xã Định Quán, IV.4; plan of xã Tân Phú, IV.1.

use super::by_unit;
use crate::{
    book::Book,
    catalogue::Catalogue,
    language::Language,
    listing::{Column, Form, Listing},
    period::{Cycle, Period},
};
use chrono::NaiveDate;

/// One figure that is expected of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitDuty {
    /// The unit's code.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// Number of the indicator in the book.
    pub indicator: u32,
    /// Its cycle for this commune.
    pub cycle: Cycle,
    /// Whether any target of the commune scores it.
    pub is_scored: bool,
    /// Whether the unit reported for the period itself.
    pub is_reported: bool,
    /// The period of its latest figure, where that is another.
    pub last: Option<Period>,
}

/// How many units reported an indicator for a period, of how many that should; none where no unit does.
#[must_use]
pub fn count(
    book: &Book,
    catalogue: &Catalogue,
    commune: u32,
    indicator: u32,
    period: Period,
) -> Option<(usize, usize)> {
    let figures = by_unit(book, catalogue, commune, indicator, period).figures;
    let came = figures.iter().filter(|figure| figure.reported_for(period)).count();
    (!figures.is_empty()).then_some((came, figures.len()))
}

/// What is expected of the units of a commune in a period, what is missing first: indicators of its plan whose cycle ends in it.
#[must_use]
pub fn duties(book: &Book, catalogue: &Catalogue, commune: u32, period: Period) -> Vec<UnitDuty> {
    let member = &book.members()[commune as usize];
    let mut planned: Vec<u32> = member.targets.iter().map(|target| target.indicator).collect();
    planned.sort_unstable();
    planned.dedup();
    let mut duties = Vec::new();
    for indicator in planned {
        let cycle = book.cycle(commune, indicator);
        if !cycle.ends_in(period) {
            continue;
        }
        let is_scored = member.targets.iter().any(|target| target.indicator == indicator && target.sharers > 0);
        for figure in by_unit(book, catalogue, commune, indicator, period).figures {
            duties.push(UnitDuty {
                is_reported: figure.reported_for(period),
                last: figure.series.map(|series| series.period).filter(|last| !last.ends_with(period)),
                unit: figure.code,
                name: figure.name,
                indicator,
                cycle,
                is_scored,
            });
        }
    }
    duties.sort_by(|a, b| (a.is_reported, &a.unit, a.indicator).cmp(&(b.is_reported, &b.unit, b.indicator)));
    duties
}

/// As both programs print it; `cutoff` is the units' last day, `today` what it is counted from.
#[must_use]
pub fn list(book: &Book, duties: &[UnitDuty], cutoff: NaiveDate, today: NaiveDate, language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let rows = duties.iter().map(|duty| {
        let indicator = &book.indicators()[duty.indicator as usize];
        let (delivery, words) = match duty.is_reported {
            true => ("reported", l("đã báo cáo", "reported")),
            false => ("missing", l("chưa báo cáo", "not reported")),
        };
        vec![
            duty.unit.clone(),
            duty.name.clone(),
            indicator.code.clone(),
            indicator.name.clone(),
            duty.cycle.as_str().to_owned(),
            duty.cycle.label(language).to_owned(),
            if duty.is_scored { "yes" } else { "no" }.to_owned(),
            cutoff.to_string(),
            delivery.to_owned(),
            words.to_owned(),
            duty.last.map(|period| period.to_string()).unwrap_or_default(),
        ]
    });
    let mut units: Vec<&str> = duties.iter().map(|duty| duty.unit.as_str()).collect();
    units.sort_unstable();
    units.dedup();
    let (units, missing) = (units.len(), duties.iter().filter(|duty| !duty.is_reported).count());
    let left = (cutoff - today).num_days();
    let left = match left {
        0.. => language.pick(format!("còn {left} ngày"), format!("{left} days left")),
        _ => language.pick(format!("đã qua {} ngày", -left), format!("{} days ago", -left)),
    };
    let note = match (duties.len(), language) {
        (0, Language::Vi) => {
            "Kế hoạch không giao số liệu nào của kỳ này cho ấp, đơn vị có nhiều thành viên.".to_owned()
        }
        (0, Language::En) => {
            "The plan asks no figure of this period of hamlets or other units with members.".to_owned()
        }
        (all, Language::Vi) => format!(
            "Đơn vị gửi về xã: hết ngày {} ({left}). {units} đơn vị phải báo cáo {all} số liệu, còn thiếu {missing}.",
            cutoff.format("%d/%m/%Y")
        ),
        (all, Language::En) => format!(
            "Units report to the commune by the end of {cutoff} ({left}). {units} units, {all} figures expected, {missing} missing."
        ),
    };
    Listing {
        title: String::new(),
        notes: vec![note],
        columns: vec![
            Column::new("unit", l("Mã", "Code"), Form::Text),
            Column::new("name", l("Đơn vị", "Unit"), Form::Text),
            Column::new("indicator", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("indicator_name", l("Tên chỉ tiêu", "Its name"), Form::Text),
            Column::new("cycle", "", Form::Text),
            Column::new("cycle_name", l("Chu kỳ", "Cycle"), Form::Text),
            Column::new("scored", "", Form::Text),
            Column::new("cutoff", l("Hạn", "Due"), Form::Day),
            Column::new("delivery", "", Form::Text),
            Column::new("delivery_words", l("Tình trạng", "State"), Form::Text),
            Column::new("last", l("Số liệu trước", "Last figure"), Form::Text),
        ],
        rows: rows.collect(),
    }
}
