//! The pages as a browser asks for them, on a store in a folder of its own.

mod typing;

use super::*;
use crate::{
    bell::{Bell, Progress},
    clock::Clock,
    config::Config,
    entry::{self, Copied, Typed},
    fixture::{Home, form, now, pdf},
    store::account::Account,
};
use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use http_body_util::BodyExt;
use shared::{
    feed::{FeedItem, Standing, StandingLine},
    language::Language,
    observation::Decision,
};
use std::path::Path;
use tower::ServiceExt;

const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&";

/// A browser that keeps its cookies.
struct Browser {
    router: Router,
    clock: Clock,
    bell: Arc<Bell>,
    cookies: Vec<(String, String)>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn to(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |to| to.to_str().unwrap())
    }
}

impl Browser {
    fn at(home: &Home) -> Self {
        Self::through(home, Door { is_secure: false, is_loopback: true, port: 8057 })
    }

    fn through(home: &Home, door: Door) -> Self {
        Self::set_up(home, door, Config::read(Path::new("/nowhere/agent.toml")).unwrap())
    }

    fn set_up(home: &Home, door: Door, config: Config) -> Self {
        let (clock, bell) = (Clock::standing_at(now()), Arc::new(Bell::default()));
        let desk = Desk::new(home.folder.clone(), config, clock.clone(), Language::Vi, door, bell.clone());
        Self { router: router(Arc::new(desk)), clock, bell, cookies: Vec::new() }
    }

    /// With a name given.
    fn named(home: &Home) -> Self {
        Self::at(home).with_name()
    }

    fn with_name(mut self) -> Self {
        self.cookies.push(("tiendo_name_8057".into(), URL_SAFE_NO_PAD.encode("Nguyễn Thị Lan")));
        self
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::HOST, "localhost:8057").header(header::COOKIE, cookies.join("; "));
        let response: Response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let (name, value) = line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    /// The token of a form in a page.
    async fn token(&mut self, path: &str) -> String {
        let page = self.get(path).await.text;
        let begin = page.find("name=\"form_token\" value=\"").expect("a form") + 25;
        page[begin..].split('"').next().unwrap().to_owned()
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encoded = |text: &str| piece::encoded(text);
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let request = Request::post(path)
            .header(header::ORIGIN, "http://localhost:8057")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(body.join("&"))).await
    }

    /// As [`Browser::post`], with a token of the page at `of`.
    async fn submit(&mut self, of: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token(of).await;
        let fields = [&[("form_token", token.as_str())], fields].concat();
        self.post(path, &fields).await
    }

    async fn upload(&mut self, of: &str, path: &str, fields: &[(&str, &str)], file: (&str, &[u8])) -> Answer {
        let token = self.token(of).await;
        let mut body = Vec::new();
        for (name, value) in [&[("form_token", token.as_str())], fields].concat() {
            body.extend(format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        let (name, bytes) = file;
        let head = format!("--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n");
        body.extend(head.bytes());
        body.extend(bytes);
        body.extend(b"\r\n--XX--\r\n");
        let request = Request::post(path)
            .header(header::ORIGIN, "http://localhost:8057")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
        self.send(request, Body::from(body)).await
    }
}

fn key(code: &str) -> [(&'static str, String); 3] {
    [("indicator", code.to_owned()), ("unit", String::new()), ("period", "2026-10".to_owned())]
}

const PAGES: [&str; 11] = [
    "/",
    "/?show=all",
    "/tasks",
    "/tasks?code=II.1",
    "/excel",
    "/standing",
    "/history",
    "/history?code=CDS-1",
    "/status",
    "/receipts",
    "/units?code=CDS-1",
];

#[tokio::test]
async fn a_name_is_asked_once_and_signs_what_is_entered() {
    let home = Home::ready();
    let mut browser = Browser::at(&home);
    assert_eq!(browser.get("/").await.to(), "/name");
    assert_eq!(browser.get("/history?code=CDS-1").await.to(), "/name?next=%2Fhistory%3Fcode%3DCDS-1");
    let wrong = browser.submit("/name", "/name", &[("name", " "), ("next", "/")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    for foreign in ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"] {
        let answer = browser.submit("/name", "/name", &[("name", "Lan"), ("next", foreign)]).await;
        assert_eq!((answer.status, answer.to()), (StatusCode::SEE_OTHER, "/"), "{foreign}");
        browser.cookies.retain(|(name, _)| name.starts_with("tiendo_visit"));
    }
    let done = browser.submit("/name", "/name", &[("name", "  Nguyễn  Thị Lan "), ("next", "/tasks")]).await;
    assert_eq!(done.to(), "/tasks");
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    let sent = browser.submit("/", "/?period=2026-10", &[("v.2026-10.CDS-2@", "7")]).await;
    assert_eq!(sent.to(), "/?period=2026-10");
    assert_eq!(home.store.view().history("CDS-2").unwrap()[0].entered_by, "Nguyễn Thị Lan");
    let told = browser.get("/").await.text;
    assert!(told.contains("Đã ghi 1 số liệu"), "the next page says so");
    assert!(!browser.get("/").await.text.contains("Đã ghi 1 số liệu"), "once");
}

#[tokio::test]
async fn every_page_is_drawn_with_and_without_figures() {
    for filled in [false, true] {
        let mut home = Home::ready();
        if filled {
            home.record("CDS-1", "2026-09", Typed::Ratio("50".into(), "60".into())).unwrap();
            home.record("CDS-1", "2026-10", Typed::Ratio("55".into(), "60".into())).unwrap();
            home.value("CDS-4", "yes").unwrap();
        }
        let mut browser = Browser::named(&home);
        for path in PAGES {
            let page = browser.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
            assert!(page.text.contains("Xã Định Quán") && page.text.ends_with("</html>"), "{path}");
            assert!(!page.text.contains(" style=") && !page.text.contains("<script>"), "{path}");
            browser.cookies.push(("tiendo_lang".into(), "en".into()));
            assert!(browser.get(path).await.text.contains("lang=\"en\""), "{path}");
            browser.cookies.pop();
        }
        let missing = browser.get("/nothing").await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        assert!(missing.text.contains("Không có trang này"));
    }
}

#[tokio::test]
async fn before_the_first_session_pages_say_what_to_do() {
    let home = Home::joined();
    let mut browser = Browser::named(&home);
    let page = browser.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text.contains("Chưa nhận được danh mục") && page.text.contains("Gửi ngay"));
    assert_eq!(browser.get("/status").await.status, StatusCode::OK);
    let part = browser.submit("/status", "/sync", &[]).await;
    assert_eq!(part.to(), "/status");
    assert_eq!(browser.bell.progress(), Progress::Asked);
    assert!(browser.get("/status").await.text.contains("hx-trigger=\"every 1s\""));
    browser.bell.tell(Progress::Quiet);
    assert_eq!(browser.get("/status/progress").await.headers["hx-refresh"], "true");
}

#[tokio::test]
async fn forms_of_others_change_nothing() {
    let home = Home::ready();
    let mut browser = Browser::named(&home);
    let mut other = Browser::named(&home);
    let foreign = other.token("/").await;
    browser.get("/").await;
    for path in
        ["/", "/draft", "/drafts", "/sync", "/tasks", "/conflicts", "/excel/confirm", "/evidence/remove", "/sign-out"]
    {
        let fields = [
            ("form_token", foreign.as_str()),
            ("v.2026-10.CDS-2@", "7"),
            ("code", "II.1"),
            ("period", "2026-10"),
            ("done", "50"),
            ("conflict", "x"),
            ("keep", "later"),
            ("upload", "x"),
            ("indicator", "CDS-2"),
            ("unit", ""),
            ("sha256", "00"),
        ];
        let answer = browser.post(path, &fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.text.contains("Biểu mẫu đã cũ"), "{path}");
    }
    let request = Request::post("/sync").header(header::ORIGIN, "http://elsewhere.example");
    assert_eq!(browser.send(request, Body::empty()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(home.store.view().head().unwrap().seq, 0);
    assert_eq!(home.store.view().draft_count().unwrap(), 0);
    let rebound = Request::get("/").header(header::HOST, "rebound.example");
    assert_eq!(
        browser.router.clone().oneshot(rebound.body(Body::empty()).unwrap()).await.unwrap().status(),
        StatusCode::MISDIRECTED_REQUEST
    );
}

#[tokio::test]
async fn a_draft_is_kept_judged_and_survives() {
    let mut home = Home::ready();
    home.record("CDS-2", "2026-09", Typed::Value("50".into())).unwrap();
    let mut browser = Browser::named(&home);
    let part = browser
        .submit("/", "/draft", &[("n.2026-10.CDS-1@", "45"), ("d.2026-10.CDS-1@", "60"), ("note.2026-10.CDS-1@", "")])
        .await;
    assert_eq!(part.status, StatusCode::OK, "{}", part.text);
    assert!(part.text.contains("75 %") && part.text.contains("93,75 %"), "a = 75/80: {}", part.text);
    assert!(part.text.contains("bản nháp") && part.text.contains("Gửi 1 số liệu"), "{}", part.text);
    let part = browser.submit("/", "/draft", &[("n.2026-10.CDS-1@", "1.234"), ("d.2026-10.CDS-1@", "")]).await;
    assert!(part.text.contains("mẫu số"), "{}", part.text);
    let part = browser.submit("/", "/draft", &[("v.2026-10.CDS-2@", "40")]).await;
    assert!(part.text.contains("giảm từ 50 xuống 40") && part.text.contains("ghi lý do"), "{}", part.text);
    // Another visitor after a restart sees what was typed, as it was typed.
    let mut other = Browser::named(&home);
    let page = other.get("/").await.text;
    assert!(page.contains("value=\"1.234\"") && page.contains("value=\"40\""));
    let refused = other.submit("/", "/?period=2026-10", &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Chưa gửi gì: 2") && refused.text.contains("href=\"#row-CDS-1\""));
    let sent = other
        .submit(
            "/",
            "/?period=2026-10",
            &[("note.2026-10.CDS-2@", "Đếm lại"), ("v.2026-10.CDS-2@", "40"), ("which", "sound")],
        )
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(home.store.view().history("CDS-2").unwrap().len(), 2);
    assert_eq!(home.store.view().draft_count().unwrap(), 1);
}

#[tokio::test]
async fn texts_of_others_stay_texts() {
    let mut home = Home::ready();
    let mut hostile = form("CDS-2", "2026-10", Typed::Value("1".into()));
    hostile.note = HOSTILE.into();
    let (store, mut author) = home.author();
    author.name = HOSTILE;
    let recorded = entry::record(store, &mut author, &hostile).unwrap();
    let (store, mut author) = home.author();
    let file = Copied { sha256: [1; 32], name: "<img src=x>.pdf".into(), size_bytes: 3 };
    entry::attach(store, &mut author, ("CDS-2", "", "2026-10".parse().unwrap()), vec![file]).unwrap();
    home.receive(&[
        FeedItem::Verdict {
            observation: recorded.change_id,
            decision: Decision::Returned,
            reason: HOSTILE.into(),
            reviewer: HOSTILE.into(),
            decided_at: now(),
        },
        FeedItem::Standing(Standing {
            scheme: "own".into(),
            period: "2026-10".parse().unwrap(),
            rank: Some(2),
            ranked_communes: 5,
            score: "56.20".into(),
            met: 1,
            scored: 5,
            on_time: "0.8000".into(),
            movement: HOSTILE.into(),
            provisional: 0,
            computed_at: now(),
            lines: vec![StandingLine::default()],
        }),
    ]);
    let mut browser = Browser::named(&home);
    browser.cookies[0].1 = URL_SAFE_NO_PAD.encode(HOSTILE);
    browser.submit("/", "/draft", &[("v.2026-10.CDS-3@", HOSTILE), ("note.2026-10.CDS-3@", HOSTILE)]).await;
    let query = format!("/tasks?search={}", piece::encoded(HOSTILE));
    let history = format!("/history?code={}", piece::encoded(HOSTILE));
    for path in PAGES.into_iter().chain([query.as_str(), history.as_str()]) {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("<img src=x"), "{path}: {}", page.text);
    }
    let standing = browser.get("/standing").await.text;
    assert!(standing.contains("56,20") && standing.contains("/5"), "the province's word as it came");
    let status = browser.get("/status").await.text;
    assert!(status.contains("&lt;img") && status.contains("Có 1 việc cần làm"), "{status}");
    assert!(browser.get("/?show=returned").await.text.contains("Bị trả lại: "));
}

#[tokio::test]
async fn evidence_waits_with_a_draft_or_goes_to_the_figure() {
    let mut home = Home::ready();
    let mut browser = Browser::named(&home);
    let fields = key("CDS-2");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.upload("/", "/evidence", &fields, ("biên bản.pdf", &pdf("a"))).await;
    assert_eq!(answer.to(), "/?period=2026-10&show=all#row-CDS-2", "{}", answer.text);
    let page = browser.get("/").await.text;
    assert!(page.contains("biên bản.pdf") && page.contains("gửi cùng bản nháp") && page.contains("Đã giữ 1 tệp"));
    browser.submit("/", "/?period=2026-10", &[("v.2026-10.CDS-2@", "7")]).await;
    assert_eq!(home.store.view().history("CDS-2").unwrap()[0].evidence_count, 1);
    browser.upload("/", "/evidence", &fields, ("..\\..\\ảnh.pdf", &pdf("b"))).await;
    assert!(browser.get("/").await.text.contains("Đã gắn 1 tệp"));
    assert_eq!(home.store.view().history("CDS-2").unwrap()[0].evidence_count, 2);
    for (name, bytes, told) in
        [("x.pdf", &b"hello"[..], "tệp văn bản thô"), ("..", b"hello", "đổi tên"), ("", b"", "Chưa chọn tệp nào")]
    {
        browser.upload("/", "/evidence", &fields, (name, bytes)).await;
        let page = browser.get("/").await.text;
        assert!(page.contains(told) && !page.contains("incoming"), "{name}");
    }
    assert_eq!(std::fs::read_dir(home.folder.incoming()).unwrap().count(), 0, "nothing stays behind");
    home.value("CDS-3", "1").unwrap();
}

#[tokio::test]
async fn a_workbook_is_shown_before_it_is_recorded() {
    let home = Home::ready();
    let mut browser = Browser::named(&home);
    let template = browser.get("/excel/template?period=2026-10").await;
    assert!(template.headers[header::CONTENT_DISPOSITION].to_str().unwrap().contains("so-lieu-dinh-quan-2026-10.xlsx"));
    let csv = "indicator,period,value\nCDS-2,2026-10,12\n";
    let shown = browser.upload("/excel", "/excel", &[], ("a.csv", csv.as_bytes())).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    assert!(shown.text.contains("1 số liệu sẽ được ghi") && home.store.view().head().unwrap().seq == 0);
    let begin = shown.text.find("name=\"upload\" value=\"").unwrap() + 21;
    let id = shown.text[begin..].split('"').next().unwrap().to_owned();
    // It is the visitor's own.
    let mut other = Browser::named(&home);
    other.submit("/excel", "/excel/confirm", &[("upload", &id)]).await;
    assert_eq!(home.store.view().head().unwrap().seq, 0);
    assert_eq!(browser.submit("/excel", "/excel/confirm", &[("upload", &id)]).await.to(), "/");
    assert_eq!(home.store.view().head().unwrap().seq, 1);
    assert_eq!(browser.submit("/excel", "/excel/confirm", &[("upload", &id)]).await.to(), "/excel", "once");
    let faulty = "indicator,period,value\nCDS-2,2026-10,x\nNONE,2026-10,1\n";
    let refused = browser.upload("/excel", "/excel", &[], ("a.csv", faulty.as_bytes())).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("Dòng 2, cột value") && refused.text.contains("Dòng 3, cột indicator"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("danh mục không có chỉ tiêu") || refused.text.contains("Danh mục không có chỉ tiêu"));
    assert!(!refused.text.contains("commune-agent") && !refused.text.contains("--"), "{}", refused.text);
    let no_table = browser.upload("/excel", "/excel", &[], ("x.pdf", b"%PDF-1.4 hello")).await;
    assert_eq!(no_table.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(no_table.text.contains("x.pdf không phải bảng tính") && !no_table.text.contains("numerator"));
}

#[tokio::test]
async fn a_task_is_reported_with_its_faults_beside_the_fields() {
    let home = Home::ready();
    let mut browser = Browser::named(&home);
    let of = "/tasks?code=II.1&period=2026-10";
    let place = [("code", "II.1"), ("period", "2026-10")];
    let wrong = browser
        .submit(of, "/tasks", &[&place[..], &[("done", "140"), ("spent", "x"), ("note", HOSTILE)]].concat())
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.matches("class=\"fault\"").count() == 2 && wrong.text.contains("value=\"140\""),
        "{}",
        wrong.text
    );
    assert!(wrong.text.contains("&lt;img"), "what was typed is not lost");
    assert_eq!(home.store.view().head().unwrap().seq, 0);
    let done = browser
        .submit(of, "/tasks", &[&place[..], &[("done", "21/27"), ("spent", "120"), ("note", "")]].concat())
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(home.store.view().head().unwrap().seq, 2);
    assert!(browser.get(of).await.text.contains("77,77 %"));
    // The same again is no new version.
    browser.submit(of, "/tasks", &[&place[..], &[("done", "21/27"), ("spent", "130"), ("note", "")]].concat()).await;
    assert_eq!(home.store.view().head().unwrap().seq, 3);
}

async fn with_account(home: &mut Home) {
    let password = pages::password::hash("bốn con trâu trắng".into()).await.unwrap();
    let account = Account { name: "lan".into(), full_name: "Nguyễn Thị Lan".into(), password, made_at: now() };
    home.store.write(|writing| writing.keep_account(&account)).unwrap();
}

#[tokio::test]
async fn with_accounts_only_who_signed_in_may_enter() {
    let mut home = Home::ready();
    with_account(&mut home).await;
    let mut browser = Browser::named(&home);
    assert_eq!(browser.get("/status").await.to(), "/sign-in?next=%2Fstatus", "a name alone is not enough");
    let credentials = |password| [("account", "Lan"), ("password", password), ("next", "/status")];
    let refused = browser.submit("/sign-in", "/sign-in", &credentials("bốn con trâu đen")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let before = browser.cookies.clone();
    let signed = browser.submit("/sign-in", "/sign-in", &credentials("bốn con trâu trắng")).await;
    assert_eq!(signed.to(), "/status");
    assert_ne!(browser.cookies, before, "another token than before");
    let page = browser.get("/status").await;
    assert!(page.status == StatusCode::OK && page.text.contains("Nguyễn Thị Lan"));
    // Idle for too long.
    browser.clock.advance(TimeDelta::hours(7));
    assert_eq!(browser.get("/status").await.status, StatusCode::OK);
    browser.clock.advance(TimeDelta::hours(7));
    assert_eq!(browser.get("/status").await.status, StatusCode::OK, "seen in between");
    browser.clock.advance(TimeDelta::hours(8));
    assert_eq!(browser.get("/status").await.status, StatusCode::SEE_OTHER);
    browser.submit("/sign-in", "/sign-in", &credentials("bốn con trâu trắng")).await;
    for _ in 0..24 {
        browser.clock.advance(TimeDelta::hours(7));
        browser.get("/status").await;
    }
    assert_eq!(browser.get("/status").await.status, StatusCode::SEE_OTHER, "a week is the most");
    browser.submit("/sign-in", "/sign-in", &credentials("bốn con trâu trắng")).await;
    let kept = browser.cookies.clone();
    browser.submit("/status", "/sign-out", &[]).await;
    browser.cookies = kept;
    assert_eq!(browser.get("/status").await.status, StatusCode::SEE_OTHER, "signed out is out");
}

#[tokio::test]
async fn guessing_waits_longer_and_longer() {
    let mut home = Home::ready();
    with_account(&mut home).await;
    let mut browser = Browser::at(&home);
    let wrong = [("account", "lan"), ("password", "x")];
    for _ in 0..5 {
        browser.submit("/sign-in", "/sign-in", &wrong).await;
    }
    let waits = browser.submit("/sign-in", "/sign-in", &[("account", "lan"), ("password", "bốn con trâu trắng")]).await;
    assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(waits.text.contains("Hãy đợi"));
    browser.clock.advance(TimeDelta::minutes(1));
    let in_time =
        browser.submit("/sign-in", "/sign-in", &[("account", "lan"), ("password", "bốn con trâu trắng")]).await;
    assert_eq!(in_time.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_password_is_changed_and_other_sessions_end() {
    let mut home = Home::ready();
    with_account(&mut home).await;
    let (mut here, mut there) = (Browser::at(&home), Browser::at(&home));
    let credentials = [("account", "lan"), ("password", "bốn con trâu trắng")];
    here.submit("/sign-in", "/sign-in", &credentials).await;
    there.submit("/sign-in", "/sign-in", &credentials).await;
    let new = |current, new, again| [("current", current), ("new", new), ("again", again)];
    for wrong in [
        new("x", "năm con cò xám", "năm con cò xám"),
        new("bốn con trâu trắng", "ngắn", "ngắn"),
        new("bốn con trâu trắng", "năm con cò xám", "năm con cò"),
    ] {
        let answer = here.submit("/account", "/account", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let changed =
        here.submit("/account", "/account", &new("bốn con trâu trắng", "năm con cò xám", "năm con cò xám")).await;
    assert_eq!(changed.to(), "/account");
    assert_eq!(here.get("/").await.status, StatusCode::OK);
    assert_eq!(there.get("/").await.to(), "/sign-in");
    let mut last = String::new();
    for _ in 0..10 {
        last = here.submit("/account", "/account", &new("x", "sáu con mèo vàng", "sáu con mèo vàng")).await.text;
    }
    assert!(last.contains("Hãy đợi"), "whoever has to wait is told so: {last}");
}

#[tokio::test]
async fn to_other_computers_it_is_open_to_nobody_without_an_account() {
    let home = Home::ready();
    let mut browser = Browser::through(&home, Door { is_secure: true, is_loopback: false, port: 8057 });
    browser.cookies.push(("tiendo_name_8057".into(), URL_SAFE_NO_PAD.encode("Lan")));
    for path in PAGES {
        assert!(browser.get(path).await.to().starts_with("/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn over_tls_a_planted_visit_is_not_taken() {
    let home = Home::ready();
    let door = Door { is_secure: true, is_loopback: false, port: 8057 };
    let mut browser = Browser::through(&home, door);
    let planted = "x".repeat(43);
    browser.cookies.push(("tiendo_visit_8057".into(), planted.clone()));
    browser.get("/sign-in").await;
    let own = browser.cookies.iter().find(|(name, _)| name == "__Host-tiendo_visit_8057").expect("a visit of its own");
    assert_ne!(own.1, planted);
}
