//! The province's history as staff read it, and as it is found when somebody altered it behind the program's back.

use rusqlite::Connection;
use system_tests::province::Province;

#[test]
fn the_history_tells_who_did_what_and_that_it_was_altered() {
    let province = Province::found();
    let _ = province.invite("dinh-quan");
    let told = province.command(["audit", "--verify"]).ok();
    let anchor = told.split_once("Mốc: ").unwrap().1.lines().next().unwrap().to_owned();
    let words = ["exception", "tan-phu", "--period", "2026-10", "--cutoff", "2026-10-24", "--reason", "mưa bão"];
    let _ = province.command(words).ok();
    let found = province.command(["audit", "--search", "mua bao", "--format", "json"]).json();
    assert_eq!((found[0]["what"].as_str(), found[1].as_str()), (Some("exception_set"), None), "{found}");
    assert!(found[0]["origin"].as_str().is_some_and(|origin| origin.contains('@')), "from where: {found}");
    let shown = province.command(["audit", "--limit", "1"]).ok();
    assert!(shown.contains("gia hạn") && !shown.contains("mời xã"), "{shown}");
    let _ = province.command(["audit", "--verify", "--anchor", &anchor]).ok();
    let store = Connection::open(province.data().join("store.db")).unwrap();
    store.execute_batch("DROP TRIGGER audit_stays; UPDATE audit SET who = 'ai đó' WHERE what = 'invited'").unwrap();
    let told = province.command(["audit", "--verify", "--anchor", &anchor]).failed(1);
    assert!(told.contains("lịch sử đã bị sửa"), "{told}");
    let _ = province.command(["verify"]).failed(1);
    let _ = province.command(["audit", "--verify", "--anchor", "12"]).failed(2);
    let _ = province.command(["audit", "--anchor", &anchor]).failed(2);
}
