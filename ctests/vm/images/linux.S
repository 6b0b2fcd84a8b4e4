/* A kernel of Linux for its loader: the header of boot protocol 2.12, and what the zero page says.
 * It is linked so that its code is at 0x200000, where it prefers to be. XLOADFLAGS is 1 if the
 * kernel has an entry in 64 bits: then the other only says that it is the wrong one.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "tell.inc"

.set STACK, 0x300000
.set SETUP, 1024		/* the boot sector, and one more */
.set ENTRY_64, 0x200

	.globl _start
_start:
	.org 0x1f1
	.byte 1			/* setup_sects */
	.org 0x1fe
	.word 0xaa55
	.byte 0xeb, 0x6a	/* jump: the header ends at 0x26c */
	.ascii "HdrS"
	.word 0x20c		/* version */
	.org 0x211
	.byte 1			/* loadflags: loaded high */
	.org 0x214
	.long 0x100000		/* code32_start */
	.org 0x22c
	.long 0x7fffffff	/* initrd_addr_max */
	.long 0x100000		/* kernel_alignment */
	.byte 1			/* relocatable_kernel */
	.org 0x236
	.word XLOADFLAGS
	.long 20		/* cmdline_size */
	.org 0x258
	.quad 0x200000		/* pref_address */
	.long 0x200000		/* init_size */

	.org SETUP
	.code32
#if XLOADFLAGS
	ud2
	.org SETUP + ENTRY_64
	.code64
#endif
	mov $STACK, %esp
	mov %esi, %ebp
	RELOAD
	SAY "linux: "
	STATE
	SAY "; cmdline: "
	mov 0x228(%ebp), %esi
	call print
	SAY "; initrd: "
	mov 0x21c(%ebp), %ecx
	mov 0x218(%ebp), %esi
	call some
	SAY "; at 0x"
	mov 0x218 + 3(%ebp), %al
	call byte
	SAY "; "
	mov $7, %ecx
	mov 0x70(%ebp), %esi
	call some
	SAY "; e820:"
	movzbl 0x1e8(%ebp), %edi
	lea 0x2d0 + 16(%ebp), %ebp
1:	SAY " "
	mov (%ebp), %eax
	call byte
	add $20, %ebp
	dec %edi
	jnz 1b
	THE_END
	ROUTINES
