//! The account of this computer's user: who enters something, unless a name is given.

use shared::observation::MAX_NAME_CHARS;
use std::env;

/// Its name; `unknown` where the system does not tell.
pub fn name() -> String {
    let told = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| env::var(name).ok());
    let name = told.filter(|name| !name.trim().is_empty()).or_else(looked_up);
    name.map_or_else(
        || "unknown".into(),
        |name| name.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect(),
    )
}

/// A service or a scheduled task has no such variables; the system's list of accounts has the name.
#[cfg(unix)]
fn looked_up() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let id = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    name_of(&id, &std::fs::read_to_string("/etc/passwd").ok()?)
}

#[cfg(not(unix))]
fn looked_up() -> Option<String> {
    None
}

#[cfg(unix)]
fn name_of(id: &str, accounts: &str) -> Option<String> {
    let account = accounts.lines().find(|line| line.split(':').nth(2) == Some(id))?;
    account.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_id() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nbroken\nlan:x:1000:1000::/home/lan:/bin/sh\n";
        assert_eq!(name_of("1000", accounts).as_deref(), Some("lan"));
        assert_eq!(name_of("7", accounts), None);
        assert!(!name().is_empty());
    }
}
