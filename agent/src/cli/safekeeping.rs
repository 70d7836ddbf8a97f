//! `backup`, `restore`: a copy of all that was entered, and the way back.

use super::{
    Desk, Failure, Printed,
    arguments::{Backup, Restore},
    table::{Format, pretty},
    words::{self, plain},
};
use crate::backup::{self, Made, Restored};
use serde_json::json;
use shared::calendar::rfc3339;
use std::path::Path;

/// `backup`
pub fn backup(desk: &Desk, arguments: &Backup) -> Result<Printed, Failure> {
    let now = desk.clock.now();
    let (made, place, gone) = match arguments.keep {
        Some(keep) => backup::make_beside(&desk.folder, &arguments.folder, keep.into(), now)?,
        None => (backup::make(&desk.folder, &arguments.folder, now)?, arguments.folder.clone(), 0),
    };
    let Made { manifest, new_files, missing_files } = &made;
    let seq = manifest.head.map_or(0, |head| head.seq);
    if desk.format == Format::Json {
        return Ok(pretty(&json!({
            "folder": place,
            "removed": gone,
            "commune": manifest.commune,
            "province": manifest.province,
            "created_at": rfc3339(manifest.created_at),
            "changes": seq,
            "store_bytes": manifest.store.size_bytes,
            "evidence_files": manifest.evidence.len(),
            "new_files": new_files,
            "missing_files": missing_files,
        }))
        .into());
    }
    let (place, name, files) = (place.display(), &manifest.name, manifest.evidence.len());
    let mut text = desk.language.pick(
        format!("Đã sao lưu {name} vào {place}: {seq} thay đổi, {files} tệp minh chứng ({new_files} tệp mới).\n"),
        format!("Backed up {name} to {place}: {seq} changes, {files} evidence files ({new_files} new).\n"),
    );
    if gone > 0 {
        text += &desk
            .language
            .pick(format!("Đã bỏ {gone} bản sao lưu cũ nhất.\n"), format!("Removed the {gone} oldest backups.\n"));
    }
    if *missing_files > 0 {
        text += &desk.language.pick(
            format!("Lưu ý: {missing_files} tệp minh chứng không còn nguyên vẹn trên máy này nên không có trong bản sao lưu.\n"),
            format!("Note: {missing_files} evidence files are no longer whole on this computer and are not in the backup.\n"),
        );
    }
    text += desk.language.pick(
        "Bản sao lưu không chứa khóa và chứng thư: khôi phục trên máy khác thì cần mã mời mới (join).\n",
        "It holds no key and no certificate: on another computer a new invitation is needed (join).\n",
    );
    Ok(plain_text(&text))
}

/// `restore`
pub fn restore(desk: &Desk, arguments: &Restore) -> Result<Printed, Failure> {
    let restored = backup::restore(&desk.folder, &arguments.folder, desk.clock.now(), &mut rand::rng())?;
    let Restored { manifest, aside, has_identity } = &restored;
    let seq = manifest.head.map_or(0, |head| head.seq);
    if desk.format == Format::Json {
        return Ok(pretty(&json!({
            "commune": manifest.commune,
            "province": manifest.province,
            "created_at": rfc3339(manifest.created_at),
            "changes": seq,
            "evidence_files": manifest.evidence.len(),
            "kept_aside": aside,
            "has_identity": has_identity,
        }))
        .into());
    }
    let (name, at, files) = (&manifest.name, words::instant(manifest.created_at), manifest.evidence.len());
    let mut text = desk.language.pick(
        format!("Đã khôi phục {name} từ bản sao lưu lúc {at}: {seq} thay đổi, {files} tệp minh chứng.\n"),
        format!("Restored {name} from the backup of {at}: {seq} changes, {files} evidence files.\n"),
    );
    if let Some(aside) = aside.as_deref().map(Path::display) {
        text += &desk.language.pick(
            format!("Kho dữ liệu trước đó được giữ lại ở {aside}\n"),
            format!("The store that was here is kept at {aside}\n"),
        );
    }
    text += if *has_identity {
        desk.language.pick(
            "Lần đồng bộ tới sẽ lấy lại từ tỉnh những gì đã gửi sau bản sao lưu; số liệu chưa gửi được gửi tiếp.\n",
            "The next session takes back from the province what was sent after the backup, and sends what was not.\n",
        )
    } else {
        desk.language.pick(
            "Máy này chưa có chứng thư: xin tỉnh mã mời rồi chạy `commune-agent join`; sau đó lần đồng bộ đầu sẽ lấy lại từ tỉnh những gì đã gửi sau bản sao lưu.\n",
            "This computer has no certificate: ask the province for an invitation and run `commune-agent join`; the first session then takes back what was sent after the backup.\n",
        )
    };
    Ok(plain_text(&text))
}

fn plain_text(text: &str) -> Printed {
    text.lines().map(|line| plain(line) + "\n").collect::<String>().into()
}
