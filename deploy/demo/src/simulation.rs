//! Simulated figures (số liệu mô phỏng): a pure function of seed, commune, indicator and month.
//!
//! Whole-number arithmetic and a hash, so that the same seed gives the same digits on every machine. Ratios and numbers
//! rise towards their target over the year with a little unrest, counts run from the beginning of the year and never fall,
//! some communes are faster than others, and a few figures are never reported.

use crate::asked::Asked;
use sha2::{Digest, Sha256};
use shared::{
    amount::{Amount, MICROS},
    catalogue::{Goal, Kind},
    observation::Value,
};

/// Reached the target, in thousandths.
const WHOLE: i128 = 1_000;
/// What a ratio or number without a target aims at.
const USUAL_AIM: u32 = 60;
/// Months of the year.
const YEAR: i128 = 12;

/// What the denominator of a ratio counts, by words of the indicator's name; the first that fits. With the middle size.
const COUNTED: [(&[&str], u64); 8] = [
    (&["cán bộ", "công chức", "viên chức"], 70),
    (&["học sinh"], 2_600),
    (&["máy tính", "thiết bị"], 90),
    (&["doanh nghiệp"], 120),
    (&["hộ"], 3_800),
    (&["ấp", "khu phố"], 14),
    (&["dân số", "người dân", "người sử dụng"], 14_000),
    (&["thủ tục", "hồ sơ", "giao dịch", "dịch vụ công", "văn bản"], FILES_A_MONTH),
];
/// Files that a commune of middle size handles in a month.
const FILES_A_MONTH: u64 = 260;
/// Anything else that is counted.
const OTHER: u64 = 150;

/// All figures of one seed.
#[derive(Debug, Clone, Copy)]
pub struct Simulation {
    seed: u64,
}

impl Simulation {
    /// The figures of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// What a commune reports for an indicator up to the end of a month (1 to 12); `None` where it reports nothing.
    #[must_use]
    pub fn figure(&self, commune: &str, asked: &Asked, month: u32) -> Option<Value> {
        let course = Course { simulation: *self, commune, asked, month };
        if course.draw("never") % 100 < 2 || course.draw_of_month("skipped") % 100 < 3 {
            return None;
        }
        Some(match asked.kind {
            Kind::Ratio => course.ratio(),
            Kind::Count => Value::Count(course.count()),
            Kind::Decimal => Value::Decimal(course.decimal()),
            Kind::Flag => Value::Flag(course.flag()),
        })
    }

    /// Whether a commune has evidence at hand for completed figures of an indicator: for most it has.
    #[must_use]
    pub fn has_evidence(&self, commune: &str, code: &str) -> bool {
        self.draw(&[commune, code, "evidence"]) % 100 < 88
    }

    /// Whether a commune is late in the month of the ranking: one in twelve.
    #[must_use]
    pub fn is_late(&self, commune: &str) -> bool {
        self.draw(&[commune, "late"]).is_multiple_of(12)
    }

    /// A number that looks random and depends on nothing but seed and words.
    fn draw(&self, words: &[&str]) -> u64 {
        let mut hash = Sha256::new_with_prefix(self.seed.to_le_bytes());
        for word in words {
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word);
        }
        hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// One commune's year with one indicator, seen at the end of a month.
struct Course<'a> {
    simulation: Simulation,
    commune: &'a str,
    asked: &'a Asked,
    month: u32,
}

impl Course<'_> {
    fn draw(&self, what: &str) -> u64 {
        self.simulation.draw(&[self.commune, &self.asked.code, what])
    }

    fn draw_of_month(&self, what: &str) -> u64 {
        self.simulation.draw(&[self.commune, &self.asked.code, what, &self.month.to_string()])
    }

    /// A number of `from..from + span`.
    fn between(&self, what: &str, from: i128, span: u64) -> i128 {
        from + i128::from(self.draw(what) % span)
    }

    /// How fast the commune is with everything, in thousandths.
    fn pace(&self) -> i128 {
        800 + i128::from(self.simulation.draw(&[self.commune, "pace"]) % 320)
    }

    /// How large the commune is, in thousandths of the middle.
    fn size(&self) -> u64 {
        600 + self.simulation.draw(&[self.commune, "size"]) % 1_200
    }

    /// How much of the target is reached, in thousandths: from a start in January to an end in December.
    fn progress(&self) -> i128 {
        let end = self.pace() * self.between("end", 800, 540) / WHOLE;
        let start = self.between("start", 300, 450).min(end);
        let unrest = i128::from(self.draw_of_month("unrest") % 25) - 12;
        (start + (end - start) * i128::from(self.month) / YEAR + unrest).max(0)
    }

    /// What is aimed at, in millionths of the unit.
    fn aim(&self) -> i128 {
        match self.asked.goal {
            Goal::AtLeast { floor, .. } | Goal::Range { low: floor, .. } => floor.micros(),
            Goal::AtMost(most) => most.micros(),
            Goal::Yes | Goal::Unspecified => Amount::from(USUAL_AIM).micros(),
        }
    }

    /// The value aimed at times progress, in millionths; for a ceiling it comes down from above.
    fn reached(&self) -> i128 {
        let progress = self.progress();
        let share = match self.asked.goal {
            Goal::AtMost(_) => (1_600 - 600 * progress / WHOLE).max(0),
            _ => progress,
        };
        self.aim() * share / WHOLE
    }

    fn ratio(&self) -> Value {
        let denominator = i128::from(self.denominator());
        let whole = 100 * MICROS;
        let parts = denominator * self.reached();
        let completed = !matches!(self.asked.goal, Goal::AtMost(_)) && self.reached() >= self.aim();
        // Rounded in the commune's favour where the target is reached, so that it stays reached.
        let numerator = if completed { (parts + whole - 1) / whole } else { parts / whole };
        Value::Ratio {
            numerator: whole_amount(numerator.clamp(0, denominator)),
            denominator: whole_amount(denominator),
        }
    }

    fn denominator(&self) -> u64 {
        let middle = counted(&self.asked.name);
        let months = if middle == FILES_A_MONTH { u64::from(self.month) } else { 1 };
        (middle * months * self.size() / 1_000).max(1)
    }

    /// Year to date.
    fn count(&self) -> u64 {
        let month = i128::from(self.month);
        let counted = match self.asked.goal {
            Goal::AtMost(most) if most == Amount::ZERO => {
                let happens = self.draw("incident").is_multiple_of(6);
                i128::from(happens && month >= self.between("incident month", 3, 8))
            }
            Goal::AtMost(_) => self.aim() * month * self.between("end", 600, 650) / (YEAR * WHOLE * MICROS),
            Goal::Yes | Goal::Unspecified => month * self.between("end", 3, 8) / YEAR,
            Goal::AtLeast { .. } | Goal::Range { .. } => {
                let end = self.pace() * self.between("end", 900, 700) / WHOLE;
                self.aim() * end * month / (YEAR * WHOLE * MICROS)
            }
        };
        u64::try_from(counted).unwrap_or(0)
    }

    fn decimal(&self) -> Amount {
        // Two decimals.
        let hundredth = MICROS / 100;
        Amount::from_micros(self.reached() / hundredth * hundredth).unwrap_or_default()
    }

    /// Done from some month on, in some communes not this year.
    fn flag(&self) -> bool {
        let head_start = i128::from(self.pace() > WHOLE) * 2;
        i128::from(self.month) + head_start >= self.between("done", 2, 14)
    }
}

/// How many of what an indicator's name speaks of a commune of middle size has.
fn counted(name: &str) -> u64 {
    // Between spaces, so that only whole words fit: "ấp" is no part of "cấp".
    let words: Vec<String> = name
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect();
    let name = format!(" {} ", words.join(" "));
    let fits = |phrases: &[&str]| phrases.iter().any(|phrase| name.contains(&format!(" {phrase} ")));
    COUNTED.iter().find(|(phrases, _)| fits(phrases)).map_or(OTHER, |(_, middle)| *middle)
}

fn whole_amount(number: i128) -> Amount {
    Amount::from_micros(number * MICROS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::catalogue::Operator;

    fn asked(code: &str, name: &str, kind: Kind, operator: Operator, value: Option<u32>) -> Asked {
        let goal = Goal::new(operator, value.map(Amount::from), None).unwrap();
        Asked { code: code.into(), name: name.into(), kind, goal }
    }

    fn all() -> Vec<Asked> {
        vec![
            asked("A-1", "Tỷ lệ người dân có tài khoản", Kind::Ratio, Operator::AtLeast, Some(80)),
            asked("A-2", "Tỷ lệ hồ sơ trực tuyến", Kind::Ratio, Operator::Equal, Some(100)),
            asked("A-3", "Tỷ lệ chi ngân sách", Kind::Ratio, Operator::Unspecified, None),
            asked("A-4", "Tỷ lệ lỗi", Kind::Ratio, Operator::AtMost, Some(5)),
            asked("B-1", "Số người được tập huấn", Kind::Count, Operator::AtLeast, Some(200)),
            asked("B-2", "Sáng kiến", Kind::Count, Operator::AtLeast, Some(1)),
            asked("B-3", "Số sự cố", Kind::Count, Operator::AtMost, Some(0)),
            asked("B-4", "Số khiếu nại", Kind::Count, Operator::AtMost, Some(30)),
            asked("B-5", "Sản phẩm", Kind::Count, Operator::Unspecified, None),
            asked("C-1", "Chỉ số", Kind::Decimal, Operator::AtLeast, Some(70)),
            asked("D-1", "Ban hành kế hoạch", Kind::Flag, Operator::Yes, None),
        ]
    }

    fn communes() -> impl Iterator<Item = String> {
        (0..40).map(|number| format!("xa-{number}"))
    }

    #[test]
    fn the_same_seed_gives_the_same_figures_and_another_gives_others() {
        let figures = |seed| -> Vec<_> {
            let simulation = Simulation::new(seed);
            let of = |commune: &String| all().iter().map(|a| simulation.figure(commune, a, 10)).collect::<Vec<_>>();
            communes().map(|commune| of(&commune)).collect()
        };
        assert_eq!(figures(2026), figures(2026));
        assert_ne!(figures(2026), figures(2027));
        // Digits that must not change with a new compiler or another machine.
        let first = Simulation::new(2026).figure("dinh-quan", &all()[0], 10);
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(first, Some(Value::Ratio { numerator: amount("18257"), denominator: amount("23576") }));
    }

    #[test]
    fn denominators_fit_what_is_counted() {
        for (name, middle) in [
            ("Tỷ lệ cán bộ, công chức được bồi dưỡng", 70),
            ("Tỷ lệ thủ tục phi địa giới, giữa các cấp chính quyền", FILES_A_MONTH),
            ("Tỷ lệ ấp có Tổ công nghệ số", 14),
            ("Thanh toán không tiền mặt tại ấp (hộ)", 3_800),
            ("Chỉ số khác", OTHER),
        ] {
            assert_eq!(counted(name), middle, "{name}");
        }
    }

    #[test]
    fn a_numerator_never_exceeds_its_denominator() {
        for (commune, asked) in communes().flat_map(|c| all().into_iter().map(move |a| (c.clone(), a))) {
            for month in 1..=12 {
                if let Some(Value::Ratio { numerator, denominator }) =
                    Simulation::new(7).figure(&commune, &asked, month)
                {
                    assert!(denominator > Amount::ZERO && !numerator.is_negative() && numerator <= denominator);
                }
            }
        }
    }

    #[test]
    fn counts_and_flags_never_fall() {
        for (commune, asked) in communes().flat_map(|c| all().into_iter().map(move |a| (c.clone(), a))) {
            let figures: Vec<_> =
                (1..=12).filter_map(|month| Simulation::new(7).figure(&commune, &asked, month)).collect();
            for pair in figures.windows(2) {
                match (pair[0], pair[1]) {
                    (Value::Count(before), Value::Count(after)) => assert!(before <= after, "{commune} {}", asked.code),
                    (Value::Flag(before), Value::Flag(after)) => assert!(before <= after, "{commune} {}", asked.code),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_year_makes_progress_and_leaves_something_to_do() {
        let simulation = Simulation::new(2026);
        let completed = |month| {
            let figures = communes().flat_map(|c| all().into_iter().map(move |a| (c.clone(), a)));
            let mut counted = (0, 0, 0);
            for (commune, asked) in figures {
                match simulation.figure(&commune, &asked, month) {
                    None => counted.2 += 1,
                    Some(value) if asked.is_completed(value) => counted.0 += 1,
                    Some(_) => counted.1 += 1,
                }
            }
            counted
        };
        let (january, december) = (completed(1), completed(12));
        assert!(january.0 < december.0 && december.0 > december.1 / 2, "{january:?} {december:?}");
        for (completed, open, missing) in [january, december] {
            assert!(completed > 0 && open > 0 && missing > 0 && missing < 50);
        }
    }
}
