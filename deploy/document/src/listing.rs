//! A list that both programs print, as a table of a report.

use crate::{Column, Side, Table, bounds, text::clean};
use shared::{
    language::Language,
    listing::{Form, Listing, for_people},
};

/// A column that is wanted: its name in the list, its heading in the report, its share of the width.
pub type Wanted<'a> = (&'a str, &'a str, u16);

/// The columns wanted of the first rows of a list, as people read them; a column that the list does not have stays empty.
#[must_use]
pub fn table(list: &Listing, caption: &str, wanted: &[Wanted<'_>], most: usize) -> Table {
    let places: Vec<_> =
        wanted.iter().map(|(name, ..)| list.columns.iter().position(|column| column.name == *name)).collect();
    let form = |place: &Option<usize>| place.map_or(Form::Text, |at| list.columns[at].form);
    let columns = wanted.iter().zip(&places).map(|((_, heading, width), place)| Column {
        heading: (*heading).to_owned(),
        width: *width,
        side: if form(place).is_number() { Side::Right } else { Side::Left },
    });
    let cell = |row: &Vec<String>, place: &Option<usize>| {
        let cell = place.and_then(|at| row.get(at)).map_or("", String::as_str);
        shortened(&clean(&for_people(form(place), cell, Language::Vi)))
    };
    let rows = list.rows.iter().take(most).map(|row| places.iter().map(|place| cell(row, place)).collect());
    Table { caption: caption.to_owned(), columns: columns.collect(), rows: rows.collect(), total: false }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(bounds::CELL - 1) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
