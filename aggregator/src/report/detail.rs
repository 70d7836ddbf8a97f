//! One target of a commune down to its roots: what is asked and by whom, the rule with its computation, the figure with who entered it,
//! its evidence, its verdict, the points and the light.

use super::{
    answer::scheme_name,
    explanation::{TargetFacts, effective_cells},
    figures::Figures,
    history::{life, verdict_cells},
    question::{AskError, DetailAsked, Question},
};
use crate::store::HeldVersion;
use shared::{
    achievement::Measure,
    calendar::rfc3339,
    catalogue::{Goal, Rule},
    fraction::Fraction,
    language::Language,
    listing::{Column, Form, Listing, for_people, number_for_people},
    ranking::{
        board::Board,
        explain::{ExplainRow, explain},
    },
    tables::Inputs,
    vietnamese::trimmed,
};

/// A target's properties, one to a line.
///
/// # Errors
/// No such commune or indicator; a period outside the plan year.
pub(super) fn detail(
    figures: &Figures,
    inputs: Option<&Inputs>,
    question: &Question,
    asked: &DetailAsked,
) -> Result<Listing, AskError> {
    let (language, scheme) = (question.language, question.scheme);
    let period = figures.period(question.period)?;
    let commune = figures.catalogue.find_commune(&asked.commune)?;
    let book = figures.standings.book();
    let number = book.commune_number(&commune.slug).ok_or_else(|| AskError::NoTargets(commune.name.clone()))?;
    let indicator = figures.indicator(&asked.indicator)?;
    let known = asked.known.as_ref().ok_or_else(|| AskError::UnknownWord("versions", asked.indicator.clone()))?;
    let board = figures.standings.board(scheme, period);
    let rows = explain(book, &board, number, figures.today);
    let code = &book.indicators()[indicator as usize].code;
    let l = |vi, en| language.pick(vi, en);
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| row.indicator == indicator) {
        let plan_ref = row.own.and_then(|own| book.members()[number as usize].targets.get(own as usize));
        let plan_ref = plan_ref.map_or("", |target| &*target.plan_ref);
        let version = counted(row, code, known, inputs, &commune.slug);
        let facts = Facts { figures, board: &board, row, commune: &commune.slug, version, language };
        for (property, words, value) in facts.lines().into_iter().filter(|(.., value)| !value.is_empty()) {
            lines.push(vec![plan_ref.to_owned(), property.to_owned(), words.to_owned(), value]);
        }
    }
    if lines.is_empty() {
        return Err(AskError::NoTarget(commune.name.clone(), code.clone()));
    }
    let name = &book.indicators()[indicator as usize].name;
    Ok(Listing {
        title: format!(
            "{}, {code}: {name}, {} {period}, {}",
            commune.name,
            l("kỳ", "period"),
            scheme_name(scheme, language)
        ),
        notes: vec![
            l(
                "Mọi phiên bản của số liệu: lệnh `history`. Xem minh chứng: lệnh `evidence get`.",
                "Every version of the figure: `history`. Its evidence: `evidence get`.",
            )
            .to_owned(),
        ],
        columns: vec![
            Column::new("plan_ref", l("Mục", "Item"), Form::Text),
            Column::new("property", "", Form::Text),
            Column::new("what", l("Nội dung", "What"), Form::Text),
            Column::new("value", l("Giá trị", "Value"), Form::Words),
        ],
        rows: lines,
    })
}

/// The version that counts: the newest of the whole commune for the period of what is effective, or that of the closing.
fn counted<'a>(
    row: &ExplainRow,
    code: &str,
    known: &'a [HeldVersion],
    inputs: Option<&Inputs>,
    commune: &str,
) -> Option<&'a HeldVersion> {
    let effective = row.effective.as_ref().filter(|effective| !effective.rolled_up)?;
    let newest = inputs.map(|inputs| {
        let of_figure = inputs.observations.iter().filter(|one| {
            one.commune == commune && one.indicator == code && one.unit.is_empty() && one.period == effective.period
        });
        of_figure.map(|one| one.version).max().unwrap_or(0)
    });
    let is_of = |one: &&HeldVersion| {
        one.key.unit.is_empty()
            && one.key.period == effective.period
            && newest.is_none_or(|newest| one.version == newest)
    };
    known.iter().filter(is_of).max_by_key(|one| one.version)
}

struct Facts<'a> {
    figures: &'a Figures,
    board: &'a Board,
    row: &'a ExplainRow,
    commune: &'a str,
    version: Option<&'a HeldVersion>,
    language: Language,
}

type Line = (&'static str, &'static str, String);

impl Facts<'_> {
    fn pick(&self, vi: &'static str, en: &'static str) -> &'static str {
        self.language.pick(vi, en)
    }

    fn number(&self, machine: &str) -> String {
        number_for_people(trimmed(machine), self.language)
    }

    fn time(&self, at: chrono::DateTime<chrono::Utc>) -> String {
        for_people(Form::Time, &rfc3339(at), self.language)
    }

    fn lines(&self) -> Vec<Line> {
        let (row, facts) = (self.row, TargetFacts::of(self.figures, self.row, self.commune));
        let [reported_for, numerator, denominator, evidence, _] = effective_cells(row);
        let parts = match numerator.is_empty() {
            true => String::new(),
            false => format!(" = 100 × {} / {}", self.number(&numerator), self.number(&denominator)),
        };
        let value = match row.effective.as_ref().map(|effective| effective.measure) {
            None => self.pick("chưa báo cáo", "not reported").to_owned(),
            Some(measure) => format!("{}{parts}", self.measure(measure)),
        };
        let source = match row.own {
            Some(_) => facts.wording.clone(),
            None => self.pick("mục tiêu chuẩn của tỉnh", "the provincial standard").to_owned(),
        };
        let stale = if row.stale { self.pick(" (cũ so với chu kỳ)", " (older than its cycle)") } else { "" };
        let mut lines = vec![
            ("target", self.pick("Mục tiêu như trong kế hoạch", "Target as printed"), facts.printed),
            ("source", self.pick("Theo nội dung", "Its words"), source),
            ("lead_unit", self.pick("Chủ trì", "Lead unit"), facts.lead_unit),
            ("deadline", self.pick("Thời hạn", "Deadline"), facts.deadline),
            ("rule", self.pick("Cách chấm", "Rule"), self.rule()),
            ("value", self.pick("Kết quả", "Value"), value),
            ("reported_for", self.pick("Kỳ số liệu", "Figure of"), format!("{reported_for}{stale}")),
            ("computation", self.pick("Tính mức đạt", "Achievement"), self.computation()),
        ];
        lines.extend(self.version_lines());
        let share = |machine: String| for_people(Form::Share, &machine, self.language);
        let earned = format!(
            "{} × {} = {}",
            self.number(&row.points_text()),
            share(row.counted_text()),
            self.number(&row.earned_text())
        );
        let (light, cause) = (row.light.label(self.language), row.cause.map(|cause| cause.explain(self.language)));
        lines.extend([
            ("evidence_count", self.pick("Số tệp minh chứng", "Files of evidence"), evidence),
            ("state", self.pick("Trạng thái", "State"), row.state.label(self.language).to_owned()),
            (
                "points",
                self.pick("Điểm = điểm tối đa × phần được tính", "Points = most points × what counts"),
                if row.sharers == 0 { String::new() } else { earned },
            ),
            (
                "light",
                self.pick("Đèn", "Light"),
                cause.map_or_else(|| light.to_owned(), |cause| format!("{light}: {cause}")),
            ),
        ]);
        lines
    }

    fn version_lines(&self) -> Vec<Line> {
        if self.row.effective.as_ref().is_some_and(|effective| effective.rolled_up) {
            return vec![(
                "rolled_up",
                self.pick("Nguồn", "From"),
                self.pick("cộng dồn từ các đơn vị", "rolled up from units").to_owned(),
            )];
        }
        let Some(version) = self.version else { return Vec::new() };
        let entered = format!("{}, {}", version.entered_by, self.time(version.entered_at));
        let mut lines = vec![
            ("version", self.pick("Phiên bản", "Version"), version.version.to_string()),
            ("entered", self.pick("Nhập", "Entered"), entered),
            ("received", self.pick("Tỉnh nhận", "Received"), self.time(version.received_at)),
            ("computer", self.pick("Từ máy", "Computer"), life(version)),
            ("note", self.pick("Ghi chú của xã", "The commune's note"), version.note.clone()),
            ("evidence", self.pick("Minh chứng", "Evidence"), version.evidence.join("; ")),
        ];
        // Of a closed period what was decided later is not what counted.
        let decided = self.row.effective.as_ref().and_then(|effective| effective.verdict);
        let verdict = version.verdict.as_ref().filter(|held| decided == Some(held.decision));
        let [decision, reason, reviewer, _] = verdict_cells(verdict, self.language);
        if let Some(verdict) = verdict {
            let word = match decision.as_str() {
                "accepted" => self.pick("chấp nhận", "accepted"),
                _ => self.pick("trả lại", "returned"),
            };
            let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
            lines.push(("verdict", self.pick("Thẩm định", "Verdict"), format!("{word}{reason}")));
            let by = format!("{reviewer}, {}", self.time(verdict.decided_at));
            lines.push(("reviewer", self.pick("Người thẩm định", "Reviewer"), by));
        }
        lines
    }

    fn measure(&self, measure: Measure) -> String {
        match measure {
            Measure::Number(number) => self.number(&number.to_decimals(6)),
            Measure::Flag(yes) => if yes { self.pick("có", "yes") } else { self.pick("không", "no") }.to_owned(),
        }
    }

    fn rule(&self) -> String {
        let rule = &self.figures.standings.book().indicators()[self.row.indicator as usize].rule;
        let of_goal = match self.row.goal {
            Goal::AtLeast { .. } | Goal::Range { .. } => {
                self.pick("kết quả / mục tiêu, nhiều nhất 1", "value / target, at most 1")
            }
            Goal::AtMost(_) => self.pick(
                "không vượt mục tiêu thì 1, vượt thì mục tiêu / kết quả",
                "1 within the target, else target / value",
            ),
            Goal::Yes => self.pick("có thì 1, không thì 0", "1 for yes, 0 for no"),
            Goal::Unspecified => return self.pick("chỉ theo dõi, không chấm điểm", "tracked, not scored").to_owned(),
        };
        match rule {
            Rule::Proportional => of_goal.to_owned(),
            Rule::Relative => self
                .pick("kết quả / kết quả tốt nhất của các xã, phường", "value / the best value of the communes")
                .to_owned(),
            Rule::Steps(steps) => {
                let steps: Vec<String> = steps
                    .iter()
                    .map(|(threshold, fraction)| {
                        format!("≥ {} → {}", self.number(&threshold.to_string()), self.number(&fraction.to_string()))
                    })
                    .collect();
                format!("{}; {}: {}", of_goal, self.pick("theo bậc", "in steps"), steps.join(", "))
            }
        }
    }

    /// The numbers that the rule is applied to; empty where nothing is computed.
    fn computation(&self) -> String {
        let Some(effective) = self.row.effective.as_ref().filter(|_| self.row.goal.is_scored()) else {
            return String::new();
        };
        let achieved = self.number(&self.row.achievement_text());
        let rule = &self.figures.standings.book().indicators()[self.row.indicator as usize].rule;
        let x = self.measure(effective.measure);
        if *rule == Rule::Relative {
            let best = self.board.best(self.row.indicator).map(|best| self.number(&best.to_decimals(6)));
            return format!("{x} / {} → {achieved}", best.unwrap_or_default());
        }
        let target = |amount: shared::amount::Amount| self.number(&amount.to_string());
        match (self.row.goal, effective.measure) {
            (Goal::AtLeast { floor, .. } | Goal::Range { low: floor, .. }, Measure::Number(_)) => {
                format!("{x} / {} → {achieved}", target(floor))
            }
            (Goal::AtMost(ceiling), Measure::Number(number)) if number <= Fraction::from(ceiling) => {
                format!("{x} ≤ {} → {achieved}", target(ceiling))
            }
            (Goal::AtMost(ceiling), Measure::Number(_)) => format!("{} / {x} → {achieved}", target(ceiling)),
            _ => format!("{x} → {achieved}"),
        }
    }
}
