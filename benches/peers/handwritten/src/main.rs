//! The practical limit: training steps of an MLP with every loop and every product written out for the case, no graph, nothing
//! allocated. `handwritten CASES.json` times them, as `case.rs` tells; `handwritten peak` prints the most floating-point operations a
//! second that one core can do, measured.
//!
//! It is built for the processor at hand (`-C target-cpu=native`), so that its plain loops are vectorised.

#[path = "../../case.rs"]
mod case;
mod functions;
mod peak;

use case::Case;
use functions::{adam, bias_and, cross_entropy, descend, slope_times};
use gemm::Parallelism;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("peak") {
        println!("{}", peak::flops_per_second());
        return;
    }
    for case in Case::all() {
        let mut net = Net::new(&case);
        case.time("handwritten", || net.step());
    }
}

/// A matrix by rows, or its transpose.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    data: &'a [f32],
    strides: (isize, isize),
    dims: (usize, usize),
}

impl<'a> Matrix<'a> {
    fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns);
        Matrix { data, strides: (columns as isize, 1), dims: (rows, columns) }
    }

    fn t(self) -> Self {
        Matrix {
            data: self.data,
            strides: (self.strides.1, self.strides.0),
            dims: (self.dims.1, self.dims.0),
        }
    }
}

/// c = a b, where c has its rows one after the other.
fn product(c: &mut [f32], a: Matrix, b: Matrix) {
    let ((m, k), (inner, n)) = (a.dims, b.dims);
    assert!(inner == k && c.len() == m * n);
    // Below this, waking threads costs more than it brings.
    let threads = if m * n * k < 50_000 { 1 } else { case::threads() };
    let parallelism = if threads > 1 { Parallelism::Rayon(threads) } else { Parallelism::None };
    // SAFETY: `Matrix::new` and the assertion above hold lengths and strides against the sizes; c is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.data.as_ptr(),
            a.strides.1,
            a.strides.0,
            b.data.as_ptr(),
            b.strides.1,
            b.strides.0,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// A layer, its gradients, Adam's moments, and its output and the cotangent of that for a batch.
struct Layer {
    inputs: usize,
    outputs: usize,
    weight: Parameter,
    bias: Parameter,
    h: Vec<f32>,
    dh: Vec<f32>,
}

struct Parameter {
    value: Vec<f32>,
    gradient: Vec<f32>,
    m: Vec<f32>,
    v: Vec<f32>,
}

impl Parameter {
    fn new(value: Vec<f32>) -> Self {
        let zeros = vec![0.0; value.len()];
        Parameter { value, gradient: zeros.clone(), m: zeros.clone(), v: zeros }
    }

    fn update(&mut self, with_adam: bool, t: i32) {
        let Parameter { value, gradient, m, v } = self;
        if with_adam { adam(value, gradient, m, v, t) } else { descend(value, gradient) }
    }
}

struct Net<'a> {
    case: &'a Case,
    layers: Vec<Layer>,
    t: i32,
}

impl<'a> Net<'a> {
    fn new(case: &'a Case) -> Self {
        let layer = |(weight, size): (&Vec<f32>, &[usize])| Layer {
            inputs: size[0],
            outputs: size[1],
            weight: Parameter::new(weight.clone()),
            bias: Parameter::new(vec![0.0; size[1]]),
            h: vec![0.0; case.batch * size[1]],
            dh: vec![0.0; case.batch * size[1]],
        };
        Net { case, layers: case.weights.iter().zip(case.sizes.windows(2)).map(layer).collect(), t: 0 }
    }

    fn step(&mut self) -> f32 {
        let Net { case, layers, t } = self;
        let (batch, last) = (case.batch, layers.len() - 1);
        let activation = |i: usize| if i == last { "" } else { &case.activation };

        for i in 0..=last {
            let (before, rest) = layers.split_at_mut(i);
            let Layer { inputs, outputs, weight, bias, h, .. } = &mut rest[0];
            let x = before.last().map_or(&case.x, |layer| &layer.h);
            product(h, Matrix::new(x, batch, *inputs), Matrix::new(&weight.value, *outputs, *inputs).t());
            bias_and(activation(i), h, &bias.value);
        }
        let Layer { outputs, h, dh, .. } = &mut layers[last];
        let loss = cross_entropy(h, dh, &case.y, *outputs);

        *t += 1;
        for i in (0..=last).rev() {
            let (before, rest) = layers.split_at_mut(i);
            let Layer { inputs, outputs, weight, bias, h, dh } = &mut rest[0];
            slope_times(activation(i), dh, h, &mut bias.gradient);
            let x = before.last().map_or(&case.x, |layer| &layer.h);
            let dz = Matrix::new(dh, batch, *outputs);
            product(&mut weight.gradient, dz.t(), Matrix::new(x, batch, *inputs));
            if let Some(before) = before.last_mut() {
                product(&mut before.dh, dz, Matrix::new(&weight.value, *outputs, *inputs));
            }
            weight.update(case.adam, *t);
            bias.update(case.adam, *t);
        }
        loss
    }
}
