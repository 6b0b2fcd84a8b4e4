//! The guest's vdevs, through libgasp-vdev's C interface.

#![allow(unsafe_code)]

use crate::config::{OptionList, VdevConfig};
use crate::kvm::registers;
use crate::platform::{Platform, Power};
use crate::{exit, log};
use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use gasp_abi::{
    GASP_VDEVS_CATCH_CRASHES, GASP_VDEVS_CHECK_END, GASP_VDEVS_CHECK_LOCKS, GASP_VDEVS_COUNT,
    GASP_VDEVS_LOG_FAILURES, GASP_VDEVS_LOG_REFUSED, GASP_VDEVS_WATCH_HANDLERS, VDEV_CTRL_ASSIGN,
    VDEV_CTRL_BUTTON, VDEV_CTRL_GUEST_CONFIGURED, VDEV_CTRL_GUEST_STARTING, VDEV_CTRL_STATUS,
    VDEV_CTRL_TERMINATE, gasp_cpu, gasp_vdev_host, gasp_vdev_option, gasp_vdevs,
    guest_power_state_cmd as gpsc, qvm_state_block, vdev_t,
};
use gasp_safe::Guest;
use gasp_text::ParseError;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The first character of the name of an option without an argument.
const NO_ARGUMENT: char = '0';

/// What libgasp-vdev reports to the log.
const REPORTS: u32 = GASP_VDEVS_LOG_FAILURES
    | GASP_VDEVS_LOG_REFUSED
    | GASP_VDEVS_WATCH_HANDLERS
    | GASP_VDEVS_CHECK_LOCKS
    | GASP_VDEVS_CHECK_END
    | GASP_VDEVS_CATCH_CRASHES;

/// The accesses to a vdev's regions with one cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The address of the `vdev_t`.
    pub(crate) address: usize,
    pub(crate) cookie: u32,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

/// Writes a core file of the guest. The error is an error number.
pub(crate) type WriteCoreFile = Box<dyn Fn() -> Result<(), i32> + Send + Sync>;

/// What the functions of the host work on.
#[derive(Default)]
struct Link {
    platform: OnceLock<Arc<dyn Platform>>,
    /// From the start on, if the configuration has `dump`.
    core_file: OnceLock<WriteCoreFile>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// The vdevs of one guest. Drop it after the vCPUs and before the guest.
#[derive(Debug)]
pub(crate) struct Vdevs {
    vdevs: NonNull<gasp_vdevs>,
    /// libgasp-vdev has its address until `drop` has destroyed the set.
    link: Box<Link>,
}

// SAFETY: libgasp-vdev's functions can be called from any thread.
unsafe impl Send for Vdevs {}
// SAFETY: as above.
unsafe impl Sync for Vdevs {}

impl Vdevs {
    /// No vdevs yet. Their files are searched for in these directories first. `count`: count their
    /// accesses.
    pub(crate) fn new(guest: &Guest, search: &[PathBuf], count: bool) -> Result<Self, String> {
        let link = Box::<Link>::default();
        let host = gasp_vdev_host {
            size: size_of::<gasp_vdev_host>(),
            flags: REPORTS | if count { GASP_VDEVS_COUNT } else { 0 },
            arg: ptr::from_ref(&*link).cast_mut().cast(),
            interrupt: Some(interrupt),
            terminate: Some(terminate),
            fatal: Some(fatal),
            log: Some(line),
            registers: Some(register),
            msi: None,
            core_file: Some(core_file),
        };
        // SAFETY: a guest, and a host whose argument lives as long as the set.
        let vdevs = unsafe { gasp_abi::gasp_vdevs_create(guest.handle(), &raw const host) };
        let vdevs = Self { vdevs: NonNull::new(vdevs).ok_or_else(last_error)?, link };
        for directory in search {
            let directory = string(directory.as_os_str().as_bytes())?;
            // SAFETY: a set and a string.
            check(unsafe { gasp_abi::gasp_vdevs_add_path(vdevs.handle(), directory.as_ptr()) })?;
        }
        Ok(vdevs)
    }

    fn handle(&self) -> *mut gasp_vdevs {
        self.vdevs.as_ptr()
    }

    /// Loads `vdev-NAME.so`, unless it is loaded already, and returns its options.
    pub(crate) fn load(&self, name: &str) -> Result<OptionList, String> {
        let name = string(name.as_bytes())?;
        // SAFETY: a set and a string.
        let factory = unsafe { gasp_abi::gasp_vdevs_load(self.handle(), name.as_ptr()) };
        // SAFETY: a factory, or NULL.
        let factory = unsafe { factory.as_ref() }.ok_or_else(last_error)?;
        let mut options = Vec::new();
        let mut entry = factory.option_list;
        // SAFETY: an array with NULL at the end, or NULL.
        while let Some(&name) = unsafe { entry.as_ref() }.filter(|name| !name.is_null()) {
            // SAFETY: a string.
            let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
            options.push(match name.strip_prefix(NO_ARGUMENT) {
                Some(name) => (name.to_owned(), false),
                None => (name, true),
            });
            entry = entry.wrapping_add(1);
        }
        Ok(OptionList(options))
    }

    /// Creates the vdev of a configuration.
    pub(crate) fn create(&self, config: &VdevConfig) -> Result<(), ParseError> {
        let at = |message| ParseError { position: config.position, message };
        let texts = config.options.iter().map(|option| {
            let value = option.value.as_deref().map(|value| string(value.as_bytes()));
            Ok((string(option.name.as_bytes())?, value.transpose()?))
        });
        let texts = texts.collect::<Result<Vec<_>, String>>().map_err(at)?;
        let options: Vec<_> = texts
            .iter()
            .map(|(name, value)| gasp_vdev_option {
                name: name.as_ptr(),
                value: value.as_ref().map_or(ptr::null(), |value| value.as_ptr()),
            })
            .collect();
        let name = string(config.name.as_bytes()).map_err(at)?;
        let count = c_uint::try_from(options.len()).unwrap_or(c_uint::MAX);
        let (first, mut failed) = (options.as_ptr(), count);
        // SAFETY: a set, strings, and as many options.
        let vdev = unsafe {
            gasp_abi::gasp_vdevs_add(self.handle(), name.as_ptr(), first, count, &raw mut failed)
        };
        if !vdev.is_null() {
            return Ok(());
        }
        let option = config.options.get(failed as usize);
        let position = option.map_or(config.position, |option| option.position);
        Err(ParseError { position, message: last_error() })
    }

    /// Adds a `logger` of the configuration: filters with commas, and a destination.
    pub(crate) fn logger(&self, filters: &str, destination: &str) -> Result<(), String> {
        let (filters, to) = (string(filters.as_bytes())?, string(destination.as_bytes())?);
        // SAFETY: a set and strings.
        check(unsafe { gasp_abi::gasp_vdevs_logger(self.handle(), filters.as_ptr(), to.as_ptr()) })
    }

    fn control(&self, step: u32) -> Result<(), String> {
        // SAFETY: a set.
        check(unsafe { gasp_abi::gasp_vdevs_control(self.handle(), step, ptr::null()) })
    }

    /// Gives all vdevs their places.
    pub(crate) fn assign(&self) -> Result<(), String> {
        self.control(VDEV_CTRL_ASSIGN)
    }

    /// Tells all vdevs that the configuration is complete.
    pub(crate) fn configured(&self) -> Result<(), String> {
        self.control(VDEV_CTRL_GUEST_CONFIGURED)
    }

    /// Tells all vdevs that the guest starts on this platform. Timers expire from now on, and vdevs
    /// can ask for core files.
    pub(crate) fn starting(
        &self,
        platform: Arc<dyn Platform>,
        core_file: Option<WriteCoreFile>,
    ) -> Result<(), String> {
        let set = self.handle().expose_provenance();
        platform.watch_power(Box::new(move |number, power| {
            let state = match power {
                Power::Runs => 0,
                Power::Waits => gpsc::GPSC_WAIT as u32,
                Power::Off => gpsc::GPSC_OFF as u32,
            };
            // SAFETY: a set; libgasp-vdev recognises those that are gone. It cannot fail with these.
            unsafe { gasp_abi::gasp_vdevs_set_power(set_of(set), number, state) };
        }));
        // A second start fails below.
        let _ = self.link.platform.set(platform);
        _ = core_file.map(|write| self.link.core_file.set(write));
        self.control(VDEV_CTRL_GUEST_STARTING)
    }

    /// Has all vdevs report their state.
    pub(crate) fn status(&self) {
        self.tell(VDEV_CTRL_STATUS);
    }

    /// Tells all vdevs that a button was pressed.
    pub(crate) fn button(&self) {
        self.tell(VDEV_CTRL_BUTTON);
    }

    /// Tells all vdevs that the guest has ended. No timer expires afterwards.
    pub(crate) fn terminate(&self) {
        self.tell(VDEV_CTRL_TERMINATE);
    }

    fn tell(&self, step: u32) {
        if let Err(error) = self.control(step) {
            log::warn("", &error);
        }
    }

    /// Numbers a vCPU of libgasp. `cpu` is the handle of a [`Cpu`](gasp_safe::Cpu).
    pub(crate) fn set_cpu(&self, number: u32, cpu: *mut gasp_cpu) {
        // SAFETY: a set and a vCPU. It cannot fail with these.
        unsafe { gasp_abi::gasp_vdevs_set_cpu(self.handle(), cpu, number) };
    }

    /// The accesses by vdev and cookie, in the order of vdevs and cookies, if they are counted.
    pub(crate) fn hits(&self) -> Vec<Hit> {
        let mut hits = Vec::<Hit>::new();
        let arg = (&raw mut hits).cast();
        // SAFETY: a set, and the argument of the function. It cannot fail with these.
        unsafe { gasp_abi::gasp_vdevs_each_hit(self.handle(), Some(hit), arg) };
        hits
    }
}

/// The name of a vdev, or `?` if none is at this address.
pub(crate) fn name_of(address: usize) -> String {
    // SAFETY: any address.
    let name = unsafe { gasp_abi::gasp_vdev_name(ptr::with_exposed_provenance(address)) };
    if name.is_null() {
        return "?".to_owned();
    }
    // SAFETY: a string that lives as long as the vdev.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// The directory of vdevs beside libgasp-vdev, in which it looks for them, too.
pub(crate) fn installed() -> Option<PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    let of_library = gasp_abi::gasp_vdevs_create as *const c_void;
    // SAFETY: the structure can be written, and any address may be asked for.
    if unsafe { libc::dladdr(of_library, info.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: `dladdr` has filled it.
    let info = unsafe { info.assume_init() };
    // SAFETY: it gave the name of the file that has the address.
    let file = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(Path::new(OsStr::from_bytes(file.to_bytes())).parent()?.join("gasp/vdevs"))
}

impl Drop for Vdevs {
    fn drop(&mut self) {
        // SAFETY: a set, and only this value destroys it.
        unsafe { gasp_abi::gasp_vdevs_destroy(self.handle()) };
    }
}

/// The handle with this address.
fn set_of(address: usize) -> *mut gasp_vdevs {
    ptr::with_exposed_provenance_mut(address)
}

fn string(bytes: &[u8]) -> Result<CString, String> {
    CString::new(bytes).map_err(|_| "a text has a zero in it".into())
}

fn check(code: c_int) -> Result<(), String> {
    if code == 0 { Ok(()) } else { Err(last_error()) }
}

/// The sentence of this thread's last failure.
fn last_error() -> String {
    // SAFETY: no preconditions.
    let text = unsafe { gasp_abi::gasp_last_error() };
    // SAFETY: a string.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// # Safety
/// `arg` is the link of a set.
unsafe fn link<'a>(arg: *mut c_void) -> &'a Link {
    // SAFETY: the caller's promise.
    unsafe { &*arg.cast::<Link>() }
}

unsafe extern "C" fn interrupt(arg: *mut c_void, line: c_uint, asserted: c_int) {
    // SAFETY: the link that `Vdevs::new` gave.
    let link = unsafe { link(arg) };
    if let (Some(platform), Ok(vector)) = (link.platform.get(), u8::try_from(line)) {
        platform.interrupt(vector, asserted != 0);
    }
}

unsafe extern "C" fn terminate(arg: *mut c_void, exit_code: c_int) {
    // SAFETY: the link that `Vdevs::new` gave.
    let link = unsafe { link(arg) };
    if let (Some(platform), Ok(code)) = (link.platform.get(), u8::try_from(exit_code)) {
        platform.terminate(code);
    }
}

/// libgasp-vdev names no file.
unsafe extern "C" fn core_file(arg: *mut c_void, path: *const c_char) -> c_int {
    // SAFETY: the link that `Vdevs::new` gave.
    let write = unsafe { link(arg) }.core_file.get();
    match write.filter(|_| path.is_null()) {
        Some(write) => write().err().unwrap_or(0),
        None => libc::ENOTSUP,
    }
}

unsafe extern "C" fn fatal(_: *mut c_void, exit_code: c_int) {
    exit::now(u8::try_from(exit_code).unwrap_or(exit::AFTER))
}

unsafe extern "C" fn line(
    _: *mut c_void,
    attr: c_uint,
    destinations: c_uint,
    _: *const vdev_t,
    name: *const c_char,
    text: *const c_char,
) {
    // SAFETY: a string, or NULL.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) });
    // SAFETY: a string.
    let text = unsafe { CStr::from_ptr(text) };
    let name = name.unwrap_or_default().to_string_lossy();
    log::line(attr, destinations, &name, &text.to_string_lossy());
}

/// Reads a register of this thread's vCPU, which is the one that makes the access.
unsafe extern "C" fn register(
    _: *mut c_void,
    _: *mut gasp_cpu,
    blk: *const qvm_state_block,
    data: *mut c_void,
    write: c_int,
) -> c_int {
    // SAFETY: a block.
    let block = unsafe { *blk };
    if write != 0 {
        return libc::ENOTSUP;
    }
    match registers::read(&block) {
        Ok(value) => {
            let (value, length) = (value.to_le_bytes(), block.length as usize);
            let known = length.min(value.len());
            // SAFETY: the data has the length of the block.
            unsafe { ptr::copy_nonoverlapping(value.as_ptr(), data.cast(), known) };
            // SAFETY: as above.
            unsafe { data.wrapping_byte_add(known).write_bytes(0, length.saturating_sub(known)) };
            0
        }
        Err(errno) => errno,
    }
}

unsafe extern "C" fn hit(
    arg: *mut c_void,
    vdev: *const vdev_t,
    cookie: c_uint,
    reads: u64,
    writes: u64,
) {
    // SAFETY: the list of `Vdevs::hits`.
    let hits = unsafe { &mut *arg.cast::<Vec<Hit>>() };
    hits.push(Hit { address: vdev.addr(), cookie, reads, writes });
}
