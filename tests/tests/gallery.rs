//! Ten networks as their authors would write them: plain structs, no type parameter. Of each the names of its parameters, and that one
//! backward pass leaves every parameter a gradient, evaluation is pure, and training repeats itself.

use expect_test::{Expect, expect};
use wengert::autograd::Array;
use wengert::prelude::*;
use wengert::{
    BatchNorm2d, ConvTranspose2d, GroupNorm, Gru, Path, Routine, Window, grad_report, ops::Gelu, summary,
};

/// What holds of every network. `loss` may draw random numbers while it trains.
fn holds<N: Module + Clone>(net: &N, loss: impl Fn(&N, &mut Mode) -> Tensor, names: &Expect) {
    let names_of = |net: &N| {
        let parameters = net.parameters();
        let lines = parameters.iter().map(|(path, param)| {
            format!("{path} {}{}\n", param.shape(), if param.is_statistic() { " statistic" } else { "" })
        });
        lines.collect::<String>()
    };
    names.assert_eq(&names_of(net));
    let pure = [0, 1].map(|_| loss(net, &mut Mode::eval()).item().to_bits());
    assert_eq!(pure[0], pure[1], "evaluation is pure");

    let runs = [0, 1].map(|_| {
        let (mut net, mut rng, mut adam) = (net.clone(), Rng::seed(3), Adam::new(0.01));
        let mut losses = Vec::new();
        for _ in 0..3 {
            let loss = loss(&net, &mut Mode::train(&mut rng));
            losses.push(loss.item().to_bits());
            let grads = loss.backward();
            let report = grad_report(&net, &grads);
            assert_eq!(
                report.problems().map(|row| &row.path).collect::<Vec<_>>(),
                Vec::<&String>::new(),
                "{report}"
            );
            adam.step(&mut net, &grads);
        }
        let bits: Vec<u32> =
            net.parameters().iter().flat_map(|(_, p)| p.to_vec()).map(f32::to_bits).collect();
        assert_eq!(names_of(&net), names_of(&net.clone()));
        (losses, bits)
    });
    assert!(runs[0] == runs[1], "training repeats itself");
    assert_eq!(summary(net).trained(), net.parameter_count());
}

fn normal(shape: &[usize], seed: u64) -> Tensor {
    Tensor::normal(shape, 0.0, 1.0, &mut Rng::seed(seed))
}

#[test]
fn mlp_of_a_configuration() {
    #[derive(Clone, Module)]
    struct Net {
        layers: Vec<Linear>,
        drop: Dropout,
    }
    impl Layer for Net {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let (last, hidden) = self.layers.split_last().expect("a layer");
            let h = hidden.iter().fold(x.clone(), |h, layer| {
                let h = layer.then(&h, Routine(Gelu));
                self.drop.forward(&h, mode)
            });
            last.forward(&h, mode)
        }
    }
    let mut rng = Rng::seed(0);
    let sizes = [6, 8, 8, 3];
    let layers = sizes.windows(2).map(|pair| Linear::new(pair[0], pair[1], &mut rng)).collect();
    let net = Net { layers, drop: Dropout::new(0.2) };
    holds(
        &net,
        |net, mode| net.forward(&normal(&[16, 6], 1), mode).cross_entropy(&[0, 1, 2, 1].repeat(4)),
        &expect![[r#"
            layers.0.weight [8, 6]
            layers.0.bias [8]
            layers.1.weight [8, 8]
            layers.1.bias [8]
            layers.2.weight [3, 8]
            layers.2.bias [3]
        "#]],
    );
}

/// LeNet's form with batch normalisation.
#[test]
fn convolutional_network() {
    #[derive(Clone, Module)]
    struct Net {
        conv1: Conv2d,
        norm1: BatchNorm2d,
        conv2: Conv2d,
        norm2: BatchNorm2d,
        pool: MaxPool2d,
        head: Linear,
    }
    impl Layer for Net {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let h = self.norm1.forward(&self.conv1.forward(x, mode), mode).relu();
            let h = self.pool.forward(&h, mode);
            let h = self.norm2.forward(&self.conv2.forward(&h, mode), mode).relu();
            self.head.forward(&self.pool.forward(&h, mode).flatten(1, -1), mode)
        }
    }
    let mut rng = Rng::seed(0);
    let net = Net {
        conv1: Conv2d::new(1, 4, [3, 3], &mut rng).without_bias(),
        norm1: BatchNorm2d::new(4),
        conv2: Conv2d::new(4, 8, [3, 3], &mut rng).without_bias(),
        norm2: BatchNorm2d::new(8),
        pool: MaxPool2d::new([2, 2]),
        head: Linear::new(8 * 4, 5, &mut rng),
    };
    holds(
        &net,
        |net, mode| net.forward(&normal(&[8, 1, 14, 14], 1), mode).cross_entropy(&[0, 1, 2, 3, 4, 0, 1, 2]),
        &expect![[r#"
            conv1.weight [4, 1, 3, 3]
            norm1.weight [4]
            norm1.bias [4]
            norm1.running_mean [4] statistic
            norm1.running_var [4] statistic
            conv2.weight [8, 4, 3, 3]
            norm2.weight [8]
            norm2.bias [8]
            norm2.running_mean [8] statistic
            norm2.running_var [8] statistic
            head.weight [5, 32]
            head.bias [5]
        "#]],
    );
}

/// Blocks with a shortcut, which is a layer where the number of channels changes.
#[test]
fn residual_network() {
    #[derive(Clone, Module)]
    struct Block {
        conv1: Conv2d,
        norm1: BatchNorm2d,
        conv2: Conv2d,
        norm2: BatchNorm2d,
        shortcut: Option<Conv2d>,
    }
    impl Block {
        fn new(inputs: usize, outputs: usize, stride: usize, rng: &mut Rng) -> Self {
            let same = Window::new().padding(1);
            Block {
                conv1: Conv2d::new(inputs, outputs, [3, 3], rng).window(same.stride(stride)).without_bias(),
                norm1: BatchNorm2d::new(outputs),
                conv2: Conv2d::new(outputs, outputs, [3, 3], rng).window(same).without_bias(),
                norm2: BatchNorm2d::new(outputs),
                shortcut: (stride != 1 || inputs != outputs)
                    .then(|| Conv2d::new(inputs, outputs, [1, 1], rng).window(Window::new().stride(stride))),
            }
        }
    }
    impl Layer for Block {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let h = self.norm1.forward(&self.conv1.forward(x, mode), mode).relu();
            let h = self.norm2.forward(&self.conv2.forward(&h, mode), mode);
            let beside = self.shortcut.as_ref().map_or(x.clone(), |shortcut| shortcut.forward(x, mode));
            (h + beside).relu()
        }
    }
    #[derive(Clone, Module)]
    struct ResNet {
        blocks: Vec<Block>,
        head: Linear,
    }
    impl Layer for ResNet {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let h = self.blocks.iter().fold(x.clone(), |h, block| block.forward(&h, mode));
            self.head.forward(&h.mean_axes([2, 3]), mode)
        }
    }
    let mut rng = Rng::seed(0);
    let blocks = vec![Block::new(3, 3, 1, &mut rng), Block::new(3, 6, 2, &mut rng)];
    let net = ResNet { blocks, head: Linear::new(6, 4, &mut rng) };
    holds(
        &net,
        |net, mode| net.forward(&normal(&[6, 3, 8, 8], 1), mode).cross_entropy(&[0, 1, 2, 3, 0, 1]),
        &expect![[r#"
            blocks.0.conv1.weight [3, 3, 3, 3]
            blocks.0.norm1.weight [3]
            blocks.0.norm1.bias [3]
            blocks.0.norm1.running_mean [3] statistic
            blocks.0.norm1.running_var [3] statistic
            blocks.0.conv2.weight [3, 3, 3, 3]
            blocks.0.norm2.weight [3]
            blocks.0.norm2.bias [3]
            blocks.0.norm2.running_mean [3] statistic
            blocks.0.norm2.running_var [3] statistic
            blocks.1.conv1.weight [6, 3, 3, 3]
            blocks.1.norm1.weight [6]
            blocks.1.norm1.bias [6]
            blocks.1.norm1.running_mean [6] statistic
            blocks.1.norm1.running_var [6] statistic
            blocks.1.conv2.weight [6, 6, 3, 3]
            blocks.1.norm2.weight [6]
            blocks.1.norm2.bias [6]
            blocks.1.norm2.running_mean [6] statistic
            blocks.1.norm2.running_var [6] statistic
            blocks.1.shortcut.weight [6, 3, 1, 1]
            blocks.1.shortcut.bias [6]
            head.weight [4, 6]
            head.bias [4]
        "#]],
    );
}

/// A layer that is one of several.
#[test]
fn enum_of_layers() {
    #[derive(Clone, Module)]
    enum Piece {
        Dense(Linear),
        Norm(LayerNorm),
        Act(Activation),
    }
    impl Layer for Piece {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            match self {
                Piece::Dense(layer) => layer.forward(x, mode),
                Piece::Norm(layer) => layer.forward(x, mode),
                Piece::Act(layer) => layer.forward(x, mode),
            }
        }
    }
    #[derive(Clone, Module)]
    struct Net(Vec<Piece>);
    impl Layer for Net {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            self.0.iter().fold(x.clone(), |x, piece| piece.forward(&x, mode))
        }
    }
    let mut rng = Rng::seed(0);
    let net = Net(vec![
        Piece::Dense(Linear::new(4, 6, &mut rng)),
        Piece::Norm(LayerNorm::new(6)),
        Piece::Act(Activation::Tanh),
        Piece::Dense(Linear::new(6, 2, &mut rng)),
    ]);
    holds(
        &net,
        |net, mode| net.forward(&normal(&[8, 4], 1), mode).square().mean(),
        &expect![[r#"
        0.weight [6, 4]
        0.bias [6]
        1.weight [6]
        1.bias [6]
        3.weight [2, 6]
        3.bias [2]
    "#]],
    );
}

/// Words, read in order.
#[test]
fn recurrent_classifier() {
    #[derive(Clone, Module)]
    struct Reader {
        words: Embedding,
        gru: Gru,
        head: Linear,
    }
    impl Layer<f32, Array<usize>> for Reader {
        fn forward(&self, x: &Array<usize>, mode: &mut Mode) -> Tensor {
            let h = self.gru.forward(&self.words.forward(x, mode), mode);
            self.head.forward(&h.i((0.., -1)), mode)
        }
    }
    let mut rng = Rng::seed(0);
    let net = Reader {
        words: Embedding::new(9, 4, &mut rng),
        gru: Gru::new(4, 5, &mut rng),
        head: Linear::new(5, 2, &mut rng),
    };
    let x = Array::from_vec((0..18).map(|i| i * 5 % 9).collect(), [3, 6]).expect("as many");
    holds(
        &net,
        |net, mode| net.forward(&x, mode).cross_entropy(&[0, 1, 0]),
        &expect![[r#"
        words.weight [9, 4]
        gru.weight_ih_l0 [15, 4]
        gru.weight_hh_l0 [15, 5]
        gru.bias_ih_l0 [15]
        gru.bias_hh_l0 [15]
        head.weight [2, 5]
        head.bias [2]
    "#]],
    );
}

/// A language model whose last layer is its first.
#[test]
fn transformer_with_tied_weights() {
    #[derive(Clone, Module)]
    struct Model {
        words: Embedding,
        places: Embedding,
        blocks: Vec<TransformerBlock>,
        norm: LayerNorm,
    }
    impl Layer<f32, Array<usize>> for Model {
        fn forward(&self, x: &Array<usize>, mode: &mut Mode) -> Tensor {
            let places: Vec<usize> = (0..x.shape()[1]).collect();
            let mut h = self.words.forward(x, mode) + self.places.forward(&places, mode);
            for block in &self.blocks {
                h = block.forward(&h, mode);
            }
            self.norm.forward(&h, mode).linear(&self.words.weight, None)
        }
    }
    let mut rng = Rng::seed(0);
    let net = Model {
        words: Embedding::new(7, 8, &mut rng),
        places: Embedding::new(6, 8, &mut rng),
        blocks: (0..2).map(|_| TransformerBlock::new(8, 2, &mut rng).causal().dropout(0.1)).collect(),
        norm: LayerNorm::new(8),
    };
    let text: Vec<usize> = (0..12).map(|i| i * i % 7).collect();
    let x = Array::from_vec(text.clone(), [2, 6]).expect("as many");
    let next: Vec<usize> = text.iter().map(|word| (word + 1) % 7).collect();
    holds(
        &net,
        |net, mode| net.forward(&x, mode).flatten(0, 1).cross_entropy(&next),
        &expect![[r#"
        words.weight [7, 8]
        places.weight [6, 8]
        blocks.0.self_attn.in_proj_weight [24, 8]
        blocks.0.self_attn.in_proj_bias [24]
        blocks.0.self_attn.out_proj.weight [8, 8]
        blocks.0.self_attn.out_proj.bias [8]
        blocks.0.linear1.weight [32, 8]
        blocks.0.linear1.bias [32]
        blocks.0.linear2.weight [8, 32]
        blocks.0.linear2.bias [8]
        blocks.0.norm1.weight [8]
        blocks.0.norm1.bias [8]
        blocks.0.norm2.weight [8]
        blocks.0.norm2.bias [8]
        blocks.1.self_attn.in_proj_weight [24, 8]
        blocks.1.self_attn.in_proj_bias [24]
        blocks.1.self_attn.out_proj.weight [8, 8]
        blocks.1.self_attn.out_proj.bias [8]
        blocks.1.linear1.weight [32, 8]
        blocks.1.linear1.bias [32]
        blocks.1.linear2.weight [8, 32]
        blocks.1.linear2.bias [8]
        blocks.1.norm1.weight [8]
        blocks.1.norm1.bias [8]
        blocks.1.norm2.weight [8]
        blocks.1.norm2.bias [8]
        norm.weight [8]
        norm.bias [8]
    "#]],
    );
}

/// Noise comes from the mode; a loss of two parts.
#[test]
fn variational_autoencoder() {
    #[derive(Clone, Module)]
    struct Vae {
        encoder: Mlp,
        decoder: Mlp,
    }
    impl Vae {
        fn loss(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let code = self.encoder.forward(x, mode);
            let (mean, log_variance) = (code.i((.., ..3)), code.i((.., 3..)));
            let noise = match mode.rng() {
                Some(rng) => Tensor::normal(mean.shape(), 0.0, 1.0, rng),
                None => Tensor::zeros(mean.shape()),
            };
            let z = &mean + (&log_variance * 0.5).exp() * noise;
            let divergence = (mean.square() + log_variance.exp() - &log_variance - 1.0).mean() * 0.5;
            self.decoder.forward(&z, mode).mse(x) + divergence
        }
    }
    let mut rng = Rng::seed(0);
    let net = Vae {
        encoder: Mlp::new(&[5, 8, 6], Activation::Tanh, &mut rng),
        decoder: Mlp::new(&[3, 8, 5], Activation::Tanh, &mut rng),
    };
    holds(
        &net,
        |net, mode| net.loss(&normal(&[10, 5], 1), mode),
        &expect![[r#"
        encoder.layers.0.weight [8, 5]
        encoder.layers.0.bias [8]
        encoder.layers.1.weight [6, 8]
        encoder.layers.1.bias [6]
        decoder.layers.0.weight [8, 3]
        decoder.layers.0.bias [8]
        decoder.layers.1.weight [5, 8]
        decoder.layers.1.bias [5]
    "#]],
    );
}

/// One trunk, looked at from two sides, and two heads.
#[test]
fn shared_trunk() {
    #[derive(Clone, Module)]
    struct Twins {
        trunk: Mlp,
        #[module(rename = "same")]
        same_or_not: Linear,
        regress: Linear,
    }
    impl Twins {
        fn loss(&self, a: &Tensor, b: &Tensor, mode: &mut Mode) -> Tensor {
            let [a, b] = [a, b].map(|x| self.trunk.forward(x, mode).tanh());
            let same = self.same_or_not.forward(&(&a - &b).abs(), mode);
            same.bce_with_logits(&Tensor::ones(same.shape())) + self.regress.forward(&a, mode).square().mean()
        }
    }
    let mut rng = Rng::seed(0);
    let net = Twins {
        trunk: Mlp::new(&[4, 6], Activation::Identity, &mut rng),
        same_or_not: Linear::new(6, 1, &mut rng),
        regress: Linear::new(6, 2, &mut rng),
    };
    holds(
        &net,
        |net, mode| net.loss(&normal(&[5, 4], 1), &normal(&[5, 4], 2), mode),
        &expect![[r#"
        trunk.layers.0.weight [6, 4]
        trunk.layers.0.bias [6]
        same.weight [1, 6]
        same.bias [1]
        regress.weight [2, 6]
        regress.bias [2]
    "#]],
    );
}

/// Down and up again, with a bridge.
#[test]
fn u_net() {
    #[derive(Clone, Module)]
    struct UNet {
        down: (Conv2d, GroupNorm),
        deep: Conv2d,
        up: ConvTranspose2d,
        out: Conv2d,
        gate: Param,
    }
    impl Layer for UNet {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let bridge = self.down.1.forward(&self.down.0.forward(x, mode), mode).silu();
            let deep = self.deep.forward(&bridge, mode).silu();
            let up = self.up.forward(&deep, mode) * self.gate.sigmoid();
            self.out.forward(&Tensor::concat(&[&up, &bridge], 1), mode)
        }
    }
    let mut rng = Rng::seed(0);
    let same = Window::new().padding(1);
    let net = UNet {
        down: (Conv2d::new(1, 4, [3, 3], &mut rng).window(same), GroupNorm::new(2, 4)),
        deep: Conv2d::new(4, 8, [2, 2], &mut rng).window(Window::new().stride(2)),
        up: ConvTranspose2d::new(8, 4, [2, 2], &mut rng).window(Window::new().stride(2)),
        out: Conv2d::new(8, 1, [1, 1], &mut rng),
        gate: Param::new(Tensor::scalar(0.5)),
    };
    holds(
        &net,
        |net, mode| net.forward(&normal(&[2, 1, 8, 8], 1), mode).square().mean(),
        &expect![[r#"
        down.0.weight [4, 1, 3, 3]
        down.0.bias [4]
        down.1.weight [4]
        down.1.bias [4]
        deep.weight [8, 4, 2, 2]
        deep.bias [8]
        up.weight [8, 4, 2, 2]
        up.bias [4]
        out.weight [1, 8, 1, 1]
        out.bias [1]
        gate []
    "#]],
    );
}

/// Layers chosen at run time; a module that is written by hand, and cloned by its author.
#[test]
fn boxed_layers() {
    struct Net {
        layers: Vec<Box<dyn Layer>>,
        sizes: Vec<usize>,
    }
    impl Net {
        fn new(sizes: &[usize]) -> Self {
            let mut rng = Rng::seed(0);
            let mut layers: Vec<Box<dyn Layer>> = Vec::new();
            for pair in sizes.windows(2) {
                layers.push(Box::new(Linear::new(pair[0], pair[1], &mut rng)));
                layers.push(Box::new(Activation::Tanh));
            }
            layers.push(Box::new(Residual(LayerNorm::new(sizes[sizes.len() - 1]))));
            Net { layers, sizes: sizes.to_vec() }
        }
    }
    impl Clone for Net {
        fn clone(&self) -> Self {
            let mut net = Net::new(&self.sizes);
            for ((_, to), (_, from)) in net.parameters_mut().into_iter().zip(self.parameters()) {
                *to = from.clone();
            }
            net
        }
    }
    impl Module for Net {
        fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param)) {
            path.enter("layers", |path| self.layers.visit(path, see));
        }
        fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param)) {
            path.enter("layers", |path| self.layers.visit_mut(path, see));
        }
    }
    impl Layer for Net {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            self.layers.iter().fold(x.clone(), |x, layer| layer.forward(&x, mode))
        }
    }
    let net = Net::new(&[3, 5, 2]);
    holds(
        &net,
        |net, mode| (net.forward(&normal(&[6, 3], 1), mode) - 0.3).square().mean(),
        &expect![[r#"
        layers.0.weight [5, 3]
        layers.0.bias [5]
        layers.2.weight [2, 5]
        layers.2.bias [2]
        layers.4.weight [2]
        layers.4.bias [2]
    "#]],
    );
}

/// Printed, with statistics, frozen parameters and costs.
#[test]
fn a_summary_says_what_there_is_and_what_it_costs() {
    #[derive(Clone, Module)]
    struct Net {
        conv: Conv2d,
        norm: BatchNorm2d,
        head: Linear,
        scale: Param,
    }
    impl Layer for Net {
        fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
            let h = self.norm.forward(&self.conv.forward(x, mode), mode).relu();
            self.head.forward(&h.flatten(1, -1), mode) * &*self.scale
        }
    }
    let mut rng = Rng::seed(0);
    let mut net = Net {
        conv: Conv2d::new(1, 8, [3, 3], &mut rng),
        norm: BatchNorm2d::new(8),
        head: Linear::new(8 * 36, 10, &mut rng),
        scale: Param::new(Tensor::scalar(1.0)),
    };
    net.freeze("conv.bias");
    expect![[r#"
        layer       parameter                 shape         count     bytes  output         FLOPs
        ─────────────────────────────────────────────────────────────────────────────────────────
        conv        weight                    [8, 1, 3, 3]     72     288 B  [1, 8, 6, 6]   5,472
                    bias (frozen)             [8]               8      32 B
        norm        weight                    [8]               8      32 B  [1, 8, 6, 6]     592
                    bias                      [8]               8      32 B
                    running_mean (statistic)  [8]               8      32 B
                    running_var (statistic)   [8]               8      32 B
        head        weight                    [10, 288]     2,880  11.2 KiB  [1, 10]        5,760
                    bias                      [10]             10      40 B
        (itself)    scale                     []                1       4 B  [1, 10]           10
        (no layer)                                                                            584
        ─────────────────────────────────────────────────────────────────────────────────────────
        total       2,979 trained                           3,003  11.7 KiB                12,418
    "#]]
    .assert_eq(&summary_of(&net, &Tensor::zeros([1, 1, 8, 8])).to_string());
    expect![[r#"
        layer     parameter                 shape         count     bytes
        ─────────────────────────────────────────────────────────────────
        conv      weight                    [8, 1, 3, 3]     72     288 B
                  bias (frozen)             [8]               8      32 B
        norm      weight                    [8]               8      32 B
                  bias                      [8]               8      32 B
                  running_mean (statistic)  [8]               8      32 B
                  running_var (statistic)   [8]               8      32 B
        head      weight                    [10, 288]     2,880  11.2 KiB
                  bias                      [10]             10      40 B
        (itself)  scale                     []                1       4 B
        ─────────────────────────────────────────────────────────────────
        total     2,979 trained                           3,003  11.7 KiB
    "#]]
    .assert_eq(&summary(&net).to_string());
}
