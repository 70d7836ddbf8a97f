//! What is taken away: the monthly report with its annex, every list as a workbook or CSV, and the exports of the scoring rules.

use super::{choice, download};
use crate::{
    report::{
        cli::{Format, ReportError},
        held::Held,
        monthly::making::{MakingError, make},
        question::{AlertsAsked, Edition, ExportTable, Question, QueueAsked, Subject, TasksAsked},
    },
    site::{
        Failure, Site,
        gate::{Staff, Visitor},
        reading::schemes,
    },
};
use axum::{
    Router,
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use clap::ValueEnum;
use maud::html;
use pages::{
    frame,
    part::{self, Notice, Tone},
};
use serde::Deserialize;
use shared::{
    evidence_kind::EvidenceKind,
    language::Language,
    period::Period,
    ranking::{Scheme, Scope},
};
use tokio::sync::Semaphore;

/// Documents that are made at once: each loads all figures.
static PLACES: Semaphore = Semaphore::const_new(2);

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/reports", get(reports))
        .route("/reports/monthly/{file}", get(monthly))
        .route("/reports/lists/{file}", get(list))
        .route("/reports/exports/{file}", get(export))
}

/// A list that can be taken away: its name in addresses, in file names, and for people.
struct Taken {
    name: &'static str,
    file: &'static str,
    words: (&'static str, &'static str),
    subject: fn() -> Subject,
}

const LISTS: [Taken; 10] = [
    Taken {
        name: "rankings",
        file: "xep-hang",
        words: ("Xếp hạng", "Ranking"),
        subject: || Subject::Rankings(Scope::default()),
    },
    Taken {
        name: "schemes",
        file: "ba-cach-cham",
        words: ("Ba cách chấm", "The three schemes"),
        subject: || Subject::Schemes,
    },
    Taken {
        name: "due",
        file: "den-han",
        words: ("Đến hạn, còn thiếu", "Due and missing"),
        subject: || Subject::Due(None),
    },
    Taken {
        name: "alerts",
        file: "canh-bao",
        words: ("Đèn đỏ, đèn vàng", "Red and yellow lights"),
        subject: || Subject::Alerts(AlertsAsked::default()),
    },
    Taken {
        name: "tasks",
        file: "nhiem-vu",
        words: ("Nhiệm vụ", "Tasks"),
        subject: || Subject::Tasks(TasksAsked::default()),
    },
    Taken {
        name: "quality",
        file: "chat-luong-bao-cao",
        words: ("Chất lượng báo cáo", "Quality of reporting"),
        subject: || Subject::Quality,
    },
    Taken {
        name: "checks",
        file: "can-xem-lai",
        words: ("Cần xem lại", "To look at"),
        subject: || Subject::Checks(None),
    },
    Taken {
        name: "queue",
        file: "cho-tham-dinh",
        words: ("Chờ thẩm định", "Awaiting review"),
        subject: || Subject::Queue(QueueAsked::default()),
    },
    Taken {
        name: "reviews", file: "tham-dinh", words: ("Kết quả thẩm định", "Reviews"), subject: || Subject::Reviews
    },
    Taken {
        name: "communes",
        file: "xa-phuong-dong-bo",
        words: ("Xã, phường và tình trạng đồng bộ", "Communes and their syncs"),
        subject: || Subject::Communes,
    },
];

/// A table of the exports for people.
fn table_words(table: ExportTable, language: Language) -> &'static str {
    match table {
        ExportTable::Communes => language.pick("Xã, phường có kế hoạch", "Communes with a plan"),
        ExportTable::Indicators => language.pick("Danh mục chỉ tiêu", "Indicators"),
        ExportTable::Targets => language.pick("Mục tiêu của các kế hoạch", "Targets of the plans"),
        ExportTable::Exceptions => language.pick("Hạn nộp khác lịch chung", "Cut-off exceptions"),
        ExportTable::Observations => language.pick("Mọi phiên bản số liệu", "Every version of every figure"),
        ExportTable::Rankings => language.pick("Xếp hạng", "Ranking"),
        ExportTable::Explain => language.pick("Từng mục tiêu của từng xã", "Each target of each commune"),
    }
}

fn table_name(table: ExportTable) -> String {
    table.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    period: String,
    #[serde(default)]
    scheme: String,
}

impl Asked {
    fn read(&self, site: &Site, language: Language) -> Result<(Period, Scheme), Failure> {
        let shown = choice::period(&self.period, language)?.or_else(|| choice::begun(site).first().copied());
        let words = language.pick("Năm kế hoạch chưa bắt đầu.", "The plan year has not begun.");
        let period = shown.ok_or_else(|| Failure::NotFound(words.into()))?;
        let scheme = match self.scheme.as_str() {
            "" => Scheme::Own,
            word => Scheme::from_word(word).ok_or_else(|| {
                Failure::Bad(language.pick("Không có cách chấm này.", "There is no such scheme.").into())
            })?,
        };
        Ok((period, scheme))
    }
}

async fn reports(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    site.settle().await?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let (period, scheme) = asked.read(&site, language)?;
    let of_scheme: Vec<(String, String)> =
        schemes(language).map(|(scheme, words)| (scheme.as_str().to_owned(), words.to_owned())).to_vec();
    let picker = html! {
        form .filters action="/reports" {
            (choice::periods(&site, l("Kỳ báo cáo", "Period"), Some(period), language))
            (part::choice("scheme", l("Cách chấm", "Scheme"), &of_scheme, scheme.as_str()))
            noscript { button { (l("Chọn", "Choose")) } }
        }
    };
    let of = format!("period={period}&scheme={}", scheme.as_str());
    let both = |path: &str| {
        html! {
            td .fit { a href={ (path) ".xlsx?" (of) } download { "Excel" } }
            td .fit { a href={ (path) ".csv?" (of) } download { "CSV" } }
        }
    };
    let body = html! {
        (frame::title(l("Báo cáo, xuất số liệu", "Reports, exports"), &choice::capital(&period.in_words(language)), &picker))
        section .card {
            h2 { (l("Báo cáo tháng", "Monthly report")) }
            p { (l("Văn bản hành chính đã soạn sẵn từ số liệu của kỳ, và phụ lục Excel với mọi danh sách đầy đủ. Xem lại, ghi số, ký rồi ban hành.", "An official document composed from the period's figures, and an annex with all lists. In Vietnamese.")) }
            div .actions {
                a .button.main href={ "/reports/monthly/bao-cao.docx?period=" (period) } download { (l("Báo cáo (Word)", "Report (Word)")) }
                a .button href={ "/reports/monthly/phu-luc.xlsx?period=" (period) } download { (l("Phụ lục (Excel)", "Annex (Excel)")) }
            }
        }
        div .columns {
            section .card.flush {
                h2 { (l("Danh sách", "Lists")) }
                table { tbody { @for taken in &LISTS {
                    tr { td { (language.pick(taken.words.0, taken.words.1)) } (both(&format!("/reports/lists/{}", taken.name))) }
                } } }
            }
            section .card.flush {
                h2 { (l("Để ai cũng tính lại được", "For anybody to compute it again")) }
                table { tbody {
                    @for table in ExportTable::ALL {
                        tr { td { (table_words(table, language)) } (both(&format!("/reports/exports/{}", table_name(table)))) }
                    }
                    tr { td { (l("Danh mục để sửa và nhập lại", "The catalogue, to edit and import")) } td .fit { a href="/catalogue/workbook" download { "Excel" } } td {} }
                } }
                p .notes.padded { (l("CSV theo quy tắc chấm điểm: UTF-8, dấu chấm thập phân, thời gian có múi giờ. Tính lại bằng lệnh `recompute`.", "CSV by the scoring rules: UTF-8, decimal point, times with their offset. Computed again by `recompute`.")) }
            }
        }
        @if site.province.exercise { (part::notice(&Notice::new(Tone::Note, l("Đây là tỉnh diễn tập: văn bản và bảng Excel đều ghi rõ số liệu mô phỏng.", "This is a training province: documents and workbooks say that the figures are simulated.")))) }
    };
    Ok(visitor.page(&site, l("Báo cáo, xuất số liệu", "Reports, exports"), &body))
}

/// What could not be made, as a page.
fn unmade(error: ReportError, language: Language) -> Failure {
    match error {
        ReportError::Ask(error) => Failure::asked(&error, language),
        ReportError::Store(error) => error.into(),
        other => {
            tracing::error!(error = &other as &dyn std::error::Error, "a download could not be made");
            Failure::Internal
        }
    }
}

async fn monthly(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Path(file): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let language = visitor.language;
    let is_annex = match file.as_str() {
        "bao-cao.docx" => false,
        "phu-luc.xlsx" => true,
        _ => return Err(Failure::NotFound(String::new())),
    };
    let (period, _) = asked.read(&site, language)?;
    let _place = PLACES.acquire().await.map_err(|_| Failure::Internal)?;
    site.settle().await?;
    let (store, office) = (site.province.store.clone(), site.config.report.clone());
    let made = make(store, office, period, site.province.clock.now()).await.map_err(|error| match error {
        MakingError::NothingReported(period) => Failure::NotFound(language.pick(
            format!("Kỳ {period} chưa có số liệu nào để báo cáo."),
            format!("Nothing was reported for {period} yet."),
        )),
        MakingError::Report(error) => unmade(error, language),
        error => {
            tracing::error!(error = &error as &dyn std::error::Error, "a report could not be made");
            Failure::Internal
        }
    })?;
    let id = &site.province.id;
    Ok(match is_annex {
        false => download::file(&format!("bao-cao-{id}-{period}.docx"), EvidenceKind::Docx.media_type(), made.report),
        true => download::workbook(&format!("phu-luc-{id}-{period}.xlsx"), made.annex),
    })
}

/// A name and its ending.
fn named(file: &str) -> Result<(&str, Format), Failure> {
    let (name, ending) = file.rsplit_once('.').ok_or_else(|| Failure::NotFound(String::new()))?;
    match ending {
        "csv" => Ok((name, Format::Csv)),
        "xlsx" => Ok((name, Format::Xlsx)),
        _ => Err(Failure::NotFound(String::new())),
    }
}

async fn list(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Path(file): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let language = visitor.language;
    let (name, format) = named(&file)?;
    let taken = LISTS.iter().find(|taken| taken.name == name).ok_or_else(|| Failure::NotFound(String::new()))?;
    let (period, scheme) = asked.read(&site, language)?;
    let _place = PLACES.acquire().await.map_err(|_| Failure::Internal)?;
    site.settle().await?;
    let answered = site.ask((taken.subject)(), (Some(period), scheme), language).await;
    let listing = answered.map_err(|error| Failure::of(error, language))?;
    download::list(&format!("{}-{period}", taken.file), &listing, format, language)
}

async fn export(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Path(file): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let language = visitor.language;
    let (name, format) = named(&file)?;
    let table = ExportTable::from_str(name, false).map_err(|_| Failure::NotFound(String::new()))?;
    let (period, scheme) = asked.read(&site, language)?;
    let bytes = exported(&site, &visitor, table, (period, scheme), format).await?;
    Ok(download::of_format(&format!("{name}-{period}"), format, bytes))
}

async fn exported(
    site: &Site,
    visitor: &Visitor,
    table: ExportTable,
    (period, scheme): (Period, Scheme),
    format: Format,
) -> Result<Vec<u8>, Failure> {
    let language = visitor.language;
    let _place = PLACES.acquire().await.map_err(|_| Failure::Internal)?;
    site.settle().await?;
    let question =
        Question { subject: Subject::Export(table), period: Some(period), scheme, edition: Edition::InForce, language };
    let made = async {
        let mut held = Held::load(site.province.store.clone(), site.province.clock.now()).await?;
        match format {
            Format::Xlsx => held.workbook(&question, table).await,
            _ => Ok(held.ask(&question).await?.csv()),
        }
    };
    made.await.map_err(|error| unmade(error, language))
}
