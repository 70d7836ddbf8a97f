//! Entry of figures and evidence: what a person typed becomes a checked observation and is written with its change, or is
//! refused with words that say what to do. Checks and writing share one transaction, so that a session that closes a period
//! at the same moment is either seen or comes after.

mod carrying;

use crate::{
    refusal,
    store::{Store, StoreError, View, Writing, figures::Figure},
};
use chrono::{DateTime, Utc};
use proto::{
    WireError,
    change::{decode, encode},
};
use rand::RngCore;
use shared::{
    amount::{Amount, AmountError},
    catalogue::{Goal, Kind, kind_asked, view::CommuneView},
    change::{Change, Deed, Evidence},
    language::Language,
    observation::{Decision, EntryRules, MAX_NAME_CHARS, Observation, ObservationKey, Refusal, Value},
    period::Period,
    task::Reported,
};
use thiserror::Error;
use uuid::{Builder, Uuid};

/// Who enters something, when, and the randomness for its ids.
pub struct Author<'a> {
    /// Name of the person.
    pub name: &'a str,
    /// The real time; the exercise's offset is added here, never by the caller.
    pub now: DateTime<Utc>,
    /// For change ids.
    pub random: &'a mut dyn RngCore,
}

/// A value as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// One number or word; what it means depends on the kind asked.
    Value(String),
    /// Numerator and denominator.
    Ratio(String, String),
    /// Yes or no.
    Flag(bool),
}

/// A figure as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Indicator code, in any case.
    pub indicator: String,
    /// Unit code, empty for the whole commune.
    pub unit: String,
    /// The period.
    pub period: Period,
    /// The value.
    pub typed: Typed,
    /// Words of explanation.
    pub note: String,
}

/// Why nothing was entered.
#[derive(Debug, Error)]
pub enum EntryError {
    /// No catalogue yet.
    #[error("no catalogue yet")]
    NoCatalogue,
    /// A rule is broken.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// Not a number.
    #[error("not a number: {0}")]
    Number(#[from] AmountError),
    /// A count must be whole.
    #[error("not a whole number: {0:?}")]
    NotWhole(String),
    /// A flag takes yes or no.
    #[error("neither yes nor no: {0:?}")]
    NotYesOrNo(String),
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for EntryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl EntryError {
    /// For the person who entered it: what is wrong and what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::NoCatalogue => language
                .pick(
                    "chưa nhận được danh mục chỉ tiêu: chạy `commune-agent sync` trước",
                    "the catalogue has not arrived yet: run `commune-agent sync` first",
                )
                .into(),
            Self::Refused(refusal) => refusal.explain(language),
            Self::Number(AmountError::NotANumber(text)) => language.pick(
                format!("{text:?} không phải là số: viết 1234 hoặc 12,5, không có dấu phân cách hàng nghìn"),
                format!("{text:?} is not a number: write 1234 or 12.5, without thousands separators"),
            ),
            Self::Number(AmountError::Ambiguous(text)) => language.pick(
                format!("{text} có thể là hàng nghìn hoặc số lẻ: viết liền các chữ số (1000), số lẻ thì thêm một chữ số 0 (1,0000)"),
                format!("{text} may be thousands or decimals: write digits without separators (1000), or one more 0 for decimals (1.0000)"),
            ),
            Self::Number(AmountError::TooLarge(text)) => language.pick(
                format!("{text:?} quá lớn: nhiều nhất 15 chữ số"),
                format!("{text:?} is too large: at most 15 digits"),
            ),
            Self::Number(AmountError::TooFine(text)) => language.pick(
                format!("{text:?} có quá nhiều chữ số thập phân: nhiều nhất 6"),
                format!("{text:?} is too fine: at most 6 decimals"),
            ),
            Self::NotWhole(text) => language.pick(
                format!("{text:?} không phải số nguyên: chỉ tiêu này đếm bằng số nguyên"),
                format!("{text:?} is not whole: this indicator is counted in whole numbers"),
            ),
            Self::NotYesOrNo(text) => language.pick(
                format!("{text:?} không phải có/không: dùng --yes hoặc --no (trong tệp: yes hoặc no)"),
                format!("{text:?} is neither yes nor no: use --yes or --no (in a file: yes or no)"),
            ),
            Self::Store(error) => error.explain(language),
        }
    }

    /// As [`Self::explain`], for people who see the page and know nothing of commands.
    #[must_use]
    pub fn explain_on_page(&self, language: Language) -> String {
        match self {
            Self::NoCatalogue => language
                .pick(
                    "chưa nhận được danh mục chỉ tiêu: mở mục Tình trạng và bấm “Gửi ngay”",
                    "the catalogue has not arrived yet: open Status and press “Send now”",
                )
                .into(),
            Self::Refused(refusal) => refusal::without_commands(refusal, language),
            Self::NotYesOrNo(text) => language.pick(
                format!("{text:?} không phải Có/Không: chọn Có hoặc Không"),
                format!("{text:?} is neither Có (yes) nor Không (no)"),
            ),
            Self::Store(StoreError::NotJoined) => language
                .pick(
                    "máy này chưa tham gia hệ thống: nhờ người quản lý máy dùng mã mời của tỉnh",
                    "this computer has not joined yet: whoever keeps it needs the province's invitation",
                )
                .into(),
            error => error.explain(language),
        }
    }

    /// Whether it is about what was entered, and not about the store.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Store(_))
    }
}

/// What figures are checked against, read once per transaction.
pub struct Rulebook {
    /// The catalogue.
    pub catalogue: CommuneView,
}

impl Rulebook {
    /// The rules that hold now.
    ///
    /// # Errors
    /// [`EntryError::NoCatalogue`] before the first session.
    pub fn read(view: View<'_>) -> Result<Self, EntryError> {
        let catalogue = view.catalogue()?.ok_or(EntryError::NoCatalogue)?;
        Ok(Self { catalogue })
    }

    /// What the commune's plan asks of an indicator: of two targets the first that is scored.
    #[must_use]
    pub fn goal(&self, indicator: &str) -> Option<Goal> {
        goal_of(&self.catalogue, indicator)
    }

    fn rules(&self, key: &ObservationKey) -> EntryRules {
        EntryRules {
            plan_year: self.catalogue.province.plan_year,
            asked: self.kind_asked(&key.indicator),
            unit_known: key.unit.is_empty() || self.catalogue.unit(&key.unit).is_some(),
        }
    }

    /// The kind of value asked of the commune for an indicator or a task; none where there is no such one.
    #[must_use]
    pub fn kind_asked(&self, code: &str) -> Option<Kind> {
        let reported = Reported::of(code);
        match reported.task() {
            Some(task) => self.catalogue.task(task).and_then(|_| reported.kind_of_task()),
            None => {
                let kind = self.catalogue.indicator(code)?.kind;
                Some(self.goal(code).map_or(kind, |goal| kind_asked(kind, goal)))
            }
        }
    }

    /// Whether a figure may be recorded as it is.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn allows(&self, observation: &Observation) -> Result<(), Refusal> {
        self.rules(&observation.key).check(observation)
    }

    /// The catalogue's spelling of an indicator's code typed in any case; for a task's code the code of its progress.
    #[must_use]
    pub fn code(&self, typed: &str) -> String {
        let typed = typed.trim();
        if let Some(indicator) = self.catalogue.indicators.iter().find(|one| one.code.eq_ignore_ascii_case(typed)) {
            return indicator.code.clone();
        }
        let named = Reported::of(typed);
        let task =
            self.catalogue.tasks.iter().find(|task| task.code.eq_ignore_ascii_case(named.task().unwrap_or(typed)));
        match (task, named) {
            (Some(task), Reported::Disbursement(_)) => Reported::Disbursement(&task.code).code(),
            (Some(task), _) => Reported::Progress(&task.code).code(),
            (None, _) => typed.chars().take(40).collect(),
        }
    }

    fn unit(&self, typed: &str) -> String {
        let typed = typed.trim();
        let codes = self.catalogue.units.iter().flat_map(shared::catalogue::Unit::codes);
        let known = codes.into_iter().find(|code| code.eq_ignore_ascii_case(typed));
        known.unwrap_or_else(|| typed.chars().take(40).collect())
    }

    /// The key of a figure, in the catalogue's spelling.
    #[must_use]
    pub fn key(&self, indicator: &str, unit: &str, period: Period) -> ObservationKey {
        ObservationKey { indicator: self.code(indicator), unit: self.unit(unit), period }
    }

    /// Reads and checks a form.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn check(&self, form: &Form) -> Result<Observation, EntryError> {
        let key = self.key(&form.indicator, &form.unit, form.period);
        let rules = self.rules(&key);
        let asked = rules.asked.ok_or_else(|| Refusal::UnknownIndicator(key.indicator.clone()))?;
        let value = value_of(&form.typed, asked)?;
        let observation = Observation { key, value, note: form.note.trim().to_owned() };
        rules.check(&observation)?;
        Ok(observation)
    }
}

/// What a commune's plan asks of an indicator: of two targets the first that is scored.
#[must_use]
pub fn goal_of(catalogue: &CommuneView, indicator: &str) -> Option<Goal> {
    let goals = || catalogue.targets_for(indicator).map(|target| target.goal);
    goals().find(|goal| goal.is_scored()).or_else(|| goals().next())
}

fn value_of(typed: &Typed, asked: Kind) -> Result<Value, EntryError> {
    match typed {
        Typed::Flag(flag) => Ok(Value::Flag(*flag)),
        Typed::Ratio(numerator, denominator) => Ok(Value::Ratio {
            numerator: Amount::from_typed(numerator)?,
            denominator: Amount::from_typed(denominator)?,
        }),
        Typed::Value(text) => match (asked, word(text)) {
            (_, Some(flag)) => Ok(Value::Flag(flag)),
            (Kind::Ratio, None) => Ok(Value::Percent(Amount::from_typed(text.trim().trim_end_matches('%'))?)),
            (Kind::Count, None) => count(text),
            (Kind::Decimal, None) => Ok(Value::Decimal(Amount::from_typed(text)?)),
            (Kind::Flag, None) => match Amount::from_typed(text) {
                Ok(number) => Err(Refusal::WrongKind { asked, given: Value::Decimal(number).kind() }.into()),
                Err(_) => Err(EntryError::NotYesOrNo(text.chars().take(40).collect())),
            },
        },
    }
}

fn word(text: &str) -> Option<bool> {
    match shared::vietnamese::folded(text).as_str() {
        "yes" | "co" => Some(true),
        "no" | "khong" => Some(false),
        _ => None,
    }
}

fn count(text: &str) -> Result<Value, EntryError> {
    let number = Amount::from_typed(text)?;
    if number.is_negative() {
        return Err(Refusal::Negative.into());
    }
    if !number.is_whole() {
        return Err(EntryError::NotWhole(text.trim().chars().take(40).collect()));
    }
    let whole = number.micros() / shared::amount::MICROS;
    Ok(Value::Count(u64::try_from(whole).map_err(|_| Refusal::CountTooLarge)?))
}

/// A figure that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// As stored.
    pub observation: Observation,
    /// Its version.
    pub version: u32,
    /// The version before.
    pub previous: Option<Figure>,
    /// Whether the commune's plan has a target for it.
    pub has_target: bool,
    /// Its change.
    pub change_id: Uuid,
    /// Files of the version before that were bound to it as well, since it says the same.
    pub carried: u32,
}

impl Recorded {
    /// Whether it ends an acceptance of the very same value, so that it has to be reviewed again.
    #[must_use]
    pub fn ends_acceptance(&self) -> bool {
        let accepted = |before: &&Figure| before.verdict.as_ref().is_some_and(|v| v.decision == Decision::Accepted);
        self.previous
            .as_ref()
            .is_some_and(|before| accepted(&before) && before.observation.value == self.observation.value)
    }
}

/// Records one figure.
///
/// # Errors
/// [`EntryError`]; nothing is written then.
pub fn record(store: &mut Store, author: &mut Author<'_>, form: &Form) -> Result<Recorded, EntryError> {
    check_name(author.name)?;
    store.write(|writing| {
        let rulebook = Rulebook::read(writing.view())?;
        let observation = rulebook.check(form)?;
        record_checked(writing, author, &rulebook, observation)
    })
}

/// Records several figures, all of them or none.
///
/// # Errors
/// [`EntryError`]; nothing is written then.
pub fn record_all(store: &mut Store, author: &mut Author<'_>, forms: &[Form]) -> Result<Vec<Recorded>, EntryError> {
    check_name(author.name)?;
    store.write(|writing| {
        let rulebook = Rulebook::read(writing.view())?;
        let mut one = |form| record_checked(writing, author, &rulebook, rulebook.check(form)?);
        forms.iter().map(&mut one).collect()
    })
}

/// Writes a checked figure within a transaction, with the evidence of the version before where it says the same.
pub(crate) fn record_checked(
    writing: &Writing<'_>,
    author: &mut Author<'_>,
    rulebook: &Rulebook,
    observation: Observation,
) -> Result<Recorded, EntryError> {
    let previous = writing.view().newest(&observation.key)?;
    let has_target = rulebook.goal(&observation.key.indicator).is_some();
    let change = change(writing, author, Deed::Recorded(observation.clone()))?;
    let version = writing.record(&change, author.now)?;
    let carried = match &previous {
        Some(previous) => carrying::carry_on(writing, author, (previous, &observation, change.id))?,
        None => 0,
    };
    Ok(Recorded { observation, version, previous, has_target, change_id: change.id, carried })
}

/// A copied file that is to be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The file.
    pub file: Copied,
    /// False when it was bound to this version already.
    pub is_new: bool,
    /// Whether its bytes were given up, and will be sent again.
    pub is_sent_again: bool,
}

/// Finds the newest version of a figure, to bind evidence to it.
///
/// # Errors
/// When there is none.
pub fn figure_for_evidence(view: View<'_>, indicator: &str, unit: &str, period: Period) -> Result<Figure, EntryError> {
    let rulebook = Rulebook::read(view)?;
    let key = rulebook.key(indicator, unit, period);
    if rulebook.kind_asked(&key.indicator).is_none() {
        return Err(Refusal::UnknownIndicator(key.indicator).into());
    }
    Ok(view.newest(&key)?.ok_or(Refusal::UnknownObservation)?)
}

/// Binds files to the newest version of a figure; all of them, or none. Where a reviewer returned that version, a file that it does not
/// have yet makes it a new version first: only that is looked at again (scoring rules 2026.1, "What counts").
///
/// # Errors
/// [`EntryError`]; nothing is written then.
pub fn attach(
    store: &mut Store,
    author: &mut Author<'_>,
    (indicator, unit, period): (&str, &str, Period),
    files: Vec<Copied>,
) -> Result<(Figure, Vec<Attached>), EntryError> {
    check_name(author.name)?;
    store.write(|writing| {
        let mut figure = figure_for_evidence(writing.view(), indicator, unit, period)?;
        let is_returned = figure.verdict.as_ref().is_some_and(|verdict| verdict.decision == Decision::Returned);
        if is_returned {
            let mut lacks = false;
            for file in &files {
                lacks |= !writing.view().has_evidence(figure.change_id, file.sha256)?;
            }
            if lacks {
                let rulebook = Rulebook::read(writing.view())?;
                rulebook.allows(&figure.observation)?;
                let observation = figure.observation.clone();
                record_checked(writing, author, &rulebook, observation)?;
                figure = figure_for_evidence(writing.view(), indicator, unit, period)?;
            }
        }
        let attached = bind(writing, author, &figure, files)?;
        Ok((figure, attached))
    })
}

/// Binds files to a version of a figure within a transaction.
pub(crate) fn bind(
    writing: &Writing<'_>,
    author: &mut Author<'_>,
    figure: &Figure,
    files: Vec<Copied>,
) -> Result<Vec<Attached>, EntryError> {
    let mut attached = Vec::with_capacity(files.len());
    for file in files {
        let is_new = !writing.view().has_evidence(figure.change_id, file.sha256)?;
        // The copy is whole now, whatever became of an earlier one.
        let is_sent_again = writing.want_file_again(file.sha256, file.size_bytes)?;
        if is_new {
            let Copied { sha256, name, size_bytes } = file.clone();
            let evidence = Evidence { observation: figure.change_id, sha256, name, size_bytes };
            let change = change(writing, author, Deed::Attached(evidence))?;
            writing.attach(&change, author.now)?;
        }
        attached.push(Attached { file, is_new, is_sent_again });
    }
    Ok(attached)
}

pub(crate) fn check_name(name: &str) -> Result<(), Refusal> {
    if name.chars().any(char::is_control) {
        return Err(Refusal::TextNotPlain("by"));
    }
    if name.chars().count() > MAX_NAME_CHARS { Err(Refusal::TextTooLong("by")) } else { Ok(()) }
}

pub(crate) fn change(writing: &Writing<'_>, author: &mut Author<'_>, deed: Deed) -> Result<Change, EntryError> {
    let entered_at = writing.view().exercise()?.time(author.now);
    let change = Change { id: new_id(author.now, author.random), entered_at, entered_by: author.name.to_owned(), deed };
    check_readable(&change)?;
    Ok(change)
}

/// What the province could not read is never stored: it could not be taken back.
fn check_readable(change: &Change) -> Result<(), Refusal> {
    decode(&encode(change)).map(drop).map_err(|error| match error {
        WireError::Field { field: field @ ("entered_by" | "name" | "note"), .. } => Refusal::TextNotPlain(field),
        error => error.refusal(),
    })
}

/// A UUID version 7 of an instant.
fn new_id(now: DateTime<Utc>, random: &mut dyn RngCore) -> Uuid {
    let mut bytes = [0; 10];
    random.fill_bytes(&mut bytes);
    Builder::from_unix_timestamp_millis(u64::try_from(now.timestamp_millis()).unwrap_or_default(), &bytes).into_uuid()
}

#[cfg(test)]
mod tests;
