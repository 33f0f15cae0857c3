//! Recomputing instead of keeping: the same bits, less memory.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use wengert::autograd::{Rng, Tensor, checkpoint, grad, hessian, jvp, memory_stats, no_grad};

type Block = fn([&Tensor; 3]) -> Tensor;

/// A block that uses its input three times, and its weights twice.
const BLOCK: Block = |[x, w, b]| {
    let h = x.linear(w, Some(b)).tanh() * x;
    x + h.linear(w, None).softmax(-1) * b
};

struct Net {
    weights: Vec<[Tensor; 2]>,
    x: Tensor,
}

impl Net {
    fn new(blocks: usize, [batch, width]: [usize; 2]) -> Self {
        let mut rng = Rng::seed(1);
        let mut normal = |shape: &[usize]| Tensor::normal(shape, 0.0, 0.4, &mut rng).requires_grad();
        let weights = (0..blocks).map(|_| [normal(&[width, width]), normal(&[width])]).collect();
        Net { weights, x: normal(&[batch, width]) }
    }

    fn forward(&self, block: impl Fn(&Tensor, &Tensor, &Tensor) -> Tensor) -> Tensor {
        self.weights.iter().fold(self.x.clone(), |x, [w, b]| block(&x, w, b))
    }

    fn leaves(&self) -> impl Iterator<Item = &Tensor> {
        self.weights.iter().flatten().chain([&self.x])
    }
}

fn bits(x: &Tensor) -> Vec<u32> {
    x.to_vec().into_iter().map(f32::to_bits).collect()
}

/// Passed, captured, and nested.
fn ways() -> [fn(&Tensor, &Tensor, &Tensor) -> Tensor; 3] {
    [
        |x, w, b| checkpoint(BLOCK, [x, w, b]),
        |x, w, b| {
            let (w, b) = (w.clone(), b.clone());
            checkpoint(move |[x]| BLOCK([x, &w, &b]), [x])
        },
        |x, w, b| checkpoint(|[x, w, b]| checkpoint(BLOCK, [x, w, b]), [x, w, b]),
    ]
}

#[test]
fn values_and_gradients_have_the_same_bits() {
    let net = Net::new(3, [4, 5]);
    let plain = net.forward(|x, w, b| BLOCK([x, w, b]));
    let value = bits(&plain);
    let grads = (plain + &net.x * &net.x).sum().backward();
    for way in ways() {
        let y = net.forward(way);
        assert_eq!(bits(&y), value);
        let found = (y + &net.x * &net.x).sum().backward();
        assert_eq!(found.len(), grads.len());
        for leaf in net.leaves() {
            assert_eq!(bits(&found[leaf]), bits(&grads[leaf]));
        }
    }
}

/// Up to rounding: the second sweep goes through what was computed anew and through the checkpoint one after the other, and
/// adds what a single graph adds before.
#[track_caller]
fn assert_near(found: &Tensor, expected: &Tensor) {
    let largest = expected.to_vec().into_iter().fold(1.0, |max: f32, e| max.max(e.abs()));
    for (found, expected) in found.to_vec().into_iter().zip(expected.to_vec()) {
        assert!((found - expected).abs() < 1e-5 * largest, "{found} for {expected}");
    }
}

#[test]
fn gradients_of_gradients_are_the_same() {
    let net = Net::new(2, [3, 4]);
    let second = |way: fn(&Tensor, &Tensor, &Tensor) -> Tensor| {
        let y = net.forward(way).sin().sum();
        let [dw, dx] = grad(&y, [&net.weights[0][0], &net.x]);
        ((&dw * &dw).sum() + (&dx * &dx).sum()).backward()
    };
    let expected = second(|x, w, b| BLOCK([x, w, b]));
    for way in ways() {
        let found = second(way);
        net.leaves().for_each(|leaf| assert_near(&found[leaf], &expected[leaf]));
    }
    // And within the functions of calculus.
    let (x, v) = (net.x.detach(), Tensor::ones(net.x.shape()));
    let [w, b] = &net.weights[1];
    let plain: fn(&Tensor, &Tensor, &Tensor) -> Tensor = |x, w, b| BLOCK([x, w, b]);
    for way in ways() {
        let along = |f: fn(&Tensor, &Tensor, &Tensor) -> Tensor| jvp(|[x]| f(x, w, b), [&x], [&v]).1;
        assert_eq!(bits(&along(way)), bits(&along(plain)));
        let [of_way, of_plain] =
            [way, plain].map(|f| hessian(|[x]| f(x, w, b).sin().sum(), [&x])[0][0].clone());
        assert_near(&of_way, &of_plain);
    }
}

#[test]
fn a_chain_of_64_blocks_keeps_far_less() {
    let net = Net::new(64, [64, 32]);
    let one = 64 * 32 * 4;
    let cost = |way: fn(&Tensor, &Tensor, &Tensor) -> Tensor| {
        let before = memory_stats().live_bytes;
        let y = net.forward(way).sum();
        let kept = memory_stats().live_bytes - before;
        let grads = y.backward();
        assert_eq!(grads.len(), 129);
        kept
    };
    let plain = cost(|x, w, b| BLOCK([x, w, b]));
    for way in ways() {
        let kept = cost(way);
        println!("{kept} instead of {plain} bytes");
        // The input of each block, and nothing of what is inside.
        assert!(kept <= 66 * one, "{kept}");
        assert!(kept * 3 < plain, "{kept} of {plain}");
    }
}

#[test]
fn random_numbers_come_again() {
    let x = Tensor::<f32>::ones([1000]).requires_grad();
    let mut rng = Rng::seed(5);
    let dropped = |x: &Tensor, rng: &mut Rng| {
        let noise = Tensor::<f32>::uniform(x.shape(), 0.0, 1.0, rng);
        x.exp() * Tensor::where_(&noise.mask(|u| u < 0.9), &Tensor::scalar(1.0 / 0.9), &Tensor::scalar(0.0))
    };
    let plain = dropped(&x, &mut rng.clone());
    let carried = rng.clone();
    let y = checkpoint(move |[x]| dropped(x, &mut carried.clone()), [&x]);
    assert_eq!(bits(&y), bits(&plain));
    // Whatever is drawn in between.
    rng.uniform::<f32>();
    assert_eq!(bits(&y.sum().backward()[&x]), bits(&plain.sum().backward()[&x]));

    thread_local!(static DRAWN: Cell<u32> = const { Cell::new(0) });
    let y = checkpoint(|[x]| x * DRAWN.replace(DRAWN.get() + 1) as f32, [&x]).sum();
    let panic = catch_unwind(AssertUnwindSafe(|| y.backward())).unwrap_err();
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains("returned another value") && message.contains("rng.clone()"), "{message}");
}

#[test]
fn it_is_evaluated_once_unless_there_is_a_gradient() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let run = |x: &Tensor| {
        checkpoint(
            |[x]| {
                CALLS.fetch_add(1, Ordering::Relaxed);
                x * x
            },
            [x],
        )
    };
    let calls = || CALLS.swap(0, Ordering::Relaxed);
    let x = Tensor::from([3.0_f32]);
    assert_eq!((run(&x).is_tracked(), calls()), (false, 1));
    let x = x.requires_grad();
    assert_eq!((no_grad(|| run(&x)).is_tracked(), calls()), (false, 1));
    let y = run(&x);
    assert_eq!(calls(), 1);
    assert_eq!((y.backward()[&x].item(), calls()), (6.0, 1));
}

#[test]
fn odd_inputs() {
    let [a, b] = [2.0_f32, 5.0].map(|v| Tensor::scalar(v).requires_grad());
    // The same twice, one that is not used, a constant, what was computed before, and what is returned as it is.
    assert_eq!(checkpoint(|[a, b]| a * b, [&a, &a]).backward()[&a].item(), 4.0);
    let grads = checkpoint(|[a, _]| a * a, [&a, &b]).backward();
    assert!(grads[&a].item() == 4.0 && grads.get(&b).is_none());
    assert_eq!(checkpoint(|[a, c]| a * c, [&a, &b.detach()]).backward()[&a].item(), 5.0);
    let h = &a * &b;
    let inner = h.clone();
    let grads = (checkpoint(move |[a]| a * &inner, [&a]) + &h).backward();
    assert_eq!((grads[&a].item(), grads[&b].item()), (2.0 * 2.0 * 5.0 + 5.0, 4.0 + 2.0));
    assert_eq!(checkpoint(|[a]| a.clone(), [&a]).backward()[&a].item(), 1.0);
    // Only what is asked for.
    let [da] = grad(&checkpoint(|[a, b]| a * b, [&a, &b]), [&a]);
    assert_eq!(da.item(), 5.0);
}

#[test]
fn a_chain_of_many_is_swept_and_dropped_on_a_small_stack() {
    let run = || {
        let x = Tensor::scalar(3.0_f32).requires_grad();
        let chain = || (0..100_000).fold(x.clone(), |y, _| checkpoint(|[y]| -y, [&y]));
        drop(chain());
        assert_eq!(chain().backward()[&x].item(), 1.0);
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}
