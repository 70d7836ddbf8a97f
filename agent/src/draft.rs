//! What is typed and not reported yet: kept as it was typed, faults and all, until it is sent. Sending is reporting: the same checks and
//! the same log as every other way of entry.

use crate::{
    entry::{Author, Copied, EntryError, Form, Recorded, Rulebook, Typed, bind, check_name, record_checked},
    ledger::Ledger,
    store::{
        Store, StoreError, View, Writing,
        draft::{MAX_DRAFT_FILES, MAX_DRAFTS},
        figures::Figure,
    },
};
use chrono::{DateTime, Utc};
use shared::{
    amount::Amount,
    book::Version,
    calendar::local_day,
    language::Language,
    observation::{Decision, MAX_NOTE_CHARS, Observation, ObservationKey, Value},
    period::Period,
    plausibility::Doubt,
};
use std::collections::BTreeSet;

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

/// A figure that is not reported yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Where it belongs.
    pub key: ObservationKey,
    /// As typed.
    pub fields: Fields,
    /// Files that go with it.
    pub evidence: Vec<Copied>,
    /// Who typed last.
    pub edited_by: String,
    /// When.
    pub edited_at: DateTime<Utc>,
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

/// Keeps what was typed; forgets the draft where it says just what is reported already, or nothing.
///
/// # Errors
/// What the store says, and a name that cannot be kept.
pub fn keep(
    store: &mut Store,
    by: &str,
    now: DateTime<Utc>,
    typed: Vec<(ObservationKey, Fields)>,
) -> Result<(), EntryError> {
    check_name(by)?;
    store.write(|writing| {
        let rulebook = Rulebook::read(writing.view())?;
        for (key, fields) in typed {
            // What the catalogue does not know has no place to be shown or sent.
            if rulebook.kind_asked(&key.indicator).is_some() {
                keep_one(writing, &rulebook, (by, now), key, fields.bounded())?;
            }
        }
        Ok(())
    })
}

fn keep_one(
    writing: &Writing<'_>,
    rulebook: &Rulebook,
    (by, now): (&str, DateTime<Utc>),
    key: ObservationKey,
    fields: Fields,
) -> Result<(), EntryError> {
    let view = writing.view();
    let figure = view.newest(&key)?;
    let says_the_same = match &figure {
        Some(figure) => {
            fields == Fields::of(&figure.observation)
                || fields.check(rulebook, &key).is_ok_and(|typed| typed == figure.observation)
        }
        None => fields.is_blank(),
    };
    if says_the_same && view.draft_evidence(&key)?.is_empty() {
        return Ok(writing.drop_draft(&key)?);
    }
    let held = view.drafts(key.period)?.into_iter().find(|draft| draft.key == key);
    if held.as_ref().is_some_and(|draft| draft.fields == fields) {
        return Ok(());
    }
    if held.is_none() && view.draft_count()? >= MAX_DRAFTS {
        tracing::warn!(most = MAX_DRAFTS, "too many drafts, one was not kept");
        return Ok(());
    }
    let edited_at = view.exercise()?.time(now);
    let draft = Draft { key, fields, evidence: Vec::new(), edited_by: by.to_owned(), edited_at };
    Ok(writing.keep_draft(&draft)?)
}

/// What becomes of files that are given for a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// They are bound to the figure that is reported.
    Bound,
    /// They wait with its draft.
    Waiting,
    /// The draft would have more than [`MAX_DRAFT_FILES`]; none was taken.
    Full,
}

/// Gives files to a figure: to the newest version where that is what counts, else to its draft, to be bound when it is sent.
///
/// # Errors
/// [`EntryError`]; nothing is written then.
pub fn give(
    store: &mut Store,
    author: &mut Author<'_>,
    key: &ObservationKey,
    files: Vec<Copied>,
) -> Result<Given, EntryError> {
    check_name(author.name)?;
    store.write(|writing| {
        let rulebook = Rulebook::read(writing.view())?;
        let view = writing.view();
        let draft = view.drafts(key.period)?.into_iter().find(|draft| draft.key == *key);
        let figure = view.newest(key)?;
        let held = draft.as_ref().map_or(0, |draft| draft.evidence.len());
        if draft.is_some() && held + files.len() > MAX_DRAFT_FILES {
            return Ok(Given::Full);
        }
        match (&figure, &draft) {
            (Some(figure), None) if !is_returned(figure) => {
                bind(writing, author, figure, files)?;
                return Ok(Given::Bound);
            }
            (_, Some(_)) => {}
            (figure, None) => {
                if rulebook.kind_asked(&key.indicator).is_none() {
                    return Err(shared::observation::Refusal::UnknownIndicator(key.indicator.clone()).into());
                }
                let fields = figure.as_ref().map(|figure| Fields::of(&figure.observation)).unwrap_or_default();
                let edited_at = view.exercise()?.time(author.now);
                let evidence = Vec::new();
                let (key, edited_by) = (key.clone(), author.name.to_owned());
                writing.keep_draft(&Draft { key, fields, evidence, edited_by, edited_at })?;
            }
        }
        for file in &files {
            writing.keep_draft_evidence(key, file)?;
        }
        Ok(Given::Waiting)
    })
}

/// Whether a note says why the value is right: the note of another value says nothing of this one.
#[must_use]
pub fn is_explained(observation: &Observation, previous: Option<&Figure>) -> bool {
    let is_of_before = previous
        .map(|figure| &figure.observation)
        .is_some_and(|before| before.note == observation.note && before.value != observation.value);
    !observation.note.is_empty() && !is_of_before
}

/// Whether a reviewer returned it.
#[must_use]
pub fn is_returned(figure: &Figure) -> bool {
    figure.verdict.as_ref().is_some_and(|verdict| verdict.decision == Decision::Returned)
}

/// What came of sending.
#[derive(Debug, Default)]
pub struct Sent {
    /// The figures reported, each with what should be looked at again.
    pub recorded: Vec<(Recorded, Vec<Doubt>)>,
    /// The drafts that stay, with the reason.
    pub faults: Vec<(ObservationKey, Fault)>,
}

/// Why a transaction is not committed.
enum Stop {
    Undo,
    Error(EntryError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<EntryError> for Stop {
    fn from(error: EntryError) -> Self {
        Self::Error(error)
    }
}

/// Reports the drafts of a period. Where one of them cannot be sent nothing is, unless only the sound ones are asked for.
///
/// # Errors
/// Not about a draft: no catalogue, or the store says no.
pub fn send(store: &mut Store, author: &mut Author<'_>, period: Period, only_sound: bool) -> Result<Sent, EntryError> {
    check_name(author.name)?;
    let mut left: BTreeSet<ObservationKey> = BTreeSet::new();
    let mut faults = Vec::new();
    loop {
        let mut sent = Sent::default();
        match store.write(|writing| attempt(writing, author, period, &left, &mut sent)) {
            Err(Stop::Error(error)) => return Err(error),
            Ok(()) => {
                sent.faults = faults;
                return Ok(sent);
            }
            Err(Stop::Undo) if !only_sound => return Ok(Sent { faults: sent.faults, recorded: Vec::new() }),
            // Each round leaves at least one more behind, so that this ends.
            Err(Stop::Undo) => {
                left.extend(sent.faults.iter().map(|(key, _)| key.clone()));
                faults.append(&mut sent.faults);
            }
        }
    }
}

fn attempt(
    writing: &Writing<'_>,
    author: &mut Author<'_>,
    period: Period,
    left: &BTreeSet<ObservationKey>,
    sent: &mut Sent,
) -> Result<(), Stop> {
    let rulebook = Rulebook::read(writing.view())?;
    for draft in writing.view().drafts(period)?.into_iter().filter(|draft| !left.contains(&draft.key)) {
        let observation = match draft.fields.check(&rulebook, &draft.key) {
            Ok(observation) => observation,
            Err(fault) => {
                sent.faults.push((draft.key, fault));
                continue;
            }
        };
        let recorded = report(writing, author, &rulebook, observation, draft.evidence)?;
        sent.recorded.push((recorded, Vec::new()));
    }
    let today = local_day(writing.view().exercise()?.time(author.now));
    let ledger = Ledger::read(writing.view(), &rulebook.catalogue, today)?;
    for (recorded, doubts) in &mut sent.recorded {
        let observation = &recorded.observation;
        *doubts = ledger.doubts_of(&observation.key);
        if !is_explained(observation, recorded.previous.as_ref()) && doubts.iter().any(Doubt::asks_for_a_note) {
            let asking = doubts.iter().filter(|doubt| doubt.asks_for_a_note()).cloned().collect();
            sent.faults.push((observation.key.clone(), Fault::NeedsNote(asking)));
        }
    }
    if sent.faults.is_empty() { Ok(()) } else { Err(Stop::Undo) }
}

/// Reports a figure with the files that wait for it; its draft is done.
fn report(
    writing: &Writing<'_>,
    author: &mut Author<'_>,
    rulebook: &Rulebook,
    observation: Observation,
    files: Vec<Copied>,
) -> Result<Recorded, EntryError> {
    let recorded = record_checked(writing, author, rulebook, observation)?;
    if !files.is_empty() {
        let figure = writing.view().figure(recorded.change_id)?;
        let figure = figure.ok_or_else(|| StoreError::Damaged("unreadable figure".into()))?;
        bind(writing, author, &figure, files)?;
    }
    writing.drop_draft(&recorded.observation.key)?;
    Ok(recorded)
}

/// Reports figures that were typed and sent at once, all of them or none; files that wait with a draft of one of them go with it. What
/// says the same as what is held is left alone, unless a reviewer returned that or files wait.
///
/// # Errors
/// [`EntryError`]; nothing is written then.
pub fn send_at_once(store: &mut Store, author: &mut Author<'_>, forms: &[Form]) -> Result<(), EntryError> {
    check_name(author.name)?;
    store.write(|writing| {
        let rulebook = Rulebook::read(writing.view())?;
        for form in forms {
            let observation = rulebook.check(form)?;
            let held = writing.view().newest(&observation.key)?;
            let files = writing.view().draft_evidence(&observation.key)?;
            let is_new = held.is_none_or(|held| held.observation != observation || is_returned(&held));
            if is_new || !files.is_empty() {
                report(writing, author, &rulebook, observation, files)?;
            }
        }
        Ok(())
    })
}

/// Takes the drafts that are sound into the ledger, as if they were reported; the figures' versions follow on those reported.
///
/// # Errors
/// What the store says.
pub fn suppose(
    view: View<'_>,
    ledger: &mut Ledger,
    rulebook: &Rulebook,
    drafts: &[Draft],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let slug = &rulebook.catalogue.commune.slug;
    for draft in drafts {
        let Ok(observation) = draft.fields.check(rulebook, &draft.key) else { continue };
        let version = view.newest(&draft.key)?.and_then(|figure| figure.version).unwrap_or_default() + 1;
        ledger.book.record(Version {
            commune: slug,
            indicator: &draft.key.indicator,
            unit: &draft.key.unit,
            period: draft.key.period,
            version,
            value: observation.value,
            received_at: now,
            evidence: u32::try_from(draft.evidence.len()).unwrap_or(u32::MAX),
            verdict: None,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Home, now};

    fn key(indicator: &str) -> ObservationKey {
        ObservationKey { indicator: indicator.into(), unit: String::new(), period: "2026-10".parse().unwrap() }
    }

    fn value(text: &str) -> Fields {
        Fields { value: text.into(), ..Fields::default() }
    }

    fn ratio(numerator: &str, denominator: &str) -> Fields {
        Fields { numerator: numerator.into(), denominator: denominator.into(), ..Fields::default() }
    }

    fn keep_now(home: &mut Home, code: &str, fields: Fields) {
        keep(&mut home.store, "Lan", now(), vec![(key(code), fields)]).unwrap();
    }

    fn send_now(home: &mut Home, only_sound: bool) -> Sent {
        let (store, mut author) = home.author();
        send(store, &mut author, "2026-10".parse().unwrap(), only_sound).unwrap()
    }

    fn drafts(home: &Home) -> Vec<String> {
        let drafts = home.store.view().drafts("2026-10".parse().unwrap()).unwrap();
        drafts.into_iter().map(|draft| draft.key.indicator).collect()
    }

    #[test]
    fn a_draft_is_kept_as_typed_and_sent_whole() {
        let mut home = Home::ready();
        keep_now(&mut home, "CDS-1", ratio("45", ""));
        keep_now(&mut home, "CDS-2", value("12"));
        keep_now(&mut home, "NONE-1", value("12"));
        assert_eq!(drafts(&home), ["CDS-1", "CDS-2"]);
        let sent = send_now(&mut home, false);
        assert!(sent.recorded.is_empty() && matches!(sent.faults[..], [(_, Fault::NoDenominator)]), "{sent:?}");
        assert_eq!(home.store.view().head().unwrap().seq, 0, "nothing is reported where one cannot be");
        let sent = send_now(&mut home, true);
        assert_eq!((sent.recorded.len(), sent.faults.len()), (1, 1));
        assert_eq!(drafts(&home), ["CDS-1"]);
        keep_now(&mut home, "CDS-1", ratio("45", "60"));
        assert_eq!(send_now(&mut home, false).recorded.len(), 1);
        assert!(drafts(&home).is_empty());
        // What is reported already is no draft; blanks are none either.
        keep_now(&mut home, "CDS-1", ratio("45", "60"));
        keep_now(&mut home, "CDS-3", Fields::default());
        assert!(drafts(&home).is_empty());
    }

    #[test]
    fn what_looks_wrong_asks_for_a_note_first() {
        let mut home = Home::ready();
        home.record("CDS-2", "2026-09", Typed::Value("50".into())).unwrap();
        keep_now(&mut home, "CDS-2", value("40"));
        let sent = send_now(&mut home, false);
        assert!(matches!(sent.faults[..], [(_, Fault::NeedsNote(_))]), "{sent:?}");
        assert_eq!(drafts(&home), ["CDS-2"]);
        keep_now(&mut home, "CDS-2", Fields { note: "Đếm lại".into(), ..value("40") });
        let sent = send_now(&mut home, false);
        assert_eq!((sent.recorded.len(), sent.recorded[0].1.len()), (1, 1), "it is sent, and the doubt is told");
        // The note was about 40.
        keep_now(&mut home, "CDS-2", Fields { note: "Đếm lại".into(), ..value("30") });
        assert!(matches!(send_now(&mut home, false).faults[..], [(_, Fault::NeedsNote(_))]));
    }

    #[test]
    fn files_wait_with_a_draft_and_are_bound_with_it() {
        let mut home = Home::ready();
        let file = |byte: u8| Copied { sha256: [byte; 32], name: format!("{byte}.pdf"), size_bytes: 3 };
        let (store, mut author) = home.author();
        assert_eq!(give(store, &mut author, &key("CDS-2"), vec![file(1)]).unwrap(), Given::Waiting);
        keep_now(&mut home, "CDS-2", value("7"));
        let sent = send_now(&mut home, false);
        let figure = home.store.view().figure(sent.recorded[0].0.change_id).unwrap().unwrap();
        assert_eq!(figure.evidence_count, 1);
        let (store, mut author) = home.author();
        assert_eq!(give(store, &mut author, &key("CDS-2"), vec![file(2)]).unwrap(), Given::Bound);
        assert!(drafts(&home).is_empty());
    }

    #[test]
    fn what_was_reported_reads_back_as_it_was() {
        let mut home = Home::ready();
        for (code, text) in [("CDS-3", "12,1250"), ("CDS-3", "0,125"), ("CDS-1", "85,5")] {
            let recorded = home.value(code, text).unwrap();
            let rulebook = Rulebook::read(home.store.view()).unwrap();
            let again = Fields::of(&recorded.observation).check(&rulebook, &key(code)).unwrap();
            assert_eq!(again, recorded.observation, "{text}");
        }
    }
}
