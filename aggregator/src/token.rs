//! One-time tokens of invitations: `<16 hex digits>-<40 hex digits>`. The first part finds the invitation, the second, 160 random
//! bits, is the secret: the store keeps its SHA-256 only, and it is compared in constant time.

use crate::store::InvitationRecord;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Random bytes that make a token.
pub const TOKEN_BYTES: usize = 28;
const ID_BYTES: usize = 8;

/// A token as it is given to a commune.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; TOKEN_BYTES]);

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a token")]
pub struct TokenError;

impl Token {
    /// From random bytes.
    #[must_use]
    pub fn new(random: [u8; TOKEN_BYTES]) -> Self {
        Self(random)
    }

    /// The public part.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&self.0[..ID_BYTES])
    }

    /// The hash of the secret part.
    #[must_use]
    pub fn secret_sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0[ID_BYTES..]).into()
    }

    /// Whether it is this invitation's and in time. Whether that was used before is the store's word.
    #[must_use]
    pub fn opens(&self, invitation: &InvitationRecord, now: DateTime<Utc>) -> bool {
        let secret = bool::from(self.secret_sha256().ct_eq(&invitation.secret_sha256));
        secret && now < invitation.expires_at
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.id(), hex::encode(&self.0[ID_BYTES..]))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.id())
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let (id, secret) = text.trim().split_once('-').ok_or(TokenError)?;
        if id.len() != 2 * ID_BYTES {
            return Err(TokenError);
        }
        let mut bytes = [0; TOKEN_BYTES];
        hex::decode_to_slice(id, &mut bytes[..ID_BYTES]).map_err(|_| TokenError)?;
        hex::decode_to_slice(secret, &mut bytes[ID_BYTES..]).map_err(|_| TokenError)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_token_opens_its_own_invitation_for_a_time() {
        let now = DateTime::UNIX_EPOCH;
        let token = Token::new([7; TOKEN_BYTES]);
        let invitation = InvitationRecord {
            id: token.id(),
            secret_sha256: token.secret_sha256(),
            commune: "tan-phu".into(),
            created_at: now,
            expires_at: now + TimeDelta::hours(72),
            used_at: None,
        };
        let read: Token = format!(" {token}\n").parse().unwrap();
        assert!(read.opens(&invitation, now));
        assert!(!read.opens(&invitation, invitation.expires_at));
        assert!(!Token::new([8; TOKEN_BYTES]).opens(&invitation, now));
        assert!(!format!("{token:?}").contains(&token.to_string()));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let good = Token::new([7; TOKEN_BYTES]).to_string();
        for text in ["", "-", "abc", &good[1..], &format!("{good}0"), &good.replace('-', ""), &good.replace('7', "g")] {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
    }
}
