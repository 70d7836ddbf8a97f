//! Answers that were given last, kept until the figures or the day change: many look at the same few pages.

use super::Desk;
use crate::{
    closing::FrozenError,
    report::{
        asking::{AskingError, ask},
        figures::Figures,
        question::{Edition, Question, Subject},
    },
};
use chrono::NaiveDate;
use shared::{listing::Listing, period::Period};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::Mutex;

/// Most answers that are kept; the largest is a ranking of all communes.
const MAX_HELD: usize = 24;

/// How often the figures had changed, and the day: an answer is good as long as both are the same.
type Moment = (u64, NaiveDate);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Answers {
    held: Mutex<VecDeque<(Moment, Question, Arc<Listing>)>>,
}

/// Whether an answer is made of nothing but the figures held ready.
fn is_of_figures(subject: &Subject) -> bool {
    match subject {
        Subject::Rankings(_)
        | Subject::Schemes
        | Subject::Explain(_)
        | Subject::Indicator(_)
        | Subject::Due(_)
        | Subject::Tasks(_)
        | Subject::Units(_)
        | Subject::UnitsDue(_)
        | Subject::WhatIf(_)
        | Subject::Checks(_)
        | Subject::Queue(_)
        | Subject::Quality => true,
        Subject::Detail(_)
        | Subject::History(_)
        | Subject::Communes
        | Subject::Alerts(_)
        | Subject::Reviews
        | Subject::Export(_) => false,
    }
}

impl Desk {
    /// How often the figures have changed, and the day.
    pub(super) async fn moment(&self) -> Moment {
        // The count first: what changes in between is noticed at the next question.
        let changes = *self.live.changes().borrow();
        (changes, self.live.read().today)
    }

    /// Answers a question as the commands do; the same question is answered once until something changes.
    ///
    /// # Errors
    /// [`AskingError`]
    pub async fn answer(&self, question: &Question) -> Result<Arc<Listing>, AskingError> {
        if !is_of_figures(&question.subject) {
            return Ok(Arc::new(ask(&self.live, question).await?));
        }
        let moment = self.moment().await;
        let mut held = self.answers.held.lock().await;
        held.retain(|(of, ..)| *of == moment);
        if let Some((.., listing)) = held.iter().find(|(_, asked, _)| asked == question) {
            return Ok(listing.clone());
        }
        drop(held);
        let listing = Arc::new(ask(&self.live, question).await?);
        let mut held = self.answers.held.lock().await;
        held.truncate(MAX_HELD - 1);
        held.push_front((moment, question.clone(), listing.clone()));
        Ok(listing)
    }

    /// Reads from the figures of a period: those that were frozen where it is closed, else the present ones.
    ///
    /// # Errors
    /// There is no such closing, or it cannot be read.
    pub async fn with_figures<T>(
        &self,
        (period, edition): (Period, Edition),
        read: impl FnOnce(&Figures) -> T,
    ) -> Result<T, AskingError> {
        let closing = self.live.read().closing(period, edition)?.cloned();
        match closing {
            None => Ok(read(&self.live.read())),
            Some(closing) => {
                let frozen = self.live.frozen(closing).await.map_err(|error: FrozenError| AskingError::from(error))?;
                Ok(read(&frozen.figures))
            }
        }
    }
}
