//! What is copied, and what leaves nothing.

use super::*;
use crate::fixture::{pdf, png};
use shared::language::Language;

const LIMITS: Limits = Limits { file_bytes: 1_000, total_bytes: 2_000 };

struct Place {
    home: tempfile::TempDir,
    folder: Folder,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("data"));
        Self { home, folder }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn keep(&self, paths: &[PathBuf]) -> Result<Vec<Copied>, EvidenceError> {
        keep(&self.folder, paths, LIMITS)
    }

    fn copies(&self) -> usize {
        if !self.folder.evidence().exists() {
            return 0;
        }
        let shelves = fs::read_dir(self.folder.evidence()).unwrap().map(|shelf| shelf.unwrap().path());
        shelves
            .map(|shelf| fs::read_dir(&shelf).map_or_else(|_| panic!("a draft is left: {shelf:?}"), Iterator::count))
            .sum()
    }
}

#[test]
fn copies_lie_by_hash_and_are_kept_once() {
    let place = Place::new();
    let (report, picture) = (place.file("Biên bản.pdf", &pdf("a")), place.file("anh.jpg", &png()));
    let files = [report.clone(), picture, report.clone()];
    let copied = place.keep(&files).unwrap();
    assert_eq!((copied[0].name.as_str(), copied[0].size_bytes), ("Biên bản.pdf", pdf("a").len() as u64));
    assert_eq!((&copied[0], copied.len()), (&copied[2], 3));
    assert_eq!(place.keep(&[report]).unwrap()[0], copied[0]);
    let copy = path_of(&place.folder, copied[0].sha256);
    assert!(copy.ends_with(format!("{0:.2}/{0}", hex::encode(Sha256::digest(pdf("a"))))));
    assert_eq!(fs::read(copy).unwrap(), pdf("a"));
    assert_eq!(place.copies(), 2);
    let kinds = [0, 1].map(|at: usize| kind_of_copy(&place.folder, copied[at].sha256));
    assert_eq!(kinds, [Some(EvidenceKind::Pdf), Some(EvidenceKind::Png)], "whatever their names say");
    assert_eq!(kind_of_copy(&place.folder, [0; 32]), None);
}

#[test]
fn every_folder_that_leads_to_a_copy_is_durable_before_it_is_named() {
    let place = Place::new();
    let files = [place.file("a.pdf", &pdf("a")), place.file("b.png", &png())];
    // New, and found: what made a copy may have been cut off before its folders were durable.
    for _ in 0..2 {
        let mut synced = Vec::new();
        let kept = keep_by(&place.folder, &files, LIMITS, |path| {
            let copies = files.len();
            assert_eq!(place.copies(), copies, "all have their names by then");
            synced.push(path.to_owned());
            Ok(())
        });
        for copied in kept.unwrap() {
            let copy = path_of(&place.folder, copied.sha256);
            let leading: Vec<&Path> = copy.ancestors().skip(1).take(3).collect();
            assert_eq!(leading[2], place.folder.root());
            let at: Vec<_> = leading.iter().map(|path| synced.iter().position(|one| one == path).unwrap()).collect();
            assert!(at.is_sorted(), "{synced:?}");
        }
    }
    let refused = keep_by(&place.folder, &files, LIMITS, |_| Err(io::Error::other("the disk")));
    assert!(matches!(refused, Err(EvidenceError::Copy(_))), "not durable: nothing may name them");
}

#[test]
fn a_damaged_copy_is_replaced_by_the_good_file() {
    let place = Place::new();
    let file = place.file("a.pdf", &pdf("a"));
    let copied = place.keep(std::slice::from_ref(&file)).unwrap().remove(0);
    let copy = path_of(&place.folder, copied.sha256);
    let whole = || is_whole(&place.folder, copied.sha256, copied.size_bytes).unwrap();
    assert!(whole());
    let mut bytes = pdf("a");
    bytes[30] ^= 1;
    let longer = [&pdf("a")[..], b"x"].concat();
    for damaged in [bytes, longer, Vec::new()] {
        fs::write(&copy, damaged).unwrap();
        assert!(!whole());
        // What is replaced makes room.
        let limits = Limits { total_bytes: copied.size_bytes, ..LIMITS };
        assert_eq!(keep(&place.folder, &[file.clone(), file.clone()], limits).unwrap()[0], copied);
        assert_eq!((whole(), fs::read(&copy).unwrap(), place.copies()), (true, pdf("a"), 1));
    }
    fs::remove_file(&copy).unwrap();
    assert!(!whole());
}

#[test]
fn what_cannot_be_evidence_leaves_nothing_of_all_files() {
    let place = Place::new();
    let good = place.file("good.pdf", &pdf("a"));
    let refused = |path: PathBuf| place.keep(&[good.clone(), path]).unwrap_err();
    let large = pdf(&"x".repeat(1_000));
    assert!(matches!(refused(place.file("large.pdf", &large)), EvidenceError::TooLarge { .. }));
    assert!(matches!(refused(place.file("empty.pdf", b"")), EvidenceError::Empty(_)));
    assert!(matches!(refused(place.home.path().to_owned()), EvidenceError::NotAFile(_)));
    assert!(matches!(refused("/nowhere/at/all".into()), EvidenceError::Unreadable { .. }));
    let text = refused(place.file("not.pdf", "biên bản".as_bytes()));
    assert!(matches!(text, EvidenceError::Kind { nature: Nature::Text, .. }) && text.is_refusal());
    for (language, words) in
        [(Language::Vi, ["not.pdf", "văn bản", "XLSX"]), (Language::En, ["not.pdf", "text", "XLSX"])]
    {
        let told = text.explain(language);
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }
    assert!(!place.folder.evidence().exists(), "judged before anything is written");
}

#[test]
fn all_copies_together_have_a_limit() {
    let place = Place::new();
    let body = |name: &str| place.file(name, &pdf(&name.repeat(200)));
    let [a, b, c] = ["aaa", "bbb", "ccc"].map(body);
    let limited = |paths: &[PathBuf]| place.keep(paths);
    assert!(matches!(limited(&[a.clone(), b.clone(), c.clone()]), Err(EvidenceError::Full { .. })));
    assert_eq!(place.copies(), 0);
    limited(&[a.clone(), b.clone()]).unwrap();
    let full = limited(&[a.clone(), b.clone(), c]).unwrap_err();
    assert!(matches!(&full, EvidenceError::Full { path, .. } if path.ends_with("ccc")), "{full}");
    limited(&[b, a]).unwrap();
    assert_eq!(place.copies(), 2);
}

#[cfg(unix)]
#[test]
fn a_name_that_the_wire_refuses_is_refused_here() {
    let place = Place::new();
    for name in ["a\\b.pdf", "a\u{1b}[2J.pdf", "a\nb.pdf"] {
        let error = place.keep(&[place.file(name, &pdf("a"))]).unwrap_err();
        assert!(matches!(error, EvidenceError::Name(_)), "{name:?}");
        assert!(!error.explain(Language::Vi).contains(char::is_control));
    }
    assert!(!place.folder.evidence().exists());
}
