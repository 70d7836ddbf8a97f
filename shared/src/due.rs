//! What a commune owes in a period and how it came: the same that "on time" of the ranking counts, indicator by indicator.

use crate::{
    book::Book,
    calendar::end_of_day,
    language::Language,
    period::{Cycle, Period},
};

/// How a figure came that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// Nothing was reported for the period yet.
    Missing,
    /// The first version came after the cut-off day.
    Late,
    /// The first version came by the end of the cut-off day.
    OnTime,
}

impl Delivery {
    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Delivery::Missing => "missing",
            Delivery::Late => "late",
            Delivery::OnTime => "on_time",
        }
    }

    /// For people.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (vi, en) = match self {
            Delivery::Missing => ("chưa báo cáo", "not reported"),
            Delivery::Late => ("trễ hạn", "late"),
            Delivery::OnTime => ("đúng hạn", "on time"),
        };
        language.pick(vi, en)
    }
}

/// One indicator that is expected of a commune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// Its number in the book.
    pub indicator: u32,
    /// Its cycle for this commune.
    pub cycle: Cycle,
    /// How it came.
    pub delivery: Delivery,
}

/// What is expected of a commune in a period: the indicators that its own plan scores and whose cycle ends in it.
pub fn duties(book: &Book, commune: u32, period: Period) -> impl Iterator<Item = Duty> {
    let end = end_of_day(book.cutoff(commune, period));
    book.expected(commune, period).map(move |(indicator, cycle)| {
        let delivery = if book.on_time(commune, indicator, period, end) {
            Delivery::OnTime
        } else if book.reported_for(commune, indicator, period) {
            Delivery::Late
        } else {
            Delivery::Missing
        };
        Duty { indicator, cycle, delivery }
    })
}
