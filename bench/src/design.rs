//! The designs, all behind the same four C functions, and their maps. Those that dispatch accesses
//! have [`vcpu::Functions`] besides.

use crate::error::Error;
use crate::library::Library;
use crate::vcpu;
use core::ffi::{c_int, c_uint, c_void};
use core::mem::transmute;
use core::ptr::{NonNull, null};
use gasp_bench_abi::{Block, CreateFn, DestroyFn, EOK, InfoFn, Region, SetFn};
use std::path::Path;

/// Key of libgasp.
pub const GASP: &str = "gasp";
/// Key of the empty call.
pub const EMPTY: &str = "empty";
/// Key of the access that calls its handler at once.
pub const DIRECT: &str = "direct";

/// What a design can take part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// Changes cost less than the size of the map and may run beside readers.
    Cheap,
    /// Changes cost the size of the map, but may run beside readers.
    Linear,
    /// Changes cost the size of the map, and its readers must be somewhere else meanwhile.
    Alone,
}

/// A design.
#[derive(Debug)]
pub struct Design {
    /// Short name: in the names of its functions, and in the verdict.
    pub key: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// What may be asked of it.
    pub updates: Updates,
    /// How a device is reached through it, if one is.
    pub vcpus: Option<vcpu::Functions>,
    create: CreateFn,
    destroy: DestroyFn,
    set: SetFn,
    info: InfoFn,
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
    fn load(
        library: &Library,
        (key, label, updates): (&'static str, &'static str, Updates),
        names: [String; 4],
        vcpus: Option<vcpu::Functions>,
    ) -> Result<Self, Error> {
        let [create, destroy, set, info] = names.map(|name| library.function(&name));
        let (create, destroy, set, info) = (create?, destroy?, set?, info?);
        Ok(Self {
            key,
            label,
            updates,
            vcpus,
            // SAFETY: the library exports this function with this signature.
            create: unsafe { transmute::<NonNull<c_void>, CreateFn>(create) },
            // SAFETY: as above.
            destroy: unsafe { transmute::<NonNull<c_void>, DestroyFn>(destroy) },
            // SAFETY: as above.
            set: unsafe { transmute::<NonNull<c_void>, SetFn>(set) },
            // SAFETY: as above.
            info: unsafe { transmute::<NonNull<c_void>, InfoFn>(info) },
        })
    }

    /// Whether this is the empty call.
    pub fn is_empty_call(&self) -> bool {
        self.key == EMPTY
    }

    /// An empty map.
    pub fn map(&self) -> Result<Map<'_>, Error> {
        // SAFETY: NULL asks for the defaults.
        let handle = unsafe { (self.create)(null()) };
        if handle.is_null() && !self.is_empty_call() {
            return Err(Error::NoMap { design: self.label });
        }
        Ok(Map { design: self, handle })
    }

    /// A map with these regions, set by one call.
    pub fn filled(&self, regions: &[Region]) -> Result<Map<'_>, Error> {
        let map = self.map()?;
        map.set(regions)?;
        Ok(map)
    }
}

/// A map of a design.
#[derive(Debug)]
pub struct Map<'d> {
    design: &'d Design,
    handle: *mut c_void,
}

// SAFETY: every design's `info` may be called by any thread at any time; the questions call `set`
// beside it only where `Updates` says that this is allowed.
unsafe impl Sync for Map<'_> {}

impl Map<'_> {
    /// What its C functions know it by.
    pub(crate) fn handle(&self) -> *mut c_void {
        self.handle
    }

    /// Its design.
    pub fn design(&self) -> &Design {
        self.design
    }

    /// Change it.
    pub fn set(&self, regions: &[Region]) -> Result<(), Error> {
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
    pub fn set_raw(&self, regions: &[Region], count: c_uint) -> c_uint {
        // SAFETY: the map lives, and so does the slice; `count` is its length.
        unsafe { (self.design.set)(self.handle, count, regions.as_ptr()) }
    }

    /// The lookup alone, for timing: function and handle by value, so that a loop keeps both in
    /// registers as a C caller would.
    #[inline(always)]
    pub fn lookup(&self) -> impl Fn(&Block, &mut Region) -> c_int + Copy {
        let (info, handle) = (self.design.info, self.handle);
        move |block, region| {
            // SAFETY: the map lives as long as this closure; the references are valid pointers.
            unsafe { info(handle, block, region) }
        }
    }

    /// Look a block up.
    pub fn info(&self, block: &Block) -> Option<Region> {
        let mut region = Region::default();
        (self.lookup()(block, &mut region) == EOK).then_some(region)
    }
}

impl Drop for Map<'_> {
    fn drop(&mut self) {
        // SAFETY: the map lives, and whoever borrowed it has ended.
        unsafe { (self.design.destroy)(self.handle) };
    }
}

/// What could be loaded.
#[derive(Debug)]
pub struct Loaded {
    /// All designs; libgasp, if it is among them, is the last.
    pub designs: Vec<Design>,
    /// The access that calls its handler at once: no map, so it takes part in dispatch alone.
    pub direct: Design,
}

/// Load all designs; without a path, all but libgasp.
pub fn load(gasp: Option<&Path>, peers: &Path) -> Result<Loaded, Error> {
    let peers = Library::open(peers)?;
    let load = |peer: (&'static str, &'static str, Updates)| {
        let names = ["create", "destroy", "set", "info"].map(|f| format!("peer_{}_{f}", peer.0));
        Design::load(&peers, peer, names, vcpu::Functions::of_peer(&peers, peer.0))
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
    let names = ["guest_create", "guest_destroy", "region_set_soft", "region_info"];
    let names = names.map(|f| format!("gasp_{f}"));
    let vcpus = vcpu::Functions::of_gasp(&gasp);
    Design::load(&gasp, (GASP, label, Updates::Cheap), names, vcpus)
}
