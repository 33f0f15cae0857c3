//! Texts as sequences of characters, for models of language: each character is to be told from those before it.

use super::dataset::Dataset;
use super::error::{DataError, DataErrorKind};
use super::gz::Source;
use super::subsets::must_be_a_fraction;
use autograd::{Array, ShapeError};
use std::{collections::BTreeSet, io::Read, path::Path, sync::Arc};

/// The most bytes of a text, after decompression: 256 MiB.
const BYTE_LIMIT: u64 = 256 << 20;

/// A text, and the vocabulary that its characters are numbered by.
///
/// ```
/// use nn::data::Text;
/// let text = Text::new("to be or not to be")?;
/// assert_eq!(text.vocabulary().iter().collect::<String>(), " benort");
/// assert_eq!(text.encode("bet")?, [1, 2, 6]);
/// assert_eq!(text.decode(&[6, 4, 0, 1, 2]), "to be");
/// assert_eq!((text.ids().len(), text.skip(16).ids()), (18, &[1, 2][..]));
///
/// let (train, validation) = text.split(0.7);
/// let windows = train.windows(4, 1)?;
/// assert_eq!((windows.len(), train.len(), validation.len()), (9, 13, 5));
/// assert!(text.split(1.0).1.is_empty());
/// // The targets are the inputs, one character on.
/// let batch = windows.batches(2).next().unwrap();
/// assert_eq!(text.decode(&batch.x.to_vec()), "to bo be");
/// assert_eq!(text.decode(&batch.y.to_vec()), "o be be ");
/// # Ok::<(), nn::ShapeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Text {
    vocabulary: Arc<[char]>,
    ids: Vec<usize>,
}

/// Reads a text in UTF-8, compressed with gzip or not, of at most 256 MiB.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("text-{}.txt", std::process::id()));
/// std::fs::write(&path, "Grüezi, grüezi!").unwrap();
/// let text = nn::data::read_text(&path)?;
/// assert_eq!((text.len(), text.vocabulary().len()), (15, 10)); // characters, and different ones
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
///
/// # Errors
/// If the file cannot be read, is empty or longer, is not UTF-8, or holds a zero byte, as no text does.
pub fn read_text(path: impl AsRef<Path>) -> Result<Text, DataError> {
    read(Source::open(path.as_ref())?)
}

/// Reads a text from anything that yields bytes; errors call it `name`.
///
/// ```
/// use nn::data::read_text_from;
/// assert_eq!(read_text_from("né".as_bytes(), "a word")?.vocabulary(), ['n', 'é']);
/// let error = read_text_from(&b"n\xe9"[..], "a word").unwrap_err(); // in the encoding Latin-1
/// assert!(error.to_string().starts_with("a word, byte 1: "), "{error}");
/// # Ok::<(), nn::data::DataError>(())
/// ```
///
/// # Errors
/// As [`read_text`].
pub fn read_text_from(reader: impl Read, name: &str) -> Result<Text, DataError> {
    read(Source::new(reader, name)?)
}

fn read(source: Source<'_>) -> Result<Text, DataError> {
    let mut source = source.with_limit(BYTE_LIMIT);
    let mut bytes = Vec::new();
    source.read_up_to(u64::MAX, &mut bytes)?;
    if let Some(place) = bytes.iter().position(|&byte| byte == 0) {
        let cure = "check that the path names a text, and save it as UTF-8";
        return Err(source.malformed(place as u64, "a zero byte, which no text in UTF-8 has", cure));
    }
    let text = str::from_utf8(&bytes).map_err(|error| {
        let place = error.valid_up_to();
        let reason = match error.error_len() {
            Some(_) => format!("the byte {:02x} is not UTF-8", bytes[place]),
            None => "the text ends within a character".to_owned(),
        };
        source.malformed(place as u64, reason, "save the file as UTF-8, whole")
    })?;
    // Some editors begin a text with U+FEFF.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Text::new(text).map_err(|_| {
        source.error(DataErrorKind::malformed("the text is empty", "check that it was written in full"))
    })
}

impl Text {
    /// A text, whose vocabulary is the characters in it, in the order of their codes.
    ///
    /// # Errors
    /// If it is empty.
    pub fn new(text: &str) -> Result<Self, ShapeError> {
        let vocabulary: Arc<[char]> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
        if vocabulary.is_empty() {
            return Err(ShapeError::new("a text without a character").help("give at least one"));
        }
        let mut encoded = Text { vocabulary, ids: Vec::new() };
        encoded.ids = encoded.encode(text)?;
        Ok(encoded)
    }

    /// The number of characters.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none, as in a part that a split has left empty.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The characters that there are; each has its place here as its number.
    pub fn vocabulary(&self) -> &[char] {
        &self.vocabulary
    }

    /// The characters of the text, by number.
    pub fn ids(&self) -> &[usize] {
        &self.ids
    }

    /// The numbers of these characters.
    ///
    /// # Errors
    /// If one is not in the vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<usize>, ShapeError> {
        let number = |(place, character): (usize, char)| {
            self.vocabulary.binary_search(&character).map_err(|_| {
                let reason =
                    format!("the character {character:?}, at place {place}, is not in the vocabulary");
                ShapeError::new(reason).help("leave it out, or read a text that has it")
            })
        };
        text.chars().enumerate().map(number).collect()
    }

    /// The characters of these numbers.
    ///
    /// # Panics
    /// If a number is not below the size of the vocabulary.
    #[track_caller]
    pub fn decode(&self, ids: &[usize]) -> String {
        let size = self.vocabulary.len();
        if let Some(id) = ids.iter().find(|id| **id >= size) {
            panic!(
                "decode: {id} is out of range for a vocabulary of {size}\n  help: decode what this text has encoded"
            );
        }
        ids.iter().map(|&id| self.vocabulary[id]).collect()
    }

    /// The beginning of the text, with `fraction` of its characters, rounded, and the rest, with one vocabulary. Nothing is shuffled: the
    /// rest is to be text that the beginning does not contain.
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`.
    #[track_caller]
    pub fn split(&self, fraction: f64) -> (Text, Text) {
        must_be_a_fraction("split", fraction);
        let (begin, rest) = self.ids.split_at((fraction * self.len() as f64).round() as usize);
        let part = |ids: &[usize]| Text { vocabulary: Arc::clone(&self.vocabulary), ids: ids.to_vec() };
        (part(begin), part(rest))
    }

    /// Windows of `length` characters, `[n, length]`, each beginning `stride` characters behind the last, with the same one character on as
    /// targets. What is left over at the end is left out.
    ///
    /// They are copied: with a stride below the length, the data set is as many times as large as the text. For other windows in every
    /// epoch, take windows of [`skip`](Self::skip)ped text.
    ///
    /// # Errors
    /// If the text has no window: it has to have one character more.
    ///
    /// # Panics
    /// If the length or the stride is 0.
    #[track_caller]
    pub fn windows(
        &self,
        length: usize,
        stride: usize,
    ) -> Result<Dataset<Array<usize>, Array<usize>>, ShapeError> {
        assert!(
            length > 0 && stride > 0,
            "windows: length {length} and stride {stride}\n  help: both are at least 1"
        );
        let Some(room) = self.len().checked_sub(length).and_then(|room| room.checked_sub(1)) else {
            let reason =
                format!("a text of {} characters has no window of {length} and a next one", self.len());
            return Err(ShapeError::new(reason).help("take shorter windows, or more text"));
        };
        let count = room / stride + 1;
        let from = |offset: usize| {
            Array::build([count, length], |rows| {
                for (i, row) in rows.chunks_exact_mut(length).enumerate() {
                    row.copy_from_slice(&self.ids[i * stride + offset..][..length]);
                }
            })
        };
        Dataset::new(from(0)?, from(1)?)
    }

    /// The text without its first characters.
    pub fn skip(&self, characters: usize) -> Text {
        let ids = self.ids[characters.min(self.len())..].to_vec();
        Text { vocabulary: Arc::clone(&self.vocabulary), ids }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Folder, check_what_is_not_a_file, flip, gzip};
    use super::*;
    use crate::testing::panic_of;
    use expect_test::expect;
    use proptest::prelude::*;

    #[test]
    fn texts_are_read_as_they_are() {
        let folder = Folder::new();
        for bytes in ["äb\r\nä".as_bytes().to_vec(), "\u{feff}äb\r\nä".into(), gzip("äb\r\nä".as_bytes())]
        {
            let text = read_text(folder.write("text", &bytes)).unwrap();
            assert_eq!(text.decode(text.ids()), "äb\r\nä");
            assert_eq!(text.vocabulary(), ['\n', '\r', 'b', 'ä']);
            assert_eq!(text.ids(), [3, 2, 1, 0, 3]);
        }
    }

    #[test]
    fn spoiled_files_are_errors_with_place_and_reason() {
        let whole = gzip(b"to be");
        let cases: [(&str, &[u8]); 15] = [
            ("no bytes", b""),
            ("a mark and no more", b"\xef\xbb\xbf"),
            ("Latin-1", b"caf\xe9 noir"),
            ("cut within a character", "caf\u{e9}".as_bytes().split_last().unwrap().1),
            ("UTF-16", b"\xff\xfet\0o\0"),
            ("UTF-32, big-endian", b"\0\0\0t\0\0\0o"),
            ("a zero byte", b"to\0be"),
            ("a lone continuation", b"to\x80be"),
            ("a code too long", b"\xc0\xaf"),
            ("a surrogate", b"\xed\xa0\x80"),
            ("beyond all codes", b"\xf5\x80\x80\x80"),
            ("a picture", b"\x89PNG\r\n\x1a\n"),
            ("cut gzip", &whole[..whole.len() - 9]),
            ("gzip with a wrong checksum", &flip(&whole, whole.len() - 8)),
            ("gzip and more", &[&whole[..], b"or not"].concat()),
        ];
        let errors = cases.map(|(what, bytes)| {
            format!("{what}\n    {}\n", read_text_from(bytes, "bytes").expect_err(what))
        });
        expect![[r#"
            no bytes
                bytes, byte 0: the text is empty; check that it was written in full
            a mark and no more
                bytes, byte 3: the text is empty; check that it was written in full
            Latin-1
                bytes, byte 3: the byte e9 is not UTF-8; save the file as UTF-8, whole
            cut within a character
                bytes, byte 3: the text ends within a character; save the file as UTF-8, whole
            UTF-16
                bytes, byte 3: a zero byte, which no text in UTF-8 has; check that the path names a text, and save it as UTF-8
            UTF-32, big-endian
                bytes, byte 0: a zero byte, which no text in UTF-8 has; check that the path names a text, and save it as UTF-8
            a zero byte
                bytes, byte 2: a zero byte, which no text in UTF-8 has; check that the path names a text, and save it as UTF-8
            a lone continuation
                bytes, byte 2: the byte 80 is not UTF-8; save the file as UTF-8, whole
            a code too long
                bytes, byte 0: the byte c0 is not UTF-8; save the file as UTF-8, whole
            a surrogate
                bytes, byte 0: the byte ed is not UTF-8; save the file as UTF-8, whole
            beyond all codes
                bytes, byte 0: the byte f5 is not UTF-8; save the file as UTF-8, whole
            a picture
                bytes, byte 0: the byte 89 is not UTF-8; save the file as UTF-8, whole
            cut gzip
                bytes, byte 5 after decompression: the gzip data are cut short or damaged (incomplete deflate stream); fetch or compress the file again
            gzip with a wrong checksum
                bytes, byte 5 after decompression: the gzip data are cut short or damaged (corrupt gzip stream does not have a matching checksum); fetch or compress the file again
            gzip and more
                bytes, byte 5 after decompression: the gzip data are cut short or damaged (unexpected end of file); fetch or compress the file again
        "#]].assert_eq(&errors.concat());
        check_what_is_not_a_file(|path| read_text(path).map(drop));
    }

    #[test]
    fn what_cannot_be_encoded_is_named() {
        let text = Text::new("abc").unwrap();
        assert!(text.encode("abd").unwrap_err().to_string().contains("'d', at place 2"));
        assert!(
            text.windows(3, 1).unwrap_err().to_string().contains("a text of 3 characters has no window of 3")
        );
        assert!(panic_of(|| text.decode(&[0, 3])).contains("3 is out of range for a vocabulary of 3"));
        assert!(panic_of(|| text.windows(0, 1)).contains("length 0"));
        assert!(text.windows(usize::MAX, 1).is_err());
    }

    proptest! {
        /// Each window against the text itself.
        #[test]
        fn windows_are_pieces_of_the_text(text in "[a-d]{2,40}", length in 1..9_usize, stride in 1..12_usize, skip in 0..4_usize) {
            let encoded = Text::new(&text).unwrap().skip(skip);
            let rest = &text[skip.min(text.len())..];
            match encoded.windows(length, stride) {
                Err(_) => prop_assert!(rest.len() < length + 1),
                Ok(windows) => {
                    let begins: Vec<usize> = (0..rest.len()).step_by(stride).filter(|i| i + length < rest.len()).collect();
                    prop_assert_eq!(windows.len(), begins.len());
                    for (i, begin) in begins.into_iter().enumerate() {
                        let window = windows.select(&[i]);
                        prop_assert_eq!(encoded.decode(&window.x().to_vec()), &rest[begin..begin + length]);
                        prop_assert_eq!(encoded.decode(&window.y().to_vec()), &rest[begin + 1..=begin + length]);
                    }
                }
            }
        }

        #[test]
        fn any_bytes_give_a_text_or_an_error(bytes: Vec<u8>) {
            if let Ok(text) = read_text_from(&bytes[..], "bytes") {
                prop_assert_eq!(text.decode(text.ids()), str::from_utf8(&bytes).unwrap().trim_start_matches('\u{feff}'));
            }
        }

        #[test]
        fn the_parts_of_a_split_are_the_text(text in ".{1,30}", fraction in 0.0..=1.0) {
            let whole = Text::new(&text).unwrap();
            let (begin, rest) = whole.split(fraction);
            prop_assert_eq!(begin.len(), (fraction * whole.len() as f64).round() as usize);
            prop_assert_eq!(whole.decode(begin.ids()) + &rest.decode(rest.ids()), text);
        }
    }
}
