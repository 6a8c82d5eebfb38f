//! From the bytes of one record to one event or one reject: the same for both formats.

use annals_core::json::{FieldError, read_object};
use annals_core::lines::Lines;
use annals_core::outside::Outside;
use annals_core::table::Text;
use annals_core::when::Zone;
use annals_core::{Error, Event, ImportRequest, Input, Locator, Out};
use serde_json::{Map, Value};

use crate::fast::{Dry, Fast};
use crate::fields::Fields;
use annals_core::json::scan;

/// How deep serde_json goes.
const MAX_DEPTH: u64 = 127;

/// Reads records.
pub struct Records {
    format: &'static str,
    fields: Fields,
    zone: Option<Zone>,
    raw: bool,
    max_record: usize,
    /// The short way, for records that are spelled as most are.
    fast: Option<Fast>,
    dry: Dry,
    /// The id of a record outside the windows.
    id: String,
}

impl Records {
    pub fn new(format: &'static str, request: &ImportRequest) -> Result<Self, Error> {
        let zone = match request.options.text("zone") {
            None => None,
            Some(name) => Some(Zone::parse(name).ok_or_else(|| {
                Error::new(format!("there is no time zone `{name}`"))
                    .hint("zone= takes an IANA name such as Europe/Berlin, an offset such as +02:00, UTC or floating")
            })?),
        };
        let fields = Fields::new(&request.options)?;
        let fast = Fast::new(&fields, zone);
        Ok(Self {
            format,
            fields,
            zone,
            raw: request.raw,
            max_record: request.max_record,
            fast,
            dry: Dry::default(),
            id: String::new(),
        })
    }

    /// The same without the short way.
    #[cfg(test)]
    pub fn slow(self) -> Self {
        Self { fast: None, ..self }
    }

    /// Passes over lines that come next and lie outside the windows, if the host has any. `true` = the next line is one
    /// that is wanted all the same.
    pub fn pass(&mut self, lines: &mut Lines<Box<dyn Input>>, out: &mut Out<'_>) -> Result<bool, Error> {
        match (out.windows(), &mut self.fast) {
            (Some(windows), Some(fast)) if !self.raw => self.dry.pass(fast, lines, (windows, self.max_record), out),
            _ => Ok(false),
        }
    }

    /// Gives `out` the event that `bytes` say, or rejects them; if it lies outside the windows, and it is not known that
    /// it is `wanted`, only if the host wants it.
    pub fn read(&mut self, bytes: &[u8], at: Locator, wanted: bool, out: &mut Out<'_>) {
        if let Some(fast) = &mut self.fast
            && let Ok(text) = simdutf8::basic::from_utf8(bytes)
        {
            let windows = out.windows().filter(|_| !wanted);
            let columns = out.columns();
            if let Ok(seen) = fast.read(text, at, columns) {
                if let Some(windows) = windows
                    && seen.alone
                    && windows.exclude(&seen.clock.when, seen.clock.local)
                {
                    self.id.clear();
                    self.id.push_str(columns.current(Text::Id).unwrap_or_default());
                    let (offset, line, id) = (at.offset, at.line, Some(self.id.as_str()));
                    let (local_id, floating, row) = (seen.local_id, seen.clock.floating, 0);
                    if !out.outside(Outside { offset, line, id, local_id, floating, row }) {
                        return out.columns().cancel_row();
                    }
                }
                let columns = out.columns();
                if self.raw {
                    columns.raw(bytes);
                    columns.text(Text::RawFormat, self.format);
                }
                return columns.end_row();
            }
            columns.cancel_row();
        }
        match self.event(bytes, at, out) {
            Ok(event) => out.event(event),
            Err((code, text)) => out.reject(at, bytes, code, text),
        }
    }

    /// Rejects a record that was too large to be kept; `bytes` are its beginning.
    pub fn too_large(&self, bytes: &[u8], at: Locator, out: &mut Out<'_>) {
        let text = format!("the record has {} bytes, the limit is {} (--max-record)", at.len, self.max_record);
        out.reject(at, bytes, "too-large", text);
    }

    fn event(&self, bytes: &[u8], at: Locator, out: &mut Out<'_>) -> Result<Event, (&'static str, String)> {
        let text = str::from_utf8(bytes)
            .map_err(|error| ("not-utf8", format!("byte {} of the record is not UTF-8", error.valid_up_to() + 1)))?;
        let map = object(text)?;
        let refuse = |error: FieldError| (error.code, error.sentence());
        let (map, local_id) = self.fields.apply(map, self.zone.as_ref()).map_err(refuse)?;
        let reading = read_object(map, self.zone.as_ref()).map_err(refuse)?;
        let mut event = reading.event;
        if let Some(id) = local_id {
            event = event.local_id(id);
        }
        // A record that brings the claims of others needs none of its own.
        if event.claims.is_empty() {
            event.own_claim();
        }
        if let Some(own) = event.claims.iter_mut().find(|claim| claim.is_own() && claim.locator.is_none()) {
            own.locator = Some(at);
        }
        for repair in reading.repairs {
            out.repair(at, event.id.as_deref(), repair.code, repair.text);
        }
        if self.raw {
            event.raw = Some(bytes.to_vec());
            event.raw_format = Some(self.format.to_owned());
        }
        Ok(event)
    }
}

fn object(text: &str) -> Result<Map<String, Value>, (&'static str, String)> {
    let bad = |error: serde_json::Error| {
        if scan::depth(text.as_bytes()) > MAX_DEPTH {
            return ("too-deep", format!("nested deeper than {MAX_DEPTH} levels"));
        }
        ("bad-json", format!("not JSON: {error}"))
    };
    if text.starts_with('{') {
        return serde_json::from_str(text).map_err(bad);
    }
    let value: Value = serde_json::from_str(text).map_err(bad)?;
    let found = match value {
        Value::Array(_) => "an array",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        _ => "null",
    };
    Err(("not-an-object", format!("an event is an object, not {found}")))
}
