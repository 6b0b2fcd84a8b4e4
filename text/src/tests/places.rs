//! Locations.

#![allow(clippy::unwrap_used)]

use super::*;

fn at(text: &str) -> Result<Place, String> {
    place(text, Position { line: 3, column: 5 }).map_err(|error| error.to_string())
}

#[test]
fn prefixes() {
    assert_eq!(at("0x1000"), Ok(Place::Memory(0x1000)));
    assert_eq!(at("mem:1m"), Ok(Place::Memory(0x10_0000)));
    assert_eq!(at("mem:0xffffffffffffffff"), Ok(Place::Memory(u64::MAX)));
    assert_eq!(at("io:0x3f8"), Ok(Place::Ports(0x3f8)));
    assert_eq!(at("io:ffff"), Ok(Place::Ports(0xffff)));
}

#[test]
fn refusals() {
    let cases = [
        ("io:0x10000", "3:8: expected a port up to 0xffff, found '0x10000'"),
        (
            "io:",
            "3:8: expected a port (hexadecimal, as 0xa0000 and a0000, or decimal, as 0d4096 and 4k), found nothing",
        ),
        (
            "mem:x",
            "3:9: expected an address (hexadecimal, as 0xa0000 and a0000, or decimal, as 0d4096 and 4k), found 'x'",
        ),
        (
            "pci:0:3.0",
            "3:5: expected mem:ADDRESS or io:PORT (there is no PCI bus here), found \
             'pci:0:3.0'",
        ),
        (
            "IO:1",
            "3:5: expected mem:ADDRESS, ADDRESS or io:PORT (hexadecimal, as 0xa0000 and a0000, or \
             decimal, as 0d4096 and 4k), found 'IO:1'",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(at(text), Err(said.to_owned()), "{text}");
    }
}
