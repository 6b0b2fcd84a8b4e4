//! Configurations on a real guest.

#![allow(clippy::unwrap_used)]

mod images;

use super::*;
use crate::config::{self, OptionList, Outside, Start};
use gasp_abi::{gasp_region_flags as grf, gasp_span};
use gasp_safe::{AccessKind, Space, flags};
use std::fs;
use std::path::Path;

/// Nothing but the words of the command line.
struct Nothing;

impl Outside for Nothing {
    fn load_vdev(&mut self, _: &str) -> Result<OptionList, String> {
        Ok(OptionList::default())
    }
    fn vdevs(&self) -> Vec<String> {
        Vec::new()
    }
    fn read_file(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there are no files".to_owned())
    }
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// A guest, its parts and its configuration, or all errors. `@` stands for the
/// directory of files, `#` for `@`.
fn all(text: &str, directory: &Path) -> Result<(Guest, Built, Config), Vec<String>> {
    let text = text.replace('@', &format!("{}/", directory.display())).replace('#', "@");
    let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    let config::Outcome { config, errors, .. } = config::read(&words, &mut Nothing);
    assert_eq!(errors, []);
    let (guest, mut built) = (Guest::new().unwrap(), Built::default());
    let errors = build(&guest, &config, &mut |_: &VdevConfig| Ok(()), &mut built);
    let errors: Vec<_> = errors.into_iter().map(|error| error.message).collect();
    if errors.is_empty() { Ok((guest, built, config)) } else { Err(errors) }
}

/// The guest of a configuration, or its only error.
fn make(text: &str, directory: &Path) -> Result<(Guest, Built), String> {
    match all(text, directory) {
        Ok((guest, built, _)) => Ok((guest, built)),
        Err(errors) => {
            assert_eq!(errors.len(), 1, "{errors:?}");
            Err(errors.concat())
        }
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
        ("ram 0,1m rom 0,4k", "expected a range that can be memory: "),
        ("ram 1,4k", "expected START and LENGTH to be multiples of 4096"),
        ("ram 4097", "expected START and LENGTH to be multiples of 4096"),
        (
            "rom 0xfffffffffffff000,4k ram 4k",
            "expected START,LENGTH: there is no room above the highest memory so far",
        ),
        ("reserve loc 0,8 reserve loc 4,8", "expected a range that can be reserved: "),
        (
            "ram 1m gasp-ram-chunk 4097",
            "expected the length of gasp-ram-chunk to be a multiple of 4096",
        ),
    ];
    for (text, said) in cases {
        let refusal = make(text, here()).err().unwrap();
        assert!(refusal.starts_with(said), "{text}: {refusal}");
    }
}

#[test]
fn all_errors_of_a_machine() {
    let errors = all("ram 1,4k ram 0,4k load 0,absent rom 4097", here()).err().unwrap();
    assert_eq!(errors.len(), 3, "{errors:?}");
}

/// The pieces are adjacent in the guest and apart in the host: one line is several regions.
#[test]
fn ram_in_pieces() {
    let text = "ram 0,64k rom 64k gasp-ram-chunk 16k";
    let (guest, _built) = make(text, here()).unwrap();
    let spans = map(&guest, Space::Memory);
    assert_eq!(
        spans.iter().map(|span| span.0).collect::<Vec<_>>(),
        [0, 0x4000, 0x8000, 0xc000, 0x1_0000]
    );
    assert_eq!(spans[4], (0x1_0000, 0x1_ffff, ROM));
    let (guest, _built) = make("ram 0,1m gasp-ram-random 7", here()).unwrap();
    let spans = map(&guest, Space::Memory);
    assert!(spans.len() >= 8);
    assert_eq!((spans[0].0, spans[spans.len() - 1].1), (0, 0xf_ffff));
}

#[test]
fn firmware_ends_at_4_gib() {
    let files = Files::new("firmware").write("bios", &[0xea; 0x1000]);
    let (guest, _built) = make("rom 0xffff0000,64k load 0xfffff000,@bios", &files.0).unwrap();
    let mut bytes = [0; 17];
    guest.read(0xffff_ffef, &mut bytes[..16]).unwrap();
    guest.read(0xffff_efff, &mut bytes[16..]).unwrap();
    assert_eq!((&bytes[..16], bytes[16]), (&[0xea; 16][..], 0));
}

#[test]
fn load_refused() {
    let linux: Vec<u8> = [&[0; 0x202][..], b"HdrS"].concat();
    let arm: Vec<u8> = [&[0; 0x38][..], b"ARM\x64"].concat();
    let files = Files::new("load")
        .write("elf", b"\x7fELF...")
        .write("empty", b"")
        .write("a", b"ab")
        .write("linux", &linux)
        .write("arm", &arm)
        .write("dtb", b"\xd0\x0d\xfe\xed");
    let cases = [
        (
            "0,@absent",
            "expected a file that can be read (No such file or directory (os error 2)): ",
        ),
        ("0,@.", "expected a regular file: "),
        ("0,@empty", "expected a file that is not empty: "),
        ("@elf", "expected an ELF file that is whole ("),
        ("@linux", "expected a kernel of Linux that is whole: "),
        ("@arm", "expected an image for x86, not a kernel of Linux for ARM (gasp-vm runs x86"),
        ("@dtb", "expected an image for x86, not a device tree ("),
        ("0x1fff,@a", "expected ram or rom for 2 bytes at 0x1fff: "),
        ("0xffffffffffffffff,@a", "expected ram or rom for 2 bytes at 0xffffffffffffffff: "),
    ];
    for (text, said) in cases {
        let refusal = make(&format!("ram 8k load {text}"), &files.0).err().unwrap();
        assert!(refusal.starts_with(said), "{text}: {refusal}");
    }
    assert!(make("load @a", &files.0).is_err_and(|said| said.starts_with("expected a free place")));
}

/// The lowest free place, past what is reserved or loaded, at pages.
#[test]
fn load_without_an_address() {
    let files = Files::new("fit").write("page", &[1; 0x1001]).write("b", &[2; 3]);
    let (guest, _built) =
        make("ram 0x1000,4k ram 0x8000,32k load @page load @b", &files.0).unwrap();
    let byte = |guest: &Guest, at| {
        let mut bytes = [0];
        guest.read(at, &mut bytes).unwrap();
        bytes[0]
    };
    assert_eq!([byte(&guest, 0x8000), byte(&guest, 0x9000), byte(&guest, 0x1000)], [1, 1, 2]);
    // Adjacent lines are one place.
    let text = "ram 0x1000,4k ram 0x2000,4k reserve loc 0x1000,1 load 0x2000,@b load @b";
    assert!(make(text, &files.0).is_err());
    let (guest, _built) = make("ram 0x1000,4k ram 0x2000,4k load @page", &files.0).unwrap();
    assert_eq!([byte(&guest, 0x1000), byte(&guest, 0x2000)], [1, 1]);
}

/// QNX: if a raw image is the first loaded file, the boot CPU starts at its first byte.
#[test]
fn where_an_image_starts() {
    let files = Files::new("start").write("a", &[1; 3]).write("elf", b"\x7fELF");
    let start = |text| {
        let (_guest, built, config) = all(text, &files.0).unwrap();
        built.start(&config)
    };
    assert_eq!(start("ram 1m load @a"), Start::Flat { entry: 0 });
    assert_eq!(start("ram 1m guest load 64k,@a load @a"), Start::Flat { entry: 0x1_0000 });
    assert_eq!(start("ram 1m data load @a load @a"), Start::Reset);
    assert_eq!(start("ram 1m data load @elf"), Start::Reset);
    assert_eq!(start("ram 1m initrd load @elf"), Start::Reset);
    assert_eq!(start("ram 1m load @a gasp-start reset"), Start::Reset);
    assert_eq!(start("ram 1m"), Start::Reset);
    let said = make("ram 4g,4k load 4g,@a", &files.0).err().unwrap();
    assert!(said.starts_with("expected 'gasp-start': "), "{said}");
}

#[test]
fn pass_of_zeroed_memory() {
    let (guest, built) = make("pass loc 64k,8k,rwxcm", here()).unwrap();
    let flags = flags([
        grf::GRF_PASSTHRU,
        grf::GRF_PASS_ANY,
        grf::GRF_MEMORY,
        grf::GRF_DMA_NO_USE,
        grf::GRF_DMA_SOURCE,
        grf::GRF_DMA_TARGET,
    ]);
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
    let text = "pass loc 0,8k,rw=file:@device#4k";
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
        ("0,8k,r=file:@short", "expected a file that is long enough: "),
        ("0,4k,r=file:@short#4k", "expected a file that is long enough: "),
        ("0,4k,r=file:@absent", "expected a file that can be mapped (No such file"),
        ("0,4k,r=file:@short#1", "expected addresses and length to be multiples of 4096"),
        ("1,4k,r", "expected addresses and length to be multiples of 4096"),
        ("0,1,r", "expected addresses and length to be multiples of 4096"),
    ];
    for (text, said) in cases {
        let refusal = make(&format!("pass loc {text}"), &files.0).err().unwrap();
        assert!(refusal.starts_with(said), "{text}: {refusal}");
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
