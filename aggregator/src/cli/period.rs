//! `period`: closing a period with its snapshot, proving it, opening it again, and what came after.

use super::{Context, Failure, Opened, decide::in_plan_year, decide::reason, say};
use crate::{
    closing::{self, Frozen, FrozenError, Lateness, late},
    report::{
        cli::{Format, ReportError, render},
        closings::{self, Obstacle},
        figures::Figures,
        question::AskError,
    },
    store::{Closed, Closing, Finding, Flaw, Store},
};
use clap::Subcommand;
use shared::{
    calendar::{local_day, rfc3339},
    listing::{Column, Form, Listing},
    period::Period,
    ranking::{Scheme, Scope, previous_in_year},
    snapshot::{HEAD_FILE, Mismatch},
    tables::write::value_cells,
};
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
    let closing = match closing::close(&opened.store, period, context.act(opened)).await? {
        Closed::Done(closing) => closing,
        Closed::Before(Closing { revision, .. }) => {
            return say(&context.pick(
                format!("Kỳ {period} đã chốt từ trước (lần {revision}), không thay đổi gì."),
                format!("{period} was closed before (revision {revision}), nothing is changed."),
            ));
        }
        Closed::Unfit(error) => return Err(AskError::BadSnapshot(period, error.to_string()).into()),
    };
    // Read back from the disk: what is said below is what is kept.
    let findings = proved(&opened.store, &closing).await?;
    if !findings.is_empty() {
        return Err(Failure::Snapshots(1));
    }
    let frozen = frozen(&opened.store, closing.clone()).await?;
    let rows = frozen.figures.standings.ranking(Scheme::Own, period, &Scope::default());
    let ranked = rows.iter().filter(|row| row.rank.is_some()).count();
    let provisional: u32 = rows.iter().map(|row| row.provisional).sum();
    let (revision, observations) = (closing.revision, frozen.inputs.observations.len());
    let digest = closing.digest.map(hex::encode).unwrap_or_default();
    say_after(&figures, period, context)?;
    say(&context.pick(
        format!(
            "Đã chốt kỳ {period}, lần {revision}: {ranked} xã, phường được xếp hạng từ {observations} phiên bản số liệu; \
             {provisional} kết quả đạt còn tạm tính vì chưa thẩm định.\nMã băm SHA-256: {digest}"
        ),
        format!(
            "Closed {period}, revision {revision}: {ranked} communes ranked from {observations} versions of figures; \
             {provisional} met results are provisional, not yet reviewed.\nDigest (SHA-256): {digest}"
        ),
    ))
}

/// A period after it that is closed already was measured against this one when it was open.
fn say_after(figures: &Figures, period: Period, context: &Context) -> Result<(), Failure> {
    let later = figures.closings.iter().filter(|closing| closing.is_in_force()).map(|closing| closing.period);
    for later in later.filter(|later| previous_in_year(*later) == Some(period)) {
        say(&context.pick(
            format!("Lưu ý: kỳ {later} đã chốt trước; cột tăng, giảm của kỳ đó so với kỳ {period} khi chưa chốt. Muốn so với bản chốt này: mở lại kỳ {later} rồi chốt lại."),
            format!("Note: {later} was closed before; its movement was measured against {period} while that was open. To measure it against this closing, reopen {later} and close it again."),
        ))?;
    }
    Ok(())
}

async fn frozen(store: &dyn Store, closing: Closing) -> Result<Frozen, Failure> {
    Frozen::load(store, closing).await.map_err(|error| match error {
        FrozenError::Ask(error) => error.into(),
        FrozenError::Store(error) => error.into(),
    })
}

async fn list(opened: &Opened, format: Format, context: &Context) -> Result<(), Failure> {
    let report = closings::listing(&opened.store, format == Format::Table, context.language).await;
    let report = report.map_err(ReportError::from)?;
    super::write_out(&render(&report, format, context.language)?)
}

/// What of a closing does not agree with what was noted.
async fn proved(store: &dyn Store, closing: &Closing) -> Result<Vec<Mismatch>, Failure> {
    let Some(digest) = closing.digest else { return Ok(Vec::new()) };
    Ok(match store.snapshot(closing.period, closing.revision).await {
        Ok(Some(snapshot)) => snapshot.verify(&digest),
        Ok(None) => vec![Mismatch::Digest],
        Err(crate::store::StoreError::Unreadable(what)) => vec![Mismatch::Table(what.into(), None)],
        Err(error) => return Err(error.into()),
    })
}

async fn verify(opened: &Opened, period: Option<Period>, format: Format, context: &Context) -> Result<(), Failure> {
    let mut closings = opened.store.closings().await?;
    closings.retain(|closing| period.is_none_or(|period| closing.period == period));
    if let Some(period) = period.filter(|_| closings.is_empty()) {
        return Err(Failure::NotClosed(period));
    }
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, &context.pick(vi, en), form);
    let mut report = Listing {
        title: context.pick("Kiểm chứng các lần chốt", "Closings proved"),
        notes: Vec::new(),
        columns: vec![
            column("period", "Kỳ", "Period", Form::Text),
            column("revision", "Lần", "Revision", Form::Number),
            column("digest", "Mã băm", "Digest", Form::Text),
            column("result", "Kết quả", "Result", Form::Text),
            column("detail", "Chi tiết", "Detail", Form::Text),
        ],
        rows: Vec::new(),
    };
    let of_history = opened.store.verify_audit().await?.1;
    let mut bad = 0;
    for closing in closings {
        let mut findings = proved(&opened.store, &closing).await?;
        let is_other = |found: &Finding| {
            found.flaw == Flaw::Snapshot && found.place == format!("{}, revision {}", closing.period, closing.revision)
        };
        if findings.is_empty() && of_history.iter().any(is_other) {
            findings.push(Mismatch::Digest);
        }
        let result = match (closing.digest, findings.is_empty()) {
            (None, _) => ("không có bản chốt", "no_snapshot"),
            (_, true) => ("khớp", "equal"),
            (_, false) => ("KHÁC", "differs"),
        };
        bad += usize::from(!findings.is_empty());
        let detail = findings.iter().map(|finding| match finding {
            Mismatch::Digest => context.pick("mã băm khác lúc chốt", "another digest than when it was closed"),
            Mismatch::Table(name, None) => {
                context.pick(format!("{name} tính lại ra khác"), format!("{name} comes out differently"))
            }
            Mismatch::Table(name, Some(why)) => {
                context.pick(format!("{name} không tính lại được: {why}"), format!("{name} cannot be computed: {why}"))
            }
        });
        report.rows.push(vec![
            closing.period.to_string(),
            closing.revision.to_string(),
            closing.digest.map(hex::encode).unwrap_or_default(),
            if format == Format::Table { context.pick(result.0, result.1) } else { result.1.into() },
            detail.collect::<Vec<_>>().join("; "),
        ]);
    }
    super::write_out(&render(&report, format, context.language)?)?;
    if bad == 0 { Ok(()) } else { Err(Failure::Snapshots(bad)) }
}

async fn in_force(opened: &Opened, period: Period, revision: Option<u32>) -> Result<Closing, Failure> {
    let closings = opened.store.closings().await?;
    let mut of_period = closings.into_iter().filter(|closing| closing.period == period);
    let found = match revision {
        Some(number) => of_period.find(|closing| closing.revision == number),
        None => of_period.find(Closing::is_in_force),
    };
    found.ok_or(match revision {
        Some(number) => AskError::NoRevision(period, number).into(),
        None => Failure::NotClosed(period),
    })
}

async fn late_list(opened: &Opened, period: Period, format: Format, context: &Context) -> Result<(), Failure> {
    let closing = in_force(opened, period, None).await?;
    let frozen = frozen(&opened.store, closing).await?;
    let found = late(&frozen.inputs, period, opened.store.observations().await?);
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, &context.pick(vi, en), form);
    let rows = found.iter().map(|(why, late)| {
        let words = match why {
            Lateness::Figure => ("số liệu", "figure"),
            Lateness::Evidence => ("minh chứng", "evidence"),
            Lateness::Verdict => ("thẩm định", "verdict"),
        };
        let [numerator, denominator, value] = value_cells(late.value);
        vec![
            late.commune.clone(),
            late.key.indicator.clone(),
            late.key.unit.clone(),
            late.key.period.to_string(),
            late.version.to_string(),
            if format == Format::Table { context.pick(words.0, words.1) } else { words.1.into() },
            numerator,
            denominator,
            value,
            rfc3339(late.received_at),
            late.entered_by.clone(),
        ]
    });
    let report = Listing {
        title: context.pick(format!("Đến sau khi chốt kỳ {period}"), format!("Came after {period} was closed")),
        notes: vec![context.pick(
            "Được giữ lại, tính vào các kỳ còn mở; vào kỳ này khi mở lại (`period reopen`) và chốt lần sau.",
            "Kept, and counted in the periods that are open; in this one after `period reopen` and the next closing.",
        )],
        columns: vec![
            column("commune", "Xã, phường", "Commune", Form::Text),
            column("indicator", "Mã", "Code", Form::Text),
            column("unit", "Đơn vị", "Unit", Form::Text),
            column("period", "Kỳ số liệu", "Figure of", Form::Text),
            column("version", "Bản", "Version", Form::Number),
            column("late", "Đến sau", "Late", Form::Text),
            column("numerator", "Tử số", "Numerator", Form::Number),
            column("denominator", "Mẫu số", "Denominator", Form::Number),
            column("value", "Giá trị", "Value", Form::Value),
            column("received_at", "Nhận lúc", "Received", Form::Time),
            column("entered_by", "Người nhập", "By", Form::Text),
        ],
        rows: rows.collect(),
    };
    super::write_out(&render(&report, format, context.language)?)
}

async fn export(
    opened: &Opened,
    period: Period,
    revision: Option<u32>,
    out: &Path,
    context: &Context,
) -> Result<(), Failure> {
    let closing = in_force(opened, period, revision).await?;
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

/// The closings that do not agree with their digests or with what they compute to, for `verify`.
pub(super) async fn disagreeing(store: &dyn Store) -> Result<Vec<Finding>, Failure> {
    let mut bad = Vec::new();
    for closing in store.closings().await? {
        if !proved(store, &closing).await?.is_empty() {
            let place = format!("{}, revision {}", closing.period, closing.revision);
            bad.push(Finding { commune: String::new(), flaw: Flaw::Snapshot, place });
        }
    }
    Ok(bad)
}
