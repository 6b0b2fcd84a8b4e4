/* A 64-bit guest whose code, data and stack are above 4 GiB, out of reach of 16-bit and 32-bit
 * code. gasp-vm starts it in 64-bit mode: `gasp-start long,0x100000000,TABLES`.
 *
 * It writes a number to each page of 1 MiB above its code, adds them up, and prints the sum.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "serial.inc"

.set PAGES, 256
.set DATA, 0x100100000
.set STACK, 0x100100000		/* grows down from there */

	.code64
	.globl _start
_start:
	mov $STACK, %rsp
	lea text(%rip), %rsi
	call print

	mov $DATA, %rdi
	mov $1, %eax
1:	mov %rax, (%rdi)	/* 1, 2, 3, ... */
	add $0x1000, %rdi
	inc %eax
	cmp $PAGES + 1, %eax
	jne 1b

	mov $DATA, %rdi
	xor %ebx, %ebx
	mov $PAGES, %ecx
2:	add (%rdi), %rbx
	add $0x1000, %rdi
	loop 2b

	mov %rbx, %rax
	call print_number
	lea end(%rip), %rsi
	call print
	cli
	hlt

#include "print64.inc"

text:	.asciz "high64: code at 4 GiB; 1 to 256 in pages above, added up: "
end:	.asciz "\n"
