//! The settings of reminders as both programs have them: when, and by which ways.

use crate::{FileSettings, MailSettings, Settings, WebhookSettings};
use chrono::{NaiveTime, Timelike};
use serde::Deserialize;

/// The table `reminders` of a program's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// How many days before the cut-off day the first reminder goes out, 0 to 14; 0 for none.
    pub days_before: u8,
    /// The hour of the local day from which reminders go out, 0 to 23.
    pub from_hour: u8,
    /// A text file for each reminder.
    pub file: Option<FileSettings>,
    /// JSON to a web service.
    pub webhook: Option<WebhookSettings>,
    /// E-mail.
    pub mail: Option<MailSettings>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { days_before: 3, from_hour: 8, file: None, webhook: None, mail: None }
    }
}

impl Plan {
    /// What is wrong with the numbers, if anything: the key and why.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        if self.days_before > 14 {
            return Some(("reminders.days_before", format!("{} lies outside 0 to 14", self.days_before)));
        }
        (self.from_hour > 23).then(|| ("reminders.from_hour", format!("{} lies outside 0 to 23", self.from_hour)))
    }

    /// Whether any way is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.file.is_some() || self.webhook.is_some() || self.mail.is_some()
    }

    /// Whether it is late enough in the day.
    #[must_use]
    pub fn has_begun(&self, local: NaiveTime) -> bool {
        local.hour() >= u32::from(self.from_hour)
    }

    /// The ways.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings { file: self.file.clone(), webhook: self.webhook.clone(), mail: self.mail.clone() }
    }
}
