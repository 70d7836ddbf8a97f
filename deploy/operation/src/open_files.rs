//! How many files and connections this process may have open: the soft limit that shells give is far below what a service of a province
//! needs when a nation wakes up; the hard one is the administrator's.

/// Connections of agents and browsers, those that wait among them, and the store.
#[cfg(unix)]
const WANTED: u64 = 16_384;

/// Raises the soft limit as far as the hard one lets it; what it is then. Where the system has no such limits, nothing is done.
pub fn allow_many() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let now = getrlimit(Resource::Nofile);
        let wanted = now.maximum.map_or(WANTED, |hard| hard.min(WANTED));
        if now.current.is_none_or(|soft| soft >= wanted) {
            return now.current;
        }
        match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: now.maximum }) {
            Ok(()) => Some(wanted),
            Err(error) => {
                tracing::warn!(%error, "the limit of open files cannot be raised");
                now.current
            }
        }
    }
    #[cfg(not(unix))]
    None
}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    fn it_is_never_less_than_before() {
        let before = super::allow_many();
        assert_eq!(super::allow_many(), before);
        assert!(before.is_none_or(|limit| limit >= 64));
    }
}
