//! Configurations on a real guest.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::{self, OptionList};
use gasp_abi::{gasp_region_flags as grf, gasp_span};
use gasp_safe::{AccessKind, Space, flags};
use std::fs;

/// The guest of a configuration without vdevs. `directory` is where files are.
fn make(text: &str, directory: &Path) -> Result<(Guest, Built), String> {
    let mut none = |_: &str| Ok(OptionList::default());
    let config = config::parse(text, &mut none).unwrap();
    let guest = Guest::new().unwrap();
    let mut create = |_: &VdevConfig| Ok(());
    let mut built = Built::default();
    match build(&guest, &config, directory, &mut create, &mut built) {
        Ok(()) => Ok((guest, built)),
        Err(error) => Err(error.to_string()),
    }
}

fn here() -> &'static Path {
    Path::new(".")
}

/// First and last location and flags of each region, without `ACTIVE`.
fn map(guest: &Guest, space: Space) -> Vec<(u64, u64, u32)> {
    let plain =
        |span: &gasp_span| (span.location, span.last, span.flags & !(grf::GRF_ACTIVE as u32));
    guest.spans(space).iter().map(plain).collect()
}

/// A directory for one test's files.
struct Files(std::path::PathBuf);

impl Files {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gasp-vm-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(self, name: &str, bytes: &[u8]) -> Self {
        fs::write(self.0.join(name), bytes).unwrap();
        self
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const RAM: u32 = 0x3138;
const ROM: u32 = 0x1128;

#[test]
fn the_pc_of_the_manual() {
    let text = "ram 0,0xa0000 reserve loc 0xa0000,0x20000 rom 0xc0000,0x40000 ram 1m,15m ram 16m";
    let (guest, built) = make(text, here()).unwrap();
    assert_eq!(
        map(&guest, Space::Memory),
        [
            (0, 0x9_ffff, RAM),
            (0xc_0000, 0xf_ffff, ROM),
            (0x10_0000, 0xff_ffff, RAM),
            (0x100_0000, 0x1ff_ffff, RAM),
        ]
    );
    assert_eq!(built.reserved.len(), 1);
    // The reserved range is free, but searches skip it.
    assert_eq!(guest.find_free(Space::Memory, 0x1000, 0x1000).unwrap(), 0x200_0000);
}

#[test]
fn memory_refused() {
    let cases = [
        ("ram 0,1m\nrom 0,4k", "2:5: expected a range that can be memory: "),
        ("ram 1,4k", "1:5: expected START and LENGTH to be multiples of 4096"),
        ("ram 4097", "1:5: expected START and LENGTH to be multiples of 4096"),
        (
            "rom 0xfffffffffffff000,4k\nram 4k",
            "2:5: expected START,LENGTH: there is no room above the highest memory so far",
        ),
        ("reserve loc 0,8\nreserve loc 4,8", "2:13: expected a range that can be reserved: "),
    ];
    for (text, said) in cases {
        let refusal = make(text, here()).err().unwrap();
        assert!(refusal.starts_with(said), "{text}: {refusal}");
    }
}

#[test]
fn firmware_ends_at_4_gib() {
    let files = Files::new("firmware").write("bios", &[0xea; 0x1000]);
    let (guest, _built) = make("rom 0xffff0000,64k load 0xfffff000,bios", &files.0).unwrap();
    let mut bytes = [0; 17];
    guest.read(0xffff_ffef, &mut bytes[..16]).unwrap();
    guest.read(0xffff_efff, &mut bytes[16..]).unwrap();
    assert_eq!((&bytes[..16], bytes[16]), (&[0xea; 16][..], 0));
}

#[test]
fn load_refused() {
    let files =
        Files::new("load").write("elf", b"\x7fELF...").write("empty", b"").write("a", b"ab");
    let cases = [
        (
            "load 0,absent",
            "expected a file that can be read (No such file or directory (os error 2)): absent",
        ),
        ("load 0,.", "expected a regular file: ."),
        ("load 0,empty", "expected a file that is not empty: empty"),
        ("load 0,elf", "expected a raw image, not an ELF file (objcopy -O binary makes one): elf"),
        ("load 0x1fff,a", "expected ram or rom for 2 bytes at 0x1fff: "),
        ("load 0xffffffffffffffff,a", "expected ram or rom for 2 bytes at 0xffffffffffffffff: "),
    ];
    for (text, said) in cases {
        let refusal = make(&format!("ram 8k\n{text}"), &files.0).err().unwrap();
        assert!(refusal.starts_with(&format!("2:6: {said}")), "{text}: {refusal}");
    }
}

#[test]
fn pass_of_zeroed_memory() {
    let (guest, built) = make("pass loc 64k,8k,rwxcm", here()).unwrap();
    let flags = flags([grf::GRF_PASSTHRU, grf::GRF_PASS_ANY, grf::GRF_MEMORY]);
    assert_eq!(map(&guest, Space::Memory), [(0x1_0000, 0x1_1fff, flags)]);
    guest.write(0x1_1fff, b"x").unwrap();
    let mut bytes = *b"abc";
    guest.read(0x1_1ffe, &mut bytes[..2]).unwrap();
    assert_eq!(&bytes, b"\0xc");
    assert_eq!(built.notes.len(), 1);
}

#[test]
fn pass_of_a_file() {
    let files = Files::new("pass").write("device", &[7; 0x3000]);
    let text = "pass loc 0,8k,rw=file:device@4k";
    let (guest, built) = make(text, &files.0).unwrap();
    let passes = [grf::GRF_PASSTHRU, grf::GRF_PASS_RD, grf::GRF_PASS_WR, grf::GRF_NOCACHE];
    let flags = flags(passes);
    assert_eq!(map(&guest, Space::Memory), [(0, 0x1fff, flags)]);
    guest.write(0x1ffe, b"x").unwrap();
    let file = fs::read(files.0.join("device")).unwrap();
    assert_eq!(file[0x2ffd..], [7, b'x', 7]);
    assert_eq!(built.notes, []);
}

#[test]
fn pass_refused() {
    let files = Files::new("refused").write("short", &[0; 0x1fff]);
    let cases = [
        ("0,8k,r=file:short", "expected a file that is long enough: "),
        ("0,4k,r=file:short@4k", "expected a file that is long enough: "),
        ("0,4k,r=file:absent", "expected a file that can be mapped (No such file"),
        ("0,4k,r=file:short@1", "expected addresses and length to be multiples of 4096"),
        ("1,4k,r", "expected addresses and length to be multiples of 4096"),
        ("0,1,r", "expected addresses and length to be multiples of 4096"),
    ];
    for (text, said) in cases {
        let refusal = make(&format!("pass loc {text}"), &files.0).err().unwrap();
        assert!(refusal.starts_with(&format!("1:10: {said}")), "{text}: {refusal}");
    }
}

#[test]
fn pass_of_ports() {
    let (guest, built) = make("pass loc io:0xcf8,8,rw", here()).unwrap();
    assert_eq!(map(&guest, Space::Ports), [(0xcf8, 0xcff, grf::GRF_PASSTHRU as u32)]);
    assert_eq!(built.notes.len(), 1);
    let mut cpu = guest.cpu().unwrap();
    let mut data = [0; 4];
    assert_eq!(cpu.access(Space::Ports, AccessKind::Read, 0xcf8, &mut data), Ok(()));
    assert_eq!(data, [0xff; 4]);
    guest.set_unsupported(Unsupported::Fail).unwrap();
    assert_eq!(cpu.access(Space::Ports, AccessKind::Read, 0xcf8, &mut data), Err(libc::EFAULT));
}

#[test]
fn policies() {
    assert_eq!(policy(None), Unsupported::Ignore);
    assert_eq!(policy(Some(Policy::Fail)), Unsupported::Fail);
    assert_eq!(policy(Some(Policy::Abort)), Unsupported::Abort);
}
