//! Plugins that lie, break the contract, or attack: what they are is in `tests/plugins/hostile/`, how each has to end in
//! `table.rs`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::table::{self, Case, ENDED, End};
use crate::cases::GOOD;
use crate::common::{Place, ROOT, Run, assert_balanced, library};

const FOLDER: &str = "tests/plugins/hostile";

/// Compiles C files of the folder into a library.
fn compile(to: &Path, files: &[&str], flags: &[&str]) {
    let folder = Path::new(ROOT).join(FOLDER);
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread"]).args(flags);
    compiler.args(files.iter().map(|file| folder.join(file))).arg("-I").arg(Path::new(ROOT).join("core/include"));
    let built = compiler.arg("-o").arg(to).output().expect("a C compiler, `cc`");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

/// A library of C files, and the folder that it lies in.
fn built(name: &str, files: &[&str], flags: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(format!("libannals_{name}.so"));
    compile(&path, files, flags);
    (folder, path)
}

fn hostile() -> (TempDir, PathBuf) {
    built("hostile", &["hostile.c", "spoil.c", "tell.c", "act.c"], &[])
}

/// Events for more than one batch.
const MANY: &str = "many.jsonl";

/// What a worker may use.
const WORKER: &[&str] = &["--plugin-memory", "512M"];
/// The same where it will use all of its time.
const SILENT: &[&str] = &["--plugin-memory", "512M", "--plugin-timeout", "1"];

fn limits(case: &str) -> &'static [&'static str] {
    if case.starts_with("hang") || case.starts_with("sleep") { SILENT } else { WORKER }
}

/// How a plugin is carried.
#[derive(Clone, Copy, Debug)]
enum Carrier {
    /// Approved, and so loaded into the program itself.
    InProcess,
    /// Not approved.
    Worker,
}

impl Carrier {
    /// Makes `place` carry the library so.
    fn choose(self, place: &Place, library: &str) {
        if matches!(self, Self::InProcess) {
            place.trust(library);
        }
    }
}

/// A run with a hostile plugin, and what it is about.
struct Attempt<'a> {
    name: &'a str,
    library: &'a Path,
    /// The input, with its format and options.
    input: &'a str,
    /// The output, likewise.
    output: &'a str,
    extra: &'a [&'a str],
}

impl Attempt<'_> {
    /// Runs by both carriers.
    fn run(&self, (_, in_process, worker): &Case) {
        self.by(Carrier::InProcess, *in_process);
        self.by(Carrier::Worker, *worker);
    }

    fn library(&self) -> &str {
        self.library.to_str().expect("UTF-8")
    }

    fn place(&self, carrier: Carrier) -> Place {
        let place = Place::with(&[("in.txt", "one\ntwo\nthree\n"), ("good.jsonl", GOOD), ("temp/keep", "")]);
        if self.input == MANY {
            place.write(MANY, GOOD.repeat(20_000).replace("\"id\":\"good\",", ""));
        }
        carrier.choose(&place, self.library());
        place
    }

    fn args(&self, more: &[&'static str]) -> Vec<&str> {
        [&["merge", self.input, "--plugin", self.library()], limits(self.name), more, self.extra].concat()
    }

    fn by(&self, carrier: Carrier, end: End) {
        if end == End::Free {
            return;
        }
        let (name, place) = (&*format!("{}, {carrier:?}", self.name), self.place(carrier));
        let run =
            place.run(&[&self.args(&["--temp-dir", "temp", "--report", "r.json"])[..], &["-o", self.output]].concat());
        let untouched = |place: &Place| {
            let names: Vec<String> = place.names().into_iter().filter(|name| name != MANY).collect();
            assert_eq!(names, ["good.jsonl", "in.txt", "temp"], "{name}: something was left");
            assert_eq!(place.text("good.jsonl"), GOOD, "{name}");
            let temp: Vec<_> = fs::read_dir(place.path("temp")).expect("a folder").flatten().collect();
            assert_eq!(temp.len(), 1, "{name}: {temp:?}");
        };
        match end {
            End::Reads => {
                let _ = run.ok();
                assert_balanced(&place.json("r.json"));
            }
            End::Fails(code, says) => {
                named(name, run, code, says);
                untouched(&place);
                if self.input.contains(":in.txt") {
                    self.others_go_on(carrier, code, says);
                }
            }
            End::Contained if run.code == 3 => untouched(&place),
            End::Contained => {
                let run = run.ok();
                let file = self.output.rsplit(':').next().expect("a path");
                assert!(place.text(file).contains("contained"), "{name}: {}", run.stderr);
            }
            End::Free => unreachable!("left out above"),
        }
    }

    /// With `--keep-going` what is good is merged, and the account is balanced.
    fn others_go_on(&self, carrier: Carrier, code: i32, says: &str) {
        let (name, place) = (self.name, self.place(carrier));
        let run = place.run(&self.args(&["good.jsonl", "--keep-going", "-t", "jsonl", "--report", "r.json"]));
        // What is not loaded, or has ended the program, lets nothing go on.
        if says == ENDED || run.stderr.starts_with("error: cannot load") {
            return drop(run.expect(code));
        }
        let run = run.expect(1);
        assert_eq!(run.titles(), ["Good"], "{name}");
        let report = place.json("r.json");
        assert_balanced(&report);
        assert_eq!(report["failures"].as_array().map(Vec::len), Some(1), "{name}: {report:#}");
    }
}

/// The run failed with this code and error, which names a culprit and commands no terminal.
fn named(name: &str, run: Run, code: i32, says: &str) {
    let run = run.expect(code);
    assert!(run.stderr.contains(says) && run.stderr.starts_with("error: "), "{name}: {}", run.stderr);
    assert!(run.stdout.is_empty() && !run.stderr.contains(['\0', '\u{1b}']), "{name}: {}", run.stderr);
    assert!(run.stderr.len() < 200 << 10, "{name}: an error of {} bytes", run.stderr.len());
    let blamed: &[&str] = if code == 3 { &["plugin"] } else { &["in.txt", "out.", "libannals_"] };
    assert!(blamed.iter().any(|name| run.stderr.contains(name)), "{name}: {}", run.stderr);
}

/// Runs cases that read an input.
fn import(of: &str, library: &Path, cases: &[Case], extra: &[&str]) {
    for case in cases {
        let input = format!("{of},case={}:in.txt", case.0);
        Attempt { name: case.0, library, input: &input, output: "out.jsonl", extra }.run(case);
    }
}

/// Runs cases that write an output.
fn export(of: &str, library: &Path, cases: &[Case]) {
    for case in cases {
        let output = format!("{of},case={}:out.txt", case.0);
        let input = if case.0 == "takes-one-batch" { MANY } else { "good.jsonl" };
        Attempt { name: case.0, library, input, output: &output, extra: &["--dedupe", "none"] }.run(case);
    }
}

#[test]
fn descriptors() {
    let (_folder, made) = built("all", &["descriptors.c"], &[]);
    for (name, in_process, worker) in table::DESCRIPTORS {
        for (carrier, end) in [(Carrier::InProcess, in_process), (Carrier::Worker, worker)] {
            descriptor(name, &made, carrier, *end);
        }
    }
}

fn descriptor(name: &str, made: &Path, carrier: Carrier, end: End) {
    let place = Place::with(&[("good.jsonl", GOOD)]);
    let file = format!("./libannals_{name}.so");
    fs::copy(made, place.path(&file)).expect("a copy");
    carrier.choose(&place, &file);
    let run = place.run(&["merge", "good.jsonl", "-o", "x.jsonl", "--plugin", &file]);
    let looked = place.run(&["formats", "--plugin", &file]);
    assert!(!looked.text().contains(['\0', '\u{1b}']), "{name}: {}", looked.text());
    match end {
        End::Fails(code, says) => {
            let run = run.expect(code);
            assert!(run.stderr.contains(says) && run.stderr.contains(&file), "{name}, {carrier:?}: {}", run.stderr);
            let _ = looked.expect(code);
            assert!(!place.path("x.jsonl").exists(), "{name}");
        }
        _ => {
            assert!(run.ok().stderr.ends_with("read 1 = written 1\n"), "{name}");
            assert!(looked.ok().text().contains(name) || name == "no_formats", "{name}");
        }
    }
}

#[test]
fn schemas() {
    let (_folder, library) = hostile();
    import("hostile", &library, table::SCHEMAS, &[]);
}

#[test]
fn batches() {
    let (_folder, library) = hostile();
    import("hostile", &library, table::BATCHES, &[]);
}

#[test]
fn calls() {
    let (_folder, library) = hostile();
    import("hostile", &library, table::CALLS, &[]);
}

#[test]
fn records_outside_the_windows() {
    let (_folder, library) = hostile();
    // Only a version of a record that lies within makes it be read again.
    let extra = ["--during", "2025-09-10", "good.jsonl"];
    for case in table::OUTSIDE {
        let input = format!("hostile,case={}:in.txt", case.0);
        let attempt = Attempt { name: case.0, library: &library, input: &input, output: "out.jsonl", extra: &extra };
        let run = |carrier| attempt.place(carrier).run(&[&attempt.args(&[])[..], &["-o", "out.jsonl"]].concat());
        let End::Fails(code, says) = case.1 else { panic!("{}", case.0) };
        named(case.0, run(Carrier::InProcess), code, says);
        // A worker is not offered to leave out records.
        assert_eq!((case.2, run(Carrier::Worker).code), (End::Reads, 0), "{}", case.0);
    }
}

#[test]
fn exports() {
    let (_folder, library) = hostile();
    export("hostile", &library, table::EXPORTS);
}

#[test]
fn attacks() {
    let (_folder, library) = hostile();
    import("hostile", &library, table::ACTS, &[]);
    export("hostile", &library, table::EXPORT_ACTS);
}

/// A call to the host after the stream has been released harms the worker alone: it is read, or ended for it.
#[test]
fn calls_after_the_release() {
    let (_folder, library) = hostile();
    let place = Place::with(&[("in.txt", "one\ntwo\n"), ("good.jsonl", GOOD)]);
    let library = library.to_str().expect("UTF-8");
    let input = "hostile,case=calls-after-release:in.txt";
    let args = ["merge", input, "good.jsonl", "--keep-going", "--report", "r.json", "--plugin", library];
    let run = place.run(&args);
    assert!([0, 1].contains(&run.code) && run.titles().contains(&"Good".to_owned()), "{}", run.stderr);
    assert_balanced(&place.json("r.json"));
}

#[test]
fn attacks_while_the_library_is_loaded() {
    for case in table::CONSTRUCTORS {
        let flag = format!("-DCONSTRUCTOR=\"{}\"", case.0);
        let (_folder, library) = built("hostile", &["hostile.c", "spoil.c", "tell.c", "act.c"], &[&flag]);
        Attempt { name: case.0, library: &library, input: "hostile:in.txt", output: "out.jsonl", extra: &[] }.run(case);
    }
}

#[test]
fn attacks_while_it_looks_at_an_input() {
    let (_folder, library) = hostile();
    let library = library.to_str().expect("UTF-8");
    for (name, in_process, worker) in table::SNIFFS {
        for (carrier, end) in [(Carrier::InProcess, in_process), (Carrier::Worker, worker)] {
            let place = Place::with(&[("in.txt", &format!("{name}\n"))]);
            carrier.choose(&place, library);
            let args = [&["merge", "in.txt", "--plugin", library], limits(name)].concat();
            match end {
                End::Fails(code, says) => named(name, place.run(&args), *code, says),
                End::Reads => assert_eq!(place.run(&args).ok().titles(), ["one", "two"], "{name}"),
                _ => {}
            }
        }
    }
}

#[test]
fn safe_plugins_that_do_harm() {
    let library = PathBuf::from(library("unruly"));
    import("unruly", &library, table::UNRULY, &[]);
    export("unruly", &library, table::UNRULY_EXPORTS);
    let place = Place::with(&[("in.txt", "sniff-panic\n")]);
    let run = place.run(&["merge", "in.txt", "--plugin", library.to_str().expect("UTF-8")]).expect(2);
    assert!(run.stderr.contains("cannot tell the format"), "{}", run.stderr);
}

/// All values that a batch may have, through every exporter.
#[test]
fn values_at_their_ends() {
    let (_folder, library) = hostile();
    let library = library.to_str().expect("UTF-8");
    let place = Place::with(&[("in.txt", "one\n")]);
    for format in ["json", "jsonl", "ics", "jcal", "jscalendar"] {
        for extra in
            [&[][..], &["--expand", "1970"], &["--overlapping", "1970", "--certainly"], &["--where", "title=one"]]
        {
            let inputs = ["hostile,case=times-extreme:in.txt", "hostile,case=text-with-nul:in.txt"];
            let args =
                [&["merge", "-t", format, "--lenient", "--report", "r.json", "--plugin", library], &inputs[..], extra];
            let _ = place.run(&args.concat()).ok();
            assert_balanced(&place.json("r.json"));
        }
    }
}

#[test]
fn notes_are_cut_and_command_no_terminal() {
    let (_folder, hostile) = hostile();
    let unruly = PathBuf::from(library("unruly"));
    let tell = |input: &str, library: &Path, says: &str| {
        let place = Place::with(&[("in.txt", "one\n")]);
        let args = ["merge", input, "-v", "--report", "r.json", "--rejects", "rejects.jsonl", "--plugin"];
        let run = place.run(&[&args[..], &[library.to_str().expect("UTF-8")]].concat()).expect(1);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert_balanced(&place.json("r.json"));
        place.text("rejects.jsonl")
    };
    let says = "in.txt:18446744073709551615: reject [\u{fffd}[31mBad]: \u{fffd}[2J\u{fffd}";
    tell("hostile,case=note-good:in.txt", &hostile, says);
    let rejects = tell("unruly,case=rejects-itself:in.txt", &unruly, "reject [bad]: bad");
    assert!((1 << 20..8 << 20).contains(&rejects.len()), "{} bytes", rejects.len());
}

/// A thousand batches without rows are not too many.
#[test]
fn some_empty_batches_are_read() {
    let (_folder, library) = hostile();
    let place = Place::with(&[("in.txt", "one\n")]);
    let library = library.to_str().expect("UTF-8");
    let run = place.run(&["merge", "hostile,case=empty-batches-thousand:in.txt", "--plugin", library]).ok();
    assert_eq!(run.stderr, "read 0 = written 0\n");
}

#[test]
fn libraries_that_are_damaged() {
    let (_folder, made) = built("hostile", &["hostile.c", "spoil.c", "tell.c", "act.c"], &[]);
    let whole = fs::read(made).expect("a library");
    let place = Place::with(&[("good.jsonl", GOOD)]);
    let refused = |bytes: &[u8], says: &str| {
        place.write("libannals_hostile.so", bytes);
        let run = place.run(&["merge", "good.jsonl", "-o", "x.json", "--plugin", "./libannals_hostile.so"]).expect(2);
        assert!(run.stderr.contains(says) && !place.path("x.json").exists(), "{} bytes: {}", bytes.len(), run.stderr);
    };
    refused(b"", "it cannot be loaded as a shared library");
    refused(b"not a library", "it cannot be loaded as a shared library");
    (1..16).for_each(|n| refused(&whole[..whole.len() * n / 20], "it is"));
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    // e_machine: one that nobody has.
    refused(&changed(18, 0xF1), "it is for another machine");
    // EI_CLASS: 32 bits.
    refused(&changed(4, 1), "it is for another machine");
    // e_type: an object file.
    refused(&changed(16, 1), "it cannot be loaded as a shared library");
}

/// The table of the suite, for people.
#[test]
fn the_readme_has_the_table() {
    let path = Path::new(ROOT).join(FOLDER).join("README.md");
    let written = fs::read_to_string(&path).expect("the README of the suite");
    let mark = "<!-- from here on written by the test `the_readme_has_the_table` -->\n";
    let (head, tables) = written.split_once(mark).expect("the mark");
    let fresh = tables_for_people();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, format!("{head}{mark}{fresh}")).expect("the README can be written");
        return;
    }
    assert!(tables == fresh, "run with UPDATE_GENERATED=1 to write {}", path.display());
}

fn tables_for_people() -> String {
    let parts = [
        ("Descriptors", "`descriptors.c`", "descriptors", table::DESCRIPTORS),
        ("Schemas", "`spoil.c`", "schemas", table::SCHEMAS),
        ("Batches", "`spoil.c`", "batches", table::BATCHES),
        ("Streams, errors, accounts, notes, facts and reads", "`hostile.c`, `tell.c`", "calls", table::CALLS),
        ("Records outside the windows of a filter", "`tell.c`", "records_outside_the_windows", table::OUTSIDE),
        ("Exports", "`hostile.c`", "exports", table::EXPORTS),
        ("Attacks", "`act.c`", "attacks", table::ACTS),
        ("Attacks while an output is written", "`act.c`", "attacks", table::EXPORT_ACTS),
        ("Attacks from a constructor", "`act.c`", "attacks_while_the_library_is_loaded", table::CONSTRUCTORS),
        ("Looking at an input", "`hostile.c`", "attacks_while_it_looks_at_an_input", table::SNIFFS),
        ("Safe Rust", "`unruly/`", "safe_plugins_that_do_harm", table::UNRULY),
        ("Safe Rust, exports", "`unruly/`", "safe_plugins_that_do_harm", table::UNRULY_EXPORTS),
    ];
    let mut out = String::new();
    for (title, file, test, cases) in parts {
        write!(out, "\n## {title}\n\n{file}; test `{test}`\n\n| case | in process | in a worker |\n|---|---|---|\n")
            .expect("a string");
        for (name, in_process, worker) in cases {
            writeln!(out, "| {name} | {} | {} |", words(*in_process), words(*worker)).expect("a string");
        }
    }
    out
}

fn words(end: End) -> String {
    match end {
        End::Reads => "0".to_owned(),
        End::Fails(code, "") => code.to_string(),
        End::Fails(code, says) => format!("{code}: {says}"),
        End::Contained => "contained".to_owned(),
        End::Free => "free".to_owned(),
    }
}
