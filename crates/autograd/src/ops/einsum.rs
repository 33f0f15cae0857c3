//! Einstein's sum: a product of any number of tensors, summed over some of the axes that their letters name.
//!
//! `"ij,jk->ik"` is `C_ik = Σ_j A_ij B_jk`: a letter that the result has not is summed over. An operand that has a letter twice
//! is read along the diagonal. Operands are contracted in pairs, each pair as one product of batches of matrices: letters of
//! the result that both have are the batch, those that only one has its rows or columns, and those that are summed the inner
//! axis. It is all composed of other operators, whose derivatives are its own.

mod order;

use crate::error::{OrPanic, ShapeError};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;
use order::{Letters, order};
use std::collections::BTreeMap;

/// Which letters name the axes of the operands and of the result.
struct Expression {
    operands: Vec<Vec<char>>,
    output: Vec<char>,
}

impl Expression {
    fn parse(text: &str) -> Result<Self, ShapeError> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (operands, output) = match text.split_once("->") {
            Some((operands, output)) => (operands, Some(output)),
            None => (&text[..], None),
        };
        let operands = operands.split(',').map(letters).collect::<Result<Vec<_>, _>>()?;
        let all = operands.concat();
        let times = |letter: char| all.iter().filter(|&&other| other == letter).count();
        let output = match output {
            Some(output) => letters(output)?,
            None => {
                let mut once: Vec<char> = all.iter().copied().filter(|&letter| times(letter) == 1).collect();
                once.sort_unstable();
                once
            }
        };
        for (i, &letter) in output.iter().enumerate() {
            if times(letter) == 0 {
                let error =
                    ShapeError::new(format!("the result's letter `{letter}` names an axis of no operand"));
                return Err(error.help("behind `->`, name axes of the operands"));
            }
            if output[..i].contains(&letter) {
                let error = ShapeError::new(format!("the result has the letter `{letter}` twice"));
                return Err(error.help("behind `->`, name each axis once"));
            }
        }
        Ok(Expression { operands, output })
    }

    /// The size of each letter. A size of 1 is stretched to the others.
    fn sizes(&self, shapes: &[&Shape]) -> Result<BTreeMap<char, usize>, ShapeError> {
        let (named, given) = (self.operands.len(), shapes.len());
        if named != given {
            let problem = format!("the subscripts name {named} operands, not {given}");
            return Err(ShapeError::new(problem).help("put a comma between the subscripts of two operands"));
        }
        // With the operand and axis that has it.
        let mut sizes: BTreeMap<char, (usize, usize, usize)> = BTreeMap::new();
        for (i, (letters, &shape)) in self.operands.iter().zip(shapes).enumerate() {
            if letters.len() != shape.rank() {
                let (axes, letters) = (letters.len(), String::from_iter(letters));
                let problem = format!("the subscripts `{letters}` of operand {i} name {axes} axes");
                let note = format!("rank {}", shape.rank());
                return Err(ShapeError::new(problem)
                    .operand(format!("operand {i}"), shape, note)
                    .help("give a letter for each axis of an operand"));
            }
            for (axis, (&letter, &size)) in letters.iter().zip(shape.dims()).enumerate() {
                let before = letters[..axis].iter().position(|&other| other == letter);
                let (known, j, at) = match before {
                    Some(at) => (shape[at], i, at),
                    None => *sizes.entry(letter).or_insert((size, i, axis)),
                };
                if known != size && (before.is_some() || known != 1 && size != 1) {
                    let note = |axis, size| format!("axis {axis} is {size}");
                    return Err(ShapeError::new(format!("the sizes of `{letter}` differ"))
                        .operand(format!("operand {j}"), shapes[j], note(at, known))
                        .operand(format!("operand {i}"), shape, note(axis, size))
                        .help(
                            "wherever an index stands, it has one size; only between operands may it be 1",
                        ));
                }
                if before.is_none() && known == 1 {
                    sizes.insert(letter, (size, i, axis));
                }
            }
        }
        Ok(sizes.into_iter().map(|(letter, (size, ..))| (letter, size)).collect())
    }
}

fn letters(text: &str) -> Result<Vec<char>, ShapeError> {
    match text.chars().find(|c| !c.is_ascii_alphabetic()) {
        None => Ok(text.chars().collect()),
        Some('.') => Err(ShapeError::new("an ellipsis is not understood").help("give every axis a letter")),
        Some(c) => Err(ShapeError::new(format!("`{c}` is no letter"))
            .help("write `ij,jk->ik`: a letter from a to z or A to Z for each axis")),
    }
}

/// A letter as a set.
fn bit(letter: char) -> Letters {
    1 << (letter as u32 - 'A' as u32)
}

fn set(letters: &[char]) -> Letters {
    letters.iter().fold(0, |set, &letter| set | bit(letter))
}

/// A tensor with letters for its axes, each once.
struct Term<T: Scalar> {
    tensor: Tensor<T>,
    letters: Vec<char>,
}

impl<T: Scalar> Term<T> {
    /// An operand: read along its diagonals, and without the axes of size 1 that others stretch.
    #[track_caller]
    fn new(tensor: &Tensor<T>, letters: &[char], sizes: &BTreeMap<char, usize>) -> Self {
        let (mut tensor, mut letters) = (tensor.clone(), letters.to_vec());
        let twice = |letters: &[char]| {
            (1..letters.len()).find_map(|b| Some((letters[..b].iter().position(|&a| a == letters[b])?, b)))
        };
        while let Some((a, b)) = twice(&letters) {
            tensor = tensor.diagonal(0, [a as isize, b as isize]);
            let letter = letters.remove(b);
            letters.remove(a);
            letters.push(letter);
        }
        for axis in (0..letters.len()).rev() {
            if tensor.dims()[axis] == 1 && sizes[&letters[axis]] != 1 {
                tensor = tensor.squeeze(axis as isize);
                letters.remove(axis);
            }
        }
        Term { tensor, letters }
    }

    /// Summed over all letters but those that are needed.
    #[track_caller]
    fn sum_to(self, needed: Letters) -> Self {
        let is_needed = |axis: usize| bit(self.letters[axis]) & needed != 0;
        let axes: Vec<isize> =
            (0..self.letters.len()).filter(|&a| !is_needed(a)).map(|a| a as isize).collect();
        if axes.is_empty() {
            return self;
        }
        let tensor = self.tensor.sum_axes(&axes[..]);
        Term { tensor, letters: only(&self.letters, needed) }
    }

    /// The tensor with its axes in the order of these letters, which are all that it has.
    #[track_caller]
    fn ordered(&self, letters: &[char]) -> Tensor<T> {
        if letters == self.letters {
            return self.tensor.clone();
        }
        let order: Vec<usize> = letters.iter().map(|&letter| place(&self.letters, letter)).collect();
        self.tensor.permute(&order)
    }

    /// A batch of matrices, whose two axes have several letters each.
    #[track_caller]
    fn matrices(&self, batch: &[char], rows: &[char], columns: &[char]) -> Tensor<T> {
        let tensor = self.ordered(&[batch, rows, columns].concat());
        let (batch, matrix) = tensor.shape().split_at(batch.len());
        let (rows, columns) = matrix.split_at(rows.len());
        tensor.reshape(batch.join(&[rows.size(), columns.size()]))
    }

    /// The tensor with an axis for each of these letters, of size 1 where it has not the letter.
    #[track_caller]
    fn stretchable(&self, letters: &[char]) -> Tensor<T> {
        let own = set(&self.letters);
        let tensor = self.ordered(&only(letters, own));
        let mut dims = tensor.dims().iter();
        let dim = |&letter: &char| if bit(letter) & own == 0 { Some(1) } else { dims.next().copied() };
        tensor.reshape(letters.iter().filter_map(dim).collect::<Shape>())
    }

    /// The product of two terms, summed over the letters that both have and nobody else needs.
    #[track_caller]
    fn times(&self, other: &Self, needed: Letters) -> Self {
        let (a, b) = (set(&self.letters), set(&other.letters));
        let [batch, summed, rows] =
            [a & b & needed, a & b & !needed, a & !b].map(|set| only(&self.letters, set));
        let columns = only(&other.letters, b & !a);
        if rows.is_empty() && columns.is_empty() && !batch.is_empty() || summed.is_empty() {
            // Many inner products, or none: as matrices they would be too small.
            let letters = [&self.letters[..], &columns].concat();
            let tensor = self.stretchable(&letters) * other.stretchable(&letters);
            return Term { tensor, letters }.sum_to(needed);
        }
        let left = self.matrices(&batch, &rows, &summed);
        let right = other.matrices(&batch, &summed, &columns);
        let size = |term: &Self, letter| term.tensor.dims()[place(&term.letters, letter)];
        let dims = batch.iter().chain(&rows).map(|&letter| size(self, letter));
        let shape: Shape = dims.chain(columns.iter().map(|&letter| size(other, letter))).collect();
        Term { tensor: left.matmul(&right).reshape(shape), letters: [batch, rows, columns].concat() }
    }
}

/// Einstein's sum.
impl<T: Scalar> Tensor<T> {
    /// Einstein's sum: the product of tensors whose axes are named by letters, summed over the letters that the result has
    /// not. Without `->`, the result has the letters that stand once, in alphabetical order. An operand with a letter twice is
    /// read along the diagonal; axes of size 1 broadcast. The expressions are those of NumPy, without the ellipsis.
    ///
    /// Several operands are contracted in pairs, in the order that needs the fewest multiplications (beyond five operands, in
    /// one that is found step by step).
    ///
    /// ```
    /// use autograd::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let v = Tensor::from([10.0, 1.0]);
    /// assert_eq!(Tensor::einsum("ij,j->i", &[&a, &v]).to_vec(), [12.0, 34.0]);
    /// assert_eq!(Tensor::einsum("ii", &[&a]).item(), 5.0); // the trace
    /// assert_eq!(Tensor::einsum("i,ij,j", &[&v, &a, &v]).item(), 154.0);
    /// ```
    ///
    /// # Panics
    /// If the subscripts are malformed or do not fit the operands, with the message of [`try_einsum`](Self::try_einsum).
    #[track_caller]
    pub fn einsum(subscripts: &str, operands: &[&Self]) -> Self {
        Self::try_einsum(subscripts, operands).or_panic()
    }

    /// As [`einsum`](Self::einsum), for subscripts that come from outside.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let error = Tensor::try_einsum("ij->k", &[&Tensor::from([[1.0, 2.0]])]).unwrap_err();
    /// assert!(error.to_string().starts_with("einsum: the result's letter `k` names an axis of no operand"));
    /// ```
    ///
    /// # Errors
    /// If the subscripts are malformed, are those of another number of operands or axes, or give a letter two sizes.
    #[track_caller]
    pub fn try_einsum(subscripts: &str, operands: &[&Self]) -> Result<Self, ShapeError> {
        let expression = Expression::parse(subscripts).map_err(|e| e.of("einsum"))?;
        let shapes: Vec<&Shape> = operands.iter().map(|x| x.shape()).collect();
        let sizes = expression.sizes(&shapes).map_err(|e| e.of("einsum"))?;
        let output = set(&expression.output);

        let mut terms = Vec::with_capacity(operands.len());
        for (tensor, letters) in operands.iter().zip(&expression.operands) {
            terms.push(Term::new(tensor, letters, &sizes));
        }
        for _ in 0..terms.len() {
            let term = terms.remove(0);
            let needed = needed(&terms, output);
            terms.push(term.sum_to(needed));
        }
        let size = |letters: Letters| -> f64 {
            let sizes = sizes.iter().filter(|&(&letter, _)| bit(letter) & letters != 0);
            sizes.map(|(_, &size)| size as f64).product()
        };
        let sets: Vec<Letters> = terms.iter().map(|term| set(&term.letters)).collect();
        for [i, j] in order(&sets, output, &size) {
            let right = terms.remove(j);
            let left = terms.remove(i);
            let needed = needed(&terms, output);
            terms.push(left.times(&right, needed));
        }
        Ok(terms[0].ordered(&expression.output))
    }
}

/// The letters that the output or one of the terms has.
fn needed<T: Scalar>(terms: &[Term<T>], output: Letters) -> Letters {
    terms.iter().fold(output, |all, term| all | set(&term.letters))
}

/// Those of the letters that are in the set.
fn only(letters: &[char], chosen: Letters) -> Vec<char> {
    letters.iter().copied().filter(|&letter| bit(letter) & chosen != 0).collect()
}

/// The axis that a letter names.
fn place(letters: &[char], letter: char) -> usize {
    letters.iter().position(|&other| other == letter).expect("one of the letters")
}
