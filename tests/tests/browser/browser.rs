//! A headless Chromium: what it shows, what its console says, and every request that it made.

use crate::wire::{Driver, capabilities};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    sync::mpsc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest wait for a condition.
const DEADLINE: Duration = Duration::from_secs(20);
/// Pause between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Under which name an element's reference stands in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A response as the browser saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Of what.
    pub url: String,
    /// Status.
    pub status: u64,
    /// `Document`, `Stylesheet`, `Fetch`, …
    pub kind: String,
    /// Header by its name in lower case.
    pub headers: Vec<(String, String)>,
}

impl Seen {
    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

#[derive(Debug, Default)]
struct Logs {
    errors: Vec<String>,
    requested: Vec<String>,
    seen: Vec<Seen>,
}

/// A browser with a profile of its own; it ends with this value.
#[derive(Debug)]
pub struct Browser {
    driver: Driver,
    session: String,
    base: String,
    logs: RefCell<Logs>,
    _profile: TempDir,
}

/// An element of the page shown.
#[derive(Debug, Clone)]
pub struct Element(pub String);

impl Browser {
    /// Opens a browser for the pages at an address.
    pub fn open(base: &str) -> Self {
        let (driver, profile) = (Driver::start(), tempfile::tempdir().unwrap());
        let opened = driver.ask("POST", "/session", &capabilities(profile.path().to_str().unwrap()));
        let session = opened.expect("chromium starts")["sessionId"].as_str().unwrap().to_owned();
        Self { driver, session, base: base.to_owned(), logs: RefCell::default(), _profile: profile }
    }

    /// The address of the pages.
    pub fn base(&self) -> &str {
        &self.base
    }

    fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.driver.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Goes to an address, whole or below the pages' own, and waits until it is loaded.
    pub fn go(&self, address: &str) {
        let url = if address.starts_with('/') { format!("{}{address}", self.base) } else { address.to_owned() };
        self.ask("POST", "/url", &json!({"url": url}));
    }

    /// The address of the page shown; below the pages' own only the path.
    pub fn here(&self) -> String {
        let url = self.ask("GET", "/url", &Value::Null).as_str().unwrap().to_owned();
        url.strip_prefix(&self.base).unwrap_or(&url).to_owned()
    }

    /// Runs a script in the page and tells what it returned. `arguments[0]` is the argument.
    pub fn run(&self, script: &str, argument: &Value) -> Value {
        self.ask("POST", "/execute/sync", &json!({"script": script, "args": [argument]}))
    }

    /// The same, for a script that calls its last argument when it is done.
    pub fn run_until_done(&self, script: &str, argument: &Value) -> Value {
        self.ask("POST", "/execute/async", &json!({"script": script, "args": [argument]}))
    }

    /// The element that a script returns, if it does.
    pub fn element(&self, script: &str, argument: &Value) -> Option<Element> {
        // A page that goes while it is looked at has no element yet.
        let found = self.try_ask("POST", "/execute/sync", &json!({"script": script, "args": [argument]})).ok()?;
        found[ELEMENT].as_str().map(|id| Element(id.to_owned()))
    }

    /// Does something with an element; false when it is not there any more, or cannot be reached now.
    pub fn act(&self, element: &Element, what: &str, body: &Value) -> bool {
        self.try_ask("POST", &format!("/element/{}/{what}", element.0), body).is_ok()
    }

    /// Presses keys one after the other, as somebody at the keyboard: they go to what has the focus.
    pub fn press(&self, keys: &str) {
        let press = |key: char| ["keyDown", "keyUp"].map(|what| json!({"type": what, "value": key.to_string()}));
        let actions: Vec<Value> = keys.chars().flat_map(press).collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.ask("POST", "/actions", &json!({"actions": [keyboard]}));
    }

    /// Says yes to the dialog that is open, or will be.
    pub fn agree(&self) {
        self.until("a dialog", |browser| browser.try_ask("POST", "/alert/accept", &json!({})).is_ok());
    }

    /// Whether a dialog is open.
    pub fn has_dialog(&self) -> bool {
        self.try_ask("GET", "/alert/text", &Value::Null).is_ok()
    }

    /// Sets the size of the window's inside.
    pub fn resize(&self, width: u32, height: u32) {
        self.ask("POST", "/window/rect", &json!({"width": width, "height": height}));
    }

    /// Shows pages as on a computer that is set to dark colours, or to light ones.
    pub fn colours(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.ask("POST", "/goog/cdp/execute", &json!({"cmd": "Emulation.setEmulatedMedia", "params": features}));
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) -> Duration {
        let (begun, (_held, pause)) = (Instant::now(), mpsc::channel::<()>());
        while !is_so(self) {
            if begun.elapsed() > DEADLINE {
                let text = self.run("return document.body ? document.body.innerText : ''", &Value::Null);
                panic!("waited in vain for: {what}\nat {}\n{}", self.here(), text.as_str().unwrap_or_default());
            }
            // Nobody sends: it ends by its time.
            let _ = pause.recv_timeout(LOOK);
        }
        begun.elapsed()
    }

    /// Takes over what was logged since the last look.
    fn look(&self) {
        let read =
            |kind: &str| self.ask("POST", "/se/log", &json!({"type": kind})).as_array().cloned().unwrap_or_default();
        let (console, performance) = (read("browser"), read("performance"));
        let mut logs = self.logs.borrow_mut();
        let severe = console.iter().filter(|line| line["level"] == "SEVERE");
        logs.errors.extend(severe.map(|line| line["message"].as_str().unwrap_or_default().to_owned()));
        for line in performance {
            let message: Value = serde_json::from_str(line["message"].as_str().unwrap_or_default()).unwrap_or_default();
            let (method, params) = (&message["message"]["method"], &message["message"]["params"]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            match method.as_str() {
                Some("Network.requestWillBeSent") => logs.requested.push(text(&params["request"]["url"])),
                Some("Network.responseReceived") => {
                    let response = &params["response"];
                    let headers = response["headers"].as_object().cloned().unwrap_or_default();
                    logs.seen.push(Seen {
                        url: text(&response["url"]),
                        status: response["status"].as_u64().unwrap_or_default(),
                        kind: text(&params["type"]),
                        headers: headers.iter().map(|(name, value)| (name.to_lowercase(), text(value))).collect(),
                    });
                }
                _ => {}
            }
        }
    }

    /// Everything that was answered so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.look();
        self.logs.borrow().seen.clone()
    }

    /// The status of the page shown.
    pub fn status(&self) -> u64 {
        self.seen().into_iter().rfind(|seen| seen.kind == "Document").expect("a page").status
    }

    /// That the console has no error, and that no other host was asked.
    pub fn quiet(&self) {
        self.quiet_but(&[]);
    }

    /// The same, but for errors with one of these words, which the story meant.
    pub fn quiet_but(&self, meant: &[&str]) {
        self.look();
        let mut logs = self.logs.borrow_mut();
        let errors: Vec<_> =
            logs.errors.iter().filter(|error| !meant.iter().any(|word| error.contains(word))).collect();
        assert!(errors.is_empty(), "the console says: {errors:#?}");
        // The browser's own pages (chrome:, about:, data:) are of no host.
        let has_host = |url: &str| ["http:", "https:", "ws:", "wss:"].iter().any(|scheme| url.starts_with(scheme));
        let is_own = |url: &String| url.starts_with(&self.base) || !has_host(url);
        let foreign: Vec<_> = logs.requested.iter().filter(|url| !is_own(url)).collect();
        assert!(foreign.is_empty(), "other hosts were asked: {foreign:#?}");
        assert!(logs.requested.iter().any(|url| url.starts_with(&self.base)), "nothing was asked at all");
        logs.errors.clear();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Chromium ends with its session; the driver is ended after it.
        let _ = self.try_ask("DELETE", "", &Value::Null);
    }
}
