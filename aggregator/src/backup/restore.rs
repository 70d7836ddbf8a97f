//! The way back: a backup becomes the store of a data folder that was founded before, or of a new one. A store that was there
//! is kept aside, never deleted; keys are never touched.

use super::{BackupError, owner};
use crate::{
    authorities::NEXT as NEXT_AUTHORITY,
    clock::{Clock, ProvinceClock},
    config::Config,
    folder::Folder,
    keyring::issue_server,
    serve::load_authority,
    store::{
        Act, Store, StoreError,
        sqlite::{SqliteStore, backup},
    },
};
use safekeeping::{
    Owner, PlaceError, Whole,
    aside::{discard, put_aside},
    copying::{copy, part_of, sync_folder},
    fault::on,
};
use shared::{calendar::rfc3339, manifest::Manifest};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Most files of an authority's folder that are taken over.
const MAX_AUTHORITY_FILES: usize = 16;
/// The largest of them.
const MAX_AUTHORITY_BYTES: u64 = 64 * 1024;

/// What is asked.
pub struct Request<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// The backup.
    pub from: &'a Path,
    /// A folder with the authority's key and certificate, for a new data folder.
    pub authority: Option<&'a Path>,
    /// Who asks.
    pub who: &'a str,
    /// Real time.
    pub clock: Arc<dyn Clock>,
    /// Of the life that begins; random.
    pub epoch: [u8; 16],
}

/// A backup that became the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What lay in the backup.
    pub manifest: Manifest,
    /// Where the store that was there lies now.
    pub aside: Option<PathBuf>,
    /// Whether the data folder was made anew.
    pub is_new: bool,
    /// Whether certificates, revocations and used invitations of after the backup were taken over from the store that was there.
    pub carries: bool,
}

/// Makes a backup the store of a data folder; another life of it begins.
///
/// # Errors
/// [`BackupError`]; the data folder is as it was then.
pub async fn restore(request: Request<'_>) -> Result<Restored, BackupError> {
    let whole = Whole::open(request.from)?;
    owner(Owner::of(&whole.manifest).province).check(&whole.manifest)?;
    let folder = Folder::at(request.data);
    if folder.store().exists() || folder.authority_key().exists() {
        if request.authority.is_some() {
            return Err(BackupError::AuthorityGiven(request.data.to_owned()));
        }
        let _alone = folder.lock()?;
        let (aside, carries) = into_founded(&folder, &whole, &request).await?;
        return Ok(Restored { manifest: whole.manifest, aside, is_new: false, carries });
    }
    let authority = request.authority.ok_or_else(|| BackupError::AuthorityNeeded(request.data.to_owned()))?;
    let folder = Folder::prepare(request.data, &hex::encode(&request.epoch[..4]))?;
    match into_new(&folder, &whole, authority, &request).await {
        Ok(()) => {
            folder.settle(request.data)?;
            Ok(Restored { manifest: whole.manifest, aside: None, is_new: true, carries: false })
        }
        Err(error) => {
            folder.discard();
            Err(error)
        }
    }
}

async fn into_founded(
    folder: &Folder,
    whole: &Whole,
    request: &Request<'_>,
) -> Result<(Option<PathBuf>, bool), BackupError> {
    let draft = folder.root().join("store.db.restoring");
    discard(&draft)?;
    let prepared = async {
        bring_store(&draft, whole, request).await?;
        check_present(folder, whole, &draft)?;
        let carries = carry_over(folder, &draft, request).await?;
        bring_rest(folder, whole)?;
        Ok::<_, BackupError>((put_aside(&folder.store(), request.clock.now())?, carries))
    };
    let kept = match prepared.await {
        Ok(kept) => kept,
        Err(error) => {
            // Half-made; the reason it was not finished matters more than what the system says to this.
            let _ = discard(&draft);
            return Err(error);
        }
    };
    name_store(folder, &draft)?;
    Ok(kept)
}

async fn into_new(folder: &Folder, whole: &Whole, authority: &Path, request: &Request<'_>) -> Result<(), BackupError> {
    let kept = folder.authority_key();
    take_authority(authority, kept.parent().unwrap_or(&kept))?;
    let authority = load_authority(folder)?;
    let draft = folder.root().join("store.db.restoring");
    bring_store(&draft, whole, request).await?;
    bring_rest(folder, whole)?;
    name_store(folder, &draft)?;
    let config = Config::read(&folder.config())?;
    Ok(issue_server(folder, &config.hosts, &authority, &*request.clock)?)
}

/// Copies the store, checks it, and begins its new life.
async fn bring_store(draft: &Path, whole: &Whole, request: &Request<'_>) -> Result<(), BackupError> {
    copy(&whole.store, draft, whole.manifest.store)?;
    let founding = backup::founding_of(draft)?;
    if founding.province != whole.manifest.province {
        return Err(PlaceError::Damaged(whole.store.clone()).into());
    }
    backup::check_whole(draft)?;
    let at = ProvinceClock::new(request.clock.clone(), founding.clock_offset_ms).now();
    let act = Act::of(request.who.to_owned(), at);
    let store = SqliteStore::open(draft)?;
    let detail = format!("backup of {} by {}", rfc3339(whole.manifest.created_at), whole.manifest.build);
    store.restored(request.epoch, &detail, request.clock.now(), act).await?;
    drop(store);
    Ok(backup::quiesce(draft)?)
}

/// The present store must be of the same province; a damaged one is the very reason to restore.
fn check_present(folder: &Folder, whole: &Whole, draft: &Path) -> Result<(), BackupError> {
    let store = folder.store();
    if !store.exists() {
        return Ok(());
    }
    match backup::founding_of(&store) {
        Ok(present) => {
            owner(&present.province).check(&whole.manifest)?;
            if present.exercise != backup::founding_of(draft)?.exercise {
                return Err(BackupError::OtherPurpose);
            }
        }
        Err(StoreError::Damaged(_) | StoreError::Unreadable(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match backup::quiesce(&store) {
        Ok(()) | Err(StoreError::Damaged(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A backup knows nothing of who was let in and who was shut out after it; the store that is there does, if it can be read. False when
/// it cannot: that must not keep anyone from restoring.
async fn carry_over(folder: &Folder, draft: &Path, request: &Request<'_>) -> Result<bool, BackupError> {
    let present = folder.store();
    if !present.exists() {
        return Ok(false);
    }
    let found = match backup::enrolments_of(&present) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "the store that is here cannot be read, its certificates and revocations are lost");
            return Ok(false);
        }
    };
    let act = Act::of(request.who.to_owned(), request.clock.now());
    let store = SqliteStore::open(draft)?;
    store.carry_over(found, act).await?;
    drop(store);
    backup::quiesce(draft)?;
    Ok(true)
}

/// Files of evidence, and the settings where there are none.
fn bring_rest(folder: &Folder, whole: &Whole) -> Result<(), BackupError> {
    for part in &whole.manifest.evidence {
        let name = hex::encode(part.sha256.0);
        let target = folder.root().join("evidence").join(&name[..2]).join(name);
        if !target.exists() || part_of(&target)? != *part {
            copy(&whole.evidence(part.sha256), &target, *part)?;
        }
    }
    if let (Some(from), Some(part)) = (&whole.settings, whole.manifest.settings)
        && !folder.config().exists()
    {
        copy(from, &folder.config(), part)?;
    }
    Ok(())
}

fn name_store(folder: &Folder, draft: &Path) -> Result<(), PlaceError> {
    let target = folder.store();
    fs::rename(draft, &target).and_then(|()| sync_folder(folder.root())).map_err(on(&target))
}

/// Copies an authority's folder: its files and, while a rotation goes on, those of the next authority. Any other folder in it means that
/// it is not what was asked for.
pub(crate) fn take_authority(from: &Path, to: &Path) -> Result<(), BackupError> {
    let strange = take_files(from, to)?;
    for folder in strange {
        if folder.file_name() != Some(NEXT_AUTHORITY.as_ref()) {
            return Err(BackupError::AuthorityStrange(folder));
        }
        let next = to.join(NEXT_AUTHORITY);
        Folder::create_private(&next)?;
        if let Some(folder) = take_files(&folder, &next)?.pop() {
            return Err(BackupError::AuthorityStrange(folder));
        }
    }
    Ok(())
}

/// Copies the files of a folder; what is in it that is no file of an authority.
fn take_files(from: &Path, to: &Path) -> Result<Vec<PathBuf>, PlaceError> {
    let mut others = Vec::new();
    let entries = fs::read_dir(from).map_err(on(from))?;
    for entry in entries.take(MAX_AUTHORITY_FILES) {
        let entry = entry.map_err(on(from))?;
        let path = entry.path();
        let about = entry.metadata().map_err(on(&path))?;
        if about.is_dir() {
            others.push(path);
        } else if about.is_file() && about.len() <= MAX_AUTHORITY_BYTES {
            copy(&path, &to.join(entry.file_name()), part_of(&path)?)?;
        }
    }
    Ok(others)
}
