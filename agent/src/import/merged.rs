//! Merged regions that go over several rows of the columns that are read, so that each cell finds its own at once, however many there are.

use super::{Column, Places};
use std::collections::BTreeMap;

/// First and last cell, each by row and column.
pub(super) type Region = ((u32, u32), (u32, u32));

/// Of each column: the regions by their first row, each with the one that reaches deepest of those up to it.
pub(super) struct Merged {
    columns: BTreeMap<u32, Vec<(u32, Region)>>,
}

impl Merged {
    pub(super) fn new(regions: &[Region], places: &Places) -> Self {
        let read = Column::ALL.into_iter().filter_map(|column| u32::try_from(places[column as usize]?).ok());
        let columns = read.map(|at| {
            let touching = regions.iter().filter(|((top, left), (bottom, right))| {
                // Cells merged within one row say nothing for another.
                (*left..=*right).contains(&at) && top < bottom
            });
            let mut list: Vec<(u32, Region)> = touching.map(|region| (region.0.0, *region)).collect();
            list.sort_unstable();
            let mut deepest: Option<Region> = None;
            for (_, region) in &mut list {
                let best = deepest.filter(|best| best.1.0 >= region.1.0).unwrap_or(*region);
                (*region, deepest) = (best, Some(best));
            }
            (at, list)
        });
        Self { columns: columns.collect() }
    }

    /// The region that a cell belongs to.
    pub(super) fn at(&self, row: u32, column: u32) -> Option<Region> {
        let list = self.columns.get(&column)?;
        let before = list.partition_point(|(top, _)| *top <= row);
        list[..before].last().map(|(_, region)| *region).filter(|(_, (bottom, _))| *bottom >= row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_cell_finds_a_region_that_covers_it(
            regions in prop::collection::vec(((0u32..12, 0u32..4), (0u32..6, 0u32..3)), 0..12)
        ) {
            let regions: Vec<Region> = regions
                .into_iter()
                .map(|((top, left), (height, width))| ((top, left), (top + height, left + width)))
                .collect();
            let mut places = Places::default();
            (places[Column::Indicator as usize], places[Column::Value as usize]) = (Some(0), Some(2));
            let merged = Merged::new(&regions, &places);
            let covers = |((top, left), (bottom, right)): &Region, row: u32, column: u32| {
                top != bottom && (*top..=*bottom).contains(&row) && (*left..=*right).contains(&column)
            };
            for row in 0..20 {
                for column in [0, 2] {
                    let found = merged.at(row, column);
                    prop_assert!(found.is_none_or(|region| covers(&region, row, column)));
                    prop_assert_eq!(found.is_some(), regions.iter().any(|region| covers(region, row, column)));
                }
                prop_assert!(merged.at(row, 1).is_none(), "a column that is not read");
            }
        }
    }
}
