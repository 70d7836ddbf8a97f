//! Ports of the loopback that a test may give to a program, take back and give again.
//!
//! A port that the system chooses is free only as long as it is held: between two starts of a program any connection of another one can be
//! given the same number. Chromium's driver loses by that even when it asks for a free port, because it is given one of IPv6 and takes the
//! same of IPv4. The numbers below those that the system hands out are nobody's until somebody asks for them.

use std::{
    fs, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    ops::Range,
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Above the numbers that services are known by.
const FIRST: u16 = 10_000;

/// Where the system begins to hand out, if it does not say so.
const HANDED_OUT: u16 = 32_768;

/// How many numbers lie between the first ones of two processes that were started one after the other.
const EACH: usize = 97;

/// How many were given to this process.
static GIVEN: AtomicU16 = AtomicU16::new(0);

/// An address of the loopback that nothing listens on, which this process has not been given yet, and which the system gives to nobody.
///
/// # Errors
/// When each of them is taken.
pub fn unclaimed() -> io::Result<SocketAddr> {
    let ports = range(&fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default());
    let count = ports.len();
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..count {
        let before = process::id() as usize * EACH + usize::from(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = ports.start.saturating_add((before % count) as u16);
        match is_free(port) {
            Ok(()) => return Ok((Ipv4Addr::LOCALHOST, port).into()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What lies below the numbers that the system hands out; without such, among them.
fn range(handed_out: &str) -> Range<u16> {
    let first = handed_out.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(HANDED_OUT);
    FIRST..if first > FIRST { first } else { HANDED_OUT }
}

/// Whether nothing has it, on either kind of address; a computer without IPv6 has the first one alone.
fn is_free(port: u16) -> io::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_is_given_once_and_lies_below_what_the_system_hands_out() {
        let given: Vec<u16> = (0..50).map(|_| unclaimed().unwrap().port()).collect();
        assert_eq!(given.iter().collect::<HashSet<_>>().len(), given.len());
        let handed_out = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(given.iter().all(|port| (FIRST..handed_out.max(HANDED_OUT)).contains(port)), "{given:?}");
    }

    #[test]
    fn what_is_taken_on_either_kind_of_address_is_not_free() {
        let port = unclaimed().unwrap().port();
        assert!(is_free(port).is_ok());
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(is_free(port).is_err());
        drop(held);
        if let Ok(_held) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            assert!(is_free(port).is_err());
        }
    }

    #[test]
    fn the_systems_own_word_is_taken_where_it_leaves_room() {
        assert_eq!(range("20000\t60999\n"), FIRST..20_000);
        assert_eq!(range("1024\t65535\n"), FIRST..HANDED_OUT);
        assert_eq!(range(""), FIRST..HANDED_OUT);
    }
}
