//! Threads change the time that a result takes, and nothing else.

use std::process::Command;
use wengert::prelude::*;
use wengert::with_threads;

/// Operators on tensors large enough to be shared, forward and backward.
#[test]
fn operators_have_the_same_bits_on_any_number_of_threads() {
    let run = |count: usize| -> Vec<u32> {
        with_threads(count, || {
            let mut rng = Rng::seed(1);
            let mut normal =
                |shape: [usize; 2]| Tensor::<f32>::normal(shape, 0.0, 1.0, &mut rng).requires_grad();
            let (x, w, b) =
                (normal([257, 311]), normal([203, 311]), normal([1, 203]).reshape([203]).detach());
            let (b, v) = (b.requires_grad(), normal([257, 203]));
            let h = x.linear_then(&w, Some(&b), wengert::ops::Tanh);
            let h = h.layer_norm(&Tensor::ones([203]), &Tensor::zeros([203]), 1e-5) * &v;
            let p = h.softmax(-1).matmul(&h.t()) + h.log_softmax(0).matmul(&w).sum_keepdims(1);
            let loss = p.sigmoid().mean_axes(0).sum() + (&x * &x).exp().ln().sum_axes(1).cos().sum();
            let value = loss.item();
            let grads = loss.backward();
            let all = [&x, &w, &b, &v].into_iter().flat_map(|x| grads[x].to_vec());
            all.chain([value]).map(f32::to_bits).collect()
        })
    };
    let expected = run(1);
    for count in [2, 3, 8, 2, 3, 8] {
        assert!(run(count) == expected, "another result on {count} threads");
    }
}

#[test]
fn training_has_the_same_bits_on_any_number_of_threads() {
    let run = |count: usize| -> Vec<u32> {
        with_threads(count, || {
            let mut rng = Rng::seed(2);
            let mut net = Mlp::new(&[64, 300, 200, 10], Activation::Tanh, &mut rng);
            let report = Trainer::new(Adam::new(1e-3)).loss(cross_entropy).epochs(2).batch(128).fit(
                &mut net,
                &digits(),
                &digits(),
            );
            let losses: Vec<f64> = report.unwrap().epochs.iter().map(|epoch| epoch.train_loss).collect();
            let weights = net.parameters().into_iter().flat_map(|(_, param)| param.to_vec());
            weights.chain(losses.iter().map(|&loss| loss as f32)).map(f32::to_bits).collect()
        })
    };
    let expected = run(1);
    for count in [2, 3, 8] {
        assert!(run(count) == expected, "another run on {count} threads");
    }
}

/// The threads of this process after much work, as the system counts them.
#[test]
#[ignore = "run by `with_one_thread_the_process_has_one`, in a process of its own"]
fn count_threads() {
    let x = Tensor::<f32>::ones([512, 512]);
    (0..20).for_each(|_| drop(x.matmul(&x)));
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("Threads:")).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn with_one_thread_the_process_has_one() {
    let count = |setting: &str| -> Result<usize, String> {
        let test = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "count_threads", "--nocapture", "--test-threads=1"])
            .env("WENGERT_THREADS", setting)
            .output()
            .unwrap();
        let text = String::from_utf8(test.stdout).unwrap();
        let line = text.lines().find_map(|line| line.split("Threads:").nth(1)).map(str::trim);
        line.and_then(|n| n.parse().ok()).ok_or_else(|| String::from_utf8(test.stderr).unwrap() + &text)
    };
    // The harness keeps a thread of its own beside the one that the test runs on.
    let harness = count("1").unwrap();
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(count("3").unwrap(), harness + cores.min(3) - 1);
    let error = count("many").unwrap_err();
    assert!(error.contains("WENGERT_THREADS=many: expected the number of threads, at least 1"), "{error}");
}
