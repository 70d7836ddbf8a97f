//! What goes wrong, as RFC 9457 has it: a code for programs, words for people, and nothing of the inside.

use super::{ROOT, caller::language};
use crate::{
    notice::Unsettled,
    report::{asking::AskingError, question::AskError},
    site::Site,
    store::StoreError,
};
use axum::{
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use serde_json::json;
use shared::language::Language;

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request carries no token.
    NoToken,
    /// There is no such token.
    WrongToken,
    /// The token was good until some day.
    ExpiredToken,
    /// The account of the token is disabled.
    DisabledAccount,
    /// Too many wrong tokens came from this address.
    TooManyTries,
    /// The account may not.
    Forbidden,
    /// There is no such resource, commune, indicator or closing.
    NotFound,
    /// The resource is not asked this way.
    WrongMethod,
    /// A parameter cannot be used.
    BadParameter,
    /// The body is no JSON object.
    NoJson,
    /// The body is too large.
    TooLarge,
    /// A field of the body cannot be used.
    Unusable,
    /// The list changed between two of its pages.
    Changed,
    /// The figure has a newer version.
    Outdated,
    /// The version was decided otherwise before.
    Decided,
    /// The period is not in the state that this needs.
    PeriodState,
    /// The store does not answer.
    Unavailable,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 17] = [
        Fault::NoToken,
        Fault::WrongToken,
        Fault::ExpiredToken,
        Fault::DisabledAccount,
        Fault::TooManyTries,
        Fault::Forbidden,
        Fault::NotFound,
        Fault::WrongMethod,
        Fault::BadParameter,
        Fault::NoJson,
        Fault::TooLarge,
        Fault::Unusable,
        Fault::Changed,
        Fault::Outdated,
        Fault::Decided,
        Fault::PeriodState,
        Fault::Unavailable,
    ];

    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Fault::NoToken | Fault::WrongToken | Fault::ExpiredToken | Fault::DisabledAccount => {
                StatusCode::UNAUTHORIZED
            }
            Fault::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
            Fault::Forbidden => StatusCode::FORBIDDEN,
            Fault::NotFound => StatusCode::NOT_FOUND,
            Fault::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Fault::BadParameter => StatusCode::BAD_REQUEST,
            Fault::NoJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::Unusable => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::Changed | Fault::Outdated | Fault::Decided | Fault::PeriodState => StatusCode::CONFLICT,
            Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The word for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Fault::NoToken => "no_token",
            Fault::WrongToken => "wrong_token",
            Fault::ExpiredToken => "expired_token",
            Fault::DisabledAccount => "disabled_account",
            Fault::TooManyTries => "too_many_tries",
            Fault::Forbidden => "forbidden",
            Fault::NotFound => "not_found",
            Fault::WrongMethod => "wrong_method",
            Fault::BadParameter => "bad_parameter",
            Fault::NoJson => "no_json",
            Fault::TooLarge => "too_large",
            Fault::Unusable => "unusable",
            Fault::Changed => "changed",
            Fault::Outdated => "outdated",
            Fault::Decided => "decided",
            Fault::PeriodState => "period_state",
            Fault::Unavailable => "unavailable",
        }
    }

    /// In words.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        let (vi, en) = match self {
            Fault::NoToken => {
                ("Thiếu khóa API (Authorization: Bearer …)", "No token was sent (Authorization: Bearer …)")
            }
            Fault::WrongToken => ("Khóa API không đúng hoặc đã kết thúc", "The token is wrong or was ended"),
            Fault::ExpiredToken => ("Khóa API đã hết hạn", "The token has expired"),
            Fault::DisabledAccount => ("Tài khoản của khóa đã bị khóa", "The account of the token is disabled"),
            Fault::TooManyTries => ("Đã thử khóa sai quá nhiều lần", "Too many wrong tokens"),
            Fault::Forbidden => ("Tài khoản không có quyền", "The account may not do this"),
            Fault::NotFound => ("Không tìm thấy", "Not found"),
            Fault::WrongMethod => ("Phương thức không dùng được ở đây", "This method is not allowed here"),
            Fault::BadParameter => ("Tham số không dùng được", "A parameter cannot be used"),
            Fault::NoJson => ("Nội dung phải là một đối tượng JSON", "The body must be a JSON object"),
            Fault::TooLarge => ("Nội dung quá lớn", "The body is too large"),
            Fault::Unusable => ("Nội dung không dùng được", "What was sent cannot be used"),
            Fault::Changed => {
                ("Danh sách đã thay đổi, hãy đọc lại từ đầu", "The list has changed, read it again from its beginning")
            }
            Fault::Outdated => ("Xã đã báo cáo phiên bản mới hơn", "A newer version was reported"),
            Fault::Decided => ("Phiên bản này đã được thẩm định khác", "This version was decided otherwise"),
            Fault::PeriodState => ("Tình trạng của kỳ không cho phép", "The state of the period does not allow it"),
            Fault::Unavailable => ("Máy chủ chưa trả lời được", "The server cannot answer now"),
        };
        language.pick(vi, en)
    }

    /// Of an answer that the router or a layer made by itself.
    fn of(status: StatusCode) -> Self {
        let known = Fault::ALL.into_iter().find(|fault| fault.status() == status);
        known.unwrap_or(if status.is_server_error() { Fault::Unavailable } else { Fault::BadParameter })
    }
}

/// A request that is not answered, and why, in the caller's language.
#[derive(Debug, Clone)]
pub struct Problem {
    fault: Fault,
    detail: String,
    wait: Option<TimeDelta>,
}

impl Problem {
    /// With words on this one occurrence; they may be empty.
    #[must_use]
    pub fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into(), wait: None }
    }

    /// To be tried again after some time.
    #[must_use]
    pub fn after(self, wait: TimeDelta) -> Self {
        Self { wait: Some(wait), ..self }
    }

    /// From a question that was not answered.
    #[must_use]
    pub fn of(error: AskingError, language: Language) -> Self {
        match error {
            AskingError::Ask(error) => Self::asked(&error, language),
            AskingError::Store(error) => error.into(),
            AskingError::Figures(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the API could not answer");
                Self::new(Fault::Unavailable, "")
            }
        }
    }

    /// From a question about something that does not exist, or that cannot be read.
    #[must_use]
    pub fn asked(error: &AskError, language: Language) -> Self {
        let fault = match error {
            AskError::Commune(_)
            | AskError::NoTargets(_)
            | AskError::UnknownIndicator(_)
            | AskError::UnknownGroup(..)
            | AskError::NoRevision(..)
            | AskError::NoSnapshot(_)
            | AskError::BadSnapshot(..) => Fault::NotFound,
            AskError::OutsidePlanYear(..)
            | AskError::Supposition(_)
            | AskError::NoTarget(..)
            | AskError::Refused(_)
            | AskError::NothingToReturn(_)
            | AskError::UnknownWord(..) => Fault::BadParameter,
        };
        Self::new(fault, error.explain(language))
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the API could not answer");
        Self::new(Fault::Unavailable, "")
    }
}

impl From<Unsettled> for Problem {
    fn from(_: Unsettled) -> Self {
        Self::new(Fault::Unavailable, "")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.fault.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Puts every failure into its form, also what the router refuses by itself.
pub(super) async fn drawn(State(site): State<Site>, request: Request, next: Next) -> Response {
    let language = language(request.headers(), site.language);
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = response.extensions().get::<Problem>().cloned();
    let Problem { fault, detail, wait } = problem.unwrap_or_else(|| Problem::new(Fault::of(status), ""));
    let mut body = json!({
        "type": format!("{}#{}", ROOT.trim_end_matches("/v1"), fault.code()),
        "title": fault.title(language),
        "status": fault.status().as_u16(),
        "code": fault.code(),
    });
    if !detail.is_empty() {
        body["detail"] = detail.into();
    }
    let mut answer = (fault.status(), body.to_string()).into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(allow) = response.headers().get("allow") {
        headers.insert("allow", allow.clone());
    }
    if fault.status() == StatusCode::UNAUTHORIZED {
        let how = match fault {
            Fault::NoToken => r#"Bearer realm="Tien Do""#,
            _ => r#"Bearer realm="Tien Do", error="invalid_token""#,
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(how));
    }
    if let Some(wait) = wait {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.num_seconds().unsigned_abs() + 1));
    }
    answer
}
