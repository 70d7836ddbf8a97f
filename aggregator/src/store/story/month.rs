//! The stories of a working month: alerts that come and go, verdicts with their reasons.

use super::one;
use crate::{
    sample::{act, batch, figure, moment},
    store::{Alert, ReviewRequest, Reviewed, Store},
};
use chrono::TimeDelta;
use shared::{
    change::LogPosition,
    light::Light,
    observation::{Decision, ObservationKey},
    period::Period,
    review::Reason,
};

pub(super) async fn every(store: &impl Store) {
    alerts_are_kept_from_when_they_were_raised_until_they_are_cleared(store).await;
    verdicts_are_kept_with_their_reasons(store).await;
}

async fn alerts_are_kept_from_when_they_were_raised_until_they_are_cleared(store: &impl Store) {
    let october: Period = "2026-10".parse().unwrap();
    let alert = |plan_ref: &str, light| Alert {
        commune: "tan-phu".into(),
        plan_ref: plan_ref.into(),
        light,
        cause: "behind".into(),
    };
    let at = |hours| moment() + TimeDelta::hours(hours);
    let (first, second) = (alert("1", Light::Yellow), alert("2", Light::Red));
    // The same light twice is one alert; another cause, or a light that turns from yellow to red, is another; a third is cleared.
    for (hours, alerts) in [
        (0, vec![first.clone(), second.clone(), first.clone()]),
        (1, vec![Alert { cause: "not_reported".into(), ..first.clone() }, second.clone()]),
        (2, vec![alert("1", Light::Red), second.clone()]),
        (3, vec![second.clone()]),
    ] {
        store.note_alerts(october, alerts, at(hours)).await.unwrap();
    }
    let events = store.alert_events(moment()).await.unwrap();
    let mut seen: Vec<_> = events
        .iter()
        .map(|event| (event.alert.plan_ref.as_str(), event.alert.light, event.raised_at, event.cleared_at))
        .collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            ("1", Light::Red, at(2), Some(at(3))),
            ("1", Light::Yellow, at(0), Some(at(1))),
            ("1", Light::Yellow, at(1), Some(at(2))),
            ("2", Light::Red, at(0), None),
        ]
    );
    let causes: Vec<&str> = events.iter().map(|event| event.alert.cause.as_str()).collect();
    assert_eq!(causes.iter().filter(|cause| **cause == "not_reported").count(), 1);
    assert!(events.iter().all(|event| event.period == october));
    assert_eq!(store.alert_events(at(3)).await.unwrap().len(), 2, "those that were cleared before are history");
    store.note_alerts(october, Vec::new(), at(4)).await.unwrap();
    assert!(store.alert_events(at(5)).await.unwrap().is_empty());
}

async fn verdicts_are_kept_with_their_reasons(store: &impl Store) {
    let _ = one(store, batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-10", 10)])).await;
    let key = ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: "2026-10".parse().unwrap() };
    let request = ReviewRequest {
        commune: "tan-phu".into(),
        key: key.clone(),
        version: Some(1),
        decision: Decision::Returned,
        reason: Reason::NotIssued.told("quyết định"),
        code: Some(Reason::NotIssued),
        first: false,
    };
    assert_eq!(store.review(request.clone(), act(moment())).await.unwrap(), Reviewed::Done { version: 1 });
    let kept = store.verdicts().await.unwrap();
    assert_eq!((kept.len(), kept[0].code, &kept[0].key), (1, Some(Reason::NotIssued), &key));
    assert_eq!((kept[0].reviewer.as_str(), kept[0].decided_at), ("an", moment()));
    let accepted = ReviewRequest { decision: Decision::Accepted, reason: String::new(), code: None, ..request };
    let later = moment() + TimeDelta::hours(1);
    let _ = store.review(accepted, act(later)).await.unwrap();
    let kept = store.verdicts().await.unwrap();
    assert_eq!((kept.len(), kept[0].code, kept[0].decided_at), (1, None, later), "the last word on a version");
}
