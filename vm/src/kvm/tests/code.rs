//! The guests' code, assembled by the compiler.

#![allow(unsafe_code)]

use core::arch::global_asm;
use core::slice;

/// Code between two labels. Positions in it are relative, so it runs wherever it is.
macro_rules! guest {
    ($(#[$doc:meta])* $name:ident, $bits:literal, $code:literal) => {
        $(#[$doc])*
        pub(super) fn $name() -> &'static [u8] {
            unsafe extern "C" {
                #[link_name = concat!("gasp_vm_test_", stringify!($name))]
                static FIRST: u8;
                #[link_name = concat!("gasp_vm_test_", stringify!($name), "_end")]
                static END: u8;
            }
            let (first, end) = (&raw const FIRST, &raw const END);
            // SAFETY: both labels are in one section, the second after the first.
            let length = unsafe { end.byte_offset_from(first) };
            // SAFETY: the bytes between them, which never change.
            unsafe { slice::from_raw_parts(first, length.unsigned_abs()) }
        }
        global_asm!(
            ".pushsection .rodata",
            concat!(".globl gasp_vm_test_", stringify!($name)),
            concat!(".globl gasp_vm_test_", stringify!($name), "_end"),
            concat!("gasp_vm_test_", stringify!($name), ":"),
            concat!(".code", $bits),
            $code,
            ".code64",
            concat!("gasp_vm_test_", stringify!($name), "_end:"),
            ".popsection",
        );
    };
}

guest! {
    /// Adds 1 to 4, to 0x2000, and halts.
    sum, "16", "
        mov cx, 4
        xor eax, eax
    2:  add ax, cx
        loop 2b
        mov [0x2000], eax
        hlt
    "
}

guest! {
    /// vCPU n writes n to 0x2000 + 4*n and halts.
    number, "16", "
        mov bx, di
        shl bx, 2
        mov [bx + 0x2000], edi
        hlt
    "
}

guest! {
    /// Writes the text \"gasp\" to port 0x81 with one instruction, 0x1234 to port 0x80, reads
    /// four bytes from port 0x82 to 0x2100, adds 1 to what the page 0x8000 has, and halts.
    talk, "16", "
        mov dword ptr [0x2000], 0x70736167
        mov dx, 0x81
        mov si, 0x2000
        mov cx, 4
        cld
        rep outsb
        mov ax, 0x1234
        out 0x80, ax
        mov dx, 0x82
        mov di, 0x2100
        mov cx, 2
        rep insw
        inc word ptr [0x8004]
        mov eax, [0x8008]
        mov [0x2200], eax
        hlt
    "
}

guest! {
    /// Counts interrupts 0x20 at 0x2000, writes to port 0x70 for each, sleeps until there were
    /// three of them, and halts for good. It looks with interrupts disabled: one that came between
    /// looking and sleeping would not wake it.
    interrupts, "16", "
        mov sp, 0x4000
        call 3f
        inc byte ptr [0x2000]
        out 0x70, al
        iret
    3:  pop eax
        mov [0x80], ax
        mov word ptr [0x82], 0
    5:  cli
        cmp byte ptr [0x2000], 3
        jae 6f
        sti
        hlt
        jmp 5b
    6:  hlt
    "
}

guest! {
    /// Writes 100 times to the page 0x8000 and waits for as many interrupts 0x20, which it counts
    /// at 0x2000. Counts exceptions 13 at 0x2004, and writes to port 0x70 for each. Counts
    /// interrupts that came meanwhile, though they are disabled, at 0x200c. Halts for good.
    faults, "16", "
        mov sp, 0x4000
        call 3f
        mov al, [0x2008]
        add [0x200c], al
        inc byte ptr [0x2000]
        iret
    3:  pop eax
        mov [0x80], ax
        mov word ptr [0x82], 0
        call 4f
        inc byte ptr [0x2004]
        mov byte ptr [0x2008], 1
        out 0x70, al
        mov byte ptr [0x2008], 0
        iret
    4:  pop eax
        mov [0x34], ax
        mov word ptr [0x36], 0
        sti
        mov cl, 0
    5:  inc cl
        mov byte ptr [0x8000], 1
    6:  cmp byte ptr [0x2000], cl
        jb 6b
        cmp cl, 100
        jb 5b
        cli
        hlt
    "
}

guest! {
    /// As [`interrupts`], but it does not sleep.
    busy_interrupts, "16", "
        mov sp, 0x4000
        call 3f
        inc byte ptr [0x2000]
        out 0x70, al
        iret
    3:  pop eax
        mov [0x80], ax
        mov word ptr [0x82], 0
        sti
    7:  cmp byte ptr [0x2000], 3
        jb 7b
        cli
        hlt
    "
}

guest! {
    /// Reads where nothing is. Its handler of exception 13 writes 13 to 0x2000.
    fault, "16", "
        mov sp, 0x4000
        call 3f
        mov byte ptr [0x2000], 13
        hlt
    3:  pop eax
        mov [0x34], ax
        mov word ptr [0x36], 0
        mov eax, [0xf000]
        nop
        hlt
    "
}

guest! {
    /// vCPU n writes EBX, ECX and EDX of CPUID's leaf 1 and EBX of leaf 0x40000000 to 0x2000 + 16*n,
    /// and halts.
    cpuid, "16", "
        shl di, 4
        mov eax, 1
        cpuid
        mov [di + 0x2000], ebx
        mov [di + 0x2004], ecx
        mov [di + 0x2008], edx
        mov eax, 0x40000000
        cpuid
        mov [di + 0x200c], ebx
        hlt
    "
}

guest! {
    /// Writes the MSRs IA32_MISC_ENABLE, IA32_MTRR_DEF_TYPE and IA32_APIC_BASE to 0x2000, and halts.
    msrs, "64", "
        mov ecx, 0x1a0
        rdmsr
        mov [0x2000], eax
        mov ecx, 0x2ff
        rdmsr
        mov [0x2004], eax
        mov ecx, 0x1b
        rdmsr
        mov [0x2008], eax
        hlt
    "
}

guest! {
    /// Loops forever.
    spin, "16", "
        mov byte ptr [0x2000], 1
    2:  jmp 2b
    "
}

guest! {
    /// vCPU 0 writes to port 0x90 as often as 0x3010 says, and then 1 to 0x3000. All others go
    /// on at 0x1800.
    change, "16", "
        test di, di
        jz 2f
        mov ax, 0x1800
        jmp ax
    2:  cmp dword ptr [0x3004], 0
        je 2b
        mov ecx, [0x3010]
    3:  out 0x90, al
        dec ecx
        jnz 3b
        mov byte ptr [0x3000], 1
        hlt
    "
}

guest! {
    /// As [`count`], in 64 bits, and everything but the stack is from the code's page on: counts
    /// at 0x2000 and 0x2100 above it.
    count_64, "64", "
        lea rsi, [rip]
        and rsi, -0x1000
        mov rbx, rdi
        shl rbx, 5
        lea rbx, [rbx + rsi + 0x2100]
        xor ecx, ecx
    2:  inc ecx
        inc dword ptr [rbx]
        lock inc dword ptr [rbx + 4]
        lock inc dword ptr [rsi + 0x2004]
        mov eax, [rbx + 8]
        push rax
        call 4f
        pop rax
        mov [rbx + 8], eax
        mov al, [rsi + 0x2000]
        test al, al
        jz 2b
        mov [rbx + 12], ecx
        hlt
    4:  inc dword ptr [rsp + 8]
        ret
    "
}

guest! {
    /// Writes to port 0x80 as often as 0x2000 says, and halts.
    port_writes, "16", "
        mov ecx, [0x2000]
    2:  out 0x80, al
        dec ecx
        jnz 2b
        hlt
    "
}

guest! {
    /// Reads 0x8000 as often as 0x2000 says, and halts.
    memory_reads, "16", "
        mov ecx, [0x2000]
    2:  mov eax, [0x8000]
        dec ecx
        jnz 2b
        hlt
    "
}

guest! {
    /// Waits for an interrupt.
    sleep, "16", "
        mov byte ptr [0x2000], 1
        sti
        hlt
        hlt
    "
}

guest! {
    /// An exception without any handler.
    triple, "16", "
        lidt [0x3000]
        ud2
    "
}

guest! {
    /// Jumps to a location without memory.
    astray, "16", "
        mov ax, 0xf000
        jmp ax
    "
}

guest! {
    /// 32-bit: writes a number above 64 KiB to an address above 1 MiB, through DS, ES and SS, and
    /// reads its own code through CS.
    flat, "32", "
        mov dword ptr [0x200000], 0x12345678
        mov ebp, 0x200004
        mov dword ptr [ebp], 0x9abcdef0
        call 2f
    2:  pop ebx
        mov eax, cs:[ebx]
        mov es:[0x200008], eax
        hlt
    "
}

guest! {
    /// 64-bit: writes RSP to 0x2000 through its stack, and RIP to 0x2008.
    long, "64", "
        push rsp
        pop rax
        mov [0x2000], rax
        call 2f
    2:  pop rbx
        mov [0x2008], rbx
        hlt
    "
}

guest! {
    /// Counts until 0x3000 is not 0. vCPU n uses 32 bytes at 0x3100 + 32*n: a plain counter, a
    /// locked one, one that goes through the stack, and at the end the count that its register
    /// has. All vCPUs count 0x3004 locked. The stack is at 0x4000 - 0x200*n. The
    /// assembler makes calls with 32-bit return addresses, so what was pushed is 6 above BP.
    count, "16", "
        mov ax, di
        shl ax, 9
        mov sp, 0x4000
        sub sp, ax
        mov bx, di
        shl bx, 5
        add bx, 0x3100
        xor ecx, ecx
    2:  inc ecx
        inc dword ptr [bx]
        lock inc dword ptr [bx + 4]
        lock inc dword ptr [0x3004]
        push dword ptr [bx + 8]
        call 4f
        pop dword ptr [bx + 8]
        mov al, [0x3000]
        test al, al
        jz 2b
        mov [bx + 12], ecx
        hlt
    4:  push bp
        mov bp, sp
        inc dword ptr [bp + 6]
        pop bp
        ret
    "
}
