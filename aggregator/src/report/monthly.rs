//! The province's report of a period as an official document, composed of the same lists that staff ask for, with charts and annexes.
//!
//! Of a closed period, figures, ranking, lights, due days and quality are those that were frozen; what was asked of tasks, reviews and checks is
//! as it stands, and says so. The months before are as they were closed, too. Source: plans of xã Định Quán, IV.4 and xã Tân Phú, IV.2 (what a consolidated report holds); Decree 30/2020/NĐ-CP (its form).

mod cells;
mod lights;
pub mod making;
mod results;

pub use results::{Before, Means, mean, province_values};

use super::figures::Figures;
use cells::{cell, count, heading, only, percent, total};
use document::{Error, Head, Numbering, Part, Report, Signature, listing::table, office::Office};
use shared::{language::Language, listing::Listing, period::Period};
use std::{borrow::Cow, collections::BTreeMap};

/// Most rows of a table in the text; the annex has all.
const MOST_ROWS: usize = 120;
/// Most lights of a colour in the text, unless there are more communes.
const MOST_LIGHTS: usize = 40;

/// What a report is composed of.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The figures of the period: frozen ones where it is closed.
    pub figures: &'a Figures,
    /// Lists by the command that prints them.
    pub lists: BTreeMap<&'static str, Listing>,
    /// The period.
    pub period: Period,
    /// Whether the period is closed.
    pub is_closed: bool,
    /// The province's own figures of the period before as that was closed; none where it is open.
    pub before: Option<Before>,
    /// The mean scores of closed months, as they were closed.
    pub means: Means,
}

/// The lists that a report is composed of, with their sheets in the annex.
pub const LISTS: [(&str, &str); 7] = [
    ("rankings", "Xếp hạng"),
    ("alerts", "Đèn đỏ, vàng"),
    ("due", "Đến hạn"),
    ("quality", "Chất lượng báo cáo"),
    ("reviews", "Thẩm định"),
    ("tasks", "Nhiệm vụ"),
    ("checks", "Cần xem lại"),
];

impl Sources<'_> {
    fn list(&self, name: &str) -> &Listing {
        static NOTHING: Listing =
            Listing { title: String::new(), notes: Vec::new(), columns: Vec::new(), rows: Vec::new() };
        self.lists.get(name).unwrap_or(&NOTHING)
    }

    /// The report, issued by an office on the day of its figures.
    ///
    /// # Errors
    /// Something does not fit into a document.
    pub fn compose(&self, office: Office) -> Result<Report, Error> {
        let words = self.period.in_words(Language::Vi);
        let mut parts = self.reporting(&words);
        parts.extend(self.results(&words)?);
        parts.extend(self.lights()?);
        parts.extend(self.reviews());
        parts.extend(self.tasks());
        parts.extend(self.requests());
        let province = &self.figures.catalogue.province.name;
        let office = office.or(defaults(province));
        Ok(Report {
            head: Head {
                superior: Some(office.superior),
                issuer: office.issuer.lines().map(str::to_owned).collect(),
                number: None,
                symbol: office.symbol,
                place: office.place,
                date: self.figures.today,
                day_open: true,
            },
            title: "BÁO CÁO".into(),
            subject: format!("Kết quả thực hiện chỉ tiêu, nhiệm vụ chuyển đổi số của các xã, phường {words}"),
            addressed_to: office.addressed_to,
            numbering: Numbering::Roman,
            parts,
            recipients: office.recipients,
            signature: Signature { authority: office.authority, name: office.signer },
            notice: self.figures.exercise.then(|| "SỐ LIỆU MÔ PHỎNG".to_owned()),
        })
    }

    /// The sheets of the annex.
    #[must_use]
    pub fn annexes(&self) -> Vec<(&'static str, Cow<'_, Listing>)> {
        let lists = LISTS.iter().filter_map(|(name, sheet)| Some((*sheet, Cow::Borrowed(self.lists.get(name)?))));
        lists.chain([("Số liệu toàn tỉnh", Cow::Owned(self.province()))]).collect()
    }

    fn reporting(&self, words: &str) -> Vec<Part> {
        let (due, quality) = (self.list("due"), self.list("quality"));
        let sum = |name| total(quality, name);
        let (expected, reported, on_time) = (sum("expected"), sum("reported"), sum("in_time"));
        let mut parts = vec![
            heading(1, "TÌNH HÌNH BÁO CÁO"),
            Part::Paragraph(format!(
                "{} xã, phường có kế hoạch được theo dõi. Số liệu phải báo cáo {words}: {}; đã báo cáo {} ({}), trong đó đúng hạn {} ({}).{}",
                count(quality.rows.len()),
                count(expected),
                count(reported),
                percent(reported, expected),
                count(on_time),
                percent(on_time, expected),
                if self.is_closed {
                    " Kỳ báo cáo đã chốt; số liệu và xếp hạng dưới đây là số liệu khi chốt."
                } else {
                    ""
                },
            )),
        ];
        let behind = only(due, |row| cell(due, row, "missing") != "0" || cell(due, row, "late") != "0");
        if behind.rows.is_empty() {
            parts.push(Part::Paragraph("Tất cả các xã, phường đã báo cáo đầy đủ, đúng hạn.".into()));
        } else {
            parts.push(Part::Table(table(
                &behind,
                "Các xã, phường báo cáo trễ hoặc còn thiếu",
                &[
                    ("name", "Xã, phường", 26),
                    ("cutoff", "Hạn", 14),
                    ("expected", "Phải báo cáo", 12),
                    ("late", "Trễ hạn", 10),
                    ("missing", "Còn thiếu", 10),
                    ("missing_codes", "Chỉ tiêu còn thiếu", 28),
                ],
                MOST_ROWS,
            )));
        }
        parts
    }

    /// What is said of a part that a closing does not freeze.
    fn as_it_stands(&self) -> Option<Part> {
        self.is_closed.then(|| Part::Paragraph("Phần này theo số liệu hiện tại, không phải khi chốt.".into()))
    }

    fn reviews(&self) -> Vec<Part> {
        let reviews = self.list("reviews");
        let mut parts = vec![heading(1, "THẨM ĐỊNH MINH CHỨNG")];
        parts.extend(self.as_it_stands());
        // The last line is the province.
        let decided = reviews.rows.len() > 1;
        if decided {
            parts.extend(reviews.notes.iter().filter(|note| !note.contains("***")).cloned().map(Part::Paragraph));
            let mut listed = table(
                reviews,
                "Kết quả thẩm định",
                &[
                    ("name", "Xã, phường", 28),
                    ("accepted", "Chấp nhận", 12),
                    ("returned", "Trả lại", 11),
                    ("resubmitted", "Đã nộp lại", 12),
                    ("waiting", "Đang chờ", 11),
                    ("median_hours", "Trung vị (giờ)", 13),
                    ("longest_hours", "Lâu nhất (giờ)", 13),
                ],
                MOST_ROWS,
            );
            listed.total = true;
            parts.push(Part::Table(listed));
        } else {
            parts.push(Part::Paragraph("Trong kỳ chưa có kết quả nào được thẩm định hoặc chờ thẩm định.".into()));
        }
        parts
    }

    fn tasks(&self) -> Vec<Part> {
        let tasks = self.list("tasks");
        if tasks.rows.is_empty() {
            return Vec::new();
        }
        let mut parts = vec![heading(1, "NHIỆM VỤ VÀ GIẢI NGÂN")];
        parts.extend(self.as_it_stands());
        parts.extend(tasks.notes.iter().filter(|note| !note.contains("***")).cloned().map(Part::Paragraph));
        let reds = only(tasks, |row| cell(tasks, row, "light") == "red");
        parts.extend(self.most_pressing(
            reds,
            ("Nhiệm vụ đèn đỏ", "title", "progress"),
            &[
                ("name", "Xã, phường", 17),
                ("task", "Mã", 9),
                ("title", "Nhiệm vụ", 34),
                ("deadline_text", "Thời hạn", 15),
                ("progress", "Tiến độ", 10),
                ("reason", "Lý do", 25),
            ],
        ));
        parts
    }

    /// What follows for whom: from the lists, nothing else.
    fn requests(&self) -> Vec<Part> {
        let (due, alerts, checks) = (self.list("due"), self.list("alerts"), self.list("checks"));
        let mut items = Vec::new();
        let names = |list: &Listing, fits: &dyn Fn(&Vec<String>) -> bool| {
            let mut names: Vec<String> =
                list.rows.iter().filter(|row| fits(row)).map(|row| cell(list, row, "name").to_owned()).collect();
            names.dedup();
            names
        };
        let missing = names(due, &|row| cell(due, row, "missing") != "0");
        if !missing.is_empty() {
            items.push(format!("Báo cáo ngay số liệu còn thiếu: {}.", missing.join(", ")));
        }
        let returned = names(alerts, &|row| cell(alerts, row, "cause") == "returned");
        if !returned.is_empty() {
            items.push(format!("Hoàn thiện, nộp lại kết quả bị trả lại khi thẩm định: {}.", returned.join(", ")));
        }
        let doubted = names(checks, &|row| cell(checks, row, "note").is_empty());
        if !doubted.is_empty() {
            let as_of = if self.is_closed { " (theo số liệu hiện tại)" } else { "" };
            items.push(format!("Kiểm tra lại hoặc giải thích số liệu khác thường{as_of}: {}.", doubted.join(", ")));
        }
        if items.is_empty() {
            return Vec::new();
        }
        vec![heading(1, "ĐỀ NGHỊ"), Part::Bullets(items)]
    }
}

fn defaults(province: &str) -> Office {
    let place = province.strip_prefix("Tỉnh ").or(province.strip_prefix("Thành phố ")).unwrap_or(province);
    let whole =
        if province.starts_with("Thành phố ") { format!("thành phố {place}") } else { format!("tỉnh {place}") };
    Office {
        superior: format!("UBND {whole}"),
        issuer: "Sở Khoa học và Công nghệ".into(),
        symbol: "BC-SKHCN".into(),
        place: place.to_owned(),
        authority: vec!["Giám đốc".into()],
        signer: String::new(),
        addressed_to: vec![format!("Ủy ban nhân dân {whole}")],
        recipients: vec!["Như trên".into(), "UBND các xã, phường".into(), "Lưu: VT".into()],
    }
}
