//! A clerk of a commune: the agent's service in a process of its own, and a browser on its page.

use crate::browser::Browser;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};
use system_tests::{
    commune::{Commune, Running},
    document::{pdf, png},
    province::Province,
};

/// Longest wait for the page.
const DEADLINE: Duration = Duration::from_secs(30);
/// Key of WebDriver for Enter.
pub const ENTER: char = '\u{e007}';

/// Somebody before the page of a commune.
#[derive(Debug)]
pub struct Clerk {
    /// The agent's folder.
    pub commune: Commune,
    /// Where the page is looked at.
    pub browser: Browser,
    _service: Running,
}

impl Clerk {
    /// Lets a commune join, starts its service, and opens its page. Nobody has given a name yet.
    pub fn sits_down(province: &Province, slug: &str) -> Self {
        let commune = Commune::joined(province, slug);
        commune.point_at(province.url());
        let _ = commune.command(["sync"]).ok();
        let service = commune.start(["run"]);
        let browser = Browser::open(&address(&commune));
        Self { commune, browser, _service: service }
    }

    /// The same with a name given.
    pub fn named(province: &Province, slug: &str, name: &str) -> Self {
        let clerk = Self::sits_down(province, slug);
        clerk.gives_name(name);
        clerk
    }

    /// Gives a name on the page that asks for it.
    pub fn gives_name(&self, name: &str) {
        self.browser.go("/");
        self.browser.arrives_at("/name");
        self.browser.fill("name", name);
        self.browser.click("button", "Bắt đầu");
        self.browser.arrives_at("/");
    }

    /// Has a PDF on the desk.
    pub fn scans(&self, name: &str) -> PathBuf {
        let file = self.commune.desk().join(format!("{name}.pdf"));
        fs::write(&file, pdf(name)).unwrap();
        file
    }

    /// Has a picture on the desk.
    pub fn photographs(&self, name: &str) -> PathBuf {
        let file = self.commune.desk().join(format!("{name}.png"));
        fs::write(&file, png(name)).unwrap();
        file
    }

    /// Types a ratio in October's sheet, with the keyboard alone once the first field has the focus.
    pub fn types(&self, code: &str, [numerator, denominator]: [&str; 2]) {
        let field = format!("n.2026-10.{code}@");
        self.browser.fill(&field, numerator);
        self.browser.press(&ENTER.to_string());
        self.browser.until("the denominator has the focus", |browser| {
            browser.run("return document.activeElement.name", &().into()) == format!("d.2026-10.{code}@")
        });
        self.browser.press(denominator);
        self.browser.press(&ENTER.to_string());
    }

    /// Gives a file for a figure of the sheet.
    pub fn attaches(&self, code: &str, file: &Path) {
        let name = file.file_name().unwrap().to_str().unwrap();
        self.browser.choose(&format!("{code}: minh chứng"), file);
        self.browser.until("the file is with the row", |browser| {
            browser.text(&format!("#evidence-row-{code} .files")).contains(name)
        });
    }

    /// Sends what is typed, and looks at the status until all of it is at the province.
    pub fn sends(&self) {
        self.browser.click("button", "Gửi ");
        self.browser.expect("notice", "máy sẽ tự gửi về tỉnh");
        self.syncs();
    }

    /// Asks for a session by the button, and waits until nothing is left to be sent.
    pub fn syncs(&self) {
        self.browser.go("/status");
        self.browser.click("button", "Gửi ngay");
        self.browser.until("all of it is at the province", |browser| {
            let status = self.commune.status();
            browser.count("#progress .notice") == 0 && status["pending"] == 0 && status["evidence_pending_files"] == 0
        });
    }
}

/// Where the service serves the page.
fn address(commune: &Commune) -> String {
    let (begun, (_held, pause)) = (Instant::now(), mpsc::channel::<()>());
    let file = commune.data().join("page.address");
    loop {
        if let Some(address) = fs::read_to_string(&file).ok().filter(|text| !text.is_empty()) {
            return address;
        }
        assert!(begun.elapsed() < DEADLINE, "the page is not served");
        // Nobody sends: it ends by its time.
        let _ = pause.recv_timeout(Duration::from_millis(20));
    }
}
