//! The message points at the field, and says what to do.
use wengert::{Module, Param};

struct Cache {
    hits: usize,
}

#[derive(Module)]
struct Net {
    weight: Param,
    caches: Vec<Cache>,
}

fn main() {}
