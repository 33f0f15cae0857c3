//! Data, settings and files as nobody means them: each is an answer, or an error that names the place and a cure.

mod common;

use common::Folder;
use std::fs;
use std::process::Stdio;
use wengert::Tensor;
use wengert::files::{Archive, read_npz_array, write_npy};

/// A folder with inputs `[n, 4]`, and settings that tell two classes of them by files of NumPy.
fn arrays(n: usize) -> Folder {
    let folder = Folder::new();
    save(&folder, "x.npy", &inputs(n));
    save(&folder, "y.npy", &Tensor::from((0..n).map(|n| (n % 2) as f64).collect::<Vec<_>>()));
    folder.write("run.toml", settings("classes", ""));
    folder
}

fn inputs(n: usize) -> Tensor<f64> {
    let x =
        (0..4 * n).map(|place| (place * 37 % 101) as f64 / 10.0 + f64::from(place / 4 % 2 == 1)).collect();
    Tensor::from_vec(x, [n, 4]).unwrap()
}

fn save(folder: &Folder, name: &str, x: &Tensor<f64>) {
    write_npy(folder.0.join(name), x).unwrap();
}

fn settings(task: &str, more: &str) -> String {
    format!(
        "[data]\nformat = \"npy\"\ntrain = \"x.npy\"\ntrain_targets = \"y.npy\"\ntask = \"{task}\"\n[model]\nhidden = [2]\n[training]\nepochs = 1\n{more}"
    )
}

/// The model of the run, with another description of its inputs and outputs.
fn describe(folder: &Folder, description: &str) {
    let path = folder.0.join("runs/run/model.safetensors");
    let mut archive = Archive::<f32>::read(&path).unwrap();
    archive.metadata.insert("wengert.description".into(), description.into());
    archive.write(&path).unwrap();
}

/// A matrix of all classes would take 320 GB.
#[test]
fn many_classes_are_learnt_and_kept() {
    let folder = arrays(20);
    let labels = (0..20).map(|n| if n % 2 == 0 { 200_000.0 } else { 0.0 }).collect::<Vec<f64>>();
    save(&folder, "y.npy", &Tensor::from(labels));
    folder.write("run.toml", settings("classes", "").replace("[2]", "[1]"));
    let trained = folder.run(&["train", "run.toml"]);
    assert!(trained.contains("test accuracy: "), "{trained}");
    assert_eq!(folder.weights("runs/run").len(), 6, "scale, offset, and two layers");
    assert_eq!(folder.run(&["eval", "run.toml"]).lines().filter(|line| line.contains("accuracy")).count(), 1);
}

/// What was trained is kept before anything is measured or drawn.
#[test]
fn a_page_that_cannot_be_written_loses_no_model() {
    let folder = arrays(20);
    fs::create_dir_all(folder.0.join("runs/run/report.html")).unwrap();
    let message = folder.fail(&["train", "run.toml"]);
    assert!(message.contains("report.html"), "{message}");
    assert_eq!(folder.weights("runs/run").len(), 6);
}

#[test]
fn a_single_class_is_refused() {
    let folder = arrays(20);
    save(&folder, "y.npy", &Tensor::full([20], 3.0));
    let message = folder.fail(&["train", "run.toml"]);
    assert!(
        message.contains("run.toml: all 16 training samples are of class \"3\"") && message.contains("help:"),
        "{message}"
    );
    folder.write("table.csv", "a,kind\n".to_owned() + &"1,cat\n2,cat\n".repeat(5));
    folder.write("table.toml", "[data]\nformat = \"csv\"\ntrain = \"table.csv\"\ntarget = \"kind\"\n");
    let message = folder.fail(&["train", "table.toml"]);
    assert!(
        message.contains("all 8 training samples are of class \"cat\"") && message.contains("table.toml:4:"),
        "{message}"
    );
}

#[test]
fn of_no_samples_nothing_is_told() {
    let folder = arrays(20);
    folder.run(&["train", "run.toml"]);
    save(&folder, "none.npy", &Tensor::zeros([0, 4]));
    assert_eq!(folder.run(&["predict", "run.toml", "none.npy"]), "class,p(0),p(1)\n");
    save(&folder, "other.npy", &Tensor::zeros([0, 5]));
    let message = folder.fail(&["predict", "run.toml", "other.npy"]);
    assert!(message.contains("other.npy: the inputs have shape [0, 5]"), "{message}");
    save(&folder, "y.npy", &Tensor::zeros([20, 0]));
    folder.write("numbers.toml", settings("numbers", ""));
    let message = folder.fail(&["train", "numbers.toml"]);
    assert!(message.contains("y.npy: targets of shape [20, 0]"), "{message}");
}

/// Of 21 samples 17 are for training: 16 and one more.
#[test]
fn a_single_pixel_is_not_normalised_alone() {
    let folder = arrays(21);
    let cnn = |batch: usize| {
        settings("classes", &format!("batch = {batch}\n")).replace(
            "hidden = [2]",
            "kind = \"cnn\"\nchannels = [3]\nimage = [4, 1, 1]\npool = 1\nbatch_norm = true",
        )
    };
    for batch in [16, 1] {
        folder.write("run.toml", cnn(batch));
        let message = folder.fail(&["train", "run.toml"]);
        assert!(
            message.contains("a batch of one sample, the last of 17") && message.contains("run.toml:11:"),
            "{message}"
        );
        assert!(!folder.0.join("runs").exists(), "before the training");
    }
    folder.write("run.toml", cnn(5));
    folder.run(&["train", "run.toml"]);
}

/// The largest number that TOML has, and numbers whose products are larger.
#[test]
fn numbers_beyond_all_bounds_end_in_no_overflow() {
    let folder = arrays(20);
    let most = i64::MAX;
    for key in ["batch", "seed", "early_stopping", "checkpoint_steps", "workers"] {
        let batch = if key == "batch" { "" } else { "batch = 4\n" };
        folder.write("run.toml", settings("classes", &format!("{key} = {most}\n{batch}")));
        let _ = fs::remove_dir_all(folder.0.join("runs"));
        folder.run(&["train", "run.toml"]);
    }
    fs::remove_dir_all(folder.0.join("runs")).unwrap();
    let cases = [
        (format!("channels = [2]\nkernel = {most}"), "weights, of 2.1e9 at most"),
        (format!("pool = 1\nchannels = [{most}, {most}]"), "weights, of 2.1e9 at most"),
        (format!("pool = {most}"), "is used up"),
        ("image = [4294967296, 4294967296, 4]".to_owned(), "which are not the 4 numbers of a sample"),
    ];
    for (key, part) in cases {
        let image = if key.starts_with("image") { "" } else { "image = [1, 2, 2]\n" };
        let model = format!("kind = \"cnn\"\n{image}{key}");
        folder.write("run.toml", settings("classes", "").replace("hidden = [2]", &model));
        let message = folder.fail(&["train", "run.toml"]);
        assert!(message.contains(part) && message.contains("run.toml:"), "{key}: {message}");
    }
    let image = "kind = \"cnn\"\nimage = [1, 2, 2]\nchannels = [2]";
    let augment = |key: &str, value: &str| {
        let more = format!("[augment]\n{key} = {value}\n[output]\nfolder = \"{key}\"\n");
        folder.write("augment.toml", settings("classes", &more).replace("hidden = [2]", image));
        ["train", "augment.toml"]
    };
    assert!(folder.fail(&augment("shift", "1e300")).contains("leaves nothing in sight"));
    assert!(folder.fail(&augment("cutout", &most.to_string())).contains("the whole of an image"));
    assert!(folder.fail(&augment("noise", "1e300")).contains("the loss is not finite"));
}

/// So many epochs are never over: what was stopped has made some.
#[cfg(unix)]
#[test]
fn epochs_without_end_are_stopped_as_any() {
    let folder = arrays(20);
    let epochs = format!("epochs = {}\nschedule = \"cosine\"\nwarmup = 1\nbatch = 4", i64::MAX);
    folder.write("run.toml", settings("classes", "").replace("epochs = 1", &epochs));
    let mut child =
        folder.command(&["train", "run.toml"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = std::time::Instant::now();
    while !fs::read_to_string(folder.0.join("runs/run/log.csv")).is_ok_and(|log| log.lines().count() > 3) {
        assert!(child.try_wait().unwrap().is_none(), "it is over");
        assert!(begun.elapsed().as_secs() < 60, "no epoch in a minute");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_model_file_promises_no_more_than_it_has() {
    let folder = arrays(20);
    folder.run(&["train", "run.toml"]);
    for description in [
        r#"{"input":[4294967296,4294967296],"classes":["0","1"]}"#,
        r#"{"input":[2305843009213693952],"classes":["0","1"]}"#,
        r#"{"input":[4],"numbers":2305843009213693952}"#,
        r#"{"input":[1000000000],"classes":["0","1"]}"#,
        r#"{"input":[4],"classes":["0"]}"#,
    ] {
        describe(&folder, description);
        let message = folder.fail(&["predict", "run.toml", "x.npy"]);
        assert!(
            message.starts_with("error: runs/run/model.safetensors: ")
                || message.contains("/model.safetensors: "),
            "{description}: {message}"
        );
        assert!(!message.contains("panicked"), "{message}");
    }
    let cnn = "kind = \"cnn\"\nchannels = [2]\nimage = [1, 2, 2]";
    folder.write(
        "cnn.toml",
        settings("classes", "[output]\nfolder = \"runs/run\"\n").replace("hidden = [2]", cnn),
    );
    fs::remove_dir_all(folder.0.join("runs")).unwrap();
    folder.run(&["train", "cnn.toml"]);
    for input in ["[2305843009213693952,2,2]", "[1,2305843009213693952,2]", "[1,4294967296,4294967296]"] {
        describe(&folder, &format!(r#"{{"input":{input},"classes":["0","1"]}}"#));
        let message = folder.fail(&["predict", "cnn.toml", "x.npy"]);
        assert!(message.contains("/model.safetensors: "), "{input}: {message}");
    }
}

/// Of a sample that no memory has room for, pooling leaves one number.
#[test]
fn a_model_file_has_samples_that_there_can_be() {
    let folder = arrays(20);
    let cnn =
        settings("classes", "").replace("hidden = [2]", "kind = \"cnn\"\nchannels = [2]\nimage = [1, 2, 2]");
    folder.write("run.toml", &cnn);
    folder.run(&["train", "run.toml"]);
    let path = folder.0.join("runs/run/model.safetensors");
    let mut archive = Archive::<f32>::read(&path).unwrap();
    let pooled = cnn.replace("image = [1, 2, 2]", "pool = 2147483648");
    archive.metadata.insert("wengert.settings".into(), pooled);
    archive.write(&path).unwrap();
    describe(&folder, r#"{"input":[1,2147483648,2147483648],"classes":["0","1"]}"#);
    for arguments in [&["summary", "run.toml"][..], &["export", "run.toml", "run.onnx"]] {
        let message = folder.fail(arguments);
        assert!(message.contains("model.safetensors: the description of inputs and outputs"), "{message}");
    }
}

/// Element 2 of row 3, whatever comes of the rows after shuffling.
#[test]
fn a_number_that_is_none_is_told_with_its_place_in_the_file() {
    let spoiled = |number: f64| {
        let mut x = inputs(20).to_vec();
        x[3 * 4 + 2] = number;
        Tensor::from_vec(x, [20, 4]).unwrap()
    };
    let folder = arrays(20);
    folder.run(&["train", "run.toml"]);
    for (number, told) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
        save(&folder, "spoiled.npy", &spoiled(number));
        folder.write("spoiled.toml", settings("classes", "").replace("\"x.npy\"", "\"spoiled.npy\""));
        for arguments in [&["train", "spoiled.toml"][..], &["predict", "run.toml", "spoiled.npy"]] {
            let message = folder.fail(arguments);
            let place =
                format!("spoiled.npy: the element [3, 2], counted from 0, is {told}, no finite number");
            assert!(message.contains(&place) && message.contains("help:"), "{message}");
        }
    }
    let mut targets = vec![1.0; 20];
    for (task, number, part) in [
        (
            "numbers",
            -1e300,
            "y.npy: the element [5], counted from 0, is -1e300, beyond all numbers of 32 bits",
        ),
        ("numbers", f64::NAN, "y.npy: the element [5], counted from 0, is NaN"),
        ("classes", f64::NAN, "y.npy: the target of sample 5, counted from 0, is NaN"),
        ("classes", 0.5, "y.npy: the target of sample 5, counted from 0, is 0.5"),
        ("classes", -1.0, "y.npy: the target of sample 5, counted from 0, is -1.0"),
    ] {
        targets[5] = number;
        save(&folder, "y.npy", &Tensor::from(targets.clone()));
        folder.write("targets.toml", settings(task, ""));
        let message = folder.fail(&["train", "targets.toml"]);
        assert!(message.contains(part), "{message}");
    }
}

/// Numbers of 32 bits whose squares are not.
#[test]
fn what_has_no_scale_of_32_bits_is_refused() {
    let from_end_to_end = |n| (Tensor::<f64>::arange(n) / n as f64 - 0.5) * 6.5e38;
    let folder = arrays(20);
    save(&folder, "y.npy", &from_end_to_end(20));
    folder.write("targets.toml", settings("numbers", ""));
    let message = folder.fail(&["train", "targets.toml"]);
    assert!(message.contains("the targets of the training part: column 0 has a range of"), "{message}");
    assert!(message.contains("help: give the column in another unit"), "{message}");
    let folder = arrays(20);
    save(&folder, "x.npy", &from_end_to_end(80).reshape([20, 4]));
    let message = folder.fail(&["train", "run.toml"]);
    assert!(message.contains("the inputs of the training part: column 0 has"), "{message}");
    // Within them, any unit is one.
    let folder = arrays(20);
    save(&folder, "y.npy", &(Tensor::<f64>::arange(20) * 1e30));
    folder.write("targets.toml", settings("numbers", ""));
    folder.run(&["train", "targets.toml"]);
}

/// Inputs that are numbers, and of which the network makes none.
#[test]
fn an_answer_that_is_no_number_is_an_error() {
    let folder = arrays(20);
    save(&folder, "x.npy", &(inputs(20) * 1e-3));
    folder.run(&["train", "run.toml"]);
    let mut x = (inputs(3) * 1e-3).to_vec();
    x[8..].fill(3e38);
    save(&folder, "far.npy", &Tensor::from_vec(x, [3, 4]).unwrap());
    let message = folder.fail(&["predict", "run.toml", "far.npy"]);
    assert!(message.contains("far.npy: of sample 2, counted from 0"), "{message}");
}

/// The digits that were for the test stay so, whatever the settings say since.
#[test]
fn a_model_is_measured_on_what_it_has_not_learnt_from() {
    let folder = Folder::new();
    let settings = |data: &str, training: &str| {
        format!(
            "[data]\nformat = \"digits\"\n{data}[model]\nhidden = [16]\n[training]\nepochs = 2\n{training}"
        )
    };
    folder.write("run.toml", settings("", ""));
    folder.run(&["train", "run.toml"]);
    let measured = folder.run(&["eval", "run.toml"]);
    for (data, training) in [("", "seed = 1\n"), ("test_share = 0.5\n", "")] {
        folder.write("run.toml", settings(data, training));
        assert_eq!(folder.run(&["eval", "run.toml"]), measured, "{data}{training}");
        let message = folder.fail(&["train", "run.toml", "--resume"]);
        assert!(message.contains("but the training began without it"), "{message}");
    }
    folder.write("run.toml", settings("", "").replace("epochs = 2", "epochs = 3"));
    folder.run(&["train", "run.toml", "--resume"]);
}

/// A file for the test counts, also one that was not there when the model was trained.
#[test]
fn a_file_for_the_test_is_what_is_measured() {
    let folder = arrays(20);
    folder.run(&["train", "run.toml"]);
    let rows = |measured: String| -> usize {
        let numbers = measured.split_whitespace().filter_map(|word| word.parse::<usize>().ok());
        numbers.sum()
    };
    let before = rows(folder.run(&["eval", "run.toml"]));
    folder.write(
        "run.toml",
        settings("classes", "").replace("task", "test = \"x.npy\"\ntest_targets = \"y.npy\"\ntask"),
    );
    assert!(rows(folder.run(&["eval", "run.toml"])) > before);
}

/// An archive that NumPy wrote, see `tests/golden/npz.py`: `x`, `y`, and beside them texts `names` and objects `things`.
#[test]
fn arrays_that_nobody_names_are_not_read() {
    let folder = Folder::new();
    folder.write("run.npz", include_bytes!("../../nn/src/files/testing/mixed.npz"));
    folder.write(
        "run.toml",
        "[data]\nformat = \"npz\"\ntrain = \"run.npz\"\ntask = \"classes\"\n[training]\nepochs = 1\n",
    );
    folder.run(&["train", "run.toml"]);
    let told = folder.run(&["predict", "run.toml", "run.npz"]);
    assert_eq!(told.lines().count(), 11);
    save(&folder, "x.npy", &read_npz_array(folder.0.join("run.npz"), "x").unwrap());
    assert_eq!(folder.run(&["predict", "run.toml", "x.npy"]), told, "a single array, too");
    folder.write(
        "others.toml",
        "[data]\nformat = \"npz\"\ntrain = \"run.npz\"\ninputs = \"things\"\ntargets = \"names\"\ntask = \"classes\"\ntest = \"run.npz\"\n[output]\nfolder = \"runs/run\"\n",
    );
    assert_eq!(folder.run(&["predict", "others.toml", "run.npz"]), told, "those that it has learnt from");
    folder.run(&["eval", "others.toml"]);
    folder.write(
        "names.toml",
        "[data]\nformat = \"npz\"\ntrain = \"run.npz\"\ntargets = \"names\"\ntask = \"classes\"\n",
    );
    let message = folder.fail(&["train", "names.toml"]);
    assert!(message.contains("run.npz, entry \"names\""), "{message}");
    folder.write(
        "none.toml",
        "[data]\nformat = \"npz\"\ntrain = \"run.npz\"\ntargets = \"z\"\ntask = \"classes\"\n",
    );
    let message = folder.fail(&["train", "none.toml"]);
    assert!(message.contains("there is no array \"z\", only"), "{message}");
}

/// As behind `2>&1 | head -1`, which reads a line and leaves.
#[test]
fn a_training_that_nobody_listens_to_is_made_and_kept() {
    let folder = arrays(20);
    let mut child =
        folder.command(&["train", "run.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    assert!(folder.0.join("runs/run/model.safetensors").is_file());
}

#[test]
fn a_training_that_has_begun_is_gone_on_with_before_it_is_measured() {
    let folder = arrays(20);
    assert!(folder.fail(&["eval", "run.toml"]).contains("train one: `wengert train run.toml`"));
    fs::create_dir_all(folder.0.join("runs/run/checkpoints")).unwrap();
    assert!(folder.fail(&["eval", "run.toml"]).contains("`wengert train run.toml --resume`"));
}
