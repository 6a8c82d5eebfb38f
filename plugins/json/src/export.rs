//! Writing: one event a line, with a document around them or without.

use std::collections::HashSet;
use std::io::Write;

use annals_core::json::{RowWriter, write_string};
use annals_core::table::{Rows, Text, plain_text};
use annals_core::{Error, Export, Fact};

/// How much is gathered before it is written.
const CHUNK: usize = 256 << 10;

/// What the host finds out by itself: no facts of a source.
const DERIVED: [&str; 2] = ["zone", "conflict"];

pub fn json(cx: &mut Export<'_>) -> Result<(), Error> {
    let mut text = String::from("{\"annals\":1,\"timeline\":{\"facts\":[");
    for (at, fact) in told(cx).enumerate() {
        if at > 0 {
            text.push(',');
        }
        write_fact(fact, &mut text);
    }
    text.push_str("]},\"events\":[\n");
    events(cx, text, ",\n", "\n]}\n")
}

pub fn jsonl(cx: &mut Export<'_>) -> Result<(), Error> {
    let facts = told(cx).count();
    if facts > 0 {
        let are = if facts == 1 { "fact is" } else { "facts are" };
        let text = format!("{facts} {are} not written: JSONL has no place for the facts of a timeline; json has");
        cx.lossy(None, "facts", text);
    }
    events(cx, String::new(), "\n", "\n")
}

fn told<'a>(cx: &'a Export<'_>) -> impl Iterator<Item = &'a Fact> {
    cx.facts.iter().filter(|fact| !DERIVED.contains(&fact.kind.as_str()))
}

fn write_fact(fact: &Fact, text: &mut String) {
    text.push_str("{\"kind\":");
    write_string(&fact.kind, text);
    text.push_str(",\"key\":");
    write_string(&fact.key, text);
    text.push_str(",\"value\":");
    text.push_str(&fact.value.to_string());
    text.push('}');
}

/// Writes `text`, then all events, with `between` them and `last` behind the last one.
fn events(cx: &mut Export<'_>, mut text: String, between: &str, last: &str) -> Result<(), Error> {
    let conflicts: Vec<Fact> = cx.facts_of("conflict").cloned().collect();
    let conflicts: HashSet<(Option<&str>, Option<&str>)> =
        conflicts.iter().map(|fact| (Some(fact.key.as_str()), fact.value["instance"].as_str())).collect();
    let mut any = false;
    while let Some(batch) = cx.next_batch()? {
        let batch = plain_text(&batch)?;
        let rows = Rows::of(&batch)?;
        let writer = RowWriter::new(&rows);
        for row in 0..rows.len() {
            if any {
                text.push_str(between);
            }
            any = true;
            writer.write(row, &mut text);
            if !conflicts.is_empty() && conflicts.contains(&(rows.text(Text::Id, row), rows.text(Text::Instance, row)))
            {
                text.truncate(text.len() - 1);
                text.push_str(",\"conflict\":true}");
            }
            if text.len() >= CHUNK {
                cx.write_all(text.as_bytes())?;
                text.clear();
                text.shrink_to(CHUNK * 2);
            }
        }
    }
    // Without events there is no line to end.
    text.push_str(if any { last } else { last.trim_start_matches('\n') });
    cx.write_all(text.as_bytes())?;
    Ok(())
}
