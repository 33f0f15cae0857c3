//! Recurrent layers: a state that goes from each place of a sequence to the next.
//!
//! What the inputs contribute is one product for all times; what the state does is a product for each. Names and shapes of the
//! parameters are those of PyTorch: `weight_ih_l0` `[gates · size, inputs]`, `weight_hh_l0` `[gates · size, size]`, `bias_ih_l0` and
//! `bias_hh_l0`, then `.._l1`, and so on; what runs backwards over the sequence has `_reverse` behind that.

mod states;

use crate::init::Init;
use crate::layer::Layer;
use crate::layers::Dropout;
use crate::layers::cell::{Cell, ElmanCell, GruCell, LstmCell};
use crate::mode::Mode;
use crate::module::{Module, Path};
use crate::param::Param;
use autograd::{Rng, Scalar, Tensor};

/// The parameters of one run over a sequence.
///
/// ```
/// use nn::{Lstm, Rng};
/// let lstm: Lstm = Lstm::new(8, 16, &mut Rng::seed(0));
/// let weights = &lstm.layers[0]; // of four gates, one below the other
/// assert_eq!((weights.weight_ih.dims(), weights.weight_hh.dims()), (&[4 * 16, 8][..], &[4 * 16, 16][..]));
/// assert_eq!((weights.bias_ih.dims(), weights.bias_hh.dims()), (&[4 * 16][..], &[4 * 16][..]));
/// ```
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

/// A stack of recurrent layers: `[n, t, inputs]` to `[n, t, size]`, the outputs of the last layer at all times; or to `[n, t, 2 size]`,
/// if each layer runs over the sequence in both directions, the outputs of the run forwards first.
///
/// ```
/// use nn::{Gru, Layer, Lstm, Mode, Rng, Tensor};
/// let mut rng = Rng::seed(0);
/// let lstm = Lstm::stack(8, 16, 2, &mut rng).dropout(0.2);
/// let x = Tensor::<f32>::zeros([4, 10, 8]);
/// assert_eq!(lstm.predict(&x).dims(), [4, 10, 16]);
/// // With the state, to go on from: of both layers, hidden state and cell.
/// let (y, states) = lstm.run(&x, None, &mut Mode::eval());
/// assert_eq!((y.dims(), states.len(), states[1][0].dims()), (&[4, 10, 16][..], 2, &[4, 16][..]));
/// // A single layer, whose last place goes on from the state before it.
/// let gru = Gru::new(8, 16, &mut rng);
/// let (_, states) = gru.run(&x.slice(1, ..9), None, &mut Mode::eval());
/// let (last, _) = gru.run(&x.slice(1, 9..), Some(&states), &mut Mode::eval());
/// assert!((last - gru.predict(&x).slice(1, 9..)).abs().max().item() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent<C, T: Scalar = f32> {
    /// The parameters of all runs, those of the layer that sees the inputs first. In both directions, each layer has two, one after the
    /// other: forwards, then backwards.
    pub layers: Vec<RecurrentWeights<T>>,
    /// Whether each layer runs in both directions.
    pub bidirectional: bool,
    /// Of what goes from each layer to the next, in training.
    pub drop: Dropout,
    cell: std::marker::PhantomData<C>,
}

/// The simplest: `h' = tanh(W x + b + V h + c)`. Source: J. L. Elman, "Finding Structure in Time", 1990.
///
/// ```
/// use nn::{Layer, Rng, Rnn, Tensor};
/// let mut rnn = Rnn::new(1, 1, &mut Rng::seed(0));
/// let weights = &mut rnn.layers[0];
/// [&mut weights.weight_ih, &mut weights.weight_hh].map(|w| w.update(|w| w.fill(1.0)));
/// [&mut weights.bias_ih, &mut weights.bias_hh].map(|b| b.update(|b| b.fill(0.0)));
/// let y = rnn.predict(&Tensor::from([[[0.5_f64], [0.25]]]));
/// let first = 0.5_f64.tanh();
/// assert!((y.at([0, 0, 0]) - first).abs() < 1e-12 && (y.at([0, 1, 0]) - (0.25 + first).tanh()).abs() < 1e-12);
/// ```
#[doc(alias = "RNN")]
pub type Rnn<T = f32> = Recurrent<ElmanCell, T>;

/// Long short-term memory: a cell beside the state, which gates write, keep and read.
///
/// ```text
/// c' = σ(f) c + σ(i) tanh(g)        h' = σ(o) tanh(c')
/// ```
/// Source: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of F. Gers, J. Schmidhuber and
/// F. Cummins, 2000.
///
/// ```
/// use nn::{Lstm, Mode, Rng, Tensor};
/// let lstm = Lstm::new(8, 16, &mut Rng::seed(0));
/// let (outputs, states) = lstm.run(&Tensor::<f32>::ones([4, 10, 8]), None, &mut Mode::eval());
/// let [hidden, cell] = &states[0][..] else { panic!("two tensors") };
/// assert_eq!((hidden.dims(), cell.dims()), (&[4, 16][..], &[4, 16][..]));
/// assert_eq!(hidden.to_vec(), outputs.slice(1, -1..).squeeze(1).to_vec()); // the last output
/// ```
#[doc(alias = "LSTM")]
pub type Lstm<T = f32> = Recurrent<LstmCell, T>;

/// Gated recurrent units: one gate mixes the old state with a new one, another says how much of the old one the new one sees.
///
/// ```text
/// n = tanh(Wn x + bn + σ(r) (Vn h + cn))        h' = (1 - σ(z)) n + σ(z) h
/// ```
/// Source: K. Cho and others, "Learning Phrase Representations using RNN Encoder-Decoder", 2014, in the form of PyTorch and cuDNN.
///
/// ```
/// use nn::{Gru, Mode, Rng, Tensor};
/// let gru = Gru::new(8, 16, &mut Rng::seed(0));
/// let (outputs, states) = gru.run(&Tensor::<f32>::ones([4, 10, 8]), None, &mut Mode::eval());
/// assert_eq!(states[0].len(), 1); // no cell: the last output is all of the state
/// assert_eq!(states[0][0].to_vec(), outputs.slice(1, -1..).squeeze(1).to_vec());
/// ```
#[doc(alias = "GRU")]
pub type Gru<T = f32> = Recurrent<GruCell, T>;

/// Of each run, the tensors `[n, size]` that make its state.
type States<T> = Vec<Vec<Tensor<T>>>;

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
        Self::of_runs(inputs, size, layers, 1, rng)
    }

    /// So many layers, each of which runs over the sequence in both directions and sees both outputs of the one before.
    ///
    /// Source: M. Schuster and K. K. Paliwal, "Bidirectional Recurrent Neural Networks", 1997.
    ///
    /// ```
    /// use nn::{Gru, Layer, Rng, Tensor};
    /// let gru = Gru::bidirectional(8, 16, 2, &mut Rng::seed(0));
    /// assert_eq!(gru.predict(&Tensor::<f32>::zeros([4, 10, 8])).dims(), [4, 10, 32]);
    /// ```
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn bidirectional(inputs: usize, size: usize, layers: usize, rng: &mut Rng) -> Self {
        Self::of_runs(inputs, size, layers, 2, rng)
    }

    #[track_caller]
    fn of_runs(inputs: usize, size: usize, layers: usize, directions: usize, rng: &mut Rng) -> Self {
        assert!(layers > 0, "a recurrent layer has at least one layer, found 0\n  help: `new` makes one");
        let init = Init::Uniform(1.0 / (size.max(1) as f64).sqrt());
        let rows = C::GATES * size;
        let mut one = |inputs: usize| RecurrentWeights {
            weight_ih: Param::new(init.sample([rows, inputs], rng)),
            weight_hh: Param::new(init.sample([rows, size], rng)),
            bias_ih: Param::new(init.sample([rows], rng)),
            bias_hh: Param::new(init.sample([rows], rng)),
        };
        let seen = |run: usize| if run < directions { inputs } else { directions * size };
        let layers = (0..layers * directions).map(|run| one(seen(run))).collect();
        let (bidirectional, cell) = (directions == 2, std::marker::PhantomData);
        Recurrent { layers, bidirectional, drop: Dropout::new(0.0), cell }
    }

    /// In training, this share of what goes from each layer to the next is left out, as in PyTorch; nothing of what the last one gives.
    ///
    /// # Panics
    /// If the rate is not from 0 to 1.
    #[track_caller]
    pub fn dropout(self, rate: f64) -> Self {
        Recurrent { drop: Dropout::new(rate), ..self }
    }

    /// The outputs at all times, and the last state of each run in the order of [`layers`](Self::layers); that of a run backwards is its
    /// state at the first time. The first states, in the same order, are those of a pass before, or zeros.
    ///
    /// # Panics
    /// If the inputs are not `[n, t, inputs]`, or the states are not as many as runs, or do not fit.
    #[track_caller]
    pub fn run(
        &self,
        x: &Tensor<T>,
        states: Option<&[Vec<Tensor<T>>]>,
        mode: &mut Mode,
    ) -> (Tensor<T>, States<T>) {
        if let Some(RecurrentWeights { weight_ih, .. }) = self.layers.first() {
            let inputs = weight_ih.dims()[1];
            weight_ih.must_fit(x.rank() == 3 && x.dims()[2] == inputs, "Recurrent", x.shape(), &|| {
                format!("[batch, time, {inputs}]\n  help: `x.unsqueeze(0)` makes a batch of one sequence")
            });
        }
        if let Some(states) = states {
            states::must_fit(states, &self.layers, C::STATES, x.dims()[0]);
        }
        let directions = 1 + usize::from(self.bidirectional);
        let mut outputs = x.clone();
        let mut last = Vec::with_capacity(self.layers.len());
        for (i, layer) in self.layers.chunks(directions).enumerate() {
            if i > 0 {
                outputs = self.drop.forward(&outputs, mode);
            }
            let runs = layer.iter().enumerate().map(|(direction, weights)| {
                let first = states.map(|states| &states[i * directions + direction][..]);
                let (outputs, state) = one_run::<C, T>(weights, &outputs, first, direction == 1);
                last.push(state);
                outputs
            });
            let mut runs: Vec<Tensor<T>> = runs.collect();
            outputs = match runs.len() {
                1 => runs.remove(0),
                _ => Tensor::concat(&runs.iter().collect::<Vec<_>>(), -1),
            };
        }
        (outputs, last)
    }
}

/// One run over the sequence: the outputs in the order of the times, and the last state.
#[track_caller]
fn one_run<C: Cell, T: Scalar>(
    weights: &RecurrentWeights<T>,
    x: &Tensor<T>,
    first: Option<&[Tensor<T>]>,
    backwards: bool,
) -> (Tensor<T>, Vec<Tensor<T>>) {
    let (n, times, size) = (x.dims()[0], x.dims()[1], weights.weight_hh.dims()[1]);
    let mut state = match first {
        Some(state) => state.to_vec(),
        None => vec![Tensor::zeros([n, size]); C::STATES],
    };
    let of_inputs = x.linear(&weights.weight_ih, Some(&weights.bias_ih));
    let mut all = Vec::with_capacity(times);
    for step in 0..times {
        let t = if backwards { times - 1 - step } else { step } as isize;
        let of_input = of_inputs.slice(1, t..t + 1).squeeze(1);
        let of_state = state[0].linear(&weights.weight_hh, Some(&weights.bias_hh));
        state = C::next(&of_input, &of_state, &state);
        all.push(state[0].clone());
    }
    if backwards {
        all.reverse();
    }
    let outputs = match all.is_empty() {
        true => Tensor::zeros([n, 0, size]),
        false => Tensor::stack(&all.iter().collect::<Vec<_>>(), 1),
    };
    autograd::show("recurrent", &[&weights.weight_ih], &outputs);
    (outputs, state)
}

impl<C: Cell, T: Scalar> Layer<T> for Recurrent<C, T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        self.run(x, None, mode).0
    }
}

/// What is behind the names of the parameters of a run.
fn suffix(bidirectional: bool, run: usize) -> String {
    match (bidirectional, run % 2) {
        (false, _) => format!("l{run}"),
        (true, 0) => format!("l{}", run / 2),
        (true, _) => format!("l{}_reverse", run / 2),
    }
}

/// Paths as PyTorch's: `weight_ih_l0`, and so on.
impl<C: Cell, T: Scalar> Module<T> for Recurrent<C, T> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        for (run, layer) in self.layers.iter().enumerate() {
            let suffix = suffix(self.bidirectional, run);
            let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = layer;
            for (name, param) in NAMES.into_iter().zip([weight_ih, weight_hh, bias_ih, bias_hh]) {
                path.enter(format!("{name}_{suffix}").as_str(), |path| see(path, param));
            }
        }
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        for (run, layer) in self.layers.iter_mut().enumerate() {
            let suffix = suffix(self.bidirectional, run);
            let RecurrentWeights { weight_ih, weight_hh, bias_ih, bias_hh } = layer;
            for (name, param) in NAMES.into_iter().zip([weight_ih, weight_hh, bias_ih, bias_hh]) {
                path.enter(format!("{name}_{suffix}").as_str(), |path| see(path, param));
            }
        }
    }
}

const NAMES: [&str; 4] = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
