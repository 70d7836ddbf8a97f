//! `catalogue.toml`: the province, its plan year, the version of the scoring rules and the due days.

use super::{
    Province,
    cells::{MAX_CODE_CHARS, day_of_month, is_slug, shortened},
    csv_table::{decode, tidy},
    fault::Faults,
    layout::SETTINGS,
    problem::{Problem, SettingType},
};
use crate::calendar::DueDays;
use std::{collections::BTreeSet, fmt::Write as _};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Versions of the scoring rules that this program computes.
pub const RULE_VERSIONS: [&str; 1] = ["2026.1"];
/// Longest name of a province, in characters.
const MAX_NAME_CHARS: usize = 200;

/// Reads the settings; `None` when they have a fault.
pub(super) fn read(bytes: &[u8], faults: &mut Faults) -> Option<Province> {
    let text = decode(SETTINGS, bytes, faults)?;
    let before = faults.count();
    let (table, errors) = DeTable::parse_recoverable(text);
    // One slip makes several errors of its line: the first says it.
    let mut lines = BTreeSet::new();
    for error in errors {
        let line = error.span().map(|span| line_of(text, span.start));
        if lines.insert(line) {
            faults.push(SETTINGS, line, None, Problem::Toml(shortened(error.message())));
        }
    }
    if faults.count() > before {
        return None;
    }
    let root = Section { name: "", table: table.get_ref(), line: 1, text };
    root.only(&["plan_year", "rules", "province", "days"], faults);
    let plan_year = root.whole("plan_year", faults).map(|(year, line)| {
        if !(2000..2200).contains(&year) {
            faults.push(SETTINGS, Some(line), Some("plan_year"), Problem::Year);
        }
        i32::try_from(year).unwrap_or_default()
    });
    let rules = root.text("rules", faults).map(|(word, line)| {
        if !RULE_VERSIONS.contains(&word.as_str()) {
            let problem = Problem::UnknownWord { word: shortened(&word), allowed: RULE_VERSIONS.to_vec() };
            faults.push(SETTINGS, Some(line), Some("rules"), problem);
        }
        word
    });
    let named = root.section("province", faults).and_then(|section| province_name(&section, faults));
    let days = root.section("days", faults).and_then(|section| due_days(&section, faults));
    let (id, name) = named?;
    let province = Province { id, name, plan_year: plan_year?, rules: rules?, days: days? };
    (faults.count() == before).then_some(province)
}

/// Id and name of `[province]`.
fn province_name(section: &Section<'_>, faults: &mut Faults) -> Option<(String, String)> {
    section.only(&["id", "name"], faults);
    let id = section.text("id", faults).map(|(id, line)| {
        if !is_slug(&id) || id.len() > MAX_CODE_CHARS {
            faults.push(SETTINGS, Some(line), Some("province.id"), Problem::NotASlug(shortened(&id)));
        }
        id
    });
    let name = section.text("name", faults).map(|(name, line)| {
        let problem = if name.is_empty() {
            Some(Problem::Empty)
        } else if name.chars().count() > MAX_NAME_CHARS {
            Some(Problem::TooLong(MAX_NAME_CHARS))
        } else {
            name.chars().any(char::is_control).then_some(Problem::ControlCharacter)
        };
        if let Some(problem) = problem {
            faults.push(SETTINGS, Some(line), Some("province.name"), problem);
        }
        name
    });
    Some((id?, name?))
}

/// The days of `[days]`.
fn due_days(section: &Section<'_>, faults: &mut Faults) -> Option<DueDays> {
    section.only(&["units_cutoff", "cutoff", "report"], faults);
    let mut day = |key: &str| {
        let (number, line) = section.whole(key, faults)?;
        let day = day_of_month(number);
        if day.is_none() {
            faults.push(SETTINGS, Some(line), Some(&section.path(key)), Problem::Day(number.to_string()));
        }
        day
    };
    let (units_cutoff, cutoff, report) = (day("units_cutoff"), day("cutoff"), day("report"));
    Some(DueDays { units_cutoff: units_cutoff?, cutoff: cutoff?, report: report? })
}

/// A table of the file with the place where it stands.
struct Section<'a> {
    name: &'a str,
    table: &'a DeTable<'a>,
    line: u64,
    text: &'a str,
}

impl<'a> Section<'a> {
    /// The name of a setting with its section.
    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.into() } else { format!("{}.{key}", self.name) }
    }

    /// Notes every setting that is not in the list.
    fn only(&self, known: &[&str], faults: &mut Faults) {
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let line = line_of(self.text, key.span().start);
            faults.push(SETTINGS, Some(line), Some(&shortened(&self.path(key.get_ref()))), Problem::SettingUnknown);
        }
    }

    /// A setting and its line.
    fn get(&self, key: &str, faults: &mut Faults) -> Option<(&'a Spanned<DeValue<'a>>, u64)> {
        let Some((_, value)) = self.table.iter().find(|(name, _)| name.get_ref() == key) else {
            faults.push(SETTINGS, Some(self.line), Some(&self.path(key)), Problem::SettingMissing);
            return None;
        };
        Some((value, line_of(self.text, value.span().start)))
    }

    fn wrong_type(&self, key: &str, line: u64, wanted: SettingType, faults: &mut Faults) {
        faults.push(SETTINGS, Some(line), Some(&self.path(key)), Problem::SettingType(wanted));
    }

    fn text(&self, key: &str, faults: &mut Faults) -> Option<(String, u64)> {
        let (value, line) = self.get(key, faults)?;
        match value.get_ref() {
            DeValue::String(text) => Some((tidy(text), line)),
            _ => {
                self.wrong_type(key, line, SettingType::Text, faults);
                None
            }
        }
    }

    fn whole(&self, key: &str, faults: &mut Faults) -> Option<(i64, u64)> {
        let (value, line) = self.get(key, faults)?;
        let number =
            value.get_ref().as_integer().and_then(|whole| i64::from_str_radix(whole.as_str(), whole.radix()).ok());
        if number.is_none() {
            self.wrong_type(key, line, SettingType::Whole, faults);
        }
        Some((number?, line))
    }

    fn section(&self, key: &'a str, faults: &mut Faults) -> Option<Section<'a>> {
        let (value, line) = self.get(key, faults)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(key, line, SettingType::Section, faults);
        }
        Some(Section { name: key, table: table?, line, text: self.text })
    }
}

/// The line of a byte, from 1.
fn line_of(text: &str, at: usize) -> u64 {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    u64::try_from(before.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u64::MAX).saturating_add(1)
}

/// The file. With comments for people; without them it is the form that fingerprints are made of.
pub(super) fn write(province: &Province, comments: bool) -> String {
    let text = |value: &str| toml::Value::from(value).to_string();
    let days = province.days;
    let mut file = String::new();
    let mut line = |comment: &str, setting: String| {
        if comments && !comment.is_empty() {
            for row in comment.lines() {
                // Writing to a String does not fail.
                let _ = writeln!(file, "# {row}");
            }
        }
        let _ = writeln!(file, "{setting}");
    };
    line(ABOUT, String::new());
    line("Năm của các kế hoạch. Số liệu của năm khác không được nhận.", format!("plan_year = {}", province.plan_year));
    line(
        "Phiên bản quy tắc chấm điểm. Kỳ đã chốt giữ phiên bản lúc chốt.",
        format!("rules = {}", text(&province.rules)),
    );
    line("", String::new());
    line("", "[province]".into());
    line(
        "Mã của tỉnh, nằm trong chứng thư của mọi xã: không đổi sau khi đã dùng.",
        format!("id = {}", text(&province.id)),
    );
    line(
        "Tên hiển thị. Các kế hoạch ghi khác nhau (tỉnh, thành phố): sửa ở đây.",
        format!("name = {}", text(&province.name)),
    );
    line("", String::new());
    line(DAYS, "[days]".into());
    line(
        "Hạn cuối để đơn vị, ấp, khu phố gửi số liệu cho xã (“trước ngày 18” là 17).",
        format!("units_cutoff = {}", days.units_cutoff),
    );
    line(
        "Hạn cuối để số liệu của xã tới tỉnh mà vẫn tính là đúng hạn (“trước ngày 20” là 19, đến hết ngày).",
        format!("cutoff = {}", days.cutoff),
    );
    line("Ngày gửi báo cáo lên tỉnh.", format!("report = {}", days.report));
    file
}

const ABOUT: &str =
    "Cài đặt chung của danh mục. Các bảng đi kèm: indicators.csv, communes.csv, targets.csv, tasks.csv, units.csv.
Sau khi sửa, kiểm tra bằng: province-aggregator catalogue check THƯ_MỤC";
const DAYS: &str =
    "Các ngày trong tháng (1 đến 31), tính cả ngày đó. Quý, sáu tháng và năm tính theo tháng cuối của kỳ;
tháng ngắn hơn thì lấy ngày cuối tháng. Xã có ngày riêng thì điền trong communes.csv.";
