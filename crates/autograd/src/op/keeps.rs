//! What a gradient reads: all else is freed as soon as the program lets go of it.

use std::ops::BitOr;

/// Which values a gradient reads, and the graph therefore keeps: inputs, the output, or both. Joined by `|`.
///
/// ```
/// use autograd::Keeps;
/// let keeps = Keeps::x(1) | Keeps::y();
/// assert_eq!((keeps.has_x(0), keeps.has_x(1), keeps.has_y()), (false, true, true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeps {
    inputs: u64,
    output: bool,
}

impl Keeps {
    /// Nothing: the gradient follows from the cotangent and the shapes.
    pub const NONE: Keeps = Keeps { inputs: 0, output: false };
    /// Every input and the output.
    pub const ALL: Keeps = Keeps { inputs: u64::MAX, output: true };

    /// Input `i`, which must be below 64; an operator with more inputs keeps all or none.
    ///
    /// # Panics
    /// If `i` is 64 or more.
    pub const fn x(i: usize) -> Keeps {
        assert!(
            i < 64,
            "Keeps::x: inputs beyond 64 cannot be kept one by one\n  help: `Keeps::ALL` keeps all together"
        );
        Keeps { inputs: 1 << i, output: false }
    }

    /// The output.
    pub const fn y() -> Keeps {
        Keeps { inputs: 0, output: true }
    }

    /// Whether input `i` is among them.
    pub const fn has_x(self, i: usize) -> bool {
        if i < 64 { self.inputs >> i & 1 == 1 } else { self.inputs == u64::MAX }
    }

    /// Whether the output is among them.
    pub const fn has_y(self) -> bool {
        self.output
    }
}

impl BitOr for Keeps {
    type Output = Keeps;
    fn bitor(self, other: Keeps) -> Keeps {
        Keeps { inputs: self.inputs | other.inputs, output: self.output | other.output }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_join() {
        let keeps = Keeps::x(1) | Keeps::y();
        assert!(!keeps.has_x(0) && keeps.has_x(1) && !keeps.has_x(70) && keeps.has_y());
        assert!(Keeps::ALL.has_x(70) && !Keeps::NONE.has_x(0));
    }
}
