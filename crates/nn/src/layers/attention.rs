//! Attention of several heads, and the block of a transformer.

use crate::Module;
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Dropout, LayerNorm, Linear};
use crate::mode::Mode;
use crate::param::Param;
use autograd::ops::{Attention, Gelu};
use autograd::{Rng, Routine, Scalar, Tensor};

/// Attention of several heads: each looks at a part of the width, in its own way. `[n, t, width]` to the same.
///
/// As a layer, a sequence attends to itself. Names and shapes of the parameters are those of PyTorch's `MultiheadAttention` with
/// `batch_first`. The weights of all queries are never in memory, but in training with [`dropout`](Self::dropout).
///
/// Source: A. Vaswani and others, "Attention Is All You Need", 2017.
///
/// ```
/// use nn::{Layer, Mode, MultiHeadAttention, Rng, Tensor};
/// let mut rng = Rng::seed(0);
/// let attention = MultiHeadAttention::new(8, 4, &mut rng).causal().dropout(0.5);
/// let x = Tensor::<f32>::normal([2, 10, 8], 0.0, 1.0, &mut rng);
/// let y = attention.predict(&x);
/// assert_eq!(y.dims(), [2, 10, 8]);
/// let of_the_first = attention.predict(&x.slice(1, ..5)); // which do not see the others
/// assert!((y.slice(1, ..5) - of_the_first).abs().max().item() < 1e-5);
/// assert_ne!(attention.forward(&x, &mut Mode::train(&mut rng)).to_vec(), y.to_vec()); // half of the weights are left out
/// ```
#[doc(alias = "MultiheadAttention")]
#[derive(Clone, Debug, Module)]
pub struct MultiHeadAttention<T: Scalar = f32> {
    /// The weights that make queries, keys and values, one below the other: `[3 width, width]`.
    pub in_proj_weight: Param<T>,
    /// Their biases, `[3 width]`.
    pub in_proj_bias: Param<T>,
    /// What mixes the heads.
    pub out_proj: Linear<T>,
    /// The number of heads, which divides the width.
    pub heads: usize,
    /// Whether, as a layer, each place sees itself and what comes before alone.
    pub causal: bool,
    /// Of the weights by which a query mixes the values, in training.
    #[module(skip)]
    pub drop: Dropout,
}

impl<T: Scalar> MultiHeadAttention<T> {
    /// Not causal. The first weights by Xavier's uniform rule, as in PyTorch; biases 0.
    ///
    /// # Panics
    /// If the heads do not divide the width.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut Rng) -> Self {
        assert!(
            heads > 0 && width.is_multiple_of(heads),
            "MultiHeadAttention: a width of {width} does not fall into {heads} equal heads\n  help: the number of heads must divide the width"
        );
        let out_proj = Linear::new(width, width, rng);
        MultiHeadAttention {
            in_proj_weight: Param::new(Init::XavierUniform.sample([3 * width, width], rng)),
            in_proj_bias: Param::new(Tensor::zeros([3 * width])),
            out_proj: Linear { bias: Some(Param::new(Tensor::zeros([width]))), ..out_proj },
            heads,
            causal: false,
            drop: Dropout::new(0.0),
        }
    }

    /// As a layer, each place sees itself and what comes before alone.
    pub fn causal(self) -> Self {
        MultiHeadAttention { causal: true, ..self }
    }

    /// In training, this share of the weights by which each query mixes the values is left out, and the others are divided by what is
    /// left, as in PyTorch. The weights of all queries, `[n, heads, t, s]`, are in memory then.
    ///
    /// # Panics
    /// If the rate is not from 0 to 1.
    #[track_caller]
    pub fn dropout(self, rate: f64) -> Self {
        MultiHeadAttention { drop: Dropout::new(rate), ..self }
    }

    /// What `queries` `[n, t, width]` find in `memory` `[n, s, width]`: `[n, t, width]`. The rules say which may see which.
    ///
    /// ```
    /// use nn::{Layer, Mode, MultiHeadAttention, Rng, Tensor, ops::Attention};
    /// let mut rng = Rng::seed(0);
    /// let attention = MultiHeadAttention::<f32>::new(8, 2, &mut rng);
    /// let [queries, memory] = [3, 5].map(|t| Tensor::normal([1, t, 8], 0.0, 1.0, &mut rng));
    /// let found = attention.attend(&queries, &memory, Attention::new(), &mut Mode::eval());
    /// assert_eq!(found.dims(), [1, 3, 8]);
    /// let of_itself = attention.attend(&memory, &memory, Attention::new(), &mut Mode::eval());
    /// assert!((of_itself - attention.predict(&memory)).abs().max().item() < 1e-6); // what it does as a layer
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn attend(
        &self,
        queries: &Tensor<T>,
        memory: &Tensor<T>,
        rules: Attention,
        mode: &mut Mode,
    ) -> Tensor<T> {
        let width = self.out_proj.weight.dims()[0];
        [queries, memory].into_iter().for_each(|x| self.must_fit(x));
        let part = |x: &Tensor<T>, rows: std::ops::Range<isize>| {
            x.linear(&self.in_proj_weight.slice(0, rows.clone()), Some(&self.in_proj_bias.slice(0, rows)))
        };
        let width = width as isize;
        let (q, kv) = (part(queries, 0..width), part(memory, width..3 * width));
        self.of_heads(&q, &kv.slice(-1, ..width), &kv.slice(-1, width..), rules, mode)
    }

    #[track_caller]
    fn must_fit(&self, x: &Tensor<T>) {
        let width = self.out_proj.weight.dims()[0];
        let fits = x.rank() == 3 && x.dims()[2] == width;
        self.in_proj_weight.must_fit(fits, "MultiHeadAttention", x.shape(), &|| {
            format!("[batch, time, {width}]\n  help: `x.unsqueeze(0)` makes a batch of one sequence")
        });
    }

    /// Attention of each head, and the heads mixed.
    #[track_caller]
    fn of_heads(
        &self,
        q: &Tensor<T>,
        k: &Tensor<T>,
        v: &Tensor<T>,
        rules: Attention,
        mode: &mut Mode,
    ) -> Tensor<T> {
        let split = |x: &Tensor<T>| {
            let [n, t, width] = [x.dims()[0], x.dims()[1], x.dims()[2]];
            x.reshape([n, t, self.heads, width / self.heads]).transpose(1, 2)
        };
        let shape = q.shape().clone();
        let [q, k, v] = [q, k, v].map(split);
        let y = match mode.is_train() && self.drop.rate > 0.0 {
            true => self.drop.forward(&rules.weights(&q, &k), mode).matmul(&v),
            false => q.scaled_dot_product_attention(&k, &v, rules),
        };
        self.out_proj.forward(&y.transpose(1, 2).reshape(shape), mode)
    }
}

impl<T: Scalar> Layer<T> for MultiHeadAttention<T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        let width = self.out_proj.weight.dims()[0] as isize;
        self.must_fit(x);
        let all = x.linear(&self.in_proj_weight, Some(&self.in_proj_bias));
        let part = |i: isize| all.slice(-1, i * width..(i + 1) * width);
        let rules = if self.causal { Attention::new().causal() } else { Attention::new() };
        self.of_heads(&part(0), &part(1), &part(2), rules, mode)
    }
}

/// A block of a transformer: attention, and then a small network at each place, each beside the identity. `[n, t, width]` to the same.
///
/// Names and shapes of the parameters are those of PyTorch's `TransformerEncoderLayer` with `batch_first` and GELU.
///
/// Sources: A. Vaswani and others, "Attention Is All You Need", 2017; with the normalisation first, which trains without warm-up: R. Xiong
/// and others, "On Layer Normalization in the Transformer Architecture", 2020.
///
/// ```
/// use nn::{Layer, Rng, Tensor, TransformerBlock};
/// let block = TransformerBlock::new(32, 4, &mut Rng::seed(0)).causal().dropout(0.1).attention_dropout(0.2);
/// assert_eq!((block.drop.rate, block.self_attn.drop.rate), (0.1, 0.2));
/// assert_eq!(block.predict(&Tensor::<f32>::zeros([2, 10, 32])).dims(), [2, 10, 32]);
/// ```
#[doc(alias = "TransformerEncoderLayer")]
#[derive(Clone, Debug, Module)]
pub struct TransformerBlock<T: Scalar = f32> {
    /// The attention.
    pub self_attn: MultiHeadAttention<T>,
    /// From the width to that of the small network.
    pub linear1: Linear<T>,
    /// And back.
    pub linear2: Linear<T>,
    /// Of the attention.
    pub norm1: LayerNorm<T>,
    /// Of the small network.
    pub norm2: LayerNorm<T>,
    /// Of what either adds and of what lies between the two layers of the network, in training, as in PyTorch.
    #[module(skip)]
    pub drop: Dropout,
    /// Whether each is normalised before, and not after its result has been added.
    pub norm_first: bool,
}

impl<T: Scalar> TransformerBlock<T> {
    /// A small network four times as wide, the normalisation first, no dropout, not causal.
    ///
    /// # Panics
    /// If the heads do not divide the width.
    #[track_caller]
    pub fn new(width: usize, heads: usize, rng: &mut Rng) -> Self {
        TransformerBlock {
            self_attn: MultiHeadAttention::new(width, heads, rng),
            linear1: Linear::new(width, 4 * width, rng),
            linear2: Linear::new(4 * width, width, rng),
            norm1: LayerNorm::new(width),
            norm2: LayerNorm::new(width),
            drop: Dropout::new(0.0),
            norm_first: true,
        }
    }

    /// Each place sees itself and what comes before alone.
    pub fn causal(self) -> Self {
        TransformerBlock { self_attn: self.self_attn.causal(), ..self }
    }

    /// In training, this share is left out of what attention and network add, and of the units within the network.
    ///
    /// # Panics
    /// If the rate is not from 0 to 1.
    #[track_caller]
    pub fn dropout(self, rate: f64) -> Self {
        TransformerBlock { drop: Dropout::new(rate), ..self }
    }

    /// In training, this share of the weights of the attention is left out: see [`MultiHeadAttention::dropout`].
    ///
    /// # Panics
    /// If the rate is not from 0 to 1.
    #[track_caller]
    pub fn attention_dropout(self, rate: f64) -> Self {
        TransformerBlock { self_attn: self.self_attn.dropout(rate), ..self }
    }
}

impl<T: Scalar> Layer<T> for TransformerBlock<T> {
    #[track_caller]
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        let attend =
            |x: &Tensor<T>, mode: &mut Mode| self.drop.forward(&self.self_attn.forward(x, mode), mode);
        let think = |x: &Tensor<T>, mode: &mut Mode| {
            let hidden = self.drop.forward(&self.linear1.then(x, Routine(Gelu)), mode);
            self.drop.forward(&self.linear2.forward(&hidden, mode), mode)
        };
        if self.norm_first {
            let x = x + attend(&self.norm1.forward(x, mode), mode);
            return &x + think(&self.norm2.forward(&x, mode), mode);
        }
        let x = self.norm1.forward(&(x + attend(x, mode)), mode);
        self.norm2.forward(&(&x + think(&x, mode)), mode)
    }
}
