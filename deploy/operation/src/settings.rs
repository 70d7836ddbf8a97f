//! Settings of a program in their layers: defaults, the file, the environment. Where each comes from, and every fault with its line.

use figment::{
    Figment, Profile,
    providers::{Env, Serialized},
    value::{Dict, Value},
};
use shared::language::Language;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What parts a table from its key in the environment: `TIENDO_AGENT_LOG__FORMAT`.
pub const NESTED: &str = "__";
/// Most faults that are told at once.
const MAX_FAULTS: usize = 50;
/// Stands before the settings that are known.
const KNOWN: &str = "; known are ";
/// Settings of which only a part is shown.
const SECRET: [&str; 2] = ["reminders.webhook.url", "store.url"];

/// The layers of a program's settings.
#[derive(Debug, Clone)]
pub struct Layers {
    /// What holds where nothing is set.
    pub defaults: Figment,
    /// The settings file; it may be missing.
    pub file: PathBuf,
    /// What the environment's settings begin with.
    pub prefix: &'static str,
    /// What the environment says that is the command line's own.
    pub command_line: &'static [&'static str],
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which, with its tables: `pages.listen`; none for a file that cannot be read at all.
    pub key: Option<String>,
    /// Why.
    pub reason: String,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a line of the file, counted from 1; none where the line is not found.
    File(PathBuf, Option<usize>),
    /// In this variable.
    Environment(String),
    /// Nowhere.
    Default,
}

/// A fault with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub source: Source,
    /// What is wrong.
    pub refused: Refused,
}

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which, with its tables.
    pub key: String,
    /// As it would stand in the file.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

impl From<&figment::Error> for Refused {
    fn from(error: &figment::Error) -> Self {
        use figment::error::Kind;
        let mut path = error.path.clone();
        let reason = match &error.kind {
            Kind::UnknownField(name, known) => {
                if path.last() != Some(name) {
                    path.push(name.clone());
                }
                format!("there is no such setting{KNOWN}{}", known.join(", "))
            }
            kind => kind.to_string(),
        };
        Self { key: (!path.is_empty()).then(|| path.join(".")), reason }
    }
}

impl Layers {
    /// All layers, the later over the earlier.
    ///
    /// # Errors
    /// A file that is no TOML.
    pub fn read(&self) -> Result<Figment, Refused> {
        Ok(self.figment(self.table()?, &BTreeSet::new()))
    }

    fn figment(&self, table: toml::Table, without: &BTreeSet<String>) -> Figment {
        let mut file = table;
        for key in without {
            remove(&mut file, key);
        }
        let without = without.clone();
        let environment = Env::prefixed(self.prefix)
            .ignore(self.command_line)
            .filter(move |name| !without.contains(&name.as_str().to_lowercase().replace(NESTED, ".")))
            .split(NESTED);
        self.defaults.clone().merge(Serialized::from(file, Profile::Default)).merge(environment)
    }

    fn table(&self) -> Result<toml::Table, Refused> {
        let refused = |reason: String| Refused { key: None, reason };
        match fs::read_to_string(&self.file) {
            Ok(text) => text.parse().map_err(|error: toml::de::Error| refused(error.to_string().trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(toml::Table::new()),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// Reads the settings again and again, each time without what was found faulty, until all faults are known or the settings are good.
    ///
    /// # Errors
    /// Every fault with its place.
    pub fn check<T>(&self, read: impl Fn(&Figment) -> Result<T, Refused>) -> Result<T, Vec<Fault>> {
        let table = match self.table() {
            Ok(table) => table,
            Err(refused) => {
                let source = Source::File(self.file.clone(), line_within(&refused.reason));
                return Err(vec![Fault { source, refused }]);
            }
        };
        let (mut without, mut faults) = (BTreeSet::new(), Vec::new());
        loop {
            match read(&self.figment(table.clone(), &without)) {
                Ok(settings) if faults.is_empty() => return Ok(settings),
                Ok(_) => return Err(faults),
                Err(refused) => {
                    let key = refused.key.clone();
                    let source = key.as_deref().map_or(Source::Default, |key| self.source(key));
                    faults.push(Fault { source, refused });
                    // A fault that comes back although its setting was left out has no end.
                    let Some(key) = key.filter(|_| faults.len() < MAX_FAULTS) else { return Err(faults) };
                    if !without.insert(key) {
                        faults.pop();
                        return Err(faults);
                    }
                }
            }
        }
    }

    /// Where a setting comes from.
    #[must_use]
    pub fn source(&self, key: &str) -> Source {
        let name = format!("{}{}", self.prefix, key.to_uppercase().replace('.', NESTED));
        if std::env::var_os(&name).is_some() {
            return Source::Environment(name);
        }
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let held = text.parse::<toml::Table>().is_ok_and(|table| holds(&table, key));
        if held { Source::File(self.file.clone(), line_of(&text, key)) } else { Source::Default }
    }

    /// The settings in force, without secrets.
    ///
    /// # Errors
    /// A file that is no TOML.
    pub fn effective(&self) -> Result<Vec<Setting>, Refused> {
        let all: Dict = self.read()?.extract().map_err(|error| Refused::from(&error))?;
        let mut settings = Vec::new();
        flatten("", &all, &mut settings);
        Ok(settings.into_iter().map(|(key, value)| Setting { source: self.source(&key), key, value }).collect())
    }
}

/// The settings of a program that an example does not list, commented out or not: asked of the program itself, which names what it knows
/// when it is given a setting that it does not. `tables`: those that the example must have.
pub fn unlisted(example: &str, tables: &[&str], read: impl Fn(&Figment) -> Result<(), Refused>) -> Vec<String> {
    let bare: String = example
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = ") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let Ok(listed) = bare.parse::<toml::Table>() else { return vec![bare] };
    let mut missing = Vec::new();
    for table in [""].iter().chain(tables) {
        let within = |name: &str| if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
        let figment = Figment::from(Serialized::from(&listed, Profile::Default)).merge((within("no_such_setting"), 1));
        let reason = read(&figment).err().map(|refused| refused.reason).unwrap_or_default();
        let Some((_, known)) = reason.split_once(KNOWN) else {
            missing.push(format!("{table}: {reason}"));
            continue;
        };
        missing.extend(known.split(", ").map(within).filter(|key| !holds(&listed, key)));
    }
    missing
}

fn flatten(above: &str, table: &Dict, into: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match value {
            Value::Dict(_, table) => flatten(&key, table, into),
            value => {
                let shown = toml::Value::try_from(value).map_or_else(|_| String::new(), |value| value.to_string());
                into.push((key.clone(), if SECRET.contains(&key.as_str()) { host_alone(&shown) } else { shown }));
            }
        }
    }
}

/// `"https://host/…"`: many services put a secret in the path.
fn host_alone(url: &str) -> String {
    let url = url.trim_matches('"');
    let host = url.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("\"{}://{host}/…\"", url.split("://").next().unwrap_or_default())
}

fn remove(table: &mut toml::Table, key: &str) {
    match key.split_once('.') {
        None => drop(table.remove(key)),
        Some((first, rest)) => {
            if let Some(toml::Value::Table(inner)) = table.get_mut(first) {
                remove(inner, rest);
            }
        }
    }
}

fn holds(table: &toml::Table, key: &str) -> bool {
    match key.split_once('.') {
        None => table.contains_key(key),
        Some((first, rest)) => table.get(first).and_then(toml::Value::as_table).is_some_and(|table| holds(table, rest)),
    }
}

/// The line of a key in a TOML text, or of the table in which it stands.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let mut table = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            table = header.trim().to_owned();
            if table == key {
                return Some(number);
            }
            continue;
        }
        let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let name: String = name.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
        let full = if table.is_empty() { name } else { format!("{table}.{name}") };
        if full == key || key.starts_with(&format!("{full}.")) {
            return Some(number);
        }
    }
    None
}

/// The line that a message of the parser names.
fn line_within(message: &str) -> Option<usize> {
    message.split("line ").nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl Source {
    /// For people: `agent.toml, dòng 3`.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        match self {
            Self::File(file, Some(line)) => {
                format!("{}, {} {line}", name(file), language.pick("dòng", "line"))
            }
            Self::File(file, None) => name(file),
            Self::Environment(variable) => {
                format!("{} {variable}", language.pick("biến môi trường", "environment variable"))
            }
            Self::Default => language.pick("mặc định", "default").to_owned(),
        }
    }
}

fn name(file: &Path) -> String {
    file.display().to_string()
}

impl Fault {
    /// One fault for people: place, key, what is wrong, what to do.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        let Refused { key, reason } = &self.refused;
        let todo = match (&self.source, key) {
            (Source::Environment(variable), _) => {
                language.pick(format!("sửa hoặc bỏ biến {variable}"), format!("correct or unset {variable}"))
            }
            (_, Some(key)) => language.pick(
                format!("sửa {key}, hoặc xóa dòng đó để dùng giá trị mặc định"),
                format!("correct {key}, or remove the line to have the default"),
            ),
            (_, None) => language
                .pick("sửa tệp cho đúng cú pháp TOML và đọc được", "make the file readable and proper TOML")
                .to_owned(),
        };
        let key = key.as_deref().map(|key| format!("{key}: ")).unwrap_or_default();
        format!("{}: {key}{reason}\n  → {todo}\n", self.source.told(language))
    }
}

/// The settings in force as a settings file, each with where it comes from.
#[must_use]
pub fn told(settings: &[Setting], language: Language) -> String {
    settings.iter().map(|one| format!("{} = {}  # {}\n", one.key, one.value, one.source.told(language))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        port: u16,
        name: String,
    }

    #[derive(Debug, Serialize, Deserialize, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Outer {
        size: u8,
        inner: Inner,
    }

    type Place = (Option<String>, Option<usize>);

    fn layers(text: &str) -> (tempfile::TempDir, Layers) {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("x.toml");
        fs::write(&file, text).unwrap();
        let defaults = Figment::from(Serialized::defaults(Outer::default()));
        (place, Layers { defaults, file, prefix: "TIENDO_NOBODY_SETS_", command_line: &[] })
    }

    fn check(text: &str) -> Result<Outer, Vec<Place>> {
        let (_place, layers) = layers(text);
        layers.check(|figment| figment.extract::<Outer>().map_err(|error| Refused::from(&error))).map_err(|faults| {
            let place = |fault: Fault| match fault.source {
                Source::File(_, line) => (fault.refused.key, line),
                other => panic!("{other:?}"),
            };
            faults.into_iter().map(place).collect()
        })
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let text = "size = 300\ncolour = 1\n\n# port = 9\n[inner]\nname = \"a\"\nport = \"x\"\nhue = 2\n";
        let mut faults = check(text).unwrap_err();
        faults.sort();
        let expected = [("colour", 2), ("inner.hue", 8), ("inner.port", 7), ("size", 1)];
        assert_eq!(faults, expected.map(|(key, line)| (Some(key.to_owned()), Some(line))));
        assert_eq!(check("size = 3\n[inner]\nport = 4").unwrap().inner.port, 4);
        assert_eq!(check("size = 1\nsize = \n").unwrap_err(), [(None, Some(2))]);
    }

    #[test]
    fn what_is_in_force_is_shown_with_its_source_and_without_secrets() {
        let (_place, layers) = layers("[inner]\nname = \"a\"\n[reminders.webhook]\nurl = \"https://h.vn/secret?x\"\n");
        let settings = layers.effective().unwrap();
        let shown = told(&settings, Language::En);
        assert!(shown.contains("inner.name = \"a\"  # ") && shown.contains("x.toml, line 2"), "{shown}");
        assert!(shown.contains("size = 0  # default"), "{shown}");
        assert!(shown.contains("reminders.webhook.url = \"https://h.vn/…\"") && !shown.contains("secret"), "{shown}");
    }
}
