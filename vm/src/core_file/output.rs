//! A sparse file, or the standard input of a command.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};

/// Zeros are written to a command in pieces of this size.
const ZEROS: usize = 0x1_0000;

/// Where a core file goes.
#[derive(Debug)]
pub(super) enum Output {
    File(File),
    /// A command, and the number of bytes that it has got.
    Command(Child, u64),
}

impl Output {
    /// A command for a shell.
    pub(super) fn command(command: &str) -> io::Result<Self> {
        let child = Command::new("/bin/sh").args(["-c", command]).stdin(Stdio::piped()).spawn()?;
        Ok(Self::Command(child, 0))
    }

    /// Writes bytes to a place that is not before the end of the last ones. Zeros are between.
    pub(super) fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all_at(bytes, at),
            Self::Command(child, done) => {
                pad(child, done, at)?;
                feed(child, done, bytes)
            }
        }
    }

    /// Ends what was written: its length, or why it failed. Waits for a command.
    pub(super) fn finish(self, written: io::Result<u64>) -> io::Result<()> {
        match self {
            Self::File(file) => file.set_len(written?),
            Self::Command(mut child, mut done) => {
                let written = written.and_then(|length| pad(&mut child, &mut done, length));
                drop(child.stdin.take());
                let status = child.wait()?;
                if status.success() {
                    written
                } else {
                    Err(io::Error::other(format!("the command has failed: {status}")))
                }
            }
        }
    }
}

/// Feeds zeros to a command up to a place.
fn pad(child: &mut Child, done: &mut u64, to: u64) -> io::Result<()> {
    let zeros = [0; ZEROS];
    while *done < to {
        let left = usize::try_from(to.saturating_sub(*done)).unwrap_or(ZEROS);
        feed(child, done, &zeros[..left.min(ZEROS)])?;
    }
    Ok(())
}

fn feed(child: &mut Child, done: &mut u64, bytes: &[u8]) -> io::Result<()> {
    if let Some(input) = &mut child.stdin {
        input.write_all(bytes)?;
    }
    *done = done.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    Ok(())
}
