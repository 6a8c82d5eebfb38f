//! Where the samples of a library are.

use std::path::{Path, PathBuf};

use annals_plugin_test::read_samples;

use crate::exit::Trouble;

/// How far above the library samples are looked for: `target/TARGET/release/` is three folders deep.
const LEVELS: usize = 5;

/// The folder, and how many samples it has; `None` = there is none.
pub fn find(named: Option<&Path>, library: &Path, id: &str) -> Result<Option<(PathBuf, usize)>, Trouble> {
    let found = match named {
        Some(folder) => Some(folder.to_owned()),
        None => near(library, id),
    };
    let Some(folder) = found else { return Ok(None) };
    let count = read_samples(&folder)
        .map_err(|error| Trouble::new(format!("cannot read the samples in `{}`", folder.display())).cause(error))?
        .len();
    Ok(Some((folder, count)))
}

fn near(library: &Path, id: &str) -> Option<PathBuf> {
    let library = std::path::absolute(library).ok()?;
    let own = |folder: &Path| folder.join("plugins").join(id).join("samples");
    let of = |folder: &Path| [folder.join("samples"), own(folder)].into_iter().find(|samples| samples.is_dir());
    library.ancestors().skip(1).take(LEVELS).find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder() {
        let place = tempfile::tempdir().unwrap();
        let library = place.path().join("target/release/libannals_x.so");
        let check = |make: &str, expected: Option<&str>| {
            std::fs::create_dir_all(place.path().join(make)).unwrap();
            assert_eq!(near(&library, "x"), expected.map(|folder| place.path().join(folder)), "{make}");
        };
        check("target/release", None);
        check("plugins/y/samples", None);
        check("plugins/x/samples", Some("plugins/x/samples"));
        check("samples", Some("samples"));
        check("target/release/samples", Some("target/release/samples"));
    }
}
