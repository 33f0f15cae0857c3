//! Files of PyTorch and NumPy, read to the bit; and ours, which are theirs to the byte.
//!
//! `golden/files.py` has written the files in `golden/files`, and their numbers to `golden/files.json`. It also reads what this
//! test writes: `WENGERT_FILES=FOLDER cargo test -p tests --test files` leaves two files there, and
//! `python tests/golden/files.py --read FOLDER/net.safetensors FOLDER/f8.npy` compares them.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tests::golden::{assert_close, tensor};
use wengert::files::{
    Archive, FileErrorKind, Load, load, npy_from_bytes, npy_to_bytes, read_npy, save, to_bytes, write_npy,
};
use wengert::prelude::*;
use wengert::{BatchNorm2d, Scalar};

static GOLDEN: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../golden/files.json")).expect("golden/files.json"));

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/files").join(name)
}

/// The network of `golden/files.py`.
#[derive(Module)]
#[module(scalar = T)]
struct Net<T: Scalar> {
    conv: Conv2d<T>,
    norm: BatchNorm2d<T>,
    head: Linear<T>,
}

impl<T: Scalar> Net<T> {
    fn new() -> Self {
        let rng = &mut Rng::seed(0);
        Net { conv: Conv2d::new(2, 3, [2, 2], rng), norm: BatchNorm2d::new(3), head: Linear::new(12, 2, rng) }
    }
}

impl<T: Scalar> Layer<T> for Net<T> {
    fn forward(&self, x: &Tensor<T>, mode: &mut Mode) -> Tensor<T> {
        let h = self.norm.forward(&self.conv.forward(x, mode), mode);
        self.head.forward(&h.reshape([x.dims()[0], 12]), mode)
    }
}

/// That a tensor has the numbers of an entry, to the bit: NaN as NaN, zero with its sign.
#[track_caller]
fn assert_same<T: Scalar>(name: &str, found: &Tensor<T>, entry: &Value) {
    let expected = tensor(entry);
    assert_eq!(found.shape(), expected.shape(), "{name}");
    for (found, expected) in found.to_vec().into_iter().zip(expected.to_vec()) {
        let found: f64 = found.into();
        let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
        assert!(same, "{name}: {found:?}, expected {expected:?}");
    }
}

fn entries(part: &str) -> impl Iterator<Item = (&'static String, &'static Value)> {
    GOLDEN.pointer(part).and_then(Value::as_object).expect("entries by name").iter()
}

fn is_pytorch<T: Scalar>(tolerance: f64) {
    let mut net: Net<T> = Net::new();
    let report = load(&mut net, golden("net.safetensors")).unwrap();
    assert_eq!(report.left_out, ["norm.num_batches_tracked"]);
    assert_eq!((report.loaded.len(), report.rounded.len()), (8, 0));
    let params: BTreeMap<String, &Param<T>> = net.parameters().into_iter().collect();
    assert_eq!(params.len(), entries("/net/tensors").count());
    entries("/net/tensors").for_each(|(name, entry)| assert_same(name, params[name], entry));
    let x = Tensor::constant(tensor(&GOLDEN["net"]["x"]).array().cast());
    let y: Vec<f64> = net.forward(&x, &mut Mode::eval()).to_vec().into_iter().map(Into::into).collect();
    assert_close("y", &y, &tensor(&GOLDEN["net"]["y"]).to_vec(), tolerance);
}

#[test]
fn a_network_of_pytorch_computes_the_same() {
    is_pytorch::<f32>(1e-6);
    is_pytorch::<f64>(1e-6); // PyTorch's has single precision
}

#[test]
fn what_is_written_is_what_pytorch_writes_byte_for_byte() {
    let mut net: Net<f32> = Net::new();
    load(&mut net, golden("net.safetensors")).unwrap();
    assert!(to_bytes(&net).unwrap() == std::fs::read(golden("weights.safetensors")).unwrap());
    let array: Tensor<f64> = read_npy(golden("f8.npy")).unwrap();
    for (name, bytes) in [
        ("f8.npy", npy_to_bytes(&array)),
        ("f4.npy", npy_to_bytes(&read_npy::<f32>(golden("f4.npy")).unwrap())),
        ("scalar.npy", npy_to_bytes(&read_npy::<f32>(golden("scalar.npy")).unwrap())),
        ("empty.npy", npy_to_bytes(&read_npy::<f32>(golden("empty.npy")).unwrap())),
    ] {
        assert!(bytes.unwrap() == std::fs::read(golden(name)).unwrap(), "{name}");
    }
    if let Some(folder) = std::env::var_os("WENGERT_FILES").map(PathBuf::from) {
        let mut archive = Archive::of(&net);
        archive.metadata.insert("epoch".into(), "7".into());
        archive.write(folder.join("net.safetensors")).unwrap();
        write_npy(folder.join("f8.npy"), &array).unwrap();
    }
}

#[test]
fn every_kind_of_numbers_is_read_exactly() {
    let archive = Archive::<f64>::read(golden("kinds.safetensors")).unwrap();
    assert_eq!(archive.tensors.len(), entries("/kinds").count());
    entries("/kinds").for_each(|(name, entry)| assert_same(name, archive.get(name).unwrap(), entry));
    assert_eq!(
        archive.metadata.into_iter().collect::<Vec<_>>(),
        [("\"quoted\" \\ é".into(), "line\n😀".into())]
    );
    // A single has no 2^32 - 1.
    let error = Archive::<f32>::read(golden("kinds.safetensors")).unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("is no `f32`; read it as `f64`"), "{error}");
}

#[test]
fn every_kind_of_array_is_read_exactly() {
    for (name, entry) in entries("/npy") {
        let path = golden(&format!("{name}.npy"));
        assert_same(name, &read_npy::<f64>(&path).unwrap(), entry);
        if name.starts_with("f2") || name.starts_with("f4") {
            assert_same(name, &read_npy::<f32>(&path).unwrap(), entry);
        }
        let bytes = std::fs::read(&path).unwrap();
        assert_same(name, &npy_from_bytes::<f64>(&bytes).unwrap(), entry);
    }
}

#[test]
fn a_network_is_saved_and_loaded_by_its_path() {
    let folder = std::env::temp_dir().join(format!("wengert-files-test-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("net.safetensors");
    let mut net: Net<f64> = Net::new();
    load(&mut net, golden("net.safetensors")).unwrap();
    save(&net, &path).unwrap();
    let mut other: Net<f64> = Net::new();
    other.freeze("conv.*");
    let report = Load::new().read(&mut other, &path).unwrap();
    assert_eq!(report.loaded.len(), 8);
    assert!(other.conv.weight.is_frozen());
    let values = |net: &Net<f64>| net.parameters().into_iter().map(|(_, w)| w.to_vec()).collect::<Vec<_>>();
    assert_eq!(values(&net), values(&other));
    let error = load(&mut other, folder.join("none")).unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Read(_)), "{error}");
    assert!(error.to_string().starts_with(&folder.join("none").display().to_string()), "{error}");
    assert!(matches!(load(&mut other, &folder).unwrap_err().kind(), FileErrorKind::Read(_)));
    let error = save(&net, &folder).unwrap_err();
    assert!(matches!(error.kind(), FileErrorKind::Write(_)), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}
