//! The province's key for bundles. It lies with the authority: both are what communes know the province by, and are kept together.

use crate::{
    authorities,
    bundle::TakeError,
    folder::{Folder, FolderError},
    store::Store,
};
use proto::bundle::{BundleError, OpeningKey};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The key; made when it is missing. Then nobody can open what communes without a line sealed for the former one, which is told to
/// the log where there are communes.
///
/// # Errors
/// [`TakeError`]
pub async fn opening_key(folder: &Folder, store: &dyn Store) -> Result<OpeningKey, TakeError> {
    let enrolled = store.certificates(None).await?.iter().any(|certificate| certificate.commune.is_some());
    let (key, is_new) = load_or_make(folder)?;
    if is_new && enrolled {
        tracing::warn!(
            path = %folder.bundle_key().display(),
            "the key of bundles was missing and was made anew: bundles that communes have made until now cannot be opened"
        );
    }
    Ok(key)
}

/// The key, and whether it was made now.
///
/// # Errors
/// [`TakeError`]
pub fn load_or_make(folder: &Folder) -> Result<(OpeningKey, bool), TakeError> {
    // A rotation puts another folder in the place of the authority's.
    let _alone = authorities::alone_and_settled(folder)?;
    let path = folder.bundle_key();
    let mut is_new = false;
    if !path.exists() {
        let former = folder.former_bundle_key();
        let key = match fs::read(&former) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                is_new = true;
                hex::encode(OpeningKey::generate()?.expose()).into_bytes()
            }
            read => read.map_err(io_at(&former))?,
        };
        keep(&path, &key)?;
        if !is_new {
            discard(&former);
        }
    }
    let text = fs::read_to_string(&path).map_err(io_at(&path))?;
    let key = OpeningKey::from_slice(&hex::decode(text.trim()).map_err(|_| BundleError::Key)?)?;
    Ok((key, is_new))
}

/// Gives the key its name when it is whole.
fn keep(path: &Path, key: &[u8]) -> Result<(), TakeError> {
    let draft = path.with_extension("key.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_at(&draft)(error).into()),
        _ => {}
    }
    Folder::create_file(&draft, key)?;
    fs::rename(&draft, path).map_err(io_at(path))?;
    Ok(Folder::sync(path.parent().unwrap_or(path))?)
}

/// Removes the key from where it lay before; it would only be mistaken for the one in use.
fn discard(former: &Path) {
    let folder = former.parent().map(PathBuf::from).unwrap_or_default();
    if let Err(error) = fs::remove_file(former).and_then(|()| fs::remove_dir(&folder)) {
        tracing::warn!(path = %former.display(), %error, "the former place of the key of bundles could not be removed");
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    move |source| FolderError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::{Authority, SERIAL_BYTES},
        sample::moment,
    };
    use proto::pem;
    use std::os::unix::fs::PermissionsExt;

    fn authority(number: u8) -> (Authority, String) {
        Authority::make("dong-nai", [number; SERIAL_BYTES], moment()).unwrap()
    }

    fn founded() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(&place.path().join("province"), "a").unwrap();
        let (first, key) = authority(1);
        pem::write_key(&folder.authority_key(), &key).unwrap();
        pem::write_certificates(&folder.authority_certificate(), &[first.certificate().clone()]).unwrap();
        (place, folder)
    }

    fn load(folder: &Folder) -> (Vec<u8>, bool) {
        let (key, is_new) = load_or_make(folder).unwrap();
        (key.expose().to_vec(), is_new)
    }

    #[test]
    fn it_is_made_once_and_outlives_a_rotation() {
        let (_place, folder) = founded();
        let (key, is_new) = load(&folder);
        assert!(is_new);
        assert_eq!(load(&folder), (key.clone(), false));
        let mode = || fs::metadata(folder.root().join("authority/bundle.key")).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        let (next, next_key) = authority(2);
        authorities::begin(&folder, &next, &next_key).unwrap();
        authorities::switch(&folder).unwrap();
        assert_eq!((load(&folder), mode()), ((key, false), 0o600));
    }

    #[test]
    fn one_of_before_is_taken_over() {
        let (_place, folder) = founded();
        let before = OpeningKey::generate().unwrap();
        let former = folder.root().join("bundle");
        fs::create_dir(&former).unwrap();
        fs::write(former.join("key"), hex::encode(before.expose())).unwrap();
        // Cut off while it was written.
        fs::write(folder.root().join("authority/bundle.key.new"), "half").unwrap();
        assert_eq!(load(&folder), (before.expose().to_vec(), false));
        assert!(!former.exists());
        assert_eq!(load(&folder), (before.expose().to_vec(), false));
    }
}
