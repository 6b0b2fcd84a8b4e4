//! The designs, all behind the same four C functions, and their maps. Those that dispatch accesses
//! have [`CpuFunctions`] besides.

use crate::error::Error;
use crate::functions::{CpuFunctions, EOK, MapFunctions};
use crate::layout::NO_REGION;
use crate::library::Library;
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::null;
use gasp_abi::{gasp_region, gasp_trap_handler_t, guest_system, qvm_state_block};
use std::path::Path;

/// Key of libgasp.
pub const GASP: &str = "gasp";
/// Key of the empty call.
pub const EMPTY: &str = "empty";
/// Key of the access that calls its handler at once.
pub const DIRECT: &str = "direct";

/// The cost of a change, which decides in which questions a design takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// Changes cost less than the size of the map and may run beside readers.
    Cheap,
    /// Changes cost the size of the map, but may run beside readers.
    Linear,
    /// Changes cost the size of the map, and no reader may run beside them.
    Alone,
}

/// A design.
#[derive(Debug)]
pub struct Design {
    /// Short name: in the names of its functions, and in the verdict.
    pub key: &'static str,
    /// Name in tables.
    pub label: &'static str,
    /// What its changes cost.
    pub updates: Updates,
    /// The functions through which a device is reached, if the design has them.
    pub vcpus: Option<CpuFunctions>,
    functions: MapFunctions,
}

/// Every peer: key, label, updates.
const PEERS: [(&str, &str, Updates); 11] = [
    (EMPTY, "(empty call)", Updates::Cheap),
    ("plain", "sorted array, no synchronisation (a floor)", Updates::Alone),
    ("btree_mutex", "BTreeMap in a std Mutex", Updates::Cheap),
    ("btree_rwlock", "BTreeMap in a parking_lot RwLock", Updates::Cheap),
    ("rangemap", "rangemap in a parking_lot RwLock", Updates::Cheap),
    ("vm_memory", "vm-memory GuestMemoryAtomic", Updates::Linear),
    ("cloud", "cloud-hypervisor Bus (shape)", Updates::Cheap),
    ("crosvm", "crosvm Bus (shape)", Updates::Cheap),
    ("firecracker", "Firecracker Bus (shape)", Updates::Cheap),
    ("qemu", "QEMU radix, shared recent section (shape)", Updates::Alone),
    ("qemu_bare", "QEMU radix alone (shape)", Updates::Alone),
];

impl Design {
    /// Whether this is the empty call.
    pub fn is_empty_call(&self) -> bool {
        self.key == EMPTY
    }

    /// Whether its vCPUs have lookups with a hint.
    pub fn has_hint(&self) -> bool {
        self.vcpus.is_some_and(|functions| functions.info.is_some())
    }

    /// An empty map.
    pub fn map(&self) -> Result<Map<'_>, Error> {
        // SAFETY: NULL asks for the defaults.
        let handle = unsafe { (self.functions.create)(null()) };
        if handle.is_null() && !self.is_empty_call() {
            return Err(Error::NoMap { design: self.label });
        }
        Ok(Map { design: self, handle })
    }

    /// A map with these regions, set by one call.
    pub fn filled(&self, regions: &[gasp_region]) -> Result<Map<'_>, Error> {
        let map = self.map()?;
        map.set(regions)?;
        Ok(map)
    }
}

/// A map of a design.
#[derive(Debug)]
pub struct Map<'d> {
    design: &'d Design,
    handle: *mut guest_system,
}

// SAFETY: every design's `info` may be called by any thread at any time; the questions call `set`
// beside it only where `Updates` says that this is allowed.
unsafe impl Sync for Map<'_> {}

impl Map<'_> {
    /// The handle that its C functions take.
    pub(crate) fn handle(&self) -> *mut guest_system {
        self.handle
    }

    pub fn design(&self) -> &Design {
        self.design
    }

    /// Have a function called for accesses that trap. To be done before the first region is set.
    ///
    /// # Safety
    /// The handler can be called with this argument as long as the map lives, by any thread.
    pub unsafe fn set_handler(
        &self,
        handler: gasp_trap_handler_t,
        arg: *mut c_void,
    ) -> Result<(), Error> {
        let none = Error::NoCpu { design: self.design.label };
        let Some(functions) = self.design.vcpus else { return Err(none) };
        // SAFETY: the map lives, and the caller promises the rest.
        let result = unsafe { (functions.set_handler)(self.handle, handler, arg) };
        if result == EOK { Ok(()) } else { Err(none) }
    }

    /// Change it.
    pub fn set(&self, regions: &[gasp_region]) -> Result<(), Error> {
        let count = c_uint::try_from(regions.len()).expect("fewer than 2^32 elements");
        let index = self.set_raw(regions, count);
        if index == count {
            return Ok(());
        }
        let (index, count) = (index as usize, count as usize);
        Err(Error::Refused { design: self.design.label, index, count })
    }

    /// The call alone, for timing.
    #[inline(always)]
    pub fn set_raw(&self, regions: &[gasp_region], count: c_uint) -> c_uint {
        // SAFETY: the map lives, and so does the slice; `count` is its length.
        unsafe { (self.design.functions.set)(self.handle, count, regions.as_ptr()) }
    }

    /// The lookup alone, for timing: function and handle by value, so that a loop keeps both in
    /// registers as a C caller would.
    #[inline(always)]
    pub fn lookup(&self) -> impl Fn(&qvm_state_block, &mut gasp_region) -> c_int + Copy {
        let (info, handle) = (self.design.functions.info, self.handle);
        move |block, region| {
            // SAFETY: the map lives as long as this closure; the references are valid pointers.
            unsafe { info(handle, block, region) }
        }
    }

    /// Look a block up.
    pub fn info(&self, block: &qvm_state_block) -> Option<gasp_region> {
        let mut region = NO_REGION;
        (self.lookup()(block, &mut region) == EOK).then_some(region)
    }
}

impl Drop for Map<'_> {
    fn drop(&mut self) {
        // SAFETY: the map lives, and all borrows of it have ended.
        unsafe { (self.design.functions.destroy)(self.handle) };
    }
}

/// The designs that were loaded.
#[derive(Debug)]
pub struct Loaded {
    /// All designs; libgasp, if it is among them, is the last.
    pub designs: Vec<Design>,
    /// The access that calls its handler at once. It has no map, so it takes part in dispatch alone.
    pub direct: Design,
}

/// Load all designs; without a path, all but libgasp.
pub fn load(gasp: Option<&Path>, peers: &Path) -> Result<Loaded, Error> {
    let peers = Library::open(peers)?;
    let load = |(key, label, updates)| {
        let functions = MapFunctions::of_peer(&peers, key)?;
        let vcpus = CpuFunctions::of_peer(&peers, key);
        Ok::<_, Error>(Design { key, label, updates, vcpus, functions })
    };
    let direct = load((DIRECT, "the handler called directly (a floor)", Updates::Cheap))?;
    let mut designs = PEERS.into_iter().map(load).collect::<Result<Vec<Design>, Error>>()?;
    if let Some(gasp) = gasp {
        designs.push(load_gasp(gasp, "libgasp")?);
    }
    Ok(Loaded { designs, direct })
}

/// Load one build of libgasp.
pub fn load_gasp(path: &Path, label: &'static str) -> Result<Design, Error> {
    let gasp = Library::open(path)?;
    let (functions, vcpus) = (MapFunctions::of_gasp(&gasp)?, CpuFunctions::of_gasp(&gasp));
    Ok(Design { key: GASP, label, updates: Updates::Cheap, vcpus, functions })
}
