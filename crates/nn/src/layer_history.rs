//! What layers gave, and the gradients they got, over a training: looked at now and then, drawn as curves.

use crate::chart::{Axis, Chart, escaped};
use crate::diagnose::{Diagnosis, LayerState};
use crate::files::Record;
use crate::train::Callback;
use autograd::Scalar;
use std::fmt::Write;

/// How many lines a chart has at most: as many as there are colours.
const LINES: usize = 6;

/// Keeps what [`Trainer::diagnose_every`](crate::Trainer::diagnose_every) sees of the layers, for the page about a training
/// ([`Page::layers`](crate::Page::layers)). A checkpoint has it, too.
///
/// ```
/// use nn::{Activation, Adam, LayerHistory, Mlp, Page, Rng, Trainer, cross_entropy, data::digits};
/// let (train, test) = digits().take(400).split(0.8, &mut Rng::seed(0));
/// let mut net = Mlp::new(&[64, 32, 10], Activation::Relu, &mut Rng::seed(0));
/// let mut history = LayerHistory::default();
/// let trainer = Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(2);
/// let report = trainer.diagnose_every(5, |_, _| {}).with_mut(&mut history).fit(&mut net, &train, &test)?;
/// let steps: Vec<usize> = history.looks.iter().map(|(step, _)| *step).collect();
/// assert_eq!(steps, [1, 6, 11, 16]);
/// assert!(Page::new("Digits").run(&report).layers(&history).to_html().contains("layers.1"));
/// # Ok::<(), nn::TrainError>(())
/// ```
///
/// In a loop by hand, push what [`diagnose`](crate::diagnose()) gives.
#[derive(Clone, Debug, Default)]
pub struct LayerHistory {
    /// The steps in which layers were looked at, from 1, and what was seen.
    pub looks: Vec<(usize, Diagnosis)>,
}

impl LayerHistory {
    /// The state of each layer in the last look, and for each quantity the charts of it over time, in HTML.
    pub(crate) fn to_html(&self) -> String {
        let Some((step, last)) = self.looks.last() else {
            return "<p>No layer was looked at.</p>\n".to_owned();
        };
        let mut html = format!("<p>In step {step}:</p>\n{}<div class=\"charts\">\n", state(last));
        for (name, is_log, value) in QUANTITIES {
            for layers in self.paths().chunks(LINES) {
                html.push_str(&self.chart(layers, is_log, value).figure(name));
            }
        }
        html.push_str("</div>\n");
        html
    }

    /// The paths of all layers, in the order of the last look that knows them.
    fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = Vec::new();
        for row in self.looks.iter().rev().flat_map(|(_, look)| &look.rows) {
            if !paths.contains(&row.path.as_str()) {
                paths.push(&row.path);
            }
        }
        paths
    }

    /// A line for each of these layers.
    fn chart(&self, layers: &[&str], is_log: bool, value: fn(&LayerState) -> f64) -> Chart {
        let points = |path: &str| -> Vec<(f64, f64)> {
            let of = |look: &Diagnosis| look.rows.iter().find(|row| row.path == path).map_or(f64::NAN, value);
            self.looks.iter().map(|(step, look)| (*step as f64, of(look))).collect()
        };
        let lines: Vec<Vec<(f64, f64)>> = layers.iter().map(|path| points(path)).collect();
        let values = || lines.iter().flatten().map(|point| point.1);
        let y = if is_log { Axis::decades_over(values()) } else { Axis::over(values()) };
        let mut chart = Chart::new(Axis::count_over(lines[0].iter().map(|point| point.0)), "step", y);
        for (path, points) in layers.iter().zip(lines) {
            chart.line(shown(path), points.into_iter());
        }
        chart
    }
}

type Quantity = (&'static str, bool, fn(&LayerState) -> f64);

/// What is drawn of a layer, and whether over powers of ten.
const QUANTITIES: [Quantity; 4] = [
    ("mean of what layers give", false, |row| row.mean),
    ("deviation of what layers give", true, |row| row.deviation),
    ("share of units that are dead", false, |row| row.dead),
    ("gradient, root mean square", true, |row| row.gradient.unwrap_or(f64::NAN)),
];

/// The name of the layer with this path.
fn shown(path: &str) -> &str {
    if path.is_empty() { "(itself)" } else { path }
}

/// A table of the state of each layer, and below it, once for each, what its troubles mean.
fn state(look: &Diagnosis) -> String {
    let mut html = String::from(
        "<div class=\"wide\"><table class=\"layers\">\n<tr><th>layer</th><th>mean</th><th>deviation</th><th>dead</th><th>saturated</th><th>gradient</th><th>trouble</th></tr>\n",
    );
    for row in &look.rows {
        let gradient = row.gradient.map_or(String::new(), |gradient| format!("{gradient:.2e}"));
        writeln!(
            html,
            "<tr><td>{}</td><td>{:.2e}</td><td>{:.2e}</td><td>{:.0} %</td><td>{:.0} %</td><td>{gradient}</td><td>{}</td></tr>",
            escaped(shown(&row.path)),
            row.mean,
            row.deviation,
            100.0 * row.dead,
            100.0 * row.saturated,
            row.named_troubles()
        )
        .expect("memory");
    }
    html.push_str("</table></div>\n");
    for trouble in look.troubles() {
        writeln!(html, "<p><b>{trouble:?}</b>: {}</p>", escaped(trouble.advice())).expect("memory");
    }
    html
}

impl<T: Scalar> Callback<T> for LayerHistory {
    fn on_diagnosis(&mut self, step: usize, diagnosis: &Diagnosis) {
        self.looks.push((step, diagnosis.clone()));
    }

    fn remember(&mut self, record: &mut Record<'_, T>) {
        if let Some(looks) = record.parsed("looks", written(&self.looks), read) {
            self.looks = looks;
        }
    }
}

/// A line for each layer of each look.
fn written(looks: &[(usize, Diagnosis)]) -> String {
    let mut text = String::new();
    for (step, look) in looks {
        for LayerState { path, mean, deviation, dead, saturated, gradient, .. } in &look.rows {
            let gradient = gradient.map_or("none".to_owned(), |gradient| gradient.to_string());
            writeln!(text, "{step}\t{mean}\t{deviation}\t{dead}\t{saturated}\t{gradient}\t{path}")
                .expect("memory");
        }
    }
    text
}

/// What such a text says.
fn read(text: &str) -> Option<Vec<(usize, Diagnosis)>> {
    let mut looks: Vec<(usize, Vec<LayerState>)> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(7, '\t').collect();
        let &[step, mean, deviation, dead, saturated, gradient, path] = &words[..] else { return None };
        let step = step.parse().ok()?;
        let gradient = if gradient == "none" { None } else { Some(gradient.parse().ok()?) };
        let row = LayerState {
            path: path.to_owned(),
            mean: mean.parse().ok()?,
            deviation: deviation.parse().ok()?,
            dead: dead.parse().ok()?,
            saturated: saturated.parse().ok()?,
            gradient,
            troubles: Vec::new(),
        };
        match looks.last_mut().filter(|(last, _)| *last == step) {
            Some((_, rows)) => rows.push(row),
            None => looks.push((step, vec![row])),
        }
    }
    Some(looks.into_iter().map(|(step, rows)| (step, Diagnosis::judged(rows))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::testing::Folder;
    use crate::{
        Activation, Adam, Control, InTraining, Mlp, Page, Rng, StepReport, TensorBoard, Trainer, Trouble,
    };
    use crate::{cross_entropy, files::Checkpoints};

    fn row(path: &str, [mean, deviation, dead, gradient]: [f64; 4]) -> LayerState {
        let (path, gradient) = (path.to_owned(), Some(gradient));
        LayerState { path, mean, deviation, dead, saturated: 0.0, gradient, troubles: Vec::new() }
    }

    fn history(looks: Vec<(usize, Vec<LayerState>)>) -> LayerHistory {
        LayerHistory {
            looks: looks.into_iter().map(|(step, rows)| (step, Diagnosis::judged(rows))).collect(),
        }
    }

    /// The ends of the line that is drawn below a caption: how far down each lies.
    fn ends(html: &str, caption: &str) -> (f64, f64) {
        let (_, figure) = html.split_once(&format!("<figcaption>{caption}\n")).expect(caption);
        let line = figure.split("<path d=\"").find(|part| part.contains("fill=\"none\"")).expect("a line");
        let points = line.split_once('"').expect("its end").0.trim_start_matches('M');
        let heights: Vec<f64> = points
            .split('L')
            .map(|point| point.split_once(' ').expect("x and y").1.parse().expect("y"))
            .collect();
        (heights[0], heights[heights.len() - 1])
    }

    #[test]
    fn each_quantity_is_drawn_over_the_steps() {
        let first = [1.0, 8.0, 0.5, 1e-3];
        // One of them grows, the others become less.
        for (grows, (name, ..)) in QUANTITIES.iter().enumerate() {
            let mut last = [0.5, 4.0, 0.25, 1e-5];
            last[grows] = 4.0 * first[grows];
            let html = history(vec![(1, vec![row("a", first)]), (101, vec![row("a", last)])]).to_html();
            for (i, (caption, ..)) in QUANTITIES.iter().enumerate() {
                let (begin, end) = ends(&html, caption);
                assert!(
                    if i == grows { end < begin } else { end > begin },
                    "{caption} with {name}: {begin} {end}"
                );
            }
        }
    }

    #[test]
    fn every_layer_has_a_line_and_a_name_that_is_whole() {
        let names: Vec<String> =
            (0..30).map(|i| format!("encoder.blocks.{i}.{}", "<x>".repeat(i % 9))).collect();
        let rows = || names.iter().map(|name| row(name, [0.0, 1.0, 0.75, f64::NAN])).collect::<Vec<_>>();
        // A layer that was there only once, and has no trained parameter.
        let before = LayerState { gradient: None, ..row("", [1.0; 4]) };
        let history = history(vec![(1, [rows(), vec![before]].concat()), (2, rows())]);
        let expected: Vec<&str> = names.iter().map(String::as_str).chain([""]).collect();
        assert_eq!(history.paths(), expected);
        let html = Page::new("t").layers(&history).to_html();
        for name in &names {
            let named = html.matches(&format!(">{}</span>", escaped(name))).count();
            assert_eq!(named, QUANTITIES.len(), "{name}");
        }
        let charts = html.matches("<svg").count();
        assert_eq!(charts, QUANTITIES.len() * expected.len().div_ceil(LINES));
        assert!(
            html.contains("(itself)")
                && html.matches(Trouble::Dead.advice()).count() == 1
                && !html.contains("<x>")
        );
        assert!(LayerHistory::default().to_html().contains("No layer was looked at"));
    }

    /// Ends training after so many steps.
    struct StopAfter(usize);

    impl Callback for StopAfter {
        fn on_step(&mut self, _: &StepReport, _: &mut InTraining<'_>) -> Control {
            self.0 -= 1;
            if self.0 == 0 { Control::Stop } else { Control::Continue }
        }
    }

    #[test]
    fn training_that_goes_on_has_the_whole_history_and_a_board_the_same_numbers() {
        let folder = Folder::new();
        let (train, test) = digits().take(200).split(0.8, &mut Rng::seed(0));
        let trained = |steps: Option<usize>, board: &str| {
            let mut net = Mlp::new(&[64, 16, 10], Activation::Relu, &mut Rng::seed(0));
            let mut history = LayerHistory::default();
            let mut trainer =
                Trainer::new(Adam::new(0.01)).loss(cross_entropy).epochs(2).diagnose_every(2, |_, _| {});
            trainer = trainer.with_mut(&mut history).with(TensorBoard::new(folder.path().join(board)));
            if let Some(steps) = steps {
                let checkpoints = Checkpoints::new(folder.path().join("checkpoints")).resume();
                trainer = trainer.with(StopAfter(steps)).checkpoint(checkpoints);
            }
            let epochs = trainer.fit(&mut net, &train, &test).unwrap().epochs.len();
            drop(trainer);
            (history, epochs)
        };
        let (whole, _) = trained(None, "whole");
        let steps: Vec<usize> = whole.looks.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [1, 3, 5, 7, 9]);
        let (_, epochs) = trained(Some(4), "parts");
        assert_eq!(epochs, 0);
        let (parts, epochs) = trained(Some(100), "parts");
        assert_eq!(epochs, 2);
        assert_eq!(format!("{parts:?}"), format!("{whole:?}"));

        let file = std::fs::read_dir(folder.path().join("whole")).unwrap().next().unwrap().unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        for (name, value) in [
            ("mean", (|row| row.mean) as fn(&LayerState) -> f64),
            ("deviation", |row| row.deviation),
            ("dead", |row| row.dead),
            ("gradient", |row| row.gradient.unwrap()),
        ] {
            for (i, path) in ["layers.0", "layers.1"].iter().enumerate() {
                let tag = format!("layer {name}/{path}");
                // Behind the tag there is the number, field 2, of four bytes.
                let at = (0..bytes.len() - tag.len()).filter(|&at| bytes[at..].starts_with(tag.as_bytes()));
                let found: Vec<f32> = at
                    .map(|at| {
                        let (key, number) = bytes[at + tag.len()..].split_first().unwrap();
                        assert_eq!(*key, 2 << 3 | 5);
                        f32::from_le_bytes(number[..4].try_into().unwrap())
                    })
                    .collect();
                let expected: Vec<f32> =
                    whole.looks.iter().map(|(_, look)| value(&look.rows[i]) as f32).collect();
                assert_eq!(found, expected, "{tag}");
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut dead = row("a\tb", [0.1, 1e-300, 0.9, f64::INFINITY]);
        dead.saturated = 0.25;
        let looks =
            history(vec![(1, vec![dead, row("", [f64::NAN; 4])]), (7, vec![row("c", [0.0; 4])])]).looks;
        let again = read(&written(&looks)).unwrap();
        assert_eq!(format!("{again:?}"), format!("{looks:?}"));
        assert!(again[0].1.rows[0].troubles.contains(&Trouble::Dead));
        assert!(read("1\t2\t3").is_none() && read("1\t2\t3\t4\t5\tx\ta").is_none());
        assert!(read("").unwrap().is_empty());
    }
}
