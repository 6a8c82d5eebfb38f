//! Plugins that are programs, in processes of their own: the one in Python, and such as do wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::cases::GOOD;
use crate::common::{Place, ROOT, assert_balanced};

/// A program in the place.
fn program(place: &Place, name: &str, text: &str) -> String {
    let path = place.write(name, text);
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it is ours");
    format!("./{name}")
}

fn history() -> String {
    Path::new(ROOT).join("plugins/history/history.py").display().to_string()
}

#[test]
fn histories_are_read() {
    let bash = "ls\n#1700000000\nmake\n#1700000060\nfor i in 1 2\ndo echo $i\ndone\n";
    let zsh = ": 1700000000:0;ls -l\n: 1700000100:0;echo a \\\nb\n";
    let place = Place::with(&[("a.bash_history", bash), ("z", zsh)]);
    let args = ["merge", "history,user=ada:a.bash_history", "z", "-t", "jsonl", "--report", "r.json"];
    let run = place.run(&[&args[..], &["--rejects", "rejects.jsonl", "--plugin", &history()]].concat()).expect(1);
    assert_balanced(&place.json("r.json"));
    assert!(place.text("rejects.jsonl").contains(r#""record":"ls""#), "{}", place.text("rejects.jsonl"));
    run.snapshot("program-history");
    // From a pipe, the same.
    let piped = place.run_with_input(&["merge", "history,label=z:-", "--plugin", &history()], zsh.as_bytes()).ok();
    let file = place.run(&["merge", "z", "--plugin", &history()]).ok();
    assert_eq!(piped.text(), file.text());
}

/// A plugin in Python that does what `body` says, with `send` and `request`.
fn python(body: &str) -> String {
    format!(
        r#"#!/usr/bin/env python3
import json, os, sys
def send(**message): print(json.dumps(message), flush=True)
if sys.argv[1] == "describe":
    send(hello=1)
    formats = [{{"name": "wild", "extensions": ["wild"], "import": True, "export": True}}]
    send(result={{"id": "wild", "version": "1", "formats": formats}})
    sys.exit()
request = json.loads(sys.argv[2])
{body}
"#
    )
}

/// What `body` does ends with this code and error; beside a good input under `--keep-going` only itself is missing.
fn fails(name: &str, code: i32, body: &str) {
    let place = Place::with(&[("a.wild", "x\n"), ("good.jsonl", GOOD)]);
    let plugin = program(&place, "wild.py", &python(body));
    let limits = ["--plugin-timeout", "1", "--plugin-memory", "300M", "--plugin", &plugin];
    let run = place.run(&[&["merge", "a.wild", "-o", "x.json"], &limits[..]].concat()).expect(code);
    assert!(!place.path("x.json").exists(), "{name}");
    run.snapshot(&format!("hostile-{name}"));
    let args = ["merge", "a.wild", "good.jsonl", "--keep-going", "-t", "jsonl", "--report", "r.json"];
    let run = place.run(&[&args[..], &limits[..]].concat()).expect(1);
    assert_eq!(run.titles(), ["Good"], "{name}");
    assert_balanced(&place.json("r.json"));
}

#[test]
fn programs_that_do_wrong_are_named() {
    fails("program-ends-early", 3, "send(hello=1)");
    fails("program-exits", 3, "send(hello=1)\nprint('I have\\nhad enough', file=sys.stderr)\nsys.exit(7)");
    fails("program-prints", 3, "print('hello')");
    fails("program-no-greeting", 3, "send(event={})");
    fails("program-later-version", 3, "send(hello=2)");
    fails(
        "program-refuses",
        2,
        "send(hello=1)\nsend(error={'message': 'no such thing', 'line': 1, 'offset': 0, 'hint': 'try'})",
    );
    fails("program-blames-itself", 3, "send(hello=1)\nsend(error={'message': 'my own fault', 'blame': 'plugin'})");
    fails("program-wrong-event", 3, "send(hello=1)\nsend(event={'start': 'the day after'})");
    let wrong =
        "send(hello=1)\nsend(event={'title': 'a'})\nsend(end={'read': 2, 'emitted': 2, 'rejected': 0, 'filtered': 0})";
    fails("program-wrong-account", 3, wrong);
    fails("program-no-account", 3, "send(hello=1)\nsend(end={})");
    fails("program-hangs", 3, "send(hello=1)\nwhile True: pass");
    fails("program-eats-memory", 3, "send(hello=1)\nx = b'x' * (1 << 30)");
    fails("program-crashes", 3, "send(hello=1)\nos.abort()");
}

/// What a sandboxed program tries is refused, and it goes on. Each line gives the error's name as a title.
#[test]
fn a_sandboxed_program_reaches_nothing() {
    let body = r#"
import socket, subprocess, ctypes
send(hello=1)
count = 0
def attempt(what, work):
    global count
    try:
        work()
        answer = "done"
    except Exception as error:
        answer = type(error).__name__
    send(event={"title": what + ": " + answer})
    count += 1
attempt("read", lambda: open("/etc/passwd"))
attempt("write", lambda: open("/tmp/annals-was-here", "w"))
attempt("write here", lambda: open("was-here", "w"))
attempt("remove", lambda: os.unlink("a.wild"))
attempt("change the mode of the input", lambda: os.fchmod(0, 0o777))
attempt("write to the input", lambda: os.write(os.open("/proc/self/fd/0", os.O_RDWR), b"x"))
attempt("network", lambda: socket.socket(socket.AF_INET))
attempt("local socket", lambda: socket.socket(socket.AF_UNIX))
attempt("process", lambda: subprocess.run(["/bin/true"]))
attempt("fork", lambda: os.fork())
attempt("kill the parent", lambda: os.kill(os.getppid(), 9))
attempt("environment", lambda: os.environ["PATH"])
attempt("a new namespace", lambda: os.unshare(0x10000000) if hasattr(os, "unshare") else (_ for _ in ()).throw(PermissionError()))
send(end={"read": count, "emitted": count, "rejected": 0, "filtered": 0})
"#;
    let place = Place::with(&[("a.wild", "x\n")]);
    let plugin = program(&place, "wild.py", &python(body));
    let run = place.run(&["merge", "a.wild", "--dedupe", "none", "--plugin", &plugin]).ok();
    let mut titles = run.titles();
    titles.sort();
    crate::common::snapshot("program-sandboxed", &titles.join("\n"));
    assert!(!place.path("was-here").exists() && place.text("a.wild") == "x\n");
}

#[test]
fn programs_write() {
    let body = r#"
lines = [json.loads(line) for line in sys.stdin]
events = [line["event"] for line in lines if "event" in line]
assert "hello" in lines[0] and "end" in lines[-1]
send(hello=1)
for event in events:
    if event["title"] == "Good":
        send(note={"kind": "omit", "code": "good", "text": "it is good", "event": event["id"]})
    else:
        send(data=event["title"] + "\n")
send(base64="AP8=")
written = sum(1 for event in events if event["title"] != "Good")
send(end={"read": len(events), "written": written, "omitted": len(events) - written})
"#;
    let place = Place::with(&[("good.jsonl", GOOD), ("b.jsonl", "{\"title\":\"b\"}\n{\"title\":\"c\"}\n")]);
    let plugin = program(&place, "wild.py", &python(body));
    let args = ["merge", "good.jsonl", "b.jsonl", "-o", "x.wild", "--report", "r.json", "--plugin", &plugin];
    let run = place.run(&args).expect(1);
    assert!(run.stderr.contains("[good]: it is good"), "{}", run.stderr);
    assert_eq!(place.read("x.wild"), b"b\nc\n\x00\xff");
    assert_balanced(&place.json("r.json"));
    // One that takes nothing, and says that it took all.
    let lies = "send(hello=1)\nsend(end={'read': 3, 'written': 3, 'omitted': 0})";
    let plugin = program(&place, "wild.py", &python(lies));
    let run = place.run(&["merge", "good.jsonl", "b.jsonl", "-o", "y.wild", "--plugin", &plugin]).expect(3);
    assert!(!place.path("y.wild").exists() && run.stderr.contains("plugin wild 1"), "{}", run.stderr);
}

#[test]
fn an_approved_program_has_the_users_rights() {
    let body = "send(hello=1)\nsend(event={'title': open('secret').read()})\nsend(end={'read': 1, 'emitted': 1, 'rejected': 0, 'filtered': 0})";
    let place = Place::with(&[("a.wild", "x\n"), ("secret", "s")]);
    let plugin = program(&place, "wild.py", &python(body));
    let run = place.run(&["merge", "a.wild", "--plugin", &plugin]).expect(3);
    assert!(run.stderr.contains("PermissionError"), "{}", run.stderr);
    place.trust(&plugin);
    assert_eq!(place.run(&["merge", "a.wild", "--plugin", &plugin]).ok().titles(), ["s"]);
    // The approval is of these bytes.
    let plugin = program(&place, "wild.py", &python(&format!("{body}\n# changed")));
    let _ = place.run(&["merge", "a.wild", "--plugin", &plugin]).expect(3);
}

#[test]
fn what_is_no_program_is_refused() {
    let place = Place::with(&[("a.wild", "x\n")]);
    for (name, text) in [("no-interpreter", "#!/nowhere/python\n"), ("silent", "#!/bin/sh\n"), ("empty", "")] {
        let plugin = program(&place, name, text);
        place.run(&["merge", "a.wild", "--plugin", &plugin]).expect(2).snapshot(&format!("plugin-{name}"));
    }
}
