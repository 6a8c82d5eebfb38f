//! Writes outputs: beside their place first, into place all at the end, or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::NamedTempFile;

use crate::exit::{Exit, Trouble};

/// The files beside their places that this process has made; their names are random, and are not made twice.
static BESIDE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// An output that has not been put into place yet.
pub struct Pending {
    name: String,
    place: Place,
}

enum Place {
    /// Standard output: kept in a temporary file until everything else is known to be good.
    Stdout(File),
    /// A file, and the one beside it that takes its place.
    File(PathBuf, NamedTempFile),
    /// A pipe or device: written straight, since it cannot be replaced.
    Device(Device),
}

/// A pipe or device. When the reader of a pipe has had enough, the rest goes nowhere: that is its right, and the
/// other outputs go on.
struct Device {
    file: File,
    reader_has_gone: bool,
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.reader_has_gone {
            return Ok(bytes.len());
        }
        match self.file.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_has_gone = true;
                Ok(bytes.len())
            }
            other => other,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Pending {
    /// Prepares to write `path`; `-` is standard output, kept in `temp_dir` until the end.
    pub fn new(path: &str, temp_dir: &Path) -> Result<Self, Trouble> {
        let place = match path {
            "-" => Place::Stdout(tempfile::tempfile_in(temp_dir).map_err(|error| cannot_keep(temp_dir, &error))?),
            _ => Self::beside(path).map_err(|error| Trouble::new(format!("cannot write `{path}`")).cause(&error))?,
        };
        Ok(Self { name: path.to_owned(), place })
    }

    fn beside(path: &str) -> io::Result<Place> {
        // A link is followed: what it leads to is replaced, not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        match fs::metadata(&target) {
            Ok(metadata) if metadata.is_dir() => return Err(io::Error::other("it is a folder")),
            Ok(metadata) if !metadata.is_file() => {
                let file = fs::OpenOptions::new().write(true).open(&target)?;
                return Ok(Place::Device(Device { file, reader_has_gone: false }));
            }
            // A file that may not be written is not replaced either.
            Ok(_) => drop(fs::OpenOptions::new().append(true).open(&target)?),
            Err(_) => {}
        }
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".annals-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The umask takes its part off, as for any new file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder)?;
        BESIDE.lock().unwrap_or_else(PoisonError::into_inner).push(file.path().to_owned());
        Ok(Place::File(target, file))
    }

    /// Where to write.
    fn writer(&mut self) -> &mut (dyn Write + Send) {
        match &mut self.place {
            Place::Stdout(file) => file,
            Place::Device(device) => device,
            Place::File(_, file) => file,
        }
    }

    /// Puts it into place. A file whose bytes would not change is left untouched.
    fn commit(self) -> Result<(), Trouble> {
        let Self { name, place } = self;
        let cannot = |error: io::Error| Trouble::new(format!("cannot write `{name}`")).cause(error);
        match place {
            Place::Device(_) => Ok(()),
            Place::Stdout(mut file) => {
                let copied = file.rewind().and_then(|()| {
                    let mut stdout = io::stdout().lock();
                    io::copy(&mut file, &mut stdout)?;
                    stdout.flush()
                });
                match copied {
                    // The reader has had enough; that is its right.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    other => other.map_err(cannot),
                }
            }
            Place::File(target, mut file) => {
                let old = fs::metadata(&target).ok();
                if old.is_some() && same_bytes(&target, file.as_file_mut()).unwrap_or(false) {
                    return Ok(());
                }
                if let Some(old) = old {
                    keep_owner_and_mode(file.as_file(), &old);
                }
                file.persist(&target).map(drop).map_err(|error| cannot(error.error))
            }
        }
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

/// Removes what is not in its place yet, where the process is about to end without its own doing.
#[cfg(unix)]
pub fn remove_pending() {
    // Whoever holds the lock is in the middle of making one, and the process has no time.
    for path in BESIDE.try_lock().iter().flat_map(|paths| paths.iter()) {
        let _ = fs::remove_file(path);
    }
}

/// Puts all outputs into place: files first, standard output last.
pub fn commit(mut outputs: Vec<Pending>) -> Result<(), Trouble> {
    for output in &mut outputs {
        output
            .writer()
            .flush()
            .map_err(|error| Trouble::new(format!("cannot write `{}`", output.name)).cause(error))?;
    }
    outputs.sort_by_key(|output| matches!(output.place, Place::Stdout(_)));
    outputs.into_iter().try_for_each(Pending::commit)
}

/// Temporary data could not be written.
pub fn cannot_keep(folder: &Path, error: &io::Error) -> Trouble {
    let trouble = Trouble::new(format!("cannot keep temporary data in `{}`", folder.display())).cause(error);
    let trouble = Trouble { ends_run: true, ..trouble };
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            trouble.hint("`--temp-dir DIR` takes another disk, a larger `--memory` needs less of it")
        }
        _ => trouble.hint("`--temp-dir DIR` takes another folder"),
    }
}

/// Refuses two outputs that would be one file.
pub fn check_distinct(paths: &[String]) -> Result<(), Trouble> {
    let place = |path: &String| match (path.as_str(), fs::canonicalize(path)) {
        ("-", _) => PathBuf::from("-"),
        (_, Ok(path)) => path,
        (path, Err(_)) => std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)),
    };
    for (at, path) in paths.iter().enumerate() {
        if paths[..at].iter().any(|other| place(other) == place(path) && !is_device(path)) {
            return Err(Trouble::new(format!("the output `{path}` is given twice")).exit(Exit::Nothing));
        }
    }
    Ok(())
}

/// Whether it is written straight.
pub fn is_device(path: &str) -> bool {
    path != "-" && fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

fn same_bytes(old: &Path, new: &mut File) -> io::Result<bool> {
    let mut old = File::open(old)?;
    if old.metadata()?.len() != new.metadata()?.len() {
        return Ok(false);
    }
    new.rewind()?;
    let (mut a, mut b) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let read = old.read(&mut a)?;
        if read == 0 {
            return Ok(true);
        }
        new.read_exact(&mut b[..read])?;
        if a[..read] != b[..read] {
            return Ok(false);
        }
    }
}

/// As far as the user may: another owner's file keeps its mode at least.
fn keep_owner_and_mode(new: &File, old: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(new, Some(old.uid()), Some(old.gid()));
    }
    let _ = new.set_permissions(old.permissions());
}
