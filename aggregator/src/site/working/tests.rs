//! The pages of those who decide, asked through the router: who may what, what a decision is bound to, and what hostile texts do.

use crate::{
    sample::{change, figure},
    site::stand::{Answer, PDF, Person, Stand},
    store::{AuditQuestion, Role},
};
use axum::http::StatusCode;
use sha2::{Digest, Sha256};
use shared::{
    amount::Amount,
    catalogue::read::FILES,
    change::{Change, Deed},
    observation::{Decision, Observation, ObservationKey, Value},
};

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

/// A figure of CDS-17 that reaches every target, with a note.
fn full(number: u64, period: &str, note: &str) -> Change {
    let value = Value::Ratio { numerator: Amount::from(100), denominator: Amount::from(100) };
    let key = ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: period.parse().unwrap() };
    change(number, Deed::Recorded(Observation { key, value, note: note.into() }))
}

/// Two communes whose result of October awaits a reviewer.
async fn stand() -> Stand {
    let stand = Stand::empty().await;
    for (commune, first) in [("dinh-quan", 1), ("tan-phu", 11)] {
        let changes = vec![
            figure(first, "2026-09", 60_000),
            full(first + 1, "2026-10", "đủ hồ sơ"),
            stand.file(first + 2, first + 1, "bien ban.pdf", PDF, "pdf").await,
        ];
        stand.receive(commune, changes).await;
    }
    stand
}

fn item(commune: &str) -> String {
    format!("{commune}/2026-10//CDS-17")
}

async fn decide(person: &Person, commune: &str, fields: &[(&str, &str)]) -> Answer {
    let item = item(commune);
    let fields: Vec<_> = [("item", item.as_str())].into_iter().chain(fields.iter().copied()).collect();
    person.post("/review", &fields).await
}

#[tokio::test]
async fn each_page_and_each_deed_has_its_role() {
    let stand = stand().await;
    stand.account("leader", Role::Administrator, Some("dinh-quan")).await;
    let people = [
        (None, stand.sign_in("leader").await),
        (Some(Role::Viewer), stand.person("vi", Role::Viewer).await),
        (Some(Role::Reviewer), stand.person("re", Role::Reviewer).await),
        (Some(Role::Steward), stand.person("st", Role::Steward).await),
        (Some(Role::Administrator), stand.person("ad", Role::Administrator).await),
    ];
    let pages = [
        ("/review", Role::Reviewer),
        ("/periods", Role::Viewer),
        ("/periods?verify=all", Role::Viewer),
        ("/periods/2026-09", Role::Viewer),
        ("/exceptions", Role::Steward),
        ("/catalogue", Role::Viewer),
        ("/catalogue?part=targets&q=dinh+quan", Role::Viewer),
        ("/catalogue/upload", Role::Steward),
        ("/catalogue/workbook", Role::Viewer),
        ("/reports", Role::Viewer),
        ("/reports/lists/rankings.csv", Role::Viewer),
        ("/reports/exports/observations.xlsx", Role::Viewer),
    ];
    let deeds = [
        ("/review", Role::Reviewer),
        ("/periods/2026-09/close", Role::Steward),
        ("/periods/2026-09/reopen", Role::Steward),
        ("/exceptions", Role::Steward),
        ("/catalogue/import", Role::Steward),
        ("/catalogue/give-up", Role::Steward),
    ];
    for (role, person) in &people {
        for (path, needed) in pages {
            let may = role.is_some_and(|role| role >= needed);
            let status = person.get(path).await.status;
            assert_eq!(status, if may { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{role:?} {path}");
        }
        for (path, needed) in deeds {
            let fields = [("item", "x"), ("version", "1"), ("decision", "accepted")];
            let status = person.post_bare(path, &fields).await.status;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{role:?} {path} without a token");
            let may = role.is_some_and(|role| role >= needed);
            let status = person.post(path, &fields).await.status;
            assert_eq!(status == StatusCode::FORBIDDEN, !may, "{role:?} {path}: {status}");
        }
        let files = [("targets.csv", &b"x"[..])];
        let without = person.upload("/catalogue/upload", None, &files).await.status;
        assert_eq!(without, StatusCode::BAD_REQUEST, "{role:?}");
        let status = person.upload("/catalogue/upload", Some(&person.form_token()), &files).await.status;
        let may = role.is_some_and(|role| role >= Role::Steward);
        assert_eq!(status, if may { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::FORBIDDEN }, "{role:?}");
    }
    assert!(stand.store.verdicts().await.unwrap().is_empty() && stand.store.closings().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_decision_is_kept_once_and_the_second_reviewer_is_told_who_was_first() {
    let stand = stand().await;
    let (lan, hoa) = (stand.person("lan", Role::Reviewer).await, stand.person("hoa", Role::Reviewer).await);
    // Both look at the same item.
    for person in [&lan, &hoa] {
        let page = person.get("/review").await;
        assert!(
            page.text().contains("Xã Định Quán · CDS-17") && page.text().contains("2 số liệu đang chờ"),
            "{}",
            page.text()
        );
        assert!(page.text().contains("data-hotkey=\"a\"") && page.text().contains("data-hotkey=\"j\""));
        assert_eq!(
            (page.field("item"), page.field("version"), page.field("next")),
            (item("dinh-quan"), "1".into(), item("tan-phu"))
        );
    }
    let next = item("tan-phu");
    let first = decide(&lan, "dinh-quan", &[("version", "1"), ("decision", "accepted"), ("next", &next)]).await;
    assert!(first.goes_to().contains("item=tan-phu"), "the next one loads");
    assert!(first.notice().contains("Đã chấp nhận: Xã Định Quán · CDS-17 · 2026-10"), "{}", first.notice());
    let second = decide(&hoa, "dinh-quan", &[("version", "1"), ("decision", "returned"), ("reason", "mismatch")]).await;
    assert!(second.notice().contains("Bà lan (lan) đã quyết định trước (chấp nhận)"), "{}", second.notice());
    let verdicts = stand.store.verdicts().await.unwrap();
    assert_eq!((verdicts.len(), verdicts[0].decision), (1, Decision::Accepted));
    let line = &stand.store.audit(AuditQuestion::newest(1)).await.unwrap()[0];
    assert_eq!(
        (line.what.as_str(), line.who.as_str(), line.origin.as_str()),
        ("reviewed", "Bà lan (lan)", "web 127.0.0.1")
    );
    // Whoever has seen the verdict can put another one in its place.
    let page = hoa.get(&format!("/review?item={}", item("dinh-quan"))).await;
    assert!(page.text().contains("Đổi quyết định này"));
    let seen = page.field("instead");
    let fields =
        [("version", "1"), ("decision", "returned"), ("reason", "mismatch"), ("words", " biểu 2 "), ("instead", &seen)];
    assert!(decide(&hoa, "dinh-quan", &fields).await.notice().contains("Đã trả lại"));
    let verdicts = stand.store.verdicts().await.unwrap();
    assert_eq!(
        (verdicts[0].decision, verdicts[0].reason.as_str()),
        (Decision::Returned, "số liệu không khớp minh chứng: biểu 2")
    );
    // But not by what was seen before.
    assert!(decide(&lan, "dinh-quan", &fields).await.notice().contains("đã quyết định trước"));
}

#[tokio::test]
async fn a_newer_version_and_a_return_without_a_reason_are_told() {
    let stand = stand().await;
    let lan = stand.person("lan", Role::Reviewer).await;
    let again =
        decide(&lan, "dinh-quan", &[("version", "1"), ("decision", "returned"), ("reason", "other"), ("words", " ")])
            .await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().contains("Chọn lý do") && again.text().contains("open"), "{}", again.text());
    let long = "x".repeat(2_001);
    let again = decide(
        &lan,
        "dinh-quan",
        &[("version", "1"), ("decision", "returned"), ("reason", "mismatch"), ("words", &long)],
    )
    .await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().contains(&long), "nothing typed is lost");
    let changes = vec![
        figure(1, "2026-09", 60_000),
        full(2, "2026-10", "đủ hồ sơ"),
        stand.file(3, 2, "bien ban.pdf", PDF, "pdf").await,
        full(4, "2026-10", "bổ sung"),
    ];
    stand.receive("dinh-quan", changes).await;
    let outdated = decide(&lan, "dinh-quan", &[("version", "1"), ("decision", "accepted")]).await;
    assert!(
        outdated.notice().contains("phiên bản 2") && outdated.goes_to().contains("item=dinh-quan"),
        "{}",
        outdated.notice()
    );
    assert!(stand.store.verdicts().await.unwrap().is_empty());
    assert_eq!(lan.get("/review?item=nowhere/2026-10//CDS-17").await.status, StatusCode::NOT_FOUND);
    assert_eq!(lan.get("/review?period=never").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn completion_without_evidence_is_accepted_only_when_it_is_meant() {
    let stand = Stand::empty().await;
    stand.receive("dinh-quan", vec![full(1, "2026-10", "")]).await;
    let lan = stand.person("lan", Role::Reviewer).await;
    let page = lan.get(&format!("/review?item={}", item("dinh-quan"))).await;
    assert!(page.text().contains("không có minh chứng") && page.text().contains("name=\"without_evidence\""));
    let refused = decide(&lan, "dinh-quan", &[("version", "1"), ("decision", "accepted")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Đánh dấu vào ô này") && stand.store.verdicts().await.unwrap().is_empty());
    let fields = [("version", "1"), ("decision", "accepted"), ("without_evidence", "yes")];
    assert!(decide(&lan, "dinh-quan", &fields).await.notice().contains("Đã chấp nhận"));
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    let stand = Stand::empty().await;
    let changes = vec![full(1, "2026-10", HOSTILE), stand.file(2, 1, &format!("{HOSTILE}.pdf"), PDF, "pdf").await];
    stand.receive("dinh-quan", changes).await;
    let steward = stand.person("st", Role::Steward).await;
    let returned = [("version", "1"), ("decision", "returned"), ("reason", "other"), ("words", HOSTILE)];
    assert!(decide(&steward, "dinh-quan", &returned).await.notice().contains("Đã trả lại"));
    let day = [("commune", "dinh-quan"), ("period", "2026-11"), ("cutoff", "2026-11-25"), ("reason", HOSTILE)];
    assert_eq!(steward.post("/exceptions", &day).await.goes_to(), "/exceptions");
    let close = [("confirmed", "yes"), ("early", "yes")];
    assert!(steward.post("/periods/2026-10/close", &close).await.notice().contains("Đã chốt kỳ 2026-10"));
    assert!(steward.post("/periods/2026-10/reopen", &[("reason", HOSTILE)]).await.notice().contains("Đã mở lại"));
    let query =
        serde_urlencoded::to_string([("q", HOSTILE), ("commune", HOSTILE), ("period", ""), ("item", "")]).unwrap();
    let paths = [
        format!("/review?item={}", item("dinh-quan")),
        format!("/review?{query}"),
        format!("/exceptions?{query}"),
        format!("/catalogue?{query}"),
        format!("/audit?{query}"),
        "/exceptions".into(),
        "/periods".into(),
        "/periods/2026-10".into(),
        "/audit".into(),
    ];
    for path in paths {
        let page = steward.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
        assert!(!page.text().contains("<script>alert") && !page.text().contains("<img src=x"), "{path}");
    }
    assert!(steward.get(&format!("/review?item={}", item("dinh-quan"))).await.text().contains("&lt;script&gt;alert"));
    let upload = steward.upload("/catalogue/upload", Some(&steward.form_token()), &[("<img src=x>.csv", b"x")]).await;
    assert!(upload.text().contains("&lt;img src=x&gt;") && !upload.text().contains("<img src=x>"));
}

#[tokio::test]
async fn evidence_is_shown_as_what_it_is_and_to_whom_it_concerns() {
    let stand = Stand::empty().await;
    let word = b"PK\x03\x04 no office document";
    let changes = vec![
        full(1, "2026-10", ""),
        stand.file(2, 1, "Biên bản \"1\".pdf", PDF, "pdf").await,
        stand.file(3, 1, "x.html", word, "docx").await,
    ];
    stand.receive("dinh-quan", changes).await;
    stand.account("leader", Role::Viewer, Some("dinh-quan")).await;
    stand.account("stranger", Role::Viewer, Some("tan-phu")).await;
    let viewer = stand.person("vi", Role::Viewer).await;
    let path = format!("/evidence/{}", hex::encode(Sha256::digest(PDF)));
    let shown = viewer.get(&path).await;
    assert_eq!((shown.status, shown.body.as_slice()), (StatusCode::OK, PDF));
    assert_eq!(shown.header("content-type"), "application/pdf");
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    assert_eq!(shown.header("content-security-policy"), pages::guard::FILE_POLICY);
    assert_eq!(shown.header("content-length"), PDF.len().to_string());
    assert!(shown.header("content-disposition").starts_with("inline; filename=\"bien ban _1_.pdf\";"));
    assert_eq!(shown.header("x-frame-options"), "", "this server's pages frame it");
    assert!(viewer.get(&format!("{path}?download=1")).await.header("content-disposition").starts_with("attachment;"));
    let known = viewer.get_with(&path, "if-none-match", shown.header("etag")).await;
    assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
    // The content says what it is, not a name or a note in the store.
    let other = viewer.get(&format!("/evidence/{}", hex::encode(Sha256::digest(word)))).await;
    assert_eq!(other.header("content-type"), "application/octet-stream");
    assert!(other.header("content-disposition").starts_with("attachment;"));
    let (leader, stranger) = (stand.sign_in("leader").await, stand.sign_in("stranger").await);
    assert_eq!(leader.get(&path).await.status, StatusCode::OK);
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.get(&format!("{path}?commune=dinh-quan")).await.status, StatusCode::FORBIDDEN);
    for nothing in ["/evidence/x", "/evidence/../store.db", &format!("/evidence/{}", "0".repeat(64))] {
        assert_eq!(viewer.get(nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
    // Bytes that are not those received are not shown.
    let file = stand.site.shelf.path(Sha256::digest(PDF).into());
    std::fs::write(file, b"%PDF-1.4\n%%EOF\n and more").unwrap();
    assert_eq!(viewer.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_period_is_closed_proved_opened_again_and_what_came_after_is_told() {
    let stand = stand().await;
    let (steward, viewer) = (stand.person("st", Role::Steward).await, stand.person("vi", Role::Viewer).await);
    // The samples stand at 16 October: the cut-off day is ahead.
    let page = steward.get("/periods/2026-10").await;
    assert!(page.text().contains("Còn thiếu") && page.text().contains("name=\"early\""));
    assert!(!viewer.get("/periods/2026-10").await.text().contains("name=\"confirmed\""));
    for (fields, words) in [(vec![("confirmed", "yes")], "Chưa hết hạn nộp"), (vec![("early", "yes")], "Hãy xác nhận")]
    {
        let refused = steward.post("/periods/2026-10/close", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(words));
    }
    assert!(
        steward
            .post("/periods/2026-12/close", &[("confirmed", "yes"), ("early", "yes")])
            .await
            .text()
            .contains("chưa bắt đầu")
    );
    assert_eq!(steward.post("/periods/2025-10/close", &[("confirmed", "yes")]).await.status, StatusCode::NOT_FOUND);
    let closed = steward.post("/periods/2026-10/close", &[("confirmed", "yes"), ("early", "yes")]).await;
    assert_eq!(closed.goes_to(), "/periods/2026-10");
    assert!(closed.notice().contains("Đã chốt kỳ 2026-10, lần 1"), "{}", closed.notice());
    assert!(viewer.get("/periods/2026-10?verify=1").await.text().contains("Khớp: tính lại 1 lần chốt"));
    assert!(viewer.get("/periods/2026-10").await.text().contains("Không có gì thay đổi"));
    let reviewed = decide(&steward, "tan-phu", &[("version", "1"), ("decision", "accepted")]).await;
    assert!(reviewed.notice().contains("Đã chấp nhận"));
    let page = viewer.get("/periods/2026-10").await;
    assert!(page.text().contains("1 mục") && page.text().contains("Xã Tân Phú") && !page.text().contains("/reopen"));
    assert!(viewer.get("/periods").await.text().contains("/periods/2026-10#late"));
    let day = [("commune", "dinh-quan"), ("period", "2026-10"), ("cutoff", "2026-10-25"), ("reason", "lũ")];
    let refused = steward.post("/exceptions", &day).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("đã chốt (lần 1)"));
    let refused = steward.post("/periods/2026-10/reopen", &[("reason", " ")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("Viết lý do"));
    assert!(steward.post("/periods/2026-10/reopen", &[("reason", "đến muộn")]).await.notice().contains("Đã mở lại"));
    assert_eq!(steward.post("/periods/2026-10/reopen", &[("reason", "")]).await.status, StatusCode::BAD_REQUEST);
    assert!(viewer.get("/periods").await.text().contains("đã mở lại"));
}

#[tokio::test]
async fn faults_of_an_exception_stand_beside_their_fields() {
    let stand = stand().await;
    let steward = stand.person("st", Role::Steward).await;
    let good = [("commune", "dinh quan"), ("period", "2026-10"), ("cutoff", "2026-10-25"), ("reason", "lũ")];
    for (field, bad, words) in [
        ("commune", "atlantis", "Không có xã, phường nào tên"),
        ("commune", "loc thanh", "trùng nhiều nơi"),
        ("period", "2025-10", "ngoài năm kế hoạch 2026"),
        ("period", "hôm nay", "Ghi kỳ như"),
        ("cutoff", "", "Chọn ngày"),
        ("cutoff", "2026-09-25", "Ngày phải từ 01/10/2026"),
        ("reason", "", "Viết lý do"),
    ] {
        let fields: Vec<_> =
            good.iter().map(|(name, value)| (*name, if *name == field { bad } else { *value })).collect();
        let page = steward.post("/exceptions", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {bad}");
        assert_eq!(page.text().matches("class=\"fault\"").count(), 1, "{field} {bad}");
        assert!(page.text().contains(words), "{field} {bad}: {}", page.text());
    }
    let granted = steward.post("/exceptions", &good).await;
    assert!(
        granted.notice().contains("Xã Định Quán: kỳ 2026-10 được nộp đến hết ngày 25/10/2026"),
        "{}",
        granted.notice()
    );
    assert!(steward.get("/exceptions").await.text().contains("25/10/2026"));
}

#[tokio::test]
async fn a_catalogue_is_checked_compared_and_imported_by_the_one_who_saw_it() {
    let stand = stand().await;
    let (steward, other) = (stand.person("st", Role::Steward).await, stand.person("ot", Role::Steward).await);
    let send = async |person: &Person, files: &[(&str, &[u8])]| {
        person.upload("/catalogue/upload", Some(&person.form_token()), files).await
    };
    let current = stand.store.current_catalogue().await.unwrap();
    let communes = String::from_utf8(current.files["communes.csv"].clone()).unwrap();
    let broken = communes.replacen("xa,", "làng,", 1);
    let faults = send(&steward, &[("communes.csv", broken.as_bytes())]).await;
    assert_eq!(faults.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        faults.text().contains("Lỗi theo tệp, dòng, cột") && faults.text().contains("communes.csv"),
        "{}",
        faults.text()
    );
    for (name, bytes, words) in [("virus.exe", &b"MZ"[..], "virus.exe"), ("danh-muc.xlsx", b"PK\x03\x04x", ".xlsx")] {
        let refused = send(&steward, &[(name, bytes)]).await;
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains(words), "{name}");
    }
    let large = vec![b'x'; 17 << 20];
    let refused = send(&steward, &[("targets.csv", &large)]).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    // The workbook that is given out comes back unchanged; then with one change.
    let workbook = steward.get("/catalogue/workbook").await;
    assert!(workbook.header("content-disposition").contains("danh-muc-dong-nai-phien-ban-1.xlsx"));
    assert_eq!(send(&steward, &[("danh-muc.xlsx", &workbook.body)]).await.goes_to(), "/catalogue/upload");
    assert!(steward.get("/catalogue/upload").await.text().contains("Giống hệt danh mục hiện hành"));
    let settings = String::from_utf8(current.files["catalogue.toml"].clone()).unwrap();
    let changed = settings.replace("cutoff = 19", "cutoff = 20");
    assert_eq!(send(&steward, &[("CATALOGUE.TOML", changed.as_bytes())]).await.goes_to(), "/catalogue/upload");
    let page = steward.get("/catalogue/upload").await;
    assert!(
        page.text().contains("1 thay đổi so với phiên bản 1") && page.text().contains("days.cutoff"),
        "{}",
        page.text()
    );
    for name in FILES.iter().filter(|name| **name != "catalogue.toml") {
        assert!(page.text().contains(name));
    }
    let (fingerprint, version) = (page.field("fingerprint"), page.field("version"));
    let confirm = [("fingerprint", fingerprint.as_str()), ("version", version.as_str())];
    assert!(!other.get("/catalogue/upload").await.text().contains("days.cutoff"), "each session has its own");
    assert!(other.post("/catalogue/import", &confirm).await.notice().contains("không còn"));
    let stale = [("fingerprint", fingerprint.as_str()), ("version", "0")];
    assert!(steward.post("/catalogue/import", &stale).await.notice().contains("vừa đổi"));
    let done = steward.post("/catalogue/import", &confirm).await;
    assert!(done.notice().contains("Danh mục phiên bản 2: 1 thay đổi"), "{}", done.notice());
    assert_eq!(stand.store.catalogue().await.unwrap().0, 2);
    assert!(steward.post("/catalogue/import", &confirm).await.notice().contains("không còn"));
}

#[tokio::test]
async fn what_is_taken_away_is_what_the_commands_give_under_a_name() {
    let stand = stand().await;
    let viewer = stand.person("vi", Role::Viewer).await;
    let list = viewer.get("/reports/lists/rankings.csv?period=2026-10").await;
    let question = crate::report::question::Subject::Rankings(shared::ranking::Scope::default());
    let period = Some("2026-10".parse().unwrap());
    let told =
        stand.site.ask(question, (period, shared::ranking::Scheme::Own), shared::language::Language::Vi).await.unwrap();
    assert_eq!(list.body, told.csv());
    assert!(list.header("content-disposition").contains("attachment; filename=\"xep-hang-2026-10.csv\""));
    let exported = viewer.get("/reports/exports/observations.csv?period=2026-10").await;
    assert!(exported.text().starts_with("commune,indicator,unit,period,version,numerator"), "{}", exported.text());
    for (path, name) in [
        ("/reports/monthly/bao-cao.docx?period=2026-10", "bao-cao-dong-nai-2026-10.docx"),
        ("/reports/monthly/phu-luc.xlsx?period=2026-10", "phu-luc-dong-nai-2026-10.xlsx"),
        ("/reports/lists/due.xlsx?period=2026-10", "den-han-2026-10.xlsx"),
        ("/reports/exports/explain.xlsx?period=2026-10&scheme=common", "explain-2026-10.xlsx"),
    ] {
        let file = viewer.get(path).await;
        assert!(file.status == StatusCode::OK && file.body.starts_with(b"PK"), "{path}: {}", file.status);
        assert!(file.header("content-disposition").contains(name), "{path}");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
    }
    for (path, status) in [
        ("/reports/monthly/bao-cao.docx?period=2026-01", StatusCode::NOT_FOUND),
        ("/reports/lists/nothing.csv", StatusCode::NOT_FOUND),
        ("/reports/lists/rankings.exe", StatusCode::NOT_FOUND),
        ("/reports/lists/rankings.csv?period=2025-10", StatusCode::NOT_FOUND),
        ("/reports/lists/rankings.csv?scheme=mine", StatusCode::BAD_REQUEST),
        ("/catalogue?part=nothing", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(viewer.get(path).await.status, status, "{path}");
    }
    let found = viewer.get("/catalogue?part=communes&q=DINH+QUAN").await;
    assert!(found.text().contains("Xã Định Quán") && !found.text().contains("Xã Tân Phú</a>"));
}
