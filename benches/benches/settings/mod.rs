//! How long the benches measure: a second each, so that all of them take some two minutes.

use criterion::Criterion;
use std::time::Duration;

/// Criterion with these settings, and what the command line asks for.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
        .configure_from_args()
}
