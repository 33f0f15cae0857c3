//! Tables of text: what a CSV file says before anyone decides which of its cells are numbers.

use super::csv::{CsvOptions, excerpt, of_32_bits, read_rows};
use super::error::{DataError, DataErrorKind, Place, listed};
use super::gz::Source;
use autograd::Tensor;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

/// What stands in a cell whose value is not known, beside nothing at all.
const MISSING: [&str; 7] = ["NA", "N/A", "NaN", "nan", "null", "NULL", "?"];

/// A table of text, with a name for each column.
///
/// ```
/// use nn::data::{CsvOptions, read_records_from};
/// let file = "kind,weight,height\ncat,4.1,25\ndog,,60\ncat,3.8,24\n";
/// let pets = read_records_from(file.as_bytes(), "pets", &CsvOptions { header: true, ..CsvOptions::default() })?;
/// assert_eq!(pets.names(), ["kind", "weight", "height"]);
/// assert_eq!((pets.len(), pets.cell(1, 1)), (3, None));
/// let classes = pets.values(pets.column("kind")?);
/// assert_eq!(classes, ["cat", "dog"]);
/// assert_eq!(pets.labels(pets.column("kind")?, &classes)?, [0, 1, 0]);
/// assert_eq!(pets.numbers(pets.column("height")?)?.to_vec(), [25.0, 60.0, 24.0]);
/// assert!(pets.numbers(1).is_err()); // the dog's weight is missing
/// assert_eq!(pets.select(&[2, 0]).numbers(1)?.to_vec(), [3.8, 4.1]);
/// # Ok::<(), nn::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    file: String,
    names: Vec<String>,
    /// Where each name is among them.
    places: HashMap<String, usize>,
    /// The texts of all cells, row by row and one behind the other, and where each ends: a string for each would take many times the text.
    text: String,
    ends: Vec<usize>,
    lines: Vec<u64>,
}

/// Reads a table of text from a CSV file in UTF-8, compressed with gzip or not.
///
/// As [`read_csv`](super::read_csv), but cells may hold anything. A cell is [missing](Records::cell) if there is nothing in it, or `NA`,
/// `N/A`, `NaN`, `nan`, `null`, `NULL` or `?`. Without a [header](CsvOptions::header) columns are called `1`, `2` and so on.
///
/// # Errors
/// As [`read_csv`](super::read_csv), but for what stands in the cells; and if two columns have one name. An error that is found in a column
/// of the table names the first of its cells in the file, and how many more are wrong.
///
/// ```
/// use nn::data::{CsvOptions, read_records};
/// # let path = std::env::temp_dir().join(format!("records-{}.csv", std::process::id()));
/// std::fs::write(&path, "species;mass\nGentoo;5000\n\"Adelie\";3750\n").unwrap();
/// let penguins = read_records(&path, &CsvOptions { header: true, delimiter: ';', ..CsvOptions::default() })?;
/// assert_eq!((penguins.len(), penguins.cell(1, 0)), (2, Some("Adelie")));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
pub fn read_records(path: impl AsRef<Path>, options: &CsvOptions) -> Result<Records, DataError> {
    read(Source::open(path.as_ref())?, options)
}

/// Reads such a table from anything that yields bytes; errors call it `name`.
///
/// ```
/// use nn::data::{CsvOptions, read_records_from};
/// let rows = read_records_from(&b"red,1\nNA,2\n"[..], "colours", &CsvOptions::default())?;
/// assert_eq!((rows.names(), rows.cell(1, 0)), (&["1".to_owned(), "2".to_owned()][..], None));
/// let error = rows.labels(0, &["red".into()]).unwrap_err().to_string();
/// assert_eq!(error, "colours, line 2, column 1: the value is missing; fill it in, or drop the row");
/// # Ok::<(), nn::data::DataError>(())
/// ```
///
/// # Errors
/// As [`read_records`].
pub fn read_records_from(reader: impl Read, name: &str, options: &CsvOptions) -> Result<Records, DataError> {
    read(Source::new(reader, name)?, options)
}

fn read(source: Source<'_>, options: &CsvOptions) -> Result<Records, DataError> {
    let (file, mut text, mut ends) = (source.name().to_owned(), String::new(), Vec::new());
    let rows = read_rows(source, options, |row| {
        let before = ends.len();
        for cell in row {
            text.push_str(cell?.1.trim());
            ends.push(text.len());
        }
        Ok(ends.len() - before)
    })?;
    text.shrink_to_fit();
    ends.shrink_to_fit();
    let names = rows.header.unwrap_or_else(|| (1..=rows.columns).map(|column| column.to_string()).collect());
    let mut places = HashMap::with_capacity(names.len());
    for (column, name) in names.iter().enumerate() {
        if places.insert(name.clone(), column).is_some() {
            let reason = format!("two columns are called {}", excerpt(name));
            let place = Place::Cell { line: 1, column: column as u64 + 1 };
            return Err(DataError::new(&file, place, DataErrorKind::malformed(reason, "rename one of them")));
        }
    }
    let first = if options.header { 2 } else { 1 };
    let lines = (first..first + rows.rows as u64).collect();
    Ok(Records { file, names, places, text, ends, lines })
}

impl Records {
    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of rows, the header not counted.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a table without a row is an error, unless one asks for it"
    )]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The place of a column among all, counted from 0.
    ///
    /// # Errors
    /// If no column has this name.
    pub fn column(&self, name: &str) -> Result<usize, DataError> {
        self.places.get(name).copied().ok_or_else(|| {
            let reason = format!("there is no column {}, only {}", excerpt(name), listed(&self.names));
            self.refused(reason, "name columns as the file does")
        })
    }

    /// What stands in a cell, both counted from 0; nothing, if it is missing.
    ///
    /// # Panics
    /// If there is no such row or column.
    #[track_caller]
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        assert!(
            row < self.len() && column < self.names.len(),
            "Records: cell ({row}, {column}) of {} rows and {} columns\n  help: both are counted from 0",
            self.len(),
            self.names.len()
        );
        let cell = row * self.names.len() + column;
        let cell = &self.text[self.start(cell)..self.ends[cell]];
        (!cell.is_empty() && !MISSING.contains(&cell)).then_some(cell)
    }

    /// Where the text of a cell, counted over all rows, begins.
    fn start(&self, cell: usize) -> usize {
        cell.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    /// The line of the file in which a row, counted from 0, stands: counted from 1, header included.
    ///
    /// ```
    /// use nn::data::{CsvOptions, read_records_from};
    /// let file = "kind,weight\ncat,4.1\ndog,12\n";
    /// let pets = read_records_from(file.as_bytes(), "pets", &CsvOptions { header: true, ..CsvOptions::default() })?;
    /// assert_eq!((pets.line(0), pets.select(&[1]).line(0)), (2, 3));
    /// # Ok::<(), nn::data::DataError>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn line(&self, row: usize) -> u64 {
        let rows = self.len();
        assert!(row < rows, "Records: row {row} of {rows} rows\n  help: they are counted from 0");
        self.lines[row]
    }

    /// The different values of a column, without what is missing: numbers by size, if all are, and texts in the order of their characters.
    pub fn values(&self, column: usize) -> Vec<String> {
        let mut values: Vec<&str> = (0..self.len()).filter_map(|row| self.cell(row, column)).collect();
        values.sort_unstable();
        values.dedup();
        if let Some(mut numbers) =
            values.iter().map(|value| Some((finite(value)?, *value))).collect::<Option<Vec<_>>>()
        {
            numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
            values = numbers.into_iter().map(|(_, value)| value).collect();
        }
        values.into_iter().map(str::to_owned).collect()
    }

    /// A column of numbers, `[n, 1]`: targets of a regression.
    ///
    /// # Errors
    /// If a cell is missing, or is no finite number of 32 bits.
    pub fn numbers(&self, column: usize) -> Result<Tensor, DataError> {
        let no_number = |text: &str| {
            DataErrorKind::malformed(format!("{} is not a finite number", excerpt(text)), "write a number")
        };
        let number = |row| self.number(row, column, no_number)?.ok_or_else(|| self.missing(row, column));
        let numbers = self.each(|row| number(row).ok(), |row| number(row).err())?;
        Ok(Tensor::from_vec(numbers, [self.len(), 1]).expect("a number for each row"))
    }

    /// A column of classes: for each row the place of its value among `classes`, as [`values`](Self::values) gives them.
    ///
    /// # Errors
    /// If a cell is missing, or is none of the classes.
    pub fn labels(&self, column: usize, classes: &[String]) -> Result<Vec<usize>, DataError> {
        let known = Known::new(classes);
        let label = |row| self.cell(row, column).and_then(|cell| known.place(cell));
        self.each(label, |row| {
            let cure = "correct it, drop the row, or learn from data in which it occurs";
            let unknown = |cell| {
                let reason = format!("{} is none of {}", excerpt(cell), listed(classes));
                self.fault(row, column, DataErrorKind::malformed(reason, cure))
            };
            Some(self.cell(row, column).map_or_else(|| self.missing(row, column), unknown))
        })
    }

    /// The rows of these numbers, in this order, each as often as it is named.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    #[track_caller]
    pub fn select(&self, rows: &[usize]) -> Records {
        let width = self.names.len();
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(rows.len() * width));
        for row in rows {
            let (cells, before) = (row * width..(row + 1) * width, text.len());
            let first = self.start(cells.start);
            text.push_str(&self.text[first..self.start(cells.end)]);
            ends.extend(self.ends[cells].iter().map(|end| end - first + before));
        }
        Records {
            text,
            ends,
            lines: rows.iter().map(|row| self.lines[*row]).collect(),
            file: self.file.clone(),
            names: self.names.clone(),
            places: self.places.clone(),
        }
    }

    /// What `read` makes of each row. If it makes nothing of some, the error is the `fault` of that which comes first in the file, and says
    /// how many more there are.
    pub(super) fn each<V>(
        &self,
        read: impl Fn(usize) -> Option<V>,
        fault: impl Fn(usize) -> Option<DataError>,
    ) -> Result<Vec<V>, DataError> {
        let values: Vec<V> = (0..self.len()).filter_map(&read).collect();
        let wrong = (0..self.len()).filter(|row| values.len() < self.len() && read(*row).is_none());
        match wrong.min_by_key(|row| self.lines[*row]).and_then(fault) {
            Some(error) => Err(error.and_more(self.len() - values.len() - 1)),
            None => Ok(values),
        }
    }

    /// What stands in a cell as a number; nothing, if it is missing. Of a text that is none, `no_number` says what is wrong.
    pub(super) fn number(
        &self,
        row: usize,
        column: usize,
        no_number: impl Fn(&str) -> DataErrorKind,
    ) -> Result<Option<f32>, DataError> {
        let Some(text) = self.cell(row, column) else { return Ok(None) };
        let narrow = match finite(text) {
            Some(number) => {
                of_32_bits(number).map_err(|(reason, cure)| DataErrorKind::malformed(reason, cure))
            }
            None => Err(no_number(text)),
        };
        narrow.map(Some).map_err(|kind| self.fault(row, column, kind))
    }

    fn missing(&self, row: usize, column: usize) -> DataError {
        let kind = DataErrorKind::malformed("the value is missing", "fill it in, or drop the row");
        self.fault(row, column, kind)
    }

    pub(super) fn refused(&self, reason: String, cure: &'static str) -> DataError {
        DataError::new(&self.file, Place::File, DataErrorKind::malformed(reason, cure))
    }

    /// What is wrong with a cell, both counted from 0.
    pub(super) fn fault(&self, row: usize, column: usize, kind: DataErrorKind) -> DataError {
        let (number, name) = (column + 1, &self.names[column]);
        let place = Place::Cell { line: self.lines[row], column: number as u64 };
        let error = DataError::new(&self.file, place, kind);
        // Without a header its name is its number.
        if *name == number.to_string() { error } else { error.in_column(name) }
    }
}

/// Where each of the values that a column may have is among them.
pub(super) struct Known<'a>(HashMap<&'a str, usize>);

impl<'a> Known<'a> {
    pub(super) fn new(values: &'a [String]) -> Self {
        // Of equal ones the first counts.
        let places = values.iter().enumerate().rev().map(|(place, value)| (value.as_str(), place));
        Known(places.collect())
    }

    pub(super) fn place(&self, value: &str) -> Option<usize> {
        self.0.get(value).copied()
    }
}

/// A text as a number, if it is one and finite.
pub(super) fn finite(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_what_is_not_a_file, gzip};
    use super::*;
    use expect_test::expect;

    fn records(text: impl AsRef<[u8]>) -> Result<Records, DataError> {
        read_records_from(text.as_ref(), "bytes", &CsvOptions { header: true, ..CsvOptions::default() })
    }

    #[test]
    fn cells_are_texts_or_missing() {
        let text = "name, size\n \"a, b\" ,1\nNA,\n?,nan\n";
        for read in [records(text).unwrap(), records(gzip(text.as_bytes())).unwrap()] {
            assert_eq!((read.names(), read.len()), (&["name".to_owned(), "size".to_owned()][..], 3));
            let cells: Vec<_> = (0..6).map(|place| read.cell(place / 2, place % 2)).collect();
            assert_eq!(cells, [Some("a, b"), Some("1"), None, None, None, None]);
        }
        let plain = read_records_from(&b"x,1\ny,2\n"[..], "bytes", &CsvOptions::default()).unwrap();
        assert_eq!((plain.names(), plain.len()), (&["1".to_owned(), "2".to_owned()][..], 2));
        assert_eq!(plain.numbers(1).unwrap().to_vec(), [1.0, 2.0]);
    }

    #[test]
    fn values_are_in_the_order_of_their_kind() {
        let read = records("a,b\n10,x\n9,10\n1e1,NA\n10,9\n").unwrap();
        assert_eq!(read.values(0), ["9", "10", "1e1"]);
        assert_eq!(read.values(1), ["10", "9", "x"]);
    }

    #[test]
    fn chosen_rows_keep_their_lines() {
        let chosen = records("a,b\n1,x\n2,y\n3,z\n").unwrap().select(&[2, 0, 2]);
        assert_eq!(chosen.numbers(0).unwrap().to_vec(), [3.0, 1.0, 3.0]);
        let error = chosen.select(&[1]).numbers(1).unwrap_err().to_string();
        assert!(error.starts_with("bytes, line 2, column 2 (\"b\"): \"x\""), "{error}");
    }

    #[test]
    fn a_header_alone_is_a_table_where_that_is_asked_for() {
        let read = |text: &str, header| {
            let options = CsvOptions { header, may_be_empty: true, ..CsvOptions::default() };
            read_records_from(text.as_bytes(), "bytes", &options)
        };
        let none = read("a,b\n", true).unwrap();
        assert_eq!((none.names(), none.len()), (&["a".to_owned(), "b".to_owned()][..], 0));
        assert_eq!(none.numbers(1).unwrap().dims(), [0, 1]);
        for error in [read("", true), read("\n", true), read("", false)].map(Result::unwrap_err) {
            assert!(error.to_string().contains("the file has no row"), "{error}");
        }
    }

    /// A search through all names for each would take minutes.
    #[test]
    fn names_and_classes_are_found_at_once() {
        const MANY: usize = 200_000;
        let names: Vec<String> = (0..MANY).map(|column| format!("c{column}")).collect();
        let row = vec!["1"; MANY].join(",");
        let wide = records(format!("{}\n{row}\n", names.join(","))).unwrap();
        assert_eq!(wide.column("c199999").unwrap(), MANY - 1);
        let last = format!("{}\n{row}\n", [&names[..MANY - 1], &["c7".to_owned()]].concat().join(","));
        assert!(records(last).unwrap_err().to_string().starts_with("bytes, line 1, column 200000: two"));
        let long = records(format!("c\n{}\n", names.join("\n"))).unwrap();
        assert!(long.labels(0, &names).unwrap().into_iter().eq(0..MANY));
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_place_and_reason() {
        let read = || records("a,b\n1,x\n,y\n1e39,\n").unwrap();
        let cases = [
            ("no rows", records("a,b\n").unwrap_err()),
            ("a name twice", records("a,b,a\n1,2,3\n").unwrap_err()),
            ("no such column", read().column("c").unwrap_err()),
            ("a text for a number", read().numbers(1).unwrap_err()),
            ("no number", read().numbers(0).unwrap_err()),
            ("beyond 32 bits", read().select(&[2]).numbers(0).unwrap_err()),
            (
                "several cells",
                records("a\n1\nx\n\"\"\n1e39\n").unwrap().select(&[3, 2, 1, 0]).numbers(0).unwrap_err(),
            ),
            ("no such class", read().labels(1, &["x".to_owned()]).unwrap_err()),
            ("no class", read().select(&[2]).labels(1, &["x".to_owned()]).unwrap_err()),
        ];
        let errors = cases.map(|(what, error)| format!("{what}\n    {error}\n"));
        expect![[r#"
            no rows
                bytes: the file has no row; check that it was written in full
            a name twice
                bytes, line 1, column 3: two columns are called "a"; rename one of them
            no such column
                bytes: there is no column "c", only ["a", "b"]; name columns as the file does
            a text for a number
                bytes, line 2, column 2 ("b"): "x" is not a finite number (2 more wrong cells in this column); write a number
            no number
                bytes, line 3, column 1 ("a"): the value is missing (1 more wrong cell in this column); fill it in, or drop the row
            beyond 32 bits
                bytes, line 4, column 1 ("a"): 1e39 is beyond all numbers of 32 bits; give it in a larger unit
            several cells
                bytes, line 3, column 1 ("a"): "x" is not a finite number (2 more wrong cells in this column); write a number
            no such class
                bytes, line 3, column 2 ("b"): "y" is none of ["x"] (1 more wrong cell in this column); correct it, drop the row, or learn from data in which it occurs
            no class
                bytes, line 4, column 2 ("b"): the value is missing; fill it in, or drop the row
        "#]].assert_eq(&errors.concat());
        check_what_is_not_a_file(|path| read_records(path, &CsvOptions::default()).map(drop));
    }
}
