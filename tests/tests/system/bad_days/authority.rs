//! The certificate authority of the province has expired.

use super::{assert_held, report};
use aggregator::{
    authority::{AUTHORITY_DAYS, Authority},
    clock::{Clock, SystemClock},
    enrol::random,
};
use chrono::TimeDelta;
use proto::pem;
use system_tests::{commune::Commune, province::Province};

/// Puts an authority in the place of the province's own that expired a month ago.
fn age(province: &Province) {
    let long_ago = SystemClock.now() - TimeDelta::days(AUTHORITY_DAYS + 30);
    let (authority, key) = Authority::make("dong-nai", random(), long_ago).unwrap();
    let folder = province.data().join("authority");
    pem::write_key(&folder.join("key.pem"), &key).unwrap();
    pem::write_certificates(&folder.join("certificate.pem"), &[authority.certificate().clone()]).unwrap();
}

/// What `doctor` says of the authority.
fn told(findings: &serde_json::Value) -> (String, String) {
    let findings = findings["findings"].as_array().unwrap();
    let finding = findings.iter().find(|one| one["check"] == "authority").unwrap();
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (text("state"), format!("{} {}", text("what"), text("todo")))
}

#[test]
fn an_authority_that_expired_is_told_at_both_ends_and_replaced_without_anyone_joining_again() {
    let mut province = Province::found();
    age(&province);
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    report(&commune, "2026-09");
    let _ = commune.command(["sync"]).ok();
    for findings in [province.command(["doctor", "--format", "json"]), commune.command(["doctor", "--format", "json"])]
    {
        let (state, words) = told(&serde_json::from_str(&findings.out).unwrap());
        assert!(findings.code == Some(1) && state == "fault", "{}", findings.out);
        assert!(words.contains("hết hạn") && words.contains("authority rotate"), "{words}");
    }
    let _ = province.command(["authority", "rotate"]).ok();
    // In the first session it is told, in the second it says so.
    let _ = commune.command(["sync"]).ok();
    let _ = commune.command(["sync"]).ok();
    let _ = province.command(["authority", "finish"]).ok();
    report(&commune, "2026-10");
    let _ = commune.command(["sync"]).ok();
    for findings in [province.command(["doctor", "--format", "json"]), commune.command(["doctor", "--format", "json"])]
    {
        assert_eq!(told(&serde_json::from_str(&findings.out).unwrap()).0, "ok", "{}", findings.out);
    }
    assert_held(&province, &[(&commune, 2)]);
}
