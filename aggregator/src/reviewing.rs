//! Passing a verdict, for commands and pages alike: what is judged is looked at first, and a completion without the evidence that it needs
//! is accepted only by somebody who says so.
//!
//! It scores nothing; what a verdict does to points is the scoring rules' affair.
//!
//! Source: plan of xã Tân Lợi, V.2.2 ("bắt buộc đính kèm file minh chứng"); plan of xã Định Quán, IV.3.2; scoring rules 2026.1, "What counts".

use crate::store::{Act, ReviewRequest, Reviewed, Store, StoreError, StoredObservation};
use shared::{
    achievement::{FULL, Measure, achievement},
    amount::Amount,
    catalogue::{Catalogue, EvidenceDuty, Goal, Rule},
    effective::measured,
    observation::{Decision, Value},
    task::Reported,
};
use thiserror::Error;

/// What is kept with an acceptance without evidence.
pub const WITHOUT_EVIDENCE: &str = "chấp nhận khi chưa có minh chứng";

/// Why no verdict was passed.
#[derive(Debug, Error)]
pub enum ReviewError {
    /// There is no such figure.
    #[error("there is no such figure")]
    Nothing,
    /// A newer version than the one meant was reported.
    #[error("version {newest} was reported since")]
    Outdated {
        /// The newest version.
        newest: u32,
    },
    /// Somebody passed a verdict on this version before, and this one was to be the first.
    #[error("{by} passed a verdict before")]
    Decided {
        /// By whom.
        by: String,
        /// The decision that stands.
        decision: Decision,
    },
    /// It claims a completion, evidence is required, and there is none.
    #[error("version {version} claims completion without evidence")]
    NoEvidence {
        /// The version.
        version: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A verdict that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The version that was judged.
    pub version: u32,
    /// What it says.
    pub value: Value,
    /// Whether the period is closed: then the verdict is in force there once it is opened again.
    pub is_closed: bool,
}

/// Passes a verdict on one version of a figure: the one named, else the newest. `without_evidence` accepts a completion that lacks the
/// evidence it needs, which is noted with the verdict.
///
/// # Errors
/// [`ReviewError`]; nothing is passed then.
pub async fn review(
    store: &dyn Store,
    request: ReviewRequest,
    without_evidence: bool,
    act: Act,
) -> Result<Judged, ReviewError> {
    let figure = store.newest(&request.commune, &request.key).await?.ok_or(ReviewError::Nothing)?;
    // What arrives between the look and the verdict is not judged unseen.
    let mut request = ReviewRequest { version: request.version.or(Some(figure.version)), ..request };
    let is_meant = request.version == Some(figure.version);
    if is_meant && request.decision == Decision::Accepted {
        let (_, catalogue) = store.catalogue().await?;
        if lacks_evidence(&catalogue, &figure) {
            if !without_evidence {
                return Err(ReviewError::NoEvidence { version: figure.version });
            }
            request.reason = WITHOUT_EVIDENCE.to_owned();
        }
    }
    let period = request.key.period;
    match store.review(request, act).await? {
        Reviewed::Nothing => Err(ReviewError::Nothing),
        Reviewed::Outdated { newest } => Err(ReviewError::Outdated { newest }),
        Reviewed::Decided { by, decision } => Err(ReviewError::Decided { by, decision }),
        Reviewed::Done { version } => {
            let closings = store.closings().await?;
            let is_closed = closings.iter().any(|closing| closing.period == period && closing.is_in_force());
            Ok(Judged { version, value: figure.value, is_closed })
        }
    }
}

/// Whether a figure claims that a target is reached or a task is done, needs evidence for it, and has none.
#[must_use]
pub fn lacks_evidence(catalogue: &Catalogue, figure: &StoredObservation) -> bool {
    figure.evidence_count == 0 && needs_evidence(catalogue, figure) && is_completion(catalogue, figure)
}

fn needs_evidence(catalogue: &Catalogue, figure: &StoredObservation) -> bool {
    let asks_always = catalogue.commune(&figure.commune).is_some_and(|one| one.evidence == EvidenceDuty::Every);
    match Reported::of(&figure.key.indicator) {
        Reported::Progress(_) => true,
        Reported::Disbursement(_) => false,
        Reported::Indicator(code) => asks_always || catalogue.indicator(code).is_some_and(|one| one.requires_evidence),
    }
}

fn is_completion(catalogue: &Catalogue, figure: &StoredObservation) -> bool {
    let Some((measure, _)) = measured(figure.value) else { return false };
    let reaches = |measure: Measure, goal: Goal| achievement(measure, goal, &Rule::Proportional, None) == FULL;
    match Reported::of(&figure.key.indicator) {
        Reported::Progress(_) => reaches(measure, Goal::AtLeast { floor: Amount::from(100), bare: false }),
        Reported::Disbursement(_) => false,
        Reported::Indicator(code) => {
            let goal = |target| match figure.key.unit.is_empty() {
                true => catalogue.goal_in_total(target),
                false => target.goal,
            };
            let mut targets = catalogue.targets_of(&figure.commune).filter(|target| target.indicator == code);
            targets.any(|target| target.goal.is_scored() && reaches(measure, goal(target)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, act, batch, change, close, evidence, figure, moment},
        store::Append,
    };
    use shared::{
        change::{Change, Deed, LogPosition},
        observation::{Observation, ObservationKey},
    };

    fn progress(number: u64, percent: u32) -> Change {
        let key = ObservationKey { indicator: "task:II.1".into(), unit: String::new(), period: october() };
        let value = Value::Percent(percent.into());
        change(number, Deed::Recorded(Observation { key, value, note: String::new() }))
    }

    fn october() -> shared::period::Period {
        "2026-10".parse().unwrap()
    }

    fn request(indicator: &str, decision: Decision) -> ReviewRequest {
        ReviewRequest {
            commune: "loc-tan".into(),
            key: ObservationKey { indicator: indicator.into(), unit: String::new(), period: october() },
            version: None,
            decision,
            reason: String::new(),
            code: None,
            first: false,
        }
    }

    #[tokio::test]
    async fn a_completion_is_accepted_with_evidence_or_by_somebody_who_says_without() {
        let (_folder, store) = sample::store().await;
        // 90 % of 80 % asked; a task that is done, one half of another.
        let changes = vec![figure(1, "2026-10", 90_000), progress(2, 100)];
        let first = batch("loc-tan", 1, LogPosition::START, changes);
        let head = LogPosition { seq: 2, chain: first.changes[1].chain };
        store.append(Append { batches: vec![first], notes: Vec::new() }).await.unwrap();
        let pass = async |request, without| review(&store, request, without, act(moment())).await;
        for code in ["CDS-17", "task:II.1"] {
            let refused = pass(request(code, Decision::Accepted), false).await;
            assert!(matches!(refused, Err(ReviewError::NoEvidence { version: 1 })), "{code}: {refused:?}");
        }
        assert!(store.verdicts().await.unwrap().is_empty());
        // A return needs none, and neither does a part of the way.
        let returned = ReviewRequest { reason: "thiếu".into(), ..request("task:II.1", Decision::Returned) };
        assert_eq!(pass(returned, false).await.unwrap().version, 1);
        let more = batch("loc-tan", 1, head, vec![progress(3, 50), evidence(4, 1, 7)]);
        store.append(Append { batches: vec![more], notes: Vec::new() }).await.unwrap();
        let half = pass(request("task:II.1", Decision::Accepted), false).await.unwrap();
        assert_eq!(half, Judged { version: 2, value: Value::Percent(50.into()), is_closed: false });
        // With a file; and after the period was closed it says so.
        assert!(close(&store, "2026-10").await);
        assert!(pass(request("CDS-17", Decision::Accepted), false).await.unwrap().is_closed);
        let outdated = ReviewRequest { version: Some(1), ..request("task:II.1", Decision::Accepted) };
        assert!(matches!(pass(outdated, true).await, Err(ReviewError::Outdated { newest: 2 })));
    }

    #[tokio::test]
    async fn an_acceptance_without_evidence_is_told_with_the_verdict() {
        let (_folder, store) = sample::store().await;
        let first = batch("loc-tan", 1, LogPosition::START, vec![figure(1, "2026-10", 90_000)]);
        store.append(Append { batches: vec![first], notes: Vec::new() }).await.unwrap();
        review(&store, request("CDS-17", Decision::Accepted), true, act(moment())).await.unwrap();
        let lines = store.audit(crate::store::AuditQuestion { limit: 1, ..Default::default() }).await.unwrap();
        assert!(lines[0].detail.ends_with(WITHOUT_EVIDENCE), "{}", lines[0].detail);
    }
}
