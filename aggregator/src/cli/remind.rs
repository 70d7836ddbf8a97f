//! `remind`: tells the province's staff which communes still miss figures, now.

use super::{Context, Failure, say};
use crate::{reminding::compose, report::figures::Figures, store::Store};
use clap::Args;
use notification::{Notifier, wording::trial};
use shared::calendar::local_day;

/// The command `remind`.
#[derive(Debug, Args)]
pub struct Remind {
    /// Chỉ in ra, không gửi
    #[arg(long)]
    dry_run: bool,
    /// Gửi một tin thử để kiểm tra kết nối
    #[arg(long)]
    trial: bool,
}

impl Remind {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let (plan, now) = (&opened.config.reminders, opened.clock.now());
        let reminders = if self.trial {
            let (_, catalogue) = opened.store.catalogue().await?;
            vec![trial(&catalogue.province.name, context.language, now)]
        } else {
            let figures = Figures::load(&opened.store, local_day(now)).await?;
            let mut composed = compose(&figures, plan, now, context.language);
            composed.retain(|composed| composed.missing > 0);
            // By hand, one of each month: another day of the same month has the same communes.
            composed.dedup_by_key(|composed| composed.period);
            composed.into_iter().map(|composed| composed.reminder).collect()
        };
        if reminders.is_empty() {
            return say(&context.pick(
                "Không xã, phường nào thiếu số liệu của tháng này, không có gì để nhắc.",
                "No commune misses figures of this month, there is nothing to remind of.",
            ));
        }
        for reminder in &reminders {
            say(&format!("{}\n\n{}", reminder.subject, reminder.text))?;
        }
        if self.dry_run {
            return Ok(());
        }
        let notifier = Notifier::open(&plan.settings())?;
        if notifier.channels().is_empty() {
            return Err(Failure::NoWay);
        }
        let mut failed = None;
        for reminder in &reminders {
            for (channel, result) in notifier.deliver(reminder).await {
                match result {
                    Ok(()) => {
                        let name = channel.name(context.language);
                        say(&context.pick(format!("Đã gửi: {name}"), format!("Delivered: {name}")))?;
                    }
                    Err(error) => {
                        say(&error.explain(context.language))?;
                        failed = Some(error);
                    }
                }
            }
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}
