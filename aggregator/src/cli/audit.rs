//! `audit`: who decided what and when, and whether that history is whole.

use super::{Context, Failure, write_out};
use crate::{
    report::cli::{Format, render},
    store::{AuditHead, AuditLine, AuditQuestion, Store},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use shared::{
    calendar::{TIME_ZONE, rfc3339},
    language::Language,
    listing::{Column, Form, Listing},
};
use std::{fmt, str::FromStr};

/// Most lines shown.
const MOST_LINES: u32 = 100_000;

/// What is noted, in Vietnamese and English.
const WORDS: [(&str, &str, &str); 24] = [
    ("founded", "lập tỉnh", "province founded"),
    ("catalogue_imported", "nạp danh mục", "catalogue imported"),
    ("exception_set", "gia hạn", "exception set"),
    ("exception_withdrawn", "rút gia hạn", "exception withdrawn"),
    ("reviewed", "thẩm định", "reviewed"),
    ("period_closed", "chốt kỳ", "period closed"),
    ("period_reopened", "mở lại kỳ", "period reopened"),
    ("invited", "mời xã", "commune invited"),
    ("joined", "xã tham gia", "commune joined"),
    ("certificate_issued", "cấp chứng thư", "certificate issued"),
    ("certificate_copied", "chứng thư dùng ở hai máy", "certificate used in two places"),
    ("certificate_adopted", "nhận lại chứng thư", "certificate known again"),
    ("enrolments_kept", "giữ lại chứng thư sau khôi phục", "enrolments kept"),
    ("revoked", "thu hồi chứng thư", "certificates revoked"),
    ("authority_rotated", "lập cơ quan chứng thực mới", "authority made"),
    ("authority_switched", "dùng cơ quan chứng thực mới", "authority in force"),
    ("authority_dropped", "bỏ cơ quan chứng thực cũ", "authority dropped"),
    ("bundle_taken", "nhận gói", "bundle taken"),
    ("evidence_lost", "mất tệp minh chứng", "evidence lost"),
    ("clock_moved", "đặt đồng hồ diễn tập", "clock of the exercise moved"),
    ("restored", "khôi phục từ bản sao lưu", "restored from a backup"),
    ("backed_up", "sao lưu", "backed up"),
    ("token_added", "tạo khóa API", "API token made"),
    ("token_removed", "kết thúc khóa API", "API token ended"),
];

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

/// A place in the history that someone noted: the number of a line and the chain after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    number: u64,
    chain: [u8; 32],
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, hex::encode(self.chain))
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (number, chain) = text.trim().split_once(':')?;
            let mut bytes = [0; 32];
            hex::decode_to_slice(chain, &mut bytes).ok()?;
            Some(Self { number: number.parse().ok()?, chain: bytes })
        };
        read().ok_or_else(|| "viết số dòng, dấu hai chấm, rồi 64 chữ số mười sáu (number:hash)".to_owned())
    }
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
            until: self.until.and_then(|day| midnight(day)?.checked_add_signed(TimeDelta::days(1))),
            what: self.what,
            search: self.search,
            limit: self.limit,
        };
        let lines = opened.store.audit(question).await?;
        write_out(&render(&listing(&lines, context.language), self.format, context.language)?)
    }

    async fn verify(&self, store: &impl Store, context: &Context) -> Result<(), Failure> {
        let (AuditHead { lines, chain }, findings) = store.verify_audit().await?;
        let mut list = super::prove::findings_list(&findings, context.language);
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

fn midnight(day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day.and_hms_opt(0, 0, 0)?.and_local_timezone(TIME_ZONE).single()?.with_timezone(&Utc))
}

/// Lines of the audit history as a list.
pub(crate) fn listing(lines: &[AuditLine], language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let words = |what: &str| {
        let known = WORDS.iter().find(|(word, ..)| *word == what);
        known.map_or_else(|| what.to_owned(), |(_, vi, en)| l(*vi, *en).to_owned())
    };
    Listing {
        title: l("Lịch sử của tỉnh", "Audit history").to_owned(),
        columns: vec![
            Column::new("number", l("Dòng", "Line"), Form::Number),
            Column::new("at", l("Lúc", "At"), Form::Time),
            Column::new("who", l("Ai", "Who"), Form::Text),
            Column::new("what", "", Form::Text),
            Column::new("meaning", l("Việc", "What"), Form::Text),
            Column::new("detail", l("Nội dung", "Detail"), Form::Text),
            Column::new("origin", l("Từ đâu", "From"), Form::Text),
            Column::new("chain", "", Form::Text),
        ],
        rows: lines
            .iter()
            .map(|line| {
                vec![
                    line.number.to_string(),
                    rfc3339(line.at),
                    line.who.clone(),
                    line.what.clone(),
                    words(&line.what),
                    line.detail.clone(),
                    line.origin.clone(),
                    hex::encode(line.chain),
                ]
            })
            .collect(),
        ..Listing::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_survives_its_text_and_others_are_refused() {
        let anchor = Anchor { number: 12, chain: [7; 32] };
        assert_eq!(anchor.to_string().parse(), Ok(anchor));
        for text in ["", "12", "12:", ":07", "x:07", "12:0707", &format!("-1:{}", "07".repeat(32))] {
            assert!(text.parse::<Anchor>().is_err(), "{text}");
        }
    }
}
