//! Images in folders, one folder for each class, as PNG files (W3C, "Portable Network Graphics", third edition).

mod decode;

use super::dataset::Dataset;
use super::error::{DataError, DataErrorKind, Place, listed};
use super::gz::INFLATED_LIMIT;
use autograd::{Array, Tensor};
use decode::read_png;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Images and the names of their classes.
///
/// ```
/// use nn::{Tensor, data::{Images, images}};
/// # let folder = std::env::temp_dir().join(format!("wengert-images-{}", std::process::id()));
/// # for (class, grey) in [("day", 255), ("night", 51)] {
/// #     std::fs::create_dir_all(folder.join(class)).unwrap();
/// #     let mut file = std::fs::File::create(folder.join(class).join("1.png")).unwrap();
/// #     png::Encoder::new(&mut file, 2, 3).write_header().unwrap().write_image_data(&[grey; 6]).unwrap();
/// # }
/// // `day/1.png`, which is white, and `night/1.png`, of a dark grey: three rows of two pixels each
/// let Images { data, classes } = images(&folder)?;
/// assert_eq!((data.x().dims(), data.y()), (&[2, 1, 3, 2][..], &vec![0, 1]));
/// assert_eq!(classes, ["day", "night"]);
/// assert_eq!((data.x().at([0, 0, 0, 0]), data.x().at([1, 0, 0, 0])), (1.0, 0.2));
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Images {
    /// The images, `[n, channels, height, width]`, with values from 0 to 1, and the place of their class among the names.
    pub data: Dataset,
    /// The names of the classes.
    pub classes: Vec<String>,
}

/// Reads a folder that has a folder for each class, with the images of this class as PNG files: `digits/3/first.png`.
///
/// Classes and files come in the order of their names. All images have one size, and one channel or three, red, green and blue; an alpha
/// channel has to be opaque everywhere, and is left out. Files that do not end in `.png`, and those whose names begin with a dot, are
/// left out. Unpacked, as bytes of eight-bit pixels and two for each of sixteen, the images may take 1 GiB together.
///
/// See [`Images`] for an example. What is wrong is said with its file:
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("wengert-no-images-{}", std::process::id()));
/// std::fs::create_dir_all(folder.join("day")).unwrap();
/// std::fs::write(folder.join("day/1.png"), b"a text").unwrap();
/// let error = nn::data::images(&folder).unwrap_err();
/// assert!(error.file().ends_with("1.png") && error.to_string().contains("check that it is a PNG file"), "{error}");
/// # std::fs::remove_dir_all(folder).unwrap();
/// ```
///
/// # Errors
/// If a folder or file cannot be read; if there is no class, or a class without images; if a file is damaged, is cut short, goes on after
/// the image, is animated, declares more pixels than it can hold, has transparent pixels or such whose colour is not in the palette, or has
/// another size or colours than the first;
/// if the images take more than 1 GiB when unpacked, or there is no memory for them.
pub fn images(folder: impl AsRef<Path>) -> Result<Images, DataError> {
    let folder = folder.as_ref();
    let mut classes = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            classes.push(name(&path)?.to_owned());
        }
    }
    read(folder, classes, INFLATED_LIMIT)
}

/// As [`images`], with these classes, in this order: those of the training part, for a test part. Other folders are an error.
///
/// ```
/// use nn::data::images_of;
/// # let folder = std::env::temp_dir().join(format!("wengert-images-of-{}", std::process::id()));
/// # for class in ["day", "night"] {
/// #     std::fs::create_dir_all(folder.join(class)).unwrap();
/// #     let mut file = std::fs::File::create(folder.join(class).join("1.png")).unwrap();
/// #     png::Encoder::new(&mut file, 1, 1).write_header().unwrap().write_image_data(&[0]).unwrap();
/// # }
/// // `day/1.png` and `night/1.png`
/// let test = images_of(&folder, &["night".into(), "day".into()])?;
/// assert_eq!((test.data.y(), &test.classes[0]), (&vec![0, 1], &"night".to_owned()));
/// let error = images_of(&folder, &["night".into(), "dawn".into()]).unwrap_err();
/// assert!(error.to_string().contains("there is no class of this name"), "{error}");
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok::<(), nn::data::DataError>(())
/// ```
///
/// # Errors
/// As [`images`], and if there is a folder for a class that is not among these.
pub fn images_of(folder: impl AsRef<Path>, classes: &[String]) -> Result<Images, DataError> {
    let folder = folder.as_ref();
    for path in entries(folder)? {
        if path.is_dir()
            && !classes.iter().any(|class| Some(&**class) == path.file_name().and_then(|name| name.to_str()))
        {
            let reason = format!("there is no class of this name, only {}", listed(classes));
            return Err(refused(
                &path,
                reason,
                "give the classes of the training part, or take the folder away",
            ));
        }
    }
    read(folder, classes.to_vec(), INFLATED_LIMIT)
}

/// The images of these classes, which may take so many bytes together when unpacked.
fn read(folder: &Path, classes: Vec<String>, limit: u64) -> Result<Images, DataError> {
    if classes.is_empty() {
        return Err(refused(
            folder,
            "there is no folder in this folder".into(),
            "make one for each class, and put its images there",
        ));
    }
    let mut first: Option<(PathBuf, [usize; 3])> = None;
    let (mut images, mut labels, mut room) = (Vec::new(), Vec::new(), limit);
    for (label, class) in classes.iter().enumerate() {
        let (class, before) = (folder.join(class), labels.len());
        for path in entries(&class)? {
            if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
                continue;
            }
            let image = read_png(&path, room, limit)?;
            let shape = image.shape;
            match &first {
                Some((first, expected)) if *expected != shape => {
                    let reason = format!(
                        "an image of {}, where {} is one of {}",
                        described(shape),
                        first.display(),
                        described(*expected)
                    );
                    return Err(refused(
                        &path,
                        reason,
                        "bring all images to one size and one kind of colours",
                    ));
                }
                Some(_) => {}
                None => first = Some((path, shape)),
            }
            room -= image.samples.len() as u64;
            images.push(image);
            labels.push(label);
        }
        if labels.len() == before {
            return Err(refused(
                &class,
                "there is no image of this class".into(),
                "put PNG files there, whose names end in .png",
            ));
        }
    }
    let (_, [channels, height, width]) = first.expect("every class has an image");
    let filled = Array::build([labels.len(), channels, height, width], |x| {
        // Each image lets its memory go when its place among the numbers is filled.
        x.chunks_exact_mut(channels * height * width).zip(images).for_each(|(x, image)| image.fill(x));
    });
    let x = filled.map_err(|error| {
        let reason = format!("there is no memory for the numbers of {} images ({error})", labels.len());
        refused(folder, reason, "free some, or read fewer images at a time")
    })?;
    Ok(Images { data: Dataset::new(Tensor::constant(x), labels).expect("a label for each image"), classes })
}

fn described([channels, height, width]: [usize; 3]) -> String {
    format!("{height} by {width} pixels in {channels} channel{}", if channels == 1 { "" } else { "s" })
}

/// What is in a folder, in the order of names, but for what is hidden.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let listed = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>());
    let mut paths = listed.map_err(|error| {
        DataError::new(&folder.display().to_string(), Place::File, DataErrorKind::Io(error))
    })?;
    paths.retain(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    paths.sort_unstable();
    Ok(paths)
}

fn name(path: &Path) -> Result<&str, DataError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| refused(path, "the name of the class is not UTF-8".into(), "rename the folder"))
}

fn refused(path: &Path, reason: String, cure: &'static str) -> DataError {
    DataError::new(&path.display().to_string(), Place::File, DataErrorKind::malformed(reason, cure))
}

#[cfg(test)]
mod tests {
    use super::super::testing::flip;
    use super::*;
    use crate::testing::Folder;
    use expect_test::expect;
    use png::{BitDepth, ColorType};
    use proptest::prelude::*;

    /// A PNG file of 2 columns and as many rows as the pixels make.
    fn encoded(colour: ColorType, depth: BitDepth, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let row = (2 * colour.samples() * depth as usize).div_ceil(8);
        let mut encoder = png::Encoder::new(&mut bytes, 2, (pixels.len() / row) as u32);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette(&[10, 20, 30, 255, 0, 51][..]);
        }
        encoder.write_header().unwrap().write_image_data(pixels).unwrap();
        bytes
    }

    fn grey(pixels: &[u8]) -> Vec<u8> {
        encoded(ColorType::Grayscale, BitDepth::Eight, pixels)
    }

    /// A folder with classes `a` and `b`, an image each.
    fn folder(a: &[u8], b: &[u8]) -> Folder {
        let folder = Folder::new();
        for (class, bytes) in [("a", a), ("b", b)] {
            fs::create_dir(folder.path().join(class)).unwrap();
            folder.write(&format!("{class}/1.png"), bytes);
        }
        folder
    }

    #[test]
    fn folders_are_classes() {
        let folder = folder(&grey(&[0, 255, 51, 102]), &grey(&[255; 4]));
        folder.write("b/0.PNG", &grey(&[0; 4]));
        folder.write("b/notes.txt", b"not an image");
        folder.write("b/.hidden.png", b"not an image");
        folder.write("readme.txt", b"not a class");
        let Images { data, classes } = images(folder.path()).unwrap();
        assert_eq!((classes, data.y()), (vec!["a".to_owned(), "b".to_owned()], &vec![0, 1, 1]));
        assert_eq!(data.x().dims(), [3, 1, 2, 2]);
        assert_eq!(data.x().to_vec(), [0.0, 1.0, 0.2, 0.4, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
        let turned = images_of(folder.path(), &["b".to_owned(), "a".to_owned()]).unwrap();
        assert_eq!(turned.data.y(), &[0, 0, 1]);
        let message = images_of(folder.path(), &["b".to_owned()]).unwrap_err().to_string();
        assert!(message.contains("/a: there is no class of this name, only [\"b\"]"), "{message}");
    }

    /// Two pixels each, the first row of every kind, against values by hand.
    #[test]
    fn every_kind_of_pixels_becomes_channels() {
        let channels = |bytes: Vec<u8>| {
            let folder = folder(&bytes, &bytes);
            let data = images(folder.path()).unwrap().data;
            (data.x().dims()[1], data.select(&[0]).x().to_vec())
        };
        let eight = |colour, pixels: &[u8]| channels(encoded(colour, BitDepth::Eight, pixels));
        assert_eq!(
            eight(ColorType::Rgb, &[51, 102, 153, 0, 255, 204]),
            (3, vec![0.2, 0.0, 0.4, 1.0, 0.6, 0.8])
        );
        assert_eq!(
            eight(ColorType::Rgba, &[51, 102, 153, 255, 0, 255, 204, 255]).1,
            [0.2, 0.0, 0.4, 1.0, 0.6, 0.8]
        );
        assert_eq!(eight(ColorType::GrayscaleAlpha, &[51, 255, 102, 255]), (1, vec![0.2, 0.4]));
        let byte = |x: f32| x / 255.0;
        let palette = vec![byte(255.0), byte(10.0), byte(0.0), byte(20.0), byte(51.0), byte(30.0)];
        assert_eq!(eight(ColorType::Indexed, &[1, 0]), (3, palette.clone()));
        // What fills the byte behind the last pixel is none.
        assert_eq!(channels(encoded(ColorType::Indexed, BitDepth::Two, &[0b0100_1111])), (3, palette));
        let sixteen = channels(encoded(ColorType::Grayscale, BitDepth::Sixteen, &[0x33, 0x33, 0x00, 0x01]));
        assert_eq!(sixteen, (1, vec![0.2, 1.0 / 65535.0]));
        let colours = [[0x33, 0x33], [0, 1], [0xff, 0xff], [0xff, 0xff]].concat().repeat(2);
        let sixteen = channels(encoded(ColorType::Rgba, BitDepth::Sixteen, &colours));
        assert_eq!(sixteen, (3, vec![0.2, 0.2, 1.0 / 65535.0, 1.0 / 65535.0, 1.0, 1.0]));
        let one_bit =
            channels(encoded(ColorType::Grayscale, BitDepth::One, &[0b0100_0000, 0b1000_0000, 0, 0]));
        assert_eq!(one_bit.1[..4], [0.0, 1.0, 1.0, 0.0]);
    }

    /// The file with another header: its 13 bytes, and their checksum.
    fn with_header(bytes: &[u8], change: impl Fn(&mut [u8])) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        change(&mut bytes[16..29]);
        let mut checksum = flate2::Crc::new();
        checksum.update(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.sum().to_be_bytes());
        bytes
    }

    #[test]
    fn spoiled_files_are_errors_with_place_and_reason() {
        let sound = grey(&[0, 255, 51, 102]);
        let huge = |bytes: &mut [u8]| bytes[..8].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("no bytes", vec![]),
            ("a web page", b"<html><body>not found</body></html>".to_vec()),
            ("a JPEG", b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec()),
            ("cut in the magic number", sound[..5].to_vec()),
            ("cut in the header", sound[..20].to_vec()),
            ("cut in the pixels", sound[..50].to_vec()),
            ("cut at its end", sound[..sound.len() - 3].to_vec()),
            ("more behind it", [&sound[..], b"more"].concat()),
            ("a wrong checksum", flip(&sound, 30)),
            ("pixels damaged", flip(&sound, 45)),
            ("no columns", with_header(&sound, |header| header[3] = 0)),
            ("65536 by 65536 pixels", with_header(&sound, huge)),
            ("more pixels than there are", with_header(&sound, |header| header[7] = 3)),
            ("no such depth", with_header(&sound, |header| header[8] = 7)),
            ("no such colours", with_header(&sound, |header| header[9] = 5)),
            ("transparent", encoded(ColorType::Rgba, BitDepth::Eight, &[1, 1, 1, 255, 1, 1, 1, 254])),
            ("beyond the palette", encoded(ColorType::Indexed, BitDepth::Eight, &[0, 1, 1, 2])),
            (
                "beyond it in two bits",
                encoded(ColorType::Indexed, BitDepth::Two, &[0b0001_0000, 0b1000_0000]),
            ),
            ("another size", grey(&[0; 6])),
            ("other colours", encoded(ColorType::Rgb, BitDepth::Eight, &[0; 12])),
        ];
        let errors = cases.iter().map(|(what, bytes)| {
            let folder = folder(&sound, bytes);
            let message = images(folder.path()).expect_err(what).to_string();
            format!("{what}\n    {message}\n").replace(&folder.path().display().to_string(), "folder")
        });
        expect![[r#"
            no bytes
                folder/b/1.png, byte 0: no image can be read here (unexpected end of file); check that it is a PNG file, and fetch or write it again
            a web page
                folder/b/1.png, byte 0: no image can be read here (Invalid PNG signature.); check that it is a PNG file, and fetch or write it again
            a JPEG
                folder/b/1.png, byte 0: no image can be read here (Invalid PNG signature.); check that it is a PNG file, and fetch or write it again
            cut in the magic number
                folder/b/1.png, byte 5: no image can be read here (unexpected end of file); check that it is a PNG file, and fetch or write it again
            cut in the header
                folder/b/1.png, byte 20: no image can be read here (unexpected end of file); check that it is a PNG file, and fetch or write it again
            cut in the pixels
                folder/b/1.png, byte 50: no image can be read here (unexpected end of file); check that it is a PNG file, and fetch or write it again
            cut at its end
                folder/b/1.png, byte 68: no image can be read here (unexpected end of file); check that it is a PNG file, and fetch or write it again
            more behind it
                folder/b/1.png, byte 71: the file goes on after the image, up to byte 75; fetch or write it again
            a wrong checksum
                folder/b/1.png, byte 16: no image can be read here (CRC error: expected 0x57dc52f8 have 0x57dd52f8 while decoding ChunkType { type: IHDR, critical: true, private: false, reserved: false, safecopy: false } chunk.); check that it is a PNG file, and fetch or write it again
            pixels damaged
                folder/b/1.png, byte 41: no image can be read here (Corrupt deflate stream. WrongChecksum); check that it is a PNG file, and fetch or write it again
            no columns
                folder/b/1.png, byte 16: no image can be read here (Invalid image dimensions); check that it is a PNG file, and fetch or write it again
            65536 by 65536 pixels
                folder/b/1.png, byte 41: 65536 by 65536 pixels are more than a file of 71 bytes can hold; the file is damaged: fetch or write it again
            more pixels than there are
                folder/b/1.png, byte 63: no image can be read here (IDAT or fDAT chunk does not have enough data for image.); check that it is a PNG file, and fetch or write it again
            no such depth
                folder/b/1.png, byte 16: no image can be read here (Invalid bit depth 7.); check that it is a PNG file, and fetch or write it again
            no such colours
                folder/b/1.png, byte 16: no image can be read here (Invalid color type 5.); check that it is a PNG file, and fetch or write it again
            transparent
                folder/b/1.png, byte 74: the pixel in row 0 and column 1 is transparent; put the image on a background, and save it without transparency
            beyond the palette
                folder/b/1.png, byte 59: the pixel in row 1 and column 1 has a colour beyond the palette; the file is damaged: fetch or write it again
            beyond it in two bits
                folder/b/1.png, byte 59: the pixel in row 1 and column 0 has a colour beyond the palette; the file is damaged: fetch or write it again
            another size
                folder/b/1.png: an image of 3 by 2 pixels in 1 channel, where folder/a/1.png is one of 2 by 2 pixels in 1 channel; bring all images to one size and one kind of colours
            other colours
                folder/b/1.png: an image of 2 by 2 pixels in 3 channels, where folder/a/1.png is one of 2 by 2 pixels in 1 channel; bring all images to one size and one kind of colours
        "#]].assert_eq(&errors.collect::<String>());
    }

    /// Zeros deflate to a thousandth, and bits become bytes: 440 kB may hold 60000 by 60000 pixels, which are 3.6 GB. Nothing of that is
    /// unpacked here, so the file holds no more than the promise, and is as long as it would be.
    #[test]
    fn a_small_file_of_a_huge_image_is_refused_before_it_is_unpacked() {
        let side = 60_000_u32.to_be_bytes();
        let huge = |header: &mut [u8]| header[..8].copy_from_slice(&[side, side].concat());
        let bit = encoded(ColorType::Grayscale, BitDepth::One, &[0, 0]);
        let promise = [with_header(&bit, huge), vec![0; 440_000]].concat();
        let error = images(folder(&promise, &promise).path()).unwrap_err();
        let (bytes, limit) = (3_600_000_000, 1 << 30);
        assert!(
            matches!(error.kind(), DataErrorKind::TooManyPixels { bytes: b, limit: l } if (*b, *l) == (bytes, limit)),
            "{error}"
        );
        let message = error.to_string();
        for part in [
            "a/1.png, byte ",
            "pixels take 3600000000 bytes",
            "the 1073741824 allowed; make the images smaller",
        ] {
            assert!(message.contains(part), "{part} is not in {message}");
        }
    }

    /// Two images of four bytes each.
    #[test]
    fn the_limit_is_for_all_images_together() {
        let folder = folder(&grey(&[0; 4]), &grey(&[0; 4]));
        let read = |limit| read(folder.path(), vec!["a".to_owned(), "b".to_owned()], limit);
        assert_eq!(read(8).unwrap().data.len(), 2);
        let error = read(7).unwrap_err();
        assert!(
            matches!(error.kind(), DataErrorKind::TooManyPixels { bytes: 8, limit: 7 })
                && error.file().ends_with("b/1.png"),
            "{error}"
        );
    }

    #[test]
    fn folders_that_hold_nothing_are_named() {
        let folder = Folder::new();
        let message = |path: &Path| images(path).unwrap_err().to_string();
        assert!(
            message(folder.path()).contains("there is no folder in this folder; make one for each class")
        );
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(message(folder.path()).contains("/empty: there is no image of this class"));
        assert!(message(&folder.path().join("missing")).contains("missing: cannot be read"));
        let file = folder.write("file", b"");
        assert!(message(&file).contains("file: cannot be read"));
        fs::create_dir(folder.path().join("empty/folder.png")).unwrap();
        assert!(message(folder.path()).contains("folder.png: cannot be read"));
    }

    proptest! {
        /// A byte that is another than before is found, since everything has a checksum.
        #[test]
        fn a_changed_byte_never_changes_a_pixel(at: prop::sample::Index, byte: u8) {
            let sound = encoded(ColorType::Rgb, BitDepth::Eight, &[7; 36]);
            let mut bytes = sound.clone();
            bytes[at.index(sound.len())] = byte;
            let folder = folder(&sound, &bytes);
            if let Ok(Images { data, .. }) = images(folder.path()) {
                prop_assert_eq!(data.select(&[0]).x().to_vec(), data.select(&[1]).x().to_vec());
            }
        }
    }
}
