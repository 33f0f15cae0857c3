//! The text of a header: JSON of a fixed form, read in one pass.

use super::super::{
    json,
    number::Number,
    scan::{Fault, Scanner, excerpt},
};
use super::{Entry, Header, METADATA, MOST_AXES};
use std::collections::BTreeMap;

/// A kind of numbers, by its name in the format, which tensors may hold or not.
#[derive(Debug)]
pub(in crate::files) struct Kind {
    pub(in crate::files) name: &'static str,
    pub(super) bytes: usize,
    pub(in crate::files) number: Option<Number>,
}

/// The kinds of the format whose numbers are whole bytes.
static KINDS: [Kind; 17] = [
    kind("F64", Number::F64),
    kind("F32", Number::F32),
    kind("F16", Number::F16),
    kind("BF16", Number::BF16),
    kind("I64", Number::Int { bytes: 8, signed: true }),
    kind("I32", Number::Int { bytes: 4, signed: true }),
    kind("I16", Number::Int { bytes: 2, signed: true }),
    kind("I8", Number::Int { bytes: 1, signed: true }),
    kind("U64", Number::Int { bytes: 8, signed: false }),
    kind("U32", Number::Int { bytes: 4, signed: false }),
    kind("U16", Number::Int { bytes: 2, signed: false }),
    kind("U8", Number::Int { bytes: 1, signed: false }),
    kind("BOOL", Number::Bool),
    Kind { name: "C64", bytes: 8, number: None },
    Kind { name: "F8_E4M3", bytes: 1, number: None },
    Kind { name: "F8_E5M2", bytes: 1, number: None },
    Kind { name: "F8_E8M0", bytes: 1, number: None },
];

const fn kind(name: &'static str, number: Number) -> Kind {
    Kind { name, bytes: number.bytes(), number: Some(number) }
}

pub(super) fn parse(text: &str) -> Result<Header, Fault> {
    let mut header = Header { entries: Vec::new(), metadata: BTreeMap::new(), end: 8 + text.len() as u64 };
    let mut scanner = Scanner::new(text, 8);
    if !text.starts_with('{') {
        return Err(scanner.expected("`{`"));
    }
    scanner.expect("{")?;
    let mut has_metadata = false;
    let mut more = !scanner.eat("}");
    while more {
        let at = scanner.offset();
        let name = json::read(&mut scanner)?;
        scanner.expect(":")?;
        if name == METADATA {
            if has_metadata {
                return Err(Fault::new(at, format!("`{METADATA}` is there twice")));
            }
            has_metadata = true;
            header.metadata = read_metadata(&mut scanner)?;
        } else {
            header.entries.push(read_entry(&mut scanner, name, at)?);
        }
        more = scanner.more("}")?;
    }
    scanner.end()?;
    Ok(header)
}

fn read_metadata(scanner: &mut Scanner<'_>) -> Result<BTreeMap<String, String>, Fault> {
    let mut texts = BTreeMap::new();
    scanner.expect("{")?;
    let mut more = !scanner.eat("}");
    while more {
        let at = scanner.offset();
        let key = json::read(scanner)?;
        scanner.expect(":")?;
        let text = json::read(scanner)?;
        if texts.contains_key(&key) {
            return Err(Fault::new(at, format!("the metadata have {:?} twice", excerpt(&key))));
        }
        texts.insert(key, text);
        more = scanner.more("}")?;
    }
    Ok(texts)
}

fn read_entry(scanner: &mut Scanner<'_>, name: String, at: u64) -> Result<Entry, Fault> {
    let (mut kind, mut shape, mut range) = (None, None, None);
    scanner.expect("{")?;
    let mut more = !scanner.eat("}");
    while more {
        let field = scanner.offset();
        let is_new = match scanner.quoted('"')? {
            "dtype" => {
                scanner.expect(":")?;
                kind.replace(read_kind(scanner)?).is_none()
            }
            "shape" => {
                scanner.expect(":")?;
                shape.replace(read_list(scanner, MOST_AXES, "axes")?).is_none()
            }
            "data_offsets" => {
                scanner.expect(":")?;
                let list = read_list(scanner, 2, "offsets")?;
                let pair = list
                    .try_into()
                    .map_err(|_| Fault::new(field, format!("{name:?} has not two offsets")))?;
                range.replace(pair).is_none()
            }
            other => {
                return Err(Fault::new(
                    field,
                    format!("{name:?} has a field {:?}, which the format has not", excerpt(other)),
                ));
            }
        };
        if !is_new {
            return Err(Fault::new(field, format!("{name:?} has this field twice")));
        }
        more = scanner.more("}")?;
    }
    let missing = |field| Fault::new(at, format!("{name:?} has no field \"{field}\""));
    let kind = kind.ok_or_else(|| missing("dtype"))?;
    let dims: Vec<u64> = shape.ok_or_else(|| missing("shape"))?;
    let range = range.ok_or_else(|| missing("data_offsets"))?;
    // A size that this machine cannot address is found to be too large with the others.
    let dims: Vec<usize> = dims.into_iter().map(|dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
    Ok(Entry { name, kind, shape: dims.into(), range, at })
}

fn read_kind(scanner: &mut Scanner<'_>) -> Result<&'static Kind, Fault> {
    let at = scanner.offset();
    let name = scanner.quoted('"')?;
    let kind = KINDS.iter().find(|kind| kind.name == name);
    kind.ok_or_else(|| Fault::new(at, format!("no kind of numbers is called {:?}", excerpt(name))))
}

fn read_list(scanner: &mut Scanner<'_>, most: usize, what: &str) -> Result<Vec<u64>, Fault> {
    let mut list = Vec::new();
    scanner.expect("[")?;
    let mut more = !scanner.eat("]");
    while more {
        if list.len() == most {
            return Err(scanner.expected(&format!("at most {most} {what}")));
        }
        list.push(scanner.integer()?);
        more = scanner.more("]")?;
    }
    Ok(list)
}
