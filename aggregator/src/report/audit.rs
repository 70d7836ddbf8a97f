//! The audit history as a list, its words, and anchors by which somebody can prove later that it was not altered.

use crate::store::AuditLine;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use shared::{
    calendar::{TIME_ZONE, rfc3339},
    language::Language,
    listing::{Column, Form, Listing},
};
use std::{fmt, str::FromStr};

/// What is noted, in Vietnamese and English.
pub const WORDS: [(&str, &str, &str); 36] = [
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
    ("digest_remade", "tính lại mã tổng hợp", "digest made anew"),
    ("clock_moved", "đặt đồng hồ diễn tập", "clock of the exercise moved"),
    ("restored", "khôi phục từ bản sao lưu", "restored from a backup"),
    ("backed_up", "sao lưu", "backed up"),
    ("account_added", "thêm tài khoản", "account added"),
    ("account_renamed", "đổi họ tên", "account renamed"),
    ("account_role_set", "đổi quyền", "role set"),
    ("account_password_set", "đặt mật khẩu", "password set"),
    ("account_link_made", "tạo liên kết đặt mật khẩu", "link for a password made"),
    ("account_codes_on", "bật mã xác thực", "one-time codes on"),
    ("account_codes_off", "tắt mã xác thực", "one-time codes off"),
    ("account_disabled", "khóa tài khoản", "account disabled"),
    ("account_enabled", "mở lại tài khoản", "account enabled"),
    ("signed_in", "đăng nhập", "signed in"),
    ("signed_out", "đăng xuất", "signed out"),
    ("token_added", "tạo khóa API", "API token added"),
    ("token_removed", "bỏ khóa API", "API token removed"),
];

/// A place in the history that someone noted: the number of a line and the chain after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Number of the line.
    pub number: u64,
    /// The chain after it.
    pub chain: [u8; 32],
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

/// The moment at which a day begins at the province.
#[must_use]
pub fn midnight(day: NaiveDate) -> Option<DateTime<Utc>> {
    Some(day.and_hms_opt(0, 0, 0)?.and_local_timezone(TIME_ZONE).single()?.with_timezone(&Utc))
}

/// The moment at which the day after it begins.
#[must_use]
pub fn midnight_after(day: NaiveDate) -> Option<DateTime<Utc>> {
    midnight(day)?.checked_add_signed(TimeDelta::days(1))
}

/// Lines as they come.
#[must_use]
pub fn listing(lines: &[AuditLine], language: Language) -> Listing {
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
