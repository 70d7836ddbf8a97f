//! Training provinces: all figures are simulated, and the province's clock can be moved.

use crate::store::{Act, Store, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// How far the clock can be moved from real time.
const FARTHEST: TimeDelta = TimeDelta::days(3_660);

/// Why the clock stays.
#[derive(Debug, Error)]
pub enum ExerciseError {
    /// The figures of this province are real.
    #[error("not an exercise: the clock of a province with real figures is not moved")]
    NotAnExercise,
    /// Too far from real time.
    #[error("more than ten years from real time")]
    TooFar,
    /// The store's error.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets the province's clock to `wanted`; it goes on from there.
///
/// # Errors
/// [`ExerciseError`]
pub async fn move_clock(
    store: &dyn Store,
    wanted: DateTime<Utc>,
    real: DateTime<Utc>,
    who: &str,
) -> Result<(), ExerciseError> {
    if !store.founding().await?.exercise {
        return Err(ExerciseError::NotAnExercise);
    }
    let offset = wanted.signed_duration_since(real);
    if offset.abs() > FARTHEST {
        return Err(ExerciseError::TooFar);
    }
    store.set_clock_offset(offset.num_milliseconds(), Act::of(who.to_owned(), real)).await?;
    Ok(())
}
