//! Cases from the scoring rules as files made by hand, and properties of rankings.

use super::{board::Board, explain::explain, *};
use crate::{
    book::BookError,
    standings::{Change, Standings},
    tables::{Inputs, ObservationRow, read, write},
};
use chrono::NaiveDate;
use proptest::prelude::*;
use std::collections::HashMap;

const INDICATORS: &str =
    "code,group,name,unit,kind,direction,cycle,rule,points,standard_operator,standard_value,standard_high
A-1,A,Tỷ lệ,%,ratio,at_least,,,1,>=,80,
A-2,A,Bậc,%,ratio,at_least,,steps 1:1 0.75:0.75 0.5:0.5,2,,,
B-1,B,Số lượt,lượt,count,at_least,,relative,1,,,
B-2,B,Sự cố,sự cố,count,at_most,quarterly,,1,<=,0,
B-3,B,Đạt,,flag,achieved,,,0.5,,,
";
const COMMUNES: &str = "slug,code,name,kind,cycle
an,1,Xã An,xa,
ba,2,Xã Ba,xa,
dao,3,Xã Đào,xa,quarterly
phu,4,Phường Phú,phuong,
ve,5,Xã Vệ,xa,
";
const TARGETS: &str = "commune,plan_ref,indicator,operator,value,high,points,lead_unit,deadline,requires_evidence
an,1,A-1,>=,80,,,,2026-12-31,false
an,2,A-2,=,100,,,,,false
an,3,B-1,>=,10,,,,,false
ba,1,A-1,>=,50,,,,,true
ba,2,A-1,>=,100,,,,,true
ba,3,A-1,unspecified,,,,,,true
ba,4,B-2,<=,0,,,,,false
dao,1,A-1,range,20,40,,,2026-09-30,false
phu,1,A-1,>=,80,,,,,true
ve,1,B-3,unspecified,,,,,,true
";
const HEAD: &str = "commune,indicator,unit,period,version,numerator,denominator,value,entered_by,entered_at,received_at,evidence_count,verdict\n";

pub(crate) fn inputs(observations: &str, exceptions: &str) -> Inputs {
    let mut files: HashMap<String, Vec<u8>> = [
        ("indicators.csv", INDICATORS.to_owned()),
        ("communes.csv", COMMUNES.to_owned()),
        ("targets.csv", TARGETS.to_owned()),
        ("observations.csv", format!("{HEAD}{observations}")),
    ]
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .into();
    if !exceptions.is_empty() {
        files.insert("exceptions.csv".into(), format!("commune,period,cutoff,reason\n{exceptions}").into_bytes());
    }
    read::inputs(&files).unwrap()
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

fn ranking_text(book: &Book, scheme: Scheme, month: &str, scope: &Scope) -> String {
    let rows = rank(book, scheme, period(month), scope);
    String::from_utf8(write::rankings(book, scheme, period(month), &rows).csv()).unwrap().replace("\r\n", "\n")
}

fn explain_text(book: &Book, scheme: Scheme, month: &str, commune: &str) -> String {
    let board = Board::new(book, scheme, period(month), &Scope::default());
    let today = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
    let rows = explain(book, &board, book.commune_number(commune).unwrap(), today);
    String::from_utf8(write::explain(book, period(month), &rows).csv()).unwrap().replace("\r\n", "\n")
}

pub(crate) const OCTOBER: &str = "\
an,A-1,,2026-10,1,40,100,,x,2026-10-19T23:59:59+07:00,2026-10-19T23:59:59+07:00,0,
an,A-2,,2026-10,1,3,4,,x,2026-10-20T00:00:00+07:00,2026-10-20T00:00:00+07:00,0,
an,B-1,,2026-09,1,,,5,x,2026-09-01T00:00:00+07:00,2026-09-01T00:00:00+07:00,0,
ba,A-1,H1,2026-10,1,20,40,,x,2026-10-01T00:00:00+07:00,2026-10-01T00:00:00+07:00,1,
ba,A-1,H2,2026-10,1,30,40,,x,2026-10-01T00:00:00+07:00,2026-10-01T00:00:00+07:00,0,
ba,A-1,H3,2026-09,1,0,40,,x,2026-10-01T00:00:00+07:00,2026-10-01T00:00:00+07:00,0,
dao,B-1,,2026-10,1,,,20,x,2026-10-01T00:00:00+07:00,2026-10-01T00:00:00+07:00,0,
dao,A-1,,2026-10,2,1,3,,x,2026-10-01T00:00:00+07:00,2026-10-01T00:00:00+07:00,0,
dao,A-1,,2026-10,1,1,10,,x,2026-10-01T00:00:00+07:00,2026-10-01T00:00:00+07:00,5,accepted
phu,A-1,,2026-10,1,9,10,,x,2026-10-01T00:00:00+07:00,2026-10-01T00:00:00+07:00,0,
";

#[test]
fn a_month_by_hand() {
    let book = Book::new(&inputs(OCTOBER, "")).unwrap();
    // Xã An: 1·0.5 + 2·0.75 + 1·(5/20) of 4 = 56.25; on time 1 of 3.
    // Xã Ba: A-1 rolls up to 62.5 %: (1 + 0.625)/2 of 1 point, B-2 (quarterly, not reported) 0 of 1 = 40.625 -> 40.63.
    // Xã Đào: newest version is 2; quarterly, so nothing is expected in October. Xã Vệ's plan scores nothing.
    assert_eq!(
        ranking_text(&book, Scheme::Own, "2026-10", &Scope::default()),
        "scheme,period,rank,commune,name,kind,score,met,scored,on_time,movement,provisional
own,2026-10,1,dao,Xã Đào,xa,100.00,1,1,1.0000,1,0
own,2026-10,2,an,Xã An,xa,56.25,0,3,0.3333,-1,0
own,2026-10,3,ba,Xã Ba,xa,40.63,1,3,1.0000,-1,1
own,2026-10,4,phu,Phường Phú,phuong,0.00,0,1,1.0000,-2,0
own,2026-10,,ve,Xã Vệ,xa,,0,0,1.0000,,0
"
    );
    assert_eq!(
        explain_text(&book, Scheme::Own, "2026-10", "ba"),
        "commune,plan_ref,indicator,period,value,operator,target,high,achievement,state,counted,points,earned,light
ba,1,A-1,2026-10,62.500000,>=,50,,1.000000,awaiting_review,1.000000,0.500000,0.500000,green
ba,2,A-1,2026-10,62.500000,>=,100,,0.625000,in_progress,0.625000,0.500000,0.312500,yellow
ba,3,A-1,2026-10,62.500000,unspecified,,,,untracked,,,,grey
ba,4,B-2,2026-10,,<=,0,,0.000000,missing,0.000000,1.000000,0.000000,red
"
    );
    assert_eq!(
        explain_text(&book, Scheme::Standard, "2026-10", "phu"),
        "commune,plan_ref,indicator,period,value,operator,target,high,achievement,state,counted,points,earned,light
phu,,A-1,2026-10,90.000000,>=,80,,1.000000,awaiting_evidence,0.000000,1.000000,0.000000,green
phu,,B-2,2026-10,,<=,0,,0.000000,missing,0.000000,1.000000,0.000000,red
"
    );
}

#[test]
fn the_common_scheme_takes_what_every_ranked_commune_scores() {
    let book = Book::new(&inputs(OCTOBER, "")).unwrap();
    assert_eq!(
        ranking_text(&book, Scheme::Common, "2026-10", &Scope::default()),
        "scheme,period,rank,commune,name,kind,score,met,scored,on_time,movement,provisional
common,2026-10,1,dao,Xã Đào,xa,100.00,1,1,1.0000,1,0
common,2026-10,2,ba,Xã Ba,xa,81.25,1,2,1.0000,0,1
common,2026-10,3,an,Xã An,xa,50.00,0,1,0.3333,-2,0
common,2026-10,4,phu,Phường Phú,phuong,0.00,0,1,1.0000,-2,0
common,2026-10,,ve,Xã Vệ,xa,,0,0,1.0000,,0
"
    );
}

#[test]
fn scopes_keep_the_order_within_a_part() {
    let book = Book::new(&inputs(OCTOBER, "")).unwrap();
    let slugs = |scope: Scope| -> Vec<String> {
        let rows = rank(&book, Scheme::Own, period("2026-10"), &scope);
        rows.iter()
            .map(|r| {
                format!(
                    "{}:{}",
                    r.rank.map_or("-".into(), |r| r.to_string()),
                    book.members()[r.commune as usize].row.slug
                )
            })
            .collect()
    };
    assert_eq!(
        slugs(Scope { group: Some("B".into()), ..Scope::default() }),
        ["1:an", "2:ba", "-:phu", "-:dao", "-:ve"].map(String::from)
    );
    assert_eq!(slugs(Scope { kind: Some(CommuneKind::Phuong), ..Scope::default() }), ["1:phu"].map(String::from));
    assert_eq!(
        slugs(Scope { indicator: Some("A-1".into()), ..Scope::default() }),
        ["1:dao", "2:ba", "3:an", "4:phu", "-:ve"].map(String::from)
    );
}

#[test]
fn exceptions_move_the_cutoff_of_one_commune_and_period() {
    let on_time = |exceptions: &str| {
        let book = Book::new(&inputs(OCTOBER, exceptions)).unwrap();
        let rows = rank(&book, Scheme::Own, period("2026-10"), &Scope::default());
        let an = book.commune_number("an");
        rows.iter().find(|r| Some(r.commune) == an).map(RankingRow::on_time_text)
    };
    assert_eq!(on_time(""), Some("0.3333".into()));
    assert_eq!(on_time("an,2026-10,2026-10-20,bão"), Some("0.6667".into()));
    assert_eq!(on_time("an,2026-09,2026-10-20,bão"), Some("0.3333".into()));
}

#[test]
fn an_effective_observation_is_of_the_same_year_and_not_later() {
    let rows = "\
an,A-1,,2025-12,1,100,100,,x,2025-12-01T00:00:00Z,2025-12-01T00:00:00Z,1,
an,A-1,,2026-Q1,1,50,100,,x,2026-03-01T00:00:00Z,2026-03-01T00:00:00Z,1,
an,A-1,,2026-03,1,20,100,,x,2026-03-01T00:00:00Z,2026-03-01T00:00:00Z,1,
an,A-1,H1,2026-05,1,99,100,,x,2026-03-01T00:00:00Z,2026-03-01T00:00:00Z,1,
";
    let book = Book::new(&inputs(rows, "")).unwrap();
    let at = |month: &str| {
        let effective = book.effective(0, 0, period(month));
        effective.map(|e| (e.period.to_string(), e.rolled_up))
    };
    assert_eq!(at("2026-02"), None);
    assert_eq!(at("2026-03"), Some(("2026-03".into(), false)));
    assert_eq!(at("2026-Q1"), Some(("2026-03".into(), false)));
    assert_eq!(at("2026-12"), Some(("2026-03".into(), false)));
    assert!(book.is_stale(0, 0, period("2026-03"), period("2026-04")));
}

#[test]
fn equal_communes_share_a_rank_and_the_next_one_skips() {
    let rows: String = ["an", "ba", "phu"]
        .map(|c| format!("{c},A-1,,2026-10,1,0,100,,x,2026-10-01T00:00:00Z,2026-10-01T00:00:00Z,1,\n"))
        .concat();
    let book = Book::new(&inputs(&rows, "")).unwrap();
    let scope = Scope { indicator: Some("A-1".into()), ..Scope::default() };
    let rows = rank(&book, Scheme::Own, period("2026-10"), &scope);
    let named: Vec<_> = rows.iter().map(|r| (r.rank, book.members()[r.commune as usize].row.name.as_str())).collect();
    // Nothing is expected of Xã Đào in October, so it counts as on time and ties with those that reported.
    assert_eq!(
        named,
        [(Some(1), "Phường Phú"), (Some(1), "Xã An"), (Some(1), "Xã Ba"), (Some(1), "Xã Đào"), (None, "Xã Vệ")]
    );
}

#[test]
fn more_targets_than_shares_can_express_are_refused() {
    let mut inputs = inputs("", "");
    let extra = inputs.targets[0].clone();
    for i in 0..crate::book::MAX_TARGETS_PER_INDICATOR {
        inputs.targets.push(crate::tables::TargetRow { plan_ref: format!("x{i}").into(), ..extra.clone() });
    }
    assert!(matches!(Book::new(&inputs), Err(BookError::TooManyTargets { .. })));
}

#[test]
fn faults_name_file_row_and_column() {
    let files: HashMap<String, Vec<u8>> = [
        ("indicators.csv".to_owned(), INDICATORS.into()),
        ("communes.csv".to_owned(), COMMUNES.into()),
        ("targets.csv".to_owned(), TARGETS.into()),
        ("observations.csv".to_owned(), format!("{HEAD}an,A-1,,2026-10,1,5,0,,x,,2026-10-01T00:00:00Z,0,\n").into()),
    ]
    .into();
    let error = read::inputs(&files).unwrap_err();
    assert_eq!((error.file.as_str(), error.row, error.column.as_str()), ("observations.csv", 2, "denominator"));
    // A spreadsheet counts blank rows, and a row with a line break in a cell as one.
    let mut files = files;
    let good = "an,A-1,,2026-09,1,5,9,,\"x\ny\",,2026-10-01T00:00:00Z,0,\n";
    let rows = format!("{HEAD}{good}\n\nan,A-1,,2026-10,1,5,0,,x,,2026-10-01T00:00:00Z,0,\n");
    for text in [rows.clone(), rows.replace('\n', "\r\n")] {
        files.insert("observations.csv".into(), text.into());
        assert_eq!(read::inputs(&files).unwrap_err().row, 5);
    }
    let mut without = files;
    without.remove("targets.csv");
    assert_eq!(read::inputs(&without).unwrap_err().file, "targets.csv");
}

fn any_row() -> impl Strategy<Value = ObservationRow> {
    let commune = prop::sample::select(vec!["an", "ba", "dao", "phu", "ve"]);
    let indicator = prop::sample::select(vec!["A-1", "A-2", "B-1", "B-2", "B-3"]);
    let unit = prop::sample::select(vec!["", "", "", "H1", "H2"]);
    (commune, indicator, unit, 8u32..12, 0u32..50, 1u32..50, 0u32..2, 0u8..3, 0i64..40 * 86_400).prop_map(
        |(commune, indicator, unit, month, n, d, evidence, verdict, late)| {
            use crate::observation::{Decision, Value};
            let received_at = chrono::DateTime::from_timestamp(1_790_000_000 + late, 0).unwrap_or_default();
            let value = match indicator {
                "A-1" | "A-2" => Value::Ratio { numerator: n.min(d).into(), denominator: d.into() },
                "B-3" => Value::Flag(n % 2 == 0),
                _ => Value::Count(u64::from(n)),
            };
            ObservationRow {
                commune: commune.into(),
                indicator: indicator.into(),
                unit: unit.into(),
                period: period(&format!("2026-{month:02}")),
                version: 1,
                value,
                entered_by: "x".into(),
                entered_at: received_at,
                received_at,
                evidence_count: evidence,
                verdict: [None, Some(Decision::Accepted), Some(Decision::Returned)][usize::from(verdict)],
            }
        },
    )
}

/// Gives each row the next version of its key.
fn versioned(mut rows: Vec<ObservationRow>) -> Vec<ObservationRow> {
    let mut versions: HashMap<_, u32> = HashMap::new();
    for row in &mut rows {
        let version =
            versions.entry((row.commune.clone(), row.indicator.clone(), row.unit.clone(), row.period)).or_default();
        *version += 1;
        row.version = *version;
    }
    rows
}

proptest! {
    #[test]
    fn the_order_of_input_does_not_matter(
        (rows, shuffled) in prop::collection::vec(any_row(), 0..60).prop_map(versioned).prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
    ) {
        let text = |observations| {
            let book = Book::new(&Inputs { observations, ..inputs("", "") }).unwrap();
            Scheme::ALL.map(|scheme| ranking_text(&book, scheme, "2026-11", &Scope::default()))
        };
        prop_assert_eq!(text(rows), text(shuffled));
    }

    #[test]
    fn the_sum_of_explained_points_is_the_score(rows in prop::collection::vec(any_row(), 0..60)) {
        let book = Book::new(&Inputs { observations: versioned(rows), ..inputs("", "") }).unwrap();
        let today = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
        for scheme in Scheme::ALL {
            let board = Board::new(&book, scheme, period("2026-10"), &Scope::default());
            for commune in 0..5 {
                let rows = explain(&book, &board, commune, today);
                // In units of 1/27720 point and millionths, exactly.
                let share = |r: &super::explain::ExplainRow| {
                    if r.sharers == 0 { 0 } else { r.points.micros() * (crate::book::SHARE_UNIT / i128::from(r.sharers)) }
                };
                let earned: i128 = rows.iter().map(|r| share(r) * i128::from(r.counted)).sum();
                let points: i128 = rows.iter().map(share).sum();
                let score = crate::fraction::Fraction::new(100 * earned, points * 1_000_000).map(|s| s.rounded(2));
                prop_assert_eq!(score, board.line(commune).score.map(i128::from));
            }
        }
    }

    #[test]
    fn standings_kept_ready_equal_standings_computed_anew(rows in prop::collection::vec(any_row(), 0..60)) {
        let rows = versioned(rows);
        let mut standings = Standings::new(Book::new(&inputs("", "")).unwrap());
        standings.keep_ready(period("2026-10"));
        let (first, second) = rows.split_at(rows.len() / 2);
        standings.apply(first.iter().map(|row| Change::Version(row.into())));
        for row in second {
            standings.apply([Change::Version(row.into())]);
        }
        let anew = Book::new(&Inputs { observations: rows, ..inputs("", "") }).unwrap();
        for scheme in Scheme::ALL {
            let kept = standings.ranking(scheme, period("2026-10"), &Scope::default());
            prop_assert_eq!(kept, rank(&anew, scheme, period("2026-10"), &Scope::default()));
        }
    }

    #[test]
    fn ranks_are_dense_in_order_and_unranked_come_last(rows in prop::collection::vec(any_row(), 0..60)) {
        let book = Book::new(&Inputs { observations: versioned(rows), ..inputs("", "") }).unwrap();
        let rows = rank(&book, Scheme::Own, period("2026-10"), &Scope::default());
        let mut expected = 0;
        for (row, place) in rows.iter().zip(1u32..) {
            let Some(rank) = row.rank else { expected = u32::MAX; continue };
            prop_assert!(expected != u32::MAX, "a ranked commune after an unranked one");
            prop_assert!(rank == place || rank == expected);
            expected = rank;
        }
    }
}

#[test]
fn a_figure_ahead_of_its_time_moves_nobodys_month() {
    let ahead = "an,A-1,,2026-12,1,40,100,,x,2026-10-20T00:00:00+07:00,2026-10-20T00:00:00+07:00,0,\n\
                 an,A-2,,2026,1,40,100,,x,2026-10-20T00:00:00+07:00,2026-10-20T00:00:00+07:00,0,\n";
    let book = Book::new(&inputs(&format!("{OCTOBER}{ahead}"), "")).unwrap();
    let latest = |day: &str| book.latest_month(day.parse().unwrap()).map(|month| month.to_string());
    for (day, expected) in [
        ("2026-08-31", None),
        ("2026-09-30", Some("2026-09")),
        ("2026-10-20", Some("2026-10")),
        ("2026-11-03", Some("2026-10")),
        ("2026-12-01", Some("2026-12")),
        ("2027-02-01", Some("2026-12")),
    ] {
        assert_eq!(latest(day).as_deref(), expected, "{day}");
    }
}
