//! A web service that keeps what it gets.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

pub struct Service {
    pub port: u16,
    kept: Arc<Mutex<Vec<(String, String)>>>,
}

impl Service {
    /// With one answer for everybody; an empty one is silence.
    pub async fn start(tls: Option<TlsAcceptor>, answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (all, answer) = (Arc::clone(&kept), answer.to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (all, answer, tls) = (Arc::clone(&all), answer.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(stream).await.ok()?, &all, &answer).await,
                        None => serve(stream, &all, &answer).await,
                    }
                });
            }
        });
        Self { port, kept }
    }

    /// Heads and bodies.
    pub fn kept(&self) -> Vec<(String, String)> {
        self.kept.lock().unwrap().clone()
    }
}

async fn serve<S>(mut stream: S, all: &Mutex<Vec<(String, String)>>, answer: &str) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut heard = Vec::new();
    let (head, length) = loop {
        heard.push(stream.read_u8().await.ok()?);
        if heard.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8(std::mem::take(&mut heard)).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            break (head, length);
        }
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    all.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
    if answer.is_empty() {
        // Until the client leaves.
        return stream.read_u8().await.ok().map(|_| ());
    }
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
