//! A web service that takes reminders as JSON. One connection for each, one answer, no redirects: a reminder is rare and small.

use crate::{
    delivery_error::Fault,
    notifier::Channel,
    reminder::Reminder,
    route::{self, Address, Measured},
    secret::{FileFault, Secret},
    settings::WebhookSettings,
    setup_error::SetupError,
    trust::Trust,
};
use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1,
    header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::Serialize;
use shared::calendar::rfc3339;
use std::{fmt, pin::pin, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

const MAX_HEAD_BYTES: usize = 64 * 1024;

pub(crate) struct Webhook {
    address: Address,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    authorization: Option<HeaderValue>,
}

/// Neither its path nor its token.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &self.address.host).finish_non_exhaustive()
    }
}

/// What the service gets.
#[derive(Serialize)]
struct Message<'a> {
    key: &'a str,
    subject: &'a str,
    text: &'a str,
    language: &'a str,
    sent_at: String,
}

impl Webhook {
    pub(crate) fn open(settings: &WebhookSettings) -> Result<Self, SetupError> {
        let address = Address::parse(&settings.url).ok_or(SetupError::Url)?;
        if !address.protected && !route::is_here(&address.host) {
            return Err(SetupError::Unprotected { channel: Channel::Webhook, host: address.host });
        }
        let trust = Trust::read(Channel::Webhook, settings.ca_file.as_deref())?;
        let name = ServerName::try_from(address.host.clone()).map_err(|_| SetupError::Url)?;
        let tls = address.protected.then(|| (trust.connector(), name));
        let mut authorization = None;
        if let Some(path) = &settings.token_file {
            let bearer = Secret::read(path).and_then(|token| bearer(&token));
            authorization = Some(bearer.map_err(|fault| SetupError::File {
                channel: Channel::Webhook,
                path: path.clone(),
                fault,
            })?);
        }
        Ok(Self { address, tls, authorization })
    }

    pub(crate) async fn deliver(&self, reminder: &Reminder, timeout: Duration) -> Result<(), Fault> {
        match tokio::time::timeout(timeout, self.post(reminder)).await {
            Ok(Ok(200..300)) => Ok(()),
            Ok(Ok(status)) => Err(Fault::Status(status)),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::Silent(timeout)),
        }
    }

    async fn post(&self, reminder: &Reminder) -> Result<u16, Fault> {
        let request = self.request(reminder)?;
        let Address { host, port, protected, .. } = &self.address;
        let stream = route::connect(host, *port, *protected).await?;
        let peer = stream.peer_addr().map_err(|error| route::broken(&error))?;
        match &self.tls {
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(|error| route::broken(&error))?;
                exchange(Measured::new(stream, peer), request).await
            }
            None => exchange(Measured::new(stream, peer), request).await,
        }
    }

    fn request(&self, reminder: &Reminder) -> Result<Request<Full<Bytes>>, Fault> {
        let message = Message {
            key: &reminder.key,
            subject: &reminder.subject,
            text: &reminder.text,
            language: reminder.language_word(),
            sent_at: rfc3339(reminder.at),
        };
        let body = serde_json::to_vec(&message).map_err(|error| route::broken(&error))?;
        let mut request = Request::post(&self.address.path)
            .header(HOST, &self.address.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(CONNECTION, "close");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        request.body(Full::new(Bytes::from(body))).map_err(|error| route::broken(&error))
    }
}

/// One request and the status of its answer; what else the answer holds is not read.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<u16, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let broken = |error: hyper::Error| route::broken(&error);
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD_BYTES).handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let (mut answer, connection) = (pin!(sender.send_request(request)), pin!(connection));
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        // Without a connection the answer is there, or never will be.
        _ = connection => answer.await,
    };
    Ok(answer.map_err(broken)?.status().as_u16())
}

fn bearer(token: &Secret) -> Result<HeaderValue, FileFault> {
    let token = token.as_str();
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(FileFault::NotLine);
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| FileFault::NotLine)?;
    value.set_sensitive(true);
    Ok(value)
}
