//! What stands around every page: head, navigation, banner, foot.

use crate::{
    asset,
    part::{self, Notice},
    preference::Theme,
};
use maud::{DOCTYPE, Markup, html};
use shared::language::Language;

/// What htmx may do: nothing that needs inline styles or evaluated text, and nothing of another host.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyEnabled":false}"#;

/// A group of links in the navigation.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they have in common; empty for the first group.
    pub heading: String,
    /// The links.
    pub links: Vec<Link>,
}

/// A link of the navigation.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where to.
    pub href: String,
    /// Its words.
    pub label: String,
    /// How much waits there; not shown when it is 0.
    pub count: u64,
}

impl Link {
    /// A link where nothing waits.
    #[must_use]
    pub fn new(href: &str, label: &str) -> Self {
        Self { href: href.to_owned(), label: label.to_owned(), count: 0 }
    }
}

/// Who looks at the page.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The name.
    pub name: String,
    /// As what.
    pub role: String,
    /// Whether there is something to sign out of.
    pub signed_in: bool,
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Of the words.
    pub language: Language,
    /// Of the colours.
    pub theme: Theme,
    /// Whose pages they are: "Tỉnh Đồng Nai", "Xã Định Quán".
    pub place: String,
    /// All figures are simulated.
    pub exercise: bool,
    /// The navigation.
    pub groups: Vec<Group>,
    /// The path of the page.
    pub here: String,
    /// Who looks; none before signing in.
    pub visitor: Option<Visitor>,
    /// Proves that a form came from this page.
    pub form_token: String,
    /// Whether there is a search at `/search`.
    pub searches: bool,
    /// What happened just now.
    pub notices: Vec<Notice>,
    /// What is said while the program does not answer.
    pub unreachable: &'static str,
    /// Version of the program.
    pub version: &'static str,
}

impl Frame {
    /// One of two texts.
    #[must_use]
    pub fn pick<T>(&self, vi: T, en: T) -> T {
        self.language.pick(vi, en)
    }

    /// A whole page.
    #[must_use]
    pub fn page(&self, title: &str, body: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.pick("vi", "en")) data-theme=(self.theme.as_str()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="htmx-config" content=(HTMX);
                    title { (title) @if !self.place.is_empty() { " · " (self.place) } " · Tiến Độ" }
                    link rel="icon" href=(asset::href("emblem.svg")) type="image/svg+xml";
                    link rel="preload" href=(asset::href("latin-400.woff2")) as="font" type="font/woff2" crossorigin;
                    link rel="stylesheet" href=(asset::href("look.css"));
                    script src=(asset::href("htmx.js")) defer {}
                    script src=(asset::href("behaviour.js")) defer {}
                }
                body data-unreachable=(self.unreachable) {
                    a .skip href="#main" { (self.pick("Đến nội dung", "Skip to content")) }
                    (self.head())
                    @if self.exercise {
                        div .exercise { (self.pick("SỐ LIỆU MÔ PHỎNG – tỉnh diễn tập", "SIMULATED FIGURES – training province")) }
                    }
                    div .hall {
                        @if !self.groups.is_empty() { (self.navigation()) }
                        main #main tabindex="-1" {
                            @for notice in &self.notices { (part::notice(notice)) }
                            (body)
                        }
                    }
                    footer .foot {
                        span { "Tiến Độ " (self.version) }
                        @if self.exercise { span { (self.pick("Mọi số liệu là mô phỏng", "All figures are simulated")) } }
                    }
                }
            }
        }
    }

    fn head(&self) -> Markup {
        html! {
            header .bar {
                a .brand href="/" {
                    img src=(asset::href("emblem.svg")) alt="" width="28" height="28";
                    span { strong { "Tiến Độ" } small { (self.place) } }
                }
                @if self.searches && self.visitor.is_some() {
                    form .search action="/search" role="search" {
                        input type="search" name="q" maxlength="100" autocomplete="off" data-hotkey="/"
                            placeholder=(self.pick("Tìm xã, chỉ tiêu, nhiệm vụ…  ( / )", "Find communes, indicators, tasks…  ( / )"))
                            aria-label=(self.pick("Tìm xã, chỉ tiêu, nhiệm vụ", "Find communes, indicators, tasks"))
                            hx-get="/search/suggestions" hx-trigger="input changed delay:150ms" hx-target="#suggestions";
                        div #suggestions aria-live="polite" {}
                    }
                } @else { span .gap {} }
                details .menu {
                    summary { (self.visitor.as_ref().map_or(self.pick("Tùy chọn", "Options"), |visitor| visitor.name.as_str())) }
                    div .sheet {
                        @if let Some(visitor) = &self.visitor { p .muted { (visitor.role) } }
                        (self.preferences())
                        @if self.visitor.as_ref().is_some_and(|visitor| visitor.signed_in) {
                            a .row href="/account" { (self.pick("Tài khoản, mật khẩu", "Account, password")) }
                            form method="post" action="/sign-out" {
                                (part::form_token(&self.form_token))
                                button .plain { (self.pick("Đăng xuất", "Sign out")) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn preferences(&self) -> Markup {
        let themes = [
            (Theme::System, self.pick("Theo máy", "System")),
            (Theme::Light, self.pick("Sáng", "Light")),
            (Theme::Dark, self.pick("Tối", "Dark")),
        ];
        html! {
            form method="post" action="/preferences" .preferences {
                input type="hidden" name="back" value=(self.here);
                fieldset {
                    legend { (self.pick("Ngôn ngữ", "Language")) }
                    button name="language" value="vi" aria-pressed=(self.language == Language::Vi) { "Tiếng Việt" }
                    button name="language" value="en" aria-pressed=(self.language == Language::En) { "English" }
                }
                fieldset {
                    legend { (self.pick("Màu", "Colours")) }
                    @for (theme, words) in themes {
                        button name="theme" value=(theme.as_str()) aria-pressed=(self.theme == theme) { (words) }
                    }
                }
            }
        }
    }

    fn navigation(&self) -> Markup {
        let path = self.here.split('?').next().unwrap_or_default();
        let is_here = |href: &str| {
            path == href || (href != "/" && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
        };
        html! {
            nav .side aria-label=(self.pick("Điều hướng", "Navigation")) {
                input #open-nav type="checkbox" .unseen aria-label=(self.pick("Mở các mục", "Open the sections"));
                label .open-nav for="open-nav" aria-hidden="true" { (self.pick("☰ Các mục", "☰ Sections")) }
                div .links {
                    @for group in &self.groups {
                        @if !group.heading.is_empty() { h2 { (group.heading) } }
                        ul {
                            @for link in &group.links {
                                li { a href=(link.href) aria-current=[is_here(&link.href).then_some("page")] {
                                    (link.label)
                                    @if link.count > 0 { span .count { (link.count) } }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The head of a page's content: its title, what it is about, and what can be done.
#[must_use]
pub fn title(title: &str, about: &str, actions: &Markup) -> Markup {
    html! {
        div .title {
            div { h1 { (title) } @if !about.is_empty() { p .about { (about) } } }
            div .actions { (actions) }
        }
    }
}
