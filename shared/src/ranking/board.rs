//! A board: the composite lines of all communes for one scheme, period and scope, kept in ranking order.

use super::{Scheme, Scope};
use crate::{
    achievement::{FULL, Micros, achievement},
    book::{Book, Member, SHARE_UNIT},
    calendar::end_of_day,
    catalogue::{Goal, Rule},
    effective::Effective,
    evaluation::{Proof, State, state_and_counted},
    fraction::Fraction,
    period::Period,
};
use chrono::NaiveDate;
use std::{
    cmp::Reverse,
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{Builder, available_parallelism, scope},
};

/// Fewer communes than these are evaluated sooner than a thread is started.
const COMMUNES_A_THREAD: usize = 500;

/// One target as a scheme sees it.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    /// Number of the indicator.
    pub indicator: u32,
    /// Place among the commune's own targets; none for a provincial standard.
    pub own: Option<u32>,
    /// What is asked.
    pub goal: Goal,
    /// How many targets share the indicator's points; 0 for a target that is not scored.
    pub sharers: u32,
    /// Deadline.
    pub deadline: Option<NaiveDate>,
    /// Whether a completed figure needs evidence.
    pub requires_evidence: bool,
}

/// A target evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluated {
    /// Achievement; none when nothing is reported.
    pub achieved: Option<Micros>,
    /// State.
    pub state: State,
    /// What counts.
    pub counted: Micros,
}

/// A commune's composite line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// Hundredths; none when no points are at stake.
    pub score: Option<i64>,
    /// Targets with a = 1 that counted.
    pub met: u32,
    /// Scored targets.
    pub scored: u32,
    /// Ten-thousandths.
    pub on_time: u32,
    /// Targets counted provisionally.
    pub provisional: u32,
    /// Whether it takes part in the ranking.
    pub ranked: bool,
}

/// What the order goes by, best first.
type Key = (Reverse<i64>, Reverse<u32>, Reverse<u32>);

/// The lines of all communes in order.
#[derive(Debug, Clone)]
pub struct Board {
    scheme: Scheme,
    period: Period,
    scope: Scope,
    /// By indicator: whether this scheme and scope look at it.
    looked_at: Vec<bool>,
    /// By indicator: the best measure among the ranked communes, for indicators with a relative rule.
    best: Vec<Option<Fraction>>,
    lines: Vec<Line>,
    /// Commune numbers of the scope: ranked ones in order, then the others by name.
    order: Vec<u32>,
    ranked: usize,
}

impl Board {
    /// Evaluates all communes.
    #[must_use]
    pub fn new(book: &Book, scheme: Scheme, period: Period, scope: &Scope) -> Self {
        let mut board = Self {
            scheme,
            period,
            scope: scope.clone(),
            looked_at: looked_at(book, scheme, scope),
            best: vec![None; book.indicators().len()],
            lines: Vec::new(),
            order: Vec::new(),
            ranked: 0,
        };
        board.find_best(book);
        board.lines = board.evaluate_lines(book);
        let in_scope = |c: &u32| scope.kind.is_none_or(|kind| book.members()[*c as usize].row.kind == kind);
        let mut order: Vec<u32> = (0..count(book.members().len())).filter(in_scope).collect();
        order.sort_by_cached_key(|c| board.place(book, *c));
        board.ranked = order.iter().filter(|c| board.lines[**c as usize].ranked).count();
        board.order = order;
        board
    }

    /// Brings the board up to date after changes to figures, each named by commune and indicator. A change under a relative
    /// rule touches every commune.
    pub fn refresh(&mut self, book: &Book, touched: &[(u32, u32)]) {
        let relative = |i: u32| self.looked_at[i as usize] && book.indicators()[i as usize].rule == Rule::Relative;
        if touched.iter().any(|(_, indicator)| relative(*indicator)) {
            *self = Self::new(book, self.scheme, self.period, &self.scope);
            return;
        }
        let mut communes: Vec<u32> = touched.iter().map(|(commune, _)| *commune).collect();
        communes.sort_unstable();
        communes.dedup();
        for commune in communes {
            self.refresh_line(book, commune);
        }
    }

    fn refresh_line(&mut self, book: &Book, commune: u32) {
        let line = self.evaluate_line(book, commune);
        if line == self.lines[commune as usize] {
            return;
        }
        let at = self.order.iter().position(|c| *c == commune);
        if let Some(at) = at {
            self.order.remove(at);
        }
        self.lines[commune as usize] = line;
        if at.is_some() {
            let place = self.place(book, commune);
            let to = self.order.partition_point(|c| self.place(book, *c) < place);
            self.order.insert(to, commune);
        }
        self.ranked = self.order.partition_point(|c| self.lines[*c as usize].ranked);
    }

    /// The period it is for.
    #[must_use]
    pub fn period(&self) -> Period {
        self.period
    }

    /// Communes of the scope in ranking order.
    #[must_use]
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// How many communes are ranked.
    #[must_use]
    pub fn ranked(&self) -> usize {
        self.ranked
    }

    /// A commune's line.
    #[must_use]
    pub fn line(&self, commune: u32) -> &Line {
        &self.lines[commune as usize]
    }

    /// A commune's rank: one more than the communes that are strictly better. None when it is not ranked here.
    #[must_use]
    pub fn rank_of(&self, commune: u32) -> Option<u32> {
        let line = &self.lines[commune as usize];
        let ranked = &self.order[..self.ranked];
        let better = ranked.partition_point(|c| key(&self.lines[*c as usize]) < key(line));
        (line.ranked && ranked.get(better).is_some_and(|first| key(&self.lines[*first as usize]) == key(line)))
            .then(|| count(better) + 1)
    }

    /// The rank that a commune would have with another line, the others' being what they are.
    pub(super) fn rank_with(&self, commune: u32, line: &Line) -> Option<u32> {
        let ranked = &self.order[..self.ranked];
        let better = ranked.partition_point(|c| key(&self.lines[*c as usize]) < key(line));
        let is_itself = |c: &u32| *c == commune;
        let in_scope = self.order.iter().any(is_itself);
        (line.ranked && in_scope).then(|| count(better - usize::from(ranked[..better].iter().any(is_itself))) + 1)
    }

    /// The best measure among the ranked communes, for an indicator with a relative rule.
    #[must_use]
    pub fn best(&self, indicator: u32) -> Option<Fraction> {
        self.best[indicator as usize]
    }

    /// The targets of a commune as the scheme sees them, scored or not, in the plan's (or the catalogue's) order.
    pub fn items<'a>(&'a self, book: &'a Book, commune: u32) -> impl Iterator<Item = Item> + 'a {
        let member = &book.members()[commune as usize];
        let (standards, own) = match self.scheme {
            Scheme::Standard => (Some(self.standard_items(book, member)), None),
            Scheme::Own | Scheme::Common => (None, Some(self.own_items(member))),
        };
        standards.into_iter().flatten().chain(own.into_iter().flatten())
    }

    fn standard_items<'a>(&'a self, book: &'a Book, member: &'a Member) -> impl Iterator<Item = Item> + 'a {
        let required = |i: u32| {
            let own = member.evidence.binary_search_by_key(&i, |(indicator, _)| *indicator);
            own.map_or(book.evidence_default[i as usize], |at| member.evidence[at].1)
        };
        let standards = book.indicators().iter().zip(0u32..).filter(|(_, i)| self.looked_at[*i as usize]);
        standards.filter_map(move |(row, i)| {
            let goal = row.standard?;
            let sharers = u32::from(goal.is_scored());
            Some(Item { indicator: i, own: None, goal, sharers, deadline: None, requires_evidence: required(i) })
        })
    }

    fn own_items<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = Item> + 'a {
        let targets = member.targets.iter().zip(0u32..).filter(|(t, _)| self.looked_at[t.indicator as usize]);
        targets.map(|(target, place)| Item {
            indicator: target.indicator,
            own: Some(place),
            goal: target.goal,
            sharers: target.sharers,
            deadline: target.deadline,
            requires_evidence: target.requires_evidence,
        })
    }

    /// Evaluates one item of a commune.
    #[must_use]
    pub fn evaluate(&self, book: &Book, item: Item, effective: Option<&Effective>) -> Evaluated {
        let rule = &book.indicators()[item.indicator as usize].rule;
        let best = self.best[item.indicator as usize];
        let achieved = effective.map(|e| achievement(e.measure, item.goal, rule, best));
        if !item.goal.is_scored() {
            return Evaluated { achieved, state: State::Untracked, counted: 0 };
        }
        let proof = Proof {
            evidence: effective.map_or(0, |e| e.evidence),
            verdict: effective.and_then(|e| e.verdict),
            required: item.requires_evidence,
        };
        let (state, counted) = state_and_counted(achieved, proof);
        Evaluated { achieved, state, counted }
    }

    /// The lines of all communes; those of a nation on all processors.
    fn evaluate_lines(&self, book: &Book) -> Vec<Line> {
        let communes = book.members().len();
        let mut lines = vec![Line::default(); communes];
        let hands = available_parallelism().map_or(1, NonZero::get).min(communes / COMMUNES_A_THREAD + 1);
        let part = communes.div_ceil(hands).max(1);
        let evaluate = |lines: &mut [Line], first: usize| {
            for (line, commune) in lines.iter_mut().zip(count(first)..) {
                *line = self.evaluate_line(book, commune);
            }
        };
        let parts: Vec<Mutex<&mut [Line]>> = lines.chunks_mut(part).map(Mutex::new).collect();
        // Whoever comes first does a part: also where the system gives no other thread.
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((number, part_of_lines)) = {
                let number = next.fetch_add(1, Ordering::Relaxed);
                parts.get(number).map(|lines| (number, lines))
            } {
                evaluate(&mut part_of_lines.lock().unwrap_or_else(PoisonError::into_inner), number * part);
            }
        };
        scope(|threads| {
            for _ in 1..hands {
                // Fails where there are as many threads as may be.
                let _ = Builder::new().spawn_scoped(threads, work);
            }
            work();
        });
        drop(parts);
        lines
    }

    fn evaluate_line(&self, book: &Book, commune: u32) -> Line {
        self.line_with(book, commune, |indicator| book.effective(commune, indicator, self.period))
    }

    /// A commune's line with the effective observations that are given, by number of the indicator.
    pub(super) fn line_with(&self, book: &Book, commune: u32, effective: impl Fn(u32) -> Option<Effective>) -> Line {
        let (mut earned, mut at_stake) = (0i128, 0i128);
        let (mut met, mut scored, mut provisional) = (0, 0, 0);
        for item in self.items(book, commune).filter(|item| item.sharers > 0) {
            let effective = effective(item.indicator);
            let evaluated = self.evaluate(book, item, effective.as_ref());
            let points = book.indicators()[item.indicator as usize].points.micros();
            let weight = points * (SHARE_UNIT / i128::from(item.sharers));
            earned += weight * i128::from(evaluated.counted);
            at_stake += weight * i128::from(FULL);
            scored += 1;
            met += u32::from(evaluated.counted == FULL && evaluated.achieved == Some(FULL));
            provisional += u32::from(evaluated.state == State::AwaitingReview);
        }
        let score = Fraction::new(100 * earned, at_stake).and_then(|score| i64::try_from(score.rounded(2)).ok());
        let ranked = score.is_some() && book.members()[commune as usize].ranked;
        Line { score, met, scored, on_time: self.on_time(book, commune), provisional, ranked }
    }

    /// The share of expected indicators reported on time, in ten-thousandths; none expected counts as all.
    /// Within a group or for one indicator, only its indicators are looked at.
    fn on_time(&self, book: &Book, commune: u32) -> u32 {
        let in_scope = |i: u32| {
            let row = &book.indicators()[i as usize];
            self.scope.group.as_ref().is_none_or(|g| *g == row.group)
                && self.scope.indicator.as_ref().is_none_or(|c| *c == row.code)
        };
        let end = end_of_day(book.cutoff(commune, self.period));
        let expected = book.expected(commune, self.period).filter(|(i, _)| in_scope(*i));
        let (on_time, all) = expected.fold((0i128, 0i128), |(on_time, all), (i, _)| {
            (on_time + i128::from(book.on_time(commune, i, self.period, end)), all + 1)
        });
        Fraction::new(on_time, all).map_or(10_000, |share| u32::try_from(share.rounded(4)).unwrap_or(0))
    }

    fn find_best(&mut self, book: &Book) {
        for (row, i) in book.indicators().iter().zip(0u32..) {
            if row.rule != Rule::Relative {
                continue;
            }
            let ranked = (0..count(book.members().len())).filter(|c| book.members()[*c as usize].ranked);
            let measures = ranked.filter_map(|c| book.effective(c, i, self.period));
            self.best[i as usize] = measures.map(|e| e.measure.as_number()).max();
        }
    }

    /// Where a commune stands: ranked before unranked, then the key, then the name.
    fn place(&self, book: &Book, commune: u32) -> (bool, Key, u32) {
        let line = &self.lines[commune as usize];
        let by_merit = if line.ranked { key(line) } else { (Reverse(0), Reverse(0), Reverse(0)) };
        (!line.ranked, by_merit, book.members()[commune as usize].name_order)
    }
}

fn key(line: &Line) -> Key {
    (Reverse(line.score.unwrap_or(-1)), Reverse(line.met), Reverse(line.on_time))
}

fn looked_at(book: &Book, scheme: Scheme, scope: &Scope) -> Vec<bool> {
    let of_scheme = |i: u32| match scheme {
        Scheme::Own => true,
        Scheme::Common => book.common[i as usize],
        Scheme::Standard => book.indicators()[i as usize].standard.is_some(),
    };
    let of_scope = |row: &crate::tables::IndicatorRow| {
        scope.group.as_ref().is_none_or(|group| *group == row.group)
            && scope.indicator.as_ref().is_none_or(|code| *code == row.code)
    };
    book.indicators().iter().zip(0u32..).map(|(row, i)| of_scope(row) && of_scheme(i)).collect()
}

/// Numbers of communes and indicators fit 32 bits: tables are bounded far below.
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
