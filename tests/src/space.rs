//! A small disk that can be filled up, where this machine gives one: a tmpfs of a few megabytes, which takes root.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tempfile::TempDir;

/// A disk of its own. It is unmounted with this value.
#[derive(Debug)]
pub struct Small {
    place: TempDir,
}

impl Small {
    /// One of so many MiB; none where this machine does not let us.
    ///
    /// # Panics
    /// Without a temporary folder.
    #[must_use]
    pub fn mount(mebibytes: u32) -> Option<Self> {
        let place = tempfile::tempdir().expect("a temporary folder");
        let size = format!("size={mebibytes}m,mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self { place })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Fills it to the last byte; there is room again when the value is dropped.
    ///
    /// # Panics
    /// When it cannot be written to at all.
    #[must_use]
    pub fn fill(&self) -> Full {
        self.fill_but(0)
    }

    /// Fills it and leaves so many bytes free.
    ///
    /// # Panics
    /// When it cannot be written to at all.
    #[must_use]
    pub fn fill_but(&self, free: u64) -> Full {
        let path = self.place.path().join("ballast");
        let mut file = File::create(&path).expect("a file");
        for size in [65_536, 4_096, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        let length = file.metadata().expect("its size").len();
        file.set_len(length.saturating_sub(free)).expect("a shorter file");
        Full(path)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // What still uses it keeps it until it ends.
        let _ = Command::new("umount").arg("-l").arg(self.place.path()).stderr(Stdio::null()).status();
    }
}

/// A full disk.
#[derive(Debug)]
pub struct Full(PathBuf);

impl Drop for Full {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
