//! What the province decided, on its way to one commune: its view of the catalogue, exceptions, verdicts, closed periods, and
//! last its own standings.

use crate::{
    ingest::{StandingsHook, machine::Page},
    province::Province,
    store::StoreError,
};
use shared::feed::FeedItem;

/// Rows of the feed looked at for one page.
const PAGE_ROWS: u32 = 500;

/// Reads a page. `catalogue_version` is given with the first one: what the agent holds. The standings come with the last.
///
/// # Errors
/// The store's.
pub async fn page(
    province: &Province,
    standings: &dyn StandingsHook,
    commune: &str,
    after: u64,
    catalogue_version: Option<u64>,
) -> Result<Page, StoreError> {
    let mut items = Vec::new();
    let rulebook = province.rulebook();
    if catalogue_version.is_some_and(|held| held != rulebook.version)
        && let Some(view) = rulebook.catalogue.view_of(commune, rulebook.version)
    {
        items.push(FeedItem::Catalogue(Box::new(view)));
    }
    let read = province.store.feed(commune, after, PAGE_ROWS).await?;
    items.extend(read.items);
    if !read.more {
        let own = standings.own_standings(commune).await;
        items.extend(own.into_iter().map(FeedItem::Standing));
    }
    Ok(Page { parts: items.iter().map(proto::feed::to_wire).collect(), position: read.position, more: read.more })
}
