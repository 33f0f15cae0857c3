//! Charts as SVG, for what a person looks at: lines, dots and bars over axes with round numbers. All is in the picture, so that it can
//! stand in a page that is opened without a network; text and axes have the colour of the page's text.

use std::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const ABOVE: f64 = 28.0;
const BELOW: f64 = 44.0;

/// Colours that people with the common kinds of colour blindness can tell apart (M. Okabe and K. Ito, 2008).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// A chart that is being drawn. Points that are not finite are left out, and break lines.
pub(crate) struct Chart {
    svg: String,
    x: Axis,
    y: Axis,
    /// How many lines there are.
    lines: usize,
    /// Where the next name in the legend begins.
    legend: f64,
}

/// What an axis shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Axis {
    /// From the least to the greatest of these numbers, as far as they are finite.
    pub(crate) fn over(values: impl Iterator<Item = f64>) -> Self {
        let range = |(low, high): (f64, f64), x: f64| (low.min(x), high.max(x));
        let (low, high) = values.filter(|x| x.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), range);
        let (low, high) = match () {
            () if low < high => (low, high),
            () if low == high => (low - 0.5 * low.abs().max(1e-12), high + 0.5 * high.abs().max(1e-12)),
            () => (0.0, 1.0),
        };
        Axis { low, high, is_log: false }
    }

    /// From the least to the greatest of these positive numbers, whose logarithms are evenly spaced.
    pub(crate) fn log_over(values: impl Iterator<Item = f64>) -> Self {
        Axis { is_log: true, ..Self::over(values.filter(|x| *x > 0.0).map(f64::log10)) }
    }

    /// As [`log_over`](Self::log_over), from a power of ten to another one.
    pub(crate) fn decades_over(values: impl Iterator<Item = f64>) -> Self {
        let Axis { low, high, .. } = Self::log_over(values);
        Axis { low: low.floor(), high: high.ceil(), is_log: true }
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
            let powers = low.ceil() as i32..=high.floor() as i32;
            return powers.map(|power| (10.0_f64.powi(power), format!("1e{power}"))).collect();
        }
        // Steps of 1, 2 or 5 times a power of ten, of which there are four to ten.
        let rough = (high - low) / 5.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough).unwrap_or(rough);
        let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let first = (low / step).ceil() as i64;
        let last = (high / step).floor() as i64;
        let label = |x: f64| {
            if high.abs().max(low.abs()) < 1e6 && step >= 1e-6 {
                format!("{x:.digits$}")
            } else {
                format!("{x:.1e}")
            }
        };
        (first..=last).map(|i| i as f64 * step).map(|x| (x, label(x))).collect()
    }
}

impl Chart {
    /// An empty one over these axes, with their names.
    pub(crate) fn new(x: Axis, x_name: &str, y: Axis) -> Self {
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">\n"
        );
        let (bottom, right) = (HEIGHT - BELOW, WIDTH - RIGHT);
        let mut chart = Chart { svg: String::new(), x, y, lines: 0, legend: LEFT };
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
        chart.svg = svg;
        chart
    }

    /// Whether the legend has room for lines of these names.
    pub(crate) fn has_room<'a>(names: impl Iterator<Item = &'a str>) -> bool {
        names.map(legend_width).sum::<f64>() <= WIDTH - LEFT - RIGHT
    }

    fn at_x(&self, x: f64) -> f64 {
        LEFT + self.x.share(x) * (WIDTH - LEFT - RIGHT)
    }

    fn at_y(&self, y: f64) -> f64 {
        HEIGHT - BELOW - self.y.share(y) * (HEIGHT - ABOVE - BELOW)
    }

    /// A line through these points, in a colour of its own, with a name in the legend.
    pub(crate) fn line(&mut self, name: &str, points: impl Iterator<Item = (f64, f64)>) -> &mut Self {
        let colour = COLOURS[self.lines % COLOURS.len()];
        self.lines += 1;
        let (mut path, mut is_down) = (String::new(), false);
        for (x, y) in points {
            let is_finite = x.is_finite() && y.is_finite();
            if is_finite {
                let to = if is_down { 'L' } else { 'M' };
                write!(path, "{to}{:.1} {:.1}", self.at_x(x), self.at_y(y)).expect("a text takes all");
            }
            is_down = is_finite;
        }
        add(
            &mut self.svg,
            format_args!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-linecap=\"round\"/>"
            ),
        );
        let at = self.legend;
        add(
            &mut self.svg,
            format_args!("<path d=\"M{at:.1} 14h18\" stroke=\"{colour}\" stroke-width=\"2\"/>"),
        );
        add(&mut self.svg, format_args!("<text x=\"{:.1}\" y=\"18\">{}</text>", at + 24.0, escaped(name)));
        self.legend += legend_width(name);
        self
    }

    /// Dots, pale, in the colour of the next line.
    pub(crate) fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>) -> &mut Self {
        let colour = COLOURS[self.lines % COLOURS.len()];
        for (x, y) in points.filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let (x, y) = (self.at_x(x), self.at_y(y));
            add(
                &mut self.svg,
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
                &mut self.svg,
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
        add(
            &mut self.svg,
            format_args!(
                "<path d=\"M{at:.1} {ABOVE}V{bottom}\" stroke=\"{}\" stroke-dasharray=\"4\"/>",
                COLOURS[1]
            ),
        );
        add(
            &mut self.svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{}\">{}</text>",
                at + 4.0,
                ABOVE + 12.0,
                COLOURS[1],
                escaped(name)
            ),
        );
        self
    }

    /// The picture.
    pub(crate) fn svg(&self) -> String {
        format!("{}</svg>\n", self.svg)
    }
}

/// How much of the legend the line of a name takes.
fn legend_width(name: &str) -> f64 {
    44.0 + 7.0 * name.chars().count() as f64
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
        for (low, high) in
            [(0.0, 1.0), (-3.0, 17.0), (0.0123, 0.0131), (1e-9, 3e-9), (5.0, 5.0), (0.0, 0.0), (1e8, 9e8)]
        {
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
        assert_eq!(Axis::log_over([1e-3, 0.0, 2.0].into_iter()).ticks().len(), 4);
    }

    #[test]
    fn points_are_where_they_belong_and_gaps_stay_open() {
        let axis = Axis::over([0.0, 10.0].into_iter());
        let mut chart = Chart::new(axis, "a < b", axis);
        chart.line("l", [(0.0, 0.0), (10.0, 10.0), (5.0, f64::NAN), (0.0, 10.0)].into_iter());
        let svg = chart.svg();
        let line =
            format!("M{LEFT:.1} {:.1}L{:.1} {ABOVE:.1}M{LEFT:.1} {ABOVE:.1}", HEIGHT - BELOW, WIDTH - RIGHT);
        assert!(svg.contains(&line) && svg.contains("a &lt; b") && svg.ends_with("</svg>\n"), "{svg}");
    }
}
