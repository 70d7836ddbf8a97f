//! People of the province: their accounts are made by the command, their passwords chosen by themselves in the browser.

use crate::browser::Browser;
use system_tests::province::Province;

/// A password that the rules allow.
pub const PASSWORD: &str = "bon con trau trang";

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    /// Of the account.
    pub account: String,
    /// As shown.
    pub name: String,
}

impl Person {
    /// Makes an account with more words for `account add`; the path of the link to choose a password by.
    fn made(province: &Province, account: &str, name: &str, [option, value]: [&str; 2]) -> (Self, String) {
        let said = province.command(["account", "add", account, "--person", name, option, value]).ok();
        let path = said.split("/welcome/").nth(1).expect("a link").split_whitespace().next().unwrap();
        (Self { account: account.to_owned(), name: name.to_owned() }, format!("/welcome/{path}"))
    }

    /// Makes an account of a role and lets the person choose a password, which signs in.
    pub fn welcomed(province: &Province, browser: &Browser, account: &str, role: &str) -> Self {
        Self::named(province, browser, (account, &format!("Bà {account}")), ["--role", role])
    }

    /// The same for somebody with this name, of a role or of a commune (`["--commune", "dinh-quan"]`).
    pub fn named(province: &Province, browser: &Browser, (account, name): (&str, &str), of: [&str; 2]) -> Self {
        let (person, link) = Self::made(province, account, name, of);
        browser.go(&link);
        browser.fill("password", PASSWORD);
        browser.fill("again", PASSWORD);
        browser.click("button", "Đặt mật khẩu và đăng nhập");
        browser.until("to be signed in", |browser| !browser.here().starts_with("/welcome"));
        person
    }

    /// Signs in on the page of that name.
    pub fn signs_in(&self, browser: &Browser, password: &str) {
        browser.fill("Tên tài khoản", &self.account);
        browser.fill("Mật khẩu", password);
        browser.click("button", "Đăng nhập");
    }

    /// Signs out by the menu.
    pub fn signs_out(&self, browser: &Browser) {
        browser.click("button", &self.name);
        browser.click("button", "Đăng xuất");
        browser.arrives_at("/sign-in");
    }
}
