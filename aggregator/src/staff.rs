//! The query service behind the check of who calls, and answered from figures that are up to date.

use crate::{access::Access, monitoring::Metrics, notice::Notices, report::service::Queries};
use proto::query::v1::{ReportRequest, query_service_server::QueryService};
use std::sync::Arc;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

/// Lets the staff ask, and nobody else.
pub(crate) struct StaffOnly {
    pub(crate) access: Access,
    pub(crate) notices: Arc<Notices>,
    pub(crate) queries: Queries,
    pub(crate) metrics: Arc<Metrics>,
}

#[tonic::async_trait]
impl QueryService for StaffOnly {
    type ReportStream = <Queries as QueryService>::ReportStream;

    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<Self::ReportStream>, Status> {
        let name = self.access.staff(request.extensions()).await?;
        tracing::debug!(staff = %name, "query");
        let begun = Instant::now();
        self.notices.settle_nearly().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let answer = self.queries.report(request).await;
        self.metrics.query(begun.elapsed());
        answer
    }
}
