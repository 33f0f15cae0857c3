//! A page about a training, in one file of HTML that needs nothing from anywhere: curves, tables, histograms and pictures.

mod image;

use crate::chart::{Axis, Chart, escaped};
use crate::files::{FileError, FileErrorKind, replace};
use crate::layer_history::LayerHistory;
use crate::metrics::ConfusionMatrix;
use crate::module::Module;
use crate::train::{Report, time};
use autograd::{Gradients, Scalar, Tensor};
use image::{base64, bitmap};
use std::fmt::Write;
use std::path::Path;

/// A page about a training, put together section by section, and written as one file that opens without a network.
///
/// ```
/// use nn::{Activation, Dataset, Mlp, Page, Rng, Sgd, Tensor, Trainer, mse};
/// let data = Dataset::new(Tensor::<f32>::ones([8, 2]), Tensor::ones([8, 1])).unwrap();
/// let mut net = Mlp::new(&[2, 4, 1], Activation::Tanh, &mut Rng::seed(0));
/// let report = Trainer::new(Sgd::new(0.1)).loss(mse).epochs(3).fit(&mut net, &data, &data)?;
/// let page = Page::new("Ones").run(&report).weights(&net).to_html();
/// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("layers.0.weight"));
/// # Ok::<(), nn::TrainError>(())
/// ```
///
/// All else that a page may show:
///
/// ```
/// use nn::{Linear, Page, Rng, Tensor, metrics::ConfusionMatrix, summary};
/// # let path = std::env::temp_dir().join(format!("wengert-page-{}.html", std::process::id()));
/// let net: Linear = Linear::new(4, 2, &mut Rng::seed(0));
/// let grads = Tensor::ones([3, 4]).linear(&net.weight, net.bias.as_deref()).sum().backward();
/// let mut confusion = ConfusionMatrix::new(2).with_labels(["cat", "dog"]);
/// confusion.record(&[0, 0, 1], &[0, 1, 1]);
/// Page::new("Pets")
///     .text("Network", &summary(&net).to_string())
///     .curve("Learning rate", &[0.1, 0.05, 0.01])
///     .gradients(&net, &grads)
///     .confusion(&confusion)
///     .images("Mistakes", &Tensor::<f32>::arange(4).reshape([1, 2, 2]), &["a cat, taken for a dog".into()])
///     .write(&path)?;
/// let html = std::fs::read_to_string(&path).unwrap();
/// let sections = html.matches("<h2>").count();
/// assert!(sections == 5 && html.contains("a cat, taken for a dog"));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), nn::FileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    sections: String,
}

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); gap: 1rem; align-items: end; }
.samples { display: flex; flex-wrap: wrap; gap: 0.7rem; }
.samples figure { width: 7rem; text-align: center; }
figure { margin: 0; }
figcaption { font-size: 0.8rem; text-align: center; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; justify-content: center; gap: 0 1rem; }
.legend span::before { content: \"\"; display: inline-block; width: 1.2rem; height: 0.2rem; margin-right: 0.4rem; vertical-align: middle; background: var(--line); }
img { image-rendering: pixelated; width: 5rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
.layers td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 8rem; }
.upright th:not(:first-child) { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; padding: 0.7rem 0.2rem; border: 0; }
.many th, .many td { padding: 0.2rem 0.3rem; font-size: 0.8rem; }
";

impl Page {
    /// A page with this title, and nothing else yet.
    pub fn new(title: impl Into<String>) -> Self {
        Page { title: title.into(), sections: String::new() }
    }

    /// The losses and metrics of every epoch, as curves and as a table.
    pub fn run(mut self, report: &Report) -> Self {
        if report.epochs.is_empty() {
            self.section("Training", "<p>No epoch was measured.</p>\n");
            return self;
        }
        let epochs = || report.epochs.iter();
        let of = |value: &dyn Fn(&crate::EpochReport) -> f64| -> Vec<(f64, f64)> {
            epochs().map(|epoch| (epoch.epoch as f64, value(epoch))).collect()
        };
        let (train, test) = (of(&|epoch| epoch.train_loss), of(&|epoch| epoch.test_loss));
        let names: Vec<&str> =
            report.last().map_or(Vec::new(), |last| last.metrics.iter().map(|(name, _)| *name).collect());
        let measured_on = report.last().map_or("test", |last| last.measured_on);
        let measured_loss = format!("{measured_on} loss");
        let mut charts = curves("epoch", &[("training loss", train), (&measured_loss, test)]);
        for name in &names {
            charts.push_str(&curves("epoch", &[(name, of(&|epoch| epoch.metric(name).unwrap_or(f64::NAN)))]));
        }
        let mut table =
            format!("<tr><th>epoch</th><th>training loss</th><th>{}</th>", escaped(&measured_loss));
        names.iter().for_each(|name| put(&mut table, format_args!("<th>{}</th>", escaped(name))));
        table.push_str("<th>time</th></tr>\n");
        for epoch in epochs() {
            put(
                &mut table,
                format_args!(
                    "<tr><td>{}</td><td>{:.5}</td><td>{:.5}</td>",
                    epoch.epoch, epoch.train_loss, epoch.test_loss
                ),
            );
            for name in &names {
                put(&mut table, format_args!("<td>{:.5}</td>", epoch.metric(name).unwrap_or(f64::NAN)));
            }
            put(&mut table, format_args!("<td>{}</td></tr>\n", time(epoch.seconds)));
        }
        let measured_loss = escaped(&measured_loss);
        let best = report.best().map_or(format!("No {measured_loss} is a number."), |best| {
            format!("The least {measured_loss}, {:.5}, is that of epoch {}.", best.test_loss, best.epoch)
        });
        let many = if report.epochs.len() == 1 { "epoch" } else { "epochs" };
        let told = format!("<p>{} {many} in {}. {best}</p>\n", report.epochs.len(), time(report.seconds()));
        self.section("Training", &format!("{told}<div class=\"charts\">\n{charts}</div>\n<details><summary>All epochs</summary><div class=\"wide\"><table>\n{table}</table></div></details>\n"));
        self
    }

    /// A curve of one's own, such as the loss of every step or the learning rate.
    pub fn curve(mut self, name: &str, values: &[f64]) -> Self {
        let points = (1..).zip(values).map(|(i, &y)| (f64::from(i), y)).collect();
        let chart = curves("step", &[(name, points)]);
        self.section(name, &format!("<div class=\"charts\">\n{chart}</div>\n"));
        self
    }

    /// How often each class was taken for each other.
    pub fn confusion(mut self, matrix: &ConfusionMatrix) -> Self {
        let most = matrix.counts().iter().copied().max().unwrap_or(0).max(1) as f64;
        let is_long = matrix.labels().iter().any(|label| label.chars().count() > 3);
        let upright = if is_long { " class=\"upright\"" } else { "" };
        let mut table = format!("<tr{upright}><th>truth \\ predicted</th>");
        matrix.labels().iter().for_each(|label| put(&mut table, format_args!("<th>{}</th>", escaped(label))));
        table.push_str("<th>recall</th></tr>\n");
        for (class, counts) in matrix.counts().chunks(matrix.classes()).enumerate() {
            put(&mut table, format_args!("<tr><th>{}</th>", escaped(&matrix.labels()[class])));
            for (predicted, &count) in counts.iter().enumerate() {
                let colour = if predicted == class { "0,114,178" } else { "213,94,0" };
                put(
                    &mut table,
                    format_args!(
                        "<td style=\"background:rgba({colour},{:.2})\">{count}</td>",
                        (count as f64 / most).sqrt() * 0.8
                    ),
                );
            }
            let recall = matrix.recall(class).map_or(String::new(), |recall| format!("{recall:.3}"));
            put(&mut table, format_args!("<td>{recall}</td></tr>\n"));
        }
        let many = if matrix.classes() > 12 { " class=\"many\"" } else { "" };
        self.section("Confusion", &format!("<div class=\"wide\"><table{many}>\n{table}</table></div>\n"));
        self
    }

    /// What the layers gave over the training: mean and deviation, the share of dead units, and the gradients of their parameters, as curves;
    /// and of the last time what ails them, with advice.
    ///
    /// ```
    /// use nn::{Activation, Layer, LayerHistory, Mlp, Mode, Page, Rng, Tensor, diagnose};
    /// let net: Mlp = Mlp::new(&[2, 4, 1], Activation::Relu, &mut Rng::seed(0));
    /// let (_, state) = diagnose(&net, || net.forward(&Tensor::ones([8, 2]), &mut Mode::eval()).mean());
    /// let history = LayerHistory { looks: vec![(1, state)] };
    /// assert!(Page::new("One look").layers(&history).to_html().contains("layers.0"));
    /// ```
    pub fn layers(mut self, history: &LayerHistory) -> Self {
        self.section("Layers", &history.to_html());
        self
    }

    /// How the numbers of every parameter are spread.
    pub fn weights<T: Scalar>(mut self, net: &(impl Module<T> + ?Sized)) -> Self {
        let charts: String = net.parameters().iter().map(|(path, param)| histogram(path, param)).collect();
        self.section("Weights", &format!("<div class=\"charts\">\n{charts}</div>\n"));
        self
    }

    /// How the numbers of every gradient are spread.
    pub fn gradients<T: Scalar>(mut self, net: &(impl Module<T> + ?Sized), grads: &Gradients<T>) -> Self {
        let parameters = net.parameters();
        let charts: String =
            parameters.iter().filter_map(|(path, param)| Some(histogram(path, grads.get(param)?))).collect();
        self.section("Gradients", &format!("<div class=\"charts\">\n{charts}</div>\n"));
        self
    }

    /// Pictures in shades of grey, `[n, height, width]`, from the least number, black, to the greatest, white, each with a caption; those
    /// without one have none.
    ///
    /// # Panics
    /// If the images have another rank.
    #[track_caller]
    pub fn images<T: Scalar>(mut self, name: &str, images: &Tensor<T>, captions: &[String]) -> Self {
        let &[_, height, width] = images.dims() else {
            panic!(
                "Page: images of shape {}, expected [n, height, width]\n  help: `reshape` them, one channel each",
                images.shape()
            )
        };
        let numbers: Vec<f64> = images.to_vec().into_iter().map(Into::into).collect();
        let range = |(low, high): (f64, f64), &x: &f64| (low.min(x), high.max(x));
        let (low, high) =
            numbers.iter().filter(|x| x.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), range);
        let shade = |x: &f64| ((x - low) / (high - low).max(f64::MIN_POSITIVE) * 255.0).round() as u8;
        let mut figures = String::new();
        for (i, image) in numbers.chunks_exact((height * width).max(1)).enumerate() {
            let bytes = bitmap(width, &image.iter().map(shade).collect::<Vec<_>>());
            let caption = captions.get(i).map_or("", String::as_str);
            put(
                &mut figures,
                format_args!(
                    "<figure><img alt=\"\" src=\"data:image/bmp;base64,{}\"><figcaption>{}</figcaption></figure>\n",
                    base64(&bytes),
                    escaped(caption)
                ),
            );
        }
        self.section(name, &format!("<div class=\"samples\">\n{figures}</div>\n"));
        self
    }

    /// A text, as it is: such as the [summary](crate::summary()) of a network.
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.section(name, &format!("<pre class=\"wide\">{}</pre>\n", escaped(text)));
        self
    }

    /// The page.
    pub fn to_html(&self) -> String {
        let title = escaped(&self.title);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n<h1>{title}</h1>\n{}</html>\n",
            self.sections
        )
    }

    /// Writes the page, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        let html = self.to_html();
        replace(path, |out| out.write_all(html.as_bytes()))
            .map_err(|error| FileErrorKind::Write(error).of_file(path))
    }

    fn section(&mut self, name: &str, html: &str) {
        put(&mut self.sections, format_args!("<h2>{}</h2>\n{html}", escaped(name)));
    }
}

fn put(html: &mut String, what: std::fmt::Arguments<'_>) {
    html.write_fmt(what).expect("a text takes all");
}

/// A chart of lines over the same axes, the lower of which counts.
fn curves(x_name: &str, lines: &[(&str, Vec<(f64, f64)>)]) -> String {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let (x, y) = (Axis::count_over(points().map(|p| p.0)), Axis::over(points().map(|p| p.1)));
    let mut chart = Chart::new(x, x_name, y);
    for (name, points) in lines {
        chart.line(name, points.iter().copied());
    }
    chart.figure("")
}

/// A chart of how many of the numbers lie where.
fn histogram<T: Scalar>(name: &str, tensor: &Tensor<T>) -> String {
    const PARTS: usize = 40;
    let numbers: Vec<f64> = tensor.to_vec().into_iter().map(Into::into).collect();
    let finite: Vec<f64> = numbers.iter().copied().filter(|x| x.is_finite()).collect();
    let axis = Axis::over(finite.iter().copied());
    let mut counts = [0.0; PARTS];
    finite.iter().for_each(|&x| counts[((axis.share(x) * PARTS as f64) as usize).min(PARTS - 1)] += 1.0);
    let height = Axis::count_over(counts.iter().copied()).and_zero();
    let lost = numbers.len() - finite.len();
    let lost = if lost > 0 { format!(", {lost} not finite") } else { String::new() };
    let mut chart = Chart::new(axis, "", height);
    let at = |i: usize| axis.at(i as f64 / PARTS as f64);
    chart.bars(counts.iter().enumerate().map(|(i, &count)| (at(i), at(i + 1), count)));
    chart.figure(&format!("{name} {}{lost}", tensor.shape()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EpochReport;

    #[test]
    fn a_page_needs_nothing_from_elsewhere_and_escapes_what_it_is_given() {
        let mut matrix = ConfusionMatrix::new(2).with_labels(["<cat>", "dog & owl"]);
        matrix.record(&[0, 1, 1], &[0, 0, 1]);
        let html = Page::new("a < b")
            .confusion(&matrix)
            .images("images", &Tensor::<f32>::arange(12).reshape([2, 2, 3]), &["\"one\"".to_owned()])
            .curve("steps", &[1.0, f64::NAN, 0.5])
            .text("summary", "a -> b")
            .to_html();
        assert_eq!(html.matches("http").count(), html.matches("xmlns=\"http").count(), "{html}");
        for text in [
            "a &lt; b",
            "&lt;cat&gt;",
            "dog &amp; owl",
            "&quot;one&quot;",
            "a -&gt; b",
            "<td style=\"background:rgba(213,94,0,0.80)\">1</td>",
        ] {
            assert!(html.contains(text), "{text} is not in {html}");
        }
        assert!(!html.contains("<cat>") && !html.contains("<script"));
    }

    /// A run whose epochs have these test losses.
    fn run(test_losses: &[f64]) -> String {
        let epochs = (1..).zip(test_losses).map(|(epoch, &test_loss)| EpochReport {
            epoch,
            train_loss: 1.0,
            test_loss,
            measured_on: "test",
            metrics: Vec::new(),
            seconds: 0.5,
        });
        Page::new("t").run(&Report { epochs: epochs.collect(), ..Report::default() }).to_html()
    }

    /// Of the two NaN, one has the sign of what 0/0 gives on common processors, below all numbers in the total order.
    #[test]
    fn the_least_test_loss_is_a_number_if_any_is() {
        let html = run(&[0.5, 0.25, f64::NAN, -f64::NAN]);
        assert!(
            html.contains("4 epochs in 2.00 s. The least test loss, 0.25000, is that of epoch 2."),
            "{html}"
        );
        assert!(run(&[f64::NAN]).contains("1 epoch in 0.50 s. No test loss is a number."));
        assert!(run(&[]).contains("No epoch was measured.") && !run(&[]).contains("<svg"));
    }

    #[test]
    fn long_names_of_classes_stand_upright_and_many_classes_are_small() {
        let html = |matrix: &ConfusionMatrix| Page::new("t").confusion(matrix).to_html();
        let [few, many] = [10, 20].map(|classes| html(&ConfusionMatrix::new(classes)));
        assert!(few.contains("<table>\n<tr><th>") && many.contains("<table class=\"many\">"));
        let named = html(&ConfusionMatrix::new(2).with_labels(["cat", "ankle boot"]));
        assert!(named.contains("<tr class=\"upright\">"));
    }
}
