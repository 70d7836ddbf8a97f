//! Asking a running province: the one way from a question to its answer, for the query service, the pages and the API.

use super::{
    alert::events_since,
    answer::answer,
    closed::{answer_closed, closing_of},
    figures::{Figures, FiguresError},
    history::{versions_wanted, with_versions},
    question::{AskError, Question, Subject},
};
use crate::{closing::FrozenError, standing::Live, store::StoreError};
use shared::listing::Listing;
use thiserror::Error;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum AskingError {
    /// What was asked does not exist, or lies outside the plan year.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is held does not fit together.
    #[error(transparent)]
    Figures(#[from] FiguresError),
}

impl From<FrozenError> for AskingError {
    fn from(error: FrozenError) -> Self {
        match error {
            FrozenError::Ask(error) => AskingError::Ask(error),
            FrozenError::Store(error) => AskingError::Store(error),
        }
    }
}

/// Answers from the figures held ready, or, of a closed period, from those that were frozen.
///
/// # Errors
/// [`AskingError`]
pub async fn ask(live: &Live, question: &Question) -> Result<Listing, AskingError> {
    let wanted = versions_wanted(&live.read(), question)?;
    let question = &match wanted {
        Some(wanted) => with_versions(question.clone(), live.versions(wanted).await?),
        None => question.clone(),
    };
    let closing = closing_of(&live.read(), question)?;
    if let Some((closing, question)) = closing {
        let frozen = live.frozen(closing).await?;
        return Ok(answer_closed(&frozen, &question)?);
    }
    let answered = match question.subject {
        // These are made from every version, which is not held ready.
        Subject::Export(_) | Subject::Queue(_) | Subject::Checks(_) | Subject::Quality => {
            let (figures, inputs) = live.load().await?;
            answer(&figures, Some(&inputs), question)
        }
        Subject::Reviews => {
            let verdicts = live.verdicts().await?;
            let (mut figures, inputs) = live.load().await?;
            figures.verdicts = verdicts;
            answer(&figures, Some(&inputs), question)
        }
        Subject::Alerts(ref asked) => {
            live.note_alerts().await?;
            let since = events_since(asked, live.read().today);
            let figures = Figures { alert_events: live.alert_events(since).await?, ..Figures::clone(&live.read()) };
            answer(&figures, None, question)
        }
        Subject::Communes => {
            let figures = Figures { contacts: live.contacts().await?, ..Figures::clone(&live.read()) };
            answer(&figures, None, question)
        }
        _ => answer(&live.read(), None, question),
    };
    Ok(answered?)
}
