//! Proleptic Gregorian calendar arithmetic that cannot overflow (ISO 8601-1, astronomical years: 0 is 1 BC).

/// Microseconds in a second.
pub const US_PER_SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const US_PER_MINUTE: i64 = 60 * US_PER_SECOND;
/// Microseconds in an hour.
pub const US_PER_HOUR: i64 = 60 * US_PER_MINUTE;
/// Microseconds in a day of 24 hours.
pub const US_PER_DAY: i64 = 24 * US_PER_HOUR;
/// Years beyond this one, either way, saturate: their microseconds would soon not fit.
pub const YEAR_LIMIT: i64 = 262_000;

/// Years beyond this have no use, but fit all sums below.
const YEAR_CLAMP: i64 = 1_000_000_000_000_000;

/// Whether `year` has a 29 February.
pub fn is_leap(year: i64) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

/// The number of days in `month` (1-12) of `year`; 0 for any other month.
pub fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Days from 1970-01-01 to the given day. Years beyond ±10^15 count as that year.
///
/// Counts in eras of 400 years and in years that begin on 1 March, so that the leap day comes last.
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = year.clamp(-YEAR_CLAMP, YEAR_CLAMP) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9).rem_euclid(12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month (1-12) and day (1-31) of a number of days from 1970-01-01; the reverse of [`days_from_civil`].
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    // The day count of an i64 of microseconds is far below this; larger ones are clamped rather than wrapped.
    let days = days.clamp(-400 * YEAR_CLAMP, 400 * YEAR_CLAMP) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}

/// The start of a day as a lower bound in microseconds. A day past the limit keeps the limit, one before it is open:
/// a lower bound may only move down.
pub(super) fn lower_bound(days: i64) -> i64 {
    if days < first_day() { i64::MIN } else { days.min(last_day() + 1) * US_PER_DAY }
}

/// The start of a day as an upper bound in microseconds. A day past the limit is open, one before it keeps the limit:
/// an upper bound may only move up.
pub(super) fn upper_bound(days: i64) -> i64 {
    if days > last_day() + 1 { i64::MAX } else { days.max(first_day()) * US_PER_DAY }
}

/// Whether microseconds since 1970 lie within the years that do not saturate.
pub(super) fn in_range(us: i64) -> bool {
    (first_day() * US_PER_DAY..(last_day() + 1) * US_PER_DAY).contains(&us)
}

fn first_day() -> i64 {
    days_from_civil(-YEAR_LIMIT, 1, 1)
}

fn last_day() -> i64 {
    days_from_civil(YEAR_LIMIT, 12, 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days() {
        for (civil, days) in [
            ((1970, 1, 1), 0),
            ((1969, 12, 31), -1),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((1900, 3, 1), -25_508),
            ((0, 1, 1), -719_528),
            ((-43, 3, 15), -735_160),
        ] {
            assert_eq!(days_from_civil(civil.0, civil.1, civil.2), days, "{civil:?}");
            assert_eq!(civil_from_days(days), civil, "{days}");
        }
    }

    #[test]
    fn bounds_saturate_outward() {
        let day = |year| days_from_civil(year, 1, 1);
        let edge = day(YEAR_LIMIT + 1) * US_PER_DAY;
        assert_eq!(lower_bound(day(300_000)), edge);
        assert_eq!(upper_bound(day(300_000)), i64::MAX);
        assert_eq!(lower_bound(day(-300_000)), i64::MIN);
        assert_eq!(upper_bound(day(-300_000)), day(-YEAR_LIMIT) * US_PER_DAY);
        assert_eq!(upper_bound(day(YEAR_LIMIT + 1)), edge, "the end of the last year that fits is exact");
    }

    proptest! {
        #[test]
        fn civil_round_trip(days in -200_000_000i64..200_000_000) {
            let (y, m, d) = civil_from_days(days);
            prop_assert!((1..=12).contains(&m) && d >= 1 && d <= days_in_month(y, m));
            prop_assert_eq!(days_from_civil(y, m, d), days);
            if let Some(date) = chrono::NaiveDate::from_ymd_opt(y as i32, m, d) {
                let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
                prop_assert_eq!(date.signed_duration_since(epoch).num_days(), days);
            }
        }

        #[test]
        fn nothing_overflows(y in any::<i64>(), m in 0u32..40, d in 0u32..40, days in any::<i64>()) {
            days_from_civil(y, m, d);
            civil_from_days(days);
        }
    }
}
