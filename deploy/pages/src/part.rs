//! Pieces of a page: lights, states, movements, shares, notices and what is shown where there is nothing.
//!
//! A colour never stands alone: every light has a shape and a word, every movement an arrow and a number.

use maud::{Markup, html};
use shared::{
    evaluation::State,
    language::Language,
    light::Light,
    listing::{Form, for_people},
};

/// A light with its shape and its word.
#[must_use]
pub fn light(light: Light, language: Language) -> Markup {
    html! { span class={ "light " (light.as_str()) } { (light_shape(light)) (light.label(language)) } }
}

/// A light's shape alone, for narrow places; the word is read out and shown on pointing.
#[must_use]
pub fn light_mark(light: Light, language: Language) -> Markup {
    html! {
        span class={ "light " (light.as_str()) } title=(light.label(language)) {
            (light_shape(light)) span .unseen { (light.label(language)) }
        }
    }
}

fn light_shape(light: Light) -> Markup {
    html! {
        svg .shape viewBox="0 0 12 12" aria-hidden="true" {
            @match light {
                Light::Red => path d="M6 0.5 11.5 6 6 11.5 0.5 6Z" {},
                Light::Yellow => path d="M6 1 11.5 11H0.5Z" {},
                Light::Green => circle cx="6" cy="6" r="5" {},
                Light::Grey => circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" stroke-width="1.6" {},
            }
        }
    }
}

/// A state with its word.
#[must_use]
pub fn state(state: State, language: Language) -> Markup {
    html! { span class={ "state " (state.as_str()) } { (state.label(language)) } }
}

/// Places won or lost; nothing where there was no place before.
#[must_use]
pub fn movement(movement: Option<i64>, language: Language) -> Markup {
    html! {
        @match movement {
            None => span .muted { "–" },
            Some(0) => span .muted title=(language.pick("không đổi", "unchanged")) { "=" },
            Some(up) if up > 0 => span .rise title=(language.pick("lên hạng", "up")) { (arrow(true)) (up) },
            Some(down) => span .fall title=(language.pick("xuống hạng", "down")) { (arrow(false)) (down.unsigned_abs()) },
        }
    }
}

fn arrow(up: bool) -> Markup {
    html! {
        svg .shape viewBox="0 0 12 12" aria-hidden="true" {
            @if up { path d="M6 1.5 11 10H1Z" {} } @else { path d="M6 10.5 1 2H11Z" {} }
        }
    }
}

/// A share from 0 to 1 (machine form) as a bar with its words.
#[must_use]
pub fn share(machine: &str, language: Language) -> Markup {
    let width = machine.parse::<f64>().unwrap_or_default().clamp(0.0, 1.0) * 100.0;
    html! {
        span .share {
            svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
                rect .rail width="100" height="8" {}
                rect .fill width=(format!("{width:.1}")) height="8" {}
            }
            span .num { (for_people(Form::Share, machine, language)) }
        }
    }
}

/// How serious a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It worked.
    Done,
    /// Something to know.
    Note,
    /// Something to look at.
    Warning,
    /// It did not work.
    Fault,
}

impl Tone {
    /// The word in the style sheet.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Tone::Done => "done",
            Tone::Note => "note",
            Tone::Warning => "warning",
            Tone::Fault => "fault",
        }
    }
}

/// A sentence to the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How serious.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

impl Notice {
    /// A notice.
    #[must_use]
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// A notice, read out at once when it is a fault.
#[must_use]
pub fn notice(notice: &Notice) -> Markup {
    let role = if notice.tone == Tone::Fault { "alert" } else { "status" };
    html! { div class={ "notice " (notice.tone.as_str()) } role=(role) { (notice.text) } }
}

/// What is shown where a list has no rows: what would be here, and what to do.
#[must_use]
pub fn empty(title: &str, advice: &str) -> Markup {
    html! {
        div .empty {
            svg viewBox="0 0 48 48" aria-hidden="true" {
                rect x="8" y="6" width="32" height="36" rx="3" fill="none" stroke="currentColor" stroke-width="2" {}
                path d="M15 16h18M15 24h18M15 32h10" stroke="currentColor" stroke-width="2" stroke-linecap="round" {}
            }
            p { strong { (title) } }
            @if !advice.is_empty() { p { (advice) } }
        }
    }
}

/// What those who made the catalogue remarked. They wrote it in English, also for Vietnamese readers, who are told so before they open it.
#[must_use]
pub fn remarks(of: &[&str], language: Language) -> Markup {
    html! {
        @if !of.is_empty() {
            details .remarks.noprint {
                summary { (language.pick("Ghi chú của người lập danh mục (tiếng Anh)", "Remarks of those who made the catalogue")) @if of.len() > 1 { " (" (of.len()) ")" } }
                @if let [one] = of { p lang="en" { (one) } } @else { ul .notes lang="en" { @for one in of { li { (one) } } } }
            }
        }
    }
}

/// A figure of an overview: its words, the figure, and what stands below.
#[must_use]
pub fn tile(label: &str, figure: &Markup, below: &Markup) -> Markup {
    html! { div .tile { div .label { (label) } div .figure { (figure) } div .below { (below) } } }
}

/// The field of a form that proves which session it was made for.
#[must_use]
pub fn form_token(token: &str) -> Markup {
    html! { input type="hidden" name="form_token" value=(token); }
}

/// What a field for files takes and says.
#[derive(Debug, Clone, Copy)]
pub struct FileField<'a> {
    /// Name of the field.
    pub name: &'a str,
    /// What it is for, read out.
    pub label: &'a str,
    /// Endings that are taken, as `accept` says them.
    pub accept: &'a str,
    /// Whether several go together.
    pub is_multiple: bool,
    /// What stands on it as on a button.
    pub button: &'a str,
    /// What else can be done and what is taken.
    pub words: &'a str,
}

/// A field for files, dropped on its frame or chosen. The browser's own button speaks the browser's language and is not shown; it still
/// takes the focus, and the frame shows that.
#[must_use]
pub fn file_field(field: FileField<'_>) -> Markup {
    html! {
        label .drop data-drop {
            input .unseen type="file" name=(field.name) multiple[field.is_multiple] required accept=(field.accept) aria-label=(field.label);
            span .button { (field.button) }
            span { (field.words) }
            strong data-chosen aria-live="polite" {}
        }
    }
}

/// A select of a filter: the page is asked anew when another one is chosen.
#[must_use]
pub fn choice(name: &str, label: &str, options: &[(String, String)], chosen: &str) -> Markup {
    html! {
        label .choice {
            span { (label) }
            select name=(name) data-auto {
                @for (value, words) in options {
                    option value=(value) selected[value == chosen] { (words) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_stay_words() {
        let hostile = "<img src=x onerror=alert(1)>\"'";
        for markup in [
            notice(&Notice::new(Tone::Fault, hostile)),
            empty(hostile, hostile),
            remarks(&[hostile], Language::Vi),
            remarks(&[hostile, hostile], Language::Vi),
            choice("a", hostile, &[(hostile.into(), hostile.into())], ""),
            file_field(FileField {
                name: "f",
                label: hostile,
                accept: "",
                is_multiple: false,
                button: hostile,
                words: hostile,
            }),
        ] {
            let text = markup.into_string();
            assert!(!text.contains("<img") && text.contains("&lt;img"), "{text}");
            assert!(!text.contains("\"\"'"), "{text}");
        }
    }

    #[test]
    fn a_colour_never_stands_alone() {
        for one in Light::ALL {
            let text = light(one, Language::Vi).into_string();
            assert!(text.contains("<svg") && text.contains(one.label(Language::Vi)), "{text}");
        }
        assert!(movement(Some(-3), Language::Vi).into_string().contains('3'));
        assert!(share("0.5", Language::Vi).into_string().contains("50 %"));
    }
}
