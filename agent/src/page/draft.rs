//! What is typed: kept as one types, and sent.

use super::{
    fault::Fault,
    month::{self, Asked},
    piece, row,
    sheet::Sheet,
    units,
    visit::{Clerk, Room},
};
use crate::{
    draft::{self, Fields},
    entry::Author,
};
use axum::{
    Form,
    extract::Query,
    response::{IntoResponse, Response},
};
use pages::{
    maud::{Markup, html},
    part::{Notice, Tone},
};
use shared::{observation::ObservationKey, period::Period};
use std::collections::BTreeMap;

/// Most fields of a form.
const MAX_FIELDS: usize = 4_000;

/// The fields of a form, by name.
type Sent = Vec<(String, String)>;

/// What was typed, figure by figure.
fn typed(form: Sent) -> Vec<(ObservationKey, Fields)> {
    let mut all: BTreeMap<ObservationKey, Fields> = BTreeMap::new();
    for (name, value) in form.into_iter().take(MAX_FIELDS) {
        let Some((field, key)) = row::field_of(&name) else { continue };
        let fields = all.entry(key).or_default();
        match field {
            "n" => fields.numerator = value,
            "d" => fields.denominator = value,
            "v" => fields.value = value,
            _ => fields.note = value.replace("\r\n", "\n"),
        }
    }
    all.into_iter().collect()
}

fn value<'a>(form: &'a Sent, name: &str) -> &'a str {
    form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// Keeps a row as it is typed; answers with what it comes to.
pub async fn keep(clerk: Clerk, Form(form): Form<Sent>) -> Result<Response, Fault> {
    clerk.check(value(&form, "form_token"))?;
    clerk
        .part(move |room| {
            let typed = typed(form);
            let Some((key, _)) = typed.first().cloned() else { return Err(Fault::Request) };
            draft::keep(room.store, &room.clerk.name, room.now, typed)?;
            outcome(room, &key)
        })
        .await
}

/// What a figure comes to, and the bar that sends.
fn outcome(room: &Room<'_>, key: &ObservationKey) -> Result<Markup, Fault> {
    let language = room.language();
    let sheet = Sheet::read(room.view(), room.now, Some(piece::month_of(key.period)), language)?;
    let bar = month::send_bar_in_place(&sheet, language);
    let outcome = match key.unit.is_empty() {
        true => sheet.line(&key.indicator).map(|line| row::outcome(&sheet, line, language)),
        false => units::outcome(room, &sheet, key)?,
    };
    Ok(html! {
        (outcome.unwrap_or_default())
        (bar)
    })
}

/// Keeps all that is typed, for browsers without scripts.
pub async fn keep_all(clerk: Clerk, Form(form): Form<Sent>) -> Result<Response, Fault> {
    clerk.check(value(&form, "form_token"))?;
    let typed = typed(form);
    let back = typed.first().map_or_else(|| "/".to_owned(), |(key, _)| back_to(key));
    let notice = Notice::new(
        Tone::Done,
        clerk.pick("Đã lưu bản nháp trên máy này, chưa gửi.", "Kept as drafts on this computer, not sent."),
    );
    let done = clerk.to(&back, Some(notice));
    clerk.act(move |room| Ok(draft::keep(room.store, &room.clerk.name, room.now, typed)?)).await?;
    Ok(done)
}

fn back_to(key: &ObservationKey) -> String {
    match key.unit.is_empty() {
        true => format!("/?period={}", piece::month_of(key.period)),
        false => piece::entry_href(key),
    }
}

/// Keeps what stands in the form and sends all drafts of the month.
pub async fn send(clerk: Clerk, Query(asked): Query<Asked>, Form(form): Form<Sent>) -> Result<Response, Fault> {
    clerk.check(value(&form, "form_token"))?;
    let only_sound = value(&form, "which") == "sound";
    let typed = typed(form);
    let worker = clerk.clone();
    let wanted = asked.clone();
    let (period, sent, left) = worker
        .act(move |room| {
            let period = month_asked(room, &wanted, &typed)?;
            draft::keep(room.store, &room.clerk.name, room.now, typed)?;
            let mut random = rand::rng();
            let mut author = Author { name: &room.clerk.name, now: room.now, random: &mut random };
            let sent = draft::send(room.store, &mut author, period, only_sound)?;
            Ok((period, sent.recorded.len(), sent.faults.len()))
        })
        .await?;
    if sent == 0 && left > 0 {
        let asked = Asked { period: period.to_string(), ..asked };
        let here = asked.href(period);
        return clerk.draw(&here, move |room| Ok(month::draw(room, &asked, true)?.wrong())).await;
    }
    let notice = match (sent, left) {
        (0, _) => Notice::new(Tone::Note, clerk.pick("Không có bản nháp nào để gửi.", "There is no draft to send.")),
        (sent, 0) => Notice::new(
            Tone::Done,
            clerk.pick(
                format!("Đã ghi {sent} số liệu; máy sẽ tự gửi về tỉnh. Xem mục Tình trạng."),
                format!("Recorded {sent} figures; they go to the province by themselves. See Status."),
            ),
        ),
        (sent, left) => Notice::new(
            Tone::Warning,
            clerk.pick(
                format!("Đã ghi {sent} số liệu; {left} số liệu còn lỗi vẫn giữ dạng bản nháp."),
                format!("Recorded {sent} figures; {left} with faults stay drafts."),
            ),
        ),
    };
    Ok(clerk.to(&asked.href(period), Some(notice)).into_response())
}

fn month_asked(room: &Room<'_>, asked: &Asked, typed: &[(ObservationKey, Fields)]) -> Result<Period, Fault> {
    let of_form = typed.first().map(|(key, _)| piece::month_of(key.period));
    if let Some(period) = asked.period().or(of_form) {
        return Ok(period);
    }
    Ok(crate::month::Month::at_hand(room.view(), room.now, None)?.period)
}
