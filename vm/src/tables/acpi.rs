//! ACPI: RSDP, XSDT, FADT, MADT, and a DSDT with the power button.

#![forbid(unsafe_code)]

use super::{Hardware, LOCAL_APIC, checksum};
use acpi_tables::fadt::{FADTBuilder, Flags};
use acpi_tables::madt::{
    EnabledStatus, IoApic, LocalInterruptController, MADT, ProcessorLocalApic,
};
use acpi_tables::rsdp::Rsdp;
use acpi_tables::sdt::Sdt;
use acpi_tables::xsdt::XSDT;
use acpi_tables::{Aml, aml};

const OEM: [u8; 6] = *b"GASP  ";
const OEM_TABLE: [u8; 8] = *b"GASP-VM ";
const REVISION: u32 = 1;
/// Tables begin at multiples of it.
const ALIGN: usize = 16;
/// Bits of the FADT: a keyboard controller; no screen; no clock.
const KEYBOARD: u16 = 1 << 1;
const NO_VGA: u16 = 1 << 2;
const NO_CLOCK: u16 = 1 << 5;
/// A table has a header of so many bytes, its length at 4.
const HEADER: usize = 36;

/// A table of somebody else's: its bytes, or its address if it is in memory already.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    Bytes(&'a [u8]),
    At(u64),
}

/// All tables for the address `place`, where the RSDP is. The length does not depend on `place`.
pub(crate) fn build<'a>(
    hardware: &Hardware,
    place: u64,
    more: impl Iterator<Item = Part<'a>>,
) -> Vec<u8> {
    let mut block = Block { place, bytes: vec![0; Rsdp::len()] };
    let dsdt = block.add(&bytes(&dsdt()));
    let mut xsdt = XSDT::new(OEM, OEM_TABLE, REVISION);
    xsdt.add_entry(block.add(&fadt(hardware, dsdt)));
    xsdt.add_entry(block.add(&bytes(&madt(hardware))));
    for part in more {
        xsdt.add_entry(match part {
            Part::Bytes(bytes) => block.add(bytes),
            Part::At(address) => address,
        });
    }
    let xsdt = block.add(&bytes(&xsdt));
    let rsdp = bytes(&Rsdp::new(OEM, xsdt));
    block.bytes[..rsdp.len()].copy_from_slice(&rsdp);
    block.bytes
}

/// Refuses what is no table. The error says what was expected.
pub(crate) fn check(table: &[u8]) -> Result<(), String> {
    let length = table.get(4..8).and_then(|word| word.first_chunk().copied());
    let length = length.map(u32::from_le_bytes).filter(|_| table.len() >= HEADER);
    match length {
        None => Err("an ACPI table, which has a header of 36 bytes".to_owned()),
        Some(length) if usize::try_from(length).ok() != Some(table.len()) => {
            Err(format!("an ACPI table of {length} bytes, as its header says"))
        }
        Some(_) if checksum(table) != 0 => Err("an ACPI table with its checksum".to_owned()),
        Some(_) => Ok(()),
    }
}

/// Tables one after the other.
struct Block {
    place: u64,
    bytes: Vec<u8>,
}

impl Block {
    /// Appends a table, and returns its address.
    fn add(&mut self, table: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGN), 0);
        let offset = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        self.bytes.extend(table);
        self.place.saturating_add(offset)
    }
}

fn bytes(table: &dyn Aml) -> Vec<u8> {
    let mut bytes = Vec::new();
    table.to_aml_bytes(&mut bytes);
    bytes
}

/// The button has no registers of its own.
fn dsdt() -> Sdt {
    let id = aml::Name::new("_HID".into(), &aml::EISAName::new("PNP0C0C"));
    let button = aml::Device::new("PWRB".into(), vec![&id]);
    let system = aml::Scope::new("\\_SB_".into(), vec![&button]);
    let mut dsdt = Sdt::new(*b"DSDT", 36, 2, OEM, OEM_TABLE, REVISION);
    dsdt.append_slice(&bytes(&system));
    dsdt
}

/// No vdev has the registers of power management, so the hardware is *reduced*, as ACPI calls it.
fn fadt(hardware: &Hardware, dsdt: u64) -> Vec<u8> {
    let keyboard = if hardware.keyboard { KEYBOARD } else { 0 };
    let clock = if hardware.clock { 0 } else { NO_CLOCK };
    let mut fadt = FADTBuilder::new(OEM, OEM_TABLE, REVISION)
        .dsdt_64(dsdt)
        .flag(Flags::HwReducedAcpi)
        .flag(Flags::PwrButton)
        .flag(Flags::SlpButton);
    fadt.iapc_boot_arch = (keyboard | NO_VGA | clock).into();
    bytes(&fadt.finalize())
}

fn madt(hardware: &Hardware) -> MADT {
    let controller = LocalInterruptController::Address(LOCAL_APIC);
    let mut madt = MADT::new(OEM, OEM_TABLE, REVISION, controller);
    for number in 0..hardware.cpus {
        madt.add_structure(ProcessorLocalApic::new(number, number, EnabledStatus::Enabled));
    }
    if let Some(address) = hardware.io_apic {
        madt.add_structure(IoApic::new(hardware.cpus, address, 0));
    }
    madt
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARDWARE: Hardware =
        Hardware { cpus: 3, io_apic: Some(0xf800_0000), keyboard: true, clock: false };
    const PLACE: u64 = 0xe_0000;

    fn number(bytes: &[u8], at: usize, length: usize) -> usize {
        bytes[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    }

    /// The table at an address of the guest.
    fn at(all: &[u8], address: usize) -> &[u8] {
        let start = address - usize::try_from(PLACE).expect("small");
        &all[start..start + number(all, start + 4, 4)]
    }

    #[test]
    fn every_table_is_found_and_whole() {
        let more = [0; HEADER].map(|_| 0_u8);
        let mut more = more.to_vec();
        (more[4], more[9]) = (36, 220);
        check(&more).expect("a table");
        let all = build(&HARDWARE, PLACE, [Part::Bytes(&more), Part::At(0x1234)].into_iter());
        assert_eq!(
            (&all[..8], checksum(&all[..20]), checksum(&all[..36])),
            (&b"RSD PTR "[..], 0, 0)
        );
        let xsdt = at(&all, number(&all, 24, 8));
        assert_eq!((&xsdt[..4], checksum(xsdt), xsdt.len()), (&b"XSDT"[..], 0, 36 + 4 * 8));
        let tables = [36, 44, 52].map(|entry| at(&all, number(xsdt, entry, 8)));
        for (table, name) in tables.iter().zip([b"FACP", b"APIC", b"\0\0\0\0"]) {
            assert_eq!((&table[..4], checksum(table)), (&name[..], 0));
        }
        assert_eq!(number(xsdt, 60, 8), 0x1234);
        let dsdt = at(&all, number(tables[0], 140, 8));
        assert_eq!((&dsdt[..4], checksum(dsdt)), (&b"DSDT"[..], 0));
        assert!(dsdt.windows(4).any(|name| name == b"PWRB"));
    }

    #[test]
    fn the_length_is_that_of_the_hardware() {
        let length = |hardware| build(hardware, 0, [].into_iter()).len();
        assert_eq!(length(&HARDWARE), build(&HARDWARE, u64::MAX, [].into_iter()).len());
        assert!(length(&HARDWARE) > length(&Hardware { cpus: 1, ..HARDWARE }));
    }

    #[test]
    fn what_is_there() {
        let flags = |hardware| number(&fadt(hardware, 0), 109, 2);
        assert_eq!(flags(&HARDWARE), 0b10_0110);
        assert_eq!(flags(&Hardware { keyboard: false, clock: true, ..HARDWARE }), 0b100);
    }
}
