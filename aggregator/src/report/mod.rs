//! What province staff ask and what they are answered: rankings, explanations, league tables, communes and the exports.
//!
//! | file | noun |
//! | --- | --- |
//! | `question` | what can be asked, read from the command line or the wire |
//! | `figures` | everything an answer is made from, loaded from the store |
//! | `answer`, `explanation` | the answers for people |
//! | `export` | the tables of the scoring rules |
//! | `recompute` | the same from exported files alone |
//! | `service`, `remote` | the gRPC query service and its client |
//! | `cli` | the commands |
//!
//! Every answer is a [`Listing`], so that a command prints the same whether it reads the local folder or asks a server.

pub mod answer;
pub mod cli;
mod explanation;
pub mod export;
pub mod figures;
pub mod question;
pub mod recompute;
pub mod remote;
pub mod service;

use shared::{
    listing::{Column, Form, Listing},
    tables::write::Table,
};

/// A table of the exports as it stands; people see the columns' own names.
#[must_use]
pub fn export_listing(table: Table) -> Listing {
    let form = |number| if number { Form::Number } else { Form::Text };
    let columns = table.columns.iter().map(|column| Column::new(column.name, column.name, form(column.number)));
    Listing { columns: columns.collect(), rows: table.rows, ..Listing::default() }
}
