//! A mail server that keeps what it gets.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// How it behaves.
#[derive(Clone, Default)]
pub struct Manner {
    /// With a certificate; from the first byte, or by STARTTLS.
    pub tls: Option<(TlsAcceptor, bool)>,
    /// Mechanisms it offers within TLS.
    pub auth: &'static str,
    /// Lines it answers otherwise: what they begin with, and the whole answer. An empty one is silence.
    pub answers: Vec<(&'static str, &'static str)>,
}

/// A conversation.
#[derive(Clone, Default, Debug)]
pub struct Kept {
    pub protected: bool,
    /// Every line of the client but those of the letter.
    pub lines: Vec<String>,
    /// As it was before dots were doubled.
    pub letter: Option<String>,
}

pub struct Sink {
    pub port: u16,
    kept: Arc<Mutex<Vec<Kept>>>,
}

impl Sink {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut all = all.lock().unwrap();
                    all.push(Kept::default());
                    all.len() - 1
                };
                let keep = Keep { all: Arc::clone(&all), number };
                // A client that goes away is part of the play.
                tokio::spawn(host(stream, manner.clone(), keep));
            }
        });
        Self { port, kept }
    }

    pub fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }
}

struct Keep {
    all: Arc<Mutex<Vec<Kept>>>,
    number: usize,
}

impl Keep {
    fn note(&self, note: impl FnOnce(&mut Kept)) {
        note(&mut self.all.lock().unwrap()[self.number]);
    }
}

async fn host(stream: TcpStream, manner: Manner, keep: Keep) -> Option<()> {
    let Some((tls, first_byte)) = manner.tls.clone() else {
        return converse(&mut BufReader::new(stream), &manner, &keep, true, false).await.map(|_| ());
    };
    let mut stream = BufReader::new(stream);
    if !first_byte && !converse(&mut stream, &manner, &keep, true, true).await? {
        return None;
    }
    let stream = tls.accept(stream.into_inner()).await.ok()?;
    keep.note(|kept| kept.protected = true);
    converse(&mut BufReader::new(stream), &manner, &keep, first_byte, false).await.map(|_| ())
}

/// Until the client leaves, or wants TLS (then true).
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    manner: &Manner,
    keep: &Keep,
    greets: bool,
    upgrades: bool,
) -> Option<bool> {
    if greets {
        say(stream, manner.answers.iter().find(|(line, _)| line.is_empty()).map_or("220 sink", |(_, answer)| answer))
            .await?;
    }
    loop {
        let line = line(stream).await?;
        keep.note(|kept| kept.lines.push(line.clone()));
        let other = manner.answers.iter().find(|(begin, _)| !begin.is_empty() && line.starts_with(begin));
        if let Some((_, answer)) = other {
            say(stream, answer).await?;
            continue;
        }
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if upgrades => say(stream, "250-sink\r\n250-8BITMIME\r\n250 STARTTLS").await?,
            "EHLO" if !manner.auth.is_empty() => {
                say(stream, &format!("250-sink\r\n250-8BITMIME\r\n250 AUTH {}", manner.auth)).await?;
            }
            "EHLO" => say(stream, "250-sink\r\n250 8BITMIME").await?,
            "STARTTLS" if upgrades => {
                say(stream, "220 go ahead").await?;
                return Some(true);
            }
            "AUTH" if line == "AUTH LOGIN" => {
                say(stream, "334 VXNlcm5hbWU6").await?;
                let user = self::line(stream).await?;
                say(stream, "334 UGFzc3dvcmQ6").await?;
                let password = self::line(stream).await?;
                let known = (user.as_str(), password.as_str()) == ("bmhhY3ZpZWM=", "beG6rXQga2jhuql1IDE=");
                say(stream, if known { "235 welcome" } else { "535 5.7.8 no" }).await?;
            }
            "AUTH" => {
                let known = line == "AUTH PLAIN AG5oYWN2aWVjAG3huq10IGto4bqpdSAx";
                say(stream, if known { "235 welcome" } else { "535 5.7.8 no, not \"mật khẩu 2\"" }).await?;
            }
            "MAIL" | "RCPT" => say(stream, "250 ok").await?,
            "DATA" => {
                say(stream, "354 go on").await?;
                let mut letter = String::new();
                loop {
                    let line = self::line(stream).await?;
                    if line == "." {
                        break;
                    }
                    letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.push_str("\r\n");
                }
                keep.note(|kept| kept.letter = Some(letter));
                say(stream, "250 kept").await?;
            }
            "QUIT" => {
                say(stream, "221 bye").await?;
                return Some(false);
            }
            _ => say(stream, "500 what").await?,
        }
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, answer: &str) -> Option<()> {
    if answer.is_empty() {
        return Some(());
    }
    stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.strip_suffix("\r\n").map(str::to_owned)
}
