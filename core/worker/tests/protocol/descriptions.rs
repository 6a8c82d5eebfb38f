//! Answers to `describe` and `sniff` that are none.

use annals_core::host::Failure;
use annals_worker::client;
use annals_worker::testing::{TOO_EARLY, Wire};

use crate::common::tell;

fn told<T>(answer: Result<T, Failure>) -> String {
    answer.err().map(|failure| tell(&failure)).unwrap_or_default()
}

#[test]
fn descriptions() {
    let check = |lines: &str, expected: &str| {
        let output = format!("{{\"hello\":1}}\n{lines}");
        assert_eq!(told(client::describe(Wire::new(output.as_bytes(), 0))), expected, "{lines:.200}");
    };
    check("{\"result\":{\"id\":\"a\"}}\n", "");
    check("{\"log\":\"x\"}\n{\"progress\":1}\n{\"result\":{\"id\":\"a\"}}\n{\"result\":7}\n", "");
    check("", &format!("plugin: {TOO_EARLY}"));
    check("{\"end\":{}}\n", "plugin: a message `end` that has no place here");
    check("{\"event\":{}}\n", "plugin: a message `event` that has no place here");
    check("{\"result\":7}\n", "plugin: its description is not a JSON object");
    check("{\"error\":{\"message\":\"a\\nb\"}}\n", "refused: a\u{fffd}b");
    let many = vec!["{\"name\":\"x\"}"; 300].join(",");
    check(
        &format!("{{\"result\":{{\"id\":\"a\",\"formats\":[{many}]}}}}\n"),
        "plugin: it has 300 formats; at most 256 are allowed",
    );
    let long = "x".repeat(2 << 20);
    let summary = format!("{{\"result\":{{\"id\":\"a\",\"formats\":[{{\"name\":\"x\",\"summary\":\"{long}\"}}]}}}}\n");
    check(&summary, "plugin: `summary` of its description is too long");
}

#[test]
fn what_is_shown_is_on_one_line() {
    let format = r#"{"name":"x","summary":"a\nb","extensions":["\u001b"],"example":"\u0007"}"#;
    let output =
        format!("{{\"hello\":1}}\n{{\"result\":{{\"id\":\"a\",\"version\":\"1\\n\",\"formats\":[{format}]}}}}\n");
    let said = client::describe(Wire::new(output.as_bytes(), 0)).unwrap();
    let format = &said.formats[0];
    let shown = [&said.version, &format.summary, &format.extensions[0], &format.example];
    assert_eq!(shown, ["1\u{fffd}", "a\u{fffd}b", "\u{fffd}", "\u{fffd}"]);
}

#[test]
fn scores() {
    let check = |answer: &str, expected: &[(&str, u8)]| {
        let output = format!("{{\"hello\":1}}\n{{\"result\":{answer}}}\n");
        let scores = client::sniff(Wire::new(output.as_bytes(), 0)).unwrap();
        let scores: Vec<(&str, u8)> = scores.iter().map(|(name, score)| (name.as_str(), *score)).collect();
        assert_eq!(scores, expected, "{answer}");
    };
    check("{}", &[]);
    check(r#"{"a":1,"b":100,"c":101,"d":-1}"#, &[("a", 1), ("b", 100), ("c", 100), ("d", 0)]);
    check(r#"{"a":1.5,"b":"9","c":null,"d":99999999999999999999}"#, &[("a", 0), ("b", 0), ("c", 0), ("d", 0)]);
    let output = b"{\"hello\":1}\n{\"result\":[]}\n";
    assert_eq!(told(client::sniff(Wire::new(output.as_slice(), 0))), "plugin: its scores are not a JSON object");
}
