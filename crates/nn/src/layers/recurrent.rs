//! Recurrent layers: a state that goes from each place of a sequence to the next.
//!
//! What the inputs contribute is one product for all times; what the state does is a product for each. Names and shapes of the
//! parameters are those of PyTorch: `weight_ih_l0` `[gates · size, inputs]`, `weight_hh_l0` `[gates · size, size]`, `bias_ih_l0` and
//! `bias_hh_l0`, then `.._l1`, and so on.

use crate::init::Init;
use crate::layer::Layer;
use crate::mode::Mode;
use crate::module::{Module, Path};
use crate::param::Param;
use autograd::{Rng, Scalar, Tensor};
use std::fmt;

/// The parameters of one layer of a stack.
#[derive(Clone, Debug)]
pub struct RecurrentWeights<T: Scalar = f32> {
    /// Of the inputs.
    pub weight_ih: Param<T>,
    /// Of the state.
    pub weight_hh: Param<T>,
    /// Beside the inputs.
    pub bias_ih: Param<T>,
    /// Beside the state.
    pub bias_hh: Param<T>,
}

/// How a state follows from the one before: [`Rnn`], [`Lstm`], [`Gru`].
pub trait Cell: Clone + fmt::Debug + Send + Sync + 'static {
    /// How many blocks of `size` rows the weights have.
    const GATES: usize;
    /// How many tensors make the state; the first is the output.
    const STATES: usize;

    /// The next state, of the inputs' part `[n, gates · size]`, the state's part (the same), and the state.
    fn next<T: Scalar>(of_input: &Tensor<T>, of_state: &Tensor<T>, state: &[Tensor<T>]) -> Vec<Tensor<T>>;
}

/// A stack of recurrent layers: `[n, t, inputs]` to `[n, t, size]`, the outputs of the last layer at all times.
///
/// ```
/// use nn::{Layer, Lstm, Rng, Tensor};
/// let lstm = Lstm::stack(8, 16, 2, &mut Rng::seed(0));
/// let x = Tensor::<f32>::zeros([4, 10, 8]);
/// assert_eq!(lstm.predict(&x).dims(), [4, 10, 16]);
/// // With the state, to go on from: of both layers, hidden state and cell.
/// let (y, states) = lstm.run(&x, None);
/// assert_eq!((y.dims(), states.len(), states[1][0].dims()), (&[4, 10, 16][..], 2, &[4, 16][..]));
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent<C, T: Scalar = f32> {
    /// The layers, the one that sees the inputs first.
    pub layers: Vec<RecurrentWeights<T>>,
    cell: std::marker::PhantomData<C>,
}

/// The simplest: `h' = tanh(W x + b + V h + c)`. Source: J. L. Elman, "Finding Structure in Time", 1990.
pub type Rnn<T = f32> = Recurrent<ElmanCell, T>;

/// Long short-term memory: a cell beside the state, which gates write, keep and read.
///
/// ```text
/// c' = σ(f) c + σ(i) tanh(g)        h' = σ(o) tanh(c')
/// ```
/// Source: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of F. Gers, J. Schmidhuber and
/// F. Cummins, 2000.
pub type Lstm<T = f32> = Recurrent<LstmCell, T>;

/// Gated recurrent units: one gate mixes the old state with a new one, another says how much of the old one the new one sees.
///
/// ```text
/// n = tanh(Wn x + bn + σ(r) (Vn h + cn))        h' = (1 - σ(z)) n + σ(z) h
/// ```
/// Source: K. Cho and others, "Learning Phrase Representations using RNN Encoder-Decoder", 2014, in the form of PyTorch and cuDNN.
pub type Gru<T = f32> = Recurrent<GruCell, T>;

impl<C: Cell, T: Scalar> Recurrent<C, T> {
    /// One layer; all parameters uniform within `1 / √size`, as in PyTorch.
    pub fn new(inputs: usize, size: usize, rng: &mut Rng) -> Self {
        Self::stack(inputs, size, 1, rng)
    }

    /// So many layers, each of which sees the outputs of the one before.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn stack(inputs: usize, size: usize, layers: usize, rng: &mut Rng) -> Self {
        assert!(layers > 0, "a recurrent layer has at least one layer, found 0\n  help: `new` makes one");
        let init = Init::Uniform(1.0 / (size.max(1) as f64).sqrt());
        let rows = C::GATES * size;
        let mut one = |inputs: usize| RecurrentWeights {
            weight_ih: Param::new(init.sample([rows, inputs], rng)),
            weight_hh: Param::new(init.sample([rows, size], rng)),
            bias_ih: Param::new(init.sample([rows], rng)),
            bias_hh: Param::new(init.sample([rows], rng)),
        };
        let layers = (0..layers).map(|layer| one(if layer == 0 { inputs } else { size })).collect();
        Recurrent { layers, cell: std::marker::PhantomData }
    }

    /// The outputs at all times, and the last state of each layer. The first state is that of a run before, or zeros.
    ///
    /// # Panics
    /// If the inputs are not `[n, t, inputs]`, or a state does not fit.
    #[track_caller]
    pub fn run(&self, x: &Tensor<T>, states: Option<&[Vec<Tensor<T>>]>) -> (Tensor<T>, Vec<Vec<Tensor<T>>>) {
        if let Some(RecurrentWeights { weight_ih, .. }) = self.layers.first() {
            let inputs = weight_ih.dims()[1];
            weight_ih.must_fit(x.rank() == 3 && x.dims()[2] == inputs, "Recurrent", x.shape(), &|| {
                format!("[batch, time, {inputs}]\n  help: `x.unsqueeze(0)` makes a batch of one sequence")
            });
        }
        let (n, times) = (x.dims()[0], x.dims()[1]);
        let mut outputs = x.clone();
        let mut last = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.iter().enumerate() {
            let size = layer.weight_hh.dims()[1];
            let mut state = match states {
                Some(states) => states[i].clone(),
                None => vec![Tensor::zeros([n, size]); C::STATES],
            };
            let of_inputs = outputs.linear(&layer.weight_ih, Some(&layer.bias_ih));
            let mut all = Vec::with_capacity(times);
            for t in 0..times as isize {
                let of_input = of_inputs.slice(1, t..t + 1).squeeze(1);
                let of_state = state[0].linear(&layer.weight_hh, Some(&layer.bias_hh));
                state = C::next(&of_input, &of_state, &state);
                all.push(state[0].clone());
            }
            outputs = match all.is_empty() {
                true => Tensor::zeros([n, 0, size]),
                false => Tensor::stack(&all.iter().collect::<Vec<_>>(), 1),
            };
            last.push(state);
        }
        (outputs, last)
    }
}

impl<C: Cell, T: Scalar> Layer<T> for Recurrent<C, T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, _: &mut Mode) -> Tensor<T> {
        self.run(x, None).0
    }
}

/// Paths as PyTorch's: `weight_ih_l0`, and so on.
impl<C: Cell, T: Scalar> Module<T> for Recurrent<C, T> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        for (i, layer) in self.layers.iter().enumerate() {
            let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = layer;
            for (name, param) in NAMES.into_iter().zip([weight_ih, weight_hh, bias_ih, bias_hh]) {
                path.enter(format!("{name}_l{i}").as_str(), |path| see(path, param));
            }
        }
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        for (i, layer) in self.layers.iter_mut().enumerate() {
            let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = layer;
            for (name, param) in NAMES.into_iter().zip([weight_ih, weight_hh, bias_ih, bias_hh]) {
                path.enter(format!("{name}_l{i}").as_str(), |path| see(path, param));
            }
        }
    }
}

const NAMES: [&str; 4] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];

/// The blocks of a tensor `[n, gates · size]`.
fn gates<T: Scalar, const N: usize>(x: &Tensor<T>) -> [Tensor<T>; N] {
    let size = (x.dims()[1] / N) as isize;
    std::array::from_fn(|i| x.slice(1, i as isize * size..(i as isize + 1) * size))
}

/// The rule of [`Rnn`].
#[derive(Clone, Copy, Debug)]
pub struct ElmanCell;

impl Cell for ElmanCell {
    const GATES: usize = 1;
    const STATES: usize = 1;
    fn next<T: Scalar>(of_input: &Tensor<T>, of_state: &Tensor<T>, _: &[Tensor<T>]) -> Vec<Tensor<T>> {
        vec![(of_input + of_state).tanh()]
    }
}

/// The rule of [`Lstm`].
#[derive(Clone, Copy, Debug)]
pub struct LstmCell;

impl Cell for LstmCell {
    const GATES: usize = 4;
    const STATES: usize = 2;
    fn next<T: Scalar>(of_input: &Tensor<T>, of_state: &Tensor<T>, state: &[Tensor<T>]) -> Vec<Tensor<T>> {
        let [i, f, g, o] = gates(&(of_input + of_state));
        let cell = f.sigmoid() * &state[1] + i.sigmoid() * g.tanh();
        vec![o.sigmoid() * cell.tanh(), cell]
    }
}

/// The rule of [`Gru`].
#[derive(Clone, Copy, Debug)]
pub struct GruCell;

impl Cell for GruCell {
    const GATES: usize = 3;
    const STATES: usize = 1;
    fn next<T: Scalar>(of_input: &Tensor<T>, of_state: &Tensor<T>, state: &[Tensor<T>]) -> Vec<Tensor<T>> {
        let ([r, z, n], [of_r, of_z, of_n]) = (gates(of_input), gates(of_state));
        let z = (z + of_z).sigmoid();
        let n = (n + (r + of_r).sigmoid() * of_n).tanh();
        // (1 - z) n + z h
        vec![&n + z * (&state[0] - &n)]
    }
}
