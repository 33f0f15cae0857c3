//! Convolution and pooling: proved by the checker, against PyTorch (`golden/convolution.json`, written by the script beside it),
//! and against their definitions, element by element, on sizes that fill more than a block.

use expect_test::expect;
use serde_json::Value;
use tests::apart;
use tests::golden::{assert_close, labels, tensor};
use wengert::autograd::ops::{Convolution, Pool, Wanted, Window};
use wengert::autograd::{Cases, Op, Rng, ShapeError, Tensor, check_fn, check_with, no_grad, with_threads};

const WINDOWS: [Window<2>; 4] = [
    Window { stride: [1, 1], padding: [0, 0], dilation: [1, 1] },
    Window { stride: [1, 1], padding: [1, 2], dilation: [1, 2] },
    Window { stride: [2, 1], padding: [1, 0], dilation: [2, 1] },
    Window { stride: [3, 2], padding: [2, 1], dilation: [1, 1] },
];

/// Each of the three readings is proved by itself, so each as the gradient of the others.
#[test]
fn conv2d() {
    for window in WINDOWS {
        for groups in [1, 2] {
            let convolution = |wanted| Convolution { window, groups, wanted };
            let images = if groups == 1 { "n255" } else { "n455" };
            check_with(convolution(Wanted::Output), Cases::shapes([images, "4222"]).count(8));
            let output = Tensor::<f64>::zeros([1, 2 * groups, 5, 5]).conv2d(
                &Tensor::zeros([4, 2, 2, 2]),
                window,
                groups,
            );
            let outputs = format!("n4{}{}", output.dims()[2], output.dims()[3]);
            check_with(convolution(Wanted::Images([5, 5])), Cases::shapes(["4222", &outputs]).count(8));
            check_with(convolution(Wanted::Filters([2, 2])), Cases::shapes([images, &outputs]).count(8));
        }
    }
}

#[test]
fn conv1d_and_its_transpose() {
    let window = Window::new().stride(2).padding(1);
    check_fn(|[x, w]| x.conv1d(w, window, 1), Cases::shapes(["nc6", "oc3"]).count(16));
    check_fn(|[x, w]| x.conv_transpose1d(w, window, [1], 1), Cases::shapes(["nC4", "Co3"]).count(16));
    let window = Window::new().stride(3).dilation(2);
    check_fn(|[x, w]| x.conv_transpose2d(w, window, [2, 0], 1), Cases::shapes(["nC22", "Co23"]).count(8));
}

#[test]
fn max_pool() {
    let pools = [
        Pool::new([2, 2]),
        Pool::new([3, 2]).stride(1).padding(1),
        Pool::new([2, 2]).dilation(2).ceil_mode(),
    ];
    for pool in pools {
        check_fn(|[x]| apart(x, 2).max_pool2d(pool), Cases::shapes(["nc45"]).count(16));
    }
    check_fn(|[x]| apart(x, 2).max_pool1d(3), Cases::shapes(["nc7"]).count(16));
}

#[test]
fn avg_pool() {
    let pools = [
        Pool::new([2, 2]),
        Pool::new([3, 2]).stride(1).padding(1),
        Pool::new([3, 3]).stride(2).padding(1).without_padding().ceil_mode(),
    ];
    for pool in pools {
        check_fn(|[x]| x.avg_pool2d(pool), Cases::shapes(["nc45"]).count(16));
    }
    check_fn(|[x]| x.avg_pool1d(2), Cases::shapes(["nc7"]).count(16));
    check_fn(|[x]| x.adaptive_avg_pool1d(3), Cases::shapes(["nc7"]).count(16));
    check_fn(|[x]| x.adaptive_avg_pool2d([2, 3]), Cases::shapes(["nc35"]).count(16));
}

/// The values of PyTorch, and its gradients from the same cotangent.
#[test]
fn as_pytorch() {
    let entries: Vec<Value> =
        serde_json::from_str(include_str!("../golden/convolution.json")).expect("golden values");
    assert_eq!(entries.len(), 21);
    for entry in &entries {
        let inputs: Vec<_> =
            entry["inputs"].as_array().expect("a list").iter().map(|x| tensor(x).requires_grad()).collect();
        let value = called(entry, &inputs);
        let expected = tensor(&entry["value"]);
        let what = format!("{} with {}", entry["name"], entry["options"]);
        assert_eq!(value.shape(), expected.shape(), "{what}");
        assert_close(&what, &value.to_vec(), &expected.to_vec(), 1e-10);
        let grads = value.backward_from(&tensor(&entry["cotangent"]));
        for (x, expected) in inputs.iter().zip(entry["gradients"].as_array().expect("a list")) {
            assert_close(
                &format!("gradient of {what}"),
                &grads[x].to_vec(),
                &tensor(expected).to_vec(),
                1e-10,
            );
        }
    }
}

/// What the entry says, as our own methods say it.
fn called(entry: &Value, x: &[Tensor<f64>]) -> Tensor<f64> {
    fn list<const D: usize>(option: &Value) -> [usize; D] {
        labels(option).try_into().expect("a number for each axis")
    }
    fn window<const D: usize>(options: &Value) -> Window<D> {
        let [stride, padding, dilation] = ["stride", "padding", "dilation"].map(|name| list(&options[name]));
        Window { stride, padding, dilation }
    }
    fn pool<const D: usize>(options: &Value) -> Pool<D> {
        let list = |name: &str| list(&options[name]);
        let pool =
            Pool { stride: list("stride"), padding: list("padding"), ..Pool::new(list("kernel_size")) };
        let dilation = options.get("dilation").map_or(pool.dilation, |_| list("dilation"));
        let ceil_mode = options["ceil_mode"] == true;
        Pool { dilation, ceil_mode, count_padding: options["count_include_pad"] != false, ..pool }
    }
    let options = &entry["options"];
    let groups = options["groups"].as_u64().unwrap_or(1) as usize;
    match entry["name"].as_str().expect("a name") {
        "conv1d" => x[0].conv1d(&x[1], window(options), groups),
        "conv2d" => x[0].conv2d(&x[1], window(options), groups),
        "conv_transpose1d" => {
            x[0].conv_transpose1d(&x[1], window(options), list(&options["output_padding"]), groups)
        }
        "conv_transpose2d" => {
            x[0].conv_transpose2d(&x[1], window(options), list(&options["output_padding"]), groups)
        }
        "max_pool1d" => x[0].max_pool1d(pool(options)),
        "max_pool2d" => x[0].max_pool2d(pool(options)),
        "avg_pool1d" => x[0].avg_pool1d(pool(options)),
        "avg_pool2d" => x[0].avg_pool2d(pool(options)),
        "adaptive_avg_pool1d" => x[0].adaptive_avg_pool1d(list::<1>(&options["output_size"])[0]),
        "adaptive_avg_pool2d" => x[0].adaptive_avg_pool2d(list(&options["output_size"])),
        name => panic!("{name} is not known here"),
    }
}

/// The definition, in double precision: the output, and the gradients of images and filters.
fn by_definition(x: &Tensor, w: &Tensor, window: Window<2>, dy: &Tensor) -> [Vec<f64>; 3] {
    let size = |t: &Tensor| -> [usize; 4] { t.dims().try_into().expect("four axes") };
    let ([batch, channels, height, width], [filters, each, rows, columns]) = (size(x), size(w));
    let [_, _, out_height, out_width] = size(dy);
    let groups = channels / each;
    let (x, w, dy) = (x.to_vec(), w.to_vec(), dy.to_vec());
    let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    for (at_y, dy) in dy.iter().enumerate() {
        let (n, o) = (at_y / out_width / out_height / filters, at_y / out_width / out_height % filters);
        let (i, j) = (at_y / out_width % out_height, at_y % out_width);
        let group = o / (filters / groups);
        for c in 0..each {
            for u in 0..rows {
                for v in 0..columns {
                    let place = |i: usize, u: usize, axis: usize| {
                        (i * window.stride[axis] + u * window.dilation[axis])
                            .checked_sub(window.padding[axis])
                    };
                    let (Some(row), Some(column)) = (place(i, u, 0), place(j, v, 1)) else { continue };
                    if row >= height || column >= width {
                        continue;
                    }
                    let at_x = ((n * channels + group * each + c) * height + row) * width + column;
                    let at_w = ((o * each + c) * rows + u) * columns + v;
                    y[at_y] += f64::from(x[at_x]) * f64::from(w[at_w]);
                    dx[at_x] += f64::from(*dy) * f64::from(w[at_w]);
                    dw[at_w] += f64::from(*dy) * f64::from(x[at_x]);
                }
            }
        }
    }
    assert_eq!(batch * channels * height * width, x.len());
    [y, dx, dw]
}

/// Images of many blocks, one and several, on one thread and on three, whose bits must not differ.
#[test]
fn blocks_and_threads_change_nothing() {
    let mut rng = Rng::seed(3);
    let mut normal = |dims: [usize; 4]| Tensor::<f32>::normal(dims, 0.0, 1.0, &mut rng);
    let cases = [
        ([9, 4, 23, 17], [6, 4, 3, 3], 1, Window::new().padding(1)),
        ([1, 40, 33, 21], [16, 20, 5, 3], 2, Window::new().stride(2).padding(2)),
        ([2, 70, 30, 30], [8, 70, 5, 5], 1, Window::new()),
        ([3, 8, 40, 40], [8, 1, 3, 3], 8, Window::new().padding(1).dilation(2)),
        ([5, 12, 19, 8], [7, 12, 1, 1], 1, Window::new()),
        ([4, 3, 64, 3], [1, 3, 2, 1], 1, Window::new().stride(3)),
    ];
    for (x, w, groups, window) in cases {
        let (x, w) = (normal(x).requires_grad(), normal(w).requires_grad());
        let dims = no_grad(|| x.conv2d(&w, window, groups)).dims().try_into().expect("four axes");
        let dy = normal(dims);
        let run = |threads| {
            with_threads(threads, || {
                let y = x.conv2d(&w, window, groups);
                let value = y.to_vec();
                let grads = y.backward_from(&dy);
                [value, grads[&x].to_vec(), grads[&w].to_vec()]
            })
        };
        let found = run(1);
        assert_eq!(found, run(3), "{:?} {:?} on threads", x.dims(), w.dims());
        let names = ["output", "gradient of images", "gradient of filters"];
        for ((name, found), expected) in names.iter().zip(found).zip(by_definition(&x, &w, window, &dy)) {
            let scale = expected.iter().fold(1.0_f64, |max, x| max.max(x.abs()));
            let scaled = |x: f64| x / scale;
            let found: Vec<f64> = found.into_iter().map(f64::from).map(scaled).collect();
            let expected: Vec<f64> = expected.into_iter().map(scaled).collect();
            assert_close(&format!("{name} of {:?} with {:?}", x.dims(), w.dims()), &found, &expected, 3e-6);
        }
    }
}

#[test]
fn empty_batches_channels_and_filters() {
    let ones = |dims: [usize; 4]| Tensor::<f32>::ones(dims).requires_grad();
    let window = Window::new().padding(1);
    let empty = ones([0, 2, 4, 4]).conv2d(&ones([3, 2, 3, 3]), window, 1);
    assert_eq!(empty.dims(), [0, 3, 4, 4]);
    let (x, w) = (ones([1, 0, 4, 4]), ones([3, 0, 3, 3]));
    let y = x.conv2d(&w, window, 1);
    assert_eq!(y.to_vec(), vec![0.0; 48]);
    let grads = y.sum().backward();
    assert_eq!((grads[&x].dims(), grads[&w].dims()), (&[1, 0, 4, 4][..], &[3, 0, 3, 3][..]));
    let x = ones([0, 1, 4, 4]);
    assert_eq!(x.max_pool2d(2).dims(), [0, 1, 2, 2]);
    assert_eq!(x.avg_pool2d(2).dims(), [0, 1, 2, 2]);
    assert_eq!(x.adaptive_avg_pool2d([0, 1]).dims(), [0, 1, 0, 1]);
}

/// The first of equal elements gets the gradient; NaN is the largest, and padding never is.
#[test]
fn ties_nan_and_padding() {
    let x = Tensor::from([[2.0, 2.0], [2.0, 1.0]]).requires_grad();
    assert_eq!(x.max_pool2d(2).sum().backward()[&x].to_vec(), [1.0, 0.0, 0.0, 0.0]);
    let x = Tensor::from([[2.0, f64::NAN], [3.0, f64::NAN]]).requires_grad();
    let y = x.max_pool2d(2);
    assert!(y.to_vec()[0].is_nan());
    assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 1.0, 0.0, 0.0]);
    let x = Tensor::from([[-3.0, -2.0]]);
    assert_eq!(x.max_pool2d(Pool::new([3, 3]).stride(1).padding(1)).to_vec(), [-2.0, -2.0]);
    let nothing = Tensor::from([f64::NEG_INFINITY; 2]);
    assert_eq!(nothing.max_pool1d(2).to_vec(), [f64::NEG_INFINITY]);
}

#[test]
fn messages() {
    let t = |dims: &[usize]| Tensor::<f32>::ones(dims);
    let (x, w) = (t(&[1, 3, 8, 8]), t(&[4, 3, 3, 3]));
    let convolution = |window: Window<2>, groups| Convolution { window, groups, wanted: Wanted::Output };
    let says = |result: Result<Tensor, ShapeError>, expected: expect_test::Expect| {
        let error: ShapeError = result.expect_err("this should fail");
        expected.assert_eq(&error.to_string());
    };
    says(
        convolution(Window::new(), 1).try_apply([&t(&[3, 8, 8]), &w]),
        expect![[r#"
        conv2d: expected 4 axes
          input  [3, 8, 8]
          help: axes are [batch, channels, height, width]: `x.unsqueeze(0)` makes a batch of one"#]],
    );
    says(
        convolution(Window::new(), 1).try_apply([&t(&[1, 8, 8, 3]), &w]),
        expect![[r#"
            conv2d: the filters expect another number of channels
              input    [1, 8, 8, 3]  axis 1 is 8
              filters  [4, 3, 3, 3]  axis 1 is 3
              help: are the channels the last axis? Give `x.permute(&[0, 3, 1, 2])`"#]],
    );
    says(
        convolution(Window::new(), 2).try_apply([&x, &t(&[4, 3, 3, 3])]),
        expect![[r#"
        conv2d: the filters expect another number of channels
          input    [1, 3, 8, 8]  axis 1 is 3
          filters  [4, 3, 3, 3]  axis 1 is 3 in each of 2 groups
          help: axes are [batch, channels, ..] and [filters, channels / groups, ..]"#]],
    );
    says(
        convolution(Window::new(), 3).try_apply([&x, &t(&[4, 1, 3, 3])]),
        expect![[r#"
            conv2d: 4 do not fall into 3 equal groups
              filters  [4, 1, 3, 3]
              help: the number of groups must divide that of channels, and that of filters"#]],
    );
    says(
        convolution(Window::new().dilation(4), 1).try_apply([&x, &w]),
        expect![[r#"
        conv2d: the filters do not fit into the input along axis 2
          input    [1, 3, 8, 8]  8 with padding 0
          filters  [4, 3, 3, 3]  3 with dilation 4
          help: give smaller filters, or more padding"#]],
    );
    let transposed = |wanted| Convolution { window: Window::new(), groups: 1, wanted };
    let outputs = t(&[1, 4, 6, 6]);
    says(
        transposed(Wanted::Images([9, 8])).try_apply([&w, &outputs]),
        expect![[r#"
        conv_transpose2d: these filters do not make such outputs of such images
          filters  [4, 3, 3, 3]
          outputs  [1, 4, 6, 6]
          images   [1, 3, 9, 8]
          help: outputs are what `Wanted::Output` gives for images of this size"#]],
    );
    says(
        transposed(Wanted::Images([8, 8])).try_apply([&w, &t(&[1, 5, 6, 6])]),
        expect![[r#"
        conv_transpose2d: these filters do not make such outputs of such images
          filters  [4, 3, 3, 3]
          outputs  [1, 5, 6, 6]
          images   [1, 3, 8, 8]
          help: outputs are what `Wanted::Output` gives for images of this size"#]],
    );
    says(
        transposed(Wanted::Images([8, 9])).try_apply([&w, &outputs]),
        expect![[r#"
        conv_transpose2d: these filters do not make such outputs of such images
          filters  [4, 3, 3, 3]
          outputs  [1, 4, 6, 6]
          images   [1, 3, 8, 9]
          help: outputs are what `Wanted::Output` gives for images of this size"#]],
    );
    says(
        transposed(Wanted::Filters([3, 4])).try_apply([&x, &outputs]),
        expect![[r#"
        conv2d_filters: filters of this size do not make such outputs of such images
          images   [1, 3, 8, 8]
          outputs  [1, 4, 6, 6]
          filters  [4, 3, 3, 4]
          help: outputs are what `Wanted::Output` gives for filters of this size"#]],
    );
    says(
        convolution(Window::new().stride(0), 1).try_apply([&x, &w]),
        expect![[r#"
            conv2d: expected stride of at least 1, found 0
              help: 1 is what a convolution has that says nothing else"#]],
    );
    says(
        convolution(Window::new().padding(usize::MAX), 1).try_apply([&x, &w]),
        expect![[r#"
        conv2d: the filters do not fit into the input along axis 2
          input    [1, 3, 8, 8]  8 with padding 18446744073709551615
          filters  [4, 3, 3, 3]  3 with dilation 1
          help: give smaller filters, or more padding"#]],
    );
}

/// An image that its padding makes larger than memory is an error of the operator, whatever of it the filters meet.
#[test]
fn padding_beyond_memory_is_an_error_that_names_the_operator() {
    let [x, w] = [Tensor::<f32>::ones([1, 1, 2, 2]), Tensor::ones([1, 1, 1, 1])];
    let window = Window::<2>::new().stride(2_147_483_647).padding(1_073_741_823);
    let line = Window::<1>::new().padding(1 << 40);
    let [short, filter] = [Tensor::<f32>::ones([1, 1, 4]), Tensor::ones([1, 1, 1])];
    let calls: [(&str, &dyn Fn() -> Tensor<f32>); 3] = [
        ("conv2d", &|| x.conv2d(&w, window, 1)),
        ("conv_transpose2d", &|| x.conv_transpose2d(&w, window, [0, 0], 1)),
        ("conv1d", &|| short.conv1d(&filter, line, 1)),
    ];
    for (name, call) in calls {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
        let message = *panic.downcast::<String>().unwrap();
        assert!(message.starts_with(name) && message.contains("larger than any tensor may be"), "{message}");
    }
}
