//! Whose line a panic names: that of the one who called a layer or a trainer, however the call came there.

use tests::messages::{panic_of, printed};
use wengert::prelude::*;
use wengert::{RateFinder, metrics};

fn two_layers() -> Sequential {
    let mut rng = Rng::seed(0);
    Sequential::new()
        .then(Linear::new(4, 3, &mut rng))
        .then(Activation::Relu)
        .then(Linear::new(5, 1, &mut rng))
}

/// `f` panics with a message that has this in it, at the line of this call.
#[track_caller]
fn blames_here<R>(f: impl FnOnce() -> R, part: &str) {
    let (message, file, line) = panic_of(f);
    let here = std::panic::Location::caller();
    assert_eq!((file.as_str(), line), (here.file(), here.line()), "{message}");
    assert!(message.contains(part), "{message}");
}

#[test]
fn layers_blame_the_caller_of_forward_and_predict() {
    let linear: Linear = Linear::new(3, 2, &mut Rng::seed(0));
    let mlp: Mlp = Mlp::new(&[3, 2, 1], Activation::Relu, &mut Rng::seed(0));
    let x = Tensor::ones([1, 4]);
    blames_here(|| linear.predict(&x), "expected [.., 3]");
    blames_here(|| mlp.predict(&x), "expected [.., 3]");
    // Behind a `dyn Layer`, also of one in another.
    let net = two_layers();
    blames_here(|| net.predict(&x), "Linear `2`: found an input of shape [1, 3], expected [.., 5]");
    blames_here(|| net.forward(&x, &mut Mode::eval()), "Linear `2`");
    let nested = Sequential::new().then(two_layers());
    blames_here(|| nested.predict(&x), "expected [.., 5]");
    let boxed: Box<dyn Layer> = Box::new(two_layers());
    blames_here(|| boxed.forward(&x, &mut Mode::eval()), "expected [.., 5]");
}

/// The line of one's own forward is better than that of whoever called the network.
#[derive(Module)]
struct Own(Linear);

impl Layer for Own {
    fn forward(&self, x: &Tensor, mode: &mut Mode) -> Tensor {
        self.0.forward(x, mode)
    }
}

#[test]
fn a_layer_of_ones_own_in_between_is_blamed_itself() {
    let net = Sequential::new().then(Own(Linear::new(3, 2, &mut Rng::seed(0))));
    let (_, file, line) = panic_of(|| net.predict(&Tensor::ones([1, 4])));
    assert_eq!((file.as_str(), line), (file!(), line!() - 8));
}

#[test]
fn nothing_is_recorded_in_predict_and_all_is_as_before_after_a_panic() {
    let linear: Linear = Linear::new(3, 2, &mut Rng::seed(0));
    assert!(!linear.predict(&Tensor::ones([1, 3])).is_tracked());
    let _ = panic_of(|| linear.predict(&Tensor::ones([1, 4])));
    assert!(linear.forward(&Tensor::ones([1, 3]), &mut Mode::eval()).is_tracked());
}

#[test]
fn a_trainer_blames_the_line_of_fit() {
    let x: Tensor = Tensor::ones([8, 4]);
    let mut narrow = Sequential::new().then(Linear::new(3, 1, &mut Rng::seed(0)));
    let column = Dataset::new(x.clone(), Tensor::ones([8, 1])).unwrap();
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(mse);
    blames_here(|| trainer.fit(&mut narrow, &column, &column), "Linear `0`: found an input");
    // A loss that is passed by name.
    let flat = Dataset::new(x.clone(), Tensor::ones([8])).unwrap();
    let mut net = Sequential::new().then(Linear::new(4, 1, &mut Rng::seed(0)));
    blames_here(|| trainer.fit(&mut net, &flat, &flat), "mse: prediction and target must have one shape");
    blames_here(|| trainer.evaluate(&net, &flat), "mse: prediction and target must have one shape");
    let labels = Dataset::new(x, vec![0, 1, 2, 3, 0, 1, 2, 3]).unwrap();
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy);
    let mut net: Linear = Linear::new(4, 2, &mut Rng::seed(0));
    blames_here(|| trainer.fit(&mut net, &labels, &labels), "cross_entropy");
    // A metric.
    let column_metric = |_: &Tensor, _: &Tensor| 1.0;
    let mut trainer =
        Trainer::new(Sgd::new(0.1)).loss(mse).metric("one", column_metric).metric("r2", of_flat);
    let mut net: Linear = Linear::new(4, 1, &mut Rng::seed(0));
    blames_here(|| trainer.fit(&mut net, &column, &column), "only of flat ones");
}

#[test]
fn a_rate_finder_blames_the_line_of_find() {
    let data = Dataset::new(Tensor::<f32>::ones([8, 4]), Tensor::ones([8])).unwrap();
    let net: Linear = Linear::new(4, 1, &mut Rng::seed(0));
    let finder = RateFinder::new();
    blames_here(|| finder.find(&net, Sgd::new(1.0), &data, mse), "mse: prediction and target must");
    let narrow: Linear = Linear::new(3, 1, &mut Rng::seed(0));
    blames_here(|| finder.find(&narrow, Sgd::new(1.0), &data, mse), "expected [.., 3]");
}

/// What a metric of the library complains of, passed by its name, is said once, and not of a line of the standard library before.
#[test]
fn metrics_of_the_library_complain_once() {
    type Measure<Y> = fn(&Tensor, &Y) -> f64;
    let column = Dataset::new(Tensor::<f32>::ones([8, 4]), Tensor::ones([8, 1])).unwrap();
    let loss = |p: &Tensor, _: &Tensor| p.square().mean();
    let mut two: Linear = Linear::new(4, 2, &mut Rng::seed(0));
    let of_numbers: [Measure<Tensor>; 5] =
        [metrics::mae, metrics::r2, metrics::rmse, binary_accuracy, metrics::binary_roc_auc];
    for metric in of_numbers {
        let mut trainer = Trainer::new(Sgd::new(0.1)).loss(loss).metric("it", metric);
        blames_here(|| trainer.fit(&mut two, &column, &column), "of shape [8, 2] for targets of [8, 1]");
        assert_eq!(printed(), 1);
    }
    let labels = Dataset::new(Tensor::<f32>::ones([8, 4]), vec![0, 1, 2, 0, 1, 2, 0, 1]).unwrap();
    let loss = |p: &Tensor, _: &Vec<usize>| p.square().mean();
    let mut one: Linear = Linear::new(4, 1, &mut Rng::seed(0));
    let of_classes: [Measure<Vec<usize>>; 4] = [accuracy, metrics::f1, metrics::roc_auc, metrics::perplexity];
    for metric in of_classes {
        let mut trainer = Trainer::new(Sgd::new(0.1)).loss(loss).metric("it", metric);
        blames_here(|| trainer.fit(&mut one, &labels, &labels), "\n  help: ");
        assert_eq!(printed(), 1);
    }
}

/// So is what a loss complains of.
#[test]
fn losses_of_the_library_complain_once() {
    type Loss<Y> = fn(&Tensor, &Y) -> Tensor;
    let column = Dataset::new(Tensor::<f32>::ones([8, 4]), Tensor::ones([8, 1])).unwrap();
    let mut two: Linear = Linear::new(4, 2, &mut Rng::seed(0));
    let of_numbers: [Loss<Tensor>; 8] = [
        mse,
        mae,
        bce,
        bce_with_logits,
        hinge,
        kl_divergence,
        wengert::poisson_nll,
        wengert::soft_cross_entropy,
    ];
    for loss in of_numbers {
        let mut trainer = Trainer::new(Sgd::new(0.1)).loss(loss);
        blames_here(|| trainer.fit(&mut two, &column, &column), "must have one shape");
        assert_eq!(printed(), 1);
    }
    let labels = Dataset::new(Tensor::<f32>::ones([8, 4]), vec![0, 1, 2, 0, 1, 2, 0, 1]).unwrap();
    let of_classes: [Loss<Vec<usize>>; 2] = [cross_entropy, nll];
    for loss in of_classes {
        let mut trainer = Trainer::new(Sgd::new(0.1)).loss(loss);
        blames_here(|| trainer.fit(&mut two, &labels, &labels), "label 2, of row ");
        assert_eq!(printed(), 1);
    }
    // Passed by its own name it comes by another way than through a pointer.
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(cross_entropy);
    blames_here(|| trainer.fit(&mut two, &labels, &labels), "label 2, of row ");
    assert_eq!(printed(), 1);
}

/// As a metric of the library may complain.
#[track_caller]
fn of_flat(y: &Tensor, _: &Tensor) -> f64 {
    assert!(y.rank() == 1, "only of flat ones\n  help: flatten it");
    1.0
}

/// A closure has lines of its own, and they are the better ones.
#[test]
fn a_loss_that_is_a_closure_is_blamed_itself() {
    let data = Dataset::new(Tensor::<f32>::ones([8, 4]), Tensor::ones([8])).unwrap();
    let mut net: Linear = Linear::new(4, 1, &mut Rng::seed(0));
    let mut trainer = Trainer::new(Sgd::new(0.1)).loss(|p: &Tensor, y: &Tensor| mse(p, y));
    let (_, file, line) = panic_of(|| trainer.fit(&mut net, &data, &data));
    assert_eq!((file.as_str(), line), (file!(), line!() - 2));
}

/// Where a loss is infinite, the line is told if it is one of the user's, and no line of the library.
#[test]
fn what_is_not_finite_names_no_line_of_the_library() {
    let data = Dataset::new(Tensor::full([8, 4], f32::MAX), Tensor::ones([8, 1])).unwrap();
    let mut net: Linear = Linear::new(4, 1, &mut Rng::seed(0));
    let error = Trainer::new(Sgd::new(0.1)).loss(mse).fit(&mut net, &data, &data).unwrap_err().to_string();
    assert!(error.contains("born in"), "{error}");
    let library = [".rs:", "/rustc/", "src/"].iter().any(|part| error.contains(part));
    assert!(!library, "{error}");
    let loss = |p: &Tensor, y: &Tensor| mse(&(p * f32::MAX), y);
    let error = Trainer::new(Sgd::new(0.1)).loss(loss).fit(&mut net, &data, &data).unwrap_err().to_string();
    assert!(error.contains("tests/tests/blame.rs") || !error.contains(".rs:"), "{error}");
}
