//! What a form did, told on the page that follows: kept in a cookie until that page is shown.

use crate::{
    cookie::{self, cookie},
    part::{Notice, Tone},
};
use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

const NAME: &str = "tiendo_notice";
const MAX_AGE_SECONDS: u64 = 60;
/// Longest text, in bytes.
const MAX_BYTES: usize = 1_500;

/// A header that keeps a notice for the next page.
#[must_use]
pub fn keep(notice: &Notice, is_secure: bool) -> Option<HeaderValue> {
    let mut text = notice.text.as_str();
    while text.len() > MAX_BYTES {
        text = &text[..text.floor_char_boundary(MAX_BYTES)];
    }
    let value = format!("{}.{}", notice.tone.as_str(), URL_SAFE_NO_PAD.encode(text));
    cookie::set(NAME, &value, MAX_AGE_SECONDS, is_secure)
}

/// The notice that was kept for this page.
#[must_use]
pub fn kept(headers: &HeaderMap) -> Option<Notice> {
    let (tone, text) = cookie(headers, NAME)?.split_once('.')?;
    let tone = [Tone::Done, Tone::Note, Tone::Warning, Tone::Fault].into_iter().find(|known| known.as_str() == tone)?;
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    Some(Notice { tone, text })
}

/// A header that ends it, for the page that shows it.
#[must_use]
pub fn shown(is_secure: bool) -> Option<HeaderValue> {
    cookie::end(NAME, is_secure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::COOKIE;

    #[test]
    fn what_was_kept_is_told() {
        let long = "ố".repeat(2_000);
        for text in ["Đã chấp nhận; 1 số liệu \"mới\"", &long] {
            let header = keep(&Notice::new(Tone::Done, text), true).unwrap();
            let pair = header.to_str().unwrap().split(';').next().unwrap().to_owned();
            let told = kept(&HeaderMap::from_iter([(COOKIE, pair.parse().unwrap())])).unwrap();
            assert_eq!(told.tone, Tone::Done);
            assert!(text.starts_with(&told.text) && !told.text.is_empty());
        }
        assert_eq!(kept(&HeaderMap::from_iter([(COOKIE, "tiendo_notice=done.!!".parse().unwrap())])), None);
    }
}
