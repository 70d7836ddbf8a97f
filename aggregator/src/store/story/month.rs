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
    alerts_of_many_communes_are_brought_level_where_they_are_not(store).await;
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

async fn alerts_of_many_communes_are_brought_level_where_they_are_not(store: &impl Store) {
    let october: Period = "2026-10".parse().unwrap();
    // More than two transactions' worth.
    let alert = |commune: usize, plan_ref: &str, cause: &str| Alert {
        commune: format!("xa-{commune:02}"),
        plan_ref: plan_ref.into(),
        light: Light::Red,
        cause: cause.into(),
    };
    let all = |changed: Option<usize>| -> Vec<Alert> {
        let cause = |commune| if changed == Some(commune) { "returned" } else { "behind" };
        (0..70).flat_map(|commune| [alert(commune, "1", cause(commune)), alert(commune, "2", "behind")]).collect()
    };
    // After what was raised and cleared above.
    let at = |hours: i64| moment() + TimeDelta::hours(10 + hours);
    store.note_alerts(october, all(None), at(0)).await.unwrap();
    let raised = store.alert_events(at(1)).await.unwrap();
    assert!(raised.iter().map(|event| &event.alert).eq(&all(None)), "in their order");
    store.note_alerts(october, all(None), at(1)).await.unwrap();
    assert!(store.alert_events(at(0)).await.unwrap() == raised, "what is level stays as it is");
    // One of them changes, one commune's are over.
    let now: Vec<Alert> = all(Some(40)).into_iter().filter(|alert| alert.commune != "xa-69").collect();
    store.note_alerts(october, now.clone(), at(2)).await.unwrap();
    let events = store.alert_events(at(0)).await.unwrap();
    let over: Vec<_> =
        events.iter().filter(|event| event.cleared_at == Some(at(2))).map(|event| &event.alert).collect();
    assert_eq!(over, [&alert(40, "1", "behind"), &alert(69, "1", "behind"), &alert(69, "2", "behind")]);
    let mut standing: Vec<_> = events.into_iter().filter(|event| event.cleared_at.is_none()).collect();
    assert!(standing.iter().all(|event| event.raised_at == at(if event.alert.cause == "returned" { 2 } else { 0 })));
    standing.sort_by(|one, other| one.alert.cmp(&other.alert));
    assert!(standing.iter().map(|event| &event.alert).eq(&now));
    store.note_alerts(october, Vec::new(), at(3)).await.unwrap();
    assert!(store.alert_events(at(4)).await.unwrap().is_empty());
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
