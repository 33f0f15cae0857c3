//! The confusion matrix, and what follows from it.
//!
//! With `counts[t][p]` the number of samples of class `t` for which class `p` was predicted,
//!
//! ```text
//! accuracy     = sum over c of counts[c][c] / number of samples
//! precision(c) = counts[c][c] / sum over t of counts[t][c]     of those predicted c, the fraction that are c
//! recall(c)    = counts[c][c] / sum over p of counts[c][p]     of those that are c, the fraction predicted c
//! f1(c)        = 2 counts[c][c] / (both sums together)         the harmonic mean of both
//! ```

use std::fmt;

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
/// assert_eq!(matrix.f1(0), Some(2.0 / 3.0));
/// assert_eq!(
///     matrix.to_string(),
///     "\
/// truth \\ predicted  cat  dog  owl
/// cat                  1    0    0
/// dog                  1    1    0
/// owl                  0    0    1"
/// );
/// // The numbers by themselves, for a picture or a file.
/// for (label, counts) in matrix.labels().iter().zip(matrix.counts().chunks(matrix.classes())) {
///     println!("{label}: {counts:?}"); // cat: [1, 0, 0]
/// }
/// assert_eq!(matrix.counts(), [1, 0, 0, 1, 1, 0, 0, 0, 1]);
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
        assert!(
            classes > 0,
            "ConfusionMatrix::new: expected at least one class, found 0\n  help: give as many as the network has outputs"
        );
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
            "ConfusionMatrix::with_labels: {found} labels for {classes} classes\n  help: give one label for each class"
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
            "ConfusionMatrix::record: {p} predicted classes, but {t} true ones\n  help: give one of each for each sample, of one batch"
        );
        for (name, classes) in [("predicted", predicted), ("truth", truth)] {
            if let Some((i, class)) = classes.iter().enumerate().find(|(_, class)| **class >= self.classes())
            {
                panic!(
                    "ConfusionMatrix::record: {name}[{i}] is {class}, but the classes are 0 to {}\n  help: make the matrix \
                     with more classes, or number them from 0",
                    self.classes() - 1
                );
            }
        }
        let classes = self.classes();
        for (predicted, truth) in predicted.iter().zip(truth) {
            self.counts[truth * classes + predicted] += 1;
        }
    }

    /// The labels of the classes.
    pub fn labels(&self) -> &[String] {
        &self.labels
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
        let right: u64 = (0..self.classes()).map(|class| self.right(class)).sum();
        let all: u64 = self.counts.iter().sum();
        assert!(
            all > 0,
            "ConfusionMatrix::accuracy: nothing was recorded\n  help: `record` counts a batch of predictions"
        );
        right as f64 / all as f64
    }

    /// Of the samples that were predicted to be `class`, the fraction that are; `None` if there are none.
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    #[track_caller]
    pub fn precision(&self, class: usize) -> Option<f64> {
        self.check_class("precision", class);
        fraction(self.right(class), self.predicted(class))
    }

    /// Of the samples that are of `class`, the fraction that were predicted to be; `None` if there are none.
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    #[track_caller]
    pub fn recall(&self, class: usize) -> Option<f64> {
        self.check_class("recall", class);
        fraction(self.right(class), self.there(class))
    }

    /// The harmonic mean of precision and recall, 0 if either is; `None` if no sample is of the class, nor predicted to be.
    ///
    /// # Panics
    ///
    /// If `class` is not below the number of classes.
    #[track_caller]
    pub fn f1(&self, class: usize) -> Option<f64> {
        self.check_class("f1", class);
        fraction(2 * self.right(class), self.predicted(class) + self.there(class))
    }

    /// How many samples were predicted to be of a class.
    fn predicted(&self, class: usize) -> u64 {
        self.counts.iter().skip(class).step_by(self.classes()).sum()
    }

    /// How many samples are of a class.
    fn there(&self, class: usize) -> u64 {
        self.counts[class * self.classes()..][..self.classes()].iter().sum()
    }

    fn right(&self, class: usize) -> u64 {
        self.counts[class * (self.classes() + 1)]
    }

    #[track_caller]
    fn check_class(&self, function: &str, class: usize) {
        let classes = self.classes();
        assert!(
            class < classes,
            "ConfusionMatrix::{function}: class {class} is out of range for {classes} classes\n  help: they count from 0"
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
    #[should_panic(expected = "precision: class 3 is out of range for 3 classes")]
    fn precision_of_no_class() {
        let _ = ConfusionMatrix::new(3).precision(3);
    }

    #[test]
    #[should_panic(expected = "1 labels for 2 classes")]
    fn labels_one_a_class() {
        let _ = ConfusionMatrix::new(2).with_labels(["x"]);
    }
}
