//! Loops compiled for the widest vectors of the machine, which are chosen at run time.

/// A loop that the compiler vectorises. Its `run`, and all that it calls, must be `#[inline(always)]`, so that it is compiled
/// anew for each instruction set; nothing is fused, so the results are the same bits on each.
pub(crate) trait Loop {
    /// Does the work.
    fn run(self);
}

/// Runs a loop on AVX-512, AVX2, or what every machine of this architecture has.
#[inline]
pub(crate) fn on_widest(work: impl Loop) {
    #[cfg(all(target_arch = "x86_64", avx512))]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has AVX-512.
        return unsafe { on_avx512(work) };
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { on_avx2(work) };
    }
    on_any(work);
}

/// Compiled once, however many places there are that call it; so are the others, which cannot be inlined there.
#[inline(never)]
fn on_any(work: impl Loop) {
    work.run();
}

/// # Safety
/// The processor must have AVX-512.
#[cfg(all(target_arch = "x86_64", avx512))]
#[allow(clippy::incompatible_msrv)] // the build script has asked the compiler
#[target_feature(enable = "avx512f")]
unsafe fn on_avx512(work: impl Loop) {
    work.run();
}

/// # Safety
/// The processor must have AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn on_avx2(work: impl Loop) {
    work.run();
}
