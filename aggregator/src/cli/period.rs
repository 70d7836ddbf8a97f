//! `period`: closing a period with its snapshot, proving it, opening it again, and what came after.

use super::{Context, Failure, Opened, decide::in_plan_year, decide::reason, say};
use crate::{
    report::{
        cli::{Format, ReportError, render},
        closings::{self, Obstacle},
        figures::Figures,
        question::AskError,
    },
    store::Store,
};
use clap::Subcommand;
use shared::{calendar::local_day, period::Period, snapshot::HEAD_FILE};
use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// The commands `period`.
#[derive(Debug, Subcommand)]
pub enum PeriodCommand {
    /// Chốt một kỳ: giữ nguyên số liệu, mục tiêu, thẩm định và xếp hạng của lúc này; số liệu đến sau chờ lần chốt sau
    Close {
        /// Kỳ báo cáo
        period: Period,
        /// Chốt cả khi chưa hết hạn nộp
        #[arg(long)]
        early: bool,
    },
    /// Mở lại một kỳ đã chốt; bản chốt cũ vẫn xem được
    Reopen {
        /// Kỳ báo cáo
        period: Period,
        /// Lý do
        #[arg(long, value_parser = reason)]
        reason: String,
    },
    /// Các lần chốt
    List {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Tính lại xếp hạng từ bản chốt và so với lúc chốt
    Verify {
        /// Chỉ một kỳ; mặc định là mọi lần chốt
        period: Option<Period>,
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Những gì đến sau khi chốt: số liệu, minh chứng, thẩm định
    Late {
        /// Kỳ báo cáo
        period: Period,
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Ghi bản chốt ra thư mục, để ai cũng tính lại được bằng lệnh `recompute`
    Export {
        /// Kỳ báo cáo
        period: Period,
        /// Lần chốt thứ mấy; mặc định là lần đang có hiệu lực
        #[arg(long)]
        revision: Option<u32>,
        /// Thư mục mới
        #[arg(long)]
        out: PathBuf,
    },
}

impl PeriodCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        match self {
            PeriodCommand::Close { period, early } => close(&opened, context, period, early).await,
            PeriodCommand::Reopen { period, reason } => {
                if !opened.store.reopen_period(period, &reason, context.act(&opened)).await? {
                    return Err(Failure::NotClosed(period));
                }
                say(&context.pick(
                    format!("Đã mở lại kỳ {period}. Bản chốt cũ vẫn xem được: `period list`, `rankings --revision`."),
                    format!(
                        "Reopened {period}. The old snapshot stays readable: `period list`, `rankings --revision`."
                    ),
                ))
            }
            PeriodCommand::List { format } => list(&opened, format, context).await,
            PeriodCommand::Verify { period, format } => verify(&opened, period, format, context).await,
            PeriodCommand::Late { period, format } => late_list(&opened, period, format, context).await,
            PeriodCommand::Export { period, revision, out } => export(&opened, period, revision, &out, context).await,
        }
    }
}

async fn close(opened: &Opened, context: &Context, period: Period, early: bool) -> Result<(), Failure> {
    let today = local_day(opened.clock.now());
    let figures = Figures::load(&opened.store, today).await.map_err(ReportError::from)?;
    in_plan_year(&figures.catalogue, period)?;
    match closings::obstacle(&figures, period, early) {
        None => {}
        Some(Obstacle::NotBegun) => return Err(Failure::NotBegun(period)),
        Some(Obstacle::BeforeCutoff { day, commune }) => return Err(Failure::BeforeCutoff { period, day, commune }),
    }
    let outcome = closings::close(&opened.store, period, context.act(opened)).await?;
    let words = outcome.words(context.language).ok_or(Failure::Snapshots(1))?;
    if let Some(note) = closings::measured_while_open(&figures, period, context.language) {
        say(&note)?;
    }
    say(&words)
}

async fn list(opened: &Opened, format: Format, context: &Context) -> Result<(), Failure> {
    let report = closings::listing(&opened.store, format == Format::Table, context.language).await?;
    super::write_out(&render(&report, format, context.language)?)
}

async fn verify(opened: &Opened, period: Option<Period>, format: Format, context: &Context) -> Result<(), Failure> {
    let mut closings = opened.store.closings().await?;
    closings.retain(|closing| period.is_none_or(|period| closing.period == period));
    if let Some(period) = period.filter(|_| closings.is_empty()) {
        return Err(Failure::NotClosed(period));
    }
    let (report, bad) = closings::proofs(&opened.store, closings, format == Format::Table, context.language).await?;
    super::write_out(&render(&report, format, context.language)?)?;
    if bad == 0 { Ok(()) } else { Err(Failure::Snapshots(bad)) }
}

async fn late_list(opened: &Opened, period: Period, format: Format, context: &Context) -> Result<(), Failure> {
    let closing = closings::closing_of(&opened.store, period, None).await?.ok_or(Failure::NotClosed(period))?;
    let report = closings::late_list(&opened.store, closing, format == Format::Table, context.language).await?;
    super::write_out(&render(&report, format, context.language)?)
}

async fn export(
    opened: &Opened,
    period: Period,
    revision: Option<u32>,
    out: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let missing = || match revision {
        Some(number) => AskError::NoRevision(period, number).into(),
        None => Failure::NotClosed(period),
    };
    let closing = closings::closing_of(&opened.store, period, revision).await?.ok_or_else(missing)?;
    let snapshot = opened.store.snapshot(period, closing.revision).await?.ok_or(AskError::NoSnapshot(period))?;
    let io = |source| Failure::File { path: out.to_owned(), source };
    DirBuilder::new().mode(0o755).create(out).map_err(io)?;
    for (name, bytes) in &snapshot.tables {
        fs::write(out.join(name), bytes).map_err(io)?;
    }
    fs::write(out.join(HEAD_FILE), snapshot.head_file()).map_err(io)?;
    let digest = hex::encode(snapshot.digest());
    let (revision, files, place) = (closing.revision, snapshot.tables.len() + 1, out.display());
    say(&context.pick(
        format!("Kỳ {period}, lần chốt {revision}: {files} tệp trong {place}\nSHA-256 của {HEAD_FILE}: {digest}"),
        format!("{period}, revision {revision}: {files} files in {place}\nSHA-256 of {HEAD_FILE}: {digest}"),
    ))
}
