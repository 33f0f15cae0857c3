//! A graph in the language of Graphviz: `dot -Tsvg graph.dot`.

use super::{Kind, Picture};
use std::fmt::Write as _;

impl Picture {
    /// The graph as DOT.
    pub fn dot(&self) -> String {
        let mut dot = String::from(
            "digraph {\n  node [shape=box style=\"rounded,filled\" fontname=monospace fontsize=11]\n",
        );
        for (i, item) in self.items.iter().enumerate() {
            let label = item.lines().join("\\n").replace('"', "\\\"");
            let (style, fill) = match item.kind {
                Kind::Leaf => ("rounded,filled", "#dbe7fb"),
                Kind::Constant => ("rounded,filled,dashed", "#ffffff"),
                Kind::Operator if item.kept > 0 => ("rounded,filled", "#fbe9cf"),
                Kind::Operator => ("rounded,filled", "#f4f4f4"),
            };
            let tooltip = item.place().map(|place| format!(" tooltip=\"{place}\"")).unwrap_or_default();
            _ = writeln!(dot, "  n{i} [label=\"{label}\" style=\"{style}\" fillcolor=\"{fill}\"{tooltip}]");
        }
        for (from, to) in &self.edges {
            _ = writeln!(dot, "  n{from} -> n{to}");
        }
        dot + "}\n"
    }
}
