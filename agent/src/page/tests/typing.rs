//! What is typed is not lost: in two windows, in long notes, in forms and files that are refused.

use super::*;

/// The fields of a month's form as a browser sends them, notes aside.
fn sheet(page: &str) -> Vec<(String, String)> {
    let value = |rest: &str, name: &str| {
        let begin = rest.find(&format!(" {name}=\""))? + name.len() + 3;
        Some(rest[begin..].split('"').next()?.to_owned())
    };
    let inputs = page.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
    let inputs = inputs.filter(|rest| rest.contains("form=\"sheet\""));
    inputs.filter_map(|rest| Some((value(rest, "name")?, value(rest, "value")?))).collect()
}

fn with(mut fields: Vec<(String, String)>, name: &str, value: &str) -> Vec<(String, String)> {
    fields.iter_mut().find(|(known, _)| known == name).expect("a field").1 = value.to_owned();
    fields
}

async fn send(browser: &mut Browser, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.submit("/", "/?period=2026-10", &fields).await
}

#[tokio::test]
async fn an_older_window_takes_nothing_back() {
    let mut home = Home::ready();
    home.value("CDS-3", "5").unwrap();
    let (mut first, mut second) = (Browser::named(&home), Browser::named(&home));
    let old = sheet(&second.get("/").await.text);
    first.submit("/", "/draft", &[("n.2026-10.CDS-1@", "45"), ("d.2026-10.CDS-1@", "60")]).await;
    home.value("CDS-3", "6").unwrap();
    let refused = send(&mut second, &with(old, "v.2026-10.CDS-2@", "7")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Chưa gửi gì: 1 số liệu vừa được sửa"), "{}", refused.text);
    assert!(refused.text.contains("value=\"45\"") && refused.text.contains("value=\"7\""), "both are kept");
    assert!(home.store.view().history("CDS-1").unwrap().is_empty());
    // Now that it was seen it goes.
    assert_eq!(send(&mut second, &sheet(&refused.text)).await.status, StatusCode::SEE_OTHER);
    let newest = |code: &str| home.store.view().history(code).unwrap().last().unwrap().observation.value;
    assert_eq!(newest("CDS-2"), shared::observation::Value::Count(7));
    assert!(matches!(newest("CDS-1"), shared::observation::Value::Ratio { .. }));
    assert_eq!(home.store.view().history("CDS-3").unwrap().len(), 2, "what was reported meanwhile is not taken back");
    assert_eq!(home.store.view().draft_count().unwrap(), 0);
}

#[tokio::test]
async fn what_is_taken_back_before_sending_is_not_sent() {
    let home = Home::ready();
    let mut browser = Browser::named(&home);
    let blank = sheet(&browser.get("/").await.text);
    let part = browser.submit("/", "/draft", &[("v.2026-10.CDS-2@", "7"), ("was.2026-10.CDS-2@", "x")]).await.text;
    let was = sheet(&part).into_iter().find(|(name, _)| name == "was.2026-10.CDS-2@").expect("the mark comes back");
    // Cleared, and sent before the page could keep that.
    let fields = with(blank, &was.0, &was.1);
    assert_eq!(send(&mut browser, &fields).await.status, StatusCode::SEE_OTHER);
    assert!(home.store.view().history("CDS-2").unwrap().is_empty());
    assert_eq!(home.store.view().draft_count().unwrap(), 0);
}

#[tokio::test]
async fn a_month_of_long_notes_can_be_sent() {
    let home = Home::ready();
    let mut browser = Browser::named(&home);
    let note = "ấ".repeat(shared::observation::MAX_NOTE_CHARS);
    let mut fields: Vec<(String, String)> =
        (0..40).map(|at| (format!("note.2026-{:02}.CDS-2@AP-{at}", at % 12 + 1), note.clone())).collect();
    fields.extend([("v.2026-10.CDS-2@".to_owned(), "7".to_owned()), ("note.2026-10.CDS-2@".to_owned(), note)]);
    fields.push(("which".to_owned(), "sound".to_owned()));
    let sent = send(&mut browser, &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    assert_eq!(home.store.view().history("CDS-2").unwrap().len(), 1);
}

/// As a script in a page of these asks.
async fn in_place(browser: &mut Browser, path: &str, page: &str, body: &str, kind: &str) -> Answer {
    let request = Request::post(path)
        .header(header::ORIGIN, "http://localhost:8057")
        .header(header::CONTENT_TYPE, kind)
        .header("hx-current-url", format!("http://localhost:8057{page}"))
        .header("hx-request", "true");
    browser.send(request, Body::from(body.to_owned())).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn what_cannot_be_kept_is_said_where_it_was_typed() {
    let mut home = Home::ready();
    let mut browser = Browser::named(&home);
    browser.get("/").await;
    let stale = in_place(&mut browser, "/draft", "/", "form_token=x&v.2026-10.CDS-2@=7", FORM).await;
    assert_eq!(stale.status, StatusCode::OK, "scripts show nothing else");
    assert!(stale.text.contains("Chưa lưu được chữ vừa gõ") && !stale.text.contains("<html"), "{}", stale.text);
    assert_eq!(home.store.view().draft_count().unwrap(), 0);
    with_account(&mut home).await;
    let ended = in_place(&mut browser, "/draft", "/?period=2026-10&show=all", "form_token=x", FORM).await;
    let door = "/sign-in?next=%2F%3Fperiod%3D2026-10%26show%3Dall";
    assert_eq!(ended.headers["hx-redirect"], door);
    assert!(browser.get(door).await.text.contains("Phiên làm việc đã hết"));
    let foreign = in_place(&mut browser, "/draft", "//other.example/", "form_token=x", FORM).await;
    assert_eq!(foreign.headers["hx-redirect"], "/sign-in");
}

#[tokio::test]
async fn too_many_files_and_too_large_ones_are_refused_as_a_whole() {
    let home = Home::ready();
    let mut config = Config::read(Path::new("/nowhere/agent.toml")).unwrap();
    config.evidence_max_file_bytes = 1 << 20;
    let door = Door { is_secure: false, is_loopback: true, port: 8057 };
    let mut browser = Browser::set_up(&home, door, config).with_name();
    let cases = [
        (21, 9, "nhiều nhất 20 tệp"),
        (5, 1_000_000, "mỗi lần nhiều nhất 4 MiB"),
        (1, 9 << 20, "0.pdf lớn hơn 1 MiB"),
        (2, 9 << 20, "0.pdf lớn hơn 1 MiB"),
    ];
    for (count, length, told) in cases {
        let token = browser.token("/").await;
        let mut body = String::new();
        for (name, value) in [("form_token", token)].into_iter().chain(key("CDS-2")) {
            body += &format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        }
        for at in 0..count {
            body += &format!("--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{at}.pdf\"\r\n\r\n");
            body += &format!("%PDF-1.4 {at}{}\r\n", " ".repeat(length));
        }
        body += "--XX--\r\n";
        let answer = in_place(&mut browser, "/evidence", "/", &body, "multipart/form-data; boundary=XX").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text.contains(told) && answer.text.contains("type=\"file\""), "{}", answer.text);
    }
    assert_eq!(home.store.view().draft_count().unwrap(), 0);
    assert_eq!(std::fs::read_dir(home.folder.incoming()).unwrap().count(), 0, "nothing stays behind");
}

#[tokio::test]
async fn evidence_given_to_a_returned_task_goes_with_its_report() {
    let mut home = Home::ready();
    let mut browser = Browser::named(&home);
    let of = "/tasks?code=II.1&period=2026-10";
    let report = [("code", "II.1"), ("period", "2026-10"), ("done", "60")];
    browser.submit(of, "/tasks", &report).await;
    let returned = home.store.view().history("task:II.1").unwrap().remove(0);
    home.receive(&[FeedItem::Verdict {
        observation: returned.change_id,
        decision: Decision::Returned,
        reason: "thiếu minh chứng".into(),
        reviewer: "bình".into(),
        decided_at: now(),
    }]);
    let task = key(&returned.observation.key.indicator);
    let fields: Vec<(&str, &str)> = task.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.upload(of, "/evidence", &fields, ("bien-ban.pdf", &pdf("a"))).await;
    browser.submit(of, "/tasks", &report).await;
    let figures = home.store.view().history(&returned.observation.key.indicator).unwrap();
    assert_eq!((figures.len(), figures[1].evidence_count), (2, 1), "one new version, with its file");
    assert_eq!(home.store.view().draft_count().unwrap(), 0);
    browser.submit(of, "/tasks", &report).await;
    assert_eq!(home.store.view().history(&returned.observation.key.indicator).unwrap().len(), 2, "the same is no more");
}

#[tokio::test]
async fn a_unit_that_need_not_report_is_not_missing() {
    let mut home = Home::ready();
    let mut browser = Browser::named(&home);
    let page = browser.get("/units?code=CDS-1&period=2026-10").await.text;
    assert!(page.contains("không bắt buộc") && !page.contains("state missing"), "{page}");
    let mut of_unit = form("CDS-1", "2026-09", Typed::Ratio("1".into(), "2".into()));
    of_unit.unit = "ap-1".into();
    let (store, mut author) = home.author();
    entry::record(store, &mut author, &of_unit).unwrap();
    let page = browser.get("/units?code=CDS-1&period=2026-10").await.text;
    assert!(page.contains("state missing") && !page.contains("không bắt buộc"), "it reported before: {page}");
}
