//! Finds `vdev-NAME.so`, loads it with the dynamic linker, and keeps the factory that its
//! constructor registers. Each file is loaded once in a process, and stays loaded.

#![allow(unsafe_code)]

use super::factory::Factory;
use super::failure::Failure;
use super::lock::unpoisoned;
use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use gasp_abi::{QVM_VDEV_ABI, vdev_factory};
use std::collections::HashMap;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The factories of loaded files by the names of their vdevs, or why a file cannot be used: its
/// constructor does not run a second time. Locked while a file is loaded.
static FACTORIES: Mutex<Option<HashMap<String, Result<Factory, String>>>> = Mutex::new(None);
/// The factories that constructors registered since the last file was loaded.
static ARRIVED: Mutex<Vec<Arrival>> = Mutex::new(Vec::new());

/// A call of `vdev_register_factory()`.
struct Arrival {
    factory: *mut vdev_factory,
    version: u32,
}

// SAFETY: the factory lives as long as the process, and is only read.
unsafe impl Send for Arrival {}

/// The factory of vdevs with this name. Loads the file if necessary.
pub(crate) fn factory(name: &str, search: &[PathBuf]) -> Result<Factory, Failure> {
    let name = plain(name);
    let mut factories = unpoisoned(FACTORIES.lock());
    let factories = factories.get_or_insert_default();
    if let Some(loaded) = factories.get(name) {
        return loaded.clone().map_err(bad);
    }
    let file = format!("vdev-{name}.so");
    if name.is_empty() || name.contains('/') {
        return Err(Failure::new(libc::EINVAL, format!("{name:?} cannot be the name of a vdev")));
    }
    unpoisoned(ARRIVED.lock()).clear();
    open(&file, search)?;
    let loaded = arrived(name).map_err(|why| format!("{file} cannot be used: {why}"));
    factories.insert(name.to_owned(), loaded.clone());
    loaded.map_err(bad)
}

/// The name of a vdev without what its file has around it.
pub(crate) fn plain(name: &str) -> &str {
    let name = name.strip_prefix("vdev-").unwrap_or(name);
    name.strip_suffix(".so").unwrap_or(name)
}

fn bad(message: String) -> Failure {
    Failure::new(libc::ELIBBAD, message)
}

/// Registers a factory: called by constructors.
pub(crate) fn register(factory: *mut vdev_factory, version: u32) {
    unpoisoned(ARRIVED.lock()).push(Arrival { factory, version });
}

/// The factory with this name among those that the file has registered.
fn arrived(name: &str) -> Result<Factory, String> {
    let mut others = Vec::new();
    for Arrival { factory, version } in unpoisoned(ARRIVED.lock()).drain(..) {
        if version != QVM_VDEV_ABI {
            return Err(format!(
                "it is for version {version} of the interface, not {QVM_VDEV_ABI}"
            ));
        }
        // SAFETY: the plugin promises that its factory lives as long as the process.
        let factory = unsafe { factory.as_ref() }.ok_or("it registered NULL")?;
        let factory = Factory::new(factory)?;
        match factory.name() {
            Some(other) if other != name => others.push(other),
            _ => return Ok(factory),
        }
    }
    Err(match &others[..] {
        [] => "it registered no factory (vdev_register_factory in a constructor)".into(),
        others => format!("its factory is for vdevs named {}", others.join(", ")),
    })
}

/// Loads the file, with its dependencies.
fn open(file: &str, search: &[PathBuf]) -> Result<(), Failure> {
    let installed = installed();
    let found = search
        .iter()
        .chain(&installed)
        .map(|directory| directory.join(file))
        .find(|path| path.exists());
    let path = found.as_deref().unwrap_or(Path::new(file));
    let path = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| bad(format!("{file:?} cannot be the name of a file")))?;
    // SAFETY: a string; the plugin answers for its constructors.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if !library.is_null() {
        return Ok(());
    }
    let refused = refusal(file, &linker_message());
    Err(match found {
        Some(_) => bad(refused),
        None if refused.contains("cannot be loaded") => Failure::new(libc::ENOENT, refused),
        None => bad(refused),
    })
}

/// The directory of vdevs beside this library, wherever that is.
fn installed() -> Option<PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    let here = installed as *const () as *const c_void;
    // SAFETY: the structure can be written, and any address may be asked for.
    if unsafe { libc::dladdr(here, info.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: `dladdr` has filled it.
    let info = unsafe { info.assume_init() };
    // SAFETY: it gave the name of the file that has the address.
    let file = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(Path::new(OsStr::from_bytes(file.to_bytes())).parent()?.join("gasp/vdevs"))
}

/// The dynamic linker's last message in this thread.
fn linker_message() -> String {
    // SAFETY: dlopen has failed on this thread.
    let message = unsafe { libc::dlerror() };
    if message.is_null() {
        return "the dynamic linker does not say why".into();
    }
    // SAFETY: a string, valid until this thread's next call of the linker.
    unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned()
}

/// Why a file was not loaded, from the dynamic linker's message.
fn refusal(file: &str, message: &str) -> String {
    /// The words of glibc and musl before the name of a missing symbol.
    const MISSING: [&str; 2] = ["undefined symbol: ", "symbol not found: "];
    let symbol = MISSING
        .iter()
        .find_map(|words| message.split_once(words))
        .and_then(|(_, rest)| rest.split([',', ' ', '\n']).next());
    match symbol {
        Some(symbol) => format!(
            "{file} needs {symbol}, which libgasp-vdev does not have (docs/vdevs.md lists what it has)"
        ),
        None => format!("{file} cannot be loaded: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_symbol_is_named() {
        let of_glibc = "/x/vdev-a.so: undefined symbol: vio_init";
        let refused = refusal("vdev-a.so", of_glibc);
        assert!(refused.starts_with("vdev-a.so needs vio_init, "), "{refused}");
        let with_version = "vdev-a.so: undefined symbol: f, version GLIBC_9.9";
        assert!(refusal("vdev-a.so", with_version).starts_with("vdev-a.so needs f, "));
    }

    #[test]
    fn another_failure_is_the_linkers_own() {
        let refused = refusal("vdev-a.so", "vdev-a.so: cannot open shared object file");
        assert_eq!(
            refused,
            "vdev-a.so cannot be loaded: vdev-a.so: cannot open shared object file"
        );
    }

    #[test]
    fn names_are_no_paths() {
        for name in ["", "../x", "/tmp/x"] {
            assert!(
                factory(name, &[]).is_err_and(|why| why.message.contains("cannot be the name"))
            );
        }
    }
}
