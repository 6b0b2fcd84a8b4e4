//! The MP table of Intel's MultiProcessor Specification 1.4.

#![forbid(unsafe_code)]

use super::{Hardware, LOCAL_APIC, checksum};

const SPECIFICATION: u8 = 4;
/// Versions of the APICs: integrated ones.
const LOCAL_VERSION: u8 = 0x14;
const IO_VERSION: u8 = 0x11;
const ENABLED: u8 = 1;
const BOOT: u8 = 2;
const ISA_LINES: u8 = 16;
/// A processor of the sixth family with a local APIC and an FPU.
const SIGNATURE: u32 = 0x600;
const FEATURES: u32 = 1 << 9 | 1;
/// Kinds of interrupts.
const NORMAL: u8 = 0;
const NMI: u8 = 1;
const EXTERNAL: u8 = 3;
const ALL_LOCAL: u8 = 0xff;
/// The pointer has so many bytes; the table is behind it.
const POINTER: u32 = 16;
const HEADER: usize = 44;

/// The pointer, which systems search for at multiples of 16, and the table, for the address `place`.
/// `None`: there is no I/O APIC, and a table has to have one.
pub(crate) fn build(hardware: &Hardware, place: u32) -> Option<Vec<u8>> {
    let entries = entries(hardware.cpus, hardware.io_apic?);
    let mut pointer = [&b"_MP_"[..], &place.wrapping_add(POINTER).to_le_bytes()].concat();
    pointer.extend([1, SPECIFICATION, 0, 0, 0, 0, 0, 0]);
    pointer[10] = checksum(&pointer);
    pointer.extend(table(&entries));
    Some(pointer)
}

fn table(entries: &[Vec<u8>]) -> Vec<u8> {
    let length = entries.iter().fold(HEADER, |sum, entry| sum.saturating_add(entry.len()));
    let half = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
    let mut table = [
        &b"PCMP"[..],
        &half(length),
        &[SPECIFICATION, 0],
        b"GASP    GASP-VM     ",
        &[0; 6],
        &half(entries.len()),
        &LOCAL_APIC.to_le_bytes(),
        &[0; 4],
    ]
    .concat();
    table.extend(entries.iter().flatten());
    table[7] = checksum(&table);
    table
}

/// Processors, the ISA bus, the I/O APIC with the lines of that bus, and the lines of local APICs.
fn entries(cpus: u8, io_apic: u32) -> Vec<Vec<u8>> {
    let mut entries: Vec<Vec<u8>> = (0..cpus).map(processor).collect();
    entries.push(b"\x01\x00ISA   ".to_vec());
    // Its number follows those of the vCPUs.
    let id = cpus;
    entries.push([&[2, id, IO_VERSION, ENABLED][..], &io_apic.to_le_bytes()].concat());
    entries.extend((0..ISA_LINES).map(|line| vec![3, NORMAL, 0, 0, 0, line, id, line]));
    entries.push(vec![4, EXTERNAL, 0, 0, 0, 0, ALL_LOCAL, 0]);
    entries.push(vec![4, NMI, 0, 0, 0, 0, ALL_LOCAL, 1]);
    entries
}

fn processor(number: u8) -> Vec<u8> {
    let flags = if number == 0 { ENABLED | BOOT } else { ENABLED };
    let mut entry = vec![0, number, LOCAL_VERSION, flags];
    entry.extend([SIGNATURE, FEATURES, 0, 0].into_iter().flat_map(u32::to_le_bytes));
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARDWARE: Hardware =
        Hardware { cpus: 2, io_apic: Some(0xfec0_0000), keyboard: false, clock: false };

    #[test]
    fn pointer_and_table_are_whole() {
        let all = build(&HARDWARE, 0xf_0000).expect("a table");
        let (pointer, table) = all.split_at(16);
        assert_eq!((&pointer[..8], checksum(pointer)), (&b"_MP_\x10\0\x0f\0"[..], 0));
        assert_eq!((&table[..4], checksum(table)), (&b"PCMP"[..], 0));
        // Two processors, a bus, an I/O APIC with 16 lines, two lines of local APICs.
        assert_eq!(table.len(), 44 + 2 * 20 + (1 + 1 + 16 + 2) * 8);
        assert_eq!((&table[4..6], &table[34..36]), (&[244, 0][..], &[22, 0][..]));
        assert_eq!((&table[44..48], &table[64..68]), (&[0, 0, 0x14, 3][..], &[0, 1, 0x14, 1][..]));
    }

    #[test]
    fn the_lines_of_the_io_apic() {
        let entries = entries(2, 0xfec0_0000);
        assert_eq!(entries[3], [2, 2, 0x11, 1, 0, 0, 0xc0, 0xfe]);
        assert_eq!(entries[4], [3, 0, 0, 0, 0, 0, 2, 0]);
        assert_eq!(entries[19], [3, 0, 0, 0, 0, 15, 2, 15]);
    }

    #[test]
    fn without_an_io_apic_there_is_none() {
        assert_eq!(build(&Hardware { io_apic: None, ..HARDWARE }, 0), None);
    }
}
