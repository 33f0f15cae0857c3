//! `cargo xtask mutants`: makes every rule of differentiation wrong in every small way, one at a time, and asks whether the tests
//! see it.
//!
//! All mutants are compiled at once: in a copy of the sources each rule's body becomes a `match` on a number from the environment,
//! with one arm for each mutant and the true body last. Those whose types do not fit are left out. The tests then run once for
//! each number, up to the first that fails. Mutants that change no result are listed in `equivalent.txt`, each with the reason. The
//! idea is that of *mutant schemata* (Untch, Offutt and Harrold, 1993).

mod build;
mod find;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::workspace::Workspace;
use crate::{Result, process};
use build::{build, copy_sources, read, sources};
use find::{Change, Rule, one_line};

/// Where the rules are.
const RULES: &str = "crates/autograd/src/ops";

/// The variable of the environment that chooses a mutant; 0 and its absence choose none.
const CHOICE: &str = "WENGERT_MUTANT";

/// Mutants that change no result, a line each, and why.
const EQUIVALENT: &str = include_str!("equivalent.txt");

/// Tests that take longer than this are left out: there are hundreds of mutants.
const QUICK: Duration = Duration::from_secs(20);

/// A mutant that makes the tests run this long is one that they have caught.
const LIMIT: Duration = Duration::from_secs(60);

/// A rule with one change.
struct Mutant {
    file: String,
    rule: String,
    change: Change,
    /// What is changed, and the line in which it begins.
    before: String,
    within: String,
    /// The lines of its arm in the copy.
    arm: Range<usize>,
    compiles: bool,
}

impl Mutant {
    /// What it is, as the list of equivalent ones has it: numbers of lines change.
    fn describe(&self) -> String {
        let Mutant { file, rule, before, change, within, .. } = self;
        format!("{file}: {rule}: `{before}` by `{}` in `{within}`", one_line(&change.by))
    }
}

/// The program of some tests, and where it runs.
struct Tests {
    program: PathBuf,
    directory: PathBuf,
}

/// Tries the mutants of the files that have `filter` in their path, or one of its parts between commas.
pub(crate) fn run(workspace: &Workspace, filter: &str) -> Result {
    let copy = workspace.target.join("mutants/tree");
    copy_sources(workspace, &copy)?;
    let mut files: HashMap<String, (String, Vec<Rule>)> = HashMap::new();
    let mut mutants = Vec::new();
    for file in sources(&workspace.root, Path::new(RULES))?.into_iter().filter(|file| is_among(file, filter))
    {
        let source = read(&workspace.root.join(&file))?;
        let mut rules = find::rules(&source).map_err(|error| format!("{file}: {error}"))?;
        for rule in &mut rules {
            mutants.extend(rule.changes.drain(..).map(|change| Mutant {
                file: file.clone(),
                rule: rule.name.clone(),
                before: one_line(&source[change.at.clone()]),
                within: source.lines().nth(change.line - 1).unwrap_or_default().trim().to_owned(),
                change,
                arm: 0..0,
                compiles: true,
            }));
        }
        files.insert(file, (source, rules));
    }
    if mutants.is_empty() {
        return Err(format!("no file in {RULES} with a rule has `{filter}` in its path"));
    }
    let equivalent = leave_out_equivalent(&mut mutants, filter)?;
    println!("  {} mutants in {} files, and {equivalent} that change no result", mutants.len(), files.len());
    let tests = build(workspace, &copy, &files, &mut mutants)?;
    let tests = quick(tests)?;
    let outcome = try_all(&mutants, &tests);
    report(&mutants, &outcome)
}

/// Whether a text has one of these parts, which are joined by commas.
fn is_among(text: &str, filter: &str) -> bool {
    filter.split(',').any(|part| text.contains(part))
}

/// Takes out the mutants that are listed as equivalent, and says how many they are. A line of the list that is none's is an error.
fn leave_out_equivalent(mutants: &mut Vec<Mutant>, filter: &str) -> Result<usize> {
    let before = mutants.len();
    for line in EQUIVALENT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (what, reason) = line.split_once(" -- ").unwrap_or((line, ""));
        let known = mutants.len();
        mutants.retain(|mutant| mutant.describe() != what);
        if reason.is_empty() || known == mutants.len() && is_among(what, filter) {
            return Err(format!(
                "equivalent.txt: there is no such mutant, or no reason behind ` -- `:\n{line}"
            ));
        }
    }
    Ok(before - mutants.len())
}

/// Leaves out what is slow, and sees that the others pass where nothing is wrong.
fn quick(tests: Vec<Tests>) -> Result<Vec<Tests>> {
    let mut timed = Vec::new();
    for tests in tests {
        let start = Instant::now();
        if passes(&tests, 0) {
            timed.push((start.elapsed(), tests));
        } else {
            println!("  left out, since it fails in a copy: {}", tests.program.display());
        }
    }
    timed.sort_by_key(|(time, _)| *time);
    let (quick, slow): (Vec<_>, Vec<_>) = timed.into_iter().partition(|(time, _)| *time < QUICK);
    for (time, tests) in slow {
        println!("  left out, since it takes {:.0} s: {}", time.as_secs_f64(), tests.program.display());
    }
    if quick.is_empty() {
        return Err("no test passes where nothing is wrong".into());
    }
    Ok(quick.into_iter().map(|(_, tests)| tests).collect())
}

fn passes(tests: &Tests, mutant: usize) -> bool {
    let mut command = Command::new(&tests.program);
    command.arg("--quiet").current_dir(&tests.directory).env(CHOICE, mutant.to_string());
    process::run(&mut command, LIMIT, process::silent).is_ok()
}

/// Whether the tests catch each mutant. What has caught one in a file is tried first on the next one there.
fn try_all(mutants: &[Mutant], tests: &[Tests]) -> Vec<bool> {
    let caught: Vec<_> = mutants.iter().map(|_| AtomicUsize::new(0)).collect();
    let orders: Mutex<HashMap<&str, Vec<usize>>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(mutant) = mutants.get(i) else { return };
                    if !mutant.compiles {
                        continue;
                    }
                    let mut lock = orders.lock().expect("no one panics with it");
                    let order =
                        lock.entry(&mutant.file).or_insert_with(|| (0..tests.len()).collect()).clone();
                    drop(lock);
                    let catcher = order.iter().position(|&place| !passes(&tests[place], i + 1));
                    if let Some(place) = catcher {
                        caught[i].store(1, Ordering::Relaxed);
                        let mut order = order;
                        order[..=place].rotate_right(1);
                        orders.lock().expect("no one panics with it").insert(&mutant.file, order);
                    } else {
                        let (seconds, line) = (start.elapsed().as_secs(), mutant.change.line);
                        println!("  [{seconds} s] survives, at line {line}: {}", mutant.describe());
                    }
                }
            });
        }
    });
    caught.into_iter().map(|caught| caught.into_inner() == 1).collect()
}

fn report(mutants: &[Mutant], caught: &[bool]) -> Result {
    let tried: Vec<bool> = mutants.iter().zip(caught).filter(|(m, _)| m.compiles).map(|(_, c)| *c).collect();
    let survivors = tried.iter().filter(|caught| !**caught).count();
    println!(
        "  {} mutants compile, {} are caught, {survivors} survive",
        tried.len(),
        tried.len() - survivors
    );
    if survivors == 0 { Ok(()) } else { Err(format!("{survivors} mutants survive")) }
}
