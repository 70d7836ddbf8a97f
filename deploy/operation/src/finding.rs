//! What an examination found: fine, a warning or a fault, what is wrong and what to do. Vietnamese first.

use serde_json::{Value, json};
use shared::language::Language;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing to do.
    Ok,
    /// It works; somebody should look at it.
    Warning,
    /// It does not work, or soon will not.
    Fault,
}

impl State {
    /// Stable, for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }

    fn word(self, language: Language) -> &'static str {
        match self {
            Self::Ok => language.pick("Tốt", "OK"),
            Self::Warning => language.pick("Lưu ý", "WARNING"),
            Self::Fault => language.pick("LỖI", "FAULT"),
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was examined, for programs: `disk`, `clock`.
    pub check: &'static str,
    /// How bad it is.
    pub state: State,
    /// What was found.
    pub what: String,
    /// What to do; empty when nothing is.
    pub todo: String,
}

impl Finding {
    /// Nothing to do.
    #[must_use]
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), todo: String::new() }
    }

    /// It works; somebody should look at it.
    #[must_use]
    pub fn warning(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, state: State::Warning, what: what.into(), todo: todo.into() }
    }

    /// It does not work.
    #[must_use]
    pub fn fault(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, state: State::Fault, what: what.into(), todo: todo.into() }
    }
}

/// All lines of an examination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// How many faults there are.
    #[must_use]
    pub fn faults(&self) -> usize {
        self.count(State::Fault)
    }

    fn count(&self, state: State) -> usize {
        self.0.iter().filter(|one| one.state == state).count()
    }

    /// For people: a line for each, what to do below it, and the sum.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut text = String::new();
        let words = [State::Ok, State::Warning, State::Fault].map(|state| state.word(language).chars().count());
        let width = words.into_iter().max().unwrap_or_default();
        for Finding { check, state, what, todo } in &self.0 {
            text += &format!("{:<width$}  {:<14}{what}\n", state.word(language), format!("{check}:"));
            for line in todo.lines() {
                text += &format!("{:width$}  {:14}→ {line}\n", "", "");
            }
        }
        let (warnings, faults) = (self.count(State::Warning), self.faults());
        text + &language
            .pick(format!("{faults} lỗi, {warnings} lưu ý.\n"), format!("{faults} faults, {warnings} warnings.\n"))
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let line = |one: &Finding| json!({ "check": one.check, "state": one.state.as_str(), "what": one.what, "todo": one.todo });
        let (warnings, faults) = (self.count(State::Warning), self.faults());
        json!({ "faults": faults, "warnings": warnings, "findings": self.0.iter().map(line).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_says_what_is_wrong_and_what_to_do() {
        let findings = Findings(vec![
            Finding::ok("disk", "12 GiB"),
            Finding::warning("clock", "3 phút", "chỉnh đồng hồ"),
            Finding::fault("store", "hỏng", "khôi phục\nrestore"),
        ]);
        assert_eq!(
            findings.text(Language::Vi),
            "Tốt    disk:         12 GiB\n\
             Lưu ý  clock:        3 phút\n                     → chỉnh đồng hồ\n\
             LỖI    store:        hỏng\n                     → khôi phục\n                     → restore\n\
             1 lỗi, 1 lưu ý.\n"
        );
        assert_eq!(findings.json()["findings"][1]["state"], "warning");
        assert_eq!((findings.json()["faults"].as_u64(), findings.faults()), (Some(1), 1));
        assert!(findings.text(Language::En).ends_with("1 faults, 1 warnings.\n"));
    }
}
