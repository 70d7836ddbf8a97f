//! The pages of those who administer, asked through the router.

use crate::{
    sample::{act, moment},
    site::stand::Stand,
    store::{AccountChange, AuditQuestion, Role},
};
use axum::http::StatusCode;
use chrono::TimeDelta;

#[tokio::test]
async fn only_administrators_administer() {
    let stand = Stand::empty().await;
    stand.account("leader", Role::Administrator, Some("dinh-quan")).await;
    stand.account("victim", Role::Viewer, None).await;
    let people = [
        (None, stand.sign_in("leader").await),
        (Some(Role::Viewer), stand.person("vi", Role::Viewer).await),
        (Some(Role::Reviewer), stand.person("re", Role::Reviewer).await),
        (Some(Role::Steward), stand.person("st", Role::Steward).await),
    ];
    let administrator = stand.person("ad", Role::Administrator).await;
    let pages = ["/enrolment", "/enrolment/dinh-quan", "/accounts", "/accounts/victim"];
    let deeds = [
        "/enrolment/dinh-quan/invite",
        "/enrolment/dinh-quan/revoke",
        "/accounts",
        "/accounts/victim/link",
        "/accounts/victim/role",
        "/accounts/victim/state",
        "/accounts/victim/codes",
        "/accounts/victim/sessions",
    ];
    let history = ["/audit", "/audit/verify", "/audit/lines.csv"];
    for (role, person) in &people {
        for path in pages {
            assert_eq!(person.get(path).await.status, StatusCode::FORBIDDEN, "{role:?} {path}");
        }
        for path in history {
            let may = *role == Some(Role::Steward);
            let status = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(person.get(path).await.status, status, "{role:?} {path}");
        }
        for path in deeds {
            assert_eq!(person.post_bare(path, &[]).await.status, StatusCode::BAD_REQUEST, "{role:?} {path}");
            assert_eq!(person.post(path, &[]).await.status, StatusCode::FORBIDDEN, "{role:?} {path}");
        }
    }
    for path in pages.into_iter().chain(history) {
        assert_eq!(administrator.get(path).await.status, StatusCode::OK, "{path}");
    }
    for path in deeds {
        assert_eq!(administrator.post_bare(path, &[]).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    assert!(stand.store.account("victim").await.unwrap().unwrap().link.is_none());
}

#[tokio::test]
async fn somebody_is_always_left_who_administers() {
    let stand = Stand::empty().await;
    let (an, binh) = (stand.person("an", Role::Administrator).await, stand.person("binh", Role::Administrator).await);
    for path in ["/accounts/an/state", "/accounts/an/role", "/accounts/an/link", "/accounts/an/codes"] {
        let refused = an.post(path, &[("state", "disabled"), ("role", "viewer")]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
    }
    // Each takes the other's rights: whoever comes second is not let in any more.
    assert!(an.post("/accounts/binh/state", &[("state", "disabled")]).await.notice().contains("đã khóa"));
    assert_eq!(binh.post("/accounts/an/state", &[("state", "disabled")]).await.status, StatusCode::SEE_OTHER);
    assert!(stand.store.account("an").await.unwrap().unwrap().disabled_at.is_none());
    // Also where both were let in before: the store keeps the last one.
    for change in [
        AccountChange::Disabled(true),
        AccountChange::Role(Role::Steward, None),
        AccountChange::Role(Role::Administrator, Some("tan-phu".into())),
    ] {
        assert!(!stand.store.change_account("an", change, act(moment())).await.unwrap());
    }
    assert!(an.post("/accounts/binh/state", &[("state", "enabled")]).await.notice().contains("đã mở lại"));
    assert!(an.post("/accounts/binh/role", &[("role", "steward")]).await.notice().contains("đã đổi quyền"));
    assert_eq!(stand.store.account("binh").await.unwrap().unwrap().role, Role::Steward);
}

#[tokio::test]
async fn an_account_is_added_and_its_link_is_shown_once() {
    let stand = Stand::empty().await;
    let an = stand.person("an", Role::Administrator).await;
    let good = [("name", "Hoa"), ("person", "Trần Thị Hoa"), ("role", "leader"), ("commune", "dinh quan")];
    for (field, bad, words) in [
        ("name", "h", "2 đến 40 ký tự"),
        ("name", "an", "Đã có tài khoản"),
        ("person", " ", "Ghi họ và tên"),
        ("role", "king", "Chọn quyền"),
        ("commune", "atlantis", "Không có xã"),
    ] {
        let fields: Vec<_> =
            good.iter().map(|(name, value)| (*name, if *name == field { bad } else { *value })).collect();
        let page = an.post("/accounts", &fields).await;
        assert!(
            page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text().contains(words),
            "{field} {bad}: {}",
            page.text()
        );
        let kept = if field == "person" { "Hoa" } else { "Trần Thị Hoa" };
        assert!(page.text().contains(kept), "nothing typed is lost");
    }
    let told = an.post("/accounts", &good).await;
    assert_eq!((told.status, told.header("cache-control")), (StatusCode::OK, "no-store"));
    assert!(told.text().contains("/welcome/"), "{}", told.text());
    let account = stand.store.account("hoa").await.unwrap().unwrap();
    assert_eq!((account.commune.as_deref(), account.password), (Some("dinh-quan"), None));
    let secret = told.text().split("/welcome/").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(stand.store.account_by_link(pages::token::hash(secret)).await.unwrap().unwrap().name, "hoa");
    assert!(!an.get("/accounts/hoa").await.text().contains("/welcome/"));
    let again = an.post("/accounts/hoa/link", &[]).await;
    assert!(again.text().contains("/welcome/") && !again.text().contains(secret));
    assert!(an.get("/accounts").await.text().contains("Lãnh đạo Xã Định Quán"));
    assert_eq!(an.get("/accounts/nobody").await.status, StatusCode::NOT_FOUND);
    let lines = stand.store.audit(AuditQuestion::newest(2)).await.unwrap();
    assert_eq!((lines[0].what.as_str(), lines[0].who.as_str()), ("account_link_made", "Bà an (an)"));
}

#[tokio::test]
async fn a_commune_is_invited_and_shut_out() {
    let stand = Stand::empty().await;
    let an = stand.person("an", Role::Administrator).await;
    let told = an.post("/enrolment/dinh-quan/invite", &[("hours", "24")]).await;
    assert_eq!((told.status, told.header("cache-control")), (StatusCode::OK, "no-store"), "{}", told.text());
    let join = told.text().split("commune-agent join --server ").nth(1).unwrap().split('<').next().unwrap();
    let token = join.split("--token ").nth(1).unwrap().split(' ').next().unwrap();
    let token: crate::token::Token = token.parse().unwrap();
    let invitation = stand.store.invitation(&token.id()).await.unwrap().unwrap();
    assert_eq!((invitation.commune.as_str(), invitation.expires_at), ("dinh-quan", moment() + TimeDelta::hours(24)));
    assert!(!an.get("/enrolment/dinh-quan").await.text().contains("--token"), "it is shown once");
    assert_eq!(an.post("/enrolment/atlantis/invite", &[]).await.status, StatusCode::NOT_FOUND);
    let refused = an.post("/enrolment/dinh-quan/revoke", &[("reason", " ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let nothing = an.post("/enrolment/dinh-quan/revoke", &[("reason", "mất máy")]).await;
    assert!(nothing.notice().contains("không có chứng thư"), "{}", nothing.notice());
    assert!(an.get("/enrolment?state=never&q=DINH+QUAN").await.text().contains("Xã Định Quán"));
}

#[tokio::test]
async fn the_history_is_searched_proved_and_taken_away() {
    let stand = Stand::empty().await;
    let steward = stand.person("st", Role::Steward).await;
    stand.store.note("backed_up", "Định Quán: lũ", act(moment())).await.unwrap();
    let found = steward.get("/audit?q=dinh+quan&from=2026-10-16&until=2026-10-16&what=backed_up").await;
    assert!(found.text().contains("Định Quán: lũ") && !found.text().contains("lập tỉnh</td>"));
    assert!(steward.get("/audit?until=2026-10-15").await.text().contains("Không có dòng nào khớp"));
    assert_eq!(steward.get("/audit?from=yesterday").await.status, StatusCode::BAD_REQUEST);
    let file = steward.get("/audit/lines.csv?what=backed_up").await;
    assert!(file.text().starts_with("number,at,who,what") && file.text().lines().count() == 2, "{}", file.text());
    assert!(file.header("content-disposition").contains("nhat-ky-2026-10-16.csv"));
    let (head, _) = stand.store.verify_audit().await.unwrap();
    let anchor = format!("{}:{}", head.lines, hex::encode(head.chain));
    let proved = steward.get(&format!("/audit/verify?anchor={anchor}")).await;
    assert!(proved.text().contains("Lịch sử nguyên vẹn") && proved.text().contains("Khớp: lịch sử đến dòng đó"));
    let other = steward.get(&format!("/audit/verify?anchor=1:{}", "0".repeat(64))).await;
    assert!(other.text().contains("KHÔNG khớp"));
    assert!(steward.get("/audit/verify?anchor=x").await.text().contains("64 chữ số mười sáu"));
}
