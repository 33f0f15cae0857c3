#!/usr/bin/env bash
# What it costs to use wengert: builds the README's first program as a package of its own, cold, and prints the seconds, the
# number of crates and the size of the stripped binary, each beside the most that we allow. Ends with 1 if one is exceeded.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
mkdir "$package/src"
awk '/^```rust$/ { inside = 1; next } /^```$/ && inside { exit } inside' "$root/README.md" > "$package/src/main.rs"
cp "$root/Cargo.lock" "$package" # the versions that are tested
cat > "$package/Cargo.toml" <<END
[package]
name = "hello"
version = "0.1.0"
edition = "2024"

[dependencies]
wengert = { path = "$root/crates/wengert" }

[profile.release]
strip = true

[workspace]
END
cd "$package"
export CARGO_TARGET_DIR=$package/target
cargo fetch --quiet # so that no download is timed

start=$(date +%s.%N)
cargo build --quiet --release
seconds=$(echo "$(date +%s.%N) $start" | awk '{ printf "%.1f", $1 - $2 }')
crates=$(cargo tree --edges normal,build --prefix none --format '{p}' | sed 's/ (.*//' | sort -u | grep -vc '^hello ')
bytes=$(wc -c < target/release/hello)
target/release/hello > /dev/null # what was built also runs

failed=0
show() { # what, figure, most
    local verdict=held
    if awk "BEGIN { exit !($2 > $3) }"; then verdict=EXCEEDED failed=1; fi
    printf '%-28s %10s   at most %8s   %s\n' "$1" "$2" "$3" "$verdict"
}
show "cold release build, seconds" "$seconds" 45
show "crates" "$crates" 25
show "stripped binary, bytes" "$bytes" 2000000
exit $failed
