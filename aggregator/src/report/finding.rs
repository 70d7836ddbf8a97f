//! What does not agree with itself, as a list.

use crate::store::{Finding, Flaw};
use shared::{
    language::Language,
    listing::{Column, Form, Listing},
};

/// Findings as they come.
#[must_use]
pub fn findings_list(findings: &[Finding], language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let meaning = |flaw| match flaw {
        Flaw::Missing => l("thiếu thay đổi trong nhật ký", "changes are missing from the log"),
        Flaw::Chain => l("thay đổi không khớp chuỗi băm", "a change does not fit its chain"),
        Flaw::Head => l("nhật ký không dừng ở vị trí đã ghi", "the log does not end at its head"),
        Flaw::Record => l("số liệu khác với nhật ký", "a record is not what the journal says"),
        Flaw::Unreadable => l("dòng không đọc được", "rows that cannot be read"),
        Flaw::Digest => l("mã tổng hợp không khớp số liệu", "a digest is not that of the records"),
        Flaw::File => l("tệp minh chứng mất hoặc bị sửa", "a file of evidence is missing or altered"),
        Flaw::Snapshot => l("bản chốt của một kỳ bị sửa", "the snapshot of a closed period is altered"),
        Flaw::Decision => l(
            "thẩm định hoặc gia hạn khác với lịch sử của tỉnh",
            "a verdict or an exception is not what the audit history says",
        ),
        Flaw::Audit => l("dòng lịch sử của tỉnh mất hoặc bị sửa", "a line of the audit history is missing or altered"),
    };
    Listing {
        title: l("Kiểm tra kho dữ liệu", "The store, proved from itself").to_owned(),
        columns: vec![
            Column::new("commune", l("Xã, phường", "Commune"), Form::Text),
            Column::new("finding", "", Form::Text),
            Column::new("meaning", l("Sai lệch", "Finding"), Form::Text),
            Column::new("place", l("Ở đâu", "Where"), Form::Text),
        ],
        rows: findings
            .iter()
            .map(|one| {
                let words = [one.flaw.as_str(), meaning(one.flaw)].map(String::from);
                let [word, meaning] = words;
                vec![one.commune.clone(), word, meaning, one.place.clone()]
            })
            .collect(),
        ..Listing::default()
    }
}
