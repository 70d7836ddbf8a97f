//! How each commune reports: completeness, punctuality, revisions, evidence, and what should be looked at again.

use super::{
    figures::Figures,
    question::{AskError, Question},
};
use shared::{
    due::{Delivery, duties},
    fraction::{Fraction, decimals},
    listing::{Column, Form, Listing},
    observation::Value,
    period::Period,
    plausibility::{self, Sight},
    tables::Inputs,
    task::Reported,
};
use std::collections::BTreeMap;

/// By commune: figures expected in a period, how many came and how many in time, how many were revised, and what they lack.
///
/// # Errors
/// A period outside the plan year.
pub(super) fn quality(figures: &Figures, inputs: &Inputs, question: &Question) -> Result<Listing, AskError> {
    let (language, book) = (question.language, figures.standings.book());
    let period = figures.period(question.period)?;
    let revised = revised(inputs, period);
    let share = |part: usize, whole: usize| {
        let share = Fraction::new(i128::try_from(part).unwrap_or(0), i128::try_from(whole).unwrap_or(0));
        // Ten-thousandths, cut: only all of them is 100 %.
        share.map_or_else(String::new, |share| decimals(share.quotient_micros(Fraction::ONE).unwrap_or(0) / 100, 4))
    };
    let mut lines = Vec::new();
    let mut whole = [0usize; 3];
    for (number, member) in (0u32..).zip(book.members()).filter(|(_, member)| member.ranked) {
        let duties: Vec<_> = duties(book, number, period).collect();
        let came = duties.iter().filter(|duty| duty.delivery != Delivery::Missing).count();
        let in_time = duties.iter().filter(|duty| duty.delivery == Delivery::OnTime).count();
        whole = [whole[0] + duties.len(), whole[1] + came, whole[2] + in_time];
        let of = revised.get(member.row.slug.as_str()).cloned().unwrap_or_default();
        let sight = Sight::new(book, &figures.catalogue, number, figures.today);
        let doubts = plausibility::doubts(sight, period);
        let bare = doubts.iter().filter(|doubted| doubted.doubt == plausibility::Doubt::NoEvidence).count();
        let every = sight.owes_all_evidence();
        let cells = vec![
            member.row.slug.clone(),
            member.row.name.clone(),
            duties.len().to_string(),
            came.to_string(),
            share(came, duties.len()),
            in_time.to_string(),
            share(in_time, duties.len()),
            of.figures.to_string(),
            of.versions.to_string(),
            share(of.revised as usize, of.figures as usize),
            (doubts.len() - bare).to_string(),
            if every { bare.to_string() } else { String::new() },
        ];
        lines.push((member.name_order, cells));
    }
    lines.sort_by_key(|(order, _)| *order);
    let l = |vi, en| language.pick(vi, en);
    let [expected, came, in_time] = whole;
    Ok(Listing {
        title: format!("{} {period}", l("Chất lượng báo cáo kỳ", "Quality of reporting in")),
        notes: vec![language.pick(
            format!("Cả tỉnh: phải báo cáo {expected}, đã báo cáo {came}, đúng hạn {in_time}. “Sửa lại”: tỷ lệ số liệu có bản sau khác giá trị bản trước. “Thiếu minh chứng” chỉ tính nơi kế hoạch đòi minh chứng cho mọi kết quả."),
            format!("The province: {expected} expected, {came} reported, {in_time} on time. “Revised”: figures with a version whose value is another than the one before. “No evidence” is counted where the plan asks for it with every result."),
        )],
        columns: vec![
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("expected", l("Phải báo cáo", "Expected"), Form::Number),
            Column::new("reported", l("Đã báo cáo", "Reported"), Form::Number),
            Column::new("completeness", l("Đầy đủ", "Complete"), Form::Share),
            Column::new("in_time", "", Form::Number),
            Column::new("on_time", l("Đúng hạn", "On time"), Form::Share),
            Column::new("figures", l("Số liệu", "Figures"), Form::Number),
            Column::new("versions", l("Số bản", "Versions"), Form::Number),
            Column::new("revision_rate", l("Sửa lại", "Revised"), Form::Share),
            Column::new("checks", l("Cần xem lại", "To look at"), Form::Number),
            Column::new("without_evidence", l("Thiếu minh chứng", "No evidence"), Form::Number),
        ],
        rows: lines.into_iter().map(|(_, cells)| cells).collect(),
    })
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Revised {
    /// Figures reported for the period.
    figures: u32,
    /// Those that have a version with another value than the one before it.
    revised: u32,
    /// Versions in all.
    versions: u32,
}

/// Commune, indicator, unit and period.
type Figure<'a> = (&'a str, &'a str, &'a str, Period);

/// By commune, what was reported for a period and how much of it was revised. A version that only adds a note is no revision.
fn revised(inputs: &Inputs, period: Period) -> BTreeMap<&str, Revised> {
    let mut values: BTreeMap<Figure<'_>, Vec<(u32, Value)>> = BTreeMap::new();
    for row in &inputs.observations {
        if row.period.ends_with(period) && !Reported::of(&row.indicator).is_task() {
            let figure = (&*row.commune, &*row.indicator, &*row.unit, row.period);
            values.entry(figure).or_default().push((row.version, row.value));
        }
    }
    let mut found: BTreeMap<&str, Revised> = BTreeMap::new();
    for ((commune, ..), mut versions) in values {
        versions.sort_by_key(|(version, _)| *version);
        let of = found.entry(commune).or_default();
        of.figures += 1;
        of.revised += u32::from(versions.windows(2).any(|pair| pair[0].1 != pair[1].1));
        of.versions += u32::try_from(versions.len()).unwrap_or(u32::MAX);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::tables::ObservationRow;

    #[test]
    fn a_note_is_no_revision() {
        let row = |indicator: &str, version: u32, count: u64| ObservationRow {
            commune: "tan-phu".into(),
            indicator: indicator.into(),
            unit: String::new(),
            period: "2026-10".parse().unwrap(),
            version,
            value: Value::Count(count),
            entered_by: String::new(),
            entered_at: Default::default(),
            received_at: Default::default(),
            evidence_count: 0,
            verdict: None,
        };
        let observations = vec![
            row("DM-01", 2, 5),
            row("DM-01", 1, 5),
            row("DM-02", 1, 5),
            row("DM-02", 2, 5),
            row("DM-02", 3, 6),
            row("task:II.1", 1, 1),
        ];
        let inputs = Inputs { observations, ..Inputs::default() };
        let found = revised(&inputs, "2026-10".parse().unwrap());
        assert_eq!(found["tan-phu"], Revised { figures: 2, revised: 1, versions: 5 });
    }
}
