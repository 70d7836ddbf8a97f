//! The keys of the province on their way to another server of the same store, and into its folder.
//!
//! What is handed over is the folder of the authorities: by it agents know the server, and bundles are opened. The certificate of the
//! server and the key of receipts are each server's own, issued by the authority.

use super::{
    Authorities, BUNDLE_KEY, KeysError, Place, alone, alone_and_settled, finish_switch, past, remove, rename, sync,
};
use crate::{
    backup::{BackupError, take_authority},
    enrol::random,
    folder::{Folder, FolderError},
    keyring,
    store::{Store, StoreError},
};
use chrono::{DateTime, Utc};
use proto::{pem::PemError, tls::Fingerprint};
use rustls::pki_types::CertificateDer;
use shared::language::Language;
use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why keys are not handed over.
#[derive(Debug, Error)]
pub enum HandingError {
    /// There is something in the place already.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// They cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// They cannot be copied.
    #[error(transparent)]
    Copy(#[from] BackupError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key of bundles is not among them.
    #[error("{0}: no key of bundles in it")]
    Incomplete(PathBuf),
    /// Agents have certificates of an authority that is not among them.
    #[error("certificates in use were issued by the authority {0}, which is not among these keys")]
    Foreign(Fingerprint),
}

/// Keys copied beside the place that they are meant for. They go away with this value unless they are [put there](Self::settle).
#[must_use = "the keys go away again"]
pub struct Draft {
    /// Hidden, and made by this run.
    folder: PathBuf,
    to: PathBuf,
    is_settled: bool,
}

impl Draft {
    /// Puts them into their place.
    ///
    /// # Errors
    /// When the place was taken in the meantime; nothing is left behind then.
    pub fn settle(mut self) -> Result<(), HandingError> {
        rename(&self.folder, &self.to)?;
        self.is_settled = true;
        Ok(sync(parent(&self.to))?)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_settled
            && let Err(error) = remove(&self.folder)
        {
            tracing::error!(%error, "a copy of the province's keys is left behind, remove it");
        }
    }
}

/// Copies the keys of a folder to beside a new one that only the owner can look into.
///
/// # Errors
/// [`HandingError`]; nothing is left behind then.
pub fn export(folder: &Folder, to: &Path) -> Result<Draft, HandingError> {
    let Some(name) = to.file_name().filter(|_| !is_taken(to)) else {
        return Err(FolderError::Taken(to.to_owned()).into());
    };
    let _alone = alone_and_settled(folder)?;
    let above = parent(to);
    DirBuilder::new().mode(0o700).recursive(true).create(above).map_err(KeysError::io(above))?;
    let hidden = format!(".{}.{}", name.to_string_lossy(), hex::encode(random::<8>()));
    let place = above.join(hidden);
    // Not where there is something already: what this run did not make is not its to remove.
    DirBuilder::new().mode(0o700).create(&place).map_err(KeysError::io(&place))?;
    let draft = Draft { folder: place, to: to.to_owned(), is_settled: false };
    take_authority(&folder.authority(), &draft.folder)?;
    check_whole(&draft.folder)?;
    Ok(draft)
}

fn is_taken(to: &Path) -> bool {
    to.is_file() || fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The keys in a folder that was handed over, if they are those of the province in the store: they name it, every certificate in use
/// comes from one of the authorities that they trust, and every other from one that there was before.
///
/// # Errors
/// [`HandingError`], in words of `language` where they are of another province.
pub async fn check(
    from: &Path,
    store: &dyn Store,
    now: DateTime<Utc>,
    language: Language,
) -> Result<Authorities, HandingError> {
    let authorities = check_whole(from)?;
    let own = store.founding().await?.province;
    if !names(authorities.current.certificate(), &own) {
        let reason = language.pick(
            format!("đây không phải khóa của tỉnh {own}, tỉnh của cơ sở dữ liệu này: dùng thư mục mà `keys export` của tỉnh {own} đã ghi"),
            format!("these are not the keys of {own}, whose database this is: use a folder that `keys export` of {own} wrote"),
        );
        return Err(of_others(from, reason));
    }
    let all: Vec<Fingerprint> = authorities.of_receipts().iter().map(|one| Fingerprint::of(one)).collect();
    let foreign = match keyring::foreign(store, &authorities.fingerprints(), Some(now)).await? {
        None => keyring::foreign(store, &all, None).await?,
        found => found,
    };
    foreign.map_or(Ok(authorities), |foreign| Err(HandingError::Foreign(foreign)))
}

/// Puts them in the place of a folder's own, with one rename; a running `serve` takes them over. Receipts of former authorities stay good.
/// What the folder trusts has to be among them: agents know this server by it.
///
/// # Errors
/// [`HandingError`]; the folder's own are as they were then.
pub fn replace(folder: &Folder, from: &Path, language: Language) -> Result<(), HandingError> {
    let _alone = alone(folder)?;
    finish_switch(folder)?;
    let (own, brought) = (Authorities::read(folder)?, check_whole(from)?.of_receipts());
    let is_brought = |one: &Fingerprint| brought.iter().any(|brought| Fingerprint::of(brought) == *one);
    if let Some(missing) = own.fingerprints().into_iter().find(|one| !is_brought(one)) {
        let reason = language.pick(
            format!("cơ quan chứng thực {missing} của máy chủ này không có trong các khóa này: chúng cũ hơn, hoặc không cùng gốc; chạy lại `keys export` trên máy chủ đã đổi cơ quan chứng thực sau cùng"),
            format!("this server's authority {missing} is not among these keys: they are older, or of another descent; `keys export` on the server that rotated last"),
        );
        return Err(of_others(from, reason));
    }
    let place = Place::of(folder);
    remove(&place.fresh)?;
    fill(&place.fresh, from)?;
    past::keep(&place.fresh, &past::read(&place.current)?)?;
    sync(folder.root())?;
    remove(&place.old)?;
    rename(&place.current, &place.old)?;
    Ok(finish_switch(folder)?)
}

/// Whether an authority's certificate names a province, as [`Authority::make`](crate::authority::Authority::make) does.
fn names(certificate: &CertificateDer<'_>, province: &str) -> bool {
    let Ok((_, read)) = x509_parser::parse_x509_certificate(certificate) else { return false };
    read.subject().iter_common_name().any(|name| name.as_str() == Ok(&format!("Tien Do {province}")))
}

fn of_others(from: &Path, reason: String) -> HandingError {
    KeysError::from(PemError::Content { path: from.join("certificate.pem"), reason }).into()
}

/// Brings them into a folder that is being founded.
///
/// # Errors
/// [`HandingError`]
pub fn bring(folder: &Folder, from: &Path) -> Result<(), HandingError> {
    Ok(take_authority(from, &folder.authority())?)
}

fn fill(to: &Path, from: &Path) -> Result<(), HandingError> {
    DirBuilder::new().mode(0o700).create(to).map_err(KeysError::io(to))?;
    Ok(take_authority(from, to)?)
}

fn check_whole(folder: &Path) -> Result<Authorities, HandingError> {
    let authorities = Authorities::within(folder)?;
    if folder.join(BUNDLE_KEY).is_file() { Ok(authorities) } else { Err(HandingError::Incomplete(folder.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authorities::{begin, drop_former, switch},
        authority::{Authority, SERIAL_BYTES},
        sample::{self, moment},
    };
    use std::os::unix::fs::PermissionsExt;

    /// A data folder with an authority of a province.
    fn founded(place: &Path, name: &str, province: &str, number: u8) -> Folder {
        let folder = Folder::prepare(&place.join(name), "a").unwrap();
        let (first, key) = Authority::make(province, [number; SERIAL_BYTES], moment()).unwrap();
        proto::pem::write_key(&folder.authority_key(), &key).unwrap();
        proto::pem::write_certificates(&folder.authority_certificate(), &[first.certificate().clone()]).unwrap();
        fs::write(folder.bundle_key(), "key").unwrap();
        folder
    }

    fn rotate(folder: &Folder, number: u8) {
        let (next, key) = Authority::make("dong-nai", [number; SERIAL_BYTES], moment()).unwrap();
        begin(folder, &next, &key).unwrap();
        switch(folder).unwrap();
        assert!(drop_former(folder).unwrap());
    }

    #[test]
    fn what_lies_beside_the_place_stays_and_a_copy_that_is_not_wanted_goes() {
        let place = tempfile::tempdir().unwrap();
        let folder = founded(place.path(), "one", "dong-nai", 1);
        let usb = place.path().join("usb");
        fs::create_dir(&usb).unwrap();
        fs::create_dir(usb.join("tiendo.part")).unwrap();
        fs::write(usb.join("tiendo.part/theirs"), "theirs").unwrap();
        let to = usb.join("tiendo.keys");
        let names = || {
            let mut names: Vec<_> = fs::read_dir(&usb).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let draft = export(&folder, &to).unwrap();
        assert_eq!(fs::metadata(&draft.folder).unwrap().permissions().mode() & 0o777, 0o700);
        drop(draft);
        assert_eq!(names(), ["tiendo.part"]);
        export(&folder, &to).unwrap().settle().unwrap();
        assert_eq!(names(), ["tiendo.keys", "tiendo.part"]);
        assert!(fs::read(usb.join("tiendo.part/theirs")).is_ok() && check_whole(&to).is_ok());
        assert!(matches!(export(&folder, &to), Err(HandingError::Folder(FolderError::Taken(_)))));
    }

    #[tokio::test]
    async fn keys_of_another_province_or_of_another_descent_are_not_taken() {
        let (place, store) = sample::store().await;
        let of_another = founded(place.path(), "another", "tay-ninh", 1);
        let told = check(&of_another.authority(), &store, moment(), Language::En).await.map(|_| ()).unwrap_err();
        assert!(told.to_string().contains("not the keys of dong-nai"), "{told}");
        let (own, twin) = (founded(place.path(), "own", "dong-nai", 2), founded(place.path(), "twin", "dong-nai", 3));
        assert!(check(&twin.authority(), &store, moment(), Language::En).await.is_ok());
        let before = fs::read(own.authority_certificate()).unwrap();
        let told = replace(&own, &twin.authority(), Language::En).unwrap_err();
        assert!(told.to_string().contains("is not among these keys"), "{told}");
        assert_eq!(fs::read(own.authority_certificate()).unwrap(), before);
        // Two rotations later they are still of the same descent; back again they are not.
        let (to, old) = (place.path().join("keys"), place.path().join("old"));
        export(&own, &old).unwrap().settle().unwrap();
        let other = founded(place.path(), "other", "dong-nai", 4);
        fs::remove_dir_all(other.authority()).unwrap();
        fs::create_dir(other.authority()).unwrap();
        bring(&other, &old).unwrap();
        rotate(&own, 5);
        rotate(&own, 6);
        export(&own, &to).unwrap().settle().unwrap();
        replace(&other, &to, Language::En).unwrap();
        assert_eq!(fs::read(other.authority_certificate()).unwrap(), fs::read(own.authority_certificate()).unwrap());
        assert!(replace(&other, &old, Language::En).is_err());
    }
}
