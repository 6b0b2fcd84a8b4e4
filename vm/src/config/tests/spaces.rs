//! The statements about the guest's spaces.

#![allow(clippy::unwrap_used)]

use super::*;

fn memory(text: &str) -> (bool, Option<u64>, u64) {
    let [Statement::Memory(memory)] = &statements(text)[..] else { panic!("{text}") };
    (memory.writable, memory.start, memory.length)
}

#[test]
fn ram_and_rom() {
    assert_eq!(memory("ram 0,0xa0000"), (true, Some(0), 0xa_0000));
    assert_eq!(memory("ram 128m"), (true, None, 128 << 20));
    assert_eq!(memory("ram mem:1m,1023m"), (true, Some(1 << 20), 1023 << 20));
    assert_eq!(memory("rom 0xffff0000,64k"), (false, Some(0xffff_0000), 0x1_0000));
    assert_eq!(memory("ram 0xfffffffffffff000,4k"), (true, Some(0xffff_ffff_ffff_f000), 0x1000));
}

#[test]
fn ram_refused() {
    let cases = [
        ("ram 0", "1:5: expected a length above 0, found '0'"),
        ("ram 0,0k", "1:7: expected a length above 0, found '0k'"),
        ("ram 0,", "1:7: expected a length (a number such as 4096, 0x1000 or 4k), found nothing"),
        ("ram 0,1,2", "1:7: expected a length (a number such as 4096, 0x1000 or 4k), found '1,2'"),
        ("ram io:0,1", "1:5: expected an address in memory (mem: or no prefix), found 'io:0'"),
        (
            "ram 0xfffffffffffff000,0x1001",
            "1:24: expected a length that does not go past 2^64 (the end of memory), found \
             '0x1001'",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(text), said, "{text}");
    }
}

#[test]
fn reserve() {
    let [Statement::Reserve(range)] = &statements("reserve loc io:0xcf8,8")[..] else { panic!() };
    let position = Position { line: 1, column: 13 };
    assert_eq!(*range, Range { position, place: Place::Ports(0xcf8), length: 8 });
    let cases = [
        ("reserve 0xa0000,0x20000", "1:9: expected 'loc' after 'reserve', found '0xa0000,0x20000'"),
        ("reserve intr apic:4", "1:9: expected 'loc' after 'reserve', found 'intr'"),
        ("reserve loc 0xa0000", "1:13: expected PLACE,LENGTH, found '0xa0000'"),
        (
            "reserve loc io:0xffff,2",
            "1:23: expected a length that does not go past 0x10000 (the end of the ports), \
             found '2'",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(text), said, "{text}");
    }
}

fn pass(text: &str) -> PassConfig {
    let [Statement::Pass(pass)] = &statements(text)[..] else { panic!("{text}") };
    pass.clone()
}

fn letters(attributes: Attributes) -> String {
    Attributes::LETTERS.chars().filter(|&letter| attributes.has(letter)).collect()
}

#[test]
fn attributes_of_pass() {
    let cases = [
        ("rw", "rw"),
        ("+rwxcm", "rwxcm"),
        ("rwx-w", "rx"),
        ("rw-wr+x", "x"),
        ("rdnst", "rdnst"),
        ("rr", "r"),
        ("--r+r", "r"),
    ];
    for (written, meant) in cases {
        let pass = pass(&format!("pass loc 0x1000,4k,{written}"));
        assert_eq!(letters(pass.attributes), meant, "{written}");
    }
}

#[test]
fn hosts_of_pass() {
    let cases = [
        ("0,4k,r", Host::Unsaid),
        ("0,4k,r=0xfe000000", Host::Physical(0xfe00_0000)),
        ("0,4k,r=file:/dev/x", Host::File("/dev/x".to_owned(), 0)),
        ("0,4k,r=file:a@1m", Host::File("a".to_owned(), 1 << 20)),
        ("0,4k,r=file:\"a@b\"@2", Host::File("a@b".to_owned(), 2)),
        ("io:1,2,rw=1", Host::Unsaid),
    ];
    for (text, host) in cases {
        assert_eq!(pass(&format!("pass loc {text}")).host, host, "{text}");
    }
}

#[test]
fn pass_refused() {
    let rights = "1:15: expected attributes with r, w or x, found";
    let cases = [
        ("0,4k", "1:10: expected PLACE,LENGTH,ATTRIBUTES[=HOST], found '0,4k'".to_owned()),
        ("0,4k,", format!("{rights} nothing")),
        ("0,4k,+", format!("{rights} '+'")),
        ("0,4k,r-r", format!("{rights} 'r-r'")),
        ("0,4k,cm=1", format!("{rights} 'cm'")),
        ("0,4k,=1", format!("{rights} nothing")),
        ("0,4k,rwe", "1:17: expected +, - or one of rwxcmdnst, found 'e'".to_owned()),
        ("0,4k,r=file:", "1:22: expected a path, found nothing".to_owned()),
        ("io:1,1,r=2", "1:19: expected the same port in the host, found '2'".to_owned()),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(&format!("pass loc {text}")), said, "{text}");
    }
}

#[test]
fn load() {
    let [Statement::Load(load)] = &statements("load 0xfffff000,dir/bios.bin")[..] else { panic!() };
    assert_eq!((load.address, load.file.as_str()), (0xffff_f000, "dir/bios.bin"));
    assert_eq!(refusal("load bios.bin"), "1:6: expected ADDRESS,FILE, found 'bios.bin'");
    assert_eq!(refusal("load 0,"), "1:8: expected a file, found nothing");
    assert_eq!(refusal("load 0,\"\""), "1:8: expected a file, found '\"\"'");
}
