//! A look at a library before the system's loader maps it: that one believes what the file says of its own length, and
//! the process dies of a signal on a library that is cut short.
//!
//! Source: System V ABI, chapters 4 (header) and 5 (program header); <https://refspecs.linuxfoundation.org/elf/gabi4+/>

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use annals_core::error::Error;

/// `e_ident`, of which bytes 4 and 5 are class and byte order, and the fields behind it.
const HEADER: usize = 64;
/// `PT_LOAD`: what is mapped.
const LOAD: u64 = 1;

/// Refuses a library that is made for another machine, or shorter than its parts that are mapped. What is no ELF file at
/// all is left to the loader, which says so.
pub fn check(path: &Path) -> Result<(), Error> {
    let file = File::open(path)?;
    let mut head = [0; HEADER];
    if (&file).read(&mut head)? < HEADER || !head.starts_with(b"\x7fELF") {
        return Ok(());
    }
    if let Some(own) = own_header().filter(|own| machine(own) != machine(&head)) {
        let (made, here) = (machine_name(&head), machine_name(&own));
        return Err(Error::new(format!("it is for another machine: {made}, not {here}")));
    }
    let end = last_byte(&file, &head).unwrap_or(u64::MAX);
    let size = file.metadata()?.len();
    if end > size {
        let text = format!("it is cut short or damaged: it has {size} bytes of {end}");
        return Err(Error::new(if end == u64::MAX { "it is cut short or damaged".to_owned() } else { text }));
    }
    Ok(())
}

/// The header of this program itself.
fn own_header() -> Option<[u8; HEADER]> {
    let mut head = [0; HEADER];
    File::open(std::env::current_exe().ok()?).ok()?.read_exact(&mut head).ok()?;
    head.starts_with(b"\x7fELF").then_some(head)
}

/// Class, byte order and `e_machine`.
fn machine(head: &[u8; HEADER]) -> (u8, u8, u16) {
    (head[4], head[5], u16::from_ne_bytes([head[18], head[19]]))
}

fn machine_name(head: &[u8; HEADER]) -> String {
    let (class, _, machine) = machine(head);
    let name = match machine {
        3 => "x86",
        40 => "Arm",
        62 => "x86-64",
        183 => "AArch64",
        243 => "RISC-V",
        other => return format!("number {other} of {} bits", u32::from(class) * 32),
    };
    format!("{name} of {} bits", u32::from(class) * 32)
}

/// Where the last part that is mapped ends; an error if the table of parts is not there. The machine is ours, so that
/// its byte order is.
fn last_byte(file: &File, head: &[u8; HEADER]) -> io::Result<u64> {
    let is_64 = head[4] == 2;
    // e_phoff, e_phentsize, e_phnum; then p_offset and p_filesz of each entry.
    let (table, entry_size, count) = if is_64 { (32, 54, 56) } else { (28, 42, 44) };
    let (offset, size) = if is_64 { (8, 32) } else { (4, 16) };
    let table = number(&head[table..], if is_64 { 8 } else { 4 });
    let (entry_size, count) = (number(&head[entry_size..], 2), number(&head[count..], 2));
    let mut last = 0;
    for at in 0..count {
        let mut entry = [0; 56];
        let entry = &mut entry[..if is_64 { 56 } else { 32 }];
        let place = table.checked_add(at * entry_size).ok_or(io::ErrorKind::InvalidData)?;
        file.read_exact_at(entry, place)?;
        if number(entry, 4) == LOAD {
            let word = if is_64 { 8 } else { 4 };
            last = last.max(number(&entry[offset..], word).saturating_add(number(&entry[size..], word)));
        }
    }
    Ok(last)
}

/// A number of so many bytes in native order.
fn number(bytes: &[u8], len: usize) -> u64 {
    match len {
        2 => u16::from_ne_bytes([bytes[0], bytes[1]]).into(),
        4 => u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).into(),
        _ => u64::from_ne_bytes(std::array::from_fn(|at| bytes[at])),
    }
}
