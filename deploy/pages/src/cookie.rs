//! Cookies: always `HttpOnly` and `SameSite=Lax`, `Secure` and with the prefix `__Host-` where the connection is encrypted.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

/// Most bytes of cookies that are looked at.
const MAX_BYTES: usize = 8 * 1024;

/// What begins the name of a cookie that no other host and no plain connection can set.
const OWN: &str = "__Host-";

/// The value of a cookie, by the name it was [`set`] under; the one that only this host can have set goes first.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    own_cookie(headers, name).or_else(|| sent(headers, |key| key == name))
}

/// The value of a cookie that was [`set`] over an encrypted connection by this host itself. A session is taken from no other one: a
/// neighbour under the same domain could plant its own session in a browser.
#[must_use]
pub fn own_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    sent(headers, |key| key.strip_prefix(OWN) == Some(name))
}

fn sent(headers: &HeaderMap, is_meant: impl Fn(&str) -> bool) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = pairs.filter(|line| line.len() <= MAX_BYTES).flat_map(|line| line.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(key, _)| is_meant(key)).map(|(_, value)| value)
}

/// A header that sets a cookie for so long; none when name or value cannot stand in one.
#[must_use]
pub fn set(name: &str, value: &str, max_age_seconds: u64, is_secure: bool) -> Option<HeaderValue> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !plain(name) || !plain(value) {
        return None;
    }
    let (prefix, secure) = if is_secure { (OWN, "; Secure") } else { ("", "") };
    let text = format!("{prefix}{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

/// A header that ends a cookie.
#[must_use]
pub fn end(name: &str, is_secure: bool) -> Option<HeaderValue> {
    set(name, "", 0, is_secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn what_is_set_is_read() {
        for secure in [false, true] {
            let header = set("visit", "abc-_.9", 60, secure).unwrap();
            let text = header.to_str().unwrap();
            assert!(text.contains("HttpOnly") && text.contains("SameSite=Lax"));
            assert_eq!(text.contains("; Secure"), secure);
            let pair = text.split(';').next().unwrap();
            assert_eq!(cookie(&headers(&format!("other=1; {pair}")), "visit"), Some("abc-_.9"));
        }
        assert_eq!(cookie(&headers("visited=1"), "visit"), None);
    }

    #[test]
    fn a_planted_cookie_gives_way() {
        let both = headers("visit=planted; __Host-visit=own");
        assert_eq!(cookie(&both, "visit"), Some("own"));
        assert_eq!(own_cookie(&both, "visit"), Some("own"));
        let planted = headers("visit=planted");
        assert_eq!(cookie(&planted, "visit"), Some("planted"));
        assert_eq!(own_cookie(&planted, "visit"), None);
    }

    #[test]
    fn nothing_can_be_smuggled_into_a_header() {
        assert!(set("visit", "a; Domain=x", 1, true).is_none());
        assert!(set("visit\r\n", "a", 1, true).is_none());
    }
}
