//! What may be written in `#[module(...)]`, and the errors for all else.

use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, LitStr, Path, Result, Token, Type};

/// `#[module(...)]` on a struct or enum.
#[derive(Default)]
pub(crate) struct OnType {
    pub(crate) scalar: Option<Type>,
    pub(crate) library: Option<Path>,
}

impl OnType {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = OnType::default();
        each_key(attributes, "a type takes `scalar = f64` and `crate = nn`", |key, meta| {
            match key {
                "scalar" => read.scalar = Some(value(meta, Parse::parse, "a type: `scalar = f64`")?),
                "crate" => read.library = Some(value(meta, Path::parse_mod_style, "a path: `crate = nn`")?),
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(read)
    }
}

/// `#[module(...)]` on a field.
#[derive(Default)]
pub(crate) struct OnField {
    pub(crate) skip: bool,
    pub(crate) rename: Option<LitStr>,
}

impl OnField {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = OnField::default();
        each_key(attributes, "a field takes `skip` or `rename = \"name\"`", |key, meta| {
            match key {
                "skip" if meta.input.is_empty() || meta.input.peek(Token![,]) => read.skip = true,
                "skip" => return Err(meta.input.error("`skip` takes no value")),
                "rename" => read.rename = Some(value(meta, Parse::parse, "a string: `rename = \"fc\"`")?),
                _ => return Ok(false),
            }
            if read.skip && read.rename.is_some() {
                return Err(meta.error("a field that is skipped has no path: drop `skip` or `rename`"));
            }
            Ok(true)
        })?;
        match &read.rename {
            Some(name) if name.value().is_empty() || name.value().contains('.') => Err(Error::new(
                name.span(),
                "a step of a path is not empty and has no dot: dots join the steps",
            )),
            _ => Ok(read),
        }
    }
}

/// The variants of an enum take no attribute, since their names are no part of a path.
pub(crate) fn none_on_variant(attributes: &[Attribute]) -> Result<()> {
    each_key(attributes, "a variant takes none, its fields do", |_, _| Ok(false))
}

/// Calls `read` with every key in the `#[module(...)]` of one type, variant or field; it answers whether it knows the key.
fn each_key(
    attributes: &[Attribute],
    takes: &str,
    mut read: impl FnMut(&str, &ParseNestedMeta) -> Result<bool>,
) -> Result<()> {
    let mut seen = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("module")) {
        attribute.parse_nested_meta(|meta| {
            let key = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
            if seen.contains(&key) {
                return Err(meta.error(format!("`{key}` is given twice")));
            }
            if !read(&key, &meta)? {
                return Err(meta.error(format!("no such key of `#[module(...)]` here: {takes}")));
            }
            seen.push(key);
            Ok(())
        })?;
    }
    Ok(())
}

/// The value in `key = value`.
fn value<V>(meta: &ParseNestedMeta, parse: fn(ParseStream) -> Result<V>, form: &str) -> Result<V> {
    meta.value().and_then(parse).map_err(|error| Error::new(error.span(), format!("expected {form}")))
}
