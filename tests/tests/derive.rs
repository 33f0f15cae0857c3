//! `#[derive(Module)]`: which parameters it finds, under which paths; and what it says where it cannot.

use expect_test::{Expect, expect};
use std::marker::PhantomData;
use wengert::{Module, Param, Scalar, Tensor};

/// A stand-in for a layer.
#[derive(Module)]
struct Dense<T: Scalar = f32> {
    weight: Param<T>,
    bias: Option<Param<T>>,
}

/// The layer with this many elements in its weight.
fn dense<T: Scalar>(size: usize) -> Dense<T> {
    Dense { weight: Param::new(Tensor::zeros([size])), bias: None }
}

fn dense_with_bias<T: Scalar>(size: usize) -> Dense<T> {
    Dense { bias: Some(Param::new(Tensor::zeros([1]))), ..dense(size) }
}

/// Compares the paths and shapes of all parameters; `visit_mut` must show the same ones in the same order.
#[track_caller]
fn check<T: Scalar>(module: &mut impl Module<T>, expected: Expect) {
    let describe = |path: &str, param: &Param<T>| format!("{path}: {} {:?}\n", T::NAME, param.shape());
    let seen: Vec<String> = module.parameters().iter().map(|(path, param)| describe(path, param)).collect();
    let seen_mut: Vec<String> =
        module.parameters_mut().iter().map(|(path, param)| describe(path, param)).collect();
    assert_eq!(seen, seen_mut, "visit and visit_mut disagree");
    expected.assert_eq(&seen.concat());
}

#[test]
fn a_field_is_a_step_in_the_path() {
    #[derive(Module)]
    struct Block {
        norm: Param,
        dense: Dense,
    }
    #[derive(Module)]
    struct Net {
        head: Dense,
        block: Block,
        r#type: Param,
    }
    let block = Block { norm: Param::new(Tensor::zeros([2])), dense: dense_with_bias(3) };
    let mut net = Net { head: dense(1), block, r#type: Param::new(Tensor::zeros([4])) };
    check(
        &mut net,
        expect![[r#"
        head.weight: f32 [1]
        block.norm: f32 [2]
        block.dense.weight: f32 [3]
        block.dense.bias: f32 [1]
        type: f32 [4]
    "#]],
    );
}

#[test]
fn containers_number_their_modules() {
    #[derive(Module)]
    struct Net {
        list: Vec<Dense>,
        array: [Dense; 2],
        pair: (Dense, Vec<Dense>),
        boxed: Box<Dense>,
        dynamic: Vec<Box<dyn Module>>,
        slice: Box<[Dense]>,
        none: Option<Dense>,
        some: Option<Box<Dense>>,
        empty: Vec<Dense>,
    }
    let mut net = Net {
        list: vec![dense(1), dense_with_bias(2)],
        array: [dense(3), dense(4)],
        pair: (dense(5), vec![dense(6)]),
        boxed: Box::new(dense(7)),
        dynamic: vec![Box::new(dense(8)), Box::new(Param::new(Tensor::zeros([9])))],
        slice: Box::new([dense(10)]),
        none: None,
        some: Some(Box::new(dense(11))),
        empty: vec![],
    };
    check(
        &mut net,
        expect![[r#"
        list.0.weight: f32 [1]
        list.1.weight: f32 [2]
        list.1.bias: f32 [1]
        array.0.weight: f32 [3]
        array.1.weight: f32 [4]
        pair.0.weight: f32 [5]
        pair.1.0.weight: f32 [6]
        boxed.weight: f32 [7]
        dynamic.0.weight: f32 [8]
        dynamic.1: f32 [9]
        slice.0.weight: f32 [10]
        some.weight: f32 [11]
    "#]],
    );
}

/// A type without parameters of any kind fits into a network over any scalar.
#[derive(Module)]
enum Norm {
    Layer,
}

#[test]
fn plain_values_hold_no_parameters() {
    #[derive(Module)]
    struct Net<T: Scalar> {
        norm: Norm,
        rate: f64,
        heads: usize,
        causal: bool,
        name: String,
        kind: &'static str,
        sizes: Vec<usize>,
        range: (f32, f32),
        slope: T,
        weight: Param<T>,
        unit: (),
    }
    let mut net = Net {
        norm: Norm::Layer,
        rate: 0.1,
        heads: 2,
        causal: true,
        name: "net".to_string(),
        kind: "test",
        sizes: vec![1, 2],
        range: (0.0, 1.0),
        slope: 0.01_f64,
        weight: Param::new(Tensor::zeros([1])),
        unit: (),
    };
    check(
        &mut net,
        expect![[r#"
        weight: f64 [1]
    "#]],
    );
    let Net { rate, heads, causal, name, kind, sizes, range, slope, unit, .. } = net;
    assert_eq!((rate, heads, causal, name.as_str(), kind), (0.1, 2, true, "net", "test"));
    assert_eq!((sizes.len(), range, slope, unit), (2, (0.0, 1.0), 0.01, ()));
}

#[test]
fn tuple_structs_number_their_fields_and_newtypes_add_no_step() {
    #[derive(Module)]
    struct Unit;
    #[derive(Module)]
    struct Empty {}
    #[derive(Module)]
    struct Newtype(Dense);
    #[derive(Module)]
    struct Named(#[module(rename = "0")] Dense);
    #[derive(Module)]
    struct Pair(Dense, Newtype);
    #[derive(Module)]
    struct Net {
        unit: Unit,
        empty: Empty,
        newtype: Newtype,
        named: Named,
        pair: Pair,
    }
    let pair = Pair(dense(3), Newtype(dense(4)));
    let mut net =
        Net { unit: Unit, empty: Empty {}, newtype: Newtype(dense(1)), named: Named(dense(2)), pair };
    check(
        &mut net,
        expect![[r#"
        newtype.weight: f32 [1]
        named.0.weight: f32 [2]
        pair.0.weight: f32 [3]
        pair.1.weight: f32 [4]
    "#]],
    );
}

#[test]
fn an_enum_shows_the_fields_of_the_variant_that_is_present() {
    #[derive(Module)]
    enum Layer {
        Dense(Dense),
        Gated(Dense, Box<Dense>),
        Residual { inner: Box<Layer>, scale: Param },
        Relu,
    }
    let inner = Box::new(Layer::Dense(dense(4)));
    let mut layers = vec![
        Layer::Dense(dense_with_bias(1)),
        Layer::Relu,
        Layer::Gated(dense(2), Box::new(dense(3))),
        Layer::Residual { inner, scale: Param::new(Tensor::zeros([5])) },
    ];
    check(
        &mut layers,
        expect![[r#"
        0.weight: f32 [1]
        0.bias: f32 [1]
        2.0.weight: f32 [2]
        2.1.weight: f32 [3]
        3.inner.weight: f32 [4]
        3.scale: f32 [5]
    "#]],
    );

    #[derive(Module)]
    enum Never {}
    check::<f32>(&mut None::<Never>, expect![[""]]);
}

#[test]
fn the_scalar_is_the_parameter_bounded_by_scalar_or_the_attributes_or_f32() {
    #[derive(Module)]
    struct Bounded<F: Scalar> {
        dense: Dense<F>,
    }
    mod nothing_imported {
        #[derive(wengert::Module)]
        pub(super) struct Where<F>
        where
            F: wengert::Scalar,
        {
            pub(super) dense: super::Dense<F>,
        }
    }
    use nothing_imported::Where;
    #[derive(Module)]
    #[module(scalar = f64)]
    struct Fixed {
        dense: Dense<f64>,
        boxed: Box<dyn Module<f64>>,
    }
    #[derive(Module)]
    #[module(scalar = F)]
    struct Two<F: Scalar, G: Scalar> {
        dense: Dense<F>,
        rate: G,
    }
    #[derive(Module)]
    struct Default {
        dense: Dense,
    }
    // The scalar itself needs no bound but `Scalar`.
    fn check_bounded<F: Scalar>(net: &mut Bounded<F>, expected: Expect) {
        check(net, expected);
    }
    check_bounded(
        &mut Bounded { dense: dense::<f64>(1) },
        expect![[r#"
        dense.weight: f64 [1]
    "#]],
    );
    check(
        &mut Where { dense: dense::<f64>(2) },
        expect![[r#"
        dense.weight: f64 [2]
    "#]],
    );
    check(
        &mut Fixed { dense: dense(3), boxed: Box::new(dense::<f64>(4)) },
        expect![[r#"
        dense.weight: f64 [3]
        boxed.weight: f64 [4]
    "#]],
    );
    let mut two = Two { dense: dense::<f64>(5), rate: 0.1_f32 };
    check(
        &mut two,
        expect![[r#"
        dense.weight: f64 [5]
    "#]],
    );
    assert_eq!(two.rate, 0.1);
    check(
        &mut Default { dense: dense(6) },
        expect![[r#"
        dense.weight: f32 [6]
    "#]],
    );
}

#[test]
fn a_type_parameter_is_bounded_where_it_is_visited() {
    /// No module.
    struct Opaque;
    trait Family {
        type Head;
    }
    impl Family for Opaque {
        type Head = Dense;
    }

    #[derive(Module)]
    struct Residual<L> {
        inner: L,
    }
    #[derive(Module)]
    struct Each<A, B, C, T: Scalar> {
        tuple: (Vec<A>, Dense<T>),
        array: [B; 1],
        slice: Box<[C]>,
    }
    #[derive(Module)]
    struct Marked<'a, K: ?Sized, V, F: Family, const N: usize>
    where
        F::Head: Module,
    {
        heads: [Dense; N],
        head: F::Head,
        kind: PhantomData<K>,
        #[module(skip)]
        cache: Option<&'a V>,
    }
    check(
        &mut Residual { inner: Residual { inner: dense(1) } },
        expect![[r#"
        inner.inner.weight: f32 [1]
    "#]],
    );
    let slice: Box<[Dense<f64>]> = Box::new([dense(5)]);
    check(
        &mut Each { tuple: (vec![dense::<f64>(2)], dense(3)), array: [dense::<f64>(4)], slice },
        expect![[r#"
        tuple.0.0.weight: f64 [2]
        tuple.1.weight: f64 [3]
        array.0.weight: f64 [4]
        slice.0.weight: f64 [5]
    "#]],
    );
    let mut marked = Marked::<dyn Send + Sync, Opaque, Opaque, 2> {
        heads: [dense(6), dense(7)],
        head: dense(8),
        kind: PhantomData,
        cache: None,
    };
    check(
        &mut marked,
        expect![[r#"
        heads.0.weight: f32 [6]
        heads.1.weight: f32 [7]
        head.weight: f32 [8]
    "#]],
    );
    assert!(marked.cache.is_none());
}

#[test]
fn fields_are_skipped_and_renamed() {
    #[derive(Module)]
    struct Net {
        #[module(rename = "fc")]
        head: Dense,
        #[module(skip)]
        frozen: Dense,
        #[module(skip)]
        started: std::time::Instant,
        // A path that another field's name would give, were it not skipped.
        #[module(rename = "frozen")]
        other: Dense,
    }
    let mut net =
        Net { head: dense(1), frozen: dense(2), started: std::time::Instant::now(), other: dense(3) };
    check(
        &mut net,
        expect![[r#"
        fc.weight: f32 [1]
        frozen.weight: f32 [3]
    "#]],
    );
    assert_eq!((net.frozen.weight.size(), net.started.elapsed().is_zero()), (2, false));
}

#[test]
fn another_library_path_and_another_macro_may_name_things() {
    mod renamed {
        pub(crate) use wengert::__derive;
    }
    macro_rules! net {
        ($name:ident, $ty:ty, $($field:ident),*) => {
            #[derive(Module)]
            #[module(crate = renamed)]
            struct $name<L> { $($field: $ty),* }
        };
    }
    // Fields with the names of the generated code's own variables.
    net!(Net, Vec<L>, path, see, field_0);
    check(
        &mut Net { path: vec![dense(1)], see: vec![dense(2)], field_0: vec![dense(3)] },
        expect![[r#"
            path.0.weight: f32 [1]
            see.0.weight: f32 [2]
            field_0.0.weight: f32 [3]
        "#]],
    );
}

#[test]
fn parameters_are_changed_through_the_module() {
    let mut net = vec![dense_with_bias::<f32>(2), dense(1)];
    net.parameters_mut().into_iter().for_each(|(_, param)| param.update(|values| values.fill(3.0)));
    assert_eq!(net[0].bias.as_ref().map(|bias| bias.to_vec()), Some(vec![3.0]));
    assert_eq!(net[1].weight.to_vec(), [3.0]);
    assert_eq!(net.parameter_count(), 4);
}

#[test]
fn messages_point_at_the_field_and_name_the_cure() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
