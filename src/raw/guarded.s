# The instructions of guarded copies (guarded.rs), for x86-64.
#
# rdi: host memory, which may not be there; rsi: data; rdx: number of bytes. The result in eax is 0,
# or 1 if the host memory is not there. No function moves the stack pointer, and all change only
# registers that their callers do not need afterwards. So a fault in any can go on at the last one.

# An instruction whose faults are caught: its place goes into the table.
.macro caught instruction:vararg
77:	\instruction
	.pushsection .rodata.gasp_guarded, "a", @progbits
	.long 77b - gasp_guarded_code
	.popsection
.endm

.macro symbol name
	.hidden \name
	.globl \name
\name:
.endm

.macro function name
	.p2align 4
	.type \name, @function
	symbol \name
.endm

# 1, 2, 4 or 8 bytes with one read.
.macro read_at_once name, register
	function \name
	caught mov \register, [rdi]
	mov [rsi], \register
	xor eax, eax
	ret
.endm

# 1, 2, 4 or 8 bytes with one write.
.macro write_at_once name, register
	function \name
	mov \register, [rsi]
	caught mov [rdi], \register
	xor eax, eax
	ret
.endm

	.pushsection .rodata.gasp_guarded, "a", @progbits
	.p2align 2
	symbol gasp_guarded_table
	.popsection

	.pushsection .text.gasp_guarded, "ax", @progbits
	symbol gasp_guarded_code
	.cfi_startproc

	read_at_once gasp_guarded_read1, al
	read_at_once gasp_guarded_read2, ax
	read_at_once gasp_guarded_read4, eax
	read_at_once gasp_guarded_read8, rax
	write_at_once gasp_guarded_write1, al
	write_at_once gasp_guarded_write2, ax
	write_at_once gasp_guarded_write4, eax
	write_at_once gasp_guarded_write8, rax

	# Upwards, eight bytes at a time as long as there are so many.
	#
	# A jump does not fault, but valgrind unrolls loops, and then a read that starts the next round
	# seems to be at the jump that ends this one.
	function gasp_guarded_read
	jmp 3f
2:	caught mov rax, [rdi]
	mov [rsi], rax
	add rdi, 8
	add rsi, 8
	sub rdx, 8
3:	cmp rdx, 8
	caught jae 2b
	jmp 5f
4:	caught mov al, [rdi]
	mov [rsi], al
	inc rdi
	inc rsi
	dec rdx
5:	test rdx, rdx
	caught jnz 4b
	xor eax, eax
	ret

	# As above, the other way.
	function gasp_guarded_write
	jmp 3f
2:	mov rax, [rsi]
	caught mov [rdi], rax
	add rdi, 8
	add rsi, 8
	sub rdx, 8
3:	cmp rdx, 8
	jae 2b
	jmp 5f
4:	mov al, [rsi]
	caught mov [rdi], al
	inc rdi
	inc rsi
	dec rdx
5:	test rdx, rdx
	jnz 4b
	xor eax, eax
	ret

	# At least one byte, downwards, from rsi to rdi: both may be host memory.
	function gasp_guarded_move
2:	caught mov al, [rsi + rdx - 1]
	caught mov [rdi + rdx - 1], al
	dec rdx
	caught jnz 2b
	xor eax, eax
	ret

	function gasp_guarded_failed
	mov eax, 1
	ret

	.cfi_endproc
	.popsection

	.pushsection .rodata.gasp_guarded, "a", @progbits
	symbol gasp_guarded_table_end
	.popsection

	.purgem caught
	.purgem symbol
	.purgem function
	.purgem read_at_once
	.purgem write_at_once
