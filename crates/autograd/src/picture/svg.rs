//! A graph as an SVG that needs nothing else. Words and edges are in `currentColor`, so that they follow the reader's theme.

use super::layers::Layers;
use super::{Item, Kind, Picture};
use crate::profile::report::bytes;
use std::fmt::Write as _;

/// The size of letters, the width of one as a part of it, and the height of a line.
const SIZE: f64 = 12.0;
const LETTER: f64 = 0.602;
const LINE: f64 = 16.0;
/// Between the edge of a box and its words, between boxes, and between layers.
const PADDING: f64 = 10.0;
const GAP: f64 = 18.0;
const RISE: f64 = 34.0;
const MARGIN: f64 = 16.0;

/// A box as it is drawn: its words, the middle of its upper edge, and its size.
struct Frame {
    lines: Vec<String>,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Frame {
    fn new(item: &Item) -> Self {
        let lines = item.lines();
        let letters = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0) as f64;
        let width = (letters * SIZE * LETTER + 2.0 * PADDING).max(64.0).round();
        let height = lines.len() as f64 * LINE + 2.0 * PADDING - 4.0;
        Frame { lines, x: 0.0, y: 0.0, width, height }
    }
}

impl Picture {
    /// The graph as SVG, to be written to a file or put into a page.
    ///
    /// The darker the amber of an operator, the more of the memory that the graph keeps is kept for it. A box tells file and
    /// line of its call when one points at it.
    pub fn svg(&self) -> String {
        let mut frames: Vec<Frame> = self.items.iter().map(Frame::new).collect();
        let widths: Vec<f64> = frames.iter().map(|frame| frame.width).collect();
        let Layers { places, ways, .. } = Layers::new(self, &widths, GAP);

        // Each layer has its top, and is as high as its highest box.
        let mut rows = vec![(0.0, 0.0_f64); places.iter().map(|place| place.layer + 1).max().unwrap_or(0)];
        for (place, frame) in places.iter().zip(&frames) {
            rows[place.layer].1 = rows[place.layer].1.max(frame.height);
        }
        let mut bottom = MARGIN - RISE;
        for (top, height) in &mut rows {
            *top = bottom + RISE;
            bottom = *top + *height;
        }
        for (frame, place) in frames.iter_mut().zip(&places) {
            let (top, height) = rows[place.layer];
            (frame.x, frame.y) = (MARGIN + place.x, top + (height - frame.height) / 2.0);
        }
        let legend = format!("the graph keeps {}", bytes(self.kept_bytes() as u64));
        let legend_right = MARGIN + legend.chars().count() as f64 * SIZE * LETTER;
        let rights = frames.iter().map(|frame| frame.x + frame.width / 2.0);
        let right = rights.chain(places.iter().map(|place| MARGIN + place.x)).fold(legend_right, f64::max);
        let (width, height) = ((right + MARGIN).ceil(), (bottom + 3.0 * MARGIN).ceil());

        let mut svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="{SIZE}" fill="currentColor" text-anchor="middle">
<title>{legend}</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 1 L8 4 L0 7 z" fill="currentColor" fill-opacity="0.6"/></marker></defs>
<g fill="none" stroke="currentColor" stroke-opacity="0.45">
"##
        );
        let ports = self.ports(&widths, |edge| places[ways[edge][ways[edge].len() - 2]].x);
        for (way, port) in ways.iter().zip(ports) {
            let (from, to) = (&frames[way[0]], &frames[way[way.len() - 1]]);
            // The points where it enters and leaves a layer.
            let passed = way[1..way.len() - 1].iter().map(|&point| {
                let (top, height) = rows[places[point].layer];
                (MARGIN + places[point].x, top, top + height)
            });
            let mut path = format!("M{:.1} {:.1}", from.x, from.y + from.height);
            let (mut x, mut y) = (from.x, from.y + from.height);
            for (next, top, bottom) in passed.chain([(to.x + port, to.y, to.y)]) {
                let bend = (top - y) / 2.0;
                _ = write!(path, " C{x:.1} {:.1} {next:.1} {:.1} {next:.1} {top:.1}", y + bend, top - bend);
                if bottom > top {
                    _ = write!(path, " V{bottom:.1}");
                }
                (x, y) = (next, bottom);
            }
            _ = writeln!(svg, r##"<path d="{path}" marker-end="url(#tip)"/>"##);
        }
        svg += "</g>\n";
        let most = self.items.iter().map(|item| item.kept).max().unwrap_or(0).max(1);
        for (i, (item, frame)) in self.items.iter().zip(&frames).enumerate() {
            let stroke = if i + 1 == self.items.len() { 2.5 } else { 1.0 };
            svg += &drawn(item, frame, item.kept as f64 / most as f64, stroke);
        }
        let y = height - MARGIN;
        _ = writeln!(
            svg,
            r#"<text x="{MARGIN}" y="{y}" text-anchor="start" fill-opacity="0.75">{legend}</text>"#
        );
        svg + "</svg>\n"
    }

    /// How far from the middle of its box each edge arrives: those of one box side by side, as they come from left to right.
    fn ports(&self, widths: &[f64], came_from: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut ports = vec![0.0; self.edges.len()];
        let mut start = 0;
        for arriving in self.edges.chunk_by(|a, b| a.1 == b.1) {
            let mut edges: Vec<usize> = (start..start + arriving.len()).collect();
            edges.sort_by(|&a, &b| came_from(a).total_cmp(&came_from(b)));
            let last = (edges.len() - 1) as f64;
            let step = (0.6 * widths[arriving[0].1] / last.max(1.0)).min(20.0);
            for (n, edge) in edges.into_iter().enumerate() {
                ports[edge] = (n as f64 - last / 2.0) * step;
            }
            start += arriving.len();
        }
        ports
    }
}

/// A box, of which `share` says how much it keeps beside the one that keeps the most.
fn drawn(item: &Item, frame: &Frame, share: f64, stroke: f64) -> String {
    let Frame { lines, x, y, width, height } = frame;
    let paint = match item.kind {
        Kind::Leaf => r##"fill="#3b82f6" fill-opacity="0.16" stroke="#3b82f6""##.into(),
        Kind::Constant => {
            r#"fill="none" stroke="currentColor" stroke-opacity="0.5" stroke-dasharray="4 3""#.into()
        }
        Kind::Operator if item.kept > 0 => {
            format!(r##"fill="#f59e0b" fill-opacity="{:.2}" stroke="#b45309""##, 0.1 + 0.5 * share)
        }
        Kind::Operator => String::from(
            r#"fill="currentColor" fill-opacity="0.05" stroke="currentColor" stroke-opacity="0.6""#,
        ),
    };
    let place = item.place().map(|place| format!("<title>{} at {place}</title>", escaped(&item.name)));
    let (left, tip) = (x - width / 2.0, place.unwrap_or_default());
    let mut group = format!(
        r#"<g>{tip}<rect x="{left:.1}" y="{y:.1}" width="{width}" height="{height}" rx="5" stroke-width="{stroke}" {paint}/>"#
    );
    for (n, line) in lines.iter().enumerate() {
        let style = if n == 0 { r#"font-weight="bold""# } else { r#"fill-opacity="0.75""# };
        let y = y + PADDING - 2.0 + n as f64 * LINE + 0.78 * SIZE;
        _ = write!(group, "\n<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>", escaped(line));
    }
    group + "\n</g>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
