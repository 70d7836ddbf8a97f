//! Each doubt with a figure that raises it and one that just does not.

use super::*;
use crate::{
    catalogue::sample,
    observation::Decision,
    tables::{Inputs, ObservationRow},
};
use chrono::{TimeZone, Utc};
use proptest::prelude::*;

fn row(indicator: &str, unit: &str, period: &str, value: Value) -> ObservationRow {
    let at = Utc.with_ymd_and_hms(2026, 10, 10, 3, 0, 0).unwrap();
    ObservationRow {
        commune: "tan-phu".into(),
        indicator: indicator.into(),
        unit: unit.into(),
        period: period.parse().unwrap(),
        version: 1,
        value,
        entered_by: String::new(),
        entered_at: at,
        received_at: at,
        evidence_count: 0,
        verdict: None,
    }
}

fn found(commune: &str, rows: Vec<ObservationRow>, period: &str) -> Vec<&'static str> {
    let catalogue = sample::catalogue();
    let mut inputs = Inputs::of_catalogue(&catalogue);
    inputs.observations = rows.into_iter().map(|row| ObservationRow { commune: commune.into(), ..row }).collect();
    let book = Book::new(&inputs).unwrap();
    let number = book.commune_number(commune).unwrap();
    let today = "2026-10-20".parse().unwrap();
    let sight = Sight::new(&book, &catalogue, number, today);
    let period = period.parse().unwrap();
    let found = doubts(sight, period).into_iter().chain(ahead(sight, period));
    found.map(|doubted| doubted.doubt.as_str()).collect()
}

fn ratio(n: u32, d: u32) -> Value {
    Value::Ratio { numerator: n.into(), denominator: d.into() }
}

#[test]
fn each_doubt_has_its_threshold() {
    let percent = |n: u32| Value::Percent(n.into());
    let count = Value::Count;
    let pairs = |code: &str, values: &[(&str, Value)]| -> Vec<ObservationRow> {
        values.iter().map(|(period, value)| row(code, "", period, *value)).collect()
    };
    let cases: [(&str, Vec<ObservationRow>, &[&str]); 12] = [
        ("equal counts", pairs("DM-01", &[("2026-09", count(5)), ("2026-10", count(5))]), &[]),
        ("a count falls", pairs("DM-01", &[("2026-09", count(5)), ("2026-10", count(4))]), &["falls"]),
        ("another year", pairs("DM-01", &[("2025-12", count(5)), ("2026-10", count(4))]), &[]),
        ("19 points", pairs("CDS-07", &[("2026-09", percent(50)), ("2026-10", percent(69))]), &[]),
        ("20 points", pairs("CDS-07", &[("2026-08", percent(50)), ("2026-10", percent(70))]), &["jumps"]),
        (
            "three times the usual",
            pairs("DM-01", &[("2026-08", count(5)), ("2026-09", count(10)), ("2026-10", count(25))]),
            &[],
        ),
        (
            "more than that",
            pairs("DM-01", &[("2026-08", count(5)), ("2026-09", count(10)), ("2026-10", count(26))]),
            &["jumps"],
        ),
        ("30 % more", pairs("CDS-07", &[("2026-09", ratio(5, 100)), ("2026-10", ratio(5, 130))]), &[]),
        ("31 % less", pairs("CDS-07", &[("2026-09", ratio(5, 100)), ("2026-10", ratio(5, 69))]), &["denominator"]),
        ("a part", vec![row("HT-01", "", "2026-10", percent(60)), row("HT-03", "", "2026-10", percent(60))], &[]),
        (
            "larger than the whole",
            vec![row("HT-01", "", "2026-10", percent(61)), row("HT-03", "", "2026-10", percent(60))],
            &["exceeds"],
        ),
        (
            "other than its units",
            vec![row("CDS-07", "", "2026-10", ratio(5, 10)), row("CDS-07", "AP-01", "2026-10", ratio(4, 10))],
            &["differs_from_units"],
        ),
    ];
    for (name, rows, expected) in cases {
        assert_eq!(found("tan-phu", rows, "2026-10"), expected, "{name}");
    }
}

#[test]
fn a_whole_period_can_be_too_good_or_too_still() {
    let codes = ["CDS-05", "CDS-07", "CDS-09", "CDS-11", "CDS-12"];
    let month = |period: &str, count: usize, percent: u32| -> Vec<ObservationRow> {
        codes[..count].iter().map(|code| row(code, "", period, Value::Percent(percent.into()))).collect()
    };
    assert_eq!(found("tan-phu", month("2026-10", 4, 100), "2026-10"), Vec::<&str>::new());
    assert_eq!(found("tan-phu", month("2026-10", 5, 100), "2026-10"), ["all_full"]);
    let still = [month("2026-09", 5, 60), month("2026-10", 5, 60)].concat();
    assert_eq!(found("tan-phu", still.clone(), "2026-10"), ["all_unchanged"]);
    let mut one_moved = still;
    one_moved[9].value = Value::Percent(61.into());
    assert!(found("tan-phu", one_moved, "2026-10").is_empty());
}

#[test]
fn evidence_with_every_result_where_the_plan_asks_for_it() {
    let rows = || vec![row("CDS-07", "", "2026-10", Value::Percent(40.into()))];
    assert_eq!(found("dinh-quan", rows(), "2026-10"), ["no_evidence"]);
    assert!(found("tan-loi", rows(), "2026-10").is_empty());
    let with = rows().into_iter().map(|row| ObservationRow { evidence_count: 1, ..row }).collect();
    assert!(found("dinh-quan", with, "2026-10").is_empty());
    let accepted = rows().into_iter().map(|row| ObservationRow { verdict: Some(Decision::Accepted), ..row }).collect();
    assert_eq!(found("dinh-quan", accepted, "2026-10"), ["no_evidence"], "an acceptance does not make up for it");
}

#[test]
fn reports_of_tasks_are_looked_at_too() {
    let percent = |n: u32| Value::Percent(n.into());
    let spent = |n: u32| Value::Decimal(n.into());
    let catalogue = sample::catalogue();
    let of = |commune: &str, wanted: &dyn Fn(&&crate::catalogue::Task) -> bool| {
        catalogue.tasks.iter().filter(|task| task.commune == commune).find(wanted).unwrap().code.clone()
    };
    let once = of("loc-tan", &|task| !task.recurring && task.budget_million_vnd.is_some());
    let again = of("tan-loi", &|task| task.recurring);
    let budget = catalogue.tasks.iter().find(|t| t.commune == "loc-tan" && t.code == once).unwrap().budget_million_vnd;
    let budget = u32::try_from(budget.unwrap().micros() / MICROS).unwrap();
    let pair = |code: String, a: Value, b: Value| vec![row(&code, "", "2026-09", a), row(&code, "", "2026-10", b)];
    let (progress, disbursed) = (Reported::Progress(&once).code(), Reported::Disbursement(&once).code());
    assert!(found("loc-tan", pair(progress.clone(), percent(30), percent(79)), "2026-10").is_empty());
    assert_eq!(found("loc-tan", pair(progress.clone(), percent(30), percent(80)), "2026-10"), ["jumps"]);
    assert_eq!(found("loc-tan", pair(progress, percent(30), percent(29)), "2026-10"), ["progress_falls"]);
    assert_eq!(found("loc-tan", pair(disbursed.clone(), spent(20), spent(19)), "2026-10"), ["falls"]);
    assert!(found("loc-tan", vec![row(&disbursed, "", "2026-10", spent(budget))], "2026-10").is_empty());
    assert_eq!(found("loc-tan", vec![row(&disbursed, "", "2026-10", spent(18 * budget))], "2026-10"), ["over_budget"]);
    let recurring = pair(Reported::Progress(&again).code(), percent(100), percent(10));
    assert!(found("tan-loi", recurring, "2026-10").is_empty(), "it begins anew in each period");
}

#[test]
fn a_figure_ahead_of_its_time_is_pointed_out_whatever_month_is_looked_at() {
    let december = || vec![row("CDS-07", "", "2026-12", Value::Percent(40.into()))];
    assert_eq!(found("tan-phu", december(), "2026-12"), ["not_begun"]);
    assert_eq!(found("tan-phu", december(), "2026-10"), ["not_begun"]);
    assert!(found("tan-phu", vec![row("CDS-07", "", "2026-Q4", Value::Percent(40.into()))], "2026-Q4").is_empty());
}

proptest! {
    #[test]
    fn figures_of_any_size_are_looked_at_without_panic(values in prop::collection::vec((any::<i64>(), 1..i64::MAX), 1..8)) {
        let rows = values.iter().enumerate().map(|(month, (n, d))| {
            let amount = |micros: i64| Amount::from_micros(i128::from(micros)).unwrap();
            row("CDS-07", "", &format!("2026-{:02}", month + 1), Value::Ratio { numerator: amount(*n), denominator: amount(*d) })
        });
        let last = format!("2026-{:02}", values.len());
        let _ = found("tan-phu", rows.collect(), &last);
    }
}
