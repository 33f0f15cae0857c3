//! A profile as a timeline, in the Chrome trace event format: for `chrome://tracing`, ui.perfetto.dev and their like.
//!
//! The format: an object whose `traceEvents` are complete events (`"ph": "X"`), with begin `ts` and duration `dur` in
//! microseconds. An event within another on the same thread is shown below it.

use super::Pass;
use super::report::Profile;
use crate::shape::Shape;
use std::fmt::Write as _;
use std::io;
use std::panic::Location;
use std::path::Path;
use std::time::Duration;

/// One call.
///
/// ```
/// use autograd::{Tensor, profile};
/// let (_, profile) = profile(|| Tensor::<f32>::ones([2, 3]).sum_axes(1));
/// let event = profile.events().next().unwrap();
/// assert_eq!((event.operator, event.inputs[0].dims(), event.output.unwrap().dims()), ("sum", &[2, 3][..], &[2][..]));
/// assert!(event.start + event.time <= profile.wall());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The operator's name.
    pub operator: &'a str,
    /// On which way it was called.
    pub pass: Pass,
    /// Its layer, as in [`Row::layer`](crate::Row::layer).
    pub layer: String,
    /// The line of the program that called it.
    pub caller: &'static Location<'static>,
    /// When it began, from the beginning of the profile.
    pub start: Duration,
    /// How long it took, the operators that it called included.
    pub time: Duration,
    /// The memory that it took, with those operators, as in [`Cost::bytes`](crate::Cost::bytes).
    pub bytes: u64,
    /// The shapes of its inputs; of a gradient, that of the cotangent.
    pub inputs: &'a [Shape],
    /// The shape of its output, if it is the value of an operator.
    pub output: Option<&'a Shape>,
}

impl Profile {
    /// The calls one by one, in the order in which they ended. Only the first 100,000 are kept, so that the memory
    /// of a long run is bounded; all are counted in [`rows`](Self::rows).
    ///
    /// ```
    /// use autograd::{Tensor, profile};
    /// let (_, profile) = profile(|| Tensor::<f32>::ones([3]).exp().sum());
    /// assert!(profile.events().map(|event| event.operator).eq(["exp", "sum"]));
    /// ```
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.calls.iter().map(|call| {
            let (kind, _) = &self.kinds[call.kind];
            Event {
                operator: &kind.operator,
                pass: kind.pass,
                layer: self.layer(kind),
                caller: kind.place.caller,
                start: call.start,
                time: call.time,
                bytes: call.bytes,
                inputs: &call.inputs,
                output: call.output.as_ref(),
            }
        })
    }

    /// The [`events`](Self::events) as JSON in the Chrome trace event format.
    ///
    /// ```
    /// use autograd::{Tensor, profile};
    /// let (_, profile) = profile(|| Tensor::<f32>::ones([2, 3]).exp());
    /// assert!(profile.chrome_trace().contains(r#""name":"exp""#));
    /// ```
    pub fn chrome_trace(&self) -> String {
        let mut json = String::from("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
        for (i, event) in self.events().enumerate() {
            json += if i == 0 { "\n" } else { ",\n" };
            let inputs: Vec<String> = event.inputs.iter().map(Shape::to_string).collect();
            let output = event.output.map_or("null".to_owned(), Shape::to_string);
            let written = write!(
                json,
                "{{\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":{},\"dur\":{},\"args\":{{\
                 \"layer\":{},\"inputs\":[{}],\"output\":{output},\"bytes\":{},\"caller\":{}}}}}",
                quoted(event.operator),
                event.pass,
                microseconds(event.start),
                microseconds(event.time),
                quoted(&event.layer),
                inputs.join(","),
                event.bytes,
                quoted(&event.caller.to_string()),
            );
            written.expect("writing to a string does not fail");
        }
        json += "\n]}\n";
        json
    }

    /// Writes [`chrome_trace`](Self::chrome_trace) to a file.
    ///
    /// ```
    /// use autograd::{Tensor, profile};
    /// let (_, profile) = profile(|| Tensor::<f32>::ones([2, 3]).exp());
    /// let path = std::env::temp_dir().join(format!("wengert-profile-{}.json", std::process::id()));
    /// profile.write_chrome_trace(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path)?, profile.chrome_trace());
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_chrome_trace(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, self.chrome_trace())
    }
}

/// To the nanosecond, so that what lies within another event stays there.
fn microseconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_nanos() / 1000, time.as_nanos() % 1000)
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json += &format!("\\u{:04x}", u32::from(c)),
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("a\"b\\c\nd µ"), r#""a\"b\\c\u000ad µ""#);
    }
}
