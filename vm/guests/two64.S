/* A 64-bit guest with two vCPUs: each adds 1 to a common number 10,000 times, with locked
 * instructions. The first one waits for the second one and prints the number.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include "serial.inc"

.set TIMES, 10000

	.code64
	.globl _start
_start:				/* RDI is the number of the vCPU; each has a stack */
	mov $TIMES, %ecx
1:	lock incl count(%rip)
	dec %ecx
	jnz 1b
	lock incl ready(%rip)
	test %edi, %edi
	jnz halt

2:	pause
	cmpl $2, ready(%rip)
	jne 2b
	lea text(%rip), %rsi
	call print
	mov count(%rip), %eax
	call print_number
	lea end(%rip), %rsi
	call print
halt:	cli
	hlt

#include "print64.inc"

count:	.long 0
ready:	.long 0
text:	.asciz "two64: two vCPUs have counted to "
end:	.asciz "\n"
