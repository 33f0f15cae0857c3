//! Charts as SVG, for what a person looks at: lines, dots and bars over axes with round numbers. All is in the picture, so that it can
//! stand in a page that is opened without a network; text and axes have the colour of the page's text.

use std::fmt::Write;

/// As wide as a column of the page, nearly, so that letters keep their size.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const ABOVE: f64 = 28.0;
const BELOW: f64 = 44.0;

/// Colours that people with the common kinds of colour blindness can tell apart (M. Okabe and K. Ito, 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// A chart that is being drawn. Points that are not finite are left out, and break lines.
pub(crate) struct Chart {
    /// What is drawn, without the legend.
    drawn: String,
    x: Axis,
    y: Axis,
    /// The names of the lines.
    names: Vec<String>,
}

/// What an axis shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
    /// Whether it counts, so that only whole numbers are written along it.
    is_whole: bool,
}

impl Axis {
    /// From the least to the greatest of these numbers, as far as they are finite. One alone is in the middle.
    pub(crate) fn over(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = match range(values) {
            Some((low, high)) if low < high => (low, high),
            Some((one, _)) if one != 0.0 => (one - 0.5 * one.abs(), one + 0.5 * one.abs()),
            _ => (0.0, 1.0),
        };
        Axis { low, high, is_log: false, is_whole: false }
    }

    /// As [`over`](Self::over), for what is counted, such as steps.
    pub(crate) fn count_over(values: impl Iterator<Item = f64>) -> Self {
        Axis { is_whole: true, ..Self::over(values) }
    }

    /// From the least to the greatest of these positive numbers, whose logarithms are evenly spaced.
    pub(crate) fn log_over(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = match range(values.filter(|x| *x > 0.0).map(f64::log10)) {
            Some((low, high)) if low < high => (low, high),
            Some((one, _)) => (one - 0.5, one + 0.5),
            None => (0.0, 1.0),
        };
        Axis { low, high, is_log: true, is_whole: false }
    }

    /// As [`log_over`](Self::log_over), from a power of ten to another one.
    pub(crate) fn decades_over(values: impl Iterator<Item = f64>) -> Self {
        let axis = Self::log_over(values);
        Axis { low: axis.low.floor(), high: axis.high.ceil(), ..axis }
    }

    /// With 0, if all lie above it.
    pub(crate) fn and_zero(self) -> Self {
        Axis { low: self.low.min(0.0), ..self }
    }

    /// The number that lies there.
    pub(crate) fn at(&self, share: f64) -> f64 {
        self.low + share * (self.high - self.low)
    }

    /// Where a number lies, from 0 to 1; what lies beyond an end is at it.
    pub(crate) fn share(&self, x: f64) -> f64 {
        let x = if self.is_log { x.log10() } else { x };
        ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Round numbers along it, and how they are written.
    fn ticks(&self) -> Vec<(f64, String)> {
        let (low, high) = (self.low, self.high);
        if self.is_log {
            // All powers of ten, or of many some that are evenly spaced.
            let (first, last) = (low.ceil() as i32, high.floor() as i32);
            let powers = (first..=last).step_by((last - first).max(0) as usize / 8 + 1);
            return powers.map(|power| (10.0_f64.powi(power), format!("1e{power}"))).collect();
        }
        // Steps of 1, 2 or 5 times a power of ten, of which there are four to ten.
        let rough = (high - low) / 5.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let step = if self.is_whole { step.max(1.0) } else { step };
        let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let largest = high.abs().max(low.abs());
        // So many that neighbours differ, as long as there is room.
        let places = (largest.log10().floor() - step.log10().floor()).clamp(0.0, 5.0) as usize;
        let label = |x: f64| match largest < 1e7 && step >= 1e-6 {
            true => format!("{x:.digits$}"),
            false if x == 0.0 => "0".to_owned(),
            false => format!("{x:.places$e}"),
        };
        (first..=last).map(|i| i as f64 * step).map(|x| (x, label(x))).collect()
    }
}

impl Chart {
    /// An empty one over these axes, with their names.
    pub(crate) fn new(x: Axis, x_name: &str, y: Axis) -> Self {
        let mut svg = String::new();
        let (bottom, right) = (HEIGHT - BELOW, WIDTH - RIGHT);
        let mut chart = Chart { drawn: String::new(), x, y, names: Vec::new() };
        for (value, label) in x.ticks() {
            let at = chart.at_x(value);
            add(
                &mut svg,
                format_args!(
                    "<path d=\"M{at:.1} {ABOVE}V{bottom}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>"
                ),
            );
            add(
                &mut svg,
                format_args!(
                    "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                    bottom + 16.0
                ),
            );
        }
        for (value, label) in y.ticks() {
            let at = chart.at_y(value);
            add(
                &mut svg,
                format_args!(
                    "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>"
                ),
            );
            add(
                &mut svg,
                format_args!(
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                    LEFT - 6.0,
                    at + 4.0
                ),
            );
        }
        let middle = (LEFT + right) / 2.0;
        add(
            &mut svg,
            format_args!(
                "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - 8.0,
                escaped(x_name)
            ),
        );
        chart.drawn = svg;
        chart
    }

    fn at_x(&self, x: f64) -> f64 {
        LEFT + self.x.share(x) * (WIDTH - LEFT - RIGHT)
    }

    fn at_y(&self, y: f64) -> f64 {
        HEIGHT - BELOW - self.y.share(y) * (HEIGHT - ABOVE - BELOW)
    }

    /// A line through these points, in a colour of its own, with a name in the legend. A point without neighbours is a dot.
    pub(crate) fn line(&mut self, name: &str, points: impl Iterator<Item = (f64, f64)>) -> &mut Self {
        let colour = colour(self.names.len());
        self.names.push(name.to_owned());
        let points: Vec<(f64, f64)> = points.collect();
        let mut path = String::new();
        for stretch in points.split(|(x, y)| !x.is_finite() || !y.is_finite()) {
            if let &[(x, y)] = stretch {
                let (x, y) = (self.at_x(x), self.at_y(y));
                let dot = format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
                add(&mut self.drawn, dot);
                continue;
            }
            for (i, &(x, y)) in stretch.iter().enumerate() {
                let to = if i == 0 { 'M' } else { 'L' };
                write!(path, "{to}{:.1} {:.1}", self.at_x(x), self.at_y(y)).expect("a text takes all");
            }
        }
        add(
            &mut self.drawn,
            format_args!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-linejoin=\"round\"/>"
            ),
        );
        self
    }

    /// Dots, pale, in the colour of the next line.
    pub(crate) fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>) -> &mut Self {
        let colour = colour(self.names.len());
        for (x, y) in points.filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let (x, y) = (self.at_x(x), self.at_y(y));
            add(
                &mut self.drawn,
                format_args!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{colour}\" fill-opacity=\"0.35\"/>"
                ),
            );
        }
        self
    }

    /// Bars from 0 up, each from one place to another.
    pub(crate) fn bars(&mut self, bars: impl Iterator<Item = (f64, f64, f64)>) -> &mut Self {
        for (from, to, y) in bars {
            let (from, to, top, foot) = (self.at_x(from), self.at_x(to), self.at_y(y), self.at_y(0.0));
            let (width, height) = ((to - from - 0.5).max(0.5), foot - top);
            add(
                &mut self.drawn,
                format_args!(
                    "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\"/>",
                    COLOURS[0]
                ),
            );
        }
        self
    }

    /// A mark at a place, with a name.
    pub(crate) fn mark(&mut self, x: f64, name: &str) -> &mut Self {
        let (at, bottom) = (self.at_x(x), HEIGHT - BELOW);
        // Its name is where there is more room.
        let (beside, anchor) = if at < WIDTH / 2.0 { (at + 4.0, "start") } else { (at - 4.0, "end") };
        add(
            &mut self.drawn,
            format_args!(
                "<path d=\"M{at:.1} {ABOVE}V{bottom}\" stroke=\"{}\" stroke-dasharray=\"4\"/>",
                COLOURS[1]
            ),
        );
        add(
            &mut self.drawn,
            format_args!(
                "<text x=\"{beside:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
                ABOVE + 12.0,
                COLOURS[1],
                escaped(name)
            ),
        );
        self
    }

    /// The picture by itself, with the names of its lines in one row above.
    pub(crate) fn svg(&self) -> String {
        let (mut legend, mut at) = (String::new(), LEFT);
        for (i, name) in self.names.iter().enumerate() {
            add(
                &mut legend,
                format_args!("<path d=\"M{at:.1} 14h18\" stroke=\"{}\" stroke-width=\"2\"/>", colour(i)),
            );
            add(&mut legend, format_args!("<text x=\"{:.1}\" y=\"18\">{}</text>", at + 24.0, escaped(name)));
            at += 44.0 + 7.0 * name.chars().count() as f64;
        }
        self.picture(0.0, &legend)
    }

    /// The picture on a page, below a caption and the names of its lines, which go on in a further row where there is no room for them.
    pub(crate) fn figure(&self, caption: &str) -> String {
        let mut html = format!("<figure><figcaption>{}\n<div class=\"legend\">", escaped(caption));
        for (i, name) in self.names.iter().enumerate() {
            add(&mut html, format_args!("<span style=\"--line:{}\">{}</span>", colour(i), escaped(name)));
        }
        format!("{html}</div></figcaption>\n{}</figure>\n", self.picture(ABOVE - 10.0, ""))
    }

    /// What is drawn, from so far down, and a legend.
    fn picture(&self, top: f64, legend: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 {top} {WIDTH} {}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n{}{legend}</svg>\n",
            HEIGHT - top,
            self.drawn
        )
    }
}

/// The colour of a line by its number, from 0.
fn colour(line: usize) -> &'static str {
    COLOURS[line % COLOURS.len()]
}

/// The least and the greatest of the finite ones; `None` if there is none.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|x| x.is_finite()).map(|x| (x, x)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

fn add(svg: &mut String, element: std::fmt::Arguments<'_>) {
    svg.write_fmt(element).expect("a text takes all");
    svg.push('\n');
}

/// A text as it stands in XML and HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        for (low, high) in [
            (0.0, 1.0),
            (-3.0, 17.0),
            (0.0123, 0.0131),
            (1e-9, 3e-9),
            (5.0, 5.0),
            (0.0, 0.0),
            (1e8, 9e8),
            (1_234_567.0, 1_234_570.0),
        ] {
            let axis = Axis::over([low, f64::NAN, high, f64::INFINITY].into_iter());
            let ticks = axis.ticks();
            assert!((3..=11).contains(&ticks.len()), "{low}..{high}: {ticks:?}");
            let off = 1e-9 * (axis.high - axis.low);
            assert!(
                ticks.iter().all(|(x, _)| (axis.low - off..=axis.high + off).contains(x)),
                "{low}..{high}: {ticks:?}"
            );
            let mut labels: Vec<&String> = ticks.iter().map(|(_, label)| label).collect();
            labels.dedup();
            assert_eq!(labels.len(), ticks.len(), "{low}..{high}: {ticks:?}");
        }
        let labels: Vec<String> =
            Axis::over([0.0, 1.0].into_iter()).ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let labels = |axis: Axis| axis.ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(Axis::over([0.0].into_iter())), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(Axis::over([-2e27, 2e27].into_iter())), ["-2e27", "-1e27", "0", "1e27", "2e27"]);
        assert_eq!(labels(Axis::count_over([1.0].into_iter())), ["1"]);
        assert_eq!(labels(Axis::count_over([1.0, 3.0].into_iter())), ["1", "2", "3"]);
    }

    #[test]
    fn powers_of_ten_are_few_and_near_the_numbers() {
        let ticks = |axis: Axis| axis.ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(ticks(Axis::log_over([1e-3, 0.0, 2.0].into_iter())), ["1e-3", "1e-2", "1e-1", "1e0"]);
        assert_eq!(ticks(Axis::decades_over([2e-9].into_iter())), ["1e-10", "1e-9", "1e-8"]);
        // Forty decades, more than have room one by one.
        let wide = ticks(Axis::decades_over([1e-40, 1.0].into_iter()));
        assert_eq!(wide, ["1e-40", "1e-34", "1e-28", "1e-22", "1e-16", "1e-10", "1e-4"]);
    }

    #[test]
    fn points_are_where_they_belong_and_gaps_stay_open() {
        let axis = Axis::over([0.0, 10.0].into_iter());
        let mut chart = Chart::new(axis, "a < b", axis);
        chart.line("l", [(0.0, 0.0), (10.0, 10.0), (5.0, f64::NAN), (0.0, 10.0)].into_iter());
        let svg = chart.svg();
        let (bottom, right) = (HEIGHT - BELOW, WIDTH - RIGHT);
        let line = format!("<path d=\"M{LEFT:.1} {bottom:.1}L{right:.1} {ABOVE:.1}\"");
        assert!(svg.contains(&line) && svg.contains("a &lt; b") && svg.ends_with("</svg>\n"), "{svg}");
        // A path of one point would not be seen.
        assert!(svg.contains(&format!("<circle cx=\"{LEFT:.1}\" cy=\"{ABOVE:.1}\" r=\"3\"")), "{svg}");
    }

    #[test]
    fn a_mark_has_its_name_on_the_side_with_more_room() {
        let axis = Axis::over([0.0, 10.0].into_iter());
        let svg = |x| Chart::new(axis, "", axis).mark(x, "here").svg();
        assert!(svg(2.0).contains("text-anchor=\"start\" fill=\"#d55e00\">here"));
        assert!(svg(9.0).contains("text-anchor=\"end\" fill=\"#d55e00\">here"));
    }
}
