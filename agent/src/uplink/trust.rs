//! Which authorities of the province this computer trusts: said in every greeting, and learnt from every welcome. The connection is
//! authenticated, so the province's list is its own word.

use super::{credential, renew::ders};
use crate::folder::Folder;
use proto::{
    sync::v1::{AgentFrame, AggregatorFrame, agent_frame, aggregator_frame},
    tls::Fingerprint,
};

/// Says in a greeting whom this computer trusts.
pub fn introduce(folder: &Folder, frames: &mut [AgentFrame]) {
    for frame in frames {
        let Some(agent_frame::Frame::Hello(hello)) = &mut frame.frame else { continue };
        match credential::authorities(folder) {
            Ok(trusted) => hello.authorities = trusted.iter().map(|one| Fingerprint::of(one).0.to_vec()).collect(),
            Err(error) => tracing::warn!(%error, "the trusted authorities cannot be read"),
        }
    }
}

/// Takes over whom a welcome says to trust. What cannot be kept is told again at the next session.
pub fn learn(folder: &Folder, frame: &AggregatorFrame) {
    let Some(aggregator_frame::Frame::Welcome(welcome)) = &frame.frame else { return };
    if let Err(error) = credential::trust(folder, &ders(&welcome.authorities)) {
        tracing::warn!(%error, "the province's authorities cannot be kept");
    }
}
