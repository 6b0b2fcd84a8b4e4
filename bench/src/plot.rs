//! A log-log plot as SVG, readable alone: title, what was measured, units, a name at every line.

use crate::design::GASP;
use crate::grid::Grid;
use core::fmt::Write;

const WIDTH: f64 = 1080.0;
const HEIGHT: f64 = 660.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 730.0;
const TOP: f64 = 96.0;
const BOTTOM: f64 = 580.0;
/// Room that a name at the end of a line needs.
const NAME: f64 = 19.0;
/// Colours that differ for the colour-blind too; patterns repeat them.
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#666666"];

/// What a plot says besides its lines.
#[derive(Debug)]
pub struct Words<'a> {
    /// What is shown.
    pub title: &'a str,
    /// How it was measured.
    pub subtitle: &'a str,
    /// What the upright axis counts.
    pub y: &'a str,
    /// On which machine.
    pub machine: &'a str,
}

/// One line: key, name, points.
struct Line {
    key: String,
    name: String,
    points: Vec<(f64, f64)>,
}

/// Where values are on the page.
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    /// From the data: one decade's step at least, the upright axis on round numbers.
    fn around(lines: &[Line]) -> Self {
        let all = || lines.iter().flat_map(|line| &line.points);
        let low = |pick: fn(&(f64, f64)) -> f64| all().map(pick).fold(f64::INFINITY, f64::min);
        let high = |pick: fn(&(f64, f64)) -> f64| all().map(pick).fold(1.0, f64::max);
        let (y0, y1) = (low(|p| p.1).log10(), high(|p| p.1).log10());
        let y0 = y0.min(y1 - 1.0);
        Self {
            x: (low(|p| p.0).log10(), high(|p| p.0).log10().max(1.0)),
            y: (y0 - 0.05, y1 + 0.05),
        }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let part = |value: f64, (low, high): (f64, f64)| (value.log10() - low) / (high - low);
        (LEFT + part(x, self.x) * (RIGHT - LEFT), BOTTOM - part(y, self.y) * (BOTTOM - TOP))
    }
}

/// Draw a grid whose columns are numbers of regions.
pub fn svg(grid: &Grid, words: &Words) -> String {
    let lines = lines(grid);
    if lines.is_empty() {
        return String::new();
    }
    let axes = Axes::around(&lines);
    let mut out = head(words);
    ticks(&mut out, &axes, grid);
    let names = name_places(&lines, &axes);
    for (number, (line, name_y)) in lines.iter().zip(names).enumerate() {
        draw(&mut out, &axes, line, number, name_y);
    }
    out.push_str("</svg>\n");
    out
}

/// The rows, without points that a log axis cannot show; libgasp last, hence on top.
fn lines(grid: &Grid) -> Vec<Line> {
    let points = |key: &str| {
        let point = |column: &str| {
            let (x, y) = (column.parse().ok()?, grid.median(key, column)?);
            (y > 0.05).then_some((x, y))
        };
        grid.columns().filter_map(point).collect::<Vec<_>>()
    };
    let line = |(key, name): (&str, &str)| Line {
        key: key.into(),
        name: name.into(),
        points: points(key),
    };
    let mut lines: Vec<Line> = grid.rows().map(line).filter(|l| !l.points.is_empty()).collect();
    lines.sort_by_key(|line| line.key == GASP);
    lines
}

fn head(words: &Words) -> String {
    let middle = (TOP + BOTTOM) / 2.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" fill=\"#222\">\n\
         <title>{}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n",
        escape(words.title)
    );
    let mut text = |x: f64, y: f64, more: &str, words: &str| {
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" {more}>{}</text>", escape(words));
    };
    text(LEFT, 32.0, "font-size=\"20\" font-weight=\"bold\"", words.title);
    text(LEFT, 56.0, "", words.subtitle);
    text(LEFT, 75.0, "fill=\"#666\" font-size=\"12\"", words.machine);
    let across = (LEFT + RIGHT) / 2.0;
    text(across, BOTTOM + 48.0, "text-anchor=\"middle\"", "regions in the map (log scale)");
    let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 22 {middle})\"");
    text(22.0, middle, &turned, words.y);
    out
}

/// Lines and numbers at 1, 2 and 5 times powers of ten upwards, at the measured sizes across.
fn ticks(out: &mut String, axes: &Axes, grid: &Grid) {
    let fine = axes.y.1 - axes.y.0 < 3.0;
    let steps: &[f64] = if fine { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let values = (-1..8).flat_map(|e| steps.iter().map(move |s| s * 10_f64.powi(e)));
    for value in values.filter(|v| (axes.y.0..=axes.y.1).contains(&v.log10())) {
        let (_, y) = axes.at((1.0, value));
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#ddd\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    for column in grid.columns() {
        let Ok(n) = column.parse::<f64>() else { continue };
        let (x, _) = axes.at((n, 1.0));
        let name = if n >= 1e6 { format!("{} M", n / 1e6) } else { column.to_owned() };
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {TOP}V{BOTTOM}\" stroke=\"#eee\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
            BOTTOM + 20.0
        );
    }
}

/// Where each line's name goes: beside its end, moved apart where ends are close.
fn name_places(lines: &[Line], axes: &Axes) -> Vec<f64> {
    let end = |line: &Line| line.points.last().map_or(BOTTOM, |&point| axes.at(point).1);
    let mut order: Vec<(usize, f64)> = lines.iter().map(end).enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut free = f64::NEG_INFINITY;
    for (_, y) in &mut order {
        *y = y.max(free);
        free = *y + NAME;
    }
    let mut limit = BOTTOM + 4.0;
    for (_, y) in order.iter_mut().rev() {
        *y = y.min(limit);
        limit = *y - NAME;
    }
    order.sort_by_key(|&(line, _)| line);
    order.into_iter().map(|(_, y)| y).collect()
}

fn draw(out: &mut String, axes: &Axes, line: &Line, number: usize, name_y: f64) {
    let own = line.key == GASP;
    let colour = if own { "#000" } else { COLOURS[number % COLOURS.len()] };
    let width = if own { 4.0 } else { 1.8 };
    let dash = if number >= COLOURS.len() && !own { " stroke-dasharray=\"7 4\"" } else { "" };
    let places: Vec<(f64, f64)> = line.points.iter().map(|&point| axes.at(point)).collect();
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let _ = writeln!(
        out,
        "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>",
        path.join("L")
    );
    for (x, y) in &places {
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
    }
    let (x, y) = places.last().copied().unwrap_or((RIGHT, name_y));
    let (near, far) = (x + 6.0, x + 26.0);
    let weight = if own { " font-weight=\"bold\"" } else { "" };
    let _ = writeln!(
        out,
        "<path d=\"M{near:.1} {y:.1}L{far:.1} {name_y:.1}\" stroke=\"{colour}\"{dash}/>\
         <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\"{weight}>{}</text>",
        far + 4.0,
        name_y + 4.0,
        escape(&line.name)
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
