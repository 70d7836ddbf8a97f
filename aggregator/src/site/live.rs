//! Telling open pages that something changed, by server-sent events: only that it did; the page then asks for what it shows.

use super::{Site, gate::Visitor};
use axum::{
    Router,
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
    routing::get,
};
use futures::stream::{self, Stream};
use std::{convert::Infallible, time::Duration};
use tokio::time::sleep;

/// An open page is told at most so often; what comes in between is told together.
const TOGETHER: Duration = Duration::from_millis(500);
/// Something is said at least so often, so that a line that is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// A stream ends after so long, and the browser opens another one: then it is asked again who looks.
const LONGEST: Duration = Duration::from_secs(15 * 60);

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/live", get(live))
}

async fn live(State(site): State<Site>, _: Visitor) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (mut changes, ending) = (site.live.changes(), site.ending.clone());
    changes.mark_unchanged();
    let until = tokio::time::Instant::now() + LONGEST;
    let events = stream::unfold(changes, move |mut changes| {
        let mut ending = ending.clone();
        async move {
            tokio::select! {
                changed = changes.changed() => changed.ok()?,
                _ = ending.wait_for(|ending| *ending) => return None,
                () = tokio::time::sleep_until(until) => return None,
            }
            sleep(TOGETHER).await;
            let count = *changes.borrow_and_update();
            Some((Ok(Event::default().event("changed").data(count.to_string())), changes))
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}
