//! What a library exports. Read from its file, without running it.

use std::fs;
use std::path::Path;

use annals_core::abi::{MAJOR, symbol};
use annals_plugin_test::kit::Verdict;

/// What the names of all entry functions begin with.
const PREFIX: &str = "annals_plugin_";

/// The entry function is there, and no other plugin's.
pub fn check(library: &Path, id: &str) -> Verdict {
    let bytes = match fs::read(library) {
        Ok(bytes) => bytes,
        Err(error) => return Verdict::Failed(vec![format!("it cannot be read: {error}")]),
    };
    if !bytes.starts_with(b"\x7fELF") {
        return Verdict::Skipped("it is no ELF library; its function was found when it was loaded".to_owned());
    }
    let Some(names) = exported(&bytes) else {
        return Verdict::Skipped("it is no 64-bit little-endian ELF library with section headers".to_owned());
    };
    let own = symbol(MAJOR, id);
    let (ours, others): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| name.starts_with(PREFIX));
    let mut failures = Vec::new();
    if !ours.contains(&&own) {
        failures.push(format!("it does not export `{own}`"));
    }
    // Other versions of the ABI may be offered beside this one.
    let is_own = |name: &str| name.ends_with(&format!("_{id}"));
    let foreign = ours.iter().filter(|name| !is_own(name));
    failures.extend(foreign.map(|name| format!("it exports `{name}`, which nobody asks a library of this name for")));
    if failures.is_empty() {
        let others = match others.len() {
            0 => String::new(),
            1 => " and 1 other".to_owned(),
            count => format!(" and {count} others"),
        };
        return Verdict::Passed(format!("{own}{others}"));
    }
    Verdict::Failed(failures)
}

/// The names of the symbols that a 64-bit little-endian ELF library defines for others, sorted; `None` = it is none, or
/// damaged. From the section of type SHT_DYNSYM (System V ABI, chapter 4).
fn exported(elf: &[u8]) -> Option<Vec<String>> {
    const SHT_DYNSYM: u32 = 11;
    (elf.get(4..6)? == [2, 1]).then_some(())?;
    let headers = at::<u64>(elf, 0x28)?;
    let (size, count) = (u64::from(at::<u16>(elf, 0x3a)?), u64::from(at::<u16>(elf, 0x3c)?));
    let header = |n: u64| headers.checked_add(n.checked_mul(size)?);
    let section = |n: u64| {
        let header = header(n)?;
        let field = |offset: u64| header.checked_add(offset);
        let (offset, len) = (at::<u64>(elf, field(0x18)?)?, at::<u64>(elf, field(0x20)?)?);
        elf.get(usize::try_from(offset).ok()?..usize::try_from(offset.checked_add(len)?).ok()?)
    };
    let is_dynsym =
        |n: &u64| header(*n).and_then(|at_header| at::<u32>(elf, at_header.checked_add(4)?)) == Some(SHT_DYNSYM);
    let dynsym = (0..count).find(is_dynsym)?;
    let strings = section(u64::from(at::<u32>(elf, header(dynsym)?.checked_add(0x28)?)?))?;
    let mut names = Vec::new();
    for entry in section(dynsym)?.chunks_exact(24) {
        let (info, other) = (entry[4], entry[5]);
        let (is_global, is_default, is_defined) =
            (info >> 4 != 0, other & 3 == 0 || other & 3 == 3, entry[6..8] != [0, 0]);
        if is_global && is_default && is_defined {
            let name = strings.get(at::<u32>(entry, 0)? as usize..)?;
            let end = name.iter().position(|byte| *byte == 0)?;
            names.push(String::from_utf8_lossy(&name[..end]).into_owned());
        }
    }
    names.sort();
    Some(names)
}

/// The number at an offset.
fn at<T: Number>(bytes: &[u8], offset: u64) -> Option<T> {
    T::read(bytes.get(usize::try_from(offset).ok()?..)?)
}

/// Little-endian numbers.
trait Number: Sized {
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($type:ty)*) => {
        $(impl Number for $type {
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|bytes| Self::from_le_bytes(*bytes))
            }
        })*
    };
}
numbers! { u16 u32 u64 }

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_damaged_library_is_no_trouble() {
        // This program is an ELF file itself, if not a library.
        let elf = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(exported(&elf).is_some());
        for cut in [0, 5, 40, 63, 64, 1000, elf.len() / 2] {
            assert_eq!(exported(&elf[..cut]), None, "{cut}");
        }
        let mut head = elf[..64].to_vec();
        for at in 0x28..0x3e {
            head[at] = 0xff;
            assert_eq!(exported(&head), None);
        }
    }
}
