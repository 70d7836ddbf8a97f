//! The stories of accounts: who is let in, what ends a session, what a token is good for.

use crate::{
    sample::{act, moment},
    store::{Account, AccountChange, ApiToken, AuditQuestion, MAX_SESSIONS_OF_ACCOUNT, Role, Store, WebSession},
};
use chrono::TimeDelta;

pub(super) async fn every(store: &impl Store) {
    an_account_is_made_once_and_its_link_is_used_up(store).await;
    what_changes_an_account_ends_its_sessions(store).await;
    sessions_are_bounded_and_forgotten(store).await;
    a_one_time_code_is_used_once(store).await;
    tokens_are_as_good_as_their_account(store).await;
    the_only_administrator_keeps_the_rights(store).await;
}

fn account(name: &str) -> Account {
    Account {
        name: name.into(),
        person: "Nguyễn Thị Lan".into(),
        role: Role::Reviewer,
        commune: None,
        password: None,
        totp: None,
        totp_step: 0,
        link: Some(([7; 32], moment() + TimeDelta::hours(24))),
        created_at: moment(),
        signed_in_at: None,
        disabled_at: None,
    }
}

fn session(account: &str, number: u8) -> WebSession {
    let at = moment() + TimeDelta::minutes(number.into());
    WebSession { token: [number; 32], account: account.into(), opened_at: at, used_at: at, origin: "10.0.0.5".into() }
}

async fn an_account_is_made_once_and_its_link_is_used_up(store: &impl Store) {
    assert!(store.add_account(account("lan"), act(moment())).await.unwrap());
    assert!(!store.add_account(account("lan"), act(moment())).await.unwrap());
    assert_eq!(store.account_by_link([7; 32]).await.unwrap(), Some(account("lan")));
    assert!(store.change_account("lan", AccountChange::Password("hash".into()), act(moment())).await.unwrap());
    assert_eq!(store.account_by_link([7; 32]).await.unwrap(), None);
    let held = store.account("lan").await.unwrap().unwrap();
    assert_eq!((held.password.as_deref(), held.link), (Some("hash"), None));
    assert!(!store.change_account("nobody", AccountChange::Disabled(true), act(moment())).await.unwrap());
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    let lines = store.audit(AuditQuestion::newest(2)).await.unwrap();
    let seen: Vec<_> = lines.iter().map(|line| (&*line.what, &*line.detail)).collect();
    assert_eq!(seen, [("account_password_set", "lan"), ("account_added", "lan: Nguyễn Thị Lan, reviewer")]);
}

async fn what_changes_an_account_ends_its_sessions(store: &impl Store) {
    for change in [
        AccountChange::Password("another".into()),
        AccountChange::Role(Role::Viewer, Some("tan-phu".into())),
        AccountChange::Totp(Some(vec![1; 20])),
        AccountChange::Link([8; 32], moment()),
        AccountChange::Disabled(true),
        AccountChange::Disabled(false),
    ] {
        store.open_web_session(session("lan", 1), act(moment())).await.unwrap();
        let (held, of) = store.web_session([1; 32]).await.unwrap().unwrap();
        assert_eq!((held, &*of.name), (session("lan", 1), "lan"));
        assert!(store.change_account("lan", change.clone(), act(moment())).await.unwrap());
        assert_eq!(store.web_session([1; 32]).await.unwrap(), None, "{change:?}");
    }
    store.open_web_session(session("lan", 1), act(moment())).await.unwrap();
    store.change_account("lan", AccountChange::Person("Lan".into()), act(moment())).await.unwrap();
    assert!(store.web_session([1; 32]).await.unwrap().is_some());
    assert_eq!(store.end_web_sessions("lan", Some([2; 32]), act(moment())).await.unwrap(), 0);
    assert_eq!(store.end_web_sessions("lan", None, act(moment())).await.unwrap(), 1);
}

async fn sessions_are_bounded_and_forgotten(store: &impl Store) {
    let most = u8::try_from(MAX_SESSIONS_OF_ACCOUNT).unwrap();
    for number in 1..=most + 1 {
        store.open_web_session(session("lan", number), act(moment())).await.unwrap();
    }
    assert_eq!(store.web_session([1; 32]).await.unwrap(), None, "the oldest ended");
    let now = moment() + TimeDelta::minutes(100);
    store.use_web_session([2; 32], now).await.unwrap();
    store.forget_web_sessions(now - TimeDelta::minutes(10), moment()).await.unwrap();
    assert_eq!(store.web_session([2; 32]).await.unwrap().unwrap().0.used_at, now);
    assert_eq!(store.web_session([3; 32]).await.unwrap(), None, "not used for long");
    store.forget_web_sessions(moment(), now).await.unwrap();
    assert_eq!(store.web_session([2; 32]).await.unwrap(), None, "opened long ago");
}

async fn a_one_time_code_is_used_once(store: &impl Store) {
    for (step, is_new) in [(5, true), (5, false), (4, false), (6, true)] {
        assert_eq!(store.change_account("lan", AccountChange::Step(step), act(moment())).await.unwrap(), is_new);
    }
}

async fn tokens_are_as_good_as_their_account(store: &impl Store) {
    let token = ApiToken {
        token: [9; 32],
        label: "bảng điều hành".into(),
        account: "lan".into(),
        created_at: moment(),
        expires_at: moment() + TimeDelta::days(30),
        used_at: None,
    };
    store.add_api_token(token.clone(), act(moment())).await.unwrap();
    store.use_api_token([9; 32], moment()).await.unwrap();
    let (held, of) = store.api_token([9; 32]).await.unwrap().unwrap();
    assert_eq!((held.used_at, held.label, &*of.name), (Some(moment()), token.label, "lan"));
    assert_eq!(store.api_tokens().await.unwrap().len(), 1);
    assert!(store.remove_api_token([9; 32], act(moment())).await.unwrap());
    assert!(!store.remove_api_token([9; 32], act(moment())).await.unwrap());
}

async fn the_only_administrator_keeps_the_rights(store: &impl Store) {
    let administrator = |name: &str| Account { role: Role::Administrator, link: None, ..account(name) };
    for name in ["first", "second"] {
        assert!(store.add_account(administrator(name), act(moment())).await.unwrap());
    }
    let change = async |name: &str, change| store.change_account(name, change, act(moment())).await.unwrap();
    // Nobody can sign in yet, so nobody is the last who can.
    assert!(
        change("second", AccountChange::Disabled(true)).await && change("second", AccountChange::Disabled(false)).await
    );
    assert!(change("first", AccountChange::Password("hash".into())).await);
    for taken in [
        AccountChange::Disabled(true),
        AccountChange::Role(Role::Steward, None),
        AccountChange::Role(Role::Administrator, Some("tan-phu".into())),
    ] {
        assert!(!change("first", taken.clone()).await, "the other one has no password");
        assert!(change("second", taken).await);
        assert!(change("second", AccountChange::Role(Role::Administrator, None)).await);
        assert!(change("second", AccountChange::Disabled(false)).await);
    }
    assert!(change("second", AccountChange::Password("hash".into())).await);
    assert!(change("first", AccountChange::Disabled(true)).await);
    assert!(!change("second", AccountChange::Disabled(true)).await);
}
