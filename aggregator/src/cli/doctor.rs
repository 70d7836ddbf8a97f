//! `doctor`: what is wrong with this server and what to do, without changing anything.

use super::{Context, Failure, failure, write_out};
use crate::{
    clock::Clock,
    config::Config,
    evidence::{Evidence, EvidenceError, moving::whole_files},
    evidence_shelf::Shelf,
    folder::{Folder, FolderError},
    objects::ObjectsError,
    serve::open_chosen,
    store::{Contact, Store},
};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use operation::{
    Finding, Findings,
    examination::{self, Certificate, privacy},
};
use proto::{connect, pem, tls};
use shared::language::Language;
use std::{net::TcpListener, path::Path, sync::Arc};

/// Agents of the last week say how far their clocks are from ours; with so few, one wrong clock would be taken for ours.
const LEAST_CLOCKS: usize = 3;

/// A whole file that is not in the object store after this time does not get there by itself.
const LONGEST_WAY: TimeDelta = TimeDelta::minutes(10);

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Form {
    /// Cho người đọc
    #[default]
    Text,
    /// JSON
    Json,
}

/// The command.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Cách in
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

impl Doctor {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let findings = examine(&context.data, &*context.clock, context.language).await;
        let text = match self.format {
            Form::Text => findings.text(context.language),
            Form::Json => format!("{:#}\n", findings.json()),
        };
        write_out(text.as_bytes())?;
        match findings.faults() {
            0 => Ok(()),
            faults => Err(Failure::Faults(faults)),
        }
    }
}

/// Everything, in the order in which it is needed.
async fn examine(data: &Path, clock: &dyn Clock, language: Language) -> Findings {
    let mut findings = vec![Finding::ok(
        "version",
        format!(
            "province-aggregator {} ({} {})",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
    )];
    let folder = match Folder::open(data) {
        Ok(folder) => folder,
        Err(error) => {
            let todo = language.pick(
                "chạy bằng tài khoản của dịch vụ (sudo -u tiendo-aggregator …), hoặc chỉ đúng thư mục bằng --data",
                "run it as the service's user (sudo -u tiendo-aggregator …), or name the folder with --data",
            );
            findings.push(Finding::fault("folder", failure::folder(&error, language), todo));
            return Findings(findings);
        }
    };
    findings.push(
        privacy("folder", folder.root(), language)
            .unwrap_or_else(|| Finding::ok("folder", folder.root().display().to_string())),
    );
    let config = settings(&folder, &mut findings, language);
    findings.push(examination::disk(folder.root(), language));
    let now = clock.now();
    findings.extend(evidence(&folder, &config, now, language).await);
    let contacts = store(&folder, &config, &mut findings, language).await;
    findings.push(own_clock(&contacts.unwrap_or_default(), now, language));
    certificates(&folder, &config, now, &mut findings, language);
    network(&folder, &config, &mut findings, language).await;
    Findings(findings)
}

fn settings(folder: &Folder, findings: &mut Vec<Finding>, language: Language) -> Config {
    let config = Config::read(&folder.config());
    let (finding, config) = match config {
        Ok(config) => (Finding::ok("settings", folder.config().display().to_string()), config),
        Err(error) => (
            Finding::fault(
                "settings",
                error.to_string(),
                language.pick(
                    "chạy `province-aggregator config check` để xem từng lỗi và dòng",
                    "run `province-aggregator config check` for each fault with its line",
                ),
            ),
            Config::default(),
        ),
    };
    findings.push(finding);
    config
}

/// Writes, reads and removes something in the object store; nothing where there is none. Files that were not moved there are told.
async fn evidence(folder: &Folder, config: &Config, now: DateTime<Utc>, language: Language) -> Vec<Finding> {
    let fault = |error: &ObjectsError| {
        Finding::fault("evidence", error.explain(language), error.todo(language).unwrap_or_default())
    };
    let bucket = match config.evidence.bucket() {
        Ok(Some(bucket)) => bucket,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![fault(&error)],
    };
    let mut findings = vec![match bucket.probe().await {
        Ok(()) => Finding::ok(
            "evidence",
            language
                .pick(format!("{bucket}: ghi, đọc, xóa được"), format!("{bucket}: written to, read and removed from")),
        ),
        Err(error) => fault(&error),
    }];
    // Without the store nobody knows; that is another finding.
    if let (Ok(store), Ok(shelf)) = (open_chosen(folder, &config.store).await, Shelf::open(folder, &config.evidence)) {
        let evidence = Evidence::new(shelf, config.evidence.limits(), Arc::new(store));
        if let Err(EvidenceError::Objects(error)) = evidence.place().check().await
            && error.is_of_the_place()
        {
            findings.push(fault(&error));
        }
        findings.extend(waiting(&evidence, now, language).await);
    }
    match whole_files(&folder.evidence()) {
        Ok(files) if files.is_empty() => {}
        Ok(files) => findings.push(Finding::warning(
            "evidence",
            language.pick(
                format!("còn {} tệp minh chứng trong thư mục dữ liệu", files.len()),
                format!("{} files of evidence still lie in the data folder", files.len()),
            ),
            language.pick(
                "khi serve đã chạy với cấu hình mới: province-aggregator evidence move --remove",
                "once serve runs with the new settings: province-aggregator evidence move --remove",
            ),
        )),
        Err((path, error)) => {
            let what = format!("{}: {}", path.display(), shared::system_words::reason(&error, language));
            findings.push(Finding::fault("evidence", what, ""));
        }
    }
    findings
}

/// Files that have come whole and do not get into the object store; what is on its way just now is none.
async fn waiting(evidence: &Evidence, now: DateTime<Utc>, language: Language) -> Option<Finding> {
    // What cannot be read here is told by what looks at the folder.
    let (files, since) = evidence.being_stored().await.ok()??;
    (now - since > LONGEST_WAY).then(|| {
        let at = shared::calendar::rfc3339(since);
        Finding::warning(
            "evidence",
            language.pick(
                format!("{files} tệp minh chứng đã đến đủ nhưng chưa vào được kho đối tượng, lâu nhất từ {at}"),
                format!("{files} files of evidence have come whole and are not in the object store, the first since {at}"),
            ),
            language.pick(
                "xem lý do ở các dòng “not in the object store yet” trong nhật ký của serve; khi kho nhận được, tệp tự đi tiếp",
                "the log of serve says why in its lines “not in the object store yet”; once the store takes them, they go on",
            ),
        )
    })
}

/// Opens the store that the settings choose and looks for damage; what it knows of the agents.
async fn store(
    folder: &Folder,
    config: &Config,
    findings: &mut Vec<Finding>,
    language: Language,
) -> Option<Vec<Contact>> {
    let looked = async {
        let store = open_chosen(folder, &config.store).await?;
        store.check().await?;
        store.contacts().await
    };
    let is_file = config.store.url.is_none();
    match looked.await {
        Ok(contacts) => {
            let joined = contacts.iter().filter(|contact| contact.enrolled.is_some()).count();
            let is_what = match is_file {
                true => language.pick("tệp nguyên vẹn", "the file is whole"),
                false => language.pick("cơ sở dữ liệu trả lời", "the database answers"),
            };
            let what = language.pick(
                format!("{is_what}, {joined} xã, phường đã tham gia"),
                format!("{is_what}, {joined} communes have joined"),
            );
            findings.push(Finding::ok("store", what));
            Some(contacts)
        }
        Err(error) => {
            let todo = match is_file {
                true => language.pick(
                    "dừng dịch vụ, giữ nguyên thư mục, rồi `province-aggregator restore` từ bản sao lưu",
                    "stop the service, keep the folder as it is, then `province-aggregator restore` from a backup",
                ),
                false => language.pick(
                    "xem máy chủ PostgreSQL có chạy, địa chỉ và mật khẩu trong [store] có đúng",
                    "look whether the PostgreSQL server runs, and at address and password in [store]",
                ),
            };
            findings.push(Finding::fault("store", failure::store(&error, language), todo));
            None
        }
    }
}

/// What the agents' clocks say of this one: half of those that were heard in the last week are further ahead, half less.
fn own_clock(contacts: &[Contact], now: DateTime<Utc>, language: Language) -> Finding {
    let recent = |contact: &&Contact| contact.last_success.is_some_and(|at| (now - at).abs() <= TimeDelta::days(7));
    let mut skews: Vec<i64> = contacts.iter().filter(recent).filter_map(|contact| contact.clock_skew_ms).collect();
    skews.sort_unstable();
    match skews.get(skews.len() / 2).filter(|_| skews.len() >= LEAST_CLOCKS) {
        Some(median) => {
            let of = language.pick(
                format!("đồng hồ của {} xã, phường", skews.len()),
                format!("the clocks of {} communes", skews.len()),
            );
            examination::clock(TimeDelta::milliseconds(-median), &of, language)
        }
        None => Finding::ok(
            "clock",
            language.pick(
                format!("{}; chưa đủ xã, phường để so", local(now)),
                format!("{}; too few communes to compare with", local(now)),
            ),
        ),
    }
}

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&shared::calendar::TIME_ZONE).format("%d/%m/%Y %H:%M:%S").to_string()
}

fn certificates(folder: &Folder, config: &Config, now: DateTime<Utc>, findings: &mut Vec<Finding>, language: Language) {
    let authority = Certificate {
        check: "authority",
        chain: &folder.authority_certificate(),
        key: &folder.authority_key(),
        warning_days: 365,
        todo: language.pick(
            "đổi bằng `province-aggregator authority rotate`, cả khi đã hết hạn (các phiên vẫn chạy); thiếu thì chép lại thư mục authority/ từ nơi cất riêng",
            "`province-aggregator authority rotate`, also after its end (sessions go on); if it is missing, copy authority/ back from its safe place",
        ),
    };
    findings.extend(authority.examine(now, language));
    // Both are made by `serve` when they are missing.
    for (check, chain, key) in [
        ("certificate", folder.server_certificate(), folder.server_key()),
        ("receipts", folder.receipts_certificate(), folder.receipts_key()),
    ] {
        if chain.exists() {
            let todo = language.pick(
                "`serve` tự cấp lại khi khởi động: systemctl restart province-aggregator",
                "`serve` issues it anew at its start: systemctl restart province-aggregator",
            );
            let one = Certificate { check, chain: &chain, key: &key, warning_days: 7, todo };
            findings.extend(one.examine(now, language));
        }
    }
    if let (Some(chain), Some(key)) = (&config.pages.certificate, &config.pages.key) {
        let todo = language.pick("xin chứng thư mới cho các trang", "get another certificate for the pages");
        findings.extend(Certificate { check: "pages", chain, key, warning_days: 21, todo }.examine(now, language));
    }
}

/// A running `serve` is asked as an agent would; where none runs, whether its ports can be had.
async fn network(folder: &Folder, config: &Config, findings: &mut Vec<Finding>, language: Language) {
    match folder.lock() {
        Err(FolderError::Served) => findings.push(answer(folder, language).await),
        Err(error) => findings.push(Finding::fault("network", failure::folder(&error, language), "")),
        Ok(_lock) => {
            findings.push(Finding::warning(
                "network",
                language.pick("máy chủ không chạy", "the server does not run"),
                "systemctl start province-aggregator",
            ));
            let pages = config.pages.enabled.then_some(config.pages.listen);
            for address in [Some(config.listen), pages, config.metrics.listen].into_iter().flatten() {
                if let Err(error) = TcpListener::bind(address) {
                    let what = format!("{address}: {}", shared::system_words::reason(&error, language));
                    let todo = language.pick(
                        "đổi địa chỉ trong aggregator.toml, hoặc dừng chương trình đang giữ cổng (ss -ltnp)",
                        "change the address in aggregator.toml, or stop who has the port (ss -ltnp)",
                    );
                    findings.push(Finding::fault("network", what, todo));
                }
            }
        }
    }
}

async fn answer(folder: &Folder, language: Language) -> Finding {
    let address = folder.address().unwrap_or_default();
    let asked = async {
        let roots = pem::read_certificates(&folder.authority_certificate()).map_err(|error| error.to_string())?;
        let settings = tls::client_config(&roots, None).map_err(|error| error.to_string())?;
        connect::channel(&address, settings).await.map(drop).map_err(|error| error.to_string())
    };
    match asked.await {
        Ok(()) => Finding::ok(
            "network",
            language.pick(format!("máy chủ trả lời tại {address}"), format!("the server answers at {address}")),
        ),
        Err(error) => Finding::fault(
            "network",
            language.pick(
                format!("máy chủ không trả lời tại {address}: {error}"),
                format!("no answer at {address}: {error}"),
            ),
            language.pick(
                "kiểm tra tên máy, tường lửa, chứng thư; journalctl -u province-aggregator",
                "look at name, firewall and certificate; journalctl -u province-aggregator",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::Cli, clock::SystemClock, sample};
    use clap::Parser;
    use operation::State;
    use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

    async fn found() -> (tempfile::TempDir, std::path::PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("province");
        let catalogue = sample::catalogue_folder().to_str().unwrap();
        let line = ["province-aggregator", "--lang", "en", "--data", data.to_str().unwrap(), "init", "--exercise"];
        let cli = Cli::try_parse_from(line.into_iter().chain(["--catalogue", catalogue])).unwrap();
        crate::cli::run(cli, Arc::new(SystemClock)).await.unwrap();
        let settings = "listen = \"127.0.0.1:0\"\n[pages]\nlisten = \"127.0.0.1:0\"\n";
        fs::write(data.join("aggregator.toml"), settings).unwrap();
        (place, data)
    }

    fn state(findings: &Findings, check: &str) -> State {
        findings.0.iter().filter(|one| one.check == check).map(|one| one.state).max().unwrap()
    }

    #[tokio::test]
    async fn a_sound_server_has_no_fault_and_each_damage_is_named() {
        let (_place, data) = found().await;
        let examine = async || examine(&data, &SystemClock, Language::En).await;
        let sound = examine().await;
        assert_eq!(sound.faults(), 0, "{}", sound.text(Language::En));
        assert_eq!((state(&sound, "store"), state(&sound, "network")), (State::Ok, State::Warning));

        fs::set_permissions(data.join("authority/key.pem"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(data.join("aggregator.toml"), "listn = 1").unwrap();
        let ill = examine().await;
        assert_eq!((state(&ill, "authority"), state(&ill, "settings")), (State::Fault, State::Fault));
        assert!(ill.text(Language::En).contains("chmod 0600"), "{}", ill.text(Language::En));
        fs::remove_file(data.join("authority/certificate.pem")).unwrap();
        assert_eq!(state(&examine().await, "authority"), State::Fault);

        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = format!("listen = \"{}\"\n[pages]\nenabled = false\n", taken.local_addr().unwrap());
        fs::write(data.join("aggregator.toml"), settings).unwrap();
        assert_eq!(state(&examine().await, "network"), State::Fault);

        let nowhere = super::examine(Path::new("/nowhere"), &SystemClock, Language::Vi).await;
        assert_eq!(state(&nowhere, "folder"), State::Fault);
    }

    #[test]
    fn one_wrong_clock_among_the_communes_is_not_taken_for_ours() {
        let now = sample::moment();
        let contact = |skew| Contact { last_success: Some(now), clock_skew_ms: Some(skew), ..Contact::default() };
        let minutes = |skews: &[i64]| skews.iter().map(|skew| contact(skew * 60_000)).collect::<Vec<_>>();
        for (skews, state) in
            [(&[][..], State::Ok), (&[60, 60], State::Ok), (&[0, 0, 600], State::Ok), (&[9, 10, 0, 11], State::Fault)]
        {
            assert_eq!(own_clock(&minutes(skews), now, Language::En).state, state, "{skews:?}");
        }
    }
}
