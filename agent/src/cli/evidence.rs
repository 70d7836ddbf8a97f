//! `attach`, `evidence`: the files that prove figures.

use super::{
    Desk, Failure, Printed, account,
    arguments::{Attach, Evidence},
    entering::period,
    looking::print,
    table::{Column, Format, hidden, list, number, pretty, text},
    words::{self, plain},
};
use crate::{
    entry::{self, Attached, Author, EntryError, Rulebook},
    evidence::{self, Limits, MAX_TOTAL_BYTES},
    refusal,
    store::{
        Store,
        attachments::{Attachment, FileState, Wanted},
        figures::StoredRefusal,
    },
};
use serde_json::json;
use shared::{calendar::rfc3339, catalogue::view::CommuneView, task::Reported};

/// `attach`
pub fn attach(desk: &Desk, arguments: &Attach) -> Result<Printed, Failure> {
    let period = period(&arguments.place.period)?;
    let mut store = Store::open(&desk.folder)?;
    let place = (arguments.place.indicator.as_str(), arguments.place.unit.as_str(), period);
    let by = arguments.by.clone().unwrap_or_else(account::name);
    // Asked first, so that no copy is made for a figure that is not there.
    entry::check_name(&by).map_err(EntryError::from)?;
    let before = entry::figure_for_evidence(store.view(), place.0, place.1, place.2)?;
    let limits = Limits { file_bytes: desk.config.evidence_max_file_bytes, total_bytes: MAX_TOTAL_BYTES };
    let copies = evidence::keep(&desk.folder, &arguments.files, limits)?;
    let mut random = rand::rng();
    let mut author = Author { name: &by, now: desk.clock.now(), random: &mut random };
    let (figure, attached) = entry::attach(&mut store, &mut author, place, copies)?;
    let count = store.view().evidence_names(figure.change_id).map_err(EntryError::from)?.len();
    let (key, version) = (&figure.observation.key, figure.version.unwrap_or_default());
    if desk.format == Format::Json {
        let files: Vec<_> = attached
            .iter()
            .map(|a| json!({ "name": a.file.name, "size_bytes": a.file.size_bytes, "sha256": hex::encode(a.file.sha256), "new": a.is_new, "sent_again": a.is_sent_again }))
            .collect();
        return Ok(pretty(&json!({
            "indicator": key.indicator, "unit": key.unit, "period": key.period.to_string(), "version": version,
            "resubmitted": figure.change_id != before.change_id, "files": files, "evidence_count": count,
        }))
        .into());
    }
    let mut text = String::new();
    if figure.change_id != before.change_id {
        text += &desk.language.pick(
            format!("Số liệu này đã bị trả lại nên được nộp lại thành phiên bản {version}. Minh chứng của phiên bản cũ không đi theo: tệp nào còn dùng thì gắn lại.\n"),
            format!("This figure was returned, so it is reported again as version {version}. The evidence of the old version does not go with it: attach again what is still good.\n"),
        );
    }
    text += &attached.iter().map(|attached| in_words(desk, attached)).collect::<String>();
    let code = Reported::of(&key.indicator).label(desk.language);
    text += &desk.language.pick(
        format!("{code}, kỳ {}, phiên bản {version}: {count} minh chứng\n", key.period),
        format!("{code}, period {}, version {version}: {count} evidence files\n", key.period),
    );
    // Plan of xã Định Quán, annex V.1.3: secret documents are not processed here.
    text += desk.language.pick(
        "Không gắn văn bản, tài liệu thuộc bí mật nhà nước.\n",
        "Never attach documents that are state secrets.\n",
    );
    if store.view().closed_periods()?.contains(&period) {
        text += &words::closed(period, desk.language);
    }
    Ok(text.into())
}

fn in_words(desk: &Desk, attached: &Attached) -> String {
    let (name, hash) = (&attached.file.name, &hex::encode(attached.file.sha256)[..12]);
    if attached.is_new {
        let size = attached.file.size_bytes;
        desk.language.pick(
            format!("Đã gắn {name} ({size} byte, SHA-256 {hash}…)\n"),
            format!("Attached {name} ({size} bytes, SHA-256 {hash}…)\n"),
        )
    } else if attached.is_sent_again {
        desk.language.pick(
            format!("{name} đã được gắn vào phiên bản này; tệp sẽ được gửi lại cho tỉnh ở lần đồng bộ tới\n"),
            format!("{name} is attached to this version already; it will be sent again in the next session\n"),
        )
    } else {
        desk.language.pick(
            format!("{name} đã được gắn vào phiên bản này rồi, không thay đổi gì\n"),
            format!("{name} is attached to this version already, nothing changed\n"),
        )
    }
}

const COLUMNS: [Column; 14] = [
    text("indicator", "Mã", "Code"),
    text("period", "Kỳ", "Period"),
    text("unit", "Đơn vị", "Unit"),
    number("version", "Bản", "Version"),
    text("name", "Tệp", "File"),
    text("kind", "Loại", "Kind"),
    number("size_bytes", "Byte", "Bytes"),
    text("state", "Tình trạng", "State"),
    number("left_bytes", "Còn phải gửi", "To send"),
    text("reason", "Lý do", "Reason"),
    hidden("sha256"),
    hidden("has_copy"),
    hidden("entered_by"),
    hidden("entered_at"),
];

/// `evidence`
pub fn evidence(desk: &Desk, arguments: &Evidence) -> Result<Printed, Failure> {
    let period = arguments.period.as_deref().map(period).transpose()?;
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let catalogue = view.catalogue()?;
    let typed = arguments.indicator.as_deref().map(str::trim);
    let known = |typed: &str| {
        let rulebook = catalogue.clone().map(|catalogue| Rulebook { catalogue });
        rulebook.map_or_else(|| typed.to_owned(), |rulebook| rulebook.code(typed))
    };
    let attachments = view.attachments(&Wanted { indicator: typed.map(known), period })?;
    let rows = attachments.iter().map(|attachment| row(desk, attachment, catalogue.as_ref())).collect();
    let banner = words::banner(view.exercise()?.on, desk.language);
    let people = desk.language.pick(
        format!("{banner}{} minh chứng\n", attachments.len()),
        format!("{banner}{} evidence files\n", attachments.len()),
    );
    Ok(print(desk, &list(&COLUMNS, rows, desk.language), &people))
}

fn row(desk: &Desk, attachment: &Attachment, catalogue: Option<&CommuneView>) -> Vec<String> {
    let Attachment { key, size_bytes, .. } = attachment;
    let kind = evidence::kind_of_copy(&desk.folder, attachment.sha256);
    let has_copy = evidence::path_of(&desk.folder, attachment.sha256).exists();
    let told = |code: &String| {
        let refused = StoredRefusal { code: code.clone(), detail: String::new() };
        (!code.is_empty()).then(|| refusal::explain(&refused, key, None, catalogue, desk.language))
    };
    let (vi, en) = words::state_of_file(&attachment.state);
    let (left, reason) = match &attachment.state {
        FileState::Pending { left_bytes, code } => (left_bytes.to_string(), told(code).unwrap_or_default()),
        FileState::Held => ("0".into(), String::new()),
        FileState::Missing { code } => (String::new(), told(code).unwrap_or_default()),
        FileState::Refused(refused) => (String::new(), refusal::explain(refused, key, None, catalogue, desk.language)),
    };
    // Programs read one word whatever the language.
    let state = if desk.format == Format::Table { desk.language.pick(vi, en) } else { en };
    vec![
        key.indicator.clone(),
        key.period.to_string(),
        key.unit.clone(),
        attachment.version.map(|version| version.to_string()).unwrap_or_default(),
        plain(&attachment.name),
        kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        size_bytes.to_string(),
        state.into(),
        left,
        reason,
        hex::encode(attachment.sha256),
        if has_copy { "yes" } else { "no" }.into(),
        attachment.entered_by.clone(),
        rfc3339(attachment.entered_at),
    ]
}
