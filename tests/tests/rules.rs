//! The rules of gradients, one by one: what may be done, what it gives, and the error that says that it may not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use wengert::autograd::{GradError, Gradients, Rng, Tensor, grad, no_grad};

fn normal(shape: &[usize], seed: u64) -> Tensor<f64> {
    Tensor::normal(shape, 0.0, 1.0, &mut Rng::seed(seed))
}

fn message(f: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(f)).unwrap_err().downcast::<String>().unwrap()
}

/// Accumulation is addition: nothing is stored in tensors, so that nothing has to be zeroed.
#[test]
fn gradients_of_small_batches_add_up_to_that_of_the_whole() {
    let (w, b) = (normal(&[2, 5], 1).requires_grad(), normal(&[2], 2).requires_grad());
    let (x, y) = (normal(&[12, 5], 3), normal(&[12, 2], 4));
    let loss = |x: &Tensor<f64>, y: &Tensor<f64>| (x.linear(&w, Some(&b)).tanh() - y).powi(2).sum();
    let whole = loss(&x, &y).backward();
    let parts = (0..12).step_by(3).map(|i| loss(&x.slice(0, i..i + 3), &y.slice(0, i..i + 3)).backward());
    let sum = parts.reduce(|a, b| a + b).unwrap();
    let mut in_place = Gradients::default();
    for i in 0..12 {
        in_place += loss(&x.slice(0, i..i + 1), &y.slice(0, i..i + 1)).backward();
    }
    for leaf in [&w, &b] {
        for sum in [&sum, &in_place] {
            let pairs = sum[leaf].to_vec().into_iter().zip(whole[leaf].to_vec());
            pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-13, "{a} for {b}"));
        }
    }
    // A pass does not see those before it.
    assert_eq!(loss(&x, &y).backward()[&w].to_vec(), whole[&w].to_vec());
}

/// Of leaves that only one of the passes knows, that one's gradient stays; a gradient that somebody holds does not change.
#[test]
fn gradients_of_different_leaves_are_joined() {
    let [a, b, c] = [2.0, 3.0, 5.0].map(|v| Tensor::scalar(v).requires_grad());
    let (ab, bc) = ((&a * &b).backward(), (&b * &c).backward());
    let held = ab[&b].clone();
    let sum = ab + bc;
    assert_eq!((sum.len(), [&a, &b, &c].map(|x| sum[x].item())), (3, [3.0, 2.0 + 5.0, 3.0]));
    assert_eq!(held.item(), 2.0);
}

/// Two losses on one trunk: each alone, both together, and one after the other are the same.
#[test]
fn a_graph_may_be_used_twice_while_somebody_holds_it() {
    let x = Tensor::from([0.5_f64, -1.0]).requires_grad();
    let trunk = (&x * &x).exp();
    let (first, second) = (trunk.sum(), trunk.sin().sum());
    let together = (&first + &second).backward();
    let again = first.clone().backward();
    assert_eq!(again[&x].to_vec(), first.clone().backward()[&x].to_vec());
    // `first` gives up its own part of the graph; the trunk lives on in `second`.
    let (one, two) = (first.backward(), second.backward());
    let apart = one + two;
    let pairs = apart[&x].to_vec().into_iter().zip(together[&x].to_vec());
    pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-15 * a.abs().max(1.0), "{a} for {b}"));
    // And as long as `trunk` itself is held.
    assert_eq!(trunk.sum().backward()[&x].to_vec(), again[&x].to_vec());
}

/// A leaf that took no part has no gradient, which is not the same as one of 0.
#[test]
fn unused_leaves_have_no_gradient() {
    let (x, unused) = (Tensor::from([1.0]).requires_grad(), Tensor::from([1.0, 2.0]).requires_grad());
    let grads = (&x + unused.sum() * 0.0).sum().backward();
    assert_eq!(grads[&unused].to_vec(), [0.0, 0.0]);
    let grads = x.sum().backward();
    assert!(grads.get(&unused).is_none());
    assert_eq!(message(|| _ = &grads[&unused]), GradError::Unused([2].into()).to_string());
    let says = GradError::Unused([2].into()).to_string();
    assert!(says.contains("took no part") && says.contains("`Gradients::get`"), "{says}");
    // The same for what `detach` and `no_grad` cut off.
    let cut = (x.sum() * unused.detach().sum() + no_grad(|| unused.sum())).backward();
    assert!(cut.get(&unused).is_none() && cut.len() == 1);
}

/// A change in place is a change of the name, not of what was recorded.
#[test]
fn changes_in_place_leave_graphs_as_they_were() {
    let mut x = Tensor::from([3.0, 4.0]).requires_grad();
    let loss = (&x * &x).sum();
    x.update(|x| x.fill(100.0));
    assert_eq!(loss.clone().backward()[&x].to_vec(), [6.0, 8.0]);
    assert_eq!(grad(&loss, [&x])[0].to_vec(), [6.0, 8.0]);
    // What is recorded from now on reads the new value, and the gradient is looked up by the same tensor.
    assert_eq!((&x * &x).sum().backward()[&x].to_vec(), [200.0, 200.0]);
    // A clone made before keeps its value, and is the same leaf.
    let y = x.clone();
    x.update(|x| x[0] = 0.0);
    assert_eq!(y.to_vec(), [100.0, 100.0]);
    assert_eq!((&x * &y).sum().backward()[&x].to_vec(), [100.0, 200.0]);
    // The result of an operator does not change.
    let mut h = &x * 2.0;
    let says = message(|| h.update(|h| h[0] = 1.0));
    assert!(says.contains("computed by a recorded operator") && says.contains("x.detach()"), "{says}");
}

/// Gradients are looked up by leaf; gradients of what is between come from `grad`.
#[test]
fn what_is_between_has_a_gradient_by_grad() {
    let x = Tensor::from([1.0, 2.0]).requires_grad();
    let h = &x * 3.0;
    let y = h.powi(2).sum();
    assert_eq!(grad(&y, [&h])[0].to_vec(), [6.0, 12.0]);
    let says = message(|| _ = &y.backward()[&h]);
    assert!(says.contains("is not a leaf") && says.contains("`grad(&y, [&x])`"), "{says}");
}
