//! `#[derive(Module)]`: walks the fields of a struct or enum, and gives every parameter its path.
//!
//! Read [`derive_module`] for what it does; `attributes` for what may be written in `#[module(...)]`; `expand` for
//! the code that it writes.

mod attributes;
mod expand;

use proc_macro::TokenStream;

/// Implements the trait `Module`: visits every field, in the order of declaration, under its path.
///
/// ```
/// use wengert::{Module, Param, Tensor};
///
/// #[derive(Module)]
/// struct Scale {
///     weight: Param,
///     power: i32, // a plain value holds no parameters
/// }
///
/// #[derive(Module)]
/// enum Block {
///     Plain(Scale),
///     Residual { inner: Scale, skip: Option<Scale> },
/// }
///
/// #[derive(Module)]
/// struct Net<L> {
///     blocks: Vec<Block>,
///     #[module(rename = "fc")]
///     head: L,
///     #[module(skip)]
///     started: std::time::Instant,
/// }
///
/// let scale = || Scale { weight: Param::new(Tensor::from([1.0, 2.0])), power: 2 };
/// let net = Net {
///     blocks: vec![Block::Plain(scale()), Block::Residual { inner: scale(), skip: None }],
///     head: scale(),
///     started: std::time::Instant::now(),
/// };
/// let paths: Vec<String> = net.parameters().into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["blocks.0.weight", "blocks.1.inner.weight", "fc.weight"]);
/// ```
///
/// # Paths
///
/// Each field adds one step to the path, joined by dots: its name (`r#type` is `type`), or its index in a tuple struct or
/// tuple variant. Two things add no step, so that a path says where a parameter is and not how its type is written:
/// - the name of an enum's variant: only the fields of the present variant are visited;
/// - the field of a *newtype*, that is of a tuple struct or tuple variant with exactly one field: `struct Net(Linear)` has
///   the paths of its `Linear`, and a `Vec<Block>` with `Block::Plain(Linear)` gives `0.weight`. `rename` adds the step.
///
/// # Fields
///
/// A field is a module, or `Vec`, `Option`, `Box`, an array or a tuple of modules, or a plain value (a number, a `bool`, a
/// string), which holds no parameters. A field of the scalar's own type, such as `slope: T`, is a plain value too.
///
/// # Attributes
///
/// | On the type | |
/// |---|---|
/// | `#[module(scalar = f64)]` | The type of the parameters' elements. Without it: the type parameter that is bounded by `Scalar`, as in `struct Net<T: Scalar>`; without one, `f32`, or any scalar if no field is visited, as in an `enum` of names. |
/// | `#[module(crate = nn)]` | Where the trait comes from, if not from the crate `wengert`: `nn`, or the name that `Cargo.toml` gives it. |
///
/// | On a field | |
/// |---|---|
/// | `#[module(skip)]` | Leaves the field out. Its type need not be a module. |
/// | `#[module(rename = "fc")]` | The step in the path, for instance PyTorch's name. |
///
/// # Bounds
///
/// `struct Residual<L> { inner: L }` is a module where `L` is one. Every type parameter but the scalar gets this bound if
/// it occurs in the type of a field that is not skipped; `PhantomData<L>` does not count. Any
/// other type parameter must be `Send + Sync`, as modules are.
#[proc_macro_derive(Module, attributes(module))]
pub fn derive_module(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::module(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
