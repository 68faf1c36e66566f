//! The time in which the contents of a cluster can't be read.
//!
//! Earlier findings about the contents stay as they were for a while, since they are probably still true. After that,
//! they no longer count: what was not read has not passed.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::verdict::Reason;

/// The parameter that decides how long earlier findings count.
pub(crate) static STALE_DAYS: Parameter<u32> = Parameter {
    name: "staleDays",
    description: "The number of days after which the findings about the contents of a cluster that can't be read become \
                  NOT_AVAILABLE; with 0, they do so at once.",
    default: 7,
};

/// The time in which the contents of a cluster can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    since: Date,
    /// The day from which on earlier findings no longer count; `None` if that is after all dates.
    stale_from: Option<Date>,
    today: Date,
}

impl Outage {
    /// Returns the outage of a cluster that could not be read at a time. `since` is the day (UTC) on which it began, as
    /// an earlier finding states it; without one, the outage begins. `settings` are those of the check that reports
    /// which clusters can be read.
    pub fn new(since: Option<Date>, now: Timestamp, settings: &ParameterValues) -> Self {
        let today = TimeZone::UTC.to_datetime(now).date();
        // A day in the future, which only an altered finding can state, would keep findings for any time.
        let since = since.map_or(today, |since| since.min(today));
        let days = Span::new().try_days(settings.get(&STALE_DAYS));
        Self {
            since,
            stale_from: days.and_then(|days| since.checked_add(days)).ok(),
            today,
        }
    }

    /// Returns the day (UTC) on which the outage began: that of the first attempt to read the cluster that failed. The
    /// cluster was last read before that.
    pub fn since(&self) -> Date {
        self.since
    }

    /// Returns `true` if earlier findings about the contents of the cluster no longer count.
    pub fn is_stale(&self) -> bool {
        self.stale_from.is_some_and(|day| self.today >= day)
    }

    /// Returns the reason that the finding states which reports the outage. It is the same each day.
    pub(crate) fn reason(&self) -> Reason {
        let since = self.since;
        let text = match self.stale_from {
            Some(day) => format!(
                "Nothing has been read since {since}. From {day} on, the other findings about the contents of the cluster \
                 are NOT_AVAILABLE, until it can be read again."
            ),
            None => format!("Nothing has been read since {since}."),
        };
        Reason::new(ReasonCode::UnreadSince, text)
    }

    /// Returns the reason why an earlier finding no longer counts. It is the same each day.
    pub(crate) fn reason_of_stale(&self) -> Reason {
        let text = format!(
            "Nothing in the cluster has been read since {}, so the earlier result no longer counts.",
            self.since
        );
        Reason::new(ReasonCode::UnreadSince, text)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::checks::readability;
    use crate::checks::samples::settings;

    fn outage(since: Option<Date>, json: &str) -> Outage {
        let now = "2026-11-30T00:30:00Z".parse().unwrap();
        Outage::new(since, now, &settings(readability().parameters, json))
    }

    #[test]
    fn findings_are_stale_after_the_days_of_the_parameter() {
        let today = date(2026, 11, 30);
        for (since, json, began, is_stale) in [
            (None, "{}", today, false),
            (Some(date(2026, 11, 24)), "{}", date(2026, 11, 24), false),
            (Some(date(2026, 11, 23)), "{}", date(2026, 11, 23), true),
            (Some(date(2026, 11, 22)), "{}", date(2026, 11, 22), true),
            (None, r#"{"staleDays": 0}"#, today, true),
            (Some(today), r#"{"staleDays": 1}"#, today, false),
            (
                Some(date(2026, 11, 29)),
                r#"{"staleDays": "1"}"#,
                date(2026, 11, 29),
                true,
            ),
            (Some(date(2026, 12, 1)), "{}", today, false),
            (Some(date(2026, 12, 1)), r#"{"staleDays": 0}"#, today, true),
            (
                Some(date(1970, 1, 1)),
                r#"{"staleDays": 4294967295}"#,
                date(1970, 1, 1),
                false,
            ),
            (Some(Date::MIN), "{}", Date::MIN, true),
        ] {
            let outage = outage(since, json);
            assert_eq!(outage.since(), began, "{since:?} {json}");
            assert_eq!(outage.is_stale(), is_stale, "{since:?} {json}");
        }
    }

    #[test]
    fn the_reason_names_both_days() {
        let since = Some(date(2026, 11, 25));
        let text = |json| outage(since, json).reason().text;
        assert_eq!(
            text("{}"),
            "Nothing has been read since 2026-11-25. From 2026-12-02 on, the other findings about the contents of the \
             cluster are NOT_AVAILABLE, until it can be read again."
        );
        assert_eq!(
            text(r#"{"staleDays": 4294967295}"#),
            "Nothing has been read since 2026-11-25."
        );
    }
}
