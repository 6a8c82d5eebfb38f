//! Opens inputs and gives each source its label.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use annals_core::plugin::Input;

use crate::exit::Trouble;
use crate::interrupt;
use crate::registry::Registry;
use crate::spec::Spec;

/// How much of an input the formats get to see when its format is sought.
const HEAD: usize = 64 << 10;

/// One input file or stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The name in claims and notes: never a path.
    pub label: String,
    /// The path, `-` for standard input.
    pub path: String,
    /// Format and options as given.
    pub spec: Spec,
}

impl Source {
    /// How many bytes it has, where that is known before it is read.
    pub fn size(&self) -> Option<u64> {
        let metadata = std::fs::metadata(&self.path).ok().filter(std::fs::Metadata::is_file);
        metadata.filter(|_| self.path != "-").map(|metadata| metadata.len())
    }
}

/// Finds the sources that `inputs` name: files, folders (recursive), globs, `-`. They come in an order that does not
/// depend on the order of the arguments.
pub fn find(inputs: &[String], registry: &Registry) -> Result<Vec<Source>, Trouble> {
    let mut sources = Vec::new();
    for input in inputs {
        let spec = Spec::parse(input, registry);
        for path in expand(&spec, registry)? {
            sources.push(Source { label: String::new(), path, spec: spec.clone() });
        }
    }
    if sources.iter().filter(|source| source.path == "-").count() > 1 {
        return Err(Trouble::new("standard input (`-`) is given twice").hint("it can be read only once"));
    }
    label(&mut sources);
    sources.sort();
    Ok(sources)
}

/// The files of one argument.
fn expand(spec: &Spec, registry: &Registry) -> Result<Vec<String>, Trouble> {
    let path = Path::new(&spec.path);
    if spec.path == "-" || path.is_file() {
        return Ok(vec![spec.path.clone()]);
    }
    if path.is_dir() {
        let mut files = Vec::new();
        walk(path, spec.format.is_some(), registry, &mut files)?;
        if files.is_empty() {
            return Err(Trouble::new(format!("the folder `{}` has no file of a known format", spec.path))
                .hint("name the format to read all of its files: `FORMAT:FOLDER`"));
        }
        return Ok(files);
    }
    if spec.path.contains(['*', '?', '[']) && !path.exists() {
        let bad = |error: &dyn std::fmt::Display| Trouble::new(format!("bad pattern `{}`", spec.path)).cause(error);
        // As in a folder and in a shell: hidden files only where the pattern says so.
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
        let matches = glob::glob_with(&spec.path, options).map_err(|error| bad(&error))?;
        let mut files = Vec::new();
        for found in matches {
            let found = found.map_err(|error| bad(&error))?;
            if found.is_file() {
                files.push(name_of(&found)?);
            }
        }
        if files.is_empty() {
            return Err(Trouble::new(format!("no file matches `{}`", spec.path)));
        }
        return Ok(files);
    }
    // What does not exist, or is a device or pipe, shows itself when it is opened.
    Ok(vec![spec.path.clone()])
}

fn walk(folder: &Path, all: bool, registry: &Registry, files: &mut Vec<String>) -> Result<(), Trouble> {
    let cannot = |error: io::Error| Trouble::new(format!("cannot read the folder `{}`", folder.display())).cause(error);
    let entries: Result<Vec<PathBuf>, io::Error> =
        std::fs::read_dir(folder).and_then(|dir| dir.map(|entry| entry.map(|entry| entry.path())).collect());
    let mut entries = entries.map_err(cannot)?;
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        // A link to a folder is not followed: it may lead in a circle.
        if path.is_dir() && !path.is_symlink() {
            walk(&path, all, registry, files)?;
        } else if path.is_file() {
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
            let mut readable = registry.entries.iter().filter(|entry| entry.format.can_import());
            if all || readable.any(|entry| entry.format.extensions().contains(&extension)) {
                files.push(name_of(&path)?);
            }
        }
    }
    Ok(())
}

/// The path as text: labels, reports and notes are.
fn name_of(path: &Path) -> Result<String, Trouble> {
    let name = path.to_str().map(str::to_owned);
    name.ok_or_else(|| {
        Trouble::new(format!("cannot read `{}`", path.display())).cause("its name is not UTF-8").hint("rename it")
    })
}

/// Labels: `label=`, else the file name, with as many parents as make it unique. One file given twice is one label.
fn label(sources: &mut [Source]) {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources.iter() {
        let absolute = std::path::absolute(&source.path).unwrap_or_else(|_| PathBuf::from(&source.path));
        let names = absolute.iter().map(|part| part.to_string_lossy().into_owned()).rev().collect();
        parts.insert(source.path.clone(), names);
    }
    let named = |names: &[String], count: usize| -> String {
        names.iter().take(count).rev().map(String::as_str).collect::<Vec<_>>().join("/")
    };
    for source in sources.iter_mut() {
        source.label = match source.spec.take("label") {
            Some(label) => label,
            None if source.path == "-" => "-".to_owned(),
            None => {
                let own = &parts[&source.path];
                let unique = |count: &usize| {
                    let name = named(own, *count);
                    parts.values().filter(|names| *names != own).all(|names| named(names, *count) != name)
                };
                let count = (1..own.len()).find(unique).unwrap_or(own.len());
                named(own, count)
            }
        };
    }
}

/// Reads, and goes on after a signal unless the user wants to stop: the input may never end.
fn interruptible(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                if interrupt::requested() {
                    return Err(io::Error::other("interrupted"));
                }
            }
            other => return other,
        }
    }
}

/// An opened input whose head has been read.
pub struct Opened {
    head: Cursor<Vec<u8>>,
    rest: Rest,
    size: Option<u64>,
}

/// What comes after the head.
enum Rest {
    /// Of a regular file, read to its end.
    File(File),
    /// Of anything else.
    Other(Box<dyn Read + Send>),
}

impl Read for Rest {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Other(other) => other.read(buffer),
        }
    }
}

impl Opened {
    /// Opens `path` and reads its head.
    pub fn open(path: &str) -> io::Result<Self> {
        let (mut rest, size) = if path == "-" {
            (Rest::Other(interrupt::stdin()?), None)
        } else {
            let file = File::open(path)?;
            let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len());
            // What is no regular file may never give anything.
            let rest = if size.is_some() { Rest::File(file) } else { Rest::Other(interrupt::watched(file)) };
            (rest, size)
        };
        let mut head = vec![0; HEAD];
        let mut len = 0;
        while len < HEAD {
            match interruptible(&mut rest, &mut head[len..])? {
                0 => break,
                read => len += read,
            }
        }
        head.truncate(len);
        Ok(Self { head: Cursor::new(head), rest, size })
    }

    /// Opens a part of the regular file `path`.
    pub fn part(path: &str, from: u64, to: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(io::SeekFrom::Start(from))?;
        Ok(Self { head: Cursor::default(), rest: Rest::Other(Box::new(file.take(to - from))), size: Some(to - from) })
    }

    /// An input that has been opened elsewhere.
    pub fn input(input: Box<dyn Input>) -> Self {
        let size = input.size();
        Self { head: Cursor::default(), rest: Rest::Other(input), size }
    }

    /// The file itself, at its beginning, if all of one is to be read.
    pub fn into_file(self) -> io::Result<Result<File, Self>> {
        match self.rest {
            Rest::File(mut file) => {
                file.rewind()?;
                Ok(Ok(file))
            }
            Rest::Other(_) => Ok(Err(self)),
        }
    }

    /// Its first bytes.
    pub fn head(&self) -> &[u8] {
        self.head.get_ref()
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.head.read(buffer)? {
            0 => interruptible(&mut self.rest, buffer),
            read => Ok(read),
        }
    }
}

impl Input for Opened {
    fn size(&self) -> Option<u64> {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_as_short_as_they_can_be() {
        let check = |paths: &[&str], expected: &[&str]| {
            let source = |path: &&str| Source { label: String::new(), path: (*path).into(), spec: Spec::default() };
            let mut sources: Vec<Source> = paths.iter().map(source).collect();
            label(&mut sources);
            let labels: Vec<&str> = sources.iter().map(|source| source.label.as_str()).collect();
            assert_eq!(labels, expected);
        };
        check(&["/x/a.ics", "/x/b.ics"], &["a.ics", "b.ics"]);
        check(&["/x/a.ics", "/y/a.ics", "/y/b.ics"], &["x/a.ics", "y/a.ics", "b.ics"]);
        check(&["/x/z/a.ics", "/y/z/a.ics"], &["x/z/a.ics", "y/z/a.ics"]);
        check(&["/x/a.ics", "/x/a.ics"], &["a.ics", "a.ics"]);
        check(&["-", "/x/a.ics"], &["-", "a.ics"]);
    }
}
