//! A plugin by an author who keeps to the safe traits and still does harm. Its format `unruly` reads any input; README.md
//! lists the cases.

use std::io::Write;
use std::thread;

use annals_core::{
    Error, Event, Export, Exporter, Format, FormatInfo, Import, ImportRequest, Importer, Input, Locator, Out,
};

/// Does what its option `case` says.
pub struct Unruly;

struct Reading {
    case: String,
    steps: u64,
    _dropped: Panics,
}

/// Panics when it goes, if it is to.
struct Panics(bool);

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(!self.0, "panic in drop");
    }
}

impl Format for Unruly {
    const INFO: FormatInfo = FormatInfo {
        name: "unruly",
        summary: "",
        extensions: "unruly",
        media_types: "",
        options: r#"{"properties":{"case":{"type":"string"}}}"#,
        example: "",
    };

    fn sniff(head: &[u8], _: &str) -> u8 {
        assert!(!head.starts_with(b"sniff-panic\n"), "panic in sniff");
        0
    }
}

impl Importer for Unruly {
    fn open(_: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        let case = request.options.text("case").unwrap_or_default().to_owned();
        match case.as_str() {
            "panic-open" => panic!("panic in open"),
            "panic-of-number" => std::panic::panic_any(5),
            "panic-of-panic" => std::panic::panic_any(Panics(true)),
            "panic-with-nul" => panic!("panic \0 \u{1b}[2J"),
            "error-large" => return Err(Error::new("x".repeat(8 << 20)).hint("y".repeat(8 << 20))),
            "error-with-nul" => return Err(Error::new("torn\0 tape").at(u64::MAX, u64::MAX)),
            "stack" => return Err(Error::new(deeper(0).to_string())),
            "abort" => std::process::abort(),
            "panic-twice" => {
                let _second = Panics(true);
                panic!("the first of two panics");
            }
            "threads" => (0..4).for_each(|_| drop(thread::spawn(thread::park))),
            "thread-panics" => drop(thread::spawn(|| panic!("panic in a thread")).join()),
            _ => {}
        }
        let dropped = Panics(case == "panic-drop");
        Ok(Box::new(Reading { case, steps: 0, _dropped: dropped }))
    }
}

/// Needs more stack than there is.
fn deeper(n: u64) -> u64 {
    let room = std::hint::black_box([n; 4096]);
    room[n as usize % 4096] + if n < u64::MAX { deeper(n + 1) } else { 0 }
}

impl Import for Reading {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        self.steps += 1;
        out.event(Event::new().title(format!("event {}", self.steps)));
        match self.case.as_str() {
            "panic-next" => panic!("panic in next"),
            "panic-later" if self.steps > 10_000 => panic!("panic later"),
            "panic-later" => return Ok(true),
            "overflow" => {
                out.filter(u64::MAX);
                out.filter(1);
            }
            "allocation-huge" => drop(Vec::<u8>::with_capacity(usize::MAX)),
            "allocation-large" => drop(std::hint::black_box(vec![1u8; 1 << 60])),
            "column-fills" => {
                // Far more than a batch is to have.
                (0..3).for_each(|_| out.event(Event::new().title("x".repeat(2 << 20))));
            }
            "rejects-itself" => {
                out.reject(Locator::default(), b"", "bad", "bad");
                out.reject(Locator { offset: u64::MAX, len: u64::MAX, line: u64::MAX }, &[0; 2 << 20], "", "");
            }
            "fact-large" => out.fact("k", "k", "x".repeat(8 << 20).into()),
            _ => {}
        }
        Ok(false)
    }
}

impl Exporter for Unruly {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        let case = cx.options.text("case").unwrap_or_default().to_owned();
        while cx.next_event()?.is_some() {
            assert!(case != "panic-export", "panic in export");
        }
        cx.write_all(b"written\n")?;
        if case == "panic-export-late" {
            panic!("panic after all was written");
        }
        Ok(())
    }
}

annals_core::plugin! { id: "unruly", version: "1", formats: [Unruly: import export] }
