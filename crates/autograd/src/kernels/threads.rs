//! Threads that never hurt: work cut into parts, which the calling thread and its helpers take in turn.
//!
//! Whoever has work calls [`run`], and takes part after part itself until none is left; helpers that are awake take some of
//! them meanwhile. So the caller waits for no helper to come, only for parts that one has begun, and with no helper at all
//! the work is done as if there were one thread. What a part is depends on the caller's data, never on who takes it or
//! when: **the bits do not depend on the number of threads.**
//!
//! Handing work to a thread that sleeps costs more than most operators take, so between two parts a helper first watches
//! for the next (a [`PATIENCE`] long, some hundred nanoseconds from work to hands) and sleeps only then. It is woken when
//! [enough](WORTH_WAKING) work has passed it by. Two things keep it from getting in anybody's way: a helper that finds, by
//! yielding, that others want its core goes to sleep; and a caller keeps account of what helpers spare it and of how long it
//! waits for them, and when it has lost by them does without for a while, twice as long each time.
//!
//! Whether it pays to share what takes some microseconds depends on how far apart the cores are: on some machines, or at some
//! hours on a rented one, the data is longer on its way than the work takes. No constant knows that, so it is
//! [tried](Trial): small jobs are shared for a moment and not shared for a moment, and then done in the better way for long.
//!
//! The number of threads is that of the cores, or `WENGERT_THREADS` from the environment, or what [`with_threads`] says.
//! Helpers are started when they are first worth it; with one thread, none ever is.

use crate::error::OrPanic;
use crate::error::ShapeError;
use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::hint::spin_loop;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Work of fewer nanoseconds is not shared: handing it over would take a good part of what it saves.
const WORTH_SHARING: usize = 4_000;
/// The nanoseconds of work that pass by sleeping helpers before they are woken.
const WORTH_WAKING: usize = 50_000;
/// How long a helper watches for work before it sleeps.
const PATIENCE: Duration = Duration::from_micros(300);
/// A helper that was off its core for so long when it yielded is in somebody's way.
const CROWDED: Duration = Duration::from_micros(50);
/// A caller that has lost so many nanoseconds by its helpers, all in all, does without them for a while.
const LOSS: i64 = 200_000;
/// For how long it does without, at first and at most.
const PAUSE: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(128)];

/// Work of fewer nanoseconds is shared only where trials show that this pays.
const SMALL: usize = 50_000;
/// How long a trial of either way takes, and how long its outcome holds.
const TRIAL: Duration = Duration::from_millis(2);
const HOLDS: Duration = Duration::from_millis(200);
/// Longer pauses between two jobs count for neither way.
const GAP: Duration = Duration::from_micros(100);

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

#[cold]
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
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
/// If a part does; the others are done all the same.
#[inline]
pub(crate) fn run(parts: usize, nanoseconds: usize, f: impl Fn(usize) + Sync) {
    if parts > 1 && threads() > 1 {
        return share(parts, nanoseconds, &f);
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

/// Work that is being shared.
#[derive(Clone, Copy)]
struct Job {
    f: *const (dyn Fn(usize) + Sync),
    parts: usize,
}

/// On a cache line of its own, so that who watches one value is not disturbed by writes to its neighbour.
#[repr(align(128))]
struct Apart<T>(T);

/// What all threads share.
struct Board {
    /// The parts that nobody has taken, and above bit 32 how many helpers may take them.
    open: Apart<AtomicU64>,
    /// The parts that helpers have ended.
    ended: Apart<AtomicUsize>,
    /// What the parts are of: written while none is open and none is begun.
    job: UnsafeCell<MaybeUninit<Job>>,
    /// The panic of a helper's part.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Held by who shares work. Others meanwhile do theirs alone.
    owner: Mutex<Owner>,
}

// SAFETY: `job` is written by the owner, of whom there is one, while no part of it is open or begun, and read only by who
// has taken a part and not yet ended it. Taking, by `open`, and ending, by `ended`, order the accesses.
unsafe impl Sync for Board {}
// SAFETY: a job is sent to helpers while `share`, which borrows its function, does not return.
unsafe impl Send for Job {}

/// What the owner knows of its helpers.
struct Owner {
    helpers: Vec<Helper>,
    /// Work, in nanoseconds, that passed by while helpers slept.
    missed: usize,
    trial: Trial,
    /// What helpers have spared the caller, in nanoseconds, less what it waited for them; at most `LOSS`.
    balance: i64,
    /// Until when to do without helpers, and for how long next time.
    alone_until: Option<Instant>,
    pause: Duration,
}

struct Helper {
    thread: Thread,
    asleep: Arc<AtomicBool>,
}

static BOARD: Board = Board {
    open: Apart(AtomicU64::new(0)),
    ended: Apart(AtomicUsize::new(0)),
    job: UnsafeCell::new(MaybeUninit::uninit()),
    panic: Mutex::new(None),
    owner: Mutex::new(Owner {
        helpers: Vec::new(),
        missed: 0,
        trial: Trial::new(),
        balance: 0,
        alone_until: None,
        pause: PAUSE[0],
    }),
};

fn share<'a>(parts: usize, nanoseconds: usize, f: &'a (dyn Fn(usize) + Sync + 'a)) {
    let owner = BOARD.owner.try_lock().ok();
    let Some(mut owner) = owner.filter(|_| u32::try_from(parts).is_ok()) else {
        // Another thread of the program is sharing its work already, or this is a part of it.
        return (0..parts).for_each(f);
    };
    let helpers = (threads() - 1).min(parts - 1);
    if nanoseconds < SMALL && !owner.trial.is_shared(nanoseconds, Instant::now())
        || !owner.has_awake(helpers, nanoseconds)
    {
        drop(owner);
        return (0..parts).for_each(f);
    }
    // SAFETY: the pointer is used only by who has taken a part, and `f` outlives this call, which ends when all parts
    // that were taken have ended.
    let f: *const (dyn Fn(usize) + Sync) = unsafe {
        std::mem::transmute::<*const (dyn Fn(usize) + Sync + 'a), *const (dyn Fn(usize) + Sync)>(f)
    };
    // SAFETY: this thread is the owner, and the last call saw all parts of the last job taken and ended.
    unsafe { *BOARD.job.get() = MaybeUninit::new(Job { f, parts }) };
    BOARD.ended.0.store(0, Ordering::Relaxed);
    BOARD.open.0.store((helpers as u64) << 32 | parts as u64, Ordering::Release);

    let began = Instant::now();
    let mut mine = 0;
    let result = catch_unwind(AssertUnwindSafe(|| {
        while let Some((job, part)) = take(0) {
            mine += 1;
            job.call(part);
        }
    }));
    if result.is_err() {
        // Parts that helpers have not taken are left out: the panic goes on.
        let left = BOARD.open.0.swap(0, Ordering::AcqRel) as u32;
        mine += left as usize;
    }
    let worked = began.elapsed();
    wait_for(parts - mine);
    owner.settle(parts, mine, worked, began.elapsed() - worked);
    drop(owner);
    let panic = BOARD.panic.lock().ok().and_then(|mut panic| panic.take());
    if let Some(panic) = result.err().or(panic) {
        resume_unwind(panic);
    }
}

impl Job {
    fn call(self, part: usize) {
        // SAFETY: the caller has taken this part, so `share` has not returned, and `f` lives.
        unsafe { (*self.f)(part) };
    }
}

/// Takes a part of the work that is open, if helper `me`, counted from 1, is among those who may; 0 is the owner.
#[inline]
fn take(me: u64) -> Option<(Job, usize)> {
    let mut open = BOARD.open.0.load(Ordering::Acquire);
    while open as u32 > 0 && me <= open >> 32 {
        match BOARD.open.0.compare_exchange_weak(open, open - 1, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                // SAFETY: a part of the job was open and is now taken by this thread, so the job has been written, and will
                // not be written again before this part has ended.
                let job = unsafe { (*BOARD.job.get()).assume_init() };
                return Some((job, job.parts - (open as u32) as usize));
            }
            Err(now) => open = now,
        }
    }
    None
}

/// Which way is better for small jobs: work per time, as estimated and as measured, in turns.
struct Trial {
    phase: Phase,
    /// What has passed of the phase, when the last job came, and the work since the phase began.
    passed: Duration,
    last: Option<Instant>,
    work: usize,
    /// Work per time when shared.
    shared: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    TryShared,
    TryAlone,
    Shared,
    Alone,
}

impl Trial {
    const fn new() -> Self {
        Trial { phase: Phase::TryShared, passed: Duration::ZERO, last: None, work: 0, shared: 0.0 }
    }

    /// Whether to share a small job that comes `now`.
    fn is_shared(&mut self, nanoseconds: usize, now: Instant) -> bool {
        self.passed += self.last.map_or(Duration::ZERO, |last| (now - last).min(GAP));
        self.last = Some(now);
        let length = if matches!(self.phase, Phase::TryShared | Phase::TryAlone) { TRIAL } else { HOLDS };
        if self.passed >= length {
            let rate = self.work as f64 / self.passed.as_secs_f64();
            self.phase = match self.phase {
                Phase::TryShared => {
                    self.shared = rate;
                    Phase::TryAlone
                }
                Phase::TryAlone if self.shared > rate => Phase::Shared,
                Phase::TryAlone => Phase::Alone,
                Phase::Shared | Phase::Alone => Phase::TryShared,
            };
            (self.passed, self.work) = (Duration::ZERO, 0);
        }
        self.work += nanoseconds;
        matches!(self.phase, Phase::TryShared | Phase::Shared)
    }
}

impl Owner {
    /// Whether so many helpers, or some of them, are there to share work of so many nanoseconds; wakes them if it is time.
    fn has_awake(&mut self, wanted: usize, nanoseconds: usize) -> bool {
        if self.alone_until.is_some_and(|until| Instant::now() < until) {
            return false;
        }
        self.alone_until = None;
        let wanted = wanted.min(cores_less_one());
        let is_awake = |helper: &Helper| !helper.asleep.load(Ordering::Relaxed);
        let awake = self.helpers.iter().take(wanted).filter(|helper| is_awake(helper)).count();
        if awake < wanted {
            self.missed += nanoseconds;
            if self.missed >= WORTH_WAKING {
                self.missed = 0;
                while self.helpers.len() < wanted {
                    let Some(helper) = Helper::start(self.helpers.len() as u64 + 1) else { break };
                    self.helpers.push(helper);
                }
                for helper in self.helpers.iter().take(wanted).filter(|helper| !is_awake(helper)) {
                    helper.asleep.store(false, Ordering::Relaxed);
                    helper.thread.unpark();
                }
                return !self.helpers.is_empty();
            }
        }
        awake > 0
    }

    /// Books what a job of so many parts, of which the caller took `mine`, has brought.
    fn settle(&mut self, parts: usize, mine: usize, worked: Duration, waited: Duration) {
        let nanoseconds = |time: Duration| time.as_nanos() as i64;
        // Parts are about equal. A caller that got none knows only that it waited for no more than the work.
        let spared = match mine {
            0 => nanoseconds(waited),
            _ => nanoseconds(worked) * (parts - mine) as i64 / mine as i64,
        };
        self.balance = (self.balance + spared - nanoseconds(waited)).min(LOSS);
        if self.balance == LOSS {
            self.pause = PAUSE[0];
        } else if self.balance < -LOSS {
            self.balance = 0;
            self.alone_until = Some(Instant::now() + self.pause);
            self.pause = (2 * self.pause).min(PAUSE[1]);
        }
    }
}

/// Waits until helpers have ended so many parts.
fn wait_for(parts: usize) {
    let mut spins = 0_u32;
    let mut late_from = None;
    while BOARD.ended.0.load(Ordering::Acquire) < parts {
        spin_loop();
        spins += 1;
        if spins.is_multiple_of(128) && late_from.get_or_insert_with(Instant::now).elapsed() > CROWDED {
            // The helper may be waiting for this very core.
            thread::yield_now();
        }
    }
}

fn cores_less_one() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(cores) - 1
}

impl Helper {
    /// Starts helper number `me`, or does without if the system gives no thread.
    #[cold]
    fn start(me: u64) -> Option<Helper> {
        let asleep = Arc::new(AtomicBool::new(false));
        let its_sleep = asleep.clone();
        let started =
            thread::Builder::new().name(format!("wengert-{me}")).spawn(move || help(me, &its_sleep)).ok()?;
        Some(Helper { thread: started.thread().clone(), asleep })
    }
}

/// What a helper does all its life.
fn help(me: u64, asleep: &AtomicBool) {
    let mut idle_from = Instant::now();
    let mut spins = 0_u32;
    loop {
        if let Some((job, part)) = take(me) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job.call(part))) {
                // A lock that a panicking thread held is as good: what it guards is one value.
                *BOARD.panic.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(panic);
            }
            BOARD.ended.0.fetch_add(1, Ordering::Release);
            (idle_from, spins) = (Instant::now(), 0);
            continue;
        }
        spin_loop();
        spins += 1;
        if spins.is_multiple_of(128) {
            let before = Instant::now();
            thread::yield_now();
            let now = Instant::now();
            if now - before > CROWDED || now - idle_from > PATIENCE {
                asleep.store(true, Ordering::Relaxed);
                while asleep.load(Ordering::Relaxed) {
                    thread::park();
                }
                idle_from = Instant::now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Jobs of 10 us that come every 10 us when alone, and faster or slower when shared.
    #[test]
    fn trials_find_the_better_way() {
        for (alone, shared, better) in [(10, 6, true), (10, 20, false)] {
            let (mut trial, mut now) = (Trial::new(), Instant::now());
            let mut count = 0;
            for _ in 0..100_000 {
                let is_shared = trial.is_shared(10_000, now);
                count += usize::from(is_shared);
                now += Duration::from_micros(if is_shared { shared } else { alone });
            }
            let most = 97_000;
            assert!(if better { count > most } else { 100_000 - count > most }, "{count} of 100000 shared");
        }
    }

    #[test]
    fn little_work_is_not_cut() {
        with_threads(8, || {
            assert_eq!([0, WORTH_SHARING - 1, WORTH_SHARING, 1 << 30].map(parts), [1, 1, 2, 8]);
        });
        assert_eq!(with_threads(1, || parts(1 << 30)), 1);
    }
}
