//! Closed periods for everybody, where the province has turned it on: a list, and the files of each period.

use super::{Failure, Site, gate::Visitor, hall};
use crate::{
    open_data::{self, PACKAGE_FILE},
    store::Closing,
};
use axum::{
    Router,
    extract::{Path, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use maud::html;
use pages::{frame, part, preference::Preferences};
use shared::{
    calendar::rfc3339,
    listing::{Form, for_people},
    snapshot::HEAD_FILE,
};

/// For how long a copy may be used without asking again.
const CACHED: &str = "public, max-age=300";

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/open-data", get(list)).route("/open-data/{period}/{file}", get(file))
}

/// The closings that everybody may have.
async fn published(site: &Site) -> Result<Vec<Closing>, Failure> {
    if !site.config.pages.open_data {
        return Err(Failure::NotFound(String::new()));
    }
    Ok(open_data::published(&*site.province.store).await?)
}

async fn list(State(site): State<Site>, visitor: Option<Visitor>, headers: HeaderMap) -> Result<Response, Failure> {
    let closings = published(&site).await?;
    let frame = match &visitor {
        Some(visitor) => visitor.frame(&site),
        None => hall::empty(&site, Preferences::of(&headers), "/open-data"),
    };
    let language = frame.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let about = l(
        "Số liệu, mục tiêu và xếp hạng của các kỳ đã chốt, đúng như khi chốt. Ai cũng tính lại được bằng lệnh recompute.",
        "The figures, targets and rankings of closed periods, as they were closed. Anyone can compute them again with recompute.",
    );
    let body = html! {
        (frame::title(l("Dữ liệu mở", "Open data"), about, &html! {}))
        p { (l("Giấy phép: ", "Licence: ")) strong { (site.config.pages.open_data_licence) } }
        @if closings.is_empty() {
            div .card { (part::empty(l("Chưa có kỳ nào được chốt", "No period is closed yet"), l("Các bảng sẽ có ở đây ngay khi một kỳ được chốt.", "The tables appear here as soon as a period is closed."))) }
        }
        @for closing in &closings {
            @let package = site.packages.of(&*site.province.store, closing).await?;
            @if let Some(package) = package {
                section .card {
                    h2 { (l("Kỳ ", "Period ")) (closing.period)
                        small .muted { (language.pick(format!("chốt lần {}", closing.revision), format!("revision {}", closing.revision))) ", " (for_people(Form::Time, &rfc3339(closing.closed_at), language)) }
                    }
                    ul .files {
                        @for (name, bytes) in &package.snapshot.tables {
                            li { a href={ "/open-data/" (closing.period) "/" (name) } { (name) } " " small .muted { (size(bytes.len(), language)) } }
                        }
                        li { a href={ "/open-data/" (closing.period) "/" (HEAD_FILE) } { (HEAD_FILE) } " " small .muted { (l("mã SHA-256 của từng bảng", "SHA-256 of each table")) } }
                        li { a href={ "/open-data/" (closing.period) "/" (PACKAGE_FILE) } { (PACKAGE_FILE) } " " small .muted { (l("mô tả các cột", "the columns described")) } }
                    }
                    p .small .muted { (l("Mã băm (SHA-256 của snapshot.txt): ", "Digest (SHA-256 of snapshot.txt): ")) code .hash { (closing.digest.map(hex::encode).unwrap_or_default()) } }
                }
            }
        }
    };
    Ok(frame.page(l("Dữ liệu mở", "Open data"), &body).into_response())
}

fn size(bytes: usize, language: shared::language::Language) -> String {
    let tenths = bytes.div_ceil(103);
    let text = format!("{}.{}", tenths / 10, tenths % 10);
    format!("{} KB", shared::listing::number_for_people(&text, language))
}

async fn file(
    State(site): State<Site>,
    Path((period, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let closings = published(&site).await?;
    let missing = || Failure::NotFound(String::new());
    let closing = open_data::named(&closings, &period).ok_or_else(missing)?;
    // What a closing says never changes, and neither does what describes it but for the licence.
    let digest = closing.digest.map(hex::encode).unwrap_or_default();
    let licence = pages::token::hash(&site.config.pages.open_data_licence);
    let tag = format!("\"{}-{}-{}\"", &digest[..digest.len().min(32)], closing.revision, hex::encode(&licence[..4]));
    let is_known =
        headers.get(IF_NONE_MATCH).is_some_and(|known| known.to_str().is_ok_and(|known| known.contains(&tag)));
    let package = site.packages.of(&*site.province.store, closing).await?.ok_or_else(missing)?;
    let (kind, bytes) = match name.as_str() {
        PACKAGE_FILE => {
            let province = &site.province.rulebook().catalogue.province.name;
            let licence = &site.config.pages.open_data_licence;
            let description = open_data::description(&package, province, licence, site.province.exercise);
            ("application/json", format!("{description:#}\n").into_bytes())
        }
        HEAD_FILE => ("text/plain; charset=utf-8", package.snapshot.head_file()),
        name => ("text/csv; charset=utf-8", package.snapshot.tables.get(name).ok_or_else(missing)?.clone()),
    };
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let answered = response.headers_mut();
    answered.insert(CACHE_CONTROL, HeaderValue::from_static(CACHED));
    answered.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    if !is_known {
        answered.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let disposition = format!("inline; filename=\"{}-{name}\"", closing.period);
        answered.extend(HeaderValue::from_str(&disposition).ok().map(|value| (CONTENT_DISPOSITION, value)));
    }
    Ok(response)
}
