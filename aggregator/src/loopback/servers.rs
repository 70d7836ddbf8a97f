//! Two servers on one database: how the second comes by the keys.

use super::*;
use crate::store::postgres::cluster;
use std::{fs, os::unix::fs::PermissionsExt};

#[tokio::test]
async fn another_server_is_given_the_keys_and_agents_meet_either() {
    let place = tempfile::tempdir().unwrap();
    let (data, other, url) = (place.path().join("one"), place.path().join("other"), cluster::database());
    let (keys, newer) = (place.path().join("keys"), place.path().join("newer"));
    let (keys_named, newer_named) = (keys.to_str().unwrap(), newer.to_str().unwrap());
    let catalogue = sample::catalogue_folder().to_str().unwrap();
    command(&data, &["init", "--catalogue", catalogue, "--exercise", "--store", &url]).await.unwrap();
    let one = House::serve(place, data.clone()).await;
    let first = one.join("tan-phu").await;
    command(&data, &["keys", "export", keys_named]).await.unwrap();
    for (path, mode) in [(keys.clone(), 0o700), (keys.join("key.pem"), 0o600), (keys.join("bundle.key"), 0o600)] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{path:?}");
    }
    let taken = command(&data, &["keys", "export", keys_named]).await.unwrap_err();
    assert!(taken.contains("is not empty"), "{taken}");

    let nowhere = command(&other, &["keys", "import", keys_named]).await.unwrap_err();
    assert!(nowhere.contains("--store"), "{nowhere}");
    command(&other, &["keys", "import", keys_named, "--store", &url]).await.unwrap();
    for file in ["authority/key.pem", "authority/certificate.pem", "authority/bundle.key"] {
        assert_eq!(fs::read(data.join(file)).unwrap(), fs::read(other.join(file)).unwrap(), "{file}");
    }
    for own in ["server/key.pem", "receipts/key.pem"] {
        assert_ne!(fs::read(data.join(own)).unwrap(), fs::read(other.join(own)).unwrap(), "{own} is its own");
    }
    let two = House::serve(tempfile::tempdir().unwrap(), other.clone()).await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    let mut agent = one.agent(&first).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log[..1]).await;
    drop(agent);
    let mut agent = two.agent(&first).await;
    assert!(is_welcome(&agent.hello(1, after(&log), after(&log[..1])).await, 1), "the other knows how far it is");
    agent.push(2, &log[1..]).await;
    drop(agent);

    command(&data, &["authority", "rotate"]).await.unwrap();
    let second = one.join("loc-tan").await;
    let stale = command(&other, &["keys", "import", keys_named]).await.unwrap_err();
    assert!(stale.contains("not among these keys"), "{stale}");
    command(&data, &["keys", "export", newer_named]).await.unwrap();
    fs::remove_file(newer.join("bundle.key")).unwrap();
    assert!(command(&other, &["keys", "import", newer_named]).await.unwrap_err().contains("no key of bundles"));
    fs::copy(data.join("authority/bundle.key"), newer.join("bundle.key")).unwrap();
    command(&other, &["keys", "import", newer_named]).await.unwrap();
    // The running one has taken them over: the command waited for its word.
    let mut agent = two.agent(&second).await;
    assert!(is_welcome(&agent.hello(2, LogPosition::START, LogPosition::START).await, 0));
    drop(agent);
    command(&other, &["verify"]).await.unwrap();
    command(&other, &["audit", "--verify"]).await.unwrap();
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_store_in_a_file_has_one_server() {
    let house = House::found().await;
    let keys = house.data.with_file_name("keys");
    let told = command(&house.data, &["keys", "export", keys.to_str().unwrap()]).await.unwrap_err();
    assert!(told.contains("one server") && !keys.exists(), "{told}");
    house.stop().await;
}
