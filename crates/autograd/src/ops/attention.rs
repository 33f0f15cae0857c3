//! Scaled dot-product attention: every query gets the mean of the values, weighted by how well it fits their keys.
//!
//! ```text
//! y_i = Σ_j p_ij v_j        p_ij = softmax_j(s q_i · k_j)        s = 1/√d
//! ```
//! Source: A. Vaswani et al., "Attention is all you need", 2017. A query that may see no key at all has no weights: it gets zeros,
//! and no gradient passes it.

use crate::array::{Array, View};
use crate::error::{OrPanic, ShapeError};
use crate::graph::Call;
use crate::kernels::attention::{self, Rules, Sizes};
use crate::onnx::{Operands, Value};
use crate::op::{Keeps, Op, one_by_one};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Attention, with inputs queries `[.., t, d]`, keys `[.., s, d]` and values `[.., s, e]`, whose other axes (batch, heads) are equal;
/// the output is `[.., t, e]`.
///
/// ```
/// use autograd::{Op, Tensor, ops::Attention};
/// let q = Tensor::from([[1.0], [1.0]]); // two queries, which fit these two keys equally well
/// let (k, v) = (q.clone(), Tensor::from([[2.0], [4.0]]).requires_grad());
/// let y = Attention::new().apply([&q, &k, &v]);
/// assert_eq!((y.to_vec(), y.sum().backward()[&v].to_vec()), (vec![3.0, 3.0], vec![1.0, 1.0]));
/// assert_eq!(Attention::new().causal().apply([&q, &k, &v]).to_vec(), [2.0, 3.0]);
/// assert_eq!(Attention::new().mask(&v.t().gt(3.0)).apply([&q, &k, &v]).to_vec(), [4.0, 4.0]);
/// let better = Tensor::from([[1.0], [2.0]]); // by far, at this scale
/// assert_eq!(Attention::new().scale(1000.0).apply([&q, &better, &v]).to_vec(), [4.0, 4.0]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// What `q · k` is multiplied by; `None` is `1/√d`.
    pub scale: Option<f64>,
    /// Whether query `i` sees the keys `0..=i` alone.
    pub causal: bool,
    /// Where a query may see a key; broadcasts to `[.., t, s]`.
    pub mask: Option<Array<bool>>,
}

impl Attention {
    /// Every query sees every key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Query `i` sees the keys `0..=i` alone.
    pub fn causal(self) -> Self {
        Attention { causal: true, ..self }
    }

    /// A query sees a key only where the mask holds, which broadcasts to `[.., t, s]`.
    pub fn mask(self, mask: &Array<bool>) -> Self {
        Attention { mask: Some(mask.clone()), ..self }
    }

    /// The scale of the logits, instead of `1/√d`.
    pub fn scale(self, scale: f64) -> Self {
        Attention { scale: Some(scale), ..self }
    }

    fn scale_of(&self, q: &Shape) -> f64 {
        self.scale.unwrap_or_else(|| (q[q.rank() - 1] as f64).sqrt().recip())
    }

    /// The mask for all queries and keys.
    fn whole_mask(&self, q: &Shape, k: &Shape) -> Option<Array<bool>> {
        let mask = self.mask.as_ref()?;
        Some(mask.broadcast_to(&shape_of_weights(q, k)).or_panic())
    }

    /// Calls the loops on what lies in row-major order.
    fn run<T: Scalar, R>(
        &self,
        [q, k, v]: [View<'_, T>; 3],
        f: impl FnOnce(Sizes, Rules<'_>, [&[T]; 3]) -> R,
    ) -> R {
        let mask = self.whole_mask(q.shape(), k.shape());
        let rules = Rules {
            causal: self.causal,
            mask: mask.as_ref().map(|mask| mask.view()),
            scale: self.scale_of(q.shape()),
        };
        let (outer, q_size) = q.shape().split_at(q.shape().rank() - 2);
        let rank = v.shape().rank();
        let sizes = Sizes {
            units: outer.size(),
            queries: q_size[0],
            keys: v.shape()[rank - 2],
            width: q_size[1],
            values: v.shape()[rank - 1],
        };
        let (q, k, v) = (q.contiguous(), k.contiguous(), v.contiguous());
        f(sizes, rules, [&q, &k, &v])
    }

    /// The weights of queries `[.., t, d]` for keys `[.., s, d]`, all of them: `[.., t, s]`, the sum of each row 1, or 0 if the query may
    /// see no key. To look at, or to change before they mix the values: `weights.matmul(&values)` is attention.
    ///
    /// ```
    /// use autograd::{Tensor, ops::Attention};
    /// let q = Tensor::from([[1.0], [1.0]]);
    /// assert_eq!(Attention::new().causal().weights(&q, &q).to_vec(), [1.0, 0.0, 0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or the mask does not broadcast to `[.., t, s]`.
    #[track_caller]
    pub fn weights<T: Scalar>(&self, q: &Tensor<T>, k: &Tensor<T>) -> Tensor<T> {
        // Attention with the keys as values asks for the same shapes.
        Op::<T, 3>::shape(self, [q.shape(), k.shape(), k.shape()])
            .map_err(|error| error.of("attention"))
            .or_panic();
        self.weights_of(q, k)
    }

    /// The same, of shapes that are known to fit.
    fn weights_of<T: Scalar>(&self, q: &Tensor<T>, k: &Tensor<T>) -> Tensor<T> {
        let logits = q.matmul(&k.t()) * T::of(self.scale_of(q.shape()));
        let shape = logits.shape().clone();
        let causal = self.causal.then(|| {
            let [queries, keys] = [shape[shape.rank() - 2], shape[shape.rank() - 1]];
            let below = Tensor::<T>::ones([queries, keys]).tril(0);
            below.mask(|x| x > T::zero()).broadcast_to(&shape).or_panic()
        });
        let seen = match (causal, self.whole_mask(q.shape(), k.shape())) {
            (None, None) => return logits.softmax(-1),
            (Some(a), Some(b)) => &a & &b,
            (Some(seen), None) | (None, Some(seen)) => seen,
        };
        // Rows that see nothing have no softmax. They get one of zeros, which is then hidden like all else.
        let is_blind = !&seen.any_axes(-1).reshape(shape.with(shape.rank() - 1, 1)).or_panic();
        let hidden = !&seen;
        let logits = logits.masked_fill(&hidden, T::neg_infinity()).masked_fill(&is_blind, T::zero());
        logits.softmax(-1).masked_fill(&hidden, T::zero())
    }
}

fn softmax(logits: &Value) -> Value {
    Value::node("Softmax", &[logits], &[("axis", (-1).into())])
}

fn weighted(weights: &Value, values: &Value) -> Value {
    Value::node("MatMul", &[weights, values], &[])
}

/// The shape of the weights.
fn shape_of_weights(q: &Shape, k: &Shape) -> Shape {
    let (outer, _) = q.split_at(q.rank() - 2);
    outer.join(&[q[q.rank() - 2], k[k.rank() - 2]])
}

impl<T: Scalar> Op<T, 3> for Attention {
    fn shape(&self, [q, k, v]: [&Shape; 3]) -> Result<Shape, ShapeError> {
        let wrong = |problem: &str| {
            ShapeError::new(problem)
                .operand("queries", q, "")
                .operand("keys", k, "")
                .operand("values", v, "")
                .help(
                    "queries are [.., t, d], keys [.., s, d] and values [.., s, e], with equal axes in front",
                )
        };
        if [q, k, v].iter().any(|x| x.rank() < 2) || q.rank() != k.rank() || q.rank() != v.rank() {
            return Err(wrong("expected as many axes, at least two, of queries, keys and values"));
        }
        let at = q.rank() - 2;
        if q.dims()[..at] != k.dims()[..at] || q.dims()[..at] != v.dims()[..at] {
            return Err(wrong("the axes in front differ"));
        }
        if q[at + 1] != k[at + 1] {
            return Err(wrong("queries and keys are not equally wide"));
        }
        if k[at] != v[at] {
            return Err(wrong("there are not as many values as keys"));
        }
        if let Some(mask) = &self.mask {
            let weights = shape_of_weights(q, k);
            mask.broadcast_to(&weights).map_err(|_| {
                ShapeError::new("the mask does not broadcast to queries and keys")
                    .operand("mask", mask.shape(), "")
                    .operand("weights", &weights, "[.., t, s]")
                    .help("true in the mask is what may be seen")
            })?;
        }
        Ok(q.with(at + 1, v[at + 1]))
    }

    fn forward(&self, x: [View<'_, T>; 3], y: &mut [T]) {
        self.run(x, |sizes, rules, x| attention::forward(sizes, rules, x, y));
    }

    fn backward(&self, i: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let (q, k) = (call.x(0), call.x(1));
        let p = self.weights_of(&q, &k);
        if i == 2 {
            return p.t().matmul(dy);
        }
        let dp = dy.matmul(&call.x(2).t());
        let ds = &p * (&dp - (&p * &dp).sum_keepdims(-1)) * T::of(self.scale_of(q.shape()));
        if i == 0 { ds.matmul(&k) } else { ds.t().matmul(&q) }
    }

    /// All three gradients, block by block.
    fn backward_all(&self, call: &Call<'_, T>, dy: Tensor<T>) -> [Option<Tensor<T>>; 3] {
        let needs = [0, 1, 2].map(|i| call.needs(i));
        if call.recorded() || !needs[0] && !needs[1] {
            return one_by_one(self, call, &dy);
        }
        let x = [0, 1, 2].map(|i| call.x(i));
        let [mut dq, mut dk, mut dv] = [0, 1, 2].map(|i| Array::build(x[i].shape(), |_| {}).or_panic());
        self.run([0, 1, 2].map(|i| x[i].array().view()), |sizes, rules, x| {
            let dy = dy.array().view().contiguous();
            attention::backward(sizes, rules, x, &dy, [dq.make_mut(), dk.make_mut(), dv.make_mut()]);
        });
        let [dq, dk, dv] = [dq, dk, dv].map(Tensor::constant);
        [needs[0].then_some(dq), needs[1].then_some(dk), needs[2].then_some(dv)]
    }

    fn keeps(&self, i: usize) -> Keeps {
        match i {
            2 => Keeps::x(0) | Keeps::x(1),
            _ => Keeps::x(0) | Keeps::x(1) | Keeps::x(2),
        }
    }
    fn onnx(&self, x: &Operands<'_>) -> Value {
        let (q, k) = (x.shape(0), x.shape(1));
        let rank = q.rank();
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        let scale = Value::number(T::of(self.scale_of(q)).into());
        let logits = Value::node("MatMul", &[&(x[0].clone() * scale), &x[1].transpose(&order)], &[]);
        let causal = self.causal.then(|| {
            Value::of(&Tensor::<T>::ones([q[rank - 2], k[rank - 2]]).tril(0).mask(|x| x > T::zero()))
        });
        let given = self.mask.as_ref().map(Value::of);
        let is_given = given.is_some();
        let seen = match (causal, given) {
            (Some(a), Some(b)) => Some(Value::node("And", &[&a, &b], &[])),
            (a, b) => a.or(b),
        };
        let Some(seen) = seen else { return weighted(&softmax(&logits), &x[2]) };
        let logits = seen.choose(&logits, &Value::number(f64::NEG_INFINITY));
        if !is_given {
            return weighted(&softmax(&logits), &x[2]);
        }
        // Rows that see nothing have no softmax, but NaN, which is hidden like all else that is not seen.
        weighted(&seen.choose(&softmax(&logits), &Value::number(0.0)), &x[2])
    }
}

/// Attention.
impl<T: Scalar> Tensor<T> {
    /// Scaled dot-product attention of these queries `[.., t, d]` to keys `[.., s, d]` with values `[.., s, e]`, the axes in front
    /// (batch, heads) being equal: `[.., t, e]`. The weights of some queries at a time are in memory, never all.
    ///
    /// A query that may see no key gets zeros, and passes no gradient.
    ///
    /// ```
    /// use autograd::{Tensor, ops::Attention};
    /// let q = Tensor::from([[1.0], [1.0]]);
    /// let v = Tensor::from([[2.0, 0.0], [4.0, 6.0]]);
    /// let y = q.scaled_dot_product_attention(&q, &v, Attention::new().causal());
    /// assert_eq!(y.to_vec(), [2.0, 0.0, 3.0, 3.0]); // the first sees itself, the second both, which fit equally well
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or the mask does not broadcast to `[.., t, s]`.
    #[track_caller]
    pub fn scaled_dot_product_attention(&self, keys: &Self, values: &Self, attention: Attention) -> Self {
        attention.apply([self, keys, values])
    }
}
