//! The derivatives of the logarithm of the gamma function, in double precision.
//!
//! The digamma function has a positive root; near it, on `[1, 2]`, it is the distance to the root times a quotient of
//! polynomials. Elsewhere the recurrence `ψ(x + 1) = ψ(x) + 1/x` leads there, or up to where an asymptotic series holds, and
//! `ψ(1 - x) - ψ(x) = π cot πx` leads from negative arguments to positive ones. Source: J. Maddock and others, Boost.Math,
//! "Digamma".
//!
//! Its derivatives are `ψₙ(x) = (-1)ⁿ⁺¹ n! ζ(n + 1, x)`, with Hurwitz' zeta function `ζ(s, x) = Σ (x + k)⁻ˢ`, k from 0: some
//! terms, and the rest by the formula of Euler and Maclaurin (NIST Handbook of Mathematical Functions, 2010, 25.11.5). For a
//! negative `x` the sum over all whole `k` depends on the distance to the next whole number alone, and the missing terms are
//! those of `(-1)ˢ ζ(s, 1 - x)`.

use super::elementary::horner;
use std::f64::consts::PI;

/// `ψₙ(x)`: the digamma function for `n = 0`, or its derivative `n`.
pub(crate) fn polygamma(n: u32, x: f64) -> f64 {
    if n == 0 {
        return digamma(x);
    }
    let sign = if n.is_multiple_of(2) { -1.0 } else { 1.0 };
    if x == f64::INFINITY {
        return sign * 0.0;
    }
    let factorial: f64 = (1..=n).map(f64::from).product();
    let power = x.powi(-(n as i32) - 1);
    if x > 0.0 && !(factorial.is_finite() && power.is_normal()) {
        // One is too large or the other too small for its precision, but not their product.
        let log: f64 = (1..=n).map(|k| f64::from(k).ln()).sum();
        return sign * (log - f64::from(n + 1) * x.ln()).exp() * zeta_times_power(n + 1, x);
    }
    sign * factorial * zeta(n + 1, x)
}

fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -f64::INFINITY.copysign(x);
    }
    if x < 0.0 {
        // The distance to the next whole number, of which alone the cotangent depends.
        let distance = x - x.round();
        let cotangent = if distance == 0.0 { f64::NAN } else { 1.0 / (PI * distance).tan() };
        return digamma(1.0 - x) - PI * cotangent;
    }
    if x >= 10.0 {
        return digamma_of_large(x);
    }
    let (mut x, mut sum) = (x, 0.0);
    while x > 2.0 {
        x -= 1.0;
        sum += 1.0 / x;
    }
    while x < 1.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    sum + digamma_near_root(x)
}

/// `ψ(x)` for `x` from 1 to 2, by the distance to the root, which is given in three parts.
fn digamma_near_root(x: f64) -> f64 {
    const ROOT: [f64; 3] =
        [1_569_415_565.0 / 1_073_741_824.0, 3.309_564_688_275_736e-10, 9.016_312_093_258_695e-20];
    // As it was rounded when the quotient was fitted.
    const OFFSET: f64 = 0.995_581_626_892_089_8;
    let distance = ROOT.iter().fold(x, |distance, part| distance - part);
    let p = horner!(x - 1.0; -2.071_332_116_774_595e-3, -4.525_132_144_873_906e-2, -2.891_912_644_477_478_4e-1,
        -6.503_185_377_089_651e-1, -3.255_503_118_680_449e-1, 2.547_985_106_113_155e-1);
    let q = horner!(x - 1.0; -5.578_984_132_167_551e-7, 2.128_498_701_782_114_4e-3, 5.415_179_724_567_422_5e-2,
        4.359_352_969_266_597e-1, 1.460_624_290_976_351_5, 2.076_711_702_373_047, 1.0);
    distance * OFFSET + distance * (p / q)
}

/// `ψ(x) = ln y + 1/2y - Σ B₂ₖ / (2k y²ᵏ)` with `y = x - 1`, for `x` from 10 on; `B₂ₖ` are Bernoulli's numbers.
fn digamma_of_large(x: f64) -> f64 {
    let y = x - 1.0;
    let z = 1.0 / (y * y);
    let series = horner!(z; -3617.0 / 8160.0, 1.0 / 12.0, -691.0 / 32760.0, 1.0 / 132.0, -1.0 / 240.0, 1.0 / 252.0,
        -1.0 / 120.0, 1.0 / 12.0);
    y.ln() + 0.5 / y - z * series
}

/// Hurwitz' zeta function for a whole `s` from 2 on.
fn zeta(s: u32, x: f64) -> f64 {
    if x > 0.0 {
        return zeta_of_positive(s, x);
    }
    let sign = if s.is_multiple_of(2) { 1.0 } else { -1.0 };
    let distance = x - x.round();
    let both_sides = zeta_of_positive(s, distance.abs()) + sign * zeta_of_positive(s, 1.0 - distance.abs());
    let both_sides = if distance < 0.0 { sign * both_sides } else { both_sides };
    let missing = if x == 0.0 { 0.0 } else { zeta_of_positive(s, 1.0 - x) };
    match sign {
        // The pole of an odd order has two sides.
        -1.0 if distance == 0.0 => f64::NAN,
        sign => both_sides - sign * missing,
    }
}

fn zeta_of_positive(s: u32, x: f64) -> f64 {
    zeta_by_terms(s, x, |x| x.powi(-(s as i32)))
}

/// `xˢ ζ(s, x)`, which is from 1 to some multiple of `x`.
fn zeta_times_power(s: u32, x: f64) -> f64 {
    zeta_by_terms(s, x, |term| (x / term).powi(s as i32))
}

/// Hurwitz' zeta function by its terms, `power` of `x`, `x + 1` and so on.
fn zeta_by_terms(s: u32, x: f64, power: impl Fn(f64) -> f64) -> f64 {
    /// `(2k)! / B₂ₖ`.
    const DIVISORS: [f64; 12] = [
        12.0,
        -720.0,
        30240.0,
        -1_209_600.0,
        47_900_160.0,
        -1.892_437_580_318_379_2e9,
        7.472_424_96e10,
        -2.950_130_727_918_164e12,
        1.164_678_281_435_006_7e14,
        -4.597_978_722_407_473e15,
        1.815_210_540_194_354_7e17,
        -7.166_165_256_175_667e18,
    ];
    let terms = (10.0 + f64::from(s) - x).ceil().max(0.0);
    let a = x + terms;
    let last = power(a);
    // s (s + 1) ... (s + 2k - 2) / a²ᵏ⁻¹
    let mut factor = f64::from(s) / a;
    let mut series = 0.0;
    for (k, divisor) in DIVISORS.iter().enumerate() {
        series += factor / divisor;
        let next = f64::from(s + 2 * k as u32 + 1);
        factor *= next / a * ((next + 1.0) / a);
    }
    let rest = last * (a / f64::from(s - 1) + 0.5 + series);
    // The smallest first.
    (0..terms as u32).rev().fold(rest, |sum, k| sum + power(x + f64::from(k)))
}
