//! Whether two programs that use all cores starve each other: `side_by_side [STEPS [ROUNDS]]` trains the same small network in
//! two processes at once, `STEPS` steps each (2000), with all threads and with one thread each, in turns (5 rounds).
//!
//! What is printed is steps a second of either process, of both together, by the time that the slower takes, and how even the
//! two are: the slower's rate by the faster's. At the end stand the medians, and the throughput with all threads by that with one.

use benches::Case;
use std::error::Error;
use std::io::{BufRead, BufReader, Write, stdin};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use wengert::prelude::Activation;
use wengert::{threads, with_threads};

/// What the program calls itself with, as one of the two: its threads and steps follow.
const ONE_OF_TWO: &str = "one-of-two";

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let is_one_of_two = args.first().is_some_and(|arg| arg == ONE_OF_TWO);
    if is_one_of_two {
        args.remove(0);
    }
    let numbers = args.iter().map(|text| match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{text}: expected a whole number above 0")),
    });
    match (is_one_of_two, &numbers.collect::<Result<Vec<usize>, _>>()?[..]) {
        (true, &[count, steps]) => with_threads(count, || train(steps)),
        (false, &[]) => compare(2000, 5),
        (false, &[steps]) => compare(steps, 5),
        (false, &[steps, rounds]) => compare(steps, rounds),
        _ => Err("usage: side_by_side [STEPS [ROUNDS]]".into()),
    }
}

fn compare(steps: usize, rounds: usize) -> Result<(), Box<dyn Error>> {
    println!("{:<12} {:>9} {:>9} {:>9} {:>7}", "threads each", "steps/s", "steps/s", "together", "even");
    let (mut together, mut even) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..rounds {
        for (i, count) in [1, threads()].into_iter().enumerate() {
            let [a, b] = side_by_side(count, steps)?.map(|seconds| steps as f64 / seconds);
            together[i].push(2.0 * a.min(b));
            even[i].push(a.min(b) / a.max(b));
            println!("{count:<12} {a:>9.0} {b:>9.0} {:>9.0} {:>7.2}", 2.0 * a.min(b), a.min(b) / a.max(b));
        }
    }
    let ([one, all], [one_even, all_even]) = (together.map(median), even.map(median));
    println!(
        "median: together {one:.0} and {all:.0}, {:.2}; even {one_even:.2} and {all_even:.2}",
        all / one
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The seconds that each of two processes takes for its steps, beside the other.
fn side_by_side(count: usize, steps: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let start = || -> Result<_, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([ONE_OF_TWO, &count.to_string(), &steps.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("a process without output")?).lines();
        Ok((child, lines))
    };
    let mut two = [start()?, start()?];
    // Either says when it is warm, and begins when both are.
    for (_, lines) in &mut two {
        lines.next().ok_or("a process ended early")??;
    }
    for (child, _) in &mut two {
        writeln!(child.stdin.as_mut().ok_or("a process without input")?)?;
    }
    let mut seconds = [0.0; 2];
    for ((child, lines), seconds) in two.iter_mut().zip(&mut seconds) {
        *seconds = lines.next().ok_or("a process ended early")??.parse()?;
        Child::wait(child)?;
    }
    Ok(seconds)
}

/// Trains when told to, and prints the seconds it took.
fn train(steps: usize) -> Result<(), Box<dyn Error>> {
    let case = Case { sizes: vec![784, 256, 128, 10], batch: 64, activation: Activation::Tanh, adam: false };
    let mut step = case.training();
    for _ in 0..steps.div_ceil(10) {
        step();
    }
    println!("warm");
    stdin().read_line(&mut String::new())?;
    let start = Instant::now();
    for _ in 0..steps {
        step();
    }
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}
