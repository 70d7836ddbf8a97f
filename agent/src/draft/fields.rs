//! The fields of a figure as they were typed, and why they are no figure yet.

use crate::entry::{EntryError, Form, Rulebook, Typed};
use shared::{
    amount::Amount,
    language::Language,
    observation::{MAX_NOTE_CHARS, Observation, ObservationKey, Value},
    plausibility::Doubt,
};

/// Longest number that is kept as it was typed, in characters.
const MAX_NUMBER_CHARS: usize = 60;

/// The fields of a figure, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields {
    /// Numerator of a ratio.
    pub numerator: String,
    /// Denominator of a ratio.
    pub denominator: String,
    /// One number or word.
    pub value: String,
    /// Words of explanation.
    pub note: String,
}

impl Fields {
    /// As a figure that is reported already would be typed again.
    #[must_use]
    pub fn of(observation: &Observation) -> Self {
        let typed = |amount: Amount| amount.to_string().replace('.', ",");
        let mut fields = Self { note: observation.note.clone(), ..Self::default() };
        match observation.value {
            Value::Ratio { numerator, denominator } => {
                (fields.numerator, fields.denominator) =
                    (unambiguous(typed(numerator)), unambiguous(typed(denominator)));
            }
            Value::Percent(amount) | Value::Decimal(amount) => fields.value = unambiguous(typed(amount)),
            Value::Count(count) => fields.value = count.to_string(),
            Value::Flag(yes) => fields.value = if yes { "yes" } else { "no" }.to_owned(),
        }
        fields
    }

    /// Whether nothing is typed.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        [&self.numerator, &self.denominator, &self.value, &self.note].iter().all(|field| field.trim().is_empty())
    }

    /// Cut to what is kept.
    #[must_use]
    pub fn bounded(self) -> Self {
        let cut = |text: String, most: usize| match text.char_indices().nth(most) {
            Some((end, _)) => text[..end].to_owned(),
            None => text,
        };
        Self {
            numerator: cut(self.numerator, MAX_NUMBER_CHARS),
            denominator: cut(self.denominator, MAX_NUMBER_CHARS),
            value: cut(self.value, MAX_NUMBER_CHARS),
            // One more than is allowed, so that it is refused and not cut in silence.
            note: cut(self.note, MAX_NOTE_CHARS + 1),
        }
    }

    /// The figure that they are, checked.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, rulebook: &Rulebook, key: &ObservationKey) -> Result<Observation, Fault> {
        let (numerator, denominator, value) = (self.numerator.trim(), self.denominator.trim(), self.value.trim());
        let typed = match (numerator.is_empty(), denominator.is_empty(), value.is_empty()) {
            (true, true, true) => return Err(Fault::Blank),
            (true, false, true) => return Err(Fault::NoNumerator),
            (true, true, false) => Typed::Value(value.to_owned()),
            (false, true, true) => return Err(Fault::NoDenominator),
            (false, false, true) => Typed::Ratio(numerator.to_owned(), denominator.to_owned()),
            _ => return Err(Fault::BothForms),
        };
        let note = self.note.replace("\r\n", "\n");
        let form = Form { indicator: key.indicator.clone(), unit: key.unit.clone(), period: key.period, typed, note };
        Ok(rulebook.check(&form)?)
    }
}

/// Three decimals behind a comma may stand between thousands: one zero more says what they are.
fn unambiguous(text: String) -> String {
    if Amount::from_typed(&text).is_ok() { text } else { text + "0" }
}

/// Why a draft cannot be sent.
#[derive(Debug)]
pub enum Fault {
    /// No value is typed.
    Blank,
    /// A denominator alone.
    NoNumerator,
    /// A numerator alone.
    NoDenominator,
    /// Both a value and a numerator or denominator.
    BothForms,
    /// A rule of entry.
    Entry(EntryError),
    /// It should be looked at again; where it is right, a note says why.
    NeedsNote(Vec<Doubt>),
}

impl From<EntryError> for Fault {
    fn from(error: EntryError) -> Self {
        Self::Entry(error)
    }
}

impl Fault {
    /// For the person who typed it.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Blank => language.pick("chưa điền số liệu", "no figure yet").to_owned(),
            Self::NoNumerator => language.pick("còn thiếu tử số", "the numerator is missing").to_owned(),
            Self::NoDenominator => language.pick("còn thiếu mẫu số", "the denominator is missing").to_owned(),
            Self::BothForms => language
                .pick("chỉ điền tử số và mẫu số, hoặc một giá trị", "either numerator and denominator, or one value")
                .to_owned(),
            Self::Entry(error) => error.explain_on_page(language),
            Self::NeedsNote(doubts) => {
                let reasons: Vec<String> = doubts.iter().map(|doubt| doubt.explain(language)).collect();
                language.pick(
                    format!("{}. Nếu đúng, xin ghi lý do vào ô ghi chú rồi gửi", reasons.join("; ")),
                    format!("{}. If it is right, say why in the note and send it", reasons.join("; ")),
                )
            }
        }
    }
}
