//! The tables of the scoring rules, exactly: `export`.

use super::{
    figures::{Figures, exceptions_for},
    question::{AskError, ExportTable},
};
use shared::{
    listing::Listing,
    period::Period,
    ranking::{Scheme, Scope, explain},
    tables::{Inputs, ObservationRow, write},
};

/// Versions of figures in one page.
const PAGE: usize = 2_000;

/// One table of the exports for a period and a scheme.
///
/// # Errors
/// A period outside the plan year.
pub fn export(
    figures: &Figures,
    inputs: &Inputs,
    table: ExportTable,
    period: Option<Period>,
    scheme: Scheme,
) -> Result<Listing, AskError> {
    let mut pages = pages(figures, inputs, table, period, scheme)?;
    let mut whole = pages.next().unwrap_or_default();
    pages.for_each(|page| whole.rows.extend(page.rows));
    Ok(whole)
}

/// The same page by page, at least one: a commune's rows of `explain`, some thousand versions of figures, any other table whole. So a
/// table of the nation does not have to stand in memory to be written.
///
/// # Errors
/// A period outside the plan year.
pub fn pages<'a>(
    figures: &'a Figures,
    inputs: &'a Inputs,
    table: ExportTable,
    period: Option<Period>,
    scheme: Scheme,
) -> Result<Box<dyn Iterator<Item = Listing> + 'a>, AskError> {
    let asked = period;
    let period = figures.period(period)?;
    let book = figures.standings.book();
    let one = |list: Listing| -> Box<dyn Iterator<Item = Listing> + 'a> { Box::new(std::iter::once(list)) };
    Ok(match table {
        ExportTable::Communes => one(write::communes(inputs)),
        ExportTable::Indicators => one(write::indicators(inputs)),
        ExportTable::Targets => one(write::targets(inputs, book)),
        ExportTable::Exceptions => {
            let exceptions = exceptions_for(&figures.catalogue, &inputs.exceptions, period);
            one(write::exceptions(&Inputs { exceptions, ..Inputs::default() }))
        }
        ExportTable::Observations => {
            // Without a period: the whole plan year.
            let wanted = move |p: Period| p.year() == period.year() && (asked.is_none() || p.ends_by(period));
            let head = write::observations(&Inputs::default());
            let page = move |chunk: &[ObservationRow]| {
                let observations = chunk.iter().filter(|o| wanted(o.period)).cloned().collect();
                write::observations(&Inputs { observations, ..Inputs::default() })
            };
            Box::new(std::iter::once(head).chain(inputs.observations.chunks(PAGE).map(page)))
        }
        ExportTable::Rankings => {
            one(write::rankings(book, scheme, period, &figures.standings.ranking(scheme, period, &Scope::default())))
        }
        ExportTable::Explain => {
            let board = figures.standings.board(scheme, period);
            let communes = 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX);
            let head = write::explain(book, period, &[]);
            let page =
                move |commune| write::explain(book, period, &explain::explain(book, &board, commune, figures.today));
            Box::new(std::iter::once(head).chain(communes.map(page)))
        }
    })
}
