//! How fast weights are written to a file and read from it: `files [FOLDER] [TURNS]`, in turns with Python's `safetensors` where the
//! environment names a Python that has it, by `WENGERT_PYTHON`.
//!
//! The network has 96 matrices of 1024 × 1024 numbers of `f32` and as many biases, some 400 MB. Each turn writes it, reads what was
//! written into another network, and lets Python's `save_file` and `load_file` do the same with NumPy's arrays, to a file of its own.
//! Python's are timed twice: as they are, which leaves it to the system when the disk gets the bytes, and with a call that
//! waits until the disk has them, which ours always do, since they promise a whole file after a power cut. What is read is still in the
//! system's memory. Prints MB/s (10⁶ bytes) of the best and of the median turn; an error if the two sides' files differ.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use wengert::prelude::*;

const WIDTH: usize = 1024;
const LAYERS: usize = 96;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let turns = match arguments.next() {
        Some(text) => text.parse().map_err(|_| format!("{text}: expected a number of turns"))?,
        None => 7,
    };
    if turns == 0 {
        return Err("0: expected a number of turns, at least 1".into());
    }
    let [ours, theirs] = ["ours", "theirs"]
        .map(|name| folder.join(format!("wengert-bench-{}-{name}.safetensors", std::process::id())));
    let result = measure(&ours, &theirs, turns);
    [ours, theirs].into_iter().for_each(|path| drop(std::fs::remove_file(path)));
    result
}

fn net(seed: u64) -> Vec<Linear> {
    let mut rng = Rng::seed(seed);
    (0..LAYERS).map(|_| Linear::new(WIDTH, WIDTH, &mut rng)).collect()
}

fn measure(ours: &Path, theirs: &Path, turns: usize) -> Result<(), Failure> {
    let (net, mut other) = (net(0), net(1));
    // Python reads what it is to write.
    save(&net, ours)?;
    let size = std::fs::metadata(ours)?.len();
    println!("{:.1} MB in {} tensors", size as f64 / 1e6, net.parameters().len());
    let mut python = Python::start(ours, theirs)?;
    let mut times: Vec<(&str, Vec<f64>)> = Vec::new();
    for _ in 0..turns {
        let mut turn = vec![
            ("wengert save", timed(|| save(&net, ours))?),
            ("wengert load", timed(|| load(&mut other, ours).map(drop))?),
        ];
        if let Some(python) = &mut python {
            for name in ["save_file", "save_file, then fsync", "load_file"] {
                turn.push((name, python.seconds(name)?));
            }
            if std::fs::read(ours)? != std::fs::read(theirs)? {
                return Err("the two sides have written different files".into());
            }
        }
        for (name, seconds) in turn {
            match times.iter_mut().find(|(found, _)| *found == name) {
                Some((_, all)) => all.push(seconds),
                None => times.push((name, vec![seconds])),
            }
        }
    }
    println!("{:<24} {:>10} {:>10}", "MB/s", "best", "median");
    for (name, mut seconds) in times {
        seconds.sort_by(f64::total_cmp);
        let [best, median] =
            [seconds[0], seconds[seconds.len() / 2]].map(|seconds| size as f64 / 1e6 / seconds);
        println!("{name:<24} {best:>10.0} {median:>10.0}");
    }
    Ok(())
}

fn timed<E>(run: impl FnOnce() -> Result<(), E>) -> Result<f64, E> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed().as_secs_f64())
}

/// A process that times itself: for each line with a name it answers with a line of seconds.
struct Python {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    fn start(ours: &Path, theirs: &Path) -> Result<Option<Self>, Failure> {
        let Some(program) = std::env::var_os("WENGERT_PYTHON") else {
            println!("WENGERT_PYTHON names no Python with safetensors: only ours are timed");
            return Ok(None);
        };
        let mut child = Command::new(program)
            .args(["-c", SCRIPT])
            .args([ours, theirs])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = child.stdin.take().ok_or("no pipe to Python")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe from Python")?);
        Ok(Some(Python { child, questions, answers }))
    }

    fn seconds(&mut self, what: &str) -> Result<f64, Failure> {
        writeln!(self.questions, "{what}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        answer.trim().parse().map_err(|_| "Python has failed: its message is above".into())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It would end by itself, when its questions do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const SCRIPT: &str = r#"
import os, sys, time
from safetensors.numpy import load_file, save_file

ours, theirs = sys.argv[1:]
tensors = load_file(ours)

def save_and_sync():
    save_file(tensors, theirs)
    file = os.open(theirs, os.O_RDWR)
    os.fsync(file)
    os.close(file)

RUNS = {
    "save_file": lambda: save_file(tensors, theirs),
    "save_file, then fsync": save_and_sync,
    "load_file": lambda: load_file(theirs),
}
for line in sys.stdin:
    start = time.perf_counter()
    result = RUNS[line.strip()]()
    print(time.perf_counter() - start, flush=True)
    del result
"#;
