//! What valgrind finds in the library, where there is valgrind.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use annals_plugin_test::kit::Verdict;

use super::process;
use crate::exit::Trouble;

/// What is told, by valgrind's name of it.
const KINDS: [(&str, &str); 5] = [
    ("Leak_DefinitelyLost", "definitely lost"),
    ("InvalidRead", "reads what is not its own"),
    ("InvalidWrite", "writes what is not its own"),
    ("InvalidFree", "frees what it has not got"),
    ("MismatchedFree", "frees in another way than it has allocated"),
];

/// Runs `command`, which uses everything in the library, under valgrind.
pub fn check(command: Command, library: &Path, limit: Duration) -> Result<Verdict, Trouble> {
    let Some(valgrind) = valgrind() else { return Ok(Verdict::Skipped("there is no valgrind".to_owned())) };
    let cannot = |error: std::io::Error| Trouble::new("cannot make a temporary file").cause(error);
    let found = tempfile::NamedTempFile::new().map_err(cannot)?;
    let mut watched = Command::new(valgrind);
    watched.args(["--leak-check=full", "--show-leak-kinds=definite", "--num-callers=40", "--xml=yes"]);
    let mut file = OsStr::new("--xml-file=").to_owned();
    file.push(found.path());
    watched.arg(file).arg(command.get_program()).args(command.get_args());
    watched.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = process::run(watched, limit)?;
    if let Err(failures) = ended.answer() {
        return Ok(Verdict::Skipped(format!("it does not run under valgrind: {}", failures.join("; "))));
    }
    let xml = String::from_utf8_lossy(&fs::read(found.path()).map_err(cannot)?).into_owned();
    let library = library.canonicalize().unwrap_or_else(|_| library.to_owned());
    Ok(verdict(&xml, &library.to_string_lossy()))
}

fn valgrind() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("valgrind")).find(|program| program.is_file())
}

/// What valgrind tells in XML of calls through the library.
fn verdict(xml: &str, library: &str) -> Verdict {
    let object = format!("<obj>{}</obj>", library.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
    let mut told: BTreeMap<(&str, String), (u64, u64)> = BTreeMap::new();
    for error in xml.split("<error>").skip(1).filter_map(|error| error.split("</error>").next()) {
        // Only where it stands, not where something was allocated that it stands next to.
        let stack = error.split("</stack>").next().unwrap_or_default();
        let kind = KINDS.iter().find(|(kind, _)| field(error, "kind") == Some(kind));
        let Some((_, what)) = kind.filter(|_| stack.contains(&object)) else { continue };
        let frame = stack.split("<frame>").find(|frame| frame.contains(&object)).unwrap_or_default();
        let place = field(frame, "fn").unwrap_or("an unnamed function").to_owned();
        let (times, bytes) = told.entry((what, place)).or_default();
        *times += field(error, "leakedblocks").and_then(|number| number.parse().ok()).unwrap_or(1);
        *bytes += field(error, "leakedbytes").and_then(|number| number.parse().ok()).unwrap_or(0);
    }
    let tell = |((what, place), (times, bytes)): (&(&str, String), &(u64, u64))| {
        let of = if *bytes > 0 { format!("{bytes} bytes in {times} blocks") } else { format!("{times} times") };
        format!("{what}: {of}, in `{place}`")
    };
    match told.len() {
        0 => Verdict::Passed("nothing lost".to_owned()),
        _ => Verdict::Failed(told.iter().map(tell).collect()),
    }
}

/// The text of the first element of this name.
fn field<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let rest = &xml[xml.find(&format!("<{name}>"))? + name.len() + 2..];
    rest.split('<').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_library_does() {
        let error = |kind: &str, object: &str, leaked: &str| {
            format!(
                "<error><kind>{kind}</kind><xwhat><text>x</text>{leaked}</xwhat><stack><frame><obj>/v.so</obj><fn>malloc</fn>\
                 </frame><frame><obj>{object}</obj><fn>keep</fn></frame></stack><stack><frame><obj>/a &amp; b.so</obj>\
                 </frame></stack></error>"
            )
        };
        let check = |xml: &[String], expected: &[&str]| {
            let expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
            match verdict(&xml.concat(), "/a & b.so") {
                Verdict::Failed(failures) => assert_eq!(failures, expected),
                verdict => assert!(expected.is_empty(), "{verdict:?}"),
            }
        };
        let leaked = "<leakedbytes>24</leakedbytes><leakedblocks>3</leakedblocks>";
        check(&[], &[]);
        check(&[error("Leak_DefinitelyLost", "/other.so", leaked)], &[]);
        check(
            &[error("Leak_PossiblyLost", "/a &amp; b.so", leaked), error("UninitCondition", "/a &amp; b.so", "")],
            &[],
        );
        let lost = || error("Leak_DefinitelyLost", "/a &amp; b.so", leaked);
        check(&[lost(), lost()], &["definitely lost: 48 bytes in 6 blocks, in `keep`"]);
        check(&[error("InvalidRead", "/a &amp; b.so", "")], &["reads what is not its own: 1 times, in `keep`"]);
    }
}
