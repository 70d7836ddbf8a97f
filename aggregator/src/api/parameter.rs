//! What a request may carry: names, forms, words. What is not listed is refused, so the description is what is taken.

use super::paging::MAX_LIMIT;
use crate::report::question::{Edition, Since, kind, light};
use chrono::NaiveDate;
use serde_json::{Value, json};
use shared::{language::Language, observation::MAX_NOTE_CHARS, period::Period, ranking::Scheme, review::Reason};

/// Longest value, in bytes, where its form sets no other bound.
const MAX_BYTES: usize = 200;

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In the JSON body.
    Body,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A period.
    Period,
    /// A scheme.
    Scheme,
    /// Which figures of a closed period.
    Edition,
    /// Xã or phường.
    Kind,
    /// Red or yellow.
    Light,
    /// A commune: slug, code or name.
    Commune,
    /// An indicator by code.
    Indicator,
    /// A day.
    Day,
    /// Yesterday, or a day.
    Since,
    /// Yes or no.
    Flag,
    /// A whole number from 1 on.
    Number(u32),
    /// One of some words.
    Choice(&'static [&'static str]),
    /// Why a result is returned.
    Reason,
    /// A short text.
    Text,
    /// Sentences for people.
    Words,
}

impl Form {
    /// Whether a text has this form; else why not.
    ///
    /// # Errors
    /// In words.
    pub fn check(self, text: &str, language: Language) -> Result<(), String> {
        let must = |is: bool, vi: String, en: String| if is { Ok(()) } else { Err(language.pick(vi, en)) };
        let one_of = |known: &[&str]| {
            let all = known.join(", ");
            must(known.contains(&text), format!("phải là một trong: {all}"), format!("must be one of: {all}"))
        };
        match self {
            Form::Period => must(
                text.parse::<Period>().is_ok(),
                "phải là kỳ như 2026-10, 2026-Q4, 2026-H2 hoặc 2026".into(),
                "must be a period like 2026-10, 2026-Q4, 2026-H2 or 2026".into(),
            ),
            Form::Scheme => one_of(&Scheme::ALL.map(Scheme::as_str)),
            Form::Edition => text.parse::<Edition>().map(drop).map_err(|error| error.explain(language)),
            Form::Kind => kind(text).map(drop).map_err(|error| error.explain(language)),
            Form::Light => light(text).map(drop).map_err(|error| error.explain(language)),
            Form::Day => must(
                text.parse::<NaiveDate>().is_ok(),
                "phải là ngày YYYY-MM-DD".into(),
                "must be a day YYYY-MM-DD".into(),
            ),
            Form::Since => text.parse::<Since>().map(drop).map_err(|error| error.explain(language)),
            Form::Flag => one_of(&["true", "false"]),
            Form::Number(most) => must(
                text.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number)),
                format!("phải là số từ 1 đến {most}"),
                format!("must be a number from 1 to {most}"),
            ),
            Form::Choice(known) => one_of(known),
            Form::Reason => one_of(&Reason::ALL.map(Reason::as_str)),
            Form::Commune | Form::Indicator | Form::Text => must(
                text.len() <= MAX_BYTES && !text.chars().any(char::is_control),
                format!("nhiều nhất {MAX_BYTES} byte, không có ký tự điều khiển"),
                format!("at most {MAX_BYTES} bytes, no control characters"),
            ),
            Form::Words => must(
                text.chars().count() <= MAX_NOTE_CHARS && !text.chars().any(|c| c.is_control() && c != '\n'),
                format!("nhiều nhất {MAX_NOTE_CHARS} ký tự"),
                format!("at most {MAX_NOTE_CHARS} characters"),
            ),
        }
    }

    /// A JSON value of this form as text.
    #[must_use]
    pub fn text(self, value: &Value) -> Option<String> {
        match (self, value) {
            (Form::Flag, Value::Bool(flag)) => Some(flag.to_string()),
            (Form::Number(_), Value::Number(number)) => number.as_u64().map(|number| number.to_string()),
            (Form::Flag | Form::Number(_), _) => None,
            (_, Value::String(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// As a JSON schema.
    #[must_use]
    pub fn schema(self) -> Value {
        let words = |words: &[&str]| json!({"type": "string", "enum": words});
        match self {
            Form::Period => json!({"type": "string", "pattern": "^\\d{4}(-(\\d{2}|Q[1-4]|H[12]))?$"}),
            Form::Scheme => words(&Scheme::ALL.map(Scheme::as_str)),
            Form::Edition => json!({"type": "string", "pattern": "^(present|[1-9]\\d*)$"}),
            Form::Kind => words(&["xa", "phuong"]),
            Form::Light => words(&["red", "yellow"]),
            Form::Day => json!({"type": "string", "format": "date"}),
            Form::Since => json!({"type": "string", "pattern": "^(yesterday|\\d{4}-\\d{2}-\\d{2})$"}),
            Form::Flag => json!({"type": "boolean"}),
            Form::Number(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
            Form::Choice(known) => words(known),
            Form::Reason => words(&Reason::ALL.map(Reason::as_str)),
            Form::Commune | Form::Indicator | Form::Text => json!({"type": "string", "maxLength": MAX_BYTES}),
            Form::Words => json!({"type": "string", "maxLength": MAX_NOTE_CHARS}),
        }
    }
}

/// Something that a request may carry.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it looks like.
    pub form: Form,
    /// What it is, in Vietnamese and English.
    pub about: (&'static str, &'static str),
    /// One that is good.
    pub example: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
    /// Whether it may be there more than once.
    pub is_many: bool,
}

impl Parameter {
    /// Of the query.
    #[must_use]
    pub const fn query(
        name: &'static str,
        form: Form,
        about: (&'static str, &'static str),
        example: &'static str,
    ) -> Self {
        Self { name, place: Place::Query, form, about, example, is_required: false, is_many: false }
    }

    /// Of the path.
    #[must_use]
    pub const fn path(
        name: &'static str,
        form: Form,
        about: (&'static str, &'static str),
        example: &'static str,
    ) -> Self {
        Self { name, place: Place::Path, form, about, example, is_required: true, is_many: false }
    }

    /// Of the body.
    #[must_use]
    pub const fn body(
        name: &'static str,
        form: Form,
        about: (&'static str, &'static str),
        example: &'static str,
    ) -> Self {
        Self { place: Place::Body, ..Self::query(name, form, about, example) }
    }

    /// The same, but it must be there.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// The same, but it may be there more than once.
    #[must_use]
    pub const fn many(self) -> Self {
        Self { is_many: true, ..self }
    }
}

pub(super) const PERIOD: Parameter = Parameter::query(
    "period",
    Form::Period,
    ("Kỳ báo cáo; mặc định là tháng mới nhất có số liệu", "The period; by default the latest month with figures"),
    "2026-10",
);
pub(super) const SCHEME: Parameter =
    Parameter::query("scheme", Form::Scheme, ("Cách chấm; mặc định own", "The scheme; own by default"), "own");
pub(super) const EDITION: Parameter = Parameter::query(
    "edition",
    Form::Edition,
    ("Của kỳ đã chốt: lần chốt thứ mấy, hoặc present", "Of a closed period: which closing, or present"),
    "present",
);
pub(super) const COMMUNE: Parameter = Parameter::query(
    "commune",
    Form::Commune,
    ("Xã, phường: mã hoặc tên", "The commune: slug, code or name"),
    "dinh-quan",
);
pub(super) const INDICATOR: Parameter =
    Parameter::query("indicator", Form::Indicator, ("Mã chỉ tiêu", "Code of an indicator"), "CDS-17");
pub(super) const GROUP: Parameter =
    Parameter::query("group", Form::Text, ("Nhóm chỉ tiêu", "Group of indicators"), "CDS");
pub(super) const KIND: Parameter = Parameter::query("kind", Form::Kind, ("xa hoặc phuong", "xa or phuong"), "xa");
pub(super) const LIGHT: Parameter =
    Parameter::query("light", Form::Light, ("Đèn: red hoặc yellow", "The light: red or yellow"), "red");
pub(super) const ANY_LIGHT: Parameter = Parameter::query(
    "light",
    Form::Choice(&["red", "yellow", "green", "grey"]),
    ("Đèn: red, yellow, green hoặc grey", "The light: red, yellow, green or grey"),
    "red",
);
pub(super) const UNIT: Parameter = Parameter::query(
    "unit",
    Form::Text,
    ("Đơn vị chủ trì chứa chữ này, không cần dấu", "The lead unit contains this, whatever the diacritics"),
    "van hoa",
);
pub(super) const SLUG: Parameter =
    Parameter::path("slug", Form::Commune, ("Mã xã, phường", "Slug of the commune"), "dinh-quan");
pub(super) const CODE: Parameter =
    Parameter::path("code", Form::Indicator, ("Mã chỉ tiêu", "Code of the indicator"), "CDS-17");
pub(super) const CLOSED: Parameter = Parameter::path("period", Form::Period, ("Kỳ báo cáo", "The period"), "2026-10");

/// What every list takes.
pub(super) const OF_LISTS: [Parameter; 3] = [
    Parameter::query(
        "search",
        Form::Text,
        ("Chỉ các dòng chứa chữ này, không cần dấu", "Only rows that contain this, whatever the diacritics"),
        "a",
    ),
    Parameter::query(
        "limit",
        Form::Number(MAX_LIMIT),
        ("Số dòng mỗi trang; mặc định 200", "Rows in a page; 200 by default"),
        "200",
    ),
    Parameter::query(
        "after",
        Form::Text,
        ("Con trỏ trang sau, lấy từ next của trang trước", "Cursor of a further page: next of the page before"),
        "",
    ),
];
