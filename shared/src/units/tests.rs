//! Hamlets and offices of the real plans beside each other.

use super::*;
use crate::{
    catalogue::sample,
    observation::Value,
    ranking::{Scheme, board::Board, explain::explain},
    tables::{Inputs, ObservationRow},
    task,
};
use crate::{language::Language, ranking::Scope};
use chrono::{TimeZone, Utc};

fn row(unit: &str, indicator: &str, value: Value) -> ObservationRow {
    let at = Utc.with_ymd_and_hms(2026, 10, 10, 3, 0, 0).unwrap();
    ObservationRow {
        commune: "loc-tan".into(),
        indicator: indicator.into(),
        unit: unit.into(),
        period: "2026-10".parse().unwrap(),
        version: 1,
        value,
        entered_by: String::new(),
        entered_at: at,
        received_at: at,
        evidence_count: 1,
        verdict: None,
    }
}

fn ratio(n: u32, d: u32) -> Value {
    Value::Ratio { numerator: n.into(), denominator: d.into() }
}

fn rows() -> Vec<ObservationRow> {
    vec![
        row("AP-01", "OT-13", ratio(40, 100)),
        row("AP-02", "OT-13", ratio(90, 100)),
        row("AP-01", "OT-12", Value::Count(1)),
        row("AP-02", "OT-12", Value::Count(2)),
        row("AP-03", "OT-12", Value::Count(2)),
    ]
}

fn book(catalogue: &Catalogue, observations: Vec<ObservationRow>) -> (Book, u32) {
    let mut inputs = Inputs::of_catalogue(catalogue);
    inputs.observations = observations;
    let book = Book::new(&inputs).unwrap();
    let commune = book.commune_number("loc-tan").unwrap();
    (book, commune)
}

#[test]
fn figures_of_hamlets_roll_up_and_a_difference_to_the_whole_is_said() {
    let catalogue = sample::catalogue();
    let period: Period = "2026-10".parse().unwrap();
    let (book, commune) = book(&catalogue, [rows(), vec![row("", "OT-13", ratio(70, 100))]].concat());
    let found = by_unit(&book, &catalogue, commune, book.indicator_number("OT-13").unwrap(), period);
    assert_eq!(found.figures.len(), 21, "all hamlets are expected, the plan names them");
    assert_eq!(found.figures.iter().filter(|figure| figure.series.is_some()).count(), 2);
    assert_eq!((found.figures[0].achieved, found.figures[1].achieved), (Some(500_000), Some(FULL)));
    assert_eq!(found.figures[0].name, "21 ấp – 01");
    assert_eq!(found.rolled_up, Some(Measure::Number(Fraction::new(65, 1).unwrap())));
    assert_ne!(found.rolled_up, found.whole);
    let list = list::by_unit(&found, Language::Vi);
    assert!(list.notes.iter().any(|note| note.contains("70 KHÁC") && note.contains("65")), "{:?}", list.notes);
}

#[test]
fn a_count_asked_of_each_hamlet_is_asked_of_the_commune_so_many_times() {
    let mut catalogue = sample::catalogue();
    let period: Period = "2026-10".parse().unwrap();
    let at = |book: &Book| book.indicator_number("OT-12").unwrap();
    // In total, as delivered: 2 of the commune, an equal share of each.
    let (total, commune) = book(&catalogue, rows());
    assert_eq!(
        total.members()[commune as usize].targets.iter().find(|t| t.indicator == at(&total)).unwrap().goal.value(),
        Some(2.into())
    );
    let found = by_unit(&total, &catalogue, commune, at(&total), period);
    assert_eq!(found.figures[0].achieved, Some(FULL), "1 of 2/21");
    // Each: 42 of the commune, 2 of each.
    let target = catalogue.targets.iter_mut().find(|target| target.commune == "loc-tan" && target.indicator == "OT-12");
    target.unwrap().per_unit = "AP".into();
    let (each, commune) = book(&catalogue, rows());
    let goal = each.members()[commune as usize].targets.iter().find(|t| t.indicator == at(&each)).unwrap().goal;
    assert_eq!(goal.value(), Some(42.into()));
    let found = by_unit(&each, &catalogue, commune, at(&each), period);
    assert_eq!((found.figures[0].achieved, found.figures[1].achieved), (Some(500_000), Some(FULL)));
}

#[test]
fn hamlets_are_ranked_by_their_figures_and_offices_by_what_they_lead() {
    let catalogue = sample::catalogue();
    let period: Period = "2026-10".parse().unwrap();
    let today = "2026-10-25".parse().unwrap();
    let (book, commune) = book(&catalogue, rows());
    let board = Board::new(&book, Scheme::Own, period, &Scope::default());
    let rows = explain(&book, &board, commune, today);
    let tasks: Vec<(String, Progress)> = catalogue
        .tasks
        .iter()
        .filter(|task| task.commune == "loc-tan")
        .map(|task| (task.lead_unit.clone(), task::progress(&book, commune, task, period, today)))
        .collect();
    let lines = ranking(&book, &catalogue, commune, period, &rows, &tasks);
    let of = |code: &str| lines.iter().find(|line| line.code == code).unwrap();
    assert_eq!((of("AP-02").rank, of("AP-02").score, of("AP-02").met), (Some(1), Some(10_000), 2));
    // Half of one, and one count in full: evidence is there.
    assert_eq!((of("AP-01").rank, of("AP-01").score), (Some(2), Some(7_500)));
    assert_eq!((of("AP-03").rank, of("AP-03").score, of("AP-03").missing), (Some(3), Some(5_000), 1));
    assert_eq!((of("AP-04").rank, of("AP-21").rank), (Some(4), Some(4)), "equal ones share a rank");
    let police = of("CA");
    assert_eq!((police.role, police.scored, police.missing), (Role::Leads, 3, 3));
    // "Văn phòng Đảng ủy" leads a task, "Đảng ủy" does not.
    assert!(lines.iter().any(|line| line.code == "VP-DU" && line.tasks == 1));
    assert!(!lines.iter().any(|line| line.code == "DU"));
}

#[test]
fn older_figures_count_but_are_not_reported_for_the_period() {
    let catalogue = sample::catalogue();
    let period: Period = "2026-10".parse().unwrap();
    let september =
        |unit: &str| ObservationRow { period: "2026-09".parse().unwrap(), ..row(unit, "OT-12", Value::Count(2)) };
    let rows =
        (1..=21).map(|number| september(&format!("AP-{number:02}"))).chain([row("AP-01", "OT-12", Value::Count(3))]);
    let (book, commune) = book(&catalogue, rows.collect());
    let indicator = book.indicator_number("OT-12").unwrap();
    let found = by_unit(&book, &catalogue, commune, indicator, period);
    assert_eq!(found.figures.iter().filter(|figure| figure.is_missing()).count(), 20);
    assert_eq!(found.rolled_up, Some(Measure::Number(Fraction::new(3, 1).unwrap())), "the contract: the latest period");
    let list = list::by_unit(&found, Language::Vi);
    assert_eq!(list.notes[0], "21 đơn vị, 20 chưa báo cáo kỳ 2026-10.");
    assert!(list.notes[1].contains("3 (từ 1/21 đơn vị, kỳ 2026-10)"), "{}", list.notes[1]);
    assert!(list.rows[1].contains(&"2026-09".to_owned()) && list.rows[1].contains(&"số liệu kỳ cũ".to_owned()));
    assert_eq!(due::count(&book, &catalogue, commune, indicator, period), Some((1, 21)));
}

#[test]
fn what_hamlets_owe_is_seen_before_the_first_of_them_reports() {
    let catalogue = sample::catalogue();
    let period: Period = "2026-10".parse().unwrap();
    let (book, commune) = book(&catalogue, vec![row("AP-02", "OT-18", Value::Flag(true))]);
    let duties = due::duties(&book, &catalogue, commune, period);
    let code = |duty: &due::UnitDuty| book.indicators()[duty.indicator as usize].code.clone();
    // OT-12 and OT-18 are monthly, and no target scores OT-18; the others of the hamlets follow the commune's quarter.
    assert_eq!(duties.len(), 42);
    assert_eq!(duties.iter().filter(|duty| !duty.is_reported).count(), 41);
    assert!(duties.iter().all(|duty| duty.is_scored == (code(duty) == "OT-12")));
    let last = duties.last().unwrap();
    assert_eq!((last.unit.as_str(), code(last).as_str(), last.is_reported), ("AP-02", "OT-18", true));
    let day = super::cutoff(17, period);
    let list = due::list(&book, &duties, day, "2026-10-15".parse().unwrap(), Language::Vi);
    assert!(
        list.notes[0].contains("hết ngày 17/10/2026 (còn 2 ngày). 21 đơn vị phải báo cáo 42 số liệu, còn thiếu 41")
    );
    let december = due::duties(&book, &catalogue, commune, "2026-12".parse().unwrap());
    assert!(december.len() > 42, "the quarter ends as well");
    // Their ranks are by what is reported; a duty alone places nobody.
    let lines = ranking(&book, &catalogue, commune, period, &[], &[]);
    assert!(lines.iter().all(|line| line.role != Role::Reports), "{lines:?}");
}
