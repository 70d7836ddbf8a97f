//! Another catalogue on its way in: uploaded, checked, compared with the one in force, and imported when somebody has seen the difference.
//!
//! What was uploaded is kept in memory until it is imported, given up or expired: one for each session, few in all, each bounded.

use super::difference::{faults_card, pending, refusal};
use crate::{
    intake::{self, IntakeError, Read},
    site::{
        Failure, Site,
        gate::{Sent, Staff, Visitor, go},
    },
    store::{CatalogueFiles, Imported, Role},
};
use axum::{
    Router,
    extract::{
        DefaultBodyLimit, Multipart, State,
        multipart::{MultipartError, MultipartRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, TimeDelta, Utc};
use maud::html;
use pages::{
    frame,
    part::{self, FileField, Notice, Tone},
};
use serde::Deserialize;
use shared::{
    catalogue::read::{FILES, Fault},
    language::Language,
};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;
use workbook::reading::is_workbook;

/// Largest upload, in bytes: more than any file of a catalogue may have, and all of them together.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Most uploads kept at once; the oldest gives way.
const MAX_KEPT: usize = 4;
/// How long an upload is kept.
const KEPT: TimeDelta = TimeDelta::minutes(30);
/// Most files in an upload.
const MAX_FILES: usize = 12;
/// Uploads that are read at once: each takes memory and a core.
static READING: Semaphore = Semaphore::const_new(1);

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/catalogue/upload", get(form).post(upload).layer(DefaultBodyLimit::max(MAX_BYTES)))
        .route("/catalogue/import", post(import))
        .route("/catalogue/give-up", post(give_up))
}

/// Uploads that await a decision.
#[derive(Default)]
pub(in crate::site) struct Uploads(Mutex<Vec<Upload>>);

struct Upload {
    session: [u8; 32],
    at: DateTime<Utc>,
    name: String,
    /// Files that were not uploaded and are those in force.
    borrowed: Vec<&'static str>,
    read: std::sync::Arc<Read>,
}

impl Uploads {
    fn keep(&self, upload: Upload) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|one| one.session != upload.session && upload.at - one.at < KEPT);
        if held.len() >= MAX_KEPT {
            held.remove(0);
        }
        held.push(upload);
    }

    fn of(&self, session: [u8; 32], now: DateTime<Utc>) -> Option<(String, Vec<&'static str>, std::sync::Arc<Read>)> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|one| now - one.at < KEPT);
        let found = held.iter().find(|one| one.session == session)?;
        Some((found.name.clone(), found.borrowed.clone(), found.read.clone()))
    }

    fn end(&self, session: [u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|one| one.session != session);
    }
}

async fn form(State(site): State<Site>, Staff(visitor): Staff) -> Result<Response, Failure> {
    visitor.must(Role::Steward)?;
    show(&site, &visitor, Problems::None).await
}

/// What is wrong with an upload.
enum Problems {
    None,
    /// It cannot be read at all.
    Words(String),
    /// Rows and cells.
    Faults(String, Vec<Fault>),
}

async fn show(site: &Site, visitor: &Visitor, problems: Problems) -> Result<Response, Failure> {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let is_fault = !matches!(problems, Problems::None);
    let held = site.uploads.of(visitor.session_hash(), site.province.clock.real()).filter(|_| !is_fault);
    let effect = match &held {
        None => None,
        Some((_, _, read)) => Some(intake::effect(&*site.province.store, &read.catalogue).await),
    };
    let effect = match effect {
        Some(Err(IntakeError::Store(error))) => return Err(error.into()),
        other => other,
    };
    let token = visitor.form_token(site);
    let body = html! {
        (frame::title(l("Nhập danh mục", "Import a catalogue"), l("Kiểm tra, so với danh mục hiện hành, rồi mới nhập. Số liệu đã báo cáo không bị đụng đến.", "Checked and compared with the one in force before it is imported. Reported figures are not touched."), &html! { a .button href="/catalogue" { (l("Danh mục hiện hành", "The one in force")) } }))
        @match &problems {
            Problems::None => {},
            Problems::Words(words) => (part::notice(&Notice::new(Tone::Fault, words.clone()))),
            Problems::Faults(name, faults) => (faults_card(name, faults, language)),
        }
        @if let (Some((name, borrowed, read)), Some(effect)) = (&held, &effect) {
            (pending(name, borrowed, read, effect, &token, language))
        }
        section .card {
            h2 { @if held.is_some() { (l("Hoặc tải lên bản khác", "Or upload another one")) } @else { (l("Tải lên", "Upload")) } }
            form method="post" action="/catalogue/upload" enctype="multipart/form-data" .fields {
                (part::form_token(&token))
                (part::file_field(FileField {
                    name: "files",
                    label: l("Tệp danh mục", "Files of the catalogue"),
                    accept: ".xlsx,.csv,.toml",
                    is_multiple: true,
                    button: l("Chọn tệp…", "Choose files…"),
                    words: l("hoặc kéo tệp vào đây", "or drop files here"),
                }))
                p .small.muted { (l("Một tệp Excel (.xlsx) tải từ trang Danh mục, hoặc các tệp CSV của danh mục. Tệp nào không gửi thì giữ như hiện hành.", "One workbook (.xlsx) from the page Catalogue, or CSV files of a catalogue. A file that is not sent stays as it is.")) }
                div { button .main { (l("Kiểm tra", "Check")) } }
            }
        }
    };
    let status = if is_fault { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, visitor.page(site, l("Nhập danh mục", "Import a catalogue"), &body)).into_response())
}

async fn upload(
    State(site): State<Site>,
    visitor: Visitor,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    // A form without files, or of another kind, has no token either.
    let mut multipart = multipart.map_err(|_| Failure::Stale)?;
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut is_own = false;
    loop {
        let field = match multipart.next_field().await {
            Ok(None) => break,
            Ok(Some(field)) => field,
            Err(error) => return too_large(&site, &visitor, &error).await,
        };
        if field.name() == Some("form_token") {
            let token = field.text().await.map_err(|_| Failure::Stale)?;
            visitor.check_form(&token)?;
            // Nothing is read of whoever may not.
            visitor.must(Role::Steward)?;
            is_own = true;
            continue;
        }
        if !is_own {
            return Err(Failure::Stale);
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let bytes = match field.bytes().await {
            Ok(bytes) => bytes,
            Err(error) => return too_large(&site, &visitor, &error).await,
        };
        if !name.is_empty() && files.len() < MAX_FILES {
            files.push((name, bytes.to_vec()));
        }
    }
    if !is_own {
        return Err(Failure::Stale);
    }
    let Some((first, _)) = files.first() else {
        return show(&site, &visitor, Problems::Words(l("Chưa chọn tệp nào.", "No file was chosen.").into())).await;
    };
    let name: String = if files.len() == 1 {
        first.chars().filter(|c| !c.is_control()).take(80).collect()
    } else {
        language.pick(format!("{} tệp", files.len()), format!("{} files", files.len()))
    };
    let current = site.province.store.current_catalogue().await?.files;
    let _place = READING.acquire().await.map_err(|_| Failure::Internal)?;
    let read = tokio::task::spawn_blocking(move || read(files, current, language)).await.map_err(|error| {
        tracing::error!(%error, "an upload could not be read");
        Failure::Internal
    })?;
    match read {
        Err(Unread::Words(words)) => show(&site, &visitor, Problems::Words(format!("{name}: {words}"))).await,
        Err(Unread::Faults(faults)) => show(&site, &visitor, Problems::Faults(name, faults)).await,
        Ok((read, borrowed)) => {
            let (session, at) = (visitor.session_hash(), site.province.clock.real());
            site.uploads.keep(Upload { session, at, name, borrowed, read: std::sync::Arc::new(read) });
            let words = l(
                "Đã kiểm tra, không có lỗi. Hãy xem thay đổi rồi nhập.",
                "Checked, no faults. Look at the changes, then import.",
            );
            Ok(go("/catalogue/upload", &Notice::new(Tone::Note, words)))
        }
    }
}

/// An upload beyond its bound is a fault like others; what was cut off on the way is sent again.
async fn too_large(site: &Site, visitor: &Visitor, error: &MultipartError) -> Result<Response, Failure> {
    tracing::debug!(%error, "an upload broke off");
    let words = visitor.language.pick(
        format!("Tệp không đọc được hết, hoặc lớn hơn {} MiB. Chưa có gì được ghi.", MAX_BYTES >> 20),
        format!("The upload broke off, or is larger than {} MiB. Nothing was written.", MAX_BYTES >> 20),
    );
    let shown = show(site, visitor, Problems::Words(words)).await?;
    Ok((error.status(), shown).into_response())
}

enum Unread {
    Words(String),
    Faults(Vec<Fault>),
}

/// A workbook, or files by name over those in force.
fn read(
    mut files: Vec<(String, Vec<u8>)>,
    current: CatalogueFiles,
    language: Language,
) -> Result<(Read, Vec<&'static str>), Unread> {
    let of_workbook = match files.as_mut_slice() {
        [(_, bytes)] if is_workbook(bytes) => Some(std::mem::take(bytes)),
        _ => None,
    };
    let given = match of_workbook {
        Some(bytes) => intake::files_of_workbook(&bytes).map_err(|fault| Unread::Words(fault.explain(language)))?,
        None => {
            let mut given = CatalogueFiles::new();
            for (name, bytes) in files {
                let Some(known) = FILES.into_iter().find(|known| known.eq_ignore_ascii_case(name.trim())) else {
                    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
                    return Err(Unread::Words(language.pick(
                        format!(
                            "“{shown}” không phải tệp Excel nguyên vẹn (.xlsx), cũng không phải tệp của danh mục ({}).",
                            FILES.join(", ")
                        ),
                        format!(
                            "“{shown}” is no sound workbook (.xlsx), nor a file of a catalogue ({}).",
                            FILES.join(", ")
                        ),
                    )));
                };
                given.insert(known.to_owned(), bytes);
            }
            given
        }
    };
    if given.is_empty() {
        return Err(Unread::Words(language.pick(
            format!("Tệp Excel không có trang nào của danh mục: {}.", FILES.join(", ")),
            format!("The workbook has no sheet of a catalogue: {}.", FILES.join(", ")),
        )));
    }
    let borrowed: Vec<&'static str> = FILES.into_iter().filter(|name| !given.contains_key(*name)).collect();
    let mut whole = current;
    whole.extend(given);
    let read = intake::read(whole).map_err(Unread::Faults)?;
    Ok((read, borrowed))
}

#[derive(Deserialize)]
struct Confirmed {
    #[serde(default)]
    fingerprint: String,
    #[serde(default)]
    version: String,
}

async fn import(State(site): State<Site>, sent: Sent<Confirmed>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    visitor.must(Role::Steward)?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let back = |tone, words: &str| Ok(go("/catalogue/upload", &Notice::new(tone, words)));
    let session = visitor.session_hash();
    let held = site.uploads.of(session, site.province.clock.real());
    let Some((_, _, read)) = held.filter(|(_, _, read)| read.import.fingerprint == form.fingerprint) else {
        return back(
            Tone::Warning,
            l("Bản tải lên không còn; hãy tải lên lại.", "The upload is gone; upload it again."),
        );
    };
    let (version, _) = site.province.store.catalogue().await?;
    if version.to_string() != form.version {
        return back(
            Tone::Warning,
            l(
                "Danh mục hiện hành vừa đổi; hãy xem lại thay đổi rồi nhập.",
                "The catalogue in force has just changed; look at the changes again.",
            ),
        );
    }
    let read = Read { catalogue: read.catalogue.clone(), import: read.import.clone() };
    let notice = match intake::import(&*site.province.store, read, visitor.act(&site)).await {
        Err(IntakeError::Store(error)) => return Err(error.into()),
        Err(error) => return back(Tone::Fault, &refusal(&error, language)),
        Ok((Imported::Unchanged(version), _)) => Notice::new(
            Tone::Note,
            language.pick(format!("Danh mục không thay đổi, vẫn là phiên bản {version}."), format!("Unchanged, still version {version}.")),
        ),
        Ok((Imported::New(version), effect)) => Notice::new(
            Tone::Done,
            language.pick(
                format!("Danh mục phiên bản {version}: {} thay đổi. Số liệu đã báo cáo không bị đụng đến; các xã nhận ở lần đồng bộ tới.", effect.changes.len()),
                format!("Catalogue version {version}: {} changes. Reported figures were not touched; the communes get it in their next sync.", effect.changes.len()),
            ),
        ),
    };
    site.uploads.end(session);
    // It is done, whether it can be shown yet or not.
    let _ = site.settle().await;
    Ok(go("/catalogue", &notice))
}

#[derive(Deserialize)]
struct Nothing {}

async fn give_up(State(site): State<Site>, sent: Sent<Nothing>) -> Result<Response, Failure> {
    sent.visitor.must(Role::Steward)?;
    site.uploads.end(sent.visitor.session_hash());
    let words = sent.visitor.pick("Đã bỏ bản tải lên.", "The upload was given up.");
    Ok(go("/catalogue/upload", &Notice::new(Tone::Note, words)))
}
