//! Numbers.

#![allow(clippy::unwrap_used)]

use super::*;

fn at(text: &str) -> Result<u64, String> {
    plain(address(word(text)))
}

fn long(text: &str) -> Result<u64, String> {
    plain(length(word(text)))
}

fn count(text: &str) -> Result<u64, String> {
    plain(number(word(text), "a number"))
}

fn script(text: &str) -> Result<u64, String> {
    plain(c_number(word(text), "a number"))
}

/// QNX's rule: what has no prefix is hexadecimal as an address, and decimal as anything else.
#[test]
fn without_a_prefix() {
    for (text, hexadecimal, decimal) in [("0", 0, 0), ("7", 7, 7), ("10", 16, 10), ("010", 16, 10)]
    {
        assert_eq!(at(text), Ok(hexadecimal), "{text}");
        assert_eq!(count(text), Ok(decimal), "{text}");
    }
    assert_eq!(long("1000"), Ok(1000));
    assert_eq!(at("a0000"), Ok(0xa_0000));
    assert_eq!(at("mem:FfF"), Ok(0xfff));
}

#[test]
fn with_a_prefix() {
    for (text, value) in
        [("0x10", 16), ("0XfF", 255), ("0x000a", 10), ("0d10", 10), ("0D1234", 0x4d2)]
    {
        assert_eq!(
            [at(text), long(text), count(text)],
            [Ok(value), Ok(value), Ok(value)],
            "{text}"
        );
    }
}

#[test]
fn multipliers() {
    let cases =
        [("1k", 1 << 10), ("1K", 1 << 10), ("3m", 3 << 20), ("3M", 3 << 20), ("2g", 2 << 30)];
    for (text, value) in cases {
        assert_eq!(
            [at(text), long(text), script(text)],
            [Ok(value), Ok(value), Ok(value)],
            "{text}"
        );
        assert!(count(text).is_err(), "{text}");
    }
    assert_eq!(long("2G"), Ok(2 << 30));
}

/// `ram 4096M,2048M` of published files is 4 GiB.
#[test]
fn an_address_with_a_multiplier_is_decimal() {
    assert_eq!(at("4096M"), Ok(1 << 32));
    assert_eq!(at("0x10k"), Ok(0x10 << 10));
    assert_eq!(at("0d10k"), Ok(10 << 10));
    assert!(at("ak").is_err());
}

#[test]
fn the_largest() {
    assert_eq!(count("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(at("ffffffffffffffff"), Ok(u64::MAX));
    assert_eq!(long("17179869183g"), Ok(u64::MAX - 0x3fff_ffff));
    assert_eq!(long("0x3fffffffffffffk"), Ok(u64::MAX - 0x3ff));
}

#[test]
fn beyond_the_largest() {
    for text in ["18446744073709551616", "0x10000000000000000", "17179869184g"] {
        assert_eq!(long(text), Err(format!("expected a length below 2^64, found '{text}'")));
    }
    assert_eq!(at("10000000000000000").unwrap_err(), {
        "expected mem:ADDRESS, ADDRESS or io:PORT below 2^64, found '10000000000000000'"
    });
}

#[test]
fn what_is_none() {
    for text in [
        "k", "0x", "0xk", "0d", "0dx", "-1", "+1", "1 k", "1kk", "1t", "0xfg0", "1_000", "1.5", "٣",
    ] {
        assert!(at(text).is_err() && long(text).is_err() && count(text).is_err(), "{text}");
    }
    assert!(count("a").unwrap_err().ends_with("(a number such as 16 or 0x10), found 'a'"));
    assert!(
        long("").unwrap_err().ends_with("(a number such as 4096, 0x1000 or 4k), found nothing")
    );
    assert_eq!(long("0"), Err("expected a length above 0, found '0'".to_owned()));
    assert_eq!(plain(size(word("0k"), "a size")), Ok(0));
}

/// In C a leading 0 is octal, and there is no `0d`.
#[test]
fn of_scripts() {
    assert_eq!(script("0x10k"), Ok(0x4000));
    assert_eq!(
        script("010"),
        Err("expected a number (decimal without a leading 0, or after 0x), found '010'".to_owned())
    );
    assert!(script("0d10").is_err() && script("a0").is_err());
}

#[test]
fn ambiguous_addresses() {
    for (text, is) in [("10", true), ("0010", true), ("9", false), ("0", false), ("00", false)] {
        assert_eq!(is_ambiguous(word(text)), is, "{text}");
    }
    for text in ["a0", "0x10", "0d10", "10k", "", "mem:10"] {
        assert!(!is_ambiguous(word(text)), "{text}");
    }
}

#[test]
fn booleans() {
    for (text, value) in [("1", true), ("yes", true), ("on", true), ("true", true)] {
        assert_eq!(boolean(word(text)), Ok(value));
    }
    for text in ["0", "no", "off", "false"] {
        assert_eq!(boolean(word(text)), Ok(false));
    }
    for text in ["", "2", "ON", "enabled"] {
        assert!(boolean(word(text)).is_err(), "{text}");
    }
}
