//! NumPy's archive of arrays, `.npz`: a zip file (PKWARE, APPNOTE 6.3) with a `.npy` file for each array, stored or deflated.
//!
//! ```text
//! 50 4b 03 04 ..   for each array a header, its name and its bytes
//! 50 4b 01 02 ..   the directory: for each array its name, its checksum, its sizes and the place of its header
//! 50 4b 05 06 ..   the end: how many there are, and where the directory is
//! ```
//! A reader begins at the end. Only the directory is believed, and only where the rest of the file agrees with it.

use super::archive::Archive;
use super::error::{DAMAGED, FileError, FileErrorKind};
use super::npy;
use super::source::Source;
use crate::data::listed;
use autograd::Scalar;
use flate2::{Crc, read::DeflateDecoder};
use std::{collections::HashSet, io::Read, path::Path};

/// The bytes of the end, without the comment behind it.
const END: u64 = 22;
/// The bytes of an entry of the directory, and of a header, without the texts behind them.
const ENTRY: u64 = 46;
const HEADER: u64 = 30;
/// How many bytes one byte may inflate to: with the shortest code, 258 for two bits.
const DEFLATE_RATIO: u64 = 1032;
/// The most bytes that an array may inflate to: 1 GiB.
const INFLATED_LIMIT: u64 = 1 << 30;

/// Reads all arrays of a `.npz` file, as `numpy.savez` and `numpy.savez_compressed` write it, with their names.
///
/// ```
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/files/testing/deflated.npz");
/// // In Python: `numpy.savez_compressed(path, x=numpy.array([[1, 2], [3, 4.5]], "f4"), y=numpy.array([1, 0]))`
/// let arrays = nn::files::read_npz::<f32>(path)?;
/// let x = arrays.get("x").expect("an array of this name");
/// assert_eq!((x.dims(), x.to_vec()), (&[2, 2][..], vec![1.0, 2.0, 3.0, 4.5]));
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// If the file cannot be read; if it breaks the format, a checksum is wrong, or what one part says another contradicts; if an entry is
/// encrypted, packed in another way than stored or deflated, no `.npy` file, or over 4 GiB, or inflates to over 1 GiB; and as
/// [`read_npy`](super::read_npy) for each array.
pub fn read_npz<T: Scalar>(path: impl AsRef<Path>) -> Result<Archive<T>, FileError> {
    read(Source::open(path.as_ref())?)
}

/// As [`read_npz`], from bytes in memory.
///
/// ```
/// # let bytes = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/files/testing/stored.npz"));
/// // `bytes` is the array of the example there, as `numpy.savez` writes it.
/// let arrays = nn::files::npz_from_bytes::<f64>(bytes)?;
/// assert_eq!(arrays.get("y").unwrap().to_vec(), [1.0, 0.0]);
/// assert!(nn::files::npz_from_bytes::<f64>(&bytes[..100]).is_err());
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// As [`read_npz`].
pub fn npz_from_bytes<T: Scalar>(bytes: &[u8]) -> Result<Archive<T>, FileError> {
    read(Source::of(bytes)?)
}

/// The array of this name alone: nothing else is unpacked, so that texts or objects may lie beside it.
///
/// ```no_run
/// use nn::{Tensor, files};
/// let labels: Tensor<f64> = files::read_npz_array("mnist.npz", "y_train")?;
/// # Ok::<(), files::FileError>(())
/// ```
///
/// # Errors
/// As [`read_npz`], of the other arrays only for what the directory says of them; and if there is no such array.
pub fn read_npz_array<T: Scalar>(
    path: impl AsRef<Path>,
    name: &str,
) -> Result<autograd::Tensor<T>, FileError> {
    let mut source = Source::open(path.as_ref())?;
    let entries = directory(&mut source)?;
    match entries.iter().find(|entry| entry.name == name) {
        Some(entry) => entry.array(&mut source),
        None => {
            let names: Vec<&str> = entries.iter().map(|entry| &entry.name[..]).collect();
            let reason = format!("there is no array {name:?}, only {}", listed(&names));
            Err(source.whole(FileErrorKind::malformed(reason, "give the name of one of them")))
        }
    }
}

fn read<T: Scalar>(mut source: Source<'_>) -> Result<Archive<T>, FileError> {
    let entries = directory(&mut source)?;
    let read = |entry: &Entry| Ok((entry.name.clone(), entry.array(&mut source)?));
    Ok(Archive { tensors: entries.iter().map(read).collect::<Result<_, FileError>>()?, ..Archive::default() })
}

/// An array, as the directory has it.
struct Entry {
    /// Without `.npy`.
    name: String,
    flags: u64,
    method: u64,
    checksum: u32,
    packed: u64,
    inflated: u64,
    /// Where its header is, and where the directory has it.
    header: u64,
    place: u64,
}

/// The unsigned number in these bytes of a record, least significant first.
fn number(record: &[u8], at: usize, bytes: usize) -> u64 {
    record[at..at + bytes].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// The place of the end, and the entries from the beginning of the directory on: how many, where, and in how many bytes.
fn end(source: &mut Source<'_>) -> Result<(u64, u64, u64), FileError> {
    let length = source.length();
    let Some(at) = length.checked_sub(END) else {
        source.take(0, END, "the end of a zip archive")?;
        unreachable!("the file is shorter")
    };
    let record = source.take(at, END, "the end of a zip archive")?;
    if !record.starts_with(b"PK\x05\x06") || number(&record, 20, 2) != 0 {
        let begin = source.take(0, 4, "magic number")?;
        let cure = match &begin[..] {
            b"PK\x03\x04" | b"PK\x05\x06" => {
                "the file is cut short, or more was written behind it: fetch or write it again"
            }
            b"\x93NUM" => "this is one array, an `.npy` file: read it by `read_npy`",
            _ => "check that the path names an `.npz` file, as `numpy.savez` writes it",
        };
        return Err(source.malformed(at, "the file does not end as a zip archive does", cure));
    }
    let [disk, first_disk, here] = [4, 6, 8].map(|place| number(&record, place, 2));
    let (count, size, begin) = (number(&record, 10, 2), number(&record, 12, 4), number(&record, 16, 4));
    if [disk, first_disk] != [0, 0] || here != count {
        return Err(source.malformed(at + 4, "the archive is spread over several files", "save it in one"));
    }
    if count == 0xffff || size == 0xffff_ffff || begin == 0xffff_ffff {
        let reason = "the archive is over 4 GiB, or has over 65534 arrays";
        let cure = "save its arrays one by one, by `numpy.save`";
        return Err(source.error(at + 10, FileErrorKind::unsupported(reason, cure)));
    }
    if begin + size != at || count * ENTRY > size {
        let reason = format!(
            "a directory of {count} arrays in {size} bytes from byte {begin} on does not end here, at byte {at}"
        );
        return Err(source.malformed(at + 10, reason, DAMAGED));
    }
    Ok((count, begin, size))
}

fn directory(source: &mut Source<'_>) -> Result<Vec<Entry>, FileError> {
    let (count, begin, size) = end(source)?;
    let directory = source.take(begin, size, "directory")?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut names = HashSet::new();
    let mut rest = &directory[..];
    for _ in 0..count {
        let place = begin + size - rest.len() as u64;
        let Some((record, behind)) =
            rest.split_at_checked(ENTRY as usize).filter(|(record, _)| record.starts_with(b"PK\x01\x02"))
        else {
            return Err(source.malformed(place, "the directory has no entry here", DAMAGED));
        };
        let [name, extra, comment] = [28, 30, 32].map(|at| number(record, at, 2) as usize);
        let Some((texts, behind)) = behind.split_at_checked(name + extra + comment) else {
            return Err(source.malformed(
                place + 28,
                "the texts of this entry go beyond the directory",
                DAMAGED,
            ));
        };
        rest = behind;
        let Some(name) = str::from_utf8(&texts[..name]).ok().and_then(|name| name.strip_suffix(".npy"))
        else {
            let name = String::from_utf8_lossy(&texts[..name]);
            let reason = format!("the archive holds {name:?}, which is no `.npy` file");
            return Err(source.malformed(
                place + ENTRY,
                reason,
                "check that it is an `.npz` file, as `numpy.savez` writes it",
            ));
        };
        if !names.insert(name) {
            return Err(source.malformed(place + ENTRY, format!("there are two arrays {name:?}"), DAMAGED));
        }
        entries.push(Entry {
            name: name.to_owned(),
            flags: number(record, 8, 2),
            method: number(record, 10, 2),
            checksum: number(record, 16, 4) as u32,
            packed: number(record, 20, 4),
            inflated: number(record, 24, 4),
            header: number(record, 42, 4),
            place,
        });
    }
    if !rest.is_empty() {
        let place = begin + size - rest.len() as u64;
        return Err(source.malformed(place, "the directory goes on after its last entry", DAMAGED));
    }
    // Arrays that lie over one another would make a small file a large one.
    let packed: u64 = entries.iter().map(|entry| HEADER + entry.name.len() as u64 + entry.packed).sum();
    if packed > begin {
        let reason = format!("the arrays take {packed} bytes, where there are {begin} before the directory");
        return Err(source.malformed(begin, reason, DAMAGED));
    }
    Ok(entries)
}

impl Entry {
    fn array<T: Scalar>(&self, source: &mut Source<'_>) -> Result<autograd::Tensor<T>, FileError> {
        let bytes = self.bytes(source).map_err(|error| error.of_entry(&self.name))?;
        Source::within(source, &bytes).and_then(npy::read).map_err(|error| error.of_entry(&self.name))
    }

    /// The bytes of the `.npy` file.
    fn bytes(&self, source: &mut Source<'_>) -> Result<Vec<u8>, FileError> {
        let unsupported = |source: &Source<'_>, place, reason: String| {
            let cure = "save it anew by `numpy.savez_compressed`";
            Err(source.error(self.place + place, FileErrorKind::unsupported(reason, cure)))
        };
        if self.flags & 1 != 0 {
            return unsupported(source, 8, "the array is encrypted".into());
        }
        if self.method != 0 && self.method != 8 {
            return unsupported(
                source,
                10,
                format!(
                    "the array is packed by method {}, which is neither 0, stored, nor 8, deflated",
                    self.method
                ),
            );
        }
        if self.packed == 0xffff_ffff || self.inflated == 0xffff_ffff || self.header == 0xffff_ffff {
            return unsupported(source, 20, "the array is over 4 GiB".into());
        }
        if self.inflated > INFLATED_LIMIT && self.method == 8 {
            return unsupported(
                source,
                24,
                format!("the array inflates to {} bytes, more than 1 GiB", self.inflated),
            );
        }
        let most = if self.method == 0 { self.packed } else { self.packed.saturating_mul(DEFLATE_RATIO) };
        if self.inflated > most || self.method == 0 && self.inflated < most {
            let reason = format!("{} bytes are said to be {} when unpacked", self.packed, self.inflated);
            return Err(source.malformed(self.place + 24, reason, DAMAGED));
        }
        let header = source.take(self.header, HEADER, "the header of an array")?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(source.malformed(
                self.header,
                "no array begins where the directory says so",
                DAMAGED,
            ));
        }
        let [name, extra] = [26, 28].map(|at| number(&header, at, 2));
        let found = source.take(self.header + HEADER, name, "the name of an array")?;
        if found.strip_suffix(b".npy") != Some(self.name.as_bytes()) || number(&header, 8, 2) != self.method {
            let reason = "the array has another name or method here than in the directory";
            return Err(source.malformed(self.header, reason, DAMAGED));
        }
        let packed = source.take(self.header + HEADER + name + extra, self.packed, "an array")?;
        let bytes = if self.method == 0 { packed } else { self.inflate(source, &packed)? };
        let mut checksum = Crc::new();
        checksum.update(&bytes);
        if checksum.sum() != self.checksum {
            let reason = format!("its bytes have checksum {:08x}, not {:08x}", checksum.sum(), self.checksum);
            return Err(source.malformed(self.place + 16, reason, DAMAGED));
        }
        Ok(bytes)
    }

    /// As many bytes as the directory says, no more of which are made than that.
    fn inflate(&self, source: &Source<'_>, packed: &[u8]) -> Result<Vec<u8>, FileError> {
        let (mut bytes, mut decoder) = (Vec::new(), DeflateDecoder::new(packed));
        let read = (&mut decoder).take(self.inflated + 1).read_to_end(&mut bytes);
        let reason = match read {
            Err(error) => format!("the deflated bytes are damaged ({error})"),
            Ok(_) if bytes.len() as u64 != self.inflated || decoder.total_in() != self.packed => {
                format!("the deflated bytes are not {} when unpacked, as the directory says", self.inflated)
            }
            Ok(_) => return Ok(bytes),
        };
        Err(source.malformed(self.header, reason, DAMAGED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::npy_to_bytes;
    use autograd::Tensor;
    use expect_test::expect;
    use flate2::{Compression, write::DeflateEncoder};
    use proptest::prelude::*;
    use std::io::Write;
    use std::time::{Duration, Instant};

    /// A record's numbers, each with its width.
    fn record(magic: &[u8], fields: &[(u64, usize)]) -> Vec<u8> {
        let bytes = fields.iter().flat_map(|&(number, width)| number.to_le_bytes().into_iter().take(width));
        magic.iter().copied().chain(bytes).collect()
    }

    /// What is to be written in place of the truth, in the directory alone.
    #[derive(Clone, Default)]
    struct Lies {
        flags: u64,
        method: Option<u64>,
        checksum: Option<u64>,
        packed: Option<u64>,
        inflated: Option<u64>,
        header: Option<u64>,
        count: Option<u64>,
        name: Option<&'static str>,
    }

    fn npz(files: &[(&str, &[u8])], deflated: bool, lies: &Lies) -> Vec<u8> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            let packed = if deflated { encoder.finish().unwrap() } else { content.to_vec() };
            let (method, mut checksum) = (if deflated { 8 } else { 0 }, Crc::new());
            checksum.update(content);
            let (place, checksum) = (bytes.len() as u64, u64::from(checksum.sum()));
            let sizes = [packed.len() as u64, content.len() as u64];
            let header = [
                (20, 2),
                (0, 2),
                (method, 2),
                (0, 4),
                (checksum, 4),
                (sizes[0], 4),
                (sizes[1], 4),
                (name.len() as u64, 2),
                (0, 2),
            ];
            bytes.extend(record(b"PK\x03\x04", &header));
            bytes.extend(name.bytes().chain(packed));
            let name = lies.name.unwrap_or(name);
            let fields = [
                (20, 2),
                (20, 2),
                (lies.flags, 2),
                (lies.method.unwrap_or(method), 2),
                (0, 4),
                (lies.checksum.unwrap_or(checksum), 4),
                (lies.packed.unwrap_or(sizes[0]), 4),
                (lies.inflated.unwrap_or(sizes[1]), 4),
                (name.len() as u64, 2),
                (0, 8),
                (0, 4),
                (lies.header.unwrap_or(place), 4),
            ];
            directory.extend(record(b"PK\x01\x02", &fields));
            directory.extend(name.bytes());
        }
        let (begin, size, count) = (bytes.len() as u64, directory.len() as u64, files.len() as u64);
        bytes.extend(directory);
        bytes.extend(record(
            b"PK\x05\x06",
            &[(0, 4), (count, 2), (lies.count.unwrap_or(count), 2), (size, 4), (begin, 4), (0, 2)],
        ));
        bytes
    }

    /// As many arrays as an archive may have. When each name was compared with all before it, this took 11 seconds.
    #[test]
    fn a_long_directory_is_read_in_no_time() {
        let names: Vec<String> = (0..65_534).map(|i| format!("{i}.npy")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (&name[..], &[][..])).collect();
        let bytes = npz(&files, false, &Lies::default());
        let begin = Instant::now();
        assert_eq!(directory(&mut Source::of(&bytes).unwrap()).map(|entries| entries.len()).unwrap(), 65_534);
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(5), "the directory took {took:?}");
    }

    fn array(numbers: &[f32]) -> Vec<u8> {
        npy_to_bytes(&Tensor::from(numbers.to_vec())).unwrap()
    }

    /// Written by NumPy 2: `savez_compressed(f, x=np.array([[1, 2], [3, 4.5]], 'f4'), y=np.array([1, 0], 'i8'))`, see
    /// `tests/golden/npz.py`.
    #[test]
    fn an_archive_of_numpy_is_read() {
        for bytes in [&include_bytes!("testing/stored.npz")[..], include_bytes!("testing/deflated.npz")] {
            let archive = npz_from_bytes::<f32>(bytes).unwrap();
            let of = |name| archive.get(name).map(|x| (x.dims().to_vec(), x.to_vec()));
            assert_eq!(of("x"), Some((vec![2, 2], vec![1.0, 2.0, 3.0, 4.5])));
            assert_eq!(of("y"), Some((vec![2], vec![1.0, 0.0])));
        }
    }

    #[test]
    fn spoiled_files_are_errors_with_place_and_reason() {
        let (x, y) = (array(&[1.0; 100]), array(&[2.0]));
        let made = |deflated, lies: &Lies| npz(&[("x.npy", &x), ("y.npy", &y)], deflated, lies);
        let sound = made(true, &Lies::default());
        npz_from_bytes::<f32>(&sound).unwrap();
        let lie = |lies: Lies| made(true, &lies);
        let flipped = |at: usize| {
            let mut bytes = made(false, &Lies::default());
            bytes[at] ^= 1;
            bytes
        };
        let mut objects = y.clone();
        let kind = objects.windows(3).position(|kind| kind == b"<f4").unwrap();
        objects[kind..kind + 3].copy_from_slice(b"|O4");
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("no bytes", vec![]),
            ("a web page", b"<html><body>not found</body></html>".to_vec()),
            ("an npy", y.clone()),
            ("cut short", sound[..sound.len() - 1].to_vec()),
            ("cut at its beginning", sound[1..].to_vec()),
            ("more behind it", [&sound[..], b"more and more and more!"].concat()),
            ("several disks", lie(Lies { count: Some(3), ..Lies::default() })),
            ("encrypted", lie(Lies { flags: 1, ..Lies::default() })),
            ("another method", lie(Lies { method: Some(14), ..Lies::default() })),
            ("stored, says the directory", lie(Lies { method: Some(0), ..Lies::default() })),
            ("a wrong checksum", lie(Lies { checksum: Some(7), ..Lies::default() })),
            ("a bit turned over", flipped(150)),
            ("a size far beyond the file", lie(Lies { packed: Some(1 << 31), ..Lies::default() })),
            ("an unpacked size beyond all packing", lie(Lies { inflated: Some(1 << 29), ..Lies::default() })),
            ("an unpacked size of 2 GiB", lie(Lies { inflated: Some(1 << 31), ..Lies::default() })),
            ("an unpacked size too small", lie(Lies { inflated: Some(100), ..Lies::default() })),
            ("an unpacked size too large", lie(Lies { inflated: Some(2000), ..Lies::default() })),
            ("over 4 GiB", lie(Lies { packed: Some(0), inflated: Some(u64::MAX), ..Lies::default() })),
            ("headers in the middle of arrays", lie(Lies { header: Some(3), ..Lies::default() })),
            ("a header beyond the file", lie(Lies { header: Some(1 << 30), ..Lies::default() })),
            (
                "arrays over one another",
                npz(&[("x.npy", &x), ("y.npy", &y)], false, &Lies { header: Some(0), ..Lies::default() }),
            ),
            ("no array", npz(&[("readme.txt", b"hello")], true, &Lies::default())),
            (
                "another name in the directory",
                npz(&[("x.npy", &x)], true, &Lies { name: Some("z.npy"), ..Lies::default() }),
            ),
            ("two of one name", npz(&[("x.npy", &x), ("x.npy", &y)], true, &Lies::default())),
            ("an array cut short", npz(&[("x.npy", &x[..x.len() - 2])], true, &Lies::default())),
            ("an array of objects", npz(&[("x.npy", &objects)], true, &Lies::default())),
        ];
        let errors = cases
            .iter()
            .map(|(what, bytes)| format!("{what}\n    {}\n", npz_from_bytes::<f32>(bytes).expect_err(what)));
        expect![[r#"
            no bytes
                the bytes, byte 0: the file ends after 0 of the 22 bytes of the end of a zip archive; it is cut short or of another format: fetch or write it again
            a web page
                the bytes, byte 13: the file does not end as a zip archive does; check that the path names an `.npz` file, as `numpy.savez` writes it
            an npy
                the bytes, byte 110: the file does not end as a zip archive does; this is one array, an `.npy` file: read it by `read_npy`
            cut short
                the bytes, byte 328: the file does not end as a zip archive does; the file is cut short, or more was written behind it: fetch or write it again
            cut at its beginning
                the bytes, byte 338: a directory of 2 arrays in 102 bytes from byte 227 on does not end here, at byte 328; the file is damaged: fetch or write it again
            more behind it
                the bytes, byte 352: the file does not end as a zip archive does; the file is cut short, or more was written behind it: fetch or write it again
            several disks
                the bytes, byte 333: the archive is spread over several files; save it in one
            encrypted
                the bytes, entry "x", byte 235: the array is encrypted; save it anew by `numpy.savez_compressed`
            another method
                the bytes, entry "x", byte 237: the array is packed by method 14, which is neither 0, stored, nor 8, deflated; save it anew by `numpy.savez_compressed`
            stored, says the directory
                the bytes, entry "x", byte 251: 82 bytes are said to be 528 when unpacked; the file is damaged: fetch or write it again
            a wrong checksum
                the bytes, entry "x", byte 243: its bytes have checksum 35f6f4b6, not 00000007; the file is damaged: fetch or write it again
            a bit turned over
                the bytes, entry "x", byte 746: its bytes have checksum b83e9660, not 35f6f4b6; the file is damaged: fetch or write it again
            a size far beyond the file
                the bytes, byte 227: the arrays take 4294967358 bytes, where there are 227 before the directory; the file is damaged: fetch or write it again
            an unpacked size beyond all packing
                the bytes, entry "x", byte 251: 82 bytes are said to be 536870912 when unpacked; the file is damaged: fetch or write it again
            an unpacked size of 2 GiB
                the bytes, entry "x", byte 251: the array inflates to 2147483648 bytes, more than 1 GiB; save it anew by `numpy.savez_compressed`
            an unpacked size too small
                the bytes, entry "x", byte 0: the deflated bytes are not 100 when unpacked, as the directory says; the file is damaged: fetch or write it again
            an unpacked size too large
                the bytes, entry "x", byte 0: the deflated bytes are not 2000 when unpacked, as the directory says; the file is damaged: fetch or write it again
            over 4 GiB
                the bytes, entry "x", byte 247: the array is over 4 GiB; save it anew by `numpy.savez_compressed`
            headers in the middle of arrays
                the bytes, entry "x", byte 3: no array begins where the directory says so; the file is damaged: fetch or write it again
            a header beyond the file
                the bytes, entry "x", byte 351: the file ends after 0 of the 30 bytes of the header of an array; it is cut short or of another format: fetch or write it again
            arrays over one another
                the bytes, entry "y", byte 0: the array has another name or method here than in the directory; the file is damaged: fetch or write it again
            no array
                the bytes, byte 93: the archive holds "readme.txt", which is no `.npy` file; check that it is an `.npz` file, as `numpy.savez` writes it
            another name in the directory
                the bytes, entry "z", byte 0: the array has another name or method here than in the directory; the file is damaged: fetch or write it again
            two of one name
                the bytes, byte 324: there are two arrays "x"; the file is damaged: fetch or write it again
            an array cut short
                the bytes, entry "x", byte 526: the file ends after 398 of the 400 bytes of data; it is cut short or of another format: fetch or write it again
            an array of objects
                the bytes, entry "x", byte 20: the elements have type "|O4": Python's objects, which are code that reading would run; save it as floats: `numpy.save(path, array.astype('f4'))`, or its parts one by one
        "#]].assert_eq(&errors.collect::<String>());
    }

    proptest! {
        #[test]
        fn any_bytes_give_arrays_or_an_error(at: prop::sample::Index, byte: u8, cut: prop::sample::Index, deflated: bool) {
            let mut bytes = npz(&[("x.npy", &array(&[1.0; 9])), ("y.npy", &array(&[2.0]))], deflated, &Lies::default());
            let sound = npz_from_bytes::<f32>(&bytes).unwrap();
            let place = at.index(bytes.len());
            bytes[place] = byte;
            if let Ok(read) = npz_from_bytes::<f32>(&bytes) {
                // Times, versions, attributes and the sizes in headers tell nothing; the numbers have a checksum.
                for (name, x) in &sound.tensors {
                    let found = read.tensors.iter().find(|(_, y)| y.to_vec() == x.to_vec());
                    prop_assert!(found.is_some(), "{} is lost", name);
                }
            }
            let _ = npz_from_bytes::<f32>(&bytes[..cut.index(bytes.len())]);
        }
    }
}
