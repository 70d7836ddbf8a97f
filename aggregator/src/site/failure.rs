//! What goes wrong, as a page: in words, with what to do, and nothing of the inside. What only the log may know is logged here.

use super::{Site, gate::Visitor, hall, working::choice};
use crate::{
    notice::Unsettled,
    report::{asking::AskingError, question::AskError},
    store::StoreError,
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use maud::html;
use pages::{
    frame::{self, Frame},
    preference::Preferences,
};
use shared::language::Language;

/// Why a page is not shown.
#[derive(Debug)]
pub enum Failure {
    /// Nobody is signed in; where to go on after signing in.
    SignIn(String),
    /// The page that was meant is another one.
    Elsewhere(String),
    /// The account may not.
    Forbidden,
    /// There is no such page, commune or indicator.
    NotFound(String),
    /// The form does not belong to this session, or is too old.
    Stale,
    /// What was sent cannot be used, and why, in the visitor's language.
    Bad(String),
    /// The store does not answer, or holds what cannot be used.
    Internal,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a page could not be made");
        Failure::Internal
    }
}

impl From<Unsettled> for Failure {
    fn from(_: Unsettled) -> Self {
        Failure::Internal
    }
}

impl Failure {
    /// From a question that was not answered.
    #[must_use]
    pub fn of(error: AskingError, language: Language) -> Self {
        match error {
            AskingError::Ask(error) => Failure::asked(&error, language),
            AskingError::Store(error) => error.into(),
            AskingError::Figures(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a page could not be made");
                Failure::Internal
            }
        }
    }

    /// From a question that has no answer. What was typed wrong is said as such; commands are not spoken of.
    #[must_use]
    pub fn asked(error: &AskError, language: Language) -> Self {
        let (vi, en) = match error {
            AskError::Commune(error) => return Failure::Bad(choice::unfound(error, language)),
            AskError::UnknownWord(..) => return Failure::Bad(choice::capital(&error.explain(language))),
            AskError::UnknownIndicator(code) => {
                (format!("Không có chỉ tiêu “{code}”."), format!("There is no indicator “{code}”."))
            }
            AskError::NoRevision(period, number) => (
                format!("Kỳ {period} không có lần chốt {number}."),
                format!("{period} has no closing of revision {number}."),
            ),
            AskError::NoSnapshot(period) => (
                format!("Kỳ {period} được chốt khi chưa có bản lưu; mở lại rồi chốt lại."),
                format!("{period} was closed before closings were kept: open it again, then close it."),
            ),
            other => return Failure::NotFound(choice::capital(&other.explain(language))),
        };
        Failure::NotFound(language.pick(vi, en))
    }

    fn status(&self) -> StatusCode {
        match self {
            Failure::SignIn(_) | Failure::Elsewhere(_) => StatusCode::SEE_OTHER,
            Failure::Forbidden => StatusCode::FORBIDDEN,
            Failure::NotFound(_) => StatusCode::NOT_FOUND,
            Failure::Stale | Failure::Bad(_) => StatusCode::BAD_REQUEST,
            Failure::Internal => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// What [`drawn`] draws a page from.
#[derive(Debug, Clone)]
struct Undrawn {
    words: String,
    is_stale: bool,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, is_stale) = (self.status(), matches!(self, Failure::Stale));
        let words = match self {
            Failure::SignIn(back) => {
                let back = serde_urlencoded::to_string([("back", back)]).unwrap_or_default();
                return Redirect::to(&format!("/sign-in?{back}")).into_response();
            }
            Failure::Elsewhere(to) => return Redirect::to(&to).into_response(),
            Failure::NotFound(words) | Failure::Bad(words) => words,
            Failure::Forbidden | Failure::Stale | Failure::Internal => String::new(),
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Undrawn { words, is_stale });
        response
    }
}

/// No such page.
pub(super) async fn not_found() -> Failure {
    Failure::NotFound(String::new())
}

/// Draws what went wrong as a page, also what the router refuses by itself (a method, a body that is too large).
pub(super) async fn drawn(State(site): State<Site>, request: Request, next: Next) -> Response {
    let preferences = Preferences::of(request.headers());
    let language = preferences.language.unwrap_or(site.language);
    let is_part = request.headers().contains_key("hx-request") || request.uri().path().starts_with("/assets/");
    let (head, body) = request.into_parts();
    let mut asked = head.clone();
    let response = next.run(Request::from_parts(head, body)).await;
    let status = response.status();
    let is_drawn = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let undrawn = response.extensions().get::<Undrawn>().cloned();
    if is_drawn || is_part || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let is_stale = undrawn.as_ref().is_some_and(|undrawn| undrawn.is_stale);
    let l = |vi, en| language.pick(vi, en);
    let (title, advice) = match status {
        StatusCode::FORBIDDEN => (
            l("Tài khoản không có quyền xem trang này", "Your account may not see this page"),
            l(
                "Nếu công việc cần đến, hãy nhờ quản trị viên của tỉnh cấp quyền.",
                "If your work needs it, ask the province's administrator.",
            ),
        ),
        StatusCode::NOT_FOUND => (
            l("Không tìm thấy", "Not found"),
            l(
                "Địa chỉ không đúng, hoặc mục này không còn. Dùng ô tìm kiếm hoặc về trang đầu.",
                "The address is wrong or the thing is gone. Search, or go to the first page.",
            ),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            l("Tệp hoặc nội dung quá lớn", "Too large"),
            l(
                "Hãy giảm dung lượng rồi gửi lại. Chưa có gì được lưu.",
                "Make it smaller and send it again. Nothing was stored.",
            ),
        ),
        StatusCode::BAD_REQUEST if is_stale => (
            l("Trang đã mở quá lâu", "This page was open for too long"),
            l(
                "Phiên làm việc đã đổi. Quay lại, tải lại trang rồi làm lại; chưa có gì được lưu.",
                "Your session has changed. Go back, reload and do it again; nothing was stored.",
            ),
        ),
        status if status.is_server_error() => (
            l("Máy chủ chưa trả lời được", "The server cannot answer now"),
            l(
                "Hãy thử lại sau ít phút. Nếu vẫn lỗi, báo quản trị viên; số liệu đã nhận không bị mất.",
                "Try again in a few minutes. If it stays so, tell the administrator; nothing received is lost.",
            ),
        ),
        _ => (
            l("Không thực hiện được", "That could not be done"),
            l(
                "Quay lại, kiểm tra những gì đã nhập rồi làm lại. Chưa có gì được lưu.",
                "Go back, check what you entered, and do it again. Nothing was stored.",
            ),
        ),
    };
    let words = undrawn.map(|undrawn| undrawn.words).unwrap_or_default();
    // Whoever is signed in keeps the way to the other pages, unless the store does not answer even that.
    let visitor = Visitor::from_request_parts(&mut asked, &site).await.ok().filter(|_| !status.is_server_error());
    let frame = match visitor {
        Some(visitor) => Frame { notices: Vec::new(), ..visitor.frame(&site) },
        None => hall::empty(&site, preferences, "/"),
    };
    let body = html! {
        div .narrow { div .card {
            (frame::title(title, &words, &html! {}))
            p { (advice) }
            p { a .button href="/" { (l("Về trang đầu", "To the first page")) } }
        } }
    };
    (status, frame.page(title, &body)).into_response()
}
