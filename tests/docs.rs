//! `docs/plugins.md` is true: its files are written and its commands run, in their order, in one folder.
//!
//! A block with `file=NAME` behind its language is a file. In a block `console` each `$ …` is a command, and what follows is
//! what it tells on both its outputs; `…` stands for anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Place, ROOT};
use crate::projects::{prepare, projects, with_cargo};

/// A block of code: what stands behind the fence, its first line in the file, its text.
struct Block {
    info: String,
    line: usize,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in document.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(info) => {
                inside = true;
                found.push(Block { info: info.to_owned(), line: number + 2, text: String::new() });
            }
            None if inside => {
                let block = found.last_mut().expect("a block is open");
                block.text += line;
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!inside, "the last block is not closed");
    found
}

/// The commands of a console with what they tell.
fn commands(block: &Block) -> Vec<(usize, String, String)> {
    let mut found: Vec<(usize, String, String)> = Vec::new();
    for (number, line) in block.text.lines().enumerate() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((block.line + number, command.to_owned(), String::new())),
            (None, Some((_, _, told))) => *told += &format!("{line}\n"),
            (None, None) => panic!("line {}: a console begins with a command", block.line),
        }
    }
    found
}

/// Whether `text` is what `pattern` shows, where `…` stands for anything.
fn shows(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('…').collect();
    let [first, rest @ ..] = parts.as_slice() else { return false };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let Some((last, middle)) = rest.split_last() else { return left.is_empty() };
    for part in middle {
        let Some((_, behind)) = left.split_once(part) else { return false };
        left = behind;
    }
    left.ends_with(last)
}

/// A shell in a folder: `cd` lasts from command to command.
struct Shell {
    place: Place,
    at: PathBuf,
}

impl Shell {
    fn new() -> Self {
        let place = projects();
        fs::create_dir(place.path("bin")).expect("a folder");
        let link = |of: &Path, name: &str| std::os::unix::fs::symlink(of, place.path(name)).expect("a link");
        link(Path::new(env!("CARGO_BIN_EXE_annals")), "bin/annals");
        link(Path::new(ROOT), "annals");
        let at = place.path("");
        Self { place, at }
    }

    /// Runs a command; what it tells, and whether it ended well.
    fn run(&mut self, line: &str) -> (String, bool) {
        prepare(&self.at);
        let script = format!("exec 2>&1\n{line}\nstatus=$?\npwd >\"$HOME/.at\"\nexit $status");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(&self.at).env_clear().env("LC_ALL", "C.UTF-8");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.place.path("bin")].into_iter().chain(std::env::split_paths(&path));
        shell.env("PATH", std::env::join_paths(folders).expect("folders have no colons"));
        with_cargo(&mut shell, &self.place.path("")).env_remove("CARGO");
        let output = shell.output().expect("sh starts");
        self.at = self.place.text(".at").trim_end_matches('\n').into();
        (String::from_utf8(output.stdout).expect("UTF-8"), output.status.success())
    }
}

#[test]
fn the_tutorial_is_true() {
    let document = fs::read_to_string(Path::new(ROOT).join("docs/plugins.md")).expect("docs/plugins.md");
    let mut shell = Shell::new();
    for block in blocks(&document) {
        let Block { info, line, text } = &block;
        if let Some(name) = info.split_whitespace().find_map(|word| word.strip_prefix("file=")) {
            fs::write(shell.at.join(name), text).unwrap_or_else(|error| panic!("line {line}: {name}: {error}"));
        } else if info == "console" {
            for (line, command, shown) in commands(&block) {
                let (told, well) = shell.run(&command);
                let missing = if told.ends_with('\n') || told.is_empty() { "" } else { "\n" };
                let told = told + missing;
                // A command without a word about what it tells is to end well.
                assert!(well || !shown.is_empty(), "line {line}: `{command}` fails:\n{told}");
                assert!(
                    shown.is_empty() || shows(&shown, &told),
                    "line {line}: `{command}` tells:\n{told}\nand not:\n{shown}"
                );
            }
        } else {
            assert!(["text", "json", "toml"].contains(&info.as_str()), "line {line}: what is `{info}`?");
        }
    }
}

#[test]
fn what_patterns_show() {
    let check = |pattern: &str, text: &str, expected: bool| assert_eq!(shows(pattern, text), expected, "{pattern:?}");
    check("a\n", "a\n", true);
    check("a\n", "a\nb\n", false);
    check("a…c\n", "a\nb\nc\n", true);
    check("…\n", "anything\n", true);
    check("a…b…\n", "axbx\n", true);
    check("a…b…c\n", "axc\n", false);
    check("aa…aa", "aaa", false);
}
