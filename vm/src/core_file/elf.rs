//! The head of a core file: the ELF header, the program headers, and the notes.
//!
//! Numbers are little-endian. The names are those of the System V ABI and of Linux's
//! `<linux/elf.h>` and `<linux/elfcore.h>`.

#![forbid(unsafe_code)]

use super::runs::Run;
use crate::platform::Registers;
use gasp_safe::PAGE_SIZE;
use std::io;

const EHDR_SIZE: usize = 64;
const PHDR_SIZE: usize = 56;
/// The number of program headers that means: the number is elsewhere.
const PN_XNUM: usize = 0xffff;
const ET_CORE: u16 = 4;
const EM_X86_64: u16 = 62;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const PF_R: u32 = 4;
/// Registers of a thread, of the owner `CORE`.
const NT_PRSTATUS: u32 = 1;
/// The map as text, of the owner `GASP`. No other owner has this type: debuggers look at the type
/// of notes whose owner they do not know.
const MAP_TEXT: u32 = 0x4741_5350;
/// The places of fields of `struct elf_prstatus`, and its size.
const PR_PID: usize = 32;
const PR_REG: usize = 112;
const PR_SIZE: usize = 336;

/// The first part of a core file, and where the rest is.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// For each run, the place of its first byte in the file.
    pub(super) starts: Vec<u64>,
    /// Of the whole file.
    pub(super) length: u64,
}

/// The head of a core file with these runs and registers, and with the map as text. Addresses of
/// segments are guest-physical.
pub(super) fn head(runs: &[Run], registers: &[Registers], map: &str) -> io::Result<Head> {
    let headers = runs.len().saturating_add(1);
    if headers >= PN_XNUM {
        return Err(io::Error::other(format!("{} runs of memory, more than 65533", runs.len())));
    }
    let notes = notes(registers, map);
    let notes_at = PHDR_SIZE.saturating_mul(headers).saturating_add(EHDR_SIZE);
    let mut bytes = file_header(u16::try_from(headers).unwrap_or(u16::MAX));
    bytes.extend(segment(PT_NOTE, 0, wide(notes_at), 0, wide(notes.len()), 4));
    let mut length = wide(notes_at.saturating_add(notes.len()));
    let mut starts = Vec::new();
    for run in runs {
        let (start, end) = place(run, length).ok_or_else(too_long)?;
        let flags = PF_R | PF_X | if run.writable { PF_W } else { 0 };
        bytes.extend(segment(PT_LOAD, flags, start, run.first, run.length(), PAGE_SIZE));
        starts.push(start);
        length = end;
    }
    bytes.extend(notes);
    Ok(Head { bytes, starts, length })
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn too_long() -> io::Error {
    io::Error::from_raw_os_error(libc::EFBIG)
}

/// The place of a run in the file, after this many bytes: its first byte and the one behind its
/// last. The place in the page is the same as in the guest.
fn place(run: &Run, after: u64) -> Option<(u64, u64)> {
    let start = after.checked_next_multiple_of(PAGE_SIZE)?.checked_add(run.first % PAGE_SIZE)?;
    let end = start.checked_add(run.length())?;
    // Files have signed lengths.
    i64::try_from(end).is_ok().then_some((start, end))
}

fn file_header(headers: u16) -> Vec<u8> {
    let mut bytes = b"\x7fELF".to_vec();
    // 64 bits, little-endian, version 1, System V; padding.
    bytes.extend([2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let halves = |bytes: &mut Vec<u8>, numbers: &[u16]| {
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    };
    halves(&mut bytes, &[ET_CORE, EM_X86_64]);
    // e_version; e_entry, e_phoff, e_shoff; e_flags
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([0, wide(EHDR_SIZE), 0].iter().flat_map(|number| number.to_le_bytes()));
    bytes.extend(0_u32.to_le_bytes());
    // e_ehsize, e_phentsize, e_phnum; e_shentsize, e_shnum, e_shstrndx
    halves(&mut bytes, &[64, 56, headers, 0, 0, 0]);
    bytes
}

fn segment(kind: u32, flags: u32, at: u64, address: u64, size: u64, align: u64) -> Vec<u8> {
    let mut bytes =
        [kind, flags].iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    // p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align
    let rest = [at, address, address, size, size, align];
    bytes.extend(rest.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

fn notes(registers: &[Registers], map: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Debuggers want threads to have a number, and 0 is none.
    for (thread, registers) in (1..).zip(registers) {
        note(&mut bytes, b"CORE\0", NT_PRSTATUS, &prstatus(thread, registers));
    }
    note(&mut bytes, b"GASP\0", MAP_TEXT, map.as_bytes());
    bytes
}

fn prstatus(thread: u32, registers: &Registers) -> Vec<u8> {
    let mut bytes = vec![0; PR_PID];
    bytes.extend(thread.to_le_bytes());
    bytes.resize(PR_REG, 0);
    bytes.extend(registers.iter().flat_map(|register| register.to_le_bytes()));
    bytes.resize(PR_SIZE, 0);
    bytes
}

fn note(bytes: &mut Vec<u8>, owner: &[u8], kind: u32, content: &[u8]) {
    let size = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX);
    for number in [size(owner), size(content), kind] {
        bytes.extend(number.to_le_bytes());
    }
    for part in [owner, content] {
        bytes.extend(part);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
}
