//! The table of version 1.0 against the header itself, by the C and the C++ compiler: nothing moved, nothing forgotten.

use std::fmt::Write;
use std::process::{Command, Output};

const INCLUDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
const FROZEN: &str = include_str!("abi-1.0.txt");

/// The structs and fields of the table, `struct` or `struct.field`, with their sizes and offsets.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    FROZEN.lines().filter_map(|line| line.split_once(' ')).filter(|(name, _)| !name.starts_with("ANNALS_"))
}

/// A program that does not compile unless the header has every size and offset of the table.
fn program(assert: &str) -> String {
    let mut out = "#include \"annals_plugin.h\"\n".to_owned();
    for (name, number) in entries() {
        match name.split_once('.') {
            Some((of, field)) => writeln!(out, "{assert}(offsetof(struct {of}, {field}) == {number}, \"{name}\");"),
            // Only a minor version appends.
            None => writeln!(
                out,
                "{assert}(ANNALS_ABI_MINOR > 0 ? sizeof(struct {name}) >= {number} : sizeof(struct {name}) == \
                 {number}, \"{name}\");"
            ),
        }
        .unwrap();
    }
    out
}

fn compile(compiler: &str, std: &str, suffix: &str, program: &str) -> std::io::Result<Output> {
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("frozen").with_extension(suffix);
    std::fs::write(&source, program)?;
    Command::new(compiler)
        .args([std, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", INCLUDE])
        .arg(source)
        .output()
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_header_has_the_sizes_and_offsets_of_version_1_0() {
    let done = compile("cc", "-std=c11", "c", &program("_Static_assert")).expect("a C compiler");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_header_is_cpp_as_well() {
    // A C++ compiler is not needed to build, so there may be none.
    let Ok(done) = compile("c++", "-std=c++11", "cpp", &program("static_assert")) else { return };
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_wrong_table_does_not_compile() {
    let wrong = format!("{}_Static_assert(sizeof(struct annals_str) == 8, \"\");\n", program("_Static_assert"));
    let done = compile("cc", "-std=c11", "c", &wrong).expect("a C compiler");
    assert!(!done.status.success());
}

/// The declarations of the header's structs: `struct` or `struct.field`.
fn declared() -> Vec<String> {
    let header = std::fs::read_to_string(format!("{INCLUDE}/annals_plugin.h")).unwrap();
    let mut code = String::new();
    let mut rest = header.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    let mut names = Vec::new();
    let mut of = String::new();
    let (mut inside, mut declaration) = (false, String::new());
    for line in code.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("struct ").and_then(|line| line.strip_suffix(" {")) {
            (of, inside) = (name.to_owned(), true);
            names.push(of.clone());
        } else if line == "};" {
            inside = false;
        } else if inside {
            declaration.push_str(line);
            declaration.push(' ');
            if line.ends_with(';') {
                names.push(format!("{of}.{}", field(&declaration)));
                declaration.clear();
            }
        }
    }
    names
}

/// The name that a C declaration of a field declares.
fn field(declaration: &str) -> &str {
    // A function pointer's own name stands in the first parentheses: `int (*read)(...)`, `void *(*get)(...)`.
    if let Some((_, after)) = declaration.split_once("(*") {
        return after.split(')').next().unwrap();
    }
    let end = declaration.trim_end().trim_end_matches(';');
    let end = end.split('[').next().unwrap();
    end.rsplit([' ', '*']).next().unwrap()
}

#[test]
fn every_struct_and_field_of_the_header_is_measured() {
    // Arrow's own two structs are as Arrow has them; Rust takes them from its crate.
    let arrow = |name: &str| ["ArrowSchema", "ArrowArray"].contains(&name.split('.').next().unwrap());
    let declared: Vec<String> = declared().into_iter().filter(|name| !arrow(name)).collect();
    let mut measured: Vec<&str> = entries().map(|(name, _)| name).collect();
    assert!(declared.len() > 90, "{declared:?}");
    let mut missing: Vec<_> = declared.iter().filter(|name| !measured.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "not in abi-1.0.txt: {missing:?}");
    missing.clear();
    measured.retain(|name| !declared.iter().any(|declared| declared == name));
    assert!(measured.is_empty(), "in abi-1.0.txt but not in the header: {measured:?}");
}
