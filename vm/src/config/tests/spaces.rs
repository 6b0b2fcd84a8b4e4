//! `ram`, `rom`, `reserve`, `pass` and `load`.

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
    assert_eq!(memory("ram 4096M,2048M"), (true, Some(1 << 32), 2 << 30));
    assert_eq!(memory("ram a0000,1000"), (true, Some(0xa_0000), 1000));
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
    // The first line is that of the command line.
    let position = Position { line: 2, column: 13 };
    assert_eq!(*range, Range { position, place: Place::Ports(0xcf8), length: 8 });
    for (text, place, length) in [
        ("io:cf8", Place::Ports(0xcf8), 1),
        ("io 0xcf,0x8", Place::Ports(0xcf), 8),
        ("0xa0000,0x20000", Place::Memory(0xa_0000), 0x2_0000),
    ] {
        let [Statement::Reserve(range)] = &statements(&format!("reserve loc {text}"))[..] else {
            panic!()
        };
        assert_eq!((range.place, range.length), (place, length), "{text}");
    }
    assert_eq!(statements("reserve loc pci:0:3 loc pci:0:4.1 intr 39 intr ioapic:4"), []);
}

#[test]
fn reserve_refused() {
    let cases = [
        ("loc 0xa0000", "1:13: expected PLACE,LENGTH, found '0xa0000'"),
        ("loc pci:0", "1:17: expected BUS:DEVICE[.FUNCTION], found '0'"),
        ("intr x", "1:14: expected an interrupt (a number such as 16 or 0x10), found 'x'"),
        (
            "0xa0000,0x20000",
            "1:9: expected an option of 'reserve' or of the guest, found '0xa0000,0x20000'",
        ),
        (
            "loc io:0xffff,2",
            "1:23: expected a length that does not go past 0x10000 (the end of the ports), \
             found '2'",
        ),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(&format!("reserve {text}")), said, "{text}");
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
        ("+rwxcm", "rwxcmnst"),
        ("m", "rwxcmnst"),
        ("m-w", "rxcmnst"),
        ("rwe", "rwe"),
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
        ("0,4k,rw,=0x1000", Host::Physical(0x1000)),
        ("0,4k,r=1000", Host::Physical(0x1000)),
        ("0,4k,r=file:a@1m", Host::File("a".to_owned(), 1 << 20)),
        ("0,4k,r=file:\"a@b\"@2", Host::File("a@b".to_owned(), 2)),
        ("io:1,2,rw=1", Host::Unsaid),
        ("io:1,2,rw,=io:1", Host::Unsaid),
    ];
    for (text, host) in cases {
        assert_eq!(pass(&format!("pass loc {text}")).host, host, "{text}");
    }
}

/// A field after the address is attributes if it begins with a letter or a sign.
#[test]
fn what_pass_may_leave_out() {
    for (text, length, meant) in [
        ("mem:0x2000,r=0x1000", 0x1000, "r"),
        ("0x2000,+rw-w", 0x1000, "r"),
        ("0x2000,8k", 0x2000, "rw"),
        ("0x2000,d8192,r", 0x2000, "r"),
        ("0x2000", 0x1000, "rw"),
        ("0x2000,rwc=0x1000", 0x1000, "rwc"),
        ("io:0x70", 1, "rw"),
        ("io:0x70,r", 1, "r"),
    ] {
        let text = text.replace(",d8192", ",0d8192");
        let pass = pass(&format!("pass loc {text}"));
        assert_eq!((pass.range.length, &*letters(pass.attributes)), (length, meant), "{text}");
    }
}

#[test]
fn pass_refused() {
    let rights = "1:15: expected attributes with r, w or x, found";
    let cases = [
        ("0,4k,", format!("{rights} nothing")),
        ("0,4k,+", format!("{rights} '+'")),
        ("0,4k,r-r", format!("{rights} 'r-r'")),
        ("0,4k,c=1", format!("{rights} 'c'")),
        ("0,4k,rwq", "1:17: expected +, - or one of rwxcemdnst, found 'q'".to_owned()),
        (
            "0,4k,rdm",
            "1:15: expected no d (device memory) beside m (system memory), found 'rdm'".to_owned(),
        ),
        ("0,4k,r=file:", "1:22: expected a path, found nothing".to_owned()),
        ("io:1,1,r=2", "1:19: expected the same port in the host, found '2'".to_owned()),
        (
            "0,4k,r,w",
            "1:10: expected PLACE[,LENGTH][,ATTRIBUTES][=HOST], found '0,4k,r,w'".to_owned(),
        ),
    ];
    for (text, said) in cases {
        assert_eq!(refusal(&format!("pass loc {text}")), said, "{text}");
    }
}

/// They are understood, and not to be had here.
#[test]
fn pass_of_devices() {
    for text in [
        "loc pci:0:3.0=pci:0x8086/0x1533/0",
        "loc pci:0x8086/0x1533",
        "intr ioapic:4,t=12",
        "intr a:1,u",
    ] {
        let said = refusal(&format!("pass {text}"));
        assert!(said.starts_with("1:6: 'pass ") && said.contains("is refused: "), "{said}");
    }
    for text in ["intr 4", "intr a:b", "intr a:1,x", "intr a:1=b"] {
        let said = refusals(&format!("pass {text}"));
        assert!(said.iter().any(|said| said.contains(": expected ")), "{said:?}");
    }
    assert!(refusal("initrd pass loc 0,4k,r").contains("'TYPE pass' is refused"));
}

fn loaded(text: &str) -> (Blob, Option<u64>, String) {
    let [Statement::Load(load)] = &statements(text)[..] else { panic!("{text}") };
    (load.blob, load.address, load.file.clone())
}

#[test]
fn load() {
    let file = |name: &str| name.to_owned();
    let bios = (Blob::Image, Some(0xffff_f000), file("dir/bios.bin"));
    assert_eq!(loaded("load 0xfffff000,dir/bios.bin"), bios);
    assert_eq!(loaded("load fffff000,dir/bios.bin"), bios);
    assert_eq!(loaded("guest load ifs.bin"), (Blob::Image, None, file("ifs.bin")));
    assert_eq!(loaded("data load 0xD1C30000,f"), (Blob::Data, Some(0xd1c3_0000), file("f")));
    assert_eq!(loaded("initrd load rd"), (Blob::Initrd, None, file("rd")));
    assert_eq!(loaded("acpi load 1m,t"), (Blob::Acpi, Some(1 << 20), file("t")));
    assert_eq!(loaded("load my,file"), (Blob::Image, None, file("my,file")));
    assert_eq!(loaded("load mem:1m,file"), (Blob::Image, Some(1 << 20), file("file")));
}

#[test]
fn load_refused() {
    assert_eq!(refusal("load 0,"), "1:8: expected a file, found nothing");
    assert_eq!(refusal("load 0,\"\""), "1:8: expected a file, found '\"\"'");
    assert!(refusal("load 1q,f").starts_with("1:6: expected mem:ADDRESS, ADDRESS or io:PORT ("));
    let said = "1:8: expected 'load' or 'pass' after 'initrd', found 'ram'";
    assert_eq!(refusals("initrd ram 1m"), [said]);
}
