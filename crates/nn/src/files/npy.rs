//! NumPy's format for one array, `.npy` (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! ```text
//! 93 4e 55 4d 50 59    "\x93NUMPY"
//! 01 00                the version: 1.0, 2.0 or 3.0
//! 76 00                the length of the header, least significant byte first: 16 bits, from version 2 on 32
//! {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//!                      a dictionary in Python: byte order and kind, which axis is fastest, and the sizes
//! ...                  the numbers, the last axis fastest, or in Fortran's order the first
//! ```

use super::error::{FileError, FileErrorKind};
use super::header::MOST_AXES;
use super::number::encode;
use super::replace::replace;
use super::source::Source;
use autograd::{Scalar, Shape, Tensor};
use header::Form;
use std::{
    io::{self, Write},
    path::Path,
};

mod header;

const MAGIC: &[u8] = b"\x93NUMPY";

/// The boundary on which NumPy lets the numbers begin.
const ALIGNMENT: usize = 64;

/// How many characters NumPy leaves for the first size, so that a file can grow.
const GROWING_SIZE: usize = 21;

/// Reads a `.npy` file into a tensor.
///
/// Versions 1 to 3, in the byte order of any machine, in C's order and in Fortran's. `f2` and `f4` keep their values; `f8` is rounded
/// for a tensor of `f32`. Integers and truth values are read where the tensor holds them exactly, in `f32` up to 2^24, in `f64` up
/// to 2^53.
///
/// # Errors
/// If the file cannot be read; if it breaks the format or goes on after the array; if it holds a number that the tensor cannot, such
/// as a larger integer, or a finite `f8` beyond all `f32`; or if it holds complex numbers, texts, dates, records or Python's objects.
///
/// ```
/// use nn::files::{read_npy, write_npy};
/// use nn::Tensor;
/// # let path = std::env::temp_dir().join(format!("read-{}.npy", std::process::id()));
/// write_npy(&path, &Tensor::from([[0.1_f64, 0.2, 0.3]]))?;
/// let images: Tensor<f32> = read_npy(&path)?;
/// assert_eq!((images.dims(), images.to_vec()), (&[1, 3][..], vec![0.1, 0.2, 0.3])); // rounded to the nearest
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
#[doc(alias = "np.load")]
pub fn read_npy<T: Scalar>(path: impl AsRef<Path>) -> Result<Tensor<T>, FileError> {
    read(Source::open(path.as_ref())?)
}

/// As [`read_npy`], from bytes in memory.
///
/// ```
/// use nn::{Tensor, files::{npy_from_bytes, npy_to_bytes}};
/// let x = Tensor::from([[1.0_f32, 2.0]]);
/// assert_eq!(npy_from_bytes::<f32>(&npy_to_bytes(&x)?)?.to_vec(), [1.0, 2.0]);
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// As [`read_npy`].
pub fn npy_from_bytes<T: Scalar>(bytes: &[u8]) -> Result<Tensor<T>, FileError> {
    read(Source::of(bytes)?)
}

/// Writes a tensor as a `.npy` file of `<f4` or `<f8` in C's order, byte for byte as `numpy.save` does; whole or not at all.
///
/// ```
/// use nn::{Tensor, files::{read_npy, write_npy}};
/// let path = std::env::temp_dir().join(format!("written-{}.npy", std::process::id()));
/// write_npy(&path, &Tensor::from([1.0_f32, 2.0]))?;
/// assert_eq!(read_npy::<f32>(&path)?.to_vec(), [1.0, 2.0]);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// If the file cannot be written, or the tensor has over 64 axes.
#[doc(alias = "np.save")]
pub fn write_npy<T: Scalar>(path: impl AsRef<Path>, x: &Tensor<T>) -> Result<(), FileError> {
    let path = path.as_ref();
    let failed = |kind| FileError::new(&path.display().to_string(), None, kind);
    check_rank(x).map_err(failed)?;
    replace(path, |out| write(x, out)).map_err(|error| failed(FileErrorKind::Write(error)))
}

/// The bytes of such a file.
///
/// ```
/// use nn::{Tensor, files};
/// let x = Tensor::from([[1.0_f32, 2.0], [3.0, 4.0]]);
/// let bytes = files::npy_to_bytes(&x)?;
/// assert_eq!(files::npy_from_bytes::<f64>(&bytes)?.at([1, 0]), 3.0);
/// # Ok::<(), files::FileError>(())
/// ```
///
/// # Errors
/// If the tensor has over 64 axes.
pub fn npy_to_bytes<T: Scalar>(x: &Tensor<T>) -> Result<Vec<u8>, FileError> {
    let failed = |kind| FileError::new("the bytes", None, kind);
    let mut bytes = Vec::new();
    check_rank(x).map_err(failed)?;
    write(x, &mut bytes).map_err(|error| failed(FileErrorKind::Write(error)))?;
    Ok(bytes)
}

fn check_rank<T: Scalar>(x: &Tensor<T>) -> Result<(), FileErrorKind> {
    let reason = || format!("the tensor has {} axes, more than {MOST_AXES}", x.rank());
    match x.rank() > MOST_AXES {
        true => Err(FileErrorKind::unsupported(reason(), "`reshape` it to fewer")),
        false => Ok(()),
    }
}

fn write<T: Scalar>(x: &Tensor<T>, out: &mut dyn Write) -> io::Result<()> {
    let kind = if size_of::<T>() == 4 { "<f4" } else { "<f8" };
    let dims: Vec<String> = x.dims().iter().map(usize::to_string).collect();
    let shape = if let [only] = &dims[..] { format!("{only},") } else { dims.join(", ") };
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    let growth = dims.first().map_or(0, |first| GROWING_SIZE - first.len());
    let length = header.len() + growth;
    // As in NumPy, at least one space, and the end of the line.
    let before = MAGIC.len() + 4;
    let padded = (before + length + 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT - before;
    header.extend(std::iter::repeat_n(' ', padded - 1 - header.len()));
    header.push('\n');
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(padded as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    encode(x, out)
}

pub(super) fn read<T: Scalar>(mut source: Source<'_>) -> Result<Tensor<T>, FileError> {
    let Form { kind, big_endian, fortran_order, mut shape, data } = Form::read(&mut source)?;
    if fortran_order {
        shape.reverse();
    }
    let shape = Shape::from(shape);
    let (array, _) = source.array(data, &shape, kind, big_endian)?;
    let end = data + (shape.size() * kind.bytes()) as u64;
    if end < source.length() {
        let reason = format!("the file goes on after the array, up to byte {}", source.length());
        let cure = "if arrays were saved one behind the other, save each in a file of its own";
        return Err(source.malformed(end, reason, cure));
    }
    if !fortran_order {
        return Ok(Tensor::constant(array));
    }
    let turned: Vec<usize> = (0..shape.rank()).rev().collect();
    let in_c_order = array.permute(&turned).and_then(|array| array.contiguous());
    let no_memory =
        |_| source.error(data, FileErrorKind::Memory { bytes: (shape.size() * size_of::<T>()) as u64 });
    in_c_order.map(Tensor::constant).map_err(no_memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    fn file(version: [u8; 2], header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u32).to_le_bytes();
        let length = if version[0] == 1 { &length[..2] } else { &length[..] };
        [MAGIC, &version, length, header.as_bytes(), data].concat()
    }

    fn of(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        file([1, 0], &header, data)
    }

    fn read(bytes: &[u8]) -> Result<Tensor<f32>, FileError> {
        npy_from_bytes(bytes)
    }

    #[test]
    fn headers_as_other_programs_write_them() {
        for header in [
            "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }     \n",
            r#"{"shape":(2,3),"fortran_order":False,"descr":"<u1"}"#,
            "{ 'fortran_order' : False,\n'shape' : ( 2L , 3L , ) ,'descr' : '>u1' }",
        ] {
            for version in [[1, 0], [2, 0], [3, 0]] {
                let x = read(&file(version, header, &[1, 2, 3, 4, 5, 6])).unwrap();
                assert_eq!((x.dims(), x.to_vec()), (&[2, 3][..], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
            }
        }
    }

    #[test]
    fn spoiled_files_are_errors_with_place_and_reason() {
        let sound = of("'<f4'", "(2,)", &[0; 8]);
        read(&sound).unwrap();
        let header = |text| file([1, 0], text, &[0; 8]);
        let axes = format!("({})", "1,".repeat(65));
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("no bytes", vec![]),
            ("cut in the magic number", sound[..5].to_vec()),
            ("cut in the header's length", sound[..9].to_vec()),
            ("cut in the header", sound[..30].to_vec()),
            ("cut in the data", sound[..sound.len() - 3].to_vec()),
            ("trailing bytes", [&sound[..], &[1]].concat()),
            ("a web page", b"<html><body>".to_vec()),
            ("an npz", b"PK\x03\x04\0\0\0\0".to_vec()),
            ("version 4", file([4, 0], "{}", &[])),
            ("a header of 4 GiB", [MAGIC, &[2, 0], &[255; 4], b"{}"].concat()),
            ("no dictionary", header("hello")),
            ("not UTF-8", [MAGIC, &[1, 0, 2, 0], b"{\xff"].concat()),
            ("not closed", header("{'descr': '<f4'")),
            ("a text not closed", header("{'descr': '<f4")),
            ("more behind", header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} 7")),
            ("a field missing", header("{'descr': '<f4', 'shape': (2,)}")),
            ("a field twice", header("{'descr': '<f4', 'descr': '<f4'}")),
            ("a field unknown", header("{'strides': (4,)}")),
            ("neither true nor false", header("{'fortran_order': 0}")),
            ("a negative size", of("'<f4'", "(-2,)", &[0; 8])),
            ("a size that is a call", of("'<f4'", "(exit(),)", &[0; 8])),
            ("sizes that overflow", of("'<f4'", "(4294967296, 4294967296, 4)", &[0; 8])),
            ("sizes that overflow but for a zero", of("'<f4'", "(0, 4294967296, 4294967296)", &[])),
            ("sizes far beyond the file", of("'<f4'", "(1099511627776,)", &[0; 8])),
            ("a size beyond 64 bits", of("'<f4'", "(18446744073709551616,)", &[0; 8])),
            ("too many axes", of("'<f4'", &axes, &[0; 4])),
            ("objects", of("'|O'", "(1,)", &[0; 8])),
            ("records", of("[('x', '<f4')]", "(2,)", &[0; 8])),
            ("complex numbers", of("'<c8'", "(1,)", &[0; 8])),
            ("texts", of("'<U2'", "(1,)", &[0; 8])),
            ("dates", of("'<M8[ns]'", "(1,)", &[0; 8])),
            ("long doubles", of("'<f16'", "(1,)", &[0; 16])),
            ("no byte order", of("'|f4'", "(2,)", &[0; 8])),
            ("the order of some machine", of("'=f4'", "(2,)", &[0; 8])),
            ("no type", of("''", "(2,)", &[0; 8])),
            ("a type not in ASCII", of("'éé'", "(2,)", &[0; 8])),
            (
                "an integer that is rounded",
                of("'>i8'", "(2,)", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1]),
            ),
            ("a number too large", of("'<f8'", "(1,)", &(-1e39_f64).to_le_bytes())),
            ("a boolean of 2", of("'|b1'", "(2,)", &[1, 2])),
        ];
        let errors =
            cases.iter().map(|(what, bytes)| format!("{what}\n    {}\n", read(bytes).expect_err(what)));
        expect![[r#"
            no bytes
                the bytes, byte 0: the file ends after 0 of the 8 bytes of magic number and version; it is cut short or of another format: fetch or write it again
            cut in the magic number
                the bytes, byte 5: the file ends after 5 of the 8 bytes of magic number and version; it is cut short or of another format: fetch or write it again
            cut in the header's length
                the bytes, byte 9: the file ends after 1 of the 2 bytes of the header's length; it is cut short or of another format: fetch or write it again
            cut in the header
                the bytes, byte 30: the file ends after 20 of the 58 bytes of header; it is cut short or of another format: fetch or write it again
            cut in the data
                the bytes, byte 73: the file ends after 5 of the 8 bytes of data; it is cut short or of another format: fetch or write it again
            trailing bytes
                the bytes, byte 76: the file goes on after the array, up to byte 77; if arrays were saved one behind the other, save each in a file of its own
            a web page
                the bytes, byte 0: the file does not begin with "\x93NUMPY"; check that the path names an `.npy` file, as `numpy.save` writes it
            an npz
                the bytes, byte 0: the file does not begin with "\x93NUMPY"; this is a zip archive: if it is an `.npz`, read it by `read_npz`
            version 4
                the bytes, byte 6: the format has version 4.0; only 1.0, 2.0 and 3.0 are known: save it anew by `numpy.save`
            a header of 4 GiB
                the bytes, byte 8: the header has 4294967295 bytes, where 65536 are more than an array of numbers needs; the file is damaged: fetch or write it again
            no dictionary
                the bytes, byte 10: expected `{` in the header, found 'h'; the file is damaged: fetch or write it again
            not UTF-8
                the bytes, byte 11: the header is not UTF-8; the file is damaged: fetch or write it again
            not closed
                the bytes, byte 25: expected `,` or `}`, found the end of the header; the file is damaged: fetch or write it again
            a text not closed
                the bytes, byte 20: the header ends inside a text in quotation marks; the file is damaged: fetch or write it again
            more behind
                the bytes, byte 66: expected nothing more in the header, found '7'; the file is damaged: fetch or write it again
            a field missing
                the bytes, byte 10: the header has no field 'fortran_order'; the file is damaged: fetch or write it again
            a field twice
                the bytes, byte 27: the header has this field twice; the file is damaged: fetch or write it again
            a field unknown
                the bytes, byte 11: the header has a field "strides", which the format has not; the file is damaged: fetch or write it again
            neither true nor false
                the bytes, byte 28: expected `True` or `False` in the header, found '0'; the file is damaged: fetch or write it again
            a negative size
                the bytes, byte 61: expected an integer from 0 on in the header, found '-'; the file is damaged: fetch or write it again
            a size that is a call
                the bytes, byte 61: expected an integer from 0 on in the header, found 'e'; the file is damaged: fetch or write it again
            sizes that overflow
                the bytes, byte 10: the sizes [4294967296, 4294967296, 4] declare more elements than can be addressed; the file is damaged: fetch or write it again
            sizes that overflow but for a zero
                the bytes, byte 10: the sizes [0, 4294967296, 4294967296] declare more elements than can be addressed; the file is damaged: fetch or write it again
            sizes far beyond the file
                the bytes, byte 88: the file ends after 8 of the 4398046511104 bytes of data; it is cut short or of another format: fetch or write it again
            a size beyond 64 bits
                the bytes, byte 61: the integer 18446744073709551616 is too large; the file is damaged: fetch or write it again
            too many axes
                the bytes, byte 189: expected at most 64 axes in the header, found '1'; the file is damaged: fetch or write it again
            objects
                the bytes, byte 20: the elements have type "|O": Python's objects, which are code that reading would run; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            records
                the bytes, byte 20: the array holds records, not numbers; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            complex numbers
                the bytes, byte 20: the elements have type "<c8": complex numbers; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            texts
                the bytes, byte 20: the elements have type "<U2": texts; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            dates
                the bytes, byte 20: the elements have type "<M8[ns]": dates or times; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            long doubles
                the bytes, byte 20: the elements have type "<f16": floats of a size of their own; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            no byte order
                the bytes, byte 20: the elements have type "|f4", which does not say its byte order; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            the order of some machine
                the bytes, byte 20: the elements have type "=f4", which does not say its byte order; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            no type
                the bytes, byte 20: the elements have type "", which does not say its byte order; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            a type not in ASCII
                the bytes, byte 20: the elements have type "éé", which does not say its byte order; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
            an integer that is rounded
                the bytes, byte 76: 16777217 is no `f32`; read it as `f64` if that holds it, or convert it where it was written
            a number too large
                the bytes, byte 68: -1e39 is no `f32`; read it as `f64` if that holds it, or convert it where it was written
            a boolean of 2
                the bytes, byte 69: 2 is neither false nor true; the file is damaged: fetch or write it again
        "#]].assert_eq(&errors.collect::<String>());
    }

    #[test]
    fn a_tensor_that_cannot_be_read_again_is_not_written() {
        let error = npy_to_bytes(&Tensor::<f32>::ones([1; 65])).unwrap_err().to_string();
        assert_eq!(error, "the bytes: the tensor has 65 axes, more than 64; `reshape` it to fewer");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_tensor_or_an_error(bytes: Vec<u8>, version in 1..4_u8) {
            let _ = read(&bytes);
            let _ = read(&[MAGIC, &[version, 0, bytes.len() as u8, 0, 0, 0], &bytes].concat());
        }

        #[test]
        fn what_is_written_is_read(dims in prop::collection::vec(0..5_usize, 0..5), bits: [u64; 8]) {
            let number = |i: usize| f64::from_bits(bits[i % 8].rotate_left(i as u32));
            let x = Tensor::from_vec((0..dims.iter().product()).map(number).collect(), dims).unwrap();
            let bytes = npy_to_bytes(&x).unwrap();
            let y = npy_from_bytes::<f64>(&bytes).unwrap();
            prop_assert_eq!(x.shape(), y.shape());
            let same = |(x, y): (f64, f64)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
            prop_assert!(x.to_vec().into_iter().zip(y.to_vec()).all(same));
            // The numbers begin where NumPy maps them into memory.
            prop_assert_eq!((bytes.len() - 8 * x.size()) % ALIGNMENT, 0);
        }

        /// In Fortran's order the file has the transpose.
        #[test]
        fn fortran_order_is_turned(rows in 0..4_usize, columns in 0..4_usize, planes in 0..3_usize) {
            let x: Tensor<f32> = Tensor::arange(rows * columns * planes).reshape([rows, columns, planes]);
            let data: Vec<u8> = x.permute(&[2, 1, 0]).to_vec().into_iter().map(|x| x as u8).collect();
            let header = format!("{{'descr': '|u1', 'fortran_order': True, 'shape': ({rows}, {columns}, {planes})}}");
            let y = read(&file([1, 0], &header, &data)).unwrap();
            prop_assert_eq!(x.to_vec(), y.to_vec());
            prop_assert!(y.array().as_slice().is_some());
        }
    }
}
