//! `manifest.toml`: what a plugin is, without running it.

use std::collections::BTreeMap;
use std::path::Path;

use annals_core::Error;
use annals_worker::describe::{Description, FormatDescription};
use annals_worker::message::Encoding;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The name of the file.
pub const NAME: &str = "manifest.toml";

/// The platform of a file that runs on all.
pub const ANY: &str = "any";

/// A manifest may have at most as many bytes.
const MAX_SIZE: u64 = 4 << 20;

/// What a plugin is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Manifest {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// How a program wants to be sent events: `jsonl` or `frames`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Its file for each platform (`linux-x86_64`, `any`).
    pub platforms: BTreeMap<String, PlatformFile>,
    /// Its formats.
    #[serde(default)]
    pub formats: Vec<FormatEntry>,
}

/// A plugin's file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlatformFile {
    /// Its name, in the folder of the manifest.
    pub file: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A format.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct FormatEntry {
    name: String,
    summary: String,
    extensions: Vec<String>,
    media_types: Vec<String>,
    /// With what its files begin: a text, or `hex:` and bytes in hexadecimal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    magic: Vec<String>,
    example: String,
    import: bool,
    export: bool,
    check: bool,
    sniff: bool,
    /// A JSON Schema, as text.
    options: String,
}

/// The name of this platform in manifests.
pub fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

impl Manifest {
    /// Of a plugin that has told what it is, with one file.
    pub fn of(description: &Description, platform: String, file: PlatformFile) -> Self {
        let entry = |format: &FormatDescription| {
            let format = format.clone();
            FormatEntry {
                name: format.name,
                summary: format.summary,
                extensions: format.extensions,
                media_types: format.media_types,
                magic: Vec::new(),
                example: format.example,
                import: format.import,
                export: format.export,
                check: format.check,
                sniff: format.sniff,
                options: format.options,
            }
        };
        Self {
            id: description.id.clone(),
            version: description.version.clone(),
            encoding: Some(description.encoding.name().to_owned()),
            platforms: BTreeMap::from([(platform, file)]),
            formats: description.formats.iter().map(entry).collect(),
        }
    }

    /// Reads the manifest in a folder.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(NAME);
        if std::fs::metadata(&path)?.len() > MAX_SIZE {
            return Err(Error::new(format!("its {NAME} is larger than {} MiB", MAX_SIZE >> 20)));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| Error::new(format!("its {NAME}: {error}")))?;
        let manifest: Self = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            Error::new(format!("its {NAME}, line {line}: {}", error.message()))
        })?;
        manifest.description()?;
        Ok(manifest)
    }

    /// As text.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("texts, flags and lists")
    }

    /// The file for this platform.
    pub fn file(&self) -> Result<&PlatformFile, Error> {
        let file = self.platforms.get(&platform()).or_else(|| self.platforms.get(ANY)).ok_or_else(|| {
            let all: Vec<&str> = self.platforms.keys().map(String::as_str).collect();
            Error::new(format!("it has no file for {}, only for {}", platform(), all.join(", ")))
        })?;
        let is_name = !file.file.is_empty() && !file.file.contains(['/', '\\']) && file.file != "..";
        if !is_name {
            return Err(Error::new(format!("its file {:?} does not lie in its folder", file.file)));
        }
        Ok(file)
    }

    /// What it says of the plugin, checked as what the plugin itself says.
    pub fn description(&self) -> Result<Description, Error> {
        let formats = self.formats.iter().map(|format| {
            let options: serde_json::Value = match format.options.as_str() {
                "" => json!({}),
                text => serde_json::from_str(text).unwrap_or(json!(null)),
            };
            // `null` would pass for none.
            let options = if options.is_null() { json!(false) } else { options };
            json!({
                "name": format.name, "summary": format.summary, "extensions": format.extensions,
                "media_types": format.media_types, "options": options, "example": format.example,
                "import": format.import, "export": format.export, "check": format.check, "sniff": format.sniff,
            })
        });
        let encoding = self.encoding.as_deref().unwrap_or(Encoding::Lines.name());
        Description::parse(&json!({
            "id": self.id, "version": self.version, "encoding": encoding, "formats": formats.collect::<Vec<_>>(),
        }))
    }

    /// Whether an input that begins with `head` begins as files of the format with this name do.
    pub fn has_magic(&self, format: &str, head: &[u8]) -> bool {
        let format = self.formats.iter().find(|one| one.name == format);
        format.is_some_and(|format| {
            format.magic.iter().filter_map(|text| magic(text)).any(|magic| head.starts_with(&magic))
        })
    }
}

fn magic(text: &str) -> Option<Vec<u8>> {
    let bytes = match text.strip_prefix("hex:") {
        None => text.as_bytes().to_vec(),
        Some(hex) => {
            let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok());
            pairs
                .map(|pair| u8::from_str_radix(pair.filter(|pair| pair.len() == 2)?, 16).ok())
                .collect::<Option<_>>()?
        }
    };
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let format = FormatDescription {
            name: "x".into(),
            extensions: vec!["a".into()],
            options: r#"{"properties":{}}"#.into(),
            import: true,
            ..FormatDescription::default()
        };
        let description =
            Description { id: "a".into(), version: "1".into(), encoding: Encoding::Frames, formats: vec![format] };
        let file = PlatformFile { file: "libannals_a.so".into(), sha256: "00".into() };
        let manifest = Manifest::of(&description, platform(), file);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), manifest.to_text()).unwrap();
        assert_eq!(Manifest::read(folder.path()), Ok(manifest.clone()));
        assert_eq!(manifest.description(), Ok(description));
    }

    #[test]
    fn a_wrong_manifest_is_told() {
        let check = |text: &str, expected: &str| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(NAME), text).unwrap();
            let read = Manifest::read(folder.path()).and_then(|manifest| manifest.file().cloned());
            let found = read.err().map(|error| error.message).unwrap_or_default();
            assert!(found.starts_with(expected), "{text}: {found}");
        };
        let file = "[platforms.any]\nfile = \"a\"\nsha256 = \"0\"\n";
        check(&format!("id = \"a\"\nversion = \"1\"\n{file}"), "");
        check("id = ", "its manifest.toml, line 1: ");
        check(&format!("version = \"1\"\n{file}"), "its manifest.toml, line 1: missing field `id`");
        check(&format!("id = \"A\"\nversion = \"1\"\n{file}"), "its id \"A\" is not of");
        check("id = \"a\"\nversion = \"1\"\n[platforms.vax]\nfile = \"a\"\nsha256 = \"0\"\n", "it has no file for ");
        let outside = file.replace("\"a\"", "\"../a\"");
        check(&format!("id = \"a\"\nversion = \"1\"\n{outside}"), "its file \"../a\" does not lie in its folder");
        let format = "[[formats]]\nname = \"x\"\noptions = \"no\"\n";
        check(&format!("id = \"a\"\nversion = \"1\"\n{file}{format}"), "format `x` has an options schema");
    }

    #[test]
    fn magic_is_text_or_bytes() {
        let check = |text: &str, expected: Option<&[u8]>| assert_eq!(magic(text).as_deref(), expected, "{text}");
        check("%PDF", Some(b"%PDF"));
        check("hex:00 ff", Some(b"\x00\xff"));
        check("hex:0", None);
        check("hex:zz", None);
        check("", None);
    }
}
