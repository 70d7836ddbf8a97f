//! The workbook that offices fill in: this commune's indicators for one period, what was reported before beside them, input cells open
//! and checked, all else protected. `import` takes it back.

mod mark;

pub use mark::{HandedOut, MARK_SHEET, Mark, of_title};

use crate::store::{View, figures::Figure};
use mark::title;
use shared::{
    catalogue::{Indicator, Kind, Target, kind_asked, view::CommuneView},
    observation::{ObservationKey, Value},
    period::Period,
};
use workbook::{
    place,
    writing::{
        DataValidation, DataValidationErrorStyle, DataValidationRule, Format, FormatAlign, FormatBorder,
        ProtectionOptions, Workbook, Worksheet, XlsxError,
    },
};

/// The row of the headings, counted from 0.
const HEADING: u32 = 4;

/// What a template is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The period.
    pub period: Period,
    /// The unit whose figures are filled in: one line for each of its members; none for the commune as a whole.
    pub unit: Option<&'a str>,
    /// Only these indicators, by code; none: of the commune all that its plan has, of a unit those that it leads.
    pub indicators: &'a [String],
}

/// An indicator of the commune's plan with its targets, for the whole commune or one of its units.
struct Line<'a> {
    /// Code and name of the unit; empty for the whole commune.
    unit: (String, String),
    indicator: &'a Indicator,
    targets: Vec<&'a Target>,
    kind: Kind,
    now: Option<Figure>,
    before: Option<Figure>,
}

impl Line<'_> {
    fn key(&self, period: Period) -> ObservationKey {
        ObservationKey { indicator: self.indicator.code.clone(), unit: self.unit.0.clone(), period }
    }
}

/// The indicators of the plan in its order, each once for the commune or for each of the unit's codes.
fn lines<'a>(view: &'a CommuneView, wanted: &Wanted<'_>, figures: Vec<Figure>) -> Result<Vec<Line<'a>>, TemplateError> {
    let period = wanted.period;
    let mut units = vec![(String::new(), String::new())];
    let mut unit = None;
    if let Some(typed) = wanted.unit {
        let found = view.units.iter().find(|unit| unit.codes().any(|code| code.eq_ignore_ascii_case(typed)));
        let found = found.ok_or_else(|| TemplateError::UnknownUnit(typed.chars().take(40).collect()))?;
        let own = found.code.eq_ignore_ascii_case(typed);
        // Asked for "21 ấp" each of them gets its lines; asked for one, that one.
        let codes = found.codes().filter(|code| match (own, found.members) {
            (true, 0) => true,
            (true, _) => *code != found.code,
            (false, _) => code.eq_ignore_ascii_case(typed),
        });
        units = codes.map(|code| (code.clone(), found.name_of(&code))).collect();
        unit = Some(found);
    }
    for code in wanted.indicators {
        if !view.targets.iter().any(|target| target.indicator.eq_ignore_ascii_case(code)) {
            return Err(TemplateError::UnknownIndicator(code.chars().take(40).collect()));
        }
    }
    let is_wanted = |target: &Target| match (wanted.indicators.is_empty(), unit) {
        (false, _) => wanted.indicators.iter().any(|code| code.eq_ignore_ascii_case(&target.indicator)),
        (true, None) => true,
        (true, Some(unit)) => unit.is_named_in(&target.lead_unit) || target.per_unit == unit.code,
    };
    let mut lines: Vec<Line<'a>> = Vec::new();
    for target in view.targets.iter().filter(|target| is_wanted(target)) {
        let mut known = false;
        for line in lines.iter_mut().filter(|line| line.indicator.code == target.indicator) {
            line.targets.push(target);
            known = true;
        }
        let Some(indicator) = view.indicator(&target.indicator).filter(|_| !known) else { continue };
        let goal = crate::entry::goal_of(view, &indicator.code);
        let kind = goal.map_or(indicator.kind, |goal| kind_asked(indicator.kind, goal));
        let line = |unit: &(String, String)| Line {
            unit: unit.clone(),
            indicator,
            targets: vec![target],
            kind,
            now: None,
            before: None,
        };
        lines.extend(units.iter().map(line));
    }
    if lines.is_empty() {
        return Err(TemplateError::NothingToFillIn);
    }
    for figure in figures {
        let key = &figure.observation.key;
        let of_key = |line: &&mut Line<'_>| line.indicator.code == key.indicator && line.unit.0 == key.unit;
        let Some(line) = lines.iter_mut().find(of_key) else {
            continue;
        };
        if key.period == period {
            line.now = Some(figure);
        } else if key.period.year() == period.year() && key.period.last_day() < period.last_day() {
            let is_later = |held: &Figure| held.observation.key.period.last_day() < key.period.last_day();
            if line.before.as_ref().is_none_or(is_later) {
                line.before = Some(figure);
            }
        }
    }
    Ok(lines)
}

/// How a value is told to people.
pub type Telling<'a> = &'a dyn Fn(Value) -> String;

/// Makes the workbook; `told` says what was reported before.
///
/// # Errors
/// What the store or writing says.
pub fn make(
    view: View<'_>,
    catalogue: &CommuneView,
    wanted: &Wanted<'_>,
    told: Telling<'_>,
) -> Result<Vec<u8>, TemplateError> {
    let lines = lines(catalogue, wanted, view.newest_of_all()?)?;
    let simulated = view.exercise()?.on;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("Số liệu")?;
    fill(sheet, (catalogue, wanted.period), &lines, simulated, told)?;
    let mark = workbook.add_worksheet().set_name(MARK_SHEET)?;
    let handed_out = lines.iter().map(|line| HandedOut::of(line.key(wanted.period), line.now.as_ref()));
    Mark::of(catalogue, handed_out.collect()).write(mark)?;
    Ok(workbook.save_to_buffer()?)
}

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The commune has no such unit.
    #[error("the commune has no unit {0:?}")]
    UnknownUnit(String),
    /// The plan has no such indicator.
    #[error("the plan has no indicator {0:?}")]
    UnknownIndicator(String),
    /// No indicator of the plan is the unit's.
    #[error("no indicator of the plan names this unit as its lead: name them with --indicator")]
    NothingToFillIn,
    /// The store.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The workbook cannot be written.
    #[error("the workbook cannot be written: {0}")]
    Writing(#[from] XlsxError),
}

/// Heading, width in characters.
const COLUMNS: [(&str, f64); 15] = [
    ("Mã chỉ tiêu", 11.0),
    ("Tên chỉ tiêu", 46.0),
    ("Mục", 11.0),
    ("Mục tiêu", 16.0),
    ("Đơn vị tính", 11.0),
    ("Chủ trì", 18.0),
    ("Kỳ trước", 10.0),
    ("Số liệu kỳ trước", 24.0),
    ("Kỳ báo cáo", 11.0),
    ("Mã đơn vị", 10.0),
    ("Tử số", 12.0),
    ("Mẫu số", 12.0),
    ("Kết quả", 12.0),
    ("Ghi chú", 30.0),
    ("Cách điền", 28.0),
];
/// Height of a line of text, in points.
const LINE_HEIGHT: f64 = 15.0;
const NUMERATOR: u16 = 10;
const DENOMINATOR: u16 = 11;
const VALUE: u16 = 12;
const NOTE: u16 = 13;

struct Formats {
    text: Format,
    code: Format,
    input: Format,
    input_count: Format,
    input_text: Format,
    shut: Format,
}

impl Formats {
    fn new() -> Self {
        let cell = || Format::new().set_border(FormatBorder::Thin).set_align(FormatAlign::Top);
        let input = || cell().set_background_color("#FFF8DC").set_unlocked();
        Self {
            text: cell().set_text_wrap(),
            code: cell().set_bold(),
            // As it is typed: a form with decimals shows a comma behind whole numbers, one without rounds.
            input: input(),
            input_count: input().set_num_format("#,##0"),
            input_text: input().set_num_format("@").set_text_wrap(),
            shut: cell().set_background_color("#D9D9D9"),
        }
    }
}

fn fill(
    sheet: &mut Worksheet,
    (catalogue, period): (&CommuneView, Period),
    lines: &[Line<'_>],
    simulated: bool,
    told: Telling<'_>,
) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold().set_font_size(14);
    let name = &catalogue.commune.name;
    sheet.write_string_with_format(0, 0, title(name, period), &bold)?;
    let how = "Điền các ô màu vàng, ô xám không dùng cho chỉ tiêu đó. Chỉ tiêu chưa có số liệu thì để trống. Không ghi nội dung mật.";
    sheet.write_string(1, 0, how)?;
    sheet.write_string(
        2,
        0,
        "Điền xong: đưa tệp lên ở mục Excel trên trang của xã, hoặc chạy commune-agent import TỆP.xlsx --dry-run (kiểm tra), rồi bỏ --dry-run.",
    )?;
    if simulated {
        let red = Format::new().set_bold().set_font_color("#C00000");
        sheet.write_string_with_format(3, 0, "*** SỐ LIỆU MÔ PHỎNG ***", &red)?;
    }
    let head = Format::new()
        .set_bold()
        .set_text_wrap()
        .set_border(FormatBorder::Thin)
        .set_align(FormatAlign::VerticalCenter)
        .set_background_color("#DDEBF7");
    for ((heading, width), at) in COLUMNS.into_iter().zip(0u16..) {
        sheet.write_string_with_format(HEADING, at, heading, &head)?;
        sheet.set_column_width(at, width)?;
    }
    let formats = Formats::new();
    for (line, row) in lines.iter().zip(HEADING + 1..) {
        let before = line.before.as_ref().map(|figure| told(figure.observation.value)).unwrap_or_default();
        fill_line(sheet, row, line, (period, before), &formats)?;
    }
    sheet.set_freeze_panes(HEADING + 1, 2)?;
    let options =
        ProtectionOptions { format_columns: true, format_rows: true, use_autofilter: true, ..ProtectionOptions::new() };
    sheet.protect_with_options(&options);
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(HEADING, HEADING)?;
    Ok(())
}

fn fill_line(
    sheet: &mut Worksheet,
    row: u32,
    line: &Line<'_>,
    (period, previous): (Period, String),
    formats: &Formats,
) -> Result<(), XlsxError> {
    let joined = |text: fn(&Target) -> &str| {
        let mut texts: Vec<&str> =
            line.targets.iter().map(|target| text(target)).filter(|text| !text.is_empty()).collect();
        texts.dedup();
        texts.join("; ")
    };
    let before = line.before.as_ref().map(|figure| figure.observation.key.period.to_string()).unwrap_or_default();
    let cells = [
        (0, line.indicator.code.clone(), &formats.code),
        (1, named(line), &formats.text),
        (2, joined(|target| &target.plan_ref), &formats.text),
        (3, joined(|target| &target.printed), &formats.text),
        (4, unit(line).to_owned(), &formats.text),
        (5, joined(|target| &target.lead_unit), &formats.text),
        (6, before, &formats.text),
        (7, previous, &formats.text),
        (8, period.to_string(), &formats.text),
        (9, String::new(), &formats.shut),
        (14, how(line.kind, line.unit.0.is_empty()).to_owned(), &formats.text),
    ];
    let mut deepest = 1;
    if !line.unit.0.is_empty() {
        sheet.write_string_with_format(row, 9, &line.unit.0, &formats.code)?;
    }
    for (column, text, format) in cells.into_iter().filter(|(column, ..)| *column != 9 || line.unit.0.is_empty()) {
        // Wrapped text needs the height for its lines: nobody computes it for a file that no spreadsheet has opened yet.
        let width = COLUMNS[usize::from(column)].1;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let a_line = (width * 0.95) as usize;
        deepest = deepest.max(text.chars().count().div_ceil(a_line.max(1)));
        sheet.write_string_with_format(row, column, text, format)?;
    }
    sheet.set_row_height(row, LINE_HEIGHT * u32::try_from(deepest).map_or(1.0, f64::from))?;
    let open: &[u16] = match (line.kind, line.unit.0.is_empty()) {
        (Kind::Ratio, true) => &[NUMERATOR, DENOMINATOR, VALUE],
        // A unit's share needs its parts, so that they can be added up.
        (Kind::Ratio, false) => &[NUMERATOR, DENOMINATOR],
        _ => &[VALUE],
    };
    let input = if line.kind == Kind::Count { &formats.input_count } else { &formats.input };
    for column in [NUMERATOR, DENOMINATOR, VALUE] {
        let format = if open.contains(&column) { input } else { &formats.shut };
        sheet.write_blank(row, column, format)?;
        if open.contains(&column) {
            sheet.add_data_validation(row, column, row, column, &rule(line.kind, row, column)?)?;
        }
    }
    sheet.write_blank(row, NOTE, &formats.input_text)?;
    let Some(now) = &line.now else { return Ok(()) };
    if !now.observation.note.is_empty() {
        sheet.write_string_with_format(row, NOTE, &now.observation.note, &formats.input_text)?;
    }
    let mut number = |column: u16, text: String| -> Result<(), XlsxError> {
        match text.parse::<f64>() {
            // One that a spreadsheet's number cannot hold stays a text.
            Ok(number) if number.to_string() == text => sheet.write_number_with_format(row, column, number, input)?,
            _ => sheet.write_string_with_format(row, column, text, input)?,
        };
        Ok(())
    };
    match now.observation.value {
        Value::Ratio { numerator, denominator } => {
            number(NUMERATOR, numerator.to_string())?;
            number(DENOMINATOR, denominator.to_string())
        }
        Value::Percent(amount) | Value::Decimal(amount) => number(VALUE, amount.to_string()),
        Value::Count(count) => number(VALUE, count.to_string()),
        Value::Flag(yes) => number(VALUE, if yes { "Có" } else { "Không" }.to_owned()),
    }
}

/// The indicator, behind the unit where it is one's.
fn named(line: &Line<'_>) -> String {
    let name = &line.indicator.name;
    if line.unit.1.is_empty() { name.clone() } else { format!("{}: {name}", line.unit.1) }
}

/// The unit of measure as people say it.
fn unit<'a>(line: &'a Line<'_>) -> &'a str {
    match (line.kind, line.indicator.unit.as_str()) {
        (Kind::Flag, _) => "Có/Không",
        (_, "index") => "chỉ số",
        (_, unit) => unit,
    }
}

fn how(kind: Kind, is_whole: bool) -> &'static str {
    match kind {
        Kind::Ratio if !is_whole => "Tử số và mẫu số",
        Kind::Ratio => "Tử số và mẫu số; chỉ khi không có thì điền Kết quả (%)",
        Kind::Count => "Kết quả: số lũy kế từ đầu năm, số nguyên",
        Kind::Decimal => "Kết quả: một số",
        Kind::Flag => "Kết quả: Có hoặc Không",
    }
}

fn rule(kind: Kind, row: u32, column: u16) -> Result<DataValidation, XlsxError> {
    let validation = DataValidation::new();
    let (validation, message) = match (kind, column) {
        (Kind::Flag, _) => (validation.allow_list_strings(&["Có", "Không"])?, "Chọn Có hoặc Không."),
        (Kind::Ratio, DENOMINATOR) => {
            (validation.allow_decimal_number(DataValidationRule::GreaterThan(0.0)), "Mẫu số phải lớn hơn 0.")
        }
        (Kind::Ratio, NUMERATOR) => {
            let (numerator, denominator) = (place::cell(row, NUMERATOR.into()), place::cell(row, DENOMINATOR.into()));
            let fits =
                format!("=AND(ISNUMBER({numerator}),{numerator}>=0,OR({denominator}=\"\",{numerator}<={denominator}))");
            (validation.allow_custom(fits.as_str().into()), "Tử số từ 0 đến mẫu số.")
        }
        (Kind::Ratio, _) => (
            validation.allow_decimal_number(DataValidationRule::Between(0.0, 100.0)),
            "Tỷ lệ phần trăm từ 0 đến 100, ví dụ 85,5.",
        ),
        (Kind::Count, _) => {
            (validation.allow_whole_number(DataValidationRule::GreaterThanOrEqualTo(0)), "Số nguyên không âm.")
        }
        (Kind::Decimal, _) => {
            (validation.allow_decimal_number(DataValidationRule::Between(-1e12, 1e12)), "Nhập một số.")
        }
    };
    validation.set_error_style(DataValidationErrorStyle::Stop).set_error_title("Chưa đúng")?.set_error_message(message)
}
