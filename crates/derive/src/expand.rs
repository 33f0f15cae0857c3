//! The code that the derive writes: a `match` on the value that visits each field under its path.
//!
//! ```text
//! impl<L> Module<f32> for Residual<L>
//! where
//!     L: Module<f32>,
//! {
//!     fn visit<'a>(&'a self, path: &mut Path, see: &mut dyn FnMut(&Path, &'a Param<f32>)) {
//!         match *self {
//!             Self { inner: ref field_0, .. } => {
//!                 path.enter("inner", |path| <L as Module<f32>>::visit(field_0, path, see));
//!             }
//!         }
//!     }
//!     // and `visit_mut` likewise, with `mut`
//! }
//! ```

use crate::attributes::{OnField, OnType, none_on_variant};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::collections::HashSet;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Fields, GenericArgument, Generics, Ident, Member, PathArguments, Result, Type,
    TypeParam, TypeParamBound, WherePredicate, parse_quote,
};

/// The implementation of `Module` for a struct or enum.
pub(crate) fn module(input: &DeriveInput) -> Result<TokenStream> {
    let OnType { scalar, library } = OnType::read(&input.attrs)?;
    let said = scalar.map_or_else(|| scalar_of(&input.generics), |scalar| Ok(Some(scalar)))?;
    let mut scalar = said.clone().unwrap_or_else(|| parse_quote!(f32));
    let library = library.unwrap_or_else(|| parse_quote!(::wengert));
    let derive = quote!(#library::__derive);
    let variants = variants(&input.data, &scalar)?;

    let mut generics = input.generics.clone();
    if said.is_none() && variants.iter().all(|variant| variant.fields.is_empty()) {
        // A plain value has a place in networks over any scalar.
        scalar = parse_quote!(AnyScalar);
        generics.params.push(parse_quote!(AnyScalar: #derive::Scalar));
    }
    let module = quote!(#derive::Module<#scalar>);
    for parameter in input.generics.type_params().map(|parameter| &parameter.ident) {
        let mut fields = variants.iter().flat_map(|variant| &variant.fields);
        if is_parameter(&scalar, parameter) {
            continue;
        }
        // A module can be shared between threads, and so must be what it holds.
        generics.make_where_clause().predicates.push(
            match fields.any(|field| mentions(field.ty, parameter)) {
                true => parse_quote!(#parameter: #module),
                false => parse_quote!(#parameter: ::core::marker::Send + ::core::marker::Sync),
            },
        );
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = input.generics.split_for_impl();

    let method = |visit: TokenStream, mutable: TokenStream| {
        let arms = variants.iter().map(|variant| variant.arm(&visit, &mutable, &module));
        quote! {
            fn #visit<'__module>(
                &'__module #mutable self,
                path: &mut #derive::Path,
                see: &mut dyn ::core::ops::FnMut(&#derive::Path, &'__module #mutable #derive::Param<#scalar>),
            ) {
                match *self { #(#arms)* }
            }
        }
    };
    let visit = method(quote!(visit), quote!());
    let visit_mut = method(quote!(visit_mut), quote!(mut));
    let name = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics #module for #name #type_generics #where_clause {
            #visit
            #visit_mut
        }
    })
}

/// The type of the parameters' elements, if a bound says it.
fn scalar_of(generics: &Generics) -> Result<Option<Type>> {
    let is_scalar = |bound: &TypeParamBound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|name| name.ident == "Scalar"),
        _ => false,
    };
    let mut scalars = generics.type_params().filter_map(|TypeParam { ident, bounds, .. }| {
        let clause = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let more_bounds = clause.filter_map(|predicate| match predicate {
            WherePredicate::Type(on) if is_parameter(&on.bounded_ty, ident) => Some(&on.bounds),
            _ => None,
        });
        more_bounds.chain([bounds]).flatten().any(is_scalar).then_some(ident)
    });
    match (scalars.next(), scalars.next()) {
        (None, _) => Ok(None),
        (Some(scalar), None) => Ok(Some(parse_quote!(#scalar))),
        (Some(first), Some(second)) => {
            let message = format!(
                "`{first}` and `{second}` are both bounded by `Scalar`: say which one the parameters hold, \
                 as in `#[module(scalar = {first})]`"
            );
            Err(Error::new(second.span(), message))
        }
    }
}

/// A struct or a variant, and its visited fields.
struct Variant<'a> {
    name: TokenStream,
    fields: Vec<Field<'a>>,
}

struct Field<'a> {
    member: Member,
    ty: &'a Type,
    /// What the field adds to the path; the field of a newtype adds nothing.
    step: String,
}

fn variants<'a>(data: &'a Data, scalar: &Type) -> Result<Vec<Variant<'a>>> {
    match data {
        Data::Struct(data) => {
            Ok(vec![Variant { name: quote!(Self), fields: visited(&data.fields, scalar)? }])
        }
        Data::Enum(data) => {
            let variant = |variant: &'a syn::Variant| {
                none_on_variant(&variant.attrs)?;
                let name = &variant.ident;
                Ok(Variant { name: quote!(Self::#name), fields: visited(&variant.fields, scalar)? })
            };
            data.variants.iter().map(variant).collect()
        }
        Data::Union(data) => {
            let message = "a union is no module: nothing tells which of its fields is present; use an enum";
            Err(Error::new(data.union_token.span, message))
        }
    }
}

/// The fields that may hold parameters: all but those that are skipped, and those that are one number.
fn visited<'a>(fields: &'a Fields, scalar: &Type) -> Result<Vec<Field<'a>>> {
    let newtype = matches!(fields, Fields::Unnamed(_)) && fields.len() == 1;
    let mut visited = Vec::new();
    let mut steps = HashSet::new();
    for (syn::Field { attrs, ty, .. }, member) in fields.iter().zip(fields.members()) {
        let OnField { skip, rename } = OnField::read(attrs)?;
        let (step, span) = match (rename, &member) {
            (Some(name), _) => (name.value(), name.span()),
            (None, Member::Named(name)) => (name.unraw().to_string(), name.span()),
            (None, Member::Unnamed(_)) if newtype => (String::new(), ty.span()),
            (None, Member::Unnamed(index)) => (index.index.to_string(), ty.span()),
        };
        if skip || quote!(#ty).to_string() == quote!(#scalar).to_string() {
            continue;
        }
        if !steps.insert(step.clone()) {
            return Err(Error::new(span, format!("another field has the path `{step}` already")));
        }
        visited.push(Field { member, ty, step });
    }
    Ok(visited)
}

impl Variant<'_> {
    /// The arm of the `match` that visits the fields of this variant.
    fn arm(&self, visit: &TokenStream, mutable: &TokenStream, module: &TokenStream) -> TokenStream {
        let Variant { name, fields } = self;
        let members = fields.iter().map(|field| &field.member);
        let bindings: Vec<Ident> = (0..fields.len()).map(|i| format_ident!("field_{i}")).collect();
        let calls = fields.iter().zip(&bindings).map(|(Field { ty, step, .. }, binding)| {
            // Named by the field's type, so that the compiler points there if that is no module.
            let call = quote!(<#ty as #module>::#visit(#binding, path, see));
            if step.is_empty() { call } else { quote!(path.enter(#step, |path| #call)) }
        });
        quote!(#name { #(#members: ref #mutable #bindings,)* .. } => { #(#calls;)* })
    }
}

/// Whether the type is this type parameter.
fn is_parameter(ty: &Type, parameter: &Ident) -> bool {
    matches!(ty, Type::Path(ty) if ty.path.is_ident(parameter))
}

/// Whether the type parameter occurs in the type, other than as the marker `PhantomData<L>`, which is a module for any `L`,
/// or as the owner of an associated type, `L::Head`.
fn mentions(ty: &Type, parameter: &Ident) -> bool {
    match ty {
        Type::Path(path) => {
            is_parameter(ty, parameter)
                || path.path.segments.iter().any(|segment| match &segment.arguments {
                    PathArguments::AngleBracketed(list) if segment.ident != "PhantomData" => {
                        let mut types = list.args.iter();
                        types.any(|ty| matches!(ty, GenericArgument::Type(ty) if mentions(ty, parameter)))
                    }
                    _ => false,
                })
        }
        Type::Tuple(tuple) => tuple.elems.iter().any(|ty| mentions(ty, parameter)),
        Type::Array(array) => mentions(&array.elem, parameter),
        Type::Slice(slice) => mentions(&slice.elem, parameter),
        Type::Group(group) => mentions(&group.elem, parameter), // `$layer:ty` in a `macro_rules!`
        _ => false,
    }
}
