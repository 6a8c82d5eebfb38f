//! What every story needs: a fresh folder, the program run in it, and its answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

/// The repository.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A fresh folder, in which the program runs with a clean environment.
pub struct Place {
    folder: TempDir,
    /// What the program keeps for its user.
    data: TempDir,
}

/// What a run of the program gave.
#[must_use]
pub struct Run {
    /// The command line, for people.
    pub line: String,
    /// Bytes on standard output.
    pub stdout: Vec<u8>,
    /// Text on standard error.
    pub stderr: String,
    /// The exit code; -1 = ended by a signal.
    pub code: i32,
    /// What stands in a snapshot for what differs between machines.
    hidden: Vec<(String, &'static str)>,
}

impl Place {
    /// A fresh folder.
    pub fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        Self { folder: folder(), data: folder() }
    }

    /// A fresh folder with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let place = Self::new();
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(&path, bytes).expect("a file can be written");
        path
    }

    /// The bytes of a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The text of a file.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("UTF-8")
    }

    /// A file as JSON.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names in it, hidden ones too.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<String> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The program in this folder, with a clean environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
        command.args(args).current_dir(self.folder.path()).env_clear().env("LC_ALL", "C");
        // Nothing of the user's: what is approved lies beside.
        command.env("XDG_DATA_HOME", self.data.path()).env("XDG_DATA_DIRS", self.data.path().join("system"));
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The folder of what the program keeps for its user.
    pub fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// Approves a plugin, so that it is loaded.
    pub fn trust(&self, plugin: &str) {
        let _ = self.run(&["plugin", "trust", plugin]).ok();
    }

    /// Runs the program.
    pub fn run(&self, args: &[&str]) -> Run {
        self.finish(args, self.command(args).output().expect("the program starts"))
    }

    /// Runs the program with these bytes as its standard input.
    pub fn run_with_input(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let output = thread::scope(|scope| {
            // The program may have had enough before the end.
            scope.spawn(move || std::io::Write::write_all(&mut stdin, input).ok());
            child.wait_with_output().expect("the program ends")
        });
        self.finish(args, output)
    }

    /// Makes a [`Run`] of an output.
    pub fn finish(&self, args: &[&str], output: Output) -> Run {
        let folder = self.folder.path();
        let real = folder.canonicalize().expect("a folder");
        let hidden = [(folder, "[TMP]"), (&real, "[TMP]")];
        let mut hidden: Vec<_> = hidden.map(|(path, name)| (path.display().to_string(), name)).into();
        hidden.extend(libraries_folders().iter().map(|path| (path.display().to_string(), "[PLUGIN]")));
        hidden.push((ROOT.to_owned(), "[ROOT]"));
        Run {
            line: format!("annals {}", args.join(" ")).trim_end().to_owned(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
            code: code(output.status),
            hidden,
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

impl Run {
    /// Fails the test unless the program ended with `code`.
    pub fn expect(self, code: i32) -> Self {
        let Self { line, stderr, .. } = &self;
        assert_eq!(self.code, code, "{line}\n{}\n{stderr}", String::from_utf8_lossy(&self.stdout));
        self
    }

    /// Expects exit code 0.
    pub fn ok(self) -> Self {
        self.expect(0)
    }

    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("UTF-8")
    }

    /// Standard output as JSON lines.
    pub fn events(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// The titles of the events on standard output.
    pub fn titles(&self) -> Vec<String> {
        self.events().iter().map(|event| event["title"].as_str().unwrap_or("-").to_owned()).collect()
    }

    /// As [`Run::snapshot`], for what tells of files in `data` too.
    pub fn snapshot_without(mut self, name: &str, data: &Path) {
        self.hidden.insert(0, (data.display().to_string(), "[DATA]"));
        self.snapshot(name);
    }

    /// Locks command line, exit code, standard output and standard error in one snapshot.
    pub fn snapshot(self, name: &str) {
        let mut text = format!("$ {}\nexit {}\n", self.line, self.code);
        for (title, content) in [("stdout", self.text()), ("stderr", self.stderr.as_str())] {
            if !content.is_empty() {
                text.push_str(&format!("---- {title}\n{content}"));
            }
        }
        for (path, name) in &self.hidden {
            text = text.replace(path, name);
        }
        snapshot(name, &without_hashes(&text));
    }
}

/// The text with `[SHA256]` for each hash of a file, which changes with it.
fn without_hashes(text: &str) -> String {
    let hashes = regex::Regex::new(r"\b[0-9a-f]{64}\b").expect("a pattern");
    hashes.replace_all(text, "[SHA256]").into_owned()
}

/// Locks a text under a readable name.
pub fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(ROOT).join("tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Locks bytes in `tests/golden/NAME`; `UPDATE_GENERATED=1` writes them.
pub fn golden(name: &str, bytes: &[u8]) {
    let path = Path::new(ROOT).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        fs::write(&path, bytes).expect("a golden file can be written");
    }
    let hint = "is not what it was; UPDATE_GENERATED=1 accepts the new bytes";
    let golden = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; {hint}", path.display()));
    let at = golden.iter().zip(bytes).position(|(a, b)| a != b).unwrap_or(golden.len().min(bytes.len()));
    let around =
        |bytes: &[u8]| String::from_utf8_lossy(&bytes[at.saturating_sub(80)..bytes.len().min(at + 80)]).into_owned();
    let (was, is) = (around(&golden), around(bytes));
    assert!(golden == bytes, "{name} {hint}; at byte {at}:\n was: {was}\n is:  {is}");
}

/// Asserts the account equation for every source, the total and every output of a report.
pub fn assert_balanced(report: &Value) {
    let number = |account: &Value, key: &str| account[key].as_u64().unwrap_or_else(|| panic!("{key} of {account}"));
    let sources = report["sources"].as_array().expect("sources");
    for account in sources.iter().chain([report]) {
        let of = |key| number(account, key);
        let right = of("kept") + of("merged") + of("filtered") + of("rejected");
        assert_eq!(of("read") + of("expanded"), right, "{account:#}");
    }
    for key in ["read", "expanded", "kept", "merged", "filtered", "rejected"] {
        let sum: u64 = sources.iter().map(|source| number(source, key)).sum();
        assert_eq!(number(report, key), sum, "{key} in total");
    }
    for output in report["outputs"].as_array().expect("outputs") {
        let of = |key| number(output, key);
        assert_eq!(number(report, "kept"), of("written") + of("filtered") + of("omitted"), "{output:#}");
    }
}

/// Where cargo leaves the plugins' libraries: beside the test program, or one folder up.
pub fn libraries_folders() -> Vec<PathBuf> {
    let program = std::env::current_exe().expect("the test program has a path");
    program.ancestors().skip(1).take(2).map(Path::to_owned).collect()
}

/// The library of a plugin of this repository.
pub fn library(id: &str) -> String {
    let name = format!("{}annals_{id}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let found = libraries_folders().into_iter().map(|folder| folder.join(&name)).find(|path| path.is_file());
    let found = found.unwrap_or_else(|| panic!("{name} is not built; `cargo test` in the repository's root builds it"));
    found.into_os_string().into_string().expect("UTF-8")
}

/// The arguments that carry a plugin from `library`: the one place that chooses how.
pub fn with_plugin(library: &str) -> Vec<String> {
    ["--plugin", library].map(str::to_owned).into()
}

/// Makes the library `libannals_NAME.so` of `tests/plugins/NAME.c`.
#[cfg(target_os = "linux")]
pub fn compile(place: &Place, name: &str) {
    let source = Path::new(ROOT).join("tests/plugins").join(format!("{name}.c"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(place.path(&format!("libannals_{name}.so"))).arg(source);
    let built = compiler.arg("-I").arg(Path::new(ROOT).join("core/include")).status();
    assert!(built.expect("a C compiler, `cc`").success(), "{name}.c");
}

/// The samples of all plugins: (plugin, path), sorted.
pub fn samples() -> Vec<(String, PathBuf)> {
    let mut samples = Vec::new();
    for plugin in fs::read_dir(Path::new(ROOT).join("plugins")).expect("the plugins' folder").flatten() {
        let files = fs::read_dir(plugin.path().join("samples")).into_iter().flatten().flatten();
        let name = plugin.file_name().to_string_lossy().into_owned();
        samples.extend(files.map(|file| (name.clone(), file.path())).filter(|(_, path)| path.is_file()));
    }
    samples.sort();
    assert!(!samples.is_empty(), "there are no samples");
    samples
}

/// The name of a file.
pub fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8")
}
