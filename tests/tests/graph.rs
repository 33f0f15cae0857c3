//! The graph and the sweep: depth, width, sharing, tracking, and what is alive when.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use wengert::autograd::{
    Array, Call, GradError, Gradients, Keeps, MemoryStats, Op, Rng, Tensor, View, grad, memory_stats,
    no_grad, profile, try_grad,
};

const MILLION: usize = 1_000_000;

/// Runs `f` on a thread with so little stack that nothing may recurse.
fn on_a_small_stack<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    thread::Builder::new().stack_size(256 << 10).spawn(f).unwrap().join().unwrap()
}

/// `x` with its sign changed so many times.
fn chain(x: &Tensor<f64>, length: usize) -> Tensor<f64> {
    (0..length).fold(x.clone(), |y, _| -y)
}

#[test]
fn a_million_nodes_are_built_differentiated_and_dropped() {
    on_a_small_stack(|| {
        let x = Tensor::scalar(3.0).requires_grad();
        let y = chain(&x, MILLION + 1);
        assert_eq!(y.item(), -3.0);
        assert_eq!(y.backward()[&x].item(), -1.0);
    });
}

#[test]
fn a_million_nodes_are_dropped_unused_on_this_thread_and_on_another() {
    on_a_small_stack(|| drop(chain(&Tensor::scalar(3.0).requires_grad(), MILLION)));
    let y = chain(&Tensor::scalar(3.0).requires_grad(), MILLION);
    on_a_small_stack(move || drop(y));
}

#[test]
fn a_million_nodes_survive_backward_where_they_are_kept_and_die_in_a_panic() {
    on_a_small_stack(|| {
        let x = Tensor::scalar(3.0).requires_grad();
        let y = chain(&x, MILLION);
        assert_eq!(y.clone().backward()[&x].item(), 1.0);
        assert_eq!(y.clone().backward()[&x].item(), 1.0);
        let panic = catch_unwind(AssertUnwindSafe(move || {
            let _dropped_on_the_way = y;
            panic!("on purpose");
        }));
        assert!(panic.is_err());
    });
}

#[test]
fn ten_thousand_nodes_are_differentiated_twice() {
    on_a_small_stack(|| {
        let x = Tensor::scalar(1.5).requires_grad();
        let y = chain(&(&x * &x * &x), 10_000);
        let [dy] = grad(&y, [&x]);
        assert_eq!(dy.item(), 6.75);
        assert_eq!(dy.backward()[&x].item(), 9.0);
    });
}

#[test]
fn a_tensor_meets_itself() {
    let x = Tensor::from([3.0, -2.0]).requires_grad();
    assert_eq!((&x * &x).sum().backward()[&x].to_vec(), [6.0, -4.0]);
    assert_eq!((&x - &x).sum().backward()[&x].to_vec(), [0.0, 0.0]);
    assert_eq!((&x / &x).sum().backward()[&x].to_vec(), [0.0, 0.0]);
    assert_eq!((&x + &x).sum().backward()[&x].to_vec(), [2.0, 2.0]);
    let m = Tensor::from([[1.0, 2.0], [3.0, 4.0]]).requires_grad();
    assert_eq!(m.matmul(&m).sum().backward()[&m].to_vec(), [7.0, 11.0, 9.0, 13.0]);
}

/// Sixty doublings have 2⁶⁰ paths and sixty nodes.
#[test]
fn stacked_diamonds_visit_each_node_once() {
    let x = Tensor::scalar(1.0).requires_grad();
    let y = (0..60).fold(x.clone(), |y, _| &y + &y);
    assert_eq!(y.backward()[&x].item(), 2.0_f64.powi(60));
}

#[test]
fn a_tensor_used_a_thousand_times() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let y = (0..1000).fold(Tensor::scalar(0.0), |y, k| y + &x * f64::from(k));
    assert_eq!(y.sum().backward()[&x].to_vec(), [499_500.0; 2]);
    // A gradient that is handed out twice is not changed by those that are added to it.
    let y = (0..1000).fold(x.clone(), |y, _| y + &x);
    let grads = y.sum().backward();
    assert_eq!(grads[&x].to_vec(), [1001.0; 2]);
}

#[test]
fn everything_may_go_to_another_thread() {
    fn may<T: Send + Sync>() {}
    may::<Tensor<f32>>();
    may::<Tensor<f64>>();
    may::<Array<f32>>();
    may::<Array<usize>>();
    may::<Array<bool>>();
    may::<Gradients<f32>>();
    may::<Gradients<f64>>();
    may::<Rng>();
    may::<GradError>();

    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let y = (&x * &x).sum();
    let grads = thread::scope(|s| s.spawn(|| y.clone().backward()).join().unwrap());
    assert_eq!(grads[&x].to_vec(), [2.0, 4.0]);
}

/// The identity, with a token that counts how many of it there are.
#[derive(Clone, Debug)]
struct Marked(Arc<()>);

impl Op<f32, 1> for Marked {
    fn forward(&self, [x]: [View<'_, f32>; 1], y: &mut [f32]) {
        x.map_into(y, |x| x);
    }
    fn backward(&self, _: usize, _: &Call<'_, f32>, dy: &Tensor) -> Tensor {
        dy.clone()
    }
    fn keeps(&self, _: usize) -> Keeps {
        Keeps::NONE
    }
}

/// A network written by hand: linear, sigmoid, linear, and the mean square of what is left.
struct Network {
    parameters: [Tensor; 4],
    x: Tensor,
    y: Tensor,
    marked: Marked,
}

impl Network {
    fn new() -> Self {
        let mut rng = Rng::seed(3);
        let mut normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 1.0, &mut rng);
        let [w1, b1, w2, b2] = [&[16, 8][..], &[16], &[1, 16], &[1]].map(&mut normal);
        let x = normal(&[32, 8]);
        let y = (&x * &x).mean_keepdims(-1);
        let parameters = [w1, b1, w2, b2].map(Tensor::requires_grad);
        Network { parameters, x, y, marked: Marked(Arc::default()) }
    }

    fn loss(&self) -> Tensor {
        let [w1, b1, w2, b2] = &self.parameters;
        let hidden = self.marked.clone().apply([&self.x.linear(w1, Some(b1)).sigmoid()]);
        let error = hidden.linear(w2, Some(b2)) - &self.y;
        (&error * &error).mean()
    }

    fn step(&mut self) -> f32 {
        let loss = self.loss();
        let value = loss.item();
        let grads = loss.backward();
        for p in &mut self.parameters {
            let gradient = grads[&*p].array().view().contiguous();
            p.update(|p| p.iter_mut().zip(gradient.iter()).for_each(|(p, g)| *p -= 0.05 * g));
        }
        value
    }

    /// How many calls of the marked operator are alive.
    fn recorded(&self) -> usize {
        Arc::strong_count(&self.marked.0) - 1
    }
}

#[test]
fn after_a_step_nothing_of_its_graph_lives() {
    let mut network = Network::new();
    let live = |MemoryStats { live_buffers, live_bytes, .. }: MemoryStats| (live_buffers, live_bytes);
    let before = live(memory_stats());
    for _ in 0..3 {
        network.step();
        assert_eq!(live(memory_stats()), before);
        assert_eq!(network.recorded(), 0);
    }
    // A graph lives as long as its root, no longer, whether it was used or not.
    let loss = network.loss();
    assert_eq!(network.recorded(), 1);
    assert!(memory_stats().live_buffers > before.0);
    drop(loss);
    assert_eq!((live(memory_stats()), network.recorded()), (before, 0));
    // Gradients that are recorded hold the graph; plain ones do not.
    let loss = network.loss();
    let [recorded] = grad(&loss, [&network.parameters[0]]);
    drop(loss);
    assert_eq!(network.recorded(), 1);
    drop(recorded);
    let grads = network.loss().backward();
    assert_eq!(network.recorded(), 0);
    drop(grads);
    assert_eq!(live(memory_stats()), before);
}

#[test]
fn training_asks_the_system_for_memory_in_the_first_step_only() {
    let mut network = Network::new();
    let first = network.step();
    let after_one = memory_stats();
    let losses: Vec<f32> = (0..200).map(|_| network.step()).collect();
    assert_eq!(memory_stats(), after_one);
    assert!(losses[199] < 0.5 * first, "it learns: {first} to {}", losses[199]);
}

/// What is kept is what `keeps` names: of a long sum nothing, of a product both factors.
#[test]
fn a_graph_keeps_what_its_operators_read_and_nothing_else() {
    let x = Tensor::<f32>::ones([1000]).requires_grad();
    let before = memory_stats().live_buffers;
    let sum = (0..100).fold(x.clone(), |y, _| y + 1.0);
    assert_eq!(memory_stats().live_buffers, before + 1);
    drop(sum);
    let product = (0..100).fold(x.clone(), |y, _| &y * &x);
    assert_eq!(memory_stats().live_buffers, before + 100);
    drop(product);
    assert_eq!(memory_stats().live_buffers, before);
}

#[test]
fn no_grad_nests_and_is_restored_by_a_panic() {
    let x = Tensor::scalar(2.0_f32).requires_grad();
    let is_recording = || (&x * 2.0).is_tracked();
    no_grad(|| {
        no_grad(|| assert!(!is_recording()));
        assert!(!is_recording());
    });
    assert!(is_recording());
    let panic = catch_unwind(AssertUnwindSafe(|| no_grad(|| panic!("on purpose"))));
    assert!(panic.is_err() && is_recording());
    // Another thread is not concerned.
    no_grad(|| thread::scope(|s| assert!(s.spawn(is_recording).join().unwrap())));
    // A leaf that is made without recording is a leaf all the same.
    let leaf = no_grad(|| Tensor::scalar(2.0_f32).requires_grad());
    assert_eq!((&leaf * 3.0).backward()[&leaf].item(), 3.0);
}

#[test]
fn detach_cuts_one_path_and_leaves_the_others() {
    let x = Tensor::scalar(3.0_f32).requires_grad();
    assert_eq!((&x * x.detach()).backward()[&x].item(), 3.0);
    assert!(!(x.detach() * 2.0).is_tracked());
    let y = x.exp().detach();
    assert!(!y.is_tracked() && y.item() == 3.0_f32.exp());
}

#[test]
fn gradients_with_respect_to_what_is_no_leaf() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let h = &x * 3.0;
    let y = (&h * &h).sum();
    let [dh, dx] = grad(&y, [&h, &x]);
    assert_eq!((dh.to_vec(), dx.to_vec()), (vec![6.0, 12.0], vec![18.0, 36.0]));
    // In either order, and the root itself.
    let [dx, dy, dh] = grad(&y, [&x, &y, &h]);
    assert_eq!((dx.to_vec(), dy.item(), dh.to_vec()), (vec![18.0, 36.0], 1.0, vec![6.0, 12.0]));
    // By `backward`, only leaves have one.
    let grads = y.backward();
    assert!(grads.get(&h).is_none() && grads.len() == 1 && !grads.is_empty());
}

#[test]
fn every_reason_why_there_is_no_gradient() {
    let (x, unused) = (Tensor::from([1.0_f32, 2.0]).requires_grad(), Tensor::from([1.0]).requires_grad());
    let constant = Tensor::from([[1.0_f32, 2.0]]);
    let y = || (&x * &x).sum();

    let error = (&x * &x).try_backward().unwrap_err();
    assert_eq!(error, GradError::NotAScalar([2].into()));
    assert!(error.to_string().contains("[2]") && error.to_string().contains("`.sum()`"), "{error}");
    assert_eq!(Tensor::<f32>::zeros([0]).try_backward().unwrap_err(), GradError::NotAScalar([0].into()));
    assert_eq!(try_grad(&(&x * &x), [&x]).unwrap_err(), GradError::NotAScalar([2].into()));

    assert_eq!(constant.sum().try_backward().unwrap_err(), GradError::ConstantRoot);
    assert_eq!(y().detach().try_backward().unwrap_err(), GradError::ConstantRoot);
    assert_eq!(no_grad(y).try_backward().unwrap_err(), GradError::ConstantRoot);
    assert!(GradError::ConstantRoot.to_string().contains("`detach`"));

    assert_eq!(try_grad(&y(), [&constant]).unwrap_err(), GradError::Untracked([1, 2].into()));
    assert_eq!(try_grad(&y(), [&x, &unused]).unwrap_err(), GradError::Unused([1].into()));
    // Younger than the root, a tensor cannot be what it was computed from.
    let root = y();
    assert_eq!(try_grad(&root, [&(&root * 2.0)]).unwrap_err(), GradError::Unused([].into()));

    let says = |f: &dyn Fn()| *catch_unwind(AssertUnwindSafe(f)).unwrap_err().downcast::<String>().unwrap();
    let cotangent = GradError::Cotangent { root: [2].into(), cotangent: [1, 2].into() };
    assert_eq!(says(&|| drop((&x * &x).backward_from(&constant))), cotangent.to_string());
    assert!(cotangent.to_string().contains("[1, 2]") && cotangent.to_string().contains("[2]"));
    assert_eq!(says(&|| _ = &y().backward()[&unused]), GradError::Unused([1].into()).to_string());
    assert_eq!(says(&|| _ = &y().backward()[&constant]), GradError::Untracked([1, 2].into()).to_string());
}

#[test]
fn the_eighth_derivative_of_the_sine_is_the_sine() {
    for x in [-2.0_f64, 0.0, 0.7, 3.0] {
        let at = Tensor::scalar(x).requires_grad();
        let mut y = at.sin();
        for expected in [x.cos(), -x.sin(), -x.cos(), x.sin()].repeat(2) {
            [y] = grad(&y, [&at]);
            assert!((y.item() - expected).abs() < 1e-12, "{} for {expected}", y.item());
        }
    }
}

/// Many views of one tensor, a leaf or not, which overlap or not: the gradients are those of the recorded sweep, which makes a tensor for
/// each. The other makes one, and adds to it: so the time grows with their number, not with its square.
#[test]
fn many_views_of_one_tensor_share_its_gradient() {
    let leaf = Tensor::<f64>::build([40, 3], |x| x.iter_mut().zip(0..).for_each(|(x, i)| *x = f64::from(i)))
        .requires_grad();
    let sum = |x: &Tensor<f64>| {
        let rows = (0..40).map(|i| x.i(i).powi(2).sum());
        let windows = (0..38).map(|i| x.slice(0, i..i + 3).t().exp2().mean());
        rows.chain(windows).fold(Tensor::scalar(0.0), |sum, part| sum + part)
    };
    for is_leaf in [true, false] {
        let loss = || if is_leaf { sum(&leaf) } else { sum(&(&leaf * 0.5)) };
        let [recorded] = grad(&loss(), [&leaf]);
        let (grads, profile) = profile(|| loss().backward());
        assert_eq!(grads[&leaf].to_vec(), recorded.to_vec(), "of a leaf: {is_leaf}");
        let rows = profile.rows();
        let made = rows.iter().filter(|row| row.operator == "unview").map(|row| row.cost.calls);
        assert_eq!(made.sum::<u64>(), 1, "of a leaf: {is_leaf}");
    }
}
