//! What several tests share.

pub mod fuzz;
pub mod golden;
pub mod messages;
