"""Builds contestants in Rust."""
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))


def build(peer):
    """The program of a peer in Rust: a package with its own workspace, below this folder."""
    target = os.path.join(os.environ.get("PEERS_HOME", os.path.join(here, ".home")), "target")
    environment = dict(os.environ, CARGO_TARGET_DIR=target)
    if peer == "handwritten":  # its plain loops are vectorised for the processor that they are built for
        environment["RUSTFLAGS"] = "-C target-cpu=native"
    manifest = os.path.join(here, peer, "Cargo.toml")
    if subprocess.run(["cargo", "build", "--quiet", "--release", "--manifest-path", manifest], env=environment).returncode:
        sys.exit(f"{peer}: the build failed")
    return os.path.join(target, "release", "burn-flex" if peer == "burn" else peer)
