//! Coming from PyTorch, or from NumPy: what is called how here.
//!
//! What stands in a table's last column is code, unless it is a link; all of it runs in the examples below the tables, which are
//! tested. The names of the other side are also found by the search of this documentation: `unsqueeze`, `randn`, `DataLoader`.
//!
//! # What is different
//! - **Gradients are returned, not stored.** `loss.backward()` takes the loss and gives [`Gradients`](crate::Gradients), so there is nothing to zero, and
//!   a graph is freed as it is swept. To keep it, sweep a clone.
//! - **The mode is an argument.** No module is in training or in evaluation: [`Mode::train`](crate::Mode::train) and [`Mode::eval`](crate::Mode::eval) are passed to
//!   [`Layer::forward`](crate::Layer::forward). The random numbers of dropout come with the mode.
//! - **Nothing random is global.** Whatever draws numbers takes an [`Rng`](crate::Rng).
//! - **An operator on tensors takes what it is given by value.** `a + b` moves both, `&a + &b` none.
//! - **A type without a parameter is over `f32`, a literal alone is an `f64`**, as everywhere in Rust: `let x: Tensor = ...` settles it
//!   once. Precisions never mix in silence: that does not compile.
//! - **In a subscript, `..` is `...`, not `:`.** `x.i((.., 0))` is `x[..., 0]`, the last axis; `x[:, 0]`, the second, is `x.i((0.., 0))`.
//! - **An axis is an `isize`**, and `-1` the last one: `x.softmax(-1)`, not `x.softmax(x.rank() - 1)`. What works on several axes, as
//!   `x.sum_axes(x.rank() - 1)`, takes a `usize` as well.
//! - **Losses do not broadcast.** Prediction and target have one shape.
//! - **Paths and shapes of weights are PyTorch's**, so [`load`](crate::load) reads its safetensors.
//!
//! # Tensors
//! | PyTorch, NumPy | here |
//! |---|---|
//! | `torch.tensor([[1., 2.], [3., 4.]])` | `Tensor::from([[1.0, 2.0], [3.0, 4.0]])` |
//! | `torch.zeros(2, 3)`, `torch.full((2, 3), 7.)` | `Tensor::zeros([2, 3])`, `Tensor::full([2, 3], 7.0)` |
//! | `torch.arange(6.)` | `Tensor::arange(6)` |
//! | `torch.linspace(0, 1, 5)`, `torch.eye(3)` | `Tensor::arange(5) / 4.0`, `Tensor::ones([3]).diag_embed(0)` |
//! | `torch.zeros_like(x)`, `torch.ones_like(x)` | `Tensor::zeros(x.shape())`, `Tensor::ones(x.shape())` |
//! | `torch.manual_seed(0)` | `let mut rng = Rng::seed(0);` |
//! | `torch.randn(2, 3)`, `torch.rand(2, 3)` | `Tensor::normal([2, 3], 0.0, 1.0, &mut rng)`, `Tensor::uniform([2, 3], 0.0, 1.0, &mut rng)` |
//! | `torch.multinomial(p, 1)`, `torch.randperm(3)` | `rng.weighted(&p.to_vec())`, `rng.permutation(3)` |
//! | `x.shape`, `x.ndim`, `x.numel()` | `x.dims()`, `x.rank()`, `x.size()` |
//! | `x.view(3, 2)`, `x.reshape(-1, 2)` | `x.reshape([3, 2])`, `x.reshape([-1, 2])` |
//! | `x.flatten(1)` | `x.flatten(1, -1)` |
//! | `x.unsqueeze(-1)`, `np.expand_dims(x, -1)` | `x.unsqueeze(-1)` |
//! | `x.mT`, `np.swapaxes(x, 0, 1)`, `x.permute(1, 0)` | `x.t()`, `x.transpose(0, 1)`, `x.permute(&[1, 0])` |
//! | `x[0]`, `x[:, 1:]`, `x[..., -1]` | `x.i(0)`, `x.i((0.., 1..))`, `x.i((.., -1))` |
//! | `x.narrow(0, 1, 2)`, `x.select(1, 0)`, `x.unbind(0)` | `x.slice(0, 1..3)`, `x.i((0.., 0))`, `(0..3).map(\|row\| x.i(row))` |
//! | `x[torch.tensor([1, 0])]`, `x.scatter_add(0, i, a)` | `x.index_select(0, &[1, 0].into())`, `x.scatter_add(0, &i, &a)` |
//! | `torch.diag(a)`, `torch.diag(v)` | `a.diagonal(0, [0, 1])`, `v.diag_embed(0)` |
//! | `x.sum(1)`, `x.mean(1, keepdim=True)` | `x.sum_axes(1)`, `x.mean_keepdims(1)` |
//! | `x.std()`, `np.std(x)` | `x.std(1.0)`, `x.std(0.0)` |
//! | `x.amax(1)`, `x.argmax(1)` | `x.max_axes(1)`, `x.argmax(1)`, and as labels `x.argmax(1).to_vec()` |
//! | `torch.allclose(a, b)` | `(&a - &b).abs().max().item() < 1e-8` |
//! | `a @ b`, `torch.einsum("ij,jk->ik", a, b)` | `a.matmul(&b)`, `Tensor::einsum("ij,jk->ik", &[&a, &b])` |
//! | `torch.cat([a, a], 0)`, `torch.stack([a, a], 0)` | `Tensor::concat(&[&a, &a], 0)`, `Tensor::stack(&[&a, &a], 0)` |
//! | `torch.where(a > 0, a, c)` | `Tensor::where_(&a.gt(0.0), &a, &c)` |
//! | `x.clamp(0, 1)`, `np.clip(x, 0, 1)` | `x.clamp(0.0, 1.0)` |
//! | `torch.log1p(x)`, `torch.expm1(x)`, `x.log()` | `x.ln_1p()`, `x.exp_m1()`, `x.ln()` |
//! | `x.tolist()`, `x.sum().item()` | `x.to_vec()`, `x.sum().item()` |
//!
//! Not here: `bincount`, `median`, `quantile`, `unique`, a `scatter` that overwrites (`where_` with a mask may do), `svd`, `qr`, `eigh`,
//! `fft`, `interpolate`.
//!
//! ```
//! use wengert::prelude::*;
//! let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
//! let c: Tensor<f64> = Tensor::zeros([2, 3]) + Tensor::full([2, 3], 7.0);
//! let mut rng = Rng::seed(0);
//! let b = Tensor::normal([2, 3], 0.0, 1.0, &mut rng) + Tensor::uniform([2, 3], 0.0, 1.0, &mut rng);
//! let x: Tensor<f64> = Tensor::arange(6);
//! assert_eq!((x.dims(), x.rank(), x.size()), (&[6][..], 1, 6));
//! assert_eq!(x.reshape([-1, 2]).dims(), [3, 2]);
//! let x = x.reshape([3, 2]);
//! assert_eq!((Tensor::zeros(x.shape()) + Tensor::ones(x.shape()) - &x).sum().item(), 6.0 - 15.0);
//! assert_eq!((x.slice(0, 1..3).to_vec(), x.i((0.., 0)).to_vec()), (vec![2.0, 3.0, 4.0, 5.0], vec![0.0, 2.0, 4.0]));
//! assert!((0..3).map(|row| x.i(row)).all(|row| row.dims() == [2]));
//! assert_eq!(x.index_select(0, &[1, 0].into()).to_vec(), [2.0, 3.0, 0.0, 1.0]);
//! let i = Array::from([1, 1]).reshape([2, 1])?;
//! assert_eq!(x.scatter_add(0, &i, &a).to_vec(), [0.0, 1.0, 6.0, 9.0, 4.0, 5.0]);
//! let line: Tensor<f64> = Tensor::arange(5) / 4.0;
//! let eye: Tensor<f64> = Tensor::ones([3]).diag_embed(0);
//! assert_eq!((line.to_vec(), eye.trace().item()), (vec![0.0, 0.25, 0.5, 0.75, 1.0], 3.0));
//! let p = Tensor::from([0.0, 0.5, 0.5]);
//! assert!(rng.weighted(&p.to_vec()) > 0 && rng.permutation(3).size() == 3);
//! assert_eq!(x.flatten(1, -1).dims(), [3, 2]);
//! assert_eq!(x.unsqueeze(-1).dims(), [3, 2, 1]);
//! assert!([x.t(), x.transpose(0, 1), x.permute(&[1, 0])].iter().all(|t| t.to_vec() == [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]));
//! assert_eq!((x.i(0).to_vec(), x.i((0.., 1..)).to_vec()), (vec![0.0, 1.0], vec![1.0, 3.0, 5.0]));
//! assert_eq!(x.i((.., -1)).dims(), [3]);
//! assert_eq!((x.sum_axes(1).to_vec(), x.mean_keepdims(1).dims()), (vec![1.0, 5.0, 9.0], &[3, 1][..]));
//! assert!((x.std(1.0) - 3.5_f64.sqrt()).item().abs() < 1e-12 && x.std(0.0).item() < x.std(1.0).item());
//! assert_eq!((x.max_axes(1).to_vec(), x.argmax(1).to_vec()), (vec![1.0, 3.0, 5.0], vec![1, 1, 1]));
//! assert!(cross_entropy(&x, &x.argmax(1).to_vec()).item() < 0.32); // ln(1 + 1/e) = 0.313
//! assert_eq!(a.matmul(&b).to_vec(), Tensor::einsum("ij,jk->ik", &[&a, &b]).to_vec());
//! assert_eq!((Tensor::concat(&[&a, &a], 0).dims(), Tensor::stack(&[&a, &a], 0).dims()), (&[4, 2][..], &[2, 2, 2][..]));
//! let v = a.diagonal(0, [0, 1]);
//! assert_eq!((v.to_vec(), v.diag_embed(0).to_vec()), (vec![1.0, 4.0], vec![1.0, 0.0, 0.0, 4.0]));
//! let b = a.detach();
//! assert!((&a - &b).abs().max().item() < 1e-8);
//! let c = c.i((.., ..2)) * -1.0;
//! assert_eq!(Tensor::where_(&a.gt(0.0), &a, &c).to_vec(), [1.0, 2.0, 3.0, 4.0]);
//! assert_eq!(x.clamp(0.0, 1.0).to_vec(), [0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
//! assert!((x.ln_1p().exp_m1() - &x).abs().max().item() < 1e-12);
//! assert!((x.exp_m1() + 1.0).ln().to_vec().len() == 6 && x.ln().i((0, 0)).item() == f64::NEG_INFINITY);
//! assert_eq!((x.to_vec().len(), x.sum().item()), (6, 15.0));
//! # Ok::<(), ShapeError>(())
//! ```
//!
//! # Gradients
//! | PyTorch | here |
//! |---|---|
//! | `x.requires_grad_()` | `let x = x.requires_grad();` |
//! | `loss.backward()`, then `x.grad` | `let grads = loss.backward();`, then `grads[&x]` |
//! | `loss.backward(retain_graph=True)` | `loss.clone().backward()` |
//! | `y.backward(dy)` | `y.backward_from(&dy)` |
//! | two losses, one after the other, into `x.grad` | `grads += other.backward();` |
//! | `optimizer.zero_grad()` | nothing: gradients are those of their sweep |
//! | `torch.autograd.grad(loss, x, create_graph=True)` | `let [dx] = grad(&loss, [&x]);` |
//! | `with torch.no_grad():` | `no_grad(\|\| x.square())` |
//! | `x.detach()` | `x.detach()` |
//! | `torch.func.jvp`, `vjp`, `hessian`, `torch.func.jacrev` | [`jvp`](crate::jvp), [`vjp`](crate::vjp), [`hessian`](crate::hessian), [`jacobian`](crate::jacobian) |
//! | `torch.utils.checkpoint` | [`checkpoint`](crate::checkpoint), [`checkpointed`](crate::checkpointed) |
//! | `class F(torch.autograd.Function)` | [`Op`](crate::Op), and of numbers, element by element, [`Pointwise`](crate::Pointwise) |
//! | `torch.autograd.gradcheck` | `check` (feature of that name): at orders 1 and 2, by one line |
//! | `torch.autograd.set_detect_anomaly(True)` | [`trace_nan`](crate::trace_nan) |
//!
//! ```
//! use wengert::prelude::*;
//! let x = Tensor::from([1.0, 2.0]);
//! let x = x.requires_grad();
//! let loss = x.powi(3).sum();
//! let [dx] = grad(&loss, [&x]);
//! assert_eq!(dx.sum().backward()[&x].to_vec(), [6.0, 12.0]); // 6 x, the second derivative
//! assert_eq!(loss.clone().backward()[&x].to_vec(), [3.0, 12.0]);
//! let grads = loss.backward();
//! assert_eq!(grads[&x].to_vec(), [3.0, 12.0]);
//! let (mut grads, other) = (grads, x.sum());
//! grads += other.backward();
//! assert_eq!(grads[&x].to_vec(), [4.0, 13.0]);
//! let (y, dy) = (x.square(), Tensor::from([1.0, 10.0]));
//! assert_eq!(y.backward_from(&dy)[&x].to_vec(), [2.0, 40.0]);
//! let still = [no_grad(|| x.square()), x.detach()];
//! assert!(still.iter().all(|y| !y.is_tracked()));
//! ```
//!
//! # Networks and training
//! | PyTorch | here |
//! |---|---|
//! | `class Net(nn.Module)` | `#[derive(Module)]` |
//! | `def forward(self, x)` | `impl Layer for Net` |
//! | `nn.Parameter(torch.ones(3))` | `Param::new(Tensor::ones([3]))` |
//! | `self.register_buffer("mean", torch.zeros(3))` | `Param::statistic(Tensor::zeros([3]), 0.1)` |
//! | `nn.ModuleList([..])` | a `Vec`, an array or a tuple of modules |
//! | `nn.Linear(4, 8)` | `Linear::new(4, 8, &mut rng)` |
//! | `nn.Sequential(nn.Linear(8, 3), nn.Dropout(0.1))` | `Sequential::new().then(Linear::new(8, 3, &mut rng)).then(Dropout::new(0.1))` |
//! | `net.train(); net(x)` | `net.forward(&x, &mut Mode::train(&mut rng))` |
//! | `net.eval(); with torch.no_grad(): net(x)` | `net.predict(&x)` |
//! | `net.named_parameters()` | `net.parameters()` |
//! | `for p in net.hidden.parameters(): p.requires_grad = False` | `net.freeze("hidden.*");` |
//! | `torchinfo.summary(net)` | `summary(&net)` |
//! | `F.cross_entropy(logits, labels)`, `F.mse_loss(y, t)` | `cross_entropy(&logits, &labels)`, `mse(&y, &t)` |
//! | `optim.Adam(net.parameters(), lr=1e-3)` | `let mut adam = Adam::new(1e-3);` |
//! | `optim.AdamW(.., lr=1e-3, weight_decay=0.1)` | `AdamW { weight_decay: 0.1, ..AdamW::new(1e-3) }` |
//! | `optimizer.step()` | `adam.step(&mut net, &grads);` |
//! | `clip_grad_norm_(net.parameters(), 1.0)` | `clip_norm(&net, &mut grads, 1.0);` |
//! | `lr_scheduler.CosineAnnealingLR(.., T_max=100)` | `Cosine::new(100)`, to be set by `adam.set_lr(1e-3 * schedule.share(step));`, or in a trainer by [`Scheduled`](crate::Scheduled) |
//! | `TensorDataset(x, labels)` | `Dataset::new(x.clone(), labels.clone())?` |
//! | `random_split(data, [0.8, 0.2])` | `data.split(0.8, &mut rng)` |
//! | `DataLoader(train, 32, shuffle=True)` | `train.batches(32).shuffle(&mut rng)` |
//! | `torch.save(net.state_dict(), file)` | `save(&net, &file)?;` |
//! | `net.load_state_dict(torch.load(file))` | `load(&mut net, &file)?;` |
//! | `torch.onnx.export` | [`export_onnx`](crate::export_onnx) |
//! | `torch.onnx.export(..., input_names=, output_names=, dynamic_axes=)` | [`export_onnx_with`](crate::export_onnx_with), by [`OnnxOptions`](crate::OnnxOptions) |
//! | `torch.profiler.profile` | [`profile`](crate::profile) |
//! | `torch.set_num_threads(1)` | `with_threads(1, \|\| net.predict(&x))` |
//!
//! ```
//! use wengert::prelude::*;
//! use wengert::{Cosine, Schedule, clip_norm, load, save, summary, with_threads};
//!
//! #[derive(Module)]
//! struct Net {
//!     hidden: Linear,
//!     output: Sequential,
//!     scale: Param,
//!     mean: Param,
//! }
//!
//! impl Layer for Net {
//!     fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
//!         let h = self.hidden.forward(x, mode).relu();
//!         self.output.forward(&h, mode) * &self.scale - &self.mean
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rng = Rng::seed(0);
//! let mut net = Net {
//!     hidden: Linear::new(4, 8, &mut rng),
//!     output: Sequential::new().then(Linear::new(8, 3, &mut rng)).then(Dropout::new(0.1)),
//!     scale: Param::new(Tensor::ones([3])),
//!     mean: Param::statistic(Tensor::zeros([3]), 0.1),
//! };
//! let x = Tensor::uniform([40, 4], 0.0, 1.0, &mut rng);
//! let labels: Vec<usize> = (0..40).map(|i| i % 3).collect();
//! let data = Dataset::new(x.clone(), labels.clone())?;
//! let (train, test) = data.split(0.8, &mut rng);
//!
//! net.freeze("hidden.*");
//! let mut adam = Adam::new(1e-3);
//! let schedule = Cosine::new(100);
//! for (step, batch) in (0..).zip(train.batches(32).shuffle(&mut rng)) {
//!     let logits = net.forward(&batch.x, &mut Mode::train(&mut rng));
//!     let mut grads = cross_entropy(&logits, &batch.y).backward();
//!     clip_norm(&net, &mut grads, 1.0);
//!     adam.set_lr(1e-3 * schedule.share(step));
//!     adam.step(&mut net, &grads);
//! }
//! # let file = std::env::temp_dir().join(format!("coming-from-pytorch-{}.safetensors", std::process::id()));
//! save(&net, &file)?;
//! load(&mut net, &file)?;
//! # std::fs::remove_file(&file)?;
//!
//! let logits = net.predict(&x);
//! assert_eq!(with_threads(1, || net.predict(&x)).to_vec(), logits.to_vec());
//! assert!(cross_entropy(&logits, &labels).item() > 0.0 && accuracy(&net.predict(test.x()), test.y()) <= 1.0);
//! assert!(!net.forward(&x, &mut Mode::train(&mut rng)).to_vec().is_empty());
//! let (y, t) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 4.0]));
//! assert_eq!(mse(&y, &t).item(), 2.0);
//! let paths: Vec<String> = net.parameters().into_iter().map(|(path, _)| path).collect();
//! assert_eq!(paths[..3], ["hidden.weight", "hidden.bias", "output.0.weight"]);
//! assert_eq!(summary(&net).count(), 4 * 8 + 8 + 8 * 3 + 3 + 3 + 3);
//! let decayed: AdamW = AdamW { weight_decay: 0.1, ..AdamW::new(1e-3) };
//! assert_eq!(decayed.weight_decay, 0.1);
//! # Ok(())
//! # }
//! ```
