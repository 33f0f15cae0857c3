//! Reading the text of a header piece by piece, each with its place in the file.
//!
//! The headers of both formats have a fixed form, so that a few kinds of pieces are enough; none of them nests, and no input
//! makes the reader go deep.

/// What is wrong with a text, and at which byte of the file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) offset: u64,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(offset: u64, reason: impl Into<String>) -> Self {
        Fault { offset, reason: reason.into() }
    }
}

/// A text, how much of it was read, and the byte of the file at which it begins.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    start: u64,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, start: u64) -> Self {
        Scanner { text, at: 0, start }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The byte of the file at which the next piece begins, behind white space.
    pub(super) fn offset(&mut self) -> u64 {
        self.space();
        self.start + self.at as u64
    }

    fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.start + self.at as u64, reason)
    }

    /// That something else should stand here.
    pub(super) fn expected(&self, what: &str) -> Fault {
        match self.rest().chars().next() {
            Some(found) => self.fault(format!("expected {what} in the header, found {found:?}")),
            None => self.fault(format!("expected {what}, found the end of the header")),
        }
    }

    /// Passes over white space.
    fn space(&mut self) {
        let rest = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
        self.at = self.text.len() - rest.len();
    }

    /// Whether this stands next, behind white space.
    pub(super) fn is_next(&mut self, token: &str) -> bool {
        self.space();
        self.rest().starts_with(token)
    }

    /// As [`is_next`](Self::is_next); if so, it is passed over.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.is_next(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// Passes over this, which must stand next.
    pub(super) fn expect(&mut self, token: &str) -> Result<(), Fault> {
        if self.eat(token) { Ok(()) } else { Err(self.expected(&format!("`{token}`"))) }
    }

    /// Passes over the end of the text.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.space();
        if self.rest().is_empty() { Ok(()) } else { Err(self.expected("nothing more")) }
    }

    /// What stands behind one item of a list: whether another follows, or else `close`.
    pub(super) fn more(&mut self, close: &str) -> Result<bool, Fault> {
        if self.eat(",") {
            return Ok(true);
        }
        if self.eat(close) { Ok(false) } else { Err(self.expected(&format!("`,` or `{close}`"))) }
    }

    /// An integer that is not negative.
    pub(super) fn integer(&mut self) -> Result<u64, Fault> {
        self.space();
        let rest = self.rest();
        let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
        if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
            return Err(self.expected("an integer from 0 on"));
        }
        let value = digits
            .parse()
            .map_err(|_| self.fault(format!("the integer {} is too large", excerpt(digits))))?;
        self.at += digits.len();
        Ok(value)
    }

    /// A text in quotation marks of this kind, with what escapes there are as they stand.
    pub(super) fn quoted(&mut self, mark: char) -> Result<&'a str, Fault> {
        self.space();
        let Some(rest) = self.rest().strip_prefix(mark) else {
            return Err(self.expected("a text in quotation marks"));
        };
        let mut escaped = false;
        let end = rest.find(|c: char| {
            let ends = c == mark && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or_else(|| self.fault("the header ends inside a text in quotation marks"))?;
        self.at += end + 2;
        Ok(&rest[..end])
    }
}

/// The beginning of a text that may be long.
pub(super) fn excerpt(text: &str) -> String {
    const LENGTH: usize = 60;
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
