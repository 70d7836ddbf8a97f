//! `catalogue`: the indicators, targets and tasks that the province keeps in files.

use super::{Context, Failure, commune, say, say_aside};
use crate::{
    intake::{self, IntakeError, Read},
    store::{CatalogueFiles, CatalogueImport, Imported, Store},
};
use clap::Subcommand;
use shared::catalogue::{
    Catalogue,
    diff::diff,
    read::{FILES, MAX_FILE_BYTES},
    write::write,
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};
use workbook::reading;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// Kiểm tra danh mục: nêu mọi lỗi theo tệp, dòng, cột
    Check {
        /// Thư mục danh mục, hoặc tệp .xlsx do `catalogue export` ghi ra
        dir: PathBuf,
    },
    /// Nhập danh mục thành phiên bản mới; không đụng đến số liệu đã báo cáo
    Import {
        /// Thư mục danh mục, hoặc tệp .xlsx do `catalogue export` ghi ra
        dir: PathBuf,
    },
    /// So sánh thư mục với danh mục hiện hành
    Diff {
        /// Thư mục danh mục, hoặc tệp .xlsx do `catalogue export` ghi ra
        dir: PathBuf,
    },
    /// Lấy mục tiêu chuẩn của tỉnh làm mục tiêu của các xã chưa có kế hoạch, ghi vào các tệp
    AdoptStandard {
        /// Thư mục danh mục, hoặc tệp .xlsx do `catalogue export` ghi ra
        dir: PathBuf,
        /// Các xã, phường
        #[arg(required = true)]
        communes: Vec<String>,
    },
    /// Ghi danh mục hiện hành ra các tệp
    Export {
        /// Thư mục mới hoặc trống, hoặc tệp .xlsx chưa có
        dir: PathBuf,
    },
}

impl CatalogueCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            CatalogueCommand::Check { dir } => check(&dir, context),
            CatalogueCommand::Import { dir } => import(&dir, context).await,
            CatalogueCommand::Diff { dir } => compare(&dir, context).await,
            CatalogueCommand::AdoptStandard { dir, communes } => adopt(&dir, &communes, context),
            CatalogueCommand::Export { dir } => export(&dir, context).await,
        }
    }
}

/// Reads a catalogue folder, or names every fault in it.
pub(super) fn read(dir: &Path) -> Result<(Catalogue, CatalogueImport), Failure> {
    let read = intake::read(files_of(dir)?).map_err(Failure::Catalogue)?;
    Ok((read.catalogue, read.import))
}

/// Whether a path names a workbook and not a folder.
fn is_workbook(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xlsx"))
}

/// The files of a catalogue folder or the sheets of a workbook. One that is missing is a fault that the reader names.
fn files_of(dir: &Path) -> Result<CatalogueFiles, Failure> {
    let fault = |source| Failure::File { path: dir.to_owned(), source };
    // Whatever file it is: the reader of workbooks says what is wrong with it.
    if is_workbook(dir) || dir.is_file() {
        let mut bytes = Vec::new();
        let file = File::open(dir).map_err(fault)?;
        // One byte more than allowed, so that a file that is too large is seen without reading all of it.
        file.take(reading::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(fault)?;
        return intake::files_of_workbook(&bytes).map_err(|source| Failure::Workbook { path: dir.to_owned(), source });
    }
    fs::read_dir(dir).map_err(fault)?;
    let mut files = CatalogueFiles::new();
    for name in FILES {
        let path = dir.join(name);
        let mut bytes = Vec::new();
        // One byte more than allowed, so that the reader sees a file that is too large without reading all of it.
        match File::open(&path).and_then(|file| file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)) {
            Ok(_) => {
                files.insert(name.to_owned(), bytes);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Failure::File { path, source }),
        }
    }
    Ok(files)
}

fn check(dir: &Path, context: &Context) -> Result<(), Failure> {
    let (catalogue, import) = read(dir)?;
    let Catalogue { province, indicators, communes, targets, tasks, units } = &catalogue;
    say(&context.pick(
        format!(
            "Danh mục {} năm {} không có lỗi: {} chỉ tiêu, {} mục tiêu, {} nhiệm vụ, {} xã/phường, {} đơn vị.",
            province.name,
            province.plan_year,
            indicators.len(),
            targets.len(),
            tasks.len(),
            communes.len(),
            units.len()
        ),
        format!(
            "The catalogue of {} for {} has no faults: {} indicators, {} targets, {} tasks, {} communes, {} units.",
            province.name,
            province.plan_year,
            indicators.len(),
            targets.len(),
            tasks.len(),
            communes.len(),
            units.len()
        ),
    ))?;
    say(&format!("sha256 {}", import.fingerprint))
}

async fn compare(dir: &Path, context: &Context) -> Result<(), Failure> {
    let (new, _) = read(dir)?;
    let (version, old) = context.open().await?.store.catalogue().await?;
    let changes = diff(&old, &new);
    for change in &changes {
        say(&change.describe(context.language))?;
    }
    say(&context.pick(
        format!("{} thay đổi so với phiên bản {version}.", changes.len()),
        format!("{} changes against version {version}.", changes.len()),
    ))
}

async fn import(dir: &Path, context: &Context) -> Result<(), Failure> {
    let (catalogue, import) = read(dir)?;
    let opened = context.open().await?;
    let (imported, effect) =
        intake::import(&opened.store, Read { catalogue, import }, context.act(&opened)).await.map_err(failure)?;
    let changes = effect.changes;
    match imported {
        Imported::Unchanged(version) => say(&context.pick(
            format!("Danh mục không thay đổi, vẫn là phiên bản {version}."),
            format!("The catalogue is unchanged, still version {version}."),
        )),
        Imported::New(version) => {
            for change in &changes {
                say(&change.describe(context.language))?;
            }
            for orphan in &effect.orphans {
                say_aside(&context.pick(
                    format!("Lưu ý: {orphan} đã có số liệu nhưng danh mục không còn; số liệu vẫn được giữ."),
                    format!("note: {orphan} has figures but is no longer in the catalogue; the figures are kept"),
                ));
            }
            say(&context.pick(
                format!(
                    "Danh mục phiên bản {version}: {} thay đổi. Số liệu đã báo cáo không bị đụng đến.",
                    changes.len()
                ),
                format!("Catalogue version {version}: {} changes. Reported figures were not touched.", changes.len()),
            ))
        }
    }
}

fn failure(error: IntakeError) -> Failure {
    match error {
        IntakeError::OtherProvince { found, own } => Failure::OtherProvince { found, own },
        IntakeError::OtherYear { found, own } => Failure::OtherYear { found, own },
        IntakeError::Store(error) => error.into(),
    }
}

fn adopt(dir: &Path, communes: &[String], context: &Context) -> Result<(), Failure> {
    let (mut catalogue, _) = read(dir)?;
    for text in communes {
        let slug = commune(&catalogue, text)?.slug.clone();
        let adopted = catalogue.adopt_standard(&slug)?;
        say(&context.pick(
            format!("{slug}: {adopted} mục tiêu chuẩn của tỉnh"),
            format!("{slug}: {adopted} provincial standard targets"),
        ))?;
    }
    let files = write(&catalogue);
    replace(dir, &files, |name, bytes| fs::read(dir.join(name)).is_ok_and(|held| held == bytes))
}

async fn export(dir: &Path, context: &Context) -> Result<(), Failure> {
    let current = context.open().await?.store.current_catalogue().await?;
    let file = |source| Failure::File { path: dir.to_owned(), source };
    let told = context.pick(
        format!("Đã ghi danh mục phiên bản {} vào {}.", current.version, dir.display()),
        format!("Wrote catalogue version {} into {}.", current.version, dir.display()),
    );
    if is_workbook(dir) {
        let bytes = intake::workbook_of(&current.files).map_err(file)?;
        let mut made = OpenOptions::new().write(true).create_new(true).open(dir).map_err(file)?;
        made.write_all(&bytes).and_then(|()| made.sync_all()).map_err(file)?;
        return say(&told);
    }
    fs::create_dir_all(dir).map_err(file)?;
    if fs::read_dir(dir).map_err(file)?.next().is_some() {
        return Err(Failure::FileExists(dir.to_owned()));
    }
    replace(dir, &current.files, |_, _| false)?;
    say(&told)
}

/// Writes files beside the old ones and renames them over, so that each is whole at any time.
fn replace(dir: &Path, files: &CatalogueFiles, same: impl Fn(&str, &[u8]) -> bool) -> Result<(), Failure> {
    for (name, bytes) in files {
        if same(name, bytes) {
            continue;
        }
        let (path, new) = (dir.join(name), dir.join(format!(".{name}.new")));
        let written =
            fs::write(&new, bytes).and_then(|()| File::open(&new)?.sync_all()).and_then(|()| fs::rename(&new, &path));
        written.map_err(|source| Failure::File { path, source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use workbook::reading::ReadFault;

    #[test]
    fn a_file_that_is_no_workbook_is_said_to_be_none() {
        let desk = tempfile::tempdir().unwrap();
        let old = desk.path().join("danh-muc.xls");
        fs::write(&old, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).unwrap();
        let other = desk.path().join("danh-muc.xlsm");
        fs::write(&other, "x").unwrap();
        let fault = |path| match files_of(path) {
            Err(Failure::Workbook { source, .. }) => source,
            other => panic!("{other:?}"),
        };
        assert!(matches!(fault(&old), ReadFault::OldOrEncrypted));
        assert!(matches!(fault(&other), ReadFault::NotAWorkbook(_)));
    }
}
