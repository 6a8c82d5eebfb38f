//! Temporary files. They have no name, so that they vanish with the process however it ends; many runs share one, so
//! that few are open.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::SchemaRef;

use crate::exit::Trouble;
use crate::interrupt;
use crate::output::cannot_keep;

/// A file that grows at its end.
pub struct SpillFile {
    folder: PathBuf,
    file: Option<Arc<File>>,
    len: u64,
}

/// A part of a temporary file.
#[derive(Clone)]
pub struct Part {
    file: Arc<File>,
    from: u64,
    to: u64,
}

impl SpillFile {
    /// A file in `folder`, made when something is written.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: None, len: 0 }
    }

    /// Appends what `write` writes.
    pub fn append(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Part, Trouble> {
        let cannot = |error: &io::Error| cannot_keep(&self.folder, error);
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => {
                let file = Arc::new(tempfile::tempfile_in(&self.folder).map_err(|error| cannot(&error))?);
                self.file = Some(Arc::clone(&file));
                file
            }
        };
        let mut out = BufWriter::with_capacity(256 << 10, Appending { file: &file, at: self.len });
        let written = write(&mut out).and_then(|()| out.flush());
        let to = out.get_ref().at;
        // What could not be written is not tried again.
        drop(out.into_parts());
        if interrupt::requested() {
            return Err(Trouble::interrupted());
        }
        written.map_err(|error| cannot(&error))?;
        let from = std::mem::replace(&mut self.len, to);
        Ok(Part { file, from, to })
    }

    /// Appends batches of one schema as an Arrow IPC stream, compressed with LZ4.
    pub fn append_batches(
        &mut self,
        schema: &SchemaRef,
        batches: impl Iterator<Item = Result<RecordBatch, Trouble>>,
    ) -> Result<Part, Trouble> {
        let mut failed = None;
        let part = self.append(|out| {
            let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME));
            let mut writer = options
                .and_then(|options| StreamWriter::try_new_with_options(out, schema, options))
                .map_err(io_error)?;
            for batch in batches {
                match batch {
                    Ok(batch) => writer.write(&batch).map_err(io_error)?,
                    Err(trouble) => {
                        failed = Some(trouble);
                        break;
                    }
                }
                if interrupt::requested() {
                    return Err(io::Error::other("interrupted"));
                }
            }
            writer.finish().map_err(io_error)
        });
        failed.map_or(part, Err)
    }
}

/// What arrow makes of an error of the file.
fn io_error(error: arrow_schema::ArrowError) -> io::Error {
    match error {
        arrow_schema::ArrowError::IoError(_, error) => error,
        other => io::Error::other(other.to_string()),
    }
}

impl Part {
    /// Reads it from its beginning.
    pub fn reader(&self, buffer: usize) -> BufReader<impl Read + use<>> {
        BufReader::with_capacity(buffer, Reading { part: self.clone(), at: self.from })
    }

    /// Reads the batches that [`SpillFile::append_batches`] wrote.
    pub fn batches(&self) -> Result<impl Iterator<Item = Result<RecordBatch, Trouble>> + use<>, Trouble> {
        let damaged = |error: arrow_schema::ArrowError| Trouble::new("cannot read temporary data back").cause(error);
        let reader = StreamReader::try_new(self.reader(8 << 10), None).map_err(damaged)?;
        Ok(reader.map(move |batch| batch.map_err(damaged)))
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.to - self.from
    }
}

struct Appending<'a> {
    file: &'a File,
    at: u64,
}

impl Write for Appending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = write_at(self.file, bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Reading {
    part: Part,
    at: u64,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.part.to - self.at).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = read_at(&self.part.file, &mut buffer[..wanted], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::write_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, at)
}
