//! A guest with vdevs that tests compile, and a platform that records its calls.

#![allow(clippy::unwrap_used)] // a failed step is a failed test
#![allow(unsafe_code)]

pub(super) use super::recorder::Event;
use super::recorder::{self, Recorder};
use core::ffi::{CStr, c_uint, c_void};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use gasp_abi::{
    GASP_GUEST_HOLD_MISSES, GASP_VDEVS_COUNT, VDEV_CTRL_BUTTON, VDEV_CTRL_GUEST_CONFIGURED,
    VDEV_CTRL_GUEST_STARTING, VDEV_CTRL_STATUS, VDEV_CTRL_TERMINATE, gasp_vdev_host,
    gasp_vdev_option, gasp_vdevs, vdev_t,
};
use gasp_safe::{AccessKind, Cpu, Guest, Memory, Space};
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{env, fmt, fs, process};

/// The first lines of every vdev of the tests.
const BEFORE: &str = r"
#include <inttypes.h>
#include <qvm/gasp.h>
#include <qvm/guest.h>
#include <qvm/outpipe.h>
#include <qvm/utils.h>
#include <qvm/vdev-core.h>
#include <stdlib.h>
#include <string.h>
#define REGISTER(...) \
    static struct vdev_factory factory = { __VA_ARGS__ }; \
    static void __attribute__((constructor)) registers(void) \
    { vdev_register_factory(&factory, QVM_VDEV_ABI); }
#define OPERANDS vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd, \
    const struct qvm_state_block *oopnd, struct guest_cpu *gcp
#define UNUSED (void)vdev, (void)cookie, (void)vopnd, (void)oopnd, (void)gcp
/* A control function for a page of registers in memory. */
#define PAGE_OF_REGISTERS(NAME) \
    static int NAME(vdev_t *vdev, unsigned ctrl, const char *arg) { \
        (void)arg; \
        if (ctrl == VDEV_CTRL_OPTIONS_START) { \
            vdev->v_block.type = QST_MEMORY; \
            vdev->v_block.length = 0x1000; \
        } \
        return EOK; \
    }
";

/// A directory that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("gasp-vm-vdev-{}-{number}", process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The root of this crate.
pub(super) fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compiles a file of C as plugins are, without a warning.
pub(super) fn compile(source: &Path, output: &Path) {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".into());
    let out = Command::new(&compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"])
        .args(["-shared", "-fPIC", "-pthread", "-I"])
        .arg(here().join("../include"))
        .args([source.as_os_str(), "-o".as_ref(), output.as_os_str()])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// Compiles `vdev-NAME.so` from a piece of C. Names are known to the whole process, so each test
/// has its own.
pub(super) fn plugin(name: &str, text: &str) -> Directory {
    compiled(name, &format!("{BEFORE}{text}"))
}

/// One that uses all of the system.
pub(super) fn system_plugin(name: &str, text: &str) -> Directory {
    compiled(name, &format!("#define _GNU_SOURCE\n{BEFORE}{text}"))
}

fn compiled(name: &str, text: &str) -> Directory {
    let directory = Directory::new();
    let source = directory.0.join(format!("{name}.c"));
    fs::write(&source, text).unwrap();
    compile(&source, &directory.0.join(format!("vdev-{name}.so")));
    directory
}

/// The accesses to a vdev's regions with one cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) vdev: String,
    pub(super) cookie: u32,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

/// A refusal: the index of the option, or the number of options if it is none of them; and the
/// sentence.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) option: usize,
    pub(super) message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option {}: {}", self.option, self.message)
    }
}

/// A set of vdevs, through the C interface. Destroyed when dropped.
#[derive(Debug)]
pub(super) struct Vdevs(pub(super) *mut gasp_vdevs);

// SAFETY: its functions can be called from any thread.
unsafe impl Sync for Vdevs {}

impl Vdevs {
    pub(super) fn new(guest: &Guest, host: Option<&gasp_vdev_host>, directory: &Path) -> Self {
        let host = host.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: a guest and a host.
        let vdevs = Self(unsafe { gasp_abi::gasp_vdevs_create(guest.handle(), host) });
        assert!(!vdevs.0.is_null(), "{}", last_error());
        let directory = CString::new(directory.to_str().unwrap()).unwrap();
        // SAFETY: a set and a string.
        assert_eq!(unsafe { gasp_abi::gasp_vdevs_add_path(vdevs.0, directory.as_ptr()) }, 0);
        vdevs
    }

    /// The options of a vdev's factory, or why the file is refused.
    pub(super) fn load(&self, name: &str) -> Result<Vec<String>, String> {
        let name = CString::new(name).unwrap();
        // SAFETY: a set and a string.
        let factory = unsafe { gasp_abi::gasp_vdevs_load(self.0, name.as_ptr()) };
        // SAFETY: a factory, or NULL.
        let factory = unsafe { factory.as_ref() }.ok_or_else(last_error)?;
        let mut options = Vec::new();
        let mut entry = factory.option_list;
        // SAFETY: an array with NULL at the end, or NULL.
        while let Some(&name) = unsafe { entry.as_ref() }.filter(|name| !name.is_null()) {
            // SAFETY: a string.
            options.push(unsafe { CStr::from_ptr(name) }.to_str().unwrap().to_owned());
            entry = entry.wrapping_add(1);
        }
        Ok(options)
    }

    pub(super) fn add(
        &self,
        name: &str,
        options: &[(String, Option<String>)],
    ) -> Result<(), Refused> {
        let text = |text: &str| CString::new(text).unwrap();
        let texts: Vec<_> =
            options.iter().map(|(name, value)| (text(name), value.as_deref().map(text))).collect();
        let options: Vec<_> = texts
            .iter()
            .map(|(name, value)| gasp_vdev_option {
                name: name.as_ptr(),
                value: value.as_ref().map_or(ptr::null(), |value| value.as_ptr()),
            })
            .collect();
        let (name, count, mut failed) = (text(name), u32::try_from(options.len()).unwrap(), 0);
        // SAFETY: a set, strings, options.
        let vdev = unsafe {
            gasp_abi::gasp_vdevs_add(
                self.0,
                name.as_ptr(),
                options.as_ptr(),
                count,
                &raw mut failed,
            )
        };
        if !vdev.is_null() {
            return Ok(());
        }
        Err(Refused { option: failed as usize, message: last_error() })
    }

    pub(super) fn control(&self, step: u32) -> Result<(), String> {
        // SAFETY: a set.
        match unsafe { gasp_abi::gasp_vdevs_control(self.0, step, ptr::null()) } {
            0 => Ok(()),
            _ => Err(last_error()),
        }
    }

    pub(super) fn configured(&self) -> Result<(), String> {
        self.control(VDEV_CTRL_GUEST_CONFIGURED)
    }

    pub(super) fn starting(&self) -> Result<(), String> {
        self.control(VDEV_CTRL_GUEST_STARTING)
    }

    pub(super) fn status(&self) {
        self.control(VDEV_CTRL_STATUS).unwrap();
    }

    pub(super) fn button(&self) {
        self.control(VDEV_CTRL_BUTTON).unwrap();
    }

    pub(super) fn terminate(&self) -> Result<(), String> {
        self.control(VDEV_CTRL_TERMINATE)
    }

    pub(super) fn advance(&self, nanoseconds: u64) -> i32 {
        // SAFETY: a set.
        unsafe { gasp_abi::gasp_vdevs_advance(self.0, nanoseconds) }
    }

    pub(super) fn logger(&self, filters: &str, dest: &str) -> Result<(), String> {
        let (filters, dest) = (CString::new(filters).unwrap(), CString::new(dest).unwrap());
        // SAFETY: a set and strings.
        match unsafe { gasp_abi::gasp_vdevs_logger(self.0, filters.as_ptr(), dest.as_ptr()) } {
            0 => Ok(()),
            _ => Err(last_error()),
        }
    }

    pub(super) fn clock(&self) -> u64 {
        // SAFETY: a set.
        unsafe { gasp_abi::gasp_vdevs_clock(self.0) }
    }

    pub(super) fn next(&self, vdev: *const vdev_t) -> *mut vdev_t {
        // SAFETY: a set.
        unsafe { gasp_abi::gasp_vdevs_next(self.0, vdev) }
    }

    pub(super) fn name_of(&self, vdev: *const vdev_t) -> Option<&str> {
        // SAFETY: any pointer.
        let name = unsafe { gasp_abi::gasp_vdev_name(vdev) };
        // SAFETY: a string that lives as long as the vdev.
        (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_str().unwrap())
    }

    pub(super) fn hits(&self) -> Vec<Hit> {
        let mut hits = Vec::<Hit>::new();
        let arg = (&raw mut hits).cast();
        // SAFETY: a set, and the argument of the function.
        assert_eq!(unsafe { gasp_abi::gasp_vdevs_each_hit(self.0, Some(hit), arg) }, 0);
        hits
    }

    pub(super) fn handle(&self) -> *mut gasp_vdevs {
        self.0
    }

    fn set_cpu(&self, cpu: &Cpu<'_>, number: u32) {
        // SAFETY: a set and a vCPU.
        assert_eq!(unsafe { gasp_abi::gasp_vdevs_set_cpu(self.0, cpu.handle(), number) }, 0);
    }
}

impl Drop for Vdevs {
    fn drop(&mut self) {
        // SAFETY: a set, which nobody uses any more.
        unsafe { gasp_abi::gasp_vdevs_destroy(self.0) };
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
    // SAFETY: the name of a vdev.
    let vdev = unsafe { gasp_abi::gasp_vdev_name(vdev) };
    // SAFETY: a string.
    let vdev = unsafe { CStr::from_ptr(vdev) }.to_str().unwrap().to_owned();
    hits.push(Hit { vdev, cookie, reads, writes });
}

/// The sentence of the last failure.
fn last_error() -> String {
    // SAFETY: no preconditions.
    let text = unsafe { gasp_abi::gasp_last_error() };
    // SAFETY: a string.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}

/// A guest with a mebibyte of RAM, and vdevs.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) vdevs: Vdevs,
    pub(super) guest: Guest,
    pub(super) platform: Arc<Recorder>,
    _directory: Directory,
}

/// How much RAM it has.
pub(super) const RAM: u64 = 0x10_0000;

impl Machine {
    pub(super) fn new(directory: Directory) -> Self {
        Self::with_flags(directory, GASP_VDEVS_COUNT)
    }

    pub(super) fn with_flags(directory: Directory, flags: u32) -> Self {
        Self::with_host(directory, |platform| platform.host(flags))
    }

    /// One whose host takes the lines of the log, with this plugin.
    pub(super) fn with_log(directory: Directory) -> Self {
        let log = Some(recorder::line as unsafe extern "C" fn(_, _, _, _, _, _));
        Self::with_host(directory, |platform| gasp_vdev_host { log, ..platform.host(0) })
    }

    /// One with another host, made of the usual one.
    pub(super) fn with_host(
        directory: Directory,
        host: impl FnOnce(&Recorder) -> gasp_vdev_host,
    ) -> Self {
        let guest = Guest::with(GASP_GUEST_HOLD_MISSES).unwrap();
        guest.add_memory(0, RAM, Memory::Ram).unwrap();
        let platform = Arc::<Recorder>::default();
        let vdevs = Vdevs::new(&guest, Some(&host(&platform)), &directory.0);
        Self { vdevs, guest, platform, _directory: directory }
    }

    /// One with this plugin.
    pub(super) fn with(name: &str, text: &str) -> Self {
        Self::new(plugin(name, text))
    }

    /// Creates a vdev with options that are written as in a configuration.
    pub(super) fn create(&self, name: &str, options: &str) -> Result<(), Refused> {
        let known = self.vdevs.load(name).unwrap();
        let mut words = options.split_whitespace();
        let mut all = Vec::new();
        while let Some(word) = words.next() {
            let takes_none = known.contains(&format!("0{word}"));
            all.push((word.to_owned(), (!takes_none).then(|| words.next().unwrap().to_owned())));
        }
        self.vdevs.add(name, &all)
    }

    /// The rest of the startup.
    pub(super) fn start(&self) {
        self.vdevs.configured().unwrap();
        self.guest.start().unwrap();
        self.vdevs.starting().unwrap();
    }

    /// Makes accesses as a vCPU.
    pub(super) fn on_cpu<T>(&self, run: impl FnOnce(&mut Accesses<'_>) -> T) -> T {
        let cpu = self.guest.cpu().unwrap();
        self.vdevs.set_cpu(&cpu, 0);
        run(&mut Accesses(cpu))
    }

    /// One 8-byte read in memory.
    pub(super) fn read(&self, location: u64) -> Result<u64, i32> {
        self.on_cpu(|cpu| cpu.read(Space::Memory, location))
    }

    /// One 8-byte write in memory.
    pub(super) fn write(&self, location: u64, value: u64) -> Result<(), i32> {
        self.on_cpu(|cpu| cpu.write(Space::Memory, location, &value.to_le_bytes()))
    }
}

/// A vCPU.
#[derive(Debug)]
pub(super) struct Accesses<'g>(Cpu<'g>);

impl Accesses<'_> {
    pub(super) fn read(&mut self, space: Space, location: u64) -> Result<u64, i32> {
        let mut data = [0; 8];
        self.0.access(space, AccessKind::Read, location, &mut data)?;
        Ok(u64::from_le_bytes(data))
    }

    /// A read of `N` bytes.
    pub(super) fn bytes<const N: usize>(
        &mut self,
        space: Space,
        location: u64,
    ) -> Result<[u8; N], i32> {
        let mut data = [0; N];
        self.0.access(space, AccessKind::Read, location, &mut data).map(|()| data)
    }

    /// Fetches 8 bytes; what comes of it does not matter.
    pub(super) fn fetch(&mut self, location: u64) {
        let _ = self.0.access(Space::Memory, AccessKind::Execute, location, &mut [0; 8]);
    }

    pub(super) fn write(&mut self, space: Space, location: u64, data: &[u8]) -> Result<(), i32> {
        self.0.access(space, AccessKind::Write, location, &mut data.to_vec())
    }
}
