//! The memory of tensors: shared, aligned for vector instructions, and recycled.
//!
//! A [`Buffer`] is a counted reference to a block of memory. When its last owner lets go, the block with its counter
//! goes back to a pool of the thread, from which the next buffer of that size is served: a training loop asks the
//! system for memory in its first step only. Blocks come in size classes, four to an octave, so at most a fifth of a
//! block is idle, but for those below 256 bytes. When more lies idle than 64 MiB and than twice what the thread ever had
//! in use at once, the pool is emptied.
//!
//! This file and the kernels are the only places with `unsafe`.
#![allow(unsafe_code)]

use crate::error::ShapeError;
use crate::scalar::Element;
use std::alloc;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

/// Every block begins at a multiple of this: a cache line, and the widest vector.
const ALIGN: usize = 64;
/// No tensor takes more bytes. Some systems promise memory that they do not have, and kill who then writes to it.
const LARGEST: usize = match 1_usize.checked_shl(40) {
    Some(tebibyte) => tebibyte,
    None => isize::MAX as usize,
};
/// The pool may always keep this much, however little was in use.
const IDLE_AT_LEAST: usize = 64 << 20;

/// Shared elements, immutable while there is more than one owner.
pub(crate) struct Buffer<T: Element> {
    /// Taken out only by `drop`.
    block: ManuallyDrop<Arc<Block>>,
    len: usize,
    elements: PhantomData<T>,
}

/// Memory from the system. All its bytes are initialised, always.
struct Block {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: a block is plain memory that is written only through a unique reference (`Buffer::get_mut`).
unsafe impl Send for Block {}
// SAFETY: as above; shared access only reads.
unsafe impl Sync for Block {}

impl<T: Element> Buffer<T> {
    /// Room for `len` elements, whose values are whatever the memory held before: write before you read.
    ///
    /// # Errors
    /// If that is more than [`LARGEST`], or the system has no memory of that size to give.
    #[inline]
    pub(crate) fn new(len: usize) -> Result<Self, ShapeError> {
        let (class, bytes) = class_of(len * size_of::<T>());
        // A thread that is ending has no pool any more.
        let block = POOL
            .try_with(|pool| pool.borrow_mut().take(class, bytes))
            .unwrap_or_else(|_| Block::allocate(bytes))?;
        let mut buffer = Buffer { block: ManuallyDrop::new(block), len, elements: PhantomData };
        if !T::ANY_BITS {
            let start = buffer.block.start.as_ptr();
            debug_assert!(Arc::get_mut(&mut buffer.block).is_some());
            // SAFETY: the block is new or came from the pool, so this is its only owner, and it is `bytes` long. A byte
            // pattern of zero is a value of every element type.
            unsafe { start.write_bytes(0, bytes) };
        }
        Ok(buffer)
    }

    /// The elements, to write to, if there is no other owner.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut [T]> {
        let block = Arc::get_mut(&mut self.block)?;
        // SAFETY: the block is longer than `len` elements of `T`, aligned to `ALIGN`, initialised throughout with
        // values of `T` (any bits will do, or `new` zeroed them and only `T`s were written since), and `get_mut` has
        // shown that nobody else refers to it.
        Some(unsafe { std::slice::from_raw_parts_mut(block.start.as_ptr().cast(), self.len) })
    }

    /// Whether both are the same memory.
    #[cfg(test)]
    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.block, &other.block)
    }
}

impl<T: Element> Deref for Buffer<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: as in `get_mut`; nobody writes while this reference lives, since writing needs `&mut self` of the
        // only owner.
        unsafe { std::slice::from_raw_parts(self.block.start.as_ptr().cast(), self.len) }
    }
}

impl<T: Element> Clone for Buffer<T> {
    #[inline]
    fn clone(&self) -> Self {
        Buffer { block: self.block.clone(), len: self.len, elements: PhantomData }
    }
}

impl<T: Element> Drop for Buffer<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `block` is not used again: this is `drop`, and nothing else takes it.
        let block = unsafe { ManuallyDrop::take(&mut self.block) };
        if Arc::strong_count(&block) == 1 {
            // What other owners did with it, they did before they let go.
            fence(Ordering::Acquire);
            // A thread that is ending has no pool any more; the block is then freed as it goes out of scope.
            let _ = POOL.try_with(|pool| pool.borrow_mut().give(block));
        }
    }
}

impl<T: Element> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} elements)", self.len)
    }
}

impl Block {
    #[cold]
    fn allocate(bytes: usize) -> Result<Arc<Block>, ShapeError> {
        if bytes > LARGEST {
            let (asked, most) = (bytes >> 30, LARGEST >> 30);
            return Err(ShapeError::new(format!("{asked} GiB are more than a tensor may take, {most} GiB"))
                .help("check the sizes, or work on one part after the other"));
        }
        let error = || {
            ShapeError::new(format!("the system has no {bytes} bytes of memory to give"))
                .help("work on smaller batches, or let go of tensors that are not needed any more")
        };
        let layout = alloc::Layout::from_size_align(bytes, ALIGN).map_err(|_| error())?;
        // SAFETY: `class_of` gives no size of zero.
        let start = unsafe { alloc::alloc_zeroed(layout) };
        let start = NonNull::new(start).ok_or_else(error)?;
        Ok(Arc::new(Block { start, bytes }))
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `allocate` made `start` with this very layout, which it has proved valid.
        unsafe {
            alloc::dealloc(self.start.as_ptr(), alloc::Layout::from_size_align_unchecked(self.bytes, ALIGN));
        }
    }
}

/// The size class for so many bytes, and the size of its blocks: 64, 128, 192, 256, 320, ..., four to an octave.
#[inline]
fn class_of(bytes: usize) -> (usize, usize) {
    let lines = bytes.div_ceil(ALIGN).max(1);
    if lines <= 4 {
        return (lines - 1, lines * ALIGN);
    }
    // 2^e < lines <= 2^(e+1), split into four.
    let e = (lines - 1).ilog2() as usize;
    let quarter = 1 << (e - 2);
    let part = (lines - (1 << e)).div_ceil(quarter);
    (4 * (e - 1) + part - 1, ((1 << e) + part * quarter) * ALIGN)
}

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool::new()) };
}

/// The idle blocks of a thread, a stack for each size class, and its books.
struct Pool {
    idle: Vec<Vec<Arc<Block>>>,
    idle_bytes: usize,
    stats: MemoryStats,
    /// The bytes of all buffers ever taken.
    taken: u64,
}

/// What the tensors of the calling thread hold, and what they asked of the system. See [`memory_stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryStats {
    /// Buffers that the thread took and that were not given back on it. Negative if it frees what others took.
    pub live_buffers: isize,
    /// The bytes of these buffers.
    pub live_bytes: isize,
    /// The largest that `live_bytes` ever was.
    pub peak_bytes: isize,
    /// How often a buffer could not be served from the pool, so that the system was asked.
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
    POOL.try_with(|pool| pool.borrow().stats).unwrap_or_default()
}

/// The bytes that the calling thread has ever taken, recycled ones included.
pub(crate) fn taken_bytes() -> u64 {
    POOL.try_with(|pool| pool.borrow().taken).unwrap_or_default()
}

impl Pool {
    const fn new() -> Self {
        let stats = MemoryStats { live_buffers: 0, live_bytes: 0, peak_bytes: 0, system_allocations: 0 };
        Pool { idle: Vec::new(), idle_bytes: 0, stats, taken: 0 }
    }

    #[inline]
    fn take(&mut self, class: usize, bytes: usize) -> Result<Arc<Block>, ShapeError> {
        let block = match self.idle.get_mut(class).and_then(Vec::pop) {
            Some(block) => {
                self.idle_bytes -= bytes;
                block
            }
            None => {
                self.stats.system_allocations += 1;
                Block::allocate(bytes)?
            }
        };
        self.taken += bytes as u64;
        self.stats.live_buffers += 1;
        self.stats.live_bytes += bytes as isize;
        self.stats.peak_bytes = self.stats.peak_bytes.max(self.stats.live_bytes);
        Ok(block)
    }

    #[inline]
    fn give(&mut self, block: Arc<Block>) {
        let bytes = block.bytes;
        self.stats.live_buffers -= 1;
        self.stats.live_bytes -= bytes as isize;
        if self.idle_bytes + bytes > IDLE_AT_LEAST.max(2 * self.stats.peak_bytes.max(0) as usize) {
            // Too much lies idle, in sizes that nobody asks for any more.
            self.idle.clear();
            self.idle_bytes = 0;
        }
        let (class, _) = class_of(bytes);
        if self.idle.len() <= class {
            self.idle.resize_with(class + 1, Vec::new);
        }
        self.idle[class].push(block);
        self.idle_bytes += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_consecutive_and_waste_at_most_a_fifth() {
        let mut last = (0, 64);
        for bytes in 0..100_000 {
            let (class, size) = class_of(bytes);
            assert!(size >= bytes && size % ALIGN == 0);
            assert!(bytes <= 256 || (size - bytes.next_multiple_of(ALIGN)) * 5 <= size, "{bytes} in {size}");
            assert!(class == last.0 && size == last.1 || class == last.0 + 1 && size > last.1);
            assert_eq!(class_of(size), (class, size));
            last = (class, size);
        }
    }

    #[test]
    fn a_block_comes_back_to_the_next_of_its_size() {
        let first = Buffer::<f32>::new(1000).unwrap();
        let start = first.as_ptr();
        assert_eq!(start as usize % ALIGN, 0);
        drop(first);
        let before = memory_stats().system_allocations;
        let second = Buffer::<f64>::new(500).unwrap();
        assert_eq!(second.as_ptr().cast(), start);
        assert_eq!(memory_stats().system_allocations, before);
    }

    #[test]
    fn only_a_sole_owner_may_write() {
        let mut buffer = Buffer::<f32>::new(3).unwrap();
        let other = buffer.clone();
        assert!(buffer.get_mut().is_none());
        assert!(buffer.same(&other));
        drop(other);
        buffer.get_mut().unwrap().copy_from_slice(&[1.0, 2.0, 3.0]);
        assert_eq!(buffer[..], [1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_mask_never_shows_the_bytes_of_the_numbers_before_it() {
        let mut numbers = Buffer::<f64>::new(16).unwrap();
        numbers.get_mut().unwrap().fill(f64::NAN);
        drop(numbers);
        assert!(Buffer::<bool>::new(128).unwrap().iter().all(|&b| !b));
    }

    #[test]
    fn a_buffer_may_outlive_its_thread_and_die_on_another() {
        let buffer = std::thread::spawn(|| {
            let mut b = Buffer::<usize>::new(4).unwrap();
            b.get_mut().unwrap().fill(7);
            b
        });
        let buffer = buffer.join().unwrap();
        std::thread::spawn(move || assert_eq!(buffer[..], [7; 4])).join().unwrap();
    }

    #[test]
    fn what_cannot_be_had_is_an_error() {
        assert!(Buffer::<bool>::new(LARGEST + 1).is_err());
        assert!(Buffer::<f64>::new(isize::MAX as usize / 8).is_err());
    }
}
