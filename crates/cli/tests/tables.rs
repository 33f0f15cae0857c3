//! Parts, columns and files of data: what each command takes, what it needs, and what it says of them.

mod common;

use common::Folder;
use std::fs;
use wengert::Tensor;
use wengert::files::write_npy;

/// Rows of a size, a colour and a name, and whether the size is above 5; line 2 is the first.
fn rows(n: usize) -> Vec<String> {
    let row = |n: usize| {
        let size = n * 7 % 11;
        format!("{size}.5,{},row{n},{}", ["red", "blue"][n % 2], if size > 5 { "large" } else { "small" })
    };
    (0..n).map(row).collect()
}

fn table(rows: &[String]) -> String {
    format!("size,colour,name,kind\n{}\n", rows.join("\n"))
}

fn settings(data: &str, training: &str) -> String {
    format!(
        "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ntarget = \"kind\"\nleave_out = [\"name\"]\n{data}[model]\nhidden = [4]\n[training]\nepochs = 3\n{training}"
    )
}

fn folder(data: &str, training: &str) -> Folder {
    let folder = Folder::new();
    folder.write("table.csv", table(&rows(40)));
    folder.write("run.toml", settings(data, training));
    folder
}

/// The column of the log that is measured after every epoch.
fn log(folder: &Folder, run: &str) -> (String, Vec<f64>) {
    let text = fs::read_to_string(folder.0.join(run).join("log.csv")).unwrap();
    let mut cells = text.lines().map(|line| line.split(',').nth(2).unwrap().to_owned());
    let name = cells.next().unwrap();
    (name, cells.map(|cell| cell.parse().unwrap()).collect())
}

/// A fifth of 40 rows is for the test, and a quarter of the other 32 for the validation.
#[test]
fn a_validation_part_is_watched_and_the_test_measured_once() {
    let folder = folder("validation_share = 0.25\n", "early_stopping = 2\n");
    let output = folder.command(&["train", "run.toml"]).output().unwrap();
    let [told, progress] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{progress}");
    assert!(told.contains("24 training samples, 8 validation samples, 8 test samples"), "{told}");
    assert!(progress.contains("validation loss") && !progress.contains("test loss"), "{progress}");
    assert!(!told.contains("flatters"), "{told}");
    assert_eq!(log(&folder, "runs/run").0, "validation loss");
    let page = fs::read_to_string(folder.0.join("runs/run/report.html")).unwrap();
    assert!(page.contains("The least validation loss"), "the page calls it so");
    let measured = folder.run(&["eval", "run.toml"]);
    assert!(measured.starts_with("test accuracy: ") && told.contains(&measured), "{told}\n{measured}");
    // The test part is the one that there is without validation.
    folder.write("plain.toml", settings("", "early_stopping = 2\n"));
    let told = folder.run(&["train", "plain.toml"]);
    assert!(told.contains("32 training samples, 8 test samples"), "{told}");
    assert!(
        told.contains(
            "early stopping chooses the epoch by the test, which flatters it: set `validation_share`"
        ),
        "{told}"
    );
    assert_eq!(log(&folder, "runs/plain").0, "test loss");
    folder.write("plain.toml", settings("", "early_stopping = 2\n[output]\nfolder = \"runs/run\"\n"));
    assert_eq!(folder.run(&["eval", "plain.toml"]), measured, "of the model's own settings");
}

/// Of a file whose labels are all wrong the first epoch is the best; by the test, which is right, it would be the last.
#[test]
fn the_epoch_is_chosen_by_the_validation() {
    let wrong = rows(40).into_iter().map(|row| match row.strip_suffix("large") {
        Some(row) => format!("{row}small"),
        None => row.replace("small", "large"),
    });
    let folder = folder("validation = \"wrong.csv\"\n", "early_stopping = 4\nrate = 0.05\n");
    folder.write("wrong.csv", table(&wrong.collect::<Vec<_>>()));
    folder.write(
        "run.toml",
        settings("validation = \"wrong.csv\"\n", "early_stopping = 4\nrate = 0.05\n")
            .replace("epochs = 3", "epochs = 60"),
    );
    let told = folder.run(&["train", "run.toml"]);
    assert!(told.contains("32 training samples, 40 validation samples, 8 test samples"), "{told}");
    let (name, losses) = log(&folder, "runs/run");
    let best = (0..losses.len()).min_by(|a, b| losses[*a].total_cmp(&losses[*b])).unwrap();
    assert_eq!(
        (name.as_str(), losses.len()),
        ("validation loss", best + 5),
        "four epochs without a better one"
    );
    assert!(best < 5, "{losses:?}");
}

/// Samples of arrays, too: IDX and `.npy` have two files for each use.
#[test]
fn arrays_have_files_for_the_validation() {
    let folder = Folder::new();
    let x = Tensor::from_vec((0..40).map(|n| (n * 7 % 11) as f32).collect(), [20, 2]).unwrap();
    write_npy(folder.0.join("x.npy"), &x).unwrap();
    write_npy(folder.0.join("y.npy"), &Tensor::from((0..20).map(|n| (n % 2) as f32).collect::<Vec<_>>()))
        .unwrap();
    let settings = |more: &str| {
        format!(
            "[data]\nformat = \"npy\"\ntrain = \"x.npy\"\ntrain_targets = \"y.npy\"\ntask = \"classes\"\n{more}[training]\nepochs = 1\n"
        )
    };
    folder.write("run.toml", settings("validation = \"x.npy\"\nvalidation_targets = \"y.npy\"\n"));
    assert!(
        folder.run(&["train", "run.toml"]).contains("16 training samples, 20 validation samples, 4 test")
    );
    let both = "test = \"x.npy\"\ntest_targets = \"y.npy\"\nvalidation_share = 0.3\n";
    folder.write("share.toml", settings(both));
    assert!(
        folder.run(&["train", "share.toml"]).contains("14 training samples, 6 validation samples, 20 test")
    );
    for (more, part) in [
        ("validation = \"x.npy\"\n", "`[data]` lacks the key `validation_targets`"),
        ("validation_share = 0.01\n", "16 samples do not fall into a training and a validation part of 0.01"),
        (
            "validation = \"x.npy\"\nvalidation_targets = \"y.npy\"\nvalidation_share = 0.1\n",
            "`validation_share` belongs to a training without a file `validation`",
        ),
    ] {
        folder.write("wrong.toml", settings(more));
        let message = folder.fail(&["train", "wrong.toml"]);
        assert!(message.contains(part), "{message}");
    }
}

/// A training that goes on gets the samples that it had, to the same bits.
#[test]
fn what_goes_on_has_the_same_validation() {
    let folder = folder("validation_share = 0.25\n", "early_stopping = 9\n");
    folder.run(&["train", "run.toml"]);
    for data in ["", "validation_share = 0.5\n", "validation = \"table.csv\"\n"] {
        folder.write("run.toml", settings(data, "early_stopping = 9\n"));
        let message = folder.fail(&["train", "run.toml", "--resume"]);
        assert!(message.contains("validation"), "{data}: {message}");
    }
    let longer = |data: &str, more: &str| {
        settings(data, &format!("early_stopping = 9\n{more}")).replace("epochs = 3", "epochs = 6")
    };
    folder.write("run.toml", longer("validation_share = 0.25\n", ""));
    folder.run(&["train", "run.toml", "--resume"]);
    folder.write("whole.toml", longer("validation_share = 0.25\n", ""));
    folder.run(&["train", "whole.toml"]);
    assert!(folder.weights("runs/run") == folder.weights("runs/whole"), "other bits");
    assert_eq!(log(&folder, "runs/run"), log(&folder, "runs/whole"));
}

/// `green` is in the file for the test only.
#[test]
fn a_category_that_training_did_not_have_may_be_none() {
    let folder = folder("test = \"test.csv\"\n", "");
    folder.write("test.csv", table(&[rows(6), vec!["1.5,green,row6,small".into()]].concat()));
    let message = folder.fail(&["train", "run.toml"]);
    assert!(
        message.contains("test.csv, line 8, column 2 (\"colour\"): \"green\" is none of [\"blue\", \"red\"]")
            && message.contains("`unknown_categories = \"none\"`"),
        "{message}"
    );
    let accept = settings("test = \"test.csv\"\nunknown_categories = \"none\"\n", "");
    folder.write("run.toml", &accept);
    folder.run(&["train", "run.toml"]);
    // The model keeps it, whatever the settings say now.
    folder.write("run.toml", accept.replace("\"none\"", "\"error\""));
    folder.run(&["eval", "run.toml"]);
    folder.write("new.csv", "size,colour\n1.5,green\n1.5,pink\n1.5,red\n");
    let told = folder.run(&["predict", "run.toml", "new.csv"]);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines.len() == 4 && lines[1] == lines[2] && lines[2] != lines[3], "{told}");
}

#[test]
fn columns_are_told_as_what_they_are_taken() {
    let folder = folder("", "");
    let columns = "columns of numbers: 1: \"size\"\ncolumns of categories: 1: \"colour\" (2 values)\ncolumns left out: 1: \"name\"\n";
    assert!(folder.run(&["summary", "run.toml"]).starts_with(columns), "before a training");
    assert!(folder.run(&["train", "run.toml"]).contains(columns));
    assert!(folder.run(&["summary", "run.toml"]).starts_with(columns), "of a model");
    let names: Vec<String> = (0..200).map(|column| format!("c{column}")).collect();
    let wide: String = (0..20).map(|n| format!("{n},").repeat(200) + ["a\n", "b\n"][n % 2]).collect();
    folder.write("table.csv", format!("{},kind\n{wide}", names.join(",")));
    folder.write("wide.toml", settings("", "").replace("leave_out = [\"name\"]\n", ""));
    let told = folder.run(&["train", "wide.toml"]);
    assert!(
        told.contains("columns of numbers: 200: \"c0\", \"c1\", ") && told.contains("\"c7\" and 192 more\n"),
        "{told}"
    );
    assert!(!told.contains("c8"), "{told}");
}

/// Whatever the order of the samples, and whichever part a row is in.
#[test]
fn the_first_wrong_cell_of_the_file_is_told() {
    let folder = folder("", "");
    for first in [0, 7, 20, 33] {
        let mut wrong = rows(40);
        for row in [first, first + 3, first + 5] {
            wrong[row] = wrong[row].replacen(".5", " kg", 1);
        }
        wrong[first + 1] = ",".to_owned() + wrong[first + 1].split_once(',').unwrap().1;
        folder.write("table.csv", table(&wrong));
        let message = folder.fail(&["train", "run.toml"]);
        let told = format!("table.csv, line {}, column 1 (\"size\"): \"", first + 2);
        assert!(
            message.contains(&told) && message.contains("(3 more wrong cells in this column)"),
            "{message}"
        );
        let message = folder.fail(&["predict", "run.toml", "table.csv"]);
        assert!(message.contains("there is no model yet"), "{message}");
    }
    // An unknown category is told only when training is over the columns; still the first of the file.
    let mut wrong = rows(40);
    wrong[39] = wrong[39].replace("blue", "");
    wrong[2] = wrong[2].replace("red", "");
    folder.write("table.csv", table(&wrong));
    let message = folder.fail(&["train", "run.toml"]);
    assert!(
        message.contains(
            "line 4, column 2 (\"colour\"): the value is missing (1 more wrong cell in this column)"
        ),
        "{message}"
    );
}

/// As on another machine, with nothing but the settings and the model.
#[test]
fn a_model_needs_no_files_of_its_training() {
    let folder = folder("test = \"test.csv\"\nvalidation = \"validation.csv\"\n", "");
    folder.write("test.csv", table(&rows(9)));
    folder.write("validation.csv", table(&rows(9)));
    folder.run(&["train", "run.toml"]);
    folder.write("new.csv", table(&rows(3)));
    let measured = folder.run(&["eval", "run.toml"]);
    for gone in ["table.csv", "validation.csv"] {
        fs::remove_file(folder.0.join(gone)).unwrap();
    }
    assert_eq!(folder.run(&["eval", "run.toml"]), measured, "the test is there");
    fs::remove_file(folder.0.join("test.csv")).unwrap();
    assert_eq!(folder.run(&["predict", "run.toml", "new.csv"]).lines().count(), 4);
    assert!(folder.run(&["summary", "run.toml"]).contains("layers.1"));
    folder.run(&["export", "run.toml", "run.onnx"]);
    let message = folder.fail(&["eval", "run.toml"]);
    assert!(message.contains("test.csv is not there") && message.contains("run.toml:6:"), "{message}");
    fs::remove_dir_all(folder.0.join("runs")).unwrap();
    let message = folder.fail(&["train", "run.toml"]);
    assert!(message.contains("table.csv is not there") && message.contains("run.toml:3:"), "{message}");
}

#[test]
fn the_summary_of_a_model_is_of_what_was_trained() {
    let folder = folder("", "");
    folder.run(&["train", "run.toml"]);
    let trained = folder.run(&["summary", "run.toml"]);
    folder.write("run.toml", settings("", "").replace("[4]", "[5, 5]"));
    let output = folder.command(&["summary", "run.toml"]).output().unwrap();
    let [changed, noted] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(changed, trained);
    assert!(noted.starts_with("note: `hidden` is [5, 5], but the model was trained with [4]\n"), "{noted}");
}

#[test]
fn of_a_table_without_rows_nothing_is_told() {
    let folder = folder("", "");
    folder.run(&["train", "run.toml"]);
    folder.write("none.csv", "colour,size\n");
    assert_eq!(folder.run(&["predict", "run.toml", "none.csv"]), "class,p(large),p(small)\n");
    folder.write("none.csv", "colour\n");
    assert!(folder.fail(&["predict", "run.toml", "none.csv"]).contains("none.csv has no column \"size\""));
    folder.write("none.csv", "");
    assert!(folder.fail(&["predict", "run.toml", "none.csv"]).contains("the file has no row"));
    folder.write("table.csv", "size,colour,name,kind\n");
    folder.write("other.toml", settings("", ""));
    assert!(folder.fail(&["train", "other.toml"]).contains("the file has no row"));
}

/// What the library calls by its own names has others in the settings.
#[test]
fn wrong_cells_are_told_in_words_of_the_settings() {
    let folder = folder("test = \"test.csv\"\n", "");
    folder.write("test.csv", table(&rows(6)));
    folder.run(&["train", "run.toml"]);
    for (row, place, cure) in [
        (
            "1.5,green",
            "line 3, column 2 (\"colour\"): \"green\" is none of",
            "train with `unknown_categories = \"none\"`",
        ),
        ("1.5,", "line 3, column 2 (\"colour\"): the value is missing", "train with `fill_missing = true`"),
        (",red", "line 3, column 1 (\"size\"): the value is missing", "train with `fill_missing = true`"),
        (
            "3 kg,red",
            "line 3, column 1 (\"size\"): \"3 kg\" is not a finite number",
            "train with the column in `leave_out` or `categories`",
        ),
    ] {
        folder.write("new.csv", format!("size,colour\n1.5,red\n{row}\n"));
        folder.write("test.csv", table(&["1.5,red,row,small".into(), format!("{row},row,small")]));
        for (arguments, file) in
            [(&["predict", "run.toml", "new.csv"][..], "new.csv"), (&["eval", "run.toml"], "test.csv")]
        {
            let message = folder.fail(arguments);
            assert!(message.contains(&format!("{file}, {place}")), "{message}");
            assert!(message.contains(cure) && !message.contains("Encoder"), "{message}");
        }
    }
    folder.write("new.csv", "size,color\n1.5,red\n");
    let message = folder.fail(&["predict", "run.toml", "new.csv"]);
    assert!(message.contains("new.csv has no column \"colour\", from which the model tells"), "{message}");
    assert!(message.contains("its columns are \"size\", \"color\""), "{message}");
}

/// Of tables from other programs: in Europe a comma stands within numbers.
#[test]
fn another_delimiter_than_that_of_the_settings_is_noticed() {
    let folder = folder("", "");
    folder.run(&["train", "run.toml"]);
    let other = settings("", "[output]\nfolder = \"other\"\n");
    for (between, told) in [(";", "\";\""), ("\t", "\"\\t\""), ("|", "\"|\"")] {
        let plain = table(&rows(40)).replace(',', between);
        let quoted =
            plain.replacen(&format!("size{between}colour"), &format!("\"size\"{between}\"colour\""), 1);
        let decimal = plain.replace(".5", ",5");
        for text in [&plain, &quoted, &decimal] {
            folder.write("table.csv", text);
            folder.write("other.toml", &other);
            for arguments in [&["train", "other.toml"][..], &["predict", "run.toml", "table.csv"]] {
                let message = folder.fail(arguments);
                let help = format!("its first line has no \",\", but {told}: set `delimiter = {told}`");
                assert!(message.contains(&help), "{message}");
            }
        }
        // With it set, the table is read.
        folder.write("table.csv", &plain);
        folder.write("set.toml", settings(&format!("delimiter = {told}\n"), ""));
        let _ = fs::remove_dir_all(folder.0.join("runs/set"));
        folder.run(&["train", "set.toml"]);
    }
    folder.write("table.csv", table(&rows(40)).replace("kind", "sort"));
    let message = folder.fail(&["train", "other.toml"]);
    assert!(message.contains("table.csv has no column \"kind\""), "{message}");
    assert!(!message.contains("delimiter"), "the comma is right: {message}");
}

/// A file of other columns, and one of rows that are longer.
#[test]
fn a_part_of_another_shape_is_told_with_its_line() {
    let folder = folder("", "");
    folder.write("run.toml", settings("test = \"test.csv\"\n", ""));
    for (text, lacking) in [("size,kind\n1.5,small\n", "colour"), ("size,colour\n1.5,red\n", "kind")] {
        folder.write("test.csv", text);
        let message = folder.fail(&["train", "run.toml"]);
        let told = format!("test.csv has no column {lacking:?}\n --> run.toml:6:8\n");
        assert!(message.contains(&told), "{message}");
    }
    let ones = |name: &str, dims: &[usize]| {
        write_npy(folder.0.join(name), &Tensor::<f32>::ones(dims.to_vec())).unwrap();
    };
    ones("x.npy", &[20, 2]);
    ones("longer.npy", &[20, 3]);
    let labels = Tensor::from((0..20).map(|n| (n % 2) as f32).collect::<Vec<_>>());
    write_npy(folder.0.join("y.npy"), &labels).unwrap();
    for (key, what) in [("test", "test"), ("validation", "validation")] {
        folder.write(
            "arrays.toml",
            format!("[data]\nformat = \"npy\"\ntrain = \"x.npy\"\ntrain_targets = \"y.npy\"\n{key} = \"longer.npy\"\n{key}_targets = \"y.npy\"\ntask = \"classes\"\nscale = \"none\"\n"),
        );
        let message = folder.fail(&["train", "arrays.toml"]);
        let told = format!("a sample of the {what} has shape [3], but the model has learnt from [2]");
        assert!(message.contains(&told) && message.contains("arrays.toml:5:"), "{message}");
    }
    let text = fs::read_to_string(folder.0.join("arrays.toml")).unwrap();
    folder.write("images.toml", text + "[model]\nkind = \"cnn\"\nimage = [1, 1, 2]\npool = 1\n");
    let message = folder.fail(&["train", "images.toml"]);
    assert!(message.contains("images.toml:5:"), "the shape is right, the file is not: {message}");
}

/// What only counts the rows is a name for each of them; most columns that rise are none.
#[test]
fn a_column_that_counts_the_rows_is_noted() {
    let noted = |header: &str, row: &dyn Fn(usize) -> String, more: &str| {
        let folder = Folder::new();
        let rows: String = (0..20).map(|n| format!("{},{}\n", row(n), ["x", "y"][n % 2])).collect();
        folder.write("table.csv", header.to_owned() + &rows);
        folder.write(
            "run.toml",
            format!(
                "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\n{more}[training]\nepochs = 1\nbatch = 8\n"
            ),
        );
        let output = folder.command(&["train", "run.toml"]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{told}");
        told.contains("note: ").then_some(told)
    };
    let counted = |from: usize| move |n: usize| format!("{},{}.5", n + from, n * 7 % 11);
    let kind = "target = \"kind\"\n";
    for name in ["id", "ID", "index", "Row", "Unnamed: 0", ""] {
        let told = noted(&format!("{name},size,kind\n"), &counted(17), kind).unwrap();
        let note =
            format!("note: the column {name:?} looks like the number of each row\n --> run.toml:3:9\n");
        assert!(told.starts_with(&note), "{told}");
        assert!(told.contains(&format!("set `leave_out = [{name:?}]` if it is")), "{told}");
    }
    for from in [0, 1] {
        let told = noted("", &counted(from), "header = false\ntarget = \"3\"\n").unwrap();
        assert!(told.contains("`leave_out = [\"1\"]`"), "{told}");
    }
    let told = noted("0,2.5,x\n", &counted(1), "target = \"x\"\n");
    assert_eq!(told, None, "a text is a name");
    let told = noted("0,2.5,3\n", &counted(5), "target = \"3\"\n").unwrap();
    assert!(told.contains("`header = false`"), "{told}");
    for (header, row, more) in [
        ("year,size,kind\n", &counted(1990) as &dyn Fn(usize) -> String, kind),
        ("id,size,kind\n", &|n| format!("{},1.5", n * n), kind),
        ("id,size,kind\n", &|n| format!("{},1.5", n as f64 / 2.0), kind),
        ("id,size,kind\n", &counted(1), "target = \"kind\"\nleave_out = [\"id\"]\n"),
        ("", &counted(1990), "header = false\ntarget = \"3\"\n"),
    ] {
        assert_eq!(noted(header, row, more), None, "{header}{more}");
    }
}

/// As from a program before it, and lines that can be put beside the rows.
#[test]
fn samples_are_told_in_their_order_also_from_standard_input() {
    use std::io::Write;
    use std::process::Stdio;
    let folder = folder("", "");
    folder.run(&["train", "run.toml"]);
    // With the target, which is not looked at, even where it is none.
    let text = "kind,size,colour\n?,9.5,red\nbig,1.5,blue\n,9.5,red\n";
    folder.write("new.csv", text);
    let told = folder.run(&["predict", "run.toml", "new.csv"]);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines.len() == 4 && lines[1] == lines[3] && lines[1] != lines[2], "{told}");
    let piped = |text: &str, settings: &str| {
        let mut command = folder.command(&["predict", settings, "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
    };
    assert_eq!(piped(text, "run.toml"), [told, String::new()]);
    let [_, message] = piped("size\n1.5\n", "run.toml");
    assert!(message.contains("standard input has no column \"colour\""), "{message}");
    let [_, message] = piped("size,colour\n1.5,green\n", "run.toml");
    assert!(message.contains("standard input, line 2, column 2 (\"colour\")"), "{message}");
    folder
        .write("digits.toml", "[data]\nformat = \"digits\"\n[model]\nhidden = [4]\n[training]\nepochs = 1\n");
    folder.run(&["train", "digits.toml"]);
    let message = folder.fail(&["predict", "digits.toml", "-"]);
    assert!(message.contains("`-`") && message.contains("name a file"), "{message}");
}

/// As of tables with another delimiter: such numbers would be names, of which there are as many as rows.
#[test]
fn numbers_with_a_comma_are_noticed() {
    let write = |folder: &Folder, row: &dyn Fn(usize) -> String| {
        let rows: String = (0..40).map(|n| format!("{};{}\n", row(n), ["x", "y"][n % 2])).collect();
        folder.write("table.csv", format!("size;height;kind\n{rows}"));
    };
    let settings = |more: &str| {
        format!(
            "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ndelimiter = \";\"\ntarget = \"kind\"\n{more}[training]\nepochs = 1\n"
        )
    };
    let folder = Folder::new();
    folder.write("run.toml", settings(""));
    write(&folder, &|n| format!("1.5;{},25", n % 3));
    let output = folder.command(&["train", "run.toml"]).output().unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    let note = "note: the column \"height\" has numbers with a comma, such as \"0,25\", which count as names\n --> run.toml:3:9\n";
    assert!(output.status.success() && noted.starts_with(note), "{noted}");
    assert!(noted.contains("set `decimal = \",\"`, or `categories = [\"height\"]`"), "{noted}");
    // Some with and some without: a column of numbers.
    write(&folder, &|n| format!("1.5;{n}{}", ["", ",5"][n % 2]));
    folder.write("mixed.toml", settings(""));
    let message = folder.fail(&["train", "mixed.toml"]);
    assert!(
        message.contains("\"1,5\" is not a finite number") && message.contains("write `1.5`"),
        "{message}"
    );
    folder.write("comma.toml", settings("decimal = \",\"\n"));
    let message = folder.fail(&["train", "comma.toml"]);
    assert!(message.contains("line 2, column 1: \"1.5\" has a point"), "{message}");
    write(&folder, &|n| format!("1,5;{n}{}", ["", ",5"][n % 2]));
    assert!(folder.run(&["train", "comma.toml"]).contains("columns of numbers: 2: \"size\", \"height\""));
    folder.write("target.toml", settings("task = \"numbers\"\n").replace("\"kind\"", "\"height\""));
    let message = folder.fail(&["train", "target.toml"]);
    assert!(message.contains("but \"1,5\"") && message.contains("write `1.5`"), "{message}");
    // Names, and what is said to be names.
    for (row, more) in [
        (&|n| format!("1.5;{},b", n % 3) as String, ""),
        (&|n| format!("1.5;{},25", n % 3), "categories = [\"height\"]\n"),
        (&|n| format!("1.5;{},25", n % 3), "leave_out = [\"height\"]\n"),
    ] as [(&dyn Fn(usize) -> String, &str); 3]
    {
        write(&folder, row);
        folder.write("names.toml", settings(more));
        let _ = fs::remove_dir_all(folder.0.join("runs/names"));
        let output = folder.command(&["train", "names.toml"]).output().unwrap();
        assert!(
            output.status.success() && !String::from_utf8(output.stderr).unwrap().contains("comma"),
            "{more}"
        );
    }
}

/// Its first line has been read, and comes no second time.
#[cfg(unix)]
#[test]
fn a_pipe_of_another_table_is_an_error_at_once() {
    let folder = folder("", "");
    folder.run(&["train", "run.toml"]);
    let pipe = folder.0.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn(move || fs::write(pipe, "x;y\n1;2\n").unwrap());
    let mut child = folder
        .command(&["predict", "run.toml", "pipe"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    writer.join().unwrap();
    let start = std::time::Instant::now();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if start.elapsed().as_secs() > 20 => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it waits for more");
            }
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    let message = std::io::read_to_string(child.stderr.unwrap()).unwrap();
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("pipe has no column \"size\""), "{message}");
}
