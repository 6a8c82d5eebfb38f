//! `annals formats`

use std::io::Write;

use clap::Args;
use serde_json::Value;

use super::plugin::{print_failed, registry_of_all};
use crate::args::Global;
use crate::exit::Exit;
use crate::registry::Entry;
use crate::report::clean;
use crate::spec::COMMON;

/// List the formats, or tell all about one
#[derive(Args, Debug)]
pub struct FormatsArgs {
    /// The format to tell about
    name: Option<String>,
}

/// Lists or tells.
pub fn run(args: &FormatsArgs, global: &Global) -> anyhow::Result<Exit> {
    let registry = registry_of_all(global)?;
    let mut out = std::io::stdout().lock();
    match &args.name {
        Some(name) => tell(registry.named(name)?, &mut out)?,
        None => {
            for entry in &registry.entries {
                let format = &entry.format;
                let extensions: Vec<String> = format.extensions().iter().map(|e| format!(".{e}")).collect();
                let (name, ways, summary) = (format.name(), ways(entry), format.summary());
                writeln!(out, "{name:10} {ways:10} {:16} {summary} [{}]", extensions.join(" "), entry.describe())?;
            }
        }
    }
    Ok(print_failed(&registry))
}

fn ways(entry: &Entry) -> &'static str {
    match (entry.format.can_import(), entry.format.can_export()) {
        (true, true) => "read/write",
        (true, false) => "read",
        (false, true) => "write",
        (false, false) => "-",
    }
}

fn tell(entry: &Entry, out: &mut dyn Write) -> std::io::Result<()> {
    let format = &entry.format;
    writeln!(out, "{}: {}", format.name(), format.summary())?;
    let checks = if format.can_validate() { ", with rules for `annals check`" } else { "" };
    writeln!(out, "\nways         {}{checks}", ways(entry))?;
    writeln!(out, "extensions   {}", format.extensions().join(" "))?;
    writeln!(out, "media types  {}", format.media_types().join(" "))?;
    writeln!(out, "plugin       {}", entry.describe())?;
    let schema: Value = serde_json::from_str(&format.options()).unwrap_or_default();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    if !properties.is_empty() {
        writeln!(out, "\nOptions")?;
    }
    for (name, property) in &properties {
        let values = match property["enum"].as_array() {
            Some(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
            None => match property["type"].as_str() {
                Some("boolean") => "yes|no".to_owned(),
                Some("integer") => "N".to_owned(),
                _ => "TEXT".to_owned(),
            },
        };
        // A schema may be anybody's.
        let (option, description) = (format!("{name}={values}"), property["description"].as_str().unwrap_or(""));
        writeln!(out, "  {:24} {}", clean(&option), clean(description))?;
    }
    if format.can_import() {
        writeln!(out, "\nOptions of every input")?;
        for (name, text) in COMMON {
            writeln!(out, "  {:24} {text}", format!("{name}=TEXT"))?;
        }
    }
    if !format.example().is_empty() {
        writeln!(out, "\nExample\n  {}", format.example())?;
    }
    Ok(())
}
