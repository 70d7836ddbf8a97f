//! The pages that are read, asked as a browser asks.

use crate::{
    report::question::{Edition, Question, Subject, WhatIfAsked},
    sample,
    site::stand::{HOSTILE, Person, Stand},
    store::Role,
};
use axum::http::StatusCode;
use pages::listing::Row;
use shared::{
    change::LogPosition,
    language::Language,
    listing::{Form, Listing, for_people},
    period::Period,
    ranking::{Scheme, Scope},
};

/// Every page for the staff.
const PAGES: [&str; 27] = [
    "/",
    "/?period=2026-09",
    "/rankings",
    "/rankings?scheme=common&group=cds&kind=xa&sort=movement",
    "/rankings?scheme=all",
    "/rankings/compare?a=tan+phu&b=minh-hung",
    "/heat-map",
    "/heat-map?show=lights&group=CDS&period=2026-Q3",
    "/trends",
    "/trends?c1=loc+tan&c2=Minh+H%C6%B0ng&show=rank&indicator=cds-17",
    "/communes",
    "/communes?q=loc&state=planned&sort=-score",
    "/communes/tan-phu",
    "/communes/an-loc",
    "/communes/tan-phu/CDS-17",
    "/communes/tan-phu/cds-17?period=2026-09",
    "/indicators",
    "/indicators?q=chu+ky&light=red",
    "/indicators/CDS-17",
    "/indicators/cds-17?light=red&sort=-value",
    "/tasks",
    "/tasks?light=deadline_passed&commune=tan+phu",
    "/alerts",
    "/alerts?changes=yesterday",
    "/due",
    "/quality",
    "/search?q=tan",
];

/// Somebody with a hostile name before figures with hostile notes, of the staff or a commune's leader.
async fn visit(role: Role, commune: Option<&str>) -> (Stand, Person) {
    let stand = Stand::hostile().await;
    stand.account_of("lan", HOSTILE, role, commune).await;
    let visit = stand.sign_in("lan").await;
    (stand, visit)
}

async fn asked(stand: &Stand, subject: Subject, period: &str) -> std::sync::Arc<Listing> {
    let period: Period = period.parse().unwrap();
    let question = Question {
        subject,
        period: Some(period),
        scheme: Scheme::Own,
        edition: Edition::InForce,
        language: Language::Vi,
    };
    stand.site.answer(&question).await.unwrap()
}

/// Whether every text, as a page escapes it and keeps percent signs by their numbers, is there in this order.
fn has_all<'a>(page: &str, texts: impl IntoIterator<Item = &'a str>) {
    let page = pages::listing::unbroken(page);
    let mut rest = page.as_str();
    for text in texts {
        let escaped = pages::listing::unbroken(&maud::html! { (text) }.into_string());
        let at = rest.find(&escaped).unwrap_or_else(|| panic!("{text:?} is missing or out of order"));
        rest = &rest[at + escaped.len()..];
    }
}

#[tokio::test]
async fn every_page_is_drawn_and_nothing_hostile_gets_through() {
    let (_stand, visit) = visit(Role::Administrator, None).await;
    for path in PAGES.into_iter().chain(["/checks"]) {
        let (status, page) = visit.look(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        assert!(page.contains("<h1>") && page.ends_with("</html>"), "{path}");
        for bad in ["<img src=x", "<b>bc.pdf", "style=\"", "onclick", "<script>"] {
            assert!(!page.contains(bad), "{path} has {bad}");
        }
    }
    let (_, page) = visit.look("/communes/tan-phu/CDS-17").await;
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("&lt;b&gt;bc.pdf"), "{page}");
}

#[tokio::test]
async fn a_leader_sees_the_own_commune_and_nothing_else() {
    let (_stand, visit) = visit(Role::Viewer, Some("tan-phu")).await;
    for path in ["/communes/tan-phu", "/communes/tan-phu/CDS-17"] {
        let (status, page) = visit.look(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        for other in ["Minh Hưng", "Xã Định Quán", "/rankings", "href=\"/indicators"] {
            assert!(!page.contains(other), "{path} has {other}");
        }
    }
    let others = PAGES
        .into_iter()
        .filter(|path| *path != "/" && !path.starts_with("/?") && !path.starts_with("/communes/tan-phu"));
    for path in others.chain([
        "/communes/minh-hung",
        "/communes/minh-hung/CDS-17",
        "/communes/nowhere",
        "/checks",
        "/search/suggestions?q=a",
    ]) {
        let (status, page) = visit.look(path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(!page.contains("Minh Hưng"), "{path}");
    }
    assert_eq!(visit.get("/").await.goes_to(), "/communes/tan-phu");
}

#[tokio::test]
async fn figures_to_look_at_again_are_for_reviewers() {
    let (_stand, visit) = visit(Role::Viewer, None).await;
    assert_eq!(visit.look("/checks").await.0, StatusCode::FORBIDDEN);
    assert_eq!(visit.look("/quality").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_ranking_is_the_one_that_the_command_prints() {
    let (stand, visit) = visit(Role::Viewer, None).await;
    let ranking = asked(&stand, Subject::Rankings(Scope::default()), "2026-10").await;
    let (_, page) = visit.look("/rankings").await;
    let table = page.split("<tbody>").nth(1).unwrap();
    let cells: Vec<String> = Row::all(&ranking)
        .flat_map(|row| {
            [
                row.cell("rank").to_owned(),
                row.cell("name").to_owned(),
                for_people(Form::Score, row.cell("score"), Language::Vi),
            ]
        })
        .collect();
    has_all(table, cells.iter().map(String::as_str));
    let (_, csv) = visit.look("/rankings?as=csv").await;
    assert_eq!(csv.as_bytes(), ranking.csv());
    // Who fell most comes first.
    let (_, csv) = visit.look("/rankings?sort=movement&as=csv").await;
    let fell = Row::all(&ranking).min_by_key(|row| row.cell("movement").parse::<i64>().unwrap_or(i64::MAX)).unwrap();
    assert!(csv.lines().nth(1).unwrap().contains(fell.cell("commune")), "{csv}");
}

#[tokio::test]
async fn a_commune_is_explained_as_the_command_does() {
    let (stand, visit) = visit(Role::Viewer, None).await;
    let explained = asked(&stand, Subject::Explain("tan-phu".into()), "2026-10").await;
    let (_, page) = visit.look("/communes/tan-phu").await;
    let table = page.split("id=\"why\"").nth(1).unwrap();
    has_all(table, Row::all(&explained).map(|row| row.cell("plan_ref")));
    for row in Row::all(&explained) {
        has_all(table, [row.cell("printed"), &for_people(Form::Value, row.cell("points"), Language::Vi)]);
        has_all(table, [row.cell("reason")]);
    }
    let asked_if = WhatIfAsked { commune: "tan-phu".into(), ..WhatIfAsked::default() };
    let what_if = asked(&stand, Subject::WhatIf(asked_if), "2026-10").await;
    let first = Row::all(&what_if).next().unwrap();
    has_all(
        page.split("id=\"help\"").nth(1).unwrap(),
        [first.cell("name"), &for_people(Form::Score, first.cell("gain"), Language::Vi)],
    );
}

#[tokio::test]
async fn an_indicator_has_the_provinces_own_figure_and_the_number_of_communes() {
    let (stand, visit) = visit(Role::Viewer, None).await;
    let league = asked(&stand, Subject::Indicator("CDS-17".into()), "2026-10").await;
    let own = Row::all(&league).find(|row| row.cell("commune").is_empty()).unwrap();
    // 90,000 and 61,000 of 200,000; no mean of percentages is shown anywhere.
    assert_eq!((own.cell("value"), own.cell("reporting")), ("75.500000", "2"));
    let (_, page) = visit.look("/indicators/CDS-17").await;
    has_all(&page, ["75,5", "151.000", "200.000", "2"]);
    let (_, list) = visit.look("/indicators?q=cds-17").await;
    has_all(&list, ["CDS-17", "75,5"]);
}

#[tokio::test]
async fn the_heat_map_has_the_achievement_of_each_explanation() {
    let (stand, visit) = visit(Role::Viewer, None).await;
    let (_, csv) = visit.look("/heat-map?as=csv").await;
    let mut lines = csv.lines();
    let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = heads.iter().position(|head| *head == "CDS-17").unwrap();
    let row = lines.find(|line| line.contains(",minh-hung,")).unwrap();
    let explained = asked(&stand, Subject::Explain("minh-hung".into()), "2026-10").await;
    let of_row = Row::all(&explained).find(|row| row.cell("indicator") == "CDS-17").unwrap();
    assert_eq!(row.split(',').nth(at), Some(of_row.cell("achievement")));
}

#[tokio::test]
async fn faults_are_told_in_words() {
    let (_stand, visit) = visit(Role::Viewer, None).await;
    for (path, status) in [
        ("/rankings?period=2026-13", StatusCode::BAD_REQUEST),
        ("/rankings?period=2025-10", StatusCode::NOT_FOUND),
        ("/rankings?scheme=%3Cb%3E", StatusCode::BAD_REQUEST),
        ("/rankings?kind=thanh-pho", StatusCode::BAD_REQUEST),
        ("/rankings?group=XX", StatusCode::NOT_FOUND),
        ("/rankings?sort=%3Cimg%20src=x%3E", StatusCode::BAD_REQUEST),
        ("/rankings?revision=x", StatusCode::BAD_REQUEST),
        ("/rankings/compare?a=loc+thanh&b=x", StatusCode::BAD_REQUEST),
        ("/heat-map?group=XX", StatusCode::NOT_FOUND),
        ("/trends?c1=nowhere", StatusCode::UNPROCESSABLE_ENTITY),
        ("/communes/nowhere", StatusCode::NOT_FOUND),
        ("/communes/tan-phu/XX-99", StatusCode::NOT_FOUND),
        ("/indicators/XX-99", StatusCode::NOT_FOUND),
        ("/indicators/CDS-17?light=blue", StatusCode::BAD_REQUEST),
        ("/tasks?commune=nowhere", StatusCode::BAD_REQUEST),
        ("/alerts?commune=nowhere", StatusCode::BAD_REQUEST),
        ("/alerts?light=green", StatusCode::BAD_REQUEST),
        ("/alerts?changes=never", StatusCode::BAD_REQUEST),
    ] {
        let (answered, page) = visit.look(path).await;
        assert_eq!(answered, status, "{path}");
        assert!(page.contains("<h1>") && !page.contains("<img src=x") && !page.contains("<b>"), "{path}: {page}");
    }
}

#[tokio::test]
async fn months_before_the_first_figure_are_no_scores() {
    let (_stand, visit) = visit(Role::Viewer, None).await;
    let (_, page) = visit.look("/trends?c1=tan+phu").await;
    let chart = page.split("Diễn biến qua các tháng").nth(1).unwrap();
    for (month, is_drawn) in [("08", false), ("09", true), ("10", true)] {
        assert_eq!(chart.contains(&format!("Xã Tân Phú, {month}: ")), is_drawn, "{month}: {chart}");
    }
    has_all(chart, ["chưa báo cáo, không phải 0 điểm", "–"]);
    let (_, page) = visit.look("/trends?c1=tan+phu&c2=nowhere").await;
    has_all(&page, ["Không có xã, phường nào tên “nowhere”"]);
    assert!(page.contains("value=\"nowhere\" aria-invalid=\"true\"") && page.contains("Xã Tân Phú, 10: "), "{page}");
}

#[tokio::test]
async fn remarks_in_english_are_folded_and_named_as_such() {
    let (stand, visit) = visit(Role::Viewer, None).await;
    let folded = "Ghi chú của người lập danh mục (tiếng Anh)";
    for path in ["/catalogue?part=targets", "/communes/tan-phu"] {
        let (_, page) = visit.look(path).await;
        assert!(page.contains(folded) && page.contains("lang=\"en\""), "{path}: {page}");
    }
    let (_, page) = visit.look("/communes/tan-phu").await;
    let (before, after) = page.split_once(folded).unwrap();
    let explained = asked(&stand, Subject::Explain("tan-phu".into()), "2026-10").await;
    let noted = Row::all(&explained).find(|row| !row.cell("note").is_empty()).unwrap();
    let head = format!("<li>{} {}: ", noted.cell("plan_ref"), noted.cell("indicator"));
    assert!(!before.contains(&head) && after.contains(&head), "{head}");
}

#[tokio::test]
async fn search_needs_no_diacritics_and_goes_straight_to_what_is_named_whole() {
    let (_stand, visit) = visit(Role::Viewer, None).await;
    let find = async |typed: &str| {
        let query = serde_urlencoded::to_string([("q", typed)]).unwrap();
        let answer = visit.get(&format!("/search?{query}")).await;
        (answer.status, answer.header("location").to_owned(), answer.text().to_owned())
    };
    for (typed, to) in [
        ("loc tan", "/communes/loc-tan"),
        ("Phường Minh Hưng", "/communes/minh-hung"),
        ("cds17", "/indicators/CDS-17"),
        ("CDS-17", "/indicators/CDS-17"),
        ("canh bao", "/alerts"),
    ] {
        let (status, went, page) = find(typed).await;
        assert_eq!((status, went.as_str()), (StatusCode::SEE_OTHER, to), "{typed}: {page}");
    }
    let (_, _, page) = find("chu ky so").await;
    has_all(&page, ["Chỉ tiêu", "chữ ký số"]);
    let (_, _, page) = find(HOSTILE).await;
    assert!(page.contains("Không tìm thấy") && !page.contains("<img src=x"), "{page}");
    let (status, part) = visit.look("/search/suggestions?q=TAN").await;
    assert!(status == StatusCode::OK && !part.contains("<html") && part.matches("<a ").count() <= 12, "{part}");
    has_all(&part, ["Tân"]);
    assert!(visit.look("/search/suggestions?q=").await.1.is_empty());
}

#[tokio::test]
async fn a_closed_period_is_shown_as_closed_and_as_it_is_now() {
    let (stand, visit) = visit(Role::Viewer, None).await;
    assert!(sample::close(&*stand.store, "2026-09").await);
    let (_, page) = visit.look("/rankings?period=2026-09").await;
    has_all(&page, ["đã chốt lần 1: số liệu như khi chốt", "Thay đổi sau khi chốt"]);
    let (_, page) = visit.look("/rankings?period=2026-09&revision=present").await;
    has_all(&page, ["đây là số liệu hiện tại"]);
    // The closing that was asked of another month is none of this one.
    assert_eq!(visit.look("/rankings?period=2026-10&revision=1").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_same_question_is_answered_anew_after_a_change() {
    let (stand, visit) = visit(Role::Viewer, None).await;
    let score = async || visit.look("/rankings?as=csv").await.1;
    let before = score().await;
    let batch = sample::batch("loc-tan", 3, LogPosition::START, vec![sample::figure(9, "2026-10", 10_000)]);
    let appended = stand.store.append(crate::store::Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
    stand.site.live.apply(&appended.accepted, &appended.moved).await;
    assert_ne!(before, score().await);
}
