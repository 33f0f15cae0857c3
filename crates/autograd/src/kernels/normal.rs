//! The error function and the normal distribution.
//!
//! With the tail `Q(z) = Φ(-z)` of the standard normal distribution for `z` from 0 on, `Φ(x)` is `Q(-x)` below 0 and `1 - Q(x)`
//! above, and `erf x = 1 - 2 Q(√2 x)`, but for the small `x`, where it is an odd polynomial. The tail falls with the density:
//!
//! ```text
//! Q(z) = e^(-z²/2) g(z) ,      (1 + z) g(z) = a polynomial in (z - 4) / (z + 4) ,
//! ```
//! since the left side hardly changes, from 1/2 at 0 to 1/√2π far out. The form is that of M. M. Shepherd and J. G. Laframboise,
//! "Chebyshev Approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞", 1981; the coefficients are minimax for single precision.
//! The square is taken in two parts, as the exponential would multiply its rounding by `z²`.
//!
//! In double precision the error function is that of `libm`, and `Φ(x) = erfc(s) / 2` with `s = -x/√2`; what the rounding of `s`
//! takes off is made up for by the derivative.

use super::elementary::{horner, scaled_exp};
use std::f32::consts::SQRT_2;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// The error function, within 2 units in the last place.
#[inline(always)]
pub(super) fn erf_single(x: f32) -> f32 {
    let s = x * x;
    let p = horner!(s; 7.853_884e-5, -8.010_201e-4, 5.188_328_7e-3, -2.685_381_3e-2, 1.128_358_5e-1, -3.761_262_6e-1,
        1.283_791_7e-1);
    let near = p * x + x;
    let z = (x.abs() * SQRT_2).clamp(0.0, FARTHEST);
    let far = 1.0 - scaled_exp(-0.5 * (z * z), 0.0, 2.0 * tail_by_density(z));
    (if x.abs() < 1.0 { near } else { far }).copysign(x)
}

/// The distribution function `Φ`, within 4 units in the last place.
#[inline(always)]
pub(super) fn normal_cdf_single(x: f32) -> f32 {
    let tail = scaled_tail(x.abs().clamp(0.0, FARTHEST), 1.0);
    let far = if x < 0.0 { tail } else { 1.0 - tail };
    if x.abs() < NEAR { near_the_middle(x) } else { far }
}

/// `x Φ(x)`, within 4 units in the last place, also where `Φ(x)` is too small to have all its digits.
#[inline(always)]
pub(super) fn gelu_single(x: f32) -> f32 {
    let inside = x.clamp(-FARTHEST, FARTHEST);
    let tail = scaled_tail(inside.abs(), inside);
    let far = if x < 0.0 { tail } else { x - tail };
    if x.abs() < NEAR { x * near_the_middle(x) } else { far }
}

/// Up to here `Φ(x) - 1/2` is an odd polynomial: fewer roundings than the tail, which loses most where it is largest.
const NEAR: f32 = 0.7;

/// `Φ(x)` near 0, by the polynomial that is minimax for single precision.
#[inline(always)]
fn near_the_middle(x: f32) -> f32 {
    let p = horner!(x * x; 1.042_873_2e-4, -1.182_545_2e-3, 9.972_711e-3, -6.649_033e-2, 3.989_423e-1);
    0.5 + x * p
}

/// From here on nothing of the tail is left in single precision.
const FARTHEST: f32 = 15.0;

/// `c Q(z)`.
#[inline(always)]
fn scaled_tail(z: f32, c: f32) -> f32 {
    // Twelve bits, whose square is exact.
    let short = f32::from_bits(z.to_bits() & 0xffff_f000);
    let rest = (z - short) * (z + short);
    scaled_exp(-0.5 * (short * short), -0.5 * rest, c * tail_by_density(z))
}

/// `g(z)`.
#[inline(always)]
fn tail_by_density(z: f32) -> f32 {
    let t = (z - 4.0) / (z + 4.0);
    let p = horner!(t; -7.198_205e-5, -6.154_256e-5, 6.922_144_4e-4, -3.034_412_2e-4, -5.003_947e-3, 1.794_022_7e-2,
        -3.219_735e-2, 2.859_996_8e-2, 1.399_96e-2, -9.670_347e-2, 4.720_532e-1);
    p / (1.0 + z)
}

/// The distribution function `Φ`, within 2 units in the last place.
pub(super) fn normal_cdf_double(x: f64) -> f64 {
    /// What `1/√2` has beyond double precision.
    const LOW: f64 = -4.833_646_656_726_457e-17;
    let s = -x * FRAC_1_SQRT_2;
    let tail = libm::erfc(s);
    if x.is_nan() || x.abs() > 40.0 {
        return 0.5 * tail;
    }
    let rounded_off = (-x).mul_add(FRAC_1_SQRT_2, -s) - x * LOW;
    0.5 * (tail - rounded_off * FRAC_2_SQRT_PI * (-s * s).exp())
}

/// `x Φ(x)`; 0 where `Φ(x)` is.
pub(super) fn gelu_double(x: f64) -> f64 {
    x.max(-40.0) * normal_cdf_double(x)
}
