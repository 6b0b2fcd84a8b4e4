//! The places of words in several texts.

use super::*;

fn two() -> (Sources, Position) {
    let mut sources = Sources::default();
    sources.add("a", "one\n\ttwo\n");
    let second = sources.add("b", "three");
    (sources, second)
}

#[test]
fn lines_are_counted_through() {
    let (mut sources, second) = two();
    assert_eq!(second, Position { line: 4, column: 1 });
    assert_eq!(sources.add("c", ""), Position { line: 5, column: 1 });
    assert_eq!(sources.name(second), "b:1:1");
    assert_eq!(sources.name(Position { line: 2, column: 3 }), "a:2:3");
    assert_eq!(sources.names().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn errors_show_the_line() {
    let (sources, _) = two();
    let error =
        |line, column| ParseError { position: Position { line, column }, message: "no".into() };
    assert_eq!(sources.show(&error(2, 3)), "a:2:3: no\n    \ttwo\n    \t ^");
    assert_eq!(sources.show(&error(4, 6)), "b:1:6: no\n    three\n         ^");
    // The end of a file.
    assert_eq!(sources.show(&error(3, 1)), "a:3:1: no\n    \n    ^");
}

#[test]
fn a_position_of_no_text() {
    let error = ParseError { position: START, message: "no".into() };
    assert_eq!(Sources::default().show(&error), "1:1: no");
}
