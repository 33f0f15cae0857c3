//! Adafactor: the mean of squared gradients of a matrix, as the product of a column and a row.

use super::limits::FROM_0;
use super::norm::norm;
use super::{Decay, Optimizer, ParamStep, State, rate};
use autograd::{Scalar, Shape, Tensor, update_each};
use std::ops::Bound::{self, Excluded, Included};

/// Adafactor: Adam's scaling for a fraction of its memory, `n + m` numbers for a matrix of `n × m`.
///
/// ```text
/// b = t^decay        R = (1 - b) R + b mean over columns of g²        C = (1 - b) C + b mean over rows of g²
/// V = R C / max(mean R, ε)                                   of a matrix
/// V = (1 - b) V + b g²                                       of a vector or a number
/// u = g / max(√V, ε)        û = u / max(1, rms(u) / clip)
/// w = (1 - lr λ) w - min(lr, 1/√t) max(ε₂, rms(w)) û         where rms(x)² is the mean of x²
/// ```
/// Of a parameter with more than two axes the last two make matrices, one for each index of the others. The rate is the most by which a
/// step may change the weights, as a share of their size.
///
/// Source: N. Shazeer and M. Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018, in the form of PyTorch.
///
/// ```
/// use nn::{Adafactor, Optimizer, Param, Tensor};
/// let mut w: Param = Param::new(Tensor::ones([100, 50]));
/// let mut adafactor = Adafactor { weight_decay: 0.0, ..Adafactor::new(0.01) };
/// let loss = w.square().sum();
/// adafactor.step(&mut w, &loss.backward());
/// assert!((w.at([0, 0]) - 0.99).abs() < 1e-6); // by a hundredth of the weights' size
/// assert_eq!(adafactor.state.bytes(), (100 + 50) * 4); // and not 2 · 100 · 50 numbers, as of Adam
/// ```
#[derive(Clone, Debug)]
pub struct Adafactor<T: Scalar = f32> {
    /// The learning rate, at most which the relative rate `1/√t` is.
    pub lr: f64,
    /// The power of the step that is the share of what is new; at most 0.
    pub beta2_decay: f64,
    /// The least root of a mean of squares.
    pub epsilon: f64,
    /// The least size of a weight, `ε₂`, so that those which are zero can leave it.
    pub least_size: f64,
    /// How large a direction may be, at least 1.
    pub clip: f64,
    /// How much of the weight goes at each step, times the learning rate.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

impl<T: Scalar> Adafactor<T> {
    /// `beta2_decay` -0.8, `epsilon` that of the numbers, `least_size` 1e-3, `clip` 1, no weight decay.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Adafactor {
            lr: rate("Adafactor", lr),
            beta2_decay: -0.8,
            epsilon: T::epsilon().into(),
            least_size: 1e-3,
            clip: 1.0,
            weight_decay: 0.0,
            state: State::default(),
        }
    }

    /// The mean of squares, after it has followed those of the gradient: of shape `[.., n, m]`, or that of the gradient.
    fn squares(&self, g: &Tensor<T>, share: f64, slots: &mut [Vec<T>]) -> Tensor<T> {
        let [rows, columns] = slots else {
            panic!(
                "Adafactor: expected two slots, found {}\n  help: an optimizer that leaves its steps to this one names as many slots",
                slots.len()
            )
        };
        let square = g.square();
        if g.rank() < 2 {
            columns.clear();
            columns.shrink_to_fit();
            return follow(rows, &square, share);
        }
        let rows = follow(rows, &square.mean_keepdims(-1), share);
        let columns = follow(columns, &square.mean_keepdims(-2), share);
        let mean = rows.mean_keepdims(-2).clamp(T::of(self.epsilon), T::infinity());
        rows * columns / mean
    }
}

/// Moves what is remembered by this share towards `news`. A slot that has another length, as at first, holds nothing yet.
fn follow<T: Scalar>(slot: &mut Vec<T>, news: &Tensor<T>, share: f64) -> Tensor<T> {
    if slot.len() != news.size() {
        *slot = vec![T::zero(); news.size()];
    }
    let (keep, share) = (T::of(1.0 - share), T::of(share));
    update_each(slot, &news.array().view().contiguous(), [], |old, new, []| (keep * old + share * new, []));
    tensor(news.shape(), slot)
}

/// Numbers that lie in row-major order, as a constant, so that operators can be applied to them.
fn tensor<T: Scalar>(shape: &Shape, values: &[T]) -> Tensor<T> {
    Tensor::build(shape.clone(), |x| x.copy_from_slice(values))
}

/// The root of the mean of squares.
fn rms<T: Scalar>(x: &[T]) -> f64 {
    norm(x) / (x.len() as f64).sqrt()
}

impl<T: Scalar> Optimizer<T> for Adafactor<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["rows", "columns"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let ParamStep { shape, lr, .. } = step;
        if shape.size() == 0 {
            return;
        }
        let t = step.step as f64;
        let length = rms(step.w).max(self.least_size) * lr.min(t.sqrt().recip());
        let g = tensor(shape, step.g);
        let squares = self.squares(&g, t.powf(self.beta2_decay), step.slots);
        let least = T::of(self.epsilon);
        let direction = g / squares.sqrt().clamp(least, T::infinity());
        let g = direction.array().view().contiguous();
        let rate = T::of(length / (rms(&g) / self.clip).max(1.0));
        ParamStep { g: &g, ..step }.each(|w, u, []| (w - rate * u, []));
    }

    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("beta2_decay", self.beta2_decay, (Excluded(f64::NEG_INFINITY), Included(0.0)));
        see("epsilon", self.epsilon, FROM_0);
        see("least_size", self.least_size, FROM_0);
        see("clip", self.clip, (Included(1.0), Excluded(f64::INFINITY)));
        see("weight_decay", self.weight_decay, FROM_0);
    }

    fn state(&mut self) -> &mut State<T> {
        &mut self.state
    }
    fn lr(&self) -> f64 {
        self.lr
    }
    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }
}
