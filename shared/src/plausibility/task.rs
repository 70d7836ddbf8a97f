//! What should be looked at again in the reports of a task: progress that falls or leaps, more disbursed than before or than there is.
//!
//! Nothing of a recurring task's progress is held against the period before: it begins anew in each.
//!
//! Source: plan of xã Lộc Tấn, the budgets of its appendix II. The threshold is ours.

use super::{Doubt, Sight, distance, is_beyond_the_usual, number};
use crate::{amount::MICROS, effective::Series, fraction::Fraction, task::Reported};

/// A task's percentage that rises by this many points from one report to the next.
pub const TASK_JUMP_POINTS: u32 = 50;

/// Of a report of a task; `before` holds all earlier ones of the year in order.
pub(super) fn of_task(sight: Sight<'_>, reported: Reported<'_>, figure: &Series, before: &[&Series]) -> Vec<Doubt> {
    let slug = sight.slug();
    let task = reported.task().and_then(|code| {
        let mut tasks = sight.catalogue.tasks.iter();
        tasks.find(|task| task.commune == slug && task.code == code)
    });
    let (Some(task), Some(now)) = (task, number(figure.value)) else { return Vec::new() };
    let was: Option<Fraction> = before.last().and_then(|last| number(last.value));
    let mut doubts = Vec::new();
    match (reported, was) {
        (Reported::Progress(_), Some(before)) if !task.recurring => {
            if now < before {
                doubts.push(Doubt::ProgressFalls { before, now });
            } else if distance(before, now) >= i128::from(TASK_JUMP_POINTS) * MICROS {
                doubts.push(Doubt::Jumps { before, now });
            }
        }
        (Reported::Disbursement(_), Some(last)) => {
            if now < last {
                doubts.push(Doubt::Falls { before: last, now });
            } else if is_beyond_the_usual(distance(last, now), before) {
                doubts.push(Doubt::Jumps { before: last, now });
            }
        }
        _ => {}
    }
    if let (Reported::Disbursement(_), Some(budget)) = (reported, task.budget_million_vnd)
        && now > Fraction::from(budget)
    {
        doubts.push(Doubt::OverBudget { spent: now, budget });
    }
    doubts
}
