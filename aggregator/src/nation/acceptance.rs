//! One more publication of a province: taken when it is signed by an authority that is pinned, computes to what it says, and is the next in
//! the province's chain. What was taken is never changed or removed.

use super::{
    NationError, NationPlace,
    place::{Nation, entries, read, write},
    register::{Member, member, members},
};
use proto::publication::{MAX_FILE_BYTES, Publication, Statement};
use shared::{period::Period, snapshot::Mismatch};
use std::path::{Path, PathBuf};

/// What the file of a publication is called by: its place in the chain, its period and revision.
const SUFFIX: &str = "publication";

/// A publication that lies in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) path: PathBuf,
    pub(super) sequence: u32,
    pub(super) period: Period,
    pub(super) revision: u32,
}

/// A publication that is not what it was when it was taken.
#[derive(Debug)]
pub struct Flawed {
    /// Province id.
    pub province: String,
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: NationError,
}

fn name_of(statement: &Statement) -> String {
    let Statement { sequence, period, revision, .. } = statement;
    format!("{sequence:06}-{period}-{revision}.{SUFFIX}")
}

/// The publications of a province by their names, in the order of its chain.
pub(super) fn held(place: &NationPlace, code: &str) -> Result<Vec<Held>, NationError> {
    let read = |path: PathBuf| {
        let (sequence, rest) = path.file_stem()?.to_str()?.split_once('-')?;
        let (period, revision) = rest.rsplit_once('-')?;
        let (sequence, period, revision) = (sequence.parse().ok()?, period.parse().ok()?, revision.parse().ok()?);
        (path.extension()? == SUFFIX).then_some(Held { path, sequence, period, revision })
    };
    Ok(entries(&place.province(code))?.into_iter().filter_map(read).collect())
}

/// Opens a publication that was taken; its signature is looked at again.
pub(super) fn open(held: &Held, member: &Member) -> Result<Publication, NationError> {
    let publication = Publication::open(&read(&held.path, MAX_FILE_BYTES)?)?;
    if publication.statement.province != member.code {
        return Err(NationError::Misplaced(held.path.clone()));
    }
    publication.check(&member.authorities)?;
    let Statement { sequence, period, revision, .. } = publication.statement;
    if (sequence, period, revision) != (held.sequence, held.period, held.revision) {
        return Err(NationError::Misplaced(held.path.clone()));
    }
    Ok(publication)
}

/// Takes a file, durably; says what it states.
///
/// # Errors
/// [`NationError`] says why it is not taken; nothing is changed then.
pub fn accept(place: &NationPlace, nation: &Nation, file: &Path) -> Result<Statement, NationError> {
    let bytes = read(file, MAX_FILE_BYTES)?;
    let publication = Publication::open(&bytes)?;
    let statement = &publication.statement;
    let province = statement.province.clone();
    let _alone = place.write_alone()?;
    let member = member(place, &province)?.ok_or_else(|| NationError::Unknown(province.clone()))?;
    publication.check(&member.authorities)?;
    if statement.exercise != nation.exercise {
        return Err(NationError::OtherPurpose { province, exercise: statement.exercise });
    }
    follows(statement, &held(place, &province)?, &member)?;
    computes(&publication)?;
    write(&place.province(&province).join(name_of(statement)), &bytes)?;
    Ok(statement.clone())
}

/// Whether everything computes from the frozen inputs to what is stated.
fn computes(publication: &Publication) -> Result<(), NationError> {
    match publication.snapshot.verify(&publication.statement.snapshot).into_iter().next() {
        None => Ok(()),
        Some(Mismatch::Digest) => Err(NationError::Computed("snapshot.txt".into())),
        Some(Mismatch::Table(name, None)) => Err(NationError::Computed(name)),
        Some(Mismatch::Table(name, Some(why))) => Err(NationError::Computed(format!("{name}: {why}"))),
    }
}

/// Whether a statement is the next after those that are held.
fn follows(statement: &Statement, held: &[Held], member: &Member) -> Result<(), NationError> {
    let Statement { province, sequence, period, revision, .. } = statement;
    if let Some(same) = held.iter().find(|one| one.sequence == *sequence) {
        let known = open(same, member)?;
        return Err(match known.statement == *statement {
            true => NationError::Replayed { province: province.clone(), period: *period, revision: *revision },
            false => NationError::Fork { province: province.clone(), sequence: *sequence, held: same.period },
        });
    }
    let head = held.last();
    let next = head.map_or(1, |head| head.sequence + 1);
    if *sequence != next {
        return Err(NationError::Missing { province: province.clone(), from: next, until: sequence.saturating_sub(1) });
    }
    let link = head.map(|head| open(head, member)).transpose()?.map_or([0; 32], |head| head.statement.link());
    if statement.previous != link {
        let held = head.map_or(*period, |head| head.period);
        return Err(NationError::Fork { province: province.clone(), sequence: next.saturating_sub(1), held });
    }
    let before = held.iter().filter(|one| one.period == *period).map(|one| one.revision).max().unwrap_or(0);
    if *revision != before + 1 {
        return Err(NationError::Revision {
            province: province.clone(),
            period: *period,
            held: before,
            came: *revision,
        });
    }
    Ok(())
}

/// Proves everything that is held again: signatures, chains, and that each ranking comes out of its inputs. How many publications.
///
/// # Errors
/// The folder cannot be read.
pub fn verify(place: &NationPlace, nation: &Nation) -> Result<(usize, Vec<Flawed>), NationError> {
    let (mut count, mut flawed) = (0, Vec::new());
    for member in members(place)? {
        let all = held(place, &member.code)?;
        for (at, one) in all.iter().enumerate() {
            count += 1;
            let proved = open(one, &member).and_then(|publication| {
                if publication.statement.exercise != nation.exercise {
                    let (province, exercise) = (member.code.clone(), publication.statement.exercise);
                    return Err(NationError::OtherPurpose { province, exercise });
                }
                follows(&publication.statement, &all[..at], &member)?;
                computes(&publication)
            });
            if let Err(error) = proved {
                flawed.push(Flawed { province: member.code.clone(), path: one.path.clone(), error });
            }
        }
    }
    Ok((count, flawed))
}
