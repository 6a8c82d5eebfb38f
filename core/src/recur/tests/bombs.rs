//! Rules made to take all time and memory: they end, and in a number of steps that is known.

use super::*;

/// How an iteration from `lower` on ends that has so many steps: the number of instances, and what stops it.
fn check(when: &str, recurrence: &str, lower: &str, steps: u64, expected: &str) {
    let lower = if lower.is_empty() { i64::MIN } else { When::parse(lower, None).unwrap().start_lo.unwrap() };
    let mut budget = Budget::new(steps);
    let (mut count, mut end) = (0, "end");
    match series(when, recurrence) {
        Err(error) => {
            assert_eq!(error.kind, RecurErrorKind::Refused, "{recurrence}: {error}");
            end = "refused";
        }
        Ok(series) => {
            for instance in series.instances_within(lower, &mut budget).take(1000) {
                match instance {
                    Ok(_) => count += 1,
                    Err(error) => {
                        assert_eq!(error.kind, RecurErrorKind::Limit, "{recurrence}: {error}");
                        end = "limit";
                    }
                }
            }
        }
    }
    if count == 1000 {
        end = "more";
    }
    let shown = &recurrence[..recurrence.len().min(200)];
    assert_eq!(format!("{count} {end}"), expected, "{shown}, {} steps left", budget.left());
}

#[test]
fn what_never_is_ends_at_once() {
    let check = |rule: &str, steps: u64| check("2025-01-01T00:00Z", rule, "", steps, "1 end");
    check("RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", 10);
    check("RRULE:FREQ=YEARLY;BYMONTH=2,4,6;BYMONTHDAY=-31,31", 10);
    check("RRULE:FREQ=SECONDLY;BYSETPOS=2", 10);
    check("RRULE:FREQ=MINUTELY;BYSECOND=0,1;BYSETPOS=3", 10);
    check("RRULE:FREQ=SECONDLY;INTERVAL=86400;BYHOUR=3", 10);
    check("RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=9", 10);
    check("RRULE:FREQ=MINUTELY;INTERVAL=90;BYMINUTE=15,45", 10);
    check("RRULE:FREQ=SECONDLY;INTERVAL=90;BYHOUR=1;BYMINUTE=1;BYSECOND=0", 10);
    // These are looked at day by day.
    check("RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYYEARDAY=61", MAX_STEPS);
    check("RRULE:FREQ=YEARLY;BYWEEKNO=53;BYMONTH=3", MAX_STEPS);
    check("RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO", 420_000);
}

#[test]
fn what_takes_itself_away() {
    for freq in ["YEARLY", "DAILY", "MINUTELY", "SECONDLY"] {
        let both = format!("RRULE:FREQ={freq}\nEXRULE:FREQ={freq}");
        check("2025-01-01T00:00Z", &both, "", 10, "0 end");
        check("2025-01-01T00:00Z", &both, "2100", 10, "0 end");
        // The same in other words is followed as far as the steps go.
        let months = format!("{both};BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12");
        check("2025-01-01T00:00Z", &months, "", 100_000, "0 limit");
    }
}

#[test]
fn far_away() {
    check("1970-01-01T00:00Z", "RRULE:FREQ=SECONDLY", "2100", 100_000, "1000 more");
    check("1970-01-01T00:00Z", "RRULE:FREQ=SECONDLY;COUNT=999999999", "2001-01-01", 100_000, "1000 more");
    check("1970-01-01T00:00Z", "RRULE:FREQ=SECONDLY;COUNT=999999999", "2010-01-01", 100_000, "0 end");
    check("1970-01-01", "RRULE:FREQ=DAILY;COUNT=999999999", "2100", 10_000, "1000 more");
    check("1970-01-01", "RRULE:FREQ=WEEKLY;BYDAY=TH,FR;COUNT=999999999", "2100", 100_000, "1000 more");
    check("1970-01-01T00:00Z", "RRULE:FREQ=SECONDLY;BYHOUR=1,2;COUNT=999999999", "2100", 100_000, "0 limit");
    check("2025-01-01T00:00Z", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29", "", 10_000, "1000 more");
    check(
        "2025-01-01T00:00Z",
        "RRULE:FREQ=SECONDLY;INTERVAL=7;BYMONTH=2;BYMONTHDAY=29;BYHOUR=9",
        "",
        20_000,
        "1000 more",
    );
    check("2025-01-01T00:00Z", "RRULE:FREQ=SECONDLY;INTERVAL=4294967295", "", 1000, "59 end");
    check("2025-01-01", "RRULE:FREQ=YEARLY;INTERVAL=4294967295", "", 10, "1 end");
    check("2025-01-01", "RRULE:FREQ=DAILY;INTERVAL=4294967295", "", 10, "1 end");
    check("2025-01-01T00:00Z", "RRULE:FREQ=DAILY;INTERVAL=0", "", 0, "0 refused");
}

#[test]
fn many_rules_share_the_limit() {
    let rules = "RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=2MO\n".repeat(30);
    check("2025-01-01T00:00Z", &rules, "", 500_000, "1 limit");
}

/// What one series uses, the next one lacks.
#[test]
fn a_budget_is_shared() {
    let never = series("2025-01-01T00:00Z", "RRULE:FREQ=HOURLY;BYYEARDAY=61;BYMONTHDAY=29").unwrap();
    let daily = series("2025-01-01", "RRULE:FREQ=DAILY").unwrap();
    let mut budget = Budget::new(1_000_000);
    assert_eq!(daily.instances_within(i64::MIN, &mut budget).take(9).filter(Result::is_ok).count(), 9);
    assert!((999_900..1_000_000).contains(&budget.left()), "{}", budget.left());
    let last = never.instances_within(i64::MIN, &mut budget).last().unwrap();
    assert_eq!(last.unwrap_err().kind, RecurErrorKind::Limit);
    assert_eq!(budget.left(), 0);
    let none = daily.instances_within(i64::MIN, &mut budget).next().unwrap();
    assert_eq!(none.unwrap_err().kind, RecurErrorKind::Limit);
}

#[test]
fn endless_events() {
    let ten_thousand_years = "2025-01-01T00:00Z/9999-12-31T23:59Z";
    check(ten_thousand_years, "RRULE:FREQ=DAILY", "2030", 10_000, "1000 more");
    check(ten_thousand_years, "RRULE:FREQ=SECONDLY", "9000", 10_000, "1000 more");
    check("2025-01-01T00:00Z", "RDATE;VALUE=PERIOD:20250102T000000Z/P9999999D", "", 10, "0 refused");
    check("2025-01-01T00:00Z", "RDATE;VALUE=PERIOD:20250102T000000Z/P3999999D", "", 10, "2 end");
}
