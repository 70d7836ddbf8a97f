//! The two programs, run and watched.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// The path of a program of this workspace, beside this test's own folder of the target directory.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    let folder = own.ancestors().find(|folder| folder.join(name).is_file());
    let folder =
        folder.unwrap_or_else(|| panic!("{name} is not built: run tests/run, or cargo build --workspace --bins"));
    folder.join(name)
}

/// What a command printed and how it ended.
#[derive(Debug, Clone)]
pub struct Done {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Done {
    /// The output of a command that must have ended well.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }

    /// What a command that must have failed with a code wrote to standard error.
    ///
    /// # Panics
    /// When it ended otherwise.
    #[must_use]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self.err
    }

    /// The output as JSON.
    ///
    /// # Panics
    /// When the command failed or did not print JSON.
    #[must_use]
    pub fn json(self) -> serde_json::Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"))
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// A command of a program, in Vietnamese, untouched by this machine's environment.
pub fn command<A: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(path(name));
    command.args(args).stdin(Stdio::null());
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("TIENDO_")) {
        command.env_remove(key);
    }
    command
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run<A: AsRef<OsStr>>(name: &str, args: impl IntoIterator<Item = A>) -> Done {
    command(name, args).output().unwrap_or_else(|e| panic!("{name}: {e}")).into()
}

/// A CSV of figures, one line for each (indicator, numerator, denominator).
#[must_use]
pub fn figures_csv(period: &str, figures: &[(&str, u32, u32)]) -> String {
    let mut text = String::from("indicator,period,numerator,denominator\n");
    for (code, numerator, denominator) in figures {
        let _ = writeln!(text, "{code},{period},{numerator},{denominator}");
    }
    text
}

/// A CSV of figures with notes, one line for each (indicator, numerator, denominator, note).
#[must_use]
pub fn figures_csv_with_notes(period: &str, figures: &[(&str, u32, u32, String)]) -> String {
    let mut text = String::from("indicator,period,numerator,denominator,note\n");
    for (code, numerator, denominator, note) in figures {
        let _ = writeln!(text, "{code},{period},{numerator},{denominator},{note}");
    }
    text
}

/// Stops a process, does something, and lets it go on.
///
/// # Panics
/// Without the command `kill`.
pub fn pause(process: u32, meanwhile: impl FnOnce()) {
    let signal = |name: &str| Command::new("kill").args([name, &process.to_string()]).status().expect("kill");
    // It may have ended already.
    let _ = signal("-STOP");
    meanwhile();
    let _ = signal("-CONT");
}
