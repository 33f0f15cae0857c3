//! Where does the time of a training step go? A table of operators and layers; with a file name as argument also a
//! timeline, for ui.perfetto.dev or `chrome://tracing`: `cargo run --release --example profile -- trace.json`.

use wengert::prelude::*;

fn main() -> std::io::Result<()> {
    let mut rng = Rng::seed(0);
    let data = digits();
    let mut net = Mlp::new(&[64, 128, 64, 10], Activation::Tanh, &mut rng);
    let mut adam = Adam::new(1e-3);

    let (loss, profile) = profile(|| {
        let mut last = 0.0;
        for batch in data.batches(64).shuffle(&mut rng) {
            let loss = net.forward(&batch.x, &mut Mode::eval()).cross_entropy(&batch.y);
            last = loss.item();
            adam.step(&mut net, &loss.backward());
        }
        last
    });

    // The net tells the profile the names of its layers.
    let profile = profile.named(net.parameters());
    print!("one epoch, loss {loss:.3}\n\n{profile}");
    match std::env::args_os().nth(1) {
        Some(file) => {
            profile.write_chrome_trace(&file)?;
            println!("\nwrote {}", file.display());
        }
        None => println!("\na file name as argument: a timeline is written there"),
    }
    Ok(())
}
