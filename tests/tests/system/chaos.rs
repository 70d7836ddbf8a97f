//! The bounded form of `cargo chaos`: every kind of fault at least once.

use system_tests::{
    chaos::{Injected, live},
    sweep::sweep,
};

#[test]
fn whatever_happens_to_the_processes_nothing_acknowledged_is_lost() {
    let rounds = u32::try_from(Injected::ALL.len()).unwrap();
    let account = live(rounds, 7);
    let (injected, skipped): (u32, u32) = (account.injected.values().sum(), account.skipped.values().sum());
    assert_eq!(injected + skipped, rounds, "{account:?}");
    assert!(account.entered > 20 && account.found.figures >= account.entered, "{account:?}");
}

#[test]
fn a_session_that_is_cut_or_altered_at_any_byte_loses_nothing() {
    // Another byte in every place where a number of the protocol could be even.
    let swept = sweep(331);
    let sessions: u32 = swept.ends.values().sum();
    assert!(sessions > 30 && swept.ends.get(&4).is_some_and(|broken| *broken > sessions / 2), "{swept:?}");
    assert_eq!(swept.found.figures, usize::try_from(sessions).unwrap());
}
