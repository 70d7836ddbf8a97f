//! Units as both programs print them.

use super::{ByUnit, Role, UnitLine};
use crate::{
    achievement::Measure,
    fraction::decimals,
    language::Language,
    listing::{Column, Form, Listing, for_people},
    tables::write::value_cells,
};

fn measure(measure: Measure) -> String {
    match measure {
        Measure::Number(number) => number.to_decimals(6),
        Measure::Flag(yes) => if yes { "yes" } else { "no" }.to_owned(),
    }
}

/// An indicator by units, with the roll-up, the value for the whole commune and their difference below.
#[must_use]
pub fn by_unit(found: &ByUnit, language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let rows = found.figures.iter().map(|figure| {
        let series = figure.series.as_ref();
        let (delivery, words) = match (series, figure.is_stale) {
            (None, _) => ("missing", l("chưa báo cáo", "not reported")),
            (Some(_), true) => ("older", l("số liệu kỳ cũ", "of an older period")),
            (Some(_), false) => ("reported", l("đã báo cáo", "reported")),
        };
        let (delivery, words) = (delivery.to_owned(), words.to_owned());
        let [numerator, denominator, value] = series.map(|series| value_cells(series.value)).unwrap_or_default();
        vec![
            figure.code.clone(),
            figure.name.clone(),
            figure.measure.map(measure).unwrap_or_default(),
            numerator,
            denominator,
            value,
            figure.achieved.map(|achieved| decimals(achieved.into(), 6)).unwrap_or_default(),
            series.map(|series| series.period.to_string()).unwrap_or_default(),
            delivery,
            words,
            series.map(|series| series.version.to_string()).unwrap_or_default(),
            series.map(|series| series.evidence.to_string()).unwrap_or_default(),
            series.and_then(|series| series.verdict).map_or("", |verdict| verdict.as_str()).to_owned(),
        ]
    });
    let shown = |value: Measure| for_people(Form::Value, &measure(value), language);
    let missing = found.figures.iter().filter(|figure| figure.is_missing()).count();
    let (all, period) = (found.figures.len(), found.period);
    let mut notes = vec![language.pick(
        format!("{all} đơn vị, {missing} chưa báo cáo kỳ {period}."),
        format!("{all} units, {missing} have not reported {period}."),
    )];
    if let Some((units, of)) = found.rolled_up.zip(found.rolled_up_of) {
        let from = found.figures.iter().filter_map(|figure| figure.series.as_ref()).filter(|s| s.period == of).count();
        let sum = language.pick(
            format!("{} (từ {from}/{all} đơn vị, kỳ {of})", shown(units)),
            format!("{} (from {from} of {all} units, {of})", shown(units)),
        );
        notes.push(match found.whole {
            None => language.pick(
                format!("Cộng dồn từ các đơn vị, dùng cho toàn xã: {sum}."),
                format!("Rolled up over the units, used for the whole commune: {sum}."),
            ),
            Some(whole) if whole == units => language.pick(
                format!("Số liệu toàn xã khớp với cộng dồn từ các đơn vị: {sum}."),
                format!("The value for the whole commune equals the roll-up over the units: {sum}."),
            ),
            Some(whole) => {
                let whole = shown(whole);
                language.pick(
                    format!("Số liệu toàn xã {whole} KHÁC cộng dồn từ các đơn vị {sum}; số toàn xã được dùng."),
                    format!("The whole commune's {whole} DIFFERS from the units' roll-up {sum}; the former is used."),
                )
            }
        });
    }
    Listing {
        title: String::new(),
        notes,
        columns: vec![
            Column::new("unit", l("Mã", "Code"), Form::Text),
            Column::new("name", l("Đơn vị", "Unit"), Form::Text),
            Column::new("result", l("Kết quả", "Result"), Form::Value),
            Column::new("numerator", l("Tử số", "Numerator"), Form::Number),
            Column::new("denominator", l("Mẫu số", "Denominator"), Form::Number),
            Column::new("value", "", Form::Value),
            Column::new("achievement", l("Mức đạt", "Achieved"), Form::Share),
            Column::new("period", l("Kỳ số liệu", "Figure of"), Form::Text),
            Column::new("delivery", "", Form::Text),
            Column::new("delivery_words", l("Tình trạng", "State"), Form::Text),
            Column::new("version", l("Bản", "Version"), Form::Number),
            Column::new("evidence", l("Minh chứng", "Evidence"), Form::Number),
            Column::new("verdict", "", Form::Text),
        ],
        rows: rows.collect(),
    }
}

/// The units of a commune by rank.
#[must_use]
pub fn ranking(lines: &[UnitLine], language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let number = |number: u32| number.to_string();
    let rows = lines.iter().map(|line| {
        let (role, words) = match line.role {
            Role::Reports => ("reports", l("báo cáo số liệu", "reports figures")),
            Role::Leads => ("leads", l("chủ trì", "leads")),
        };
        let of_leads = |count: u32| if line.role == Role::Leads { number(count) } else { String::new() };
        vec![
            line.rank.map(number).unwrap_or_default(),
            role.to_owned(),
            words.to_owned(),
            line.code.clone(),
            line.name.clone(),
            line.score.map(|score| decimals(score.into(), 2)).unwrap_or_default(),
            number(line.met),
            number(line.scored),
            number(line.missing),
            of_leads(line.red),
            of_leads(line.yellow),
            of_leads(line.tasks),
            of_leads(line.tasks_red),
        ]
    });
    Listing {
        title: String::new(),
        notes: vec![
            l(
                "Ấp và đơn vị báo cáo số liệu: theo số liệu của mình; số đếm giao chung toàn xã thì chia đều. Phòng, đoàn thể: theo mục tiêu, nhiệm vụ mình chủ trì. Thứ hạng trong xã, không ảnh hưởng xếp hạng của tỉnh.",
                "Units that report: by their own figures; a count asked of the commune in total is shared equally. Offices and organisations: by the targets and tasks that they lead. Ranks within the commune; the province's ranking is not touched.",
            )
            .to_owned(),
        ],
        columns: vec![
            Column::new("rank", l("Hạng", "Rank"), Form::Number),
            Column::new("role", "", Form::Text),
            Column::new("role_words", l("Xếp theo", "By"), Form::Text),
            Column::new("unit", l("Mã", "Code"), Form::Text),
            Column::new("name", l("Đơn vị", "Unit"), Form::Text),
            Column::new("score", l("Điểm", "Score"), Form::Score),
            Column::new("met", l("Đạt", "Met"), Form::Number),
            Column::new("scored", l("Chấm", "Scored"), Form::Number),
            Column::new("missing", l("Thiếu", "Missing"), Form::Number),
            Column::new("red", l("Đỏ", "Red"), Form::Number),
            Column::new("yellow", l("Vàng", "Yellow"), Form::Number),
            Column::new("tasks", l("Nhiệm vụ", "Tasks"), Form::Number),
            Column::new("tasks_red", l("NV đỏ", "Red tasks"), Form::Number),
        ],
        rows: rows.collect(),
    }
}
