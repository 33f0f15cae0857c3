//! Data sets from tables in CSV: some columns are the targets, all others the inputs.

use super::csv::{CsvOptions, Table, excerpt, of_32_bits, read_csv};
use super::dataset::Dataset;
use super::error::{DataError, DataErrorKind, Place, listed};
use autograd::Tensor;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Reads a table whose columns `targets` are numbers to be told from the others: inputs `[n, columns]` and targets `[n, targets]`, in the
/// order in which they are named.
///
/// Columns have the names that the first line gives them, if [`CsvOptions::header`] is set; otherwise they are called `"1"`, `"2"` and so
/// on. Columns are on scales of their own: see [`Scaler`](super::Scaler). Where cells are texts or missing, see
/// [`read_records`](super::read_records) and [`Encoder`](super::Encoder).
///
/// ```
/// use nn::data::{CsvOptions, csv_regression};
/// # let path = std::env::temp_dir().join(format!("regression-{}.csv", std::process::id()));
/// std::fs::write(&path, "weight,mpg,year\n3504,18,70\n2372,24,71\n").unwrap();
/// let cars = csv_regression(&path, &["mpg"], &CsvOptions { header: true, ..CsvOptions::default() })?;
/// assert_eq!((cars.x().dims(), cars.x().to_vec()), (&[2, 2][..], vec![3504.0, 70.0, 2372.0, 71.0]));
/// assert_eq!((cars.y().dims(), cars.y().to_vec()), (&[2, 1][..], vec![18.0, 24.0]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
///
/// # Errors
/// As [`read_csv`]; if a target is not a column, is named twice, or is the name of two columns; if no column is left for inputs; or if a
/// number is beyond all `f32`.
pub fn csv_regression(
    path: impl AsRef<Path>,
    targets: &[&str],
    options: &CsvOptions,
) -> Result<Dataset<Tensor, Tensor>, DataError> {
    let columns = Columns::read(path.as_ref(), targets, options)?;
    let (x, y) = (columns.inputs()?, columns.tensor(&columns.targets)?);
    Ok(Dataset::new(x, y).expect("a row has inputs and targets"))
}

/// Reads a table whose column `label` is a class, a whole number from 0 on; as [`csv_regression`].
///
/// ```
/// use nn::data::{CsvOptions, csv_classes};
/// # let path = std::env::temp_dir().join(format!("classes-{}.csv", std::process::id()));
/// std::fs::write(&path, "5.1,3.5,0\n7.0,3.2,1\n4.9,3.0,0\n").unwrap();
/// let iris = csv_classes(&path, "3", &CsvOptions::default())?; // the third column, which has no name
/// assert_eq!((iris.x().dims(), iris.class_counts()), (&[3, 2][..], vec![2, 1]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
///
/// # Errors
/// As [`csv_regression`], and if a label is no whole number from 0 on.
pub fn csv_classes(path: impl AsRef<Path>, label: &str, options: &CsvOptions) -> Result<Dataset, DataError> {
    let columns = Columns::read(path.as_ref(), &[label], options)?;
    let (x, column) = (columns.inputs()?, columns.targets[0]);
    let label = |(row, label): (usize, f64)| {
        let is_label = label >= 0.0 && label.fract() == 0.0 && label <= f64::from(u32::MAX);
        let error = || {
            let cure = "number the classes from 0 on";
            columns.fault(row, column, format!("{label} is no label, a whole number from 0 on"), cure)
        };
        is_label.then_some(label as usize).ok_or_else(error)
    };
    let labels = columns.column(column).enumerate().map(label).collect::<Result<Vec<_>, _>>()?;
    Ok(Dataset::new(x, labels).expect("a row has inputs and a label"))
}

/// A table, and which of its columns are targets.
struct Columns {
    file: String,
    table: Table,
    targets: Vec<usize>,
}

impl Columns {
    fn read(path: &Path, targets: &[&str], options: &CsvOptions) -> Result<Self, DataError> {
        let table = read_csv(path, options)?;
        let mut columns = Columns { file: path.display().to_string(), table, targets: Vec::new() };
        let numbers = || (1..=columns.table.columns).map(|column| column.to_string()).collect();
        let names: Vec<String> = columns.table.header.clone().unwrap_or_else(numbers);
        let mut places: HashMap<&str, Vec<usize>> = HashMap::with_capacity(names.len());
        for (column, name) in names.iter().enumerate() {
            places.entry(name).or_default().push(column);
        }
        let mut taken = HashSet::with_capacity(targets.len());
        for target in targets {
            let found = match places.get(target).map(Vec::as_slice) {
                Some(&[column]) if taken.insert(column) => Ok(column),
                Some([_]) => Err(format!("the column {target:?} is asked for twice")),
                Some(_) => Err(format!("two columns are called {target:?}")),
                None => Err(format!("there is no column {}, only {}", excerpt(target), listed(&names))),
            };
            let column =
                found.map_err(|reason| columns.refused(reason, "name each target once, as the file does"))?;
            columns.targets.push(column);
        }
        let cure = "name at least one column as target, and leave at least one for the inputs";
        match columns.targets.len() {
            0 => Err(columns.refused("no column is a target".into(), cure)),
            all if all == columns.table.columns => {
                Err(columns.refused("no column is left for the inputs".into(), cure))
            }
            _ => Ok(columns),
        }
    }

    fn inputs(&self) -> Result<Tensor, DataError> {
        let targets: HashSet<usize> = self.targets.iter().copied().collect();
        let inputs: Vec<usize> = (0..self.table.columns).filter(|column| !targets.contains(column)).collect();
        self.tensor(&inputs)
    }

    fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        self.table.data.iter().skip(column).step_by(self.table.columns).copied()
    }

    fn tensor(&self, columns: &[usize]) -> Result<Tensor, DataError> {
        let mut numbers = Vec::with_capacity(self.table.rows * columns.len());
        for (row, cells) in self.table.data.chunks_exact(self.table.columns).enumerate() {
            for &column in columns {
                let number = of_32_bits(cells[column]);
                numbers.push(number.map_err(|(reason, cure)| self.fault(row, column, reason, cure))?);
            }
        }
        Ok(Tensor::from_vec(numbers, [self.table.rows, columns.len()]).expect("a number for each cell"))
    }

    /// An error in a cell. No line before the last row is empty, so that rows can be counted.
    fn fault(&self, row: usize, column: usize, reason: String, cure: &'static str) -> DataError {
        let line = (row + 1 + usize::from(self.table.header.is_some())) as u64;
        let place = Place::Cell { line, column: column as u64 + 1 };
        DataError::new(&self.file, place, DataErrorKind::malformed(reason, cure))
    }

    fn refused(&self, reason: String, cure: &'static str) -> DataError {
        DataError::new(&self.file, Place::File, DataErrorKind::malformed(reason, cure))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Folder, check_what_is_not_a_file, gzip};
    use super::*;
    use expect_test::expect;
    use std::time::{Duration, Instant};

    fn options(header: bool) -> CsvOptions {
        CsvOptions { header, ..CsvOptions::default() }
    }

    #[test]
    fn columns_are_targets_in_the_order_they_are_named() {
        let folder = Folder::new();
        let path = folder.write("table.csv.gz", &gzip(b"a,b,c,d\n1,2,3,4\n5,6,7,8\n"));
        let data = csv_regression(&path, &["d", "b"], &options(true)).unwrap();
        assert_eq!((data.x().dims(), data.x().to_vec()), (&[2, 2][..], vec![1.0, 3.0, 5.0, 7.0]));
        assert_eq!((data.y().dims(), data.y().to_vec()), (&[2, 2][..], vec![4.0, 2.0, 8.0, 6.0]));
        let path = folder.write("plain.csv", b"0.5,1\n0.25,0\n");
        let data = csv_classes(path, "2", &options(false)).unwrap();
        assert_eq!((data.x().to_vec(), data.y()), (vec![0.5, 0.25], &vec![1, 0]));
    }

    /// A search through all names for each target would take minutes.
    #[test]
    fn targets_of_wide_tables_are_found_at_once() {
        const MANY: usize = 100_000;
        let names: Vec<String> = (0..MANY).map(|column| format!("c{column}")).collect();
        let folder = Folder::new();
        let text = format!("{}\n{}\n", names.join(","), vec!["1"; MANY].join(","));
        let path = folder.write("wide.csv", text.as_bytes());
        let targets: Vec<&str> = names[1..].iter().map(String::as_str).collect();
        let begun = Instant::now();
        let data = csv_regression(&path, &targets, &options(true)).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        assert_eq!((data.x().dims(), data.y().dims()), (&[1, 1][..], &[1, MANY - 1][..]));
    }

    #[test]
    fn spoiled_files_are_errors_with_place_and_reason() {
        let folder = Folder::new();
        let numbers = |bytes: &[u8], targets: &[&str]| {
            csv_regression(folder.write("t.csv", bytes), targets, &options(true)).unwrap_err()
        };
        let classes = |bytes: &[u8], label| {
            csv_classes(folder.write("t.csv", bytes), label, &options(true)).unwrap_err()
        };
        let cases = [
            ("no bytes", numbers(b"", &["y"])),
            ("no rows", numbers(b"x,y\n", &["y"])),
            ("no such column", numbers(b"x,y\n1,2\n", &["z"])),
            ("two columns of the name", numbers(b"x,y,y\n1,2,3\n", &["y"])),
            ("a target twice", numbers(b"x,y\n1,2\n", &["y", "y"])),
            ("no target", numbers(b"x,y\n1,2\n", &[])),
            ("no input", numbers(b"x,y\n1,2\n", &["y", "x"])),
            ("a missing value", numbers(b"x,y\n1,2\n1,\n", &["y"])),
            ("a text", numbers(b"x,y\n1,cheap\n", &["y"])),
            ("a short row", numbers(b"x,y\n1,2\n3\n", &["y"])),
            ("beyond 32 bits", numbers(b"x,y\n1,2\n1e39,2\n", &["y"])),
            ("a target beyond 32 bits", numbers(b"x,y\n1,-1e300\n", &["y"])),
            ("half a class", classes(b"x,y\n1,0\n2,0.5\n", "y")),
            ("a class below 0", classes(b"y,x\n0,1\n-1,2\n", "y")),
            ("a class beyond all", classes(b"y,x\n1e10,2\n", "y")),
            ("no such label", classes(b"x,y\n1,2\n", "Y")),
        ];
        let folder = folder.path().display().to_string();
        let errors = cases.map(|(what, error)| format!("{what}\n    {error}\n").replace(&folder, "folder"));
        expect![[r#"
            no bytes
                folder/t.csv: the file has no row; check that it was written in full
            no rows
                folder/t.csv: the file has no row; check that it was written in full
            no such column
                folder/t.csv: there is no column "z", only ["x", "y"]; name each target once, as the file does
            two columns of the name
                folder/t.csv: two columns are called "y"; name each target once, as the file does
            a target twice
                folder/t.csv: the column "y" is asked for twice; name each target once, as the file does
            no target
                folder/t.csv: no column is a target; name at least one column as target, and leave at least one for the inputs
            no input
                folder/t.csv: no column is left for the inputs; name at least one column as target, and leave at least one for the inputs
            a missing value
                folder/t.csv, line 3, column 2: the cell is empty; fill the value in or drop the row
            a text
                folder/t.csv, line 2, column 2: "cheap" is not a number; if the line names the columns, set `header`; else write a number or choose another delimiter
            a short row
                folder/t.csv, line 3, column 2: the number of cells is 1, but 2 in the first line; give all lines the same number of cells
            beyond 32 bits
                folder/t.csv, line 3, column 1: 1e39 is beyond all numbers of 32 bits; give it in a larger unit
            a target beyond 32 bits
                folder/t.csv, line 2, column 2: -1e300 is beyond all numbers of 32 bits; give it in a larger unit
            half a class
                folder/t.csv, line 3, column 2: 0.5 is no label, a whole number from 0 on; number the classes from 0 on
            a class below 0
                folder/t.csv, line 3, column 1: -1 is no label, a whole number from 0 on; number the classes from 0 on
            a class beyond all
                folder/t.csv, line 2, column 1: 10000000000 is no label, a whole number from 0 on; number the classes from 0 on
            no such label
                folder/t.csv: there is no column "Y", only ["x", "y"]; name each target once, as the file does
        "#]].assert_eq(&errors.concat());
        check_what_is_not_a_file(|path| csv_classes(path, "1", &options(false)).map(drop));
    }
}
