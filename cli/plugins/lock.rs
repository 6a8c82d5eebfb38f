//! `annals-plugins.lock`: which plugins may run here, for runs that must be the same every night.

use std::collections::BTreeMap;
use std::path::Path;

use annals_core::Error;
use serde::{Deserialize, Serialize};

use crate::exit::Trouble;

/// The file, in the folder that annals is started in.
pub const NAME: &str = "annals-plugins.lock";

/// What stands before the plugins.
const HEAD: &str = "# Which plugins may run here. Written by `annals plugin lock`.\n";

/// The plugins that may run, by their ids.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The SHA-256 of each file, in hexadecimal.
    pub plugins: BTreeMap<String, String>,
}

impl Lock {
    /// The lock of this folder, if it has one.
    pub fn find() -> Result<Option<Self>, Trouble> {
        let path = Path::new(NAME);
        let cannot = |cause: String| Trouble::new(format!("cannot read `{NAME}`")).cause(cause);
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map(Some)
                .map_err(|error| cannot(error.message().to_owned()).hint("`annals plugin lock` writes it anew")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cannot(error.to_string())),
        }
    }

    /// Refuses a plugin that is not as it was when the lock was written. The id of a program is not known before it runs.
    pub fn check(&self, id: Option<&str>, sha256: &str) -> Result<(), Error> {
        let locked = match id {
            Some(id) => self.plugins.get(id).is_some_and(|locked| locked == sha256),
            None => self.plugins.values().any(|locked| locked == sha256),
        };
        if locked {
            return Ok(());
        }
        let what = match id.filter(|id| self.plugins.contains_key(*id)) {
            Some(id) => format!("`{id}` is not the file that `{NAME}` has"),
            None => format!("it is not in `{NAME}`"),
        };
        Err(Error::new(what).hint("`annals plugin lock`, with the same `--plugin`, accepts it as it is now"))
    }

    /// Writes it.
    pub fn write(&self) -> Result<(), Trouble> {
        let text = format!("{HEAD}{}", toml::to_string(self).expect("texts"));
        std::fs::write(NAME, text).map_err(|error| Trouble::new(format!("cannot write `{NAME}`")).cause(error))
    }
}
