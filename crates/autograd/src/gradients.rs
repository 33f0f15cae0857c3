//! What a backward pass returns: gradients by tensor, or why there are none.

use crate::backward::Arrivals;
use crate::error::OrPanic;
use crate::graph::Id;
use crate::idle;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::fmt;
use std::ops::{Add, AddAssign, Index};

/// The gradients of one backward pass, looked up by the tensor they belong to.
///
/// ```
/// use autograd::Tensor;
/// let x = Tensor::from([1.0, 2.0]).requires_grad();
/// let grads = (&x * &x).sum().backward();
/// assert_eq!(grads[&x].to_vec(), [2.0, 4.0]);
/// // A constant has no gradient.
/// assert!(grads.get(&x).is_some() && grads.get(&x.detach()).is_none());
/// assert_eq!((grads.len(), grads.is_empty()), (1, false));
/// ```
///
/// # Rules
/// - **Gradients are values.** No tensor holds one, so there is nothing to zero. Those of several passes, of small batches or of
///   several losses, are added: `grads += loss.backward()`.
/// - **A graph lives as long as what was computed from it.** Two losses may share a trunk, and each can be differentiated, in
///   either order. `backward` takes its root by value: to use it again, give it a clone, `loss.clone().backward()`. What is freed
///   can therefore not be reached, and the compiler says so:
///
/// ```compile_fail,E0382
/// # use autograd::Tensor;
/// let x = Tensor::scalar(2.0).requires_grad();
/// let loss = &x * &x;
/// let first = loss.backward();
/// let second = loss.backward(); // error: use of moved value: `loss`
/// ```
/// - **A leaf that took no part has no gradient**, not one of 0: [`get`](Self::get) gives `None`, `grads[&x]` panics, and `grad`
///   gives a [`GradError`], which say why.
/// - **Only leaves have one here.** For what lies between there is [`grad`](crate::grad).
/// - **A change in place changes no graph.** What was recorded keeps the value that it read; only leaves can be changed, by
///   [`update`](Tensor::update).
#[doc(alias = "zero_grad")]
#[derive(Default)]
pub struct Gradients<T: Scalar = f32> {
    /// The oldest last, as the sweep meets them.
    pub(crate) by_age: Vec<(Id, Tensor<T>)>,
}

impl<T: Scalar> Arrivals<T> for Gradients<T> {
    fn add(&mut self, id: Id, gradient: Tensor<T>) {
        match self.place(id) {
            Ok(place) => self.by_age[place].1.accumulate(gradient),
            Err(place) => self.by_age.insert(place, (id, gradient)),
        }
    }
    fn so_far(&mut self, id: Id) -> Option<&mut Tensor<T>> {
        let place = self.place(id).ok()?;
        Some(&mut self.by_age[place].1)
    }
}

impl<T: Scalar> Gradients<T> {
    /// Where the gradient of a node is, or belongs.
    #[inline]
    fn place(&self, id: Id) -> Result<usize, usize> {
        self.by_age.binary_search_by(|(other, _)| id.cmp(other))
    }

    /// The gradient with respect to `x`, or `None` if `x` is a constant or took no part.
    #[inline]
    pub fn get(&self, x: &Tensor<T>) -> Option<&Tensor<T>> {
        let id = x.node()?.id;
        Some(&self.by_age[self.place(id).ok()?].1)
    }

    /// The gradient with respect to `x`, to be changed, or `None` as from [`get`](Self::get).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let x = Tensor::from([1.0, 2.0]).requires_grad();
    /// let mut grads = (&x * &x).sum().backward();
    /// grads.get_mut(&x).unwrap().update(|g| g[1] = 0.0);
    /// assert_eq!(grads[&x].to_vec(), [2.0, 0.0]);
    /// ```
    pub fn get_mut(&mut self, x: &Tensor<T>) -> Option<&mut Tensor<T>> {
        let place = self.place(x.node()?.id).ok()?;
        Some(&mut self.by_age[place].1)
    }

    /// The number of tensors that have a gradient.
    pub fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Whether no tensor has a gradient.
    pub fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }
}

impl<T: Scalar> Drop for Gradients<T> {
    fn drop(&mut self) {
        idle::give_gradients(std::mem::take(&mut self.by_age));
    }
}

/// The sum, leaf by leaf; a leaf that only one of them knows keeps that one's gradient.
///
/// ```
/// use autograd::{Gradients, Tensor};
/// let w = Tensor::scalar(2.0).requires_grad();
/// let mut grads = Gradients::default();
/// for x in [1.0, 3.0] {
///     grads += (&w * x).powi(2).backward();
/// }
/// assert_eq!(grads[&w].item(), 2.0 * 2.0 * (1.0 + 9.0));
/// ```
impl<T: Scalar> AddAssign for Gradients<T> {
    fn add_assign(&mut self, mut other: Self) {
        other.by_age.drain(..).for_each(|(id, gradient)| self.add(id, gradient));
    }
}

impl<T: Scalar> Add for Gradients<T> {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl<T: Scalar> Index<&Tensor<T>> for Gradients<T> {
    type Output = Tensor<T>;

    /// The gradient with respect to `x`.
    ///
    /// # Panics
    /// If there is none; [`Gradients::get`] does not panic.
    #[track_caller]
    fn index(&self, x: &Tensor<T>) -> &Tensor<T> {
        let why = || match x.node() {
            Some(node) if !node.is_leaf() => GradError::NotALeaf(x.shape().clone()),
            _ => why_none(x),
        };
        self.get(x).ok_or_else(why).or_panic()
    }
}

impl<T: Scalar> fmt::Debug for Gradients<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_age.iter().map(|(_, g)| g.shape())).finish()
    }
}

/// Why a gradient cannot be had.
///
/// ```
/// use autograd::{GradError, Tensor, grad, try_grad};
/// let [x, y] = [2.0, 3.0].map(|x| Tensor::scalar(x).requires_grad());
/// let why = |y: &Tensor<f64>, x: &Tensor<f64>| try_grad(y, [x]).unwrap_err();
/// let number = || [].into(); // the shape of a number
/// assert_eq!(why(&(&x * 2.0), &y), GradError::Unused(number()));
/// assert_eq!(why(&(&x * 2.0), &x.detach()), GradError::Untracked(number()));
/// assert_eq!(why(&Tensor::ones([3]), &x), GradError::NotAScalar([3].into()));
/// assert_eq!(Tensor::scalar(1.0).try_backward().unwrap_err(), GradError::ConstantRoot);
/// assert!(GradError::ConstantRoot.to_string().contains("mark the inputs with `.requires_grad()`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GradError {
    /// The root is not a single number.
    NotAScalar(Shape),
    /// The cotangent has another shape than the root.
    Cotangent {
        /// The shape of the root.
        root: Shape,
        /// The shape of the cotangent.
        cotangent: Shape,
    },
    /// A tangent has another shape than its input.
    Tangent {
        /// The shape of the input.
        input: Shape,
        /// The shape of the tangent.
        tangent: Shape,
    },
    /// The root does not depend on any tensor that requires a gradient.
    ConstantRoot,
    /// The tensor, of this shape, does not require a gradient.
    Untracked(Shape),
    /// The tensor, of this shape, requires a gradient, but the root was not computed from it.
    Unused(Shape),
    /// The tensor, of this shape, was computed from others, and [`Gradients`] are those of leaves.
    NotALeaf(Shape),
}

impl fmt::Display for GradError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GradError::NotAScalar(shape) => write!(
                f,
                "backward: the root has shape {shape}, not a single number\n  help: reduce it, as by `.sum()` or `.mean()`, or give a cotangent: `y.backward_from(dy)`"
            ),
            GradError::Cotangent { root, cotangent } => {
                write!(
                    f,
                    "backward: the cotangent has shape {cotangent}, the root has shape {root}\n  help: they must be equal"
                )
            }
            GradError::Tangent { input, tangent } => {
                write!(
                    f,
                    "no derivative: the tangent has shape {tangent}, its input has shape {input}\n  help: they must be equal"
                )
            }
            GradError::ConstantRoot => write!(
                f,
                "backward: the root is a constant: nothing it was computed from requires a gradient\n  help: mark the inputs with `.requires_grad()`, and look for `detach`, `no_grad` or `predict` on the way (a network records by `forward` with `Mode::eval()`); gradients from `backward` are constants, those from `grad` can be differentiated again, unless the function is linear: then they are the same everywhere"
            ),
            GradError::Untracked(shape) => write!(
                f,
                "no gradient: the tensor of shape {shape} is a constant\n  help: make it a leaf before it is used: `let x = x.requires_grad();`"
            ),
            GradError::Unused(shape) => write!(
                f,
                "no gradient: the tensor of shape {shape} took no part in what was differentiated\n  help: `Gradients::get` gives an `Option`; look for `detach` or `no_grad` on the way; the clone of a parameter is another one, with a gradient of its own"
            ),
            GradError::NotALeaf(shape) => write!(
                f,
                "no gradient: the tensor of shape {shape} was computed from others, and is not a leaf\n  help: `backward` gives the gradients of leaves alone; `grad(&y, [&x])` also answers for tensors that are not leaves"
            ),
        }
    }
}

impl std::error::Error for GradError {}

#[cold]
pub(crate) fn why_none<T: Scalar>(x: &Tensor<T>) -> GradError {
    match x.is_tracked() {
        true => GradError::Unused(x.shape().clone()),
        false => GradError::Untracked(x.shape().clone()),
    }
}

/// That each tangent has the shape of its input.
pub(crate) fn check_tangents<T: Scalar, const N: usize>(
    x: [&Tensor<T>; N],
    v: [&Tensor<T>; N],
) -> Result<(), GradError> {
    let shapes = |t: &Tensor<T>| -> Shape { t.shape().clone() };
    match x.iter().zip(v).find(|(x, v)| x.shape() != v.shape()) {
        Some((x, v)) => Err(GradError::Tangent { input: shapes(x), tangent: shapes(v) }),
        None => Ok(()),
    }
}
