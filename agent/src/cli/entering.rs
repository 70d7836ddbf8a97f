//! `record`, `import`: the figures that a person enters.

use super::{
    Desk, Failure, Printed, account,
    arguments::{GivenValue, Import, Record, Template},
    table::{Format, pretty},
    words::{self, plain},
};
use crate::{
    entry::{self, Author, EntryError, Form, Recorded, Typed},
    import::{self, Difference, How, Imported},
    ledger::Ledger,
    store::Store,
    template::{self, Wanted},
};
use serde_json::json;
use shared::{
    calendar::{local_day, rfc3339},
    language::Language,
    observation::Refusal,
    period::Period,
    plausibility::Doubt,
    task::Reported,
};
use std::{
    collections::BTreeSet,
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

/// Most things to look at again that are listed for people; JSON has them all.
const MAX_LISTED: usize = 20;

/// Most changes that a dry run lists for people.
const MAX_CHANGES: usize = 200;

/// Longest name of an indicator or task in a message, in characters; the full one is in the lists.
const LONGEST_NAME: usize = 90;

/// `record`
pub fn record(desk: &Desk, record: Record) -> Result<Printed, Failure> {
    let (period, typed) = (period(&record.place.period)?, typed(record.value)?);
    let mut store = Store::open(&desk.folder)?;
    let by = record.by.unwrap_or_else(account::name);
    let form = Form { indicator: record.place.indicator, unit: record.place.unit, period, typed, note: record.note };
    let mut random = rand::rng();
    let mut author = Author { name: &by, now: desk.clock.now(), random: &mut random };
    let recorded = entry::record(&mut store, &mut author, &form)?;
    told(desk, &store, &[recorded], "")
}

/// What is said of figures that were recorded; `title` names what they are of, where it is no indicator.
pub fn told(desk: &Desk, store: &Store, recorded: &[Recorded], title: &str) -> Result<Printed, Failure> {
    let catalogue = store.view().catalogue()?.ok_or(EntryError::NoCatalogue)?;
    let today = local_day(store.view().exercise()?.time(desk.clock.now()));
    let ledger = Ledger::read(store.view(), &catalogue, today)?;
    let doubts: Vec<Vec<Doubt>> = recorded.iter().map(|one| ledger.doubts_of(&one.observation.key)).collect();
    if desk.format == Format::Json {
        let mut all: Vec<_> =
            recorded.iter().zip(&doubts).map(|(one, doubts)| as_json(one, doubts, desk.language)).collect();
        let json = if all.len() == 1 { all.remove(0) } else { all.into() };
        return Ok(pretty(&json).into());
    }
    let mut text = words::banner(store.view().exercise()?.on, desk.language).to_owned();
    for (one, doubts) in recorded.iter().zip(&doubts) {
        let key = &one.observation.key;
        let task = Reported::of(&key.indicator).task().and_then(|code| catalogue.task(code));
        let indicator = catalogue.indicator(&key.indicator).map(|one| one.name.as_str());
        let name = indicator.or(task.map(|task| task.title.as_str())).unwrap_or(title);
        text += &in_words(desk, one, name, doubts);
    }
    text += desk.language.pick("Đang chờ gửi về tỉnh.\n", "Waiting to be sent to the province.\n");
    text += &told_closed(desk, store, recorded.iter().map(|one| one.observation.key.period))?;
    Ok(text.into())
}

/// What is said of those periods that are closed.
fn told_closed(desk: &Desk, store: &Store, periods: impl IntoIterator<Item = Period>) -> Result<String, Failure> {
    let closed = store.view().closed_periods()?;
    let periods: BTreeSet<Period> = periods.into_iter().filter(|period| closed.contains(period)).collect();
    Ok(periods.into_iter().map(|period| words::closed(period, desk.language)).collect())
}

/// A period as typed.
pub fn period(text: &str) -> Result<Period, Failure> {
    text.trim().parse().map_err(|_| Failure::Period(text.chars().take(20).collect()))
}

fn typed(given: GivenValue) -> Result<Typed, Failure> {
    Ok(match (given.value, given.ratio) {
        (Some(value), _) => Typed::Value(value),
        (None, Some(ratio)) => {
            let parts = ratio.split_once('/').ok_or_else(|| Failure::Ratio(ratio.chars().take(40).collect()))?;
            Typed::Ratio(parts.0.trim().into(), parts.1.trim().into())
        }
        (None, None) => Typed::Flag(given.yes),
    })
}

fn as_json(recorded: &Recorded, doubts: &[Doubt], language: Language) -> serde_json::Value {
    let doubts: Vec<_> =
        doubts.iter().map(|doubt| json!({ "check": doubt.as_str(), "reason": doubt.explain(language) })).collect();
    let key = &recorded.observation.key;
    let [numerator, denominator, value] = words::machine(recorded.observation.value);
    json!({
        "indicator": key.indicator,
        "unit": key.unit,
        "period": key.period.to_string(),
        "version": recorded.version,
        "numerator": numerator,
        "denominator": denominator,
        "value": value,
        "has_target": recorded.has_target,
        "change_id": recorded.change_id.to_string(),
        "evidence_kept": recorded.carried,
        "ends_acceptance": recorded.ends_acceptance(),
        "pending": true,
        "checks": doubts,
    })
}

fn in_words(desk: &Desk, recorded: &Recorded, name: &str, doubts: &[Doubt]) -> String {
    let (language, key) = (desk.language, &recorded.observation.key);
    let value = words::value(recorded.observation.value, language);
    let shortened = |text: &str| match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    };
    let (name, code) = (plain(&shortened(name)), Reported::of(&key.indicator).label(language));
    let value = match Reported::of(&key.indicator) {
        Reported::Disbursement(_) => format!("{value} {}", language.pick("triệu đồng", "million VND")),
        _ => value,
    };
    let unit = if key.unit.is_empty() { String::new() } else { format!(" [{}]", key.unit) };
    let version = recorded.version;
    let mut text = language.pick(
        format!("Đã ghi {code} ({name}){unit}, kỳ {}: {value} (phiên bản {version})\n", key.period),
        format!("Recorded {code} ({name}){unit}, period {}: {value} (version {version})\n", key.period),
    );
    if let Some(previous) = &recorded.previous {
        let value = words::value(previous.observation.value, language);
        let (by, at) = (plain(&previous.entered_by), words::instant(previous.entered_at));
        text += &language.pick(format!("Trước đó: {value} ({by}, {at})\n"), format!("Before: {value} ({by}, {at})\n"));
    }
    if recorded.carried > 0 {
        let carried = recorded.carried;
        text += &language.pick(
            format!("Giá trị không đổi: giữ nguyên {carried} minh chứng của phiên bản trước.\n"),
            format!("The value is the same: the {carried} files of the version before stay with it.\n"),
        );
    }
    if recorded.ends_acceptance() {
        text += language.pick(
            "Phiên bản trước đã được chấp nhận; phiên bản mới phải chờ thẩm định lại.\n",
            "The version before was accepted; the new one awaits a review again.\n",
        );
    }
    for doubt in doubts {
        let reason = doubt.explain(language);
        text += &language.pick(format!("Xin xem lại: {reason}.\n"), format!("Please look again: {reason}.\n"));
    }
    if doubts.iter().any(Doubt::asks_for_a_note) && recorded.observation.note.is_empty() {
        text += language.pick(
            "Nếu đúng, xin nhập lại kèm --note nói rõ lý do; người thẩm định cũng thấy điểm này.\n",
            "If it is right, record it again with a --note that says why; the reviewer sees this too.\n",
        );
    }
    if !recorded.has_target && !Reported::of(&key.indicator).is_task() {
        text += language.pick(
            "Lưu ý: kế hoạch của xã không có mục tiêu cho chỉ tiêu này; số liệu vẫn được lưu và gửi.\n",
            "Note: the commune's plan has no target for this indicator; the figure is kept and sent all the same.\n",
        );
    }
    text
}

/// `import`
pub fn import(desk: &Desk, arguments: &Import) -> Result<Printed, Failure> {
    let mut store = Store::open(&desk.folder)?;
    let failed = |error| Failure::Import { file: arguments.file.clone(), error };
    let bytes = import::read_file(&arguments.file).map_err(failed)?;
    let by = arguments.by.clone().unwrap_or_else(account::name);
    let mut random = rand::rng();
    let mut author = Author { name: &by, now: desk.clock.now(), random: &mut random };
    let how = How { dry_run: arguments.dry_run, overwrite: arguments.overwrite };
    let imported = import::import(&mut store, &mut author, &bytes, how).map_err(failed)?;
    match desk.format {
        Format::Json => Ok(pretty(&json!({
            "recorded": imported.recorded.len(),
            "unchanged": imported.unchanged,
            "blank": imported.blank,
            "notes_without_value": imported.bare_notes,
            "changes": imported.differences().map(|one| change_json(&one)).collect::<Vec<_>>(),
            "checks": imported.doubts.iter().map(|(row, key, doubt)| json!({
                "row": row,
                "indicator": key.indicator,
                "unit": key.unit,
                "check": doubt.as_str(),
                "reason": doubt.explain(desk.language),
            })).collect::<Vec<_>>(),
            "dry_run": arguments.dry_run,
        }))
        .into()),
        Format::Table | Format::Csv => {
            let banner = words::banner(store.view().exercise()?.on, desk.language);
            let told = imported_in_words(desk, &imported, arguments.dry_run);
            let periods = imported.recorded.iter().map(|(_, recorded)| recorded.observation.key.period);
            let closed = told_closed(desk, &store, periods)?;
            Ok(format!("{banner}{told}{closed}").into())
        }
    }
}

/// `template`
pub fn template(desk: &Desk, arguments: Template) -> Result<Printed, Failure> {
    let period = period(&arguments.period)?;
    let store = Store::open(&desk.folder)?;
    let catalogue = store.view().catalogue()?.ok_or(EntryError::NoCatalogue)?;
    let year = catalogue.province.plan_year;
    if period.year() != year {
        return Err(EntryError::from(Refusal::OutsidePlanYear(year)).into());
    }
    let wanted = Wanted { period, unit: arguments.unit.as_deref(), indicators: &arguments.indicator };
    let bytes = template::make(store.view(), &catalogue, &wanted, &|value| words::value(value, Language::Vi))?;
    let unit = arguments.unit.as_ref().map(|unit| format!("-{}", unit.to_lowercase())).unwrap_or_default();
    let name = format!("so-lieu-{}{unit}-{period}.xlsx", catalogue.commune.slug);
    let path = arguments.out.unwrap_or_else(|| name.into());
    write_new(&path, &bytes)?;
    let shown = path.display();
    Ok(desk
        .language
        .pick(
            format!("Đã tạo mẫu kỳ {period}: {shown}. Điền ô vàng, rồi: commune-agent import {shown} --dry-run\n"),
            format!("Made the template for {period}: {shown}. Fill in the yellow cells, then: commune-agent import {shown} --dry-run\n"),
        )
        .into())
}

/// Whether a new file can be written there: asked before work whose files belong together.
pub fn free(path: &Path) -> Result<(), Failure> {
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(Failure::File { path: path.to_owned(), source: io::ErrorKind::AlreadyExists.into() }),
        Err(source) => Err(Failure::File { path: path.to_owned(), source }),
    }
}

/// A new file, whole on the disk. Never over a file that somebody may have filled in.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let fault = |source| Failure::File { path: path.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault)
}

fn imported_in_words(desk: &Desk, imported: &Imported, dry_run: bool) -> String {
    let language = desk.language;
    let count = imported.recorded.len();
    let mut text = if dry_run {
        language.pick(
            format!("Tệp hợp lệ: {count} số liệu sẽ được ghi.\n"),
            format!("The file is sound: {count} figures would be recorded.\n"),
        )
    } else {
        language.pick(
            format!("Đã ghi {count} số liệu, đang chờ gửi về tỉnh.\n"),
            format!("Recorded {count} figures, waiting to be sent to the province.\n"),
        )
    };
    let mut say = |count: usize, vi: &str, en: &str| {
        if count > 0 {
            text += &format!("{count} {}\n", language.pick(vi, en));
        }
    };
    say(imported.unchanged, "dòng giống số liệu đã có, không ghi lại.", "rows are stored just so already, left alone.");
    say(imported.blank, "dòng để trống, bỏ qua.", "rows are blank, skipped.");
    if !imported.bare_notes.is_empty() {
        let rows: Vec<_> = imported.bare_notes.iter().take(MAX_LISTED).map(ToString::to_string).collect();
        let more = if imported.bare_notes.len() > MAX_LISTED { ", …" } else { "" };
        let (count, rows) = (imported.bare_notes.len(), rows.join(", "));
        text += &language.pick(
            format!("{count} dòng có ghi chú mà không có số liệu, ghi chú không được ghi lại: dòng {rows}{more}.\n"),
            format!("{count} rows have a note and no value, the note is not recorded: rows {rows}{more}.\n"),
        );
    }
    let mut say = |count: usize, vi: &str, en: &str| {
        if count > 0 {
            text += &format!("{count} {}\n", language.pick(vi, en));
        }
    };
    let without = imported.recorded.iter().filter(|(_, recorded)| !recorded.has_target).count();
    say(
        without,
        "số liệu thuộc chỉ tiêu ngoài kế hoạch của xã.",
        "figures are of indicators outside the commune's plan.",
    );
    let carried: u32 = imported.recorded.iter().map(|(_, recorded)| recorded.carried).sum();
    say(
        carried as usize,
        "minh chứng giữ nguyên từ phiên bản trước có cùng giá trị.",
        "files of evidence stay with their figures, whose values are as before.",
    );
    let again = imported.recorded.iter().filter(|(_, recorded)| recorded.ends_acceptance()).count();
    say(
        again,
        "số liệu đã được chấp nhận có phiên bản mới cùng giá trị, phải chờ thẩm định lại.",
        "accepted figures have a new version of the same value and await a review again.",
    );
    if dry_run {
        text += &changes_in_words(imported, language);
    }
    text + &doubts_in_words(imported, language)
}

/// What would change, figure by figure.
fn changes_in_words(imported: &Imported, language: Language) -> String {
    let l = |vi, en| language.pick(vi, en);
    let mut text = String::new();
    for one in imported.differences().take(MAX_CHANGES) {
        let place = match one.cell.is_empty() {
            true => format!("{} {}", l("dòng", "row"), one.row),
            false => one.cell.clone(),
        };
        let unit = if one.key.unit.is_empty() { String::new() } else { format!(" [{}]", plain(&one.key.unit)) };
        let now = words::value(one.value, language);
        let value = match one.before {
            None => format!("{} {now}", l("mới", "new")),
            Some(before) => {
                let (was, version) = (words::value(before.observation.value, language), before.version.unwrap_or(0));
                let (by, at) = (plain(&before.entered_by), words::instant(before.entered_at));
                let change = if one.is_of_value() { format!("{was} → {now}") } else { was };
                format!("{change} ({} {version}: {by}, {at})", l("bản đã có", "held version"))
            }
        };
        text += &format!(
            "  {place}: {}{unit}, {} {}: {value}",
            plain(&one.key.indicator),
            l("kỳ", "period"),
            one.key.period
        );
        if one.is_of_note() {
            let was = one.before.map_or("", |before| before.observation.note.as_str());
            text += &format!("; {} “{}” → “{}”", l("ghi chú", "note"), plain(was), plain(one.note));
        }
        text.push('\n');
    }
    if imported.recorded.len() > MAX_CHANGES {
        text += &format!("  … +{} (--format json)\n", imported.recorded.len() - MAX_CHANGES);
    }
    text
}

fn change_json(one: &Difference<'_>) -> serde_json::Value {
    let value = |value| {
        let [numerator, denominator, value] = words::machine(value);
        json!({ "numerator": numerator, "denominator": denominator, "value": value })
    };
    json!({
        "row": one.row,
        "cell": one.cell,
        "indicator": one.key.indicator,
        "unit": one.key.unit,
        "period": one.key.period.to_string(),
        "version": one.version,
        "after": value(one.value),
        "note": one.note,
        "before": one.before.map(|before| json!({
            "version": before.version,
            "entered_by": before.entered_by,
            "entered_at": rfc3339(before.entered_at),
            "value": value(before.observation.value),
            "note": before.observation.note,
        })),
    })
}

fn doubts_in_words(imported: &Imported, language: Language) -> String {
    let count = imported.doubts.len();
    if count == 0 {
        return String::new();
    }
    let mut text = language.pick(
        format!("{count} điểm nên xem lại (đúng thì ghi lý do vào cột ghi chú):\n"),
        format!("{count} things to look at again (where it is right, say why in the note column):\n"),
    );
    for (row, key, doubt) in imported.doubts.iter().take(MAX_LISTED) {
        let unit = if key.unit.is_empty() { String::new() } else { format!(" [{}]", plain(&key.unit)) };
        let (row_word, reason) = (language.pick("dòng", "row"), doubt.explain(language));
        text += &format!("  {row_word} {row}: {}{unit}: {reason}\n", plain(&key.indicator));
    }
    if count > MAX_LISTED {
        text += &format!("  … +{}\n", count - MAX_LISTED);
    }
    text
}
