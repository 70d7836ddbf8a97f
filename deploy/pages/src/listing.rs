//! A [`Listing`] as a table: the same cells, forms and order as the commands print.

use crate::part;
use maud::{Markup, html};
use shared::{
    evaluation::State,
    language::Language,
    light::Light,
    listing::{Column, Form, Listing, for_people},
};

/// How a table of a listing differs from the plain one.
#[derive(Default)]
pub struct Look<'a> {
    /// Where a cell leads to: of the row's cells and the column's name; none for a cell that is no link.
    #[allow(clippy::type_complexity)]
    pub link: Option<&'a dyn Fn(&Row<'_>, &str) -> Option<String>>,
    /// What is shown instead of a cell: of the row's cells, which stay as programs read them, and the column's name; none for a cell that
    /// is shown as it is.
    #[allow(clippy::type_complexity)]
    pub said: Option<&'a dyn Fn(&Row<'_>, &str) -> Option<Markup>>,
    /// Columns with a heading that are left out, by name.
    pub without: &'a [&'a str],
    /// Columns that are as narrow as their longest cell and never broken, by name; instants and days always are.
    pub fit: &'a [&'a str],
    /// Which row is marked.
    #[allow(clippy::type_complexity)]
    pub marked: Option<&'a dyn Fn(&Row<'_>) -> bool>,
    /// The heading of a column, where it is more than its words.
    #[allow(clippy::type_complexity)]
    pub head: Option<&'a dyn Fn(&Column) -> Markup>,
    /// A table that fills the screen and keeps its heads.
    pub tall: bool,
}

/// A row whose cells can be asked for by the column's name.
pub struct Row<'a> {
    columns: &'a [Column],
    cells: &'a [String],
}

impl<'a> Row<'a> {
    /// The rows of a listing.
    pub fn all(listing: &'a Listing) -> impl Iterator<Item = Row<'a>> {
        listing.rows.iter().map(|cells| Row { columns: &listing.columns, cells })
    }

    /// The row at a place.
    #[must_use]
    pub fn at(listing: &'a Listing, place: usize) -> Option<Self> {
        let cells = listing.rows.get(place)?;
        Some(Row { columns: &listing.columns, cells })
    }

    /// The cell in machine form; empty where there is no such column.
    #[must_use]
    pub fn cell(&self, name: &str) -> &'a str {
        let at = self.columns.iter().position(|column| column.name == name);
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }
}

/// The table, without title and notes.
#[must_use]
pub fn table(listing: &Listing, look: &Look<'_>, language: Language) -> Markup {
    let shown: Vec<usize> = (0..listing.columns.len())
        .filter(|at| {
            let column = &listing.columns[*at];
            !column.heading.is_empty() && !look.without.contains(&column.name.as_str())
        })
        .collect();
    // What is said in other words has another width.
    let is_said = |at: usize| {
        let name = &listing.columns[at].name;
        look.said.is_some_and(|said| Row::all(listing).any(|row| said(&row, name).is_some()))
    };
    let own: Vec<usize> = shown.iter().copied().filter(|at| !is_said(*at)).collect();
    let widest = most_to_read(listing, &own);
    html! {
        div .scroll .tall[look.tall] tabindex="0" {
            table .tight[look.tall] {
                caption .unseen { (listing.title) }
                thead { tr {
                    @for at in &shown {
                        @match look.head {
                            Some(head) => (head(&listing.columns[*at])),
                            None => th scope="col" .num[listing.columns[*at].form.is_number()] { (listing.columns[*at].heading) },
                        }
                    }
                } }
                tbody {
                    @for row in Row::all(listing) {
                        tr .marked[look.marked.is_some_and(|marked| marked(&row))] {
                            @for at in &shown {
                                @let column = &listing.columns[*at];
                                @let cell = row.cells.get(*at).map_or("", String::as_str);
                                @let said = look.said.and_then(|said| said(&row, &column.name));
                                @let is_own = said.is_none();
                                @let shown = said.unwrap_or_else(|| self::cell(column.form, cell, language));
                                @let fits = look.fit.contains(&column.name.as_str());
                                td .num[column.form.is_number()] .words[column.form == Form::Words] .fit[fits] .wide[widest == Some(*at)] .long[is_own && column.form == Form::Text && is_long(cell)] .one[matches!(column.form, Form::Time | Form::Day) || !column.form.is_number() && is_short(cell)] {
                                    @match look.link.and_then(|link| link(&row, &column.name)) {
                                        Some(href) => a href=(href) { (shown) },
                                        None => (shown),
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The column with most to read, where it has sentences: the others give way to it.
fn most_to_read(listing: &Listing, shown: &[usize]) -> Option<usize> {
    let cells = |at: usize| listing.rows.iter().filter_map(move |row| row.get(at));
    let of_words = shown.iter().copied().filter(|at| matches!(listing.columns[*at].form, Form::Text | Form::Words));
    let widest = of_words.max_by_key(|at| cells(*at).map(|cell| cell.chars().count()).sum::<usize>())?;
    cells(widest).any(|cell| is_long(cell)).then_some(widest)
}

/// Whether a text is read better on one line: a name, a code, a time.
#[must_use]
pub fn is_short(cell: &str) -> bool {
    cell.chars().count() <= 18
}

/// Whether a text is a sentence that needs some width.
fn is_long(cell: &str) -> bool {
    cell.chars().count() > 60
}

/// The lines below a listing.
#[must_use]
pub fn notes(listing: &Listing) -> Markup {
    html! {
        @if !listing.notes.is_empty() {
            ul .notes { @for note in &listing.notes { li { (note) } } }
        }
    }
}

/// A cell as people read it.
#[must_use]
pub fn cell(form: Form, cell: &str, language: Language) -> Markup {
    let known_light = || Light::ALL.into_iter().find(|light| light.as_str() == cell);
    let known_state = || State::ALL.into_iter().find(|state| state.as_str() == cell);
    match form {
        Form::Light => known_light().map(|light| part::light(light, language)),
        Form::State => known_state().map(|state| part::state(state, language)),
        Form::Movement => Some(part::movement(cell.parse().ok(), language)),
        _ => None,
    }
    .unwrap_or_else(|| html! { (unbroken(&for_people(form, cell, language))) })
}

/// A text in which a percent sign never begins a line.
#[must_use]
pub fn unbroken(text: &str) -> String {
    text.replace(" %", "\u{a0}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_form_and_stay_text() {
        let listing = Listing {
            title: "<b>".into(),
            notes: vec!["<i>".into()],
            columns: vec![
                Column::new("name", "Tên", Form::Text),
                Column::new("slug", "", Form::Text),
                Column::new("score", "Điểm", Form::Score),
                Column::new("light", "Đèn", Form::Light),
            ],
            rows: vec![vec!["<script>".into(), "tan-phu".into(), "56.20".into(), "red".into()]],
        };
        let link = |row: &Row<'_>, column: &str| (column == "name").then(|| format!("/communes/{}", row.cell("slug")));
        let look = Look { link: Some(&link), ..Look::default() };
        let text = table(&listing, &look, Language::Vi).into_string() + &notes(&listing).into_string();
        assert!(text.contains("href=\"/communes/tan-phu\">&lt;script&gt;"), "{text}");
        assert!(text.contains("56,20") && text.contains("light red") && !text.contains("<i>"), "{text}");
        assert!(!text.contains(">tan-phu<"), "a column without heading is for programs");
    }

    #[test]
    fn a_cell_is_said_in_other_words_and_leads_where_its_own_say() {
        let listing = Listing {
            columns: vec![Column::new("code", "Mã", Form::Text)],
            rows: vec![vec!["task:I.1".into()], vec!["CDS-1".into()]],
            ..Listing::default()
        };
        let said =
            |row: &Row<'_>, _: &str| row.cell("code").strip_prefix("task:").map(|task| html! { "nhiệm vụ " (task) });
        let link = |row: &Row<'_>, _: &str| Some(format!("/{}", row.cell("code")));
        let look = Look { link: Some(&link), said: Some(&said), ..Look::default() };
        let text = table(&listing, &look, Language::Vi).into_string();
        assert!(text.contains("<a href=\"/task:I.1\">nhiệm vụ I.1</a>"), "{text}");
        assert!(text.contains("<a href=\"/CDS-1\">CDS-1</a>"), "{text}");
        let listing = Listing { rows: vec![vec!["x".repeat(90)], vec![String::new()]], ..listing };
        let folded = |row: &Row<'_>, _: &str| (!row.cell("code").is_empty()).then(|| html! { "…" });
        let text = table(&listing, &Look { said: Some(&folded), ..Look::default() }, Language::Vi).into_string();
        assert!(
            !text.contains("wide") && !text.contains("long"),
            "its width is not that of what it stands for: {text}"
        );
    }

    #[test]
    fn the_column_with_most_to_read_is_the_widest() {
        let columns = ["name", "title", "lead"].map(|name| Column::new(name, name, Form::Text)).to_vec();
        let mut listing = Listing { columns, ..Listing::default() };
        listing.rows.push(vec!["Xã Tân Phú".into(), "x".repeat(90), "y".repeat(70)]);
        let wide = |listing: &Listing| table(listing, &Look::default(), Language::Vi).into_string();
        assert_eq!(wide(&listing).matches(" wide").count(), 1, "{}", wide(&listing));
        assert!(wide(&listing).contains(&format!("<td class=\" wide long\">{}", "x".repeat(90))));
        listing.rows[0] = vec!["Xã Tân Phú".into(), "ngắn".into(), "ngắn".into()];
        assert!(!wide(&listing).contains("wide"));
    }

    #[test]
    fn a_percent_sign_stays_with_its_number() {
        let reason = cell(Form::Words, "đạt 63,7 %, lộ trình 80 %", Language::Vi).into_string();
        assert_eq!(reason, "đạt 63,7\u{a0}%, lộ trình 80\u{a0}%");
    }
}
