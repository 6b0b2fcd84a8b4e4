//! The state of a vCPU that cannot continue: where it is, what is there, its registers.

#![forbid(unsafe_code)]

use super::reason::hexadecimal;
use gasp_safe::{Guest, Space, flags_text};
use kvm_bindings::{kvm_regs, kvm_sregs};
use kvm_ioctls::VcpuFd;

/// The longest instruction, in bytes.
const LONGEST: usize = 15;

/// The state in lines, each indented.
pub(super) fn state(fd: &VcpuFd, guest: &Guest) -> String {
    let (Ok(regs), Ok(sregs)) = (fd.get_regs(), fd.get_sregs()) else {
        return "  registers unknown".to_owned();
    };
    let linear = linear(&regs, &sregs);
    let translated = fd.translate_gva(linear).ok().filter(|answer| answer.valid != 0);
    let place = match translated {
        Some(answer) => place(answer.physical_address, guest),
        None => format!("its page tables map nothing at {linear:#x}"),
    };
    format!("  {place}\n{}", registers(&regs, &sregs))
}

/// The linear address of the next instruction.
pub(super) fn linear(regs: &kvm_regs, sregs: &kvm_sregs) -> u64 {
    // Wrapping, as the processor does.
    sregs.cs.base.wrapping_add(regs.rip)
}

/// What is at a guest-physical address.
fn place(at: u64, guest: &Guest) -> String {
    let region = guest.next(Space::Memory, at).filter(|region| region.location <= at);
    let Some(region) = region else { return format!("at guest address {at:#x}: nothing") };
    let text = format!(
        "at guest address {at:#x}: region {:#x} to {:#x}, flags {}",
        region.location,
        region.last,
        flags_text(region.flags)
    );
    let mut bytes = [0; LONGEST];
    // Near the end of memory there are fewer.
    let count = (1..=LONGEST).rev().find(|&count| guest.read(at, &mut bytes[..count]).is_ok());
    match count {
        Some(count) => format!("{text}, bytes {}", hexadecimal(&bytes[..count])),
        None => text,
    }
}

fn registers(regs: &kvm_regs, sregs: &kvm_sregs) -> String {
    let lines: [&[(&str, u64)]; 6] = [
        &[("rip", regs.rip), ("rflags", regs.rflags), ("rsp", regs.rsp), ("rbp", regs.rbp)],
        &[("rax", regs.rax), ("rbx", regs.rbx), ("rcx", regs.rcx), ("rdx", regs.rdx)],
        &[("rsi", regs.rsi), ("rdi", regs.rdi), ("r8", regs.r8), ("r9", regs.r9)],
        &[("r10", regs.r10), ("r11", regs.r11), ("r12", regs.r12), ("r13", regs.r13)],
        &[
            ("r14", regs.r14),
            ("r15", regs.r15),
            ("cs", sregs.cs.selector.into()),
            ("cs base", sregs.cs.base),
        ],
        &[
            ("cr0", sregs.cr0),
            ("cr2", sregs.cr2),
            ("cr3", sregs.cr3),
            ("cr4", sregs.cr4),
            ("efer", sregs.efer),
        ],
    ];
    let line = |values: &&[(&str, u64)]| {
        let values = values.iter().map(|(name, value)| format!("{name} {value:#x}"));
        format!("  {}", values.collect::<Vec<_>>().join(", "))
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use gasp_safe::Memory;

    #[test]
    fn what_is_at_an_address() {
        let guest = Guest::new().expect("no guest");
        guest.add_memory(0, 0x1000, Memory::Rom).expect("no memory");
        guest.write(0xffc, &[1, 2, 3, 0xf4]).expect("no code");
        let text = place(0xffe, &guest);
        assert!(text.starts_with("at guest address 0xffe: region 0x0 to 0xfff, flags "), "{text}");
        assert!(text.contains("PASS_RD") && text.ends_with(", bytes 03 f4"), "{text}");
        assert_eq!(place(0x1000, &guest), "at guest address 0x1000: nothing");
    }
}
