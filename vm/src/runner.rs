//! Runs the guest: on KVM, or with a script of accesses.

#![forbid(unsafe_code)]

use crate::args::Options;
use crate::config::{Config, Statement};
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
        options: &Options,
    ) -> Result<Self, Failure> {
        let beside = options.config.with_extension("trace");
        let trace = options.trace.clone().or_else(|| options.no_kvm.then(|| beside.clone()));
        if let Some(file) = trace {
            return Trace::new(guest, file).map(Self::Trace);
        }
        match Machine::new(guest, &config.start, config.cpus.max(1)) {
            Ok(machine) => Ok(Self::Kvm(Box::new(machine), interrupts(config))),
            Err(error) if error.is_missing() && !options.kvm && beside.exists() => {
                tell(&error.to_string());
                Trace::new(guest, beside).map(Self::Trace)
            }
            Err(error) => Err(failure(&error)),
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
