//! Which authorities of the province this computer trusts: learnt from every welcome. The connection is
//! authenticated, so the province's list is its own word.

use super::{credential, renew::ders};
use crate::folder::Folder;
use proto::sync::v1::{AggregatorFrame, aggregator_frame};

/// Takes over whom a welcome says to trust. What cannot be kept is told again at the next session.
pub fn learn(folder: &Folder, frame: &AggregatorFrame) {
    let Some(aggregator_frame::Frame::Welcome(welcome)) = &frame.frame else { return };
    if let Err(error) = credential::trust(folder, &ders(&welcome.authorities)) {
        tracing::warn!(%error, "the province's authorities cannot be kept");
    }
}
