//! Changes of a kind that an older version did not know: kept raw, judged and applied at the first start of a version that does.

use crate::{
    ingest::check,
    province::Province,
    store::{ParkedPlace, StoreError, TakenUp},
};
use shared::change::{CHANGE_KINDS, CHANGE_SCHEMA};

/// Changes looked at in one transaction.
const PAGE: u32 = 500;

/// Takes up what this program knows and the one before did not, in the order of the logs; how many changes.
///
/// # Errors
/// The store's; what was taken up stays, the rest is looked at again at the next start.
pub async fn take_up(province: &Province) -> Result<u32, StoreError> {
    let store = &province.store;
    let (kinds, schema) = store.known_kinds().await?;
    if kinds >= CHANGE_KINDS && schema >= CHANGE_SCHEMA {
        return Ok(0);
    }
    let rulebook = province.rulebook();
    let (mut place, mut taken) = (ParkedPlace::default(), 0);
    loop {
        let page = store.parked(place, PAGE).await?;
        let Some(last) = page.last() else { break };
        place = last.place;
        let changes = page.into_iter().map(|change| TakenUp {
            judged: check::judge(&rulebook, &change.commune, &change.body),
            place: change.place,
            commune: change.commune,
        });
        taken += store.take_up(changes.collect()).await?;
    }
    store.note_known_kinds((CHANGE_KINDS, CHANGE_SCHEMA)).await?;
    if taken > 0 {
        tracing::info!(changes = taken, "changes that were kept raw are applied");
    }
    Ok(taken)
}
