//! Making tensors: from values, of one number, at random.

use crate::array::Array;
use crate::error::{OrPanic, ShapeError};
use crate::onnx::{self, Value};
use crate::rng::Rng;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Making tensors.
impl<T: Scalar> Tensor<T> {
    /// The elements of `data` in row-major order.
    ///
    /// # Errors
    /// If their number is not the size of the shape.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from_vec(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
    /// assert_eq!(x.at([1, 0]), 4.0);
    /// assert!(Tensor::from_vec(vec![1.0; 5], [2, 3]).is_err());
    /// # Ok::<(), autograd::ShapeError>(())
    /// ```
    pub fn from_vec(data: Vec<T>, shape: impl Into<Shape>) -> Result<Self, ShapeError> {
        Array::from_vec(data, shape).map(Self::constant)
    }

    /// A tensor of pooled memory, whose elements, in row-major order, `write` must all set: they hold anything.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let squares = Tensor::build([4], |y| (0..4).zip(y).for_each(|(i, y)| *y = (i * i) as f32));
    /// assert_eq!(squares.to_vec(), [0.0, 1.0, 4.0, 9.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no memory for the shape.
    #[track_caller]
    #[inline]
    pub fn build(shape: impl Into<Shape>, write: impl FnOnce(&mut [T])) -> Self {
        Self::made("build", shape, write)
    }

    /// As [`build`](Self::build), by the function of this name.
    #[track_caller]
    #[inline]
    fn made(name: &str, shape: impl Into<Shape>, write: impl FnOnce(&mut [T])) -> Self {
        Self::constant(Array::build(shape, write).map_err(|e| e.of(name)).or_panic())
    }

    /// A single number: the tensor without axes.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let rate = Tensor::scalar(0.5);
    /// assert_eq!((rate.rank(), rate.item()), (0, 0.5));
    /// ```
    #[doc(alias = "tensor")]
    #[inline]
    pub fn scalar(value: T) -> Self {
        Self::build(Shape::scalar(), |y| y[0] = value)
    }

    /// Every element the same.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::full([2, 3], 0.5);
    /// assert_eq!((x.dims(), x.sum().item()), (&[2, 3][..], 3.0));
    /// ```
    ///
    /// # Panics
    /// If there is no memory for the shape.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, value: T) -> Self {
        Self::made("full", shape, |y| y.fill(value))
    }

    /// All zeros.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::<f32>::zeros([3]).to_vec(), [0.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no memory for the shape.
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::made("zeros", shape, |y| y.fill(T::zero()))
    }

    /// All ones.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::<f32>::ones([3]).to_vec(), [1.0, 1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no memory for the shape.
    #[track_caller]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Self::made("ones", shape, |y| y.fill(T::one()))
    }

    /// The numbers `0, 1, ..., n - 1`.
    ///
    /// # Panics
    /// If there is no memory for them.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::<f32>::arange(3).to_vec(), [0.0, 1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn arange(n: usize) -> Self {
        Self::made("arange", [n], |y| (0..n).zip(y).for_each(|(i, y)| *y = T::of(i as f64)))
    }

    /// For each index, as a last axis, zeros but for a 1 at its place.
    ///
    /// ```
    /// use autograd::{Array, Tensor};
    /// let x = Tensor::<f32>::one_hot(&Array::from_slice(&[2, 0]), 3);
    /// assert_eq!(x.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If an index is not below the number of classes, or there is no memory for the result.
    #[track_caller]
    pub fn one_hot(indices: &Array<usize>, classes: usize) -> Self {
        if let Some((place, index)) = indices.view().iter().enumerate().find(|(_, index)| *index >= classes) {
            panic!(
                "one_hot: index {index}, at place {place}, is out of range for {classes} classes\n  help: indices run from 0 to the number of classes less 1"
            );
        }
        let y = Self::made("one_hot", indices.shape().clone().join(&[classes]), |y| {
            y.fill(T::zero());
            for (i, index) in indices.view().iter().enumerate() {
                y[i * classes + index] = T::one();
            }
        });
        onnx::define("one_hot", y.array(), || {
            let numbers = Tensor::<T>::build([2], |y| y.copy_from_slice(&[T::zero(), T::one()]));
            Value::node(
                "OneHot",
                &[&Value::of(indices), &Value::int(classes as i64), &Value::of(numbers.array())],
                &[],
            )
        });
        y
    }

    /// Independent numbers, uniform in `[low, high)`.
    ///
    /// ```
    /// use autograd::{Rng, Tensor};
    /// let x = Tensor::<f32>::uniform([10, 100], -1.0, 2.0, &mut Rng::seed(0));
    /// assert!(x.min().item() >= -1.0 && x.max().item() < 2.0);
    /// assert!((x.mean().item() - 0.5).abs() < 0.15); // the mean of 1000 has a deviation of 0.03
    /// ```
    ///
    /// # Panics
    /// If `low` is not below `high`, either is not finite, or there is no memory for the shape.
    #[doc(alias = "rand")]
    #[track_caller]
    pub fn uniform(shape: impl Into<Shape>, low: T, high: T, rng: &mut Rng) -> Self {
        assert!(
            low < high && (high - low).is_finite(),
            "uniform: expected finite low < high, found {low} and {high}\n  help: all equal are those of `Tensor::full`"
        );
        Self::made("uniform", shape, |y| {
            y.iter_mut().for_each(|y| *y = within(low, high, rng));
        })
    }

    /// Independent numbers from the normal distribution with this mean and standard deviation.
    ///
    /// ```
    /// use autograd::{Rng, Tensor};
    /// let x = Tensor::<f32>::normal([10, 100], 5.0, 2.0, &mut Rng::seed(0));
    /// assert!((x.mean().item() - 5.0).abs() < 0.3); // the mean of 1000 has a deviation of 0.06
    /// ```
    ///
    /// # Panics
    /// If the deviation is negative or not finite, or there is no memory for the shape.
    #[doc(alias = "randn")]
    #[track_caller]
    pub fn normal(shape: impl Into<Shape>, mean: T, deviation: T, rng: &mut Rng) -> Self {
        assert!(
            deviation >= T::zero() && deviation.is_finite(),
            "normal: expected a finite deviation of at least 0, found {deviation}\n  help: it is the root of the variance, and comes after the mean"
        );
        Self::made("normal", shape, |y| y.iter_mut().for_each(|y| *y = mean + deviation * rng.normal::<T>()))
    }

    /// Independent numbers, 1 with this probability and 0 otherwise.
    ///
    /// ```
    /// use autograd::{Rng, Tensor};
    /// let x = Tensor::<f32>::bernoulli([1000], 0.9, &mut Rng::seed(0));
    /// assert!((800.0..1000.0).contains(&x.sum().item()));
    /// ```
    ///
    /// # Panics
    /// If the probability is not in `[0, 1]`, or there is no memory for the shape.
    #[track_caller]
    pub fn bernoulli(shape: impl Into<Shape>, probability: f64, rng: &mut Rng) -> Self {
        assert!(
            (0.0..=1.0).contains(&probability),
            "bernoulli: expected a probability from 0 to 1, found {probability}\n  help: it is no percentage: 0.9 for 9 of 10"
        );
        let mut draw = || if rng.uniform::<f64>() < probability { T::one() } else { T::zero() };
        Self::made("bernoulli", shape, |y| y.iter_mut().for_each(|y| *y = draw()))
    }
}

/// A number uniform in `[low, high)`; what rounds up to `high` is drawn again.
fn within<T: Scalar>(low: T, high: T, rng: &mut Rng) -> T {
    loop {
        let x = low + (high - low) * rng.uniform();
        if x < high {
            return x;
        }
    }
}

impl<T: Scalar> From<T> for Tensor<T> {
    fn from(value: T) -> Self {
        Tensor::scalar(value)
    }
}

/// A list: a tensor with one axis. For other shapes there is [`Tensor::from_vec`].
impl<T: Scalar> From<Vec<T>> for Tensor<T> {
    fn from(list: Vec<T>) -> Self {
        Tensor::build([list.len()], |y| y.copy_from_slice(&list))
    }
}

impl<T: Scalar, const N: usize> From<[T; N]> for Tensor<T> {
    fn from(row: [T; N]) -> Self {
        Tensor::build([N], |y| y.copy_from_slice(&row))
    }
}

impl<T: Scalar, const M: usize, const N: usize> From<[[T; N]; M]> for Tensor<T> {
    fn from(rows: [[T; N]; M]) -> Self {
        Tensor::build([M, N], |y| y.copy_from_slice(rows.as_flattened()))
    }
}

impl<T: Scalar, const L: usize, const M: usize, const N: usize> From<[[[T; N]; M]; L]> for Tensor<T> {
    fn from(planes: [[[T; N]; M]; L]) -> Self {
        Tensor::build([L, M, N], |y| y.copy_from_slice(planes.as_flattened().as_flattened()))
    }
}
