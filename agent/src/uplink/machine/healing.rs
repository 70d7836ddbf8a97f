//! The province's log is not ours: it is taken back page by page, each page checked by the chain and kept aside, and the store is made
//! anew from it. Then the agent greets again, in a new life of its store.

use super::{Input, Machine, Outcome, Output, State, protocol, send};
use crate::store::{figures::StoredRefusal, history::HeldChange};
use proto::{
    MAX_PAGE_CHANGES, position,
    sync::v1::{self, agent_frame},
};
use shared::change::{LogPosition, MAX_BODY_BYTES};

/// Most times in one session: each makes a new life, and another copy of this store may go on writing.
const MAX_HEALINGS: u32 = 3;
/// Longest code of a refusal, in characters.
const MAX_CODE_CHARS: usize = 64;

/// How far the log has come back.
#[derive(Debug)]
pub(super) struct Healing {
    /// The end of the province's log.
    goal: LogPosition,
    /// The end of what is kept aside.
    at: LogPosition,
    /// Whether the province was asked for a page.
    asked: bool,
}

impl Machine {
    pub(super) fn begin_healing(&mut self, common: LogPosition, goal: LogPosition) -> Result<Vec<Output>, Outcome> {
        self.healings += 1;
        if self.healings > MAX_HEALINGS {
            return Err(protocol("the province's log changes faster than it can be taken back"));
        }
        self.state = State::Healing(Box::new(Healing { goal, at: common, asked: false }));
        Ok(vec![Output::BeginHealing { common, goal }])
    }

    fn healing(&mut self) -> Result<&mut Healing, Outcome> {
        match &mut self.state {
            State::Healing(healing) => Ok(healing),
            _ => Err(protocol("an answer out of turn")),
        }
    }

    /// The store has answered.
    pub(super) fn heal(&mut self, input: Input) -> Result<Vec<Output>, Outcome> {
        match input {
            Input::Healing(at) => {
                self.healing()?.at = at;
                self.want_history()
            }
            Input::Stored => self.want_history(),
            // What is new here goes out in another bundle.
            Input::Rebased(_) if self.errand.is_some() => Ok(self.finish()),
            Input::Rebased(facts) => Ok(self.greet(*facts)),
            _ => Err(protocol("an answer out of turn")),
        }
    }

    fn want_history(&mut self) -> Result<Vec<Output>, Outcome> {
        let healing = self.healing()?;
        if healing.at.seq < healing.goal.seq {
            healing.asked = true;
            let after = Some(position::to_wire(healing.at));
            return Ok(vec![send(agent_frame::Frame::HistoryWanted(v1::HistoryWanted { after }))]);
        }
        if healing.at != healing.goal {
            return Err(protocol("the log that came back does not end where the province said"));
        }
        let goal = healing.goal;
        Ok(vec![Output::Rebase { goal }])
    }

    /// A page has come.
    pub(super) fn take_back(&mut self, page: v1::HistoryPage) -> Result<Vec<Output>, Outcome> {
        let healing = self.healing()?;
        if !std::mem::take(&mut healing.asked) {
            return Err(protocol("a page of history that was not asked for"));
        }
        if page.changes.is_empty() || page.changes.len() > MAX_PAGE_CHANGES {
            return Err(protocol("a page of history without changes, or with too many"));
        }
        if page.first_seq == 1 {
            // The province does not know the place that was asked for, or it is the beginning.
            healing.at = LogPosition::START;
        }
        if page.first_seq != healing.at.seq + 1 {
            return Err(protocol("a page of history that does not follow"));
        }
        let after = healing.at;
        let changes: Vec<HeldChange> = page.changes.into_iter().map(held).collect::<Result<_, _>>()?;
        for change in &changes {
            healing.at = healing.at.then(&change.body);
        }
        if healing.at.seq > healing.goal.seq {
            return Err(protocol("more history than the province said it holds"));
        }
        Ok(vec![Output::StageHistory { after, changes }])
    }
}

fn held(change: v1::HeldChange) -> Result<HeldChange, Outcome> {
    if change.body.len() > MAX_BODY_BYTES {
        return Err(protocol("a change of history that is too large"));
    }
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let refusal = (!change.refusal_code.is_empty()).then(|| StoredRefusal {
        code: cut(&change.refusal_code, MAX_CODE_CHARS),
        detail: cut(&change.refusal_detail, 200),
    });
    Ok(HeldChange { body: change.body, refusal })
}
