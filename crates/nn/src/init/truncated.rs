//! Numbers from a part of the normal distribution, by rejection: exact, and quick wherever the part lies.
//!
//! Source: C. P. Robert, "Simulation of truncated normal variables", 1995.

use autograd::Rng;

/// A number from the standard normal distribution between two bounds.
pub(super) fn standard(low: f64, high: f64, rng: &mut Rng) -> f64 {
    if high < 0.0 {
        return -upper_tail(-high, -low, rng);
    }
    if low > 0.0 {
        return upper_tail(low, high, rng);
    }
    // Around 0: normal numbers fall within wide bounds, uniform ones are kept within narrow ones.
    if high - low > std::f64::consts::TAU.sqrt() {
        loop {
            let x = rng.normal::<f64>();
            if (low..=high).contains(&x) {
                return x;
            }
        }
    }
    uniform(low, high, 0.0, rng)
}

/// As above, with both bounds above 0, or the lower one 0.
fn upper_tail(low: f64, high: f64, rng: &mut Rng) -> f64 {
    // The exponential distribution that fits the tail best, or a uniform one where little of the tail is wanted.
    let root = (low * low + 4.0).sqrt();
    let rate = (low + root) / 2.0;
    let enough = low + 2.0 * 0.5_f64.exp() / (low + root) * ((low * low - low * root) / 4.0).exp();
    if high <= enough {
        return uniform(low, high, low, rng);
    }
    loop {
        let x = low - (1.0 - rng.uniform::<f64>()).ln() / rate;
        if x <= high && rng.uniform::<f64>() <= (-(x - rate) * (x - rate) / 2.0).exp() {
            return x;
        }
    }
}

/// Uniform numbers, kept with the density of the normal distribution relative to that at `top`, where it is largest.
fn uniform(low: f64, high: f64, top: f64, rng: &mut Rng) -> f64 {
    loop {
        let x = low + (high - low) * rng.uniform::<f64>();
        if rng.uniform::<f64>() <= ((top - x) * (top + x) / 2.0).exp() {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of many, the mean within five deviations, against sums of the density over a fine grid, worked out apart from
    /// this crate; a case for each way above, and its mirror.
    #[test]
    fn moments_are_those_of_the_distribution() {
        let cases = [
            (-2.0, 2.0, 0.0, 0.773741304),
            (-0.5, 1.0, 0.206631218, 0.172773259),
            (-1.0, f64::INFINITY, 0.287599971, 0.629686286),
            (1.0, f64::INFINITY, 1.525135277, 0.199097665),
            (5.0, f64::INFINITY, 5.186503969, 0.032696432),
            (5.0, 5.1, 5.045810832, 0.000822546),
            (0.5, 0.9, 0.690727338, 0.013211041),
        ];
        let mirrored =
            cases.map(|(low, high, mean, variance): (f64, f64, f64, f64)| (-high, -low, -mean, variance));
        for (low, high, mean, variance) in cases.into_iter().chain(mirrored) {
            let (n, mut rng) = (20_000, Rng::seed(3));
            let x: Vec<f64> = (0..n).map(|_| standard(low, high, &mut rng)).collect();
            assert!(x.iter().all(|x| (low..=high).contains(x)), "{low} to {high}");
            let m = x.iter().sum::<f64>() / n as f64;
            let v = x.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n as f64;
            assert!(
                (m - mean).abs() < 5.0 * (variance / n as f64).sqrt(),
                "{low} to {high}: mean {m} for {mean}"
            );
            assert!((v / variance - 1.0).abs() < 0.1, "{low} to {high}: variance {v} for {variance}");
        }
    }
}
