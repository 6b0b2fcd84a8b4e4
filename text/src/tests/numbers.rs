//! Numbers.

#![allow(clippy::unwrap_used)]

use super::value;

#[test]
fn decimal_and_hexadecimal() {
    let cases = [("0", 0), ("7", 7), ("0x0", 0), ("0x10", 16), ("0XfF", 255), ("0x000a", 10)];
    for (text, number) in cases {
        assert_eq!(value(text), Ok(number), "{text}");
    }
}

#[test]
fn suffixes() {
    let cases = [
        ("1k", 1 << 10),
        ("1K", 1 << 10),
        ("3m", 3 << 20),
        ("3M", 3 << 20),
        ("2g", 2 << 30),
        ("2G", 2 << 30),
        ("0k", 0),
        ("0x10k", 0x10 << 10),
    ];
    for (text, number) in cases {
        assert_eq!(value(text), Ok(number), "{text}");
    }
}

#[test]
fn the_largest() {
    assert_eq!(value("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(value("0xffffffffffffffff"), Ok(u64::MAX));
    assert_eq!(value("17179869183g"), Ok(u64::MAX - 0x3fff_ffff));
    assert_eq!(value("0x3fffffffffffffk"), Ok(u64::MAX - 0x3ff));
}

#[test]
fn beyond_the_largest() {
    for text in
        ["18446744073709551616", "0x10000000000000000", "17179869184g", "1000000000000000000000k"]
    {
        assert_eq!(value(text), Err(format!("expected a number below 2^64, found '{text}'")));
    }
}

#[test]
fn what_is_none() {
    for text in
        ["k", "0x", "0xk", "-1", "+1", "1 k", "1kk", "1t", "0xfg0", "a", "1_000", "1.5", "٣"]
    {
        let said = value(text).unwrap_err();
        assert_eq!(
            said,
            format!("expected a number (a number such as 4096, 0x1000 or 4k), found '{text}'")
        );
    }
    assert!(value("").unwrap_err().ends_with("found nothing"));
}

/// C would take it for octal, people for decimal.
#[test]
fn leading_zero() {
    assert_eq!(
        value("010"),
        Err("expected a number (decimal without a leading 0, or after 0x), found '010'".to_owned())
    );
}
