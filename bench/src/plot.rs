//! A log-log plot, as a script for gnuplot, which makes an SVG file of it.

use crate::design::GASP;
use crate::grid::Grid;
use core::fmt::Write;

/// The texts of a plot.
#[derive(Debug)]
pub struct Words<'a> {
    pub title: &'a str,
    /// How the figures were measured.
    pub subtitle: &'a str,
    /// The label of the vertical axis.
    pub y: &'a str,
    pub machine: &'a str,
}

/// The settings of all plots. `podo` has colours that the colour-blind can tell apart.
const HEAD: &str = "\
reset
set terminal svg noenhanced size 1080,660 font 'Helvetica,13' background 'white'
set lmargin at screen 0.1; set rmargin at screen 0.63
set bmargin at screen 0.12; set tmargin at screen 0.85
set key at screen 0.64,0.5 left center Left reverse samplen 2 font ',11'
set colorsequence podo
set xlabel 'regions in the map (log scale)'
set logscale xy
set ytics (1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7, 1e8)
set format y '%.0s%c'
set grid
";

/// Plot a grid whose columns are numbers of regions, into `name.svg`.
pub fn script(name: &str, grid: &Grid, words: &Words) -> String {
    let Words { title, subtitle, y, machine } = words;
    let columns: Vec<&str> = grid.columns().collect();
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return String::new() };
    let ticks: Vec<String> = columns.iter().map(|n| format!("{n:?} {n}")).collect();
    let lines = lines(grid, last);
    let mut out = format!(
        "{HEAD}set output '{name}.svg'\n\
         set label {title:?} at screen 0.1,0.95 font ',18'\n\
         set label {subtitle:?} at screen 0.1,0.915\n\
         set label {machine:?} at screen 0.1,0.88 font ',11'\n\
         set ylabel {y:?}\n\
         set xtics ({})\n\
         set xrange [{first}/1.1:{last}*1.1]\n",
        ticks.join(", ")
    );
    for (number, (_, _, points)) in lines.iter().enumerate() {
        let _ = writeln!(out, "$line{number} << END\n{points}END");
    }
    let plots = lines.iter().enumerate().map(|(number, (key, label, _))| {
        format!("$line{number} title {label:?} with linespoints {}", style(number, key))
    });
    let _ = writeln!(out, "plot {}", plots.collect::<Vec<_>>().join(", \\\n  "));
    out
}

/// Black is libgasp's; there are seven other colours, so further lines are dashed.
fn style(number: usize, key: &str) -> String {
    match key {
        GASP => "linewidth 4 linecolor 1".into(),
        _ => format!("linewidth 2 linecolor {} dashtype {}", number % 7 + 2, number / 7 + 1),
    }
}

/// Key, label and points of every row: the highest line first, as the names stand beside the plot.
/// Points that a log axis cannot show are left out.
fn lines<'g>(grid: &'g Grid, last: &str) -> Vec<(&'g str, &'g str, String)> {
    let end = |key: &str| grid.median(key, last).unwrap_or(f64::INFINITY);
    let mut rows: Vec<(&str, &str)> = grid.rows().collect();
    rows.sort_by(|a, b| end(b.0).total_cmp(&end(a.0)));
    let points = |key: &str| {
        let point = |n| grid.median(key, n).filter(|&y| y > 0.05).map(|y| format!("{n} {y}\n"));
        grid.columns().filter_map(point).collect::<String>()
    };
    let lines = rows.into_iter().map(|(key, label)| (key, label, points(key)));
    lines.filter(|line| !line.2.is_empty()).collect()
}
