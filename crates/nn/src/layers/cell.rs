//! Cells: how the state of a recurrent layer goes from one place of a sequence to the next.

use autograd::{Scalar, Tensor};
use std::fmt;

/// How a state follows from the one before: [`Rnn`](crate::Rnn), [`Lstm`](crate::Lstm), [`Gru`](crate::Gru).
///
/// ```
/// use nn::{Cell, Layer, Recurrent, Rng, Scalar, Tensor};
///
/// /// `h' = max(W x + b + V h + c, 0)`
/// #[derive(Clone, Debug)]
/// struct ReluCell;
///
/// impl Cell for ReluCell {
///     const GATES: usize = 1;
///     const STATES: usize = 1;
///     fn next<T: Scalar>(of_input: &Tensor<T>, of_state: &Tensor<T>, _: &[Tensor<T>]) -> Vec<Tensor<T>> {
///         vec![(of_input + of_state).relu()]
///     }
/// }
///
/// let layer: Recurrent<ReluCell> = Recurrent::new(8, 16, &mut Rng::seed(0));
/// let y = layer.predict(&Tensor::ones([4, 10, 8]));
/// assert!(y.dims() == [4, 10, 16] && y.min().item() >= 0.0);
/// ```
pub trait Cell: Clone + fmt::Debug + Send + Sync + 'static {
    /// How many blocks of `size` rows the weights have.
    const GATES: usize;
    /// How many tensors make the state; the first is the output.
    const STATES: usize;

    /// The next state, of the inputs' part `[n, gates · size]`, the state's part (the same), and the state.
    fn next<T: Scalar>(of_input: &Tensor<T>, of_state: &Tensor<T>, state: &[Tensor<T>]) -> Vec<Tensor<T>>;
}

/// The blocks of a tensor `[n, gates · size]`.
fn gates<T: Scalar, const N: usize>(x: &Tensor<T>) -> [Tensor<T>; N] {
    let size = (x.dims()[1] / N) as isize;
    std::array::from_fn(|i| x.slice(1, i as isize * size..(i as isize + 1) * size))
}

/// The rule of [`Rnn`](crate::Rnn).
///
/// ```
/// use nn::{Cell, ElmanCell, Tensor};
/// let next = ElmanCell::next(&Tensor::from([[0.5_f64]]), &Tensor::from([[0.25]]), &[]);
/// assert_eq!(next[0].item(), 0.75_f64.tanh());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ElmanCell;

impl Cell for ElmanCell {
    const GATES: usize = 1;
    const STATES: usize = 1;
    fn next<T: Scalar>(of_input: &Tensor<T>, of_state: &Tensor<T>, _: &[Tensor<T>]) -> Vec<Tensor<T>> {
        vec![(of_input + of_state).tanh()]
    }
}

/// The rule of [`Lstm`](crate::Lstm).
///
/// ```
/// use nn::{Cell, LstmCell, Tensor};
/// // Of input, forget gate, candidate and output gate; the state is what is put out, and the cell.
/// let (of_input, of_state) = (Tensor::from([[0.0_f64, 100.0, 2.0, 100.0]]), Tensor::zeros([1, 4]));
/// let next = LstmCell::next(&of_input, &of_state, &[Tensor::zeros([1, 1]), Tensor::from([[3.0]])]);
/// let cell = 3.0 + 0.5 * 2.0_f64.tanh(); // all of the old one, half of the candidate
/// assert!((next[1].item() - cell).abs() < 1e-12 && (next[0].item() - cell.tanh()).abs() < 1e-12);
/// ```
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

/// The rule of [`Gru`](crate::Gru).
///
/// ```
/// use nn::{Cell, GruCell, Tensor};
/// // Of reset gate, update gate and candidate.
/// let of_input = Tensor::from([[100.0_f64, 0.0, 1.0]]);
/// let next = GruCell::next(&of_input, &Tensor::from([[0.0, 0.0, 0.5]]), &[Tensor::from([[3.0]])]);
/// assert!((next[0].item() - (1.5_f64.tanh() + 3.0) / 2.0).abs() < 1e-12); // half old, half new
/// ```
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
