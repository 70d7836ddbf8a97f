//! A second aggregator on the same store.

use super::{assert_held, report};
use std::{fs, os::unix::fs::symlink};
use system_tests::{commune::Commune, program, province::Province};

#[test]
fn a_second_aggregator_on_one_store_is_refused_and_the_first_goes_on() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    // Another folder, whose store is a link to the first one's.
    let linked = province.desk().join("linked");
    fs::create_dir(&linked).unwrap();
    symlink(province.data().join("store.db"), linked.join("store.db")).unwrap();
    for data in [province.data(), linked] {
        let data = data.to_str().unwrap();
        let serve = ["--data", data, "serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"];
        let told = program::run("province-aggregator", serve).failed(1);
        assert!(told.contains("một máy chủ khác đang chạy") && told.contains("systemctl stop"), "{told}");
    }
    report(&commune, "2026-10");
    let _ = commune.command(["sync"]).ok();
    assert_held(&province, &[(&commune, 1)]);
}
