//! Files of evidence, given for a figure or taken off its draft.

use super::{
    fault::{Fault, sentence},
    incoming::Parcel,
    month, piece, row,
    sheet::Sheet,
    tasks,
    visit::{Clerk, Room},
};
use crate::{
    draft::{self, Given},
    entry::{Author, EntryError, Rulebook},
    evidence::{self, EvidenceError, Limits, MAX_TOTAL_BYTES},
    store::draft::MAX_DRAFT_FILES,
};
use axum::{Form, extract::Multipart, http::HeaderMap, response::Response};
use pages::{
    maud::{Markup, html},
    part::{Notice, Tone, notice},
};
use serde::Deserialize;
use shared::{observation::ObservationKey, task::Reported};

/// Takes files for a figure: judged by their content, all of them or none.
pub async fn give(clerk: Clerk, headers: HeaderMap, form: Multipart) -> Result<Response, Fault> {
    let parcel = Parcel::receive(&clerk.desk.folder, clerk.desk.config.evidence_max_file_bytes, form, |token| {
        clerk.check(token)
    })
    .await?;
    let key = key(parcel.field("indicator"), parcel.field("unit"), parcel.field("period"))?;
    let (worker, of) = (clerk.clone(), key.clone());
    let told = worker.act(move |room| keep(room, &of, &parcel)).await?;
    answer(clerk, &headers, key, told).await
}

fn key(indicator: &str, unit: &str, period: &str) -> Result<ObservationKey, Fault> {
    let period = period.parse().map_err(|_| Fault::Request)?;
    Ok(ObservationKey { indicator: indicator.to_owned(), unit: unit.to_owned(), period })
}

/// Judges, copies and binds; what is said of it.
fn keep(room: &mut Room<'_>, key: &ObservationKey, parcel: &Parcel) -> Result<Notice, Fault> {
    let language = room.language();
    let fault = |text: &str| Notice::new(Tone::Fault, sentence(text));
    let most = room.clerk.desk.config.evidence_max_file_bytes;
    if let Some(excess) = parcel.excess {
        return Ok(fault(&excess.explain(most, language)));
    }
    if let Some(name) = parcel.unusable.first() {
        return Ok(fault(&EvidenceError::Name(name.into()).explain(language)));
    }
    if parcel.files.is_empty() {
        return Ok(fault(room.pick("chưa chọn tệp nào", "no file was chosen")));
    }
    let rulebook = Rulebook::read(room.view())?;
    if rulebook.kind_asked(&key.indicator).is_none() {
        return Err(Fault::NotFound);
    }
    let desk = &room.clerk.desk;
    let limits = Limits { file_bytes: most, total_bytes: MAX_TOTAL_BYTES };
    let copies = match evidence::keep(&desk.folder, &parcel.files, limits) {
        Ok(copies) => copies,
        Err(error) => {
            if !error.is_refusal() {
                tracing::error!(%error, "evidence could not be kept");
            }
            // It begins with the file's name, which is kept as it is.
            return Ok(Notice::new(Tone::Fault, error.named().explain(language) + "."));
        }
    };
    let count = copies.len();
    let mut random = rand::rng();
    let mut author = Author { name: &room.clerk.name, now: room.now, random: &mut random };
    let given = match draft::give(room.store, &mut author, key, copies) {
        Ok(given) => given,
        Err(EntryError::Store(error)) => return Err(error.into()),
        Err(error) => return Ok(fault(&error.explain_on_page(language))),
    };
    // Plan of xã Định Quán, annex V.1.3: secret documents are not processed here.
    if given == Given::Full {
        return Ok(fault(&room.pick(
            format!("bản nháp có nhiều nhất {MAX_DRAFT_FILES} tệp, chưa gắn gì cả"),
            format!("a draft has at most {MAX_DRAFT_FILES} files, nothing was attached"),
        )));
    }
    let secret = room.pick("Không gắn tài liệu thuộc bí mật nhà nước.", "Never attach state secrets.");
    Ok(Notice::new(
        Tone::Done,
        match given {
            Given::Bound => {
                room.pick(format!("Đã gắn {count} tệp. {secret}"), format!("Attached {count} files. {secret}"))
            }
            Given::Waiting | Given::Full => room.pick(
                format!("Đã giữ {count} tệp cùng bản nháp, gửi khi bấm nút Gửi. {secret}"),
                format!("Kept {count} files with the draft; they go when it is sent. {secret}"),
            ),
        },
    ))
}

/// Which file is taken off a draft.
#[derive(Debug, Deserialize)]
pub struct Removed {
    form_token: String,
    indicator: String,
    unit: String,
    period: String,
    sha256: String,
}

/// Takes a file off a draft.
pub async fn remove(clerk: Clerk, headers: HeaderMap, Form(form): Form<Removed>) -> Result<Response, Fault> {
    clerk.check(&form.form_token)?;
    let key = key(&form.indicator, &form.unit, &form.period)?;
    let mut sha256 = [0; 32];
    hex::decode_to_slice(&form.sha256, &mut sha256).map_err(|_| Fault::Request)?;
    let (worker, of) = (clerk.clone(), key.clone());
    worker
        .act(move |room| {
            room.store.write(|writing| {
                writing.drop_draft_evidence(&of, sha256)?;
                // A draft that was made for the file alone goes with it.
                let blank = writing.view().drafts(of.period)?.into_iter().find(|draft| draft.key == of);
                match blank {
                    Some(draft) if draft.evidence.is_empty() && draft.fields.is_blank() => writing.drop_draft(&of),
                    _ => Ok(()),
                }
            })?;
            Ok(())
        })
        .await?;
    let told = Notice::new(Tone::Note, clerk.pick("Đã bỏ tệp khỏi bản nháp.", "The file was taken off the draft."));
    answer(clerk, &headers, key, told).await
}

/// With scripts the row's evidence in place, else the page anew.
async fn answer(clerk: Clerk, headers: &HeaderMap, key: ObservationKey, told: Notice) -> Result<Response, Fault> {
    if headers.contains_key("hx-request") {
        return clerk.part(move |room| in_place(room, &key, &told)).await;
    }
    Ok(clerk.to(&piece::entry_href(&key), Some(told)))
}

fn in_place(room: &Room<'_>, key: &ObservationKey, told: &Notice) -> Result<Markup, Fault> {
    let (language, token) = (room.language(), room.clerk.form_token());
    if Reported::of(&key.indicator).is_task() || !key.unit.is_empty() {
        return Ok(html! { (tasks::evidence(room, key, &token)?) (notice(told)) });
    }
    let sheet = Sheet::read(room.view(), room.now, Some(piece::month_of(key.period)), language)?;
    let line = sheet.line(&key.indicator).ok_or(Fault::NotFound)?;
    let anchor = piece::anchor(&key.indicator, "");
    Ok(html! {
        (month::evidence(line, room, &token))
        (notice(told))
        div hx-swap-oob={ "innerHTML:#outcome-" (anchor) } { (row::outcome(&sheet, line, language)) }
        (month::send_bar_in_place(&sheet, language))
    })
}
