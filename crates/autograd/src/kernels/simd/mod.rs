//! Vectors of numbers, as the processor has them: the few operations a product of matrices is made of.
//!
//! A tile is written once over [`Vector`] and compiled for each instruction set. Every function here is inlined into
//! one that is compiled for that set, which alone may call it.

/// A register of `LANES` numbers.
///
/// # Safety
/// A type that implements this does with each function what its name says, on all lanes, and touches no memory but the
/// lanes it is told to. Whoever calls a function promises that the processor has the instructions, and that the lanes
/// the pointer leads to are valid.
pub(crate) unsafe trait Vector: Copy {
    type Number: num_traits::Float;
    /// Which lanes a partial access touches: the first few.
    type Mask: Copy;
    const LANES: usize;

    unsafe fn zero() -> Self;
    unsafe fn splat(x: Self::Number) -> Self;
    unsafe fn load(from: *const Self::Number) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    /// Brings what lies at the address to the nearest cache, or nothing, if there is nothing.
    unsafe fn prefetch(at: *const Self::Number);
    /// The first `lanes` lanes, between 0 and `LANES`.
    unsafe fn mask(lanes: usize) -> Self::Mask;
    /// The lanes of the mask; the others are zero, and their memory is not touched.
    unsafe fn load_some(from: *const Self::Number, mask: Self::Mask) -> Self;
    unsafe fn store_some(self, to: *mut Self::Number, mask: Self::Mask);
    unsafe fn add(self, other: Self) -> Self;
    /// The larger of the two in each lane, `self` only if it is larger: a NaN in `other` stays, one in `self` does not come in.
    unsafe fn max(self, other: Self) -> Self;
    /// `self * by + plus`, rounded once.
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self;
    /// The sum of all lanes, by halves.
    unsafe fn sum(self) -> Self::Number;
    /// The largest of all lanes, if none is NaN.
    unsafe fn largest(self) -> Self::Number;
}

/// Implements [`Vector`] by one intrinsic for each function.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! vector {
    (
        $vector:ident = [$number:ident; $lanes:literal], $zero:ident, $splat:ident, $load:ident, $store:ident,
        $load_some:ident, $store_some:ident, $add:ident, $max:ident, $mul_add:ident, $sum:ident, $largest:ident, $mask:ty = |$n:ident| $mask_of:expr
    ) => {
        // SAFETY: each intrinsic does on all lanes what the function says; the masked ones touch the memory of the
        // lanes in the mask only.
        unsafe impl Vector for $vector {
            type Number = $number;
            type Mask = $mask;
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $zero() }
            }
            #[inline(always)]
            unsafe fn splat(x: $number) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: the caller promises the instruction set and `LANES` numbers to read.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: the caller promises the instruction set and `LANES` numbers to write.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn prefetch(at: *const $number) {
                // SAFETY: a hint, which any address may be given to.
                unsafe { prefetch(at) }
            }
            #[inline(always)]
            unsafe fn mask($n: usize) -> $mask {
                // SAFETY: the caller promises the instruction set, and `n <= LANES`.
                unsafe { $mask_of }
            }
            #[inline(always)]
            unsafe fn load_some(from: *const $number, mask: $mask) -> Self {
                // SAFETY: the caller promises the instruction set and the masked numbers to read.
                unsafe { $load_some(mask, from) }
            }
            #[inline(always)]
            unsafe fn store_some(self, to: *mut $number, mask: $mask) {
                // SAFETY: the caller promises the instruction set and the masked numbers to write.
                unsafe { $store_some(to, mask, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $max(self, other) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, by: Self, plus: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $mul_add(self, by, plus) }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $number {
                // SAFETY: the caller promises the instruction set.
                unsafe { $sum(self) }
            }
            #[inline(always)]
            unsafe fn largest(self) -> $number {
                // SAFETY: the caller promises the instruction set.
                unsafe { $largest(self) }
            }
        }
    };
}

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;
