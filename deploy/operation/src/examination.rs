//! What both programs examine the same way: room on the disk, who may read a file, certificates and what they say of the clock.

use crate::finding::Finding;
use chrono::{DateTime, TimeDelta, Utc};
use proto::{identity::Validity, pem, tls};
use shared::{calendar::TIME_ZONE, language::Language};
use std::path::Path;

const MIB: u64 = 1024 * 1024;
/// Less room than this is a fault: a store cannot grow, nor be cleaned up.
const FAULT_BYTES: u64 = 100 * MIB;
/// Less room than this is a warning.
const WARNING_BYTES: u64 = 1024 * MIB;
/// A clock that is further off is wrong.
pub const MAX_SKEW: TimeDelta = TimeDelta::minutes(2);

/// How much room is left where a path is; none where the system does not tell.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        rustix::fs::statvfs(path).ok().map(|room| room.f_bavail.saturating_mul(room.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whether there is room where the data folder is.
#[must_use]
pub fn disk(folder: &Path, language: Language) -> Finding {
    room(free_bytes(folder), &folder.display().to_string(), language)
}

fn room(free: Option<u64>, folder: &str, language: Language) -> Finding {
    let Some(free) = free else {
        return Finding::warning(
            "disk",
            language.pick(
                format!("không biết ổ đĩa của {folder} còn bao nhiêu chỗ"),
                format!("how much room {folder} has is not known"),
            ),
            language.pick("xem bằng công cụ của hệ điều hành", "look with the system's own tools"),
        );
    };
    let what = language.pick(
        format!("còn {} MiB trống cho {folder}", free / MIB),
        format!("{} MiB are free for {folder}", free / MIB),
    );
    let todo = language.pick(
        "dọn bớt ổ đĩa, hoặc sao lưu rồi khôi phục vào ổ lớn hơn",
        "make room, or back up and restore to a larger disk",
    );
    match free {
        free if free < FAULT_BYTES => Finding::fault("disk", what, todo),
        free if free < WARNING_BYTES => Finding::warning("disk", what, todo),
        _ => Finding::ok("disk", what),
    }
}

/// Whether only the owner can read a file or look into a folder; none when it is so, or is not there.
#[must_use]
pub fn privacy(check: &'static str, path: &Path, language: Language) -> Option<Finding> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
        if mode & 0o077 == 0 {
            return None;
        }
        let (path, wanted) = (path.display(), if path.is_dir() { "0700" } else { "0600" });
        Some(Finding::fault(
            check,
            language.pick(
                format!("người khác đọc được {path} (quyền {mode:04o})"),
                format!("others can read {path} (mode {mode:04o})"),
            ),
            format!("chmod {wanted} {path}"),
        ))
    }
    #[cfg(not(unix))]
    {
        let _ = (check, path, language);
        None
    }
}

/// A certificate with its key.
#[derive(Debug, Clone, Copy)]
pub struct Certificate<'a> {
    /// For programs: `certificate`, `authority`.
    pub check: &'static str,
    /// Certificates (PEM), its own first.
    pub chain: &'a Path,
    /// Its key (PEM).
    pub key: &'a Path,
    /// With fewer days left it is a warning; it should have been renewed by then.
    pub warning_days: i64,
    /// What to do when it is of no use.
    pub todo: &'a str,
}

impl Certificate<'_> {
    /// Whether it can be read, fits its key, is valid now and for a while, and its key is private.
    #[must_use]
    pub fn examine(&self, now: DateTime<Utc>, language: Language) -> Vec<Finding> {
        let mut findings = vec![self.validity(now, language)];
        findings.extend(privacy(self.check, self.key, language));
        findings
    }

    fn validity(&self, now: DateTime<Utc>, language: Language) -> Finding {
        let fault = |what: String| Finding::fault(self.check, what, self.todo);
        let chain = match pem::read_certificates(self.chain) {
            Ok(chain) => chain,
            Err(error) => return fault(error.to_string()),
        };
        let key = match pem::read_key(self.key) {
            Ok(key) => key,
            Err(error) => return fault(error.to_string()),
        };
        let Some(Ok(validity)) = chain.first().map(Validity::of) else {
            return fault(self.chain.display().to_string());
        };
        let roots: Vec<_> = chain.iter().take(1).cloned().collect();
        if let Err(error) = tls::client_config(&roots, Some((chain, key))) {
            return fault(language.pick(
                format!("khóa {} không khớp chứng thư: {error}", self.key.display()),
                format!("the key {} does not fit the certificate: {error}", self.key.display()),
            ));
        }
        let day = |at: DateTime<Utc>| at.with_timezone(&TIME_ZONE).format("%d/%m/%Y %H:%M").to_string();
        let days = (validity.not_after - now).num_days();
        if now < validity.not_before {
            let from = day(validity.not_before);
            return Finding::fault(
                self.check,
                language.pick(
                    format!("chứng thư chỉ có hiệu lực từ {from}: đồng hồ máy này chậm"),
                    format!("the certificate is valid from {from} only: this computer's clock is behind"),
                ),
                language.pick("chỉnh lại đồng hồ", "set the clock right"),
            );
        }
        let until = day(validity.not_after);
        if now > validity.not_after {
            return fault(
                language
                    .pick(format!("chứng thư đã hết hạn lúc {until}"), format!("the certificate expired at {until}")),
            );
        }
        let what = language.pick(
            format!("chứng thư có hiệu lực đến {until} (còn {days} ngày)"),
            format!("the certificate is valid until {until} ({days} days left)"),
        );
        if days < self.warning_days {
            Finding::warning(self.check, what, self.todo)
        } else {
            Finding::ok(self.check, what)
        }
    }
}

/// What a measured skew says of the clock. `ahead`: how far this computer is ahead.
#[must_use]
pub fn clock(ahead: TimeDelta, of: &str, language: Language) -> Finding {
    let seconds = ahead.num_seconds();
    let what = language
        .pick(format!("đồng hồ lệch {seconds:+} giây so với {of}"), format!("the clock is {seconds:+} s off {of}"));
    if ahead.abs() > MAX_SKEW {
        let todo = language.pick(
            "chỉnh đồng hồ và bật đồng bộ giờ (timedatectl set-ntp true)",
            "set the clock and have it follow the network (timedatectl set-ntp true)",
        );
        Finding::fault("clock", what, todo)
    } else {
        Finding::ok("clock", what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::State;

    #[test]
    fn little_room_is_told_in_time() {
        for (free, state) in [
            (Some(5), State::Fault),
            (Some(FAULT_BYTES), State::Warning),
            (Some(WARNING_BYTES), State::Ok),
            (None, State::Warning),
        ] {
            assert_eq!(room(free, "/x", Language::Vi).state, state, "{free:?}");
        }
        assert!(free_bytes(Path::new("/")).is_some());
    }

    #[test]
    fn a_clock_that_is_off_is_a_fault_either_way() {
        assert_eq!(clock(TimeDelta::seconds(119), "x", Language::En).state, State::Ok);
        assert_eq!(clock(TimeDelta::minutes(-3), "x", Language::En).state, State::Fault);
    }

    #[cfg(unix)]
    #[test]
    fn a_certificate_is_judged_by_its_days_its_key_and_who_may_read_that() {
        use std::{fs, os::unix::fs::PermissionsExt};
        let place = tempfile::tempdir().unwrap();
        let (chain, key) = (place.path().join("certificate.pem"), place.path().join("key.pem"));
        let made = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 12, 31);
        fs::write(&chain, params.self_signed(&made).unwrap().pem()).unwrap();
        pem::write_key(&key, &made.serialize_pem()).unwrap();
        let examine = |at: &str| {
            let certificate =
                Certificate { check: "certificate", chain: &chain, key: &key, warning_days: 14, todo: "renew" };
            let found = certificate.examine(at.parse().unwrap(), Language::En);
            found.iter().map(|one| one.state).collect::<Vec<_>>()
        };
        assert_eq!(examine("2026-06-01T00:00:00Z"), [State::Ok]);
        assert_eq!(examine("2026-12-25T00:00:00Z"), [State::Warning]);
        assert_eq!(examine("2027-01-01T00:00:00Z"), [State::Fault]);
        assert_eq!(examine("2025-12-01T00:00:00Z"), [State::Fault]);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(examine("2026-06-01T00:00:00Z"), [State::Ok, State::Fault]);
        pem::write_key(&key, &rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert_eq!(examine("2026-06-01T00:00:00Z"), [State::Fault], "another key");
    }
}
