//! How many instructions the pure parts take: steadier than time on a machine that others use too.
//!
//! `cargo bench -p shared --bench instructions`. Each task runs once in a process of its own under valgrind's cachegrind, and once with its
//! preparation alone; the difference is told. Without valgrind it says so and does nothing.
#![allow(clippy::unwrap_used, missing_docs)]

mod nation;

use nation::{INDICATORS, inputs_of};
use shared::{
    book::Book,
    digest::{RecordHash, SetDigest},
    observation::Value,
    period::Period,
    ranking::{Scheme, Scope, board::Board},
    standings::{Change, Standings},
};
use std::{
    hint::black_box,
    process::{Command, ExitCode},
};

/// As many communes as a province has.
const COMMUNES: u32 = 95;
/// The tasks, and how many of what each is about.
const TASKS: [(&str, u32, &str); 4] = [
    ("book", COMMUNES * INDICATORS, "figure"),
    ("ranking", COMMUNES * INDICATORS, "figure"),
    ("one changed figure", 1, "figure"),
    ("digest", 100_000, "record"),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).skip_while(|word| word != "--task").skip(1);
    if let Some(name) = words.next() {
        task(&name, words.next().is_none());
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not here, so no instructions are counted (Debian: apt-get install valgrind)");
        return ExitCode::SUCCESS;
    }
    println!("{COMMUNES} communes x {INDICATORS} indicators; instructions");
    for (name, count, what) in TASKS {
        match (counted(&[name]), counted(&[name, "prepared"])) {
            (Some(whole), Some(prepared)) => {
                let own = whole.saturating_sub(prepared);
                println!("{name:<20} {own:>14}   {:>9} a {what}", own / u64::from(count));
            }
            _ => {
                eprintln!("{name}: valgrind did not count; try `valgrind --tool=cachegrind` by hand");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// The instructions of this program with a task.
fn counted(words: &[&str]) -> Option<u64> {
    let valgrind = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
    let done = Command::new("valgrind")
        .args(valgrind)
        .arg(std::env::current_exe().ok()?)
        .arg("--task")
        .args(words)
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let line = said
        .lines()
        .find(|line| line.contains("I refs:") || line.contains("I  refs:") || line.contains("I   refs:"))?;
    line.rsplit(' ').next()?.replace(',', "").parse().ok()
}

/// Prepares a task, and does it unless only that is wanted.
fn task(name: &str, is_done: bool) {
    let month: Period = "2026-10".parse().unwrap();
    if name == "digest" {
        let records: u32 = if is_done { 100_000 } else { 0 };
        let mut digest = SetDigest::EMPTY;
        for record in 0..records {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&record.to_be_bytes());
            digest.add(RecordHash(hash));
        }
        black_box(digest);
        return;
    }
    let inputs = inputs_of(COMMUNES, month);
    if name == "book" {
        if is_done {
            black_box(Book::new(&inputs).unwrap());
        }
        return;
    }
    let book = Book::new(&inputs).unwrap();
    if name == "ranking" {
        if is_done {
            black_box(Board::new(&book, Scheme::Own, month, &Scope::default()));
        }
        return;
    }
    let mut standings = Standings::new(book);
    standings.keep_ready(month);
    let mut row = inputs.observations[17].clone();
    row.version += 1;
    row.value = Value::Ratio { numerator: 5.into(), denominator: 97.into() };
    if is_done {
        standings.apply([Change::Version((&row).into())]);
    }
    black_box(standings);
}
