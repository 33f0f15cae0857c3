//! What may ail a layer, and what to do about it.

/// What ails a layer.
///
/// ```
/// use nn::{Param, Tensor, Trouble, diagnose};
/// let w = Param::new(Tensor::from([[20.0]]));
/// let x = Tensor::from([[1.0], [-1.0]]); // the sigmoid of 20 is nearly 1, that of -20 nearly 0
/// let (_, diagnosis) = diagnose(&w, || x.linear(&w, None).sigmoid().sum());
/// assert_eq!(diagnosis.rows[0].troubles, [Trouble::Saturated]);
/// assert!(Trouble::Saturated.advice().contains("smaller weights"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// A value or a gradient is NaN or infinite.
    NotFinite,
    /// Its gradient is less than a millionth of that of another layer.
    Vanishing,
    /// The root mean square of its gradient is above 1000.
    Exploding,
    /// More than half of its units are 0 for every sample.
    Dead,
    /// More than half of its values are at the ends of their range.
    Saturated,
}

impl Trouble {
    /// What it is, and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Trouble::NotFinite => {
                "gives, or gets, what is not finite; `trace_nan` tells where the first was born"
            }
            Trouble::Vanishing => {
                "gets next to no gradient: layers above let little through; try relu or gelu in place of sigmoid or tanh, \
                 normalisation (`LayerNorm`, `BatchNorm1d`), a way past the layers (`Residual`), or `Init::HeNormal`"
            }
            Trouble::Exploding => {
                "gets an enormous gradient; try `clip_norm`, a lower learning rate, normalisation, or smaller weights to begin with"
            }
            Trouble::Dead => {
                "has units that are 0 for every sample and learn nothing more; try a lower learning rate, `Init::HeNormal`, biases \
                 of 0, or a leaky relu"
            }
            Trouble::Saturated => {
                "has values at the end of their range, where the slope is 0; try smaller weights to begin with, inputs scaled \
                 to deviation 1 (`Scaler`), normalisation, or relu"
            }
        }
    }
}
