//! The loops over single elements, plain enough for the compiler to vectorise.

/// eˣ within a few units in the last place: 2ⁿ eʳ with |r| <= ln 2 / 2 and the Taylor series of eʳ.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const ROUND: f32 = 1.5 * (1 << 23) as f32; // added and taken away, it leaves a whole number
    const LN_2_HIGH: f32 = 0.693_359_4; // few bits, so that n times it is exact
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = r.mul_add(sum, coefficient);
    }
    // n is within [-126, 127]: the exponent of an ordinary number.
    sum * f32::from_bits(((n as i32 + 127) << 23) as u32)
}

/// h = f(h + bias), row by row; nothing but the bias for the last layer, whose activation is "".
pub fn bias_and(activation: &str, h: &mut [f32], bias: &[f32]) {
    match activation {
        "sigmoid" => each(h, bias, |z| 1.0 / (1.0 + exp(-z))),
        "tanh" => each(h, bias, |z| 1.0 - 2.0 / (exp(2.0 * z) + 1.0)),
        "relu" => each(h, bias, |z| z.max(0.0)),
        _ => each(h, bias, |z| z),
    }
}

fn each(h: &mut [f32], bias: &[f32], f: impl Fn(f32) -> f32) {
    for row in h.chunks_exact_mut(bias.len()) {
        for (h, b) in row.iter_mut().zip(bias) {
            *h = f(*h + b);
        }
    }
}

/// dz = dh f'(z), by f's value h, in place; and the bias's gradient, the sum of its rows.
pub fn slope_times(activation: &str, dh: &mut [f32], h: &[f32], bias_gradient: &mut [f32]) {
    match activation {
        "sigmoid" => each_slope(dh, h, bias_gradient, |h| h * (1.0 - h)),
        "tanh" => each_slope(dh, h, bias_gradient, |h| 1.0 - h * h),
        "relu" => each_slope(dh, h, bias_gradient, |h| if h > 0.0 { 1.0 } else { 0.0 }),
        _ => each_slope(dh, h, bias_gradient, |_| 1.0),
    }
}

fn each_slope(dh: &mut [f32], h: &[f32], sums: &mut [f32], slope: impl Fn(f32) -> f32) {
    sums.fill(0.0);
    for (dh, h) in dh.chunks_exact_mut(sums.len()).zip(h.chunks_exact(sums.len())) {
        for ((dh, h), sum) in dh.iter_mut().zip(h).zip(&mut *sums) {
            *dh *= slope(*h);
            *sum += *dh;
        }
    }
}

/// The mean cross-entropy of the logits, and its gradient: (softmax - one-hot) / batch.
pub fn cross_entropy(logits: &[f32], gradient: &mut [f32], y: &[usize], classes: usize) -> f32 {
    let share = 1.0 / y.len() as f32;
    let mut loss = 0.0;
    for ((z, dz), &y) in logits.chunks_exact(classes).zip(gradient.chunks_exact_mut(classes)).zip(y) {
        let most = z.iter().fold(f32::NEG_INFINITY, |most, &z| most.max(z));
        dz.iter_mut().zip(z).for_each(|(dz, z)| *dz = exp(z - most));
        let sum: f32 = dz.iter().sum();
        loss += sum.ln() + most - z[y];
        dz.iter_mut().for_each(|dz| *dz *= share / sum);
        dz[y] -= share;
    }
    loss * share
}

pub fn descend(value: &mut [f32], gradient: &[f32]) {
    value.iter_mut().zip(gradient).for_each(|(value, gradient)| *value -= 0.01 * gradient);
}

/// D. P. Kingma and J. Ba, 2015, with a rate of 0.001; t counts from 1.
pub fn adam(value: &mut [f32], gradient: &[f32], m: &mut [f32], v: &mut [f32], t: i32) {
    let (rate, root) = (1e-3 / (1.0 - 0.9_f32.powi(t)), (1.0 - 0.999_f32.powi(t)).sqrt().recip());
    for (((value, g), m), v) in value.iter_mut().zip(gradient).zip(m).zip(v) {
        *m = 0.9 * *m + 0.1 * g;
        *v = 0.999 * *v + 0.001 * g * g;
        *value -= rate * *m / (v.sqrt() * root + 1e-8);
    }
}
