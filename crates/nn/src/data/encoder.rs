//! The texts of a table as numbers for a network: numbers as they are, categories as a column of zeros and ones for each.
//!
//! What is a number, which categories there are, and what stands for a missing number is learnt from the training part alone, as the
//! scale of a [`Scaler`](super::Scaler) is.

use super::csv::excerpt;
use super::error::{DataError, DataErrorKind, Place};
use super::records::{Known, Records, finite};
use autograd::{Array, Tensor};
use std::collections::HashSet;

/// The most values of a column of texts. What has more is a name or a remark, of which a network would learn rows by heart.
const CATEGORIES: usize = 256;

/// How columns of a table become inputs of a network.
///
/// A column whose cells are all numbers is one input. Any other is a set of categories: an input for each, 1 where it is told and 0
/// elsewhere ("one-hot").
///
/// ```
/// use nn::data::{CsvOptions, Encoder, read_records_from};
/// let file = "kind,weight,height\ncat,4.1,25\ndog,,60\ncat,3.9,24\n";
/// let pets = read_records_from(file.as_bytes(), "pets", &CsvOptions { header: true, ..CsvOptions::default() })?;
/// let encoder = Encoder::new().leave_out("height").fill_missing().fit(&pets)?;
/// assert_eq!(encoder.inputs(), ["kind=cat", "kind=dog", "weight"]);
/// let x = encoder.encode(&pets)?; // 4.0 is the mean weight
/// assert_eq!(x.to_vec(), [1.0, 0.0, 4.1, 0.0, 1.0, 4.0, 1.0, 0.0, 3.9]);
/// # Ok::<(), nn::data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoder {
    /// The columns that are inputs, in the order of the table that they were learnt from.
    pub columns: Vec<Column>,
    left_out: Vec<String>,
    categories: Vec<String>,
    fill: bool,
    unknown: bool,
}

/// A column of a table, and what becomes of it.
///
/// ```
/// use nn::data::{CsvOptions, Encoder, Encoding, read_records_from};
/// let options = CsvOptions { header: true, ..CsvOptions::default() };
/// let pets = read_records_from(&b"kind,weight\ncat,4\ndog,9\n"[..], "pets", &options)?;
/// let columns = Encoder::new().fit(&pets)?.columns;
/// assert_eq!(columns[0].encoding, Encoding::Categories { values: vec!["cat".into(), "dog".into()], missing: false, unknown: false });
/// assert_eq!((columns[1].name.as_str(), &columns[1].encoding), ("weight", &Encoding::Number { missing: None }));
/// # Ok::<(), nn::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub encoding: Encoding,
}

/// What becomes of a column.
///
/// ```
/// use nn::data::{CsvOptions, Encoder, Encoding, read_records_from};
/// let options = CsvOptions { header: true, ..CsvOptions::default() };
/// let pets = read_records_from(&b"kind,weight\ncat,4\n,5\ndog,\n"[..], "pets", &options)?;
/// let columns = Encoder::new().fill_missing().fit(&pets)?.columns;
/// assert_eq!(columns[0].encoding, Encoding::Categories { values: vec!["cat".into(), "dog".into()], missing: true, unknown: false });
/// assert_eq!(columns[1].encoding, Encoding::Number { missing: Some(4.5) });
/// # Ok::<(), nn::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Encoding {
    /// One input.
    Number {
        /// What stands for a missing number; without it such a row is an error.
        missing: Option<f32>,
    },
    /// An input for each value.
    Categories {
        /// The values.
        values: Vec<String>,
        /// Whether a missing value is 0 in all inputs; otherwise it is an error.
        missing: bool,
        /// Whether any other value is 0 in all inputs; otherwise it is an error.
        unknown: bool,
    },
}

impl Encoder {
    /// An encoder that has learnt nothing yet, for all columns.
    pub fn new() -> Self {
        Encoder::default()
    }

    /// Leaves a column out: a target, or what is a name for each row.
    #[must_use]
    pub fn leave_out(mut self, column: impl Into<String>) -> Self {
        self.left_out.push(column.into());
        self
    }

    /// Makes a column a set of categories although its cells are numbers, such as a postcode.
    ///
    /// ```
    /// use nn::data::{CsvOptions, Encoder, read_records_from};
    /// let options = CsvOptions { header: true, ..CsvOptions::default() };
    /// let homes = read_records_from(&b"postcode,rooms\n8001,3\n5000,4\n"[..], "homes", &options)?;
    /// let encoder = Encoder::new().categories("postcode").fit(&homes)?;
    /// assert_eq!(encoder.inputs(), ["postcode=5000", "postcode=8001", "rooms"]);
    /// # Ok::<(), nn::data::DataError>(())
    /// ```
    #[must_use]
    pub fn categories(mut self, column: impl Into<String>) -> Self {
        self.categories.push(column.into());
        self
    }

    /// Accepts missing values: the mean of the column stands for a number, 0 in all inputs for a category.
    #[must_use]
    pub fn fill_missing(self) -> Self {
        Encoder { fill: true, ..self }
    }

    /// Accepts categories that the training part does not have: 0 in all inputs.
    ///
    /// ```
    /// use nn::data::{CsvOptions, Encoder, read_records_from};
    /// let options = CsvOptions { header: true, ..CsvOptions::default() };
    /// let train = read_records_from(&b"kind\ncat\ndog\n"[..], "train", &options)?;
    /// let test = read_records_from(&b"kind\ndog\nemu\n"[..], "test", &options)?;
    /// assert!(Encoder::new().fit(&train)?.encode(&test).is_err());
    /// assert_eq!(Encoder::new().accept_unknown().fit(&train)?.encode(&test)?.to_vec(), [0.0, 1.0, 0.0, 0.0]);
    /// # Ok::<(), nn::data::DataError>(())
    /// ```
    #[must_use]
    pub fn accept_unknown(self) -> Self {
        Encoder { unknown: true, ..self }
    }

    /// Learns from the training part what the columns are.
    ///
    /// # Errors
    /// If a column that was named is not there, or none is left; if a value is missing, unless [`fill_missing`](Self::fill_missing) says
    /// otherwise; if a column has numbers in some rows and texts in others, and is not named as [`categories`](Self::categories); or if a
    /// column of texts has no value, or more than 256 different ones. Of several wrong cells the first in the file is named.
    pub fn fit(mut self, records: &Records) -> Result<Self, DataError> {
        let places = |names: &[String]| {
            names.iter().map(|name| records.column(name)).collect::<Result<HashSet<_>, _>>()
        };
        let (left_out, categories) = (places(&self.left_out)?, places(&self.categories)?);
        let names = records.names().iter().enumerate().filter(|(column, _)| !left_out.contains(column));
        let columns = names.map(|(column, name)| {
            let encoding = if categories.contains(&column) || !has_numbers(records, column) {
                self.learn_categories(records, column)
            } else {
                self.learn_number(records, column)
            };
            Ok(Column { name: name.clone(), encoding: encoding? })
        });
        self.columns = all_or_first(columns)?;
        if self.columns.is_empty() {
            let reason = "no column is left for the inputs".to_owned();
            return Err(records.refused(reason, "leave fewer columns out"));
        }
        Ok(self)
    }

    fn learn_number(&self, records: &Records, column: usize) -> Result<Encoding, DataError> {
        let number = |row| match number(records, row, column)? {
            None if !self.fill => Err(records.fault(row, column, DataErrorKind::MissingInput)),
            number => Ok(number),
        };
        let numbers = records.each(|row| number(row).ok(), |row| number(row).err())?;
        let known = numbers.iter().flatten().count();
        let sum: f64 = numbers.iter().flatten().map(|number| f64::from(*number)).sum();
        Ok(Encoding::Number { missing: self.fill.then_some((sum / known as f64) as f32) })
    }

    fn learn_categories(&self, records: &Records, column: usize) -> Result<Encoding, DataError> {
        let values = records.values(column);
        let name = excerpt(&records.names()[column]);
        if values.is_empty() {
            let reason = format!("the column {name} has no value at all");
            return Err(records.refused(reason, "leave it out"));
        }
        if values.len() > CATEGORIES {
            let reason =
                format!("the column {name} has {} different texts, of {CATEGORIES} at most", values.len());
            return Err(records.refused(reason, "leave it out, or bring its texts into groups"));
        }
        if !self.fill {
            let is_there = |row| records.cell(row, column).map(drop);
            records.each(is_there, |row| Some(records.fault(row, column, DataErrorKind::MissingInput)))?;
        }
        Ok(Encoding::Categories { values, missing: self.fill, unknown: self.unknown })
    }

    /// What each input is: the name of its column, and for a category its value behind `=`.
    pub fn inputs(&self) -> Vec<String> {
        let names = self.columns.iter().flat_map(|Column { name, encoding }| match encoding {
            Encoding::Number { .. } => vec![name.clone()],
            Encoding::Categories { values, .. } => {
                values.iter().map(|value| format!("{name}={value}")).collect()
            }
        });
        names.collect()
    }

    /// The rows of a table as inputs, `[rows, inputs]`. The columns are found by their names; others may be there.
    ///
    /// # Errors
    /// If a column is not there; if a value is missing where none was in training, and no filling was asked for; if a number is none, or
    /// is beyond 32 bits; if a category is none that was learnt, unless [`accept_unknown`](Self::accept_unknown) says otherwise; or if
    /// there is no memory for the inputs. Of several wrong cells the first in the file is named.
    pub fn encode(&self, records: &Records) -> Result<Tensor, DataError> {
        let places = self.columns.iter().map(|column| records.column(&column.name));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let width = self.inputs().len();
        let no_memory = |_| {
            let reason =
                format!("{} rows of {width} inputs are more than there is memory for", records.len());
            records.refused(reason, "bring texts into groups, leave columns out, or give fewer rows")
        };
        let inputs = Array::build([records.len(), width], |inputs| inputs.fill(0.0));
        let (mut inputs, mut first) = (inputs.map_err(no_memory)?, 0);
        let elements = inputs.make_mut();
        all_or_first(self.columns.iter().zip(places).map(|(Column { encoding, .. }, place)| {
            let rows = elements.chunks_exact_mut(width.max(1));
            match encoding {
                Encoding::Number { missing } => {
                    let number = |row| {
                        let number = number(records, row, place)?.or(*missing);
                        number.ok_or_else(|| records.fault(row, place, DataErrorKind::MissingInput))
                    };
                    let numbers = records.each(|row| number(row).ok(), |row| number(row).err())?;
                    rows.zip(numbers).for_each(|(row, number)| row[first] = number);
                    first += 1;
                }
                Encoding::Categories { values, missing, unknown } => {
                    let known = Known::new(values);
                    let told = |row| match records.cell(row, place) {
                        None => missing.then_some(None),
                        Some(cell) => known.place(cell).map(Some).or(unknown.then_some(None)),
                    };
                    let told = records.each(told, |row| {
                        let kind = match records.cell(row, place) {
                            None => DataErrorKind::MissingInput,
                            Some(cell) => DataErrorKind::UnknownCategory {
                                value: cell.to_owned(),
                                known: values.clone(),
                            },
                        };
                        Some(records.fault(row, place, kind))
                    })?;
                    for (row, told) in rows.zip(told) {
                        told.into_iter().for_each(|value| row[first + value] = 1.0);
                    }
                    first += values.len();
                }
            }
            Ok(())
        }))?;
        Ok(Tensor::constant(inputs))
    }
}

/// What comes of all columns, or of several errors the one whose place comes first in the file.
fn all_or_first<V>(columns: impl Iterator<Item = Result<V, DataError>>) -> Result<Vec<V>, DataError> {
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for column in columns {
        column.map_or_else(|error| errors.push(error), |column| all.push(column));
    }
    let place = |error: &DataError| match error.place() {
        Place::Cell { line, column } => (line, column),
        _ => (0, 0),
    };
    errors.into_iter().min_by_key(place).map_or(Ok(all), Err)
}

/// What stands in a cell of an input as a number; nothing, if it is missing.
fn number(records: &Records, row: usize, column: usize) -> Result<Option<f32>, DataError> {
    records.number(row, column, |text| DataErrorKind::NoNumber { text: text.to_owned() })
}

/// Whether any cell of a column is a number; then all that are not missing have to be.
fn has_numbers(records: &Records, column: usize) -> bool {
    (0..records.len()).any(|row| records.cell(row, column).and_then(finite).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::{CsvOptions, read_records_from};
    use super::*;
    use expect_test::expect;

    fn records(text: &str) -> Records {
        let options = CsvOptions { header: true, ..CsvOptions::default() };
        read_records_from(text.as_bytes(), "bytes", &options).unwrap()
    }

    #[test]
    fn columns_are_found_by_name() {
        let encoder = Encoder::new().categories("zip").fit(&records("zip,b\n20,0.5\n100,1.5\n")).unwrap();
        assert_eq!(encoder.inputs(), ["zip=20", "zip=100", "b"]);
        let other = records("b,more,zip\n7,x,100\n8,y,20\n");
        assert_eq!(encoder.encode(&other).unwrap().to_vec(), [0.0, 1.0, 7.0, 1.0, 0.0, 8.0]);
    }

    /// A search through all names for each column would take minutes.
    #[test]
    fn columns_of_wide_tables_are_found_at_once() {
        const MANY: usize = 100_000;
        let names: Vec<String> = (0..MANY).map(|column| format!("c{column}")).collect();
        let wide = records(&format!("{}\n{}\n", names.join(","), vec!["1"; MANY].join(",")));
        let encoder = names[..MANY / 2].iter().fold(Encoder::new(), Encoder::leave_out);
        let encoder = names[MANY / 2..].iter().fold(encoder, Encoder::categories).fit(&wide).unwrap();
        assert_eq!(encoder.encode(&wide).unwrap().to_vec(), vec![1.0; MANY / 2]);
    }

    #[test]
    fn no_rows_are_no_inputs_of_the_same_width() {
        let all = records("a,b\n1,x\n2,y\n");
        let encoder = Encoder::new().fit(&all).unwrap();
        assert_eq!(encoder.encode(&all.select(&[])).unwrap().dims(), [0, 3]);
    }

    #[test]
    fn what_is_missing_is_the_mean_of_training() {
        let encoder = Encoder::new().fill_missing().fit(&records("a,b\n1,x\n2,\n,y\n")).unwrap();
        let other = records("a,b\n9,\n,y\n");
        assert_eq!(encoder.encode(&other).unwrap().to_vec(), [9.0, 0.0, 0.0, 1.5, 0.0, 1.0]);
    }

    #[test]
    fn what_training_did_not_have_is_none_where_that_is_asked_for() {
        let encoder = Encoder::new().accept_unknown().fit(&records("a,b\n1,x\n2,y\n")).unwrap();
        assert_eq!(
            encoder.encode(&records("b,a\nz,3\ny,4\n")).unwrap().to_vec(),
            [3.0, 0.0, 0.0, 4.0, 0.0, 1.0]
        );
        let error = encoder.encode(&records("b,a\n,3\n")).unwrap_err().to_string();
        assert!(error.contains("line 2, column 1 (\"b\"): the value is missing"), "{error}");
    }

    /// As a file of somebody else may have it.
    #[test]
    fn categories_without_values_are_no_inputs() {
        let mut encoder = Encoder::new();
        let encoding = Encoding::Categories { values: Vec::new(), missing: true, unknown: true };
        encoder.columns = vec![Column { name: "b".into(), encoding }];
        assert_eq!(encoder.encode(&records("a,b\n1,x\n2,y\n")).unwrap().dims(), [2, 0]);
    }

    /// Each row has as many inputs as there are categories in all columns, so a table of some megabytes may take terabytes.
    #[test]
    fn inputs_that_no_memory_holds_are_an_error() {
        let rows = records(&format!("a\n{}", "x\n".repeat(1 << 20)));
        let values = vec!["x".to_owned(); 1 << 12];
        let encoding = Encoding::Categories { values, missing: false, unknown: false };
        let mut encoder = Encoder::new();
        encoder.columns = vec![Column { name: "a".into(), encoding }; 1 << 7];
        let error = encoder.encode(&rows).unwrap_err().to_string();
        let told =
            "bytes: 1048576 rows of 524288 inputs are more than there is memory for; bring texts into groups";
        assert!(error.starts_with(told), "{error}");
    }

    /// Whatever the order of the rows: of one column, and of several.
    #[test]
    fn the_first_wrong_cell_of_the_file_is_named() {
        let text = "a,b,c\n1,x,1\n2,y,2\nwrong,,3 kg\n4,x,\n5,x,5 kg\nnone,x,6 kg\n";
        let all = records(text);
        let mixed = all.select(&[5, 0, 4, 3, 2, 1]);
        for (left_out, place) in [
            (
                &["b", "c"][..],
                "bytes, line 4, column 1 (\"a\"): \"wrong\" is not a finite number (1 more wrong cell in",
            ),
            (
                &["a", "b"],
                "bytes, line 4, column 3 (\"c\"): \"3 kg\" is not a finite number (3 more wrong cells in this column);",
            ),
            (&["a", "c"], "bytes, line 4, column 2 (\"b\"): the value is missing; "),
            (&[], "bytes, line 4, column 1 (\"a\"): "),
        ] {
            let encoder = left_out.iter().fold(Encoder::new(), |encoder, name| encoder.leave_out(*name));
            let sound = encoder.clone().fit(&all.select(&[0, 1])).unwrap();
            for error in [encoder.clone().fit(&mixed).unwrap_err(), sound.encode(&mixed).unwrap_err()] {
                assert!(error.to_string().starts_with(place), "{error}");
            }
        }
        let known = Encoder::new().fit(&records("a,c\nwrong,1\n")).unwrap();
        let error = known.encode(&mixed).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "bytes, line 2, column 1 (\"a\"): \"1\" is none of [\"wrong\"] (4 more wrong cells"
            ),
            "{error}"
        );
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_place_and_reason() {
        let fit = |encoder: Encoder, text: &str| encoder.fit(&records(text)).unwrap_err();
        let many: String = (0..257).map(|n| format!("1,t{n}\n")).collect();
        let known = Encoder::new().fit(&records("a,b\n1,x\n2,y\n")).unwrap();
        let encode = |text: &str| known.encode(&records(text)).unwrap_err();
        let cases = [
            ("no such column", fit(Encoder::new().leave_out("c"), "a,b\n1,2\n")),
            ("no such categories", fit(Encoder::new().categories("c"), "a,b\n1,2\n")),
            ("nothing left", fit(Encoder::new().leave_out("a"), "a\n1\n")),
            ("a missing number", fit(Encoder::new(), "a,b\n1,2\n,3\n")),
            ("a missing category", fit(Encoder::new(), "a,b\n1,x\n2,NA\n")),
            ("numbers and texts", fit(Encoder::new(), "a,b\n1,2\n1,2 kg\n")),
            ("nothing known", fit(Encoder::new().fill_missing(), "a,b\n1,\n1,NA\n")),
            ("too many texts", fit(Encoder::new(), &format!("a,b\n{many}"))),
            ("no such column in other data", encode("a\n1\n")),
            ("missing in other data", encode("a,b\n1,\n")),
            ("a number missing in other data", encode("a,b\n,x\n")),
            ("a text for a number", encode("a,b\nx,x\n")),
            ("beyond 32 bits", encode("a,b\n1e39,x\n")),
            ("an unknown category", encode("a,b\n1,z\n")),
        ];
        let errors = cases.map(|(what, error)| format!("{what}\n    {error}\n"));
        expect![[r#"
            no such column
                bytes: there is no column "c", only ["a", "b"]; name columns as the file does
            no such categories
                bytes: there is no column "c", only ["a", "b"]; name columns as the file does
            nothing left
                bytes: no column is left for the inputs; leave fewer columns out
            a missing number
                bytes, line 3, column 1 ("a"): the value is missing; fill it in, drop the row, or accept it in training by `Encoder::fill_missing`
            a missing category
                bytes, line 3, column 2 ("b"): the value is missing; fill it in, drop the row, or accept it in training by `Encoder::fill_missing`
            numbers and texts
                bytes, line 3, column 2 ("b"): "2 kg" is not a finite number; write a number, or in training leave the column out, or name it as one of categories
            nothing known
                bytes: the column "b" has no value at all; leave it out
            too many texts
                bytes: the column "b" has 257 different texts, of 256 at most; leave it out, or bring its texts into groups
            no such column in other data
                bytes: there is no column "b", only ["a"]; name columns as the file does
            missing in other data
                bytes, line 2, column 2 ("b"): the value is missing; fill it in, drop the row, or accept it in training by `Encoder::fill_missing`
            a number missing in other data
                bytes, line 2, column 1 ("a"): the value is missing; fill it in, drop the row, or accept it in training by `Encoder::fill_missing`
            a text for a number
                bytes, line 2, column 1 ("a"): "x" is not a finite number; write a number, or in training leave the column out, or name it as one of categories
            beyond 32 bits
                bytes, line 2, column 1 ("a"): 1e39 is beyond all numbers of 32 bits; give it in a larger unit
            an unknown category
                bytes, line 2, column 2 ("b"): "z" is none of ["x", "y"]; correct it, drop the row, or accept it in training by `Encoder::accept_unknown`
        "#]].assert_eq(&errors.concat());
    }
}
