//! A list: the same cells as a table for people, as CSV and as JSON for programs.
//!
//! Cells are kept in machine form; how people read them is decided when the list is printed, so that a list prints the same
//! wherever it was made.

use crate::{
    amount::Amount, calendar::TIME_ZONE, evaluation::State, fraction::decimals, language::Language, light::Light,
    vietnamese,
};
use chrono::{DateTime, NaiveDate, Utc};

/// Widest cell of a table for people, in characters.
const WIDEST_CELL: usize = 60;
/// Widest sentence, in characters.
const WIDEST_WORDS: usize = 100;
/// A text column is not made narrower than this to fit the terminal.
const NARROWEST_TEXT: usize = 14;
/// Width of a table for people where the terminal does not say, in characters.
pub const DEFAULT_WIDTH: usize = 160;

/// A list with what people need to read it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Heading.
    pub title: String,
    /// Lines below the table.
    pub notes: Vec<String>,
    /// Columns.
    pub columns: Vec<Column>,
    /// Cells in machine form, one for each column, empty where there is nothing.
    pub rows: Vec<Vec<String>>,
}

/// A column of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name for programs.
    pub name: String,
    /// Heading for people; empty for a column that only programs see.
    pub heading: String,
    /// How people read the cells.
    pub form: Form,
}

impl Column {
    /// A column.
    #[must_use]
    pub fn new(name: &str, heading: &str, form: Form) -> Self {
        Self { name: name.to_owned(), heading: heading.to_owned(), form }
    }
}

/// How people read a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it stands; yes and no in their language.
    Text,
    /// A sentence that has to be read whole: other texts give way before it does.
    Words,
    /// Right-aligned, decimal comma, no trailing zeros.
    Number,
    /// A reported value: right-aligned, cut to two decimals; yes and no in their language.
    Value,
    /// Right-aligned with the decimals it has.
    Score,
    /// A share from 0 to 1 as a percentage.
    Share,
    /// Places won or lost.
    Movement,
    /// A state.
    State,
    /// A light.
    Light,
    /// Xã or phường.
    Kind,
    /// An instant.
    Time,
    /// A day.
    Day,
}

impl Form {
    const ALL: [(Form, &'static str); 12] = [
        (Form::Text, "text"),
        (Form::Words, "words"),
        (Form::Number, "number"),
        (Form::Value, "value"),
        (Form::Score, "score"),
        (Form::Share, "share"),
        (Form::Movement, "movement"),
        (Form::State, "state"),
        (Form::Light, "light"),
        (Form::Kind, "kind"),
        (Form::Time, "time"),
        (Form::Day, "day"),
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(form, _)| *form == self).map_or("text", |(_, word)| word)
    }

    /// Reads the word; text for one that this version does not know.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == word).map_or(Form::Text, |(form, _)| *form)
    }

    /// Whether cells are numbers, which stand at the right.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Form::Number | Form::Value | Form::Score | Form::Share | Form::Movement)
    }
}

impl Listing {
    /// CSV after RFC 4180, with a header row of the columns' names.
    #[must_use]
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        // Writing to memory does not fail, and every row has as many cells as there are columns.
        let _ = writer.write_record(self.columns.iter().map(|column| &column.name));
        for row in &self.rows {
            let _ = writer.write_record(row);
        }
        writer.into_inner().unwrap_or_default()
    }

    /// An array of objects. Whole numbers are numbers; decimals stay text, so that no reader turns them into binary floats;
    /// an empty cell is null.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let cell = |column: &Column, cell: &str| match cell.parse::<i64>() {
            _ if cell.is_empty() => serde_json::Value::Null,
            Ok(whole) if column.form.is_number() => whole.into(),
            _ => cell.into(),
        };
        let object = |row: &Vec<String>| -> serde_json::Value {
            let cells = self.columns.iter().zip(row).map(|(column, text)| (column.name.clone(), cell(column, text)));
            serde_json::Value::Object(cells.collect())
        };
        self.rows.iter().map(object).collect()
    }

    /// A table for people, at most about `width` characters wide: long texts are shortened.
    #[must_use]
    pub fn table(&self, language: Language, width: usize) -> String {
        let shown: Vec<usize> = (0..self.columns.len()).filter(|i| !self.columns[*i].heading.is_empty()).collect();
        let mut lines: Vec<Vec<String>> = vec![shown.iter().map(|i| self.columns[*i].heading.clone()).collect()];
        for row in &self.rows {
            let cell = |i: &usize| for_people(self.columns[*i].form, row.get(*i).map_or("", String::as_str), language);
            lines.push(shown.iter().map(cell).collect());
        }
        let forms: Vec<Form> = shown.iter().map(|i| self.columns[*i].form).collect();
        let widths = widths(&lines, &forms, width);
        let mut text = String::new();
        if !self.title.is_empty() {
            text.push_str(&self.title);
            text.push_str("\n\n");
        }
        for (number, line) in lines.iter().enumerate() {
            let cells = line.iter().zip(&widths).zip(&forms).map(|((cell, width), form)| aligned(cell, *width, *form));
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
            if number == 0 {
                let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                text.push_str(&rule.join("  "));
                text.push('\n');
            }
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    }
}

/// Column widths: what the cells need, then the widest texts give way until the line fits.
fn widths(lines: &[Vec<String>], forms: &[Form], limit: usize) -> Vec<usize> {
    let needed = |c: usize| lines.iter().map(|line| line[c].chars().count()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..forms.len())
        .map(|c| needed(c).min(if forms[c] == Form::Words { WIDEST_WORDS } else { WIDEST_CELL }))
        .collect();
    let gaps = 2 * forms.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > limit {
        let widest = |form| {
            let texts = (0..forms.len()).filter(|c| forms[*c] == form && widths[*c] > NARROWEST_TEXT);
            texts.max_by_key(|c| widths[*c])
        };
        let Some(widest) = widest(Form::Text).or_else(|| widest(Form::Words)) else { break };
        widths[widest] -= 1;
    }
    widths
}

fn aligned(cell: &str, width: usize, form: Form) -> String {
    let length = cell.chars().count();
    if length > width {
        let kept: String = cell.chars().take(width.saturating_sub(1)).collect();
        return format!("{kept}…");
    }
    let gap = " ".repeat(width - length);
    if form.is_number() { format!("{gap}{cell}") } else { format!("{cell}{gap}") }
}

/// A number in machine form the way people of a language read it.
#[must_use]
pub fn number_for_people(machine: &str, language: Language) -> String {
    match language {
        Language::Vi => vietnamese::number(machine),
        Language::En => machine.to_owned(),
    }
}

/// A cell the way people read it.
#[must_use]
pub fn for_people(form: Form, cell: &str, language: Language) -> String {
    match form {
        _ if cell.is_empty() => String::new(),
        Form::Text | Form::Words => yes_no(&cell.split_whitespace().collect::<Vec<_>>().join(" "), language).to_owned(),
        Form::Number => yes_no(&number_for_people(vietnamese::trimmed(cell), language), language).to_owned(),
        Form::Value => match cell.parse::<Amount>() {
            // Cut, not rounded: a value just below its target must not read as the target.
            Ok(value) => number_for_people(vietnamese::trimmed(&decimals(value.micros() / 10_000, 2)), language),
            Err(_) => yes_no(cell, language).to_owned(),
        },
        Form::Score => number_for_people(cell, language),
        Form::Share => share(cell, language),
        Form::Movement => movement(cell),
        Form::State => word(State::ALL, cell, State::as_str, |state| state.label(language)),
        Form::Light => word(Light::ALL, cell, Light::as_str, |light| light.label(language)),
        Form::Kind => match cell {
            "xa" => "xã".into(),
            "phuong" => "phường".into(),
            _ => cell.to_owned(),
        },
        Form::Time => match cell.parse::<DateTime<Utc>>() {
            Ok(instant) => instant.with_timezone(&TIME_ZONE).format("%H:%M %d/%m/%Y").to_string(),
            Err(_) => cell.to_owned(),
        },
        Form::Day => match cell.parse::<NaiveDate>() {
            Ok(day) => day.format("%d/%m/%Y").to_string(),
            Err(_) => cell.to_owned(),
        },
    }
}

fn share(cell: &str, language: Language) -> String {
    let Ok(share) = cell.parse::<Amount>() else { return cell.to_owned() };
    // Cut, not rounded: only what is reached reads as 100 %.
    let percent = decimals(share.micros() / 100, 2);
    format!("{} %", number_for_people(vietnamese::trimmed(&percent), language))
}

fn movement(cell: &str) -> String {
    match cell.parse::<i64>() {
        Ok(0) => "=".into(),
        Ok(up) if up > 0 => format!("▲ {up}"),
        Ok(down) => format!("▼ {}", down.unsigned_abs()),
        Err(_) => cell.to_owned(),
    }
}

fn yes_no(cell: &str, language: Language) -> &str {
    match cell {
        "yes" => language.pick("có", "yes"),
        "no" => language.pick("không", "no"),
        _ => cell,
    }
}

fn word<T: Copy, const N: usize>(
    all: [T; N],
    cell: &str,
    as_str: impl Fn(T) -> &'static str,
    label: impl Fn(T) -> &'static str,
) -> String {
    let known = all.into_iter().find(|one| as_str(*one) == cell);
    known.map_or_else(|| cell.to_owned(), |one| label(one).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_for_people() {
        let cases = [
            (Form::Number, "12.500000", "12,5"),
            (Form::Number, "4430", "4.430"),
            (Form::Number, "no", "không"),
            (Form::Value, "79.999999", "79,99"),
            (Form::Value, "1200.000000", "1.200"),
            (Form::Value, "yes", "có"),
            (Form::Score, "56.20", "56,20"),
            (Form::Share, "0.9231", "92,31 %"),
            (Form::Share, "1.0000", "100 %"),
            (Form::Share, "0.999999", "99,99 %"),
            (Form::Movement, "-2", "▼ 2"),
            (Form::Movement, "0", "="),
            (Form::State, "awaiting_review", "chờ thẩm định"),
            (Form::Light, "red", "đỏ"),
            (Form::Kind, "phuong", "phường"),
            (Form::Text, "yes", "có"),
            (Form::Time, "2026-10-19T17:00:00Z", "00:00 20/10/2026"),
            (Form::Day, "2026-10-19", "19/10/2026"),
            (Form::Score, "", ""),
        ];
        for (form, cell, expected) in cases {
            assert_eq!(for_people(form, cell, Language::Vi), expected, "{form:?} {cell}");
        }
    }

    fn sample() -> Listing {
        Listing {
            title: "Bảng".into(),
            notes: vec!["ghi chú".into()],
            columns: vec![
                Column::new("name", "Tên", Form::Text),
                Column::new("id", "", Form::Text),
                Column::new("met", "Đạt", Form::Number),
                Column::new("score", "Điểm", Form::Score),
            ],
            rows: vec![
                vec!["Xã \"A\", B".into(), "a".into(), "3".into(), "56.20".into()],
                vec!["Phường rất là dài".into(), "c".into(), String::new(), String::new()],
            ],
        }
    }

    #[test]
    fn programs_get_plain_cells() {
        assert_eq!(
            String::from_utf8(sample().csv()).unwrap(),
            "name,id,met,score\r\n\"Xã \"\"A\"\", B\",a,3,56.20\r\nPhường rất là dài,c,,\r\n"
        );
        let json = sample().json();
        assert_eq!((&json[0]["met"], &json[0]["score"]), (&3.into(), &"56.20".into()));
        assert_eq!(json[1]["met"], serde_json::Value::Null);
    }

    #[test]
    fn people_get_a_table_that_fits() {
        assert_eq!(
            sample().table(Language::Vi, 80),
            "Bảng\n\nTên                Đạt   Điểm\n─────────────────  ───  ─────\nXã \"A\", B            3  56,20\nPhường rất là dài\n\nghi chú\n"
        );
        let narrow = sample().table(Language::Vi, 26);
        assert!(narrow.contains("Phường rất là…"), "{narrow}");
    }
}
