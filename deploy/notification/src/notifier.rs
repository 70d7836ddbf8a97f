//! All ways an office has connected.

use crate::{
    delivery_error::{DeliveryError, Fault},
    folder::Folder,
    mail::Mail,
    reminder::Reminder,
    settings::Settings,
    setup_error::SetupError,
    webhook::Webhook,
};
use shared::language::Language;
use std::{fmt, time::Duration};

/// How long one way may take, unless stated.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// A way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// A text file in a folder.
    File,
    /// JSON to a web service.
    Webhook,
    /// E-mail.
    Mail,
}

impl Channel {
    /// For people.
    #[must_use]
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::File => language.pick("tệp", "file"),
            Self::Webhook => "webhook",
            Self::Mail => language.pick("thư điện tử", "e-mail"),
        }
    }
}

/// As in settings and logs.
impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::File => "file",
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        })
    }
}

/// All connected ways.
#[derive(Debug)]
pub struct Notifier {
    folder: Option<Folder>,
    webhook: Option<Webhook>,
    mail: Option<Mail>,
    timeout: Duration,
}

impl Notifier {
    /// Checks everything that can be checked without sending anything, and reads the secrets. Connects to nobody.
    ///
    /// # Errors
    /// [`SetupError`]: the first that is wrong.
    pub fn open(settings: &Settings) -> Result<Self, SetupError> {
        Ok(Self {
            folder: settings.file.as_ref().map(Folder::open).transpose()?,
            webhook: settings.webhook.as_ref().map(Webhook::open).transpose()?,
            mail: settings.mail.as_ref().map(Mail::open).transpose()?,
            timeout: TIMEOUT,
        })
    }

    /// With another time-out for each way; it is [`TIMEOUT`] without.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The connected ways, in the order of their results.
    #[must_use]
    pub fn channels(&self) -> Vec<Channel> {
        [
            (Channel::File, self.folder.is_some()),
            (Channel::Webhook, self.webhook.is_some()),
            (Channel::Mail, self.mail.is_some()),
        ]
        .into_iter()
        .filter_map(|(channel, connected)| connected.then_some(channel))
        .collect()
    }

    /// Delivers by every connected way.
    pub async fn deliver(&self, reminder: &Reminder) -> Vec<(Channel, Result<(), DeliveryError>)> {
        self.deliver_by(&self.channels(), reminder).await
    }

    /// Delivers by some ways, at the same time; those that are not connected are left out. One that fails stops no other.
    /// For another attempt where only some have failed.
    pub async fn deliver_by(
        &self,
        channels: &[Channel],
        reminder: &Reminder,
    ) -> Vec<(Channel, Result<(), DeliveryError>)> {
        let fit = reminder.check();
        let (file, webhook, mail) = tokio::join!(
            attempt(self.folder.as_ref().filter(|_| channels.contains(&Channel::File)), async |folder: &Folder| {
                fit?;
                folder.deliver(reminder, self.timeout).await
            }),
            attempt(
                self.webhook.as_ref().filter(|_| channels.contains(&Channel::Webhook)),
                async |webhook: &Webhook| {
                    fit?;
                    webhook.deliver(reminder, self.timeout).await
                }
            ),
            attempt(self.mail.as_ref().filter(|_| channels.contains(&Channel::Mail)), async |mail: &Mail| {
                fit?;
                mail.deliver(reminder, self.timeout).await
            }),
        );
        [(Channel::File, file), (Channel::Webhook, webhook), (Channel::Mail, mail)]
            .into_iter()
            .filter_map(|(channel, result)| Some((channel, result?.map_err(|fault| DeliveryError { channel, fault }))))
            .collect()
    }
}

async fn attempt<W>(way: Option<&W>, deliver: impl AsyncFnOnce(&W) -> Result<(), Fault>) -> Option<Result<(), Fault>> {
    match way {
        Some(way) => Some(deliver(way).await),
        None => None,
    }
}
