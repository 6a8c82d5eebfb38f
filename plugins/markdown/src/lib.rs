//! The format `markdown`: a chronology to read, as lists under headings. It is written only.

use annals_core::{Error, Export, Exporter, Format, FormatInfo};

mod date;
mod entry;
mod escape;
mod export;
mod group;

#[cfg(test)]
mod tests;

annals_core::plugin! { id: "markdown", version: env!("CARGO_PKG_VERSION"), formats: [Markdown: export] }

/// A chronology.
pub struct Markdown;

impl Format for Markdown {
    const INFO: FormatInfo = FormatInfo {
        name: "markdown",
        summary: "a chronology to read: lists under headings",
        extensions: "md markdown",
        media_types: "text/markdown",
        options: OPTIONS,
        example: "annals merge lectures.ics chronicle.jsonl -o markdown,group=month:chronicle.md",
    };
}

impl Exporter for Markdown {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        export::export(cx)
    }
}

const OPTIONS: &str = r#"{
  "type": "object",
  "properties": {
    "group": { "type": "string", "enum": ["auto", "day", "month", "year"], "default": "auto", "description": "What a heading is for; an event known less precisely stands under its own unit. auto: by the first 200 events, so that a heading has a few of them." },
    "body": { "type": "boolean", "default": true, "description": "Whether the longer texts are written." },
    "claims": { "type": "boolean", "default": true, "description": "Whether the sources are named under each event, with their words." },
    "zone": { "type": "string", "description": "Zone in which zoned times are shown; by default each in its own." }
  }
}"#;
