//! `annals plugin new`

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::args::Global;
use crate::exit::{Exit, Trouble};
use crate::registry::Registry;

/// Write the beginnings of a plugin: a project that builds and passes its tests
///
/// The plugin reads and writes the format NAME, lines of a date and a title, with places, rejects and an option. It has
/// samples, tests with snapshots, and CI. Begin by changing what a line means.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  annals plugin new diary --lang python\n  annals plugin new gpx --lang rust --path plugins/gpx\n  annals plugin new gpx --lang rust --core ~/src/annals"
)]
pub struct NewArgs {
    /// The id of the plugin, and the name of its format: lower-case letters, digits and `_`
    name: String,
    /// What it is written in: a library in Rust, or a program in Python that needs its standard library only
    #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// The folder to make [default: NAME]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
    /// Rust: use annals-core from this checkout of annals
    #[arg(long, value_name = "DIR", conflicts_with_all = ["git", "rev"])]
    core: Option<PathBuf>,
    /// Rust: use annals-core from this repository [default: that of annals, at the tag of this version]
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// Rust: at this commit
    #[arg(long, value_name = "COMMIT")]
    rev: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    Rust,
    Python,
}

/// A file of a template: its path and its text, in both of which words between `@` are replaced.
type File = (&'static str, &'static str);

const SAMPLES: [File; 2] = [
    ("samples/good.@NAME@", include_str!("templates/good.txt")),
    ("samples/bad.@NAME@", include_str!("templates/bad.txt")),
];

const RUST: [File; 11] = [
    ("Cargo.toml", include_str!("templates/rust/Cargo.toml.txt")),
    ("rustfmt.toml", "use_small_heuristics = \"Max\"\n"),
    ("src/lib.rs", include_str!("templates/rust/lib.rs")),
    ("src/line.rs", include_str!("templates/rust/line.rs")),
    ("src/tests.rs", include_str!("templates/rust/tests.rs")),
    ("src/snapshots/annals_@NAME@__tests__good.snap", include_str!("templates/rust/good.snap")),
    ("src/snapshots/annals_@NAME@__tests__bad.snap", include_str!("templates/rust/bad.snap")),
    ("src/snapshots/annals_@NAME@__tests__semicolon.snap", include_str!("templates/rust/semicolon.snap")),
    (".github/workflows/ci.yml", include_str!("templates/rust/ci.yml")),
    (".gitignore", include_str!("templates/rust/gitignore.txt")),
    ("README.md", include_str!("templates/rust/README.md")),
];

const PYTHON: [File; 9] = [
    ("@NAME@.py", include_str!("templates/python/program.py")),
    ("tests/test_@NAME@.py", include_str!("templates/python/test.py")),
    ("tests/snapshots/good.jsonl", include_str!("templates/python/good.jsonl")),
    ("tests/snapshots/bad.jsonl", include_str!("templates/python/bad.jsonl")),
    ("tests/snapshots/semicolon.jsonl", include_str!("templates/python/semicolon.jsonl")),
    ("tests/snapshots/export.jsonl", include_str!("templates/python/export.jsonl")),
    (".github/workflows/ci.yml", include_str!("templates/python/ci.yml")),
    (".gitignore", include_str!("templates/python/gitignore.txt")),
    ("README.md", include_str!("templates/python/README.md")),
];

/// Names whose crate would be called as one that it needs.
const NOT_FOR_RUST: &[&str] = &["core", "plugin_test"];

/// Modules that the program, or Python before it, imports: a program of that name beside them would be taken for them.
const NOT_FOR_PYTHON: &[&str] = &[
    "abc",
    "base64",
    "binascii",
    "codecs",
    "collections",
    "copyreg",
    "datetime",
    "encodings",
    "enum",
    "functools",
    "genericpath",
    "io",
    "keyword",
    "locale",
    "math",
    "ntpath",
    "operator",
    "os",
    "posixpath",
    "re",
    "reprlib",
    "site",
    "sre_compile",
    "sre_constants",
    "sre_parse",
    "stat",
    "struct",
    "sys",
    "time",
    "types",
    "warnings",
];

/// The longest id: it becomes part of file names.
const MAX_NAME: usize = 64;

/// Makes the project.
pub fn run(args: &NewArgs, _: &Global) -> anyhow::Result<Exit> {
    check_name(&args.name, args.lang)?;
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let (core, test) = args.dependencies()?;
    let home = env!("CARGO_PKG_REPOSITORY");
    let words =
        BTreeMap::from([("@NAME@", args.name.as_str()), ("@CORE@", &core), ("@TEST@", &test), ("@HOME@", home)]);
    let files = match args.lang {
        Language::Rust => &RUST[..],
        Language::Python => &PYTHON[..],
    };
    make_folder(&folder)?;
    for (path, text) in files.iter().chain(&SAMPLES) {
        let path = folder.join(replaced(path, &words));
        write(&path, &replaced(text, &words)).map_err(|error| cannot("write", &path, error))?;
    }
    print(args, &folder)?;
    Ok(Exit::Done)
}

fn check_name(name: &str, lang: Language) -> Result<(), Trouble> {
    let refused = |message: String| Trouble::new(format!("`{name}` cannot be the name of a plugin")).cause(message);
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_fine) {
        let like = name.trim().to_lowercase().replace(|letter: char| !letter.is_ascii() || !is_fine(letter as u8), "_");
        let like = like.trim_matches('_');
        let trouble = refused(format!("it is to be of 1 to {MAX_NAME} lower-case letters, digits and `_`"));
        let is_name = !like.is_empty() && like.len() <= MAX_NAME;
        return Err(if is_name { trouble.hint(format!("did you mean `{like}`?")) } else { trouble });
    }
    let built_in = Registry::built_in();
    if built_in.entries.iter().any(|entry| entry.plugin == name || entry.format.name() == name) {
        let trouble = refused("annals has a plugin or format of this name built in".to_owned());
        return Err(
            trouble.hint(format!("choose another, such as `my_{name}`; `annals formats` lists those there are"))
        );
    }
    let taken = match lang {
        Language::Rust if NOT_FOR_RUST.contains(&name) => "its crate would be called as one that it needs",
        Language::Python if NOT_FOR_PYTHON.contains(&name) => "Python would take it for its own module of this name",
        _ => return Ok(()),
    };
    Err(refused(taken.to_owned()).hint(format!("choose another, such as `my_{name}`")))
}

impl NewArgs {
    /// How `Cargo.toml` names the crates `annals-core` and `annals-plugin-test`.
    fn dependencies(&self) -> Result<(String, String), Trouble> {
        let quoted = |text: &str| Value::from(text).to_string();
        let rev = self.rev.as_ref().map(|rev| format!(", rev = {}", quoted(rev)));
        if let Some(core) = &self.core {
            let root = core.canonicalize().map_err(|error| cannot("find", core, error))?;
            if !is_checkout(&root) {
                let trouble = Trouble::new(format!("`{}` is not a checkout of annals", core.display()));
                return Err(trouble.hint("it has the folders `core` and `core/plugin-test`"));
            }
            let path = |folder: &str| {
                let path = root.join(folder);
                let text = path.to_str().map(|text| format!("path = {}", quoted(text)));
                text.ok_or_else(|| Trouble::new(format!("the path `{}` is not UTF-8", path.display())))
            };
            return Ok((path("core")?, path("core/plugin-test")?));
        }
        let tag = format!(", tag = \"v{}\"", env!("CARGO_PKG_VERSION"));
        let at = match (&self.git, rev) {
            (_, Some(rev)) => rev,
            (Some(_), None) => String::new(),
            (None, None) => tag,
        };
        let git = format!("git = {}{at}", quoted(self.git.as_deref().unwrap_or(env!("CARGO_PKG_REPOSITORY"))));
        Ok((git.clone(), git))
    }
}

fn is_checkout(folder: &Path) -> bool {
    folder.join("core/plugin-test/Cargo.toml").is_file()
}

/// The checkout that this program was built from, if it is still there.
fn own_checkout() -> Option<&'static Path> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR"))).filter(|folder| is_checkout(folder))
}

fn cannot(what: &str, path: &Path, error: io::Error) -> Trouble {
    Trouble::new(format!("cannot {what} `{}`", path.display())).cause(error)
}

/// Makes a folder; one that has something in it is refused.
fn make_folder(folder: &Path) -> Result<(), Trouble> {
    if folder.symlink_metadata().is_ok() {
        let entries = fs::read_dir(folder).map_err(|error| cannot("use", folder, error));
        if entries?.next().is_some() {
            let trouble = Trouble::new(format!("the folder `{}` is not empty", folder.display()));
            return Err(trouble.hint("name another with `--path DIR`; nothing is ever overwritten"));
        }
    }
    fs::create_dir_all(folder).map_err(|error| cannot("make", folder, error))
}

fn replaced(text: &str, words: &BTreeMap<&str, &str>) -> String {
    words.iter().fold(text.to_owned(), |text, (word, by)| text.replace(word, by))
}

/// Writes a new file, one with `#!` as a program.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if text.starts_with("#!") { 0o777 } else { 0o666 });
    }
    options.open(path)?.write_all(text.as_bytes())
}

/// What there is now, and what to do next.
fn print(args: &NewArgs, folder: &Path) -> io::Result<()> {
    let (name, mut out) = (&args.name, io::stdout().lock());
    let (language, test, begin) = match args.lang {
        Language::Rust => ("Rust", "cargo test".to_owned(), "src/line.rs".to_owned()),
        Language::Python => ("Python", format!("python3 tests/test_{name}.py"), format!("{name}.py")),
    };
    let dev = format!("annals plugin dev -- merge samples/good.{name}");
    let cd = format!("cd {}", folder.display());
    writeln!(out, "`{}` is a plugin in {language} that reads and writes the format `{name}`", folder.display())?;
    writeln!(out, "\nNext")?;
    for (line, what) in [(&cd, ""), (&test, "the tests"), (&dev, "run annals with it, in a sandbox")] {
        writeln!(out, "{}", format!("  {line:52} {what}").trim_end())?;
    }
    writeln!(out, "\n{begin} says what a line means: begin there. README.md tells the rest.")?;
    let from_checkout = args.lang == Language::Rust && args.core.is_none() && args.git.is_none() && args.rev.is_none();
    if let Some(checkout) = own_checkout().filter(|_| from_checkout) {
        let checkout = checkout.display();
        writeln!(out, "This annals is built from `{checkout}`: `--core {checkout}` makes a plugin that uses it.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, lang: Language, expected: &str| {
            let trouble = check_name(name, lang).expect_err(name);
            let told = format!("{}; {}", trouble.cause.unwrap_or_default(), trouble.hint.unwrap_or_default());
            assert!(told.contains(expected), "{name}: {told}");
        };
        check("My-Format", Language::Rust, "did you mean `my_format`?");
        check(" ical ", Language::Rust, "did you mean `ical`?");
        check("größe", Language::Rust, "did you mean `gr__e`?");
        check("", Language::Rust, "of 1 to 64 lower-case letters, digits and `_`; ");
        check(&"x".repeat(65), Language::Python, "of 1 to 64");
        check("jcal", Language::Python, "built in; choose another, such as `my_jcal`");
        check("core", Language::Rust, "its crate would be called as one that it needs");
        check("datetime", Language::Python, "Python would take it for its own module");
        for (name, lang) in [("datetime", Language::Rust), ("core", Language::Python), ("a_1", Language::Rust)] {
            assert!(check_name(name, lang).is_ok(), "{name}");
        }
    }

    #[test]
    fn every_word_is_replaced() {
        let words = BTreeMap::from([("@NAME@", "x"), ("@CORE@", "x"), ("@TEST@", "x"), ("@HOME@", "x")]);
        for (path, text) in RUST.iter().chain(&PYTHON).chain(&SAMPLES) {
            let text = format!("{path}\n{text}");
            let left = replaced(&text, &words);
            // An action has its version behind an `@`.
            assert!(!left.replace("actions/checkout@v4", "").contains('@'), "{left}");
        }
    }
}
