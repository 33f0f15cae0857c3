//! AVX-512 is in the standard library since Rust 1.89; with an older compiler the kernels do without it.

fn main() {
    autocfg::rerun_path("build.rs");
    autocfg::emit_possibility("avx512");
    if autocfg::new().probe_rustc_version(1, 89) {
        autocfg::emit("avx512");
    }
}
