//! Figures that were entered in two places, to be decided.

use super::{
    fault::{Fault, sentence},
    piece,
    visit::Clerk,
};
use crate::{
    entry::{Author, EntryError},
    settle::{self, Keep},
    store::{conflict::OpenConflict, figures::Figure},
    words,
};
use axum::{Form, response::Response};
use pages::{
    maud::{Markup, html},
    part::{self, Notice, Tone},
};
use serde::Deserialize;
use shared::language::Language;

/// What is to be decided; nothing where there is nothing.
pub fn list(conflicts: &[OpenConflict], token: &str, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let side = |figure: &Figure| {
        html! {
            strong { (words::value(figure.observation.value, language)) }
            div .small.muted { (figure.entered_by) ", " (piece::instant(figure.entered_at)) }
            @if !figure.observation.note.is_empty() { div .small { (figure.observation.note) } }
        }
    };
    // By the value, not by earlier or later: the times of entry may say the opposite.
    let keep = |figure: &Figure| format!("{} {}", l("Giữ", "Keep"), words::value(figure.observation.value, language));
    html! {
        @if !conflicts.is_empty() {
            section #conflicts .card.flush {
                h2 { (l("Nhập ở hai nơi, cần chọn bản đúng", "Entered in two places: which is right?")) small { (l("Bản tới tỉnh sau đang được tính; cả hai vẫn còn trong lịch sử", "The one that came to the province later counts; both stay in the history")) } }
                div .scroll tabindex="0" { table {
                    thead { tr { th { (l("Số liệu", "Figure")) } th { (l("Tới tỉnh trước", "Came first")) } th { (l("Tới tỉnh sau (đang tính)", "Came later (counts)")) } th { (l("Bản nào đúng?", "Which is right?")) } } }
                    tbody { @for conflict in conflicts {
                        @let key = &conflict.later.observation.key;
                        tr {
                            td { a href=(piece::entry_href(key)) { (piece::label(&key.indicator, &key.unit, language)) } div .small.muted { (piece::period(key.period, language)) } }
                            td { (side(&conflict.earlier)) }
                            td { (side(&conflict.later)) }
                            td .fit {
                                form method="post" action="/conflicts" .actions {
                                    (part::form_token(token))
                                    input type="hidden" name="conflict" value=(conflict.change_id);
                                    button name="keep" value="earlier" { (keep(&conflict.earlier)) }
                                    button name="keep" value="later" { (keep(&conflict.later)) }
                                }
                            }
                        }
                    } }
                } }
            }
        }
    }
}

/// Which version is right.
#[derive(Debug, Deserialize)]
pub struct Settled {
    form_token: String,
    conflict: String,
    keep: String,
}

/// Settles a conflict by a person's word.
pub async fn settle(clerk: Clerk, Form(form): Form<Settled>) -> Result<Response, Fault> {
    clerk.check(&form.form_token)?;
    let keep = match form.keep.as_str() {
        "earlier" => Keep::Earlier,
        "later" => Keep::Later,
        _ => return Err(Fault::Request),
    };
    let worker = clerk.clone();
    let notice = worker
        .act(move |room| {
            let open = room.view().open_conflicts()?;
            let Some(at) = open.iter().position(|one| one.change_id.to_string() == form.conflict) else {
                let text = room.pick("Việc này đã được chọn trước đó.", "This was decided before.");
                return Ok(Notice::new(Tone::Note, text));
            };
            let mut random = rand::rng();
            let mut author = Author { name: &room.clerk.name, now: room.now, random: &mut random };
            match settle::settle(room.store, &mut author, at + 1, keep) {
                Ok(_) => Ok(Notice::new(Tone::Done, room.pick("Đã chọn bản đúng.", "Decided."))),
                Err(EntryError::Store(error)) => Err(error.into()),
                Err(error) => Ok(Notice::new(Tone::Fault, sentence(&error.explain_on_page(room.language())))),
            }
        })
        .await?;
    Ok(clerk.to("/status", Some(notice)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Home;

    #[test]
    fn a_version_is_chosen_by_its_value() {
        let mut home = Home::ready();
        let mut figure = |value: &str| {
            let recorded = home.value("CDS-2", value).unwrap();
            home.store.view().figure(recorded.change_id).unwrap().unwrap()
        };
        let (earlier, later) = (figure("1250"), figure("1300"));
        let conflict = shared::change::Conflict { earlier: earlier.change_id, later: later.change_id };
        let noted_at = crate::fixture::now();
        let conflict = OpenConflict { change_id: later.change_id, conflict, earlier, later, noted_at };
        let drawn = list(&[conflict], "token", Language::Vi).into_string();
        for (which, value) in [("earlier", "1.250"), ("later", "1.300")] {
            assert!(drawn.contains(&format!("value=\"{which}\">Giữ {value}<")), "{drawn}");
        }
        assert!(list(&[], "token", Language::Vi).into_string().is_empty());
    }
}
