//! The tasks of the plans: how far they are, by when they are to be done, what was disbursed, and their lights.

use super::{
    figures::Figures,
    question::{AskError, Question, TasksAsked},
};
use shared::{
    light::Light,
    listing::Listing,
    period::Period,
    task::{
        self,
        list::{Line, list},
    },
};

/// The tasks of all communes, or those asked for: in the order of the plans, red ones of a list for all first.
///
/// # Errors
/// No such commune; a period outside the plan year.
pub(super) fn tasks(figures: &Figures, question: &Question, asked: &TasksAsked) -> Result<Listing, AskError> {
    let period = figures.period(question.period)?;
    let only = asked.commune.as_deref().map(|typed| figures.catalogue.find_commune(typed)).transpose()?;
    let mut lines = lines(figures, period);
    lines.retain(|line| {
        only.is_none_or(|only| only.slug == line.task.commune)
            && asked.light.is_none_or(|light| light == line.progress.light)
            && asked
                .unit
                .as_deref()
                .is_none_or(|unit| figures.catalogue.is_led_by(&line.task.commune, &line.task.lead_unit, unit))
    });
    if only.is_none() {
        lines.sort_by_key(|line| line.progress.light != Light::Red);
    }
    let mut listing = list(&lines, only.is_none(), question.language);
    let heading = question.language.pick("Nhiệm vụ kỳ", "Tasks of");
    listing.title = match only {
        Some(commune) => format!("{}, {} {period}", commune.name, heading.to_lowercase()),
        None => format!("{heading} {period}"),
    };
    Ok(listing)
}

/// All tasks with their progress, commune by commune by name, in the order of the plans.
#[must_use]
pub fn lines(figures: &Figures, period: Period) -> Vec<Line<'_>> {
    let book = figures.standings.book();
    let mut lines: Vec<(u32, Line<'_>)> = Vec::new();
    for task in &figures.catalogue.tasks {
        let Some(number) = book.commune_number(&task.commune) else { continue };
        let member = &book.members()[number as usize];
        let progress = task::progress(book, number, task, period, figures.today);
        lines.push((member.name_order, Line { commune: &member.row.name, task, progress }));
    }
    lines.sort_by_key(|(order, _)| *order);
    lines.into_iter().map(|(_, line)| line).collect()
}
