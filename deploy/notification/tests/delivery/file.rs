//! Text files.

use super::*;

fn toml(folder: &Path) -> String {
    format!("[file]\nfolder = {:?}", folder.to_str().unwrap())
}

#[tokio::test]
async fn a_reminder_is_one_file_and_the_same_again_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let notifier = open(&toml(folder.path()));
    deliver(&notifier, Channel::File).await.unwrap();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    // Already the next day in the province.
    assert_eq!(names(), ["2026-10-17-due-2026-10.txt"]);
    let text = fs::read_to_string(folder.path().join(&names()[0])).unwrap();
    assert_eq!(text, format!("{}\n\n{}", reminder().subject, reminder().text));

    let again = Reminder { text: "Lần hai".into(), ..reminder() };
    assert!(notifier.deliver(&again).await[0].1.is_ok());
    assert_eq!(names().len(), 1);
    assert!(fs::read_to_string(folder.path().join(&names()[0])).unwrap().ends_with("\n\nLần hai\n"));

    let tomorrow = Reminder { at: "2026-10-17T18:30:05Z".parse().unwrap(), ..reminder() };
    assert!(notifier.deliver(&tomorrow).await[0].1.is_ok());
    assert_eq!(names(), ["2026-10-17-due-2026-10.txt", "2026-10-18-due-2026-10.txt"]);
}

#[tokio::test]
async fn what_a_broken_attempt_left_or_a_link_is_not_written_through() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "untouched").unwrap();
    let draft = folder.path().join(".2026-10-17-due-2026-10.txt.part");
    std::os::unix::fs::symlink(&elsewhere, draft).unwrap();
    deliver(&open(&toml(folder.path())), Channel::File).await.unwrap();
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "untouched");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused_before_and_named_afterwards() {
    let place = tempfile::tempdir().unwrap();
    let missing = refused(&toml(&place.path().join("missing")));
    assert!(missing.contains("không có tệp hoặc thư mục này") && missing.contains("missing"), "{missing}");
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(refused(&toml(&file)).contains("không phải thư mục"));
    // Nobody makes files there, not even who may do everything.
    assert!(refused(&toml(Path::new("/proc"))).contains("/proc"));

    let folder = place.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let notifier = open(&toml(&folder));
    fs::remove_dir(&folder).unwrap();
    let error = deliver(&notifier, Channel::File).await.unwrap_err();
    assert!(matches!(error.fault, Fault::File(_)) && !error.is_permanent());
    assert!(error.explain(Language::Vi).starts_with("nhắc việc bằng tệp: không ghi được tệp"));
}
