/* Reads a location without memory, and prints the result: all ones with `unsupported reference
 * ignore`, exception 13 with `fail`. With `abort` gasp-vm ends with exit code 5 at once.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "serial.inc"

.set NOTHING, 0xe000		/* the segment */

	.code16
	.globl _start
_start:
	cli
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $0x7c00, %sp
	movw $fault, 13 * 4		/* vector 13: general protection */
	movw $0, 13 * 4 + 2

	mov $NOTHING, %ax
	mov %ax, %es
	xor %ebx, %ebx
	movl %es:0, %eax
	test %ebx, %ebx
	jnz halt			/* the exception came */
	mov $ignored, %si
	cmp $0xffffffff, %eax
	je say
	mov $strange, %si
say:	call print
halt:	cli
	hlt

fault:
	inc %ebx
	mov $exception, %si
	call print
	iret

#include "print16.inc"

ignored:	.asciz "fault: read all ones\n"
strange:	.asciz "fault: read something else\n"
exception:	.asciz "fault: exception 13\n"
