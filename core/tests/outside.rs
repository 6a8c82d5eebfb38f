//! Records outside the windows of a filter cross the boundary by their ids.

use std::cell::RefCell;
use std::io::Cursor;

use annals_core::abi::PluginTable;
use annals_core::host::{Failure, Plugin};
use annals_core::outside::{Outside, Windows};
use annals_core::when::{Asked, Relation, Window};
use annals_core::{
    Error, Event, Fact, Format, FormatInfo, Host, Import, ImportRequest, Importer, Input, Note, Out, When,
};

/// Gives five records, of which those with an odd number lie outside if the host has windows.
struct Odd;

struct Reading(u64);

impl Format for Odd {
    const INFO: FormatInfo =
        FormatInfo { name: "odd", summary: "", extensions: "", media_types: "", options: "{}", example: "" };
}

impl Importer for Odd {
    fn open(_: Box<dyn Input>, _: ImportRequest) -> Result<Box<dyn Import>, Error> {
        Ok(Box::new(Reading(0)))
    }
}

impl Import for Reading {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        self.0 += 1;
        let (n, id) = (self.0, self.0.to_string());
        let record = Outside {
            offset: 10 * n,
            line: n,
            id: (n > 1).then_some(&id),
            local_id: (n == 1).then_some("é"),
            floating: n == 3,
            row: 0,
        };
        let is_out = n % 2 == 1 && out.windows().is_some();
        if !is_out || out.outside(record) {
            out.event(Event::new().title(id));
        }
        Ok(n < 5)
    }
}

annals_core::plugin! { id: "odd", version: "1", formats: [Odd: import] }

#[derive(Default)]
struct Asking {
    windows: Option<Windows>,
    wanted: u64,
    told: RefCell<Vec<String>>,
}

impl Host for Asking {
    fn note(&self, _: &Note) {}
    fn fact(&self, _: &Fact) {}
    fn windows(&self) -> Option<&Windows> {
        self.windows.as_ref()
    }
    fn outside(&self, record: &Outside<'_>) -> bool {
        self.told.borrow_mut().push(format!("{record:?}"));
        record.line == self.wanted
    }
}

fn read(host: &Asking) -> Result<(Vec<String>, u64, u64), Failure> {
    // SAFETY: a static descriptor of this crate.
    let plugin = unsafe { Plugin::new(&PLUGIN as *const PluginTable) }.unwrap();
    let input = Box::new(Cursor::new(Vec::new()));
    let mut stream = plugin.formats()[0].import(input, "", &ImportRequest::default(), host)?;
    let mut titles = Vec::new();
    while let Some(events) = stream.next_events()? {
        titles.extend(events.into_iter().filter_map(|event| event.title));
    }
    let counts = stream.finish()?;
    Ok((titles, counts.filtered, counts.read()))
}

fn windows() -> Windows {
    let window = |from, to| Window { from, to };
    let asked = |relation| Asked { relation, utc: window(i64::MIN, 5), local: window(-5, i64::MAX) };
    Windows { asked: vec![asked(Relation::Within), asked(Relation::Overlaps)], certainly: true }
}

#[test]
fn a_host_without_windows_gets_all() {
    let host = Asking::default();
    assert_eq!(read(&host).unwrap(), (["1", "2", "3", "4", "5"].map(str::to_owned).into(), 0, 5));
    assert!(host.told.borrow().is_empty());
}

#[test]
fn a_host_with_windows_is_told_and_asks() {
    let host = Asking { windows: Some(windows()), wanted: 5, ..Asking::default() };
    assert_eq!(read(&host).unwrap(), (["2", "4", "5"].map(str::to_owned).into(), 2, 5));
    let told = |offset, line, id, local_id, floating, row| {
        format!("{:?}", Outside { offset, line, id, local_id, floating, row })
    };
    let expected = [
        told(10, 1, None, Some("é"), false, 0),
        told(30, 3, Some("3"), None, true, 1),
        told(50, 5, Some("5"), None, false, 2),
    ];
    assert_eq!(*host.told.borrow(), expected);
}

#[test]
fn one_window_that_fails_is_enough() {
    let mut two = windows();
    let check = |windows: &Windows, text: &str, local: bool, expected: bool| {
        assert_eq!(windows.exclude(&When::parse(text, None).unwrap(), local), expected, "{text}");
    };
    check(&two, "1969-12-31T23:59:59Z", false, false);
    check(&two, "1970-01-01T00:00:01Z", false, true);
    check(&two, "1970-01-01T00:00:01", true, false);
    check(&two, "1969-12-31", true, true);
    two.asked[0].local = Window { from: i64::MIN, to: 0 };
    two.certainly = false;
    check(&two, "1970-01-01T00:00:01", true, true);
    check(&two, "1970?", true, true);
    check(&two, "../1969", true, false);
}
