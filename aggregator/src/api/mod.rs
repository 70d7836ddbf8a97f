//! The API for programs: `/api/v1`, asked with a token, with the rights of the token's account.
//!
//! | file | noun |
//! | --- | --- |
//! | `resource` | something that can be asked or done, from which router, checks, description and page are made |
//! | `lists` | all that can be read |
//! | `parameter` | what a request may carry, and its form |
//! | `asked` | what a request carries, checked |
//! | `caller` | who asks: the token, its account, what it may do |
//! | `reading` | a list, as JSON page by page or as CSV |
//! | `paging` | cursors, and the lists that are read page by page |
//! | `deed` | all that changes something, and doing it |
//! | `problem` | what goes wrong, as RFC 9457 has it |
//! | `description` | the same table as OpenAPI 3.1 |
//!
//! No figure is computed here: a list is the answer of `report::asking`, as the commands and the pages have it. No cookie is looked at, so
//! no foreign page can make a browser ask.

mod asked;
mod caller;
mod deed;
mod description;
mod lists;
mod paging;
mod parameter;
mod problem;
mod reading;
mod resource;
#[cfg(test)]
mod tests;

pub use description::description;
pub use paging::Books;
pub use parameter::{Parameter, Place};
pub use problem::Fault;
pub use resource::{Access, Resource, Verb};

use crate::site::Site;
use axum::{Router, middleware::from_fn_with_state};
use problem::Problem;

/// Where the API begins.
pub const ROOT: &str = "/api/v1";
/// What tokens begin with, so that one that lies about is known for what it is.
pub const TOKEN_PREFIX: &str = "tiendo_";
/// Longest that a token is good, in days.
pub const MAX_TOKEN_DAYS: u32 = 366;
/// Most tokens of an account.
pub const MAX_TOKENS: usize = 20;
/// Longest label of a token, in characters.
pub const MAX_LABEL_CHARS: usize = 60;

/// A new token.
#[must_use]
pub fn new_token(random: &mut dyn rand::RngCore) -> String {
    format!("{TOKEN_PREFIX}{}", pages::token::new_token(random))
}

/// A label as it is kept; none when it is empty, too long, or no plain text.
#[must_use]
pub fn label(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_LABEL_CHARS && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// All that can be asked and done.
pub fn resources() -> impl Iterator<Item = &'static Resource> {
    lists::LISTS.iter().chain(&deed::DEEDS)
}

/// Everything under [`ROOT`].
pub fn router(site: &Site) -> Router<Site> {
    let routes = resources().fold(Router::new(), |router, resource| router.route(resource.path, resource.route()));
    let routes = routes
        .fallback(async || Problem::new(Fault::NotFound, ""))
        .method_not_allowed_fallback(async || Problem::new(Fault::WrongMethod, ""))
        .layer(from_fn_with_state(site.clone(), problem::drawn));
    Router::new().nest(ROOT, routes)
}
