//! How a file is made of words.

#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn nothing() {
    for text in ["", "\n", "   \t\r\n", "# only a comment", "#", "\n\n # another\n"] {
        assert_eq!(read(text), Ok(Config::default()), "{text:?}");
    }
}

#[test]
fn comments_and_line_ends() {
    let plain = read("ram 1m\nrom 64k\n").unwrap();
    let cases = [
        "ram 1m rom 64k",
        "ram\n1m\n\nrom # the BIOS\n64k",
        "ram 1m\r\nrom 64k\r\n",
        "# first\n\tram\t1m # second # third\n#\nrom 64k # last",
    ];
    for text in cases {
        let found: Vec<_> = sizes(&read(text).unwrap());
        assert_eq!(found, sizes(&plain), "{text:?}");
    }
}

fn sizes(config: &Config) -> Vec<(bool, u64)> {
    config
        .statements
        .iter()
        .map(|statement| match statement {
            Statement::Memory(memory) => (memory.writable, memory.length),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_comment_sign_ends_a_word() {
    let [Statement::Load(load)] = &statements("load 0,a#b # c")[..] else { panic!() };
    assert_eq!(load.file, "a");
}

#[test]
fn quotation_marks() {
    let [Statement::Load(load)] = &statements("load 0,\"a, b # c\"")[..] else { panic!() };
    assert_eq!(load.file, "a, b # c");
    assert_eq!(
        refusal("\n  load 0,\"a\nram 1m\""),
        "2:10: expected another '\"' on this line, found its end"
    );
}

#[test]
fn columns_count_characters() {
    assert_eq!(refusal("system ü ram 0,é").split(": ").next(), Some("1:16"));
    assert_eq!(refusal("\t\tfoo").split(": ").next(), Some("1:3"));
}

#[test]
fn not_text() {
    assert_eq!(
        decode(b"ram 1m\nra\xff".to_vec()).unwrap_err().to_string(),
        "2:3: expected text in UTF-8"
    );
    assert_eq!(decode(vec![0x80]).unwrap_err().to_string(), "1:1: expected text in UTF-8");
    assert_eq!(decode("ü".into()), Ok("ü".to_owned()));
}

#[test]
fn unknown_statements() {
    let list = "cpu, load, pass, ram, reserve, rom, system, unsupported or vdev";
    for word in ["RAM", "foo", "1m", "loc", "\"\""] {
        assert_eq!(
            refusal(&format!("ram 1m {word}")),
            format!("1:8: expected a statement ({list}), found '{word}'")
        );
    }
}

#[test]
fn the_end_of_the_file() {
    let cases = [
        ("ram", "1:4: expected [START,]LENGTH"),
        ("ram\n\n", "1:4: expected [START,]LENGTH"),
        ("reserve", "1:8: expected 'loc' after 'reserve'"),
        ("reserve loc", "1:12: expected PLACE,LENGTH"),
        ("pass loc", "1:9: expected PLACE,LENGTH,ATTRIBUTES[=HOST]"),
        ("load", "1:5: expected ADDRESS,FILE"),
        ("cpu start", "1:10: expected reset, SEGMENT:OFFSET or long,ENTRY,TABLES"),
        ("unsupported reference", "1:22: expected ignore, fail or abort"),
        ("vdev", "1:5: expected the name of a vdev"),
        ("vdev a size", "1:12: expected the argument of 'size'"),
        ("system", "1:7: expected the guest's name"),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(text), format!("{said}, found the end of the file"));
    }
}
