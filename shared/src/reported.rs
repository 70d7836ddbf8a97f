//! What one commune reported, in memory: of each figure what is kept of its versions, close together. A nation has hundreds of thousands.

use crate::{book::Version, effective::Series, text::Text};
use std::collections::HashMap;

/// Room that is made for further figures, at least.
const LEAST_ROOM: usize = 4;

/// See the module. The indicators are numbered as in the book.
#[derive(Debug, Clone)]
pub(crate) struct CommuneFigures {
    /// One indicator's after the other's.
    series: Vec<Series>,
    /// By indicator: where its own end.
    ends: Box<[u32]>,
    /// Of tasks, by code as reported.
    tasks: HashMap<Box<str>, Vec<Series>>,
}

impl CommuneFigures {
    /// Nothing reported for so many indicators.
    pub(crate) fn none(indicators: usize) -> Self {
        Self { series: Vec::new(), ends: vec![0; indicators].into(), tasks: HashMap::new() }
    }

    /// Those of an indicator, one for each unit and period, in no order.
    pub(crate) fn of(&self, indicator: u32) -> &[Series] {
        let (begin, end) = self.range(indicator);
        &self.series[begin..end]
    }

    /// Those of an indicator, to change.
    pub(crate) fn of_mut(&mut self, indicator: u32) -> &mut [Series] {
        let (begin, end) = self.range(indicator);
        &mut self.series[begin..end]
    }

    /// Those of a task's progress or disbursement, by the code it is reported under.
    pub(crate) fn of_task(&self, code: &str) -> &[Series] {
        self.tasks.get(code).map_or(&[], Vec::as_slice)
    }

    /// The same, to change.
    pub(crate) fn of_task_mut(&mut self, code: &str) -> &mut [Series] {
        self.tasks.get_mut(code).map_or(&mut [], Vec::as_mut_slice)
    }

    /// Takes in one version of an indicator's figure, in any order and any number of times.
    pub(crate) fn record(&mut self, indicator: u32, given: Version<'_>) {
        if let Some(series) = self.of_mut(indicator).iter_mut().find(|series| series.is_of(&given)) {
            series.take(&given);
            return;
        }
        let unit = self.unit(given.unit);
        make_room(&mut self.series);
        let (_, end) = self.range(indicator);
        self.series.insert(end, Series::of(&given, unit));
        for end in &mut self.ends[indicator as usize..] {
            *end += 1;
        }
    }

    /// The same of a task.
    pub(crate) fn record_task(&mut self, given: Version<'_>) {
        let unit = self.unit(given.unit);
        let series = self.tasks.entry(given.indicator.into()).or_default();
        match series.iter_mut().find(|series| series.is_of(&given)) {
            Some(series) => series.take(&given),
            None => {
                series.reserve_exact(1);
                series.push(Series::of(&given, unit));
            }
        }
    }

    /// A unit's code, as it is held already where the unit has reported.
    fn unit(&self, code: &str) -> Text {
        let held = self.series.iter().map(|series| &series.unit).find(|unit| !code.is_empty() && **unit == *code);
        held.cloned().unwrap_or_else(|| code.into())
    }

    fn range(&self, indicator: u32) -> (usize, usize) {
        let place = indicator as usize;
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        (begin as usize, self.ends[place] as usize)
    }
}

/// Room for one more: a little at a time, since most communes report about as much as they have.
fn make_room(series: &mut Vec<Series>) {
    if series.len() == series.capacity() {
        series.reserve_exact(LEAST_ROOM.max(series.len() / 8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{observation::Value, period::Cycle, period::Period};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const INDICATORS: u32 = 5;

    fn version(unit: &str, month: u32, version: u32, count: u64) -> Version<'_> {
        Version {
            commune: "tan-phu",
            indicator: "CDS-1",
            unit,
            period: Period::new(2026, Cycle::Monthly, month).unwrap(),
            version,
            value: Value::Count(count),
            received_at: "2026-10-10T00:00:00Z".parse().unwrap(),
            evidence: 0,
            verdict: None,
        }
    }

    #[test]
    fn a_figure_takes_what_it_needs() {
        // Three hundred thousand of them in a nation's night.
        assert!(size_of::<Series>() <= 72, "{}", size_of::<Series>());
    }

    #[test]
    fn a_unit_is_named_once() {
        let mut figures = CommuneFigures::none(INDICATORS as usize);
        figures.record(3, version("AP-01", 1, 1, 1));
        figures.record(0, version("AP-01", 2, 1, 2));
        let [first, second] = [3, 0].map(|indicator| figures.of(indicator)[0].unit.as_str().as_ptr());
        assert_eq!(first, second);
    }

    proptest! {
        #[test]
        fn whatever_the_order_each_figure_has_its_newest_version(
            given in prop::collection::vec((0..INDICATORS, 0..3usize, 1..4u32, 1..4u32), 0..120),
        ) {
            let units = ["", "AP-01", "VP"];
            let mut figures = CommuneFigures::none(INDICATORS as usize);
            let mut newest: BTreeMap<(u32, &str, u32), u32> = BTreeMap::new();
            for (indicator, unit, month, number) in given {
                let value = u64::from(indicator * 1_000 + month * 100 + number);
                figures.record(indicator, version(units[unit], month, number, value));
                let held = newest.entry((indicator, units[unit], month)).or_default();
                *held = number.max(*held);
            }
            let held = (0..INDICATORS).flat_map(|indicator| {
                figures.of(indicator).iter().map(move |series| {
                    let month = series.period.last_month();
                    let value = u64::from(indicator * 1_000 + month * 100 + series.version);
                    assert_eq!(series.value, Value::Count(value), "{series:?}");
                    ((indicator, series.unit.as_str(), month), series.version)
                })
            });
            prop_assert_eq!(held.collect::<BTreeMap<_, _>>(), newest.clone());
            prop_assert_eq!((0..INDICATORS).map(|indicator| figures.of(indicator).len()).sum::<usize>(), newest.len());
        }
    }
}
