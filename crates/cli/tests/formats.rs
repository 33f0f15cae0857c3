//! Samples of each kind, learnt, told and exported: tables, arrays, images.

mod common;

use common::Folder;
use std::fs;
use wengert::Tensor;
use wengert::files::{Archive, write_npy};

/// Flowers of two kinds, told apart by length and colour; some lengths are missing.
fn flowers() -> String {
    let row = |n: usize| match n % 2 {
        0 => format!("{n},{}.5,red,\"rose, wild\"\n", 5 + n % 3),
        _ if n.is_multiple_of(5) => format!("{n},,blue,iris\n"),
        _ => format!("{n},{}.25,{},iris\n", 1 + n % 3, ["blue", "red"][n / 2 % 2]),
    };
    "id,length,colour,kind\n".to_owned() + &(0..60).map(row).collect::<String>()
}

const FLOWERS: &str = "\
[data]
format = \"csv\"
train = \"flowers.csv\"
target = \"kind\"
leave_out = [\"id\"]
fill_missing = true

[model]
hidden = [8]

[training]
epochs = 40
rate = 0.02
";

#[test]
fn a_table_is_learnt_told_and_exported() {
    let folder = Folder::new();
    folder.write("flowers.csv", flowers());
    folder.write("flowers.toml", FLOWERS);
    assert!(folder.fail(&["eval", "flowers.toml"]).contains("there is no model yet"));
    let trained = folder.run(&["train", "flowers.toml"]);
    assert!(trained.contains("48 training samples, 12 test samples"), "{trained}");
    assert!(trained.contains("test accuracy: 1.0000"), "{trained}");
    assert!(
        !trained.contains('\r') && !trained.contains('\u{1b}'),
        "no bar where there is no terminal: {trained}"
    );
    for file in ["model.safetensors", "report.html", "log.csv"] {
        assert!(folder.0.join("runs/flowers").join(file).is_file(), "{file}");
    }
    assert_eq!(fs::read_to_string(folder.0.join("runs/flowers/log.csv")).unwrap().lines().count(), 41);
    let page = fs::read_to_string(folder.0.join("runs/flowers/report.html")).unwrap();
    assert!(page.contains("test accuracy: 1.0000\n"), "{page}");
    assert!(folder.run(&["eval", "flowers.toml"]).contains("test accuracy: 1.0000"));
    assert!(folder.run(&["summary", "flowers.toml"]).contains("layers.1"));

    // Columns in another order, one that was no input, none of the target, and a value that is missing.
    folder.write("new.csv", "colour,more,length\nred,x,6.5\nblue,y,\nNA,z,1.25\n");
    let told = folder.run(&["predict", "flowers.toml", "new.csv"]);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!((lines[0], lines.len()), ("class,p(iris),\"p(rose, wild)\"", 4));
    assert!(lines[1].starts_with("\"rose, wild\",0."), "{told}");
    assert!(lines[2].starts_with("iris,") && lines[3].starts_with("iris,"), "{told}");
    let written = folder.run(&["predict", "flowers.toml", "new.csv", "--output", "told.csv"]);
    assert_eq!((written.as_str(), fs::read_to_string(folder.0.join("told.csv")).unwrap()), ("", told));

    for file in ["flowers.onnx", "flowers.safetensors"] {
        folder.run(&["export", "flowers.toml", file]);
        assert!(fs::metadata(folder.0.join(file)).unwrap().len() > 100);
    }
    let message = folder.fail(&["train", "flowers.toml"]);
    assert!(message.contains("holds an earlier training") && message.contains("--resume"), "{message}");
    folder.write(
        "other.toml",
        FLOWERS
            .replace("[training]", "[output]\nfolder = \"runs/flowers\"\n[training]")
            .replace("[8]", "[9, 9]"),
    );
    assert!(
        folder.run(&["eval", "other.toml"]).contains("accuracy: 1.0000"),
        "the network is that of the model's own settings"
    );
    let model = folder.0.join("runs/flowers/model.safetensors");
    let mut archive = Archive::<f32>::read(&model).unwrap();
    archive.tensors.iter_mut().for_each(|(_, tensor)| *tensor = tensor.reshape([tensor.size(), 1]));
    archive.write(&model).unwrap();
    let message = folder.fail(&["eval", "flowers.toml"]);
    assert!(message.contains("model.safetensors: its weights are not those of its settings"), "{message}");
    folder.write("runs/flowers/model.safetensors", "spoiled");
    assert!(folder.fail(&["eval", "flowers.toml"]).contains("model.safetensors"));
}

#[test]
fn arrays_are_learnt_as_classes_and_as_numbers() {
    let folder = Folder::new();
    let x: Vec<f32> = (0..200).map(|n| 100.0 + (n % 20) as f32).collect();
    let y: Vec<f32> = x.chunks(2).flat_map(|x| [1000.0 * x[0], 3.0 - x[1]]).collect();
    let labels: Vec<f32> = x.chunks(2).map(|x| f32::from(x[0] > 109.0)).collect();
    write_npy(folder.0.join("x.npy"), &Tensor::from_vec(x.clone(), [100, 2]).unwrap()).unwrap();
    write_npy(folder.0.join("y.npy"), &Tensor::from_vec(y, [100, 2]).unwrap()).unwrap();
    write_npy(folder.0.join("labels.npy"), &Tensor::from(labels)).unwrap();
    let settings = |targets: &str, task: &str| {
        format!(
            "[data]\nformat = \"npy\"\ntrain = \"x.npy\"\ntrain_targets = \"{targets}\"\ntask = \"{task}\"\n[training]\nepochs = 80\nrate = 0.01\n"
        )
    };
    folder.write("numbers.toml", settings("y.npy", "numbers"));
    let trained = folder.run(&["train", "numbers.toml"]);
    let r2: f64 = trained.lines().find_map(|line| line.strip_prefix("test R2: ")).unwrap().parse().unwrap();
    assert!(r2 > 0.99, "{trained}");
    let told = folder.run(&["predict", "numbers.toml", "x.npy"]);
    assert_eq!((told.lines().next(), told.lines().count()), (Some("prediction 1,prediction 2"), 101));
    let first: f64 = told.lines().nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((first - 100_000.0).abs() < 2000.0, "in the units of the data: {first}");

    folder.write("classes.toml", settings("labels.npy", "classes"));
    assert!(folder.run(&["train", "classes.toml"]).contains("test accuracy: 1.0000"));
    folder.write("mixed.toml", settings("y.npy", "classes"));
    assert!(folder.fail(&["train", "mixed.toml"]).contains("are no classes"));
    write_npy(folder.0.join("wide.npy"), &Tensor::<f32>::ones([3, 5])).unwrap();
    assert!(folder.fail(&["predict", "classes.toml", "wide.npy"]).contains("the model wants [n, 2]"));
}

#[test]
fn images_are_learnt_by_convolutions() {
    let folder = Folder::new();
    let (mut images, mut labels) =
        (vec![0, 0, 8, 3, 0, 0, 0, 80, 0, 0, 0, 6, 0, 0, 0, 6], vec![0, 0, 8, 1, 0, 0, 0, 80]);
    for n in 0..80_u32 {
        // A bright column or a bright row, somewhere.
        let (is_row, place) = (n % 2 == 0, n / 2 % 6);
        images
            .extend((0..36).map(|pixel| 200 * u8::from(if is_row { pixel / 6 } else { pixel % 6 } == place)));
        labels.push(u8::from(is_row));
    }
    folder.write("images.idx", images);
    folder.write("labels.idx", labels);
    folder.write(
        "images.toml",
        "[data]\nformat = \"idx\"\ntrain = \"images.idx\"\ntrain_targets = \"labels.idx\"\n[model]\nkind = \"cnn\"\nchannels = [8]\nbatch_norm = true\n\
         [training]\nepochs = 20\nrate = 0.01\nschedule = \"cosine\"\nwarmup = 1\nworkers = 1\nlabel_smoothing = 0.05\ntensorboard = true\n\
         [augment]\nshift = 1\nflip = true\nnoise = 0.05\n",
    );
    let trained = folder.run(&["train", "images.toml"]);
    assert!(trained.contains("test accuracy: 1.0000"), "{trained}");
    assert!(folder.0.join("runs/images/tensorboard").is_dir());
    assert_eq!(folder.run(&["predict", "images.toml", "images.idx"]).lines().count(), 81);
}

/// Pixels are shares of 255, which another file says in so many words.
#[test]
fn pixels_are_from_0_to_1() {
    let folder = Folder::new();
    let pixels: Vec<u8> = (0..40 * 4).map(|n| (n * 37 % 256) as u8).collect();
    let labels: Vec<u8> = (0..40).map(|n| n % 3).collect();
    folder.write("x.idx", [&[0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2], &pixels[..]].concat());
    folder.write("y.idx", [&[0, 0, 8, 1, 0, 0, 0, 40], &labels[..]].concat());
    let shares = pixels.iter().map(|pixel| f32::from(*pixel) / 255.0).collect();
    write_npy(folder.0.join("x.npy"), &Tensor::from_vec(shares, [40, 2, 2]).unwrap()).unwrap();
    let labels: Vec<f32> = labels.into_iter().map(f32::from).collect();
    write_npy(folder.0.join("y.npy"), &Tensor::from(labels)).unwrap();
    let settings = |format: &str, more: &str| {
        format!(
            "[data]\nformat = \"{format}\"\ntrain = \"x.{format}\"\ntrain_targets = \"y.{format}\"\n{more}[training]\nepochs = 2\n"
        )
    };
    folder.write("idx.toml", settings("idx", ""));
    folder.write("npy.toml", settings("npy", "task = \"classes\"\nscale = \"none\"\n"));
    folder.run(&["train", "idx.toml"]);
    folder.run(&["train", "npy.toml"]);
    assert!(folder.weights("runs/idx") == folder.weights("runs/npy"));
}

/// A model of pixels in IDX tells the same of the same pixels from NumPy, as shares of 255; other numbers are no pixels.
#[test]
fn images_of_idx_are_told_from_npy() {
    let folder = Folder::new();
    let pixels: Vec<u8> = (0..40 * 4).map(|n| (n * 37 % 256) as u8).collect();
    let labels: Vec<u8> = (0..40).map(|n| n % 3).collect();
    folder.write("x.idx", [&[0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2], &pixels[..]].concat());
    folder.write("y.idx", [&[0, 0, 8, 1, 0, 0, 0, 40], &labels[..]].concat());
    folder.write(
        "run.toml",
        "[data]\nformat = \"idx\"\ntrain = \"x.idx\"\ntrain_targets = \"y.idx\"\n[training]\nepochs = 2\n",
    );
    folder.run(&["train", "run.toml"]);
    let save = |name: &str, unit: f32| {
        let x = pixels.iter().map(|pixel| f32::from(*pixel) / unit).collect();
        write_npy(folder.0.join(name), &Tensor::from_vec(x, [40, 2, 2]).unwrap()).unwrap();
    };
    save("shares.npy", 255.0);
    let told = folder.run(&["predict", "run.toml", "x.idx"]);
    assert_eq!(folder.run(&["predict", "run.toml", "shares.npy"]), told);
    save("bytes.npy", 1.0);
    let message = folder.fail(&["predict", "run.toml", "bytes.npy"]);
    assert!(
        message.contains("bytes.npy: the element [0, 0, 1], counted from 0, is 37")
            && message.contains("from 0 to 1"),
        "{message}"
    );
    folder.write("x.csv", "1,2\n");
    let message = folder.fail(&["predict", "run.toml", "x.csv"]);
    assert!(
        message.contains("x.csv, byte 0") && message.contains("IDX") && message.contains("`.npy`"),
        "{message}"
    );
    let message = folder.fail(&["predict", "run.toml", "none.idx"]);
    assert!(message.contains("none.idx") && !message.contains("`.npy`"), "{message}");
}
