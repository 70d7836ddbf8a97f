//! The plan's indicators in a month: what is asked, what was reported, what is typed, and what it comes to. What is typed counts here as
//! if it were reported, by the same code that counts what is.

use crate::{
    draft::{self, Draft, Fault, suppose},
    entry::{EntryError, Rulebook},
    month::Month,
    refusal,
    store::{
        View,
        attachments::{Attachment, Wanted},
        figures::Figure,
    },
};
use chrono::{DateTime, Utc};
use shared::{
    catalogue::{Indicator, Kind, Target},
    due::{Delivery, duties},
    language::Language,
    observation::ObservationKey,
    period::{Cycle, Period},
    plausibility::Doubt,
    ranking::{
        Scheme, Scope,
        board::Board,
        explain::{ExplainRow, explain},
    },
};
use std::collections::HashMap;

/// An indicator of the plan in a month.
pub struct Line {
    /// The indicator.
    pub indicator: Indicator,
    /// What the plan asks of it, in the plan's order.
    pub targets: Vec<Target>,
    /// The kind of value asked.
    pub kind: Kind,
    /// The figure that is entered here.
    pub key: ObservationKey,
    /// Whether it is expected in this month.
    pub is_due: bool,
    /// Whether it is expected and nothing is reported.
    pub is_missing: bool,
    /// The newest version that is reported.
    pub figure: Option<Figure>,
    /// Why the province refused what was entered last.
    pub refused: Option<String>,
    /// What is typed.
    pub draft: Option<Draft>,
    /// The latest figure of before.
    pub before: Option<Figure>,
    /// What it comes to, target by target, with what is typed.
    pub rows: Vec<ExplainRow>,
    /// What should be looked at again.
    pub doubts: Vec<Doubt>,
    /// The files of the newest version.
    pub files: Vec<Attachment>,
}

impl Line {
    /// Whether a reviewer returned it and nothing new is typed.
    pub fn is_returned(&self) -> bool {
        self.figure.as_ref().is_some_and(draft::is_returned)
    }
}

/// A month.
pub struct Sheet {
    /// The month; its ledger holds what is typed too.
    pub month: Month,
    /// The plan's indicators in its order.
    pub lines: Vec<Line>,
    /// What is typed and not sent, units' figures among it.
    pub drafts: Vec<Draft>,
    /// Why drafts cannot be sent: the same as sending would say.
    pub faults: Vec<(ObservationKey, Fault)>,
    /// How many are expected.
    pub expected: usize,
    /// How many of these are missing.
    pub missing: usize,
    /// How far the province has confirmed the log.
    pub confirmed: u64,
    /// Whether the province has closed the month.
    pub is_closed: bool,
}

impl Sheet {
    /// Reads a month.
    ///
    /// # Errors
    /// As [`Month::at_hand`].
    pub fn read(
        view: View<'_>,
        now: DateTime<Utc>,
        asked: Option<Period>,
        language: Language,
    ) -> Result<Self, EntryError> {
        let mut month = Month::at_hand(view, now, asked)?;
        let rulebook = Rulebook { catalogue: month.catalogue.clone() };
        let period = month.period;
        let drafts = view.drafts(period)?;
        let (mut cycles, mut missing) = (HashMap::new(), Vec::new());
        if let Some(commune) = month.ledger.commune {
            for duty in duties(&month.ledger.book, commune, period) {
                let code = month.ledger.book.indicators()[duty.indicator as usize].code.clone();
                if duty.delivery == Delivery::Missing {
                    missing.push(code.clone());
                }
                cycles.insert(code, duty.cycle);
            }
        }
        let at = view.exercise()?.time(now);
        suppose(view, &mut month.ledger, &rulebook, &drafts, at)?;
        let mut faults = Vec::new();
        for draft in &drafts {
            if let Some(fault) = fault_of(draft, view.newest(&draft.key)?.as_ref(), &rulebook, &month) {
                faults.push((draft.key.clone(), fault));
            }
        }
        let rows = month.ledger.commune.map(|commune| {
            let board = Board::new(&month.ledger.book, Scheme::Own, period, &Scope::default());
            explain(&month.ledger.book, &board, commune, month.today)
        });
        let mut reading = Reading {
            view,
            month: &month,
            rulebook: &rulebook,
            figures: whole(view)?,
            refused: view.refused_figures()?,
            drafts: &drafts,
            rows: rows.unwrap_or_default(),
            cycles: &cycles,
            missing: &missing,
            language,
        };
        let lines = reading.lines()?;
        let (confirmed, is_closed) = (view.acknowledged_seq()?, view.closed_periods()?.contains(&period));
        let (expected, missing) = (cycles.len(), missing.len());
        Ok(Self { lines, faults, expected, missing, confirmed, is_closed, drafts, month })
    }

    /// The line of an indicator.
    pub fn line(&self, code: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.indicator.code == code)
    }

    /// How many drafts could be sent now.
    pub fn sound(&self) -> usize {
        self.drafts.len() - self.faults.len()
    }

    /// Why a draft cannot be sent.
    pub fn fault(&self, key: &ObservationKey) -> Option<&Fault> {
        self.faults.iter().find(|(of, _)| of == key).map(|(_, fault)| fault)
    }
}

/// The newest versions of figures for the whole commune, by indicator.
fn whole(view: View<'_>) -> Result<HashMap<String, Vec<Figure>>, EntryError> {
    let mut figures: HashMap<String, Vec<Figure>> = HashMap::new();
    for figure in view.newest_of_all()?.into_iter().filter(|figure| figure.observation.key.unit.is_empty()) {
        figures.entry(figure.observation.key.indicator.clone()).or_default().push(figure);
    }
    Ok(figures)
}

fn fault_of(draft: &Draft, figure: Option<&Figure>, rulebook: &Rulebook, month: &Month) -> Option<Fault> {
    match draft.fields.check(rulebook, &draft.key) {
        Err(fault) => Some(fault),
        Ok(observation) if !draft::is_explained(&observation, figure) => {
            let doubts = month.ledger.doubts_of(&draft.key);
            let asking: Vec<Doubt> = doubts.into_iter().filter(Doubt::asks_for_a_note).collect();
            (!asking.is_empty()).then_some(Fault::NeedsNote(asking))
        }
        Ok(_) => None,
    }
}

struct Reading<'a> {
    view: View<'a>,
    month: &'a Month,
    rulebook: &'a Rulebook,
    figures: HashMap<String, Vec<Figure>>,
    refused: Vec<Figure>,
    drafts: &'a [Draft],
    rows: Vec<ExplainRow>,
    cycles: &'a HashMap<String, Cycle>,
    missing: &'a [String],
    language: Language,
}

impl Reading<'_> {
    fn lines(&mut self) -> Result<Vec<Line>, EntryError> {
        let mut lines: Vec<Line> = Vec::new();
        for target in &self.month.catalogue.targets {
            if let Some(line) = lines.iter_mut().find(|line| line.indicator.code == target.indicator) {
                line.targets.push(target.clone());
                continue;
            }
            let Some(indicator) = self.month.catalogue.indicator(&target.indicator) else { continue };
            lines.push(self.line(indicator, target)?);
        }
        Ok(lines)
    }

    fn line(&mut self, indicator: &Indicator, target: &Target) -> Result<Line, EntryError> {
        let (period, code) = (self.month.period, &indicator.code);
        let figures = self.figures.remove(code).unwrap_or_default();
        let (of_period, others): (Vec<_>, Vec<_>) =
            figures.into_iter().partition(|figure| figure.observation.key.period.ends_with(period));
        let latest = |figures: Vec<Figure>| {
            figures.into_iter().max_by(|a, b| a.observation.key.period.by_recency(b.observation.key.period))
        };
        let is_before = |figure: &Figure| {
            let of = figure.observation.key.period;
            of.year() == period.year() && of.ends_by(period)
        };
        let before = latest(others.into_iter().filter(is_before).collect());
        let draft = self.drafts.iter().find(|draft| draft.key.indicator == *code && draft.key.unit.is_empty()).cloned();
        let figure = latest(of_period);
        let refused = self.refused.iter().find(|refused| {
            let key = &refused.observation.key;
            key.indicator == *code && key.unit.is_empty() && key.period.ends_with(period)
        });
        let cycle = self.cycles.get(code).copied();
        let own_period = draft
            .as_ref()
            .map(|draft| draft.key.period)
            .or(figure.as_ref().map(|figure| figure.observation.key.period))
            .or(refused.map(|figure| figure.observation.key.period))
            .or_else(|| Period::containing(period.last_day(), cycle?).filter(|own| own.ends_with(period)))
            .unwrap_or(period);
        let key = ObservationKey { indicator: code.clone(), unit: String::new(), period: own_period };
        let number = self.month.ledger.book.indicator_number(code);
        let rows = self.rows.iter().filter(|row| Some(row.indicator) == number).cloned().collect();
        let files = match figure.as_ref().filter(|figure| figure.evidence_count > 0) {
            Some(figure) => {
                let wanted = Wanted { indicator: Some(code.clone()), period: Some(figure.observation.key.period) };
                let files = self.view.attachments(&wanted)?.into_iter();
                files.filter(|file| file.key == figure.observation.key && file.version == figure.version).collect()
            }
            None => Vec::new(),
        };
        let refused = refused.and_then(|figure| {
            let (refusal, observation) = (figure.refusal.as_ref()?, &figure.observation);
            let catalogue = Some(&self.month.catalogue);
            Some(refusal::explain(refusal, &observation.key, Some(observation.value), catalogue, self.language))
        });
        let doubts = if draft.is_some() || figure.is_some() { self.month.ledger.doubts_of(&key) } else { Vec::new() };
        Ok(Line {
            kind: self.rulebook.kind_asked(code).unwrap_or(indicator.kind),
            indicator: indicator.clone(),
            targets: vec![target.clone()],
            is_due: cycle.is_some(),
            is_missing: self.missing.contains(code),
            key,
            figure,
            refused,
            draft,
            before,
            rows,
            doubts,
            files,
        })
    }
}
