//! The memory of large blocks: cut from segments that the system gave, and joined again when it comes back.
//!
//! Blocks of some megabytes that could serve for one size alone would make up a good part of a program: those of
//! activations lie idle while gradients are asked for. So a request takes the beginning of the smallest idle range that is
//! large enough (*best fit*), and a range that comes back joins those beside it. (D. Knuth, "The Art of Computer
//! Programming", volume 1, section 2.5, "Dynamic storage allocation".) A segment is larger than what was asked for; the rest
//! of it takes none of the machine's memory until it is written to.
//!
//! All threads share one arena, so a block may be taken by one thread and given back by another. The lock, and the search
//! along the idle ranges, take far less than it takes to fill a block.

use super::ALIGN;
use std::alloc::{self, Layout};
use std::iter;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The arena of all threads.
pub(super) fn arena() -> MutexGuard<'static, Arena> {
    static ARENA: Mutex<Arena> = Mutex::new(Arena::new(64 << 20));
    // It panics before it changes anything, or not at all.
    ARENA.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct Arena {
    segments: Vec<Segment>,
    /// The least that the system is asked for at once.
    least: usize,
}

/// Memory from the system. All its bytes are initialised, always.
struct Segment {
    memory: NonNull<u8>,
    layout: Layout,
    /// What can be handed out, counted from `memory`: it begins and ends at a multiple of `ALIGN`.
    whole: Range<usize>,
    /// What is not handed out, in order; no two ranges touch.
    idle: Vec<Range<usize>>,
    /// From here on no byte was ever handed out.
    untouched: usize,
}

// SAFETY: a segment is plain memory, and accessed only through the blocks that were cut from it.
unsafe impl Send for Segment {}

impl Arena {
    const fn new(least: usize) -> Self {
        Arena { segments: Vec::new(), least }
    }

    /// So many bytes, a multiple of `ALIGN`, and whether any of them was never handed out before. `None` if the system has
    /// no memory to give.
    pub(super) fn take(&mut self, bytes: usize) -> Option<(NonNull<u8>, bool)> {
        let ranges = self.segments.iter().enumerate().flat_map(|(s, segment)| {
            segment.idle.iter().enumerate().map(move |(i, range)| (range.len(), s, i))
        });
        let (s, i) = match ranges.filter(|(len, ..)| *len >= bytes).min() {
            Some((_, s, i)) => (s, i),
            None => {
                // As much again as there is, so that segments are few; if that is not to be had, what is asked for.
                let before: usize = self.segments.iter().map(|segment| segment.whole.len()).sum();
                let new = Segment::new(bytes.max(before).max(self.least)).or_else(|| Segment::new(bytes))?;
                self.segments.push(new);
                (self.segments.len() - 1, 0)
            }
        };
        Some(self.segments[s].cut(i, bytes))
    }

    /// Takes back what [`take`](Self::take) handed out, of the same length.
    pub(super) fn give(&mut self, start: NonNull<u8>, bytes: usize) {
        let from = |segment: &Segment| start.addr().get().wrapping_sub(segment.memory.addr().get());
        let segment = self.segments.iter_mut().find(|segment| segment.whole.contains(&from(segment)));
        let segment = segment.expect("the memory is from this arena");
        let first = from(segment);
        segment.join(first..first + bytes);
    }

    /// Gives the segments back to the system that are wholly idle.
    pub(super) fn trim(&mut self) {
        self.segments.retain(|segment| segment.idle != [segment.whole.clone()]);
    }
}

impl Segment {
    fn new(bytes: usize) -> Option<Segment> {
        // We align it ourselves: for an alignment that is not its own, the allocator writes the zeros one by one, and the
        // whole segment would be in use at once.
        let layout = Layout::from_size_align(bytes.checked_add(ALIGN)?, 1).ok()?;
        // SAFETY: the size is not zero.
        let memory = NonNull::new(unsafe { alloc::alloc_zeroed(layout) })?;
        let first = memory.addr().get().next_multiple_of(ALIGN) - memory.addr().get();
        let whole = first..first + bytes;
        Some(Segment { memory, layout, idle: vec![whole.clone()], untouched: first, whole })
    }

    /// The beginning of an idle range, and whether any of it was never handed out before.
    fn cut(&mut self, i: usize, bytes: usize) -> (NonNull<u8>, bool) {
        let first = self.idle[i].start;
        let end = first + bytes;
        self.idle[i].start = end;
        if self.idle[i].is_empty() {
            self.idle.remove(i);
        }
        let is_new = end > self.untouched;
        self.untouched = self.untouched.max(end);
        // SAFETY: an idle range is part of the segment.
        (unsafe { self.memory.add(first) }, is_new)
    }

    /// Makes a range idle, and one with those that it touches.
    fn join(&mut self, Range { mut start, mut end }: Range<usize>) {
        let i = self.idle.partition_point(|range| range.end < start);
        let j = i + self.idle[i..].iter().take_while(|range| range.start <= end).count();
        if i < j {
            start = start.min(self.idle[i].start);
            end = end.max(self.idle[j - 1].end);
        }
        self.idle.splice(i..j, iter::once(start..end));
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: `memory` was allocated with this layout, and no block is left that was cut from it.
        unsafe { alloc::dealloc(self.memory.as_ptr(), self.layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What an arena handed out: written full with a number of its own, which nobody else may change.
    struct Taken {
        memory: NonNull<u8>,
        bytes: usize,
        number: u8,
    }

    impl Taken {
        fn new(arena: &mut Arena, bytes: usize, number: u8) -> Self {
            let (memory, _) = arena.take(bytes).unwrap();
            assert!(memory.addr().get().is_multiple_of(ALIGN));
            // SAFETY: the arena handed it out, and it is initialised.
            let mine = unsafe { std::slice::from_raw_parts_mut(memory.as_ptr(), bytes) };
            mine.fill(number);
            Taken { memory, bytes, number }
        }

        fn give(self, arena: &mut Arena) {
            // SAFETY: as above.
            let mine = unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.bytes) };
            assert!(
                mine.iter().all(|byte| *byte == self.number),
                "somebody else wrote to number {}",
                self.number
            );
            arena.give(self.memory, self.bytes);
        }
    }

    #[test]
    fn the_smallest_range_that_is_large_enough_serves() {
        let mut arena = Arena::new(16 * ALIGN);
        let mut take = |lines: usize| arena.take(lines * ALIGN).unwrap();
        let [(large, _), _, (small, _), _] = [3, 1, 2, 1].map(&mut take);
        arena.give(large, 3 * ALIGN);
        arena.give(small, 2 * ALIGN);
        let mut take = |lines: usize| arena.take(lines * ALIGN).unwrap();
        assert_eq!([take(2), take(3)], [(small, false), (large, false)]);
        assert!(take(1).1, "nothing else is idle");
    }

    fn is_whole(arena: &Arena) -> bool {
        arena.segments.iter().all(|segment| segment.idle == [segment.whole.clone()])
    }

    proptest! {
        /// Blocks that come and go in any order overlap nowhere, and when all have gone, each segment is one again.
        #[test]
        fn blocks_are_apart_and_join_again(
            segment in 1_usize..40,
            asked in prop::collection::vec((1_usize..9, any::<prop::sample::Index>(), any::<bool>()), 1..60),
        ) {
            let mut arena = Arena::new(segment * ALIGN);
            let mut taken: Vec<Taken> = Vec::new();
            for (number, (lines, which, goes)) in asked.into_iter().enumerate() {
                if goes && !taken.is_empty() {
                    taken.swap_remove(which.index(taken.len())).give(&mut arena);
                } else {
                    taken.push(Taken::new(&mut arena, lines * ALIGN, number as u8));
                }
                for segment in &arena.segments {
                    prop_assert!(segment.idle.windows(2).all(|pair| pair[0].end < pair[1].start), "{:?}", segment.idle);
                }
            }
            prop_assert!(taken.is_empty() || !is_whole(&arena));
            taken.into_iter().for_each(|block| block.give(&mut arena));
            prop_assert!(is_whole(&arena));
            arena.trim();
            prop_assert!(arena.segments.is_empty());
        }
    }
}
