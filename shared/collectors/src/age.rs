//! Ages in days.

use eksentry_core::facts::cluster::Age;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Returns the age at `now`, in full days.
pub(crate) fn age(created: Timestamp, now: Timestamp) -> Age {
    Age {
        created: created.to_zoned(TimeZone::UTC).date(),
        days: (now.as_second() - created.as_second()).div_euclid(SECONDS_A_DAY),
    }
}

/// Returns the age at `now` of what was created on a day, in full days from the beginning of that day; `None` if the
/// day is out of range.
pub(crate) fn age_of_day(created: Date, now: Timestamp) -> Option<Age> {
    let beginning = created.to_zoned(TimeZone::UTC).ok()?;
    Some(age(beginning.timestamp(), now))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn ages_are_full_days() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        for (created, days) in [
            ("2026-11-28T11:59:59Z", 0),
            ("2026-11-27T12:00:00Z", 1),
            ("2026-11-27T12:00:01Z", 0),
            ("2026-11-28T12:00:01Z", -1),
        ] {
            assert_eq!(age(created.parse().unwrap(), now).days, days, "{created}");
        }
        for (day, days) in [(date(2026, 11, 28), 0), (date(2026, 11, 1), 27)] {
            let age = age_of_day(day, now).unwrap();
            assert_eq!((age.created, age.days), (day, days));
        }
    }
}
