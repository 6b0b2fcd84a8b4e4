//! The registers with which a vCPU starts.

#![forbid(unsafe_code)]

use super::error::KvmError;
use crate::config::{ImageStart, Start};
use gasp_abi::gasp_span;
use gasp_safe::{Guest, PAGE_SIZE, Space};
use kvm_bindings::{Msrs, kvm_msr_entry, kvm_regs, kvm_segment, kvm_sregs};
use kvm_ioctls::VcpuFd;
use std::collections::BTreeSet;

const CR0_PE: u64 = 1;
const CR0_ET: u64 = 1 << 4;
const CR0_PG: u64 = 1 << 31;
const CR4_PAE: u64 = 1 << 5;
const EFER_LME: u64 = 1 << 8;
const EFER_LMA: u64 = 1 << 10;
/// The local APIC is enabled. There is none.
const APIC_BASE_ENABLED: u64 = 1 << 11;

/// What firmware would have left in the MSRs of a processor that starts in 64 bits: no entry points
/// of the kernel, fast string instructions, memory that is cached.
const MSRS: [(u32, u64); 11] = [
    // IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP
    (0x174, 0),
    (0x175, 0),
    (0x176, 0),
    // STAR, LSTAR, CSTAR, SYSCALL_MASK, KERNEL_GS_BASE
    (0xc000_0081, 0),
    (0xc000_0082, 0),
    (0xc000_0083, 0),
    (0xc000_0084, 0),
    (0xc000_0102, 0),
    // IA32_TSC
    (0x10, 0),
    // IA32_MISC_ENABLE: fast strings
    (0x1a0, 1),
    // IA32_MTRR_DEF_TYPE: enabled, write-back
    (0x2ff, 1 << 11 | 6),
];

/// The number of entries of a page table.
const ENTRIES: usize = 512;
/// The number of GiB that can be mapped.
const GIBS: u64 = 512;
const PRESENT_WRITABLE: u64 = 3;
const LARGE: u64 = 1 << 7;
const CODE_32: u64 = 0x00cf_9b00_0000_ffff;
const CODE_64: u64 = 0x00af_9b00_0000_ffff;
const DATA: u64 = 0x00cf_9300_0000_ffff;

/// The GDT for `gasp-start long`, and that for images: their code segment is 16, as Linux has it.
const GDT: [u64; 3] = [0, CODE_64, DATA];
const GDT_32: [u64; 4] = [0, 0, CODE_32, DATA];
const GDT_64: [u64; 4] = [0, 0, CODE_64, DATA];
/// Its place among page tables, in bytes.
const GDT_AT: u64 = 2 * PAGE_SIZE;
/// The last byte of a task state segment in 32 bits.
const TSS_LIMIT: u32 = 0x67;

/// Writes the tables into the guest's memory.
pub(super) fn prepare(start: &Start, guest: &Guest) -> Result<(), KvmError> {
    let (tables, bytes) = match *start {
        Start::Long { tables, .. } => {
            let gibs = guest.spans(Space::Memory).iter().flat_map(gibs).collect();
            (tables, page_tables(tables, &gibs, &GDT))
        }
        Start::Image(ImageStart { tables, long: true, .. }) => {
            (tables, page_tables(tables, &(0..4).collect(), &GDT_64))
        }
        Start::Image(ImageStart { tables, .. }) => {
            (tables, GDT_32.iter().flat_map(|entry| entry.to_le_bytes()).collect())
        }
        Start::Reset | Start::Real { .. } | Start::Flat { .. } => return Ok(()),
    };
    guest.write(tables, &bytes).map_err(|error| KvmError::Tables { tables, error })
}

/// Sets a vCPU's registers. RDI is its number; all others are as after a reset, unless `start` says
/// otherwise.
pub(super) fn apply(start: &Start, number: u32, cpu: &VcpuFd) -> Result<(), kvm_ioctls::Error> {
    let mut sregs = cpu.get_sregs()?;
    let mut regs = cpu.get_regs()?;
    regs.rdi = u64::from(number);
    match *start {
        Start::Reset => {
            (sregs.cs.selector, sregs.cs.base) = (0xf000, 0xffff_0000);
            regs.rip = 0xfff0;
        }
        Start::Real { segment, offset } => {
            real_mode(&mut sregs, segment);
            regs.rip = u64::from(offset);
        }
        Start::Flat { entry } => {
            flat_mode(&mut sregs);
            regs.rip = u64::from(entry);
        }
        Start::Long { entry, tables } => {
            long_mode(&mut sregs, tables);
            regs.rip = entry;
            // Wrapping: with tables so low there is no room for a stack.
            regs.rsp = tables.wrapping_sub(u64::from(number).wrapping_mul(PAGE_SIZE));
            set_msrs(cpu)?;
        }
        Start::Image(ref image) => {
            image_mode(&mut sregs, image);
            let &ImageStart { entry: rip, rax, rbx, rsi, .. } = image;
            regs = kvm_regs { rip, rax, rbx, rsi, rflags: regs.rflags, ..kvm_regs::default() };
            set_msrs(cpu)?;
        }
    }
    sregs.apic_base &= !APIC_BASE_ENABLED;
    cpu.set_sregs(&sregs)?;
    cpu.set_regs(&regs)
}

fn set_msrs(cpu: &VcpuFd) -> Result<(), kvm_ioctls::Error> {
    let entry = |(index, data)| kvm_msr_entry { index, data, ..Default::default() };
    let refused = |_| kvm_ioctls::Error::new(libc::EINVAL);
    let msrs = Msrs::from_entries(&MSRS.map(entry)).map_err(refused)?;
    // KVM stops at the first that it refuses.
    if cpu.set_msrs(&msrs)? < MSRS.len() {
        return Err(kvm_ioctls::Error::new(libc::EINVAL));
    }
    Ok(())
}

/// The numbers of the mappable GiB that a region touches.
fn gibs(span: &gasp_span) -> impl Iterator<Item = u64> + use<> {
    (span.location >> 30)..=(span.last >> 30).min(GIBS - 1)
}

fn page_tables(place: u64, gibs: &BTreeSet<u64>, gdt: &[u64]) -> Vec<u8> {
    // Wrapping: libgasp refuses to write past the end of memory.
    let page = |number: u64| place.wrapping_add(number.wrapping_mul(PAGE_SIZE));
    let large = |gib: u64, index: u64| gib << 30 | index << 21 | LARGE | PRESENT_WRITABLE;
    let mut directory = vec![0; ENTRIES];
    let mut tables = Vec::new();
    for (table, gib) in (3..).zip(gibs) {
        directory[usize::try_from(*gib).unwrap_or(0)] = page(table) | PRESENT_WRITABLE;
        tables.extend((0..GIBS).map(|index| large(*gib, index)));
    }
    let with_rest = |first: &[u64]| {
        let mut table = first.to_vec();
        table.resize(ENTRIES, 0);
        table
    };
    let top = with_rest(&[page(1) | PRESENT_WRITABLE]);
    let gdt = with_rest(gdt);
    [top, directory, gdt, tables].concat().iter().flat_map(|entry| entry.to_le_bytes()).collect()
}

fn real_mode(sregs: &mut kvm_sregs, selector: u16) {
    let base = u64::from(selector) << 4;
    for segment in segments(sregs) {
        (segment.selector, segment.base) = (selector, base);
    }
}

fn flat_mode(sregs: &mut kvm_sregs) {
    for segment in segments(sregs) {
        *segment = flat_data();
    }
    sregs.cs = kvm_segment { selector: 8, type_: 11, ..flat_data() };
    sregs.cr0 = CR0_PE | CR0_ET;
}

/// A data segment with the lowest 4 GiB.
fn flat_data() -> kvm_segment {
    kvm_segment {
        selector: 16,
        limit: u32::MAX,
        type_: 3,
        present: 1,
        s: 1,
        db: 1,
        g: 1,
        ..Default::default()
    }
}

fn long_mode(sregs: &mut kvm_sregs, tables: u64) {
    for segment in segments(sregs) {
        *segment = flat_data();
    }
    sregs.cs = kvm_segment { selector: 8, type_: 11, db: 0, l: 1, ..flat_data() };
    sregs.gdt.base = tables.wrapping_add(GDT_AT);
    sregs.gdt.limit = 23;
    paging(sregs, tables);
}

/// The state for the protocols of Linux, PVH and multiboot.
fn image_mode(sregs: &mut kvm_sregs, image: &ImageStart) {
    for segment in segments(sregs) {
        *segment = kvm_segment { selector: 24, ..flat_data() };
    }
    let code = kvm_segment { selector: 16, type_: 11, ..flat_data() };
    (sregs.tr.base, sregs.tr.limit) = (0, TSS_LIMIT);
    (sregs.gdt.base, sregs.gdt.limit) = (image.tables, 31);
    (sregs.cs, sregs.cr0) = (code, CR0_PE | CR0_ET);
    if image.long {
        sregs.gdt.base = image.tables.wrapping_add(GDT_AT);
        sregs.cs = kvm_segment { db: 0, l: 1, ..code };
        paging(sregs, image.tables);
    }
}

fn paging(sregs: &mut kvm_sregs, tables: u64) {
    sregs.cr3 = tables;
    sregs.cr4 = CR4_PAE;
    sregs.cr0 = CR0_PE | CR0_ET | CR0_PG;
    sregs.efer = EFER_LME | EFER_LMA;
}

fn segments(sregs: &mut kvm_sregs) -> [&mut kvm_segment; 6] {
    let kvm_sregs { cs, ds, es, fs, gs, ss, .. } = sregs;
    [cs, ds, es, fs, gs, ss]
}
