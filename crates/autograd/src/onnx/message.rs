//! Messages of Protocol Buffers, as far as files of ONNX and of TensorBoard need them.
//!
//! A message is a row of fields. Each begins with a number, `field << 3 | wire type`; then comes a whole number of variable length
//! (wire type 0: seven bits a byte, the lowest first, the eighth bit set on all but the last), eight bytes (type 1), four bytes
//! (type 5), or a length and so many bytes (type 2), which are text or a message again.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding>.

/// A message that is being written.
#[derive(Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A whole number.
    pub fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    /// A number in single precision.
    pub fn float(&mut self, field: u64, value: f32) {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
    }

    /// A number in double precision.
    pub fn double(&mut self, field: u64, value: f64) {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
    }

    /// Bytes.
    pub fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// A text.
    pub fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    /// A message within this one.
    pub fn message(&mut self, field: u64, write: impl FnOnce(&mut Message)) {
        let mut inner = Message::default();
        write(&mut inner);
        self.bytes(field, &inner.0);
    }

    /// What has been written.
    pub fn bytes_so_far(&self) -> &[u8] {
        &self.0
    }

    /// All that has been written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's own documentation: field 1 with 150, field 2 with a text, field 3 with the first as a message.
    #[test]
    fn fields_are_those_of_the_documentation() {
        let mut message = Message::default();
        message.number(1, 150);
        message.text(2, "testing");
        message.message(3, |inner| inner.number(1, 150));
        message.number(1, -2_i64 as u64);
        message.float(2, 1.0);
        message.double(2, 1.0);
        let expected = b"\x08\x96\x01\x12\x07testing\x1a\x03\x08\x96\x01\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x15\x00\x00\x80\x3f\x11\x00\x00\x00\x00\x00\x00\xf0\x3f";
        assert_eq!(message.bytes_so_far(), expected);
    }
}
