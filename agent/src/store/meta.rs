//! Single facts: who the store belongs to, how far the province has confirmed it, the exercise's clock.

mod line;

use super::{StoreError, View, Writing, broken, signed, unsigned};
use crate::{clock::instant_of_ms, uplink::address::Last};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{OptionalExtension, ToSql, types::FromSql};
use shared::change::Incarnation;

/// Whose store it is. Set by `join`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    /// Province id.
    pub province: String,
    /// Commune slug.
    pub commune: String,
    /// Commune name.
    pub commune_name: String,
    /// The address used to join.
    pub server: String,
    /// When this computer last joined.
    pub joined_at: DateTime<Utc>,
    /// The store's life.
    pub incarnation: Incarnation,
}

/// How the digests of both ends compared, last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// Whether both hold the same.
    pub equal: bool,
    /// When, by our clock.
    pub at: DateTime<Utc>,
    /// Records that were made anew at either end, ever.
    pub healed: u64,
}

/// The province's clock, as an exercise sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exercise {
    /// Whether all figures are simulated.
    pub on: bool,
    /// The province's clock minus the real one; zero outside an exercise.
    pub offset_ms: i64,
}

impl Exercise {
    /// The time by which figures are entered.
    #[must_use]
    pub fn time(self, real: DateTime<Utc>) -> DateTime<Utc> {
        TimeDelta::try_milliseconds(self.offset_ms).and_then(|offset| real.checked_add_signed(offset)).unwrap_or(real)
    }
}

impl View<'_> {
    fn fact<T: FromSql>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Whose store it is; `None` before `join` is done.
    ///
    /// # Errors
    /// What the store says.
    pub fn belonging(&self) -> Result<Option<Belonging>, StoreError> {
        let Some(commune) = self.fact("commune")? else { return Ok(None) };
        let incarnation: Vec<u8> = self.fact("incarnation")?.ok_or_else(|| broken("incarnation"))?;
        Ok(Some(Belonging {
            commune,
            province: self.fact("province")?.ok_or_else(|| broken("province"))?,
            commune_name: self.fact("commune_name")?.unwrap_or_default(),
            server: self.fact("server")?.unwrap_or_default(),
            joined_at: instant_of_ms(self.fact("joined_at_ms")?.unwrap_or_default()),
            incarnation: Incarnation::from_slice(&incarnation).ok_or_else(|| broken("incarnation"))?,
        }))
    }

    /// The server of the last session, if it is known.
    ///
    /// # Errors
    /// What the store says.
    pub fn last_server(&self) -> Result<Option<Last>, StoreError> {
        let Some(server) = self.fact("last_server")? else { return Ok(None) };
        Ok(Some(Last { server, failed: self.fact("last_server_failed")?.unwrap_or(false) }))
    }

    /// The exercise, if there is one.
    ///
    /// # Errors
    /// What the store says.
    pub fn exercise(&self) -> Result<Exercise, StoreError> {
        Ok(Exercise {
            on: self.fact("exercise")?.unwrap_or(false),
            offset_ms: self.fact("exercise_offset_ms")?.unwrap_or_default(),
        })
    }

    /// How many changes the province has confirmed.
    ///
    /// # Errors
    /// What the store says.
    pub fn acknowledged_seq(&self) -> Result<u64, StoreError> {
        Ok(unsigned(self.fact("acknowledged_seq")?.unwrap_or_default()))
    }

    /// Whether a reminder was delivered by a way.
    ///
    /// # Errors
    /// What the store says.
    pub fn is_reminded(&self, key: &str, way: &str) -> Result<bool, StoreError> {
        Ok(self.fact::<i64>(&format!("reminded {key} {way}"))?.is_some())
    }

    /// The last position of the feed taken over.
    ///
    /// # Errors
    /// What the store says.
    pub fn feed_position(&self) -> Result<u64, StoreError> {
        Ok(unsigned(self.fact("feed_position")?.unwrap_or_default()))
    }

    /// The epoch of the province's store that the feed position belongs to; `None` before the first.
    ///
    /// # Errors
    /// What the store says.
    pub fn epoch(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.fact("epoch")
    }

    /// How many lost files of evidence the province has told of.
    ///
    /// # Errors
    /// What the store says.
    pub fn evidence_losses(&self) -> Result<u64, StoreError> {
        Ok(unsigned(self.fact("evidence_losses")?.unwrap_or_default()))
    }

    /// The key for which the province opens bundles, if it takes any.
    ///
    /// # Errors
    /// What the store says.
    pub fn bundle_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.fact("bundle_key")
    }

    /// How the digests compared, last.
    ///
    /// # Errors
    /// What the store says.
    pub fn comparison(&self) -> Result<Option<Comparison>, StoreError> {
        let Some(equal) = self.fact("digests_equal")? else { return Ok(None) };
        Ok(Some(Comparison {
            equal,
            at: instant_of_ms(self.fact("digests_compared_at_ms")?.unwrap_or_default()),
            healed: unsigned(self.fact("digests_healed")?.unwrap_or_default()),
        }))
    }

    /// How many kinds of change the program knew that last looked at the log.
    pub(super) fn change_kinds(&self) -> Result<u32, StoreError> {
        Ok(self.fact("change_kinds")?.unwrap_or_default())
    }

    /// Whether a service is running, or ended without saying so.
    ///
    /// # Errors
    /// What the store says.
    pub fn service_unfinished(&self) -> Result<bool, StoreError> {
        Ok(self.fact("service_unfinished")?.unwrap_or(false))
    }
}

impl Writing<'_> {
    fn set(&self, name: &str, value: impl ToSql) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?;
        statement.execute((name, value))?;
        Ok(())
    }

    /// Says whose store it is.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_belonging(&self, belonging: &Belonging) -> Result<(), StoreError> {
        self.set("province", &belonging.province)?;
        self.set("commune", &belonging.commune)?;
        self.set("commune_name", &belonging.commune_name)?;
        self.set("server", &belonging.server)?;
        self.set("joined_at_ms", belonging.joined_at.timestamp_millis())?;
        self.set("incarnation", belonging.incarnation.0)
    }

    /// Notes the server of a session.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_last_server(&self, last: &Last) -> Result<(), StoreError> {
        self.set("last_server", &last.server)?;
        self.set("last_server_failed", last.failed)
    }

    /// Takes over what the province says of the exercise.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_exercise(&self, exercise: Exercise) -> Result<(), StoreError> {
        self.set("exercise", exercise.on)?;
        self.set("exercise_offset_ms", exercise.offset_ms)
    }

    pub(super) fn set_acknowledged_seq(&self, seq: u64) -> Result<(), StoreError> {
        self.set("acknowledged_seq", signed(seq))
    }

    pub(super) fn set_feed_position(&self, position: u64) -> Result<(), StoreError> {
        self.set("feed_position", signed(position))
    }

    /// Takes over a new incarnation: this store lives on from another one's log.
    pub(super) fn set_incarnation(&self, incarnation: Incarnation) -> Result<(), StoreError> {
        self.set("incarnation", incarnation.0)
    }

    /// Notes the epoch of the province's store. Positions of another one mean nothing: everything is asked for again.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_epoch(&self, epoch: &[u8]) -> Result<(), StoreError> {
        if self.view().epoch()?.is_some_and(|held| held != epoch) {
            self.set_feed_position(0)?;
        }
        self.set("epoch", epoch)
    }

    /// Notes how many lost files of evidence the province has told of.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_evidence_losses(&self, losses: u64) -> Result<(), StoreError> {
        self.set("evidence_losses", signed(losses))
    }

    /// Notes the key for which the province opens bundles.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_bundle_key(&self, key: &[u8]) -> Result<(), StoreError> {
        self.set("bundle_key", key)
    }

    /// Notes how the digests compared, and how many records were healed on the way.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_comparison(&self, equal: bool, at: DateTime<Utc>, healed: u64) -> Result<(), StoreError> {
        let before = self.view().comparison()?.map_or(0, |before| before.healed);
        self.set("digests_equal", equal)?;
        self.set("digests_compared_at_ms", at.timestamp_millis())?;
        self.set("digests_healed", signed(before + healed))
    }

    /// Notes that a reminder was delivered by a way.
    ///
    /// # Errors
    /// What the store says.
    pub fn note_reminder(&self, key: &str, way: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.set(&format!("reminded {key} {way}"), at.timestamp_millis())
    }

    pub(super) fn set_change_kinds(&self, kinds: u32) -> Result<(), StoreError> {
        self.set("change_kinds", kinds)
    }

    /// Marks the begin (`true`) and the clean end (`false`) of a service.
    ///
    /// # Errors
    /// What the store says.
    pub fn set_service_unfinished(&self, unfinished: bool) -> Result<(), StoreError> {
        self.set("service_unfinished", unfinished)
    }
}
