//! The command line and files.

#![allow(clippy::unwrap_used)]

use super::*;

fn fake(files: &[(&'static str, &str)]) -> Fake {
    let files = files.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect();
    Fake { files, ..Fake::default() }
}

fn lengths(outcome: &Outcome) -> Vec<u64> {
    assert_eq!(refusals_of(outcome), [""; 0]);
    let length = |statement: &Statement| match statement {
        Statement::Memory(memory) => memory.length,
        _ => 0,
    };
    outcome.config.statements.iter().map(length).collect()
}

#[test]
fn files_and_words_mix() {
    let mut fake = fake(&[("a.conf", "ram 1k"), ("dir/b", "ram 2k"), ("c", "ram 3k")]);
    let words = ["a.conf", "ram", "4k", "dir/b", "@c", "ram", "5k"];
    let found = with(&mut fake, &words);
    assert_eq!(lengths(&found), [1024, 4096, 2048, 3072, 5120]);
    assert_eq!(found.config.file, Some("a.conf".into()));
    assert_eq!(with(&mut fake, &["ram", "4k"]).config.file, None);
}

#[test]
fn a_file_without_its_sign() {
    let mut fake = fake(&[("box", "ram 1k")]);
    let said =
        "command line:1:1: expected an option, found 'box'; @box reads the file of that name";
    assert_eq!(refusals_of(&with(&mut fake, &["box"])), [said]);
}

#[test]
fn system_can_begin_a_file() {
    let mut fake = fake(&[("@x", ""), ("f", "system a"), ("g", "")]);
    assert_eq!(with(&mut fake, &["@g", "@f"]).config.name.as_deref(), Some("a"));
    assert_eq!(refusals_of(&with(&mut fake, &["ram", "4k", "@f"])).len(), 1);
    assert_eq!(refusals_of(&with(&mut fake, &["@f", "@f"])).len(), 1);
}

/// A word of the command line has its blanks, quotation marks and comment signs.
#[test]
fn the_shell_has_read_the_quotation_marks() {
    let found = with(&mut Fake::default(), &["cmdline", "a \"b\" #c \\"]);
    assert_eq!(found.config.cmdline.as_deref(), Some("a \"b\" #c \\"));
}

#[test]
fn errors_on_the_command_line() {
    let found = with(&mut Fake::default(), &["ram", "1m", "rma", "2m"]);
    assert_eq!(
        found.sources.show(&found.errors[0]),
        "command line:1:8: expected an option, found 'rma'; did you mean 'ram'?\n    \
         ram 1m rma 2m\n           ^"
    );
    let found = with(&mut Fake::default(), &["ram"]);
    let said = "command line:1:4: expected [START,]LENGTH, found the end of the command line";
    assert_eq!(refusals_of(&found), [said]);
}

#[test]
fn files_in_files() {
    let mut fake = fake(&[("a", "ram 1k\n@b ram 3k"), ("b", "ram 2k")]);
    assert_eq!(lengths(&with(&mut fake, &["@a"])), [1024, 2048, 3072]);
    // In a file a plain name is no file.
    assert!(refusal("a.conf").contains("expected an option, found 'a.conf'"));
}

/// The argument is in the file of its option.
#[test]
fn an_argument_in_another_file() {
    let mut fake = fake(&[("a", "ram"), ("b", "1m")]);
    let found = refusals_of(&with(&mut fake, &["@a", "@b"]));
    assert_eq!(found[0], "a:1:4: expected [START,]LENGTH, found the end of the file");
}

#[test]
fn files_that_cannot_be_read() {
    let mut fake = fake(&[("a", "@a")]);
    fake.files.push(("binary", b"ram 1m\nr\xff".to_vec()));
    let said = |fake: &mut Fake, word| refusals_of(&with(fake, &["ram", "4k", word])).remove(0);
    assert_eq!(
        said(&mut fake, "@none"),
        "command line:1:9: expected a file that can be read (not there), found 'none'"
    );
    assert!(said(&mut fake, "none.conf").contains("(not there), found 'none.conf'"));
    assert_eq!(said(&mut fake, "@binary"), "binary:2:2: expected text in UTF-8");
    let said = said(&mut fake, "@a");
    assert!(
        said.starts_with("a:1:2: expected files that include files to a depth of 16"),
        "{said}"
    );
}
