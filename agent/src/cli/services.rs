//! `service install|uninstall|status`: the background service under systemd, made from the unit of the packages.
//!
//! What is to be done is decided purely, as a list of steps; then it is printed or carried out.

use super::{Desk, Failure, Printed, arguments::ServiceCommand, failure::FAILED};
use shared::language::Language;
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};
use thiserror::Error;

const TEMPLATE: &str = include_str!("../../../deploy/systemd/commune-agent.service");
const SYSUSERS: &str = include_str!("../../../deploy/systemd/commune-agent.sysusers");
const NAME: &str = "commune-agent.service";
/// The only folder that the system service may write to.
const SYSTEM_DATA: &str = "/var/lib/commune-agent";
/// What a service of a single account can ask for without any rights.
const OF_AN_ACCOUNT: [&str; 10] = [
    "NoNewPrivileges",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "RestrictAddressFamilies",
    "SystemCallArchitectures",
    "SystemCallFilter",
    "SystemCallErrorNumber",
    "UMask",
];

/// Why the service is not installed or removed.
#[derive(Debug, Error)]
pub enum ServiceSetupError {
    /// The system service has its own folder.
    #[error("the system service keeps its data in {SYSTEM_DATA}, not in {}", .0.display())]
    Elsewhere(PathBuf),
    /// No folder for units of this account.
    #[error("neither XDG_CONFIG_HOME nor HOME is set")]
    NoHome,
    /// A step failed.
    #[error("{step}: {reason}")]
    Step {
        /// Which.
        step: String,
        /// Why.
        reason: String,
    },
}

impl ServiceSetupError {
    /// For the person who installs.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Elsewhere(data) => language.pick(
                format!(
                    "dịch vụ hệ thống giữ dữ liệu ở {SYSTEM_DATA}, không phải {}: thêm --user để cài cho riêng tài khoản này, hoặc bỏ --data",
                    data.display()
                ),
                format!("{self}: add --user for a service of this account alone, or leave out --data"),
            ),
            Self::NoHome => language.pick("không biết thư mục nhà của tài khoản này (HOME)".to_owned(), self.to_string()),
            Self::Step { step, reason } => language.pick(
                format!("không làm được bước “{step}”: {reason}. Dịch vụ hệ thống cần quyền quản trị (sudo); hoặc dùng --user"),
                format!("the step `{step}` failed: {reason}. The system service needs sudo; or use --user"),
            ),
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Write(PathBuf, String),
    Remove(PathBuf),
    Run(Vec<String>),
}

impl Step {
    fn told(&self) -> String {
        match self {
            Self::Write(path, content) => {
                let lines: String = content.lines().map(|line| format!("    {line}\n")).collect();
                format!("write {}\n{lines}", path.display())
            }
            Self::Remove(path) => format!("rm {}\n", path.display()),
            Self::Run(words) => format!("{}\n", words.join(" ")),
        }
    }

    fn take(&self) -> Result<(), ServiceSetupError> {
        let failed = |reason: String| ServiceSetupError::Step {
            step: self.told().lines().next().unwrap_or_default().to_owned(),
            reason,
        };
        let system = |error: io::Error| failed(error.to_string());
        match self {
            Self::Write(path, content) => {
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder).map_err(system)?;
                }
                fs::write(path, content).map_err(system)
            }
            Self::Remove(path) => match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(system(error)),
                _ => Ok(()),
            },
            Self::Run(words) => {
                let answer = Command::new(&words[0]).args(&words[1..]).output().map_err(system)?;
                match answer.status.success() {
                    true => Ok(()),
                    false => Err(failed(String::from_utf8_lossy(&answer.stderr).trim().to_owned())),
                }
            }
        }
    }
}

/// For whom the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    System,
    /// Of one account, with the folder of its units.
    Account(PathBuf),
}

impl Scope {
    fn of(is_user: bool) -> Result<Self, ServiceSetupError> {
        if !is_user {
            return Ok(Self::System);
        }
        let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
        Ok(Self::Account(config.ok_or(ServiceSetupError::NoHome)?.join("systemd/user")))
    }

    fn unit(&self) -> PathBuf {
        match self {
            Self::System => Path::new("/etc/systemd/system").join(NAME),
            Self::Account(folder) => folder.join(NAME),
        }
    }

    fn systemctl(&self, words: &[&str]) -> Step {
        let scope: &[&str] = if *self == Self::System { &[] } else { &["--user"] };
        Step::Run([&["systemctl"], scope, words].concat().into_iter().map(str::to_owned).collect())
    }

    fn install(&self, program: &Path, data: &Path) -> Result<Vec<Step>, ServiceSetupError> {
        let mut steps = Vec::new();
        if *self == Self::System {
            if data != Path::new(SYSTEM_DATA) {
                return Err(ServiceSetupError::Elsewhere(data.to_owned()));
            }
            steps.push(Step::Write("/etc/sysusers.d/commune-agent.conf".into(), SYSUSERS.to_owned()));
            steps.push(Step::Run(vec!["systemd-sysusers".into(), "commune-agent.conf".into()]));
        }
        steps.push(Step::Write(self.unit(), self.text(program, data)));
        steps.push(self.systemctl(&["daemon-reload"]));
        steps.push(self.systemctl(&["enable", "--now", NAME]));
        Ok(steps)
    }

    fn uninstall(&self) -> Vec<Step> {
        vec![self.systemctl(&["disable", "--now", NAME]), Step::Remove(self.unit()), self.systemctl(&["daemon-reload"])]
    }

    /// The unit of the packages, with this program and this folder.
    fn text(&self, program: &Path, data: &Path) -> String {
        let is_system = *self == Self::System;
        let line = |line: &str| {
            let Some((key, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
                return Some(line.to_owned());
            };
            match key {
                "ExecStart" => Some(format!("ExecStart={} --data {} run", word(program), word(data))),
                "ConditionPathExists" => Some(format!(
                    "ConditionPathExists={}",
                    data.join("store.db").display().to_string().replace('%', "%%")
                )),
                _ if is_system => Some(line.to_owned()),
                "WantedBy" => Some("WantedBy=default.target".to_owned()),
                "Description" | "Type" | "NotifyAccess" | "Environment" | "EnvironmentFile" | "TimeoutStartSec"
                | "TimeoutStopSec" | "WatchdogSec" | "Restart" | "RestartSec" => Some(line.to_owned()),
                key => OF_AN_ACCOUNT.contains(&key).then(|| line.to_owned()),
            }
        };
        TEMPLATE.lines().filter_map(line).map(|line| line + "\n").collect()
    }
}

/// A path as a word of a unit's command.
fn word(path: &Path) -> String {
    let text =
        path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    format!("\"{text}\"")
}

/// `service`
pub fn service(desk: &Desk, command: &ServiceCommand) -> Result<Printed, Failure> {
    let language = desk.language;
    match *command {
        ServiceCommand::Install { user, dry_run } => {
            let program = std::env::current_exe().map_err(Failure::System)?;
            let data = std::path::absolute(desk.folder.root()).map_err(Failure::System)?;
            let steps = Scope::of(user)?.install(&program, &data)?;
            let done = language.pick(
                "Đã cài và chạy dịch vụ commune-agent. Xem: commune-agent service status\n",
                "The service commune-agent is installed and runs. See: commune-agent service status\n",
            );
            take(&steps, dry_run, done)
        }
        ServiceCommand::Uninstall { user, dry_run } => {
            let done = language.pick(
                "Đã gỡ dịch vụ commune-agent; số liệu vẫn còn nguyên.\n",
                "The service commune-agent is removed; the figures are where they were.\n",
            );
            take(&Scope::of(user)?.uninstall(), dry_run, done)
        }
        ServiceCommand::Status { user } => {
            let Step::Run(words) = Scope::of(user)?.systemctl(&["is-active", NAME]) else {
                return Ok(String::new().into());
            };
            let answer = Command::new(&words[0]).args(&words[1..]).output().map_err(Failure::System)?;
            let state = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
            let is_active = answer.status.success();
            let text = match is_active {
                true => language.pick("Dịch vụ đang chạy", "The service runs"),
                false => language.pick("Dịch vụ không chạy", "The service does not run"),
            };
            Ok(Printed { text: format!("{text} ({state})\n"), code: if is_active { 0 } else { FAILED } })
        }
    }
}

fn take(steps: &[Step], dry_run: bool, done: &str) -> Result<Printed, Failure> {
    if dry_run {
        return Ok(steps.iter().map(Step::told).collect::<String>().into());
    }
    for step in steps {
        step.take()?;
    }
    Ok(done.to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(place: &Path) -> Scope {
        Scope::Account(place.join("systemd/user"))
    }

    #[test]
    fn the_system_service_is_the_packages_unit_with_this_program() {
        let steps = Scope::System.install(Path::new("/usr/bin/commune-agent"), Path::new(SYSTEM_DATA)).unwrap();
        let text: String = steps.iter().map(Step::told).collect();
        assert!(text.contains("ExecStart=\"/usr/bin/commune-agent\" --data \"/var/lib/commune-agent\" run"), "{text}");
        assert!(text.contains("ProtectSystem=strict") && text.contains("User=tiendo-agent"), "{text}");
        assert!(text.ends_with("systemctl daemon-reload\nsystemctl enable --now commune-agent.service\n"), "{text}");
        let elsewhere = Scope::System.install(Path::new("/x"), Path::new("/home/lan/data"));
        assert!(matches!(elsewhere, Err(ServiceSetupError::Elsewhere(_))));
    }

    #[test]
    fn an_account_needs_no_rights_and_odd_paths_stay_one_word() {
        let place = tempfile::tempdir().unwrap();
        let scope = account(place.path());
        let text = scope.text(Path::new("/opt/Tiến Độ/100%/agent"), Path::new("/home/lan/số liệu"));
        assert!(text.contains("ExecStart=\"/opt/Tiến Độ/100%%/agent\" --data \"/home/lan/số liệu\" run"), "{text}");
        assert!(text.contains("ConditionPathExists=/home/lan/số liệu/store.db"), "{text}");
        for key in ["User=", "StateDirectory", "ProtectSystem", "CapabilityBoundingSet", "network-online"] {
            assert!(!text.contains(key), "{key}: {text}");
        }
        assert!(text.contains("WatchdogSec=180s") && text.ends_with("WantedBy=default.target\n"), "{text}");
    }

    #[test]
    fn what_is_written_is_removed_again_and_a_failing_step_is_named() {
        let place = tempfile::tempdir().unwrap();
        let unit = account(place.path()).unit();
        Step::Write(unit.clone(), "x".into()).take().unwrap();
        assert!(unit.exists());
        for _ in 0..2 {
            Step::Remove(unit.clone()).take().unwrap();
        }
        assert!(!unit.exists());
        let failed = Step::Run(vec!["/nowhere/systemctl".into(), "enable".into()]).take().unwrap_err();
        assert!(failed.explain(Language::En).contains("/nowhere/systemctl enable"), "{failed}");
    }
}
