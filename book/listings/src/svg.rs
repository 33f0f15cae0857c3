//! A small plot as SVG text: axes with ticks, a curve, straight lines, dots and words, and nothing else. Axes and words are
//! drawn in `currentColor`, so that a figure inside a page follows the page's theme. Coordinates are rounded to a tenth of
//! a pixel, so that the same figure is the same text on every machine.

use std::fmt::Write;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
/// Space for tick labels and names, left and below; a little above and to the right.
const LEFT: f64 = 60.0;
const BELOW: f64 = 50.0;
const MARGIN: f64 = 15.0;

/// The first colour, readable on a light and on a dark page.
pub const BLUE: &str = "#3b82c4";
/// The second colour.
pub const ORANGE: &str = "#e07b39";

/// One axis: its name, the values at its ends, and where its ticks are.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Written along the axis.
    pub name: &'static str,
    /// The value at the left or lower end.
    pub from: f64,
    /// The value at the right or upper end.
    pub to: f64,
    /// The values that are marked.
    pub ticks: Vec<f64>,
}

impl Axis {
    /// Where `value` is, from 0 at one end to 1 at the other.
    fn place(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }
}

/// A plot in the making. Each call draws over what is there.
#[derive(Debug, Clone)]
pub struct Plot {
    x: Axis,
    y: Axis,
    text: String,
}

impl Plot {
    /// An empty plot. `finding` says in a sentence what the figure shows, for whoever cannot see it.
    pub fn new(title: &str, finding: &str, x: Axis, y: Axis) -> Self {
        let mut plot = Self { x, y, text: String::new() };
        plot.push(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" role=\"img\" \
             aria-label=\"{finding}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"currentColor\">"
        ));
        plot.push(&format!("<title>{title}</title>"));
        plot.axes();
        plot
    }

    fn axes(&mut self) {
        let (x, y) = (self.x.clone(), self.y.clone());
        self.line((x.from, y.from), (x.to, y.from), "currentColor", 1.0);
        self.line((x.from, y.from), (x.from, y.to), "currentColor", 1.0);
        for &tick in &x.ticks {
            let (px, py) = self.pixel((tick, y.from));
            self.push(&format!("<path d=\"M{px:.1} {py:.1}v5\" stroke=\"currentColor\"/>"));
            self.words(px, py + 19.0, "middle", &tick.to_string());
        }
        for &tick in &y.ticks {
            let (px, py) = self.pixel((x.from, tick));
            self.push(&format!("<path d=\"M{px:.1} {py:.1}h-5\" stroke=\"currentColor\"/>"));
            self.words(px - 9.0, py + 4.5, "end", &tick.to_string());
        }
        self.words((LEFT + WIDTH - MARGIN) / 2.0, HEIGHT - 9.0, "middle", x.name);
        let middle = (MARGIN + HEIGHT - BELOW) / 2.0;
        self.push(&format!(
            "<text transform=\"translate(17 {middle:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            y.name
        ));
    }

    /// The graph of `f` over the whole x axis.
    pub fn curve(&mut self, f: impl Fn(f64) -> f64, colour: &str) {
        const PIECES: u32 = 100;
        let points: Vec<String> = (0..=PIECES)
            .map(|i| self.x.from + (self.x.to - self.x.from) * f64::from(i) / f64::from(PIECES))
            .map(|x| self.pixel((x, f(x))))
            .map(|(px, py)| format!("{px:.1},{py:.1}"))
            .collect();
        let points = points.join(" ");
        self.push(&format!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        ));
    }

    /// A straight line between two points, `width` pixels thick.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (self.pixel(from), self.pixel(to));
        self.push(&format!(
            "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        ));
    }

    /// A dot.
    pub fn dot(&mut self, at: (f64, f64), colour: &str) {
        let (px, py) = self.pixel(at);
        self.push(&format!("<circle cx=\"{px:.1}\" cy=\"{py:.1}\" r=\"4.5\" fill=\"{colour}\"/>"));
    }

    /// Words to the right of a point.
    pub fn label(&mut self, at: (f64, f64), words: &str) {
        let (px, py) = self.pixel(at);
        self.words(px + 9.0, py + 4.5, "start", words);
    }

    /// The finished picture. No line of it is empty: an empty line would end the HTML around it.
    pub fn finish(mut self) -> String {
        self.push("</svg>");
        self.text
    }

    fn pixel(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let width = WIDTH - LEFT - MARGIN;
        let height = HEIGHT - BELOW - MARGIN;
        (LEFT + width * self.x.place(x), MARGIN + height * (1.0 - self.y.place(y)))
    }

    fn words(&mut self, px: f64, py: f64, anchor: &str, words: &str) {
        self.push(&format!("<text x=\"{px:.1}\" y=\"{py:.1}\" text-anchor=\"{anchor}\">{words}</text>"));
    }

    fn push(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> Plot {
        let axis = |name| Axis { name, from: -1.0, to: 1.0, ticks: vec![-1.0, 0.5] };
        Plot::new("title", "finding", axis("w"), axis("loss"))
    }

    #[test]
    fn points_land_where_the_axes_say() {
        let plot = plot();
        assert_eq!(plot.pixel((-1.0, -1.0)), (60.0, 310.0));
        assert_eq!(plot.pixel((1.0, 1.0)), (625.0, 15.0));
        assert_eq!(plot.pixel((0.0, 0.0)), (342.5, 162.5));
    }

    #[test]
    fn a_figure_is_one_block_of_html_in_the_colour_of_the_page() {
        let mut plot = plot();
        plot.curve(|x| x * x, BLUE);
        plot.dot((0.0, 0.0), ORANGE);
        plot.label((0.0, 0.0), "here");
        let text = plot.finish();
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n") && !text.contains("\n\n"));
        assert_eq!(text.matches("<circle").count(), 1);
        assert!(text.contains("fill=\"currentColor\"") && !text.contains("black"));
    }
}
