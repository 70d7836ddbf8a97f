//! How a session's end is told: to the agent as the status of the stream, to the province as a stable reason.

use crate::ingest::machine::{Ending, Interruption};
use proto::sync::v1::Verdict;
use tonic::Status;

/// What the stream ends with, where it does not end well by itself.
pub(super) fn status_of(ending: Ending) -> Option<Status> {
    match ending {
        Ending::Done | Ending::TurnedAway(_) | Ending::ClosedEarly => None,
        Ending::Violation(what) => Some(Status::invalid_argument(what)),
        Ending::Interrupted(Interruption::Idle) => Some(Status::deadline_exceeded("nothing came for too long")),
        Ending::Interrupted(Interruption::TooLong) => Some(Status::deadline_exceeded("the session took too long")),
        Ending::Interrupted(Interruption::Replaced) => Some(Status::aborted("a newer session of this commune")),
        Ending::Interrupted(Interruption::Revoked) => Some(Status::permission_denied("the certificate was revoked")),
        Ending::Interrupted(Interruption::Stopping) => Some(Status::unavailable("the server stops")),
        Ending::Interrupted(Interruption::Store) => Some(Status::unavailable("the store does not answer")),
        // Most often nobody is there to read it.
        Ending::Interrupted(Interruption::Broken) => Some(Status::aborted("the stream broke")),
        Ending::Interrupted(Interruption::Unreadable) => Some(Status::out_of_range("a frame too large or unreadable")),
    }
}

/// How the session ended, for the metrics.
pub(super) fn outcome_of(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "done",
        Ending::TurnedAway(Verdict::RetryLater) => "retry_later",
        Ending::Interrupted(Interruption::Replaced) => "replaced",
        other => failure_of(other).unwrap_or("turned_away"),
    }
}

/// The stable reason for the list of communes; none where there is nothing to note.
pub(super) fn failure_of(ending: Ending) -> Option<&'static str> {
    Some(match ending {
        // Noted before its last frame; and under load, or by a newer session, nothing is added to the writer's work.
        Ending::Done | Ending::TurnedAway(Verdict::RetryLater) | Ending::Interrupted(Interruption::Replaced) => {
            return None;
        }
        Ending::TurnedAway(Verdict::AgentBehind) => "agent_behind",
        Ending::TurnedAway(Verdict::Fork) => "fork",
        Ending::TurnedAway(Verdict::WrongProvince) => "wrong_province",
        Ending::TurnedAway(Verdict::UpgradeRequired) => "upgrade_required",
        Ending::TurnedAway(Verdict::Revoked) | Ending::Interrupted(Interruption::Revoked) => "revoked",
        Ending::TurnedAway(Verdict::Unspecified | Verdict::Ok | Verdict::ServerBehind) => "turned_away",
        Ending::ClosedEarly | Ending::Interrupted(Interruption::Broken) => "stream_broken",
        Ending::Violation(_) | Ending::Interrupted(Interruption::Unreadable) => "protocol_violation",
        Ending::Interrupted(Interruption::Idle | Interruption::TooLong) => "time_limit",
        Ending::Interrupted(Interruption::Stopping) => "server_stopped",
        Ending::Interrupted(Interruption::Store) => "store_failed",
    })
}
