//! A folder in which every reminder becomes a text file that people can open.

use crate::{delivery_error::Fault, reminder::Reminder, settings::FileSettings, setup_error::SetupError};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// One file is written at a time: a draft has one writer, even when the one before was given up waiting for.
    turn: Arc<Mutex<()>>,
}

impl Folder {
    pub(crate) fn open(settings: &FileSettings) -> Result<Self, SetupError> {
        let path = settings.folder.clone();
        match writable(&path) {
            Ok(()) => Ok(Self { path, turn: Arc::default() }),
            Err(source) => Err(SetupError::Folder { path, source }),
        }
    }

    /// The same key on the same local day is the same file; the last text stays.
    pub(crate) async fn deliver(&self, reminder: &Reminder, timeout: Duration) -> Result<(), Fault> {
        let (folder, turn) = (self.path.clone(), Arc::clone(&self.turn));
        let name = format!("{}.txt", reminder.name());
        let end = if reminder.text.ends_with('\n') { "" } else { "\n" };
        let text = format!("{}\n\n{}{end}", reminder.subject, reminder.text);
        let write = tokio::task::spawn_blocking(move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            put(&folder, &name, text.as_bytes())
        });
        match tokio::time::timeout(timeout, write).await {
            Ok(Ok(written)) => written.map_err(Fault::File),
            Ok(Err(error)) => Err(Fault::File(io::Error::other(error))),
            Err(_) => Err(Fault::Silent(timeout)),
        }
    }
}

/// Whether a file can be made there.
fn writable(folder: &Path) -> io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let trial = folder.join(format!(".trial-{}.part", std::process::id()));
    fresh(&trial)?;
    fs::remove_file(trial)
}

/// Puts a whole file under a name: it is there with all of its text, or not at all.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!(".{name}.part"));
    let named = fresh(&draft)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, folder.join(name)));
    if named.is_err() {
        // It is of no use, whatever the system says to this.
        let _ = fs::remove_file(&draft);
    }
    named?;
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// A new file under a name that a broken attempt may have left; never through a link that somebody put there.
/// Who may read it is for the folder and the system to say: these files are for people.
fn fresh(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::options().write(true).create_new(true).open(path)
}
