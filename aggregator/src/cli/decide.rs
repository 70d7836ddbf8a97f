//! `exception`, `review`, `period` and `exercise`: what the province decides.

use super::{Context, Failure, Opened, commune, say};
use crate::{
    exercise::move_clock,
    report::cli::{Format, render},
    store::{Exception, ReviewRequest, Reviewed, Store},
};
use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};
use clap::{ArgGroup, Args, Subcommand};
use shared::{
    calendar::rfc3339,
    catalogue::Catalogue,
    listing::{Column, Form, Listing},
    observation::{Decision, MAX_NOTE_CHARS, ObservationKey},
    period::Period,
};

/// How long after its period a cut-off day may lie.
const LATEST_CUTOFF: TimeDelta = TimeDelta::days(366);

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    let plain = !text.chars().any(|c| c.is_control() && c != '\n');
    let fits = !text.is_empty() && text.chars().count() <= MAX_NOTE_CHARS && plain;
    if fits { Ok(text.to_owned()) } else { Err(format!("1–{MAX_NOTE_CHARS} ký tự")) }
}

fn in_plan_year(catalogue: &Catalogue, period: Period) -> Result<(), Failure> {
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
        let (from, to) = (self.period.first_day(), self.period.last_day() + LATEST_CUTOFF);
        if !(from..=to).contains(&self.cutoff) {
            return Err(Failure::CutoffOutside(from, to));
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

/// The command `review`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("decision").required(true).args(["accept", "returned"])))]
pub struct Review {
    /// Mã, mã số hoặc tên xã, phường (không cần dấu)
    commune: String,
    /// Mã chỉ tiêu
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
    /// Trả lại, với lý do
    #[arg(long = "return", value_name = "LÝ_DO", value_parser = reason)]
    returned: Option<String>,
    /// Phiên bản được thẩm định; mặc định là phiên bản mới nhất
    #[arg(long)]
    version: Option<u32>,
}

impl Review {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let (_, catalogue) = opened.store.catalogue().await?;
        let commune = commune(&catalogue, &self.commune)?;
        let indicator = self.indicator.to_uppercase();
        if catalogue.indicator(&indicator).is_none() {
            return Err(Failure::UnknownIndicator(self.indicator));
        }
        let decision = if self.accept { Decision::Accepted } else { Decision::Returned };
        let request = ReviewRequest {
            commune: commune.slug.clone(),
            key: ObservationKey { indicator, unit: self.unit, period: self.period },
            version: self.version,
            decision,
            reason: self.returned.unwrap_or_default(),
        };
        let figure = format!("{} {} {}", commune.name, request.key.indicator, request.key.period);
        match opened.store.review(request, context.act(&opened)).await? {
            Reviewed::Nothing => Err(Failure::NoFigure),
            Reviewed::Closed => Err(Failure::PeriodClosed(self.period)),
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

/// The commands `period`.
#[derive(Debug, Subcommand)]
pub enum PeriodCommand {
    /// Chốt một kỳ: không nhận thay đổi nữa
    Close {
        /// Kỳ báo cáo
        period: Period,
    },
    /// Các kỳ đã chốt
    List {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

impl PeriodCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        match self {
            PeriodCommand::Close { period } => {
                let (_, catalogue) = opened.store.catalogue().await?;
                in_plan_year(&catalogue, period)?;
                let closed = opened.store.close_period(period, context.act(&opened)).await?;
                say(&match closed {
                    true => context.pick(format!("Đã chốt kỳ {period}."), format!("Closed {period}.")),
                    false => {
                        context.pick(format!("Kỳ {period} đã chốt từ trước."), format!("{period} was closed before."))
                    }
                })
            }
            PeriodCommand::List { format } => list(&opened, format, context).await,
        }
    }
}

async fn list(opened: &Opened, format: Format, context: &Context) -> Result<(), Failure> {
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, &context.pick(vi, en), form);
    let rows = opened.store.closed_periods().await?;
    let report = Listing {
        title: context.pick("Các kỳ đã chốt", "Closed periods"),
        notes: Vec::new(),
        columns: vec![
            column("period", "Kỳ", "Period", Form::Text),
            column("closed_at", "Lúc", "At", Form::Time),
            column("closed_by", "Người chốt", "By", Form::Text),
        ],
        rows: rows
            .into_iter()
            .map(|closed| vec![closed.period.to_string(), rfc3339(closed.closed_at), closed.closed_by])
            .collect(),
    };
    super::write_out(&render(&report, format, context.language))
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
