//! Reading the tables of the exports back. A fault names file, row and column; reading stops at the first.

use super::{CommuneRow, ExceptionRow, IndicatorRow, Inputs, ObservationRow, TargetRow};
use crate::{
    amount::Amount,
    catalogue::{CommuneKind, Direction, Goal, Kind, Operator, Rule},
    language::Language,
    observation::{Decision, Value},
    period::{Cycle, Period},
    ranking::Scheme,
};
use chrono::{DateTime, NaiveDate, Utc};
use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    str::FromStr,
};
use thiserror::Error;

/// Most rows of one table.
pub const MAX_ROWS: usize = 20_000_000;

/// What is wrong, and where. Rows count from 1, the header being row 1.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{}: {problem}", place(file, *row, column, ["row", "column"]))]
pub struct TableError {
    /// File name.
    pub file: String,
    /// Row as a spreadsheet shows it.
    pub row: u64,
    /// Column name, empty for the whole row.
    pub column: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a place of a table.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// The file is not there.
    #[error("the file is missing")]
    NoFile,
    /// The column is not there.
    #[error("the column is missing")]
    NoColumn,
    /// A cell that is needed is empty.
    #[error("is empty")]
    Empty,
    /// The key stands twice.
    #[error("stands twice")]
    Twice,
    /// A word that is not one of those allowed.
    #[error("unknown word {0:?}")]
    UnknownWord(String),
    /// A denominator that is zero or below.
    #[error("is not above zero")]
    NotAboveZero,
    /// Anything else, a fragment.
    #[error("{0}")]
    Other(String),
}

impl Problem {
    fn explain(&self, language: Language) -> String {
        let vi = match self {
            Problem::NoFile => "thiếu tệp này".to_owned(),
            Problem::NoColumn => "thiếu cột này".to_owned(),
            Problem::Empty => "ô trống".to_owned(),
            Problem::Twice => "trùng với một dòng trước".to_owned(),
            Problem::UnknownWord(word) => format!("không hiểu từ “{word}”"),
            Problem::NotAboveZero => "phải lớn hơn 0".to_owned(),
            Problem::Other(what) => format!("không dùng được: {what}"),
        };
        language.pick(vi, self.to_string())
    }
}

impl TableError {
    /// For people.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let Self { file, row, column, problem } = self;
        let words = language.pick(["dòng", "cột"], ["row", "column"]);
        format!("{}: {}", place(file, *row, column, words), problem.explain(language))
    }
}

/// File, row and column, as far as they are known.
fn place(file: &str, row: u64, column: &str, [row_word, column_word]: [&str; 2]) -> String {
    let mut place = file.to_owned();
    if row > 0 {
        place.push_str(&format!(", {row_word} {row}"));
    }
    if !column.is_empty() {
        place.push_str(&format!(", {column_word} {column}"));
    }
    place
}

/// The five input tables by name: `communes.csv`, `indicators.csv`, `targets.csv`, `exceptions.csv`, `observations.csv`.
/// A missing `exceptions.csv` means that there are none.
///
/// # Errors
/// The first fault.
pub fn inputs(files: &HashMap<String, Vec<u8>>) -> Result<Inputs, TableError> {
    let file = |name: &str| {
        files.get(name).map(Vec::as_slice).ok_or_else(|| TableError {
            file: name.to_owned(),
            row: 0,
            column: String::new(),
            problem: Problem::NoFile,
        })
    };
    let mut inputs = Inputs {
        communes: rows("communes.csv", file("communes.csv")?, commune)?,
        indicators: rows("indicators.csv", file("indicators.csv")?, indicator)?,
        ..Inputs::default()
    };
    unique("communes.csv", "slug", inputs.communes.iter().map(|row| row.slug.clone()))?;
    unique("indicators.csv", "code", inputs.indicators.iter().map(|row| row.code.clone()))?;
    inputs.targets = rows("targets.csv", file("targets.csv")?, target)?;
    unique("targets.csv", "plan_ref", inputs.targets.iter().map(|row| (row.commune.clone(), row.plan_ref.clone())))?;
    if let Some(bytes) = files.get("exceptions.csv") {
        inputs.exceptions = rows("exceptions.csv", bytes, exception)?;
        unique("exceptions.csv", "period", inputs.exceptions.iter().map(|row| (row.commune.clone(), row.period)))?;
    }
    let kinds: HashMap<String, Kind> = inputs.indicators.iter().map(|row| (row.code.clone(), row.kind)).collect();
    inputs.observations = rows("observations.csv", file("observations.csv")?, |row| observation(row, &kinds))?;
    let key = |o: &ObservationRow| (o.commune.clone(), o.indicator.clone(), o.unit.clone(), o.period, o.version);
    unique("observations.csv", "version", inputs.observations.iter().map(key))?;
    Ok(inputs)
}

fn unique<K: Eq + std::hash::Hash>(file: &str, column: &str, keys: impl Iterator<Item = K>) -> Result<(), TableError> {
    let mut seen = HashSet::new();
    for (key, row) in keys.zip(2u64..) {
        if !seen.insert(key) {
            let problem = Problem::Twice;
            return Err(TableError { file: file.into(), row, column: column.into(), problem });
        }
    }
    Ok(())
}

/// One row being read: its place and its cells by column name.
struct Row<'a> {
    file: &'a str,
    number: u64,
    columns: &'a HashMap<String, usize>,
    cells: &'a csv::StringRecord,
}

impl Row<'_> {
    fn fault(&self, column: &str, problem: Problem) -> TableError {
        TableError { file: self.file.into(), row: self.number, column: column.into(), problem }
    }

    fn other(&self, column: &str, problem: impl Display) -> TableError {
        self.fault(column, Problem::Other(problem.to_string()))
    }

    /// The text of a cell; a missing column is a fault.
    fn text(&self, column: &str) -> Result<&str, TableError> {
        let at = self.columns.get(column).ok_or_else(|| self.fault(column, Problem::NoColumn))?;
        Ok(self.cells.get(*at).unwrap_or_default().trim())
    }

    fn required(&self, column: &str) -> Result<&str, TableError> {
        let text = self.text(column)?;
        if text.is_empty() { Err(self.fault(column, Problem::Empty)) } else { Ok(text) }
    }

    fn word<T>(&self, column: &str, from: impl Fn(&str) -> Option<T>) -> Result<T, TableError> {
        let text = self.required(column)?;
        from(text).ok_or_else(|| self.fault(column, Problem::UnknownWord(text.to_owned())))
    }

    fn parsed<T: FromStr>(&self, column: &str) -> Result<T, TableError>
    where
        T::Err: Display,
    {
        self.required(column)?.parse().map_err(|e| self.other(column, e))
    }

    fn optional<T: FromStr>(&self, column: &str) -> Result<Option<T>, TableError>
    where
        T::Err: Display,
    {
        if self.text(column)?.is_empty() { Ok(None) } else { self.parsed(column).map(Some) }
    }

    fn cycle(&self, column: &str) -> Result<Option<Cycle>, TableError> {
        match self.text(column)? {
            "" | "continuous" => Ok(None),
            "month" => Ok(Some(Cycle::Monthly)),
            "quarter" => Ok(Some(Cycle::Quarterly)),
            "half" | "half_year" | "half-year" | "half-yearly" => Ok(Some(Cycle::HalfYearly)),
            "year" => Ok(Some(Cycle::Yearly)),
            _ => self.word(column, Cycle::from_word).map(Some),
        }
    }

    fn goal(&self, operator: &str, value: &str, high: &str) -> Result<Goal, TableError> {
        let goal = Goal::new(self.word(operator, Operator::from_word)?, self.optional(value)?, self.optional(high)?);
        goal.map_err(|e| self.other(value, e))
    }
}

/// The ranks of one scheme in a table with the columns of `rankings`, by slug of the commune. Rows without a rank are passed over.
///
/// # Errors
/// The first fault.
pub fn ranks(file: &str, bytes: &[u8], scheme: Scheme) -> Result<HashMap<String, u32>, TableError> {
    let rows = rows(file, bytes, |row| {
        let wanted = row.text("scheme")? == scheme.as_str();
        Ok((row.text("commune")?.to_owned(), row.optional("rank")?.filter(|_| wanted)))
    })?;
    Ok(rows.into_iter().filter_map(|(commune, rank)| Some((commune, rank?))).collect())
}

fn rows<T>(file: &str, bytes: &[u8], read: impl Fn(&Row<'_>) -> Result<T, TableError>) -> Result<Vec<T>, TableError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(bytes);
    let fault = |row: u64, e: &csv::Error| TableError {
        file: file.into(),
        row,
        column: String::new(),
        problem: Problem::Other(e.to_string()),
    };
    let columns: HashMap<String, usize> = reader
        .headers()
        .map_err(|e| fault(1, &e))?
        .iter()
        .enumerate()
        .map(|(at, name)| (name.trim().to_owned(), at))
        .collect();
    let mut rows = Vec::new();
    let mut number = 1;
    loop {
        number += 1 + blank_rows(bytes, reader.position().byte());
        let mut cells = csv::StringRecord::new();
        if !reader.read_record(&mut cells).map_err(|e| fault(number, &e))? {
            break;
        }
        let row = Row { file, number, columns: &columns, cells: &cells };
        if rows.len() == MAX_ROWS {
            return Err(row.other("", format!("more than {MAX_ROWS} rows")));
        }
        rows.push(read(&row)?);
    }
    Ok(rows)
}

/// Blank rows from a place between records on: the reader passes over them, a spreadsheet shows them.
fn blank_rows(bytes: &[u8], from: u64) -> u64 {
    let (before, mut rest) = bytes.split_at(usize::try_from(from).unwrap_or(bytes.len()).min(bytes.len()));
    if before.ends_with(b"\r") {
        // The second half of the line end of the record before.
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    let mut blank = 0;
    while let Some(shorter) = [&b"\r\n"[..], b"\n", b"\r"].iter().find_map(|end| rest.strip_prefix(*end)) {
        rest = shorter;
        blank += 1;
    }
    blank
}

fn commune(row: &Row<'_>) -> Result<CommuneRow, TableError> {
    Ok(CommuneRow {
        slug: row.required("slug")?.into(),
        code: row.text("code")?.into(),
        name: row.required("name")?.into(),
        kind: row.word("kind", CommuneKind::from_word)?,
        cycle: row.cycle("cycle")?,
    })
}

fn indicator(row: &Row<'_>) -> Result<IndicatorRow, TableError> {
    let points: Option<Amount> = row.optional("points")?;
    if points.is_some_and(|p| p.is_negative() || p > Amount::from(1_000)) {
        return Err(row.other("points", "lies outside 0 to 1000"));
    }
    let standard = match row.text("standard_operator")? {
        "" => None,
        _ => Some(row.goal("standard_operator", "standard_value", "standard_high")?),
    };
    Ok(IndicatorRow {
        code: row.required("code")?.into(),
        group: row.text("group")?.into(),
        name: row.text("name")?.into(),
        unit: row.text("unit")?.into(),
        kind: row.word("kind", Kind::from_word)?,
        direction: row.word("direction", Direction::from_word)?,
        cycle: row.cycle("cycle")?,
        rule: Rule::from_text(row.text("rule")?).map_err(|e| row.other("rule", e))?,
        points: points.unwrap_or(Amount::ONE),
        standard,
    })
}

fn target(row: &Row<'_>) -> Result<TargetRow, TableError> {
    let requires_evidence = match row.text("requires_evidence")?.to_ascii_lowercase().as_str() {
        "" | "true" | "yes" | "1" => true,
        "false" | "no" | "0" => false,
        word => return Err(row.fault("requires_evidence", Problem::UnknownWord(word.to_owned()))),
    };
    Ok(TargetRow {
        commune: row.required("commune")?.into(),
        plan_ref: row.required("plan_ref")?.into(),
        indicator: row.required("indicator")?.into(),
        goal: row.goal("operator", "value", "high")?,
        lead_unit: row.text("lead_unit")?.into(),
        deadline: row.optional::<NaiveDate>("deadline")?,
        requires_evidence,
    })
}

fn exception(row: &Row<'_>) -> Result<ExceptionRow, TableError> {
    Ok(ExceptionRow {
        commune: row.required("commune")?.into(),
        period: row.parsed("period")?,
        cutoff: row.parsed("cutoff")?,
        reason: row.text("reason")?.into(),
    })
}

fn observation(row: &Row<'_>, kinds: &HashMap<String, Kind>) -> Result<ObservationRow, TableError> {
    let indicator = row.required("indicator")?;
    let received_at: DateTime<Utc> = row.parsed("received_at")?;
    Ok(ObservationRow {
        commune: row.required("commune")?.into(),
        indicator: indicator.into(),
        unit: row.text("unit")?.into(),
        period: row.parsed::<Period>("period")?,
        version: row.parsed("version")?,
        value: value(row, kinds.get(indicator).copied())?,
        entered_by: row.text("entered_by")?.into(),
        entered_at: row.optional("entered_at")?.unwrap_or(received_at),
        received_at,
        evidence_count: row.optional("evidence_count")?.unwrap_or(0),
        verdict: match row.text("verdict")? {
            "" => None,
            _ => Some(row.word("verdict", Decision::from_word)?),
        },
    })
}

/// The value by the cells that are filled: numerator and denominator, yes or no, or a number of the indicator's kind.
fn value(row: &Row<'_>, kind: Option<Kind>) -> Result<Value, TableError> {
    let parts = (row.optional::<Amount>("numerator")?, row.optional::<Amount>("denominator")?);
    if let (Some(numerator), Some(denominator)) = parts {
        if denominator <= Amount::ZERO {
            return Err(row.fault("denominator", Problem::NotAboveZero));
        }
        return Ok(Value::Ratio { numerator, denominator });
    }
    if parts.0.is_some() || parts.1.is_some() {
        return Err(row.other("denominator", "numerator and denominator belong together"));
    }
    let number = || row.parsed::<Amount>("value");
    match row.required("value")? {
        "yes" => Ok(Value::Flag(true)),
        "no" => Ok(Value::Flag(false)),
        _ => match kind {
            Some(Kind::Ratio) => number().map(Value::Percent),
            Some(Kind::Count) => {
                let whole = number()?;
                let count = u64::try_from(whole.micros() / crate::amount::MICROS).ok().filter(|_| whole.is_whole());
                count.map(Value::Count).ok_or_else(|| row.other("value", "a count is whole and not negative"))
            }
            Some(Kind::Flag) => Err(row.other("value", "a flag is yes or no")),
            Some(Kind::Decimal) | None => number().map(Value::Decimal),
        },
    }
}
