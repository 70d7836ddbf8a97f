//! The lines on standard error, in English: as text for people, or one JSON object a line for programs that collect them.

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{
    fmt,
    io::{self, IsTerminal},
    sync::OnceLock,
};
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    layer::{Layered, SubscriberExt},
    reload,
    util::SubscriberInitExt,
};

/// What writes the lines.
type Writer = Box<dyn Layer<Registry> + Send + Sync>;

/// The level in force, once the log has begun.
static LEVEL: OnceLock<reload::Handle<Targets, Layered<Writer, Registry>>> = OnceLock::new();

/// What a line looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The table `log` of a program's settings. A text alone is its level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or `target=level,…`.
    pub level: String,
    /// As text or JSON.
    pub format: Format,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: Format::Text }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Table {
    level: String,
    format: Format,
}

impl Default for Table {
    fn default() -> Self {
        let Log { level, format } = Log::default();
        Self { level, format }
    }
}

impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Log;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a level, or a table with level and format")
            }

            fn visit_str<E: de::Error>(self, level: &str) -> Result<Log, E> {
                Ok(Log { level: level.to_owned(), ..Log::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Log, A::Error> {
                let Table { level, format } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Log { level, format })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Log {
    /// Why the level is none.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        self.level
            .parse::<Targets>()
            .err()
            .map(|_| ("log.level", format!("{:?} is no level, write info or debug", self.level)))
    }

    /// Logs to standard error from now on. Only the first call in a process does anything.
    pub fn start(&self) {
        let (filter, level) = reload::Layer::new(self.targets());
        // A log that exists already is one.
        if tracing_subscriber::registry().with(self.layer(io::stderr)).with(filter).try_init().is_ok() {
            let _ = LEVEL.set(level);
        }
    }

    /// Logs at this level from now on, in the form of before; false where the log has not begun.
    pub fn change_level(&self) -> bool {
        LEVEL.get().is_some_and(|level| level.reload(self.targets()).is_ok())
    }

    fn targets(&self) -> Targets {
        self.level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO))
    }

    /// The layer that writes the lines.
    fn layer<W>(&self, writer: W) -> Writer
    where
        W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
    {
        let lines = tracing_subscriber::fmt::layer().with_writer(writer);
        match self.format {
            Format::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
            Format::Json => lines.json().flatten_event(true).boxed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Deserialize)]
    struct Settings {
        log: Log,
    }

    fn read(text: &str) -> Result<Log, toml::de::Error> {
        toml::from_str::<Settings>(text).map(|settings| settings.log)
    }

    #[test]
    fn a_level_alone_is_enough_and_nonsense_is_refused() {
        assert_eq!(read("log = \"debug\"").unwrap(), Log { level: "debug".into(), format: Format::Text });
        assert_eq!(read("[log]\nformat = \"json\"").unwrap(), Log { level: "info".into(), format: Format::Json });
        for text in ["[log]\nformat = \"xml\"", "[log]\nformats = 1", "log = 3"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("log = \"a=b=c\"").unwrap().fault().is_some());
        assert_eq!(read("log = \"warn,agent=debug\"").unwrap().fault(), None);
    }

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn json_lines_are_objects_with_the_fields_beside_the_message() {
        let sink = Sink::default();
        let writer = sink.clone();
        let log = Log { level: "info".into(), format: Format::Json };
        let subscriber = tracing_subscriber::registry().with(log.layer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || tracing::info!(commune = "dinh-quan", "session ended"));
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!((line["level"].as_str(), line["message"].as_str()), (Some("INFO"), Some("session ended")));
        assert_eq!(line["commune"], "dinh-quan");
        assert!(line["timestamp"].is_string());
    }
}
