//! Normalisation and attention: proved by the checker, against PyTorch (`golden/norms.json`, written by the script beside it), and
//! on sizes that fill more than a block.

use expect_test::expect;
use serde_json::Value;
use tests::golden::{assert_close, labels, tensor};
use wengert::autograd::ops::{Attention, BatchNorm, GroupNorm};
use wengert::autograd::{Array, Cases, Op, Rng, Tensor, check_fn, check_with, grad, with_threads};

#[test]
fn batch_norm() {
    for shape in ["3C", "2C3", "2C22"] {
        let cases = Cases::shapes([shape, "C", "C"]).count(16);
        check_fn(|[x, scale, shift]| x.batch_norm(scale, shift, 0.1).0, cases);
    }
    check_fn(
        |[x, mean, v, scale, shift]| x.batch_norm_with([mean, &(v.square() + 0.5)], scale, shift, 0.1),
        Cases::shapes(["nC2", "C", "C", "C", "C"]).count(16),
    );
}

#[test]
fn group_instance_and_rms_norm() {
    for shape in ["n43", "n4"] {
        check_with(GroupNorm { groups: 2, epsilon: 0.1 }, Cases::shapes([shape, "4", "4"]).count(16));
    }
    check_fn(
        |[x, scale, shift]| x.instance_norm(scale, shift, 0.1),
        Cases::shapes(["nC3", "C", "C"]).count(16),
    );
    check_fn(|[x, scale]| x.rms_norm(scale, 0.1), Cases::shapes(["..C", "C"]).count(16));
}

#[test]
fn attention() {
    check_with(Attention::new(), Cases::shapes(["abTD", "abSD", "abSe"]).count(24));
    check_with(Attention::new().causal(), Cases::shapes(["aTD", "aSD", "aSe"]).count(24));
    // The second query sees nothing.
    let mask = Array::from_vec(vec![true, true, false, false, false, false, false, true, true], [3, 3])
        .expect("nine");
    let masked = || Attention::new().mask(&mask).scale(0.7);
    check_with(masked(), Cases::shapes(["a3D", "a3D", "a3e"]).count(24));
    check_with(masked().causal(), Cases::shapes(["3D", "3D", "3e"]).count(24));
}

fn assert_as(what: &str, found: &Tensor<f64>, expected: &Value) {
    let expected = tensor(expected);
    assert_eq!(found.shape(), expected.shape(), "{what}");
    assert_close(what, &found.to_vec(), &expected.to_vec(), 1e-10);
}

#[test]
fn as_pytorch() {
    let entries: Vec<Value> =
        serde_json::from_str(include_str!("../golden/norms.json")).expect("golden values");
    assert_eq!(entries.len(), 17);
    for entry in &entries {
        let leaves = |key: &str| -> Vec<Tensor<f64>> {
            entry
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|x| tensor(x).requires_grad())
                .collect()
        };
        let (x, constants, options) = (leaves("inputs"), leaves("constants"), &entry["options"]);
        let name = entry["name"].as_str().expect("a name");
        let value = match name {
            "batch_norm" => x[0].batch_norm(&x[1], &x[2], 1e-5).0,
            "batch_norm_with" => {
                let [mean, variance] = [0, 1].map(|i| constants[i].detach());
                x[0].batch_norm_with([&mean, &variance], &x[1], &x[2], 1e-5)
            }
            "group_norm" => {
                let groups = options["groups"].as_u64().expect("a number") as usize;
                x[0].group_norm(groups, &x[1], &x[2], 1e-5)
            }
            "instance_norm" => x[0].instance_norm(&x[1], &x[2], 1e-5),
            "rms_norm" => x[0].rms_norm(&x[1], 1e-5),
            "attention" => {
                let mask = entry.get("mask").map(|mask| {
                    let values = labels(&mask["values"]).into_iter().map(|x| x == 1).collect();
                    Array::from_vec(values, labels(&mask["shape"])).expect("as many as the shape holds")
                });
                let attention =
                    Attention { scale: options["scale"].as_f64(), causal: options["causal"] == true, mask };
                x[0].scaled_dot_product_attention(&x[1], &x[2], attention)
            }
            name => panic!("{name} is not known here"),
        };
        let what = format!("{name} of {:?} with {options}", x[0].dims());
        assert_as(&what, &value, &entry["value"]);
        let grads = value.backward_from(&tensor(&entry["cotangent"]));
        for (i, x) in x.iter().enumerate() {
            assert_as(&format!("gradient {i} of {what}"), &grads[x], &entry["gradients"][i]);
        }
    }
}

/// Attention over several blocks of queries: as softmax says it, and the same bits on several threads.
#[test]
fn attention_in_blocks() {
    let mut rng = Rng::seed(1);
    let mut normal = |dims: &[usize]| Tensor::<f64>::normal(dims, 0.0, 1.0, &mut rng).requires_grad();
    for (outer, t, s, causal) in
        [(&[5_usize, 2][..], 300, 300, true), (&[1], 270, 500, false), (&[1], 200, 90, true)]
    {
        let dims = |sizes: [usize; 2]| [outer, &sizes].concat();
        let (q, k, v) = (normal(&dims([t, 8])), normal(&dims([s, 8])), normal(&dims([s, 6])));
        let dy = normal(&dims([t, 6])).detach();
        let run = |threads| {
            with_threads(threads, || {
                let y = q.scaled_dot_product_attention(&k, &v, Attention { causal, ..Attention::new() });
                let value = y.to_vec();
                let grads = y.backward_from(&dy);
                [value, grads[&q].to_vec(), grads[&k].to_vec(), grads[&v].to_vec()]
            })
        };
        let found = run(1);
        assert_eq!(found, run(3));
        let mut logits = q.matmul(&k.t()) / 8.0_f64.sqrt();
        if causal {
            let hidden = Tensor::<f64>::ones([t, s]).triu(1).gt(0.0);
            logits = logits.masked_fill(&hidden, f64::NEG_INFINITY);
        }
        let y = logits.softmax(-1).matmul(&v);
        let value = y.to_vec();
        let grads = y.backward_from(&dy);
        let expected = [value, grads[&q].to_vec(), grads[&k].to_vec(), grads[&v].to_vec()];
        for (found, expected) in found.iter().zip(&expected) {
            assert_close("attention", found, expected, 1e-12);
        }
    }
}

#[test]
fn queries_that_see_nothing_get_zeros_and_pass_no_gradient() {
    let ones = |dims: [usize; 2]| Tensor::<f32>::ones(dims).requires_grad();
    let (q, k, v) = (ones([2, 3]), ones([4, 3]), ones([4, 5]));
    let mask = Array::from_vec([[false; 4], [true; 4]].concat(), [2, 4]).expect("eight");
    let y = q.scaled_dot_product_attention(&k, &v, Attention::new().mask(&mask));
    assert_eq!(y.to_vec(), [vec![0.0; 5], vec![1.0; 5]].concat());
    let grads = y.sum().backward();
    assert_eq!(grads[&q].to_vec()[..3], [0.0; 3]);
    assert_eq!(grads[&v].to_vec(), [0.25; 20]);
    // No keys at all.
    let (k, v) = (ones([0, 3]), ones([0, 5]));
    let y = q.scaled_dot_product_attention(&k, &v, Attention::new());
    assert_eq!(y.to_vec(), [0.0; 10]);
    assert_eq!(y.sum().backward()[&q].to_vec(), [0.0; 6]);
}

/// Means far from 0 do not cancel; a constant channel is its shift; a single element has variance 0.
#[test]
fn batch_statistics() {
    let mut rng = Rng::seed(2);
    let noise = Tensor::<f32>::normal([32, 4, 700], 0.0, 1.0, &mut rng);
    let (ones, zeros) = (Tensor::ones([4]), Tensor::zeros([4]));
    let (expected, ..) = noise.batch_norm(&ones, &zeros, 0.0);
    let (y, mean, variance) = (&noise + 1000.0).batch_norm(&ones, &zeros, 0.0);
    assert!((&y - &expected).abs().max().item() < 1e-3);
    let exact = noise.var_axes([0, 2], 0.0);
    assert!((variance - exact).abs().max().item() < 1e-3);
    assert!((mean - noise.mean_axes([0, 2]) - 1000.0).abs().max().item() < 1e-3);
    for threads in [1, 3] {
        assert_eq!(
            with_threads(threads, || noise.batch_norm(&ones, &zeros, 0.0).0.to_vec()),
            expected.to_vec()
        );
    }
    // A mean that is no number of this precision: what it is rounded by is no part of the variance.
    let far = Tensor::<f32>::from_vec(vec![16_777_216.0, 16_777_218.0], [2, 1]).expect("two");
    let (_, _, variance) = far.batch_norm(&Tensor::ones([1]), &Tensor::zeros([1]), 0.0);
    assert_eq!(variance.to_vec(), [1.0]);
    let constant = Tensor::<f32>::full([3, 4, 2], 7.0).requires_grad();
    let shift = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    let (y, ..) = constant.batch_norm(&ones, &shift, 1e-5);
    assert_eq!(y.to_vec()[..4], [1.0, 1.0, 2.0, 2.0]);
    assert_eq!(y.sum().backward()[&constant].to_vec(), [0.0; 24]);
    let (y, mean, variance) = Tensor::from([[5.0_f32, 6.0, 7.0, 8.0]]).batch_norm(&ones, &zeros, 1e-5);
    assert_eq!(
        (y.to_vec(), mean.to_vec(), variance.to_vec()),
        (vec![0.0; 4], vec![5.0, 6.0, 7.0, 8.0], vec![0.0; 4])
    );
}

#[test]
fn messages() {
    let t = |dims: &[usize]| Tensor::<f32>::ones(dims);
    let error = Attention::new()
        .try_apply([&t(&[2, 3, 4]), &t(&[2, 3, 4]), &t(&[2, 5, 4])])
        .expect_err("more values");
    expect![[r#"
        attention: there are not as many values as keys
          queries  [2, 3, 4]
          keys     [2, 3, 4]
          values   [2, 5, 4]
          help: queries are [.., t, d], keys [.., s, d] and values [.., s, e], with equal axes in front"#]]
    .assert_eq(&error.to_string());
    let error = Attention::new()
        .try_apply([&t(&[2, 3, 5]), &t(&[2, 3, 4]), &t(&[2, 3, 4])])
        .expect_err("wider queries");
    expect![[r#"
        attention: queries and keys are not equally wide
          queries  [2, 3, 5]
          keys     [2, 3, 4]
          values   [2, 3, 4]
          help: queries are [.., t, d], keys [.., s, d] and values [.., s, e], with equal axes in front"#]]
    .assert_eq(&error.to_string());
    let mask = Array::from_slice(&[true, false]);
    let error =
        Attention::new().mask(&mask).try_apply([&t(&[3, 4]), &t(&[3, 4]), &t(&[3, 4])]).expect_err("mask");
    expect![[r#"
        attention: the mask does not broadcast to queries and keys
          mask     [2]
          weights  [3, 3]  [.., t, s]
          help: true in the mask is what may be seen"#]]
    .assert_eq(&error.to_string());
    let x = t(&[2, 3, 4]);
    let error =
        BatchNorm::of(&x, 1e-5).expect("channels").try_apply([&x, &t(&[4]), &t(&[4])]).expect_err("scale");
    expect![[r#"
        batch_norm: scale and shift must have a number for each channel
          input  [2, 3, 4]  axis 1 is 3
          scale  [4]
          shift  [4]
          help: give both the shape [3]"#]]
    .assert_eq(&error.to_string());
    let two = t(&[2, 2, 4]);
    let error = BatchNorm::of(&x, 1e-5).expect("channels").try_apply([&two, &t(&[2]), &t(&[2])]);
    expect![[r#"
        batch_norm: the moments are those of another tensor
          input  [2, 2, 4]
          help: give those of this input: `BatchNorm::of`"#]]
    .assert_eq(&error.expect_err("other moments").to_string());
    let error = BatchNorm::of(&t(&[3]), 1e-5).expect_err("no channels");
    expect![[r#"
        batch_norm: expected a batch of channels
          input  [3]  rank 1
          help: axes are [batch, channels, ..]"#]]
    .assert_eq(&error.to_string());
    let error = BatchNorm::of(&t(&[0, 4, 2]), 1e-5).expect_err("no samples");
    expect![[r#"
        batch_norm: there is nothing to take a mean of
          input  [0, 4, 2]  no elements
          help: leave out batches without samples, or give the moments: `batch_norm_with`"#]]
    .assert_eq(&error.to_string());
}

/// Rows of one large number are 0 in units of their deviation, and their gradients those of a row without any.
#[test]
fn constant_rows_are_normalised_to_0() {
    for (x, n) in [(1e5 + 0.3, 7), (1e6 + 0.1, 7), (1000.1, 768), (-3e7, 40)] {
        let x = Tensor::full([2, n], x as f32).requires_grad();
        let [scale, shift] = [Tensor::ones([n]), Tensor::zeros([n])];
        let y = x.layer_norm(&scale, &shift, 1e-5);
        assert_eq!(y.to_vec(), vec![0.0; 2 * n]);
        let dy: Vec<f32> = (0..2 * n).map(|i| (i % n) as f32).collect();
        let dy = Tensor::from_vec(dy, [2, n]).unwrap();
        let expected = (&dy - dy.mean_keepdims(1)) / 1e-5_f32.sqrt();
        let [recorded] = grad(&(&y * &dy).sum(), [&x]);
        for found in [&y.backward_from(&dy)[&x], &recorded] {
            let off = (found - &expected).abs().max().item() / expected.abs().max().item();
            assert!(off < 1e-5, "{off}");
        }
    }
}

/// Keys without width are all alike: a query gets the mean of the values.
#[test]
fn attention_of_no_width_is_a_mean() {
    let [q, k] = [(); 2].map(|()| Tensor::<f64>::zeros([2, 0]).requires_grad());
    let v = Tensor::from([[1.0], [3.0]]).requires_grad();
    let y = q.scaled_dot_product_attention(&k, &v, Attention { scale: Some(1.0), ..Attention::new() });
    assert_eq!(y.to_vec(), [2.0, 2.0]);
    let grads = y.sum().backward();
    assert_eq!((grads[&v].to_vec(), grads[&q].size(), grads[&k].size()), (vec![1.0, 1.0], 0, 0));
}

/// Of no channels there is nothing to normalise, and nothing to hand back.
#[test]
fn no_channels_have_empty_gradients() {
    let x = Tensor::<f64>::zeros([2, 0, 3]).requires_grad();
    let [scale, shift] = [(); 2].map(|()| Tensor::zeros([0]).requires_grad());
    let grads = x.batch_norm(&scale, &shift, 1e-5).0.sum().backward();
    assert_eq!([&x, &scale, &shift].map(|leaf| grads[leaf].size()), [0; 3]);
}

#[test]
fn attention_of_axes_that_do_not_match_is_refused() {
    let refused = |[q, k, v]: [&[usize]; 3], why: &str| {
        let [q, k, v] = [q, k, v].map(|dims| Tensor::<f64>::zeros(dims));
        let error = Attention::new().try_apply([&q, &k, &v]).unwrap_err().to_string();
        assert!(error.contains(why), "{:?} {:?} {:?}: {error}", q.shape(), k.shape(), v.shape());
    };
    let axes = "expected as many axes, at least two";
    refused([&[3], &[3], &[3]], axes);
    refused([&[2, 4, 3], &[4, 3], &[4, 3]], axes);
    refused([&[4, 3], &[2, 4, 3], &[4, 3]], axes);
    refused([&[4, 3], &[4, 3], &[2, 4, 3]], axes);
    let front = "the axes in front differ";
    refused([&[2, 4, 3], &[1, 4, 3], &[1, 4, 3]], front);
    refused([&[2, 4, 3], &[1, 4, 3], &[2, 4, 3]], front);
    refused([&[2, 4, 3], &[2, 4, 3], &[1, 4, 3]], front);
}
