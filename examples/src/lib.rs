//! What several examples share.

pub mod plot;
