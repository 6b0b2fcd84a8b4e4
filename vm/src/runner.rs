//! Runs the guest: on KVM, or with a script of accesses.

#![forbid(unsafe_code)]

use crate::args::Options;
use crate::config::{Config, Start, Statement};
use crate::exit::{self, Failure};
use crate::kvm::{KvmError, Machine};
use crate::log::tell;
use crate::platform::Platform;
use crate::trace::{self, Script, Step};
use crate::vdevs::Vdevs;
use gasp_safe::Guest;
use gasp_text::decode;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Runs the guest.
#[derive(Debug)]
pub(crate) enum Runner<'g> {
    /// On KVM, and whether anything can raise interrupts.
    Kvm(Box<Machine<'g>>, bool),
    /// With a script.
    Trace(Trace<'g>),
}

/// A script and the guest for its accesses.
#[derive(Debug)]
pub(crate) struct Trace<'g> {
    guest: &'g Guest,
    file: PathBuf,
    steps: Vec<Step>,
    script: Arc<Script>,
}

impl<'g> Runner<'g> {
    /// With a script if the command line names one or excludes KVM, or if there is no KVM and the
    /// command line does not demand it.
    pub(crate) fn new(
        guest: &'g Guest,
        config: &Config,
        start: &Start,
        options: &Options,
    ) -> Result<Self, Failure> {
        let beside = config.file.as_ref().map(|file| file.with_extension("trace"));
        let without = || beside.clone().filter(|_| options.no_kvm);
        if let Some(file) = options.trace.clone().or_else(without) {
            return Trace::new(guest, file).map(Self::Trace);
        }
        if options.no_kvm {
            return Err(Failure::before("expected --trace FILE: no file has a script beside it"));
        }
        match Machine::new(guest, start, config.cpus.max(1)) {
            Ok(machine) => Ok(Self::Kvm(Box::new(machine), interrupts(config))),
            Err(error) => {
                match beside.filter(|file| error.is_missing() && !options.kvm && file.exists()) {
                    Some(file) => {
                        tell(&error.to_string());
                        Trace::new(guest, file).map(Self::Trace)
                    }
                    None => Err(failure(&error)),
                }
            }
        }
    }

    /// The platform for vdevs.
    pub(crate) fn platform(&self) -> Arc<dyn Platform> {
        match self {
            Self::Kvm(machine, _) => machine.platform(),
            Self::Trace(trace) => Arc::clone(&trace.script) as Arc<dyn Platform>,
        }
    }

    /// Runs the guest until it ends, and returns its exit code.
    pub(crate) fn run(&mut self, vdevs: &Vdevs) -> Result<u8, Failure> {
        match self {
            Self::Kvm(machine, interruptible) => machine
                .run(*interruptible, |number, cpu| vdevs.set_cpu(number, cpu))
                .map_err(|error| failure(&error)),
            Self::Trace(trace) => trace.run(vdevs),
        }
    }
}

impl<'g> Trace<'g> {
    fn new(guest: &'g Guest, file: PathBuf) -> Result<Self, Failure> {
        let bytes = fs::read(&file)
            .map_err(|error| Failure::before(format!("{}: {error}", file.display())))?;
        let steps = decode(bytes)
            .and_then(|text| trace::parse(&text))
            .map_err(|error| Failure::in_file(exit::CONFIGURATION, &file, &error))?;
        tell(&format!("no vCPU runs: the accesses are those of {}", file.display()));
        Ok(Self { guest, file, steps, script: Arc::new(Script::new()) })
    }

    fn run(&self, vdevs: &Vdevs) -> Result<u8, Failure> {
        let mut cpu = self.guest.cpu().map_err(Failure::before)?;
        vdevs.set_cpu(0, cpu.handle());
        trace::run(&self.steps, &mut cpu, &self.script)
            .map_err(|failure| Failure::in_file(failure.exit_code, &self.file, &failure.error))
    }
}

/// Whether any vdev may raise interrupts.
fn interrupts(config: &Config) -> bool {
    config.statements.iter().any(|statement| match statement {
        Statement::Vdev(vdev) => vdev.options.iter().any(|option| option.name == "intr"),
        _ => false,
    })
}

fn failure(error: &KvmError) -> Failure {
    Failure { exit_code: error.exit_code(), message: error.to_string() }
}
