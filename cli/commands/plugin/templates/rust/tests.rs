//! Everything through the plugin's real table, as annals calls it.

use annals_core::ImportRequest;
use annals_core::testing::options;
use annals_plugin_test::{export, format, import};

/// What every format must keep to, on the files in `samples`.
mod conformance {
    annals_plugin_test::conform!(crate::PLUGIN);
}

/// Reads a text with the options `pairs`, writes the events again, and gives all that came of both.
fn round(text: &str, pairs: &[(&str, &str)]) -> String {
    let (format, options) = (format(&crate::PLUGIN, "@NAME@"), options(pairs));
    let request = ImportRequest { options: options.clone(), ..ImportRequest::default() };
    let read = import(&format, text.as_bytes(), &request);
    let written = export(&format, &read.events, &[], &options);
    format!("{read}\n{written}")
}

#[test]
fn good_lines() {
    insta::assert_snapshot!("good", round(include_str!("../samples/good.@NAME@"), &[]));
}

#[test]
fn bad_lines() {
    insta::assert_snapshot!("bad", round(include_str!("../samples/bad.@NAME@"), &[]));
}

#[test]
fn the_separator_is_an_option() {
    let round = round("2025-09-10;Talk\n2025-09-11\tTalk\n", &[("separator", "semicolon")]);
    insta::assert_snapshot!("semicolon", round);
}
