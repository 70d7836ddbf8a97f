//! What happens in the demo, act by act: founding, joining, the months, the review, the ranking.

use crate::{
    building::Built,
    cast::{Cast, FEWEST},
    commune::{Amounts, Commune, Entered},
    ending,
    failure::Failure,
    folder::Folder,
    options::Options,
    program::Program,
    province::Province,
    several,
    simulation::Simulation,
    stage::Stage,
    telling::Teller,
    timetable::{self, day},
};
use shared::{
    catalogue::{Catalogue, read},
    period::Period,
};
use std::{collections::BTreeMap, fs, path::Path};

/// Figures of each commune that the reviewer accepts.
const ACCEPTED_EACH: usize = 3;
/// Lines of a standing that are shown.
const STANDING_LINES: usize = 18;

/// Reads the catalogue that the demo is about.
///
/// # Errors
/// With its faults, or when it is for another year.
pub fn catalogue(options: &Options, teller: Teller) -> Result<Catalogue, Failure> {
    let mut files = BTreeMap::new();
    for name in read::FILES {
        let path = options.catalogue.join(name);
        files.insert(name.to_owned(), fs::read(&path).map_err(Failure::io(&path))?);
    }
    let faults = |faults: Vec<read::Fault>| {
        let lines: Vec<String> = faults.iter().map(|fault| fault.explain(teller.language())).collect();
        Failure::Catalogue(lines.join("\n"))
    };
    let catalogue = read::read(&files).map_err(faults)?;
    let year = catalogue.province.plan_year;
    if options.period.year() != year {
        return Err(Failure::OutsidePlanYear { period: options.period.to_string(), year });
    }
    Ok(catalogue)
}

/// Sets the stage: nothing runs yet.
#[must_use]
pub fn stage(options: &Options, cast: Cast, folder: Folder, built: Built, teller: Teller) -> Stage {
    let agent = Program::new(built.agent, teller.language());
    let aggregator = Program::new(built.aggregator, teller.language());
    let commune =
        |member: &crate::cast::Member| Commune::new(member.clone(), agent.clone(), folder.agent(&member.slug));
    Stage {
        communes: cast.members.iter().map(commune).collect(),
        province: Province::new(aggregator, folder.aggregator()),
        simulation: Simulation::new(options.seed),
        cast,
        folder,
        teller,
        database: None,
    }
}

/// The whole story.
///
/// # Errors
/// When anything fails; what runs is ended by the stage's owner.
pub async fn play(stage: &mut Stage, options: &Options, catalogue: &Catalogue) -> Result<(), Failure> {
    let months = timetable::months(options.period);
    found(stage, options, catalogue, &months).await?;
    join(stage).await?;
    for (number, month) in months.iter().enumerate() {
        let is_last = number + 1 == months.len();
        one_month(stage, *month, number, is_last, (number == 1 || months.len() == 1).then_some(options.period)).await?;
    }
    ending::tasks(stage, options.period).await?;
    let returned = review(stage, options.period).await?;
    ranking(stage, options.period).await?;
    ending::resubmission(stage, returned, options.period).await?;
    ending::closing(stage, options.period).await?;
    ending::papers(stage, options.period).await
}

async fn found(stage: &mut Stage, options: &Options, catalogue: &Catalogue, months: &[Period]) -> Result<(), Failure> {
    let (teller, copy) = (stage.teller, stage.folder.catalogue());
    teller.head("Tỉnh", "The province");
    copy_catalogue(&options.catalogue, &copy)?;
    let without: Vec<String> =
        stage.cast.members.iter().filter(|member| !member.has_plan).map(|member| member.slug.clone()).collect();
    stage.province.adopt_standard(&copy, &without).await?;
    let store = several::database(stage, options).await?;
    stage.province.init(&copy, store).await?;
    // Set before the server starts, so that nobody joins in another year.
    if let Some(first) = months.first() {
        stage.province.set_clock(day(*first, timetable::JOIN_DAY)).await?;
    }
    stage.province.serve(stage.folder.log("province-aggregator")).await?;
    several::serve(stage, options).await?;
    let (name, indicators, plans) =
        (&catalogue.province.name, catalogue.indicators.len(), stage.cast.members.len() - without.len());
    let address = stage.province.address();
    teller.say(
        format!("{name}: {indicators} chỉ tiêu, kế hoạch của {plans} xã, phường; máy chủ tại {address}"),
        format!("{name}: {indicators} indicators, the plans of {plans} communes; the server is at {address}"),
    );
    if !without.is_empty() {
        let count = without.len();
        teller.say(
            format!("{count} xã, phường chưa có kế hoạch trong danh mục dùng mục tiêu chuẩn của tỉnh"),
            format!("{count} communes without a plan in the catalogue use the provincial standard targets"),
        );
    }
    Ok(())
}

fn copy_catalogue(from: &Path, to: &Path) -> Result<(), Failure> {
    for name in read::FILES {
        let file = from.join(name);
        fs::copy(&file, to.join(name)).map_err(Failure::io(&file))?;
    }
    Ok(())
}

async fn join(stage: &mut Stage) -> Result<(), Failure> {
    let teller = stage.teller;
    teller.head("Các xã, phường tham gia", "The communes join");
    stage.join().await?;
    let out = stage.cast.offline;
    for place in (0..stage.communes.len()).filter(|place| *place != out) {
        stage.start(place)?;
    }
    let (all, offline) = (stage.communes.len(), &stage.cast.members[stage.cast.offline].name);
    teller.say(
        format!("{all} xã, phường đã tham gia bằng mã mời dùng một lần; {} dịch vụ nền đang chạy", all - 1),
        format!("{all} communes have joined with one-time tokens; {} background services are running", all - 1),
    );
    teller.say(
        format!("{offline} mất mạng ngay sau đó: chưa gửi được gì"),
        format!("{offline} loses its network right after: nothing can be sent"),
    );
    Ok(())
}

/// `kill`: a server dies while figures are on their way; the ranking of that month is asked of those that remain.
async fn one_month(
    stage: &mut Stage,
    month: Period,
    number: usize,
    is_last: bool,
    kill: Option<Period>,
) -> Result<(), Failure> {
    let teller = stage.teller;
    let (shown_vi, shown_en) = (format!("Tháng {}/{}", month.last_month(), month.year()), month.to_string());
    teller.head(shown_vi, shown_en);
    if number == 1 {
        come_back(stage, month, timetable::BACK_THE_NEXT_MONTH_DAY).await?;
    }
    let (cast, simulation, communes) = (stage.cast.clone(), stage.simulation, stage.communes.len());
    let slugs: Vec<String> = cast.members.iter().map(|member| member.slug.clone()).collect();
    // Beside the two of the story, some further communes are late.
    let is_late = |place: usize| {
        let part = place == cast.late || place == cast.excepted;
        is_last && (part || (place >= FEWEST && simulation.is_late(&slugs[place])))
    };
    stage.morning_of(day(month, timetable::ENTRY_DAY)).await?;
    let amounts = stage.enter(|place| !is_late(place), month).await?;
    let killed = if kill.is_some() { several::kill(stage).await? } else { None };
    stage.arrival().await?;
    if let (Some(period), Some(killed)) = (kill, killed) {
        several::go_on(stage, killed, period).await?;
    }
    tell_entry(stage, month, timetable::ENTRY_DAY, (0..communes).filter(|place| !is_late(*place)).count(), amounts);
    if number == 0 {
        tell_pending(stage).await?;
        if is_last {
            come_back(stage, month, timetable::BACK_THE_SAME_MONTH_DAY).await?;
        }
    }
    if is_last {
        except(stage, month).await?;
        stage.morning_of(day(month, timetable::LATE_DAY)).await?;
        let amounts = stage.enter(is_late, month).await?;
        stage.arrival().await?;
        tell_entry(stage, month, timetable::LATE_DAY, (0..communes).filter(|place| is_late(*place)).count(), amounts);
        let (late, excepted) = (&cast.members[cast.late].name, &cast.members[cast.excepted].name);
        teller.say(
            format!("{late} nộp trễ hạn ngày 19; {excepted} cùng ngày nhưng được gia hạn nên vẫn đúng hạn"),
            format!("{late} is late for the 19th; {excepted} too, but has an exception and counts as on time"),
        );
    }
    Ok(())
}

fn tell_entry(stage: &Stage, month: Period, on: u32, communes: usize, amounts: Amounts) {
    let Amounts { figures, evidence } = amounts;
    let on = day(month, on);
    stage.teller.say(
        format!(
            "{}: {communes} xã, phường nhập {figures} số liệu mô phỏng, gắn {evidence} minh chứng",
            on.format("%d/%m")
        ),
        format!("{on}: {communes} communes enter {figures} simulated figures and attach {evidence} pieces of evidence"),
    );
}

async fn tell_pending(stage: &Stage) -> Result<(), Failure> {
    let offline = &stage.communes[stage.cast.offline];
    let (name, pending) = (&offline.member.name, offline.pending().await?);
    stage.teller.say(
        format!("{name} vẫn mất mạng: {pending} thay đổi chờ gửi trên máy của xã, tỉnh đã nhận đủ của các nơi khác"),
        format!(
            "{name} is still offline: {pending} changes wait on its computer; the province holds all of the others"
        ),
    );
    Ok(())
}

async fn come_back(stage: &mut Stage, month: Period, on: u32) -> Result<(), Failure> {
    let (place, on) = (stage.cast.offline, day(month, on));
    stage.morning_of(on).await?;
    stage.start(place)?;
    stage.arrival().await?;
    let (name, sent) = (&stage.communes[place].member.name, stage.communes[place].changes());
    stage.teller.say(
        format!("{}: {name} có mạng trở lại, tự gửi bù {sent} thay đổi", on.format("%d/%m")),
        format!("{on}: {name} is online again and by itself sends the {sent} changes that waited"),
    );
    Ok(())
}

async fn except(stage: &Stage, month: Period) -> Result<(), Failure> {
    stage.morning_of(day(month, timetable::EXCEPTION_DAY)).await?;
    let (member, until) = (&stage.cast.members[stage.cast.excepted], day(month, timetable::EXCEPTION_UNTIL_DAY));
    let reason = "Mất điện diện rộng do mưa bão (mô phỏng)";
    stage.province.except(&member.slug, month, until, reason).await?;
    let (name, granted) = (&member.name, day(month, timetable::EXCEPTION_DAY));
    stage.teller.say(
        format!("{}: tỉnh gia hạn cho {name} đến hết ngày {}", granted.format("%d/%m"), until.format("%d/%m")),
        format!("{granted}: the province gives {name} until {until}"),
    );
    Ok(())
}

/// Answers the figure that is returned.
async fn review(stage: &Stage, period: Period) -> Result<Option<Entered>, Failure> {
    let (teller, cast) = (stage.teller, &stage.cast);
    stage.morning_of(day(period, timetable::REVIEW_DAY)).await?;
    let mut accepted = 0;
    for commune in &stage.communes[..FEWEST] {
        for figure in by_weight(commune).into_iter().take(ACCEPTED_EACH) {
            stage.province.accept(&commune.member.slug, &figure.code, figure.period, 1).await?;
            accepted += 1;
        }
    }
    let on = day(period, timetable::REVIEW_DAY);
    let (on_vi, returned) = (on.format("%d/%m"), &stage.communes[cast.returned]);
    teller.say(
        format!("{on_vi}: tỉnh thẩm định, chấp nhận {accepted} số liệu"),
        format!("{on}: the province reviews and accepts {accepted} figures"),
    );
    let figure = by_weight(returned).get(ACCEPTED_EACH).copied().cloned();
    if let Some(figure) = &figure {
        let reason = "Số liệu chưa khớp với báo cáo của ngành, đề nghị kiểm tra lại (mô phỏng)";
        stage.province.give_back(&returned.member.slug, &figure.code, figure.period, reason).await?;
        let (name, code) = (&returned.member.name, &figure.code);
        teller.say(
            format!("{on_vi}: trả lại {code} của {name}: {reason}"),
            format!("{on}: {code} of {name} is returned: {reason}"),
        );
    }
    Ok(figure)
}

/// A commune's newest figures as a reviewer takes them: those with evidence first.
fn by_weight(commune: &Commune) -> Vec<&Entered> {
    // A completion without evidence awaits it: nobody reviews that.
    let reviewed = commune.newest().filter(|figure| figure.evidenced || !figure.completed);
    let (with, without): (Vec<_>, Vec<_>) = reviewed.partition(|figure| figure.evidenced);
    with.into_iter().chain(without).collect()
}

async fn ranking(stage: &Stage, period: Period) -> Result<(), Failure> {
    let (teller, cast, language) = (stage.teller, &stage.cast, stage.teller.language());
    stage.morning_of(day(period, timetable::RANKING_DAY)).await?;
    teller.head("Xếp hạng", "The ranking");
    teller.print(&stage.province.rankings(period).await?);
    let explained = &cast.members[cast.explained];
    teller.head(format!("Vì sao {} được điểm đó", explained.name), format!("Why {} has its score", explained.name));
    teller.print(&stage.province.explain(&explained.slug, period).await?);
    stage.told(cast.returned, period).await?;
    let clerk = &stage.communes[cast.returned];
    let name = &clerk.member.name;
    teller.head(format!("Cán bộ {name} thấy gì trên máy của xã"), format!("What the clerk of {name} sees"));
    teller.print(&clerk.status().await?);
    teller.print("\n");
    let standing = clerk.standing(period).await?;
    let mut lines = standing.lines();
    for line in lines.by_ref().take(STANDING_LINES) {
        teller.print(&format!("{line}\n"));
    }
    let more = lines.count();
    if more > 0 {
        teller.print(&language.pick(format!("… và {more} dòng nữa\n"), format!("… and {more} more lines\n")));
    }
    Ok(())
}
