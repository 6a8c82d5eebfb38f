//! A table of mistakes for each layer.

use super::findings;

/// Checks a file; line ends are CR LF.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(findings(text.replace('\n', "\r\n").as_bytes()), expected, "{text}");
}

#[test]
fn nothing() {
    check("", &["1 no-calendar"]);
}
