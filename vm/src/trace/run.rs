//! Executes a script.

#![forbid(unsafe_code)]

use super::step::{Access, Repeat, Step};
use crate::exit;
use crate::lock::unpoisoned;
use crate::platform::{Ending, Platform};
use gasp_safe::{AccessKind, Cpu, Space};
use gasp_text::{ParseError, Position};
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The reason why a script was not executed to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// 96; 6 if a vdev failed.
    pub(crate) exit_code: u8,
    /// The position and the reason.
    pub(crate) error: ParseError,
}

/// The platform for vdevs.
#[derive(Debug)]
pub(crate) struct Script {
    ending: Ending,
    /// How often each vector was raised since the script last waited for it.
    raised: Mutex<[u64; 256]>,
    changed: Condvar,
}

impl Script {
    pub(crate) fn new() -> Self {
        let (ending, changed) = (Ending::default(), Condvar::new());
        Self { ending, raised: Mutex::new([0; 256]), changed }
    }

    fn raised(&self) -> MutexGuard<'_, [u64; 256]> {
        unpoisoned(self.raised.lock())
    }

    /// Waits until the condition holds, the guest has ended or the time is over. Returns whether
    /// the condition holds.
    fn wait(&self, time: Duration, mut happened: impl FnMut(&mut [u64; 256]) -> bool) -> bool {
        let until = Instant::now().checked_add(time);
        let mut raised = self.raised();
        loop {
            if happened(&mut raised) {
                return true;
            }
            let left = until.map_or(Duration::MAX, |until| until.duration_since(Instant::now()));
            if left.is_zero() || self.ending.code().is_some() {
                return false;
            }
            let waited = self.changed.wait_timeout(raised, left);
            (raised, _) = unpoisoned(waited);
        }
    }
}

impl Platform for Script {
    fn interrupt(&self, vector: u8, asserted: bool) {
        if asserted {
            let mut raised = self.raised();
            let count = &mut raised[usize::from(vector)];
            *count = count.saturating_add(1);
            self.changed.notify_all();
        }
    }

    fn terminate(&self, exit_code: u8) {
        let _raised = self.raised();
        self.ending.end(exit_code);
        self.changed.notify_all();
    }
}

/// Executes a script up to its end or the guest's, and returns the exit code.
pub(crate) fn run(steps: &[Step], cpu: &mut Cpu<'_>, script: &Script) -> Result<u8, Failure> {
    let mut runner = Runner { cpu, script };
    runner.all(steps, 0)?;
    Ok(script.ending.code().unwrap_or(0))
}

struct Runner<'a, 'g> {
    cpu: &'a mut Cpu<'g>,
    script: &'a Script,
}

/// A failure of an expectation of the script.
fn fail(position: Position, message: String) -> Failure {
    Failure { exit_code: exit::AFTER, error: ParseError { position, message } }
}

impl Runner<'_, '_> {
    /// Executes steps. `further` is added to all locations: the distance that the loops around have
    /// moved on.
    fn all(&mut self, steps: &[Step], further: u64) -> Result<(), Failure> {
        for step in steps {
            if self.script.ending.code().is_some() {
                return Ok(());
            }
            self.step(step, further)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step, further: u64) -> Result<(), Failure> {
        match step {
            Step::Access(access) => self.access(&moved(access, further)?),
            Step::Fault(access) => self.fault(&moved(access, further)?),
            Step::Text(access, bytes) => {
                let access = moved(access, further)?;
                bytes.iter().try_for_each(|&byte| {
                    self.access(&Access { value: Some(u64::from(byte)), ..access })
                })
            }
            Step::Repeat(repeat) => self.repeat(repeat, further),
            Step::Wait(time) => {
                self.script.wait(*time, |_| false);
                Ok(())
            }
            &Step::Interrupt { position, vector, within } => {
                self.interrupt(position, vector, within)
            }
        }
    }

    fn repeat(&mut self, repeat: &Repeat, further: u64) -> Result<(), Failure> {
        for round in 0..repeat.times {
            // Wrapping, as locations do; `moved` refuses locations past the end.
            let further = further.wrapping_add(repeat.stride.wrapping_mul(round));
            self.all(&repeat.steps, further)?;
            if self.script.ending.code().is_some() {
                break;
            }
        }
        Ok(())
    }

    fn access(&mut self, access: &Access) -> Result<(), Failure> {
        let Access { position, kind, value, .. } = *access;
        let found = self.made(access).map_err(|errno| match errno {
            libc::EFAULT => fail(position, format!("{}: a guest would fault", name(access))),
            _ => {
                let why = io::Error::from_raw_os_error(errno);
                let message = format!("{}: the vdev failed: {why}", name(access));
                Failure { exit_code: exit::VDEV, ..fail(position, message) }
            }
        })?;
        // The digits and 0x.
        let width = access.size.saturating_mul(2).saturating_add(2);
        match (kind, value) {
            (AccessKind::Write, _) => Ok(()),
            (_, Some(value)) if value == found => Ok(()),
            (_, Some(value)) => {
                let name = name(access);
                let message = format!("{name}: expected {value:#0width$x}, read {found:#0width$x}");
                Err(fail(position, message))
            }
            (_, None) => {
                // The lock is held for one line only: vdevs print, too.
                let line = writeln!(io::stdout(), "{}: {found:#0width$x}", name(access));
                line.map_err(|error| fail(position, format!("cannot print: {error}")))
            }
        }
    }

    /// Makes an access and returns the value that was read or written.
    fn made(&mut self, access: &Access) -> Result<u64, i32> {
        let &Access { kind, space, location, size, value, .. } = access;
        let mut bytes = match (kind, value) {
            (AccessKind::Write, Some(value)) => value.to_le_bytes(),
            _ => [0; 8],
        };
        self.cpu.access(space, kind, location, &mut bytes[..size])?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn fault(&mut self, access: &Access) -> Result<(), Failure> {
        match self.made(access) {
            Err(libc::EFAULT) => Ok(()),
            Err(errno) => {
                let why = io::Error::from_raw_os_error(errno);
                let message = format!("{}: expected a fault: {why}", name(access));
                Err(fail(access.position, message))
            }
            Ok(_) => Err(fail(
                access.position,
                format!("{}: expected a fault, and it succeeded", name(access)),
            )),
        }
    }

    fn interrupt(
        &mut self,
        position: Position,
        vector: u8,
        within: Duration,
    ) -> Result<(), Failure> {
        let came = self.script.wait(within, |raised| {
            let count = &mut raised[usize::from(vector)];
            let came = *count > 0;
            *count = count.saturating_sub(1);
            came
        });
        if came || self.script.ending.code().is_some() {
            return Ok(());
        }
        let message = format!("expected interrupt {vector:#x} within {} ms", within.as_millis());
        Err(fail(position, message))
    }
}

fn name(access: &Access) -> String {
    let kind = match access.kind {
        AccessKind::Read => "read",
        AccessKind::Write => "write",
        AccessKind::Execute => "fetch",
    };
    let space = match access.space {
        Space::Memory => "mem",
        Space::Ports => "io",
    };
    format!("{kind} {space} {:#x} {}", access.location, access.size)
}

/// An access in a later round.
fn moved(access: &Access, further: u64) -> Result<Access, Failure> {
    let location = access.location.checked_add(further);
    location.map(|location| Access { location, ..*access }).ok_or_else(|| {
        fail(access.position, format!("{}: goes past the end of memory", name(access)))
    })
}
