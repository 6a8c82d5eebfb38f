//! The header and `abi.rs` say the same: sizes, offsets and constants, measured by a C compiler.

use std::fmt::Write;
use std::mem::{offset_of, size_of};
use std::process::Command;

use annals_core::{abi, outside};

/// `name value` lines for structs as Rust lays them out; the C side is made from the same list.
macro_rules! layout {
    ($($c:literal = $rust:ty { $($field:ident),* $(,)? })*) => {{
        let mut rust = String::new();
        let mut c = String::new();
        $(
            writeln!(rust, "{} {}", $c, size_of::<$rust>()).unwrap();
            writeln!(c, "  printf(\"{0} %zu\\n\", sizeof(struct {0}));", $c).unwrap();
            $(
                // A field that is a keyword in C or Rust has the same name in both all the same.
                let field = stringify!($field).trim_start_matches("r#");
                writeln!(rust, "{}.{field} {}", $c, offset_of!($rust, $field)).unwrap();
                writeln!(c, "  printf(\"{0}.{1} %zu\\n\", offsetof(struct {0}, {1}));", $c, field).unwrap();
            )*
        )*
        (rust, c)
    }};
}

/// (what Rust says, a C program that says what C says)
fn layouts() -> (String, String) {
    let (mut rust, mut body) = layout! {
        "annals_str" = abi::Str { ptr, len }
        "annals_error" = abi::ErrorOut {
            struct_size, kind, message, hint, offset, line, column, private_data, release,
        }
        "annals_source" = abi::Source { struct_size, reserved, context, label, size, read, read_at, bytes }
        "annals_request" = abi::Request {
            struct_size, reserved, flags, options, wanted, batch_rows, max_record,
        }
        "annals_export_request" = abi::ExportRequest { struct_size, reserved, flags, options, facts }
        "annals_note" = abi::NoteIn { struct_size, kind, code, text, event, offset, len, line, bytes }
        "annals_host" = abi::HostTable {
            struct_size, reserved, context, cancelled, progress, log, note, fact, get_extension,
        }
        "annals_sink" = abi::Sink { struct_size, reserved, context, write }
        "annals_import_stats" = abi::ImportStats { struct_size, complete, read, emitted, rejected, filtered }
        "annals_export_stats" = abi::ExportStats { struct_size, reserved, read, written, omitted }
        "annals_format" = abi::FormatTable {
            struct_size, reserved, name, summary, extensions, media_types, options, example, sniff, open_import,
            stream_error, stream_stats, run_export, validate,
        }
        "annals_plugin" = abi::PluginTable {
            magic, abi_major, abi_minor, struct_size, id, version, manifest, formats, formats_len, get_extension,
        }
        "annals_window" = outside::WindowIn { relation, reserved, utc_from, utc_to, local_from, local_to }
        "annals_outside_record" = outside::RecordIn { struct_size, flags, offset, line, row, id, local_id }
        "annals_outside" = outside::OutsideTable { struct_size, flags, context, windows, windows_len, outside }
        "ArrowArrayStream" = abi::ArrowArrayStream { get_schema, get_next, get_last_error, release, private_data }
    };
    let constants = [
        ("ANNALS_ABI_MAJOR", u64::from(abi::MAJOR)),
        ("ANNALS_ABI_MINOR", u64::from(abi::MINOR)),
        ("ANNALS_FLAG_RAW", abi::FLAG_RAW),
        ("ANNALS_UNKNOWN", abi::UNKNOWN),
        ("ANNALS_OUTSIDE_CERTAINLY", u64::from(outside::FLAG_CERTAINLY)),
        ("ANNALS_OUTSIDE_FLOATING", u64::from(outside::FLAG_FLOATING)),
        ("ANNALS_NOTE_REJECT", annals_core::NoteKind::Reject as u64),
        ("ANNALS_NOTE_REPAIR", annals_core::NoteKind::Repair as u64),
        ("ANNALS_NOTE_LOSSY", annals_core::NoteKind::Lossy as u64),
        ("ANNALS_NOTE_OMIT", annals_core::NoteKind::Omit as u64),
    ];
    for (name, value) in constants {
        writeln!(rust, "{name} {value}").unwrap();
        writeln!(body, "  printf(\"{name} %llu\\n\", (unsigned long long)({name}));").unwrap();
    }
    writeln!(rust, "ANNALS_MAGIC {}", std::str::from_utf8(&abi::MAGIC).unwrap()).unwrap();
    writeln!(body, "  printf(\"ANNALS_MAGIC %s\\n\", ANNALS_MAGIC);").unwrap();
    writeln!(rust, "ANNALS_OUTSIDE {}", outside::NAME).unwrap();
    writeln!(body, "  printf(\"ANNALS_OUTSIDE %s\\n\", ANNALS_OUTSIDE);").unwrap();
    let c = format!("#include <stdio.h>\n#include \"annals_outside.h\"\nint main(void) {{\n{body}  return 0;\n}}\n");
    (rust, c)
}

#[test]
fn c_and_rust_agree() {
    let (rust, program) = layouts();
    let folder = tempfile::tempdir().unwrap();
    let (source, binary) = (folder.path().join("layout.c"), folder.path().join("layout"));
    std::fs::write(&source, program).unwrap();
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/include"))
        .arg(&source)
        .arg("-o")
        .arg(&binary)
        .output()
        .expect("a C compiler, which Rust's linker needs as well");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&binary).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), rust);
}
