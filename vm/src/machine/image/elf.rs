//! ELF images, of 32 and of 64 bits.

#![forbid(unsafe_code)]

use super::segment::Segment;
use object::elf::{EM_386, EM_X86_64, FileHeader32, FileHeader64, NoteType, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, FileKind};

/// The type of the note with the entry point of PVH, and its name.
const PVH_ENTRY: (NoteType, &[u8]) = (NoteType(18), b"Xen");

/// What a file says of its loading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Elf<'a> {
    pub(in super::super) segments: Vec<Segment<'a>>,
    /// A physical address.
    pub(in super::super) entry: u64,
    /// The entry point of PVH.
    pub(in super::super) pvh: Option<u64>,
}

/// Reads a file. The error says what is wrong with it.
pub(in super::super) fn read(bytes: &[u8]) -> Result<Elf<'_>, String> {
    let broken = |error: object::Error| format!("an ELF file that is whole ({error})");
    match FileKind::parse(bytes).map_err(broken)? {
        FileKind::Elf32 => of_class::<FileHeader32<Endianness>>(bytes),
        _ => of_class::<FileHeader64<Endianness>>(bytes),
    }
}

fn of_class<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Result<Elf<'_>, String> {
    let broken = |error: object::Error| format!("an ELF file that is whole ({error})");
    let header = H::parse(bytes).map_err(broken)?;
    let endian = header.endian().map_err(broken)?;
    if ![EM_386, EM_X86_64].contains(&header.e_machine(endian)) {
        return Err("an ELF file for x86".to_owned());
    }
    let (mut segments, mut pvh) = (Vec::new(), None);
    let mut entry: u64 = header.e_entry(endian).into();
    for program in header.program_headers(endian, bytes).map_err(broken)? {
        pvh = pvh.or(pvh_entry(program, endian, bytes).map_err(broken)?);
        let length: u64 = program.p_memsz(endian).into();
        if program.p_type(endian) != PT_LOAD || length == 0 {
            continue;
        }
        let data = program.data(endian, bytes);
        let data = data.map_err(|()| "an ELF file that is whole (a segment is cut)".to_owned())?;
        let (address, at): (u64, u64) =
            (program.p_paddr(endian).into(), program.p_vaddr(endian).into());
        // Kernels that map themselves elsewhere may have a virtual entry point.
        let offset = entry.checked_sub(at).filter(|offset| at != address && *offset < length);
        entry = offset.and_then(|offset| address.checked_add(offset)).unwrap_or(entry);
        let bytes = data.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(data);
        segments.push(Segment { address, bytes, length });
    }
    if segments.is_empty() {
        return Err("an ELF file with segments to load".to_owned());
    }
    Ok(Elf { segments, entry, pvh })
}

/// The entry point of PVH, if a note has it.
fn pvh_entry<P: ProgramHeader<Endian = Endianness>>(
    program: &P,
    endian: Endianness,
    bytes: &[u8],
) -> Result<Option<u64>, object::Error> {
    let Some(mut notes) = program.notes(endian, bytes)? else { return Ok(None) };
    while let Some(note) = notes.next()? {
        if (note.n_type(endian), note.name()) == PVH_ENTRY {
            let entry = note.desc().first_chunk().copied();
            return Ok(entry.map(|entry| u64::from(u32::from_le_bytes(entry))));
        }
    }
    Ok(None)
}
