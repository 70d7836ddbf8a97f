//! A list as a page: its filters, its rows page by page, and its notes; or the same rows as a file.

use super::{
    super::{Failure, gate::Visitor, working::choice},
    asked::Reader,
    place::{self, Page},
};
use axum::response::Response;
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self, Look},
    part,
};
use shared::listing::Listing;

/// What stands around the rows of a list.
#[derive(Default)]
pub(super) struct List<'a> {
    /// Where the page is.
    pub(super) path: &'a str,
    /// The name of the file, before period and ending.
    pub(super) file: &'a str,
    /// The title.
    pub(super) title: &'a str,
    /// The words below it.
    pub(super) about: String,
    /// Links beside those to files.
    pub(super) actions: Markup,
    /// What the address asks beside the filters and is kept.
    pub(super) kept: &'a [&'a str],
    /// The filters beside the period.
    pub(super) filters: Markup,
    /// What stands between filters and rows.
    pub(super) above: Markup,
    /// What is said where there are no rows, and what to do then.
    pub(super) nothing: (&'a str, &'a str),
    /// How the table looks.
    pub(super) look: Look<'a>,
    /// The lines below it.
    pub(super) notes: Markup,
}

impl List<'_> {
    /// The page, or the file where one is asked for.
    pub(super) fn show(&self, reader: &Reader<'_>, visitor: &Visitor, rows: &Listing) -> Result<Response, Failure> {
        if let Some(file) = reader.file(self.file, rows)? {
            return Ok(file);
        }
        let (asked, language) = (reader.asked, reader.language);
        let page = Page::of(asked, rows.rows.len(), place::ROWS);
        let body = html! {
            (frame::title(self.title, &self.about, &html! { (self.actions) (reader.files(self.path)) }))
            (reader.filters(self.path, self.kept, &self.filters))
            (self.above)
            section .card.flush {
                @if rows.rows.is_empty() { (part::empty(self.nothing.0, self.nothing.1)) }
                @else { (listing::table(&place::rows_of(rows, &page), &self.look, language)) }
            }
            (page.links(asked, self.path, language))
            (self.notes)
        };
        Ok(visitor.page(reader.site, self.title, &body))
    }
}

/// The filter by one commune, typed or taken from what is suggested.
pub(super) fn commune_field(reader: &Reader<'_>) -> Markup {
    html! {
        label .choice { span { (reader.l("Xã, phường", "Commune")) } input name="commune" list="communes" maxlength="100" autocomplete="off" value=(reader.asked.text("commune")); }
        (choice::communes(reader.site, "communes"))
    }
}

/// A filter by one of some words; what is chosen comes from the address.
pub(super) fn select(reader: &Reader<'_>, name: &str, label: &str, options: &[(&str, &str)]) -> Markup {
    let options: Vec<_> = options.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect();
    part::choice(name, label, &options, reader.asked.text(name))
}
