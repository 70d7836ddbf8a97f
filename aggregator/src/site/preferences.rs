//! Language and colours: kept in cookies, for visitors of every page.

use super::Site;
use axum::{
    Form, Router,
    extract::State,
    http::{HeaderMap, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::post,
};
use pages::preference::{Preferences, Theme};
use serde::Deserialize;
use shared::language::Language;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/preferences", post(prefer))
}

#[derive(Deserialize)]
struct Preferred {
    #[serde(default)]
    language: String,
    #[serde(default)]
    theme: String,
    #[serde(default)]
    back: String,
}

async fn prefer(State(_): State<Site>, headers: HeaderMap, Form(form): Form<Preferred>) -> Response {
    let before = Preferences::of(&headers);
    let after = Preferences {
        language: Language::from_word(&form.language).or(before.language),
        theme: Theme::from_word(&form.theme).unwrap_or(before.theme),
    };
    let cookies: Vec<_> = after.cookies(true).into_iter().map(|value| (SET_COOKIE, value)).collect();
    (AppendHeaders(cookies), Redirect::to(own_path(&form.back))).into_response()
}

/// A path of this server; the first page for anything else, so that no link leads elsewhere by way of this server. Browsers leave tabs
/// and line ends out of an address before they read it, so `/<tab>/host` would be another host.
pub(super) fn own_path(path: &str) -> &str {
    let is_own =
        path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control());
    if is_own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_server() {
        for (path, goes_to) in [
            ("/rankings?period=2026-10", "/rankings?period=2026-10"),
            ("//evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("\t//evil.example", "/"),
            ("/\r\n/evil.example", "/"),
            ("/a\u{1}", "/"),
            ("/a\u{7f}", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(path), goes_to);
        }
    }
}
