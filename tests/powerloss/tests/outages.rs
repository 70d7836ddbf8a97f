//! The bounded form of `cargo powerloss`.
#![allow(clippy::unwrap_used, missing_docs)]

use powerloss::{Honesty, inquest::End, trial};

#[test]
fn whenever_the_power_goes_what_was_promised_is_kept_at_both_ends() {
    let tried = trial(1, Honesty::KeepsSyncs).unwrap();
    for (end, tried) in tried {
        assert!(tried.outages > 300 && tried.promises > 600, "{end:?}: {tried:?}");
    }
    assert_eq!(tried.map(|(end, _)| end), [End::Agent, End::Province]);
    // The inquest itself is checked: a disk that only says that it synced is found out.
    let found = trial(50, Honesty::LosesSyncs).unwrap_err();
    assert!(format!("{found:#}").contains("power cut after call"), "{found:#}");
}
