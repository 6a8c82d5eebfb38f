//! Inputs that several stories share.

/// A calendar with these components.
pub fn calendar(components: &[String]) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Tests//EN\r\n{}END:VCALENDAR\r\n",
        components.concat()
    )
}

/// An event; `lines` are further content lines, each with its end.
pub fn event(uid: &str, start: &str, title: &str, lines: &str) -> String {
    let uid = if uid.is_empty() { String::new() } else { format!("UID:{uid}\r\n") };
    format!(
        "BEGIN:VEVENT\r\n{uid}DTSTAMP:20250801T090000Z\r\nDTSTART:{start}\r\nSUMMARY:{title}\r\n{lines}END:VEVENT\r\n"
    )
}

/// Ada's calendar: the talk in its old version, a holiday without an id, a lunch of her own.
pub fn ada() -> String {
    calendar(&[
        event("talk@example.org", "20250910T080000Z", "Talk", "SEQUENCE:1\r\nLOCATION:Room 1\r\n"),
        event("", "20251003T000000Z", "Holiday", ""),
        event("lunch@example.org", "20250911T110000Z", "Lunch", ""),
    ])
}

/// Ben's calendar: the talk in its new version, the same holiday, a dinner of his own.
pub fn ben() -> String {
    calendar(&[
        event("talk@example.org", "20250910T090000Z", "Talk", "SEQUENCE:2\r\nLOCATION:Room 2\r\n"),
        event("", "20251003T000000Z", "Holiday", ""),
        event("dinner@example.org", "20250911T180000Z", "Dinner", ""),
    ])
}

/// Notes by hand: a vague date, and one word for word twice.
pub const NOTES: &str = concat!(
    r#"{"start":"2025-08~","title":"Found the letters"}"#,
    "\n",
    r#"{"start":"2025-09-10","title":"Heard the talk"}"#,
    "\n",
    r#"{"start":"2025-09-10","title":"Heard the talk"}"#,
    "\n",
);

/// One good event.
pub const GOOD: &str = "{\"id\":\"good\",\"start\":\"2025-09-10\",\"title\":\"Good\"}\n";

/// Two bad lines around a good one.
pub const MIXED: &str = "{\"start\":\"2025-02-30\"}\n{\"start\":\"2025-02-28\",\"title\":\"fine\"}\n{\"tags\":3}\n";
