//! `cargo xtask doc-examples`: every public item of the libraries has an example in its documentation.
//!
//! What is public, and what its documentation says, rustdoc knows: it can print both as JSON. That output is not yet stable, so
//! the environment has to ask for it; of its format only names, documentation and what belongs to what are read.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;

use crate::workspace::Workspace;
use crate::{Result, process};

/// The packages, and the file that rustdoc makes of each.
const LIBRARIES: [(&str, &str); 2] = [("wengert-autograd", "autograd.json"), ("wengert-nn", "nn.json")];

/// What has an example of its own, unless it is a method that the example of its type uses.
const WITH_EXAMPLE: [&str; 6] = ["function", "struct", "enum", "trait", "macro", "type_alias"];

/// Counts the items of each library; those without an example are an error that names them.
pub(crate) fn run(workspace: &Workspace) -> Result {
    // Some crates are compiled anew when this variable changes: with a directory of their own those of other tasks stay.
    let target = workspace.target.join("doc-examples");
    let mut missing = Vec::new();
    for (package, file) in LIBRARIES {
        let arguments =
            format!("rustdoc -q -p {package} --all-features -- -Z unstable-options --output-format json");
        let mut rustdoc = workspace.cargo(&arguments);
        rustdoc.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", &target);
        process::run(&mut rustdoc, Duration::from_secs(600), process::silent)?;
        let path = target.join("doc").join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let documentation: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let items = Items::of(&documentation)?;
        println!("  {package}: {} public items, {} without an example", items.count, items.missing.len());
        missing.extend(items.missing);
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(format!("without an example in the documentation:\n{}", missing.join("\n"))),
    }
}

/// The public items of a crate, counted.
struct Items<'a> {
    index: &'a Value,
    seen: HashSet<String>,
    count: usize,
    /// `file:line: kind path`.
    missing: Vec<String>,
}

impl<'a> Items<'a> {
    fn of(documentation: &'a Value) -> Result<Self> {
        let index = &documentation["index"];
        let mut items = Self { index, seen: HashSet::new(), count: 0, missing: Vec::new() };
        items.visit(&documentation["root"], "", None);
        match items.count {
            0 => Err("rustdoc's JSON has another form than this task knows: no item was found".to_owned()),
            _ => Ok(items),
        }
    }

    /// Counts the item and what belongs to it. `example` is the code in the documentation of the type or trait around it.
    fn visit(&mut self, id: &Value, path: &str, example: Option<&str>) {
        let id = id.to_string();
        let Some(item) = self.index.get(&id).filter(|item| item["crate_id"] == 0) else { return };
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next()) else {
            return;
        };
        if !self.seen.insert(id) {
            return;
        }
        let name = item["name"].as_str().unwrap_or_default();
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") };
        let own = code(item["docs"].as_str().unwrap_or_default());
        if WITH_EXAMPLE.contains(&kind.as_str()) {
            self.count += 1;
            if own.is_empty() && !example.is_some_and(|example| uses(example, name)) {
                let (file, line) = (&item["span"]["filename"], &item["span"]["begin"][0]);
                self.missing.push(format!("{}:{line}: {kind} {path}", file.as_str().unwrap_or_default()));
            }
        }
        match kind.as_str() {
            "use" => self.visit(&inner["id"], "", None),
            "module" => self.visit_all(&inner["items"], &path, None),
            "trait" => self.visit_all(&inner["items"], &path, Some(&own)),
            "struct" | "enum" => self.visit_all(&inner["impls"], &path, Some(&own)),
            // The methods of a foreign trait have their documentation there.
            "impl" if inner["trait"].is_null() => {
                let owner = path.trim_end_matches("::");
                self.visit_all(&inner["items"], owner, example);
            }
            _ => {}
        }
    }

    fn visit_all(&mut self, ids: &Value, path: &str, example: Option<&str>) {
        for id in ids.as_array().into_iter().flatten() {
            self.visit(id, path, example);
        }
    }
}

/// The code blocks of a documentation that are Rust and run.
fn code(documentation: &str) -> String {
    let mut code = String::new();
    let mut inside = None;
    for line in documentation.lines() {
        match (line.trim_start().strip_prefix("```"), inside) {
            (Some(language), None) => inside = Some(runs(language)),
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) => {
                code.push_str(line);
                code.push('\n');
            }
            (None, _) => {}
        }
    }
    code
}

/// Whether a block of this kind is compiled at least: one that must not run still shows how an item is used.
fn runs(language: &str) -> bool {
    language.split(',').all(|word| ["", "rust", "no_run", "should_panic"].contains(&word.trim()))
}

/// Whether the code calls or defines something of this name.
fn uses(code: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        [".", "::", "fn "].iter().any(|before| code[..at].ends_with(before))
            && !code[at + name.len()..].starts_with(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn code_that_is_not_compiled_is_no_example() {
        let documentation =
            "Adds.\n\n```text\na + b\n```\n\n```\nlet c = a.plus(b);\n```\n```ignore\nx\n```\n";
        assert_eq!(code(documentation), "let c = a.plus(b);\n");
        assert!(uses("let c = a.plus(b);", "plus") && uses("A::plus", "plus"));
        assert!(!uses("let c = a.plus_one(b); // plus", "plus"));
    }

    #[test]
    fn methods_are_covered_by_the_example_of_their_type() {
        let item = |name: &str, docs: &str, inner: Value| json!({ "crate_id": 0, "name": name, "docs": docs, "inner": inner, "span": { "filename": "a.rs", "begin": [3, 0] } });
        let documentation = json!({
            "root": 0,
            "index": {
                "0": item("nn", "", json!({ "module": { "items": [1, 5, 7] } })),
                "1": item("Adam", "```\nAdam::new(0.1).beta(0.9);\n```", json!({ "struct": { "impls": [2, 6] } })),
                "2": item("", "", json!({ "impl": { "trait": null, "items": [3, 4] } })),
                "3": item("beta", "", json!({ "function": {} })),
                "4": item("decay", "", json!({ "function": {} })),
                "5": item("", "", json!({ "use": { "id": 1 } })),
                "6": item("", "", json!({ "impl": { "trait": { "path": "Debug" }, "items": [8] } })),
                "7": item("Kind", "A kind.", json!({ "enum": { "impls": [] } })),
                "8": item("fmt", "", json!({ "function": {} })),
            },
        });
        let items = Items::of(&documentation).unwrap();
        assert_eq!(items.count, 4);
        assert_eq!(items.missing, ["a.rs:3: function nn::Adam::decay", "a.rs:3: enum nn::Kind"]);
        assert!(Items::of(&json!({ "other": 1 })).is_err());
    }
}
