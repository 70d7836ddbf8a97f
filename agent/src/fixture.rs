//! For tests: a small catalogue, a store in a folder of its own, and a person who enters things.

use crate::{
    entry::{self, Author, EntryError, Form, Recorded, Typed},
    folder::Folder,
    store::{Store, meta::Belonging},
};
use chrono::{DateTime, NaiveDate, Utc};
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    calendar::DueDays,
    catalogue::{
        Commune, CommuneKind, Direction, EvidenceDuty, Goal, Indicator, Kind, Province, Rule, Target, Task, Unit,
        view::CommuneView,
    },
    change::Incarnation,
    feed::FeedItem,
};
use tempfile::TempDir;

pub fn now() -> DateTime<Utc> {
    "2026-10-16T02:00:00Z".parse().unwrap()
}

fn indicator(code: &str, kind: Kind) -> Indicator {
    Indicator {
        code: code.into(),
        group: "CDS".into(),
        group_name: "Chuyển đổi số".into(),
        name: format!("Chỉ tiêu {code}"),
        name_en: format!("Indicator {code}"),
        unit: "%".into(),
        kind,
        direction: Direction::AtLeast,
        cycle: None,
        rule: Rule::Proportional,
        points: 1.into(),
        requires_evidence: true,
        standard: None,
        note: String::new(),
        at_most_of: String::new(),
    }
}

fn target(plan_ref: &str, indicator: &str, goal: Goal) -> Target {
    Target {
        commune: "dinh-quan".into(),
        plan_ref: plan_ref.into(),
        indicator: indicator.into(),
        goal,
        wording: format!("Mục tiêu {plan_ref}").into(),
        printed: "≥ 80%".into(),
        unit: "%".into(),
        lead_unit: "Văn phòng".into(),
        deadline: None,
        deadline_text: "".into(),
        note: "".into(),
        per_unit: "".into(),
    }
}

/// CDS-1 a ratio, CDS-2 a count, CDS-3 a decimal, CDS-4 a flag, CDS-5 a ratio whose target asks yes; CDS-6 without target.
pub fn catalogue() -> CommuneView {
    let at_least = Goal::AtLeast { floor: 80.into(), bare: false };
    CommuneView {
        version: 3,
        province: Province {
            id: "dong-nai".into(),
            name: "Đồng Nai".into(),
            plan_year: 2026,
            rules: "2026.1".into(),
            days: DueDays::default(),
        },
        commune: Commune {
            slug: "dinh-quan".into(),
            code: "26206".into(),
            name: "Xã Định Quán".into(),
            kind: CommuneKind::Xa,
            cycle: None,
            units_cutoff: Some(17),
            cutoff: Some(19),
            report: Some(25),
            note: String::new(),
            evidence: EvidenceDuty::Completed,
        },
        indicators: vec![
            indicator("CDS-1", Kind::Ratio),
            indicator("CDS-2", Kind::Count),
            indicator("CDS-3", Kind::Decimal),
            indicator("CDS-4", Kind::Flag),
            indicator("CDS-5", Kind::Ratio),
            indicator("CDS-6", Kind::Ratio),
        ],
        targets: vec![
            target("I.1", "CDS-1", at_least),
            target("I.2", "CDS-2", at_least),
            target("I.3", "CDS-3", at_least),
            target("I.4", "CDS-4", Goal::Yes),
            target("I.5a", "CDS-5", Goal::Unspecified),
            target("I.5b", "CDS-5", Goal::Yes),
        ],
        units: vec![Unit {
            commune: "dinh-quan".into(),
            code: "ap-1".into(),
            name: "Ấp 1".into(),
            variants: String::new(),
            role: String::new(),
            members: 0,
        }],
        tasks: vec![Task {
            commune: "dinh-quan".into(),
            code: "II.1".into(),
            group: "Thể chế".into(),
            title: "Xây dựng Kế hoạch".into(),
            detail: String::new(),
            output: "Kế hoạch được ban hành".into(),
            kpi: String::new(),
            lead_unit: "Phòng Văn hóa - Xã hội".into(),
            coordinating_units: String::new(),
            deadline_text: "Quý IV/2026".into(),
            deadline: NaiveDate::from_ymd_opt(2026, 12, 31),
            recurring: false,
            budget_million_vnd: Some(150.into()),
            note: String::new(),
        }],
    }
}

/// A data folder with a store that belongs to Định Quán.
pub struct Home {
    _folder: TempDir,
    pub folder: Folder,
    pub store: Store,
    pub random: StdRng,
}

impl Home {
    /// Joined, nothing received yet.
    pub fn joined() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("data"));
        folder.create().unwrap();
        // As every join leaves it.
        std::fs::write(folder.sync_lock(), "").unwrap();
        let mut store = Store::open_or_create(&folder).unwrap();
        let belonging = Belonging {
            province: "dong-nai".into(),
            commune: "dinh-quan".into(),
            commune_name: "Xã Định Quán".into(),
            server: "https://localhost:1".into(),
            joined_at: now(),
            incarnation: Incarnation([7; 16]),
        };
        store.write(|writing| writing.set_belonging(&belonging)).unwrap();
        Self { _folder: home, folder, store, random: StdRng::seed_from_u64(1) }
    }

    /// With the catalogue.
    pub fn ready() -> Self {
        let mut home = Self::joined();
        home.receive(&[FeedItem::Catalogue(Box::new(catalogue()))]);
        home
    }

    pub fn receive(&mut self, items: &[FeedItem]) {
        self.store.write(|writing| writing.switch_feed(items, 1)).unwrap();
    }

    pub fn author(&mut self) -> (&mut Store, Author<'_>) {
        (&mut self.store, Author { name: "Lan", now: now(), random: &mut self.random })
    }

    pub fn record(&mut self, indicator: &str, period: &str, typed: Typed) -> Result<Recorded, EntryError> {
        let form = form(indicator, period, typed);
        let (store, mut author) = self.author();
        entry::record(store, &mut author, &form)
    }

    pub fn value(&mut self, indicator: &str, value: &str) -> Result<Recorded, EntryError> {
        self.record(indicator, "2026-10", Typed::Value(value.into()))
    }
}

pub fn form(indicator: &str, period: &str, typed: Typed) -> Form {
    Form {
        indicator: indicator.into(),
        unit: String::new(),
        period: period.parse().unwrap(),
        typed,
        note: String::new(),
    }
}

/// A small PDF; another text makes another file.
pub fn pdf(text: &str) -> Vec<u8> {
    format!("%PDF-1.4\n% {text}\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n")
        .into_bytes()
}

/// A picture of one point.
pub fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55".to_vec();
    bytes.extend(b"\0\0\0\x0aIDATx\x9cc`\0\0\0\x02\0\x01H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82");
    bytes
}
