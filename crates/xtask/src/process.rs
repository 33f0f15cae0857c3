//! Child processes that cannot hang the run: no standard input, a time limit, and whoever outlives it is ended
//! together with all that it started.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// How often a long silence is broken by a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// How long to wait for the last words of a process that has ended but left its output open to others.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a process that ended well has printed.
#[derive(Debug)]
pub(crate) struct Output {
    /// Standard output alone.
    pub(crate) stdout: String,
    /// Standard output and standard error, line by line in the order they came.
    pub(crate) transcript: String,
}

enum Stream {
    Stdout,
    Stderr,
}

/// For [`run`]: shows no line of a process that ends well.
pub(crate) fn silent(_line: &str) -> bool {
    false
}

/// Runs `command` and shows the lines for which `shown` holds as they come. An exit code other than 0, and being alive
/// after `limit`, are errors that carry all that the process printed.
pub(crate) fn run(command: &mut Command, limit: Duration, shown: fn(&str) -> bool) -> Result<Output> {
    let (status, output) = finish(command, limit, shown)?;
    match status.success() {
        true => Ok(output),
        false => Err(format!("{}\n`{}` ended with {status}", output.transcript, describe(command))),
    }
}

/// As [`run`], for whom other exit codes than 0 mean something.
pub(crate) fn finish(
    command: &mut Command,
    limit: Duration,
    shown: fn(&str) -> bool,
) -> Result<(ExitStatus, Output)> {
    let name = describe(command);
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{name}` does not start: {error}"))?;
    let lines = read_lines(&mut child);
    let mut output = Output { stdout: String::new(), transcript: String::new() };
    let mut hear = |(stream, line): (Stream, String)| {
        if shown(line.trim_end()) {
            println!("  {}", line.trim_end());
        }
        if let Stream::Stdout = stream {
            output.stdout.push_str(&line);
        }
        output.transcript.push_str(&line);
    };

    let mut next_sign = SIGN_OF_LIFE;
    let status = loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => hear(line),
            // Nobody speaks any more, yet the process may live: do not spin on the closed channel.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(50)),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = child.try_wait().map_err(|error| format!("`{name}`: {error}"))? {
            break Some(status);
        }
        if start.elapsed() > limit {
            end(&mut child);
            break None;
        }
        if start.elapsed() > next_sign {
            let program = name.split(' ').next().unwrap_or(&name);
            println!("  ... {} s, {program} is still running", start.elapsed().as_secs());
            next_sign += SIGN_OF_LIFE;
        }
    };
    let ended = Instant::now();
    while let Ok(line) = lines.recv_timeout(LAST_WORDS.saturating_sub(ended.elapsed())) {
        hear(line);
    }
    match status {
        Some(status) => Ok((status, output)),
        None => Err(format!(
            "{}\n`{name}` was still running after {} s and has been ended",
            output.transcript,
            limit.as_secs()
        )),
    }
}

/// The command as one would type it.
fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Both outputs, read by a thread each. The threads end when the last holder of the pipes does; nobody waits for them.
fn read_lines(child: &mut Child) -> Receiver<(Stream, String)> {
    let (sender, receiver) = channel();
    let stdout = child.stdout.take().expect("standard output is piped");
    let stderr = child.stderr.take().expect("standard error is piped");
    let other = sender.clone();
    thread::spawn(move || forward(stdout, || Stream::Stdout, &sender));
    thread::spawn(move || forward(stderr, || Stream::Stderr, &other));
    receiver
}

fn forward(from: impl Read, stream: fn() -> Stream, to: &Sender<(Stream, String)>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        if to.send((stream(), String::from_utf8_lossy(&line).into_owned())).is_err() {
            return;
        }
        line.clear();
    }
}

/// Ends a process and, on Linux, all that it started: killing cargo alone would leave its tests behind.
fn end(child: &mut Child) {
    let family = descendants(child.id());
    // An error here means that the process has ended by itself in the meantime.
    let _ = child.kill();
    let _ = child.wait();
    if !family.is_empty() {
        let ids: Vec<String> = family.iter().map(u32::to_string).collect();
        let _ = Command::new("sh").arg("-c").arg(format!("kill -KILL {}", ids.join(" "))).output();
    }
}

/// The processes below `ancestor`, from `/proc`; where there is no `/proc`, none.
fn descendants(ancestor: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            // `id (name) state parent ...`, where the name may hold anything, parentheses too.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((id, parent))
        })
        .collect();
    let mut family = vec![ancestor];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(id, _)| *id));
        next += 1;
    }
    family.split_off(1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<Output> {
        run(Command::new("sh").args(["-c", script]), limit, silent)
    }

    #[test]
    fn keeps_both_outputs_and_only_one_of_them_apart() {
        let output = shell("echo out; echo err >&2", Duration::from_secs(20)).unwrap();
        assert_eq!(output.stdout, "out\n");
        assert_eq!(output.transcript.len(), "out\nerr\n".len());
    }

    #[test]
    fn a_failure_carries_all_that_was_printed() {
        let message = shell("echo why >&2; exit 3", Duration::from_secs(20)).unwrap_err();
        assert!(message.starts_with("why\n") && message.contains("exit status: 3"), "{message}");
    }

    #[test]
    fn standard_input_is_closed() {
        assert_eq!(shell("cat", Duration::from_secs(20)).unwrap().stdout, "");
    }

    #[test]
    fn whoever_outlives_the_limit_is_ended_with_its_children() {
        let start = Instant::now();
        let script = "echo begun; sleep 77 & echo child $!; wait";
        let message = shell(script, Duration::from_millis(500)).unwrap_err();
        assert!(message.contains("begun") && message.contains("still running after"), "{message}");
        assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
        let child = message.lines().find_map(|line| line.strip_prefix("child ")).unwrap();
        // A signal takes a moment to arrive, and then a zombie waits for its parent.
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            !stat.is_empty() && !stat.contains(") Z ")
        };
        while lives() {
            assert!(start.elapsed() < Duration::from_secs(10), "the child lives");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_child_that_keeps_the_pipe_open_does_not_hold_us() {
        let start = Instant::now();
        let output = shell("sleep 30 & echo done", Duration::from_secs(60)).unwrap();
        assert_eq!(output.stdout, "done\n");
        assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
    }
}
