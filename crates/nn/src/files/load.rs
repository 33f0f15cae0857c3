//! Loading: the tensors of a file become the parameters of a network, all of them or none.

use super::error::{FileError, FileErrorKind, Mismatch};
use super::header::{Entry, Header};
use super::source::Source;
use crate::module::Module;
use autograd::{Array, Scalar};
use std::{collections::BTreeMap, fmt, path::Path};

/// How a file is loaded. By default strictly: it has to hold every parameter of the network, in its shape, and nothing else.
///
/// ```
/// use nn::files::{Load, to_bytes};
/// use nn::{Linear, Module, Rng};
///
/// let mut rng = Rng::seed(0);
/// let trained: Linear = Linear::new(4, 3, &mut rng);
/// let bytes = to_bytes(&trained)?; // `weight` and `bias`
///
/// // A network of which that is the first part; the second keeps its own weights.
/// let mut net = (Linear::<f32>::new(4, 3, &mut rng), Linear::<f32>::new(3, 2, &mut rng));
/// let report =
///     Load::new().rename(|name| Some(format!("0.{name}"))).allow_missing().from_bytes(&mut net, &bytes)?;
/// assert_eq!(report.loaded, ["0.weight", "0.bias"]);
/// assert_eq!(report.missing, ["1.weight", "1.bias"]);
/// assert_eq!(net.0.weight.to_vec(), trained.weight.to_vec());
/// # Ok::<(), nn::files::FileError>(())
/// ```
///
/// The other way round, of a larger network the first part:
///
/// ```
/// use nn::{Linear, Rng, files::{Load, save}};
/// # let path = std::env::temp_dir().join(format!("part-{}.safetensors", std::process::id()));
/// let mut rng = Rng::seed(0);
/// let whole = (Linear::<f32>::new(4, 3, &mut rng), Linear::<f32>::new(3, 2, &mut rng));
/// save(&whole, &path)?;
/// let mut first: Linear = Linear::new(4, 3, &mut rng);
/// let rename = |name: &str| Some(name.strip_prefix("0.").unwrap_or(name).to_owned());
/// let report = Load::new().rename(rename).allow_extra().read(&mut first, &path)?;
/// assert_eq!(first.weight.to_vec(), whole.0.weight.to_vec());
/// assert_eq!(report.extra, ["1.bias", "1.weight"]);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::files::FileError>(())
/// ```
#[derive(Default)]
pub struct Load<'a> {
    rename: Option<Rename<'a>>,
    allow_missing: bool,
    allow_extra: bool,
}

type Rename<'a> = Box<dyn Fn(&str) -> Option<String> + 'a>;

/// The paths of a network, in its order, and the entry for each that has one.
type Plan<'h> = Vec<(String, Option<&'h Entry>)>;

/// What was loaded, and what was not.
///
/// ```
/// use nn::{Linear, Rng, files::{Load, to_bytes}};
/// let mut net: Linear = Linear::new(3, 2, &mut Rng::seed(0));
/// let rename = |name: &str| (name != "bias").then(|| name.to_owned());
/// let bytes = to_bytes(&net)?;
/// let report = Load::new().rename(rename).allow_missing().from_bytes(&mut net, &bytes)?;
/// assert_eq!((report.loaded, report.missing, report.left_out), (vec!["weight".into()], vec!["bias".into()], vec!["bias".into()]));
/// # Ok::<(), nn::files::FileError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// The paths of the parameters that have their values from the file.
    pub loaded: Vec<String>,
    /// The paths of those that keep theirs, as [`Load::allow_missing`] lets them.
    pub missing: Vec<String>,
    /// The names of entries that [`Load::allow_extra`] lets be.
    pub extra: Vec<String>,
    /// The names of entries that [`Load::rename`] leaves out, and of PyTorch's counters of batches.
    pub left_out: Vec<String>,
    /// The paths of parameters whose numbers were rounded, from `F64` in the file to `f32` in the network.
    pub rounded: Vec<String>,
}

impl<'a> Load<'a> {
    /// Strictly, under the names in the file.
    pub fn new() -> Self {
        Self::default()
    }

    /// The path, in the network, of each name in the file; `None` leaves an entry out.
    pub fn rename(self, rename: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Load { rename: Some(Box::new(rename)), ..self }
    }

    /// Lets parameters that the file does not have keep their values.
    pub fn allow_missing(self) -> Self {
        Load { allow_missing: true, ..self }
    }

    /// Lets entries be for which there is no parameter.
    pub fn allow_extra(self) -> Self {
        Load { allow_extra: true, ..self }
    }

    /// Loads a safetensors file.
    ///
    /// A parameter keeps its identity: optimizers and gradients know it as before, and what is frozen stays so. Statistics, such as a
    /// running mean, are loaded as weights are. `num_batches_tracked`, a counter that PyTorch keeps beside them and that nothing here
    /// depends on, is left out.
    ///
    /// # Errors
    /// If the file cannot be read or is spoiled, as [`Archive::read`](super::Archive::read) says, or does not fit: then all
    /// parameters that are missing, entries that are extra, of another shape or no weights are in one error. In any case the network
    /// is unchanged.
    pub fn read<T: Scalar>(
        &self,
        module: &mut (impl Module<T> + ?Sized),
        path: impl AsRef<Path>,
    ) -> Result<LoadReport, FileError> {
        self.take(module, Source::open(path.as_ref())?)
    }

    /// As [`read`](Self::read), from bytes in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes<T: Scalar>(
        &self,
        module: &mut (impl Module<T> + ?Sized),
        bytes: &[u8],
    ) -> Result<LoadReport, FileError> {
        self.take(module, Source::of(bytes)?)
    }

    fn take<T: Scalar>(
        &self,
        module: &mut (impl Module<T> + ?Sized),
        mut source: Source<'_>,
    ) -> Result<LoadReport, FileError> {
        let header = Header::read(&mut source)?;
        let (plan, mut report) = self
            .plan(module, &header)
            .map_err(|found| source.whole(FileErrorKind::Mismatch(Box::new(found))))?;
        let mut arrays: Vec<Option<Array<T>>> = Vec::new();
        for (path, entry) in plan {
            let Some(entry) = entry else {
                arrays.push(None);
                continue;
            };
            let (array, rounded) = header.array(&mut source, entry)?;
            report.rounded.extend(rounded.then(|| path.clone()));
            report.loaded.push(path);
            arrays.push(Some(array));
        }
        // Nothing can fail from here on.
        for ((_, param), array) in module.parameters_mut().into_iter().zip(arrays) {
            if let Some(array) = array {
                param.update(|value| value.copy_from_slice(&array.view().contiguous()));
            }
        }
        Ok(report)
    }

    /// Which entry goes where, and what is left.
    fn plan<'h, T: Scalar>(
        &self,
        module: &(impl Module<T> + ?Sized),
        header: &'h Header,
    ) -> Result<(Plan<'h>, LoadReport), Mismatch> {
        let (mut found, mut report) = (Mismatch::default(), LoadReport::default());
        let mut entries = BTreeMap::new();
        for entry in &header.entries {
            let name = &entry.name;
            let path = match &self.rename {
                Some(rename) => rename(name),
                None => Some(name.clone()),
            };
            match path {
                None => report.left_out.push(name.clone()),
                Some(path) if entries.contains_key(&path) => found.doubled.push((name.clone(), path)),
                Some(path) => drop(entries.insert(path, (entry, false))),
            }
        }
        let mut plan = Vec::new();
        for (path, param) in module.parameters() {
            let entry = entries.get_mut(&path).map(|(entry, is_used)| {
                *is_used = true;
                *entry
            });
            match entry {
                None if self.allow_missing => report.missing.push(path.clone()),
                None => found.missing.push(path.clone()),
                Some(Entry { name, kind, shape, .. }) => {
                    if !kind.number.is_some_and(|number| number.is_float()) {
                        found.kinds.push((name.clone(), kind.name));
                    }
                    if shape != param.shape() {
                        found.shapes.push((name.clone(), shape.clone(), param.shape().clone()));
                    }
                }
            }
            plan.push((path, entry));
        }
        for (path, (entry, is_used)) in entries {
            if is_used {
                continue;
            }
            match path.rsplit('.').next() {
                Some("num_batches_tracked") if entry.kind.name == "I64" => {
                    report.left_out.push(entry.name.clone());
                }
                _ if self.allow_extra => report.extra.push(entry.name.clone()),
                _ => found.extra.push(entry.name.clone()),
            }
        }
        if found.is_empty() { Ok((plan, report)) } else { Err(found) }
    }
}

impl fmt::Debug for Load<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("renames", &self.rename.is_some())
            .field("allow_missing", &self.allow_missing)
            .field("allow_extra", &self.allow_extra)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Archive, from_bytes, to_bytes};
    use super::*;
    use crate::{BatchNorm, Linear, Optimizer, Param, Rng, Sgd};
    use autograd::Tensor;
    use expect_test::expect;

    fn net(seed: u64) -> (Linear, BatchNorm) {
        (Linear::new(2, 3, &mut Rng::seed(seed)), BatchNorm::new(3))
    }

    fn values<T: Scalar>(module: &impl Module<T>) -> Vec<Vec<T>> {
        module.parameters().into_iter().map(|(_, param)| param.to_vec()).collect()
    }

    /// The bytes of a file with these tensors, all elements 2.
    fn file(tensors: &[(&str, &[usize])]) -> Vec<u8> {
        let full = |(name, dims): &(&str, &[usize])| (String::from(*name), Tensor::<f32>::full(*dims, 2.0));
        Archive { tensors: tensors.iter().map(full).collect(), ..Archive::default() }.to_bytes().unwrap()
    }

    #[test]
    fn weights_frozen_ones_and_statistics_come_back() {
        let (mut first, mut second) = (net(0), net(1));
        first.1.running_mean.update(|x| x[1] = 5.0);
        first.freeze("0.*");
        second.freeze("1.weight");
        let report = from_bytes(&mut second, &to_bytes(&first).unwrap()).unwrap();
        assert_eq!(values(&second), values(&first));
        let paths: Vec<String> = second.parameters().into_iter().map(|(path, _)| path).collect();
        assert_eq!(report, LoadReport { loaded: paths, ..LoadReport::default() });
        let frozen: Vec<bool> = second.parameters().into_iter().map(|(_, param)| param.is_frozen()).collect();
        assert_eq!(frozen, [false, false, true, false, false, false]);
        assert!(second.1.running_mean.is_statistic());
    }

    #[test]
    fn a_parameter_keeps_its_identity_and_old_graphs_their_values() {
        let mut w = Param::new(Tensor::from([3.0_f32]));
        let bytes = file(&[("", &[1])]);
        let loss = (&w * &w).sum();
        from_bytes(&mut w, &bytes).unwrap();
        let grads = loss.backward();
        assert_eq!(grads[&w].to_vec(), [6.0]);
        Sgd::new(0.5).step(&mut w, &grads);
        assert_eq!(w.to_vec(), [2.0 - 3.0]);
    }

    #[test]
    fn all_that_does_not_fit_is_in_one_error_and_nothing_changes() {
        let mut net = net(0);
        let before = values(&net);
        let bytes = file(&[
            ("0.weight", &[2, 3]),
            ("0.bias", &[]),
            ("1.weight", &[3]),
            ("1.running_mean", &[3]),
            ("old.bias", &[3]),
            ("1.num_batches_tracked", &[]),
            ("again", &[3]),
        ]);
        let rename = |name: &str| Some(if name == "again" { "1.weight" } else { name }.to_owned());
        let error = Load::new().rename(rename).from_bytes(&mut net, &bytes).unwrap_err();
        expect![[r#"
            the bytes: the file does not fit the network, which is unchanged
              missing: 1.bias
              missing: 1.running_var
              extra: 1.num_batches_tracked
              extra: old.bias
              of another shape: 0.weight is [2, 3] in the file, [3, 2] in the network
              of another shape: 0.bias is [] in the file, [3] in the network
              twice: again is renamed to 1.weight, as another entry is
              help: give names other paths by `Load::rename`, or let them be by `allow_missing` and `allow_extra`"#]].assert_eq(&error.to_string());
        let FileErrorKind::Mismatch(found) = error.kind() else { panic!("{error}") };
        assert_eq!(found.missing, ["1.bias", "1.running_var"]);
        assert_eq!(values(&net), before);
        // What is allowed is no reason to refuse; what is not, is one still.
        let lenient = || Load::new().rename(rename).allow_missing().allow_extra();
        let error = lenient().from_bytes(&mut net, &bytes).unwrap_err();
        let FileErrorKind::Mismatch(found) = error.kind() else { panic!("{error}") };
        assert!(found.missing.is_empty() && found.extra.is_empty());
        assert_eq!((found.shapes.len(), found.doubled.len()), (2, 1));
        assert_eq!(values(&net), before);
    }

    #[test]
    fn a_prefix_in_the_file_is_named() {
        let bytes = file(&[("model.weight", &[3, 2]), ("model.bias", &[3]), ("step", &[])]);
        let mut layer: Linear = Linear::new(2, 3, &mut Rng::seed(0));
        let error = from_bytes(&mut layer, &bytes).unwrap_err();
        expect![[r#"
            the bytes: the file does not fit the network, which is unchanged
              missing: weight
              missing: bias
              extra: model.bias
              extra: model.weight
              extra: step
              help: names in the file begin with "model.": `Load::new().rename(|name| name.strip_prefix("model.").map(str::to_owned))`"#]].assert_eq(&error.to_string());
        let load = Load::new().rename(|name| name.strip_prefix("model.").map(str::to_owned));
        let report = load.from_bytes(&mut layer, &bytes).unwrap();
        assert_eq!(
            (report.loaded, report.left_out),
            (vec!["weight".into(), "bias".into()], vec!["step".into()])
        );
        assert_eq!(values(&layer), [vec![2.0; 6], vec![2.0; 3]]);
        // A prefix of some, but not of all, is no cure.
        let bytes = file(&[("model.weight", &[3, 2])]);
        let error = from_bytes(&mut layer, &bytes).unwrap_err().to_string();
        assert!(error.ends_with("or let them be by `allow_missing` and `allow_extra`"), "{error}");
    }

    #[test]
    fn parts_are_loaded_where_that_is_allowed() {
        let bytes = file(&[("0.bias", &[3]), ("2.bias", &[7])]);
        let mut net = net(0);
        let before = values(&net);
        assert!(Load::new().allow_missing().from_bytes(&mut net, &bytes).is_err());
        assert!(Load::new().allow_extra().from_bytes(&mut net, &bytes).is_err());
        assert_eq!(values(&net), before);
        let report = Load::new().allow_missing().allow_extra().from_bytes(&mut net, &bytes).unwrap();
        assert_eq!(
            (&report.loaded[..], &report.extra[..], report.missing.len()),
            (&["0.bias".into()][..], &["2.bias".into()][..], 5)
        );
        assert_eq!(net.0.bias.as_ref().unwrap().to_vec(), [2.0; 3]);
        assert_eq!(values(&net)[0], before[0]);
    }

    /// A number that no `f32` holds is found after others have been read.
    #[test]
    fn nothing_changes_if_the_last_number_is_spoiled() {
        let tensors =
            vec![("bias".into(), Tensor::from([1.0, 2.0, 1e300])), ("weight".into(), Tensor::ones([3, 2]))];
        let bytes = Archive::<f64> { tensors, ..Archive::default() }.to_bytes().unwrap();
        let mut layer: Linear = Linear::new(2, 3, &mut Rng::seed(0));
        let before = values(&layer);
        let error = from_bytes(&mut layer, &bytes).unwrap_err();
        assert_eq!((error.entry(), values(&layer)), (Some("bias"), before));
        let begin = bytes.len() as u64 - 9 * 8;
        assert_eq!(error.offset(), Some(begin + 16));
        let mut double: Linear<f64> = Linear::new(2, 3, &mut Rng::seed(0));
        from_bytes(&mut double, &bytes).unwrap();
        assert_eq!(double.bias.unwrap().to_vec(), [1.0, 2.0, 1e300]);
    }

    #[test]
    fn what_is_rounded_is_told() {
        let tensors =
            vec![("bias".into(), Tensor::from([0.5, 0.1, -3.0])), ("weight".into(), Tensor::ones([3, 2]))];
        let bytes = Archive::<f64> { tensors, ..Archive::default() }.to_bytes().unwrap();
        let mut layer: Linear = Linear::new(2, 3, &mut Rng::seed(0));
        let report = from_bytes(&mut layer, &bytes).unwrap();
        assert_eq!(report.rounded, ["bias"]);
        assert_eq!(layer.bias.unwrap().to_vec(), [0.5, 0.1, -3.0]);
    }
}
