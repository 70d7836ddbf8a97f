//! The commune's own report of a period as an official document, from its own figures; what it says of ranks is the province's word.
//!
//! Source: plans of xã Tân Phú, IV.1 (results, difficulties, proposals) and xã Định Quán, IV.4; Decree 30/2020/NĐ-CP (the form).

use crate::ledger::Ledger;
use chrono::NaiveDate;
use document::{
    Error, Head, Numbering, Part, Picture, Report, Signature,
    chart::{Light as Stack, Lights},
    listing::table,
    office::Office,
};
use shared::{
    catalogue::view::CommuneView,
    due::{Delivery, duties},
    evaluation::State,
    feed::Standing,
    language::Language,
    light::Light,
    listing::{Column, Form, Listing, number_for_people},
    observation::Decision,
    period::Period,
    ranking::{
        Scheme, Scope,
        board::Board,
        explain::{ExplainRow, explain},
        previous_in_year,
    },
    task::{self, list::Line},
    units,
    vietnamese::trimmed,
};

/// Most rows of a table in the text.
const MOST_ROWS: usize = 200;
/// Most notes in the text; the annex has all.
const MOST_NOTES: usize = 20;
/// How large charts are drawn, against their size on the page.
const ZOOM: f32 = 2.0;

/// What a report is made of.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The catalogue of the commune.
    pub catalogue: &'a CommuneView,
    /// Its figures.
    pub ledger: &'a Ledger,
    /// The period.
    pub period: Period,
    /// Today.
    pub today: NaiveDate,
    /// The province's word on the period, where it has come.
    pub standing: Option<Standing>,
    /// The province's word on the period before, where it has come; of a closed one that is as it was closed.
    pub before: Option<Standing>,
    /// Whether the period before is closed.
    pub before_is_closed: bool,
    /// What was noted with the reports of the period: the code that it is about, and the words.
    pub notes: Vec<(String, String)>,
    /// Whether all figures are simulated.
    pub is_simulated: bool,
}

/// The report and the lists of its annex with the names of their sheets.
pub type Made = (Report, Vec<(&'static str, Listing)>);

impl Sources<'_> {
    /// The report, with the lists of its annex; none where nothing was reported for the period.
    ///
    /// # Errors
    /// Something does not fit into a document.
    pub fn compose(&self, office: Office) -> Result<Option<Made>, Error> {
        let Some(commune) = self.ledger.commune else { return Ok(None) };
        let (book, period) = (&self.ledger.book, self.period);
        let duties: Vec<_> = duties(book, commune, period).collect();
        let came = duties.iter().filter(|duty| duty.delivery != Delivery::Missing).count();
        let lines: Vec<Line<'_>> = self.lines(commune);
        let tasks_came = lines.iter().any(|line| line.progress.reported_for.is_some_and(|p| p.ends_with(period)));
        if came == 0 && !tasks_came && !self.any_reported(commune) {
            return Ok(None);
        }
        let board = Board::new(book, Scheme::Own, period, &Scope::default());
        let rows = explain(book, &board, commune, self.today);
        let words = period.in_words(Language::Vi);
        let missing: Vec<&str> = duties
            .iter()
            .filter(|duty| duty.delivery == Delivery::Missing)
            .map(|duty| book.indicators()[duty.indicator as usize].code.as_str())
            .collect();
        let mut text = format!("Phải báo cáo {words}: {} chỉ tiêu; đã nhập {came}.", duties.len());
        if !missing.is_empty() {
            text += &format!(" Còn thiếu: {}.", missing.join(", "));
        }
        let targets = self.targets(&rows);
        let mut parts = vec![
            heading("TÌNH HÌNH BÁO CÁO"),
            Part::Paragraph(text),
            heading("KẾT QUẢ THỰC HIỆN CHỈ TIÊU"),
            Part::Paragraph(self.standing_words(&rows)),
        ];
        parts.extend(lights(&rows)?);
        parts.push(Part::Table(table(
            &targets,
            "Kết quả theo từng mục tiêu của kế hoạch",
            &[
                ("plan_ref", "Mục", 9),
                ("name", "Chỉ tiêu", 24),
                ("target", "Mục tiêu", 12),
                ("value", "Kết quả", 9),
                ("before", "Kỳ trước", 9),
                ("state", "Trạng thái", 11),
                ("light", "Đèn", 7),
                ("reason", "Lý do", 19),
            ],
            MOST_ROWS,
        )));
        parts.push(heading("MINH CHỨNG VÀ THẨM ĐỊNH"));
        parts.push(Part::Paragraph(self.evidence_words(&rows)));
        let tasks = task::list::list(&lines, false, Language::Vi);
        if !lines.is_empty() {
            parts.push(heading("NHIỆM VỤ VÀ GIẢI NGÂN"));
            parts.extend(tasks.notes.iter().cloned().map(Part::Paragraph));
            parts.push(Part::Table(table(
                &tasks,
                "Tiến độ các nhiệm vụ",
                &[
                    ("task", "Mã", 9),
                    ("title", "Nhiệm vụ", 34),
                    ("lead_unit", "Chủ trì", 18),
                    ("deadline_text", "Thời hạn", 15),
                    ("progress", "Tiến độ", 10),
                    ("light", "Đèn", 8),
                    ("disbursed_million_vnd", "Giải ngân (triệu)", 11),
                ],
                MOST_ROWS,
            )));
        }
        let owners: Vec<_> = lines.iter().map(|line| (line.task.lead_unit.clone(), line.progress.clone())).collect();
        let ranked = units::ranking(book, &self.ledger.catalogue, commune, period, &rows, &owners);
        let units = units::list::ranking(&ranked, Language::Vi);
        if !ranked.is_empty() {
            parts.push(heading("CÁC ĐƠN VỊ"));
            parts.push(Part::Table(table(
                &units,
                "Kết quả của ấp, phòng, đoàn thể",
                &[
                    ("rank", "Hạng", 9),
                    ("name", "Đơn vị", 36),
                    ("role_words", "Xếp theo", 18),
                    ("score", "Điểm", 11),
                    ("met", "Đạt", 9),
                    ("scored", "Chấm", 10),
                    ("missing", "Thiếu", 9),
                ],
                MOST_ROWS,
            )));
        }
        parts.push(heading("KẾT QUẢ KHÁC, KHÓ KHĂN, VƯỚNG MẮC, KIẾN NGHỊ"));
        parts.extend(self.noted(&rows));
        let report = self.document(office, &words, parts);
        Ok(Some((
            report,
            vec![("Chỉ tiêu", targets), ("Nhiệm vụ", tasks), ("Đơn vị", units), ("Ghi chú", self.all_notes())],
        )))
    }

    /// The notes of targets that are red or yellow, and of tasks: those say why, and what is asked for.
    fn noted(&self, rows: &[ExplainRow]) -> Vec<Part> {
        let is_lit = |light: Light| matches!(light, Light::Red | Light::Yellow);
        let book = &self.ledger.book;
        // What is noted with a task says how it goes, whatever its light.
        let lit = |code: &str| {
            let of_row = |row: &ExplainRow| book.indicators()[row.indicator as usize].code == code;
            task::Reported::of(code).is_task() || rows.iter().any(|row| of_row(row) && is_lit(row.light))
        };
        let of_lit: Vec<String> = self
            .notes
            .iter()
            .filter(|(code, _)| lit(code))
            .map(|(code, note)| format!("{}: {note}", task::Reported::of(code).label(Language::Vi)))
            .collect();
        let others = self.notes.len() - of_lit.len().min(MOST_NOTES);
        let mut parts = Vec::new();
        if of_lit.is_empty() {
            parts.push(Part::Paragraph(
                "Trong kỳ không có ghi chú nào về nhiệm vụ hoặc về chỉ tiêu đèn đỏ, đèn vàng.".into(),
            ));
        } else {
            parts.push(Part::Bullets(of_lit.into_iter().take(MOST_NOTES).collect()));
        }
        if others > 0 {
            parts.push(Part::Paragraph(format!("{others} ghi chú khác ở phụ lục.")));
        }
        parts
    }

    fn all_notes(&self) -> Listing {
        let rows =
            self.notes.iter().map(|(code, note)| vec![task::Reported::of(code).label(Language::Vi), note.clone()]);
        let columns = vec![Column::new("about", "Về", Form::Text), Column::new("note", "Ghi chú", Form::Words)];
        Listing { columns, rows: rows.collect(), ..Listing::default() }
    }

    /// What is proved, what awaits proof or review, and what came back.
    fn evidence_words(&self, rows: &[ExplainRow]) -> String {
        let codes = |fits: &dyn Fn(&ExplainRow) -> bool| {
            let mut codes: Vec<&str> = rows
                .iter()
                .filter(|row| fits(row))
                .map(|row| self.ledger.book.indicators()[row.indicator as usize].code.as_str())
                .collect();
            codes.sort_unstable();
            codes.dedup();
            codes
        };
        let named = |codes: &[&str]| if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
        let reported = codes(&|row| row.effective.is_some());
        let proved = codes(&|row| row.effective.as_ref().is_some_and(|one| one.evidence > 0));
        let decided = |decision| codes(&|row| row.effective.as_ref().is_some_and(|one| one.verdict == Some(decision)));
        let (accepted, returned) = (decided(Decision::Accepted), decided(Decision::Returned));
        let lacking = codes(&|row| row.state == State::AwaitingEvidence);
        let waiting = codes(&|row| row.state == State::AwaitingReview);
        format!(
            "{} chỉ tiêu có số liệu, {} chỉ tiêu có minh chứng. Đạt nhưng chưa có minh chứng: {}{}. Chờ thẩm định: {}{}. \
             Tỉnh đã chấp nhận: {}; trả lại, chờ hoàn thiện: {}{}.",
            reported.len(),
            proved.len(),
            lacking.len(),
            named(&lacking),
            waiting.len(),
            named(&waiting),
            accepted.len(),
            returned.len(),
            named(&returned)
        )
    }

    fn document(&self, office: Office, words: &str, parts: Vec<Part>) -> Report {
        let name = &self.catalogue.commune.name;
        let (kind, place) = name.split_once(' ').unwrap_or(("", name));
        let province = self.catalogue.province.name.trim_start_matches("Tỉnh ");
        let office = office.or(Office {
            superior: String::new(),
            issuer: format!("Ủy ban nhân dân\n{} {place}", kind.to_lowercase()),
            symbol: "BC-UBND".into(),
            place: place.to_owned(),
            authority: vec!["TM. Ủy ban nhân dân".into(), "Chủ tịch".into()],
            signer: String::new(),
            addressed_to: vec![format!("Ủy ban nhân dân tỉnh {province}"), "Sở Khoa học và Công nghệ".into()],
            recipients: vec!["Như trên".into(), "Thường trực Đảng ủy, HĐND".into(), "Lưu: VT".into()],
        });
        Report {
            head: Head {
                superior: (!office.superior.is_empty()).then_some(office.superior),
                issuer: office.issuer.lines().map(str::to_owned).collect(),
                number: None,
                symbol: office.symbol,
                place: office.place,
                date: self.today,
                day_open: true,
            },
            title: "BÁO CÁO".into(),
            subject: format!("Kết quả thực hiện chỉ tiêu, nhiệm vụ chuyển đổi số {words}"),
            addressed_to: office.addressed_to,
            numbering: Numbering::Roman,
            parts,
            recipients: office.recipients,
            signature: Signature { authority: office.authority, name: office.signer },
            notice: self.is_simulated.then(|| "SỐ LIỆU MÔ PHỎNG".to_owned()),
        }
    }

    fn any_reported(&self, commune: u32) -> bool {
        let indicators = 0..u32::try_from(self.ledger.book.indicators().len()).unwrap_or(u32::MAX);
        indicators.into_iter().any(|indicator| self.ledger.book.reported_for(commune, indicator, self.period))
    }

    fn lines(&self, commune: u32) -> Vec<Line<'_>> {
        let progress = |task| task::progress(&self.ledger.book, commune, task, self.period, self.today);
        let name = &self.catalogue.commune.name;
        self.catalogue.tasks.iter().map(|task| Line { commune: name, task, progress: progress(task) }).collect()
    }

    fn standing_words(&self, rows: &[ExplainRow]) -> String {
        let of = |light: Light| rows.iter().filter(|row| row.light == light).count();
        let mut text = format!(
            "{} mục tiêu: {} đèn xanh, {} đèn vàng, {} đèn đỏ, {} chỉ theo dõi.",
            rows.len(),
            of(Light::Green),
            of(Light::Yellow),
            of(Light::Red),
            of(Light::Grey)
        );
        if let Some(standing) = &self.standing {
            let score = number_for_people(&standing.score, Language::Vi);
            let at = standing.computed_at.with_timezone(&shared::calendar::TIME_ZONE).format("%H:%M ngày %d/%m/%Y");
            let rank = standing.rank.map_or_else(|| "chưa xếp hạng".to_owned(), |rank| format!("hạng {rank}"));
            text += &format!(
                " Theo tỉnh lúc {at}: {rank}/{}, {score} điểm, đạt {}/{} mục tiêu.",
                standing.ranked_communes, standing.met, standing.scored
            );
        }
        if let Some(before) = &self.before {
            let score = number_for_people(&before.score, Language::Vi);
            let rank = before.rank.map_or_else(|| "chưa xếp hạng".to_owned(), |rank| format!("hạng {rank}"));
            let how = if self.before_is_closed { "như khi chốt" } else { "chưa chốt" };
            let words = before.period.in_words(Language::Vi);
            text += &format!(" Kỳ trước ({words}, {how}): {rank}/{}, {score} điểm.", before.ranked_communes);
        }
        text
    }

    fn targets(&self, rows: &[ExplainRow]) -> Listing {
        let book = &self.ledger.book;
        let before = previous_in_year(self.period);
        let cells = rows.iter().map(|row| {
            let target = row.own.and_then(|own| self.catalogue.targets.get(own as usize));
            let indicator = &book.indicators()[row.indicator as usize];
            let was = before.and_then(|before| book.effective(row.commune, row.indicator, before));
            let was = was.map(|was| match was.measure {
                shared::achievement::Measure::Number(number) => trimmed(&number.to_decimals(6)).to_owned(),
                shared::achievement::Measure::Flag(yes) => if yes { "yes" } else { "no" }.to_owned(),
            });
            vec![
                target.map(|target| target.plan_ref.to_string()).unwrap_or_default(),
                indicator.code.clone(),
                indicator.name.clone(),
                target.map(|target| target.printed.to_string()).unwrap_or_default(),
                row.value_text(),
                was.unwrap_or_default(),
                row.achievement_text(),
                row.state.as_str().to_owned(),
                row.light.as_str().to_owned(),
                row.cause.map(|cause| cause.explain(Language::Vi)).unwrap_or_default(),
            ]
        });
        let column = |(name, heading, form)| Column::new(name, heading, form);
        let columns = [
            ("plan_ref", "Mục", Form::Text),
            ("indicator", "Mã", Form::Text),
            ("name", "Chỉ tiêu", Form::Text),
            ("target", "Mục tiêu", Form::Text),
            ("value", "Kết quả", Form::Value),
            ("before", "Kỳ trước", Form::Value),
            ("achievement", "Mức đạt", Form::Share),
            ("state", "Trạng thái", Form::State),
            ("light", "Đèn", Form::Light),
            ("reason", "Lý do", Form::Words),
        ];
        Listing { columns: columns.map(column).into(), rows: cells.collect(), ..Listing::default() }
    }
}

/// The lights of all targets, in one bar.
fn lights(rows: &[ExplainRow]) -> Result<Option<Part>, Error> {
    let of = |light: Light| u32::try_from(rows.iter().filter(|row| row.light == light).count()).unwrap_or(u32::MAX);
    if rows.is_empty() {
        return Ok(None);
    }
    let stack = Stack {
        label: "Các mục tiêu".into(),
        green: of(Light::Green),
        yellow: of(Light::Yellow),
        red: of(Light::Red),
        grey: of(Light::Grey),
    };
    let drawing =
        Lights { description: "Đèn của các mục tiêu trong kế hoạch".into(), lights: vec![stack] }.drawing()?;
    let caption = drawing.description().to_owned();
    Ok(Some(Part::Picture(Picture { png: drawing.png(ZOOM)?, caption, description: String::new() })))
}

fn heading(text: &str) -> Part {
    Part::Heading { level: 1, text: text.to_owned() }
}
