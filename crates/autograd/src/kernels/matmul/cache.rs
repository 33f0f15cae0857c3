//! The size of the second-level cache, in which a block of B is kept.

use std::sync::OnceLock;

/// The bytes of the second-level cache of a core: what the processor says of itself, or else what nearly all have.
pub(super) fn second_level() -> usize {
    static BYTES: OnceLock<usize> = OnceLock::new();
    *BYTES.get_or_init(|| reported().unwrap_or(512 << 10).clamp(256 << 10, 4 << 20))
}

/// Intel lists its caches in leaf 4, and AMD in the same form in leaf 0x8000_001d.
#[cfg(target_arch = "x86_64")]
fn reported() -> Option<usize> {
    use std::arch::x86_64::{__cpuid, __cpuid_count, __get_cpuid_max};
    // SAFETY: every processor of this architecture has CPUID, and of the leaves that it says it has.
    #[allow(unused_unsafe)]
    unsafe {
        let amd = __cpuid(0).ebx == u32::from_le_bytes(*b"Auth");
        let leaf = if amd { 0x8000_001d } else { 4 };
        if __get_cpuid_max(leaf & 0x8000_0000).0 < leaf {
            return None;
        }
        (0..8).map(|i| __cpuid_count(leaf, i)).take_while(|cache| cache.eax & 0x1f != 0).find_map(|cache| {
            let level = cache.eax >> 5 & 7;
            let (line, parts, ways) = (cache.ebx & 0xfff, cache.ebx >> 12 & 0x3ff, cache.ebx >> 22);
            let bytes =
                (ways + 1) as usize * (parts + 1) as usize * (line + 1) as usize * (cache.ecx + 1) as usize;
            (level == 2).then_some(bytes)
        })
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn reported() -> Option<usize> {
    None
}
