//! The number of findings of each severity.

use serde::Serialize;

use crate::severity::Severity;

/// The number of findings of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct SeverityCounts {
    counts: [u64; Severity::ALL.len()],
    untriaged: u64,
}

impl SeverityCounts {
    /// Adds findings. Without a severity (UNDEFINED, UNTRIAGED or a new label), they are below every threshold.
    pub fn add(&mut self, severity: Option<Severity>, count: u64) {
        let counted = match severity {
            Some(severity) => &mut self.counts[severity as usize],
            None => &mut self.untriaged,
        };
        // An event may have a count of any size, which must never wrap around to zero.
        *counted = counted.saturating_add(count);
    }

    /// Returns the number of findings of each severity, minus those of `others`.
    pub fn without(self, others: Self) -> Self {
        self.with_each(others, u64::saturating_sub)
    }

    /// Returns the larger number of findings of each severity.
    pub fn or_more(self, others: Self) -> Self {
        self.with_each(others, u64::max)
    }

    fn with_each(mut self, others: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        for (own, other) in self.counts.iter_mut().zip(others.counts) {
            *own = combine(*own, other);
        }
        self.untriaged = combine(self.untriaged, others.untriaged);
        self
    }

    /// Returns the number of findings of this severity.
    pub fn of(&self, severity: Severity) -> u64 {
        self.counts[severity as usize]
    }

    /// Returns the number of findings without a severity.
    pub fn untriaged(&self) -> u64 {
        self.untriaged
    }

    /// Returns the total number of findings.
    pub fn total(&self) -> u64 {
        let counts = self.counts.into_iter();
        counts.fold(self.untriaged, u64::saturating_add)
    }

    /// Returns the highest severity of the findings.
    pub fn highest(&self) -> Option<Severity> {
        Severity::ALL
            .into_iter()
            .rev()
            .find(|severity| self.of(*severity) > 0)
    }

    /// Returns the numbers in words, the highest severity first: `2 CRITICAL, 1 LOW`.
    pub fn describe(&self) -> String {
        let named = Severity::ALL
            .into_iter()
            .rev()
            .map(|severity| (self.of(severity), severity.label()));
        let parts: Vec<String> = named
            .chain([(self.untriaged, "without severity")])
            .filter(|(count, _)| *count > 0)
            .map(|(count, label)| format!("{count} {label}"))
            .collect();
        if parts.is_empty() {
            "none".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_described_worst_first() {
        use Severity::{Critical, Low};
        for (found, total, highest, text) in [
            (&[][..], 0, None, "none"),
            (&[(Some(Low), 0)], 0, None, "none"),
            (&[(None, 3)], 3, None, "3 without severity"),
            (
                &[
                    (Some(Low), 1),
                    (None, 3),
                    (Some(Critical), 2),
                    (Some(Low), 4),
                ],
                10,
                Some(Critical),
                "2 CRITICAL, 5 LOW, 3 without severity",
            ),
            (&[(None, 2), (None, 3)], 5, None, "5 without severity"),
        ] {
            let mut counts = SeverityCounts::default();
            for (severity, count) in found {
                counts.add(*severity, *count);
            }
            assert_eq!((counts.total(), counts.highest()), (total, highest));
            assert_eq!(counts.describe(), text);
            assert_eq!(
                counts.total() - counts.untriaged(),
                Severity::ALL.map(|one| counts.of(one)).iter().sum::<u64>()
            );
        }
    }

    #[test]
    fn counts_are_combined_severity_by_severity() {
        let counts = |high, low, untriaged| {
            let mut counts = SeverityCounts::default();
            counts.add(Some(Severity::High), high);
            counts.add(Some(Severity::Low), low);
            counts.add(None, untriaged);
            counts
        };
        assert_eq!(counts(3, 1, 2).without(counts(1, 2, 2)), counts(2, 0, 0));
        assert_eq!(counts(3, 1, 2).or_more(counts(1, 2, 5)), counts(3, 2, 5));
    }

    #[test]
    fn counts_do_not_overflow() {
        let mut counts = SeverityCounts::default();
        for _ in 0..2 {
            counts.add(Some(Severity::Critical), u64::MAX);
            counts.add(None, 1);
        }
        assert_eq!(counts.highest(), Some(Severity::Critical));
        assert_eq!((counts.untriaged(), counts.total()), (2, u64::MAX));
    }
}
