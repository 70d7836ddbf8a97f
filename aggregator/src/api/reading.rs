//! A list, as JSON page by page or as CSV: the answer that the commands and the pages have.

use super::{
    asked::Asked,
    caller::Caller,
    paging::{self, Book, USUAL_LIMIT},
    problem::{Fault, Problem},
    resource::{Resource, Source},
};
use crate::{
    report::{
        asking::ask,
        closed::closing_of,
        closings,
        question::{ExportTable, Question, Subject},
    },
    site::Site,
    store::Closing,
};
use axum::{
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, VARY},
    },
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use shared::{calendar::rfc3339, listing::Listing, period::Period, ranking::Scheme, vietnamese};
use std::sync::Arc;

/// Most lines of the audit history that are read.
pub(super) const MAX_AUDIT_LINES: u32 = 100_000;

/// Answers with a list.
///
/// # Errors
/// What was asked does not exist; the list changed between two pages; the store's.
pub(super) async fn listed(
    site: &Site,
    resource: &'static Resource,
    (source, asked): (Source, Asked),
    caller: &Caller,
    (path, headers): (&str, &HeaderMap),
) -> Result<Response, Problem> {
    let key = format!("{path}?{} {} {:?}", asked.canonical(), caller.account.name, caller.language);
    let after = asked.text("after").map(paging::read).transpose()?;
    let held = after.as_ref().and_then(|(mark, _)| site.books.find(&key, mark));
    let book = match held {
        Some(book) => book,
        None => Arc::new(book(site, resource, source, &asked, caller).await?),
    };
    if prefers_csv(headers) {
        return Ok(tagged(headers, "text/csv; charset=utf-8", book.listing.csv()));
    }
    let place = match after {
        Some((mark, _)) if mark != book.mark => return Err(Problem::new(Fault::Changed, "")),
        Some((_, place)) => place,
        None => 0,
    };
    let limit = asked.parsed::<u32>("limit").unwrap_or(USUAL_LIMIT) as usize;
    let rows = &book.listing.rows;
    let end = place.saturating_add(limit).min(rows.len());
    let page = Listing {
        columns: book.listing.columns.clone(),
        rows: rows.get(place..end).unwrap_or_default().to_vec(),
        ..Listing::default()
    };
    let next = (end < rows.len()).then(|| paging::cursor(&book.mark, end));
    if next.is_some() {
        site.books.keep(key, &book);
    }
    let columns = page
        .columns
        .iter()
        .map(|column| json!({"name": column.name, "heading": column.heading, "form": column.form.as_str()}));
    let mut body = book.head.clone();
    body.insert("columns".into(), columns.collect());
    body.insert("rows".into(), page.json());
    body.insert("next".into(), next.clone().into());
    let mut response = tagged(headers, "application/json", Value::Object(body).to_string().into_bytes());
    if let Some(next) = next {
        let link = format!("<{}>; rel=\"next\"", asked.next(resource, path, &next));
        response.headers_mut().extend(HeaderValue::from_str(&link).ok().map(|link| (LINK, link)));
    }
    Ok(response)
}

/// The whole list with its head.
async fn book(
    site: &Site,
    resource: &'static Resource,
    source: Source,
    asked: &Asked,
    caller: &Caller,
) -> Result<Book, Problem> {
    let language = caller.language;
    site.settle_nearly().await?;
    let takes = |name: &str| resource.parameters.iter().any(|one| one.name == name);
    let scheme = asked.parsed_scheme();
    let (subject, only) = match source {
        Source::Answer(subject) => (Some(subject), Vec::new()),
        Source::Part(subject, only) => (Some(subject), only),
        Source::Closings => {
            let listing = closings::listing(&*site.province.store, false, language).await;
            let listing = listing.map_err(|error| Problem::of(error, language))?;
            return Ok(bound(site, listing, asked, (None, None, None)));
        }
        Source::Audit(question) => {
            let lines = site.province.store.audit(question).await?;
            return Ok(bound(site, crate::report::audit::listing(&lines, language), asked, (None, None, None)));
        }
    };
    let question = Question {
        subject: subject.unwrap_or(Subject::Communes),
        period: asked.parsed("period"),
        scheme,
        edition: asked.parsed("edition").unwrap_or_default(),
        language,
    };
    let (period, closing) = {
        let figures = site.live.read();
        let bad = |error| Problem::asked(&error, language);
        let period = match (&question.subject, question.period) {
            // Without a period: the whole plan year.
            (Subject::Export(ExportTable::Observations) | Subject::History(_), None) => None,
            (_, asked) if takes("period") => Some(figures.period(asked).map_err(bad)?),
            _ => None,
        };
        (period, closing_of(&figures, &question).map_err(bad)?.map(|(closing, _)| closing))
    };
    let mut listing = ask(&site.live, &question).await.map_err(|error| Problem::of(error, language))?;
    for (column, cell) in only {
        if let Some(at) = listing.columns.iter().position(|one| one.name == column) {
            listing.rows.retain(|row| row.get(at) == Some(&cell));
        }
    }
    Ok(bound(site, listing, asked, (period, takes("scheme").then_some(scheme), closing)))
}

/// A list with its head; only the rows that are searched for.
fn bound(
    site: &Site,
    mut listing: Listing,
    asked: &Asked,
    (period, scheme, closing): (Option<Period>, Option<Scheme>, Option<Closing>),
) -> Book {
    if let Some(wanted) = asked.text("search") {
        let wanted = vietnamese::folded(wanted);
        listing.rows.retain(|row| row.iter().any(|cell| vietnamese::folded(cell).contains(&wanted)));
    }
    let closed = closing.map(|closing| {
        json!({
            "revision": closing.revision,
            "closed_at": rfc3339(closing.closed_at),
            "closed_by": closing.closed_by,
            "digest": closing.digest.map(hex::encode),
        })
    });
    let head: Map<String, Value> = [
        ("period", period.map(|period| period.to_string()).into()),
        ("scheme", scheme.map(Scheme::as_str).into()),
        ("closed", closed.into()),
        ("simulated", site.province.exercise.into()),
        ("title", listing.title.clone().into()),
        ("notes", listing.notes.clone().into()),
    ]
    .into_iter()
    .map(|(name, value): (&str, Value)| (name.to_owned(), value))
    .collect();
    Book { mark: paging::mark(&listing), listing, head }
}

impl Asked {
    fn parsed_scheme(&self) -> Scheme {
        self.text("scheme").and_then(Scheme::from_word).unwrap_or(Scheme::Own)
    }
}

/// Whether CSV is asked for before JSON.
fn prefers_csv(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    let first = accepted.split(',').map(|one| one.split(';').next().unwrap_or_default().trim());
    first.into_iter().find(|kind| ["text/csv", "application/json", "*/*"].contains(kind)) == Some("text/csv")
}

/// An answer with a strong tag over its content; nothing but the tag where the caller has it already.
pub(super) fn tagged(headers: &HeaderMap, kind: &'static str, body: Vec<u8>) -> Response {
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    let is_known = known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*");
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => body.into_response(),
    };
    let answered = response.headers_mut();
    answered.extend(HeaderValue::from_str(&tag).ok().map(|tag| (ETAG, tag)));
    answered.insert(VARY, HeaderValue::from_static("accept, accept-language, authorization"));
    if !is_known {
        answered.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}
