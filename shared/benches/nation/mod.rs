//! Figures of the nation's size for benchmarks: 3,321 communes with 100 indicators each. Made up.

use shared::{
    amount::Amount,
    catalogue::{CommuneKind, Direction, Goal, Kind, Rule},
    observation::Value,
    period::Period,
    tables::{CommuneRow, IndicatorRow, Inputs, ObservationRow, TargetRow},
    text::Text,
};

pub const COMMUNES: u32 = 3_321;
pub const INDICATORS: u32 = 100;

/// All of them.
#[allow(dead_code, reason = "not every benchmark takes the nation")]
pub fn inputs(month: Period) -> Inputs {
    inputs_of(COMMUNES, month)
}

/// So many communes.
pub fn inputs_of(communes: u32, month: Period) -> Inputs {
    let wanted = communes;
    let goal = Goal::AtLeast { floor: Amount::from(80), bare: false };
    let communes = (0..wanted).map(|c| CommuneRow {
        slug: format!("c{c}"),
        code: c.to_string(),
        name: format!("Xã {c:04}"),
        kind: CommuneKind::Xa,
        cycle: None,
    });
    let indicators = (0..INDICATORS).map(|i| IndicatorRow {
        code: format!("A-{i}"),
        group: "A".into(),
        name: String::new(),
        unit: "%".into(),
        kind: Kind::Ratio,
        direction: Direction::AtLeast,
        cycle: None,
        rule: Rule::Proportional,
        points: Amount::ONE,
        standard: Some(goal),
    });
    let pairs = || (0..wanted).flat_map(|c| (0..INDICATORS).map(move |i| (c, i)));
    let targets = pairs().map(|(c, i)| TargetRow {
        commune: format!("c{c}").into(),
        plan_ref: i.to_string().into(),
        indicator: format!("A-{i}").into(),
        goal,
        lead_unit: Text::default(),
        deadline: None,
        requires_evidence: true,
    });
    let received_at = "2026-10-10T00:00:00Z".parse().unwrap();
    let observations = pairs().map(|(c, i)| ObservationRow {
        commune: format!("c{c}"),
        indicator: format!("A-{i}"),
        unit: String::new(),
        period: month,
        version: 1,
        value: Value::Ratio { numerator: (c * 31 + i * 17).rem_euclid(97).into(), denominator: 97.into() },
        entered_by: String::new(),
        entered_at: received_at,
        received_at,
        evidence_count: i % 2,
        verdict: None,
    });
    Inputs {
        communes: communes.collect(),
        indicators: indicators.collect(),
        targets: targets.collect(),
        exceptions: Vec::new(),
        observations: observations.collect(),
    }
}
