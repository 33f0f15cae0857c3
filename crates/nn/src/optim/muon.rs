//! Muon: steps of matrices in all directions alike.
//!
//! The momentum of a matrix is nearly of low rank: a few directions are learned, and the others hardly move. Muon takes in its place the
//! nearest matrix whose singular values are equal, `U Vᵀ` of `U Σ Vᵀ`. A polynomial of odd powers acts on singular values alone,
//! `a X + b X Xᵀ X + c X Xᵀ X Xᵀ X = U (a Σ + b Σ³ + c Σ⁵) Vᵀ`, so some rounds of one that drives `(0, 1]` towards 1 come near it by
//! products of matrices alone (Newton and Schulz). The usual coefficients are steep at 0 and end between 0.7 and 1.2, which is enough.

use super::limits::{FROM_0, SHARE};
use super::{Decay, Optimizer, ParamStep, State, rate};
use autograd::{Scalar, Tensor, update_each};
use std::ops::Bound;

/// Muon, for matrices: momentum that is made orthogonal.
///
/// ```text
/// m = μ m + (1 - μ) g        u = (1 - μ) g + μ m if nesterov, m if not
/// X = u / max(‖u‖, ε)        rounds times: X = a X + (b X Xᵀ + c (X Xᵀ)²) X
/// w = (1 - lr λ) w - lr s X  with s as `MuonRate` says
/// ```
/// It is meant for the weights of hidden layers. Biases, scales, embeddings and the last layer want another optimizer: [`Split`].
/// Filters of convolutions have four axes, and are no matrices either.
///
/// Source: K. Jordan and others, "Muon: An optimizer for hidden layers in neural networks", 2024, as PyTorch has it, which
/// multiplies in bfloat16; here it is done in the numbers of the network.
///
/// [`Split`]: crate::Split
///
/// ```
/// use nn::{AdamW, Muon, Split};
/// let optimizer = Split::new("*", Muon::<f32>::new(0.02), AdamW::new(3e-4)).matrices();
/// assert_eq!(optimizer.first.rounds, 5);
/// ```
#[derive(Clone, Debug)]
pub struct Muon<T: Scalar = f32> {
    /// The learning rate.
    pub lr: f64,
    /// How much of the mean of gradients is kept, in `[0, 1)`.
    pub momentum: f64,
    /// Whether to look ahead along the momentum.
    pub nesterov: bool,
    /// `a`, `b` and `c` of the polynomial.
    pub coefficients: [f64; 3],
    /// How often the polynomial is applied.
    pub rounds: usize,
    /// The least norm that is divided by, so that gradients may vanish, if it is positive; at least 0.
    pub epsilon: f64,
    /// How the rate depends on the shape.
    pub scale: MuonRate,
    /// How much of the weight goes at each step, times the learning rate.
    pub weight_decay: f64,
    /// What is remembered.
    pub state: State<T>,
}

/// What the rate of [`Muon`] is multiplied by, for a matrix of `n` rows and `m` columns. A direction in which all singular values are 1 has
/// larger elements the smaller the matrix is.
///
/// ```
/// use nn::{Muon, MuonRate, Optimizer, Param, Tensor};
/// let moved = |scale| {
///     let mut w = Param::new(Tensor::<f64>::zeros([4, 1]));
///     let loss = (&*w * Tensor::from([[1.0], [2.0], [3.0], [4.0]])).sum();
///     Muon { scale, ..Muon::new(0.1) }.step(&mut w, &loss.backward());
///     w.norm(2.0).item()
/// };
/// let [original, adam, spectral] = [MuonRate::Original, MuonRate::MatchAdam, MuonRate::Spectral].map(moved);
/// assert!((adam / original - 0.2).abs() < 1e-12); // 0.2 √4 to √4
/// assert!((spectral / original - 1.0).abs() < 1e-12); // √(4/1) both
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuonRate {
    /// `√max(1, n / m)`: of K. Jordan.
    Original,
    /// `0.2 √max(n, m)`: elements as large as those of Adam's steps, so that its rate and decay may be kept. J. Liu and others, "Muon is
    /// Scalable for LLM Training", 2025.
    MatchAdam,
    /// `√(n / m)`: the same change of what the layer puts out, for inputs of the same size. J. Bernstein, "Deriving Muon", 2025.
    Spectral,
}

impl MuonRate {
    fn factor(self, n: f64, m: f64) -> f64 {
        match self {
            MuonRate::Original => (n / m).max(1.0).sqrt(),
            MuonRate::MatchAdam => 0.2 * n.max(m).sqrt(),
            MuonRate::Spectral => (n / m).sqrt(),
        }
    }
}

impl<T: Scalar> Muon<T> {
    /// Momentum 0.95, Nesterov's; coefficients 3.4445, -4.775 and 2.0315, five rounds; `epsilon` 1e-7; `MuonRate::Original`;
    /// `weight_decay` 0.1.
    ///
    /// # Panics
    /// If the learning rate is negative or not finite. Its steps panic if a parameter with a gradient is no matrix.
    #[track_caller]
    pub fn new(lr: f64) -> Self {
        Muon {
            lr: rate("Muon", lr),
            momentum: 0.95,
            nesterov: true,
            coefficients: [3.4445, -4.7750, 2.0315],
            rounds: 5,
            epsilon: 1e-7,
            scale: MuonRate::Original,
            weight_decay: 0.1,
            state: State::default(),
        }
    }

    /// Makes the singular values nearly equal. The Gram matrix is that of the shorter side.
    fn orthogonal(&self, u: &Tensor<T>) -> Tensor<T> {
        let [a, b, c] = self.coefficients.map(T::of);
        let is_tall = u.dims()[0] > u.dims()[1];
        let u = if is_tall { u.t() } else { u.clone() };
        let norm = u.norm(2.0).item().max(T::of(self.epsilon));
        let x = (0..self.rounds).fold(u / norm, |x, _| {
            let gram = x.matmul(&x.t());
            let polynomial = &gram * b + gram.matmul(&gram) * c;
            polynomial.matmul(&x) + x * a
        });
        if is_tall { x.t() } else { x }
    }
}

impl<T: Scalar> Optimizer<T> for Muon<T> {
    fn slots(&self) -> &'static [&'static str] {
        &["momentum"]
    }

    fn update(&self, step: ParamStep<'_, T>) {
        let [n, m] = *step.shape.dims() else {
            panic!(
                "Muon: the parameter `{}` of shape {} is no matrix\n  help: give what is none to another optimizer: \
                 `Split::new(\"*\", Muon::new(0.02), AdamW::new(3e-4)).matrices()`",
                step.path, step.shape
            )
        };
        let [momentum, ..] = &mut *step.slots else {
            panic!(
                "Muon: expected a slot, found none\n  help: an optimizer that leaves its steps to this one names as many slots"
            )
        };
        let (keep, rest, nesterov) = (T::of(self.momentum), T::of(1.0 - self.momentum), self.nesterov);
        let mean = Tensor::build([n, m], |u| {
            update_each(u, step.g, [momentum], |_, g, [old]| {
                let new = keep * old + rest * g;
                (if nesterov { rest * g + keep * new } else { new }, [new])
            });
        });
        let direction = self.orthogonal(&mean);
        let rate = T::of(step.lr * self.scale.factor(n as f64, m as f64));
        let g = direction.array().view().contiguous();
        ParamStep { g: &g, ..step }.each(|w, u, []| (w - rate * u, []));
    }

    fn decay(&self) -> Decay {
        Decay::Decoupled(self.weight_decay)
    }

    fn hyperparameters(&self, see: &mut dyn FnMut(&'static str, f64, (Bound<f64>, Bound<f64>))) {
        see("momentum", self.momentum, SHARE);
        see("epsilon", self.epsilon, FROM_0);
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
