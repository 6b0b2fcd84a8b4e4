//! The bytes of the guest's memory that may be other than 0.

#![allow(unsafe_code)]

use super::runs::Run;
use core::ffi::c_int;
use gasp_safe::{Backing, Guest};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::FileExt;

/// The most bytes of a piece. All of a piece is left out, or nothing.
const PIECE: u64 = 0x1_0000;

/// Calls `put` with the pieces of a run, in ascending order: how far each is from the start of the
/// run, and its bytes. What it is not called for is 0, or has been taken out of the map meanwhile.
///
/// Pages that nobody has used are not read: reading the memory itself would allocate them.
pub(super) fn each(
    guest: &Guest,
    run: &Run,
    mut put: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut done = 0;
    while done < run.length() {
        let (at, left) = (run.first.saturating_add(done), run.length().saturating_sub(done));
        let length = match guest.backing(at) {
            Ok(backing) => {
                let length = backing.length.min(left);
                of_file(&backing, length, |further, bytes| {
                    put(done.saturating_add(further), bytes)
                })?;
                length
            }
            Err(_) => {
                let mut bytes = piece(left);
                if guest.read(at, &mut bytes).is_ok() {
                    put_unless_zero(done, &bytes, &mut put)?;
                }
                left.min(PIECE)
            }
        };
        done = done.saturating_add(length);
    }
    Ok(())
}

/// A buffer for a piece, where so many bytes are left.
fn piece(left: u64) -> Vec<u8> {
    vec![0; usize::try_from(left.min(PIECE)).unwrap_or(0)]
}

fn put_unless_zero(
    further: u64,
    bytes: &[u8],
    put: &mut impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    if bytes.iter().all(|byte| *byte == 0) { Ok(()) } else { put(further, bytes) }
}

/// The same for a part of a memory file.
fn of_file(
    backing: &Backing<'_>,
    length: u64,
    mut put: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let file = File::from(backing.file.as_fd().try_clone_to_owned()?);
    let end = backing.offset.saturating_add(length);
    let mut at = backing.offset;
    while let Some(start) = seek(&file, at, libc::SEEK_DATA)?.filter(|start| *start < end) {
        let hole = seek(&file, start, libc::SEEK_HOLE)?.unwrap_or(end).min(end);
        at = start;
        while at < hole {
            let mut bytes = piece(hole.saturating_sub(at));
            file.read_exact_at(&mut bytes, at)?;
            put_unless_zero(at.saturating_sub(backing.offset), &bytes, &mut put)?;
            at = at.saturating_add(PIECE).min(hole);
        }
    }
    Ok(())
}

/// The next data or hole of a file, from a place on; `None`: there is none.
fn seek(file: &File, from: u64, what: c_int) -> io::Result<Option<u64>> {
    let from = i64::try_from(from).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
    // SAFETY: a file that is open. Nobody uses its position.
    let found = unsafe { libc::lseek(file.as_raw_fd(), from, what) };
    match u64::try_from(found) {
        Ok(place) => Ok(Some(place)),
        Err(_) => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ENXIO) => Ok(None),
            error => Err(error),
        },
    }
}
