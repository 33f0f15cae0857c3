//! An image as it stands in a page: a bitmap, which needs no compression, written in letters.

/// A bitmap of shades of grey, the rows from above: a header, a table of 256 shades, and rows from below, each filled up to four bytes.
pub(super) fn bitmap(width: usize, shades: &[u8]) -> Vec<u8> {
    const HEAD: usize = 54 + 4 * 256;
    let row = width.next_multiple_of(4);
    let height = shades.len() / width.max(1);
    let size = HEAD + row * height;
    let mut bytes = b"BM".to_vec();
    let number = |bytes: &mut Vec<u8>, x: usize| bytes.extend((x as u32).to_le_bytes());
    [size, 0, HEAD, 40, width, height].into_iter().for_each(|x| number(&mut bytes, x));
    bytes.extend([1, 0, 8, 0]);
    [0, row * height, 2835, 2835, 256, 0].into_iter().for_each(|x| number(&mut bytes, x));
    (0..=255).for_each(|shade| bytes.extend([shade, shade, shade, 0]));
    for shades in shades.chunks_exact(width.max(1)).rev() {
        bytes.extend(shades);
        bytes.resize(bytes.len() + row - width, 0);
    }
    bytes
}

/// Base64 (RFC 4648).
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, i| bits << 8 | u32::from(three.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= three.len() { digit.into() } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_the_standard() {
        let expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (len, expected) in expected.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..len]), expected);
        }
    }

    #[test]
    fn a_bitmap_has_its_rows_from_below() {
        let bytes = bitmap(3, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(bytes.len(), 54 + 1024 + 8);
        assert_eq!(bytes[2..6], (bytes.len() as u32).to_le_bytes());
        assert_eq!(bytes[1078..], [4, 5, 6, 0, 1, 2, 3, 0]);
    }
}
