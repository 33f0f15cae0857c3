//! Texts in JSON (RFC 8259): in quotation marks, with escapes for what cannot stand there.

use super::scan::{Fault, Scanner};
use std::fmt::Write;

/// Reads a text.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<String, Fault> {
    let begin = scanner.offset();
    let written = scanner.quoted('"')?;
    unescape(written).map_err(|(at, reason)| Fault::new(begin + 1 + at as u64, reason))
}

/// What is written so; or where in it there is what, that is not of the format.
fn unescape(written: &str) -> Result<String, (usize, &'static str)> {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        let at = written.len() - rest.len();
        rest = &rest[c.len_utf8()..];
        text.push(match c {
            '\0'..' ' => {
                return Err((at, "a control character stands in a text, where JSON wants an escape"));
            }
            '\\' => match escape(&mut rest) {
                Some(c) => c,
                None => return Err((at, "the escape in the text is none of JSON's")),
            },
            c => c,
        });
    }
    Ok(text)
}

/// The character that is written behind a backslash.
fn escape(rest: &mut &str) -> Option<char> {
    let kind = rest.chars().next()?;
    *rest = &rest[kind.len_utf8()..];
    Some(match kind {
        '"' | '\\' | '/' => kind,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => match unit(rest)? {
            // What is beyond 16 bits is written as two halves, a high one and a low one.
            high @ 0xd800..0xdc00 => {
                *rest = rest.strip_prefix("\\u")?;
                let low = unit(rest).filter(|low| (0xdc00..0xe000).contains(low))?;
                char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?
            }
            unit => char::from_u32(unit)?,
        },
        _ => return None,
    })
}

/// Four hexadecimal digits.
fn unit(rest: &mut &str) -> Option<u32> {
    let digits = rest.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    *rest = &rest[4..];
    u32::from_str_radix(digits, 16).ok()
}

/// Writes a text.
pub(crate) fn write(text: &str, json: &mut String) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\0'..' ' => write!(json, "\\u{:04x}", u32::from(c)).expect("a text takes all"),
            c => json.push(c),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(json: &str) -> Result<String, String> {
        let mut scanner = Scanner::new(json, 0);
        let text = read(&mut scanner).and_then(|text| scanner.end().map(|()| text));
        text.map_err(|fault| format!("{}: {}", fault.offset, fault.reason))
    }

    #[test]
    fn escapes_are_those_of_json() {
        assert_eq!(parse(r#""a\"\\\/\b\f\n\r\tz""#).unwrap(), "a\"\\/\u{8}\u{c}\n\r\tz");
        assert_eq!(parse(r#" "\u00e9\u00E9\ud83d\ude00" "#).unwrap(), "éé😀");
        for (spoiled, place) in [
            (r#""a\x""#, 2),
            (r#""\u12""#, 1),
            (r#""\u+123""#, 1),
            (r#""\ud83d""#, 1),
            (r#""\ud83d\u0041""#, 1),
            (r#""\ude00""#, 1),
            (r#""éé\u00é""#, 5),
            ("\"a\nb\"", 2),
            (r#""a"#, 0),
            (r#""a\""#, 0),
            ("a", 0),
            ("", 0),
        ] {
            let fault = parse(spoiled).unwrap_err();
            assert!(fault.starts_with(&format!("{place}: ")), "{spoiled}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text: String, controls in "[\\x00-\\x1f\"\\\\]{0,5}") {
            let text = text + &controls;
            let mut json = String::new();
            write(&text, &mut json);
            prop_assert_eq!(parse(&json).unwrap(), text);
        }
    }
}
