//! Text to words.

#![allow(clippy::unwrap_used)]

use super::*;

fn texts(text: &str) -> Vec<String> {
    let (tokens, error) = tokens(text, START);
    assert_eq!(error, None, "{text}");
    tokens.iter().map(|token| token.word().text()).collect()
}

fn positions(text: &str) -> Vec<(u32, u32)> {
    let (tokens, _) = tokens(text, START);
    tokens.iter().map(|token| (token.word().position.line, token.word().position.column)).collect()
}

#[test]
fn white_space_and_comments() {
    for text in ["", "\n", "   \t\r\n", "# only a comment", "#", "\n\n # another\n"] {
        assert_eq!(texts(text), [""; 0], "{text:?}");
    }
    assert_eq!(texts("a b#c d\n#\n\te\r\nf # g"), ["a", "b", "e", "f"]);
    assert_eq!(positions("a\n\n  b # c\nü d"), [(1, 1), (3, 3), (4, 1), (4, 3)]);
}

#[test]
fn quotation_marks() {
    assert_eq!(texts("\"a b\" c\"#, d\"e \"\""), ["a b", "c#, de", ""]);
    assert_eq!(texts(r#""|gzip >f.gz" >"|cmd x""#), ["|gzip >f.gz", ">|cmd x"]);
}

/// Published files write long command lines in both ways.
#[test]
fn several_lines_in_quotation_marks() {
    assert_eq!(texts("x \"a\nb\" c"), ["x", "a\nb", "c"]);
    assert_eq!(texts("\"a \\\n  b\\\r\nc\" d"), ["a   bc", "d"]);
    assert_eq!(positions("\"a\n  b\" c"), [(1, 1), (2, 6)]);
}

#[test]
fn escapes() {
    assert_eq!(texts(r#""a\"b" "c\\" d"#), [r#"a"b"#, r"c\", "d"]);
    assert_eq!(texts(r#""a\nb" c\d \"e f""#), [r"a\nb", r"c\d", r"\e f"]);
}

#[test]
fn a_quotation_without_an_end() {
    let (found, error) = tokens("a\n b\"c d\ne", START);
    assert_eq!(found.len(), 2);
    let said = "2:3: expected another '\"' after this one, found the end of the file";
    assert_eq!(error.unwrap().to_string(), said);
}

#[test]
fn parts_of_words() {
    let (tokens, _) = tokens("a,\"b,\nc\",d=e", START);
    let parts = tokens[0].word().split(',');
    let parts: Vec<_> = parts.iter().map(|part| (part.text(), part.position)).collect();
    let at = |line, column| Position { line, column };
    assert_eq!(
        parts,
        [("a".into(), at(1, 1)), ("b,\nc".into(), at(1, 3)), ("d=e".into(), at(2, 4))]
    );
}

/// A word of the command line, where the shell has read the quotation marks.
#[test]
fn verbatim() {
    for text in ["", "a b", "a\"b\\ c#", "\\", "\"\""] {
        assert_eq!(Token::verbatim(text, START).word().text(), text);
    }
}

fn substituted(text: &str) -> Result<String, String> {
    let (tokens, _) = tokens(text, START);
    let mut find = |kind: &str, name: &str| match (kind, name) {
        ("env", "A") => Some(Ok("1,2".to_owned())),
        ("env", "Q") => Some(Ok("\"a\\ b".to_owned())),
        ("env", _) => Some(Err(format!("no {name}"))),
        _ => None,
    };
    plain(tokens[0].clone().substitute(&mut find)).map(|token| token.word().text())
}

#[test]
fn substitution() {
    assert_eq!(substituted("x$env{A},y"), Ok("x1,2,y".into()));
    assert_eq!(substituted("\"$env{A} $env{Q}\"$env{Q}"), Ok("1,2 \"a\\ b\"a\\ b".into()));
    assert_eq!(substituted("$env{B}"), Err("no B".into()));
    for text in ["$", "$env", "$env{A", "$other{A}", "$1{A}", "$$"] {
        assert_eq!(substituted(text), Ok(text.into()));
    }
}

/// Columns of the file mean nothing in a replaced text.
#[test]
fn parts_of_a_replaced_word() {
    let token =
        Token::verbatim("$env{A},x", START).substitute(&mut |_, _| Some(Ok("long,long".into())));
    let parts: Vec<_> = token.unwrap().word().split(',').iter().map(|part| part.position).collect();
    assert_eq!(parts, [START; 3]);
}

#[test]
fn lines_of_scripts() {
    let all = lines("a b # c\n\n \"d\\n\" e#f\n").unwrap();
    let all: Vec<Vec<_>> =
        all.iter().map(|line| line.iter().map(|word| word.literal()).collect()).collect();
    assert_eq!(all, [["a", "b"], ["d\\n", "e"]]);
    let said = "1:3: expected another '\"' on this line, found its end";
    assert_eq!(lines("a \"b\nc\"").unwrap_err().to_string(), said);
}

#[test]
fn not_text() {
    let said = |bytes: &[u8]| decode(bytes.to_vec()).unwrap_err().to_string();
    assert_eq!(said(b"ram 1m\nra\xff"), "2:3: expected text in UTF-8");
    assert_eq!(said(&[0x80]), "1:1: expected text in UTF-8");
    assert_eq!(decode("ü".into()), Ok("ü".to_owned()));
}

#[test]
fn near_misses() {
    let words = ["ram", "rom", "reserve", "cmdline", "system"];
    for (mistyped, meant) in
        [("rma", "ram"), ("resrve", "reserve"), ("cmd-line", "cmdline"), ("sytsem", "system")]
    {
        assert_eq!(nearest(mistyped, words), Some(meant));
    }
    assert_eq!(nearest("colour", words), None);
    assert_eq!(did_you_mean("rams", words), "; did you mean 'ram'?");
    assert_eq!(did_you_mean("", words), "");
}
