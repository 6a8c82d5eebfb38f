//! One line: `DATE SEPARATOR TITLE`.

use annals_core::{Event, When};

/// Why a line is no event.
pub struct Why {
    /// The same for all lines of its kind.
    pub code: &'static str,
    /// In words, of this line.
    pub text: String,
}

/// Reads a line without its end.
pub fn read(line: &[u8], separator: char) -> Result<Event, Why> {
    let why = |code, text: &str| Why { code, text: text.to_owned() };
    let text = str::from_utf8(line).map_err(|_| why("not-utf8", "the line is not UTF-8"))?;
    let Some((date, title)) = text.split_once(separator) else {
        return Err(why("no-separator", "nothing stands between a date and a title"));
    };
    // EDTF: a day, a month, `2025-08~` or `1667/1668`; what is vague stays so.
    let when = When::parse(date, None).map_err(|error| why("bad-date", &error.message))?;
    if title.is_empty() {
        return Err(why("no-title", "there is no title behind the date"));
    }
    Ok(Event::new().when(when).title(title))
}

/// Writes an event as a line without its end; `None` if it has no date.
pub fn write(event: &Event, separator: char) -> Option<String> {
    let date = event.when.edtf.as_deref()?;
    // A line is one line, whatever the title.
    let title = event.title.as_deref().unwrap_or_default().replace(['\n', '\r'], " ");
    Some(format!("{date}{separator}{title}"))
}
