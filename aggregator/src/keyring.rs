//! The keys that a running `serve` holds: the authorities and the TLS settings made of them. It looks at the disk again and again, so
//! that a rotation by a command, and a new server certificate, need no restart.
//!
//! TLS settings change before anything is issued under a new authority: whoever gets a certificate can connect with it.

use crate::{
    authorities::{self, Authorities, KeysError, Seen},
    authority::{self, Authority, COMMUNE_DAYS, STAFF_DAYS},
    clock::Clock,
    enrol::random,
    folder::Folder,
    store::{CertificateRecord, Store, StoreError},
};
use arc_swap::ArcSwap;
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    identity::Validity,
    pem,
    tls::{self, Fingerprint},
};
use rustls::ServerConfig;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How often the disk is looked at where nobody joins or renews. Three small reads.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The server certificate is looked at once in so many looks: every minute, since a clock that is put right makes it due at once.
const LOOKS_TO_REFRESH: u64 = 60;
/// Whether the former authority is still needed is looked at once in so many looks: every six hours.
const LOOKS_TO_RETIREMENT: u64 = 6 * 60 * 60;

/// Whether another server has newer keys is looked at once in so many looks: every minute.
const LOOKS_TO_COMPARISON: u64 = 60;

/// See the [module](self).
pub struct Keyring {
    folder: Folder,
    hosts: Vec<String>,
    clock: Arc<dyn Clock>,
    authorities: ArcSwap<Authorities>,
    tls: Arc<ArcSwap<ServerConfig>>,
    seen: Mutex<Seen>,
}

impl Keyring {
    /// Reads the keys, and issues a server certificate for these hosts where that is due.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn open(folder: Folder, hosts: Vec<String>, clock: Arc<dyn Clock>) -> Result<Self, KeysError> {
        // Before they are read: what changes in between is seen at the next look.
        let seen = Mutex::new(authorities::seen(&folder));
        let authorities = Authorities::open(&folder)?;
        let tls = Arc::new(ArcSwap::from_pointee(server_tls(&folder, &hosts, &authorities, &*clock)?));
        let keyring = Self { folder, hosts, clock, authorities: ArcSwap::from_pointee(authorities), tls, seen };
        keyring.tell_age();
        Ok(keyring)
    }

    /// Says when the authority itself is out of date. Sessions go on: both ends trust its key, and renew what it issues.
    fn tell_age(&self) {
        let authorities = self.authorities.load();
        let until = Validity::of(authorities.issuing().certificate()).map(|valid| valid.not_after);
        if until.is_ok_and(|until| until < self.clock.now()) {
            tracing::error!("the province's authority has expired, replace it: province-aggregator authority rotate");
        }
    }

    /// Real time, as certificates know it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The TLS settings in force, swapped when they change.
    #[must_use]
    pub fn tls(&self) -> Arc<ArcSwap<ServerConfig>> {
        self.tls.clone()
    }

    /// The authorities as they are on the disk now; what cannot be read now is tried again at the next look.
    #[must_use]
    pub fn look(&self) -> Arc<Authorities> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = authorities::seen(&self.folder);
        if *seen != now {
            match self.take_over() {
                Ok(()) => *seen = now,
                Err(error) => tracing::warn!(%error, "the authorities on the disk could not be read, trying again"),
            }
        }
        self.authorities.load_full()
    }

    /// Makes the TLS settings anew, with a new server certificate where that is due.
    fn refresh(&self) {
        match server_tls(&self.folder, &self.hosts, &self.authorities.load(), &*self.clock) {
            Ok(renewed) => self.tls.store(Arc::new(renewed)),
            Err(error) => tracing::error!(%error, "the server certificate could not be renewed"),
        }
    }

    fn take_over(&self) -> Result<(), KeysError> {
        let read = Authorities::read(&self.folder)?;
        self.tls.store(Arc::new(server_tls(&self.folder, &self.hosts, &read, &*self.clock)?));
        tracing::info!(trusted = ?read.fingerprints(), "the authorities changed");
        self.authorities.store(Arc::new(read));
        self.note();
        Ok(())
    }

    /// Says to the commands which authorities are in force here.
    fn note(&self) {
        if let Err(error) = self.folder.note_authorities(Some(&noted(&self.authorities.load()))) {
            tracing::warn!(%error, "the authorities in force could not be noted");
        }
    }

    /// Looks until the end is signalled.
    pub async fn run(self: Arc<Self>, store: Arc<dyn Store>, mut ending: watch::Receiver<bool>) {
        self.note();
        let mut ticks = tokio::time::interval(LOOK_INTERVAL);
        let mut looks: u64 = 0;
        loop {
            tokio::select! {
                () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
                _ = ticks.tick() => {
                    drop(self.look());
                    looks += 1;
                }
            }
            if store.is_shared() && looks % LOOKS_TO_COMPARISON == 1 {
                self.compare(&*store).await;
            }
            if looks.is_multiple_of(LOOKS_TO_REFRESH) {
                self.refresh();
            }
            if looks.is_multiple_of(LOOKS_TO_RETIREMENT) {
                self.tell_age();
            }
            if looks.is_multiple_of(LOOKS_TO_RETIREMENT)
                && let Err(error) = self.retire(&*store).await
            {
                tracing::warn!(%error, "the former authority stays, the store could not be asked");
            }
        }
    }

    /// Says so where another server on the same store has newer keys than this one.
    async fn compare(&self, store: &dyn Store) {
        match foreign(store, &self.look().fingerprints(), Some(self.clock.now())).await {
            Ok(None) => {}
            Ok(Some(issuer)) => tracing::error!(
                %issuer,
                "agents have certificates of an authority that is not known here: bring this server the keys of another one (`keys export`, `keys import`)"
            ),
            Err(error) => tracing::warn!(%error, "the store could not be asked for the certificates in use"),
        }
    }

    /// Forgets the former authority when nothing that it issued is valid any more.
    async fn retire(&self, store: &dyn Store) -> Result<(), StoreError> {
        let authorities = self.look();
        if authorities.former.is_none() || former_is_needed(store, &authorities, self.clock.now()).await? {
            return Ok(());
        }
        match authorities::drop_former(&self.folder) {
            Ok(_) => drop(self.look()),
            Err(error) => tracing::warn!(%error, "the former authority could not be removed"),
        }
        Ok(())
    }
}

/// The live certificates that the issuing authority did not issue.
///
/// # Errors
/// The store's.
pub async fn of_others(
    store: &dyn Store,
    authorities: &Authorities,
    now: DateTime<Utc>,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let issuing = authorities.issuing().fingerprint().0;
    let mut live = store.certificates(Some(now)).await?;
    live.retain(|certificate| certificate.issuer != Some(issuing));
    Ok(live)
}

/// An authority that issued a certificate, one of those that are live at a moment or of all there ever were, and is not among those known
/// here: another server of the same store has newer keys. None where all is well; certificates of before the first rotation name no issuer.
///
/// # Errors
/// The store's.
pub async fn foreign(
    store: &dyn Store,
    known: &[Fingerprint],
    live_at: Option<DateTime<Utc>>,
) -> Result<Option<Fingerprint>, StoreError> {
    let issuers = store.certificates(live_at).await?.into_iter().filter_map(|certificate| certificate.issuer);
    Ok(issuers.map(Fingerprint).find(|issuer| !known.contains(issuer)))
}

/// Whether the former authority may still be asked about a certificate. A restored store does not know those that were issued after
/// the backup before it sees them; the last of them has expired some weeks later.
///
/// # Errors
/// The store's.
pub async fn former_is_needed(
    store: &dyn Store,
    authorities: &Authorities,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let longest = TimeDelta::days(COMMUNE_DAYS.max(STAFF_DAYS));
    if store.restored_at().await?.is_some_and(|restored| now < restored + longest) {
        return Ok(true);
    }
    Ok(!of_others(store, authorities, now).await?.is_empty())
}

/// How the authorities in force are noted for the commands.
#[must_use]
pub fn noted(authorities: &Authorities) -> String {
    authorities.fingerprints().iter().map(|one| format!("{one}\n")).collect()
}

/// Issues a server certificate into the folder.
///
/// # Errors
/// When it cannot be issued or written.
pub fn issue_server(
    folder: &Folder,
    hosts: &[String],
    authority: &Authority,
    clock: &dyn Clock,
) -> Result<(), KeysError> {
    let issued = authority.issue_server(hosts, random(), clock.now())?;
    pem::write_key(&folder.server_key(), &issued.key_pem)?;
    let chain = [issued.issued.certificate, authority.certificate().clone()];
    Ok(pem::write_certificates(&folder.server_certificate(), &chain)?)
}

/// TLS settings with the certificate on the disk, or with a new one where that is due, of another authority than the current one, or
/// does not fit its key.
fn server_tls(
    folder: &Folder,
    hosts: &[String],
    authorities: &Authorities,
    clock: &dyn Clock,
) -> Result<ServerConfig, KeysError> {
    let authority = &authorities.current;
    let read = || -> Result<ServerConfig, KeysError> {
        let chain = pem::read_certificates(&folder.server_certificate())?;
        let key = pem::read_key(&folder.server_key())?;
        Ok(tls::server_config(chain, key, &authorities.trusted())?)
    };
    let chain = pem::read_certificates(&folder.server_certificate()).unwrap_or_default();
    let due = chain.last() != Some(authority.certificate())
        || chain.first().is_none_or(|leaf| authority::server_is_due(leaf, hosts, clock.now()));
    if due {
        tracing::info!("issuing a server certificate");
        issue_server(folder, hosts, authority, clock)?;
    }
    match read() {
        Err(KeysError::Tls(error)) if !due => {
            // Stopped between writing the key and writing the certificate.
            tracing::warn!(%error, "the server certificate does not fit its key, issuing a new one");
            issue_server(folder, hosts, authority, clock)?;
            read()
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::SERIAL_BYTES,
        clock::StandingClock,
        enrol::record_of,
        sample::{self, act, moment},
        store::sqlite::SqliteStore,
    };
    use chrono::TimeDelta;
    use proto::identity::Identity;
    use tempfile::TempDir;

    fn hosts() -> Vec<String> {
        vec!["localhost".into()]
    }

    fn open(folder: &Folder, now: DateTime<Utc>) -> Keyring {
        Keyring::open(folder.clone(), hosts(), Arc::new(StandingClock(now))).unwrap()
    }

    /// A folder whose authority was replaced, and a store with a certificate of the former one.
    async fn replaced() -> (TempDir, Folder, SqliteStore) {
        let (place, store) = sample::store().await;
        let folder = Folder::prepare(&place.path().join("province"), "a").unwrap();
        let (first, key) = Authority::make("dong-nai", [1; SERIAL_BYTES], moment()).unwrap();
        pem::write_key(&folder.authority_key(), &key).unwrap();
        pem::write_certificates(&folder.authority_certificate(), &[first.certificate().clone()]).unwrap();
        let identity = Identity::staff("dong-nai", "lan").unwrap();
        let issued = first.issue_staff(&identity, [2; SERIAL_BYTES], moment()).unwrap().issued;
        store.add_certificate(record_of(&issued, &identity, moment()), act(moment())).await.unwrap();
        let (next, key) = Authority::make("dong-nai", [3; SERIAL_BYTES], moment()).unwrap();
        authorities::begin(&folder, &next, &key).unwrap();
        authorities::switch(&folder).unwrap();
        (place, folder, store)
    }

    #[tokio::test]
    async fn the_former_authority_goes_with_its_last_certificate() {
        let (_place, folder, store) = replaced().await;
        let keyring = open(&folder, moment() + TimeDelta::days(29));
        keyring.retire(&store).await.unwrap();
        assert!(keyring.look().former.is_some(), "a certificate of it is live");
        let keyring = open(&folder, moment() + TimeDelta::days(31));
        let before = keyring.tls().load_full();
        keyring.retire(&store).await.unwrap();
        assert!(keyring.look().former.is_none());
        assert!(!Arc::ptr_eq(&before, &keyring.tls().load_full()), "TLS does not trust it any more either");
    }

    #[tokio::test]
    async fn the_disk_is_taken_over_when_it_changes_and_only_then() {
        let (_place, folder, _store) = replaced().await;
        let keyring = open(&folder, moment());
        let (tls, authorities) = (keyring.tls().load_full(), keyring.look());
        assert!(Arc::ptr_eq(&authorities, &keyring.look()) && Arc::ptr_eq(&tls, &keyring.tls().load_full()));
        authorities::drop_former(&folder).unwrap();
        let (third, key) = Authority::make("dong-nai", [4; SERIAL_BYTES], moment()).unwrap();
        authorities::begin(&folder, &third, &key).unwrap();
        assert_eq!(keyring.look().issuing().fingerprint(), third.fingerprint());
        assert_eq!(folder.authorities_in_force(), Some(noted(&keyring.look())));
        // A file that is torn changes nothing until it is whole again.
        let path = folder.authority().join("next/certificate.pem");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(keyring.look().issuing().fingerprint(), third.fingerprint());
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(keyring.look().issuing().fingerprint(), third.fingerprint());
        authorities::switch(&folder).unwrap();
        let current = keyring.look().current.certificate().clone();
        assert_eq!(pem::read_certificates(&folder.server_certificate()).unwrap().last(), Some(&current));
    }
}
