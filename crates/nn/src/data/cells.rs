//! The cells of a line of CSV: between delimiters, in quotation marks or not, numbers with a point before their fraction.

use super::csv::{CsvOptions, excerpt};
use std::borrow::Cow;
use std::str;

/// What is wrong with a line, and at which cell, counted from 1.
pub(super) struct Fault {
    pub(super) column: u64,
    pub(super) reason: String,
    pub(super) cure: &'static str,
}

/// Where a CR stands that is neither in quotation marks nor at the end.
fn end_in_cr(line: &str) -> Option<usize> {
    let mut is_quoted = false;
    line.trim_end_matches('\r').bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'\r' && !is_quoted
    })
}

/// The cells of one line, each with its column, counted from 1.
pub(super) struct Cells<'a> {
    rest: Option<&'a str>,
    delimiter: char,
    decimal: char,
    column: u64,
}

impl<'a> Cells<'a> {
    pub(super) fn of(line: &'a [u8], options: &CsvOptions) -> Result<Self, Fault> {
        let CsvOptions { delimiter, decimal, .. } = *options;
        match str::from_utf8(line) {
            Ok(text) => match end_in_cr(text) {
                None => Ok(Self { rest: Some(text), delimiter, decimal, column: 0 }),
                Some(place) => {
                    let column = 1 + text[..place].matches(delimiter).count() as u64;
                    let cure = "save the file with the line ends of Unix or Windows, LF or CRLF";
                    Err(Fault { column, reason: "the line ends with CR alone".into(), cure })
                }
            },
            Err(_) => {
                let valid = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
                let column = 1 + valid.matches(delimiter).count() as u64;
                Err(Fault { column, reason: "the text is not UTF-8".into(), cure: "save the file as UTF-8" })
            }
        }
    }

    /// A cell in which a number has a point before its fraction.
    fn pointed(&self, cell: Cow<'a, str>) -> Result<Cow<'a, str>, Fault> {
        let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
        if self.decimal == '.' || !cell.contains([self.decimal, '.']) {
            return Ok(cell);
        }
        if cell.contains('.') && is_number(&cell) {
            let reason = format!(
                "{} has a point, but fractions stand behind {:?}",
                excerpt(cell.trim()),
                self.decimal
            );
            let cure = "write numbers without marks between thousands, and fractions all in one way";
            return Err(Fault { column: self.column, reason, cure });
        }
        let pointed = cell.replacen(self.decimal, ".", 1);
        Ok(if is_number(&pointed) { pointed.into() } else { cell })
    }

    /// The text of a cell behind its opening quotation mark, where `""` stands for one mark, and the rest of the line.
    fn unquote(&self, mut quoted: &'a str) -> Result<(Cow<'a, str>, Option<&'a str>), Fault> {
        let fault = |reason: &str, cure| Fault { column: self.column, reason: reason.into(), cure };
        let mut text = String::new();
        loop {
            let Some((part, after)) = quoted.split_once('"') else {
                return Err(fault("the line ends inside quotation marks", "close them on the same line"));
            };
            text.push_str(part);
            if let Some(more) = after.strip_prefix('"') {
                text.push('"');
                quoted = more;
                continue;
            }
            let between = after.find(self.delimiter).unwrap_or(after.len());
            if !after[..between].trim().is_empty() {
                return Err(fault(
                    "text follows the closing quotation mark",
                    "put the delimiter behind the mark",
                ));
            }
            return Ok((text.into(), after.get(between + self.delimiter.len_utf8()..)));
        }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Result<(u64, Cow<'a, str>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        self.column += 1;
        let delimiter = self.delimiter;
        let split = match rest.trim_start_matches(|c| c == ' ' && c != delimiter).strip_prefix('"') {
            Some(quoted) => self.unquote(quoted),
            None => Ok(match rest.split_once(delimiter) {
                Some((cell, after)) => (cell.into(), Some(after)),
                None => (rest.into(), None),
            }),
        };
        Some(split.and_then(|(cell, after)| {
            self.rest = after;
            Ok((self.column, self.pointed(cell)?))
        }))
    }
}
