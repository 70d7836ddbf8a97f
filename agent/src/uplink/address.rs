//! Where the province is: one address, or several of servers that hold the same. Which one a session tries first; pure.

use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

/// Most addresses that settings can name.
pub const MAX_ADDRESSES: usize = 8;

/// The server of the last session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// Its address.
    pub server: String,
    /// It did not answer, went away in the middle, or was too busy: another one is tried first.
    pub failed: bool,
}

/// The addresses in the order in which they are tried. Agents spread over them by their communes; each stays with one as long as that
/// answers, and goes on to the next where it does not.
#[must_use]
pub fn order<'a>(servers: &'a [String], commune: &str, last: Option<&Last>) -> Vec<&'a str> {
    let Some(count) = std::num::NonZeroUsize::new(servers.len()) else { return Vec::new() };
    let place = last.and_then(|last| servers.iter().position(|server| *server == last.server));
    let first = match (place, last) {
        (Some(place), Some(last)) => place + usize::from(last.failed),
        _ => usize::from(Sha256::digest(commune)[0]),
    };
    (0..count.get()).map(|step| servers[(first + step) % count].as_str()).collect()
}

/// Reads one address or a list of them.
///
/// # Errors
/// When it is neither.
pub fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Given::deserialize(deserializer)? {
        Given::One(server) => vec![server],
        Given::Many(servers) => servers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_stays_with_a_server_that_answers_and_goes_on_from_one_that_does_not() {
        let servers = ["a", "b", "c"].map(str::to_owned);
        let after =
            |server: &str, failed| order(&servers, "dinh-quan", Some(&Last { server: server.into(), failed })).concat();
        for (server, failed, expected) in
            [("a", false, "abc"), ("a", true, "bca"), ("c", true, "abc"), ("c", false, "cab")]
        {
            assert_eq!(after(server, failed), expected, "{server} {failed}");
        }
        let first = order(&servers, "dinh-quan", None);
        assert_eq!(after("gone", true), first.concat(), "one that is not named any more says nothing");
        assert_eq!(order(&servers[..1], "x", Some(&Last { server: "a".into(), failed: true })), ["a"]);
        assert!(order(&[], "x", None).is_empty());
    }

    #[test]
    fn agents_spread_over_the_servers() {
        let servers = ["a", "b", "c"].map(str::to_owned);
        let firsts: Vec<_> = (0..300).map(|number| order(&servers, &format!("xa-{number}"), None)[0]).collect();
        for server in &servers {
            let share = firsts.iter().filter(|first| **first == server).count();
            assert!((60..140).contains(&share), "{server}: {share} of 300");
        }
    }
}
