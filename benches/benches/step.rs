//! Training steps of the smaller cases in `peers/cases.json`: the code that `mlp_step` times. The throughput is in
//! samples.

mod settings;

use benches::Case;
use criterion::Throughput;

const NAMES: [&str; 4] = ["tiny", "digits", "mnist-sgd", "mnist-adam"];

fn main() -> Result<(), String> {
    let mut criterion = settings::criterion();
    let cases = benches::cases(include_str!("../peers/cases.json"))?;
    let mut group = criterion.benchmark_group("step");
    for name in NAMES {
        let case = Case::parse(&cases[name]).map_err(|error| format!("case `{name}`: {error}"))?;
        group.throughput(Throughput::Elements(case.batch as u64));
        let mut step = case.training();
        group.bench_function(name, |bencher| bencher.iter(&mut step));
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
