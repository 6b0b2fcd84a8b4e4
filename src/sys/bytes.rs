//! Bytes that others may change at any moment: buffers of C callers and guest memory.

/// Bytes of a C caller. What it points to is reached by raw copies only, never by a reference:
/// it may be guest memory itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffer {
    start: *mut u8,
    length: usize,
}

impl Buffer {
    /// The `length` bytes from `start` on.
    ///
    /// # Safety
    /// They can be read, and written if the buffer is filled, for as long as it is used.
    pub(crate) unsafe fn new(start: *mut u8, length: usize) -> Self {
        Self { start, length }
    }

    /// How many bytes.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Some of the bytes; what the buffer does not have is left out.
    pub(crate) fn part(&self, from: u64, length: u64) -> Self {
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(self.length);
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(self.length - from);
        Self { start: self.start.wrapping_add(from), length }
    }

    /// Copies as many bytes of host memory here as there is room.
    pub(crate) fn fill_from(&self, host: u64) {
        let source = host_pointer(host).cast_const();
        // SAFETY: who put `host` behind a region promised that it is memory as long as the region
        // is; `new` was promised that the buffer can be written.
        unsafe { self.start.copy_from(source, self.length) };
    }

    /// Copies all bytes to host memory.
    pub(crate) fn copy_to(&self, host: u64) {
        // SAFETY: who put `host` behind a region promised that it is memory as long as the region
        // is; `new` was promised that the buffer can be read.
        unsafe { self.start.copy_to(host_pointer(host), self.length) };
    }
}

/// The memory at a host address that C gave as a number.
fn host_pointer(host: u64) -> *mut u8 {
    core::ptr::with_exposed_provenance_mut(usize::try_from(host).unwrap_or(0))
}
