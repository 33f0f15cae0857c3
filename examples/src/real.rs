//! What the examples on real data share: the command line, where the data lies, how long it took, and the verdict.
//!
//! Such an example ends with exit code 0 if it has reached what it promises, 1 if not, and [`NO_DATA`] if its data is not there. It has
//! two forms: the long one trains to the end; the short one, asked for by `WENGERT_EXAMPLES=short` in the environment, shows within
//! a minute that all of it works, and promises less.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Whatever ends an example.
pub type Error = Box<dyn std::error::Error>;

/// The exit code of an example whose data is not there.
pub const NO_DATA: u8 = 2;

/// What the command line and the environment ask for.
#[derive(Debug)]
pub struct Options {
    /// Whether the short form is to run.
    pub short: bool,
    /// The options that were given, and their values.
    given: Vec<(&'static str, OsString)>,
}

/// Runs an example: prints `help` if the command line asks for it, and else calls `example` with the options, which are among
/// `known`, each with a value. An error is printed with the name of the program.
///
/// # Panics
/// If the help does not name an option that is known.
pub fn start(
    help: &str,
    known: &[&'static str],
    example: impl FnOnce(&Options) -> Result<(), Error>,
) -> ExitCode {
    let parsed =
        Options::parse(lexopt::Parser::from_env(), known, std::env::var_os("WENGERT_EXAMPLES").as_deref());
    let error = match parsed {
        Ok(None) => {
            println!("{}", help.trim_end());
            return ExitCode::SUCCESS;
        }
        Ok(Some(options)) => match example(&options) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => error,
        },
        Err(error) => error,
    };
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_stem().unwrap_or(OsStr::new("example")).display();
    eprintln!("{name}: {error}");
    if error.is::<NoData>() { ExitCode::from(NO_DATA) } else { ExitCode::FAILURE }
}

impl Options {
    /// The options, or `None` if help is asked for.
    fn parse(
        mut args: lexopt::Parser,
        known: &[&'static str],
        form: Option<&OsStr>,
    ) -> Result<Option<Self>, Error> {
        use lexopt::prelude::*;
        let short = match form {
            None => false,
            Some(form) if form == "short" => true,
            Some(form) => {
                return Err(
                    format!("WENGERT_EXAMPLES={}: expected `short`, or nothing", form.display()).into()
                );
            }
        };
        let mut given = Vec::new();
        while let Some(arg) = args.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Long(name) => match known.iter().find(|option| **option == name) {
                    Some(option) => given.push((*option, args.value()?)),
                    None => return Err(format!("I do not know --{name}; --help lists the options").into()),
                },
                other => return Err(format!("{}; --help lists the options", other.unexpected()).into()),
            }
        }
        Ok(Some(Options { short, given }))
    }

    /// The path that was given for `--name`, if any.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        // Of an option that is given twice, the last counts.
        self.given.iter().rev().find(|(option, _)| *option == name).map(|(_, value)| value.into())
    }

    /// The text that was given for `--name`, or `default`.
    pub fn text(&self, name: &str, default: &str) -> String {
        self.path(name).map_or(default.into(), |given| given.display().to_string())
    }

    /// The number that was given for `--name`, or `default`.
    ///
    /// # Errors
    /// If it is none, or below `least`.
    pub fn number<N>(&self, name: &str, least: N, default: N) -> Result<N, Error>
    where
        N: std::str::FromStr<Err: fmt::Display> + PartialOrd + fmt::Display,
    {
        if self.path(name).is_none() {
            return Ok(default);
        }
        let text = self.text(name, "");
        let number: N = text.parse().map_err(|error| format!("--{name} {text}: {error}"))?;
        match number >= least {
            true => Ok(number),
            false => Err(format!("--{name} {text}: expected {least} or more").into()),
        }
    }

    /// Where the data lies: `--data`, or else the first of these places that there is: `name` in the folder that `WENGERT_DATA` names in
    /// the environment, or, if it names none, in `data` here and in `data` of the project; and `usual`, where a package puts it.
    ///
    /// # Errors
    /// If there is none of them: all places, and `cure`, which says how to get the data.
    pub fn data(&self, name: &str, usual: &[&str], cure: &'static str) -> Result<PathBuf, Error> {
        if let Some(given) = self.path("data") {
            return Ok(given); // its reader says what is wrong with it
        }
        let folders = match std::env::var_os("WENGERT_DATA") {
            Some(folder) => vec![PathBuf::from(folder)],
            None => vec!["data".into(), Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("data")],
        };
        let looked: Vec<PathBuf> = folders
            .into_iter()
            .map(|folder| folder.join(name))
            .chain(usual.iter().map(PathBuf::from))
            .collect();
        match looked.iter().find(|place| place.exists()) {
            Some(place) => Ok(place.clone()),
            None => Err(NoData { looked, cure }.into()),
        }
    }
}

/// Data that is in none of the usual places.
#[derive(Debug)]
struct NoData {
    looked: Vec<PathBuf>,
    cure: &'static str,
}

impl fmt::Display for NoData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the data is not there. I have looked for")?;
        self.looked.iter().try_for_each(|place| write!(f, "\n    {}", place.display()))?;
        write!(f, "\n  help: {}", self.cure)
    }
}

impl std::error::Error for NoData {}

/// Prints what was reached beside what was promised: at least so much.
///
/// # Errors
/// If it is less, or NaN.
pub fn at_least(what: &str, reached: f64, least: f64) -> Result<(), Error> {
    verdict(what, reached, &format!("{least} or more"), reached >= least)
}

/// Prints what was reached beside what was promised: at most so much.
///
/// # Errors
/// If it is more, or NaN.
///
/// ```
/// use examples::real::{at_least, at_most};
/// assert!(at_most("loss", 1.62, 1.7).is_ok() && at_least("accuracy, %", 99.3, 99.2).is_ok());
/// let error = at_most("loss", 1.72, 1.7).unwrap_err();
/// assert_eq!(error.to_string(), "loss: 1.720 falls short; expected 1.7 or less");
/// ```
pub fn at_most(what: &str, reached: f64, most: f64) -> Result<(), Error> {
    verdict(what, reached, &format!("{most} or less"), reached <= most)
}

fn verdict(what: &str, reached: f64, expected: &str, is_good: bool) -> Result<(), Error> {
    match is_good {
        true => println!("{what}: {reached:.3}; expected {expected}"),
        false => return Err(format!("{what}: {reached:.3} falls short; expected {expected}").into()),
    }
    Ok(())
}

/// Time since it was started, on the clock and, where the system tells it, of the processor.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    clock: Instant,
    processor: Option<f64>,
}

impl Stopwatch {
    /// Begins to count.
    pub fn start() -> Self {
        Stopwatch { clock: Instant::now(), processor: processor_seconds() }
    }

    /// The seconds on the clock.
    pub fn seconds(&self) -> f64 {
        self.clock.elapsed().as_secs_f64()
    }
}

/// `83.1 s, 160.2 s of processor time`.
impl fmt::Display for Stopwatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.seconds())?;
        match (self.processor, processor_seconds()) {
            (Some(begin), Some(end)) => write!(f, ", {:.1} s of processor time", end - begin),
            _ => Ok(()),
        }
    }
}

/// The time that all threads of this program have had, from Linux's `/proc`; elsewhere `None`.
fn processor_seconds() -> Option<f64> {
    /// In which `/proc` counts, on every Linux (`man 5 proc`, `USER_HZ`).
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // `id (name) state parent ...`, where the name may hold anything; user and system time are the fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some((ticks(14)? + ticks(15)?) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str], form: Option<&str>) -> Result<Option<Options>, Error> {
        let args = lexopt::Parser::from_args(arguments.iter().copied());
        Options::parse(args, &["data", "steps"], form.map(OsStr::new))
    }

    fn options(arguments: &[&str]) -> Options {
        parse(arguments, None).unwrap().unwrap()
    }

    #[test]
    fn options_are_read_and_the_last_counts() {
        let given = options(&["--steps", "3", "--data=x/y", "--steps=5"]);
        assert_eq!(given.number("steps", 1, 9).unwrap(), 5);
        assert_eq!(given.path("data"), Some("x/y".into()));
        assert_eq!(options(&[]).number("steps", 1, 9).unwrap(), 9);
        assert!(!given.short && parse(&[], Some("short")).unwrap().unwrap().short);
        assert!(parse(&["--steps", "3", "--help"], None).unwrap().is_none());
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let of_parsing = |arguments: &[&str], form| parse(arguments, form).unwrap_err().to_string();
        let of_number =
            |value| options(&["--steps", value]).number("steps", 1_usize, 9).unwrap_err().to_string();
        for (message, reasons) in [
            (of_parsing(&["--fast", "1"], None), ["--fast", "--help"]),
            (of_parsing(&["x"], None), ["\"x\"", "--help"]),
            (of_parsing(&["--steps"], None), ["--steps", "missing"]),
            (of_parsing(&[], Some("long")), ["WENGERT_EXAMPLES=long", "`short`"]),
            (of_number("0"), ["--steps 0", "1 or more"]),
            (of_number("-4"), ["--steps -4", "invalid digit"]),
        ] {
            assert!(reasons.iter().all(|reason| message.contains(reason)), "{message}");
        }
    }

    /// A number that is none must not count as reached.
    #[test]
    fn short_of_the_promise_is_an_error() {
        assert!(at_least("x", 2.0, 2.0).is_ok() && at_most("x", 2.0, 2.0).is_ok());
        for outcome in [at_least("x", 1.9, 2.0), at_most("x", 2.1, 2.0)] {
            assert!(outcome.unwrap_err().to_string().contains("falls short"));
        }
        assert!(at_least("x", f64::NAN, 2.0).is_err() && at_most("x", f64::NAN, 2.0).is_err());
    }

    #[test]
    fn data_is_where_the_option_says_or_where_it_lies_or_an_error_that_tells_all() {
        assert_eq!(options(&["--data", "no/such"]).data("none", &[], "").unwrap(), Path::new("no/such"));
        let there = env!("CARGO_MANIFEST_DIR");
        assert_eq!(options(&[]).data("none", &["no/such", there], "").unwrap(), Path::new(there));
        let error = options(&[]).data("none", &["no/such"], "install it").unwrap_err();
        assert!(error.is::<NoData>());
        let message = error.to_string();
        for part in ["/none\n", "no/such\n", "help: install it"] {
            assert!(message.contains(part), "{message}");
        }
    }

    /// A thread beside the main one works until a fifth of a second is booked for it, which no clock allows to be more than all cores had.
    #[cfg(target_os = "linux")]
    #[test]
    fn processor_time_is_that_of_all_threads() {
        let used = || processor_seconds().expect("Linux has /proc");
        let (begin, clock) = (used(), Instant::now());
        let work = || {
            while used() - begin < 0.2 && clock.elapsed().as_secs() < 20 {
                std::hint::black_box((0..100_000_u64).map(std::hint::black_box).sum::<u64>());
            }
        };
        std::thread::scope(|scope| scope.spawn(work).join()).expect("it only counts");
        let most = clock.elapsed().as_secs_f64()
            * std::thread::available_parallelism().expect("Linux tells it").get() as f64;
        let booked = used() - begin;
        assert!(0.2 <= booked && booked <= most + 0.1, "{booked} s of at most {most} s");
    }
}
