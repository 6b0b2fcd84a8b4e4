/* The guest of `make run`: 16-bit code, like a boot sector. It prints over the serial port, sets
 * the trace device, answers two interrupts of the watchdog, and lets the dirty-page tracker find
 * the pages that it writes.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "serial.inc"

/* The segments at which demo.conf places the devices, and their registers. */
.set TRACE, 0xd000
.set WATCHDOG, 0xd100
.set WATCHDOG_LOAD, 0x00
.set WATCHDOG_CONTROL, 0x08
.set WATCHDOG_INTCLR, 0x0c
.set WATCHDOG_VECTOR, 0x30
.set DIRTY, 0xd200
.set DIRTY_CONTROL, 0x00
.set DIRTY_PAGES, 0x08
.set DIRTY_COPY, 0x18

/* The start of the watched range, and the page after it for the list: a count and addresses. */
.set WATCHED, 0x20000
.set LIST, 0x30000

.set HALF_SECOND, 500000	/* the watchdog counts microseconds */

	.code16
	.globl _start
_start:
	cli
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $0x7c00, %sp
	mov $hello, %si
	call print
	call use_trace
	call use_watchdog
	call use_dirty
	mov $bye, %si
	call print
	cli
	hlt			/* with interrupts disabled, so nothing wakes it */

use_trace:
	mov $TRACE, %ax
	mov %ax, %es
	movl $0xc0ffee, %es:0
	mov $traced, %si
	call print
	mov %es:0, %eax
	call print_hex
	jmp end_line

/* Answers two interrupts of the watchdog in time, and switches it off. */
use_watchdog:
	movw $woken, WATCHDOG_VECTOR * 4
	movw $0, WATCHDOG_VECTOR * 4 + 2
	movb $0, wakings
	mov $WATCHDOG, %ax
	mov %ax, %es
	movl $HALF_SECOND, %es:WATCHDOG_LOAD
	movl $3, %es:WATCHDOG_CONTROL	/* interrupt, then end the guest without an answer */
1:	sti
	hlt
	cli
	cmpb $2, wakings
	jb 1b
	movl $0, %es:WATCHDOG_CONTROL
	ret

woken:				/* ES is the watchdog's segment */
	movl $1, %es:WATCHDOG_INTCLR
	incb wakings
	push %ax
	push %dx
	push %si
	mov $fed, %si
	call print
	movzbl wakings, %eax
	call print_hex
	call end_line
	pop %si
	pop %dx
	pop %ax
	iret

/* Writes to three of the sixteen watched pages, twice to one of them. The tracker keeps watching
 * the others, as the map shows at the end. */
use_dirty:
	mov $DIRTY, %ax
	mov %ax, %es
	movl $1, %es:DIRTY_CONTROL
	mov $WATCHED / 16, %ax
	mov %ax, %fs
	movl $1, %fs:0x1000
	movl $2, %fs:0x4008
	movl $3, %fs:0xfffc
	movl $4, %fs:0x1ffc
	mov %fs:0x8000, %eax	/* reads do not count */
	mov $written, %si
	call print
	mov %es:DIRTY_PAGES, %eax
	call print_hex
	mov $pages, %si
	call print
	movl $LIST, %es:DIRTY_COPY
	mov $LIST / 16, %ax
	mov %ax, %fs
	mov %fs:0, %cx
	mov $8, %bx
1:	mov $' ', %al
	SEND
	mov %fs:(%bx), %eax
	call print_hex
	add $8, %bx
	loop 1b

end_line:
	mov $'\n', %al
	SEND
	ret

#include "print16.inc"

wakings: .byte 0

hello:	.asciz "demo: hello from 16-bit code\n"
traced:	.asciz "demo: the trace device counts seconds from c0ffee on: "
fed:	.asciz "demo: woken by the watchdog, and fed it: "
written: .asciz "demo: pages that the tracker has seen me write: "
pages:	.asciz ", at"
bye:	.asciz "demo: done\n"
