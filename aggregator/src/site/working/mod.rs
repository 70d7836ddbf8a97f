//! Where people decide: results, periods, exceptions, the catalogue; and what they take away as files.
//!
//! | file | noun |
//! | --- | --- |
//! | `review` | the queue and the decision on one version |
//! | `item` | what a reviewer sees of one figure |
//! | `evidence` | the communes' files, shown or downloaded |
//! | `periods`, `period` | all periods; closing, reopening and proving one |
//! | `exceptions` | other cut-off days |
//! | `catalogue` | the catalogue in force, to browse |
//! | `upload` | another catalogue: checked, compared, imported |
//! | `difference` | what an upload would change, or what is wrong with it |
//! | `reports` | documents, lists and exports |
//! | `choice` | periods and communes to choose from |
//! | `download` | an answer that is a file |

mod catalogue;
pub(super) mod choice;
mod difference;
pub(super) mod download;
mod evidence;
mod exceptions;
mod item;
mod period;
mod periods;
mod reports;
mod review;
#[cfg(test)]
mod tests;
pub(super) mod upload;

use super::Site;
use axum::Router;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .merge(review::routes())
        .merge(evidence::routes())
        .merge(periods::routes())
        .merge(period::routes())
        .merge(exceptions::routes())
        .merge(catalogue::routes())
        .merge(upload::routes())
        .merge(reports::routes())
}
