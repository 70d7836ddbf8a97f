//! `due`, `checks`, `tasks`, `units`, `progress`: the work of a month. All of it works without a network.

use super::{
    Desk, Failure, Printed, account,
    arguments::{Checks, Due, Progress, Report, Tasks, Units},
    entering::{self, period},
    looking::print,
    table::{Column, formed, hidden, list, text},
    words::{self, plain},
};
use crate::{
    entry::{self, Author, EntryError, Form, Typed},
    ledger::Ledger,
    month::Month,
    report::Sources,
    store::{Store, View},
};
use chrono::NaiveDate;
use shared::{
    catalogue::Task,
    due::{Delivery, duties},
    language::Language,
    listing::{Form as Shown, Listing},
    observation::{ObservationKey, Refusal},
    ranking::{Scheme, Scope, board::Board, explain::explain},
    task::{self, Reported, list::Line},
    units::{self, list as unit_list},
    vietnamese::folded,
};
use std::io::{self, Cursor};

/// Without a period asked for: the month of today, or the next one in which something is due.
fn read(desk: &Desk, view: View<'_>, asked: Option<&str>) -> Result<Month, Failure> {
    Ok(Month::read(view, desk.clock.now(), asked.map(period).transpose()?)?)
}

/// What people read above a list.
fn head(month: &Month, title: &str, language: Language) -> String {
    let banner = words::banner(month.is_simulated, language);
    format!("{banner}{}, {title}\n", plain(&month.catalogue.commune.name))
}

/// `due`
pub fn due(desk: &Desk, arguments: &Due) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    let list = due_list(&month, desk.language);
    let title = desk.language.pick(format!("đến hạn kỳ {}", month.period), format!("due for {}", month.period));
    Ok(print(desk, &list, &head(&month, &title, desk.language)))
}

const DUE_COLUMNS: [Column; 8] = [
    text("indicator", "Mã", "Code"),
    text("name", "Chỉ tiêu", "Indicator"),
    hidden("cycle"),
    text("lead_unit", "Đơn vị chủ trì", "Lead unit"),
    formed("cutoff", "Hạn", "Due", Shown::Day),
    hidden("delivery"),
    text("delivery_words", "Tình trạng", "State"),
    text("last", "Số liệu trước", "Last figure"),
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
    let silent = month.silent_tasks();
    if silent > 0 {
        listed.notes.push(language.pick(
            format!("{silent} nhiệm vụ chưa báo cáo tiến độ kỳ này: `commune-agent tasks`."),
            format!("{silent} tasks without progress for this period: `commune-agent tasks`."),
        ));
    }
    let doubts = ledger.doubts(period).len();
    if doubts > 0 {
        listed.notes.push(language.pick(
            format!("{doubts} điểm cần xem lại: `commune-agent checks`."),
            format!("{doubts} things to look at again: `commune-agent checks`."),
        ));
    }
    listed
}

/// `checks`
pub fn checks(desk: &Desk, arguments: &Checks) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    let (book, language) = (&month.ledger.book, desk.language);
    let doubts = month.ledger.doubts(month.period);
    let rows = doubts.iter().map(|doubted| {
        let row = doubted.indicator.map(|number| &book.indicators()[number as usize]);
        vec![
            row.map(|row| row.code.clone()).unwrap_or_default(),
            row.map(|row| row.name.clone()).unwrap_or_default(),
            doubted.unit.clone(),
            doubted.doubt.as_str().to_owned(),
            doubted.doubt.explain(language),
            if doubted.doubt.asks_for_a_note() { "yes" } else { "no" }.to_owned(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let mut list = list(&CHECK_COLUMNS, rows, language);
    list.notes.push(match doubts.len() {
        0 => language.pick("Không có gì cần xem lại.", "Nothing to look at again.").to_owned(),
        count => language.pick(
            format!("{count} điểm cần xem lại. Đúng thì nhập lại kèm --note giải thích; người thẩm định cũng thấy các điểm này."),
            format!("{count} things to look at again. Where it is right, record it again with a --note; reviewers see these too."),
        ),
    });
    let title = language.pick(format!("kiểm tra số liệu kỳ {}", month.period), format!("checks of {}", month.period));
    Ok(print(desk, &list, &head(&month, &title, language)))
}

const CHECK_COLUMNS: [Column; 6] = [
    text("indicator", "Mã", "Code"),
    text("name", "Chỉ tiêu", "Indicator"),
    text("unit", "Đơn vị", "Unit"),
    hidden("check"),
    formed("reason", "Cần xem lại vì", "To look at because", Shown::Words),
    hidden("asks_for_a_note"),
];

/// `tasks`
pub fn tasks(desk: &Desk, arguments: &Tasks) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    let words: Vec<String> = folded(&arguments.search).split(' ').map(str::to_owned).collect();
    let wanted = |task: &&Task| {
        let all = folded(&format!("{} {} {} {} {}", task.code, task.title, task.detail, task.lead_unit, task.group));
        words.iter().all(|word| all.contains(word.as_str()))
    };
    let lines: Vec<Line<'_>> = month
        .catalogue
        .tasks
        .iter()
        .filter(wanted)
        .filter_map(|task| {
            let progress = task::progress(&month.ledger.book, month.ledger.commune?, task, month.period, month.today);
            Some(Line { commune: &month.catalogue.commune.name, task, progress })
        })
        .collect();
    let list = task::list::list(&lines, false, desk.language);
    let title = desk.language.pick(format!("nhiệm vụ kỳ {}", month.period), format!("tasks of {}", month.period));
    Ok(print(desk, &list, &head(&month, &title, desk.language)))
}

/// `units`
pub fn units(desk: &Desk, arguments: &Units) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    let (language, period) = (desk.language, month.period);
    let Ledger { catalogue, book, commune } = &month.ledger;
    let Some(commune) = *commune else {
        let title = language.pick("kế hoạch chưa có mục tiêu nào", "the plan has no target yet");
        return Ok(print(desk, &unit_list::ranking(&[], language), &head(&month, title, language)));
    };
    if let Some(typed) = &arguments.indicator {
        let code = typed.trim().to_uppercase();
        let number = book.indicator_number(&code);
        let number =
            number.ok_or_else(|| EntryError::from(Refusal::UnknownIndicator(typed.chars().take(40).collect())))?;
        let list = unit_list::by_unit(&units::by_unit(book, catalogue, commune, number, period), language);
        let name = &book.indicators()[number as usize].name;
        let title = language
            .pick(format!("{code} {name} theo đơn vị, kỳ {period}"), format!("{code} {name} by unit, {period}"));
        return Ok(print(desk, &list, &head(&month, &title, language)));
    }
    let board = Board::new(book, Scheme::Own, period, &Scope::default());
    let rows = explain(book, &board, commune, month.today);
    let tasks: Vec<_> = month
        .catalogue
        .tasks
        .iter()
        .map(|task| (task.lead_unit.clone(), task::progress(book, commune, task, period, month.today)))
        .collect();
    let list = unit_list::ranking(&units::ranking(book, catalogue, commune, period, &rows, &tasks), language);
    let title = language.pick(format!("các đơn vị kỳ {period}"), format!("units in {period}"));
    Ok(print(desk, &list, &head(&month, &title, language)))
}

/// `report`
pub fn report(desk: &Desk, arguments: Report) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let month = read(desk, view, Some(&arguments.period))?;
    let of_period = |key: &ObservationKey| key.period.ends_with(month.period);
    let noted = view.newest_of_all()?.into_iter().filter(|figure| of_period(&figure.observation.key));
    let notes = noted
        .filter(|figure| !figure.observation.note.is_empty())
        .map(|figure| {
            let about = Reported::of(&figure.observation.key.indicator).label(Language::Vi);
            (about, figure.observation.note)
        })
        .collect();
    let sources = Sources {
        catalogue: &month.catalogue,
        ledger: &month.ledger,
        period: month.period,
        today: month.today,
        standing: view.standing("own", Some(month.period))?,
        notes,
        is_simulated: month.is_simulated,
    };
    let (document, lists) =
        sources.compose(desk.config.report.clone())?.ok_or(Failure::NothingReported(month.period))?;
    // Both whole, before a file is made.
    let mut bytes = Cursor::new(Vec::new());
    document.write(&mut bytes)?;
    let mut annex = Cursor::new(Vec::new());
    let sheets: Vec<(&str, &Listing)> = lists.iter().map(|(name, list)| (*name, list)).collect();
    workbook::listing::write_sheets(&sheets, Language::Vi, &mut annex).map_err(io::Error::other)?;
    let mut text = words::banner(month.is_simulated, desk.language).to_owned();
    let files = [(Some(arguments.out), bytes), (arguments.annex, annex)];
    for (path, bytes) in files.into_iter().filter_map(|(path, bytes)| Some((path?, bytes))) {
        entering::write_new(&path, bytes.get_ref())?;
        text += &desk.language.pick(format!("Đã ghi {}\n", path.display()), format!("Wrote {}\n", path.display()));
    }
    Ok(text.into())
}

/// `progress`
pub fn progress(desk: &Desk, arguments: Progress) -> Result<Printed, Failure> {
    let period = period(&arguments.period)?;
    let mut store = Store::open(&desk.folder)?;
    let catalogue = store.view().catalogue()?.ok_or(EntryError::NoCatalogue)?;
    let typed = arguments.task.trim();
    let task = catalogue.tasks.iter().find(|task| task.code.eq_ignore_ascii_case(typed));
    let task = task.ok_or_else(|| EntryError::from(Refusal::UnknownIndicator(typed.chars().take(40).collect())))?;
    let form = |reported: Reported<'_>, typed: Typed| Form {
        indicator: reported.code(),
        unit: arguments.unit.clone(),
        period,
        typed,
        note: arguments.note.clone(),
    };
    let done = arguments.done.map(|done| match done.split_once('/') {
        Some((n, d)) => Typed::Ratio(n.trim().into(), d.trim().into()),
        None => Typed::Value(done),
    });
    let forms: Vec<Form> = [
        done.map(|done| form(Reported::Progress(&task.code), done)),
        arguments.spent.map(|spent| form(Reported::Disbursement(&task.code), Typed::Value(spent))),
    ]
    .into_iter()
    .flatten()
    .collect();
    let by = arguments.by.unwrap_or_else(account::name);
    let mut random = rand::rng();
    let mut author = Author { name: &by, now: desk.clock.now(), random: &mut random };
    let recorded = entry::record_all(&mut store, &mut author, &forms)?;
    entering::told(desk, &store, &recorded, &task.title)
}
