//! Threads that never hurt: work cut into parts, which the calling thread and its helpers take in turn.
//!
//! Whoever has work calls [`run`], and takes part after part itself until none is left; helpers that are awake take some of
//! them meanwhile. So the caller waits for no helper to come, only for parts that one has begun, and with no helper at all
//! the work is done as if there were one thread. What a part is depends on the caller's data, never on who takes it or
//! when: **the bits do not depend on the number of threads.**
//!
//! Handing work to a thread that sleeps costs more than most operators take. So between two parts a helper first watches for
//! the next, for some hundred microseconds, and sleeps only then; while it watches, work is in its hands within some hundred
//! nanoseconds. It is woken when enough work has passed it by. Two things keep it from getting in anybody's way: a helper
//! that finds, by yielding, that others want its core goes to sleep; and a caller keeps account of what helpers spare it and
//! of how long it waits for them, and when it has lost by them does without for a while, twice as long each time.
//!
//! Whether it pays to share what takes some microseconds depends on how far apart the cores are: on some machines, or at some
//! hours on a rented one, the data is longer on its way than the work takes. No constant knows that, so it is tried: small
//! jobs are shared for a moment and not shared for a moment, and then done in the better way for long, each size for itself.
//!
//! The number of threads is that of the cores, or `WENGERT_THREADS` from the environment, or what [`with_threads`] says.
//! Helpers are started when they are first worth it; with one thread, none ever is.
//!
//! - [`share`]: handing out parts, and what a helper does;
//! - [`account`]: when to share, and when to do without.

mod account;
mod share;

use crate::error::{OrPanic, ShapeError};
use std::cell::Cell;
use std::sync::OnceLock;
use std::thread;

/// Work of fewer nanoseconds is not shared: handing it over would take a good part of what it saves.
const WORTH_SHARING: usize = 4_000;

thread_local! {
    /// What [`with_threads`] asked for on this thread, 0 for the default.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// The number of threads that operators called by this thread may use: the default is one for each core that the process
/// may run on, or `WENGERT_THREADS` from the environment.
///
/// ```
/// use autograd::{threads, with_threads};
/// assert!(threads() >= 1);
/// assert_eq!(with_threads(1, threads), 1);
/// ```
#[inline]
pub fn threads() -> usize {
    match ASKED.get() {
        0 => default_threads(),
        asked => asked,
    }
}

/// Runs `f` with at most this many threads for the operators that it calls; with 1, it stays on the calling thread.
///
/// Results are the same bits for any number. More threads than cores are not started.
///
/// ```
/// use autograd::{Rng, Tensor, with_threads};
/// let x = Tensor::<f32>::normal([300, 300], 0.0, 1.0, &mut Rng::seed(0));
/// assert_eq!(with_threads(1, || x.matmul(&x).to_vec()), with_threads(3, || x.matmul(&x).to_vec()));
/// ```
///
/// # Panics
/// If `count` is 0.
#[track_caller]
pub fn with_threads<R>(count: usize, f: impl FnOnce() -> R) -> R {
    assert!(count > 0, "with_threads: expected at least one thread, found 0");
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            ASKED.set(self.0);
        }
    }
    let _restore = Restore(ASKED.replace(count));
    f()
}

/// The cores that this process may run on.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

fn default_threads() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    *DEFAULT.get_or_init(|| match std::env::var("WENGERT_THREADS") {
        Ok(text) => text.parse().ok().filter(|&n| n > 0).ok_or_else(|| bad_variable(&text)).or_panic(),
        Err(_) => cores(),
    })
}

#[cold]
fn bad_variable(text: &str) -> ShapeError {
    ShapeError::new(format!("WENGERT_THREADS={text}: expected the number of threads, at least 1"))
        .help("unset the variable for one thread to a core")
}

/// Into how many parts work of about so many nanoseconds is best cut: 1 if it is not worth sharing.
#[inline]
pub(crate) fn parts(nanoseconds: usize) -> usize {
    if nanoseconds < WORTH_SHARING {
        return 1;
    }
    threads().min(nanoseconds / (WORTH_SHARING / 2))
}

/// Calls `f` with `0..parts`, each once, on this thread and on helpers, and returns when all are done.
///
/// # Panics
/// If a part does; parts that nobody has begun then may be left out.
#[inline]
pub(crate) fn run(parts: usize, nanoseconds: usize, f: impl Fn(usize) + Sync) {
    if parts > 1 && threads() > 1 {
        return share::share(parts, nanoseconds, &f);
    }
    (0..parts).for_each(f);
}

/// Calls `f` with each stretch of `len` elements of `y`, the last may be shorter, and its number, on this thread and on
/// helpers.
///
/// # Panics
/// If `len` is 0, or `f` panics.
#[inline]
pub(crate) fn for_each_chunk<T: Send>(
    y: &mut [T],
    len: usize,
    nanoseconds: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    let whole = y.len();
    let start = SendMut(y.as_mut_ptr());
    run(whole.div_ceil(len), nanoseconds, |i| {
        let first = i * len;
        // SAFETY: the stretches lie in `y`, no two overlap, and each is asked for once, while `y` is borrowed.
        let chunk = unsafe { std::slice::from_raw_parts_mut(start.get().add(first), len.min(whole - first)) };
        f(i, chunk);
    });
}

/// Calls `f` with stretches of `y`, of whole rows of `width` elements, and the number of the first row of each: one stretch for
/// each thread that is worth it.
#[inline]
pub(crate) fn for_each_rows<T: Send>(
    y: &mut [T],
    width: usize,
    nanoseconds: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    let rows = (y.len() / width).div_ceil(parts(nanoseconds)).max(1);
    for_each_chunk(y, rows * width, nanoseconds, |i, y| f(i * rows, y));
}

/// Calls `f` with each stretch of `len` elements of `y` and its number: on several threads where there are enough of them, and
/// otherwise in turn, so that the products within are shared among the threads.
pub(crate) fn for_each_unit<T: Send>(
    y: &mut [T],
    len: usize,
    nanoseconds: usize,
    f: impl Fn(usize, &mut [T]) + Sync,
) {
    if y.len() / len >= 2 * threads() {
        return for_each_chunk(y, len, nanoseconds, f);
    }
    y.chunks_exact_mut(len).enumerate().for_each(|(unit, y)| f(unit, y));
}

/// A pointer to what several threads write to, each its part.
pub(crate) struct SendMut<T>(pub(crate) *mut T);

impl<T> SendMut<T> {
    #[inline(always)]
    pub(crate) fn get(&self) -> *mut T {
        self.0
    }
}

// SAFETY: who uses the pointer answers for its accesses; that is true on any thread, for elements that may change threads.
unsafe impl<T: Send> Send for SendMut<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SendMut<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const LONG: usize = 1_000_000;

    /// Many small jobs from several threads at once, each part counted.
    #[test]
    fn every_part_is_done_once() {
        thread::scope(|scope| {
            for seed in 0..3 {
                scope.spawn(move || {
                    with_threads(4, || {
                        for i in 0..20_000_usize {
                            let parts = 2 + (i * 7 + seed) % 9;
                            let counts: Vec<AtomicUsize> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
                            run(parts, LONG, |part| {
                                counts[part].fetch_add(1, Ordering::Relaxed);
                            });
                            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
                        }
                    });
                });
            }
        });
    }

    #[test]
    fn chunks_cover_a_slice() {
        for len in 1..70 {
            let mut y = vec![0; 64];
            with_threads(3, || for_each_chunk(&mut y, len, LONG, |i, chunk| chunk.fill(i + 1)));
            let expected: Vec<usize> = (0..64).map(|j| j / len + 1).collect();
            assert_eq!(y, expected);
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_next_job_is_whole() {
        for bad in 0..6 {
            let result =
                catch_unwind(|| with_threads(4, || run(6, LONG, |part| assert_ne!(part, bad, "part {bad}"))));
            let message = result.unwrap_err().downcast::<String>().unwrap();
            assert!(message.contains(&format!("part {bad}")), "{message}");
            let done = AtomicUsize::new(0);
            with_threads(4, || {
                run(6, LONG, |_| {
                    done.fetch_add(1, Ordering::Relaxed);
                });
            });
            assert_eq!(done.into_inner(), 6);
        }
    }

    #[test]
    fn what_a_panic_carries_may_panic_as_it_is_dropped() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let caller = thread::current().id();
        for _ in 0..20 {
            // The caller's part takes its time, so that helpers have the others, and each of them panics.
            let result = catch_unwind(|| {
                with_threads(4, || {
                    run(8, LONG, |_| match thread::current().id() == caller {
                        true => thread::sleep(std::time::Duration::from_millis(2)),
                        false => std::panic::panic_any(Bomb),
                    });
                });
            });
            result.map_err(std::mem::forget).ok();
        }
    }

    #[test]
    fn work_within_a_part_is_done_there() {
        let done = AtomicUsize::new(0);
        with_threads(4, || {
            run(4, LONG, |_| {
                run(4, LONG, |_| {
                    done.fetch_add(1, Ordering::Relaxed);
                });
            });
        });
        assert_eq!(done.into_inner(), 16);
    }

    #[test]
    fn little_work_is_not_cut() {
        with_threads(8, || {
            assert_eq!([0, WORTH_SHARING - 1, WORTH_SHARING, 1 << 30].map(parts), [1, 1, 2, 8]);
        });
        assert_eq!(with_threads(1, || parts(1 << 30)), 1);
    }
}
