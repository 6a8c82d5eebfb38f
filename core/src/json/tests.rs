use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::claim::Claim;
use crate::sample;
use crate::when::{Extent, Part, Precision, When, Zone};

fn object(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn read(json: Value, zone: Option<&str>) -> Result<Reading, FieldError> {
    read_object(object(json), zone.and_then(Zone::parse).as_ref())
}

#[track_caller]
fn event(json: Value) -> Event {
    let reading = read(json, None).unwrap();
    assert_eq!(reading.repairs, [], "nothing to put right");
    reading.event
}

#[track_caller]
fn refused(json: Value, expected: &str) {
    match read(json.clone(), None) {
        Ok(_) => panic!("read: {json}"),
        Err(error) => assert_eq!(format!("{}: {error}", error.code), expected),
    }
}

/// The time as `edtf zone | start_lo start_hi end_lo end_hi`.
fn shown(when: &When) -> String {
    let bounds = when.bounds().map(|bound| match when.bound_text(bound) {
        Some(text) => text.strip_suffix("T00:00:00").unwrap_or(&text).to_owned(),
        None => "?".to_owned(),
    });
    let zone = when.zone.as_deref().unwrap_or("-");
    let end_zone = when.end_zone.as_ref().map(|zone| format!("/{zone}")).unwrap_or_default();
    format!("{} {zone}{end_zone} | {}", when.edtf.as_deref().unwrap_or("undated"), bounds.join(" "))
}

#[track_caller]
fn check_when(json: Value, zone: Option<&str>, expected: &str) {
    let reading = read(json.clone(), zone).unwrap_or_else(|error| panic!("{json}: {error}"));
    let repairs: String = reading.repairs.iter().map(|repair| format!(" ({})", repair.code)).collect();
    assert_eq!(format!("{}{repairs}", shown(&reading.event.when)), expected, "{json}");
}

#[test]
fn every_key_in_one_order() {
    let names = |fields: &[Field]| fields.iter().map(|field| field.name.to_owned()).collect::<Vec<_>>();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut event = Event::new();
    event.actors.push(Default::default());
    event.own_claim().locator = Some(Default::default());
    let object = Value::Object(to_object(&event));
    assert_eq!(keys(&object), names(FIELDS));
    assert_eq!(keys(&object["actors"][0]), names(ACTOR_FIELDS));
    assert_eq!(keys(&object["claims"][0]), names(CLAIM_FIELDS));
    assert_eq!(keys(&object["claims"][0]["locator"]), names(LOCATOR_FIELDS));
}

#[test]
fn absent_is_null_and_arrays_are_arrays() {
    for (key, value) in to_object(&Event::new()) {
        let list = ["tags", "actors", "claims"].contains(&key.as_str());
        assert_eq!(value, if list { json!([]) } else { Value::Null }, "{key}");
    }
}

#[test]
fn a_whole_line() {
    let when = When::parse("2025-09-10T10:00/2025-09-10T11:30:00.123456789", Zone::parse("Europe/Berlin").as_ref());
    let mut event = Event::new().id("a@b").title("Größe \"1\"\u{1}\n").when(when.unwrap()).tag("x");
    event.modified = Some(-1);
    event.lat = Some(52.0);
    event.lon = Some(-1e-7);
    event.extra = Some(r#"{"b": 1.50, "a":"\u0041\/"}"#.to_owned());
    insta::assert_snapshot!(to_line(&event), @r#"{"id":"a@b","instance":null,"revision":null,"modified":"1969-12-31T23:59:59.999999Z","stamped":null,"when":"2025-09-10T10:00:00+02:00/2025-09-10T11:30:00.123456789+02:00","start":"2025-09-10T10:00:00+02:00","end":"2025-09-10T11:30:00.123456789+02:00","bounds":{"start":["2025-09-10T08:00:00Z","2025-09-10T08:00:00Z"],"end":["2025-09-10T09:30:00.123457Z","2025-09-10T09:30:00.123457Z"]},"extent":"throughout","precision":"minute","qualifier":null,"part":null,"said":null,"zone":"Europe/Berlin","end_zone":null,"recurrence":null,"title":"Größe \"1\"\u0001\n","body":null,"kind":null,"status":null,"lane":null,"url":null,"place":null,"lat":52.0,"lon":-1e-7,"tags":["x"],"actors":[],"claims":[],"extra":{"b":1.50,"a":"A/"}}"#);
}

#[test]
fn an_extra_that_is_no_object_breaks_no_line() {
    let check = |extra: &str, expected: &str| {
        let line = to_line(&Event { extra: Some(extra.to_owned()), ..Event::new() });
        let written = line.split_once("\"extra\":").unwrap().1;
        assert_eq!(written, format!("{expected}}}"), "{extra}");
        serde_json::from_str::<Map<String, Value>>(&line).unwrap();
    };
    check("{\n}", "{}");
    check(r#"{"a":1E5,"b":1e5}"#, r#"{"a":1e+5,"b":1e+5}"#);
    check(r#"{"a":1e+5,"b":-0}"#, r#"{"a":1e+5,"b":-0}"#);
    check("[1]", r#"{"not_an_object":"[1]"}"#);
    check("{\"a\":1}}", r#"{"not_an_object":"{\"a\":1}}"}"#);
    check(r#"{"$serde_json::private::Number":"x"}"#, r#"{"not_an_object":"{\"$serde_json::private::Number\":\"x\"}"}"#);
    let deep = format!("{}{}", "{\"a\":".repeat(200), "}".repeat(200));
    let line = to_line(&Event { extra: Some(deep), ..Event::new() });
    serde_json::from_str::<Map<String, Value>>(&line).unwrap();
}

#[test]
fn when_goes_before_start_and_end() {
    let year = "1914 - | 1914-01-01 1914-12-31T23:59:59.999999 1914-01-01T00:00:00.000001 1915-01-01";
    check_when(json!({"when": "1914"}), None, year);
    check_when(json!({"when": "1914", "start": "1914", "end": null}), None, year);
    check_when(json!({"when": "1914", "start": "1915"}), None, &format!("{year} (when-wins)"));
    check_when(json!({"when": "1914", "end": "1915"}), None, &format!("{year} (when-wins)"));
    check_when(json!({"start": "1914", "end": ""}), None, year);
    let utc = "2025-09-10T10:00:00Z UTC | 2025-09-10T10:00:00Z 2025-09-10T10:00:00Z 2025-09-10T10:00:00.000001Z \
               2025-09-10T10:00:00.000001Z";
    check_when(json!({"when": "2025-09-10T10:00:00Z", "start": "20250910T100000Z"}), None, utc);
}

#[test]
fn zones() {
    let start = |zone: Value, start: &str| json!({"zone": zone, "start": start});
    let first = |json: Value, zone: Option<&str>| {
        let reading = read(json, zone).unwrap();
        let codes: String = reading.repairs.iter().map(|repair| format!(" ({})", repair.code)).collect();
        format!("{}{codes}", shown(&reading.event.when).split(" | ").next().unwrap())
    };
    let check =
        |json: Value, zone: Option<&str>, expected: &str| assert_eq!(first(json.clone(), zone), expected, "{json}");
    let null = Value::Null;
    check(start(null.clone(), "2025-09-10T10:00"), None, "2025-09-10T10:00:00 floating");
    check(start(null, "2025-09-10T10:00"), Some("Europe/Berlin"), "2025-09-10T10:00:00+02:00 Europe/Berlin");
    check(start("UTC".into(), "2025-09-10T10:00"), Some("Europe/Berlin"), "2025-09-10T10:00:00Z UTC");
    check(start("floating".into(), "2025-09-10T10:00"), None, "2025-09-10T10:00:00 floating");
    check(start("floating".into(), "2025-09-10T10:00"), Some("UTC"), "2025-09-10T10:00:00Z UTC");
    let berlin = "Europe/Berlin";
    check(start(berlin.into(), "2025-09-10T10:00"), None, "2025-09-10T10:00:00+02:00 Europe/Berlin");
    check(start(berlin.into(), "2025-09-10T10:00+02:00"), None, "2025-09-10T10:00:00+02:00 Europe/Berlin");
    check(start(berlin.into(), "2025-09-10T10:00Z"), None, "2025-09-10T10:00:00Z Europe/Berlin");
    check(start(berlin.into(), "2025-09-10T10:00+05:00"), None, "2025-09-10T10:00:00+05:00 +05:00 (zone-offset)");
    check(start(berlin.into(), "2025-09-10"), None, "2025-09-10 - (zone-unused)");
    check(start("floating".into(), "2025-09-10"), None, "2025-09-10 -");
    refused(start("floating".into(), "2025-09-10T10:00Z"), "bad-field: `zone`: floating, but the time has an offset");
    refused(start("Mars".into(), "2025"), "bad-field: `zone`: there is no time zone `Mars`");
}

#[test]
fn the_end_may_be_in_another_zone() {
    let flight = json!({"start": "2025-09-10T10:00", "zone": "Europe/Berlin", "end": "2025-09-10T12:00",
        "end_zone": "America/New_York"});
    check_when(
        flight,
        None,
        "2025-09-10T10:00:00+02:00/2025-09-10T12:00:00-04:00 Europe/Berlin/America/New_York | 2025-09-10T08:00:00Z \
         2025-09-10T08:00:00Z 2025-09-10T16:00:00Z 2025-09-10T16:00:00Z",
    );
}

#[test]
fn bounds_narrow_and_extent_lasts() {
    let narrowed = "1914 - | 1914-06-01 1914-06-30T23:59:59.999999 1914-06-01T00:00:00.000001 1914-07-01";
    check_when(
        json!({"start": "1914", "bounds": {"start": ["1914-06-01T00:00", null], "end": [null, "1914-07-01T00:00"]}}),
        None,
        narrowed,
    );
    check_when(
        json!({"start": "1914", "extent": "throughout"}),
        None,
        "1914 - | 1914-01-01 1914-01-01 1915-01-01 1915-01-01",
    );
    let war = "1914/1918 - | 1914-01-01 1918-12-31T23:59:59.999999 1914-01-01T00:00:00.000001 1919-01-01";
    check_when(json!({"when": "1914/1918", "extent": "moment"}), None, war);
    let early = json!({"start": "1914", "bounds": {"start": ["1920-01-01T00:00:00", null], "end": null}});
    assert_eq!(read(early, None).unwrap_err().code, "bad-date");
    refused(
        json!({"start": "1985-XX-25", "extent": "throughout"}),
        "bad-field: `extent`: throughout, but `1985-XX-25` is no single stretch of time",
    );
    let fields =
        event(json!({"start": "1914", "precision": "decade", "qualifier": "both", "part": "mid", "said": "x"}));
    let when = &fields.when;
    assert_eq!((when.precision, when.part, when.said.as_deref()), (Precision::Decade, Part::Mid, Some("x")));
    assert_eq!(when.extent, Extent::Moment);
}

#[test]
fn by_hand() {
    let vague = event(json!({"start": "2025-08~", "title": "vague"}));
    assert_eq!((vague.title.as_deref(), vague.when.edtf.as_deref()), (Some("vague"), Some("2025-08~")));
    let lax = event(json!({"tags": "one", "actors": ["Ada", {"role": "user"}], "lat": 52, "note": "kept", "z": [1]}));
    assert_eq!((lax.tags, lax.lat), (vec!["one".to_owned()], Some(52.0)));
    assert_eq!(lax.actors[0].name.as_deref(), Some("Ada"));
    assert_eq!(lax.extra.as_deref(), Some(r#"{"note":"kept","z":[1]}"#));
    let extra = event(json!({"more": 1, "extra": {"b": 2.50, "a": null}, "annals": 1, "conflict": true}));
    assert_eq!(extra.extra.as_deref(), Some(r#"{"b":2.5,"a":null,"more":1}"#));
    let claim = event(json!({"claims": [{"attributed_to": "a witness", "quote": "It rained"}]}));
    let expected =
        Claim { attributed_to: Some("a witness".to_owned()), quote: Some("It rained".to_owned()), ..Claim::default() };
    assert_eq!(claim.claims, [expected]);
    assert!(claim.claims[0].is_own());
}

#[test]
fn phrases() {
    let late = event(json!({"start": "late August 2025"}));
    assert_eq!((late.when.edtf.as_deref(), late.when.part), (Some("2025-08"), Part::Late));
    assert_eq!(late.when.said.as_deref(), Some("late August 2025"));
    let span = event(json!({"start": "c. 1850", "end": "1860"}));
    assert_eq!((span.when.edtf.as_deref(), span.when.said.as_deref()), (Some("1850~/1860"), Some("c. 1850 – 1860")));
}

#[test]
fn numbers_keep_their_digits_and_unknown_keys_are_told() {
    let text = r#"{"x":1.50,"y":123456789012345678901234567890}"#;
    let event = from_object(serde_json::from_str(text).unwrap(), None).unwrap();
    assert_eq!(event.extra.as_deref(), Some(text));
    let reading =
        read(json!({"actors": [{"name": "A", "age": 3}], "claims": [{"page": 3}], "a": 1, "extra": {"a": 2}}), None);
    let codes: Vec<_> = reading.unwrap().repairs.into_iter().map(|repair| (repair.code, repair.text)).collect();
    insta::assert_debug_snapshot!(codes, @r#"
    [
        (
            "unknown-key",
            "`actors[0].age` is no key of annals and is left out: 3",
        ),
        (
            "unknown-key",
            "`claims[0].page` is no key of annals and is left out: 3",
        ),
        (
            "duplicate-key",
            "`a` also stands in `extra`: that one is kept",
        ),
    ]
    "#);
}

#[test]
fn refusals() {
    refused(json!({"tags": 3}), "bad-field: `tags`: expected an array of texts, found 3");
    refused(json!({"tags": ["a", {}]}), "bad-field: `tags`: expected an array of texts, found an object");
    refused(json!({"title": ["a"]}), "bad-field: `title`: expected a text, found an array");
    refused(json!({"id": 5}), "bad-field: `id`: expected a text, found 5");
    refused(json!({"revision": "1"}), "bad-field: `revision`: expected a whole number of 64 bits, found \"1\"");
    refused(json!({"revision": 1.5}), "bad-field: `revision`: expected a whole number of 64 bits, found 1.5");
    refused(json!({"lat": "north"}), "bad-field: `lat`: expected a number of degrees, found \"north\"");
    refused(json!({"start": 1850}), "bad-date: `start`: expected a date as text, found 1850");
    refused(json!({"start": "2025-02-30"}), "bad-date: `start`: `2025-02-30`: February 2025 has 28 days");
    refused(json!({"modified": "2025-01-01T00:00:00"}), "bad-date: `modified`: `2025-01-01T00:00:00`: no offset");
    refused(json!({"modified": 3}), "bad-field: `modified`: expected a text, found 3");
    refused(json!({"extra": []}), "bad-field: `extra`: expected an object, found an empty array");
    refused(json!({"part": "whole lot"}), "bad-field: `part`: expected early, mid or late, found \"whole lot\"");
    refused(json!({"claims": [null]}), "bad-field: `claims[0]`: expected an object, found null");
    refused(
        json!({"claims": [{"locator": {"line": -1}}]}),
        "bad-field: `claims[0].locator.line`: expected a whole number, found -1",
    );
    refused(
        json!({"start": "1850", "bounds": {"start": ["1850-01-01T00:00:00"]}}),
        "bad-field: `bounds.start`: expected an array of two: earliest and latest, found an array",
    );
    refused(
        json!({"start": "1850", "bounds": {"start": ["1850", null]}}),
        "bad-date: `bounds.start[0]`: `1850`: a bound is a date with a time, or ..",
    );
    let mut deep = json!(0);
    for _ in 0..MAX_DEPTH {
        deep = json!([deep]);
    }
    refused(json!({"extra": {"a": deep}}), "too-deep: `extra`: nested deeper than 100 levels");
    assert_eq!(
        read(json!({"start": 1850}), None).unwrap_err().hint.unwrap().split(';').next(),
        Some("write \"1850\" if that is a date")
    );
}

#[test]
fn schemas_name_every_field() {
    let schema = event_schema();
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, FIELDS.iter().map(|field| field.name).collect::<Vec<_>>());
    assert!(timeline_schema()["properties"]["events"].is_object());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn read_again_it_is_the_same(seed in any::<u64>()) {
        let event = sample::event(seed);
        let line = to_line(&event);
        let object = to_object(&event);
        prop_assert_eq!(&Value::Object(object.clone()).to_string(), &line);
        prop_assert!(!line.contains('\n'));
        let reading = read_object(object, None).unwrap();
        prop_assert_eq!(reading.event, event);
        prop_assert_eq!(reading.repairs, []);
    }

    #[test]
    fn strings_are_escaped_as_serde_json_does(text in any::<String>()) {
        let mut out = String::new();
        write_string(&text, &mut out);
        prop_assert_eq!(out, serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn nothing_panics(key in 0..FIELDS.len(), value in any::<String>(), other in any::<i64>()) {
        let name = FIELDS[key].name;
        for value in [json!(value), json!(other), json!([value]), json!({ &value: other })] {
            let _ = read(json!({ name: value }), Some("Europe/Berlin"));
        }
    }
}

proptest! {
    /// The two definitions of what is written are one.
    #[test]
    fn rows_are_written_as_their_events(
        seeds in prop::collection::vec(any::<u64>(), 1..20),
        texts in prop::array::uniform5(prop_oneof![
            "\\PC{0,20}", "[\"\\\\\n\u{1}é/{}:, 0-9.e]{0,20}", "\\{\"[ab]\":(1|1e5|1.50|\"\\\\u0041\"|\\[\\])[,}]?(\"a\":2)?\\}?",
        ]),
        bounds in prop::array::uniform4(prop_oneof![
            Just(None), Just(Some(i64::MIN)), Just(Some(i64::MAX)), any::<i64>().prop_map(Some),
        ]),
        odd in any::<u8>(),
        columns in prop::option::of(prop::collection::vec(0..30usize, 0..30)),
    ) {
        let mut events: Vec<Event> = seeds.into_iter().map(sample::event).collect();
        let [edtf, zone, title, extra, differs] = texts;
        let event = &mut events[0];
        if odd & 1 > 0 { event.when.edtf = Some(edtf) }
        if odd & 2 > 0 { event.when.zone = Some(zone) }
        if odd & 4 > 0 { event.title = Some(title) }
        if odd & 8 > 0 { event.extra = Some(extra) }
        if odd & 16 > 0 { event.own_claim().differs = Some(differs) }
        if odd & 32 > 0 { [event.when.start_lo, event.when.start_hi, event.when.end_lo, event.when.end_hi] = bounds }
        if odd & 64 > 0 { (event.modified, event.lat) = (bounds[0], Some(f64::NAN)) }
        let names = crate::schema::event_schema();
        let wanted: Option<Vec<String>> = columns.map(|at| at.iter().map(|at| names.field(*at).name().clone()).collect());
        let batch = crate::table::to_batch(&events, wanted.as_deref());
        let rows = crate::table::Rows::of(&batch).unwrap();
        let writer = RowWriter::new(&rows);
        let of_time = ["when", "start", "end", "bounds", "extent", "precision", "qualifier", "part"];
        let keys = FIELDS.iter().map(|field| field.name).filter(|key| !of_time.contains(key) && *key != "claims");
        let some: Vec<&str> = keys.skip(usize::from(odd % 8)).step_by(3).collect();
        let (mut found, mut expected) = (String::new(), String::new());
        for row in 0..rows.len() {
            writer.write(row, &mut found);
            write_line(&rows.event(row), &mut expected);
            write_some_of(&rows, row, &some, &mut found);
            write_some(&rows.event(row), &some, &mut expected);
        }
        prop_assert_eq!(found, expected);
    }
}
