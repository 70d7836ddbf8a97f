//! Reminders delivered by every way, to servers that really speak the protocols.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod authority;
mod file;
mod mail;
mod many;
mod service;
mod sink;
mod webhook;

use authority::Authority;
use notification::{Channel, DeliveryError, Fault, Notifier, Reminder, Settings};
use shared::language::Language;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

/// Short, for those who wait for it; everything else ends long before.
const SHORT: Duration = Duration::from_millis(200);

fn reminder() -> Reminder {
    Reminder {
        key: "due-2026-10".into(),
        subject: "Nhắc việc: còn 3 ngày đến hạn báo cáo tháng 10 của xã Định Quán".into(),
        text: "Kính gửi đồng chí,\n\nCòn 2 chỉ tiêu chưa nhập:\n.một dấu chấm ở đầu dòng\n..\n.\n\nTrân trọng.\n"
            .into(),
        language: Language::Vi,
        at: "2026-10-16T18:30:05Z".parse().unwrap(),
    }
}

/// Settings as an office writes them.
fn settings(toml: &str) -> Settings {
    toml::from_str(toml).unwrap()
}

fn open(toml: &str) -> Notifier {
    Notifier::open(&settings(toml)).unwrap()
}

/// Why settings are refused, in both languages and for those who look into the program.
fn refused(toml: &str) -> String {
    let settings = settings(toml);
    let error = Notifier::open(&settings).unwrap_err();
    format!("{error}\n{}\n{}\n{error:?}\n{settings:?}", error.explain(Language::Vi), error.explain(Language::En))
}

/// Writes a file with a mode.
fn file(path: &Path, text: &str, mode: u32) -> String {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The only result.
async fn deliver(notifier: &Notifier, channel: Channel) -> Result<(), DeliveryError> {
    let mut results = notifier.deliver(&reminder()).await;
    assert_eq!(results.len(), 1);
    let (found, result) = results.remove(0);
    assert_eq!(found, channel);
    result
}

/// All that can be read of an error.
fn words(error: &DeliveryError) -> String {
    format!("{error}\n{}\n{}\n{error:?}", error.explain(Language::Vi), error.explain(Language::En))
}

async fn fault(notifier: &Notifier, channel: Channel) -> Fault {
    deliver(notifier, channel).await.unwrap_err().fault
}
