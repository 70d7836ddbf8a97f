//! The digests of both ends are compared. What differs is first made anew here, from our own log, and then sent again; healing is only
//! ever that. After it they are compared once more.

use super::{Input, Machine, Outcome, Output, State, protocol, send, sending::refusals, unreadable};
use crate::store::replay::LoggedChange;
use proto::{
    MAX_BATCH_BYTES, MAX_PAGE_CHANGES,
    digest::{report_from_wire, to_wire},
    sync::v1::{self, agent_frame},
};
use shared::period::Period;
use std::collections::VecDeque;

/// How often the digests are sent in one session.
const MAX_ROUNDS: u32 = 2;
/// Most places that are sent again in one session; the next goes on.
pub const MAX_PLACES: usize = 500;

/// How far the comparison has come.
#[derive(Debug, Default)]
pub(super) struct Comparing {
    rounds: u32,
    /// The digests were sent, and the report is awaited.
    asked: bool,
    places: VecDeque<(Period, String)>,
    /// What was sent again, and awaits its answer.
    resent: Option<Vec<u64>>,
    /// The result is being written down.
    concluding: bool,
}

impl Machine {
    pub(super) fn begin_comparing(&mut self) -> Vec<Output> {
        self.state = State::Comparing(Comparing::default());
        vec![Output::ReadDigests]
    }

    fn comparing(&mut self) -> Result<&mut Comparing, Outcome> {
        match &mut self.state {
            State::Comparing(comparing) => Ok(comparing),
            _ => Err(protocol("an answer out of turn")),
        }
    }

    /// The store has answered.
    pub(super) fn compare(&mut self, input: Input) -> Result<Vec<Output>, Outcome> {
        match input {
            Input::Digests(digests) => {
                let comparing = self.comparing()?;
                comparing.rounds += 1;
                comparing.asked = true;
                Ok(vec![send(agent_frame::Frame::Digests(to_wire(&digests)))])
            }
            Input::Differing(places) => {
                self.comparing()?.places = places.into_iter().take(MAX_PLACES).collect();
                self.next_place()
            }
            Input::ChangesAbout(changes) => self.resend(changes),
            Input::Stored if self.comparing()?.concluding => Ok(self.begin_uploading()),
            Input::Stored => self.next_place(),
            _ => Err(protocol("an answer out of turn")),
        }
    }

    /// The province's report has come.
    pub(super) fn compared(&mut self, report: v1::DigestReport) -> Result<Vec<Output>, Outcome> {
        let differences = report_from_wire(report).map_err(|error| unreadable(&error))?;
        let comparing = self.comparing()?;
        if !std::mem::take(&mut comparing.asked) {
            return Err(protocol("a report of digests that was not asked for"));
        }
        if differences.is_empty() || comparing.rounds >= MAX_ROUNDS {
            comparing.concluding = true;
            return Ok(vec![Output::NoteComparison { equal: differences.is_empty() }]);
        }
        Ok(vec![Output::FindDifferences(differences)])
    }

    fn next_place(&mut self) -> Result<Vec<Output>, Outcome> {
        Ok(match self.comparing()?.places.front() {
            Some((period, indicator)) => {
                vec![Output::ReadChangesAbout { period: *period, indicator: indicator.clone() }]
            }
            None => vec![Output::ReadDigests],
        })
    }

    fn resend(&mut self, changes: Vec<LoggedChange>) -> Result<Vec<Output>, Outcome> {
        let comparing = self.comparing()?;
        let Some((period, indicator)) = comparing.places.front().cloned() else {
            return Err(protocol("an answer out of turn"));
        };
        comparing.resent = Some(changes.iter().map(|change| change.seq).collect());
        let mut frames: Vec<v1::Resend> = Vec::new();
        let mut size_bytes = 0;
        let frame = || v1::Resend {
            period: period.to_string(),
            indicator: indicator.clone(),
            changes: Vec::new(),
            last: false,
        };
        for change in changes {
            size_bytes += change.body.len();
            let full = frames.last().is_none_or(|last| {
                last.changes.len() == MAX_PAGE_CHANGES || (size_bytes > MAX_BATCH_BYTES && !last.changes.is_empty())
            });
            if full {
                size_bytes = change.body.len();
                frames.push(frame());
            }
            if let Some(last) = frames.last_mut() {
                last.changes.push(v1::ResentChange { seq: change.seq, body: change.body });
            }
        }
        if frames.is_empty() {
            frames.push(frame());
        }
        if let Some(last) = frames.last_mut() {
            last.last = true;
        }
        Ok(frames.into_iter().map(|frame| send(agent_frame::Frame::Resend(frame))).collect())
    }

    /// The province has made its records anew.
    pub(super) fn resent(&mut self, resent: v1::Resent) -> Result<Vec<Output>, Outcome> {
        let comparing = self.comparing()?;
        let fits = comparing
            .places
            .front()
            .is_some_and(|(period, indicator)| period.to_string() == resent.period && *indicator == resent.indicator);
        let Some(changes) = comparing.resent.take().filter(|_| fits) else {
            return Err(protocol("an answer to something that was not sent again"));
        };
        comparing.places.pop_front();
        let known = resent.refused.into_iter().filter(|refused| changes.contains(&refused.seq)).collect();
        let refused = refusals(known, |_| true)?;
        Ok(vec![Output::StoreResent { changes, refused, repaired: u64::from(resent.repaired) }])
    }
}
