use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// JSON as it may come: any spelling of white space, numbers and escapes, now and then broken.
fn json() -> impl Strategy<Value = String> {
    let space = "[ \n]{0,1}";
    let string = prop_oneof![
        3 => "\"[a-cé \\$]{0,9}\"",
        1 => "\"([a-z]|\\\\[\"/bfnrtux]|\\\\u[0d][08D][0-9a-f]{2}|\u{1}|☃){0,6}\"",
    ]
    .boxed();
    let leaf = prop_oneof![
        string.clone(),
        "-?[0-9]{1,20}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{1,3})?",
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("\"$serde_json::private::Number\"".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let member = (string.clone(), space, inner.clone())
            .prop_map(|(key, space, value)| format!("{space}{key}{space}:{value}"));
        let join = |items: Vec<String>, end: &str| format!("{}{}", items.join(","), end);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(move |items| format!("[{}", join(items, "]"))),
            prop::collection::vec(member, 0..5).prop_map(move |items| format!("{{{}", join(items, " }"))),
            (inner, space).prop_map(|(inner, space)| format!("{space}{inner}{space}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn values_are_what_serde_json_makes_of_them(text in json()) {
        let mut lexer = Lexer::new(&text);
        let mut out = String::new();
        if lexer.value(&mut out, &mut Keys::default()) == Ok(()) && lexer.at_end() {
            let value: Value = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
            prop_assert_eq!(out, value.to_string());
        }
    }

    #[test]
    fn strings_are_what_serde_json_makes_of_them(text in "\"([a-zé☃]|\\\\[\"/bfnrtux]|\\\\u[0dD][08dcCD][0-9a-fA-F]{2}|\u{1}){0,12}\"") {
        let mut out = String::new();
        match Lexer::new(&text).string(&mut out) {
            Ok(()) => prop_assert_eq!(serde_json::from_str::<String>(&text).ok(), Some(out)),
            Err(Unusual) => prop_assert!(serde_json::from_str::<String>(&text).is_err()),
        }
    }

    #[test]
    fn compact_objects_are_those_of_serde_json(text in json()) {
        let value = serde_json::from_str::<Value>(&text);
        if is_compact_object(&text, 100) {
            prop_assert!(value.is_ok());
            // Keys that come twice are nobody's business here.
            let once = Lexer::new(&text).value(&mut String::new(), &mut Keys::default()).is_ok();
            let spelled = value.as_ref().unwrap().to_string();
            prop_assert!(!once || spelled == text);
        }
        if let Ok(Value::Object(map)) = value {
            let spelled = Value::Object(map).to_string();
            let plain = !spelled.contains("\\u") && !spelled.contains(['e', 'E']);
            prop_assert!(!plain || is_compact_object(&spelled, 100));
        }
    }

    #[test]
    fn special_bytes_are_found(bytes in prop::collection::vec(prop_oneof![9 => any::<u8>(), 1 => Just(b'"')], 0..40), at in 0usize..9) {
        let at = at.min(bytes.len());
        let simple = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).map_or(bytes.len(), |found| at + found);
        prop_assert_eq!(special(&bytes, at), simple);
    }
}

#[test]
fn usual_and_unusual() {
    let check = |text: &str, expected: Option<&str>| {
        let mut lexer = Lexer::new(text);
        let mut out = String::new();
        let read = lexer.value(&mut out, &mut Keys::default()).is_ok() && lexer.at_end();
        assert_eq!(read.then_some(out.as_str()), expected, "{text}");
    };
    check(
        r#" { "a" : [ 1.50 , "\/\u0041\u0001\ud83c\udf89" ] , "b":{} } "#,
        Some(r#"{"a":[1.50,"/A\u0001🎉"],"b":{}}"#),
    );
    check(r#"{"a":1,"a":2}"#, None);
    check(r#"{"a":{"b":1},"b":{"a":1}}"#, Some(r#"{"a":{"b":1},"b":{"a":1}}"#));
    check(r#"{"a":1e5}"#, None);
    check("01", None);
    check("[1,]", None);
    check("[1}", None);
    check("\"\\ud800\"", None);
    check(r#"{"$serde_json::private::Number":"1"}"#, None);
    check(&format!("{}{}", "[".repeat(91), "]".repeat(91)), None);
}
