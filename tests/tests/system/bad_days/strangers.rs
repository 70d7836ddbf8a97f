//! Connections from whoever: many that never speak, and some that speak a byte now and then.

use super::{assert_held, report};
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};
use system_tests::{commune::Commune, province::Province};

/// How long a session may take meanwhile: less than an agent waits for its turn.
const LONGEST_SESSION: Duration = Duration::from_secs(20);
const SILENT: usize = 1_000;
/// More than the pages have places for.
const DRIBBLING_BROWSERS: usize = 600;
/// How long a greeting may take, and what a busy machine takes longer.
const LONGEST_GREETING: Duration = Duration::from_secs(10 + 20);
/// How long a page may take meanwhile: less than a greeting may, so that it waited for none.
const LONGEST_PAGE: &str = "8";
/// What a greeting of TLS begins with.
const GREETING: [u8; 6] = [0x16, 3, 1, 2, 0, 1];

fn address(url: &str) -> String {
    url.trim_start_matches("https://").to_owned()
}

/// Connections that say so many bytes of a greeting, and then nothing.
fn connect(address: &str, count: usize, says: impl Fn(usize) -> usize) -> Vec<TcpStream> {
    let one = |number| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&GREETING[..says(number)]).unwrap();
        stream
    };
    (0..count).map(one).collect()
}

fn session(commune: &Commune) {
    let begun = Instant::now();
    let _ = commune.command(["sync"]).ok();
    assert!(begun.elapsed() < LONGEST_SESSION, "{:?}", begun.elapsed());
}

/// The other end has closed all of these by then.
fn assert_cut_off(streams: Vec<TcpStream>, deadline: Instant) {
    for (number, mut stream) in streams.into_iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left)).unwrap();
        let mut said = [0; 64];
        // It may be told what is wrong with its greeting first; a reset is an end too.
        while let Some(read) = stream.read(&mut said).map_or_else(
            |error| {
                let is_open = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!is_open, "connection {number} is still open");
                None
            },
            Some,
        ) && read > 0
        {}
    }
}

/// Open files of this process: a thousand connections take as many.
fn may_open(files: usize) -> bool {
    let limit = Command::new("sh").args(["-c", "ulimit -n"]).output().unwrap();
    let limit = String::from_utf8(limit.stdout).unwrap();
    limit.trim().parse().map_or(true, |limit: usize| limit > files + 100)
}

#[test]
fn a_thousand_connections_that_never_speak_hold_up_no_agent() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    report(&commune, "2026-09");
    let silent = if may_open(SILENT) { SILENT } else { SILENT / 2 };
    let idle = connect(&address(province.url()), silent, |_| 0);
    session(&commune);
    report(&commune, "2026-10");
    session(&commune);
    // Among them others may still join.
    let other = Commune::joined(&province, "tan-phu");
    report(&other, "2026-10");
    session(&other);
    assert_held(&province, &[(&commune, 2), (&other, 1)]);
    drop(idle);
}

#[test]
fn who_dribbles_a_greeting_or_a_head_holds_up_nobody() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    report(&commune, "2026-10");
    let mut agents = connect(&address(province.url()), 300, |number| number % GREETING.len());
    let browsers = if may_open(300 + DRIBBLING_BROWSERS) { DRIBBLING_BROWSERS } else { 100 };
    let mut browsers = connect(&address(province.pages()), browsers, |number| number % GREETING.len());
    let deadline = Instant::now() + LONGEST_GREETING;
    let dribble = |streams: &mut Vec<TcpStream>| {
        // Whoever was cut off by now is.
        streams.iter_mut().for_each(|stream| drop(stream.write_all(&[0])));
    };
    dribble(&mut agents);
    session(&commune);
    dribble(&mut browsers);
    let words = ["-sk", "-m", LONGEST_PAGE, "-o", "/dev/null", "-w", "%{http_code}", province.pages()];
    let asked = Command::new("curl").args(words).output().unwrap();
    let status = String::from_utf8_lossy(&asked.stdout);
    assert!(["200", "303"].contains(&&*status), "{status}");
    dribble(&mut agents);
    assert_cut_off(agents, deadline);
    assert_cut_off(browsers, deadline);
    assert_held(&province, &[(&commune, 1)]);
}
