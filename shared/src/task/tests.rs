//! Lights of tasks by the rules, and the tasks of the five real plans.

use super::*;
use crate::{
    catalogue::sample,
    tables::{Inputs, ObservationRow},
};
use chrono::{TimeZone, Utc};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn facts(achieved: Micros, term: Term) -> Facts {
    Facts {
        achieved,
        is_returned: false,
        is_reported: true,
        term,
        current: "2026-10".parse().unwrap(),
        day: day("2026-10-19"),
        has_cutoff_passed: true,
    }
}

#[test]
fn lights_by_the_first_rule_that_holds() {
    // 1 January to 19 October: 292 days of 365.
    let year = Term::By(day("2026-12-31"));
    let silent = |achieved, term| Facts { is_reported: false, ..facts(achieved, term) };
    let early = |achieved, term| Facts { has_cutoff_passed: false, ..silent(achieved, term) };
    let cases = [
        (facts(399_999, year), Light::Red, "far_behind"),
        (facts(400_000, year), Light::Yellow, "behind"),
        (facts(800_000, year), Light::Green, ""),
        (silent(800_000, year), Light::Yellow, "not_reported"),
        (silent(FULL, year), Light::Green, ""),
        (Facts { is_returned: true, ..facts(FULL, year) }, Light::Red, "returned"),
        (facts(999_999, Term::By(day("2026-10-18"))), Light::Red, "deadline_passed"),
        (facts(FULL, Term::By(day("2026-03-31"))), Light::Green, ""),
        (facts(999_999, Term::By(day("2026-10-19"))), Light::Yellow, "behind"),
        (facts(999_999, Term::By(day("2026-11-03"))), Light::Yellow, "deadline_near"),
        (facts(999_999, Term::By(day("2026-11-04"))), Light::Green, ""),
        // 19 of October's 31 days.
        (facts(600_000, Term::Recurring), Light::Yellow, "behind"),
        (facts(620_000, Term::Recurring), Light::Green, ""),
        (silent(0, Term::Recurring), Light::Red, "far_behind"),
        (early(0, Term::Recurring), Light::Grey, ""),
        (facts(0, Term::Open), Light::Green, ""),
        (early(0, Term::Open), Light::Green, ""),
        (silent(0, Term::Open), Light::Yellow, "not_reported"),
        (Facts { is_returned: true, ..facts(0, Term::Open) }, Light::Red, "returned"),
    ];
    for (number, (facts, light, cause)) in cases.into_iter().enumerate() {
        let found = judge(&facts);
        assert_eq!((found.0, found.1.map_or("", Cause::as_str)), (light, cause), "case {number}");
    }
}

#[test]
fn codes_name_what_is_reported() {
    for reported in [Reported::Indicator("CDS-17"), Reported::Progress("V.[8]"), Reported::Disbursement("IV.3(1)")] {
        assert_eq!(Reported::of(&reported.code()), reported);
        assert_eq!(reported.is_task(), reported.code() != "CDS-17");
    }
}

fn row(code: Reported<'_>, unit: &str, period: &str, version: u32, value: crate::observation::Value) -> ObservationRow {
    let at = Utc.with_ymd_and_hms(2026, 10, 10, 3, 0, 0).unwrap();
    ObservationRow {
        commune: "loc-tan".into(),
        indicator: code.code(),
        unit: unit.into(),
        period: period.parse().unwrap(),
        version,
        value,
        entered_by: String::new(),
        entered_at: at,
        received_at: at,
        evidence_count: 0,
        verdict: None,
    }
}

#[test]
fn the_tasks_of_the_five_plans_have_the_terms_that_they_name() {
    let catalogue = sample::catalogue();
    assert_eq!(catalogue.tasks.len(), 110);
    for task in &catalogue.tasks {
        let is_dated = !task.recurring && task.deadline.is_some();
        assert_eq!(matches!(Term::of(task), Term::By(_)), is_dated, "{}", task.code);
        assert!(!task.lead_unit.is_empty(), "{} {} has an owner", task.commune, task.code);
    }
    // "Theo lộ trình của Tỉnh" is not a day, and none is made up.
    let open = catalogue.tasks.iter().filter(|task| Term::of(task) == Term::Open).count();
    let recurring = catalogue.tasks.iter().filter(|task| Term::of(task) == Term::Recurring).count();
    assert_eq!((open, recurring), (36, 10));
    let budgets = catalogue.tasks.iter().filter(|task| task.commune == "loc-tan");
    let total: i128 = budgets.filter_map(|task| task.budget_million_vnd).map(Amount::micros).sum();
    assert_eq!(total, 4_430 * crate::amount::MICROS);
}

#[test]
fn progress_follows_the_newest_report_and_what_recurs_starts_anew() {
    use crate::observation::Value::{Decimal, Percent, Ratio};
    let catalogue = sample::catalogue();
    let of = |code: &str| catalogue.tasks.iter().find(|t| t.commune == "loc-tan" && t.code == code).unwrap();
    let budgeted = catalogue.tasks.iter().find(|t| t.commune == "loc-tan" && t.budget_million_vnd.is_some()).unwrap();
    let recurring = catalogue.tasks.iter().find(|t| t.commune == "loc-tan" && t.recurring).unwrap();
    let amount = |n: u32| Amount::from(n);
    let (done, spent) = (Reported::Progress(&budgeted.code), Reported::Disbursement(&budgeted.code));
    let again = Reported::Progress(&recurring.code);
    let mut inputs = Inputs::of_catalogue(&catalogue);
    inputs.observations = vec![
        row(done, "", "2026-06", 1, Percent(amount(40))),
        row(done, "", "2026-09", 1, Percent(amount(70))),
        row(done, "", "2026-09", 2, Percent(amount(65))),
        row(spent, "", "2026-09", 1, Decimal(amount(1_200))),
        row(again, "", "2026-08", 1, Percent(amount(100))),
    ];
    let book = Book::new(&inputs).unwrap();
    let commune = book.commune_number("loc-tan").unwrap();
    let in_october = |task| progress(&book, commune, task, "2026-10".parse().unwrap(), day("2026-10-25"));
    let found = in_october(budgeted);
    assert_eq!((found.achieved, found.reported_for), (650_000, "2026-09".parse().ok()));
    assert_eq!(found.disbursed, Fraction::new(1_200, 1));
    let before = progress(&book, commune, budgeted, "2026-07".parse().unwrap(), day("2026-10-25"));
    assert_eq!((before.achieved, before.disbursed), (400_000, None));
    // Lộc Tấn reports by quarter: what was done in the third says nothing of the fourth, whose day has not come.
    let found = in_october(recurring);
    assert_eq!((found.percent, found.light), (None, Light::Grey));
    assert_eq!(book.ignored(), 0);
    // What comes by unit is added up.
    let task = of(&budgeted.code);
    inputs.observations.retain(|row| row.indicator != done.code());
    for (unit, n) in [("AP-1", 3), ("AP-2", 1)] {
        inputs.observations.push(row(done, unit, "2026-10", 1, Ratio { numerator: amount(n), denominator: amount(5) }));
    }
    let book = Book::new(&inputs).unwrap();
    let found = progress(&book, commune, task, "2026-10".parse().unwrap(), day("2026-10-25"));
    assert_eq!(found.achieved, 400_000);
    assert!(crate::tables::write::observations(&inputs).rows.is_empty(), "tasks are no part of the exports");
}
