//! The province's pages for browsers, served over TLS beside the gRPC port.
//!
//! | file | noun |
//! | --- | --- |
//! | `gate` | who asks: sessions, rights, forms that belong to a session |
//! | `failure` | what goes wrong, as a page |
//! | `hall` | the frame around the pages: navigation, notices |
//! | `tls` | the certificate that browsers see |
//! | `signing` | signing in and out, choosing a password by a link |
//! | `account` | one's own account: password, one-time codes |
//! | `preferences` | language and colours |
//! | `live` | telling open pages that something changed |
//! | `pulse` | what the overview tells of all communes, made once for each change |
//! | `answers` | answers that were given last, until the figures change |
//! | `overview` | the first page |
//! | `reading` | the pages that are read: ranking, heat map, communes, indicators, lists, search |
//! | `stand` | a province with its pages, people and what they are answered, for tests |
//! | `tokens`, `programs` | tokens of the API, and how programs ask it |
//! | `open_data` | closed periods for everybody |
//! | `working` | where people decide, and what they take away |
//! | `administration` | who may connect, who may sign in, what was done |
//!
//! A page asks the way a command does (`report::asking`) and decides through the same port (`store`): no figure is computed here.

mod account;
mod administration;
mod answers;
mod failure;
mod gate;
mod hall;
mod live;
mod open_data;
mod overview;
mod preferences;
mod programs;
mod pulse;
mod reading;
mod signing;
#[cfg(test)]
pub(crate) mod stand;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod working;

pub use failure::Failure;
pub use gate::who;
pub use tls::TlsError;

use crate::{
    api,
    config::Config,
    evidence_shelf::Shelf,
    folder::Folder,
    monitoring::{Metrics, Surface},
    notice::{Notices, Unsettled},
    open_data::Packages,
    province::Province,
    report::{
        asking::{AskingError, ask},
        question::{Edition, Question, Subject},
    },
    standing::Live,
};
use axum::{
    Router,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use chrono::TimeDelta;
use pages::{
    asset,
    guard::Guard,
    serving::{Transport, serve},
    throttle::Throttle,
};
use rand::RngCore;
use shared::{language::Language, listing::Listing, period::Period, ranking::Scheme};
use std::{sync::Arc, time::Instant};
use tokio::{net::TcpListener, runtime::Handle, sync::watch, task::JoinHandle};

/// A session ends when it was not used for so long.
pub const IDLE: TimeDelta = TimeDelta::hours(2);
/// And so long after it was opened in any case.
pub const LONGEST: TimeDelta = TimeDelta::hours(12);
/// How long a link to choose a password is good.
pub const LINK_TIME: TimeDelta = TimeDelta::hours(72);

/// What every page has at hand.
#[derive(Clone)]
pub struct Site(Arc<Desk>);

/// See [`Site`].
pub struct Desk {
    /// The province.
    pub province: Arc<Province>,
    /// Its figures, held ready.
    pub live: Arc<Live>,
    /// The data folder.
    pub folder: Folder,
    /// The settings.
    pub config: Config,
    /// Where the communes' files lie.
    pub shelf: Shelf,
    /// The language of those who chose none.
    pub language: Language,
    notices: Arc<Notices>,
    throttle: Throttle,
    /// Wrong tokens of the API, by address.
    pub(crate) tries: Throttle,
    /// Lists of the API that are read page by page.
    pub(crate) books: api::Books,
    packages: Packages,
    pulse: pulse::Pulses,
    answers: answers::Answers,
    courses: reading::course::Courses,
    index: reading::search::Shelf,
    uploads: working::upload::Uploads,
    ending: watch::Receiver<bool>,
}

impl std::ops::Deref for Site {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.0
    }
}

/// Counts a request and how long it took until its answer began.
async fn counted(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let surface = if request.uri().path().starts_with("/api/") { Surface::Api } else { Surface::Page };
    let begun = Instant::now();
    let answer = next.run(request).await;
    metrics.request(surface, answer.status().as_u16(), begun.elapsed());
    answer
}

impl Site {
    /// For a running province.
    #[must_use]
    pub fn new(
        (province, live): (Arc<Province>, Arc<Live>),
        (folder, config, shelf): (Folder, Config, Shelf),
        language: Language,
        notices: Arc<Notices>,
        ending: watch::Receiver<bool>,
    ) -> Self {
        Self(Arc::new(Desk {
            province,
            live,
            folder,
            config,
            shelf,
            language,
            notices,
            throttle: Throttle::default(),
            tries: Throttle::default(),
            books: api::Books::default(),
            packages: Packages::default(),
            pulse: pulse::Pulses::default(),
            answers: answers::Answers::default(),
            courses: reading::course::Courses::default(),
            index: reading::search::Shelf::default(),
            uploads: working::upload::Uploads::default(),
            ending,
        }))
    }

    /// Brings what is held level with what sessions, other processes and other servers wrote before this moment: for those who decide.
    ///
    /// # Errors
    /// [`Unsettled`]
    pub async fn settle(&self) -> Result<(), Unsettled> {
        self.notices.settle().await
    }

    /// The same for those who only read: where a crowd sends, the last second may be missing.
    ///
    /// # Errors
    /// [`Unsettled`]
    pub async fn settle_nearly(&self) -> Result<(), Unsettled> {
        self.notices.settle_nearly().await
    }

    /// Answers a question as the commands do.
    ///
    /// # Errors
    /// [`AskingError`]
    pub async fn ask(
        &self,
        subject: Subject,
        (period, scheme): (Option<Period>, Scheme),
        language: Language,
    ) -> Result<Listing, AskingError> {
        ask(&self.live, &Question { subject, period, scheme, edition: Edition::InForce, language }).await
    }

    /// Randomness for tokens.
    pub fn random(&self) -> impl RngCore {
        rand::rng()
    }

    /// All pages behind the guard.
    pub fn router(self) -> Router {
        let guard = Guard { is_secure: true, hosts: Vec::new(), language: self.language, token_paths: "/api/" };
        let routes = Router::new()
            .merge(overview::routes())
            .merge(reading::routes())
            .merge(live::routes())
            .merge(signing::routes())
            .merge(account::routes())
            .merge(preferences::routes())
            .merge(tokens::routes())
            .merge(programs::routes())
            .merge(open_data::routes())
            .merge(working::routes())
            .merge(administration::routes())
            .merge(asset::router())
            .fallback(failure::not_found)
            .layer(axum::middleware::from_fn_with_state(self.clone(), failure::drawn))
            // After the layer: what goes wrong there is told to programs.
            .merge(api::router(&self));
        let counting = axum::middleware::from_fn_with_state(self.province.metrics.clone(), counted);
        guard.before(routes.with_state(self)).layer(counting)
    }

    /// Serves the pages until the end is signalled, on this runtime, which the listener is of.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub fn serve(self, listener: TcpListener, runtime: &Handle) -> Result<JoinHandle<()>, TlsError> {
        let certificate = tls::Certificate::open(&self.folder, &self.config.pages)?;
        let transport = Transport::Tls(certificate.settings());
        let mut ending = self.ending.clone();
        let following = runtime.spawn(certificate.follow(ending.clone()));
        let stop = async move {
            // Fails only when the sender is gone, which is an end too.
            let _ = ending.wait_for(|ending| *ending).await;
        };
        let router = self.router();
        Ok(runtime.spawn(async move {
            serve(listener, transport, router, stop).await;
            following.abort();
        }))
    }
}
