//! Medians and spread.

/// Median and quartiles of a set of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    pub median: f64,
    /// The lower quartile.
    pub low: f64,
    /// The upper quartile.
    pub high: f64,
}

impl Summary {
    /// `None` if there are no samples.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| quantile(&sorted, part);
        Some(Self { median: at(0.5)?, low: at(0.25)?, high: at(0.75)? })
    }
}

/// The value below which a part of the sorted samples lies, between two samples if need be.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let place = part * (sorted.len().checked_sub(1)?) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

/// Mean and tails of calls that were timed one by one, in ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    pub mean: f64,
    pub p50: u64,
    pub p99: u64,
    /// 99.9 % of the calls took no longer.
    pub p999: u64,
    pub max: u64,
}

impl Tail {
    /// Sorts the samples; `None` if there are none.
    pub fn of(samples: &mut [u64]) -> Option<Self> {
        samples.sort_unstable();
        let max = *samples.last()?;
        let at = |part: f64| samples[((samples.len() - 1) as f64 * part) as usize];
        let mean = samples.iter().sum::<u64>() as f64 / samples.len() as f64;
        Some(Self { mean, p50: at(0.5), p99: at(0.99), p999: at(0.999), max })
    }
}

#[cfg(test)]
mod tests {
    use super::{Summary, Tail};

    #[test]
    fn summary_interpolates_between_samples() {
        let four = Summary::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(four, Some(Summary { median: 2.5, low: 1.75, high: 3.25 }));
    }

    #[test]
    fn summary_of_nothing_is_none() {
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn tail_of_a_thousand_finds_the_last_ones() {
        let mut samples: Vec<u64> = (1..=1000).rev().collect();
        let tail = Tail::of(&mut samples);
        assert_eq!(tail, Some(Tail { mean: 500.5, p50: 500, p99: 990, p999: 999, max: 1000 }));
    }
}
