//! No text makes the reading of dates panic; bounds are tight; what a date is written as is read again.
#![no_main]

use annals_core::When;
use annals_core::when::{DateOrder, Instant, Zone, phrase};
use annals_fuzz::choices;
use libfuzzer_sys::fuzz_target;

fn check(when: When, text: &str) {
    let tight = when.clone().with_bounds([None; 4]);
    assert_eq!(tight.as_ref(), Ok(&when), "{text:?}: bounds are not tight");
    if let Some(edtf) = &when.edtf {
        let zone = when.zone.as_deref().and_then(Zone::parse);
        let again = When::parse(edtf, zone.as_ref());
        assert_eq!(again.map(|again| again.bounds()), Ok(when.bounds()), "{text:?}: {edtf} is read differently");
    }
    let whole = when.throughout();
    assert_eq!(whole.clone().with_bounds([None; 4]), Ok(whole), "{text:?}: bounds throughout are not tight");
}

fuzz_target!(|data: &[u8]| {
    let (choice, data) = choices(data);
    let Ok(text) = str::from_utf8(data) else { return };
    let order = [None, Some(DateOrder::Dmy), Some(DateOrder::Mdy), None][usize::from(choice & 3)];
    let zone = ["", "UTC", "Europe/Berlin", "-03:30"][usize::from(choice >> 2 & 3)];
    let zone = Zone::parse(zone);
    if let Ok(when) = phrase(text, order) {
        check(when, text);
    }
    if let Ok(when) = When::parse(text, zone.as_ref()) {
        check(when, text);
    }
    if let Some((start, end)) = text.split_once('\n')
        && let Ok(when) = When::between(Some(start), Some(end), zone.as_ref())
    {
        check(when, text);
    }
    if let Ok(instant) = Instant::parse(text, zone.as_ref()) {
        let again = Instant::parse(&instant.to_text(), Some(&instant.zone)).map(|again| (again.us, again.nanos));
        assert_eq!(again, Ok((instant.us, instant.nanos)), "{text:?}: {} is read differently", instant.to_text());
        check(When::instant(instant), text);
    }
});
