//! What is typed and not reported yet: kept as it was typed, faults and all, until it is sent. Sending is reporting: the same checks and
//! the same log as every other way of entry.
//!
//! | file | noun |
//! | --- | --- |
//! | `fields` | what was typed, and why it is no figure yet |
//! | `sending` | drafts on their way into the log |

mod fields;
mod sending;

pub use fields::{Fault, Fields};
pub use sending::{Sent, is_explained, send, send_at_once};

use crate::{
    entry::{Author, Copied, EntryError, Rulebook, bind, check_name},
    ledger::Ledger,
    store::{
        Store, StoreError, View, Writing,
        draft::{MAX_DRAFT_FILES, MAX_DRAFTS},
        figures::Figure,
    },
};
use chrono::{DateTime, Utc};
use shared::{
    book::Version,
    observation::{Decision, ObservationKey},
};

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

/// Whether a reviewer returned it.
#[must_use]
pub fn is_returned(figure: &Figure) -> bool {
    figure.verdict.as_ref().is_some_and(|verdict| verdict.decision == Decision::Returned)
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
    use crate::{
        entry::Typed,
        fixture::{Home, now},
    };

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
