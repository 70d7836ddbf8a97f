//! Files that browsers send: written into a folder of their own within the data folder, bounded in number and size, and removed when
//! what they are for is done.

use super::fault::Fault;
use crate::folder::{Folder, private_folder};
use axum::extract::{Multipart, multipart::Field};
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngCore;
use shared::language::Language;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};
use tokio::{fs::File, io::AsyncWriteExt, sync::Semaphore};

/// Most files in one request.
const MAX_FILES: usize = 20;
/// How many files of the largest size are kept of one request.
const LARGEST_FILES: u64 = 4;
/// The largest request with files that is read to its end, most of it thrown away. A browser shows what is answered only when all that
/// it sends was read.
pub const MOST_READ: usize = 1024 * 1024 * 1024;
/// Longest field that is no file.
const MAX_FIELD_BYTES: usize = 4 * 1024;
/// Workbooks that wait to be confirmed.
const MAX_UPLOADS: usize = 8;
/// How long one waits.
const KEPT: TimeDelta = TimeDelta::minutes(60);

/// Requests with files that are received at once; further ones wait.
static PLACES: Semaphore = Semaphore::const_new(3);

/// A folder that is removed with all that is in it.
#[derive(Debug)]
pub struct Tray(PathBuf);

impl Tray {
    fn new(folder: &Folder) -> Result<Self, Fault> {
        private_folder(&folder.incoming()).map_err(Fault::system)?;
        let path = folder.incoming().join(name());
        private_folder(&path).map_err(Fault::system)?;
        Ok(Self(path))
    }
}

impl Drop for Tray {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a file that came in stays behind");
        }
    }
}

fn name() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}

/// Why none of the files of a form is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Too many files.
    Files,
    /// Too many bytes.
    Bytes,
}

impl Excess {
    /// What is too much and what to do; `most` bytes fit into one file.
    pub fn explain(self, most: u64, language: Language) -> String {
        let most = most / (1024 * 1024);
        match self {
            Self::Files => language.pick(
                format!("Mỗi lần gửi nhiều nhất {MAX_FILES} tệp, chưa nhận tệp nào: chia làm nhiều lần rồi gửi lại."),
                format!("At most {MAX_FILES} files at once, none was taken: send them in several parts."),
            ),
            Self::Bytes => {
                let all = most * LARGEST_FILES;
                language.pick(
                    format!("Chưa nhận tệp nào: mỗi tệp lớn nhất {most} MiB, mỗi lần nhiều nhất {all} MiB. Hãy nén hoặc chia nhỏ rồi gửi lại."),
                    format!("Nothing was taken: a file has at most {most} MiB, all at once {all} MiB. Compress or split them and send them again."),
                )
            }
        }
    }
}

/// A form with files.
#[derive(Debug)]
pub struct Parcel {
    /// Set where there is more than is taken; what came until then is nothing to go by.
    pub excess: Option<Excess>,
    /// The fields that are no files, in their order.
    pub fields: Vec<(String, String)>,
    /// The files under their own names, each in a folder of its own.
    pub files: Vec<PathBuf>,
    /// Names that no file can have.
    pub unusable: Vec<String>,
    tray: Tray,
    /// Bytes that were kept.
    bytes: u64,
    /// The largest file that is taken; one byte more is kept of a larger one, so that it is refused by its name.
    most: u64,
}

impl Parcel {
    /// Receives a form with files of at most `most` bytes. `check` sees the form's token before any file is written; the page has it
    /// before the files.
    pub async fn receive(
        folder: &Folder,
        most: u64,
        mut form: Multipart,
        check: impl Fn(&str) -> Result<(), Fault>,
    ) -> Result<Self, Fault> {
        let _place = PLACES.acquire().await.map_err(Fault::system)?;
        let mut parcel = Self {
            excess: None,
            fields: Vec::new(),
            files: Vec::new(),
            unusable: Vec::new(),
            tray: Tray::new(folder)?,
            bytes: 0,
            most,
        };
        let mut is_checked = false;
        loop {
            let mut field = match form.next_field().await.map_err(|error| broken_off(&error)) {
                Ok(Some(field)) => field,
                Ok(None) => break,
                Err(Fault::TooLarge) if is_checked => {
                    parcel.excess = Some(Excess::Bytes);
                    break;
                }
                Err(fault) => return Err(fault),
            };
            let named = field.name().unwrap_or_default().to_owned();
            let Some(file) = field.file_name().map(str::to_owned) else {
                let text = text(&mut field).await?;
                if named == "form_token" {
                    check(&text)?;
                    is_checked = true;
                }
                if parcel.fields.len() < MAX_FILES {
                    parcel.fields.push((named, text));
                }
                continue;
            };
            if !is_checked {
                return Err(Fault::Stale);
            }
            // A field without a chosen file comes with an empty name.
            if file.is_empty() {
                continue;
            }
            if parcel.files.len() >= MAX_FILES {
                parcel.excess = Some(Excess::Files);
            }
            parcel.write(&file, &mut field).await?;
        }
        if is_checked { Ok(parcel) } else { Err(Fault::Stale) }
    }

    async fn write(&mut self, file: &str, field: &mut Field<'_>) -> Result<(), Fault> {
        // Some browsers send a path.
        let own = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_usable = !matches!(own, "" | "." | "..") && !own.contains(char::is_control) && own.len() <= 250;
        if !is_usable && self.unusable.len() < MAX_FILES {
            self.unusable.push(file.chars().take(80).collect());
        }
        if !is_usable || self.excess.is_some() {
            while field.chunk().await.map_err(|error| broken_off(&error))?.is_some() {}
            return Ok(());
        }
        let shelf = self.tray.0.join(self.files.len().to_string());
        private_folder(&shelf).map_err(Fault::system)?;
        let path = shelf.join(own);
        let mut target = File::create(&path).await.map_err(Fault::system)?;
        let mut room = self.most.saturating_add(1);
        while let Some(chunk) = field.chunk().await.map_err(|error| broken_off(&error))? {
            let taken = chunk.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            room -= taken as u64;
            self.bytes += taken as u64;
            if self.bytes > self.most * LARGEST_FILES {
                self.excess = Some(Excess::Bytes);
                room = 0;
                continue;
            }
            target.write_all(&chunk[..taken]).await.map_err(Fault::system)?;
        }
        target.flush().await.map_err(Fault::system)?;
        self.files.push(path);
        Ok(())
    }

    /// A field, empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

async fn text(field: &mut Field<'_>) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken_off(&error))? {
        if bytes.len() + chunk.len() > MAX_FIELD_BYTES {
            return Err(Fault::Request);
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Fault::Request)
}

/// A body that is too large is answered as such; any other is no form.
fn broken_off(error: &axum::extract::multipart::MultipartError) -> Fault {
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE { Fault::TooLarge } else { Fault::Request }
}

/// A workbook that waits to be confirmed.
#[derive(Debug)]
struct Upload {
    id: String,
    of: [u8; 32],
    at: DateTime<Utc>,
    path: PathBuf,
}

/// The workbooks that wait to be confirmed.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    kept: Mutex<Vec<Upload>>,
}

impl Uploads {
    /// None yet.
    pub fn new(folder: &Folder) -> Self {
        Self { folder: folder.incoming(), kept: Mutex::default() }
    }

    /// Keeps a workbook of a visitor; the oldest give way.
    pub fn keep(&self, of: [u8; 32], bytes: &[u8], at: DateTime<Utc>) -> Result<String, Fault> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.len() >= MAX_UPLOADS || kept.first().is_some_and(|oldest| at - oldest.at >= KEPT) {
            forget(&kept.remove(0).path);
        }
        private_folder(&self.folder).map_err(Fault::system)?;
        let id = name();
        let path = self.folder.join(&id);
        crate::folder::private_file(&path, bytes).map_err(Fault::system)?;
        kept.push(Upload { id: id.clone(), of, at, path });
        Ok(id)
    }

    /// The bytes of a visitor's workbook, if it is still kept.
    pub fn read(&self, of: [u8; 32], id: &str) -> Option<Vec<u8>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let upload = kept.iter().find(|upload| upload.of == of && upload.id == id)?;
        fs::read(&upload.path).ok()
    }

    /// Forgets a visitor's workbook.
    pub fn drop(&self, of: [u8; 32], id: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|upload| upload.of == of && upload.id == id) {
            forget(&kept.remove(at).path);
        }
    }
}

fn forget(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, "a workbook that came in stays behind");
    }
}
