//! Handing out parts: what all threads share, how a part is taken and ended, and what a helper does all its life.
//!
//! One word, `open`, says how many parts nobody has taken, and who takes one lowers it. So a part is taken once, and only
//! while its job is open; and a job stays as it is until all parts that were taken have ended.

use super::account::Account;
use super::{cores, threads};
use std::any::Any;
use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A helper that was off its core for so long when it yielded is in somebody's way.
const CROWDED: Duration = Duration::from_micros(50);
/// How long a helper watches for work before it sleeps.
const PATIENCE: Duration = Duration::from_micros(300);

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
    account: Account,
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
    owner: Mutex::new(Owner { helpers: Vec::new(), account: Account::new() }),
};

/// As [`run`](super::run), if it is worth it.
pub(super) fn share<'a>(parts: usize, nanoseconds: usize, f: &'a (dyn Fn(usize) + Sync + 'a)) {
    let owner = BOARD.owner.try_lock().ok();
    let Some(mut owner) = owner.filter(|_| u32::try_from(parts).is_ok()) else {
        // Another thread of the program is sharing its work already, or this is a part of it.
        return (0..parts).for_each(f);
    };
    let helpers = (threads() - 1).min(parts - 1);
    let began = Instant::now();
    let is_worth_it = owner.account.is_worth_sharing(nanoseconds, began);
    if !is_worth_it || !owner.has_awake(helpers, nanoseconds) {
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
    let waited = if mine == parts { Duration::ZERO } else { began.elapsed() - worked };
    owner.account.settle(parts, mine, worked, waited);
    drop(owner);
    let panic = BOARD.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
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

impl Owner {
    /// Whether so many helpers, or some of them, are there to share work of so many nanoseconds; wakes them if it is time.
    fn has_awake(&mut self, wanted: usize, nanoseconds: usize) -> bool {
        let wanted = wanted.min(cores() - 1);
        let is_awake = |helper: &Helper| !helper.asleep.load(Ordering::Relaxed);
        let awake = self.helpers.iter().take(wanted).filter(|helper| is_awake(helper)).count();
        if awake == wanted || !self.account.is_worth_waking(nanoseconds) {
            return awake > 0;
        }
        while self.helpers.len() < wanted {
            let Some(helper) = Helper::start(self.helpers.len() as u64 + 1) else { break };
            self.helpers.push(helper);
        }
        for helper in self.helpers.iter().take(wanted).filter(|helper| !is_awake(helper)) {
            helper.asleep.store(false, Ordering::Relaxed);
            helper.thread.unpark();
        }
        !self.helpers.is_empty()
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
                let mut first = BOARD.panic.lock().unwrap_or_else(PoisonError::into_inner);
                match &*first {
                    None => *first = Some(panic),
                    // What a panic carries may panic as it is dropped, and the caller would wait for ever.
                    Some(_) => std::mem::forget(panic),
                }
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
