//! The commune's page in a browser, served by `run` beside the service.
//!
//! | file | noun |
//! | --- | --- |
//! | `listening` | where it is served, and what is refused before |
//! | `desk` | what all pages share: settings, the store, a place for notices |
//! | `visit`, `sign_in`, `account` | who asks, and how they say so |
//! | `fault` | what is shown when something does not work |
//! | `incoming` | files that browsers send |
//! | `piece` | small pieces of several pages |
//! | `sheet` | the plan's indicators with figures, drafts and what they come to |
//! | `month`, `row`, `draft`, `evidence`, `units` | this month: reporting |
//! | `status`, `conflict`, `receipts` | how the province and this computer stand |
//! | `standing` | the province's word, and what would help most |
//! | `tasks`, `excel`, `history` | tasks of the plan; workbooks; what was entered |
//!
//! Nothing is computed here that a command computes: the same functions answer both. No page speaks SQL, and none blocks the runtime.

mod account;
mod conflict;
mod desk;
mod draft;
mod evidence;
mod excel;
mod fault;
mod history;
mod incoming;
mod listening;
mod month;
mod piece;
mod receipts;
mod row;
mod sheet;
mod sign_in;
mod standing;
mod status;
mod tasks;
#[cfg(test)]
mod tests;
mod units;
mod visit;

pub use desk::{Desk, Door};
pub use listening::{ListenError, Page, address, open};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use pages::{asset, guard::Guard};
use std::sync::Arc;

/// All pages, with the guard before them.
pub fn router(desk: Arc<Desk>) -> Router {
    let guard = Guard {
        is_secure: desk.door.is_secure,
        hosts: if desk.door.is_loopback {
            ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).into()
        } else {
            Vec::new()
        },
        language: desk.language,
        // No path is asked with a token.
        token_paths: "\0",
    };
    let files = DefaultBodyLimit::max(incoming::MOST_READ);
    let routes = Router::new()
        .route("/", get(month::page).post(draft::send).layer(DefaultBodyLimit::max(draft::MAX_BYTES)))
        .route("/draft", post(draft::keep))
        .route("/drafts", post(draft::keep_all).layer(DefaultBodyLimit::max(draft::MAX_BYTES)))
        .route("/evidence", post(evidence::give).layer(files))
        .route("/evidence/remove", post(evidence::remove))
        .route("/units", get(units::page))
        .route("/status", get(status::page))
        .route("/status/progress", get(status::progress))
        .route("/sync", post(status::sync))
        .route("/conflicts", post(conflict::settle))
        .route("/receipts", get(receipts::page))
        .route("/receipts/export", get(receipts::export))
        .route("/standing", get(standing::page))
        .route("/tasks", get(tasks::page).post(tasks::report))
        .route("/excel", get(excel::page).post(excel::upload).layer(files))
        .route("/excel/template", get(excel::template))
        .route("/excel/confirm", post(excel::confirm))
        .route("/history", get(history::page))
        .route("/name", get(sign_in::ask_name).post(sign_in::take_name))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(account::page).post(account::change_password))
        .route("/preferences", post(visit::prefer))
        .fallback(async || fault::Fault::NotFound)
        .layer(middleware::from_fn_with_state(desk.clone(), fault::drawn))
        .merge(asset::router())
        .with_state(desk);
    guard.before(routes)
}
