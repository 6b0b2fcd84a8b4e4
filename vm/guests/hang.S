/* A guest that hangs: it starts the watchdog and then loops forever, with interrupts disabled. The
 * watchdog ends it with exit code 4.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

.set WATCHDOG, 0xd100		/* the segment */
.set WATCHDOG_LOAD, 0x00
.set WATCHDOG_CONTROL, 0x08

	.code16
	.globl _start
_start:
	mov $WATCHDOG, %ax
	mov %ax, %es
	movl $10000, %es:WATCHDOG_LOAD	/* 10 ms */
	movl $3, %es:WATCHDOG_CONTROL	/* count, and end the guest */
1:	jmp 1b
