//! The places of all `vdev_t` of the process.
//!
//! A region can name any pointer as its vdev. Whether it is one is decided by its address alone,
//! without a lock: all vdevs are in one table, and each place says whether it is in use.

#![allow(unsafe_code)]

use crate::lock::unpoisoned;
use crate::shared::Shared;
use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use gasp_abi::vdev_t;
use std::ffi::CString;
use std::sync::{Arc, Mutex};

/// The most vdevs of a process.
const PLACES: usize = 4096;
/// The bytes of a place: a power of two, so that no division is needed to find it.
const SIZE: usize = 128;

#[repr(C, align(128))]
struct Place {
    vdev: UnsafeCell<MaybeUninit<vdev_t>>,
    /// The state of its guest's vdevs.
    shared: AtomicPtr<Shared>,
    /// The text of its name, for signal handlers.
    name: AtomicPtr<c_char>,
    used: AtomicBool,
}

const _: () = assert!(size_of::<Place>() == SIZE);

struct Table([Place; PLACES]);

// SAFETY: a place is written by its owner only; its `vdev_t` is the plugin's, too.
unsafe impl Sync for Table {}

static TABLE: Table = Table(
    [const {
        Place {
            vdev: UnsafeCell::new(MaybeUninit::uninit()),
            shared: AtomicPtr::new(ptr::null_mut()),
            name: AtomicPtr::new(ptr::null_mut()),
            used: AtomicBool::new(false),
        }
    }; PLACES],
);
/// The names of the places in use. A name lives as long as its vdev.
static NAMES: Mutex<Vec<(usize, CString)>> = Mutex::new(Vec::new());

/// The place at which a vdev is, if it is one.
#[inline]
fn place(vdev: *const vdev_t) -> Option<&'static Place> {
    let offset = vdev.addr().wrapping_sub((&raw const TABLE).addr());
    let place = TABLE.0.get(offset / SIZE).filter(|_| offset % SIZE == 0)?;
    place.used.load(Ordering::Acquire).then_some(place)
}

/// Whether it is a vdev.
#[inline]
pub(crate) fn is_vdev(vdev: *const vdev_t) -> bool {
    place(vdev).is_some()
}

/// The vdevs to which a vdev belongs.
pub(crate) fn shared(vdev: *const vdev_t) -> Option<Arc<Shared>> {
    let shared = place(vdev)?.shared.load(Ordering::Relaxed).cast_const();
    // SAFETY: from `Arc::as_ptr` of its owner, which exists as long as the place is in use.
    unsafe { Arc::increment_strong_count(shared) };
    // SAFETY: the count of the line above.
    Some(unsafe { Arc::from_raw(shared) })
}

/// The name of a vdev. It is valid as long as the vdev and its name.
pub(crate) fn name(vdev: *const vdev_t) -> Option<&'static CStr> {
    let names = unpoisoned(NAMES.lock());
    let (_, name) = names.iter().find(|(owner, _)| *owner == vdev.addr())?;
    let name = name.as_ptr();
    // SAFETY: the text of a name does not move when the list does; see above for how long it lives.
    Some(unsafe { CStr::from_ptr(name) })
}

/// The name of the vdev at an address, without a lock: for signal handlers.
pub(crate) fn raw_name(vdev: usize) -> Option<&'static CStr> {
    let name = place(ptr::without_provenance(vdev))?.name.load(Ordering::Acquire);
    // SAFETY: the name of a vdev that is called now, so it is there.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })
}

/// The name of a vdev, as text.
pub(crate) fn text(vdev: *const vdev_t) -> Option<String> {
    name(vdev).map(|name| name.to_string_lossy().into_owned())
}

/// A vdev of this process. It goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot(*mut vdev_t);

// SAFETY: vdevs may be used from any thread.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

impl Slot {
    /// A place for this vdev. `None`: all are in use. `shared` outlives the slot.
    pub(crate) fn new(vdev: vdev_t, shared: &Arc<Shared>) -> Option<Self> {
        let mut names = unpoisoned(NAMES.lock());
        let place = TABLE.0.iter().find(|place| !place.used.load(Ordering::Relaxed))?;
        let at = place.vdev.get().cast::<vdev_t>();
        // SAFETY: nobody uses the place; the lock keeps others from taking it.
        unsafe { at.write(vdev) };
        place.shared.store(Arc::as_ptr(shared).cast_mut(), Ordering::Relaxed);
        place.name.store(ptr::null_mut(), Ordering::Relaxed);
        place.used.store(true, Ordering::Release);
        names.push((at.expose_provenance(), CString::default()));
        Some(Self(at))
    }

    /// The pointer for C.
    pub(crate) fn pointer(&self) -> *mut vdev_t {
        self.0
    }

    /// Names the vdev.
    pub(crate) fn rename(&self, name: CString) {
        let mut names = unpoisoned(NAMES.lock());
        if let Some(entry) = names.iter_mut().find(|(owner, _)| *owner == self.0.addr()) {
            if let Some(place) = place(self.0) {
                place.name.store(name.as_ptr().cast_mut(), Ordering::Release);
            }
            entry.1 = name;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut names = unpoisoned(NAMES.lock());
        names.retain(|(owner, _)| *owner != self.0.addr());
        if let Some(place) = place(self.0) {
            place.used.store(false, Ordering::Release);
        }
    }
}
