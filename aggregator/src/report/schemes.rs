//! The three schemes side by side: where each commune stands by its own targets, by what all plans share, by the provincial standard.

use super::{
    figures::Figures,
    question::{AskError, Question},
};
use shared::{
    listing::{Column, Form, Listing},
    ranking::{RankingRow, Scheme, Scope},
};

/// Rank and score of each commune under each scheme, in the order of the first; and how far its best and its worst rank are apart.
///
/// # Errors
/// A period outside the plan year.
pub(super) fn schemes(figures: &Figures, question: &Question) -> Result<Listing, AskError> {
    let (language, book) = (question.language, figures.standings.book());
    let period = figures.period(question.period)?;
    let boards = Scheme::ALL.map(|scheme| figures.standings.ranking(scheme, period, &Scope::default()));
    let l = |vi, en| language.pick(vi, en);
    let mut columns = vec![
        Column::new("commune", "", Form::Text),
        Column::new("name", l("Xã, phường", "Commune"), Form::Text),
        Column::new("kind", l("Loại", "Kind"), Form::Kind),
    ];
    let headings = [
        ("own", l("Hạng theo kế hoạch", "Rank, own plan"), l("Điểm", "Score")),
        ("common", l("Hạng chỉ tiêu chung", "Rank, common"), l("Điểm", "Score")),
        ("standard", l("Hạng theo chuẩn", "Rank, standard"), l("Điểm", "Score")),
    ];
    for (scheme, rank, score) in headings {
        columns.push(Column::new(&format!("rank_{scheme}"), rank, Form::Number));
        columns.push(Column::new(&format!("score_{scheme}"), score, Form::Score));
    }
    columns.push(Column::new("spread", l("Chênh hạng", "Spread"), Form::Number));
    let rows = boards[0].iter().map(|first| {
        let member = &book.members()[first.commune as usize].row;
        let of = |board: &usize| boards[*board].iter().find(|row| row.commune == first.commune);
        let mut cells = vec![member.slug.clone(), member.name.clone(), member.kind.as_str().to_owned()];
        let mut ranks = Vec::new();
        for row in (0..boards.len()).map(|board| of(&board)) {
            let rank = row.and_then(|row| row.rank);
            ranks.extend(rank);
            cells.push(rank.map(|rank| rank.to_string()).unwrap_or_default());
            cells.push(row.map(RankingRow::score_text).unwrap_or_default());
        }
        let spread = ranks.iter().max().zip(ranks.iter().min()).map(|(worst, best)| worst - best);
        cells.push(spread.map(|spread| spread.to_string()).unwrap_or_default());
        cells
    });
    let rows = rows.collect();
    Ok(Listing {
        title: format!("{} {period}", l("Ba cách chấm cạnh nhau, kỳ", "The three schemes side by side,")),
        notes: vec![
            l(
                "Theo kế hoạch: mọi mục tiêu của chính xã. Chỉ tiêu chung: những chỉ tiêu mà mọi kế hoạch đều chấm. Theo chuẩn: mục tiêu chuẩn của tỉnh. Từng mục tiêu: `explain XÃ --scheme common`.",
                "Own plan: all of the commune's own targets. Common: the indicators that every plan scores. Standard: the provincial standard targets. Target by target: `explain COMMUNE --scheme common`.",
            )
            .to_owned(),
        ],
        columns,
        rows,
    })
}
