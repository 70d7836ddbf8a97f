//! The account that runs a command, as the system knows it: what the surroundings say of it can be set by anyone.

use super::person;

/// Who does something unless `--by` names somebody: the account; behind `sudo`, who asked for it.
pub(super) fn name() -> String {
    let real = real();
    let asked = std::env::var("SUDO_USER").ok().filter(|_| real == "root");
    asked.and_then(|name| person(&name).ok()).unwrap_or(real)
}

/// The real account: its name, or its number where it has none.
pub(super) fn real() -> String {
    let name = number().map(|number| {
        let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        name_of(&number, &accounts).unwrap_or_else(|| format!("uid {number}"))
    });
    name.and_then(|name| person(&name).ok()).unwrap_or_else(|| "local".to_owned())
}

#[cfg(unix)]
fn number() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    Some(std::fs::metadata("/proc/self").ok()?.uid().to_string())
}

#[cfg(not(unix))]
fn number() -> Option<String> {
    None
}

fn name_of(number: &str, accounts: &str) -> Option<String> {
    let account = accounts.lines().find(|line| line.split(':').nth(2) == Some(number))?;
    account.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_by_number() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nbroken\nlan:x:1000:1000::/home/lan:/bin/sh\n";
        assert_eq!(name_of("1000", accounts).as_deref(), Some("lan"));
        assert_eq!(name_of("7", accounts), None);
        assert!(!real().is_empty());
    }
}
