//! What the process holds of the machine's memory, as the system counts it. Each test has the process for itself.

use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use wengert::prelude::*;
use wengert::{empty_cache, memory_stats, with_threads};

const MIB: usize = 1 << 20;

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    empty_cache();
    guard
}

/// The bytes of the resident set: `VmRSS` now, `VmHWM` at its peak. See proc_pid_status(5).
#[cfg(target_os = "linux")]
fn resident(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    1024 * line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap()
}

/// Above what the program held before, the peak is at most a tenth more than weights, gradients, moments, batch and
/// activations take; and it does not grow after the first step.
#[cfg(target_os = "linux")]
#[test]
fn a_step_holds_little_more_than_its_tensors() {
    let _alone = alone();
    const SIZES: [usize; 5] = [1024, 1024, 1024, 1024, 10];
    const BATCH: usize = 512;
    let program = resident("VmRSS");
    let mut rng = Rng::seed(0);
    let x = Tensor::<f32>::normal([BATCH, SIZES[0]], 0.0, 1.0, &mut rng);
    let y: Vec<usize> = (0..BATCH).map(|i| i % 10).collect();
    let mut net = Mlp::new(&SIZES, Activation::Relu, &mut rng);
    let mut adam = Adam::new(1e-3);
    let mut step = || {
        let loss = net.forward(&x, &mut Mode::train(&mut rng)).cross_entropy(&y);
        adam.step(&mut net, &loss.backward());
        memory_stats().system_allocations
    };
    // Every thread packs its part of a product.
    let allocations = with_threads(2, || [(); 3].map(|()| step()));
    assert_eq!(allocations, [allocations[0]; 3]);
    let parameters: usize = SIZES.windows(2).map(|size| (size[0] + 1) * size[1]).sum();
    let needed = size_of::<f32>() * (4 * parameters + BATCH * SIZES.iter().sum::<usize>());
    let held = resident("VmHWM") - program;
    assert!(held * 10 <= needed * 11, "{held} bytes held, {needed} needed");
}

#[test]
fn the_memory_of_batches_from_another_thread_comes_back_to_it() {
    let _alone = alone();
    let (sender, receiver) = sync_channel(1);
    let loader = thread::spawn(move || {
        [(); 50].map(|()| {
            sender.send(Tensor::<f32>::zeros([256, 1024])).unwrap();
            memory_stats().system_allocations
        })
    });
    receiver.iter().for_each(drop);
    let allocations = loader.join().unwrap();
    // One in the channel, one before it and one behind it.
    assert!(allocations[49] <= 3, "{allocations:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_empty_cache_is_memory_of_the_system_again() {
    let _alone = alone();
    let before = resident("VmRSS");
    drop(Tensor::<f32>::ones([24, MIB / 4]));
    assert!(resident("VmRSS") > before + 20 * MIB, "idle memory is kept");
    empty_cache();
    assert!(resident("VmRSS") < before + 2 * MIB, "idle memory is given back");
}

/// A node that had many inputs does not keep room for them: calls with many come to other nodes in each step of graphs that vary.
#[cfg(target_os = "linux")]
#[test]
fn idle_nodes_keep_no_long_lists() {
    let _alone = alone();
    let mut rng = Rng::seed(0);
    let w = Tensor::<f32>::ones([1]).requires_grad();
    let mut step = || {
        let mut y = &w * 1.0;
        for _ in 0..rng.below(300) {
            y = y + 1.0;
        }
        drop(Tensor::concat(&vec![&y; 20_000], 0).sum().backward());
    };
    (0..5).for_each(|_| step());
    let before = resident("VmRSS");
    (0..60).for_each(|_| step());
    let grown = resident("VmRSS").saturating_sub(before);
    assert!(grown < 20 * MIB, "{} MiB", grown / MIB);
}
