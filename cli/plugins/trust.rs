//! Which plugins the user has approved, by the hash of their file.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::exit::Trouble;
use crate::plugins::folders;
use crate::plugins::sealed::Sealed;

/// The user's list.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    approved: Vec<Approved>,
    /// The hash of a file that is approved for this run alone; it is never written.
    pub once: Option<String>,
}

/// A plugin that the user has approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The SHA-256 of its file in hexadecimal.
    pub sha256: String,
    /// The name of the file when it was approved, for people.
    pub name: String,
}

impl Trust {
    /// Reads the list; there need not be one.
    pub fn load() -> Result<Self, Trouble> {
        let Some(path) = path() else { return Ok(Self::default()) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Trouble::new(format!("cannot read `{}`", path.display())).cause(error)),
        };
        let approved = text.lines().filter_map(|line| line.split_once(' '));
        let approved = approved.map(|(sha256, name)| Approved { sha256: sha256.to_owned(), name: name.to_owned() });
        Ok(Self { approved: approved.collect(), once: None })
    }

    /// Writes the list.
    fn save(&self) -> Result<(), Trouble> {
        let path = path().ok_or_else(|| {
            Trouble::new("there is no folder for the list of approved plugins").hint("set HOME or XDG_DATA_HOME")
        })?;
        let cannot = |error: io::Error| Trouble::new(format!("cannot write `{}`", path.display())).cause(error);
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).map_err(cannot)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(cannot)?;
        let lines = self.approved.iter().map(|one| format!("{} {}\n", one.sha256, one.name));
        file.write_all(lines.collect::<String>().as_bytes()).map_err(cannot)?;
        file.persist(&path).map_err(|error| cannot(error.error))?;
        Ok(())
    }

    /// Whether the file with this hash is approved.
    pub fn has(&self, sha256: &str) -> bool {
        self.once.as_deref() == Some(sha256) || self.approved.iter().any(|one| one.sha256 == sha256)
    }

    /// Approves a file. Gives back whether it was not approved before.
    pub fn add(&mut self, file: &Sealed) -> Result<bool, Trouble> {
        if self.has(&file.sha256) {
            return Ok(false);
        }
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().replace(['\n', '\r'], "\u{fffd}");
        self.approved.push(Approved { sha256: file.sha256.clone(), name });
        self.save()?;
        Ok(true)
    }

    /// Takes the approval back from all that `fits`, and gives them back.
    pub fn remove(&mut self, fits: impl Fn(&Approved) -> bool) -> Result<Vec<Approved>, Trouble> {
        let (gone, left) = self.approved.drain(..).partition(|one| fits(one));
        self.approved = left;
        self.save()?;
        Ok(gone)
    }
}

/// The list: a line for each plugin, its SHA-256 and its name.
fn path() -> Option<PathBuf> {
    folders::user_data().map(|folder| folder.join("trusted"))
}
