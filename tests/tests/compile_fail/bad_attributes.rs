//! Attributes that do not exist, or have the wrong value.
use wengert::{Module, Param, Scalar};

#[derive(Module)]
#[module(scaler = f64)]
struct Misspelt(Param);

#[derive(Module)]
#[module(skip)]
struct OfAField(Param);

#[derive(Module)]
struct OfAType(#[module(scalar = f64)] Param);

#[derive(Module)]
enum OnAVariant {
    #[module(skip)]
    Layer(Param),
}

#[derive(Module)]
#[module(scalar = "f64", crate = wengert)]
struct TypeInQuotes(Param);

#[derive(Module)]
#[module(crate = "wengert")]
struct PathInQuotes(Param);

#[derive(Module)]
struct NameWithoutQuotes(#[module(rename = fc)] Param);

#[derive(Module)]
struct NoName(#[module(rename)] Param);

#[derive(Module)]
struct Value(#[module(skip = true)] Param);

#[derive(Module)]
struct NoParentheses(#[module] Param);

#[derive(Module)]
struct Twice(
    #[module(rename = "a")]
    #[module(rename = "b")]
    Param,
);

#[derive(Module)]
struct Both(#[module(skip, rename = "a")] Param);

#[derive(Module)]
struct WhichScalar<T: Scalar, U: Scalar>(Param<T>, Param<U>);

fn main() {}
