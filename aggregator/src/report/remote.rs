//! Asking a running aggregator instead of the local folder.

use super::{
    question::{Question, Subject},
    service::wire_export,
};
use proto::query::v1::{
    Report as WireReport, ReportRequest, query_service_client::QueryServiceClient, report_part::Part,
};
use proto::{
    connect::{self, ConnectError},
    pem, tls,
};
use shared::{
    language::Language,
    light::Light,
    listing::{Column, Form, Listing},
    ranking::Scope,
};
use std::path::{Path, PathBuf};
use thiserror::Error;
use tonic::Status;

/// Most rows that an answer may have.
pub const MAX_ROWS: usize = 20_000_000;

/// Where to ask, and as whom.
#[derive(Debug, Clone)]
pub struct Server {
    /// `https://host:port`.
    pub url: String,
    /// Folder with key.pem, certificate.pem and authority.pem.
    pub credential: PathBuf,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The credential cannot be read or used.
    #[error("the credential in {0} cannot be used: {1}")]
    Credential(String, String),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server said no.
    #[error("{}", .0.message())]
    Refused(Box<Status>),
    /// The answer is not whole or not in order.
    #[error("the answer is not well-formed")]
    Malformed,
}

/// Asks a server.
///
/// # Errors
/// [`RemoteError`]
pub async fn ask(server: &Server, question: &Question) -> Result<Listing, RemoteError> {
    let config = client_config(&server.credential)?;
    let channel = connect::channel(&server.url, tls::asking(config)).await?;
    let mut client = QueryServiceClient::new(channel)
        .accept_compressed(tonic::codec::CompressionEncoding::Zstd)
        .max_decoding_message_size(proto::MAX_FRAME_BYTES);
    let refused = |status: Status| match ConnectError::within(&status) {
        Some(error) => RemoteError::Connect(error),
        None => RemoteError::Refused(Box::new(status)),
    };
    let mut stream = client.report(request(question)).await.map_err(refused)?.into_inner();
    let mut report: Option<Listing> = None;
    while let Some(part) = stream.message().await.map_err(refused)? {
        match (part.part, &mut report) {
            (Some(Part::Head(head)), None) => {
                let columns = head.columns.into_iter().map(|column| Column {
                    form: Form::from_word(&column.form),
                    name: column.name,
                    heading: column.heading,
                });
                report =
                    Some(Listing { title: head.title, notes: head.notes, columns: columns.collect(), rows: vec![] });
            }
            (Some(Part::Rows(rows)), Some(report)) => {
                for row in rows.rows {
                    if row.cells.len() != report.columns.len() || report.rows.len() == MAX_ROWS {
                        return Err(RemoteError::Malformed);
                    }
                    report.rows.push(row.cells);
                }
            }
            _ => return Err(RemoteError::Malformed),
        }
    }
    report.ok_or(RemoteError::Malformed)
}

fn client_config(folder: &Path) -> Result<rustls::ClientConfig, RemoteError> {
    let fault = |e: &dyn std::fmt::Display| RemoteError::Credential(folder.display().to_string(), e.to_string());
    let roots = pem::read_certificates(&folder.join("authority.pem")).map_err(|e| fault(&e))?;
    let chain = pem::read_certificates(&folder.join("certificate.pem")).map_err(|e| fault(&e))?;
    let key = pem::read_key(&folder.join("key.pem")).map_err(|e| fault(&e))?;
    tls::client_config(&roots, Some((chain, key))).map_err(|e| fault(&e))
}

fn request(question: &Question) -> ReportRequest {
    let mut request = ReportRequest {
        period: question.period.map_or_else(String::new, |period| period.to_string()),
        scheme: question.scheme.as_str().to_owned(),
        revision: question.edition.to_string(),
        language: match question.language {
            Language::Vi => "vi".into(),
            Language::En => "en".into(),
        },
        ..ReportRequest::default()
    };
    let report = match &question.subject {
        Subject::Rankings(Scope { group, indicator, kind }) => {
            request.group = group.clone().unwrap_or_default();
            request.indicator = indicator.clone().unwrap_or_default();
            request.kind = kind.map_or("", |kind| kind.as_str()).to_owned();
            WireReport::Rankings
        }
        Subject::Schemes => WireReport::Schemes,
        Subject::Explain(commune) => {
            request.commune.clone_from(commune);
            WireReport::Explain
        }
        Subject::Detail(asked) => {
            request.commune.clone_from(&asked.commune);
            request.indicator.clone_from(&asked.indicator);
            WireReport::Explain
        }
        Subject::History(asked) => {
            request.commune.clone_from(&asked.commune);
            request.indicator.clone_from(&asked.indicator);
            request.unit = asked.unit.clone().unwrap_or_default();
            WireReport::History
        }
        Subject::Indicator(code) => {
            request.indicator.clone_from(code);
            WireReport::Indicator
        }
        Subject::Communes => WireReport::Communes,
        Subject::Due(commune) => {
            request.commune = commune.clone().unwrap_or_default();
            WireReport::Due
        }
        Subject::UnitsDue(commune) => {
            request.commune.clone_from(commune);
            WireReport::UnitsDue
        }
        Subject::Alerts(asked) => {
            request.commune = asked.commune.clone().unwrap_or_default();
            request.unit = asked.unit.clone().unwrap_or_default();
            request.light = asked.light.map_or("", Light::as_str).to_owned();
            request.changes = asked.changes.map_or_else(String::new, |since| since.to_string());
            WireReport::Alerts
        }
        Subject::Queue(asked) => {
            request.commune = asked.commune.clone().unwrap_or_default();
            request.indicator = asked.indicator.clone().unwrap_or_default();
            request.all = asked.all;
            WireReport::Queue
        }
        Subject::Reviews => WireReport::Reviews,
        Subject::Tasks(asked) => {
            request.commune = asked.commune.clone().unwrap_or_default();
            request.unit = asked.unit.clone().unwrap_or_default();
            request.light = asked.light.map_or("", Light::as_str).to_owned();
            WireReport::Tasks
        }
        Subject::Units(asked) => {
            request.commune.clone_from(&asked.commune);
            request.indicator = asked.indicator.clone().unwrap_or_default();
            WireReport::Units
        }
        Subject::Checks(commune) => {
            request.commune = commune.clone().unwrap_or_default();
            WireReport::Checks
        }
        Subject::Quality => WireReport::Quality,
        Subject::WhatIf(asked) => {
            request.commune.clone_from(&asked.commune);
            request.set.clone_from(&asked.set);
            request.returned.clone_from(&asked.returned);
            request.points.clone_from(&asked.points);
            WireReport::WhatIf
        }
        Subject::Export(table) => wire_export(*table),
    };
    request.set_report(report);
    request
}
