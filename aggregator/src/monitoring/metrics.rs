//! Every metric of this program. Names follow Prometheus: a unit last, `_total` for what only grows.

use crate::store::BatchOutcome;
use prometheus_client::{
    encoding::prometheus_text,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};
use proto::accept::Handshake;
use std::{fmt, time::Duration};

/// What all names begin with.
const PREFIX: &str = "tiendo_aggregator";
/// How a session can end: the reasons in the list of communes, and those that are not noted there.
pub const SESSION_OUTCOMES: [&str; 14] = [
    "done",
    "retry_later",
    "replaced",
    "agent_behind",
    "fork",
    "wrong_province",
    "upgrade_required",
    "revoked",
    "turned_away",
    "stream_broken",
    "protocol_violation",
    "time_limit",
    "server_stopped",
    "store_failed",
];
/// How long ago a commune's last good session was.
pub const LAST_SYNC: [&str; 6] = ["1d", "3d", "7d", "30d", "older", "never"];
/// Within how many days a certificate expires.
pub const EXPIRY: [&str; 3] = ["7d", "30d", "later"];

/// A label and its value.
type Label = [(&'static str, &'static str); 1];
/// Of what and how it was answered.
type Request = [(&'static str, &'static str); 2];

/// What browsers and programs ask for over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// A page, or what belongs to one.
    Page,
    /// The API.
    Api,
}

impl Surface {
    fn word(self) -> &'static str {
        match self {
            Surface::Page => "page",
            Surface::Api => "api",
        }
    }
}

/// How a request was answered, by the first digit of its status.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// The metrics of one process.
pub struct Metrics {
    registry: Registry,
    sessions: Family<Label, Counter>,
    session_duration: Histogram,
    /// Sessions going on.
    pub(super) open_sessions: Gauge,
    handshakes: Family<Label, Counter>,
    changes: Family<Label, Counter>,
    batches: Family<Label, Counter>,
    commit_duration: Histogram,
    commit_changes: Histogram,
    evidence_received: Counter,
    evidence_puts: Family<Label, Counter>,
    /// Whole files of evidence on their way to where they are kept.
    pub(crate) evidence_being_stored: Gauge,
    query_duration: Histogram,
    requests: Family<Request, Counter>,
    page_duration: Histogram,
    api_duration: Histogram,
    /// Commits that the standings have not followed yet.
    pub(super) standings_behind: Gauge,
    /// Communes by the time since their last good session.
    pub(super) communes: Family<Label, Gauge>,
    /// Bytes of evidence that were named and have not come.
    pub(super) evidence_pending: Gauge,
    /// Certificates in force by the days they have left.
    pub(super) certificates: Family<Label, Gauge>,
    /// When the server's certificate expires.
    pub(super) server_certificate: Gauge,
    /// When the authority's certificate expires.
    pub(super) authority_certificate: Gauge,
    /// Bytes of the store's files, or of the database.
    pub(super) store_bytes: Gauge,
    /// Bytes that are free where the data folder is.
    pub(super) disk_free: Gauge,
    /// When the survey was taken the last time.
    pub(super) surveyed_at: Gauge,
    /// Surveys that failed.
    pub(super) surveys_failed: Counter,
    /// Memory of this process.
    pub(super) resident: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let metrics = Self {
            sessions: counted("outcome", &SESSION_OUTCOMES),
            // 10 ms to 1,311 s.
            session_duration: Histogram::new(exponential_buckets(0.01, 4.0, 9)),
            open_sessions: Gauge::default(),
            handshakes: counted("outcome", &["done", "failed", "timed_out"]),
            changes: counted("result", &["accepted", "refused"]),
            batches: counted("outcome", &["committed", "fork", "gap", "store_failed"]),
            // 0.5 ms to 16 s.
            commit_duration: Histogram::new(exponential_buckets(0.000_5, 2.0, 16)),
            commit_changes: Histogram::new(exponential_buckets(1.0, 4.0, 8)),
            evidence_received: Counter::default(),
            evidence_puts: counted("outcome", &["done", "failed"]),
            evidence_being_stored: Gauge::default(),
            query_duration: Histogram::new(exponential_buckets(0.000_5, 2.0, 16)),
            requests: answered(),
            // 1 ms to 4 s.
            page_duration: Histogram::new(exponential_buckets(0.001, 4.0, 7)),
            api_duration: Histogram::new(exponential_buckets(0.001, 4.0, 7)),
            standings_behind: Gauge::default(),
            communes: measured("last_sync", &LAST_SYNC),
            evidence_pending: Gauge::default(),
            certificates: measured("expires_within", &EXPIRY),
            server_certificate: Gauge::default(),
            authority_certificate: Gauge::default(),
            store_bytes: Gauge::default(),
            disk_free: Gauge::default(),
            surveyed_at: Gauge::default(),
            surveys_failed: Counter::default(),
            resident: Gauge::default(),
            registry: Registry::default(),
        };
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of this program", build);
        metrics.register(&mut registry);
        Self { registry, ..metrics }
    }
}

impl Metrics {
    fn register(&self, registry: &mut Registry) {
        let counters = [
            ("sessions", "Sessions that ended, by how", &self.sessions),
            ("tls_handshakes", "TLS handshakes of agents and programs on the gRPC port", &self.handshakes),
            ("changes", "Changes that were committed, by whether they count", &self.changes),
            ("batches", "Batches of changes, by what became of them", &self.batches),
            (
                "evidence_puts",
                "Tries to bring a whole file to where it is kept, by how they ended",
                &self.evidence_puts,
            ),
        ];
        for (name, help, family) in counters {
            registry.register(name, help, family.clone());
        }
        let histograms = [
            ("session_duration_seconds", "How long sessions took", &self.session_duration),
            ("commit_duration_seconds", "How long a group commit took in the store", &self.commit_duration),
            ("commit_changes", "How many changes went into a group commit", &self.commit_changes),
            ("query_duration_seconds", "How long a question of the staff over gRPC took", &self.query_duration),
            ("page_duration_seconds", "How long it took until a page began to be answered", &self.page_duration),
            ("api_duration_seconds", "How long it took until the API began to answer", &self.api_duration),
        ];
        for (name, help, histogram) in histograms {
            registry.register(name, help, histogram.clone());
        }
        let gauges = [
            ("open_sessions", "Sessions going on", &self.open_sessions),
            ("standings_behind_commits", "Commits that the standings have not followed yet", &self.standings_behind),
            ("evidence_pending_bytes", "Evidence that was named and has not come", &self.evidence_pending),
            (
                "evidence_being_stored_files",
                "Whole files on their way to where they are kept",
                &self.evidence_being_stored,
            ),
            (
                "server_certificate_expiry_timestamp_seconds",
                "When the server's certificate expires",
                &self.server_certificate,
            ),
            (
                "authority_certificate_expiry_timestamp_seconds",
                "When the certificate of the province's authority expires",
                &self.authority_certificate,
            ),
            ("store_bytes", "Size of the store: its files, or the database", &self.store_bytes),
            ("disk_free_bytes", "Room where the data folder is", &self.disk_free),
            ("survey_timestamp_seconds", "When communes, certificates and disk were looked at last", &self.surveyed_at),
            ("resident_memory_bytes", "Memory of this process", &self.resident),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        registry.register(
            "http_requests",
            "Requests over HTTPS, of pages and of the API, by the class of the status",
            self.requests.clone(),
        );
        registry.register("communes", "Communes by the time since their last good session", self.communes.clone());
        registry.register(
            "certificates",
            "Certificates in force by the days they have left",
            self.certificates.clone(),
        );
        registry.register("evidence_received_bytes", "Evidence that was taken in", self.evidence_received.clone());
        registry.register(
            "surveys_failed",
            "Surveys that failed, most often for the store",
            self.surveys_failed.clone(),
        );
    }

    /// A session ended.
    pub fn session_ended(&self, outcome: &'static str, after: Duration) {
        self.sessions.get_or_create(&[("outcome", outcome)]).inc();
        self.session_duration.observe(after.as_secs_f64());
    }

    /// A handshake on the gRPC port ended.
    pub fn handshake(&self, how: Handshake) {
        let outcome = match how {
            Handshake::Done => "done",
            Handshake::Failed => "failed",
            Handshake::TimedOut => "timed_out",
        };
        self.handshakes.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// A transaction of the writer ended, well or not.
    pub fn committed(&self, changes: usize, took: Duration) {
        self.commit_duration.observe(took.as_secs_f64());
        self.commit_changes.observe(changes as f64);
    }

    /// What became of a batch of so many changes; none when the store failed.
    pub fn batch(&self, changes: usize, outcome: Option<&BatchOutcome>) {
        let outcome = match outcome {
            Some(BatchOutcome::Committed { refused, .. }) => {
                let accepted = changes.saturating_sub(refused.len());
                self.changes.get_or_create(&[("result", "accepted")]).inc_by(accepted as u64);
                self.changes.get_or_create(&[("result", "refused")]).inc_by(refused.len() as u64);
                "committed"
            }
            Some(BatchOutcome::Fork { .. }) => "fork",
            Some(BatchOutcome::Gap { .. }) => "gap",
            None => "store_failed",
        };
        self.batches.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Bytes of evidence came.
    pub fn evidence_received(&self, bytes: usize) {
        self.evidence_received.inc_by(bytes as u64);
    }

    /// A try to bring a whole file of evidence to where it is kept ended, well or not.
    pub fn evidence_put(&self, well: bool) {
        self.evidence_puts.get_or_create(&[("outcome", if well { "done" } else { "failed" })]).inc();
    }

    /// A question was answered.
    pub fn query(&self, took: Duration) {
        self.query_duration.observe(took.as_secs_f64());
    }

    /// A request over HTTP began to be answered, with this status.
    pub fn request(&self, surface: Surface, status: u16, took: Duration) {
        let class = match status {
            ..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.requests.get_or_create(&[("surface", surface.word()), ("status", class)]).inc();
        let durations = if surface == Surface::Api { &self.api_duration } else { &self.page_duration };
        durations.observe(took.as_secs_f64());
    }

    /// All of it in the Prometheus text format.
    #[must_use]
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

/// Counters that are there from the beginning, so that an increase from nothing is seen.
fn counted(label: &'static str, values: &[&'static str]) -> Family<Label, Counter> {
    let family = Family::<Label, Counter>::default();
    for value in values {
        drop(family.get_or_create(&[(label, *value)]));
    }
    family
}

/// The same for requests.
fn answered() -> Family<Request, Counter> {
    let family = Family::<Request, Counter>::default();
    for surface in [Surface::Page, Surface::Api] {
        for class in CLASSES {
            drop(family.get_or_create(&[("surface", surface.word()), ("status", class)]));
        }
    }
    family
}

fn measured(label: &'static str, values: &[&'static str]) -> Family<Label, Gauge> {
    let family = Family::<Label, Gauge>::default();
    for value in values {
        drop(family.get_or_create(&[(label, *value)]));
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::moment;
    use shared::change::LogPosition;
    use std::{collections::BTreeSet, fs, path::Path};

    #[test]
    fn what_happened_is_counted_under_conventional_names() {
        let metrics = Metrics::default();
        metrics.session_ended("done", Duration::from_millis(30));
        metrics.handshake(Handshake::TimedOut);
        metrics.committed(3, Duration::from_millis(2));
        let outcome =
            BatchOutcome::Committed { position: LogPosition::START, refused: Vec::new(), received_at: moment() };
        metrics.batch(3, Some(&outcome));
        metrics.batch(7, None);
        metrics.query(Duration::from_millis(1));
        metrics.request(Surface::Api, 404, Duration::from_millis(2));
        let text = metrics.exposition();
        for line in [
            "tiendo_aggregator_sessions_total{outcome=\"done\"} 1",
            "tiendo_aggregator_sessions_total{outcome=\"fork\"} 0",
            "tiendo_aggregator_tls_handshakes_total{outcome=\"timed_out\"} 1",
            "tiendo_aggregator_changes_total{result=\"accepted\"} 3",
            "tiendo_aggregator_batches_total{outcome=\"store_failed\"} 1",
            "tiendo_aggregator_commit_duration_seconds_count 1",
            "tiendo_aggregator_http_requests_total{surface=\"api\",status=\"4xx\"} 1",
            "tiendo_aggregator_http_requests_total{surface=\"page\",status=\"5xx\"} 0",
            "tiendo_aggregator_api_duration_seconds_count 1",
            "# TYPE tiendo_aggregator_query_duration_seconds histogram",
            "# TYPE tiendo_aggregator_store_bytes gauge",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("tiendo_aggregator_build_info{version=\""), "{text}");
    }

    #[test]
    fn labels_are_few_and_each_outcome_has_one() {
        let series = Metrics::default().exposition().lines().filter(|line| !line.starts_with('#')).count();
        assert!(series < 150, "{series}");
        let metrics = Metrics::default();
        let before = metrics.exposition().lines().count();
        for outcome in SESSION_OUTCOMES {
            metrics.session_ended(outcome, Duration::ZERO);
        }
        assert_eq!(metrics.exposition().lines().count(), before);
    }

    /// The names of metrics that stand in a text.
    fn named(text: &str) -> BTreeSet<String> {
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| word.starts_with("tiendo_aggregator_"))
            .map(str::to_owned)
            .collect()
    }

    /// What a series of a histogram belongs to.
    fn family(name: &str) -> &str {
        ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name)
    }

    #[test]
    fn alerts_and_dashboard_name_every_metric_and_none_that_does_not_exist() {
        let exposed: BTreeSet<String> =
            Metrics::default().exposition().lines().filter(|line| !line.starts_with('#')).flat_map(named).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/monitoring");
        let mut shown = BTreeSet::new();
        for file in ["alerts.yml", "dashboard.json"] {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            let wanted = named(&text);
            assert!(wanted.len() >= 8, "{file}: {wanted:?}");
            let missing: Vec<_> = wanted.difference(&exposed).collect();
            assert!(missing.is_empty(), "{file} names {missing:?}");
            shown.extend(wanted.iter().map(|name| family(name).to_owned()));
        }
        let unseen: Vec<_> = exposed.iter().filter(|name| !shown.contains(family(name))).collect();
        assert!(unseen.is_empty(), "neither a panel nor a rule for {unseen:?}");
        let dashboard = fs::read_to_string(folder.join("dashboard.json")).unwrap();
        let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            assert!(panel["title"].is_string() && panel["gridPos"].is_object(), "{panel}");
        }
    }
}
