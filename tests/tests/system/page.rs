//! The commune's page as `run` serves it: a figure is reported through it, sent by its button, and is at the province.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};
use system_tests::{
    commune::{Commune, Running},
    province::Province,
};

/// Longest wait for the page, and for a session.
const LONGEST: Duration = Duration::from_secs(60);
/// How often it is looked.
const STEP: Duration = Duration::from_millis(50);

/// A browser without scripts: it keeps the cookies it is given.
struct Browser {
    address: String,
    cookies: Vec<String>,
}

impl Browser {
    fn ask(&mut self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, cookies, length) = (&self.address, self.cookies.join("; "), body.len());
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookies}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let set = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        self.cookies.extend(set.map(|line| line.split(';').next().unwrap().to_owned()));
        answer
    }

    fn submit(&mut self, of: &str, path: &str, fields: &str) -> String {
        let page = self.ask(&format!("GET {of}"), "");
        let token = page.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        self.ask(&format!("POST {path}"), &format!("form_token={token}&{fields}"))
    }
}

/// Looks until something is there; the service must not end meanwhile.
fn wait_for<T>(service: &mut Running, look: impl FnMut() -> Option<T>) -> T {
    let mut look = look;
    for _ in 0..LONGEST.as_millis() / STEP.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        assert_eq!(service.wait_at_most(STEP), None, "the service ended");
    }
    panic!("it did not come");
}

fn settings(commune: &Commune, province: &Province, page: &str) {
    let text = format!("server = \"{}\"\nquiet_seconds = 0\n[page]\n{page}\n", province.url());
    std::fs::write(commune.data().join("agent.toml"), text).unwrap();
}

#[test]
fn a_figure_is_reported_through_the_page_and_sent_by_its_button() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "tan-loi");
    settings(&commune, &province, "listen = \"127.0.0.1:0\"");
    let file = commune.data().join("page.address");
    let mut service = commune.start(["run"]);
    let address = wait_for(&mut service, || std::fs::read_to_string(&file).ok().filter(|text| !text.is_empty()));
    assert_eq!(commune.status()["page"], address.as_str());
    let mut browser = Browser { address: address.strip_prefix("http://").unwrap().to_owned(), cookies: Vec::new() };
    assert!(browser.ask("GET /", "").contains("location: /name"));
    browser.submit("/name", "/name", "name=Lan&next=/");
    let month = "/?period=2026-10&show=all";
    let sent = browser.submit(month, "/?period=2026-10", "n.2026-10.CDS-17%40=79&d.2026-10.CDS-17%40=99");
    assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
    assert_eq!(commune.status()["pending"], 1);
    browser.submit("/status", "/sync", "");
    wait_for(&mut service, || {
        browser.ask("GET /status/progress", "").contains("hx-refresh: true").then(|| commune.status()["pending"] == 0)
    });
    let observations = province.command(["export", "observations"]).ok();
    let own = observations.lines().find(|line| line.starts_with("tan-loi,CDS-17,")).unwrap_or_default();
    assert!(own.contains(",79,99,") && own.contains(",Lan,"), "{observations}");
    assert_eq!(service.terminate(), Some(0));
    assert!(!file.exists(), "the address goes with the page");
}

#[test]
fn a_page_that_cannot_or_must_not_be_opened_is_refused_by_name() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "tan-loi");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    settings(&commune, &province, &format!("listen = \"{listen}\""));
    let told = commune.command(["run"]);
    assert!(told.code == Some(1) && told.err.contains("page.listen"), "{told:?}");
    settings(&commune, &province, "listen = \"0.0.0.0:0\"");
    let told = commune.command(["run"]);
    assert!(told.code == Some(1) && told.err.contains("page.certificate"), "{told:?}");
    assert!(!commune.data().join("page.address").exists());
}
