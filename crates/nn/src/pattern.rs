//! Patterns: several parameters by one name.

use crate::module::{Module, Path};
use crate::param::Param;
use autograd::Scalar;
use std::fmt;

/// A pattern of paths: `*` stands for any characters, dots among them, `?` for one character, all else for itself.
///
/// ```
/// use nn::Pattern;
/// let pattern = Pattern::new("encoder.*.bias");
/// assert!(pattern.matches("encoder.layers.0.bias"));
/// assert!(!pattern.matches("encoder.bias") && !pattern.matches("encoder.layers.0.weight"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern that is written so.
    pub fn new(pattern: &str) -> Self {
        Pattern(pattern.to_owned())
    }

    /// Whether the path, as a whole, is of this pattern.
    pub fn matches(&self, path: &str) -> bool {
        let (pattern, path) = (self.0.as_bytes(), path.as_bytes());
        let (mut i, mut j) = (0, 0);
        // Where the last star was, and how much of the path it has taken.
        let mut star = None;
        while j < path.len() {
            match pattern.get(i) {
                Some(b'*') => {
                    star = Some((i, j));
                    i += 1;
                }
                Some(b'?') => (i, j) = (i + 1, j + 1),
                Some(&c) if c == path[j] => (i, j) = (i + 1, j + 1),
                _ => match star {
                    None => return false,
                    Some((at, taken)) => {
                        star = Some((at, taken + 1));
                        (i, j) = (at + 1, taken + 1);
                    }
                },
            }
        }
        pattern[i..].iter().all(|&c| c == b'*')
    }

    /// Shows the parameters of a module whose path matches; how many there are.
    ///
    /// # Panics
    /// On behalf of `what`, if there are none.
    #[track_caller]
    pub(crate) fn visit<'a, T: Scalar>(
        &self,
        what: &str,
        module: &'a (impl Module<T> + ?Sized),
        see: &mut dyn FnMut(&Path, &'a Param<T>),
    ) -> usize {
        let mut found = 0;
        module.visit(&mut Path::default(), &mut |path, param| {
            if self.matches(path.as_str()) {
                found += 1;
                see(path, param);
            }
        });
        assert!(found > 0, "{}", self.matches_none(what, module));
        found
    }

    /// As [`visit`](Self::visit), to be changed.
    #[track_caller]
    pub(crate) fn visit_mut<T: Scalar>(
        &self,
        what: &str,
        module: &mut (impl Module<T> + ?Sized),
        change: &mut dyn FnMut(&mut Param<T>),
    ) -> usize {
        let mut found = 0;
        module.visit_mut(&mut Path::default(), &mut |path, param| {
            if self.matches(path.as_str()) {
                found += 1;
                change(param);
            }
        });
        assert!(found > 0, "{}", self.matches_none(what, module));
        found
    }

    /// What to say when no parameter matches.
    pub(crate) fn matches_none<T: Scalar>(&self, what: &str, module: &(impl Module<T> + ?Sized)) -> String {
        let mut paths: Vec<String> = module.parameters().into_iter().map(|(path, _)| path).collect();
        let rest = paths.len().saturating_sub(8);
        paths.truncate(8);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        format!(
            "{what}: no parameter has a path like `{self}`\n  help: `*` stands for any characters; the paths are {}{more}",
            paths.join(", ")
        )
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_takes_as_much_as_it_must() {
        for (pattern, yes, no) in [
            ("a.b", &["a.b"][..], &["a.bc", "a", "", "xa.b"][..]),
            ("*", &["", "a", "a.b.c"], &[]),
            ("*.bias", &["a.bias", "a.b.bias", ".bias"], &["bias", "a.bias.x"]),
            ("a.*", &["a.", "a.b", "a.b.c"], &["a", "ab.c"]),
            ("a*b*c", &["abc", "a.b.b.c", "abbcc"], &["ab", "acb", "abcd"]),
            ("l?.w", &["l0.w", "l..w"], &["l10.w", "l.w"]),
            ("**x", &["x", "yx"], &["xy"]),
            ("", &[""], &["a"]),
        ] {
            let pattern = Pattern::new(pattern);
            yes.iter().for_each(|path| assert!(pattern.matches(path), "{pattern} {path}"));
            no.iter().for_each(|path| assert!(!pattern.matches(path), "{pattern} {path}"));
        }
    }
}
