//! Who may connect and who may sign in, and what was done.
//!
//! | file | noun |
//! | --- | --- |
//! | `enrolment` | the communes' agents: certificates, invitations, revocations |
//! | `accounts` | the people |
//! | `account_form` | adding one and changing one |
//! | `audit`, `audit_words` | the history, and its words for people |

mod account_form;
mod accounts;
mod audit;
mod audit_words;
mod enrolment;
#[cfg(test)]
mod tests;

use super::Site;
use axum::Router;

pub(super) fn routes() -> Router<Site> {
    Router::new().merge(enrolment::routes()).merge(accounts::routes()).merge(audit::routes())
}
