//! The lights of a period: how many there are, and those that press most, so that each commune has its share of the page.

use super::{
    MOST_LIGHTS, MOST_ROWS, Sources,
    cells::{cell, count, heading, only, picture, shortened},
};
use document::{
    Error, Part,
    chart::{Light as Stack, Lights},
    listing::{Wanted, table},
};
use shared::{
    amount::Amount,
    light::Light,
    listing::Listing,
    ranking::{Scheme, explain},
    task::Reported,
};
use std::collections::BTreeMap;

impl Sources<'_> {
    pub(super) fn lights(&self) -> Result<Vec<Part>, Error> {
        let alerts = self.list("alerts");
        let is_target = |row: &[String]| !Reported::of(cell(alerts, row, "indicator")).is_task();
        let of = |light: &str| {
            alerts.rows.iter().filter(|row| cell(alerts, row, "light") == light && is_target(row)).count()
        };
        let (red, yellow) = (of("red"), of("yellow"));
        let mut parts = vec![
            heading(1, "CẢNH BÁO"),
            Part::Paragraph(format!(
                "Mục tiêu: {} đèn đỏ, {} đèn vàng; nhiệm vụ ở mục sau. Danh sách đầy đủ, kèm lý do, ở phụ lục.",
                count(red),
                count(yellow)
            )),
        ];
        let stacks = self.stacks();
        if !stacks.is_empty() {
            let lights =
                Lights { description: "Đèn của các mục tiêu theo nhóm chỉ tiêu".into(), lights: stacks };
            parts.push(picture(&lights.drawing()?)?);
        }
        for (light, caption) in [("red", "Đèn đỏ"), ("yellow", "Đèn vàng")] {
            let lit = only(alerts, |row| cell(alerts, row, "light") == light && is_target(row));
            parts.extend(self.most_pressing(
                lit,
                (caption, "indicator_name", "achievement"),
                &[
                    ("name", "Xã, phường", 18),
                    ("indicator_name", "Chỉ tiêu", 34),
                    ("lead_unit", "Chủ trì", 18),
                    ("reason", "Lý do", 30),
                ],
            ));
        }
        Ok(parts)
    }

    /// Lights of all scored targets by group of indicators.
    fn stacks(&self) -> Vec<Stack> {
        let book = self.figures.standings.book();
        let board = self.figures.standings.board(Scheme::Own, self.period);
        let mut stacks: Vec<(String, Stack)> = Vec::new();
        for number in 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX) {
            for row in explain::explain(book, &board, number, self.figures.today) {
                let group = &book.indicators()[row.indicator as usize].group;
                let at = stacks.iter().position(|(known, _)| known == group).unwrap_or_else(|| {
                    let known = self.figures.catalogue.indicators.iter().find(|one| one.group == *group);
                    let label = known.map_or_else(|| group.clone(), |one| one.group_name.clone());
                    stacks.push((group.clone(), Stack { label, green: 0, yellow: 0, red: 0, grey: 0 }));
                    stacks.len() - 1
                });
                let stack = &mut stacks[at].1;
                *match row.light {
                    Light::Green => &mut stack.green,
                    Light::Yellow => &mut stack.yellow,
                    Light::Red => &mut stack.red,
                    Light::Grey => &mut stack.grey,
                } += 1;
            }
        }
        stacks.into_iter().map(|(_, stack)| stack).collect()
    }

    /// A table of the lines of a list that press most; its caption says how many there are.
    pub(super) fn most_pressing(
        &self,
        list: Listing,
        (caption, title, achieved): (&str, &str, &str),
        columns: &[Wanted<'_>],
    ) -> Option<Part> {
        let all = list.rows.len();
        if all == 0 {
            return None;
        }
        let shown = shortened(fair(list, achieved), title);
        let caption = match shown.rows.len() {
            some if some < all => {
                format!("{caption} ({} trong {}, nặng nhất của từng xã, phường)", count(some), count(all))
            }
            _ => caption.to_owned(),
        };
        Some(Part::Table(table(&shown, &caption, columns, MOST_ROWS)))
    }
}

/// As many lines as the page has room for: of each commune in turn the one that has achieved least. They keep the list's order.
fn fair(mut list: Listing, achieved: &str) -> Listing {
    let mut of_commune: BTreeMap<&str, Vec<(i128, usize)>> = BTreeMap::new();
    for (place, row) in list.rows.iter().enumerate() {
        let achieved = cell(&list, row, achieved).parse::<Amount>().map_or(0, Amount::micros);
        of_commune.entry(cell(&list, row, "commune")).or_default().push((achieved, place));
    }
    let most = MOST_LIGHTS.max(of_commune.len()).min(MOST_ROWS);
    if list.rows.len() <= most {
        return list;
    }
    let mut turns: Vec<(usize, i128, usize)> = Vec::new();
    for lines in of_commune.values_mut() {
        lines.sort_unstable();
        turns.extend(lines.iter().enumerate().map(|(turn, (achieved, place))| (turn, *achieved, *place)));
    }
    turns.sort_unstable();
    let mut kept: Vec<usize> = turns.into_iter().take(most).map(|(.., place)| place).collect();
    kept.sort_unstable();
    let mut rows: Vec<Option<Vec<String>>> = list.rows.drain(..).map(Some).collect();
    list.rows = kept.into_iter().filter_map(|place| rows.get_mut(place)?.take()).collect();
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::listing::{Column, Form};

    #[test]
    fn each_commune_has_its_share_of_the_page_and_the_worst_of_it() {
        let column = |name| Column::new(name, name, Form::Text);
        let rows = (0..60).flat_map(|commune| {
            let count = if commune == 0 { 100 } else { 1 + commune % 2 };
            (0..count).map(move |n| vec![format!("c{commune:02}"), format!("0.{:02}", 99 - n)])
        });
        let list = Listing {
            columns: vec![column("commune"), column("achievement")],
            rows: rows.collect(),
            ..Listing::default()
        };
        let few = fair(list.clone(), "achievement");
        assert_eq!(few.rows.len(), 60, "one of each");
        assert_eq!(few.rows[0], ["c00", "0.00"], "the worst of a hundred");
        assert_eq!(few.rows[1], ["c01", "0.98"]);
        let one = Listing { rows: list.rows[..100].to_vec(), ..list };
        assert_eq!(fair(one, "achievement").rows.len(), MOST_LIGHTS);
    }
}
