//! Agents of the first protocol: joining, pushing, being turned away.

use super::*;

#[tokio::test]
async fn an_agent_joins_pushes_and_gets_its_feed() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20), evidence(3, 2, 1), figure(4, "2025-10", 1)]);
    let mut agent = house.agent(&credential).await;
    assert!(is_welcome(&agent.hello(1, after(&log), LogPosition::START).await, 0));
    let ack = agent.push(1, &log[..2]).await;
    assert_eq!(ack.position, Some(position::to_wire(after(&log[..2]))));
    let ack = agent.push(3, &log[2..]).await;
    assert_eq!(ack.position, Some(position::to_wire(after(&log))));
    assert_eq!(
        ack.refused.iter().map(|one| (one.seq, one.code.as_str())).collect::<Vec<_>>(),
        [(4, "outside_plan_year")]
    );
    let again = agent.push(1, &log).await;
    assert_eq!((again.position, again.refused), (ack.position, ack.refused), "a replay is acknowledged the same");
    agent.send(agent_frame::Frame::FeedWanted(v1::FeedWanted { position: 0, catalogue_version: 0 })).await;
    let aggregator_frame::Frame::FeedPart(part) = agent.answer().await.unwrap() else { panic!("no part") };
    let shared::feed::FeedItem::Catalogue(view) = proto::feed::from_wire(&part).unwrap() else {
        panic!("no catalogue")
    };
    assert_eq!((view.commune.slug.as_str(), view.version), ("tan-phu", 1));
    assert!(view.targets.iter().all(|target| target.commune == "tan-phu"));
    let aggregator_frame::Frame::FeedEnd(end) = agent.answer().await.unwrap() else { panic!("no end") };
    assert_eq!((end.parts, end.position), (1, 1));
    assert_eq!(agent.answer().await.unwrap_err().code(), Code::Ok);
    let kept = house.store.observations().await.unwrap();
    assert_eq!(kept.iter().map(|o| (o.version, o.evidence_count)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    let contact = house.contact("tan-phu").await;
    assert!(contact.last_success.is_some() && contact.enrolled.is_some());
    assert_eq!((contact.head_seq, contact.build.as_str()), (4, "test 1"));
    house.stop().await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    let mut agent = house.agent(&credential).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log[..1]).await;
    // Stopped in mid-session: the agent is told, and comes back.
    let (place, data) = house.stop().await;
    assert!(matches!(agent.answer().await, Err(status) if status.code() != Code::Ok));
    let house = House::serve(place, data).await;
    let mut agent = house.agent(&credential).await;
    assert!(is_welcome(&agent.hello(1, after(&log), after(&log[..1])).await, 1));
    agent.push(2, &log[1..]).await;
    assert_eq!(house.store.observations().await.unwrap().len(), 2);
    let house = house.stop().await;
    drop(house);
}

#[tokio::test]
async fn only_a_commune_of_this_authority_may_sync() {
    let house = House::found().await;
    let refused = async |credential: Option<&Credential>| match Agent::connect(house.channel(credential).await).await {
        Ok(_) => panic!("let in"),
        Err(status) => status.code(),
    };
    assert_eq!(refused(None).await, Code::Unauthenticated);
    let now = SystemClock.now();
    let staff = |authority: &Authority| {
        let made = authority.issue_staff(&Identity::staff("dong-nai", "an").unwrap(), random(), now).unwrap();
        (vec![made.issued.certificate], pem::key_from_pem(&made.key_pem).unwrap())
    };
    assert_eq!(refused(Some(&staff(&house.authority))).await, Code::PermissionDenied);
    let foreign = Authority::make("dong-nai", random(), now).unwrap().0;
    // With TLS 1.3 the client learns of it when it connects or with its first call.
    let roots = [house.authority.certificate().clone()];
    match connect::channel(&house.url, client_config(&roots, Some(staff(&foreign))).unwrap()).await {
        Err(error) => assert!(matches!(error, connect::ConnectError::CertificateRefused(_)), "{error}"),
        Ok(channel) => assert!(Agent::connect(channel).await.is_err()),
    }
    house.stop().await;
}

#[tokio::test]
async fn a_token_opens_once_for_its_commune_and_in_time() {
    let house = House::found().await;
    let refused = async |token: &str| house.enrol(token).await.map(|_| ()).unwrap_err().code();
    let token = house.token("tan-phu", 1).await;
    assert_eq!(house.enrol(&token).await.unwrap().1, "tan-phu", "the commune is the token's");
    let late = house.token("tan-phu", 0).await;
    let unknown = Token::new(random()).to_string();
    let stranger = house.token("atlantis", 1).await;
    for token in [&token, &late, &unknown, &stranger, "", &"x".repeat(10_000), "đ".repeat(150).as_str()] {
        assert_eq!(refused(token).await, Code::Unauthenticated, "{token}");
    }
    house.stop().await;
}

#[tokio::test]
async fn a_revoked_agent_and_a_second_life_are_turned_away() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10)]);
    let verdict = |frame| match frame {
        aggregator_frame::Frame::TurnedAway(away) => away.verdict(),
        other => panic!("not turned away: {other:?}"),
    };
    let mut agent = house.agent(&credential).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log).await;
    let mut second = house.agent(&credential).await;
    assert_eq!(verdict(second.hello(2, after(&log), LogPosition::START).await), v1::Verdict::AgentBehind);
    // The copy that was turned away ended nothing; a newer session of the same life ends the older one.
    let more = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    agent.push(2, &more[1..]).await;
    let mut newer = house.agent(&credential).await;
    let welcome = newer.hello(1, after(&more), after(&more)).await;
    assert!(matches!(welcome, aggregator_frame::Frame::Welcome(_)), "{welcome:?}");
    assert!(matches!(agent.answer().await, Err(status) if status.code() == Code::Aborted));
    let identity = Identity::commune("dong-nai", "tan-phu").unwrap().to_uri();
    house.store.revoke(&identity, "", act(SystemClock.now())).await.unwrap();
    let mut agent = house.agent(&credential).await;
    assert_eq!(verdict(agent.hello(1, after(&more), after(&more)).await), v1::Verdict::Revoked);
    assert_eq!(agent.answer().await.unwrap_err().code(), Code::Ok);
    house.stop().await;
}

#[tokio::test]
async fn a_revocation_ends_the_session_that_is_going_on() {
    let house = House::found().await;
    let (stolen, other) = (house.join("tan-phu").await, house.join("dinh-quan").await);
    let (mut stolen, mut other) = (house.agent(&stolen).await, house.agent(&other).await);
    assert!(is_welcome(&stolen.hello(1, LogPosition::START, LogPosition::START).await, 0));
    assert!(is_welcome(&other.hello(2, LogPosition::START, LogPosition::START).await, 0));
    command(&house.data, &["revoke", "tan-phu"]).await.unwrap();
    // Neither says anything: the server notices by itself.
    assert_eq!(stolen.answer().await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(other.push(1, &bodies(&[figure(1, "2026-10", 1)])).await.refused.len(), 0);
    house.stop().await;
}

#[tokio::test]
async fn hostile_frames_end_their_own_session_only() {
    let house = House::found().await;
    let (hostile, good) = (house.join("loc-tan").await, house.join("tan-phu").await);
    let log = bodies(&[figure(1, "2026-09", 10)]);
    let mut peaceful = house.agent(&good).await;
    peaceful.hello(1, after(&log), LogPosition::START).await;
    // Larger than any frame, small on the wire: the limit is on what it unpacks to.
    let large = [Bytes::from(vec![0; 5 * 1024 * 1024])];
    let cases = [
        (batch(1, &large), Code::OutOfRange),
        (batch(1, &vec![Bytes::from(vec![0; 1024]); 700]), Code::InvalidArgument),
        (batch(9, &log), Code::InvalidArgument),
        (batch(1, &[]), Code::InvalidArgument),
    ];
    for (frame, expected) in cases {
        let mut agent = house.agent(&hostile).await;
        assert!(is_welcome(&agent.hello(1, after(&log), LogPosition::START).await, 0));
        agent.send(frame).await;
        let code = agent.answer().await.unwrap_err().code();
        assert!(code == expected || code == Code::Internal, "{code:?} instead of {expected:?}");
    }
    // Bodies that are no changes are refused one by one, the rest goes on.
    let mixed = [Bytes::from_static(b"\xff\xff"), Bytes::new(), log[0].clone(), Bytes::from(vec![7; 100_000])];
    let mut agent = house.agent(&hostile).await;
    agent.hello(1, after(&mixed), LogPosition::START).await;
    let ack = agent.push(1, &mixed).await;
    assert!(ack.refused.iter().all(|one| one.code == "unreadable"), "{:?}", ack.refused);
    assert_eq!(house.contact("loc-tan").await.last_failure.as_deref(), Some("protocol_violation"));
    peaceful.push(1, &log).await;
    assert_eq!(house.store.observations().await.unwrap().len(), 2);
    house.stop().await;
}
