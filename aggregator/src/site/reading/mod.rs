//! The pages that are read: nothing is changed by them, and every figure is the one that the commands print.
//!
//! | file | noun |
//! | --- | --- |
//! | `asked` | what the address of a page asks for, the choices above it, files of what is shown |
//! | `list` | a list as a page with its filters |
//! | `place` | places in long lists, and orders of them |
//! | `ranking`, `comparison` | the ranking, and two communes target by target |
//! | `heat_map` | achievement of every commune for every indicator |
//! | `trend`, `course` | the distribution of scores and how they went over the months |
//! | `communes`, `commune`, `explained`, `figure` | the communes, one of them, its line explained, and the history of one of its figures |
//! | `indicators`, `indicator` | the indicators with the province's own figures, and one of them by communes |
//! | `task`, `alert`, `due`, `check` | lists of tasks, lights, what is due, what should be looked at again |
//! | `search` | finding communes, indicators, tasks and pages |

mod alert;
mod asked;
mod check;
mod commune;
mod communes;
mod comparison;
pub(super) mod course;
mod due;
mod explained;
mod figure;
mod heat_map;
mod indicator;
mod indicators;
mod list;
mod place;
mod ranking;
pub(super) mod search;
mod task;
#[cfg(test)]
mod tests;
mod trend;

pub(super) use asked::{Asked, Reader, schemes};
pub(super) use indicators::{own_unit, standard_words};

use super::Site;
use axum::Router;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .merge(ranking::routes())
        .merge(comparison::routes())
        .merge(heat_map::routes())
        .merge(trend::routes())
        .merge(communes::routes())
        .merge(commune::routes())
        .merge(figure::routes())
        .merge(indicators::routes())
        .merge(indicator::routes())
        .merge(task::routes())
        .merge(alert::routes())
        .merge(due::routes())
        .merge(check::routes())
        .merge(search::routes())
}
