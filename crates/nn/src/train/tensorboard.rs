//! Files that TensorBoard shows: curves of losses, metrics and the learning rate, and histograms of weights.
//!
//! A file of events is a row of records: a length of eight bytes, its checksum, so many bytes, and theirs. The bytes are an `Event`, a
//! message of Protocol Buffers. The checksum is CRC-32C (G. Castagnoli, S. Brauer and M. Herrmann, 1993), turned and shifted:
//! `rotate_right(crc, 15) + 0xa282ead8`.
//!
//! Source: the numbers of the fields are those of `event.proto` and `summary.proto` of TensorFlow; the record, its `record_writer`.

use super::{Callback, Control, EpochReport, InTraining, Plan, StepReport};
use crate::diagnose::{Diagnosis, LayerState};
use crate::files::{FileError, FileErrorKind};
use crate::module::Path;
use autograd::onnx::Message;
use autograd::{Scalar, Tensor};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes what happens for TensorBoard: the loss of every step, and after every epoch losses, metrics and the learning rate of its last step; with
/// [`histograms`](Self::histograms) also the weights, and the state of the layers as often as
/// [`Trainer::diagnose_every`](crate::Trainer::diagnose_every) looks at them. `tensorboard --logdir FOLDER` shows it, many runs beside each other if each has a
/// folder of its own below that.
///
/// ```
/// use nn::{Dataset, Layer, Linear, Mode, Rng, Sgd, Tensor, TensorBoard, Trainer, diagnose, mse};
/// # let folder = std::env::temp_dir().join(format!("wengert-tensorboard-doc-{}", std::process::id()));
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// let board = TensorBoard::new(folder.join("first")).histograms();
/// Trainer::new(Sgd::new(0.1)).loss(mse).epochs(2).with(board).fit(&mut net, &data, &data)?;
///
/// // In a loop by hand:
/// let mut board = TensorBoard::new(folder.join("second"));
/// for step in 0..3 {
///     let (loss, diagnosis) = diagnose(&net, || mse(&net.forward(data.x(), &mut Mode::eval()), data.y()));
///     board.scalar("loss", step, loss.item().into())?;
///     board.histogram("weight", step, &net.weight)?;
///     board.diagnosis(step, &diagnosis)?;
/// }
/// assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2); // two runs, beside each other
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Debug)]
pub struct TensorBoard {
    folder: PathBuf,
    histograms: bool,
    file: Option<(PathBuf, fs::File)>,
    /// The steps that have been made.
    steps: u64,
    failure: Option<FileError>,
}

impl TensorBoard {
    /// In this folder, which is made with the first event.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        TensorBoard { folder: folder.into(), histograms: false, file: None, steps: 0, failure: None }
    }

    /// Also a histogram of every parameter after every epoch.
    pub fn histograms(self) -> Self {
        TensorBoard { histograms: true, ..self }
    }

    /// Writes a number under a tag, such as `loss/train`, which TensorBoard shows as a curve over the steps. What stands before `/` makes a
    /// group.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<(), FileError> {
        self.summary(step, |summary| {
            summary.text(1, tag);
            summary.float(2, value as f32);
        })
    }

    /// Writes how the numbers of a tensor are spread, in thirty parts of equal width; those that are not finite are left out.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn histogram<T: Scalar>(
        &mut self,
        tag: &str,
        step: u64,
        tensor: &Tensor<T>,
    ) -> Result<(), FileError> {
        let numbers: Vec<f64> =
            tensor.to_vec().into_iter().map(Into::into).filter(|x: &f64| x.is_finite()).collect();
        self.summary(step, |summary| {
            summary.text(1, tag);
            summary.message(5, |histogram| write_histogram(histogram, &numbers));
        })
    }

    /// Writes the state of every layer, as [`diagnose`](crate::diagnose()) sees it, under its path: `layer mean/` and `layer deviation/` of
    /// what it gives, `layer dead/`, the share of its units that are, and `layer gradient/`, the root mean square of its gradient.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn diagnosis(&mut self, step: u64, diagnosis: &Diagnosis) -> Result<(), FileError> {
        for LayerState { path, mean, deviation, dead, gradient, .. } in &diagnosis.rows {
            let path = if path.is_empty() { "(itself)" } else { path };
            let values = [("mean", *mean), ("deviation", *deviation), ("dead", *dead)];
            for (name, value) in values.into_iter().chain(gradient.map(|gradient| ("gradient", gradient))) {
                self.scalar(&format!("layer {name}/{path}"), step, value)?;
            }
        }
        Ok(())
    }

    /// Writes an event with a value of a summary.
    fn summary(&mut self, step: u64, value: impl FnOnce(&mut Message)) -> Result<(), FileError> {
        self.event(step, |event| event.message(5, |summary| summary.message(1, value)))
    }

    fn event(&mut self, step: u64, what: impl FnOnce(&mut Message)) -> Result<(), FileError> {
        let written = self.write(step, what);
        let path = self.file.as_ref().map_or(&self.folder, |(path, _)| path);
        written.map_err(|error| FileErrorKind::Write(error).of_file(path))
    }

    fn write(&mut self, step: u64, what: impl FnOnce(&mut Message)) -> io::Result<()> {
        if self.file.is_none() {
            fs::create_dir_all(&self.folder)?;
            let name = format!("events.out.tfevents.{:.0}.wengert.{}", now().floor(), std::process::id());
            let path = self.folder.join(name);
            let file = OpenOptions::new().append(true).create(true).open(&path)?;
            let (_, file) = self.file.insert((path, file));
            file.write_all(&record(&event(0, |event| event.text(3, "brain.Event:2"))))?;
        }
        let (_, file) = self.file.as_mut().expect("it has just been opened");
        file.write_all(&record(&event(step, what)))
    }

    /// Notes the first failure.
    fn note(&mut self, outcome: Result<(), FileError>) {
        if let (None, Err(error)) = (&self.failure, outcome) {
            self.failure = Some(error);
        }
    }
}

impl<T: Scalar> Callback<T> for TensorBoard {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_, T>) {
        self.steps = ((plan.epoch - 1) * plan.steps_per_epoch + plan.step) as u64;
        if self.steps > 0 {
            // A session begins: what another has written of later steps does not count.
            let begun = self.event(self.steps + 1, |event| event.message(7, |log| log.number(1, 1)));
            self.note(begun);
        }
    }

    fn on_step(&mut self, step: &StepReport, _: &mut InTraining<'_, T>) -> Control {
        self.steps += 1;
        let written = self.scalar("loss/step", self.steps, step.loss);
        self.note(written);
        Control::Continue
    }

    fn on_diagnosis(&mut self, step: usize, diagnosis: &Diagnosis) {
        let written = self.diagnosis(step as u64, diagnosis);
        self.note(written);
    }

    fn on_epoch(&mut self, epoch: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        let mut scalars = vec![
            ("loss/train".to_owned(), epoch.train_loss),
            (format!("loss/{}", epoch.measured_on), epoch.test_loss),
            ("learning rate".to_owned(), training.lr),
        ];
        scalars.extend(epoch.metrics.iter().map(|(name, value)| (format!("metrics/{name}"), *value)));
        for (tag, value) in scalars {
            let written = self.scalar(&tag, self.steps, value);
            self.note(written);
        }
        if self.histograms {
            training.module.visit(&mut Path::default(), &mut |path, param| {
                let written = self.histogram(path.as_str(), self.steps, param);
                self.note(written);
            });
        }
        Control::Continue
    }

    fn failure(&mut self) -> Option<FileError> {
        self.failure.take()
    }
}

/// The seconds since 1970.
fn now() -> f64 {
    // A clock before that is wrong, and no reason to end training.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn event(step: u64, what: impl FnOnce(&mut Message)) -> Vec<u8> {
    let mut event = Message::default();
    event.double(1, now());
    event.number(2, step);
    what(&mut event);
    event.into_bytes()
}

/// A `HistogramProto`.
fn write_histogram(message: &mut Message, numbers: &[f64]) {
    const PARTS: usize = 30;
    let (least, most) =
        numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
    let width = (most - least) / PARTS as f64;
    let parts = if numbers.is_empty() {
        0
    } else if width > 0.0 {
        PARTS
    } else {
        1
    };
    let mut counts = vec![0.0; parts];
    for x in numbers {
        // The greatest belongs to the last part, not behind it.
        counts[if parts > 1 { (((x - least) / width) as usize).min(parts - 1) } else { 0 }] += 1.0;
    }
    let limit = |i: usize| if i + 1 == parts { most } else { least + width * (i + 1) as f64 };
    let packed =
        |values: &mut dyn Iterator<Item = f64>| values.flat_map(f64::to_le_bytes).collect::<Vec<u8>>();
    message.double(1, if parts > 0 { least } else { 0.0 });
    message.double(2, if parts > 0 { most } else { 0.0 });
    message.double(3, numbers.len() as f64);
    message.double(4, numbers.iter().sum());
    message.double(5, numbers.iter().map(|x| x * x).sum());
    message.bytes(6, &packed(&mut (0..parts).map(limit)));
    message.bytes(7, &packed(&mut counts.into_iter()));
}

/// A record with these bytes.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(checksum(&length).to_le_bytes());
    record.extend(bytes);
    record.extend(checksum(bytes).to_le_bytes());
    record
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The remainder of division by Castagnoli's polynomial, bit by bit from the lowest.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 },
        )
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 3720, appendix B.4.
    #[test]
    fn the_checksum_is_that_of_the_standard() {
        let ascending: Vec<u8> = (0..32).collect();
        let descending: Vec<u8> = (0..32).rev().collect();
        for (bytes, crc) in [
            (&[0; 32][..], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&ascending, 0x46dd_794e),
            (&descending, 0x113f_db5c),
        ] {
            assert_eq!(crc32c(bytes), crc);
        }
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let folder = crate::testing::Folder::new();
        let file = folder.write("file", b"");
        let error = TensorBoard::new(file).scalar("a", 1, 1.0).unwrap_err().to_string();
        assert!(error.contains("file: cannot be written"), "{error}");
    }
}
