//! What layers give, and the gradients that reach it: intermediate values by the paths of layers.
//!
//! Layers have parameters, and parameters have paths; so an operator that reads a parameter belongs to its layer, and what the last operator
//! of a layer gives is what the layer gives. It is found by looking on ([`observe`]) while the network runs; the network knows
//! nothing of it.

use crate::module::Module;
use crate::pattern::Pattern;
use autograd::{Applied, Scalar, Tensor, observe};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Runs `f`, and keeps what the layers whose paths match the pattern give meanwhile: `*` for all, `encoder.*.norm` for some.
///
/// A layer is what has parameters of its own. A layer that is called several times gives several values. The function that is fused
/// to a layer ([`Linear::then`](crate::Linear::then), as in [`Mlp`](crate::Mlp)) is part of what it gives. For a value that no layer gives,
/// call [`show`](autograd::show) where it is made: its name is matched as well. What runs within a checkpoint is kept as a constant.
///
/// ```
/// use nn::{Activation, Layer, Mlp, Mode, Rng, Tensor, capture};
/// let net: Mlp = Mlp::new(&[2, 8, 8, 1], Activation::Tanh, &mut Rng::seed(0));
/// let x = Tensor::ones([5, 2]);
/// let (loss, captured) = capture(&net, "layers.*", || net.forward(&x, &mut Mode::eval()).square().sum());
/// assert_eq!(captured.paths().collect::<Vec<_>>(), ["layers.0", "layers.1", "layers.2"]);
/// assert_eq!(captured["layers.1"].dims(), [5, 8]);
///
/// // The gradient of the loss by the values, before or without a backward pass.
/// for (path, gradient) in captured.gradients(&loss) {
///     println!("{path}: {:?}", gradient.map(|g| g.abs().max().item()));
/// }
/// ```
///
/// # Panics
/// If no layer of `net` matches, and nothing was shown that does.
#[doc(alias("register_forward_hook", "register_full_backward_hook", "hook"))]
#[track_caller]
pub fn capture<T: Scalar, R>(
    net: &(impl Module<T> + ?Sized),
    pattern: &str,
    f: impl FnOnce() -> R,
) -> (R, Captured<T>) {
    let matching = Pattern::new(pattern);
    let (result, mut values) = watch(net, f);
    values.retain(|value| matching.matches(&value.layer));
    let is_there = || layers(net).values().any(|(layer, _)| matching.matches(layer));
    assert!(
        !values.is_empty() || is_there(),
        "capture: no layer matches `{pattern}`\n  help: {}",
        names_of_layers(net)
    );
    (result, Captured { values: values.into_iter().map(|value| (value.layer, value.output)).collect() })
}

fn names_of_layers<T: Scalar>(net: &(impl Module<T> + ?Sized)) -> String {
    let mut names: Vec<String> = Vec::new();
    for (path, _) in net.parameters() {
        let layer = match split(&path).0 {
            "" => "`` (the network itself)".to_owned(),
            layer => format!("`{layer}`"),
        };
        if !names.contains(&layer) {
            names.push(layer);
        }
    }
    match &names[..] {
        [] => "the network has no parameters; `show` makes a value known under a name".to_owned(),
        [only] if only.starts_with("``") => {
            "the network is one layer, whose path is empty: the patterns \"\" and \"*\" match it".to_owned()
        }
        names => format!("the layers are {}", names.join(", ")),
    }
}

/// What layers have given: [`capture`].
///
/// ```
/// use nn::{Activation, Mlp, Layer, Mode, Rng, Tensor, capture};
/// let net: Mlp = Mlp::new(&[2, 3, 1], Activation::Tanh, &mut Rng::seed(0));
/// let run = || net.forward(&Tensor::ones([4, 2]), &mut Mode::eval()).square().sum();
/// let (loss, captured) = capture(&net, "layers.*", run);
/// assert_eq!(captured.paths().collect::<Vec<_>>(), ["layers.0", "layers.1"]);
/// assert_eq!(captured.get("layers.0").unwrap().dims(), [4, 3]);
/// let (path, value) = captured.iter().next().unwrap();
/// assert!(path == "layers.0" && value.abs().max().item() < 1.0); // behind the tanh
/// let gradients = captured.gradients(&loss);
/// assert_eq!(gradients[1].1.as_ref().unwrap().dims(), [4, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct Captured<T: Scalar = f32> {
    values: Vec<(String, Tensor<T>)>,
}

impl<T: Scalar> Captured<T> {
    /// The values with the paths of their layers, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor<T>)> {
        self.values.iter().map(|(path, value)| (path.as_str(), value))
    }

    /// The paths, one for each value.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(path, _)| path.as_str())
    }

    /// What the layer of this path gave, the last time that it was called.
    pub fn get(&self, path: &str) -> Option<&Tensor<T>> {
        self.iter().filter(|(at, _)| *at == path).last().map(|(_, value)| value)
    }

    /// The gradients of the number `loss` by the values, in the same order; `None` where it does not depend on one: it was made without
    /// recording, or leads nowhere. They are recorded, and the graph of the loss stays.
    ///
    /// # Panics
    /// If `loss` is not a single number.
    #[track_caller]
    pub fn gradients(&self, loss: &Tensor<T>) -> Vec<(&str, Option<Tensor<T>>)> {
        assert!(
            loss.size() == 1,
            "gradients: expected the loss, a single number, found the shape {}",
            loss.shape()
        );
        let of = |value| autograd::try_grad(loss, [value]).ok().map(|[gradient]| gradient);
        self.iter().map(|(path, value)| (path, of(value))).collect()
    }
}

impl<T: Scalar> std::ops::Index<&str> for Captured<T> {
    type Output = Tensor<T>;

    /// As [`get`](Captured::get).
    ///
    /// # Panics
    /// If nothing was captured under the path.
    #[track_caller]
    fn index(&self, path: &str) -> &Tensor<T> {
        let paths = || self.paths().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        self.get(path).unwrap_or_else(|| {
            panic!("captured: there is no value of `{path}`\n  help: there are those of {}", paths())
        })
    }
}

/// A value, and whose it is: the layer's path, or the name under which it was shown.
pub(crate) struct Value<T: Scalar> {
    pub(crate) layer: String,
    pub(crate) output: Tensor<T>,
    /// The layer's parameters that have been read for it.
    read: Vec<usize>,
    is_shown: bool,
}

/// Where the elements of a tensor begin, and of its views.
pub(crate) fn place<T: Scalar>(x: &Tensor<T>) -> usize {
    x.array().view().data().as_ptr() as usize
}

/// A path without its last step, and that step.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// The paths of the layers, and the names, of all parameters, by where their elements lie. Of weights that are tied, the first.
pub(crate) fn layers<T: Scalar>(net: &(impl Module<T> + ?Sized)) -> HashMap<usize, (String, String)> {
    let mut layers = HashMap::new();
    for (path, param) in net.parameters() {
        let (layer, name) = split(&path);
        layers.entry(place(param)).or_insert((layer.to_owned(), name.to_owned()));
    }
    layers
}

/// The layer to which a call belongs: that of the first parameter which it reads, unless it only gives a view of it.
pub(crate) fn layer_of<'a, T: Scalar>(
    layers: &'a HashMap<usize, (String, String)>,
    call: &Applied<'_, T>,
) -> Option<(&'a str, usize)> {
    let found = call.inputs.iter().map(|x| place(x)).find_map(|at| Some((layers.get(&at)?.0.as_str(), at)));
    found.filter(|_| !layers.contains_key(&place(call.output)))
}

/// What has been seen of a network's layers.
pub(crate) struct Seen<T: Scalar> {
    layers: HashMap<usize, (String, String)>,
    pub(crate) values: Vec<Value<T>>,
}

impl<T: Scalar> Seen<T> {
    pub(crate) fn of(net: &(impl Module<T> + ?Sized)) -> Self {
        Seen { layers: layers(net), values: Vec::new() }
    }

    /// Keeps what a call gives, if it belongs to a layer or was shown.
    pub(crate) fn see(&mut self, call: &Applied<'_, T>) {
        let (layer, at) = match layer_of(&self.layers, call) {
            Some((layer, at)) => (layer.to_owned(), Some(at)),
            None if call.is_shown => (call.operator.to_owned(), None),
            None => return,
        };
        let (output, is_shown) = (call.output.clone(), call.is_shown);
        let mut read: Vec<usize> = at.into_iter().collect();
        if is_shown && at.is_some() {
            // It stands for all that the layer has done for it.
            self.values.retain(|value| value.is_shown || value.layer != layer);
        }
        // A layer of several operators reads each of its parameters once; what reads one again is another call.
        let goes_on = |last: &Value<T>| {
            !last.is_shown
                && !is_shown
                && last.layer == layer
                && !at.is_some_and(|at| last.read.contains(&at))
        };
        if let Some(mut last) = self.values.pop_if(|last| goes_on(last)) {
            read.append(&mut last.read);
        }
        self.values.push(Value { layer, output, read, is_shown });
    }
}

/// Runs `f`, and tells what every layer of the network gives meanwhile.
pub(crate) fn watch<T: Scalar, R>(
    net: &(impl Module<T> + ?Sized),
    f: impl FnOnce() -> R,
) -> (R, Vec<Value<T>>) {
    let all = Rc::new(RefCell::new(Seen::of(net)));
    let seen = all.clone();
    let result = observe(move |call| seen.borrow_mut().see(&call), f);
    let values = std::mem::take(&mut all.borrow_mut().values);
    (result, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Activation, BatchNorm1d, Dropout, Layer, Linear, Lstm, Mlp, Mode, MultiHeadAttention, Rng, Sequential,
    };
    use autograd::{grad, no_grad, show};

    #[test]
    fn values_and_gradients_are_those_worked_out_layer_by_layer() {
        let mut rng = Rng::seed(1);
        let mut net: Sequential<f64> = Sequential::default()
            .then(Linear::new(3, 4, &mut rng))
            .then(BatchNorm1d::new(4))
            .then(Dropout::new(0.5))
            .then(Linear::new(4, 2, &mut rng));
        net.freeze("0.*");
        let x = Tensor::normal([5, 3], 0.0, 1.0, &mut rng).requires_grad();
        let (loss, captured) = capture(&net, "*", || net.forward(&x, &mut Mode::eval()).square().sum());
        let mut by_hand = x.clone();
        let mut steps = Vec::new();
        for layer in &net.0 {
            by_hand = layer.forward(&by_hand, &mut Mode::eval());
            steps.push(by_hand.clone());
        }
        let loss_by_hand = by_hand.square().sum();
        for (path, step) in [("0", 0), ("1", 1), ("3", 3)] {
            assert_eq!(captured[path].to_vec(), steps[step].to_vec(), "{path}");
            let [expected] = grad(&loss_by_hand, [&steps[step]]);
            let gradients = captured.gradients(&loss);
            let gradient = gradients.iter().find(|(at, _)| *at == path).unwrap().1.as_ref().unwrap();
            assert_eq!(gradient.to_vec(), expected.to_vec(), "{path}");
        }
        assert_eq!(captured.paths().collect::<Vec<_>>(), ["0", "1", "3"]);
        let (_, unrecorded) = capture(&net, "3", || net.predict(&x));
        assert!(unrecorded.gradients(&loss)[0].1.is_none());
    }

    #[test]
    fn each_call_of_a_layer_is_a_value_and_composed_layers_give_what_they_return() {
        let mut rng = Rng::seed(2);
        let linear: Linear = Linear::new(3, 3, &mut rng);
        let x = Tensor::normal([2, 3], 0.0, 1.0, &mut rng);
        let twice = |x: &Tensor| linear.forward(&linear.forward(x, &mut Mode::eval()), &mut Mode::eval());
        let (y, captured) = capture(&linear, "", || twice(&x));
        assert_eq!(captured.iter().count(), 2);
        assert_eq!(captured[""].to_vec(), y.to_vec());

        let lstm: Lstm = Lstm::new(3, 4, &mut rng);
        let x = Tensor::normal([2, 5, 3], 0.0, 1.0, &mut rng);
        let (y, captured) = capture(&lstm, "*", || lstm.forward(&x, &mut Mode::eval()));
        assert_eq!(captured.iter().map(|(_, value)| value.to_vec()).collect::<Vec<_>>(), [y.to_vec()]);

        let attention: MultiHeadAttention = MultiHeadAttention::new(4, 2, &mut rng);
        let (y, captured) = capture(&attention, "out_proj", || attention.forward(&y, &mut Mode::eval()));
        assert_eq!(captured["out_proj"].to_vec(), y.to_vec());
    }

    #[test]
    fn what_is_shown_has_its_name_and_what_is_not_there_is_told() {
        let net: Mlp = Mlp::new(&[2, 4, 1], Activation::Relu, &mut Rng::seed(0));
        let run = || {
            let y = net.forward(&Tensor::ones([1, 2]), &mut Mode::eval());
            show("twice", &[], &(&y * 2.0));
            y
        };
        let (y, captured) = capture(&net, "tw*", run);
        assert_eq!(captured["twice"].item(), 2.0 * y.item());
        let message = |f: &dyn Fn()| {
            let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
            panic.downcast_ref::<String>().unwrap().clone()
        };
        let none = message(&|| drop(capture(&net, "encoder.*", || no_grad(run))));
        assert_eq!(
            none,
            "capture: no layer matches `encoder.*`\n  help: the layers are `layers.0`, `layers.1`"
        );
        let alone: Linear = Linear::new(2, 1, &mut Rng::seed(0));
        let none = message(&|| drop(capture(&alone, "layers.*", || no_grad(run))));
        assert_eq!(
            none,
            "capture: no layer matches `layers.*`\n  help: the network is one layer, whose path is empty: the patterns \"\" and \"*\" match it"
        );
        let missing = message(&|| drop(captured["layers.0"].clone()));
        assert_eq!(missing, "captured: there is no value of `layers.0`\n  help: there are those of `twice`");
    }
}
