//! The units below a commune: their ranks, or an indicator by units.

use super::{
    figures::Figures,
    question::{AskError, Question, UnitsAsked},
};
use shared::{
    listing::Listing,
    ranking::{Scheme, explain},
    task,
    units::{self, list},
};

/// The units of a commune by rank, or an indicator by units.
///
/// # Errors
/// No such commune or none with targets, no such indicator; a period outside the plan year.
pub(super) fn units(figures: &Figures, question: &Question, asked: &UnitsAsked) -> Result<Listing, AskError> {
    let (language, book) = (question.language, figures.standings.book());
    let period = figures.period(question.period)?;
    let commune = figures.catalogue.find_commune(&asked.commune)?;
    let number = book.commune_number(&commune.slug).ok_or_else(|| AskError::NoTargets(commune.name.clone()))?;
    let catalogue = &figures.catalogue;
    if let Some(typed) = &asked.indicator {
        let indicator = figures.indicator(typed)?;
        let row = &book.indicators()[indicator as usize];
        let mut listing = list::by_unit(&units::by_unit(book, catalogue, number, indicator, period), language);
        listing.title = language.pick(
            format!("{}, {} {} theo đơn vị, kỳ {period}", commune.name, row.code, row.name),
            format!("{}, {} {} by unit, {period}", commune.name, row.code, row.name),
        );
        return Ok(listing);
    }
    let board = figures.standings.board(Scheme::Own, period);
    let rows = explain::explain(book, &board, number, figures.today);
    let own = catalogue.tasks.iter().filter(|task| task.commune == commune.slug);
    let progress = |task| task::progress(book, number, task, period, figures.today);
    let tasks: Vec<_> = own.map(|task| (task.lead_unit.clone(), progress(task))).collect();
    let mut listing = list::ranking(&units::ranking(book, catalogue, number, period, &rows, &tasks), language);
    listing.title = language
        .pick(format!("{}, các đơn vị kỳ {period}", commune.name), format!("{}, units in {period}", commune.name));
    Ok(listing)
}
