//! The bounded form of `cargo chaos`: every kind of fault at least once.

use system_tests::chaos::{Injected, live};

#[test]
fn whatever_happens_to_the_processes_nothing_acknowledged_is_lost() {
    let rounds = u32::try_from(Injected::ALL.len()).unwrap();
    let account = live(rounds, 7);
    let (injected, skipped): (u32, u32) = (account.injected.values().sum(), account.skipped.values().sum());
    assert_eq!(injected + skipped, rounds, "{account:?}");
    assert!(account.entered > 20 && account.found.figures >= account.entered, "{account:?}");
}
