//! A mail server that takes reminders: one conversation for each, all recipients or none.

use crate::{
    delivery_error::Fault,
    letter,
    notifier::Channel,
    reminder::Reminder,
    route::{self, Measured},
    secret::Secret,
    settings::{MailSettings, Security},
    setup_error::SetupError,
    trust::Trust,
};
use lettre::{
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters},
        commands::{Data, Mail as From, Rcpt},
        extension::ClientId,
    },
};
use rustls::pki_types::ServerName;
use std::{fmt, time::Duration};
use tokio_rustls::TlsConnector;

/// Most recipients.
pub(crate) const MAX_RECIPIENTS: usize = 20;
/// Longest wait for a goodbye; the letter is delivered without it.
const FAREWELL: Duration = Duration::from_secs(1);
const MAX_ANSWER_CHARS: usize = 200;
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

pub(crate) struct Mail {
    host: String,
    port: u16,
    protection: Protection,
    login: Option<(String, Secret)>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

enum Protection {
    FirstByte(TlsConnector, ServerName<'static>),
    Upgrade(TlsParameters),
    None,
}

/// Not its user.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Mail {
    pub(crate) fn open(settings: &MailSettings) -> Result<Self, SetupError> {
        let host = settings.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| SetupError::Host(settings.host.clone()))?;
        if settings.security == Security::None && !route::is_here(&host) {
            return Err(SetupError::Unprotected { channel: Channel::Mail, host });
        }
        let trust = Trust::read(Channel::Mail, settings.ca_file.as_deref())?;
        let protection = match settings.security {
            Security::Tls => Protection::FirstByte(trust.connector(), name),
            Security::Starttls => Protection::Upgrade(trust.parameters(&host)?),
            Security::None => Protection::None,
        };
        if !(1..=MAX_RECIPIENTS).contains(&settings.to.len()) {
            return Err(SetupError::Recipients(settings.to.len()));
        }
        Ok(Self {
            port: settings.port.unwrap_or(settings.security.port()),
            login: login(settings)?,
            from: letter::mailbox(&settings.from)?,
            to: settings.to.iter().map(|text| letter::mailbox(text)).collect::<Result<_, _>>()?,
            host,
            protection,
        })
    }

    pub(crate) async fn deliver(&self, reminder: &Reminder, timeout: Duration) -> Result<(), Fault> {
        let letter = letter::compose(reminder, &self.from, &self.to)?;
        let mut connection = match tokio::time::timeout(timeout, self.send(&letter)).await {
            Ok(sent) => sent?,
            Err(_) => return Err(Fault::Silent(timeout)),
        };
        let _ = tokio::time::timeout(timeout.min(FAREWELL), connection.quit()).await;
        Ok(())
    }

    async fn send(&self, letter: &[u8]) -> Result<AsyncSmtpConnection, Fault> {
        let mut connection = self.greet().await?;
        if let Some((user, password)) = &self.login {
            if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
                return Err(Fault::Missing("AUTH PLAIN / LOGIN"));
            }
            let credentials = Credentials::new(user.clone(), password.as_str().to_owned());
            // What it says to that is not repeated.
            connection.auth(&MECHANISMS, &credentials).await.map_err(|error| match error.status() {
                Some(code) => Fault::Login(code.into()),
                None => route::broken(&error),
            })?;
        }
        let from = From::new(Some(self.from.email.clone()), Vec::new());
        connection.command(from).await.map_err(|error| self.refusal(&error))?;
        for mailbox in &self.to {
            let recipient = Rcpt::new(mailbox.email.clone(), Vec::new());
            connection.command(recipient).await.map_err(|error| match self.refusal(&error) {
                Fault::Refused { code, answer } => {
                    Fault::Recipient { recipient: mailbox.email.to_string(), code, answer }
                }
                fault => fault,
            })?;
        }
        connection.command(Data).await.map_err(|error| self.refusal(&error))?;
        connection.message(letter).await.map_err(|error| self.refusal(&error))?;
        Ok(connection)
    }

    /// A connection, protected as demanded.
    async fn greet(&self) -> Result<AsyncSmtpConnection, Fault> {
        let hello = ClientId::default();
        let protected = !matches!(self.protection, Protection::None);
        let stream = route::connect(&self.host, self.port, protected).await?;
        let peer = stream.peer_addr().map_err(|error| route::broken(&error))?;
        let stream: Box<dyn AsyncTokioStream> = match &self.protection {
            Protection::FirstByte(connector, name) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(|error| route::broken(&error))?;
                Box::new(Measured::new(stream, peer))
            }
            Protection::Upgrade(_) | Protection::None => Box::new(Measured::new(stream, peer)),
        };
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
        let mut connection = greeted.map_err(|error| self.refusal(&error))?;
        if let Protection::Upgrade(parameters) = &self.protection {
            if !connection.can_starttls() {
                return Err(Fault::Missing("STARTTLS"));
            }
            connection.starttls(parameters.clone(), &hello).await.map_err(|error| self.refusal(&error))?;
        }
        Ok(connection)
    }

    /// A reply that says no, or the end of a conversation.
    fn refusal(&self, error: &Error) -> Fault {
        let Some(code) = error.status() else { return route::broken(error) };
        let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        let known = self.login.as_ref().is_some_and(|(_, password)| said.contains(password.as_str()));
        let printable = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        let answer = if known { String::new() } else { printable.take(MAX_ANSWER_CHARS).collect() };
        Fault::Refused { code: code.into(), answer }
    }
}

fn login(settings: &MailSettings) -> Result<Option<(String, Secret)>, SetupError> {
    match (&settings.user, &settings.password_file) {
        (None, None) => Ok(None),
        (Some(user), Some(path)) if !user.is_empty() && !user.chars().any(char::is_control) => {
            let password = Secret::read(path).map_err(|fault| SetupError::File {
                channel: Channel::Mail,
                path: path.clone(),
                fault,
            })?;
            Ok(Some((user.clone(), password)))
        }
        _ => Err(SetupError::Login),
    }
}
