//! Samples: files of a format that its tests begin with.

use std::fs;
use std::io;
use std::path::Path;

use annals_core::plugin::Options;

use crate::subject::Subject;

/// Larger files are no samples: every test reads each of them many times.
const MAX_BYTES: u64 = 4 << 20;
/// What the name of a file ends with that has the options for the sample of the name before.
const OPTIONS: &str = ".options.json";

/// A file of some format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Its file name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The options to read it with: those of the file `NAME.options.json` beside it, a JSON object.
    pub options: Options,
}

/// The samples in `folder` by name, without hidden files and those of more than 4 MiB. The error says which file.
pub fn read_samples(folder: &Path) -> io::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_sample = !name.starts_with('.') && !name.ends_with(OPTIONS);
        let metadata = fs::metadata(entry.path())?;
        if !is_sample || !metadata.is_file() || metadata.len() > MAX_BYTES {
            continue;
        }
        let options = options_of(&folder.join(format!("{name}{OPTIONS}")))?;
        samples.push(Sample { bytes: fs::read(entry.path())?, name, options });
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(samples)
}

fn options_of(path: &Path) -> io::Result<Options> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Options::default()),
        Err(error) => return Err(error),
    };
    serde_json::from_slice(&text).map(Options).map_err(|error| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        io::Error::new(io::ErrorKind::InvalidData, format!("{name} is not a JSON object: {error}"))
    })
}

/// The samples of one of several formats of a plugin: by the extension, else by what the first bytes say to it.
pub fn samples_of(subject: &dyn Subject, others: &[&dyn Subject], samples: &[Sample]) -> Vec<Sample> {
    let has = |subject: &dyn Subject, sample: &Sample| {
        let extension = Path::new(&sample.name).extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        subject.about().extensions.contains(&extension)
    };
    let head = |sample: &Sample| sample.bytes[..sample.bytes.len().min(64 << 10)].to_vec();
    let is_its = |sample: &&Sample| {
        let named = others.iter().any(|other| has(*other, sample));
        has(subject, sample) || !named && subject.sniff(&head(sample), &sample.name) >= 50
    };
    samples.iter().filter(is_its).cloned().collect()
}
