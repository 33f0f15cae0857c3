//! Writing a header, as the format's own library does.

use super::super::{error::FileErrorKind, json};
use super::{LONGEST_HEADER, METADATA, MOST_AXES};
use autograd::{Scalar, Tensor};
use std::{collections::BTreeMap, fmt::Write};

/// The header of a file with these tensors, in this order, its length before it.
pub(in crate::files) fn write<T: Scalar>(
    tensors: &[&(String, Tensor<T>)],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, FileErrorKind> {
    let unfit = |reason, cure| Err(FileErrorKind::unsupported(reason, cure));
    let mut text = String::from("{");
    let comma = |text: &mut String| text.push_str(if text.ends_with('{') { "" } else { "," });
    if !metadata.is_empty() {
        text.push_str("\"__metadata__\":{");
        for (key, value) in metadata {
            comma(&mut text);
            json::write(key, &mut text);
            text.push(':');
            json::write(value, &mut text);
        }
        text.push('}');
    }
    let (mut begin, mut last) = (0, None);
    for (name, tensor) in tensors {
        if name == METADATA || last == Some(name) {
            let cure = "give each tensor a name of its own";
            return unfit(format!("two entries would be called {name:?}"), cure);
        }
        if tensor.rank() > MOST_AXES {
            let reason = format!("{name:?} has {} axes, more than {MOST_AXES}", tensor.rank());
            return unfit(reason, "`reshape` it to fewer");
        }
        last = Some(name);
        comma(&mut text);
        json::write(name, &mut text);
        let dims: Vec<String> = tensor.dims().iter().map(usize::to_string).collect();
        let (kind, end) =
            (if size_of::<T>() == 4 { "F32" } else { "F64" }, begin + tensor.size() * size_of::<T>());
        write!(
            text,
            ":{{\"dtype\":\"{kind}\",\"shape\":[{}],\"data_offsets\":[{begin},{end}]}}",
            dims.join(",")
        )
        .expect("a text takes all");
        begin = end;
    }
    text.push('}');
    // Numbers then begin at a multiple of eight bytes.
    text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
    if text.len() as u64 > LONGEST_HEADER {
        let cure = "store texts of that size beside the file";
        return unfit(
            format!("names and metadata take {} bytes, more than {LONGEST_HEADER}", text.len()),
            cure,
        );
    }
    Ok([&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat())
}
