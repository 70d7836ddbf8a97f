//! How fast rankings are: the nation's 3,321 communes with 100 indicators each.
//!
//! `cargo bench -p shared --bench ranking`. Prints medians, and ratios to a limit taken in the same run: one exact
//! division for each figure and one sort of the scores, without any rule.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod nation;

use nation::{COMMUNES, INDICATORS, inputs};
use shared::{
    achievement::FULL,
    amount::Amount,
    book::Book,
    fraction::Fraction,
    observation::Value,
    period::Period,
    ranking::{Scheme, Scope, board::Board, rank, what_if::suppositions},
    standings::{Change, Standings},
    tables::Inputs,
};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

fn main() {
    let month: Period = "2026-10".parse().unwrap();
    let inputs = inputs(month);
    let build = median(5, || Book::new(&inputs).unwrap());
    let book = Book::new(&inputs).unwrap();
    let limit = median(11, || limit(&inputs));
    println!("{COMMUNES} communes x {INDICATORS} indicators, {} figures", inputs.observations.len());
    println!("limit (one division a figure, one sort)   {limit:>12.3?}");
    println!("book from rows                            {build:>12.3?}");
    for scheme in Scheme::ALL {
        let full = median(11, || Board::new(&book, scheme, month, &Scope::default()));
        println!(
            "full ranking, {:<9}                   {full:>12.3?}   {:.1} x limit",
            scheme.as_str(),
            full.as_secs_f64() / limit.as_secs_f64()
        );
    }
    let moved = median(5, || rank(&book, Scheme::Own, month, &Scope::default()));
    println!("full ranking with movement                {moved:>12.3?}");
    let board = Board::new(&book, Scheme::Own, month, &Scope::default());
    let what_if = median(51, || suppositions(&book, &board, COMMUNES / 2));
    println!(
        "what-if for one commune, every single change {:>9.3?}   {} suppositions",
        what_if,
        suppositions(&book, &board, COMMUNES / 2).len()
    );
    let supposed = median(5, || {
        let mut other = book.clone();
        other.set_points(0, Amount::from(3));
        Board::new(&other, Scheme::Own, month, &Scope::default())
    });
    println!("what-if with other points, everyone anew  {supposed:>12.3?}");
    let mut standings = Standings::new(book);
    standings.keep_ready(month);
    let mut turn = 0u32;
    let one = median(501, || {
        turn += 1;
        let commune = turn * 7 % COMMUNES;
        let mut row = inputs.observations[(commune * INDICATORS + turn % INDICATORS) as usize].clone();
        row.version += turn;
        row.value = Value::Ratio { numerator: (turn % 90).into(), denominator: 97.into() };
        standings.apply([Change::Version((&row).into())]);
    });
    println!("standings after one changed figure        {one:>12.3?}   (9 boards: three schemes, three months)");
    let beside = median(501, || {
        turn += 1;
        let mut row = inputs.observations[(turn * 7 % COMMUNES * INDICATORS + turn % INDICATORS) as usize].clone();
        row.version += turn;
        row.value = Value::Ratio { numerator: (turn % 90).into(), denominator: 97.into() };
        let read = standings.clone();
        standings.apply([Change::Version((&row).into())]);
        read
    });
    println!("the same beside those who read the former {beside:>12.3?}   (as a server follows)");
}

/// The least that any ranking of these figures has to do.
fn limit(inputs: &Inputs) -> Vec<(u64, u32)> {
    let target = Fraction::from(Amount::from(80));
    let mut scores: Vec<(u64, u32)> = (0..COMMUNES).map(|commune| (0, commune)).collect();
    for (row, at) in inputs.observations.iter().zip(0u32..) {
        let Value::Ratio { numerator, denominator } = row.value else { continue };
        let x = Fraction::new(100 * numerator.micros(), denominator.micros()).unwrap();
        let a = x.quotient_micros(target).unwrap().min(i128::from(FULL));
        scores[(at / INDICATORS) as usize].0 += u64::try_from(a).unwrap();
    }
    scores.sort_unstable();
    scores
}

fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}
