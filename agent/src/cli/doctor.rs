//! `doctor` and `config check`: what is wrong with this computer's part and what to do, without changing anything.

use super::{
    Printed,
    failure::FAILED,
    table::{Format, pretty},
};
use crate::{
    clock::Clock,
    config::Config,
    folder::Folder,
    lock::Lock,
    page,
    store::{Store, StoreError},
    uplink::{BUILD, credential},
};
use chrono::{DateTime, TimeDelta, Utc};
use operation::{
    Finding, Findings,
    examination::{self, Certificate, privacy},
    settings::{Fault, Setting, Source, told},
};
use proto::{
    connect::{self, ConnectError},
    identity::Validity,
};
use serde_json::{Value, json};
use shared::{calendar::TIME_ZONE, language::Language};

/// A commune that has sent nothing for so long is late.
const MAX_SILENCE: TimeDelta = TimeDelta::days(3);
/// How long before its end the province's authority should have been replaced.
const AUTHORITY_NOTICE: TimeDelta = TimeDelta::days(180);

/// `doctor`
pub fn doctor(folder: &Folder, clock: &Clock, language: Language, format: Format) -> Printed {
    let findings = examine(folder, clock, language);
    let text = match format {
        Format::Json => pretty(&findings.json()),
        Format::Table | Format::Csv => findings.text(language),
    };
    Printed { text, code: if findings.faults() == 0 { 0 } else { FAILED } }
}

/// `config check`
pub fn check_settings(folder: &Folder, language: Language, format: Format) -> Printed {
    let layers = Config::layers(&folder.config());
    let checked = layers.check(|figment| Config::of(figment).map_err(|error| error.refused()));
    let checked = checked.and_then(|_| {
        let lost = |refused| vec![Fault { source: Source::Default, refused }];
        layers.effective().map_err(lost)
    });
    match (checked, format) {
        (Ok(settings), Format::Json) => {
            let one =
                |one: &Setting| json!({ "key": one.key, "value": one.value, "source": one.source.told(Language::En) });
            pretty(&json!({ "settings": settings.iter().map(one).collect::<Vec<_>>() })).into()
        }
        (Ok(settings), _) => told(&settings, language).into(),
        (Err(faults), format) => {
            let text = match format {
                Format::Json => pretty(&json!({ "faults": faults.iter().map(fault).collect::<Vec<_>>() })),
                _ => faults.iter().map(|fault| fault.told(language)).collect(),
            };
            Printed { text, code: FAILED }
        }
    }
}

fn fault(fault: &Fault) -> Value {
    let line = match fault.source {
        Source::File(_, line) => line,
        _ => None,
    };
    json!({
        "source": fault.source.told(Language::En),
        "line": line,
        "key": fault.refused.key,
        "reason": fault.refused.reason,
    })
}

/// Everything, in the order in which it is needed.
fn examine(folder: &Folder, clock: &Clock, language: Language) -> Findings {
    let mut findings =
        vec![Finding::ok("version", format!("{BUILD} ({} {})", std::env::consts::OS, std::env::consts::ARCH))];
    let config = Config::read(&folder.config());
    findings.push(match &config {
        Ok(_) => Finding::ok("settings", folder.config().display().to_string()),
        Err(error) => Finding::fault(
            "settings",
            error.explain(language),
            language.pick(
                "chạy `commune-agent config check` để xem từng lỗi và dòng",
                "run `commune-agent config check` for each fault with its line",
            ),
        ),
    });
    let store = match Store::open(folder) {
        Ok(store) => store,
        Err(error) => {
            findings.push(unusable(folder, &error, language));
            return Findings(findings);
        }
    };
    findings.push(
        privacy("folder", folder.root(), language)
            .unwrap_or_else(|| Finding::ok("folder", folder.root().display().to_string())),
    );
    findings.push(examination::disk(folder.root(), language));
    findings.push(match store.check_integrity() {
        Ok(()) => Finding::ok("store", language.pick("kho dữ liệu nguyên vẹn", "the store is whole")),
        Err(error) => unusable(folder, &error, language),
    });
    let now = clock.now();
    match sessions(&store, now, language) {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(unusable(folder, &error, language)),
    }
    findings.extend(certificate(folder, now, language));
    findings.extend(authority(folder, now, language));
    let servers = match (store.view().belonging(), config) {
        (Ok(Some(belonging)), Ok(config)) => config.servers(&belonging),
        (Ok(Some(belonging)), Err(_)) => vec![belonging.server],
        _ => vec![String::new()],
    };
    findings.extend(servers.iter().map(|server| network(folder, server, language)));
    findings.push(service(folder, language));
    Findings(findings)
}

fn unusable(folder: &Folder, error: &StoreError, language: Language) -> Finding {
    let todo = match error {
        StoreError::NotJoined => language.pick(
            "chỉ đúng thư mục bằng --data, hoặc tham gia: commune-agent join …",
            "name the folder with --data, or take part: commune-agent join …",
        ),
        _ => language.pick(
            "giữ nguyên thư mục, rồi `commune-agent restore` từ bản sao lưu hoặc liên hệ tỉnh",
            "keep the folder as it is, then `commune-agent restore` from a backup, or call the province",
        ),
    };
    Finding::fault("store", format!("{}: {}", folder.root().display(), error.explain(language)), todo)
}

/// The clock against the province's, and whether sessions go well.
fn sessions(store: &Store, now: DateTime<Utc>, language: Language) -> Result<Vec<Finding>, StoreError> {
    let (view, mut findings) = (store.view(), Vec::new());
    let last = view.last_success()?.map(|run| run.ended_at);
    findings.push(match view.last_skew_ms()? {
        // A clock that was set back since is behind what it was at the last session.
        _ if last.is_some_and(|last| last > now + examination::MAX_SKEW) => Finding::fault(
            "clock",
            language.pick("đồng hồ chậm hơn lần đồng bộ gần nhất", "the clock is behind the time of the last session"),
            language.pick("chỉnh lại đồng hồ", "set the clock right"),
        ),
        Some(skew) => examination::clock(
            TimeDelta::milliseconds(-skew),
            language.pick("tỉnh (lần đồng bộ gần nhất)", "the province (last session)"),
            language,
        ),
        None => Finding::ok("clock", language.pick("chưa so được với tỉnh", "not compared with the province yet")),
    });
    let pending = view.head()?.seq.saturating_sub(view.acknowledged_seq()?);
    let failed = view.last_run()?.filter(|run| last.is_none_or(|last| run.ended_at > last));
    let what = match (last, &failed) {
        (Some(last), _) => {
            let days = (now - last).num_days();
            language.pick(
                format!("lần đồng bộ gần nhất {days} ngày trước, {pending} thay đổi chờ gửi"),
                format!("last session {days} days ago, {pending} changes wait"),
            )
        }
        (None, Some(run)) => language.pick(
            format!("chưa đồng bộ được lần nào ({})", run.outcome),
            format!("no session went well yet ({})", run.outcome),
        ),
        (None, None) => language.pick("chưa đồng bộ lần nào", "no session yet").to_owned(),
    };
    let is_late = last.is_none_or(|last| now - last > MAX_SILENCE);
    findings.push(if is_late {
        let todo =
            language.pick("chạy `commune-agent sync`; xem dòng network", "run `commune-agent sync`; see network below");
        Finding::warning("session", what, todo)
    } else {
        Finding::ok("session", what)
    });
    Ok(findings)
}

fn certificate(folder: &Folder, now: DateTime<Utc>, language: Language) -> Vec<Finding> {
    let identity = folder.identity();
    let todo = language.pick(
        "tự gia hạn khi đồng bộ; hết hạn hoặc hỏng thì xin tỉnh mã mời mới và `commune-agent join`",
        "renewed by itself in a session; expired or unusable, ask the province for an invitation and `commune-agent join`",
    );
    let (chain, key) = (identity.join("certificate.pem"), identity.join("key.pem"));
    Certificate { check: "certificate", chain: &chain, key: &key, warning_days: 5, todo }.examine(now, language)
}

/// The authority that this computer trusts; the newest while the province goes over to another. Where none can be read, `certificate`
/// and `network` say so.
fn authority(folder: &Folder, now: DateTime<Utc>, language: Language) -> Option<Finding> {
    let authorities = credential::authorities(folder).ok()?;
    let until = authorities.iter().filter_map(|one| Validity::of(one).ok()).map(|valid| valid.not_after).max()?;
    let day = until.with_timezone(&TIME_ZONE).format("%d/%m/%Y").to_string();
    let todo = language.pick(
        "báo tỉnh đổi cơ quan chứng thực (`province-aggregator authority rotate`); máy này tự nhận qua đồng bộ, không phải tham gia lại",
        "tell the province to replace it (`province-aggregator authority rotate`); this computer learns of it in its sessions, nobody joins again",
    );
    if now > until {
        let what = language.pick(
            format!("cơ quan chứng thực của tỉnh đã hết hạn ngày {day}; đồng bộ vẫn chạy"),
            format!("the province's authority expired on {day}; sessions go on"),
        );
        return Some(Finding::fault("authority", what, todo));
    }
    let what = language.pick(
        format!("cơ quan chứng thực của tỉnh có hạn đến {day}"),
        format!("the province's authority is valid until {day}"),
    );
    let is_late = until - now < AUTHORITY_NOTICE;
    Some(if is_late { Finding::warning("authority", what, todo) } else { Finding::ok("authority", what) })
}

/// Whether the province answers, and each knows the other.
fn network(folder: &Folder, server: &str, language: Language) -> Finding {
    let settings = match credential::client_config(folder) {
        Ok(settings) => settings,
        Err(error) => return Finding::fault("network", error.explain(language), ""),
    };
    let asked = super::syncing::wait_for(async { connect::channel(server, settings).await.map(drop) });
    let (what, todo) = match asked {
        Ok(Ok(())) => {
            let what = language.pick(format!("tỉnh trả lời tại {server}"), format!("the province answers at {server}"));
            return Finding::ok("network", what);
        }
        Ok(Err(error @ ConnectError::Unreachable(_))) => (
            error.to_string(),
            language.pick(
                "kiểm tra mạng, tường lửa của xã; số liệu vẫn nhập được, sẽ gửi khi có mạng",
                "look at the line and the office's firewall; figures can be entered and go out later",
            ),
        ),
        Ok(Err(error @ ConnectError::ServerNotTrusted(_))) => (
            error.to_string(),
            language.pick(
                "máy chủ không phải của tỉnh, hoặc đồng hồ sai: hỏi tỉnh, không bỏ qua",
                "not the province's server, or a wrong clock: ask the province, do not pass over it",
            ),
        ),
        Ok(Err(error @ ConnectError::CertificateRefused(_))) => (
            error.to_string(),
            language.pick(
                "xin tỉnh mã mời mới, rồi `commune-agent join`",
                "ask for an invitation, then `commune-agent join`",
            ),
        ),
        Ok(Err(error @ ConnectError::Url(_))) => {
            (error.to_string(), language.pick("sửa server trong agent.toml", "correct server in agent.toml"))
        }
        Err(error) => (error.to_string(), ""),
    };
    Finding::fault("network", format!("{server}: {what}"), todo)
}

fn service(folder: &Folder, language: Language) -> Finding {
    match Lock::try_take(&folder.service_lock()) {
        Ok(None) => {
            let page = page::address(folder).unwrap_or_default();
            Finding::ok("service", language.pick(format!("đang chạy {page}"), format!("running {page}")))
        }
        Ok(Some(_)) => Finding::warning(
            "service",
            language.pick("dịch vụ nền không chạy", "the background service does not run"),
            language.pick(
                "systemctl start commune-agent, hoặc `commune-agent run`",
                "systemctl start commune-agent, or `commune-agent run`",
            ),
        ),
        Err(error) => Finding::fault("service", shared::system_words::reason(&error, language), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Home;
    use operation::State;

    fn state(findings: &Findings, check: &str) -> State {
        findings.0.iter().filter(|one| one.check == check).map(|one| one.state).max().unwrap()
    }

    #[test]
    fn each_damage_is_named_with_what_to_do() {
        let nowhere = Folder::at("/nowhere");
        let clock = Clock::standing_at(crate::fixture::now());
        let found = examine(&nowhere, &clock, Language::En);
        assert_eq!(state(&found, "store"), State::Fault);
        assert!(found.text(Language::En).contains("commune-agent join"), "{}", found.text(Language::En));

        let home = Home::ready();
        let found = examine(&home.folder, &clock, Language::En);
        let text = found.text(Language::En);
        assert_eq!((state(&found, "store"), state(&found, "service")), (State::Ok, State::Warning), "{text}");
        // It has no certificate.
        assert_eq!((state(&found, "certificate"), state(&found, "network")), (State::Fault, State::Fault), "{text}");
        let printed = doctor(&home.folder, &clock, Language::Vi, Format::Json);
        let told: Value = serde_json::from_str(&printed.text).unwrap();
        assert_eq!((printed.code, told["faults"].as_u64()), (FAILED, Some(found.faults() as u64)));
    }

    #[test]
    fn faults_of_the_settings_come_with_their_lines() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        std::fs::write(folder.config(), "quiet_seconds = 100000\n[page]\nport = 1\n").unwrap();
        let printed = check_settings(&folder, Language::En, Format::Table);
        let both = printed.text.contains("line 1: quiet_seconds") && printed.text.contains("line 3: page.port");
        assert!(printed.code == FAILED && both, "{}", printed.text);
        std::fs::write(folder.config(), "quiet_seconds = 5\n").unwrap();
        let printed = check_settings(&folder, Language::Vi, Format::Table);
        assert!(printed.code == 0 && printed.text.contains("quiet_seconds = 5  # "), "{}", printed.text);
        assert!(printed.text.contains("log.format = \"text\"  # mặc định"), "{}", printed.text);
    }
}
