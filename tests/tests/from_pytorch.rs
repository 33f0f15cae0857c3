//! The tables of "Coming from PyTorch" hold what its examples run.

const PAGE: &str = include_str!("../../crates/wengert/src/coming_from_pytorch.rs");

/// The pieces of code in the last column, with their rows: what is between backticks, and no link.
fn promised() -> impl Iterator<Item = (&'static str, String)> {
    let rows = PAGE.lines().filter(|line| line.starts_with("//! | `") || line.starts_with("//! | two"));
    rows.flat_map(|row| {
        // Between bars with spaces: a bar in code is written `\|`.
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().expect("a last column");
        let code = cell.split('`').collect::<Vec<_>>();
        let pieces = (1..code.len()).step_by(2).filter(|&i| !code[i - 1].ends_with('['));
        pieces.map(|i| (row, code[i].replace("\\|", "|"))).collect::<Vec<_>>()
    })
}

/// What is tested with the documentation.
fn examples() -> String {
    let blocks = PAGE.split("//! ```\n").skip(1).step_by(2);
    blocks
        .map(|block| {
            block.lines().map(|line| line.trim_start_matches("//!").trim()).collect::<Vec<_>>().join("\n")
        })
        .collect()
}

#[test]
fn every_line_of_the_tables_runs() {
    let (examples, mut count) = (examples(), 0);
    for (row, code) in promised() {
        // Types, and what only a feature brings.
        if ["Vec", "check"].contains(&code.as_str()) {
            continue;
        }
        count += 1;
        assert!(examples.contains(&code), "no example runs `{code}`, of\n{row}");
    }
    assert!(count > 60, "{count} pieces of code are few: were the tables read?");
}
