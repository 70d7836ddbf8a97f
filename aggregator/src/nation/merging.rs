//! The figures of all provinces in a period as the inputs of one computation: the newest revision of each province, its communes under
//! `province/commune`. Indicators must count the same everywhere, else nothing is ranked across.

use super::{
    NationError, NationPlace,
    acceptance::{held, open},
    register::{Member, members},
};
use proto::publication::Publication;
use shared::{
    book::Book,
    period::Period,
    ranking::{Before, RankingRow, Scheme, Scope, board::Board, previous_in_year, rank, rows},
    snapshot::all_schemes,
    tables::{IndicatorRow, Inputs, read::ranks},
};

/// What is compared before ranks of a period.
const PREVIOUS: &str = "previous.csv";

/// A period of the nation.
#[derive(Debug)]
pub(super) struct Merged {
    /// The period.
    pub(super) period: Period,
    /// The provinces that published it, each with what it published last.
    pub(super) published: Vec<(Member, Publication)>,
    /// Those that did not.
    pub(super) missing: Vec<Member>,
    /// All of it.
    pub(super) inputs: Inputs,
    /// The rankings of the period before in all schemes, where every one of these provinces published that too.
    pub(super) previous: Option<Vec<u8>>,
}

/// The name of a commune in the nation.
fn across(province: &str, commune: &str) -> String {
    format!("{province}/{commune}")
}

/// What of an indicator decides how it is scored; its words may differ.
fn counts(row: &IndicatorRow) -> impl PartialEq + '_ {
    (row.kind, row.direction, row.cycle, row.rule.clone(), row.points, row.standard)
}

impl Merged {
    /// Puts a period together.
    ///
    /// # Errors
    /// [`NationError`]; nobody published it, or it does not fit together.
    pub(super) fn load(place: &NationPlace, period: Period) -> Result<Self, NationError> {
        let (published, missing) = published(place, period)?;
        let inputs = together(&published)?;
        let previous = match previous_in_year(period) {
            Some(before) => ranked_before(place, before, &published)?,
            None => None,
        };
        Ok(Self { period, published, missing, inputs, previous })
    }

    /// What the rankings are computed from.
    ///
    /// # Errors
    /// The tables do not fit together.
    pub(super) fn book(&self) -> Result<Book, NationError> {
        Ok(Book::new(&self.inputs)?)
    }

    /// The ranking of all communes in a scheme.
    ///
    /// # Errors
    /// The scheme cannot be applied across these catalogues.
    pub(super) fn ranking(&self, book: &Book, scheme: Scheme) -> Result<Vec<RankingRow>, NationError> {
        if scheme == Scheme::Standard {
            self.check_standards()?;
        }
        match &self.previous {
            None => Ok(rank(book, scheme, self.period, &Scope::default())),
            Some(previous) => {
                let before = Before::of_ranks(book, &ranks(PREVIOUS, previous, scheme)?);
                Ok(rows(&Board::new(book, scheme, self.period, &Scope::default()), &before))
            }
        }
    }

    /// The scheme `standard` scores everyone by all standards of the catalogue, so the catalogues must have the same.
    fn check_standards(&self) -> Result<(), NationError> {
        for (member, publication) in &self.published {
            let own = publication.snapshot.inputs()?.indicators;
            let lacks = |row: &&IndicatorRow| row.standard.is_some() && !own.iter().any(|other| other.code == row.code);
            if let Some(row) = self.inputs.indicators.iter().find(lacks) {
                return Err(NationError::NoStandard { province: member.code.clone(), indicator: row.code.clone() });
            }
        }
        Ok(())
    }
}

/// The newest publication of a period of each province, and the provinces that have none.
#[allow(clippy::type_complexity)]
fn published(place: &NationPlace, period: Period) -> Result<(Vec<(Member, Publication)>, Vec<Member>), NationError> {
    let (mut published, mut missing) = (Vec::new(), Vec::new());
    for member in members(place)? {
        let newest = held(place, &member.code)?.into_iter().filter(|one| one.period == period);
        match newest.max_by_key(|one| one.revision) {
            Some(one) => published.push((member.clone(), open(&one, &member)?)),
            None => missing.push(member),
        }
    }
    if published.is_empty() { Err(NationError::Nobody(period)) } else { Ok((published, missing)) }
}

fn together(published: &[(Member, Publication)]) -> Result<Inputs, NationError> {
    let mut all = Inputs::default();
    for (member, publication) in published {
        let (code, head) = (&member.code, &publication.snapshot.head);
        let rules = &published[0].1.snapshot.head.rules;
        if head.rules != *rules {
            return Err(NationError::OtherRules {
                province: code.clone(),
                own: head.rules.clone(),
                rules: rules.clone(),
            });
        }
        let mut inputs = publication.snapshot.inputs()?;
        inputs.communes.iter_mut().for_each(|row| row.slug = across(code, &row.slug));
        inputs.targets.iter_mut().for_each(|row| row.commune = across(code, &row.commune).into());
        inputs.exceptions.iter_mut().for_each(|row| row.commune = across(code, &row.commune));
        inputs.observations.iter_mut().for_each(|row| row.commune = across(code, &row.commune));
        for row in inputs.indicators {
            match all.indicators.iter().find(|known| known.code == row.code) {
                None => all.indicators.push(row),
                Some(known) if counts(known) == counts(&row) => {}
                Some(_) => return Err(NationError::Differs { province: code.clone(), indicator: row.code }),
            }
        }
        all.communes.append(&mut inputs.communes);
        all.targets.append(&mut inputs.targets);
        all.exceptions.append(&mut inputs.exceptions);
        all.observations.append(&mut inputs.observations);
    }
    Ok(all)
}

/// The rankings of the period before, as they are computed from what these provinces published of it.
fn ranked_before(
    place: &NationPlace,
    before: Period,
    now: &[(Member, Publication)],
) -> Result<Option<Vec<u8>>, NationError> {
    let earlier = match published(place, before) {
        Ok((earlier, _)) => earlier,
        Err(NationError::Nobody(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let codes = |of: &[(Member, Publication)]| of.iter().map(|(member, _)| member.code.clone()).collect::<Vec<_>>();
    if codes(&earlier) != codes(now) {
        return Ok(None);
    }
    let book = Book::new(&together(&earlier)?)?;
    Ok(Some(all_schemes(&book, before, |scheme| rank(&book, scheme, before, &Scope::default()))))
}
