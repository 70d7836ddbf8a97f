//! The tables of the scoring rules, exactly: `export`.

use super::{
    figures::{Figures, exceptions_for},
    question::{AskError, ExportTable},
};
use shared::{
    listing::Listing,
    period::Period,
    ranking::{Scheme, Scope, explain},
    tables::{Inputs, write},
};

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
    let asked = period;
    let period = figures.period(period)?;
    let book = figures.standings.book();
    let list = match table {
        ExportTable::Communes => write::communes(inputs),
        ExportTable::Indicators => write::indicators(inputs),
        ExportTable::Targets => write::targets(inputs, book),
        ExportTable::Exceptions => {
            let exceptions = exceptions_for(&figures.catalogue, &inputs.exceptions, period);
            write::exceptions(&Inputs { exceptions, ..Inputs::default() })
        }
        ExportTable::Observations => {
            // Without a period: the whole plan year.
            let wanted = |p: Period| p.year() == period.year() && (asked.is_none() || p.ends_by(period));
            let observations = inputs.observations.iter().filter(|o| wanted(o.period)).cloned().collect();
            write::observations(&Inputs { observations, ..Inputs::default() })
        }
        ExportTable::Rankings => {
            write::rankings(book, scheme, period, &figures.standings.ranking(scheme, period, &Scope::default()))
        }
        ExportTable::Explain => {
            let board = figures.standings.board(scheme, period);
            let communes = 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX);
            let rows: Vec<_> = communes.flat_map(|c| explain::explain(book, &board, c, figures.today)).collect();
            write::explain(book, period, &rows)
        }
    };
    Ok(list)
}
