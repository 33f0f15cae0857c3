//! One PNG file, unpacked into memory that the file itself has to account for.

use crate::data::error::{DataError, DataErrorKind, Place};
use crate::data::gz::INFLATED_LIMIT;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Limits, Transformations};
use std::{fs, io::Cursor, path::Path};

/// How many bytes one byte of a PNG file may become: with the shortest code of deflate, 258 for two bits.
const DEFLATE_RATIO: u64 = 1032;

/// An image, as it was unpacked.
pub(super) struct Image {
    /// Channels, height and width.
    pub(super) shape: [usize; 3],
    /// Pixel by pixel, each with all its channels, and perhaps an alpha channel.
    pub(super) samples: Vec<u8>,
    /// How many samples a pixel has, the alpha channel among them.
    together: usize,
    /// Whether a sample has two bytes, the most significant first.
    sixteen: bool,
}

impl Image {
    /// Writes the pixels from 0 to 1, channel by channel.
    pub(super) fn fill(self, x: &mut [f32]) {
        let [_, height, width] = self.shape;
        for (channel, x) in x.chunks_exact_mut(height * width).enumerate() {
            if self.sixteen {
                let pixels = self.samples.chunks_exact(2 * self.together).map(|pixel| &pixel[2 * channel..]);
                x.iter_mut()
                    .zip(pixels)
                    .for_each(|(x, y)| *x = f32::from(u16::from_be_bytes([y[0], y[1]])) / 65535.0);
            } else if self.together == 1 {
                x.iter_mut().zip(&self.samples).for_each(|(x, &y)| *x = f32::from(y) / 255.0);
            } else {
                let pixels = self.samples.chunks_exact(self.together);
                x.iter_mut().zip(pixels).for_each(|(x, pixel)| *x = f32::from(pixel[channel]) / 255.0);
            }
        }
    }

    /// The place of the first pixel that is not opaque, where the last sample of each is its alpha.
    fn transparent(&self) -> Option<usize> {
        let bytes = 1 + usize::from(self.sixteen);
        let mut pixels = self.samples.chunks_exact(self.together * bytes);
        pixels.position(|pixel| pixel[pixel.len() - bytes..].iter().any(|&byte| byte < 255))
    }
}

/// The image of a file, which may take `room` bytes, what is left of the limit for all of them.
pub(super) fn read_png(path: &Path, room: u64, limit: u64) -> Result<Image, DataError> {
    let file = path.display().to_string();
    let bytes =
        fs::read(path).map_err(|error| DataError::new(&file, Place::File, DataErrorKind::Io(error)))?;
    let mut cursor = Cursor::new(&bytes[..]);
    let decoded = decode(&mut cursor, bytes.len() as u64, room);
    let offset = cursor.position();
    let at = |kind| DataError::new(&file, Place::Byte { offset, inflated: false }, kind);
    match decoded {
        Ok(_) if offset < bytes.len() as u64 => {
            let reason = format!("the file goes on after the image, up to byte {}", bytes.len());
            Err(at(DataErrorKind::malformed(reason, "fetch or write it again")))
        }
        Ok(image) => Ok(image),
        Err(Unread::Spoiled(error)) => {
            let cure = "check that it is a PNG file, and fetch or write it again";
            Err(at(DataErrorKind::malformed(format!("no image can be read here ({error})"), cure)))
        }
        Err(Unread::Refused(reason, cure)) => Err(at(DataErrorKind::malformed(reason, cure))),
        Err(Unread::TooLarge(bytes)) => {
            Err(at(DataErrorKind::TooManyPixels { bytes: bytes.saturating_add(limit - room), limit }))
        }
    }
}

/// Why a file does not lead to an image.
enum Unread {
    Spoiled(DecodingError),
    Refused(String, &'static str),
    /// It takes so many bytes, for which there is no room.
    TooLarge(u64),
}

impl From<DecodingError> for Unread {
    fn from(error: DecodingError) -> Self {
        Unread::Spoiled(error)
    }
}

fn decode(cursor: &mut Cursor<&[u8]>, length: u64, room: u64) -> Result<Image, Unread> {
    let file = *cursor.get_ref();
    let mut options = DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_ignore_text_chunk(true);
    let mut decoder = Decoder::new_with_options(cursor, options);
    let most = length.saturating_mul(DEFLATE_RATIO);
    let bytes = usize::try_from(most.min(INFLATED_LIMIT)).unwrap_or(usize::MAX);
    decoder.set_limits(Limits { bytes });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let (width, height) = reader.info().size();
    if reader.info().is_animated() {
        return Err(Unread::Refused(
            "the image is animated".into(),
            "save its frames as images of their own",
        ));
    }
    // What the file holds is checked before what comes of it: bits and places in a palette become bytes, up to 24 times as many.
    let packed = (reader.info().raw_row_length() as u64).saturating_mul(u64::from(height));
    let Some(size) = reader.output_buffer_size().filter(|&size| packed <= most && size > 0) else {
        let reason = format!("{width} by {height} pixels are more than a file of {length} bytes can hold");
        return Err(Unread::Refused(reason, "the file is damaged: fetch or write it again"));
    };
    if size as u64 > room {
        return Err(Unread::TooLarge(size as u64));
    }
    let mut samples = Vec::new();
    if samples.try_reserve_exact(size).is_err() {
        let reason = format!("there is no memory for the {size} bytes of its pixels");
        return Err(Unread::Refused(reason, "free some, or read fewer images at a time"));
    }
    samples.resize(size, 0);
    let pixel = |place: usize| {
        format!("the pixel in row {} and column {}", place / width as usize, place % width as usize)
    };
    if reader.info().color_type == ColorType::Indexed
        && let Ok(Some(place)) = beyond_palette(file, bytes, &mut samples)
    {
        let reason = format!("{} has a colour beyond the palette", pixel(place));
        return Err(Unread::Refused(reason, "the file is damaged: fetch or write it again"));
    }
    let frame = reader.next_frame(&mut samples)?;
    reader.finish()?;
    let (colours, has_alpha) = match frame.color_type {
        ColorType::Grayscale => (1, false),
        ColorType::GrayscaleAlpha => (1, true),
        ColorType::Rgb => (3, false),
        ColorType::Rgba => (3, true),
        ColorType::Indexed => unreachable!("palettes are expanded"),
    };
    let image = Image {
        shape: [colours, height as usize, width as usize],
        samples,
        together: colours + usize::from(has_alpha),
        sixteen: frame.bit_depth == BitDepth::Sixteen,
    };
    if has_alpha && let Some(place) = image.transparent() {
        let cure = "put the image on a background, and save it without transparency";
        return Err(Unread::Refused(format!("{} is transparent", pixel(place)), cure));
    }
    Ok(image)
}

/// The first pixel whose colour the palette does not have: the decoder would make it black. Unpacks places in the palette to `rows`.
fn beyond_palette(file: &[u8], bytes: usize, rows: &mut [u8]) -> Result<Option<usize>, DecodingError> {
    let mut reader = Decoder::new_with_limits(Cursor::new(file), Limits { bytes }).read_info()?;
    let (info, frame) = (reader.info().clone(), reader.next_frame(rows)?);
    let (width, depth) = (info.width as usize, info.bit_depth as usize);
    let colours = info.palette.map_or(0, |palette| palette.len() / 3);
    let colour = |pixel: &usize| {
        let (row, bit) = (pixel / width, pixel % width * depth);
        let byte = rows[row * frame.line_size + bit / 8];
        usize::from(byte >> (8 - depth - bit % 8)) & ((1 << depth) - 1)
    };
    Ok((0..width * info.height as usize).find(|pixel| colour(pixel) >= colours))
}
