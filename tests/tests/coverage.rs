//! No operator without a proof: what `ops` exports, and what `Tensor` offers, is looked up in the tests' own text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Exports of `ops` that are no operators, and why.
const NO_OPERATORS: [(&str, &str); 13] = [
    ("By", "part of a subscript"),
    ("Comparand", "what a tensor is compared with"),
    ("Entry", "part of a subscript"),
    ("Identity", "the function of an affine layer that has none"),
    ("IntoEntry", "part of a subscript"),
    ("IntoSubscript", "part of a subscript"),
    ("NewAxis", "part of a subscript"),
    ("Padding", "how to pad"),
    ("Pool", "how windows lie"),
    ("Subscript", "what is between brackets"),
    ("Wanted", "which of three a convolution finds"),
    ("Whole", "part of a subscript"),
    ("Window", "how filters move"),
];

/// Operators that are proved by the name of a method, where that is not their own in lower case.
const METHODS: [(&str, &str); 5] = [
    ("Unview", "unfold"),
    ("SignLogDeterminant", "slogdet"),
    ("Determinant", "det"),
    ("LogSumExp", "logsumexp"),
    ("Where", "where_"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The sources in a folder, by their names; but for this one, whose own examples prove nothing.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("coverage.rs") {
                let text = fs::read_to_string(&path).expect("a source");
                found.insert(path.display().to_string(), text);
            }
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect()
}

/// `LayerNorm` as `layer_norm`.
fn snake_case(name: &str) -> String {
    let mut result = String::new();
    for (i, c) in name.char_indices() {
        if c.is_uppercase() && i > 0 {
            result.push('_');
        }
        result.extend(c.to_lowercase());
    }
    result
}

/// The names that `pub use` exports.
fn exports(text: &str) -> Vec<&str> {
    let uses = text.split(';').filter_map(|part| part.trim().strip_prefix("pub use "));
    uses.flat_map(|path| {
        let names = path.split_once("::").map_or("", |(_, names)| names);
        names.split(|c| !is_word(c)).filter(|name| !name.is_empty())
    })
    .collect()
}

/// What stands between the parentheses of every call of a function whose name begins with `check`.
fn proofs(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("check") {
        let rest = &text[at..];
        let name = rest.chars().take_while(|&c| is_word(c)).count();
        let before = text[..at].chars().next_back();
        if before.is_some_and(is_word) || !rest[name..].starts_with('(') {
            continue;
        }
        let mut depth = 0_usize;
        let end = rest.char_indices().find(|&(_, c)| {
            depth = match c {
                '(' => depth + 1,
                ')' => depth - 1,
                _ => depth,
            };
            c == ')' && depth == 0
        });
        found.push(&rest[..end.map_or(rest.len(), |(end, _)| end)]);
    }
    found
}

#[test]
fn every_operator_is_proved() {
    let exported =
        fs::read_to_string(root().join("crates/autograd/src/ops/mod.rs")).expect("the list of operators");
    let exported = exports(&exported);
    assert!(
        exported.len() > 80 && exported.contains(&"Matmul"),
        "the list of operators is not understood: {exported:?}"
    );
    for (name, _) in NO_OPERATORS {
        assert!(exported.contains(&name), "{name} is not exported any more: take it from the list");
    }
    let tests = sources("tests/tests");
    let proved: BTreeSet<&str> = tests.values().flat_map(|text| proofs(text)).flat_map(words).collect();
    let unproved: Vec<_> = exported
        .into_iter()
        .filter(|name| !NO_OPERATORS.iter().any(|(other, _)| other == name))
        .filter(|name| {
            let method = METHODS.iter().find(|(operator, _)| operator == name).map(|(_, method)| *method);
            let method = method.map_or_else(|| snake_case(name), str::to_owned);
            !proved.contains(name) && !proved.contains(method.as_str())
        })
        .collect();
    assert!(
        unproved.is_empty(),
        "no test hands these operators to `check`, `check_with` or `check_fn`: {unproved:?}\n\
         Add a line in tests/tests/; what is no operator belongs into NO_OPERATORS above, with the reason."
    );
}

/// The public methods of tensors that operators are called by, each with the file that has it.
fn methods(operators: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let files = operators.iter().filter(|(_, text)| text.contains("impl<T: Scalar> Tensor<T> {"));
    files
        .flat_map(|(file, text)| {
            // Those of other types in the file are builders, of arguments.
            let methods = &text[text.find("impl<T: Scalar> Tensor<T> {").unwrap_or(0)..];
            methods.match_indices("    pub fn ").map(move |(at, prefix)| {
                let name = &methods[at + prefix.len()..];
                (file.as_str(), &name[..name.find(|c| !is_word(c)).unwrap_or(name.len())])
            })
        })
        .collect()
}

/// Whether a method is called in a text.
fn calls(text: &str, method: &str) -> bool {
    ["(", "::<"]
        .iter()
        .any(|end| [".", "::"].iter().any(|start| text.contains(&format!("{start}{method}{end}"))))
}

#[test]
fn every_method_is_called() {
    let (operators, tests) = (sources("crates/autograd/src/ops"), sources("tests/tests"));
    let methods = methods(&operators);
    assert!(methods.len() > 150, "the methods are not found: {methods:?}");
    let missing: Vec<_> =
        methods.iter().filter(|(_, name)| !tests.values().any(|text| calls(text, name))).collect();
    assert!(missing.is_empty(), "no test calls these: {missing:?}");
}

#[test]
fn every_method_is_in_random_programs() {
    let operators = sources("crates/autograd/src/ops");
    let fuzz = fs::read_to_string(root().join("tests/src/fuzz.rs")).expect("the random programs");
    // What gives an error instead of a panic, and is the same otherwise.
    let tries = |name: &str| name.starts_with("try_");
    let missing: Vec<_> =
        methods(&operators).into_iter().filter(|(_, name)| !calls(&fuzz, name) && !tries(name)).collect();
    assert!(
        missing.is_empty(),
        "no random program calls these: {missing:?}\nAdd a line to tests/src/fuzz.rs."
    );
}

#[test]
fn what_is_missing_would_be_found() {
    assert_eq!(exports("mod a;\npub use a::{B, C};\npub use d::E;"), ["B", "C", "E"]);
    let text = "check(Map(Exp)); my_check(A); check_with(B, f(C)); checked; check_fn(|[x]| x.d(), e)";
    assert_eq!(proofs(text), ["check(Map(Exp)", "check_with(B, f(C)", "check_fn(|[x]| x.d(), e"]);
    assert_eq!(snake_case("LayerNorm"), "layer_norm");
}
