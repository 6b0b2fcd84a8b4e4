//! The C functions of a design, found by name in its shared object.

use crate::error::Error;
use crate::library::Library;
use core::ffi::{c_int, c_uint, c_void};
use core::mem::transmute_copy;
use core::ptr::NonNull;
use gasp_abi::{
    gasp_cpu, gasp_guest_options, gasp_region, gasp_trap_handler_t, guest_system, qvm_state_block,
};

/// The answer of a call that succeeded.
pub const EOK: c_int = 0;

/// The functions that every design has.
#[derive(Debug, Clone, Copy)]
pub struct MapFunctions {
    /// As `gasp_guest_create`; peers ignore the options.
    pub create: unsafe extern "C" fn(*const gasp_guest_options) -> *mut guest_system,
    /// As `gasp_guest_destroy`.
    pub destroy: unsafe extern "C" fn(*mut guest_system),
    /// As `gasp_region_set_soft`.
    pub set: unsafe extern "C" fn(*mut guest_system, c_uint, *const gasp_region) -> c_uint,
    /// As `gasp_region_info`.
    pub info: Info<guest_system>,
}

/// A lookup: `EOK`, or `ENXIO` where nothing is.
type Info<Handle> =
    unsafe extern "C" fn(*mut Handle, *const qvm_state_block, *mut gasp_region) -> c_int;

/// The functions of a design through which devices are reached.
#[derive(Debug, Clone, Copy)]
pub struct CpuFunctions {
    /// As `gasp_cpu_create`.
    pub create: unsafe extern "C" fn(*mut guest_system) -> *mut gasp_cpu,
    /// As `gasp_cpu_destroy`.
    pub destroy: unsafe extern "C" fn(*mut gasp_cpu),
    /// As `gasp_guest_set_trap_handler`.
    pub set_handler:
        unsafe extern "C" fn(*mut guest_system, gasp_trap_handler_t, *mut c_void) -> c_int,
    /// As `gasp_cpu_access`: vCPU, space, kind, location, data, length.
    pub access:
        unsafe extern "C" fn(*mut gasp_cpu, c_uint, c_uint, u64, *mut c_void, usize) -> c_int,
    /// As `gasp_cpu_info`, the lookup with the vCPU's hint; the peers have none.
    pub info: Option<Info<gasp_cpu>>,
}

/// Casts an address to a function pointer of the type of the field that takes it.
macro_rules! function {
    ($address:expr) => {{
        let address = $address;
        // SAFETY: a library that exports a function under this name gives it this signature.
        unsafe { as_function(address) }
    }};
}

/// # Safety
/// `F` is the type of a pointer to the function at this address.
unsafe fn as_function<F: Copy>(address: NonNull<c_void>) -> F {
    const { assert!(size_of::<F>() == size_of::<NonNull<c_void>>()) };
    // SAFETY: the sizes are equal, and the caller promises the rest.
    unsafe { transmute_copy(&address) }
}

impl MapFunctions {
    /// libgasp's.
    pub fn of_gasp(library: &Library) -> Result<Self, Error> {
        let names = ["guest_create", "guest_destroy", "region_set_soft", "region_info"];
        Self::find(library, names.map(|name| format!("gasp_{name}")))
    }

    /// A peer's.
    pub fn of_peer(library: &Library, key: &str) -> Result<Self, Error> {
        let names = ["create", "destroy", "set", "info"];
        Self::find(library, names.map(|name| format!("peer_{key}_{name}")))
    }

    fn find(library: &Library, [create, destroy, set, info]: [String; 4]) -> Result<Self, Error> {
        Ok(Self {
            create: function!(library.function(&create)?),
            destroy: function!(library.function(&destroy)?),
            set: function!(library.function(&set)?),
            info: function!(library.function(&info)?),
        })
    }
}

impl CpuFunctions {
    /// libgasp's; `None` where the library is from before there were any.
    pub fn of_gasp(library: &Library) -> Option<Self> {
        Self::find(library, "gasp_cpu", "gasp_guest_set_trap_handler")
    }

    /// A peer's; `None` where no device can be reached through it.
    pub fn of_peer(library: &Library, key: &str) -> Option<Self> {
        Self::find(library, &format!("peer_{key}_cpu"), &format!("peer_{key}_set_trap_handler"))
    }

    fn find(library: &Library, prefix: &str, set_handler: &str) -> Option<Self> {
        let address = |name: &str| library.find(&format!("{prefix}_{name}"));
        Some(Self {
            create: function!(address("create")?),
            destroy: function!(address("destroy")?),
            set_handler: function!(library.find(set_handler)?),
            access: function!(address("access")?),
            info: address("info").map(|info| function!(info)),
        })
    }
}
