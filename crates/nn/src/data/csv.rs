//! Tables of numbers as comma-separated values (RFC 4180, or any other delimiter).
//!
//! Lines are split here and not by a general CSV reader, so that every error has the line and column that an editor shows,
//! and a quotation mark that is never closed is an error instead of a cell that swallows the rest of the file.

use super::cells::{Cells, Fault};
use super::error::{DataError, DataErrorKind, Place};
use super::gz::Source;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// How a CSV file is written, and how much of it may be read.
///
/// ```
/// use nn::data::CsvOptions;
///
/// let options = CsvOptions { header: true, delimiter: ';', ..CsvOptions::default() };
/// assert_eq!(options.byte_limit, 256 << 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Whether the first line names the columns; by default it does not. Nothing is guessed.
    pub header: bool,
    /// The character between two cells; by default a comma.
    pub delimiter: char,
    /// The character between a number and its fraction; by default a point. Where it is another one, a number with a point is an error: it
    /// may stand between thousands.
    ///
    /// ```
    /// use nn::data::{CsvOptions, read_csv_from};
    /// let options = CsvOptions { delimiter: ';', decimal: ',', ..CsvOptions::default() };
    /// assert_eq!(read_csv_from(&b"1,5;2\n"[..], "bytes", &options)?.data, [1.5, 2.0]);
    /// # Ok::<(), nn::data::DataError>(())
    /// ```
    pub decimal: char,
    /// The most bytes of text to read, after decompression; by default 256 MiB, which is at most 1 GiB of numbers, or 2 GiB of
    /// texts.
    /// A compressed file is also held to [`INFLATED_LIMIT`](super::INFLATED_LIMIT).
    pub byte_limit: u64,
    /// Whether a table may be nothing but its header; by default that is an error, as of a file that was not written in full.
    pub may_be_empty: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { header: false, delimiter: ',', decimal: '.', byte_limit: 256 << 20, may_be_empty: false }
    }
}

/// A table of finite numbers.
///
/// ```
/// use nn::data::{CsvOptions, read_csv_from};
/// let table = read_csv_from(&b"1,2\n3,4\n"[..], "numbers", &CsvOptions::default())?;
/// assert_eq!((table.rows, table.columns, table.data[table.columns]), (2, 2, 3.0)); // the second row
/// # Ok::<(), nn::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The number of columns, at least 1.
    pub columns: usize,
    /// The number of rows, the header not counted: at least 1, unless the options say that there may be none.
    pub rows: usize,
    /// The cells row by row, `rows * columns` of them.
    pub data: Vec<f64>,
    /// The names of the columns, if [`CsvOptions::header`] says that the file has them.
    pub header: Option<Vec<String>>,
}

/// Reads a table of numbers from a CSV file in UTF-8, compressed with gzip or not.
///
/// A cell may stand in quotation marks, and spaces around it do not count. Every row has the same number of cells, and
/// every cell is a finite number; tables with texts or missing values are for [`read_records`](super::read_records). Lines end
/// with LF or CRLF, not with CR alone, and empty lines may stand only at the end of the file.
///
/// # Errors
///
/// If the file cannot be read, is longer than [`CsvOptions::byte_limit`], is not UTF-8, has no row (but see [`CsvOptions::may_be_empty`]), has a row that is
/// longer or shorter than the first line, an empty line between rows, a line that ends with CR alone, a quotation mark that its line
/// does not close, or a cell that is not a finite number; also if the delimiter is a quotation mark or a line break.
///
/// ```
/// use nn::data::{CsvOptions, read_csv};
///
/// # let path = std::env::temp_dir().join(format!("csv-{}.csv", std::process::id()));
/// std::fs::write(&path, "mass,length\n3750,39.1\n5000,47.3\n").unwrap();
/// let table = read_csv(&path, &CsvOptions { header: true, ..CsvOptions::default() })?;
/// assert_eq!(table.header, Some(vec!["mass".into(), "length".into()]));
/// assert_eq!((table.rows, table.data), (2, vec![3750.0, 39.1, 5000.0, 47.3]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
pub fn read_csv(path: impl AsRef<Path>, options: &CsvOptions) -> Result<Table, DataError> {
    read(Source::open(path.as_ref())?, options)
}

/// Reads CSV from anything that yields bytes; errors call it `name`.
///
/// # Errors
///
/// As [`read_csv`].
///
/// ```
/// use nn::data::{CsvOptions, read_csv_from};
///
/// let options = CsvOptions { header: true, ..CsvOptions::default() };
/// let table = read_csv_from("x,y\n1,2\n3,4.5e-1\n".as_bytes(), "points", &options)?;
/// assert_eq!((table.rows, table.columns), (2, 2));
/// assert_eq!(table.data, [1.0, 2.0, 3.0, 0.45]);
///
/// let error = read_csv_from("x,y\n1,2\n3,NA\n".as_bytes(), "points", &options).unwrap_err();
/// assert!(error.to_string().starts_with("points, line 3, column 2: \"NA\" is not a number"));
/// # Ok::<(), nn::data::DataError>(())
/// ```
pub fn read_csv_from(reader: impl Read, name: &str, options: &CsvOptions) -> Result<Table, DataError> {
    read(Source::new(reader, name)?, options)
}

fn read(source: Source<'_>, options: &CsvOptions) -> Result<Table, DataError> {
    let mut data = Vec::new();
    let Rows { header, columns, rows } = read_rows(source, options, |cells| read_numbers(cells, &mut data))?;
    Ok(Table { columns, rows, data, header })
}

/// What was read, beside the cells themselves.
pub(super) struct Rows {
    pub(super) header: Option<Vec<String>>,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Reads a table line by line: `take` gets the cells of each, and says how many there are.
pub(super) fn read_rows(
    source: Source<'_>,
    options: &CsvOptions,
    mut take: impl FnMut(Cells<'_>) -> Result<usize, Fault>,
) -> Result<Rows, DataError> {
    let name = source.name().to_owned();
    if matches!(options.delimiter, '"' | '\n' | '\r') {
        let reason = format!("{:?} cannot separate cells", options.delimiter);
        let kind = DataErrorKind::malformed(reason, "choose another delimiter, such as ',' or '\\t'");
        return Err(DataError::new(&name, Place::File, kind));
    }
    if options.decimal == options.delimiter {
        let reason = format!("{:?} cannot stand both between cells and before fractions", options.decimal);
        let kind = DataErrorKind::malformed(reason, "choose the delimiter that the file has, such as ';'");
        return Err(DataError::new(&name, Place::File, kind));
    }
    let mut reader = BufReader::new(source.with_limit(options.byte_limit));
    let (mut header, mut columns, mut rows, mut empty_line) = (None, None, 0, None);
    let mut bytes = Vec::new();
    for line in 1.. {
        let located = |line, Fault { column, reason, cure }| {
            DataError::new(&name, Place::Cell { line, column }, DataErrorKind::malformed(reason, cure))
        };
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(|error| reader.get_ref().failed(error))? == 0 {
            break;
        }
        let text = strip_line_end(if line == 1 { strip_byte_order_mark(&bytes) } else { &bytes });
        if text.is_empty() {
            empty_line.get_or_insert(line);
            continue;
        }
        if let Some(empty) = empty_line {
            let cure = "fill the row in or drop the line";
            return Err(located(empty, Fault { column: 1, reason: "the line is empty".into(), cure }));
        }
        let cells = Cells::of(text, options).map_err(|fault| located(line, fault))?;
        let width = if options.header && header.is_none() {
            header.insert(read_names(cells).map_err(|fault| located(line, fault))?).len()
        } else {
            rows += 1;
            take(cells).map_err(|fault| located(line, fault))?
        };
        let expected = *columns.get_or_insert(width);
        if width != expected {
            let column = 1 + width.min(expected) as u64;
            let reason = format!("the number of cells is {width}, but {expected} in the first line");
            return Err(located(
                line,
                Fault { column, reason, cure: "give all lines the same number of cells" },
            ));
        }
    }
    if rows == 0 && !(options.may_be_empty && header.is_some()) {
        let kind = DataErrorKind::malformed("the file has no row", "check that it was written in full");
        return Err(DataError::new(&name, Place::File, kind));
    }
    Ok(Rows { header, columns: columns.expect("a line was read"), rows })
}

/// Spreadsheets begin a UTF-8 file with U+FEFF.
fn strip_byte_order_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line)
}

fn strip_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn read_names(cells: Cells<'_>) -> Result<Vec<String>, Fault> {
    cells.map(|cell| Ok(cell?.1.trim().to_owned())).collect()
}

/// Appends the numbers of one line, and says how many there are.
fn read_numbers(cells: Cells<'_>, data: &mut Vec<f64>) -> Result<usize, Fault> {
    let before = data.len();
    for cell in cells {
        let (column, text) = cell?;
        let text = text.trim();
        let fault = |reason, cure| Fault { column, reason, cure };
        if text.is_empty() {
            return Err(fault("the cell is empty".into(), "fill the value in or drop the row"));
        }
        let number: f64 = text.parse().map_err(|_| {
            let cure = "if the line names the columns, set `header`; else write a number or choose another delimiter";
            fault(format!("{} is not a number", excerpt(text)), cure)
        })?;
        if !number.is_finite() {
            let cure = "fill in a finite value or drop the row";
            return Err(fault(format!("{} is not a finite number", excerpt(text)), cure));
        }
        data.push(number);
    }
    Ok(data.len() - before)
}

/// The beginning of a cell, in quotation marks, for an error.
pub(super) fn excerpt(text: &str) -> String {
    const LENGTH: usize = 40;
    let begin: String = text.chars().take(LENGTH).collect();
    format!("{begin:?}{}", if begin.len() < text.len() { "..." } else { "" })
}

/// A number of a cell in 32 bits; or what is wrong with it, and what to do.
pub(super) fn of_32_bits(number: f64) -> Result<f32, (String, &'static str)> {
    let narrow = number as f32;
    let wrong = || (format!("{number:e} is beyond all numbers of 32 bits"), "give it in a larger unit");
    narrow.is_finite().then_some(narrow).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, super::*, *};
    use expect_test::expect;
    use proptest::prelude::*;

    fn table(text: impl AsRef<[u8]>) -> Result<Table, DataError> {
        read_csv_from(text.as_ref(), "bytes", &CsvOptions::default())
    }

    fn with_header() -> CsvOptions {
        CsvOptions { header: true, ..CsvOptions::default() }
    }

    /// As spreadsheets write them where a comma stands before fractions.
    #[test]
    fn fractions_stand_behind_the_mark_that_is_asked_for() {
        let options = CsvOptions { delimiter: ';', decimal: ',', ..CsvOptions::default() };
        let read = |text: &str| read_csv_from(text.as_bytes(), "bytes", &options);
        assert_eq!(read("1,5;\"-2,25\" ;3e4;,5\n").unwrap().data, [1.5, -2.25, 3e4, 0.5]);
        let records = read_records_from(&b"rose, wild;1,5;1,2,3\n"[..], "bytes", &options).unwrap();
        assert_eq!([0, 1, 2].map(|column| records.cell(0, column).unwrap()), ["rose, wild", "1.5", "1,2,3"]);
        let thousands = read("1,5;1.234\n").unwrap_err().to_string();
        assert!(thousands.starts_with("bytes, line 1, column 2: \"1.234\" has a point"), "{thousands}");
        assert!(read("1.234,5\n").unwrap_err().to_string().contains("\"1.234,5\" is not a number"));
        let both = CsvOptions { decimal: ',', ..CsvOptions::default() };
        let both = read_csv_from(&b"1,5\n"[..], "bytes", &both).unwrap_err().to_string();
        assert!(both.contains("',' cannot stand both"), "{both}");
    }

    #[test]
    fn tables_as_programs_write_them() {
        let expected = Table { columns: 2, rows: 2, data: vec![1.0, -2.5, 3e4, 0.0], header: None };
        for text in [
            "1,-2.5\n3e4,0\n",
            "1,-2.5\r\n3e4,0",
            "\u{feff}1,-2.5\n3e4,0\n\n\r\n",
            " 1 ,\t-2.5\n+30000.,.0\n",
            "\"1\",\"-2.5\"\n \"3e4\" ,0\n",
        ] {
            assert_eq!(table(text).unwrap(), expected, "{text:?}");
            assert_eq!(table(gzip(text.as_bytes())).unwrap(), expected, "{text:?}, compressed");
        }
        let tabs = CsvOptions { delimiter: '\t', ..CsvOptions::default() };
        assert_eq!(read_csv_from("1\t-2.5\n3e4\t\"0\"".as_bytes(), "bytes", &tabs).unwrap(), expected);
    }

    #[test]
    fn lines_that_end_in_cr_alone_are_told() {
        for text in ["1,2\r3,4\r", "x,y\r1,2", "a\r\n1\r2\r\n", "\"x\",\"y\"\r1,2"] {
            let message = read_csv_from(text.as_bytes(), "bytes", &with_header()).unwrap_err().to_string();
            assert!(message.contains("CR alone"), "{message}");
        }
        let quoted = read_csv_from("\"a\rb\"\r\r\n2\n".as_bytes(), "bytes", &with_header()).unwrap();
        assert_eq!((quoted.header.unwrap(), quoted.data), (vec!["a\rb".to_owned()], vec![2.0]));
    }

    #[test]
    fn names_of_columns_may_hold_delimiters_and_quotation_marks() {
        let text = "\"length, cm\",\"\"\"x\"\"\", y \n1,2,3\n";
        let table = read_csv_from(text.as_bytes(), "bytes", &with_header()).unwrap();
        assert_eq!(table.header.unwrap(), ["length, cm", "\"x\"", "y"]);
        assert_eq!((table.rows, table.data), (1, vec![1.0, 2.0, 3.0]));
    }

    #[test]
    fn spoiled_files_are_errors_with_place_and_reason() {
        let (plain, header) = (CsvOptions::default(), with_header());
        let (quote, short) =
            (CsvOptions { delimiter: '"', ..plain.clone() }, CsvOptions { byte_limit: 7, ..plain.clone() });
        let whole = gzip(b"1,2\n3,4\n");
        let cases: [(&str, &[u8], &CsvOptions); 24] = [
            ("no bytes", b"", &plain),
            ("empty lines", b"\n\r\n\n", &plain),
            ("a header and no more", b"x,y\n", &header),
            ("a header not announced", b"x,y\n1,2\n", &plain),
            ("a short row", b"1,2\r\n3\r\n", &plain),
            ("a row longer than the header", b"x,y\n1,2,3\n", &header),
            ("an empty cell", b"1,2\n3,\n", &plain),
            ("an empty line", b"1,2\n\n\n3,4\n", &plain),
            ("NaN", b"1,2\nNaN,4\n", &plain),
            ("infinity", b"1,2\n3,-inf\n", &plain),
            ("overflow", b"1,2\n3,1e999\n", &plain),
            ("bad UTF-8", b"1,2\n3,\xff\xfe\n", &plain),
            ("UTF-16", b"\xff\xfe1\x00,\x002\x00", &plain),
            ("another delimiter", b"1;2\n", &plain),
            ("an open quotation mark", b"1,2\n3,\"4\n5,6\n", &plain),
            ("text behind quotation marks", b"1,2\n\"3\"3,4\n", &plain),
            ("a zero byte", b"1,2\n3,4\0\n", &plain),
            ("a long number", &[b'7'; 400], &plain),
            ("a long text", &b"\xc3\xa9".repeat(100), &plain),
            ("a bad delimiter", b"1,2\n", &quote),
            ("more than the limit", b"1,2\n3,4\n", &short),
            ("cut gzip", &whole[..whole.len() - 9], &plain),
            ("gzip with a wrong checksum", &flip(&whole, whole.len() - 8), &plain),
            ("gzip and more", &[&whole[..], b"1,2\n"].concat(), &plain),
        ];
        let errors = cases.map(|(what, bytes, options)| {
            format!("{what}\n    {}\n", read_csv_from(bytes, "bytes", options).expect_err(what))
        });
        expect![[r#"
            no bytes
                bytes: the file has no row; check that it was written in full
            empty lines
                bytes: the file has no row; check that it was written in full
            a header and no more
                bytes: the file has no row; check that it was written in full
            a header not announced
                bytes, line 1, column 1: "x" is not a number; if the line names the columns, set `header`; else write a number or choose another delimiter
            a short row
                bytes, line 2, column 2: the number of cells is 1, but 2 in the first line; give all lines the same number of cells
            a row longer than the header
                bytes, line 2, column 3: the number of cells is 3, but 2 in the first line; give all lines the same number of cells
            an empty cell
                bytes, line 2, column 2: the cell is empty; fill the value in or drop the row
            an empty line
                bytes, line 2, column 1: the line is empty; fill the row in or drop the line
            NaN
                bytes, line 2, column 1: "NaN" is not a finite number; fill in a finite value or drop the row
            infinity
                bytes, line 2, column 2: "-inf" is not a finite number; fill in a finite value or drop the row
            overflow
                bytes, line 2, column 2: "1e999" is not a finite number; fill in a finite value or drop the row
            bad UTF-8
                bytes, line 2, column 2: the text is not UTF-8; save the file as UTF-8
            UTF-16
                bytes, line 1, column 1: the text is not UTF-8; save the file as UTF-8
            another delimiter
                bytes, line 1, column 1: "1;2" is not a number; if the line names the columns, set `header`; else write a number or choose another delimiter
            an open quotation mark
                bytes, line 2, column 2: the line ends inside quotation marks; close them on the same line
            text behind quotation marks
                bytes, line 2, column 1: text follows the closing quotation mark; put the delimiter behind the mark
            a zero byte
                bytes, line 2, column 2: "4\0" is not a number; if the line names the columns, set `header`; else write a number or choose another delimiter
            a long number
                bytes, line 1, column 1: "7777777777777777777777777777777777777777"... is not a finite number; fill in a finite value or drop the row
            a long text
                bytes, line 1, column 1: "éééééééééééééééééééééééééééééééééééééééé"... is not a number; if the line names the columns, set `header`; else write a number or choose another delimiter
            a bad delimiter
                bytes: '"' cannot separate cells; choose another delimiter, such as ',' or '\t'
            more than the limit
                bytes, byte 7: the file holds more than the 7 bytes allowed; raise the limit of the reader, or decompress the file with gunzip, if you trust it
            cut gzip
                bytes, byte 8 after decompression: the gzip data are cut short or damaged (incomplete deflate stream); fetch or compress the file again
            gzip with a wrong checksum
                bytes, byte 8 after decompression: the gzip data are cut short or damaged (corrupt gzip stream does not have a matching checksum); fetch or compress the file again
            gzip and more
                bytes, byte 8 after decompression: the gzip data are cut short or damaged (unexpected end of file); fetch or compress the file again
        "#]].assert_eq(&errors.concat());
    }

    #[test]
    fn a_list_in_an_error_has_twenty_texts_at_most() {
        let many: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
        assert_eq!(listed(&many[..2]), "[\"0\", \"1\"]");
        assert!(listed(&many[..20]).ends_with(", \"19\"]"));
        assert!(listed(&many).ends_with(", \"19\", and 99980 more]"));
        assert!(listed(&["x".repeat(1_000_000)]).len() < 50);
        let text = format!("{}\n{}\n", many.join(","), many.join(","));
        let wide = read_records_from(text.as_bytes(), "wide", &with_header()).unwrap();
        let folder = Folder::new();
        let path = folder.write("wide.csv", text.as_bytes());
        let errors = [
            wide.column(&text).unwrap_err(),
            wide.labels(7, &many[8..]).unwrap_err(),
            Encoder::new().leave_out("x").fit(&wide).unwrap_err(),
            csv_regression(path, &[&text], &with_header()).unwrap_err(),
        ];
        for error in errors.map(|error| error.to_string()) {
            assert!(error.len() < 600 && error.contains(" more]"), "{} bytes: {error:.600}", error.len());
        }
    }

    #[test]
    fn a_file_of_just_the_limit_is_read() {
        let options = CsvOptions { byte_limit: 8, ..CsvOptions::default() };
        assert_eq!(read_csv_from(&b"1,2\n3,4\n"[..], "bytes", &options).unwrap().rows, 2);
    }

    #[test]
    fn what_is_not_a_file_is_an_error() {
        check_what_is_not_a_file(|path| read_csv(path, &CsvOptions::default()).map(drop));
    }

    #[test]
    fn a_bomb_is_left_where_the_limit_is_reached() {
        let options = CsvOptions { byte_limit: 100_000, ..CsvOptions::default() };
        for fill in [b"1,2\n", b"1111"] {
            let bomb = bomb(b"1,2\n", fill);
            let mut counted = Counted::new(&bomb);
            let error = read_csv_from(&mut counted, "bytes", &options).unwrap_err();
            assert!(matches!(error.kind(), DataErrorKind::TooLarge { limit: 100_000 }), "{error}");
            assert!(counted.pulled < 70_000, "{} of {} bytes were pulled", counted.pulled, bomb.len());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_table_or_an_error(bytes: Vec<u8>) {
            let _ = table(bytes);
        }

        #[test]
        fn no_more_cells_than_the_text_has_room_for(text in "[0-9,;\"\\. \n\r-]{0,60}", header: bool) {
            let options = CsvOptions { header, ..CsvOptions::default() };
            if let Ok(Table { columns, rows, data, .. }) = read_csv_from(text.as_bytes(), "bytes", &options) {
                prop_assert_eq!(rows * columns, data.len());
                prop_assert!(rows > 0 && 2 * data.len() <= text.len() + 1);
            }
        }

        #[test]
        fn what_is_written_is_read(columns in 1..5_usize, cells in prop::collection::vec(-1e300..1e300, 1..40)) {
            let cells = &cells[..cells.len() / columns * columns];
            prop_assume!(!cells.is_empty());
            let line = |row: &[f64]| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
            let text = cells.chunks(columns).map(line).collect::<Vec<_>>().join("\n");
            let table = table(text).unwrap();
            prop_assert_eq!((table.columns, &table.data[..]), (columns, cells));
        }
    }
}
