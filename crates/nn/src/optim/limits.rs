//! What hyperparameters may be, looked at in one place for all optimizers.

use super::Optimizer;
use autograd::Scalar;
use std::any::type_name;
use std::ops::Bound::{self, Excluded, Included};
use std::ops::RangeBounds;

/// The numbers between two bounds.
type Limits = (Bound<f64>, Bound<f64>);

/// A part that is kept of what is remembered. Were it 1, nothing new would be learned, and to correct a mean of it means to divide by 0.
pub(super) const SHARE: Limits = (Included(0.0), Excluded(1.0));

/// What is finite and not negative.
pub(super) const FROM_0: Limits = (Included(0.0), Excluded(f64::INFINITY));

/// Panics if a hyperparameter that the optimizer shows is beyond its limits.
#[track_caller]
pub(super) fn must_be_allowed<T: Scalar, O: Optimizer<T> + ?Sized>(optimizer: &O) {
    let mut fault = None;
    optimizer.hyperparameters(&mut |field, value, limits| {
        if !limits.contains(&value) {
            fault.get_or_insert((field, value, limits));
        }
    });
    if let Some((field, value, limits)) = fault {
        let name = name_of(type_name::<O>());
        panic!(
            "{name}: expected {field} {}, found {value}\n  help: as `{name}::new` makes it, it has the usual value",
            words(limits)
        );
    }
}

/// The name of a type without its path and parameters.
fn name_of(path: &str) -> &str {
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

/// As `from 0 to below 1`.
fn words(limits: Limits) -> String {
    let least = match limits.0 {
        Included(x) => format!("from {x}"),
        Excluded(x) if x.is_finite() => format!("above {x}"),
        _ => String::new(),
    };
    match limits.1 {
        Included(x) if limits.0 == limits.1 => format!("of {x}"),
        Included(x) if least.is_empty() => format!("up to {x}"),
        Included(x) => format!("{least} to {x}"),
        Excluded(x) if x.is_finite() => format!("{least} to below {x}"),
        _ => format!("{least} on"),
    }
}
