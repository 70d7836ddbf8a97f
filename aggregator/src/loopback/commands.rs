//! The commands on a running province and on its files.

use super::*;

#[tokio::test]
async fn the_commands_write_to_a_running_province() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10)]);
    let mut agent = house.agent(&credential).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log).await;
    let data = &house.data;
    command(data, &["exception", "tan-phu", "--period", "2026-09", "--cutoff", "2026-10-25", "--reason", "lũ"])
        .await
        .unwrap();
    command(data, &["review", "tan-phu", "CDS-17", "--period", "2026-09", "--return", "thiếu"]).await.unwrap();
    command(data, &["period", "close", "2026-01"]).await.unwrap();
    command(data, &["period", "list", "--format", "csv"]).await.unwrap();
    command(data, &["exercise", "clock", "2026-10-16T09:00:00+07:00"]).await.unwrap();
    command(data, &["invite", "tan-phu", "--format", "json"]).await.unwrap();
    for wrong in [
        &["exception", "nowhere", "--period", "2026-09", "--cutoff", "2026-10-25", "--reason", "x"][..],
        &["exception", "tan-phu", "--period", "2027-09", "--cutoff", "2026-10-25", "--reason", "x"],
        &["review", "tan-phu", "CDS-17", "--period", "2026-09", "--accept", "--version", "2"],
        &["review", "tan-phu", "CDS-999", "--period", "2026-09", "--accept"],
        &["review", "tan-phu", "CDS-17", "--period", "2026-09"],
        &["init", "--catalogue", "."],
    ] {
        assert!(command(data, wrong).await.is_err(), "{wrong:?}");
    }
    agent.send(agent_frame::Frame::FeedWanted(v1::FeedWanted { position: 1, catalogue_version: 1 })).await;
    let mut kinds = Vec::new();
    while let aggregator_frame::Frame::FeedPart(part) = agent.answer().await.unwrap() {
        kinds.push(match proto::feed::from_wire(&part).unwrap() {
            shared::feed::FeedItem::Exception { .. } => "exception",
            shared::feed::FeedItem::Verdict { .. } => "verdict",
            shared::feed::FeedItem::Closed { .. } => "closed",
            other => panic!("not asked for: {other:?}"),
        });
    }
    assert_eq!(kinds, ["exception", "verdict", "closed"]);
    house.stop().await;
}

#[tokio::test]
async fn the_catalogue_is_kept_in_files() {
    let place = tempfile::tempdir().unwrap();
    let (data, out) = (place.path().join("province"), place.path().join("out"));
    let (source, out) = (sample::catalogue_folder().to_str().unwrap(), out.to_str().unwrap());
    command(&data, &["init", "--catalogue", source]).await.unwrap();
    for mode in ["store.db", "aggregator.toml", "authority/key.pem", "server/key.pem"] {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(data.join(mode)).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }
    command(&data, &["exercise", "clock", "2026-10-16T09:00:00+07:00"]).await.unwrap_err();
    command(&data, &["catalogue", "check", source]).await.unwrap();
    command(&data, &["catalogue", "export", out]).await.unwrap();
    command(&data, &["catalogue", "export", out]).await.unwrap_err();
    for name in shared::catalogue::read::FILES {
        let read = |folder: &str| std::fs::read(std::path::Path::new(folder).join(name)).unwrap();
        assert_eq!(read(out), read(source), "{name}");
    }
    command(&data, &["catalogue", "import", out]).await.unwrap();
    command(&data, &["catalogue", "adopt-standard", out, "an-loc", "25333"]).await.unwrap_err();
    command(&data, &["catalogue", "adopt-standard", out, "25333", "bao-vinh"]).await.unwrap();
    command(&data, &["catalogue", "diff", out]).await.unwrap();
    command(&data, &["catalogue", "import", out]).await.unwrap();
    let targets = std::path::Path::new(out).join("targets.csv");
    let text = std::fs::read_to_string(&targets).unwrap();
    std::fs::write(&targets, text.replacen("CDS-17", "CDS-99", 1)).unwrap();
    assert_eq!(command(&data, &["catalogue", "import", out]).await.unwrap_err(), "the catalogue has 1 faults");
    let store = crate::store::sqlite::SqliteStore::open(&data.join("store.db")).unwrap();
    let (version, catalogue) = store.catalogue().await.unwrap();
    assert_eq!(version, 2);
    assert!(catalogue.targets_of("an-loc").count() > 0 && catalogue.targets_of("bao-vinh").count() > 0);
}
