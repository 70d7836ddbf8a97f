//! The gRPC query service: staff ask, the figures held ready answer.

use super::{
    asking::{AskingError, ask},
    question::{
        AlertsAsked, AskError, DetailAsked, ExportTable, HistoryAsked, Question, QueueAsked, Subject, TasksAsked,
        UnitsAsked, WhatIfAsked, any_light, kind, light,
    },
};
use crate::standing::Live;
use futures::stream::{self, BoxStream, StreamExt};
use proto::query::v1::{
    Report as WireReport, ReportColumn, ReportHead, ReportPart, ReportRequest, ReportRow, ReportRows,
    query_service_server::QueryService, report_part::Part,
};
use shared::{
    language::Language,
    listing::Listing,
    ranking::{Scheme, Scope},
};
use std::{iter, sync::Arc};
use tonic::{Request, Response, Status};

/// Rows in one message.
pub const ROWS_PER_PART: usize = 500;
/// Most suppositions of a question.
const MAX_SUPPOSITIONS: usize = 100;
/// Longest word of a request, in bytes.
const MAX_WORD_BYTES: usize = 200;

/// Answers [`QueryService`] calls. Who may ask is decided before this.
#[derive(Debug, Clone)]
pub struct Queries {
    live: Arc<Live>,
}

impl Queries {
    /// A service over the figures held ready.
    #[must_use]
    pub fn new(live: Arc<Live>) -> Self {
        Self { live }
    }
}

#[tonic::async_trait]
impl QueryService for Queries {
    type ReportStream = Parts;

    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<Self::ReportStream>, Status> {
        let question = question(request.get_ref())?;
        let report = ask(&self.live, &question).await;
        answered(report, &question)
    }
}

type Parts = BoxStream<'static, Result<ReportPart, Status>>;

fn answered(report: Result<Listing, AskingError>, question: &Question) -> Result<Response<Parts>, Status> {
    let report = report.map_err(|error| match error {
        AskingError::Ask(error) => Status::invalid_argument(error.explain(question.language)),
        AskingError::Store(error) => internal(&error),
        AskingError::Figures(error) => internal(&error),
    })?;
    Ok(Response::new(stream::iter(parts(report).map(Ok)).boxed()))
}

fn internal(error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error, "query failed");
    Status::internal("the store failed")
}

fn question(request: &ReportRequest) -> Result<Question, Status> {
    let words = [
        &request.period,
        &request.scheme,
        &request.group,
        &request.indicator,
        &request.kind,
        &request.commune,
        &request.language,
        &request.revision,
        &request.unit,
        &request.light,
        &request.changes,
    ];
    let suppositions = || [&request.set, &request.returned, &request.points].into_iter().flatten();
    if suppositions().count() > MAX_SUPPOSITIONS {
        return Err(Status::invalid_argument("too many suppositions"));
    }
    if words.into_iter().chain(suppositions()).any(|word| word.len() > MAX_WORD_BYTES) {
        return Err(Status::invalid_argument("a word is too long"));
    }
    let language = Language::from_word(&request.language).unwrap_or_default();
    let optional = |word: &String| (!word.is_empty()).then(|| word.clone());
    let bad = |e: String| Status::invalid_argument(e);
    let scheme = match request.scheme.as_str() {
        "" => Scheme::Own,
        word => Scheme::from_word(word).ok_or_else(|| bad(format!("unknown scheme {word:?}")))?,
    };
    let period = match request.period.as_str() {
        "" => None,
        word => Some(word.parse().map_err(|e: shared::period::PeriodError| bad(e.to_string()))?),
    };
    let scope = Scope {
        group: optional(&request.group),
        indicator: optional(&request.indicator),
        kind: kind(&request.kind).map_err(|e| bad(e.explain(language)))?,
    };
    let subject = match request.report() {
        WireReport::Unspecified => return Err(bad("no report asked for".into())),
        WireReport::Rankings => Subject::Rankings(scope),
        WireReport::Schemes => Subject::Schemes,
        WireReport::Explain if !request.indicator.is_empty() => Subject::Detail(DetailAsked {
            commune: request.commune.clone(),
            indicator: request.indicator.clone(),
            known: None,
        }),
        WireReport::Explain => Subject::Explain(request.commune.clone()),
        WireReport::History => Subject::History(HistoryAsked {
            commune: request.commune.clone(),
            indicator: request.indicator.clone(),
            unit: optional(&request.unit),
            known: None,
        }),
        WireReport::Indicator => Subject::Indicator(request.indicator.clone()),
        WireReport::Communes => Subject::Communes,
        WireReport::Due => Subject::Due(optional(&request.commune)),
        WireReport::UnitsDue => Subject::UnitsDue(request.commune.clone()),
        WireReport::Alerts => Subject::Alerts(AlertsAsked {
            commune: optional(&request.commune),
            unit: optional(&request.unit),
            light: light(&request.light).map_err(|e| bad(e.explain(language)))?,
            changes: optional(&request.changes)
                .map(|word| word.parse())
                .transpose()
                .map_err(|e: AskError| bad(e.explain(language)))?,
        }),
        WireReport::Queue => Subject::Queue(QueueAsked {
            commune: optional(&request.commune),
            indicator: optional(&request.indicator),
            all: request.all,
        }),
        WireReport::Reviews => Subject::Reviews,
        WireReport::Tasks => Subject::Tasks(TasksAsked {
            commune: optional(&request.commune),
            unit: optional(&request.unit),
            light: any_light(&request.light).map_err(|e| bad(e.explain(language)))?,
        }),
        WireReport::Units => {
            Subject::Units(UnitsAsked { commune: request.commune.clone(), indicator: optional(&request.indicator) })
        }
        WireReport::Checks => Subject::Checks(optional(&request.commune)),
        WireReport::Quality => Subject::Quality,
        WireReport::WhatIf => Subject::WhatIf(WhatIfAsked {
            commune: request.commune.clone(),
            set: request.set.clone(),
            returned: request.returned.clone(),
            points: request.points.clone(),
        }),
        export => Subject::Export(
            ExportTable::ALL
                .into_iter()
                .find(|table| wire_export(*table) == export)
                .ok_or_else(|| bad("no such report".into()))?,
        ),
    };
    let edition = request.revision.parse().map_err(|e: AskError| bad(e.explain(language)))?;
    Ok(Question { subject, period, scheme, edition, language })
}

/// The wire's word for a table of the exports.
#[must_use]
pub fn wire_export(table: ExportTable) -> WireReport {
    match table {
        ExportTable::Communes => WireReport::ExportCommunes,
        ExportTable::Indicators => WireReport::ExportIndicators,
        ExportTable::Targets => WireReport::ExportTargets,
        ExportTable::Exceptions => WireReport::ExportExceptions,
        ExportTable::Observations => WireReport::ExportObservations,
        ExportTable::Rankings => WireReport::ExportRankings,
        ExportTable::Explain => WireReport::ExportExplain,
    }
}

/// Head and rows as messages, each made when it is wanted.
fn parts(report: Listing) -> impl Iterator<Item = ReportPart> {
    let columns = report.columns.into_iter().map(|column| ReportColumn {
        name: column.name,
        heading: column.heading,
        form: column.form.as_str().to_owned(),
    });
    let head = ReportHead { title: report.title, notes: report.notes, columns: columns.collect() };
    let mut rows = report.rows.into_iter().map(|cells| ReportRow { cells });
    let chunks = iter::from_fn(move || {
        let rows: Vec<_> = rows.by_ref().take(ROWS_PER_PART).collect();
        (!rows.is_empty()).then_some(Part::Rows(ReportRows { rows }))
    });
    iter::once(Part::Head(head)).chain(chunks).map(|part| ReportPart { part: Some(part) })
}
