//! The memory, files and threads that a process uses, and a test for their growth.

use std::{fs, time::Duration};

/// Growth up to these limits is noise: allocators keep pages for later use, and connection pools grow and shrink.
const NOISE_BYTES: f64 = 1_000_000.0;
const NOISE_PART: f64 = 0.05;
const NOISE_COUNT: f64 = 2.0;

/// The usage of a process at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The resident memory, in bytes.
    pub memory: u64,
    /// The number of open file descriptors, including connections.
    pub open_files: usize,
    /// The number of threads.
    pub threads: usize,
}

/// The usage of a process over time.
#[derive(Clone, Debug, Default)]
pub struct UsageHistory {
    /// The times of the samples, and the usage at each.
    pub samples: Vec<(Duration, Usage)>,
}

/// The result of the test for growth. Usage grows if its minimum in the last quarter of the time exceeds its maximum in
/// the second quarter by more than 5 % and 1 MB of memory, or by more than 5 % and two file descriptors or threads.
/// Usage that is never released raises the minimum; usage of calls in flight does not. The first quarter is for warming
/// up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// The kinds of usage that grow; empty if none do.
    pub grows: Vec<&'static str>,
}

impl Usage {
    /// Returns the current usage of a process; `None` if /proc does not have it.
    pub fn of(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let member = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
        Some(Self {
            memory: member("VmRSS:")? * 1024,
            open_files: files.count(),
            threads: usize::try_from(member("Threads:")?).ok()?,
        })
    }
}

impl UsageHistory {
    /// Returns the usage in the first sample at or after this time; `None` if there is none.
    pub fn after(&self, time: Duration) -> Option<Usage> {
        let mut samples = self.samples.iter();
        samples.find(|(at, _)| *at >= time).map(|(_, usage)| *usage)
    }

    /// Returns the usage in the last sample.
    pub fn end(&self) -> Option<Usage> {
        self.samples.last().map(|(_, usage)| *usage)
    }

    /// Returns the growth of memory after this time, in bytes per hour, by least squares.
    pub fn slope(&self, warm: Duration) -> f64 {
        let samples = self.samples.iter().filter(|(at, _)| *at >= warm);
        let points: Vec<(f64, f64)> = samples
            .map(|(at, usage)| (at.as_secs_f64() / 3600.0, float(usage.memory)))
            .collect();
        let mean = |part: fn(&(f64, f64)) -> f64| mean(points.iter().map(part));
        let (middle_x, middle_y) = (mean(|point| point.0), mean(|point| point.1));
        let from_middle = points.iter().map(|(x, y)| (x - middle_x, y - middle_y));
        let (products, squares) = from_middle.fold((0.0, 0.0), |(products, squares), (x, y)| {
            (x.mul_add(y, products), x.mul_add(x, squares))
        });
        if squares > 0.0 {
            products / squares
        } else {
            0.0
        }
    }

    /// Tests each kind of usage for growth.
    pub fn growth(&self) -> Growth {
        type Measure = fn(&Usage) -> f64;
        let measures: [(&str, Measure, f64); 3] = [
            ("memory", |usage| float(usage.memory), NOISE_BYTES),
            ("open files", |usage| float(usage.open_files), NOISE_COUNT),
            ("threads", |usage| float(usage.threads), NOISE_COUNT),
        ];
        let all = self.samples.len();
        let quarter = |number: usize, measure: Measure| {
            let part = &self.samples[all * (number - 1) / 4..all * number / 4];
            part.iter().map(move |(_, usage)| measure(usage))
        };
        let grew = |(name, measure, noise): (&'static str, Measure, f64)| {
            let before = quarter(2, measure).reduce(f64::max)?;
            let after = quarter(4, measure).reduce(f64::min)?;
            (after > before + noise.max(before * NOISE_PART)).then_some(name)
        };
        Growth {
            grows: measures.into_iter().filter_map(grew).collect(),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

fn float(number: impl TryInto<u64>) -> f64 {
    let number = number.try_into().unwrap_or(u64::MAX);
    #[expect(clippy::cast_precision_loss, reason = "nothing here comes near 2^53")]
    let number = number as f64;
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a history of forty samples at intervals of ten seconds, with this memory in each.
    fn history(memory: impl Fn(u64) -> u64) -> UsageHistory {
        let usage = |n| Usage {
            memory: memory(n),
            open_files: 12,
            threads: 3,
        };
        UsageHistory {
            samples: (0..40)
                .map(|n| (Duration::from_secs(n * 10), usage(n)))
                .collect(),
        }
    }

    #[test]
    fn warm_up_is_not_growth() {
        let warms_up = history(|n| 10_000_000 + n.min(6) * 1_000_000);
        assert_eq!(warms_up.growth().grows, [""; 0]);
        assert!(warms_up.slope(Duration::from_mins(1)).abs() < 1.0);
        assert_eq!(
            warms_up.after(Duration::from_secs(15)).unwrap().memory,
            12_000_000
        );
        assert_eq!(warms_up.end().unwrap().memory, 16_000_000);
    }

    #[test]
    fn continuous_growth_is_detected() {
        let grows = history(|n| 10_000_000 + n * 100_000);
        assert_eq!(grows.growth().grows, ["memory"]);
        let an_hour = grows.slope(Duration::from_mins(1));
        assert!((an_hour - 36_000_000.0).abs() < 1.0, "{an_hour}");
    }

    #[test]
    fn leaked_connections_are_detected() {
        let mut leaks = history(|_| 10_000_000);
        for (n, (_, usage)) in leaks.samples.iter_mut().enumerate() {
            usage.open_files += n;
        }
        assert_eq!(leaks.growth().grows, ["open files"]);
    }

    #[test]
    fn temporary_usage_is_not_growth() {
        let late = history(|n| 25_000_000 + u64::from(n >= 30 && n % 3 > 0) * 6_000_000);
        assert_eq!(late.growth().grows, [""; 0]);
        let for_good = history(|n| 25_000_000 + u64::from(n >= 30) * 6_000_000);
        assert_eq!(for_good.growth().grows, ["memory"]);
    }

    #[test]
    fn no_samples_mean_no_growth() {
        let nothing = UsageHistory::default();
        assert_eq!(nothing.growth().grows, [""; 0]);
        assert!(nothing.end().is_none() && nothing.slope(Duration::ZERO) == 0.0);
    }

    #[test]
    fn the_usage_of_this_process_is_read() {
        let own = Usage::of(std::process::id()).unwrap();
        assert!(own.memory > 100_000 && own.open_files >= 3 && own.threads >= 1);
    }
}
