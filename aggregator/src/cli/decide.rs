//! `exception`, `review` and `exercise`: what the province decides.

use super::{Context, Failure, commune, say};
use crate::{
    decision,
    exercise::move_clock,
    store::{Exception, ReviewRequest, Reviewed, Store},
};
use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
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

/// The command `exception`.
#[derive(Debug, Args)]
pub struct ExceptionArgs {
    /// Mã, mã số hoặc tên xã, phường (không cần dấu)
    commune: String,
    /// Kỳ báo cáo
    #[arg(long)]
    period: Period,
    /// Ngày cuối được coi là đúng hạn (YYYY-MM-DD)
    #[arg(long)]
    cutoff: NaiveDate,
    /// Lý do
    #[arg(long, value_parser = reason)]
    reason: String,
}

impl ExceptionArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let (_, catalogue) = opened.store.catalogue().await?;
        let commune = commune(&catalogue, &self.commune)?;
        in_plan_year(&catalogue, self.period)?;
        let days = decision::cutoffs(self.period);
        if !days.contains(&self.cutoff) {
            return Err(Failure::CutoffOutside(*days.start(), *days.end()));
        }
        let exception =
            Exception { commune: commune.slug.clone(), period: self.period, cutoff: self.cutoff, reason: self.reason };
        if !opened.store.set_exception(exception, context.act(&opened)).await? {
            return Err(Failure::PeriodClosed(self.period));
        }
        let (name, period, cutoff) = (&commune.name, self.period, self.cutoff);
        say(&context.pick(
            format!("{name}: kỳ {period} được nộp đến hết ngày {}.", cutoff.format("%d/%m/%Y")),
            format!("{name}: {period} is due by the end of {cutoff}."),
        ))
    }
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
        match opened.store.review(request, context.act(&opened)).await? {
            // `Decided` answers only those who ask to be the first.
            Reviewed::Nothing | Reviewed::Decided { .. } => Err(Failure::NoFigure),
            Reviewed::Outdated { newest } => Err(Failure::Outdated { newest }),
            Reviewed::Done { version } => {
                let (vi, en) = match decision {
                    Decision::Accepted => ("chấp nhận", "accepted"),
                    Decision::Returned => ("trả lại", "returned"),
                };
                say(&context.pick(
                    format!("{figure}, phiên bản {version}: {vi}."),
                    format!("{figure}, version {version}: {en}."),
                ))
            }
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
