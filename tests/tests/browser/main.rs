//! Stories through the pages in a real browser against real processes. One binary, so that it links once.
//!
//! | file | noun |
//! | --- | --- |
//! | `wire` | chromedriver: a process of its own, spoken to in the WebDriver protocol over loopback |
//! | `browser` | a headless Chromium: what it shows, its console, every request it made |
//! | `page` | what a visitor does: open, click, fill, read, wait |
//! | `axe` | accessibility, judged by axe-core |
//! | `staff` | people of the province: accounts, passwords, signing in |
//! | `clerk` | a clerk of a commune: the agent's service, and a browser on its page |
//! | `signing`, `guards`, `overview`, `programs`, `hostile` | the stories: the province's pages |
//! | `commune`, `review`, `closing`, `excel` | the stories: a figure from a clerk's keyboard to the ranking |
//! | `every` | every page of both faces, on a desk and on a phone |
//!
//! How to add a story: a file here with `#[test]` functions. Found a [`system_tests::province::Province`], `serve` it, let somebody
//! [`staff::Person::welcomed`] in, and go on with the methods of [`browser::Browser`]. Elements are found as people find them, by role and
//! words ([`browser::Browser::click`], [`browser::Browser::fill`]); nothing sleeps, everything waits for a condition with a deadline
//! ([`browser::Browser::until`]). End with [`browser::Browser::quiet`]: no error in the console, no request to another host; and look at each
//! new page once with [`browser::Browser::is_accessible`].
//!
//! Needed: `chromium` and `chromedriver` (Debian: chromium, chromium-driver), which `tests/run` installs.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod axe;
mod browser;
mod clerk;
mod closing;
mod commune;
mod every;
mod excel;
mod guards;
mod hostile;
mod overview;
mod page;
mod programs;
mod review;
mod signing;
mod staff;
mod wire;
