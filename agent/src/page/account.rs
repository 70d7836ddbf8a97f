//! One's own account: the password.

use super::{
    fault::Fault,
    visit::{Clerk, Drawn, field},
};
use crate::store::account::Account;
use axum::{Form, response::Response};
use pages::{
    frame,
    maud::{Markup, html},
    part::{self, Notice, Tone},
    password,
};
use serde::Deserialize;

/// `/account`
pub async fn page(clerk: Clerk) -> Result<Response, Fault> {
    let Some(account) = clerk.account().map(str::to_owned) else { return Err(Fault::NotFound) };
    clerk
        .draw("/account", move |room| {
            let token = room.clerk.form_token();
            let title = room.pick("Tài khoản", "Account");
            Ok(Drawn::new(title, form(room.clerk, &account, &token, &Wrong::default())))
        })
        .await
}

/// What is wrong with the passwords typed.
#[derive(Default)]
struct Wrong {
    current: Option<String>,
    new: Option<String>,
    again: Option<String>,
}

fn form(clerk: &Clerk, account: &str, token: &str, wrong: &Wrong) -> Markup {
    let input =
        |name: &str, complete: &str| html! { input type="password" name=(name) autocomplete=(complete) required; };
    html! {
        div .narrow.card {
            (frame::title(&clerk.name, account, &html! {}))
            form .fields method="post" action="/account" {
                (part::form_token(token))
                input .unseen type="text" name="username" autocomplete="username" value=(account) tabindex="-1" readonly aria-hidden="true";
                (field(clerk.pick("Mật khẩu hiện nay", "Present password"), &input("current", "current-password"), wrong.current.as_deref(), ""))
                (field(clerk.pick("Mật khẩu mới", "New password"), &input("new", "new-password"), wrong.new.as_deref(), clerk.pick("Ít nhất 10 ký tự; một câu ngắn dễ nhớ là tốt.", "At least 10 characters; a short sentence is good.")))
                (field(clerk.pick("Nhập lại mật khẩu mới", "New password again"), &input("again", "new-password"), wrong.again.as_deref(), ""))
                div .actions { button .main { (clerk.pick("Đổi mật khẩu", "Change the password")) } }
            }
        }
    }
}

/// The passwords typed.
#[derive(Deserialize)]
pub struct Passwords {
    form_token: String,
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
}

/// Changes the password; other sessions of the account end.
pub async fn change_password(clerk: Clerk, Form(form_sent): Form<Passwords>) -> Result<Response, Fault> {
    clerk.check(&form_sent.form_token)?;
    let Some(name) = clerk.account().map(str::to_owned) else { return Err(Fault::NotFound) };
    let (desk, now) = (clerk.desk.clone(), clerk.desk.now());
    let asked = name.clone();
    let held = desk.with_store(move |store| Ok(store.view().account(&asked)?)).await?.ok_or(Fault::NotFound)?;
    let key = format!("password {name}");
    let mut wrong = Wrong::default();
    if let Some(wait) = desk.throttle.wait(&[&key], now) {
        let seconds = wait.num_seconds().max(1);
        wrong.current = Some(clerk.pick(
            format!("Thử quá nhiều lần. Hãy đợi {seconds} giây rồi thử lại."),
            format!("Too many tries. Wait {seconds} seconds and try again."),
        ));
    } else if !password::is_right(form_sent.current, Some(held.password.clone())).await {
        desk.throttle.failed(&[&key], now);
        wrong.current =
            Some(clerk.pick("Mật khẩu hiện nay không đúng.", "The present password is not right.").to_owned());
    } else if let Err(weakness) = password::check(&form_sent.new, &name) {
        wrong.new = Some(weakness.explain(clerk.language));
    } else if form_sent.new != form_sent.again {
        wrong.again = Some(clerk.pick("Hai lần nhập không giống nhau.", "The two are not the same.").to_owned());
    } else {
        desk.throttle.succeeded(&[&key]);
        let password = password::hash(form_sent.new).await.map_err(Fault::system)?;
        let own = clerk.key();
        desk.with_store(move |store| {
            store.write(|writing| {
                writing.keep_account(&Account { password, ..held })?;
                writing.end_visits(&name, Some(own))
            })?;
            Ok(())
        })
        .await?;
        let text = clerk.pick(
            "Đã đổi mật khẩu; các phiên khác của tài khoản đã kết thúc.",
            "The password is changed; other sessions have ended.",
        );
        return Ok(clerk.to("/account", Some(Notice::new(Tone::Done, text))));
    }
    clerk
        .draw("/account", move |room| {
            let token = room.clerk.form_token();
            let title = room.pick("Tài khoản", "Account");
            Ok(Drawn::new(title, form(room.clerk, &name, &token, &wrong)).wrong())
        })
        .await
}
