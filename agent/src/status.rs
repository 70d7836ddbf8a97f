//! The state of this commune's synchronisation, honestly: never "done" unless the province has durably confirmed it.

use crate::{
    config::Config,
    refusal,
    service::{plan, situation},
    store::{
        StoreError, View,
        figures::{Figure, StoredRefusal},
    },
    uplink::outcome::End,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::{calendar::rfc3339, language::Language, review::in_language};
use std::collections::BTreeSet;

/// Above this the clock is called wrong: two minutes.
pub const MAX_SKEW_MS: u64 = 2 * 60 * 1000;

/// Everything that `status` tells. Field names are stable; instants are RFC 3339.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Slug.
    pub commune: String,
    /// Name.
    pub commune_name: String,
    /// Province id.
    pub province: String,
    /// Address of the province.
    pub server: String,
    /// Whether all figures are simulated.
    pub exercise: bool,
    /// When this computer joined.
    pub joined_at: String,
    /// Version of the catalogue held; 0 for none.
    pub catalogue_version: u64,
    /// Changes not yet confirmed.
    pub pending: u64,
    /// Changes that the province has taken.
    pub acknowledged: u64,
    /// Changes that the province has refused, ever.
    pub refused_total: u64,
    /// What is refused and has not been entered anew.
    pub refused: Vec<Refused>,
    /// Figures that a reviewer returned.
    pub returned: Vec<Returned>,
    /// Evidence bound to figures.
    pub evidence_files: u64,
    /// Its bytes.
    pub evidence_bytes: u64,
    /// Of these, files whose bytes the province does not hold yet.
    pub evidence_pending_files: u64,
    /// Their bytes that are still to be sent.
    pub evidence_pending_bytes: u64,
    /// Evidence whose bytes cannot be sent as things are, with what to do.
    pub evidence_stuck: Vec<Stuck>,
    /// Of these, files that are not on this computer any more, or not as they were.
    pub evidence_missing_files: u64,
    /// Of these, files that the province does not take.
    pub evidence_refused_files: u64,
    /// `equal`, `different` or `unknown`: whether both ends hold the same records.
    pub digests: &'static str,
    /// When they were last compared.
    pub digests_compared_at: Option<String>,
    /// Records that were made anew at either end because they differed, ever.
    pub digests_healed: u64,
    /// Figures entered in two places that nobody has looked at.
    pub conflicts: u64,
    /// Receipts of the province that are kept.
    pub receipts: u64,
    /// When the newest bundle was made, if what it carries is not confirmed yet.
    pub bundle_unanswered_since: Option<String>,
    /// Until when this computer's certificate is valid; it renews itself at half of its life.
    pub certificate_until: Option<String>,
    /// The last good session.
    pub last_success: Option<String>,
    /// The last session, if it failed.
    pub last_failure: Option<Failed>,
    /// The province's clock minus ours, milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// Whether that is too much.
    pub clock_wrong: bool,
    /// When the service holds the next session.
    pub next_run: String,
    /// Why then.
    pub next_run_cause: &'static str,
    /// Where the page is served, while it is.
    pub page: Option<String>,
}

/// A change that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Indicator.
    pub indicator: String,
    /// Unit, empty for the whole commune.
    pub unit: String,
    /// Period.
    pub period: String,
    /// The evidence file, empty for a figure.
    pub file: String,
    /// Who entered it.
    pub entered_by: String,
    /// Stable code.
    pub code: String,
    /// In words, with what to do.
    pub reason: String,
}

/// A file of evidence whose bytes cannot be sent as things are.
#[derive(Debug, Clone, Serialize)]
pub struct Stuck {
    /// Indicator.
    pub indicator: String,
    /// Unit, empty for the whole commune.
    pub unit: String,
    /// Period.
    pub period: String,
    /// The file's name.
    pub file: String,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
    /// `missing` or `refused`.
    pub state: &'static str,
    /// Stable code.
    pub code: String,
    /// In words, with what to do.
    pub reason: String,
}

/// A figure that was returned.
#[derive(Debug, Clone, Serialize)]
pub struct Returned {
    /// Indicator.
    pub indicator: String,
    /// Unit.
    pub unit: String,
    /// Period.
    pub period: String,
    /// Version.
    pub version: u32,
    /// The reviewer's reason.
    pub reason: String,
    /// The reviewer.
    pub reviewer: String,
    /// When.
    pub decided_at: String,
}

/// A session that failed.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// When.
    pub at: String,
    /// Stable word.
    pub code: String,
    /// In words, with what to do.
    pub reason: String,
    /// For logs.
    pub detail: String,
}

impl Status {
    /// Gathers it.
    ///
    /// # Errors
    /// What the store says.
    pub fn of(
        view: View<'_>,
        config: &Config,
        certificate_until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
        language: Language,
    ) -> Result<Self, StoreError> {
        let belonging = view.belonging()?.ok_or(StoreError::NotJoined)?;
        let (head, confirmed, refused_total) = (view.head()?.seq, view.acknowledged_seq()?, view.refused_count()?);
        let due = plan(view, config)?.next(now, &situation(view)?);
        let (evidence, exercise, skew_ms) = (view.evidence_total()?, view.exercise()?.on, view.last_skew_ms()?);
        let (outstanding, comparison) = (view.outstanding_files()?, view.comparison()?);
        let stuck = stuck(view, language)?;
        let last_failure = view.last_run()?.filter(|run| run.outcome != End::Done.as_str()).map(|run| Failed {
            at: rfc3339(run.ended_at),
            reason: End::from_word(&run.outcome).unwrap_or(End::Protocol).explain(language).into(),
            code: run.outcome,
            detail: run.detail,
        });
        Ok(Self {
            server: config.servers(&belonging).join(", "),
            commune: belonging.commune,
            commune_name: belonging.commune_name,
            province: belonging.province,
            exercise,
            joined_at: rfc3339(belonging.joined_at),
            catalogue_version: view.catalogue_version()?,
            pending: head - confirmed.min(head),
            acknowledged: confirmed - refused_total.min(confirmed),
            refused_total,
            refused: refused(view, language)?,
            returned: view.returned_figures()?.into_iter().filter_map(|figure| returned(figure, language)).collect(),
            evidence_files: evidence.files,
            evidence_bytes: evidence.size_bytes,
            evidence_pending_files: outstanding.files,
            evidence_pending_bytes: outstanding.bytes,
            evidence_missing_files: files(&stuck, "missing"),
            evidence_refused_files: files(&stuck, "refused"),
            evidence_stuck: stuck,
            digests: comparison.map_or("unknown", |compared| if compared.equal { "equal" } else { "different" }),
            digests_compared_at: comparison.map(|compared| rfc3339(compared.at)),
            digests_healed: comparison.map_or(0, |compared| compared.healed),
            conflicts: view.open_conflicts()?.len() as u64,
            receipts: view.receipt_count()?,
            bundle_unanswered_since: view
                .newest_bundle()?
                .filter(|bundle| bundle.answered_at.is_none() && bundle.end > confirmed)
                .map(|bundle| rfc3339(bundle.made_at)),
            certificate_until: certificate_until.map(rfc3339),
            last_success: view.last_success()?.map(|run| rfc3339(run.ended_at)),
            last_failure,
            clock_skew_ms: skew_ms.filter(|_| !exercise),
            clock_wrong: !exercise && skew_ms.is_some_and(|skew| skew.unsigned_abs() > MAX_SKEW_MS),
            next_run: rfc3339(due.at.max(now)),
            next_run_cause: due.cause.as_str(),
            page: None,
        })
    }
}

fn refused(view: View<'_>, language: Language) -> Result<Vec<Refused>, StoreError> {
    let catalogue = view.catalogue()?;
    let mut all = Vec::new();
    for figure in view.refused_figures()? {
        let Some(refusal) = figure.refusal else { continue };
        let (key, value) = (figure.observation.key, figure.observation.value);
        all.push(Refused {
            reason: refusal::explain(&refusal, &key, Some(value), catalogue.as_ref(), language),
            indicator: key.indicator,
            unit: key.unit,
            period: key.period.to_string(),
            file: String::new(),
            entered_by: figure.entered_by,
            code: refusal.code,
        });
    }
    for evidence in view.refused_evidence()? {
        let key = evidence.key;
        all.push(Refused {
            reason: refusal::explain(&evidence.refusal, &key, None, catalogue.as_ref(), language),
            indicator: key.indicator,
            unit: key.unit,
            period: key.period.to_string(),
            file: evidence.name,
            entered_by: String::new(),
            code: evidence.refusal.code,
        });
    }
    Ok(all)
}

fn stuck(view: View<'_>, language: Language) -> Result<Vec<Stuck>, StoreError> {
    let catalogue = view.catalogue()?;
    let told = view.stuck_attachments()?.into_iter().map(|file| {
        let refusal = StoredRefusal { code: file.code, detail: String::new() };
        Stuck {
            reason: refusal::explain(&refusal, &file.key, None, catalogue.as_ref(), language),
            indicator: file.key.indicator,
            unit: file.key.unit,
            period: file.key.period.to_string(),
            file: file.name,
            sha256: hex::encode(file.sha256),
            state: if file.is_lost { "missing" } else { "refused" },
            code: refusal.code,
        }
    });
    Ok(told.collect())
}

/// How many files: one that is bound to several figures counts once.
fn files(stuck: &[Stuck], state: &str) -> u64 {
    let of_state = stuck.iter().filter(|file| file.state == state);
    of_state.map(|file| &file.sha256).collect::<BTreeSet<_>>().len() as u64
}

fn returned(figure: Figure, language: Language) -> Option<Returned> {
    let verdict = figure.verdict?;
    Some(Returned {
        indicator: figure.observation.key.indicator,
        unit: figure.observation.key.unit,
        period: figure.observation.key.period.to_string(),
        version: figure.version?,
        reason: in_language(&verdict.reason, language),
        reviewer: verdict.reviewer,
        decided_at: rfc3339(verdict.decided_at),
    })
}
