//! The kinds of faults of catalogue files, with the words that say what to do about each.

use super::GoalError;
use crate::{amount::AmountError, language::Language};

/// What is wrong at one place of a catalogue file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The folder has no such file.
    FileMissing,
    /// The file is larger than this many MiB.
    FileTooLarge(usize),
    /// Not UTF-8, from this row on.
    NotUtf8,
    /// The header is separated by something else than commas.
    Separator(char),
    /// A quotation mark is opened and not closed.
    QuoteOpen,
    /// The file has no header row.
    HeaderMissing,
    /// The header lacks a column.
    ColumnMissing,
    /// The header has a column that nobody knows.
    ColumnUnknown,
    /// The header names a column twice.
    ColumnTwice,
    /// A row has more or fewer cells than the header.
    CellCount {
        /// Columns of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// More rows than this.
    TooManyRows(usize),
    /// A cell is longer than this many characters.
    TooLong(usize),
    /// A control character or a line break inside a cell.
    ControlCharacter,
    /// A cell that must not be empty.
    Empty,
    /// Not a slug.
    NotASlug(String),
    /// Not one of the words allowed.
    UnknownWord {
        /// What stands there.
        word: String,
        /// What may stand there.
        allowed: Vec<&'static str>,
    },
    /// Not a number.
    Number(AmountError),
    /// Points outside 0 to 1,000.
    PointsOutside,
    /// Not a date.
    Date(String),
    /// Not a day of a month, 1 to 31.
    Day(String),
    /// The units' last day comes after the commune's.
    UnitsAfterCommune {
        /// Theirs.
        units: u8,
        /// The commune's.
        commune: u8,
    },
    /// An indicator's code with a colon: tasks are reported under such codes.
    ColonInCode(String),
    /// Not a number of members of a unit.
    Members(String),
    /// `per_unit` names no unit of the commune that has members.
    PerUnit(String),
    /// Not a rule; the reason is English.
    Rule {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Operator and values do not make a goal.
    Goal(GoalError),
    /// Values of a provincial standard without its operator.
    StandardWithoutOperator,
    /// A number is asked of a yes/no indicator.
    NumberForFlag,
    /// More than 100 % is asked of a ratio.
    PercentOver100,
    /// A fraction is asked of a count.
    FractionOfCount,
    /// The rule `relative` rewards the largest value, the indicator wants the smallest.
    RelativeAtMost,
    /// The code does not begin with the group and a hyphen.
    PrefixNotGroup(String),
    /// The group has another name in an earlier row.
    GroupNameDiffers {
        /// That row.
        first_row: u64,
    },
    /// No such indicator in the catalogue.
    UnknownIndicator(String),
    /// No such commune in the catalogue.
    UnknownCommune(String),
    /// The key stands in an earlier row already.
    Duplicate {
        /// The key.
        key: String,
        /// That row.
        first_row: u64,
    },
    /// Another target of the commune for the same indicator asks for another kind of value.
    MixedKinds {
        /// Its row.
        first_row: u64,
    },
    /// More targets of one commune for one indicator than this.
    TooManyTargets(usize),
    /// Not readable as TOML; the reason is English.
    Toml(String),
    /// A setting that nobody knows.
    SettingUnknown,
    /// A setting is missing.
    SettingMissing,
    /// A setting is of another type.
    SettingType(SettingType),
    /// Not a year from 2000 to 2199.
    Year,
    /// Further faults that are not listed.
    More {
        /// How many.
        hidden: usize,
    },
}

/// Type of a setting in `catalogue.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingType {
    /// A text in quotation marks.
    Text,
    /// A whole number.
    Whole,
    /// A section, `[name]`.
    Section,
}

impl Problem {
    /// What is wrong and what to do, a lower-case fragment.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::Vi => self.vietnamese(),
            Language::En => self.english(),
        }
    }

    fn vietnamese(&self) -> String {
        match self {
            Problem::FileMissing => "thiếu tệp này; thêm tệp vào thư mục danh mục".into(),
            Problem::FileTooLarge(mib) => format!("tệp lớn hơn {mib} MiB; kiểm tra có đúng tệp danh mục không"),
            Problem::NotUtf8 => "không phải UTF-8 (từ dòng này); lưu lại dạng “CSV UTF-8”".into(),
            Problem::Separator(sign) => format!(
                "các cột ngăn bằng {} chứ không phải dấu phẩy; lưu lại dạng “CSV UTF-8”, chọn dấu phẩy làm dấu ngăn cột",
                separator(*sign, "dấu chấm phẩy", "dấu tab")
            ),
            Problem::QuoteOpen => "dấu ngoặc kép mở ra mà không đóng; sửa ô này rồi kiểm tra lại".into(),
            Problem::HeaderMissing => "tệp trống; dòng 1 phải là tên các cột".into(),
            Problem::ColumnMissing => "thiếu cột này; thêm cột vào dòng tiêu đề".into(),
            Problem::ColumnUnknown => "không có cột nào tên như vậy; sửa tên hoặc xóa cột".into(),
            Problem::ColumnTwice => "tên cột lặp lại; chỉ giữ một cột".into(),
            Problem::CellCount { expected, found } => {
                format!("dòng có {found} ô, tiêu đề có {expected} cột; kiểm tra dấu phẩy và dấu ngoặc kép")
            }
            Problem::TooManyRows(most) => format!("quá {most} dòng; các dòng sau không được đọc"),
            Problem::TooLong(most) => format!("dài quá {most} ký tự; rút ngắn lại"),
            Problem::ControlCharacter => {
                "có ký tự điều khiển hoặc xuống dòng trong ô; xóa đi, viết trên một dòng".into()
            }
            Problem::Empty => "ô này không được để trống".into(),
            Problem::NotASlug(text) => {
                format!("“{text}” không hợp lệ; chỉ dùng chữ thường không dấu, chữ số và dấu gạch nối, 1 đến 64 ký tự")
            }
            Problem::UnknownWord { word, allowed } => {
                format!("“{word}” không hợp lệ; viết một trong: {}", list(allowed, "(để trống)"))
            }
            Problem::Number(error) => number_vi(error),
            Problem::PointsOutside => "điểm phải từ 0 đến 1000".into(),
            Problem::Date(text) => format!("“{text}” không phải ngày hợp lệ; viết năm-tháng-ngày, ví dụ 2026-12-31"),
            Problem::ColonInCode(code) => {
                format!("mã chỉ tiêu “{code}” có dấu hai chấm; dấu đó dành cho mã báo cáo nhiệm vụ, đặt mã khác")
            }
            Problem::Members(text) => {
                format!("“{text}” không phải số đơn vị thành viên; viết số từ 1 đến 99 hoặc để trống")
            }
            Problem::PerUnit(code) => format!(
                "xã không có đơn vị “{code}” với số thành viên (cột members trong units.csv); sửa mã, ghi số thành viên, hoặc để trống để tính chung toàn xã"
            ),
            Problem::UnitsAfterCommune { units, commune } => format!(
                "hạn của đơn vị (ngày {units}) sau hạn của xã (ngày {commune}); đơn vị phải gửi về xã trước hoặc cùng ngày"
            ),
            Problem::Day(text) => format!("“{text}” không phải ngày trong tháng; viết số từ 1 đến 31"),
            Problem::Rule { text, .. } => {
                format!(
                    "quy tắc “{text}” không hợp lệ; viết proportional, relative hoặc ví dụ steps 1:1 0.75:0.75 0.5:0.5"
                )
            }
            Problem::Goal(error) => goal_vi(*error).into(),
            Problem::StandardWithoutOperator => {
                "có giá trị chuẩn mà thiếu standard_operator; điền phép so sánh hoặc xóa giá trị".into()
            }
            Problem::NumberForFlag => "chỉ tiêu có/không không nhận mục tiêu bằng số; dùng yes hoặc unspecified".into(),
            Problem::PercentOver100 => "tỷ lệ không thể quá 100 %; sửa giá trị".into(),
            Problem::FractionOfCount => "chỉ tiêu đếm cần mục tiêu là số nguyên; sửa giá trị".into(),
            Problem::RelativeAtMost => {
                "quy tắc relative không dùng được khi càng ít càng tốt (at_most); dùng proportional hoặc steps".into()
            }
            Problem::PrefixNotGroup(code) => {
                format!("mã {code} phải bắt đầu bằng mã nhóm và dấu gạch nối; sửa mã hoặc nhóm")
            }
            Problem::GroupNameDiffers { first_row } => {
                format!("tên nhóm khác với dòng {first_row} của cùng nhóm; viết giống nhau")
            }
            Problem::UnknownIndicator(code) => {
                format!("không có chỉ tiêu “{code}” trong indicators.csv; sửa mã hoặc thêm chỉ tiêu")
            }
            Problem::UnknownCommune(slug) => {
                format!("không có xã, phường “{slug}” trong communes.csv; sửa mã hoặc thêm xã")
            }
            Problem::Duplicate { key, first_row } => {
                format!("“{key}” đã có ở dòng {first_row}; mỗi khóa chỉ được có một dòng")
            }
            Problem::MixedKinds { first_row } => {
                format!(
                    "mục tiêu này và mục tiêu ở dòng {first_row} hỏi hai loại số liệu khác nhau cho cùng chỉ tiêu; sửa một trong hai"
                )
            }
            Problem::TooManyTargets(most) => format!("quá {most} mục tiêu của một xã cho một chỉ tiêu; bỏ bớt"),
            Problem::Toml(reason) => format!("không đọc được TOML ({reason}); kiểm tra dấu ngoặc kép và dấu ="),
            Problem::SettingUnknown => "không có mục cài đặt nào tên như vậy; sửa tên hoặc xóa".into(),
            Problem::SettingMissing => "thiếu mục cài đặt này; thêm vào".into(),
            Problem::SettingType(wanted) => match wanted {
                SettingType::Text => "phải là chữ trong dấu ngoặc kép".into(),
                SettingType::Whole => "phải là số nguyên, không có dấu ngoặc kép".into(),
                SettingType::Section => "phải là một phần, viết tên trong dấu ngoặc vuông trên dòng riêng".into(),
            },
            Problem::Year => "năm kế hoạch phải từ 2000 đến 2199".into(),
            Problem::More { hidden } => format!("và {hidden} lỗi nữa; sửa các lỗi trên rồi kiểm tra lại"),
        }
    }

    fn english(&self) -> String {
        match self {
            Problem::FileMissing => "the file is missing; add it to the catalogue folder".into(),
            Problem::FileTooLarge(mib) => format!("the file is larger than {mib} MiB; check that it is the right one"),
            Problem::NotUtf8 => "not UTF-8 (from this line on); save again as \"CSV UTF-8\"".into(),
            Problem::Separator(sign) => format!(
                "the columns are separated by {}, not by commas; save again as \"CSV UTF-8\" with the comma as separator",
                separator(*sign, "semicolons", "tabs")
            ),
            Problem::QuoteOpen => {
                "a quotation mark is opened and never closed; correct the cell and check again".into()
            }
            Problem::HeaderMissing => "the file is empty; line 1 must name the columns".into(),
            Problem::ColumnMissing => "the column is missing; add it to the header".into(),
            Problem::ColumnUnknown => "there is no such column; correct its name or remove it".into(),
            Problem::ColumnTwice => "the column is named twice; keep one".into(),
            Problem::CellCount { expected, found } => {
                format!("the row has {found} cells, the header {expected} columns; check commas and quotation marks")
            }
            Problem::TooManyRows(most) => format!("more than {most} rows; those behind are not read"),
            Problem::TooLong(most) => format!("longer than {most} characters; shorten it"),
            Problem::ControlCharacter => "a control character or line break in the cell; remove it".into(),
            Problem::Empty => "the cell must not be empty".into(),
            Problem::NotASlug(text) => format!("{text:?} is not valid; use a-z, 0-9 and hyphens, 1 to 64 characters"),
            Problem::UnknownWord { word, allowed } => {
                format!("{word:?} is not valid; write one of: {}", list(allowed, "(empty)"))
            }
            Problem::Number(error) => format!("{error}; write it like 12.5"),
            Problem::PointsOutside => "points lie between 0 and 1000".into(),
            Problem::Date(text) => format!("not a date: {text:?}; write year-month-day like 2026-12-31"),
            Problem::ColonInCode(code) => format!(
                "the indicator's code {code:?} has a colon; it is kept for the codes by which tasks are reported, choose another"
            ),
            Problem::Members(text) => format!("not a number of members: {text:?}; write 1 to 99 or leave it empty"),
            Problem::PerUnit(code) => format!(
                "the commune has no unit {code:?} with members (column members of units.csv); correct the code, give the number, or leave it empty for the commune in total"
            ),
            Problem::UnitsAfterCommune { units, commune } => format!(
                "the units' day ({units}) comes after the commune's ({commune}); units report to it on that day or before"
            ),
            Problem::Day(text) => format!("not a day of a month: {text:?}; write a number from 1 to 31"),
            Problem::Rule { text, reason } => {
                format!("not a rule: {text:?} ({reason}); write proportional, relative or steps 1:1 0.5:0.5")
            }
            Problem::Goal(error) => error.to_string(),
            Problem::StandardWithoutOperator => {
                "a standard value without standard_operator; give the operator or remove the value".into()
            }
            Problem::NumberForFlag => "a yes/no indicator takes no number as target; use yes or unspecified".into(),
            Problem::PercentOver100 => "a ratio cannot be above 100 %; correct the value".into(),
            Problem::FractionOfCount => "the target of a count is a whole number; correct the value".into(),
            Problem::RelativeAtMost => {
                "the rule relative does not fit an indicator where less is better (at_most)".into()
            }
            Problem::PrefixNotGroup(code) => format!("the code {code} must begin with its group and a hyphen"),
            Problem::GroupNameDiffers { first_row } => format!("the name of the group differs from line {first_row}"),
            Problem::UnknownIndicator(code) => format!("there is no indicator {code:?} in indicators.csv"),
            Problem::UnknownCommune(slug) => format!("there is no commune {slug:?} in communes.csv"),
            Problem::Duplicate { key, first_row } => {
                format!("{key:?} stands in line {first_row} already; a key has one row")
            }
            Problem::MixedKinds { first_row } => {
                format!(
                    "this target and the one in line {first_row} ask different kinds of value of the same indicator"
                )
            }
            Problem::TooManyTargets(most) => format!("more than {most} targets of one commune for one indicator"),
            Problem::Toml(reason) => format!("not readable as TOML: {reason}"),
            Problem::SettingUnknown => "there is no such setting; correct its name or remove it".into(),
            Problem::SettingMissing => "the setting is missing; add it".into(),
            Problem::SettingType(wanted) => match wanted {
                SettingType::Text => "must be a text in quotation marks".into(),
                SettingType::Whole => "must be a whole number without quotation marks".into(),
                SettingType::Section => "must be a section, its name in square brackets on a line of its own".into(),
            },
            Problem::Year => "the plan year lies between 2000 and 2199".into(),
            Problem::More { hidden } => format!("and {hidden} more; correct these and check again"),
        }
    }
}

fn separator(sign: char, semicolon: &'static str, tab: &'static str) -> &'static str {
    if sign == ';' { semicolon } else { tab }
}

/// The words allowed, the empty one spelled out.
fn list(allowed: &[&'static str], empty: &'static str) -> String {
    let words: Vec<&str> = allowed.iter().map(|word| if word.is_empty() { empty } else { word }).collect();
    words.join(", ")
}

fn number_vi(error: &AmountError) -> String {
    match error {
        AmountError::NotANumber(text) => {
            format!(
                "“{text}” không phải là số; viết số với dấu chấm thập phân, ví dụ 12.5, không có dấu ngăn hàng nghìn"
            )
        }
        AmountError::Ambiguous(text) => {
            format!("“{text}” có thể là hàng nghìn hoặc số lẻ; viết số không có dấu ngăn hàng nghìn")
        }
        AmountError::TooLarge(text) => format!("“{text}” quá lớn; nhiều nhất 15 chữ số trước dấu chấm"),
        AmountError::TooFine(text) => format!("“{text}” quá nhiều số lẻ; nhiều nhất 6 chữ số sau dấu chấm"),
    }
}

fn goal_vi(error: GoalError) -> &'static str {
    match error {
        GoalError::ValueMissing => {
            "phép so sánh này cần giá trị; điền giá trị, hoặc dùng unspecified nếu kế hoạch không nêu"
        }
        GoalError::ValueNotWanted => "yes và unspecified không có giá trị; xóa giá trị hoặc sửa phép so sánh",
        GoalError::HighMissing => "range cần cả giá trị đầu trên; điền vào",
        GoalError::HighNotWanted => "chỉ range mới có giá trị đầu trên; xóa đi hoặc dùng range",
        GoalError::UpsideDown => "khoảng bị ngược: đầu dưới lớn hơn đầu trên; đổi lại",
        GoalError::Negative => "giá trị không được âm",
    }
}
