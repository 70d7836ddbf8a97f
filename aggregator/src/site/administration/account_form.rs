//! Adding an account: what is typed, what is wrong with it, and the account that comes of it.

use super::accounts::{listed, told};
use crate::{
    site::{
        Failure, LINK_TIME, Site,
        gate::{Sent, Visitor},
        hall::role_name,
        working::choice::{communes, unfound},
    },
    store::{Account, Role, is_account_name},
};
use axum::{extract::State, response::Response};
use maud::{Markup, html};
use pages::{part, token};
use serde::Deserialize;
use shared::{language::Language, observation::MAX_NAME_CHARS};

/// The word for a commune's leader, where roles are chosen.
const LEADER: &str = "leader";

/// What was typed, and what is wrong with it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    commune: String,
    #[serde(skip)]
    name_fault: Option<String>,
    #[serde(skip)]
    person_fault: Option<String>,
    #[serde(skip)]
    role_fault: Option<String>,
}

impl Typed {
    /// As an account is.
    pub(super) fn of(site: &Site, account: &Account) -> Self {
        let rulebook = site.province.rulebook();
        let name =
            |slug: &String| rulebook.catalogue.commune(slug).map_or_else(|| slug.clone(), |one| one.name.clone());
        let role = if account.commune.is_some() { LEADER } else { account.role.as_str() };
        let commune = account.commune.as_ref().map(name).unwrap_or_default();
        Self { role: role.into(), commune, ..Self::default() }
    }

    pub(super) fn is_faulty(&self) -> bool {
        self.name_fault.is_some() || self.person_fault.is_some() || self.role_fault.is_some()
    }

    /// What the account may do: a role, or the leader of a commune.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn rights(&self, site: &Site, language: Language) -> Result<(Role, Option<String>), String> {
        if self.role != LEADER {
            let role = Role::from_word(&self.role);
            let role = role.ok_or_else(|| language.pick("Chọn quyền.", "Choose a role.").to_owned())?;
            return Ok((role, None));
        }
        let rulebook = site.province.rulebook();
        let commune = rulebook.catalogue.find_commune(&self.commune);
        let commune = commune.map_err(|error| unfound(&error, language))?;
        Ok((Role::Viewer, Some(commune.slug.clone())))
    }
}

/// The select of a role, and the commune of a leader.
pub(super) fn role_fields(site: &Site, typed: &Typed, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let about = |role: Role| match role {
        Role::Viewer => l("chỉ xem", "reads"),
        Role::Reviewer => l("và thẩm định", "and reviews"),
        Role::Steward => l("và kỳ, gia hạn, danh mục", "and periods, exceptions, catalogue"),
        Role::Administrator => l("và tài khoản, kết nối", "and accounts, enrolment"),
    };
    html! {
        label .field.wrong[typed.role_fault.is_some()] {
            span { (l("Quyền", "Role")) }
            select name="role" {
                @for role in Role::ALL {
                    option value=(role.as_str()) selected[typed.role == role.as_str()] { (role_name(role, language)) " – " (about(role)) }
                }
                option value=(LEADER) selected[typed.role == LEADER] { (l("Lãnh đạo một xã – chỉ xem xã mình", "A commune's leader – sees that commune")) }
            }
        }
        label .field.wrong[typed.role_fault.is_some()] {
            span { (l("Xã, phường (chỉ với lãnh đạo xã)", "Commune (for a leader)")) }
            input name="commune" value=(typed.commune) list="communes" maxlength="100" autocomplete="off";
            @if let Some(fault) = &typed.role_fault { span .fault role="alert" { (fault) } }
        }
        (communes(site, "communes"))
    }
}

/// The form for another account.
pub(super) fn form(site: &Site, visitor: &Visitor, typed: &Typed) -> Markup {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        section .card {
            h2 { (l("Thêm tài khoản", "Add an account")) }
            form method="post" action="/accounts" .fields {
                (part::form_token(&visitor.form_token(site)))
                label .field.wrong[typed.name_fault.is_some()] {
                    span { (l("Tên tài khoản", "Account")) }
                    input name="name" value=(typed.name) required minlength="2" maxlength="40" autocapitalize="none" autocomplete="off" spellcheck="false";
                    @match &typed.name_fault {
                        Some(fault) => span .fault role="alert" { (fault) },
                        None => span .hint { (l("chữ thường không dấu, số, . - _", "a-z, 0-9, . - _")) },
                    }
                }
                label .field.wrong[typed.person_fault.is_some()] {
                    span { (l("Họ và tên", "Name")) }
                    input name="person" value=(typed.person) required maxlength=(MAX_NAME_CHARS) autocomplete="off";
                    @match &typed.person_fault {
                        Some(fault) => span .fault role="alert" { (fault) },
                        None => span .hint { (l("hiện trong nhật ký, và cho các xã khi thẩm định", "shown in the audit history, and to communes")) },
                    }
                }
                (role_fields(site, typed, language))
                button .main { (l("Thêm và lấy liên kết", "Add, and get the link")) }
            }
        }
    }
}

/// Adds it, and shows its link once.
pub(super) async fn add(State(site): State<Site>, sent: Sent<Typed>) -> Result<Response, Failure> {
    let Sent { visitor, form: mut typed } = sent;
    visitor.must(Role::Administrator)?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en).to_owned();
    let (name, person) = (typed.name.trim().to_lowercase(), typed.person.trim().to_owned());
    if !is_account_name(&name) {
        typed.name_fault = Some(l(
            "2 đến 40 ký tự: a-z, 0-9, . - _, bắt đầu bằng chữ.",
            "2 to 40 of a-z, 0-9, . - _, beginning with a letter.",
        ));
    }
    if person.is_empty() || person.chars().count() > MAX_NAME_CHARS || person.chars().any(char::is_control) {
        typed.person_fault = Some(l("Ghi họ và tên.", "Write the name."));
    }
    let rights = typed.rights(&site, language);
    let (role, commune) = match rights {
        Ok(rights) if !typed.is_faulty() => rights,
        other => {
            typed.role_fault = other.err();
            return listed(&site, &visitor, &typed).await;
        }
    };
    let (now, secret) = (site.province.clock.real(), token::new_token(&mut site.random()));
    let account = Account {
        name,
        person,
        role,
        commune,
        password: None,
        totp: None,
        totp_step: 0,
        link: Some((token::hash(&secret), now + LINK_TIME)),
        created_at: now,
        signed_in_at: None,
        disabled_at: None,
    };
    if !site.province.store.add_account(account.clone(), visitor.real_act(&site)).await? {
        typed.name_fault = Some(l(
            "Đã có tài khoản tên này, hoặc đã đủ số tài khoản tối đa.",
            "There is one of that name, or as many as there can be.",
        ));
        return listed(&site, &visitor, &typed).await;
    }
    Ok(told(&site, &visitor, &account, &secret))
}
