//! The folder of one demo, and what lies where.
//!
//! ```text
//! aggregator/                  data folder of province-aggregator
//! aggregator-2/, …             those of further servers; credential/, by which they are asked
//! database.sql                 what was in the database at the end
//! catalogue/                   a copy of the catalogue, with targets for the further communes
//! agents/<slug>/               data folder of each commune-agent
//! figures/<slug>-<period>.csv  what was imported
//! evidence/<slug>/             what was attached
//! reports/                     the reports of the month
//! logs/                        of the background services
//! ```

use crate::failure::Failure;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// The folder. A temporary one goes away with it.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    temporary: Option<TempDir>,
}

impl Folder {
    /// Makes it: the one asked for, which must be empty or absent, or a temporary one.
    ///
    /// # Errors
    /// [`Failure::FolderTaken`], or what the system says.
    pub fn make(asked: Option<&Path>) -> Result<Self, Failure> {
        let folder = match asked {
            Some(asked) => {
                if is_taken(asked)? {
                    return Err(Failure::FolderTaken(asked.to_owned()));
                }
                fs::create_dir_all(asked).map_err(Failure::io(asked))?;
                let root = fs::canonicalize(asked).map_err(Failure::io(asked))?;
                Self { root, temporary: None }
            }
            None => {
                let made = tempfile::Builder::new().prefix("tiendo-demo-").tempdir();
                let made = made.map_err(Failure::io(&std::env::temp_dir()))?;
                Self { root: made.path().to_owned(), temporary: Some(made) }
            }
        };
        for path in ["catalogue", "agents", "figures", "evidence", "reports", "logs"].map(|name| folder.root.join(name))
        {
            fs::create_dir(&path).map_err(Failure::io(&path))?;
        }
        Ok(folder)
    }

    /// Whether it goes away with the demo.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Lets a temporary folder stay, so that its logs can be read.
    pub fn keep(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = temporary.keep();
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Data of the aggregator.
    #[must_use]
    pub fn aggregator(&self) -> PathBuf {
        self.root.join("aggregator")
    }

    /// Data of a further aggregator, from 2.
    #[must_use]
    pub fn further_aggregator(&self, number: usize) -> PathBuf {
        self.root.join(format!("aggregator-{number}"))
    }

    /// What was in the database at the end.
    #[must_use]
    pub fn dump(&self) -> PathBuf {
        self.root.join("database.sql")
    }

    /// The certificate of the staff who ask from afar.
    #[must_use]
    pub fn credential(&self) -> PathBuf {
        self.root.join("credential")
    }

    /// The copy of the catalogue.
    #[must_use]
    pub fn catalogue(&self) -> PathBuf {
        self.root.join("catalogue")
    }

    /// Data of a commune's agent.
    #[must_use]
    pub fn agent(&self, slug: &str) -> PathBuf {
        self.root.join("agents").join(slug)
    }

    /// A commune's figures of a month.
    #[must_use]
    pub fn figures(&self, slug: &str, month: &str) -> PathBuf {
        self.root.join("figures").join(format!("{slug}-{month}.csv"))
    }

    /// A document at hand that no figure has yet.
    #[must_use]
    pub fn spare_evidence(&self, slug: &str) -> PathBuf {
        self.evidence(slug).join("bien-ban.pdf")
    }

    /// A commune's evidence.
    #[must_use]
    pub fn evidence(&self, slug: &str) -> PathBuf {
        self.root.join("evidence").join(slug)
    }

    /// A report.
    #[must_use]
    pub fn paper(&self, name: &str) -> PathBuf {
        self.root.join("reports").join(name)
    }

    /// The log of a background service.
    #[must_use]
    pub fn log(&self, service: &str) -> PathBuf {
        self.root.join("logs").join(format!("{service}.log"))
    }
}

fn is_taken(path: &Path) -> Result<bool, Failure> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::io(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let asked = place.path().join("a/b");
        let folder = Folder::make(Some(&asked)).unwrap();
        assert!(folder.root().join("logs").is_dir() && !folder.is_temporary());
        assert!(matches!(Folder::make(Some(&asked)), Err(Failure::FolderTaken(_))));
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(Folder::make(Some(&file)), Err(Failure::Io { .. })));
    }

    #[test]
    fn a_temporary_folder_goes_away_unless_it_is_kept() {
        let folder = Folder::make(None).unwrap();
        let root = folder.root().to_owned();
        drop(folder);
        assert!(!root.exists());
        let mut folder = Folder::make(None).unwrap();
        folder.keep();
        let root = folder.root().to_owned();
        drop(folder);
        assert!(root.exists());
        fs::remove_dir_all(root).unwrap();
    }
}
