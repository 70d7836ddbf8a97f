//! Random tokens, what is kept of them, and the tokens of forms.
//!
//! Of a token only its SHA-256 is kept, so that a copied store lets nobody in. A form's token proves that the form was made for the
//! session that sends it; it needs no place to be kept, is another one in each page (so that compressing a page tells nothing), and
//! stays good as long as its session.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore;
use ring::hmac;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;
/// Bytes that make each form's token another one.
const NONCE_BYTES: usize = 16;
/// What the MAC of a form begins with, so that it is good for nothing else.
const FORM: &[u8] = b"tiendo form 1";

/// A new token, as text that can stand in a cookie, a header or an address.
#[must_use]
pub fn new_token(random: &mut dyn RngCore) -> String {
    let mut bytes = [0; TOKEN_BYTES];
    random.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of a token.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of a form in a page of the session with this token.
#[must_use]
pub fn form_token(session: &str, random: &mut dyn RngCore) -> String {
    let mut nonce = [0; NONCE_BYTES];
    random.fill_bytes(&mut nonce);
    let mut whole = nonce.to_vec();
    whole.extend(mac(session, &nonce));
    URL_SAFE_NO_PAD.encode(whole)
}

/// Whether a form was made for the session with this token.
#[must_use]
pub fn is_form_token(session: &str, token: &str) -> bool {
    let Ok(whole) = URL_SAFE_NO_PAD.decode(token) else { return false };
    let Some((nonce, sent)) = whole.split_at_checked(NONCE_BYTES) else { return false };
    mac(session, nonce).ct_eq(sent).into()
}

fn mac(session: &str, nonce: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(FORM);
    context.update(nonce);
    context.sign().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_belongs_to_one_session() {
        let mut random = rand::rng();
        let (mine, other) = (new_token(&mut random), new_token(&mut random));
        let (first, second) = (form_token(&mine, &mut random), form_token(&mine, &mut random));
        assert_ne!(first, second);
        assert!(is_form_token(&mine, &first) && is_form_token(&mine, &second));
        assert!(!is_form_token(&other, &first));
        for bad in ["", "x", "AAAA", &first[1..], &first[..first.len() - 2]] {
            assert!(!is_form_token(&mine, bad), "{bad}");
        }
        assert_ne!(hash(&mine), hash(&other));
    }
}
