//! The memory of tensors: shared, aligned for vector instructions, and recycled.
//!
//! A [`Buffer`] is a counted reference to a block of memory. When its last owner lets go, the block is kept for the next
//! that asks: a training loop asks the system for memory in its first step only.
//! - [`pool`]: small blocks, up to half a MiB, are kept by the thread, in size classes;
//! - [`arena`]: the memory of large ones is kept for all threads, and can be split and joined.
//!
//! This folder and the kernels are the only places with `unsafe`.
#![allow(unsafe_code)]

mod arena;
mod pool;

pub use pool::{MemoryStats, PeakBytes, memory_stats};
pub(crate) use pool::{empty, taken_bytes};

use crate::error::ShapeError;
use crate::scalar::Element;
use arena::arena;
use pool::{POOL, class_of};
use std::alloc;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

/// Every block begins at a multiple of this: a cache line, and the widest vector.
const ALIGN: usize = 64;
/// The bytes of the largest small block.
const SMALL: usize = 512 << 10;
/// No tensor takes more bytes. Some systems promise memory that they do not have, and kill who then writes to it.
pub(crate) const LARGEST: usize = match 1_usize.checked_shl(40) {
    Some(tebibyte) => tebibyte,
    None => isize::MAX as usize,
};

/// Shared elements, immutable while there is more than one owner.
pub(crate) struct Buffer<T: Element> {
    /// Taken out only by `drop`.
    block: ManuallyDrop<Arc<Block>>,
    len: usize,
    elements: PhantomData<T>,
}

/// Memory of its own, or from the arena. All its bytes are initialised, always.
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
        // What overflows is too large as well: it must not come back as a small block.
        let (class, bytes) = match len.checked_mul(size_of::<T>()) {
            Some(bytes) if bytes <= LARGEST => class_of(bytes),
            bytes => return Err(too_large(bytes.unwrap_or(usize::MAX))),
        };
        // A thread that is ending has no pool any more.
        let block = POOL
            .try_with(|pool| pool.borrow_mut().take(class, bytes))
            .unwrap_or_else(|_| Block::new(bytes).map(|(block, _)| block))?;
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
        if !self.has_one_owner() {
            return None;
        }
        let start = self.block.start.as_ptr().cast();
        // SAFETY: the block is longer than `len` elements of `T`, aligned to `ALIGN`, initialised throughout with
        // values of `T` (any bits will do, or `new` zeroed them and only `T`s were written since), and nobody else refers to it.
        Some(unsafe { std::slice::from_raw_parts_mut(start, self.len) })
    }

    /// Whether nobody else refers to the block, and what other owners did with it is seen. As there are no weak references, counting
    /// the strong ones is enough, and needs no locked instruction, as `Arc::get_mut` does.
    #[inline]
    fn has_one_owner(&self) -> bool {
        let is_one = Arc::strong_count(&self.block) == 1;
        if is_one {
            fence(Ordering::Acquire);
        }
        is_one
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
        let is_last = self.has_one_owner();
        // SAFETY: `block` is not used again: this is `drop`, and nothing else takes it.
        let block = unsafe { ManuallyDrop::take(&mut self.block) };
        if is_last {
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
    /// A block of a size that [`class_of`] gives, and whether the system was asked for it.
    #[cold]
    fn new(bytes: usize) -> Result<(Arc<Block>, bool), ShapeError> {
        let memory = if bytes <= SMALL {
            // SAFETY: the size is not zero, and the alignment is a power of two.
            let start = unsafe { alloc::alloc_zeroed(Block::layout(bytes)) };
            NonNull::new(start).map(|start| (start, true))
        } else {
            arena().take(bytes)
        };
        let (start, is_new) = memory.ok_or_else(|| {
            ShapeError::new(format!("the system has no {bytes} bytes of memory to give"))
                .help("work on smaller batches, or let go of tensors that are not needed any more")
        })?;
        Ok((Arc::new(Block { start, bytes }), is_new))
    }

    /// Of a small block.
    fn layout(bytes: usize) -> alloc::Layout {
        alloc::Layout::from_size_align(bytes, ALIGN).expect("a small size")
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.bytes <= SMALL {
            // SAFETY: `new` made `start` with this very layout.
            unsafe { alloc::dealloc(self.start.as_ptr(), Block::layout(self.bytes)) };
        } else {
            arena().give(self.start, self.bytes);
        }
    }
}

#[cold]
fn too_large(bytes: usize) -> ShapeError {
    let (asked, most) = (bytes >> 30, LARGEST >> 30);
    ShapeError::new(format!("{asked} GiB are more than a tensor may take, {most} GiB"))
        .help("check the sizes, or work on one part after the other")
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
    fn peaks_are_those_of_their_stretch_one_within_the_other() {
        let take = |kib: usize| Buffer::<f32>::new(kib << 8).unwrap();
        let (kept, before) = (take(1), memory_stats().peak_bytes);
        drop(take(100));
        let ever = memory_stats().peak_bytes;
        assert!(ever >= before + (99 << 10));
        let outer = PeakBytes::new();
        drop((take(4), take(8)));
        {
            let held = take(2);
            let inner = PeakBytes::new();
            assert_eq!(inner.bytes(), 0);
            drop(take(16));
            drop(held);
            assert_eq!(inner.bytes(), 16 << 10);
        }
        // Twelve of two at once, and then two and sixteen, of which the inner one counted sixteen.
        assert_eq!(outer.bytes(), 18 << 10);
        assert_eq!(memory_stats().peak_bytes, ever, "the peak of all time stays");
        drop((outer, kept));
        let after = PeakBytes::new();
        drop(take(200));
        drop(after);
        assert!(memory_stats().peak_bytes > ever);
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
        for len in [1 << 61, 1 << 62, usize::MAX / 8 + 2, usize::MAX] {
            let error = Buffer::<f64>::new(len).unwrap_err().to_string();
            assert!(error.contains("more than a tensor may take"), "{len}: {error}");
        }
        assert!(Buffer::<f64>::new(isize::MAX as usize / 8).is_err());
    }
}
