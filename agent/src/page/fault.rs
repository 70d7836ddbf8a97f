//! What is shown when something does not work: what is wrong and what to do. The log says it in English.

use super::{desk::Desk, incoming::Excess};
use crate::{entry::EntryError, import, store::StoreError};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use pages::{
    frame::Frame,
    maud::{Markup, html},
    part,
    preference::Preferences,
};
use shared::language::Language;
use std::{fmt::Display, sync::Arc};

/// Why there is no page.
#[derive(Debug)]
pub enum Fault {
    /// The store.
    Store(StoreError),
    /// A rule of entry, where no form can show it.
    Entry(EntryError),
    /// There is no such page.
    NotFound,
    /// A form that was not made for this visitor, or long ago.
    Stale,
    /// The request makes no sense.
    Request,
    /// More was sent than is taken.
    TooLarge,
    /// The system.
    System(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<EntryError> for Fault {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::Store(error) => Self::Store(error),
            error => Self::Entry(error),
        }
    }
}

/// What a page of a fault says.
#[derive(Debug, Clone)]
struct Said([(String, String); 2]);

impl Fault {
    /// What the system says.
    pub fn system(error: impl Display) -> Self {
        Self::System(error.to_string())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Store(StoreError::Busy(_)) | Self::Entry(EntryError::NoCatalogue) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::System(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Entry(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Stale => StatusCode::FORBIDDEN,
            Self::Request => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    /// What is wrong and what to do.
    fn words(&self, language: Language) -> (String, String) {
        let told = |vi: (&str, &str), en: (&str, &str)| {
            let (title, advice) = language.pick(vi, en);
            (title.to_owned(), advice.to_owned())
        };
        match self {
            Self::Entry(EntryError::NoCatalogue) => told(
                ("Chưa nhận được danh mục chỉ tiêu", "Mở mục Tình trạng và bấm “Gửi ngay” để nhận danh mục từ tỉnh."),
                (
                    "The catalogue has not arrived yet",
                    "Open Status and press “Send now” to receive it from the province.",
                ),
            ),
            Self::Store(StoreError::NotJoined) => told(
                (
                    "Máy này chưa tham gia hệ thống",
                    "Nhờ người quản lý máy tham gia bằng mã mời của tỉnh, rồi tải lại trang.",
                ),
                (
                    "This computer has not joined yet",
                    "Whoever keeps it has to join with the province's invitation; then reload the page.",
                ),
            ),
            Self::Store(error) => (
                language.pick("Không dùng được kho dữ liệu", "The store cannot be used").to_owned(),
                sentence(&error.explain(language)),
            ),
            Self::Entry(error) => (
                language.pick("Chưa ghi được", "Nothing was recorded").to_owned(),
                sentence(&error.explain_on_page(language)),
            ),
            Self::NotFound => told(
                ("Không có trang này", "Đường dẫn có thể đã cũ. Hãy chọn một mục trong danh sách."),
                ("There is no such page", "The address may be an old one. Choose a section."),
            ),
            Self::Stale => told(
                (
                    "Biểu mẫu đã cũ",
                    "Phiên làm việc đã đổi từ khi mở trang. Hãy quay lại, tải lại trang rồi gửi lần nữa.",
                ),
                (
                    "The form is out of date",
                    "The session has changed since. Go back, reload the page, and send it again.",
                ),
            ),
            Self::Request => told(
                ("Không hiểu yêu cầu này", "Hãy quay lại trang trước và thử lần nữa."),
                ("This request makes no sense", "Go back and try again."),
            ),
            Self::TooLarge => told(
                ("Nội dung gửi quá lớn", "Hãy quay lại, chia làm nhiều lần rồi gửi lại."),
                ("What was sent is too large", "Go back, and send it in several parts."),
            ),
            Self::System(_) => told(
                ("Có lỗi trên máy này", "Số liệu đã lưu vẫn an toàn. Hãy thử lại; nếu vẫn lỗi, khởi động lại dịch vụ."),
                (
                    "Something failed on this computer",
                    "What was stored is safe. Try again; if it stays so, restart the service.",
                ),
            ),
        }
    }
}

/// What a page says while the program does not answer it.
pub fn unreachable(language: Language) -> &'static str {
    language.pick(
        "Không liên lạc được với chương trình trên máy này; chữ vừa gõ chưa được lưu. Cứ để trang mở, trang tự thử lại.",
        "The program on this computer does not answer; what was typed just now is not kept yet. Leave the page open, it tries again.",
    )
}

/// With a capital letter and a full stop.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let capital: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    if capital.ends_with(['.', '!', '?']) { capital } else { capital + "." }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match &self {
            Self::Store(error) => tracing::error!(%error, "a page could not be made"),
            Self::System(error) => tracing::error!(error, "a page could not be made"),
            Self::Entry(error) => tracing::debug!(%error, "a page could not be made"),
            Self::NotFound | Self::Stale | Self::Request | Self::TooLarge => {}
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Said([Language::Vi, Language::En].map(|language| self.words(language))));
        response
    }
}

/// What went wrong with something that is changed in place. Browsers show there only what was answered as good, and say nothing
/// of anything else: the clerk would go on typing and nothing would be kept.
fn in_place(path: &str, title: &str, advice: &str, language: Language) -> Response {
    let is_of_files = path.starts_with("/evidence");
    let lead = match path {
        "/draft" => language.pick("Chưa lưu được chữ vừa gõ. ", "What was just typed is not kept. "),
        _ if is_of_files => language.pick("Chưa gắn gì cả. ", "Nothing was attached. "),
        _ => "",
    };
    let told = html! { p .told.fault role="alert" { strong { (lead) } (sentence(title)) " " (advice) } };
    let mut response = told.into_response();
    if is_of_files {
        // The files that are there already, and the place for others, stay.
        response.headers_mut().insert("hx-reswap", HeaderValue::from_static("afterbegin"));
    }
    response
}

/// Draws what went wrong, also where a request was refused before a page was asked.
pub async fn drawn(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let preferences = Preferences::of(request.headers());
    let here = request.uri().path().to_owned();
    let is_in_place = request.headers().contains_key("hx-request");
    let answer = next.run(request).await;
    let is_page =
        |headers: &HeaderMap| headers.get(CONTENT_TYPE).is_some_and(|of| of.as_bytes().starts_with(b"text/html"));
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) || is_page(answer.headers()) {
        return answer;
    }
    let language = preferences.language.unwrap_or(desk.language);
    let (title, advice) = match answer.extensions().get::<Said>() {
        _ if status == StatusCode::PAYLOAD_TOO_LARGE && matches!(here.as_str(), "/evidence" | "/excel") => {
            let most = if here == "/excel" { import::MAX_FILE_BYTES } else { desk.config.evidence_max_file_bytes };
            (language.pick("Tệp quá lớn", "The file is too large").to_owned(), Excess::Bytes.explain(most, language))
        }
        Some(Said(said)) if status != StatusCode::PAYLOAD_TOO_LARGE => language.pick(&said[0], &said[1]).clone(),
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge.words(language),
        _ => Fault::Request.words(language),
    };
    if is_in_place {
        return in_place(&here, &title, &advice, language);
    }
    let frame = Frame {
        language,
        theme: preferences.theme,
        place: language.pick("Trang của xã", "The commune's page").to_owned(),
        exercise: false,
        groups: Vec::new(),
        here,
        visitor: None,
        form_token: String::new(),
        searches: false,
        notices: Vec::new(),
        unreachable: unreachable(language),
        version: env!("CARGO_PKG_VERSION"),
    };
    let body = html! {
        div .card { (part::empty(&title, &advice)) p .centre { a .button href="/" { (language.pick("Về trang đầu", "To the first page")) } } }
    };
    let page: Markup = frame.page(&title, &body);
    let mut drawn = (status, page).into_response();
    for (name, value) in answer.headers() {
        if name != CONTENT_TYPE && name != axum::http::header::CONTENT_LENGTH {
            drawn.headers_mut().insert(name.clone(), value.clone());
        }
    }
    drawn
}
