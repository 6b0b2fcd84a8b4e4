/* A 64-bit guest that loads an empty interrupt table and raises an exception: a triple fault.
 * A PC resets; gasp-vm ends with exit code 96.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

	.code64
	.globl _start
_start:
	lidt none(%rip)
	ud2

none:	.word 0			/* the last byte of the table */
	.quad 0
