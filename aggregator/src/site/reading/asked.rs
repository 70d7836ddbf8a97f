//! What the address of a page asks for: period, scheme, which figures; the choices above a page, and what it shows as a file.

use super::super::{Failure, Site, gate::Visitor, working::download};
use crate::report::{
    cli::Format,
    question::{AskError, Edition, Question, Subject},
};
use axum::response::Response;
use maud::{Markup, html};
use pages::part;
use serde::Deserialize;
use shared::{
    language::Language,
    listing::Listing,
    period::{Cycle, Period},
    ranking::Scheme,
};
use std::{collections::BTreeMap, sync::Arc};

/// Longest text of an address that is looked at, in characters.
const MAX_TEXT: usize = 200;

/// The query of an address. What is not known is kept in links, and else left alone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Asked(BTreeMap<String, String>);

impl Asked {
    /// A text; empty where there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        let text = self.0.get(name).map_or("", |text| text.trim());
        text.char_indices().nth(MAX_TEXT).map_or(text, |(end, _)| &text[..end])
    }

    /// A text, where there is one.
    #[must_use]
    pub fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The address of a page that asks the same but for what is given; an empty text is left out.
    #[must_use]
    pub fn href(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let mut pairs = self.0.clone();
        for (name, value) in changes {
            pairs.insert((*name).to_owned(), (*value).to_owned());
        }
        // Another choice begins at the first page again.
        if !changes.iter().any(|(name, _)| *name == "page" || *name == "as") {
            pairs.remove("page");
        }
        if !changes.iter().any(|(name, _)| *name == "as") {
            pairs.remove("as");
        }
        pairs.retain(|_, value| !value.is_empty());
        match serde_urlencoded::to_string(pairs) {
            Ok(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    }
}

/// A period as an address says it; none for empty.
///
/// # Errors
/// [`Failure::Bad`]
pub fn period(text: &str, language: Language) -> Result<Option<Period>, Failure> {
    let unreadable = |_| {
        let shown: String = text.chars().take(20).collect();
        Failure::Bad(language.pick(
            format!("Không hiểu kỳ {shown:?}: ghi 2026-10, 2026-Q4, 2026-H2 hoặc 2026."),
            format!("Not a period: {shown:?}. Write 2026-10, 2026-Q4, 2026-H2 or 2026."),
        ))
    };
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(unreadable) }
}

/// Somebody who reads a page of a period.
pub(in crate::site) struct Reader<'a> {
    pub(in crate::site) site: &'a Site,
    pub(in crate::site) asked: &'a Asked,
    pub(in crate::site) language: Language,
    pub(in crate::site) period: Period,
    pub(in crate::site) scheme: Scheme,
    pub(in crate::site) edition: Edition,
    /// The revision of the closing in force.
    pub(in crate::site) closed: Option<u32>,
    is_present: bool,
    periods: Vec<(String, String)>,
    editions: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    /// Reads the address, after what others wrote has been taken in.
    ///
    /// # Errors
    /// A word that is not known, a period outside the plan year, a closing that there is not.
    pub(in crate::site) async fn of(site: &'a Site, visitor: &'a Visitor, asked: &'a Asked) -> Result<Self, Failure> {
        site.settle_nearly().await?;
        let language = visitor.language;
        let wanted = period(asked.text("period"), language)?;
        let unknown = |error: AskError| Failure::asked(&error, language);
        let scheme = match asked.text("scheme") {
            "" | "all" => Scheme::Own,
            word => Scheme::from_word(word)
                .ok_or_else(|| unknown(AskError::UnknownWord("scheme", word.chars().take(40).collect())))?,
        };
        let edition: Edition = asked.text("revision").parse().map_err(unknown)?;
        let figures = site.live.read();
        let period = figures.period(wanted).map_err(|error| Failure::asked(&error, language))?;
        // Another period is chosen with the closing of the one before still in the address: it is then shown as it is in force.
        let edition = if figures.closing(period, edition).is_ok() { edition } else { Edition::InForce };
        let closings: Vec<_> = figures.closings.iter().filter(|closing| closing.period == period).collect();
        let mut editions = Vec::new();
        if !closings.is_empty() {
            let l = |vi: &str, en: &str| language.pick(vi, en).to_owned();
            let in_force = closings.iter().any(|closing| closing.is_in_force());
            editions.push((
                String::new(),
                if in_force {
                    l("Như khi chốt", "As closed")
                } else {
                    l("Hiện tại (đã mở lại)", "Present (reopened)")
                },
            ));
            if in_force {
                editions.push(("present".into(), l("Hiện tại", "Present")));
            }
            for closing in &closings {
                let number = closing.revision;
                editions.push((number.to_string(), format!("{} {number}", l("Lần chốt", "Closing"))));
            }
        }
        let is_closed = |period: Period| figures.closings.iter().any(|c| c.period == period && c.is_in_force());
        let latest = figures.period(None).map_or(12, Period::last_month).max(period.last_month());
        let periods = choices(period.year(), latest, is_closed, language);
        let closed = closings.iter().find(|closing| closing.is_in_force()).map(|closing| closing.revision);
        Ok(Self { site, asked, language, period, scheme, edition, closed, is_present: false, periods, editions })
    }

    /// One of two texts.
    pub(in crate::site) fn l(&self, vi: &'static str, en: &'static str) -> &'static str {
        self.language.pick(vi, en)
    }

    /// Asks as the commands do.
    pub(in crate::site) async fn ask(&self, subject: Subject) -> Result<Arc<Listing>, Failure> {
        self.ask_by(subject, self.scheme).await
    }

    /// Asks by another scheme.
    pub(in crate::site) async fn ask_by(&self, subject: Subject, scheme: Scheme) -> Result<Arc<Listing>, Failure> {
        let question =
            Question { subject, period: Some(self.period), scheme, edition: self.edition, language: self.language };
        self.site.answer(&question).await.map_err(|error| Failure::of(error, self.language))
    }

    /// The words under a title: which period, open or closed.
    pub(in crate::site) fn about(&self) -> String {
        let words = self.period.in_words(self.language);
        if self.is_present {
            let closed = if self.closed.is_some() { self.l(" (đã chốt)", " (closed)") } else { "" };
            return self.language.pick(
                format!("Kỳ {words}{closed}, theo số liệu hiện tại."),
                format!("{words}{closed}, by the present figures."),
            );
        }
        match (self.closed, self.edition) {
            (Some(revision), Edition::InForce) => self.language.pick(
                format!("Kỳ {words}, đã chốt lần {revision}: số liệu như khi chốt."),
                format!("{words}, closed (revision {revision}): figures as closed."),
            ),
            (_, Edition::Revision(revision)) => self.language.pick(
                format!("Kỳ {words}, số liệu của lần chốt {revision}."),
                format!("{words}, figures of closing {revision}."),
            ),
            (Some(_), Edition::Present) => self.language.pick(
                format!("Kỳ {words}, đã chốt: đây là số liệu hiện tại, có cả những gì đến sau khi chốt."),
                format!("{words}, closed: these are the present figures, with what came after the closing."),
            ),
            (None, _) => self.language.pick(format!("Kỳ {words}, đang mở."), format!("{words}, open.")),
        }
    }

    /// For a list that is always of the present figures.
    ///
    /// # Errors
    /// As [`Reader::of`].
    pub(in crate::site) async fn of_present(
        site: &'a Site,
        visitor: &'a Visitor,
        asked: &'a Asked,
    ) -> Result<Self, Failure> {
        let reader = Self::of(site, visitor, asked).await?;
        Ok(Self { edition: Edition::InForce, editions: Vec::new(), is_present: true, ..reader })
    }

    /// A form of filters: the period, what is given, and which figures where the period was closed. What the address asks beside them
    /// stays as it is.
    pub(in crate::site) fn filters(&self, path: &str, kept: &[&str], more: &Markup) -> Markup {
        let types = more.0.contains("<input");
        html! {
            form .filters method="get" action=(path) {
                @for name in kept {
                    @if let Some(value) = self.asked.given(name) { input type="hidden" name=(name) value=(value); }
                }
                (part::choice("period", self.l("Kỳ", "Period"), &self.periods, &self.period.to_string()))
                (more)
                @if !self.editions.is_empty() {
                    (part::choice("revision", self.l("Số liệu", "Figures"), &self.editions, &self.edition.to_string()))
                }
                // A choice asks for itself where scripts run; a text that was typed does not.
                @if types { button { (self.l("Xem", "Show")) } } @else { noscript { button { (self.l("Xem", "Show")) } } }
            }
        }
    }

    /// A link to what came since the period was closed, where it was.
    pub(in crate::site) fn since_closing(&self) -> Markup {
        html! {
            @if self.closed.is_some() { a .button href={ "/periods/" (self.period) "#late" } { (self.l("Thay đổi sau khi chốt", "Changes since closing")) } }
        }
    }

    /// Links to what is shown as a file, and to paper.
    pub(in crate::site) fn files(&self, path: &str) -> Markup {
        html! {
            @if !self.is_present { (self.since_closing()) }
            a .button href=(self.asked.href(path, &[("as", "xlsx")])) download { "Excel" }
            a .button href=(self.asked.href(path, &[("as", "csv")])) download { "CSV" }
            button type="button" data-print hidden { (self.l("In", "Print")) }
        }
    }

    /// The groups of indicators as choices.
    pub(in crate::site) async fn groups(&self) -> Vec<(String, String)> {
        let figures = self.site.live.read();
        let mut groups = vec![(String::new(), self.l("Mọi nhóm", "All groups").to_owned())];
        for indicator in &figures.catalogue.indicators {
            if !groups.iter().any(|(code, _)| *code == indicator.group) {
                groups.push((indicator.group.clone(), format!("{} · {}", indicator.group, indicator.group_name)));
            }
        }
        groups
    }

    /// The file that is asked for instead of the page, if one is.
    pub(in crate::site) fn file(&self, name: &str, listing: &Listing) -> Result<Option<Response>, Failure> {
        let format = match self.asked.text("as") {
            "csv" => Format::Csv,
            "xlsx" => Format::Xlsx,
            _ => return Ok(None),
        };
        download::list(&format!("{name}-{}", self.period), listing, format, self.language).map(Some)
    }
}

/// The three schemes as choices.
pub(in crate::site) fn schemes(language: Language) -> [(Scheme, &'static str); 3] {
    [
        (Scheme::Own, language.pick("Theo kế hoạch của xã", "By each commune's plan")),
        (Scheme::Common, language.pick("Theo chỉ tiêu chung", "By the shared indicators")),
        (Scheme::Standard, language.pick("Theo mục tiêu chuẩn", "By the provincial standard")),
    ]
}

/// Periods to choose among: the months that have begun, the latest first, then the longer ones that have.
fn choices(year: i32, latest: u32, is_closed: impl Fn(Period) -> bool, language: Language) -> Vec<(String, String)> {
    let months = (1..=latest).rev().filter_map(|number| Period::new(year, Cycle::Monthly, number));
    let longer = [Cycle::Quarterly, Cycle::HalfYearly, Cycle::Yearly].into_iter().flat_map(|cycle| {
        let begun = latest.div_ceil(cycle.months());
        (1..=begun).rev().filter_map(move |number| Period::new(year, cycle, number))
    });
    let words = |period: Period| {
        let closed = if is_closed(period) { language.pick(" (đã chốt)", " (closed)") } else { "" };
        let words = match period.cycle() {
            Cycle::Monthly => {
                format!("{} {:02}/{year}", language.pick("Tháng", "Month"), period.last_month())
            }
            _ => period.in_words(language),
        };
        (period.to_string(), format!("{words}{closed}"))
    };
    months.chain(longer).map(words).collect()
}
