//! Signing in, one's own account, and what goes wrong, asked through the router.

use super::stand::{Answer, Person, Stand};
use crate::store::Role;
use axum::http::{Method, StatusCode};

async fn viewer() -> (Stand, Person) {
    let stand = Stand::open().await;
    let lan = stand.person("lan", Role::Viewer).await;
    (stand, lan)
}

/// The element with the class `fault` that stands in the field with this name.
fn fault_beside(answer: &Answer, name: &str) -> bool {
    let text = answer.text();
    let labels = text.split("<label").filter(|label| label.contains(&format!("name=\"{name}\"")));
    labels.flat_map(|label| label.split("</label>").next()).any(|label| label.contains("class=\"fault\""))
}

#[tokio::test]
async fn a_session_that_another_host_planted_is_no_session() {
    let (stand, lan) = viewer().await;
    let session = &lan.session;
    for (cookie, status) in [
        (format!("__Host-tiendo_session={session}"), StatusCode::OK),
        (format!("tiendo_session={session}"), StatusCode::SEE_OTHER),
        (format!("tiendo_session=planted; __Host-tiendo_session={session}"), StatusCode::OK),
    ] {
        let answer = stand.ask(Method::GET, "/account", &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, status, "{cookie}");
    }
}

#[tokio::test]
async fn signing_in_leads_to_this_server_alone() {
    let (_stand, lan) = viewer().await;
    for back in ["/%09/evil.example", "//evil.example", "/%0d%0a/evil.example", "/%01", "/%7f", "https://evil.example"]
    {
        let answer = lan.get(&format!("/sign-in?back={back}")).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{back}");
    }
    let answer = lan.get("/sign-in?back=/rankings?period=2026-10").await;
    assert_eq!(answer.header("location"), "/rankings?period=2026-10");
}

#[tokio::test]
async fn a_fault_stands_beside_its_field() {
    let (_stand, lan) = viewer().await;
    let fields = [("present", "wrong"), ("password", "bon con trau trang"), ("again", "bon con trau trang")];
    let answer = lan.post("/account/password", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(fault_beside(&answer, "present") && !fault_beside(&answer, "password"), "{}", answer.text());
    let secret = "00".repeat(20);
    let answer = lan.post("/account/codes", &[("turn", "on"), ("present", "wrong"), ("secret", &secret)]).await;
    assert!(fault_beside(&answer, "present") && !fault_beside(&answer, "code"), "{}", answer.text());
}

#[tokio::test]
async fn whoever_has_to_wait_is_told_so() {
    let (_stand, lan) = viewer().await;
    let fields = [("present", "wrong"), ("password", "x"), ("again", "x")];
    for _ in 0..5 {
        let answer = lan.post("/account/password", &fields).await;
        assert!(answer.text().contains("Mật khẩu hiện tại không đúng."), "{}", answer.text());
    }
    let answer = lan.post("/account/password", &fields).await;
    assert!(answer.text().contains("Hãy chờ") && !answer.text().contains("không đúng."), "{}", answer.text());
}

#[tokio::test]
async fn what_was_typed_wrong_is_said_without_commands() {
    let (_stand, lan) = viewer().await;
    let hostile = "%3Cimg%20src=x%3E";
    for (path, status, words) in [
        (
            format!("/tasks?commune={hostile}"),
            StatusCode::BAD_REQUEST,
            "Không có xã, phường nào tên “&lt;img src=x&gt;”",
        ),
        ("/due?commune=zz".into(), StatusCode::BAD_REQUEST, "Không có xã, phường nào tên “zz”"),
        ("/rankings/compare".into(), StatusCode::BAD_REQUEST, "Chọn một xã, phường."),
        ("/indicators/NOPE".into(), StatusCode::NOT_FOUND, "Không có chỉ tiêu “NOPE”."),
        ("/rankings?group=NOPE".into(), StatusCode::NOT_FOUND, "Không có nhóm"),
        ("/rankings?period=2031-01".into(), StatusCode::NOT_FOUND, "Kỳ 2031-01 nằm ngoài năm kế hoạch 2026"),
    ] {
        let answer = lan.get(&path).await;
        assert_eq!(answer.status, status, "{path}");
        let text = answer.text();
        assert!(text.contains(words) && !text.contains('`') && !text.contains("xem lệnh"), "{path}: {text}");
        assert!(!text.contains("<img src=x"), "{path}");
    }
}

#[tokio::test]
async fn the_overview_leads_on_within_its_period() {
    let (stand, lan) = viewer().await;
    stand.account("hoa", Role::Reviewer, None).await;
    for path in ["/?period=2026-09", "/periods/2026-09"] {
        let answer = lan.get(path).await;
        assert!(!answer.text().contains("href=\"/review"), "a viewer may not review: {path}");
    }
    let answer = stand.sign_in("hoa").await.get("/?period=2026-09").await;
    for href in ["/due?state=missing&amp;period=2026-09", "/alerts?period=2026-09", "/review?period=2026-09"] {
        assert!(answer.text().contains(href), "{href}");
    }
}

#[tokio::test]
async fn a_page_of_a_failure_keeps_the_way_to_the_others() {
    let (stand, lan) = viewer().await;
    for path in ["/nothing", "/due?commune=zz", "/audit"] {
        let answer = lan.get(path).await;
        assert!(answer.status.is_client_error(), "{path}");
        let text = answer.text();
        assert!(text.contains("action=\"/search\"") && text.contains("href=\"/rankings\""), "{path}: {text}");
    }
    let stranger = stand.ask(Method::GET, "/nothing", &[], "").await;
    assert!(!stranger.text().contains("href=\"/rankings\""), "{}", stranger.text());
}

#[tokio::test]
async fn communes_are_found_in_the_order_of_their_names() {
    let (_stand, lan) = viewer().await;
    let answer = lan.get("/search?q=loc").await;
    let text = answer.text();
    let found: Vec<&str> = text
        .split("class=\"finds\"")
        .nth(1)
        .unwrap_or_default()
        .split("</ul>")
        .next()
        .into_iter()
        .flat_map(|list| list.split("</a>"))
        .filter_map(|one| one.rsplit('>').next())
        .filter(|name| name.starts_with("Xã Lộc"))
        .collect();
    let mut sorted = found.clone();
    sorted.sort_by_cached_key(|name| shared::vietnamese::sort_key(name));
    assert!(found.len() > 1, "{text}");
    assert_eq!(found, sorted);
}

#[tokio::test]
async fn a_form_is_taken_with_the_token_of_its_session_alone() {
    let (_stand, lan) = viewer().await;
    assert_eq!(
        lan.post_bare("/account/sign-out-everywhere", &[("form_token", "x")]).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(lan.get("/rankings").await.status, StatusCode::OK);
    assert_eq!(lan.post("/account/sign-out-everywhere", &[]).await.goes_to(), "/sign-in");
    assert_eq!(lan.get("/rankings").await.status, StatusCode::SEE_OTHER);
}
