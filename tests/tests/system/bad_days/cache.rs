//! What is kept beside the log to be quick says something else than the log: sums, records, standings.

use super::{assert_held, report};
use rusqlite::Connection;
use std::path::Path;
use system_tests::{commune::Commune, province::Province};

/// Changes something behind the programs' backs, while they run.
fn poison(store: &Path, sql: &str) {
    let connection = Connection::open(store).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

fn rankings(province: &Province) -> String {
    province.command(["rankings", "--period", "2026-10", "--format", "csv"]).ok()
}

#[test]
fn a_poisoned_cache_is_noticed_and_made_anew_from_the_log() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    report(&commune, "2026-10");
    let _ = commune.command(["sync"]).ok();
    let (at_province, at_commune) = (province.data().join("store.db"), commune.data().join("store.db"));
    let before = rankings(&province);
    for (store, sql) in [
        // A sum of records, and a record, at either end.
        (&at_province, "UPDATE digest SET sum = zeroblob(length(sum))"),
        (&at_province, "UPDATE observation SET amount = amount + 1000000"),
        (&at_commune, "UPDATE digest SET sum = zeroblob(length(sum))"),
        (&at_commune, "UPDATE figure SET note = 'hỏng'"),
    ] {
        poison(store, sql);
        let told = if store == &at_province { province.command(["verify"]) } else { commune.command(["verify"]) };
        assert_eq!(told.code, Some(1), "{sql}: {}", told.out);
        // Of a wrong sum at the province sessions know nothing: they compare the records themselves.
        if sql.starts_with("UPDATE digest") && store == &at_province {
            let told = province.command(["verify", "--repair"]).ok();
            assert!(told.contains("tính lại 1 mã tổng hợp"), "{told}");
        }
        // The comparison of the next session finds it, and what differs is made anew; the one after it finds nothing.
        let _ = commune.command(["sync"]).ok();
        let _ = commune.command(["sync"]).ok();
        assert_held(&province, &[(&commune, 1)]);
        assert_eq!(rankings(&province), before, "{sql}");
    }
    // The standing that the commune shows without a line.
    let standing = || commune.command(["standing", "--format", "json"]);
    let good = standing().ok();
    poison(&at_commune, "UPDATE standing SET body = x'ff'");
    assert_ne!(standing().code, Some(0), "it is not shown as if it were one");
    report(&commune, "2026-09");
    let _ = commune.command(["sync"]).ok();
    assert!(standing().code == Some(0) && !good.is_empty());
}
