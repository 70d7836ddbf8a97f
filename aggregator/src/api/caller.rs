//! Who asks: the token of the request, its account, and what that may do.
//!
//! A token is looked up by its SHA-256, so the time that takes tells nothing of it. A right one is always let through; only wrong ones are
//! counted, by address.

use super::{
    problem::{Fault, Problem},
    resource::Access,
};
use crate::{
    site::{Site, who},
    store::{Account, Act, Role},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{
        HeaderMap,
        header::{ACCEPT_LANGUAGE, AUTHORIZATION},
        request::Parts,
    },
};
use chrono::TimeDelta;
use pages::token;
use shared::language::Language;
use std::net::{IpAddr, SocketAddr};

/// A token's last use is written at most so often.
const USE_NOTED: TimeDelta = TimeDelta::minutes(1);
/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 200;

/// A program that showed a token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account whose rights it has.
    pub account: Account,
    /// What the token is for.
    pub label: String,
    /// From where.
    pub address: IpAddr,
    /// The language of words.
    pub language: Language,
}

impl Caller {
    /// Stops whoever may not.
    ///
    /// # Errors
    /// [`Fault::Forbidden`]
    pub fn must(&self, access: Access) -> Result<(), Problem> {
        let may = match access {
            Access::Open | Access::Commune => true,
            Access::Staff(role) => self.account.commune.is_none() && self.account.role >= role,
        };
        if may { Ok(()) } else { Err(self.forbidden(access)) }
    }

    fn forbidden(&self, access: Access) -> Problem {
        let word = match access {
            Access::Staff(role) => role,
            Access::Open | Access::Commune => Role::Viewer,
        };
        Problem::new(
            Fault::Forbidden,
            self.language.pick(
                format!("cần quyền {} của tỉnh", word.as_str()),
                format!("it takes the province's role {}", word.as_str()),
            ),
        )
    }

    /// An act of this account now, by the province's clock.
    #[must_use]
    pub fn act(&self, site: &Site) -> Act {
        let origin = format!("api {} ({})", self.address, self.label);
        Act { origin, ..Act::of(who(&self.account), site.province.clock.now()) }
    }
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let language = language(&parts.headers, site.language);
        let address =
            parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip());
        let sent = parts.headers.get(AUTHORIZATION).and_then(|sent| sent.to_str().ok());
        let sent = sent.and_then(|sent| sent.split_once(' '));
        let sent = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let sent = sent.ok_or_else(|| Problem::new(Fault::NoToken, ""))?;
        let (hash, now) = (token::hash(sent), site.province.clock.real());
        let found = match sent.len() {
            1..=MAX_TOKEN_BYTES => site.province.store.api_token(hash).await?,
            _ => None,
        };
        let Some((token, account)) = found else {
            let key = format!("token {address}");
            let throttle = &site.tries;
            if let Some(wait) = throttle.wait(&[&key], now) {
                return Err(Problem::new(Fault::TooManyTries, "").after(wait));
            }
            throttle.failed(&[&key], now);
            tracing::warn!(%address, "a wrong API token was sent");
            return Err(Problem::new(Fault::WrongToken, ""));
        };
        if account.disabled_at.is_some() {
            return Err(Problem::new(Fault::DisabledAccount, ""));
        }
        if token.expires_at <= now {
            return Err(Problem::new(Fault::ExpiredToken, ""));
        }
        if token.used_at.is_none_or(|used| now - used > USE_NOTED) {
            site.province.store.use_api_token(hash, now).await?;
        }
        Ok(Self { account, label: token.label, address, language })
    }
}

/// The language that a request asks for.
pub(super) fn language(headers: &HeaderMap, otherwise: Language) -> Language {
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|asked| asked.to_str().ok()).unwrap_or_default();
    let weighed = asked.split(',').take(20).filter_map(|one| {
        let (tag, weight) = one.split_once(';').unwrap_or((one, ""));
        let language = Language::from_word(tag.trim().get(..2)?)?;
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        (weight > 0.0).then_some((language, weight))
    });
    // The first of those with the greatest weight.
    let best = weighed.reduce(|best, one| if one.1 > best.1 { one } else { best });
    best.map_or(otherwise, |(language, _)| language)
}
