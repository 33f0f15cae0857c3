//! Losses: one number for how wrong an output is, the mean over a batch.

use autograd::ops::{LogSumExp, Sigmoid, Softmax, Softplus, SumOf};
use autograd::{Algebra, Array, Call, Keeps, Op, Pointwise, Scalar, Shape, ShapeError, Tensor, View};

/// The mean of the squared differences between prediction and target, over all elements.
///
/// ```
/// use nn::{mse, Tensor};
/// assert_eq!(mse(&Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 4.0])).item(), 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no elements. Shapes are not broadcast: that hides mistakes.
#[track_caller]
pub fn mse<T: Scalar>(prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    must_be_alike("mse", prediction, target);
    mean_of(SquaredDifference, prediction, target)
}

/// The mean of a function of prediction and target.
#[track_caller]
fn mean_of<T: Scalar>(f: impl Pointwise<T, 2>, prediction: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    SumOf::all(f).apply([prediction, target]) / T::of(prediction.size() as f64)
}

/// `(a - b)²`, of one element: [`mse`] is its mean.
#[derive(Debug)]
pub struct SquaredDifference;

impl<T: Scalar> Pointwise<T, 2> for SquaredDifference {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [a, b]: [A; 2]) -> A {
        let difference = a - b;
        difference.clone() * difference
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [a, b]: [A; 2], _: A) -> A {
        let twice = A::number(2.0);
        twice * if i == 0 { a - b } else { b - a }
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0) | Keeps::x(1)
    }
}

/// A loss of elements takes as many targets as predictions, and some: shapes that broadcast would hide mistakes.
#[track_caller]
fn must_be_alike<T: Scalar>(loss: &str, prediction: &Tensor<T>, target: &Tensor<T>) {
    let (p, t) = (prediction.shape(), target.shape());
    if p != t || p.size() == 0 {
        let problem =
            if p == t { "nothing has no mean" } else { "prediction and target must have one shape" };
        let error = ShapeError::new(format!("{loss}: {problem}"))
            .operand("prediction", p, "")
            .operand("target", t, "");
        panic!("{}", error.help("`reshape` or `unsqueeze` the target to the shape of the prediction"));
    }
}

/// The cross-entropy of yes and no, the mean over all elements: `-t ln σ(x) - (1 - t) ln (1 - σ(x))` for a logit `x` and the
/// probability `t` that it should have.
///
/// Takes logits, not probabilities, and is exact where the sigmoid would round to 0 or 1.
///
/// ```
/// use nn::{bce_with_logits, Tensor};
/// let (logits, targets) = (Tensor::from([0.0, 1e4, -1e4]), Tensor::from([1.0, 1.0, 1.0]));
/// let loss = bce_with_logits(&logits, &targets);
/// assert!((loss.item() - (2.0_f64.ln() + 1e4) / 3.0).abs() < 1e-9);
/// ```
///
/// # Panics
/// If the shapes differ, there are no elements, or a target is no number from 0 to 1.
#[track_caller]
pub fn bce_with_logits<T: Scalar>(logits: &Tensor<T>, targets: &Tensor<T>) -> Tensor<T> {
    must_be_alike("bce_with_logits", logits, targets);
    let no_probability = |t: &T| !(T::zero()..=T::one()).contains(t);
    if let Some(place) = targets.array().view().contiguous().iter().position(no_probability) {
        let error = ShapeError::new(format!("bce_with_logits: target {place} is no number from 0 to 1"))
            .operand("targets", targets.shape(), "counted in row-major order");
        panic!("{}", error.help("a target is the probability of yes: 0, 1 or between"));
    }
    mean_of(BceWithLogits, logits, targets)
}

/// The cross-entropy of yes and no, of one element: [`bce_with_logits`] is its mean.
///
/// Written with the softplus `s`, as `t s(-x) + (1 - t) s(x)`, it never subtracts numbers that are nearly equal. Its derivative
/// by the logit is `(1 - t) σ(x) - t σ(-x) = σ(x) - t`, that by the target `-x`.
#[derive(Debug)]
pub struct BceWithLogits;

/// `p f` if `p` is above 0, and 0 if not, whatever `f` is.
#[inline(always)]
fn share<T: Scalar, A: Algebra<T>>(p: A, f: A) -> A {
    p.clone().if_positive(p * f, A::constant(T::zero()))
}

impl<T: Scalar> Pointwise<T, 2> for BceWithLogits {
    #[inline(always)]
    fn f<A: Algebra<T>>(&self, [x, t]: [A; 2]) -> A {
        let softplus = Softplus { beta: T::one(), threshold: T::infinity() };
        share(t.clone(), softplus.f([-x.clone()])) + share(A::one() - t, softplus.f([x]))
    }
    #[inline(always)]
    fn df<A: Algebra<T>>(&self, i: usize, [x, t]: [A; 2], _: A) -> A {
        match i {
            0 => (A::one() - t.clone()) * Sigmoid.f([x.clone()]) - t * Sigmoid.f([-x]),
            _ => -x,
        }
    }
    fn keeps(&self, i: usize) -> Keeps {
        if i == 0 { Keeps::x(0) | Keeps::x(1) } else { Keeps::x(0) }
    }
}

/// The cross-entropy of softmax against whole labels, the mean over the rows: `-ln softmax(logits)[label]`.
///
/// Takes logits of shape `[n, classes]`, not probabilities, and works where softmax would underflow.
///
/// ```
/// use nn::{cross_entropy, Tensor};
/// let logits = Tensor::from([[0.0, 0.0], [1e4, 0.0]]);
/// let loss = cross_entropy(&logits, &[1, 0]);
/// assert!((loss.item() - 2.0_f64.ln() / 2.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// If the logits are not `[n, classes]` with `n > 0`, there are not `n` labels, or a label is not below `classes`;
/// [`CrossEntropy`] gives an error instead.
#[track_caller]
pub fn cross_entropy<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> Tensor<T> {
    CrossEntropy::new(labels.as_ref()).apply([logits])
}

/// [`cross_entropy`] as an operator on logits, in which the labels are fixed.
///
/// With `p = softmax(logits)`, the gradient is `dlogits = dy (p - one_hot(label)) / n`.
#[derive(Debug)]
pub struct CrossEntropy {
    labels: Array<usize>,
}

impl CrossEntropy {
    /// The loss against these labels, one for each row.
    pub fn new(labels: &[usize]) -> Self {
        CrossEntropy { labels: Array::from_slice(labels) }
    }

    fn labels(&self) -> impl Iterator<Item = usize> + '_ {
        self.labels.as_slice().expect("a list is in order").iter().copied()
    }
}

impl<T: Scalar> Op<T, 1> for CrossEntropy {
    fn shape(&self, [logits]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let [rows, classes] = logits.matrix().map_err(|e| {
            e.help(
                "logits are `[n, classes]`, a row for each sample; `unsqueeze(0)` makes one sample a batch",
            )
        })?;
        if rows != self.labels.size() || rows == 0 {
            let (problem, help) = match rows {
                0 => ("an empty batch has no mean", "leave out batches without samples"),
                _ => ("expected one label for each row of logits", "give logits and labels of one batch"),
            };
            return Err(ShapeError::new(problem)
                .operand("logits", logits, format!("{rows} rows"))
                .operand("labels", self.labels.shape(), "")
                .help(help));
        }
        if let Some((row, label)) = self.labels().enumerate().find(|(_, label)| *label >= classes) {
            return Err(ShapeError::new(format!("label {label}, of row {row}, is out of range"))
                .operand("logits", logits, format!("axis 1 is {classes}"))
                .help("labels count from 0; the last layer needs one output for each class"));
        }
        Ok(Shape::scalar())
    }

    fn forward(&self, [logits]: [View<'_, T>; 1], y: &mut [T]) {
        let [rows, classes] = [logits.shape()[0], logits.shape()[1]];
        let logs = Tensor::build([rows], |logs| LogSumExp { axis: -1 }.forward([logits], logs));
        let (logs, logits) = (logs.array().view().contiguous(), logits.contiguous());
        let right = self.labels().zip(logits.chunks_exact(classes)).map(|(label, row)| row[label]);
        // In f64: there may be millions of rows.
        let total: f64 = logs.iter().zip(right).map(|(&log, right)| (log - right).into()).sum();
        y[0] = T::of(total / rows as f64);
    }

    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let logits = call.x(0);
        let [rows, classes] = [logits.dims()[0], logits.dims()[1]];
        let scale = T::of(1.0 / rows as f64);
        if call.recorded() {
            let one_hot = Tensor::build(logits.shape(), |y| {
                y.fill(T::zero());
                y.chunks_exact_mut(classes).zip(self.labels()).for_each(|(row, label)| row[label] = T::one());
            });
            return (logits.softmax(-1) - one_hot) * (dy * scale);
        }
        let scale = scale * dy.item();
        Tensor::build(logits.shape(), |dx| {
            Softmax { axis: -1 }.forward([logits.array().view()], dx);
            for (dx, label) in dx.chunks_exact_mut(classes).zip(self.labels()) {
                dx.iter_mut().for_each(|p| *p *= scale);
                dx[label] -= scale;
            }
        })
    }

    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// The losses as methods of what a network returns.
pub trait Losses<T: Scalar> {
    /// See [`mse`].
    #[track_caller]
    fn mse(&self, target: &Tensor<T>) -> Tensor<T>;
    /// See [`bce_with_logits`].
    #[track_caller]
    fn bce_with_logits(&self, targets: &Tensor<T>) -> Tensor<T>;
    /// See [`cross_entropy`].
    #[track_caller]
    fn cross_entropy<L: AsRef<[usize]> + ?Sized>(&self, labels: &L) -> Tensor<T>;
}

impl<T: Scalar> Losses<T> for Tensor<T> {
    #[track_caller]
    fn mse(&self, target: &Tensor<T>) -> Tensor<T> {
        mse(self, target)
    }
    #[track_caller]
    fn bce_with_logits(&self, targets: &Tensor<T>) -> Tensor<T> {
        bce_with_logits(self, targets)
    }
    #[track_caller]
    fn cross_entropy<L: AsRef<[usize]> + ?Sized>(&self, labels: &L) -> Tensor<T> {
        cross_entropy(self, labels)
    }
}
