//! Styles, scripts and fonts, built into the program: office networks are closed, and nothing is asked of another host.
//!
//! All of them lie under one path that names their content, so a browser may keep them for ever and a style can name a font beside it.
//! Be Vietnam Pro (SIL Open Font License 1.1) and htmx (Zero-Clause BSD): licences beside the files.

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use ring::digest::{Context, SHA256};
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $content_type:literal) => {
        asset!($name, $content_type, $name)
    };
    ($name:literal, $content_type:literal, $file:literal) => {
        Asset { name: $name, content_type: $content_type, bytes: include_bytes!(concat!("../assets/", $file)) }
    };
}

const ASSETS: [Asset; 8] = [
    asset!("look.css", "text/css; charset=utf-8"),
    asset!("behaviour.js", "text/javascript; charset=utf-8"),
    asset!("htmx.js", "text/javascript; charset=utf-8", "htmx-2.0.11.min.js"),
    asset!("emblem.svg", "image/svg+xml"),
    asset!("latin-400.woff2", "font/woff2", "be-vietnam-pro-latin-400.woff2"),
    asset!("latin-600.woff2", "font/woff2", "be-vietnam-pro-latin-600.woff2"),
    asset!("vietnamese-400.woff2", "font/woff2", "be-vietnam-pro-vietnamese-400.woff2"),
    asset!("vietnamese-600.woff2", "font/woff2", "be-vietnam-pro-vietnamese-600.woff2"),
];

/// What names the content of all of them.
static EDITION: LazyLock<String> = LazyLock::new(|| {
    let mut context = Context::new(&SHA256);
    for asset in &ASSETS {
        context.update(asset.bytes);
    }
    context.finish().as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

/// The address of an asset.
#[must_use]
pub fn href(name: &str) -> String {
    format!("/assets/{}/{name}", *EDITION)
}

/// Serves them.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{edition}/{name}", get(asset))
}

async fn asset(Path((edition, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // A page of before an upgrade may still ask: it gets today's, but not to keep.
    let keep = if edition == *EDITION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(asset.content_type)), (CACHE_CONTROL, HeaderValue::from_static(keep))];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    async fn get(path: &str) -> Response {
        let router: Router = router();
        router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn what_the_style_names_is_there_and_is_kept() {
        let style = std::str::from_utf8(ASSETS[0].bytes).unwrap();
        let named: Vec<&str> = style.split("url(").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(named.len() >= 4, "{named:?}");
        for name in named {
            let answer = get(&href(name.trim_matches('"'))).await;
            assert_eq!(answer.status(), StatusCode::OK, "{name}");
            assert!(answer.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        }
    }

    #[tokio::test]
    async fn unknown_names_and_old_editions() {
        assert_eq!(get("/assets/x/nothing.js").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(get("/assets/old/look.css").await.headers()[CACHE_CONTROL], "no-cache");
    }
}
