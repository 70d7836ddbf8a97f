//! `review` and `exercise`: what the province decides.

use super::{Context, Failure, commune, say};
use crate::{
    decision,
    exercise::move_clock,
    reviewing::{self, ReviewError},
    store::{ReviewRequest, Store},
};
use chrono::{DateTime, FixedOffset, Utc};
use clap::{
    ArgGroup, Args, Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use shared::{
    calendar::rfc3339,
    catalogue::Catalogue,
    language::Language,
    observation::{Decision, MAX_NOTE_CHARS, ObservationKey},
    period::Period,
    review::Reason,
    task::Reported,
};

pub(super) fn reason(text: &str) -> Result<String, String> {
    decision::reason(text).ok_or_else(|| format!("1–{MAX_NOTE_CHARS} ký tự"))
}

pub(super) fn in_plan_year(catalogue: &Catalogue, period: Period) -> Result<(), Failure> {
    let year = catalogue.province.plan_year;
    if period.year() == year { Ok(()) } else { Err(Failure::OutsidePlanYear { period, year }) }
}

/// A reason with its words, for `--help`.
fn named(reason: Reason) -> PossibleValue {
    PossibleValue::new(reason.as_str()).help(reason.label(Language::Vi))
}

fn coded(word: String) -> Result<Reason, String> {
    Reason::from_word(&word).ok_or(word)
}

/// The command `review`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("decision").required(true).args(["accept", "returned"])))]
pub struct Review {
    /// Mã, mã số hoặc tên xã, phường (không cần dấu)
    commune: String,
    /// Mã chỉ tiêu, hoặc mã nhiệm vụ trong kế hoạch của xã
    indicator: String,
    /// Kỳ báo cáo
    #[arg(long)]
    period: Period,
    /// Đơn vị; bỏ trống là toàn xã
    #[arg(long, default_value = "")]
    unit: String,
    /// Chấp nhận
    #[arg(long)]
    accept: bool,
    /// Trả lại, với lời giải thích
    #[arg(long = "return", value_name = "LỜI", num_args = 0..=1, default_missing_value = "")]
    returned: Option<String>,
    /// Lý do trả lại, theo danh mục
    #[arg(long, requires = "returned", conflicts_with = "accept", value_parser = PossibleValuesParser::new(Reason::ALL.map(named)).try_map(coded))]
    reason: Option<Reason>,
    /// Phiên bản được thẩm định; mặc định là phiên bản mới nhất
    #[arg(long)]
    version: Option<u32>,
    /// Vẫn chấp nhận kết quả báo cáo đạt, hoàn thành mà chưa có minh chứng bắt buộc
    #[arg(long, conflicts_with = "returned")]
    without_evidence: bool,
}

impl Review {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let (_, catalogue) = opened.store.catalogue().await?;
        let commune = commune(&catalogue, &self.commune)?;
        let indicator = catalogue.report_code(&commune.slug, &self.indicator);
        let indicator = indicator.ok_or(Failure::UnknownIndicator(self.indicator))?;
        let code = self.returned.as_ref().map(|_| self.reason.unwrap_or(Reason::Other));
        let told = match (code, self.returned.as_deref().unwrap_or_default()) {
            (None, _) => String::new(),
            (Some(code), words) => reason(&code.told(words)).map_err(|_| Failure::NoReason)?,
        };
        let decision = if self.accept { Decision::Accepted } else { Decision::Returned };
        let request = ReviewRequest {
            commune: commune.slug.clone(),
            key: ObservationKey { indicator, unit: self.unit, period: self.period },
            version: self.version,
            decision,
            reason: told,
            code,
            first: false,
        };
        let code = Reported::of(&request.key.indicator).label(context.language);
        let figure = format!("{} {code} {}", commune.name, request.key.period);
        let judged = reviewing::review(&opened.store, request, self.without_evidence, context.act(&opened)).await;
        let judged = judged.map_err(|error| match error {
            // `Decided` answers only those who ask to be the first.
            ReviewError::Nothing | ReviewError::Decided { .. } => Failure::NoFigure,
            ReviewError::Outdated { newest } => Failure::Outdated { newest },
            ReviewError::NoEvidence { version } => Failure::EvidenceNeeded { version },
            ReviewError::Store(error) => error.into(),
        })?;
        let (vi, en) = match decision {
            Decision::Accepted => ("chấp nhận", "accepted"),
            Decision::Returned => ("trả lại", "returned"),
        };
        let (version, value) = (judged.version, judged.value.for_people(context.language));
        say(&context.pick(
            format!("{figure}, phiên bản {version} ({value}): {vi}."),
            format!("{figure}, version {version} ({value}): {en}."),
        ))?;
        match judged.is_closed {
            false => Ok(()),
            true => say(&context.pick(
                "Kỳ đã chốt: có hiệu lực trong kỳ đó khi mở lại (period reopen) và chốt lại.",
                "The period is closed: it is in force there once that is reopened (period reopen) and closed again.",
            )),
        }
    }
}

/// The commands `exercise`.
#[derive(Debug, Subcommand)]
pub enum ExerciseCommand {
    /// Đặt đồng hồ của tỉnh diễn tập; thời gian vẫn trôi tiếp
    Clock {
        /// Thời điểm, ví dụ 2026-10-16T09:00:00+07:00
        time: DateTime<FixedOffset>,
    },
}

impl ExerciseCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let ExerciseCommand::Clock { time } = self;
        let opened = context.open().await?;
        let wanted = time.with_timezone(&Utc);
        move_clock(&opened.store, wanted, opened.clock.real(), &context.who).await?;
        say(&context.pick(
            format!("Đồng hồ của tỉnh diễn tập: {}", rfc3339(wanted)),
            format!("The clock of the exercise: {}", rfc3339(wanted)),
        ))
    }
}
