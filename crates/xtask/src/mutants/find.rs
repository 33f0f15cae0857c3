//! Where a rule of differentiation can be made wrong: places in the bodies of functions, and what to put there.

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Lit, UnOp};

use crate::Result;

/// The functions that say how an operator differentiates, what it keeps for that, and which shapes it takes and gives.
const RULES: [&str; 8] =
    ["backward", "backward_all", "df", "derivative", "gradients", "keeps", "layout", "shape"];

/// The body of a function, and all that is to be tried with it.
pub(super) struct Rule {
    /// The function's name.
    pub(super) name: String,
    /// The bytes of its body, braces and all.
    pub(super) body: Range<usize>,
    /// One change each.
    pub(super) changes: Vec<Change>,
}

/// One change of a source text.
pub(super) struct Change {
    /// The line, from 1.
    pub(super) line: usize,
    /// The bytes that go.
    pub(super) at: Range<usize>,
    /// What comes in their place.
    pub(super) by: String,
}

/// The rules in a source file, in order.
pub(super) fn rules(source: &str) -> Result<Vec<Rule>> {
    let file = syn::parse_file(source).map_err(|error| error.to_string())?;
    let mut functions = Functions { source, rules: Vec::new() };
    functions.visit_file(&file);
    Ok(functions.rules)
}

struct Functions<'a> {
    source: &'a str,
    rules: Vec<Rule>,
}

impl Functions<'_> {
    fn note(&mut self, name: String, body: &Block) {
        if RULES.contains(&name.as_str()) {
            let mut found = Changes { source: self.source, changes: Vec::new() };
            if name == "keeps" {
                found.put(body.span(), "{ Keeps::NONE }");
            }
            found.visit_block(body);
            self.rules.push(Rule { name, body: body.span().byte_range(), changes: found.changes });
        }
    }
}

impl<'a> Visit<'a> for Functions<'_> {
    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.note(function.sig.ident.to_string(), &function.block);
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.note(function.sig.ident.to_string(), &function.block);
    }

    /// Tests are not tried.
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }
}

struct Changes<'a> {
    source: &'a str,
    changes: Vec<Change>,
}

impl Changes<'_> {
    fn put(&mut self, at: Span, by: &str) {
        let change = Change { line: at.start().line, at: at.byte_range(), by: by.to_owned() };
        if one_line(&self.source[change.at.clone()]) != one_line(by) {
            self.changes.push(change);
        }
    }

    fn text(&self, of: &impl Spanned) -> String {
        self.source[of.span().byte_range()].to_owned()
    }
}

impl<'a> Visit<'a> for Changes<'_> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Binary(binary) => {
                for by in others(binary.op) {
                    self.put(binary.op.span(), by);
                }
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_) | UnOp::Not(_)) => {
                let operand = self.text(&unary.expr);
                self.put(unary.span(), &operand);
            }
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(int) => {
                    if let Ok(value) = int.base10_parse::<u64>() {
                        self.put(int.span(), &format!("{}{}", value + 1, int.suffix()));
                    }
                }
                Lit::Float(float) => {
                    if let Ok(value) = float.base10_parse::<f64>() {
                        self.put(float.span(), &format!("{:?}{}", value + 1.0, float.suffix()));
                    }
                }
                Lit::Bool(bool) => self.put(bool.span, if bool.value { "false" } else { "true" }),
                _ => {}
            },
            Expr::If(branch) if !matches!(*branch.cond, Expr::Let(_)) => {
                for by in ["true", "false"] {
                    self.put(branch.cond.span(), by);
                }
            }
            // What an error says changes no result.
            Expr::MethodCall(call)
                if ["operand", "help", "map_err"].contains(&call.method.to_string().as_str()) => {}
            // `x.neg()` by `x`: what is of another type does not compile, and is left out.
            Expr::MethodCall(call) => {
                let receiver = self.text(&call.receiver);
                self.put(call.span(), &receiver);
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_pat(&mut self, _: &'a syn::Pat) {}

    fn visit_type(&mut self, _: &'a syn::Type) {}
}

/// A text on one line, with single spaces.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The operators that are tried in place of one.
fn others(op: BinOp) -> &'static [&'static str] {
    match op {
        BinOp::Add(_) => &["-"],
        BinOp::Sub(_) => &["+"],
        BinOp::Mul(_) => &["/"],
        BinOp::Div(_) => &["*"],
        BinOp::Rem(_) => &["/"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["<=", ">="],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "<="],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::AddAssign(_) => &["-="],
        BinOp::SubAssign(_) => &["+="],
        BinOp::MulAssign(_) => &["/="],
        BinOp::DivAssign(_) => &["*="],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source text after each of the changes of its first rule.
    fn after(source: &str) -> Vec<String> {
        let rules = rules(source).unwrap();
        let changed = |change: &Change| {
            let mut text = source.to_owned();
            text.replace_range(change.at.clone(), &change.by);
            text
        };
        rules[0].changes.iter().map(changed).collect()
    }

    #[test]
    fn operators_signs_numbers_conditions_and_calls_are_changed() {
        assert_eq!(after("fn df() { a + b }"), ["fn df() { a - b }"]);
        assert_eq!(after("fn df() { -a }"), ["fn df() { a }"]);
        assert_eq!(after("fn df() { f(2.5f32) }"), ["fn df() { f(3.5f32) }"]);
        assert_eq!(after("fn df() { a.exp() }"), ["fn df() { a }"]);
        assert_eq!(after("fn keeps() { NOTHING }"), ["fn keeps() { Keeps::NONE }"]);
        assert_eq!(
            after("fn shape() { if a < b { c } }"),
            [
                "fn shape() { if true { c } }",
                "fn shape() { if false { c } }",
                "fn shape() { if a <= b { c } }",
                "fn shape() { if a >= b { c } }",
            ]
        );
    }

    #[test]
    fn patterns_types_other_functions_and_tests_stay() {
        assert!(after("fn keeps() {\n    Keeps::NONE\n}").is_empty());
        assert!(after("fn shape() { e.operand(a, b).help(c) }").is_empty());
        assert!(after("fn df(x: [f64; 2]) { match x { [1.0, _] => a, _ => b } }").is_empty());
        assert!(rules("fn forward() { 1 } mod tests { fn df() { 1 } }").unwrap().is_empty());
    }
}
