//! The agent's data folder: where each thing lies, and that nobody else can read it.

use shared::{language::Language, system_words::reason};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The folder of the system service.
const SYSTEM_FOLDER: &str = "/var/lib/commune-agent";

/// Why there is no data folder.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It holds something else.
    #[error("{}: not empty and no data folder of an agent", .0.display())]
    NotOurs(PathBuf),
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    System {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl FolderError {
    /// For the person at the commune.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::NotOurs(path) => language.pick(
                format!(
                    "thư mục {} đang chứa dữ liệu khác, không phải thư mục dữ liệu của commune-agent: dùng --data với thư mục mới hoặc rỗng",
                    path.display()
                ),
                format!(
                    "the folder {} holds something else and is no data folder of commune-agent: give a new or empty one with --data",
                    path.display()
                ),
            ),
            Self::System { path, source } => language.pick(
                format!("không tạo được thư mục dữ liệu {}: {}", path.display(), reason(source, language)),
                format!("the data folder {} cannot be made: {source}", path.display()),
            ),
        }
    }
}

/// Paths within one data folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A data folder at a path; nothing is touched yet.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The usual place: the system's folder for root or where it can be read, else the user's own.
    #[must_use]
    pub fn usual() -> Self {
        let system = Path::new(SYSTEM_FOLDER);
        if is_root() || fs::read_dir(system).is_ok() {
            return Self::at(system);
        }
        let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).unwrap_or_else(|| ".".into());
        Self::at(PathBuf::from(home).join(".local/share/commune-agent"))
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
    /// `agent.toml`
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("agent.toml")
    }
    /// `store.db`
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store.db")
    }
    /// `identity/`
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.root.join("identity")
    }
    /// `identity.pending/`
    #[must_use]
    pub fn pending(&self) -> PathBuf {
        self.root.join("identity.pending")
    }
    /// `evidence/`
    #[must_use]
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }
    /// `bundle/key`: opens the answers to bundles.
    #[must_use]
    pub fn bundle_key(&self) -> PathBuf {
        self.root.join("bundle/key")
    }
    /// `page.address`: where the page is served, while it is.
    #[must_use]
    pub fn page_address(&self) -> PathBuf {
        self.root.join("page.address")
    }
    /// `incoming/`: what browsers send, until it is judged.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }
    /// Held during a session with the province.
    #[must_use]
    pub fn sync_lock(&self) -> PathBuf {
        self.root.join("sync.lock")
    }
    /// Held by the running service.
    #[must_use]
    pub fn service_lock(&self) -> PathBuf {
        self.root.join("service.lock")
    }
    /// Held while the store is made or brought up to date.
    #[must_use]
    pub fn store_lock(&self) -> PathBuf {
        self.root.join("store.lock")
    }

    /// Makes the folder, readable by its owner only. One that is there already keeps its mode.
    ///
    /// # Errors
    /// When it holds something else, or the system refuses.
    pub fn create(&self) -> Result<(), FolderError> {
        match self.make() {
            Ok(true) => Ok(()),
            Ok(false) => Err(FolderError::NotOurs(self.root.clone())),
            Err(source) => Err(FolderError::System { path: self.root.clone(), source }),
        }
    }

    /// False when what is there is not ours.
    fn make(&self) -> io::Result<bool> {
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent)?;
        }
        #[cfg_attr(not(unix), allow(unused_mut, reason = "only the mode is set"))]
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Every join leaves the lock, even one that failed; the settings may have been written by hand before.
                let ours = [self.config(), self.sync_lock()].iter().any(|file| file.exists());
                Ok(fs::read_dir(&self.root)?.next().is_none() || ours)
            }
            made => made.map(|()| true),
        }
    }
}

/// Makes a folder within the data folder that only its owner can read; an existing one is made so.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o777 != 0o700 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// Makes a new file that only its owner can read, durably.
///
/// # Errors
/// When it exists, or the system refuses.
pub(crate) fn private_file(path: &Path, content: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content).and_then(|()| file.sync_all()).inspect_err(|_| {
        // Half a file is worse than none; what removing it says changes nothing.
        let _ = fs::remove_file(path);
    })?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync_folder(parent),
        None => sync_folder(Path::new(".")),
    }
}

/// Makes what was renamed within a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(path)?.sync_all() } else { Ok(()) }
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        false
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_a_new_folder_gets_a_mode_and_only_ours_is_taken() {
        let home = tempfile::tempdir().unwrap();
        let new = Folder::at(home.path().join("a/b"));
        new.create().unwrap();
        assert_eq!(mode(new.root()), 0o700);
        new.create().unwrap();
        let other = Folder::at(home.path().join("documents"));
        fs::create_dir(other.root()).unwrap();
        fs::set_permissions(other.root(), fs::Permissions::from_mode(0o755)).unwrap();
        other.create().unwrap();
        assert_eq!(mode(other.root()), 0o755);
        fs::write(other.root().join("letter.txt"), "x").unwrap();
        let refused = other.create().unwrap_err();
        assert!(matches!(refused, FolderError::NotOurs(_)));
        assert!(refused.explain(Language::En).contains("documents"));
        assert_eq!((mode(other.root()), fs::read_dir(other.root()).unwrap().count()), (0o755, 1));
        fs::write(other.sync_lock(), "").unwrap();
        other.create().unwrap();
    }
}
