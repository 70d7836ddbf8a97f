//! Mail servers.

use super::*;
use sink::{Manner, Sink};

const PASSWORD: &str = "mật khẩu 1";

fn toml(port: u16, security: &str, more: &str) -> String {
    format!(
        "[mail]\nhost = \"localhost\"\nport = {port}\nsecurity = \"{security}\"\n\
         from = \"Văn phòng UBND xã <nhacviec@dinhquan.example.vn>\"\n\
         to = [\"Nguyễn Thị Ánh <anh@dinhquan.example.vn>\", \"b@dinhquan.example.vn\"]\n{more}"
    )
}

/// An office's own authority, a user and a password.
struct Office {
    place: tempfile::TempDir,
    authority: Authority,
}

impl Office {
    fn new() -> Self {
        Self { place: tempfile::tempdir().unwrap(), authority: Authority::new() }
    }

    fn ca(&self) -> String {
        format!("ca_file = {:?}\n", self.authority.file(self.place.path()))
    }

    fn login(&self, password: &str) -> String {
        let path = file(&self.place.path().join("password"), &format!("{password}\n"), 0o600);
        format!("{}user = \"nhacviec\"\npassword_file = {path:?}\n", self.ca())
    }

    async fn server(&self, first_byte: bool, auth: &'static str) -> Sink {
        let tls = Some((self.authority.server("localhost"), first_byte));
        Sink::start(Manner { tls, auth, ..Manner::default() }).await
    }
}

async fn plain(answers: &[(&'static str, &'static str)]) -> Sink {
    Sink::start(Manner { answers: answers.to_vec(), ..Manner::default() }).await
}

#[tokio::test]
async fn a_letter_arrives_whole_by_both_protections_and_both_logins() {
    let office = Office::new();
    let mut letters = Vec::new();
    for (first_byte, security, auth) in [
        (false, "starttls", "PLAIN LOGIN"),
        (false, "starttls", "LOGIN"),
        (true, "tls", "PLAIN"),
        (true, "tls", "LOGIN"),
    ] {
        let server = office.server(first_byte, auth).await;
        let notifier = open(&toml(server.port, security, &office.login(PASSWORD)));
        deliver(&notifier, Channel::Mail).await.unwrap();
        let kept = server.kept().remove(0);
        assert!(kept.protected);
        let lines: Vec<_> = kept.lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
        let begin: &[&str] = if first_byte { &["EHLO"] } else { &["EHLO", "STARTTLS", "EHLO"] };
        assert_eq!(lines, [begin, &["AUTH", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]].concat());
        assert!(kept.lines.contains(&"RCPT TO:<anh@dinhquan.example.vn>".to_owned()), "{:?}", kept.lines);
        letters.push(kept.letter.unwrap());
    }
    let letter = &letters[0];
    assert!(letters.iter().all(|other| other == letter), "nothing of this machine or moment is in it");
    assert!(letter.is_ascii());
    let header = |name: &str| letter.split("\r\n").find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    assert_eq!(header("Date: "), "Fri, 16 Oct 2026 18:30:05 +0000");
    let id = header("Message-ID: ");
    assert!(id.starts_with("<2026-10-17-due-2026-10.") && id.ends_with("@dinhquan.example.vn>"), "{id}");
    assert_eq!(header("Content-Type: "), "text/plain; charset=utf-8");
    assert!(header("Subject: ").starts_with("=?utf-8?b?"), "{letter}");
    assert!(header("From: ").contains("<nhacviec@dinhquan.example.vn>"));
}

#[tokio::test]
async fn lines_that_begin_with_a_dot_and_marks_survive() {
    let server = plain(&[]).await;
    let ascii = Reminder { text: ".\n..two\n\n.end\n".into(), subject: "Due".into(), ..reminder() };
    assert!(open(&toml(server.port, "none", "")).deliver(&ascii).await[0].1.is_ok());
    let letter = server.kept().remove(0).letter.unwrap();
    assert!(
        letter.contains("Subject: Due\r\n") && letter.ends_with("\r\n\r\n.\r\n..two\r\n\r\n.end\r\n\r\n"),
        "{letter}"
    );
}

#[tokio::test]
async fn another_attempt_on_the_day_has_the_same_name_and_another_text_another() {
    let server = plain(&[]).await;
    let notifier = open(&toml(server.port, "none", ""));
    let later = Reminder { at: "2026-10-17T02:00:00Z".parse().unwrap(), ..reminder() };
    let other = Reminder { text: "Khác".into(), ..reminder() };
    for reminder in [reminder(), later, other] {
        assert!(notifier.deliver(&reminder).await[0].1.is_ok());
    }
    let id = |number: usize| {
        let letter = server.kept()[number].letter.clone().unwrap();
        letter.split("\r\n").find(|line| line.starts_with("Message-ID")).unwrap().to_owned()
    };
    assert!(id(0) == id(1) && id(0) != id(2));
}

#[tokio::test]
async fn a_wrong_password_is_permanent_and_is_told_to_nobody() {
    let office = Office::new();
    for (auth, security) in [("PLAIN", "starttls"), ("LOGIN", "starttls"), ("PLAIN", "tls")] {
        let server = office.server(security == "tls", auth).await;
        let notifier = open(&toml(server.port, security, &office.login("mật khẩu 2")));
        let error = deliver(&notifier, Channel::Mail).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Login(535)) && error.is_permanent(), "{error:?}");
        let words = format!("{}{notifier:?}", words(&error));
        assert!(words.contains("password_file") && !words.contains("mật khẩu 2"), "{words}");
        assert!(server.kept()[0].letter.is_none());
    }
}

#[tokio::test]
async fn refusals_name_what_is_refused_and_whether_to_try_again() {
    let cases = [
        (("RCPT TO:<b@", "550 5.1.1 no\u{7} such user"), true, "b@dinhquan.example.vn (550 5.1.1 no  such user)"),
        (("RCPT TO:<b@", "450 4.2.1 greylisted"), false, "(450 4.2.1 greylisted)"),
        (("MAIL", "553 sender not allowed"), true, "`from`"),
        (("DATA", "452 disk full"), false, "(452 disk full)"),
        (("", "554 no service"), true, "554"),
        (("", "421 busy"), false, "421"),
    ];
    for (answer, permanent, expected) in cases {
        let server = plain(&[answer]).await;
        let error = deliver(&open(&toml(server.port, "none", "")), Channel::Mail).await.unwrap_err();
        assert_eq!(error.is_permanent(), permanent, "{error:?}");
        assert!(words(&error).contains(expected), "{}", words(&error));
        assert!(error.explain(Language::Vi).starts_with("nhắc việc bằng thư điện tử: máy chủ thư "));
        assert!(server.kept()[0].letter.is_none());
    }
}

#[tokio::test]
async fn silence_at_any_moment_ends_and_after_the_letter_it_is_no_fault() {
    let office = Office::new();
    for line in ["", "EHLO", "MAIL", "RCPT", "DATA"] {
        let server = plain(&[(line, "")]).await;
        let error =
            deliver(&open(&toml(server.port, "none", "")).with_timeout(SHORT), Channel::Mail).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Silent(SHORT)) && !error.is_permanent(), "{line}: {error:?}");
    }
    // Waits for a greeting that a server of the other protection does not give.
    let server = office.server(true, "").await;
    let starttls = open(&toml(server.port, "starttls", &office.ca())).with_timeout(SHORT);
    assert!(matches!(fault(&starttls, Channel::Mail).await, Fault::Silent(SHORT)));
    let server = plain(&[("QUIT", "")]).await;
    deliver(&open(&toml(server.port, "none", "")).with_timeout(SHORT), Channel::Mail).await.unwrap();
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_gets_neither_password_nor_letter() {
    let (office, stranger) = (Office::new(), Office::new());
    for (first_byte, security) in [(false, "starttls"), (true, "tls")] {
        let server = stranger.server(first_byte, "PLAIN").await;
        let error =
            deliver(&open(&toml(server.port, security, &office.login(PASSWORD))), Channel::Mail).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Untrusted(_)), "{error:?}");
        let kept = server.kept().remove(0);
        assert!(!kept.protected && !kept.lines.iter().any(|line| line.starts_with("AUTH")), "{kept:?}");
    }
}

#[tokio::test]
async fn a_server_without_what_is_demanded_gets_nothing() {
    let office = Office::new();
    let without = plain(&[]).await;
    let notifier = open(&toml(without.port, "starttls", &office.login(PASSWORD)));
    assert!(matches!(fault(&notifier, Channel::Mail).await, Fault::Missing("STARTTLS")));
    let server = office.server(true, "GSSAPI").await;
    let notifier = open(&toml(server.port, "tls", &office.login(PASSWORD)));
    assert!(matches!(fault(&notifier, Channel::Mail).await, Fault::Missing(_)));
    assert!(matches!(fault(&open(&toml(without.port, "tls", "")), Channel::Mail).await, Fault::Broken(_)));
    let flood: &'static str = "x".repeat(1 << 20).leak();
    let server = plain(&[("EHLO", flood)]).await;
    let found = fault(&open(&toml(server.port, "none", "")), Channel::Mail).await;
    assert!(matches!(found, Fault::Broken(_)), "{found:?}");
}

#[test]
fn settings_that_would_tell_secrets_or_reach_nobody_are_refused() {
    let office = Office::new();
    let with = |host: &str, security: &str, to: &str, more: &str| {
        format!("[mail]\nhost = \"{host}\"\nsecurity = \"{security}\"\nfrom = \"a@b.vn\"\nto = [{to}]\n{more}")
    };
    let one = "\"c@d.vn\"";
    for host in ["mail.office.vn", "10.1.2.3", "localhost.office.vn"] {
        let words = refused(&with(host, "none", one, ""));
        assert!(words.contains("không mã hóa") && words.contains("starttls") && words.contains(host), "{words}");
    }
    open(&with("127.0.0.1", "none", one, ""));
    open(&with("mail.office.vn", "starttls", one, ""));
    assert!(refused(&with("no host", "tls", one, "")).contains("no host"));
    assert!(refused(&with("a.vn", "tls", "", "")).contains("1 đến 20"));
    assert!(refused(&with("a.vn", "tls", &[one; 21].join(","), "")).contains("có 21 người nhận"));
    for address in ["nobody", "a@b@c", "hạn@d.vn", "a@b.vn\\r\\nBcc: x@y.vn"] {
        refused(&with("a.vn", "tls", &format!("\"{address}\""), ""));
    }
    assert!(refused(&with("a.vn", "tls", one, "user = \"u\"")).contains("`password_file`"));
    let open_password = file(&office.place.path().join("p"), "s3cret", 0o604);
    let words = refused(&with("a.vn", "tls", one, &format!("user = \"u\"\npassword_file = {open_password:?}")));
    assert!(words.contains("chmod 600") && !words.contains("s3cret"), "{words}");
    assert!(toml::from_str::<Settings>(&with("a.vn", "ssl", one, "")).is_err());
    assert!(toml::from_str::<Settings>(&with("a.vn", "tls", one, "password = \"s3cret\"")).is_err());
}
