//! How good a classifier is: accuracy and the confusion matrix.
//!
//! With `counts[t][p]` the number of samples of class `t` for which class `p` was predicted,
//!
//! ```text
//! accuracy     = sum over c of counts[c][c] / number of samples
//! precision(c) = counts[c][c] / sum over t of counts[t][c]     of those predicted c, the fraction that are c
//! recall(c)    = counts[c][c] / sum over p of counts[c][p]     of those that are c, the fraction predicted c
//! ```

use autograd::{Scalar, Tensor};
use std::fmt;

/// The fraction of samples, from 0 to 1, whose largest logit is at their label: a metric for a
/// [`Trainer`](crate::Trainer). A row with NaN for its largest is wrong.
///
/// ```
/// use nn::{Tensor, metrics::accuracy};
///
/// let logits = Tensor::from([[0.1, 0.9], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]);
/// assert_eq!(accuracy(&logits, &[1, 1, 0, 1]), 0.75);
/// ```
///
/// # Panics
///
/// If the logits are not `[n, classes]` with `n` above 0 and `classes` above 1, or there are not `n` labels.
#[track_caller]
pub fn accuracy<T: Scalar, L: AsRef<[usize]> + ?Sized>(logits: &Tensor<T>, labels: &L) -> f64 {
    let labels = labels.as_ref();
    let expected = matches!(*logits.dims(), [n, classes] if n == labels.len() && n > 0 && classes > 0);
    assert!(
        expected,
        "accuracy: logits of shape {} for {} labels\n  help: give a row of logits for each label, of one batch",
        logits.shape(),
        labels.len()
    );
    assert!(
        logits.dims()[1] > 1,
        "accuracy: logits of shape {} name a single class, which is always the largest\n  help: a binary classifier with one logit has \
         a `binary_accuracy`",
        logits.shape()
    );
    let predicted = logits.argmax(-1);
    let is_right = |(row, (predicted, &label)): (usize, (usize, &usize))| {
        predicted == label && !logits.at([row, label]).is_nan()
    };
    let right = predicted.view().iter().zip(labels).enumerate().filter(|&it| is_right(it)).count();
    right as f64 / labels.len() as f64
}

/// The fraction of numbers, from 0 to 1, whose logit is positive where the target is above 1/2, and not where it is below: a metric for
/// binary classifiers, beside [`bce_with_logits`](crate::bce_with_logits). NaN is wrong.
///
/// ```
/// use nn::{Tensor, metrics::binary_accuracy};
///
/// let (logits, targets) = (Tensor::from([[-2.0], [0.5], [3.0], [1.0]]), Tensor::from([[0.0], [0.0], [1.0], [1.0]]));
/// assert_eq!(binary_accuracy(&logits, &targets), 0.75);
/// ```
///
/// # Panics
///
/// If the shapes differ, or there are no numbers.
#[track_caller]
pub fn binary_accuracy<T: Scalar>(logits: &Tensor<T>, targets: &Tensor<T>) -> f64 {
    assert!(
        logits.shape() == targets.shape() && logits.size() > 0,
        "binary_accuracy: logits of shape {} for targets of {}\n  help: give a target for each logit",
        logits.shape(),
        targets.shape()
    );
    let half = T::of(0.5);
    let is_right = |(x, t): (T, T)| !x.is_nan() && (x > T::zero()) == (t > half);
    let right =
        logits.array().view().iter().zip(targets.array().view().iter()).filter(|&it| is_right(it)).count();
    right as f64 / logits.size() as f64
}

/// How often each class was taken for each other.
///
/// Its `Display` is a table with a row for each true class and a column for each predicted one.
///
/// ```
/// use nn::metrics::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::new(3).with_labels(["cat", "dog", "owl"]);
/// matrix.record(&[0, 0, 1, 2], &[0, 1, 1, 2]);
/// assert_eq!(matrix.accuracy(), 0.75);
/// assert_eq!(matrix.precision(0), Some(0.5));
/// assert_eq!(matrix.recall(1), Some(0.5));
/// assert_eq!(
///     matrix.to_string(),
///     "\
/// truth \\ predicted  cat  dog  owl
/// cat                  1    0    0
/// dog                  1    1    0
/// owl                  0    0    1"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    labels: Vec<String>,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// A matrix of zeros for classes 0 to `classes - 1`, labelled with their numbers.
    ///
    /// # Panics
    ///
    /// If `classes` is 0.
    #[track_caller]
    pub fn new(classes: usize) -> Self {
        assert!(classes > 0, "ConfusionMatrix::new: 0 classes; there has to be one at least");
        Self {
            labels: (0..classes).map(|class| class.to_string()).collect(),
            counts: vec![0; classes * classes],
        }
    }

    /// Replaces the labels that the table shows.
    ///
    /// # Panics
    ///
    /// If there is not one label a class.
    #[track_caller]
    #[must_use]
    pub fn with_labels<L: Into<String>>(self, labels: impl IntoIterator<Item = L>) -> Self {
        let labels: Vec<String> = labels.into_iter().map(L::into).collect();
        let (found, classes) = (labels.len(), self.classes());
        assert!(
            found == classes,
            "ConfusionMatrix::with_labels: {found} labels for {classes} classes; give one a class"
        );
        Self { labels, ..self }
    }

    /// Counts a batch: `predicted[i]` is what was predicted for a sample of class `truth[i]`.
    ///
    /// # Panics
    ///
    /// If the two slices differ in length, or a class is not below the number of classes. Then nothing is counted.
    #[track_caller]
    pub fn record(&mut self, predicted: &[usize], truth: &[usize]) {
        let (p, t) = (predicted.len(), truth.len());
        assert!(
            p == t,
            "ConfusionMatrix::record: {p} predicted classes, but {t} true ones; give one of each a sample"
        );
        for (name, classes) in [("predicted", predicted), ("truth", truth)] {
            if let Some((i, class)) = classes.iter().enumerate().find(|(_, class)| **class >= self.classes())
            {
                panic!(
                    "ConfusionMatrix::record: {name}[{i}] is {class}, but the classes are 0 to {}; make the matrix with \
                     more classes, or number them from 0",
                    self.classes() - 1
                );
            }
        }
        let classes = self.classes();
        for (predicted, truth) in predicted.iter().zip(truth) {
            self.counts[truth * classes + predicted] += 1;
        }
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.labels.len()
    }

    /// The counts, `[classes, classes]` row by row: the row is the truth, the column the prediction.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The fraction of samples that were predicted right, from 0 to 1.
    ///
    /// # Panics
    ///
    /// If nothing was recorded.
    #[track_caller]
    pub fn accuracy(&self) -> f64 {
        let right = (0..self.classes()).map(|class| self.right(class)).sum();
        fraction(right, self.counts.iter().sum()).expect("ConfusionMatrix::accuracy: nothing was recorded")
    }

    /// Of the samples that were predicted to be `class`, the fraction that are; `None` if there are none.
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    #[track_caller]
    pub fn precision(&self, class: usize) -> Option<f64> {
        self.check_class("precision", class);
        fraction(self.right(class), self.counts.iter().skip(class).step_by(self.classes()).sum())
    }

    /// Of the samples that are of `class`, the fraction that were predicted to be; `None` if there are none.
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    #[track_caller]
    pub fn recall(&self, class: usize) -> Option<f64> {
        self.check_class("recall", class);
        fraction(self.right(class), self.counts[class * self.classes()..][..self.classes()].iter().sum())
    }

    fn right(&self, class: usize) -> u64 {
        self.counts[class * (self.classes() + 1)]
    }

    #[track_caller]
    fn check_class(&self, function: &str, class: usize) {
        let classes = self.classes();
        assert!(
            class < classes,
            "ConfusionMatrix::{function}: class {class} of {classes}; they are numbered from 0"
        );
    }
}

fn fraction(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CORNER: &str = "truth \\ predicted";
        let length = |label: &String| label.chars().count();
        let longest = self.labels.iter().map(length).max().unwrap_or(0);
        let digits = self.counts.iter().max().map_or(0, |count| count.to_string().len());
        let (first, column) = (longest.max(CORNER.len()), longest.max(digits) + 2);

        write!(f, "{CORNER:first$}")?;
        for label in &self.labels {
            write!(f, "{label:>column$}")?;
        }
        for (label, counts) in self.labels.iter().zip(self.counts.chunks(self.classes())) {
            write!(f, "\n{label:first$}")?;
            for count in counts {
                write!(f, "{count:>column$}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_reads_columns_and_recall_rows() {
        let mut matrix = ConfusionMatrix::new(3);
        matrix.record(&[0, 1, 1, 1], &[0, 0, 0, 1]);
        matrix.record(&[], &[]);
        matrix.record(&[0], &[2]);
        assert_eq!(matrix.counts(), [1, 2, 0, 0, 1, 0, 1, 0, 0]);
        assert_eq!(matrix.accuracy(), 2.0 / 5.0);
        assert_eq!([0, 1, 2].map(|class| matrix.precision(class)), [Some(0.5), Some(1.0 / 3.0), None]);
        assert_eq!([0, 1, 2].map(|class| matrix.recall(class)), [Some(1.0 / 3.0), Some(1.0), Some(0.0)]);
        assert_eq!(ConfusionMatrix::new(1).recall(0), None);
    }

    #[test]
    fn the_table_is_aligned_whatever_the_counts_and_labels() {
        for (labels, width) in [(["é", "fünfundzwanzig ééééééé"], 22 + 2 * 24), (["é", "b"], 17 + 2 * 7)]
        {
            let mut matrix = ConfusionMatrix::new(2).with_labels(labels);
            matrix.record(&[1; 12345], &[0; 12345]);
            let text = matrix.to_string();
            assert_eq!(text.lines().count(), 3);
            assert!(text.lines().all(|line| line.chars().count() == width), "{text}");
            assert!(text.lines().nth(1).unwrap().ends_with("  12345"), "{text}");
        }
    }

    #[test]
    #[should_panic(expected = "accuracy: logits of shape [2, 3] for 1 labels")]
    fn accuracy_needs_as_many_labels_as_rows() {
        accuracy(&Tensor::<f32>::zeros([2, 3]), &[1]);
    }

    #[test]
    #[should_panic(expected = "accuracy: logits of shape [0, 3] for 0 labels")]
    fn accuracy_needs_a_sample() {
        accuracy(&Tensor::<f32>::zeros([0, 3]), &[]);
    }

    #[test]
    #[should_panic(expected = "ConfusionMatrix::record: 1 predicted classes, but 2 true ones")]
    fn record_needs_as_many_predictions_as_truths() {
        ConfusionMatrix::new(3).record(&[1], &[1, 2]);
    }

    #[test]
    fn a_class_out_of_range_is_named_and_nothing_is_counted() {
        let mut matrix = ConfusionMatrix::new(3);
        let record = std::panic::AssertUnwindSafe(|| matrix.record(&[0, 1], &[2, 3]));
        let message = *std::panic::catch_unwind(record).unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("truth[1] is 3, but the classes are 0 to 2"), "{message}");
        assert_eq!(matrix.counts(), [0; 9]);
    }

    #[test]
    #[should_panic(expected = "precision: class 3 of 3")]
    fn precision_of_no_class() {
        let _ = ConfusionMatrix::new(3).precision(3);
    }

    #[test]
    #[should_panic(expected = "1 labels for 2 classes")]
    fn labels_one_a_class() {
        let _ = ConfusionMatrix::new(2).with_labels(["x"]);
    }
}
