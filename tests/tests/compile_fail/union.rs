//! A union does not know which field it holds.
use wengert::Module;

#[derive(Module)]
union Either {
    a: f32,
    b: u32,
}

fn main() {}
