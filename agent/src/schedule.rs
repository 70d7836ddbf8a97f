//! When the next session is due. Pure: given the clock's word and what is known, it only decides.
//!
//! Each commune has its own stable slot in the nightly window, so that thousands of agents do not call at the same minute.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use sha2::{Digest, Sha256};
use shared::calendar::TIME_ZONE;
use std::time::Duration;

/// A span of the local day; it may run over midnight. Both ends equal: that minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Begin.
    pub from: NaiveTime,
    /// End.
    pub to: NaiveTime,
}

impl Window {
    /// Its length in seconds.
    fn seconds(self) -> i64 {
        (self.to - self.from).num_seconds().rem_euclid(TimeDelta::days(1).num_seconds())
    }
}

/// What a commune's schedule is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The nightly window.
    pub window: Window,
    /// Seconds from the begin of the window to the commune's slot.
    slot_seconds: i64,
    /// Quiet time after an edit; `None` when that is off.
    pub quiet: Option<Duration>,
}

/// A failed session and how long to wait after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// How long to wait.
    pub wait: Duration,
}

/// What is known at the moment of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Situation {
    /// End of the last session that went well.
    pub last_success: Option<DateTime<Utc>>,
    /// When the newest change was entered, if any waits to be sent.
    pub unsent_edit: Option<DateTime<Utc>>,
    /// Whether the bytes of evidence wait to be sent.
    pub evidence_outstanding: bool,
    /// The last session, if it failed.
    pub failure: Option<Failure>,
}

/// Why a session is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// There was none yet.
    First,
    /// The commune's slot in the nightly window.
    Nightly,
    /// A slot was missed: the computer was off, or the province could not be reached.
    CatchUp,
    /// Something was entered, and then it was quiet.
    Edit,
    /// A session broke off before all evidence was sent.
    Evidence,
}

impl Cause {
    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::First => "first",
            Cause::Nightly => "nightly",
            Cause::CatchUp => "catch_up",
            Cause::Edit => "edit",
            Cause::Evidence => "evidence",
        }
    }
}

/// The next session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When; now or earlier: at once.
    pub at: DateTime<Utc>,
    /// Why.
    pub cause: Cause,
}

impl Plan {
    /// The schedule of one commune.
    #[must_use]
    pub fn new(window: Window, quiet: Option<Duration>, province: &str, commune: &str) -> Self {
        let hash = Sha256::new().chain_update(province).chain_update([0]).chain_update(commune).finalize();
        let number = hash.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let seconds = u64::try_from(window.seconds().max(1)).unwrap_or(1);
        Self { window, slot_seconds: i64::try_from(number % seconds).unwrap_or_default(), quiet }
    }

    /// The slot of the window that begins on a local day.
    fn slot(&self, day: NaiveDate) -> DateTime<Utc> {
        let local = day.and_time(self.window.from) + TimeDelta::seconds(self.slot_seconds);
        TIME_ZONE.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |slot| slot.to_utc())
    }

    /// The last slot that is not in the future, and the first that is.
    fn slots_around(&self, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let today = now.with_timezone(&TIME_ZONE).date_naive();
        let shifted = |days: i64| {
            let day = if days < 0 {
                today.checked_sub_days(Days::new(days.unsigned_abs()))
            } else {
                today.checked_add_days(Days::new(days.unsigned_abs()))
            };
            self.slot(day.unwrap_or(today))
        };
        // The window may begin yesterday and reach into today, and a slot today may still be to come.
        let slots = [shifted(-2), shifted(-1), shifted(0), shifted(1)];
        let past = slots.into_iter().filter(|slot| *slot <= now).max().unwrap_or(slots[0]);
        let coming = slots.into_iter().filter(|slot| *slot > now).min().unwrap_or(slots[3]);
        (past, coming)
    }

    /// When the next session is due, and why.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>, situation: &Situation) -> Due {
        let (past, coming) = self.slots_around(now);
        // A success "in the future" was before the clock was set back: it says nothing.
        let success = situation.last_success.filter(|at| *at <= now);
        let nightly = match (success, situation.last_success) {
            (None, None) => Due { at: now, cause: Cause::First },
            (None, Some(_)) => Due { at: now, cause: Cause::CatchUp },
            (Some(at), _) if at < past => Due {
                at: past,
                cause: if now - past < TimeDelta::minutes(1) { Cause::Nightly } else { Cause::CatchUp },
            },
            (Some(_), _) => Due { at: coming, cause: Cause::Nightly },
        };
        let edit = self.quiet.zip(situation.unsent_edit).map(|(quiet, entered)| Due {
            // Entered "in the future": the clock was set back, do not wait for it.
            at: if entered > now { now } else { after(entered, quiet) },
            cause: Cause::Edit,
        });
        // A whole night's waiting per piece would never end on a line that breaks every few minutes.
        let rest = situation.failure.filter(|_| situation.evidence_outstanding).map(|failure| Due {
            at: if failure.at > now { now } else { after(failure.at, failure.wait) },
            cause: Cause::Evidence,
        });
        let due = [edit, rest].into_iter().flatten().fold(nightly, |due, one| if one.at < due.at { one } else { due });
        let not_before = match situation.failure {
            Some(failure) if failure.at <= now => after(failure.at, failure.wait),
            _ => now,
        };
        if due.at <= now {
            Due { at: not_before.max(due.at), ..due }
        } else {
            Due { at: due.at.max(not_before), ..due }
        }
    }
}

fn after(instant: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait).ok().and_then(|wait| instant.checked_add_signed(wait)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(local: &str) -> DateTime<Utc> {
        format!("{local}+07:00").parse().unwrap()
    }

    fn plan(from: &str, to: &str, slot_minutes: i64) -> Plan {
        let window = Window { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let plan = Plan::new(window, Some(Duration::from_secs(60)), "dong-nai", "dinh-quan");
        assert!(plan.slot_seconds < window.seconds());
        Plan { slot_seconds: slot_minutes * 60, ..plan }
    }

    #[test]
    fn the_slot_is_stable_and_communes_differ() {
        let window = Window { from: "22:00:00".parse().unwrap(), to: "23:30:00".parse().unwrap() };
        let slot = |commune: &str| Plan::new(window, None, "dong-nai", commune).slot_seconds;
        assert_eq!(slot("dinh-quan"), slot("dinh-quan"));
        assert_ne!(slot("dinh-quan"), slot("tan-phu"));
        let slots: Vec<i64> = (0..2000).map(|n| slot(&format!("xa-{n}"))).collect();
        assert!(slots.iter().all(|slot| (0..5400).contains(slot)));
        let first_half = slots.iter().filter(|slot| **slot < 2700).count();
        assert!((800..1200).contains(&first_half), "spread evenly: {first_half}");
    }

    #[test]
    fn nights_edits_failures_and_clocks() {
        let evening = plan("22:00:00", "23:30:00", 30);
        let over_midnight = plan("23:30:00", "00:30:00", 45);
        let minute = Duration::from_secs(60);
        let table = [
            // plan, now, last success, unsent edit, failure (at, wait) -> due, cause
            (evening, "2026-10-16T09:00:00", None, None, None, "2026-10-16T09:00:00", Cause::First),
            (
                evening,
                "2026-10-16T09:00:00",
                Some("2026-10-15T22:30:05"),
                None,
                None,
                "2026-10-16T22:30:00",
                Cause::Nightly,
            ),
            (
                evening,
                "2026-10-16T22:30:00",
                Some("2026-10-15T22:30:05"),
                None,
                None,
                "2026-10-16T22:30:00",
                Cause::Nightly,
            ),
            (
                evening,
                "2026-10-16T23:59:59",
                Some("2026-10-16T22:30:05"),
                None,
                None,
                "2026-10-17T22:30:00",
                Cause::Nightly,
            ),
            // Off at night: caught up at the next start, also days later.
            (
                evening,
                "2026-10-16T07:30:00",
                Some("2026-10-14T22:30:05"),
                None,
                None,
                "2026-10-16T07:30:00",
                Cause::CatchUp,
            ),
            (
                evening,
                "2026-10-16T07:30:00",
                Some("2026-01-01T00:00:00"),
                None,
                None,
                "2026-10-16T07:30:00",
                Cause::CatchUp,
            ),
            // Over midnight: the slot lies at 00:15 of the next day.
            (
                over_midnight,
                "2026-10-16T00:10:00",
                Some("2026-10-15T00:15:02"),
                None,
                None,
                "2026-10-16T00:15:00",
                Cause::Nightly,
            ),
            (
                over_midnight,
                "2026-10-16T00:20:00",
                Some("2026-10-15T00:15:02"),
                None,
                None,
                "2026-10-16T00:20:00",
                Cause::CatchUp,
            ),
            (
                over_midnight,
                "2026-12-31T23:59:00",
                Some("2026-12-31T00:15:02"),
                None,
                None,
                "2027-01-01T00:15:00",
                Cause::Nightly,
            ),
            // An edit goes out after the quiet time; the newest edit counts.
            (
                evening,
                "2026-10-16T09:00:30",
                Some("2026-10-15T22:30:05"),
                Some("2026-10-16T09:00:10"),
                None,
                "2026-10-16T09:01:10",
                Cause::Edit,
            ),
            (
                evening,
                "2026-10-16T09:02:00",
                Some("2026-10-15T22:30:05"),
                Some("2026-10-16T09:00:10"),
                None,
                "2026-10-16T09:02:00",
                Cause::Edit,
            ),
            (
                evening,
                "2026-10-16T22:29:30",
                Some("2026-10-15T22:30:05"),
                Some("2026-10-16T22:29:20"),
                None,
                "2026-10-16T22:30:00",
                Cause::Nightly,
            ),
            // After a failure nothing starts before the wait is over, not even the nightly slot.
            (
                evening,
                "2026-10-16T22:30:10",
                Some("2026-10-15T22:30:05"),
                None,
                Some(("2026-10-16T22:30:01", minute)),
                "2026-10-16T22:31:01",
                Cause::Nightly,
            ),
            (
                evening,
                "2026-10-16T22:45:00",
                Some("2026-10-15T22:30:05"),
                None,
                Some(("2026-10-16T22:30:01", minute)),
                "2026-10-16T22:45:00",
                Cause::CatchUp,
            ),
            (
                evening,
                "2026-10-16T09:01:00",
                Some("2026-10-15T22:30:05"),
                Some("2026-10-16T08:00:00"),
                Some(("2026-10-16T09:00:30", minute)),
                "2026-10-16T09:01:30",
                Cause::Edit,
            ),
            // The clock went back: what happened "in the future" does not hold anything up.
            (
                evening,
                "2026-10-16T09:00:00",
                Some("2030-01-01T00:00:00"),
                None,
                None,
                "2026-10-16T09:00:00",
                Cause::CatchUp,
            ),
            (
                evening,
                "2026-10-16T09:00:00",
                Some("2026-10-15T22:30:05"),
                Some("2026-10-16T10:00:00"),
                None,
                "2026-10-16T09:00:00",
                Cause::Edit,
            ),
            (
                evening,
                "2026-10-16T22:40:00",
                Some("2026-10-15T22:30:05"),
                None,
                Some(("2026-10-17T01:00:00", minute)),
                "2026-10-16T22:40:00",
                Cause::CatchUp,
            ),
        ];
        for (row, (plan, now, success, edit, failure, due, cause)) in table.into_iter().enumerate() {
            let situation = Situation {
                last_success: success.map(at),
                unsent_edit: edit.map(at),
                evidence_outstanding: false,
                failure: failure.map(|(failed, wait)| Failure { at: at(failed), wait }),
            };
            let next = plan.next(at(now), &situation);
            let next = Due { at: next.at.max(at(now)), ..next };
            assert_eq!(next, Due { at: at(due), cause }, "row {row}");
        }
    }

    #[test]
    fn evidence_that_is_left_does_not_wait_for_the_night() {
        let evening = plan("22:00:00", "23:30:00", 30);
        let minute = Duration::from_secs(60);
        let next = |now: &str, evidence_outstanding: bool, failure: Option<(&str, Duration)>| {
            evening.next(
                at(now),
                &Situation {
                    last_success: Some(at("2026-10-16T08:59:00")),
                    unsent_edit: None,
                    evidence_outstanding,
                    failure: failure.map(|(failed, wait)| Failure { at: at(failed), wait }),
                },
            )
        };
        let nightly = Due { at: at("2026-10-16T22:30:00"), cause: Cause::Nightly };
        let rest = |due: &str| Due { at: at(due), cause: Cause::Evidence };
        let failed = Some(("2026-10-16T08:59:00", minute));
        assert_eq!(next("2026-10-16T08:59:10", true, failed), rest("2026-10-16T09:00:00"));
        assert_eq!(next("2026-10-16T09:30:00", true, failed), rest("2026-10-16T09:00:00"), "slept over it");
        // Only a person can help: not before the night.
        assert_eq!(
            next("2026-10-16T09:00:00", true, Some(("2026-10-16T08:59:00", minute * 60 * 24))).cause,
            Cause::Nightly
        );
        assert_eq!(next("2026-10-16T09:00:00", false, failed), nightly, "nothing is left");
        assert_eq!(
            next("2026-10-16T09:00:00", true, None),
            nightly,
            "the last session went through: what is left was put off"
        );
        // The clock was set back.
        assert_eq!(
            next("2026-10-16T09:00:00", true, Some(("2026-10-16T12:00:00", minute))),
            rest("2026-10-16T09:00:00")
        );
    }

    #[test]
    fn with_the_quiet_time_off_edits_wait_for_the_night() {
        let plan = Plan { quiet: None, ..plan("22:00:00", "23:30:00", 0) };
        let now = at("2026-10-16T09:00:00");
        let situation = Situation {
            last_success: Some(at("2026-10-16T08:00:00")),
            unsent_edit: Some(at("2026-10-16T08:30:00")),
            ..Situation::default()
        };
        assert_eq!(plan.next(now, &situation), Due { at: at("2026-10-16T22:00:00"), cause: Cause::Nightly });
    }
}
