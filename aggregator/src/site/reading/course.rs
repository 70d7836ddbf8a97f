//! How ranks and scores went over the months of a year: of a closed month as closed, of an open one as it is now. Made once for each
//! change.

use super::super::{Desk, Failure};
use crate::report::question::Edition;
use chrono::NaiveDate;
use shared::{
    language::Language,
    listing::Listing,
    period::{Cycle, Period},
    province::{ProvinceFigure, province_figure},
    ranking::{self, Before, Scheme},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

/// What the ranking of a month says of each commune.
#[derive(Debug, Default)]
pub struct Month {
    /// Rank and score by slug.
    pub of: HashMap<String, (Option<u32>, String)>,
    /// Who has reported anything for this month or one before, by slug: without it a score of 0 says nothing of a commune.
    pub reported: HashSet<String>,
    /// How many are ranked.
    pub ranked: u32,
}

/// What a month was made of: a closing, or figures of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Closed(u32),
    Open(u64, NaiveDate),
}

/// A month and what it was made of.
type Held = (Source, Arc<Month>);

/// Months that were asked for: at most those of a year under three schemes.
#[derive(Debug, Default)]
pub struct Courses {
    held: Mutex<HashMap<(Scheme, Period), Held>>,
}

/// The months of a year up to a period.
pub(super) fn months(period: Period) -> Vec<Period> {
    (1..=period.last_month()).filter_map(|number| Period::new(period.year(), Cycle::Monthly, number)).collect()
}

/// What stands below a month: `10`.
pub(super) fn label(month: Period) -> String {
    format!("{:02}", month.last_month())
}

impl Desk {
    /// The ranking of a month, in short.
    ///
    /// # Errors
    /// The figures of a closing cannot be read.
    pub(super) async fn month(&self, scheme: Scheme, month: Period, language: Language) -> Result<Arc<Month>, Failure> {
        let (changes, today) = self.moment().await;
        let closing = self.live.read().closing(month, Edition::InForce).ok().flatten().map(|one| one.revision);
        let source = closing.map_or(Source::Open(changes, today), Source::Closed);
        let held = || self.courses.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = held().get(&(scheme, month)).filter(|(of, _)| *of == source) {
            return Ok(found.clone());
        }
        let read = self.with_figures((month, Edition::InForce), |figures| {
            // Movement is not asked for, so the month before is not looked at.
            let rows = ranking::rows(&figures.standings.board(scheme, month), &Before::Nothing);
            let book = figures.standings.book();
            let members = book.members();
            let ranked = rows.iter().filter(|row| row.rank.is_some()).count();
            let indicators = (0_u32..).zip(book.indicators()).map(|(number, _)| number);
            let has_reported =
                |commune: u32| indicators.clone().any(|number| book.effective(commune, number, month).is_some());
            let reported = (0_u32..)
                .zip(members)
                .filter(|(number, _)| has_reported(*number))
                .map(|(_, member)| member.row.slug.clone())
                .collect();
            let of =
                rows.iter().map(|row| (members[row.commune as usize].row.slug.clone(), (row.rank, row.score_text())));
            Month { of: of.collect(), reported, ranked: u32::try_from(ranked).unwrap_or(u32::MAX) }
        });
        let month_read = Arc::new(read.await.map_err(|error| Failure::of(error, language))?);
        let mut held = held();
        held.retain(|(_, of), _| of.year() == month.year());
        held.insert((scheme, month), (source, month_read.clone()));
        Ok(month_read)
    }

    /// The months of a year up to a period.
    ///
    /// # Errors
    /// As [`Desk::month`].
    pub(super) async fn course(
        &self,
        scheme: Scheme,
        period: Period,
        language: Language,
    ) -> Result<Vec<(Period, Arc<Month>)>, Failure> {
        let mut course = Vec::new();
        for month in months(period) {
            course.push((month, self.month(scheme, month, language).await?));
        }
        Ok(course)
    }

    /// The province's own figure of an indicator over the months up to a period.
    ///
    /// # Errors
    /// As [`Desk::month`].
    pub(super) async fn own_course(
        &self,
        code: &str,
        period: Period,
        language: Language,
    ) -> Result<Vec<(Period, Option<ProvinceFigure>)>, Failure> {
        let mut course = Vec::new();
        for month in months(period) {
            let read = self.with_figures((month, Edition::InForce), |figures| {
                let book = figures.standings.book();
                book.indicator_number(code).map(|number| province_figure(book, number, month))
            });
            course.push((month, read.await.map_err(|error| Failure::of(error, language))?));
        }
        Ok(course)
    }
}

/// How many of a list's rows have a number in a column within each step, which ends where the next begins. The last one holds `most` alone.
pub(super) fn spread(listing: &Listing, column: &str, (step, most): (f64, f64)) -> Vec<(String, u64)> {
    let steps = (0_u32..).map(|count| f64::from(count) * step).take_while(|from| *from < most);
    let mut bins: Vec<(f64, f64, String, u64)> =
        steps.map(|from| (from, from + step, format!("{from:.0}–{:.0}", from + step), 0)).collect();
    bins.push((most, f64::MAX, format!("{most:.0}"), 0));
    let numbers = pages::listing::Row::all(listing).filter_map(|row| row.cell(column).parse::<f64>().ok());
    for number in numbers {
        if let Some(bin) = bins.iter_mut().find(|(from, to, ..)| (*from..*to).contains(&number)) {
            bin.3 += 1;
        }
    }
    bins.into_iter().map(|(.., label, count)| (label, count)).collect()
}
