//! The error that crosses the plugin boundary.

/// Why an import or export cannot go on. Trouble with a single record is not an error but a [`crate::note::Note`].
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Byte offset in the input, from 0.
    pub offset: Option<u64>,
    /// Line in the input, from 1.
    pub line: Option<u64>,
    /// Column in bytes, from 1.
    pub column: Option<u64>,
}

impl Error {
    /// An error with a message only.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the place: byte offset from 0, line from 1.
    pub fn at(mut self, offset: u64, line: u64) -> Self {
        self.offset = Some(offset);
        self.line = (line > 0).then_some(line);
        self
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
