//! After the feed: the two ends prove that they hold the same, what differs is sent again, and evidence follows.

use super::{Input, Machine, Output, State, send, taking::refused_to_wire, violation};
use prost::bytes::Bytes;
use proto::{
    MAX_BATCH_BYTES, MAX_CHUNK_BYTES, MAX_OFFERED_FILES, MAX_PAGE_CHANGES,
    sync::v1::{self, AgentFrame, agent_frame, aggregator_frame},
};
use shared::{change::MAX_BODY_BYTES, period::Period};
use std::collections::BTreeSet;

/// Most comparisons in a session: the first, and one after each round of sending again.
const MAX_COMPARISONS: u32 = 3;
/// Most frames of changes sent again in a session; what is beyond waits for the next.
const MAX_RESENDS: u32 = 4_096;
/// Longest code of an indicator, in bytes.
const MAX_CODE_BYTES: usize = 256;
/// Most indicators and periods made anew after one comparison.
const MAX_REMADE: usize = 1_000;

/// What has been done since the feed ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Settling {
    comparisons: u32,
    resends: u32,
    /// The periods of the last report.
    reported: BTreeSet<Period>,
    /// What was made anew since then.
    remade: BTreeSet<(Period, String)>,
    /// The period and indicator that the answer is awaited for, with the last of its changes.
    resending: Option<(Period, String)>,
}

impl Machine {
    pub(super) fn settle(&mut self, mut settling: Settling, frame: AgentFrame) -> Vec<Output> {
        let asked = match frame.frame {
            Some(agent_frame::Frame::Digests(digests)) => compare(&mut settling, digests),
            Some(agent_frame::Frame::Resend(resend)) => remake(&mut settling, resend),
            Some(agent_frame::Frame::EvidenceOffer(offer)) => offered(offer),
            Some(agent_frame::Frame::EvidenceChunk(chunk)) => keep(chunk),
            _ => Err("a frame out of order after the feed"),
        };
        match asked {
            Ok(output) => {
                self.state = State::Working(settling);
                vec![output]
            }
            Err(what) => violation(what),
        }
    }

    pub(super) fn settled(&mut self, mut settling: Settling, answer: Input) -> Vec<Output> {
        let answer = match answer {
            Input::Compared(differences) => {
                settling.reported = differences.iter().map(|difference| difference.period).collect();
                settling.remade.clear();
                Some(aggregator_frame::Frame::DigestReport(proto::digest::report_to_wire(differences)))
            }
            Input::Remade(remade) => settling.resending.take().map(|(period, indicator)| {
                aggregator_frame::Frame::Resent(v1::Resent {
                    period: period.to_string(),
                    indicator,
                    refused: remade.refused.into_iter().map(refused_to_wire).collect(),
                    repaired: remade.repaired,
                })
            }),
            Input::Files(files) => Some(aggregator_frame::Frame::EvidenceState(v1::EvidenceState { files })),
            _ => return violation("a frame out of order"),
        };
        self.state = State::Settling(settling);
        answer.map(send).into_iter().collect()
    }
}

fn compare(settling: &mut Settling, digests: v1::Digests) -> Result<Output, &'static str> {
    settling.comparisons += 1;
    if settling.comparisons > MAX_COMPARISONS {
        return Err("digests are compared too often");
    }
    proto::digest::from_wire(digests).map(Output::Compare).map_err(|_| "digests")
}

fn remake(settling: &mut Settling, resend: v1::Resend) -> Result<Output, &'static str> {
    settling.resends += 1;
    if settling.resends > MAX_RESENDS || resend.changes.len() > MAX_PAGE_CHANGES {
        return Err("too much is sent again");
    }
    let bytes: usize = resend.changes.iter().map(|change| change.body.len()).sum();
    if bytes > MAX_BATCH_BYTES + MAX_BODY_BYTES {
        return Err("a frame of changes sent again is larger than agreed");
    }
    let Ok(period) = resend.period.parse::<Period>() else { return Err("resend: period") };
    let indicator = resend.indicator;
    if indicator.is_empty() || indicator.len() > MAX_CODE_BYTES {
        return Err("resend: indicator");
    }
    // Each costs a reading of the whole log, so it has to be of use.
    let place = (period, indicator.clone());
    if !settling.reported.contains(&period) || settling.remade.contains(&place) || settling.remade.len() >= MAX_REMADE {
        return Err("changes are sent again that were not found to differ");
    }
    if resend.last {
        settling.remade.insert(place);
        settling.resending = Some((period, indicator.clone()));
    }
    let changes = resend.changes.into_iter().map(|change| (change.seq, Bytes::from(change.body))).collect();
    Ok(Output::Remake { period, indicator, changes, last: resend.last })
}

fn offered(offer: v1::EvidenceOffer) -> Result<Output, &'static str> {
    if offer.files.is_empty() || offer.files.len() > MAX_OFFERED_FILES {
        return Err("an offer without files, or with too many");
    }
    let files =
        offer.files.into_iter().map(|file| Some((<[u8; 32]>::try_from(&file.sha256[..]).ok()?, file.size_bytes)));
    files.collect::<Option<_>>().map(Output::Offer).ok_or("offer: sha256")
}

fn keep(chunk: v1::EvidenceChunk) -> Result<Output, &'static str> {
    if chunk.data.is_empty() || chunk.data.len() > MAX_CHUNK_BYTES {
        return Err("a chunk without bytes, or with too many");
    }
    let Ok(sha256) = <[u8; 32]>::try_from(&chunk.sha256[..]) else { return Err("chunk: sha256") };
    Ok(Output::Keep { sha256, offset: chunk.offset, data: Bytes::from(chunk.data) })
}
