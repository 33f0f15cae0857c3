//! A graph as the bytes of a file, a [`Message`] of Protocol Buffers.
//!
//! The numbers of the fields: `onnx/onnx.proto` of ONNX 1.12, of which opset 17 and the eighth version of the format are.

use super::attribute::Attribute;
use super::constant::{Constant, Data, Kind};
use super::graph::{Dim, Graph, Node, Port, Source};
use crate::onnx::message::Message;
use std::fmt;

/// The version of the operators.
const OPSET: u64 = 17;
/// The version of the format.
const IR_VERSION: u64 = 8;
/// A message of Protocol Buffers is shorter than 2 GiB.
const LONGEST: usize = (1 << 31) - 1;

/// The network is too large for a file of ONNX, whose length has 31 bits.
///
/// ```
/// use autograd::onnx::TooLarge;
/// let error = TooLarge { bytes: 3 << 30 }; // from `Graph::to_bytes`
/// assert!(error.to_string().contains("take 3221225472 bytes"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// How many bytes the parameters and other constants take.
    pub bytes: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the numbers of the network take {} bytes, and a file of ONNX has less than {LONGEST}\n  help: export parts of the network on their own, or in single precision",
            self.bytes
        )
    }
}

impl std::error::Error for TooLarge {}

impl Graph {
    /// The bytes of a file, a `ModelProto` of opset 17.
    ///
    /// # Errors
    /// If it would be of 2 GiB or more.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TooLarge> {
        let size = |source: &Source| match source {
            Source::Constant(constant) => constant.data.byte_count(),
            _ => 0,
        };
        let bytes = self.values.iter().fold(0, |sum: usize, entry| sum.saturating_add(size(&entry.source)));
        if bytes > LONGEST {
            return Err(TooLarge { bytes });
        }
        let mut model = Message::default();
        model.number(1, IR_VERSION);
        model.text(2, "wengert");
        model.text(3, env!("CARGO_PKG_VERSION"));
        model.message(7, |graph| self.write(graph));
        model.message(8, |opset| {
            opset.text(1, "");
            opset.number(2, OPSET);
        });
        if model.bytes_so_far().len() > LONGEST { Err(TooLarge { bytes }) } else { Ok(model.into_bytes()) }
    }

    /// A `GraphProto`.
    fn write(&self, graph: &mut Message) {
        let names = self.names();
        for (id, entry) in self.values.iter().enumerate() {
            if let Source::Node(node) = &entry.source {
                graph.message(1, |message| write_node(message, node, &names[id], &names));
            }
        }
        graph.text(2, "network");
        for (entry, name) in self.values.iter().zip(&names) {
            if let Source::Constant(constant) = &entry.source {
                graph.message(5, |tensor| write_tensor(tensor, constant, name));
            }
        }
        for (entry, name) in self.values.iter().zip(&names) {
            if let Source::Input(port) = &entry.source {
                graph.message(11, |value| write_port(value, port, name));
            }
        }
        for (id, port) in &self.outputs {
            graph.message(12, |value| write_port(value, port, &names[*id]));
        }
    }
}

/// A `NodeProto`.
fn write_node(message: &mut Message, node: &Node, name: &str, names: &[String]) {
    for input in &node.inputs {
        message.text(1, input.map_or("", |id| names[id].as_str()));
    }
    // Outputs that nobody asks for.
    for i in 0..node.output {
        message.text(2, &format!("{name}#{i}"));
    }
    message.text(2, name);
    message.text(3, name);
    message.text(4, node.op);
    for (key, attribute) in &node.attributes {
        message.message(5, |message| write_attribute(message, key, attribute));
    }
}

/// An `AttributeProto`.
fn write_attribute(message: &mut Message, key: &str, attribute: &Attribute) {
    message.text(1, key);
    let kind = match attribute {
        Attribute::Float(value) => {
            message.float(2, *value);
            1
        }
        Attribute::Int(value) => {
            message.number(3, *value as u64);
            2
        }
        Attribute::Text(text) => {
            message.text(4, text);
            3
        }
        Attribute::Ints(values) => {
            values.iter().for_each(|&value| message.number(8, value as u64));
            7
        }
    };
    message.number(20, kind);
}

/// A `TensorProto`.
fn write_tensor(message: &mut Message, constant: &Constant, name: &str) {
    let data: &Data = &constant.data;
    data.dims().iter().for_each(|&size| message.number(1, size as u64));
    message.number(2, data.kind().code());
    message.text(8, name);
    message.bytes(9, &data.bytes());
}

/// A `ValueInfoProto`.
fn write_port(message: &mut Message, port: &Port, name: &str) {
    message.text(1, name);
    message.message(2, |of_type| of_type.message(1, |tensor| write_type(tensor, port.kind, &port.dims)));
}

/// A `TypeProto.Tensor`.
fn write_type(tensor: &mut Message, kind: Kind, dims: &[Dim]) {
    tensor.number(1, kind.code());
    tensor.message(2, |shape| {
        for dim in dims {
            shape.message(1, |message| match dim {
                Dim::Size(size) => message.number(1, *size as u64),
                Dim::Batch => message.text(2, "batch"),
                Dim::Unknown => {}
            });
        }
    });
}
