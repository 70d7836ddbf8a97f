//! `bundle make`, `bundle take`: a session as a file.

use super::{
    Desk, Failure, Printed,
    arguments::{BundleMake, BundleTake},
    failure::code_of,
    table::{Format, pretty},
    words::{self, plain},
};
use crate::{
    bundle::{self, Made, Taken},
    lock::Lock,
    store::Store,
    uplink::outcome::End,
};
use serde_json::json;
use shared::calendar::rfc3339;

/// `bundle make`
pub fn make(desk: &Desk, arguments: &BundleMake) -> Result<Printed, Failure> {
    let made = bundle::make(&desk.folder, &arguments.file, arguments.with_evidence, &desk.clock)?;
    let Made { changes, changes_left, files, files_left, size_bytes } = made;
    if desk.format == Format::Json {
        return Ok(pretty(&json!({
            "file": arguments.file,
            "changes": changes,
            "changes_left": changes_left,
            "evidence_files": files,
            "evidence_files_left": files_left,
            "size_bytes": size_bytes,
        }))
        .into());
    }
    let place = arguments.file.display();
    let mut text = desk.language.pick(
        format!("Đã tạo gói {place}: {changes} thay đổi, {files} tệp minh chứng.\n"),
        format!("Made the bundle {place}: {changes} changes, {files} evidence files.\n"),
    );
    if changes_left > 0 {
        text += &desk.language.pick(
            format!("Còn {changes_left} thay đổi chưa vừa gói: tạo gói tiếp sau khi nhận trả lời.\n"),
            format!("{changes_left} changes did not fit: make another bundle after the answer.\n"),
        );
    }
    if files_left > 0 {
        text += &desk.language.pick(
            format!("Còn {files_left} tệp minh chứng không ở trong gói (thêm --with-evidence, hoặc chờ có mạng).\n"),
            format!("{files_left} evidence files are not in it (add --with-evidence, or wait for the line).\n"),
        );
    }
    text += desk.language.pick(
        "Chưa có gì được coi là đã gửi: chép gói đến tỉnh, rồi nhận gói trả lời bằng `commune-agent bundle take`.\n",
        "Nothing counts as sent yet: carry it to the province, then take the answer with `commune-agent bundle take`.\n",
    );
    Ok(text.lines().map(|line| plain(line) + "\n").collect::<String>().into())
}

/// `bundle take`
pub fn take(desk: &Desk, arguments: &BundleTake) -> Result<Printed, Failure> {
    let alone = Lock::try_take(&desk.folder.sync_lock())?.ok_or(Failure::SessionBusy)?;
    let Taken { bundle, tally, outcome } = bundle::take(&alone, &desk.folder, &arguments.file, &desk.clock)?;
    let view_of = Store::open(&desk.folder)?;
    let view = view_of.view();
    let head = view.head()?.seq;
    let pending = head - view.acknowledged_seq()?.min(head);
    let text = if desk.format == Format::Json {
        pretty(&json!({
            "made_at": rfc3339(bundle.made_at),
            "outcome": outcome.end.as_str(),
            "detail": outcome.detail,
            "acknowledged": tally.acknowledged,
            "refused": tally.refused,
            "received": tally.received,
            "taken_back": tally.taken_back,
            "pending": pending,
        }))
    } else {
        let made_at = words::instant(bundle.made_at);
        let (acknowledged, refused, received) = (tally.acknowledged, tally.refused, tally.received);
        let mut text = desk.language.pick(
            format!("Trả lời cho gói tạo lúc {made_at}: tỉnh xác nhận thêm {acknowledged} thay đổi ({refused} bị từ chối), {received} mục từ tỉnh; còn chờ gửi {pending}.\n"),
            format!("Answer to the bundle of {made_at}: {acknowledged} more changes confirmed ({refused} refused), {received} items from the province; {pending} pending.\n"),
        );
        if tally.taken_back > 0 {
            let count = tally.taken_back;
            text += &desk.language.pick(
                format!("Đã lấy lại {count} thay đổi từ tỉnh; phần của máy này được nối tiếp. Hãy tạo gói mới để gửi nốt.\n"),
                format!("{count} changes were taken back from the province, this computer's own follow them. Make a new bundle to send the rest.\n"),
            );
        }
        if outcome.end != End::Done {
            text += &format!("{}\n", outcome.end.explain(desk.language));
        }
        text.lines().map(|line| plain(line) + "\n").collect::<String>()
    };
    Ok(Printed { text, code: code_of(outcome.end) })
}
