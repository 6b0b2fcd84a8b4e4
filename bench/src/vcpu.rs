//! vCPUs: the handles through which accesses are made; libgasp's also keep the hint of a lookup.

use crate::design::Map;
use crate::error::Error;
use crate::functions::CpuFunctions;
use crate::layout::MEMORY_SPACE;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use gasp_abi::{GASP_READ, gasp_cpu, gasp_region, qvm_state_block};
use libc::ENXIO;

/// A vCPU: for one thread at a time.
#[derive(Debug)]
pub struct Cpu<'m> {
    functions: CpuFunctions,
    handle: *mut gasp_cpu,
    map: PhantomData<&'m Map<'m>>,
}

// SAFETY: a vCPU may be used by any thread, if by one at a time; all that uses it borrows it
// mutably.
unsafe impl Send for Cpu<'_> {}

impl<'m> Cpu<'m> {
    /// A vCPU of a map.
    pub fn of(map: &'m Map) -> Result<Self, Error> {
        let none = Error::NoCpu { design: map.design().label };
        let Some(functions) = map.design().vcpus else { return Err(none) };
        // SAFETY: the map lives.
        let handle = unsafe { (functions.create)(map.handle()) };
        if handle.is_null() && !map.handle().is_null() {
            return Err(none);
        }
        Ok(Self { functions, handle, map: PhantomData })
    }

    /// The lookup with this vCPU's hint alone, for timing. Answers nothing where there is none.
    #[inline(always)]
    pub fn lookup(&mut self) -> impl Fn(&qvm_state_block, &mut gasp_region) -> c_int + Copy {
        unsafe extern "C" fn none(
            _: *mut gasp_cpu,
            _: *const qvm_state_block,
            _: *mut gasp_region,
        ) -> c_int {
            ENXIO
        }
        let (info, handle) = (self.functions.info.unwrap_or(none), self.handle);
        move |block, region| {
            // SAFETY: the vCPU lives as long as this closure, and is borrowed mutably; the
            // references are valid pointers.
            unsafe { info(handle, block, region) }
        }
    }

    /// A read alone, for timing: of the block, into the first bytes of the region (there are 40),
    /// so that the timed loops are those of the lookups.
    #[inline(always)]
    pub fn read(&mut self) -> impl Fn(&qvm_state_block, &mut gasp_region) -> c_int + Copy {
        let (access, handle) = (self.functions.access, self.handle);
        move |block, region| {
            let data = (&raw mut *region).cast::<c_void>();
            let length = block.length as usize;
            debug_assert!(length <= size_of::<gasp_region>());
            // SAFETY: as in `lookup`; no caller reads more bytes than a region has.
            unsafe { access(handle, MEMORY_SPACE.into(), GASP_READ, block.location, data, length) }
        }
    }
}

impl Drop for Cpu<'_> {
    fn drop(&mut self) {
        // SAFETY: the vCPU and its map live, and all borrows of the vCPU have ended.
        unsafe { (self.functions.destroy)(self.handle) };
    }
}
