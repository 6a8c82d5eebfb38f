//! Plugins by others: in C, built with nanoarrow, with another arrow-rs, and of version 1.0 for ever.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::json;

use crate::common::{Place, ROOT, Run, assert_balanced, file_name, snapshot, with_plugin};

fn plugins() -> PathBuf {
    Path::new(ROOT).join("tests/plugins")
}

/// The C files of a folder, or the file itself.
fn c_files(path: &str) -> Vec<PathBuf> {
    let path = plugins().join(path);
    if path.is_file() {
        return vec![path];
    }
    let entries = fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "c")).collect();
    files.sort();
    files
}

/// Compiles C files with these flags; warnings are errors.
fn compile(sources: &[&str], flags: &[&str], to: &Path) {
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-g", "-Wall", "-Wextra", "-Werror"]).args(flags).arg("-o").arg(to);
    cc.args(sources.iter().flat_map(|path| c_files(path)));
    cc.arg("-I").arg(Path::new(ROOT).join("core/include")).arg("-I").arg(plugins().join("history")).arg("-ldl");
    let done = cc.output().expect("a C compiler, `cc`");
    assert!(done.status.success(), "{sources:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Compiles a plugin in C into the folder; the path of its library.
fn c_plugin(place: &Place, id: &str, sources: &[&str], flags: &[&str]) -> String {
    let library = place.path(&format!("libannals_{id}.so"));
    compile(sources, &[&["-shared", "-fPIC", "-fvisibility=hidden"], flags].concat(), &library);
    library.into_os_string().into_string().expect("UTF-8")
}

/// The frozen plugin names no visibility, as its version had no rule for it.
const FROZEN: &[&str] = &["-fvisibility=default", "-pedantic"];
const TLN: (&str, &[&str], &[&str]) = ("tln", &["tln"], &["-pedantic"]);
const HISTORY: (&str, &[&str], &[&str]) = ("history", &["history", "history/nanoarrow"], &["-D_GNU_SOURCE"]);

fn plugin(place: &Place, (id, sources, flags): (&str, &[&str], &[&str])) -> Vec<String> {
    with_plugin(&c_plugin(place, id, sources, flags))
}

/// A run with the plugin, told without what carries it.
fn run(place: &Place, plugin: &[String], args: &[&str]) -> Run {
    let plugin = plugin.iter().map(String::as_str);
    let mut run = place.run(&args.iter().copied().chain(plugin).collect::<Vec<_>>());
    run.line = format!("annals {}", args.join(" "));
    run
}

fn sample(place: &Place, name: &str) {
    place.write(name, fs::read(plugins().join("tln/samples").join(name)).expect("a sample"));
}

#[test]
fn a_plugin_in_c_reads() {
    let place = Place::new();
    let tln = plugin(&place, TLN);
    for name in ["web1.tln", "web1.tlnx", "hostile.tln"] {
        sample(&place, name);
    }
    run(&place, &tln, &["merge", "web1.tln", "web1.tlnx"]).ok().snapshot("tln-read");
    run(&place, &tln, &["merge", "hostile.tln", "-v"]).expect(1).snapshot("tln-hostile");
    run(&place, &tln, &["formats", "tln"]).ok().snapshot("tln-formats");
    // Told by its content alone, and with its option.
    place.write("log", "0|REG|PC-7|-|long ago\n");
    let events = run(&place, &tln, &["merge", "tln,zero=epoch:log"]).ok().events();
    assert_eq!(events[0]["start"], "1970-01-01T00:00:00Z");
    let events = run(&place, &tln, &["merge", "log"]).ok().events();
    assert_eq!((&events[0]["start"], &events[0]["lane"]), (&json!(null), &json!("REG")));
}

#[test]
fn a_plugin_in_c_refuses_what_is_no_text() {
    let place = Place::new();
    let tln = plugin(&place, TLN);
    let refused = |bytes: &[u8], name: &str| {
        place.write("a.tln", bytes);
        run(&place, &tln, &["merge", "tln:a.tln", "-o", "x.json"]).expect(2).snapshot(name);
        assert!(!place.path("x.json").exists());
    };
    refused(b"0|a|b|c|d\n0|a|b\0|c|d\n", "tln-binary");
    refused(b"\xff\xfe0\0|\0", "tln-utf16");
    refused(b"", "tln-empty");
}

/// The same whatever the size of batches, blocks and records: lines around every limit.
#[test]
fn a_plugin_in_c_keeps_its_account() {
    let place = Place::new();
    let tln = plugin(&place, TLN);
    let line = |n: usize, len: usize| format!("{n}|LOG|web1|root|{}", "x".repeat(len));
    let lines: Vec<String> = (1..2500).map(|n| line(n, n % 300 + if n % 1000 == 0 { 300_000 } else { 0 })).collect();
    for end in ["\n", "\r\n"] {
        place.write("a.tln", lines.join(end));
        for limit in ["200", "1K", "256K", "1M"] {
            let args = ["merge", "a.tln", "-o", "x.jsonl", "--report", "r.json", "--max-record", limit];
            let max = match limit {
                "200" => 200,
                "1K" => 1024,
                "256K" => 256 << 10,
                _ => 1 << 20,
            };
            let over = lines.iter().filter(|line| line.len() > max).count();
            let done = run(&place, &tln, &[&args[..], &["--rejects", "rejects", "-q"]].concat());
            let _ = done.expect(i32::from(over > 0));
            let report = place.json("r.json");
            assert_balanced(&report);
            assert_eq!((&report["read"], &report["rejected"]), (&json!(lines.len()), &json!(over)), "{limit}");
            let titles: Vec<String> = place.text("x.jsonl").lines().map(str::to_owned).collect();
            let good = lines.iter().enumerate().filter(|(_, line)| line.len() <= max);
            for (event, (n, line)) in titles.iter().zip(good) {
                let event: serde_json::Value = serde_json::from_str(event).expect("JSON");
                let locator = &event["claims"][0]["locator"];
                assert_eq!((&locator["line"], &locator["len"]), (&json!(n + 1), &json!(line.len())), "{limit}");
                assert!(line.ends_with(event["title"].as_str().unwrap_or_default()));
            }
        }
    }
}

#[test]
fn a_plugin_in_c_writes() {
    let place = Place::new();
    let tln = plugin(&place, TLN);
    sample(&place, "web1.tln");
    sample(&place, "web1.tlnx");
    // What it reads it writes.
    let _ = run(&place, &tln, &["merge", "web1.tlnx", "-o", "tln,notes=true:x.tlnx"]).ok();
    let text = fs::read_to_string(plugins().join("tln/samples/web1.tlnx")).expect("a sample");
    assert_eq!(place.text("x.tlnx"), text.split_once('\n').expect("a header").1);
    let _ = run(&place, &tln, &["merge", "web1.tln", "-o", "x.tln"]).ok();
    let _ = run(&place, &tln, &["merge", "x.tln", "-o", "y.tln"]).ok();
    assert_eq!(place.text("x.tln"), place.text("y.tln"));
    // What TLN cannot say is told.
    let events = [
        r#"{"start":"2025-08~","title":"vague"}"#,
        r#"{"start":"2025-08-01","title":"a day"}"#,
        r#"{"start":"2025-08-01T10:00:00","title":"floating"}"#,
        r#"{"start":"2025-08-01T10:00:00.75Z","title":"finer"}"#,
        r#"{"start":"1969-12-31T23:59:58.5Z","title":"finer, before 1970"}"#,
        r#"{"start":"2025-08-01T10:00Z","title":"coarser"}"#,
        r#"{"start":"2025-08-01T10:00:00Z","end":"2025-08-01T11:00:00Z","title":"long"}"#,
        r#"{"start":"1970-01-01T00:00:00Z","title":"the epoch"}"#,
        r#"{"start":"2025-08-01T12:00:00+02:00","title":"a|b\nc","lane":"L","tags":["t"],"place":"p","body":"b"}"#,
        r#"{"start":"-0001-01-01T00:00:00Z","title":"long ago"}"#,
        r#"{"title":"no date","actors":[{"name":"h","role":"host"},{"name":"i","role":"host"}]}"#,
        "{\"start\":\"2025-08-01T10:00:00Z\"}",
    ];
    place.write("a.jsonl", events.join("\n"));
    run(&place, &tln, &["merge", "a.jsonl", "-t", "tln", "-v"]).expect(1).snapshot("tln-write");
}

#[test]
fn a_plugin_with_nanoarrow_reads_and_writes() {
    let place = Place::new();
    let history = plugin(&place, HISTORY);
    place.write("bash.history", HISTORIES);
    run(&place, &history, &["merge", "bash.history"]).expect(1).snapshot("nanoarrow-read");
    // nanoarrow validates in full what it is given, here with all that annals has.
    for name in ["ics/samples/home.ics", "json/samples/chronicle.jsonl", "json/samples/document.json"] {
        let path = format!("{ROOT}/plugins/{name}");
        let run = run(&place, &history, &["merge", &path, "bash.history", "-t", "history", "-q"]);
        assert!(run.code < 2 && run.text().contains("#1700000000\nls -l\n"), "{name}: {}", run.stderr);
    }
}

const HISTORIES: &str = "#1700000000\nls -l\n#1700000001\ncd /a/path/that/fits/no/inline/view\nlost\n#1700000002\nexit";

#[test]
fn a_plugin_with_another_arrow_reads_and_writes() {
    let place = Place::new();
    // Cargo's target folder; in a folder of its own there, so that it is built once.
    let program = std::env::current_exe().expect("the test program has a path");
    let target = program.ancestors().nth(3).expect("cargo's target folder").join("other-arrow");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(plugins().join("other_arrow/Cargo.toml"));
    let built = cargo.arg("--target-dir").arg(&target).output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let library = place.path("libannals_other_arrow.so");
    fs::copy(target.join("debug/libannals_other_arrow.so"), &library).expect("a library");
    let other = with_plugin(library.to_str().expect("UTF-8"));
    place.write("a.words", "30 talk with @ada and @ben #work #late\nlost\n20 nobody\n40 #alone\n");
    run(&place, &other, &["merge", "a.words"]).expect(1).snapshot("other-arrow-read");
    run(&place, &other, &["merge", "a.words", "-t", "words"]).expect(1).snapshot("other-arrow-write");
    // More than a batch.
    let many: String = (0..20_000).map(|n| format!("{n} event #{}\n", n % 7)).collect();
    place.write("many.words", many);
    let written = run(&place, &other, &["merge", "many.words", "-t", "words", "--report", "r.json"]).ok();
    assert_eq!(written.text().lines().count(), 20_000);
    assert_balanced(&place.json("r.json"));
}

const TITLES: &str = "frozen words\n!bad\n~odd\n#\nomit\nlossy\nlast";

/// Version 1.0 is a promise: what was compiled against its header works, and so does what a later version has made.
#[test]
fn a_plugin_of_version_1_0_works() {
    let place = Place::new();
    let sources = &["frozen_v1.c"];
    let now = c_plugin(&place, "frozen", sources, FROZEN);
    place.write("a.frozen", TITLES);
    place.write("question.frozen", "frozen\n?\n");
    place.write("a", TITLES);
    let story = |library: &str| {
        let plugin = with_plugin(library);
        let mut story = String::new();
        let mut tell = |args: &[&str], code: i32| {
            let run = run(&place, &plugin, args).expect(code);
            story.push_str(&format!("$ annals {}\nexit {code}\n{}{}\n", args.join(" "), run.text(), run.stderr));
        };
        tell(&["merge", "a", "-o", "x.json", "-o", "frozen,word=w:x.frozen", "-v"], 1);
        tell(&["merge", "x.json", "-t", "frozen"], 1);
        tell(&["merge", "question.frozen"], 2);
        tell(&["check", "a.frozen"], 1);
        tell(&["formats", "frozen"], 0);
        for file in ["x.json", "x.frozen"] {
            story.push_str(&format!("{file}:\n{}", place.text(file)));
        }
        story.replace(library, "[LIBRARY]")
    };
    let first = story(&now);
    snapshot("frozen", &first);
    // The same from a plugin whose structs have grown since.
    let grown = place.path("grown");
    fs::create_dir(&grown).expect("a folder");
    let later = grown.join("libannals_frozen.so");
    compile(sources, &[&["-shared", "-fPIC", "-DLATER"], FROZEN].concat(), &later);
    assert_eq!(story(later.to_str().expect("UTF-8")), first);
}

/// The frozen header is version 1.0, to the byte.
#[test]
fn the_frozen_header_is_that_of_version_1_0() {
    let header = fs::read(plugins().join("annals_plugin-1.0.h")).expect("the header");
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in &header {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    }
    assert_eq!(format!("{hash:016x}"), "ca045b99bee2388c", "annals_plugin-1.0.h is never edited");
}

/// Sanitizers, where the compiler has them.
fn sanitizers() -> &'static [&'static str] {
    static FOUND: OnceLock<bool> = OnceLock::new();
    const FLAGS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"];
    let found = FOUND.get_or_init(|| {
        let place = Place::new();
        let (source, program) = (place.write("a.c", "int main(void) { return 0; }\n"), place.path("a"));
        let built = Command::new("cc").args(FLAGS).arg(source).arg("-o").arg(&program).output();
        built.is_ok_and(|built| built.status.success())
            && Command::new(program).output().is_ok_and(|run| run.status.success())
    });
    if *found { FLAGS } else { &[] }
}

/// A host of a later version, whose tables are larger, sees the same; and nothing leaks.
#[test]
fn plugins_work_with_a_later_host() {
    let place = Place::new();
    let flags = sanitizers();
    let host = place.path("host");
    compile(&["host.c"], &[flags, &["-pedantic"]].concat(), &host);
    place.write("a.frozen", TITLES);
    place.write("bash.history", HISTORIES);
    let tell = |library: &str, id: &str, input: &Path, max_record: &str| {
        let mut run = Command::new(&host);
        run.env_clear().arg(library).arg(id).arg(input).arg(max_record);
        let done = run.output().expect("the host runs");
        let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success() && stderr.is_empty(), "{id} {}: {stderr}", file_name(input));
        String::from_utf8(done.stdout).expect("UTF-8")
    };
    let frozen = c_plugin(&place, "frozen", &["frozen_v1.c"], &[flags, FROZEN].concat());
    snapshot("later-host-frozen", &tell(&frozen, "frozen", &place.path("a.frozen"), "1000"));
    let history = c_plugin(&place, "history", HISTORY.1, &[flags, HISTORY.2].concat());
    snapshot("later-host-history", &tell(&history, "history", &place.path("bash.history"), "1000"));
    let tln = c_plugin(&place, "tln", TLN.1, &[flags, TLN.2].concat());
    let samples = plugins().join("tln/samples");
    snapshot("later-host-tln", &tell(&tln, "tln", &samples.join("web1.tln"), "60"));
    // Cut off anywhere, and with any limit: no crash, nothing read beyond its end, an account that balances.
    let hostile = fs::read(samples.join("hostile.tln")).expect("a sample");
    for len in (0..hostile.len()).step_by(13) {
        place.write("cut.tln", &hostile[..len]);
        let told = tell(&tln, "tln", &place.path("cut.tln"), &(len % 50).to_string());
        assert!(told.contains("\ncomplete 1: read "), "{told}");
    }
}
