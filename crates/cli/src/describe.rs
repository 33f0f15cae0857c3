//! What a model file says of itself beside its weights: what goes in, and what comes out.

use crate::data::Targets;
use crate::settings::Use;
use serde_json::{Map, Value, json};
use std::error::Error;
use wengert::data::{Column, Encoder, Encoding};

/// The most numbers of a sample: 8 GiB of them.
const MOST: usize = 1 << 31;

/// What goes into a model, and what comes out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Description {
    /// The shape of a sample.
    pub(crate) input: Vec<usize>,
    /// How the cells of a table become inputs.
    pub(crate) encoder: Option<Encoder>,
    pub(crate) outputs: Outputs,
    /// The sum of the training samples and of those that were kept from them; files of before have none.
    pub(crate) samples: Option<String>,
    /// The least and the greatest of their numbers, where the inputs are all in one unit: of arrays.
    pub(crate) range: Option<[f64; 2]>,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outputs {
    /// A logit for each of these classes.
    Classes(Vec<String>),
    /// So many numbers.
    Numbers(usize),
}

impl Outputs {
    /// How many numbers come out.
    pub(crate) fn count(&self) -> usize {
        match self {
            Outputs::Classes(classes) => classes.len(),
            Outputs::Numbers(count) => *count,
        }
    }
}

/// How many numbers a sample of this shape has, if they can be counted.
pub(crate) fn numbers(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1, |numbers: usize, size| numbers.checked_mul(*size))
}

impl Description {
    /// Whether a model of this kind can be measured on these targets.
    pub(crate) fn fits(&self, targets: &Targets, what: Use) -> Result<(), String> {
        match (&self.outputs, targets) {
            (Outputs::Classes(classes), Targets::Classes(y)) => match y.iter().find(|y| **y >= classes.len())
            {
                None => Ok(()),
                Some(y) => Err(format!(
                    "the {what} has class {y}, but training only classes up to {}\n  help: train on all classes",
                    classes.len() - 1
                )),
            },
            (Outputs::Numbers(count), Targets::Numbers(y)) if y.dims()[1] == *count => Ok(()),
            _ => Err(format!(
                "the {what} has targets of another kind than training\n  help: take samples of the same kind"
            )),
        }
    }

    /// As the text that stands in the file.
    pub(crate) fn to_json(&self) -> String {
        let column = |Column { name, encoding }: &Column| match encoding {
            Encoding::Number { missing } => json!({ "name": name, "missing": missing }),
            Encoding::Categories { values, missing, unknown } => {
                json!({ "name": name, "values": values, "missing": missing, "unknown": unknown })
            }
        };
        let mut text = Map::new();
        text.insert("input".into(), json!(self.input));
        if let Some(encoder) = &self.encoder {
            text.insert("columns".into(), encoder.columns.iter().map(column).collect());
        }
        match &self.outputs {
            Outputs::Classes(classes) => text.insert("classes".into(), json!(classes)),
            Outputs::Numbers(count) => text.insert("numbers".into(), json!(count)),
        };
        text.insert("samples".into(), json!(self.samples));
        text.insert("range".into(), json!(self.range));
        Value::Object(text).to_string()
    }

    /// From such a text.
    pub(crate) fn from_json(text: &str) -> Result<Self, Box<dyn Error>> {
        let value: Value = serde_json::from_str(text)?;
        let of = |value: &Value| -> Option<Self> {
            let encoder = match value.get("columns") {
                None => None,
                Some(columns) => {
                    let mut encoder = Encoder::new();
                    encoder.columns = columns.as_array()?.iter().map(column).collect::<Option<_>>()?;
                    Some(encoder)
                }
            };
            let outputs = match value.get("classes") {
                Some(classes) => Outputs::Classes(texts(classes).filter(|classes| classes.len() > 1)?),
                None => Outputs::Numbers(size(value.get("numbers")?)?),
            };
            let input: Vec<usize> =
                value.get("input")?.as_array()?.iter().map(size).collect::<Option<_>>()?;
            numbers(&input).filter(|numbers| *numbers <= MOST)?;
            let samples = match value.get("samples") {
                None | Some(Value::Null) => None,
                Some(sum) => Some(sum.as_str()?.to_owned()),
            };
            let range = match value.get("range") {
                None | Some(Value::Null) => None,
                Some(range) => match &range.as_array()?[..] {
                    [low, high] => Some([low.as_f64()?, high.as_f64()?]),
                    _ => return None,
                },
            };
            Some(Description { input, encoder, outputs, samples, range })
        };
        of(&value).ok_or_else(|| "the description of inputs and outputs is not whole".into())
    }
}

fn column(value: &Value) -> Option<Column> {
    let encoding = match value.get("values") {
        Some(values) => Encoding::Categories {
            values: texts(values)?,
            missing: value.get("missing")?.as_bool()?,
            // Files of before do not say it.
            unknown: value.get("unknown").map_or(Some(false), Value::as_bool)?,
        },
        None => Encoding::Number {
            missing: match value.get("missing")? {
                Value::Null => None,
                number => Some(number.as_f64()? as f32),
            },
        },
    };
    Some(Column { name: value.get("name")?.as_str()?.to_owned(), encoding })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| Some(text.as_str()?.to_owned())).collect()
}

fn size(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_comes_back_as_it_was() {
        let numbers = Column { name: "a \"b\"".into(), encoding: Encoding::Number { missing: Some(0.1) } };
        let texts =
            Encoding::Categories { values: vec!["x".into(), "ü".into()], missing: true, unknown: true };
        let mut encoder = Encoder::new();
        encoder.columns = vec![numbers, Column { name: "c".into(), encoding: texts }];
        for (encoder, outputs) in
            [(Some(encoder), Outputs::Classes(vec!["yes".into(), "no".into()])), (None, Outputs::Numbers(3))]
        {
            let samples = Some("60000 0123456789abcdef".to_owned());
            let description =
                Description { input: vec![1, 28, 28], encoder, outputs, samples, range: Some([0.0, 0.1]) };
            assert_eq!(Description::from_json(&description.to_json()).unwrap(), description);
        }
        let before = r#"{"input":[1],"columns":[{"name":"c","values":["x"],"missing":true}],"numbers":1}"#;
        let column = Description::from_json(before).unwrap().encoder.unwrap().columns.remove(0);
        assert!(matches!(column.encoding, Encoding::Categories { missing: true, unknown: false, .. }));
        for spoiled in [
            "",
            "{}",
            r#"{"input":[4]}"#,
            r#"{"input":[0],"numbers":1}"#,
            r#"{"input":[4],"numbers":0}"#,
            r#"{"input":[4],"classes":["one"]}"#,
            r#"{"input":[4294967296,4294967296],"numbers":1}"#,
        ] {
            assert!(Description::from_json(spoiled).is_err(), "{spoiled}");
        }
    }
}
