//! The header of a safetensors file (<https://github.com/huggingface/safetensors>, "Format").
//!
//! ```text
//! 3d 00 00 00 00 00 00 00    the length of the header, 64 bits, least significant byte first
//! {"w":{"dtype":"F32",       JSON: for each tensor its kind of numbers,
//!  "shape":[2,3],            its shape,
//!  "data_offsets":[0,24]},   and where its bytes begin and end, counted from the end of the header;
//!  "__metadata__":{..}}      and texts under texts
//! ...                        the numbers, the last axis fastest, the least significant byte first
//! ```
//!
//! The tensors' bytes follow each other without gap or overlap, to the end of the file. All of that is checked before any number
//! is read, so that each byte of a file has one meaning.

use super::error::{DAMAGED, FileError};
use super::source::Source;
use autograd::Shape;
use parse::{Kind, parse};
use std::collections::BTreeMap;

mod parse;
mod write;

pub(super) use write::write;

/// The longest header, as the format's own library has it.
pub(super) const LONGEST_HEADER: u64 = 100_000_000;

/// The most axes of a tensor in a file, as NumPy has it.
pub(super) const MOST_AXES: usize = 64;

/// What begins the file of another format, and what to do with it.
const OTHERS: [(&[u8], &str, &str); 3] = [
    (
        b"PK\x03\x04",
        "a zip archive, as `torch.save` writes them",
        "write it by `safetensors.torch.save_file`",
    ),
    (b"\x93NUMPY", "a NumPy file", "read it by `read_npy`"),
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file itself: `git lfs pull`"),
];

const METADATA: &str = "__metadata__";

/// A tensor as the header describes it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: &'static Kind,
    pub(super) shape: Shape,
    /// Where its bytes are, counted from the end of the header.
    range: [u64; 2],
    /// Where in the file the header names it.
    at: u64,
}

/// What a header says; it has been checked.
#[derive(Debug)]
pub(super) struct Header {
    /// In the order of their bytes.
    pub(super) entries: Vec<Entry>,
    pub(super) metadata: BTreeMap<String, String>,
    /// Where in the file the header ends.
    end: u64,
}

impl Header {
    pub(super) fn read(source: &mut Source<'_>) -> Result<Self, FileError> {
        let bytes = source.take(0, 8, "the header's length")?;
        let length = u64::from_le_bytes(bytes.try_into().expect("eight bytes were read"));
        let is_there = length <= source.length() - 8;
        if !is_there || length > LONGEST_HEADER {
            let begin = source.take(0, source.length().min(32), "its beginning")?;
            if let Some((_, what, cure)) = OTHERS.iter().find(|(magic, ..)| begin.starts_with(magic)) {
                return Err(source.malformed(0, format!("this is {what}"), cure));
            }
        }
        if is_there && length > LONGEST_HEADER {
            let reason =
                format!("the header has {length} bytes, more than the {LONGEST_HEADER} of the format");
            return Err(source.malformed(0, reason, DAMAGED));
        }
        let text = source.take(8, length, "header")?;
        let text = str::from_utf8(&text).map_err(|error| {
            source.malformed(8 + error.valid_up_to() as u64, "the header is not UTF-8", DAMAGED)
        })?;
        let mut header =
            parse(text).map_err(|fault| source.malformed(fault.offset, fault.reason, DAMAGED))?;
        header.check(source)?;
        Ok(header)
    }

    /// Checks that names differ, and that the tensors' bytes are as many as their shapes want, and all that there are.
    fn check(&mut self, source: &Source<'_>) -> Result<(), FileError> {
        let spoiled =
            |entry: &Entry, reason: String| source.malformed(entry.at, reason, DAMAGED).of_entry(&entry.name);
        let data = source.length() - self.end;
        for entry in &self.entries {
            let Entry { shape, kind, range: [begin, end], .. } = entry;
            let size = shape.try_size().ok().and_then(|size| (size as u64).checked_mul(kind.bytes as u64));
            let Some(size) = size else {
                return Err(spoiled(
                    entry,
                    format!("the shape {shape} has more elements than can be addressed"),
                ));
            };
            if end.checked_sub(*begin) != Some(size) {
                let reason = format!(
                    "its bytes are {begin} to {end}, but shape {shape} of {} takes {size}",
                    kind.name
                );
                return Err(spoiled(entry, reason));
            }
            if *end > data {
                let reason = format!("its bytes end at {end} of the data, which have {data}");
                let cure = "the file is cut short or damaged: fetch or write it again";
                return Err(source.malformed(entry.at, reason, cure).of_entry(&entry.name));
            }
        }
        self.entries.sort_unstable_by(|a, b| (&a.name, a.at).cmp(&(&b.name, b.at)));
        if let Some(pair) = self.entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(spoiled(
                &pair[1],
                format!("there is an entry of this name at byte {}, too", pair[0].at),
            ));
        }
        self.entries.sort_unstable_by(|a, b| (a.range, &a.name).cmp(&(b.range, &b.name)));
        let mut position = 0;
        let mut before: Option<&Entry> = None;
        for entry in &self.entries {
            let [begin, end] = entry.range;
            if begin != position {
                let reason = match before {
                    Some(Entry { name, .. }) if begin < position => {
                        format!(
                            "its bytes begin at {begin}, where those of {name:?}, which end at {position}, still go on"
                        )
                    }
                    _ => format!("there is a gap before it: no entry has the bytes {position} to {begin}"),
                };
                return Err(spoiled(entry, reason));
            }
            (position, before) = (end, Some(entry));
        }
        if position != data {
            let reason = format!("the file goes on after the last tensor, up to byte {}", source.length());
            return Err(source.malformed(self.end + position, reason, DAMAGED));
        }
        Ok(())
    }

    /// Where in the file the entry's bytes begin.
    pub(super) fn offset(&self, entry: &Entry) -> u64 {
        self.end + entry.range[0]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Archive;
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    /// A header with these entries, each with its kind, shape, begin and end.
    fn header(entries: &[(&str, &str, &str, u64, u64)]) -> String {
        let entry = |(name, kind, shape, begin, end): &(&str, &str, &str, u64, u64)| {
            format!(r#""{name}":{{"dtype":"{kind}","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
        };
        format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(","))
    }

    fn read(bytes: &[u8]) -> Result<Archive<f32>, FileError> {
        Archive::from_bytes(bytes)
    }

    #[test]
    fn headers_as_other_programs_write_them() {
        let text = concat!(
            " { \"b\" : {\"data_offsets\":[4,6] ,\"shape\":[ 1 , 2],\n\"dtype\":\"U8\"},\t",
            "\"__metadata__\":{\"x\":\"\\u00e9\"},\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]} }   "
        );
        let archive = read(&file(text.trim_start(), &[0, 0, 128, 63, 7, 8])).unwrap();
        let found: Vec<_> =
            archive.tensors.iter().map(|(name, x)| (&name[..], x.dims(), x.to_vec())).collect();
        assert_eq!(found, [("a", &[][..], vec![1.0]), ("b", &[1, 2], vec![7.0, 8.0])]);
        assert_eq!(archive.metadata["x"], "é");
        let nothing = read(&file("{}", &[])).unwrap();
        assert!(nothing.tensors.is_empty() && nothing.metadata.is_empty());
    }

    #[test]
    fn spoiled_files_are_errors_with_entry_place_and_reason() {
        let one = |kind, shape, begin, end| header(&[("w", kind, shape, begin, end)]);
        let two = |begin, end| header(&[("a", "F32", "[2]", 0, 8), ("b", "F32", "[1]", begin, end)]);
        let sound = file(&two(8, 12), &[0; 12]);
        read(&sound).unwrap();
        let long = |length: u64| [&length.to_le_bytes()[..], b"{}"].concat();
        let axes = format!("[{}1]", "1,".repeat(64));
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("no bytes", vec![]),
            ("cut in the header's length", sound[..7].to_vec()),
            ("cut in the header", sound[..40].to_vec()),
            ("cut in the data", sound[..sound.len() - 1].to_vec()),
            ("trailing bytes", [&sound[..], &[1, 2, 3]].concat()),
            ("a header of 2^60 bytes", long(1 << 60)),
            ("a header of 2^64 - 1 bytes", long(u64::MAX)),
            ("a checkpoint of torch.save", b"PK\x03\x04\0\0\x08\x08\0\0\0\0".to_vec()),
            ("a NumPy file", b"\x93NUMPY\x01\0v\0{'descr'".to_vec()),
            ("a pointer", b"version https://git-lfs.github.com/spec/v1\n".to_vec()),
            ("no JSON", file("hello", &[])),
            ("JSON of another form", file("[1]", &[])),
            ("white space before", file(" {}", &[])),
            ("more behind", file("{} {}", &[])),
            ("not closed", file(r#"{"w":{"dtype":"F32""#, &[])),
            ("a comma too many", file(&one("F32", "[1]", 0, 4).replace("}}", "}, }"), &[0; 4])),
            ("not UTF-8", [&long(5)[..8], b"{\"\xff\"}"].concat()),
            ("an entry that is a number", file(r#"{"w":3}"#, &[])),
            ("a negative size", file(&one("F32", "[-1]", 0, 4), &[0; 4])),
            ("a size that is no integer", file(&one("F32", "[1.0]", 0, 4), &[0; 4])),
            ("a size beyond 64 bits", file(&one("F32", "[18446744073709551616]", 0, 4), &[0; 4])),
            ("sizes that overflow", file(&one("F32", "[4294967296,4294967296,4]", 0, 4), &[0; 4])),
            ("sizes that overflow but for a zero", file(&one("F32", "[0,4294967296,4294967296]", 0, 0), &[])),
            ("bytes that overflow", file(&one("F64", "[1152921504606846975]", 0, 4), &[0; 4])),
            ("too many axes", file(&one("F32", &axes, 0, 4), &[0; 4])),
            ("no such kind", file(&one("F33", "[1]", 0, 4), &[0; 4])),
            ("a kind that no tensor holds", file(&one("F8_E4M3", "[4]", 0, 4), &[0; 4])),
            ("an integer that is rounded", file(&one("I32", "[2]", 0, 8), &[0, 0, 0, 0, 1, 0, 0, 1])),
            ("a number too large", file(&one("F64", "[1]", 0, 8), &1e39_f64.to_le_bytes())),
            ("a boolean of 2", file(&one("BOOL", "[2]", 0, 2), &[1, 2])),
            ("the wrong kind for the bytes", file(&one("F16", "[2]", 0, 8), &[0; 8])),
            ("end before begin", file(&one("F32", "[1]", 4, 0), &[0; 4])),
            ("a range beyond the file", file(&two(8, 12), &[0; 8])),
            ("a range at the end of all numbers", file(&one("U8", "[1]", u64::MAX - 1, u64::MAX), &[0])),
            ("overlapping ranges", file(&two(4, 8), &[0; 8])),
            ("a gap between", file(&two(12, 16), &[0; 16])),
            ("a gap before", file(&one("F32", "[1]", 4, 8), &[0; 8])),
            ("a name twice", file(&header(&[("a", "U8", "[1]", 0, 1), ("a", "U8", "[1]", 1, 2)]), &[0; 2])),
            ("a name twice, once escaped", {
                file(&header(&[("a", "U8", "[1]", 0, 1), ("\\u0061", "U8", "[1]", 1, 2)]), &[0; 2])
            }),
            ("metadata twice", file(r#"{"__metadata__":{},"__metadata__":{}}"#, &[])),
            ("a text twice", file(r#"{"__metadata__":{"a":"1","a":"2"}}"#, &[])),
            ("metadata that are no text", file(r#"{"__metadata__":{"a":1}}"#, &[])),
            ("a field twice", file(r#"{"w":{"dtype":"F32","dtype":"F64"}}"#, &[])),
            ("a field missing", file(r#"{"w":{"dtype":"F32","shape":[1]}}"#, &[0; 4])),
            ("a field unknown", file(r#"{"w":{"strides":[1]}}"#, &[0; 4])),
            ("one offset", file(r#"{"w":{"data_offsets":[1]}}"#, &[0; 4])),
            ("three offsets", file(r#"{"w":{"data_offsets":[1,2,3]}}"#, &[0; 4])),
        ];
        let errors =
            cases.iter().map(|(what, bytes)| format!("{what}\n    {}\n", read(bytes).expect_err(what)));
        expect![[r#"
            no bytes
                the bytes, byte 0: the file ends after 0 of the 8 bytes of the header's length; it is cut short or of another format: fetch or write it again
            cut in the header's length
                the bytes, byte 7: the file ends after 7 of the 8 bytes of the header's length; it is cut short or of another format: fetch or write it again
            cut in the header
                the bytes, byte 40: the file ends after 32 of the 108 bytes of header; it is cut short or of another format: fetch or write it again
            cut in the data
                the bytes, entry "b", byte 62: its bytes end at 12 of the data, which have 11; the file is cut short or damaged: fetch or write it again
            trailing bytes
                the bytes, byte 128: the file goes on after the last tensor, up to byte 131; the file is damaged: fetch or write it again
            a header of 2^60 bytes
                the bytes, byte 10: the file ends after 2 of the 1152921504606846976 bytes of header; it is cut short or of another format: fetch or write it again
            a header of 2^64 - 1 bytes
                the bytes, byte 10: the file ends after 2 of the 18446744073709551615 bytes of header; it is cut short or of another format: fetch or write it again
            a checkpoint of torch.save
                the bytes, byte 0: this is a zip archive, as `torch.save` writes them; write it by `safetensors.torch.save_file`
            a NumPy file
                the bytes, byte 0: this is a NumPy file; read it by `read_npy`
            a pointer
                the bytes, byte 0: this is a pointer of Git LFS; fetch the file itself: `git lfs pull`
            no JSON
                the bytes, byte 8: expected `{` in the header, found 'h'; the file is damaged: fetch or write it again
            JSON of another form
                the bytes, byte 8: expected `{` in the header, found '['; the file is damaged: fetch or write it again
            white space before
                the bytes, byte 8: expected `{` in the header, found ' '; the file is damaged: fetch or write it again
            more behind
                the bytes, byte 11: expected nothing more in the header, found '{'; the file is damaged: fetch or write it again
            not closed
                the bytes, byte 27: expected `,` or `}`, found the end of the header; the file is damaged: fetch or write it again
            a comma too many
                the bytes, byte 63: expected a text in quotation marks in the header, found '}'; the file is damaged: fetch or write it again
            not UTF-8
                the bytes, byte 10: the header is not UTF-8; the file is damaged: fetch or write it again
            an entry that is a number
                the bytes, byte 13: expected `{` in the header, found '3'; the file is damaged: fetch or write it again
            a negative size
                the bytes, byte 37: expected an integer from 0 on in the header, found '-'; the file is damaged: fetch or write it again
            a size that is no integer
                the bytes, byte 38: expected `,` or `]` in the header, found '.'; the file is damaged: fetch or write it again
            a size beyond 64 bits
                the bytes, byte 37: the integer 18446744073709551616 is too large; the file is damaged: fetch or write it again
            sizes that overflow
                the bytes, entry "w", byte 9: the shape [4294967296, 4294967296, 4] has more elements than can be addressed; the file is damaged: fetch or write it again
            sizes that overflow but for a zero
                the bytes, entry "w", byte 9: the shape [0, 4294967296, 4294967296] has more elements than can be addressed; the file is damaged: fetch or write it again
            bytes that overflow
                the bytes, entry "w", byte 9: its bytes are 0 to 4, but shape [1152921504606846975] of F64 takes 9223372036854775800; the file is damaged: fetch or write it again
            too many axes
                the bytes, byte 165: expected at most 64 axes in the header, found '1'; the file is damaged: fetch or write it again
            no such kind
                the bytes, byte 22: no kind of numbers is called "F33"; the file is damaged: fetch or write it again
            a kind that no tensor holds
                the bytes, entry "w", byte 66: its numbers are F8_E4M3, which no tensor holds; convert them to F16 or F32 where the file was written
            an integer that is rounded
                the bytes, entry "w", byte 66: 16777217 is no `f32`; read it as `f64` if that holds it, or convert it where it was written
            a number too large
                the bytes, entry "w", byte 62: 1e39 is no `f32`; read it as `f64` if that holds it, or convert it where it was written
            a boolean of 2
                the bytes, entry "w", byte 64: 2 is neither false nor true; the file is damaged: fetch or write it again
            the wrong kind for the bytes
                the bytes, entry "w", byte 9: its bytes are 0 to 8, but shape [2] of F16 takes 4; the file is damaged: fetch or write it again
            end before begin
                the bytes, entry "w", byte 9: its bytes are 4 to 0, but shape [1] of F32 takes 4; the file is damaged: fetch or write it again
            a range beyond the file
                the bytes, entry "b", byte 62: its bytes end at 12 of the data, which have 8; the file is cut short or damaged: fetch or write it again
            a range at the end of all numbers
                the bytes, entry "w", byte 9: its bytes end at 18446744073709551615 of the data, which have 1; the file is cut short or damaged: fetch or write it again
            overlapping ranges
                the bytes, entry "b", byte 62: its bytes begin at 4, where those of "a", which end at 8, still go on; the file is damaged: fetch or write it again
            a gap between
                the bytes, entry "b", byte 62: there is a gap before it: no entry has the bytes 8 to 12; the file is damaged: fetch or write it again
            a gap before
                the bytes, entry "w", byte 9: there is a gap before it: no entry has the bytes 0 to 4; the file is damaged: fetch or write it again
            a name twice
                the bytes, entry "a", byte 61: there is an entry of this name at byte 9, too; the file is damaged: fetch or write it again
            a name twice, once escaped
                the bytes, entry "a", byte 61: there is an entry of this name at byte 9, too; the file is damaged: fetch or write it again
            metadata twice
                the bytes, byte 27: `__metadata__` is there twice; the file is damaged: fetch or write it again
            a text twice
                the bytes, byte 33: the metadata have "a" twice; the file is damaged: fetch or write it again
            metadata that are no text
                the bytes, byte 29: expected a text in quotation marks in the header, found '1'; the file is damaged: fetch or write it again
            a field twice
                the bytes, byte 28: "w" has this field twice; the file is damaged: fetch or write it again
            a field missing
                the bytes, byte 9: "w" has no field "data_offsets"; the file is damaged: fetch or write it again
            a field unknown
                the bytes, byte 14: "w" has a field "strides", which the format has not; the file is damaged: fetch or write it again
            one offset
                the bytes, byte 14: "w" has not two offsets; the file is damaged: fetch or write it again
            three offsets
                the bytes, byte 34: expected at most 2 offsets in the header, found '3'; the file is damaged: fetch or write it again
        "#]].assert_eq(&errors.collect::<String>());
    }

    /// The length is refused before a header of it is read; the file is as long as it says.
    #[test]
    fn a_header_beyond_the_format_s_limit_is_refused() {
        let mut bytes = vec![b' '; LONGEST_HEADER as usize + 9];
        bytes[..8].copy_from_slice(&(LONGEST_HEADER + 1).to_le_bytes());
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error.contains("the header has 100000001 bytes, more than the 100000000"), "{error}");
    }

    /// Whatever becomes of a file, there is an answer; and no byte of the header is without meaning.
    #[test]
    fn every_flipped_bit_gives_other_tensors_or_an_error() {
        let bytes = file(&header(&[("a", "F32", "[1,2]", 0, 8), ("b", "I16", "[1]", 8, 10)]), &[1; 10]);
        let sound = format!("{:?}", read(&bytes).unwrap().tensors);
        for bit in 0..8 * bytes.len() {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found = read(&bytes).map_or_else(|e| e.to_string(), |found| format!("{:?}", found.tensors));
            assert_ne!(found, sound, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_tensors_or_an_error(bytes: Vec<u8>, framed: bool) {
            let bytes = if framed { [&(bytes.len() as u64).to_le_bytes()[..], &bytes].concat() } else { bytes };
            let _ = read(&bytes);
        }

        #[test]
        fn any_text_of_the_format_s_pieces_gives_tensors_or_an_error(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"", "\"w\"", "\"dtype\"", "\"F32\"", "\"shape\"", "\"data_offsets\"",
                "\"__metadata__\"", "0", "4", "18446744073709551615", "\\", "\\u00e9", " ", "é", "-", "null",
            ]), 0..40),
        ) {
            let text = format!("{{{}", pieces.concat());
            let _ = read(&file(&text, &[0; 4]));
        }

        #[test]
        fn ranges_are_accepted_if_they_are_one_after_the_other(
            ranges in prop::collection::vec((0..6_u64, 0..6_u64), 1..4),
            data in 0..8_usize,
        ) {
            let names = ["a", "b", "c"];
            let shapes: Vec<String> =
                ranges.iter().map(|(begin, end)| format!("[{}]", end.saturating_sub(*begin))).collect();
            let entries: Vec<_> = (0..ranges.len())
                .map(|i| (names[i], "U8", &shapes[i][..], ranges[i].0, ranges[i].1))
                .collect();
            let accepted = read(&file(&header(&entries), &vec![0; data])).is_ok();
            let covered = |byte: u64| ranges.iter().filter(|(begin, end)| (*begin..*end).contains(&byte)).count();
            let inside = |&(begin, end): &(u64, u64)| {
                begin <= end && end <= data as u64
            };
            let once = (0..data as u64).all(|byte| covered(byte) == 1);
            // What is empty may lie between others, but not in their midst.
            let split = ranges.iter().any(|(at, end)| at == end && ranges.iter().any(|(b, e)| b < at && at < e));
            prop_assert_eq!(accepted, ranges.iter().all(inside) && once && !split);
        }
    }
}
