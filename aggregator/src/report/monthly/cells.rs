//! Cells of lists, and the parts of a document that are made of them.

use document::{Error, Part, Picture, chart::Drawing};
use shared::{
    language::Language,
    listing::{Listing, number_for_people},
    vietnamese::trimmed,
};

/// Longest title of an indicator or a task in a table, in characters; the annex has the whole.
const LONGEST_TITLE: usize = 110;
/// How large charts are drawn, against their size on the page.
const ZOOM: f32 = 2.0;

pub(super) fn heading(level: u8, text: &str) -> Part {
    Part::Heading { level, text: text.to_owned() }
}

pub(super) fn picture(drawing: &Drawing) -> Result<Part, Error> {
    let caption = drawing.description().to_owned();
    Ok(Part::Picture(Picture { png: drawing.png(ZOOM)?, caption, description: String::new() }))
}

/// A list with the texts of a column made shorter.
pub(super) fn shortened(mut list: Listing, column: &str) -> Listing {
    let at = list.columns.iter().position(|one| one.name == column);
    for cell in list.rows.iter_mut().filter_map(|row| row.get_mut(at?)) {
        if let Some((end, _)) = cell.char_indices().nth(LONGEST_TITLE) {
            *cell = format!("{}…", cell[..end].trim_end());
        }
    }
    list
}

/// A cell of a list by the name of its column.
pub(super) fn cell<'a>(list: &Listing, row: &'a [String], column: &str) -> &'a str {
    let at = list.columns.iter().position(|one| one.name == column);
    at.and_then(|at| row.get(at)).map_or("", String::as_str)
}

pub(super) fn only(list: &Listing, fits: impl Fn(&Vec<String>) -> bool) -> Listing {
    let rows = list.rows.iter().filter(|row| fits(row)).cloned().collect();
    Listing { rows, columns: list.columns.clone(), ..Listing::default() }
}

pub(super) fn total(list: &Listing, column: &str) -> usize {
    list.rows.iter().filter_map(|row| cell(list, row, column).parse::<usize>().ok()).sum()
}

pub(super) fn people(machine: &str) -> String {
    number_for_people(trimmed(machine), Language::Vi)
}

pub(super) fn count(number: usize) -> String {
    people(&number.to_string())
}

/// A share with one decimal, cut: only all of them is 100 %.
pub(super) fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1_000).checked_div(whole).unwrap_or_default();
    format!("{} %", people(&format!("{}.{}", tenths / 10, tenths % 10)))
}
