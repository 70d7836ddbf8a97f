//! What the metrics say of communes, certificates and disk: looked up once a minute, so that a scrape costs the same whatever the size.

use super::metrics::Metrics;
use crate::{
    folder::Folder,
    store::{Store, StoreError},
};
use chrono::{DateTime, TimeDelta, Utc};
use operation::examination::free_bytes;
use proto::pem;
use std::{fs, path::Path};

/// Looks at everything once.
///
/// # Errors
/// The store's; what the metrics said before stays.
pub(super) async fn take(
    metrics: &Metrics,
    store: &dyn Store,
    folder: &Folder,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (contacts, certificates) = (store.contacts().await?, store.certificates(Some(now)).await?);
    let ages = contacts.iter().filter(|contact| contact.enrolled.is_some());
    tally(&metrics.communes, "last_sync", &super::metrics::LAST_SYNC, ages.map(|one| age(one.last_success, now)));
    let pending: u64 = contacts.iter().map(|contact| contact.evidence_pending_bytes).sum();
    metrics.evidence_pending.set(signed(pending));
    let left = certificates.iter().map(|one| left(one.not_after, now));
    tally(&metrics.certificates, "expires_within", &super::metrics::EXPIRY, left);
    for (gauge, file) in [
        (&metrics.server_certificate, folder.server_certificate()),
        (&metrics.authority_certificate, folder.authority_certificate()),
    ] {
        if let Some(not_after) = not_after(&file) {
            gauge.set(not_after);
        }
    }
    // What waits beside a file to be copied back into it; nothing for a database.
    let beside = fs::metadata(folder.root().join("store.db-wal")).map_or(0, |file| file.len());
    metrics.store_bytes.set(signed(store.size_bytes().await?.saturating_add(beside)));
    if let Some(free) = free_bytes(folder.root()) {
        metrics.disk_free.set(signed(free));
    }
    metrics.surveyed_at.set(now.timestamp());
    Ok(())
}

/// Memory of this process, in bytes; none where the system does not tell.
pub(super) fn resident_bytes() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// When the first certificate of a file expires, in seconds since 1970.
fn not_after(file: &Path) -> Option<i64> {
    let chain = pem::read_certificates(file).ok()?;
    let (_, read) = x509_parser::parse_x509_certificate(chain.first()?).ok()?;
    Some(read.validity().not_after.timestamp())
}

fn age(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> &'static str {
    let Some(last) = last else { return "never" };
    match now - last {
        age if age <= TimeDelta::days(1) => "1d",
        age if age <= TimeDelta::days(3) => "3d",
        age if age <= TimeDelta::days(7) => "7d",
        age if age <= TimeDelta::days(30) => "30d",
        _ => "older",
    }
}

fn left(not_after: DateTime<Utc>, now: DateTime<Utc>) -> &'static str {
    match not_after - now {
        left if left <= TimeDelta::days(7) => "7d",
        left if left <= TimeDelta::days(30) => "30d",
        _ => "later",
    }
}

type Classes = prometheus_client::metrics::family::Family<
    [(&'static str, &'static str); 1],
    prometheus_client::metrics::gauge::Gauge,
>;

fn tally(family: &Classes, label: &'static str, classes: &[&'static str], found: impl Iterator<Item = &'static str>) {
    let mut counts = vec![0; classes.len()];
    for class in found {
        if let Some(at) = classes.iter().position(|one| *one == class) {
            counts[at] += 1;
        }
    }
    for (class, count) in classes.iter().zip(counts) {
        family.get_or_create(&[(label, *class)]).set(count);
    }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, moment};

    #[tokio::test]
    async fn a_survey_tells_of_disk_and_store() {
        let (place, store) = sample::store().await;
        let metrics = Metrics::default();
        take(&metrics, &store, &Folder::at(place.path()), moment()).await.unwrap();
        assert!(metrics.store_bytes.get() > 0 && metrics.disk_free.get() > 0);
        assert_eq!(metrics.surveyed_at.get(), moment().timestamp());
        assert!(resident_bytes().unwrap() > 100_000);
    }

    #[test]
    fn classes_are_cut_where_their_names_say() {
        let now = moment();
        for (days, class) in [(0, "1d"), (2, "3d"), (7, "7d"), (8, "30d"), (31, "older")] {
            assert_eq!(age(Some(now - TimeDelta::days(days)), now), class);
        }
        assert_eq!(age(None, now), "never");
        for (days, class) in [(-1, "7d"), (8, "30d"), (31, "later")] {
            assert_eq!(left(now + TimeDelta::days(days), now), class);
        }
    }
}
