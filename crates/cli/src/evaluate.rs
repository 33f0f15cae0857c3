//! `wengert eval`: how good a model is on the test part.

use crate::data::{Part, Targets};
use crate::describe::{Description, Outputs};
use crate::model::Network;
use std::fmt;
use wengert::metrics::{ConfusionMatrix, accuracy, mae, r2, rmse, top_k};
use wengert::{Layer, Samples, Tensor, cross_entropy};

/// How many samples are told at once.
const BATCH: usize = 256;
/// The most classes of a matrix, which takes their square in memory and on the page.
const SHOWN: usize = 20;

/// What a model does on samples whose targets are known.
#[derive(Debug)]
pub(crate) struct Evaluation {
    values: Vec<(&'static str, f64)>,
    /// For classes, if they are few.
    pub(crate) confusion: Option<ConfusionMatrix>,
}

/// What comes out for the samples, in evaluation, some at a time: `[some, outputs]`. Of no sample nothing does.
pub(crate) fn outputs(net: &Network, x: &Tensor) -> impl Iterator<Item = Tensor> {
    let n = x.dims()[0];
    (0..n).step_by(BATCH).map(move |first| {
        let rows: Vec<usize> = (first..n.min(first + BATCH)).collect();
        net.predict(&x.select(&rows))
    })
}

/// Tells the samples, and compares.
pub(crate) fn of(net: &Network, description: &Description, part: &Part) -> Evaluation {
    let told: Vec<Tensor> = outputs(net, &part.x).collect();
    let told = Tensor::concat(&told.iter().collect::<Vec<_>>(), 0);
    match (&part.y, &description.outputs) {
        (Targets::Classes(y), Outputs::Classes(classes)) => {
            let confusion = (classes.len() <= SHOWN).then(|| {
                let mut confusion = ConfusionMatrix::new(classes.len()).with_labels(classes.clone());
                confusion.record(&told.argmax(-1).to_vec(), y);
                confusion
            });
            let mut values = vec![
                ("accuracy", accuracy(&told, y)),
                ("cross-entropy", f64::from(cross_entropy(&told, y).item())),
            ];
            if classes.len() > 5 {
                values.insert(1, ("among the first five", top_k(5)(&told, y)));
            }
            Evaluation { values, confusion }
        }
        (Targets::Numbers(y), _) => {
            let values = vec![("RMSE", rmse(&told, y)), ("MAE", mae(&told, y)), ("R2", r2(&told, y))];
            Evaluation { values, confusion: None }
        }
        (Targets::Classes(_), Outputs::Numbers(_)) => unreachable!("`Description::fits` has compared them"),
    }
}

impl Evaluation {
    /// The measures, a line for each, without the confusion matrix, which the page shows in a form of its own.
    pub(crate) fn measures(&self) -> String {
        self.values.iter().map(|(name, value)| format!("test {name}: {value:.4}\n")).collect()
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.measures())?;
        match &self.confusion {
            Some(matrix) => write!(f, "\n{matrix}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the errors are 0, 1 and -2, the targets lie 2, 0 and 2 from their mean.
    #[test]
    fn measures_of_numbers_are_a_line_each() {
        let (told, y) = (Tensor::from([[1.0], [4.0], [3.0]]), Tensor::from([[1.0], [3.0], [5.0]]));
        let values = vec![("RMSE", rmse(&told, &y)), ("MAE", mae(&told, &y)), ("R2", r2(&told, &y))];
        let evaluation = Evaluation { values, confusion: None };
        assert_eq!(evaluation.measures(), "test RMSE: 1.2910\ntest MAE: 1.0000\ntest R2: 0.3750\n");
        assert_eq!(evaluation.to_string(), evaluation.measures());
    }
}
