//! A plugin's file, read once: what was hashed is what runs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use annals_core::Error;
use sha2::{Digest, Sha256};

/// What a plugin's file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A shared library, with the id in its name.
    Library(String),
    /// A program that speaks the worker protocol.
    Program,
}

/// A plugin's file. On Linux a copy of it in memory that nobody can change any more.
pub struct Sealed {
    /// Its path as the user gave it.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code))]
    copy: File,
}

/// A plugin's file may have at most as many bytes.
const MAX_SIZE: u64 = 1 << 30;

impl Sealed {
    /// Reads the file at `path`.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let id = library_id(path);
        // A wrong name is told before a file that is not there.
        if id.is_none() && (!path.is_file() || !is_executable(path)) {
            return Err(Error::new("its name is not that of a plugin")
                .hint("a plugin's file is named `libannals_ID.so`, or is a program that may be executed"));
        }
        if !path.is_file() {
            let what = if path.exists() { "it is not a file" } else { "there is no such file" };
            return Err(Error::new(what));
        }
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        if size > MAX_SIZE {
            return Err(Error::new(format!("it has {size} bytes; a plugin has at most {MAX_SIZE}")));
        }
        let mut copy = room()?;
        let mut hash = Sha256::new();
        let mut block = vec![0; 256 << 10];
        loop {
            match file.read(&mut block) {
                Ok(0) => break,
                Ok(read) => {
                    hash.update(&block[..read]);
                    copy.write_all(&block[..read])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        seal(&copy)?;
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let kind = id.map_or(Kind::Program, Kind::Library);
        let sealed = Self { path: path.to_owned(), kind, sha256, copy };
        #[cfg(target_os = "linux")]
        if matches!(sealed.kind, Kind::Library(_)) {
            crate::load::elf::check(&sealed.open_path())?;
        }
        Ok(sealed)
    }

    /// The path by which this process, and those that it starts, open the bytes that were hashed.
    #[cfg(target_os = "linux")]
    pub fn open_path(&self) -> PathBuf {
        use std::os::fd::AsRawFd;
        format!("/proc/self/fd/{}", self.copy.as_raw_fd()).into()
    }

    /// Elsewhere there is no such copy.
    #[cfg(not(target_os = "linux"))]
    pub fn open_path(&self) -> PathBuf {
        // Without a slash the system's folders would be searched.
        std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    /// The id in the name of a library; a program's name says nothing.
    pub fn id(&self) -> Option<&str> {
        match &self.kind {
            Kind::Library(id) => Some(id),
            Kind::Program => None,
        }
    }

    /// A text of the system or the plugin with the user's name of the file in place of ours.
    pub fn name_in(&self, text: &str) -> String {
        text.replace(&*self.open_path().to_string_lossy(), &self.path.to_string_lossy())
    }
}

/// The id in the name of a library: `libannals_ID.so`, `annals_ID.dll`.
pub fn library_id(path: &Path) -> Option<String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str())?;
    let extension = path.extension().and_then(|extension| extension.to_str())?;
    let name = stem.strip_prefix("lib").unwrap_or(stem);
    let id = name.strip_prefix("annals_").filter(|id| !id.is_empty())?;
    ["so", "dylib", "dll"].contains(&extension).then(|| id.to_owned())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("exe"))
}

/// Room for the copy, in memory. Processes that are started inherit it: it is read-only, and no secret.
#[cfg(target_os = "linux")]
fn room() -> io::Result<File> {
    use std::os::fd::FromRawFd;
    // SAFETY: a name that ends with NUL; the descriptor is ours alone.
    unsafe {
        let fd = libc::memfd_create(c"annals-plugin".as_ptr(), libc::MFD_ALLOW_SEALING);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(File::from_raw_fd(fd)) }
    }
}

#[cfg(target_os = "linux")]
fn seal(copy: &File) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: a call on a descriptor of ours.
    match unsafe { libc::fcntl(copy.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(not(target_os = "linux"))]
fn room() -> io::Result<File> {
    tempfile::tempfile()
}

#[cfg(not(target_os = "linux"))]
fn seal(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_hashed_is_what_is_opened() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let sealed = Sealed::new(&path).unwrap();
        std::fs::write(&path, "#!/bin/evil\n").unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(std::fs::read(sealed.open_path()).unwrap(), b"#!/bin/sh\n");
        // Nobody can change the copy, not even who holds it.
        assert!(
            std::fs::OpenOptions::new()
                .write(true)
                .open(sealed.open_path())
                .and_then(|mut file| file.write_all(b"x"))
                .is_err()
        );
        assert_ne!(Sealed::new(&path).err(), None);
    }

    #[test]
    fn ids_are_in_the_names_of_libraries() {
        let check = |name: &str, id: Option<&str>| assert_eq!(library_id(Path::new(name)).as_deref(), id, "{name}");
        check("/x/libannals_gpx.so", Some("gpx"));
        check("annals_gpx.dll", Some("gpx"));
        check("libannals_gpx.dylib", Some("gpx"));
        check("libannals_.so", None);
        check("libannals_gpx", None);
        check("notes.so", None);
        check("gpx.py", None);
    }
}
