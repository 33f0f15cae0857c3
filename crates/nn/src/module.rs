//! Modules: whatever holds parameters, and gives each of them a path.
//!
//! A path such as `layers.0.weight` is the one key of a parameter: of its entry in a checkpoint, of the optimizer's state
//! for it, of regularizers, summaries and messages. `#[derive(Module)]` makes it from the names of fields.

use crate::param::Param;
use crate::pattern::Pattern;
use autograd::Scalar;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

/// Something that holds parameters: a layer, a network, or a part of one.
///
/// Modules can be shared between threads: there is no lock and no shared mutability in them.
///
/// Derive it: every field is visited under its name. Fields may be modules, [`Param`]s, `Vec`, `Option`, `Box`, arrays and
/// tuples of modules, or plain values such as numbers, which hold no parameters; a field of any other type is left out
/// with `#[module(skip)]`.
///
/// ```
/// # extern crate nn as wengert;
/// use wengert::{Linear, Module, Rng};
///
/// #[derive(Module)]
/// struct Net {
///     hidden: Linear,
///     heads: Vec<Linear>,
///     rate: f64,
/// }
///
/// let mut rng = Rng::seed(0);
/// let net = Net { hidden: Linear::new(4, 3, &mut rng), heads: vec![Linear::new(3, 1, &mut rng)], rate: 0.1 };
/// let paths: Vec<String> = net.parameters().into_iter().map(|(path, _)| path).collect();
/// assert_eq!(paths, ["hidden.weight", "hidden.bias", "heads.0.weight", "heads.0.bias"]);
/// assert_eq!(net.parameter_count(), 4 * 3 + 3 + 3 + 1);
/// ```
///
/// By hand, for what the derive does not know, both visits show the same parameters under the same paths:
///
/// ```
/// use nn::{Linear, Module, Param, Path, Rng};
/// use std::collections::BTreeMap;
///
/// struct Heads(BTreeMap<String, Linear>);
///
/// impl Module for Heads {
///     fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param)) {
///         self.0.iter().for_each(|(name, head)| path.enter(&name[..], |path| head.visit(path, see)));
///     }
///     fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param)) {
///         self.0.iter_mut().for_each(|(name, head)| path.enter(&name[..], |path| head.visit_mut(path, see)));
///     }
/// }
///
/// let mut head = |name: &str| (name.to_owned(), Linear::new(2, 1, &mut Rng::seed(0)));
/// let mut heads = Heads(BTreeMap::from([head("age"), head("price")]));
/// for (path, param) in heads.parameters_mut() {
///     param.update(|x| x.fill(if path.ends_with("bias") { 0.0 } else { 0.5 }));
/// }
/// assert_eq!(heads.0["price"].weight.to_vec(), [0.5, 0.5]);
/// assert_eq!((heads.freeze("*"), heads.unfreeze("*.bias")), (4, 2));
/// assert_eq!(heads.parameter_count(), 2);
/// ```
#[doc(alias("nn.Module", "ModuleList"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module over `{T}`",
    label = "not a module over `{T}`",
    note = "derive it: `#[derive(Module)]`; or leave a field without parameters out: `#[module(skip)]`",
    note = "a tensor in a network is a `Param`: a weight by `Param::new`, what follows the batches by `Param::statistic`",
    note = "a network over f64 says so: `#[module(scalar = f64)]`"
)]
pub trait Module<T: Scalar = f32>: Send + Sync {
    /// Shows every parameter with its path, in the order of the fields.
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>));

    /// Shows every parameter with its path, to be changed, in the same order.
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>));

    /// All parameters with their paths.
    #[doc(alias("named_parameters", "state_dict"))]
    fn parameters(&self) -> Vec<(String, &Param<T>)> {
        let mut all = Vec::new();
        self.visit(&mut Path::default(), &mut |path, param| all.push((path.to_string(), param)));
        all
    }

    /// All parameters with their paths, to be changed.
    fn parameters_mut(&mut self) -> Vec<(String, &mut Param<T>)> {
        let mut all = Vec::new();
        self.visit_mut(&mut Path::default(), &mut |path, param| all.push((path.to_string(), param)));
        all
    }

    /// The number of trainable numbers: neither statistics nor what is frozen counts.
    #[doc(alias = "numel")]
    fn parameter_count(&self) -> usize {
        let mut count = 0;
        self.visit(&mut Path::default(), &mut |_, param| {
            count += if param.is_trained() { param.size() } else { 0 };
        });
        count
    }

    /// Freezes all weights and statistics whose path matches the [pattern](crate::Pattern): they become constants, of which graphs
    /// record nothing. Gives their number.
    ///
    /// ```
    /// use nn::{BatchNorm, Linear, Module, Rng};
    /// let mut net = (Linear::<f32>::new(4, 3, &mut Rng::seed(0)), BatchNorm::new(3));
    /// assert_eq!(net.freeze("1.*"), 4); // weight, bias, running mean and running variance
    /// assert_eq!(net.parameter_count(), 4 * 3 + 3);
    /// ```
    ///
    /// # Panics
    /// If no parameter matches.
    #[doc(alias = "requires_grad_")]
    #[track_caller]
    fn freeze(&mut self, pattern: &str) -> usize {
        Pattern::new(pattern).visit_mut("freeze", self, &mut Param::freeze)
    }

    /// Lets what matches the pattern learn again. Gives its number.
    ///
    /// # Panics
    /// If no parameter matches.
    #[track_caller]
    fn unfreeze(&mut self, pattern: &str) -> usize {
        Pattern::new(pattern).visit_mut("unfreeze", self, &mut Param::unfreeze)
    }
}

/// Lets all parameters know their paths, so that what goes wrong in a layer can be told by its name.
pub(crate) fn name_all<T: Scalar>(module: &mut dyn Module<T>) {
    module.visit_mut(&mut Path::default(), &mut |path, param| param.set_path(path));
}

/// Panics if two parameters have one path: what is remembered of them would be the same.
#[track_caller]
pub(crate) fn must_have_own_paths<T: Scalar>(what: &str, module: &dyn Module<T>) {
    let mut paths = HashSet::new();
    let mut twice = None;
    module.visit(&mut Path::default(), &mut |path, _| {
        if !paths.insert(path.to_string()) {
            twice.get_or_insert_with(|| path.to_string());
        }
    });
    if let Some(path) = twice {
        panic!(
            "{what}: two parameters have the path `{path}`, under which only one can be remembered\n  help: give each a name of its own in \
             `visit` and `visit_mut`, `path.enter(name, ..)`, and show each once"
        );
    }
}

/// The path to a parameter: names of fields and indices, joined by dots.
///
/// By default the path to the module itself, which is empty.
///
/// ```
/// use nn::Path;
/// let mut path = Path::default();
/// path.enter("layers", |path| path.enter(1, |path| assert_eq!(path.as_str(), "layers.1")));
/// assert_eq!(path.as_str(), "");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

/// A step down a path: the name of a field, or an index.
///
/// ```
/// use nn::{Path, Step};
/// let mut path = Path::default();
/// path.enter(Step::Name("layers"), |path| path.enter(Step::Index(12), |path| assert_eq!(path.as_str(), "layers.12")));
/// assert!(matches!((Step::from("bias"), Step::from(3)), (Step::Name("bias"), Step::Index(3))));
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The name of a field.
    Name(&'a str),
    /// The place in a list.
    Index(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(name: &'a str) -> Self {
        Step::Name(name)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Step::Index(index)
    }
}

impl Path {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Runs `visit` one step further down.
    pub fn enter<'a>(&mut self, step: impl Into<Step<'a>>, visit: impl FnOnce(&mut Path)) {
        let length = self.0.len();
        if length > 0 {
            self.0.push('.');
        }
        match step.into() {
            Step::Name(name) => self.0.push_str(name),
            Step::Index(digit @ 0..10) => self.0.push(char::from(b'0' + digit as u8)),
            Step::Index(index) => self.0.push_str(&index.to_string()),
        }
        visit(self);
        self.0.truncate(length);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<T: Scalar> Module<T> for Param<T> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        see(path, self);
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        see(path, self);
    }
}

impl<T: Scalar, M: Module<T> + ?Sized> Module<T> for Box<M> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        (**self).visit(path, see);
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        (**self).visit_mut(path, see);
    }
}

impl<T: Scalar, M: Module<T>> Module<T> for Option<M> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        self.iter().for_each(|module| module.visit(path, see));
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        self.iter_mut().for_each(|module| module.visit_mut(path, see));
    }
}

impl<T: Scalar, M: Module<T>> Module<T> for [M] {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        self.iter().enumerate().for_each(|(i, module)| path.enter(i, |path| module.visit(path, see)));
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        self.iter_mut().enumerate().for_each(|(i, module)| path.enter(i, |path| module.visit_mut(path, see)));
    }
}

impl<T: Scalar, M: Module<T>> Module<T> for Vec<M> {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        self.as_slice().visit(path, see);
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        self.as_mut_slice().visit_mut(path, see);
    }
}

impl<T: Scalar, M: Module<T>, const N: usize> Module<T> for [M; N] {
    fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
        self.as_slice().visit(path, see);
    }
    fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
        self.as_mut_slice().visit_mut(path, see);
    }
}

macro_rules! tuple {
    ($($M:ident $i:tt),*) => {
        impl<T: Scalar, $($M: Module<T>),*> Module<T> for ($($M,)*) {
            fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<T>)) {
                $(path.enter(Step::Index($i), |path| self.$i.visit(path, see));)*
            }
            fn visit_mut<'a>(&'a mut self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a mut Param<T>)) {
                $(path.enter(Step::Index($i), |path| self.$i.visit_mut(path, see));)*
            }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Plain values hold no parameters.
macro_rules! plain {
    ($($V:ty),*) => {$(
        impl<T: Scalar> Module<T> for $V {
            fn visit<'a>(&'a self, _: &mut Path, _: &mut dyn FnMut(&Path, &'a Param<T>)) {}
            fn visit_mut<'a>(&'a mut self, _: &mut Path, _: &mut dyn FnMut(&Path, &'a mut Param<T>)) {}
        }
    )*};
}
plain!((), bool, char, u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64, String, &'static str);

impl<T: Scalar, V: ?Sized + Send + Sync> Module<T> for PhantomData<V> {
    fn visit<'a>(&'a self, _: &mut Path, _: &mut dyn FnMut(&Path, &'a Param<T>)) {}
    fn visit_mut<'a>(&'a mut self, _: &mut Path, _: &mut dyn FnMut(&Path, &'a mut Param<T>)) {}
}
