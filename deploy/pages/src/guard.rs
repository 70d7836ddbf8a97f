//! What every answer carries and what is refused before a page is asked.
//!
//! The policy allows nothing but this host's own files and no inline script or style, so that even a text that escaped escaping could
//! not run. A request that changes something must come from a page of this host; on loopback the host's name is checked too, so that a
//! foreign page cannot reach it under a name of its own (DNS rebinding).

use crate::{
    frame::{self, Frame},
    preference::Preferences,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use maud::html;
use shared::language::Language;
use std::{sync::Arc, time::Duration};
use tower_http::{
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
    timeout::RequestBodyTimeoutLayer,
};

/// Largest form, in bytes; what takes files says so itself.
pub const MAX_FORM_BYTES: usize = 256 * 1024;
/// Longest pause within the body of a request.
const BODY_PAUSE: Duration = Duration::from_secs(30);
/// Oldest promise to come encrypted only, in seconds: half a year.
const HSTS: &str = "max-age=15552000";

/// What pages may load and do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What a file of a commune, shown within a page, may do: nothing but be shown here.
pub const FILE_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// How a program's pages are reached.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Over TLS.
    pub is_secure: bool,
    /// The only names (without port) under which the pages are asked; any name where there are none.
    pub hosts: Vec<String>,
    /// Of the words of a refusal, where the visitor has chosen none.
    pub language: Language,
    /// The beginning of paths that are asked with a token in a header instead of a cookie, which no foreign page can do.
    pub token_paths: &'static str,
}

impl Guard {
    /// Puts the guard before a router. Bodies are bounded to [`MAX_FORM_BYTES`] unless a route allows more.
    pub fn before(self, router: Router) -> Router {
        let not_packed =
            DefaultPredicate::new().and(NotForContentType::new("font/")).and(NotForContentType::new("application/"));
        router
            .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
            .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
            .layer(CompressionLayer::new().compress_when(not_packed))
            .layer(from_fn_with_state(Arc::new(self), guarded))
    }

    /// Why a request is not let through.
    fn refusal(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Refusal> {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if !self.hosts.is_empty() && !self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name_of(host))) {
            return Some(Refusal::Host);
        }
        if method.is_safe() || path.starts_with(self.token_paths) {
            return None;
        }
        let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        let is_own = match (site, origin) {
            (Some(site), _) if site != "same-origin" => false,
            (_, Some(origin)) => origin.split_once("://").is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(host)),
            (Some(_), None) => true,
            (None, None) => false,
        };
        (!is_own).then_some(Refusal::Origin)
    }
}

/// Why a request is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It asks for a host that is not served here.
    Host,
    /// It changes something and does not come from a page of this host.
    Origin,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Refusal::Host => StatusCode::MISDIRECTED_REQUEST,
            Refusal::Origin => StatusCode::FORBIDDEN,
        }
    }

    /// What is wrong and what to do.
    fn words(self, language: Language) -> (&'static str, &'static str) {
        match self {
            Refusal::Host => language.pick(
                (
                    "Địa chỉ này không phải của chương trình",
                    "Hãy mở trang bằng đúng địa chỉ mà chương trình cho biết khi khởi động, ví dụ http://127.0.0.1:8057.",
                ),
                (
                    "This address is not the program's",
                    "Open the page by the address that the program prints when it starts, such as http://127.0.0.1:8057.",
                ),
            ),
            Refusal::Origin => language.pick(
                (
                    "Yêu cầu không đến từ trang của chương trình này",
                    "Chưa có gì được lưu. Hãy mở trang của chương trình, tải lại rồi làm lại từ đó.",
                ),
                (
                    "The request does not come from a page of this program",
                    "Nothing was stored. Open the program's own page, reload it, and do it again from there.",
                ),
            ),
        }
    }

    /// The refusal as a page; of what is changed in place, its words alone.
    fn drawn(self, guard: &Guard, headers: &HeaderMap) -> Response {
        let preferences = Preferences::of(headers);
        let language = preferences.language.unwrap_or(guard.language);
        let (title, advice) = self.words(language);
        if headers.contains_key("hx-request") {
            return (self.status(), format!("{title}. {advice}")).into_response();
        }
        let frame = Frame {
            language,
            theme: preferences.theme,
            place: String::new(),
            exercise: false,
            groups: Vec::new(),
            here: "/".to_owned(),
            visitor: None,
            form_token: String::new(),
            searches: false,
            notices: Vec::new(),
            unreachable: "",
            version: env!("CARGO_PKG_VERSION"),
        };
        let body = html! {
            div .narrow { div .card {
                (frame::title(title, "", &html! {}))
                p { (advice) }
                @if self == Refusal::Origin { p { a .button href="/" { (language.pick("Về trang đầu", "To the first page")) } } }
            } }
        };
        (self.status(), frame.page(title, &body)).into_response()
    }
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

async fn guarded(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    // HTTP/2 carries the host in the address.
    if let Some(host) = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
        request.headers_mut().entry(HOST).or_insert(host);
    }
    let refusal = guard.refusal(request.method(), request.uri().path(), request.headers());
    let mut response = match refusal {
        Some(refusal) => refusal.drawn(&guard, request.headers()),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    say(CONTENT_SECURITY_POLICY, POLICY);
    say(X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(REFERRER_POLICY, "same-origin");
    say(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    say(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    say(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=()");
    say(CACHE_CONTROL, "private, no-cache");
    if headers[CONTENT_SECURITY_POLICY] == POLICY {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if guard.is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        body::{Body, to_bytes},
        routing::{get, post},
    };
    use tower::ServiceExt;

    fn guard(hosts: &[&str]) -> Router {
        let routes = Router::new()
            .route("/", get(|| async { "page" }))
            .route("/do", post(|body: String| async move { body }))
            .route("/api/do", post(|| async { "done" }));
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Guard { is_secure: true, hosts, language: Language::Vi, token_paths: "/api/" }.before(routes)
    }

    async fn answer(router: Router, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn every_answer_carries_the_policy() {
        for path in ["/", "/nothing"] {
            let answer = answer(guard(&[]), Method::GET, path, &[("host", "a")], "").await;
            let headers = answer.headers();
            assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
            assert!(!headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("unsafe"));
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(headers[X_FRAME_OPTIONS], "DENY");
            assert_eq!(headers[STRICT_TRANSPORT_SECURITY], HSTS);
        }
    }

    #[tokio::test]
    async fn only_own_pages_change_something() {
        let cases: [(&[(&str, &str)], StatusCode); 7] = [
            (&[("origin", "https://a:8444")], StatusCode::OK),
            (&[("origin", "https://a:8444"), ("sec-fetch-site", "same-origin")], StatusCode::OK),
            (&[("sec-fetch-site", "same-origin")], StatusCode::OK),
            (&[("origin", "https://b")], StatusCode::FORBIDDEN),
            (&[("origin", "https://a:8444"), ("sec-fetch-site", "same-site")], StatusCode::FORBIDDEN),
            (&[("origin", "null")], StatusCode::FORBIDDEN),
            (&[], StatusCode::FORBIDDEN),
        ];
        for (headers, status) in cases {
            let headers = [&[("host", "a:8444")], headers].concat();
            assert_eq!(answer(guard(&[]), Method::POST, "/do", &headers, "").await.status(), status, "{headers:?}");
        }
        assert_eq!(answer(guard(&[]), Method::POST, "/api/do", &[("host", "a")], "").await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_refusal_is_said_in_the_visitors_language() {
        let said = async |headers: &[(&str, &str)]| {
            let answer = answer(guard(&["a"]), Method::POST, "/do", headers, "").await;
            assert!(answer.headers().contains_key(CONTENT_SECURITY_POLICY));
            String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
        };
        let page = said(&[("host", "a"), ("origin", "https://b")]).await;
        assert!(
            page.contains("<h1>Yêu cầu không đến từ trang của chương trình này") && page.contains("look"),
            "{page}"
        );
        let page = said(&[("host", "a"), ("origin", "https://b"), ("cookie", "tiendo_lang=en")]).await;
        assert!(page.contains("<h1>The request does not come from a page of this program"), "{page}");
        assert!(said(&[("host", "b")]).await.contains("<h1>Địa chỉ này không phải của chương trình"));
        let words = said(&[("host", "a"), ("origin", "https://b"), ("hx-request", "true")]).await;
        assert!(words.starts_with("Yêu cầu không đến") && !words.contains('<'), "{words}");
    }

    #[tokio::test]
    async fn foreign_names_and_large_bodies_are_refused() {
        for (host, status) in [
            ("localhost:8057", StatusCode::OK),
            ("[::1]:8057", StatusCode::OK),
            ("rebound.example:8057", StatusCode::MISDIRECTED_REQUEST),
            ("", StatusCode::MISDIRECTED_REQUEST),
        ] {
            let answer = answer(guard(&["localhost", "[::1]"]), Method::GET, "/", &[("host", host)], "").await;
            assert_eq!(answer.status(), status, "{host}");
        }
        let own = [("host", "a"), ("origin", "https://a")];
        let large = "x".repeat(MAX_FORM_BYTES + 1);
        let answer = answer(guard(&[]), Method::POST, "/do", &own, &large).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
