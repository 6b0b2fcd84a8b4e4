//! What CPUID tells a guest: the host's processor, without what this machine lacks, with the
//! topology of the configuration.
//!
//! There is no local APIC, so whatever needs one is left out. All vCPUs are cores of one package,
//! with one thread each; APIC ids are the numbers of vCPUs.

#![forbid(unsafe_code)]

use kvm_bindings::{KVM_CPUID_FLAG_SIGNIFCANT_INDEX, kvm_cpuid_entry2 as Leaf};

/// Bits of a leaf that are cleared: EAX, EBX, ECX, EDX.
const MASKS: [(u32, [u32; 4]); 9] = [
    // MONITOR, VMX, PDCM (PMU), x2APIC, TSC deadline; APIC, and HTT, which `topology` sets.
    (1, [0, 0, 1 << 3 | 1 << 5 | 1 << 15 | 1 << 21 | 1 << 24, 1 << 9 | 1 << 28]),
    // MONITOR, its parameters.
    (5, [!0; 4]),
    // The thermal monitor, and the timer of an APIC.
    (6, [!0; 4]),
    // The PMU: its interrupts go to an APIC.
    (0xa, [!0; 4]),
    // CmpLegacy, which `topology` sets, SVM, extended APIC, IBS, AMD's PMU; APIC.
    (0x8000_0001, [0, 0, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 10 | 1 << 23 | 1 << 24 | 1 << 28, 1 << 9]),
    // SVM, IBS, encrypted memory, AMD's second PMU: their parameters.
    (0x8000_000a, [!0; 4]),
    (0x8000_001b, [!0; 4]),
    (0x8000_001f, [!0; 4]),
    (0x8000_0022, [!0; 4]),
];
/// Topology in more levels than there are.
const LEVELS: [u32; 3] = [0xb, 0x1f, 0x8000_0026];

/// The first leaves of hypervisors: QNX's, and after it that of KVM.
const QNX: u32 = 0x4000_0000;
const KVM: u32 = 0x4000_0100;
/// A hypervisor is there.
const HYPERVISOR: u32 = 1 << 31;
/// The features of KVM that need no APIC: the clocks, no delays between accesses to ports, the time
/// that was stolen, and that the clock is stable.
const KVM_FEATURES: u32 = 1 | 1 << 1 | 1 << 3 | 1 << 5 | 1 << 24;

/// The leaves of a vCPU, from those that KVM supports.
pub(super) fn leaves(supported: &[Leaf], number: u32, cpus: u32) -> Vec<Leaf> {
    let is_hypervisor = |leaf: &Leaf| leaf.function & 0xff00_0000 == QNX;
    let mut leaves: Vec<Leaf> = supported.to_vec();
    leaves.retain(|leaf| !is_hypervisor(leaf) && !LEVELS.contains(&leaf.function));
    let topology = Topology { number, cpus, amd: is_amd(supported) };
    for leaf in &mut leaves {
        mask(leaf);
        topology.apply(leaf);
    }
    let last = supported.iter().find(|leaf| leaf.function == 0).map_or(0, |leaf| leaf.eax);
    for function in LEVELS.into_iter().filter(|function| *function <= last) {
        leaves.extend(topology.levels(function));
    }
    leaves.extend(hypervisor(supported));
    leaves
}

fn is_amd(leaves: &[Leaf]) -> bool {
    let vendor = leaves.iter().find(|leaf| leaf.function == 0).map_or(0, |leaf| leaf.ebx);
    [*b"Auth", *b"Hygo"].contains(&vendor.to_le_bytes())
}

fn mask(leaf: &mut Leaf) {
    for (_, [eax, ebx, ecx, edx]) in MASKS.iter().filter(|(of, _)| *of == leaf.function) {
        leaf.eax &= !eax;
        leaf.ebx &= !ebx;
        leaf.ecx &= !ecx;
        leaf.edx &= !edx;
    }
    if leaf.function == 1 {
        leaf.ecx |= HYPERVISOR;
    }
}

/// QNX's signature: the first letter is in the highest byte. Linux looks for KVM's at each 0x100.
fn hypervisor(supported: &[Leaf]) -> Vec<Leaf> {
    let letters = |text: [u8; 4]| u32::from_be_bytes(text);
    let mut leaves = vec![Leaf {
        function: QNX,
        eax: QNX,
        ebx: letters(*b"QNXQ"),
        ecx: letters(*b"VMBS"),
        ..Leaf::default()
    }];
    let kvm = supported.iter().find(|leaf| leaf.function == QNX | 1);
    if let (Some(features), Some(signature)) =
        (kvm, supported.iter().find(|leaf| leaf.function == QNX))
    {
        leaves.push(Leaf { function: KVM, eax: KVM | 1, ..*signature });
        let eax = features.eax & KVM_FEATURES;
        leaves.push(Leaf { function: KVM | 1, eax, ..Leaf::default() });
    }
    leaves
}

/// The place of a vCPU among all.
struct Topology {
    number: u32,
    cpus: u32,
    amd: bool,
}

impl Topology {
    /// The bits of an APIC id that number the vCPUs.
    fn bits(&self) -> u32 {
        self.cpus.next_power_of_two().trailing_zeros()
    }

    /// The number of APIC ids that a package has room for, less one.
    fn ids(&self) -> u32 {
        self.cpus.next_power_of_two().saturating_sub(1)
    }

    fn apply(&self, leaf: &mut Leaf) {
        let many = self.cpus > 1;
        match leaf.function {
            1 => {
                let ids = self.ids().saturating_add(1).min(0xff);
                leaf.ebx = leaf.ebx & 0xffff | ids << 16 | (self.number & 0xff) << 24;
                leaf.edx |= u32::from(many) << 28;
            }
            4 => {
                self.share_cache(leaf);
                let cores = if is_cache(leaf) { self.ids().min(0x3f) } else { 0 };
                leaf.eax = leaf.eax & 0x03ff_ffff | cores << 26;
            }
            0x8000_0001 => leaf.ecx |= u32::from(many && self.amd) << 1,
            0x8000_0008 if self.amd => {
                let last = self.cpus.saturating_sub(1).min(0xff);
                leaf.ecx = leaf.ecx & !0xf0ff | last | self.bits().min(0xf) << 12;
            }
            0x8000_001d => self.share_cache(leaf),
            0x8000_001e => {
                (leaf.eax, leaf.ebx, leaf.ecx) = (self.number, self.number & 0xff, 0);
            }
            _ => {}
        }
    }

    /// A vCPU has its own caches of the first two levels; all share the others.
    fn share_cache(&self, leaf: &mut Leaf) {
        let shared = is_cache(leaf) && leaf.eax >> 5 & 7 > 2;
        let sharing = if shared { self.ids().min(0xfff) } else { 0 };
        leaf.eax = leaf.eax & !(0xfff << 14) | sharing << 14;
    }

    /// The levels of an extended topology: threads, cores, and the end.
    fn levels(&self, function: u32) -> [Leaf; 3] {
        let (thread, core) = (1 << 8, 2 << 8);
        let levels = [(0, 1, thread), (self.bits(), self.cpus, core), (0, 0, 0)];
        let mut index = 0;
        levels.map(|(eax, ebx, level)| {
            let flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
            let (ecx, edx) = (level | index, self.number);
            let leaf = Leaf { function, index, flags, eax, ebx, ecx, edx, ..Leaf::default() };
            index += 1;
            leaf
        })
    }
}

fn is_cache(leaf: &Leaf) -> bool {
    leaf.eax & 0x1f != 0
}
