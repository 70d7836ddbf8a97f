//! What a visitor does: finds things by their role and words, clicks, fills, reads.

use crate::browser::{Browser, Element};
use serde_json::json;
use std::path::Path;

/// Finds the first element that is shown, of a role, with a name: whole words first, then a part of them.
const FIND: &str = r#"
const [role, name] = arguments[0];
const roles = {
  button: 'button, [role=button], summary, input[type=submit]', link: 'a[href]', heading: 'h1, h2, h3', row: 'tr',
  notice: '.notice', cell: 'td, th', dialog: 'dialog', any: 'body *',
};
const tidy = text => String(text || '').replace(/\s+/g, ' ').trim();
const named = one => tidy(one.getAttribute('aria-label') || one.innerText || one.value);
const shown = [...document.querySelectorAll(roles[role])].filter(one => one.getClientRects().length > 0);
return shown.find(one => named(one) === name) || shown.find(one => named(one).includes(name)) || null;
"#;

/// Finds a field by the words of its label, or by its name.
const FIELD: &str = r#"
const name = arguments[0];
const tidy = text => (text || '').replace(/\s+/g, ' ').trim();
const fields = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(one => one.getClientRects().length > 0);
const words = one => tidy(one.getAttribute('aria-label') || [...(one.labels || [])].map(label => (label.querySelector('span') || label).innerText).join(' '));
return fields.find(one => words(one) === name) || fields.find(one => one.name === name) || fields.find(one => words(one).startsWith(name)) || null;
"#;

impl Browser {
    /// An element by its role (`button`, `link`, `heading`, `row`, `cell`, `notice`, `dialog`, `any`) and its words, if it is shown.
    pub fn find(&self, role: &str, name: &str) -> Option<Element> {
        self.element(FIND, &json!([role, name]))
    }

    /// Whether something is shown.
    pub fn shows(&self, role: &str, name: &str) -> bool {
        self.find(role, name).is_some()
    }

    /// Waits until something is shown.
    pub fn expect(&self, role: &str, name: &str) {
        self.until(&format!("{role} {name:?}"), |browser| browser.shows(role, name));
    }

    /// Clicks something, as soon as it can be clicked.
    pub fn click(&self, role: &str, name: &str) {
        self.until(&format!("{role} {name:?} to click"), |browser| {
            browser.find(role, name).is_some_and(|element| browser.act(&element, "click", &json!({})))
        });
    }

    /// Puts a text into the field with this label or name, instead of what was there.
    pub fn fill(&self, label: &str, text: &str) {
        self.until(&format!("a field {label:?} to fill"), |browser| {
            browser.element(FIELD, &json!(label)).is_some_and(|field| {
                browser.act(&field, "clear", &json!({})) && browser.act(&field, "value", &json!({"text": text}))
            })
        });
    }

    /// Chooses a file in the field with this label or name.
    pub fn choose(&self, label: &str, file: &Path) {
        self.until(&format!("a field {label:?} for a file"), |browser| {
            let field = browser.element(FIELD, &json!(label));
            field.is_some_and(|field| browser.act(&field, "value", &json!({"text": file.to_str().unwrap()})))
        });
    }

    /// What is in a field.
    pub fn value(&self, label: &str) -> String {
        let script = format!("return (() => {{ {FIELD} }})().value");
        self.run(&script.replace("arguments[0]", &json!(label).to_string()), &json!(null)).as_str().unwrap().to_owned()
    }

    /// The text of the first element of a CSS selector; empty where there is none.
    pub fn text(&self, selector: &str) -> String {
        let script = "const one = document.querySelector(arguments[0]); return one ? one.innerText.replace(/\\s+/g, ' ').trim() : ''";
        self.run(script, &json!(selector)).as_str().unwrap_or_default().to_owned()
    }

    /// How many elements a CSS selector has.
    pub fn count(&self, selector: &str) -> u64 {
        self.run("return document.querySelectorAll(arguments[0]).length", &json!(selector)).as_u64().unwrap()
    }

    /// Waits until the path shown is this one.
    pub fn arrives_at(&self, path: &str) {
        self.until(&format!("the path {path}"), |browser| browser.here() == path);
        self.until("the page is loaded", |browser| {
            browser.run("return document.readyState", &json!(null)) == "complete"
        });
    }

    /// That something is wider than the window, if it is.
    pub fn overflow(&self) -> Option<String> {
        let [page, window] = ["document.documentElement.scrollWidth", "window.innerWidth"]
            .map(|width| self.run(&format!("return {width}"), &json!(null)).as_u64().unwrap());
        (page > window).then(|| format!("{} is {page} wide in a window of {window}", self.here()))
    }

    /// That nothing is wider than the window.
    pub fn fits(&self) {
        assert_eq!(self.overflow(), None);
    }
}
