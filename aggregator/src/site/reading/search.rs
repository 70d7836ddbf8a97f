//! Finding communes, indicators, tasks and pages by what people type, without regard to diacritics.

use super::{
    super::{
        Failure, Site,
        gate::{Staff, Visitor},
    },
    place::segment,
};
use crate::report::figures::Figures;
use axum::{
    Router,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use maud::{Markup, html};
use pages::{frame, part};
use serde::Deserialize;
use shared::{
    language::Language,
    task::Reported,
    vietnamese::{self, folded},
};
use std::sync::{Arc, Mutex, PoisonError};

/// Longest text that is looked for, in characters.
const MAX_TEXT: usize = 100;
/// Most suggestions while one types.
const MAX_SUGGESTED: usize = 12;
/// Most finds of a kind on the page.
const MAX_OF_KIND: usize = 60;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/search", get(search)).route("/search/suggestions", get(suggestions))
}

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Commune,
    Indicator,
    Page,
    Task,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Commune, Kind::Indicator, Kind::Page, Kind::Task];

    fn label(self, language: Language) -> &'static str {
        match self {
            Kind::Commune => language.pick("Xã, phường", "Communes"),
            Kind::Indicator => language.pick("Chỉ tiêu", "Indicators"),
            Kind::Page => language.pick("Trang", "Pages"),
            Kind::Task => language.pick("Nhiệm vụ", "Tasks"),
        }
    }
}

/// Something that can be found.
#[derive(Debug, Clone)]
struct Entry {
    kind: Kind,
    href: String,
    title: String,
    beside: String,
    /// Folded: codes and names that mean it whole.
    exact: Vec<String>,
    /// Folded: texts that are looked in.
    texts: Vec<String>,
}

impl Entry {
    fn new(kind: Kind, href: String, (title, beside): (&str, &str), names: &[&str]) -> Self {
        let texts: Vec<String> = names.iter().map(|name| folded(name)).filter(|name| !name.is_empty()).collect();
        let bare = texts.iter().filter_map(|name| name.strip_prefix("xa ").or(name.strip_prefix("phuong ")));
        let exact = texts.iter().cloned().chain(bare.map(str::to_owned)).collect();
        Self { kind, href, title: title.to_owned(), beside: beside.to_owned(), exact, texts }
    }

    /// How well it fits, 0 best; none when it does not.
    fn fit(&self, wanted: &str) -> Option<u8> {
        if self.exact.iter().any(|name| name == wanted) {
            return Some(0);
        }
        if self.exact.iter().any(|name| name.starts_with(wanted)) {
            return Some(1);
        }
        let begins_a_word =
            |text: &String| text.match_indices(wanted).any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric));
        if self.texts.iter().any(begins_a_word) {
            return Some(2);
        }
        if self.texts.iter().any(|text| text.contains(wanted)) {
            return Some(3);
        }
        let has = |word: &str| self.texts.iter().any(|text| text.contains(word));
        wanted.split(' ').all(has).then_some(4)
    }
}

/// What can be found in a version of the catalogue.
#[derive(Debug, Default)]
pub struct Shelf {
    held: Mutex<Option<(u64, Arc<Vec<Entry>>)>>,
}

impl Shelf {
    fn of(&self, figures: &Figures) -> Arc<Vec<Entry>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some((version, entries)) if *version == figures.catalogue_version => entries.clone(),
            _ => {
                let entries = Arc::new(entries(figures));
                *held = Some((figures.catalogue_version, entries.clone()));
                entries
            }
        }
    }
}

fn entries(figures: &Figures) -> Vec<Entry> {
    let catalogue = &figures.catalogue;
    let communes = catalogue.communes.iter().map(|one| {
        let href = format!("/communes/{}", one.slug);
        Entry::new(Kind::Commune, href, (&one.name, &one.code), &[&one.name, &one.code, &one.slug])
    });
    let indicators = catalogue.indicators.iter().map(|one| {
        let plain = one.code.replace('-', "");
        let href = format!("/indicators/{}", one.code);
        Entry::new(Kind::Indicator, href, (&one.name, &one.code), &[&one.code, &plain, &one.name, &one.name_en])
    });
    let name = |slug: &str| catalogue.commune(slug).map_or("", |commune| commune.name.as_str());
    let tasks = catalogue.tasks.iter().map(|one| {
        let href = format!("/communes/{}/{}", one.commune, segment(&Reported::Progress(&one.code).code()));
        let (title, place) = (format!("{} {}", one.code, one.title), name(&one.commune));
        Entry::new(Kind::Task, href, (&title, place), &[&one.title, &format!("{title} {place}")])
    });
    communes.chain(indicators).chain(tasks).collect()
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Wanted {
    q: String,
}

/// What was found, best first; and how well each fits.
async fn find(site: &Site, visitor: &Visitor, typed: &str) -> Vec<(u8, Entry)> {
    let short: String = typed.chars().take(MAX_TEXT).collect();
    let wanted = folded(&short);
    if wanted.is_empty() {
        return Vec::new();
    }
    let shelf = {
        let figures = site.live.read();
        site.index.of(&figures)
    };
    let groups = visitor.frame(site).groups;
    let pages = groups.iter().flat_map(|group| &group.links);
    let pages: Vec<Entry> = pages
        .map(|link| Entry::new(Kind::Page, link.href.clone(), (&link.label, &link.href), &[&link.label]))
        .collect();
    let mut found: Vec<(u8, &Entry)> =
        shelf.iter().chain(&pages).filter_map(|entry| Some((entry.fit(&wanted)?, entry))).collect();
    found.sort_by_cached_key(|(fit, entry)| {
        // Places stand in the order of their names; of sentences the short ones say more of what was typed.
        let length = if entry.kind == Kind::Commune { 0 } else { entry.title.chars().count() };
        (*fit, entry.kind, length, vietnamese::sort_key(&entry.title))
    });
    // Bounded before anything is copied.
    let mut counts = [0usize; Kind::ALL.len()];
    found.retain(|(_, entry)| {
        let count = &mut counts[entry.kind as usize];
        *count += 1;
        *count <= MAX_OF_KIND
    });
    found.into_iter().map(|(fit, entry)| (fit, entry.clone())).collect()
}

async fn search(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Wanted>,
) -> Result<Response, Failure> {
    site.settle_nearly().await?;
    let found = find(&site, &visitor, &asked.q).await;
    // Whoever types a whole code or name means it.
    if let [(0, only), rest @ ..] = found.as_slice()
        && rest.first().is_none_or(|(fit, _)| *fit > 0)
    {
        return Ok(Redirect::to(&only.href).into_response());
    }
    let l = |vi: &'static str, en: &'static str| visitor.language.pick(vi, en);
    let body = html! {
        (frame::title(l("Tìm kiếm", "Search"), "", &html! {}))
        form .filters role="search" action="/search" {
            label .choice { span { (l("Tên, mã, một phần tên; không cần dấu", "Name, code or a part of it; no diacritics needed")) }
                input type="search" name="q" maxlength=(MAX_TEXT) value=(asked.q) autofocus; }
            button .main { (l("Tìm", "Search")) }
        }
        @if found.is_empty() {
            section .card {
                @if asked.q.trim().is_empty() { (part::empty(l("Gõ tên xã, phường, chỉ tiêu, nhiệm vụ hoặc trang cần đến", "Type the name of a commune, an indicator, a task or a page"), l("Ví dụ: loc tan, CDS-17, chu ky so, canh bao.", "For example: loc tan, CDS-17, digital signature."))) }
                @else { (part::empty(l("Không tìm thấy", "Nothing found"), l("Thử một phần tên, hoặc mã số.", "Try a part of the name, or a code."))) }
            }
        }
        @for kind in Kind::ALL {
            @let of_kind: Vec<&Entry> = found.iter().map(|(_, entry)| entry).filter(|entry| entry.kind == kind).collect();
            @if !of_kind.is_empty() {
                section .card.flush {
                    h2 { (kind.label(visitor.language)) small .muted { (of_kind.len()) @if of_kind.len() == MAX_OF_KIND { "+" } } }
                    ul .finds { @for entry in of_kind { li { a href=(entry.href) { (entry.title) } small .muted { (entry.beside) } } } }
                }
            }
        }
    };
    Ok(visitor.page(&site, l("Tìm kiếm", "Search"), &body))
}

async fn suggestions(State(site): State<Site>, Staff(visitor): Staff, Query(asked): Query<Wanted>) -> Markup {
    let found = find(&site, &visitor, &asked.q).await;
    html! {
        @for (_, entry) in found.iter().take(MAX_SUGGESTED) {
            a href=(entry.href) { span { (entry.title) } small .muted { (entry.kind.label(visitor.language)) " · " (entry.beside) } }
        }
        @if found.is_empty() && !asked.q.trim().is_empty() { p .muted.inset { (visitor.pick("Không tìm thấy", "Nothing found")) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_and_codes_come_first() {
        let entry = Entry::new(
            Kind::Commune,
            "/communes/loc-tan".into(),
            ("Xã Lộc Tấn", "25279"),
            &["Xã Lộc Tấn", "25279", "loc-tan"],
        );
        for (typed, fit) in [
            ("loc tan", Some(0)),
            ("Xã Lộc Tấn", Some(0)),
            ("25279", Some(0)),
            ("LỘC", Some(1)),
            ("tan", Some(2)),
            ("oc ta", Some(3)),
            ("tan loc", Some(4)),
            ("minh", None),
        ] {
            assert_eq!(entry.fit(&folded(typed)), fit, "{typed}");
        }
    }
}
