//! `audit`: who decided what and when, and whether that history is whole.

use super::{Context, Failure, write_out};
use crate::{
    report::{
        audit::{Anchor, WORDS, listing, midnight, midnight_after},
        cli::{Format, render},
        finding::findings_list,
    },
    store::{AuditHead, AuditQuestion, Store},
};
use chrono::NaiveDate;
use clap::Args;

/// Most lines shown.
const MOST_LINES: u32 = 100_000;

/// The command `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Từ ngày này
    #[arg(long)]
    from: Option<NaiveDate>,
    /// Đến hết ngày này
    #[arg(long)]
    until: Option<NaiveDate>,
    /// Chỉ một loại việc (cột what của --format csv), ví dụ reviewed
    #[arg(long, hide_possible_values = true, value_parser = WORDS.map(|(word, ..)| word))]
    what: Option<String>,
    /// Tìm trong người làm và nội dung, không cần dấu
    #[arg(long)]
    search: Option<String>,
    /// Nhiều nhất bấy nhiêu dòng, mới nhất trước
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_LINES)))]
    limit: u32,
    /// Kiểm tra cả lịch sử và in mốc của dòng cuối
    #[arg(long, conflicts_with_all = ["from", "until", "what", "search", "limit"])]
    verify: bool,
    /// Mốc đã ghi lại trước đây (số dòng:mã băm): lịch sử có còn chứa đúng mốc đó không
    #[arg(long, requires = "verify")]
    anchor: Option<Anchor>,
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        if self.verify {
            return self.verify(&opened.store, context).await;
        }
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from > until
        {
            return Err(Failure::DaysReversed { from, until });
        }
        let question = AuditQuestion {
            from: self.from.and_then(midnight),
            until: self.until.and_then(midnight_after),
            what: self.what,
            search: self.search,
            limit: self.limit,
        };
        let lines = opened.store.audit(question).await?;
        write_out(&render(&listing(&lines, context.language), self.format, context.language)?)
    }

    async fn verify(&self, store: &impl Store, context: &Context) -> Result<(), Failure> {
        let (AuditHead { lines, chain }, findings) = store.verify_audit().await?;
        let mut list = findings_list(&findings, context.language);
        list.title = context.pick("Kiểm tra lịch sử của tỉnh", "The audit history, proved from itself");
        let head = Anchor { number: lines, chain };
        list.notes.push(context.pick(format!("{lines} dòng. Mốc: {head}"), format!("{lines} lines. Anchor: {head}")));
        list.notes.push(context.pick(
            "Ghi mốc này ra giấy hoặc gửi người khác giữ: sau này `audit --verify --anchor` chứng minh lịch sử đến đó chưa bị sửa.",
            "Note this anchor on paper or give it to someone: later `audit --verify --anchor` proves that the history up to it was not altered.",
        ));
        let broken = match self.anchor {
            Some(anchor) => store.audit_chain(anchor.number).await? != Some(anchor.chain),
            None => false,
        };
        if let Some(anchor) = self.anchor {
            list.notes.push(match broken {
                true => context.pick(
                    format!(
                        "Mốc {} KHÔNG khớp: lịch sử đến dòng đó đã bị sửa, mất, hoặc là của kho dữ liệu khác.",
                        anchor.number
                    ),
                    format!(
                        "Anchor {} does NOT fit: the history up to that line was altered, lost, or is another store's.",
                        anchor.number
                    ),
                ),
                false => context.pick(
                    format!("Mốc {} khớp: lịch sử đến dòng đó đúng như khi ghi mốc.", anchor.number),
                    format!("Anchor {} fits: the history up to that line is what it was.", anchor.number),
                ),
            });
        }
        write_out(&render(&list, self.format, context.language)?)?;
        match findings.len() + usize::from(broken) {
            0 => Ok(()),
            many => Err(Failure::History(many)),
        }
    }
}
