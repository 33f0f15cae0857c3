//! A recorded call, as the gradient of its operator sees it.

use super::{Held, Id, Node, Place};
use crate::array::Array;
use crate::op::AnyOp;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use std::collections::HashSet;
use std::panic::Location;

/// A recorded call, as the operator's `backward` sees it: the values it kept, and what is asked of it.
///
/// The length of vectors, whose components are tensors that broadcast together: `y = √Σ xᵢ²`, with `∂y / ∂xᵢ = xᵢ / y`.
///
/// ```
/// use autograd::{AnyOp, Array, Call, Keeps, Scalar, Shape, ShapeError, Tensor, grad};
///
/// #[derive(Debug)]
/// struct Length;
///
/// impl<T: Scalar> AnyOp<T> for Length {
///     fn name(&self) -> String {
///         "length".into()
///     }
///     fn value(&self, x: &[&Array<T>]) -> Result<Array<T>, ShapeError> {
///         let shape = Shape::broadcast(&x.iter().map(|x| x.shape()).collect::<Vec<_>>())?;
///         let x = x.iter().map(|x| x.broadcast_to(&shape)).collect::<Result<Vec<_>, _>>()?;
///         Array::build(shape, |y| {
///             y.fill(T::zero());
///             x.iter().for_each(|x| y.iter_mut().zip(x).for_each(|(y, x)| *y = y.hypot(x)));
///         })
///     }
///     fn gradients(&self, call: &Call<'_, T>, dy: Tensor<T>, give: &mut dyn FnMut(usize, Tensor<T>)) {
///         let y = call.kept_y().expect("`keeps` names it");
///         assert!(y.iter().all(|y| y != T::zero()), "length: 0 has no direction (called at {})", call.caller());
///         for i in (0..call.inputs()).filter(|&i| call.needs(i)) {
///             // Where nothing was stretched and nobody differentiates this again, one loop over numbers does.
///             let plain = call.kept_x(i).filter(|_| !call.recorded() && call.shape(i) == dy.shape());
///             give(i, match plain {
///                 None => &dy * call.x(i) / call.y(),
///                 Some(x) => Tensor::build(dy.shape(), |dx| {
///                     let read = dy.array().iter().zip(x).zip(y);
///                     dx.iter_mut().zip(read).for_each(|(dx, ((dy, x), y))| *dx = dy * x / y);
///                 }),
///             });
///         }
///     }
///     fn keeps(&self, i: usize) -> Keeps {
///         Keeps::x(i) | Keeps::y()
///     }
/// }
///
/// let [a, b] = [3.0_f64, 4.0].map(|x| Tensor::scalar(x).requires_grad());
/// let length = Length.apply_to(&[&a, &b]);
/// let [da] = grad(&length, [&a]); // recorded
/// assert!((da.backward()[&a].item() - 4.0 * 4.0 / 125.0).abs() < 1e-15);
/// let grads = length.backward(); // not recorded
/// assert_eq!((grads[&a].item(), grads[&b].item()), (0.6, 0.8));
/// ```
#[derive(Clone, Copy)]
pub struct Call<'a, T: Scalar> {
    place: &'a Place<T>,
    node: &'a Node<T>,
    recorded: bool,
    /// The nodes that gradients are carried to; `None` for all.
    on_path: Option<&'a HashSet<Id>>,
}

impl<'a, T: Scalar> Call<'a, T> {
    pub(crate) fn new(
        place: &'a Place<T>,
        node: &'a Node<T>,
        recorded: bool,
        on_path: Option<&'a HashSet<Id>>,
    ) -> Self {
        Call { place, node, recorded, on_path }
    }

    /// Input `i`. While the backward pass is itself recorded, it has its place in the graph.
    ///
    /// # Panics
    /// If the operator's `keeps` does not list it.
    #[track_caller]
    pub fn x(&self, i: usize) -> Tensor<T> {
        let input = &self.node.inputs[i];
        let Held::Value(array) = &input.held else {
            self.not_kept(&format!("input {i}"), &format!("Keeps::x({i})"))
        };
        match self.recorded {
            true => Tensor::tracked(array.clone(), input.place.clone()),
            false => Tensor::constant(array.clone()),
        }
    }

    /// The output. While the backward pass is itself recorded, it has its place in the graph.
    ///
    /// # Panics
    /// If the operator's `keeps` does not list it.
    #[track_caller]
    pub fn y(&self) -> Tensor<T> {
        let Some(array) = &self.node.output else { self.not_kept("its output", "Keeps::y()") };
        match self.recorded {
            true => Tensor::tracked(array.clone(), self.place.clone()),
            false => Tensor::constant(array.clone()),
        }
    }

    /// Input `i`, which is kept, in its place in the graph, whether the backward pass is recorded or not.
    pub(crate) fn placed_x(&self, i: usize) -> Tensor<T> {
        let array = self.kept_x(i).expect("the operator keeps it").clone();
        Tensor::tracked(array, self.node.inputs[i].place.clone())
    }

    /// The node of input `i`, if it is tracked.
    pub(crate) fn input(&self, i: usize) -> Option<&'a Node<T>> {
        self.node.inputs[i].place.node()
    }

    /// The operator.
    pub(crate) fn op(&self) -> &'a dyn AnyOp<T> {
        self.node.op()
    }

    /// The node of input `i`, if anybody asks for its gradient.
    pub(crate) fn asked(&self, i: usize) -> Option<Id> {
        self.input(i).map(|node| node.id).filter(|_| self.needs(i))
    }

    /// The value of input `i`, if it was kept.
    pub fn kept_x(&self, i: usize) -> Option<&'a Array<T>> {
        match &self.node.inputs[i].held {
            Held::Value(array) => Some(array),
            Held::Shape(_) => None,
        }
    }

    /// The value of the output, if it was kept.
    pub fn kept_y(&self) -> Option<&'a Array<T>> {
        self.node.output.as_ref()
    }

    #[cold]
    #[track_caller]
    fn not_kept(&self, what: &str, cure: &str) -> ! {
        let (name, caller) = (self.node.op().name(), self.node.caller);
        panic!(
            "{name}: the gradient reads {what}, which was not kept (called at {caller})\n  help: add `{cure}` to what `keeps` of the operator gives"
        )
    }

    /// The shape of input `i`.
    pub fn shape(&self, i: usize) -> &'a Shape {
        match &self.node.inputs[i].held {
            Held::Value(array) => array.shape(),
            Held::Shape(shape) => shape,
        }
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    /// Whether anybody asks for the gradient of input `i`.
    pub fn needs(&self, i: usize) -> bool {
        let node = self.node.inputs[i].place.node();
        node.is_some_and(|node| self.on_path.is_none_or(|on_path| on_path.contains(&node.id)))
    }

    /// Whether the backward pass is recorded, to be differentiated again. If not, `backward` may take a faster way
    /// than tensors to the same values.
    pub fn recorded(&self) -> bool {
        self.recorded
    }

    /// The line of the program that called the operator.
    pub fn caller(&self) -> &'static Location<'static> {
        self.node.caller
    }
}

impl<T: Scalar> std::fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} called at {}", self.node.op(), self.node.caller)
    }
}
