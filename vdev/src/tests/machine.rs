//! A guest with vdevs that tests compile, and a platform that records its calls.

#![allow(clippy::unwrap_used)] // a failed step is a failed test

use crate::config::{VdevConfig, VdevOption};
use crate::platform::Platform;
use crate::vdev::Vdevs;
use core::sync::atomic::{AtomicU32, Ordering};
use gasp_safe::{AccessKind, Cpu, Guest, Memory, Space};
use gasp_text::{ParseError, Position};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::{env, fs, process};

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
    let directory = Directory::new();
    let source = directory.0.join(format!("{name}.c"));
    fs::write(&source, format!("{BEFORE}{text}")).unwrap();
    compile(&source, &directory.0.join(format!("vdev-{name}.so")));
    directory
}

/// A call of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Interrupt(u8, bool),
    Terminate(u8),
}

/// A platform that records its calls.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<Event>>);

impl Recorder {
    pub(super) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

impl Platform for Recorder {
    fn interrupt(&self, vector: u8, asserted: bool) {
        self.0.lock().unwrap().push(Event::Interrupt(vector, asserted));
    }

    fn terminate(&self, exit_code: u8) {
        self.0.lock().unwrap().push(Event::Terminate(exit_code));
    }
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
        let guest = Guest::new().unwrap();
        guest.add_memory(0, RAM, Memory::Ram).unwrap();
        Self {
            vdevs: Vdevs::new(vec![directory.0.clone()]),
            guest,
            platform: Arc::default(),
            _directory: directory,
        }
    }

    /// One with this plugin.
    pub(super) fn with(name: &str, text: &str) -> Self {
        Self::new(plugin(name, text))
    }

    /// Creates a vdev with options that are written as in a configuration.
    pub(super) fn create(&mut self, name: &str, options: &str) -> Result<(), ParseError> {
        let known =
            self.vdevs.load(name).map_err(|message| ParseError { position: at(1), message })?;
        let mut words = options.split_whitespace();
        let mut config = VdevConfig { name: name.into(), position: at(6), options: Vec::new() };
        while let Some(word) = words.next() {
            let every = ["loc", "intr", "name", "sched"].contains(&word);
            let own = known.0.iter().find(|(option, _)| option == word);
            let takes_one = every || own.is_none_or(|(_, takes_one)| *takes_one);
            let value = takes_one.then(|| words.next().unwrap().to_owned());
            let position = at(10 + u32::try_from(config.options.len()).unwrap());
            config.options.push(VdevOption { name: word.into(), value, position });
        }
        self.vdevs.create(&self.guest, &config)
    }

    /// The rest of the startup.
    pub(super) fn start(&mut self) {
        self.vdevs.configured().unwrap();
        self.guest.start().unwrap();
        self.vdevs.starting(Arc::clone(&self.platform) as Arc<dyn Platform>).unwrap();
    }

    /// Makes accesses as a vCPU.
    pub(super) fn on_cpu<T>(&self, run: impl FnOnce(&mut Accesses<'_>) -> T) -> T {
        let cpu = self.guest.cpu().unwrap();
        let _guard = self.vdevs.enter_cpu(0, cpu.handle());
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

    pub(super) fn write(&mut self, space: Space, location: u64, data: &[u8]) -> Result<(), i32> {
        self.0.access(space, AccessKind::Write, location, &mut data.to_vec())
    }
}

/// A position in a file that was never written.
pub(super) fn at(column: u32) -> Position {
    Position { line: 1, column }
}
