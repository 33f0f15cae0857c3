//! Pictures, as SVG: curves and grids of small images.
//!
//! The drawing is done by `plotters`, which does not appear in any signature, so that it can be replaced.

use std::{error::Error, fmt, fs, ops::Range, path::Path};

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

/// A curve: its name in the legend and its points, `(x, y)`, in the order in which a line joins them.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The points, finite.
    pub points: Vec<(f64, f64)>,
}

/// A picture that could not be drawn or written; the text names its path and the reason.
#[derive(Debug)]
pub struct PlotError {
    path: String,
    reason: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for PlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no picture at {}: {}", self.path, self.reason)
    }
}

impl Error for PlotError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.reason)
    }
}

type Drawn = Result<(), Box<dyn Error + Send + Sync>>;
type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Colours that people with the common kinds of colour blindness can tell apart (M. Okabe and K. Ito, 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
/// A curve of more points is a line alone.
const MOST_MARKERS: usize = 50;
const GREY: RGBColor = RGBColor(120, 120, 120);
const TEXT: (&str, i32) = ("sans-serif", 15);
const TITLE: (&str, i32) = ("sans-serif", 20);

/// Writes the curves `series` to `path`; missing folders are made.
///
/// # Errors
///
/// If there is no point to draw, a point is not finite, or the file cannot be written.
///
/// ```
/// use examples::plot::{Series, line_chart};
///
/// let loss = Series { name: "train".into(), points: vec![(1.0, 2.3), (2.0, 0.9), (3.0, 0.4)] };
/// let path = std::env::temp_dir().join("wengert-plot-doc-test.svg");
/// line_chart(&path, "Loss of the digits", "epoch", "cross entropy", &[loss])?;
/// assert!(std::fs::read_to_string(&path)?.contains("cross entropy"));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn line_chart(
    path: impl AsRef<Path>,
    title: &str,
    x_label: &str,
    y_label: &str,
    series: &[Series],
) -> Result<(), PlotError> {
    write_svg(path.as_ref(), (720, 440), |canvas| {
        for Series { name, points } in series {
            if let Some(i) = points.iter().position(|(x, y)| !x.is_finite() || !y.is_finite()) {
                return Err(format!("point {i} of {name:?} is {:?}, which is not finite", points[i]).into());
            }
        }
        let all = || series.iter().flat_map(|series| &series.points);
        let (Some(x), Some(y)) = (range(all().map(|point| point.0)), range(all().map(|point| point.1)))
        else {
            return Err("there are no points to draw".into());
        };
        if !(x.end - x.start).is_finite() || !(1.08 * (y.end - y.start)).is_finite() {
            return Err(format!("the points are too far apart: x is in {x:?}, y in {y:?}").into());
        }
        let margin = 0.04 * (y.end - y.start);
        let mut chart = ChartBuilder::on(canvas)
            .caption(title, TITLE)
            .margin(12)
            .margin_right(36)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d(x.clone(), y.start - margin..y.end + margin)?;
        chart
            .configure_mesh()
            .x_desc(x_label)
            .y_desc(y_label)
            .label_style(TEXT)
            .axis_desc_style(TEXT)
            .x_label_formatter(&|value| tick(*value, &x))
            .y_label_formatter(&|value| tick(*value, &y))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for (Series { name, points }, colour) in series.iter().zip(COLOURS.iter().cycle()) {
            let line = chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
            line.label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
            if points.len() <= MOST_MARKERS {
                chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
            }
        }
        // The legend stands above the lower end of the curves.
        let rises = |s: &Series| s.points.last().map(|point| point.1) > s.points.first().map(|point| point.1);
        let legend = match series.iter().all(rises) {
            true => SeriesLabelPosition::UpperLeft,
            false => SeriesLabelPosition::UpperRight,
        };
        chart
            .configure_series_labels()
            .position(legend)
            .background_style(WHITE.mix(0.8))
            .border_style(GREY)
            .label_font(TEXT)
            .draw()?;
        Ok(())
    })
}

/// Writes small images to `path`, `columns` side by side, in one colour scale: blue below 0, white at 0, red above, up to
/// the largest absolute value of all. An image holds `size.0` rows of `size.1` values. Missing folders are made.
///
/// # Errors
///
/// If there is no image or no column, an image has not `size.0 * size.1` values or none, a value is not finite, or the
/// file cannot be written.
///
/// ```
/// use examples::plot::image_grid;
///
/// let path = std::env::temp_dir().join("wengert-grid-doc-test.svg");
/// image_grid(&path, "Weights", &[vec![-1.0, 0.0, 0.5, 1.0], vec![0.2; 4]], (2, 2), 2)?;
/// assert!(std::fs::read_to_string(&path)?.contains("Weights"));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn image_grid(
    path: impl AsRef<Path>,
    title: &str,
    images: &[Vec<f32>],
    size: (usize, usize),
    columns: usize,
) -> Result<(), PlotError> {
    const MARGIN: usize = 16;
    const GAP: usize = 8;
    const TITLE_HEIGHT: usize = 36;
    const BAR_HEIGHT: usize = 128;
    const SCALE_WIDTH: usize = 110;

    let (height, width) = size;
    let across = columns.min(images.len());
    let pixel = (72 / height.max(width).max(1)).max(1);
    let (step_x, step_y) = (width * pixel + GAP, height * pixel + GAP);
    let top = MARGIN + TITLE_HEIGHT;
    let right = (MARGIN + across * step_x).max(12 * title.chars().count());
    let bottom = top + (images.len().div_ceil(across.max(1)) * step_y).max(BAR_HEIGHT + 2 * GAP);

    write_svg(path.as_ref(), (right + SCALE_WIDTH, bottom + MARGIN), |canvas| {
        if across == 0 || height * width == 0 {
            let count = images.len();
            return Err(
                format!("{count} images of {height} by {width} in {columns} columns show nothing").into()
            );
        }
        let mut limit = 0_f32;
        for (index, image) in images.iter().enumerate() {
            if image.len() != height * width {
                let found = image.len();
                return Err(format!("image {index} has {found} values, not {height} by {width}").into());
            }
            if let Some(i) = image.iter().position(|value| !value.is_finite()) {
                return Err(
                    format!("image {index} has the value {} at {i}, which is not finite", image[i]).into()
                );
            }
            limit = image.iter().fold(limit, |limit, value| limit.max(value.abs()));
        }

        canvas.draw(&Text::new(title, point(MARGIN, MARGIN), TITLE))?;
        for (index, image) in images.iter().enumerate() {
            let (left, top) = (MARGIN + index % across * step_x, top + index / across * step_y);
            for (i, value) in image.iter().enumerate() {
                let (x, y) = (left + i % width * pixel, top + i / width * pixel);
                // An image of zeros has limit 0; then every value is 0 in the scale as well.
                let colour = diverging(if limit > 0.0 { value / limit } else { 0.0 });
                canvas.draw(&Rectangle::new([point(x, y), point(x + pixel, y + pixel)], colour.filled()))?;
            }
            let corners = [point(left, top), point(left + width * pixel, top + height * pixel)];
            canvas.draw(&Rectangle::new(corners, GREY))?;
        }
        draw_scale(canvas, (right + GAP, top + GAP), BAR_HEIGHT, limit)
    })
}

/// The colour scale from `limit`, at the top, down to `-limit`.
fn draw_scale(canvas: &Canvas<'_>, (left, top): (usize, usize), height: usize, limit: f32) -> Drawn {
    const WIDTH: usize = 16;
    for y in 0..height {
        let colour = diverging(1.0 - 2.0 * y as f32 / (height - 1) as f32);
        let corners = [point(left, top + y), point(left + WIDTH, top + y + 1)];
        canvas.draw(&Rectangle::new(corners, colour.filled()))?;
    }
    canvas.draw(&Rectangle::new([point(left, top), point(left + WIDTH, top + height)], GREY))?;
    let style = TEXT.into_text_style(canvas).pos(Pos::new(HPos::Left, VPos::Center));
    for (y, value) in [(0, limit), (height / 2, 0.0), (height, -limit)] {
        canvas.draw(&Text::new(
            short(value.into(), f64::from(limit) / 100.0),
            point(left + WIDTH + 6, top + y),
            style.clone(),
        ))?;
    }
    Ok(())
}

fn point(x: usize, y: usize) -> (i32, i32) {
    (x as i32, y as i32)
}

/// Blue for -1, white for 0, red for 1, and the mixtures between.
fn diverging(value: f32) -> RGBColor {
    let RGBColor(red, green, blue) = if value < 0.0 { RGBColor(33, 102, 172) } else { RGBColor(178, 24, 43) };
    let mix = |channel: u8| (255.0 + (f32::from(channel) - 255.0) * value.abs()).round() as u8;
    RGBColor(mix(red), mix(green), mix(blue))
}

/// Draws on a white canvas of `size.0` by `size.1` pixels, and writes it if nothing failed.
fn write_svg(
    path: &Path,
    size: (usize, usize),
    draw: impl FnOnce(&Canvas<'_>) -> Drawn,
) -> Result<(), PlotError> {
    let attempt = || -> Drawn {
        let mut svg = String::new();
        let canvas =
            SVGBackend::with_string(&mut svg, (size.0.try_into()?, size.1.try_into()?)).into_drawing_area();
        canvas.fill(&WHITE)?;
        draw(&canvas)?;
        canvas.present()?;
        drop(canvas);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(path, svg)?)
    };
    attempt().map_err(|reason| PlotError { path: path.display().to_string(), reason })
}

/// From the least value to the greatest, widened where they are (almost) the same; `None` if there are no values.
fn range(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let size = low.abs().max(high.abs());
    let margin = if high - low > 1e-9 * size {
        0.0
    } else if size > 0.0 {
        0.1 * size
    } else {
        0.5
    };
    (low <= high).then_some(low - margin..high + margin)
}

/// The label of a tick.
fn tick(value: f64, axis: &Range<f64>) -> String {
    short(value, (axis.end - axis.start) / 10.0)
}

/// A number to a precision of about `step`, with an exponent where that is shorter.
fn short(value: f64, step: f64) -> String {
    let decimals = -step.log10().floor();
    // The tick at 0 is often a rounding error beside it.
    if value.abs() <= 1e-6 * step {
        "0".into()
    } else if decimals > 5.0 || value.abs() >= 1e6 {
        let text = format!("{value:.2e}");
        let (mantissa, exponent) = text.split_once('e').expect("the format has an exponent");
        format!("{}e{exponent}", without_zeros(mantissa))
    } else {
        without_zeros(&format!("{value:.*}", decimals.max(0.0) as usize)).into()
    }
}

/// Without the zeros at the end of the decimals.
fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws to a file in a folder that does not exist yet; returns what was drawn and the text of an error.
    fn drawn(name: &str, draw: impl FnOnce(&Path) -> Result<(), PlotError>) -> Result<String, String> {
        let folder = std::env::temp_dir().join(format!("wengert-plot-{}-{name}", std::process::id()));
        let path = folder.join("new").join("picture.svg");
        let result = draw(&path).map(|()| fs::read_to_string(&path).expect("the picture was written"));
        assert_eq!(folder.exists(), result.is_ok(), "a picture that failed leaves nothing behind");
        if result.is_ok() {
            fs::remove_dir_all(&folder).expect("the folder was made by this test");
        }
        result.map_err(|error| {
            let text = error.to_string();
            assert!(text.starts_with(&format!("no picture at {}: ", path.display())), "{text}");
            text
        })
    }

    fn chart(name: &str, points: &[(f64, f64)]) -> Result<String, String> {
        let series = Series { name: "a <b> & c".into(), points: points.to_vec() };
        drawn(name, |path| line_chart(path, "the title", "the x", "the y", &[series]))
    }

    #[test]
    fn a_chart_shows_its_texts_and_each_point() {
        let svg = chart("chart", &[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]).unwrap();
        for text in ["the title", "the x", "the y", "a &lt;b&gt; &amp; c"] {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
        assert_eq!(svg.matches("<circle").count(), 3);
    }

    #[test]
    fn charts_of_odd_ranges_are_drawn() {
        for (i, points) in
            [[(3.0, 7.0); 2], [(0.0, 0.0); 2], [(1e16, -1e-300), (1e16 + 2.0, 1e-300)]].iter().enumerate()
        {
            assert!(chart(&format!("odd-{i}"), points).unwrap().contains("<circle"), "{points:?}");
        }
    }

    #[test]
    fn a_chart_refuses_what_it_cannot_show() {
        for (name, points, reason) in [
            ("none", &[][..], "there are no points to draw"),
            (
                "nan",
                &[(0.0, 1.0), (1.0, f64::NAN)],
                "point 1 of \"a <b> & c\" is (1.0, NaN), which is not finite",
            ),
            ("wide", &[(0.0, -1e308), (1.0, 1e308)], "too far apart"),
        ] {
            assert!(chart(name, points).unwrap_err().contains(reason), "{name}");
        }
    }

    #[test]
    fn a_grid_shows_each_pixel_in_its_colour() {
        let images = [vec![-2.0, 0.0, 1.0, 2.0]];
        let svg = drawn("grid", |path| image_grid(path, "the title", &images, (2, 2), 3)).unwrap();
        let pixels: Vec<&str> = svg
            .lines()
            .filter(|line| line.contains("width=\"36\"") && line.contains("height=\"36\""))
            .collect();
        assert_eq!(pixels.len(), 4, "{svg}");
        for (pixel, (place, colour)) in pixels.iter().zip([
            (r#"x="16" y="52""#, "#2166AC"),
            (r#"x="52" y="52""#, "#FFFFFF"),
            (r#"x="16" y="88""#, "#D98C95"),
            (r#"x="52" y="88""#, "#B2182B"),
        ]) {
            assert!(pixel.contains(place) && pixel.contains(colour), "{pixel} is not {colour} at {place}");
        }
    }

    #[test]
    fn a_grid_refuses_what_it_cannot_show() {
        let grid = |name, images: &[Vec<f32>], size, columns| {
            drawn(name, |path| image_grid(path, "the title", images, size, columns)).unwrap_err()
        };
        assert!(grid("empty", &[], (2, 2), 3).contains("0 images of 2 by 2 in 3 columns show nothing"));
        assert!(
            grid("columns", &[vec![0.0]], (1, 1), 0).contains("1 images of 1 by 1 in 0 columns show nothing")
        );
        assert!(
            grid("size", &[vec![0.0; 4], vec![0.0; 3]], (2, 2), 3)
                .contains("image 1 has 3 values, not 2 by 2")
        );
        assert!(grid("nan", &[vec![0.0, f32::NAN]], (1, 2), 3).contains("image 0 has the value NaN at 1"));
    }

    #[test]
    fn a_path_that_cannot_be_written_is_named() {
        let folder = std::env::temp_dir();
        let error = image_grid(&folder, "the title", &[vec![0.0]], (1, 1), 1).unwrap_err();
        assert!(error.to_string().starts_with(&format!("no picture at {}: ", folder.display())), "{error}");
        assert!(error.source().is_some_and(|source| source.is::<std::io::Error>()), "{error:?}");
    }

    #[test]
    fn numbers_are_short() {
        for (value, step, text) in [
            (0.30000000000000004, 0.1, "0.3"),
            (-1e-17, 0.1, "0"),
            (40.0, 4.0, "40"),
            (1.375, 0.0137, "1.38"),
            (0.00031, 0.0000031, "3.1e-4"),
            (2e6, 1e5, "2e6"),
            (0.0, 0.0, "0"),
        ] {
            assert_eq!(short(value, step), text);
        }
    }
}
