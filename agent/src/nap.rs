//! How the service sleeps between two looks: one wake-up for each, and a computer that wakes from its own sleep finds it due.
//!
//! On Linux the kernel counts, also while the computer sleeps. The runtime's timer stands still meanwhile, and for one nap of a minute it
//! wakes up to three times, since its wheel turns in steps; it is what is left elsewhere.

use std::time::Duration;

/// Wakes the service.
#[derive(Debug)]
pub struct Alarm {
    #[cfg(target_os = "linux")]
    timer: Option<kernel::Timer>,
}

impl Alarm {
    /// One that is not set. Within the runtime.
    #[must_use]
    pub fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            timer: kernel::Timer::new()
                .inspect_err(|error| tracing::debug!(%error, "the system gives no timer, the runtime's is used"))
                .ok(),
        }
    }

    /// Done after a while. Asked again before that, only the later asking counts.
    pub async fn after(&mut self, nap: Duration) {
        #[cfg(target_os = "linux")]
        if let Some(timer) = &mut self.timer {
            match timer.after(nap).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "the system's timer fails, the runtime's is used"),
            }
        }
        tokio::time::sleep(nap).await;
    }
}

impl Default for Alarm {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use std::{io, time::Duration};
    use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};

    /// The kernel's timer is read as a pipe is: eight bytes once it is due.
    #[derive(Debug)]
    pub struct Timer(Receiver);

    impl Timer {
        pub fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            Ok(Self(Receiver::from_owned_fd_unchecked(timerfd_create(TimerfdClockId::Boottime, flags)?)?))
        }

        pub async fn after(&mut self, nap: Duration) -> io::Result<()> {
            // Nothing at all would turn it off.
            let nap = nap.max(Duration::from_nanos(1));
            let nap = Timespec::try_from(nap).map_err(|_| io::ErrorKind::InvalidInput)?;
            let setting = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: nap };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &setting)?;
            self.0.read_exact(&mut [0; 8]).await.map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    const LONG: Duration = Duration::from_secs(3_600);
    const BOUND: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_nap_ends_and_one_that_was_cut_short_leaves_nothing_behind() {
        let mut alarm = Alarm::new();
        for nap in [Duration::ZERO, Duration::from_millis(2)] {
            timeout(BOUND, alarm.after(nap)).await.unwrap();
        }
        // Woken by something else: set, and not waited for.
        let woken = timeout(Duration::from_millis(1), alarm.after(LONG)).await;
        assert!(woken.is_err());
        timeout(BOUND, alarm.after(Duration::from_millis(2))).await.unwrap();
        // A short one that was due when nobody waited any more does not end a long one.
        let _ = timeout(Duration::ZERO, alarm.after(Duration::from_nanos(1))).await;
        let woken = timeout(Duration::from_millis(5), alarm.after(LONG)).await;
        assert!(woken.is_err());
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn linux_gives_its_timer() {
        assert!(Alarm::new().timer.is_some());
    }
}
