//! Each doubt with a figure that raises it and one that just does not.

use super::*;
use crate::{
    catalogue::sample,
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
    doubts(&book, &catalogue, number, period.parse().unwrap()).iter().map(|doubted| doubted.doubt.as_str()).collect()
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
