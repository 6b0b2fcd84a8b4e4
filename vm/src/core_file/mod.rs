//! Writes core files of the guest, which debuggers open.
//!
//! | module | purpose |
//! |---|---|
//! | `runs` | the ranges of the guest's memory (pure) |
//! | `elf` | the head of a core file: headers and notes (pure) |
//! | `data` | the bytes of memory that may be other than 0 |
//! | `output` | a sparse file, or the standard input of a command |
//! | `name` | the name of a file, from the time |
//!
//! vCPUs are held outside of the guest only while their registers are read. The memory is copied
//! while the guest runs.

mod data;
mod elf;
mod name;
mod output;
mod runs;

#[cfg(test)]
mod tests;

use crate::config::{Config, Dump};
use crate::log::tell;
use crate::platform::Platform;
use crate::show::{self, Rows};
use core::fmt;
use gasp_safe::{Guest, Space};
use output::Output;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

/// The prefix of a file's name if the guest has none.
const NAMELESS: &str = "qvm-guest";

/// What to write and where, for one guest.
pub(crate) struct CoreFiles {
    guest: Arc<Guest>,
    platform: Arc<dyn Platform>,
    /// Reserved ranges: space, first and last location.
    reserved: Vec<(Space, u64, u64)>,
    /// The name of a vdev at an address.
    name_of: fn(usize) -> String,
    dump: Dump,
    prefix: String,
}

impl fmt::Debug for CoreFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoreFiles").field("dump", &self.dump).finish_non_exhaustive()
    }
}

impl CoreFiles {
    /// `None`: the configuration has no `dump`.
    pub(crate) fn new(
        config: &Config,
        guest: Arc<Guest>,
        platform: Arc<dyn Platform>,
        reserved: Vec<(Space, u64, u64)>,
        name_of: fn(usize) -> String,
    ) -> Option<Self> {
        let dump = config.dump.clone()?;
        // A name is one part of a path.
        let prefix = config.name.as_deref().unwrap_or(NAMELESS).replace('/', "_");
        Some(Self { guest, platform, reserved, name_of, dump, prefix })
    }

    /// Writes a core file, and tells where it is or why there is none. The error is an error
    /// number.
    pub(crate) fn write(&self) -> Result<(), i32> {
        let (place, result) = match &self.dump {
            Dump::Directory(directory) => self.write_file(directory),
            Dump::Command(command) => {
                let result = Output::command(command).and_then(|output| self.write_to(output));
                (format!("|{command}"), result)
            }
        };
        match &result {
            Ok(()) => tell(&format!("core file of the guest: {place}")),
            Err(error) => tell(&format!("no core file of the guest: {place}: {error}")),
        }
        result.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// Returns the path, too.
    fn write_file(&self, directory: &Path) -> (String, io::Result<()>) {
        let (path, result) = match name::create(directory, &self.prefix) {
            Ok((path, file)) => {
                let result = self.write_to(Output::File(file));
                if result.is_err() {
                    // A file that cannot be removed either stays.
                    let _ = fs::remove_file(&path);
                }
                (path, result)
            }
            Err((path, error)) => (path, Err(error)),
        };
        (path.display().to_string(), result)
    }

    fn write_to(&self, mut output: Output) -> io::Result<()> {
        let written = self.put(&mut output);
        // Also after a failure: a command is waited for, and its exit status says more.
        output.finish(written)
    }

    /// Returns the length of the file.
    fn put(&self, output: &mut Output) -> io::Result<u64> {
        let registers = self.platform.registers().map_err(io::Error::from_raw_os_error)?;
        let runs = runs::of(&self.guest.spans(Space::Memory));
        let map = show::map(&Rows::of(&self.guest, &self.reserved, self.name_of));
        let head = elf::head(&runs, &registers, &map)?;
        output.put(0, &head.bytes)?;
        for (run, start) in runs.iter().zip(&head.starts) {
            data::each(&self.guest, run, |further, bytes| {
                output.put(start.saturating_add(further), bytes)
            })?;
        }
        Ok(head.length)
    }
}
