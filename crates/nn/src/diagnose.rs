//! Why a deep network does not learn: what its layers give, which gradients reach them, and what to do about it.
//!
//! A signal that passes through many layers is multiplied by something in each, and so is the gradient on its way back. Where that is below
//! one, gradients vanish; above, they explode (S. Hochreiter, 1991; R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training
//! recurrent neural networks", 2013). A unit that is at the end of its range hands nothing on: a sigmoid that is saturated (X. Glorot and
//! Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010), a relu that is never above 0.

mod trouble;

pub use trouble::Trouble;

use crate::capture::{Seen, Value, place, split};
use crate::module::Module;
use autograd::{Applied, Gradients, Scalar, Tensor, observe};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// A gradient of so small a share of the largest one has vanished: Adam apart, its weights stand still while others move.
const VANISHED: f64 = 1e-6;
/// A gradient whose root mean square is above this explodes, as in [`grad_report`](crate::grad_report()).
const EXPLODING: f64 = 1e3;
/// A layer of which so many units are dead, or so many values saturated, has little left to hand on.
const MOST: f64 = 0.5;
/// How near the end of its range a value is saturated.
const END: f64 = 0.01;
/// Functions that may follow a layer, whose results tell more than what they are given.
const ACTIVATIONS: [&str; 10] =
    ["relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu", "elu", "selu", "softplus", "hard_sigmoid"];

/// Works out a loss, looks at what each layer gives and at the gradients of its parameters, and gives back the loss, which can still be
/// trained on. It costs a backward pass of its own, and keeps what the layers give meanwhile; once in some hundred steps it costs
/// nothing that matters.
///
/// Printed, it is a table of the layers, and below it advice about each trouble that there is. What a layer gives is looked at after the
/// activation that follows it.
///
/// ```
/// use nn::{Activation, Layer, Mlp, Mode, Rng, Tensor, Trouble, diagnose};
/// let sizes = [8; 30];
/// let net: Mlp = Mlp::new(&sizes, Activation::Sigmoid, &mut Rng::seed(0));
/// let x = Tensor::normal([64, 8], 0.0, 1.0, &mut Rng::seed(1));
/// let (_, diagnosis) = diagnose(&net, || net.forward(&x, &mut Mode::eval()).square().mean());
/// assert!(diagnosis.rows[0].troubles.contains(&Trouble::Vanishing));
/// println!("{diagnosis}");
/// ```
///
/// # Panics
/// If the loss is not a single number, or depends on no parameter.
#[track_caller]
pub fn diagnose<T: Scalar>(
    net: &(impl Module<T> + ?Sized),
    loss: impl FnOnce() -> Tensor<T>,
) -> (Tensor<T>, Diagnosis) {
    let (loss, values) = look_on(net, loss);
    let diagnosis = Diagnosis::of(net, values, &loss.clone().backward());
    (loss, diagnosis)
}

/// Runs `f`, and tells what the layers give, after the activations that follow them.
pub(crate) fn look_on<T: Scalar, R>(
    net: &(impl Module<T> + ?Sized),
    f: impl FnOnce() -> R,
) -> (R, Vec<Value<T>>) {
    let all = Rc::new(RefCell::new(Seen::of(net)));
    let seen = all.clone();
    let see = move |call: Applied<'_, T>| {
        let seen = &mut *seen.borrow_mut();
        let is_of_last =
            |x: &Tensor<T>| seen.values.last().is_some_and(|last| place(&last.output) == place(x));
        match call.inputs {
            [x] if ACTIVATIONS.contains(&call.operator) && is_of_last(x) => {
                if let Some(last) = seen.values.last_mut() {
                    last.output = call.output.clone();
                }
            }
            _ => seen.see(&call),
        }
    };
    let result = observe(see, f);
    let values = std::mem::take(&mut all.borrow_mut().values);
    (result, values)
}

/// What layers give, and what ails them: [`diagnose`]. Printed, it is a table with advice.
///
/// ```
/// use nn::{Activation, Layer, Mlp, Mode, Module, Rng, Tensor, Trouble, diagnose};
/// let mut net: Mlp = Mlp::new(&[4, 8, 1], Activation::Relu, &mut Rng::seed(0));
/// net.parameters_mut()[1].1.update(|bias| bias.fill(-100.0)); // no unit of the first layer is ever above 0
/// net.parameters_mut()[3].1.update(|bias| bias.fill(0.5));
/// let x = Tensor::normal([32, 4], 0.0, 1.0, &mut Rng::seed(1));
/// let (_, diagnosis) = diagnose(&net, || (net.forward(&x, &mut Mode::eval()) - 1.0).square().mean());
/// let troubled: Vec<&str> = diagnosis.troubled().map(|row| row.path.as_str()).collect();
/// assert_eq!((diagnosis.rows.len(), troubled), (2, vec!["layers.0"]));
/// assert_eq!(diagnosis.rows[0].troubles, [Trouble::Vanishing, Trouble::Dead]);
/// assert!(diagnosis.to_string().contains(Trouble::Dead.advice()));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The layers, in the order in which they were last called.
    pub rows: Vec<LayerState>,
}

/// The state of a layer.
///
/// ```
/// use nn::{Layer, Linear, Mode, Rng, Tensor, diagnose};
/// let mut net: Linear = Linear::new(1, 1, &mut Rng::seed(0));
/// net.weight.update(|w| w[0] = 2.0);
/// net.bias.as_mut().unwrap().update(|b| b[0] = 0.0);
/// let x = Tensor::from([[1.0], [3.0]]); // of which the layer makes 2 and 6
/// let (_, diagnosis) = diagnose(&net, || net.forward(&x, &mut Mode::eval()).sum());
/// let row = &diagnosis.rows[0];
/// assert_eq!((row.mean, row.deviation, row.dead, row.saturated), (4.0, 2.0, 0.0, 0.0));
/// assert_eq!(row.gradient, Some(((4.0_f64.powi(2) + 2.0_f64.powi(2)) / 2.0).sqrt())); // 4 of the weight, 2 of the bias
/// assert!(row.troubles.is_empty());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LayerState {
    /// The layer's path.
    pub path: String,
    /// The mean of what it gives.
    pub mean: f64,
    /// The standard deviation of what it gives.
    pub deviation: f64,
    /// The share of units that are 0 for every sample, if there are at least 16 samples: features of vectors, channels of images.
    pub dead: f64,
    /// The share of values within a hundredth of the ends of a range from -1 or 0 to 1, if all values lie in it.
    pub saturated: f64,
    /// The root mean square of the gradients of its parameters; `None` if none is trained.
    pub gradient: Option<f64>,
    /// What ails it; nothing, if all is well.
    pub troubles: Vec<Trouble>,
}

impl LayerState {
    fn of<T: Scalar>(
        net: &(impl Module<T> + ?Sized),
        path: String,
        output: &Tensor<T>,
        grads: &Gradients<T>,
    ) -> Self {
        let values: Vec<f64> = output.array().view().iter().map(Into::into).collect();
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let (low, high) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
        let begin = if low < 0.0 { -1.0 } else { 0.0 };
        let at_an_end = |x: &&f64| {
            **x > 1.0 - END || begin < 0.0 && **x < begin + END || begin == 0.0 && **x > 0.0 && **x < END
        };
        let saturated = match low >= -1.0 && high <= 1.0 {
            true => values.iter().filter(at_an_end).count() as f64 / n,
            false => 0.0,
        };
        let (mut squares, mut count) = (0.0, 0);
        for (at, param) in net.parameters() {
            if split(&at).0 == path && param.is_trained() {
                let gradient = grads
                    .get(param)
                    .map(|g| g.array().view().iter().map(|g| Into::<f64>::into(g).powi(2)).sum());
                squares += gradient.unwrap_or(0.0);
                count += param.size();
            }
        }
        let gradient = (count > 0).then(|| (squares / count as f64).sqrt());
        let dead = dead(output.dims(), &values);
        LayerState { path, mean, deviation, dead, saturated, gradient, troubles: Vec::new() }
    }

    /// What ails it, by name.
    pub(crate) fn named_troubles(&self) -> String {
        self.troubles.iter().map(|trouble| format!("{trouble:?}")).collect::<Vec<_>>().join(", ")
    }

    fn judge(&mut self, largest: f64) {
        let gradient = self.gradient.unwrap_or(largest);
        let found = [
            (Trouble::NotFinite, !gradient.is_finite() || !self.deviation.is_finite()),
            (Trouble::Vanishing, gradient < VANISHED * largest),
            (Trouble::Exploding, gradient > EXPLODING && gradient.is_finite()),
            (Trouble::Dead, self.dead > MOST),
            (Trouble::Saturated, self.saturated > MOST),
        ];
        self.troubles = found.into_iter().filter(|(_, is_so)| *is_so).map(|(trouble, _)| trouble).collect();
    }
}

/// The share of units that are 0 for every sample: of the last axis, or of the second where images are given.
fn dead(dims: &[usize], values: &[f64]) -> f64 {
    let axis = if dims.len() > 3 { 1 } else { dims.len().saturating_sub(1) };
    let units = dims.get(axis).copied().unwrap_or(1);
    if units == 0 || values.len() < 16 * units {
        return 0.0;
    }
    let inner: usize = dims[axis + 1..].iter().product();
    let mut lives = vec![false; units];
    for (i, x) in values.iter().enumerate() {
        lives[i / inner % units] |= *x != 0.0;
    }
    lives.iter().filter(|lives| !**lives).count() as f64 / units as f64
}

impl Diagnosis {
    /// Of what layers gave, and the gradients of what came of it.
    pub(crate) fn of<T: Scalar>(
        net: &(impl Module<T> + ?Sized),
        values: Vec<Value<T>>,
        grads: &Gradients<T>,
    ) -> Self {
        let mut rows: Vec<LayerState> = Vec::new();
        for value in values {
            let row = LayerState::of(net, value.layer, &value.output, grads);
            // Of a layer that is called several times, the last call.
            rows.retain(|other| other.path != row.path);
            rows.push(row);
        }
        Self::judged(rows)
    }

    /// Of the states of layers, what ails them not yet said.
    pub(crate) fn judged(mut rows: Vec<LayerState>) -> Self {
        let gradients = rows.iter().filter_map(|row| row.gradient);
        let largest = gradients.filter(|g| g.is_finite()).fold(0.0, f64::max);
        rows.iter_mut().for_each(|row| row.judge(largest));
        Diagnosis { rows }
    }

    /// The layers that something ails.
    pub fn troubled(&self) -> impl Iterator<Item = &LayerState> {
        self.rows.iter().filter(|row| !row.troubles.is_empty())
    }

    /// What ails any of the layers, each once.
    pub(crate) fn troubles(&self) -> Vec<Trouble> {
        let mut all: Vec<Trouble> = Vec::new();
        for trouble in self.rows.iter().flat_map(|row| &row.troubles) {
            if !all.contains(trouble) {
                all.push(*trouble);
            }
        }
        all
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            |row: &LayerState| if row.path.is_empty() { "(itself)".to_owned() } else { row.path.clone() };
        let width = self.rows.iter().map(|row| name(row).chars().count()).max().unwrap_or(0).max(5);
        writeln!(
            f,
            "{:width$}  {:>10}  {:>10}  {:>6}  {:>9}  {:>10}  trouble",
            "layer", "mean", "deviation", "dead", "saturated", "gradient"
        )?;
        for row in &self.rows {
            let gradient = row.gradient.map_or(String::new(), |g| format!("{g:.2e}"));
            let line = format!(
                "{:width$}  {:>10.2e}  {:>10.2e}  {:>4.0} %  {:>7.0} %  {gradient:>10}  {}",
                name(row),
                row.mean,
                row.deviation,
                100.0 * row.dead,
                100.0 * row.saturated,
                row.named_troubles()
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        let told = |trouble: &Trouble| writeln!(f, "{trouble:?}: {}", trouble.advice());
        self.troubles().iter().try_for_each(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Activation, BatchNorm2d, Conv2d, Flatten, Init, Layer, Linear, Lstm, Mlp, Mode, Rng, Sequential,
        TransformerBlock, cross_entropy,
    };

    fn troubles(net: &impl Layer, x: &Tensor) -> Vec<(String, Vec<Trouble>)> {
        let mut rng = Rng::seed(9);
        let (loss, diagnosis) = diagnose(net, || {
            let y = net.forward(x, &mut Mode::train(&mut rng));
            let classes = y.dims()[y.rank() - 1];
            let y = y.reshape([y.size() / classes, classes]);
            cross_entropy(&y, &(0..y.dims()[0]).map(|i| i % classes).collect::<Vec<_>>())
        });
        assert!(loss.is_tracked());
        println!("{diagnosis}");
        diagnosis.troubled().map(|row| (row.path.clone(), row.troubles.clone())).collect()
    }

    fn input(width: usize) -> Tensor {
        Tensor::normal([64, width], 0.0, 1.0, &mut Rng::seed(1))
    }

    #[test]
    fn nothing_ails_healthy_networks() {
        let rng = &mut Rng::seed(0);
        for activation in [Activation::Relu, Activation::Sigmoid, Activation::Tanh] {
            let net: Mlp = Mlp::new(&[20, 64, 32, 10], activation, rng);
            assert_eq!(troubles(&net, &input(20)), [], "{activation:?}");
        }
        let net = Sequential::new()
            .then(Conv2d::new(1, 8, [3, 3], rng))
            .then(BatchNorm2d::new(8))
            .then(Activation::Relu)
            .then(Flatten)
            .then(Linear::new(8 * 36, 10, rng));
        assert_eq!(troubles(&net, &Tensor::normal([32, 1, 8, 8], 0.0, 1.0, rng)), []);
        let net =
            Sequential::new().then(TransformerBlock::new(16, 4, rng)).then(TransformerBlock::new(16, 4, rng));
        assert_eq!(troubles(&net, &Tensor::normal([4, 10, 16], 0.0, 1.0, rng)), []);
        assert_eq!(troubles(&Lstm::new(16, 16, rng), &Tensor::normal([4, 30, 16], 0.0, 1.0, rng)), []);
    }

    #[test]
    fn gradients_vanish_through_sigmoids_and_explode_through_large_weights() {
        let sizes = [16; 20];
        let net: Mlp = Mlp::new(&sizes, Activation::Sigmoid, &mut Rng::seed(0));
        let found = troubles(&net, &input(16));
        assert_eq!(found[0], ("layers.0".to_owned(), vec![Trouble::Vanishing]));
        assert!(found.iter().all(|(path, _)| path != "layers.18"));

        let mut net: Mlp = Mlp::new(&sizes, Activation::Relu, &mut Rng::seed(0));
        net.layers.iter_mut().for_each(|layer| layer.weight.update(|w| w.iter_mut().for_each(|w| *w *= 4.0)));
        let found = troubles(&net, &input(16));
        assert!(
            found.iter().any(|(path, troubles)| path == "layers.0" && troubles.contains(&Trouble::Exploding))
        );
    }

    #[test]
    fn units_die_and_saturate() {
        let mut rng = Rng::seed(0);
        let mut net = Sequential::new()
            .then(Linear::new(16, 32, &mut rng))
            .then(Activation::Relu)
            .then(Linear::new(32, 4, &mut rng));
        net.0[0].visit_mut(&mut crate::Path::default(), &mut |path, param| {
            if path.as_str() == "bias" {
                param.update(|b| b[..20].fill(-100.0));
            }
        });
        assert_eq!(troubles(&net, &input(16)), [("0".to_owned(), vec![Trouble::Dead])]);

        for (activation, scale) in [(Activation::Tanh, 20.0), (Activation::Sigmoid, 40.0)] {
            let mut net: Mlp = Mlp::new(&[16, 32, 4], activation, &mut rng);
            net.layers[0].weight = crate::Param::new(Init::Normal(scale).sample([32, 16], &mut rng));
            assert_eq!(
                troubles(&net, &input(16)),
                [("layers.0".to_owned(), vec![Trouble::Saturated])],
                "{activation:?}"
            );
        }
    }

    #[test]
    fn channels_die_as_units_do_and_some_may() {
        let mut rng = Rng::seed(0);
        for (count, expected) in [(5, vec![("0".to_owned(), vec![Trouble::Dead])]), (3, vec![])] {
            let mut net = Sequential::new()
                .then(Conv2d::new(1, 8, [3, 3], &mut rng))
                .then(Activation::Relu)
                .then(Flatten)
                .then(Linear::new(8 * 36, 10, &mut rng));
            net.0[0].visit_mut(&mut crate::Path::default(), &mut |path, param| {
                if path.as_str() == "bias" {
                    param.update(|b| b[..count].fill(-100.0));
                }
            });
            assert_eq!(troubles(&net, &Tensor::normal([32, 1, 8, 8], 0.0, 1.0, &mut rng)), expected);
        }
    }

    /// Of many layers that suffer alike, each says what ails it, and the advice stands there once.
    #[test]
    fn advice_is_printed_once() {
        let net: Mlp = Mlp::new(&[16; 20], Activation::Sigmoid, &mut Rng::seed(0));
        let (_, diagnosis) = diagnose(&net, || net.forward(&input(16), &mut Mode::eval()).square().mean());
        let printed = diagnosis.to_string();
        let layers = diagnosis.troubled().count();
        assert!(layers > 5, "{printed}");
        assert_eq!(printed.lines().filter(|line| line.ends_with("  Vanishing")).count(), layers, "{printed}");
        let advice = format!("\nVanishing: {}\n", Trouble::Vanishing.advice());
        assert_eq!(printed.matches(&advice).count(), 1, "{printed}");
        assert_eq!(printed.lines().count(), 1 + diagnosis.rows.len() + 1, "{printed}");
    }

    #[test]
    fn what_is_not_finite_is_told() {
        let mut net: Mlp = Mlp::new(&[4, 8, 3], Activation::Relu, &mut Rng::seed(0));
        net.layers[1].weight.update(|w| w[0] = f32::INFINITY);
        let found = troubles(&net, &input(4));
        assert!(
            found.iter().any(|(path, troubles)| path == "layers.1" && troubles.contains(&Trouble::NotFinite))
        );
    }
}
