//! Views made by hand, there and back, and what is refused.

use super::*;
use proptest::prelude::*;
use prost::Message;
use shared::catalogue::Catalogue;

fn indicator(code: &str, standard: Option<Goal>, rule: &str, cycle: Option<Cycle>) -> Indicator {
    Indicator {
        code: code.into(),
        group: "CDS".into(),
        group_name: "Chuyển đổi số".into(),
        name: "Tỷ lệ hồ sơ trực tuyến".into(),
        name_en: "Share of online files".into(),
        unit: "%".into(),
        kind: Kind::Ratio,
        direction: Direction::AtLeast,
        cycle,
        rule: Rule::from_text(rule).unwrap(),
        points: "2.5".parse().unwrap(),
        requires_evidence: true,
        standard,
        note: String::new(),
        at_most_of: "A-1".into(),
    }
}

fn target(commune: &str, goal: Goal) -> Target {
    Target {
        commune: commune.into(),
        plan_ref: "II.1".into(),
        indicator: "CDS-01".into(),
        goal,
        wording: "Đạt tối thiểu 80%\nhồ sơ".into(),
        printed: "≥ 80%".into(),
        unit: "%".into(),
        lead_unit: "Văn phòng".into(),
        deadline: "2026-12-31".parse().ok(),
        deadline_text: "Năm 2026".into(),
        note: "một chỉ tiêu, hai mức".into(),
        per_unit: "AP".into(),
    }
}

fn task(commune: &str) -> Task {
    let text = String::new;
    Task {
        commune: commune.into(),
        code: "NV-1".into(),
        group: "Hạ tầng".into(),
        title: "Nâng cấp đường truyền".into(),
        detail: text(),
        output: text(),
        kpi: text(),
        lead_unit: text(),
        coordinating_units: text(),
        deadline_text: "Quý II".into(),
        deadline: None,
        recurring: true,
        budget_million_vnd: "120.5".parse().ok(),
        note: text(),
    }
}

fn catalogue() -> Catalogue {
    let amount = |text: &str| -> Amount { text.parse().unwrap() };
    let goals = [
        Goal::AtLeast { floor: amount("80"), bare: false },
        Goal::AtLeast { floor: amount("80"), bare: true },
        Goal::AtMost(amount("0.5")),
        Goal::Range { low: amount("10"), high: amount("20") },
        Goal::Yes,
        Goal::Unspecified,
    ];
    let commune = Commune {
        slug: "dinh-quan".into(),
        code: "26242".into(),
        name: "Xã Định Quán".into(),
        kind: CommuneKind::Xa,
        cycle: Some(Cycle::Quarterly),
        units_cutoff: None,
        cutoff: Some(19),
        report: None,
        note: "000-16".into(),
        evidence: EvidenceDuty::Every,
    };
    let other = Commune { slug: "tan-phu".into(), kind: CommuneKind::Phuong, cycle: None, ..commune.clone() };
    let unit = |commune: &str| Unit {
        commune: commune.into(),
        code: "van-phong".into(),
        name: "Văn phòng HĐND và UBND".into(),
        variants: String::new(),
        role: String::new(),
        members: 21,
    };
    Catalogue {
        province: Province {
            id: "dong-nai".into(),
            name: "Đồng Nai".into(),
            plan_year: 2026,
            rules: "2026.1".into(),
            days: DueDays::default(),
        },
        indicators: vec![
            indicator("CDS-01", None, "proportional", None),
            indicator("CDS-02", Some(goals[3]), "steps 1:1 0.75:0.75", Some(Cycle::Yearly)),
            indicator("CDS-03", Some(Goal::Yes), "relative", Some(Cycle::Monthly)),
        ],
        communes: vec![commune, other],
        targets: goals.into_iter().flat_map(|goal| [target("dinh-quan", goal), target("tan-phu", goal)]).collect(),
        tasks: vec![task("tan-phu"), task("dinh-quan")],
        units: vec![unit("dinh-quan"), unit("tan-phu")],
    }
}

#[test]
fn a_view_survives_the_wire_and_holds_one_commune_only() {
    for slug in ["dinh-quan", "tan-phu"] {
        let view = catalogue().view_of(slug, 3).unwrap();
        assert_eq!((view.targets.len(), view.tasks.len(), view.units.len()), (6, 1, 1));
        let bytes = to_wire(&view).encode_to_vec();
        assert_eq!(from_wire(v1::CommuneCatalogue::decode(bytes.as_slice()).unwrap()), Ok(view));
    }
    assert_eq!(catalogue().view_of("xuan-loc", 3), None);
}

fn refused(change: impl FnOnce(&mut v1::CommuneCatalogue)) -> String {
    let mut wire = to_wire(&catalogue().view_of("dinh-quan", 1).unwrap());
    change(&mut wire);
    from_wire(wire).unwrap_err().to_string()
}

#[test]
fn each_refusal_names_its_field() {
    let cases = [
        ("catalogue.version", refused(|c| c.version = 0)),
        ("catalogue.plan_year", refused(|c| c.plan_year = -1)),
        ("catalogue.commune", refused(|c| c.commune = None)),
        ("catalogue.days", refused(|c| c.days = None)),
        ("catalogue.province", refused(|c| c.province.clear())),
        ("days.cutoff_day", refused(|c| c.days.as_mut().unwrap().cutoff_day = 0)),
        ("commune.cutoff_day", refused(|c| c.commune.as_mut().unwrap().cutoff_day = 32)),
        ("commune.kind", refused(|c| c.commune.as_mut().unwrap().kind = "thon".into())),
        ("indicator.rule", refused(|c| c.indicators[0].rule = "steps".into())),
        ("indicator.points", refused(|c| c.indicators[0].points = "many".into())),
        ("indicator.standard", refused(|c| c.indicators[0].standard_value = "5".into())),
        ("target.goal", refused(|c| c.targets[0].value.clear())),
        ("target.goal", refused(|c| c.targets[3].high = "1".into())),
        ("target.deadline", refused(|c| c.targets[0].deadline = "31/12/2026".into())),
        ("unit.code", refused(|c| c.units[0].code.clear())),
        ("task.budget_million_vnd", refused(|c| c.tasks[0].budget_million_vnd = "x".into())),
        ("catalogue", refused(|c| c.units = vec![v1::Unit::default(); MAX_ROWS + 1])),
    ];
    for (field, error) in cases {
        assert_eq!(error.split(": ").next(), Some(field), "{error}");
    }
}

proptest! {
    #[test]
    fn a_damaged_view_is_read_or_refused(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = to_wire(&catalogue().view_of("dinh-quan", 1).unwrap()).encode_to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let read = v1::CommuneCatalogue::decode(bytes.as_slice()).ok().and_then(|wire| from_wire(wire).ok());
        if let Some(view) = read {
            prop_assert_eq!(from_wire(to_wire(&view)), Ok(view));
        }
    }
}
