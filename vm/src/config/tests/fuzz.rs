//! Both parsers with texts that are almost configurations and scripts.
//!
//! A round changes a file of the corpus by a generator with a fixed seed, so a failure repeats. The
//! panic of a test names the round.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::trace;
use std::path::Path;
use std::{env, fs};

/// `GASP_VM_ROUNDS`, or few.
fn rounds() -> u64 {
    env::var("GASP_VM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2000)
}

/// All files with this suffix: the examples, and the configurations of the tests.
fn corpus(suffix: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let directories = ["vm/examples", "ctests/vm/configs"].map(|name| root.join(name));
    let entries = directories.iter().flat_map(|directory| fs::read_dir(directory).unwrap());
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == suffix));
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// What a change writes: the characters that mean something, and some words.
const PIECES: [&str; 24] = [
    "\"",
    "\\",
    "\n",
    "\r\n",
    "#",
    ",",
    "=",
    ":",
    "@",
    "$env{A}",
    "$env{",
    "0",
    "f",
    "-",
    "k",
    "0x",
    "ram ",
    "vdev dev ",
    "loc ",
    "load ",
    "pass ",
    "\u{fc}",
    "18446744073709551615",
    " ",
];

/// Some changes of a text: pieces that are put in, taken out, repeated, or moved from another file.
fn changed(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut text = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let from = random.below(text.len() + 1);
        let to = (from + random.below(12)).min(text.len());
        let other = &corpus[random.below(corpus.len())];
        let start = random.below(other.len());
        let piece = match random.below(5) {
            0 => Vec::new(),
            1 => other[start..(start + random.below(40)).min(other.len())].to_vec(),
            2 => text[from..to].repeat(3),
            3 => vec![u8::try_from(random.below(256)).unwrap()],
            _ => PIECES[random.below(PIECES.len())].into(),
        };
        text.splice(from..to, piece);
    }
    text
}

/// Each error is at a place, and shown with its line.
#[test]
fn configurations() {
    let corpus = corpus("conf");
    assert!(corpus.len() >= 12);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut good = 0;
    for round in 0..rounds() {
        let text = changed(&mut random, &corpus);
        let shown = String::from_utf8_lossy(&text).into_owned();
        let mut fake = Fake { files: vec![("f", text)], ..Fake::default() };
        let found = with(&mut fake, &["@f"]);
        good += u32::from(found.errors.is_empty());
        for error in found.errors.iter().chain(&found.config.notes) {
            let line = found.sources.place(error.position);
            let line = line.unwrap_or_else(|| panic!("round {round}: {error} in {shown}"));
            let columns = line.line.chars().count() + 1;
            let column = usize::try_from(line.position.column).unwrap();
            assert!(column <= columns, "round {round}: {error} in {shown}");
        }
    }
    // Not all texts are broken, nor are all right.
    assert!(good > 0 && u64::from(good) < rounds(), "{good}");
}

#[test]
fn scripts() {
    let corpus = corpus("trace");
    assert!(corpus.len() >= 6);
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut good = 0;
    for round in 0..rounds() {
        let text = String::from_utf8_lossy(&changed(&mut random, &corpus)).into_owned();
        match trace::parse(&text) {
            Ok(_) => good += 1,
            Err(error) => {
                let lines = u32::try_from(text.lines().count()).unwrap();
                assert!(error.position.line <= lines.max(1), "round {round}: {error} in {text}");
            }
        }
    }
    assert!(good > 0 && good < rounds(), "{good}");
}
