//! Two provinces and what can be wrong with what they send: each reason for which it is not taken, and what is computed from what is.

use super::*;
use crate::{
    authority::{Authority, SERIAL_BYTES},
    clock::StandingClock,
    closing,
    folder::Folder,
    publishing::{self, statements},
    report::recompute::{self, Recomputed},
    sample::{self, act, batch, figure, moment},
    store::{Append, Closed, Founding, Store, sqlite::SqliteStore},
};
use chrono::TimeDelta;
use proto::{
    pem,
    publication::{Publication, PublicationError},
};
use shared::{change::LogPosition, language::Language, period::Period, ranking::Scheme};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A province with a disk of its own.
struct Land {
    place: TempDir,
    folder: Folder,
    store: SqliteStore,
    minutes: std::cell::Cell<i64>,
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

impl Land {
    async fn found(id: &str, serial: u8) -> Self {
        Self::with(id, serial, true, |_, text| text).await
    }

    /// `changed` changes the text of a catalogue's file.
    async fn with(id: &str, serial: u8, exercise: bool, changed: impl Fn(&str, String) -> String) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        fs::create_dir(folder.authority()).unwrap();
        let (authority, key) = Authority::make(id, [serial; SERIAL_BYTES], moment()).unwrap();
        pem::write_key(&folder.authority_key(), &key).unwrap();
        pem::write_certificates(&folder.authority_certificate(), std::slice::from_ref(authority.certificate()))
            .unwrap();
        let own = |(name, bytes): (String, Vec<u8>)| {
            let text = String::from_utf8(bytes).unwrap().replace("id = \"dong-nai\"", &format!("id = \"{id}\""));
            (name.clone(), changed(&name, text).into_bytes())
        };
        let import = sample::import_of(sample::catalogue().1.files.into_iter().map(own).collect()).1;
        let founding = Founding { province: id.into(), exercise, clock_offset_ms: 0 };
        let store = SqliteStore::create(&folder.store(), founding, import, act(moment())).await.unwrap();
        Self { place, folder, store, minutes: std::cell::Cell::new(0) }
    }

    async fn report(&self, commune: &str, of: &str, numerator: u32) {
        let batch = batch(commune, 1, LogPosition::START, vec![figure(1, of, numerator)]);
        self.store.append(Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
    }

    /// Closes a period, a minute after what was closed before.
    async fn close(&self, of: &str) {
        self.minutes.set(self.minutes.get() + 1);
        let at = moment() + TimeDelta::minutes(self.minutes.get());
        let closed = closing::close(&self.store, period(of), act(at)).await.unwrap();
        assert!(matches!(closed, Closed::Done(_)), "{closed:?}");
    }

    async fn publish(&self, of: &str, revision: Option<u32>) -> PathBuf {
        let asked = (period(of), revision);
        let publication =
            publishing::publish(&self.folder, &self.store, asked, &StandingClock(moment())).await.unwrap();
        let path = self.place.path().join(format!("{of}-{}.publication", publication.statement.revision));
        fs::write(&path, publication.to_file().unwrap()).unwrap();
        path
    }
}

struct House {
    root: TempDir,
    place: NationPlace,
    nation: Nation,
}

impl House {
    fn found() -> Self {
        let root = tempfile::tempdir().unwrap();
        let nation = Nation { name: "Cả nước".into(), exercise: true };
        NationPlace::found(&root.path().join("nation"), &nation).unwrap();
        let (place, nation) = NationPlace::open(&root.path().join("nation")).unwrap();
        Self { root, place, nation }
    }

    fn enrol(&self, code: &str, land: &Land) {
        enrol(&self.place, code, &format!("Tỉnh {code}"), &land.folder.authority_certificate()).unwrap();
    }

    fn accept(&self, file: &Path) -> Result<proto::publication::Statement, NationError> {
        accept(&self.place, &self.nation, file)
    }

    fn ranking(&self, of: &str, scheme: Scheme) -> Result<Vec<Vec<String>>, NationError> {
        Ok(rankings(&self.place, &self.nation, (period(of), scheme), Language::En)?.rows)
    }

    fn flaws(&self) -> Vec<NationError> {
        verify(&self.place, &self.nation).unwrap().1.into_iter().map(|one| one.error).collect()
    }
}

/// Two provinces that closed September, the first with a better and a worse commune than the second's.
async fn two() -> (House, Land, Land) {
    let (house, first, second) = (House::found(), Land::found("dong-nai", 3).await, Land::found("tay-ninh", 4).await);
    for (code, land) in [("dong-nai", &first), ("tay-ninh", &second)] {
        house.enrol(code, land);
    }
    first.report("tan-phu", "2026-09", 70_000).await;
    first.report("dinh-quan", "2026-09", 10_000).await;
    second.report("tan-phu", "2026-09", 40_000).await;
    first.close("2026-09").await;
    second.close("2026-09").await;
    (house, first, second)
}

#[tokio::test]
async fn communes_of_several_provinces_are_ranked_together_and_anyone_computes_it_again() {
    let (house, first, second) = two().await;
    let of = period("2026-09");
    assert!(matches!(house.ranking("2026-09", Scheme::Own), Err(NationError::Nobody(_))));
    house.accept(&first.publish("2026-09", None).await).unwrap();
    let alone = rankings(&house.place, &house.nation, (of, Scheme::Own), Language::En).unwrap();
    assert!(alone.notes.iter().any(|note| note.contains("Not published yet: Tỉnh tay-ninh")), "{:?}", alone.notes);
    house.accept(&second.publish("2026-09", None).await).unwrap();
    for scheme in Scheme::ALL {
        let rows = house.ranking("2026-09", scheme).unwrap();
        let rank = |commune: &str| rows.iter().find(|row| row[3] == commune).unwrap()[2].parse::<u32>().unwrap();
        let order = ["dong-nai/tan-phu", "tay-ninh/tan-phu", "dong-nai/dinh-quan"].map(rank);
        assert!(order.is_sorted() && order[0] < order[1], "{scheme:?} {order:?}");
    }
    // From the exported files alone, by the code that knows nothing of a nation.
    let out = house.root.path().join("out");
    assert_eq!(export(&house.place, of, &out).unwrap(), 2);
    let files = recompute::files(&out).unwrap();
    let today = moment().date_naive();
    for scheme in Scheme::ALL {
        let again = recompute::recompute(&files, Recomputed::Rankings, of, scheme, None, today).unwrap().0;
        assert_eq!(again.rows, house.ranking("2026-09", scheme).unwrap());
    }
    let own = recompute::files(&out.join("tay-ninh")).unwrap();
    recompute::recompute(&own, Recomputed::Rankings, of, Scheme::Own, None, today).unwrap();
    let told = provinces(&house.place, &house.nation, of, Language::En).unwrap();
    assert_eq!(told.rows.len(), 2);
    assert!(told.notes.iter().any(|note| note.contains("provinces are not ranked")));
    let figure = indicator(&house.place, &house.nation, (of, "CDS-17"), Language::En).unwrap();
    let sums: Vec<_> = figure.rows.iter().map(|row| (row[0].as_str(), row[2].as_str(), row[3].as_str())).collect();
    assert_eq!(sums, [("", "120000", "300000"), ("dong-nai", "80000", "200000"), ("tay-ninh", "40000", "100000")]);
    assert!(house.flaws().is_empty());
}

#[tokio::test]
async fn what_is_forged_replayed_or_of_a_stranger_is_not_taken() {
    let (house, first, second) = two().await;
    let file = first.publish("2026-09", None).await;
    // Somebody else's province of the same name, with an authority of its own.
    let forger = Land::found("dong-nai", 9).await;
    forger.report("tan-phu", "2026-09", 99_000).await;
    forger.close("2026-09").await;
    let refused = house.accept(&forger.publish("2026-09", None).await);
    let is_signature = |refused: &Result<_, NationError>| {
        matches!(refused, Err(NationError::Publication(PublicationError::Signature(_))))
    };
    assert!(is_signature(&refused), "{refused:?}");
    // One that does not take part, and one with real figures.
    let stranger = Land::found("binh-phuoc", 5).await;
    stranger.close("2026-09").await;
    let refused = house.accept(&stranger.publish("2026-09", None).await);
    assert!(matches!(&refused, Err(NationError::Unknown(code)) if code == "binh-phuoc"), "{refused:?}");
    let real = Land::with("tay-ninh", 4, false, |_, text| text).await;
    enrol(&house.place, "tay-ninh", "Tỉnh tay-ninh", &real.folder.authority_certificate()).unwrap();
    real.close("2026-09").await;
    let refused = house.accept(&real.publish("2026-09", None).await);
    assert!(matches!(refused, Err(NationError::OtherPurpose { exercise: false, .. })), "{refused:?}");
    let mut bytes = fs::read(&file).unwrap();
    // A changed byte, anywhere: not taken, or nothing is changed by it.
    let original = Publication::open(&bytes).unwrap();
    for at in (0..bytes.len()).step_by(bytes.len() / 200 + 1) {
        bytes[at] ^= 1;
        if let Ok(opened) = Publication::open(&bytes) {
            let authorities = pem::read_certificates(&first.folder.authority_certificate()).unwrap();
            assert!(opened == original || opened.check(&authorities).is_err(), "byte {at}");
        }
        bytes[at] ^= 1;
    }
    bytes.truncate(bytes.len() / 2);
    let half = house.root.path().join("half");
    fs::write(&half, &bytes).unwrap();
    assert!(matches!(house.accept(&half), Err(NationError::Publication(PublicationError::Damaged(_)))));
    assert!(
        publications(&house.place, Language::En).unwrap().rows.iter().all(|row| row[2].is_empty()),
        "nothing taken"
    );
    house.accept(&file).unwrap();
    let refused = house.accept(&file);
    assert!(matches!(refused, Err(NationError::Replayed { revision: 1, .. })), "{refused:?}");
    house.accept(&second.publish("2026-09", None).await).unwrap();
}

#[tokio::test]
async fn a_table_that_was_changed_before_it_was_signed_again_is_seen() {
    let (house, first, _) = two().await;
    let asked = (period("2026-09"), None);
    let clock = StandingClock(moment());
    let publication = publishing::publish(&first.folder, &first.store, asked, &clock).await.unwrap();
    let (mut statement, mut snapshot) = (publication.statement.clone(), publication.snapshot.clone());
    // By whoever has the province's key: the ranking does not come out of the inputs.
    let table = snapshot.tables.get_mut("rankings-own.csv").unwrap();
    let text = String::from_utf8(table.clone()).unwrap();
    *table = text.replacen("own,2026-09,1,", "own,2026-09,2,", 1).into_bytes();
    statement.snapshot = snapshot.digest();
    let authority = crate::serve::load_authority(&first.folder).unwrap();
    let signer = crate::receipts::load_or_make(&first.folder, "dong-nai", &authority, &clock).unwrap();
    let file = house.root.path().join("changed");
    fs::write(&file, Publication::sign(statement, snapshot, &signer).to_file().unwrap()).unwrap();
    let refused = house.accept(&file);
    assert!(matches!(&refused, Err(NationError::Computed(table)) if table == "rankings-own.csv"), "{refused:?}");
}

#[tokio::test]
async fn a_table_that_no_closing_has_is_not_taken_whoever_signed_it() {
    let (house, first, _) = two().await;
    let asked = (period("2026-09"), None);
    let clock = StandingClock(moment());
    let publication = publishing::publish(&first.folder, &first.store, asked, &clock).await.unwrap();
    let authority = crate::serve::load_authority(&first.folder).unwrap();
    let signer = crate::receipts::load_or_make(&first.folder, "dong-nai", &authority, &clock).unwrap();
    for name in ["../x", "/tmp/x", "..", "", "notes.csv", "snapshot.txt", "publication.txt", "rankings-own.csv/x"] {
        let (mut statement, mut snapshot) = (publication.statement.clone(), publication.snapshot.clone());
        snapshot.tables.insert(name.into(), b"x".to_vec());
        statement.snapshot = snapshot.digest();
        let file = house.root.path().join("more");
        fs::write(&file, Publication::sign(statement, snapshot, &signer).to_file().unwrap()).unwrap();
        let refused = house.accept(&file);
        let is_table = |error: &PublicationError| matches!(error, PublicationError::Table(told) if told == name);
        assert!(matches!(&refused, Err(NationError::Publication(error)) if is_table(error)), "{name:?}: {refused:?}");
    }
}

#[tokio::test]
async fn a_clock_that_was_put_back_between_two_closings_changes_nothing_of_the_chain() {
    let (house, first, _) = two().await;
    house.accept(&first.publish("2026-09", None).await).unwrap();
    first.minutes.set(-60);
    first.close("2026-10").await;
    let taken = house.accept(&first.publish("2026-10", None).await).unwrap();
    assert_eq!((taken.sequence, taken.period), (2, period("2026-10")));
    assert!(first.store.reopen_period(period("2026-09"), "nộp muộn", act(moment())).await.unwrap());
    first.minutes.set(-90);
    first.close("2026-09").await;
    let taken = house.accept(&first.publish("2026-09", None).await).unwrap();
    assert_eq!((taken.sequence, taken.revision), (3, 2));
    assert!(house.flaws().is_empty());
}

#[tokio::test]
async fn a_period_that_is_missing_is_asked_for_and_one_closed_again_takes_the_place_of_the_first() {
    let (house, first, second) = two().await;
    first.close("2026-10").await;
    let (september, october) = (first.publish("2026-09", None).await, first.publish("2026-10", None).await);
    let refused = house.accept(&october);
    assert!(matches!(refused, Err(NationError::Missing { from: 1, until: 1, .. })), "{refused:?}");
    house.accept(&september).unwrap();
    house.accept(&october).unwrap();
    house.accept(&second.publish("2026-09", None).await).unwrap();
    let before = house.ranking("2026-09", Scheme::Own).unwrap();
    // Opened again, with a figure that came late, and closed again.
    first.report("loc-tan", "2026-09", 75_000).await;
    assert!(first.store.reopen_period(period("2026-09"), "nộp muộn", act(moment())).await.unwrap());
    first.close("2026-09").await;
    let again = first.publish("2026-09", None).await;
    let taken = house.accept(&again).unwrap();
    assert_eq!((taken.sequence, taken.revision), (3, 2));
    assert_ne!(house.ranking("2026-09", Scheme::Own).unwrap(), before);
    let listed = publications(&house.place, Language::En).unwrap().rows;
    let counts: Vec<_> = listed.iter().map(|row| [0, 2, 3, 4, 5].map(|at| row[at].as_str())).collect();
    assert_eq!(
        counts,
        [
            ["dong-nai", "1", "2026-09", "1", "no"],
            ["dong-nai", "2", "2026-10", "1", "yes"],
            ["dong-nai", "3", "2026-09", "2", "yes"],
            ["tay-ninh", "1", "2026-09", "1", "yes"],
        ]
    );
    // The first closing is still there to be published, and known.
    let refused = house.accept(&first.publish("2026-09", Some(1)).await);
    assert!(matches!(refused, Err(NationError::Replayed { revision: 1, .. })), "{refused:?}");
    assert_eq!(statements(&first.store).await.unwrap().len(), 3);
    assert!(house.flaws().is_empty());
}

#[tokio::test]
async fn a_province_that_was_restored_and_closed_otherwise_is_a_fork() {
    let (house, first, _) = two().await;
    house.accept(&first.publish("2026-09", None).await).unwrap();
    first.close("2026-10").await;
    house.accept(&first.publish("2026-10", None).await).unwrap();
    // The same province and authority, another past.
    let restored = Land::found("dong-nai", 3).await;
    for name in ["key.pem", "certificate.pem"] {
        fs::copy(first.folder.authority().join(name), restored.folder.authority().join(name)).unwrap();
    }
    restored.report("tan-phu", "2026-09", 1).await;
    for (of, sequence) in [("2026-09", 1), ("2026-10", 2)] {
        restored.close(of).await;
        let refused = house.accept(&restored.publish(of, None).await);
        assert!(matches!(refused, Err(NationError::Fork { sequence: at, .. }) if at == sequence), "{refused:?}");
    }
    // Also where it goes on from there.
    restored.close("2026-08").await;
    let refused = house.accept(&restored.publish("2026-08", None).await);
    assert!(matches!(refused, Err(NationError::Fork { sequence: 2, .. })), "{refused:?}");
    assert_eq!(publications(&house.place, Language::En).unwrap().rows.len(), 3, "two, and a province without any");
}

#[tokio::test]
async fn an_indicator_that_counts_otherwise_is_not_ranked_across() {
    let house = House::found();
    let first = Land::found("dong-nai", 3).await;
    let heavier = |name: &str, text: String| {
        if name != "indicators.csv" {
            return text;
        }
        let line = text.lines().find(|line| line.starts_with("CDS-17,")).unwrap().to_owned();
        let (head, points) = (text.lines().next().unwrap().to_owned(), line.split(',').collect::<Vec<_>>());
        let at = head.split(',').position(|name| name == "points").unwrap();
        let mut cells = points.iter().map(ToString::to_string).collect::<Vec<_>>();
        cells[at] = "7".into();
        text.replace(&line, &cells.join(","))
    };
    let second = Land::with("tay-ninh", 4, true, heavier).await;
    for (code, land) in [("dong-nai", &first), ("tay-ninh", &second)] {
        house.enrol(code, land);
        land.close("2026-09").await;
        house.accept(&land.publish("2026-09", None).await).unwrap();
    }
    let refused = house.ranking("2026-09", Scheme::Own);
    assert!(matches!(&refused, Err(NationError::Differs { indicator, .. }) if indicator == "CDS-17"), "{refused:?}");
}

#[tokio::test]
async fn another_authority_of_a_province_is_pinned_beside_the_first() {
    let (house, first, _) = two().await;
    house.accept(&first.publish("2026-09", None).await).unwrap();
    let (authority, key) = Authority::make("dong-nai", [8; SERIAL_BYTES], moment()).unwrap();
    pem::write_key(&first.folder.authority_key(), &key).unwrap();
    let certificate = std::slice::from_ref(authority.certificate());
    pem::write_certificates(&first.folder.authority_certificate(), certificate).unwrap();
    first.close("2026-10").await;
    let october = first.publish("2026-10", None).await;
    assert!(house.accept(&october).is_err());
    house.enrol("dong-nai", &first);
    house.accept(&october).unwrap();
    assert!(house.flaws().is_empty(), "what the first authority vouched for stays good");
}

#[tokio::test]
async fn what_was_altered_or_removed_here_is_found() {
    let (house, first, _) = two().await;
    for of in ["2026-09", "2026-10"] {
        if of == "2026-10" {
            first.close(of).await;
        }
        house.accept(&first.publish(of, None).await).unwrap();
    }
    let folder = house.root.path().join("nation/provinces/dong-nai");
    let (one, two) = (folder.join("000001-2026-09-1.publication"), folder.join("000002-2026-10-1.publication"));
    let kept = fs::read(&one).unwrap();
    fs::copy(&two, &one).unwrap();
    assert!(matches!(house.flaws()[0], NationError::Misplaced(_)));
    fs::remove_file(&one).unwrap();
    assert!(matches!(house.flaws()[..], [NationError::Missing { from: 1, until: 1, .. }]));
    fs::write(&one, kept).unwrap();
    assert!(house.flaws().is_empty());
    let alone = house.place.write_alone().unwrap();
    assert!(matches!(house.accept(&two), Err(NationError::Busy)));
    drop(alone);
}
