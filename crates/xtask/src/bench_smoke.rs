//! `cargo xtask bench-smoke`: the instructions of a training step and of an operator, counted, beside those that were kept.
//! A count does not depend on what else the machine does, so a step that became more expensive is seen even in CI.
//!
//! What it does depend on is the compiler, which is kept with the figures: with another one nothing is judged. The C
//! library has a small part in it, the processor none: valgrind shows every program the same one, with AVX2 and without
//! AVX-512. Nor does a count know of caches, threads and the time that an instruction takes; for these there are benches.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::workspace::Workspace;
use crate::{Result, process, valgrind};

/// The cases of `smoke`, and with how many steps each is run; it is run again with twice as many, and the difference is
/// counted, so that what happens once does not matter. Products of matrices get few steps: valgrind is slow at FMA.
const CASES: [(&str, u64); 13] = [
    ("tiny", 100),
    ("digits", 50),
    ("deep", 2),
    ("mnist-sgd", 1),
    ("mnist-adam", 1),
    ("chain", 100),
    ("softmax", 100),
    ("layer-norm", 50),
    ("sum", 100),
    ("transpose", 50),
    ("rows", 50),
    ("conv2d", 10),
    ("max-pool", 20),
];

/// Where the figures are kept, from the top of the repository.
const FILE: &str = "benches/instructions.json";

/// How much a count may change, in percent of the one that was kept.
const TOLERANCE: u64 = 5;

const BUILD_LIMIT: Duration = Duration::from_secs(20 * 60);
const RUN_LIMIT: Duration = Duration::from_secs(60);

/// The instructions of a step of each case, and the compiler that chose them, as `rustc 1.95.0 (59807616e 2026-04-14)`.
#[derive(Clone, Debug, PartialEq)]
struct Figures {
    rustc: String,
    steps: BTreeMap<String, u64>,
}

/// Counts each case and compares it with its figure; with `UPDATE` in the environment, keeps what it counted.
pub(crate) fn run(workspace: &Workspace) -> Result {
    if !valgrind::ready()? {
        return Ok(());
    }
    if !processor_has_avx2() {
        println!("  skipped: the figures are those of a processor with AVX2 and FMA");
        return Ok(());
    }
    let mut build = workspace.cargo("build --release -p benches --bin smoke");
    // Flags of one's own, such as those for the processor at hand, would be counted too.
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    process::run(&mut build, BUILD_LIMIT, process::silent)?;

    let steps = CASES
        .iter()
        .map(|&(case, steps)| {
            let (once, twice) = (count(workspace, case, steps)?, count(workspace, case, 2 * steps)?);
            Ok((case.to_owned(), twice.saturating_sub(once) / steps))
        })
        .collect::<Result<_>>()?;
    let counted = Figures { rustc: workspace.rustc("--version")?, steps };

    let file = workspace.root.join(FILE);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, counted.print()).map_err(|error| format!("{FILE}: {error}"))?;
        println!("  wrote {FILE}");
        return Ok(());
    }
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{FILE}: {error}"))?;
    compare(&Figures::parse(&text).map_err(|error| format!("{FILE}: {error}"))?, &counted)
}

#[cfg(target_arch = "x86_64")]
fn processor_has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

#[cfg(not(target_arch = "x86_64"))]
fn processor_has_avx2() -> bool {
    false
}

/// The instructions of a whole run of `smoke`.
fn count(workspace: &Workspace, case: &str, steps: u64) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(workspace.target.join("release").join("smoke"))
        .args([case, &steps.to_string()]);
    let output = process::run(&mut command, RUN_LIMIT, process::silent)?;
    instructions(&output.transcript)
        .ok_or_else(|| format!("valgrind did not say how many instructions it ran:\n{}", output.transcript))
}

/// The number in a line such as `==4711== I   refs:      1,234,567`.
fn instructions(transcript: &str) -> Option<u64> {
    let line = transcript.lines().find(|line| line.split_whitespace().skip(1).take(2).eq(["I", "refs:"]))?;
    line.split_whitespace().last()?.replace(',', "").parse().ok()
}

impl Figures {
    fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let rustc = value["rustc"].as_str().ok_or("no text `rustc`")?.to_owned();
        let steps = value["instructions"].as_object().ok_or("no object `instructions`")?;
        let steps = steps
            .iter()
            .map(|(case, count)| match count.as_u64() {
                Some(count @ 1..) => Ok((case.clone(), count)),
                _ => Err(format!("`{case}`: expected a whole number above 0, found {count}")),
            })
            .collect::<Result<_>>()?;
        Ok(Self { rustc, steps })
    }

    fn print(&self) -> String {
        format!("{:#}\n", json!({"rustc": self.rustc, "instructions": self.steps}))
    }
}

/// Prints a line for each case. An error names those that became more expensive by more than [`TOLERANCE`], and those that
/// have no figure; with another compiler than the kept one, nothing is an error.
fn compare(kept: &Figures, counted: &Figures) -> Result {
    let (mut problems, mut better) = (Vec::new(), Vec::new());
    for (case, &now) in &counted.steps {
        let Some(&before) = kept.steps.get(case) else {
            problems.push(format!("{case}: {now} instructions a step, and no figure to compare them with"));
            continue;
        };
        let change = 100.0 * (now as f64 / before as f64 - 1.0);
        let line = format!("{case}: {now} instructions a step, {before} were kept: {change:+.1} %");
        println!("  {line}");
        if 100 * now > (100 + TOLERANCE) * before {
            problems.push(line);
        } else if 100 * now < (100 - TOLERANCE) * before {
            better.push(case.as_str());
        }
    }
    if kept.rustc != counted.rustc {
        println!("  not judged: the figures are of {}, and this is {}", kept.rustc, counted.rustc);
        return Ok(());
    }
    if !better.is_empty() {
        println!("  better than what was kept: {}. {RENEW}", better.join(", "));
    }
    if problems.is_empty() { Ok(()) } else { Err(format!("{}\n{RENEW}", problems.join("\n"))) }
}

const RENEW: &str = "If it is meant to stay, keep the new figures: `UPDATE=1 cargo xtask bench-smoke`";

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(rustc: &str, steps: &[(&str, u64)]) -> Figures {
        let steps = steps.iter().map(|&(case, count)| (case.to_owned(), count)).collect();
        Figures { rustc: rustc.to_owned(), steps }
    }

    #[test]
    fn the_instructions_stand_in_their_own_line() {
        let transcript = "==7== Command: smoke I refs: 3\n==7== \n==7== I   refs:      1,234,567\n";
        assert_eq!(instructions(transcript), Some(1_234_567));
        assert_eq!(instructions("==7== I1  misses: 3\n"), None);
        assert_eq!(instructions(""), None);
    }

    #[test]
    fn figures_are_read_as_they_were_written() {
        let figures = figures("rustc 1.0", &[("tiny", 3), ("deep", 4)]);
        assert_eq!(Figures::parse(&figures.print()), Ok(figures));
    }

    #[test]
    fn what_is_wrong_with_the_file_is_named() {
        for (text, complaint) in [
            ("{", "EOF"),
            ("{}", "no text `rustc`"),
            (r#"{"rustc": "r"}"#, "no object `instructions`"),
            (
                r#"{"rustc": "r", "instructions": {"tiny": 0}}"#,
                "`tiny`: expected a whole number above 0, found 0",
            ),
        ] {
            let message = Figures::parse(text).unwrap_err();
            assert!(message.contains(complaint), "{text}: {message}");
        }
    }

    #[test]
    fn only_what_became_more_expensive_is_an_error() {
        let kept = figures("r", &[("a", 1000), ("b", 1000), ("c", 1000)]);
        assert_eq!(compare(&kept, &figures("r", &[("a", 1050), ("b", 500), ("c", 1000)])), Ok(()));
        let message = compare(&kept, &figures("r", &[("a", 1051), ("b", 1000), ("c", 500)])).unwrap_err();
        assert!(message.contains("a: 1051 instructions a step, 1000 were kept: +5.1 %"), "{message}");
        assert!(!message.contains("b: ") && !message.contains("c: "), "{message}");
    }

    #[test]
    fn a_case_without_a_figure_is_an_error() {
        let message = compare(&figures("r", &[]), &figures("r", &[("a", 7)])).unwrap_err();
        assert!(message.starts_with("a: 7 instructions a step, and no figure"), "{message}");
    }

    #[test]
    fn another_compiler_is_not_judged() {
        let kept = figures("rustc 1.95.0", &[("a", 1)]);
        assert_eq!(compare(&kept, &figures("rustc 1.96.0", &[("a", 2), ("b", 2)])), Ok(()));
    }
}
