//! Three operators that `wengert` does not have, each a file of at most forty lines with the public interface alone: a
//! special function, a step with a surrogate gradient, and two inputs whose gradients share work.
//!
//! Each is proved by one line, `check`, and works in forward mode and at any order like those that come with the engine.

mod cosine_similarity;
mod ln_gamma;
mod spike;

pub use cosine_similarity::CosineSimilarity;
pub use ln_gamma::LnGamma;
pub use spike::Spike;

#[cfg(test)]
mod tests {
    use wengert::Tensor;
    use wengert::autograd::{grad, hvp, jvp};

    /// Forward mode and the second order, against differences of the value and of the gradient.
    pub(crate) fn follows_its_differences(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>) {
        let v = Tensor::<f64>::arange(x.size()).reshape(x.shape()) * 0.3 - 0.4;
        let h = 1e-5;
        let (ahead, behind) = (x + &v * h, x - &v * h);
        near(&jvp(|[x]| f(x), [x], [&v]).1, &((f(&ahead) - f(&behind)) / (2.0 * h)));
        let number = |x: &Tensor<f64>| f(x).sin().sum();
        near(
            &hvp(|[x]| number(x), [x], [&v])[0],
            &((gradient(number, &ahead) - gradient(number, &behind)) / (2.0 * h)),
        );
    }

    pub(crate) fn gradient(f: impl Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>) -> Tensor<f64> {
        let x = x.detach().requires_grad();
        let [dx] = grad(&f(&x).sum(), [&x]);
        dx.detach()
    }

    #[track_caller]
    pub(crate) fn near(found: &Tensor<f64>, expected: &Tensor<f64>) {
        assert_eq!(found.shape(), expected.shape());
        for (a, b) in found.to_vec().into_iter().zip(expected.to_vec()) {
            assert!((a - b).abs() < 1e-8 * (1.0 + b.abs()), "{a:e} for {b:e}");
        }
    }

    #[test]
    fn an_operator_takes_at_most_forty_lines() {
        let files = [
            ("ln_gamma", include_str!("ln_gamma.rs")),
            ("spike", include_str!("spike.rs")),
            ("cosine_similarity", include_str!("cosine_similarity.rs")),
        ];
        for (name, text) in files {
            let operator = text.split("#[cfg(test)]").next().unwrap_or(text);
            let is_code = |line: &&str| !line.is_empty() && !line.trim_start().starts_with("//");
            let lines = operator.lines().filter(is_code).count();
            assert!(lines <= 40, "{name} takes {lines} lines");
        }
    }
}
