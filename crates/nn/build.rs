//! Locks of files are in the standard library since Rust 1.89; with an older compiler the folder of checkpoints does without them.

fn main() {
    autocfg::rerun_path("build.rs");
    autocfg::emit_possibility("file_lock");
    if autocfg::new().probe_rustc_version(1, 89) {
        autocfg::emit("file_lock");
    }
}
