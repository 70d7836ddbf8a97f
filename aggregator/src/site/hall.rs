//! The frame around the pages: who looks, what they may go to, what happened just now.

use super::{Site, gate::Visitor};
use crate::store::Role;
use pages::{
    frame::{Frame, Group, Link, Visitor as Shown},
    preference::Preferences,
};
use shared::language::Language;

/// A role in words.
#[must_use]
pub fn role_name(role: Role, language: Language) -> &'static str {
    match role {
        Role::Viewer => language.pick("Người xem", "Viewer"),
        Role::Reviewer => language.pick("Người thẩm định", "Reviewer"),
        Role::Steward => language.pick("Người điều hành kỳ báo cáo", "Steward"),
        Role::Administrator => language.pick("Quản trị viên", "Administrator"),
    }
}

/// The frame of a page before signing in, or of a failure.
pub(super) fn empty(site: &Site, preferences: Preferences, here: &str) -> Frame {
    let province = site.province.rulebook();
    let language = preferences.language.unwrap_or(site.language);
    Frame {
        language,
        theme: preferences.theme,
        place: province.catalogue.province.name.clone(),
        exercise: site.province.exercise,
        groups: Vec::new(),
        here: here.to_owned(),
        visitor: None,
        form_token: String::new(),
        searches: false,
        notices: Vec::new(),
        unreachable: language.pick(
            "Mất kết nối với máy chủ của tỉnh; trang này có thể đã cũ, những gì vừa nhập chưa được lưu. Trang tự thử lại.",
            "The province's server does not answer; this page may be old, and what was just entered is not kept. It tries again.",
        ),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The frame of a page for a visitor.
pub(super) fn frame(site: &Site, visitor: &Visitor) -> Frame {
    let language = visitor.language;
    let account = &visitor.account;
    Frame {
        language,
        groups: if account.commune.is_some() { leader_links(visitor) } else { links(site, visitor) },
        visitor: Some(Shown {
            name: account.person.clone(),
            role: role_name(account.role, language).to_owned(),
            signed_in: true,
        }),
        form_token: visitor.form_token(site),
        searches: account.commune.is_none(),
        notices: visitor.notice.clone().into_iter().collect(),
        ..empty(site, visitor.preferences, &visitor.here)
    }
}

fn leader_links(visitor: &Visitor) -> Vec<Group> {
    let commune = visitor.account.commune.as_deref().unwrap_or_default();
    let link = Link::new(&format!("/communes/{commune}"), visitor.language.pick("Xã của tôi", "My commune"));
    vec![Group { heading: String::new(), links: vec![link] }]
}

fn links(site: &Site, visitor: &Visitor) -> Vec<Group> {
    let l = |vi: &'static str, en: &'static str| visitor.language.pick(vi, en);
    let group = |heading: &str, links: Vec<Link>| Group { heading: heading.to_owned(), links };
    let link = |href: &str, vi: &'static str, en: &'static str| Link::new(href, l(vi, en));
    let review = Link { count: site.pulse.waiting(), ..link("/review", "Thẩm định", "Review") };
    let reviews = [review, link("/checks", "Cần xem lại", "To look at")];
    let exceptions = link("/exceptions", "Gia hạn", "Exceptions");
    let mut work = Vec::new();
    work.extend(visitor.may(Role::Reviewer).then_some(reviews).into_iter().flatten());
    work.push(link("/periods", "Kỳ báo cáo", "Periods"));
    work.extend(visitor.may(Role::Steward).then_some(exceptions));
    work.push(link("/catalogue", "Danh mục", "Catalogue"));
    work.push(link("/reports", "Báo cáo, xuất số liệu", "Reports, exports"));
    let mut groups = vec![
        group("", vec![link("/", "Tổng quan", "Overview")]),
        group(
            l("Theo dõi", "Follow"),
            vec![
                link("/rankings", "Xếp hạng", "Ranking"),
                link("/heat-map", "Bản đồ nhiệt", "Heat map"),
                link("/trends", "Phân bố, diễn biến", "Distribution, trend"),
                link("/communes", "Xã, phường", "Communes"),
                link("/indicators", "Chỉ tiêu", "Indicators"),
                link("/tasks", "Nhiệm vụ", "Tasks"),
                link("/alerts", "Cảnh báo", "Alerts"),
                link("/due", "Đến hạn", "Due"),
            ],
        ),
        group(l("Công việc", "Work"), work),
    ];
    let mut administration = Vec::new();
    if visitor.may(Role::Administrator) {
        administration.push(link("/enrolment", "Kết nối của các xã", "Enrolment"));
        administration.push(link("/accounts", "Tài khoản", "Accounts"));
        administration.push(link("/tokens", "Khóa API", "API tokens"));
    }
    if visitor.may(Role::Steward) {
        administration.push(link("/audit", "Nhật ký", "Audit"));
        groups.push(group(l("Quản trị", "Administration"), administration));
    }
    groups
}
