//! vCPUs: the handles through which accesses are made; libgasp's also keep the hint of a lookup.

use crate::design::Map;
use crate::error::Error;
use crate::library::Library;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::mem::transmute;
use core::ptr::NonNull;
use gasp_bench_abi::{
    AccessFn, Block, CpuCreateFn, CpuDestroyFn, ENXIO, EOK, InfoFn, MEMORY_SPACE, READ, Region,
    SetTrapHandlerFn, TrapHandler,
};

/// A design's functions for vCPUs.
#[derive(Debug, Clone, Copy)]
pub struct Functions {
    create: CpuCreateFn,
    destroy: CpuDestroyFn,
    set_handler: SetTrapHandlerFn,
    access: AccessFn,
    info: Option<InfoFn>,
}

impl Functions {
    /// libgasp's; `None` where the library is from before there were any.
    pub fn of_gasp(library: &Library) -> Option<Self> {
        Self::find(library, "gasp_cpu", "gasp_guest_set_trap_handler")
    }

    /// A peer's; `None` where no device can be reached through it.
    pub fn of_peer(library: &Library, key: &str) -> Option<Self> {
        Self::find(library, &format!("peer_{key}_cpu"), &format!("peer_{key}_set_trap_handler"))
    }

    fn find(library: &Library, prefix: &str, set_handler: &str) -> Option<Self> {
        let create = library.find(&format!("{prefix}_create"))?;
        let destroy = library.find(&format!("{prefix}_destroy"))?;
        let access = library.find(&format!("{prefix}_access"))?;
        let set_handler = library.find(set_handler)?;
        let info = library.find(&format!("{prefix}_info"));
        Some(Self {
            // SAFETY: a library that exports this name exports it with this signature.
            create: unsafe { transmute::<NonNull<c_void>, CpuCreateFn>(create) },
            // SAFETY: as above.
            destroy: unsafe { transmute::<NonNull<c_void>, CpuDestroyFn>(destroy) },
            // SAFETY: as above.
            set_handler: unsafe { transmute::<NonNull<c_void>, SetTrapHandlerFn>(set_handler) },
            // SAFETY: as above.
            access: unsafe { transmute::<NonNull<c_void>, AccessFn>(access) },
            // SAFETY: as above.
            info: info.map(|info| unsafe { transmute::<NonNull<c_void>, InfoFn>(info) }),
        })
    }

    /// Whether there is a lookup with the vCPU's hint.
    pub fn have_info(&self) -> bool {
        self.info.is_some()
    }

    /// Have a function called for accesses that trap. To be done before the first region is set.
    ///
    /// # Safety
    /// The handler can be called with this argument as long as the map lives, by any thread.
    pub unsafe fn set_handler(
        &self,
        map: &Map,
        handler: TrapHandler,
        arg: *mut c_void,
    ) -> Result<(), Error> {
        // SAFETY: the map lives, and the caller promises the rest.
        match unsafe { (self.set_handler)(map.handle(), handler, arg) } {
            EOK => Ok(()),
            _ => Err(Error::NoMap { design: map.design().label }),
        }
    }

    /// A vCPU of a map.
    pub fn cpu<'m>(&self, map: &'m Map) -> Result<Cpu<'m>, Error> {
        // SAFETY: the map lives.
        let handle = unsafe { (self.create)(map.handle()) };
        if handle.is_null() && !map.handle().is_null() {
            return Err(Error::NoMap { design: map.design().label });
        }
        Ok(Cpu { functions: *self, handle, map: PhantomData })
    }
}

/// A vCPU: for one thread at a time.
#[derive(Debug)]
pub struct Cpu<'m> {
    functions: Functions,
    handle: *mut c_void,
    map: PhantomData<&'m Map<'m>>,
}

// SAFETY: a vCPU may be used by any thread, if by one at a time; all that uses it borrows it
// mutably.
unsafe impl Send for Cpu<'_> {}

impl Cpu<'_> {
    /// The lookup with this vCPU's hint alone, for timing. Answers nothing where there is none.
    #[inline(always)]
    pub fn lookup(&mut self) -> impl Fn(&Block, &mut Region) -> c_int + Copy {
        unsafe extern "C" fn none(_: *mut c_void, _: *const Block, _: *mut Region) -> c_int {
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
    pub fn read(&mut self) -> impl Fn(&Block, &mut Region) -> c_int + Copy {
        let (access, handle) = (self.functions.access, self.handle);
        move |block, region| {
            let data = (&raw mut *region).cast::<c_void>();
            let length = block.length as usize;
            debug_assert!(length <= size_of::<Region>());
            // SAFETY: as in `lookup`; nobody asks for more bytes than a region has.
            unsafe { access(handle, MEMORY_SPACE, READ, block.location, data, length) }
        }
    }
}

impl Drop for Cpu<'_> {
    fn drop(&mut self) {
        // SAFETY: the vCPU lives, and whoever borrowed it has ended; so does its map.
        unsafe { (self.functions.destroy)(self.handle) };
    }
}
