//! Losses of one class in many.

use super::must_be_alike;
use crate::layers::blame::fail;
use autograd::ops::{LogSumExp, Softmax};
use autograd::{Array, Call, Keeps, Op, Scalar, Shape, ShapeError, Tensor, View};

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
#[doc(alias = "CrossEntropyLoss")]
#[track_caller]
pub fn cross_entropy<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> Tensor<T> {
    match CrossEntropy::new(labels.as_ref()).try_apply([logits]) {
        Ok(loss) => loss,
        Err(error) => fail(&error.to_string()),
    }
}

/// [`cross_entropy`] as an operator on logits, in which the labels are fixed: with weights of classes, smoothed labels, and a label
/// that does not count.
///
/// Row `i` with the label `k` has the target `t_c = w_c ((1 - ε) [c = k] + ε / classes)`, and the loss is
/// `-Σ t_c ln softmax(x)_c / Σ w_k`, summed over rows and classes above and over rows below, as PyTorch has it. With
/// `p = softmax(x)`, its gradient is `dx_c = dy (p_c Σ t - t_c) / Σ w_k`.
///
/// Source of the smoothing: C. Szegedy and others, "Rethinking the Inception Architecture for Computer Vision", 2016.
///
/// ```
/// use nn::{CrossEntropy, Tensor, ops};
/// use autograd::Op;
/// let logits = Tensor::from([[0.0, 0.0], [9.0, 9.0], [5.0, -5.0]]);
/// let loss = CrossEntropy::new(&[1, 0, 255]).weights(&[1.0, 3.0]).ignore(255).apply([&logits]);
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-12);
/// ```
#[doc(alias("CrossEntropyLoss", "label_smoothing", "ignore_index"))]
#[derive(Debug)]
pub struct CrossEntropy {
    labels: Array<usize>,
    weights: Option<Vec<f64>>,
    smoothing: f64,
    ignored: Option<usize>,
}

impl CrossEntropy {
    /// The loss against these labels, one for each row.
    pub fn new(labels: &[usize]) -> Self {
        CrossEntropy { labels: Array::from_slice(labels), weights: None, smoothing: 0.0, ignored: None }
    }

    /// How much each class counts, for classes that are rare or dear.
    ///
    /// # Panics
    /// If a weight is negative or no number.
    #[track_caller]
    pub fn weights(self, weights: &[f64]) -> Self {
        let wrong = weights.iter().find(|w| !(**w >= 0.0 && w.is_finite()));
        assert!(
            wrong.is_none(),
            "cross_entropy: expected weights of at least 0, found {}\n  help: give a finite weight for each class",
            wrong.copied().unwrap_or_default()
        );
        CrossEntropy { weights: Some(weights.to_vec()), ..self }
    }

    /// How much of each target is spread over all classes, from 0 to 1: the network is not asked to be certain.
    ///
    /// ```
    /// use nn::{CrossEntropy, Tensor, soft_cross_entropy};
    /// use autograd::Op;
    /// let logits = Tensor::from([[2.0_f64, 0.0]]);
    /// let loss = CrossEntropy::new(&[0]).smoothing(0.2).apply([&logits]);
    /// assert!((loss.item() - soft_cross_entropy(&logits, &Tensor::from([[0.9, 0.1]])).item()).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If it is anything else.
    #[track_caller]
    pub fn smoothing(self, smoothing: f64) -> Self {
        assert!(
            (0.0..=1.0).contains(&smoothing),
            "cross_entropy: expected a smoothing from 0 to 1, found {smoothing}\n  help: 0.1 is usual"
        );
        CrossEntropy { smoothing, ..self }
    }

    /// The label of rows that do not count, such as padding. It need not be a class.
    pub fn ignore(self, label: usize) -> Self {
        CrossEntropy { ignored: Some(label), ..self }
    }

    /// The label of each row, and none of one that is ignored.
    fn labels(&self) -> impl Iterator<Item = Option<usize>> + '_ {
        let labels = self.labels.as_slice().expect("a list is in order").iter();
        labels.map(|&label| (Some(label) != self.ignored).then_some(label))
    }

    fn weight(&self, class: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[class])
    }

    /// By what the sum over the rows is divided: the number of labels, or the sum of their weights.
    fn count(&self) -> f64 {
        if self.weights.is_none() && self.ignored.is_none() {
            return self.labels.size() as f64;
        }
        self.labels().flatten().map(|label| self.weight(label)).sum()
    }

    /// What smoothing gives to a class, and to all of them.
    fn spread(&self, classes: usize) -> (impl Fn(usize) -> f64 + '_, f64) {
        let share = self.smoothing / classes as f64;
        let of_all = match &self.weights {
            _ if self.smoothing == 0.0 => 0.0,
            Some(weights) => weights.iter().sum::<f64>() * share,
            None => self.smoothing,
        };
        (move |class| self.weight(class) * share, of_all)
    }

    /// What the label itself has of its target.
    fn of_label(&self, label: usize) -> f64 {
        self.weight(label) * (1.0 - self.smoothing)
    }

    /// The targets of a row with this label, and their sum.
    fn targets<T: Scalar>(&self, label: usize, targets: &mut [T]) -> f64 {
        let (spread, of_all) = self.spread(targets.len());
        if self.smoothing > 0.0 {
            targets.iter_mut().enumerate().for_each(|(class, t)| *t = T::of(spread(class)));
        }
        targets[label] += T::of(self.of_label(label));
        self.of_label(label) + of_all
    }
}

impl<T: Scalar> Op<T, 1> for CrossEntropy {
    fn shape(&self, [logits]: [&Shape; 1]) -> Result<Shape, ShapeError> {
        let classes =
            check_labels(logits, self.labels.as_slice().expect("a list is in order"), self.ignored)?;
        if let Some(weights) = self.weights.as_ref().filter(|weights| weights.len() != classes) {
            return Err(ShapeError::new(format!(
                "there are {} weights for {classes} classes",
                weights.len()
            ))
            .operand("logits", logits, format!("axis 1 is {classes}"))
            .help("give a weight for each class"));
        }
        if self.count() == 0.0 {
            return Err(ShapeError::new("no label counts, so there is no mean")
                .operand("logits", logits, "")
                .help("leave out batches whose labels are all ignored, or weigh nothing"));
        }
        Ok(Shape::scalar())
    }

    fn forward(&self, [logits]: [View<'_, T>; 1], y: &mut [T]) {
        let [rows, classes] = [logits.shape()[0], logits.shape()[1]];
        let logs = Tensor::build([rows], |logs| LogSumExp { axis: -1 }.forward([logits], logs));
        let (logs, logits) = (logs.array().view().contiguous(), logits.contiguous());
        let (spread, of_all) = self.spread(classes);
        // In f64: there may be millions of rows.
        let rows = self.labels().zip(logs.iter().zip(logits.chunks_exact(classes)));
        let total: f64 = rows
            .filter_map(|(label, (&log, row))| {
                let label = label?;
                let of_label = self.of_label(label) * (log - row[label]).into();
                // A class far off may be -∞, which times 0 is none.
                let others = if of_all > 0.0 { row.iter().enumerate() } else { [].iter().enumerate() };
                Some(of_label + others.map(|(class, &x)| spread(class) * (log - x).into()).sum::<f64>())
            })
            .sum();
        y[0] = T::of(total / self.count());
    }

    fn backward(&self, _: usize, call: &Call<'_, T>, dy: &Tensor<T>) -> Tensor<T> {
        let logits = call.x(0);
        let [rows, classes] = [logits.dims()[0], logits.dims()[1]];
        let scale = T::of(1.0 / self.count());
        if call.recorded() {
            let mut sums = vec![T::zero(); rows];
            let targets = Tensor::build(logits.shape(), |targets| {
                targets.fill(T::zero());
                for ((row, sum), label) in targets.chunks_exact_mut(classes).zip(&mut sums).zip(self.labels())
                {
                    *sum = label.map_or(T::zero(), |label| T::of(self.targets(label, row)));
                }
            });
            let sums = Tensor::build([rows, 1], |y| y.copy_from_slice(&sums));
            let slope = |logits: &Tensor<T>| (logits.softmax(-1) * sums - targets) * (dy * scale);
            if self.ignored.is_none() {
                return slope(&logits);
            }
            // A sum of 0 is not enough where a row that does not count holds NaN, or `dy` is none: times 0, that is NaN again.
            let ignored = Array::build([rows, 1], |y| {
                y.iter_mut().zip(self.labels()).for_each(|(y, label)| *y = label.is_none());
            });
            let ignored = ignored.expect("no more than the labels");
            return slope(&logits.masked_fill(&ignored, T::zero())).masked_fill(&ignored, T::zero());
        }
        let scale = scale * dy.item();
        let (spread, of_all) = self.spread(classes);
        Tensor::build(logits.shape(), |dx| {
            Softmax { axis: -1 }.forward([logits.array().view()], dx);
            for (dx, label) in dx.chunks_exact_mut(classes).zip(self.labels()) {
                let Some(label) = label else {
                    dx.fill(T::zero());
                    continue;
                };
                let of_label = self.of_label(label);
                let factor = scale * T::of(of_label + of_all);
                dx.iter_mut().for_each(|p| *p *= factor);
                if of_all > 0.0 {
                    dx.iter_mut().enumerate().for_each(|(class, p)| *p -= scale * T::of(spread(class)));
                }
                dx[label] -= scale * T::of(of_label);
            }
        })
    }

    fn keeps(&self, _: usize) -> Keeps {
        Keeps::x(0)
    }
}

/// The classes of logits `[n, classes]`, if there are `n` labels below that, or ignored.
fn check_labels(logits: &Shape, labels: &[usize], ignored: Option<usize>) -> Result<usize, ShapeError> {
    let [rows, classes] = logits.matrix().map_err(|e| {
        e.help("logits are `[n, classes]`, a row for each sample; `unsqueeze(0)` makes one sample a batch")
    })?;
    if rows != labels.len() || rows == 0 {
        let (problem, help) = match rows {
            0 => ("an empty batch has no mean", "leave out batches without samples"),
            _ => ("expected one label for each row of logits", "give logits and labels of one batch"),
        };
        return Err(ShapeError::new(problem)
            .operand("logits", logits, format!("{rows} rows"))
            .operand("labels", &Shape::from([labels.len()]), "")
            .help(help));
    }
    let wrong = |(_, label): &(usize, &usize)| **label >= classes && Some(**label) != ignored;
    if let Some((row, label)) = labels.iter().enumerate().find(wrong) {
        return Err(ShapeError::new(format!("label {label}, of row {row}, is out of range"))
            .operand("logits", logits, format!("axis 1 is {classes}"))
            .help(format!(
                "labels count from 0; the last layer needs one output for each class; `data.with_classes({classes})` tells which sample of a data set has it"
            )));
    }
    Ok(classes)
}

/// As `check_labels`, for what is no operator.
#[track_caller]
pub(crate) fn must_be_labels(loss: &str, logits: &Shape, labels: &[usize]) {
    if let Err(error) = check_labels(logits, labels, None) {
        fail(&format!("{loss}: {error}"));
    }
}

/// The mean of `-x[label]` over the rows of logarithms of probabilities `[n, classes]`, as `log_softmax` gives them.
///
/// ```
/// use nn::{Tensor, nll};
/// let logs = Tensor::from([[0.0, 0.0]]).log_softmax(-1);
/// assert!((nll(&logs, &[1]).item() - 2.0_f64.ln()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the logarithms are not `[n, classes]` with `n > 0`, there are not `n` labels, or a label is not below `classes`.
#[doc(alias("NLLLoss", "nll_loss"))]
#[track_caller]
pub fn nll<T: Scalar, L: AsRef<[usize]> + ?Sized>(log_probabilities: &Tensor<T>, labels: &L) -> Tensor<T> {
    let labels = labels.as_ref();
    must_be_labels("nll", log_probabilities.shape(), labels);
    let places = Array::from_slice(labels).reshape([labels.len(), 1]).expect("a label for each row");
    -log_probabilities.gather(1, &places).mean()
}

/// The cross-entropy of softmax against probabilities, the mean over the rows: `-Σ t ln softmax(logits)` over the last axis. For
/// targets that are no single class: mixed samples, or another network's answers.
///
/// ```
/// use nn::{Tensor, soft_cross_entropy};
/// let loss = soft_cross_entropy(&Tensor::from([[0.0, 0.0]]), &Tensor::from([[0.25, 0.75]]));
/// assert!((loss.item() - 2.0_f64.ln()).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the shapes differ, or there are no elements.
#[track_caller]
pub fn soft_cross_entropy<T: Scalar>(logits: &Tensor<T>, targets: &Tensor<T>) -> Tensor<T> {
    must_be_alike("soft_cross_entropy", logits, targets);
    let classes = logits.dims().last().copied().unwrap_or(1);
    (targets * logits.log_softmax(-1)).sum() / -T::of((logits.size() / classes) as f64)
}
