//! A section of the settings, read key by key. A key that nobody asks for is a fault, and so is a value of another kind.

use crate::fault::{Fault, Source};
use crate::instead::{instead, instead_of_all};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Given<V> {
    pub(crate) value: V,
    pub(crate) at: Range<usize>,
}

/// A kind of value.
pub(crate) trait Value: Sized {
    /// What is expected, behind "expected".
    const WHAT: &'static str;
    /// The value, if it is of this kind.
    fn of(value: &DeValue<'_>) -> Option<Self>;
}

impl Value for String {
    const WHAT: &'static str = "a text in quotation marks";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Value for bool {
    const WHAT: &'static str = "true or false";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl Value for usize {
    const WHAT: &'static str = "a whole number from 0 on";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        let number = value.as_integer()?;
        usize::from_str_radix(number.as_str(), number.radix()).ok()
    }
}

impl Value for f64 {
    const WHAT: &'static str = "a number";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            _ => None,
        }
    }
}

impl Value for Vec<usize> {
    const WHAT: &'static str = "a list of whole numbers, such as `[64, 32]`";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|value| usize::of(value.get_ref())).collect()
    }
}

impl Value for Vec<String> {
    const WHAT: &'static str = "a list of texts, such as `[\"id\", \"name\"]`";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|value| String::of(value.get_ref())).collect()
    }
}

/// All sections of a file.
#[derive(Debug)]
pub(crate) struct Document<'s> {
    source: &'s Source,
    table: DeTable<'s>,
}

impl<'s> Document<'s> {
    /// Splits a file into sections, each of which has one of these names.
    pub(crate) fn parse(source: &'s Source, names: &[&str]) -> Result<Self, Fault> {
        let table = DeTable::parse(&source.text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            let message = format!("this is not TOML: {}", error.message());
            source.fault(at, message, "see https://toml.io for how it is written")
        })?;
        let table = table.into_inner();
        let unknown = table.keys().filter(|key| !names.contains(&&**key.get_ref()));
        if let Some(key) = unknown.min_by_key(|key| key.span().start) {
            let name = key.get_ref();
            let message = match table[&**name].get_ref().is_table() {
                true => format!("there is no section `[{name}]`"),
                false => format!("the key `{name}` stands in no section"),
            };
            return Err(source.fault(key.span(), message, instead(name, names, "the sections are")));
        }
        Ok(Document { source, table })
    }

    /// The section of this name, empty if it is not there.
    pub(crate) fn section(&mut self, name: &'static str) -> Result<Section<'s>, Fault> {
        let (at, table) = match self.table.remove(name) {
            None => (self.source.text.len()..self.source.text.len(), DeTable::new()),
            Some(value) => {
                let at = value.span();
                match value.into_inner() {
                    DeValue::Table(table) => (at, table),
                    _ => {
                        let help = format!("write its keys below a line `[{name}]`");
                        return Err(self.source.fault(
                            at,
                            format!("`{name}` is a section, not a value"),
                            help,
                        ));
                    }
                }
            }
        };
        Ok(Section { source: self.source, name, at, table, known: Vec::new() })
    }
}

/// The keys of a section that have not been asked for yet.
#[derive(Debug)]
pub(crate) struct Section<'s> {
    source: &'s Source,
    name: &'static str,
    at: Range<usize>,
    table: DeTable<'s>,
    known: Vec<&'static str>,
}

impl Section<'_> {
    /// The value of a key, if it is there.
    pub(crate) fn get<V: Value>(&mut self, key: &'static str) -> Result<Option<Given<V>>, Fault> {
        self.get_if(key, V::WHAT, |_| true)
    }

    /// The value of a key, if it is there, which is to be `what`.
    fn get_if<V: Value>(
        &mut self,
        key: &'static str,
        what: &str,
        fits: impl Fn(&V) -> bool,
    ) -> Result<Option<Given<V>>, Fault> {
        self.know(key);
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let at = value.span();
        if let Some(value) = V::of(value.get_ref()).filter(fits) {
            return Ok(Some(Given { value, at }));
        }
        let message = format!("`{key}` is {}, expected {what}", &self.source.text[at.clone()]);
        let help = match unquoted::<V>(value.get_ref()) {
            Some(text) => format!("write it without quotation marks: `{key} = {text}`"),
            None => format!("give {what}"),
        };
        Err(self.source.fault(at, message, help))
    }

    /// That there is such a key.
    fn know(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    /// The value of a key, or what it is otherwise.
    pub(crate) fn or<V: Value>(&mut self, key: &'static str, default: V) -> Result<V, Fault> {
        Ok(self.get(key)?.map_or(default, |given| given.value))
    }

    /// The value of a key that has to be there; `help` is a line that sets it.
    pub(crate) fn need<V: Value>(&mut self, key: &'static str, help: &str) -> Result<Given<V>, Fault> {
        self.get(key)?.ok_or_else(|| self.lacks(key, help))
    }

    /// The fault of a key that is missing.
    pub(crate) fn lacks(&self, key: &str, help: &str) -> Fault {
        let message = format!("`[{}]` lacks the key `{key}`", self.name);
        self.source.fault(self.at.clone(), message, format!("add, for instance, `{help}`"))
    }

    /// A number that `fits`, as `what` says.
    pub(crate) fn number<V: Value + Copy>(
        &mut self,
        key: &'static str,
        what: &str,
        fits: impl Fn(V) -> bool,
    ) -> Result<Option<V>, Fault> {
        Ok(self.get_if(key, what, |value: &V| fits(*value))?.map(|given| given.value))
    }

    /// One of these values by its name.
    pub(crate) fn choice<V: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, V)],
    ) -> Result<Option<Given<V>>, Fault> {
        let Some(Given { value, at }) = self.get::<String>(key)? else { return Ok(None) };
        match choices.iter().find(|(name, _)| *name == value) {
            Some((_, choice)) => Ok(Some(Given { value: *choice, at })),
            None => {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                let message = format!("`{key}` is {value:?}, which is none of its values");
                Err(self.source.fault(at, message, instead_of_all(&value, &names, "its values are")))
            }
        }
    }

    /// Says of keys that they belong to another setting; if one is there, it is a fault.
    pub(crate) fn belong(&mut self, keys: &[&'static str], to: &str) -> Result<(), Fault> {
        keys.iter().for_each(|key| self.know(key));
        let here = self.table.keys().filter(|key| keys.contains(&&**key.get_ref()));
        match here.min_by_key(|key| key.span().start) {
            None => Ok(()),
            Some(key) => {
                let message = format!("`{}` belongs to {to}", key.get_ref());
                Err(self.source.fault(key.span(), message, format!("drop the line, or set {to}")))
            }
        }
    }

    /// Whether there is anything in it.
    pub(crate) fn is_there(&self) -> bool {
        !self.table.is_empty()
    }

    /// Whatever has not been asked for is a fault.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        match self.table.keys().min_by_key(|key| key.span().start) {
            None => Ok(()),
            Some(key) => {
                let name = key.get_ref();
                let message = format!("`[{}]` has no key `{name}`", self.name);
                Err(self.source.fault(key.span(), message, instead(name, &self.known, "its keys are")))
            }
        }
    }

    /// A fault at a value.
    pub(crate) fn fault(&self, at: Range<usize>, message: String, help: impl Into<String>) -> Fault {
        self.source.fault(at, message, help)
    }
}

/// What stands in a text, if it would be a value of this kind without the quotation marks.
fn unquoted<V: Value>(value: &DeValue<'_>) -> Option<String> {
    let text = value.as_str()?;
    V::of(DeValue::parse(text).ok()?.get_ref()).map(|_| text.to_owned())
}
