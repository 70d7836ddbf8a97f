//! What a reviewer sees of one figure: what it says, what was asked, the month before, doubts, all versions with their verdicts, and the
//! files of the version in question.

use super::{choice::time, evidence::is_shown};
use crate::{
    report::figure::{self, FigureFacts},
    site::{Failure, Site},
    store::{EvidenceWanted, StoredEvidence, StoredObservation, StoredVerdict},
};
use maud::{Markup, html};
use pages::part;
use shared::{
    evidence_kind::EvidenceKind,
    language::Language,
    listing::{Form, for_people, number_for_people},
    observation::{Decision, ObservationKey, Value},
    tables::write::value_cells,
};

/// Most files looked through for those of one version.
const MAX_LOOKED_AT: u32 = 2_000;
/// Most files shown of one version.
const MAX_FILES: usize = 60;

/// Which figure, as it stands in an address: `commune/period/unit/code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Which {
    pub(super) commune: String,
    pub(super) key: ObservationKey,
}

impl Which {
    pub(super) fn parse(word: &str) -> Option<Self> {
        let mut parts = word.splitn(4, '/');
        let (commune, period) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        let (unit, indicator) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { commune, key: ObservationKey { indicator, unit, period } })
    }

    pub(super) fn word(&self) -> String {
        let ObservationKey { indicator, unit, period } = &self.key;
        format!("{}/{period}/{unit}/{indicator}", self.commune)
    }
}

/// A file of the version, and what it is; no kind where the province does not hold it.
struct File {
    stored: StoredEvidence,
    kind: Option<EvidenceKind>,
}

/// One figure with all that a decision needs.
pub(super) struct Item {
    pub(super) which: Which,
    /// The newest version: the one that is decided on.
    pub(super) newest: StoredObservation,
    pub(super) facts: FigureFacts,
    /// The verdict on it, where there is one.
    pub(super) verdict: Option<StoredVerdict>,
    versions: Vec<StoredObservation>,
    verdicts: Vec<StoredVerdict>,
    before: Option<StoredObservation>,
    files: Vec<File>,
}

impl Item {
    /// Looks a figure up; none where there is no such figure.
    pub(super) async fn load(site: &Site, which: Which, language: Language) -> Result<Option<Self>, Failure> {
        let store = &site.province.store;
        let (commune, key) = (&which.commune, &which.key);
        let mut versions = store.observations_of(commune, &key.indicator).await?;
        versions.retain(|one| one.key.unit == key.unit);
        let previous = key.period.previous();
        let before = versions.iter().rfind(|one| Some(one.key.period) == previous).cloned();
        versions.retain(|one| one.key == *key);
        let Some(newest) = versions.last().cloned() else { return Ok(None) };
        let mut verdicts = store.verdicts_of(commune, &key.indicator).await?;
        verdicts.retain(|one| one.key == *key);
        let facts = {
            let figures = site.live.read();
            figure::facts(&figures, &newest, language)
        };
        let Some(facts) = facts else { return Ok(None) };
        let wanted = EvidenceWanted {
            commune: Some(commune.clone()),
            indicator: Some(key.indicator.clone()),
            period: Some(key.period),
            sha256: None,
        };
        let mut files = Vec::new();
        for stored in store.evidence(wanted, MAX_LOOKED_AT).await? {
            if stored.key.unit != key.unit || stored.version != newest.version || files.len() >= MAX_FILES {
                continue;
            }
            let held = store.evidence_file(stored.sha256).await?;
            files.push(File { kind: held.and_then(|held| EvidenceKind::from_word(&held.kind)), stored });
        }
        let verdict = verdicts.iter().rfind(|verdict| verdict.version == newest.version).cloned();
        Ok(Some(Self { which, newest, facts, verdict, versions, verdicts, before, files }))
    }

    /// Commune, code and period in one line.
    pub(super) fn label(&self) -> String {
        let unit = if self.facts.unit.is_empty() { String::new() } else { format!(" · {}", self.facts.unit) };
        format!("{} · {}{unit} · {}", self.facts.commune, self.facts.code, self.which.key.period)
    }

    /// What it says and what was asked.
    pub(super) fn figures(&self, language: Language) -> Markup {
        let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
        let (newest, facts) = (&self.newest, &self.facts);
        html! {
            div .result { (value(newest.value, &facts.measure, language)) }
            dl .facts {
                @for asked in &facts.asked {
                    dt { (l("Yêu cầu", "Asked")) }
                    dd {
                        @if asked.printed.is_empty() { (asked.wording) } @else { strong { (asked.printed) } }
                        @if let Some(state) = asked.state { " " (part::state(state, language)) }
                        @if !asked.deadline.is_empty() { small .muted { br; (l("Hạn: ", "By: ")) (asked.deadline) } }
                    }
                }
                dt { (l("Kỳ trước", "Before")) }
                dd {
                    @match &self.before {
                        Some(before) => { (value(before.value, &facts.measure, language)) small .muted { " (" (before.key.period) ")" } },
                        None => span .muted { (l("không có", "none")) },
                    }
                }
                @if !facts.unit.is_empty() { dt { (l("Đơn vị", "Unit")) } dd { (facts.unit) } }
                dt { (l("Phiên bản", "Version")) }
                dd { (newest.version) }
                dt { (l("Người nhập", "Entered by")) }
                dd { (newest.entered_by) br; small .muted { (l("nhận ", "received ")) (time(newest.received_at, language)) } }
                @if !newest.note.is_empty() { dt { (l("Ghi chú", "Note")) } dd .lines { (newest.note) } }
            }
            @for doubt in &facts.doubts { div .notice.warning { (l("Cần xem lại: ", "Look twice: ")) (doubt) } }
            @if facts.lacks_evidence {
                div .notice.warning { (l("Báo hoàn thành nhưng không có minh chứng, mà chỉ tiêu này cần minh chứng.", "Completion is claimed without the evidence that is required.")) }
            }
            @if let Some(revision) = facts.closing {
                div .notice.note { (language.pick(
                    format!("Kỳ này đã chốt lần {revision}. Quyết định vẫn được ghi, và tính vào lần chốt sau nếu kỳ được mở lại."),
                    format!("This period is closed (revision {revision}). A decision is kept, and counts from its next closing on."),
                )) }
            }
        }
    }

    /// All versions with their verdicts, newest first.
    pub(super) fn history(&self, language: Language) -> Markup {
        let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
        let of = |version: u32| self.verdicts.iter().rfind(|verdict| verdict.version == version);
        html! {
            details .history open[self.versions.len() > 1] {
                summary { (l("Các phiên bản", "Versions")) " (" (self.versions.len()) ")" }
                ol reversed[true] {
                    @for one in self.versions.iter().rev() {
                        li value=(one.version) {
                            (value(one.value, &self.facts.measure, language))
                            small .muted { " · " (one.entered_by) ", " (time(one.received_at, language)) }
                            @if !one.note.is_empty() { p .lines .small { (one.note) } }
                            @if let Some(verdict) = of(one.version) { p .small { (told(verdict, language)) } }
                        }
                    }
                }
            }
        }
    }

    /// The files, shown here where a browser can show them.
    pub(super) fn files(&self, language: Language) -> Markup {
        let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
        html! {
            @if self.files.is_empty() {
                div .card { (part::empty(l("Không có minh chứng", "No evidence"), l("Xã không gửi tệp nào cùng phiên bản này.", "The commune sent no file with this version."))) }
            }
            @for (number, file) in self.files.iter().enumerate() {
                @let href = format!("/evidence/{}?commune={}", hex::encode(file.stored.sha256), file.stored.commune);
                section .card.flush.exhibit {
                    h2 {
                        span { @if self.files.len() > 1 { (number + 1) "/" (self.files.len()) " " } (file.stored.name) }
                        small {
                            span .muted { (size(file.stored.size_bytes, language)) " " }
                            @if file.kind.is_some() { a href={ (href) "&download=1" } { (l("tải về", "download")) } }
                        }
                    }
                    @match file.kind {
                        None => (part::empty(l("Tỉnh chưa nhận đủ tệp này", "The province does not hold all of this file yet"), l("Máy của xã gửi tiếp trong các phiên đồng bộ sau. Chưa xem được thì chưa nên chấp nhận.", "The commune's computer goes on sending in its next sessions. What cannot be seen should not be accepted yet."))),
                        Some(EvidenceKind::Pdf) => iframe .shown.paper src={ (href) "#navpanes=0&view=FitH" } title=(file.stored.name) loading="lazy" {},
                        Some(kind) if is_shown(kind) => a .shown href=(href) target="_blank" rel="noopener" { img src=(href) alt=(file.stored.name) loading="lazy"; },
                        Some(kind) => div .empty {
                            p { strong { (l("Tệp ", "A file of ")) (match kind { EvidenceKind::Docx => "Word", _ => "Excel" }) } }
                            p { (l("Trình duyệt không hiện loại tệp này trong trang.", "Browsers do not show this kind within a page.")) }
                            p { a .button href=(href) { (l("Tải về để xem", "Download it")) } }
                        },
                    }
                }
            }
        }
    }
}

/// A value with its parts and its unit.
pub(super) fn value(value: Value, measure: &str, language: Language) -> Markup {
    let [numerator, denominator, _] = value_cells(value);
    let number = |text: &str| number_for_people(shared::vietnamese::trimmed(text), language);
    html! {
        strong { (for_people(Form::Value, &figure::result(value), language)) }
        @if !measure.is_empty() && !matches!(value, Value::Flag(_)) { " " (measure) }
        @if matches!(value, Value::Ratio { .. }) { small .muted { " (" (number(&numerator)) "/" (number(&denominator)) ")" } }
    }
}

/// A verdict in a sentence.
pub(super) fn told(verdict: &StoredVerdict, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let is_accepted = verdict.decision == Decision::Accepted;
    html! {
        span .state .met[is_accepted] .returned[!is_accepted] { (decided(verdict.decision, language)) }
        " " (verdict.reviewer) ", " (time(verdict.decided_at, language))
        @if !verdict.reason.is_empty() { (l(". Lý do: ", ". Because: ")) (verdict.reason) }
    }
}

/// A decision in a word.
pub(super) fn decided(decision: Decision, language: Language) -> &'static str {
    match decision {
        Decision::Accepted => language.pick("chấp nhận", "accepted"),
        Decision::Returned => language.pick("trả lại", "returned"),
    }
}

/// A size for people.
fn size(bytes: u64, language: Language) -> String {
    const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];
    let (mut tenths, mut unit) = (u128::from(bytes) * 10, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    let machine = if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) };
    format!("{} {}", number_for_people(&machine, language), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_survives_its_address() {
        for (unit, indicator) in [("", "CDS-17"), ("AP-01", "task:II/1 (a)")] {
            let key =
                ObservationKey { indicator: indicator.into(), unit: unit.into(), period: "2026-10".parse().unwrap() };
            let which = Which { commune: "tan-phu".into(), key };
            assert_eq!(Which::parse(&which.word()), Some(which));
        }
        for bad in ["", "tan-phu", "tan-phu/2026-10/CDS-17", "tan-phu/x//CDS-17"] {
            assert_eq!(Which::parse(bad), None, "{bad}");
        }
        assert_eq!(size(1_536, Language::Vi), "1,5 KB");
        assert_eq!(size(10, Language::Vi), "10 B");
    }
}
