//! What a training step holds in memory: `memory [CASE]` trains a case of `peers/cases.json` (`wide`) for twenty steps, and prints
//! the process's memory on the way and at its peak beside the bytes that the tensors of the step need by themselves.
//!
//! Those are what any framework has to hold: weights, gradients, the optimizer's moments, the batch and the activations, of
//! four bytes an element. What lies above is the program, its threads, and what the framework holds beside them.

use benches::{Case, resident};
use wengert::autograd::memory_stats;

const STEPS: usize = 20;
const MIB: f64 = 1024.0 * 1024.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cases = benches::cases(include_str!("../../peers/cases.json"))?;
    let name = std::env::args().nth(1).unwrap_or_else(|| "wide".to_owned());
    let case = cases.get(&name).ok_or_else(|| format!("there is no case `{name}` in peers/cases.json"))?;
    let case = Case::parse(case)?;

    println!(
        "{:<22} {:>13} {:>13} {:>13} {:>13} {:>8}",
        "MiB", "resident", "peak", "tensors", "tensors' peak", "from the"
    );
    println!("{:<22} {:>13} {:>13} {:>13} {:>13} {:>8}", "", "", "", "", "", "system");
    report("at the start")?;
    let mut step = case.training();
    report("network and batch")?;
    for i in 1..=STEPS {
        step();
        if [1, 2, STEPS].contains(&i) {
            report(&format!("after step {i}"))?;
        }
    }

    println!("\nwhat the tensors of a step need, MiB");
    let parts = tensors(&case);
    for (part, bytes) in &parts {
        println!("{part:<22} {:>13.1}", *bytes as f64 / MIB);
    }
    let (needed, peak) =
        (parts.iter().map(|(_, bytes)| bytes).sum::<usize>() as f64, resident("VmHWM")? as f64);
    println!("{:<22} {:>13.1}", "in all", needed / MIB);
    println!(
        "\n{name}: peak resident set {:.1} MiB, {:.2} times the tensors' bytes",
        peak / MIB,
        peak / needed
    );
    Ok(())
}

/// A line of the table: the process, and what the tensors of this thread hold.
fn report(when: &str) -> Result<(), String> {
    let stats = memory_stats();
    let [now, peak] = [resident("VmRSS")?, resident("VmHWM")?].map(|bytes| bytes as f64 / MIB);
    let [live, most] = [stats.live_bytes, stats.peak_bytes].map(|bytes| bytes as f64 / MIB);
    println!("{when:<22} {now:>13.1} {peak:>13.1} {live:>13.1} {most:>13.1} {:>8}", stats.system_allocations);
    Ok(())
}

/// The tensors of a step, and their bytes.
fn tensors(case: &Case) -> Vec<(&'static str, usize)> {
    let bytes = |elements: usize| elements * size_of::<f32>();
    let parameters = bytes(case.sizes.windows(2).map(|size| (size[0] + 1) * size[1]).sum());
    let mut parts = vec![("parameters", parameters), ("their gradients", parameters)];
    if case.adam {
        parts.push(("Adam's two moments", 2 * parameters));
    }
    parts.push(("the batch", bytes(case.batch * case.sizes[0])));
    parts.push(("activations, logits", bytes(case.batch * case.sizes[1..].iter().sum::<usize>())));
    parts
}
