//! A reminder as a letter: plain text, of the caller's time, with a name that another attempt on the same day keeps.

use crate::{delivery_error::Fault, reminder::Reminder, route, setup_error::SetupError};
use lettre::message::{
    Mailbox, Message,
    header::{ContentType, HeaderName, HeaderValue},
};
use sha2::{Digest, Sha256};
use std::time::SystemTime;

/// Reads `a@b.vn` or `Tên <a@b.vn>`. The address itself is ASCII, as every server takes it; the name is in any letters.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, SetupError> {
    let refused = || SetupError::Mailbox(text.to_owned());
    if text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err(refused());
    }
    let mailbox: Mailbox = text.parse().map_err(|_| refused())?;
    if mailbox.email.to_string().is_ascii() { Ok(mailbox) } else { Err(refused()) }
}

/// The bytes of the letter.
pub(crate) fn compose(reminder: &Reminder, from: &Mailbox, to: &[Mailbox]) -> Result<Vec<u8>, Fault> {
    let mut letter = Message::builder()
        .from(from.clone())
        .date(SystemTime::from(reminder.at))
        .message_id(Some(identity(reminder, from, to)))
        .subject(reminder.subject.clone())
        .raw_header(header("Content-Language", reminder.language_word()))
        // Nobody's absence notice is an answer to it.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .header(ContentType::TEXT_PLAIN);
    for mailbox in to {
        letter = letter.to(mailbox.clone());
    }
    Ok(letter.body(reminder.text.clone()).map_err(|error| route::broken(&error))?.formatted())
}

/// The same for the same letter on the same local day, so that servers show only one of two attempts; another for every other.
fn identity(reminder: &Reminder, from: &Mailbox, to: &[Mailbox]) -> String {
    let mut hash = Sha256::new();
    let mut take = |part: &str| {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    };
    let name = reminder.name();
    [&name, &reminder.subject, &reminder.text, &from.to_string()].into_iter().for_each(|part| take(part));
    to.iter().for_each(|mailbox| take(&mailbox.to_string()));
    let digest = hex::encode(hash.finalize());
    format!("<{}.{}@{}>", name.replace('.', "-"), &digest[..16], from.email.domain())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
