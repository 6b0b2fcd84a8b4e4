/* The first process of Linux, as a test of what the loader hands over: it writes to the serial port
 * itself, because the kernel's driver for it needs interrupts.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "serial.inc"

	.code64
	.globl _start
_start:
	mov $172, %eax		/* iopl */
	mov $3, %edi
	syscall
	lea text(%rip), %rsi
1:	lodsb
	test %al, %al
	jz 2f
	SEND
	jmp 1b
2:	jmp 2b

text:	.asciz "init: the first process runs\n"
