//! Web services.

use super::*;
use service::Service;
use tokio::net::TcpSocket;

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const SECRET_PATH: &str = "/hooks/T0ken-in-the-path?k=v";

fn toml(scheme: &str, host: &str, port: u16, more: &str) -> String {
    format!("[webhook]\nurl = \"{scheme}://{host}:{port}{SECRET_PATH}\"\n{more}")
}

#[tokio::test]
async fn a_service_with_its_own_authority_gets_the_reminder_and_the_token() {
    let place = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let service = Service::start(Some(authority.server("localhost")), OK).await;
    let token = file(&place.path().join("token"), "s3cret-token\n", 0o600);
    let files = format!("token_file = {token:?}\nca_file = {:?}", authority.file(place.path()));
    let notifier = open(&toml("https", "localhost", service.port, &files));
    deliver(&notifier, Channel::Webhook).await.unwrap();
    let (head, body) = service.kept().remove(0);
    assert!(head.starts_with(&format!("POST {SECRET_PATH} HTTP/1.1\r\n")), "{head}");
    assert!(head.contains(&format!("host: localhost:{}\r\n", service.port)), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer s3cret-token\r\n"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let expected = serde_json::json!({
        "key": "due-2026-10", "subject": reminder().subject, "text": reminder().text,
        "language": "vi", "sent_at": "2026-10-17T01:30:05.000+07:00",
    });
    assert_eq!(body, expected);
    let shown = format!("{notifier:?} {:?}", settings(&toml("https", "localhost", 1, &files)));
    assert!(!shown.contains("s3cret") && !shown.contains("T0ken"), "{shown}");
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_or_of_another_name_gets_nothing() {
    let place = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = format!("ca_file = {:?}", authority.file(place.path()));
    let service = Service::start(Some(Authority::new().server("localhost")), OK).await;
    for more in ["", &ca] {
        let error =
            deliver(&open(&toml("https", "localhost", service.port, more)), Channel::Webhook).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Untrusted(_)) && !error.is_permanent(), "{error:?}");
        assert!(error.explain(Language::Vi).contains("ca_file"));
    }
    let other = Service::start(Some(authority.server("other.vn")), OK).await;
    let found = fault(&open(&toml("https", "localhost", other.port, &ca)), Channel::Webhook).await;
    assert!(matches!(found, Fault::Untrusted(_)), "{found:?}");
    assert!(service.kept().is_empty() && other.kept().is_empty());
}

#[tokio::test]
async fn answers_other_than_success_are_faults_and_redirects_are_not_followed() {
    let place = tempfile::tempdir().unwrap();
    let token = file(&place.path().join("token"), "s3cret-token", 0o600);
    let target = Service::start(None, OK).await;
    let redirect = format!("302 Found\r\nLocation: http://127.0.0.1:{}/", target.port);
    let cases = [
        ("200 OK", None),
        ("302", Some((302, true))),
        ("400 Bad", Some((400, true))),
        ("401 Who", Some((401, true))),
        ("408 Late", Some((408, false))),
        ("429 Often", Some((429, false))),
        ("503 Busy", Some((503, false))),
    ];
    for (answer, expected) in cases {
        let answer = if answer == "302" { &redirect } else { answer };
        let service = Service::start(None, &format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n")).await;
        let more = format!("token_file = {token:?}");
        let result = deliver(&open(&toml("http", "127.0.0.1", service.port, &more)), Channel::Webhook).await;
        let Some((status, permanent)) = expected else {
            result.unwrap();
            continue;
        };
        let error = result.unwrap_err();
        assert!(matches!(error.fault, Fault::Status(found) if found == status), "{error:?}");
        assert_eq!(error.is_permanent(), permanent, "{answer}");
        let words = words(&error);
        assert!(!words.contains("s3cret") && !words.contains("T0ken"), "{words}");
    }
    assert!(target.kept().is_empty());
}

#[tokio::test]
async fn silence_nonsense_floods_and_absence_end() {
    let notifier = |port| open(&toml("http", "localhost", port, ""));
    let silent = Service::start(None, "").await;
    let found = fault(&notifier(silent.port).with_timeout(SHORT), Channel::Webhook).await;
    assert!(matches!(found, Fault::Silent(SHORT)), "{found:?}");
    let flood = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    for answer in ["+OK pop3 ready\r\n", "HTTP/1.1 200 OK\r\nhalf", &flood] {
        let service = Service::start(None, answer).await;
        let found = fault(&notifier(service.port), Channel::Webhook).await;
        assert!(matches!(found, Fault::Broken(_)), "{found:?}");
    }
    // Held, and nothing listens there.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = closed.local_addr().unwrap().port();
    let error = deliver(&notifier(port), Channel::Webhook).await.unwrap_err();
    assert!(matches!(error.fault, Fault::Unreachable { .. }) && !error.is_permanent());
    assert!(words(&error).contains("localhost") && !words(&error).contains("T0ken"));
}

#[test]
fn settings_that_would_tell_secrets_or_lead_nowhere_are_refused() {
    let place = tempfile::tempdir().unwrap();
    for host in ["10.0.0.1", "office.vn", "localhost.office.vn", "[2001:db8::1]"] {
        let words = refused(&toml("http", host, 80, ""));
        assert!(words.contains("không mã hóa") && words.contains("https://") && !words.contains("T0ken"), "{words}");
    }
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        open(&toml("http", host, 80, ""));
    }
    for url in
        ["", "office.vn/T0ken", "ftp://a.vn/T0ken", "https://u:T0ken@a.vn/", "https:///T0ken", "https://a_ b/T0ken"]
    {
        let words = refused(&format!("[webhook]\nurl = {url:?}"));
        assert!(words.contains("`url`") && !words.contains("T0ken"), "{words}");
    }
    for (text, mode, reason) in [
        ("s3cret", 0o644, "chmod 600"),
        ("s3cret", 0o640, "chmod 600"),
        ("", 0o600, "một dòng"),
        ("s3cret\nx", 0o600, "một dòng"),
        ("s3cret token", 0o600, "một dòng"),
        (&"s3cret".repeat(1_000), 0o600, "too large"),
    ] {
        let token = file(&place.path().join("token"), text, mode);
        let words = refused(&toml("https", "office.vn", 443, &format!("token_file = {token:?}")));
        assert!(words.contains(reason) && !words.contains("s3cret"), "{words}");
    }
    let missing = refused(&toml("https", "office.vn", 443, "token_file = \"/nowhere/token\""));
    assert!(missing.contains("/nowhere/token"), "{missing}");
    let ca =
        file(&place.path().join("ca.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0o644);
    for ca in [ca, file(&place.path().join("empty.pem"), "", 0o644)] {
        let words = refused(&toml("https", "office.vn", 443, &format!("ca_file = {ca:?}")));
        assert!(words.contains("chứng thư số"), "{words}");
    }
    assert!(toml::from_str::<Settings>("[webhook]\nurl = \"https://a.vn\"\ntoken = \"s3cret\"").is_err());
}
