/* A firmware image of 4 KiB, for the last page below 4 GiB: the processor starts at its last 16
 * bytes. It prints there, jumps to the copy of the page in the first MiB, which a PC's chipset
 * provides too, prints again, and halts.
 *
 * It is linked to run at 0xff000, the target of the 16-bit far jump. The code before the jump only
 * depends on the offset within the segment: 0xf000 to 0xffff in both places.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "serial.inc"

	.code16
	.globl _start
_start:
low:				/* CS is 0xf000: the copy in the first MiB */
	xor %ax, %ax
	mov %ax, %ss
	mov $0x7000, %sp
	mov $(in_low - _start + 0xf000), %si
	call print
	cli
	hlt

start:				/* CS begins at 0xffff0000, and there is no stack yet */
	mov $(in_high - _start + 0xf000), %si
1:	cs lodsb		/* from the ROM below 4 GiB */
	test %al, %al
	jz 2f
	mov %al, %ah
	mov $SERIAL_STATUS, %dx
3:	in %dx, %al
	test $SERIAL_READY, %al
	jz 3b
	mov %ah, %al
	mov $SERIAL, %dx
	out %al, %dx
	jmp 1b
2:	ljmp $0xf000, $(low - _start + 0xf000)

print:				/* the text at CS:SI */
	cs lodsb
	test %al, %al
	jz 1f
	SEND
	jmp print
1:	ret

in_high:
	.asciz "firmware: started 16 bytes below 4 GiB\n"
in_low:
	.asciz "firmware: now in the first MiB\n"

	.org 0xff0		/* the reset vector */
	.byte 0xe9		/* jmp start, 16 bits wide: without touching CS */
	.word start - (. + 2)
	.org 0x1000
