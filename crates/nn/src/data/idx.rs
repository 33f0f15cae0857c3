//! The IDX format, in which MNIST and its relatives are published (Y. LeCun, C. Cortes and C. J. C. Burges,
//! *The MNIST database of handwritten digits*, <http://yann.lecun.com/exdb/mnist/>).
//!
//! ```text
//! 00 00        two zero bytes
//! 08           the type of an element: 08 is an unsigned byte
//! 03           the rank: how many sizes follow
//! 00 00 ea 60  the sizes, 32 bits each, most significant byte first: here 60,000 images
//! 00 00 00 1c  of 28 rows
//! 00 00 00 1c  and 28 columns
//! ...          the elements, the last axis fastest
//! ```

use std::{io::Read, path::Path};

use super::{
    error::{DataError, DataErrorKind},
    gz::Source,
};

const UNSIGNED_BYTE: u8 = 0x08;

/// What an IDX file holds: an array of unsigned bytes.
///
/// ```
/// use nn::data::read_idx_from;
/// let idx = read_idx_from(&[0, 0, 8, 1, 0, 0, 0, 2, 5, 9][..], "labels")?;
/// assert_eq!((idx.shape, idx.data), (vec![2], vec![5, 9]));
/// # Ok::<(), nn::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// The size of each axis, `[60000, 28, 28]` for the images of MNIST; at least one axis, and no size is 0.
    pub shape: Vec<usize>,
    /// The elements, the last axis fastest; as many as the product of the sizes.
    pub data: Vec<u8>,
}

/// Reads an IDX file of unsigned bytes, compressed with gzip or not.
///
/// # Errors
///
/// If the file cannot be read, is not IDX, holds elements of another type, declares no axis, a size of 0 or more elements
/// than can be addressed, ends too early or goes on too long, or is compressed and inflates to more than
/// [`INFLATED_LIMIT`](super::INFLATED_LIMIT).
///
/// ```
/// # let path = std::env::temp_dir().join(format!("labels-idx1-ubyte-{}", std::process::id()));
/// std::fs::write(&path, [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]).unwrap(); // bytes along one axis: three of them
/// let labels = nn::data::read_idx(&path)?;
/// assert_eq!((labels.shape, labels.data), (vec![3], vec![7, 2, 1]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
pub fn read_idx(path: impl AsRef<Path>) -> Result<Idx, DataError> {
    read(Source::open(path.as_ref())?)
}

/// Reads IDX from anything that yields bytes; errors call it `name`.
///
/// # Errors
///
/// As [`read_idx`].
///
/// ```
/// use nn::data::{Idx, read_idx_from};
///
/// let bytes = [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30];
/// assert_eq!(read_idx_from(&bytes[..], "three bytes")?, Idx { shape: vec![1, 3], data: vec![10, 20, 30] });
/// # Ok::<(), nn::data::DataError>(())
/// ```
pub fn read_idx_from(reader: impl Read, name: &str) -> Result<Idx, DataError> {
    read(Source::new(reader, name)?)
}

fn read(mut source: Source<'_>) -> Result<Idx, DataError> {
    let shape = read_header(&mut source)?;
    let mut data = Vec::new();
    read_elements(&mut source, &shape, &mut data)?;
    Ok(Idx { shape, data })
}

fn read_header(source: &mut Source<'_>) -> Result<Vec<usize>, DataError> {
    let mut magic = Vec::new();
    source.read_exactly(4, "magic number", &mut magic)?;
    if magic[..2] != [0, 0] {
        let reason =
            format!("IDX begins with the bytes 00 00, this file with {:02x} {:02x}", magic[0], magic[1]);
        let cure = "check that the path names an IDX file, and not a web page saved in its place";
        return Err(source.malformed(0, reason, cure));
    }
    if magic[2] != UNSIGNED_BYTE {
        let reason = format!("the elements have type code 0x{:02x} ({})", magic[2], type_name(magic[2]));
        return Err(source.malformed(2, reason, "only 0x08, unsigned bytes, can be read"));
    }
    let rank = u64::from(magic[3]);
    if rank == 0 {
        let cure = "write it with at least one axis, that of the samples";
        return Err(source.malformed(3, "the header declares rank 0, no axis at all", cure));
    }

    let mut sizes = Vec::new();
    source.read_exactly(4 * rank, "sizes", &mut sizes)?;
    let size = |bytes: &[u8]| bytes.iter().fold(0, |size, &byte| size << 8 | usize::from(byte));
    let shape: Vec<usize> = sizes.chunks_exact(4).map(size).collect();
    if let Some(axis) = shape.iter().position(|&size| size == 0) {
        let reason = format!("the header declares size 0 for axis {axis}");
        return Err(source.malformed(
            4 + 4 * axis as u64,
            reason,
            "write the file again with at least one sample",
        ));
    }
    Ok(shape)
}

/// Reads the elements to the very end of the file, which is also where gzip keeps its checksum.
fn read_elements(source: &mut Source<'_>, shape: &[usize], data: &mut Vec<u8>) -> Result<(), DataError> {
    let cure = "the file is damaged: fetch or write it again";
    let Some(count) = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size)) else {
        let reason = format!("the sizes {shape:?} declare more elements than can be addressed");
        return Err(source.malformed(4, reason, cure));
    };
    let count = count as u64;
    if count > source.limit() - source.position() {
        return Err(source.error(DataErrorKind::TooLarge { limit: source.limit() }));
    }
    source.read_exactly(count, "data", data)?;
    if source.read_up_to(1, &mut Vec::new())? > 0 {
        let reason = format!("the file goes on after the {count} elements that the sizes {shape:?} declare");
        return Err(source.malformed(source.position() - 1, reason, cure));
    }
    Ok(())
}

/// What the type codes of the format stand for.
fn type_name(code: u8) -> &'static str {
    match code {
        UNSIGNED_BYTE => "unsigned bytes",
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{error::Place, testing::*},
        *,
    };
    use expect_test::expect;
    use proptest::prelude::*;

    /// An IDX file of unsigned bytes.
    fn idx(sizes: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, UNSIGNED_BYTE, sizes.len() as u8];
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(data);
        bytes
    }

    #[test]
    fn files_are_known_by_their_bytes_and_not_by_their_name() {
        let folder = Folder::new();
        let bytes = idx(&[2, 3], &[1, 2, 3, 4, 5, 6]);
        let expected = Idx { shape: vec![2, 3], data: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(read_idx(folder.write("plain.gz", &bytes)).unwrap(), expected);
        assert_eq!(read_idx(folder.write("compressed", &gzip(&bytes))).unwrap(), expected);
        // A gzip file may be several, one behind the other.
        let parts = [gzip(&bytes[..9]), gzip(&bytes[9..])].concat();
        assert_eq!(read_idx(folder.write("parts", &parts)).unwrap(), expected);
    }

    #[test]
    fn spoiled_files_are_errors_with_place_and_reason() {
        let good = idx(&[2, 2], &[1, 2, 3, 4]);
        let whole = gzip(&good);
        let cases: [(&str, &[u8]); 19] = [
            ("no bytes", b""),
            ("cut in the magic number", &good[..3]),
            ("a web page", b"<html>"),
            ("floats", &[0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0]),
            ("no such type", &[0, 0, 0x47, 1, 0, 0, 0, 1, 0]),
            ("rank 0", &[0, 0, 8, 0, 7]),
            ("cut in the sizes", &[0, 0, 8, 255, 0, 0, 0, 1]),
            ("a size of 0", &idx(&[3, 0, 28], &[])),
            ("sizes that overflow", &idx(&[u32::MAX; 3], &[1, 2])),
            ("sizes far beyond the file", &idx(&[1 << 31, 1 << 30], &[1, 2])),
            ("cut in the data", &good[..15]),
            ("trailing bytes", &idx(&[2, 2], &[1, 2, 3, 4, 5])),
            ("gzip of a cut file", &gzip(&good[..15])),
            ("gzip that declares 2 GiB", &gzip(&idx(&[1 << 30, 2], &[1, 2]))),
            ("gzip cut in its magic number", &whole[..2]),
            ("gzip cut at its end", &whole[..whole.len() - 3]),
            ("gzip with a wrong checksum", &flip(&whole, whole.len() - 8)),
            ("gzip with a wrong length", &flip(&whole, whole.len() - 1)),
            ("gzip and more", &[&whole[..], b"more"].concat()),
        ];
        let errors = cases
            .map(|(what, bytes)| format!("{what}\n    {}\n", read_idx_from(bytes, "bytes").expect_err(what)));
        expect![[r#"
            no bytes
                bytes, byte 0: the file ends after 0 of the 4 bytes of magic number; it is cut short: fetch or write it again
            cut in the magic number
                bytes, byte 3: the file ends after 3 of the 4 bytes of magic number; it is cut short: fetch or write it again
            a web page
                bytes, byte 0: IDX begins with the bytes 00 00, this file with 3c 68; check that the path names an IDX file, and not a web page saved in its place
            floats
                bytes, byte 2: the elements have type code 0x0d (32-bit floats); only 0x08, unsigned bytes, can be read
            no such type
                bytes, byte 2: the elements have type code 0x47 (unknown); only 0x08, unsigned bytes, can be read
            rank 0
                bytes, byte 3: the header declares rank 0, no axis at all; write it with at least one axis, that of the samples
            cut in the sizes
                bytes, byte 8: the file ends after 4 of the 1020 bytes of sizes; it is cut short: fetch or write it again
            a size of 0
                bytes, byte 8: the header declares size 0 for axis 1; write the file again with at least one sample
            sizes that overflow
                bytes, byte 4: the sizes [4294967295, 4294967295, 4294967295] declare more elements than can be addressed; the file is damaged: fetch or write it again
            sizes far beyond the file
                bytes, byte 14: the file ends after 2 of the 2305843009213693952 bytes of data; it is cut short: fetch or write it again
            cut in the data
                bytes, byte 15: the file ends after 3 of the 4 bytes of data; it is cut short: fetch or write it again
            trailing bytes
                bytes, byte 16: the file goes on after the 4 elements that the sizes [2, 2] declare; the file is damaged: fetch or write it again
            gzip of a cut file
                bytes, byte 15 after decompression: the file ends after 3 of the 4 bytes of data; it is cut short: fetch or write it again
            gzip that declares 2 GiB
                bytes, byte 12 after decompression: the file holds more than the 1073741824 bytes allowed; raise the limit of the reader, or decompress the file with gunzip, if you trust it
            gzip cut in its magic number
                bytes, byte 0 after decompression: the gzip data are cut short or damaged (unexpected end of file); fetch or compress the file again
            gzip cut at its end
                bytes, byte 16 after decompression: the gzip data are cut short or damaged (unexpected end of file); fetch or compress the file again
            gzip with a wrong checksum
                bytes, byte 16 after decompression: the gzip data are cut short or damaged (corrupt gzip stream does not have a matching checksum); fetch or compress the file again
            gzip with a wrong length
                bytes, byte 16 after decompression: the gzip data are cut short or damaged (corrupt gzip stream does not have a matching checksum); fetch or compress the file again
            gzip and more
                bytes, byte 16 after decompression: the gzip data are cut short or damaged (unexpected end of file); fetch or compress the file again
        "#]].assert_eq(&errors.concat());
    }

    #[test]
    fn what_is_not_a_file_is_an_error() {
        check_what_is_not_a_file(|path| read_idx(path).map(drop));
    }

    #[test]
    fn a_bomb_is_left_after_what_its_header_declares() {
        let bomb = bomb(&idx(&[5], b"12345"), b"0000");
        let mut counted = Counted::new(&bomb);
        let error = read_idx_from(&mut counted, "bytes").unwrap_err();
        assert_eq!(error.place(), Place::Byte { offset: 13, inflated: true }, "{error}");
        assert!(counted.pulled < 70_000, "{} of {} bytes were pulled", counted.pulled, bomb.len());
    }

    proptest! {
        #[test]
        fn any_bytes_hold_no_more_than_a_small_multiple(
            sizes in prop::collection::vec(any::<u32>().prop_map(|size| size >> (size % 32)), 0..4),
            tail: Vec<u8>,
            compressed: bool,
        ) {
            let bytes = idx(&sizes, &tail);
            let stored = if compressed { gzip(&bytes) } else { bytes.clone() };
            let mut source = Source::new(&stored[..], "bytes").unwrap();
            let mut data = Vec::new();
            if let Ok(shape) = read_header(&mut source) {
                let whole = read_elements(&mut source, &shape, &mut data).is_ok();
                prop_assert_eq!(whole, shape.iter().map(|&size| size as u128).product::<u128>() == tail.len() as u128);
            }
            prop_assert!(data.capacity() <= 2 * bytes.len() + 64, "{} for {}", data.capacity(), bytes.len());
        }

        #[test]
        fn any_bytes_give_an_array_or_an_error(bytes: Vec<u8>, gzip_magic: bool) {
            let bytes = if gzip_magic { [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &bytes].concat() } else { bytes };
            if let Ok(Idx { shape, data }) = read_idx_from(&bytes[..], "bytes") {
                prop_assert_eq!(shape.iter().product::<usize>(), data.len());
            }
        }
    }
}
