//! Core files that are read back.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::mapping::Mapping;
use crate::platform::Registers;
use gasp_abi::{gasp_region, gasp_region_flags as grf, qvm_state_block};
use gasp_safe::Memory;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A directory of a test, removed when dropped.
pub(super) struct Directory(PathBuf);

impl Deref for Directory {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left is only untidy.
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn directory(name: &str) -> Directory {
    let path = std::env::temp_dir().join(format!("gasp-core-{name}-{}", std::process::id()));
    // It may be left from a process with the same number.
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).unwrap();
    Directory(path)
}

/// Two vCPUs, whose registers count up.
struct Counting;

impl Platform for Counting {
    fn interrupt(&self, _: u8, _: bool) {}
    fn terminate(&self, _: u8) {}
    fn registers(&self) -> Result<Vec<Registers>, i32> {
        let from = |first| std::array::from_fn(|index| first + u64::try_from(index).unwrap());
        Ok(vec![from(100), from(200)])
    }
}

fn core_files(dump: Dump, guest: Guest) -> CoreFiles {
    let config = Config { dump: Some(dump), name: Some("a/box".into()), ..Config::default() };
    let reserved = vec![(Space::Memory, 0xa_0000, 0xb_ffff)];
    let name_of = |_| "none".to_owned();
    CoreFiles::new(&config, Arc::new(guest), Arc::new(Counting), reserved, name_of).unwrap()
}

/// The bytes of the only file in a directory.
fn only_file(directory: &Path) -> (PathBuf, Vec<u8>) {
    let paths: Vec<_> = fs::read_dir(directory).unwrap().map(|one| one.unwrap().path()).collect();
    assert_eq!(paths.len(), 1);
    (paths[0].clone(), fs::read(&paths[0]).unwrap())
}

fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    bytes[at..at + size].iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// Type, flags, offset, virtual and physical address, size in the file and in memory, alignment.
fn segments(bytes: &[u8]) -> Vec<[u64; 8]> {
    assert_eq!(&bytes[..7], b"\x7fELF\x02\x01\x01");
    // ET_CORE, EM_X86_64; e_phoff, e_phentsize
    assert_eq!((number(bytes, 16, 2), number(bytes, 18, 2)), (4, 62));
    assert_eq!((number(bytes, 32, 8), number(bytes, 54, 2)), (64, 56));
    let segment = |index: u64| {
        let at = usize::try_from(64 + 56 * index).unwrap();
        let wide = |index: usize| number(bytes, at + 8 * index, 8);
        let (kind, flags) = (number(bytes, at, 4), number(bytes, at + 4, 4));
        [kind, flags, wide(1), wide(2), wide(3), wide(4), wide(5), wide(6)]
    };
    (0..number(bytes, 56, 2)).map(segment).collect()
}

/// Owner, type and content of each note.
fn notes(bytes: &[u8], segment: &[u64; 8]) -> Vec<(String, u64, Vec<u8>)> {
    assert_eq!(segment[0], 4);
    let start = usize::try_from(segment[2]).unwrap();
    let mut rest = &bytes[start..start + usize::try_from(segment[5]).unwrap()];
    let mut notes = Vec::new();
    while !rest.is_empty() {
        let size = |at| usize::try_from(number(rest, at, 4)).unwrap();
        let (owner, content) = (size(0), size(4));
        let begin = 12 + owner.next_multiple_of(4);
        let name = String::from_utf8(rest[12..12 + owner - 1].to_vec()).unwrap();
        notes.push((name, number(rest, 8, 4), rest[begin..begin + content].to_vec()));
        rest = &rest[begin + content.next_multiple_of(4)..];
    }
    notes
}

fn guest() -> Guest {
    let guest = Guest::new().unwrap();
    guest.add_memory(0, 0x40_0000, Memory::Ram).unwrap();
    guest.add_memory(0x40_0000, 0x2000, Memory::Ram).unwrap();
    guest.add_memory(0x40_2000, 0x1000, Memory::Rom).unwrap();
    guest.add_memory(0x1_0000_0000, 0x1000, Memory::Ram).unwrap();
    for (location, text) in [(0x1fff_u64, "ab"), (0x3f_ffff, "cd"), (0x40_2ffe, "ef")] {
        guest.write(location, text.as_bytes()).unwrap();
    }
    guest.write(0x1_0000_0000, b"g").unwrap();
    guest
}

/// All of memory is as it was, and all else of the file is 0.
fn assert_memory(bytes: &[u8], segments: &[[u64; 8]]) {
    let loads: Vec<_> = segments[1..]
        .iter()
        .map(|segment| {
            assert_eq!((segment[0], segment[4]), (1, segment[3]));
            assert_eq!((segment[5], segment[7]), (segment[6], 0x1000));
            assert_eq!(segment[2] % 0x1000, segment[3] % 0x1000);
            (segment[3], segment[6], segment[1])
        })
        .collect();
    assert_eq!(loads, [(0, 0x40_2000, 7), (0x40_2000, 0x1000, 5), (0x1_0000_0000, 0x1000, 7)]);
    let at = |index: usize, further: u64| {
        let at = usize::try_from(segments[index][2] + further).unwrap();
        &bytes[at..at + 2]
    };
    assert_eq!(
        [at(1, 0x1fff), at(1, 0x3f_ffff), at(2, 0xffe), at(3, 0)],
        [b"ab", b"cd", b"ef", b"g\0"]
    );
    let begin = usize::try_from(segments[1][2]).unwrap();
    assert_eq!(bytes[begin..].iter().filter(|byte| **byte != 0).count(), 7);
    let last = segments[3];
    assert_eq!(bytes.len(), usize::try_from(last[2] + last[5]).unwrap());
}

#[test]
fn a_core_file_has_memory_registers_and_the_map() {
    let directory = directory("all");
    core_files(Dump::Directory(directory.to_path_buf()), guest()).write().unwrap();
    let (path, bytes) = only_file(&directory);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("a_box-2") && name.ends_with(".gcore"), "{name}");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let segments = segments(&bytes);
    assert_memory(&bytes, &segments);
    let notes = notes(&bytes, &segments[0]);
    let heads: Vec<_> = notes.iter().map(|(name, kind, _)| (name.as_str(), *kind)).collect();
    assert_eq!(heads, [("CORE", 1), ("CORE", 1), ("GASP", 0x4741_5350)]);
    for (content, thread, first) in [(&notes[0].2, 1, 100), (&notes[1].2, 2, 200)] {
        assert_eq!((content.len(), number(content, 32, 4)), (336, thread));
        let registers: Vec<_> = (0..27).map(|index| number(content, 112 + 8 * index, 8)).collect();
        assert_eq!(registers, (first..first + 27).collect::<Vec<_>>());
    }
    let map = String::from_utf8(notes[2].2.clone()).unwrap();
    assert!(map.contains("0x000a0000-0x000bffff") && map.contains("ROM"), "{map}");
}

/// Memory that `pass` gives as RAM has no memory file.
#[test]
fn passed_memory_is_read_through_the_map() {
    let directory = directory("passed");
    let mapping = Mapping::zeroed(0x2_0000).unwrap();
    let guest = Guest::new().unwrap();
    let flags = grf::GRF_PASSTHRU as u32
        | grf::GRF_MEMORY as u32
        | grf::GRF_PASS_RD as u32
        | grf::GRF_PASS_WR as u32;
    let place = qvm_state_block { location: 0x5000, length: 0x2_0000, r#type: 0, flags: 0 };
    let (vdev, host_location) = (std::ptr::null_mut(), mapping.start());
    guest.set(&[gasp_region { flags, cookie: 0, vdev, host_location, guest: place }]).unwrap();
    guest.write(0x2_4ffe, b"yz").unwrap();
    core_files(Dump::Directory(directory.to_path_buf()), guest).write().unwrap();
    let (_, bytes) = only_file(&directory);
    let load = segments(&bytes)[1];
    assert_eq!(load[3..6], [0x5000, 0x5000, 0x2_0000]);
    let last = usize::try_from(load[2] + 0x1_fffe).unwrap();
    assert_eq!(bytes[last..], *b"yz");
    drop(mapping);
}

#[test]
fn memory_that_nobody_has_used_takes_no_room() {
    let directory = directory("sparse");
    let guest = Guest::new().unwrap();
    guest.add_memory(0, 64 << 30, Memory::Ram).unwrap();
    guest.write(40 << 30, b"x").unwrap();
    guest.write(8 << 30, &vec![0; 4 << 20]).unwrap();
    let files = core_files(Dump::Directory(directory.to_path_buf()), guest);
    files.write().unwrap();
    let path = fs::read_dir(&*directory).unwrap().next().unwrap().unwrap().path();
    let about = fs::metadata(path).unwrap();
    assert!(about.len() > 64 << 30 && about.blocks() * 512 < 1 << 20, "{} blocks", about.blocks());
    // Nor has it been given to the guest.
    let backing = files.guest.backing(0).unwrap();
    let memory = fs::File::from(backing.file.try_clone_to_owned().unwrap());
    assert!(memory.metadata().unwrap().blocks() * 512 < 16 << 20);
}

#[test]
fn a_command_gets_the_same_bytes() {
    let directory = directory("pipe");
    let command = format!("cat >'{}/core'", directory.display());
    core_files(Dump::Command(command), guest()).write().unwrap();
    let (_, bytes) = only_file(&directory);
    assert_memory(&bytes, &segments(&bytes));
}

#[test]
fn commands_that_fail() {
    let write = |command: &str| core_files(Dump::Command(command.to_owned()), guest()).write();
    assert_eq!(write("cat >/dev/null; exit 3"), Err(libc::EIO));
    // It ends before it has read all.
    assert_eq!(write("exec true"), Err(libc::EPIPE));
}

#[test]
fn a_file_that_cannot_be_written_is_not_left() {
    let directory = directory("failed");
    struct Broken;
    impl Platform for Broken {
        fn interrupt(&self, _: u8, _: bool) {}
        fn terminate(&self, _: u8) {}
        fn registers(&self) -> Result<Vec<Registers>, i32> {
            Err(libc::EBADF)
        }
    }
    let files = core_files(Dump::Directory(directory.to_path_buf()), guest());
    let files = CoreFiles { platform: Arc::new(Broken), ..files };
    assert_eq!(files.write(), Err(libc::EBADF));
    assert_eq!(fs::read_dir(&*directory).unwrap().count(), 0);
}

#[test]
fn without_dump_there_are_no_core_files() {
    let name_of = |_| String::new();
    let (guest, platform) = (Arc::new(guest()), Arc::new(Counting));
    let none = CoreFiles::new(&Config::default(), guest, platform, Vec::new(), name_of);
    assert!(none.is_none());
}

#[test]
fn a_guest_without_a_name() {
    let directory = directory("nameless");
    let config =
        Config { dump: Some(Dump::Directory(directory.to_path_buf())), ..Config::default() };
    let name_of = |_| String::new();
    let (guest, platform) = (Arc::new(guest()), Arc::new(Counting));
    let files = CoreFiles::new(&config, guest, platform, Vec::new(), name_of).unwrap();
    files.write().unwrap();
    let name = only_file(&directory).0.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.starts_with("qvm-guest-2"), "{name}");
}

#[test]
fn more_runs_than_a_core_file_can_have() {
    let run =
        |page: u64| runs::Run { first: page << 13, last: (page << 13) + 0xfff, writable: true };
    let some: Vec<_> = (0..65533).map(run).collect();
    let head = elf::head(&some, &[], "").unwrap();
    assert_eq!(segments(&head.bytes).len(), 65534);
    let many: Vec<_> = (0..65534).map(run).collect();
    assert!(elf::head(&many, &[], "").unwrap_err().to_string().contains("65534 runs"));
}

#[test]
fn runs_that_are_no_pages() {
    let part = runs::Run { first: 0x1234, last: 0x1fff, writable: true };
    let head = elf::head(&[part], &[], "map").unwrap();
    assert_eq!((head.starts[0] & 0xfff, head.length & 0xfff), (0x234, 0));
    let huge = runs::Run { first: 0, last: u64::MAX, writable: true };
    assert_eq!(elf::head(&[huge], &[], "").unwrap_err().raw_os_error(), Some(libc::EFBIG));
}
