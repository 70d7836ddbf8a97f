//! Agents of protocol 2: history, receipts, digests, copies, evidence.

mod claims;

use super::*;
use crate::{
    authorities,
    authority::{Authority, SERIAL_BYTES},
    folder::Folder,
    sample::{change, change_id, moment},
};
use aggregator_frame::Frame as Answer;
use proto::receipt::{ReceiptVerifier, Statement};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use shared::{
    change::{Chain, Deed, Evidence, Incarnation},
    digest::{RecordHash, SetDigest},
    period::Period,
};
use std::collections::BTreeMap;

impl Agent {
    async fn greet(&mut self, incarnation: u8, head: LogPosition, acknowledged: LogPosition) -> v1::Welcome {
        match self.hello(incarnation, head, acknowledged).await {
            Answer::Welcome(welcome) => welcome,
            other => panic!("not welcomed: {other:?}"),
        }
    }

    /// The whole log held, page by page.
    async fn history(&mut self) -> Vec<v1::HeldChange> {
        let (mut held, mut position) = (Vec::new(), LogPosition::START);
        loop {
            let after = Some(position::to_wire(position));
            self.send(agent_frame::Frame::HistoryWanted(v1::HistoryWanted { after })).await;
            let Answer::HistoryPage(page) = self.answer().await.unwrap() else { panic!("no page") };
            assert_eq!(page.first_seq, position.seq + 1);
            if page.changes.is_empty() {
                return held;
            }
            position = page.changes.iter().fold(position, |position, change| position.then(&change.body));
            held.extend(page.changes);
        }
    }

    async fn feed(&mut self) {
        self.send(agent_frame::Frame::FeedWanted(v1::FeedWanted { position: 0, catalogue_version: 0 })).await;
        while !matches!(self.answer().await.unwrap(), Answer::FeedEnd(_)) {}
    }

    async fn compare(&mut self, changes: &[Change]) -> Vec<proto::digest::Difference> {
        self.send(agent_frame::Frame::Digests(proto::digest::to_wire(&digests(changes)))).await;
        match self.answer().await.unwrap() {
            Answer::DigestReport(report) => proto::digest::report_from_wire(report).unwrap(),
            other => panic!("no report: {other:?}"),
        }
    }

    async fn offer(&mut self, bytes: &[u8]) -> v1::HeldFile {
        let file = v1::OfferedFile { sha256: Sha256::digest(bytes).to_vec(), size_bytes: bytes.len() as u64 };
        self.send(agent_frame::Frame::EvidenceOffer(v1::EvidenceOffer { files: vec![file] })).await;
        self.state().await
    }

    async fn chunk(&mut self, bytes: &[u8], offset: usize, data: &[u8]) -> v1::HeldFile {
        let chunk =
            v1::EvidenceChunk { sha256: Sha256::digest(bytes).to_vec(), offset: offset as u64, data: data.to_vec() };
        self.send(agent_frame::Frame::EvidenceChunk(chunk)).await;
        self.state().await
    }

    async fn state(&mut self) -> v1::HeldFile {
        match self.answer().await.unwrap() {
            Answer::EvidenceState(mut state) => state.files.remove(0),
            other => panic!("no state: {other:?}"),
        }
    }

    async fn close(mut self) {
        let (frames, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.frames, frames));
        assert_eq!(self.answer().await.unwrap_err().code(), Code::Ok);
    }
}

/// The digests of an agent whose figures, all of the same indicator, were all accepted.
fn digests(changes: &[Change]) -> BTreeMap<Period, SetDigest> {
    let mut periods = BTreeMap::new();
    let mut of: BTreeMap<uuid::Uuid, Period> = BTreeMap::new();
    for one in changes {
        let (period, hash) = match &one.deed {
            Deed::Recorded(figure) => {
                of.insert(one.id, figure.key.period);
                (figure.key.period, RecordHash::figure(one.id, figure, &one.entered_by, one.entered_at))
            }
            Deed::Attached(file) => {
                (of[&file.observation], RecordHash::evidence(file, &one.entered_by, one.entered_at))
            }
            other => panic!("no record: {other:?}"),
        };
        periods.entry(period).or_insert(SetDigest::EMPTY).add(hash);
    }
    periods
}

fn attached(number: u64, of: u64, bytes: &[u8]) -> Change {
    let file = Evidence {
        observation: change_id(of),
        sha256: Sha256::digest(bytes).into(),
        name: "bien-ban.pdf".into(),
        size_bytes: bytes.len() as u64,
    };
    change(number, Deed::Attached(file))
}

#[tokio::test]
async fn a_lost_commune_has_its_history_back_and_goes_on_with_receipts() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let changes: Vec<Change> = (1..=1_203).map(|number| figure(number, "2026-10", 1)).collect();
    let log = bodies(&changes);
    let mut agent = house.healing_agent(&credential).await;
    let welcome = agent.greet(1, after(&log), LogPosition::START).await;
    assert_eq!((welcome.verdict(), welcome.protocol), (v1::Verdict::Ok, 2));
    let verifier = ReceiptVerifier::new(
        "dong-nai",
        &CertificateDer::from(welcome.receipt_certificate),
        std::slice::from_ref(house.authority.certificate()),
    )
    .unwrap();
    let ack = agent.push(1, &log).await;
    let statement = verifier.check(&ack.receipt.unwrap()).unwrap();
    let received_at = chrono::DateTime::from_timestamp_millis(ack.received_at_unix_ms).unwrap();
    let (province, commune) = ("dong-nai".into(), "tan-phu".into());
    let incarnation = Incarnation([1; 16]);
    assert_eq!(statement, Statement { province, commune, incarnation, position: after(&log), received_at });
    let again = agent.push(1, &log).await;
    assert_eq!(again.received_at_unix_ms, ack.received_at_unix_ms, "a replay is no later");
    agent.close().await;

    // A new computer: nothing but the certificate.
    let mut agent = house.healing_agent(&credential).await;
    let welcome = agent.greet(2, LogPosition::START, LogPosition::START).await;
    assert_eq!(welcome.verdict(), v1::Verdict::AgentBehind);
    let held = agent.history().await;
    assert_eq!(held.iter().map(|change| Bytes::from(change.body.clone())).collect::<Vec<_>>(), log);
    assert!(held.iter().all(|change| change.refusal_code.is_empty()));
    let mut more = log.clone();
    more.extend(bodies(&[figure(5_000, "2026-11", 1)]));
    let welcome = agent.greet(3, after(&more), after(&log)).await;
    assert_eq!(welcome.verdict(), v1::Verdict::Ok);
    let ack = agent.push(log.len() as u64 + 1, &more[log.len()..]).await;
    assert_eq!(verifier.check(&ack.receipt.unwrap()).unwrap().incarnation, Incarnation([3; 16]));
    agent.feed().await;
    agent.close().await;
    assert_eq!(house.store.observations().await.unwrap().len(), 1_204);
    assert!(house.store.verify().await.unwrap().is_empty());
    let contact = house.contact("tan-phu").await;
    assert_eq!((contact.protocol, contact.last_failure, contact.copy_seen_at), (Some(2), None, None));
    assert!(contact.clock_skew_ms.is_some_and(|ms| ms < -1_000_000_000), "its clock stands in 1970");
    assert_eq!(contact.authorities, [[9; 32]]);
    house.stop().await;
}

#[tokio::test]
async fn two_copies_do_not_cut_each_other_and_are_shown() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20), figure(3, "2026-11", 30)]);
    let mut first = house.healing_agent(&credential).await;
    first.greet(1, after(&log[..1]), LogPosition::START).await;
    first.push(1, &log[..1]).await;
    let mut copy = house.healing_agent(&credential).await;
    let Answer::TurnedAway(away) = copy.hello(2, after(&log[..1]), after(&log[..1])).await else { panic!("let in") };
    assert_eq!(away.verdict(), v1::Verdict::RetryLater);
    assert!((5_000..15_000).contains(&away.retry_after_ms), "{}", away.retry_after_ms);
    // The first one was not disturbed.
    first.push(2, &log[1..2]).await;
    first.close().await;
    // The copy takes its place; the first one is a stranger then although it has the same log.
    let mut copy = house.healing_agent(&credential).await;
    assert_eq!(copy.greet(2, after(&log), after(&log[..2])).await.verdict(), v1::Verdict::Ok);
    copy.push(3, &log[2..]).await;
    copy.close().await;
    let mut first = house.healing_agent(&credential).await;
    assert_eq!(first.greet(1, after(&log), after(&log)).await.verdict(), v1::Verdict::AgentBehind);
    assert_eq!(first.greet(4, after(&log), after(&log)).await.verdict(), v1::Verdict::Ok);
    first.feed().await;
    first.close().await;
    assert!(house.contact("tan-phu").await.copy_seen_at.is_some());
    // What it sends in its old life is not taken, whatever it believes.
    let mut late = house.healing_agent(&credential).await;
    assert_eq!(late.greet(1, after(&log), after(&log)).await.verdict(), v1::Verdict::AgentBehind);
    late.send(batch(4, &bodies(&[figure(4, "2026-12", 1)]))).await;
    assert_eq!(late.answer().await.unwrap_err().code(), Code::InvalidArgument);
    house.stop().await;
}

#[tokio::test]
async fn a_record_that_was_tampered_with_is_found_and_made_anew() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let changes =
        [figure(1, "2026-09", 10), figure(2, "2026-10", 20), figure(3, "2026-10", 30), attached(4, 3, b"%PDF-")];
    let log = bodies(&changes);
    let mut agent = house.healing_agent(&credential).await;
    agent.greet(1, after(&log), LogPosition::START).await;
    agent.push(1, &log).await;
    agent.feed().await;
    assert!(agent.compare(&changes).await.is_empty());
    command(&house.data, &["verify", "--format", "json"]).await.unwrap();
    let database = Connection::open(house.data.join("store.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    database
        .execute_batch(
            "UPDATE observation SET amount = amount + 1000000 WHERE version = 1; DELETE FROM evidence;
             UPDATE journal SET body = x'00' WHERE seq = 2;",
        )
        .unwrap();
    let findings = house.store.verify().await.unwrap();
    let flaws: Vec<_> = findings.iter().map(|finding| finding.flaw.as_str()).collect();
    assert!(flaws.contains(&"chain") && flaws.contains(&"record") && flaws.contains(&"digest"), "{findings:?}");
    assert!(command(&house.data, &["verify"]).await.is_err());
    let differences = agent.compare(&changes).await;
    let periods: Vec<_> = differences.iter().map(|one| one.period.to_string()).collect();
    assert_eq!(periods, ["2026-09", "2026-10"]);
    assert_eq!(differences[1].indicators.keys().collect::<Vec<_>>(), ["CDS-17"]);
    for (period, seqs, repaired) in [("2026-09", vec![1], 1), ("2026-10", vec![2, 3, 4], 2)] {
        let resent = |seq: &usize| v1::ResentChange { seq: *seq as u64, body: log[seq - 1].to_vec() };
        let resend = v1::Resend {
            period: period.into(),
            indicator: "CDS-17".into(),
            changes: seqs.iter().map(resent).collect(),
            last: true,
        };
        agent.send(agent_frame::Frame::Resend(resend)).await;
        let Answer::Resent(resent) = agent.answer().await.unwrap() else { panic!("no answer") };
        assert_eq!((resent.period.as_str(), resent.repaired, resent.refused.len()), (period, repaired, 0));
    }
    assert!(agent.compare(&changes).await.is_empty());
    agent.close().await;
    assert!(house.store.verify().await.unwrap().is_empty(), "the journal's body was put right too");
    let contact = house.contact("tan-phu").await;
    assert_eq!((contact.healed, contact.digests_differ_since), (3, None));
    assert!(contact.healed_at.is_some() && contact.digests_at.is_some());
    house.stop().await;
}

#[tokio::test]
async fn changes_sent_again_that_were_never_acknowledged_change_nothing() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let changes = [figure(1, "2026-10", 10), figure(2, "2026-10", 20)];
    let log = bodies(&changes);
    let mut agent = house.healing_agent(&credential).await;
    agent.greet(1, after(&log), LogPosition::START).await;
    agent.push(1, &log).await;
    agent.feed().await;
    assert_eq!(agent.compare(&[figure(1, "2026-10", 10), figure(2, "2026-10", 99)]).await.len(), 1);
    let forged = bodies(&[figure(2, "2026-10", 99)]);
    for (seq, body) in [(2, forged[0].to_vec()), (0, Vec::new()), (9, log[0].to_vec()), (u64::MAX, log[0].to_vec())] {
        let changes = vec![v1::ResentChange { seq, body }];
        let last = seq == u64::MAX;
        let resend = v1::Resend { period: "2026-10".into(), indicator: "CDS-17".into(), changes, last };
        agent.send(agent_frame::Frame::Resend(resend)).await;
    }
    assert!(matches!(agent.answer().await.unwrap(), Answer::Resent(resent) if resent.repaired == 0));
    assert!(house.store.verify().await.unwrap().is_empty());
    assert_ne!(Chain::START, after(&log).chain);
    house.stop().await;
}

#[tokio::test]
async fn evidence_follows_and_goes_on_where_it_was_cut() {
    let house = House::found().await;
    let (own, other) = (house.join("tan-phu").await, house.join("loc-tan").await);
    let mut bytes = b"%PDF-1.7 ".to_vec();
    bytes.resize(993, 7);
    bytes.extend_from_slice(b"\n%%EOF\n");
    let text = b"plain text, whatever it is called".to_vec();
    let changes = [figure(1, "2026-10", 10), attached(2, 1, &bytes), attached(3, 1, &text)];
    let log = bodies(&changes);
    let session = async |credential: &Credential, log: &[Bytes]| {
        let mut agent = house.healing_agent(credential).await;
        let held = agent.greet(1, after(log), LogPosition::START).await.position.unwrap().seq;
        if held < log.len() as u64 {
            agent.push(1, log).await;
        }
        agent.feed().await;
        agent
    };
    for held in [0usize, 250, 500, 750] {
        // Cut after every piece: the next session goes on at what is held.
        let mut agent = session(&own, &log).await;
        let state = agent.offer(&bytes).await;
        assert_eq!((state.state(), state.held_bytes), (v1::FileState::Wanted, held as u64));
        let state = agent.chunk(&bytes, held, &bytes[held..held + 250]).await;
        let expected = if held == 750 { v1::FileState::Held } else { v1::FileState::Wanted };
        assert_eq!((state.state(), state.held_bytes), (expected, held as u64 + 250));
        if held == 250 {
            agent.close().await;
        }
    }
    let mut agent = session(&own, &log).await;
    assert_eq!(agent.offer(&bytes).await.state(), v1::FileState::Held);
    assert_eq!(house.contact("tan-phu").await.evidence_pending_bytes, text.len() as u64);
    assert_eq!(agent.chunk(&text, 0, &text).await.code, "kind_not_allowed");
    let mut stranger = session(&other, &bodies(&[figure(9, "2026-10", 1)])).await;
    assert_eq!(stranger.offer(&bytes).await.code, "not_evidence");
    assert_eq!(house.contact("tan-phu").await.evidence_pending_bytes, 0);
    house.stop().await;
}

/// A file as an agent exports it.
fn exported(folder: &std::path::Path, receipts: &[v1::Receipt], certificate: &[u8]) -> PathBuf {
    let receipts: Vec<_> = receipts
        .iter()
        .map(|one| {
            let [statement, signature, key] = [&one.statement, &one.signature, &one.key].map(hex::encode);
            serde_json::json!({ "statement": statement, "signature": signature, "key": key })
        })
        .collect();
    let file = serde_json::json!({
        "receipts": receipts, "certificates": [hex::encode(certificate)], "authorities": [],
    });
    let path = folder.join("receipts.json");
    std::fs::write(&path, file.to_string()).unwrap();
    path
}

#[tokio::test]
async fn receipts_are_checked_against_the_authority_and_the_journal() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    let mut agent = house.healing_agent(&credential).await;
    let certificate = agent.greet(1, after(&log), LogPosition::START).await.receipt_certificate;
    let good = [agent.push(1, &log[..1]).await.receipt.unwrap(), agent.push(2, &log[1..]).await.receipt.unwrap()];
    let data = &house.data;
    let check = async |receipts: &[v1::Receipt], more: &[&str]| {
        let path = exported(data, receipts, &certificate);
        let line = [&["verify-receipt", path.to_str().unwrap(), "--format", "json"], more].concat();
        command(data, &line).await
    };
    check(&good, &[]).await.unwrap();
    let authority = data.join("authority/certificate.pem");
    let alone = ["--authority", authority.to_str().unwrap()];
    check(&good, &alone).await.unwrap();
    // The authority that vouches for the key is replaced, and at last forgotten.
    let folder = Folder::open(data).unwrap();
    let (next, key) = Authority::make("dong-nai", [7; SERIAL_BYTES], moment()).unwrap();
    let kept = data.join("kept.pem");
    std::fs::copy(&authority, &kept).unwrap();
    let alone = ["--authority", kept.to_str().unwrap()];
    authorities::begin(&folder, &next, &key).unwrap();
    check(&good, &[]).await.unwrap();
    authorities::switch(&folder).unwrap();
    check(&good, &[]).await.unwrap();
    authorities::drop_former(&folder).unwrap();
    check(&good, &[]).await.unwrap();
    let mut forged = good[0].clone();
    forged.statement[3] ^= 1;
    assert_eq!(check(&[good[1].clone(), forged], &[]).await.unwrap_err(), "1 of 2 receipts are not borne out");
    // A journal that lost what was acknowledged: the receipt proves it.
    let database = Connection::open(data.join("store.db")).unwrap();
    database.execute("DELETE FROM journal WHERE seq = 2", []).unwrap();
    assert_eq!(check(&good, &[]).await.unwrap_err(), "1 of 2 receipts are not borne out");
    check(&good, &alone).await.unwrap();
    std::fs::write(data.join("none.json"), "{}").unwrap();
    let none = data.join("none.json");
    assert!(command(data, &["verify-receipt", none.to_str().unwrap()]).await.is_err());
    house.stop().await;
}

#[tokio::test]
async fn conflicts_are_listed_until_they_are_settled() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let noted = shared::change::Conflict { earlier: change_id(1), later: change_id(2) };
    let changes = [
        figure(1, "2026-10", 10),
        figure(2, "2026-10", 20),
        change(3, Deed::ConflictNoted(noted)),
        change(4, Deed::ConflictSettled(change_id(3))),
        change(5, Deed::ConflictSettled(change_id(99))),
    ];
    let log = bodies(&changes);
    let mut agent = house.healing_agent(&credential).await;
    agent.greet(1, after(&log), LogPosition::START).await;
    assert!(agent.push(1, &log[..3]).await.refused.is_empty());
    let open = house.store.conflicts().await.unwrap().remove(0);
    assert_eq!((open.earlier, open.later), ((change_id(1), Some(1)), (change_id(2), Some(2))));
    assert_eq!((open.key.unwrap().indicator.as_str(), open.settled_at), ("CDS-17", None));
    let ack = agent.push(4, &log[3..]).await;
    assert_eq!(ack.refused.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["unknown_conflict"]);
    let settled = house.store.conflicts().await.unwrap().remove(0);
    assert_eq!(settled.settled_by.as_deref(), Some("Bình"));
    agent.feed().await;
    assert!(agent.compare(&changes[..2]).await.is_empty(), "conflicts are no records");
    command(&house.data, &["conflicts", "--format", "csv"]).await.unwrap();
    command(&house.data, &["communes"]).await.unwrap();
    house.stop().await;
}
