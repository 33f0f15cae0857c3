//! Logs: a row for each epoch, as CSV for tables and as JSON for programs.

use super::{Callback, Control, EpochReport, InTraining, Plan};
use crate::files::{FileError, FileErrorKind, replace, write_json};
use autograd::Scalar;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

/// A file with a row for each epoch: its number, losses, metrics, the learning rate of its last step, and seconds. A row is written when the epoch is over,
/// so that it can be watched, and outlives the process.
///
/// Where a checkpoint is resumed, rows of epochs that are made once more are replaced; otherwise a file that was there is.
///
/// ```
/// use nn::{Dataset, Linear, Log, Rng, Sgd, Tensor, Trainer, mse};
/// # let path = std::env::temp_dir().join(format!("wengert-log-doc-{}.csv", std::process::id()));
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Linear::new(2, 1, &mut Rng::seed(0));
/// Trainer::new(Sgd::new(0.1)).loss(mse).epochs(2).with(Log::csv(&path)).fit(&mut net, &data, &data)?;
/// let text = std::fs::read_to_string(&path).unwrap();
/// assert!(text.starts_with("epoch,train loss,test loss,learning rate,seconds\n1,") && text.lines().count() == 3);
///
/// // In a loop by hand:
/// let mut log = Log::csv(&path);
/// for step in 0..3 {
///     log.row(&[("step", f64::from(step)), ("loss", 0.5)])?;
/// }
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "step,loss\n0,0.5\n1,0.5\n2,0.5\n");
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), nn::TrainError>(())
/// ```
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    format: Format,
    file: Option<File>,
    /// The names of the columns, once they are known.
    names: Vec<String>,
    failure: Option<FileError>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Csv,
    Json,
}

impl Log {
    /// Values between commas (RFC 4180), with a first row of names. Numbers are written so that they are read again exactly; `NaN` and
    /// `inf` stand for what is not finite.
    pub fn csv(path: impl Into<PathBuf>) -> Self {
        Log { path: path.into(), format: Format::Csv, file: None, names: Vec::new(), failure: None }
    }

    /// An object of JSON on each line, `{"epoch":1,"train loss":0.25}`; `null` stands for what is not finite.
    ///
    /// ```
    /// use nn::Log;
    /// # let path = std::env::temp_dir().join(format!("wengert-log-json-doc-{}.jsonl", std::process::id()));
    /// Log::json(&path).row(&[("epoch", 1.0), ("train loss", f64::NAN)])?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"epoch\":1,\"train loss\":null}\n");
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), nn::FileError>(())
    /// ```
    pub fn json(path: impl Into<PathBuf>) -> Self {
        Log { format: Format::Json, ..Self::csv(path) }
    }

    /// Writes a row: names and values. The first makes the file, and its folder, or replaces what was there, but for
    /// [`go_on`](Self::go_on).
    ///
    /// # Errors
    /// If the file cannot be written.
    ///
    /// # Panics
    /// If the names are not those of the first row.
    #[track_caller]
    pub fn row(&mut self, values: &[(&str, f64)]) -> Result<(), FileError> {
        let is_first = self.names.is_empty();
        if is_first {
            self.names = values.iter().map(|(name, _)| (*name).to_owned()).collect();
        }
        assert!(
            values.iter().map(|(name, _)| *name).eq(self.names.iter().map(String::as_str)),
            "Log: the first row had {:?}, this one has other names\n  help: write rows of other values to a log of their own",
            self.names
        );
        let mut text = String::new();
        match self.format {
            Format::Csv => {
                if is_first && self.file.is_none() {
                    text.push_str(&self.header());
                }
                let numbers: Vec<String> = values.iter().map(|(_, value)| value.to_string()).collect();
                text.push_str(&numbers.join(","));
            }
            Format::Json => {
                for (i, (name, value)) in values.iter().enumerate() {
                    text.push(if i == 0 { '{' } else { ',' });
                    write_json(name, &mut text);
                    text.push(':');
                    text.push_str(&if value.is_finite() { value.to_string() } else { "null".to_owned() });
                }
                text.push('}');
            }
        }
        text.push('\n');
        let Log { path, file, .. } = self;
        let written = (|| {
            let file = match file {
                Some(file) => file,
                None => {
                    path.parent().map_or(Ok(()), fs::create_dir_all)?;
                    file.insert(File::create(&*path)?)
                }
            };
            // In one piece, so that no row is half written when the process dies.
            file.write_all(text.as_bytes())
        })();
        written.map_err(|error| FileErrorKind::Write(error).of_file(path))
    }

    /// The first row of a table.
    fn header(&self) -> String {
        let quoted = |name: &String| match name.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", name.replace('"', "\"\"")),
            false => name.clone(),
        };
        self.names.iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
    }

    /// Keeps the rows of epochs before this one in a file that is there, and goes on behind them: for a loop by hand that goes on from a
    /// checkpoint. The epoch is what stands first in a row, under the name `epoch`.
    ///
    /// ```
    /// use nn::Log;
    /// # let path = std::env::temp_dir().join(format!("wengert-log-go-on-{}.csv", std::process::id()));
    /// # std::fs::write(&path, "epoch,loss\n1,0.5\n2,0.25\n").unwrap();
    /// let mut log = Log::csv(&path); // with rows of epochs 1 and 2, from before; the checkpoint is from the end of the first
    /// log.go_on(2)?;
    /// log.row(&[("epoch", 2.0), ("loss", 0.125)])?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "epoch,loss\n1,0.5\n2,0.125\n");
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), nn::FileError>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn go_on(&mut self, epoch: usize) -> Result<(), FileError> {
        let Ok(text) = fs::read_to_string(&self.path) else { return Ok(()) };
        let number = |line: &str| {
            let first = line.strip_prefix("{\"epoch\":").unwrap_or(line).split([',', '}']).next()?;
            first.parse::<usize>().ok()
        };
        let stays = |line: &&str| number(line).map_or(line.starts_with("epoch"), |number| number < epoch);
        // A last row without its end was being written when the process died.
        let kept: String =
            text.split_inclusive('\n').filter(|line| line.ends_with('\n')).filter(stays).collect();
        if kept.is_empty() {
            return Ok(());
        }
        let done = replace(&self.path, |out| out.write_all(kept.as_bytes()))
            .and_then(|()| OpenOptions::new().append(true).open(&self.path));
        self.file = Some(done.map_err(|error| FileErrorKind::Write(error).of_file(&self.path))?);
        Ok(())
    }
}

impl<T: Scalar> Callback<T> for Log {
    fn on_start(&mut self, plan: &Plan, _: &mut InTraining<'_, T>) {
        if plan.epoch > 1 {
            self.failure = self.go_on(plan.epoch).err();
        }
    }

    fn on_epoch(&mut self, epoch: &EpochReport, training: &mut InTraining<'_, T>) -> Control {
        let measured_loss = format!("{} loss", epoch.measured_on);
        let mut values = vec![
            ("epoch", epoch.epoch as f64),
            ("train loss", epoch.train_loss),
            (&measured_loss, epoch.test_loss),
        ];
        values.extend(&epoch.metrics);
        values.extend([("learning rate", training.lr), ("seconds", epoch.seconds)]);
        self.failure = self.row(&values).err();
        Control::Continue
    }

    fn failure(&mut self) -> Option<FileError> {
        self.failure.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;
    use crate::{Dataset, Exponential, Linear, Sgd, StepDecay, TensorBoard, Trainer, mse};
    use autograd::{Rng, Tensor};

    #[test]
    fn names_and_numbers_are_written_so_that_they_can_be_read() {
        let folder = Folder::new();
        let path = folder.path().join("log");
        let values = [("a,\"b\"", 0.1), ("c", f64::NAN), ("d", -1e-300)];
        Log::csv(&path).row(&values).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("\"a,\"\"b\"\"\",c,d\n0.1,NaN,{}\n", -1e-300));
        let mut log = Log::json(&path);
        log.row(&values).unwrap();
        log.row(&values).unwrap();
        let line = format!("{{\"a,\\\"b\\\"\":0.1,\"c\":null,\"d\":{}}}\n", -1e-300);
        assert_eq!(fs::read_to_string(&path).unwrap(), line.repeat(2));
        let new = folder.path().join("new/folder/log");
        Log::csv(&new).row(&values).unwrap();
        assert!(new.is_file());
        let error = Log::csv(folder.path()).row(&values).unwrap_err().to_string();
        assert!(error.contains("cannot be written"), "{error}");
    }

    #[test]
    fn rows_that_are_made_once_more_are_replaced() {
        let folder = Folder::new();
        for (mut log, header) in
            [(Log::csv(folder.path().join("csv")), 1), (Log::json(folder.path().join("json")), 0)]
        {
            let path = log.path.clone();
            for epoch in 1..=12 {
                log.row(&[("epoch", f64::from(epoch)), ("loss", 0.5)]).unwrap();
            }
            let all = fs::read_to_string(&path).unwrap();
            // The process dies in the middle of a row.
            fs::write(&path, format!("{all}{}", &all.lines().last().unwrap()[..3])).unwrap();
            let mut log = Log { names: Vec::new(), file: None, failure: None, ..log };
            log.go_on(3).unwrap();
            for epoch in 3..=4 {
                log.row(&[("epoch", f64::from(epoch)), ("loss", 0.5)]).unwrap();
            }
            let expected: String = all.split_inclusive('\n').take(4 + header).collect();
            assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        }
    }

    #[test]
    #[should_panic(expected = "the first row had [\"a\"]")]
    fn all_rows_have_the_same_names() {
        let folder = Folder::new();
        let mut log = Log::csv(folder.path().join("log"));
        log.row(&[("a", 1.0)]).unwrap();
        let _ = log.row(&[("b", 1.0)]);
    }

    /// A rate of 1, a tenth from epoch to epoch; or half from step to step, of which there are two in an epoch.
    #[test]
    fn the_rate_is_that_of_the_steps_that_were_made() {
        let folder = Folder::new();
        let path = folder.path().join("log");
        let data = Dataset::new(Tensor::<f32>::zeros([8, 1]), Tensor::zeros([8, 1])).unwrap();
        let expected = [[1.0, 0.1, 0.01], [0.5, 0.125, 0.03125]];
        for (per_step, is_first) in [(false, false), (false, true), (true, false), (true, true)] {
            let board = folder.path().join(format!("board {per_step} {is_first}"));
            let trainer = Trainer::new(Sgd::new(1.0)).loss(mse).epochs(3).batch(4);
            let told = |trainer: Trainer<'static, _, _, Tensor>| {
                trainer.with(Log::csv(&path)).with(TensorBoard::new(&board))
            };
            let set = |trainer: Trainer<'static, _, _, Tensor>| match per_step {
                true => trainer.schedule_steps(Exponential::new(0.5)),
                false => trainer.schedule(StepDecay::new(1)),
            };
            let mut trainer = if is_first { told(set(trainer)) } else { set(told(trainer)) };
            trainer.fit(&mut Linear::new(1, 1, &mut Rng::seed(0)), &data, &data).unwrap();
            let expected = expected[usize::from(per_step)];
            let close = |found: &[f64]| {
                let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
                found.len() == 3 && off.fold(0.0, f64::max) < 1e-6
            };
            let text = fs::read_to_string(&path).unwrap();
            let rows = text.lines().skip(1).map(|row| row.split(',').nth(3).unwrap().parse().unwrap());
            let found: Vec<f64> = rows.collect();
            assert!(close(&found), "Log, schedule first: {is_first}: {found:?} for {expected:?}");
            // A tag, then the field of the number, of four bytes.
            let file = fs::read_dir(&board).unwrap().next().unwrap().unwrap().path();
            let (bytes, tag) = (fs::read(file).unwrap(), b"learning rate\x15");
            let places = (0..bytes.len()).filter(|&i| bytes[i..].starts_with(tag));
            let number = |i: usize| f32::from_le_bytes(bytes[i + tag.len()..][..4].try_into().unwrap());
            let found: Vec<f64> = places.map(|i| number(i).into()).collect();
            assert!(close(&found), "TensorBoard, schedule first: {is_first}: {found:?} for {expected:?}");
        }
    }
}
