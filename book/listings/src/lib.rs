//! The programs of the book. Each listing is a program in `src/bin`; what it prints is kept in `out`, what it draws in `fig`,
//! and `tests/contract.rs` holds the pages to both. This library has what the programs need beside their subject.

pub mod singular;
pub mod svg;
