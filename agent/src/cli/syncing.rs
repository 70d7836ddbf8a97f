//! `join`, `sync`, `run`: what talks to the province.

use super::{
    Desk, Failure, Printed,
    arguments::{Join, Remind},
    failure::code_of,
    table::{Format, pretty},
    telling,
    words::{self, plain},
};
use crate::{
    bell::Bell,
    config::Config,
    lock::Lock,
    page::{self, ListenError, Page},
    reminding::{self, Reminding},
    service::{self, ServiceError},
    store::Store,
    uplink::{
        join::{self, Invitation, JoinError},
        session::{self, Report},
    },
};
use notification::{Notifier, wording::trial};
use operation::{reloading::Reloading, settings::Refused};
use serde_json::json;
use std::{future::Future, io, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
};

/// How long a command waits for another process's session.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);
/// How long what is still going on at the end may take.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Threads for what blocks: the pages' work with the store, passwords, files. Idle ones end by themselves.
const MAX_BLOCKING_THREADS: usize = 8;

/// One thread: an office computer's idle service should be small.
fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().max_blocking_threads(MAX_BLOCKING_THREADS).enable_all().build()
}

fn finish<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    result
}

/// Waits for something short.
pub fn wait_for<T>(work: impl Future<Output = T>) -> io::Result<T> {
    Ok(finish(runtime()?, work))
}

/// `join`
pub fn join(desk: &Desk, arguments: &Join) -> Result<Printed, Failure> {
    desk.folder.create()?;
    let invitation =
        Invitation { server: arguments.server.clone(), token: arguments.token.clone(), authority: arguments.authority };
    finish(runtime()?, async {
        let alone = Lock::take_within(&desk.folder.sync_lock(), LOCK_TIMEOUT).await?.ok_or(JoinError::Busy)?;
        let belonging = join::join(&desk.folder, &invitation, desk.clock.now(), &mut rand::rng()).await?;
        let mut store = Store::open(&desk.folder)?;
        let first = session::hold(&alone, &desk.folder, &desk.config, &mut store, &desk.clock, |_, _| None).await?;
        let pending = pending(&store)?;
        if desk.format == Format::Json {
            let mut value = as_json(&first, pending);
            value["commune"] = belonging.commune.into();
            value["commune_name"] = belonging.commune_name.into();
            value["province"] = belonging.province.into();
            return Ok(pretty(&value).into());
        }
        let (name, slug, province) = (plain(&belonging.commune_name), belonging.commune, belonging.province);
        let head = desk.language.pick(
            format!("Đã tham gia: {name} ({slug}, {province})\n"),
            format!("Joined: {name} ({slug}, {province})\n"),
        );
        let banner = words::banner(store.view().exercise()?.on, desk.language);
        Ok(format!("{banner}{head}{}", telling::report(desk.language, &first, pending)).into())
    })
}

/// `sync`
pub fn sync(desk: &Desk) -> Result<Printed, Failure> {
    let mut store = Store::open(&desk.folder)?;
    let (report, pending) = finish(runtime()?, async {
        let alone = Lock::take_within(&desk.folder.sync_lock(), LOCK_TIMEOUT).await?.ok_or(Failure::SessionBusy)?;
        let report = session::hold(&alone, &desk.folder, &desk.config, &mut store, &desk.clock, |_, _| None).await?;
        Ok::<_, Failure>((report, pending(&store)?))
    })?;
    let text = match desk.format {
        Format::Json => pretty(&as_json(&report, pending)),
        Format::Table | Format::Csv => telling::report(desk.language, &report, pending),
    };
    Ok(Printed { text, code: code_of(report.outcome.end) })
}

fn pending(store: &Store) -> Result<u64, Failure> {
    let view = store.view();
    let head = view.head()?.seq;
    Ok(head - view.acknowledged_seq()?.min(head))
}

fn as_json(report: &Report, pending: u64) -> serde_json::Value {
    json!({
        "outcome": report.outcome.end.as_str(),
        "detail": report.outcome.detail,
        "sent": report.tally.sent,
        "acknowledged": report.tally.acknowledged,
        "refused": report.tally.refused,
        "received": report.tally.received,
        "pending": pending,
    })
}

/// `run`
pub fn run(desk: &Desk) -> Result<Printed, Failure> {
    run_until(desk, shutdown)
}

/// The same until something else than a signal says that it is to end. `stop` is asked for that within the runtime.
pub fn run_until<F: Future<Output = ()>>(
    desk: &Desk,
    stop: impl FnOnce() -> io::Result<F>,
) -> Result<Printed, Failure> {
    desk.config.log.start();
    let reminding = Reminding::open(&desk.config.reminders, desk.language)?;
    finish(runtime()?, async {
        let bell = Arc::new(Bell::default());
        // Told before the page's port is: a second service on this folder is another matter than a taken port.
        drop(Lock::try_take(&desk.folder.service_lock())?.ok_or(ServiceError::Running)?);
        let page = open_page(desk, bell.clone()).await?;
        let asked = stop()?;
        let reloading = reloading(desk.folder.config())?;
        let (end, ending) = watch::channel(false);
        let ended = |mut ending: watch::Receiver<bool>| async move {
            // Fails only when nobody can say it any more, which is an end too.
            let _ = ending.wait_for(|ending| *ending).await;
        };
        let serving = async {
            if let Some(page) = page {
                page.serve(ended(ending.clone())).await;
            }
        };
        let service = async {
            let stop = ended(ending.clone());
            let mut random = rand::rng();
            let served =
                service::run(&desk.folder, &desk.config, &desk.clock, &mut random, reminding, &bell, stop).await;
            end.send_replace(true);
            served
        };
        let listening = async {
            tokio::select! {
                () = asked => { end.send_replace(true); }
                () = reloading => {}
                () = ended(ending.clone()) => {}
            }
        };
        let (served, (), ()) = tokio::join!(service, serving, listening);
        served?;
        Ok(String::new().into())
    })
}

/// Reads the settings anew whenever it is asked to, from now on.
fn reloading(path: PathBuf) -> Result<impl Future<Output = ()>, Failure> {
    let read = move || {
        let layers = Config::layers(&path);
        let config = Config::of(&layers.read()?).map_err(|error| error.refused())?;
        Ok((layers.effective()?, config.log))
    };
    let settings = read().map_or_else(|_: Refused| Vec::new(), |(settings, _)| settings);
    Ok(Reloading::of(&settings).follow(read)?)
}

/// The page, where the settings want one. Without a port that somebody chose, the service goes on when the usual one is taken.
async fn open_page(desk: &Desk, bell: Arc<Bell>) -> Result<Option<Page>, Failure> {
    if !desk.config.page.enabled {
        return Ok(None);
    }
    match page::open(&desk.folder, &desk.config, &desk.clock, desk.language, bell).await {
        Ok(page) => {
            tracing::info!(address = page.address, "the page is open");
            Ok(Some(page))
        }
        Err(error @ ListenError::Taken(_)) if !desk.config.page.is_chosen => {
            tracing::warn!(%error, "no page; choose another port with page.listen in agent.toml");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// `remind`
pub fn remind(desk: &Desk, asked: &Remind) -> Result<Printed, Failure> {
    let plan = &desk.config.reminders;
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let reminders = if asked.trial {
        let name = view.belonging()?.map(|belonging| belonging.commune_name).unwrap_or_default();
        vec![trial(&name, desk.language, desk.clock.now())]
    } else {
        let composed = reminding::compose(view, plan, desk.clock.now(), desk.language)?;
        composed.into_iter().filter(|composed| composed.missing > 0).map(|composed| composed.reminder).collect()
    };
    if reminders.is_empty() {
        let text = desk.language.pick(
            "Không thiếu gì trong tháng này, không có gì để nhắc.\n",
            "Nothing is missing this month, there is nothing to remind of.\n",
        );
        return Ok(text.to_owned().into());
    }
    let shown =
        |one: &notification::Reminder| format!("{}\n\n{}\n", plain(&one.subject), words::plain_lines(&one.text));
    let mut text: String = reminders.iter().map(shown).collect();
    if asked.dry_run {
        return Ok(text.into());
    }
    let notifier = Notifier::open(&plan.settings())?;
    if notifier.channels().is_empty() {
        return Err(Failure::NoWay);
    }
    let results = finish(runtime()?, async {
        let mut results = Vec::new();
        for reminder in &reminders {
            results.extend(notifier.deliver(reminder).await);
        }
        results
    });
    let mut code = 0;
    for (channel, result) in results {
        let name = channel.name(desk.language);
        match result {
            Ok(()) => text += &desk.language.pick(format!("Đã gửi: {name}\n"), format!("Delivered: {name}\n")),
            Err(error) => {
                code = super::failure::FAILED;
                text += &format!("{}\n", plain(&error.explain(desk.language)));
            }
        }
    }
    Ok(Printed { text, code })
}

/// Done when the system or a person asks the service to end.
fn shutdown() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
