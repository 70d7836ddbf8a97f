//! The way to the object store: HTTP/1.1 over connections that are kept, with TLS by the same library and the same cryptography as
//! everything else here. Bounds in time are the caller's, who knows how much is on its way.

use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::{TokioExecutor, TokioTimer},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use rustls::ClientConfig;
use std::{error::Error, io, time::Duration};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);
/// How many of them.
const MOST_IDLE: usize = 8;

/// Makes clients.
#[derive(Debug)]
pub(super) struct Transport(pub(super) ClientConfig);

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        // That nothing leaves this computer in the open is seen to where the address is read.
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(self.0.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .build(https);
        Ok(HttpClient::new(Connections(client)))
    }
}

#[derive(Debug)]
struct Connections(Client<HttpsConnector<Tcp>, HttpRequestBody>);

#[async_trait]
impl HttpService for Connections {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.0.request(request).await.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { kind(&error) };
            told(kind, &error)
        })?;
        Ok(answer.map(|body| HttpResponseBody::new(body.map_err(|error| told(kind(&error), &error)))))
    }
}

/// The error with its causes in one line: the outer ones alone say nothing of what is wrong.
fn told(kind: HttpErrorKind, error: &(dyn Error + 'static)) -> HttpError {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    HttpError::new(kind, io::Error::other(words))
}

/// Whether it can be tried again.
fn kind(error: &(dyn Error + 'static)) -> HttpErrorKind {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(broken) = cause.downcast_ref::<hyper::Error>()
            && (broken.is_closed() || broken.is_incomplete_message() || broken.is_body_write_aborted())
        {
            return HttpErrorKind::Request;
        }
        if let Some(broken) = cause.downcast_ref::<io::Error>() {
            match broken.kind() {
                io::ErrorKind::TimedOut => return HttpErrorKind::Timeout,
                io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => return HttpErrorKind::Interrupted,
                _ => {}
            }
        }
        next = cause.source();
    }
    HttpErrorKind::Unknown
}
