//! Measuring a network: the loss and the metrics over a data set.

use super::place::Mean;
use super::{Loss, Trainer};
use crate::data::{Dataset, Samples};
use crate::layer::Layer;
use crate::layers::blame;
use crate::optim::Optimizer;
use autograd::{Recording, Scalar, Tensor};

/// A named measure of outputs against targets: the mean over a batch, or of all at once.
pub(super) struct Metric<'a, Y, T: Scalar> {
    pub(super) name: &'static str,
    pub(super) over_all: bool,
    measure: Measure<'a, Y, T>,
}

type Measure<'a, Y, T> = Box<dyn Fn(&Tensor<T>, &Y) -> f64 + 'a>;

impl<'a, Y, T: Scalar> Metric<'a, Y, T> {
    pub(super) fn new(
        name: &'static str,
        over_all: bool,
        measure: impl Fn(&Tensor<T>, &Y) -> f64 + 'a,
    ) -> Self {
        let measure = move |outputs: &Tensor<T>, targets: &Y| {
            blame::on_caller_of(&measure, || measure(outputs, targets))
        };
        Metric { name, over_all, measure: Box::new(measure) }
    }

    #[track_caller]
    pub(super) fn of(&self, outputs: &Tensor<T>, targets: &Y) -> f64 {
        blame::on_caller(|| (self.measure)(outputs, targets))
    }
}

impl<'a, O, L, Y, T: Scalar> Trainer<'a, O, L, Y, T> {
    /// Adds a measure to every report: a function of the outputs and the targets of a batch, the mean over the batch.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, metrics, mse};
    /// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
    /// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
    /// let largest = |outputs: &Tensor, _: &Tensor| f64::from(outputs.max().item()); // one of one's own
    /// let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse).metric("mae", metrics::mae).metric("largest", largest);
    /// let report = trainer.fit(&mut net, &data, &data)?;
    /// assert!(report.epochs.iter().all(|epoch| epoch.metric("mae").is_some() && epoch.metric("largest").is_some()));
    /// # Ok::<(), nn::TrainError>(())
    /// ```
    ///
    /// # Panics
    /// If the name is empty, or has a tab, an end of a line or another control character.
    #[track_caller]
    pub fn metric(mut self, name: &'static str, measure: impl Fn(&Tensor<T>, &Y) -> f64 + 'a) -> Self {
        self.settings.metrics.push(Metric::new(must_be_a_name("metric", name), false, measure));
        self
    }

    /// As [`metric`](Self::metric), of all outputs and targets at once, for what is no mean over batches, such as
    /// [`f1`](crate::metrics::f1) or the root of a mean. All outputs of the test data are kept for it.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, metrics, mse};
    /// let data = Dataset::new(Tensor::<f32>::zeros([2, 1]), Tensor::from([[0.0], [2.0]])).unwrap();
    /// let mut net = Linear::new(1, 1, &mut Rng::seed(0)).without_bias(); // gives zeros
    /// let trainer = Trainer::new(Sgd::<f32>::new(0.1)).loss(mse).batch(1);
    /// let trainer = trainer.metric("mean of roots", metrics::rmse).metric_over_all("rmse", metrics::rmse);
    /// assert_eq!(trainer.evaluate(&net, &data).1, [("mean of roots", 1.0), ("rmse", 2.0_f64.sqrt())]);
    /// ```
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn metric_over_all(
        mut self,
        name: &'static str,
        measure: impl Fn(&Tensor<T>, &Y) -> f64 + 'a,
    ) -> Self {
        self.settings.metrics.push(Metric::new(must_be_a_name("metric", name), true, measure));
        self
    }
}

impl<O, L, Y, T> Trainer<'_, O, L, Y, T>
where
    O: Optimizer<T>,
    Y: Samples,
    T: Scalar,
{
    /// The mean loss over a data set, and every metric, in evaluation; NaN if it is empty.
    ///
    /// ```
    /// use nn::{Dataset, Linear, Rng, Sgd, Tensor, Trainer, metrics, mse};
    /// let data = Dataset::new(Tensor::from([[1.0_f32], [2.0]]), Tensor::from([[1.0], [4.0]])).unwrap();
    /// let mut net = Linear::new(1, 1, &mut Rng::seed(0)).without_bias();
    /// net.weight.update(|w| w[0] = 1.0); // the outputs are the inputs
    /// let trainer = Trainer::new(Sgd::<f32>::new(0.1)).loss(mse).metric("mae", metrics::mae);
    /// assert_eq!(trainer.evaluate(&net, &data), (2.0, vec![("mae", 1.0)]));
    /// ```
    ///
    /// # Panics
    /// If the inputs do not fit the network, or the targets the loss or a metric.
    #[track_caller]
    pub fn evaluate<N, X>(&self, net: &N, data: &Dataset<X, Y>) -> (f64, Vec<(&'static str, f64)>)
    where
        L: Loss<T, Y>,
        N: Layer<T, X>,
        X: Samples,
    {
        let mut loss = Mean::default();
        let mut means = vec![Mean::default(); self.settings.metrics.len()];
        let mut all = Vec::new();
        let keeps_all = self.settings.metrics.iter().any(|metric| metric.over_all);
        for batch in data.batches(self.settings.batch.min(self.most_within_budget())) {
            let (outputs, samples) = (net.predict(&batch.x), batch.y.count());
            // No closure: what does not fit blames the line that has called this.
            let off = Recording::set(false);
            loss.add(self.loss.of(&outputs, &batch.y).item().into(), samples);
            drop(off);
            for (mean, metric) in
                means.iter_mut().zip(&self.settings.metrics).filter(|(_, metric)| !metric.over_all)
            {
                mean.add(metric.of(&outputs, &batch.y), samples);
            }
            if keeps_all {
                all.push(outputs);
            }
        }
        let all = (!all.is_empty()).then(|| Tensor::concat(&all.iter().collect::<Vec<_>>(), 0));
        let mut values = Vec::with_capacity(means.len());
        for (metric, mean) in self.settings.metrics.iter().zip(means) {
            values.push(match &all {
                Some(outputs) if metric.over_all => (metric.name, metric.of(outputs, data.y())),
                _ => (metric.name, mean.value()),
            });
        }
        (loss.value(), values)
    }
}

/// The name of a metric, or of what is measured, which stands in lines: of reports, logs and checkpoints.
#[track_caller]
pub(super) fn must_be_a_name(option: &str, name: &'static str) -> &'static str {
    assert!(
        !name.is_empty() && !name.contains(char::is_control),
        "{option}: {name:?} is no name for a line of a report or a file\n  help: give it a word or more, without tabs and ends of lines"
    );
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::panic_of;
    use crate::{Sgd, mse};

    /// In a log two columns would have one name, and TensorBoard would draw two curves as one.
    #[test]
    fn what_is_measured_has_a_name_of_its_own() {
        let on =
            |name| panic_of(move || Trainer::new(Sgd::<f32>::new(0.1)).loss(mse::<f32>).measured_on(name));
        for name in ["", "a\tb", "a\nb"] {
            let message = on(name);
            assert!(
                message.starts_with(&format!("measured_on: {name:?} is no name for a line")),
                "{message}"
            );
        }
        for name in ["train", "training", "step"] {
            let message = on(name);
            assert!(
                message.starts_with(&format!("measured_on: {name:?} is what losses of training are called")),
                "{message}"
            );
        }
    }

    #[test]
    fn the_name_of_a_metric_is_one_line() {
        for name in ["a\tb", "a\nb", "a\r", ""] {
            let one = |_: &Tensor, _: &Tensor| 1.0;
            let trainer = || Trainer::new(Sgd::<f32>::new(0.1)).loss(mse::<f32>);
            for message in
                [panic_of(|| trainer().metric(name, one)), panic_of(|| trainer().metric_over_all(name, one))]
            {
                assert!(message.starts_with(&format!("metric: {name:?} is no name")), "{message}");
            }
        }
    }
}
