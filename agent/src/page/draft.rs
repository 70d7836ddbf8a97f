//! What is typed: kept as one types, and sent.

use super::{
    fault::Fault,
    month::{self, Asked, Attempt},
    piece, row,
    sheet::Sheet,
    units,
    visit::{Clerk, Room},
};
use crate::{
    draft::{self, Draft, Fields},
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
use shared::{
    observation::{MAX_NOTE_CHARS, ObservationKey},
    period::Period,
};
use std::collections::BTreeMap;

/// Most fields of a form.
const MAX_FIELDS: usize = 4_000;
/// Largest form of a month, in bytes: a page has up to 200 rows, and a letter of a note takes up to nine bytes on its way.
pub const MAX_BYTES: usize = 200 * (9 * MAX_NOTE_CHARS + 2_000);

/// The fields of a form, by name.
type Sent = Vec<(String, String)>;

/// The fields of a figure as they came, and the mark of what stood there when they were drawn.
#[derive(Default)]
struct Came {
    fields: Fields,
    was: Option<String>,
}

impl Came {
    /// Whether somebody typed here: all fields of a page come back, also those that nobody touched, and these may be old.
    fn is_typed(&self) -> bool {
        self.was.as_ref().is_none_or(|was| *was != row::mark(&self.fields))
    }
}

/// What came, figure by figure.
fn came(form: Sent) -> BTreeMap<ObservationKey, Came> {
    let mut all: BTreeMap<ObservationKey, Came> = BTreeMap::new();
    for (name, value) in form.into_iter().take(MAX_FIELDS) {
        let Some((field, key)) = row::field_of(&name) else { continue };
        let came = all.entry(key).or_default();
        match field {
            "n" => came.fields.numerator = value,
            "d" => came.fields.denominator = value,
            "v" => came.fields.value = value,
            "was" => came.was = Some(value),
            _ => came.fields.note = value.replace("\r\n", "\n"),
        }
    }
    all.into_iter().map(|(key, came)| (key, Came { fields: came.fields.bounded(), ..came })).collect()
}

/// What was typed of all that came.
fn typed(all: BTreeMap<ObservationKey, Came>) -> Vec<(ObservationKey, Fields)> {
    all.into_iter().filter(|(_, came)| came.is_typed()).map(|(key, came)| (key, came.fields)).collect()
}

/// The drafts of which a page showed, untouched, what they do not say any more: somebody typed in another window since.
fn overtaken(drafts: &[Draft], all: &BTreeMap<ObservationKey, Came>) -> Vec<ObservationKey> {
    let is_old = |draft: &&Draft| {
        let came = all.get(&draft.key).filter(|came| !came.is_typed());
        came.is_some_and(|came| came.was.as_ref().is_some_and(|was| *was != row::mark(&draft.fields)))
    };
    drafts.iter().filter(is_old).map(|draft| draft.key.clone()).collect()
}

fn value<'a>(form: &'a Sent, name: &str) -> &'a str {
    form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// Keeps a row as it is typed; answers with what it comes to.
pub async fn keep(clerk: Clerk, Form(form): Form<Sent>) -> Result<Response, Fault> {
    clerk.check(value(&form, "form_token"))?;
    clerk
        .part(move |room| {
            // The row was typed in, whatever stands in it now.
            let Some((key, came)) = came(form).pop_first() else { return Err(Fault::Request) };
            draft::keep(room.store, &room.clerk.name, room.now, vec![(key.clone(), came.fields.clone())])?;
            Ok(html! { (outcome(room, &key)?) (row::drawn_in_place(&key, &came.fields)) })
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
    let all = came(form);
    let back = all.keys().next().map_or_else(|| "/".to_owned(), back_to);
    let typed = typed(all);
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
    let all = came(form);
    let worker = clerk.clone();
    let wanted = asked.clone();
    let (period, sent, left, overtaken) = worker
        .act(move |room| {
            let period = month_asked(room, &wanted, all.keys().next())?;
            let overtaken = overtaken(&room.view().drafts(period)?, &all);
            draft::keep(room.store, &room.clerk.name, room.now, typed(all))?;
            if !overtaken.is_empty() {
                return Ok((period, 0, 0, overtaken));
            }
            let mut random = rand::rng();
            let mut author = Author { name: &room.clerk.name, now: room.now, random: &mut random };
            let sent = draft::send(room.store, &mut author, period, only_sound)?;
            Ok((period, sent.recorded.len(), sent.faults.len(), overtaken))
        })
        .await?;
    let attempt = match (overtaken.is_empty(), sent, left) {
        (false, ..) => Attempt::Overtaken(overtaken),
        (true, 0, 1..) => Attempt::Faulty,
        _ => Attempt::None,
    };
    if !matches!(attempt, Attempt::None) {
        let asked = Asked { period: period.to_string(), ..asked };
        let here = asked.href(period);
        return clerk.draw(&here, move |room| Ok(month::draw(room, &asked, &attempt)?.wrong())).await;
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

fn month_asked(room: &Room<'_>, asked: &Asked, first: Option<&ObservationKey>) -> Result<Period, Fault> {
    let of_form = first.map(|key| piece::month_of(key.period));
    if let Some(period) = asked.period().or(of_form) {
        return Ok(period);
    }
    Ok(crate::month::Month::at_hand(room.view(), room.now, None)?.period)
}
