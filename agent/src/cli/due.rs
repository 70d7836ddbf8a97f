//! `due`: what the commune owes the province in a period, and its units owe the commune; by when, and what is missing.

use super::{
    Desk, Failure, Printed,
    arguments::Due,
    looking::print,
    month::{head, read},
    table::{Column, formed, hidden, list, text},
};
use crate::{month::Month, store::Store};
use chrono::NaiveDate;
use shared::{
    due::{Delivery, duties},
    language::Language,
    listing::{Form as Shown, Listing},
    units::{self, due as unit_duties},
};

/// `due`
pub fn due(desk: &Desk, arguments: &Due) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    if arguments.units {
        return Ok(of_units(desk, &month));
    }
    let list = due_list(&month, desk.language);
    let title = desk.language.pick(format!("đến hạn kỳ {}", month.period), format!("due for {}", month.period));
    Ok(print(desk, &list, &head(&month, &title, desk.language)))
}

const DUE_COLUMNS: [Column; 9] = [
    text("indicator", "Mã", "Code"),
    text("name", "Chỉ tiêu", "Indicator"),
    hidden("cycle"),
    text("lead_unit", "Đơn vị chủ trì", "Lead unit"),
    formed("cutoff", "Hạn", "Due", Shown::Day),
    hidden("delivery"),
    text("delivery_words", "Tình trạng", "State"),
    text("last", "Số liệu trước", "Last figure"),
    text("units", "Đơn vị đã báo cáo", "Units reported"),
];

fn due_list(month: &Month, language: Language) -> Listing {
    let (ledger, period) = (&month.ledger, month.period);
    let book = &ledger.book;
    let days = month.catalogue.commune.calendar(&month.catalogue.province).days;
    let cutoff = ledger.commune.map(|commune| book.cutoff(commune, period));
    let mut rows = Vec::new();
    let mut missing = 0;
    for (commune, duty) in ledger.commune.iter().flat_map(|c| duties(book, *c, period).map(move |duty| (*c, duty))) {
        let indicator = &book.indicators()[duty.indicator as usize];
        // When the province received it is the province's to say.
        let is_missing = duty.delivery == Delivery::Missing;
        missing += usize::from(is_missing);
        let lead: Vec<&str> = month
            .catalogue
            .targets_for(&indicator.code)
            .map(|t| t.lead_unit.as_str())
            .filter(|l| !l.is_empty())
            .collect();
        let last = book.effective(commune, duty.indicator, period).filter(|_| is_missing);
        let last = last.map(|effective| match effective.measure {
            shared::achievement::Measure::Number(number) => {
                format!(
                    "{} ({})",
                    shared::listing::for_people(Shown::Value, &number.to_decimals(6), language),
                    effective.period
                )
            }
            shared::achievement::Measure::Flag(yes) => {
                format!(
                    "{} ({})",
                    if yes { language.pick("có", "yes") } else { language.pick("không", "no") },
                    effective.period
                )
            }
        });
        rows.push(vec![
            indicator.code.clone(),
            indicator.name.clone(),
            duty.cycle.as_str().to_owned(),
            lead.first().copied().unwrap_or_default().to_owned(),
            cutoff.map(|day| day.to_string()).unwrap_or_default(),
            if is_missing { "missing" } else { "entered" }.to_owned(),
            if is_missing { Delivery::Missing.label(language) } else { language.pick("đã nhập", "entered") }.to_owned(),
            last.unwrap_or_default(),
            unit_duties::count(book, &ledger.catalogue, commune, duty.indicator, period)
                .map(|(came, all)| format!("{came}/{all}"))
                .unwrap_or_default(),
        ]);
    }
    let expected = rows.len();
    let mut listed = list(&DUE_COLUMNS, rows, language);
    let day = |day: NaiveDate| {
        let left = (day - month.today).num_days();
        let shown = language.pick(day.format("%d/%m/%Y").to_string(), day.to_string());
        match left {
            0.. => language.pick(format!("{shown} (còn {left} ngày)"), format!("{shown} ({left} days left)")),
            _ => language.pick(format!("{shown} (đã qua {} ngày)", -left), format!("{shown} ({} days ago)", -left)),
        }
    };
    let units = units::cutoff(days.units_cutoff, period);
    let report = period.day_in_last_month(u32::from(days.report));
    if let Some(cutoff) = cutoff {
        listed.notes.push(language.pick(
            format!(
                "Đơn vị gửi về xã: hết ngày {}. Xã gửi tỉnh: hết ngày {}. Báo cáo tỉnh: {}.",
                day(units),
                day(cutoff),
                day(report)
            ),
            format!(
                "Units to the commune: by {}. Commune to the province: by {}. Report: {}.",
                day(units),
                day(cutoff),
                day(report)
            ),
        ));
    }
    listed.notes.push(language.pick(
        format!("Phải báo cáo {expected} chỉ tiêu, còn thiếu {missing}."),
        format!("{expected} indicators expected, {missing} missing."),
    ));
    let of_units = ledger.commune.map(|commune| unit_duties::duties(book, &ledger.catalogue, commune, period));
    let of_units = of_units.unwrap_or_default();
    if !of_units.is_empty() {
        let (all, lacking) = (of_units.len(), of_units.iter().filter(|duty| !duty.is_reported).count());
        listed.notes.push(language.pick(
            format!("Ấp, đơn vị phải gửi xã {all} số liệu, còn thiếu {lacking}: `commune-agent due --units`."),
            format!("Units owe the commune {all} figures, {lacking} are missing: `commune-agent due --units`."),
        ));
    }
    let silent = month.silent_tasks();
    if silent > 0 {
        listed.notes.push(language.pick(
            format!("{silent} nhiệm vụ chưa báo cáo tiến độ kỳ này: `commune-agent tasks`."),
            format!("{silent} tasks without progress for this period: `commune-agent tasks`."),
        ));
    }
    let doubts = ledger.doubts(period).iter().filter(|doubted| !ledger.is_settled(doubted)).count();
    if doubts > 0 {
        listed.notes.push(language.pick(
            format!("{doubts} điểm cần xem lại: `commune-agent checks`."),
            format!("{doubts} things to look at again: `commune-agent checks`."),
        ));
    }
    listed
}

/// `due --units`
fn of_units(desk: &Desk, month: &Month) -> Printed {
    let (ledger, period) = (&month.ledger, month.period);
    let days = month.catalogue.commune.calendar(&month.catalogue.province).days;
    let duties = ledger.commune.map(|commune| unit_duties::duties(&ledger.book, &ledger.catalogue, commune, period));
    let cutoff = units::cutoff(days.units_cutoff, period);
    let list = unit_duties::list(&ledger.book, &duties.unwrap_or_default(), cutoff, month.today, desk.language);
    let title = desk.language.pick(format!("ấp, đơn vị đến hạn kỳ {period}"), format!("units due for {period}"));
    print(desk, &list, &head(month, &title, desk.language))
}
