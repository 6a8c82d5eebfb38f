//! The grammar of RECUR (RFC 5545 section 3.3.10, RFC 7529).

use ical::recur::IcalRecurRule;

use super::properties::Type;
use super::values::{self, Wrong, wrong};
use crate::value::Stamp;

const SECTION: &str = "3.3.10";

/// How many parts of a rule are looked at; there are seventeen.
const MAX_PARTS: usize = 32;

/// What of a rule has to fit DTSTART.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// UNTIL.
    pub until: Option<Stamp>,
    /// Whether it has BYHOUR, BYMINUTE or BYSECOND.
    pub has_time: bool,
}

/// Everything that is wrong with a rule by itself, and what has to fit DTSTART.
pub(super) fn check(value: &str) -> (Vec<Wrong>, Facts) {
    let mut found = Vec::new();
    let mut facts = Facts::default();
    let mut seen: Vec<String> = Vec::new();
    let parts = value.split(';').filter(|_| !value.is_empty());
    for (at, part) in parts.enumerate() {
        if at >= MAX_PARTS {
            found.push(wrong("bad-rule", format!("has more than {MAX_PARTS} parts"), SECTION));
            return (found, facts);
        }
        let Some((name, list)) = part.split_once('=') else {
            let text = match part {
                "" => "has an empty part: remove the semicolon".to_owned(),
                _ => format!("has a part without `=`, `{}`", short(part)),
            };
            found.push(wrong("bad-rule", text, SECTION));
            continue;
        };
        let name = name.to_ascii_uppercase();
        // With RSCALE, which older programs do not know, the order no longer matters (RFC 7529 section 4.1).
        if name == "FREQ" && at > 0 && !seen.iter().any(|name| name == "RSCALE" || name == "FREQ") {
            let text = "has parts before FREQ: write FREQ first, since older programs need it there";
            found.push(wrong("rule-order", text, SECTION));
        }
        if seen.contains(&name) {
            found.push(wrong("bad-rule", format!("has {} twice", short(&name)), SECTION));
            continue;
        }
        let result = match name.as_str() {
            "UNTIL" => match list.contains(['T', 't']) {
                true => values::date_time(list),
                false => values::date(list),
            }
            .map(|until| facts.until = Some(until)),
            _ => one(&name, list, seen.iter().any(|name| name == "RSCALE")),
        };
        if let Err(Wrong { code, text, .. }) = result {
            let code = if code == "unknown-word" { code } else { "bad-rule" };
            found.push(wrong(code, format!("has {}={}, which {text}", short(&name), short(list)), SECTION));
        }
        facts.has_time |= matches!(name.as_str(), "BYHOUR" | "BYMINUTE" | "BYSECOND");
        seen.push(name);
    }
    let has = |name: &str| seen.iter().any(|known| known == name);
    if !has("FREQ") {
        found.push(wrong("bad-rule", "has no FREQ: write how often it repeats, such as FREQ=WEEKLY", SECTION));
    }
    if has("UNTIL") && has("COUNT") {
        found.push(wrong("bad-rule", "has both UNTIL and COUNT: leave one out", SECTION));
    }
    if has("SKIP") && !has("RSCALE") {
        let text = "has SKIP without RSCALE: write RSCALE=GREGORIAN".to_owned();
        found.push(Wrong { code: "bad-rule", text, rule: ("7529", "4.1") });
    }
    if found.is_empty() {
        // Which parts go together is known to the library that expands rules.
        let problems = IcalRecurRule::parse(value).map(|rule| rule.problems()).unwrap_or_default();
        found.extend(
            problems.into_iter().map(|problem| wrong("bad-rule", format!("breaks a rule: {problem}"), SECTION)),
        );
    }
    (found, facts)
}

fn short(text: &str) -> String {
    text.chars().take(30).collect()
}

/// The values of a part.
fn one(name: &str, list: &str, scaled: bool) -> Result<(), Wrong> {
    let word = |words: &[&str]| match words.iter().any(|word| word.eq_ignore_ascii_case(list)) {
        true => Ok(()),
        false => Err(wrong("bad-rule", format!("has to be one of {}", words.join(", ")), SECTION)),
    };
    let each = |fits: &dyn Fn(&str) -> bool, range: &str| match list.split(',').all(fits) {
        true => Ok(()),
        false => Err(wrong("bad-rule", format!("has to be {range}, separated by commas"), SECTION)),
    };
    let plain = |least: u32, most: u32| {
        let fits = move |text: &str| number(text).is_some_and(|number| (least..=most).contains(&number));
        each(&fits, &format!("numbers from {least} to {most}"))
    };
    let signed = |most: u32| {
        let fits = move |text: &str| {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            number(digits).is_some_and(|number| (1..=most).contains(&number))
        };
        each(&fits, &format!("numbers from 1 to {most} or -{most} to -1"))
    };
    match name {
        "FREQ" => word(&["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        "INTERVAL" => match number(list) {
            Some(1..) => Ok(()),
            _ => Err(wrong("bad-rule", "has to be a number above 0", SECTION)),
        },
        "COUNT" => match number(list) {
            Some(_) => Ok(()),
            None => Err(wrong("bad-rule", "has to be a number", SECTION)),
        },
        "BYSECOND" => plain(0, 60),
        "BYMINUTE" => plain(0, 59),
        "BYHOUR" => plain(0, 23),
        "BYMONTH" if scaled => each(
            &|text| {
                number(text.strip_suffix(['L', 'l']).unwrap_or(text)).is_some_and(|month| (1..=13).contains(&month))
            },
            "numbers from 1 to 13, with `L` behind for a leap month",
        ),
        "BYMONTH" => plain(1, 12),
        "BYMONTHDAY" => signed(31),
        "BYYEARDAY" | "BYSETPOS" => signed(366),
        "BYWEEKNO" => signed(53),
        "BYDAY" => each(
            &|text| {
                let at = text.len().saturating_sub(2);
                let Some((which, day)) = text.split_at_checked(at) else { return false };
                let digits = which.strip_prefix(['+', '-']).unwrap_or(which);
                is_weekday(day) && (which.is_empty() || number(digits).is_some_and(|which| (1..=53).contains(&which)))
            },
            "weekdays such as MO, the n-th as in 2MO or -1SU",
        ),
        "WKST" if is_weekday(list) => Ok(()),
        "WKST" => Err(wrong("bad-rule", "has to be a weekday such as MO", SECTION)),
        "RSCALE" => match values::check(Type::Text, list) {
            Ok(()) if !list.is_empty() => Ok(()),
            _ => Err(wrong("bad-rule", "has to be the name of a calendar system, such as GREGORIAN", SECTION)),
        },
        "SKIP" => word(&["OMIT", "BACKWARD", "FORWARD"]),
        _ => Err(wrong("bad-rule", "is no part of a rule", SECTION)),
    }
}

fn number(digits: &str) -> Option<u32> {
    let shaped = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number too long for this is above any limit.
    shaped.then(|| digits.parse().unwrap_or(u32::MAX))
}

fn is_weekday(text: &str) -> bool {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].iter().any(|day| day.eq_ignore_ascii_case(text))
}
