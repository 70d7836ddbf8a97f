//! What the province has confirmed, what both ends hold, and whether this store fits together: `receipts`, `verify-receipts`,
//! `conflicts`, `verify`. None of it needs a network.

use super::{
    Desk, Failure, Printed, account,
    arguments::{Conflicts, Kept, Receipts, VerifyReceipts},
    failure::FAILED,
    looking::print,
    table::{Column, Format, hidden, list, number, pretty, text},
    words::{self, plain},
};
use crate::{
    entry::Author,
    receipts::{Exported, ExportedReceipt, MOST_RECEIPTS, export},
    settle::{Keep, settle},
    store::{Store, View, figures::Figure, verify::Finding},
};
use chrono::{DateTime, Utc};
use proto::{
    receipt::{ReceiptVerifier, Statement},
    sync::v1::Receipt,
};
use rustls::pki_types::CertificateDer;
use shared::calendar::rfc3339;
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
};

/// Largest file of receipts that is looked at, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

const RECEIPT_COLUMNS: [Column; 4] = [
    number("seq", "Đến thay đổi số", "Up to change"),
    text("received_at", "Tỉnh nhận lúc", "Received"),
    text("incarnation", "Kho dữ liệu", "Store"),
    hidden("chain"),
];

/// `receipts`
pub fn receipts(desk: &Desk, arguments: &Receipts) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let kept = view.receipts(MOST_RECEIPTS)?;
    if let Some(file) = &arguments.export {
        write_new(file, &pretty(&serde_json::json!(export(view)?)))?;
        let (count, file) = (kept.len(), file.display());
        return Ok(desk
            .language
            .pick(format!("Đã ghi {count} biên nhận vào {file}\n"), format!("Wrote {count} receipts to {file}\n"))
            .into());
    }
    let rows = kept.iter().map(|receipt| {
        vec![
            receipt.position.seq.to_string(),
            instant(desk, receipt.received_at),
            receipt.incarnation.to_string()[..8].to_owned(),
            receipt.position.chain.to_string(),
        ]
    });
    let banner = words::banner(view.exercise()?.on, desk.language);
    let people = desk.language.pick(
        format!("{banner}{} biên nhận của tỉnh\n", kept.len()),
        format!("{banner}{} receipts of the province\n", kept.len()),
    );
    Ok(print(desk, &list(&RECEIPT_COLUMNS, rows.collect(), desk.language), &people))
}

fn write_new(path: &Path, content: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| Failure::File { path: path.to_owned(), source })
}

const CHECK_COLUMNS: [Column; 5] = [
    number("seq", "Đến thay đổi số", "Up to change"),
    text("commune", "Xã", "Commune"),
    text("received_at", "Tỉnh nhận lúc", "Received"),
    text("result", "Kết quả", "Result"),
    hidden("valid"),
];

/// `verify-receipts`
pub fn verify_receipts(desk: &Desk, arguments: &VerifyReceipts) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let exported = match &arguments.file {
        Some(file) => read_exported(file)?,
        None => export(view)?,
    };
    let verifiers = verifiers(view, &exported)?;
    let mut rows = Vec::with_capacity(exported.receipts.len());
    let mut bad = 0;
    for receipt in &exported.receipts {
        let (said, verdict) = check(view, &verifiers, receipt)?;
        bad += usize::from(verdict.is_err());
        let (vi, en) = match verdict {
            Ok(words) | Err(words) => words,
        };
        let [seq, commune, at] = said.map_or_else(Default::default, |said| {
            [said.position.seq.to_string(), said.commune, instant(desk, said.received_at)]
        });
        let valid = if verdict.is_ok() { "yes" } else { "no" };
        rows.push(vec![seq, commune, at, desk.language.pick(vi, en).into(), valid.into()]);
    }
    let (count, good) = (rows.len(), rows.len() - bad);
    let people =
        desk.language.pick(format!("{good}/{count} biên nhận hợp lệ\n"), format!("{good} of {count} receipts hold\n"));
    let mut printed = print(desk, &list(&CHECK_COLUMNS, rows, desk.language), &people);
    printed.code = if bad == 0 { 0 } else { FAILED };
    Ok(printed)
}

/// What was found, in Vietnamese and English.
type Found = Result<(&'static str, &'static str), (&'static str, &'static str)>;

fn check(
    view: View<'_>,
    verifiers: &[ReceiptVerifier],
    receipt: &ExportedReceipt,
) -> Result<(Option<Statement>, Found), Failure> {
    let decoded = (hex::decode(&receipt.statement), hex::decode(&receipt.signature), hex::decode(&receipt.key));
    let (Ok(statement), Ok(signature), Ok(key)) = decoded else {
        return Ok((None, Err(("không đọc được", "unreadable"))));
    };
    let receipt = Receipt { statement, signature, key };
    let Some(said) = verifiers.iter().find_map(|verifier| verifier.check(&receipt).ok()) else {
        let said = Statement::read(&receipt).ok();
        return Ok((said, Err(("chữ ký không phải của tỉnh", "not signed by the province"))));
    };
    let own = view.belonging()?.is_some_and(|own| own.commune == said.commune && own.province == said.province);
    let found = match (own, view.position_at(said.position.seq)?) {
        (false, _) => Ok(("chữ ký đúng, của xã khác", "signed, of another commune")),
        (true, Some(ours)) if ours == said.position => {
            Ok(("đúng chữ ký và đúng nhật ký trên máy này", "signed, and fits the log on this computer"))
        }
        (true, Some(_)) => Ok((
            "đúng chữ ký, của một nhánh nhật ký khác (trước khi phục hồi)",
            "signed, of another branch of the log (before a restore)",
        )),
        (true, None) => Ok((
            "đúng chữ ký; máy này chưa có đến thay đổi đó",
            "signed; this computer does not have so many changes yet",
        )),
    };
    Ok((Some(said), found))
}

/// Who may have signed: the certificates of the file, as far as an authority that this computer trusts or has trusted vouches for them.
fn verifiers(view: View<'_>, exported: &Exported) -> Result<Vec<ReceiptVerifier>, Failure> {
    let Some(own) = view.belonging()? else { return Ok(Vec::new()) };
    let trusted: Vec<CertificateDer<'_>> =
        view.receipt_keys()?.into_iter().map(|(_, authority)| CertificateDer::from(authority)).collect();
    let certificates = exported.certificates.iter().filter_map(|text| hex::decode(text).ok());
    Ok(certificates
        .filter_map(|der| ReceiptVerifier::new(&own.province, &CertificateDer::from(der), &trusted).ok())
        .collect())
}

fn read_exported(path: &Path) -> Result<Exported, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
    read.map_err(|source| Failure::File { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::NotReceipts { file: path.to_owned(), reason: error.to_string() })
}

const CONFLICT_COLUMNS: [Column; 9] = [
    number("number", "Số", "No"),
    text("indicator", "Chỉ tiêu", "Indicator"),
    text("unit", "Đơn vị", "Unit"),
    text("period", "Kỳ", "Period"),
    text("earlier", "Bản trước (tỉnh giữ)", "Earlier (held by the province)"),
    text("earlier_by", "Người nhập, lúc", "By, at"),
    text("later", "Bản sau", "Later"),
    text("later_by", "Người nhập, lúc", "By, at"),
    hidden("change_id"),
];

/// `conflicts`
pub fn conflicts(desk: &Desk, arguments: Conflicts) -> Result<Printed, Failure> {
    let mut store = Store::open(&desk.folder)?;
    if let (Some(kept), Some(number)) = (arguments.keep, arguments.number) {
        let keep = if kept == Kept::Earlier { Keep::Earlier } else { Keep::Later };
        let name = arguments.by.unwrap_or_else(account::name);
        let mut random = rand::rng();
        let mut author = Author { name: &name, now: desk.clock.now(), random: &mut random };
        let settled = settle(&mut store, &mut author, number, keep)?;
        let figure = if keep == Keep::Earlier { &settled.earlier } else { &settled.later };
        let (key, value) = (&figure.observation.key, words::value(figure.observation.value, desk.language));
        return Ok(desk
            .language
            .pick(
                format!("{} {}: chọn {value}; bản kia vẫn còn trong lịch sử\n", plain(&key.indicator), key.period),
                format!("{} {}: {value} is right; the other stays in the history\n", plain(&key.indicator), key.period),
            )
            .into());
    }
    let view = store.view();
    let open = view.open_conflicts()?;
    let rows = open.iter().zip(1..).map(|(conflict, number)| {
        let key = &conflict.later.observation.key;
        let value = |figure: &Figure| words::value(figure.observation.value, desk.language);
        let by = |figure: &Figure| format!("{}, {}", figure.entered_by, instant(desk, figure.entered_at));
        vec![
            number.to_string(),
            key.indicator.clone(),
            key.unit.clone(),
            key.period.to_string(),
            value(&conflict.earlier),
            by(&conflict.earlier),
            value(&conflict.later),
            by(&conflict.later),
            conflict.change_id.to_string(),
        ]
    });
    let banner = words::banner(view.exercise()?.on, desk.language);
    let people = match open.len() {
        0 => desk.language.pick("Không có số liệu nào nhập ở hai nơi\n", "Nothing was entered in two places\n").into(),
        count => desk.language.pick(
            format!("{count} số liệu đã nhập ở hai nơi; bản sau đang được tính. Chọn bản đúng: `conflicts N --keep earlier|later`\n"),
            format!("{count} figures were entered in two places; the later one counts. Say which is right: `conflicts N --keep earlier|later`\n"),
        ),
    };
    Ok(print(desk, &list(&CONFLICT_COLUMNS, rows.collect(), desk.language), &format!("{banner}{people}")))
}

/// `verify`
pub fn verify(desk: &Desk) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    store.check_integrity()?;
    let found = store.view().verify()?;
    let code = if found.findings.is_empty() { 0 } else { FAILED };
    if desk.format == Format::Json {
        return Ok(Printed { text: pretty(&serde_json::json!(found)), code });
    }
    let (changes, records, periods) = (found.changes, found.records, found.periods);
    let mut text = desk.language.pick(
        format!("Đã kiểm tra {changes} thay đổi trong chuỗi, {records} bản ghi, tổng kiểm của {periods} kỳ\n"),
        format!("Checked {changes} changes of the chain, {records} records, the sums of {periods} periods\n"),
    );
    for finding in &found.findings {
        text += &format!("  - {}\n", told(desk, finding));
    }
    text += match code {
        0 => desk.language.pick("Mọi thứ khớp nhau\n", "Everything fits together\n"),
        _ => desk.language.pick(
            "Có chỗ không khớp: hãy đồng bộ (`sync`) để tỉnh và máy này đối chiếu lại, rồi kiểm tra lần nữa; nếu vẫn còn, liên hệ tỉnh\n",
            "Something does not fit: run `sync` so that both ends compare and heal, then verify again; if it stays, call the province\n",
        ),
    };
    Ok(Printed { text, code })
}

fn told(desk: &Desk, finding: &Finding) -> String {
    let (vi, en) = match finding {
        Finding::ChangeMissing { seq } => {
            (format!("thiếu thay đổi trước số {seq}"), format!("a change is missing before {seq}"))
        }
        Finding::ChainBroken { seq } => {
            (format!("thay đổi số {seq} không khớp với chuỗi"), format!("the chain does not follow from change {seq}"))
        }
        Finding::RecordDiffers { seq } => (
            format!("bản ghi của thay đổi số {seq} bị thiếu hoặc đã bị sửa ngoài chương trình"),
            format!("the record of change {seq} is missing or was altered outside the program"),
        ),
        Finding::RecordWithoutChange { change_id } => {
            (format!("bản ghi {change_id} không có trong nhật ký"), format!("record {change_id} was made by no change"))
        }
        Finding::DigestDiffers { period } => (
            format!("tổng kiểm của kỳ {period} không khớp với các bản ghi"),
            format!("the sum of period {period} is not that of its records"),
        ),
        Finding::ConfirmedBeyondTheLog => {
            ("số thay đổi tỉnh xác nhận nhiều hơn nhật ký".into(), "more is confirmed than the log has".into())
        }
    };
    desk.language.pick(vi, en)
}

/// An instant in the form asked.
fn instant(desk: &Desk, at: DateTime<Utc>) -> String {
    if desk.format == Format::Table { words::instant(at) } else { rfc3339(at) }
}
