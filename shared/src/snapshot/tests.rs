//! What is frozen is recomputed to the byte; what is altered is named.

use super::*;
use crate::ranking::tests::{OCTOBER, inputs};
use proptest::prelude::*;
use std::sync::LazyLock;

fn head() -> Head {
    Head {
        province: "dong-nai".into(),
        period: "2026-10".parse().unwrap(),
        rules: "2026.1".into(),
        as_of: "2026-10-26".parse().unwrap(),
    }
}

/// September as it was closed: other ranks than its figures would give by now.
fn september() -> Vec<u8> {
    let book = Book::new(&inputs("", "")).unwrap();
    let rank = |commune: &str, rank| RankingRow {
        commune: book.commune_number(commune).unwrap(),
        rank: Some(rank),
        score: Some(0),
        met: 0,
        scored: 1,
        on_time: 10_000,
        movement: None,
        provisional: 0,
    };
    all_schemes(&book, "2026-09".parse().unwrap(), |scheme| match scheme {
        Scheme::Own => vec![rank("phu", 1), rank("dao", 4)],
        Scheme::Common | Scheme::Standard => vec![rank("an", 9)],
    })
}

fn frozen() -> Snapshot {
    Snapshot::freeze(head(), &inputs(OCTOBER, "an,2026-10,2026-10-25,bão\n"), Some(september())).unwrap()
}

#[test]
fn a_snapshot_proves_itself_and_its_movement_is_against_what_was_closed() {
    let snapshot = frozen();
    let digest = snapshot.digest();
    assert_eq!(snapshot.verify(&digest), []);
    assert_eq!(snapshot, frozen(), "the same inputs, the same bytes");
    let own = String::from_utf8(snapshot.tables["rankings-own.csv"].clone()).unwrap();
    assert!(own.contains("own,2026-10,1,dao,Xã Đào,xa,100.00,1,1,1.0000,3,0"), "{own}");
    assert!(own.contains("own,2026-10,2,an,Xã An,xa,56.25,0,3,0.6667,,0"), "{own}");
    assert_eq!(snapshot.ranks(Scheme::Own).unwrap()["dao"], 1);
    for scheme in Scheme::ALL {
        let all = read::ranks("all", &snapshot.all_rankings(), scheme).unwrap();
        assert_eq!(all, snapshot.ranks(scheme).unwrap());
    }
    assert_eq!(snapshot.previous(Scheme::Standard).unwrap(), Some(Ranks::from([("an".to_owned(), 9)])));
    // Lights are of the day of closing.
    let september = "phu,A-1,,2026-09,1,9,10,,x,2026-09-01T00:00:00+07:00,2026-09-01T00:00:00+07:00,1,\n";
    let light = |day: &str| {
        let head = Head { as_of: day.parse().unwrap(), ..head() };
        let snapshot = Snapshot::freeze(head, &inputs(september, ""), None).unwrap();
        let text = String::from_utf8(snapshot.tables["explain-own.csv"].clone()).unwrap();
        text.lines().find(|line| line.starts_with("phu,1,")).unwrap().rsplit(',').next().unwrap().to_owned()
    };
    assert_eq!((light("2026-10-19").as_str(), light("2026-10-20").as_str()), ("green", "yellow"));
}

#[test]
fn what_was_altered_is_named() {
    let digest = frozen().digest();
    for name in frozen().tables.into_keys() {
        let mut altered = frozen();
        let bytes = altered.tables.get_mut(&name).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert!(altered.verify(&digest).contains(&Mismatch::Digest), "{name}");
    }
    // Somebody who also writes a fitting digest is caught by the recomputation.
    let mut altered = frozen();
    let rankings = altered.tables.get_mut("rankings-own.csv").unwrap();
    *rankings = String::from_utf8(rankings.clone()).unwrap().replace("100.00", "99.99").into_bytes();
    assert_eq!(altered.verify(&altered.digest()), [Mismatch::Table("rankings-own.csv".into(), None)]);
    let mut other = frozen();
    other.head.rules = "2031.1".into();
    assert!(matches!(&other.verify(&other.digest())[..], [Mismatch::Table(_, Some(why))] if why.contains("2031.1")));
    let mut more = frozen();
    more.tables.insert("../notes.csv".into(), Vec::new());
    assert!(matches!(&more.verify(&more.digest())[..], [Mismatch::Table(name, Some(_))] if name == "../notes.csv"));
    assert!(frozen().tables.keys().all(|name| is_table(name)));
    let mut cut = frozen();
    cut.tables.remove("targets.csv");
    assert!(matches!(&cut.verify(&cut.digest())[..], [Mismatch::Table(_, Some(why))] if why.contains("targets.csv")));
}

#[test]
fn a_head_is_read_back_and_anything_else_is_refused_with_its_line() {
    let snapshot = frozen();
    let text = String::from_utf8(snapshot.head_file()).unwrap();
    let (head, tables) = Head::read(&text).unwrap();
    assert_eq!((&head, tables.len()), (&snapshot.head, snapshot.tables.len()));
    assert!(tables.iter().all(|(name, size, _)| snapshot.tables[name].len() as u64 == *size));
    for (line, bad) in [
        (1, text.replacen("snapshot 1", "snapshot 2", 1)),
        (3, text.replace("2026-10\n", "2026-13\n")),
        (5, text.replace("as_of", "as of")),
        (6, text.replacen("table communes.csv", "table communes.csv x", 1)),
        (8, text.replacen("table explain-common.csv ", "explain-common.csv ", 1)),
        (2, text.lines().next().unwrap().to_owned()),
    ] {
        assert_eq!(Head::read(&bad), Err(HeadError(line)), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_fall_over(text in "\\PC{0,200}", at in 0..400usize, name in 0..11usize) {
        let _ = Head::read(&text);
        static FROZEN: LazyLock<Snapshot> = LazyLock::new(frozen);
        let mut altered = FROZEN.clone();
        let table = altered.tables.values_mut().nth(name).unwrap();
        let place = at % table.len();
        table[place] ^= 1;
        prop_assert!(altered.verify(&FROZEN.digest()).contains(&Mismatch::Digest));
    }
}
