//! `cargo demo`: the whole system on one machine. It starts a real aggregator and real agents as separate processes, enters
//! simulated figures (số liệu mô phỏng) month by month, and shows the ranking with its reasons.
//!
//! | file | noun |
//! | --- | --- |
//! | `options`, `telling`, `failure` | what is asked for, what is said, what goes wrong |
//! | `cast`, `timetable`, `simulation`, `asked` | who takes part, when, with which figures; pure |
//! | `building`, `program`, `cell`, `waiting`, `folder`, `document` | the two programs as processes, the folder, the evidence |
//! | `several` | more than one server on a database, and the one that is killed |
//! | `province`, `other`, `commune`, `stage`, `story`, `ending`, `visit`, `suggestion` | each side's commands, everything together, what happens, where the pages are, what to try next |
//!
//! It uses the public commands alone: whatever happens here can be typed by hand.

mod asked;
mod building;
mod cast;
mod cell;
mod commune;
mod document;
mod ending;
mod failure;
mod folder;
mod options;
mod other;
mod program;
mod province;
mod several;
mod simulation;
mod stage;
mod story;
mod suggestion;
mod telling;
mod timetable;
mod visit;
mod waiting;

use cast::Cast;
use failure::Failure;
use folder::Folder;
use options::Options;
use stage::Stage;
use std::{io, path::Path, process::ExitCode};
use telling::Teller;
use tokio::signal::unix::{SignalKind, signal};

const FAILED: u8 = 1;
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let options = Options::read(std::env::args_os());
    let teller = Teller::new(options.lang.into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(show(&options, teller)),
        Err(source) => Err(Failure::io(Path::new("tokio"))(source)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.explain(teller.language()));
            ExitCode::from(if failure.is_usage() { USAGE } else { FAILED })
        }
    }
}

async fn show(options: &Options, teller: Teller) -> Result<(), Failure> {
    let catalogue = story::catalogue(options, teller)?;
    let cast = Cast::choose(&catalogue, options.communes.into())?;
    let folder = Folder::make(options.dir.as_deref())?;
    let seed = options.seed;
    teller.say(
        format!("*** SỐ LIỆU MÔ PHỎNG: mọi số liệu dưới đây do máy sinh ra, hạt giống {seed} ***"),
        format!("*** SIMULATED FIGURES (SỐ LIỆU MÔ PHỎNG): all figures below are made up, seed {seed} ***"),
    );
    let interrupted = interruption().map_err(Failure::io(Path::new("signals")))?;
    tokio::pin!(interrupted);
    teller.say("Biên dịch hai chương trình…", "Building the two programs…");
    let built = tokio::select! {
        built = building::build() => built?,
        () = &mut interrupted => return Err(Failure::Interrupted),
    };
    let mut stage = story::stage(options, cast, folder, built, teller);
    let played = tokio::select! {
        played = story::play(&mut stage, options, &catalogue) => played,
        () = &mut interrupted => Err(Failure::Interrupted),
    };
    let stayed = match played {
        Ok(()) => stay(&mut stage, options, &mut interrupted).await,
        Err(Failure::Interrupted) => Err(Failure::Interrupted),
        // A command may have failed because a service had ended: then that is the reason.
        Err(failure) => Err(stage.check().err().unwrap_or(failure)),
    };
    let ended_well = stage.end().await;
    let stayed = stayed.and(several::keep(&stage));
    let result = stayed.and(if ended_well { Ok(()) } else { Err(Failure::UncleanEnd) });
    if result.as_ref().is_err_and(|failure| !matches!(failure, Failure::Interrupted)) {
        stage.folder.keep();
        let logs = stage.folder.root().join("logs");
        let logs = logs.display();
        teller.say(format!("Nhật ký của các dịch vụ: {logs}"), format!("The logs of the services: {logs}"));
    }
    result
}

/// Unless it ends by itself, keeps everything running until Ctrl-C.
async fn stay(
    stage: &mut Stage,
    options: &Options,
    interrupted: &mut (impl Future<Output = ()> + Unpin),
) -> Result<(), Failure> {
    visit::tell(stage, options).await?;
    suggestion::tell(stage, options);
    if options.once {
        return Ok(());
    }
    stage.teller.say("\nMọi thứ đang chạy. Nhấn Ctrl-C để dừng.", "\nEverything is running. Press Ctrl-C to stop.");
    tokio::select! {
        failure = waiting::trouble(|| stage.check()) => return Err(failure),
        () = interrupted => {}
    }
    stage.teller.say("\nĐang dừng…", "\nStopping…");
    Ok(())
}

/// Resolves when someone asks the demo to end.
fn interruption() -> io::Result<impl Future<Output = ()>> {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal).into_iter();
    let mut next = || signals.next().unwrap_or_else(|| Err(io::ErrorKind::Other.into()));
    let (mut interrupt, mut terminate, mut hangup) = (next()?, next()?, next()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
