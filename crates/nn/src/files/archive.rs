//! Named tensors in a file: safetensors, read and written as a whole.

use super::error::{FileError, FileErrorKind};
use super::header::{self, Entry, Header};
use super::number::encode;
use super::replace::{create, replace};
use super::source::Source;
use crate::module::Module;
use autograd::{Array, Scalar, Tensor};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::Path,
};

/// Tensors with their names, and texts about them: what a safetensors file holds.
///
/// The format is that of `safetensors.torch.save_file` and `load_file`, and what is written is what these write, byte for
/// byte: tensors in the order of their names.
///
/// ```
/// use nn::files::Archive;
/// use nn::Tensor;
///
/// let mut archive = Archive::default();
/// archive.tensors.push(("mean".into(), Tensor::from([0.5_f32, 1.5])));
/// archive.metadata.insert("source".into(), "penguins".into());
/// let bytes = archive.to_bytes()?;
///
/// let read = Archive::<f32>::from_bytes(&bytes)?;
/// assert_eq!(read.get("mean").unwrap().to_vec(), [0.5, 1.5]);
/// assert_eq!(read.metadata["source"], "penguins");
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// A network with a text about it, in a file that [`load`](super::load) reads as it does any other:
///
/// ```
/// use nn::{Linear, Rng, files::{Archive, load}};
/// # let path = std::env::temp_dir().join(format!("archive-{}.safetensors", std::process::id()));
/// let [net, mut other]: [Linear; 2] = [0, 1].map(|seed| Linear::new(3, 2, &mut Rng::seed(seed)));
/// let mut archive = Archive::of(&net);
/// archive.metadata.insert("epochs".into(), "20".into());
/// archive.write(&path)?;
/// assert_eq!(load(&mut other, &path)?.loaded, ["weight", "bias"]);
/// assert_eq!(Archive::<f32>::read(&path)?.metadata["epochs"], "20");
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Archive<T: Scalar = f32> {
    /// Names and tensors; those that were read are in the order of their bytes in the file.
    pub tensors: Vec<(String, Tensor<T>)>,
    /// Texts by their names.
    pub metadata: BTreeMap<String, String>,
}

impl<T: Scalar> Default for Archive<T> {
    fn default() -> Self {
        Archive { tensors: Vec::new(), metadata: BTreeMap::new() }
    }
}

impl<T: Scalar> Archive<T> {
    /// The parameters of a module by their paths: weights, frozen ones, and statistics. Their memory is shared until they change.
    pub fn of(module: &(impl Module<T> + ?Sized)) -> Self {
        let tensors = module.parameters().into_iter().map(|(path, param)| (path, param.detach())).collect();
        Archive { tensors, metadata: BTreeMap::new() }
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor<T>> {
        self.tensors.iter().find(|(found, _)| found == name).map(|(_, tensor)| tensor)
    }

    /// Reads a safetensors file.
    ///
    /// `F16` and `BF16`, and `F32` too, keep their values; `F64` is rounded for tensors of `f32`. Integers and truth values are read
    /// where the tensor holds them exactly, in `f32` up to 2^24, in `f64` up to 2^53.
    ///
    /// # Errors
    /// If the file cannot be read; if it breaks the format, by so much as a byte that belongs to no tensor; if it holds a number that
    /// the tensor cannot, such as a larger integer, or a finite `F64` beyond all `f32`; if a kind of numbers is none of these.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::take(Source::open(path.as_ref())?)
    }

    /// As [`read`](Self::read), from bytes in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        Self::take(Source::of(bytes)?)
    }

    fn take(mut source: Source<'_>) -> Result<Self, FileError> {
        let header = Header::read(&mut source)?;
        let read =
            |entry: &Entry| Ok((entry.name.clone(), Tensor::constant(header.array(&mut source, entry)?.0)));
        let tensors = header.entries.iter().map(read).collect::<Result<_, FileError>>()?;
        Ok(Archive { tensors, metadata: header.metadata })
    }

    /// Writes a safetensors file, whole or not at all: what was there before is replaced when all is on the disk.
    ///
    /// # Errors
    /// If the file cannot be written, or two tensors have one name.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        let failed = |kind| FileError::new(&path.display().to_string(), None, kind);
        // Before a file is begun: two tensors with one name are no fault of the disk.
        let parts = self.parts().map_err(failed)?;
        replace(path, |out| write(out, &parts)).map_err(|error| failed(FileErrorKind::Write(error)))
    }

    /// Writes such a file where there is none, as a whole; one that is there is an error, [`io::ErrorKind::AlreadyExists`].
    pub(super) fn write_new(&self, path: &Path) -> Result<(), FileErrorKind> {
        let parts = self.parts()?;
        create(path, |out| write(out, &parts)).map_err(FileErrorKind::Write)
    }

    /// The bytes of such a file.
    ///
    /// # Errors
    /// If two tensors have one name.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).map_err(|kind| FileError::new("the bytes", None, kind))?;
        Ok(bytes)
    }

    /// Writes the bytes of such a file.
    pub(super) fn write_to(&self, out: &mut dyn Write) -> Result<(), FileErrorKind> {
        write(out, &self.parts()?).map_err(FileErrorKind::Write)
    }

    /// The header, and the tensors in the order in which they are written.
    fn parts(&self) -> Result<Parts<'_, T>, FileErrorKind> {
        let mut tensors: Vec<_> = self.tensors.iter().collect();
        tensors.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok((header::write(&tensors, &self.metadata)?, tensors))
    }
}

type Parts<'a, T> = (Vec<u8>, Vec<&'a (String, Tensor<T>)>);

fn write<T: Scalar>(out: &mut dyn Write, (header, tensors): &Parts<'_, T>) -> io::Result<()> {
    out.write_all(header)?;
    tensors.iter().try_for_each(|(_, tensor)| encode(tensor, out))
}

impl Header {
    /// The numbers of an entry; and whether any had to be rounded.
    pub(super) fn array<T: Scalar>(
        &self,
        source: &mut Source<'_>,
        entry: &Entry,
    ) -> Result<(Array<T>, bool), FileError> {
        let offset = self.offset(entry);
        let array = match entry.kind.number {
            Some(number) => source.array(offset, &entry.shape, number, false),
            None => {
                let reason = format!("its numbers are {}, which no tensor holds", entry.kind.name);
                let cure = "convert them to F16 or F32 where the file was written";
                Err(source.error(offset, FileErrorKind::unsupported(reason, cure)))
            }
        };
        array.map_err(|error| error.of_entry(&entry.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;
    use proptest::prelude::*;

    #[test]
    fn names_that_cannot_be_told_apart_are_not_written() {
        let folder = Folder::new();
        let path = folder.write("old", b"old");
        let x = Tensor::from([1.0_f32]);
        for (names, reason) in [
            (["a", "a"], "two entries would be called \"a\"; give each tensor a name of its own"),
            (["a", "__metadata__"], "two entries would be called \"__metadata__\""),
        ] {
            let archive =
                Archive { tensors: names.map(|name| (name.into(), x.clone())).into(), ..Archive::default() };
            for error in [archive.to_bytes().unwrap_err(), archive.write(&path).unwrap_err()] {
                assert!(error.to_string().contains(reason), "{error}");
            }
        }
        let deep = Archive { tensors: vec![("a".into(), x.reshape([1; 65]))], ..Archive::default() };
        assert!(deep.to_bytes().unwrap_err().to_string().contains("\"a\" has 65 axes, more than 64"));
        assert_eq!(std::fs::read(path).unwrap(), b"old");
    }

    #[test]
    fn views_are_written_in_row_major_order() {
        let x = Tensor::from([[1.0_f64, 2.0], [3.0, 4.0]]);
        let tensors = vec![("t".into(), x.permute(&[1, 0])), ("row".into(), x.slice(0, 1..2))];
        let read = Archive::<f64>::from_bytes(&Archive { tensors, ..Archive::default() }.to_bytes().unwrap())
            .unwrap();
        assert_eq!(read.get("t").unwrap().to_vec(), [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(read.get("row").unwrap().to_vec(), [3.0, 4.0]);
    }

    /// More than one block of numbers.
    #[test]
    fn long_tensors_pass_through_in_blocks() {
        let x: Tensor<f64> = Tensor::arange(20_001);
        let tensors = vec![("x".to_owned(), x.clone())];
        let bytes = Archive { tensors, ..Archive::default() }.to_bytes().unwrap();
        assert_eq!(Archive::<f64>::from_bytes(&bytes).unwrap().get("x").unwrap().to_vec(), x.to_vec());
        let single = Archive::<f32>::from_bytes(&bytes).unwrap();
        assert_eq!(single.get("x").unwrap().at([20_000]), 20_000.0);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            named in prop::collection::btree_map(".{0,9}", prop::collection::vec(0..4_usize, 0..4), 0..5),
            bits: [u64; 8],
            metadata in prop::collection::btree_map(".{0,5}", ".{0,9}", 0..3),
        ) {
            let number = |i: usize| f64::from_bits(bits[i % 8].rotate_left(i as u32));
            let tensor = |dims: Vec<usize>| {
                let size = dims.iter().product();
                Tensor::from_vec((0..size).map(number).collect(), dims).unwrap()
            };
            let tensors = named.into_iter().map(|(name, dims)| (name, tensor(dims))).collect();
            let archive = Archive { tensors, metadata };
            let bytes = archive.to_bytes().unwrap();
            let read = Archive::<f64>::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&read.metadata, &archive.metadata);
            prop_assert_eq!(read.tensors.len(), archive.tensors.len());
            for (name, x) in &archive.tensors {
                let y = read.get(name).expect("what was written");
                prop_assert_eq!(x.shape(), y.shape());
                let same = |(x, y): (f64, f64)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
                prop_assert!(x.to_vec().into_iter().zip(y.to_vec()).all(same));
            }
            // Written anew they are the same bytes.
            prop_assert_eq!(read.to_bytes().unwrap(), bytes);
        }
    }
}
