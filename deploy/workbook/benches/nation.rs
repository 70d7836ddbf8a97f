//! The nation as a workbook: one row for each of 3,321 × 100 targets, made commune by commune and written page by page.
//!
//! `cargo bench -p workbook --bench nation`. Prints time and peak memory (Linux), and the ratio to the same rows as CSV in the same run.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "../../../shared/benches/nation/mod.rs"]
mod nation;

use nation::{COMMUNES, INDICATORS, inputs};
use shared::{
    book::Book,
    language::Language,
    period::Period,
    ranking::{Scheme, Scope, board::Board, explain::explain},
    tables::write,
};
use std::{fs::File, io::BufWriter, io::Write, time::Instant};

fn main() {
    let month: Period = "2026-10".parse().unwrap();
    let book = Book::new(&inputs(month)).unwrap();
    let board = Board::new(&book, Scheme::Own, month, &Scope::default());
    let today = "2026-10-25".parse().unwrap();
    let page = |commune| write::explain(&book, month, &explain(&book, &board, commune, today));
    let place = tempfile::tempdir().unwrap();
    println!("{COMMUNES} communes x {INDICATORS} targets, {} rows", COMMUNES * INDICATORS);
    let start = Instant::now();
    let mut csv = BufWriter::new(File::create(place.path().join("nation.csv")).unwrap());
    (0..COMMUNES).for_each(|commune| csv.write_all(&page(commune).csv()).unwrap());
    csv.flush().unwrap();
    let limit = start.elapsed();
    println!("as CSV                {limit:>10.2?}");
    // The high-water mark is set back to what is resident now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak_kib();
    let start = Instant::now();
    let file = File::create(place.path().join("nation.xlsx")).unwrap();
    let head = write::explain(&book, month, &[]);
    workbook::listing::write_pages(&head, (0..COMMUNES).map(|commune| page(commune).rows), Language::Vi, &file)
        .unwrap();
    file.sync_all().unwrap();
    let took = start.elapsed();
    println!("as a workbook         {took:>10.2?}   {:.1} x CSV", took.as_secs_f64() / limit.as_secs_f64());
    println!("file                  {:>10} KiB", file.metadata().unwrap().len() / 1024);
    println!(
        "peak memory           {:>10} KiB, of it for the workbook {} KiB",
        peak_kib(),
        peak_kib().saturating_sub(before)
    );
}

/// The most memory that this process ever had resident.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
