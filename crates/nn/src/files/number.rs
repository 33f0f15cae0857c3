//! The kinds of numbers that files hold, and how they become those of a tensor.
//!
//! A number of a wider type, or of the same, keeps its value: a half `± 2^(e - 15) (1 + m / 2^10)` is a single, and so is
//! bfloat16, whose bits are the upper half of a single's. What is `F64` in the file is rounded to the nearest single for a
//! tensor of `f32`, as everywhere; but a finite number that would become infinite is an error. Integers are never rounded: one
//! that the tensor cannot hold exactly is an error. False and true are 0 and 1.

use super::error::{DAMAGED, FileErrorKind};
use super::source::BLOCK;
use autograd::{Scalar, Tensor};
use std::{
    fmt,
    io::{self, Write},
};

/// A kind of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    F64,
    F32,
    F16,
    BF16,
    /// An integer of so many bytes, 8 at most.
    Int {
        bytes: usize,
        signed: bool,
    },
    Bool,
}

/// A number that a tensor cannot hold: its place among those decoded, and what to say.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) place: usize,
    pub(super) kind: FileErrorKind,
}

impl Unfit {
    fn of<T: Scalar>(place: usize, number: impl fmt::Display) -> Self {
        let reason = format!("{number} is no `{}`", T::NAME);
        let cure = "read it as `f64` if that holds it, or convert it where it was written";
        Unfit { place, kind: FileErrorKind::unsupported(reason, cure) }
    }
}

impl Number {
    /// How many bytes one takes.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Int { bytes, .. } => bytes,
            Self::Bool => 1,
        }
    }

    /// Whether weights may be of this kind.
    pub(super) fn is_float(self) -> bool {
        !matches!(self, Self::Int { .. } | Self::Bool)
    }

    /// The numbers that these bytes are, as many as `y` is long; whether any had to be rounded.
    pub(super) fn decode<T: Scalar>(
        self,
        bytes: &[u8],
        big_endian: bool,
        y: &mut [T],
    ) -> Result<bool, Unfit> {
        match self {
            Self::F64 => floats(bytes, big_endian, y, f64::from_le_bytes),
            Self::F32 => floats(bytes, big_endian, y, |x| f32::from_le_bytes(x).into()),
            Self::F16 => floats(bytes, big_endian, y, |x| half(u16::from_le_bytes(x)).into()),
            Self::BF16 => floats(bytes, big_endian, y, |x| {
                f32::from_bits(u32::from(u16::from_le_bytes(x)) << 16).into()
            }),
            Self::Int { bytes: width, signed } => {
                let integer = |x: &[u8]| {
                    let bits = x.iter().fold(0_u64, |bits, &byte| bits << 8 | u64::from(byte));
                    let unused = 64 - 8 * width as u32;
                    if signed { i128::from((bits << unused) as i64 >> unused) } else { i128::from(bits) }
                };
                integers(bytes, width, big_endian, y, integer)
            }
            Self::Bool => match bytes.iter().position(|&byte| byte > 1) {
                Some(place) => {
                    let reason = format!("{} is neither false nor true", bytes[place]);
                    Err(Unfit { place, kind: FileErrorKind::malformed(reason, DAMAGED) })
                }
                None => integers(bytes, 1, big_endian, y, |x| i128::from(x[0])),
            },
        }
    }
}

/// The single of this half (IEEE 754).
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) =
        (u32::from(bits & 0x8000) << 16, bits >> 10 & 31, u32::from(bits & 0x3ff));
    let magnitude = match exponent {
        // Zero and the subnormal: `fraction` units of 2^-24.
        0 => return f32::from_bits((fraction as f32 / 16_777_216.0).to_bits() | sign),
        // Infinity, and what is none.
        31 => 0x7f80_0000 | fraction << 13,
        // The bias is 127 in place of 15, the fraction 23 bits in place of 10.
        _ => (u32::from(exponent) + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

fn floats<T: Scalar, const N: usize>(
    bytes: &[u8],
    big_endian: bool,
    y: &mut [T],
    value: impl Fn([u8; N]) -> f64,
) -> Result<bool, Unfit> {
    let (numbers, _) = bytes.as_chunks::<N>();
    let value = |mut number: [u8; N]| {
        if big_endian {
            number.reverse();
        }
        value(number)
    };
    let mut rounded = false;
    for (y, &number) in y.iter_mut().zip(numbers) {
        let x = value(number);
        *y = T::of(x);
        rounded |= (*y).into() != x && !x.is_nan();
    }
    if rounded {
        let overflows = |(y, &number): (&T, &[u8; N])| y.is_infinite() && value(number).is_finite();
        if let Some(place) = y.iter().zip(numbers).position(overflows) {
            return Err(Unfit::of::<T>(place, format_args!("{:e}", value(numbers[place]))));
        }
    }
    Ok(rounded)
}

/// Integers from their bytes, the most significant first.
fn integers<T: Scalar>(
    bytes: &[u8],
    width: usize,
    big_endian: bool,
    y: &mut [T],
    value: impl Fn(&[u8]) -> i128,
) -> Result<bool, Unfit> {
    for (place, (y, number)) in y.iter_mut().zip(bytes.chunks_exact(width)).enumerate() {
        let mut big = [0; 8];
        big[..width].copy_from_slice(number);
        if !big_endian {
            big[..width].reverse();
        }
        let x = value(&big[..width]);
        *y = T::of(x as f64);
        let back: f64 = (*y).into();
        if back as i128 != x {
            return Err(Unfit::of::<T>(place, x));
        }
    }
    Ok(false)
}

/// Writes the elements in row-major order, the least significant byte of each first.
pub(super) fn encode<T: Scalar>(x: &Tensor<T>, out: &mut dyn Write) -> io::Result<()> {
    let numbers = x.array().view().contiguous();
    let mut block = vec![0; BLOCK.min(size_of_val(&*numbers))];
    for numbers in numbers.chunks(BLOCK / size_of::<T>()) {
        let bytes = &mut block[..size_of_val(numbers)];
        match size_of::<T>() {
            4 => each(numbers, bytes, |x| (x as f32).to_le_bytes()),
            _ => each(numbers, bytes, f64::to_le_bytes),
        }
        out.write_all(bytes)?;
    }
    Ok(())
}

/// The bytes of each number. A loop over both at once, in which nothing grows, becomes one over vectors.
fn each<T: Scalar, const N: usize>(numbers: &[T], bytes: &mut [u8], of: impl Fn(f64) -> [u8; N]) {
    let (bytes, _) = bytes.as_chunks_mut::<N>();
    bytes.iter_mut().zip(numbers).for_each(|(bytes, &number)| *bytes = of(number.into()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<T: Scalar>(kind: Number, bytes: &[u8]) -> Result<(T, bool), String> {
        let mut y = [T::zero()];
        let outcome = kind.decode(bytes, false, &mut y).map_err(|unfit| {
            let reason = unfit.kind.to_string();
            reason.split(' ').next().expect("the number").to_owned()
        });
        outcome.map(|rounded| (y[0], rounded))
    }

    /// Against the formula of IEEE 754, for every half there is.
    #[test]
    fn every_half_is_what_the_standard_says() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff) / 1024.0);
            let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
            let expected = sign
                * match exponent {
                    31 if fraction > 0.0 => f64::NAN,
                    31 => f64::INFINITY,
                    0 => fraction * 2.0_f64.powi(-14),
                    _ => (1.0 + fraction) * 2.0_f64.powi(exponent - 15),
                };
            let (found, rounded) = one::<f32>(Number::F16, &bits.to_le_bytes()).unwrap();
            let found = f64::from(found);
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(same && !rounded, "{bits:#06x}: {found}, expected {expected}");
        }
    }

    /// Eight bits of exponent and seven of fraction.
    #[test]
    fn every_bfloat_is_what_its_definition_says() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 7 & 255), f64::from(bits & 0x7f) / 128.0);
            let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
            let expected = sign
                * match exponent {
                    255 if fraction > 0.0 => f64::NAN,
                    255 => f64::INFINITY,
                    0 => fraction * 2.0_f64.powi(-126),
                    _ => (1.0 + fraction) * 2.0_f64.powi(exponent - 127),
                };
            let (found, rounded) = one::<f64>(Number::BF16, &bits.to_le_bytes()).unwrap();
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(same && !rounded, "{bits:#06x}: {found}, expected {expected}");
        }
    }

    #[test]
    fn doubles_are_rounded_to_the_nearest_single_or_are_too_large() {
        let read = |x: f64| one::<f32>(Number::F64, &x.to_le_bytes());
        assert_eq!(read(0.1), Ok((0.1, true)));
        assert_eq!(read(0.5), Ok((0.5, false)));
        assert_eq!(read(1e-60), Ok((0.0, true)));
        assert_eq!(read(f64::INFINITY), Ok((f32::INFINITY, false)));
        assert!(read(f64::NAN).is_ok_and(|(x, rounded)| x.is_nan() && !rounded));
        assert_eq!(read(f64::from(f32::MAX)), Ok((f32::MAX, false)));
        assert_eq!(read(-1e39), Err("-1e39".into()));
        assert_eq!(one::<f64>(Number::F64, &1e300_f64.to_le_bytes()), Ok((1e300, false)));
    }

    #[test]
    fn integers_are_exact_or_refused() {
        let int = |bytes, signed| Number::Int { bytes, signed };
        let largest = 1_i64 << 53;
        assert_eq!(one(int(8, true), &largest.to_le_bytes()), Ok((9007199254740992.0_f64, false)));
        assert_eq!(one::<f64>(int(8, true), &(largest + 1).to_le_bytes()), Err("9007199254740993".into()));
        assert_eq!(one::<f64>(int(8, true), &i64::MIN.to_le_bytes()), Ok((-9223372036854775808.0, false)));
        assert_eq!(one::<f64>(int(8, true), &i64::MAX.to_le_bytes()), Err("9223372036854775807".into()));
        assert_eq!(one::<f64>(int(8, false), &u64::MAX.to_le_bytes()), Err("18446744073709551615".into()));
        assert_eq!(one::<f32>(int(4, true), &(-(1_i32 << 24)).to_le_bytes()), Ok((-16777216.0, false)));
        assert_eq!(one::<f32>(int(4, true), &((1_i32 << 24) + 1).to_le_bytes()), Err("16777217".into()));
        assert_eq!(one::<f32>(int(1, true), &[0x80]), Ok((-128.0, false)));
        assert_eq!(one::<f32>(int(1, false), &[0x80]), Ok((128.0, false)));
        assert_eq!(one::<f32>(int(2, true), &[0xff, 0xff]), Ok((-1.0, false)));
    }
}
