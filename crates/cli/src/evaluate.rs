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

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.values {
            writeln!(f, "test {name}: {value:.4}")?;
        }
        match &self.confusion {
            Some(matrix) => write!(f, "\n{matrix}"),
            None => Ok(()),
        }
    }
}
