//! The contract between the book and its programs: what a page shows is what the program is, and what it prints.
//!
//! - What a program prints is `out/NAME.txt`, what it draws with `--fig` is `fig/NAME.svg`. After a change on purpose,
//!   `UPDATE=1 cargo test -p listings --test contract` writes both anew, and the difference is there to be read.
//! - A page shows Rust only by including an anchor of a file that cargo compiles, and output only by including it whole. Rust
//!   that is not to be compiled says so, with a reason: `rust,ignore,wrong`.
//! - A decimal number in the prose of a page stands in an output or a listing that the page includes.
//! - Every program, output, figure and page is used, and no page is a stub.
//! - An exercise `exNN` fails as the reader gets it and passes with its answer, by the same test.
//!
//! Links are checked in the built book, by `cargo xtask book`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The fewest words of a chapter and of the preface, code and output not counted.
const CHAPTER_WORDS: usize = 800;
const PREFACE_WORDS: usize = 200;

/// The longest line that a page shows without a scroll bar, in characters.
const COLUMNS: usize = 88;

/// The most decimals that a program prints: further ones differ from machine to machine.
const DECIMALS: usize = 4;

fn listings() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages_directory() -> PathBuf {
    listings().parent().expect("book/listings is in book").join("src")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn is(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

/// The names in a directory, sorted; a directory that is not there is empty.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a directory entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The programs: `src/bin/NAME.rs` or `src/bin/NAME/main.rs`.
fn programs() -> Vec<String> {
    names(&listings().join("src/bin"))
        .into_iter()
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect()
}

/// The files of a program.
fn sources(program: &str) -> Vec<PathBuf> {
    let directory = listings().join("src/bin").join(program);
    match names(&directory).as_slice() {
        [] => vec![directory.with_extension("rs")],
        files => files.iter().map(|file| directory.join(file)).collect(),
    }
}

fn is_exercise(program: &str) -> bool {
    program.starts_with("ex")
}

fn draws(program: &str) -> bool {
    sources(program).iter().any(|file| read(file).contains("\"--fig\""))
}

/// Runs a program, and returns whether it succeeded and what it printed.
fn run(program: &str, arguments: &[&str]) -> (bool, String) {
    let beside = Path::new(env!("CARGO_BIN_EXE_ch01_nudge"));
    let file = beside.with_file_name(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&file)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", file.display()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.is_empty(), "{program} writes to standard error:\n{errors}");
    (output.status.success(), String::from_utf8(output.stdout).expect("a listing prints text"))
}

/// Whether `text` is what is kept in `file`; with `UPDATE=1` it is made so.
fn compare(text: &str, file: &Path) -> Option<String> {
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    let kept = fs::read_to_string(file).unwrap_or_default();
    (text != kept).then(|| {
        format!("{} holds\n{kept}\nbut the program prints\n{text}\n(UPDATE=1 writes it anew)", file.display())
    })
}

/// A page of the book, taken apart.
struct Page {
    /// Its name in `book/src`.
    name: String,
    /// What is neither a fenced block nor a line that includes.
    prose: String,
    /// The words after the opening backticks, and the lines between, of each fenced block.
    fences: Vec<(String, Vec<String>)>,
    /// Each included file, and the anchor, if one is named.
    includes: Vec<(PathBuf, Option<String>)>,
}

impl Page {
    fn read(name: &str) -> Self {
        let file = pages_directory().join(name);
        let mut page =
            Self { name: name.to_owned(), prose: String::new(), fences: Vec::new(), includes: Vec::new() };
        let mut fence: Option<(String, Vec<String>)> = None;
        for line in read(&file).lines() {
            if let Some((path, anchor)) = include(line) {
                let path = fs::canonicalize(pages_directory().join(path));
                let path = path.unwrap_or_else(|error| panic!("{name}: `{line}`: {error}"));
                page.includes.push((path, anchor.map(str::to_owned)));
            }
            match (line.trim_start().strip_prefix("```"), fence.take()) {
                (Some(_), Some(done)) => page.fences.push(done),
                (Some(info), None) => fence = Some((info.trim().to_owned(), Vec::new())),
                (None, Some((info, mut lines))) => {
                    lines.push(line.to_owned());
                    fence = Some((info, lines));
                }
                (None, None) if include(line).is_none() => page.prose.extend([line, "\n"]),
                (None, None) => {}
            }
        }
        assert!(fence.is_none(), "{name}: a fenced block does not end");
        page
    }

    fn is_preface(&self) -> bool {
        self.name == "preface.md"
    }
}

/// The file and the anchor of a line that is an include and nothing else.
fn include(line: &str) -> Option<(&str, Option<&str>)> {
    let inside = line.trim().strip_prefix("{{#")?.strip_suffix("}}")?;
    let path = inside.strip_prefix("include ").or_else(|| inside.strip_prefix("rustdoc_include "))?.trim();
    Some(match path.split_once(':') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (path, None),
    })
}

/// The files that SUMMARY.md links to.
fn summary() -> Vec<String> {
    let summary = read(&pages_directory().join("SUMMARY.md"));
    assert!(!summary.contains("]()"), "SUMMARY.md lists a draft; a chapter joins the book when it is whole");
    summary.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or("").to_owned()).collect()
}

fn pages() -> Vec<Page> {
    summary().iter().map(|name| Page::read(name)).collect()
}

/// The lines between the marks of an anchor, if the file has each mark once.
fn anchored<'a>(text: &'a str, anchor: &str) -> Option<Vec<&'a str>> {
    let lines: Vec<&str> = text.lines().collect();
    let place = |mark: String| {
        let mut places = (0..lines.len()).filter(|&line| lines[line].trim() == mark);
        places.next().filter(|_| places.next().is_none())
    };
    let (start, end) = (place(format!("// ANCHOR: {anchor}"))?, place(format!("// ANCHOR_END: {anchor}"))?);
    lines.get(start + 1..end).map(<[_]>::to_vec)
}

/// The numbers with a decimal point in a text, each with what stands before the point and after it.
fn decimals(text: &str) -> Vec<(&str, &str)> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|token| token.trim_matches('.').split_once('.'))
        .filter(|(whole, fraction)| !whole.is_empty() && !fraction.is_empty())
        .collect()
}

/// The same as values, so that 19.96 is 19.9600.
fn decimal_values(text: &str) -> Vec<String> {
    decimals(text)
        .iter()
        .map(|(whole, fraction)| format!("{whole}.{}", fraction.trim_end_matches('0')))
        .collect()
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n\n"));
}

#[test]
fn outputs_are_what_the_programs_print() {
    let mut problems = Vec::new();
    for program in programs() {
        let (success, output) = run(&program, &[]);
        if !success && !is_exercise(&program) {
            problems.push(format!("{program} fails"));
        }
        if let Some((_, fraction)) = decimals(&output).iter().find(|(_, fraction)| fraction.len() > DECIMALS)
        {
            problems.push(format!("{program} prints more than {DECIMALS} decimals: .{fraction}"));
        }
        problems.extend(compare(&output, &listings().join(format!("out/{program}.txt"))));
    }
    report(&problems);
}

#[test]
fn figures_are_what_the_programs_draw() {
    let mut problems = Vec::new();
    for program in programs().iter().filter(|program| draws(program)) {
        let (success, figure) = run(program, &["--fig"]);
        if !success || !figure.starts_with("<svg ") || figure.contains("\n\n") {
            problems.push(format!("{program} --fig does not print an SVG without empty lines"));
        }
        problems.extend(compare(&figure, &listings().join(format!("fig/{program}.svg"))));
    }
    report(&problems);
}

#[test]
fn code_and_output_in_the_pages_are_included() {
    let mut problems = Vec::new();
    for page in pages() {
        for (info, lines) in &page.fences {
            let words: Vec<&str> = info.split(',').map(str::trim).collect();
            let fault = match words.as_slice() {
                ["rust", "ignore", _, ..] | ["sh"] => None,
                ["rust", rest @ ..] if rest.contains(&"ignore") => {
                    Some("`ignore` needs a reason: rust,ignore,REASON")
                }
                ["rust"] | ["text"] => match lines.as_slice() {
                    [line] if include(line).is_some() => None,
                    _ => Some("holds something else than one include"),
                },
                _ => Some("is neither `rust`, `rust,ignore,REASON`, `text` (an output) nor `sh` (a command)"),
            };
            problems.extend(fault.map(|fault| format!("{}: the block ```{info} {fault}", page.name)));
        }
        for (file, anchor) in &page.includes {
            let text = read(file);
            let shown = match anchor {
                Some(anchor) => anchored(&text, anchor),
                None => Some(text.lines().collect()).filter(|_| !is(file, "rs")),
            };
            let place = format!("{}: {}", page.name, file.display());
            match shown {
                None => {
                    let anchor = anchor.as_deref().unwrap_or("(none named)");
                    problems.push(format!("{place} has no such anchor: {anchor}"));
                }
                Some(lines) if !is(file, "svg") => {
                    // A row of a table wraps.
                    let long =
                        lines.iter().filter(|line| line.chars().count() > COLUMNS && !line.starts_with("| "));
                    problems.extend(
                        long.map(|line| format!("{place}: longer than {COLUMNS} characters:\n{line}")),
                    );
                }
                Some(_) => {}
            }
        }
    }
    report(&problems);
}

#[test]
fn commands_in_the_pages_name_programs_that_exist() {
    let programs = programs();
    let mut problems = Vec::new();
    for page in pages() {
        let commands = page.fences.iter().filter(|(info, _)| info == "sh").flat_map(|(_, lines)| lines);
        for name in commands.filter_map(|line| line.split("--bin ").nth(1)?.split_whitespace().next()) {
            if !programs.iter().any(|program| program == name) {
                problems.push(format!("{}: there is no program {name}", page.name));
            }
        }
    }
    report(&problems);
}

#[test]
fn decimal_numbers_in_the_prose_come_from_a_program() {
    let mut problems = Vec::new();
    for page in pages() {
        let included: Vec<String> = page.includes.iter().map(|(file, _)| read(file)).collect();
        let known: BTreeSet<String> = included.iter().flat_map(|text| decimal_values(text)).collect();
        for number in decimal_values(&page.prose).into_iter().filter(|number| !known.contains(number)) {
            problems.push(format!("{}: nothing that the page includes holds {number}", page.name));
        }
    }
    report(&problems);
}

#[test]
fn nothing_is_orphaned_and_no_page_is_a_stub() {
    let pages = pages();
    let included: BTreeSet<&Path> =
        pages.iter().flat_map(|page| &page.includes).map(|(file, _)| file.as_path()).collect();
    let mut problems = Vec::new();
    let programs = programs();
    for program in &programs {
        for file in sources(program).iter().filter(|file| !included.contains(file.as_path())) {
            problems.push(format!("no page shows {}", file.display()));
        }
    }
    for (directory, extension) in [("out", "txt"), ("fig", "svg")] {
        for name in names(&listings().join(directory)) {
            let made = programs
                .iter()
                .any(|p| name == format!("{p}.{extension}") && (directory == "out" || draws(p)));
            if !made {
                problems.push(format!("no program makes {directory}/{name}"));
            }
            if !included.contains(listings().join(directory).join(&name).as_path()) {
                problems.push(format!("no page includes {directory}/{name}"));
            }
        }
    }
    let listed = summary();
    for name in names(&pages_directory()).iter().filter(|name| name.ends_with(".md") && *name != "SUMMARY.md")
    {
        if !listed.contains(name) {
            problems.push(format!("SUMMARY.md does not list {name}"));
        }
    }
    for page in &pages {
        let words = page.prose.split_whitespace().count();
        let least = if page.is_preface() { PREFACE_WORDS } else { CHAPTER_WORDS };
        if words < least {
            problems.push(format!("{} has {words} words, fewer than {least}", page.name));
        }
    }
    report(&problems);
}

#[test]
fn exercises_fail_as_given_and_pass_with_their_answer() {
    let mut problems = Vec::new();
    for exercise in programs().iter().filter(|program| is_exercise(program)) {
        if run(exercise, &[]).0 {
            problems.push(format!(
                "{exercise} passes as the reader gets it. If you are that reader: well done, keep it on a branch of your own."
            ));
        }
        if !run(exercise, &["--answer"]).0 {
            problems.push(format!("{exercise} does not pass with its answer"));
        }
    }
    report(&problems);
}
