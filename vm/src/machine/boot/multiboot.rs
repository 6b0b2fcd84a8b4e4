//! Multiboot, version 1: an entry in 32 bits, and a structure of 32-bit numbers.

#![forbid(unsafe_code)]

use super::super::memory_map::{Entry, Kind};
use super::super::places::Range;
use super::Handed;
use super::room::Room;
use crate::config::ImageStart;

/// EAX, by which an image knows that its loader is one of multiboot.
const MAGIC: u64 = 0x2bad_b002;
/// Lower and upper memory, command line, modules, map, and the loader's name.
const MEMORY: u32 = 1;
const CMDLINE: u32 = 1 << 2;
const MODULES: u32 = 1 << 3;
const MAP: u32 = 1 << 6;
const NAME: u32 = 1 << 9;
/// The number of words of the structure, and of those that are used here the indices.
const WORDS: usize = 30;
const MIB: u64 = 1 << 20;
const LOWER: u64 = 640 << 10;
const NAME_TEXT: &[u8] = b"gasp-vm\0";

/// The state in which the image starts; what it is told is in its memory then.
pub(super) fn start(
    entry: u64,
    handed: &Handed,
    room: &mut Room<'_>,
) -> Result<ImageStart, String> {
    let modules: Vec<u8> = bytes(handed.modules.iter().map(module), "modules")?;
    let modules_at = if modules.is_empty() { 0 } else { room.put(&modules)? };
    let map: Vec<u8> = handed.map.iter().flat_map(section).collect();
    let map_at = room.put(&map)?;
    let name_at = room.put(NAME_TEXT)?;
    let mut info = [0_u64; WORDS];
    let cmdline = handed.cmdline.map_or(0, |_| CMDLINE);
    info[0] = u64::from(MEMORY | cmdline | MODULES | MAP | NAME);
    (info[1], info[2]) = (kib(&handed.map, 0, LOWER), kib(&handed.map, MIB, 1 << 32));
    info[4] = handed.cmdline.unwrap_or(0);
    (info[5], info[6]) = (length(&handed.modules), modules_at);
    (info[11], info[12]) = (length(&map), map_at);
    info[16] = name_at;
    let place = room.put(&bytes([Some(info)].into_iter(), "numbers")?)?;
    let tables = room.take(ImageStart::tables_length(false))?;
    Ok(ImageStart { entry, tables, long: false, rax: MAGIC, rbx: place, rsi: 0 })
}

/// Start, end, no text, and zero.
fn module(&(first, last): &Range) -> Option<[u64; 4]> {
    Some([first, last.checked_add(1)?, 0, 0])
}

/// The bytes of 32-bit words.
fn bytes<const N: usize>(
    all: impl Iterator<Item = Option<[u64; N]>>,
    what: &str,
) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for words in all {
        for word in words.into_iter().flatten() {
            let word = u32::try_from(word).map_err(|_| format!("{what} below 4 GiB"))?;
            bytes.extend(word.to_le_bytes());
        }
    }
    Ok(bytes)
}

/// The size of what follows, address, length, kind.
fn section(entry: &Entry) -> Vec<u8> {
    let numbers = [entry.first, entry.length()].map(u64::to_le_bytes).concat();
    [&20_u32.to_le_bytes()[..], &numbers, &(entry.kind as u32).to_le_bytes()].concat()
}

/// The KiB of RAM from an address on, up to the first hole, and at most to an end.
fn kib(map: &[Entry], first: u64, end: u64) -> u64 {
    let has =
        |entry: &&Entry| entry.kind == Kind::Ram && (entry.first..=entry.last).contains(&first);
    let last = map.iter().find(has).map(|entry| entry.last.saturating_add(1).min(end));
    last.map_or(0, |last| last.saturating_sub(first) >> 10)
}

fn length<T>(values: &[T]) -> u64 {
    u64::try_from(values.len()).unwrap_or(u64::MAX)
}
