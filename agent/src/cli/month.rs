//! `checks`, `tasks`, `units`, `report`, `progress`: the work of a month. All of it works without a network.

use super::{
    Desk, Failure, Printed, account,
    arguments::{Checks, Progress, Report, Tasks, Units},
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
use shared::{
    catalogue::{Task, Unit, view::CommuneView},
    language::Language,
    listing::{Form as Shown, Listing},
    observation::{ObservationKey, Refusal},
    ranking::{Scheme, Scope, board::Board, explain::explain, previous_in_year},
    task::{self, Reported, list::Line},
    units::{self, list as unit_list},
    vietnamese::folded,
};
use std::io::{self, Cursor};

/// Without a period asked for: the month of today, or the next one in which something is due.
pub fn read(desk: &Desk, view: View<'_>, asked: Option<&str>) -> Result<Month, Failure> {
    Ok(Month::read(view, desk.clock.now(), asked.map(period).transpose()?)?)
}

/// What people read above a list.
pub fn head(month: &Month, title: &str, language: Language) -> String {
    let banner = words::banner(month.is_simulated, language);
    format!("{banner}{}, {title}\n", plain(&month.catalogue.commune.name))
}

/// `checks`
pub fn checks(desk: &Desk, arguments: &Checks) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    let (ledger, language) = (&month.ledger, desk.language);
    let doubts = ledger.doubts(month.period);
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let rows = doubts.iter().map(|doubted| {
        let settled = ledger.is_settled(doubted);
        vec![
            doubted.code.clone(),
            month.name_of(&doubted.code),
            doubted.unit.clone(),
            doubted.period.to_string(),
            doubted.doubt.as_str().to_owned(),
            doubted.doubt.explain(language),
            yes(doubted.doubt.asks_for_a_note()),
            yes(settled),
            if settled { language.pick("đã giải thích", "explained") } else { "" }.to_owned(),
            ledger.note(doubted).to_owned(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let mut list = list(&CHECK_COLUMNS, rows, language);
    let settled = doubts.iter().filter(|doubted| ledger.is_settled(doubted)).count();
    list.notes.push(match doubts.len() {
        0 => language.pick("Không có gì cần xem lại.", "Nothing to look at again.").to_owned(),
        count if count == settled => language.pick(
            format!("{count} điểm, đều đã giải thích; người thẩm định cũng thấy các điểm này."),
            format!("{count} things, all of them explained; reviewers see these too."),
        ),
        count => language.pick(
            format!("{} điểm cần xem lại, {settled} điểm đã giải thích. Đúng thì nhập lại kèm --note giải thích; người thẩm định cũng thấy các điểm này.", count - settled),
            format!("{} things to look at again, {settled} explained. Where it is right, record it again with a --note; reviewers see these too.", count - settled),
        ),
    });
    let title = language.pick(format!("kiểm tra số liệu kỳ {}", month.period), format!("checks of {}", month.period));
    Ok(print(desk, &list, &head(&month, &title, language)))
}

const CHECK_COLUMNS: [Column; 10] = [
    text("indicator", "Mã", "Code"),
    text("name", "Chỉ tiêu, nhiệm vụ", "Indicator, task"),
    text("unit", "Đơn vị", "Unit"),
    text("period", "Kỳ", "Period"),
    hidden("check"),
    formed("reason", "Cần xem lại vì", "To look at because", Shown::Words),
    hidden("asks_for_a_note"),
    hidden("settled"),
    text("settled_words", "Giải thích", "Explained"),
    text("note", "Ghi chú", "Note"),
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

/// The codes under which units report, for people.
fn codes(catalogue: &CommuneView) -> String {
    let code = |unit: &Unit| match unit.members {
        0 => unit.code.clone(),
        _ => unit.codes().last().map_or_else(|| unit.code.clone(), |last| format!("{0}-01…{last}", unit.code)),
    };
    plain(&catalogue.units.iter().map(code).collect::<Vec<_>>().join(", "))
}

/// `units`
pub fn units(desk: &Desk, arguments: &Units) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    let (language, period) = (desk.language, month.period);
    let Ledger { catalogue, book, commune, .. } = &month.ledger;
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
    let mut list = unit_list::ranking(&units::ranking(book, catalogue, commune, period, &rows, &tasks), language);
    let codes = codes(&month.catalogue);
    list.notes
        .push(language.pick(format!("Mã đơn vị (--unit): {codes}."), format!("Codes of units (--unit): {codes}.")));
    let title = language.pick(format!("các đơn vị kỳ {period}"), format!("units in {period}"));
    Ok(print(desk, &list, &head(&month, &title, language)))
}

/// `report`
pub fn report(desk: &Desk, arguments: Report) -> Result<Printed, Failure> {
    for path in std::iter::once(&arguments.out).chain(&arguments.annex) {
        entering::free(path)?;
    }
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let month = read(desk, view, Some(&arguments.period))?;
    let of_period = |key: &ObservationKey| key.period.ends_with(month.period);
    let noted = view.newest_of_all()?.into_iter().filter(|figure| of_period(&figure.observation.key));
    let notes = noted
        .filter(|figure| !figure.observation.note.is_empty())
        .map(|figure| (figure.observation.key.indicator, figure.observation.note))
        .collect();
    let before = previous_in_year(month.period);
    let closed = view.closed_periods()?;
    let sources = Sources {
        catalogue: &month.catalogue,
        ledger: &month.ledger,
        period: month.period,
        today: month.today,
        standing: view.standing("own", Some(month.period))?,
        before: before.map(|before| view.standing("own", Some(before))).transpose()?.flatten(),
        before_is_closed: before.is_some_and(|before| closed.contains(&before)),
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
