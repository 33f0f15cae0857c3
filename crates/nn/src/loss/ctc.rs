//! Connectionist temporal classification: a sequence of labels, of which nobody says when each occurs.
//!
//! At each time the network gives a class or the blank. A path through the times stands for the labels that are left when repeated
//! classes are merged and blanks taken out. The loss is `-ln P` of the probability `P` that a path stands for the target, the sum over
//! all such paths. With blanks around its labels the target is a list `l` of `2 L + 1` places, and `α_t(s)`, the probability of all
//! ways to be at place `s` at time `t`, follows from that at the time before:
//!
//! ```text
//! α_t(s) = p_t(l_s) (α(s) + α(s-1) + α(s-2))      P = α_T(2L) + α_T(2L-1)
//! ```
//! where the third term is there only if `l_s` is a label other than `l_(s-2)`, since equal ones need a blank between them. With `β`,
//! the same from the end, `α_t(s) β_t(s) / P` is how likely place `s` is at time `t`, and the gradient by a logit is softmax less what
//! its class has of that. All is worked out as logarithms, in double precision.
//!
//! Source: A. Graves, S. Fernández, F. Gomez and J. Schmidhuber, "Connectionist Temporal Classification", 2006.

use autograd::ops::{LogSumExp, Softmax};
use autograd::{Array, Call, Keeps, Op, Scalar, Shape, ShapeError, Tensor, View, grad_from};

/// The loss of connectionist temporal classification: for each sequence `-ln P(target)` divided by the number of its labels, the mean
/// over the batch, as PyTorch's `ctc_loss` has it. The blank is class 0.
///
/// Takes logits `[n, t, classes]`; logarithms of probabilities are such, too. [`Ctc`] tells lengths, another blank, and what to do with a
/// target that is longer than its sequence.
///
/// ```
/// use nn::{Tensor, ctc};
/// // Two times, blank or a: of four equally likely paths, all but "blank, blank" stand for "a".
/// let loss = ctc(&Tensor::<f64>::zeros([1, 2, 2]), &[vec![1]]);
/// assert!((loss.item() + 0.75_f64.ln()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the logits are not `[n, t, classes]` with `n > 0`, there are not `n` targets, or a label is no class, or blank.
#[doc(alias("CTCLoss", "ctc_loss"))]
#[track_caller]
pub fn ctc<T: Scalar>(logits: &Tensor<T>, targets: &[impl AsRef<[usize]>]) -> Tensor<T> {
    Ctc::new(targets).mean(logits)
}

/// [`ctc`] as an operator on logits `[n, t, classes]`, in which the targets are fixed. The operator gives the loss `-ln P` of each
/// sequence, `[n]`; [`mean`](Self::mean) is what is trained.
///
/// ```
/// use nn::{Ctc, Tensor, ops};
/// use autograd::Op;
/// let logits = Tensor::<f64>::zeros([2, 4, 3]);
/// let losses = Ctc::new(&[vec![1, 1], vec![]]).lengths(&[4, 2]).apply([&logits]);
/// assert!((losses.at([1]) - 9.0_f64.ln()).abs() < 1e-15); // twice blank, of nine paths one
/// let too_short = Ctc::new(&[[1, 1], [1, 1]]).lengths(&[2, 2]); // a blank has to lie between the two
/// assert_eq!(too_short.clone().mean(&logits).item(), f64::INFINITY);
/// assert_eq!(too_short.zero_infinity().mean(&logits).item(), 0.0);
/// let sure = Tensor::from([[[0.0_f64, 0.0, 50.0]]]); // of class 2, which may stand for no label
/// assert!(Ctc::new(&[[0; 0]]).blank(2).mean(&sure).item() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Ctc {
    targets: Vec<Vec<usize>>,
    lengths: Option<Vec<usize>>,
    blank: usize,
    zero_infinity: bool,
}

impl Ctc {
    /// The loss against these labels, a list for each sequence. The blank is class 0, and every time counts.
    pub fn new(targets: &[impl AsRef<[usize]>]) -> Self {
        let targets = targets.iter().map(|target| target.as_ref().to_vec()).collect();
        Ctc { targets, lengths: None, blank: 0, zero_infinity: false }
    }

    /// How many times of each sequence count; what is behind is padding.
    pub fn lengths(self, lengths: &[usize]) -> Self {
        Ctc { lengths: Some(lengths.to_vec()), ..self }
    }

    /// The class that stands for no label.
    pub fn blank(self, blank: usize) -> Self {
        Ctc { blank, ..self }
    }

    /// A target that no path stands for, as one longer than its sequence, has loss and gradient 0 instead of infinity and NaN. Logits
    /// that are NaN still make NaN of both.
    pub fn zero_infinity(self) -> Self {
        Ctc { zero_infinity: true, ..self }
    }

    /// The losses of all sequences, each divided by the number of its labels, or 1 if there are none; the mean over the batch.
    ///
    /// # Panics
    /// As [`ctc`]; or if there are not `n` lengths, or one is more than `t`.
    #[track_caller]
    pub fn mean<T: Scalar>(self, logits: &Tensor<T>) -> Tensor<T> {
        let n = self.targets.len();
        let share = |target: &Vec<usize>| T::of(1.0 / (target.len().max(1) * n) as f64);
        let shares: Vec<T> = self.targets.iter().map(share).collect();
        let shares = Tensor::build([n], |y| y.copy_from_slice(&shares));
        (self.apply([logits]) * shares).sum()
    }

    /// How many times of a sequence count.
    fn length(&self, i: usize, times: usize) -> usize {
        self.lengths.as_ref().map_or(times, |lengths| lengths[i])
    }

    /// The labels of a target with blanks around them, and at each place whether it can follow that two before.
    fn places(&self, i: usize) -> (Vec<usize>, Vec<bool>) {
        let labels = self.targets[i].iter().flat_map(|&label| [label, self.blank]);
        let places: Vec<usize> = std::iter::once(self.blank).chain(labels).collect();
        let skips = (0..places.len()).map(|s| s % 2 == 1 && s >= 3 && places[s] != places[s - 2]).collect();
        (places, skips)
    }

    /// `ln α` at all times, after each other, of `ln p` at all times and places.
    fn alphas(logs: &[f64], skips: &[bool]) -> Vec<f64> {
        let size = skips.len();
        let mut alphas = vec![f64::NEG_INFINITY; logs.len()];
        for (t, logs) in logs.chunks_exact(size).enumerate() {
            let (before, now) = alphas.split_at_mut(t * size);
            let before = before.get((t.max(1) - 1) * size..).unwrap_or_default();
            for s in 0..size {
                let from = |back: usize| if s >= back { before[s - back] } else { f64::NEG_INFINITY };
                let reached = match t {
                    // A path begins with the blank or the first label.
                    0 if s < 2 => 0.0,
                    0 => f64::NEG_INFINITY,
                    _ => ln_sum([from(0), from(1), if skips[s] { from(2) } else { f64::NEG_INFINITY }]),
                };
                now[s] = reached + logs[s];
            }
        }
        alphas
    }

    /// `-ln P` of the last `ln α`, or of no time at all.
    fn loss_of(alphas: &[f64], size: usize) -> f64 {
        match alphas.rchunks_exact(size).next() {
            // Nothing stands for no label, and for nothing else.
            None if size == 1 => 0.0,
            None => f64::INFINITY,
            Some(last) => {
                -ln_sum([last[size - 1], if size > 1 { last[size - 2] } else { f64::NEG_INFINITY }])
            }
        }
    }

    /// `ln p` at all times that count and all places, of the logits of a sequence and the logarithms of their sums of exponentials.
    fn logs<T: Scalar>(places: &[usize], logits: &[T], sums: &[T], classes: usize) -> Vec<f64> {
        let times = logits.chunks_exact(classes).zip(sums);
        times
            .flat_map(|(row, &sum)| places.iter().map(move |&class| row[class].into() - sum.into()))
            .collect()
    }

    /// The losses in tensors, which can be differentiated again: what `forward` does, for all sequences side by side.
    fn composed<T: Scalar>(&self, logits: &Tensor<T>) -> Tensor<T> {
        let [n, times, _] = [logits.dims()[0], logits.dims()[1], logits.dims()[2]];
        let all: Vec<(Vec<usize>, Vec<bool>)> = (0..n).map(|i| self.places(i)).collect();
        let size = all.iter().map(|(places, _)| places.len()).max().unwrap_or(1);
        // Instead of -∞, whose differences are NaN: far enough for its exponential to be 0, near enough to be added up.
        let never = T::of(-1e30);
        let mask = |holds: &dyn Fn(usize, usize) -> bool| {
            Array::build([n, size], |y| {
                y.iter_mut().enumerate().for_each(|(i, y)| *y = holds(i / size, i % size));
            })
            .expect("no more than the logits have")
        };
        let class = |i: usize, s: usize| all[i].0.get(s).copied().unwrap_or(self.blank);
        let classes = Array::build([n, times, size], |y| {
            y.iter_mut().enumerate().for_each(|(at, y)| *y = class(at / (times * size), at % size));
        });
        let logs = logits.log_softmax(-1).gather(2, &classes.expect("a class for each place"));
        let no_skip = mask(&|i, s| !all[i].1.get(s).copied().unwrap_or(false));
        let is_late = mask(&|_, s| s >= 2);
        let mut alpha = Tensor::zeros([n, size]).masked_fill(&is_late, never);
        let shifted = |alpha: &Tensor<T>, back: usize| {
            let front = Tensor::full([n, back.min(size)], never);
            Tensor::concat(&[&front, &alpha.slice(1, ..size.saturating_sub(back) as isize)], 1)
        };
        for t in 0..times {
            let log = logs.slice(1, t as isize..t as isize + 1).squeeze(1);
            let next = match t {
                0 => &alpha + log,
                _ => {
                    let two_back = shifted(&alpha, 2).masked_fill(&no_skip, never);
                    Tensor::stack(&[&alpha, &shifted(&alpha, 1), &two_back], 0).logsumexp(0) + log
                }
            };
            let is_over = mask(&|i, _| t >= self.length(i, times));
            alpha = Tensor::where_(&is_over, &alpha, &next);
        }
        let is_no_end = mask(&|i, s| {
            let end = all[i].0.len();
            // Before the first time, a target without labels is where it ends, and no other one is.
            s >= end || s + 2 < end || self.length(i, times) == 0 && end > 1
        });
        -alpha.masked_fill(&is_no_end, never).logsumexp(1)
    }
}

/// `ln Σ eˣ`; NaN if there is one.
fn ln_sum<const N: usize>(x: [f64; N]) -> f64 {
    // Not by `f64::max`, which passes over NaN.
    let most = x.into_iter().fold(f64::NEG_INFINITY, |most, x| if x > most || x.is_nan() { x } else { most });
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + x.iter().map(|x| (x - most).exp()).sum::<f64>().ln()
}

impl<T: Scalar> Op<T, 1> for Ctc {
    fn shape(&self, [logits]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let wrong = |problem: String, help: &str| {
            Err(ShapeError::new(problem).operand("logits", logits, "[n, t, classes]").help(help))
        };
        let [n, times, classes] = *logits.dims() else {
            return wrong(
                "expected 3 axes".into(),
                "logits are `[n, t, classes]`; `unsqueeze(0)` makes one sequence a batch",
            );
        };
        if n != self.targets.len() || n == 0 {
            let help = "give logits and targets of one batch, with at least one sequence";
            return wrong(format!("there are {} targets for {n} sequences", self.targets.len()), help);
        }
        if self.blank >= classes {
            let problem = format!("the blank, {}, is none of {classes} classes", self.blank);
            return wrong(problem, "the last layer needs an output for the blank, beside those for labels");
        }
        for (i, target) in self.targets.iter().enumerate() {
            if let Some(label) = target.iter().find(|label| **label >= classes || **label == self.blank) {
                let what = if *label == self.blank { "is the blank" } else { "is out of range" };
                let help = "labels are classes other than the blank, which is 0 if not told otherwise";
                return wrong(format!("label {label}, of target {i}, {what}"), help);
            }
        }
        let lengths = self.lengths.iter().flatten();
        if self.lengths.as_ref().is_some_and(|lengths| lengths.len() != n) {
            return wrong(
                format!("there are {} lengths for {n} sequences", lengths.count()),
                "give a length for each",
            );
        }
        if let Some((i, length)) = lengths.enumerate().find(|(_, length)| **length > times) {
            let problem = format!("length {length}, of sequence {i}, is more than {times}");
            return wrong(problem, "lengths say how many times count, of those that there are");
        }
        Ok(Shape::from([n]))
    }

    fn forward(&self, [logits]: [View<'_, T>; 1], y: &mut [T]) {
        let [n, times, classes] = [logits.shape()[0], logits.shape()[1], logits.shape()[2]];
        let sums = Tensor::build([n, times], |sums| LogSumExp { axis: -1 }.forward([logits], sums));
        let (sums, logits) = (sums.array().view().contiguous(), logits.contiguous());
        for (i, y) in y.iter_mut().enumerate() {
            let (places, skips) = self.places(i);
            let rows = i * times..i * times + self.length(i, times);
            let logits = &logits[rows.start * classes..rows.end * classes];
            let alphas = Self::alphas(&Self::logs(&places, logits, &sums[rows], classes), &skips);
            let loss = Self::loss_of(&alphas, places.len());
            *y = if self.zero_infinity && loss == f64::INFINITY { T::zero() } else { T::of(loss) };
        }
    }

    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let x = call.x(0);
        let [n, times, classes] = [x.dims()[0], x.dims()[1], x.dims()[2]];
        let sums = Tensor::build([n, times], |sums| LogSumExp { axis: -1 }.forward([x.array().view()], sums));
        let (sums, logits, scales) =
            (sums.array().view().contiguous(), x.array().view().contiguous(), dy.array().view().contiguous());
        let mut impossible = vec![false; n];
        let dx = Tensor::build(x.shape(), |dx| {
            Softmax { axis: -1 }.forward([x.array().view()], dx);
            for (i, dx) in dx.chunks_exact_mut((times * classes).max(1)).enumerate() {
                let (places, skips) = self.places(i);
                let (size, length) = (places.len(), self.length(i, times));
                let rows = i * times..i * times + length;
                let logits = &logits[rows.start * classes..rows.end * classes];
                let logs = Self::logs(&places, logits, &sums[rows], classes);
                let alphas = Self::alphas(&logs, &skips);
                let loss = Self::loss_of(&alphas, size);
                impossible[i] = loss == f64::INFINITY;
                let (dx, padding) = dx.split_at_mut(length * classes);
                padding.fill(T::zero());
                if impossible[i] || loss.is_nan() {
                    dx.fill(if impossible[i] && self.zero_infinity { T::zero() } else { T::nan() });
                    continue;
                }
                // β is α of the target and the times in reverse.
                let from_end: Vec<f64> = logs.iter().rev().copied().collect();
                let skips: Vec<bool> = (0..size).map(|s| s >= 2 && skips[size + 1 - s]).collect();
                let betas = Self::alphas(&from_end, &skips);
                let rows =
                    alphas.chunks_exact(size).zip(betas.rchunks_exact(size)).zip(logs.chunks_exact(size));
                for (dx, ((alphas, betas), logs)) in dx.chunks_exact_mut(classes).zip(rows) {
                    for (s, &class) in places.iter().enumerate() {
                        // Both count p at this time.
                        let log = alphas[s] + betas[size - 1 - s] - logs[s] + loss;
                        if log > f64::NEG_INFINITY {
                            dx[class] -= T::of(log.exp());
                        }
                    }
                    dx.iter_mut().for_each(|dx| *dx *= scales[i]);
                }
            }
        });
        if !call.recorded() || x.size() == 0 {
            return dx;
        }
        // The same in tensors. What has no derivative keeps that of above, a constant.
        let [given] = grad_from(&self.composed(&x), dy, [&x]);
        let is_impossible = Array::from_slice(&impossible).reshape([n, 1, 1]).expect("one for each");
        let is_impossible = is_impossible.broadcast_to(x.shape()).expect("as many sequences");
        Tensor::where_(&is_impossible, &dx, &given)
    }

    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}
