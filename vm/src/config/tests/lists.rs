//! The tables of the manual.

#![allow(clippy::unwrap_used)]

use super::super::keywords::KEYWORDS;
use super::*;
use gasp_text::readings::{Mark, READINGS};
use std::fmt::Write;
use std::{env, fs};

const MANUAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/gasp-vm.md");

fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Qnx => "QNX",
        Mark::Read => "read",
        Mark::Own => "own",
    }
}

fn keywords() -> String {
    let mut text =
        String::from("| word | fate | what it does, or why not | source |\n|---|---|---|---|\n");
    for row in KEYWORDS {
        let fate = match row.fate {
            Fate::Done => "done",
            Fate::NoEffect => "no effect",
            Fate::Refused => "refused",
        };
        let context = if row.context.is_empty() { "" } else { " " };
        let form = format!("{}{context}{}", row.context, row.form).replace('|', "\\|");
        let (about, mark) = (row.about, mark(row.mark));
        writeln!(text, "| `{form}` | {fate} | {about} | {mark} |").unwrap();
    }
    text
}

fn readings() -> String {
    let mut text = String::from("| what is decided | how | source |\n|---|---|---|\n");
    for row in READINGS {
        let (about, value, mark) = (row.about, row.value, mark(row.mark));
        writeln!(text, "| {about} | `{value}` | {mark} |").unwrap();
    }
    text
}

/// The part of the manual between two comments. With `GASP_BLESS=1` it is written.
fn compare(name: &str, wanted: &str) {
    let manual = fs::read_to_string(MANUAL).unwrap();
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = manual.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    if env::var_os("GASP_BLESS").is_some() {
        fs::write(MANUAL, format!("{before}{begin}{wanted}{end}{after}")).unwrap();
    } else {
        assert!(
            found == wanted,
            "GASP_BLESS=1 cargo test -p gasp-vm manual writes the table {name}"
        );
    }
}

/// One test, because both tables are in one file.
#[test]
fn the_tables_of_the_manual() {
    compare("keywords", &keywords());
    compare("readings", &readings());
}
