//! Small blocks, kept by the thread that let go of them, in size classes, and the books of what a thread holds.
//!
//! A block goes back with its counter onto a stack, from which the next buffer of that class is served in some nanoseconds.
//! There are four classes to an octave, so at most a fifth of a block is idle, but for those below 256 bytes. When more lies
//! idle than 64 MiB and than twice what the thread ever had in use at once, the pool is emptied.

use super::arena::arena;
use super::{ALIGN, Block, SMALL};
use crate::error::ShapeError;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;

/// The pool may always keep this much, however little was in use.
const IDLE_AT_LEAST: usize = 64 << 20;

/// The size class for so many bytes, and the size of its blocks: 64, 128, 192, 256, 320, ..., four to an octave. A large
/// block has no class, and the size that is asked for.
#[inline]
pub(super) fn class_of(bytes: usize) -> (usize, usize) {
    let lines = bytes.div_ceil(ALIGN).max(1);
    if lines <= 4 {
        return (lines - 1, lines * ALIGN);
    }
    if bytes > SMALL {
        return (usize::MAX, lines * ALIGN);
    }
    // 2^e < lines <= 2^(e+1), split into four.
    let e = (lines - 1).ilog2() as usize;
    let quarter = 1 << (e - 2);
    let part = (lines - (1 << e)).div_ceil(quarter);
    (4 * (e - 1) + part - 1, ((1 << e) + part * quarter) * ALIGN)
}

thread_local! {
    pub(super) static POOL: RefCell<Pool> = const { RefCell::new(Pool::new()) };
}

/// The idle blocks of a thread, a stack for each size class, and its books.
pub(super) struct Pool {
    idle: Vec<Vec<Arc<Block>>>,
    idle_bytes: usize,
    /// Its peak is that since the innermost [`PeakBytes`] began, if there is one.
    stats: MemoryStats,
    /// The peak before that.
    earlier_peak: isize,
    /// The bytes of all buffers ever taken.
    taken: u64,
}

/// What the tensors of the calling thread hold, and what they asked of the system. See [`memory_stats`].
///
/// ```
/// use autograd::{MemoryStats, Tensor, memory_stats};
/// drop(Tensor::<f32>::zeros([1000]));
/// let before = memory_stats();
/// drop(Tensor::<f32>::zeros([1000])); // in the memory that the first one left
/// let MemoryStats { live_bytes, peak_bytes, system_allocations, .. } = memory_stats();
/// assert_eq!((live_bytes, system_allocations), (before.live_bytes, before.system_allocations));
/// assert!(peak_bytes - live_bytes >= 4000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// Buffers that the thread took and that were not given back on it. Negative if it frees what others took.
    pub live_buffers: isize,
    /// The bytes of these buffers.
    pub live_bytes: isize,
    /// The largest that `live_bytes` ever was.
    pub peak_bytes: isize,
    /// How often a buffer needed memory that had not been used before, so that the system was asked.
    pub system_allocations: usize,
}

/// What the tensors of the calling thread hold at this moment.
///
/// ```
/// use autograd::{Tensor, memory_stats};
/// let before = memory_stats();
/// let x = Tensor::<f32>::zeros([100, 100]);
/// assert_eq!(memory_stats().live_buffers - before.live_buffers, 1);
/// drop(x);
/// assert_eq!(memory_stats().live_buffers, before.live_buffers);
/// ```
pub fn memory_stats() -> MemoryStats {
    let stats = |pool: &Pool| MemoryStats { peak_bytes: pool.peak(), ..pool.stats };
    POOL.try_with(|pool| stats(&pool.borrow())).unwrap_or_default()
}

/// Counts the most bytes that the tensors of the calling thread hold at once from here on, beyond those that they hold already: what
/// a stretch of a program takes. Tensors, each rounded up to the block that it lies in, and not what the system keeps for them, so the same
/// program gives the same number.
///
/// ```
/// use autograd::{PeakBytes, Tensor};
/// let x = Tensor::<f32>::zeros([1024, 16]);
/// let peak = PeakBytes::new();
/// drop(&x + 1.0); // this has gone before the next one comes
/// let y = &x + 2.0;
/// assert_eq!(peak.bytes(), 65_536);
/// ```
///
/// Several may count at once: those that began later are dropped earlier, and before the others are read.
#[derive(Debug)]
pub struct PeakBytes {
    /// What the tensors held at the beginning.
    begun: isize,
    /// What the pool knew of peaks at the beginning.
    peak: isize,
    earlier_peak: isize,
    /// It counts for the thread that made it.
    here: PhantomData<*const ()>,
}

impl PeakBytes {
    /// Begins to count.
    #[allow(clippy::new_without_default)] // it does something
    pub fn new() -> Self {
        let begin = |pool: &mut Pool| {
            let (begun, peak, earlier_peak) =
                (pool.stats.live_bytes, pool.stats.peak_bytes, pool.earlier_peak);
            (pool.earlier_peak, pool.stats.peak_bytes) = (pool.peak(), begun);
            PeakBytes { begun, peak, earlier_peak, here: PhantomData }
        };
        POOL.with(|pool| begin(&mut pool.borrow_mut()))
    }

    /// The most bytes so far, beyond those at the beginning.
    pub fn bytes(&self) -> usize {
        let peak = POOL.try_with(|pool| pool.borrow().stats.peak_bytes).unwrap_or_default();
        usize::try_from(peak - self.begun).unwrap_or(0)
    }
}

impl Drop for PeakBytes {
    fn drop(&mut self) {
        // A thread that is ending has no pool any more.
        let _ = POOL.try_with(|pool| {
            let pool = &mut *pool.borrow_mut();
            pool.stats.peak_bytes = pool.stats.peak_bytes.max(self.peak);
            pool.earlier_peak = self.earlier_peak;
        });
    }
}

/// Gives blocks that lie idle back to the system; see [`empty_cache`](crate::empty_cache).
pub(crate) fn empty() {
    // A thread that is ending has no pool any more.
    let _ = POOL.try_with(|pool| pool.borrow_mut().empty());
    arena().trim();
}

/// The bytes that the calling thread has ever taken, recycled ones included.
pub(crate) fn taken_bytes() -> u64 {
    POOL.try_with(|pool| pool.borrow().taken).unwrap_or_default()
}

impl Pool {
    const fn new() -> Self {
        let stats = MemoryStats { live_buffers: 0, live_bytes: 0, peak_bytes: 0, system_allocations: 0 };
        Pool { idle: Vec::new(), idle_bytes: 0, stats, earlier_peak: 0, taken: 0 }
    }

    /// The most bytes that were ever live.
    fn peak(&self) -> isize {
        self.stats.peak_bytes.max(self.earlier_peak)
    }

    #[inline]
    pub(super) fn take(&mut self, class: usize, bytes: usize) -> Result<Arc<Block>, ShapeError> {
        let block = match self.idle.get_mut(class).and_then(Vec::pop) {
            Some(block) => {
                self.idle_bytes -= bytes;
                block
            }
            None => {
                let (block, is_new) = Block::new(bytes)?;
                self.stats.system_allocations += usize::from(is_new);
                block
            }
        };
        self.taken += bytes as u64;
        self.stats.live_buffers += 1;
        self.stats.live_bytes += bytes as isize;
        self.stats.peak_bytes = self.stats.peak_bytes.max(self.stats.live_bytes);
        Ok(block)
    }

    pub(super) fn give(&mut self, block: Arc<Block>) {
        let bytes = block.bytes;
        self.stats.live_buffers -= 1;
        self.stats.live_bytes -= bytes as isize;
        if bytes > SMALL {
            return; // As it is dropped, its memory goes back to the arena.
        }
        if self.idle_bytes + bytes > IDLE_AT_LEAST.max(2 * self.peak().max(0) as usize) {
            // Too much lies idle, in sizes that nobody asks for any more.
            self.empty();
        }
        let (class, _) = class_of(bytes);
        if self.idle.len() <= class {
            self.idle.resize_with(class + 1, Vec::new);
        }
        self.idle[class].push(block);
        self.idle_bytes += bytes;
    }
    fn empty(&mut self) {
        self.idle.clear();
        self.idle_bytes = 0;
    }
}
