//! `catalogue`: the indicators, targets and tasks that the province keeps in files.

use super::{Context, Failure, commune, say, say_aside};
use crate::store::{CatalogueFiles, CatalogueImport, Imported, Store, StoredObservation};
use clap::Subcommand;
use shared::{
    catalogue::{
        Catalogue,
        diff::diff,
        read::{FILES, MAX_FILE_BYTES, read as read_files},
        write::write,
    },
    task::Reported,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Cursor, Read, Write},
    path::{Path, PathBuf},
};
use workbook::{reading, tables};

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
    let files = files_of(dir)?;
    let catalogue = read_files(&files).map_err(Failure::Catalogue)?;
    let import = CatalogueImport {
        files,
        fingerprint: hex::encode(catalogue.fingerprint()),
        plan_year: catalogue.province.plan_year,
    };
    Ok((catalogue, import))
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
        return tables::read(&bytes, &FILES).map_err(|source| Failure::Workbook { path: dir.to_owned(), source });
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
    let (new, import) = read(dir)?;
    let opened = context.open().await?;
    let (_, old) = opened.store.catalogue().await?;
    if new.province.id != old.province.id {
        return Err(Failure::OtherProvince { found: new.province.id, own: old.province.id });
    }
    let (found, own) = (new.province.plan_year, old.province.plan_year);
    if found != own && !opened.store.observations().await?.is_empty() {
        return Err(Failure::OtherYear { found, own });
    }
    let changes = diff(&old, &new);
    match opened.store.import_catalogue(import, context.act(&opened)).await? {
        Imported::Unchanged(version) => say(&context.pick(
            format!("Danh mục không thay đổi, vẫn là phiên bản {version}."),
            format!("The catalogue is unchanged, still version {version}."),
        )),
        Imported::New(version) => {
            for change in &changes {
                say(&change.describe(context.language))?;
            }
            for orphan in orphans(&old, &new, &opened.store.observations().await?) {
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

/// What has figures and was asked for by the catalogue before, but is no longer: `commune indicator`.
fn orphans(old: &Catalogue, new: &Catalogue, observations: &[StoredObservation]) -> BTreeSet<String> {
    let (before, now) = (asked_of(old), asked_of(new));
    let reported = observations.iter().map(|one| {
        let code = one.key.indicator.as_str();
        (one.commune.as_str(), code, Reported::of(code).task().map_or((false, code), |task| (true, task)))
    });
    reported
        .filter(|(commune, _, what)| before.contains(&(*commune, *what)) && !now.contains(&(*commune, *what)))
        .map(|(commune, code, _)| format!("{commune} {code}"))
        .collect()
}

/// A commune, and what its plan has: whether it is a task, and its code.
type Asked<'a> = (&'a str, (bool, &'a str));

fn asked_of(catalogue: &Catalogue) -> BTreeSet<Asked<'_>> {
    let targets = catalogue.targets.iter().map(|target| (target.commune.as_str(), (false, target.indicator.as_str())));
    let tasks = catalogue.tasks.iter().map(|task| (task.commune.as_str(), (true, task.code.as_str())));
    targets.chain(tasks).collect()
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
        let mut bytes = Cursor::new(Vec::new());
        tables::write(&sheets(&current.files), &mut bytes).map_err(io::Error::other).map_err(file)?;
        let mut made = OpenOptions::new().write(true).create_new(true).open(dir).map_err(file)?;
        made.write_all(bytes.get_ref()).and_then(|()| made.sync_all()).map_err(file)?;
        return say(&told);
    }
    fs::create_dir_all(dir).map_err(file)?;
    if fs::read_dir(dir).map_err(file)?.next().is_some() {
        return Err(Failure::FileExists(dir.to_owned()));
    }
    replace(dir, &current.files, |_, _| false)?;
    say(&told)
}

/// The files as rows of cells: of a table its cells, of the settings a line each.
fn sheets(files: &CatalogueFiles) -> BTreeMap<String, Vec<Vec<String>>> {
    let rows = |name: &str, bytes: &[u8]| -> Vec<Vec<String>> {
        if !name.ends_with(".csv") {
            return String::from_utf8_lossy(bytes).lines().map(|line| vec![line.to_owned()]).collect();
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let records = reader.records().filter_map(Result::ok);
        records.map(|record| record.iter().map(str::to_owned).collect()).collect()
    };
    files.iter().map(|(name, bytes)| (name.clone(), rows(name, bytes))).collect()
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
    use crate::{
        sample::{self, batch, figure},
        store::Append,
    };
    use shared::change::LogPosition;

    use workbook::reading::ReadFault;

    #[tokio::test]
    async fn only_what_the_catalogue_had_before_is_missed() {
        let (_folder, store) = sample::store().await;
        // CDS-17 is in every plan; an lộc has none, and never had.
        let of = |commune| batch(commune, 1, LogPosition::START, vec![figure(1, "2026-10", 10)]);
        store.append(Append { batches: vec![of("tan-phu"), of("an-loc")], notes: Vec::new() }).await.unwrap();
        let (old, _) = sample::catalogue();
        let mut new = old.clone();
        let observations = store.observations().await.unwrap();
        assert_eq!(observations.len(), 2);
        assert!(orphans(&old, &new, &observations).is_empty());
        new.targets.retain(|target| target.indicator != "CDS-17");
        assert_eq!(orphans(&old, &new, &observations).into_iter().collect::<Vec<_>>(), ["tan-phu CDS-17"]);
    }

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
