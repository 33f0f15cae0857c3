//! What several examples share.

pub mod moons;
pub mod plot;
pub mod real;
