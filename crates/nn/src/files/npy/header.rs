//! The header of a `.npy` file: a dictionary in Python, of which three fields are known.

use super::super::{
    error::{DAMAGED, FileError, FileErrorKind},
    header::MOST_AXES,
    number::Number,
    scan::{Fault, Scanner, excerpt},
    source::Source,
};
use super::MAGIC;
use autograd::Shape;

/// The longest header: NumPy's own has under 200 bytes, of which those of the sizes are most.
const LONGEST_HEADER: u64 = 1 << 16;

/// What the header says of the array. The bytes of all numbers can be counted.
pub(super) struct Form {
    pub(super) kind: Number,
    pub(super) big_endian: bool,
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
    /// Where in the file the numbers begin.
    pub(super) data: u64,
}

impl Form {
    pub(super) fn read(source: &mut Source<'_>) -> Result<Self, FileError> {
        let (text, start) = read_text(source)?;
        let text = str::from_utf8(&text).map_err(|error| {
            source.malformed(start + error.valid_up_to() as u64, "the header is not UTF-8", DAMAGED)
        })?;
        let form = parse(text, start).map_err(|unread| match unread {
            Unread::Spoiled(Fault { offset, reason }) => source.malformed(offset, reason, DAMAGED),
            Unread::Unsupported(offset, kind) => source.error(offset, kind),
        })?;
        let size = Shape::from(&form.shape[..]).try_size().ok();
        if size.and_then(|size| size.checked_mul(form.kind.bytes())).is_none() {
            let reason = format!("the sizes {:?} declare more elements than can be addressed", form.shape);
            return Err(source.malformed(start, reason, DAMAGED));
        }
        Ok(form)
    }
}

/// The text of the header, and the byte at which it begins.
fn read_text(source: &mut Source<'_>) -> Result<(Vec<u8>, u64), FileError> {
    let begin = source.take(0, 8, "magic number and version")?;
    if !begin.starts_with(MAGIC) {
        let cure = match begin.starts_with(b"PK\x03\x04") {
            true => "this is a zip archive: if it is an `.npz`, read it by `read_npz`",
            false => "check that the path names an `.npy` file, as `numpy.save` writes it",
        };
        return Err(source.malformed(0, r#"the file does not begin with "\x93NUMPY""#, cure));
    }
    let width = match [begin[6], begin[7]] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        [major, minor] => {
            let reason = format!("the format has version {major}.{minor}");
            return Err(source.malformed(
                6,
                reason,
                "only 1.0, 2.0 and 3.0 are known: save it anew by `numpy.save`",
            ));
        }
    };
    let length = source.take(8, width, "the header's length")?;
    let length = length.iter().rev().fold(0, |length, &byte| length << 8 | u64::from(byte));
    if length > LONGEST_HEADER {
        let reason = format!(
            "the header has {length} bytes, where {LONGEST_HEADER} are more than an array of numbers needs"
        );
        return Err(source.malformed(8, reason, DAMAGED));
    }
    Ok((source.take(8 + width, length, "header")?, 8 + width))
}

/// Why a header does not lead to a tensor.
enum Unread {
    Spoiled(Fault),
    Unsupported(u64, FileErrorKind),
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Unread::Spoiled(fault)
    }
}

fn parse(text: &str, start: u64) -> Result<Form, Unread> {
    let mut scanner = Scanner::new(text, start);
    let (mut kind, mut order, mut shape) = (None, None, None);
    scanner.expect("{")?;
    let mut more = !scanner.eat("}");
    while more {
        let field = scanner.offset();
        let is_new = match text_of(&mut scanner)? {
            "descr" => {
                scanner.expect(":")?;
                kind.replace(read_kind(&mut scanner)?).is_none()
            }
            "fortran_order" => {
                scanner.expect(":")?;
                let is_true = scanner.eat("True");
                if !is_true && !scanner.eat("False") {
                    return Err(scanner.expected("`True` or `False`").into());
                }
                order.replace(is_true).is_none()
            }
            "shape" => {
                scanner.expect(":")?;
                shape.replace(read_shape(&mut scanner)?).is_none()
            }
            other => {
                let reason = format!("the header has a field {:?}, which the format has not", excerpt(other));
                return Err(Fault::new(field, reason).into());
            }
        };
        if !is_new {
            return Err(Fault::new(field, "the header has this field twice").into());
        }
        // Python allows a comma behind the last.
        more = scanner.more("}")? && !scanner.eat("}");
    }
    scanner.end()?;
    let missing = |field| Fault::new(start, format!("the header has no field '{field}'"));
    let (kind, big_endian) = kind.ok_or_else(|| missing("descr"))?;
    let fortran_order = order.ok_or_else(|| missing("fortran_order"))?;
    let shape = shape.ok_or_else(|| missing("shape"))?;
    Ok(Form { kind, big_endian, fortran_order, shape, data: start + text.len() as u64 })
}

/// A text in marks of either kind.
fn text_of<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, Fault> {
    let mark = if scanner.is_next("\"") { '"' } else { '\'' };
    scanner.quoted(mark)
}

/// The kind of numbers, and whether their most significant byte comes first.
fn read_kind(scanner: &mut Scanner<'_>) -> Result<(Number, bool), Unread> {
    let at = scanner.offset();
    let unsupported = |what: &str| {
        let cure = "save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one";
        Err(Unread::Unsupported(at, FileErrorKind::unsupported(what, cure)))
    };
    if scanner.is_next("[") {
        return unsupported("the array holds records, not numbers");
    }
    let descr = text_of(scanner)?;
    let Some((order, kind)) = descr.split_at_checked(1).filter(|(order, _)| "<>|".contains(order)) else {
        return unsupported(&format!(
            "the elements have type {:?}, which does not say its byte order",
            excerpt(descr)
        ));
    };
    let int = |bytes, signed| Number::Int { bytes, signed };
    let number = match kind {
        "f8" => Number::F64,
        "f4" => Number::F32,
        "f2" => Number::F16,
        "i8" => int(8, true),
        "i4" => int(4, true),
        "i2" => int(2, true),
        "i1" => int(1, true),
        "u8" => int(8, false),
        "u4" => int(4, false),
        "u2" => int(2, false),
        "u1" => int(1, false),
        "b1" => Number::Bool,
        _ => {
            let what = match kind.chars().next() {
                Some('c') => "complex numbers",
                Some('O') => "Python's objects, which are code that reading would run",
                Some('S' | 'U' | 'a') => "texts",
                Some('M' | 'm') => "dates or times",
                Some('f') => "floats of a size of their own",
                _ => "no numbers that are known here",
            };
            return unsupported(&format!("the elements have type {:?}: {what}", excerpt(descr)));
        }
    };
    if order == "|" && number.bytes() > 1 {
        return unsupported(&format!("the elements have type {descr:?}, which does not say its byte order"));
    }
    Ok((number, order == ">"))
}

fn read_shape(scanner: &mut Scanner<'_>) -> Result<Vec<usize>, Fault> {
    let mut shape = Vec::new();
    scanner.expect("(")?;
    let mut more = !scanner.eat(")");
    while more {
        if shape.len() == MOST_AXES {
            return Err(scanner.expected(&format!("at most {MOST_AXES} axes")));
        }
        // A size that this machine cannot address is found to be too large with the others.
        shape.push(usize::try_from(scanner.integer()?).unwrap_or(usize::MAX));
        // Python 2 wrote `L` behind a long integer.
        scanner.eat("L");
        more = scanner.more(")")? && !scanner.eat(")");
    }
    Ok(shape)
}
