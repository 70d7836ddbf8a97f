//! What happens to certificates and authorities in the middle of a session.

use super::*;
use crate::{
    loopback::{Agent, after, bodies},
    sample::figure,
};
use proto::{receipt::ReceiptVerifier, sync::v1::aggregator_frame::Frame};
use shared::change::LogPosition;

/// Most attempts until a certificate that is about to expire is refused.
const MOST_ATTEMPTS: usize = 10_000;

impl House {
    async fn session(&self, enrolled: &Enrolled) -> Agent {
        let mut agent = Agent::connect(self.channel(enrolled).await.unwrap()).await.unwrap();
        agent.protocol = 2;
        agent
    }
}

fn welcomed(frame: Frame) -> proto::sync::v1::Welcome {
    match frame {
        Frame::Welcome(welcome) => welcome,
        other => panic!("not welcomed: {other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_that_expires_in_mid_session_lets_it_end_in_order() {
    let house = House::found_before(TimeDelta::days(14) - TimeDelta::milliseconds(2_500)).await;
    let joined = house.join("tan-phu").await;
    let mut agent = house.session(&joined).await;
    house.set_clock(real());
    let welcome = welcomed(agent.hello(1, LogPosition::START, LogPosition::START).await);
    let log = bodies(&[figure(1, "2026-10", 1)]);
    // The end of its life comes while the session goes on.
    let mut refused = false;
    for _ in 0..MOST_ATTEMPTS {
        refused = matches!(house.connect(&joined).await, Err(ConnectError::CertificateRefused(_)));
        if refused {
            break;
        }
    }
    assert!(refused && Validity::of(&joined.leaf).unwrap().not_after <= real());
    let ack = agent.push(1, &log).await;
    let receipt_key = CertificateDer::from(welcome.receipt_certificate);
    let verifier = ReceiptVerifier::new("dong-nai", &receipt_key, &joined.roots).unwrap();
    assert_eq!(verifier.check(&ack.receipt.unwrap()).unwrap().position, after(&log));
    // It comes back by its key.
    let renewed = house.renew_absent(&joined, &signing_request().unwrap()).await.unwrap();
    let mut agent = house.session(&renewed).await;
    let welcome = welcomed(agent.hello(1, after(&log), after(&log)).await);
    assert_eq!(welcome.position.unwrap().seq, 1);
    house.stop().await;
}

#[tokio::test]
async fn an_authority_that_is_replaced_in_mid_session_changes_nothing_in_it() {
    let house = House::found(0).await;
    let joined = house.join("tan-phu").await;
    let mut agent = house.session(&joined).await;
    let welcome = welcomed(agent.hello(1, LogPosition::START, LogPosition::START).await);
    let log = bodies(&[figure(1, "2026-09", 1), figure(2, "2026-10", 1)]);
    let receipt_key = CertificateDer::from(welcome.receipt_certificate.clone());
    let verifier = ReceiptVerifier::new("dong-nai", &receipt_key, &joined.roots).unwrap();
    let first = agent.push(1, &log[..1]).await;
    house.command(&["authority", "rotate"]).await.unwrap();
    house.command(&["authority", "finish", "--force"]).await.unwrap();
    let second = agent.push(2, &log[1..]).await;
    for (ack, seq) in [(first, 1), (second, 2)] {
        assert_eq!(verifier.check(&ack.receipt.unwrap()).unwrap().position.seq, seq, "by the key it was told of");
    }
    // The next session's server is the new authority's; one that learnt of it goes on.
    let both = house.authorities().trusted();
    assert_eq!(both.len(), 2);
    assert!(matches!(house.connect(&joined).await, Err(ConnectError::ServerNotTrusted(_))));
    let learnt = Enrolled { roots: both.clone(), ..joined };
    let mut agent = house.session(&learnt).await;
    let welcome = welcomed(agent.hello(1, after(&log), after(&log)).await);
    let receipt_key = CertificateDer::from(welcome.receipt_certificate);
    ReceiptVerifier::new("dong-nai", &receipt_key, &both[..1]).expect("certified by the new authority");
    house.stop().await;
}
