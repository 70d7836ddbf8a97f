//! Figures that a person should look at again. Nothing is refused for it: the clerk is asked for a note, the reviewer sees why.
//!
//! Source: plans of phường Minh Hưng, I.2 and xã Tân Phú, IV.2 ("có đối chiếu, kiểm chứng"), of xã Định Quán, IV.1.3 ("báo cáo hình thức")
//! and IV.3.2 (evidence with every result). The thresholds are ours; they are the constants below.

use crate::{
    amount::{Amount, MICROS},
    book::Book,
    catalogue::{Catalogue, EvidenceDuty},
    effective::Series,
    fraction::Fraction,
    language::Language,
    listing::number_for_people,
    observation::Value,
    period::Period,
    task::Reported,
    vietnamese::trimmed,
};
use chrono::NaiveDate;

mod task;

pub use task::TASK_JUMP_POINTS;

/// A percentage that changes by this many points from one report to the next.
pub const JUMP_POINTS: u32 = 20;
/// A number that changes by more than this many times the largest change of the year before.
pub const JUMP_TIMES: i128 = 3;
/// A denominator that changes by more than this percentage. Files and transactions are counted from the start of the year, so that theirs
/// grow from month to month.
pub const DENOMINATOR_PERCENT: i128 = 30;
/// From so many figures on it is looked at whether all are 100 %, or all as they were.
pub const UNIFORM_FROM: usize = 5;

/// Why a figure should be looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// A count since the start of the year is below the one reported before.
    Falls {
        /// The one before.
        before: Fraction,
        /// This one.
        now: Fraction,
    },
    /// It changed by far more than it did before.
    Jumps {
        /// The one before.
        before: Fraction,
        /// This one.
        now: Fraction,
    },
    /// The denominator is another than before by more than [`DENOMINATOR_PERCENT`].
    Denominator {
        /// The one before.
        before: Amount,
        /// This one.
        now: Amount,
    },
    /// It is larger than an indicator that it is a part of.
    Exceeds {
        /// Code of that one.
        other: String,
        /// Its value.
        limit: Fraction,
    },
    /// The value for the whole commune is not the sum over its units.
    DiffersFromUnits {
        /// The roll-up.
        units: Fraction,
    },
    /// All percentages of the period are 100 %.
    AllFull(usize),
    /// All figures of the period are what they were in the one before.
    AllUnchanged(usize),
    /// The plan asks for evidence with every result, and there is none.
    NoEvidence,
    /// It is reported for a period that has not begun.
    NotBegun(NaiveDate),
    /// A task is less far than it was reported to be before.
    ProgressFalls {
        /// The percentage before.
        before: Fraction,
        /// This one.
        now: Fraction,
    },
    /// More was disbursed than the task's budget, in million VND.
    OverBudget {
        /// Disbursed.
        spent: Fraction,
        /// The budget.
        budget: Amount,
    },
}

impl Doubt {
    /// A stable word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Doubt::Falls { .. } => "falls",
            Doubt::Jumps { .. } => "jumps",
            Doubt::Denominator { .. } => "denominator",
            Doubt::Exceeds { .. } => "exceeds",
            Doubt::DiffersFromUnits { .. } => "differs_from_units",
            Doubt::AllFull(_) => "all_full",
            Doubt::AllUnchanged(_) => "all_unchanged",
            Doubt::NoEvidence => "no_evidence",
            Doubt::NotBegun(_) => "not_begun",
            Doubt::ProgressFalls { .. } => "progress_falls",
            Doubt::OverBudget { .. } => "over_budget",
        }
    }

    /// Whether words can settle it. Evidence that is missing has to be attached.
    #[must_use]
    pub fn asks_for_a_note(&self) -> bool {
        !matches!(self, Doubt::NoEvidence)
    }

    /// For people.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let number = |value: &Fraction| number_for_people(trimmed(&value.to_decimals(2)), language);
        let amount = |value: &Amount| number_for_people(trimmed(&value.to_string()), language);
        match self {
            Doubt::Falls { before, now } => language.pick(
                format!("số cộng dồn từ đầu năm giảm từ {} xuống {}", number(before), number(now)),
                format!("a count since the start of the year falls from {} to {}", number(before), number(now)),
            ),
            Doubt::Jumps { before, now } => language.pick(
                format!("thay đổi khác thường: từ {} thành {}", number(before), number(now)),
                format!("an unusual change: from {} to {}", number(before), number(now)),
            ),
            Doubt::Denominator { before, now } => language.pick(
                format!("mẫu số thay đổi nhiều: từ {} thành {}", amount(before), amount(now)),
                format!("the denominator changes much: from {} to {}", amount(before), amount(now)),
            ),
            Doubt::Exceeds { other, limit } => language.pick(
                format!("lớn hơn {other} ({}), thường không thể", number(limit)),
                format!("larger than {other} ({}), which it usually cannot be", number(limit)),
            ),
            Doubt::DiffersFromUnits { units } => language.pick(
                format!("khác với cộng dồn từ các đơn vị ({})", number(units)),
                format!("differs from the roll-up over the units ({})", number(units)),
            ),
            Doubt::AllFull(count) => language.pick(
                format!("cả {count} tỷ lệ của kỳ này đều là 100 %"),
                format!("all {count} percentages of the period are 100 %"),
            ),
            Doubt::AllUnchanged(count) => language.pick(
                format!("cả {count} số liệu của kỳ này đều như kỳ trước"),
                format!("all {count} figures of the period are as in the one before"),
            ),
            Doubt::NoEvidence => language.pick("chưa có minh chứng", "no evidence yet").to_owned(),
            Doubt::NotBegun(first) => language.pick(
                format!("kỳ chưa bắt đầu (từ {})", first.format("%d/%m/%Y")),
                format!("the period has not begun (from {first})"),
            ),
            Doubt::ProgressFalls { before, now } => language.pick(
                format!("tiến độ giảm từ {} % xuống {} %", number(before), number(now)),
                format!("the progress falls from {} % to {} %", number(before), number(now)),
            ),
            Doubt::OverBudget { spent, budget } => language.pick(
                format!("giải ngân vượt kinh phí: {} trên {} triệu đồng", number(spent), amount(budget)),
                format!("disbursed more than the budget: {} of {} million VND", number(spent), amount(budget)),
            ),
        }
    }
}

/// A figure and why it should be looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubted {
    /// The code that it was reported under, an indicator's or a task's; empty for what is said of all figures of the period.
    pub code: String,
    /// Unit code, empty for the whole commune.
    pub unit: String,
    /// The period that the figure was reported for.
    pub period: Period,
    /// Its newest version; 0 for what is said of all figures.
    pub version: u32,
    /// Why.
    pub doubt: Doubt,
}

/// What figures are looked at with.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// All figures.
    pub book: &'a Book,
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// Number of the commune whose figures are looked at.
    pub commune: u32,
    /// Today, in the province's time zone.
    pub today: NaiveDate,
    /// For which figures the commune owes evidence.
    duty: EvidenceDuty,
}

impl<'a> Sight<'a> {
    /// On a commune by its number in the book.
    #[must_use]
    pub fn new(book: &'a Book, catalogue: &'a Catalogue, commune: u32, today: NaiveDate) -> Self {
        let slug = &book.members()[commune as usize].row.slug;
        let duty = catalogue.commune(slug).map(|commune| commune.evidence).unwrap_or_default();
        Self { book, catalogue, commune, today, duty }
    }

    /// Whether the commune owes evidence for every figure.
    #[must_use]
    pub fn owes_all_evidence(&self) -> bool {
        self.duty == EvidenceDuty::Every
    }

    fn slug(&self) -> &'a str {
        &self.book.members()[self.commune as usize].row.slug
    }

    fn series(&self, code: &str) -> &'a [Series] {
        match self.book.indicator_number(code) {
            Some(number) => self.book.series(self.commune, number),
            None => self.book.task_series(self.commune, code),
        }
    }

    /// The codes that something can be reported under: indicators, then tasks.
    fn codes(&self) -> impl Iterator<Item = String> {
        let slug = self.slug();
        let tasks = self.catalogue.tasks.iter().filter(move |task| task.commune == slug);
        let of_task = tasks.flat_map(|t| [Reported::Progress(&t.code).code(), Reported::Disbursement(&t.code).code()]);
        self.book.indicators().iter().map(|indicator| indicator.code.clone()).chain(of_task)
    }
}

/// What should be looked at again in the figures that a commune reported for a period, indicator by indicator, then task by task.
#[must_use]
pub fn doubts(sight: Sight<'_>, period: Period) -> Vec<Doubted> {
    let mut found = of_figures(sight, |figure| figure.period == period);
    let of_all = |doubt| Doubted { code: String::new(), unit: String::new(), period, version: 0, doubt };
    found.extend(of_period(sight.book, sight.commune, period).into_iter().map(of_all));
    found
}

/// Figures given ahead of their time: for periods that have not begun, but not for this one.
#[must_use]
pub fn ahead(sight: Sight<'_>, but: Period) -> Vec<Doubted> {
    let mut found = of_figures(sight, |figure| figure.period != but && figure.period.first_day() > sight.today);
    found.retain(|doubted| matches!(doubted.doubt, Doubt::NotBegun(_)));
    found
}

fn of_figures(sight: Sight<'_>, is_wanted: impl Fn(&Series) -> bool) -> Vec<Doubted> {
    let mut found = Vec::new();
    for code in sight.codes() {
        let mut figures: Vec<&Series> = sight.series(&code).iter().filter(|series| is_wanted(series)).collect();
        figures.sort_by(|a, b| a.unit.cmp(&b.unit).then_with(|| a.period.by_recency(b.period)));
        for figure in figures {
            let doubted = |doubt| Doubted {
                code: code.clone(),
                unit: figure.unit.to_string(),
                period: figure.period,
                version: figure.version,
                doubt,
            };
            found.extend(of_figure(sight, &code, figure).into_iter().map(doubted));
        }
    }
    found
}

/// What should be looked at again in the figure of a unit (or of the whole commune), code and period; nothing where there is none.
#[must_use]
pub fn of_key(sight: Sight<'_>, code: &str, unit: &str, period: Period) -> Vec<Doubt> {
    let figure = sight.series(code).iter().find(|series| series.period == period && *series.unit == *unit);
    figure.map(|figure| of_figure(sight, code, figure)).unwrap_or_default()
}

fn of_figure(sight: Sight<'_>, code: &str, figure: &Series) -> Vec<Doubt> {
    let mut before: Vec<&Series> = sight
        .series(code)
        .iter()
        .filter(|s| s.unit == figure.unit && s.period.year() == figure.period.year())
        .filter(|s| s.period.by_recency(figure.period).is_lt())
        .collect();
    before.sort_by(|a, b| a.period.by_recency(b.period));
    let mut doubts = match sight.book.indicator_number(code) {
        Some(number) => of_indicator(sight, number, figure, &before),
        None => task::of_task(sight, Reported::of(code), figure, &before),
    };
    if figure.period.first_day() > sight.today {
        doubts.push(Doubt::NotBegun(figure.period.first_day()));
    }
    doubts
}

/// Of an indicator's figure; `before` holds all earlier ones of the year in order.
fn of_indicator(sight: Sight<'_>, indicator: u32, figure: &Series, before: &[&Series]) -> Vec<Doubt> {
    let Sight { book, catalogue, commune, .. } = sight;
    let mut doubts = Vec::new();
    if let Some(last) = before.last() {
        doubts.extend(since_last(last, figure, before));
    }
    let code = &book.indicators()[indicator as usize].code;
    let larger = catalogue.indicator(code).map(|one| one.at_most_of.as_str()).filter(|code| !code.is_empty());
    if figure.unit.is_empty()
        && let (Some(now), Some(number)) = (number(figure.value), larger.and_then(|code| book.indicator_number(code)))
        && let Some(limit) = book.effective(commune, number, figure.period)
        && now > limit.measure.as_number()
    {
        let other = book.indicators()[number as usize].code.clone();
        doubts.push(Doubt::Exceeds { other, limit: limit.measure.as_number() });
    }
    if figure.unit.is_empty()
        && let (Some(now), Some(units)) = (number(figure.value), book.rolled_up(commune, indicator, figure.period))
        && units.period == figure.period
        && now != units.measure.as_number()
    {
        doubts.push(Doubt::DiffersFromUnits { units: units.measure.as_number() });
    }
    // An acceptance does not make up for it.
    if sight.owes_all_evidence() && figure.evidence == 0 {
        doubts.push(Doubt::NoEvidence);
    }
    doubts
}

/// What changed since the report before; `before` holds all earlier ones of the year in order.
fn since_last(last: &Series, figure: &Series, before: &[&Series]) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let (Some(was), Some(now)) = (number(last.value), number(figure.value)) else { return doubts };
    let is_percentage = matches!(figure.value, Value::Ratio { .. } | Value::Percent(_));
    let change = distance(was, now);
    if matches!(figure.value, Value::Count(_)) && now < was {
        doubts.push(Doubt::Falls { before: was, now });
    } else if is_percentage {
        if change >= i128::from(JUMP_POINTS) * MICROS {
            doubts.push(Doubt::Jumps { before: was, now });
        }
    } else if is_beyond_the_usual(change, before) {
        doubts.push(Doubt::Jumps { before: was, now });
    }
    if let (Value::Ratio { denominator: was, .. }, Value::Ratio { denominator: now, .. }) = (last.value, figure.value) {
        let apart = (now.micros() - was.micros()).abs();
        if apart * 100 > was.micros() * DENOMINATOR_PERCENT {
            doubts.push(Doubt::Denominator { before: was, now });
        }
    }
    doubts
}

/// Whether a change is more than [`JUMP_TIMES`] the largest of the year before it. A first change says nothing of what is usual.
fn is_beyond_the_usual(change: i128, before: &[&Series]) -> bool {
    let numbers: Vec<Fraction> = before.iter().filter_map(|series| number(series.value)).collect();
    let largest = numbers.windows(2).map(|pair| distance(pair[0], pair[1])).max();
    largest.is_some_and(|largest| largest > 0 && change > largest * JUMP_TIMES)
}

/// What is said of all figures of a period together.
fn of_period(book: &Book, commune: u32, period: Period) -> Vec<Doubt> {
    let indicators = 0..u32::try_from(book.indicators().len()).unwrap_or(u32::MAX);
    let whole = |indicator: u32, period: Period| {
        book.series(commune, indicator).iter().find(|s| s.unit.is_empty() && s.period == period)
    };
    let figures: Vec<(u32, &Series)> = indicators.filter_map(|i| Some((i, whole(i, period)?))).collect();
    let mut doubts = Vec::new();
    let percentages: Vec<Fraction> = figures
        .iter()
        .filter(|(_, s)| matches!(s.value, Value::Ratio { .. } | Value::Percent(_)))
        .filter_map(|(_, s)| number(s.value))
        .collect();
    let full = Fraction::from(Amount::from(100));
    if percentages.len() >= UNIFORM_FROM && percentages.iter().all(|percentage| *percentage == full) {
        doubts.push(Doubt::AllFull(percentages.len()));
    }
    if let Some(before) = period.previous().filter(|before| before.year() == period.year()) {
        let pairs: Vec<bool> =
            figures.iter().filter_map(|(i, now)| Some(whole(*i, before)?.value == now.value)).collect();
        if pairs.len() >= UNIFORM_FROM && pairs.len() == figures.len() && pairs.iter().all(|same| *same) {
            doubts.push(Doubt::AllUnchanged(pairs.len()));
        }
    }
    doubts
}

fn number(value: Value) -> Option<Fraction> {
    match value {
        Value::Ratio { numerator, denominator } => Fraction::new(100 * numerator.micros(), denominator.micros()),
        Value::Percent(amount) | Value::Decimal(amount) => Some(amount.into()),
        Value::Count(count) => Fraction::new(i128::from(count) * MICROS, MICROS),
        Value::Flag(_) => None,
    }
}

/// In millionths, cut: what is unusual is not decided by the last digit.
fn distance(a: Fraction, b: Fraction) -> i128 {
    let micros = |number: Fraction| number.quotient_micros(Fraction::ONE).unwrap_or_default();
    (micros(a) - micros(b)).abs()
}

#[cfg(test)]
mod tests;
