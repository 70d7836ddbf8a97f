//! The end of the month: tasks and which of them are red, a returned figure reported anew, the closing, the report files.

use crate::{
    commune::{Commune, Entered},
    failure::Failure,
    stage::Stage,
    timetable::{self, day},
};
use shared::period::Period;

/// How far the first tasks of a commune are, in percent, and what was disbursed of a budget, in percent of it. Made up.
const PROGRESS: [(u32, u32); 3] = [(100, 90), (35, 20), (60, 45)];
/// Lines of the list of red tasks that are shown.
const RED_LINES: usize = 8;

/// A commune reports its tasks; the province sees which are red.
///
/// # Errors
/// When a command fails.
pub async fn tasks(stage: &mut Stage, period: Period) -> Result<(), Failure> {
    let (teller, place) = (stage.teller, stage.cast.explained);
    let (name, slug) = (stage.cast.members[place].name.clone(), stage.cast.members[place].slug.clone());
    teller.head(format!("Nhiệm vụ của {name}"), format!("The tasks of {name}"));
    let reported = stage.communes[place].report_tasks(&PROGRESS, period).await?;
    stage.arrival().await?;
    teller.say(
        format!("{name} báo cáo tiến độ {reported} nhiệm vụ (mô phỏng); đèn đỏ:"),
        format!("{name} reports the progress of {reported} tasks (simulated); red lights:"),
    );
    let red = stage.province.red_tasks(&slug, period).await?;
    let mut lines = red.lines();
    for line in lines.by_ref().take(RED_LINES) {
        teller.print(&format!("{line}\n"));
    }
    if lines.next().is_some() {
        teller.print("…\n");
    }
    Ok(())
}

/// The commune whose figure was returned reports it anew with evidence, and the province accepts it.
///
/// # Errors
/// When a command fails.
pub async fn resubmission(stage: &mut Stage, returned: Option<Entered>, period: Period) -> Result<(), Failure> {
    let Some(figure) = returned else { return Ok(()) };
    let (teller, place, on) = (stage.teller, stage.cast.returned, day(period, timetable::RESUBMISSION_DAY));
    let (name, slug, code) =
        (stage.cast.members[place].name.clone(), stage.cast.members[place].slug.clone(), &figure.code);
    teller.head("Nộp lại", "Reported anew");
    stage.morning_of(on).await?;
    let folder = stage.folder.evidence(&slug);
    stage.communes[place].again(&figure, &folder).await?;
    stage.arrival().await?;
    teller.say(
        format!("{}: {name} kiểm tra, nộp lại {code} kèm minh chứng mới (mô phỏng)", on.format("%d/%m")),
        format!("{on}: {name} checks {code} and reports it anew with new evidence (simulated)"),
    );
    stage.province.accept(&slug, code, figure.period, 2).await?;
    let score = stage.province.place_of(&slug, period).await?.1;
    teller.say(
        format!("Tỉnh chấp nhận; điểm của {name} nay là {}", score.replace('.', ",")),
        format!("The province accepts it; the score of {name} is now {score}"),
    );
    Ok(())
}

/// The month is closed, and the closing is proved.
///
/// # Errors
/// When a command fails.
pub async fn closing(stage: &mut Stage, period: Period) -> Result<(), Failure> {
    let teller = stage.teller;
    teller.head("Chốt kỳ", "The closing");
    stage.morning_of(day(period, timetable::CLOSING_DAY)).await?;
    teller.print(&stage.province.close(period).await?);
    teller.print(&stage.province.verify_closed().await?);
    Ok(())
}

/// The reports as files.
///
/// # Errors
/// When a command fails.
pub async fn papers(stage: &Stage, period: Period) -> Result<(), Failure> {
    let teller = stage.teller;
    teller.head("Báo cáo", "The reports");
    let paper = |name: String| stage.folder.paper(&name);
    let (report, annex) = (paper(format!("bao-cao-tinh-{period}.docx")), paper(format!("phu-luc-tinh-{period}.xlsx")));
    teller.print(&stage.province.report(period, &report, &annex).await?);
    let clerk: &Commune = &stage.communes[stage.cast.returned];
    let own = paper(format!("bao-cao-{}-{period}.docx", clerk.member.slug));
    teller.print(&clerk.report(period, &own).await?);
    Ok(())
}
