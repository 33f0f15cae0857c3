//! The one door to matrix multiplication: `C = epilogue(A B)`.
//!
//! Operands come with a stride for either axis, so a transposed or sliced matrix is read where it lies. `C` is
//! row-major memory that the engine owns. What follows the product (a bias in each row, a function of each element)
//! belongs to the call, so that a kernel can apply it while the tile is in registers; and rows of `C` depend on no other
//! row, so that a kernel may split them among threads. Behind the door is `matrixmultiply`.

mod block;
mod engine;
mod pack;
mod simd;
mod tile;
mod vector;

pub(crate) use engine::Gemm;

use crate::array::View;
use crate::scalar::Scalar;
use block::{Operand, Product};
use engine::Engine;

/// A matrix to read: elements, and the strides between rows and between columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, T> {
    data: &'a [T],
    offset: usize,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

impl<'a, T: Scalar> Matrix<'a, T> {
    /// A tensor of two axes as a matrix.
    #[inline]
    pub(crate) fn new(view: View<'a, T>) -> Self {
        Self::last_two(view, view.layout().offset())
    }

    /// The last two axes of a tensor as a matrix that begins at `offset`.
    #[inline]
    pub(crate) fn last_two(view: View<'a, T>, offset: usize) -> Self {
        let (dims, strides) = (view.shape().dims(), view.layout().strides());
        let (m, n) = (dims.len() - 2, dims.len() - 1);
        Matrix {
            data: view.data(),
            offset,
            rows: dims[m],
            columns: dims[n],
            row_stride: strides[m],
            column_stride: strides[n],
        }
    }

    /// A row-major matrix.
    #[inline]
    pub(crate) fn row_major(data: &'a [T], rows: usize, columns: usize) -> Self {
        Matrix { data, offset: 0, rows, columns, row_stride: columns as isize, column_stride: 1 }
    }

    /// Rows and columns exchanged.
    #[inline]
    pub(crate) fn t(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Whether every element lies in `data`.
    fn is_inside(&self) -> bool {
        if self.rows == 0 || self.columns == 0 {
            return true;
        }
        let reach = |n: usize, stride: isize| (n as isize - 1) * stride;
        let (down, right) = (reach(self.rows, self.row_stride), reach(self.columns, self.column_stride));
        let first = self.offset as isize + down.min(0) + right.min(0);
        let last = self.offset as isize + down.max(0) + right.max(0);
        first >= 0 && (last as usize) < self.data.len()
    }
}

/// What is added to the product.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Epilogue<'a, T> {
    /// `C = A B`.
    Store,
    /// `C = A B + bias`, the bias in every row.
    Bias(&'a [T]),
}

/// `C = epilogue(A B)`; `c` holds the result row-major.
///
/// # Panics
/// If the inner sizes differ, or `c` or the bias has not the size that the product asks for.
pub(crate) fn matmul<T: Scalar>(a: Matrix<'_, T>, b: Matrix<'_, T>, c: &mut [T], epilogue: Epilogue<'_, T>) {
    matmul_on(T::engines().into_iter().flatten().next(), a, b, c, epilogue);
}

fn matmul_on<T: Scalar>(
    engine: Option<&Engine<T>>,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    c: &mut [T],
    epilogue: Epilogue<'_, T>,
) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!(k, b.rows, "the inner sizes of a product differ");
    assert_eq!(c.len(), m * n, "the product does not fit its output");
    assert!(a.is_inside() && b.is_inside(), "a matrix reaches beyond its buffer");
    let plus = match epilogue {
        Epilogue::Store => None,
        Epilogue::Bias(bias) => {
            assert_eq!(bias.len(), n, "the bias does not fit the product");
            Some((bias.as_ptr(), 0))
        }
    };
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        return match epilogue {
            Epilogue::Store => c.fill(T::zero()),
            Epilogue::Bias(bias) => c.chunks_exact_mut(n).for_each(|row| row.copy_from_slice(bias)),
        };
    }
    let start = |x: Matrix<'_, T>| x.data.as_ptr().wrapping_add(x.offset);
    let product = Product {
        m,
        k,
        n,
        a: Operand { start: start(a), across: a.row_stride, along: a.column_stride },
        b: Operand { start: start(b), across: b.column_stride, along: b.row_stride },
        c: c.as_mut_ptr(),
        c_row: n as isize,
        plus,
    };
    // SAFETY: `is_inside` has shown that every element of `a` and `b` lies in its slice; `c` is `m * n` elements,
    // uniquely borrowed, with strides `(n, 1)`, under which no two elements are one; the bias has `n` elements. The
    // engines offered are those that this machine can run.
    unsafe {
        match engine {
            Some(engine) if m == 1 || n == 1 => vector::multiply(engine, &product),
            Some(engine) => block::multiply(engine, &product),
            None => portable(&product),
        }
    }
}

/// The product by `matrixmultiply`, which expects in C what is added.
///
/// # Safety
/// All elements of the product must be valid; `c` must not overlap the operands.
unsafe fn portable<T: Scalar>(product: &Product<T>) {
    let Product { m, k, n, a, b, c, c_row, plus } = *product;
    // SAFETY: rows of C and of what is added are `n` long.
    unsafe {
        if let Some((plus, row)) = plus {
            for i in 0..m as isize {
                c.offset(i * c_row).copy_from_nonoverlapping(plus.offset(i * row), n);
            }
        }
        let beta = if plus.is_some() { T::one() } else { T::zero() };
        T::portable(
            [m, k, n],
            (a.start, a.across, a.along),
            (b.start, b.along, b.across),
            beta,
            (c, c_row, 1),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;

    /// Three loops, the sum in f64.
    fn naive<T: Scalar>(a: &Array<T>, b: &Array<T>) -> Vec<f64> {
        let ([m, k], [_, n]) = (a.shape().matrix().unwrap(), b.shape().matrix().unwrap());
        let wide = |x: &Array<T>| x.to_vec().into_iter().map(Into::into).collect::<Vec<f64>>();
        let (a, b) = (wide(a), wide(b));
        let dot = |i, j| (0..k).map(|p| a[i * k + p] * b[p * n + j]).sum::<f64>();
        (0..m * n).map(|ij| dot(ij / n, ij % n)).collect()
    }

    /// An m by n matrix of small quarters, exact in either precision, laid out in one of four ways.
    fn matrix<T: Scalar>(m: usize, n: usize, how: usize) -> Array<T> {
        let value = |i: usize| T::of(((i * 7 + m * 3 + n) % 23) as f64 / 4.0 - 2.5);
        let fill = |shape: [usize; 2]| {
            Array::from_vec((0..shape[0] * shape[1]).map(value).collect(), shape).unwrap()
        };
        match how {
            0 => fill([m, n]),
            1 => fill([n, m]).permute(&[1, 0]).unwrap(),
            2 => fill([2 * m, n + 3]).slice(0, 0, m, 2).unwrap().slice(1, 2, n, 1).unwrap(),
            _ => fill([m, n]).slice(0, m.saturating_sub(1), m, -1).unwrap(),
        }
    }

    fn agrees<T: Scalar>() {
        let sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65, 67];
        let mut how = 0;
        for (i, &m) in sizes.iter().enumerate() {
            for (j, &n) in sizes.iter().enumerate() {
                // Every size of k in turn with every pair, every layout in turn with every triple.
                for k in [sizes[(i + 2 * j) % sizes.len()], sizes[(3 * i + j + 5) % sizes.len()]] {
                    how += 1;
                    let (a, b) = (matrix::<T>(m, k, how % 4), matrix::<T>(k, n, how / 4 % 4));
                    let bias: Vec<T> = (0..n).map(|j| T::of(j as f64)).collect();
                    let mut c = vec![T::nan(); m * n];
                    matmul(Matrix::new(a.view()), Matrix::new(b.view()), &mut c, Epilogue::Store);
                    let expected = naive(&a, &b);
                    assert!(
                        c.iter().map(|&c| c.into()).eq(expected.iter().copied()),
                        "{m} {k} {n} layout {how}"
                    );
                    let (at, bt) = (Matrix::new(a.view()).t(), Matrix::new(b.view()).t());
                    let mut ct = vec![T::nan(); m * n];
                    matmul(bt, at, &mut ct, Epilogue::Store);
                    assert!((0..m * n).all(|ij| ct[ij % n * m + ij / n] == c[ij]), "transposed {m} {k} {n}");
                    matmul(Matrix::new(a.view()), Matrix::new(b.view()), &mut c, Epilogue::Bias(&bias));
                    let with_bias = (0..m * n).map(|ij| expected[ij] + (ij % n) as f64);
                    assert!(c.iter().map(|&c| c.into()).eq(with_bias), "bias {m} {k} {n}");
                }
            }
        }
    }

    #[test]
    fn ragged_sizes_and_all_layouts_agree_with_three_loops() {
        agrees::<f32>();
        agrees::<f64>();
    }

    #[test]
    #[should_panic(expected = "reaches beyond its buffer")]
    fn a_matrix_beyond_its_buffer_is_refused() {
        let a =
            Matrix { data: &[0.0_f32; 5], offset: 0, rows: 2, columns: 3, row_stride: 3, column_stride: 1 };
        matmul(a, a.t(), &mut [0.0; 4], Epilogue::Store);
    }
}
