//! The product against three loops: every size around the edges of tiles and blocks, every layout, every engine.

use super::*;
use crate::array::Array;
use proptest::prelude::*;

/// Elements in the midst of NaNs, and how to read them as a matrix.
struct Laid<T> {
    data: Vec<T>,
    offset: usize,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

/// The ways in which [`Laid::new`] lays a matrix close together.
const LAYOUTS: usize = 7;

impl<T: Scalar> Laid<T> {
    /// An m by n matrix of `value`s, laid out in one of several ways.
    fn new(m: usize, n: usize, how: usize, value: impl Fn(usize) -> T) -> Self {
        let (row, column) = (m as isize, n as isize);
        let (offset, row_stride, column_stride) = match how {
            0 => (0, column, 1),
            1 => (0, 1, row),
            2 => (3, 2 * column + 1, 2),
            3 => (m.saturating_sub(1) * n, -column, 1),
            4 => (m * n.saturating_sub(1), 1, -row),
            5 => (1, 0, 1),
            6 => (1, 1, 0),
            // Columns or rows so far apart that they span more than any second-level cache.
            7 => (0, 1, ((1 << 20) / n + m) as isize),
            8 => (0, 2, ((1 << 20) / n + 2 * m) as isize),
            _ => (0, ((1 << 20) / m + n) as isize, 1),
        };
        let reach = |n: usize, stride: isize| n.saturating_sub(1) * stride.max(0) as usize;
        let size = if m * n == 0 { 0 } else { offset + reach(m, row_stride) + reach(n, column_stride) + 1 };
        let mut laid =
            Laid { data: vec![T::nan(); size], offset, rows: m, columns: n, row_stride, column_stride };
        for i in 0..m {
            for j in 0..n {
                let place = laid.place(i, j);
                laid.data[place] = value(place);
            }
        }
        laid
    }

    /// Small quarters: their products and sums are exact in either precision.
    fn quarters(m: usize, n: usize, how: usize) -> Self {
        Self::new(m, n, how, |i| T::of(((i * 7 + m * 3 + n) % 23) as f64 / 4.0 - 2.5))
    }

    fn place(&self, i: usize, j: usize) -> usize {
        (self.offset as isize + i as isize * self.row_stride + j as isize * self.column_stride) as usize
    }

    fn at(&self, i: usize, j: usize) -> T {
        self.data[self.place(i, j)]
    }

    fn matrix(&self) -> Matrix<'_, T> {
        let Laid { ref data, offset, rows, columns, row_stride, column_stride } = *self;
        Matrix { data, offset, rows, columns, row_stride, column_stride }
    }
}

/// Every engine of this machine, and none.
fn engines<T: Scalar>() -> Vec<Option<&'static Engine<T>>> {
    T::engines().into_iter().map(Some).chain([None]).collect()
}

/// The product on an engine, in the midst of elements that must not change.
fn product<T: Scalar>(
    engine: Option<&Engine<T>>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    before: T,
    epilogue: Epilogue<'_, T>,
) -> Vec<T> {
    const GUARD: usize = 32;
    let size = a.rows * b.columns;
    let mut c = vec![T::of(77.0); size + 2 * GUARD];
    c[GUARD..GUARD + size].fill(before);
    let product = Multiplication::new(a, b, &mut c[GUARD..GUARD + size], epilogue);
    multiply_on(engine, &[product], &|_| {});
    let guards = c[..GUARD].iter().chain(&c[GUARD + size..]);
    assert!(guards.into_iter().all(|&guard| guard == T::of(77.0)), "written beyond C");
    c[GUARD..GUARD + size].to_vec()
}

/// Compares all engines and epilogues with three loops.
fn agrees<T: Scalar>(m: usize, k: usize, n: usize, how_a: usize, how_b: usize) {
    let (a, b) = (Laid::<T>::quarters(m, k, how_a), Laid::<T>::quarters(k, n, how_b));
    let dot = |i, j| (0..k).map(|p| a.at(i, p) * b.at(p, j)).sum::<T>();
    let expected: Vec<T> = (0..m * n).map(|ij| dot(ij / n, ij % n)).collect();
    let bias: Vec<T> = (0..n).map(|j| T::of(j as f64 / 4.0)).collect();
    let accumulated: Vec<T> = expected.iter().map(|&x| T::of(3.0) + x).collect();
    let biased: Vec<T> = expected.iter().enumerate().map(|(ij, &x)| bias[ij % n] + x).collect();
    for (which, engine) in engines().into_iter().enumerate() {
        let run = |before, epilogue| product(engine, a.matrix(), b.matrix(), before, epilogue);
        let case = || format!("{} {m} {k} {n}, layouts {how_a} {how_b}, engine {which}", T::NAME);
        assert!(run(T::nan(), Epilogue::Store) == expected, "{}", case());
        assert!(run(T::nan(), Epilogue::Bias(&bias)) == biased, "bias: {}", case());
        assert!(run(T::of(3.0), Epilogue::Accumulate) == accumulated, "accumulated: {}", case());
    }
}

#[test]
fn ragged_sizes_agree_with_three_loops() {
    let sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16, 17, 23, 31, 32, 33, 47, 48, 49, 63, 64, 65, 67];
    let mut how = 0;
    for m in sizes {
        for k in sizes {
            for n in sizes {
                how += 1;
                agrees::<f32>(m, k, n, how % LAYOUTS, how / LAYOUTS % LAYOUTS);
                if how % 3 == 0 {
                    agrees::<f64>(m, k, n, how % LAYOUTS, how / LAYOUTS % LAYOUTS);
                }
            }
        }
    }
}

/// Around the ends of tiles, of the blocks of k (1024 and 512) and of B (some hundred columns).
#[test]
fn all_layouts_agree_around_the_ends_of_blocks() {
    let sizes =
        [(9, 513, 97), (7, 1025, 50), (17, 20, 400), (150, 600, 19), (530, 9, 60), (1, 700, 40), (40, 70, 1)];
    for (m, k, n) in sizes {
        for how in 0..LAYOUTS * LAYOUTS {
            agrees::<f32>(m, k, n, how / LAYOUTS, how % LAYOUTS);
            agrees::<f64>(m, k, n, how / LAYOUTS, how % LAYOUTS);
        }
    }
}

/// Operands that are packed for their strides, and vectors that are read as one stream.
#[test]
fn operands_that_no_cache_holds_agree_with_three_loops() {
    for (m, k, n) in [(9, 40, 60), (530, 11, 60), (150, 37, 300)] {
        for (how_a, how_b) in [(7, 9), (8, 0), (9, 7), (0, 9)] {
            agrees::<f32>(m, k, n, how_a, how_b);
            agrees::<f64>(m, k, n, how_a, how_b);
        }
    }
    agrees::<f32>(1, 1050, 1010, 0, 1);
    agrees::<f64>(1010, 1050, 1, 0, 2);
}

/// The order of the sum is the one that is promised, to the bit: on every engine, in every layout, in every part of C.
#[test]
fn sums_run_over_k_in_order_and_in_blocks_of_its_own() {
    fn ordered<T: Scalar>(m: usize, k: usize, n: usize, longest: usize) {
        let value = |i: usize| T::of((i as f64 * 0.7).sin());
        let blocks = k.div_ceil(longest);
        let ends: Vec<usize> = (0..=blocks).map(|i| i * (k / blocks) + i.min(k % blocks)).collect();
        for how in [0, 1, 2, 3, 4] {
            let (a, b) = (Laid::new(m, k, how, value), Laid::new(k, n, (how + 2) % 5, value));
            let block = |i, j, ends: &[usize]| {
                (ends[0]..ends[1]).fold(T::zero(), |sum, p| a.at(i, p).mul_add(b.at(p, j), sum))
            };
            let sum = |i, j| ends.windows(2).map(|ends| block(i, j, ends)).reduce(|sum, block| sum + block);
            let expected: Vec<T> = (0..m * n).map(|ij| sum(ij / n, ij % n).unwrap()).collect();
            for engine in T::engines() {
                let run = |a, b| product(Some(engine), a, b, T::nan(), Epilogue::Store);
                assert!(run(a.matrix(), b.matrix()) == expected, "{} {m} {k} {n} layout {how}", T::NAME);
                let rows = m / 3;
                let below = Matrix { offset: a.place(rows, 0), rows: m - rows, ..a.matrix() };
                assert!(run(below, b.matrix()) == expected[rows * n..], "rows from {rows} on");
            }
        }
    }
    ordered::<f32>(19, 70, 53, 1024);
    ordered::<f32>(19, 2050, 53, 1024);
    ordered::<f32>(140, 1030, 300, 1024);
    ordered::<f64>(19, 1030, 27, 512);
    ordered::<f32>(450, 70, 5, 1024);
    ordered::<f64>(450, 70, 3, 512);
}

/// An element of a matrix times a vector does not depend on the other elements, so that they may be split.
#[test]
fn a_vector_has_the_same_bits_in_parts() {
    for how in [0, 1] {
        let value = |i: usize| (i as f32 * 0.7).sin();
        let (a, b) = (Laid::new(700, 411, how, value), Laid::new(411, 1, 0, value));
        for engine in f32::engines() {
            let run = |a| product(Some(engine), a, b.matrix(), f32::NAN, Epilogue::Store);
            let below = Matrix { offset: a.place(333, 0), rows: 367, ..a.matrix() };
            assert_eq!(run(below), run(a.matrix())[333..]);
        }
    }
}

#[test]
fn zero_times_infinity_is_nan_in_its_row_and_column_only() {
    for engine in engines::<f32>() {
        for (m, n) in [(11, 50), (1, 50), (11, 1)] {
            let (mut a, mut b) = (Laid::new(m, 9, 0, |_| 0.0), Laid::new(9, n, 0, |_| 1.0));
            let (inf, nan) = (b.place(4, n - 1), a.place(m - 1, 3));
            (b.data[inf], a.data[nan]) = (f32::INFINITY, f32::NAN);
            let c = product(engine, a.matrix(), b.matrix(), 0.0, Epilogue::Store);
            assert!((0..m * n).all(|ij| c[ij].is_nan() == (ij / n == m - 1 || ij % n == n - 1)));
        }
    }
}

#[test]
fn the_system_is_asked_for_memory_once() {
    let (a, b) = (Laid::<f64>::quarters(300, 40, 7), Laid::<f64>::quarters(40, 200, 1));
    // On one thread, since a helper has a pool of its own.
    let run = || drop(product(f64::engine(), a.matrix(), b.matrix(), 0.0, Epilogue::Store));
    let stats = || crate::with_threads(1, || (run(), crate::buffer::memory_stats()).1);
    assert_eq!(stats(), stats());
}

#[test]
#[should_panic(expected = "reaches beyond its buffer")]
fn a_matrix_beyond_its_buffer_is_refused() {
    let a = Matrix { data: &[0.0_f32; 5], offset: 0, rows: 2, columns: 3, row_stride: 3, column_stride: 1 };
    matmul(a, a.t(), &mut [0.0; 4], Epilogue::Store);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Views of tensors, as an operator would pass them, of any sizes, numbers and epilogue.
    #[test]
    fn any_views_agree_with_three_loops(
        [m, k, n] in prop::array::uniform3(0_usize..90),
        transposed in any::<[bool; 2]>(),
        step in 1_isize..3,
        first in 0_usize..4,
        seed in any::<u64>(),
        epilogue in 0..3,
    ) {
        let mut rng = crate::rng::Rng::seed(seed);
        let mut view = |rows: usize, columns: usize, transposed: bool| {
            let [rows, columns] = if transposed { [columns, rows] } else { [rows, columns] };
            let wide = [rows, first + columns * step as usize];
            let numbers = (0..wide[0] * wide[1]).map(|_| rng.normal::<f32>()).collect();
            let sliced = Array::from_vec(numbers, wide).unwrap().slice(1, first, columns, step).unwrap();
            if transposed { sliced.permute(&[1, 0]).unwrap() } else { sliced }
        };
        let (a, b) = (view(m, k, transposed[0]), view(k, n, transposed[1]));
        let (wide_a, wide_b) = (a.to_vec(), b.to_vec());
        let bias: Vec<f32> = (0..n).map(|j| j as f32).collect();
        let (epilogue, plus): (_, &dyn Fn(usize) -> f32) = match epilogue {
            0 => (Epilogue::Store, &|_| 0.0),
            1 => (Epilogue::Bias(&bias), &|j| j as f32),
            _ => (Epilogue::Accumulate, &|_| 0.5),
        };
        for engine in engines() {
            let c = product(engine, Matrix::new(a.view()), Matrix::new(b.view()), 0.5, epilogue);
            for (ij, &c) in c.iter().enumerate() {
                let (i, j) = (ij / n, ij % n);
                let terms = (0..k).map(|p| f64::from(wide_a[i * k + p]) * f64::from(wide_b[p * n + j]));
                let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
                let bound = (size + f64::from(plus(j))) * f64::from(f32::EPSILON) * (k + 2) as f64;
                prop_assert!((f64::from(c) - (sum + f64::from(plus(j)))).abs() <= bound, "{} {}", i, j);
            }
        }
    }
}

/// Products that are cut among threads, alone and together, in every layout: the same bits for any number of threads, and
/// every element finished once.
#[test]
fn the_same_bits_on_any_number_of_threads() {
    fn bits(
        count: usize,
        [m, k, n]: [usize; 3],
        a: &[f32],
        b: &[f32],
        engine: Option<&Engine<f32>>,
    ) -> Vec<Vec<u32>> {
        let (a, at) = (Matrix::row_major(&a[..m * k], m, k), Matrix::row_major(&a[..m * k], k, m).t());
        let (b, bt) = (Matrix::row_major(&b[..k * n], k, n), Matrix::row_major(&b[..k * n], n, k).t());
        let bias: Vec<f32> = (0..n).map(|j| j as f32).collect();
        let mut found = Vec::new();
        crate::with_threads(count, || {
            for (a, b) in [(a, b), (a, bt), (at, b), (at, bt)] {
                for epilogue in [Epilogue::Store, Epilogue::Bias(&bias), Epilogue::Accumulate] {
                    let mut c = vec![1.0; m * n];
                    let product = Multiplication::new(a, b, &mut c, epilogue);
                    multiply_on(engine, &[product], &|c| c.iter_mut().for_each(|c| *c += 1000.0));
                    found.push(c.iter().map(|c| c.to_bits()).collect());
                }
            }
            let (mut c, mut d) = (vec![0.0; m * n], vec![0.0; m * n]);
            let products = [(a, bt, &mut c), (at, b, &mut d)];
            let products = products.map(|(a, b, c)| Multiplication::new(a, b, c, Epilogue::Store));
            multiply_on(engine, &products, &|_| {});
            found.extend([c, d].map(|c| c.iter().map(|c| c.to_bits()).collect()));
        });
        found
    }
    let a = crate::Tensor::<f32>::normal([600_000], 0.0, 1.0, &mut crate::Rng::seed(5)).to_vec();
    let b: Vec<f32> = a.iter().rev().copied().collect();
    let shapes = [
        [130, 257, 75],
        [64, 64, 64],
        [1, 600, 1000],
        [1000, 600, 1],
        [7, 500, 300],
        [300, 500, 7],
        [90, 1500, 33],
    ];
    for engine in engines::<f32>() {
        for shape in shapes {
            let expected = bits(1, shape, &a, &b, engine);
            for count in [2, 3, 8, 2, 3, 8] {
                assert_eq!(bits(count, shape, &a, &b, engine), expected, "{shape:?} on {count} threads");
            }
        }
    }
}
