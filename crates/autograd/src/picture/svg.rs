//! A graph as an SVG that needs nothing else. Words and edges are in `currentColor`, so that they follow the reader's theme.

use super::layers::{Layers, Place};
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

impl Picture {
    /// The graph as SVG, to be written to a file or put into a page.
    ///
    /// The darker the amber of an operator, the more of the memory that the graph keeps is kept for it. A box tells file and
    /// line of its call when one points at it.
    pub fn svg(&self) -> String {
        let lines: Vec<Vec<String>> = self.items.iter().map(Item::lines).collect();
        let letters = |lines: &Vec<String>| lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
        let widths: Vec<f64> = lines
            .iter()
            .map(|l| (letters(l) as f64 * SIZE * LETTER + 2.0 * PADDING).max(64.0).round())
            .collect();
        let heights: Vec<f64> = lines.iter().map(|l| l.len() as f64 * LINE + 2.0 * PADDING - 4.0).collect();
        let Layers { places, ways, .. } = Layers::new(self, &widths, GAP);

        // Each layer is as high as its highest box.
        let count = places.iter().map(|place| place.layer + 1).max().unwrap_or(0);
        let mut rows = vec![0.0_f64; count];
        for (place, height) in places.iter().zip(&heights) {
            rows[place.layer] = rows[place.layer].max(*height);
        }
        let tops: Vec<f64> = rows
            .iter()
            .scan(MARGIN, |y, height| {
                let top = *y;
                *y += height + RISE;
                Some(top)
            })
            .collect();
        let legend = format!("the graph keeps {}", bytes(self.kept_bytes() as u64));
        let legend_width = legend.chars().count() as f64 * SIZE * LETTER;
        let right_of = |(i, place): (usize, &Place)| place.x + widths.get(i).map_or(0.0, |width| width / 2.0);
        let right = places.iter().enumerate().map(right_of).fold(legend_width, f64::max);
        let bottom = tops.last().unwrap_or(&0.0) + rows.last().unwrap_or(&0.0);
        let (width, height) = ((right + 2.0 * MARGIN).ceil(), (bottom + 3.0 * MARGIN).ceil());

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"{SIZE}\" \
             fill=\"currentColor\" text-anchor=\"middle\">\n<title>{legend}</title>\n"
        );
        svg += "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
                <path d=\"M0 1 L8 4 L0 7 z\" fill=\"currentColor\" fill-opacity=\"0.6\"/></marker></defs>\n";
        svg += "<g fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.45\">\n";
        let ports = self.ports(&widths, |edge| places[ways[edge][ways[edge].len() - 2]].x);
        for (way, port) in ways.iter().zip(ports) {
            let (from, to) = (way[0], way[way.len() - 1]);
            let (mut x, mut y) = (
                places[from].x + MARGIN,
                tops[places[from].layer] + middle(rows[places[from].layer], heights[from]) + heights[from],
            );
            let mut path = format!("M{x:.1} {y:.1}");
            for &point in &way[1..] {
                let (layer, is_last) = (places[point].layer, point == to);
                let next = places[point].x + MARGIN + if is_last { port } else { 0.0 };
                let end = tops[layer] + if is_last { middle(rows[layer], heights[to]) } else { 0.0 };
                let bend = (end - y) / 2.0;
                _ = write!(path, " C{x:.1} {:.1} {next:.1} {:.1} {next:.1} {end:.1}", y + bend, end - bend);
                (x, y) = (next, end);
                if !is_last {
                    y += rows[layer];
                    _ = write!(path, " V{y:.1}");
                }
            }
            _ = writeln!(svg, "<path d=\"{path}\" marker-end=\"url(#tip)\"/>");
        }
        svg += "</g>\n";
        let most = self.items.iter().map(|item| item.kept).max().unwrap_or(0).max(1) as f64;
        for (i, item) in self.items.iter().enumerate() {
            let place = &places[i];
            let (x, y) = (place.x + MARGIN, tops[place.layer] + middle(rows[place.layer], heights[i]));
            let share = item.kept as f64 / most;
            let fill = match item.kind {
                Kind::Leaf => "fill=\"#3b82f6\" fill-opacity=\"0.16\" stroke=\"#3b82f6\"".to_owned(),
                Kind::Constant => {
                    "fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.5\" stroke-dasharray=\"4 3\"".to_owned()
                }
                Kind::Operator if item.kept > 0 => {
                    format!("fill=\"#f59e0b\" fill-opacity=\"{:.2}\" stroke=\"#b45309\"", 0.1 + 0.5 * share)
                }
                Kind::Operator => {
                    "fill=\"currentColor\" fill-opacity=\"0.05\" stroke=\"currentColor\" stroke-opacity=\"0.6\"".to_owned()
                }
            };
            let is_root = i + 1 == self.items.len();
            let (left, stroke) = (x - widths[i] / 2.0, if is_root { 2.5 } else { 1.0 });
            let tip = item
                .place()
                .map(|place| format!("<title>{} at {place}</title>", escaped(&item.name)))
                .unwrap_or_default();
            _ = writeln!(
                svg,
                "<g>{tip}<rect x=\"{left:.1}\" y=\"{y:.1}\" width=\"{}\" height=\"{}\" rx=\"5\" stroke-width=\"{stroke}\" {fill}/>",
                widths[i], heights[i]
            );
            for (n, line) in lines[i].iter().enumerate() {
                let style = if n == 0 { "font-weight=\"bold\"" } else { "fill-opacity=\"0.75\"" };
                let y = y + PADDING - 2.0 + n as f64 * LINE + 0.78 * SIZE;
                _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>", escaped(line));
            }
            svg += "</g>\n";
        }
        let y = height - MARGIN;
        _ = writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{y}\" text-anchor=\"start\" fill-opacity=\"0.75\">{legend}</text>"
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

fn middle(row: f64, height: f64) -> f64 {
    (row - height) / 2.0
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
