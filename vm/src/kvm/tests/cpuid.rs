//! CPUID: of an imagined processor, and as a guest sees it. MSRs, as a guest sees them.

use super::super::cpuid::leaves;
use super::*;
use kvm_bindings::kvm_cpuid_entry2 as Leaf;

fn leaf(function: u32, index: u32, [eax, ebx, ecx, edx]: [u32; 4]) -> Leaf {
    Leaf { function, index, flags: 0, eax, ebx, ecx, edx, padding: [0; 3] }
}

/// A processor that has everything, with topology and KVM of its host.
fn processor(vendor: [u8; 4]) -> Vec<Leaf> {
    let all = [!0; 4];
    let mut processor = vec![
        leaf(0, 0, [0x1f, u32::from_le_bytes(vendor), 0, 0]),
        // A cache of the first level and one of the third, each shared by many.
        leaf(4, 0, [0xffff_fc21, 1, 2, 3]),
        leaf(4, 1, [0xffff_fc63, 1, 2, 3]),
        leaf(4, 2, [0; 4]),
        leaf(0x4000_0000, 0, [0x4000_0001, 0x4b4d_564b, 0x564b_4d56, 0x4d]),
    ];
    for function in [1, 5, 6, 7, 0xa, 0xb, 0x1f, 0x4000_0001] {
        processor.push(leaf(function, 0, all));
    }
    for low in [1, 8, 0xa, 0x1b, 0x1d, 0x1e, 0x1f, 0x22, 0x26] {
        processor.push(leaf(0x8000_0000 | low, 0, all));
    }
    processor
}

fn find(leaves: &[Leaf], function: u32, index: u32) -> [u32; 4] {
    let found: Vec<_> =
        leaves.iter().filter(|leaf| (leaf.function, leaf.index) == (function, index)).collect();
    let [leaf] = found[..] else { panic!("{function:#x}: {found:?}") };
    [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]
}

#[test]
fn what_needs_a_thing_that_is_not_there_is_masked() {
    let leaves = leaves(&processor(*b"Genu"), 0, 1);
    let [_, _, ecx, edx] = find(&leaves, 1, 0);
    assert_eq!((!ecx, !edx), (1 << 3 | 1 << 5 | 1 << 15 | 1 << 21 | 1 << 24, 1 << 9 | 1 << 28));
    let [_, _, ecx, edx] = find(&leaves, 0x8000_0001, 0);
    let amd = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 10 | 1 << 23 | 1 << 24 | 1 << 28;
    assert_eq!((!ecx, !edx), (amd, 1 << 9));
    for function in [5, 6, 0xa, 0x8000_000a, 0x8000_001b, 0x8000_001f, 0x8000_0022] {
        assert_eq!(find(&leaves, function, 0), [0; 4], "{function:#x}");
    }
    assert_eq!(find(&leaves, 7, 0), [!0; 4], "the rest is the host's");
    assert!(leaves.iter().all(|leaf| leaf.function != 0x8000_0026), "levels of the host");
}

#[test]
fn a_guest_is_told_that_a_hypervisor_is_there() {
    let mut processor = processor(*b"Genu");
    processor.iter_mut().filter(|leaf| leaf.function == 1).for_each(|leaf| leaf.ecx = 0);
    let leaves = leaves(&processor, 0, 1);
    assert_eq!(find(&leaves, 1, 0)[2], 1 << 31);
    let [eax, ebx, ecx, edx] = find(&leaves, 0x4000_0000, 0);
    assert_eq!([ebx.to_be_bytes(), ecx.to_be_bytes()], [*b"QNXQ", *b"VMBS"]);
    assert_eq!((eax, edx), (0x4000_0000, 0));
    let kvm = [0x4000_0101, 0x4b4d_564b, 0x564b_4d56, 0x4d];
    assert_eq!(find(&leaves, 0x4000_0100, 0), kvm);
    // Clocks, no delays, stolen time; no interrupts.
    assert_eq!(find(&leaves, 0x4000_0101, 0), [0x0100_002b, 0, 0, 0]);
}

#[test]
fn without_kvm_s_leaves_there_are_none() {
    let processor = [leaf(0, 0, [1, 0, 0, 0]), leaf(1, 0, [0; 4])];
    let functions = |leaves: Vec<Leaf>| leaves.iter().map(|leaf| leaf.function).collect::<Vec<_>>();
    assert_eq!(functions(leaves(&processor, 0, 1)), [0, 1, 0x4000_0000]);
}

#[test]
fn topology_of_one_vcpu() {
    let leaves = leaves(&processor(*b"Auth"), 0, 1);
    assert_eq!(find(&leaves, 1, 0)[1] >> 16, 0x0001);
    assert_eq!(find(&leaves, 4, 1)[0], 0x0000_3c63);
    assert_eq!(find(&leaves, 0xb, 1), [0, 1, 0x201, 0]);
    assert_eq!(find(&leaves, 0x8000_0001, 0)[2] & 2, 0);
    assert_eq!(find(&leaves, 0x8000_0008, 0)[2] & 0xf0ff, 0);
}

#[test]
fn topology_of_five_vcpus_of_intel() {
    let leaves = leaves(&processor(*b"Genu"), 3, 5);
    let [_, ebx, _, edx] = find(&leaves, 1, 0);
    assert_eq!((ebx >> 16, edx >> 28 & 1), (0x0308, 1));
    // Cores in bits 31 to 26, sharing vCPUs in bits 25 to 14.
    assert_eq!(find(&leaves, 4, 0), [0x1c00_3c21, 1, 2, 3]);
    assert_eq!(find(&leaves, 4, 1), [0x1c01_fc63, 1, 2, 3]);
    assert_eq!(find(&leaves, 4, 2), [0; 4]);
    for function in [0xb, 0x1f] {
        assert_eq!(find(&leaves, function, 0), [0, 1, 0x100, 3]);
        assert_eq!(find(&leaves, function, 1), [3, 5, 0x201, 3]);
        assert_eq!(find(&leaves, function, 2), [0, 0, 2, 3]);
    }
    assert_eq!(find(&leaves, 0x8000_0001, 0)[2] & 2, 0);
    assert_eq!(find(&leaves, 0x8000_0008, 0)[2], !0, "AMD's alone");
}

#[test]
fn topology_of_five_vcpus_of_amd() {
    let leaves = leaves(&processor(*b"Auth"), 3, 5);
    assert_eq!(find(&leaves, 0x8000_0001, 0)[2] & 2, 2);
    assert_eq!(find(&leaves, 0x8000_0008, 0)[2] & 0xf0ff, 0x3004);
    assert_eq!(find(&leaves, 0x8000_001d, 0)[0] >> 14 & 0xfff, 7);
    assert_eq!(find(&leaves, 0x8000_001e, 0), [3, 3, 0, !0]);
}

#[test]
fn no_level_that_the_processor_does_not_know() {
    let mut processor = processor(*b"Genu");
    processor[0].eax = 0xa;
    let leaves = leaves(&processor, 0, 2);
    assert!(leaves.iter().all(|leaf| ![0xb, 0x1f].contains(&leaf.function)));
}

#[test]
fn a_guest_sees_its_own_number_and_the_signature() {
    let guest = guest(0x10000, code::cpuid());
    let Some(mut machine) = machine("cpuid", &guest, &START, 3) else { return };
    assert_eq!(machine.run(false, |_, _| ()).expect("failed"), 0);
    for cpu in 0..3 {
        let at = 0x2000 + 16 * u64::from(cpu);
        let [ebx, ecx, edx, qnx] = [0, 4, 8, 12].map(|offset| word(&guest, at + offset));
        assert_eq!(ebx >> 16, cpu << 8 | 4, "the APIC id and the number of ids");
        assert_eq!((ecx >> 31, ecx >> 24 & 1, ecx >> 21 & 1, edx >> 9 & 1), (1, 0, 0, 0));
        assert_eq!(qnx.to_be_bytes(), *b"QNXQ");
    }
}

#[test]
fn a_guest_in_64_bits_starts_with_the_msrs_of_firmware() {
    let guest = guest(0x10000, code::msrs());
    let start = Start::Long { entry: 0x1000, tables: 0x8000 };
    let Some(mut machine) = machine("msrs", &guest, &start, 1) else { return };
    assert_eq!(machine.run(false, |_, _| ()).expect("failed"), 0);
    let [misc, mtrr, apic] = [0x2000, 0x2004, 0x2008].map(|at| word(&guest, at));
    assert_eq!((misc & 1, mtrr, apic >> 11 & 1), (1, 0x806, 0));
}
