//! `annals check`: what it prints, and its exit codes.

use crate::common::Place;

#[test]
fn formats_without_a_check_are_read() {
    let place = Place::with(&[
        ("good.jsonl", "{\"start\":\"2025\",\"title\":\"a\"}\n"),
        ("bad.jsonl", "{\"start\":\"2025\",\"title\":\"a\"}\n{\"start\":\"nonsense\"}\n"),
    ]);
    let good = place.run(&["check", "good.jsonl"]);
    assert_eq!((good.code, good.stdout.as_slice()), (0, &b""[..]), "{}", good.stderr);
    assert_eq!(good.stderr, "1 file checked, nothing found\n");
    let bad = place.run(&["check", "bad.jsonl", "good.jsonl", "missing.jsonl"]);
    let printed = String::from_utf8(bad.stdout).unwrap();
    assert!(printed.starts_with("bad.jsonl:2: error["), "{printed}");
    assert!(bad.stderr.contains("cannot read `missing.jsonl`"), "{}", bad.stderr);
    assert!(bad.stderr.ends_with("2 files checked: 1 error, 0 warnings; 1 other could not be\n"), "{}", bad.stderr);
    assert_eq!(bad.code, 2);
    let json = place.run(&["check", "--json", "-q", "bad.jsonl"]);
    let finding: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json.code, &finding["severity"], &finding["line"]), (1, &"error".into(), &2.into()));
}
