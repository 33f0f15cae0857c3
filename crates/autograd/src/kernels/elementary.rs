//! Elementary functions that the compiler can vectorise: no branches, no tables, no calls.
//!
//! The exponential splits its argument, `x = n ln 2 + r` with `|r| <= ln 2 / 2`, so that `eˣ = 2ⁿ eʳ`: a power of two is
//! made from its bits, and on the small interval a polynomial or a quotient of two is as exact as the number format. `ln 2`
//! is taken in two parts, of which the first has so few digits that its product with `n` is exact.
//! The logarithm goes the other way: `x = 2ⁿ (1 + r)` with `1 + r` between `√½` and `√2`, and `ln x = n ln 2 + ln(1 + r)`.
//! The sigmoid is `1 / (1 + e⁻ˣ)` from 0 on and `eˣ / (1 + eˣ)` below, where it becomes as small as numbers are.
//! The hyperbolic tangent is an odd polynomial or quotient near 0, and `1 - 2 / (e²ˣ + 1)` elsewhere. `eˣ - 1` is
//! `2ⁿ (eʳ - 1) + (2ⁿ - 1)`, and `ln(1 + x)` is `ln u` for `u = 1 + x`, plus what the sum was rounded by, divided by `u`.
//!
//! Nothing is fused, so the results are the same bits on every processor. NaN stays NaN, and the limits are exact: overflow
//! to infinity, gradual underflow to 0. Coefficients: S. L. Moshier, Cephes Mathematical Library, 1984 to 1992.

use super::normal;

/// The functions that have a kernel: a part of [`Scalar`](crate::Scalar), out of reach from outside.
pub trait Elementary: Copy {
    /// `eˣ`, within 2 units in the last place.
    #[doc(hidden)]
    fn fast_exp(self) -> Self;
    /// `eˣ` for `x <= 0`, as a term of a sum that is at least 1: where it would be below the normal numbers, which such a sum does
    /// not see, it is any number as small.
    #[doc(hidden)]
    #[inline(always)]
    fn fast_exp_term(self) -> Self {
        self.fast_exp()
    }
    /// The natural logarithm, within 2 units in the last place.
    #[doc(hidden)]
    fn fast_ln(self) -> Self;
    /// The hyperbolic tangent, within 2 units in the last place.
    #[doc(hidden)]
    fn fast_tanh(self) -> Self;
    /// The logistic sigmoid `1 / (1 + e⁻ˣ)`, within 2 units in the last place.
    #[doc(hidden)]
    fn fast_sigmoid(self) -> Self;
    /// `eˣ - 1`, within 2 units in the last place.
    #[doc(hidden)]
    fn fast_exp_m1(self) -> Self;
    /// `ln(1 + x)`, within 2 units in the last place.
    #[doc(hidden)]
    fn fast_ln_1p(self) -> Self;
    /// The error function, within 2 units in the last place.
    #[doc(hidden)]
    fn fast_erf(self) -> Self;
    /// The distribution function `Φ` of the standard normal distribution, within 4 units in the last place.
    #[doc(hidden)]
    fn fast_normal_cdf(self) -> Self;
    /// `x Φ(x)`, within 4 units in the last place.
    #[doc(hidden)]
    fn fast_gelu(self) -> Self;
}

/// The polynomial with these coefficients, the highest first (W. G. Horner, 1819).
macro_rules! horner {
    ($x:expr; $first:expr $(, $c:expr)*) => {{
        let x = $x;
        let y = $first;
        $(let y = y * x + $c;)*
        y
    }};
}
pub(super) use horner;

/// An exponential in parts: `2ⁿ = h k`, of which the whole may lie beyond the exponents where the result does not, `eʳ - 1`,
/// and `n`.
struct Parts {
    h: f32,
    k: f32,
    q: f32,
    n: i32,
}

/// The parts of `e^(x + low)` for `x` from -104 to 89, where `low` is what the exponent has beyond single precision.
#[inline(always)]
fn exp_parts(x: f32, low: f32) -> Parts {
    // 1.5 * 2²³: adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = ((x - n * 0.693_359_4) - n * -2.121_944_4e-4) + low;
    let p = horner!(r; 1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5);
    let n = (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
    Parts { h: power(n >> 1), k: power(n - (n >> 1)), q: p * (r * r) + r, n }
}

/// `c e^(x + low)`, which becomes as small as numbers are in the last step alone.
#[inline(always)]
pub(super) fn scaled_exp(x: f32, low: f32, c: f32) -> f32 {
    let Parts { h, k, q, .. } = exp_parts(x.clamp(-104.0, 89.0), low);
    (c * q + c) * h * k
}

impl Elementary for f32 {
    #[inline(always)]
    fn fast_exp(self) -> f32 {
        // Adding -0 changes nothing, and costs nothing.
        scaled_exp(self, -0.0, 1.0)
    }

    #[inline(always)]
    fn fast_exp_term(self) -> f32 {
        // From here on 2ⁿ is one normal number. NaN is not below it, and stays.
        let Parts { q, n, .. } = exp_parts(if self < -87.0 { -87.0 } else { self }, -0.0);
        (q + 1.0) * f32::from_bits((n.wrapping_add(127) as u32) << 23)
    }

    #[inline(always)]
    fn fast_ln(self) -> f32 {
        // Numbers below the normal ones are first made larger by 2²³.
        let is_small = self < f32::MIN_POSITIVE;
        let bits = (if is_small { self * 8_388_608.0 } else { self }).to_bits() as i32;
        // The exponent such that what is left lies from `√½` on.
        let split = bits.wrapping_sub(std::f32::consts::FRAC_1_SQRT_2.to_bits() as i32) >> 23;
        let n = split as f32 - if is_small { 23.0 } else { 0.0 };
        let r = f32::from_bits(bits.wrapping_sub(split << 23) as u32) - 1.0;
        let z = r * r;
        let p = horner!(r; 7.037_683_6e-2, -1.151_461e-1, 1.167_699_9e-1, -1.242_014_1e-1, 1.424_932_3e-1,
            -1.666_805_8e-1, 2.000_071_5e-1, -2.499_999_4e-1, 3.333_333e-1);
        let y = p * r * z + n * -2.121_944_4e-4 - 0.5 * z;
        let y = r + y + n * 0.693_359_4;
        let y = if self == f32::INFINITY { self } else { y };
        let y = if self == 0.0 { f32::NEG_INFINITY } else { y };
        if self >= 0.0 { y } else { f32::NAN }
    }

    #[inline(always)]
    fn fast_tanh(self) -> f32 {
        let z = self * self;
        let p = horner!(z; -5.704_988e-3, 2.063_909e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1);
        let near = p * z * self + self;
        let far = 1.0 - 2.0 / ((2.0 * self.abs()).fast_exp() + 1.0);
        let y = if self.abs() < 0.625 { near } else { far };
        y.copysign(self)
    }

    #[inline(always)]
    fn fast_sigmoid(self) -> f32 {
        let is_low = self < 0.0;
        let Parts { h, k, q, .. } = exp_parts((-self.abs()).clamp(-104.0, 0.0), -0.0);
        let power = 1.0 + q;
        let e = power * h * k;
        let sum = 1.0 + e;
        let y = (if is_low { e } else { 1.0 }) / sum;
        // What the two sums were rounded by would make more than 2 units.
        let rounded_off = (q - (power - 1.0)) - (e - (sum - 1.0));
        if is_low { y + y * rounded_off } else { y }
    }

    #[inline(always)]
    fn fast_exp_m1(self) -> f32 {
        let Parts { h, k, q, n } = exp_parts(self.clamp(-25.0, 89.0), -0.0);
        // From 2³¹ on the 1 is not seen, and the power itself may be beyond the exponents.
        let near = (h * k) * q + (h * k - 1.0);
        if n > 30 { (q + 1.0) * h * k } else { near }
    }

    #[inline(always)]
    fn fast_ln_1p(self) -> f32 {
        let u = 1.0 + self;
        let rounded_by = self - (u - 1.0);
        // Nothing, too, at -1 and at infinity.
        u.fast_ln() + if u - 1.0 == self { 0.0 } else { rounded_by / u }
    }

    #[inline(always)]
    fn fast_erf(self) -> f32 {
        normal::erf_single(self)
    }

    #[inline(always)]
    fn fast_normal_cdf(self) -> f32 {
        normal::normal_cdf_single(self)
    }

    #[inline(always)]
    fn fast_gelu(self) -> f32 {
        normal::gelu_single(self)
    }
}

impl Elementary for f64 {
    #[inline(always)]
    fn fast_exp(self) -> f64 {
        // 1.5 * 2⁵²: adding it rounds to a whole number, which then stands in the lowest bits.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let x = self.clamp(-746.0, 710.0);
        let rounded = x * std::f64::consts::LOG2_E + ROUND;
        let n = rounded - ROUND;
        let r = (x - n * 6.931_457_519_531_25e-1) - n * 1.428_606_820_309_417_2e-6;
        // eʳ = 1 + 2 r P(r²) / (Q(r²) - r P(r²))
        let z = r * r;
        let p = r * horner!(z; 1.261_771_930_748_105_9e-4, 3.029_944_077_074_419_6e-2, 1.0);
        let q =
            horner!(z; 3.001_985_051_386_644_6e-6, 2.524_483_403_496_841e-3, 2.272_655_482_081_550_3e-1, 2.0);
        let y = 1.0 + 2.0 * (p / (q - p));
        let n = (rounded.to_bits() as i64).wrapping_sub(ROUND.to_bits() as i64);
        let power = |n: i64| f64::from_bits((n.wrapping_add(1023) as u64) << 52);
        y * power(n >> 1) * power(n - (n >> 1))
    }

    #[inline(always)]
    fn fast_ln(self) -> f64 {
        // Numbers below the normal ones are first made larger by 2⁵².
        let is_small = self < f64::MIN_POSITIVE;
        let bits = (if is_small { self * 4_503_599_627_370_496.0 } else { self }).to_bits() as i64;
        // The exponent such that what is left lies from `√½` on.
        let split = bits.wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits() as i64) >> 52;
        let n = split as f64 - if is_small { 52.0 } else { 0.0 };
        let r = f64::from_bits(bits.wrapping_sub(split << 52) as u64) - 1.0;
        let z = r * r;
        let p = horner!(r; 1.018_756_638_045_809_3e-4, 4.974_949_949_767_47e-1, 4.705_791_198_788_817,
            1.449_892_253_416_109_3e1, 1.793_686_785_078_198_2e1, 7.708_387_337_558_854);
        let q = horner!(r; 1.0, 1.128_735_871_891_674_5e1, 4.522_791_458_375_322e1, 8.298_752_669_127_767e1,
            7.115_447_506_185_639e1, 2.312_516_201_267_653_4e1);
        let y = r * (z * p / q) - n * 2.121_944_400_546_905_8e-4 - 0.5 * z;
        let y = r + y + n * 0.693_359_375;
        let y = if self == f64::INFINITY { self } else { y };
        let y = if self == 0.0 { f64::NEG_INFINITY } else { y };
        if self >= 0.0 { y } else { f64::NAN }
    }

    #[inline(always)]
    fn fast_tanh(self) -> f64 {
        let z = self * self;
        let p = horner!(z; -9.643_991_794_250_522e-1, -9.928_772_310_019_186e1, -1.614_687_684_417_084_5e3);
        let q =
            horner!(z; 1.0, 1.128_116_784_916_329_3e2, 2.235_488_390_601_004_5e3, 4.844_063_053_251_255e3);
        let near = p / q * z * self + self;
        let far = 1.0 - 2.0 / ((2.0 * self.abs()).fast_exp() + 1.0);
        let y = if self.abs() < 0.625 { near } else { far };
        y.copysign(self)
    }

    #[inline(always)]
    fn fast_sigmoid(self) -> f64 {
        let e = (-self.abs()).fast_exp();
        (if self < 0.0 { e } else { 1.0 }) / (1.0 + e)
    }

    #[inline(always)]
    fn fast_exp_m1(self) -> f64 {
        self.exp_m1()
    }

    #[inline(always)]
    fn fast_ln_1p(self) -> f64 {
        self.ln_1p()
    }

    #[inline(always)]
    fn fast_erf(self) -> f64 {
        libm::erf(self)
    }

    #[inline(always)]
    fn fast_normal_cdf(self) -> f64 {
        normal::normal_cdf_double(self)
    }

    #[inline(always)]
    fn fast_gelu(self) -> f64 {
        normal::gelu_double(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_exponentials_down_to_the_smallest_normal_number() {
        for i in 0..87_000 {
            let x = i as f32 * -1e-3;
            assert_eq!(x.fast_exp_term(), x.fast_exp(), "{x}");
        }
        for x in [-87.5, -1e4, f32::MIN, f32::NEG_INFINITY] {
            let term = x.fast_exp_term();
            assert!((0.0..2e-38).contains(&term), "{x}: {term}");
        }
        assert!(f32::NAN.fast_exp_term().is_nan());
    }

    /// The distance in units in the last place of `f32` between a value and the exact one.
    fn ulps(found: f32, exact: f64) -> f64 {
        if exact.is_nan() || found.is_infinite() {
            return if found.is_nan() == exact.is_nan() && found == exact as f32 || found.is_nan() {
                0.0
            } else {
                f64::INFINITY
            };
        }
        let nearest = (exact as f32).abs().max(f32::MIN_POSITIVE);
        let unit = f64::from(f32::from_bits(nearest.to_bits() + 1)) - f64::from(nearest);
        (f64::from(found) - exact).abs() / unit
    }

    /// One in a thousand of all numbers, of either sign and every size.
    #[test]
    fn single_precision_is_within_two_units_everywhere() {
        type Function = (&'static str, fn(f32) -> f32, fn(f64) -> f64);
        let functions: [Function; 3] = [
            ("exp", f32::fast_exp, f64::exp),
            ("ln", f32::fast_ln, f64::ln),
            ("tanh", f32::fast_tanh, f64::tanh),
        ];
        for (name, fast, exact) in functions {
            let off = |x: f32| ulps(fast(x), exact(f64::from(x)));
            let all = (0..=u32::MAX).step_by(1009).map(f32::from_bits);
            let worst = all.max_by(|&a, &b| off(a).total_cmp(&off(b))).expect("some numbers");
            assert!(off(worst) <= 2.0, "{name}({worst}) is {} units off", off(worst));
        }
    }

    /// Against the standard library, which is itself within a unit.
    #[test]
    fn double_precision_is_within_three_units_of_the_standard_library() {
        let close = |x: f64, found: f64, expected: f64| {
            let unit = f64::EPSILON * expected.abs().max(f64::MIN_POSITIVE);
            assert!(
                found == expected || (found - expected).abs() <= 3.0 * unit,
                "at {x:e}: {found:e} for {expected:e}"
            );
        };
        for i in -1_000_000..1_000_000 {
            let x = f64::from(i) * 7.45e-4;
            close(x, x.fast_exp(), x.exp());
            let x = f64::from(i) * 2.1e-5;
            close(x, x.fast_tanh(), x.tanh());
            let x = (f64::from(i) * 7e-4).exp();
            close(x, x.fast_ln(), x.ln());
        }
    }

    #[test]
    fn the_limits_are_exact_and_nan_stays() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        assert_eq!([inf, -inf, 0.0, 1e4, -1e4].map(f32::fast_exp), [inf, 0.0, 1.0, inf, 0.0]);
        assert_eq!([inf, -inf, 1e4, -1e4].map(f32::fast_tanh), [1.0, -1.0, 1.0, -1.0]);
        assert!(nan.fast_exp().is_nan() && nan.fast_tanh().is_nan());
        assert!((-0.0_f32).fast_tanh().is_sign_negative());
        assert_eq!([inf, 0.0, -0.0, 1.0].map(f32::fast_ln), [inf, -inf, -inf, 0.0]);
        assert!([nan, -1.0, -inf].iter().all(|x| x.fast_ln().is_nan()));
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!([inf, -inf, 0.0, 1e4, -1e4].map(f64::fast_exp), [inf, 0.0, 1.0, inf, 0.0]);
        assert_eq!([inf, -inf, 1e4, -1e4].map(f64::fast_tanh), [1.0, -1.0, 1.0, -1.0]);
        assert!(nan.fast_exp().is_nan() && nan.fast_tanh().is_nan());
        assert_eq!([inf, 0.0, -0.0, 1.0].map(f64::fast_ln), [inf, -inf, -inf, 0.0]);
        assert!([nan, -1.0, -inf].iter().all(|x| x.fast_ln().is_nan()));
    }
}
