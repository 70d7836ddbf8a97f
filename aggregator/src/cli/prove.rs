//! `verify`, `verify-receipt` and `conflicts`: whether what is held is whole, what a receipt proves, what a person has to settle.

use super::{Context, Failure, write_out};
use crate::{
    authorities::Authorities,
    evidence::Evidence,
    evidence_shelf::Shelf,
    report::{
        cli::{Format, render},
        finding::findings_list,
    },
    store::{Act, ConflictRecord, Finding, Flaw, Store},
};
use clap::Args;
use proto::{
    pem,
    receipt::{ReceiptError, ReceiptVerifier, Statement},
    sync::v1,
    tls::Fingerprint,
};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use shared::{
    calendar::rfc3339,
    change::LogPosition,
    language::Language,
    listing::{Column, Form, Listing},
};
use std::{collections::HashMap, fs::File, io::Read, path::PathBuf, sync::Arc};

/// Largest file of receipts that is looked at, in bytes.
const MAX_RECEIPTS_BYTES: u64 = 256 * 1024 * 1024;

/// The command `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Để riêng tệp minh chứng bị hỏng, mất và xin các xã gửi lại; tính lại mã tổng hợp sai khi số liệu khớp chuỗi băm
    #[arg(long)]
    repair: bool,
}

impl Verify {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let act = context.act(&opened);
        let store: Arc<dyn Store> = Arc::new(opened.store);
        let shelf = Shelf::open(&opened.folder, &opened.config.evidence)?;
        let mut findings = store.verify().await?;
        let evidence = Evidence::new(shelf, opened.config.evidence.limits(), store.clone());
        findings.extend(evidence.verify().await?);
        findings.extend(store.verify_audit().await?.1);
        for closing in crate::report::closings::disagreeing(&*store).await? {
            if !findings.contains(&closing) {
                findings.push(closing);
            }
        }
        let logs = store.contacts().await?;
        let changes: u64 = logs.iter().map(|contact| contact.head_seq).sum();
        let communes = logs.iter().filter(|contact| contact.head_seq > 0).count();
        let repaired = if self.repair { evidence.repair(&act).await? } else { 0 };
        // Asked once more: reading all evidence takes its time.
        let remade = if self.repair { remake_digests(&*store, &store.verify().await?, &act).await? } else { 0 };
        let files = store.evidence_files().await?.len();
        let mut list = findings_list(&findings, context.language);
        list.notes.push(match context.language {
            Language::Vi => format!("Đã kiểm tra {communes} xã, {changes} thay đổi, {files} tệp minh chứng."),
            Language::En => format!("Checked {communes} communes, {changes} changes, {files} files of evidence."),
        });
        list.notes.push(match findings.len() {
            0 => context.pick(
                "Không có sai lệch: chuỗi băm, số liệu và mã tổng hợp đều khớp.",
                "Nothing differs: chains, records and digests agree.",
            ),
            many => context.pick(format!("{many} chỗ sai lệch."), format!("{many} findings.")),
        });
        if repaired > 0 {
            list.notes.push(context.pick(
                format!("Đã xin gửi lại {repaired} tệp minh chứng: mỗi xã gửi trong phiên đồng bộ tới. Tệp hỏng để ở evidence/damaged 30 ngày."),
                format!("{repaired} files of evidence are asked for again: each commune sends them in its next session. What was damaged lies in evidence/damaged for 30 days."),
            ));
        }
        if remade > 0 {
            list.notes.push(context.pick(
                format!("Đã tính lại {remade} mã tổng hợp từ số liệu, sau khi số liệu khớp với chuỗi băm."),
                format!("{remade} digests were made anew from records that agree with their chain."),
            ));
        }
        write_out(&render(&list, self.format, context.language)?)?;
        match findings.iter().filter(|one| !(self.repair && one.flaw == Flaw::File)).count() - remade {
            0 => Ok(()),
            many => Err(Failure::Findings(many)),
        }
    }
}

/// Makes the digests anew that differ where everything else of a commune agrees: its records are what its chain says, so it is the sum
/// that is wrong. How many.
async fn remake_digests(store: &dyn Store, findings: &[Finding], act: &Act) -> Result<usize, Failure> {
    let of_records = [Flaw::Missing, Flaw::Chain, Flaw::Head, Flaw::Record, Flaw::Unreadable];
    let mut remade = 0;
    for finding in findings.iter().filter(|one| one.flaw == Flaw::Digest) {
        let is_sound = !findings.iter().any(|one| one.commune == finding.commune && of_records.contains(&one.flaw));
        if let (true, Ok(period)) = (is_sound, finding.place.parse()) {
            store.remake_digest(&finding.commune, period, act.clone()).await?;
            tracing::warn!(commune = finding.commune, %period, "a sum was wrong and was made anew from the records");
            remade += 1;
        }
    }
    Ok(remade)
}

/// The command `conflicts`.
#[derive(Debug, Args)]
pub struct Conflicts {
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Conflicts {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let conflicts = opened.store.conflicts().await?;
        let l = |vi, en| context.language.pick(vi, en);
        let open = conflicts.iter().filter(|conflict| conflict.settled_at.is_none()).count();
        let list = Listing {
            title: l("Số liệu nhập ở hai nhánh", "Figures entered on two branches").to_owned(),
            columns: vec![
                Column::new("commune", l("Xã, phường", "Commune"), Form::Text),
                Column::new("indicator", l("Chỉ tiêu", "Indicator"), Form::Text),
                Column::new("unit", l("Đơn vị", "Unit"), Form::Text),
                Column::new("period", l("Kỳ", "Period"), Form::Text),
                Column::new("earlier_version", l("Bản trước", "Earlier"), Form::Number),
                Column::new("later_version", l("Bản sau", "Later"), Form::Number),
                Column::new("noted_at", l("Ghi nhận", "Noted"), Form::Time),
                Column::new("noted_by", "", Form::Text),
                Column::new("settled_at", l("Đã xử lý", "Settled"), Form::Time),
                Column::new("settled_by", l("Người xử lý", "Settled by"), Form::Text),
                Column::new("earlier_change", "", Form::Text),
                Column::new("later_change", "", Form::Text),
                Column::new("conflict", "", Form::Text),
            ],
            rows: conflicts.iter().map(conflict_row).collect(),
            notes: vec![context.pick(
                format!("{open} trường hợp chưa xử lý. Bản sau đang được tính; xã xem bằng `commune-agent conflicts`."),
                format!("{open} not settled. The later version counts; the commune sees them with `commune-agent conflicts`."),
            )],
        };
        write_out(&render(&list, self.format, context.language)?)
    }
}

fn conflict_row(conflict: &ConflictRecord) -> Vec<String> {
    let (indicator, unit, period) = conflict
        .key
        .as_ref()
        .map_or_else(Default::default, |key| (key.indicator.clone(), key.unit.clone(), key.period.to_string()));
    let version = |version: Option<u32>| version.map_or_else(String::new, |version| version.to_string());
    vec![
        conflict.commune.clone(),
        indicator,
        unit,
        period,
        version(conflict.earlier.1),
        version(conflict.later.1),
        rfc3339(conflict.noted_at),
        conflict.noted_by.clone(),
        conflict.settled_at.map_or_else(String::new, rfc3339),
        conflict.settled_by.clone().unwrap_or_default(),
        conflict.earlier.0.to_string(),
        conflict.later.0.to_string(),
        conflict.id.to_string(),
    ]
}

/// The command `verify-receipt`.
#[derive(Debug, Args)]
pub struct VerifyReceipt {
    /// Tệp biên nhận do `commune-agent receipts --export` ghi ra
    file: PathBuf,
    /// Chứng thư của cơ quan chứng thực (PEM), khi không có thư mục dữ liệu; không đối chiếu với nhật ký
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// A file of receipts; everything in hexadecimal.
#[derive(Debug, Deserialize)]
struct Exported {
    receipts: Vec<ExportedReceipt>,
    #[serde(default)]
    certificates: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ExportedReceipt {
    statement: String,
    signature: String,
    key: String,
}

impl VerifyReceipt {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let exported = self.read()?;
        let (authorities, store) = match &self.authority {
            Some(path) => (pem::read_certificates(path)?, None),
            None => {
                let opened = context.open().await?;
                (Authorities::open(&opened.folder)?.of_receipts(), Some(opened.store))
            }
        };
        let certificates: HashMap<Vec<u8>, CertificateDer<'static>> = exported
            .certificates
            .iter()
            .filter_map(|text| hex::decode(text).ok().map(CertificateDer::from))
            .map(|certificate| (Fingerprint::of(&certificate).0.to_vec(), certificate))
            .collect();
        let mut rows = Vec::with_capacity(exported.receipts.len());
        let mut bad = 0;
        for receipt in &exported.receipts {
            let checked = check(receipt, &certificates, &authorities);
            let held = match (&checked, &store) {
                (Ok(statement), Some(store)) => Some(held(store, statement).await?),
                _ => None,
            };
            bad += usize::from(checked.is_err() || held.is_some_and(|held| held != Held::Yes));
            rows.push(receipt_row(&checked, held, context.language));
        }
        let list = self.list(rows, store.is_some(), context);
        write_out(&render(&list, self.format, context.language)?)?;
        match bad {
            0 => Ok(()),
            bad => Err(Failure::BadReceipts { bad, of: exported.receipts.len() }),
        }
    }

    fn read(&self) -> Result<Exported, Failure> {
        let file = |source| Failure::File { path: self.file.clone(), source };
        let mut text = Vec::new();
        let opened = File::open(&self.file).map_err(file)?;
        opened.take(MAX_RECEIPTS_BYTES + 1).read_to_end(&mut text).map_err(file)?;
        if text.len() as u64 > MAX_RECEIPTS_BYTES {
            return Err(Failure::TooLarge(self.file.clone()));
        }
        serde_json::from_slice(&text)
            .map_err(|error| Failure::NotReceipts { path: self.file.clone(), reason: error.to_string() })
    }

    fn list(&self, rows: Vec<Vec<String>>, with_journal: bool, context: &Context) -> Listing {
        let l = |vi, en| context.language.pick(vi, en);
        let mut notes = vec![
            l(
                "Biên nhận hợp lệ chứng minh: tỉnh đã nhận và lưu nhật ký của xã đến số thứ tự này, vào lúc này. Nó không nói số liệu đúng hay sai.",
                "A good receipt proves that the province had received and kept the commune's log up to this number, at this time. It does not say whether the figures were right.",
            )
            .to_owned(),
        ];
        if !with_journal {
            notes.push(
                l("Chưa đối chiếu với nhật ký của tỉnh.", "Not compared with the province's journal.").to_owned(),
            );
        }
        Listing {
            title: l("Biên nhận", "Receipts").to_owned(),
            columns: vec![
                Column::new("province", "", Form::Text),
                Column::new("commune", l("Xã, phường", "Commune"), Form::Text),
                Column::new("seq", l("Đến số", "Up to"), Form::Number),
                Column::new("received_at", l("Tỉnh nhận lúc", "Received"), Form::Time),
                Column::new("receipt", "", Form::Text),
                Column::new("verdict", l("Biên nhận", "Receipt"), Form::Text),
                Column::new("journal", "", Form::Text),
                Column::new("journal_words", l("Nhật ký", "Journal"), Form::Text),
                Column::new("chain", "", Form::Text),
                Column::new("incarnation", "", Form::Text),
            ],
            rows,
            notes,
        }
    }
}

/// In Vietnamese and English.
type Words = (&'static str, &'static str);

const UNREADABLE: Words = ("không đọc được", "unreadable");

fn check(
    receipt: &ExportedReceipt,
    certificates: &HashMap<Vec<u8>, CertificateDer<'static>>,
    authorities: &[CertificateDer<'static>],
) -> Result<Statement, Words> {
    let decoded = (hex::decode(&receipt.statement), hex::decode(&receipt.signature), hex::decode(&receipt.key));
    let (Ok(statement), Ok(signature), Ok(key)) = decoded else { return Err(UNREADABLE) };
    let certificate = certificates
        .get(&key)
        .ok_or(("tệp không kèm chứng thư của khóa đã ký", "the certificate of its key is not in the file"))?;
    let wire = v1::Receipt { statement, signature, key };
    let said = Statement::read(&wire).map_err(|_| UNREADABLE)?;
    let verifier = ReceiptVerifier::new(&said.province, certificate, authorities);
    verifier.and_then(|verifier| verifier.check(&wire)).map_err(|error| why_not(&error))
}

fn why_not(error: &ReceiptError) -> Words {
    match error {
        ReceiptError::Unreadable(_) => UNREADABLE,
        ReceiptError::OtherKey => ("ký bằng khóa khác", "signed by another key"),
        ReceiptError::Signature => ("chữ ký không khớp nội dung", "the signature does not fit the statement"),
        ReceiptError::Certificate(_) => (
            "khóa đã ký không do cơ quan chứng thực của tỉnh này cấp",
            "the key that signed was not certified by an authority of this province",
        ),
    }
}

/// Whether the journal has the position that a receipt names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Yes,
    OtherChain,
    No,
    OtherProvince,
}

async fn held(store: &dyn Store, statement: &Statement) -> Result<Held, Failure> {
    if store.founding().await?.province != statement.province {
        return Ok(Held::OtherProvince);
    }
    let LogPosition { seq, chain } = statement.position;
    Ok(match store.chain_at(&statement.commune, seq).await? {
        Some(held) if held == chain => Held::Yes,
        Some(_) => Held::OtherChain,
        None => Held::No,
    })
}

fn receipt_row(checked: &Result<Statement, Words>, held: Option<Held>, language: Language) -> Vec<String> {
    let l = |vi: &str, en: &str| language.pick(vi, en).to_owned();
    let (journal, words) = match held {
        None => ("", String::new()),
        Some(Held::Yes) => ("held", l("có", "held")),
        Some(Held::OtherChain) => ("other", l("KHÁC", "DIFFERS")),
        Some(Held::No) => ("missing", l("KHÔNG CÓ", "MISSING")),
        Some(Held::OtherProvince) => ("other_province", l("của tỉnh khác", "of another province")),
    };
    match checked {
        Ok(statement) => vec![
            statement.province.clone(),
            statement.commune.clone(),
            statement.position.seq.to_string(),
            rfc3339(statement.received_at),
            "good".to_owned(),
            l("hợp lệ", "good"),
            journal.to_owned(),
            words,
            statement.position.chain.to_string(),
            statement.incarnation.to_string(),
        ],
        Err(reason) => {
            let mut row = vec![String::new(); 10];
            row[4] = "bad".to_owned();
            row[5] = format!("{}: {}", l("KHÔNG hợp lệ", "BAD"), l(reason.0, reason.1));
            row
        }
    }
}
