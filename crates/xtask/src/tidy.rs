//! `cargo xtask tidy`: the house rules that no compiler checks. Each rule reads the tracked files and names what breaks
//! it, file and line.

use std::time::Duration;

use crate::workspace::Workspace;
use crate::{Result, process};

/// The longest file of a library, in lines without its tests, that needs no reason in ARCHITECTURE.md.
const LONGEST: usize = 320;

/// Directories that only the machine of one person has.
const PRIVATE: [&str; 3] = ["work", "root", "home"];

/// Macros that say that something is not finished.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Where `unsafe` may stand.
const MAY_BE_UNSAFE: [&str; 5] = [
    "crates/autograd/src/kernels/",
    "crates/autograd/src/buffer/",
    "tests/tests/allocations.rs", // whoever counts allocations has to be the allocator
    // No part of the library: the crates that these call have no other door.
    "benches/peers/handwritten/",
    "benches/peers/products/",
];

/// A tracked text file, its path from the top of the repository with `/`.
struct File {
    path: String,
    text: String,
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is a source file of one of our crates, in contrast to tests, examples and the book.
    fn is_in_a_crate(&self) -> bool {
        self.is_rust() && self.path.starts_with("crates/") && self.path.contains("/src/")
    }

    /// The lines of code with their numbers; a line that is all comment is left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(n, line)| (n + 1, line))
            .filter(|(_, l)| !l.trim_start().starts_with("//"))
    }

    fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// Applies every rule to every tracked file.
pub(crate) fn run(workspace: &Workspace) -> Result {
    let files = tracked(workspace)?;
    let problems = problems(&files);
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    println!("  {} text files", files.len());
    Ok(())
}

fn tracked(workspace: &Workspace) -> Result<Vec<File>> {
    let mut git = std::process::Command::new("git");
    git.args(["ls-files", "-z"]).current_dir(&workspace.root);
    let listed = process::run(&mut git, Duration::from_secs(60), process::silent)?.stdout;
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        match std::fs::read(workspace.root.join(path)) {
            // A file that is not UTF-8 is a font or a data set, no text.
            Ok(bytes) => {
                if let Ok(text) = String::from_utf8(bytes) {
                    files.push(File { path: path.to_owned(), text });
                }
            }
            // Deleted, and the deletion not committed yet.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{path}: {error}")),
        }
    }
    Ok(files)
}

fn problems(files: &[File]) -> Vec<String> {
    let by_line = files.iter().flat_map(|file| {
        machine_paths(file).into_iter().chain(unfinished(file)).chain(unsafe_code(file)).chain(opening(file))
    });
    by_line.chain(too_long(files)).collect()
}

/// A path that exists on one machine only, and tells about it.
fn machine_paths(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        for directory in PRIVATE {
            let path = format!("/{directory}/");
            // `docs/work/x` and `../work/x` are parts of longer paths, not paths of a machine.
            let absolute = line
                .match_indices(&path)
                .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-".contains(c)));
            if absolute {
                found.push(file.at(number + 1, &format!("a path of one machine, below {path}")));
            }
        }
    }
    found
}

/// Code that is not finished, and tests that are switched off without saying why.
fn unfinished(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.code().filter(|_| file.is_rust()) {
        for name in UNFINISHED.map(|name| format!("{name}!")) {
            if words(line, &name).any(|behind| behind.starts_with(['(', '[', '{'])) {
                found.push(file.at(number, &name));
            }
        }
        if line.trim_start().starts_with("#[ignore]") {
            found.push(file.at(number, "a test is switched off without a reason: #[ignore = \"...\"]"));
        }
    }
    found
}

/// `unsafe` outside the kernels and the buffer.
fn unsafe_code(file: &File) -> Vec<String> {
    let allowed = MAY_BE_UNSAFE.iter().any(|place| file.path.starts_with(place));
    let uses = |line: &str| {
        words(line, "unsafe").any(|behind| {
            let behind = behind.trim_start();
            ["fn", "impl", "trait", "extern", "{", "("].iter().any(|start| behind.starts_with(start))
        })
    };
    file.code()
        .filter(|(_, line)| file.is_rust() && !allowed && uses(line))
        .map(|(number, _)| file.at(number, "unsafe outside autograd's kernels and buffer"))
        .collect()
}

/// A source file begins by saying what it is for, or with the page that does.
fn opening(file: &File) -> Vec<String> {
    let speaks = ["//!", "#![doc = include_str!"].iter().any(|start| file.text.starts_with(start));
    let silent = file.is_in_a_crate() && !speaks;
    silent.then(|| file.at(1, "does not begin with `//!` and what the file is for")).into_iter().collect()
}

/// Source files that cannot be read in one sitting. ARCHITECTURE.md may name one, with its reason, in backticks in the
/// section "Longer files"; a name there that is not needed is a problem too.
fn too_long(files: &[File]) -> Vec<String> {
    let excused = files
        .iter()
        .find(|file| file.path == "ARCHITECTURE.md")
        .map_or(Vec::new(), |f| longer_files(&f.text));
    let long: Vec<(&File, usize)> = files
        .iter()
        .filter(|file| file.is_in_a_crate())
        .map(|file| (file, lines_without_tests(&file.text)))
        .filter(|(_, lines)| *lines > LONGEST)
        .collect();
    let unexcused = long.iter().filter(|(file, _)| !excused.contains(&file.path.as_str())).map(|(file, lines)| {
        let what = format!("{lines} lines without tests, over {LONGEST}, and no reason in ARCHITECTURE.md, \"Longer files\"");
        file.at(LONGEST + 1, &what)
    });
    let stale = excused.iter().filter(|path| !long.iter().any(|(file, _)| file.path == **path));
    unexcused
        .chain(stale.map(|path| format!("ARCHITECTURE.md: `{path}` under \"Longer files\" is no such file")))
        .collect()
}

/// The paths in backticks below the heading "Longer files".
fn longer_files(architecture: &str) -> Vec<&str> {
    architecture
        .lines()
        .skip_while(|line| !(line.starts_with('#') && line.contains("Longer files")))
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|quoted| quoted.ends_with(".rs"))
        .collect()
}

/// The lines before the module of tests.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| {
        pair[0].starts_with("#[cfg(") && pair[0].contains("test") && pair[1].starts_with("mod ")
    });
    tests.unwrap_or(lines.len())
}

/// What follows each place where `word` stands by itself.
fn words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).filter(move |(at, _)| !line[..*at].ends_with(part_of_word)).filter_map(
        move |(at, _)| {
            let behind = &line[at + word.len()..];
            (word.ends_with('!') || !behind.starts_with(part_of_word)).then_some(behind)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<String> {
        problems(&[File { path: path.to_owned(), text: text.to_owned() }])
    }

    /// Puts a word where the rules, which read this file too, do not see it.
    fn with(text: &str, word: &str) -> String {
        text.replace("WORD", word)
    }

    #[test]
    fn tidy_files_have_no_problem() {
        let rust = "//! What it is for.\n#![deny(unsafe_code)]\nfn f() {} // not `unsafe`, done: no todo\n";
        assert_eq!(of("crates/nn/src/lib.rs", rust), Vec::<String>::new());
        assert_eq!(
            of("crates/autograd/src/kernels/map.rs", &with("//! M\nWORD { }\n", "unsafe")),
            Vec::<String>::new()
        );
        assert_eq!(of("README.md", &with("see ../WORD/ and docs/WORD/x", "work")), Vec::<String>::new());
        assert_eq!(
            of("tests/tests/a.rs", &with("WORD = \"takes an hour\"]\n", "#[ignore")),
            Vec::<String>::new()
        );
    }

    #[test]
    fn each_rule_finds_its_fault() {
        for (path, text, complaint) in [
            ("README.md", with("it is in `/WORD/x`", "work"), "README.md:1: a path of one machine"),
            ("book/src/a.md", with("\n/WORD/somebody/x", "home"), "a.md:2: a path of one machine"),
            ("examples/a.rs", with("fn f() { WORD!() }", "todo"), "examples/a.rs:1: todo!"),
            ("tests/tests/a.rs", with("x\nWORD!(1);", "dbg"), "a.rs:2: dbg!"),
            ("tests/tests/a.rs", with("    #[WORD]", "ignore"), "without a reason"),
            ("crates/nn/src/lib.rs", with("//! N\nWORD fn f() {}", "unsafe"), "lib.rs:2: unsafe outside"),
            ("crates/nn/src/lib.rs", with("//! N\n#[WORD(no_mangle)]", "unsafe"), "lib.rs:2: unsafe outside"),
            ("crates/nn/src/lib.rs", "fn f() {}".to_owned(), "lib.rs:1: does not begin with"),
            ("crates/nn/src/a.rs", "//! A\n".repeat(LONGEST + 1), "321 lines without tests"),
        ] {
            let found = of(path, &text);
            assert!(found.len() == 1 && found[0].contains(complaint), "{path}: {found:?}");
        }
    }

    #[test]
    fn a_long_file_needs_a_reason_and_a_reason_needs_a_long_file() {
        let long = |path: &str| File { path: path.to_owned(), text: "//! A\n".repeat(LONGEST + 1) };
        let reasons = "# Map\n`crates/nn/src/b.rs`\n## Longer files\n- `crates/nn/src/a.rs`: one table.\n# End\n`c.rs`\n";
        let architecture = || File { path: "ARCHITECTURE.md".to_owned(), text: reasons.to_owned() };
        assert_eq!(problems(&[architecture(), long("crates/nn/src/a.rs")]), Vec::<String>::new());
        assert!(
            problems(&[architecture(), long("crates/nn/src/a.rs"), long("crates/nn/src/b.rs")])[0]
                .contains("b.rs")
        );
        assert!(problems(&[architecture()])[0].contains("no such file"));
    }

    #[test]
    fn tests_do_not_count_as_length() {
        let text =
            format!("//! A\nfn f() {{}}\n\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    //\n".repeat(LONGEST));
        assert_eq!(lines_without_tests(&text), 3);
    }
}
