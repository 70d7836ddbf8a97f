//! The figures of the store, loaded once and asked several questions.

use super::{
    alert::events_since,
    answer::{SIMULATED, answer},
    cli::ReportError,
    closed::{answer_closed, closing_of},
    export::pages,
    figures::Figures,
    history::{versions_wanted, with_versions},
    question::{AlertsAsked, Edition, ExportTable, Question, Subject},
};
use crate::{
    alerts,
    closing::{Frozen, FrozenError},
    store::Store,
};
use chrono::{DateTime, Utc};
use shared::{
    calendar::local_day, language::Language, listing::Listing, period::Period, ranking::Scheme, tables::Inputs,
};
use std::{
    io::{self, Cursor},
    sync::Arc,
};

/// Figures with the tables they were made of.
pub struct Held {
    store: Arc<dyn Store>,
    now: DateTime<Utc>,
    /// The present figures.
    pub figures: Figures,
    inputs: Inputs,
    /// Those of the closing that was asked for last.
    frozen: Option<Frozen>,
}

impl Held {
    /// Loads the figures.
    ///
    /// # Errors
    /// The store's, or a catalogue that does not fit together.
    pub async fn load(store: Arc<dyn Store>, now: DateTime<Utc>) -> Result<Self, ReportError> {
        let (figures, inputs) = Figures::load_with_inputs(&*store, local_day(now)).await?;
        Ok(Self { store, now, figures, inputs, frozen: None })
    }

    /// Answers a question.
    ///
    /// # Errors
    /// What was asked does not exist; the store's.
    pub async fn ask(&mut self, question: &Question) -> Result<Listing, ReportError> {
        let question = &match versions_wanted(&self.figures, question)? {
            Some(wanted) => with_versions(question.clone(), self.store.versions(wanted).await?),
            None => question.clone(),
        };
        match &question.subject {
            Subject::Alerts(asked) => {
                alerts::bring_up_to_date(&*self.store, &self.figures, self.now).await?;
                let since = events_since(asked, self.figures.today);
                self.figures.alert_events = self.store.alert_events(since).await?;
            }
            Subject::Communes => self.figures.contacts = self.store.contacts().await?,
            Subject::Reviews => self.figures.verdicts = self.store.verdicts().await?,
            _ => {}
        }
        match closing_of(&self.figures, question)? {
            None => Ok(answer(&self.figures, Some(&self.inputs), question)?),
            Some((_, question)) => {
                let (period, edition) = (question.period, question.edition);
                match self.frozen(period, edition).await? {
                    Some(frozen) => Ok(answer_closed(frozen, &question)?),
                    None => Ok(answer(&self.figures, Some(&self.inputs), &question)?),
                }
            }
        }
    }

    /// A table of the exports as a workbook, written page by page.
    ///
    /// # Errors
    /// What was asked does not exist; the store's; more rows than a sheet can hold.
    pub async fn workbook(&mut self, question: &Question, table: ExportTable) -> Result<Vec<u8>, ReportError> {
        let closing = closing_of(&self.figures, question)?;
        let (period, scheme, language) = (question.period, question.scheme, question.language);
        if let Some((_, question)) = closing
            && let Some(frozen) = self.frozen(question.period, question.edition).await?
        {
            return sheet(&frozen.figures, &frozen.inputs, table, (question.period, scheme), language);
        }
        sheet(&self.figures, &self.inputs, table, (period, scheme), language)
    }

    /// The figures of the closing of a period; none where the present ones are meant.
    ///
    /// # Errors
    /// No such closing; the store's.
    pub async fn frozen(&mut self, period: Option<Period>, edition: Edition) -> Result<Option<&Frozen>, ReportError> {
        let period = self.figures.period(period)?;
        let Some(closing) = self.figures.closing(period, edition)?.cloned() else { return Ok(None) };
        let is_held = self
            .frozen
            .as_ref()
            .is_some_and(|held| (held.closing.period, held.closing.revision) == (closing.period, closing.revision));
        if !is_held {
            let loaded = Frozen::load(&*self.store, closing).await.map_err(|error| match error {
                FrozenError::Ask(error) => ReportError::Ask(error),
                FrozenError::Store(error) => ReportError::Store(error),
            })?;
            self.frozen = Some(loaded);
        }
        Ok(self.frozen.as_ref())
    }

    /// The alerts that stand in a period.
    #[must_use]
    pub fn alerts() -> Subject {
        Subject::Alerts(AlertsAsked::default())
    }
}

fn sheet(
    figures: &Figures,
    inputs: &Inputs,
    table: ExportTable,
    (period, scheme): (Option<Period>, Scheme),
    language: Language,
) -> Result<Vec<u8>, ReportError> {
    let mut pages = pages(figures, inputs, table, period, scheme)?;
    let mut head = pages.next().unwrap_or_default();
    if figures.exercise {
        head.notes.push(format!("*** {} ***", language.pick(SIMULATED.0, SIMULATED.1)));
    }
    let mut file = Cursor::new(Vec::new());
    workbook::listing::write_pages(&head, pages.map(|page| page.rows), language, &mut file)
        .map_err(io::Error::other)?;
    Ok(file.into_inner())
}
