//! Pooling: each window of an image, along its last axes, becomes its mean or its largest element.
//!
//! A mean is linear. Carried back, every element gets from each window that covers it the cotangent divided by the size:
//!
//! ```text
//! y_i = 1/|W_i| Σ_{j ∈ W_i} x_j          dx_j = Σ_{i: j ∈ W_i} dy_i / |W_i| .
//! ```
//!
//! The largest element of a window is a choice. Once it is known where they are, what remains is a [`Gather`] of these places,
//! whose gradient goes to them alone, the first of several that are equal.

use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::pool;
use crate::onnx::{self, Operands};
use crate::op::{Keeps, Op};
use crate::ops::index::Gather;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use windows::{Layout, MOST, even_spans};

mod in_onnx;
mod windows;

pub use windows::Pool;

/// The means of windows along the last axes.
#[derive(Debug)]
struct AvgPool {
    layout: Layout,
    axes: usize,
}

impl<T: Scalar> Op<T, 1> for AvgPool {
    fn shape(&self, [x]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        Ok(self.layout.output(x, self.axes))
    }
    fn forward(&self, [x]: [View<'_, T>; 1], y: &mut [T]) {
        pool::means(&self.layout.windows(), &x.contiguous(), y);
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        AvgUnpool { layout: self.layout.clone(), axes: self.axes }.apply([dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
    fn onnx(&self, x: &Operands<'_>) -> onnx::Value {
        self.layout.means_in_onnx::<T>(&x[0], x.shape(0), self.axes)
    }
}

/// The adjoint of [`AvgPool`]: every element the sum of the shares of the windows that cover it.
#[derive(Debug)]
struct AvgUnpool {
    layout: Layout,
    axes: usize,
}

impl<T: Scalar> Op<T, 1> for AvgUnpool {
    fn shape(&self, [y]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let (outer, _) = y.split_at(y.rank() - self.axes);
        Ok(outer.join(&self.layout.plane[2 - self.axes..]))
    }
    fn forward(&self, [y]: [View<'_, T>; 1], x: &mut [T]) {
        pool::shares(&self.layout.windows(), &y.contiguous(), x);
    }
    fn backward(&self, _: usize, _: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        AvgPool { layout: self.layout.clone(), axes: self.axes }.apply([dy])
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// Pooling.
impl<T: Scalar> Tensor<T> {
    /// The largest element of each window along the last axis; see [`max_pool2d`](Self::max_pool2d).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 5.0, 2.0, 0.0]).requires_grad();
    /// let y = x.max_pool1d(2);
    /// assert_eq!(y.to_vec(), [5.0, 2.0]);
    /// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn max_pool1d(&self, pool: impl Into<Pool<1>>) -> Self {
        self.max_pool("max_pool1d", pool.into())
    }

    /// The largest element of each window over the last two axes; those before them stay. NaN is above all, and padding below
    /// all. The gradient of a window goes to the first of its largest elements.
    ///
    /// ```
    /// use autograd::{Tensor, ops::Pool};
    /// let x = Tensor::from([[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 8.0, 9.0]]);
    /// assert_eq!(x.max_pool2d(2).to_vec(), [5.0, 9.0]);
    /// assert_eq!(x.max_pool2d(Pool::new([2, 3]).stride(1)).to_vec(), [8.0, 9.0]);
    /// ```
    ///
    /// # Panics
    /// If there are not two axes, the windows do not fit, or a size, stride or dilation is 0.
    #[track_caller]
    pub fn max_pool2d(&self, pool: impl Into<Pool<2>>) -> Self {
        self.max_pool("max_pool2d", pool.into())
    }

    #[track_caller]
    fn max_pool<const D: usize>(&self, name: &str, pool: Pool<D>) -> Self {
        let layout = Layout::new::<D>(self.shape(), |i, len| match pool.spans(i, len) {
            Ok(spans) if spans.iter().any(|span| span.count == 0) => {
                Err("a window covers nothing but padding")
            }
            spans => spans,
        });
        let layout = layout.map_err(|e| e.of(name)).or_panic();
        let y = self.largest_of(layout, D);
        onnx::define(name, y.array(), || {
            pool.largest_in_onnx(&onnx::Value::of(self.array()), self.shape(), y.shape())
        });
        y
    }

    /// The mean of each window along the last axis; see [`avg_pool2d`](Self::avg_pool2d).
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 5.0, 2.0, 0.0]).avg_pool1d(2).to_vec(), [3.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn avg_pool1d(&self, pool: impl Into<Pool<1>>) -> Self {
        self.avg_pool("avg_pool1d", pool.into())
    }

    /// The mean of each window over the last two axes; those before them stay.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 8.0, 2.0]]);
    /// assert_eq!(x.avg_pool2d(2).to_vec(), [3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If there are not two axes, the windows do not fit, a size or stride is 0, or there is a dilation.
    #[track_caller]
    pub fn avg_pool2d(&self, pool: impl Into<Pool<2>>) -> Self {
        self.avg_pool("avg_pool2d", pool.into())
    }

    #[track_caller]
    fn avg_pool<const D: usize>(&self, name: &str, pool: Pool<D>) -> Self {
        let layout = Layout::new::<D>(self.shape(), |i, len| match pool.dilation[i] {
            1 => pool.spans(i, len),
            _ => Err("means know no dilation"),
        });
        AvgPool { layout: layout.map_err(|e| e.of(name)).or_panic(), axes: D }.apply([self])
    }

    /// Means over the last axis, as many as asked for: each over a part of the axis, of which some overlap by an element where
    /// its size is no multiple of their number.
    ///
    /// ```
    /// use autograd::Tensor;
    /// assert_eq!(Tensor::from([1.0, 5.0, 3.0]).adaptive_avg_pool1d(2).to_vec(), [3.0, 4.0]); // of 1 and 5, of 5 and 3
    /// ```
    ///
    /// # Panics
    /// If this is a scalar, or the axis is empty.
    #[track_caller]
    pub fn adaptive_avg_pool1d(&self, places: usize) -> Self {
        self.adaptive_avg_pool("adaptive_avg_pool1d", [places])
    }

    /// Means over the last two axes, as many along each as asked for: with `[1, 1]`, one for each channel of an image of any
    /// size.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([[1.0, 5.0, 2.0], [3.0, 3.0, 4.0]]);
    /// assert_eq!(x.adaptive_avg_pool2d([1, 1]).to_vec(), [3.0]);
    /// assert_eq!(x.adaptive_avg_pool2d([2, 2]).to_vec(), [3.0, 3.5, 3.0, 3.5]);
    /// ```
    ///
    /// # Panics
    /// If there are not two axes, or one of them is empty.
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, places: [usize; 2]) -> Self {
        self.adaptive_avg_pool("adaptive_avg_pool2d", places)
    }

    #[track_caller]
    fn adaptive_avg_pool<const D: usize>(&self, name: &str, places: [usize; D]) -> Self {
        let layout = Layout::new::<D>(self.shape(), |i, len| match len {
            0 => Err("there is nothing"),
            _ if places[i] > MOST => Err("these are too many windows"),
            _ => Ok(even_spans(len, places[i])),
        });
        AvgPool { layout: layout.map_err(|e| e.of(name)).or_panic(), axes: D }.apply([self])
    }

    /// The largest element of each window.
    #[track_caller]
    fn largest_of(&self, layout: Layout, axes: usize) -> Self {
        let (outer, _) = self.shape().split_at(self.rank() - axes);
        let shape = layout.output(self.shape(), axes);
        let planes = outer.join(&[layout.plane[0] * layout.plane[1]]);
        let places = Array::build(outer.join(&[layout.rows.len() * layout.columns.len()]), |places| {
            pool::largest(&layout.windows(), &self.array().view().contiguous(), places);
        });
        let gather = Gather { axis: -1, indices: places.or_panic() };
        gather.apply([&self.reshape(planes)]).reshape(shape)
    }
}
