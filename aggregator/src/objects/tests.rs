//! A bucket of a real server: what is put is there, what is wrong is said, and nothing is believed that was not answered for.

use super::*;
use object_server::{BUCKET, KEY, ObjectServer, SECRET};
use std::{fs, os::unix::fs::PermissionsExt};
use tempfile::TempDir;

fn keys(place: &Path, secret: &str) -> Credentials {
    let path = place.join("keys");
    fs::write(&path, format!("aws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Credentials::read(&path).unwrap()
}

fn bucket(place: &Path, endpoint: &str, url: &str, secret: &str) -> Bucket {
    BucketAddress::read(url, Some(endpoint), None).unwrap().open(&keys(place, secret), None).unwrap()
}

fn url() -> String {
    format!("s3://{BUCKET}/dong-nai")
}

fn file(place: &Path, bytes: &[u8]) -> (std::path::PathBuf, [u8; 32]) {
    let path = place.join("file");
    fs::write(&path, bytes).unwrap();
    (path, Sha256::digest(bytes).into())
}

fn server() -> (TempDir, ObjectServer) {
    let place = tempfile::tempdir().unwrap();
    let server = ObjectServer::start(&place.path().join("objects"));
    (place, server)
}

#[tokio::test]
async fn files_of_every_size_come_back_as_they_were() {
    let (place, server) = server();
    let bucket = bucket(place.path(), &server.endpoint(), &url(), SECRET);
    bucket.probe().await.unwrap();
    for size in [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES] {
        let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let (path, sha256) = file(place.path(), &bytes);
        assert_eq!(bucket.size(sha256).await.unwrap(), None);
        assert!(bucket.read(sha256).await.unwrap().is_none());
        // Twice, as two aggregators would.
        for _ in 0..2 {
            bucket.put(&path, sha256, size as u64).await.unwrap();
        }
        assert_eq!(bucket.size(sha256).await.unwrap(), Some(size as u64));
        assert_eq!(bucket.is_whole(sha256, size as u64).await.unwrap(), Some(true));
        assert_eq!(bucket.is_whole(sha256, size as u64 + 1).await.unwrap(), Some(false));
        let (told, pieces) = bucket.read(sha256).await.unwrap().unwrap();
        let read = pieces.map(|piece| piece.unwrap()).collect::<Vec<_>>().await.concat();
        assert_eq!((told, read == bytes), (size as u64, true));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_on_the_way_is_tried_again_and_nothing_half_is_there() {
    let (place, server) = server();
    let bucket = bucket(place.path(), &server.endpoint(), &url(), SECRET);
    for (size, after) in [(80, 300), (PIECE_BYTES, 1 << 20), (2 * PIECE_BYTES, 1), (2 * PIECE_BYTES, 9 << 20)] {
        let bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8 ^ u8::from(after == 1)).collect();
        let (path, sha256) = file(place.path(), &bytes);
        server.cut_after(after);
        bucket.put(&path, sha256, size as u64).await.unwrap();
        assert!(server.has_cut());
        assert_eq!(bucket.is_whole(sha256, size as u64).await.unwrap(), Some(true), "{size} {after}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_what_its_name_says_is_not_put() {
    let (place, server) = server();
    let bucket = bucket(place.path(), &server.endpoint(), &url(), SECRET);
    for size in [80, PIECE_BYTES + 80] {
        let (path, _) = file(place.path(), &vec![7; size]);
        let refused = bucket.put(&path, [1; 32], size as u64).await;
        assert!(matches!(refused, Err(ObjectsError::Differs(_))), "{refused:?}");
        assert_eq!(bucket.size([1; 32]).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_lies_damaged_is_found_and_put_away() {
    let (place, server) = server();
    let bucket = bucket(place.path(), &server.endpoint(), &url(), SECRET);
    let (path, sha256) = file(place.path(), &[7; 80]);
    bucket.put(&path, sha256, 80).await.unwrap();
    let name = hex::encode(sha256);
    fs::write(server.object(&format!("dong-nai/{}/{name}", &name[..2])), [8; 80]).unwrap();
    assert_eq!(bucket.is_whole(sha256, 80).await.unwrap(), Some(false));
    bucket.set_aside(sha256).await.unwrap();
    assert_eq!(bucket.is_whole(sha256, 80).await.unwrap(), None);
    assert_eq!(fs::read(server.object(&format!("dong-nai/damaged/{name}"))).unwrap(), [8; 80]);
}

#[tokio::test]
async fn wrong_keys_and_an_absent_server_are_told_apart() {
    let (place, mut server) = server();
    let (path, sha256) = file(place.path(), &[7; 80]);
    let wrong = bucket(place.path(), &server.endpoint(), &url(), "sai");
    for error in [
        wrong.put(&path, sha256, 80).await.unwrap_err(),
        wrong.probe().await.unwrap_err(),
        wrong.size(sha256).await.unwrap_err(),
    ] {
        assert!(matches!(error, ObjectsError::Denied { .. }), "{error}");
        let told = format!("{error} {}", error.advise(shared::language::Language::Vi));
        assert!(told.contains("credentials_file") && !told.contains("sai\n"), "{told}");
    }
    let right = bucket(place.path(), &server.endpoint(), &url(), SECRET);
    server.gone();
    let error = right.put(&path, sha256, 80).await.unwrap_err();
    assert!(matches!(error, ObjectsError::Failed { .. }), "{error}");
    assert!(right.size(sha256).await.is_err(), "no answer is not taken for no file");
    server.back();
    right.put(&path, sha256, 80).await.unwrap();
    assert_eq!(right.size(sha256).await.unwrap(), Some(80));
}
