//! The order in which the operands of a long product are contracted: it may save nearly all of the work.
//!
//! A pair costs a multiplication for each index of either operand. Up to five operands, every order is tried; of more, first
//! the pair whose result is smallest beside its operands is contracted, of several the one that costs least, until five are left.

/// A set of letters, a bit for each.
pub(super) type Letters = u64;

/// The most operands of which every order is tried.
const EXHAUSTIVE: usize = 5;

/// Which pairs to contract, one after another: two operands are taken out, and their product is put behind the others.
/// `size` is the product of the sizes of some letters.
pub(super) fn order(operands: &[Letters], output: Letters, size: &dyn Fn(Letters) -> f64) -> Vec<[usize; 2]> {
    let mut operands = operands.to_vec();
    let mut order = Vec::new();
    while operands.len() > EXHAUSTIVE {
        let growth_and_cost = |&pair: &[usize; 2]| {
            let [a, b] = pair.map(|i| operands[i]);
            [size(product(&operands, pair, output)) - size(a) - size(b), size(a | b)]
        };
        let pair = pairs(operands.len()).min_by(|a, b| {
            let ([growth, cost], [other, its_cost]) = (growth_and_cost(a), growth_and_cost(b));
            growth.total_cmp(&other).then(cost.total_cmp(&its_cost))
        });
        let pair = pair.expect("there are more than five operands");
        operands = after(&operands, pair, output);
        order.push(pair);
    }
    order.extend(cheapest(&operands, output, size).1);
    order
}

/// The least cost, and the order that has it: the first of several.
fn cheapest(operands: &[Letters], output: Letters, size: &dyn Fn(Letters) -> f64) -> (f64, Vec<[usize; 2]>) {
    if operands.len() < 2 {
        return (0.0, Vec::new());
    }
    let costs = pairs(operands.len()).map(|pair| {
        let [a, b] = pair.map(|i| operands[i]);
        let (cost, rest) = cheapest(&after(operands, pair, output), output, size);
        (cost + size(a | b), [vec![pair], rest].concat())
    });
    costs.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there is a pair")
}

fn pairs(n: usize) -> impl Iterator<Item = [usize; 2]> {
    (1..n).flat_map(|j| (0..j).map(move |i| [i, j]))
}

/// The letters of the product of a pair: those that the output or another operand has, too.
fn product(operands: &[Letters], [i, j]: [usize; 2], output: Letters) -> Letters {
    let others = operands.iter().enumerate().filter(|&(other, _)| other != i && other != j);
    (operands[i] | operands[j]) & others.fold(output, |all, (_, letters)| all | letters)
}

/// The operands once a pair is contracted.
fn after(operands: &[Letters], pair: [usize; 2], output: Letters) -> Vec<Letters> {
    let others = operands.iter().enumerate().filter(|(i, _)| !pair.contains(i));
    others.map(|(_, &letters)| letters).chain([product(operands, pair, output)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The multiplications of a chain of matrices with sizes `d[i]` by `d[i + 1]`, contracted in the order found.
    fn cost_of_chain(d: &[f64]) -> f64 {
        let size = |letters: Letters| -> f64 {
            (0..d.len()).filter(|i| letters >> i & 1 == 1).map(|i| d[i]).product()
        };
        let mut operands: Vec<Letters> = (1..d.len()).map(|i| 0b11 << (i - 1)).collect();
        let output = 1 | 1 << (d.len() - 1);
        let mut cost = 0.0;
        for pair in order(&operands, output, &size) {
            cost += size(operands[pair[0]] | operands[pair[1]]);
            operands = after(&operands, pair, output);
        }
        assert_eq!(operands, [output]);
        cost
    }

    /// By the recurrence over intervals (T. Cormen et al., "Introduction to Algorithms", on chains of matrices).
    fn least_cost_of_chain(d: &[f64]) -> f64 {
        match d.len() {
            0..3 => 0.0,
            n => (1..n - 1)
                .map(|k| {
                    least_cost_of_chain(&d[..=k]) + least_cost_of_chain(&d[k..]) + d[0] * d[k] * d[n - 1]
                })
                .fold(f64::INFINITY, f64::min),
        }
    }

    #[test]
    fn chains_of_up_to_five_matrices_cost_the_least() {
        let mut rng = crate::rng::Rng::seed(5);
        for length in 2..=6 {
            for _ in 0..50 {
                let d: Vec<f64> = (0..length).map(|_| 1.0 + rng.below(30) as f64).collect();
                assert_eq!(cost_of_chain(&d), least_cost_of_chain(&d), "{d:?}");
            }
        }
    }

    /// From the right it is 9 products of a matrix and a vector; from the left, of matrices.
    #[test]
    fn a_long_chain_that_ends_in_a_vector_is_contracted_from_there() {
        let d: Vec<f64> = std::iter::repeat_n(50.0, 10).chain([1.0]).collect();
        assert_eq!(cost_of_chain(&d), least_cost_of_chain(&d));
    }
}
