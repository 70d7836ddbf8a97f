//! `exception`: another cut-off day for a commune, taken back, listed.

use super::{
    Context, Failure, commune,
    decide::{in_plan_year, reason},
    say, write_out,
};
use crate::{
    decision::{DayFault, check_day},
    report::cli::{Format, render},
    store::{Exception, Store, Withdrawn},
};
use chrono::NaiveDate;
use clap::Args;
use shared::{
    catalogue::{Catalogue, Commune},
    language::Language,
    listing::{Column, Form, Listing},
    period::{Cycle, Period},
};

/// The command `exception`.
#[derive(Debug, Args)]
pub struct ExceptionArgs {
    /// Mã, mã số hoặc tên xã, phường (không cần dấu)
    #[arg(required_unless_present = "list")]
    commune: Option<String>,
    /// Kỳ báo cáo
    #[arg(long, required_unless_present = "list")]
    period: Option<Period>,
    /// Ngày cuối được coi là đúng hạn (YYYY-MM-DD)
    #[arg(long, required_unless_present_any = ["withdraw", "list"])]
    cutoff: Option<NaiveDate>,
    /// Lý do
    #[arg(long, required_unless_present = "list", value_parser = reason)]
    reason: Option<String>,
    /// Rút lại: hạn thường lệ lại có hiệu lực
    #[arg(long, conflicts_with_all = ["cutoff", "list"])]
    withdraw: bool,
    /// Xem các lần gia hạn, của mọi nơi hoặc của một xã, phường, một kỳ
    #[arg(long, conflicts_with_all = ["cutoff", "reason"])]
    list: bool,
    /// Cách in danh sách
    #[arg(long, value_enum, default_value_t = Format::Table, requires = "list")]
    format: Format,
}

impl ExceptionArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let (_, catalogue) = opened.store.catalogue().await?;
        let commune = self.commune.as_deref().map(|typed| commune(&catalogue, typed)).transpose()?;
        if let Some(period) = self.period {
            in_plan_year(&catalogue, period)?;
        }
        if self.list {
            let is_wanted = |one: &Exception| {
                commune.is_none_or(|commune| commune.slug == one.commune)
                    && self.period.is_none_or(|period| period == one.period)
            };
            let mut exceptions = opened.store.exceptions().await?;
            exceptions.retain(is_wanted);
            let listed = list(&catalogue, exceptions, context.language);
            return write_out(&render(&listed, self.format, context.language).map_err(Failure::Output)?);
        }
        let (Some(commune), Some(period), Some(reason)) = (commune, self.period, self.reason) else {
            // The command line sees to it that they are there.
            return Ok(());
        };
        let Some(cutoff) = self.cutoff else {
            let act = context.act(&opened);
            return match opened.store.withdraw_exception(&commune.slug, period, &reason, act).await? {
                Withdrawn::Done => {
                    let usual = commune.calendar(&catalogue.province).cutoff(period);
                    say(&context.pick(
                        format!(
                            "{}: rút gia hạn kỳ {period}, hạn lại là hết ngày {}.",
                            commune.name,
                            usual.format("%d/%m/%Y")
                        ),
                        format!(
                            "{}: the exception for {period} is withdrawn, due by the end of {usual} again.",
                            commune.name
                        ),
                    ))
                }
                Withdrawn::Nothing => Err(Failure::NoException { commune: commune.name.clone(), period }),
                Withdrawn::PeriodClosed => Err(Failure::PeriodClosed(period)),
            };
        };
        check(&catalogue, commune, period, cutoff)?;
        let exception = Exception { commune: commune.slug.clone(), period, cutoff, reason };
        if !opened.store.set_exception(exception, context.act(&opened)).await? {
            return Err(Failure::PeriodClosed(period));
        }
        let name = &commune.name;
        say(&context.pick(
            format!("{name}: kỳ {period} được nộp đến hết ngày {}.", cutoff.format("%d/%m/%Y")),
            format!("{name}: {period} is due by the end of {cutoff}."),
        ))?;
        match other_view(commune, period) {
            None => Ok(()),
            Some(other) => say(&context.pick(
                format!("Chỉ áp dụng khi xem kỳ {period}, không áp dụng khi xem kỳ {other}; muốn cả kỳ đó: province-aggregator exception {} --period {other} --cutoff {cutoff} --reason …", commune.slug),
                format!("It holds where {period} is looked at, not where {other} is; for that as well: province-aggregator exception {} --period {other} --cutoff {cutoff} --reason …", commune.slug),
            )),
        }
    }
}

/// Whether a commune can be given a day.
///
/// # Errors
/// Why not.
fn check(catalogue: &Catalogue, commune: &Commune, period: Period, cutoff: NaiveDate) -> Result<(), Failure> {
    check_day(catalogue, commune, period, cutoff).map_err(|fault| match fault {
        DayFault::NoPlan => Failure::NoPlan(commune.name.clone()),
        DayFault::Outside(from, to) => Failure::CutoffOutside(from, to),
        DayFault::Earlier(usual) => Failure::CutoffEarlier { usual },
    })
}

/// Another period that ends on the same day and in which the same figures are looked at: lists are of months by default, and of a month that
/// ends the commune's own cycle that.
fn other_view(commune: &Commune, period: Period) -> Option<Period> {
    let cycle = if period.cycle() == Cycle::Monthly { commune.cycle? } else { Cycle::Monthly };
    let other = Period::containing(period.last_day(), cycle)?;
    (other != period && other.ends_with(period)).then_some(other)
}

fn list(catalogue: &Catalogue, exceptions: Vec<Exception>, language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let count = exceptions.len();
    let rows = exceptions.into_iter().map(|Exception { commune, period, cutoff, reason }| {
        let known = catalogue.commune(&commune);
        let usual = known.map(|known| known.calendar(&catalogue.province).cutoff(period).to_string());
        let name = known.map_or_else(|| commune.clone(), |known| known.name.clone());
        vec![commune, name, period.to_string(), usual.unwrap_or_default(), cutoff.to_string(), reason]
    });
    Listing {
        title: l("Các lần gia hạn", "Exceptions").to_owned(),
        notes: vec![language.pick(
            format!("{count} lần gia hạn. Rút lại: `exception XÃ --period KỲ --withdraw --reason …`."),
            format!("{count} exceptions. To take one back: `exception COMMUNE --period P --withdraw --reason …`."),
        )],
        columns: vec![
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("period", l("Kỳ", "Period"), Form::Text),
            Column::new("usual", l("Hạn thường lệ", "Usually due"), Form::Day),
            Column::new("cutoff", l("Được nộp đến", "Due"), Form::Day),
            Column::new("reason", l("Lý do", "Reason"), Form::Text),
        ],
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_day_is_given_to_a_commune_with_a_plan_and_never_an_earlier_one() {
        let (catalogue, _) = sample::catalogue();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let october: Period = "2026-10".parse().unwrap();
        let given = |slug: &str, cutoff| check(&catalogue, catalogue.commune(slug).unwrap(), october, day(cutoff));
        given("tan-phu", "2026-10-19").unwrap();
        given("tan-phu", "2026-11-05").unwrap();
        assert!(
            matches!(given("tan-phu", "2026-10-18"), Err(Failure::CutoffEarlier { usual }) if usual == day("2026-10-19"))
        );
        assert!(matches!(given("tan-phu", "2026-09-30"), Err(Failure::CutoffOutside(..))));
        assert!(matches!(given("an-loc", "2026-10-24"), Err(Failure::NoPlan(_))));
    }

    #[test]
    fn the_other_view_of_the_same_figures_is_named() {
        let (catalogue, _) = sample::catalogue();
        let other = |slug: &str, period: &str| {
            other_view(catalogue.commune(slug).unwrap(), period.parse().unwrap()).map(|other| other.to_string())
        };
        for (slug, period, expected) in [
            ("loc-tan", "2026-Q4", Some("2026-12")),
            ("loc-tan", "2026-12", Some("2026-Q4")),
            ("loc-tan", "2026-11", None),
            ("tan-phu", "2026", Some("2026-12")),
            ("tan-phu", "2026-12", None),
        ] {
            assert_eq!(other(slug, period).as_deref(), expected, "{slug} {period}");
        }
    }
}
