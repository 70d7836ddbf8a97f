//! Workbooks: the template down, the filled one up. What would change is shown first; nothing is recorded before it is confirmed.

use super::{
    fault::{Fault, sentence},
    incoming::Parcel,
    piece,
    visit::{Clerk, Drawn, Room},
};
use crate::{
    entry::{Author, EntryError},
    import::{self, Faults, How, ImportError, Imported, Reader},
    month::Month,
    template::{self, TemplateError, Wanted},
    words,
};
use axum::{
    Form,
    extract::{Multipart, Query},
    http::{
        HeaderValue,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use pages::{
    frame,
    maud::{Markup, html},
    part::{self, FileField, Notice, Tone},
};
use serde::Deserialize;
use shared::{language::Language, observation::Refusal, period::Period};

/// The content type of a workbook.
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Most figures of a preview.
const MOST_LISTED: usize = 500;

/// Which period.
#[derive(Debug, Clone, Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    period: String,
    #[serde(default)]
    unit: String,
}

/// `/excel`
pub async fn page(clerk: Clerk, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    clerk.draw("/excel", move |room| draw(room, asked.period.parse().ok(), &html! {})).await
}

fn draw(room: &mut Room<'_>, asked: Option<Period>, found: &Markup) -> Result<Drawn, Fault> {
    let language = room.language();
    let l = |vi, en| language.pick(vi, en);
    let month = Month::at_hand(room.view(), room.now, asked)?;
    let token = room.clerk.form_token();
    let mut units = vec![(String::new(), l("Cả xã", "The whole commune").to_owned())];
    for unit in &month.catalogue.units {
        let name = match unit.members {
            0 => unit.name.clone(),
            members => language.pick(
                format!("{} (mỗi nơi một dòng, {members} nơi)", unit.name),
                format!("{} (a line for each of {members})", unit.name),
            ),
        };
        units.push((unit.code.clone(), name));
    }
    let body = html! {
        (frame::title("Excel", l("Tải mẫu về điền, rồi đưa lên. Xem trước được thay đổi; chỉ ghi khi xác nhận.", "Download the template, fill it in, and upload it. What would change is shown first; nothing is recorded before you confirm."), &html! {}))
        (found)
        div .columns {
            section .card {
                h2 { (l("1. Tải mẫu", "1. The template")) }
                form .fields method="get" action="/excel/template" {
                    label .field { span { (l("Kỳ", "Period")) } select name="period" {
                        @for number in (1..=12).rev() {
                            @if let Some(one) = Period::new(month.period.year(), shared::period::Cycle::Monthly, number) {
                                option value=(one) selected[one == month.period] { (piece::period(one, language)) }
                            }
                        }
                    } }
                    label .field { span { (l("Cho", "For")) } select name="unit" {
                        @for (code, name) in &units { option value=(code) { (name) } }
                    } }
                    p .small.muted { (l("Mẫu có sẵn chỉ tiêu, mục tiêu và số liệu kỳ trước; chỉ điền ô vàng.", "It has indicators, targets and the figures of before; fill in the yellow cells.")) }
                    div .actions { button .main { (l("Tải mẫu .xlsx", "Download the .xlsx")) } }
                }
            }
            section .card {
                h2 { (l("2. Đưa tệp đã điền lên", "2. The filled workbook")) }
                form .fields method="post" action="/excel" enctype="multipart/form-data" {
                    (part::form_token(&token))
                    (part::file_field(FileField {
                        name: "file",
                        label: l("Tệp số liệu", "Workbook"),
                        accept: ".xlsx,.csv",
                        is_multiple: false,
                        button: l("Chọn tệp…", "Choose a file…"),
                        words: l("hoặc kéo tệp .xlsx, .csv vào đây", "or drop an .xlsx or .csv here"),
                    }))
                    div .actions { button .main { (l("Xem trước thay đổi", "Show what would change")) } }
                }
            }
        }
    };
    Ok(Drawn::new("Excel", body))
}

/// `/excel/template`
pub async fn template(clerk: Clerk, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let visitor = clerk.clone();
    let made = clerk
        .act(move |room| {
            let month = Month::at_hand(room.view(), room.now, asked.period.parse().ok())?;
            let unit = (!asked.unit.is_empty()).then_some(asked.unit.as_str());
            let wanted = Wanted { period: month.period, unit, indicators: &[] };
            let told = &|value| words::value(value, Language::Vi);
            match template::make(room.view(), &month.catalogue, &wanted, told) {
                Ok(bytes) => {
                    let unit = unit.map(|unit| format!("-{}", unit.to_lowercase())).unwrap_or_default();
                    Ok(Ok((format!("so-lieu-{}{unit}-{}.xlsx", month.catalogue.commune.slug, month.period), bytes)))
                }
                Err(TemplateError::Store(error)) => Err(error.into()),
                Err(TemplateError::UnknownUnit(code)) => Err(EntryError::from(Refusal::UnknownUnit(code)).into()),
                Err(TemplateError::UnknownIndicator(code)) => {
                    Err(EntryError::from(Refusal::UnknownIndicator(code)).into())
                }
                Err(TemplateError::NothingToFillIn) => Ok(Err(room.pick(
                    "Kế hoạch không giao chỉ tiêu nào cho đơn vị này.",
                    "The plan gives this unit no indicator.",
                ))),
                Err(error) => Err(Fault::system(error)),
            }
        })
        .await?;
    match made {
        Ok((name, bytes)) => {
            let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
            let disposition =
                HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"")).map_err(Fault::system)?;
            let headers = [(CONTENT_TYPE, HeaderValue::from_static(WORKBOOK)), (CONTENT_DISPOSITION, disposition)];
            Ok((headers, bytes).into_response())
        }
        Err(text) => Ok(visitor.to("/excel", Some(Notice::new(Tone::Warning, text)))),
    }
}

/// Judges a filled workbook, keeps it until it is confirmed, and shows what would change.
pub async fn upload(clerk: Clerk, form: Multipart) -> Result<Response, Fault> {
    let parcel = Parcel::receive(&clerk.desk.folder, import::MAX_FILE_BYTES, form, |token| clerk.check(token)).await?;
    clerk
        .draw("/excel", move |room| {
            let language = room.language();
            let (path, text) = match (parcel.excess, parcel.files.first()) {
                (Some(excess), _) => (None, excess.explain(import::MAX_FILE_BYTES, language)),
                (None, path) => (path, room.pick("Chưa chọn tệp nào.", "No file was chosen.").to_owned()),
            };
            let Some(path) = path else {
                return Ok(draw(room, None, &part::notice(&Notice::new(Tone::Fault, text)))?.wrong());
            };
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let judged = import::read_file(path).and_then(|bytes| {
                if !is_table(&name, &bytes) {
                    return Ok(None);
                }
                let mut random = rand::rng();
                let mut author = Author { name: &room.clerk.name, now: room.now, random: &mut random };
                let how = How { dry_run: true, overwrite: false };
                Ok(Some((import::import(room.store, &mut author, &bytes, how)?, bytes)))
            });
            match judged {
                Ok(None) => {
                    let text = room.pick(
                        format!("{name} không phải bảng tính .xlsx hay tệp .csv: tải mẫu ở bước 1, điền rồi đưa lên."),
                        format!("{name} is no .xlsx workbook and no .csv file: fill in the template of step 1 and upload that."),
                    );
                    Ok(draw(room, None, &part::notice(&Notice::new(Tone::Fault, text)))?.wrong())
                }
                Ok(Some((imported, bytes))) => {
                    let id = room.clerk.desk.uploads.keep(room.clerk.key(), &bytes, room.now)?;
                    let token = room.clerk.form_token();
                    let catalogue = room.view().catalogue()?.ok_or(EntryError::NoCatalogue)?;
                    let indicator_name = |code: &str| {
                        catalogue
                            .indicator(code)
                            .map(|one| language.pick(&one.name, &one.name_en).clone())
                            .unwrap_or_default()
                    };
                    let preview = preview(&imported, &name, &id, &token, &indicator_name, language);
                    draw(room, None, &preview)
                }
                Err(error) => {
                    let told = faults(error, &name, language)?;
                    Ok(draw(room, None, &told)?.wrong())
                }
            }
        })
        .await
}

/// Whether it can be a table at all: text is taken for one only where its name says so. What begins as a workbook of old or new kind
/// is told more exactly by who reads it.
fn is_table(name: &str, bytes: &[u8]) -> bool {
    let is_csv = name.to_lowercase().ends_with(".csv") || name.to_lowercase().ends_with(".txt");
    is_csv || bytes.starts_with(b"PK") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

fn preview(
    imported: &Imported,
    file: &str,
    id: &str,
    token: &str,
    named: &dyn Fn(&str) -> String,
    language: Language,
) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let count = imported.recorded.len();
    html! {
        section .card.flush {
            h2 { (language.pick(format!("Tệp hợp lệ: {count} số liệu sẽ được ghi"), format!("The file is sound: {count} figures would be recorded"))) small { (file) } }
            @if imported.unchanged + imported.blank > 0 {
                p .pad.muted { (language.pick(
                    format!("{} dòng giống số liệu đã có, {} dòng để trống: bỏ qua.", imported.unchanged, imported.blank),
                    format!("{} rows are stored just so already, {} are blank: left alone.", imported.unchanged, imported.blank),
                )) }
            }
            @if count == 0 {
                (part::empty(l("Tệp không có gì mới để ghi", "There is nothing new in the file"), ""))
            } @else {
                div .scroll.tall tabindex="0" { table {
                    thead { tr { th .num { (l("Dòng", "Row")) } th { (l("Chỉ tiêu", "Indicator")) } th { (l("Đơn vị", "Unit")) } th { (l("Kỳ", "Period")) } th .num { (l("Hiện có", "Now")) } th .num { (l("Sẽ thành", "Would be")) } th { (l("Ghi chú, cần xem lại", "Note, to look at again")) } } }
                    tbody { @for (row, recorded) in imported.recorded.iter().take(MOST_LISTED) {
                        @let key = &recorded.observation.key;
                        tr {
                            td .num { (row) }
                            td { span .code { (key.indicator) } " " (named(&key.indicator)) }
                            td { (key.unit) }
                            td .fit { (piece::period(key.period, language)) }
                            td .num { @match &recorded.previous { Some(previous) => (words::value(previous.observation.value, language)), None => span .muted { "–" } } }
                            td .num { strong { (words::value(recorded.observation.value, language)) } }
                            td .words { (recorded.observation.note)
                                @for (_, _, doubt) in imported.doubts.iter().filter(|(of, _, _)| of == row) { p .told.doubt { (doubt.explain(language)) } }
                                @if !recorded.has_target { p .told.doubt { (l("ngoài kế hoạch của xã", "not in the commune's plan")) } }
                            }
                        }
                    } }
                } }
                @if count > MOST_LISTED { p .pad.muted { "… +" (count - MOST_LISTED) } }
                @if imported.doubts.iter().any(|(.., doubt)| doubt.asks_for_a_note()) {
                    p .pad { (l("Có điểm nên xem lại: nếu đúng, nên ghi lý do vào cột Ghi chú rồi đưa lên lại; người thẩm định cũng thấy các điểm này.", "Some figures should be looked at again: where they are right, say why in the note column and upload it again; reviewers see these too.")) }
                }
                form .pad.actions method="post" action="/excel/confirm" {
                    (part::form_token(token))
                    input type="hidden" name="upload" value=(id);
                    button .main { (language.pick(format!("Ghi {count} số liệu"), format!("Record {count} figures"))) }
                    a .button href="/excel" { (l("Bỏ", "Leave it")) }
                }
            }
        }
    }
}

/// What is wrong with a file, by sheet and cell.
fn faults(error: ImportError, file: &str, language: Language) -> Result<Markup, Fault> {
    let l = |vi, en| language.pick(vi, en);
    let one = |text: &str| part::notice(&Notice::new(Tone::Fault, format!("{file}: {}", sentence(text))));
    Ok(match error {
        ImportError::Entry(error) => return Err(error.into()),
        ImportError::Unreadable(error) => return Err(Fault::system(error)),
        ImportError::TooLarge => one(l("tệp lớn hơn 8 MiB, hãy chia nhỏ", "larger than 8 MiB, split it")),
        ImportError::Workbook(error) => one(&error.explain(language)),
        ImportError::Foreign(error) => one(&error.explain(language)),
        ImportError::Faults(faults) => html! {
            section .card.flush role="alert" {
                h2 { (language.pick(format!("Tệp có {} lỗi, chưa ghi gì", faults.count), format!("The file has {} faults, nothing was recorded", faults.count))) small { (file) } }
                div .scroll.tall tabindex="0" { table {
                    thead { tr { th { (l("Ở đâu", "Where")) } th { (l("Lỗi và cách sửa", "What is wrong")) } } }
                    tbody { @for (place, reason) in told(&faults, language) { tr { td .fit { (sentence(&place).trim_end_matches('.')) } td .words { (sentence(&reason)) } } } }
                } }
                @if faults.count > faults.named.len() { p .pad.muted { (language.pick(format!("… và {} lỗi khác", faults.count - faults.named.len()), format!("… and {} more", faults.count - faults.named.len()))) } }
            }
        },
    })
}

/// Faults by row: they were found column by column.
fn told(faults: &Faults, language: Language) -> Vec<(String, String)> {
    let mut told: Vec<_> =
        faults.named.iter().map(|fault| fault.row).zip(faults.told(Reader::Page, language)).collect();
    told.sort_by_key(|(row, _)| *row);
    told.into_iter().map(|(_, told)| told).collect()
}

/// Which upload is confirmed.
#[derive(Debug, Deserialize)]
pub struct Confirmed {
    form_token: String,
    upload: String,
}

/// Records a workbook that was shown.
pub async fn confirm(clerk: Clerk, Form(form): Form<Confirmed>) -> Result<Response, Fault> {
    clerk.check(&form.form_token)?;
    let worker = clerk.clone();
    let (to, notice) = worker
        .act(move |room| {
            let (desk, of) = (room.clerk.desk.clone(), room.clerk.key());
            let Some(bytes) = desk.uploads.read(of, &form.upload) else {
                let text = room.pick(
                    "Tệp đã đưa lên quá lâu hoặc đã được ghi rồi. Hãy đưa lên lại nếu cần.",
                    "The file was uploaded too long ago, or is recorded already. Upload it again if need be.",
                );
                return Ok(("/excel", Notice::new(Tone::Warning, text)));
            };
            let mut random = rand::rng();
            let mut author = Author { name: &room.clerk.name, now: room.now, random: &mut random };
            match import::import(room.store, &mut author, &bytes, How::default()) {
                Ok(imported) => {
                    desk.uploads.drop(of, &form.upload);
                    let count = imported.recorded.len();
                    let text = room.pick(
                        format!("Đã ghi {count} số liệu từ tệp; máy sẽ tự gửi về tỉnh."),
                        format!("Recorded {count} figures from the file; they go to the province by themselves."),
                    );
                    Ok(("/", Notice::new(Tone::Done, text)))
                }
                Err(ImportError::Entry(error)) => Err(error.into()),
                Err(_) => {
                    let text = room.pick(
                        "Danh mục đã đổi từ khi đưa tệp lên: hãy đưa lên lại để xem trước.",
                        "The catalogue has changed since: upload the file again.",
                    );
                    Ok(("/excel", Notice::new(Tone::Fault, text)))
                }
            }
        })
        .await?;
    Ok(clerk.to(to, Some(notice)))
}
