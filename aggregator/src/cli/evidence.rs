//! `evidence`: the files that communes attached to figures, listed and read back.

use super::{Context, Failure, commune, say};
use crate::{
    evidence::{Place, moving},
    evidence_shelf::{Shelf, ShelfError},
    objects::ObjectsError,
    report::cli::{Format, render},
    store::{EvidenceFile, EvidenceWanted, Store, StoredEvidence},
};
use clap::{Args, Subcommand};
use shared::{
    calendar::rfc3339,
    listing::{Column, Form, Listing},
    period::Period,
};
use std::{collections::HashMap, fs::DirBuilder, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc};

/// Most files that are listed or written at once.
const MOST_FILES: u32 = 100_000;

/// The command.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Evidence {
    #[command(subcommand)]
    command: Option<EvidenceCommand>,
    /// Chỉ một xã, phường
    #[arg(long)]
    commune: Option<String>,
    /// Chỉ một chỉ tiêu
    #[arg(long)]
    indicator: Option<String>,
    /// Chỉ một kỳ
    #[arg(long)]
    period: Option<Period>,
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// What is done with files.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Ghi các tệp ra một thư mục; không ghi đè tệp nào
    Get(Get),
    /// Chuyển các tệp trong thư mục dữ liệu sang kho đối tượng đã khai ở mục evidence của cấu hình; đối chiếu SHA-256 từng tệp
    Move {
        /// Xóa tệp trong thư mục dữ liệu sau khi đã đối chiếu
        #[arg(long)]
        remove: bool,
    },
}

/// `evidence get`
#[derive(Debug, Args)]
pub struct Get {
    /// SHA-256 của tệp, hoặc xã, phường
    #[arg(value_name = "SHA256|COMMUNE")]
    what: String,
    /// Mã chỉ tiêu, khi đã nêu xã, phường
    #[arg(value_name = "CODE", requires = "period")]
    indicator: Option<String>,
    /// Kỳ báo cáo
    #[arg(long, requires = "indicator")]
    period: Option<Period>,
    /// Phiên bản số liệu; mặc định là phiên bản mới nhất có minh chứng
    #[arg(long, requires = "indicator")]
    version: Option<u32>,
    /// Thư mục ghi ra
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Evidence {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.command {
            Some(EvidenceCommand::Get(get)) => return get.run(context).await,
            Some(EvidenceCommand::Move { remove }) => return move_files(context, remove).await,
            None => {}
        }
        let opened = context.open().await?;
        let shelf = Shelf::open(&opened.folder, &opened.config.evidence)?;
        // A list does not ask the object store for each of thousands of files; `verify` does.
        let held = match shelf.bucket() {
            Some(_) => opened.store.evidence_files().await?.into_iter().map(|file| (file.sha256, file)).collect(),
            None => HashMap::new(),
        };
        let (_, catalogue) = opened.store.catalogue().await?;
        let slug = self.commune.as_deref().map(|typed| commune(&catalogue, typed)).transpose()?;
        let wanted = EvidenceWanted {
            commune: slug.map(|commune| commune.slug.clone()),
            indicator: self.indicator.as_deref().map(code),
            period: self.period,
            sha256: None,
        };
        let files = opened.store.evidence(wanted, MOST_FILES).await?;
        let column = |name: &str, vi: &str, en: &str, form| Column::new(name, context.language.pick(vi, en), form);
        let list = Listing {
            title: context.pick("Minh chứng của các xã, phường", "The communes' evidence"),
            notes: Vec::new(),
            columns: vec![
                column("commune", "Xã, phường", "Commune", Form::Text),
                column("indicator", "Mã", "Code", Form::Text),
                column("unit", "Đơn vị", "Unit", Form::Text),
                column("period", "Kỳ", "Period", Form::Text),
                column("version", "Bản", "Version", Form::Number),
                column("name", "Tệp", "File", Form::Text),
                column("kind", "Loại", "Kind", Form::Text),
                column("size_bytes", "Byte", "Bytes", Form::Number),
                column("held", "Tỉnh đã giữ", "Held", Form::Text),
                column("received_at", "Lúc", "At", Form::Time),
                column("entered_by", "", "", Form::Text),
                column("sha256", "", "", Form::Text),
            ],
            rows: files.iter().map(|file| row(&shelf, &held, file)).collect(),
        };
        super::write_out(&render(&list, self.format, context.language)?)
    }
}

/// Codes are capitals.
fn code(typed: &str) -> String {
    typed.trim().to_uppercase()
}

fn row(shelf: &Shelf, held: &HashMap<[u8; 32], EvidenceFile>, file: &StoredEvidence) -> Vec<String> {
    let (is_held, kind) = match held.get(&file.sha256).filter(|held| held.size_bytes == file.size_bytes) {
        Some(held) => (true, held.kind.clone()),
        None => (shelf.has_here(file), shelf.kind_here(file).map(|kind| kind.as_str().to_owned()).unwrap_or_default()),
    };
    vec![
        file.commune.clone(),
        file.key.indicator.clone(),
        file.key.unit.clone(),
        file.key.period.to_string(),
        file.version.to_string(),
        file.name.replace(char::is_control, " "),
        kind,
        file.size_bytes.to_string(),
        if is_held { "yes" } else { "no" }.into(),
        rfc3339(file.received_at),
        file.entered_by.clone(),
        hex::encode(file.sha256),
    ]
}

async fn move_files(context: &Context, remove: bool) -> Result<(), Failure> {
    let opened = context.open().await?;
    let shelf = Shelf::open(&opened.folder, &opened.config.evidence)?;
    let place = Place::new(shelf.clone(), Arc::new(opened.store));
    let (Some(moved), Some(bucket)) = (moving::move_files(&place, remove).await?, shelf.bucket()) else {
        let reason = "there is no bucket to move to".to_owned();
        return Err(ObjectsError::Setting { key: "evidence.url", reason }.into());
    };
    say(&context.pick(
        format!(
            "{bucket}: {} tệp minh chứng đã có đủ và khớp SHA-256 ({} tệp mới chuyển).",
            moved.files, moved.new_files
        ),
        format!("{bucket}: {} files of evidence are there, SHA-256 compared ({} new).", moved.files, moved.new_files),
    ))?;
    if moved.removed_files > 0 {
        say(&context.pick(
            format!("Đã xóa {} tệp trong {}.", moved.removed_files, shelf.root().display()),
            format!("Removed {} files in {}.", moved.removed_files, shelf.root().display()),
        ))?;
    }
    match moved.damaged_files {
        0 => Ok(()),
        many => Err(Failure::Findings(many)),
    }
}

impl Get {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let mut files = opened.store.evidence(self.wanted(&opened.store).await?, MOST_FILES).await?;
        let version = self.version.or_else(|| files.iter().map(|file| file.version).max());
        if self.indicator.is_some() {
            files.retain(|file| Some(file.version) == version);
        } else {
            // The same bytes under many names are one file.
            files.truncate(1);
        }
        if files.is_empty() {
            return Err(Failure::NoEvidence);
        }
        let shelf = Shelf::open(&opened.folder, &opened.config.evidence)?;
        if let Some(missing) = files.iter().find(|file| shelf.bucket().is_none() && !shelf.has_here(file)) {
            let (name, commune) = (missing.name.clone(), missing.commune.clone());
            return Err(ShelfError::NotHeld { name, commune }.into());
        }
        let io = |source| Failure::File { path: self.out.clone(), source };
        DirBuilder::new().mode(0o700).recursive(true).create(&self.out).map_err(io)?;
        let mut written = Vec::with_capacity(files.len());
        for file in &files {
            let path = shelf.write_out(file, &self.out, &written).await?;
            say(&path.display().to_string())?;
            written.push(path);
        }
        Ok(())
    }

    async fn wanted(&self, store: &dyn Store) -> Result<EvidenceWanted, Failure> {
        let mut sha256 = [0; 32];
        if self.indicator.is_none() {
            hex::decode_to_slice(self.what.trim(), &mut sha256).map_err(|_| Failure::NoEvidence)?;
            return Ok(EvidenceWanted { sha256: Some(sha256), ..EvidenceWanted::default() });
        }
        let (_, catalogue) = store.catalogue().await?;
        let slug = commune(&catalogue, &self.what)?.slug.clone();
        let named = |typed: &str| catalogue.report_code(&slug, typed).unwrap_or_else(|| code(typed));
        Ok(EvidenceWanted {
            indicator: self.indicator.as_deref().map(named),
            commune: Some(slug.clone()),
            period: self.period,
            sha256: None,
        })
    }
}
