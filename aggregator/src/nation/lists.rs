//! What people and programs read of a nation. It shows what the scoring rules define and nothing else: communes are ranked, provinces are
//! not, since no rule says how; each has its own figure of an indicator, as the nation has.

use super::{
    NationError, NationPlace,
    acceptance::{held, open},
    merging::Merged,
    place::{Nation, make_folder, write},
    register::members,
};
use proto::publication::{PublicationError, Statement};
use shared::{
    book::Book,
    calendar::rfc3339,
    language::Language,
    listing::{Column, Form, Listing},
    period::Period,
    province::province_figure,
    ranking::Scheme,
    snapshot::{HEAD_FILE, INPUT_TABLES, PREVIOUS_TABLE, is_table},
    tables::write,
};
use std::path::Path;

/// Name of a statement beside the tables.
const STATEMENT_FILE: &str = "publication.txt";

fn column(language: Language, name: &str, (vi, en): (&str, &str), form: Form) -> Column {
    Column::new(name, language.pick(vi, en), form)
}

fn notes(merged: &Merged, nation: &Nation, language: Language) -> Vec<String> {
    let mut notes = Vec::new();
    if nation.exercise {
        notes.push(language.pick("SỐ LIỆU MÔ PHỎNG", "SIMULATED FIGURES").to_owned());
    }
    if !merged.missing.is_empty() {
        let names = merged.missing.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ");
        notes.push(language.pick(format!("Chưa công bố kỳ này: {names}."), format!("Not published yet: {names}.")));
    }
    notes
}

/// All communes of the provinces that published a period, ranked together; the columns of `rankings`, communes as `province/commune`.
///
/// # Errors
/// [`NationError`]
pub fn rankings(
    place: &NationPlace,
    nation: &Nation,
    (period, scheme): (Period, Scheme),
    language: Language,
) -> Result<Listing, NationError> {
    let merged = Merged::load(place, period)?;
    let book = merged.book()?;
    let mut list = write::rankings(&book, scheme, period, &merged.ranking(&book, scheme)?);
    let l = |vi, en| language.pick(vi, en);
    let headings = [
        ("", ""),
        ("", ""),
        ("Hạng", "Rank"),
        ("Mã", "Id"),
        ("Xã, phường", "Commune"),
        ("Loại", "Kind"),
        ("Điểm", "Score"),
        ("Đạt", "Met"),
        ("Chấm", "Scored"),
        ("Đúng hạn", "On time"),
        ("Tăng, giảm", "Movement"),
        ("Tạm tính", "Provisional"),
    ];
    let forms = [(5, Form::Kind), (6, Form::Score), (9, Form::Share), (10, Form::Movement)];
    for (column, (vi, en)) in list.columns.iter_mut().zip(headings) {
        column.heading = l(vi, en).to_owned();
    }
    for (at, form) in forms {
        list.columns[at].form = form;
    }
    list.title = language.pick(
        format!("{}: xếp hạng xã, phường kỳ {period}, {} tỉnh", nation.name, merged.published.len()),
        format!("{}: communes ranked, {period}, {} provinces", nation.name, merged.published.len()),
    );
    list.notes = notes(&merged, nation, language);
    Ok(list)
}

/// What each province published of a period: revision, and its sums over the scheme `own` as it closed it. Provinces are not ranked.
///
/// # Errors
/// [`NationError`]
pub fn provinces(
    place: &NationPlace,
    nation: &Nation,
    period: Period,
    language: Language,
) -> Result<Listing, NationError> {
    let merged = Merged::load(place, period)?;
    let book = merged.book()?;
    let ranking = merged.ranking(&book, Scheme::Own)?;
    let mut rows = Vec::new();
    for (member, publication) in &merged.published {
        let Statement { revision, closed_at, snapshot, .. } = &publication.statement;
        let prefix = format!("{}/", member.code);
        let own: Vec<_> =
            ranking.iter().filter(|row| book.members()[row.commune as usize].row.slug.starts_with(&prefix)).collect();
        let sum = |of: fn(&shared::ranking::RankingRow) -> u32| own.iter().map(|row| u64::from(of(row))).sum::<u64>();
        rows.push(vec![
            member.code.clone(),
            member.name.clone(),
            revision.to_string(),
            rfc3339(*closed_at),
            own.iter().filter(|row| row.rank.is_some()).count().to_string(),
            sum(|row| row.met).to_string(),
            sum(|row| row.scored).to_string(),
            sum(|row| row.provisional).to_string(),
            own.iter().filter_map(|row| row.rank).min().map(|rank| rank.to_string()).unwrap_or_default(),
            hex::encode(snapshot),
        ]);
    }
    let column = |name, words, form| column(language, name, words, form);
    let mut all_notes = notes(&merged, nation, language);
    all_notes.push(
        language
            .pick(
                "Quy tắc chấm điểm không có điểm của tỉnh, nên các tỉnh không được xếp hạng.",
                "The scoring rules know no score of a province, so provinces are not ranked.",
            )
            .to_owned(),
    );
    Ok(Listing {
        title: language.pick(format!("Các tỉnh đã công bố kỳ {period}"), format!("Provinces that published {period}")),
        notes: all_notes,
        columns: vec![
            column("province", ("", ""), Form::Text),
            column("name", ("Tỉnh", "Province"), Form::Text),
            column("revision", ("Lần chốt", "Revision"), Form::Number),
            column("closed_at", ("Chốt lúc", "Closed"), Form::Time),
            column("ranked", ("Xã được xếp hạng", "Ranked communes"), Form::Number),
            column("met", ("Mục tiêu đạt", "Met"), Form::Number),
            column("scored", ("Mục tiêu chấm", "Scored"), Form::Number),
            column("provisional", ("Tạm tính", "Provisional"), Form::Number),
            column("first_rank", ("Hạng cao nhất của một xã", "Best rank of a commune"), Form::Number),
            column("snapshot", ("", ""), Form::Text),
        ],
        rows,
    })
}

/// Each province's own figure of an indicator, and the nation's over all communes, as the rules have it.
///
/// # Errors
/// [`NationError`]
pub fn indicator(
    place: &NationPlace,
    nation: &Nation,
    (period, code): (Period, &str),
    language: Language,
) -> Result<Listing, NationError> {
    let merged = Merged::load(place, period)?;
    let unknown = || NationError::NoIndicator(code.to_owned());
    let row = |id: &str, name: &str, book: &Book| -> Option<Vec<String>> {
        let figure = province_figure(book, book.indicator_number(code)?, period);
        let part = |of: fn((i128, i128)) -> i128| {
            let micros = figure.parts.map(of).map(|micros| shared::fraction::decimals(micros, 6));
            micros.map(|text| shared::vietnamese::trimmed(&text).to_owned()).unwrap_or_default()
        };
        Some(vec![
            id.to_owned(),
            name.to_owned(),
            part(|parts| parts.0),
            part(|parts| parts.1),
            figure.value.map(|value| value.to_decimals(6)).unwrap_or_default(),
            figure.reporting.to_string(),
            figure.left_out.to_string(),
        ])
    };
    let book = merged.book()?;
    let mut rows = vec![row("", &nation.name, &book).ok_or_else(unknown)?];
    for (member, publication) in &merged.published {
        rows.extend(row(&member.code, &member.name, &Book::new(&publication.snapshot.inputs()?)?));
    }
    let column = |name, words, form| column(language, name, words, form);
    let name = book.indicators().iter().find(|row| row.code == code).map(|row| row.name.as_str()).unwrap_or_default();
    Ok(Listing {
        title: format!("{code} {name}, {period}"),
        notes: notes(&merged, nation, language),
        columns: vec![
            column("province", ("", ""), Form::Text),
            column("name", ("Tỉnh", "Province"), Form::Text),
            column("numerator", ("Tử số", "Numerator"), Form::Number),
            column("denominator", ("Mẫu số", "Denominator"), Form::Number),
            column("value", ("Kết quả", "Value"), Form::Value),
            column("reporting", ("Xã báo cáo", "Reporting"), Form::Number),
            column("left_out", ("Không tính được", "Left out"), Form::Number),
        ],
        rows,
    })
}

/// Everything that was taken, in the order of each province's chain; a province that published nothing has an empty line.
///
/// # Errors
/// [`NationError`]
pub fn publications(place: &NationPlace, language: Language) -> Result<Listing, NationError> {
    let mut rows = Vec::new();
    for member in members(place)? {
        let all = held(place, &member.code)?;
        let words = [member.code.clone(), member.name.clone()];
        if all.is_empty() {
            rows.push(words.into_iter().chain(std::iter::repeat_n(String::new(), 5)).collect());
            continue;
        }
        for one in &all {
            let newest = all.iter().filter(|other| other.period == one.period).map(|other| other.revision).max();
            let statement = open(one, &member)?.statement;
            let counts = if newest == Some(one.revision) { "yes" } else { "no" };
            let mut row = words.to_vec();
            row.extend([one.sequence.to_string(), one.period.to_string(), one.revision.to_string(), counts.into()]);
            row.push(rfc3339(statement.closed_at));
            rows.push(row);
        }
    }
    let column = |name, words, form| column(language, name, words, form);
    Ok(Listing {
        title: language.pick("Các kỳ đã nhận từ các tỉnh", "Closed periods taken from the provinces").to_owned(),
        notes: Vec::new(),
        columns: vec![
            column("province", ("Mã", "Id"), Form::Text),
            column("name", ("Tỉnh", "Province"), Form::Text),
            column("sequence", ("Số thứ tự", "Number"), Form::Number),
            column("period", ("Kỳ", "Period"), Form::Text),
            column("revision", ("Lần chốt", "Revision"), Form::Number),
            column("counts", ("Đang dùng", "Counts"), Form::Text),
            column("closed_at", ("Chốt lúc", "Closed"), Form::Time),
        ],
        rows,
    })
}

/// Writes a period into a new folder: the nation's tables, from which `recompute` computes its ranking, and below them each province's own
/// with its statement. How many provinces.
///
/// # Errors
/// [`NationError`]
pub fn export(place: &NationPlace, period: Period, out: &Path) -> Result<usize, NationError> {
    if out.exists() {
        return Err(NationError::Taken(out.to_owned()));
    }
    let merged = Merged::load(place, period)?;
    let book = merged.book()?;
    make_folder(out)?;
    let inputs = &merged.inputs;
    let tables = [
        write::communes(inputs),
        write::indicators(inputs),
        write::targets(inputs, &book),
        write::exceptions(inputs),
        write::observations(inputs),
    ];
    for (name, table) in INPUT_TABLES.into_iter().zip(tables) {
        write(&out.join(name), &table.csv())?;
    }
    if let Some(previous) = &merged.previous {
        write(&out.join(PREVIOUS_TABLE), previous)?;
    }
    for (member, publication) in &merged.published {
        let folder = out.join(&member.code);
        make_folder(&folder)?;
        for (name, bytes) in &publication.snapshot.tables {
            // Seen to when it was opened; once more where names become paths.
            if !is_table(name) {
                return Err(PublicationError::Table(name.clone()).into());
            }
            write(&folder.join(name), bytes)?;
        }
        write(&folder.join(HEAD_FILE), &publication.snapshot.head_file())?;
        write(&folder.join(STATEMENT_FILE), publication.statement.to_text().as_bytes())?;
    }
    Ok(merged.published.len())
}
