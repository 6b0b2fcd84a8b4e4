//! Operands: values that a vdev reads and writes through the vCPU on which it is called.

#![allow(unsafe_code)]

use super::acting::{self, GuestCpu};
use super::outside;
use super::slots;
use super::threads;
use super::transfer::{Operand, extend, extends, operand, shares};
use core::ffi::{c_int, c_uint};
use core::ptr;
use gasp_abi::{
    GASP_CPUREG_NUMBER, guest_cpu, guest_xfer_flags as gxf, qvm_state_block, qvm_state_types as qst,
};
use gasp_safe::{AccessKind, Space};

/// Flags without effect: the vCPU waits for the vdev anyway, and its caches are the host's.
const FLAGS: c_uint =
    gxf::GXF_PAUSE as c_uint | gxf::GXF_UNPAUSE as c_uint | gxf::GXF_FLUSH as c_uint;
/// Flags that are known, but not supported.
const NOT_HERE: c_uint = gxf::GXF_ASYNC as c_uint | gxf::GXF_GDB as c_uint;
/// The value that stands for a bus error.
const BUS_ERROR: c_int = -1;

/// The direction of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From operands to the vdev.
    Read,
    /// From the vdev to operands.
    Write,
}

/// Moves a value between operands and a vdev. Returns an error number for C.
///
/// # Safety
/// Each pointer is `NULL` or valid for the count or length beside it, and so are blocks of type
/// `QST_HOST`.
pub(crate) unsafe fn transfer(
    gcp: *mut guest_cpu,
    flags: c_uint,
    (blocks, count): (*const qvm_state_block, c_uint),
    (data, length): (*mut u8, c_uint),
    direction: Direction,
) -> c_int {
    if blocks.is_null() || count == 0 || data.is_null() {
        return libc::EINVAL;
    }
    if let Err(errno) = check(gcp, flags) {
        return errno;
    }
    // SAFETY: the caller's promise. Nothing says that a plugin aligns its blocks.
    let first = unsafe { blocks.read_unaligned() };
    if let Some(host) = plain(&first, length).filter(|_| count == 1) {
        // SAFETY: the caller's promise; both have this length.
        unsafe { copy(host, data, length as usize, direction) };
        return 0;
    }
    // SAFETY: this thread's vCPU, or NULL.
    let answer = match unsafe { gcp.cast::<GuestCpu>().as_ref() } {
        // SAFETY: the caller's promise.
        Some(cpu) => Ok(unsafe { through(cpu, blocks, count, data, length, direction) }),
        None => outside::with_cpu(|cpu| {
            // SAFETY: as above.
            unsafe { through(cpu, blocks, count, data, length, direction) }
        }),
    };
    answer.unwrap_or_else(|errno| errno)
}

/// The memory of a block that is nothing but memory of this process with just this length, as the
/// operands of most accesses are.
fn plain(block: &qvm_state_block, length: c_uint) -> Option<*mut u8> {
    let is_plain =
        block.r#type == qst::QST_HOST as u16 && block.length == length && !extends(block.flags);
    let host = usize::try_from(block.location).ok().filter(|_| is_plain)?;
    Some(ptr::with_exposed_provenance_mut(host))
}

/// Copies between memory of this process and a vdev's data. They may overlap.
///
/// # Safety
/// `length` bytes at either can be read or written.
unsafe fn copy(host: *mut u8, data: *mut u8, length: usize, way: Direction) {
    let (from, to) = if way == Direction::Read { (host, data) } else { (data, host) };
    // SAFETY: the caller's promise.
    unsafe { ptr::copy(from, to, length) };
}

/// Moves a value through a vCPU of this thread.
///
/// # Safety
/// As for [`transfer`].
unsafe fn through(
    cpu: &GuestCpu,
    blocks: *const qvm_state_block,
    count: c_uint,
    data: *mut u8,
    length: c_uint,
    direction: Direction,
) -> c_int {
    // SAFETY: the caller's promise. Nothing says that a plugin aligns its blocks.
    let block = |index| unsafe { blocks.wrapping_add(index).read_unaligned() };
    let lengths = (0..count as usize).map(|index| block(index).length as usize);
    for (index, share) in shares(lengths, length as usize).enumerate() {
        let data = data.wrapping_add(share.start);
        let piece = Piece { cpu, block: block(index), data, length: share.len() };
        // SAFETY: the caller's promise; the share is inside of the data.
        match unsafe { piece.transfer(direction) } {
            Ok(()) => {}
            Err(libc::EFAULT) => return BUS_ERROR,
            Err(errno) => return errno,
        }
    }
    0
}

/// Checks the flags, and that `gcp` is the vCPU of this thread or `NULL`.
fn check(gcp: *mut guest_cpu, flags: c_uint) -> Result<(), c_int> {
    if flags & NOT_HERE != 0 {
        return Err(libc::ENOTSUP);
    }
    if flags & !FLAGS != 0 {
        return Err(libc::EINVAL);
    }
    let is_its_own = || acting::cpu().is_some_and(|cpu| ptr::eq(cpu.pointer(), gcp));
    if gcp.is_null() || is_its_own() { Ok(()) } else { Err(libc::EPERM) }
}

/// A block and its part of the data.
struct Piece<'a> {
    cpu: &'a GuestCpu,
    block: qvm_state_block,
    data: *mut u8,
    length: usize,
}

impl Piece<'_> {
    /// # Safety
    /// As for the two functions that it calls.
    unsafe fn transfer(&self, direction: Direction) -> Result<(), i32> {
        match direction {
            // SAFETY: the caller's promise.
            Direction::Read => unsafe { self.read() },
            // SAFETY: the caller's promise.
            Direction::Write => unsafe { self.write() },
        }
    }

    /// # Safety
    /// The data can be written, a `QST_HOST` block read.
    unsafe fn read(&self) -> Result<(), i32> {
        let direct = self.length.min(self.block.length as usize);
        // SAFETY: the caller's promise; the length is at most that of either.
        unsafe { self.access(Direction::Read, self.data, direct)? };
        let rest = self.length.saturating_sub(direct);
        // SAFETY: the caller's promise.
        unsafe { self.data.wrapping_add(direct).write_bytes(0, rest) };
        if extends(self.block.flags) {
            // SAFETY: the caller's promise; all of it was written just now.
            let value = unsafe { core::slice::from_raw_parts_mut(self.data, self.length) };
            extend(value, self.block.flags);
        }
        Ok(())
    }

    /// # Safety
    /// The data can be read, a `QST_HOST` block written.
    unsafe fn write(&self) -> Result<(), i32> {
        let length = self.block.length as usize;
        if self.length >= length && !extends(self.block.flags) {
            // SAFETY: the caller's promise; the length is at most that of either.
            return unsafe { self.access(Direction::Write, self.data, length) };
        }
        let mut value = Vec::new();
        value.try_reserve_exact(length).map_err(|_| libc::ENOMEM)?;
        value.resize(length, 0);
        let direct = self.length.min(length);
        // SAFETY: the caller's promise; the value is this function's own.
        unsafe { ptr::copy_nonoverlapping(self.data, value.as_mut_ptr(), direct) };
        extend(&mut value, self.block.flags);
        // SAFETY: the caller's promise.
        unsafe { self.access(Direction::Write, value.as_mut_ptr(), length) }
    }

    /// # Safety
    /// `length` bytes at `data`, and in a `QST_HOST` block, can be read or written.
    unsafe fn access(&self, way: Direction, data: *mut u8, length: usize) -> Result<(), i32> {
        match (operand(self.block.r#type)?, way) {
            (_, _) if length == 0 => Ok(()),
            (Operand::Host, _) => {
                let host = usize::try_from(self.block.location).map_err(|_| libc::EINVAL)?;
                let host = ptr::with_exposed_provenance_mut(host);
                // SAFETY: the caller's promise.
                unsafe { copy(host, data, length, way) };
                Ok(())
            }
            (Operand::Immediate, Direction::Write) => Err(libc::EINVAL),
            (Operand::Immediate, Direction::Read) => {
                let value = self.block.location.to_le_bytes();
                let known = length.min(value.len());
                // SAFETY: the caller's promise, and an immediate has no more than 8 bytes.
                unsafe { ptr::copy_nonoverlapping(value.as_ptr(), data, known) };
                // SAFETY: the caller's promise.
                unsafe { data.wrapping_add(known).write_bytes(0, length.saturating_sub(known)) };
                Ok(())
            }
            // SAFETY: the caller's promise.
            (Operand::Register, _) => unsafe { self.register(way, data, length) },
            // SAFETY: the caller's promise.
            (Operand::Guest(space), _) => unsafe { self.guest_access(space, way, data, length) },
        }
    }

    /// # Safety
    /// `length` bytes at `data` can be read or written.
    unsafe fn register(&self, way: Direction, data: *mut u8, length: usize) -> Result<(), i32> {
        let shared = slots::shared(acting::vdev()).ok_or(libc::EINVAL)?;
        let is_number = self.block.r#type == qst::QST_CPUREGS as u16
            && self.block.location == GASP_CPUREG_NUMBER;
        if is_number && way == Direction::Read {
            let number = shared.number(self.cpu.cpu.addr()).ok_or(libc::ENOTSUP)?.to_le_bytes();
            let known = length.min(number.len());
            // SAFETY: the caller's promise, and a number has no more bytes.
            unsafe { ptr::copy_nonoverlapping(number.as_ptr(), data, known) };
            // SAFETY: the caller's promise.
            unsafe { data.wrapping_add(known).write_bytes(0, length.saturating_sub(known)) };
            return Ok(());
        }
        let length = u32::try_from(length).map_err(|_| libc::EINVAL)?;
        let block = qvm_state_block { length, ..self.block };
        let write = way == Direction::Write;
        // SAFETY: the caller's promise.
        match unsafe { shared.host.register(self.cpu.cpu, &block, data.cast(), write) } {
            0 => Ok(()),
            errno => Err(errno),
        }
    }

    /// # Safety
    /// `length` bytes at `data` can be read or written.
    unsafe fn guest_access(
        &self,
        space: Space,
        way: Direction,
        data: *mut u8,
        length: usize,
    ) -> Result<(), i32> {
        let kind =
            if way == Direction::Read { AccessKind::Read } else { AccessKind::Write } as c_uint;
        let (space, location) = (space.number(), self.block.location);
        // SAFETY: this thread's vCPU; the rest is the caller's promise.
        let code = threads::accessing(|| unsafe {
            gasp_abi::gasp_cpu_access(self.cpu.cpu, space, kind, location, data.cast(), length)
        });
        if code == 0 { Ok(()) } else { Err(code) }
    }
}
