//! `/healthz`, `/readyz` and `/metrics` over plain HTTP on loopback; the settings allow no other address.

use super::{metrics::Metrics, survey};
use crate::{
    folder::Folder,
    ingest::{follow::Follower, live::LiveSessions},
    store::Store,
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::{DateTime, Utc};
use pages::serving::{self, Transport};
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{MissedTickBehavior, timeout},
};

/// How often communes, certificates and disk are looked at.
const SURVEY_INTERVAL: Duration = Duration::from_secs(60);
/// Longest that a probe waits for the store.
const STORE_TIME: Duration = Duration::from_secs(2);

/// How far `serve` is.
#[derive(Clone)]
pub enum Stage {
    /// The store is opened and the figures are loaded.
    Starting,
    /// It takes sessions.
    Serving(Arc<Watched>),
    /// It was told to stop.
    Ending,
}

/// What a serving `serve` is asked.
pub struct Watched {
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The data folder.
    pub folder: Folder,
    /// The sessions going on.
    pub live: LiveSessions,
    /// The standings' way.
    pub follower: Follower,
    /// Real time.
    pub now: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
}

/// The port of the probes, with the stage that they tell.
pub struct Probes {
    stage: watch::Sender<Stage>,
    serving: JoinHandle<()>,
    address: SocketAddr,
}

impl Probes {
    /// Listens from now on; not ready yet.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub async fn listen(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stage = watch::Sender::new(Stage::Starting);
        let router = router(stage.subscribe());
        // Goes on while everything else ends: that is when somebody wants to know.
        let serving = tokio::spawn(serving::serve(listener, Transport::Plain, router, std::future::pending()));
        Ok(Self { stage, serving, address })
    }

    /// Where.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says how far `serve` is.
    pub fn tell(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Watched {
    /// Keeps what is looked up fresh until the end is signalled.
    pub async fn watch(self: Arc<Self>, mut ending: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(SURVEY_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = survey::take(&self.metrics, &*self.store, &self.folder, (self.now)()).await {
                self.metrics.surveys_failed.inc();
                tracing::warn!(%error, "the store could not be asked for the metrics");
            }
        }
    }

    /// Why it is not ready; none when it is.
    async fn fault(&self) -> Option<&'static str> {
        match timeout(STORE_TIME, self.store.decisions()).await {
            Ok(Ok(_)) => None,
            Ok(Err(_)) => Some("the store failed"),
            Err(_) => Some("the store does not answer"),
        }
    }

    fn exposition(&self) -> String {
        self.metrics.open_sessions.set(i64::try_from(self.live.count()).unwrap_or(i64::MAX));
        self.metrics.standings_behind.set(i64::try_from(self.follower.behind()).unwrap_or(i64::MAX));
        if let Some(bytes) = survey::resident_bytes() {
            self.metrics.resident.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        self.metrics.exposition()
    }
}

fn router(stage: watch::Receiver<Stage>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(stage)
}

async fn ready(State(stage): State<watch::Receiver<Stage>>) -> Response {
    let now = stage.borrow().clone();
    let fault = match now {
        Stage::Starting => Some("starting"),
        Stage::Ending => Some("ending"),
        Stage::Serving(watched) => watched.fault().await,
    };
    match fault {
        None => "ready\n".into_response(),
        Some(fault) => (StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")).into_response(),
    }
}

async fn metrics(State(stage): State<watch::Receiver<Stage>>) -> Response {
    let now = stage.borrow().clone();
    match now {
        Stage::Serving(watched) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], watched.exposition()).into_response(),
        Stage::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response(),
        Stage::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending\n").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ingest::NoStandings,
        sample::{self, moment},
    };
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    async fn ask(stage: &watch::Sender<Stage>, path: &str) -> (u16, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router(stage.subscribe()).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn ready_is_who_has_figures_and_a_store_and_does_not_end() {
        let (place, store) = sample::store().await;
        let stage = watch::Sender::new(Stage::Starting);
        assert_eq!(ask(&stage, "/healthz").await, (200, "ok\n".into()));
        assert_eq!(ask(&stage, "/readyz").await, (503, "starting\n".into()));
        assert_eq!(ask(&stage, "/metrics").await.0, 503);
        let watched = Watched {
            metrics: Arc::default(),
            store: Arc::new(store),
            folder: Folder::at(place.path()),
            live: LiveSessions::new(4),
            follower: Follower::start(Arc::new(NoStandings)),
            now: Box::new(moment),
        };
        stage.send_replace(Stage::Serving(Arc::new(watched)));
        assert_eq!(ask(&stage, "/readyz").await, (200, "ready\n".into()));
        let (status, text) = ask(&stage, "/metrics").await;
        assert!(status == 200 && text.contains("tiendo_aggregator_open_sessions 0\n"), "{text}");
        stage.send_replace(Stage::Ending);
        assert_eq!(ask(&stage, "/readyz").await, (503, "ending\n".into()));
        assert_eq!(ask(&stage, "/healthz").await.0, 200);
        assert_eq!(ask(&stage, "/").await.0, 404);
    }
}
