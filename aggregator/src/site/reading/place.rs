//! Places in long lists, and other orders of them: the same rows, shown from another end.

use super::Asked;
use maud::{Markup, html};
use pages::listing::Row;
use shared::{
    amount::Amount,
    language::Language,
    listing::{Column, Form, Listing, for_people},
};
use std::cmp::Reverse;

/// Most rows of a page; a province of today fits on one.
pub(super) const ROWS: usize = 200;

/// A page of a list.
pub(super) struct Page {
    /// Of the first row.
    pub(super) from: usize,
    /// After the last row.
    pub(super) to: usize,
    all: usize,
    number: usize,
    last: usize,
}

impl Page {
    /// The page that is asked for, the nearest where there is no such one.
    pub(super) fn of(asked: &Asked, all: usize, rows: usize) -> Self {
        let last = all.div_ceil(rows).max(1);
        let number = asked.text("page").parse::<usize>().unwrap_or(1).clamp(1, last);
        let from = (number - 1) * rows;
        Self { from, to: (from + rows).min(all), all, number, last }
    }

    /// Links to the other pages; nothing where there is one page.
    pub(super) fn links(&self, asked: &Asked, path: &str, language: Language) -> Markup {
        let number = |count: usize| for_people(Form::Number, &count.to_string(), language);
        html! {
            @if self.last > 1 {
                nav .pager aria-label=(language.pick("Trang", "Pages")) {
                    @if self.number > 1 { a .button rel="prev" href=(asked.href(path, &[("page", &(self.number - 1).to_string())])) { "‹ " (language.pick("Trước", "Previous")) } }
                    span { (number(self.from + 1)) "–" (number(self.to)) " / " (number(self.all)) }
                    @if self.number < self.last { a .button rel="next" href=(asked.href(path, &[("page", &(self.number + 1).to_string())])) { (language.pick("Sau", "Next")) " ›" } }
                }
            }
        }
    }
}

/// A code as a part of an address.
pub(super) fn segment(code: &str) -> String {
    let pair = serde_urlencoded::to_string([("c", code)]).unwrap_or_default();
    pair.get(2..).unwrap_or_default().replace('+', "%20")
}

/// The rows of a list that are on a page.
pub(super) fn rows_of(listing: &Listing, page: &Page) -> Listing {
    Listing {
        title: listing.title.clone(),
        columns: listing.columns.clone(),
        notes: Vec::new(),
        rows: listing.rows[page.from..page.to].to_vec(),
    }
}

/// The lines below a list without the sentences that speak of commands.
pub(super) fn told(listing: &Listing) -> Vec<String> {
    let plain = |note: &String| {
        let sentences = note.trim_end_matches('.').split(". ").filter(|one| !one.contains('`') && !one.contains(" --"));
        let text = sentences.collect::<Vec<_>>().join(". ");
        if text.is_empty() || !note.ends_with('.') { text } else { format!("{text}.") }
    };
    listing.notes.iter().map(plain).filter(|note| !note.is_empty()).collect()
}

/// The same as a list of lines.
pub(super) fn notes(listing: &Listing) -> Markup {
    html! { ul .notes { @for note in told(listing) { li { (note) } } } }
}

/// The rows of a list that fit.
pub(super) fn only(listing: &Listing, fits: impl Fn(&Row<'_>) -> bool) -> Listing {
    let rows = Row::all(listing).zip(&listing.rows).filter(|(row, _)| fits(row)).map(|(_, cells)| cells.clone());
    Listing {
        title: listing.title.clone(),
        columns: listing.columns.clone(),
        notes: listing.notes.clone(),
        rows: rows.collect(),
    }
}

/// Puts the rows in the order of a column, `movement` or `-movement`: empty cells last, equal ones as they were. Answers whether there
/// is such a column.
pub(super) fn order(listing: &mut Listing, by: &str) -> bool {
    let (name, falling) = by.strip_prefix('-').map_or((by, false), |name| (name, true));
    let Some(at) = listing.columns.iter().position(|column| column.name == name && !column.heading.is_empty()) else {
        return false;
    };
    let Column { form, .. } = listing.columns[at];
    let number = |row: &Vec<String>| row.get(at).and_then(|cell| cell.parse::<Amount>().ok()).map(Amount::micros);
    if form.is_number() {
        listing.rows.sort_by_key(|row| {
            let number = number(row);
            (number.is_none(), if falling { number.map(|number| -number) } else { number })
        });
    } else {
        let key = |row: &Vec<String>| shared::vietnamese::sort_key(row.get(at).map_or("", String::as_str));
        if falling {
            listing.rows.sort_by_cached_key(|row| Reverse(key(row)));
        } else {
            listing.rows.sort_by_cached_key(key);
        }
    }
    true
}

/// The heading of a column as a link that orders by it; the way it goes now is shown and read out.
pub(super) fn heading(asked: &Asked, path: &str, column: &Column, first: &str) -> Markup {
    let now = asked.text("sort");
    let name = column.name.as_str();
    let other = if first.starts_with('-') { name.to_owned() } else { format!("-{name}") };
    let (next, way) = if now == first { (other.as_str(), Some(first)) } else { (first, (now == other).then_some(now)) };
    let is_falling = way.map(|way| way.starts_with('-'));
    let sort = is_falling.map(|falling| if falling { "descending" } else { "ascending" });
    html! {
        th scope="col" .num[column.form.is_number()] aria-sort=[sort] {
            a href=(asked.href(path, &[("sort", next)])) { (column.heading) @if let Some(falling) = is_falling { (if falling { " ↓" } else { " ↑" }) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing() -> Listing {
        Listing {
            columns: vec![
                Column::new("name", "Tên", Form::Text),
                Column::new("movement", "Tăng, giảm", Form::Movement),
                Column::new("slug", "", Form::Text),
            ],
            rows: [("Đa", "-2"), ("An", ""), ("Ba", "10"), ("Dân", "-2")]
                .map(|(name, moved)| vec![name.to_owned(), moved.to_owned(), String::new()])
                .to_vec(),
            ..Listing::default()
        }
    }

    fn names(by: &str) -> Vec<String> {
        let mut listing = listing();
        assert!(order(&mut listing, by));
        listing.rows.into_iter().map(|mut row| row.remove(0)).collect()
    }

    #[test]
    fn rows_are_ordered_by_number_or_by_letters() {
        assert_eq!(names("movement"), ["Đa", "Dân", "Ba", "An"]);
        assert_eq!(names("-movement"), ["Ba", "Đa", "Dân", "An"]);
        assert_eq!(names("name"), ["An", "Ba", "Dân", "Đa"]);
        assert!(!order(&mut listing(), "slug"), "a column for programs is no order for people");
        assert!(!order(&mut listing(), "<script>"));
    }

    #[test]
    fn commands_are_not_spoken_of() {
        let notes = [
            "Hạn hết ngày 19. Từng chỉ tiêu: `due XÃ`.",
            "Xem lệnh `communes`",
            "mã băm ab. Hiện tại: --revision present.",
        ];
        let listing = Listing { notes: notes.map(str::to_owned).to_vec(), ..listing() };
        assert_eq!(told(&listing), ["Hạn hết ngày 19.", "mã băm ab."]);
    }

    #[test]
    fn pages_are_bounded() {
        let asked = |page: &str| serde_urlencoded::from_str::<Asked>(&format!("page={page}&q=%3Cb%3E")).unwrap();
        let page = |text: &str| Page::of(&asked(text), 450, 200);
        assert_eq!((page("2").from, page("2").to), (200, 400));
        assert_eq!((page("99").from, page("99").to), (400, 450));
        assert_eq!((page("-1").from, page("x").to), (0, 200));
        let links = page("2").links(&asked("2"), "/communes", Language::Vi).into_string();
        assert!(links.contains("page=1&amp;q=%3Cb%3E") && links.contains("page=3"), "{links}");
    }
}
