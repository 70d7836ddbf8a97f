//! What came of the period: the province's own figures, the ranking, how it went month by month.

use super::{
    super::figures::Figures,
    MOST_ROWS, Sources,
    cells::{cell, count, heading, only, people, picture, shortened},
};
use document::{
    Error, Part,
    chart::{Bar, Bars, Line, Trend, bars},
    listing::table,
};
use shared::{
    fraction::Fraction,
    language::Language,
    listing::{Column, Form, Listing},
    period::{Cycle, Period},
    province::province_figure,
    ranking::{Scheme, previous_in_year},
};
use std::collections::BTreeMap;

impl Sources<'_> {
    pub(super) fn results(&self, words: &str) -> Result<Vec<Part>, Error> {
        let rankings = self.list("rankings");
        let mut parts = vec![heading(1, "KẾT QUẢ THỰC HIỆN"), heading(2, "Số liệu chung của tỉnh")];
        let province = self.province();
        let standard = shortened(only(&province, |row| !cell(&province, row, "target").is_empty()), "name");
        parts.push(Part::Paragraph("Các chỉ tiêu có mục tiêu chuẩn của tỉnh; các chỉ tiêu khác ở phụ lục.".into()));
        parts.push(Part::Table(table(
            &standard,
            "Kết quả toàn tỉnh so với mục tiêu chuẩn",
            &[
                ("indicator", "Mã", 11),
                ("name", "Chỉ tiêu", 42),
                ("target", "Mục tiêu", 12),
                ("value", "Kết quả", 12),
                ("before", "Kỳ trước", 12),
                ("reporting", "Số xã báo cáo", 11),
            ],
            MOST_ROWS,
        )));
        parts.push(heading(2, "Xếp hạng các xã, phường"));
        parts.push(Part::Paragraph(standing_words(rankings, words)));
        let ranked = rankings.rows.iter().filter(|row| !cell(rankings, row, "rank").is_empty());
        let bar = |row: &Vec<String>| Bar {
            label: cell(rankings, row, "name").to_owned(),
            value: cell(rankings, row, "score").parse().unwrap_or_default(),
        };
        let scores = Bars {
            description: format!("Điểm của các xã, phường {words}"),
            bars: ranked.map(bar).collect(),
            target: None,
            top: Some(100.0),
            decimals: 2,
        };
        if !scores.bars.is_empty() {
            let drawings = scores.drawings(bars::PAGE)?;
            let all = drawings.len();
            for (drawing, at) in drawings.iter().zip(1..) {
                let mut part = picture(drawing)?;
                if let Part::Picture(picture) = &mut part
                    && all > 1
                {
                    picture.caption += &format!(" (phần {at}/{all})");
                }
                parts.push(part);
            }
        }
        parts.push(Part::Table(table(
            rankings,
            "Xếp hạng theo mục tiêu của từng kế hoạch",
            &[
                ("rank", "Hạng", 9),
                ("name", "Xã, phường", 31),
                ("score", "Điểm", 11),
                ("met", "Đạt", 9),
                ("scored", "Chấm", 11),
                ("on_time", "Đúng hạn", 13),
                ("movement", "Tăng, giảm", 10),
                ("provisional", "Tạm tính", 10),
            ],
            MOST_ROWS,
        )));
        let trend = self.trend()?;
        if !trend.is_empty() {
            parts.push(heading(2, "So với các tháng trước"));
            parts.push(Part::Paragraph(self.comparison()));
            parts.extend(trend);
        }
        Ok(parts)
    }

    /// Each indicator that anybody reported: the province's own figure now and before.
    #[must_use]
    pub fn province(&self) -> Listing {
        let book = self.figures.standings.book();
        let before = previous_in_year(self.period);
        let mut rows = Vec::new();
        for (number, row) in (0u32..).zip(book.indicators()) {
            let now = province_figure(book, number, self.period);
            if now.reporting == 0 {
                continue;
            }
            let was = match &self.before {
                Some(closed) => closed.get(&row.code).cloned(),
                None => before
                    .map(|before| province_figure(book, number, before))
                    .and_then(|figure| figure.value)
                    .map(decimals),
            };
            let target = row.standard.map(|goal| {
                let high = goal.high().map(|high| format!("–{}", people(&high.to_string()))).unwrap_or_default();
                let value = goal.value().map(|value| people(&value.to_string())).unwrap_or_default();
                format!("{} {value}{high}", goal.operator().as_str()).replace(">=", "≥").replace("<=", "≤")
            });
            rows.push(vec![
                row.code.clone(),
                row.name.clone(),
                target.unwrap_or_default(),
                now.value.map(decimals).unwrap_or_default(),
                was.unwrap_or_default(),
                now.reporting.to_string(),
            ]);
        }
        let column = |(name, heading, form)| Column::new(name, heading, form);
        let columns = [
            ("indicator", "Mã", Form::Text),
            ("name", "Chỉ tiêu", Form::Text),
            ("target", "Mục tiêu chuẩn", Form::Text),
            ("value", "Kết quả toàn tỉnh", Form::Value),
            ("before", "Kỳ trước", Form::Value),
            ("reporting", "Số xã báo cáo", Form::Number),
        ];
        Listing { columns: columns.map(column).into(), rows, ..Listing::default() }
    }

    /// The months of the year up to the period.
    fn months(&self) -> Vec<Period> {
        let all = (1..=self.period.last_month()).filter_map(|n| Period::new(self.period.year(), Cycle::Monthly, n));
        all.collect()
    }

    fn trend(&self) -> Result<Vec<Part>, Error> {
        // A month that is closed stands as it was closed.
        let mean = |month: &Period| match self.means.get(month) {
            Some(closed) => *closed,
            None => mean(self.figures, *month),
        };
        let months = self.months();
        let values: Vec<Option<f64>> = months.iter().map(mean).collect();
        if values.iter().flatten().count() < 2 {
            return Ok(Vec::new());
        }
        let trend = Trend {
            description: format!("Điểm bình quân của các xã, phường năm {}", self.period.year()),
            months: months.iter().map(|month| format!("{:02}/{}", month.last_month(), month.year())).collect(),
            lines: vec![Line { label: "Bình quân toàn tỉnh".into(), values }],
            top: Some(100.0),
            decimals: 1,
        };
        Ok(vec![picture(&trend.drawing()?)?])
    }

    fn comparison(&self) -> String {
        let rankings = self.list("rankings");
        let moved = |up: bool| {
            let fits = |row: &&Vec<String>| match cell(rankings, row, "movement").parse::<i64>() {
                Ok(places) => places != 0 && (places > 0) == up,
                Err(_) => false,
            };
            rankings.rows.iter().filter(fits).count()
        };
        let (up, down) = (moved(true), moved(false));
        let before = previous_in_year(self.period).map(|before| before.in_words(Language::Vi)).unwrap_or_default();
        format!("So với {before}: {} xã, phường tăng hạng, {} xã, phường giảm hạng.", count(up), count(down))
    }
}

/// The province's own figures by indicator, six decimals.
pub type Before = BTreeMap<String, String>;
/// Mean scores by month; none where nothing was reported.
pub type Means = BTreeMap<Period, Option<f64>>;

fn decimals(value: Fraction) -> String {
    value.to_decimals(6)
}

/// The province's own figures of a period.
#[must_use]
pub fn province_values(figures: &Figures, period: Period) -> Before {
    let book = figures.standings.book();
    let values = (0u32..)
        .zip(book.indicators())
        .filter_map(|(number, row)| Some((row.code.clone(), decimals(province_figure(book, number, period).value?))));
    values.collect()
}

/// The mean score of the ranked communes in a month, to be drawn; none before anybody reported.
#[must_use]
pub fn mean(figures: &Figures, month: Period) -> Option<f64> {
    let board = figures.standings.board(Scheme::Own, month);
    let lines = (0u32..).zip(figures.standings.book().members());
    let scores: Vec<i64> = lines
        .filter(|(number, _)| board.rank_of(*number).is_some())
        .filter_map(|(number, _)| board.line(number).score)
        .collect();
    let sum = i32::try_from(scores.iter().sum::<i64>()).ok()?;
    let count = i32::try_from(scores.len()).ok().filter(|count| *count > 0)?;
    (sum > 0).then(|| f64::from(sum) / f64::from(count) / 100.0)
}

/// Who leads, and who rose most.
fn standing_words(rankings: &Listing, words: &str) -> String {
    let ranked: Vec<_> = rankings.rows.iter().filter(|row| !cell(rankings, row, "rank").is_empty()).collect();
    let first: Vec<String> = ranked
        .iter()
        .take(3)
        .map(|row| format!("{} ({} điểm)", cell(rankings, row, "name"), people(cell(rankings, row, "score"))))
        .collect();
    let risen = ranked
        .iter()
        .filter_map(|row| Some((cell(rankings, row, "movement").parse::<i64>().ok()?, *row)))
        .filter(|(places, _)| *places > 0)
        .max_by_key(|(places, _)| *places);
    let mut text = format!("{words}: {} xã, phường được xếp hạng.", count(ranked.len()));
    if !first.is_empty() {
        text += &format!(" Đứng đầu: {}.", first.join(", "));
    }
    if let Some((places, row)) = risen {
        text += &format!(" Tăng nhiều nhất: {} (tăng {places} bậc).", cell(rankings, row, "name"));
    }
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
