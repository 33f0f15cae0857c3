//! A training loop asks the system for memory in its first step only: nodes, operators, buffers and lists are used again. And what a
//! file promises is not taken before it is there.

#![allow(unsafe_code)] // whoever counts allocations has to be the allocator

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use wengert::data::{CsvOptions, npy, read_records_from};
use wengert::files::{Archive, npy_from_bytes, write_npy};
use wengert::prelude::*;
use wengert::{Average, Lamb, Lookahead, Split, memory_stats, with_threads};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// The bytes that this thread has taken and not given back.
    static BYTES: Cell<isize> = const { Cell::new(0) };
    /// The largest block that this thread has asked for.
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is left to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size() as isize);
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get() - layout.size() as isize);
        // SAFETY: the caller's promise; `start` came from the system's allocator.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often each of the steps that follow the first one allocates.
fn allocations(mut step: impl FnMut()) -> [usize; 3] {
    with_threads(1, || {
        step();
        [(); 3].map(|()| {
            let before = ALLOCATIONS.get();
            step();
            ALLOCATIONS.get() - before
        })
    })
}

#[test]
fn the_second_training_step_allocates_nothing() {
    let mut rng = Rng::seed(0);
    let x: Tensor = Tensor::normal([32, 2], 0.0, 1.0, &mut rng);
    let labels: Vec<usize> = (0..32).map(|i| i % 2).collect();
    let mut net = Mlp::new(&[2, 16, 16, 2], Activation::Sigmoid, &mut rng);
    let mut optimizer = Adam::new(1e-3);
    let step = || {
        let loss = net.forward(&x, &mut Mode::train(&mut rng)).cross_entropy(&labels);
        optimizer.step(&mut net, &loss.backward());
    };
    assert_eq!(allocations(step), [0; 3]);
}

/// Optimizers that look at norms, and what is kept beside an optimizer.
#[test]
fn the_second_step_of_other_optimizers_allocates_nothing() {
    fn step_of(mut optimizer: impl Optimizer) -> [usize; 3] {
        let mut rng = Rng::seed(0);
        let x: Tensor = Tensor::normal([32, 6], 0.0, 1.0, &mut rng);
        let labels: Vec<usize> = (0..32).map(|i| i % 2).collect();
        let mut net = Mlp::new(&[6, 16, 2], Activation::Sigmoid, &mut rng);
        let mut average = Average { warm_up: true, ..Average::ema(0.99) };
        let step = || {
            let loss = net.forward(&x, &mut Mode::train(&mut rng)).cross_entropy(&labels);
            optimizer.step(&mut net, &loss.backward());
            average.update(&net);
        };
        allocations(step)
    }
    assert_eq!(step_of(Sgd::new(0.1)), [0; 3]);
    assert_eq!(step_of(Lamb::new(1e-3)), [0; 3]);
    assert_eq!(step_of(Lookahead { k: 2, ..Lookahead::new(Adam::new(1e-3)) }), [0; 3]);
    assert_eq!(step_of(Split::new("*.bias", Sgd::new(0.1), Lamb::new(1e-3))), [0; 3]);
}

/// Moments in two bytes: the first step takes half as many bytes for them, and the others take nothing.
#[test]
fn moments_in_two_bytes_take_half_the_memory() {
    const SIZE: usize = 10_000;
    let held = |storage: Storage| {
        let mut w = Param::new(Tensor::<f32>::ones([SIZE]));
        let mut adam = AdamW::new(1e-3).moments(storage);
        let grads = w.square().sum().backward();
        let before = BYTES.get();
        adam.step(&mut w, &grads);
        let bytes = BYTES.get() - before;
        assert_eq!(allocations(|| adam.step(&mut w, &grads)), [0; 3], "{storage}");
        bytes
    };
    let (full, half) = (held(Storage::Full), held(Storage::Bf16));
    assert_eq!(full - half, (2 * 2 * SIZE) as isize, "{full} bytes in full, {half} in half");
    assert!((half as usize) < 2 * 2 * SIZE + 4096, "{half} bytes");
}

#[test]
fn a_second_chain_of_operators_that_hold_numbers_allocates_nothing() {
    let x: Tensor = Tensor::ones([2, 4]).requires_grad();
    let dy = Tensor::ones([2, 4]);
    let recorded = || {
        let y = (0..100).fold(x.clone(), |y, i| if i % 2 == 0 { y.powi(2) * &x } else { (y + 1.0) * 0.5 });
        y.backward_from(&dy);
    };
    assert_eq!(allocations(recorded), [0; 3]);
}

#[test]
fn a_graph_that_is_dropped_unused_serves_the_next() {
    let x: Tensor = Tensor::ones([2, 4]).requires_grad();
    let unused = || drop((0..100).fold(x.clone(), |y, _| y.powi(2) * &x));
    assert_eq!(allocations(unused), [0; 3]);
}

#[test]
fn nodes_that_lie_idle_hold_no_values() {
    let logits: Tensor = Tensor::ones([4, 2]).requires_grad();
    let before = memory_stats().live_buffers;
    // The operator holds the labels, the node the logits and the square.
    drop(logits.powi(2).cross_entropy(&[0, 1, 1, 0]).backward());
    drop(logits.powi(2).cross_entropy(&[0, 1, 1, 0]));
    assert_eq!(memory_stats().live_buffers, before);
}

/// Operators that do allocate for themselves give back what they take: a hundred thousand steps end with what a thousand hold.
#[test]
fn a_hundred_thousand_steps_hold_no_more_than_a_thousand() {
    let mut rng = Rng::seed(0);
    let x: Tensor = Tensor::normal([4, 6], 0.0, 1.0, &mut rng);
    let (scale, shift): (Tensor, Tensor) = (Tensor::ones([6]), Tensor::zeros([6]));
    let [w, scale, shift] =
        [Tensor::normal([6, 6], 0.0, 1.0, &mut rng), scale, shift].map(|x: Tensor| x.requires_grad());
    let step = |i: usize| {
        let h = x.matmul(&w).layer_norm(&scale, &shift, 1e-5).gelu();
        let y = match i % 4 {
            0 => h.max_axes(0),
            1 => Tensor::concat(&[&h, &x], 1).softmax(-1),
            2 => h.rows(&[i % 4, 1]).norm_axes(1, 2.0),
            _ => h.reshape([1, 1, 4, 6]).max_pool2d(2),
        };
        let loss = y.square().sum();
        drop(loss.backward());
    };
    let held = || (BYTES.get(), memory_stats().live_bytes, memory_stats().live_buffers);
    with_threads(1, || {
        (0..1_000).for_each(step);
        let before = held();
        (1_000..100_000).for_each(step);
        assert_eq!(held(), before);
    });
}

/// A string for each cell took up to fifty times the text: seven gigabytes for a file within the limit.
#[test]
fn a_table_of_texts_takes_some_bytes_a_cell() {
    const CELLS: usize = 1000 * 100;
    for cell in ["", "1", "cat"] {
        let text = format!("{}\n", vec![cell; 1000].join(",")).repeat(100);
        let before = BYTES.get();
        let table = read_records_from(text.as_bytes(), "bytes", &CsvOptions::default()).unwrap();
        let (held, chosen) = (BYTES.get() - before, table.select(&[99, 0]));
        let most = CELLS * (size_of::<usize>() + cell.len()) + (200 << 10);
        assert!(held as usize <= most, "{held} bytes for {CELLS} cells {cell:?}");
        assert_eq!((table.len(), chosen.cell(1, 999)), (100, Some(cell).filter(|cell| !cell.is_empty())));
    }
}

/// The largest block that is asked for meanwhile.
fn largest<R>(f: impl FnOnce() -> R) -> (usize, R) {
    LARGEST.set(0);
    let result = f();
    (LARGEST.get(), result)
}

/// Inputs go from the precision of the file to that of the network without lists between: these took six times the tensor.
#[test]
fn arrays_of_numpy_are_read_without_copies_in_lists() {
    let path = |name: &str| std::env::temp_dir().join(format!("wengert-lists-{name}-{}", std::process::id()));
    let [x, y] = ["x", "y"].map(path);
    write_npy(&x, &Tensor::<f32>::ones([100, 2000])).unwrap();
    write_npy(&y, &Tensor::<f32>::ones([100, 1])).unwrap();
    let read = || npy::<Tensor>(&x, &y).unwrap();
    // The memory of tensors is there from the first time on.
    drop(read());
    let (largest, data) = largest(read);
    for path in [&x, &y] {
        std::fs::remove_file(path).unwrap();
    }
    assert_eq!(data.x().dims(), [100, 2000]);
    assert!(largest <= 1 << 16, "a list of {largest} bytes");
}

/// Headers that promise exabytes in files of some hundred bytes.
#[test]
fn a_hostile_file_is_refused_before_memory_is_taken_for_it() {
    let safetensors = |length: u64, header: &str| [&length.to_le_bytes()[..], header.as_bytes()].concat();
    let entry = |shape: &str, end: u64| {
        let header = format!(r#"{{"w":{{"dtype":"F32","shape":[{shape}],"data_offsets":[0,{end}]}}}}"#);
        safetensors(header.len() as u64, &header)
    };
    for bytes in [
        safetensors(1 << 60, "{}"),
        safetensors(u64::MAX, "{}"),
        safetensors(99_999_999, "{}"),
        entry("1152921504606846975", 4),
        entry("268435456", 1 << 30),
        entry("4294967296,4294967296,4294967296", 0),
        entry(&"1,".repeat(100_000), 4),
    ] {
        let (largest, outcome) = largest(|| Archive::<f32>::from_bytes(&bytes));
        assert!(outcome.is_err() && largest <= bytes.len().max(4096), "{largest} bytes for {outcome:?}");
    }
    let npy = |version: u8, length: u32, header: &str| {
        [b"\x93NUMPY", &[version, 0][..], &length.to_le_bytes(), header.as_bytes()].concat()
    };
    let shaped = |shape: &str| {
        let header = format!("{{'descr': '<f8', 'fortran_order': True, 'shape': ({shape}), }}");
        npy(2, header.len() as u32, &header)
    };
    for bytes in [
        npy(2, u32::MAX, "{}"),
        npy(3, 60_000, "{}"),
        shaped("1152921504606846975,"),
        shaped("134217728,"),
        shaped("4294967296, 4294967296, 4294967296"),
        shaped(&"1,".repeat(30_000)),
    ] {
        let (largest, outcome) = largest(|| npy_from_bytes::<f32>(&bytes));
        assert!(outcome.is_err() && largest <= bytes.len().max(4096), "{largest} bytes for {outcome:?}");
    }
}

/// The file is never in memory as a whole: beside the tensor there is one block.
#[test]
fn a_large_file_passes_through_in_blocks() {
    let tensors = vec![("w".to_owned(), Tensor::<f32>::zeros([1 << 20]))];
    let bytes = Archive { tensors, ..Archive::default() }.to_bytes().unwrap();
    let read = || drop(Archive::<f32>::from_bytes(&bytes).unwrap());
    // The first time the arena grows by the tensor's buffer.
    read();
    assert!(largest(read).0 <= 1 << 16);
}
