//! Names that make no path, or one path for two fields.
use wengert::{Module, Param};

#[derive(Module)]
struct Dot {
    #[module(rename = "layer.weight")]
    weight: Param,
}

#[derive(Module)]
struct Empty {
    #[module(rename = "")]
    weight: Param,
}

#[derive(Module)]
struct Renamed {
    weight: Param,
    #[module(rename = "weight")]
    other: Param,
}

#[derive(Module)]
enum Index {
    Fine(Param, #[module(rename = "a")] Param),
    Pair(#[module(rename = "1")] Param, Param),
}

fn main() {}
