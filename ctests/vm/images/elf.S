/* An ELF image that starts in 32 bits: with a note of PVH, a header of multiboot, one with
 * addresses, or nothing. It tells what it gets.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tell.inc"

.set STACK, 0x180000

#ifdef ADDRESSES
.set FLAGS, 0x10003		/* modules at pages, memory, and the addresses */
#else
.set FLAGS, 3
#endif

	.code32
#if defined MULTIBOOT || defined ADDRESSES
	.balign 4
header:
	.long 0x1badb002
	.long FLAGS
	.long -(0x1badb002 + FLAGS)
#ifdef ADDRESSES
	.long header, header, 0, end, code
#endif
#endif
#ifdef PVH
	.pushsection .note.Xen, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long code
	.popsection
#endif
#ifdef PVH
	.globl _start
_start:	ud2
code:
#else
	.globl _start
_start:
code:
#endif
	mov $STACK, %esp
	mov %ebx, %ebp
	mov %eax, %edi
#if defined PVH || defined MULTIBOOT || defined ADDRESSES
	RELOAD
#endif
	SAY "elf: "
	STATE
#ifdef PVH
	cmpl $0x336ec578, (%ebp)
	jne 1f
	SAY "; magic"
1:	SAY "; cmdline: "
	mov 24(%ebp), %esi
	call print
	SAY "; modules: "
	mov 12(%ebp), %al
	call byte
	SAY " "
	mov 16(%ebp), %esi
	mov 8(%esi), %ecx
	mov (%esi), %esi
	call some
	SAY "; "
	mov $7, %ecx
	mov 32(%ebp), %esi
	call some
	SAY "; map:"
	mov 48(%ebp), %edi
	mov 40(%ebp), %ebp
1:	SAY " "
	mov 16(%ebp), %eax
	call byte
	add $24, %ebp
	dec %edi
	jnz 1b
#endif
#if defined MULTIBOOT || defined ADDRESSES
	cmp $0x2badb002, %edi
	jne 1f
	SAY "; magic"
1:	SAY "; cmdline: "
	mov 16(%ebp), %esi
	call print
	SAY "; modules: "
	mov 20(%ebp), %al
	call byte
	SAY " "
	mov 24(%ebp), %edi
	mov (%edi), %esi
	mov 4(%edi), %ecx
	sub %esi, %ecx
	call some
	SAY ", "
	mov 16(%edi), %esi
	mov 20(%edi), %ecx
	sub %esi, %ecx
	call some
	SAY "; MiB: "
	mov 8(%ebp), %eax
	shr $10, %eax
	call byte
	SAY "; map:"
	mov 48(%ebp), %edi
1:	SAY " "
	mov 20(%edi), %eax
	call byte
	add (%edi), %edi
	add $4, %edi
	mov 48(%ebp), %eax
	add 44(%ebp), %eax
	cmp %eax, %edi
	jb 1b
#endif
	SAY "; zeros: "
	mov zeros, %al
	call byte
	THE_END
	ROUTINES
end:
	.bss
zeros:	.skip 0x2000
