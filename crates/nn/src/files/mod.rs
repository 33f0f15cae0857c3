//! Files of weights and tensors: safetensors, as PyTorch and Hugging Face exchange them, and NumPy's `.npy` and `.npz`.
//!
//! ```
//! use nn::{Activation, Mlp, Module, Rng, files};
//!
//! # let folder = std::env::temp_dir().join(format!("wengert-files-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("net.safetensors");
//! let mut rng = Rng::seed(0);
//! let net: Mlp = Mlp::new(&[4, 8, 3], Activation::Relu, &mut rng);
//! files::save(&net, &path)?;
//!
//! let mut other: Mlp = Mlp::new(&[4, 8, 3], Activation::Relu, &mut rng);
//! files::load(&mut other, &path)?;
//! assert_eq!(net.parameters()[0].1.to_vec(), other.parameters()[0].1.to_vec());
//! # std::fs::remove_dir_all(folder).unwrap();
//! # Ok::<(), files::FileError>(())
//! ```
//!
//! Names are the paths of [`Module::parameters`], and layouts are those of PyTorch, so that in Python
//! `net.load_state_dict(safetensors.torch.load_file("net.safetensors"))` reads what [`save`] writes, and [`load`] reads what
//! `safetensors.torch.save_file(net.state_dict(), "net.safetensors")` writes. Where names differ, [`Load::rename`] maps them.
//!
//! A file is never trusted. Whatever its bytes, a reader returns what the file says or a [`FileError`] that names the file, the
//! entry, the place, the reason and a cure; it does not panic, and before it takes memory it compares what a header promises with what
//! the file has. What is written is written whole or not at all.

mod archive;
mod checkpoints;
mod error;
mod header;
mod json;
mod load;
mod lock;
mod memory;
mod npy;
#[cfg(feature = "data")]
mod npz;
mod number;
mod record;
mod replace;
mod scan;
mod source;

use crate::module::Module;
use autograd::Scalar;
use std::path::Path;

pub use archive::Archive;
pub use checkpoints::Checkpoints;
pub use error::{FileError, FileErrorKind, Mismatch};
pub(crate) use json::write as write_json;
pub use load::{Load, LoadReport};
pub(crate) use lock::Lock;
pub(crate) use memory::Memory;
pub use npy::{npy_from_bytes, npy_to_bytes, read_npy, write_npy};
#[cfg(feature = "data")]
pub use npz::{npz_from_bytes, read_npz, read_npz_array};
pub use record::Record;
pub use replace::replace;

/// Writes all parameters of a module, frozen ones and statistics among them, as a safetensors file, whole or not at all.
///
/// To add texts, or other tensors, see [`Archive`].
///
/// ```
/// use nn::{Linear, Rng, load, save};
/// let path = std::env::temp_dir().join(format!("saved-{}.safetensors", std::process::id()));
/// let [net, mut other]: [Linear; 2] = [0, 1].map(|seed| Linear::new(3, 2, &mut Rng::seed(seed)));
/// save(&net, &path)?;
/// load(&mut other, &path)?;
/// assert_eq!(other.weight.to_vec(), net.weight.to_vec());
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// If the file cannot be written.
#[doc(alias = "state_dict")]
pub fn save<T: Scalar>(module: &(impl Module<T> + ?Sized), path: impl AsRef<Path>) -> Result<(), FileError> {
    Archive::of(module).write(path)
}

/// Gives a module the values that a safetensors file has under its paths: all of them or none.
///
/// ```
/// use nn::{Activation, Linear, Mlp, Rng, load, save};
/// let path = std::env::temp_dir().join(format!("loaded-{}.safetensors", std::process::id()));
/// let mut rng = Rng::seed(0);
/// save(&Linear::<f32>::new(3, 2, &mut rng), &path)?;
/// let mut other: Mlp = Mlp::new(&[3, 2], Activation::Relu, &mut rng);
/// let error = load(&mut other, &path).unwrap_err().to_string(); // `weight` is none of its paths
/// assert!(error.contains("layers.0.weight"), "{error}");
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// As [`Load::read`]: the file has to hold every parameter, in its shape, and nothing else. To map names, or to load a part, see
/// [`Load`].
#[doc(alias = "load_state_dict")]
pub fn load<T: Scalar>(
    module: &mut (impl Module<T> + ?Sized),
    path: impl AsRef<Path>,
) -> Result<LoadReport, FileError> {
    Load::new().read(module, path)
}

/// As [`save`], to bytes in memory.
///
/// ```
/// use nn::{Linear, Rng, files::{from_bytes, to_bytes}};
/// let [net, mut other]: [Linear; 2] = [0, 1].map(|seed| Linear::new(3, 2, &mut Rng::seed(seed)));
/// from_bytes(&mut other, &to_bytes(&net)?)?;
/// assert_eq!(other.weight.to_vec(), net.weight.to_vec());
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// If two parameters have one path, which [derived](macro@crate::Module) modules never have.
pub fn to_bytes<T: Scalar>(module: &(impl Module<T> + ?Sized)) -> Result<Vec<u8>, FileError> {
    Archive::of(module).to_bytes()
}

/// As [`load`], from bytes in memory.
///
/// ```
/// use nn::{Linear, Rng, files::{from_bytes, to_bytes}};
/// let mut net: Linear = Linear::new(3, 2, &mut Rng::seed(0));
/// let bytes = to_bytes(&net)?;
/// assert!(from_bytes(&mut net, &bytes[..20]).is_err());
/// assert_eq!(from_bytes(&mut net, &bytes)?.loaded, ["weight", "bias"]);
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// # Errors
/// As [`load`].
pub fn from_bytes<T: Scalar>(
    module: &mut (impl Module<T> + ?Sized),
    bytes: &[u8],
) -> Result<LoadReport, FileError> {
    Load::new().from_bytes(module, bytes)
}
