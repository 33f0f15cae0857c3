//! `wengert eval`: how good a model is on the test part.

use crate::data::{Part, Targets};
use crate::describe::{Description, Outputs};
use crate::model::Network;
use std::fmt;
use wengert::metrics::{ConfusionMatrix, mae, r2, rmse, top_k};
use wengert::{Layer, Tensor, cross_entropy};

/// How many samples are told at once.
const BATCH: usize = 256;
/// The most classes of a matrix that is printed.
const SHOWN: usize = 20;

/// What a model does on samples whose targets are known.
#[derive(Debug)]
pub(crate) struct Evaluation {
    values: Vec<(&'static str, f64)>,
    /// For classes.
    pub(crate) confusion: Option<ConfusionMatrix>,
}

/// What comes out for each sample, in evaluation, `[n, outputs]`.
pub(crate) fn outputs(net: &Network, x: &Tensor) -> Tensor {
    let samples: Vec<usize> = (0..x.dims()[0]).collect();
    let parts: Vec<Tensor> =
        samples.chunks(BATCH).map(|rows| net.predict(&wengert::Samples::select(x, rows))).collect();
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
}

/// Tells the samples, and compares.
pub(crate) fn of(net: &Network, description: &Description, part: &Part) -> Evaluation {
    let told = outputs(net, &part.x);
    match (&part.y, &description.outputs) {
        (Targets::Classes(y), Outputs::Classes(classes)) => {
            let mut confusion = ConfusionMatrix::new(classes.len()).with_labels(classes.clone());
            confusion.record(&told.argmax(-1).to_vec(), y);
            let mut values = vec![
                ("accuracy", confusion.accuracy()),
                ("cross-entropy", f64::from(cross_entropy(&told, y).item())),
            ];
            if classes.len() > 5 {
                values.insert(1, ("among the first five", top_k(5)(&told, y)));
            }
            Evaluation { values, confusion: Some(confusion) }
        }
        (Targets::Numbers(y), _) => {
            let values = vec![("RMSE", rmse(&told, y)), ("MAE", mae(&told, y)), ("R2", r2(&told, y))];
            Evaluation { values, confusion: None }
        }
        (Targets::Classes(_), Outputs::Numbers(_)) => unreachable!("`Description::fits` has compared them"),
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.values {
            writeln!(f, "test {name}: {value:.4}")?;
        }
        match &self.confusion {
            Some(matrix) if matrix.classes() <= SHOWN => write!(f, "\n{matrix}"),
            _ => Ok(()),
        }
    }
}
