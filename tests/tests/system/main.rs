//! The whole system with real processes. One binary, so that it links once.
#![allow(clippy::unwrap_used, missing_docs)]

mod audit;
mod backup;
mod bad_days;
mod bundle;
mod catalogue;
mod chaos;
mod closing;
mod due;
mod evidence;
mod handbook;
mod identity;
mod month;
mod page;
mod power;
mod promises;
mod readme;
mod refusals;
mod remind;
mod report;
mod restore;
mod review;
mod side_by_side;
mod template;
mod work;
