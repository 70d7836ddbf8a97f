//! What may be entered, and what is said when it may not.

use super::*;
use crate::fixture::{Home, catalogue, form, now};
use rand::{SeedableRng, rngs::StdRng};
use shared::{feed::FeedItem, observation::Decision};

fn ratio(numerator: &str, denominator: &str) -> Typed {
    Typed::Ratio(numerator.into(), denominator.into())
}

fn value(text: &str) -> Typed {
    Typed::Value(text.into())
}

#[test]
fn values_become_the_kind_asked() {
    let rulebook = Rulebook { catalogue: catalogue() };
    let amount = |text: &str| text.parse::<Amount>().unwrap();
    for (indicator, typed, expected) in [
        ("CDS-1", value("12,5"), Value::Percent(amount("12.5"))),
        ("cds-1", value("85%"), Value::Percent(amount("85"))),
        ("CDS-1", ratio("45", "60"), Value::Ratio { numerator: amount("45"), denominator: amount("60") }),
        ("CDS-2", value("1200"), Value::Count(1200)),
        ("CDS-2", value("7.0"), Value::Count(7)),
        ("CDS-3", value("-0,25"), Value::Decimal(amount("-0.25"))),
        ("CDS-4", value("Có"), Value::Flag(true)),
        ("CDS-4", Typed::Flag(false), Value::Flag(false)),
        // Of two targets the scored one decides: this ratio is asked as yes or no.
        ("CDS-5", Typed::Flag(true), Value::Flag(true)),
    ] {
        let observation = rulebook.check(&form(indicator, "2026-10", typed)).unwrap();
        assert_eq!(observation.value, expected);
        assert_eq!(observation.key.indicator, indicator.to_uppercase());
    }
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_code() {
    let rulebook = Rulebook { catalogue: catalogue() };
    let code = |form: &Form| match rulebook.check(form) {
        Err(EntryError::Refused(refusal)) => refusal.code(),
        Err(EntryError::Number(_)) => "number",
        Err(EntryError::NotWhole(_)) => "not_whole",
        Err(EntryError::NotYesOrNo(_)) => "not_yes_or_no",
        other => panic!("{other:?}"),
    };
    for (indicator, period, typed, expected) in [
        ("CDS-99", "2026-10", value("1"), "unknown_indicator"),
        ("CDS-1", "2025-10", value("1"), "outside_plan_year"),
        ("CDS-1", "2026-10", Typed::Flag(true), "wrong_kind"),
        ("CDS-5", "2026-10", ratio("1", "2"), "wrong_kind"),
        ("CDS-4", "2026-10", value("5"), "wrong_kind"),
        ("CDS-4", "2026-10", value("maybe"), "not_yes_or_no"),
        ("CDS-1", "2026-10", ratio("61", "60"), "numerator_over_denominator"),
        ("CDS-1", "2026-10", ratio("0", "0"), "denominator_not_positive"),
        ("CDS-1", "2026-10", ratio("-1", "60"), "negative"),
        ("CDS-1", "2026-10", value("100.1"), "percent_over_100"),
        ("CDS-2", "2026-10", value("-3"), "negative"),
        ("CDS-2", "2026-10", value("2.5"), "not_whole"),
        ("CDS-2", "2026-10", value("999999999999999"), "count_too_large"),
        ("CDS-3", "2026-10", value("NaN"), "number"),
        ("CDS-3", "2026-10", value("1.000,5"), "number"),
        ("CDS-3", "2026-10", value("1.000"), "number"),
        ("CDS-3", "2026-10", value("1e9"), "number"),
        ("CDS-3", "2026-10", value(""), "number"),
    ] {
        assert_eq!(code(&form(indicator, period, typed.clone())), expected, "{indicator} {period} {typed:?}");
    }
    let mut unit = form("CDS-1", "2026-10", value("50"));
    unit.unit = "AP-1".into();
    assert_eq!(code(&unit), "unit_needs_parts");
    unit.unit = "ap-9".into();
    assert_eq!(code(&unit), "unknown_unit");
    let mut long = form("CDS-2", "2026-10", value("1"));
    long.note = "x".repeat(3_000);
    assert_eq!(code(&long), "text_too_long");
    for language in [Language::Vi, Language::En] {
        assert!(!rulebook.check(&form("CDS-4", "2026-10", value("5"))).unwrap_err().explain(language).is_empty());
    }
}

#[test]
fn texts_that_the_wire_refuses_are_refused_at_entry() {
    let mut home = Home::ready();
    let code = |result: Result<(), EntryError>| match result {
        Err(EntryError::Refused(refusal)) => (refusal.code(), refusal.explain(Language::En)),
        other => panic!("{other:?}"),
    };
    let period = "2026-10".parse().unwrap();
    for name in ["a\u{1b}[2J", "Lan\nHà", "\u{9b}"] {
        let mut random = StdRng::seed_from_u64(2);
        let mut author = Author { name, now: now(), random: &mut random };
        let (code, words) = code(record(&mut home.store, &mut author, &form("CDS-2", "2026-10", value("1"))).map(drop));
        assert_eq!(code, "text_not_plain");
        assert!(words.contains(": by;"), "{words}");
    }
    let mut noted = form("CDS-2", "2026-10", value("1"));
    noted.note = "a\u{7}b".into();
    let (store, mut author) = home.author();
    assert_eq!(code(record(store, &mut author, &noted).map(drop)).0, "text_not_plain");
    noted.note = "a\r\n\tb".into();
    record(store, &mut author, &noted).unwrap();
    for name in ["a/b.pdf", "a\\b.pdf", "..", "a\u{1b}b.pdf", ""] {
        let file = Copied { sha256: [1; 32], name: name.into(), size_bytes: 3 };
        let (store, mut author) = home.author();
        assert_eq!(
            code(entry_attach(store, &mut author, period, vec![file]).map(drop)).0,
            "text_not_plain",
            "{name:?}"
        );
    }
    // An instant that the wire does not know.
    let (store, mut author) = home.author();
    author.now = DateTime::UNIX_EPOCH - chrono::TimeDelta::days(1);
    assert_eq!(code(record(store, &mut author, &form("CDS-2", "2026-10", value("2"))).map(drop)).0, "unreadable");
    assert_eq!(home.store.view().head().unwrap().seq, 1);
}

#[test]
fn nothing_is_entered_before_the_catalogue_arrived() {
    let mut home = Home::joined();
    assert!(matches!(home.value("CDS-2", "1"), Err(EntryError::NoCatalogue)));
    assert_eq!(home.store.view().head().unwrap().seq, 0);
}

#[test]
fn versions_count_and_the_previous_one_is_told() {
    let mut home = Home::ready();
    let first = home.value("CDS-2", "10").unwrap();
    assert_eq!((first.version, first.previous), (1, None));
    let second = home.value("CDS-2", "12").unwrap();
    assert_eq!(second.version, 2);
    assert_eq!(second.previous.unwrap().observation.value, Value::Count(10));
    assert!(second.has_target);
    assert!(!home.value("CDS-6", "50").unwrap().has_target);
    assert_eq!(home.record("CDS-2", "2026-09", value("9")).unwrap().version, 1);
    assert_eq!(home.store.view().head().unwrap().seq, 4);
}

#[test]
fn in_an_exercise_the_provinces_clock_is_entered_by() {
    let mut home = Home::ready();
    let exercise = crate::store::meta::Exercise { on: true, offset_ms: -3_600_000 };
    home.store.write(|writing| writing.set_exercise(exercise)).unwrap();
    home.value("CDS-2", "10").unwrap();
    let figure = &home.store.view().history("CDS-2").unwrap()[0];
    assert_eq!(figure.entered_at, now() - chrono::TimeDelta::hours(1));
    assert_eq!(home.store.view().last_append().unwrap(), Some(now()));
}

#[test]
fn evidence_binds_to_the_newest_version_once() {
    let mut home = Home::ready();
    let period: Period = "2026-10".parse().unwrap();
    let file = |byte: u8| Copied { sha256: [byte; 32], name: format!("{byte}.pdf"), size_bytes: 3 };
    let attach = |home: &mut Home, files: Vec<Copied>| {
        let (store, mut author) = home.author();
        entry_attach(store, &mut author, period, files)
    };
    assert!(matches!(attach(&mut home, vec![file(1)]), Err(EntryError::Refused(Refusal::UnknownObservation))));
    home.value("CDS-2", "10").unwrap();
    let new = |attached: Vec<Attached>| attached.iter().map(|a| a.is_new).collect::<Vec<_>>();
    assert_eq!(new(attach(&mut home, vec![file(1), file(1), file(2)]).unwrap().1), [true, false, true]);
    assert_eq!(new(attach(&mut home, vec![file(2)]).unwrap().1), [false]);
    assert_eq!(home.store.view().head().unwrap().seq, 3);
    let second = home.value("CDS-2", "11").unwrap();
    let (figure, attached) = attach(&mut home, vec![file(1)]).unwrap();
    assert_eq!((figure.change_id, new(attached)), (second.change_id, vec![true]));
    let history = home.store.view().history("CDS-2").unwrap();
    assert_eq!(history.iter().map(|figure| figure.evidence_count).collect::<Vec<_>>(), [2, 1]);
    home.receive(&[FeedItem::Closed { period, closed: true }]);
    assert_eq!(new(attach(&mut home, vec![file(3)]).unwrap().1), [true], "kept for the next closing");
}

#[test]
fn a_file_that_was_given_up_is_sent_again_when_it_is_attached_again() {
    use crate::store::file::FileState;
    let mut home = Home::ready();
    home.value("CDS-2", "10").unwrap();
    let file = Copied { sha256: [1; 32], name: "1.pdf".into(), size_bytes: 3 };
    for (state, given_up) in [
        (None, false),
        (Some(FileState::Missing), true),
        (Some(FileState::Refused), true),
        (Some(FileState::Held), false),
    ] {
        if let Some(state) = state {
            home.store.write(|writing| writing.note_file([1; 32], state, 2, "x")).unwrap();
        }
        let (store, mut author) = home.author();
        let attached = entry_attach(store, &mut author, "2026-10".parse().unwrap(), vec![file.clone()]).unwrap().1;
        assert_eq!((attached[0].is_new, attached[0].is_sent_again), (state.is_none(), given_up), "{state:?}");
        let held = home.store.view().evidence_file([1; 32]).unwrap().unwrap();
        let expected = if state == Some(FileState::Held) { FileState::Held } else { FileState::Pending };
        assert_eq!(held.state, expected);
        assert!(!given_up || (held.held_bytes == 0 && held.code.is_empty()), "from its first byte");
    }
    assert_eq!(home.store.view().head().unwrap().seq, 2, "no second record of it");
}

fn entry_attach(
    store: &mut Store,
    author: &mut Author<'_>,
    period: Period,
    files: Vec<Copied>,
) -> Result<(Figure, Vec<Attached>), EntryError> {
    attach(store, author, ("CDS-2", "", period), files)
}

#[test]
fn evidence_for_a_returned_figure_reports_it_again() {
    let mut home = Home::ready();
    let first = home.value("CDS-2", "10").unwrap();
    let file = |byte: u8| Copied { sha256: [byte; 32], name: format!("{byte}.pdf"), size_bytes: 3 };
    let attach = |home: &mut Home, files: Vec<Copied>| {
        let (store, mut author) = home.author();
        entry_attach(store, &mut author, "2026-10".parse().unwrap(), files).unwrap()
    };
    assert_eq!(attach(&mut home, vec![file(1)]).0.version, Some(1));
    home.receive(&[FeedItem::Verdict {
        observation: first.change_id,
        decision: Decision::Returned,
        reason: "minh chứng không đọc được".into(),
        reviewer: "Hà".into(),
        decided_at: now(),
    }]);
    assert_eq!(
        attach(&mut home, vec![file(1)]).0.version,
        Some(1),
        "it has this file, there is nothing new to look at"
    );
    let (figure, attached) = attach(&mut home, vec![file(2), file(1)]);
    assert_eq!((figure.version, attached.iter().filter(|one| one.is_new).count()), (Some(2), 2));
    assert_eq!(figure.observation, first.observation);
    assert!(home.store.view().returned_figures().unwrap().is_empty());
    assert_eq!(attach(&mut home, vec![file(3)]).0.version, Some(2), "nobody has returned this one");
}

#[test]
fn a_verdict_shows_on_its_version_and_ends_with_the_next() {
    let mut home = Home::ready();
    let first = home.value("CDS-2", "10").unwrap();
    home.receive(&[FeedItem::Verdict {
        observation: first.change_id,
        decision: Decision::Returned,
        reason: "thiếu minh chứng".into(),
        reviewer: "Hà".into(),
        decided_at: now(),
    }]);
    let returned = home.store.view().returned_figures().unwrap();
    assert_eq!(returned[0].verdict.as_ref().unwrap().reason, "thiếu minh chứng");
    home.value("CDS-2", "10").unwrap();
    assert!(home.store.view().returned_figures().unwrap().is_empty());
}

#[test]
fn the_same_value_again_keeps_its_evidence_unless_it_was_returned() {
    use crate::store::file::FileState;
    let mut home = Home::ready();
    let first = home.value("CDS-2", "10").unwrap();
    let file = |byte: u8| Copied { sha256: [byte; 32], name: format!("{byte}.pdf"), size_bytes: 3 };
    let attach = |home: &mut Home, files: Vec<Copied>| {
        let (store, mut author) = home.author();
        entry_attach(store, &mut author, "2026-10".parse().unwrap(), files).unwrap();
    };
    attach(&mut home, vec![file(1), file(2)]);
    home.store.write(|writing| writing.note_file([1; 32], FileState::Held, 3, "")).unwrap();
    home.store.write(|writing| writing.note_file([2; 32], FileState::Missing, 0, "missing")).unwrap();
    let verdict = |observation, decision| FeedItem::Verdict {
        observation,
        decision,
        reason: "lý do".into(),
        reviewer: "Hà".into(),
        decided_at: now(),
    };
    home.receive(&[verdict(first.change_id, Decision::Accepted)]);
    // A note that a check asked for: the file goes on, held as it is, and what is lost does not.
    let noted = Form { note: "đã đối chiếu".into(), ..form("CDS-2", "2026-10", value("10")) };
    let (store, mut author) = home.author();
    let second = record(store, &mut author, &noted).unwrap();
    assert_eq!((second.version, second.carried, second.ends_acceptance()), (2, 1, true));
    assert_eq!(home.store.view().evidence_names(second.change_id).unwrap(), ["1.pdf"]);
    assert_eq!(home.store.view().evidence_file([1; 32]).unwrap().unwrap().state, FileState::Held, "not sent again");
    assert_eq!(home.store.view().head().unwrap().seq, 5, "two figures, two files and the binding to the new version");
    // So it goes through a workbook or a table.
    let (store, mut author) = home.author();
    let table = "indicator,period,value,note\nCDS-2,2026-10,10,lần nữa\n";
    let imported = crate::import::import(store, &mut author, table.as_bytes(), crate::import::How::default()).unwrap();
    assert_eq!((imported.recorded[0].1.version, imported.recorded[0].1.carried), (3, 1));
    // Another value has its own evidence, and so has the one after a return.
    let fourth = home.value("CDS-2", "11").unwrap();
    assert_eq!((fourth.carried, fourth.ends_acceptance()), (0, false));
    attach(&mut home, vec![file(1)]);
    home.receive(&[verdict(fourth.change_id, Decision::Returned)]);
    assert_eq!(home.value("CDS-2", "11").unwrap().carried, 0, "the reviewer did not accept it");
}
