//! Settings are read anew while a service runs (SIGHUP): the level of the log is taken over; of everything else that changed it is said
//! that it needs a restart.

use crate::{
    log::Log,
    settings::{Refused, Setting},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

/// The only setting that is taken over.
const TAKEN_OVER: &str = "log.level";

/// Settings as they were read: each with its value, and the log.
pub type Read = (Vec<Setting>, Log);

/// See the [module](self).
pub struct Reloading {
    running: BTreeMap<String, String>,
}

/// What became of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The level of the log is another one now.
    pub level: Option<String>,
    /// Keys that are not what the service runs with.
    pub needs_restart: Vec<String>,
}

fn values(settings: &[Setting]) -> BTreeMap<String, String> {
    settings.iter().map(|one| (one.key.clone(), one.value.clone())).collect()
}

impl Reloading {
    /// Of a service that runs with these settings.
    #[must_use]
    pub fn of(settings: &[Setting]) -> Self {
        Self { running: values(settings) }
    }

    /// Takes over what can be.
    pub fn take(&mut self, (settings, log): &Read) -> Reloaded {
        let now = values(settings);
        let differs = |key: &&String| self.running.get(*key) != now.get(*key);
        let keys: BTreeSet<&String> = self.running.keys().chain(now.keys()).collect();
        let changed: Vec<String> = keys.into_iter().filter(differs).cloned().collect();
        let (level, needs_restart): (Vec<_>, Vec<_>) = changed.into_iter().partition(|key| key == TAKEN_OVER);
        let level = level.first().map(|_| log.level.clone());
        if let (Some(_), Some(value)) = (&level, now.get(TAKEN_OVER))
            && log.change_level()
        {
            self.running.insert(TAKEN_OVER.to_owned(), value.clone());
        }
        Reloaded { level, needs_restart }
    }

    /// Waits for SIGHUP again and again, and reads the settings anew each time; faulty ones change nothing. From the call on the signal ends
    /// nothing any more. The wait never ends; where there are no such signals it is only that.
    ///
    /// # Errors
    /// When the system does not give the signal.
    pub fn follow(self, read: impl Fn() -> Result<Read, Refused>) -> io::Result<impl Future<Output = ()>> {
        #[cfg(unix)]
        let mut asked = {
            use tokio::signal::unix::{SignalKind, signal};
            signal(SignalKind::hangup())?
        };
        Ok(async move {
            #[cfg(unix)]
            {
                let mut this = self;
                while asked.recv().await.is_some() {
                    this.reload(read());
                }
            }
            #[cfg(not(unix))]
            let _ = (self, read);
            std::future::pending::<()>().await;
        })
    }

    #[cfg(unix)]
    fn reload(&mut self, read: Result<Read, Refused>) {
        let read = match read {
            Ok(read) => read,
            Err(Refused { key, reason }) => {
                let key = key.unwrap_or_default();
                tracing::error!(
                    key,
                    reason,
                    "the settings are faulty, those of before stay in force: see `config check`"
                );
                return;
            }
        };
        let Reloaded { level, needs_restart } = self.take(&read);
        // At the level of errors too it is known that the settings were read.
        tracing::error!(level = level.unwrap_or_else(|| "as before".into()), "settings were read anew");
        if !needs_restart.is_empty() {
            tracing::warn!(keys = needs_restart.join(", "), "these settings need a restart");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Source;

    fn settings(pairs: &[(&str, &str)]) -> Vec<Setting> {
        let one = |(key, value): &(&str, &str)| Setting {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            source: Source::Default,
        };
        pairs.iter().map(one).collect()
    }

    #[test]
    fn the_level_is_taken_over_and_the_rest_needs_a_restart() {
        let mut reloading = Reloading::of(&settings(&[("log.level", "info"), ("listen", "a"), ("hosts", "b")]));
        let log = |level: &str| Log { level: level.into(), ..Log::default() };
        let same = (settings(&[("log.level", "info"), ("listen", "a"), ("hosts", "b")]), log("info"));
        assert_eq!(reloading.take(&same), Reloaded { level: None, needs_restart: Vec::new() });
        let other = (settings(&[("log.level", "debug"), ("listen", "c"), ("hosts", "b"), ("new", "1")]), log("debug"));
        let taken = reloading.take(&other);
        assert_eq!((taken.level.as_deref(), taken.needs_restart), (Some("debug"), vec!["listen".into(), "new".into()]));
    }
}
