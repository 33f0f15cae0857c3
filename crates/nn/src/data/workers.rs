//! Threads that work ahead: results by number, in order, at most two for each thread.
//!
//! Of `n` threads, the first takes the numbers `0, n, 2n, ..`, the second `1, n + 1, ..`. Each hands its results over a channel of
//! its own with room for one, so a thread that is ahead waits, and the caller, who goes round the channels, gets them in order.
//! A thread whose channel is gone ends.

use autograd::with_threads;
use std::{
    any::Any,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

type Work<B> = Arc<dyn Fn(usize) -> B + Send + Sync>;

/// A result, or what its thread panicked with.
type Outcome<B> = Result<B, Box<dyn Any + Send>>;

pub(super) struct Pool<B> {
    work: Work<B>,
    next: usize,
    /// Those of the next results, in order; none for a thread that the system did not grant.
    channels: Vec<Option<Receiver<Outcome<B>>>>,
    turn: usize,
    threads: Vec<thread::JoinHandle<()>>,
}

impl<B: Send + 'static> Pool<B> {
    /// Has the results of these numbers worked out by so many threads.
    pub(super) fn start(workers: usize, numbers: Range<usize>, work: Work<B>) -> Self {
        let workers = workers.clamp(1, numbers.len().max(1));
        let (mut channels, mut threads) = (Vec::new(), Vec::new());
        for worker in 0..workers {
            let (sender, receiver) = sync_channel(1);
            let (work, own) = (Arc::clone(&work), numbers.clone().skip(worker).step_by(workers));
            let thread =
                thread::Builder::new().name(format!("data-{worker}")).spawn(move || run(own, &work, &sender));
            channels.push(thread.is_ok().then_some(receiver));
            threads.extend(thread);
        }
        Pool { work, next: numbers.start, channels, turn: 0, threads }
    }

    /// The next result, which has to be among those that were asked for.
    pub(super) fn next(&mut self) -> Outcome<B> {
        let outcome = match &self.channels[self.turn] {
            Some(channel) => {
                channel.recv().expect("a thread sends all its results, or what it panicked with")
            }
            None => Ok((self.work)(self.next)),
        };
        self.next += 1;
        self.turn = (self.turn + 1) % self.channels.len();
        outcome
    }
}

fn run<B>(numbers: impl Iterator<Item = usize>, work: &Work<B>, results: &SyncSender<Outcome<B>>) {
    for number in numbers {
        // The cores belong to whoever waits for this; the bits do not depend on it.
        let outcome = catch_unwind(AssertUnwindSafe(|| with_threads(1, || work(number))));
        let is_last = outcome.is_err();
        if results.send(outcome).is_err() || is_last {
            return;
        }
    }
}

impl<B> Drop for Pool<B> {
    fn drop(&mut self) {
        self.channels.clear();
        for thread in self.threads.drain(..) {
            // What a thread panicked with has been sent.
            let _ = thread.join();
        }
    }
}
